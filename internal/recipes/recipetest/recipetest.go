// Package recipetest helps the tests of recipes: it runs a recipe text in memory, checks how bad
// inputs are told, writes small HDF5 inputs, and keeps the samples in testdata/samples what the
// code that makes them says.
package recipetest

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"io/fs"
	"math"
	"os"
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

// Result is a scan that was prepared in memory.
type Result struct {
	Plan          *scan.Plan
	Type          pix.Type
	Frames        [][]float64 // pixels of each frame in C order
	Masks         [][]byte    // 1 valid
	Positions     [][2]float64
	Meta          scan.Meta
	LeftOut       []string
	DefaultOutput string
	Inputs        []recipes.Input
	Log           string // notices and warnings as text lines
}

// Run prepares the scan of a recipe text (YAML) as if the recipe stood in dir. It does so with one
// worker and with three, and fails the test when that makes a difference.
func Run(t testing.TB, spec recipes.Spec, dir, recipe string) (*Result, error) {
	t.Helper()
	one, err := run(spec, dir, recipe, 1)
	three, err3 := run(spec, dir, recipe, 3)
	switch {
	case (err == nil) != (err3 == nil):
		t.Errorf("with one worker: %v; with three: %v", err, err3)
	case err == nil && !(equal(one.Frames, three.Frames) && slices.EqualFunc(one.Masks, three.Masks, bytes.Equal)):
		t.Errorf("one worker and three give different frames")
	}
	return one, err
}

// MustRun is Run for a recipe that must succeed.
func MustRun(t testing.TB, spec recipes.Spec, dir, recipe string) *Result {
	t.Helper()
	r, err := Run(t, spec, dir, recipe)
	if err != nil {
		t.Fatal(Text(err))
	}
	return r
}

func equal(a, b [][]float64) bool {
	return slices.EqualFunc(a, b, slices.Equal)
}

func run(spec recipes.Spec, dir, recipe string, workers int) (*Result, error) {
	rec, err := Load(spec, dir, recipe)
	if err != nil {
		return nil, err
	}
	env, log := Env()
	ctx := context.Background()
	o, err := recipes.OpenerOf(rec.Spec)(ctx, env, rec.Values)
	if err != nil {
		return nil, err
	}
	defer o.Source.Close()
	out := &Result{DefaultOutput: o.DefaultOutput}
	done, err := scan.Run(ctx, o.Source, o.Settings, scan.Options{Workers: workers, Log: env.Log}, &sink{out: out})
	if err != nil {
		return nil, err
	}
	out.Plan, out.LeftOut, out.Log, out.Inputs = done.Plan, done.LeftOut, log.String(), env.Inputs.List()
	return out, nil
}

// sink keeps what it is given.
type sink struct {
	out  *Result
	plan *scan.Plan
}

func (s *sink) Start(p *scan.Plan) error {
	s.plan, s.out.Type, s.out.Positions = p, p.Type, p.Positions
	return nil
}
func (s *sink) Sample([]*scan.Frame) error { return nil }
func (s *sink) Abort()                     {}
func (s *sink) Finish() error {
	s.out.Meta = s.plan.Meta
	return nil
}

// kept is what Encode makes of a frame.
type kept struct {
	pixels []float64
	mask   []byte
}

func (s *sink) Encode(f *scan.Frame) error {
	var wide pix.Image
	imgproc.Convert(&wide, f.Pix, pix.Float64)
	m := f.Mask
	if m == nil {
		m = s.plan.Mask
	}
	if m == nil {
		m = imgproc.Ones(wide.Len())
	}
	f.Out = &kept{slices.Clone(pix.Pixels[float64](&wide)), slices.Clone(m)}
	return nil
}

func (s *sink) Write(_ int, packed any) error {
	k := packed.(*kept)
	s.out.Frames = append(s.out.Frames, k.pixels)
	s.out.Masks = append(s.out.Masks, k.mask)
	return nil
}

