package imgproc

import (
	"math"
	"slices"
	"testing"

	"ptyprep/internal/imgproc/npz"
	"ptyprep/internal/imgproc/pix"
)

// images cuts a stack of arrays into images.
func images(a npz.Array) []*pix.Image {
	n, px := a.Shape[0], a.Shape[1]*a.Shape[2]
	out := make([]*pix.Image, n)
	for i := range out {
		out[i] = pix.From(a.Real[i*px:(i+1)*px], a.Shape[1], a.Shape[2])
	}
	return out
}

// The merge agrees with ptypy's on three exposures of 26 x 30 pixels.
func TestHDRGolden(t *testing.T) {
	a, err := npz.Load("testdata/hdr.npz")
	if err != nil {
		t.Fatal(err)
	}
	th := a["thresholds"].Real
	h := &HDR{Exposures: a["exposures"].Real, Darks: images(a["darks"]), Floor: th[0], Over: th[1]}
	if err := h.Plan(); err != nil {
		t.Fatal(err)
	}
	n := a["highest"].Len()
	out, mask := make([]float64, n), make([]byte, n)
	var w HDRSpace
	h.Merge(out, mask, images(a["images"]), &w)
	near(t, "merged", out, a["highest"].Real, 1e-12)
	for i, m := range a["mask_highest"].Real {
		if float64(mask[i]) != m {
			t.Fatalf("mask of pixel %d: %d, want %v", i, mask[i], m)
		}
	}
	h.Average(out, mask, images(a["images"]), &w)
	near(t, "average", out, a["mean"].Real, 1e-12)
}

func near(t *testing.T, what string, got, want []float64, rtol float64) {
	t.Helper()
	for i, v := range want {
		if !(math.Abs(got[i]-v) <= rtol*math.Abs(v)) {
			t.Fatalf("%s: pixel %d is %v, want %v", what, i, got[i], v)
		}
	}
}

// Worked by hand on 4 x 4 pixels, floor 10, over 100. Dark 5; long exposure 4 s, short one 1 s.
//
//	long - dark          short - dark
//	 20  20  20  20       5   5   5   5
//	 20 200  20  20       5  50   5   5
//	 20  20  20  20       5   5   5   5
//	 20  20  20  20       5   5   5   5
//
// Long: high is false at (1,1) and its neighbours by the erosion, and on the whole rim; of the inner
// pixels (2,2) alone stays. Short: low is true at (1,1), and at its four neighbours by the dilation;
// these five are taken from it, times 4. All other rim pixels keep the long value with mask 0.
func TestHDRByHand(t *testing.T) {
	long, short := make([]uint16, 16), make([]uint16, 16)
	dark := make([]float64, 16)
	for i := range long {
		long[i], short[i], dark[i] = 25, 10, 5
	}
	long[5], short[5] = 205, 55
	h := &HDR{Exposures: []float64{1, 4}, Darks: []*pix.Image{pix.From(dark, 4, 4)}, Floor: 10, Over: 100}
	if err := h.Plan(); err != nil {
		t.Fatal(err)
	}
	out, mask := make([]float64, 16), make([]byte, 16)
	h.Merge(out, mask, []*pix.Image{pix.From(short, 4, 4), pix.From(long, 4, 4)}, new(HDRSpace))
	if want := []float64{20, 20, 20, 20, 20, 200, 20, 20, 20, 20, 20, 20, 20, 20, 20, 20}; !slices.Equal(out, want) {
		t.Errorf("merged %v, want %v", out, want)
	}
	if want := []byte{0, 1, 0, 0, 1, 1, 1, 0, 0, 1, 1, 0, 0, 0, 0, 0}; !slices.Equal(mask, want) {
		t.Errorf("mask %v, want %v", mask, want)
	}
	h.Darks = nil // |image| alone: 10 is not above the floor
	h.Masks = [][]byte{make([]byte, 16)}
	h.Merge(out, mask, []*pix.Image{pix.From(short, 4, 4), pix.From(long, 4, 4)}, new(HDRSpace))
	if slices.Contains(mask, 1) || out[0] != 25 {
		t.Errorf("with a mask of nothing: mask %v, first pixel %v, want 25", mask, out[0])
	}
}

// Counts are multiplied before they are divided: 3*5.02/0.03 is 502, 3*(5.02/0.03) is 501.99999999999994.
func TestHDRScale(t *testing.T) {
	short, long := make([]uint16, 9), make([]uint16, 9)
	for i := range short {
		short[i] = 3
	}
	h := &HDR{Exposures: []float64{0.03, 5.02}, Floor: 1, Over: -1} // nothing of the long one is valid
	if err := h.Plan(); err != nil {
		t.Fatal(err)
	}
	out, mask := make([]float64, 9), make([]byte, 9)
	images := []*pix.Image{pix.From(short, 3, 3), pix.From(long, 3, 3)}
	if h.Merge(out, mask, images, new(HDRSpace)); out[4] != 502 {
		t.Errorf("merged: %v, want 502", out[4])
	}
	if h.Average(out, mask, images, new(HDRSpace)); out[4] != 502 {
		t.Errorf("average: %v, want 502", out[4])
	}
}

func TestHDROrder(t *testing.T) {
	h := &HDR{Exposures: []float64{1, 3, 2, 3}}
	if err := h.Plan(); err != nil || !slices.Equal(h.order, []int{3, 1, 2, 0}) {
		t.Errorf("order %v, %v; want the later of two equal ones first", h.order, err)
	}
	for _, bad := range []float64{0, -1, math.NaN(), math.Inf(1)} {
		if (&HDR{Exposures: []float64{bad}}).Plan() == nil {
			t.Errorf("exposure %v is accepted", bad)
		}
	}
	// With clipping both conditions count for the shortest and the longest.
	h.ClipShortest, h.ClipLongest = true, true
	for _, x := range []float64{1, 3, 2} {
		if low, high := h.conditions(x); !low || !high {
			t.Errorf("exposure %v: low %v, high %v", x, low, high)
		}
	}
}

// The merge costs no allocation once its memory has grown.
func BenchmarkHDR(b *testing.B) {
	const rows, cols = 1024, 1024
	a := make([]uint16, rows*cols)
	for i := range a {
		a[i] = uint16(i * 7919)
	}
	im := pix.From(a, rows, cols)
	h := &HDR{Exposures: []float64{1, 10, 100}, Darks: []*pix.Image{pix.New(pix.Float64, rows, cols)}, Floor: 500, Over: 50000}
	if err := h.Plan(); err != nil {
		b.Fatal(err)
	}
	out, mask := make([]float64, rows*cols), make([]byte, rows*cols)
	var w HDRSpace
	b.SetBytes(3 * 2 * rows * cols)
	b.ReportAllocs()
	for b.Loop() {
		h.Merge(out, mask, []*pix.Image{im, im, im}, &w)
	}
}
