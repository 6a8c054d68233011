// Package positions makes scan points (the recipe's tree `xy`) and finds the windows of the
// object that they look at.
package positions

import (
	"math"

	"ptyprep/internal/recipes/sim/field"
	"ptyprep/internal/recipes/sim/noise"
	"ptyprep/internal/recipes/sim/note"
	"ptyprep/internal/scan/problem"
)

// MaxPoints is the largest number of scan points that is made.
const MaxPoints = 10_000_000

// maxSpiral is where ptypy stops a spiral.
const maxSpiral = 100_000

// Point is a scan point (vertical, horizontal), in metres.
type Point = [2]float64

// Options is the tree `xy`. A nil pointer or slice means null.
type Options struct {
	Override []Point // taken as they are; everything else has no effect
	Model    string  // round, spiral, raster (round_roi, spiral_roi: other names); "": Points
	Points   []Point // the points, when Model is ""
	ExtentM  *[2]float64
	SpacingM *[2]float64
	Steps    *[2]int
	OffsetM  *Point
	Jitter   *float64 // standard deviation of a random shift, in units of the spacing
	Count    *int     // keep the first Count points; 0 and below: all
	Centred  bool     // raster only: subtract the mean first
}

// Make gives the scan points in scan order. The seed is that of the jitter.
func Make(o Options, seed uint64) ([]Point, []note.Note, error) {
	if o.Override != nil {
		return checked(append([]Point(nil), o.Override...), "xy.override", nil)
	}
	r, err := o.resolve()
	if err != nil {
		return nil, nil, err
	}
	pts, notes, err := o.model(r)
	if err != nil {
		return nil, notes, err
	}
	if o.Centred {
		if o.Model == "raster" {
			centre(pts)
		} else {
			notes = append(notes, note.Noticef("xy.centred", "has no effect on a scan that is not a raster"))
		}
	}
	if o.OffsetM != nil {
		for i := range pts {
			pts[i] = Point{pts[i][0] + o.OffsetM[0], pts[i][1] + o.OffsetM[1]}
		}
	}
	if o.ExtentM != nil {
		n := len(pts)
		if pts = within(pts, *o.ExtentM); len(pts) < n && o.Model == "raster" {
			notes = append(notes, note.Warnf("xy.extent", "extent drops %d of %d points", n-len(pts), n))
		}
	}
	if o.Count != nil && *o.Count > 0 && *o.Count < len(pts) {
		pts = pts[:*o.Count]
	}
	if o.Jitter != nil && *o.Jitter != 0 {
		shake(pts, *o.Jitter, r.spacing, seed)
	}
	return checked(pts, "xy", notes)
}

// checked refuses an empty list and points that are not finite.
func checked(pts []Point, key string, notes []note.Note) ([]Point, []note.Note, error) {
	if len(pts) == 0 {
		return nil, notes, problem.Usagef("%s gives no scan point", key).WithHint("check xy.extent, xy.offset and xy.steps against each other")
	}
	for i, p := range pts {
		if d := p[0] - p[0] + p[1] - p[1]; d != 0 {
			return nil, notes, problem.Usagef("%s: point %d is (%g, %g), not finite", key, i, p[0], p[1])
		}
	}
	return pts, notes, nil
}

// resolved is extent, steps and spacing with the missing one computed.
type resolved struct {
	extent, spacing [2]float64
	steps           [2]int
}

