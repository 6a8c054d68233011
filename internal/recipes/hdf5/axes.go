package hdf5

import (
	"fmt"
	"slices"

	"ptyprep/internal/recipes/h5in"
	"ptyprep/internal/scan/param"
	"ptyprep/internal/scan/problem"
)

// Grid is how the points of a scan lie: a list of points, or a grid of slow x fast. The raw
// frame of a point always has the point's own number (slow index outer, fast index inner).
type Grid struct {
	Kind       string // in words, for -v
	List       bool
	Slow, Fast int // numbers of points along the axes; a list has 1 x k
	at         func(i, j int) [2]float64
}

// NewGrid makes a grid of slow x fast points whose positions at computes, in metres. kind names it
// in messages.
func NewGrid(kind string, slow, fast int, at func(i, j int) [2]float64) *Grid {
	return &Grid{Kind: kind, Slow: slow, Fast: fast, at: at}
}

// Points is the number of points before selection.
func (g *Grid) Points() int { return g.Slow * g.Fast }

// shape is that of a dataset with one value for each point.
func (g *Grid) shape() []int {
	if g.List {
		return []int{g.Fast}
	}
	return []int{g.Slow, g.Fast}
}

// Axis is a coordinate of the points as stored.
type Axis struct {
	*h5in.Array
	Multiplier float64
}

// Match finds out how slow and fast, the stored coordinates, go with frames of leading shape
// lead: a grid, a list, or two axes of a mesh, stored point by point or as a grid. where names
// the parameters for the error.
func Match(lead []int, slow, fast Axis, where string) (*Grid, error) {
	ss := slow.Shape
	fs := fast.Shape
	if len(ss) > 2 {
		ss = h5in.SqueezeTrailing(ss, len(lead))
	}
	if len(fs) > 2 {
		fs = h5in.SqueezeTrailing(fs, len(lead))
	}
	s, f := slow.Data, fast.Data
	ms, mf := slow.Multiplier, fast.Multiplier
	pointwise := func(k int) func(i, j int) [2]float64 {
		return func(i, j int) [2]float64 { return [2]float64{s[i*k+j] * ms, f[i*k+j] * mf} }
	}
	mesh := func(i, j int) [2]float64 { return [2]float64{s[i] * ms, f[j] * mf} }
	same := slices.Equal(ss, fs)
	switch {
	case len(lead) == 2 && same && slices.Equal(ss, lead):
		return &Grid{Kind: "grid", Slow: lead[0], Fast: lead[1], at: pointwise(lead[1])}, nil
	case len(lead) == 1 && same && slices.Equal(ss, lead):
		return &Grid{Kind: "list of points", List: true, Slow: 1, Fast: lead[0], at: pointwise(lead[0])}, nil
	case len(lead) == 1 && same && len(ss) == 2 && lead[0] == ss[0]*ss[1]:
		return &Grid{Kind: "grid, frames in a list", Slow: ss[0], Fast: ss[1], at: pointwise(ss[1])}, nil
	case len(lead) == 2 && len(ss) == 1 && len(fs) == 1 && ss[0] == lead[0] && fs[0] == lead[1]:
		return &Grid{Kind: "mesh of two axes", Slow: lead[0], Fast: lead[1], at: mesh}, nil
	case len(lead) == 1 && len(ss) == 1 && len(fs) == 1 && lead[0] == ss[0]*fs[0]:
		return &Grid{Kind: "mesh of two axes, frames in a list", Slow: ss[0], Fast: fs[0], at: mesh}, nil
	}
	err := problem.Inputf("%s: the positions do not fit the frames: slow axis %s has shape (%s), fast axis %s has shape (%s), the frames have leading shape (%s)",
		where, slow.Name, h5in.Shape(ss), fast.Name, h5in.Shape(fs), h5in.Shape(lead))
	if same && len(lead) == 1 && len(ss) == 2 && ss[0] == lead[0] { // a table of coordinates
		return nil, err.WithHint("each axis is one column of a table: set positions.slow_index and positions.fast_index (0 to %d)", ss[1]-1)
	}
	return nil, err.WithHint("for %s frames: %s", h5in.Shape(lead), fitting(lead))
}

func fitting(lead []int) string {
	if len(lead) == 1 {
		return fmt.Sprintf("two axes of shape (%d), two of the same shape (a, b) with a*b = %d, or axes of (a) and (b)", lead[0], lead[0])
	}
	if len(lead) == 2 {
		return fmt.Sprintf("two axes of shape (%s), or axes of (%d) and (%d)", h5in.Shape(lead), lead[0], lead[1])
	}
	return "frames need one or two leading dimensions (after outer_index)"
}

// Point is a selected scan point: its number among all points (and of its raw frame).
type Point struct {
	Number   int
	Position [2]float64 // metres, (slow, fast)
}

// span is a range of indices along an axis.
type span struct{ low, high int }

// spanOf decodes bounds for an axis of n points.
func spanOf(v *param.Values, k param.Key, n int) (span, error) {
	s := span{0, n}
	x := v.Get(k)
	switch x.Kind {
	case param.Int:
		s.low = int(x.Int)
	case param.List:
		if !x.List[0].IsNull() {
			s.low = int(x.List[0].Int)
		}
		if !x.List[1].IsNull() {
			s.high = int(x.List[1].Int)
		}
	}
	if s.low < 0 || s.low >= s.high || s.high > n {
		return s, v.InputProblem(k, "the range %d to %d does not fit an axis of %d points", s.low, s.high, n).
			WithHint("bounds are indices: 0 <= low < high <= %d", n)
	}
	return s, nil
}

// Select takes the points of the scan that bounds, skip, filter and order leave, in their order.
// filter has one value for each point, or is nil.
func (g *Grid) Select(v *param.Values, filter []float64) ([]Point, error) {
	slow := span{0, g.Slow}
	fast, err := spanOf(v, FastBounds, g.Fast)
	if err != nil {
		return nil, err
	}
	slowSkip, skip := 1, v.Int(Skip)
	if !g.List {
		slowSkip = skip
		if slow, err = spanOf(v, SlowBounds, g.Slow); err != nil {
			return nil, err
		}
	}
	var points []Point
	for i := slow.low; i < slow.high; i += slowSkip {
		for j := fast.low; j < fast.high; j += skip {
			n := i*g.Fast + j
			if filter == nil || filter[n] > 0 {
				points = append(points, Point{Number: n, Position: g.at(i, j)})
			}
		}
	}
	if len(points) == 0 {
		return nil, v.InputProblem(FilterKey, "the framefilter leaves no point: all of its values inside the bounds are 0 or below").
			WithHint("points are used where the filter is above 0")
	}
	return reorder(v, points)
}

func reorder(v *param.Values, points []Point) ([]Point, error) {
	if v.IsNull(OrderIndices) {
		return points, nil
	}
	n := len(points)
	var out []Point
	for _, k := range v.Ints(OrderIndices) {
		if k < -n || k >= n {
			return nil, v.InputProblem(OrderIndices, "index %d is outside the %d selected points", k, n).
				WithHint("allowed: %d to %d, negative ones count from the end", -n, n-1)
		}
		if k < 0 {
			k += n
		}
		out = append(out, points[k])
	}
	return out, nil
}
