package beam_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"ptyprep/internal/imgproc"
	"ptyprep/internal/imgproc/pix"
	"ptyprep/internal/recipes"
	"ptyprep/internal/recipes/beam"
	"ptyprep/internal/recipes/h5in"
	rt "ptyprep/internal/recipes/recipetest"
	"ptyprep/internal/scan/param"
	"ptyprep/internal/scan/problem"
)

// The tree of a made-up beamline.
var (
	tree      = recipes.NewTree("Line", "")
	basePath  = beam.AddBasePath(tree, nil, "Folder.")
	number    = beam.AddNumber(tree, "scan_number", nil, "Scan.")
	sample    = beam.AddText(tree, "sample", nil, "Sample.")
	pattern   = beam.AddPattern(tree, "pattern", "%(base_path)sraw/%(sample)s_%(scan_number)05d.h5", "File.")
	_         = beam.AddPattern(tree, "other", "plain", "File.")
	_         = beam.AddMotors(tree, 1, 3, "Motors.", "sy", "sx")
	factors   = beam.AddMultiplier(tree, 3, 1e-6)
	maskFile  = beam.AddMask(tree)
	optics    = beam.AddOptics(tree, nil, nil)
	pixelSize = tree.Add(param.Spec{Path: "pixel", Forms: param.Float | param.List | param.Null, Help: "Pixel."})
)

var spec = recipes.Spec{Name: "Line", Tree: tree}

func values(t *testing.T, dir, recipe string) *param.Values {
	t.Helper()
	rec, err := rt.Load(spec, dir, "name: Line\n"+recipe)
	if err != nil {
		t.Fatal(rt.Text(err))
	}
	return rec.Values
}

// Patterns: references, widths, per cent signs, where relative paths start; everything wrong is told at
// the parameter.
func TestExpand(t *testing.T) {
	t.Setenv("PTYPREP_TEST_DIR", "/data")
	for _, c := range []struct{ recipe, want string }{
		{"base_path: /b/\nsample: s\nscan_number: 74\n", "/b/raw/s_00074.h5"},
		{"base_path: b/\nsample: s\nscan_number: 74\n", "dir/b/raw/s_00074.h5"}, // resolved once, not twice
		{"base_path: b//\nsample: s\nscan_number: 123456\n", "dir/b/raw/s_123456.h5"},
		{"base_path: $PTYPREP_TEST_DIR/\nsample: s\nscan_number: 1\n", "/data/raw/s_00001.h5"},
		{"pattern: 'x_%(scan_number)d.edf'\nscan_number: 0074\n", "dir/x_74.edf"},
		{"pattern: '%(scan_number)s_100%%.edf'\nscan_number: 7\n", "dir/7_100%.edf"},
		{"pattern: '/abs/%(scan_number)3d'\nscan_number: 7\n", "/abs/  7"},
		{"pattern: '$PTYPREP_TEST_DIR/%(scan_number)02d'\nscan_number: 7\n", "/data/07"},
		{"pattern: '%(base_path)s/$PTYPREP_TEST_DIR/x'\nbase_path: b\n", "dir/b/data/x"},
		{"pattern: 'a//b///c'\n", "dir/a/b/c"},
		{"pattern: '%(sample)04d'\nsample: '12'\n", "dir/0012"}, // a text that is a number
		{"pattern: '%(var)s-%(var)s'\n", "dir/v-v"},
		{"pattern: '%(home)sx'\n", "/h/x"},
	} {
		got, err := beam.Expand(values(t, "dir", c.recipe), pattern, beam.Var{Name: "var", Value: "v"}, beam.Var{Name: "home", Value: "/h/", Resolved: true})
		if err != nil || got != c.want {
			t.Errorf("%s: %q, %v; want %q", c.recipe, got, err, c.want)
		}
	}
	for _, c := range []struct{ recipe, words string }{
		{"pattern: '%(sampel)s'\n", "no such parameter|did you mean %(sample)?"},
		{"pattern: '%(sample)s'\n", "refers to sample, which is not given|give sample"},
		{"pattern: '%d'\n", "begins no reference|%(name)05d"},
		{"pattern: '%(sample)'\nsample: s\n", "begins no reference"},
		{"pattern: '%(sample)x'\nsample: s\n", "begins no reference"},
		{"pattern: '%(sample)005d'\nsample: s\n", "begins no reference"},
		{"pattern: '50%'\n", "begins no reference"},
		{"pattern: '%(sample)d'\nsample: s\n", "wants a whole number, and sample is \"s\""},
		{"pattern: '%(motors)s'\n", "neither a text nor a number"},
		{"pattern: '%(other)s'\nother: '%(sample)s'\n", "is a pattern itself"},
		{"pattern: '$PTYPREP_NOT_SET/x'\n", "PTYPREP_NOT_SET is not set"},
	} {
		_, err := beam.Expand(values(t, "dir", c.recipe), pattern)
		if problem.ClassOf(err) != problem.Usage {
			t.Errorf("%s: %v", c.recipe, err)
			continue
		}
		for w := range strings.SplitSeq("recipe.yaml:2:10: pattern|"+c.words, "|") {
			if !strings.Contains(rt.Text(err), w) {
				t.Errorf("%slacks %q: %s", c.recipe, w, rt.Text(err))
			}
		}
	}
}

