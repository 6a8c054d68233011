package fft

import (
	"fmt"
	"sync"
)

// RealPlan2 convolves real arrays of Rows x Cols numbers, Cols even, in half the time of a Plan2. A
// row of Cols reals is seen as Cols/2 complex numbers (even columns are the real parts), transformed,
// and split into the Cols/2+1 frequencies that a real row has.
type RealPlan2 struct {
	half *Plan // of Cols/2 numbers
	cols Plan2 // its rows are the transforms of columns
	tw   []complex128
}

// NewReal2 makes the plan; an odd number of columns is a programming error and panics.
func NewReal2(rows, cols int) *RealPlan2 {
	if cols < 2 || cols%2 != 0 {
		panic(fmt.Sprintf("fft: real transform of rows of %d numbers", cols))
	}
	m := cols / 2
	p := &RealPlan2{half: New(m), cols: Plan2{rows: New(rows)}, tw: make([]complex128, m/2+1)}
	for k := range p.tw {
		p.tw[k] = unit(k, cols)
	}
	return p
}

// Stride is the number of complex numbers that a row takes: Cols/2 hold it, the last one is work
// space.
func (p *RealPlan2) Stride() int { return p.half.n + 1 }

// RealScratch is the work space of one user of a RealPlan2.
type RealScratch struct{ each []*Scratch2 }

// NewScratch makes the work space of one user, who transforms with that many goroutines. The result
// is the same for any number.
func (p *RealPlan2) NewScratch(goroutines int) *RealScratch {
	n, s := p.cols.rows.n, new(RealScratch)
	for range max(goroutines, 1) {
		s.each = append(s.each, &Scratch2{
			w:   make([]complex128, max(p.half.workLen(1), p.cols.rows.workLen(block))),
			col: make([]complex128, n*block),
		})
	}
	return s
}

// Spread calls work for 0..n-1 on the goroutines of the work space, in contiguous parts.
func (s *RealScratch) Spread(n int, work func(i int)) {
	s.spread(n, func(i int, _ *Scratch2) { work(i) })
}

func (s *RealScratch) spread(n int, work func(i int, own *Scratch2)) {
	k := len(s.each)
	if k == 1 {
		for i := range n {
			work(i, s.each[0])
		}
		return
	}
	var wg sync.WaitGroup
	for t, own := range s.each {
		wg.Go(func() {
			for i := t * n / k; i < (t+1)*n/k; i++ {
				work(i, own)
			}
		})
	}
	wg.Wait()
}

// Kernel makes the kernel for Convolve of a real transfer function (Rows*Cols numbers, in the order
// of the transform) which must be the same at opposite frequencies, or the result were not real.
func (p *RealPlan2) Kernel(transfer []float64) []float64 {
	rows, m := p.cols.rows.n, p.half.n
	f := 1 / (float64(rows) * float64(m))
	out := make([]float64, rows*(m+1))
	for r := range rows {
		for c := range m + 1 {
			out[r*(m+1)+c] = transfer[r*2*m+c] * f
		}
	}
	return out
}

// Convolve replaces a by its convolution with the kernel. Row r of a begins at r*Stride(); number c
// of it holds the columns 2c (real part) and 2c+1 (imaginary part).
func (p *RealPlan2) Convolve(a []complex128, kernel []float64, s *RealScratch) {
	rows, stride := p.cols.rows.n, p.Stride()
	s.spread(rows, func(r int, own *Scratch2) {
		row := a[r*stride:][:stride:stride]
		p.half.forward(row[:stride-1:stride-1], own.w)
		p.split(row)
	})
	s.spread((stride+block-1)/block, func(i int, own *Scratch2) { p.column(a, kernel, i*block, own) })
	s.spread(rows, func(r int, own *Scratch2) {
		row := a[r*stride:][:stride:stride]
		p.join(row)
		p.half.inverse(row[:stride-1:stride-1], own.w)
	})
}

// column does a block of columns from c on: there, times the kernel, and back.
func (p *RealPlan2) column(a []complex128, kernel []float64, c int, s *Scratch2) {
	n, stride := p.cols.rows.n, p.Stride()
	b := min(block, stride-c)
	for r := range n {
		copy(s.col[r*b:r*b+b], a[r*stride+c:r*stride+c+b])
	}
	p.cols.columns(b, s)
	for r := range n {
		k := kernel[r*stride+c : r*stride+c+b]
		l := s.col[r*b : r*b+b][:len(k)]
		for j, f := range k {
			l[j] = complex(real(l[j])*f, imag(l[j])*f)
		}
	}
	p.cols.columns(b, s)
	copy(a[c:c+b], s.col[:b]) // the inverse is the transform with its rows counted down
	for r := 1; r < n; r++ {
		copy(a[r*stride+c:r*stride+c+b], s.col[(n-r)*b:(n-r)*b+b])
	}
}

func conj(z complex128) complex128 { return complex(real(z), -imag(z)) }

// turn is -i z.
func turn(z complex128) complex128 { return complex(imag(z), -real(z)) }

// split makes the m+1 frequencies X of a real row of the transform Z of its m pairs: with
// E = (Z[k] + conj Z[m-k])/2 and O = -i (Z[k] - conj Z[m-k])/2, X[k] = E + w^k O, and
// X[m-k] = conj(E - w^k O).
func (p *RealPlan2) split(row []complex128) {
	m := len(row) - 1
	z := row[0]
	row[0], row[m] = complex(real(z)+imag(z), 0), complex(real(z)-imag(z), 0)
	for k := 1; k <= m/2; k++ {
		a, b := row[k], conj(row[m-k])
		e := complex(0.5*(real(a)+real(b)), 0.5*(imag(a)+imag(b)))
		t := turn(complex(0.5*(real(a)-real(b)), 0.5*(imag(a)-imag(b)))) * p.tw[k]
		row[k], row[m-k] = e+t, conj(e-t)
	}
}

// join is the inverse of split: Z[k] = E + i O with O = (X[k] - conj X[m-k])/2 conj(w^k).
func (p *RealPlan2) join(row []complex128) {
	m := len(row) - 1
	x, y := real(row[0]), real(row[m])
	row[0] = complex(0.5*(x+y), 0.5*(x-y))
	for k := 1; k <= m/2; k++ {
		a, b := row[k], conj(row[m-k])
		e := complex(0.5*(real(a)+real(b)), 0.5*(imag(a)+imag(b)))
		o := turn(complex(0.5*(real(a)-real(b)), 0.5*(imag(a)-imag(b))) * conj(p.tw[k]))
		row[k], row[m-k] = e-o, conj(e+o)
	}
}
