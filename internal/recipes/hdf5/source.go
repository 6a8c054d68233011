package hdf5

import (
	"context"
	"fmt"
	"sync/atomic"

	"ptyprep/internal/formats/h5frames"
	"ptyprep/internal/imgproc"
	"ptyprep/internal/imgproc/pix"
	"ptyprep/internal/scan"
	"ptyprep/internal/scan/problem"
)

// source gives the frames of a loader's scan. Frames of the scan are the window frame of the
// stored ones (which may reach outside, for padding); win is the part of it in force.
type source struct {
	l      *loader
	frames *h5frames.Stack
	points []Point
	first  int // stored frame of point 0
	raw    pix.Type

	dark, flat, mask *picture
	norm             *monitor
	maskInto         func(dst []byte, stored *pix.Image)
	common           []byte // mask of stored frames that all share: mask and usable flat; nil: all valid

	frame imgproc.Rect // the scan's frame, in stored pixels
	win   imgproc.Rect // the window in force, in stored pixels
	cut   []byte       // the common mask in win; nil: all valid
	cal   *imgproc.Calibration
	out   pix.Type // type of corrected frames

	clipped, badFlat atomic.Int64
}

var (
	_ scan.Source    = (*source)(nil)
	_ scan.Corrector = (*source)(nil)
	_ scan.Windowed  = (*source)(nil)
	_ scan.Masked    = (*source)(nil)
	_ scan.Finisher  = (*source)(nil)
)

// local is the scratch memory of a frame in flight.
type local struct {
	scratch    h5frames.Scratch
	work       imgproc.Workspace
	cal        imgproc.Calibration
	dark, flat pix.Image
	stored     pix.Image
	mask       []byte
}

// plan fixes the arithmetic and so the type of corrected frames.
func (s *source) plan() {
	out := pix.Invalid
	switch s.l.set.Output {
	case scan.OutputFloat32:
		out = pix.Float32
	case scan.OutputFloat64:
		out = pix.Float64
	}
	s.cal = s.calibrate(s.dark.image(s.typeOf(s.dark)), s.flat.image(s.typeOf(s.flat)), out)
	s.out = s.cal.Out
}

func (s *source) typeOf(p *picture) pix.Type {
	if p == nil {
		return pix.Invalid
	}
	return p.typ
}

func (s *source) calibrate(dark, flat *pix.Image, out pix.Type) *imgproc.Calibration {
	cut := s.l.set.Output == scan.OutputRaw
	if s.l.extra.Signed && (dark != nil || flat != nil || s.norm != nil) {
		return imgproc.NewSignedCalibration(s.raw, dark, flat, s.norm != nil, cut, out)
	}
	return imgproc.NewCalibration(s.raw, dark, flat, s.norm != nil, cut, out)
}

// commonMask joins the common mask with the usable pixels of a common flat.
func (s *source) commonMask() {
	if s.mask != nil && s.mask.common != nil {
		s.common = make([]byte, s.mask.common.Len())
		s.maskInto(s.common, s.mask.common)
	}
	if s.flat != nil && s.flat.common != nil {
		m := s.common
		if m == nil {
			m = imgproc.Ones(s.flat.common.Len())
		}
		if n := imgproc.BadFlat(s.flat.common, m); n > 0 {
			s.l.warn("flatfield: %d valid pixels are 0, negative or not finite; they are 0 and masked in the result", n)
			s.common = m
		}
	}
}

// Describe tells what the scan holds.
func (s *source) Describe(context.Context) (*scan.Description, error) {
	pos := make([][2]float64, len(s.points))
	for i, p := range s.points {
		pos[i] = p.Position
	}
	px := int64(s.frames.Rows * s.frames.Cols)
	scratch := 2 * px * int64(s.raw.Size())
	if s.dark != nil || s.norm != nil || s.flat != nil {
		scratch += px * 16
	}
	return &scan.Description{
		Frames: len(pos), Rows: s.frame.Rows, Cols: s.frame.Cols, Type: s.out, RawType: s.raw, Positions: pos,
		Recorded: s.l.rec, HasMask: s.mask != nil, HasDark: s.dark != nil, LeftOut: s.l.leftOut,
		FrameBytes: scratch, FixedBytes: s.frames.CacheBytes() + 24*px,
		Name: func(k int) string { return s.frames.Name(s.first + s.points[k].Number) },
	}, nil
}

// SetWindow cuts the common calibration images to the window that frames are read in.
func (s *source) SetWindow(w imgproc.Rect) error {
	s.win = w.Shift(s.frame.Row, s.frame.Col)
	s.cal.SetDark(nil)
	s.cal.SetFlat(nil)
	var cut pix.Image
	if s.dark != nil && s.dark.common != nil {
		imgproc.Window(&cut, s.dark.common, s.win)
		s.cal.SetDark(&cut)
	}
	if s.flat != nil && s.flat.common != nil {
		imgproc.Window(&cut, s.flat.common, s.win)
		s.cal.SetFlat(&cut)
	}
	s.cut = s.windowMask()
	return nil
}

