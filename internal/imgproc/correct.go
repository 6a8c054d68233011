package imgproc

import (
	"math"

	"ptyprep/internal/imgproc/pix"
)

// Calibration corrects a frame for detector and beam: the dark is subtracted (0 where the
// raw counts lie below it), the result divided by the flat and scaled by the beam monitor.
//
// Arithmetic is exact where nothing is divided: integers are subtracted in the type that
// holds raw and dark alike. With a division it runs in Work: float32 where raw, dark and
// flat fit that exactly (16-bit counts), else float64, and the result takes the type Out.
// With Cut (numpy's in-place arithmetic) each division is put back into the type after the
// dark, integers cut towards zero; it runs in float32 where numpy does so, as the last bit
// decides whether 9.9999998 becomes 9 or 10.
type Calibration struct {
	Dark, Flat *pix.Image // nil: none; of the frame's size, in type afterDark and Work
	Out        pix.Type   // type of corrected frames
	Cut        bool       // put results back into the type after each division
	Divide     bool       // frames are (or may be) divided: a flat or a normalisation is there

	afterDark   pix.Type
	work        pix.Type
	flatSingle  bool      // the flat is of float32
	signed      bool      // see NewSignedCalibration
	darkFloat32 []float32 // the dark as the fused kernel reads it
	own         struct{ dark, darkFloat32, flat, wide pix.Image }
}

// Scale is the normalisation of one frame: counts are divided by Value, the beam monitor at
// that scan point, and multiplied by Mean, its mean over the scan. The zero value leaves the
// frame alone.
type Scale struct {
	Value, Mean float64
	Single      bool // both are float32 numbers: with Cut, counts of up to 16 bits are scaled in float32
}

func (s Scale) none() bool { return s.Value == s.Mean }

// NewCalibration plans the correction of frames of type raw. dark and flat may be nil; scaled
// says that frames are scaled in Apply. out is the type that the frames take in the very end: for
// float64 divisions run in float64, for float32 nothing is rounded earlier than there; with
// pix.Invalid integers that are divided become float32, or with cut stay what they are after
// the dark.
func NewCalibration(raw pix.Type, dark, flat *pix.Image, scaled, cut bool, out pix.Type) *Calibration {
	c := &Calibration{Cut: cut, Divide: flat != nil || scaled}
	c.afterDark = raw
	if raw == pix.Bool {
		c.afterDark = pix.Uint8
	}
	if dark != nil {
		c.afterDark = Promote(raw, dark.Type)
	}
	c.work = workType(raw, dark, flat, out)
	c.flatSingle = flat != nil && flat.Type == pix.Float32
	c.SetDark(dark)
	c.SetFlat(flat)
	switch {
	case c.Divide && out == pix.Float64:
		c.Out = out
	case c.Divide && out == pix.Float32:
		c.Out = c.work
	case c.Divide && !cut && !c.afterDark.IsFloat():
		c.Out = pix.Float32
	default:
		c.Out = c.afterDark
	}
	return c
}

// workType is the float type that divisions run in. A float32 result of 16-bit counts is as
// good from float32 as from float64; wider counts or calibrations need float64 on the way.
func workType(raw pix.Type, dark, flat *pix.Image, out pix.Type) pix.Type {
	if out == pix.Float64 || !Narrow(raw) || dark != nil && !Narrow(dark.Type) || flat != nil && !Narrow(flat.Type) {
		return pix.Float64
	}
	return pix.Float32
}

// SetDark takes another dark, of the type that NewCalibration was told; nil: none.
func (c *Calibration) SetDark(dark *pix.Image) {
	c.Dark, c.darkFloat32 = nil, nil
	if dark == nil {
		return
	}
	c.Dark = &c.own.dark
	Convert(c.Dark, dark, c.afterDark)
	if c.work == pix.Float32 {
		Convert(&c.own.darkFloat32, dark, pix.Float32)
		c.darkFloat32 = pix.Pixels[float32](&c.own.darkFloat32)
	}
}

// SetFlat takes another flat, of the type that NewCalibration was told; nil: none. Where it
// cannot divide (not above 0 or not finite) it counts as infinite, so that such pixels become
// 0 without a test in the loops; BadFlat masks them.
func (c *Calibration) SetFlat(flat *pix.Image) {
	c.Flat = nil
	if flat == nil {
		return
	}
	wide := &c.own.wide
	Convert(wide, flat, pix.Float64)
	p := pix.Pixels[float64](wide)
	for i, v := range p {
		if !(v > 0) {
			p[i] = math.Inf(1)
		}
	}
	c.Flat = &c.own.flat
	Convert(c.Flat, wide, c.work)
}

// CopyFrom makes c do what from does, with from's dark and flat until others are set.
func (c *Calibration) CopyFrom(from *Calibration) {
	own := c.own
	*c = *from
	c.own = own
}

// Workspace is the memory one goroutine needs for Apply; the zero value is ready.
type Workspace struct{ a, b pix.Image }

