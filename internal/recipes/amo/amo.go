// Package amo holds the recipe AMOScan for scans of the AMO and CXI instruments of LCLS, as the
// program hummingbird writes them.
package amo

import (
	"context"
	"errors"
	"fmt"

	"ptyprep/internal/imgproc"
	"ptyprep/internal/recipes"
	"ptyprep/internal/recipes/beam"
	"ptyprep/internal/recipes/h5in"
	"ptyprep/internal/scan"
	"ptyprep/internal/scan/param"
)

// Spec is the recipe.
var Spec = recipes.Spec{
	Name: "AMOScan", Tree: Tree, Open: recipes.OpenFunc(open),
	Summary: "LCLS AMO and CXI: frames and positions of one file written by hummingbird.",
	Doc: `Frames are ` + "`data/photons` (N, rows, columns), positions `data/posy` (rows) and `data/posx`" + ` (columns) of data_file. NB the factors of
motors_multiplier stand in the order (x, y). Values below threshold_correct become 0.`,
}

// Tree is the parameter tree of AMOScan.
var Tree = recipes.NewTree("AMOScan", "Frames and positions of one file written by hummingbird at LCLS.")

// Keys of the tree.
var (
	_          = beam.AddIgnored(Tree, "date", param.Text|param.Null, nil, "data_file names the input")
	ScanNumber = beam.AddNumber(Tree, "scan_number", nil, "Number of the scan, for the name of the result.")
	Multiplier = beam.AddMultiplier(Tree, 2, 1e-3)
	DataFile   = beam.AddFile(Tree, "data_file", nil, "File of frames and positions. It must be given.")
	DarkFile   = beam.AddIgnored(Tree, "dark_file", param.Path|param.Null, nil, "frames are corrected already")
	FlatFile   = beam.AddIgnored(Tree, "flat_file", param.Path|param.Null, nil, "frames are corrected already")
	Mask       = beam.AddMask(Tree)
	Threshold  = Tree.Add(param.Spec{Path: "threshold_correct", Forms: param.Float, Default: 0.0, Unit: "photons", Help: "Values below it become 0."})
)

func open(_ context.Context, env *recipes.Env, v *param.Values) (*recipes.Opened, error) {
	if err := beam.Required(v, DataFile); err != nil {
		return nil, err
	}
	files, set := h5in.New(env, v), recipes.Settings(v)
	src := &beam.Scan{Output: set.Output}
	src.Closers = append(src.Closers, files)
	if err := setUp(src, set, files, v); err != nil {
		return nil, errors.Join(err, src.Close())
	}
	id := ""
	if !v.IsNull(ScanNumber) {
		id = fmt.Sprintf("%05d", v.Int(ScanNumber))
	}
	return &recipes.Opened{Source: src, Settings: set, DefaultOutput: beam.DefaultOutput(v, id)}, nil
}

func setUp(src *beam.Scan, set *scan.Settings, files *h5in.Files, v *param.Values) error {
	file, where := v.Path(DataFile), v.Where(DataFile)
	st, err := files.Frames([]string{file}, []string{"data/photons"}, where, where, h5in.IsFrames)
	if err != nil {
		return err
	}
	points := -1
	if !beam.Theory(v) {
		if src.Positions, err = positions(files, v); err != nil {
			return errors.Join(err, st.Close())
		}
		points = len(src.Positions)
	}
	src.Frames, src.LeftOut = beam.Counted(set.NumFrames, st.Frames(), points)
	if err := src.FromStack(st, where, nil, imgproc.Rect{}); err != nil {
		return err
	}
	if low := v.Float(Threshold); low > 0 || st.Type.IsSigned() { // unsigned counts are never below 0
		src.Steps, src.HasDark = []beam.Step{&beam.Threshold{Low: low}}, true
	}
	src.Valid, err = beam.HDF5Mask(files, v, Mask, "mask", src.Rows, src.Cols)
	src.HasMask = src.Valid != nil
	return err
}

func positions(files *h5in.Files, v *param.Values) ([][2]float64, error) {
	m, err := beam.Multipliers(v, Multiplier, 2)
	if err != nil {
		return nil, err
	}
	y, err := files.Array(v.Path(DataFile), "data/posy", v.Where(DataFile))
	if err != nil {
		return nil, err
	}
	x, err := files.Array(v.Path(DataFile), "data/posx", v.Where(DataFile))
	if err != nil {
		return nil, err
	}
	if len(x.Data) != len(y.Data) {
		return nil, v.InputProblem(DataFile, "%s has %d values and %s has %d", y.Name, len(y.Data), x.Name, len(x.Data))
	}
	out := make([][2]float64, len(y.Data))
	for i := range out { // the factors stand in the order (x, y)
		out[i] = [2]float64{y.Data[i] * m[1], x.Data[i] * m[0]}
	}
	return out, nil
}
