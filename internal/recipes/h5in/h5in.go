// Package h5in opens the HDF5 inputs of a recipe: each file once, with errors in the recipe's
// words (parameter, file, dataset, shapes found and expected) and hints that name what the file
// does hold. Every recipe that reads HDF5 goes through it.
package h5in

import (
	"errors"
	"fmt"
	"path"
	"sort"
	"strings"

	"ptyprep/internal/formats/codec"
	"ptyprep/internal/formats/h5"
	"ptyprep/internal/formats/h5frames"
	"ptyprep/internal/imgproc"
	"ptyprep/internal/imgproc/pix"
	"ptyprep/internal/recipes"
	"ptyprep/internal/scan/nearby"
	"ptyprep/internal/scan/param"
	"ptyprep/internal/scan/problem"
)

// Files holds the open HDF5 files of one recipe.
type Files struct {
	env  *recipes.Env
	dir  string // of the recipe, for noting inputs
	open map[string]*h5.File
	told map[string]bool // parameters whose order of names was told
}

// New makes an empty set of files for recipe values v.
func New(env *recipes.Env, v *param.Values) *Files {
	return &Files{env: env, dir: v.Dir(), open: map[string]*h5.File{}, told: map[string]bool{}}
}

// Close closes all files.
func (fs *Files) Close() error {
	var errs []error
	for _, f := range fs.open {
		errs = append(errs, f.Close())
	}
	clear(fs.open)
	return errors.Join(errs...)
}

// Open opens a file, or gives it when it is open already. where is the parameter that names it.
func (fs *Files) Open(name, where string) (*h5.File, error) {
	if f := fs.open[name]; f != nil {
		return f, nil
	}
	if name == "" {
		return nil, problem.Usagef("%s: is empty", where).WithHint("name a file, or leave the parameter out")
	}
	f, err := h5.Open(name, h5.OpenOptions{NoLock: fs.env.NoLock})
	if err != nil {
		return nil, fs.openProblem(err, name, where)
	}
	fs.open[name] = f
	if err := fs.env.Inputs.Add(name, fs.dir); err != nil {
		return nil, problem.Inputf("%s: %s cannot be looked at", where, name).Because(err)
	}
	return f, nil
}

// openProblem puts an error of Open into the user's words.
func (fs *Files) openProblem(err error, name, where string) *problem.Error {
	var e *h5.Error
	if !errors.As(err, &e) {
		return problem.Inputf("%s: %s", where, name).Because(err)
	}
	p := problem.Inputf("%s: %s: %s", where, name, e.Msg)
	switch e.Kind {
	case h5.NotFound:
		return recipes.NoFile(where, name, fs.dir)
	case h5.Locked:
		p.Hint = "the acquisition may still be writing it: wait, or use --no-lock, which checks at the end that it has not changed"
	case h5.Truncated:
		p.Hint = "the copy may be incomplete: compare its size with the original"
	case h5.NotHDF5:
		p.Hint = "give the HDF5 file (.h5, .hdf5, .nxs, .cxi)"
	}
	return p
}

// Dataset opens a dataset. where is the parameter that gives the key; want says which datasets
// would fit there, for the hint (nil: any).
func (fs *Files) Dataset(file, key, where string, want func(*h5.Info) bool) (*h5.Dataset, error) {
	f, err := fs.Open(file, where)
	if err != nil {
		return nil, err
	}
	d, err := f.Dataset(key)
	if err == nil {
		return d, nil
	}
	var gone *h5.NotFoundError
	if errors.As(err, &gone) {
		return nil, fs.notThere(f, gone, file, key, where, want)
	}
	if kind, kerr := f.Kind(key); kerr == nil && kind == h5.Group {
		return nil, problem.Inputf("%s: %s:%s is a group, expected a dataset", where, file, key).
			WithHint("%s", suggest(f, key, want))
	}
	return nil, readProblem(err, file, key, where)
}

func readProblem(err error, file, key, where string) *problem.Error {
	var e *h5.Error
	if errors.As(err, &e) {
		return problem.Inputf("%s: %s:%s: %s", where, file, key, e.Msg)
	}
	return problem.Inputf("%s: %s:%s", where, file, key).Because(err)
}

