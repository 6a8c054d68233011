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

// Dataset writes one dataset; for inputs that are a table of paths and contents.
type Dataset func(f *h5.File, path string) error

// Array is a dataset of numbers, contiguous; shape nil is a scalar.
func Array[T pix.Number](shape []int, data ...T) Dataset {
	return func(f *h5.File, path string) error { return h5.WriteArray(f, path, shape, data, 0) }
}

// List is an Array of one dimension.
func List[T pix.Number](data ...T) Dataset { return Array([]int{len(data)}, data...) }

// Counting is an Array of 0, 1, 2, ... of that shape.
func Counting[T pix.Number](shape ...int) Dataset {
	return Array(shape, Ramp[T](product(shape), 0)...)
}

// Constant is an Array of one value.
func Constant[T pix.Number](v T, shape ...int) Dataset {
	return Array(shape, slices.Repeat([]T{v}, product(shape))...)
}

func product(shape []int) int {
	n := 1
	for _, k := range shape {
		n *= k
	}
	return n
}

// String is a scalar text.
func String(s string) Dataset {
	return func(f *h5.File, path string) error { return f.WriteString(path, s) }
}

// H5 writes an HDF5 file of these datasets and gives its path.
func H5(t testing.TB, dir, name string, content map[string]Dataset) string {
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

// Load decodes a recipe text (YAML) as if the recipe stood in dir.
func Load(spec recipes.Spec, dir, recipe string) (*recipes.Recipe, error) {
	return recipes.NewRegistry(spec).Parse(filepath.Join(dir, "recipe.yaml"), ".yaml", []byte(recipe), nil)
}
