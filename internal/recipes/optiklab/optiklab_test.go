package optiklab

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
	defaultstest.Compare(t, Tree, "FliSpecScanMultexp", nil, nil)
}

const base = "name: FliSpecScanMultexp\nbase_path: .\nshape: null\norientation: null\ncenter: fftshift\n"

func constant(v uint16) []uint16 {
	p := make([]uint16, 9)
	for i := range p {
		p[i] = v
	}
	return p
}

func shot(t *testing.T, dir string, scan, frame, exposure int, p []uint16, seconds float64) {
	name := fmt.Sprintf("ccdimage_%05d_%05d_%02d.raw", scan, frame, exposure)
	Write(t, filepath.Join(dir, "ccdfli/S00000-00999", fmt.Sprintf("S%05d", scan), name), FLI(p, 3, seconds))
}

func logOf(t *testing.T, dir string, scans ...Scan) {
	Write(t, filepath.Join(dir, "spec/dat-files/spec_started_2013_11_21_1659.dat"), []byte(SPEC(scans...)))
}

// lines are data lines with samy = 10, 11, ... and samx = 20, 21, ...
func lines(n int) (out [][]float64) {
	for i := range n {
		out = append(out, []float64{float64(20 + i), float64(10 + i), 1})
	}
	return out
}

var labels = []string{"samx", "samy", "sec"}

// newScan writes n frames of two exposures, 4 s and 1 s, of 3 x 3 pixels. Darks are 100 (those of
// frame 0 99, of frame 1 101). In frame j the long exposure is 1000+j above the dark but 60000 in
// the corner, the short one 300.
func newScan(t *testing.T, frames int) string {
	dir := t.TempDir()
	for j := range 2 {
		shot(t, dir, 72, j, 0, constant(uint16(99+2*j)), 4)
		shot(t, dir, 72, j, 1, constant(uint16(99+2*j)), 1)
	}
	for j := range frames {
		p := constant(uint16(1100 + j))
		p[0] = 60000
		shot(t, dir, 74, j, 0, p, 4)
		shot(t, dir, 74, j, 1, constant(900), 1)
	}
	return dir
}

// The long exposure is good in the middle only, as the rim of its mask is always false and the
// corner does not touch the middle. The short one, 800 counts, is above the floor of 500 everywhere,
// and gives 4 times that on the rim.
func TestMerge(t *testing.T) {
	dir := newScan(t, 2)
	logOf(t, dir, Scan{Number: 74, Labels: labels, Rows: lines(4)})
	r := MustRun(t, Spec, dir, base)
	for j := range 2 {
		want := []float64{3200, 3200, 3200, 3200, float64(1000 + j), 3200, 3200, 3200, 3200}
		if !slices.Equal(r.Frames[j], want) || slices.Contains(r.Masks[j], 0) {
			t.Errorf("frame %d: %v, mask %v, want %v", j, r.Frames[j], r.Masks[j], want)
		}
	}
	// Points take the position of their first line, in millimetres.
	if want := [][2]float64{{10e-3, 20e-3}, {12e-3, 22e-3}}; !NearPositions(r.Positions, want) {
		t.Errorf("positions %v, want %v", r.Positions, want)
	}
	// hc = 1.23984193e-9 keV m over 650 nm; z, psize_det.
	if e := 1.23984193e-9 / 650e-9; math.Abs(r.Meta.EnergyKeV/e-1) > 1e-15 || r.Meta.DistanceM != 0.158 || r.Meta.PSizeM != [2]float64{24e-6, 24e-6} {
		t.Errorf("meta %+v", r.Meta)
	}
	r = MustRun(t, Spec, dir, base+"energy: 0.002\ndistance: 1.5\npsize: 1.0e-6\n")
	if r.Meta.EnergyKeV != 0.002 || r.Meta.DistanceM != 1.5 || r.Meta.PSizeM[0] != 1e-6 {
		t.Errorf("given values do not go before lam, z, psize_det: %+v", r.Meta)
	}
	if r = MustRun(t, Spec, dir, base+"hdr_thresholds: [50000, 500]\n"); !strings.Contains(r.Log, "is not below the overexposure") {
		t.Errorf("swapped thresholds: log %s", r.Log)
	}
	r = MustRun(t, Spec, dir, base+"energy: null\ndistance: null\npsize: null\n")
	if r.Meta.DistanceM != 0.158 || r.Meta.PSizeM[0] != 24e-6 {
		t.Errorf("null is no value that would go before z and psize_det: %+v", r.Meta)
	}
	// A floor that the short exposure does not reach: nothing covers the rim, it keeps the long value.
	r = MustRun(t, Spec, dir, base+"hdr_thresholds: [5000, 50000]\n")
	if r.Frames[0][0] != 59900 || r.Frames[0][8] != 1000 || !slices.Equal(r.Masks[0], []byte{0, 0, 0, 0, 1, 0, 0, 0, 0}) {
		t.Errorf("frame %v, mask %v", r.Frames[0], r.Masks[0])
	}
}

