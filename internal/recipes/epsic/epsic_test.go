package epsic

import (
	"math"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"ptyprep/internal/recipes/defaultstest"
	. "ptyprep/internal/recipes/recipetest"
	"ptyprep/internal/scan/problem"
)

func TestDefaults(t *testing.T) {
	defaultstest.Compare(t, tree, "EpsicHdf5Loader", nil, nil)
	defaultstest.Compare(t, tree, "EpsicHdf5LoaderFast", nil, nil)
}

const base = "name: EpsicHdf5Loader\nintensities: {file: a.h5, key: frames}\nauto_center: false\n"

// A raster of 3 x 3 turned by 90 degrees: cos = 0, sin = 1, so (c0, c1) = (v_j, -v_i).
func TestPositions(t *testing.T) {
	dir := t.TempDir()
	Create(t, filepath.Join(dir, "a.h5"), func(f *File) { Put(f, "frames", Ramp(36, uint8(0)), 3, 3, 2, 2) })
	r := MustRun(t, Spec, dir, base+"numpos: 3\nstepsize: 2\nrotation: 90\n")
	for k, p := range r.Positions {
		want := [2]float64{float64(k%3-1) * 2, -float64(k/3-1) * 2}
		if math.Abs(p[0]-want[0]) > 1e-12 || math.Abs(p[1]-want[1]) > 1e-12 {
			t.Errorf("point %d is at %v, expected %v", k, p, want)
		}
	}
	r = MustRun(t, Spec, dir, base+"numpos: 3\nstepsize: 2\npositions: {skip: 2, bounding_box: {slow_axis_bounds: [1, 3]}}\n")
	// row 1, columns 0 and 2, not turned: c0 = -v_i, c1 = -v_j
	if want := [][2]float64{{0, 2}, {0, -2}}; !NearPositions(r.Positions, want) || !slices.Equal(r.Frames[1], []float64{20, 21, 22, 23}) {
		t.Errorf("positions %v, frames %v", r.Positions, r.Frames)
	}
}

// An even number of points has its origin at the point n/2, and a list is row by row.
func TestEvenList(t *testing.T) {
	dir := t.TempDir()
	Create(t, filepath.Join(dir, "a.h5"), func(f *File) { Put(f, "frames", Ramp(16, uint8(0)), 4, 2, 2) })
	r := MustRun(t, Spec, dir, strings.Replace(base, "Loader\n", "LoaderFast\n", 1)+"numpos: 2\nstepsize: 1\n")
	if want := [][2]float64{{1, 1}, {1, 0}, {0, 1}, {0, 0}}; !NearPositions(r.Positions, want) {
		t.Errorf("positions %v, expected %v", r.Positions, want)
	}
	if r := MustRun(t, Spec, dir, base+"numpos: 2\n"); !strings.Contains(r.Log, "stepsize is 0") {
		t.Errorf("no warning for a step of 0: %s", r.Log)
	}
	MustFail(t, Spec, dir, base, problem.Input, "numpos", "256", "numpos: 2")
	Create(t, filepath.Join(dir, "a.h5"), func(f *File) { Put(f, "frames", Ramp(20, uint8(0)), 5, 2, 2) })
	MustFail(t, Spec, dir, base+"numpos: 2\n", problem.Input, "numpos", "5 frames are no square raster")
}

func TestSample(t *testing.T) {
	const n = 32
	Sample(t, "epsichdf5loader", func(dir string) {
		Create(t, filepath.Join(dir, "scan.hdf5"), func(f *File) {
			var frames []uint16
			for k := range 9 {
				frames = append(frames, Disc[uint16](n, n, k)...)
			}
			Packed(f, "data/frames", frames, 3, 3, n, n)
		})
	})
	r := Config(t, Spec, "epsichdf5loader")
	if len(r.Frames) != 9 || r.Positions[4] != [2]float64{} || math.Abs(r.Meta.EnergyKeV-296.92753869945574) > 1e-9 {
		t.Errorf("%d frames, meta %+v, positions %v", len(r.Frames), r.Meta, r.Positions)
	}
}
