package hdf5

import (
	"context"
	"fmt"
	"math"
	"slices"

	"ptyprep/internal/formats/h5frames"
	"ptyprep/internal/imgproc"
	"ptyprep/internal/imgproc/pix"
	"ptyprep/internal/recipes"
	"ptyprep/internal/recipes/h5in"
	"ptyprep/internal/scan"
	"ptyprep/internal/scan/param"
	"ptyprep/internal/scan/problem"
	"ptyprep/internal/scan/units"
)

// Spec is the recipe.
var Spec = recipes.Spec{
	Name: "Hdf5Loader", Aliases: []string{"Hdf5LoaderFast"}, Tree: Tree,
	Summary: "Frames, positions and corrections from datasets of HDF5 files, each named by file and key.",
	Open:    recipes.OpenFunc(Open),
	Doc: `The most general recipe: it needs nothing but the names of the datasets.

How positions and frames go together (the first that fits):

| frames | slow axis | fast axis | scan |
|---|---|---|---|
| (A, B, rows, columns) | (A, B) | (A, B) | grid |
| (k, rows, columns) | (k) | (k) | list of points |
| (A*B, rows, columns) | (A, B) | (A, B) | grid, frames in a list |
| (C, D, rows, columns) | (C) | (D) | mesh of two axes |
| (C*D, rows, columns) | (C) | (D) | mesh, frames in a list |

Frames are corrected in this order: dark, flat, normalisation, mask, padding. Points are selected in this order:
bounds, skip, framefilter, frameorder, num_frames.

Frames may lie in several datasets, each a stack (k, rows, columns) or a single frame (rows, columns): an Eiger master without a
virtual dataset has ` + "`key: entry/data/data_*`, a scan spread over files has `file: scan_*.h5`" + `. Positions and monitor count through;
without a file of their own they are looked for in the first one.

` + "`Hdf5LoaderFast`" + ` is another name for the same recipe.`,
}

// Open opens the recipe.
func Open(ctx context.Context, env *recipes.Env, v *param.Values) (*recipes.Opened, error) {
	return OpenAs(ctx, env, v, Extras{})
}

// AxesFunc gives the grid of points for frames of leading shape lead in place of the stored
// positions.
type AxesFunc func(lead []int) (*Grid, error)

// Extras are what recipes that build on this one do otherwise. Each may be left out.
type Extras struct {
	Files    *h5in.Files   // files that are open already; the scan closes them
	Axes     AxesFunc      // computes the positions
	Recorded scan.Recorded // values of the set-up that no single dataset holds; they beat recorded_*
	// MaskInto says which pixels a stored mask takes for valid (1, else 0), in place of mask.invert.
	MaskInto func(dst []byte, stored *pix.Image)
	// Limit cuts the selected points to those that are there, where a scan may have stopped early. It
	// gives the number of leading points (before selection, in their order) that are complete, and
	// what to say about the others ("": nothing is missing).
	Limit func(points int) (complete int, leftOut string, err error)
	// Signed is another arithmetic: (raw - dark) / flat / monitor, where negative counts stay and the
	// monitor is not multiplied by its mean. With any of the three, integer frames become float64.
	Signed bool
}

// OpenAs is Open for recipes that build on this one. v has the values of this recipe's Tree, or of
// one that inherits it.
func OpenAs(_ context.Context, env *recipes.Env, v *param.Values, x Extras) (*recipes.Opened, error) {
	l := &loader{env: env, v: v, files: x.Files, set: recipes.Settings(v), extra: x}
	if l.files == nil {
		l.files = h5in.New(env, v)
	}
	s, err := l.open()
	if err != nil {
		l.close()
		return nil, err
	}
	return &recipes.Opened{Source: s, Settings: l.set}, nil
}

// loader is what opening needs; the source keeps the parts that frames need.
type loader struct {
	env   *recipes.Env
	v     *param.Values
	files *h5in.Files
	set   *scan.Settings
	extra Extras

	intensities []string // files
	frames      *h5frames.Stack
	outer       outer
	grid        *Grid
	points      []Point
	toClose     []*h5frames.Stack
	rec         scan.Recorded
	leftOut     []string
}

