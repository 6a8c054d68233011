// Package noise draws the random numbers of the simulation: seeded streams, normal and
// Poisson variates, noise screens.
//
// Everything random has its own stream, named by the seed of the run, the purpose and an
// index (the frame). Nothing is drawn from a generator that workers share, so a run gives
// the same bytes for any number of workers.
package noise

import "math/rand/v2"

// Purpose separates the streams of one seed.
type Purpose uint64

// The purposes. Their numbers are part of what a seed means: never renumber them.
const (
	Detector  Purpose = 1 // draws of the detector chain; index: frame
	Photons   Purpose = 2 // photon noise of MoonFlowerScan; index: frame
	Diffuser  Purpose = 3 // phase and modulus of the aperture's diffuser
	Jitter    Purpose = 4 // scan point jitter; index 0
	Positions Purpose = 5 // error of the written positions; index 0
)

// Stream is one stream of random numbers, for one goroutine at a time.
type Stream struct {
	pcg    rand.PCG
	rand   *rand.Rand
	tables *[tableMeans * tableSteps]*table
}

// NewStream makes the stream (seed, purpose, index).
func NewStream(seed uint64, p Purpose, index int) *Stream {
	s := &Stream{tables: tables()}
	s.rand = rand.New(&s.pcg)
	s.Reset(seed, p, index)
	return s
}

// Reset makes s the stream (seed, purpose, index), from its beginning.
func (s *Stream) Reset(seed uint64, p Purpose, index int) {
	// both words of the generator depend on all three, so that neighbouring seeds and
	// frames have nothing in common
	h := mix(mix(mix(seed)^uint64(p)) ^ uint64(index))
	s.pcg.Seed(h, mix(h+0x9e3779b97f4a7c15))
}

// mix is the finaliser of SplitMix64 (Steele, Lea and Flood 2014): a bijection in which
// every input bit reaches every output bit.
func mix(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// Uniform draws from [0, 1), multiples of 2^-53.
func (s *Stream) Uniform() float64 { return float64(s.pcg.Uint64()>>11) * 0x1p-53 }

// Normal draws from the normal distribution of mean 0 and standard deviation 1.
func (s *Stream) Normal() float64 { return s.rand.NormFloat64() }

// AddPoisson replaces every expectation in x by a Poisson count.
func (s *Stream) AddPoisson(x []float64) {
	for i, v := range x {
		x[i] = s.Poisson(v)
	}
}