// base_path null: the first folder upwards that holds the marker.
func TestBasePath(t *testing.T) {
	top := t.TempDir()
	deep := filepath.Join(top, "user", "process", "deep")
	if err := errors.Join(os.MkdirAll(deep, 0o777), os.MkdirAll(filepath.Join(top, "user", "raw"), 0o777)); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ recipe, dir, sub, want string }{
		{"", deep, "", top + "/user/"},
		{"", deep, "raw", top + "/user/raw/"},
		{"base_path: /a\n", deep, "raw", "/a/"},
		{"base_path: x/\n", deep, "", deep + "/x/"},
	} {
		got, err := beam.BasePath(values(t, c.dir, c.recipe), basePath, "raw", c.sub)
		if err != nil || filepath.Clean(got)+"/" != c.want || !strings.HasSuffix(got, "/") {
			t.Errorf("%+v: %q, %v", c, got, err)
		}
	}
	_, err := beam.BasePath(values(t, deep, ""), basePath, "no-such-marker", "")
	if problem.ClassOf(err) != problem.Input || !strings.Contains(rt.Text(err), "no-such-marker") || !strings.Contains(rt.Text(err), "give base_path") {
		t.Errorf("no marker: %v", err)
	}
}

// Files of a folder by pattern, in the order of bytes; what is missing is told as far as it is missing.
func TestMatch(t *testing.T) {
	dir := t.TempDir()
	for _, n := range []string{"raw/a_10.edf", "raw/a_2.edf", "raw/a_1.edf", "raw/b.edf", "raw/a_3.edf.d/x"} {
		p := filepath.Join(dir, n)
		if err := errors.Join(os.MkdirAll(filepath.Dir(p), 0o777), os.WriteFile(p, nil, 0o666)); err != nil {
			t.Fatal(err)
		}
	}
	got, err := beam.Match("key", dir, "raw/a_*.edf*")
	if want := []string{dir + "/raw/a_1.edf", dir + "/raw/a_10.edf", dir + "/raw/a_2.edf"}; err != nil || !slices.Equal(got, want) {
		t.Errorf("%v, %v", got, err)
	}
	for _, c := range []struct {
		pattern string
		class   problem.Class
		words   []string
	}{
		{"raw/c*.edf", problem.Input, []string{"key: no file matches " + dir + "/raw/c*.edf", "a_1.edf"}},
		{"rwa/a*.edf", problem.Input, []string{"there is no folder", "did you mean raw?"}},
		{"zzz/deep/*", problem.Input, []string{"holds no folder zzz", "its folders: raw"}},
		{"raw/[", problem.Usage, []string{"no valid pattern"}},
	} {
		_, err := beam.Match("key", dir, c.pattern)
		if problem.ClassOf(err) != c.class {
			t.Errorf("%s: %v", c.pattern, err)
			continue
		}
		for _, w := range c.words {
			if !strings.Contains(rt.Text(err), w) {
				t.Errorf("%s: lacks %q: %s", c.pattern, w, rt.Text(err))
			}
		}
	}
}

