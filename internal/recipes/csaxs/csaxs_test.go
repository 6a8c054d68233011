package csaxs

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

// The class declares its parameters where nothing reads them, so defaults.yaml has none.
func TestDefaults(t *testing.T) {
	defaultstest.Compare(t, Tree, "cSAXSScan", []string{
		"recipe.*", "base_path", "visit", "detector", "scan_number", "motors", "motors_multiplier", "mask_path", "mask_file",
	}, nil)
}

const base = "name: cSAXSScan\nshape: null\nauto_center: false\nenergy: 6.2\ndistance: 7\npsize: 1.72e-4\n"
const nested = base + "recipe: {base_path: ., visit: e1, scan_number: 2047"

func frame(t *testing.T, dir string, k int, p ...int32) {
	Write(t, filepath.Join(dir, fmt.Sprintf("pilatus_1/S02000-02999/S02047/e1_1_02047_00000_%05d.cbf", k)), CBF(p, 2))
}

func positions(t *testing.T, dir string, lines ...string) {
	text := "Scan 2047\nDataPoint Target_x Average_x Target_y\n" + strings.Join(lines, "\n") + "\n"
	Write(t, filepath.Join(dir, "specES1/scan_positions/scan_02047.dat"), []byte(text))
}

func TestScan(t *testing.T) {
	dir := t.TempDir()
	frame(t, dir, 0, 1, -2, 70000, 4)
	frame(t, dir, 1, 5, 6, 7, -1)
	frame(t, dir, 3, 9, 9, 9, 9)
	Write(t, filepath.Join(dir, "pilatus_1/S02000-02999/S02047/notes.txt"), nil)
	positions(t, dir, "0 1 9 -2", "1 3 9 4", "2 5 9 6", "3 7 9 8")
	Write(t, filepath.Join(dir, "matlab/ptycho/m.mat"), MAT5("mask", []byte{1, 0, 1, 1}, 2))
	r := MustRun(t, Spec, dir, nested+", mask_file: m.mat}\n")
	if want := [][2]float64{{-2e-6, 1e-6}, {4e-6, 3e-6}, {8e-6, 7e-6}}; !NearPositions(r.Positions, want) {
		t.Errorf("positions %v, want %v", r.Positions, want)
	}
	if !slices.Equal(r.Frames[0], []float64{1, -2, 70000, 4}) || !slices.Equal(r.Masks[2], []byte{1, 0, 1, 1}) || r.Type.String() != "int32" {
		t.Errorf("frames %v of %v, masks %v", r.Frames, r.Type, r.Masks)
	}
	if len(r.LeftOut) != 1 || !strings.Contains(r.LeftOut[0], "02047_00000_00002.cbf") {
		t.Errorf("left out %v", r.LeftOut)
	}
	// positions_theory counts the missing frame too.
	r = MustRun(t, Spec, dir, nested+"}\npositions_theory: [[0, 1], [2, 3], [4, 5], [6, 7]]\n")
	if want := [][2]float64{{0, 1}, {2, 3}, {6, 7}}; !NearPositions(r.Positions, want) {
		t.Errorf("positions_theory: %v, want %v", r.Positions, want)
	}
	if !strings.HasSuffix(r.DefaultOutput, "data_2047.ptyd") {
		t.Errorf("default output %s", r.DefaultOutput)
	}
	// The same at the top level, with another factor for each motor, and the mask of MATLAB 7.3,
	// which lies transposed in an HDF5 file with a user block; without one it is HDF5 all the same.
	Create(t, filepath.Join(dir, "masks/new.mat"), func(f *File) { Put(f, "mask", []uint8{1, 1, 0, 1}, 2, 2) })
	r = MustRun(t, Spec, dir, base+"base_path: .\nvisit: e1\nscan_number: 02047\nmotors_multiplier: [1, 2]\nmask_path: masks\nmask_file: new.mat\nnum_frames: 1\n")
	if want := [][2]float64{{-2, 2}}; !NearPositions(r.Positions, want) || !slices.Equal(r.Masks[0], []byte{1, 0, 1, 1}) || len(r.LeftOut) > 0 {
		t.Errorf("positions %v, mask %v, left out %v", r.Positions, r.Masks[0], r.LeftOut)
	}
}

