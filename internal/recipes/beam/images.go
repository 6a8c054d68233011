package beam

import (
	"context"
	"fmt"
	"runtime"
	"slices"

	"ptyprep/internal/formats/h5"
	"ptyprep/internal/formats/h5frames"
	"ptyprep/internal/imgproc"
	"ptyprep/internal/imgproc/pix"
	"ptyprep/internal/recipes"
	"ptyprep/internal/recipes/h5in"
	"ptyprep/internal/scan/param"
	"ptyprep/internal/scan/problem"
)

// HDF5Image reads a dataset that holds one image of rows x cols (leading dimensions of one are
// allowed). where is the parameter that names it; another shape is an Input problem with both
// sizes.
func HDF5Image(files *h5in.Files, file, key, where string, rows, cols int) (*pix.Image, error) {
	st, err := files.Frames([]string{file}, []string{key}, where, where, h5in.HasFrames(rows, cols))
	if err != nil {
		return nil, err
	}
	defer st.Close()
	if st.Rows != rows || st.Cols != cols || st.Frames() != 1 {
		return nil, problem.Inputf("%s: %s:%s has shape %s, expected %d x %d like the frames", where, file, key, h5in.Shape(st.Shape()), rows, cols)
	}
	im, err := h5in.ReadWhole(st, 0)
	if err != nil {
		return nil, problem.Inputf("%s: %s:%s", where, file, key).Because(err)
	}
	return im, nil
}

// HDF5Mask reads the mask (1 valid, where the stored value is above 0) in a dataset of the file
// that parameter k names; nil when k is null.
func HDF5Mask(files *h5in.Files, v *param.Values, k param.Key, dataset string, rows, cols int) ([]byte, error) {
	if v.IsNull(k) {
		return nil, nil
	}
	im, err := HDF5Image(files, v.Path(k), dataset, v.Where(k), rows, cols)
	if err != nil {
		return nil, err
	}
	return MaskOf(im), nil
}

// MaskOf is the mask that an image stands for: valid where it is above 0.
func MaskOf(im *pix.Image) []byte {
	m := make([]byte, im.Len())
	imgproc.MaskInto(m, im, false)
	return m
}

// ReadFileFrame reads window w of frame k (counted over all leading dimensions) of a dataset in a
// file that is opened for it and closed again, for scans of one file a frame: thousands of files
// cannot stay open. The file is noted as an input.
func ReadFileFrame(env *recipes.Env, v *param.Values, where, file, key string, k int, w imgproc.Rect, dst *pix.Image, sc *h5frames.Scratch) error {
	files := h5in.New(env, v)
	defer files.Close()
	st, err := files.Frames([]string{file}, []string{key}, where, where, h5in.IsFrames)
	if err != nil {
		return err
	}
	defer st.Close()
	if k >= st.Frames() {
		return problem.Inputf("%s: %s:%s has shape %s: there is no frame %d", where, file, key, h5in.Shape(st.Shape()), k)
	}
	if !w.Inside(st.Rows, st.Cols) {
		return problem.Inputf("%s: %s:%s has frames of %d x %d pixels, too small for %v", where, file, key, st.Rows, st.Cols, w)
	}
	if err := Stored(st, k, where); err != nil {
		return err
	}
	if err := st.Read(k, w, dst, sc); err != nil {
		return problem.Inputf("%s: %s cannot be read", where, st.Name(k)).Because(err)
	}
	return nil
}

// Stored makes sure that frame k is really in the file and would not read as fill values.
func Stored(st *h5frames.Stack, k int, where string) error {
	if _, _, missing := st.CheckStored([]int{k}); missing != nil {
		return problem.Inputf("%s: %s is not stored", where, st.Name(k)).Because(missing).
			WithHint("it would read as fill values, not as counts: copy the file again, or wait for the acquisition to end")
	}
	return nil
}

// Mean takes the mean, of Type float32 or float64, of images of one size, such as darks, in the order
// of adding. Floats are summed in Type, as numpy's mean along the first axis does: the last bit shows in frames
// near the dark level. Counts are summed exactly.
type Mean struct {
	Type     pix.Type
	n        int
	sum, one pix.Image
}

// Add adds an image; the first one decides the size and how sums are taken.
func (m *Mean) Add(im *pix.Image) error {
	if m.n == 0 {
		t := m.Type
		if !im.Type.IsFloat() {
			t = pix.Float64
		}
		m.sum = *pix.New(t, im.Rows, im.Cols)
	}
	if im.Rows != m.sum.Rows || im.Cols != m.sum.Cols {
		return fmt.Errorf("%d x %d pixels (rows x columns), expected %d x %d like the first", im.Rows, im.Cols, m.sum.Rows, m.sum.Cols)
	}
	imgproc.Convert(&m.one, im, m.sum.Type)
	if m.sum.Type == pix.Float32 {
		add(pix.Pixels[float32](&m.sum), pix.Pixels[float32](&m.one))
	} else {
		add(pix.Pixels[float64](&m.sum), pix.Pixels[float64](&m.one))
	}
	m.n++
	return nil
}

func add[T float32 | float64](sum, v []T) {
	for i, x := range v {
		sum[i] += x
	}
}

// Count is the number of images added.
func (m *Mean) Count() int { return m.n }

// Image is the mean; nil without images.
func (m *Mean) Image() *pix.Image {
	if m.n == 0 {
		return nil
	}
	mean, out := pix.New(m.sum.Type, m.sum.Rows, m.sum.Cols), new(pix.Image)
	if mean.Type == pix.Float32 {
		share(pix.Pixels[float32](mean), pix.Pixels[float32](&m.sum), m.n)
	} else {
		share(pix.Pixels[float64](mean), pix.Pixels[float64](&m.sum), m.n)
	}
	imgproc.Convert(out, mean, m.Type)
	return out
}

