package fermi

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"ptyprep/internal/recipes/defaultstest"
	. "ptyprep/internal/recipes/recipetest"
	"ptyprep/internal/scan/problem"
)

func TestDefaults(t *testing.T) { defaultstest.Compare(t, Tree, "DiProIFERMIScan", nil, nil) }

const base = "name: DiProIFERMIScan\nbase_path: data\nrun_ID: R1\nscan_name: C1\nshape: null\nenergy: 0.06\ndistance: 0.1\npsize: 1.3e-5\n"

func shot(t *testing.T, dir, scan, name string, x, y float64, p ...uint16) {
	Create(t, filepath.Join(dir, "data/imported/R1", scan, "rawdata", name), func(f *File) {
		Put(f, image, p, 2, len(p)/2)
		f.Scalar("DPI/SampleX", x)
		f.Scalar("DPI/SampleY", y)
	})
}

func write(t *testing.T) string {
	dir := t.TempDir()
	shot(t, dir, "C1", "C1_1.h5", 1, 2, 210, 205, 200, 195)
	shot(t, dir, "C1", "C1_2.h5", 3, 4, 211, 212, 213, 214)
	Write(t, filepath.Join(dir, "data/imported/R1/C1/rawdata/.hidden"), nil)
	shot(t, dir, "Dark", "Dark_1.h5", 0, 0, 199, 199, 199, 199)
	shot(t, dir, "Dark", "Dark_2.h5", 0, 0, 201, 201, 201, 201)
	shot(t, dir, "Dark", "White.h5", 0, 0, 9, 9, 9, 9)
	Create(t, filepath.Join(dir, "flat.h5"), func(f *File) { Put(f, "flat", []float32{205, 200, 202, 201}, 2, 2) })
	return dir
}

func TestScan(t *testing.T) {
	dir := write(t)
	r := MustRun(t, Spec, dir, base+"motors_multiplier: [1, -1]\n")
	if want := [][2]float64{{1, -2}, {3, -4}}; !NearPositions(r.Positions, want) || !slices.Equal(r.Frames[1], []float64{211, 212, 213, 214}) {
		t.Errorf("positions %v, frames %v", r.Positions, r.Frames)
	}
	if !strings.HasSuffix(r.DefaultOutput, "data_R1_C1.ptyd") {
		t.Errorf("default output %s", r.DefaultOutput)
	}
	for _, c := range []struct {
		recipe string
		want   []float64 // of frame 0
		mask   byte      // of pixel 1
	}{
		{"dark_subtraction: true\n", []float64{10, 5, 0, 0}, 1},                                                         // dark_value 200
		{"dark_subtraction: true\ndark_name: Dark\n", []float64{10, 5, 0, 0}, 1},                                        // mean of 199 and 201
		{"flat_division: true\ndetector_flat_file: flat.h5\n", []float64{210. / 205, 1.025, 200. / 202, 195. / 201}, 1}, // no dark
		{"flat_division: true\ndark_subtraction: true\ndetector_flat_file: flat.h5\n", []float64{2, 0, 0, 0}, 0},        // flat - dark = 5, 0, 2, 1
		{"flat_division: true\n", []float64{210, 205, 200, 195}, 1},                                                     // no flat: a warning
		{"flat_division: true\ndark_subtraction: true\nmask_file: flat.h5\n", nil, 0},                                   // a mask that is not there
	} {
		if c.want == nil {
			MustFail(t, Spec, dir, base+c.recipe, problem.Input, "mask_file", "mask", "flat")
			continue
		}
		r := MustRun(t, Spec, dir, base+c.recipe+"output_dtype: float64\n")
		if !Near(r.Frames[0], c.want) || r.Masks[0][1] != c.mask {
			t.Errorf("%s: frame %v, mask %v; want %v", c.recipe, r.Frames[0], r.Masks[0], c.want)
		}
	}
}

func TestRefined(t *testing.T) {
	dir := write(t)
	Create(t, filepath.Join(dir, "data/imported/R1/C1/Fermi_reconstruction.h5"), func(f *File) {
		Put(f, "data/probe_positions", []float64{5, 6, 7, 8}, 2, 2)
	})
	r := MustRun(t, Spec, dir, base+"use_refined_positions: true\n")
	if want := [][2]float64{{5, 7}, {6, 8}}; !NearPositions(r.Positions, want) {
		t.Errorf("positions %v, want %v", r.Positions, want)
	}
	Create(t, filepath.Join(dir, "data/imported/R1/C1/Fermi_reconstruction.h5"), func(f *File) {
		Put(f, "data/probe_positions", []float64{5, 6}, 2, 1)
	})
	if r := MustRun(t, Spec, dir, base+"use_refined_positions: true\n"); len(r.Frames) != 1 || len(r.LeftOut) != 1 {
		t.Errorf("%d frames, left out %v", len(r.Frames), r.LeftOut)
	}
}

func TestBadInputs(t *testing.T) {
	dir := write(t)
	MustFail(t, Spec, dir, "name: DiProIFERMIScan\n", problem.Usage, "base_path", "must be given")
	MustFail(t, Spec, dir, "name: DiProIFERMIScan\nbase_path: data\n", problem.Usage, "h5_file_pattern", "run_ID")
	MustFail(t, Spec, dir, strings.Replace(base, "C1", "C2", 1), problem.Input, "h5_file_pattern", "C2", "C1")
	MustFail(t, Spec, dir, base+"dark_subtraction: true\ndark_name: Dusk\n", problem.Input, "dark_h5_file_pattern", "Dusk", "Dark")
	MustFail(t, Spec, dir, base+"use_refined_positions: true\n", problem.Input, "refined_positions_pattern", "Fermi_reconstruction.h5")
	shot(t, dir, "C1", "C1_3.h5", 1, 2, 1, 2)
	MustFail(t, Spec, dir, base, problem.Input, "C1_3.h5", "2 x 1", "2 x 2")
	Write(t, filepath.Join(dir, "data/imported/R1/C1/rawdata/C1_0.txt"), []byte("notes"))
	MustFail(t, Spec, dir, base, problem.Input, "C1_0.txt", "HDF5")
}

// ---- sample of configs/diproifermiscan.yaml

const size = 32

func TestExample(t *testing.T) {
	Sample(t, "diproifermiscan", func(dir string) {
		write := func(path string, x, y float64, p []uint16) {
			Create(t, filepath.Join(dir, path), func(f *File) {
				Packed(f, image, p, size, size)
				f.Scalar("DPI/SampleX", x)
				f.Scalar("DPI/SampleY", y)
			})
		}
		level := func(p []uint16) []uint16 {
			for i := range p {
				p[i] = 200 + uint16(i%3) + 20*p[i]
			}
			return p
		}
		for k := range 4 {
			write(fmt.Sprintf("imported/Scan018/Cycle001/rawdata/Cycle001_%07d.h5", k+1), 0.005*float64(k/2), 0.005*float64(k%2), level(Disc[uint16](size, size, k)))
		}
		write("imported/Scan018/Dark/rawdata/Dark_0000001.h5", 0, 0, level(make([]uint16, size*size)))
	})
	r := Config(t, Spec, "diproifermiscan")
	if want := [][2]float64{{0, 0}, {0, 5e-6}, {5e-6, 0}, {5e-6, 5e-6}}; !NearPositions(r.Positions, want) || len(r.LeftOut) > 0 || r.Frames[0][0] >= 100 {
		t.Errorf("positions %v, left out %v", r.Positions, r.LeftOut)
	}
}