// A frame that lacks an exposure is left out; the others keep their positions.
func TestMissingExposure(t *testing.T) {
	dir := newScan(t, 1)
	shot(t, dir, 74, 1, 0, constant(900), 4)
	shot(t, dir, 74, 2, 0, constant(900), 4)
	shot(t, dir, 74, 2, 1, constant(900), 1)
	logOf(t, dir, Scan{Number: 74, Labels: labels, Rows: lines(6)})
	r := MustRun(t, Spec, dir, base)
	if want := [][2]float64{{10e-3, 20e-3}, {14e-3, 24e-3}}; !NearPositions(r.Positions, want) || len(r.LeftOut) != 1 || !strings.Contains(r.LeftOut[0], "frame 1 has 1 of 2 exposures: missing 01") {
		t.Errorf("positions %v, left out %v", r.Positions, r.LeftOut)
	}
	if r = MustRun(t, Spec, dir, base+"num_frames: 2\n"); r.Meta.NumFrames != 1 {
		t.Errorf("num_frames counts before frames are left out: %d frames", r.Meta.NumFrames)
	}
	if r = MustRun(t, Spec, dir, base+"num_frames: 1\n"); len(r.LeftOut) != 0 {
		t.Errorf("left out %v, though only frame 0 was asked for", r.LeftOut)
	}
}

// positions_theory has one position for each frame there is, those that are left out included.
func TestTheory(t *testing.T) {
	dir := newScan(t, 3)
	shot(t, dir, 74, 3, 0, constant(900), 4) // not whole
	shot(t, dir, 74, 4, 0, constant(900), 4)
	shot(t, dir, 74, 4, 1, constant(900), 1)
	r := MustRun(t, Spec, dir, base+"positions_theory: [[0, 1], [2, 3], [4, 5], [6, 7], [8, 9]]\n")
	if want := [][2]float64{{0, 1}, {2, 3}, {4, 5}, {8, 9}}; !NearPositions(r.Positions, want) || len(r.LeftOut) != 1 {
		t.Errorf("positions %v, want %v; left out %v", r.Positions, want, r.LeftOut)
	}
	r = MustRun(t, Spec, dir, base+"positions_theory: [[0, 1], [2, 3]]\n")
	if want := [][2]float64{{0, 1}, {2, 3}}; !NearPositions(r.Positions, want) || len(r.LeftOut) != 0 {
		t.Errorf("of the first two: positions %v, want %v; left out %v", r.Positions, want, r.LeftOut)
	}
	MustFail(t, Spec, dir, base+"positions_theory: [[0, 1], [2, 3], [4, 5], [6, 7], [8, 9], [0, 0]]\n", problem.Input, "positions_theory", "6 positions", "5 frames")
}

