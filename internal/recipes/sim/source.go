package sim

import (
	"context"
	"fmt"
	"math"

	"ptyprep/internal/imgproc"
	"ptyprep/internal/imgproc/gauss"
	"ptyprep/internal/imgproc/pix"
	"ptyprep/internal/recipes"
	"ptyprep/internal/recipes/sim/detector"
	"ptyprep/internal/recipes/sim/field"
	"ptyprep/internal/recipes/sim/noise"
	"ptyprep/internal/recipes/sim/note"
	"ptyprep/internal/recipes/sim/optics"
	"ptyprep/internal/recipes/sim/positions"
	"ptyprep/internal/scan"
	"ptyprep/internal/scan/param"
	"ptyprep/internal/scan/problem"
)

// Source is a simulated scan: frame k is |forward(probe * object window k)|^2, as a detector
// sees it.
type Source struct {
	truth Truth
	seed  uint64

	rows, cols int // of a simulated frame
	prop       *optics.Propagator
	prepared   []complex128
	lit        [2]int // rows of prepared beyond which it is zero
	blur       *gauss.Filter
	sensor     sensor
	size       [2]int // of the frames that leave, other than rows x cols when they are cut or padded
	mask       []byte // of these; nil: all good

	positions [][2]float64 // as written
	frames    int
	waits     int // block_wait_count
	asked     int
	checker   scan.Checker

	saturated []int32 // pixels of each frame; frames may be simulated more than once
}

// Truth is what a reconstruction of the scan should find.
type Truth struct {
	Object, Probe field.Field
	Low           [][2]int     // upper left corner of each scan point's window in Object
	Offset        [2]int       // where the first pixel of a reconstruction lies in Object
	Positions     [][2]float64 // metres, without the errors of the written ones
	ResolutionM   [2]float64   // pixel of Object and Probe
}

// sensor turns the intensity of a frame into the pixels of a raw frame.
type sensor interface {
	// kind is the type of the pixels.
	kind() pix.Type
	// live is the mask that all frames share, nil: all pixels are good.
	live() []byte
	// sense fills dst (and, when pixels saturate and that masks them, mask) from the intensity
	// x, which it may overwrite. It returns how many pixels saturated.
	sense(dst *pix.Image, mask []byte, x []float64, frame int, l *local) (int, error)
}

// local is the work space of a frame in flight.
type local struct {
	exit   []complex128
	x      []float64
	prop   *optics.Scratch
	blur   gauss.Scratch
	stream *noise.Stream
	sensor detector.Scratch
	mask   []byte
	whole  *pix.Image // when the frame is cut or padded
	cut    []byte
}

var (
	_ scan.Source   = (*Source)(nil)
	_ scan.Masked   = (*Source)(nil)
	_ scan.Finisher = (*Source)(nil)
)

// Truth tells what the frames were made of.
func (s *Source) Truth() *Truth { return &s.truth }

// FrameShape is the size of a simulated frame, before it is cut or padded.
func (s *Source) FrameShape() (rows, cols int) { return s.rows, s.cols }

// Describe tells what the scan holds.
func (s *Source) Describe(context.Context) (*scan.Description, error) {
	n := int64(s.rows * s.cols)
	return &scan.Description{
		Frames: s.frames, Rows: s.size[0], Cols: s.size[1],
		Type: s.sensor.kind(), RawType: s.sensor.kind(), Positions: s.positions, HasMask: s.mask != nil, HasDark: true,
		FrameBytes: n * (16 + 8 + 8 + 2),
		// Not FixedBytes: the object is as large as the recipe makes it, fewer workers would not help.
		Name: func(k int) string { return fmt.Sprintf("frame %d of the simulated scan", k) },
	}, nil
}

// Mask is the mask of the detector, gaps and all.
func (s *Source) Mask() ([]byte, error) { return s.mask, nil }

// setSize notes the size of the frames that leave, and their mask.
func (s *Source) setSize(size [2]int) {
	s.size = size
	m := s.sensor.live()
	if size == [2]int{s.rows, s.cols} {
		s.mask = m
		return
	}
	if m == nil {
		m = imgproc.Ones(s.rows * s.cols)
	}
	s.mask = make([]byte, size[0]*size[1])
	imgproc.WindowMask(s.mask, m, s.rows, s.cols, s.window())
}