func (fs *Files) notThere(f *h5.File, gone *h5.NotFoundError, file, key, where string, want func(*h5.Info) bool) error {
	switch {
	case gone.Link != "" && gone.TargetFile != "":
		reason := gone.Reason
		if reason == "" {
			reason = fmt.Sprintf("it holds no %s", gone.TargetPath)
		}
		return problem.Inputf("%s: %s:%s is an external link to %s in file %s: %s", where, file, gone.Link, gone.TargetPath, gone.TargetFile, reason).
			WithHint("external links are looked for beside the file that holds them: put %s there", path.Base(gone.TargetFile))
	case gone.Link != "":
		return problem.Inputf("%s: %s:%s is a soft link to %s, which is not there", where, file, gone.Link, gone.TargetPath).
			WithHint("%s", suggest(f, key, want))
	case gone.NotAGroup:
		return problem.Inputf("%s: %s has no dataset %s: %s is not a group", where, file, key, gone.Group).
			WithHint("%s", suggest(f, key, want))
	}
	return problem.Inputf("%s: %s has no dataset %s", where, file, key).WithHint("%s", suggest(f, key, want))
}

// suggest names datasets of the file that may have been meant: with a similar name, or fitting.
func suggest(f *h5.File, key string, want func(*h5.Info) bool) string {
	asked, there := strings.Trim(key, "/"), false
	var names, fitting []string
	shapes := map[string]string{}
	_ = f.Walk(func(p string, e h5.Entry, d *h5.Info) error {
		if d == nil {
			return nil
		}
		if p = strings.TrimPrefix(p, "/"); p == asked { // it is there, but does not fit
			there = true
			return nil
		}
		names = append(names, p)
		shapes[p] = fmt.Sprintf("%s (%s, %s)", p, Shape(d.Shape), d.Type.Desc)
		if want != nil && want(d) {
			fitting = append(fitting, p)
		}
		if len(names) > 10000 {
			return errors.New("enough")
		}
		return nil
	})
	if near, ok := nearby.Nearest(asked, names); ok && !there {
		return "did you mean " + shapes[near] + "?"
	}
	list, text := names, "datasets in this file: "
	if want != nil {
		list, text = fitting, "datasets that fit: "
		if len(fitting) == 0 {
			list, text = names, "no dataset there fits; the file holds: "
		}
	}
	switch {
	case len(list) > 0:
	case there:
		return "the file holds no other dataset"
	default:
		return "the file holds no dataset"
	}
	sort.Strings(list)
	for i, n := range list {
		list[i] = shapes[n]
	}
	return text + problem.Few(list, 6)
}

// Shape writes a shape as "4 x 5"; a scalar has none.
func Shape(s []int) string {
	if len(s) == 0 {
		return "scalar"
	}
	t := make([]string, len(s))
	for i, n := range s {
		t[i] = fmt.Sprint(n)
	}
	if len(s) == 1 {
		return t[0]
	}
	return strings.Join(t, " x ")
}

// Product is the number of elements of a shape.
func Product(s []int) int {
	n := 1
	for _, k := range s {
		n *= k
	}
	return n
}

// IsFrames says that a dataset could hold frames.
func IsFrames(d *h5.Info) bool {
	return len(d.Shape) >= 3 && d.Type.Pix != pix.Invalid
}

// HasFrames says that a dataset could hold an image or frames of rows x cols.
func HasFrames(rows, cols int) func(*h5.Info) bool {
	return func(d *h5.Info) bool {
		n := len(d.Shape)
		return n >= 2 && d.Type.Pix != pix.Invalid && d.Shape[n-2] == rows && d.Shape[n-1] == cols
	}
}

// HasNumbers says that a dataset holds numbers in one or two dimensions.
func HasNumbers(d *h5.Info) bool {
	return len(d.Shape) >= 1 && len(d.Shape) <= 2 && d.Type.Pix != pix.Invalid
}

// Array is a dataset read whole, as float64.
type Array struct {
	Data  []float64
	Shape []int
	Type  pix.Type // as stored
	Name  string   // file:key
}

// Array reads a numeric dataset whole, as float64.
func (fs *Files) Array(file, key, where string) (*Array, error) {
	d, err := fs.Dataset(file, key, where, HasNumbers)
	if err != nil {
		return nil, err
	}
	defer d.Close()
	in := d.Info()
	if in.Type.Pix == pix.Invalid {
		return nil, problem.Inputf("%s: %s:%s holds %s, expected numbers", where, file, key, in.Type.Desc)
	}
	if err := d.CheckSources(nil, nil); err != nil {
		return nil, readProblem(err, file, key, where)
	}
	data, err := h5.ReadAll[float64](d)
	if err != nil {
		return nil, readProblem(err, file, key, where)
	}
	return &Array{Data: data, Shape: in.Shape, Type: in.Type.Pix, Name: file + ":" + key}, nil
}

// Entry is the part of a that belongs to index i of its first dimension.
func (a *Array) Entry(i int) *Array {
	n := Product(a.Shape[1:])
	return &Array{Data: a.Data[i*n : (i+1)*n], Shape: a.Shape[1:], Type: a.Type, Name: a.Name}
}

