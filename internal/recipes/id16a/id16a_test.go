package id16a

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

func TestDefaults(t *testing.T) {
	defaultstest.Compare(t, Tree, "ID16AScan", []string{"recipe.*"}, nil)
}

// motors are header lines with a run of blanks that pairs names and values only by place.
func motors(y, z, monitor float64) []string {
	return []string{
		fmt.Sprintf("motor_pos =  %v   %v 7", y, z), "motor_mne = spy  spz sx",
		fmt.Sprintf("counter_pos = 1 %v", monitor), "counter_mne = sec bpm5_ct",
	}
}

// base is a recipe that leaves frames of 2 x 2 pixels as they lie.
const base = "name: ID16AScan\nbase_path: .\nsample_name: s_\nshape: null\norientation: null\nenergy: 17\ndistance: 1\npsize: 1.0e-6\n"

// write makes EDF frames of 2 x 2 pixels.
func write(t *testing.T, dir string, monitors []float64, frames ...[]uint16) {
	for k, p := range frames {
		m := 1.0
		if monitors != nil {
			m = monitors[k]
		}
		Write(t, filepath.Join(dir, fmt.Sprintf("s_%04d.edf", k)), EDF(p, 2, motors(float64(k), float64(10+k), m)...))
	}
}

func TestPositions(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, nil, []uint16{1, 2, 3, 4}, []uint16{5, 6, 7, 8})
	r := MustRun(t, Spec, dir, base+"motors_multiplier: [1.0e-6, -2.0e-6]\n")
	if want := [][2]float64{{0, -20e-6}, {1e-6, -22e-6}}; !NearPositions(r.Positions, want) {
		t.Errorf("positions %v, want %v", r.Positions, want)
	}
	if r.Type.String() != "uint16" || !slices.Equal(r.Frames[1], []float64{5, 6, 7, 8}) {
		t.Errorf("frames %v of %v, want whole counts", r.Frames, r.Type)
	}
	if !strings.HasSuffix(r.DefaultOutput, "prepdata/data_s_.ptyd") {
		t.Errorf("default output %s", r.DefaultOutput)
	}
	if r := MustRun(t, Spec, dir, base+"label: night\n"); !strings.HasSuffix(r.DefaultOutput, "data_night.ptyd") {
		t.Errorf("default output %s", r.DefaultOutput)
	}
	r = MustRun(t, Spec, dir, base+"motors: [sx, spy]\npositions_theory: [[1, 2]]\n")
	if want := [][2]float64{{1, 2}}; !NearPositions(r.Positions, want) || len(r.Frames) != 1 {
		t.Errorf("positions_theory: %v, %d frames", r.Positions, len(r.Frames))
	}
}

// Darks 1 and 3 give 2, flats 12 and 22 (one file of two frames) 17, but for a pixel whose flat is
// the dark: (7-2)/(17-2) = 1/3; (1-2)/15 is negative; the equal pixel is 0 and masked.
func TestDarkAndFlat(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, nil, []uint16{7, 1, 9, 32})
	Write(t, filepath.Join(dir, "dark0.edf"), EDF([]uint16{1, 1, 1, 1}, 2))
	Write(t, filepath.Join(dir, "dark1.edf"), EDF([]uint16{3, 3, 3, 3}, 2))
	two := append(EDF([]uint16{12, 12, 2, 12}, 2), EDF([]uint16{22, 22, 2, 22}, 2)...)
	Write(t, filepath.Join(dir, "ref0.edf"), two)
	r := MustRun(t, Spec, dir, base+"dark_subtraction: true\nflat_division: true\noutput_dtype: float64\n")
	if !Near(r.Frames[0], []float64{1. / 3, 0, 0, 2}) || !slices.Equal(r.Masks[0], []byte{1, 1, 0, 1}) {
		t.Errorf("frame %v, mask %v", r.Frames[0], r.Masks[0])
	}
	if !strings.Contains(r.Log, "1 pixels cannot be divided") {
		t.Errorf("log: %s", r.Log)
	}
	r = MustRun(t, Spec, dir, base+"dark_subtraction: true\n")
	if !Near(r.Frames[0], []float64{5, 0, 7, 30}) || r.Type.String() != "float32" {
		t.Errorf("dark alone: %v of %v", r.Frames[0], r.Type)
	}
	r = MustRun(t, Spec, dir, base+"flat_division: true\noutput_dtype: float64\n")
	if !Near(r.Frames[0], []float64{7. / 17, 1. / 17, 4.5, 32. / 17}) {
		t.Errorf("flat alone: %v", r.Frames[0])
	}
}