func TestMotorsAndMultipliers(t *testing.T) {
	for _, c := range []struct {
		recipe string
		n      int
		want   []float64
	}{
		{"motors_multiplier: 2\n", 3, []float64{2, 2, 2}}, {"motors_multiplier: [1, 2]\n", 3, []float64{1, 2, 2}}, {"", 2, []float64{1e-6, 1e-6}},
		{"motors_multiplier: [1, 2, 3]\n", 2, nil},
	} {
		got, err := beam.Multipliers(values(t, "", c.recipe), factors, c.n)
		if !slices.Equal(got, c.want) || (err != nil) != (c.want == nil) {
			t.Errorf("%s: %v, %v", c.recipe, got, err)
		}
	}
	err := beam.Required(values(t, "", ""), sample, number)
	if l := problem.Of(err); len(l) != 2 || l[0].Class != problem.Usage || !strings.Contains(l[1].Msg, "scan_number") {
		t.Errorf("required: %v", err)
	}
	if got := beam.DefaultOutput(values(t, "d", ""), "a/b"); got != "d/prepdata/data_a_b.ptyd" || beam.DefaultOutput(values(t, "d", ""), "") != "" {
		t.Errorf("default output %s", got)
	}
}

// lam and z stand in for energy and distance where the recipe gives neither; E = hc/lambda with
// hc = 1.23984193e-9 keV m (core 9), so 1.23984193 angstrom are 10 keV.
func TestOptics(t *testing.T) {
	for _, c := range []struct {
		recipe           string
		energy, distance float64
		left             []string
	}{
		{"lam: 1.23984193e-10\nz: 2\npixel: 5.0e-5\n", 10, 2, nil},
		{"lam: 1.23984193e-10\nz: 2\nenergy: 7\ndistance: 3\npsize: 1.0e-4\n", 7, 3, nil},
		{"energy: 7\n", 7, 7.19, []string{"distance", "psize"}},
	} {
		v := values(t, "", c.recipe)
		s := recipes.Settings(v)
		optics.Apply(v, s)
		beam.SetPSize(v, s, pixelSize)
		if math.Abs(s.EnergyKeV-c.energy) > 1e-12 || s.DistanceM != c.distance || !slices.Equal(s.FromDefaults, c.left) {
			t.Errorf("%s: %v keV, %v m, by default %v", c.recipe, s.EnergyKeV, s.DistanceM, s.FromDefaults)
		}
	}
}

// Each begins numbers in order, finishes what it began, and gives the error of the lowest that fails.
func TestEach(t *testing.T) {
	var n atomic.Int64
	if err := beam.Each(t.Context(), 100, func(i int) error { n.Add(int64(i)); return nil }); err != nil || n.Load() != 4950 {
		t.Errorf("%v, sum %d", err, n.Load())
	}
	for range 20 {
		err := beam.Each(t.Context(), 100, func(i int) error {
			if i >= 7 {
				return fmt.Errorf("file %d", i)
			}
			return nil
		})
		if err == nil || err.Error() != "file 7" {
			t.Fatalf("error %v", err)
		}
	}
	ctx, cancel := context.WithCancelCause(t.Context())
	stopped := errors.New("stopped")
	err := beam.Each(ctx, 1000, func(i int) error {
		if i == 3 {
			cancel(stopped)
		}
		return nil
	})
	if !errors.Is(err, stopped) {
		t.Errorf("cancelled: %v", err)
	}
}

// darks gives the images to MeanOf, each 2 x 2 pixels.
func darks[T pix.Number](images ...[]T) func(i int, im *pix.Image) error {
	return func(i int, im *pix.Image) error {
		*im = *pix.From(images[i], 2, 2)
		return nil
	}
}

