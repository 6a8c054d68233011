package i13

import (
	"fmt"
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
	defaultstest.Compare(t, FFPTree, "I13ScanFFP", nil, nil)
	defaultstest.Compare(t, NFPTree, "I13ScanNFP", nil, nil)
}

// nexus makes raw/<number>.nxs with n frames of rows x cols, frame k holding 100k, 100k+1, ...
func nexus(t *testing.T, dir string, number, n, rows, cols int, more func(f *File)) {
	Create(t, filepath.Join(dir, fmt.Sprintf("raw/%05d.nxs", number)), func(f *File) {
		var all []uint16
		for k := range n {
			all = append(all, Ramp(rows*cols, uint16(100*k))...)
		}
		Put(f, "entry1/instrument/pco/data", all, n, rows, cols)
		if more != nil {
			more(f)
		}
	})
}

func stage(group string, n int) func(f *File) {
	return func(f *File) {
		for i, m := range []string{"t1_sx", "t1_sy", "t1_sz"} {
			v := make([]float64, n)
			for k := range v {
				v[k] = float64((i+1)*10 + k)
			}
			Put(f, "entry1/instrument/"+group+"/"+m, v)
		}
	}
}

const common = "scan_number: 7\nenergy: 9\ndistance: 1\npsize: 1.0e-6\n"
const far = "name: I13ScanFFP\nshape: null\n" + common
const nearBase = "name: I13ScanNFP\n" + common

func TestFarField(t *testing.T) {
	dir := t.TempDir()
	nexus(t, dir, 7, 2, 2, 2, stage("t1_sxyz", 2))
	r := MustRun(t, FFP, dir, far+"motors_multiplier: [1.0e-6, -1.0e-6]\n")
	if want := [][2]float64{{10e-6, -20e-6}, {11e-6, -21e-6}}; !NearPositions(r.Positions, want) || !slices.Equal(r.Frames[1], []float64{100, 101, 102, 103}) {
		t.Errorf("positions %v, frames %v", r.Positions, r.Frames)
	}
	if !strings.HasSuffix(r.DefaultOutput, "prepdata/data_7.ptyd") {
		t.Errorf("default output %s", r.DefaultOutput)
	}
	// Three motors, theta 60: cos = 1/2, sin = sqrt(3)/2; of two factors the last counts twice.
	for _, theta := range []string{"60", "'60.0'"} {
		r = MustRun(t, FFP, dir, far+"motors: [t1_sx, t1_sy, t1_sz]\nmotors_multiplier: [1, 2]\ntheta: "+theta+"\n")
		if want := [2]float64{0.5*10 - math.Sqrt(3)/2*60, 40}; !Near(r.Positions[0][:], want[:]) {
			t.Errorf("position %v, want %v", r.Positions[0], want)
		}
	}
	nexus(t, dir, 8, 2, 2, 2, func(f *File) {
		stage("t1_sxy", 2)(f)
		f.Scalar("entry1/sample/angle", 90)
	})
	r = MustRun(t, FFP, dir, strings.Replace(far, "7", "8", 1)+"motors: [t1_sx, t1_sy, t1_sz]\nmotors_multiplier: 1\ntheta: entry1/sample/angle\n")
	if math.Abs(r.Positions[1][0]+31) > 1e-12 || r.Positions[1][1] != 21 {
		t.Errorf("position %v, want (-31, 21)", r.Positions[1])
	}
}

func TestFarFieldBad(t *testing.T) {
	dir := t.TempDir()
	nexus(t, dir, 7, 3, 2, 2, stage("t1_sxy", 2))
	if r := MustRun(t, FFP, dir, far); len(r.Frames) != 2 || len(r.LeftOut) != 1 {
		t.Errorf("3 frames and 2 positions: %d frames, left out %v", len(r.Frames), r.LeftOut)
	}
	if r := MustRun(t, FFP, dir, far+"detector_name: merlin\n"); !strings.Contains(r.Log, "detector pco is taken") {
		t.Errorf("log: %s", r.Log)
	}
	MustFail(t, FFP, dir, far+"motors: [t1_sx, t1_s]\n", problem.Input, "motors", "t1_s", "t1_sxy/t1_s")
	MustFail(t, FFP, dir, far+"mask_file: raw/00007.nxs\n", problem.Input, "mask_file", "mask")
	MustFail(t, FFP, dir, "name: I13ScanFFP\nscan_number: 9\n", problem.Input, "data_file_pattern", "00009.nxs", "00007.nxs")
	MustFail(t, FFP, dir, "name: I13ScanFFP\n", problem.Usage, "data_file_pattern", "scan_number")
	MustFail(t, FFP, dir, far+"motors_multiplier: [1, 2, 3]\n", problem.Usage, "motors_multiplier")
	nexus(t, dir, 7, 3, 2, 2, nil)
	MustFail(t, FFP, dir, far, problem.Input, "motors", "t1_sxy")
	nexus(t, dir, 7, 0, 2, 2, stage("t1_sxy", 2))
	MustFail(t, FFP, dir, far, problem.Input, "00007.nxs:entry1/instrument/pco/data has shape 0 x 2 x 2", "no frame")
	nexus(t, dir, 7, 3, 2, 2, stage("t1_sxy", 0))
	MustFail(t, FFP, dir, far, problem.Input, "00007.nxs:entry1/instrument/pco/data", "3 frames", "position")
}