func TestBadInputs(t *testing.T) {
	dir := t.TempDir()
	MustFail(t, Spec, dir, base, problem.Usage, "base_path", "visit", "scan_number", "must be given")
	if _, err := Run(t, Spec, dir, base); strings.Contains(Text(err), "It must be given") {
		t.Errorf("says it twice: %s", Text(err))
	}
	MustFail(t, Spec, dir, nested+"}\nscan_number: 2048\n", problem.Usage, "scan_number", "2047", "2048")
	MustFail(t, Spec, dir, nested+"}\n", problem.Input, "scan_number", "S02047")
	frame(t, dir, 0, 1, 2, 3, 4)
	MustFail(t, Spec, dir, nested+"}\n", problem.Input, "scan_02047.dat")
	for _, c := range []struct {
		line  string
		words []string
	}{
		{"0 1 2", []string{"line 3", "3 values", "4"}},
		{"0 x 2 3", []string{"line 3", "Target_x", `"x"`}},
		{"", []string{"holds no positions"}},
	} {
		positions(t, dir, c.line)
		MustFail(t, Spec, dir, nested+"}\n", problem.Input, append(c.words, "scan_02047.dat")...)
	}
	positions(t, dir, "0 1 9 2")
	MustFail(t, Spec, dir, nested+", motors: [Target_y, Target_z]}\n", problem.Input, "Target_z", "Average_x")
	MustFail(t, Spec, dir, nested+", mask_file: m.mat}\n", problem.Input, "mask_file", "matlab/ptycho/m.mat")
	Write(t, filepath.Join(dir, "matlab/ptycho/m.mat"), MAT5("bad", []byte{1, 1, 1, 1}, 2))
	MustFail(t, Spec, dir, nested+", mask_file: m.mat}\n", problem.Input, "m.mat", "mask", "bad")
	Write(t, filepath.Join(dir, "matlab/ptycho/m.mat"), MAT5("mask", []byte{1, 1}, 2))
	MustFail(t, Spec, dir, nested+", mask_file: m.mat}\n", problem.Input, "m.mat", "1 x 2", "2 x 2")
	cut := MAT5("mask", []byte{1, 1, 1, 1}, 2)
	Write(t, filepath.Join(dir, "matlab/ptycho/m.mat"), cut[:len(cut)-8])
	MustFail(t, Spec, dir, nested+", mask_file: m.mat}\n", problem.Input, "m.mat", "ends too early", "copy the file again")
	if _, err := Run(t, Spec, dir, nested+", mask_file: m.mat}\n"); strings.Contains(Text(err), "num_frames") {
		t.Errorf("the hint for a mask speaks of frames: %s", Text(err))
	}
	frame(t, dir, 1, 1, 2)
	positions(t, dir, "0 1 9 2", "1 1 9 2")
	MustFail(t, Spec, dir, nested+"}\n", problem.Input, "00001.cbf", "1 x 2", "2 x 2")
}

// ---- sample of configs/csaxsscan.yaml

const size = 40

func TestExample(t *testing.T) {
	Sample(t, "csaxsscan", func(dir string) {
		mask := make([]byte, size*size)
		lines := []string{"Scan 2047, requested positions", "DataPoint Target_x Target_y"}
		for k := range 6 {
			p := Disc[int32](size, size, k)
			for i := range p {
				if mask[i] = 1; i%size == 31 { // a gap between modules
					p[i], mask[i] = -1, 0
				}
			}
			p[5*size+7], mask[5*size+7] = -2, 0
			Write(t, filepath.Join(dir, fmt.Sprintf("pilatus_1/S02000-02999/S02047/e16403_1_02047_00000_%05d.cbf", k)), CBF(p, size))
			lines = append(lines, fmt.Sprintf("%d %.1f %.1f", k, 0.5*float64(k%3), 0.5*float64(k/3)))
		}
		Write(t, filepath.Join(dir, "specES1/scan_positions/scan_02047.dat"), []byte(strings.Join(lines, "\n")+"\n"))
		Write(t, filepath.Join(dir, "matlab/ptycho/binary_mask.mat"), MAT5("mask", mask, size))
	})
	r := Config(t, Spec, "csaxsscan")
	if len(r.Frames) != 6 || len(r.LeftOut) > 0 || !NearPositions(r.Positions[4:5], [][2]float64{{0.5e-6, 0.5e-6}}) || strings.Contains(r.Log, "negative") {
		t.Errorf("%d frames, left out %v, positions %v, log %s", len(r.Frames), r.LeftOut, r.Positions, r.Log)
	}
}