// Logs that end early.
func TestLogs(t *testing.T) {
	dir := newScan(t, 3)
	next := Scan{Number: 75, Labels: labels, Rows: lines(2)}
	for _, c := range []struct {
		scans  []Scan
		frames int // 0: an error
		words  []string
	}{
		{[]Scan{{Number: 74, Labels: labels, Rows: lines(6)}, next}, 3, nil},
		{[]Scan{{Number: 74, Labels: labels, Rows: lines(4), Aborted: true}, next}, 2, []string{"aborted", "3 frames"}},
		{[]Scan{{Number: 74, Labels: labels, Rows: lines(5), Aborted: true}, next}, 2, []string{"5 data lines"}},
		{[]Scan{{Number: 74, Labels: labels, Rows: lines(4)}}, 2, []string{"last of the log"}},
		{[]Scan{{Number: 74, Labels: labels, Rows: lines(8)}, next}, 3, []string{"3 frames and 4 positions"}},
		{[]Scan{{Number: 74, Labels: labels, Rows: lines(4)}, next}, 0, []string{"2 points", "3 frames", "num_frames"}},
		{[]Scan{{Number: 74, Labels: labels, Rows: lines(5)}, next}, 0, []string{"5 data lines", "2 exposures"}},
		{[]Scan{{Number: 74, Labels: labels, Rows: lines(1), Aborted: true}}, 0, []string{"no position", "aborted"}},
		{[]Scan{next}, 0, []string{"scan_number", "scan 74", "75"}},
		{[]Scan{{Number: 74, Labels: []string{"samx", "sam", "sec"}, Rows: lines(6)}}, 0, []string{"samy", "samx, sam, sec"}},
	} {
		logOf(t, dir, c.scans...)
		if c.frames == 0 {
			MustFail(t, Spec, dir, base, problem.Input, append(c.words, "dat")...)
			continue
		}
		r := MustRun(t, Spec, dir, base)
		left := strings.Join(r.LeftOut, "\n")
		if len(r.Frames) != c.frames || (len(c.words) > 0) != (left != "") {
			t.Errorf("%v: %d frames, left out %q", c.scans, len(r.Frames), left)
		}
		for _, w := range c.words {
			if !strings.Contains(left, w) {
				t.Errorf("%q is not in %q", w, left)
			}
		}
	}
	logOf(t, dir, Scan{Number: 74, Labels: labels, Rows: lines(4)}, next)
	if r := MustRun(t, Spec, dir, base+"num_frames: 2\n"); len(r.Frames) != 2 || len(r.LeftOut) > 0 {
		t.Errorf("num_frames within the log: %d frames, left out %v", len(r.Frames), r.LeftOut)
	}
	// The odd line of an aborted scan belongs to a point that nobody asked for.
	logOf(t, dir, Scan{Number: 74, Labels: labels, Rows: lines(5), Aborted: true}, next)
	if r := MustRun(t, Spec, dir, base+"num_frames: 2\n"); len(r.Frames) != 2 || len(r.LeftOut) > 0 || !strings.Contains(r.Log, "5 data lines") {
		t.Errorf("num_frames within the whole points: %d frames, left out %v, log %s", len(r.Frames), r.LeftOut, r.Log)
	}
}

