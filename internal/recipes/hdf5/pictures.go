package hdf5

import (
	"fmt"
	"math"
	"slices"

	"ptyprep/internal/formats/h5frames"
	"ptyprep/internal/imgproc"
	"ptyprep/internal/imgproc/pix"
	"ptyprep/internal/recipes/h5in"
	"ptyprep/internal/scan"
	"ptyprep/internal/scan/param"
)

// picture is a mask, dark or flat: one image for all frames, or one for each point.
type picture struct {
	common *pix.Image
	each   *h5frames.Stack
	offset int // frame of each that belongs to point 0
	typ    pix.Type
}

// outer is the entry of the outermost dimension in force.
type outer struct {
	active bool
	index  int
	size   int // length of that dimension
	// energies is the length of the list of energies, 0 when there is none.
	energies int
}

// openPicture opens a mask, dark or flat given by file and key; nil when the group is not given.
func (l *loader) openPicture(fileKey, keyKey param.Key) (*picture, error) {
	file, key, ok, err := l.group(fileKey, keyKey, false)
	if !ok || err != nil {
		return nil, err
	}
	rows, cols := l.frames.Rows, l.frames.Cols
	where := l.v.Where(keyKey)
	st, err := l.files.Frames([]string{file}, []string{key}, l.v.Where(fileKey), where, h5in.HasFrames(rows, cols))
	if err != nil {
		return nil, err
	}
	p, err := l.matchPicture(st, keyKey, file+":"+key)
	if err != nil {
		st.Close()
		return nil, err
	}
	p.typ = st.Type
	if p.each != nil {
		l.toClose = append(l.toClose, st)
		return p, l.checkPictures(p, keyKey)
	}
	defer st.Close()
	if p.common, err = h5in.ReadWhole(st, p.offset); err != nil {
		return nil, l.v.InputProblem(keyKey, "%s:%s", file, key).Because(err)
	}
	return p, nil
}

// checkPictures makes sure that the pictures of all frames that are prepared are really in the file.
func (l *loader) checkPictures(p *picture, k param.Key) error {
	points := l.used()
	numbers := make([]int, len(points))
	for i, q := range points {
		numbers[i] = p.offset + q.Number
	}
	first, count, missing := p.each.CheckStored(numbers)
	if missing == nil {
		return nil
	}
	return l.v.InputProblem(k, "%d of %d frames have none stored: the first is frame %d (%s)", count, len(points), first, p.each.Name(numbers[first])).
		Because(missing).WithHint("leave these frames out with bounds, framefilter or num_frames, or copy what is missing")
}

// matchPicture decides what the leading shape of st means.
func (l *loader) matchPicture(st *h5frames.Stack, k param.Key, name string) (*picture, error) {
	lead := st.Leading
	if st.Rows == l.frames.Rows && st.Cols == l.frames.Cols {
		if o := l.outer; o.active && len(lead) > 0 && lead[0] == o.size {
			n := h5in.Product(lead[1:])
			if n == 1 {
				return &picture{offset: o.index}, nil
			}
			if l.eachPoint(lead[1:]) {
				return &picture{each: st, offset: o.index * n}, nil
			}
		}
		if h5in.Product(lead) == 1 {
			return &picture{}, nil
		}
		if l.eachPoint(lead) {
			return &picture{each: st}, nil
		}
	}
	want := fmt.Sprintf("(%d, %d) or one for each frame: (%s, %d, %d)", l.frames.Rows, l.frames.Cols,
		commas(l.frames.Leading), l.frames.Rows, l.frames.Cols)
	err := l.v.InputProblem(k, "%s has shape (%s), expected %s", name, commas(st.Shape()), want)
	return nil, err
}

// eachPoint reports whether something of this (leading) shape is there for each point: shaped like the
// grid or the frames, or a list in their order. Dimensions of one do not matter, but (3, 2) is not (2, 3).
func (l *loader) eachPoint(shape []int) bool {
	lead, _ := l.lead()
	sq, n := h5in.Squeeze(shape), l.grid.Points()
	return slices.Equal(sq, h5in.Squeeze(l.grid.shape())) || slices.Equal(sq, h5in.Squeeze(lead)) && h5in.Product(lead) == n ||
		slices.Equal(sq, []int{n}) || n == 1 && len(sq) == 0
}

func commas(s []int) string {
	out := ""
	for i, n := range s {
		if i > 0 {
			out += ", "
		}
		out += fmt.Sprint(n)
	}
	return out
}

// perPoint reads a dataset with one value for each point (filter, monitor), in point order.
func (l *loader) perPoint(file, key string, k param.Key) (*h5in.Array, error) {
	where := l.v.Where(k)
	a, err := l.files.Array(file, key, where)
	if err != nil {
		return nil, err
	}
	if o := l.outer; o.active && len(a.Shape) > 1 && a.Shape[0] == o.size && l.eachPoint(a.Shape[1:]) {
		return a.Entry(o.index), nil
	}
	if l.eachPoint(a.Shape) {
		return a, nil
	}
	return nil, l.v.InputProblem(k, "%s has shape (%s), expected one value for each point: (%s)", a.Name, commas(a.Shape), commas(l.grid.shape())).
		WithHint("the positions make a %s of %d points", l.grid.Kind, l.grid.Points())
}

// monitor is a normalisation: the value at each point and what is done with it.
type monitor struct {
	values    []float64
	mean, std float64
	sigma     float64
	factor    float64 // what scaled frames are multiplied by: the mean, in the monitor's own type
	single    bool    // the monitor is of float32
	alone     bool    // frames are divided by the value alone, outliers too
}