// Apply corrects src into dst (no shared memory; dst takes type c.Out). It gives the number of
// values held at the end of an integer range (only with Cut).
func (c *Calibration) Apply(dst, src *pix.Image, scale Scale, w *Workspace) (clipped int) {
	if c.signed {
		return c.applySigned(dst, src, scale, w)
	}
	if !c.Divide {
		if c.Out == c.afterDark {
			c.subtract(dst, src)
		} else {
			c.subtract(&w.a, src)
			Convert(dst, &w.a, c.Out)
		}
		return 0
	}
	if c.Cut {
		return c.applyCut(dst, src, scale, w)
	}
	if c.work == pix.Float32 && c.Out == pix.Float32 {
		dst.Resize(pix.Float32, src.Rows, src.Cols)
		k := float32(1)
		if !scale.none() {
			k = float32(scale.Mean / scale.Value)
		}
		c.fused(pix.Pixels[float32](dst), src, k)
		return 0
	}
	c.subtract(&w.a, src)
	if c.afterDark != pix.Float64 {
		Convert(&w.b, &w.a, pix.Float64)
	} else {
		w.a, w.b = w.b, w.a
	}
	p := pix.Pixels[float64](&w.b)
	if c.Flat != nil {
		divideKernel(p, c.Flat)
	}
	if !scale.none() {
		scale.apply(p)
	}
	Convert(dst, &w.b, c.Out)
	return 0
}

// applyCut is numpy's arithmetic in place: after each division back into the frame's type.
func (c *Calibration) applyCut(dst, src *pix.Image, scale Scale, w *Workspace) (clipped int) {
	c.subtract(dst, src)
	short := c.afterDark.IsInteger() && c.afterDark.Size() <= 2
	if c.Flat != nil {
		clipped += c.step(dst, w, short && c.flatSingle, func(p []float32) {
			for i, f := range pix.Pixels[float32](c.Flat) {
				p[i] /= f
			}
		}, func(p []float64) { divideKernel(p, c.Flat) })
	}
	if scale.Value != 0 { // also when it is the mean: x / v * v need not be x
		clipped += c.step(dst, w, short && scale.Single, scale.applySingle, scale.apply)
	}
	if c.Out != c.afterDark {
		Convert(&w.a, dst, c.Out)
		*dst, w.a = w.a, *dst
	}
	return clipped
}

// step divides im in float32 (single) or float64 and puts the result back into its type.
func (c *Calibration) step(im *pix.Image, w *Workspace, single bool, div32 func([]float32), div64 func([]float64)) (clipped int) {
	if single {
		Convert(&w.a, im, pix.Float32)
		div32(pix.Pixels[float32](&w.a))
	} else {
		Convert(&w.a, im, pix.Float64)
		div64(pix.Pixels[float64](&w.a))
	}
	return Truncate(im, &w.a, im.Type)
}

// applySingle is apply in float32.
func (s Scale) applySingle(p []float32) {
	v, m := float32(s.Value), float32(s.Mean)
	for i := range p {
		p[i] = p[i] / v * m
	}
}

// apply divides first: the order decides the last bit, and in-place integers are cut.
func (s Scale) apply(p []float64) {
	scaleKernel(p, s.Value, s.Mean)
}

// subtract writes max(src - dark, 0) into dst in type afterDark, or src itself without a dark.
func (c *Calibration) subtract(dst, src *pix.Image) {
	if c.Dark == nil {
		Convert(dst, src, c.afterDark)
		return
	}
	if src.Type != c.afterDark {
		Convert(dst, src, c.afterDark)
		src = dst
	} else {
		dst.Resize(c.afterDark, src.Rows, src.Cols)
	}
	subtractKernel(dst, src, c.Dark)
}

// fused is dark, flat and scale in one pass in float32. The dark of integer frames may itself be
// an integer image; it is read as float32, which holds 16-bit counts exactly.
func (c *Calibration) fused(dst []float32, src *pix.Image, scale float32) {
	var flat []float32
	if c.Flat != nil {
		flat = pix.Pixels[float32](c.Flat)
	}
	fusedKernel(dst, src, c.darkFloat32, flat, scale)
}

// BadFlat masks the pixels whose flat cannot divide (not above 0 or not finite) and gives
// the number of those that were valid.
func BadFlat(flat *pix.Image, mask []byte) (n int) {
	switch flat.Type {
	case pix.Bool, pix.Uint8:
		return badFlat(flat.Bytes, mask)
	case pix.Uint16:
		return badFlat(pix.Pixels[uint16](flat), mask)
	case pix.Uint32:
		return badFlat(pix.Pixels[uint32](flat), mask)
	case pix.Uint64:
		return badFlat(pix.Pixels[uint64](flat), mask)
	case pix.Int8:
		return badFlat(pix.Pixels[int8](flat), mask)
	case pix.Int16:
		return badFlat(pix.Pixels[int16](flat), mask)
	case pix.Int32:
		return badFlat(pix.Pixels[int32](flat), mask)
	case pix.Int64:
		return badFlat(pix.Pixels[int64](flat), mask)
	case pix.Float32:
		return badFlat(pix.Pixels[float32](flat), mask)
	case pix.Float64:
		return badFlat(pix.Pixels[float64](flat), mask)
	}
	return 0
}

func badFlat[T pix.Number](flat []T, mask []byte) (n int) {
	for i, v := range flat {
		if !(v > 0) || math.IsInf(float64(v), 1) {
			n += int(mask[i])
			mask[i] = 0
		}
	}
	return n
}

// DarkFlat32 writes max(src - dark, 0)/flat into dst in one pass; dark and flat may be nil. Where flat
// is infinite the result is 0. src is of at most 16 bits or Float32 (see Narrow), dst, dark and flat
// have its size.
func DarkFlat32(dst []float32, src *pix.Image, dark, flat []float32) {
	fusedKernel(dst, src, dark, flat, 1)
}

// Narrow reports whether float32 holds every number of type t.
func Narrow(t pix.Type) bool {
	return t == pix.Float32 || t == pix.Bool || t.IsInteger() && t.Size() <= 2
}
