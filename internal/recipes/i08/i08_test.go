package i08

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

// The original uses a parameter date that it does not declare.
func TestDefaults(t *testing.T) {
	defaultstest.Compare(t, Tree, "I08Scan", []string{"date"}, nil)
}

const base = "name: I08Scan\nbase_path: .\nscan_number: '2535'\nscan_number_stxm: '010'\ndate: 2016-03-04\nshape: null\nenergy: 0.7\ndistance: 0.07\npsize: 1.0e-5\n"

// grid makes frames of 2 x 2 pixels on a grid of 2 x 3 points; frame (a, b) holds 10a + b + 200 and
// the next three numbers.
func grid(t *testing.T, dir string, axis0, axis1 []float64) {
	var all []uint16
	for a := range 2 {
		for b := range 3 {
			all = append(all, Ramp(4, uint16(200+10*a+b))...)
		}
	}
	Create(t, filepath.Join(dir, "nexus/i08-2535.nxs"), func(f *File) { Put(f, frames, all, 2, 3, 2, 2) })
	Create(t, filepath.Join(dir, "2016-03-04/discard/Sample_Image_2016-03-04_010.hdf5"), func(f *File) {
		Put(f, "entry1/Counter1/sample_y", axis0)
		Put(f, "entry1/Counter1/sample_x", axis1)
	})
}

// The first motor runs fastest; dark_value 200 is subtracted.
func TestGrid(t *testing.T) {
	dir := t.TempDir()
	grid(t, dir, []float64{1, 2}, []float64{5, 6, 7})
	for _, spec := range []string{"I08Scan", "I08ScanFFP", "I08ScanNFP"} {
		r := MustRun(t, Spec, dir, strings.Replace(base, "I08Scan", spec, 1)+"motors_multiplier: [1, -1]\n")
		if want := [][2]float64{{1, -5}, {2, -5}, {1, -6}, {2, -6}, {1, -7}, {2, -7}}; !NearPositions(r.Positions, want) {
			t.Errorf("positions %v, want %v", r.Positions, want)
		}
		if !slices.Equal(r.Frames[1], []float64{10, 11, 12, 13}) || !slices.Equal(r.Frames[4], []float64{2, 3, 4, 5}) {
			t.Errorf("frames %v", r.Frames)
		}
		if !strings.HasSuffix(r.DefaultOutput, "data_2535.ptyd") {
			t.Errorf("default output %s", r.DefaultOutput)
		}
	}
}

// Darks 201, 204, 202, 209 have the median 203; the flat is 2, -1, 0, 1. Frame 0 is 200 to 203.
func TestDarkFlat(t *testing.T) {
	dir := t.TempDir()
	grid(t, dir, []float64{1, 2}, []float64{5, 6, 7})
	Create(t, filepath.Join(dir, "flat.h5"), func(f *File) { Put(f, "flat", []float64{2, -1, 0, 1}, 2, 2) })
	dark := func(shape []int, levels ...uint16) {
		var all []uint16
		for _, v := range levels {
			all = append(all, v, v, v, v)
		}
		Create(t, filepath.Join(dir, "nexus/i08-7.nxs"), func(f *File) { Put(f, frames, all, shape...) })
	}
	for _, shape := range [][]int{{2, 2, 2, 2}, {4, 2, 2}} {
		dark(shape, 201, 204, 202, 209)
		r := MustRun(t, Spec, dir, base+"dark_number: 7\ndetector_flat_file: flat.h5\n")
		// (-3, -2, -1, 0)/(2, -1, 0, 1): negative, 2, not divided, 0
		if !slices.Equal(r.Frames[0], []float64{0, 2, 0, 0}) || !slices.Equal(r.Masks[0], []byte{1, 1, 0, 1}) {
			t.Errorf("frame %v, mask %v", r.Frames[0], r.Masks[0])
		}
	}
	// A recipe written out in full holds the pattern, which asks for nothing without a number.
	full := base + "dark_number: null\ndark_nxs_file_pattern: '%(base_path)s/nexus/i08-%(dark_number)s.nxs'\n"
	if r := MustRun(t, Spec, dir, full); !slices.Equal(r.Frames[5], []float64{12, 13, 14, 15}) {
		t.Errorf("frame %v, want dark_value off", r.Frames[5])
	}
	// A median with more digits than a float32 has is not rounded before it is subtracted.
	Create(t, filepath.Join(dir, "nexus/i08-7.nxs"), func(f *File) {
		Put(f, frames, []float64{199.7, 199.7, 199.7, 199.7}, 1, 2, 2)
	})
	level := 199.7
	exact := 200 - level
	if r := MustRun(t, Spec, dir, base+"dark_number: 7\n"); r.Type != pix.Float64 || r.Frames[0][0] != exact {
		t.Errorf("%v of %v, want %v", r.Frames[0][0], r.Type, exact)
	}
	dark([]int{2, 2}, 202)
	r := MustRun(t, Spec, dir, base+"dark_number: 7\n")
	if !slices.Equal(r.Frames[5], []float64{10, 11, 12, 13}) {
		t.Errorf("frame %v", r.Frames[5])
	}
}

