package ptyd

import (
	"fmt"
	"math"
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

// newMeta takes the eight keys out of the stored group. One number stands for both axes.
// What has another form is left out, with a warning.
func newMeta(tree Node) (Meta, []string) {
	m := Meta{Tree: tree}
	var warnings []string
	odd := func(key string, n Node) {
		warnings = append(warnings, fmt.Sprintf("meta/%s is %s; it is taken as missing", key, n.describe()))
	}
	number := func(key string) *float64 {
		n, ok := tree.Get(key)
		if v := n.Floats(); len(v) == 1 {
			return &v[0]
		}
		if ok && n.Kind != None {
			odd(key, n)
		}
		return nil
	}
	pair := func(key string) *[2]float64 {
		n, ok := tree.Get(key)
		switch v := n.Floats(); {
		case len(v) == 1:
			return &[2]float64{v[0], v[0]}
		case len(v) == 2:
			return &[2]float64{v[0], v[1]}
		}
		if ok && n.Kind != None && n.Kind != String {
			odd(key, n)
		}
		return nil
	}
	m.Version, m.EnergyKeV, m.DistanceM = number("version"), number("energy"), number("distance")
	m.PSizeM, m.Center = pair("psize"), pair("center")
	if n := number("num_frames"); n != nil {
		if k, ok := wholeNumber(*n); ok {
			m.NumFrames = &k
		}
	}
	if p := pair("shape"); p != nil {
		r, ok := wholeNumber(p[0])
		c, ok2 := wholeNumber(p[1])
		if ok && ok2 && r > 0 && c > 0 {
			m.Shape = &[2]int{r, c}
		}
	}
	if n, ok := tree.Get("label"); ok && n.Kind == String {
		s := n.Text()
		m.Label = &s
	}
	if n, ok := tree.Get("center"); ok {
		m.CenterNone, m.CenterWord = n.Kind == None, n.Text()
	}
	return m, warnings
}

// wholeNumber takes a number that counts something.
func wholeNumber(x float64) (int, bool) {
	if x != math.Trunc(x) || x < 0 || x > 1<<40 {
		return 0, false
	}
	return int(x), true
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
