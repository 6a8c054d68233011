package scan

import (
	"fmt"
	"math"
	"slices"

	"ptyprep/internal/imgproc"
	"ptyprep/internal/imgproc/pix"
	"ptyprep/internal/scan/problem"
)

// Meta is the meta group of a .ptyd.
type Meta struct {
	Version   float64
	NumFrames int
	Label     *string
	Shape     [2]int     // rows, columns of a prepared frame
	PSizeM    [2]float64 // of a binned pixel
	EnergyKeV float64
	Center    [2]float64 // optical axis in the prepared frame
	DistanceM float64
}

// Plan is all that is fixed before frames flow.
type Plan struct {
	Frames    int
	Blocks    []int        // frames of each .ptyd chunk
	Rows      int          // of a prepared frame
	Cols      int          //
	Type      pix.Type     // of prepared frames
	Positions [][2]float64 // of each frame, metres; nil: not known
	Mask      []byte       // prepared mask that frames without one of their own share
	HasMask   bool         // a common mask was given
	Meta      Meta

	// In the frame as loaded:
	RawShape  [2]int       // region of interest, square
	RawCenter [2]float64   // optical axis
	RawPSizeM [2]float64   // of a pixel (rows, columns), before turning and binning
	Window    imgproc.Rect // what is cut out
	Moved     bool         // frames are cut, turned or binned
	Rebin     int
	Orient    imgproc.Orientation
	AutoUsed  bool        // RawCenter is the mass centre
	Recorded  Recorded    // values that came from the input
	Defaulted []string    // of energy, distance and psize those that neither recipe nor input gives
	raw       Description // of the source
}

// frameCount applies the rules of num_frames against positions (core rules: the recipe's
// number is a maximum; theoretical positions decide when given).
func frameCount(d *Description, s *Settings) (n int, positions [][2]float64, err error) {
	if th := s.PositionsTheory; th != nil {
		if d.Frames >= 0 {
			err = s.CheckTheory(d.Frames)
		}
		return len(th), th, err
	}
	n = d.Frames
	if d.Positions != nil && (n < 0 || len(d.Positions) < n) {
		n = len(d.Positions)
	}
	if s.NumFrames > 0 && (n < 0 || s.NumFrames < n) {
		n = s.NumFrames
	}
	if n < 0 {
		return 0, nil, problem.Usagef("%s: the end of the scan cannot be told: neither the input nor the recipe says how many frames there are", s.where("num_frames")).
			WithHint("set num_frames or positions_theory")
	}
	if n == 0 {
		return 0, nil, problem.Inputf("no frame is selected: the scan has %d frames and %d positions", max(d.Frames, 0), len(d.Positions)).
			WithHint("check the selection in the recipe (bounds, skip, framefilter, frameorder)")
	}
	if d.Positions != nil {
		positions = d.Positions[:n]
	}
	return n, positions, nil
}

// CheckTheory gives the problem of positions_theory that is longer than the scan has frames.
func (s *Settings) CheckTheory(frames int) error {
	if len(s.PositionsTheory) <= frames {
		return nil
	}
	return problem.Inputf("%s: %d positions given for %d frames", s.where("positions_theory"), len(s.PositionsTheory), frames).
		WithHint("give at most %d positions, one for each frame in the order of the scan", frames)
}

// checkPositions refuses positions that are no numbers: no reconstruction can use such a frame.
func checkPositions(d *Description, positions [][2]float64) error {
	bad, first := 0, -1
	for k, p := range positions {
		if s := p[0] + p[1]; s-s != 0 { // NaN or infinite
			if bad == 0 {
				first = k
			}
			bad++
		}
	}
	if bad == 0 {
		return nil
	}
	return problem.Inputf("the positions of %d of %d frames are no numbers, first that of %s: (%v, %v) m",
		bad, len(positions), d.frameName(first), positions[first][0], positions[first][1]).
		WithHint("leave these points out (framefilter, bounds, num_frames), or give positions_theory")
}

// frameName is what messages call frame k.
func (d *Description) frameName(k int) string {
	if d.Name != nil {
		return d.Name(k)
	}
	return fmt.Sprintf("frame %d", k)
}

