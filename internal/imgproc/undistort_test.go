package imgproc

import (
	"slices"
	"testing"

	"ptyprep/internal/imgproc/npz"
	"ptyprep/internal/imgproc/pix"
)

// It agrees with scipy on 30 x 30 pixels.
func TestUndistortGolden(t *testing.T) {
	a, err := npz.Load("testdata/undistort.npz")
	if err != nil {
		t.Fatal(err)
	}
	u := NewUndistortion(pix.From(a["delta_h"].Real, 30, 30), pix.From(a["delta_v"].Real, 30, 30))
	out := make([]float64, 900)
	Undistorted(u, out, a["frame"].Real)
	near(t, "undistorted", out, a["out"].Real, 1e-12)
}

// By hand on 2 x 3 pixels: shifted half a pixel along the columns and a quarter along the rows. Only
// (1, 1) and (1, 2) have all four neighbours: rows 0 and 1 with weights 1/4 and 3/4, columns 0 and 1
// (or 1 and 2) with 1/2 each. The others are the mean (1 + ... + 6)/6 = 3.5.
func TestUndistortByHand(t *testing.T) {
	half, quarter := make([]float32, 6), make([]float32, 6)
	for i := range half {
		half[i], quarter[i] = 0.5, 0.25
	}
	u := NewUndistortion(pix.From(half, 2, 3), pix.From(quarter, 2, 3))
	out := make([]float32, 6)
	Undistorted(u, out, []float32{1, 2, 3, 4, 5, 6})
	if want := []float32{3.5, 3.5, 3.5, 3.5, 1.5/4 + 4.5*3/4, 2.5/4 + 5.5*3/4}; !slices.Equal(out, want) {
		t.Errorf("%v, want %v", out, want)
	}
}

// Of a bright and a dark pixel almost at the dark one: 1e6*2^-30 + (1 - 2^-30), which would be a
// thousandth less with the place in single precision, as 1 - 2^-30 is 1 there.
func TestUndistortSingle(t *testing.T) {
	shift := make([]float64, 4)
	shift[0] = -(1 - 0x1p-30)
	u := NewUndistortion(pix.From(shift, 2, 2), pix.From(make([]float64, 4), 2, 2))
	out := make([]float32, 4)
	Undistorted(u, out, []float32{1e6, 1, 1, 1})
	if want := float32(1e6*0x1p-30 + 1 - 0x1p-30); out[0] != want {
		t.Errorf("%v, want %v", out[0], want)
	}
}

func BenchmarkUndistort(b *testing.B) {
	d := pix.New(pix.Float32, 1024, 1024)
	for i, p := range pix.Pixels[float32](d) {
		pix.Pixels[float32](d)[i] = p + float32(i%7)/3
	}
	u := NewUndistortion(d, d)
	dst, src := make([]float32, 1<<20), make([]float32, 1<<20)
	b.SetBytes(4 << 20)
	b.ReportAllocs()
	for b.Loop() {
		Undistorted(u, dst, src)
	}
}