// openMonitor reads the normalisation; mean and deviation are those of all its finite values.
func (l *loader) openMonitor() (*monitor, error) {
	file, key, ok, err := l.group(NormFile, NormKey, true)
	if !ok || err != nil {
		return nil, err
	}
	a, err := l.perPoint(file, key, NormKey)
	if err != nil {
		return nil, err
	}
	if l.extra.Signed {
		return &monitor{values: a.Data, factor: 1, alone: true, single: a.Type == pix.Float32}, nil
	}
	m := &monitor{values: a.Data, sigma: l.v.Float(NormSigma), single: a.Type == pix.Float32}
	used := slices.DeleteFunc(slices.Clone(a.Data), func(x float64) bool { return !finite(x) })
	n := float64(len(used))
	m.mean = imgproc.PairwiseSum(used) / n
	m.factor = m.mean
	if m.single && l.set.Output == scan.OutputRaw { // as numpy has it, since the last bit decides where integers are cut
		m.factor = float64(imgproc.PairwiseSum(float32s(used)) / float32(n))
	}
	for i, x := range used {
		used[i] = (x - m.mean) * (x - m.mean)
	}
	m.std = math.Sqrt(imgproc.PairwiseSum(used) / n)
	return m, nil
}

func float32s(p []float64) []float32 {
	out := make([]float32, len(p))
	for i, x := range p {
		out[i] = float32(x)
	}
	return out
}

func finite(x float64) bool { return !math.IsNaN(x) && !math.IsInf(x, 0) }

// scales reports whether the frame with monitor value x is scaled.
func (m *monitor) scales(x float64) bool { return m.alone || math.Abs(x-m.mean) < m.sigma*m.std }

// check looks at the values of the points whose frames are prepared: one that would be used must
// be above 0; outliers are told in one warning.
func (m *monitor) check(l *loader) error {
	var outliers []int
	points := l.used()
	for i, p := range points {
		x := m.values[p.Number]
		switch {
		case !finite(x), m.scales(x) && x <= 0:
			return l.v.InputProblem(NormKey, "the normalisation of frame %d (point %d) is %v; a frame cannot be divided by it", i, p.Number, x).
				WithHint("leave the frame out with framefilter, or the normalisation")
		case m.std > 0 && !m.scales(x):
			outliers = append(outliers, i)
		}
	}
	if len(outliers) > 0 {
		l.warn("%d of %d normalisation values are %g standard deviations or more from the mean %g; these frames are not scaled: %s",
			len(outliers), len(points), m.sigma, m.mean, some(outliers))
	}
	return nil
}

// some lists numbers, the first few of many.
func some(n []int) string {
	const most = 20
	if len(n) <= most {
		return fmt.Sprint(n)
	}
	return fmt.Sprintf("%v and %d more", n[:most], len(n)-most)
}

// recorded reads a dataset of the set-up.
func (l *loader) recorded(fileKey, keyKey param.Key) (*h5in.Array, error) {
	file, key, ok, err := l.group(fileKey, keyKey, false)
	if !ok || err != nil {
		return nil, err
	}
	return l.files.Array(file, key, l.v.Where(keyKey))
}

// recordedOne reads one value of the set-up and gives value*multiplier.
func (l *loader) recordedOne(fileKey, keyKey, multiplier param.Key, unit string) (*float64, error) {
	a, err := l.recorded(fileKey, keyKey)
	if a == nil || err != nil {
		return nil, err
	}
	if len(a.Data) != 1 {
		return nil, l.v.InputProblem(keyKey, "%s has shape (%s), expected one value", a.Name, commas(a.Shape))
	}
	x := a.Data[0] * l.v.Float(multiplier)
	return &x, l.checkRecorded(keyKey, a, x, unit)
}

// checkRecorded looks at x, made of the value in a.
func (l *loader) checkRecorded(k param.Key, a *h5in.Array, x float64, unit string) error {
	if x > 0 && finite(x) {
		return nil
	}
	return l.v.InputProblem(k, "%s holds %v, which gives %v %s; expected a number above 0", a.Name, a.Data[0], x, unit).
		WithHint("look at the factor, or leave this group out and give the value in the recipe")
}

// group gives file and key of a group of the tree; ok is false when it is not given. Where the
// file may be left out, it is that of the intensities.
func (l *loader) group(fileKey, keyKey param.Key, fallback bool) (file, key string, ok bool, err error) {
	v := l.v
	file, key = v.Path(fileKey), v.Text(keyKey)
	hasFile, hasKey := !v.IsNull(fileKey), !v.IsNull(keyKey)
	switch {
	case hasFile && file == "":
		return "", "", false, v.Problem(fileKey, "is empty: it must name a file, or be null")
	case hasKey && key == "":
		return "", "", false, v.Problem(keyKey, "is empty: it must name a dataset, or be null")
	case !hasFile && !hasKey:
		return "", "", false, nil
	case !hasKey:
		return "", "", false, v.Problem(fileKey, "a file is given, but no key: %s must name the dataset", keyKey)
	case !hasFile && !fallback:
		return "", "", false, v.Problem(keyKey, "a key is given, but no file: %s must name the file that holds it", fileKey).
			WithHint("%s: %s", fileKey, l.intensities[0])
	case !hasFile:
		file = l.intensities[0]
	}
	return file, key, true, nil
}