// squareShape is the region of interest: as asked or the whole frame, always square.
func squareShape(s *Settings, rows, cols int) [2]int {
	shape := [2]int{rows, cols}
	if s.Shape != nil {
		shape = *s.Shape
	}
	m := min(shape[0], shape[1])
	return [2]int{m, m}
}

// wantsMassCentre says whether frames must be read to find the centre.
func (s *Settings) wantsMassCentre() bool {
	return s.AutoCenter == Yes || s.AutoCenter == Unset && s.Center.Kind == CenterNone
}

// checkCentre is the rule 0 < c < D in both axes.
func checkCentre(s *Settings, c [2]float64, rows, cols int, found string) error {
	if c[0] > 0 && c[0] < float64(rows) && c[1] > 0 && c[1] < float64(cols) {
		return nil
	}
	return problem.Inputf("%s: the centre (%s, %s)%s lies outside the frame of %d x %d pixels (rows x columns); it must be above 0 and below the size in both axes",
		s.where("center"), number(c[0]), number(c[1]), found, rows, cols).
		WithHint("give center as (row, column) in pixels of the raw frame, counted from 0")
}

func number(x float64) string {
	if x == math.Trunc(x) && math.Abs(x) < 1e15 {
		return fmt.Sprintf("%d", int64(x))
	}
	return fmt.Sprintf("%.4g", x)
}

// geometry fills in all that follows from the centre c.
func (p *Plan) geometry(s *Settings, c [2]float64) error {
	d := &p.raw
	size := p.RawShape[0]
	p.RawCenter, p.Rebin, p.Orient = c, s.Rebin, s.Orientation
	p.Window = imgproc.Whole(d.Rows, d.Cols)
	p.Moved = size != d.Rows || size != d.Cols || !s.Orientation.None() || s.Rebin != 1
	centre := c
	if p.Moved {
		p.Window = imgproc.CropAbout(c, size, size)
		centre = s.Orientation.Centre([2]float64{float64(size / 2), float64(size / 2)}, size)
	}
	b := float64(s.Rebin)
	p.Rows, p.Cols = size/s.Rebin, size/s.Rebin
	psize := p.RawPSizeM
	if s.Orientation.Transpose {
		psize[0], psize[1] = psize[1], psize[0]
	}
	p.Meta.Shape = [2]int{p.Rows, p.Cols}
	p.Meta.Center = [2]float64{centre[0] / b, centre[1] / b}
	p.Meta.PSizeM = [2]float64{psize[0] * b, psize[1] * b}
	return nil
}

// checkRebin is known before any frame is read.
func checkRebin(s *Settings, size int) error {
	if s.Rebin < 1 || s.Rebin > 32 {
		return problem.Usagef("%s: is %d, expected 1 to 32", s.where("rebin"), s.Rebin)
	}
	if size%s.Rebin != 0 {
		kind := problem.Inputf
		if s.Shape != nil && !s.ShapeRecorded { // both numbers stand in the recipe
			kind = problem.Usagef
		}
		p := kind("%s: frames of %d x %d pixels cannot be binned by %d: %d is not a multiple of %d",
			s.where("rebin"), size, size, s.Rebin, size, s.Rebin)
		if size < s.Rebin {
			return p.WithHint("choose shape: %d, or a smaller rebin", s.Rebin)
		}
		return p.WithHint("choose shape: %d or shape: %d", size/s.Rebin*s.Rebin, (size/s.Rebin+1)*s.Rebin)
	}
	return nil
}

// outputType is the type of prepared frames.
func outputType(d *Description, s *Settings) pix.Type {
	switch s.Output {
	case OutputFloat32:
		return pix.Float32
	case OutputFloat64:
		return pix.Float64
	}
	t := d.Type
	if t == pix.Bool {
		t = pix.Uint8
	}
	if s.Rebin > 1 {
		t = imgproc.RebinType(t)
	}
	return t
}

// maxStoredPixels is the largest frame that is read: far beyond any detector, such a dataset is damaged
// or no stack of frames.
const maxStoredPixels = 1 << 31

