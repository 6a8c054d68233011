package recipetest

import (
	"bytes"
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
)

// Content writes one dataset.
type Content func(f *h5.File, path string) error

// Array is a dataset of numbers, contiguous; shape nil is a scalar.
func Array[T pix.Number](shape []int, data ...T) Content {
	return func(f *h5.File, path string) error { return h5.WriteArray(f, path, shape, data, 0) }
}

// List is a dataset of one dimension.
func List[T pix.Number](data ...T) Content { return Array([]int{len(data)}, data...) }

// Counting is an array of 0, 1, 2, ... of that shape.
func Counting[T pix.Number](shape ...int) Content { return Array(shape, Ramp[T](size(shape), 0)...) }

// Constant is an array of one value.
func Constant[T pix.Number](v T, shape ...int) Content {
	return Array(shape, slices.Repeat([]T{v}, size(shape))...)
}

func size(shape []int) int {
	n := 1
	for _, k := range shape {
		n *= k
	}
	return n
}

// Words is a scalar string.
func Words(s string) Content {
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

// Load decodes a recipe text (YAML) as if it stood in dir.
func Load(spec recipes.Spec, dir, yaml string) (*recipes.Recipe, error) {
	return recipes.NewRegistry(spec).Parse(filepath.Join(dir, "recipe.yaml"), ".yaml", []byte(yaml), nil)
}
