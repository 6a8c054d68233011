package optics

import (
	"math"
	"math/cmplx"

	"ptyprep/internal/imgproc/fft"
	"ptyprep/internal/scan/problem"
)

// Propagator takes waves from the sample to the detector and back. It is read-only and may
// be shared by goroutines, each with its own Scratch.
//
// Far field (Fraunhofer with the quadratic phases of both planes), lz = wavelength*distance:
//
//	pre  = exp(i*pi*(X^2+Y^2)/lz) * exp(-2*pi*i*((X-X00)*V00 + (Y-Y00)*W00)/lz)
//	post = exp(i*pi*(V^2+W^2)/lz) * exp(-2*pi*i*(X00*V + Y00*W)/lz)
//	forward(w) = post * FFT(pre*w) / sqrt(n)
//
// All factors are products of one of the row and one of the column, and kept so. Near
// field: the angular spectrum, forward(w) = IFFT(FFT(w)*kernel). Both keep the power.
type Propagator struct {
	plan       *fft.Plan2
	rows, cols int
	near       bool
	pre, post  [2][]complex128 // far field, per axis, 1/sqrt(n) in post
	kernel     []complex128    // near field
}

// Scratch is the work space of one worker for one Propagator.
type Scratch struct{ fft *fft.Scratch2 }

// NewPropagator makes the propagator of a geometry.
func NewPropagator(g Geometry) (*Propagator, error) { return newPropagator(g, 1) }

// NewLens makes the far field propagator of a geometry with a lens of focal length
// DistanceM in the sample plane, exp(-i*pi*(X^2+Y^2)/lz): it takes the quadratic phase of
// that plane away exactly.
func NewLens(g Geometry) (*Propagator, error) { return newPropagator(g, 0) }

func newPropagator(g Geometry, curvature float64) (*Propagator, error) {
	if g.CropPad != [2]int{} {
		return nil, problem.Usagef("psize and resolution do not belong together: the frame is %g rows and %g columns too small", g.Misfit[0], g.Misfit[1]).
			WithHint("give psize only")
	}
	p := &Propagator{rows: g.Shape[0], cols: g.Shape[1], near: g.Nearfield}
	p.plan = fft.New2(p.rows, p.cols)
	if p.near {
		p.kernel = nearKernel(g)
		return p, nil
	}
	for ax, n := range g.Shape {
		x, v := g.SampleGrid(ax), g.DetectorGrid(ax)
		p.pre[ax], p.post[ax] = make([]complex128, n), make([]complex128, n)
		root := complex(1/math.Sqrt(float64(n)), 0)
		for i := range n {
			p.pre[ax][i] = cmplx.Rect(1, math.Pi*(curvature*x[i]*x[i]-2*(x[i]-x[0])*v[0])/g.LZ)
			p.post[ax][i] = root * cmplx.Rect(1, math.Pi*(v[i]*v[i]-2*x[0]*v[i])/g.LZ)
		}
	}
	return p, nil
}

// nearKernel is exp(2*pi*i*(D/lambda)*(sqrt(1-s)-1)), s the squared sine of the angle of a
// plane wave; waves that do not propagate (s > 1) get 0.
func nearKernel(g Geometry) []complex128 {
	k := make([]complex128, g.Shape[0]*g.Shape[1])
	v := Grid(g.Shape[0], g.LambdaM/(float64(g.Shape[0])*g.ResolutionM[0]), 0)
	w := Grid(g.Shape[1], g.LambdaM/(float64(g.Shape[1])*g.ResolutionM[1]), 0)
	for i, a := range v {
		for j, b := range w {
			if s := a*a + b*b; s <= 1 {
				// -s/(1+sqrt(1-s)) is sqrt(1-s)-1 without the loss of digits
				k[i*len(w)+j] = cmplx.Rect(1, -2*math.Pi*(g.DistanceM/g.LambdaM)*s/(1+math.Sqrt(1-s)))
			}
		}
	}
	return k
}

// NewScratch makes the work space of one worker.
func (p *Propagator) NewScratch() *Scratch { return &Scratch{p.plan.NewScratch()} }

// Forward takes the wave w (rows*cols numbers) from the sample to the detector, in place.
func (p *Propagator) Forward(w []complex128, s *Scratch) {
	if p.near {
		p.plan.Convolve(w, p.kernel, s.fft)
		return
	}
	p.multiply(w, p.pre, false)
	p.plan.Forward(w, s.fft)
	p.multiply(w, p.post, false)
}

// Backward is the inverse of Forward.
func (p *Propagator) Backward(w []complex128, s *Scratch) {
	if p.near {
		// the kernel is even, so the conjugate one is Forward between two conjugations
		conjugate(w)
		p.plan.Convolve(w, p.kernel, s.fft)
		conjugate(w)
		return
	}
	p.multiply(w, p.post, true)
	p.plan.Inverse(w, s.fft)
	p.multiply(w, p.pre, true)
	n := complex(float64(p.rows)*float64(p.cols), 0) // post holds 1/sqrt(n), wanted is sqrt(n)
	for i := range w {
		w[i] *= n
	}
}

// Prepare gives the probe in the form that Intensity wants its exit waves made of: the
// phases of the sample plane, which are the same for every frame, are multiplied in once.
func (p *Propagator) Prepare(probe []complex128) []complex128 {
	w := append([]complex128(nil), probe...)
	if !p.near {
		p.multiply(w, p.pre, false)
	}
	return w
}

// Lit gives the rows lo <= row < hi of a prepared probe beyond which it is zero and stays so in
// Intensity: exit waves need not be set there. In the near field these are all rows.
func (p *Propagator) Lit(prepared []complex128) (lo, hi int) {
	lo, hi = 0, p.rows
	if p.near {
		return lo, hi
	}
	dark := func(r int) bool {
		for _, v := range prepared[r*p.cols : (r+1)*p.cols] {
			if v != 0 {
				return false
			}
		}
		return true
	}
	for lo < hi && dark(lo) {
		lo++
	}
	for lo < hi && dark(hi-1) {
		hi--
	}
	return lo, hi
}

// Intensity writes |Forward(exit)|^2 to dst, where exit is an object window times a prepared
// probe. lo and hi are the rows of Lit: beyond them exit must be zero and stays so, between them
// it is overwritten.
func (p *Propagator) Intensity(dst []float64, exit []complex128, lo, hi int, s *Scratch) {
	if !p.near {
		p.plan.Power(dst, exit, lo, hi, 1/(float64(p.rows)*float64(p.cols)), s.fft)
		return
	}
	p.plan.Convolve(exit, p.kernel, s.fft)
	for i, v := range exit {
		dst[i] = real(v)*real(v) + imag(v)*imag(v)
	}
}

// multiply multiplies w by f[0] along rows and f[1] along columns, or their conjugates.
func (p *Propagator) multiply(w []complex128, f [2][]complex128, conj bool) {
	for i := range p.rows {
		row := w[i*p.cols : (i+1)*p.cols]
		for j, c := range f[1] {
			c *= f[0][i]
			if conj {
				c = complex(real(c), -imag(c))
			}
			row[j] *= c
		}
	}
}

func conjugate(w []complex128) {
	for i, v := range w {
		w[i] = complex(real(v), -imag(v))
	}
}