// Mask is the common mask in the window.
func (s *source) Mask() ([]byte, error) { return s.cut, nil }

func (s *source) windowMask() []byte {
	if s.common == nil && s.win.Inside(s.frames.Rows, s.frames.Cols) {
		return nil
	}
	m := s.common
	if m == nil {
		m = imgproc.Ones(s.frames.Rows * s.frames.Cols)
	}
	out := make([]byte, s.win.Rows*s.win.Cols)
	imgproc.WindowMask(out, m, s.frames.Rows, s.frames.Cols, s.win)
	return out
}

// Load reads a frame as stored, and its own mask, dark and flat where there is one for each.
func (s *source) Load(_ context.Context, f *scan.Frame) error {
	c, ok := f.Local.(*local)
	if !ok {
		c = new(local)
		c.scratch.OnRead = func() { f.Spend(scan.StageRead) }
		c.scratch.OnInflate = func() { f.Spend(scan.StageInflate) }
		f.Local = c
	}
	n := s.points[f.Index].Number
	if err := s.frames.Read(s.first+n, s.win, f.Pix, &c.scratch); err != nil {
		return s.readError(f.Index, "intensities", s.frames, s.first+n, err)
	}
	for _, e := range []struct {
		name string
		p    *picture
		to   *pix.Image
	}{{"darkfield", s.dark, &c.dark}, {"flatfield", s.flat, &c.flat}, {"mask", s.mask, &c.stored}} {
		if e.p == nil || e.p.each == nil {
			continue
		}
		if err := e.p.each.Read(e.p.offset+n, s.win, e.to, &c.scratch); err != nil {
			return s.readError(f.Index, e.name, e.p.each, e.p.offset+n, err)
		}
	}
	s.ownMask(f, c)
	return nil
}

func (s *source) readError(frame int, what string, st *h5frames.Stack, k int, err error) error {
	p := problem.Inputf("%s: frame %d (%s) cannot be read", what, frame, st.Name(k)).Because(err)
	return p.WithHint("leave it out with framefilter or bounds, or copy the file again")
}

// ownMask gives f a mask of its own when mask or flat differ from frame to frame.
func (s *source) ownMask(f *scan.Frame, c *local) {
	eachMask, eachFlat := s.mask != nil && s.mask.each != nil, s.flat != nil && s.flat.each != nil
	if !eachMask && !eachFlat {
		return
	}
	n := s.win.Rows * s.win.Cols
	if cap(c.mask) < n {
		c.mask = make([]byte, n)
	}
	m := c.mask[:n]
	switch {
	case eachMask:
		s.maskInto(m, &c.stored)
	default:
		for i := range m {
			m[i] = 1
		}
	}
	for i, v := range s.cut {
		m[i] &= v
	}
	if eachFlat {
		s.badFlat.Add(int64(imgproc.BadFlat(&c.flat, m)))
	}
	f.Mask = m
}

// Correct subtracts the dark, divides by the flat and scales with the monitor.
func (s *source) Correct(f *scan.Frame) error {
	if s.dark == nil && s.flat == nil && s.norm == nil {
		if f.Pix.Type == pix.Bool {
			f.Pix.Type = pix.Uint8
		}
		return nil
	}
	c := f.Local.(*local)
	cal := s.cal
	if s.dark != nil && s.dark.each != nil || s.flat != nil && s.flat.each != nil {
		cal = s.ownCalibration(c)
	}
	var k imgproc.Scale
	if s.norm != nil {
		if v := s.norm.values[s.points[f.Index].Number]; s.norm.scales(v) {
			k = imgproc.Scale{Value: v, Mean: s.norm.factor, Single: s.norm.single}
		}
	}
	old := f.Swap()
	if n := cal.Apply(f.Pix, old, k, &c.work); n > 0 {
		s.clipped.Add(int64(n))
	}
	return nil
}

// ownCalibration is the common calibration with this frame's dark and flat.
func (s *source) ownCalibration(c *local) *imgproc.Calibration {
	c.cal.CopyFrom(s.cal)
	if s.dark != nil && s.dark.each != nil {
		c.cal.SetDark(&c.dark)
	}
	if s.flat != nil && s.flat.each != nil {
		c.cal.SetFlat(&c.flat)
	}
	return &c.cal
}

// Finish tells what was counted over all frames.
func (s *source) Finish() (warnings []string, err error) {
	if n := s.clipped.Load(); n > 0 {
		warnings = append(warnings, fmt.Sprintf("output_dtype raw: %d values were outside the range of %v and became its limit", n, s.out))
	}
	if n := s.badFlat.Load(); n > 0 {
		warnings = append(warnings, fmt.Sprintf("flatfield: %d valid pixels, counted over all frames, are 0, negative or not finite; they are 0 and masked in the result", n))
	}
	return warnings, nil
}

// Close closes the files.
func (s *source) Close() error {
	s.l.close()
	return nil
}
