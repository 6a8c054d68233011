package scan

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"ptyprep/internal/imgproc"
	"ptyprep/internal/imgproc/pix"
	"ptyprep/internal/scan/problem"
)

// listen is a Reporter that keeps what it hears.
func listen() (Reporter, *bytes.Buffer) {
	b := new(bytes.Buffer)
	return slog.New(slog.NewTextHandler(b, nil)), b
}

// Of several frames that fail, the error is that of the first in the scan, however late it comes:
// two runs of one broken scan must not tell of different frames.
func TestFirstErrorWins(t *testing.T) {
	for _, broken := range []int{1, 6} { // among the samples, and later
		src := &memory{n: 40, size: 4, fail: func(k int) error {
			switch {
			case k < broken:
				return nil
			case k == broken:
				time.Sleep(20 * time.Millisecond)
			}
			return fmt.Errorf("frame %d is broken", k)
		}}
		_, err := Run(context.Background(), src, settings(), Options{Workers: 6}, &keep{})
		if want := fmt.Sprintf("frame %d is broken", broken); err == nil || err.Error() != want {
			t.Errorf("error %v, want %q", err, want)
		}
	}
}

// trap is a sink that goes wrong in one way.
type trap struct {
	keep
	panicAt   int
	finishErr error
}

func (s *trap) Write(index int, out any) error {
	if s.panicAt > 0 && index == s.panicAt {
		panic("index out of range")
	}
	return s.keep.Write(index, out)
}

func (s *trap) Finish() error {
	if s.finishErr != nil {
		return s.finishErr
	}
	return s.keep.Finish()
}

// A panic while writing is an internal error with its frame, not a crash; and a sink that cannot
// finish is told to clean up.
func TestSinkFails(t *testing.T) {
	for _, at := range []int{1, 20} {
		sink := &trap{panicAt: at}
		_, err := Run(context.Background(), &memory{n: 30, size: 4}, settings(), Options{Workers: 2}, sink)
		if want := fmt.Sprintf("frame %d: internal error: index out of range", at); problem.ClassOf(err) != problem.Internal || !strings.Contains(fmt.Sprint(err), want) {
			t.Errorf("panic in Write: %v, want %q", err, want)
		}
		if !sink.abort || sink.finished {
			t.Error("panic in Write: not cleaned up")
		}
	}
	full := errors.New("disk full")
	sink := &trap{finishErr: full}
	if _, err := Run(context.Background(), &memory{n: 3, size: 4}, settings(), Options{}, sink); !errors.Is(err, full) || !sink.abort {
		t.Errorf("failing Finish: %v, aborted %v", err, sink.abort)
	}
}

// No more frames are in flight than the memory setting holds, whatever the number of workers. (The
// first three are sampled together in any case.)
func TestMemoryBound(t *testing.T) {
	// A packed result of 64 x 64 float32 with its mask has at most 4096*(4+1) = 20480 bytes. A worker
	// holds a raw and a corrected frame, two of the prepared size and a packed one: 4096*(4+4) +
	// 2*4096*4 + 20480 = 86016. Two workers have four results.
	const two = 2*86016 + 4*20480
	src := &memory{n: 60, size: 64}
	src.fail = func(k int) error {
		if k == 3 {
			src.most.Store(0) // the samples are done
		}
		time.Sleep(time.Millisecond)
		return nil
	}
	sink := &keep{}
	log, heard := listen()
	if _, err := Run(context.Background(), src, settings(), Options{Workers: 8, MemoryBytes: two + 10, Log: log}, sink); err != nil {
		t.Fatal(err)
	}
	if m := src.most.Load(); m > 2 {
		t.Errorf("%d frames in flight, memory is for 2", m)
	}
	if !slices.IsSorted(sink.order) || len(sink.order) != 60 {
		t.Errorf("order %v", sink.order)
	}
	if !strings.Contains(heard.String(), "enough for 2 worker(s)") {
		t.Errorf("heard %q", heard)
	}
	// Even without room for one frame the run goes on, with one.
	if _, err := Run(context.Background(), &memory{n: 5, size: 64}, settings(), Options{Workers: 8, MemoryBytes: 1}, &keep{}); err != nil {
		t.Error(err)
	}
}

// ownMasks is a memory whose frames have masks of their own.
type ownMasks struct {
	memory
	own []byte
}

