package scan

import (
	"context"
	"errors"
	"log/slog"
	"math"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"ptyprep/internal/imgproc"
	"ptyprep/internal/imgproc/pix"
	"ptyprep/internal/scan/problem"
)

// memory is a source of n frames of size x size: frame k holds k+1 at (row, col) = spot(k), else 0.
type memory struct {
	n, size  int
	spot     func(k int) (row, col int)
	fail     func(k int) error
	mask     []byte
	loads    atomic.Int64
	inFlight atomic.Int64
	most     atomic.Int64
	value    func(k int) float64
}

func (m *memory) Describe(context.Context) (*Description, error) {
	pos := make([][2]float64, m.n)
	for i := range pos {
		pos[i] = [2]float64{float64(i), -float64(i)}
	}
	return &Description{Frames: m.n, Rows: m.size, Cols: m.size, Type: pix.Float32, RawType: pix.Float32, Positions: pos}, nil
}

func (m *memory) Load(ctx context.Context, f *Frame) error {
	m.loads.Add(1)
	if n := m.inFlight.Add(1); n > m.most.Load() {
		m.most.Store(n)
	}
	defer m.inFlight.Add(-1)
	if m.fail != nil {
		if err := m.fail(f.Index); err != nil {
			return err
		}
	}
	f.Pix.Resize(pix.Float32, m.size, m.size)
	clear(f.Pix.Bytes)
	r, c := m.size/2, m.size/2
	if m.spot != nil {
		r, c = m.spot(f.Index)
	}
	v := float64(f.Index + 1)
	if m.value != nil {
		v = m.value(f.Index)
	}
	pix.Pixels[float32](f.Pix)[r*m.size+c] = float32(v)
	return nil
}

func (m *memory) Mask() ([]byte, error) { return m.mask, nil }
func (m *memory) Close() error          { return nil }

// keep is a sink that keeps sums, masks and the order of calls.
type keep struct {
	plan            *Plan
	order           []int
	sums            []float64
	masked          []int
	finished, abort bool
	failAt          int
}

func (s *keep) Start(p *Plan) error     { s.plan = p; return nil }
func (s *keep) Sample(f []*Frame) error { return nil }
func (s *keep) Finish() error           { s.finished = true; return nil }
func (s *keep) Abort()                  { s.abort = true }
func (s *keep) Encode(f *Frame) error {
	sum := 0.0
	for _, v := range pix.Pixels[float32](f.Pix) {
		sum += float64(v)
	}
	m := f.Mask
	if m == nil {
		m = s.plan.Mask
	}
	f.Out = packed{sum, len(m) - sumBytes(m)}
	return nil
}

func (s *keep) Write(index int, out any) error {
	if s.failAt > 0 && index == s.failAt {
		return errors.New("no space left on device")
	}
	s.order = append(s.order, index)
	p := out.(packed)
	s.sums = append(s.sums, p.sum)
	s.masked = append(s.masked, p.masked)
	return nil
}

// packed is what keep makes of a frame.
type packed struct {
	sum    float64
	masked int
}

func sumBytes(b []byte) (n int) {
	for _, v := range b {
		n += int(v)
	}
	return n
}

func settings() *Settings {
	return &Settings{Rebin: 1, MinFrames: 1, BlockFrames: 100000, Center: Center{Kind: CenterFFTShift}, AutoCenter: No, EnergyKeV: 7, DistanceM: 1, PSizeM: [2]float64{1, 2}}
}

// All frames arrive once, in order, for any number of workers, and no more are worked on than there are workers.
func TestRunKeepsOrder(t *testing.T) {
	for _, workers := range []int{1, 2, 7} {
		src, sink := &memory{n: 40, size: 8}, &keep{}
		if _, err := Run(context.Background(), src, settings(), Options{Workers: workers}, sink); err != nil {
			t.Fatal(err)
		}
		if len(sink.order) != 40 || !slices.IsSorted(sink.order) || !sink.finished || sink.abort {
			t.Errorf("%d workers: order %v, finished %v, aborted %v", workers, sink.order, sink.finished, sink.abort)
		}
		for i, s := range sink.sums {
			if s != float64(i+1) {
				t.Errorf("%d workers: frame %d has sum %v", workers, i, s)
			}
		}
		if m := src.most.Load(); m > int64(workers) && m > 3 {
			t.Errorf("%d workers: %d frames were loaded at once", workers, m)
		}
	}
}