func (o Options) resolve() (r resolved, err error) {
	if o.Model == "" {
		if o.SpacingM != nil {
			r.spacing = *o.SpacingM // for the jitter
		}
		return r, nil
	}
	missing := 0
	for _, null := range []bool{o.ExtentM == nil, o.SpacingM == nil, o.Steps == nil} {
		if null {
			missing++
		}
	}
	if missing > 1 {
		return r, problem.Usagef("xy: %d of extent, spacing and steps are null, at most one may be", missing)
	}
	for ax := range 2 {
		switch {
		case o.Steps == nil:
			r.extent[ax], r.spacing[ax] = o.ExtentM[ax], o.SpacingM[ax]
			q := r.extent[ax] / r.spacing[ax]
			if !(math.Abs(q) < MaxPoints) {
				return r, problem.Usagef("xy: extent %g m over spacing %g m makes %g steps", r.extent[ax], r.spacing[ax], q)
			}
			r.steps[ax] = int(q)
		case o.SpacingM == nil:
			r.extent[ax], r.steps[ax] = o.ExtentM[ax], o.Steps[ax]
			r.spacing[ax] = r.extent[ax] / float64(r.steps[ax])
		default:
			r.steps[ax], r.spacing[ax] = o.Steps[ax], o.SpacingM[ax]
			r.extent[ax] = float64(r.steps[ax]) * r.spacing[ax]
		}
		if !(r.spacing[ax] > 0) || math.IsInf(r.spacing[ax], 0) || r.steps[ax] < 0 || r.steps[ax] > MaxPoints {
			return r, problem.Usagef("xy: %d steps of %g m: neither may be negative nor the spacing 0, and steps at most %d", r.steps[ax], r.spacing[ax], MaxPoints)
		}
	}
	return r, nil
}

func (o Options) model(r resolved) ([]Point, []note.Note, error) {
	name := o.Model
	var notes []note.Note
	if name == "round_roi" || name == "spiral_roi" {
		name = name[:len(name)-len("_roi")]
		notes = append(notes, note.Noticef("xy.model", "%q is taken as %q: the extent limits every model", o.Model, name))
	}
	switch name {
	case "":
		if o.Points == nil {
			return nil, nil, problem.Usagef("xy.model is null: there are no scan points").WithHint("set xy.model to round, spiral, raster or a list of points")
		}
		return append([]Point(nil), o.Points...), nil, nil
	case "round":
		if n := 5. / 2 * float64(r.steps[0]/2+1) * float64(r.steps[0]/2+2); n > MaxPoints {
			return nil, nil, problem.Usagef("xy.steps %d makes %.0f points, more than %d", r.steps[0], n, MaxPoints)
		}
		return Round(r.spacing[0], r.steps[0]), notes, nil
	case "spiral":
		return Spiral(r.spacing[0], r.extent[0]), notes, nil
	case "raster":
		if n := float64(r.steps[0]) * float64(r.steps[1]); n > MaxPoints {
			return nil, nil, problem.Usagef("xy.steps (%d, %d) makes %.0f points, more than %d", r.steps[0], r.steps[1], n, MaxPoints)
		}
		return Raster(r.spacing, r.steps), notes, nil
	}
	return nil, nil, problem.Usagef("xy.model %q is none of round, spiral, raster and a list of points", o.Model)
}

// Round gives a point in the middle and shells k = 1 .. steps/2+1 of 5k points, the
// spacing (metres) apart.
func Round(spacingM float64, steps int) []Point {
	pts := []Point{{0, 0}}
	for k := 1; k <= steps/2+1; k++ {
		dt := 2 * math.Pi / float64(5*k)
		for j := range 5 * k {
			sin, cos := math.Sincos(float64(j) * dt)
			pts = append(pts, Point{float64(k) * spacingM * sin, float64(k) * spacingM * cos})
		}
	}
	return pts
}

// Spiral gives points of one area each on a spiral, up to the radius extentM/2.
func Spiral(spacingM, extentM float64) []Point {
	var pts []Point
	for k := range maxSpiral {
		t := math.Sqrt(4*math.Pi) * math.Sqrt(float64(k))
		radius := spacingM / (2 * math.Pi) * t
		if radius > extentM/2 {
			break
		}
		sin, cos := math.Sincos(t)
		pts = append(pts, Point{radius * sin, radius * cos})
	}
	return pts
}

// Raster gives a grid that starts at (0, 0). The vertical coordinate is the slow one and
// takes the second entries of spacing and steps, as ptypy's does.
func Raster(spacingM [2]float64, steps [2]int) []Point {
	pts := make([]Point, 0, steps[0]*steps[1])
	for i := range steps[1] {
		for j := range steps[0] {
			pts = append(pts, Point{spacingM[1] * float64(i), spacingM[0] * float64(j)})
		}
	}
	return pts
}

