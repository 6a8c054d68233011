package amo

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"ptyprep/internal/imgproc/pix"
	"ptyprep/internal/recipes/defaultstest"
	. "ptyprep/internal/recipes/recipetest"
	"ptyprep/internal/scan/problem"
)

func TestDefaults(t *testing.T) { defaultstest.Compare(t, Tree, "AMOScan", nil, nil) }

const base = "name: AMOScan\ndata_file: r.h5\nshape: null\nauto_center: false\nenergy: 1\ndistance: 1\npsize: 7.5e-5\n"

func file[T pix.Number](t *testing.T, dir string, x, y []float64, photons ...T) {
	Create(t, filepath.Join(dir, "r.h5"), func(f *File) {
		Put(f, "data/photons", photons, len(photons)/4, 2, 2)
		Put(f, "data/posx", x)
		Put(f, "data/posy", y)
	})
}

// Factors stand in the order (x, y), positions are (y, x); what lies below the threshold is 0.
func TestScan(t *testing.T) {
	dir := t.TempDir()
	file(t, dir, []float64{1, 2}, []float64{10, 20}, -1.5, 0, 2, 3.5, 1, 2, 3, 4)
	r := MustRun(t, Spec, dir, base+"motors_multiplier: [1, 100]\nscan_number: 182\n")
	if want := [][2]float64{{1000, 1}, {2000, 2}}; !NearPositions(r.Positions, want) {
		t.Errorf("positions %v, want %v", r.Positions, want)
	}
	if !slices.Equal(r.Frames[0], []float64{0, 0, 2, 3.5}) || r.Type != pix.Float32 {
		t.Errorf("frame %v of %v", r.Frames[0], r.Type)
	}
	if !strings.HasSuffix(r.DefaultOutput, "data_00182.ptyd") {
		t.Errorf("default output %s", r.DefaultOutput)
	}
	if r = MustRun(t, Spec, dir, base+"threshold_correct: 3\n"); !slices.Equal(r.Frames[1], []float64{0, 0, 3, 4}) {
		t.Errorf("frame %v", r.Frames[1])
	}
	file(t, dir, []float64{1}, []float64{10}, []uint32{1 << 30, 1<<30 + 1, 2, 3}...)
	if r = MustRun(t, Spec, dir, base); r.Type != pix.Uint32 || r.Frames[0][1] != 1<<30+1 {
		t.Errorf("whole counts do not stay whole: %v of %v", r.Frames[0], r.Type)
	}
}

// The number of theoretical positions is the number of frames, whatever num_frames says.
func TestPositionsTheory(t *testing.T) {
	dir := t.TempDir()
	file(t, dir, []float64{1, 2}, []float64{10, 20}, 1., 2, 3, 4, 5, 6, 7, 8)
	for _, n := range []string{"1", "2", "9"} {
		r := MustRun(t, Spec, dir, base+"positions_theory: [[5, 6], [7, 8]]\nnum_frames: "+n+"\n")
		if len(r.Frames) != 2 || r.Positions[1] != [2]float64{7, 8} {
			t.Errorf("num_frames %s: %d frames at %v", n, len(r.Frames), r.Positions)
		}
	}
	MustFail(t, Spec, dir, base+"positions_theory: []\n", problem.Usage, "positions_theory", "at least 1")
}

func TestBadInputs(t *testing.T) {
	dir := t.TempDir()
	MustFail(t, Spec, dir, "name: AMOScan\n", problem.Usage, "data_file", "must be given")
	MustFail(t, Spec, dir, base, problem.Input, "data_file", "r.h5")
	file(t, dir, []float64{1, 2}, []float64{10}, 1., 2, 3, 4)
	MustFail(t, Spec, dir, base, problem.Input, "data/posy", "1 values", "data/posx", "2")
	file(t, dir, []float64{1, 2}, []float64{10, 11}, 1., 2, 3, 4)
	if r := MustRun(t, Spec, dir, base); len(r.Frames) != 1 || len(r.LeftOut) != 1 {
		t.Errorf("%d frames, left out %v", len(r.Frames), r.LeftOut)
	}
	MustFail(t, Spec, dir, base+"mask_file: r.h5\n", problem.Input, "mask_file", "mask", "data/photons")
}

// ---- sample of configs/amoscan.yaml

const size = 32

func TestExample(t *testing.T) {
	Sample(t, "amoscan", func(dir string) {
		var all []float32
		x, y := make([]float64, 6), make([]float64, 6)
		for k := range 6 {
			for i, v := range Disc[float32](size, size, k) {
				all = append(all, v-0.25*float32(i%3))
			}
			x[k], y[k] = 0.5e-3*float64(k%3), 0.5e-3*float64(k/3)
		}
		Create(t, filepath.Join(dir, "r0182.h5"), func(f *File) {
			Packed(f, "data/photons", all, 6, size, size)
			Put(f, "data/posx", x)
			Put(f, "data/posy", y)
		})
	})
	r := Config(t, Spec, "amoscan")
	if len(r.Frames) != 6 || len(r.LeftOut) > 0 || !NearPositions(r.Positions[4:5], [][2]float64{{0.5e-6, 0.5e-6}}) || slices.Min(r.Frames[0]) < 0 {
		t.Errorf("%d frames, left out %v, positions %v", len(r.Frames), r.LeftOut, r.Positions)
	}
}
