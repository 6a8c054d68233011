package nanomax

import (
	"fmt"
	"math"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"ptyprep/internal/formats/h5frames"
	"ptyprep/internal/imgproc"
	"ptyprep/internal/imgproc/pix"
	"ptyprep/internal/recipes/defaultstest"
	"ptyprep/internal/recipes/h5in"
	. "ptyprep/internal/recipes/recipetest"
	"ptyprep/internal/scan/problem"
)

func TestDefaults(t *testing.T) {
	defaultstest.Compare(t, stepNov2018, "NanomaxStepscanNov2018", nil, nil)
	defaultstest.Compare(t, flyMay2019, "NanomaxFlyscanMay2019", nil, nil)
	defaultstest.Compare(t, stepSep2019, "NanomaxStepscanSep2019", nil, nil)
	defaultstest.Compare(t, flyDec2019, "NanomaxFlyscanDec2019", nil, nil)
	defaultstest.Compare(t, contrast, "NanomaxContrast", nil, nil)
}

// stepFile writes a scan of September 2019 with frames of 2 x 3 pixels, 10k+0, 10k+1, ...
func stepFile(t *testing.T, path string, frames int, x, y []float64) {
	Create(t, path, func(f *File) {
		for k := range frames {
			Put(f, fmt.Sprintf("entry/measurement/pilatus/%06d", k), Ramp(6, int32(10*k)), 1, 2, 3)
		}
		Put(f, "entry/measurement/sx", x)
		Put(f, "entry/measurement/sy", y)
	})
}

const sep = "name: NanomaxStepscanSep2019\npath: .\nscanNumber: 7\nshape: null\nauto_center: false\nenergy: 9\ndistance: 1\npsize: 1.0e-4\n"

// Positions carry the signs, the flips and the cosines of the recipe.
func TestPositions(t *testing.T) {
	dir := t.TempDir()
	stepFile(t, filepath.Join(dir, "000007.h5"), 2, []float64{1, -2}, []float64{10, 20})
	r := MustRun(t, StepscanSep2019, dir, sep)
	if want := [][2]float64{{-10e-6, -1e-6}, {-20e-6, 2e-6}}; !NearPositions(r.Positions, want) {
		t.Errorf("positions %v, expected %v", r.Positions, want)
	}
	if !slices.Equal(r.Frames[1], []float64{10, 11, 13, 14}) { // whole frames are made square: 2 x 2 about the middle
		t.Errorf("frame 1 is %v", r.Frames[1])
	}
	if r.DefaultOutput != filepath.Join(dir, "prepdata", "data_7.ptyd") {
		t.Errorf("default output %s", r.DefaultOutput)
	}
	r = MustRun(t, StepscanSep2019, dir, sep+"xMotorFlipped: true\nyMotorAngle: 60\n")
	if want := [][2]float64{{-5e-6, 1e-6}, {-10e-6, -2e-6}}; !NearPositions(r.Positions, want) { // cos 60 = 1/2
		t.Errorf("positions %v, expected %v", r.Positions, want)
	}
}

// The monitor is divided by the mean over the frames that are prepared, num_frames included, and
// marks are looked for in stored frames.
func TestMonitorAndMask(t *testing.T) {
	dir := t.TempDir()
	Create(t, filepath.Join(dir, "000007.h5"), func(f *File) {
		frames := [][]int32{{-2, 6, 6, 6}, {3, -2, 9, 12}, {1, 1, 1, 1}}
		for k, p := range frames {
			Put(f, fmt.Sprintf("entry/measurement/pilatus/%06d", k), p, 1, 2, 2)
		}
		Put(f, "entry/measurement/sx", []float64{0, 1, 2})
		Put(f, "entry/measurement/sy", []float64{0, 0, 0})
		Put(f, "entry/measurement/alba/1", []float64{1, 3, 1000})
	})
	r := MustRun(t, StepscanSep2019, dir, sep+"I0: alba/1\nnum_frames: 2\n")
	// mean of 1 and 3 is 2: frame 0 is divided by 1/2, frame 1 by 3/2
	if !Near(r.Frames[0], []float64{-4, 12, 12, 12}) || !Near(r.Frames[1], []float64{2, -2. / 1.5, 6, 8}) {
		t.Errorf("frames %v", r.Frames)
	}
	for k, m := range r.Masks {
		if !slices.Equal(m, []byte{0, 1, 1, 1}) {
			t.Errorf("mask of frame %d is %v: the marks are those of frame 0 alone", k, m)
		}
	}
}

