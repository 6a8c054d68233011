package sim

import (
	"context"
	"fmt"

	"ptyprep/internal/imgproc/pix"
	"ptyprep/internal/recipes"
	"ptyprep/internal/recipes/sim/positions"
	"ptyprep/internal/scan"
	"ptyprep/internal/scan/param"
)

// QuickSpec is the recipe QuickScan.
var QuickSpec = recipes.Spec{
	Name: "QuickScan", Tree: QuickTree, Open: recipes.OpenFunc(openQuick),
	Summary: "Frames with one bright pixel, to try out a pipeline.",
	Doc:     "Every frame is 0 with 10000000 counts in the middle pixel; positions are those of a round MoonFlowerScan. Nothing can be reconstructed from it.",
}

// quickCounts is what the bright pixel holds.
const quickCounts = 10_000_000

func openQuick(_ context.Context, env *recipes.Env, v *param.Values) (*recipes.Opened, error) {
	set, side, err := settings(env, v)
	if err != nil {
		return nil, err
	}
	g, err := geometry(v, side, false)
	if err != nil {
		return nil, err
	}
	pts, notes, err := patternOf(v, g, "round", v.Float(quickDensity), set.NumFrames)
	if err != nil {
		return nil, err
	}
	tell(env, notes)
	set.NumFrames = 0
	w, err := positions.NewWindows(pts, g.ResolutionM, g.Shape)
	if err != nil {
		return nil, err
	}
	q := &quick{side: side, truth: Truth{Low: w.Low, Positions: pts, ResolutionM: g.ResolutionM}}
	return &recipes.Opened{Source: q, Settings: set}, nil
}

// quick is the source of QuickScan.
type quick struct {
	side  int
	truth Truth
}

func (q *quick) Truth() *Truth          { return &q.truth }
func (q *quick) noiseFree() scan.Source { return q }

func (q *quick) Describe(context.Context) (*scan.Description, error) {
	return &scan.Description{
		Frames: len(q.truth.Positions), Rows: q.side, Cols: q.side, Type: pix.Int32, RawType: pix.Int32, Positions: q.truth.Positions, HasDark: true,
		Name: func(k int) string { return fmt.Sprintf("frame %d of the simulated scan", k) },
	}, nil
}

func (q *quick) Load(_ context.Context, f *scan.Frame) error {
	f.Pix.Resize(pix.Int32, q.side, q.side)
	clear(f.Pix.Bytes)
	pix.Pixels[int32](f.Pix)[q.side/2*q.side+q.side/2] = quickCounts
	return nil
}

func (q *quick) Close() error { return nil }
