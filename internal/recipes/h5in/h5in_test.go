package h5in_test

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"ptyprep/internal/formats/h5"
	"ptyprep/internal/imgproc/pix"
	"ptyprep/internal/recipes"
	"ptyprep/internal/recipes/h5in"
	rt "ptyprep/internal/recipes/recipetest"
	"ptyprep/internal/scan/problem"
)

// files is a set of files for a recipe in dir, and the list of inputs that it adds to.
func files(t *testing.T, dir string) (*h5in.Files, *recipes.Inputs) {
	t.Helper()
	rec, err := rt.Load(recipes.Spec{Name: "X", Tree: recipes.NewTree("X", "")}, dir, "name: X\n")
	if err != nil {
		t.Fatal(err)
	}
	env, _ := rt.Env()
	fs := h5in.New(env, rec.Values)
	t.Cleanup(func() {
		if err := fs.Close(); err != nil {
			t.Errorf("closing: %v", err)
		}
	})
	return fs, env.Inputs
}

// wants checks that an error is of the class Input and says all of that, in message or hint.
func wants(t *testing.T, name string, err error, words ...string) {
	t.Helper()
	if problem.ClassOf(err) != problem.Input {
		t.Errorf("%s: class %d: %v", name, problem.ClassOf(err), err)
		return
	}
	for _, w := range words {
		if !strings.Contains(rt.Text(err), w) {
			t.Errorf("%s: lacks %q: %s", name, w, rt.Text(err))
		}
	}
}

// Files that cannot be opened: parameter, file, what is wrong with it, what to do.
func TestOpenErrors(t *testing.T) {
	dir := t.TempDir()
	fs, inputs := files(t, dir)
	good := rt.H5(t, dir, "scan_0074.h5", map[string]rt.Dataset{"data": rt.Counting[uint8](2, 2, 2)})
	b, err := os.ReadFile(good)
	if err == nil {
		err = errors.Join(os.WriteFile(filepath.Join(dir, "text.h5"), []byte("x,y\n1,2\n"), 0o666), os.WriteFile(filepath.Join(dir, "empty.h5"), nil, 0o666),
			os.WriteFile(filepath.Join(dir, "cut.h5"), b[:len(b)-9], 0o666), os.Mkdir(filepath.Join(dir, "folder.h5"), 0o777), os.Symlink("nowhere", filepath.Join(dir, "dangling.h5")))
	}
	if err != nil {
		t.Fatal(err)
	}
	for name, words := range map[string][]string{
		"scan_0075.h5": {"there is no file", "did you mean", "scan_0074.h5?"},
		"scan_0074.h":  {"there is no file", "did you mean", "scan_0074.h5?"},
		"text.h5":      {"text.h5", "give the HDF5 file"},
		"empty.h5":     {"empty.h5"},
		"cut.h5":       {"cut.h5", "the copy may be incomplete"},
		"folder.h5":    {"folder.h5"},
		"dangling.h5":  {"there is no file"},
		"no/x.h5":      {"there is no file", "holds no folder no"},
	} {
		_, err := fs.Open(filepath.Join(dir, name), "r.yaml:1:1: key")
		wants(t, name, err, append(words, "r.yaml:1:1: key")...)
	}
	if _, err := fs.Open("", "r.yaml:1:1: key"); problem.ClassOf(err) != problem.Usage || !strings.Contains(err.Error(), "r.yaml:1:1: key: is empty") {
		t.Errorf("no name: %v", err)
	}
	if n := len(inputs.List()); n != 0 {
		t.Errorf("%d files that could not be opened are inputs", n)
	}
	a, err := fs.Open(good, "")
	if err != nil {
		t.Fatal(err)
	}
	if again, _ := fs.Open(good, ""); again != a {
		t.Error("opened twice")
	}
	if l := inputs.List(); len(l) != 1 || l[0].Written != "scan_0074.h5" {
		t.Errorf("inputs %+v", l)
	}
}

// Datasets that are not there: the near miss, or those that would fit; links say where they lead.
func TestDatasetErrors(t *testing.T) {
	dir := t.TempDir()
	fs, _ := files(t, dir)
	path := rt.H5(t, dir, "x.h5", map[string]rt.Dataset{
		"entry/detector/data": rt.Counting[uint16](2, 3, 3), "entry/y": rt.Counting[float64](2), "entry/label": rt.String("x"),
		"entry/soft": func(f *h5.File, p string) error { return f.SoftLink(p, "/entry/gone") },
		"entry/far":  func(f *h5.File, p string) error { return f.ExternalLink(p, "other.h5", "/data") },
		"entry/near": func(f *h5.File, p string) error { return f.ExternalLink(p, "there.h5", "/nothing") },
		"entry/good": func(f *h5.File, p string) error { return f.ExternalLink(p, "there.h5", "/data") },
	})
	rt.H5(t, dir, "there.h5", map[string]rt.Dataset{"data": rt.Counting[uint8](2, 3, 3)})
	for key, words := range map[string][]string{
		"entry/detector/dat": {"x.h5 has no dataset entry/detector/dat", "did you mean entry/detector/data (2 x 3 x 3, <u2)?"},
		"zzz":                {"x.h5 has no dataset zzz", "datasets that fit: entry/detector/data (2 x 3 x 3, <u2)"},
		"entry/y/data":       {"/entry/y is not a group"},
		"entry/detector":     {"x.h5:entry/detector is a group, expected a dataset", "entry/detector/data"},
		"entry/soft":         {"is a soft link to /entry/gone, which is not there"},
		"entry/far":          {"is an external link to /data in file other.h5", "put other.h5 there"},
		"entry/near":         {"is an external link to /nothing in file there.h5", "it holds no /nothing"},
		"":                   {"x.h5"},
	} {
		_, err := fs.Dataset(path, key, "r.yaml:1:1: key", h5in.IsFrames)
		wants(t, key, err, append(words, "r.yaml:1:1: key")...)
	}
	_, err := fs.Dataset(path, "zzz", "key", func(*h5.Info) bool { return false })
	wants(t, "nothing fits", err, "no dataset there fits; the file holds: ", "entry/label")
	_, err = fs.Array(path, "entry/label", "key")
	wants(t, "a text", err, "expected numbers")
	_, err = fs.Frames([]string{path}, []string{"entry/y"}, "file", "key", h5in.IsFrames) // not a hint to itself
	wants(t, "one dimension", err, "x.h5:entry/y has 1 dimension", "datasets that fit: entry/detector/data")
	d, err := fs.Dataset(path, "entry/good", "key", nil)
	if err != nil {
		t.Fatal(err)
	}
	d.Close()
}

