package beam

import (
	"math"

	"ptyprep/internal/imgproc"
	"ptyprep/internal/imgproc/pix"
)

// Step is one correction of a frame, in place. Pixels are float32, or float64 where the scan's
// Work or output_dtype says so.
type Step interface {
	// Local reports whether every pixel of the result depends on that pixel alone, so that a
	// window of the frame is enough.
	Local() bool
	// Window is called before each pass: Apply will see the part w of stored frames, in numbers
	// of type t.
	Window(w imgproc.Rect, t pix.Type)
	// Apply corrects s.Frame.Pix, which has the size of the window. It is called from many
	// goroutines, and may set s.Frame.Mask (see Slot.OwnMask).
	Apply(s *Slot) error
}

// converter is a Step that can take stored pixels and be done in the same pass.
type converter interface {
	// convert writes the corrected pixels of src, in its stored type, into dst as float32; false
	// says that Apply must do it.
	convert(dst, src *pix.Image) bool
}

// Picture is an image of the stored frame's size that steps compute with, such as a dark.
type Picture struct {
	whole *pix.Image
	cut   *pix.Image // what Window asked for; the whole image itself where that is the same
	own   [2]pix.Image
}

// NewPicture makes a Picture of an image, which is not copied; nil gives nil.
func NewPicture(im *pix.Image) *Picture {
	if im == nil {
		return nil
	}
	return &Picture{whole: im}
}

// Image is the whole image.
func (p *Picture) Image() *pix.Image { return p.whole }

// Window cuts the picture to w in numbers of type t. nil is allowed.
func (p *Picture) Window(w imgproc.Rect, t pix.Type) {
	if p == nil {
		return
	}
	p.cut = p.whole
	if w != imgproc.Whole(p.whole.Rows, p.whole.Cols) {
		imgproc.Window(&p.own[0], p.cut, w)
		p.cut = &p.own[0]
	}
	if p.cut.Type != t {
		imgproc.Convert(&p.own[1], p.cut, t)
		p.cut = &p.own[1]
	}
}

// bytes is the memory of the picture.
func (p *Picture) bytes(t pix.Type) int64 {
	if p == nil {
		return 0
	}
	n := int64(len(p.whole.Bytes))
	if p.whole.Type != t {
		n += int64(p.whole.Len() * t.Size())
	}
	return n
}

// Pixels32 and Pixels64 are the cut picture, in the type that Window was told; nil without one.
func (p *Picture) Pixels32() []float32 {
	if p == nil {
		return nil
	}
	return pix.Pixels[float32](p.cut)
}

// Pixels64 is Pixels32 for float64.
func (p *Picture) Pixels64() []float64 {
	if p == nil {
		return nil
	}
	return pix.Pixels[float64](p.cut)
}

// DarkFlat is the correction (raw - dark)/(flat - dark); raw - dark without a flat; raw/flat
// without a dark. What comes out negative is 0 (unless KeepNegative), and so is what would be
// divided by 0 or by something that is no number (Mask takes such pixels out). It belongs to one
// scan: the first pass decides its number type.
type DarkFlat struct {
	Dark, Flat   *Picture // nil: none
	KeepNegative bool
	den          *Picture  // what is divided by, 0 where that cannot be; nil without a flat
	onePass      []float32 // den with infinity for 0, where convert will do; nil without
	fits         bool      // convert will do
}

// NewDarkFlat makes the step of images of the stored frame's size; nil for one that is not used.
func NewDarkFlat(dark, flat *pix.Image) *DarkFlat {
	return &DarkFlat{Dark: NewPicture(dark), Flat: NewPicture(flat)}
}

// Local is true.
func (d *DarkFlat) Local() bool { return true }

// Window cuts dark and denominator.
func (d *DarkFlat) Window(w imgproc.Rect, t pix.Type) {
	d.Dark.Window(w, t)
	d.onePass, d.fits = nil, t == pix.Float32 && !d.KeepNegative
	if d.Flat == nil {
		return
	}
	if d.den == nil { // once: a scan has one t, and large flats are not worth keeping for another
		d.den = &Picture{whole: d.denominator(t)}
		d.Flat.whole = nil // not needed any more
	}
	d.den.Window(w, t)
	if !d.fits {
		return
	}
	for _, v := range d.den.Pixels32() {
		d.fits = d.fits && v >= 0
	}
	if d.fits { // x/Inf is 0, without a test in the loop
		d.onePass = d.den.Pixels32()
		for i, v := range d.onePass {
			if v == 0 {
				d.onePass[i] = float32(math.Inf(1))
			}
		}
	}
}

