package preview

import (
	"image/color"
	"math"
	"testing"

	"ptyprep/internal/recipes/sim/field"
)

// The colours of phases: red at 0, green and blue a third of a turn on, and dark where the
// amplitude is 0.
func TestHue(t *testing.T) {
	third := 2 * math.Pi / 3
	for _, c := range []struct {
		phase, brightness float64
		want              color.RGBA
	}{
		{0, 1, color.RGBA{255, 0, 0, 255}}, {third, 1, color.RGBA{0, 255, 0, 255}}, {-third, 1, color.RGBA{0, 0, 255, 255}},
		{math.Pi, 1, color.RGBA{0, 255, 255, 255}}, {math.Pi, 0, color.RGBA{0, 0, 0, 255}}, {2 * math.Pi, 0.5, color.RGBA{128, 0, 0, 255}},
	} {
		if got := hue(c.phase, c.brightness); got != c.want {
			t.Errorf("phase %.2f at %g is %v, want %v", c.phase, c.brightness, got, c.want)
		}
	}
}

// Frames share one scale; 0 is the darkest, the largest count the lightest, masked pixels are red.
func TestFrames(t *testing.T) {
	im := Frames([]Counts{
		{Rows: 2, Cols: 2, Pix: []float64{0, 1, 10, 1000}, Mask: []byte{1, 1, 1, 1}},
		{Rows: 2, Cols: 2, Pix: []float64{0, 0, 0, 9}, Mask: []byte{0, 1, 1, 1}},
	})
	n := side / 2
	if w := im.Bounds().Dx(); w != 2*side+gap || im.Bounds().Dy() != side {
		t.Fatalf("%v", im.Bounds())
	}
	light := func(x, y int) int { c := im.RGBAAt(x, y); return int(c.R) + int(c.G) + int(c.B) }
	if !(light(0, 0) < light(n, 0) && light(n, 0) < light(0, n) && light(0, n) < light(n, n)) {
		t.Error("more counts are not lighter")
	}
	if im.RGBAAt(n, n) != heat(1) {
		t.Errorf("the largest count is %v", im.RGBAAt(n, n))
	}
	second := side + gap
	if c := im.RGBAAt(second, 0); c != (color.RGBA{150, 30, 40, 255}) {
		t.Errorf("a masked pixel is %v", c)
	}
	if light(second+n, n) >= light(n, n) {
		t.Error("frames have scales of their own")
	}
}

// Large objects are shrunk, small ones enlarged; nothing is drawn outside and nothing panics, also
// for a constant object, no point, and frames of zeros.
func TestSizes(t *testing.T) {
	for _, n := range []int{1, 7, 300, 1300} {
		f := field.New(n, n+3, 1)
		for _, im := range []interface{ At(x, y int) color.Color }{
			Wave(f), Object(f), Path(f, [][2]int{{0, 0}, {n - 1, 3}}, 1, 1), Path(f, nil, 1, 1),
			Overview(f, f, [][2]int{{0, 0}}, Counts{Rows: n, Cols: n, Pix: make([]float64, n*n)}),
		} {
			if _, _, _, a := im.At(0, 0).RGBA(); a != 0xffff {
				t.Errorf("%d: the first pixel is not drawn", n)
			}
		}
		if b := Wave(f).Bounds(); max(b.Dx(), b.Dy()) > 2*side {
			t.Errorf("%d pixels make a picture of %v", n, b)
		}
	}
	if b := Wave(field.New(8, 8, 0)).Bounds(); b.Dx() != side {
		t.Errorf("an empty wave makes %v", b)
	}
}

// A line of the path reaches the middle of the second window.
func TestPath(t *testing.T) {
	f := field.New(480, 480, 1)
	im := Path(f, [][2]int{{0, 0}, {100, 200}}, 100, 100)
	for _, p := range [][2]int{{50, 50}, {250, 150}} {
		if c := im.RGBAAt(p[0], p[1]); c == im.RGBAAt(400, 400) {
			t.Errorf("no dot at %v", p)
		}
	}
	if c := im.RGBAAt(150, 100); c == im.RGBAAt(400, 400) {
		t.Error("no line between the points")
	}
}
