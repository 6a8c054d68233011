package nexus

import (
	"fmt"
	"path"
	"slices"
	"strings"
	"unicode"

	"ptyprep/internal/formats/h5"
	"ptyprep/internal/recipes/h5in"
	"ptyprep/internal/recipes/hdf5"
	"ptyprep/internal/recipes/standard"
	"ptyprep/internal/scan/param"
	"ptyprep/internal/scan/problem"
)

// axis is a dataset that could be a coordinate of the points.
type axis struct {
	path string
	name string // what tells its direction
	dims []int  // dimensions of the frames that it goes along; nil: not said
	nth  int    // place in @axes, from 1; 0: not there
	info *h5.Info
	unit string
	to   float64 // factor to metres
}

const lookedForPositions = "axes of the scan dimensions in the NXdata group, datasets x and y there, NXpositioner and NXtransformations values of matching length, a dataset translation of shape (N, 3) or (N, 2)"

func (s *search) positions() error {
	s.GivenUnits()
	if s.Given(hdf5.SlowKey) && s.Given(hdf5.FastKey) {
		return nil
	}
	for _, look := range []func() []axis{s.dataAxes, s.besideSignal, s.positioners} {
		axes := s.coordinates(look())
		if len(axes) < 2 {
			continue
		}
		slow, fast, err := s.pair(axes)
		if err != nil {
			return err
		}
		s.useAxes(slow, fast)
		return nil
	}
	if s.translation() {
		return nil
	}
	return s.NoPositions(lookedForPositions)
}

// useAxes takes the positions from two datasets.
func (s *search) useAxes(slow, fast axis) {
	for _, a := range []struct {
		what string
		key  param.Key
		axis
	}{{"slow axis", hdf5.SlowKey, slow}, {"fast axis", hdf5.FastKey, fast}} {
		if s.Given(a.key) {
			continue
		}
		unit := a.unit
		if unit == "" {
			s.Env.Log.Warn(fmt.Sprintf("%s has no unit; metres are assumed", a.path))
			unit = "no unit, taken for m"
		}
		s.Found(a.what, a.path, a.info, unit)
	}
	s.UsePositions(slow.path, fast.path, -1, -1)
	s.Supply(hdf5.SlowMultiplier, slow.to)
	s.Supply(hdf5.FastMultiplier, fast.to)
}

// coordinates keeps the axes that are lengths (or have no unit) and fit the leading shape.
func (s *search) coordinates(axes []axis) []axis {
	var out []axis
	for _, a := range axes {
		if a.info == nil || !standard.IsNumber(a.info) || !s.fits(a) {
			continue
		}
		if n := a.info.Shape[0]; a.dims == nil && len(s.lead) == 2 && s.lead[0] != s.lead[1] && len(a.info.Shape) == 1 {
			a.dims = []int{slices.Index(s.lead, n)} // its length says along which dimension it goes
		}
		a.unit, a.to = s.Unit(a.path), 1
		if a.unit != "" {
			var ok bool
			if a.to, ok = standard.Metres(a.unit); !ok {
				continue // an angle, a time, an energy
			}
		}
		if !slices.ContainsFunc(out, func(b axis) bool { return s.identity(b.path) == s.identity(a.path) }) {
			out = append(out, a)
		}
	}
	return out
}

// fits says that an axis has a value for each point, or for each step along one scan dimension.
func (s *search) fits(a axis) bool {
	shape := h5in.SqueezeTrailing(a.info.Shape, 1)
	if slices.Equal(shape, s.lead) {
		return true
	}
	if len(s.lead) != 2 || len(shape) != 1 {
		return len(s.lead) == 1 && len(shape) == 2 && h5in.Product(shape) == s.lead[0]
	}
	if len(a.dims) == 1 && a.dims[0] < 2 {
		return shape[0] == s.lead[a.dims[0]]
	}
	return a.dims == nil && (shape[0] == s.lead[0] || shape[0] == s.lead[1])
}

