package fft

import "math"

// bluestein transforms a line of any length n as a circular convolution of length
// m >= 2n-1 (Bluestein 1970): with c_k = exp(-i*pi*k^2/n),
// X_k = c_k * sum_j (x_j c_j) conj(c_(k-j)).
type bluestein struct {
	n, m  int
	plan  *Plan
	chirp []complex128 // c_k, k < n
	spec  []complex128 // transform of conj(c) wrapped round to m, divided by m
}

func newBluestein(n int) *bluestein {
	b := &bluestein{n: n, m: smooth(2*n - 1)}
	b.plan = New(b.m)
	b.chirp = make([]complex128, n)
	b.spec = make([]complex128, b.m)
	f := 1 / float64(b.m)
	for k := range n {
		// exp(-i*pi*k^2/n) has period 2n in k^2: reducing it keeps the phase exact
		sin, cos := math.Sincos(math.Pi * float64(k*k%(2*n)) / float64(n))
		b.chirp[k] = complex(cos, -sin)
		b.spec[k] = complex(cos*f, sin*f)
		if k > 0 {
			b.spec[b.m-k] = b.spec[k]
		}
	}
	b.plan.run(b.spec, make([]complex128, b.m), 1)
	return b
}

// smooth is the least number not below n with the prime factors 2, 3 and 5, even.
func smooth(n int) int {
	for m := n + n%2; ; m += 2 {
		r := m
		for _, p := range []int{2, 3, 5} {
			for r%p == 0 {
				r /= p
			}
		}
		if r == 1 {
			return m
		}
	}
}

// run transforms x in place; w is work space of 2*m numbers.
func (b *bluestein) run(x, w []complex128) {
	u, v := w[:b.m], w[b.m:2*b.m]
	for k, c := range b.chirp {
		u[k] = x[k] * c
	}
	clear(u[b.n:])
	b.plan.run(u, v, 1)
	for k, c := range b.spec {
		u[k] *= c
	}
	b.plan.run(u, v, 1)
	// the second transform ought to be an inverse one: read it backwards
	x[0] = u[0] * b.chirp[0]
	for k := 1; k < b.n; k++ {
		x[k] = u[b.m-k] * b.chirp[k]
	}
}
