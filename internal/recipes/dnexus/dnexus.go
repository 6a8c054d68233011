// Package dnexus holds DiamondNexus, a recipe for the NeXus files that Diamond Light Source writes
// for ptychography: everything is at fixed places in one file. It hands what it finds to
// Hdf5Loader.
package dnexus

import (
	"context"
	"errors"

	"ptyprep/internal/formats/h5"
	"ptyprep/internal/recipes"
	"ptyprep/internal/recipes/beam"
	"ptyprep/internal/recipes/h5in"
	"ptyprep/internal/recipes/hdf5"
	"ptyprep/internal/scan"
	"ptyprep/internal/scan/param"
)

// Where things are in the file.
const (
	dataKey     = "entry_1/data/data"
	slowKey     = "entry_1/data/y"
	fastKey     = "entry_1/data/x"
	darkKey     = "entry_1/instrument_1/detector_1/darkfield"
	flatKey     = "entry_1/instrument_1/detector_1/flatfield"
	monitorKey  = "entry_1/instrument_1/monitor/data"
	energyKey   = "entry_1/instrument_1/beam_1/energy"
	distanceKey = "entry_1/instrument_1/detector_1/distance"
	xPixelKey   = "entry_1/instrument_1/detector_1/x_pixel_size"
	yPixelKey   = "entry_1/instrument_1/detector_1/y_pixel_size"
)

var tree = func() *param.Tree {
	t := recipes.NewTree("DiamondNexus", "Scans of Diamond Light Source in NeXus files with everything at fixed places.")
	t.SetDefault(recipes.Shape, nil)
	return t
}()

// inherit is a parameter of Hdf5Loader with another help text, which Derive hands on.
func inherit(k param.Key, help string) param.Spec {
	spec := hdf5.Tree.Lookup(k.Path()).Spec
	spec.Help = help
	return spec
}

// Keys of the tree.
var (
	NexusFile        = tree.Add(param.Spec{Path: "file", Forms: param.Path | param.Null, Help: "The NeXus file."})
	_                = tree.Group("mask", "Which pixels are valid.")
	_                = tree.Add(inherit(hdf5.MaskFile, "File that holds the mask."))
	_                = tree.Add(inherit(hdf5.MaskKey, "Dataset of the mask: a pixel is valid where it is above 0."))
	_                = tree.Group("positions", "Where the sample was for each frame.")
	_                = tree.Add(inherit(hdf5.SlowMultiplier, "Factor from entry_1/data/y to metres."))
	_                = tree.Add(inherit(hdf5.FastMultiplier, "Factor from entry_1/data/x to metres."))
	_                = tree.Group("positions.bounding_box", "The part of the scan to use, in array indices.")
	_                = tree.Add(inherit(hdf5.SlowBounds, "Range low <= i < high along the slow axis; one number is the low end alone, null in a pair an open end."))
	_                = tree.Add(inherit(hdf5.FastBounds, "Range along the fast axis, or of the points of a list."))
	EnergyMultiplier = tree.Add(param.Spec{Path: "recorded_energy_multiplier", Forms: param.Float, Default: 1.0, Help: "Factor from the recorded energy to keV."})
)

// Spec is the recipe.
var Spec = recipes.Spec{
	Name: tree.Name, Tree: tree, Summary: tree.Summary, Open: recipes.OpenFunc(open),
	Doc: `Datasets in ` + "`file`" + ` (external links are followed):

| what | dataset | needed |
|---|---|---|
| frames | ` + dataKey + ` | yes |
| positions | ` + slowKey + ` (rows), ` + fastKey + ` (columns) | yes |
| energy | ` + energyKey + `, times recorded_energy_multiplier | yes |
| distance | ` + distanceKey + ` (m) | yes |
| pixel size | ` + yPixelKey + `, ` + xPixelKey + ` (m); x alone stands for both | x |
| dark | ` + darkKey + ` | no |
| flat | ` + flatKey + ` | no |
| monitor | ` + monitorKey + `, one value for each point | no |

Positions and frames go together as in Hdf5Loader. A pixel is (raw - dark) / flat / monitor, in float64 (float32 frames stay
float32); negative values stay. What the file records goes before energy, distance and psize of the recipe.`,
}

func open(ctx context.Context, env *recipes.Env, v *param.Values) (*recipes.Opened, error) {
	if err := beam.Required(v, NexusFile); err != nil {
		return nil, err
	}
	files := h5in.New(env, v)
	o, err := openIn(ctx, env, v, files)
	if err != nil {
		files.Close()
	}
	return o, err
}

func openIn(ctx context.Context, env *recipes.Env, v *param.Values, files *h5in.Files) (*recipes.Opened, error) {
	where := v.Where(NexusFile)
	f, err := files.Open(v.Path(NexusFile), where)
	if err != nil {
		return nil, err
	}
	psize, err := pixelSize(files, f, v)
	if err != nil {
		return nil, err
	}
	file := v.Get(NexusFile)
	set := func(k param.Key, x any) param.Supply { return param.Supply{Key: k, Value: x, Via: NexusFile} }
	supplies := []param.Supply{
		set(hdf5.IntensitiesFile, file), set(hdf5.IntensitiesKey, dataKey),
		set(hdf5.PositionsFile, file), set(hdf5.SlowKey, slowKey), set(hdf5.FastKey, fastKey),
		set(hdf5.EnergyFile, file), set(hdf5.EnergyKey, energyKey),
		{Key: hdf5.EnergyMultiplier, Value: v.Get(EnergyMultiplier), Via: EnergyMultiplier},
		set(hdf5.DistanceFile, file), set(hdf5.DistanceKey, distanceKey),
	}
	for _, c := range []struct {
		key      string
		fileKey  param.Key
		datasets param.Key
	}{{darkKey, hdf5.DarkFile, hdf5.DarkKey}, {flatKey, hdf5.FlatFile, hdf5.FlatKey}, {monitorKey, hdf5.NormFile, hdf5.NormKey}} {
		if present(f, c.key) {
			supplies = append(supplies, set(c.fileKey, file), set(c.datasets, c.key))
		}
	}
	return hdf5.OpenAs(ctx, env, hdf5.Derive(v, supplies...), hdf5.Extras{Files: files, Signed: true, Recorded: scan.Recorded{PSizeM: psize}})
}

// present reports whether the file has the key. A link that leads nowhere counts: opening it then
// tells what is missing.
func present(f *h5.File, key string) bool {
	_, err := f.Kind(key)
	var gone *h5.NotFoundError
	return !(errors.As(err, &gone) && gone.Link == "")
}

// pixelSize is (rows, columns): y for the rows; x where there is no y.
func pixelSize(files *h5in.Files, f *h5.File, v *param.Values) (*[2]float64, error) {
	one := func(key string) (float64, error) {
		a, err := files.Array(v.Path(NexusFile), key, v.Where(NexusFile))
		if err != nil {
			return 0, err
		}
		if len(a.Data) != 1 || !(a.Data[0] > 0) {
			return 0, v.InputProblem(NexusFile, "%s holds %v, expected one pixel size in metres", a.Name, a.Data)
		}
		return a.Data[0], nil
	}
	x, err := one(xPixelKey)
	if err != nil {
		return nil, err
	}
	y := x
	if present(f, yPixelKey) {
		if y, err = one(yPixelKey); err != nil {
			return nil, err
		}
	}
	return &[2]float64{y, x}, nil
}
