// Package fft computes discrete Fourier transforms of complex fields of any size, one
// line (Plan) or one array (Plan2) at a time, in double precision.
//
// Conventions are numpy's: Forward has the kernel exp(-2*pi*i*k*n/N) and no factor,
// Inverse is its exact inverse with 1/N (1/(N0*N1) in two dimensions). Nothing is shifted.
//
// Lengths whose prime factors are 2, 3, 5 and 7 go through Stockham's self-sorting
// transform (radices 4, 8, 2, 3, 5, 7); every other length goes through Bluestein's
// convolution with such a length, so that a prime frame side costs a small factor and not
// a square.
//
// A Plan is read-only after New and may be shared by any number of goroutines; what a
// transform writes on the way lies in a Scratch, one per worker.
package fft

import (
	"fmt"
	"math"
)

// Plan transforms lines of one length.
type Plan struct {
	n      int
	stages []stage
	blue   *bluestein
}

// stage is one pass of the Stockham transform: it splits sub-transforms of length
// radix*m into radix sub-transforms of length m. Before it, s interleaved sub-sequences
// exist.
type stage struct {
	radix, m, s int
	tw          []complex128 // tw[(radix-1)*p+k-1] = exp(-2*pi*i*p*k/(radix*m)), p < m, 0 < k < radix
}

// New makes the plan for lines of n numbers; n below 1 is a programming error and panics.
func New(n int) *Plan {
	if n < 1 {
		panic(fmt.Sprintf("fft: transform of length %d", n))
	}
	p := &Plan{n: n}
	radices, rest := factor(n)
	if rest != 1 {
		p.blue = newBluestein(n)
		return p
	}
	s := 1
	for _, r := range radices {
		m := n / (s * r)
		st := stage{radix: r, m: m, s: s, tw: make([]complex128, (r-1)*m)}
		for q := range m {
			for k := 1; k < r; k++ {
				st.tw[(r-1)*q+k-1] = unit(q*k, r*m)
			}
		}
		p.stages = append(p.stages, st)
		s *= r
	}
	return p
}

// Len is the number of numbers in a line.
func (p *Plan) Len() int { return p.n }

// workLen is the number of numbers of work space that batch interleaved lines need.
func (p *Plan) workLen(batch int) int {
	if p.blue != nil {
		return 2*p.blue.m + p.n
	}
	return batch * p.n
}

// factor splits n into the radices of the passes, and what is left over when they do not
// do. Radix 4 comes first: the first pass of a single line has the loop over groups that
// only radix 4 is written out for. Radix 8 stands in where a single factor of 2 would
// otherwise be left: its butterfly does not fit the registers, yet it saves a pass.
func factor(n int) (radices []int, rest int) {
	twos := 0
	for n%2 == 0 {
		twos++
		n /= 2
	}
	for range (twos - twos%2*3) / 2 {
		radices = append(radices, 4)
	}
	switch {
	case twos == 1:
		radices = append(radices, 2)
	case twos%2 == 1:
		radices = append(radices, 8)
	}
	for _, r := range []int{3, 5, 7} {
		for n%r == 0 {
			radices = append(radices, r)
			n /= r
		}
	}
	return radices, n
}

// unit is exp(-2*pi*i*k/n); k is reduced first, so the angle is as exact for large k.
func unit(k, n int) complex128 {
	sin, cos := math.Sincos(-2 * math.Pi * float64(k%n) / float64(n))
	return complex(cos, sin)
}

// run transforms batch interleaved lines in x (line b is x[b], x[b+batch], ...) in place;
// w is work space of the same length. Only for plans without Bluestein's detour.
func (p *Plan) run(x, w []complex128, batch int) {
	src, dst := x[:p.n*batch], w[:p.n*batch]
	for i := range p.stages {
		st := &p.stages[i]
		if i == len(p.stages)-1 && len(p.stages)%2 == 1 {
			dst = src // the last pass reads and writes the same places, and must end in x
		}
		s := st.s * batch
		switch st.radix {
		case 2:
			radix2(dst, src, st.tw, st.m, s)
		case 3:
			radix3(dst, src, st.tw, st.m, s)
		case 4:
			if s == 1 {
				radix4first(dst, src, st.tw, st.m)
			} else {
				radix4(dst, src, st.tw, st.m, s)
			}
		case 5:
			radix5(dst, src, st.tw, st.m, s)
		case 7:
			radix7(dst, src, st.tw, st.m, s)
		case 8:
			radix8(dst, src, st.tw, st.m, s)
		}
		src, dst = dst, src
	}
}

// forward transforms one line in place.
func (p *Plan) forward(x, w []complex128) {
	if p.blue != nil {
		p.blue.run(x, w)
		return
	}
	p.run(x, w, 1)
}

// inverse is forward, read backwards: the inverse transform without its factor is the
// forward one with the frequencies counted down from N.
func (p *Plan) inverse(x, w []complex128) {
	p.forward(x, w)
	reverse(x[:p.n])
}

// reverse swaps x[k] and x[n-k], k = 1 .. n-1.
func reverse(x []complex128) {
	for i, j := 1, len(x)-1; i < j; i, j = i+1, j-1 {
		x[i], x[j] = x[j], x[i]
	}
}

// Scratch is the work space of one worker for one Plan.
type Scratch struct{ w []complex128 }

// NewScratch makes the work space of one worker.
func (p *Plan) NewScratch() *Scratch { return &Scratch{make([]complex128, p.workLen(1))} }

// Forward replaces the line x (Len numbers) by its transform.
func (p *Plan) Forward(x []complex128, s *Scratch) { p.forward(x[:p.n], s.w) }

// Inverse replaces the line x (Len numbers) by its inverse transform, factor 1/N included.
func (p *Plan) Inverse(x []complex128, s *Scratch) {
	x = x[:p.n]
	p.inverse(x, s.w)
	f := 1 / float64(p.n)
	for i, v := range x {
		x[i] = complex(real(v)*f, imag(v)*f)
	}
}