// pair decides which of the axes is the slow one.
func (s *search) pair(axes []axis) (slow, fast axis, err error) {
	along := func(d int) (out []axis) {
		for _, a := range axes {
			if slices.Equal(a.dims, []int{d}) {
				out = append(out, a)
			}
		}
		return out
	}
	named := func(n int) (out []axis) { // both may go along both dimensions, in the order of @axes
		for _, a := range axes {
			if a.nth == n {
				out = append(out, a)
			}
		}
		return out
	}
	if len(s.lead) == 2 {
		if a, b := along(0), along(1); len(a) == 1 && len(b) == 1 {
			return a[0], b[0], nil
		}
		if a, b := named(1), named(2); len(a) == 1 && len(b) == 1 {
			return a[0], b[0], nil
		}
	}
	var slows, fasts []axis
	for _, a := range axes {
		switch direction(a.name) {
		case 's':
			slows = append(slows, a)
		case 'f':
			fasts = append(fasts, a)
		}
	}
	slows, fasts = measured(slows), measured(fasts)
	if len(slows) == 1 && len(fasts) == 1 {
		return slows[0], fasts[0], nil
	}
	var list []string
	for _, a := range axes {
		list = append(list, fmt.Sprintf("%s (%s)", a.path, h5in.Shape(a.info.Shape)))
	}
	return slow, fast, problem.Inputf("%s: it cannot be told which axis of %s goes along the rows of the frames and which along the columns: %s",
		s.Where(), s.Name(), strings.Join(list, ", ")).WithHint("say so with positions.slow_key and positions.fast_key (names with y, v or row would be slow, x, h or col fast)")
}

// measured leaves out axes that say where a motor was sent (y_set, y_value_set, y_demand) when there
// are others that say where it was.
func measured(axes []axis) []axis {
	var out []axis
	for _, a := range axes {
		n := strings.ToLower(a.name)
		if !strings.HasSuffix(n, "set") && !strings.Contains(n, "demand") {
			out = append(out, a)
		}
	}
	if len(out) == 0 {
		return axes
	}
	return out
}

// direction tells by an axis's name whether it goes along the rows ('s': y, v, row) or the columns
// ('f': x, h, col) of the frames; 0 when the name does not say or says both.
func direction(name string) byte {
	slow, fast := false, false
	for _, w := range words(name) {
		switch {
		case strings.HasPrefix(w, "row"), strings.HasPrefix(w, "ver"), w == "v", strings.HasSuffix(w, "y"):
			slow = true
		case strings.HasPrefix(w, "col"), strings.HasPrefix(w, "hor"), w == "h", strings.HasSuffix(w, "x"):
			fast = true
		}
	}
	switch {
	case slow && !fast:
		return 's'
	case fast && !slow:
		return 'f'
	}
	return 0
}

// words are the parts of a name in lower case, without digits and words that say nothing.
func words(name string) []string {
	var out []string
	for _, w := range strings.FieldsFunc(strings.ToLower(name), func(r rune) bool { return !unicode.IsLetter(r) }) {
		for _, end := range []string{"positions", "position", "pos", "value", "rbv", "readback", "set"} {
			if w != end {
				w = strings.TrimSuffix(w, end)
			} else {
				w = ""
			}
		}
		if w != "" {
			out = append(out, w)
		}
	}
	return out
}

// dataAxes are the axes of the NXdata group: those of @axes and @NAME_indices, or old ones with axis=n.
func (s *search) dataAxes() []axis {
	group := s.axesGroup()
	var out []axis
	nth := map[string]int{}
	add := func(name string, dims []int) {
		p := path.Join(group, name)
		in, err := s.Info(p)
		if err != nil || in == nil || p == s.frame {
			return
		}
		scan := slices.DeleteFunc(slices.Clone(dims), func(d int) bool { return d >= len(s.lead) }) // [0 1 2] of shape (79, 1, 1)
		out = append(out, axis{path: p, name: name, dims: scan, nth: nth[name], info: in})
	}
	for d, name := range s.axisNames(group) {
		if name != "." && name != "" && d < len(s.lead) {
			nth[name] = d + 1
			dims := s.ints(group, name+"_indices")
			if dims == nil {
				dims = []int{d}
			}
			add(name, dims)
		}
	}
	for _, name := range s.children(group) {
		p := path.Join(group, name)
		if dims := s.ints(group, name+"_indices"); dims != nil {
			add(name, dims)
		} else if n := s.ints(p, "axis"); len(n) > 0 && p != s.frame {
			for i := range n {
				n[i]-- // counted from 1 there
			}
			add(name, n)
		}
	}
	return s.primary(out)
}