// The detector's flat (0, 2, 4, 6) has the mean 3: divided by 1 (as it is 0), 2/3, 4/3, 2.
func TestDetectorFlat(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, nil, []uint16{4, 4, 4, 4})
	Write(t, filepath.Join(dir, "det.edf"), EDF([]uint16{0, 2, 4, 6}, 2))
	r := MustRun(t, Spec, dir, base+"det_flat_field: det.edf\noutput_dtype: float64\n")
	if !Near(r.Frames[0], []float64{4, 6, 3, 2}) {
		t.Errorf("frame %v", r.Frames[0])
	}
	Write(t, filepath.Join(dir, "det.edf"), EDF([]uint16{0, 2, 4, 6, 1, 1}, 2))
	MustFail(t, Spec, dir, base+"det_flat_field: det.edf\n", problem.Input, "det_flat_field", "3 x 2", "2 x 2")
}

// Drop-outs of the monitor.
func TestRepair(t *testing.T) {
	for _, c := range []struct {
		in, want []float64
		spikes   []int
	}{
		{[]float64{4, 5, -1, 5}, []float64{4, 5, 5, 5}, []int{2}},           // below 0, and the only one below 3.25
		{[]float64{4, 1, 6, 5}, []float64{4, 5, 6, 5}, []int{1}},            // mean 4: 1 alone lies below, (4 + 6)/2
		{[]float64{9, 9, 9, 2}, []float64{9, 9, 9, 9}, []int{3}},            // at the end: the only neighbour
		{[]float64{-1, -2, 8, 6}, []float64{8, 8, 8, 6}, []int{0, 1}},       // the nearest good one on the right
		{[]float64{3, -1, -1, 7, 8}, []float64{3, 5, 5, 7, 8}, []int{1, 2}}, // between 3 and 7
		{[]float64{99, 103, 95}, []float64{99, 103, 103}, []int{2}},         // 99 is the mean itself, so 95 alone lies below
		{[]float64{1, 2, 3, 4}, []float64{1, 2, 3, 4}, nil},                 // two below the mean: no spike
	} {
		got := slices.Clone(c.in)
		spikes := repair(got)
		if !Near(got, c.want) || !slices.Equal(spikes, c.spikes) {
			t.Errorf("%v: %v, spikes %v; want %v, %v", c.in, got, spikes, c.want, c.spikes)
		}
	}
}

// Monitor 2, 4 (and 1000, which num_frames leaves out): mean 3, so frames are divided by 2/3 and 4/3.
func TestMonitor(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, []float64{2, 4, 1000}, []uint16{2, 2, 2, 2}, []uint16{4, 4, 4, 4}, []uint16{9, 9, 9, 9})
	r := MustRun(t, Spec, dir, base+"recipe: {use_bpm5_ct: true}\nnum_frames: 2\noutput_dtype: float64\n")
	// 2 is the only value below the mean: a drop-out, repaired to 4; then all are 4/4.
	if !Near(r.Frames[0], []float64{2, 2, 2, 2}) || !Near(r.Frames[1], []float64{4, 4, 4, 4}) {
		t.Errorf("frames %v", r.Frames)
	}
	write(t, dir, []float64{2, 3, 4, 7}, []uint16{1, 1, 1, 1}, []uint16{3, 3, 3, 3}, []uint16{4, 4, 4, 4}, []uint16{7, 7, 7, 7})
	r = MustRun(t, Spec, dir, base+"recipe: {use_bpm5_ct: true}\noutput_dtype: float64\n") // mean 4
	for k, want := range []float64{2, 4, 4, 4} {
		if !Near(r.Frames[k][:1], []float64{want}) {
			t.Errorf("frame %d: %v, want %v", k, r.Frames[k][0], want)
		}
	}
	write(t, dir, []float64{2, 0, 5, 7}, []uint16{1, 1, 1, 1}, []uint16{3, 3, 3, 3}, []uint16{4, 4, 4, 4}, []uint16{7, 7, 7, 7})
	MustFail(t, Spec, dir, base+"recipe: {use_bpm5_ct: true}\n", problem.Input, "use_bpm5_ct", "s_0001.edf", "is 0")
}