// Column takes column i of a two-dimensional array.
func (a *Array) Column(i int) *Array {
	k := a.Shape[1]
	out := &Array{Data: make([]float64, a.Shape[0]), Shape: a.Shape[:1], Type: a.Type, Name: a.Name}
	for j := range out.Data {
		out.Data[j] = a.Data[j*k+i]
	}
	return out
}

// SqueezeTrailing drops trailing dimensions of one, down to keep dimensions.
func SqueezeTrailing(shape []int, keep int) []int {
	for len(shape) > keep && shape[len(shape)-1] == 1 {
		shape = shape[:len(shape)-1]
	}
	return shape
}

// Squeeze drops all dimensions of one.
func Squeeze(shape []int) []int {
	out := make([]int, 0, len(shape))
	for _, n := range shape {
		if n != 1 {
			out = append(out, n)
		}
	}
	return out
}

// Frames opens one or more datasets as frames. files and keys may be patterns (*, ?, [...]);
// all that match are joined, in the order of their names. where names the parameters.
func (fs *Files) Frames(files, keys []string, whereFile, whereKey string, want func(*h5.Info) bool) (*h5frames.Stack, error) {
	paths, err := fs.Expand(files, whereFile)
	if err != nil {
		return nil, err
	}
	var parts []*h5frames.Reader
	fail := func(err error) (*h5frames.Stack, error) {
		for _, p := range parts {
			p.Close()
		}
		return nil, err
	}
	for _, file := range paths {
		names, err := fs.expandKeys(file, keys, whereFile, whereKey)
		if err != nil {
			return fail(err)
		}
		for _, key := range names {
			d, err := fs.datasetAt(file, key, whereFile, whereKey, want)
			if err != nil {
				return fail(err)
			}
			r, err := h5frames.New(d, file+":"+key, h5frames.Options{CacheBytes: fs.env.CacheBytes})
			if missing := (*codec.UnknownError)(nil); errors.As(err, &missing) {
				return fail(problem.Inputf("%s: %s:%s is stored with %s, for which there is no decoder here", whereKey, file, key, missing.Title()).
					WithHint("%s", missing.Hint))
			}
			if err != nil {
				return fail(problem.Inputf("%s: %s:%s %v", whereKey, file, key, err).WithHint("%s", fs.hint(file, key, want)))
			}
			if err := fs.noteSource(d, whereKey); err != nil {
				return fail(err)
			}
			parts = append(parts, r)
		}
	}
	s, err := h5frames.Join(parts...)
	if err != nil {
		return fail(problem.Inputf("%s: %v", whereKey, err))
	}
	return s, nil
}

// noteSource adds the file that an external link led to.
func (fs *Files) noteSource(d *h5.Dataset, where string) error {
	if f := d.File(); f != "" {
		if err := fs.env.Inputs.Add(f, fs.dir); err != nil {
			return problem.Inputf("%s: %s cannot be looked at", where, f).Because(err)
		}
	}
	return nil
}

func (fs *Files) hint(file, key string, want func(*h5.Info) bool) string {
	f, err := fs.Open(file, "")
	if err != nil {
		return ""
	}
	return suggest(f, key, want)
}

func (fs *Files) datasetAt(file, key, whereFile, whereKey string, want func(*h5.Info) bool) (*h5.Dataset, error) {
	if _, err := fs.Open(file, whereFile); err != nil {
		return nil, err
	}
	return fs.Dataset(file, key, whereKey, want)
}

// Image reads a dataset of two dimensions in its stored type.
func (fs *Files) Image(file, key, where string) (*pix.Image, error) {
	s, err := fs.Frames([]string{file}, []string{key}, where, where, func(d *h5.Info) bool { return len(d.Shape) == 2 && d.Type.Pix != pix.Invalid })
	if err != nil {
		return nil, err
	}
	defer s.Close()
	if s.Frames() != 1 {
		return nil, problem.Inputf("%s: %s:%s has shape %s, expected one image", where, file, key, Shape(s.Shape()))
	}
	im, err := ReadWhole(s, 0)
	if err != nil {
		return nil, readProblem(err, file, key, where)
	}
	return im, nil
}

// ReadWhole reads frame k of s into memory of its own.
func ReadWhole(s *h5frames.Stack, k int) (*pix.Image, error) {
	var sc h5frames.Scratch
	defer sc.Close()
	im := new(pix.Image)
	if _, _, err := s.CheckStored([]int{k}); err != nil {
		return nil, err
	}
	return im, s.Read(k, imgproc.Whole(s.Rows, s.Cols), im, &sc)
}
