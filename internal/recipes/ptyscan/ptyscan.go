// Package ptyscan holds the recipe PtyScan: the base scan without an input. Frame k is the
// constant k; it serves to try out settings and for tests.
package ptyscan

import (
	"context"

	"ptyprep/internal/imgproc/pix"
	"ptyprep/internal/recipes"
	"ptyprep/internal/scan"
	"ptyprep/internal/scan/param"
)

// Spec is the recipe.
var Spec = recipes.Spec{
	Name: "PtyScan", Tree: recipes.Base, Open: recipes.OpenFunc(open),
	Summary: "The base scan: frame k holds the number k everywhere, at position (k, k+1).",
	Doc:     "It reads nothing and serves to try out settings. `num_frames` or `positions_theory` must say how many frames there are.",
}

func open(_ context.Context, _ *recipes.Env, v *param.Values) (*recipes.Opened, error) {
	s := recipes.Settings(v)
	src := &source{rows: 256, cols: 256, frames: s.NumFrames}
	if s.Shape != nil {
		src.rows, src.cols = s.Shape[0], s.Shape[1]
	}
	return &recipes.Opened{Source: src, Settings: s}, nil
}

type source struct{ rows, cols, frames int }

func (s *source) Describe(context.Context) (*scan.Description, error) {
	d := &scan.Description{Frames: -1, Rows: s.rows, Cols: s.cols, Type: pix.Float64, RawType: pix.Float64, HasDark: true, HasMask: true}
	for k := range s.frames {
		d.Positions = append(d.Positions, [2]float64{float64(k), float64(k + 1)})
	}
	return d, nil
}

func (s *source) Load(_ context.Context, f *scan.Frame) error {
	f.Pix.Resize(pix.Float64, s.rows, s.cols)
	p := pix.Pixels[float64](f.Pix)
	for i := range p {
		p[i] = float64(f.Index)
	}
	return nil
}

func (s *source) Close() error { return nil }
