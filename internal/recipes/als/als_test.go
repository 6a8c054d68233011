package als

import (
	"path/filepath"
	"slices"
	"testing"

	"ptyprep/internal/recipes/defaultstest"
	. "ptyprep/internal/recipes/recipetest"
	"ptyprep/internal/scan/problem"
)

func TestDefaults(t *testing.T) {
	defaultstest.Compare(t, tree, "ALS5321Scan", []string{"datafile"}, nil)
}

func small(t *testing.T, path string, frames int) {
	Create(t, path, func(f *File) {
		Put(f, "entry_1/data_1/data", Ramp(4*frames, float32(0.5)), frames, 2, 2)
		Put(f, "entry_1/data_1/translation", []float64{1, 2, 0, 3, 4, 0, 5, 6, 0}, 3, 3)
		f.Scalar("entry_1/instrument_1/detector_1/distance", 0.08)
		f.Scalar("entry_1/instrument_1/detector_1/x_pixel_size", 3e-5)
		f.Scalar("entry_1/instrument_1/detector_1/y_pixel_size", 2e-5)
	})
}

const base = "name: ALS5321Scan\nshape: null\nauto_center: false\n"

// Column 1 of the table goes along the rows, the pixel size is (y, x), a folder gets its slash.
func TestLoads(t *testing.T) {
	dir := t.TempDir()
	small(t, filepath.Join(dir, "raw", "a.cxi"), 3)
	Create(t, filepath.Join(dir, "raw", "m.h5"), func(f *File) { Put(f, "good", []uint8{1, 0, 1, 1}, 2, 2) })
	r := MustRun(t, Spec, dir, base+"dataPath: raw\ndatafile: a.cxi\nmaskfile: m.h5\nCXI_PATHS: {CXI_MASK_PATH: good}\ndistance: 3\n")
	if want := [][2]float64{{2, 1}, {4, 3}, {6, 5}}; !slices.Equal(r.Positions, want) {
		t.Errorf("positions %v, expected %v", r.Positions, want)
	}
	if r.Meta.PSizeM != [2]float64{2e-5, 3e-5} || r.Meta.DistanceM != 0.08 || r.Meta.EnergyKeV != 0.82 {
		t.Errorf("meta %+v", r.Meta)
	}
	if !slices.Equal(r.Frames[1], []float64{4.5, 5.5, 6.5, 7.5}) || !slices.Equal(r.Masks[1], []byte{1, 0, 1, 1}) {
		t.Errorf("frame 1 is %v with mask %v", r.Frames[1], r.Masks[1])
	}
	if r := MustRun(t, Spec, filepath.Join(dir, "raw"), base+"dataile: a.cxi\n"); len(r.Frames) != 3 {
		t.Errorf("the misspelt name gives %d frames", len(r.Frames))
	}
}

// Frames and positions that have no partner are left out, unless num_frames ends before them.
func TestCounts(t *testing.T) {
	dir := t.TempDir()
	small(t, filepath.Join(dir, "a.cxi"), 2)
	if r := MustRun(t, Spec, dir, base+"datafile: a.cxi\n"); len(r.Frames) != 2 || len(r.LeftOut) != 1 {
		t.Errorf("%d frames, left out %v", len(r.Frames), r.LeftOut)
	}
	if r := MustRun(t, Spec, dir, base+"datafile: a.cxi\nnum_frames: 2\n"); len(r.LeftOut) != 0 {
		t.Errorf("left out %v", r.LeftOut)
	}
	// theoretical positions stand in for the recorded ones, which need not be there
	r := MustRun(t, Spec, dir, base+"datafile: a.cxi\nCXI_PATHS: {CXI_POS_PATH: nowhere}\npositions_theory: [[1, 2], [3, 4]]\n")
	if len(r.Frames) != 2 || r.Positions[1] != [2]float64{3, 4} || len(r.LeftOut) != 0 {
		t.Errorf("positions_theory: %d frames at %v, left out %v", len(r.Frames), r.Positions, r.LeftOut)
	}
}

func TestBadInputs(t *testing.T) {
	dir := t.TempDir()
	small(t, filepath.Join(dir, "a.cxi"), 3)
	MustFail(t, Spec, dir, base, problem.Usage, "datafile", "must be given")
	MustFail(t, Spec, dir, base+"datafile: a.cxi\ndataile: b.cxi\n", problem.Usage, "dataile", "b.cxi")
	MustFail(t, Spec, dir, base+"datafile: b.cxi\n", problem.Input, "b.cxi", "datafile", "a.cxi")
	MustFail(t, Spec, dir, base+"datafile: a.cxi\nmaskfile: a.cxi\n", problem.Input, "CXI_MASK_PATH", "mask")
	MustFail(t, Spec, dir, base+"datafile: a.cxi\nCXI_PATHS: {CXI_POS_PATH: entry_1/data_1/translations}\n", problem.Input, "CXI_POS_PATH", "translation")
	MustFail(t, Spec, dir, base+"datafile: a.cxi\nCXI_PATHS: {CXI_DISTANCE: entry_1/data_1/translation}\n", problem.Input, "CXI_DISTANCE", "3 x 3")
}

func TestSample(t *testing.T) {
	const n = 32
	Sample(t, "als5321scan", func(dir string) {
		Create(t, filepath.Join(dir, "NS_1.cxi"), func(f *File) {
			var frames []float32
			var positions []float64
			for k := range 6 {
				frames = append(frames, Disc[float32](n, n, k)...)
				positions = append(positions, 50e-9*float64(k%3), 50e-9*float64(k/3), 0)
			}
			Packed(f, "entry_1/data_1/data", frames, 6, n, n)
			Put(f, "entry_1/data_1/translation", positions, 6, 3)
			f.Scalar("entry_1/instrument_1/detector_1/distance", 0.0795)
			f.Scalar("entry_1/instrument_1/detector_1/x_pixel_size", 3e-5)
			f.Scalar("entry_1/instrument_1/detector_1/y_pixel_size", 3e-5)
		})
		Create(t, filepath.Join(dir, "mask.h5"), func(f *File) {
			m := make([]uint8, n*n)
			for i := range m {
				m[i] = 1
			}
			m[5*n+7] = 0
			Packed(f, "mask", m, n, n)
		})
	})
	r := Config(t, Spec, "als5321scan")
	if len(r.Frames) != 6 || r.Masks[0][5*n+7] != 0 || r.Positions[4] != [2]float64{50e-9, 50e-9} {
		t.Errorf("%d frames, positions %v", len(r.Frames), r.Positions)
	}
}