func TestBadInputs(t *testing.T) {
	dir := newScan(t, 2)
	MustFail(t, Spec, dir, base, problem.Input, "log_file_pattern", "spec_started_2013_11_21_1659.dat")
	Write(t, filepath.Join(dir, "spec/dat-files/other.dat"), nil)
	MustFail(t, Spec, dir, base, problem.Input, "other.dat")
	logOf(t, dir, Scan{Number: 74, Labels: labels, Rows: lines(4)})
	MustFail(t, Spec, dir, base+"dark_number: 70\n", problem.Input, "dark_dir_pattern", "S00070", "exposures", "S00072")
	MustFail(t, Spec, dir, base+"exp_string: exposure\n", problem.Input, "exp_string", "exposure", "exptimesec")
	MustFail(t, Spec, dir, base+"log_file_pattern: '%(basepath)s/x'\n", problem.Usage, "log_file_pattern", "base_path")
	shot(t, dir, 74, 1, 2, constant(1), 1)
	MustFail(t, Spec, dir, base, problem.Input, "00001_02.raw", "2 exposures")
	MustRun(t, Spec, dir, base+"num_frames: 1\n") // frame 1 is not asked for
	dir = newScan(t, 2)
	logOf(t, dir, Scan{Number: 74, Labels: labels, Rows: lines(4)})
	Write(t, filepath.Join(dir, "ccdfli/S00000-00999/S00072/ccdimage_00072_00001_01.raw"), FLI(make([]uint16, 6), 3, 1))
	MustFail(t, Spec, dir, base, problem.Input, "dark_dir_pattern", "ccdimage_00072_00001_01.raw", "2 x 3", "3 x 3")
	dir = newScan(t, 2)
	logOf(t, dir, Scan{Number: 74, Labels: labels, Rows: lines(4)})
	Write(t, filepath.Join(dir, "ccdfli/S00000-00999/S00074/ccdimage_00074_00001_01.raw"), FLI(make([]uint16, 6), 3, 1))
	MustFail(t, Spec, dir, base, problem.Input, "frame 1", "00074_00001_01.raw", "2 x 3", "3 x 3")
	shot(t, dir, 72, 0, 1, constant(99), 0)
	MustFail(t, Spec, dir, base, problem.Input, "exptimesec", "ccdimage_00072_00000_01.raw")
}

func TestShotOf(t *testing.T) {
	for name, want := range map[string][2]int{
		"ccdimage_00074_00012_03.raw": {12, 3}, "ccd_123456_00.raw": {123456, 0}, "ccd_00000_99.raw": {0, 99},
		"ccd_0012_00.raw": {-1, 0}, "ccd_00012_0.raw": {-1, 0}, "dark_00012_00.raw": {-1, 0}, "ccd_00012_00.tif": {-1, 0}, "ccd_x0012_00.raw": {-1, 0},
	} {
		frame, exposure, ok := shotOf(name)
		if ok != (want[0] >= 0) || ok && [2]int{frame, exposure} != want {
			t.Errorf("%s: frame %d, exposure %d, %v", name, frame, exposure, ok)
		}
	}
}

// ---- sample of configs/flispecscanmultexp.yaml

const size = 24

func TestExample(t *testing.T) {
	const frames = 4
	times := []float64{0.1, 1}
	Sample(t, "flispecscanmultexp", func(dir string) {
		write := func(scan, frame, exposure int, p []uint16) {
			name := fmt.Sprintf("ccdfli/S00000-00999/S%05d/ccdimage_%05d_%05d_%02d.raw", scan, scan, frame, exposure)
			Write(t, filepath.Join(dir, name), FLI(p, size, times[exposure]))
		}
		var rows [][]float64
		for j := range frames {
			for k := range times {
				disc := Disc[uint16](size, size, j)
				dark := make([]uint16, len(disc))
				for i, v := range disc {
					dark[i] = 1100 + uint16(i%5)
					n := float64(v) * 2500 * times[k]
					disc[i] = dark[i] + uint16(math.Min(n, 62000))
				}
				write(74, j, k, disc)
				if j < 2 {
					write(72, j, k, dark)
				}
				rows = append(rows, []float64{0.02 * float64(j%2), 0.02 * float64(j/2), 0})
			}
		}
		Write(t, filepath.Join(dir, "spec/dat-files/spec_started_2013_11_21_1659.dat"), []byte(SPEC(Scan{Number: 74, Labels: labels, Rows: rows})))
	})
	r := Config(t, Spec, "flispecscanmultexp")
	if want := [][2]float64{{0, 0}, {0, 2e-5}, {2e-5, 0}, {2e-5, 2e-5}}; !NearPositions(r.Positions, want) || len(r.LeftOut) > 0 {
		t.Errorf("positions %v, left out %v", r.Positions, r.LeftOut)
	}
	brightest := slices.Max(r.Frames[0])
	if brightest < 80000 { // more than the camera can count
		t.Errorf("the merged frame reaches %v counts only", brightest)
	}
}
