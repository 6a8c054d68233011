package beam

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync/atomic"

	"ptyprep/internal/formats/h5frames"
	"ptyprep/internal/imgproc"
	"ptyprep/internal/imgproc/pix"
	"ptyprep/internal/scan"
	"ptyprep/internal/scan/problem"
)

// Scan is a scan.Source for recipes whose frames come one by one. The exported fields are set
// before it is handed out and not changed afterwards; the zero value of those that are not
// needed will do.
type Scan struct {
	Frames     int // scan points that can be prepared
	Rows, Cols int // of a stored frame
	// Raw is the type of stored frames. Frames of another type are turned into it, so it must
	// hold the values of all.
	Raw pix.Type
	// Read brings in frame s.Index: it leaves the stored frame, whole, in s.Frame.Pix, or the part
	// s.Window of it when ReadsWindows is set (what lies outside the frame is not asked for). It may
	// set s.Frame.Mask, as large as the pixels. It is called from many goroutines, each with a
	// Slot of its own; it does no arithmetic (that is the Steps' work).
	Read         func(ctx context.Context, s *Slot) error
	ReadsWindows bool

	// Steps are the corrections, in order. With steps, pixels are Work (Invalid: Float32; Float64
	// where output_dtype asks for it); without, they stay as they are.
	Steps []Step
	Work  pix.Type
	// Output is the recipe's output_dtype (Settings.Output).
	Output scan.OutputType

	// View is the frame of the scan in pixels of the stored frame, where it is another one: steps
	// see stored frames, the rest of ptyprep sees this part of them (what lies outside is 0 and
	// not valid). Centre and shape of the recipe count in it.
	View *imgproc.Rect

	Positions [][2]float64 // metres, (rows, columns); nil: not known
	Recorded  scan.Recorded
	Valid     []byte // mask of a stored frame, 1 valid; nil: all valid
	HasMask   bool   // a mask was given
	HasDark   bool   // a dark was subtracted: negative values are no news
	LeftOut   []string
	// FrameBytes is memory that Read and Steps keep for each frame in flight, beside the frame before
	// and after a step;
	// FixedBytes is that of the recipe as a whole.
	FrameBytes, FixedBytes int64
	Name                   func(k int) string // what messages call frame k
	Finished               func() []string    // warnings after the last frame; may be nil
	Closers                []io.Closer        // closed by Close, the last one first

	read    imgproc.Rect   // part of the stored frame that steps see in this pass
	cuts    []imgproc.Rect // what is cut out of that afterwards, one after the other
	common  []byte         // the mask in the window of this pass; nil: all valid
	clipped atomic.Int64
}

var (
	_ scan.Source    = (*Scan)(nil)
	_ scan.Corrector = (*Scan)(nil)
	_ scan.Windowed  = (*Scan)(nil)
	_ scan.Masked    = (*Scan)(nil)
	_ scan.Finisher  = (*Scan)(nil)
)

// Slot is a frame in flight together with the memory that belongs to it.
type Slot struct {
	Frame  *scan.Frame
	Index  int          // of the frame in the scan
	Window imgproc.Rect // part of the stored frame that Read (with ReadsWindows) gives and steps see
	Local  any          // memory that the recipe keeps with the slot, nil at first
	h5     *h5frames.Scratch
	mask   [2][]byte
}

// pixels gives the pixels as the one or the other type that steps run in.
func (s *Slot) pixels() (a []float32, b []float64) {
	if s.Frame.Pix.Type == pix.Float32 {
		return pix.Pixels[float32](s.Frame.Pix), nil
	}
	return nil, pix.Pixels[float64](s.Frame.Pix)
}

// OwnMask gives the slot's memory for a mask of n pixels, to be filled and set as Frame.Mask.
func (s *Slot) OwnMask(n int) []byte { return s.buffer(0, n) }

func (s *Slot) buffer(k, n int) []byte {
	if cap(s.mask[k]) < n {
		s.mask[k] = make([]byte, n)
	}
	s.mask[k] = s.mask[k][:n]
	return s.mask[k]
}

