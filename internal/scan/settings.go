package scan

import (
	"ptyprep/internal/imgproc"
)

// OutputType says which number type frames take in the end.
type OutputType uint8

// The output types a recipe can ask for with output_dtype.
const (
	OutputAuto    OutputType = iota // integers stay integers while nothing divides them, else float32
	OutputRaw                       // numpy's in-place arithmetic: results are cut back into the frame's type
	OutputFloat32                   // everything becomes float32 at the very end
	OutputFloat64                   // everything becomes float64, and is divided in float64
)

// CenterKind says how the optical axis is given.
type CenterKind uint8

// The ways to give a centre.
const (
	CenterNone      CenterKind = iota // not given: the mass centre, or the middle
	CenterFFTShift                    // floor(D/2)
	CenterGeometric                   // D/2 - 0.5
	CenterFFT                         // (0, 0)
	CenterPoint                       // a point
)

// Center is the optical axis as the recipe gives it, in pixels (row, column) of the frame as
// loaded.
type Center struct {
	Kind  CenterKind
	Point [2]float64
}

// At gives the centre in a frame of rows x cols; ok is false for CenterNone.
func (c Center) At(rows, cols int) (p [2]float64, ok bool) {
	switch c.Kind {
	case CenterFFTShift:
		return [2]float64{float64(rows / 2), float64(cols / 2)}, true
	case CenterGeometric:
		return [2]float64{float64(rows)/2 - 0.5, float64(cols)/2 - 0.5}, true
	case CenterFFT:
		return [2]float64{}, true
	case CenterPoint:
		return c.Point, true
	}
	return p, false
}

// Tri is yes, no or not said.
type Tri int8

// The values of Tri.
const (
	Unset Tri = iota
	Yes
	No
)

// Settings are the base parameters of a scan, decoded (PtyScan's DEFAULT tree).
type Settings struct {
	AutoCenter      Tri
	Center          Center
	Shape           *[2]int // region of interest (rows, columns) before binning; nil: the whole frame
	ShapeRecorded   bool    // Shape is what the input says, not the recipe
	Rebin           int     // 1: none
	Orientation     imgproc.Orientation
	MinFrames       int
	NumFrames       int          // 0: all; of a recipe with positions_theory their number
	PositionsTheory [][2]float64 // metres; nil: the input's positions
	Label           *string
	Version         float64
	EnergyKeV       float64    // NaN: null
	DistanceM       float64    // NaN: null
	PSizeM          [2]float64 // NaN: null
	FromDefaults    []string   // of energy, distance and psize those that the recipe does not give
	BlockFrames     int        // frames_per_block: frames a chunk, and the block whose mean gives the automatic centre
	Output          OutputType

	// Where gives the place of a parameter for messages ("recipe.yaml:8:7: center"); nil: the bare key.
	Where func(key string) string
}

// Wanted is how many of n frames there are the recipe asks for; files beyond need not be looked at.
// Asking for more than there are is told by Run.
func (s *Settings) Wanted(n int) int {
	if s.NumFrames > 0 {
		return min(n, s.NumFrames)
	}
	return n
}

func (s *Settings) where(key string) string {
	if s.Where == nil {
		return key
	}
	return s.Where(key)
}