func (l *loader) warn(format string, args ...any) { l.env.Log.Warn(fmt.Sprintf(format, args...)) }

func (l *loader) close() {
	for _, s := range l.toClose {
		s.Close()
	}
	l.files.Close()
}

// open reads and checks everything but frames, in the order in which one thing needs another.
func (l *loader) open() (*source, error) {
	if err := l.checkGroups(); err != nil {
		return nil, err
	}
	for _, step := range []func() error{l.openFrames, l.openEnergy, l.openOuter, l.openSetUp, l.openPositions, l.selectPoints, l.checkStored} {
		if err := step(); err != nil {
			return nil, err
		}
	}
	return l.openCorrections()
}

// checkGroups tells all groups that are given by half, before any file is opened.
func (l *loader) checkGroups() error {
	var bad problem.List
	v := l.v
	if v.IsNull(IntensitiesFile) || slices.Contains(v.Paths(IntensitiesFile), "") {
		bad = append(bad, v.Problem(IntensitiesFile, "must be given: the file that holds the frames"))
	}
	if v.IsNull(IntensitiesKey) || slices.Contains(v.Texts(IntensitiesKey), "") {
		bad = append(bad, v.Problem(IntensitiesKey, "must be given: the dataset of the frames"))
	}
	if l.extra.Axes == nil {
		for _, k := range []param.Key{SlowKey, FastKey} {
			if v.Text(k) == "" {
				bad = append(bad, v.Problem(k, "must be given: the dataset of the positions along this axis"))
			}
		}
		if !v.IsNull(PositionsFile) && v.Path(PositionsFile) == "" {
			bad = append(bad, v.Problem(PositionsFile, "is empty: it must name a file, or be null for that of the intensities"))
		}
	}
	if len(bad) > 0 {
		return bad.Err()
	}
	l.intensities = v.Paths(IntensitiesFile)
	for _, g := range []struct {
		file, key param.Key
		fallback  bool
	}{
		{MaskFile, MaskKey, false}, {FlatFile, FlatKey, false}, {DarkFile, DarkKey, false}, {NormFile, NormKey, true},
		{FilterFile, FilterKey, false}, {EnergyFile, EnergyKey, false}, {DistanceFile, DistanceKey, false}, {PSizeFile, PSizeKey, false},
	} {
		if _, _, _, err := l.group(g.file, g.key, g.fallback); err != nil {
			bad = append(bad, problem.Of(err)...)
		}
	}
	return bad.Err()
}

func (l *loader) openFrames() error {
	v := l.v
	var err error
	if l.intensities, err = l.files.Expand(l.intensities, v.Where(IntensitiesFile)); err != nil {
		return err
	}
	s, err := l.files.Frames(l.intensities, v.Texts(IntensitiesKey), v.Where(IntensitiesFile), v.Where(IntensitiesKey), h5in.IsFrames)
	if err != nil {
		return err
	}
	l.toClose = append(l.toClose, s)
	if len(s.Leading) == 0 {
		return v.InputProblem(IntensitiesKey, "%s has shape (%s): one image; frames need three dimensions at least (points, rows, columns)",
			s.Dataset(), commas(s.Shape()))
	}
	if s.Frames() == 0 || s.Rows == 0 || s.Cols == 0 {
		return v.InputProblem(IntensitiesKey, "%s has shape (%s): it holds no frames", s.Dataset(), commas(s.Shape()))
	}
	l.frames = s
	return nil
}