// view is the frame of the scan in stored pixels.
func (c *Scan) view() imgproc.Rect {
	if c.View != nil {
		return *c.View
	}
	return imgproc.Whole(c.Rows, c.Cols)
}

// work is the type that steps run in.
func (c *Scan) work() pix.Type {
	switch {
	case c.Output == scan.OutputFloat64 || c.Work == pix.Float64:
		return pix.Float64
	default:
		return pix.Float32
	}
}

// cutBack says that results go back into the raw integer type (output_dtype: raw).
func (c *Scan) cutBack() bool {
	return len(c.Steps) > 0 && c.Output == scan.OutputRaw && !c.Raw.IsFloat()
}

// out is the type of corrected frames.
func (c *Scan) out() pix.Type {
	switch {
	case len(c.Steps) > 0 && !c.cutBack():
		return c.work()
	case c.Raw == pix.Bool:
		return pix.Uint8
	}
	return c.Raw
}

// Describe tells what the scan holds.
func (c *Scan) Describe(context.Context) (*scan.Description, error) {
	v := c.view()
	fixed := c.FixedBytes + int64(c.Rows)*int64(c.Cols)
	for _, step := range c.Steps {
		if s, ok := step.(interface{ bytes(t pix.Type) int64 }); ok {
			fixed += s.bytes(c.work())
		}
	}
	return &scan.Description{
		Frames: c.Frames, Rows: v.Rows, Cols: v.Cols, RawType: c.Raw, Type: c.out(), Positions: c.Positions,
		Recorded: c.Recorded, HasMask: c.HasMask, HasDark: c.HasDark, LeftOut: c.LeftOut, Name: c.Name,
		FrameBytes: c.FrameBytes, FixedBytes: fixed,
	}, nil
}

// SetWindow plans a pass over the window w of the scan's frames: steps that work pixel by pixel
// see only what of it lies in the stored frame, others the whole stored frame.
func (c *Scan) SetWindow(w imgproc.Rect) error {
	v := c.view()
	stored := imgproc.Whole(c.Rows, c.Cols)
	asked := w.Shift(v.Row, v.Col)
	inner := intersect(intersect(asked, v), stored)
	c.read, c.cuts = inner, nil
	if inner.Empty() || !c.local() {
		c.read = stored
	}
	if inner != c.read {
		c.cuts = append(c.cuts, inner)
	}
	if asked != inner {
		c.cuts = append(c.cuts, asked.Shift(-inner.Row, -inner.Col))
	}
	for _, s := range c.Steps {
		s.Window(c.read, c.work())
	}
	c.common = c.windowMask()
	return nil
}

func (c *Scan) local() bool {
	for _, s := range c.Steps {
		if !s.Local() {
			return false
		}
	}
	return true
}

// intersect is what a and b have in common.
func intersect(a, b imgproc.Rect) imgproc.Rect {
	r := a.Shift(-b.Row, -b.Col).Clip(b.Rows, b.Cols)
	return r.Shift(b.Row, b.Col)
}

// windowMask is the common mask in the window of the pass.
func (c *Scan) windowMask() []byte {
	if c.Valid == nil && len(c.cuts) == 0 {
		return nil
	}
	m := c.Valid
	if m == nil {
		m = imgproc.Ones(c.Rows * c.Cols)
	}
	rows, cols := c.Rows, c.Cols
	for _, w := range append([]imgproc.Rect{c.read}, c.cuts...) {
		out := make([]byte, w.Rows*w.Cols)
		imgproc.WindowMask(out, m, rows, cols, w)
		m, rows, cols = out, w.Rows, w.Cols
	}
	return m
}

// Mask is the common mask in the window of the pass.
func (c *Scan) Mask() ([]byte, error) { return c.common, nil }

func slotOf(f *scan.Frame) *Slot {
	s, ok := f.Local.(*Slot)
	if !ok {
		s = &Slot{Frame: f}
		f.Local = s
	}
	return s
}