func flyFile(t *testing.T, dir string, perLine []int, x, y []float64, width int) {
	Create(t, filepath.Join(dir, "s.h5"), func(f *File) {
		Put(f, "entry4/measurement/samx", x, len(x)/width, width)
		Put(f, "entry4/measurement/samy", y, len(y)/width, width)
		mon := make([]float64, len(x))
		for i := range mon {
			mon[i] = float64(1 + i%width)
		}
		Put(f, "entry4/measurement/mon", mon, len(x)/width, width)
	})
	Create(t, filepath.Join(dir, "scan_0004_pil100k_0000.hdf5"), func(f *File) {
		for line, n := range perLine {
			Put(f, fmt.Sprintf("entry_%04d/measurement/Pilatus/data", line), Ramp(n*4, int32(100*line)), n, 2, 2)
		}
	})
}

// The first 0 of line 0 ends the used part of the buffer; lines are cut by firstLine and nMaxLines.
func TestFlyscanLines(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "s")
	flyFile(t, dir, []int{2, 2, 2}, []float64{1, 2, 0, 3, 4, 9, 5, 6, 9}, []float64{7, 7, 0, 8, 8, 9, 9, 9, 9}, 3)
	base := "name: NanomaxFlyscanMay2019\npath: .\nscanNumber: 4\nshape: null\nauto_center: false\nenergy: 9\ndistance: 1\npsize: 1.0e-4\n"
	r := MustRun(t, FlyscanMay2019, dir, base+"firstLine: 1\nnMaxLines: 1\n")
	if want := [][2]float64{{-8e-6, -3e-6}, {-8e-6, -4e-6}}; !NearPositions(r.Positions, want) {
		t.Errorf("positions %v, expected %v", r.Positions, want)
	}
	if !slices.Equal(r.Frames[1], []float64{104, 105, 106, 107}) {
		t.Errorf("frame 1 is %v, expected image 1 of line 1", r.Frames[1])
	}
	// the monitor 1, 2 has the mean 3/2: divided by 2/3 and 4/3, then rounded half to even
	r = MustRun(t, FlyscanMay2019, dir, base+"I0: mon\nnMaxLines: 1\n")
	if want := []float64{0, math.RoundToEven(1.5), 3, math.RoundToEven(4.5)}; !slices.Equal(r.Frames[0], want) {
		t.Errorf("frame 0 is %v, expected %v", r.Frames[0], want)
	}
	if want := []float64{3, 4, 4, 5}; !slices.Equal(r.Frames[1], want) { // 4, 5, 6, 7 times 3/4
		t.Errorf("frame 1 is %v, expected %v", r.Frames[1], want)
	}
	MustFail(t, FlyscanMay2019, dir, base+"firstLine: 3\n", problem.Input, "firstLine", "3 lines")
}

// Frames that are not there are told, in the middle as an error, at the end as left out.
func TestFlyscanIncomplete(t *testing.T) {
	x, y := []float64{1, 2, 3, 4, 5, 6}, []float64{1, 1, 2, 2, 3, 3}
	base := "name: NanomaxFlyscanMay2019\npath: s\nscanNumber: 4\nshape: null\nauto_center: false\n"
	dir := t.TempDir()
	flyFile(t, filepath.Join(dir, "s"), []int{2, 1, 2}, x, y, 2)
	MustFail(t, FlyscanMay2019, dir, base, problem.Input, "entry_0001", "1 frames", "2 positions")
	if r := MustRun(t, FlyscanMay2019, dir, base+"nMaxLines: 1\n"); len(r.Frames) != 2 || len(r.LeftOut) > 0 {
		t.Errorf("%d frames, left out: %v", len(r.Frames), r.LeftOut)
	}
	dir = t.TempDir()
	flyFile(t, filepath.Join(dir, "s"), []int{2, 1}, x, y, 2)
	r := MustRun(t, FlyscanMay2019, dir, base)
	if len(r.Frames) != 3 || len(r.LeftOut) != 2 {
		t.Errorf("%d frames, left out: %v", len(r.Frames), r.LeftOut)
	}
	if r := MustRun(t, FlyscanMay2019, dir, base+"num_frames: 2\n"); len(r.Frames) != 2 || len(r.LeftOut) > 1 {
		t.Errorf("%d frames, left out: %v", len(r.Frames), r.LeftOut)
	}
	dir = t.TempDir()
	flyFile(t, filepath.Join(dir, "s"), []int{2, 2, 2}, []float64{1, 0, 3, 4, 5, 6}, y, 2)
	MustFail(t, FlyscanMay2019, dir, base, problem.Input, "samx", "samy", "after 1 points", "after 2")
}

