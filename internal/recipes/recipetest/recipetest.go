// Package recipetest runs a recipe in memory for tests: small HDF5 inputs in a line each, a recipe as
// YAML, and the prepared frames as numbers.
package recipetest

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"ptyprep/internal/formats/h5"
	"ptyprep/internal/imgproc"
	"ptyprep/internal/imgproc/pix"
	"ptyprep/internal/recipes"
	"ptyprep/internal/scan"
	"ptyprep/internal/scan/problem"
)

// Content writes one dataset.
type Content func(f *h5.File, path string) error

// Array is a dataset of numbers, contiguous; shape nil is a scalar.
func Array[T pix.Number](shape []int, data ...T) Content {
	return func(f *h5.File, path string) error { return h5.WriteArray(f, path, shape, data, 0) }
}

// List is a dataset of one dimension.
func List[T pix.Number](data ...T) Content { return Array([]int{len(data)}, data...) }

// Ramp is an array of 0, 1, 2, ... of that shape.
func Ramp[T pix.Number](shape ...int) Content {
	n := 1
	for _, k := range shape {
		n *= k
	}
	data := make([]T, n)
	for i := range data {
		data[i] = T(i)
	}
	return Array(shape, data...)
}

// Constant is an array of one value.
func Constant[T pix.Number](v T, shape ...int) Content {
	n := 1
	for _, k := range shape {
		n *= k
	}
	return Array(shape, slices.Repeat([]T{v}, n)...)
}

// Text is a scalar string.
func Text(s string) Content {
	return func(f *h5.File, path string) error { return f.WriteString(path, s) }
}

// H5 writes an HDF5 file of these datasets and gives its path.
func H5(t testing.TB, dir, name string, content map[string]Content) string {
	t.Helper()
	path := filepath.Join(dir, name)
	f, err := h5.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	for p, write := range content {
		err = errors.Join(err, write(f, "/"+strings.TrimPrefix(p, "/")))
	}
	if err := errors.Join(err, f.Close()); err != nil {
		t.Fatal(err)
	}
	return path
}

// Result is what a recipe came to.
type Result struct {
	Plan     *scan.Plan
	Frames   [][]float64 // pixels of each frame, row-major
	Masks    [][]byte    // of each frame
	Warnings string      // all that was logged, warnings and notices
	LeftOut  []string
	Inputs   []recipes.Input
}

// Sums are the sums of the frames.
func (r *Result) Sums() []float64 {
	var out []float64
	for _, f := range r.Frames {
		s := 0.0
		for _, v := range f {
			s += v
		}
		out = append(out, s)
	}
	return out
}

// Firsts are the first pixels of the frames.
func (r *Result) Firsts() []float64 {
	var out []float64
	for _, f := range r.Frames {
		out = append(out, f[0])
	}
	return out
}

// Valid is the number of valid pixels of each frame.
func (r *Result) Valid() []int {
	var out []int
	for _, m := range r.Masks {
		out = append(out, imgproc.CountSet(m))
	}
	return out
}

// Env is an environment whose log goes into the buffer.
func Env() (*recipes.Env, *bytes.Buffer) {
	b := new(bytes.Buffer)
	return &recipes.Env{Log: slog.New(slog.NewTextHandler(b, nil)), Inputs: new(recipes.Inputs)}, b
}

// Load decodes a recipe, given as YAML, that lies as r.yaml in dir.
func Load(spec recipes.Spec, dir, yaml string) (*recipes.Recipe, error) {
	return recipes.NewRegistry(spec).Parse(filepath.Join(dir, "r.yaml"), ".yaml", []byte(yaml), nil)
}

// Run prepares the scan of a recipe, given as YAML, that lies as r.yaml in dir.
func Run(t testing.TB, spec recipes.Spec, dir, yaml string) (*Result, error) {
	t.Helper()
	rec, err := Load(spec, dir, yaml)
	if err != nil {
		return nil, err
	}
	env, log := Env()
	o, err := recipes.OpenerOf(rec.Spec)(context.Background(), env, rec.Values)
	if err != nil {
		return nil, err
	}
	s := &sink{}
	r, err := scan.Run(context.Background(), o.Source, o.Settings, scan.Options{Log: env.Log, Workers: 3}, s)
	if cerr := o.Source.Close(); cerr != nil {
		t.Errorf("closing: %v", cerr)
	}
	if err != nil {
		return nil, err
	}
	return &Result{Plan: r.Plan, Frames: s.frames, Masks: s.masks, Warnings: log.String(), LeftOut: r.LeftOut, Inputs: env.Inputs.List()}, nil
}

// MustRun is Run of a recipe that must work.
func MustRun(t testing.TB, spec recipes.Spec, dir, yaml string) *Result {
	t.Helper()
	r, err := Run(t, spec, dir, yaml)
	if err != nil {
		t.Fatalf("%v\nhint: %s\n%s", err, problem.Of(err)[0].Hint, yaml)
	}
	return r
}

// Fails runs a recipe that must fail with that class and all of words in messages and hints.
func Fails(t testing.TB, spec recipes.Spec, dir, yaml string, class problem.Class, words ...string) {
	t.Helper()
	_, err := Run(t, spec, dir, yaml)
	if err == nil {
		t.Errorf("no error\n%s", yaml)
		return
	}
	text := ""
	for _, p := range problem.Of(err) {
		text += p.Error() + "\n" + p.Hint + "\n"
	}
	if problem.ClassOf(err) != class {
		t.Errorf("class %d, want %d: %s\n%s", problem.ClassOf(err), class, text, yaml)
	}
	for _, w := range words {
		if !strings.Contains(text, w) {
			t.Errorf("the message lacks %q: %s\n%s", w, text, yaml)
		}
	}
}

// sink keeps frames as float64.
type sink struct {
	plan   *scan.Plan
	frames [][]float64
	masks  [][]byte
}

func (s *sink) Start(p *scan.Plan) error   { s.plan = p; return nil }
func (s *sink) Sample([]*scan.Frame) error { return nil }
func (s *sink) Encode(*scan.Frame) error   { return nil }
func (s *sink) Finish() error              { return nil }
func (s *sink) Abort()                     {}
func (s *sink) Write(f *scan.Frame) error {
	var wide pix.Image
	imgproc.Convert(&wide, f.Pix, pix.Float64)
	s.frames = append(s.frames, slices.Clone(pix.Pixels[float64](&wide)))
	m := f.Mask
	if m == nil {
		m = s.plan.Mask
	}
	s.masks = append(s.masks, slices.Clone(m))
	return nil
}