// The square of 3 about column 2 and row 1 of 4 x 6 pixels begins at row 0 and column 1.
func TestCut(t *testing.T) {
	dir := t.TempDir()
	nexus(t, dir, 7, 1, 4, 6, stage("t1_sxy", 1))
	Create(t, filepath.Join(dir, "mask.h5"), func(f *File) {
		m := make([]float64, 24)
		m[1], m[2*6+3] = 1, 1
		Put(f, "mask", m, 4, 6)
	})
	r := MustRun(t, NFP, dir, nearBase+"shape: 3\ncenter: [2.9, 1]\nmask_file: mask.h5\n")
	if want := []float64{1, 2, 3, 7, 8, 9, 13, 14, 15}; !slices.Equal(r.Frames[0], want) || !slices.Equal(r.Masks[0], []byte{1, 0, 0, 0, 0, 0, 0, 0, 1}) {
		t.Errorf("frame %v, mask %v", r.Frames[0], r.Masks[0])
	}
	if r.Meta.Center != [2]float64{1, 1} {
		t.Errorf("centre %v, want the middle of the square", r.Meta.Center)
	}
	r = MustRun(t, NFP, dir, nearBase+"shape: 2\n") // about (3, 2): rows 1 and 2, columns 2 and 3
	if want := []float64{8, 9, 14, 15}; !slices.Equal(r.Frames[0], want) {
		t.Errorf("frame %v, want %v", r.Frames[0], want)
	}
	MustFail(t, NFP, dir, nearBase+"shape: 3\ncenter: [0, 1]\n", problem.Input, "center", "column 0", "4 x 6")
	MustFail(t, NFP, dir, nearBase+"shape: [3, 4]\n", problem.Usage, "shape", "3", "4")
	MustFail(t, NFP, dir, nearBase+"remove_hot_pixels: {size: 4}\n", problem.Usage, "remove_hot_pixels.size", "odd")
	MustFail(t, NFP, dir, nearBase+"shape: 5\n", problem.Input, "5 pixels", "4 x 6")
	MustFail(t, NFP, dir, nearBase+"shape: 4\nremove_hot_pixels: {apply: true, size: 100001}\n", problem.Input, "remove_hot_pixels.size", "100001", "4 x 4")
	MustRun(t, NFP, dir, nearBase+"shape: 4\nremove_hot_pixels: {apply: true, size: 9}\n")
}

// Darks 1 and 3 give 2; frames 0 and 100 + 0..3; flat 2 where the dark is.
func TestDarkFlat(t *testing.T) {
	dir := t.TempDir()
	nexus(t, dir, 7, 2, 2, 2, stage("t1_sxy", 2))
	calibration := func(number int, frames ...[]uint16) {
		Create(t, filepath.Join(dir, fmt.Sprintf("raw/%05d.nxs", number)), func(f *File) {
			Put(f, "entry1/instrument/pco/data", slices.Concat(frames...), len(frames), 2, 2)
		})
	}
	calibration(1, []uint16{1, 1, 1, 1}, []uint16{3, 3, 3, 3})
	calibration(2, []uint16{12, 2, 12, 6})
	r := MustRun(t, NFP, dir, nearBase+"shape: 2\ndark_number: 1\nflat_number: 2\n")
	if !Near(r.Frames[1], []float64{float64(float32(98) / 10), 0, 10, float64(float32(101) / 4)}) || r.Masks[1][1] != 0 {
		t.Errorf("frame %v, mask %v", r.Frames[1], r.Masks[1])
	}
	if want := []float64{0, 0, 0, 0.25}; !Near(r.Frames[0], want) { // 0-2, 1-2 and 2-2 are not above 0
		t.Errorf("frame %v, want %v", r.Frames[0], want)
	}
	// A recipe written out in full holds the patterns, which ask for nothing without a number.
	full := nearBase + "shape: 2\ndark_number: null\nflat_number: null\n" +
		"dark_file_pattern: '%(base_path)sraw/%(dark_number)05d.nxs'\nflat_file_pattern: '%(base_path)sraw/%(flat_number)05d.nxs'\n"
	if r := MustRun(t, NFP, dir, full); !slices.Equal(r.Frames[1], []float64{100, 101, 102, 103}) {
		t.Errorf("frame %v, want it as stored", r.Frames[1])
	}
	named := nearBase + "shape: 2\ndark_file_pattern: '%(base_path)sraw/"
	if r := MustRun(t, NFP, dir, named+"00001.nxs'\n"); !slices.Equal(r.Frames[1], []float64{98, 99, 100, 101}) {
		t.Errorf("frame %v, want the dark 2 off", r.Frames[1])
	}
	MustFail(t, NFP, dir, named+"00009.nxs'\n", problem.Input, "dark_file_pattern", "00009.nxs")
	nexus(t, dir, 3, 1, 3, 3, nil)
	MustFail(t, NFP, dir, nearBase+"shape: 2\ndark_number: 3\n", problem.Input, "dark_number", "3 x 3", "2 x 2")
	MustFail(t, NFP, dir, nearBase+"shape: 2\nflat_number: 4\n", problem.Input, "flat_number", "00004.nxs")
}

