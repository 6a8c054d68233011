// Package nearfield holds what the near-field recipes of I13 and of the laser laboratory have in
// common: the square that is cut out of frames on loading, hot pixels, Richardson-Lucy
// deconvolution, and dark and flat after them.
package nearfield

import (
	"math"

	"ptyprep/internal/imgproc"
	"ptyprep/internal/imgproc/pix"
	"ptyprep/internal/recipes"
	"ptyprep/internal/recipes/beam"
	"ptyprep/internal/recipes/h5in"
	"ptyprep/internal/scan"
	"ptyprep/internal/scan/param"
	"ptyprep/internal/scan/problem"
)

// unset is a word for no centre.
const unset = "unset"

// Params are the keys that Declare adds to a tree.
type Params struct {
	UseEP, Hot, HotSize, HotTolerance, HotIgnoreEdges param.Key
	RL, RLIterations, RLFile, RLGaussians             param.Key
}

// spot is the tree of one gaussian.
var spot = param.New("gaussian", "A gaussian spot of the point spread function.")

func width(name, help string) param.Key {
	return spot.Add(param.Spec{Path: name, Forms: param.Float, Default: 1.0, Unit: "px", Min: param.At(0), AboveMin: true, Help: help})
}

func offset(name, help string) param.Key {
	return spot.Add(param.Spec{Path: name, Forms: param.Float, Default: 0.0, Unit: "px", Help: help})
}

var (
	stdX = width("std_x", "Standard deviation along the columns.")
	stdY = width("std_y", "Standard deviation along the rows.")
	offX = offset("off_x", "Offset along the columns.")
	offY = offset("off_y", "Offset along the rows.")
)

// Declare adds the parameters of near-field recipes to a tree; tolerance is the default of
// remove_hot_pixels.tolerance.
func Declare(t *param.Tree, tolerance float64) Params {
	t.SetDefault(recipes.AutoCenter, false)
	t.SetDefault(recipes.Orientation, []any{false, false, false})
	t.Override(recipes.Center, func(s *param.Spec) {
		s.Choices, s.Names = []any{recipes.CenterFFTShift, unset}, []string{"column", "row"}
		s.Help = "Middle of the square that is cut out of the raw frame on loading, as (COLUMN, ROW), other than in most recipes; a fraction is " +
			"rounded down. fftshift, unset and null: the middle of the frame. Afterwards the optical axis is the middle of the square."
	})
	t.Override(recipes.Shape, func(s *param.Spec) {
		s.Help = "Size of the square that is cut out of the raw frame on loading: one whole number. Null: the whole frame, made square."
	})
	p := Params{UseEP: beam.AddFlag(t, "use_EP", "Takes a scan without motors as one frame at position (0, 0): the beam without a sample.")}
	t.Group("remove_hot_pixels", "Replaces single pixels that stand out from the median of their neighbours.")
	p.Hot = beam.AddFlag(t, "remove_hot_pixels.apply", "Whether it is done, for frames, dark and flat.")
	p.HotSize = t.Add(param.Spec{Path: "remove_hot_pixels.size", Forms: param.Int, Default: 3, Unit: "px", Min: param.At(1), Help: "Width of the median filter, odd."})
	p.HotTolerance = t.Add(param.Spec{Path: "remove_hot_pixels.tolerance", Forms: param.Float, Default: tolerance, Min: param.At(0),
		Help: "A pixel is hot if it is farther from the median than this many standard deviations of that distance over the frame."})
	p.HotIgnoreEdges = beam.AddFlag(t, "remove_hot_pixels.ignore_edges", "Leaves the outermost pixels as they are.")
	t.Group("rl_deconvolution", "Richardson-Lucy deconvolution of frames with the point spread function of the detector.")
	p.RL = beam.AddFlag(t, "rl_deconvolution.apply", "Whether it is done, after hot pixels and before dark and flat.")
	p.RLIterations = t.Add(param.Spec{Path: "rl_deconvolution.numiter", Forms: param.Int, Default: 5, Min: param.At(0), Help: "Number of iterations."})
	p.RLFile = beam.AddFile(t, "rl_deconvolution.dfile", nil, "HDF5 file with the transfer function, dataset `mtf`, as large as the square that is cut, frequency 0 first. Null: made of gaussians.")
	p.RLGaussians = t.Add(param.Spec{Path: "rl_deconvolution.gaussians", Forms: param.Group, Entry: spot, Default: []string{"g1"},
		Help: "The point spread function as a sum of gaussians, by any names. Giving any replaces the default one."})
	t.Rule(func(v *param.Values) (bad problem.List) {
		if s := v.IntPair(recipes.Shape); s[0] != s[1] {
			bad = append(bad, v.Problem(recipes.Shape, "is (%d, %d), expected one number: a square is cut out of the frames", s[0], s[1]))
		}
		if n := v.Int(p.HotSize); n%2 == 0 {
			bad = append(bad, v.Problem(p.HotSize, "is %d, expected an odd number", n).WithHint("%d or %d", n-1, n+1))
		}
		return bad
	})
	return p
}

// Field is the near-field part of one scan.
type Field struct {
	Cut imgproc.Rect // of the stored frame
	hot *imgproc.HotPixels
	rl  *imgproc.RichardsonLucy
}

