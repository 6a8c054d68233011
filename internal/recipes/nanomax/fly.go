package nanomax

import (
	"fmt"
	"math"
	"slices"

	"ptyprep/internal/recipes/beam"
	"ptyprep/internal/recipes/h5in"
	"ptyprep/internal/scan/param"
)

// fly adds a fly scan. used is the number of points of a line that count; keys lists the datasets
// of up to want lines.
func (o *opener) fly(scanNumber int, x, y, monitor *h5in.Array, used int, file string, keys func(from, want int) ([]string, error)) error {
	lines, width := x.Shape[0], x.Shape[1]
	from := o.v.Int(FirstLine)
	if from >= lines {
		return o.v.InputProblem(FirstLine, "is %d, but the scan has %d lines (0 to %d)", from, lines, lines-1)
	}
	end := math.MaxInt // of the lines that are asked for
	if n := o.v.Int(MaxLines); n > 0 && n < end-from {
		end = from + n
	}
	to := min(lines, end)
	needed := to - from
	if w := o.want(); used > 0 && w/used < needed { // lines behind those of num_frames need not be whole
		needed = min(needed, (w+used-1)/used)
	}
	found, err := keys(from, needed)
	if err != nil {
		return err
	}
	isLast := func(i int) bool {
		if i == to-1 {
			return true
		}
		next, err := keys(i+1, 1)
		return err == nil && len(next) == 0
	}
	var long []string // lines with more frames than points
	for k, key := range found {
		i := from + k
		n, err := o.images(file, key)
		if err != nil {
			return err
		}
		wanted := o.want()
		switch {
		case n < min(used, wanted) && !isLast(i):
			return o.v.InputProblem(o.framesKey, "%s:%s holds %d frames, but the line has %d positions", file, key, n, used).
				WithHint("frames of a line in the middle are missing: use the lines before or behind it, with firstLine and nMaxLines")
		case n < min(used, wanted):
			o.leave("line %d of scan %d holds %d frames and %d positions: %d are prepared", i, scanNumber, n, used, n)
		case n > used && wanted > used:
			long = append(long, fmt.Sprint(i))
		}
		n = min(n, used)
		o.parts = append(o.parts, part{file: file, key: key, images: n})
		o.x = append(o.x, x.Data[i*width:i*width+n]...)
		o.y = append(o.y, y.Data[i*width:i*width+n]...)
		if monitor != nil {
			o.monitor = append(o.monitor, monitor.Data[i*width:i*width+n]...)
		}
	}
	if len(long) > 0 {
		o.leftOut = append(o.leftOut, fmt.Sprintf("%d lines of scan %d hold more frames than the %d positions of a line (lines %s): the first %d of each are prepared",
			len(long), scanNumber, used, beam.Few(long), used))
	}
	if len(found) < needed {
		o.leave("scan %d holds frames of %d lines and positions of %d from line %d on: %d are prepared", scanNumber, len(found), to-from, from, len(found))
	}
	if more, err := keys(lines, max(0, end-lines)); err == nil && len(more) > 0 {
		o.leave("scan %d holds frames of %d lines and positions of %d from line %d on: %d are prepared", scanNumber, lines-from+len(more), lines-from, from, lines-from)
	}
	return nil
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
