package imgproc

import "ptyprep/internal/imgproc/pix"

// NewSignedCalibration is NewCalibration with another arithmetic: what comes out negative after the
// dark stays negative. It runs in float64; integer frames become float64, float32 ones stay float32.
// A division by the monitor alone is a Scale with Mean 1. With cut, the result of each step goes back
// into an integer raw type, cut towards zero and held within its range.
func NewSignedCalibration(raw pix.Type, dark, flat *pix.Image, scaled, cut bool, out pix.Type) *Calibration {
	c := &Calibration{Divide: flat != nil || scaled, Out: pix.Float64, afterDark: pix.Float64, work: pix.Float64, signed: true}
	switch {
	case cut && raw.IsInteger():
		c.Cut, c.Out = true, raw
	case raw == pix.Float32 && out != pix.Float64 || out == pix.Float32:
		c.Out = pix.Float32
	}
	c.flatSingle = flat != nil && flat.Type == pix.Float32
	c.SetDark(dark)
	c.SetFlat(flat)
	return c
}

// subtractSigned writes src - dark into dst, in float64.
func (c *Calibration) subtractSigned(dst, src *pix.Image) {
	Convert(dst, src, pix.Float64)
	if c.Dark == nil {
		return
	}
	p := pix.Pixels[float64](dst)
	for i, d := range pix.Pixels[float64](c.Dark) {
		p[i] -= d
	}
}

// applySigned is Apply for signed arithmetic.
func (c *Calibration) applySigned(dst, src *pix.Image, scale Scale, w *Workspace) (clipped int) {
	c.subtractSigned(&w.a, src)
	if c.Cut {
		return c.cutSigned(dst, scale, w)
	}
	p := pix.Pixels[float64](&w.a)
	if c.Flat != nil {
		divideKernel(p, c.Flat)
	}
	if !scale.none() {
		scale.apply(p)
	}
	Convert(dst, &w.a, c.Out)
	return 0
}

// cutSigned is what follows the dark, which w.a is the result of, with Cut.
func (c *Calibration) cutSigned(dst *pix.Image, scale Scale, w *Workspace) (clipped int) {
	clipped = Truncate(dst, &w.a, c.Out)
	short := c.Out.Size() <= 2
	if c.Flat != nil {
		clipped += c.step(dst, w, short && c.flatSingle, func(p []float32) {
			for i, f := range pix.Pixels[float64](c.Flat) {
				p[i] /= float32(f)
			}
		}, func(p []float64) { divideKernel(p, c.Flat) })
	}
	if scale.Value != 0 {
		clipped += c.step(dst, w, short && scale.Single, scale.applySingle, scale.apply)
	}
	return clipped
}
