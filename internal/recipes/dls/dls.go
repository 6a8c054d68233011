// Package dls holds the recipe DlsScan, the legacy recipe of Diamond for Merlin detectors.
package dls

import (
	"context"
	"errors"
	"fmt"

	"ptyprep/internal/formats/h5frames"
	"ptyprep/internal/imgproc"
	"ptyprep/internal/recipes"
	"ptyprep/internal/recipes/beam"
	"ptyprep/internal/recipes/h5in"
	"ptyprep/internal/scan"
	"ptyprep/internal/scan/param"
)

// Spec is the recipe.
var Spec = recipes.Spec{
	Name: "DlsScan", Tree: Tree, Open: recipes.OpenFunc(open),
	Summary: "Diamond, legacy: frames and positions of a Merlin detector in one NeXus file.",
	Doc: `Frames are ` + "`entry1/<detector_name>/data`, positions `lab_sy` (rows) and `lab_sx`" + ` (columns) beside them. Nothing is done to the
pixels. With is_swmr only the frames that ` + "`live_key`" + ` tells of are taken; a scan that is not marked as finished is prepared as far as
it goes (exit status 3).`,
}

// Tree is the parameter tree of DlsScan.
var Tree = func() *param.Tree {
	t := recipes.NewTree("DlsScan", "Frames and positions of a Merlin detector in one NeXus file of Diamond.")
	t.SetDefault(recipes.AutoCenter, false)
	t.SetDefault(recipes.Orientation, []any{false, false, false})
	return t
}()

const unused = "the recipe corrects nothing"

// Keys of the tree.
var (
	ScanNumber = beam.AddNumber(Tree, "scan_number", nil, "Number of the scan.")
	_          = beam.AddIgnored(Tree, "dark_number", param.Int|param.Null, nil, unused)
	_          = beam.AddIgnored(Tree, "flat_number", param.Int|param.Null, nil, unused)
	Detector   = beam.AddText(Tree, "detector_name", "merlin_sw_hdf", "Group of the detector in entry1. Null or not there: the first one that holds data.")
	_          = Tree.Add(param.Spec{Path: "motors", Forms: param.List, Elem: &param.Spec{Forms: param.Text}, Default: []string{"t1_sx", "t1_sy"}, NoEffect: true, Help: "Accepted for old recipes, without effect: positions are lab_sy and lab_sx."})
	Multiplier = beam.AddMultiplier(Tree, 2, []float64{1e-6, -1e-6})
	BasePath   = beam.AddBasePath(Tree, "./", "Folder that the others lie in. Null: the first folder that holds raw, from that of the recipe upwards.")
	DataFile   = beam.AddPattern(Tree, "data_file_pattern", "%(base_path)sraw/%(scan_number)05d.nxs", "File of frames and positions.")
	_          = beam.AddIgnored(Tree, "dark_file_pattern", param.Text, "%(base_path)sraw/%(dark_number)05d.nxs", unused)
	_          = beam.AddIgnored(Tree, "flat_file_pattern", param.Text, "%(base_path)sraw/%(flat_number)05d.nxs", unused)
	Mask       = Tree.Add(param.Spec{Path: "mask_file", Forms: param.Text | param.Null, Help: "HDF5 file with the dataset `mask`, as large as a frame: pixels above 0 are valid. Null: all pixels are. %(name)s takes the value of a parameter."})
	_          = beam.AddIgnored(Tree, "NFP_correct_positions", param.Bool, false, unused)
	_          = beam.AddIgnored(Tree, "use_EP", param.Bool, false, unused)
	_          = Tree.Group("remove_hot_pixels", "Accepted for old recipes, without effect.")
	_          = beam.AddIgnored(Tree, "remove_hot_pixels.apply", param.Bool, false, unused)
	_          = beam.AddIgnored(Tree, "remove_hot_pixels.size", param.Int, 3, unused)
	_          = beam.AddIgnored(Tree, "remove_hot_pixels.tolerance", param.Float, 10, unused)
	_          = beam.AddIgnored(Tree, "remove_hot_pixels.ignore_edges", param.Bool, false, unused)
	SWMR       = beam.AddFlag(Tree, "is_swmr", "Takes as many frames as live_key beside the frames has entries.")
	_          = beam.AddIgnored(Tree, "israster", param.Int|param.Bool, 0, "positions on a grid are taken line after line in any case")
)

