package savu

import (
	"path/filepath"
	"slices"
	"testing"

	"ptyprep/internal/recipes/defaultstest"
	. "ptyprep/internal/recipes/recipetest"
	"ptyprep/internal/scan/problem"
)

func TestDefaults(t *testing.T) { defaultstest.Compare(t, tree, "Savu", nil, nil) }

const base = "name: Savu\nshape: null\nauto_center: false\ndata: {file: a.h5, key: frames}\n"

func TestLoads(t *testing.T) {
	dir := t.TempDir()
	Create(t, filepath.Join(dir, "a.h5"), func(f *File) {
		Put(f, "frames", Ramp(12, int16(-3)), 3, 2, 2)
		Put(f, "pos", []float32{1, 2, 3, 4, 5, 6}, 3, 2)
		Put(f, "mask", []float64{0, 1, 2, 1}, 2, 2)
		Put(f, "one", []float64{7, 8}, 1, 2)
	})
	r := MustRun(t, Spec, dir, base+"positions: {file: a.h5, key: pos}\nmask: {file: a.h5, key: mask}\n")
	if want := [][2]float64{{1, 2}, {3, 4}, {5, 6}}; !slices.Equal(r.Positions, want) || !slices.Equal(r.Masks[2], []byte{0, 1, 1, 1}) {
		t.Errorf("positions %v, mask %v", r.Positions, r.Masks[2])
	}
	if !slices.Equal(r.Frames[2], []float64{5, 6, 7, 8}) {
		t.Errorf("frame 2 is %v", r.Frames[2])
	}
	for _, recorded := range []string{"", "positions: {file: a.h5, key: one}\n"} {
		r = MustRun(t, Spec, dir, base+recorded+"positions_theory: [[0, 1], [2, 3]]\n")
		if want := [][2]float64{{0, 1}, {2, 3}}; !slices.Equal(r.Positions, want) || len(r.Frames) != 2 || len(r.LeftOut) != 0 {
			t.Errorf("positions_theory gives %v for %d frames, left out %v", r.Positions, len(r.Frames), r.LeftOut)
		}
	}
}

func TestBadInputs(t *testing.T) {
	dir := t.TempDir()
	Create(t, filepath.Join(dir, "a.h5"), func(f *File) {
		Put(f, "frames", Ramp(12, int16(0)), 3, 2, 2)
		Put(f, "grid", Ramp(16, int16(0)), 2, 2, 2, 2)
		Put(f, "pos", Ramp(9, 0.0), 3, 3)
	})
	MustFail(t, Spec, dir, "name: Savu\n", problem.Usage, "data", "must be given")
	MustFail(t, Spec, dir, base, problem.Usage, "positions", "{file: PATH, key: DATASET}")
	MustFail(t, Spec, dir, "name: Savu\ndata: frames.h5\n", problem.Usage, "data")
	MustFail(t, Spec, dir, base+"positions: {file: a.h5, key: pos}\n", problem.Input, "positions", "3 x 3", "(N, 2)")
	MustFail(t, Spec, dir, base+"positions: {file: a.h5, key: poss}\n", problem.Input, "positions", "poss", "pos")
	MustFail(t, Spec, dir, "name: Savu\ndata: {file: a.h5, key: grid}\npositions: {file: a.h5, key: pos}\n", problem.Input, "data", "2 x 2 x 2 x 2")
	MustFail(t, Spec, dir, base+"positions_theory: [[0, 1]]\nmask: {file: a.h5, key: pos}\n", problem.Input, "mask", "3 x 3", "2 x 2")
}

func TestSample(t *testing.T) {
	const n = 32
	Sample(t, "savu", func(dir string) {
		Create(t, filepath.Join(dir, "scan.h5"), func(f *File) {
			var frames []uint16
			var positions []float64
			mask := make([]float64, n*n)
			for i := range mask {
				mask[i] = 1
			}
			mask[9*n+9] = 0
			for k := range 6 {
				frames = append(frames, Disc[uint16](n, n, k)...)
				positions = append(positions, 1e-6*float64(k/3), 1e-6*float64(k%3))
			}
			Packed(f, "entry/frames", frames, 6, n, n)
			Put(f, "entry/positions", positions, 6, 2)
			Packed(f, "entry/mask", mask, n, n)
		})
	})
	if r := Config(t, Spec, "savu"); len(r.Frames) != 6 || r.Masks[3][9*n+9] != 0 {
		t.Errorf("%d frames", len(r.Frames))
	}
}