// The first error ends everything, the sink is told to clean up, and no goroutine is left.
func TestRunStops(t *testing.T) {
	before := runtime.NumGoroutine()
	broken := errors.New("broken frame")
	for name, c := range map[string]struct {
		src  *memory
		sink *keep
		want string
	}{
		"load": {&memory{n: 50, size: 4, fail: func(k int) error {
			if k == 17 {
				return broken
			}
			return nil
		}}, &keep{}, "broken frame"},
		"first": {&memory{n: 50, size: 4, fail: func(k int) error {
			if k == 0 {
				return broken
			}
			return nil
		}}, &keep{}, "broken frame"},
		"write": {&memory{n: 50, size: 4}, &keep{failAt: 20}, "no space"},
		"panic": {&memory{n: 50, size: 4, fail: func(k int) error {
			if k == 9 {
				panic("index out of range")
			}
			return nil
		}}, &keep{}, "frame 9: internal error"},
	} {
		_, err := Run(context.Background(), c.src, settings(), Options{Workers: 4}, c.sink)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, want %q", name, err, c.want)
		}
		if !c.sink.abort || c.sink.finished {
			t.Errorf("%s: aborted %v, finished %v", name, c.sink.abort, c.sink.finished)
		}
	}
	for range 100 {
		if runtime.NumGoroutine() <= before {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Errorf("%d goroutines, %d before", runtime.NumGoroutine(), before)
}

func TestRunCancelled(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	src := &memory{n: 100, size: 4, fail: func(k int) error {
		if k == 30 {
			cancel()
		}
		return nil
	}}
	sink := &keep{}
	if _, err := Run(ctx, src, settings(), Options{Workers: 2}, sink); !problem.Cancelled(err) {
		t.Errorf("error %v, want a cancelled context", err)
	}
	if !sink.abort {
		t.Error("the sink was not told to clean up")
	}
}

// The mean of the frames' centres, frames of the first block only, empty frames left out.
func TestAutoCentre(t *testing.T) {
	s := settings()
	s.AutoCenter, s.BlockFrames = Yes, 4
	shape := [2]int{4, 4}
	s.Shape = &shape
	src := &memory{n: 8, size: 16,
		spot:  func(k int) (int, int) { return 6 + k, 5 },
		value: func(k int) float64 { return float64([]int{1, 9, 0, 2, 50, 50, 50, 50}[k]) }}
	sink := &keep{}
	r, err := Run(context.Background(), src, s, Options{Workers: 3}, sink)
	if err != nil {
		t.Fatal(err)
	}
	want := [2]float64{(6.0 + 7 + 9) / 3, 5} // frame 2 is empty; counts are no weights
	if c := r.Plan.RawCenter; math.Abs(c[0]-want[0]) > 1e-12 || c[1] != want[1] {
		t.Errorf("centre %v, want %v", c, want)
	}
	if n := src.loads.Load(); n != 4+8 {
		t.Errorf("%d frames were read, want 12: the first block twice", n)
	}
	src.value = func(int) float64 { return 0 }
	if _, err := Run(context.Background(), src, s, Options{}, &keep{}); problem.ClassOf(err) != problem.Input {
		t.Errorf("all frames empty: %v", err)
	}
}

// NaN in one frame masks that pixel in that frame, and is told once.
func TestNonFinite(t *testing.T) {
	s := settings()
	src := &memory{n: 5, size: 4, value: func(k int) float64 {
		if k == 3 {
			return math.NaN()
		}
		return 1
	}}
	sink := &keep{}
	r, err := Run(context.Background(), src, s, Options{Workers: 2}, sink)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(sink.masked, []int{0, 0, 0, 1, 0}) || sink.sums[3] != 0 || r.Warnings != 1 {
		t.Errorf("masked %v, sums %v, %d warnings", sink.masked, sink.sums, r.Warnings)
	}
}

// windowed is a memory that reads windows: what lies outside the frame is 0, and there is no mask.
type windowed struct {
	memory
	window imgproc.Rect
}

func (m *windowed) SetWindow(w imgproc.Rect) error {
	m.window = w
	return nil
}

func (m *windowed) Load(ctx context.Context, f *Frame) error {
	if err := m.memory.Load(ctx, f); err != nil {
		return err
	}
	old := f.Swap()
	imgproc.Window(f.Pix, old, m.window)
	return nil
}

// A frame with a value that is no number gets a mask of its own; what its window holds from outside
// the frame stays masked in it, as in all others, whoever cuts.
func TestNonFiniteBeyondTheFrame(t *testing.T) {
	s := settings()
	s.Center = Center{Kind: CenterPoint, Point: [2]float64{1, 2}} // the window of 4 x 4 begins at row -1
	s.Orientation = imgproc.OrientationCode(1)
	m := memory{n: 3, size: 4, value: func(k int) float64 {
		if k == 1 {
			return math.NaN()
		}
		return 1
	}}
	for name, src := range map[string]Source{
		"the engine": &memory{n: m.n, size: m.size, value: m.value},
		"the source": &windowed{memory: memory{n: m.n, size: m.size, value: m.value}},
	} {
		sink := &keep{}
		if _, err := Run(context.Background(), src, s, Options{Workers: 2}, sink); err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(sink.masked, []int{4, 5, 4}) {
			t.Errorf("%s cuts: masked pixels %v, want [4 5 4]", name, sink.masked)
		}
	}
}

func TestCheckerStates(t *testing.T) {
	c := Checker{Total: 7, MinFrames: 1}
	for i, want := range []struct {
		start, n int
		v        Verdict
	}{{0, 3, Go}, {3, 3, Go}, {6, 1, Go}, {7, 0, EOS}, {7, 0, EOS}} {
		if s, n, v := c.Next(3, -1, true); s != want.start || n != want.n || v != want.v {
			t.Errorf("call %d: %d frames from %d, %v; want %+v", i, n, s, v, want)
		}
	}
	g := Checker{Total: 10, MinFrames: 4} // a growing scan: nothing is consumed while waiting
	if _, n, v := g.Next(5, 3, false); n != 0 || v != Wait {
		t.Errorf("3 of at least 4 frames: %d, %v", n, v)
	}
	if s, n, v := g.Next(5, 6, false); s != 0 || n != 5 || v != Go {
		t.Errorf("6 frames there: %d from %d, %v", n, s, v)
	}
	if _, _, v := g.Next(5, 8, false); v != Wait {
		t.Errorf("3 more frames: %v, want WAIT", v)
	}
	if s, n, v := g.Next(5, 8, true); s != 5 || n != 3 || v != Go {
		t.Errorf("scan ended early: %d from %d, %v", n, s, v)
	}
	if b := Blocks(7, 3, 5); !slices.Equal(b, []int{5, 2}) {
		t.Errorf("blocks smaller than min_frames: %v, want [5 2]", b)
	}
}

// The rules of num_frames against positions: (asked, with 5 positions) -> prepared.
func TestFrameCount(t *testing.T) {
	d := &Description{Frames: 5, Positions: make([][2]float64, 5)}
	for _, c := range []struct{ asked, theory, want int }{{0, 0, 5}, {3, 0, 3}, {8, 0, 5}, {0, 4, 4}, {2, 4, 4}} {
		s := settings()
		s.NumFrames = c.asked
		if c.theory > 0 {
			s.PositionsTheory = make([][2]float64, c.theory)
		}
		if n, _, err := frameCount(d, s); err != nil || n != c.want {
			t.Errorf("%+v: %d, %v", c, n, err)
		}
	}
	s := settings()
	s.PositionsTheory = make([][2]float64, 6)
	if _, _, err := frameCount(d, s); problem.ClassOf(err) != problem.Input {
		t.Errorf("6 positions for 5 frames: %v", err)
	}
	if _, _, err := frameCount(&Description{Frames: -1}, settings()); problem.ClassOf(err) != problem.Usage {
		t.Errorf("no end of the scan: %v", err)
	}
}

// More frames asked for than there are: a warning.
func TestTooManyFramesAskedFor(t *testing.T) {
	for asked, want := range map[int]string{2: "", 3: "num_frames: asks for 3 frames, the scan has 2"} {
		var log strings.Builder
		s := settings()
		s.NumFrames = asked
		r, err := Run(context.Background(), &memory{n: 2, size: 32}, s, Options{Log: slog.New(slog.NewTextHandler(&log, nil))}, &keep{})
		if err != nil || r.Plan.Frames != 2 || strings.Contains(log.String(), "num_frames") != (want != "") || !strings.Contains(log.String(), want) {
			t.Errorf("%d asked: %v, log %s", asked, err, log.String())
		}
	}
}

// Meta after turn and binning: S = 32, orientation 1, rebin 2 gives centre (8, 7.5).
func TestMetaGeometry(t *testing.T) {
	s := settings()
	s.Rebin, s.Orientation = 2, imgproc.OrientationCode(1)
	sink := &keep{}
	if _, err := Run(context.Background(), &memory{n: 2, size: 32}, s, Options{}, sink); err != nil {
		t.Fatal(err)
	}
	m := sink.plan.Meta
	if m.Center != [2]float64{8, 7.5} || m.Shape != [2]int{16, 16} || m.PSizeM != [2]float64{2, 4} {
		t.Errorf("meta %+v", m)
	}
	if p := sink.plan.RawPSizeM; p != [2]float64{1, 2} {
		t.Errorf("raw psize %v", p)
	}
	s.Orientation = imgproc.OrientationCode(4)
	if _, err := Run(context.Background(), &memory{n: 2, size: 32}, s, Options{}, sink); err != nil {
		t.Fatal(err)
	}
	if p := sink.plan.Meta.PSizeM; p != [2]float64{4, 2} {
		t.Errorf("psize of transposed frames %v, want it swapped", p)
	}
}

// Once slots have grown, a frame costs no allocation in the engine.
func BenchmarkRunFrame(b *testing.B) {
	b.ReportAllocs()
	src := &memory{n: b.N, size: 256}
	if _, err := Run(context.Background(), src, settings(), Options{Workers: 2}, &count{}); err != nil {
		b.Fatal(err)
	}
}

type count struct{ keep }

func (c *count) Encode(*Frame) error  { return nil }
func (c *count) Write(int, any) error { return nil }
