// Package optics holds the geometry of a scan and the propagation of waves between the
// sample and the detector.
//
// Axis 0 is vertical, axis 1 horizontal; lengths in metres, energies in keV.
package optics

import (
	"math"

	"ptyprep/internal/recipes/sim/field"
	"ptyprep/internal/scan/problem"
)

// HC is Planck's constant times the speed of light in keV*m: wavelength = HC / energy. The
// value is the one that ptypy reconstructs with.
const HC = 1.23984193e-9

// Centre says where the zero of a coordinate axis lies: a named place or a pixel.
type Centre struct {
	Kind  CentreKind
	Pixel [2]float64 // row, column; only for AtPixel. Negative: counted from the end
}

// CentreKind names a place.
type CentreKind uint8

// The places, for an axis of N pixels.
const (
	FFTShift  CentreKind = iota // pixel N/2, rounded down
	Geometric                   // N/2 - 1/2
	FFT                         // pixel 0
	AtPixel                     // the given pixel
)

// On is the centre in pixels on axis ax of n pixels, at least 0 and below n.
func (c Centre) On(ax, n int) float64 {
	switch c.Kind {
	case Geometric:
		return float64(n)/2 - 0.5
	case FFT:
		return 0
	case AtPixel:
		return mod(c.Pixel[ax], float64(n))
	}
	return float64(n / 2)
}

// mod is x modulo n with the sign of n.
func mod(x, n float64) float64 {
	m := math.Mod(x, n)
	if m < 0 {
		m += n
	}
	return m
}

// Grid gives the coordinates of n pixels of the given step about the centre c (pixels);
// beyond half the length they go on from the other side, as frequencies do.
func Grid(n int, step, c float64) []float64 {
	x, h := make([]float64, n), float64(n/2)
	for i := range x {
		x[i] = (mod(float64(i)-c+h, float64(n)) - h) * step
	}
	return x
}

// Options is what a user can say about a geometry. Zero means not given.
type Options struct {
	EnergyKeV   float64
	LambdaM     float64 // wavelength; used only without EnergyKeV
	DistanceM   float64 // sample to detector
	PsizeM      [2]float64
	ResolutionM [2]float64 // pixel in the sample plane
	Shape       [2]int     // frame, rows and columns
	Nearfield   bool
	Center      Centre // optical axis on the detector (far field)
	Origin      Centre // zero of the sample's coordinates
}

// Geometry is a complete geometry.
type Geometry struct {
	Options
	LZ float64 // wavelength times distance, m^2
	// Misfit is how far pixel and resolution, both given, are from belonging together: in
	// pixels of the frame (far field) or metres (near field). CropPad is the even number
	// of rows and columns by which the far field frame must grow to make them fit.
	Misfit  [2]float64
	CropPad [2]int
}

// New completes and checks the options.
func New(o Options) (Geometry, error) {
	g := Geometry{Options: o}
	if err := g.checkNumbers(); err != nil {
		return g, err
	}
	if g.EnergyKeV != 0 {
		g.LambdaM = HC / g.EnergyKeV
	} else {
		g.EnergyKeV = HC / g.LambdaM
	}
	g.LZ = g.LambdaM * g.DistanceM
	for ax, n := range g.Shape {
		p, r := &g.PsizeM[ax], &g.ResolutionM[ax]
		switch {
		case g.Nearfield && *r == 0:
			*r = *p
		case g.Nearfield && *p == 0:
			*p = *r
		case g.Nearfield:
			g.Misfit[ax] = *r - *p
		case *r == 0:
			*r = g.LZ / (*p * float64(n))
		case *p == 0:
			*p = g.LZ / (*r * float64(n))
		default:
			g.Misfit[ax] = g.LZ/(*r**p) - float64(n)
			g.CropPad[ax] = 2 * int(math.RoundToEven(g.Misfit[ax]/2))
		}
	}
	return g, nil
}

func (g *Geometry) checkNumbers() error {
	if err := field.CheckShape("a frame (shape)", g.Shape[0], g.Shape[1]); err != nil {
		return err
	}
	if g.EnergyKeV == 0 && g.LambdaM == 0 {
		return problem.Usagef("energy and wavelength are both missing").WithHint("set energy, in keV")
	}
	if g.DistanceM == 0 {
		return problem.Usagef("distance is missing or 0").WithHint("set distance, from sample to detector in metres")
	}
	for _, n := range []struct {
		name string
		v    float64
		sign bool
	}{{"energy", g.EnergyKeV, false}, {"wavelength", g.LambdaM, false}, {"distance", g.DistanceM, g.Nearfield},
		{"psize", g.PsizeM[0], false}, {"psize", g.PsizeM[1], false},
		{"resolution", g.ResolutionM[0], false}, {"resolution", g.ResolutionM[1], false}} {
		if n.v-n.v != 0 || n.v < 0 && !n.sign {
			return problem.Usagef("%s %g is not a positive number", n.name, n.v)
		}
	}
	for ax := range 2 {
		if g.PsizeM[ax] == 0 && g.ResolutionM[ax] == 0 {
			return problem.Usagef("psize and resolution are both missing or 0").WithHint("set psize, the detector pixel in metres")
		}
	}
	return nil
}

// padded is the side of the frame on axis ax that makes pixel and resolution fit.
func (g Geometry) padded(ax int) int { return g.Shape[ax] + g.CropPad[ax] }

// SampleGrid gives the coordinates of the sample plane's rows (ax 0) or columns (1), of the
// padded frame if there is CropPad.
func (g Geometry) SampleGrid(ax int) []float64 {
	n := g.padded(ax)
	return Grid(n, g.ResolutionM[ax], g.Origin.On(ax, n))
}

// DetectorGrid gives the coordinates of the detector's rows (ax 0) or columns (1); in the
// near field they are the sample's.
func (g Geometry) DetectorGrid(ax int) []float64 {
	if g.Nearfield {
		return g.SampleGrid(ax)
	}
	n := g.padded(ax)
	return Grid(n, g.PsizeM[ax], g.Center.On(ax, n))
}
