// Package field holds complex wave fields and the few operations that all parts of the
// simulation share: fitting one into another shape, power, soft edges.
package field

import (
	"math"
	"runtime"
	"sync"

	"ptyprep/internal/scan/problem"
)

// MaxPixels is the largest field that is made (4 GiB): a larger one is a slip in units.
const MaxPixels = 1 << 28

// Field is an array of Rows x Cols complex numbers, row-major: a wave, a transmission.
type Field struct {
	Rows, Cols int
	Pix        []complex128
}

// Array is an array that a user gave: real (Real) or complex (Complex), Rows x Cols,
// row-major. Integers are converted to float64 by whoever read them.
type Array struct {
	Rows, Cols int
	Real       []float64
	Complex    []complex128
}

// New makes a field of Rows x Cols numbers v.
func New(rows, cols int, v complex128) Field {
	f := Field{rows, cols, make([]complex128, rows*cols)}
	if v != 0 {
		for i := range f.Pix {
			f.Pix[i] = v
		}
	}
	return f
}

// CheckShape is an error, naming what, unless rows x cols is a shape that can be made.
func CheckShape(what string, rows, cols int) error {
	if rows < 1 || cols < 1 || rows > MaxPixels || cols > MaxPixels || rows*cols > MaxPixels {
		return problem.Usagef("%s of %d x %d pixels: each side must be at least 1, and all pixels at most %d", what, rows, cols, MaxPixels)
	}
	return nil
}

// Field makes a complex field of a user's array; what names it in errors. NaN and infinite
// numbers are refused, with their count.
func (a Array) Field(what string) (Field, error) {
	if err := a.Check(what); err != nil {
		return Field{}, err
	}
	f := Field{a.Rows, a.Cols, make([]complex128, a.Rows*a.Cols)}
	copy(f.Pix, a.Complex)
	for i, v := range a.Real {
		f.Pix[i] = complex(v, 0)
	}
	return f, nil
}

// Check is an error, naming what, unless the array has its numbers and all are finite.
func (a Array) Check(what string) error {
	n := a.Rows * a.Cols
	if a.Rows < 1 || a.Cols < 1 || len(a.Real)+len(a.Complex) != n {
		return problem.Inputf("%s is an array of %d x %d with %d numbers", what, a.Rows, a.Cols, len(a.Real)+len(a.Complex))
	}
	bad := 0
	for _, v := range a.Real {
		if v-v != 0 {
			bad++
		}
	}
	for _, v := range a.Complex {
		if d := v - v; d != 0 {
			bad++
		}
	}
	if bad > 0 {
		return problem.Inputf("%s holds %d of %d numbers that are not finite", what, bad, n)
	}
	return nil
}

// Clone copies f.
func (f Field) Clone() Field {
	return Field{f.Rows, f.Cols, append([]complex128(nil), f.Pix...)}
}

// Power is the sum of |v|^2.
func (f Field) Power() float64 {
	sum := 0.0
	for _, v := range f.Pix {
		sum += real(v)*real(v) + imag(v)*imag(v)
	}
	return sum
}

// Scale multiplies f by c.
func (f Field) Scale(c float64) {
	for i, v := range f.Pix {
		f.Pix[i] = complex(real(v)*c, imag(v)*c)
	}
}

// Border is the number of pixels to add (positive) or cut (negative) at the low and the
// high end of each axis.
type Border struct{ Lo, Hi [2]int }

// Frame adds and cuts the pixels of b; added ones are fill.
func (f Field) Frame(b Border, fill complex128) Field {
	out := New(f.Rows+b.Lo[0]+b.Hi[0], f.Cols+b.Lo[1]+b.Hi[1], 0)
	for i := range out.Rows {
		for j := range out.Cols {
			y, x := i-b.Lo[0], j-b.Lo[1]
			if y < 0 || y >= f.Rows || x < 0 || x >= f.Cols {
				out.Pix[i*out.Cols+j] = fill
			} else {
				out.Pix[i*out.Cols+j] = f.Pix[y*f.Cols+x]
			}
		}
	}
	return out
}

// Fit crops or pads f with fill to rows x cols, pixel (Rows/2, Cols/2) going to
// (rows/2, cols/2).
func (f Field) Fit(rows, cols int, fill complex128) Field {
	if f.Rows == rows && f.Cols == cols {
		return f
	}
	var b Border
	for ax, s := range [2][2]int{{f.Rows, rows}, {f.Cols, cols}} {
		c := s[0] / 2
		b.Lo[ax] = s[1]/2 - c
		b.Hi[ax] = (s[1]+1)/2 - (s[0] - c)
	}
	return f.Frame(b, fill)
}

// Step is the soft edge of an aperture: (1 + erf(2.35*x/w))/2, from 0 (x far below 0) to 1.
// A width of 0 is the hard edge, 1/2 at x = 0.
func Step(x, w float64) float64 {
	if w <= 0 {
		switch {
		case x > 0:
			return 1
		case x < 0:
			return 0
		}
		return 0.5
	}
	t := 2.35 * x / w
	switch {
	case t > 6: // 1 - erf(6) is 2e-17
		return 1
	case t < -6:
		return 0
	}
	return 0.5 * (1 + math.Erf(t))
}

// Rows calls do for bands of rows on all processors and waits. What do computes for a row
// must not depend on the band.
func Rows(rows int, do func(lo, hi int)) {
	n := min(runtime.GOMAXPROCS(0), rows)
	if n <= 1 {
		do(0, rows)
		return
	}
	var wg sync.WaitGroup
	for k := range n {
		wg.Go(func() { do(k*rows/n, (k+1)*rows/n) })
	}
	wg.Wait()
}
