// Package illum makes the illumination of a simulated scan: an incoming wave, cut by an
// aperture, sent through a lens and over a distance, and scaled to a number of photons.
package illum

import (
	"math"
	"math/cmplx"

	"ptyprep/internal/recipes/sim/field"
	"ptyprep/internal/recipes/sim/noise"
	"ptyprep/internal/recipes/sim/optics"
	"ptyprep/internal/scan/problem"
)

// The forms of an aperture.
const (
	Circ = "circ" // a disc or an ellipse
	Rect = "rect" // a rectangle
)

// Options is the tree `illumination`, decoded. The zero value is a plane wave of modulus 1.
type Options struct {
	Wave     field.Field // incoming; without pixels: ones. It must have the frame's shape
	Aperture *Aperture   // nil: none
	// FocusM is the focal length of a lens in the aperture's plane, ParallelM a distance that
	// the wave goes on (negative: back); 0: none.
	FocusM, ParallelM float64
	SpotM             *[2]float64 // with a lens: size of the focus that decides the aperture's size; without: the size itself
	Photons           float64     // sum of |wave|^2 in the end; 0: as it comes out
}

// Aperture is the tree `illumination.aperture`.
type Aperture struct {
	Form        string      // Circ, Rect or "" (only the diffuser)
	SizeM       *[2]float64 // full width (vertical, horizontal); nil: a third of the frame
	OffsetM     [2]float64
	RotateRad   float64 // from the vertical axis to the horizontal one
	EdgePx      float64 // width of the soft edge; 0: hard
	CentralStop [2]float64
	Diffuser    noise.Screen
}

// Make gives the wave in the sample plane of a frame of rows x cols (shape), with pixels of
// resolutionM. seed is that of the diffuser. Errors: lengths that make no sense, a wave
// without power.
func Make(o Options, shape [2]int, resolutionM [2]float64, energyKeV float64, seed uint64) (field.Field, error) {
	if err := field.CheckShape("an illumination", shape[0], shape[1]); err != nil {
		return field.Field{}, err
	}
	w := o.Wave
	switch {
	case len(w.Pix) == 0:
		w = field.New(shape[0], shape[1], 1)
	case w.Rows != shape[0] || w.Cols != shape[1]:
		w = w.Fit(shape[0], shape[1], 0)
	default:
		w = w.Clone()
	}
	p, err := newPath(o, shape, resolutionM, energyKeV)
	if err != nil {
		return w, err
	}
	if o.Aperture != nil {
		a := *o.Aperture
		if p.size != nil {
			a.SizeM = p.size
		}
		if err := a.cut(w, p.grid, p.pixelM, seed); err != nil {
			return w, err
		}
	}
	p.send(w)
	return w, scale(w, o.Photons)
}

// scale brings w to a number of photons.
func scale(w field.Field, photons float64) error {
	power := w.Power()
	if !(power > 0) || math.IsInf(power, 0) {
		return problem.Usagef("the illumination has a power of %g: nothing would reach the detector", power).
			WithHint("check aperture.size and aperture.offset (metres) against the pixel of the sample plane, and central_stop")
	}
	if photons > 0 {
		w.Scale(math.Sqrt(photons / power))
	}
	return nil
}

// path is the way from the aperture to the sample.
type path struct {
	grid   [2][]float64 // coordinates of the aperture's plane, metres
	pixelM [2]float64
	size   *[2]float64 // of the aperture, when the spot decides it
	steps  []*optics.Propagator
}

func newPath(o Options, shape [2]int, resolutionM [2]float64, energyKeV float64) (*path, error) {
	p := &path{pixelM: resolutionM, size: o.SpotM}
	centre := optics.Centre{Kind: optics.Geometric}
	if o.FocusM != 0 {
		g, err := optics.New(optics.Options{EnergyKeV: energyKeV, DistanceM: o.FocusM, PsizeM: resolutionM, Shape: shape})
		if err != nil {
			return nil, err
		}
		lens, err := optics.NewLens(g)
		if err != nil {
			return nil, err
		}
		p.steps = append(p.steps, lens)
		p.pixelM, centre = g.ResolutionM, optics.Centre{}
		if o.SpotM != nil {
			p.size = new([2]float64)
			for ax, q := range o.SpotM {
				p.size[ax] = g.LZ / q * 2 * math.Sqrt(math.Sqrt2)
			}
		}
	}
	if o.ParallelM != 0 {
		g, err := optics.New(optics.Options{EnergyKeV: energyKeV, DistanceM: o.ParallelM, PsizeM: resolutionM, Shape: shape, Nearfield: true})
		if err != nil {
			return nil, err
		}
		near, err := optics.NewPropagator(g)
		if err != nil {
			return nil, err
		}
		p.steps = append(p.steps, near)
		centre = optics.Centre{}
	}
	for ax, n := range shape {
		p.grid[ax] = optics.Grid(n, p.pixelM[ax], centre.On(ax, n))
	}
	return p, nil
}

func (p *path) send(w field.Field) {
	for _, s := range p.steps {
		s.Forward(w.Pix, s.NewScratch())
	}
}

// cut multiplies w by the aperture on a grid of coordinates.
func (a Aperture) cut(w field.Field, grid [2][]float64, pixelM [2]float64, seed uint64) error {
	a.Diffuser.Apply(w.Pix, w.Rows, w.Cols, seed)
	if a.Form == "" {
		return nil
	}
	d := [2]float64{float64(w.Rows) / 3, float64(w.Cols) / 3}
	for ax := range d {
		if a.SizeM != nil {
			d[ax] = a.SizeM[ax] / pixelM[ax]
		}
		if !(d[ax] > 0) || math.IsInf(d[ax], 0) {
			return problem.Usagef("an aperture of %g pixels: its size must be positive", d[ax]).WithHint("aperture.size is the full width in metres")
		}
	}
	var transmission func(d [2]float64, v, h float64) float64
	switch a.Form {
	case Circ:
		transmission = a.circ
	case Rect:
		transmission = a.rect
	default:
		return problem.Usagef("an aperture of the form %q: there are %s and %s", a.Form, Circ, Rect)
	}
	stop := [2]float64{a.CentralStop[0] * d[0], a.CentralStop[1] * d[1]}
	turn := cmplx.Rect(1, a.RotateRad)
	field.Rows(w.Rows, func(lo, hi int) {
		for i := lo; i < hi; i++ {
			row := w.Pix[i*w.Cols : (i+1)*w.Cols]
			for j := range row {
				z := complex(grid[0][i]-a.OffsetM[0], grid[1][j]-a.OffsetM[1]) * turn
				v, h := real(z)/pixelM[0], imag(z)/pixelM[1]
				t := transmission(d, v, h)
				if stop[0] > 0 && stop[1] > 0 {
					t *= 1 - transmission(stop, v, h)
				}
				row[j] *= complex(t, 0)
			}
		}
	})
	return nil
}

// circ is the transmission at (v, h) pixels from the middle of an ellipse of diameters d.
func (a Aperture) circ(d [2]float64, v, h float64) float64 {
	return field.Step(0.5-math.Sqrt(v*v/(d[0]*d[0])+h*h/(d[1]*d[1])), a.EdgePx/math.Sqrt(d[0]*d[1]))
}

// rect is the transmission at (v, h) pixels from the middle of a rectangle of sides d.
func (a Aperture) rect(d [2]float64, v, h float64) float64 {
	return field.Step(d[0]/2-math.Abs(v), a.EdgePx) * field.Step(d[1]/2-math.Abs(h), a.EdgePx)
}