// openEnergy reads the recorded energy. A list of them means an outer dimension.
func (l *loader) openEnergy() error {
	a, err := l.recorded(EnergyFile, EnergyKey)
	if err != nil {
		return err
	}
	v := l.v
	list := a != nil && len(a.Shape) > 0 && a.Shape[0] > 1
	if list {
		l.outer.energies = a.Shape[0]
	}
	l.outer.active = list || !v.IsNull(OuterIndex)
	l.outer.index = v.Int(OuterIndex)
	if a == nil {
		return nil
	}
	if list && l.outer.index >= a.Shape[0] {
		return v.InputProblem(OuterIndex, "is %d, but %s holds %d energies (0 to %d)", l.outer.index, a.Name, a.Shape[0], a.Shape[0]-1)
	}
	if list {
		a = a.Entry(l.outer.index)
	}
	if len(a.Data) != 1 {
		return v.InputProblem(EnergyKey, "%s has shape (%s), expected one value or one for each entry of the outer dimension", a.Name, commas(a.Shape))
	}
	e := a.Data[0]*v.Float(EnergyMultiplier) + v.Float(EnergyOffset)
	l.rec.EnergyKeV = &e
	return l.checkRecorded(EnergyKey, a, e, "keV")
}

// openOuter takes the entry of the outer dimension off the frames' leading shape.
func (l *loader) openOuter() error {
	if !l.outer.active {
		return nil
	}
	lead := l.frames.Leading
	if n := l.outer.energies; len(lead) < 2 && n > 0 && l.v.IsNull(OuterIndex) {
		return l.v.InputProblem(EnergyKey, "holds %d energies, one for each entry of an outer dimension, which the frames (%s) do not have", n, commas(l.frames.Shape())).
			WithHint("record one energy, or give it as energy in the recipe; frames with an outer dimension have shape (entries, points, rows, columns)")
	}
	if len(lead) < 2 {
		return l.v.InputProblem(OuterIndex, "the frames have shape (%s): there is no outer dimension to take entry %d of", commas(l.frames.Shape()), l.outer.index).
			WithHint("frames with an outer dimension have shape (entries, points, rows, columns) or (entries, slow, fast, rows, columns)")
	}
	l.outer.size = lead[0]
	if n := l.outer.energies; n > 0 && n != lead[0] {
		return l.v.InputProblem(EnergyKey, "holds %d energies, but the outer dimension of the frames (%s) has %d entries", n, commas(l.frames.Shape()), lead[0])
	}
	if l.outer.index >= lead[0] {
		return l.v.InputProblem(OuterIndex, "is %d, but the outer dimension of the frames has %d entries (0 to %d)", l.outer.index, lead[0], lead[0]-1)
	}
	return nil
}

// lead is the leading shape of the frames of one scan, and the number of the first frame.
func (l *loader) lead() (shape []int, first int) {
	if !l.outer.active {
		return l.frames.Leading, 0
	}
	shape = l.frames.Leading[1:]
	return shape, l.outer.index * h5in.Product(shape)
}

// openSetUp reads distance and pixel size, and turns electron energies into those of photons.
func (l *loader) openSetUp() error {
	d, err := l.recordedOne(DistanceFile, DistanceKey, DistanceMultiplier, "m")
	if err != nil {
		return err
	}
	l.rec.DistanceM = d
	p, err := l.recordedOne(PSizeFile, PSizeKey, PSizeMultiplier, "m")
	if err != nil {
		return err
	}
	if p != nil {
		l.rec.PSizeM = &[2]float64{*p, *p}
	}
	l.takeRecorded()
	if !l.v.Bool(ElectronData) {
		return nil
	}
	e := l.set.EnergyKeV
	if l.rec.EnergyKeV != nil {
		e = *l.rec.EnergyKeV
	}
	e = units.EnergyOfWavelength(units.ElectronWavelength(e))
	if l.rec.EnergyKeV != nil {
		l.rec.EnergyKeV = &e
	} else {
		l.set.EnergyKeV = e
	}
	return nil
}

// takeRecorded lays the set-up that a recipe found by itself over that of the keys.
func (l *loader) takeRecorded() {
	r := l.extra.Recorded
	if r.EnergyKeV != nil {
		l.rec.EnergyKeV = r.EnergyKeV
	}
	if r.DistanceM != nil {
		l.rec.DistanceM = r.DistanceM
	}
	if r.PSizeM != nil {
		l.rec.PSizeM = r.PSizeM
	}
}

