package nanomax

import (
	"fmt"
	"slices"
	"strings"

	"ptyprep/internal/formats/h5"
	"ptyprep/internal/recipes/beam"
	"ptyprep/internal/recipes/h5in"
	"ptyprep/internal/scan/param"
)

// step adds the scan whose motors and monitor lie below the group measurement of file, and whose
// frames are parts. Frames and positions that have no partner are left out.
func (o *opener) step(scanNumber int, file, measurement string, parts []part) error {
	x, y, monitor, err := o.motors(file, measurement, measurement, 1)
	if err != nil {
		return err
	}
	found := 0
	for _, p := range parts {
		found += p.images
	}
	points, what := found, "" // with positions_theory, unless there is a monitor
	switch {
	case x != nil:
		points, what = len(x.Data), "positions"
	case monitor != nil:
		points, what = len(monitor.Data), "values of I0"
	}
	n := min(found, points)
	if found != points && n < o.want() {
		o.leftOut = append(o.leftOut, fmt.Sprintf("scan %d holds %d frames and %d %s: %d are prepared", scanNumber, found, points, what, n))
	}
	if x != nil {
		o.x, o.y = append(o.x, x.Data[:n]...), append(o.y, y.Data[:n]...)
	}
	if monitor != nil {
		o.monitor = append(o.monitor, monitor.Data[:n]...)
	}
	for _, p := range parts {
		if p.images = min(p.images, n); p.images > 0 {
			o.parts = append(o.parts, p)
			n -= p.images
		}
	}
	return nil
}

// motors reads both motors below group and, where I0 is given, the monitor below measurement.
// All must have rank dimensions and one shape. The motors of a step scan (rank 1) are not looked at
// where positions_theory takes their place: x and y are nil.
func (o *opener) motors(file, group, measurement string, rank int) (x, y, monitor *h5in.Array, err error) {
	read := func(k param.Key, group string) (*h5in.Array, error) {
		if _, err := o.files.Open(file, o.v.Where(Path)); err != nil {
			return nil, err
		}
		a, err := o.files.Array(file, group+"/"+o.v.Text(k), o.v.Where(k))
		if err != nil {
			return nil, err
		}
		if len(a.Shape) != rank {
			return nil, o.v.InputProblem(k, "%s has shape %s, expected %s", a.Name, h5in.Shape(a.Shape), [...]string{"", "one value for each frame", "(lines, points)"}[rank])
		}
		if x != nil && !slices.Equal(a.Shape, x.Shape) {
			return nil, o.v.InputProblem(k, "%s has shape %s, expected %s like %s", a.Name, h5in.Shape(a.Shape), h5in.Shape(x.Shape), x.Name)
		}
		return a, nil
	}
	if rank > 1 || !beam.Theory(o.v) {
		if x, err = read(XMotor, group); err != nil {
			return nil, nil, nil, err
		}
		if y, err = read(YMotor, group); err != nil {
			return nil, nil, nil, err
		}
	}
	if o.v.IsNull(I0) {
		return x, y, nil, nil
	}
	if monitor, err = read(I0, measurement); err != nil {
		return nil, nil, nil, err
	}
	o.monitorOf = monitor.Name
	return x, y, monitor, nil
}

// numbered lists the datasets that a group of the file holds for n = from, from+1, ..., want of
// them at most. The part of their path in the group is format filled in with n, and suffix. A gap
// before the last that is wanted is an Input problem.
func (o *opener) numbered(file, group, format, suffix string, from, want int) (keys []string, err error) {
	f, err := o.files.Open(file, o.v.Where(Path))
	if err != nil {
		return nil, err
	}
	entries, err := f.List("/" + group)
	if err != nil {
		return nil, o.noGroup(f, file, group)
	}
	there := map[string]bool{}
	for _, e := range entries {
		there[e.Name] = true
	}
	has := func(n int) bool { return there[fmt.Sprintf(format, n)] }
	join := func(n int) string { return strings.TrimPrefix(group+"/"+fmt.Sprintf(format, n)+suffix, "/") }
	n := from
	for ; len(keys) < want && has(n); n++ {
		keys = append(keys, join(n))
	}
	for later := n + 1; len(keys) < want && later <= n+len(there); later++ {
		if has(later) {
			return nil, o.v.InputProblem(o.framesKey, "%s has no %s, though there is %s", file, join(n), join(later)).
				WithHint("frames are missing in the middle of the scan: copy the file again, or use the part before them (num_frames; nMaxLines)")
		}
	}
	return keys, nil
}

// noGroup says that the group of frames is not there, and which groups are.
func (o *opener) noGroup(f *h5.File, file, group string) error {
	up, _ := splitLast(group)
	p := o.v.InputProblem(o.framesKey, "%s has no group %s", file, group)
	entries, err := f.List("/" + up)
	if err != nil {
		return p
	}
	var names []string
	for _, e := range entries {
		if e.Kind == h5.Group {
			names = append(names, e.Name)
		}
	}
	if len(names) == 0 {
		return p
	}
	return p.WithHint("groups in %s: %s", up, strings.Join(names, ", "))
}

func splitLast(p string) (up, last string) {
	i := strings.LastIndexByte(p, '/')
	if i < 0 {
		return "", p
	}
	return p[:i], p[i+1:]
}

// images is the number of frames in a dataset.
func (o *opener) images(file, key string) (int, error) {
	d, err := o.files.Dataset(file, key, o.v.Where(o.framesKey), h5in.IsFrames)
	if err != nil {
		return 0, err
	}
	defer d.Close()
	shape := d.Info().Shape
	if len(shape) != 3 {
		return 0, o.v.InputProblem(o.framesKey, "%s:%s has shape %s, expected (frames, rows, columns)", file, key, h5in.Shape(shape))
	}
	return shape[0], nil
}

// single makes parts of one frame each.
func single(file string, keys []string) []part {
	out := make([]part, len(keys))
	for i, k := range keys {
		out[i] = part{file: file, key: k, images: 1}
	}
	return out
}
