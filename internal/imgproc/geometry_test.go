package imgproc

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"ptyprep/internal/imgproc/pix"
)

// frame34 is the 3 x 4 array 0..11 that the tables of this file are worked out on.
func frame34() *pix.Image {
	p := make([]uint16, 12)
	for i := range p {
		p[i] = uint16(i)
	}
	return pix.From(p, 3, 4)
}

func TestWindow(t *testing.T) {
	for _, c := range []struct {
		r    Rect
		want []uint16
	}{
		{Rect{0, 0, 3, 4}, []uint16{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11}},
		{Rect{1, 1, 2, 2}, []uint16{5, 6, 9, 10}},
		{Rect{-1, -1, 3, 3}, []uint16{0, 0, 0, 0, 0, 1, 0, 4, 5}}, // over the low edges: zeros above and left
		{Rect{2, 3, 2, 2}, []uint16{11, 0, 0, 0}},                 // over the high edges
		{Rect{5, 5, 1, 2}, []uint16{0, 0}},                        // nothing of the frame
		{Rect{-1, 1, 5, 1}, []uint16{0, 1, 5, 9, 0}},              // taller than the frame
	} {
		dst := pix.From(slices.Repeat([]uint16{99}, 30), 5, 6) // old content must not shine through
		Window(dst, frame34(), c.r)
		if got := pix.Pixels[uint16](dst); !slices.Equal(got, c.want) || dst.Rows != c.r.Rows || dst.Cols != c.r.Cols {
			t.Errorf("%v: got %v (%d x %d), want %v", c.r, got, dst.Rows, dst.Cols, c.want)
		}
	}
}

// Centres are rounded half to even, and the pixel at the centre comes to lie at size/2.
func TestCropAbout(t *testing.T) {
	for _, c := range []struct {
		centre   [2]float64
		size     int
		row, col int
	}{
		{[2]float64{16.5, 17.5}, 24, 16 - 12, 18 - 12},
		{[2]float64{16, 15}, 5, 14, 13},
		{[2]float64{2.4, 2.6}, 8, -2, -1},
	} {
		if r := CropAbout(c.centre, c.size, c.size); r.Row != c.row || r.Col != c.col {
			t.Errorf("centre %v size %d: starts at (%d, %d), want (%d, %d)", c.centre, c.size, r.Row, r.Col, c.row, c.col)
		}
	}
}

// The eight turns of 0..11, written out by hand from the rule: transpose, then rows, then columns.
func TestOrient(t *testing.T) {
	want := [8][]uint16{
		{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11},
		{3, 2, 1, 0, 7, 6, 5, 4, 11, 10, 9, 8},
		{8, 9, 10, 11, 4, 5, 6, 7, 0, 1, 2, 3},
		{11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0},
		{0, 4, 8, 1, 5, 9, 2, 6, 10, 3, 7, 11},
		{8, 4, 0, 9, 5, 1, 10, 6, 2, 11, 7, 3},
		{3, 7, 11, 2, 6, 10, 1, 5, 9, 0, 4, 8},
		{11, 7, 3, 10, 6, 2, 9, 5, 1, 8, 4, 0},
	}
	for code, w := range want {
		o := OrientationCode(code)
		if o.Code() != code {
			t.Errorf("code %d came back as %d", code, o.Code())
		}
		var dst pix.Image
		Orient(&dst, frame34(), o)
		if got := pix.Pixels[uint16](&dst); !slices.Equal(got, w) {
			t.Errorf("orientation %d: got %v, want %v", code, got, w)
		}
	}
}

// A point moves with the pixel under it: mark one pixel, turn, and look where it went.
func TestOrientCentre(t *testing.T) {
	const n = 21 // more than one tile of the transpose
	for code := range 8 {
		o := OrientationCode(code)
		p := make([]float32, n*n)
		p[3*n+17] = 1
		var dst pix.Image
		Orient(&dst, pix.From(p, n, n), o)
		c := o.Centre([2]float64{3, 17}, n)
		if pix.Pixels[float32](&dst)[int(c[0])*n+int(c[1])] != 1 {
			t.Errorf("orientation %d: the marked pixel is not at %v", code, c)
		}
	}
}

