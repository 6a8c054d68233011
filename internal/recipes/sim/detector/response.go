package detector

import (
	"math"

	"ptyprep/internal/imgproc/gauss"
	"ptyprep/internal/imgproc/pix"
	"ptyprep/internal/recipes/sim/noise"
	"ptyprep/internal/scan/problem"
)

// Response is a detector set up for frames of one size. It is read-only and may be shared by
// goroutines.
type Response struct {
	Detector
	Rows, Cols int
	Live       []byte // 1 where a pixel is
	sci, psf   *gauss.Filter
	largest    float64
}

// NewResponse sets d up for frames of rows x cols. Errors: numbers that make no detector, a
// frame without a live pixel.
func NewResponse(d Detector, rows, cols int) (*Response, error) {
	if err := d.Validate(); err != nil {
		return nil, err
	}
	r := &Response{Detector: d, Rows: rows, Cols: cols, largest: largest(d.DType)}
	r.sci, r.psf = gauss.New(rows, cols, d.SciPSF), gauss.New(rows, cols, d.PSF)
	var alive int
	if r.Live, alive = d.Mask(rows, cols); alive == 0 {
		return nil, problem.Usagef("detector: no pixel of a frame of %d x %d lies on a module", rows, cols).
			WithHint("the middle of the frame lies at pixel %v of a detector of %v pixels; check detector.center", d.middle(), d.Area())
	}
	return r, nil
}

// Scratch is the work space of one worker; the zero value is ready.
type Scratch struct{ gauss gauss.Scratch }

// Count turns the intensity x (overwritten) into counts in dst, in the detector's type, and
// clears the pixels of mask (a copy of Live) that reached the full well. s draws the noise.
// It returns how many live pixels are saturated; the error is that of NoClip.
func (r *Response) Count(dst *pix.Image, mask []byte, x []float64, s *noise.Stream, w *Scratch) (saturated int, err error) {
	for i, v := range x {
		x[i] = math.Abs(v)
	}
	if r.sci != nil {
		r.draw(x, s)
		r.sci.Apply(x, &w.gauss)
		for i := range x {
			x[i] *= r.SciQE
		}
	}
	r.psf.Apply(x, &w.gauss)
	for i := range x {
		x[i] *= r.QE
	}
	r.draw(x, s)
	r.readOut(x, s)
	saturated, over := r.convert(x, mask)
	if over > 0 {
		return saturated, problem.Usagef("detector: %d pixels count above %.0f, the largest %v", over, r.largest, r.DType).
			WithHint("detector.on_limit: clip keeps them at that number; or choose another dtype, adu or full_well")
	}
	dst.Resize(r.DType, r.Rows, r.Cols)
	store(dst, x)
	return saturated, nil
}

func (r *Response) draw(x []float64, s *noise.Stream) {
	if !r.NoPoisson {
		s.AddPoisson(x)
	}
}

func (r *Response) readOut(x []float64, s *noise.Stream) {
	if r.ShotNoise == 0 || r.NoPoisson {
		return
	}
	for i := range x {
		n := s.Normal() * r.ShotNoise
		if !r.Signed {
			n = math.Abs(n)
		}
		x[i] += n
	}
}

// convert holds at the full well, divides, clips, and takes out what is dead. over counts the
// live pixels above the type's range where those are an error.
func (r *Response) convert(x []float64, mask []byte) (saturated, over int) {
	for i, e := range x {
		if r.Live[i] == 0 {
			x[i] = 0
			continue
		}
		if e >= r.FullWell {
			e = r.FullWell
			mask[i] = 0
			saturated++
		}
		c := math.Floor(max(e, 0) / r.ADU)
		if c > r.largest {
			c = r.largest
			if r.NoClip {
				over++
			}
		}
		x[i] = c
	}
	return saturated, over
}

// store writes whole numbers within the type's range.
func store(dst *pix.Image, x []float64) {
	switch dst.Type {
	case pix.Uint8:
		to[uint8](dst, x)
	case pix.Uint16:
		to[uint16](dst, x)
	case pix.Uint32:
		to[uint32](dst, x)
	case pix.Uint64:
		to[uint64](dst, x)
	case pix.Int8:
		to[int8](dst, x)
	case pix.Int16:
		to[int16](dst, x)
	case pix.Int32:
		to[int32](dst, x)
	case pix.Int64:
		to[int64](dst, x)
	}
}

func to[T pix.Number](dst *pix.Image, x []float64) {
	p := pix.Pixels[T](dst)
	for i, v := range x[:len(p)] {
		p[i] = T(v)
	}
}