// checkSize refuses frames of rows x cols, and squares of size pixels a side cut from them, that no
// memory holds.
func checkSize(s *Settings, rows, cols, size int) error {
	w := imgproc.Whole(size, size)
	switch {
	case float64(rows)*float64(cols) > maxStoredPixels:
		return problem.Inputf("frames of %d x %d pixels are too large, expected at most %d million pixels", rows, cols, maxStoredPixels>>20).
			WithHint("look at the shape of the dataset")
	case !absurd(w, rows, cols):
		return nil
	case s.ShapeRecorded:
		return problem.Inputf("%s: %d x %d pixels, where the frames have %d x %d", s.where("shape"), size, size, rows, cols).
			WithHint("set shape to the side of the region of interest in pixels")
	}
	return CheckBeyond(s.where("shape"), w, rows, cols)
}

// newPlan makes the part of the plan that needs no frame.
func newPlan(d *Description, s *Settings, o *Options) (*Plan, error) {
	n, positions, err := frameCount(d, s)
	if err != nil {
		return nil, err
	}
	if err := checkPositions(d, positions); err != nil {
		return nil, err
	}
	p := &Plan{Frames: n, Positions: positions, raw: *d, HasMask: d.HasMask, Recorded: d.Recorded}
	p.RawShape = squareShape(s, d.Rows, d.Cols)
	if err := checkSize(s, d.Rows, d.Cols, p.RawShape[0]); err != nil {
		return nil, err
	}
	if err := checkRebin(s, p.RawShape[0]); err != nil {
		return nil, err
	}
	if !s.wantsMassCentre() {
		c, ok := s.Center.At(d.Rows, d.Cols)
		if !ok {
			c, _ = Center{Kind: CenterFFTShift}.At(d.Rows, d.Cols)
		}
		if err := checkCentre(s, c, d.Rows, d.Cols, ""); err != nil {
			return nil, err
		}
	}
	p.Type = outputType(d, s)
	p.Blocks = o.blocks(n, s)
	p.Meta = Meta{Version: s.Version, NumFrames: n, Label: s.Label}
	return p, p.setUp(s, d)
}

// sensible says whether a recorded energy, distance or pixel size can be one.
func sensible(x float64) bool { return x > 0 && !math.IsInf(x, 0) }

// setUp takes energy, distance and pixel size from the input, else from the recipe.
func (p *Plan) setUp(s *Settings, d *Description) error {
	p.Meta.EnergyKeV, p.Meta.DistanceM, p.RawPSizeM = s.EnergyKeV, s.DistanceM, s.PSizeM
	r := d.Recorded
	if r.EnergyKeV != nil {
		p.Meta.EnergyKeV = *r.EnergyKeV
	}
	if r.DistanceM != nil {
		p.Meta.DistanceM = *r.DistanceM
	}
	if r.PSizeM != nil {
		p.RawPSizeM = *r.PSizeM
	}
	psize := p.RawPSizeM[0]
	if sensible(psize) { // the worse of the two is told
		psize = p.RawPSizeM[1]
	}
	var missing problem.List
	for _, q := range []struct {
		key, unit string
		value     float64
		recorded  bool
	}{
		{"energy", "keV", p.Meta.EnergyKeV, r.EnergyKeV != nil},
		{"distance", "m", p.Meta.DistanceM, r.DistanceM != nil},
		{"psize", "m", psize, r.PSizeM != nil},
	} {
		if q.recorded && !sensible(q.value) {
			missing = append(missing, problem.Inputf("%s: the data record %v %s, expected a number above 0", s.where(q.key), q.value, q.unit).
				WithHint("leave the recorded value out of the recipe and give %s in %s", q.key, q.unit))
			continue
		}
		if math.IsNaN(q.value) {
			missing = append(missing, problem.Usagef("%s: is null, and the data do not record it either", s.where(q.key)).
				WithHint("give %s in %s", q.key, q.unit))
		}
		if !q.recorded && slices.Contains(s.FromDefaults, q.key) {
			p.Defaulted = append(p.Defaulted, fmt.Sprintf("%s: %v %s", q.key, q.value, q.unit))
		}
	}
	return missing.Err()
}