// The mean of integer images is exact and not cut; images of another size are refused.
func TestMean(t *testing.T) {
	counts := darks([]uint16{1, 2, 3, 65535}, []uint16{2, 2, 3, 65535}, []uint16{2, 2, 4, 65535}, []uint16{2, 3, 4, 65535})
	m, err := beam.MeanOf(t.Context(), pix.Float64, 4, counts)
	if err != nil || m.Count() != 4 {
		t.Fatal(err)
	}
	if got := pix.Pixels[float64](m.Image()); !slices.Equal(got, []float64{1.75, 2.25, 3.5, 65535}) {
		t.Errorf("mean %v", got)
	}
	// float32 sums, as numpy takes them: 2^24 + 1 + 1 stays 2^24, and 16777217 is 16777216 before it is added
	small, err := beam.MeanOf(t.Context(), pix.Float32, 3, darks([]float64{1 << 24, 1, 16777217, 0.1}, []float64{1, 1 << 24, 0, 0.1}, []float64{1, 1, 0, 0.1}))
	if err != nil {
		t.Fatal(err)
	}
	tenth := float32(0.1)
	if got := pix.Pixels[float32](small.Image()); !slices.Equal(got, []float32{16777216. / 3, 16777216. / 3, 16777216. / 3, (tenth + tenth + tenth) / 3}) {
		t.Errorf("float32 mean %v", got)
	}
	// ... counts are not: (2^24 + 1 + 1)/3 is 5592406, from a float32 sum 5592405.5
	whole, err := beam.MeanOf(t.Context(), pix.Float32, 3, darks([]uint32{1 << 24, 0, 0, 0}, []uint32{1, 0, 0, 0}, []uint32{1, 0, 0, 0}))
	if err != nil {
		t.Fatal(err)
	}
	if got := whole.Image(); got.Type != pix.Float32 || pix.Pixels[float32](got)[0] != 5592406 {
		t.Errorf("float32 mean of counts %v", got)
	}
	if err := m.Add(pix.New(pix.Uint16, 2, 3)); err == nil || !strings.Contains(err.Error(), "2 x 3 pixels (rows x columns), expected 2 x 2") {
		t.Errorf("another size: %v", err)
	}
	if new(beam.Mean).Image() != nil {
		t.Error("a mean of nothing")
	}
	broken := errors.New("broken")
	if _, err := beam.MeanOf(t.Context(), pix.Float64, 9, func(i int, im *pix.Image) error {
		if i == 5 {
			return broken
		}
		im.Resize(pix.Uint8, 1, 1)
		return nil
	}); !errors.Is(err, broken) {
		t.Errorf("broken: %v", err)
	}
}

func TestMonitorValues(t *testing.T) {
	for _, x := range []float64{0, -1, math.NaN(), math.Inf(1)} {
		err := beam.CheckMonitor("norm", []float64{1, 2, x}, nil)
		if problem.ClassOf(err) != problem.Input || !strings.Contains(err.Error(), "norm: the monitor of frame 2 is") {
			t.Errorf("%v: %v", x, err)
		}
	}
	if err := beam.CheckMonitor("norm", []float64{1e-300, 5}, nil); err != nil {
		t.Error(err)
	}
	v := []float64{1, 2, 6}
	if beam.ByMean(v); !slices.Equal(v, []float64{1.0 / 3, 2.0 / 3, 2}) {
		t.Errorf("by mean %v", v)
	}
}