// 2 x 2 pixels in a square of 3: pixel (3/2, 3/2) is pixel (2/2, 2/2).
func TestPadCrop(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, nil, []uint16{1, 2, 3, 4})
	r := MustRun(t, Spec, dir, base+"recipe: {pad_crop: 3}\n")
	if want := []float64{1, 2, 0, 3, 4, 0, 0, 0, 0}; !slices.Equal(r.Frames[0], want) || r.Masks[0][2] != 0 || r.Masks[0][0] != 1 {
		t.Errorf("frame %v, mask %v", r.Frames[0], r.Masks[0])
	}
	r = MustRun(t, Spec, dir, base+"recipe: {pad_crop: 1}\nauto_center: false\ncenter: 0.5\n")
	if !slices.Equal(r.Frames[0], []float64{4}) {
		t.Errorf("frame %v, want the pixel (1, 1)", r.Frames[0])
	}
}

// Displacements of -1 along the columns: out[y, x] = frame[y, x+1] where all four neighbours are
// there, which is (0, 0) alone; the others are the mean.
func TestUndistort(t *testing.T) {
	dir := t.TempDir()
	Write(t, filepath.Join(dir, "s_0.edf"), EDF([]uint16{1, 2, 3, 4, 5, 6, 7, 8, 9}, 3, motors(0, 0, 1)...))
	Write(t, filepath.Join(dir, "h.edf"), EDF([]float32{-1, -1, -1, -1, -1, -1, -1, -1, -1}, 3))
	Write(t, filepath.Join(dir, "v.edf"), EDF(make([]float32, 9), 3))
	files := "distortion_h_file: h.edf\ndistortion_v_file: v.edf\n"
	r := MustRun(t, Spec, dir, base+files+"recipe: {undistort: true}\n")
	if want := []float64{2, 5, 5, 5, 5, 5, 5, 5, 5}; !slices.Equal(r.Frames[0], want) {
		t.Errorf("frame %v, want %v", r.Frames[0], want)
	}
	// The detector's flat (1, 2, 2, 2, ...; mean 17/9) divides before: (0, 0) is frame[0, 1] over its own
	// flat, 2/2, and not over that of the place it moves to; the others are the mean of (1, 2/2, ..., 9/2)*17/9.
	Write(t, filepath.Join(dir, "det.edf"), EDF([]uint16{1, 2, 2, 2, 2, 2, 2, 2, 2}, 3))
	r = MustRun(t, Spec, dir, base+files+"det_flat_field: det.edf\noutput_dtype: float64\nrecipe: {undistort: true}\n")
	if want := []float64{17. / 9, 23. / 9 * 17 / 9}; !Near(r.Frames[0][:2], want) {
		t.Errorf("with the detector's flat: %v, want %v", r.Frames[0][:2], want)
	}
	MustFail(t, Spec, dir, base+"distortion_v_file: v.edf\ndistortion_h_file: none.edf\nrecipe: {undistort: true}\n", problem.Input, "distortion_h_file", "none.edf")
}

// hdf5 makes a frame with its parameters; blank is what their names end in.
func hdf5(t *testing.T, path, blank string, detectors ...string) {
	Create(t, path, func(f *File) {
		for _, d := range detectors {
			g := "entry_0000/measurement/" + d
			Put(f, g+"/data", []uint16{1, 2, 3, 4}, 1, 2, 2)
			f.Text(g+"/parameters/motor_mne"+blank, "sx spz spy")
			f.Text(g+"/parameters/motor_pos"+blank, "1 2  3")
		}
	})
}

func TestHDF5(t *testing.T) {
	for _, blank := range []string{" ", ""} {
		dir := t.TempDir()
		hdf5(t, filepath.Join(dir, "s_0.h5"), blank, "frelon")
		Write(t, filepath.Join(dir, "s_0.h5.bak"), nil)
		r := MustRun(t, Spec, dir, base)
		if want := [][2]float64{{3e-6, 2e-6}}; !NearPositions(r.Positions, want) || !slices.Equal(r.Frames[0], []float64{1, 2, 3, 4}) {
			t.Errorf("positions %v, frame %v", r.Positions, r.Frames)
		}
		if !strings.Contains(r.Log, "s_0.h5.bak") {
			t.Errorf("the foreign file is not told: %s", r.Log)
		}
	}
	dir := t.TempDir()
	hdf5(t, filepath.Join(dir, "s_0.h5"), " ", "frelon", "pco")
	MustFail(t, Spec, dir, base, problem.Input, "recipe.detector", "frelon, pco")
	MustFail(t, Spec, dir, base+"recipe: {detector: kodak}\n", problem.Input, "kodak", "frelon, pco")
	MustFail(t, Spec, dir, base+"motors: [spy, spx]\nrecipe: {detector: pco}\n", problem.Input, "motors", "spx", "sx, spz, spy")
}