// Open decides the cut of frames of rows x cols and plans the corrections.
func (p *Params) Open(files *h5in.Files, v *param.Values, rows, cols int) (*Field, error) {
	f := new(Field)
	var err error
	if f.Cut, err = cut(v, rows, cols); err != nil {
		return nil, err
	}
	if v.Bool(p.Hot) {
		// Edges are mirrored, so a wider window would see the same pixels again.
		if n, most := v.Int(p.HotSize), max(9, 2*f.Cut.Rows); n > most {
			return nil, v.InputProblem(p.HotSize, "is %d, more than twice the size of the frames (%d x %d pixels)", n, f.Cut.Rows, f.Cut.Cols).
				WithHint("hot pixels are single ones: 3 or 5 do")
		}
		f.hot = &imgproc.HotPixels{Size: v.Int(p.HotSize), Tolerance: v.Float(p.HotTolerance), IgnoreEdges: v.Bool(p.HotIgnoreEdges)}
	}
	if v.Bool(p.RL) {
		mtf, err := p.transfer(files, v, f.Cut.Rows)
		if err != nil {
			return nil, err
		}
		f.rl = imgproc.NewRichardsonLucy(mtf, f.Cut.Rows, f.Cut.Cols, v.Int(p.RLIterations))
	}
	return f, nil
}

// cut is the square of shape about center, (column, row).
func cut(v *param.Values, rows, cols int) (imgproc.Rect, error) {
	n := min(rows, cols)
	if !v.IsNull(recipes.Shape) {
		n = v.IntPair(recipes.Shape)[0]
	}
	x, y := cols/2, rows/2
	if c := recipes.CenterOf(v, recipes.Center); c.Kind == scan.CenterPoint {
		x, y = floor(c.Point[0]), floor(c.Point[1])
	}
	r := imgproc.Rect{Row: y - n/2, Col: x - n/2, Rows: n, Cols: n}
	if !r.Inside(rows, cols) {
		return r, v.InputProblem(recipes.Center, "the square of %d pixels about column %d and row %d reaches beyond the frame of %d x %d pixels (rows x columns)", n, x, y, rows, cols).
			WithHint("choose a smaller shape, or center (column, row) nearer to the middle (%d, %d)", cols/2, rows/2)
	}
	return r, nil
}

// floor rounds down, and keeps far numbers outside of any frame.
func floor(x float64) int { return int(math.Floor(max(min(x, 1<<30), -1<<30))) }

// transfer is the transfer function for frames of n x n.
func (p *Params) transfer(files *h5in.Files, v *param.Values, n int) ([]float64, error) {
	if !v.IsNull(p.RLFile) {
		im, err := beam.HDF5Image(files, v.Path(p.RLFile), "mtf", v.Where(p.RLFile), n, n)
		if err != nil {
			return nil, err
		}
		var wide pix.Image
		imgproc.Convert(&wide, im, pix.Float64)
		return pix.Pixels[float64](&wide), nil
	}
	var spots []imgproc.Gaussian
	for _, g := range v.Set(p.RLGaussians) {
		spots = append(spots, imgproc.Gaussian{StdX: g.Float(stdX), StdY: g.Float(stdY), OffX: g.Float(offX), OffY: g.Float(offY)})
	}
	if len(spots) == 0 {
		return nil, v.Problem(p.RLGaussians, "holds no gaussian")
	}
	return imgproc.Transfer(spots, n, n), nil
}

// Calibration makes the dark or flat of a mean of cut frames: hot pixels are taken out once.
// nil gives nil.
func (f *Field) Calibration(m *beam.Mean) *pix.Image {
	if m == nil {
		return nil
	}
	im := m.Image()
	if f.hot != nil {
		f.hot.Remove(im, new(imgproc.HotSpace))
	}
	return im
}

// Mask cuts a mask of whole frames of rows x cols; nil gives nil.
func (f *Field) Mask(m []byte, rows, cols int) []byte {
	if m == nil {
		return nil
	}
	out := make([]byte, f.Cut.Rows*f.Cut.Cols)
	imgproc.WindowMask(out, m, rows, cols, f.Cut)
	return out
}

// SetUp adds the corrections to the scan of cut frames and tells the settings that frames have
// been cut: their centre is the middle.
func (f *Field) SetUp(src *beam.Scan, set *scan.Settings, env *recipes.Env, dark, flat *pix.Image) {
	set.Center, set.Shape = scan.Center{Kind: scan.CenterFFTShift}, &[2]int{f.Cut.Rows, f.Cut.Cols}
	src.Output = set.Output
	if f.hot != nil || f.rl != nil {
		src.Steps = append(src.Steps, beam.Whole(f.sharpen))
		px := int64(f.Cut.Rows) * int64(f.Cut.Cols)
		if set.Output == scan.OutputFloat64 {
			src.FrameBytes += 4 * px
		}
		if f.hot != nil {
			src.FrameBytes += 8 * px
		}
		if f.rl != nil {
			src.FrameBytes += f.rl.ScratchBytes()
			src.FixedBytes += f.rl.Bytes()
		}
	}
	src.Calibrate(env, dark, flat)
}

// space is the memory of a slot.
type space struct {
	hot    imgproc.HotSpace
	rl     imgproc.DeconvSpace
	narrow pix.Image
}

// sharpen takes out hot pixels and deconvolves. Both run in float32; frames in float64
// (output_dtype) are rounded for it.
func (f *Field) sharpen(s *beam.Slot) error {
	w, ok := s.Local.(*space)
	if !ok {
		w = new(space)
		s.Local = w
	}
	im := s.Frame.Pix
	if im.Type != pix.Float32 {
		imgproc.Convert(&w.narrow, im, pix.Float32)
		im = &w.narrow
	}
	if f.hot != nil {
		f.hot.Remove(im, &w.hot)
	}
	if f.rl != nil {
		f.rl.Apply(im, &w.rl)
	}
	if im != s.Frame.Pix {
		imgproc.Convert(s.Frame.Pix, im, s.Frame.Pix.Type)
	}
	return nil
}