// Frames and positions that differ are told (exit 3), unless num_frames settles it (core 11.1).
func TestCounted(t *testing.T) {
	for _, c := range []struct{ asked, frames, positions, want, told int }{
		{0, 5, 5, 5, 0}, {0, 5, -1, 5, 0}, {0, 5, 3, 3, 1}, {0, 3, 5, 3, 1}, {3, 5, 3, 3, 0}, {2, 5, 3, 2, 0}, {4, 5, 3, 3, 1}, {9, 5, 5, 5, 0},
	} {
		n, left := beam.Counted(c.asked, c.frames, c.positions)
		if n != c.want || len(left) != c.told {
			t.Errorf("%+v: %d, %v", c, n, left)
		}
	}
	kept, left := beam.Numbered{Total: 6, Have: []int{0, 1, 3, 5}}.Choose(0, 5, nil)
	if !slices.Equal(kept, []int{0, 1, 3}) || len(left) != 3 || !strings.Contains(left[1], "frame 2 is not there") {
		t.Errorf("kept %v, left out %q", kept, left)
	}
	if kept, left = (beam.Numbered{Total: 6, Have: []int{0, 1, 3, 5}}).Choose(2, 5, nil); !slices.Equal(kept, []int{0, 1}) || len(left) > 0 {
		t.Errorf("of the first two: kept %v, left out %q", kept, left)
	}
	_, left = beam.Numbered{Total: 100}.Choose(0, -1, func(k int) string { return fmt.Sprint(k) })
	if len(left) != 21 || !strings.Contains(left[20], "80 more") {
		t.Errorf("many: %d, %q", len(left), left[len(left)-1])
	}
}

func TestNumberIn(t *testing.T) {
	for name, want := range map[string]int{"a_007.h5": 7, "a_1234.h5": 1234, "a_000.h5": 0} {
		if n, ok := beam.NumberIn(name, "a_", ".h5", 3); !ok || n != want {
			t.Errorf("%s: %d, %v", name, n, ok)
		}
	}
	for _, name := range []string{"a_07.h5", "a_0007.h5", "a_x07.h5", "b_007.h5", "a_007.edf", "a_-07.h5", "a_.h5", "a_99999999999.h5", "a_h5", "a_+07.h5"} {
		if n, ok := beam.NumberIn(name, "a_", ".h5", 3); ok {
			t.Errorf("%s is taken for %d", name, n)
		}
	}
}

// prepare runs a Scan with a recipe's base parameters.
func prepare(t *testing.T, open func() *beam.Scan, recipe string) *rt.Result {
	t.Helper()
	r, err := tryPrepare(t, open, recipe)
	if err != nil {
		t.Fatal(rt.Text(err))
	}
	return r
}

func tryPrepare(t *testing.T, open func() *beam.Scan, recipe string) (*rt.Result, error) {
	t.Helper()
	line := spec
	line.Open = recipes.OpenFunc(func(_ context.Context, _ *recipes.Env, v *param.Values) (*recipes.Opened, error) {
		set := recipes.Settings(v)
		s := open() // a Scan and its steps serve one run
		s.Output = set.Output
		return &recipes.Opened{Source: s, Settings: set}, nil
	})
	return rt.Run(t, line, t.TempDir(), "name: Line\nenergy: 7\ndistance: 1\npsize: 1.0e-4\nauto_center: false\n"+recipe)
}

// counted is a Scan of 3 frames of 4 x 4: pixel i of frame k holds 100 k + i.
func counted(steps ...beam.Step) *beam.Scan {
	return &beam.Scan{Frames: 3, Rows: 4, Cols: 4, Raw: pix.Uint16, Steps: steps, Read: func(_ context.Context, s *beam.Slot) error {
		s.Frame.Pix.Resize(pix.Uint16, 4, 4)
		for i := range 16 {
			pix.Pixels[uint16](s.Frame.Pix)[i] = uint16(100*s.Index + i)
		}
		return nil
	}}
}