func (m *ownMasks) Load(ctx context.Context, f *Frame) error {
	if err := m.memory.Load(ctx, f); err != nil {
		return err
	}
	for i := range m.own {
		m.own[i] = 1
	}
	f.Mask = m.own
	return nil
}

// Preparing a frame in steady state allocates nothing: crop, binning, turning, own mask, other type.
func TestPrepareAllocatesNothing(t *testing.T) {
	shape := [2]int{16, 16}
	for name, change := range map[string]func(*Settings){
		"as it is": func(*Settings) {},
		"all":      func(s *Settings) { s.Shape, s.Rebin, s.Orientation = &shape, 2, imgproc.OrientationCode(5) },
		"float64":  func(s *Settings) { s.Output = OutputFloat64 },
		"turned":   func(s *Settings) { s.Orientation = imgproc.OrientationCode(6) },
	} {
		s := settings()
		change(s)
		src := &ownMasks{memory: memory{n: 4, size: 32}, own: make([]byte, 32*32)}
		d, _ := src.Describe(context.Background())
		p, err := newPlan(d, s, &Options{})
		if err != nil {
			t.Fatal(err)
		}
		r := &run{src: src, set: s, opt: &Options{Workers: 1, MemoryBytes: 1 << 30}, sink: &keep{}, plan: p}
		c, err := r.centre(context.Background())
		if err == nil {
			err = errors.Join(p.geometry(s, c), r.beginPass(p.Window))
		}
		if err != nil {
			t.Fatal(err)
		}
		r.prepareMask()
		f := NewFrame(0)
		work := func(f *Frame) error { return r.prepare(context.Background(), f) }
		one := func() {
			if err := r.guard(context.Background(), f, work); err != nil {
				t.Fatal(err)
			}
		}
		one()
		one() // images change places, so that two rounds make them all grow
		if n := testing.AllocsPerRun(50, one); n != 0 {
			t.Errorf("%s: %v allocations a frame", name, n)
		}
		if len(f.Mask) != p.Rows*p.Cols || f.Pix.Type != p.Type {
			t.Errorf("%s: mask of %d, type %v", name, len(f.Mask), f.Pix.Type)
		}
	}
}

// auto_center true beats a given centre; null counts only where the centre is null (core rule 5.2).
func TestAutoCentreAgainstGiven(t *testing.T) {
	point := Center{Kind: CenterPoint, Point: [2]float64{7, 9}}
	for _, c := range []struct {
		auto   Tri
		center Center
		want   [2]float64
	}{
		{Yes, point, [2]float64{3, 4}},
		{Yes, Center{Kind: CenterFFTShift}, [2]float64{3, 4}},
		{Unset, point, [2]float64{7, 9}},
		{Unset, Center{}, [2]float64{3, 4}},
		{No, Center{}, [2]float64{8, 8}}, // floor(D/2)
		{No, point, [2]float64{7, 9}},
		{No, Center{Kind: CenterGeometric}, [2]float64{7.5, 7.5}},
	} {
		s := settings()
		s.AutoCenter, s.Center = c.auto, c.center
		src := &memory{n: 3, size: 16, spot: func(int) (int, int) { return 3, 4 }}
		r, err := Run(context.Background(), src, s, Options{}, &keep{})
		if err != nil {
			t.Fatal(err)
		}
		if r.Plan.RawCenter != c.want || r.Plan.AutoUsed != (c.want == [2]float64{3, 4}) {
			t.Errorf("auto %v, centre %+v: %v (automatic %v), want %v", c.auto, c.center, r.Plan.RawCenter, r.Plan.AutoUsed, c.want)
		}
	}
	s := settings()
	s.Center = Center{Kind: CenterFFT} // (0, 0) is never inside
	if _, err := Run(context.Background(), &memory{n: 3, size: 16}, s, Options{}, &keep{}); problem.ClassOf(err) != problem.Input {
		t.Errorf("centre fft: %v", err)
	}
}

