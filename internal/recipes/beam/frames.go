package beam

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"ptyprep/internal/imgproc"
	"ptyprep/internal/imgproc/pix"
	"ptyprep/internal/recipes"
	"ptyprep/internal/scan"
	"ptyprep/internal/scan/param"
	"ptyprep/internal/scan/problem"
)

// Head is what a file says about the frame it holds.
type Head struct {
	Type       pix.Type
	Rows, Cols int
}

// Heads looks into n files in parallel, before any frame is read: file(k) names them and look
// gives what the header says. It notes them as inputs of parameter k, and fills in the scan's
// Rows, Cols, Raw and Name: all frames must have the size of the first; the type is the one that
// holds the values of all.
func (c *Scan) Heads(ctx context.Context, env *recipes.Env, v *param.Values, key param.Key, n int, file func(k int) string, look func(k int) (Head, error)) error {
	heads := make([]Head, n)
	c.Name = func(k int) string { return fmt.Sprintf("frame %d (%s)", k, file(k)) }
	err := Each(ctx, n, func(k int) (err error) {
		if heads[k], err = look(k); err != nil {
			return err
		}
		return Note(env, v, v.Where(key), file(k))
	})
	if err != nil {
		return err
	}
	for k, h := range heads {
		if k == 0 {
			c.Rows, c.Cols, c.Raw = h.Rows, h.Cols, h.Type
		}
		if h.Rows != c.Rows || h.Cols != c.Cols {
			return c.SizeProblem(k, h.Rows, h.Cols)
		}
		c.Raw = imgproc.Promote(c.Raw, h.Type)
	}
	return nil
}

// Calibrate adds the correction (raw - dark)/(flat - dark) with what of the two is given, and
// takes pixels that it cannot divide out of the mask, with a warning.
func (c *Scan) Calibrate(env *recipes.Env, dark, flat *pix.Image) {
	if dark == nil && flat == nil {
		return
	}
	what := "flat"
	if dark != nil {
		what = "flat - dark"
	}
	c.AddDarkFlat(env, NewDarkFlat(dark, flat), what)
}

// AddDarkFlat adds a step that divides by what, with the mask and the warning that go with it.
func (c *Scan) AddDarkFlat(env *recipes.Env, d *DarkFlat, what string) {
	c.Steps = append(c.Steps, d)
	c.HasDark = c.HasDark || d.Dark != nil
	if d.Flat == nil {
		return
	}
	if c.Valid == nil {
		c.Valid = imgproc.Ones(c.Rows * c.Cols)
	}
	if n := d.Mask(c.Valid); n > 0 {
		env.Log.Warn(fmt.Sprintf("%d pixels cannot be divided: %s is 0 or no number there; they are 0 and masked in the result", n, what))
	}
}

// Numbered are frames that stand in files with running numbers.
type Numbered struct {
	Total int   // highest number + 1
	Have  []int // numbers of the frames that are whole, rising
}

// Choose says which frames are prepared: of the first num_frames (0: all) that have a position
// (positions is their number, -1: not known) those that are whole. kept are their numbers;
// leftOut tells of all others that nobody asked to leave out, what(k) saying why a frame within
// Total is not whole (nil: its file is not there).
func (f Numbered) Choose(numFrames, positions int, what func(k int) string) (kept []int, leftOut []string) {
	n, leftOut := Counted(numFrames, f.Total, positions)
	have := make(map[int]bool, len(f.Have))
	for _, k := range f.Have {
		have[k] = true
	}
	var missing []string
	for k := range n {
		if have[k] {
			kept = append(kept, k)
			continue
		}
		why := fmt.Sprintf("frame %d is not there", k)
		if what != nil {
			why = what(k)
		}
		missing = append(missing, why)
	}
	const most = 20
	if len(missing) > most {
		missing = append(missing[:most], fmt.Sprintf("and %d more", len(missing)-most))
	}
	for _, m := range missing {
		leftOut = append(leftOut, m+"; left out")
	}
	return kept, leftOut
}

// Pick is Choose by the settings of a scan, which count before frames are left out: num_frames, or
// positions_theory, one for each of the Total frames (fewer: those of the first). It takes what it
// has counted out of the settings and leaves the positions of the kept frames in positions_theory.
func (f Numbered) Pick(s *scan.Settings, positions int, what func(k int) string) (kept []int, leftOut []string, err error) {
	if s.PositionsTheory != nil {
		if err := s.CheckTheory(f.Total); err != nil {
			return nil, nil, err
		}
		positions = -1
	}
	kept, leftOut = f.Choose(s.NumFrames, positions, what)
	s.NumFrames, s.PositionsTheory = 0, At(s.PositionsTheory, kept)
	return kept, leftOut, nil
}

// NumberIn takes the whole number between prefix and suffix out of a file name, written with at
// least width digits.
func NumberIn(name, prefix, suffix string, width int) (n int, ok bool) {
	if len(name) < len(prefix)+len(suffix) || !strings.HasPrefix(name, prefix) || !strings.HasSuffix(name, suffix) {
		return 0, false
	}
	digits := name[len(prefix) : len(name)-len(suffix)]
	if len(digits) < width || len(digits) > width && digits[0] == '0' || strings.Trim(digits, "0123456789") != "" {
		return 0, false
	}
	n, err := strconv.Atoi(digits)
	return n, err == nil && n < 1<<31
}

// NoFrames is the problem of a folder without frames.
func NoFrames(v *param.Values, k param.Key, pattern string) *problem.Error {
	return problem.Inputf("%s: no file matches %s", v.Where(k), pattern)
}

// At is the positions of the frames with these numbers.
func At(positions [][2]float64, numbers []int) [][2]float64 {
	if positions == nil {
		return nil
	}
	out := make([][2]float64, len(numbers))
	for i, k := range numbers {
		out[i] = positions[k]
	}
	return out
}

// Theory says that the recipe gives positions_theory, so that recorded ones are not needed.
func Theory(v *param.Values) bool { return !v.IsNull(recipes.PositionsTheory) }