// The steps by hand, in float32 and in float64; with output_dtype raw cut back into the raw type.
func TestSteps(t *testing.T) {
	image := func(v ...float32) *pix.Image {
		return pix.From(append(v, slices.Repeat([]float32{v[len(v)-1]}, 16-len(v))...), 4, 4)
	}
	nan := float32(math.NaN())
	for name, c := range map[string]struct {
		step func() beam.Step
		want []float64 // first pixels of frame 1: raw 100, 101, 102, 103
	}{
		"dark":          {func() beam.Step { return beam.NewDarkFlat(image(1, 101, 200, 0), nil) }, []float64{99, 0, 0, 103}},
		"flat":          {func() beam.Step { return beam.NewDarkFlat(nil, image(2, 0, nan, 4)) }, []float64{50, 0, 0, 25.75}},
		"dark and flat": {func() beam.Step { return beam.NewDarkFlat(image(1, 1, 1, 1), image(2, 3, 1, 5)) }, []float64{99, 50, 0, 25.5}},
		"negative flat": {func() beam.Step { return beam.NewDarkFlat(nil, image(-2, 1, 1, 1)) }, []float64{0, 101, 102, 103}},
		"negative results stay": {func() beam.Step {
			return &beam.DarkFlat{Dark: beam.NewPicture(image(101, 0, 0, 0)), KeepNegative: true}
		}, []float64{-1, 101, 102, 103}},
		"by a value of the frame": {func() beam.Step { return &beam.PerFrame{Values: []float64{1, 4, 1}} }, []float64{25, 25.25, 25.5, 25.75}},
		"threshold":               {func() beam.Step { return &beam.Threshold{Low: 102} }, []float64{0, 0, 102, 103}},
		"whole": {func() beam.Step {
			return beam.Whole(func(s *beam.Slot) error {
				if s.Frame.Pix.Len() != 16 {
					return errors.New("not the whole frame")
				}
				if a := s.Frame.Pix; a.Type == pix.Float64 {
					pix.Pixels[float64](a)[0] = 1.5
				} else {
					pix.Pixels[float32](a)[0] = 1.5
				}
				return nil
			})
		}, []float64{1.5, 101, 102, 103}},
	} {
		for out, typ := range map[string]pix.Type{"auto": pix.Float32, "float64": pix.Float64, "raw": pix.Uint16} {
			r := prepare(t, func() *beam.Scan { return counted(c.step()) }, "shape: null\noutput_dtype: "+out+"\n")
			want := slices.Clone(c.want)
			if out == "raw" {
				for i, v := range want {
					want[i] = math.Max(math.Trunc(v), 0)
				}
			}
			if r.Type != typ || !slices.Equal(r.Frames[1][:4], want) {
				t.Errorf("%s, %s: %v of type %v, want %v", name, out, r.Frames[1][:4], r.Type, want)
			}
			if told := strings.Contains(r.Log, "outside the range"); told != (out == "raw" && slices.Min(c.want) < 0) {
				t.Errorf("%s, %s: heard %q", name, out, r.Log)
			}
		}
	}
	d := beam.NewDarkFlat(image(1, 1, 1, 1), image(2, 1, nan, 2))
	mask := imgproc.Ones(16)
	if n := d.Mask(mask); n != 2 || imgproc.CountSet(mask) != 14 || mask[1]+mask[2] != 0 {
		t.Errorf("%d pixels cannot divide, mask %v", n, mask)
	}
	if n := d.Mask(mask); n != 0 {
		t.Errorf("%d pixels counted that were masked already", n)
	}
}

// Without steps frames keep their type; smaller types are taken into the scan's.
func TestRawTypes(t *testing.T) {
	if r := prepare(t, func() *beam.Scan { return counted() }, "shape: null\n"); r.Type != pix.Uint16 || r.Frames[2][15] != 215 {
		t.Errorf("%v", r.Type)
	}
	with := func(change func(s *beam.Scan)) func() *beam.Scan {
		return func() *beam.Scan {
			s := counted()
			change(s)
			return s
		}
	}
	if r := prepare(t, with(func(s *beam.Scan) { s.Raw = pix.Int32 }), "shape: null\n"); r.Type != pix.Int32 || r.Frames[2][15] != 215 {
		t.Errorf("%v", r.Type)
	}
	_, err := tryPrepare(t, with(func(s *beam.Scan) { s.Raw = pix.Uint8 }), "shape: null\n")
	if problem.ClassOf(err) != problem.Input || !strings.Contains(err.Error(), "frame 0 holds uint16 numbers, expected uint8") {
		t.Errorf("too wide: %v", err)
	}
	_, err = tryPrepare(t, with(func(s *beam.Scan) { s.Cols = 5 }), "shape: null\n")
	if problem.ClassOf(err) != problem.Input || !strings.Contains(err.Error(), "frame 0 has 4 x 4 pixels (rows x columns), expected 4 x 5") {
		t.Errorf("another size: %v", err)
	}
}

