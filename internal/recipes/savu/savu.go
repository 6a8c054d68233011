// Package savu holds the recipe Savu, which takes frames, positions and mask as arrays. The Savu
// pipeline hands them over in memory; a recipe file names a dataset for each.
package savu

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

var tree = recipes.NewTree("Savu", "Frames, positions and mask as three arrays, each a dataset in a file.")

// Keys of the tree.
var (
	Data      = array("data", "The frames (N, rows, columns).")
	Positions = array("positions", "The positions (N, 2) in metres: rows, columns.")
	Mask      = array("mask", "The mask (rows, columns): a pixel is valid where it is above 0. Null: all pixels are.")
)

func array(path, help string) param.Key {
	return tree.Add(param.Spec{Path: path, Forms: param.ArrayRef | param.Null, Help: help + " As {file: PATH, key: DATASET}."})
}

// Spec is the recipe.
var Spec = recipes.Spec{
	Name: tree.Name, Tree: tree, Summary: tree.Summary, Open: recipes.OpenFunc(open),
	Doc: "In the Savu pipeline the arrays are handed over in memory. In a recipe file each is a dataset:\n\n" +
		"    data: {file: scan.h5, key: entry/frames}\n    positions: {file: scan.h5, key: entry/positions}\n\n" +
		"Frames are taken as stored, without correction.",
}

func open(_ context.Context, env *recipes.Env, v *param.Values) (*recipes.Opened, error) {
	if err := beam.Required(v, Data); err != nil {
		return nil, err
	}
	if v.IsNull(Positions) && v.IsNull(recipes.PositionsTheory) {
		return nil, v.Problem(Positions, "must be given: the positions of the frames").
			WithHint("positions: {file: PATH, key: DATASET}, or positions_theory")
	}
	set := recipes.Settings(v)
	files := h5in.New(env, v)
	src := &beam.Scan{Output: set.Output, Closers: []io.Closer{files}}
	if err := setUp(src, set, files, v); err != nil {
		return nil, errors.Join(err, src.Close())
	}
	return &recipes.Opened{Source: src, Settings: set}, nil
}

func setUp(s *beam.Scan, set *scan.Settings, files *h5in.Files, v *param.Values) error {
	data, where := v.Ref(Data), v.Where(Data)
	frames, err := files.Frames([]string{data.Path}, []string{data.Key}, where, where, h5in.IsFrames)
	if err != nil {
		return err
	}
	if len(frames.Leading) != 1 {
		return errors.Join(v.InputProblem(Data, "%s:%s has shape %s, expected (N, rows, columns)", data.Path, data.Key, h5in.Shape(frames.Shape())), frames.Close())
	}
	positions, count, err := read(files, v)
	if err != nil {
		return errors.Join(err, frames.Close())
	}
	s.Frames, s.LeftOut = beam.Counted(set.NumFrames, frames.Frames(), count)
	if positions != nil {
		s.Positions = positions[:s.Frames]
	}
	if err := s.FromStack(frames, where, nil, imgproc.Rect{}); err != nil {
		return err
	}
	if v.IsNull(Mask) {
		return nil
	}
	ref := v.Ref(Mask)
	mask, err := beam.HDF5Image(files, ref.Path, ref.Key, v.Where(Mask), s.Rows, s.Cols)
	if err != nil {
		return err
	}
	s.Valid, s.HasMask = beam.MaskOf(mask), true
	return nil
}

// read gives the positions and their number, -1 without any: positions_theory goes before them.
func read(files *h5in.Files, v *param.Values) ([][2]float64, int, error) {
	if v.IsNull(Positions) || beam.Theory(v) {
		return nil, -1, nil
	}
	ref := v.Ref(Positions)
	a, err := files.Array(ref.Path, ref.Key, v.Where(Positions))
	if err != nil {
		return nil, 0, err
	}
	if len(a.Shape) != 2 || a.Shape[1] != 2 {
		return nil, 0, v.InputProblem(Positions, "%s has shape %s, expected (N, 2)", a.Name, h5in.Shape(a.Shape))
	}
	out := make([][2]float64, a.Shape[0])
	for i := range out {
		out[i] = [2]float64(a.Data[2*i : 2*i+2])
	}
	return out, len(out), nil
}