func open(_ context.Context, env *recipes.Env, v *param.Values) (*recipes.Opened, error) {
	files, set := h5in.New(env, v), recipes.Settings(v)
	src := &beam.Scan{Output: set.Output}
	src.Closers = append(src.Closers, files)
	if err := setUp(src, set, files, env, v); err != nil {
		return nil, errors.Join(err, src.Close())
	}
	return &recipes.Opened{Source: src, Settings: set, DefaultOutput: beam.DefaultOutput(v, v.Text(ScanNumber))}, nil
}

func setUp(src *beam.Scan, set *scan.Settings, files *h5in.Files, env *recipes.Env, v *param.Values) error {
	folder, err := beam.BasePath(v, BasePath, "raw", "")
	if err != nil {
		return err
	}
	base := beam.Var{Name: "base_path", Value: folder, Resolved: true}
	file, err := beam.Expand(v, DataFile, base)
	if err != nil {
		return err
	}
	where := v.Where(DataFile)
	group, err := beam.Detector(env, files, v, Detector, file, where, "entry1")
	if err != nil {
		return err
	}
	st, err := files.Frames([]string{file}, []string{group + "/data"}, where, where, h5in.IsFrames)
	if err != nil {
		return err
	}
	if err := frames(src, set, files, v, st, file, group); err != nil {
		return errors.Join(err, st.Close())
	}
	if err := src.FromStack(st, where, nil, imgproc.Rect{}); err != nil || v.IsNull(Mask) {
		return err
	}
	maskFile, err := beam.Expand(v, Mask, base)
	if err != nil {
		return err
	}
	im, err := beam.HDF5Image(files, maskFile, "mask", v.Where(Mask), src.Rows, src.Cols)
	if err != nil {
		return err
	}
	src.Valid, src.HasMask = beam.MaskOf(im), true
	return nil
}

// frames decides which frames are prepared, at which positions.
func frames(src *beam.Scan, set *scan.Settings, files *h5in.Files, v *param.Values, st *h5frames.Stack, file, group string) error {
	n, where, growing := st.Frames(), v.Where(DataFile), ""
	if v.Bool(SWMR) {
		live, err := files.Array(file, group+"/live_key", v.Where(SWMR))
		if err != nil {
			return err
		}
		n = min(n, len(live.Data))
		done, err := files.Array(file, "entry1/live/finished", v.Where(SWMR))
		if err != nil {
			return err
		}
		if len(done.Data) == 0 || done.Data[0] == 0 {
			growing = fmt.Sprintf("%s: the scan is not finished (%s); %d frames are there", v.Where(SWMR), done.Name, n)
		}
	}
	points := -1
	if !beam.Theory(v) {
		m, err := beam.Multipliers(v, Multiplier, 2)
		if err != nil {
			return err
		}
		y, err := files.Array(file, group+"/lab_sy", where)
		if err != nil {
			return err
		}
		x, err := files.Array(file, group+"/lab_sx", where)
		if err != nil {
			return err
		}
		if len(x.Data) != len(y.Data) {
			return v.InputProblem(DataFile, "%s has %d values and %s has %d", y.Name, len(y.Data), x.Name, len(x.Data))
		}
		src.Positions = make([][2]float64, len(y.Data))
		for i := range src.Positions {
			src.Positions[i] = [2]float64{y.Data[i] * m[0], x.Data[i] * m[1]}
		}
		points = len(y.Data)
	}
	src.Frames, src.LeftOut = beam.Counted(set.NumFrames, n, points)
	if asked := set.NumFrames; growing != "" && (asked == 0 || asked > src.Frames) { // else all that is asked for is there
		src.LeftOut = append([]string{growing}, src.LeftOut...)
	}
	return nil
}