// Files that links lead to are inputs too, so that no output may replace them.
func TestLinkedInputs(t *testing.T) {
	dir := t.TempDir()
	fs, inputs := files(t, dir)
	rt.H5(t, dir, "there.h5", map[string]rt.Dataset{"data": rt.Counting[uint8](2, 3, 3)})
	path := rt.H5(t, dir, "x.h5", map[string]rt.Dataset{"far": func(f *h5.File, p string) error { return f.ExternalLink(p, "there.h5", "/data") }})
	s, err := fs.Frames([]string{path}, []string{"far"}, "file", "key", h5in.IsFrames)
	if err != nil {
		t.Fatal(err)
	}
	s.Close()
	var names []string
	for _, in := range inputs.List() {
		names = append(names, in.Written)
	}
	if !slices.Equal(names, []string{"there.h5", "x.h5"}) {
		t.Errorf("inputs %v", names)
	}
}

// Frames of several datasets are joined; those that do not fit together are refused.
func TestFrames(t *testing.T) {
	dir := t.TempDir()
	fs, _ := files(t, dir)
	path := rt.H5(t, dir, "x.h5", map[string]rt.Dataset{"a1": rt.Counting[uint8](2, 3, 3), "a2": rt.Counting[uint8](1, 3, 3), "b": rt.Counting[uint8](2, 3, 4), "c": rt.Counting[uint16](2, 3, 3), "im": rt.Counting[int16](2, 3), "line": rt.Counting[int16](6)})
	s, err := fs.Frames([]string{path}, []string{"a*"}, "file", "key", h5in.IsFrames)
	if err != nil || s.Frames() != 3 {
		t.Fatalf("%v", err)
	}
	s.Close()
	for _, keys := range [][]string{{"a1", "b"}, {"a1", "c"}, {"line"}} {
		_, err := fs.Frames([]string{path}, keys, "file", "key", h5in.IsFrames)
		wants(t, strings.Join(keys, "+"), err, "key: ")
	}
	_, err = fs.Frames([]string{path}, []string{"[a"}, "file", "key", h5in.IsFrames)
	if problem.ClassOf(err) != problem.Usage {
		t.Errorf("a bad pattern: %v", err)
	}
	_, err = fs.Frames([]string{path}, []string{"nogroup/*"}, "file", "key", h5in.IsFrames)
	wants(t, "no group", err, "nogroup")
	im, err := fs.Image(path, "im", "key")
	if err != nil || im.Type != pix.Int16 || !slices.Equal(pix.Pixels[int16](im), []int16{0, 1, 2, 3, 4, 5}) {
		t.Errorf("image %v, %v", im, err)
	}
	_, err = fs.Image(path, "a1", "key")
	wants(t, "two images", err, "2 x 3 x 3", "expected one image")
}

// Arrays: entries, columns and dimensions of one, by hand.
func TestArrays(t *testing.T) {
	dir := t.TempDir()
	fs, _ := files(t, dir)
	path := rt.H5(t, dir, "x.h5", map[string]rt.Dataset{"a": rt.Counting[int32](2, 3, 2), "s": rt.Array(nil, 2.5)})
	a, err := fs.Array(path, "a", "key")
	if err != nil {
		t.Fatal(err)
	}
	if e := a.Entry(1); !slices.Equal(e.Data, []float64{6, 7, 8, 9, 10, 11}) || !slices.Equal(e.Shape, []int{3, 2}) {
		t.Errorf("entry %v", e)
	}
	if c := a.Entry(0).Column(1); !slices.Equal(c.Data, []float64{1, 3, 5}) || !slices.Equal(c.Shape, []int{3}) {
		t.Errorf("column %v", c)
	}
	if s, err := fs.Array(path, "s", "key"); err != nil || len(s.Shape) != 0 || !slices.Equal(s.Data, []float64{2.5}) {
		t.Errorf("scalar %v, %v", s, err)
	}
	for _, c := range []struct {
		shape []int
		keep  int
		want  []int
	}{{[]int{2, 1, 1}, 1, []int{2}}, {[]int{2, 1, 1}, 2, []int{2, 1}}, {[]int{1, 2, 1}, 1, []int{1, 2}}, {[]int{1, 1}, 0, []int{}}} {
		if got := h5in.SqueezeTrailing(c.shape, c.keep); !slices.Equal(got, c.want) {
			t.Errorf("%v down to %d: %v", c.shape, c.keep, got)
		}
	}
	if got := h5in.Squeeze([]int{1, 2, 1, 3}); !slices.Equal(got, []int{2, 3}) {
		t.Errorf("squeezed %v", got)
	}
	for want, s := range map[string][]int{"scalar": nil, "4": {4}, "4 x 5": {4, 5}} {
		if got := h5in.Shape(s); got != want {
			t.Errorf("%v is %q", s, got)
		}
	}
}
