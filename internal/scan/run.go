package scan

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"runtime"
	"slices"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"ptyprep/internal/imgproc"
	"ptyprep/internal/imgproc/pix"
	"ptyprep/internal/scan/problem"
)

// Options are settings of a run that change no number in the result.
type Options struct {
	Workers     int   // goroutines that load, correct and encode; 0: one for each core
	MemoryBytes int64 // bound on the memory of frames in flight; 0: 256 MiB
	ChunkFrames int   // frames of each .ptyd chunk; 0: the recipe's frames_per_block
	Merge       bool  // all frames in one chunk
	Log         Reporter
	Progress    func(Progress) // called after every frame, from one goroutine; may be nil
	Planned     func(*Plan)    // called when the plan is fixed, before frames are prepared; may be nil
}

// DefaultMemoryBytes is the bound on frames in flight when none is set.
const DefaultMemoryBytes = 256 << 20

// Progress tells how far a run is.
type Progress struct {
	Pass     string // "centre" for the first pass of an automatic centre, else "frames"
	Done     int
	Total    int
	RawBytes int64 // bytes of raw frames done
}

// Result is what a run did.
type Result struct {
	Plan     *Plan
	LeftOut  []string // frames or points of the input left out, unasked
	Warnings int
	Spent    [NumStages]time.Duration // summed over all workers
	Elapsed  time.Duration
}

func (o *Options) blocks(n int, s *Settings) []int {
	switch {
	case o.Merge:
		return []int{n}
	case o.ChunkFrames > 0:
		return Blocks(n, o.ChunkFrames, 1)
	}
	return Blocks(n, s.BlockFrames, s.MinFrames)
}