// Load reads a frame as stored.
func (c *Scan) Load(ctx context.Context, f *scan.Frame) error {
	s := slotOf(f)
	s.Index, s.Window = f.Index, c.read
	if err := c.Read(ctx, s); err != nil {
		return err
	}
	want := imgproc.Whole(c.Rows, c.Cols)
	if c.ReadsWindows {
		want = c.read
	}
	if f.Pix.Rows != want.Rows || f.Pix.Cols != want.Cols {
		return c.SizeProblem(f.Index, f.Pix.Rows, f.Pix.Cols)
	}
	if f.Pix.Type != c.Raw && imgproc.Promote(f.Pix.Type, c.Raw) != c.Raw {
		return problem.Inputf("%s holds %v numbers, expected %v or a type that fits into it", c.name(f.Index), f.Pix.Type, c.Raw)
	}
	return nil
}

func (c *Scan) name(k int) string {
	if c.Name != nil {
		return c.Name(k)
	}
	return fmt.Sprintf("frame %d", k)
}

// SizeProblem says that frame k has another size than the scan's.
func (c *Scan) SizeProblem(k, rows, cols int) *problem.Error {
	return problem.Inputf("%s has %d x %d pixels (rows x columns), expected %d x %d like the first: all frames of a scan have one size",
		c.name(k), rows, cols, c.Rows, c.Cols)
}

// Correct takes the window out of the stored frame and runs the steps.
func (c *Scan) Correct(f *scan.Frame) error {
	s := slotOf(f)
	if !c.ReadsWindows && c.read != imgproc.Whole(c.Rows, c.Cols) {
		c.cut(s, c.read)
	}
	t := c.Raw
	if len(c.Steps) > 0 {
		t = c.work()
	}
	steps := c.Steps
	if len(steps) > 0 && t == pix.Float32 {
		if first, ok := steps[0].(converter); ok {
			old := f.Swap()
			if first.convert(f.Pix, old) {
				steps = steps[1:]
			} else {
				f.Swap()
			}
		}
	}
	if f.Pix.Type != t {
		old := f.Swap()
		imgproc.Convert(f.Pix, old, t)
	}
	for _, step := range steps {
		if err := step.Apply(s); err != nil {
			return err
		}
	}
	if c.cutBack() {
		old := f.Swap()
		c.clipped.Add(int64(imgproc.Truncate(f.Pix, old, c.Raw)))
	}
	if f.Pix.Type == pix.Bool {
		f.Pix.Type = pix.Uint8
	}
	for _, w := range c.cuts {
		c.cut(s, w)
	}
	if f.Mask != nil {
		for i, v := range c.common {
			f.Mask[i] &= v
		}
	}
	return nil
}

// cut takes the window w out of the frame as it is, and out of its own mask.
func (c *Scan) cut(s *Slot, w imgproc.Rect) {
	f := s.Frame
	rows, cols := f.Pix.Rows, f.Pix.Cols
	old := f.Swap()
	imgproc.Window(f.Pix, old, w)
	if f.Mask != nil {
		k := 0
		if len(f.Mask) > 0 && len(s.mask[0]) > 0 && &f.Mask[0] == &s.mask[0][0] {
			k = 1
		}
		m := s.buffer(k, w.Rows*w.Cols)
		imgproc.WindowMask(m, f.Mask, rows, cols, w)
		f.Mask = m
	}
}

// Finish tells what was counted over all frames.
func (c *Scan) Finish() (warnings []string, err error) {
	if n := c.clipped.Load(); n > 0 {
		warnings = append(warnings, fmt.Sprintf("output_dtype raw: %d values were outside the range of %v and became its limit", n, c.Raw))
	}
	if c.Finished != nil {
		warnings = append(warnings, c.Finished()...)
	}
	return warnings, nil
}

// Close closes what the recipe opened.
func (c *Scan) Close() error {
	var errs []error
	for i := len(c.Closers) - 1; i >= 0; i-- {
		errs = append(errs, c.Closers[i].Close())
	}
	c.Closers = nil
	return errors.Join(errs...)
}