// convert is Apply from stored pixels. That negative values become 0 before the division and not
// after it makes no difference as long as nothing negative divides and a dark is there to clamp,
// or nothing is negative.
func (d *DarkFlat) convert(dst, src *pix.Image) bool {
	if !d.fits || !imgproc.Narrow(src.Type) || d.Dark == nil && src.Type.IsSigned() {
		return false
	}
	dst.Resize(pix.Float32, src.Rows, src.Cols)
	imgproc.DarkFlat32(pix.Pixels[float32](dst), src, d.Dark.Pixels32(), d.onePass)
	return true
}

// bytes is the memory of the step in numbers of type t.
func (d *DarkFlat) bytes(t pix.Type) int64 {
	n := d.Dark.bytes(t)
	switch {
	case d.den != nil: // a pass has begun
		n += int64(d.den.whole.Len() * t.Size())
	case d.Flat != nil:
		n += int64(d.Flat.whole.Len() * t.Size())
	}
	return n
}

// denominator is flat - dark (or the flat) of the whole frame in type t, 0 where it cannot divide.
func (d *DarkFlat) denominator(t pix.Type) *pix.Image {
	out := new(pix.Image)
	imgproc.Convert(out, d.Flat.whole, t)
	var dark pix.Image
	if d.Dark != nil {
		imgproc.Convert(&dark, d.Dark.whole, t)
	}
	if t == pix.Float64 {
		subtract(pix.Pixels[float64](out), pix.Slice[float64](dark.Bytes))
	} else {
		subtract(pix.Pixels[float32](out), pix.Slice[float32](dark.Bytes))
	}
	return out
}

func subtract[T float32 | float64](den, dark []T) {
	for i := range den {
		if dark != nil {
			den[i] -= dark[i]
		}
		if !(math.Abs(float64(den[i])) <= math.MaxFloat64) { // NaN and infinite
			den[i] = 0
		}
	}
}

// Mask takes the pixels that cannot be divided out of mask (of the stored frame) and gives the
// number of those that were valid. It is called before Window, if at all.
func (d *DarkFlat) Mask(mask []byte) (n int) {
	if d.Flat == nil {
		return 0
	}
	den := pix.Pixels[float32](d.denominator(pix.Float32))
	for i, v := range den {
		if v == 0 {
			n += int(mask[i])
			mask[i] = 0
		}
	}
	return n
}

// Apply corrects a frame.
func (d *DarkFlat) Apply(s *Slot) error {
	a, b := s.pixels()
	if a != nil {
		darkFlat(a, d.Dark.Pixels32(), d.den.Pixels32(), d.KeepNegative)
	} else {
		darkFlat(b, d.Dark.Pixels64(), d.den.Pixels64(), d.KeepNegative)
	}
	return nil
}

func darkFlat[T float32 | float64](p, dark, den []T, keep bool) {
	if dark != nil {
		dark = dark[:len(p)]
		for i := range p {
			p[i] -= dark[i]
		}
	}
	if den != nil {
		den = den[:len(p)]
		for i, v := range den {
			if v == 0 {
				p[i] = 0
			} else {
				p[i] /= v
			}
		}
	}
	if !keep {
		clampNegative(p)
	}
}

// clampNegative makes negative values 0; NaN stays.
func clampNegative[T float32 | float64](p []T) {
	for i, v := range p {
		if v < 0 {
			p[i] = 0
		}
	}
}

// PerFrame is the step that divides frame k by Values[k], e.g. a beam monitor. The values must
// have been checked (see CheckMonitor).
type PerFrame struct{ Values []float64 }

// Local is true.
func (d *PerFrame) Local() bool { return true }

// Window does nothing.
func (d *PerFrame) Window(imgproc.Rect, pix.Type) {}

// Apply divides a frame. A float32 frame is divided by the value as float32.
func (d *PerFrame) Apply(s *Slot) error {
	v := d.Values[s.Index]
	a, b := s.pixels()
	for i := range a {
		a[i] /= float32(v)
	}
	for i := range b {
		b[i] /= v
	}
	return nil
}

// Threshold is the step that makes values below Low 0.
type Threshold struct{ Low float64 }

// Local is true.
func (d *Threshold) Local() bool { return true }

// Window does nothing.
func (d *Threshold) Window(imgproc.Rect, pix.Type) {}

// Apply corrects a frame.
func (d *Threshold) Apply(s *Slot) error {
	a, b := s.pixels()
	for i, v := range a {
		if v < float32(d.Low) {
			a[i] = 0
		}
	}
	for i, v := range b {
		if v < d.Low {
			b[i] = 0
		}
	}
	return nil
}

// Whole is a step that needs all pixels of the stored frame at once, given as a function.
type Whole func(s *Slot) error

// Local is false.
func (w Whole) Local() bool { return false }

// Window does nothing: Apply always sees whole frames.
func (w Whole) Window(imgproc.Rect, pix.Type) {}

// Apply calls the function.
func (w Whole) Apply(s *Slot) error { return w(s) }