// Run prepares all frames of src and gives them to sink. Nothing is read before all that can
// be checked without frames has been checked. The first error stops everything, and the sink
// is told to remove what it wrote; so does cancelling ctx.
func Run(ctx context.Context, src Source, s *Settings, o Options, sink Sink) (*Result, error) {
	if o.Workers <= 0 {
		o.Workers = runtime.GOMAXPROCS(0)
	}
	if o.MemoryBytes <= 0 {
		o.MemoryBytes = DefaultMemoryBytes
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	began := time.Now()
	d, err := src.Describe(ctx)
	if err != nil {
		return nil, err
	}
	p, err := newPlan(d, s, &o)
	if err != nil {
		return nil, err
	}
	r := &run{src: src, set: s, opt: &o, sink: sink, plan: p}
	if len(p.Defaulted) > 0 {
		r.warn("neither the recipe nor the data give %s: the default values are used", strings.Join(p.Defaulted, ", "))
	}
	if s.NumFrames > p.Frames && s.PositionsTheory == nil {
		r.warn("%s: asks for %d frames, the scan has %d", s.where("num_frames"), s.NumFrames, p.Frames)
	}
	for _, l := range d.LeftOut {
		o.Log.Warn(l)
	}
	if err := r.all(ctx); err != nil {
		sink.Abort()
		return nil, err
	}
	return &Result{Plan: p, LeftOut: d.LeftOut, Warnings: r.warnings, Spent: r.spent, Elapsed: time.Since(began)}, nil
}

// run is the state of one Run.
type run struct {
	src      Source
	set      *Settings
	opt      *Options
	sink     Sink
	plan     *Plan
	crew     []*Frame     // one for each worker, with the memory for pixels
	slots    []*Frame     // results on their way from the workers to the sink
	inPass   imgproc.Rect // the window that the source gives in this pass
	passMask []byte       // the common mask in this window, nil: all valid that lie in the frame
	inside   []byte       // the pixels of this window that lie in the frame; nil: all of them
	cutMask  []byte       // the common mask of cut frames, before binning and turning; nil: all valid
	notes    counts
	spent    [NumStages]time.Duration
	warnings int
}

func (r *run) warn(format string, args ...any) {
	r.warnings++
	r.opt.Log.Warn(fmt.Sprintf(format, args...))
}

func (r *run) all(ctx context.Context) error {
	centre, err := r.centre(ctx)
	if err != nil {
		return err
	}
	if err := r.plan.geometry(r.set, centre); err != nil {
		return err
	}
	if err := r.beginPass(r.plan.Window); err != nil {
		return err
	}
	r.prepareMask()
	NoteBeyond(r.opt.Log, r.plan.Window, r.plan.raw.Rows, r.plan.raw.Cols)
	if h, ok := r.src.(PostInitializer); ok {
		if err := h.PostInitialize(r.plan); err != nil {
			return err
		}
	}
	if err := r.sink.Start(r.plan); err != nil {
		return err
	}
	if r.opt.Planned != nil {
		r.opt.Planned(r.plan)
	}
	if err := r.frames(ctx); err != nil {
		return err
	}
	if err := r.report(); err != nil {
		return err
	}
	return r.sink.Finish()
}

// beginPass tells the source the window of this pass and fetches the common mask for it. A
// source that cannot read windows gives whole frames; the engine cuts them.
func (r *run) beginPass(w imgproc.Rect) error {
	d := &r.plan.raw
	r.inPass = imgproc.Whole(d.Rows, d.Cols)
	if ws, ok := r.src.(Windowed); ok {
		if err := ws.SetWindow(w); err != nil {
			return err
		}
		r.inPass = w
	}
	r.passMask, r.inside = nil, nil
	if !r.inPass.Inside(d.Rows, d.Cols) {
		r.inside = make([]byte, r.inPass.Rows*r.inPass.Cols)
		imgproc.WindowMask(r.inside, imgproc.Ones(d.Rows*d.Cols), d.Rows, d.Cols, r.inPass)
	}
	if ms, ok := r.src.(Masked); ok {
		m, err := ms.Mask()
		if err != nil {
			return err
		}
		r.passMask = m
	}
	if r.crew == nil {
		r.makeCrew()
	}
	return nil
}

// frames is the main pass. The first few frames are prepared before any is encoded, so that
// the sink can choose a compression by trying; the choice sees the same frames for any number
// of workers.
func (r *run) frames(ctx context.Context) error {
	const samples = 3
	k := min(samples, r.plan.Frames)
	first := slices.Clone(r.crew)
	for len(first) < k {
		first = append(first, NewFrame(0))
	}
	first = first[:k]
	for i, f := range first {
		f.Index = i
	}
	each := func(work func(*Frame) error) error {
		var g errgroup.Group
		g.SetLimit(r.opt.Workers)
		errs := make([]error, k)
		for i, f := range first {
			g.Go(func() error {
				errs[i] = r.guard(ctx, f, work)
				return nil
			})
		}
		_ = g.Wait()
		return cmp.Or(errs...)
	}
	if err := each(func(f *Frame) error { return r.prepare(ctx, f) }); err != nil {
		return err
	}
	if err := r.sink.Sample(first); err != nil {
		return err
	}
	if err := each(r.encode); err != nil {
		return err
	}
	for i, f := range first {
		if err := r.guard(ctx, f, r.write); err != nil {
			return err
		}
		if i < len(r.slots) {
			r.slots[i].take(f)
		}
	}
	return r.ordered(ctx, k, r.plan.Frames, func(ctx context.Context, f *Frame) error {
		if err := r.prepare(ctx, f); err != nil {
			return err
		}
		return r.encode(f)
	}, r.write)
}

func (r *run) encode(f *Frame) error {
	f.mark = time.Now()
	err := r.sink.Encode(f)
	f.Spend(StageDeflate)
	return err
}

func (r *run) write(f *Frame) error {
	f.mark = time.Now()
	if err := r.sink.Write(f.Index, f.Out); err != nil {
		return err
	}
	f.Spend(StageWrite)
	r.collect(f)
	r.progress("frames", f.Index+1, r.plan.Frames)
	return nil
}

func (r *run) progress(pass string, done, total int) {
	if r.opt.Progress == nil {
		return
	}
	d := &r.plan.raw
	r.opt.Progress(Progress{Pass: pass, Done: done, Total: total, RawBytes: int64(done) * int64(d.Rows*d.Cols*d.RawType.Size())})
}

// collect takes over what f counted.
func (r *run) collect(f *Frame) {
	for s := range f.spent {
		r.spent[s] += f.spent[s]
		f.spent[s] = 0
	}
	r.notes.add(&f.notes)
	f.notes = counts{}
}

// load brings f in as far as corrected pixels in the window of this pass, with values that are
// no numbers taken out.
func (r *run) load(ctx context.Context, f *Frame) error {
	f.mark, f.Mask = time.Now(), nil
	if err := r.src.Load(ctx, f); err != nil {
		return err
	}
	f.Spend(StageRead)
	if c, ok := r.src.(Corrector); ok {
		if err := c.Correct(f); err != nil {
			return err
		}
	}
	if f.Pix.Type.IsFloat() && !imgproc.Finite(f.Pix) {
		r.clearNonFinite(f)
	}
	return nil
}

func (r *run) clearNonFinite(f *Frame) {
	m := f.ownMask(0, f.Pix.Len())
	switch {
	case f.Mask != nil:
		copy(m, f.Mask)
	case r.passMask != nil:
		copy(m, r.passMask)
	case r.inside != nil:
		copy(m, r.inside)
	default:
		for i := range m {
			m[i] = 1
		}
	}
	if n := imgproc.ClearNonFinite(f.Pix, m); n > 0 {
		f.notes.nonFinite += n
		f.notes.nonFiniteFrames++
	}
	f.Mask = m
}

// ownMask gives the k-th mask buffer of f with n bytes.
func (f *Frame) ownMask(k, n int) []byte {
	if cap(f.maskBuf[k]) < n {
		f.maskBuf[k] = make([]byte, n)
	}
	f.maskBuf[k] = f.maskBuf[k][:n]
	return f.maskBuf[k]
}

// prepare does all of load -> correct -> crop/pad -> bin -> turn for one frame.
func (r *run) prepare(ctx context.Context, f *Frame) error {
	if err := r.load(ctx, f); err != nil {
		return err
	}
	p := r.plan
	rows, cols := f.Pix.Rows, f.Pix.Cols
	if r.inPass != p.Window { // the source gave whole frames
		old := f.Swap()
		imgproc.Window(f.Pix, old, p.Window)
		if f.Mask != nil {
			m := f.ownMask(1, p.Window.Rows*p.Window.Cols)
			imgproc.WindowMask(m, f.Mask, rows, cols, p.Window)
			f.Mask = m
		}
		rows, cols = p.Window.Rows, p.Window.Cols
	}
	r.look(f)
	if p.Rebin > 1 {
		old := f.Swap()
		imgproc.Rebin(f.Pix, old, p.Rebin)
	}
	if !p.Orient.None() {
		old := f.Swap()
		imgproc.Orient(f.Pix, old, p.Orient)
	}
	if f.Mask != nil {
		f.Mask = f.moveMask(f.Mask, rows, cols, p)
	}
	if f.Pix.Type != p.Type && !(f.Pix.Type == pix.Bool && p.Type == pix.Uint8) {
		old := f.Swap()
		imgproc.Convert(f.Pix, old, p.Type)
	}
	f.Spend(StageArithmetic)
	return nil
}

// moveMask bins and turns a mask that has been cut, in f's mask buffers 1 and 2; m may be in 0 or 1.
func (f *Frame) moveMask(m []byte, rows, cols int, p *Plan) []byte {
	if p.Rebin > 1 {
		out := f.ownMask(2, rows/p.Rebin*(cols/p.Rebin))
		imgproc.RebinMask(out, m, cols, p.Rebin)
		m, rows, cols = out, rows/p.Rebin, cols/p.Rebin
	}
	if !p.Orient.None() {
		k := 1
		if len(m) > 0 && p.Rebin <= 1 {
			k = 2
		}
		out := f.ownMask(k, rows*cols)
		imgproc.OrientMask(out, m, rows, cols, p.Orient)
		m = out
	}
	return m
}

// prepareMask makes the plan's mask: the common one, cut, binned and turned like the frames.
func (r *run) prepareMask() {
	p, d := r.plan, &r.plan.raw
	m := r.passMask
	if m == nil {
		m = r.inside
	}
	if m == nil {
		m = imgproc.Ones(r.inPass.Rows * r.inPass.Cols)
	}
	if r.inPass != p.Window {
		out := make([]byte, p.Window.Rows*p.Window.Cols)
		imgproc.WindowMask(out, m, d.Rows, d.Cols, p.Window)
		m = out
	}
	if r.passMask != nil {
		r.cutMask = m
	}
	p.Mask = new(Frame).moveMask(m, p.Window.Rows, p.Window.Cols, p)
}

// guard turns a panic in a frame's work into an error that names the frame.
func (r *run) guard(ctx context.Context, f *Frame, work func(*Frame) error) (err error) {
	defer func() {
		if v := recover(); v != nil {
			err = problem.Internalf("frame %d: internal error: %v", f.Index, v).
				WithHint("this is a bug of ptyprep: please report it with the recipe")
		}
	}()
	if err := ctx.Err(); err != nil {
		return context.Cause(ctx)
	}
	return work(f)
}