func share[T float32 | float64](dst, sum []T, n int) {
	for i, x := range sum {
		dst[i] = x / T(n)
	}
}

// MeanOf takes the mean, of type t, of n images that read gives one by one; read is called in
// parallel, the sums are taken in order.
func MeanOf(ctx context.Context, t pix.Type, n int, read func(i int, im *pix.Image) error) (*Mean, error) {
	m := &Mean{Type: t}
	batch := make([]pix.Image, min(n, runtime.GOMAXPROCS(0)))
	for lo := 0; lo < n; lo += len(batch) {
		k := min(len(batch), n-lo)
		if err := Each(ctx, k, func(i int) error { return read(lo+i, &batch[i]) }); err != nil {
			return nil, err
		}
		for i := range k {
			if err := m.Add(&batch[i]); err != nil {
				return nil, err
			}
		}
	}
	return m, nil
}

// GroupsWithData names the groups in a group of a file that hold a dataset data, in order.
func GroupsWithData(f *h5.File, group string) ([]string, error) {
	entries, err := f.List(group)
	if err != nil {
		return nil, err
	}
	var names []string
	for _, e := range entries {
		if k, err := f.Kind(group + "/" + e.Name + "/data"); err == nil && k == h5.DatasetKind {
			names = append(names, e.Name)
		}
	}
	return names, nil
}

// Detector gives the group of the detector below group in a file: the one that parameter k names,
// or, when that is null or not there, the first by name that holds data; which one is told in the
// log.
func Detector(env *recipes.Env, files *h5in.Files, v *param.Values, k param.Key, file, where, group string) (string, error) {
	f, err := files.Open(file, where)
	if err != nil {
		return "", err
	}
	names, err := GroupsWithData(f, group)
	if err != nil {
		return "", problem.Inputf("%s: %s has no group %s", where, file, group)
	}
	want := v.Text(k)
	switch {
	case want != "" && slices.Contains(names, want):
		return group + "/" + want, nil
	case len(names) == 0:
		return "", v.InputProblem(k, "%s: no group in %s holds the frames of a detector (a dataset data)", file, group)
	case want != "":
		env.Log.Warn(fmt.Sprintf("%s: %s has no %s/%s; detector %s is taken (there: %s)", v.Where(k), file, group, want, names[0], Few(names)))
	case len(names) > 1:
		env.Log.Warn(fmt.Sprintf("%s is not given: %s is taken (there: %s)", k.Path(), names[0], Few(names)))
	default:
		env.Log.Info(fmt.Sprintf("%s is not given: %s is taken", k.Path(), names[0]))
	}
	return group + "/" + names[0], nil
}

// FromStack makes the scan read frames of a dataset: frame k of the scan is frame at(k) of the
// stack (nil: k), and of stored frames only the part cut is looked at (empty: all), which the rest
// of the scan takes for the whole. It sets all that follows from that, and makes sure that the
// frames are really stored. where is the parameter that names the dataset. The stack is closed
// with the scan.
func (c *Scan) FromStack(st *h5frames.Stack, where string, at func(k int) int, cut imgproc.Rect) error {
	c.Closers = append(c.Closers, st)
	switch {
	case st.Frames() == 0:
		return problem.Inputf("%s: %s has shape %s: it holds no frame", where, st.Dataset(), h5in.Shape(st.Shape()))
	case c.Frames == 0:
		return problem.Inputf("%s: %s holds %d frames, and none has a position: the datasets of the positions are empty", where, st.Dataset(), st.Frames()).
			WithHint("use the positions of the recipe (positions_theory), or copy the file again")
	}
	if cut.Empty() {
		cut = imgproc.Whole(st.Rows, st.Cols)
	}
	if at == nil {
		at = func(k int) int { return k }
	}
	c.Rows, c.Cols, c.Raw, c.ReadsWindows = cut.Rows, cut.Cols, st.Type, true
	c.FixedBytes += st.CacheBytes()
	c.Name = func(k int) string { return fmt.Sprintf("frame %d (%s)", k, st.Name(at(k))) }
	c.Read = func(_ context.Context, s *Slot) error {
		k := at(s.Index)
		if err := st.Read(k, s.Window.Shift(cut.Row, cut.Col), s.Frame.Pix, ScratchOf(s)); err != nil {
			return problem.Inputf("%s: %s cannot be read", where, st.Name(k)).Because(err)
		}
		return nil
	}
	return AllStored(st, c.Frames, at, where)
}

// AllStored makes sure that frames at(0) to at(n-1) are really in the file.
func AllStored(st *h5frames.Stack, n int, at func(k int) int, where string) error {
	frames := make([]int, n)
	for k := range frames {
		frames[k] = at(k)
	}
	first, count, missing := st.CheckStored(frames)
	if missing == nil {
		return nil
	}
	return problem.Inputf("%s: %d of %d frames are not stored, the first is frame %d (%s)", where, count, n, first, st.Name(frames[first])).Because(missing).
		WithHint("they would read as fill values, not as counts: copy the file again, or wait for the acquisition to end")
}

// StackMean is the float32 mean of the part cut of all frames of a stack.
func StackMean(ctx context.Context, st *h5frames.Stack, where string, cut imgproc.Rect) (*Mean, error) {
	if err := AllStored(st, st.Frames(), func(k int) int { return k }, where); err != nil {
		return nil, err
	}
	return MeanOf(ctx, pix.Float32, st.Frames(), func(i int, im *pix.Image) error {
		var sc h5frames.Scratch
		defer sc.Close()
		if err := st.Read(i, cut, im, &sc); err != nil {
			return problem.Inputf("%s: %s cannot be read", where, st.Name(i)).Because(err)
		}
		return nil
	})
}