// What num_frames does not ask for need not be whole, and is not left out.
func TestFlyscanNumFrames(t *testing.T) {
	x, y := []float64{1, 2, 3, 4, 5, 6}, []float64{1, 1, 2, 2, 3, 3}
	base := "name: NanomaxFlyscanMay2019\npath: s\nscanNumber: 4\nshape: null\nauto_center: false\n"
	for _, c := range []struct {
		perLine []int
		keys    string
		frames  int
		leftOut []string
	}{
		{[]int{2, 1, 2}, "num_frames: 3\n", 3, nil},
		{[]int{2, 2, 1}, "num_frames: 5\n", 5, nil},
		{[]int{2, 2, 1}, "num_frames: 6\n", 5, []string{"line 2 of scan 4 holds 1 frames and 2 positions"}},
		{[]int{2, 2}, "num_frames: 4\n", 4, nil},
		{[]int{2, 2}, "num_frames: 5\n", 4, []string{"frames of 2 lines and positions of 3"}},
		{[]int{3, 3, 3}, "", 6, []string{"3 lines of scan 4 hold more frames than the 2 positions of a line (lines 0, 1, 2)"}},
		{[]int{2, 2, 3}, "num_frames: 6\n", 6, nil},
		{[]int{2, 2, 2, 2, 2}, "firstLine: 1\n", 4, []string{"frames of 4 lines and positions of 2 from line 1 on"}},
		{[]int{2, 2, 2, 2, 2}, "nMaxLines: 3\n", 6, nil},
		{[]int{2, 2, 2, 2, 2}, "nMaxLines: 4\n", 6, []string{"frames of 4 lines and positions of 3"}},
		{[]int{2, 2, 2, 2, 2}, "num_frames: 6\n", 6, nil},
	} {
		dir := t.TempDir()
		flyFile(t, filepath.Join(dir, "s"), c.perLine, x, y, 2)
		r := MustRun(t, FlyscanMay2019, dir, base+c.keys)
		ok := len(r.Frames) == c.frames && len(r.LeftOut) == len(c.leftOut)
		for i := range min(len(r.LeftOut), len(c.leftOut)) {
			ok = ok && strings.Contains(r.LeftOut[i], c.leftOut[i])
		}
		if !ok {
			t.Errorf("frames per line %v, %q: %d frames, left out: %q", c.perLine, c.keys, len(r.Frames), r.LeftOut)
		}
	}
}

// With positions_theory a step scan needs no motors, and all its frames can be prepared.
func TestTheory(t *testing.T) {
	dir := t.TempDir()
	stepFile(t, filepath.Join(dir, "000007.h5"), 3, []float64{1, 2}, []float64{1, 2})
	const theory = "positions_theory: [[1, 2], [3, 4], [5, 6]]\n"
	for _, keys := range []string{theory, theory + "xMotor: no\n", theory + "num_frames: 2\n"} {
		r := MustRun(t, StepscanSep2019, dir, sep+keys)
		if want := [][2]float64{{1, 2}, {3, 4}, {5, 6}}; !slices.Equal(r.Positions, want) || len(r.Frames) != 3 || len(r.LeftOut) > 0 {
			t.Errorf("%s: %d frames at %v, left out %v", keys, len(r.Frames), r.Positions, r.LeftOut)
		}
	}
}