// Windows: a cut gives the pixels of the whole frame, whether steps see all of it or a part, whether the
// recipe reads windows or not, with a view, and over the edges, where nothing is valid.
func TestScanWindows(t *testing.T) {
	valid := imgproc.Ones(16)
	valid[5] = 0
	whole := beam.Whole(func(*beam.Slot) error { return nil })
	local := &beam.Threshold{Low: 0}
	windows := func(s *beam.Scan) *beam.Scan {
		read := s.Read
		s.ReadsWindows = true
		s.Read = func(ctx context.Context, slot *beam.Slot) error {
			if err := read(ctx, slot); err != nil {
				return err
			}
			old := slot.Frame.Swap()
			imgproc.Window(slot.Frame.Pix, old, slot.Window)
			return nil
		}
		return s
	}
	own := func(s *beam.Scan) *beam.Scan {
		read := s.Read
		s.Read = func(ctx context.Context, slot *beam.Slot) error {
			if err := read(ctx, slot); err != nil {
				return err
			}
			m := slot.OwnMask(slot.Frame.Pix.Len())
			for i := range m {
				m[i] = 1
			}
			slot.Frame.Mask = m
			return nil
		}
		return s
	}
	for name, c := range map[string]struct {
		view   *imgproc.Rect
		recipe string
		want   string // of frame 0, . is not valid
	}{
		"whole":          {nil, "shape: null\n", "0 1 2 3|4 . 6 7|8 9 10 11|12 13 14 15"},
		"middle":         {nil, "shape: 2\n", ". 6|9 10"},
		"over an edge":   {nil, "shape: 3\ncenter: [0.4, 1]\n", ". . .|0 1 2|4 . 6"},
		"view":           {&imgproc.Rect{Row: 1, Col: 1, Rows: 3, Cols: 3}, "shape: null\n", ". 6 7|9 10 11|13 14 15"},
		"view, cut":      {&imgproc.Rect{Row: 1, Col: 1, Rows: 3, Cols: 3}, "shape: 2\ncenter: [2, 2]\n", "10 11|14 15"}, // rows and columns 1 and 2 of the view
		"view over edge": {&imgproc.Rect{Row: -1, Col: 0, Rows: 4, Cols: 4}, "shape: null\n", ". . . .|0 1 2 3|4 . 6 7|8 9 10 11"},
	} {
		for kind, open := range map[string]func() *beam.Scan{
			"no steps":             func() *beam.Scan { return counted() },
			"local":                func() *beam.Scan { return counted(local) },
			"whole frames":         func() *beam.Scan { return counted(local, whole) },
			"reads windows":        func() *beam.Scan { return windows(counted(local)) },
			"reads windows, whole": func() *beam.Scan { return windows(counted(whole)) },
			"own masks":            func() *beam.Scan { return own(counted(local)) },
			"own masks, windows":   func() *beam.Scan { return own(windows(counted(local))) },
			"own masks, whole":     func() *beam.Scan { return own(counted(whole)) },
		} {
			r := prepare(t, func() *beam.Scan {
				s := open()
				s.Valid, s.HasMask, s.View = valid, true, c.view
				return s
			}, c.recipe)
			if got := picture(r, 0); got != c.want {
				t.Errorf("%s, %s: %s, want %s", name, kind, got, c.want)
			}
			if r.Masks[2][0] != r.Masks[0][0] || !slices.Equal(r.Masks[1], r.Masks[0]) {
				t.Errorf("%s, %s: masks differ", name, kind)
			}
		}
	}
}

