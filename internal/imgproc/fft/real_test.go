package fft

import (
	"math"
	"math/rand/v2"
	"testing"
)

// The convolution of real arrays is that of complex ones, for even and odd halves, lengths of small
// factors and primes.
func TestRealConvolve(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	for _, size := range [][2]int{{1, 2}, {2, 4}, {8, 8}, {7, 10}, {30, 14}, {64, 64}, {13, 22}, {5, 26}, {48, 34}} {
		rows, cols := size[0], size[1]
		transfer := make([]float64, rows*cols)
		for r := range rows {
			for c := range cols { // the same at opposite frequencies
				o := (rows-r)%rows*cols + (cols-c)%cols
				if i := r*cols + c; i <= o {
					transfer[i] = rnd.Float64()
					transfer[o] = transfer[i]
				}
			}
		}
		p, q := New2(rows, cols), NewReal2(rows, cols)
		want, kernel := make([]complex128, rows*cols), make([]complex128, rows*cols)
		got := make([]complex128, rows*q.Stride())
		for r := range rows {
			for c := range cols {
				v := rnd.NormFloat64()
				want[r*cols+c], kernel[r*cols+c] = complex(v, 0), complex(transfer[r*cols+c], 0)
				z := &got[r*q.Stride()+c/2]
				if c%2 == 0 {
					*z = complex(v, 0)
				} else {
					*z = complex(real(*z), v)
				}
			}
		}
		p.Convolve(want, kernel, p.NewScratch())
		q.Convolve(got, q.Kernel(transfer), q.NewScratch(1+rows%3))
		for r := range rows {
			for c := range cols {
				z := got[r*q.Stride()+c/2]
				v := real(z)
				if c%2 == 1 {
					v = imag(z)
				}
				if math.Abs(v-real(want[r*cols+c])) > 1e-13 {
					t.Fatalf("%d x %d: (%d, %d) is %v, want %v", rows, cols, r, c, v, real(want[r*cols+c]))
				}
			}
		}
	}
}

func BenchmarkRealConvolve(b *testing.B) {
	const n = 512
	p := NewReal2(n, n)
	a, k, s := make([]complex128, n*p.Stride()), p.Kernel(make([]float64, n*n)), p.NewScratch(1)
	b.ReportAllocs()
	for b.Loop() {
		p.Convolve(a, k, s)
	}
}
