package fft

import (
	"fmt"
	"math"
	"math/cmplx"
	"math/rand/v2"
	"testing"

	"gonum.org/v1/gonum/dsp/fourier"
)

func random(n int) []complex128 {
	r := rand.New(rand.NewPCG(uint64(n), 7))
	x := make([]complex128, n)
	for i := range x {
		x[i] = complex(r.NormFloat64(), r.NormFloat64())
	}
	return x
}

func deviation(got, want []complex128) float64 {
	d, m := 0.0, 0.0
	for i := range want {
		d = max(d, cmplx.Abs(got[i]-want[i]))
		m = max(m, cmplx.Abs(want[i]))
	}
	return d / m
}

// gonum2 is the two-dimensional transform by gonum, the independent witness.
func gonum2(a []complex128, rows, cols int) []complex128 {
	out := make([]complex128, len(a))
	fr, fc := fourier.NewCmplxFFT(cols), fourier.NewCmplxFFT(rows)
	for r := range rows {
		fr.Coefficients(out[r*cols:(r+1)*cols], a[r*cols:(r+1)*cols])
	}
	line := make([]complex128, rows)
	for c := range cols {
		for r := range rows {
			line[r] = out[r*cols+c]
		}
		fc.Coefficients(line, line)
		for r := range rows {
			out[r*cols+c] = line[r]
		}
	}
	return out
}

// Every length up to 300, and some longer ones, against gonum and there and back.
func TestLines(t *testing.T) {
	var lengths []int
	for n := 1; n <= 300; n++ {
		lengths = append(lengths, n)
	}
	lengths = append(lengths, 343, 384, 500, 509, 512, 640, 729, 1000, 1009, 1024, 1155, 2048, 2187, 4096, 4099)
	worst, worstBack := 0.0, 0.0
	for _, n := range lengths {
		x := random(n)
		p := New(n)
		s := p.NewScratch()
		got := append([]complex128(nil), x...)
		p.Forward(got, s)
		want := fourier.NewCmplxFFT(n).Coefficients(nil, x)
		d := deviation(got, want)
		p.Inverse(got, s)
		b := deviation(got, x)
		if d > 1e-12 || b > 1e-12 || math.IsNaN(d+b) {
			t.Errorf("length %d: %.1e from gonum, %.1e there and back", n, d, b)
		}
		worst, worstBack = max(worst, d), max(worstBack, b)
	}
	t.Logf("largest deviation from gonum %.1e, there and back %.1e", worst, worstBack)
}

// The four numbers 1, 2, 3, 4 by hand: sum 10, then (1-3) + i*(4-2), 1-2+3-4, conjugate.
func TestByHand(t *testing.T) {
	x := []complex128{1, 2, 3, 4}
	New(4).Forward(x, New(4).NewScratch())
	for i, want := range []complex128{10, -2 + 2i, -2, -2 - 2i} {
		if cmplx.Abs(x[i]-want) > 1e-15 {
			t.Errorf("coefficient %d is %v, want %v", i, x[i], want)
		}
	}
}

func TestArrays(t *testing.T) {
	worst := 0.0
	for _, size := range [][2]int{{1, 1}, {1, 9}, {7, 1}, {8, 8}, {16, 12}, {13, 17}, {33, 28}, {48, 50}, {64, 127}, {131, 64}, {90, 105}, {128, 128}} {
		rows, cols := size[0], size[1]
		a := random(rows * cols)
		p := New2(rows, cols)
		s := p.NewScratch()
		want := gonum2(a, rows, cols)
		got := append([]complex128(nil), a...)
		p.Forward(got, s)
		d := deviation(got, want)
		p.Inverse(got, s)
		d = max(d, deviation(got, a))

		power := make([]float64, rows*cols)
		p.Power(power, append([]complex128(nil), a...), 0, rows, 0.5, s)
		largest := 0.0
		for _, v := range want {
			largest = max(largest, real(v)*real(v)+imag(v)*imag(v))
		}
		for i, v := range want {
			d = max(d, math.Abs(2*power[i]-real(v)*real(v)-imag(v)*imag(v))/largest)
		}

		kernel := random(rows * cols)
		for i := range want {
			want[i] *= kernel[i]
		}
		p.Inverse(want, s)
		copy(got, a)
		p.Convolve(got, kernel, s)
		d = max(d, deviation(got, want))
		if d > 1e-12 || math.IsNaN(d) {
			t.Errorf("%d x %d: deviation %.1e", rows, cols, d)
		}
		worst = max(worst, d)
	}
	t.Logf("largest deviation %.1e", worst)
}

// Rows that are zero need no transform of their own, and stay zero.
func TestPowerOfSomeRows(t *testing.T) {
	const rows, cols, lo, hi = 12, 10, 3, 8
	a := make([]complex128, rows*cols)
	copy(a[lo*cols:hi*cols], random((hi-lo)*cols))
	p := New2(rows, cols)
	s := p.NewScratch()
	want, got := make([]float64, len(a)), make([]float64, len(a))
	p.Power(want, append([]complex128(nil), a...), 0, rows, 1, s)
	p.Power(got, a, lo, hi, 1, s)
	for i := range got {
		if got[i] != want[i] {
			t.Fatalf("pixel %d: %v, want %v", i, got[i], want[i])
		}
		if r := i / cols; (r < lo || r >= hi) && a[i] != 0 {
			t.Fatalf("row %d was written to", r)
		}
	}
}

func TestNoAllocation(t *testing.T) {
	for _, n := range []int{64, 60, 61} {
		p := New2(n, n)
		s := p.NewScratch()
		a, d := random(n*n), make([]float64, n*n)
		if k := testing.AllocsPerRun(3, func() { p.Forward(a, s); p.Convolve(a, a, s); p.Power(d, a, 0, n, 1e-9, s) }); k != 0 {
			t.Errorf("%d: %v allocations", n, k)
		}
	}
}

func BenchmarkArray(b *testing.B) {
	for _, n := range []int{64, 127, 128, 192, 200, 256, 384, 512} {
		a := random(n * n)
		b.Run(fmt.Sprintf("ours/%d", n), func(b *testing.B) {
			p := New2(n, n)
			s := p.NewScratch()
			w := make([]complex128, n*n)
			for b.Loop() {
				copy(w, a)
				p.Forward(w, s)
			}
		})
		b.Run(fmt.Sprintf("gonum/%d", n), func(b *testing.B) {
			f := fourier.NewCmplxFFT(n)
			w, line := make([]complex128, n*n), make([]complex128, n)
			for b.Loop() {
				copy(w, a)
				for r := range n {
					f.Coefficients(w[r*n:(r+1)*n], w[r*n:(r+1)*n])
				}
				for c := range n {
					for r := range n {
						line[r] = w[r*n+c]
					}
					f.Coefficients(line, line)
					for r := range n {
						w[r*n+c] = line[r]
					}
				}
			}
		})
	}
}
