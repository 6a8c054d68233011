package nanomax

import (
	"fmt"
	"math"
	"slices"
	"strconv"

	"ptyprep/internal/recipes/beam"
	"ptyprep/internal/recipes/h5in"
	"ptyprep/internal/scan/param"
)

// flyScan is a fly scan: lines of points, with a dataset of frames for each.
type flyScan struct {
	number        int
	x, y, monitor *h5in.Array // (lines, points); monitor may be nil
	used          int         // points of a line that count
	file          string      // of the frames
	// keys lists the datasets of lines from, from+1, ..., want of them at most.
	keys func(from, want int) ([]string, error)
}

// fly adds a fly scan.
func (o *opener) fly(s *flyScan) error {
	lines, from := s.x.Shape[0], o.v.Int(FirstLine)
	if from >= lines {
		return o.v.InputProblem(FirstLine, "is %d, but the scan has %d lines (0 to %d)", from, lines, lines-1)
	}
	end := math.MaxInt // of the lines that are asked for
	if n := o.v.Int(MaxLines); n > 0 && n < end-from {
		end = from + n
	}
	to := min(lines, end)
	needed := to - from
	if w := o.want(); s.used > 0 && w/s.used < needed { // lines behind those of num_frames need not be whole
		needed = min(needed, (w+s.used-1)/s.used)
	}
	found, err := s.keys(from, needed)
	if err != nil {
		return err
	}
	var long []string // lines with more frames than points
	for k, key := range found {
		i := from + k
		more, err := o.line(s, i, key, i == to-1)
		if err != nil {
			return err
		}
		if more {
			long = append(long, strconv.Itoa(i))
		}
	}
	if len(long) > 0 {
		o.leftOut = append(o.leftOut, fmt.Sprintf("%d lines of scan %d hold more frames than the %d positions of a line (lines %s): the first %d of each are prepared",
			len(long), s.number, s.used, beam.Few(long), s.used))
	}
	lacking := func(frames, positions int) {
		o.leave("scan %d holds frames of %d lines and positions of %d from line %d on: %d are prepared", s.number, frames, positions, from, min(frames, positions))
	}
	if len(found) < needed {
		lacking(len(found), to-from)
	}
	if more, err := s.keys(lines, max(0, end-lines)); err == nil && len(more) > 0 {
		lacking(lines-from+len(more), lines-from)
	}
	return nil
}

// line adds line i of a fly scan, whose frames are in the dataset key; last says that no further line is
// asked for. long reports that the line has more frames than points.
func (o *opener) line(s *flyScan, i int, key string, last bool) (long bool, err error) {
	n, err := o.images(s.file, key)
	if err != nil {
		return false, err
	}
	wanted := o.want()
	if n < min(s.used, wanted) {
		if !last {
			next, err := s.keys(i+1, 1)
			last = err == nil && len(next) == 0
		}
		if !last {
			return false, o.v.InputProblem(o.framesKey, "%s:%s holds %d frames, but the line has %d positions", s.file, key, n, s.used).
				WithHint("frames of a line in the middle are missing: use the lines before or behind it, with firstLine and nMaxLines")
		}
		o.leave("line %d of scan %d holds %d frames and %d positions: %d are prepared", i, s.number, n, s.used, n)
	}
	long = n > s.used && wanted > s.used
	n = min(n, s.used)
	at := i * s.x.Shape[1]
	o.parts = append(o.parts, part{file: s.file, key: key, images: n})
	o.x = append(o.x, s.x.Data[at:at+n]...)
	o.y = append(o.y, s.y.Data[at:at+n]...)
	if s.monitor != nil {
		o.monitor = append(o.monitor, s.monitor.Data[at:at+n]...)
	}
	return long, nil
}

// leave notes what is left out, unless num_frames ends the scan before it.
func (o *opener) leave(format string, args ...any) {
	if !o.enough() {
		o.leftOut = append(o.leftOut, fmt.Sprintf(format, args...))
	}
}

// usedLength is the part of the lines' buffer that a fly scan of May 2019 used: up to the first 0
// of line 0, in both motors.
func usedLength(v *param.Values, x, y *h5in.Array) (int, error) {
	end := func(a *h5in.Array) int {
		line := a.Data[:a.Shape[1]]
		if i := slices.Index(line, 0); i >= 0 {
			return i
		}
		return len(line)
	}
	nx, ny := end(x), end(y)
	if nx != ny {
		return 0, v.InputProblem(XMotor, "line 0 of %s ends (first 0) after %d points, that of %s after %d: they must agree", x.Name, nx, y.Name, ny).
			WithHint("a motor that stood at exactly 0 looks like the end of the line: the scan cannot be read without knowing its length")
	}
	if nx == 0 {
		return 0, v.InputProblem(XMotor, "line 0 of %s begins with 0: no point of the buffer was used", x.Name)
	}
	return nx, nil
}