// window is the part of a simulated frame that leaves: about its middle.
func (s *Source) window() imgproc.Rect {
	return imgproc.CropAbout([2]float64{float64(s.rows / 2), float64(s.cols / 2)}, s.size[0], s.size[1])
}

func (s *Source) newLocal() *local {
	n := s.rows * s.cols
	l := &local{
		exit: make([]complex128, n), x: make([]float64, n), prop: s.prop.NewScratch(),
		stream: noise.NewStream(s.seed, noise.Detector, 0), mask: make([]byte, n),
	}
	if s.size != [2]int{s.rows, s.cols} {
		l.whole, l.cut = new(pix.Image), make([]byte, s.size[0]*s.size[1])
	}
	return l
}

// Load simulates frame f.Index.
func (s *Source) Load(_ context.Context, f *scan.Frame) error {
	l, ok := f.Local.(*local)
	if !ok {
		l = s.newLocal()
		f.Local = l
	}
	s.intensity(l, f.Index)
	dst := f.Pix
	if l.whole != nil {
		dst = l.whole
	}
	live := s.sensor.live()
	copy(l.mask, live)
	n, err := s.sensor.sense(dst, l.mask, l.x, f.Index, l)
	if err != nil {
		p := *problem.Of(err)[0]
		p.Msg = fmt.Sprintf("frame %d: %s", f.Index, p.Msg)
		return &p
	}
	s.saturated[f.Index] = int32(n)
	if n > 0 && live != nil {
		f.Mask = l.mask
	}
	if l.whole != nil {
		imgproc.Window(f.Pix, l.whole, s.window())
		if f.Mask != nil {
			imgproc.WindowMask(l.cut, l.mask, s.rows, s.cols, s.window())
			f.Mask = l.cut
		}
	}
	f.Spend(scan.StageArithmetic)
	return nil
}

// intensity computes the noise-free intensity of frame k, behind psf, into l.x.
func (s *Source) intensity(l *local, k int) {
	o, low := &s.truth.Object, s.truth.Low[k]
	for i := s.lit[0]; i < s.lit[1]; i++ {
		at := (low[0]+i)*o.Cols + low[1]
		window := o.Pix[at : at+s.cols]
		p := s.prepared[i*s.cols:][:len(window)]
		e := l.exit[i*s.cols:][:len(window)]
		for j, v := range window {
			e[j] = v * p[j]
		}
	}
	s.prop.Intensity(l.x, l.exit, s.lit[0], s.lit[1], l.prop)
	s.blur.Apply(l.x, &l.blur)
}

// Finish tells of saturated pixels.
func (s *Source) Finish() ([]string, error) {
	n, frames := 0, 0
	for _, k := range s.saturated {
		if k > 0 {
			n += int(k)
			frames++
		}
	}
	if n == 0 {
		return nil, nil
	}
	what := "reached the full well of the detector; they are masked"
	if s.sensor.live() == nil {
		what = fmt.Sprintf("are above the largest %v and were held there", s.sensor.kind())
	}
	return []string{fmt.Sprintf("%d pixels in %d frames %s (fewer photons or another detector avoid that)", n, frames, what)}, nil
}

// Close has nothing to give back.
func (s *Source) Close() error { return nil }

// Check answers a program that asks for want frames at a time: how many it gets, or that it
// must wait (after every block_wait_count blocks, once), or that the scan has ended.
func (s *Source) Check(want int) (start, n int, v scan.Verdict) {
	s.asked++
	if s.waits > 0 && s.asked%(s.waits+1) == 0 && s.checker.Start() < s.frames {
		return s.checker.Next(want, s.checker.Start(), false)
	}
	return s.checker.Next(want, -1, true)
}

// lossless is the sensor that is none: float32, no noise.
type lossless struct{ rows, cols int }

func (s lossless) kind() pix.Type { return pix.Float32 }
func (s lossless) live() []byte   { return nil }
func (s lossless) sense(dst *pix.Image, _ []byte, x []float64, _ int, _ *local) (int, error) {
	dst.Resize(pix.Float32, s.rows, s.cols)
	p := pix.Pixels[float32](dst)
	for i, v := range x[:len(p)] {
		p[i] = float32(v)
	}
	return 0, nil
}

// camera is a detector of package detector.
type camera struct {
	*detector.Response
	seed uint64
}

