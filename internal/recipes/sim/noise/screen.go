package noise

import (
	"math"
	"math/cmplx"

	"ptyprep/internal/imgproc/gauss"
)

// fwhmPerSigma turns the full width of a Gaussian into its standard deviation, with the
// rounded factor that ptypy takes.
const fwhmPerSigma = 2.35

// Screen describes a diffuser: white noise, blurred, as a phase and as a modulus.
type Screen struct {
	PhaseRMS       float64 // rad, of the white noise; the blur leaves about PhaseRMS/(2*sqrt(pi)*sigma)
	PhaseFeaturePx float64 // smallest feature, full width in pixels
	ModRMS         float64 // 0: the modulus is left alone
	ModFeaturePx   float64
}

// Apply multiplies the wave a (rows x cols) by the screen that seed gives.
func (sc Screen) Apply(a []complex128, rows, cols int, seed uint64) {
	s := NewStream(seed, Diffuser, 0)
	if sc.PhaseRMS != 0 {
		for i, f := range s.blurred(rows, cols, 0, sc.PhaseRMS, sc.PhaseFeaturePx) {
			a[i] *= cmplx.Rect(1, f)
		}
	}
	s.Reset(seed, Diffuser, 1) // of its own, so that the modulus does not change with the phase
	if sc.ModRMS != 0 {
		for i, m := range s.blurred(rows, cols, 1, sc.ModRMS, sc.ModFeaturePx) {
			a[i] *= complex(m, 0)
		}
	}
}

// blurred draws white normal noise and blurs it.
func (s *Stream) blurred(rows, cols int, mean, rms, featurePx float64) []float64 {
	x := make([]float64, rows*cols)
	for i := range x {
		x[i] = mean + rms*s.Normal()
	}
	sigma := math.Max(featurePx, 0) / fwhmPerSigma
	gauss.New(rows, cols, gauss.Spec{SigmaPx: [2]float64{sigma, sigma}}).Apply(x, new(gauss.Scratch))
	return x
}
