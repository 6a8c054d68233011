package preview

import (
	"image/color"
	"testing"
)

// A narrow range is drawn linearly, a wide one on a logarithmic scale; masked pixels are red and
// decide nothing.
func TestMeasured(t *testing.T) {
	narrow := Counts{Rows: 1, Cols: 5, Pix: []float64{100, 150, 200, 1e9, 150}, Mask: []byte{1, 1, 1, 0, 1}}
	r := measured(narrow)
	if r.at(0, 0) != heat(0) || r.at(0, 1) != heat(0.5) || r.at(0, 2) != heat(1) {
		t.Errorf("narrow: %v %v %v", r.at(0, 0), r.at(0, 1), r.at(0, 2))
	}
	if red := (color.RGBA{150, 30, 40, 255}); r.at(0, 3) != red {
		t.Errorf("masked: %v", r.at(0, 3))
	}
	wide := measured(Counts{Rows: 1, Cols: 3, Pix: []float64{0, 999, 999999}})
	if wide.at(0, 1) != heat(0.5) { // log(1000)/log(1000000)
		t.Errorf("wide: %v, want %v", wide.at(0, 1), heat(0.5))
	}
	if lo, hi := rangeOf(Counts{Rows: 1, Cols: 1, Pix: []float64{7}}); lo != 6 || hi != 8 {
		t.Errorf("one value: %v to %v", lo, hi)
	}
}

// Points are drawn rows downwards and columns to the right; the brightest frame has the brightest
// colour. Without positions there are the frames alone.
func TestScan(t *testing.T) {
	f := Counts{Rows: 2, Cols: 2, Pix: []float64{1, 2, 3, 4}}
	alone := Scan(f, f, nil, nil).Bounds()
	im := Scan(f, f, [][2]float64{{0, 0}, {1, 0}, {1, 1}}, []float64{5, 5, 9})
	if w := im.Bounds().Dx() - alone.Dx(); w != small+gap {
		t.Fatalf("the plot is %d wide, expected %d", w, small+gap)
	}
	x0 := alone.Dx() + gap
	if c := im.RGBAAt(x0+12, 12); c != heat(0.1) {
		t.Errorf("upper left (row 0, column 0): %v", c)
	}
	if c := im.RGBAAt(x0+small-12, small-12); c != heat(0.85) {
		t.Errorf("lower right (row 1, column 1): %v", c)
	}
	if c := im.RGBAAt(x0+small-12, 12); c != (color.RGBA{255, 255, 255, 255}) {
		t.Errorf("upper right is empty: %v", c)
	}
}
