// Package als holds the recipe of beamline 5.3.2.1 of the Advanced Light Source, whose scans are
// stored in CXI files.
package als

import (
	"context"
	"errors"
	"io"

	"ptyprep/internal/imgproc"
	"ptyprep/internal/recipes"
	"ptyprep/internal/recipes/beam"
	"ptyprep/internal/recipes/h5in"
	"ptyprep/internal/scan"
	"ptyprep/internal/scan/param"
)

var tree = func() *param.Tree {
	t := recipes.NewTree("ALS5321Scan", "Scans of ALS beamline 5.3.2.1 in CXI files.")
	t.SetDefault(recipes.Energy, 0.820)
	return t
}()

// Keys of the tree.
var (
	DataPath = tree.Add(param.Spec{Path: "dataPath", Forms: param.Path | param.Null, Help: "Folder of the data. Null: that of the recipe file."})
	DataFile = tree.Add(param.Spec{Path: "datafile", Forms: param.Text | param.Null, Help: "Name of the CXI file in dataPath."})
	DataIle  = tree.Add(param.Spec{Path: "dataile", Forms: param.Text | param.Null, Help: "The name of datafile in old recipes, misspelt. Give datafile instead."})
	MaskFile = tree.Add(param.Spec{Path: "maskfile", Forms: param.Text | param.Null, Help: "Name of an HDF5 file in dataPath with a mask: a pixel is valid where it is above 0. Null: all pixels are."})

	_            = tree.Group("CXI_PATHS", "Datasets in the files.")
	FramesKey    = key("CXI_PATHS.CXI_DATA_PATH", "entry_1/data_1/data", "The frames (N, rows, columns).")
	MaskKey      = key("CXI_PATHS.CXI_MASK_PATH", "mask", "The mask in maskfile.")
	PositionsKey = key("CXI_PATHS.CXI_POS_PATH", "entry_1/data_1/translation", "The positions (N, 2 or more) in metres: column 1 goes along the rows of the frames, column 0 along the columns.")
	DistanceKey  = key("CXI_PATHS.CXI_DISTANCE", "entry_1/instrument_1/detector_1/distance", "The distance from sample to detector in metres.")
	PSizesKey    = tree.Add(param.Spec{
		Path: "CXI_PATHS.CXI_PSIZES", Forms: param.List, Elem: &param.Spec{Forms: param.Text}, MinLen: 2, MaxLen: 2, Names: []string{"x", "y"},
		Default: []string{"entry_1/instrument_1/detector_1/x_pixel_size", "entry_1/instrument_1/detector_1/y_pixel_size"},
		Help:    "The pixel size in metres: along the columns (x), along the rows (y).",
	})
)

func key(path, def, help string) param.Key {
	return tree.Add(param.Spec{Path: path, Forms: param.Text, Default: def, Help: help})
}

// Spec is the recipe.
var Spec = recipes.Spec{
	Name: tree.Name, Tree: tree, Summary: tree.Summary, Open: recipes.OpenFunc(open),
	Doc: `Frames are taken as stored, without correction. Positions are (translation[:, 1], translation[:, 0]). Distance and pixel
size are those of the file; psize is (y_pixel_size, x_pixel_size), since psize is (rows, columns). The energy is the parameter's, 0.82 keV by default.`,
}

func open(_ context.Context, env *recipes.Env, v *param.Values) (*recipes.Opened, error) {
	data := DataFile
	switch {
	case v.IsNull(DataFile) && v.IsNull(DataIle):
		return nil, beam.Required(v, DataFile)
	case v.IsNull(DataFile):
		data = DataIle
	case !v.IsNull(DataIle) && v.Text(DataIle) != v.Text(DataFile):
		return nil, v.Problem(DataIle, "is %q, and datafile is %q", v.Text(DataIle), v.Text(DataFile)).WithHint("give datafile alone; dataile is the same parameter, misspelt")
	}
	set := recipes.Settings(v)
	files := h5in.New(env, v)
	src := &beam.Scan{Output: set.Output, Closers: []io.Closer{files}}
	if err := setUp(src, set, files, v, data); err != nil {
		return nil, errors.Join(err, src.Close())
	}
	return &recipes.Opened{Source: src, Settings: set}, nil
}

