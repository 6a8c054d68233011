package swmr

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"ptyprep/internal/recipes/defaultstest"
	"ptyprep/internal/recipes/hdf5"
	. "ptyprep/internal/recipes/recipetest"
	"ptyprep/internal/scan/problem"
)

func TestDefaults(t *testing.T) {
	defaultstest.Compare(t, tree, "Hdf5Loader", []string{
		"intensities.live_key", "positions.live_slow_key", "positions.live_fast_key",
		"positions.slow_key_with_expected_shape", "positions.fast_key_with_expected_shape",
	}, nil)
}

const base = "name: SwmrLoader\nintensities: {file: a.h5, key: frames, live_key: live}\n" +
	"positions: {slow_key: y, fast_key: x, live_slow_key: live_y, live_fast_key: live_x, slow_key_with_expected_shape: set_y, fast_key_with_expected_shape: set_x}\nauto_center: false\n"

func write(t *testing.T, dir string, live, liveY, liveX []int32, setY int) {
	Create(t, filepath.Join(dir, "a.h5"), func(f *File) {
		Put(f, "frames", Ramp(16, uint16(0)), 4, 2, 2)
		Put(f, "y", []float64{0, 0, 1, 1})
		Put(f, "x", []float64{0, 1, 0, 1})
		Put(f, "live", live)
		Put(f, "live_y", liveY)
		Put(f, "live_x", liveX)
		Put(f, "set_y", make([]float64, setY))
		Put(f, "set_x", make([]float64, setY))
	})
}

// A finished file gives what Hdf5Loader gives.
func TestFinished(t *testing.T) {
	dir := t.TempDir()
	all := []int32{1, 2, 3, 4}
	write(t, dir, all, all, all, 4)
	got := MustRun(t, Spec, dir, base)
	want := MustRun(t, hdf5.Spec, dir, "name: Hdf5Loader\nintensities: {file: a.h5, key: frames}\npositions: {slow_key: y, fast_key: x}\nauto_center: false\n")
	if !slices.Equal(got.Positions, want.Positions) || !slices.EqualFunc(got.Frames, want.Frames, slices.Equal) || len(got.LeftOut) > 0 {
		t.Errorf("%v %v, expected %v %v", got.Positions, got.Frames, want.Positions, want.Frames)
	}
}

// A scan that stopped early gives the points that are complete in all three keys, and says so;
// not when num_frames asks for no more.
func TestStoppedEarly(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, []int32{1, 1, 1, 1}, []int32{1, 0, 1, 0}, []int32{1, 1, 0, 0}, 4)
	r := MustRun(t, Spec, dir, base)
	if len(r.Frames) != 2 || len(r.LeftOut) != 1 || !strings.Contains(r.LeftOut[0], "2 of 4") || !strings.Contains(r.LeftOut[0], "live_x") {
		t.Errorf("%d frames, left out %q", len(r.Frames), r.LeftOut)
	}
	if r := MustRun(t, Spec, dir, base+"num_frames: 2\n"); len(r.Frames) != 2 || len(r.LeftOut) != 0 {
		t.Errorf("%d frames, left out %q", len(r.Frames), r.LeftOut)
	}
	write(t, dir, []int32{0, 0, 0, 0}, []int32{1, 0, 1, 0}, []int32{1, 1, 0, 0}, 4)
	MustFail(t, Spec, dir, base, problem.Input, "live", "0 of 4")
	write(t, dir, []int32{1, 1, 1, 1}, []int32{1, 1, 1, 1}, []int32{1, 1, 1, 1}, 5)
	MustFail(t, Spec, dir, base+"outer_index: 0\n", problem.Usage, "outer_index", "Hdf5Loader")
	MustFail(t, Spec, dir, base, problem.Input, "slow_key_with_expected_shape", "5 points", "has 4")
}

func TestSample(t *testing.T) {
	const n = 32
	Sample(t, "swmrloader", func(dir string) {
		Create(t, filepath.Join(dir, "scan.h5"), func(f *File) {
			var frames []uint16
			var x, y []float64
			for k := range 6 {
				frames = append(frames, Disc[uint16](n, n, k)...)
				x, y = append(x, float64(k%3)), append(y, float64(k/3))
			}
			Packed(f, "entry/detector/data", frames, 2, 3, n, n)
			Put(f, "entry/detector/live", Ramp(6, int32(1)), 2, 3)
			Put(f, "entry/stage/x", x, 2, 3)
			Put(f, "entry/stage/y", y, 2, 3)
			Put(f, "entry/stage/live", Ramp(6, int32(1)), 2, 3)
		})
	})
	if r := Config(t, Spec, "swmrloader"); len(r.Frames) != 6 || len(r.LeftOut) > 0 || r.Positions[5] != [2]float64{1e-6, 2e-6} {
		t.Errorf("%d frames, left out %v, positions %v", len(r.Frames), r.LeftOut, r.Positions)
	}
}