func (c camera) kind() pix.Type { return c.DType }
func (c camera) live() []byte   { return c.Live }
func (c camera) sense(dst *pix.Image, mask []byte, x []float64, frame int, l *local) (int, error) {
	l.stream.Reset(c.seed, noise.Detector, frame)
	return c.Count(dst, mask, x, l.stream, &l.sensor)
}

// counter counts photons into int32, as MoonFlowerScan does.
type counter struct {
	rows, cols int
	seed       uint64
	noisy      bool
}

func (c counter) kind() pix.Type { return pix.Int32 }
func (c counter) live() []byte   { return nil }
func (c counter) sense(dst *pix.Image, _ []byte, x []float64, frame int, l *local) (held int, err error) {
	if c.noisy {
		l.stream.Reset(c.seed, noise.Photons, frame)
		l.stream.AddPoisson(x)
	}
	dst.Resize(pix.Int32, c.rows, c.cols)
	p := pix.Pixels[int32](dst)
	for i, v := range x[:len(p)] {
		if v > math.MaxInt32 {
			v = math.MaxInt32
			held++
		}
		p[i] = int32(v)
	}
	return held, nil
}

// geometry makes the optics of a scan; errors name the recipe's parameters.
func geometry(v *param.Values, side int, near bool) (optics.Geometry, error) {
	for _, k := range []param.Key{recipes.Energy, recipes.Distance, recipes.PSize} {
		if v.IsNull(k) {
			return optics.Geometry{}, v.Problem(k, "is null, and a simulation needs it").WithHint("leave it out for its default, or give a number")
		}
	}
	return optics.New(optics.Options{
		EnergyKeV: v.Float(recipes.Energy), DistanceM: v.Float(recipes.Distance), PsizeM: v.Pair(recipes.PSize),
		Shape: [2]int{side, side}, Nearfield: near,
	})
}

// settings are the base parameters, as far as they make sense for frames that are simulated
// about their middle. side is the frame's.
func settings(env *recipes.Env, v *param.Values) (s *scan.Settings, side int, err error) {
	if v.IsNull(recipes.Shape) {
		return nil, 0, v.Problem(recipes.Shape, "is null, and a simulation needs it: no input tells the size of its frames").WithHint("leave it out for its default, or give a number")
	}
	s = recipes.Settings(v)
	s.FromDefaults = nil // nothing is measured: the defaults are as good as any
	side = min(s.Shape[0], s.Shape[1])
	if s.Shape[0] != s.Shape[1] {
		env.Log.Warn(fmt.Sprintf("%s: is (%d, %d), and simulated frames are square: %d x %d", v.Where(recipes.Shape), s.Shape[0], s.Shape[1], side, side))
	}
	middle := [2]float64{float64(side / 2), float64(side / 2)}
	if c, ok := s.Center.At(side, side); ok && c != middle {
		env.Log.Warn(fmt.Sprintf("%s: is (%g, %g), but frames are simulated about their middle: (%g, %g) is written", v.Where(recipes.Center), c[0], c[1], middle[0], middle[1]))
	}
	s.Center = scan.Center{Kind: scan.CenterFFTShift}
	if th := s.PositionsTheory; th != nil {
		env.Log.Info(fmt.Sprintf("%s: only its length counts, %d frames: a simulation has positions of its own", v.Where(recipes.PositionsTheory), len(th)))
		s.NumFrames, s.PositionsTheory = len(th), nil
	}
	return s, side, nil
}

// tell passes remarks on to the log.
func tell(env *recipes.Env, notes []note.Note) {
	for _, n := range notes {
		if n.Warning {
			env.Log.Warn(n.String())
		} else {
			env.Log.Info(n.String())
		}
	}
}

// place sets windows and positions.
func (s *Source) place(w positions.Windows, pts [][2]float64, resolutionM [2]float64) {
	s.truth.Low, s.truth.Positions, s.truth.ResolutionM = w.Low, pts, resolutionM
	s.positions, s.frames, s.saturated = pts, len(pts), make([]int32, len(pts))
	s.checker = scan.Checker{Total: len(pts), MinFrames: 1}
}

// light sets the propagator and the probe.
func (s *Source) light(g optics.Geometry, probe field.Field) error {
	p, err := optics.NewPropagator(g)
	if err != nil {
		return err
	}
	s.rows, s.cols = g.Shape[0], g.Shape[1]
	s.truth.Probe, s.prop, s.prepared = probe, p, p.Prepare(probe.Pix)
	s.lit[0], s.lit[1] = p.Lit(s.prepared)
	return nil
}