// A hot pixel of 500 in the middle of zeros of 5 x 5: the median is 0, the deviation is
// 500 sqrt(1/25 - 1/625) = 98, so 3 deviations are below 500.
func TestHotPixels(t *testing.T) {
	dir := t.TempDir()
	Create(t, filepath.Join(dir, "raw/00007.nxs"), func(f *File) {
		p := make([]uint16, 25)
		p[12] = 500
		Put(f, "entry1/instrument/pco/data", p, 1, 5, 5)
		stage("t1_sxy", 1)(f)
	})
	hot := nearBase + "shape: 5\nremove_hot_pixels: {apply: true"
	if r := MustRun(t, NFP, dir, hot+"}\n"); slices.Max(r.Frames[0]) != 0 {
		t.Errorf("frame %v", r.Frames[0])
	}
	for _, more := range []string{", tolerance: 6}\n", ", tolerance: 6}\noutput_dtype: float64\n"} {
		if r := MustRun(t, NFP, dir, hot+more); r.Frames[0][12] != 500 {
			t.Errorf("within 6 deviations: %v", r.Frames[0])
		}
	}
}

// Deconvolution with one narrow spot leaves a constant frame as it is.
func TestRichardsonLucy(t *testing.T) {
	dir := t.TempDir()
	Create(t, filepath.Join(dir, "raw/00007.nxs"), func(f *File) {
		p := make([]uint16, 256)
		for i := range p {
			p[i] = 700
		}
		Put(f, "entry1/instrument/pco/data", p, 1, 16, 16)
		stage("t1_sxy", 1)(f)
	})
	Create(t, filepath.Join(dir, "mtf.h5"), func(f *File) {
		one := make([]float64, 256)
		for i := range one {
			one[i] = 1
		}
		Put(f, "mtf", one, 16, 16)
		Put(f, "small/mtf", one[:4], 2, 2)
	})
	for _, rl := range []string{"gaussians: {a: {std_x: 0.9, off_x: 0.3}}", "dfile: mtf.h5"} {
		r := MustRun(t, NFP, dir, nearBase+"shape: 16\nrl_deconvolution: {apply: true, "+rl+"}\n")
		for i, v := range r.Frames[0] {
			if math.Abs(v-700) > 0.02*700 {
				t.Fatalf("%s: pixel %d is %v, want about 700", rl, i, v)
			}
		}
	}
	MustFail(t, NFP, dir, nearBase+"shape: 8\nrl_deconvolution: {apply: true, dfile: mtf.h5}\n", problem.Input, "dfile", "16 x 16", "8 x 8")
	MustFail(t, NFP, dir, nearBase+"rl_deconvolution: {apply: true, gaussians: {a: {std_x: 0}}}\n", problem.Usage, "rl_deconvolution.gaussians.a.std_x")
}

func TestNearFieldPositions(t *testing.T) {
	dir := t.TempDir()
	nexus(t, dir, 7, 3, 2, 2, stage("t1_sxy", 3))
	r := MustRun(t, NFP, dir, nearBase+"shape: 2\ntheta: 60\nmax_scan_points: 2\nmotors_multiplier: 1\n")
	if want := [][2]float64{{10, 10}, {11, 10.5}}; len(r.LeftOut) != 0 || len(r.Positions) != 2 || math.Abs(r.Positions[1][1]-want[1][1]) > 1e-12 || r.Positions[1][0] != 11 {
		t.Errorf("positions %v, want %v; left out %v", r.Positions, want, r.LeftOut)
	}
	p := [][2]float64{{1, 0}, {-1, 0}}
	turn(p)
	if want := [][2]float64{{0.99987485, -0.01582042}, {-0.99987485, 0.01582042}}; !NearPositions(p, want) {
		t.Errorf("turned %v, want %v", p, want)
	}
	nexus(t, dir, 8, 3, 2, 2, nil)
	empty := strings.Replace(nearBase, "scan_number: 7", "scan_number: 8", 1) + "shape: 2\n"
	MustFail(t, NFP, dir, empty, problem.Input, "motors", "use_EP")
	if r := MustRun(t, NFP, dir, empty+"use_EP: true\n"); len(r.Frames) != 1 || r.Positions[0] != [2]float64{} || len(r.LeftOut) != 0 {
		t.Errorf("empty probe: %d frames, positions %v, left out %v", len(r.Frames), r.Positions, r.LeftOut)
	}
	if r := MustRun(t, NFP, dir, empty+"positions_theory: [[1, 2], [3, 4]]\n"); len(r.Frames) != 2 {
		t.Errorf("positions_theory: %d frames", len(r.Frames))
	}
}

