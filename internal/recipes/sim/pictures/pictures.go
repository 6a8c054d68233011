// Package pictures draws the built-in probe and object: a moon (a disc with maria, craters
// and a gentle curvature of phase) and a field of flowers. Both are formulas, so no picture
// files are needed and every size can be had.
package pictures

import (
	"math"
	"math/cmplx"

	"ptyprep/internal/recipes/sim/field"
)

// Defaults of the recipes' keys moon_phase and flower_pitch.
const (
	DefaultMoonPhase   = 1.0
	DefaultFlowerPitch = 48.0 // pixels
)

// spot is a Gaussian of depth d at (cy, cx) of width s, in frame sides from the centre.
type spot struct{ cy, cx, s, d float64 }

var maria = [...]spot{
	{-0.11, -0.06, 0.050, 0.45}, {-0.09, 0.03, 0.035, 0.50}, {-0.06, 0.09, 0.032, 0.50}, {-0.03, 0.17, 0.030, 0.45},
	{-0.11, 0.17, 0.018, 0.40}, {0.01, -0.16, 0.045, 0.50}, {0.06, -0.03, 0.030, 0.45}, {0.11, -0.11, 0.016, 0.35},
}

var craters = [...]spot{
	{0.15, 0.01, 0.020, 0.45}, {-0.04, -0.09, 0.008, 0.40}, {-0.06, -0.18, 0.006, 0.60}, {0.13, -0.16, 0.012, 0.25},
}

// Moon draws the moon on rows x cols pixels: a disc of 0.47 frame diameters. phase is the
// phase at its rim in radians (it grows with the square of the radius).
func Moon(rows, cols int, phase float64) field.Field {
	const radius = 0.235
	f := field.New(rows, cols, 0)
	edge := 2 / math.Sqrt(float64(rows)*float64(cols))
	field.Rows(rows, func(lo, hi int) {
		for i := lo; i < hi; i++ {
			y := float64(i-rows/2) / float64(rows)
			for j := range cols {
				x := float64(j-cols/2) / float64(cols)
				rad := math.Sqrt(y*y + x*x)
				disc := field.Step(radius-rad, edge)
				if disc == 0 {
					continue
				}
				a := 0.70 + 0.25*y/radius + 0.05*x/radius
				for _, m := range maria {
					a *= 1 - m.at(y, x)
				}
				for _, c := range craters {
					a *= 1 + c.at(y, x)
				}
				f.Pix[i*cols+j] = cmplx.Rect(disc*a, phase*(rad/radius)*(rad/radius))
			}
		}
	})
	return f
}

func (s spot) at(y, x float64) float64 {
	dy, dx := y-s.cy, x-s.cx
	return s.d * math.Exp(-(dy*dy+dx*dx)/(2*s.s*s.s))
}

// Flower draws a field of flowers on rows x cols pixels, one on each cell of pitch x pitch
// pixels, on a background of six crossing waves. What it draws at a pixel does not depend
// on the size.
func Flower(rows, cols int, pitch float64) field.Field {
	f := field.New(rows, cols, 0)
	w := newWaves(rows, cols)
	all := newBlooms(rows, cols, pitch)
	field.Rows(rows, func(lo, hi int) {
		amp, ph := make([]float64, cols), make([]float64, cols)
		for i := lo; i < hi; i++ {
			w.draw(i, amp, ph)
			for _, b := range all {
				b.draw(i, amp, ph)
			}
			for j := range amp {
				f.Pix[i*cols+j] = cmplx.Rect(amp[j], ph[j])
			}
		}
	})
	return f
}

// waves holds exp(i*w) of the six background waves, as one factor per row and column.
type waves struct{ row, col [6][]complex128 }

func newWaves(rows, cols int) *waves {
	w := new(waves)
	for k := range w.row {
		q := float64(k + 1)
		al, kq := 2.399963*q, 2*math.Pi*(1+0.45*q)/24
		sin, cos := math.Sincos(al)
		w.row[k], w.col[k] = make([]complex128, rows), make([]complex128, cols)
		for i := range rows {
			w.row[k][i] = cmplx.Rect(1, kq*float64(i)*cos+q)
		}
		for j := range cols {
			w.col[k][j] = cmplx.Rect(1, kq*float64(j)*sin)
		}
	}
	return w
}

func (w *waves) draw(i int, amp, ph []float64) {
	for j := range amp {
		a, p := 1.0, 0.0
		for k := range w.row {
			e := w.row[k][i] * w.col[k][j]
			p += 0.12 * real(e)
			a *= 1 - 0.02*(1+imag(e))
		}
		amp[j], ph[j] = a, p
	}
}

// bloom is one flower.
type bloom struct {
	cy, cx, radius float64 // pixels
	petals         int
	turn           complex128 // exp(i*fi), fi the angle of the petals
	height, depth  float64    // phase (rad) and loss of amplitude
}

// newBlooms lists the flowers in the order of drawing, one ring more than fits.
func newBlooms(rows, cols int, pitch float64) []bloom {
	var all []bloom
	for k := -1; k <= int(float64(rows)/pitch)+1; k++ {
		for l := -1; l <= int(float64(cols)/pitch)+1; l++ {
			u, v := float64(k), float64(l)
			all = append(all, bloom{
				cy:     (u + 0.5 + 0.25*math.Sin(2.4*u+1.7*v)) * pitch,
				cx:     (v + 0.5 + 0.25*math.Cos(1.9*u-2.3*v)) * pitch,
				radius: 0.42 * pitch * (0.85 + 0.15*math.Sin(3*u+5*v)),
				petals: 5 + ((k+2*l)%4+4)%4,
				turn:   cmplx.Rect(1, 0.7*u+1.3*v),
				height: 1 + 0.6*math.Sin(1.1*u+2.7*v),
				depth:  0.35 + 0.15*math.Cos(2.1*u+0.8*v),
			})
		}
	}
	return all
}

// draw adds the flower to row i. Beyond 8 pixels from the tips of its petals nothing is left of
// the soft edge (width 3).
func (b bloom) draw(i int, amp, ph []float64) {
	dy := float64(i) - b.cy
	reach := b.radius + 8
	if math.Abs(dy) > reach {
		return
	}
	half := math.Sqrt(reach*reach - dy*dy)
	from, to := max(0, int(math.Ceil(b.cx-half))), min(len(amp)-1, int(math.Floor(b.cx+half)))
	for j := from; j <= to; j++ {
		dx := float64(j) - b.cx
		rho := math.Sqrt(dy*dy + dx*dx)
		dir := complex(1, 0) // exp(i*th), th = atan2(dy, dx)
		if rho > 0 {
			dir = complex(dx/rho, dy/rho)
		}
		petal := dir // exp(i*n*th)
		for range b.petals - 1 {
			petal *= dir
		}
		m := field.Step(b.radius*(0.70+0.30*real(petal*b.turn))-rho, 3)
		c := field.Step(0.18*b.radius-rho, 2)
		if m == 0 && c == 0 {
			continue
		}
		sin, cos := math.Sincos(0.9 * rho)
		v := 0.5 + 0.5*real(petal*petal*complex(cos, sin))
		ph[j] += b.height*m*(0.6+0.4*v) - 1.4*b.height*c
		amp[j] *= (1 - b.depth*m*(1-0.5*v)) * (1 - 0.3*c)
	}
}