func TestRebin(t *testing.T) {
	// 4 x 4 of 0..15: blocks (0,1,4,5), (2,3,6,7), (8,9,12,13), (10,11,14,15)
	p := make([]int32, 16)
	for i := range p {
		p[i] = int32(i)
	}
	var dst pix.Image
	Rebin(&dst, pix.From(p, 4, 4), 2)
	if got, want := pix.Pixels[float64](&dst), []float64{2.5, 4.5, 10.5, 12.5}; !slices.Equal(got, want) {
		t.Errorf("2 x 2 means: %v, want %v", got, want)
	}
	Rebin(&dst, pix.From([]float32{1, 2, 3, 4, 5, 6, 7, 8, 10}, 3, 3), 3)
	if got := pix.Pixels[float32](&dst); len(got) != 1 || got[0] != float32(46.0/9) {
		t.Errorf("3 x 3 mean of float32: %v, want %v", got, float32(46.0/9))
	}
	big := []uint64{1 << 63, 1 << 63, 1 << 63, 1 << 63} // the sum does not fit uint64
	Rebin(&dst, pix.From(big, 2, 2), 2)
	if got := pix.Pixels[float64](&dst)[0]; got != 1<<63 {
		t.Errorf("mean of large counts: %v", got)
	}
	m := make([]byte, 4)
	RebinMask(m, []byte{1, 1, 1, 0, 1, 1, 1, 1, 1, 1, 0, 0, 1, 1, 0, 0}, 4, 2)
	if !slices.Equal(m, []byte{1, 0, 1, 0}) {
		t.Errorf("mask blocks: %v, want [1 0 1 0]: valid only if all pixels are", m)
	}
}

func TestMassCentre(t *testing.T) {
	// 2 at (0,0), 1 at (1,2), 5 (masked) at (1,0): centre = (1/3, 2/3), sum 3
	im := pix.From([]uint8{2, 0, 0, 5, 0, 1}, 2, 3)
	c, s := MassCentre(im, []byte{1, 1, 1, 0, 1, 1})
	if s != 3 || math.Abs(c[0]-1.0/3) > 1e-15 || math.Abs(c[1]-2.0/3) > 1e-15 {
		t.Errorf("centre %v, sum %v; want (1/3, 2/3) and 3", c, s)
	}
	if c, _ := MassCentre(pix.New(pix.Uint16, 4, 4), nil); !math.IsNaN(c[0]) {
		t.Errorf("a frame without counts has centre %v, want NaN", c)
	}
}

// Types that hold both, by numpy's rules for arrays (rows: first, columns: second).
func TestPromote(t *testing.T) {
	types := []pix.Type{pix.Uint8, pix.Uint16, pix.Uint32, pix.Uint64, pix.Int16, pix.Int32, pix.Int64, pix.Float32, pix.Float64}
	want := []string{
		"uint8 uint16 uint32 uint64 int16 int32 int64 float32 float64",
		"uint16 uint16 uint32 uint64 int32 int32 int64 float32 float64",
		"uint32 uint32 uint32 uint64 int64 int64 int64 float64 float64",
		"uint64 uint64 uint64 uint64 float64 float64 float64 float64 float64",
		"int16 int32 int64 float64 int16 int32 int64 float32 float64",
		"int32 int32 int64 float64 int32 int32 int64 float64 float64",
		"int64 int64 int64 float64 int64 int64 int64 float64 float64",
		"float32 float32 float64 float64 float32 float64 float64 float32 float64",
		"float64 float64 float64 float64 float64 float64 float64 float64 float64",
	}
	for i, a := range types {
		row := ""
		for j, b := range types {
			if j > 0 {
				row += " "
			}
			row += fmt.Sprint(Promote(a, b))
		}
		if row != want[i] {
			t.Errorf("%v with the others:\n got %s\nwant %s", a, row, want[i])
		}
	}
}