// The block whose mean gives the centre is the recipe's; --chunk-frames and merging change the
// layout only (core rule 11.18). What is masked has no weight.
func TestAutoCentreBlock(t *testing.T) {
	s := settings()
	s.AutoCenter, s.BlockFrames = Yes, 2
	mask := imgproc.Ones(16 * 16)
	mask[15*16+15] = 0
	src := &memory{n: 6, size: 16, mask: mask, spot: func(k int) (int, int) {
		if k == 1 {
			return 15, 15 // masked: this frame has no counts
		}
		return 2 + k, 5
	}}
	for _, o := range []Options{{}, {ChunkFrames: 5}, {Merge: true}} {
		sink := &keep{}
		r, err := Run(context.Background(), src, s, o, sink)
		if err != nil {
			t.Fatal(err)
		}
		if r.Plan.RawCenter != [2]float64{2, 5} {
			t.Errorf("%+v: centre %v, want that of frame 0 alone", o, r.Plan.RawCenter)
		}
	}
	for _, c := range []struct {
		o    Options
		want []int
	}{{Options{}, []int{2, 2, 2}}, {Options{ChunkFrames: 5}, []int{5, 1}}, {Options{Merge: true}, []int{6}}} {
		sink := &keep{}
		if _, err := Run(context.Background(), src, s, c.o, sink); err != nil || !slices.Equal(sink.plan.Blocks, c.want) {
			t.Errorf("%+v: blocks %v, %v", c.o, sink.plan.Blocks, err)
		}
	}
}

// A context that has ended already reads no frame, and gives its cause.
func TestCancelledBefore(t *testing.T) {
	stopped := errors.New("stopped by SIGTERM")
	ctx, cancel := context.WithCancelCause(context.Background())
	cancel(stopped)
	for _, auto := range []Tri{No, Yes} {
		s, src, sink := settings(), &memory{n: 9, size: 4}, &keep{}
		s.AutoCenter = auto
		if _, err := Run(ctx, src, s, Options{Workers: 2}, sink); !errors.Is(err, stopped) {
			t.Errorf("error %v, want the cause", err)
		}
		if src.loads.Load() > 0 || !sink.abort {
			t.Errorf("%d frames read, aborted %v", src.loads.Load(), sink.abort)
		}
	}
}

// hooked is a source with hooks around the frames.
type hooked struct {
	memory
	planned  *Plan
	loadedBy int64
	postErr  error
	finish   error
}

func (h *hooked) PostInitialize(p *Plan) error {
	h.planned, h.loadedBy = p, h.loads.Load()
	return h.postErr
}

func (h *hooked) Finish() ([]string, error) { return []string{"from the source"}, h.finish }

// PostInitialize sees the fixed plan before a frame is prepared; Finish comes after the last and may
// still refuse the result.
func TestHooks(t *testing.T) {
	log, heard := listen()
	src, sink := &hooked{memory: memory{n: 5, size: 8}}, &keep{}
	r, err := Run(context.Background(), src, settings(), Options{Log: log}, sink)
	if err != nil {
		t.Fatal(err)
	}
	if src.planned != r.Plan || src.loadedBy != 0 || len(r.Plan.Positions) != 5 || len(r.Plan.Mask) != 64 {
		t.Errorf("the plan came after %d frames: %+v", src.loadedBy, src.planned)
	}
	if !strings.Contains(heard.String(), "from the source") || r.Warnings != 1 {
		t.Errorf("heard %q, %d warnings", heard, r.Warnings)
	}
	bad := errors.New("no")
	src, sink = &hooked{memory: memory{n: 5, size: 8}, postErr: bad}, &keep{}
	if _, err := Run(context.Background(), src, settings(), Options{}, sink); !errors.Is(err, bad) || src.loads.Load() > 0 || sink.plan != nil {
		t.Errorf("PostInitialize fails: %v after %d frames", err, src.loads.Load())
	}
	src, sink = &hooked{memory: memory{n: 5, size: 8}, finish: bad}, &keep{}
	if _, err := Run(context.Background(), src, settings(), Options{}, sink); !errors.Is(err, bad) || sink.finished || !sink.abort {
		t.Errorf("Finish fails: %v, finished %v", err, sink.finished)
	}
}

// A window that reaches over the edge: zeros with weight 0, also in frames with masks of their own;
// numbers keep their type (core rules 6 and 11.22). Centre 1.5 rounds to 2, 4.5 to 4 (half to even).
func TestWindowOverEdge(t *testing.T) {
	s := settings()
	shape := [2]int{6, 6}
	s.Shape, s.Center = &shape, Center{Kind: CenterPoint, Point: [2]float64{1.5, 4.5}} // about (2, 4)
	for _, src := range []Source{&memory{n: 4, size: 8, spot: func(int) (int, int) { return 0, 3 }}, &ownMasks{memory: memory{n: 4, size: 8, spot: func(int) (int, int) { return 0, 3 }}, own: make([]byte, 64)}} {
		sink := &keep{}
		if _, err := Run(context.Background(), src, s, Options{Workers: 1}, sink); err != nil {
			t.Fatal(err)
		}
		if w := sink.plan.Window; w != (imgproc.Rect{Row: -1, Col: 1, Rows: 6, Cols: 6}) {
			t.Errorf("window %+v", w)
		}
		if sink.plan.Type != pix.Float32 || !slices.Equal(sink.masked, []int{6, 6, 6, 6}) || sink.sums[2] != 3 {
			t.Errorf("%T: type %v, masked %v, sums %v", src, sink.plan.Type, sink.masked, sink.sums)
		}
		if c := sink.plan.Meta.Center; c != [2]float64{3, 3} {
			t.Errorf("centre %v", c)
		}
	}
}