// picture draws a frame: rows, with . for what is not valid.
func picture(r *rt.Result, k int) string {
	var b strings.Builder
	for i, v := range r.Frames[k] {
		switch {
		case i == 0:
		case i%r.Plan.Cols == 0:
			b.WriteByte('|')
		default:
			b.WriteByte(' ')
		}
		if r.Masks[k][i] == 0 {
			b.WriteByte('.')
		} else {
			fmt.Fprint(&b, v)
		}
	}
	return b.String()
}

// closer notes the order of closing.
type closer struct {
	name  string
	order *[]string
}

func (c closer) Close() error {
	*c.order = append(*c.order, c.name)
	return errors.New(c.name)
}

// The last opened is closed first, all of them, once.
func TestScanClose(t *testing.T) {
	var order []string
	s := &beam.Scan{Closers: []io.Closer{closer{"a", &order}, closer{"b", &order}}}
	err := s.Close()
	if err == nil || err.Error() != "b\na" || s.Close() != nil || !slices.Equal(order, []string{"b", "a"}) {
		t.Errorf("%v, %v", err, order)
	}
}

// Files of frames are looked into before any is read: all have the size of the first, and the type that
// holds all; each is an input.
func TestHeads(t *testing.T) {
	dir := t.TempDir()
	file := func(k int) string { return filepath.Join(dir, fmt.Sprintf("f%d", k)) }
	for k := range 3 {
		if err := os.WriteFile(file(k), nil, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	v := values(t, dir, "")
	env, _ := rt.Env()
	var s beam.Scan
	types := []pix.Type{pix.Uint16, pix.Int16, pix.Uint8}
	err := s.Heads(t.Context(), env, v, pattern, 3, file, func(k int) (beam.Head, error) { return beam.Head{Type: types[k], Rows: 4, Cols: 5}, nil })
	if err != nil || s.Rows != 4 || s.Cols != 5 || s.Raw != pix.Int32 || len(env.Inputs.List()) != 3 {
		t.Errorf("%v, %d x %d, %v, %d inputs", err, s.Rows, s.Cols, s.Raw, len(env.Inputs.List()))
	}
	err = s.Heads(t.Context(), env, v, pattern, 3, file, func(k int) (beam.Head, error) { return beam.Head{Type: pix.Uint8, Rows: 4, Cols: 5 + k}, nil })
	if problem.ClassOf(err) != problem.Input || !strings.Contains(err.Error(), "frame 1 ("+file(1)+") has 4 x 6 pixels") {
		t.Errorf("another size: %v", err)
	}
}

// The mask of mask_file: valid above 0, of the frames' size or told with both sizes.
func TestMaskFile(t *testing.T) {
	dir := t.TempDir()
	rt.H5(t, dir, "m.h5", map[string]rt.Dataset{"mask": rt.Array([]int{1, 2, 3}, 0, 1, -1, 0.5, 2, math.NaN()), "other": rt.Constant[uint8](1, 3, 2)})
	v := values(t, dir, "mask_file: m.h5\n")
	env, _ := rt.Env()
	files := h5in.New(env, v)
	defer files.Close()
	m, err := beam.HDF5Mask(files, v, maskFile, "mask", 2, 3)
	if err != nil || !slices.Equal(m, []byte{0, 1, 0, 1, 1, 0}) {
		t.Errorf("%v, %v", m, err)
	}
	if m, err := beam.HDF5Mask(files, values(t, dir, ""), maskFile, "mask", 2, 3); m != nil || err != nil {
		t.Errorf("null: %v, %v", m, err)
	}
	_, err = beam.HDF5Mask(files, v, maskFile, "other", 2, 3)
	if problem.ClassOf(err) != problem.Input || !strings.Contains(err.Error(), "3 x 2, expected 2 x 3") {
		t.Errorf("another size: %v", err)
	}
	_, err = beam.HDF5Mask(files, v, maskFile, "maks", 2, 3)
	if problem.ClassOf(err) != problem.Input || !strings.Contains(rt.Text(err), "did you mean mask") {
		t.Errorf("no such dataset: %v", err)
	}
}