func (l *loader) openPositions() error {
	lead, _ := l.lead()
	if l.extra.Axes != nil {
		g, err := l.extra.Axes(lead)
		l.grid = g
		return err
	}
	slow, err := l.axis(SlowKey, SlowIndex, SlowMultiplier)
	if err != nil {
		return err
	}
	fast, err := l.axis(FastKey, FastIndex, FastMultiplier)
	if err != nil {
		return err
	}
	l.grid, err = Match(lead, slow, fast, l.v.Where(SlowKey))
	return err
}

func (l *loader) axis(keyKey, indexKey, multKey param.Key) (Axis, error) {
	v := l.v
	file := l.intensities[0]
	if !v.IsNull(PositionsFile) {
		file = v.Path(PositionsFile)
	}
	if _, err := l.files.Open(file, v.Where(PositionsFile)); err != nil {
		return Axis{}, err
	}
	a, err := l.files.Array(file, v.Text(keyKey), v.Where(keyKey))
	if err != nil {
		return Axis{}, err
	}
	if l.outer.active {
		if len(a.Shape) < 2 || a.Shape[0] != l.outer.size {
			return Axis{}, v.InputProblem(keyKey, "%s has shape (%s), expected an outer dimension of %d like that of the frames (%s)", a.Name, commas(a.Shape), l.outer.size, commas(l.frames.Shape()))
		}
		a = a.Entry(l.outer.index)
	}
	if !v.IsNull(indexKey) {
		i := v.Int(indexKey)
		if len(a.Shape) != 2 {
			return Axis{}, v.InputProblem(indexKey, "%s has shape (%s); only a two-dimensional dataset has columns", a.Name, commas(a.Shape))
		}
		if i >= a.Shape[1] {
			return Axis{}, v.InputProblem(indexKey, "is %d, but %s has %d columns (0 to %d)", i, a.Name, a.Shape[1], a.Shape[1]-1)
		}
		a = a.Column(i)
	}
	return Axis{Array: a, Multiplier: v.Float(multKey)}, nil
}

func (l *loader) selectPoints() error {
	var filter []float64
	file, key, ok, err := l.group(FilterFile, FilterKey, false)
	if err != nil {
		return err
	}
	if ok {
		a, err := l.perPoint(file, key, FilterKey)
		if err != nil {
			return err
		}
		filter = a.Data
	}
	if l.grid.List && !l.v.IsNull(SlowBounds) {
		l.warn("%s has no effect on a list of points; fast_axis_bounds selects them", l.v.Where(SlowBounds))
	}
	if l.points, err = l.grid.Select(l.v, filter); err != nil || l.extra.Limit == nil {
		return err
	}
	return l.limit()
}

// limit drops the points that are not complete.
func (l *loader) limit() error {
	n, leftOut, err := l.extra.Limit(l.grid.Points())
	if err != nil {
		return err
	}
	all := len(l.points)
	l.points = slices.DeleteFunc(l.points, func(p Point) bool { return p.Number >= n })
	if len(l.points) == 0 {
		return l.v.InputProblem(IntensitiesKey, "no selected point is complete: %s", leftOut)
	}
	if k := l.set.NumFrames; len(l.points) < all && !(k > 0 && k <= len(l.points)) {
		l.leftOut = append(l.leftOut, leftOut)
	}
	return nil
}

// used are the selected points whose frames are prepared.
func (l *loader) used() []Point {
	return l.points[:l.set.Wanted(len(l.points))]
}

// checkStored makes sure that all selected frames are really in the file.
func (l *loader) checkStored() error {
	points := l.used()
	n := len(points)
	_, base := l.lead()
	numbers := make([]int, n)
	for i, p := range points {
		numbers[i] = base + p.Number
	}
	first, count, missing := l.frames.CheckStored(numbers)
	if missing == nil {
		return nil
	}
	return l.v.InputProblem(IntensitiesKey, "%d of %d frames are not stored: the first is frame %d (%s)", count, n, first, l.frames.Name(numbers[first])).
		Because(missing).WithHint("they would read as fill values, not as counts; leave them out with bounds, framefilter or num_frames")
}

