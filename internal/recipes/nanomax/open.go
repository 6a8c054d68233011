package nanomax

import (
	"context"
	"errors"
	"io"
	"math"
	"strconv"
	"strings"

	"ptyprep/internal/formats/h5frames"
	"ptyprep/internal/imgproc"
	"ptyprep/internal/imgproc/pix"
	"ptyprep/internal/recipes"
	"ptyprep/internal/recipes/beam"
	"ptyprep/internal/recipes/h5in"
	"ptyprep/internal/scan"
	"ptyprep/internal/scan/param"
	"ptyprep/internal/scan/problem"
)

// mark says whether a stored pixel value marks a bad pixel.
type mark func(v float64) bool

func minusTwo(v float64) bool { return v == -2 }
func negative(v float64) bool { return v < 0 }
func saturated(v float64) bool {
	return v == math.MaxUint16 || v == math.MaxUint32
}

// opener puts a scan together. Each class fills in parts, positions and monitor with add.
type opener struct {
	env   *recipes.Env
	v     *param.Values
	set   *scan.Settings
	files *h5in.Files

	parts     []part
	x, y      []float64 // as stored
	monitor   []float64
	monitorOf string // file:dataset
	leftOut   []string
	roundsI0  bool
	marks     mark
	recorded  scan.Recorded
	framesKey param.Key // the parameter that messages about frames name
}

// open runs one class's search and builds the source.
func open(ctx context.Context, env *recipes.Env, v *param.Values, find func(o *opener) error) (*recipes.Opened, error) {
	if err := beam.Required(v, Path, ScanNumber); err != nil {
		return nil, err
	}
	o := &opener{env: env, v: v, set: recipes.Settings(v), files: h5in.New(env, v), marks: minusTwo, framesKey: Detector}
	s, err := o.source(ctx, find)
	if err != nil {
		o.files.Close()
		return nil, err
	}
	return &recipes.Opened{Source: s, Settings: o.set, DefaultOutput: beam.DefaultOutput(v, o.id())}, nil
}

// id is the scan's number, or the numbers joined.
func (o *opener) id() string {
	var t []string
	for _, n := range o.v.Ints(ScanNumber) {
		t = append(t, strconv.Itoa(n))
	}
	return strings.Join(t, "_")
}

// enough reports whether the frames asked for are found already, so that no more scans need to be
// whole.
func (o *opener) enough() bool { return o.want() <= 0 }

// want is the number of frames that are still needed.
func (o *opener) want() int {
	if o.set.NumFrames == 0 {
		return math.MaxInt
	}
	return o.set.NumFrames - o.count()
}

// count is the number of frames found so far.
func (o *opener) count() (n int) {
	for _, p := range o.parts {
		n += p.images
	}
	return n
}

// series cuts what was found to the frames asked for and looks at the datasets.
func (o *opener) series() (*series, error) {
	n := o.set.Wanted(o.count())
	o.x, o.y = o.x[:min(n, len(o.x))], o.y[:min(n, len(o.y))]
	if o.monitor != nil {
		o.monitor = o.monitor[:n]
	}
	if n == 0 {
		return nil, problem.Inputf("%s: the scan holds no frame with a position", o.v.Where(ScanNumber))
	}
	var parts []part
	for _, p := range o.parts {
		if n == 0 {
			break
		}
		p.images = min(p.images, n)
		n -= p.images
		parts = append(parts, p)
	}
	return newSeries(o.files, o.v.Where(o.framesKey), o.env.CacheBytes, parts)
}

func (o *opener) source(_ context.Context, find func(o *opener) error) (*beam.Scan, error) {
	if err := find(o); err != nil {
		return nil, err
	}
	frames, err := o.series()
	if err != nil {
		return nil, err
	}
	s := &beam.Scan{
		Frames: frames.frames(), Rows: frames.rows, Cols: frames.cols, Raw: frames.typ,
		ReadsWindows: true, Positions: o.positions(), Recorded: o.recorded, LeftOut: o.leftOut,
		Name: frames.name, Output: o.set.Output, Closers: []io.Closer{o.files, frames},
		Read: func(_ context.Context, s *beam.Slot) error {
			return frames.read(s.Index, s.Window, s.Frame.Pix, beam.ScratchOf(s))
		},
	}
	if s.Valid, s.HasMask, err = o.mask(frames); err == nil {
		err = o.normalise(s)
	}
	if err != nil {
		return nil, errors.Join(err, frames.Close())
	}
	return s, nil
}

// positions of the recipe: the signs and the factors are those of the sample's coordinates. nil
// where positions_theory takes their place.
func (o *opener) positions() [][2]float64 {
	if beam.Theory(o.v) {
		return nil
	}
	v := o.v
	sx, sy := factor(v, XMotorFlipped, XMotorAngle), factor(v, YMotorFlipped, YMotorAngle)
	out := make([][2]float64, len(o.x))
	for i := range out {
		out[i] = [2]float64{-o.y[i] * sy * 1e-6, -o.x[i] * sx * 1e-6}
	}
	return out
}

func factor(v *param.Values, flipped, angle param.Key) float64 {
	f := math.Cos(v.Float(angle) * math.Pi / 180)
	if v.Bool(flipped) {
		return -f
	}
	return f
}

// mask joins the marked pixels of the first frame with the mask file. given says that something
// told good from bad pixels.
func (o *opener) mask(frames *series) (valid []byte, given bool, err error) {
	valid, err = beam.HDF5Mask(o.files, o.v, MaskFile, "mask", frames.rows, frames.cols)
	if err != nil {
		return nil, false, err
	}
	given = valid != nil
	var sc h5frames.Scratch
	defer sc.Close()
	first, wide := new(pix.Image), new(pix.Image)
	if err := frames.read(0, imgproc.Whole(frames.rows, frames.cols), first, &sc); err != nil {
		return nil, false, err
	}
	if o.marks == nil {
		return valid, given, nil
	}
	imgproc.Convert(wide, first, pix.Float64)
	for i, x := range pix.Pixels[float64](wide) {
		if !o.marks(x) {
			continue
		}
		if valid == nil {
			valid = imgproc.Ones(wide.Len())
		}
		valid[i] = 0
		given = true
	}
	return valid, given, nil
}

// normalise adds the division by the monitor.
func (o *opener) normalise(s *beam.Scan) error {
	if o.monitor == nil {
		return nil
	}
	if err := beam.CheckMonitor(o.v.Where(I0)+": "+o.monitorOf, o.monitor, nil); err != nil {
		return err
	}
	beam.ByMean(o.monitor)
	s.Work = pix.Float64
	s.Steps = append(s.Steps, &beam.PerFrame{Values: o.monitor})
	if o.roundsI0 {
		s.Steps = append(s.Steps, rounding{})
	}
	return nil
}

// rounding is the step that makes whole numbers of quotients, half to even.
type rounding struct{}

func (rounding) Local() bool                   { return true }
func (rounding) Window(imgproc.Rect, pix.Type) {}
func (rounding) Apply(s *beam.Slot) error {
	for i, x := range pix.Pixels[float64](s.Frame.Pix) {
		pix.Pixels[float64](s.Frame.Pix)[i] = math.RoundToEven(x)
	}
	return nil
}