// Scans of a list follow each other; frames without a position are left out, unless num_frames
// ends before them.
func TestSeveralScans(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "s")
	Create(t, filepath.Join(dir, "s.h5"), func(f *File) {
		Put(f, "entry1/measurement/samx", []float64{1, 2})
		Put(f, "entry1/measurement/samy", []float64{1, 2})
		Put(f, "entry3/measurement/samx", []float64{5})
		Put(f, "entry3/measurement/samy", []float64{6})
	})
	for _, n := range []int{1, 3} {
		Create(t, filepath.Join(dir, fmt.Sprintf("scan_%04d_pil100k_0000.hdf5", n)), func(f *File) {
			for k := range 3 {
				Put(f, fmt.Sprintf("entry_%04d/measurement/Pilatus/data", k), Ramp(4, int32(100*n+10*k)), 1, 2, 2)
			}
		})
	}
	base := "name: NanomaxStepscanNov2018\npath: .\nscanNumber: [1, 3]\nshape: null\nauto_center: false\n"
	r := MustRun(t, StepscanNov2018, dir, base)
	if want := [][2]float64{{-1e-6, -1e-6}, {-2e-6, -2e-6}, {-6e-6, -5e-6}}; !NearPositions(r.Positions, want) {
		t.Errorf("positions %v, expected %v", r.Positions, want)
	}
	if r.Frames[1][0] != 110 || r.Frames[2][0] != 300 || len(r.LeftOut) != 2 {
		t.Errorf("frames %v, left out %v", r.Frames, r.LeftOut)
	}
	if !strings.HasSuffix(r.DefaultOutput, "data_1_3.ptyd") {
		t.Errorf("default output %s", r.DefaultOutput)
	}
	if r := MustRun(t, StepscanNov2018, dir, base+"num_frames: 2\n"); len(r.LeftOut) != 0 {
		t.Errorf("left out %v, though num_frames asked for no more", r.LeftOut)
	}
}

// Reading the frames of a line allocates nothing once the line is open; of many parts only the latest
// few stay open.
func TestSeriesInSteadyState(t *testing.T) {
	dir := t.TempDir()
	Create(t, filepath.Join(dir, "a.h5"), func(f *File) {
		for k := range 10 {
			Put(f, fmt.Sprintf("line%d", k), Ramp(8, int32(10*k)), 2, 2, 2)
		}
	})
	rec, err := Load(StepscanSep2019, dir, sep)
	if err != nil {
		t.Fatal(err)
	}
	env, _ := Env()
	files := h5in.New(env, rec.Values)
	defer files.Close()
	var parts []part
	for k := range 10 {
		parts = append(parts, part{filepath.Join(dir, "a.h5"), fmt.Sprintf("line%d", k), 2})
	}
	s, err := newSeries(files, "frames", 0, parts)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	var im pix.Image
	var sc h5frames.Scratch
	read := func(k int) {
		if err := s.read(k, imgproc.Whole(2, 2), &im, &sc); err != nil {
			t.Fatal(err)
		}
	}
	for k := range 20 {
		if read(k); pix.Pixels[int32](&im)[0] != int32(10*(k/2)+4*(k%2)) {
			t.Errorf("frame %d begins with %d", k, pix.Pixels[int32](&im)[0])
		}
		if len(s.open) > keepOpen {
			t.Errorf("%d parts are open", len(s.open))
		}
	}
	if n := testing.AllocsPerRun(50, func() { read(18); read(19) }); n > 0 {
		t.Errorf("%v allocations for two frames", n)
	}
}

func TestBadInputs(t *testing.T) {
	dir := t.TempDir()
	stepFile(t, filepath.Join(dir, "000007.h5"), 2, []float64{1, -2}, []float64{10, 20})
	stepFile(t, filepath.Join(dir, "000008.h5"), 2, []float64{1, -2}, []float64{10})
	for _, c := range []struct {
		recipe string
		class  problem.Class
		words  []string
	}{
		{"scanNumber: 9", problem.Input, []string{"000009.h5", "path", "000007.h5"}},
		{"scanNumber: [7, 8]", problem.Usage, []string{"scanNumber"}},
		{"scanNumber: 8", problem.Input, []string{"yMotor", "sy", "shape 1", "2"}},
		{"detector: eiger", problem.Input, []string{"detector", "entry/measurement/eiger", "pilatus"}},
		{"xMotor: sz", problem.Input, []string{"xMotor", "entry/measurement/sz", "sx"}},
		{"I0: alba/1", problem.Input, []string{"I0", "entry/measurement/alba/1"}},
		{"maskfile: 000007.h5", problem.Input, []string{"maskfile", "mask"}},
	} {
		key := strings.SplitN(c.recipe, ":", 2)[0]
		base := sep
		if key == "scanNumber" {
			base = strings.Replace(sep, "scanNumber: 7\n", "", 1)
		}
		MustFail(t, StepscanSep2019, dir, base+c.recipe+"\n", c.class, c.words...)
	}
	MustFail(t, StepscanSep2019, dir, "name: NanomaxStepscanSep2019\n", problem.Usage, "path", "scanNumber", "must be given")
	MustFail(t, StepscanNov2018, dir, "name: NanomaxStepscanNov2018\npath: .\nscanNumber: 1\ndetector: eiger\n", problem.Usage, "detector", "pil1m")
}

