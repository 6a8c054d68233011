package sim

import (
	"context"
	"fmt"
	"math"

	"ptyprep/internal/imgproc/gauss"
	"ptyprep/internal/recipes"
	"ptyprep/internal/recipes/sim/field"
	"ptyprep/internal/recipes/sim/illum"
	"ptyprep/internal/recipes/sim/note"
	"ptyprep/internal/recipes/sim/optics"
	"ptyprep/internal/recipes/sim/pictures"
	"ptyprep/internal/recipes/sim/positions"
	"ptyprep/internal/scan/param"
)

// MoonFlowerSpec is the recipe MoonFlowerScan.
var MoonFlowerSpec = recipes.Spec{
	Name: "MoonFlowerScan", Tree: MoonTree, Open: recipes.OpenFunc(openMoonFlower),
	Summary: "Simulates a scan of flowers by moonlight, with photon noise.",
	Doc: `A far-field scan that needs no files: the probe is a moon, the object a field of flowers, both drawn by formula. It is the
quickest way to data that reconstruct. Counts are int32, all pixels are good. ` + "`ptyprep simulate --truth`" + ` writes what a
reconstruction should find. See docs/simulate.md.`,
}

// margin is the width of the object's border that no frame looks at.
const margin = 10

func openMoonFlower(_ context.Context, env *recipes.Env, v *param.Values) (*recipes.Opened, error) {
	set, side, err := settings(env, v)
	if err != nil {
		return nil, err
	}
	g, err := geometry(v, side, false)
	if err != nil {
		return nil, err
	}
	pts, notes, err := patternOf(v, g, v.Text(moonModel), v.Float(moonDensity), set.NumFrames)
	if err != nil {
		return nil, err
	}
	tell(env, notes)
	set.NumFrames = 0
	w, err := moonWindows(v, g, pts)
	if err != nil {
		return nil, err
	}
	r := newReader(env, v)
	defer r.close()
	s := &Source{seed: uint64(v.Int(Seed)), waits: v.Int(blockWait)}
	s.place(w, pts, g.ResolutionM)
	s.truth.Offset = [2]int{margin, margin}
	if s.truth.Object, err = moonObjectOf(r, w); err != nil {
		return nil, err
	}
	probe, err := moonProbeOf(env, r, g)
	if err != nil {
		return nil, err
	}
	if err := s.light(g, probe); err != nil {
		return nil, err
	}
	if sigma := v.Float(moonPSF); sigma > 0 {
		s.blur = gauss.New(side, side, gauss.Spec{SigmaPx: [2]float64{sigma, sigma}})
	}
	s.sensor = counter{rows: side, cols: side, seed: s.seed, noisy: v.Bool(recipes.AddPoissonNoise)}
	s.setSize([2]int{side, side})
	return &recipes.Opened{Source: s, Settings: set}, nil
}

// patternOf makes the scan points of MoonFlowerScan and QuickScan for n frames that are
// wanted. Their distance is density times the frame's side in the sample plane.
func patternOf(v *param.Values, g optics.Geometry, model string, density float64, n int) ([][2]float64, []note.Note, error) {
	var spacing [2]float64
	for ax := range spacing {
		spacing[ax] = g.ResolutionM[ax] * float64(g.Shape[ax]) * density
	}
	steps := int(math.RoundToEven(math.Sqrt(float64(n)) + 1))
	if v.Tree().Name == QuickTree.Name {
		steps = int(math.RoundToEven(math.Sqrt(float64(n)))) + 1
	}
	if model == "raster" {
		steps = int(math.RoundToEven(math.Sqrt(float64(n)))) + 1
		pts := positions.Raster(spacing, [2]int{steps, steps})
		return pts, []note.Note{note.Noticef(v.Where(recipes.NumFrames), "a raster has %d x %d = %d frames, %d were asked for", steps, steps, len(pts), n)}, nil
	}
	o := positions.Options{Model: model, SpacingM: &spacing, Steps: &[2]int{steps, steps}, Count: &n}
	o.ExtentM = &[2]float64{float64(steps) * spacing[0], float64(steps) * spacing[1]}
	pts, notes, err := positions.Make(o, 0)
	if err == nil && len(pts) < n {
		notes = append(notes, note.Noticef(v.Where(recipes.NumFrames), "the edge of the scan leaves %d frames of %d", len(pts), n))
	}
	return pts, notes, err
}

// moonWindows cuts the object and puts the margin round it.
func moonWindows(v *param.Values, g optics.Geometry, pts [][2]float64) (positions.Windows, error) {
	find := positions.NewWindows
	if v.Text(moonRounding) == "peer" {
		find = positions.NewWindowsFromLowest
	}
	w, err := find(pts, g.ResolutionM, g.Shape)
	if err != nil {
		return w, err
	}
	for k := range w.Low {
		w.Low[k][0] += margin
		w.Low[k][1] += margin
	}
	w.Shape[0] += 2 * margin
	w.Shape[1] += 2 * margin
	return w, nil
}

// moonObjectOf is the given object, which must hold all windows, or flowers.
func moonObjectOf(r *reader, w positions.Windows) (field.Field, error) {
	if !given(r.v, moonObject) {
		if err := field.CheckShape("the object", w.Shape[0], w.Shape[1]); err != nil {
			return field.Field{}, err
		}
		return pictures.Flower(w.Shape[0], w.Shape[1], r.v.Float(moonPitch)), nil
	}
	a, err := r.array(moonObject)
	if err != nil {
		return field.Field{}, err
	}
	need := [2]int{w.Shape[0] - margin, w.Shape[1] - margin} // the far border may be missing
	if a.Rows < need[0] || a.Cols < need[1] {
		return field.Field{}, r.v.InputProblem(moonObject, "has %d x %d pixels, and the scan looks at %d x %d", a.Rows, a.Cols, need[0], need[1]).
			WithHint("give an object of %d x %d pixels, or lower num_frames or density", w.Shape[0], w.Shape[1])
	}
	return a.Field(r.v.Where(moonObject))
}

// moonProbeOf is the given probe or the moon, scaled to photons.
func moonProbeOf(env *recipes.Env, r *reader, g optics.Geometry) (field.Field, error) {
	rows, cols := g.Shape[0], g.Shape[1]
	o := illum.Options{Photons: r.v.Float(moonPhotons)}
	if !given(r.v, moonProbe) {
		o.Wave = pictures.Moon(rows, cols, r.v.Float(moonMoonPhase))
	} else {
		wave, err := r.wave(env, moonProbe, g.Shape)
		if err != nil {
			return field.Field{}, err
		}
		o.Wave = wave
	}
	return illum.Make(o, g.Shape, g.ResolutionM, g.EnergyKeV, 0)
}

// wave reads an array as a wave of the frame's shape; another shape is cut or padded.
func (r *reader) wave(env *recipes.Env, k param.Key, shape [2]int) (field.Field, error) {
	a, err := r.array(k)
	if err != nil {
		return field.Field{}, err
	}
	return fitted(env, a, r.v.Where(k), shape)
}

func fitted(env *recipes.Env, a field.Array, where string, shape [2]int) (field.Field, error) {
	w, err := a.Field(where)
	if err != nil {
		return w, err
	}
	if w.Rows != shape[0] || w.Cols != shape[1] {
		env.Log.Info(fmt.Sprintf("%s: an array of %d x %d is cut or padded with 0 to frames of %d x %d about its middle", where, w.Rows, w.Cols, shape[0], shape[1]))
	}
	return w.Fit(shape[0], shape[1], 0), nil
}