// in is the path of a file in dataPath.
func in(v *param.Values, k param.Key) (string, error) {
	if v.IsNull(DataPath) {
		return v.Resolve(k, v.Text(k))
	}
	return beam.Slash(v.Path(DataPath)) + v.Text(k), nil
}

// setUp opens the scan; data is the parameter that names the file.
func setUp(s *beam.Scan, set *scan.Settings, files *h5in.Files, v *param.Values, data param.Key) error {
	file, err := in(v, data)
	if err != nil {
		return err
	}
	frames, err := files.Frames([]string{file}, []string{v.Text(FramesKey)}, v.Where(data), v.Where(FramesKey), h5in.IsFrames)
	if err != nil {
		return err
	}
	if len(frames.Leading) != 1 {
		return errors.Join(v.InputProblem(FramesKey, "%s:%s has shape %s, expected (N, rows, columns)", file, v.Text(FramesKey), h5in.Shape(frames.Shape())), frames.Close())
	}
	points := -1
	if !beam.Theory(v) {
		if s.Positions, err = translation(files, v, file); err != nil {
			return errors.Join(err, frames.Close())
		}
		points = len(s.Positions)
	}
	s.Frames, s.LeftOut = beam.Counted(set.NumFrames, frames.Frames(), points)
	if points >= 0 {
		s.Positions = s.Positions[:s.Frames]
	}
	if err := s.FromStack(frames, v.Where(FramesKey), nil, imgproc.Rect{}); err != nil {
		return err
	}
	if s.Recorded, err = recorded(files, v, file); err != nil {
		return err
	}
	if v.IsNull(MaskFile) {
		return nil
	}
	maskFile, err := in(v, MaskFile)
	if err != nil {
		return err
	}
	if _, err := files.Open(maskFile, v.Where(MaskFile)); err != nil {
		return err
	}
	mask, err := beam.HDF5Image(files, maskFile, v.Text(MaskKey), v.Where(MaskKey), s.Rows, s.Cols)
	if err != nil {
		return err
	}
	s.Valid, s.HasMask = beam.MaskOf(mask), true
	return nil
}

// translation is the positions in the order (rows, columns).
func translation(files *h5in.Files, v *param.Values, file string) ([][2]float64, error) {
	a, err := files.Array(file, v.Text(PositionsKey), v.Where(PositionsKey))
	if err != nil {
		return nil, err
	}
	if len(a.Shape) != 2 || a.Shape[1] < 2 {
		return nil, v.InputProblem(PositionsKey, "%s has shape %s, expected (N, 2 or more)", a.Name, h5in.Shape(a.Shape))
	}
	out := make([][2]float64, a.Shape[0])
	for i := range out {
		row := a.Data[i*a.Shape[1]:]
		out[i] = [2]float64{row[1], row[0]}
	}
	return out, nil
}

// recorded is distance and pixel size.
func recorded(files *h5in.Files, v *param.Values, file string) (r scan.Recorded, err error) {
	one := func(k param.Key, dataset string) (x float64, err error) {
		a, err := files.Array(file, dataset, v.Where(k))
		if err != nil {
			return 0, err
		}
		if len(a.Data) != 1 {
			return 0, v.InputProblem(k, "%s has shape %s, expected one value", a.Name, h5in.Shape(a.Shape))
		}
		return a.Data[0], nil
	}
	d, err := one(DistanceKey, v.Text(DistanceKey))
	if err != nil {
		return r, err
	}
	names := v.Texts(PSizesKey)
	x, err := one(PSizesKey, names[0])
	if err != nil {
		return r, err
	}
	y, err := one(PSizesKey, names[1])
	if err != nil {
		return r, err
	}
	return scan.Recorded{DistanceM: &d, PSizeM: &[2]float64{y, x}}, nil
}
