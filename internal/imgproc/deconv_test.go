package imgproc

import (
	"math"
	"slices"
	"testing"

	"ptyprep/internal/imgproc/fft"
	"ptyprep/internal/imgproc/pix"
)

// Two pixels with mtf (1, 1/2): conv(a, b) = (3a/4 + b/4, a/4 + 3b/4).
func TestRichardsonLucyByHand(t *testing.T) {
	for _, tc := range []struct {
		iterations int
		want       [2]float64
	}{
		{0, [2]float64{4, 2}},
		// conv(4, 2) = (7/2, 5/2); 4/(7/2) = 8/7, 2/(5/2) = 4/5; conv of these = (37/35, 31/35).
		{1, [2]float64{4 * 37.0 / 35, 2 * 31.0 / 35}},
	} {
		im := pix.From([]float32{4, 2}, 1, 2)
		NewRichardsonLucy([]float64{1, 0.5}, 1, 2, tc.iterations).Apply(im, new(DeconvSpace))
		for i, v := range pix.Pixels[float32](im) {
			if math.Abs(float64(v)-tc.want[i]) > 2e-6 {
				t.Errorf("%d iterations: pixel %d is %v, want %v", tc.iterations, i, v, tc.want[i])
			}
		}
	}
}

// A frame that a spot has blurred comes nearer to what it was, and no counts are lost.
func TestRichardsonLucySharpens(t *testing.T) {
	const n = 24
	truth := make([]float32, n*n)
	for _, at := range []int{5*n + 6, 12*n + 12, 17*n + 4} {
		truth[at] = 1000
	}
	mtf := Transfer([]Gaussian{{StdX: 1.2, StdY: 0.9}}, n, n)
	plan := fft.New2(n, n)
	field, kernel := make([]complex128, n*n), make([]complex128, n*n)
	for i, v := range truth {
		field[i], kernel[i] = complex(float64(v), 0), complex(mtf[i], 0)
	}
	plan.Convolve(field, kernel, plan.NewScratch())
	blurred := make([]float32, n*n)
	for i, v := range field {
		blurred[i] = modulus(v)
	}
	sharp := pix.From(append([]float32(nil), blurred...), n, n)
	NewRichardsonLucy(mtf, n, n, 20).Apply(sharp, new(DeconvSpace))
	distance := func(p []float32) (d, sum float64) {
		for i, v := range p {
			d += math.Abs(float64(v - truth[i]))
			sum += float64(v)
		}
		return d, sum
	}
	before, _ := distance(blurred)
	after, sum := distance(pix.Pixels[float32](sharp))
	if after > before/2 || math.Abs(sum-3000) > 1 {
		t.Errorf("distance %.1f, before %.1f; %.2f counts of 3000", after, before, sum)
	}
}

func TestTransfer(t *testing.T) {
	// The volume of each gaussian is 1, so frequency 0 counts them; an offset moves the phase only.
	one := Transfer([]Gaussian{{StdX: 1.5, StdY: 1}}, 16, 20)
	off := Transfer([]Gaussian{{StdX: 1.5, StdY: 1, OffX: 2, OffY: -1}}, 16, 20)
	two := Transfer([]Gaussian{{StdX: 1.5, StdY: 1}, {StdX: 1, StdY: 1}}, 16, 20)
	if math.Abs(one[0]-1) > 1e-6 || math.Abs(two[0]-2) > 1e-6 {
		t.Errorf("frequency 0: %v and %v, want 1 and 2", one[0], two[0])
	}
	for i := range one {
		if math.Abs(one[i]-off[i]) > 1e-6 {
			t.Fatalf("frequency %d: %v, with an offset %v", i, one[i], off[i])
		}
	}
	// The transform of a gaussian of width s is exp(-2 (pi s k/n)^2): x along the 20 columns, y along the 16 rows.
	if want := math.Exp(-2 * math.Pow(math.Pi*1.5*2/20, 2)); math.Abs(one[2]-want) > 1e-6 {
		t.Errorf("column frequency 2: %v, want %v", one[2], want)
	}
	if want := math.Exp(-2 * math.Pow(math.Pi*1*3/16, 2)); math.Abs(one[3*20]-want) > 1e-5 {
		t.Errorf("row frequency 3: %v, want %v", one[3*20], want)
	}
}

// Frames of even width go another way than others; a transfer function that is not the same at
// opposite frequencies must not. All agree with the general way.
func TestRichardsonLucyWays(t *testing.T) {
	for _, size := range [][2]int{{24, 20}, {25, 21}, {17, 26}} {
		rows, cols := size[0], size[1]
		mtf := Transfer([]Gaussian{{StdX: 1.1, StdY: 0.8, OffX: 0.3}}, rows, cols)
		lopsided := slices.Clone(mtf)
		lopsided[1] *= 1.1
		for name, m := range map[string][]float64{"gaussian": mtf, "lopsided": lopsided} {
			d := NewRichardsonLucy(m, rows, cols, 4)
			if (d.real != nil) != (cols%2 == 0 && name == "gaussian") {
				t.Errorf("%d x %d %s: real %v", rows, cols, name, d.real != nil)
			}
			general := &RichardsonLucy{iterations: 4, rows: rows, cols: cols, plan: fft.New2(rows, cols)}
			for _, v := range m {
				general.kernel = append(general.kernel, complex(v, 0))
			}
			a, b := pix.New(pix.Float32, rows, cols), pix.New(pix.Float32, rows, cols)
			for i := range pix.Pixels[float32](a) {
				pix.Pixels[float32](a)[i] = float32(100 + i*31%97)
			}
			copy(b.Bytes, a.Bytes)
			d.Apply(a, new(DeconvSpace))
			general.Apply(b, new(DeconvSpace))
			for i, v := range pix.Pixels[float32](a) {
				if w := pix.Pixels[float32](b)[i]; math.Abs(float64(v-w)) > 2e-6*float64(w) {
					t.Fatalf("%d x %d %s: pixel %d is %v, want %v", rows, cols, name, i, v, w)
				}
			}
		}
	}
}

func BenchmarkRichardsonLucy(b *testing.B) {
	im := pix.New(pix.Float32, 512, 512)
	for i := range pix.Pixels[float32](im) {
		pix.Pixels[float32](im)[i] = float32(i % 97)
	}
	d := NewRichardsonLucy(Transfer([]Gaussian{{StdX: 1, StdY: 1}}, 512, 512), 512, 512, 5)
	var w DeconvSpace
	for b.Loop() {
		d.Apply(im, &w)
	}
}