// The first file decides by its extension; one that is no frame at all does not.
func TestForeignFiles(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, nil, []uint16{1, 2, 3, 4}, []uint16{5, 6, 7, 8})
	Write(t, filepath.Join(dir, "s_0000.bak"), []byte("notes"))
	Write(t, filepath.Join(dir, "s_.h5"), nil)
	MustFail(t, Spec, dir, base, problem.Input, "s_.h5")
	r := MustRun(t, Spec, dir, strings.Replace(base, "sample_name: s_", "sample_name: s_0", 1))
	if len(r.Frames) != 2 || !strings.Contains(r.Log, "s_0000.bak") {
		t.Errorf("%d frames, log: %s", len(r.Frames), r.Log)
	}
	Write(t, filepath.Join(dir, "s_0000.bak"), EDF([]uint16{9, 9, 9, 9}, 2, motors(0, 0, 1)...))
	r = MustRun(t, Spec, dir, strings.Replace(base, "sample_name: s_", "sample_name: s_0", 1))
	if len(r.Frames) != 1 || r.Frames[0][0] != 9 || !strings.Contains(r.Log, "s_0001.edf") {
		t.Errorf("%d frames, log: %s", len(r.Frames), r.Log)
	}
}

func TestBadInputs(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, nil, []uint16{1, 2, 3, 4}, []uint16{5, 6, 7, 8})
	MustFail(t, Spec, dir, strings.Replace(base, "sample_name: s_\n", "", 1), problem.Usage, "sample_name", "must be given")
	MustFail(t, Spec, dir, base+"motors: [spy, spx]\n", problem.Input, "spx", "s_0000.edf", "spy, spz, sx")
	MustFail(t, Spec, dir, base+"dark_subtraction: true\n", problem.Input, "dark_subtraction", "dark*.edf")
	MustFail(t, Spec, dir, base+"recipe: {pad_crop: 0}\n", problem.Usage, "pad_crop")
	MustFail(t, Spec, dir, strings.Replace(base, "base_path: .", "base_path: null", 1), problem.Input, "base_path", "id16a")
	Write(t, filepath.Join(dir, "dark0.edf"), EDF([]uint16{1, 2, 3, 4}, 2)[:512])
	MustFail(t, Spec, dir, base+"dark_subtraction: true\n", problem.Input, "dark_subtraction: darks", "dark0.edf", "ends too early")
	Write(t, filepath.Join(dir, "dark0.edf"), EDF([]uint16{1, 2}, 2))
	MustFail(t, Spec, dir, base+"dark_subtraction: true\n", problem.Input, "dark0.edf", "1 x 2", "2 x 2")
	Write(t, filepath.Join(dir, "s_0002.edf"), EDF([]uint16{1, 2}, 2, motors(0, 0, 1)...))
	MustFail(t, Spec, dir, base, problem.Input, "s_0002.edf", "1 x 2", "2 x 2")
}

// ---- sample of configs/id16ascan.yaml

const size = 40

func TestExample(t *testing.T) {
	Sample(t, "id16ascan", func(dir string) {
		for k := range 6 {
			p := Disc[uint16](size, size, k)
			for i := range p {
				p[i] = 100 + 10*p[i]
			}
			Write(t, filepath.Join(dir, fmt.Sprintf("cell_%04d.edf", k)), EDF(p, size, motors(5+0.5*float64(k/3), 20+0.5*float64(k%3), 1000+10*float64(k%4))...))
		}
		flat := func(v uint16) []uint16 {
			p := make([]uint16, size*size)
			for i := range p {
				p[i] = v + uint16(i%7)
			}
			return p
		}
		Write(t, filepath.Join(dir, "dark0000.edf"), EDF(flat(95), size))
		Write(t, filepath.Join(dir, "ref0000.edf"), EDF(flat(600), size))
	})
	r := Config(t, Spec, "id16ascan")
	if len(r.Frames) != 6 || len(r.LeftOut) > 0 || !NearPositions(r.Positions[4:5], [][2]float64{{5.5e-6, 20.5e-6}}) || r.Type.String() != "float32" {
		t.Errorf("%d frames of %v, left out %v, positions %v", len(r.Frames), r.Type, r.LeftOut, r.Positions)
	}
}
