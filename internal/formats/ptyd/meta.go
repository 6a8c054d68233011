package ptyd

import (
	"fmt"
	"math"
	"slices"
	"strconv"
)

// Meta is the group meta as a file has it; nil stands for what is missing or None.
type Meta struct {
	Version    *float64
	NumFrames  *int // frames of the whole scan; a file that is being written may hold fewer
	Label      *string
	Shape      *[2]int     // rows, columns
	PSizeM     *[2]float64 // metres, of the stored (binned) pixel
	EnergyKeV  *float64
	Center     *[2]float64 // optical axis in the stored frame, pixels (row, column)
	CenterWord string      // a word in place of the numbers: fftshift, geometric, fft
	CenterNone bool        // the centre is there, and None
	DistanceM  *float64
	Tree       Node // the group as it is stored
}

// centerWords are the texts that meta/center may hold.
var centerWords = []string{"fftshift", "geometric", "fft"}

// newMeta takes the eight keys out of the stored group. One number stands for both axes.
// What has another form, or cannot be such a number, is left out, with a warning.
func newMeta(tree Node) (Meta, []string) {
	r := metaReader{tree: tree}
	m := Meta{
		Version: r.number("version", finite), EnergyKeV: r.number("energy", isSize), DistanceM: r.number("distance", isSize),
		PSizeM: r.pair("psize", isSize), Center: r.pair("center", finite), Tree: tree,
	}
	if n := r.number("num_frames", isCount); n != nil {
		k := int(*n)
		m.NumFrames = &k
	}
	if p := r.pair("shape", func(x float64) bool { return isCount(x) && x > 0 }); p != nil {
		m.Shape = &[2]int{int(p[0]), int(p[1])}
	}
	if n, ok := tree.Get("label"); ok && n.Kind == String {
		s := n.Text()
		m.Label = &s
	}
	if n, ok := tree.Get("center"); ok {
		m.CenterNone = n.Kind == None
		if w := n.Text(); slices.Contains(centerWords, w) {
			m.CenterWord = w
		}
	}
	return m, r.warnings
}

func finite(x float64) bool  { return x-x == 0 }
func isSize(x float64) bool  { return finite(x) && x >= 0 }
func isCount(x float64) bool { return x >= 0 && x <= 1<<40 && x == math.Trunc(x) }

// metaReader takes numbers out of the stored group and warns of what cannot be.
type metaReader struct {
	tree     Node
	warnings []string
}

// numbers gives up to most numbers, each of which must be sensible.
func (r *metaReader) numbers(key string, most int, sensible func(float64) bool) []float64 {
	n, ok := r.tree.Get(key)
	v := n.Floats()
	if n.Kind == String && key == "version" { // old files have it as a text
		if x, err := strconv.ParseFloat(n.Text(), 64); err == nil {
			v = []float64{x}
		}
	}
	fits := len(v) >= 1 && len(v) <= most
	if fits && !slices.ContainsFunc(v, func(x float64) bool { return !sensible(x) }) {
		return v
	}
	if ok && n.Kind != None && !(key == "center" && slices.Contains(centerWords, n.Text())) {
		what := n.describe()
		if fits {
			what = fmt.Sprint(v)
		}
		r.warnings = append(r.warnings, fmt.Sprintf("meta/%s is %s; it is taken as missing", key, what))
	}
	return nil
}

func (r *metaReader) number(key string, sensible func(float64) bool) *float64 {
	if v := r.numbers(key, 1, sensible); v != nil {
		return &v[0]
	}
	return nil
}

// pair is two numbers, or one that stands for both.
func (r *metaReader) pair(key string, sensible func(float64) bool) *[2]float64 {
	if v := r.numbers(key, 2, sensible); v != nil {
		return &[2]float64{v[0], v[len(v)-1]}
	}
	return nil
}

// describe says in a few words what a node is.
func (n Node) describe() string {
	switch n.Kind {
	case None:
		return "None"
	case Scalar:
		return fmt.Sprint(n.Value)
	case String:
		return fmt.Sprintf("the text %q", n.Value)
	case Array, ArrayList, ArrayTuple:
		return fmt.Sprintf("an array of shape %v", n.Shape)
	case Foreign:
		return n.Text()
	}
	return fmt.Sprintf("a group of %d entries", len(n.Items))
}