func centre(pts []Point) {
	var sum Point
	for _, p := range pts {
		sum[0] += p[0]
		sum[1] += p[1]
	}
	n := float64(len(pts))
	for i := range pts {
		pts[i] = Point{pts[i][0] - sum[0]/n, pts[i][1] - sum[1]/n}
	}
}

// within keeps the points inside a window of the given extent about (0, 0), rim included.
func within(pts []Point, extent [2]float64) []Point {
	out := pts[:0]
	for _, p := range pts {
		if math.Abs(p[0]) <= extent[0]/2 && math.Abs(p[1]) <= extent[1]/2 {
			out = append(out, p)
		}
	}
	return out
}

func shake(pts []Point, jitter float64, spacing [2]float64, seed uint64) {
	s := noise.NewStream(seed, noise.Jitter, 0)
	for i := range pts {
		for ax := range 2 {
			pts[i][ax] += jitter * spacing[ax] * s.Normal()
		}
	}
}

// Windows is where the frames lie in the object.
type Windows struct {
	Low   [][2]int // upper left corner of each frame's window
	Shape [2]int   // the object that holds them all
}

// NewWindows finds the windows (frame rows x columns) of scan points for the sample pixel
// resolutionM. Offsets from the first point are rounded to whole pixels: a reconstruction
// with the same geometry rounds the same way.
func NewWindows(pts []Point, resolutionM [2]float64, frame [2]int) (Windows, error) {
	w := Windows{Low: make([][2]int, len(pts)), Shape: frame}
	for ax := range 2 {
		lo, hi := 0.0, 0.0
		for _, p := range pts {
			d := math.RoundToEven((p[ax]-pts[0][ax])/resolutionM[ax] + 0.00001)
			lo, hi = min(lo, d), max(hi, d)
		}
		if !(hi-lo+float64(frame[ax]) <= field.MaxPixels) {
			return w, tooLarge(pts, hi-lo, resolutionM[ax])
		}
		for k, p := range pts {
			w.Low[k][ax] = int(math.RoundToEven((p[ax]-pts[0][ax])/resolutionM[ax]+0.00001) - lo)
		}
		w.Shape[ax] = int(hi-lo) + frame[ax]
	}
	if float64(w.Shape[0])*float64(w.Shape[1]) > field.MaxPixels {
		return w, tooLarge(pts, float64(max(w.Shape[0], w.Shape[1])), min(resolutionM[0], resolutionM[1]))
	}
	return w, nil
}

// NewWindowsFromLowest finds the windows by rounding offsets from the lowest coordinates
// instead (ptypy's MoonFlowerScan, `rounding: peer`).
func NewWindowsFromLowest(pts []Point, resolutionM [2]float64, frame [2]int) (Windows, error) {
	lowest := pts[0]
	for _, p := range pts {
		lowest = Point{min(lowest[0], p[0]), min(lowest[1], p[1])}
	}
	w := Windows{Low: make([][2]int, len(pts)), Shape: frame}
	for ax := range 2 {
		for k, p := range pts {
			d := math.RoundToEven(p[ax]/resolutionM[ax] - lowest[ax]/resolutionM[ax])
			if !(d+float64(frame[ax]) <= field.MaxPixels) {
				return w, tooLarge(pts, d, resolutionM[ax])
			}
			w.Low[k][ax] = int(d)
			w.Shape[ax] = max(w.Shape[ax], int(d)+frame[ax])
		}
	}
	if float64(w.Shape[0])*float64(w.Shape[1]) > field.MaxPixels {
		return w, tooLarge(pts, float64(max(w.Shape[0], w.Shape[1])), min(resolutionM[0], resolutionM[1]))
	}
	return w, nil
}

func tooLarge(pts []Point, span, pixel float64) error {
	return problem.Usagef("%d scan points span %.3g pixels of %.3g m: the object would have more than %d pixels", len(pts), span, pixel, field.MaxPixels).
		WithHint("scan points are in metres; check xy, and energy, distance and psize, which give the pixel")
}