// The experiment is the first identifier in the file, else the last folder of base_path where the
// recipe names one.
func TestExperiment(t *testing.T) {
	dir := t.TempDir()
	write := func(folder string, put func(f *File)) {
		nexus(t, filepath.Join(dir, folder), 7, 2, 2, 2, func(f *File) {
			stage("t1_sxy", 2)(f)
			if put != nil {
				put(f)
			}
		})
	}
	write("mt1-1", nil)
	write("named", func(f *File) { f.Text("entry1/experiment_identifier", " mt2-1 ") })
	write(".", nil)
	for base, want := range map[string]string{"mt1-1": "mt1-1", "named/": "mt2-1", "./": ""} {
		r := MustRun(t, FFP, dir, far+"base_path: "+base+"\n")
		if got := r.Plan.Recorded.Experiment; got != want {
			t.Errorf("base_path %s: experiment %q, want %q", base, got, want)
		}
	}
	if r := MustRun(t, FFP, dir, far+"base_path: named\nexperimentID: ours\n"); r.Plan.Recorded.Experiment != "" {
		t.Errorf("experiment %q beside experimentID", r.Plan.Recorded.Experiment)
	}
}

// ---- samples of configs/i13scanffp.yaml and configs/i13scannfp.yaml

const size = 40

func TestExamples(t *testing.T) {
	shots := func(f *File, key string, n int, of func(k int) []uint16) {
		var all []uint16
		for k := range n {
			all = append(all, of(k)...)
		}
		Packed(f, key, all, n, size, size)
	}
	positions := func(f *File) {
		x, y := make([]float64, 6), make([]float64, 6)
		for k := range x {
			x[k], y[k] = 3+0.5*float64(k/3), 8+0.5*float64(k%3)
		}
		Put(f, "entry1/instrument/t1_sxy/t1_sx", x)
		Put(f, "entry1/instrument/t1_sxy/t1_sy", y)
		f.Text("entry1/experiment_identifier", "mt0000-1")
	}
	Sample(t, "i13scanffp", func(dir string) {
		Create(t, filepath.Join(dir, "raw/03219.nxs"), func(f *File) {
			shots(f, "entry1/instrument/merlin_sw_hdf/data", 6, func(k int) []uint16 { return Disc[uint16](size, size, k) })
			positions(f)
		})
	})
	offset := func(p []uint16, by, times uint16) []uint16 {
		for i := range p {
			p[i] = by + times*p[i]
		}
		return p
	}
	Sample(t, "i13scannfp", func(dir string) {
		Create(t, filepath.Join(dir, "raw/00058.nxs"), func(f *File) {
			shots(f, "entry1/instrument/pco1_hw_hdf_nochunking/data", 6, func(k int) []uint16 {
				p := offset(Disc[uint16](size, size, k), 110, 20)
				p[17*size+21] = 65000 // hot
				return p
			})
			positions(f)
		})
		for number, level := range map[int]uint16{59: 100, 60: 900} {
			Create(t, filepath.Join(dir, fmt.Sprintf("raw/%05d.nxs", number)), func(f *File) {
				shots(f, "entry1/instrument/pco1_hw_hdf_nochunking/data", 2, func(k int) []uint16 {
					return offset(make([]uint16, size*size), level+uint16(k), 1)
				})
			})
		}
	})
	r := Config(t, FFP, "i13scanffp")
	if len(r.Frames) != 6 || len(r.LeftOut) > 0 || !NearPositions(r.Positions[4:5], [][2]float64{{3.5e-6, 8.5e-6}}) {
		t.Errorf("%d frames, left out %v, positions %v", len(r.Frames), r.LeftOut, r.Positions)
	}
	r = Config(t, NFP, "i13scannfp")
	if len(r.Frames) != 6 || len(r.LeftOut) > 0 || slices.Max(r.Frames[0]) > 10 {
		t.Errorf("%d frames, left out %v, brightest %v: the hot pixel is still there", len(r.Frames), r.LeftOut, slices.Max(r.Frames[0]))
	}
}
