package scan

import (
	"context"
	"fmt"
	"math"

	"ptyprep/internal/imgproc"
	"ptyprep/internal/scan/problem"
)

// centre gives the optical axis in the frame as loaded. Where it is not given, it is the plain
// mean over the frames of the first block of their mass centres, after corrections and before
// the crop; frames without counts are left out.
func (r *run) centre(ctx context.Context) ([2]float64, error) {
	s, d := r.set, &r.plan.raw
	if !s.wantsMassCentre() {
		if c, ok := s.Center.At(d.Rows, d.Cols); ok {
			return c, nil
		}
		c, _ := Center{Kind: CenterFFTShift}.At(d.Rows, d.Cols)
		return c, nil
	}
	n := Blocks(r.plan.Frames, s.BlockFrames, s.MinFrames)[0]
	if err := r.beginPass(imgproc.Whole(d.Rows, d.Cols)); err != nil {
		return [2]float64{}, err
	}
	centres := make([][2]float64, n)
	err := r.ordered(ctx, 0, n, func(ctx context.Context, f *Frame) error {
		if err := r.load(ctx, f); err != nil {
			return err
		}
		m := f.Mask
		if m == nil {
			m = r.passMask
		}
		centres[f.Index], _ = imgproc.MassCentre(f.Pix, m)
		f.Spend(StageArithmetic)
		return nil
	}, func(f *Frame) error {
		f.notes = counts{} // they are counted in the main pass
		r.collect(f)
		r.progress("centre", f.Index+1, n)
		return nil
	})
	if err != nil {
		return [2]float64{}, err
	}
	return r.meanCentre(centres)
}

func (r *run) meanCentre(centres [][2]float64) (c [2]float64, err error) {
	d, empty := &r.plan.raw, 0
	for _, x := range centres {
		if math.IsNaN(x[0]) || math.IsNaN(x[1]) {
			empty++
			continue
		}
		c[0] += x[0]
		c[1] += x[1]
	}
	n := len(centres) - empty
	if n == 0 {
		return c, problem.Inputf("%s: no automatic centre: none of the %d frames has valid counts (all pixels are 0 or masked)", r.set.where("center"), len(centres)).
			WithHint("give center: [row, column], or check mask and dark")
	}
	if empty > 0 {
		r.warn("automatic centre: %d of %d frames have no valid counts and were left out of the mean", empty, len(centres))
	}
	c[0] /= float64(n)
	c[1] /= float64(n)
	r.plan.AutoUsed = true
	r.opt.Log.Info(fmt.Sprintf("automatic centre: (%.4f, %.4f) from %d frames", c[0], c[1], n))
	return c, checkCentre(r.set, c, d.Rows, d.Cols, " found automatically")
}
