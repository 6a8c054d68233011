package scan

import (
	"errors"
	"math"
	"strings"
	"testing"

	"ptyprep/internal/imgproc"
	"ptyprep/internal/scan/problem"
)

// A position that is no number is an error that counts them and names the first frame; one beyond
// num_frames is nobody's business.
func TestPositionsAreNumbers(t *testing.T) {
	pos := [][2]float64{{0, 0}, {math.NaN(), 1}, {2, math.Inf(1)}, {math.NaN(), 0}}
	d := &Description{Frames: 4, Rows: 8, Cols: 8, Positions: pos, Name: func(k int) string { return "point " + string(rune('a'+k)) }}
	_, err := newPlan(d, settings(), &Options{})
	if problem.ClassOf(err) != problem.Input || !strings.Contains(err.Error(), "3 of 4") || !strings.Contains(err.Error(), "point b: (NaN, 1)") {
		t.Errorf("%v", err)
	}
	s := settings()
	s.NumFrames = 1
	if _, err := newPlan(d, s, &Options{}); err != nil {
		t.Errorf("one good frame is asked for: %v", err)
	}
}

// What the data record must be a number above 0; the recipe's own values are checked by their
// declaration.
func TestRecordedValuesMakeSense(t *testing.T) {
	for _, bad := range []float64{0, -1, math.NaN(), math.Inf(1)} {
		d := &Description{Frames: 2, Rows: 8, Cols: 8, Recorded: Recorded{DistanceM: &bad}}
		_, err := newPlan(d, settings(), &Options{})
		if problem.ClassOf(err) != problem.Input || !strings.Contains(err.Error(), "distance: the data record") {
			t.Errorf("%v: %v", bad, err)
		}
		for i := range 2 {
			psize := [2]float64{1e-4, 1e-4}
			psize[i] = bad
			d := &Description{Frames: 2, Rows: 8, Cols: 8, Recorded: Recorded{PSizeM: &psize}}
			if _, err := newPlan(d, settings(), &Options{}); problem.ClassOf(err) != problem.Input || !strings.Contains(err.Error(), "psize: the data record") {
				t.Errorf("psize %v: %v", psize, err)
			}
		}
	}
	good := 2.5
	d := &Description{Frames: 2, Rows: 8, Cols: 8, Recorded: Recorded{DistanceM: &good}}
	p, err := newPlan(d, settings(), &Options{})
	if err != nil || p.Meta.DistanceM != 2.5 {
		t.Errorf("%v, %+v", err, p)
	}
}

// The hint of a shape that cannot be binned names shapes that can.
func TestRebinHint(t *testing.T) {
	for shape, want := range map[int]string{10: "shape: 8 or shape: 12", 3: "shape: 4, or a smaller rebin"} {
		s := settings()
		s.Rebin, s.Shape = 4, &[2]int{shape, shape}
		_, err := newPlan(&Description{Frames: 1, Rows: 16, Cols: 16}, s, &Options{})
		var p *problem.Error
		if !errors.As(err, &p) || p.Class != problem.Usage || !strings.Contains(p.Hint, want) {
			t.Errorf("shape %d: %+v, want a hint with %q", shape, p, want)
		}
	}
}

// A window that zeros would make absurdly large is refused; frames may be as large as they are.
func TestCheckBeyond(t *testing.T) {
	for _, c := range []struct {
		w          imgproc.Rect
		rows, cols int
		ok         bool
	}{
		{imgproc.Whole(16384, 16384), 8, 8, true},
		{imgproc.Whole(16384, 16385), 8, 8, false},
		{imgproc.Whole(1<<40, 1<<40), 8, 8, false},
		{imgproc.Whole(200000, 200000), 200000, 200000, true},
		{imgproc.Rect{Row: 1, Rows: 200000, Cols: 200000}, 200000, 200000, false},
	} {
		err := CheckBeyond("r.yaml:1:1: shape", c.w, c.rows, c.cols)
		if (err == nil) != c.ok || err != nil && (problem.ClassOf(err) != problem.Usage || !strings.Contains(err.Error(), "r.yaml:1:1: shape")) {
			t.Errorf("%v of %d x %d: %v", c.w, c.rows, c.cols, err)
		}
	}
}

// A window beyond the frame is told; one within it is no news.
func TestNoteBeyond(t *testing.T) {
	for _, c := range []struct {
		w    imgproc.Rect
		told bool
	}{{imgproc.Whole(8, 8), false}, {imgproc.Rect{Row: -1, Rows: 8, Cols: 8}, true}, {imgproc.Whole(9, 8), true}} {
		log, heard := listen()
		NoteBeyond(log, c.w, 8, 8)
		if told := strings.Contains(heard.String(), "reaches beyond the frames of 8 x 8"); told != c.told {
			t.Errorf("%v: heard %q", c.w, heard)
		}
	}
}

// A size that no detector has is refused before memory is asked for.
func TestFramesTooLarge(t *testing.T) {
	for _, c := range []struct {
		shape      [2]int
		rows, cols int
		class      problem.Class
		word       string
	}{
		{[2]int{100000, 100000}, 8, 8, problem.Usage, "shape: asks for frames of 100000 x 100000 pixels"},
		{[2]int{math.MaxInt, math.MaxInt}, 8, 8, problem.Usage, "shape: "},
		{[2]int{}, 1 << 20, 1 << 20, problem.Input, "frames of 1048576 x 1048576 pixels are too large"},
	} {
		s := settings()
		if c.shape[0] > 0 {
			s.Shape = &c.shape
		}
		_, err := newPlan(&Description{Frames: 2, Rows: c.rows, Cols: c.cols}, s, &Options{})
		if problem.ClassOf(err) != c.class || !strings.Contains(err.Error(), c.word) {
			t.Errorf("%v: %v", c, err)
		}
	}
}