// A gap between frames is an error where the frames behind it are wanted, and other sizes too.
func TestGapsAndSizes(t *testing.T) {
	dir := t.TempDir()
	Create(t, filepath.Join(dir, "000007.h5"), func(f *File) {
		for _, k := range []int{0, 1, 3} {
			Put(f, fmt.Sprintf("entry/measurement/pilatus/%06d", k), Ramp(4, int32(0)), 1, 2, 2)
		}
		Put(f, "entry/measurement/sx", make([]float64, 4))
		Put(f, "entry/measurement/sy", make([]float64, 4))
	})
	MustFail(t, StepscanSep2019, dir, sep, problem.Input, "000002", "000003")
	if r := MustRun(t, StepscanSep2019, dir, sep+"num_frames: 2\n"); len(r.Frames) != 2 {
		t.Errorf("%d frames", len(r.Frames))
	}
	Create(t, filepath.Join(dir, "000007.h5"), func(f *File) {
		Put(f, "entry/measurement/pilatus/000000", Ramp(4, int32(0)), 1, 2, 2)
		Put(f, "entry/measurement/pilatus/000001", Ramp(9, int32(0)), 1, 3, 3)
		Put(f, "entry/measurement/sx", make([]float64, 2))
		Put(f, "entry/measurement/sy", make([]float64, 2))
	})
	MustFail(t, StepscanSep2019, dir, sep, problem.Input, "000001", "3 x 3", "2 x 2")
}

// Contrast: the energy of the snapshot in eV beats the recipe; marks depend on the detector.
func TestContrast(t *testing.T) {
	dir := t.TempDir()
	for _, d := range []string{"pilatus", "eiger", "merlin"} {
		Create(t, filepath.Join(dir, "000007.h5"), func(f *File) {
			Put(f, "entry/measurement/"+d+"/frames", []int64{-1, 65535, 4294967295, 5, 6, 65535, -1, 8}, 2, 2, 2)
			Put(f, "entry/measurement/sx", []float64{1, 2})
			Put(f, "entry/measurement/sy", []float64{1, 2})
			Put(f, "entry/snapshot/energy", []float64{8500, 1})
		})
		r := MustRun(t, Contrast, dir, "name: NanomaxContrast\npath: .\nscanNumber: 7\ndetector: "+d+"\nshape: null\nauto_center: false\nenergy: 9\n")
		want := map[string][]byte{"pilatus": {0, 1, 1, 1}, "eiger": {1, 0, 0, 1}, "merlin": {1, 1, 1, 1}}[d]
		if !slices.Equal(r.Masks[1], want) {
			t.Errorf("%s: mask %v, expected %v", d, r.Masks[1], want)
		}
		if r.Meta.EnergyKeV != 8.5 {
			t.Errorf("energy %v, expected 8.5", r.Meta.EnergyKeV)
		}
	}
}

// ---- samples of configs/nanomax*.yaml

// place is the stage of the samples: a snake of 3 x 2 points, in micrometres.
func place(k int) (x, y float64) {
	row, col := k/2, k%2
	if row%2 == 1 {
		col = 1 - col
	}
	return 12 + 0.5*float64(col), 40 + 0.5*float64(row)
}

const size = 32

// shot is frame k with a dead pixel marked -2.
func shot(k int) []int32 {
	p := Disc[int32](size, size, k)
	p[3*size+4] = -2
	return p
}

func stage(n int) (x, y, monitor []float64) {
	for k := range n {
		a, b := place(k)
		x, y = append(x, a), append(y, b)
		monitor = append(monitor, 9000+100*float64(k%3))
	}
	return x, y, monitor
}

func joined(n int) (all []int32) {
	for k := range n {
		all = append(all, shot(k)...)
	}
	return all
}