func TestBadInputs(t *testing.T) {
	dir := t.TempDir()
	grid(t, dir, []float64{1, 2}, []float64{5, 6})
	if r := MustRun(t, Spec, dir, base); len(r.Frames) != 4 || len(r.LeftOut) != 1 {
		t.Errorf("%d frames, left out %v", len(r.Frames), r.LeftOut)
	}
	MustFail(t, Spec, dir, strings.Replace(base, "date: 2016-03-04\n", "", 1), problem.Usage, "stxm_file_pattern", "date")
	for _, day := range []string{"04.03.2016", "2016-13-04", "''"} {
		MustFail(t, Spec, dir, strings.Replace(base, "2016-03-04", day, 1), problem.Usage, "date", "YYYY-MM-DD")
	}
	MustFail(t, Spec, dir, strings.Replace(base, "'010'", "'011'", 1), problem.Input, "Sample_Image_2016-03-04_011.hdf5", "Sample_Image_2016-03-04_010.hdf5")
	MustFail(t, Spec, dir, base+"motors: [sample_z, sample_x]\n", problem.Input, "sample_z", "sample_x")
	MustFail(t, Spec, dir, base+"dark_number: 9\n", problem.Input, "dark_number", "i08-9.nxs")
	Create(t, filepath.Join(dir, "nexus/i08-9.nxs"), func(f *File) { Put(f, frames, []uint16{}, 0, 2, 2) })
	MustFail(t, Spec, dir, base+"dark_number: 9\n", problem.Input, "dark_number", "i08-9.nxs", "no frame")
	MustFail(t, Spec, dir, base+"detector_flat_file: nexus/i08-2535.nxs\n", problem.Input, "detector_flat_file", "flat")
	grid(t, dir, []float64{1, 2, 3}, []float64{5, 6})
	MustFail(t, Spec, dir, base, problem.Input, "sample_y", "3 values", "2 x 3")
	Create(t, filepath.Join(dir, "nexus/i08-2535.nxs"), func(f *File) { Put(f, frames, make([]uint16, 12), 3, 2, 2) })
	MustFail(t, Spec, dir, base, problem.Input, "nxs_file_pattern", "3 x 2 x 2", "4 dimensions")
}

// ---- sample of configs/i08scan.yaml

const size = 32

func TestExample(t *testing.T) {
	level := func(p []uint16) []uint16 {
		for i := range p {
			p[i] = 200 + uint16(i%3) + 20*p[i]
		}
		return p
	}
	Sample(t, "i08scan", func(dir string) {
		var shots, darks []uint16
		for k := range 6 {
			shots = append(shots, level(Disc[uint16](size, size, k))...)
			if k < 3 {
				darks = append(darks, level(make([]uint16, size*size))...)
			}
		}
		Create(t, filepath.Join(dir, "nexus/i08-2535.nxs"), func(f *File) { Packed(f, frames, shots, 3, 2, size, size) })
		Create(t, filepath.Join(dir, "nexus/i08-2536.nxs"), func(f *File) { Packed(f, frames, darks, 3, 1, size, size) })
		Create(t, filepath.Join(dir, "2016-03-04/discard/Sample_Image_2016-03-04_010.hdf5"), func(f *File) {
			Put(f, "entry1/Counter1/sample_y", []float64{0, 0.5, 1})
			Put(f, "entry1/Counter1/sample_x", []float64{10, 10.5})
		})
	})
	r := Config(t, Spec, "i08scan")
	if len(r.Frames) != 6 || len(r.LeftOut) > 0 || !NearPositions(r.Positions[3:4], [][2]float64{{0, 10.5e-6}}) || slices.Max(r.Frames[0])/20 != float64(int(slices.Max(r.Frames[0])/20)) {
		t.Errorf("%d frames, left out %v, positions %v", len(r.Frames), r.LeftOut, r.Positions)
	}
}