// Text is an error with its hints.
func Text(err error) string {
	var b strings.Builder
	for _, p := range problem.Of(err) {
		b.WriteString(p.Error())
		if p.Hint != "" {
			b.WriteString(" (hint: " + p.Hint + ")")
		}
		b.WriteString("\n")
	}
	return b.String()
}

// MustFail runs a recipe that must end in an error of the class whose text, hints included, holds
// all words.
func MustFail(t testing.TB, spec recipes.Spec, dir, recipe string, class problem.Class, words ...string) {
	t.Helper()
	_, err := Run(t, spec, dir, recipe)
	if err == nil {
		t.Errorf("no error, expected one with %q", words)
		return
	}
	if got := problem.ClassOf(err); got != class {
		t.Errorf("class %d, expected %d: %s", got, class, Text(err))
	}
	for _, w := range words {
		if !strings.Contains(Text(err), w) {
			t.Errorf("%q is not in: %s", w, Text(err))
		}
	}
}

// Near reports whether all numbers agree within a relative 1e-12.
func Near(a, b []float64) bool {
	return slices.EqualFunc(a, b, func(x, y float64) bool {
		return math.Abs(x-y) <= 1e-12*math.Max(math.Abs(x), math.Abs(y))
	})
}

// NearPositions is Near for positions.
func NearPositions(a, b [][2]float64) bool {
	return slices.EqualFunc(a, b, func(x, y [2]float64) bool { return Near(x[:], y[:]) })
}

// ---- inputs

// File is an HDF5 file being written; a failure ends the test.
type File struct {
	t testing.TB
	f *h5.File
}

// Create makes an HDF5 file, with its folder, to be filled by write.
func Create(t testing.TB, path string, write func(f *File)) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		t.Fatal(err)
	}
	f, err := h5.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	write(&File{t, f})
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
}

// Put writes an array; of the shape (len(data)) when none is given.
func Put[T pix.Number](f *File, key string, data []T, shape ...int) {
	f.t.Helper()
	if len(shape) == 0 {
		shape = []int{len(data)}
	}
	f.check(h5.WriteArray(f.f, key, shape, data, 0))
}

// Packed is Put with gzip.
func Packed[T pix.Number](f *File, key string, data []T, shape ...int) {
	f.t.Helper()
	f.check(h5.WriteArray(f.f, key, shape, data, 4))
}

// Scalar writes one float64.
func (f *File) Scalar(key string, v float64) {
	f.t.Helper()
	f.check(f.f.WriteScalar(key, pix.Float64, v))
}

// Text writes a text.
func (f *File) Text(key, v string) { f.t.Helper(); f.check(f.f.WriteString(key, v)) }

// Attr sets a text attribute of a group or dataset.
func (f *File) Attr(path, name, v string) { f.t.Helper(); f.check(f.f.SetAttr(path, name, v)) }

// Group makes a group.
func (f *File) Group(path string) { f.t.Helper(); f.check(f.f.CreateGroup(path)) }

// Link makes an external link.
func (f *File) Link(path, file, object string) {
	f.t.Helper()
	f.check(f.f.ExternalLink(path, file, object))
}

// SoftLink makes a soft link.
func (f *File) SoftLink(path, target string) { f.t.Helper(); f.check(f.f.SoftLink(path, target)) }

func (f *File) check(err error) {
	f.t.Helper()
	if err != nil {
		f.t.Fatal(err)
	}
}

// Ramp is n numbers from, from+1, ...
func Ramp[T pix.Number](n int, from T) []T {
	out := make([]T, n)
	for i := range out {
		out[i] = from + T(i)
	}
	return out
}