// axesGroup is the group to look for axes in: the NXdata group of the frames, else one that holds a
// link to them, else their own.
func (s *search) axesGroup() string {
	if s.data != "" {
		return s.data
	}
	own := path.Dir(s.frame)
	groups := []string{}
	for _, o := range s.within(s.entry) {
		if o.class == "NXdata" {
			groups = append(groups, o.path)
		}
	}
	if s.classOf(own) != "NXdata" {
		if g := s.holder(s.frame, groups); g != "" {
			return g
		}
	}
	return own
}

// besideSignal are the datasets in the group of the frames whose names tell a direction, as
// NXcxi_ptycho has them (x, y).
func (s *search) besideSignal() []axis {
	group := s.axesGroup()
	var out []axis
	for _, name := range s.children(group) {
		p := path.Join(group, name)
		if in, err := s.Info(p); err == nil && in != nil && p != s.frame && direction(name) != 0 {
			out = append(out, axis{path: p, name: name, info: in})
		}
	}
	return out
}

// axisNames are the names of @axes of the group, or of the signal in old files ("y:x", "[y,x]").
func (s *search) axisNames(group string) []string {
	t := s.texts(group, "axes")
	if t == nil {
		t = s.texts(s.frame, "axes")
	}
	if len(t) == 1 {
		return strings.FieldsFunc(t[0], func(r rune) bool { return strings.ContainsRune(":,[] ", r) })
	}
	return t
}

// primary keeps of several axes along one dimension those that are marked primary=1, if any are.
func (s *search) primary(axes []axis) []axis {
	marked := map[string]bool{}
	for _, a := range axes {
		if slices.Contains(s.ints(a.path, "primary"), 1) {
			marked[fmt.Sprint(a.dims)] = true
		}
	}
	if len(s.lead) < 2 { // several motors go along the only dimension together
		return axes
	}
	return slices.DeleteFunc(axes, func(a axis) bool {
		return marked[fmt.Sprint(a.dims)] && !slices.Contains(s.ints(a.path, "primary"), 1)
	})
}

// positioners are the values of NXpositioner groups and the datasets of NXtransformations groups.
func (s *search) positioners() []axis {
	class := map[string]string{}
	for _, o := range s.within(s.entry) {
		if o.info == nil {
			class[o.path] = o.class
		}
	}
	var out []axis
	for _, o := range s.within(s.entry) {
		if o.info == nil {
			continue
		}
		group, name := path.Dir(o.path), path.Base(o.path)
		switch class[group] {
		case "NXpositioner":
			if name == "value" || name == path.Base(group) {
				out = append(out, axis{path: o.path, name: path.Base(group), info: o.info})
			}
		case "NXtransformations":
			if s.text(o.path, "transformation_type") != "rotation" {
				out = append(out, axis{path: o.path, name: name, info: o.info})
			}
		}
	}
	return out
}

// translation uses a table of positions as NXcxi_ptycho has it.
func (s *search) translation() bool {
	for _, o := range s.within(s.entry) {
		in := o.info
		if s.classOf(path.Dir(o.path)) == "NXdetector" { // moves of the detector
			continue
		}
		if in == nil || path.Base(o.path) != "translation" || !standard.IsNumber(in) || len(in.Shape) != 2 || len(s.lead) != 1 ||
			in.Shape[0] != s.lead[0] || in.Shape[1] != 2 && in.Shape[1] != 3 {
			continue
		}
		unit, to := s.Unit(o.path), 1.0
		if unit != "" {
			var ok bool
			if to, ok = standard.Metres(unit); !ok {
				continue
			}
		} else {
			unit = "m"
			s.Env.Log.Warn(fmt.Sprintf("%s has no unit; metres are assumed", o.path))
		}
		s.Found("positions", o.path, in, unit)
		s.UsePositions(o.path, o.path, 1, 0)
		s.Supply(hdf5.SlowMultiplier, to)
		s.Supply(hdf5.FastMultiplier, to)
		return true
	}
	return false
}