// What is wrong with pixels is told once with its count, where it matters: masked ones do not (11.7).
func TestPixelWarnings(t *testing.T) {
	hide := imgproc.Ones(16)
	hide[2*4+2] = 0 // where memory puts its spot
	for name, c := range map[string]struct {
		value float64
		mask  []byte
		want  string
	}{
		"negative":        {-1, nil, "6 valid pixels in 6 frames are negative"},
		"negative masked": {-1, hide, ""},
		"NaN":             {nan(), nil, "6 valid pixels in 6 frames were NaN or infinite"},
		"NaN masked":      {nan(), hide, ""},
		"all masked":      {1, make([]byte, 16), "6 of 6 frames have no valid pixel"},
	} {
		log, heard := listen()
		sink := &keep{}
		r, err := Run(context.Background(), &memory{n: 6, size: 4, mask: c.mask, value: func(int) float64 { return c.value }}, settings(), Options{Log: log}, sink)
		if err != nil {
			t.Fatal(err)
		}
		if c.want == "" && (heard.Len() > 0 || r.Warnings > 0) || !strings.Contains(heard.String(), c.want) {
			t.Errorf("%s: heard %q", name, heard)
		}
		if c.value != c.value && sink.sums[5] != 0 {
			t.Errorf("%s: a NaN was written", name)
		}
	}
}

func nan() float64 {
	zero := 0.0
	return zero / zero
}

// Binning: a block is valid only if all its pixels are (defect 12 of ptypy), and the frame is the
// mean, not the sum.
func TestBinnedMask(t *testing.T) {
	s := settings()
	s.Rebin = 2
	mask := imgproc.Ones(16)
	mask[0] = 0
	sink := &keep{}
	if _, err := Run(context.Background(), &memory{n: 2, size: 4, mask: mask}, s, Options{}, sink); err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(sink.plan.Mask, []byte{0, 1, 1, 1}) || !slices.Equal(sink.sums, []float64{0.25, 0.5}) {
		t.Errorf("mask %v, sums %v", sink.plan.Mask, sink.sums)
	}
	for _, c := range []struct {
		rebin int
		shape *[2]int
		class problem.Class
	}{{0, nil, problem.Usage}, {33, nil, problem.Usage}, {3, nil, problem.Input}, {3, &[2]int{4, 4}, problem.Usage}} {
		s.Rebin, s.Shape = c.rebin, c.shape
		src := &memory{n: 2, size: 4}
		if _, err := Run(context.Background(), src, s, Options{}, &keep{}); problem.ClassOf(err) != c.class || src.loads.Load() > 0 {
			t.Errorf("rebin %d, shape %v: %v after %d frames", c.rebin, c.shape, err, src.loads.Load())
		}
	}
}

// Energy, distance and pixel size that nobody gives: all three missing ones in one report (11.8);
// defaults are told once; what the data record beats the recipe.
func TestSetUp(t *testing.T) {
	s := settings()
	s.EnergyKeV, s.DistanceM = nan(), nan()
	_, err := Run(context.Background(), &memory{n: 1, size: 4}, s, Options{}, &keep{})
	if l := problem.Of(err); len(l) != 2 || l[0].Class != problem.Usage || !strings.Contains(l[0].Msg, "energy") || !strings.Contains(l[1].Hint, "distance in m") {
		t.Errorf("missing: %v", err)
	}
	s = settings()
	s.FromDefaults = []string{"energy", "psize"}
	log, heard := listen()
	r, err := Run(context.Background(), &memory{n: 1, size: 4}, s, Options{Log: log}, &keep{})
	if err != nil || len(r.Plan.Defaulted) != 2 || strings.Count(heard.String(), "default values") != 1 {
		t.Errorf("%v, %v, heard %q", err, r.Plan.Defaulted, heard)
	}
}