// Disc is frame k of a made-up scan: counts of a bright disc of radius size/6 with two rings, whose
// strength changes from frame to frame, and a scattering of single photons. It is the same on all
// machines.
func Disc[T pix.Number](rows, cols, k int) []T {
	out := make([]T, rows*cols)
	seed := uint64(k)*2654435761 + 12345
	for i := range out {
		seed = seed*6364136223846793005 + 1442695040888963407
		y, x := 2*(i/cols)-rows, 2*(i%cols)-cols
		r := 36 * (x*x + y*y) / (4 * rows * cols / 4) // squared, in thirds of the disc's radius
		v := int(seed >> 62 & 1)
		switch {
		case r < 9:
			v += 40 + k%5 + int(seed>>60&7)
		case r < 25:
			v += 8 + k%3
		case r < 64:
			v += 2
		}
		out[i] = T(v)
	}
	return out
}

// ---- samples

var update = flag.Bool("update", false, "write the samples in testdata/samples anew")

// Sample keeps testdata/samples/<name> equal to what write makes in an empty folder: byte for byte,
// HDF5 files by what they hold (other versions of its libraries may lay it out in other bytes).
// The flag -update writes it. It returns the committed folder.
func Sample(t *testing.T, name string, write func(dir string)) string {
	t.Helper()
	home := filepath.Join(root(t), "testdata", "samples", name)
	made := t.TempDir()
	if *update {
		if err := os.RemoveAll(home); err != nil {
			t.Fatal(err)
		}
		made = home
	}
	write(made)
	if *update {
		return home
	}
	want, got := files(t, home), files(t, made)
	for path, b := range got {
		if !bytes.Equal(b, want[path]) && !(isHDF5(b) && isHDF5(want[path]) && bytes.Equal(content(t, filepath.Join(made, path)), content(t, filepath.Join(home, path)))) {
			t.Errorf("testdata/samples/%s/%s is not what the test makes: run go test with -update", name, path)
		}
	}
	for path := range want {
		if _, ok := got[path]; !ok {
			t.Errorf("testdata/samples/%s/%s is made by nobody", name, path)
		}
	}
	return home
}

func isHDF5(b []byte) bool { return bytes.HasPrefix(b, []byte("\x89HDF")) }

// content is what an HDF5 file holds: paths, types, shapes, the attributes that NeXus files live
// on, and numbers or texts.
func content(t *testing.T, path string) []byte {
	t.Helper()
	f, err := h5.Open(path, h5.OpenOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var b bytes.Buffer
	err = f.Walk(func(p string, e h5.Entry, d *h5.Info) error {
		fmt.Fprintln(&b, p, e.Kind, e.Link, e.TargetFile, e.TargetPath)
		for _, name := range []string{"NX_class", "default", "signal", "axes", "units"} {
			if v, ok, _ := f.Attr(p, name); ok {
				fmt.Fprintln(&b, "@", name, v)
			}
		}
		if d == nil {
			return nil
		}
		fmt.Fprintln(&b, d.Type.Desc, d.Shape)
		ds, err := f.Dataset(p)
		if err != nil {
			return err
		}
		defer ds.Close()
		if d.Type.Pix == pix.Invalid {
			texts, err := ds.Strings()
			fmt.Fprintln(&b, texts)
			return err
		}
		v, err := h5.ReadAll[float64](ds)
		fmt.Fprintln(&b, v)
		return err
	})
	if err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	return b.Bytes()
}

func files(t *testing.T, dir string) map[string][]byte {
	t.Helper()
	out := map[string][]byte{}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		rel, err := filepath.Rel(dir, path)
		if err != nil {
			return err
		}
		out[rel], err = os.ReadFile(path)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// root is the folder of go.mod.
func root(t testing.TB) string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir
		}
		up := filepath.Dir(dir)
		if up == dir {
			t.Fatal("no go.mod above the working directory")
		}
		dir = up
	}
}

// Config runs the example configs/<name>.yaml, which points into testdata/samples, and gives what
// comes of it.
func Config(t testing.TB, spec recipes.Spec, name string) *Result {
	t.Helper()
	dir := filepath.Join(root(t), "configs")
	text, err := os.ReadFile(filepath.Join(dir, name+".yaml"))
	if err != nil {
		t.Fatal(err)
	}
	return MustRun(t, spec, dir, string(text))
}
