package dls

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"ptyprep/internal/recipes/defaultstest"
	. "ptyprep/internal/recipes/recipetest"
	"ptyprep/internal/scan/problem"
)

func TestDefaults(t *testing.T) { defaultstest.Compare(t, Tree, "DlsScan", nil, nil) }

const base = "name: DlsScan\nscan_number: 12\nshape: null\nenergy: 9\ndistance: 1\npsize: 5.5e-5\n"

func nexus(t *testing.T, dir string, n int, sy, sx []float64, shape []int, more func(f *File)) {
	Create(t, filepath.Join(dir, "raw/00012.nxs"), func(f *File) {
		Put(f, "entry1/merlin_sw_hdf/data", Ramp(4*n, uint16(0)), n, 2, 2)
		Put(f, "entry1/merlin_sw_hdf/lab_sy", sy, shape...)
		Put(f, "entry1/merlin_sw_hdf/lab_sx", sx, shape...)
		if more != nil {
			more(f)
		}
	})
}

func TestScan(t *testing.T) {
	dir := t.TempDir()
	nexus(t, dir, 4, []float64{1, 2, 3, 4}, []float64{5, 6, 7, 8}, []int{2, 2}, nil)
	Create(t, filepath.Join(dir, "mask_12.h5"), func(f *File) { Put(f, "mask", []float64{1, 1, 0, 1}, 2, 2) })
	r := MustRun(t, Spec, dir, base+"israster: 1\nmask_file: 'mask_%(scan_number)d.h5'\n")
	if want := [][2]float64{{1e-6, -5e-6}, {2e-6, -6e-6}, {3e-6, -7e-6}, {4e-6, -8e-6}}; !NearPositions(r.Positions, want) {
		t.Errorf("positions %v, want %v", r.Positions, want)
	}
	if !slices.Equal(r.Frames[2], []float64{8, 9, 10, 11}) || !slices.Equal(r.Masks[0], []byte{1, 1, 0, 1}) {
		t.Errorf("frames %v, masks %v", r.Frames, r.Masks)
	}
	if r = MustRun(t, Spec, dir, base+"detector_name: excalibur\n"); !strings.Contains(r.Log, "merlin_sw_hdf is taken") {
		t.Errorf("log: %s", r.Log)
	}
}

// With is_swmr live_key tells how many frames there are, and finished whether that is all.
func TestLive(t *testing.T) {
	dir := t.TempDir()
	for _, finished := range []float64{1, 0} {
		nexus(t, dir, 4, []float64{1, 2, 3}, []float64{5, 6, 7}, nil, func(f *File) {
			Put(f, "entry1/merlin_sw_hdf/live_key", []float64{1, 2, 3})
			Put(f, "entry1/live/finished", []float64{finished})
		})
		r := MustRun(t, Spec, dir, base+"is_swmr: true\n")
		if len(r.Frames) != 3 || (len(r.LeftOut) > 0) != (finished == 0) {
			t.Errorf("finished %v: %d frames, left out %v", finished, len(r.Frames), r.LeftOut)
		}
		for _, enough := range []string{"num_frames: 3\n", "positions_theory: [[0, 1], [2, 3]]\n"} {
			if r = MustRun(t, Spec, dir, base+"is_swmr: true\n"+enough); len(r.LeftOut) > 0 {
				t.Errorf("finished %v, %s%d frames, left out %v", finished, enough, len(r.Frames), r.LeftOut)
			}
		}
	}
}

func TestBadInputs(t *testing.T) {
	dir := t.TempDir()
	MustFail(t, Spec, dir, "name: DlsScan\n", problem.Usage, "data_file_pattern", "scan_number")
	MustFail(t, Spec, dir, base, problem.Input, "data_file_pattern", "00012.nxs")
	nexus(t, dir, 2, []float64{1, 2}, []float64{5, 6}, nil, nil)
	MustFail(t, Spec, dir, base+"is_swmr: true\n", problem.Input, "is_swmr", "live_key")
	MustFail(t, Spec, dir, base+"mask_file: none.h5\n", problem.Input, "mask_file", "none.h5")
	nexus(t, dir, 3, []float64{1, 2}, []float64{5, 6}, nil, nil)
	if r := MustRun(t, Spec, dir, base); len(r.Frames) != 2 || len(r.LeftOut) != 1 {
		t.Errorf("%d frames, left out %v", len(r.Frames), r.LeftOut)
	}
}

// ---- sample of configs/dlsscan.yaml

const size = 32

func TestExample(t *testing.T) {
	Sample(t, "dlsscan", func(dir string) {
		var all []uint16
		x, y := make([]float64, 6), make([]float64, 6)
		for k := range 6 {
			all = append(all, Disc[uint16](size, size, k)...)
			x[k], y[k] = 7+0.5*float64(k%3), 2+0.5*float64(k/3)
		}
		Create(t, filepath.Join(dir, "raw/74456.nxs"), func(f *File) {
			Packed(f, "entry1/merlin_sw_hdf/data", all, 6, size, size)
			Put(f, "entry1/merlin_sw_hdf/lab_sx", x)
			Put(f, "entry1/merlin_sw_hdf/lab_sy", y)
		})
	})
	r := Config(t, Spec, "dlsscan")
	if len(r.Frames) != 6 || len(r.LeftOut) > 0 || !NearPositions(r.Positions[4:5], [][2]float64{{2.5e-6, -7.5e-6}}) {
		t.Errorf("%d frames, left out %v, positions %v", len(r.Frames), r.LeftOut, r.Positions)
	}
}