func TestSamples(t *testing.T) {
	x, y, mon := stage(6)
	Sample(t, "nanomaxstepscannov2018", func(dir string) {
		Create(t, filepath.Join(dir, "sample01", "sample01.h5"), func(f *File) {
			Put(f, "entry83/measurement/samx", x)
			Put(f, "entry83/measurement/samy", y)
			Put(f, "entry83/measurement/alba2/1", mon)
		})
		Create(t, filepath.Join(dir, "sample01", "scan_0083_pil100k_0000.hdf5"), func(f *File) {
			for k := range 6 {
				Packed(f, fmt.Sprintf("entry_%04d/measurement/Pilatus/data", k), shot(k), 1, size, size)
			}
		})
	})
	pad := func(v []float64) (out []float64) { // lines of two points in a buffer of three
		for i := 0; i < len(v); i += 2 {
			out = append(out, v[i], v[i+1], 0)
		}
		return out
	}
	Sample(t, "nanomaxflyscanmay2019", func(dir string) {
		Create(t, filepath.Join(dir, "sample02", "sample02.h5"), func(f *File) {
			Put(f, "entry7/measurement/samx", pad(x), 3, 3)
			Put(f, "entry7/measurement/samy", pad(y), 3, 3)
			Put(f, "entry7/measurement/counter1", pad(mon), 3, 3)
		})
		Create(t, filepath.Join(dir, "sample02", "scan_0007_merlin_0000.hdf5"), func(f *File) {
			for line := range 3 {
				Packed(f, fmt.Sprintf("entry_%04d/measurement/Merlin/data", line), append(shot(2*line), shot(2*line+1)...), 2, size, size)
			}
		})
	})
	Sample(t, "nanomaxstepscansep2019", func(dir string) {
		Create(t, filepath.Join(dir, "000012.h5"), func(f *File) {
			for k := range 6 {
				Packed(f, fmt.Sprintf("entry/measurement/pilatus/%06d", k), shot(k), 1, size, size)
			}
			Put(f, "entry/measurement/sx", x)
			Put(f, "entry/measurement/sy", y)
			Put(f, "entry/measurement/ni/counter1", mon)
		})
	})
	Sample(t, "nanomaxflyscandec2019", func(dir string) {
		Create(t, filepath.Join(dir, "000021.h5"), func(f *File) {
			for line := range 3 {
				Packed(f, fmt.Sprintf("entry/measurement/merlin/%06d", line), append(shot(2*line), shot(2*line+1)...), 2, size, size)
			}
			Put(f, "entry/measurement/npoint_buff/x", x, 3, 2)
			Put(f, "entry/measurement/npoint_buff/y", y, 3, 2)
			Put(f, "entry/measurement/counter1", mon, 3, 2)
		})
	})
	Sample(t, "nanomaxcontrast", func(dir string) {
		Create(t, filepath.Join(dir, "000033.h5"), func(f *File) {
			Packed(f, "entry/measurement/pilatus/frames", joined(6), 6, size, size)
			Put(f, "entry/measurement/sx", x)
			Put(f, "entry/measurement/sy", y)
			Put(f, "entry/measurement/ni/counter1", mon)
			Put(f, "entry/snapshot/energy", []float64{9500})
		})
	})
}

// All five samples hold one scan: the examples give the same positions, masks and pixels.
func TestExamplesAgree(t *testing.T) {
	x, y, _ := stage(6)
	want := make([][2]float64, 6)
	for i := range want {
		want[i] = [2]float64{-y[i] * 1e-6, -x[i] * 1e-6}
	}
	for _, s := range []struct {
		spec string
		got  *Result
	}{
		{"nov2018", Config(t, StepscanNov2018, "nanomaxstepscannov2018")},
		{"may2019", Config(t, FlyscanMay2019, "nanomaxflyscanmay2019")},
		{"sep2019", Config(t, StepscanSep2019, "nanomaxstepscansep2019")},
		{"dec2019", Config(t, FlyscanDec2019, "nanomaxflyscandec2019")},
		{"contrast", Config(t, Contrast, "nanomaxcontrast")},
	} {
		if !NearPositions(s.got.Positions, want) || len(s.got.LeftOut) > 0 {
			t.Errorf("%s: positions %v, left out %v", s.spec, s.got.Positions, s.got.LeftOut)
		}
		if s.got.Meta.EnergyKeV != 9.5 || s.got.Meta.Shape != [2]int{size, size} || s.got.Masks[5][3*size+4] != 0 {
			t.Errorf("%s: meta %+v", s.spec, s.got.Meta)
		}
	}
}