// openCorrections reads mask, dark, flat and monitor, and makes the source.
func (l *loader) openCorrections() (*source, error) {
	s := &source{l: l, frames: l.frames, points: l.points, raw: l.frames.Type}
	_, s.first = l.lead()
	var err error
	if s.dark, err = l.openPicture(DarkFile, DarkKey); err != nil {
		return nil, err
	}
	if s.flat, err = l.openPicture(FlatFile, FlatKey); err != nil {
		return nil, err
	}
	if s.mask, err = l.openPicture(MaskFile, MaskKey); err != nil {
		return nil, err
	}
	if s.norm, err = l.openMonitor(); err != nil {
		return nil, err
	}
	if s.norm != nil {
		if err := s.norm.check(l); err != nil {
			return nil, err
		}
	}
	s.maskInto = l.extra.MaskInto
	if s.maskInto == nil {
		invert := l.v.Bool(MaskInvert)
		s.maskInto = func(dst []byte, stored *pix.Image) { imgproc.MaskInto(dst, stored, invert) }
	}
	s.plan()
	s.commonMask()
	return s, l.windows(s)
}

// windows decides which part of the padded frame is the frame of the scan: all of it, or the
// region of interest where the recipe gives one and its centre is known without frames.
func (l *loader) windows(s *source) error {
	top, bottom, left, right := 0, 0, 0, 0
	if p := l.v.Ints(Padding); len(p) == 4 {
		top, bottom, left, right = p[0], p[1], p[2], p[3]
	}
	rows, cols := l.frames.Rows+top+bottom, l.frames.Cols+left+right
	s.frame = imgproc.Rect{Row: -top, Col: -left, Rows: rows, Cols: cols}
	if err := scan.CheckBeyond(l.v.Where(Padding), s.frame, l.frames.Rows, l.frames.Cols); err != nil {
		return err
	}
	set := l.set
	if set.Shape == nil {
		return nil
	}
	if set.AutoCenter == scan.Yes {
		set.Center = scan.Center{}
		return nil
	}
	c, ok := set.Center.At(rows, cols)
	if !ok {
		c, _ = scan.Center{Kind: scan.CenterFFTShift}.At(rows, cols)
		if set.AutoCenter == scan.Unset {
			l.warn("center is null and shape is given: the middle of the frame (%v, %v) is the centre; for the mass centre set auto_center: true", c[0], c[1])
		}
	}
	if !(c[0] > 0 && c[0] < float64(rows) && c[1] > 0 && c[1] < float64(cols)) {
		return l.v.InputProblem(recipes.Center, "the centre (%v, %v) lies outside the frame of %d x %d pixels (rows x columns); it must be above 0 and below the size in both axes", c[0], c[1], rows, cols).
			WithHint("give center as (row, column) in pixels of the raw frame, counted from 0")
	}
	shape := *set.Shape
	if shape[0] < 2 || shape[1] < 2 { // its own middle would be its edge
		return l.v.InputProblem(recipes.Shape, "a region of %d x %d pixels has no middle above 0 in both axes, which is where the centre of a cut frame lies", shape[0], shape[1]).
			WithHint("give a shape of at least 2")
	}
	low := [2]int{int(math.Floor(c[0])) - shape[0]/2, int(math.Floor(c[1])) - shape[1]/2}
	s.frame = imgproc.Rect{Row: low[0] - top, Col: low[1] - left, Rows: shape[0], Cols: shape[1]}
	w := imgproc.Rect{Row: low[0], Col: low[1], Rows: shape[0], Cols: shape[1]}
	if err := scan.CheckBeyond(l.v.Where(recipes.Shape), w, rows, cols); err != nil {
		return err
	}
	scan.NoteBeyond(l.env.Log, w, rows, cols)
	set.AutoCenter = scan.No
	set.Center = scan.Center{Kind: scan.CenterPoint, Point: [2]float64{float64(shape[0] / 2), float64(shape[1] / 2)}}
	return nil
}

// calibrationType is the type of a picture, nil-safe.
func (p *picture) image(t pix.Type) *pix.Image {
	if p == nil {
		return nil
	}
	if p.common != nil {
		return p.common
	}
	return pix.New(t, 0, 0)
}
