package sim

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"math"
	"strings"
	"testing"

	"ptyprep/internal/imgproc/pix"
	"ptyprep/internal/recipes"
	"ptyprep/internal/recipes/defaultstest"
	"ptyprep/internal/recipes/recipetest"
	"ptyprep/internal/recipes/sim/noise"
	"ptyprep/internal/scan"
	"ptyprep/internal/scan/problem"
)

func TestDefaults(t *testing.T) {
	defaultstest.Compare(t, MoonTree, "MoonFlowerScan", []string{"seed", "rounding", "probe", "object", "moon_phase", "flower_pitch"}, nil)
	defaultstest.Compare(t, QuickTree, "QuickScan", []string{"seed"}, nil)
	defaultstest.Compare(t, SimTree, "SimScan", []string{
		"seed", "xy.centred", "illumination.recon.ID", "illumination.recon.layer", "sample.recon.ID", "sample.process.delta", "sample.process.beta",
		"moon_phase", "flower_pitch", "detector.*",
	}, nil)
}

// open opens a recipe text; log holds its warnings and notices.
func open(t *testing.T, text string) (o *recipes.Opened, log string, err error) {
	t.Helper()
	r, err := recipes.NewRegistry(Specs()...).Parse("recipe.yaml", ".yaml", []byte(text), nil)
	if err != nil {
		return nil, "", err
	}
	var b bytes.Buffer
	env := &recipes.Env{Log: slog.New(slog.NewTextHandler(&b, nil)), Inputs: new(recipes.Inputs)}
	o, err = recipes.OpenerOf(r.Spec)(context.Background(), env, r.Values)
	return o, b.String(), err
}

func mustOpen(t *testing.T, text string) (*Source, string) {
	t.Helper()
	o, log, err := open(t, text)
	if err != nil {
		t.Fatal(err)
	}
	return o.Source.(*Source), log
}

const small = `
name: SimScan
shape: 32
xy: {model: round, spacing: 1.0e-06, steps: 3, extent: 3.0e-06}
sample: {model: flower, process: null}
`

// lit is small with photons.
const lit = small + "illumination: {photons: 1.0e+06}\n"

// Recipes that must be refused, with words of the error and hint.
func TestRefused(t *testing.T) {
	for _, c := range []struct {
		recipe string
		class  problem.Class
		words  []string
	}{
		{"name: SimScan\nillumination: {photons: 1.0e+6}", problem.Usage, []string{"xy.model", "null", "round, spiral, raster"}},
		{small + "illumination: {photons: 0}", problem.Usage, []string{"illumination.photons", "above 0"}},
		{small + "illumination: {model: sun}", problem.Usage, []string{"illumination.model", "moon"}},
		{small + "illumination: {model: stxm}", problem.Usage, []string{"measured"}},
		{small + "illumination: {model: recon}", problem.Usage, []string{"illumination.recon.rfile", ".ptyr"}},
		{small + "illumination: gone.ptyr", problem.Input, []string{"gone.ptyr"}},
		{small + "illumination: sunshine", problem.Usage, []string{"sunshine", "illumination.model"}},
		{small + "illumination: {photons: 1.0e+6, aperture: {offset: 1.0}}", problem.Usage, []string{"power of 0", "aperture"}},
		{small + "illumination: {photons: 1.0e+6, aperture: {form: star}}", problem.Usage, []string{"circ"}},
		{small + "illumination: [[1, .nan], [1, 1]]", problem.Usage, []string{"illumination"}},
		{lit + "detector: PILATUS_30K", problem.Usage, []string{"PILATUS_30K", "did you mean PILATUS_300K", "FRELON_TAPER"}},
		{lit + "detector: {dtype: float32}", problem.Usage, []string{"detector.dtype", "whole numbers"}},
		{lit + "detector: {qe: 0}", problem.Usage, []string{"detector.qe"}},
		{lit + "detector: {center: [-5000, 3]}", problem.Usage, []string{"no pixel of a frame", "lies at pixel [-5000 3] of a detector of [2048 2048]"}},
		{lit + "psf: [1, 2, 3]", problem.Usage, []string{"psf", "list of 3"}},
		{lit + "psf: -1", problem.Usage, []string{"psf"}},
		{lit + "distance: null", problem.Usage, []string{"distance", "null"}},
		{strings.Replace(lit, "shape: 32", "shape: null", 1), problem.Usage, []string{"recipe.yaml:3:8: shape: is null"}},
		{lit + "energy: 0", problem.Usage, []string{"energy"}},
		{"name: SimScan\nshape: 32\nxy: {model: round, extent: null, spacing: null}", problem.Usage, []string{"at most one"}},
		{"name: SimScan\nshape: 32\nxy: {model: round, offset: 1.0}", problem.Usage, []string{"no scan point"}},
		{"name: SimScan\nshape: 32\nxy: {override: [[0, 0], [1.0, 1.0]]}", problem.Usage, []string{"object would have more"}},
		{strings.Replace(lit, "process: null", "process: {}", 1), problem.Usage, []string{"not finite", "process: null"}},
		{strings.Replace(lit, "model: flower, process: null", "model: [[1, 2], [3, 4]], process: {ref_index: null}", 1), problem.Usage, []string{"ref_index", "delta"}},
		{strings.Replace(lit, "model: flower", "model: tree", 1), problem.Usage, []string{"tree", "flower"}},
		{"name: MoonFlowerScan\nphotons: -1", problem.Usage, []string{"photons"}},
		{"name: MoonFlowerScan\nmodel: grid", problem.Usage, []string{"round"}},
		{"name: MoonFlowerScan\nshape: 32\nobject: [[1, 2], [3, 4]]", problem.Input, []string{"2 x 2", "looks at"}},
	} {
		_, _, err := open(t, c.recipe)
		if err == nil {
			t.Errorf("accepted:\n%s", c.recipe)
			continue
		}
		text := recipetest.Text(err)
		if problem.ClassOf(err) != c.class {
			t.Errorf("class %d, want %d: %s", problem.ClassOf(err), c.class, text)
		}
		for _, w := range c.words {
			if !strings.Contains(text, w) {
				t.Errorf("%q is not in: %s\n%s", w, text, c.recipe)
			}
		}
	}
}

// Recipes that run with a remark.
func TestRemarks(t *testing.T) {
	for _, c := range []struct{ recipe, level, words string }{
		{small, "WARN", "illumination.photons: is not given"},
		{lit + "center: [10, 12]", "WARN", "(16, 16) is written"},
		{strings.Replace(lit, "shape: 32", "shape: [32, 40]", 1), "WARN", "32 x 32"},
		{"name: SimScan\nshape: 32\nillumination: {photons: 1.0e+6}\nxy: {model: raster}", "WARN", "extent drops 64 of 100 points"},
		{"name: SimScan\nshape: 32\nillumination: {photons: 1.0e+6}\nxy: {model: round_roi}", "INFO", "round"},
		{strings.Replace(lit, "model: flower", "model: [[1, 1], [1, 1]]", 1), "WARN", "smaller than the area"},
		{small + "illumination: {photons: 1.0e+6, model: [[1, 1], [1, 1]]}", "INFO", "cut or padded"},
		{small + "illumination: {photons: 1.0e+6, propagation: {antialiasing: 2}}", "INFO", "no effect"},
		{lit + "positions_theory: [[0, 0], [1, 1]]", "INFO", "only its length counts, 2"},
		{"name: MoonFlowerScan\nshape: 32", "INFO", "92 frames of 100"},
		{"name: MoonFlowerScan\nshape: 32\nmodel: raster", "INFO", "11 x 11 = 121"},
	} {
		_, log, err := open(t, c.recipe)
		if err != nil {
			t.Errorf("%v:\n%s", err, c.recipe)
		} else if !strings.Contains(log, c.level) || !strings.Contains(log, c.words) {
			t.Errorf("%q (%s) is not in the log:\n%s", c.words, c.level, log)
		}
	}
	if _, log := mustOpen(t, lit); log != "" {
		t.Errorf("a plain recipe is remarked on: %s", log)
	}
}

// The scanned area beyond a model is opaque, as in ptypy, unless fill is given; a scan pattern may have fewer than one
// step, and then keeps its middle.
func TestSmallModelAndPattern(t *testing.T) {
	for _, c := range []struct {
		fill string
		want complex128
	}{{"", 0}, {"fill: 0.5, ", 0.5}, {"fill: [0.3, -0.4], ", 0.3 - 0.4i}} {
		s, _ := mustOpen(t, strings.Replace(lit, "model: flower", c.fill+"model: [[0.25, 0.25], [0.25, 0.25]]", 1))
		o := s.Truth().Object
		if o.Pix[0] != c.want || o.Pix[o.Rows/2*o.Cols+o.Cols/2] != 0.25 {
			t.Errorf("%q: corner %v, middle %v", c.fill, o.Pix[0], o.Pix[o.Rows/2*o.Cols+o.Cols/2])
		}
	}
	s, _ := mustOpen(t, strings.Replace(lit, "steps: 3, extent: 3.0e-06", "steps: null, extent: 5.0e-07", 1))
	if p := s.Truth().Positions; len(p) != 1 || p[0] != [2]float64{} {
		t.Errorf("positions %v", p)
	}
}

// A recipe gives the same frames for any number of workers (recipetest.Run looks), and others for
// another seed; what is not random does not change.
func TestSeed(t *testing.T) {
	for _, recipe := range []string{
		"name: MoonFlowerScan\nshape: 32\nnum_frames: 9\n",
		lit + "detector: {shot_noise: 5, sci_psf: 0.7, psf: 0.5}\n",
	} {
		spec := MoonFlowerSpec
		if strings.Contains(recipe, "SimScan") {
			spec = SimScanSpec
		}
		one := recipetest.MustRun(t, spec, ".", recipe)
		two := recipetest.MustRun(t, spec, ".", recipe+"seed: 2\n")
		for k := range one.Frames {
			if fmt.Sprint(one.Frames[k]) == fmt.Sprint(two.Frames[k]) {
				t.Errorf("frame %d does not depend on the seed", k)
			}
			if k > 0 && fmt.Sprint(one.Frames[k]) == fmt.Sprint(one.Frames[k-1]) {
				t.Errorf("frames %d and %d are the same", k-1, k)
			}
		}
		if fmt.Sprint(one.Positions) != fmt.Sprint(two.Positions) {
			t.Error("positions depend on the seed")
		}
	}
}

// For 10 frames asked in threes with block_wait_count 2: 3, 3, wait, 3, 1, end (ptypy's answers).
func TestAnswers(t *testing.T) {
	s, _ := mustOpen(t, "name: MoonFlowerScan\nshape: 32\nnum_frames: 10\nblock_wait_count: 2\n")
	var got []string
	for range 8 {
		_, n, v := s.Check(3)
		if v == scan.Go {
			got = append(got, fmt.Sprint(n))
		} else {
			got = append(got, v.String())
		}
	}
	if g := strings.Join(got, " "); g != "3 3 WAIT 3 1 EOS EOS EOS" {
		t.Errorf("answers %s", g)
	}
}

// frame simulates one frame outside the engine.
func frame(t *testing.T, s *Source, k int) *scan.Frame {
	t.Helper()
	f := scan.NewFrame(k)
	if err := s.Load(context.Background(), f); err != nil {
		t.Fatal(err)
	}
	return f
}

// Photons arrive: without a sample, blur and detector a frame holds them all.
func TestPhotonsAreKept(t *testing.T) {
	for _, more := range []string{"", "propagation: nearfield\npsize: 1.0e-7\ndistance: 0.01\n"} {
		s, _ := mustOpen(t, "name: SimScan\nshape: 48\ndetector: null\nsample: {process: null}\nxy: {override: [[0, 0], [1.0e-6, 2.0e-6]]}\nillumination: {photons: 12345}\n"+more)
		for k := range 2 {
			sum := 0.0
			for _, v := range pix.Pixels[float32](frame(t, s, k).Pix) {
				sum += float64(v)
			}
			if math.Abs(sum/12345-1) > 1e-5 {
				t.Errorf("frame %d holds %g photons of 12345", k, sum)
			}
		}
	}
}

// Saturated pixels are masked in their own frame, keep full_well/adu, and are counted.
func TestSaturation(t *testing.T) {
	s, _ := mustOpen(t, lit+"detector: {full_well: 1000, adu: 3, poisson: false}\n")
	f := frame(t, s, 0)
	masked := 0
	for i, v := range pix.Pixels[uint16](f.Pix) {
		if full := f.Mask != nil && f.Mask[i] == 0; full != (v == 333) {
			t.Fatalf("pixel %d holds %d with mask %v", i, v, f.Mask[i])
		} else if full {
			masked++
		}
	}
	w, err := s.Finish()
	if err != nil || masked == 0 || len(w) != 1 || !strings.Contains(w[0], fmt.Sprintf("%d pixels in 1 frames", masked)) {
		t.Errorf("%d pixels are masked; %v, %v", masked, w, err)
	}
	if f := frame(t, s, 1); f.Mask == nil {
		t.Error("the second frame has no mask")
	}
	if _, log := mustOpen(t, lit); log != "" {
		t.Error(log)
	}
	big, _ := mustOpen(t, "name: MoonFlowerScan\nshape: 32\nnum_frames: 3\nphotons: 1.0e+12\n")
	held := 0
	for _, v := range pix.Pixels[int32](frame(t, big, 0).Pix) {
		if v == math.MaxInt32 {
			held++
		}
	}
	if w, _ := big.Finish(); held == 0 || len(w) != 1 || !strings.Contains(w[0], "int32") {
		t.Errorf("%d pixels are held, %v", held, w)
	}
}

// A count above the type is an error where on_limit is not clip.
func TestOnLimit(t *testing.T) {
	s, _ := mustOpen(t, lit+"detector: {full_well: 100000, dtype: uint8, on_limit: wrap}\n")
	if err := s.Load(context.Background(), scan.NewFrame(0)); err == nil || !strings.Contains(err.Error(), "255") {
		t.Errorf("a count above 255: %v", err)
	}
	s, _ = mustOpen(t, lit+"detector: {full_well: 100000, dtype: uint8}\n")
	top := uint8(0)
	for _, v := range pix.Pixels[uint8](frame(t, s, 0).Pix) {
		top = max(top, v)
	}
	if top != 255 {
		t.Errorf("the largest count is %d", top)
	}
}

// frame_size cuts or pads about the middle; the part in common is untouched.
func TestFrameSize(t *testing.T) {
	whole := recipetest.MustRun(t, SimScanSpec, ".", lit)
	cut := recipetest.MustRun(t, SimScanSpec, ".", lit+"frame_size: [20, 21]\n")
	if cut.Meta.Shape != [2]int{20, 20} || cut.Meta.Center != [2]float64{10, 10} {
		t.Fatalf("cut frames have %v pixels about %v", cut.Meta.Shape, cut.Meta.Center)
	}
	for i := range 20 {
		for j := range 20 {
			if a, b := cut.Frames[0][i*20+j], whole.Frames[0][(i+6)*32+j+6]; a != b {
				t.Fatalf("pixel (%d, %d) is %v, want %v", i, j, a, b)
			}
		}
	}
	padded := recipetest.MustRun(t, SimScanSpec, ".", lit+"frame_size: 40\n")
	if padded.Meta.Shape[0] != 32 || fmt.Sprint(padded.Frames) != fmt.Sprint(whole.Frames) {
		t.Error("frames padded and cut again differ")
	}
	s, _ := mustOpen(t, lit+"frame_size: 40\n")
	f := frame(t, s, 0)
	m, _ := s.Mask()
	if f.Pix.Rows != 40 || m[0] != 0 || m[20*40+20] != 1 {
		t.Errorf("padded raw frames: %d rows, mask %d at the rim, %d in the middle", f.Pix.Rows, m[0], m[20*40+20])
	}
}

// Errors and drift are in the written positions only: frames and windows are those of the true ones.
func TestPositionErrors(t *testing.T) {
	plain, _ := mustOpen(t, lit)
	s, _ := mustOpen(t, lit+"pos_noise: 0.2\npos_scale: [1, 0]\npos_drift: [[1.0e-9, 0], [0, 2.0e-9]]\n")
	if fmt.Sprint(s.truth.Positions) != fmt.Sprint(plain.truth.Positions) || fmt.Sprint(s.truth.Low) != fmt.Sprint(plain.truth.Low) {
		t.Error("the true positions moved")
	}
	sum, n := 0.0, 0.0
	for k, p := range s.positions {
		d := [2]float64{p[0] - s.truth.Positions[k][0], p[1] - s.truth.Positions[k][1]}
		drift := [2]float64{1e-9 * float64(1-k%2), 2e-9 * float64(k%2)}
		if math.Abs(d[1]-drift[1]) > 1e-18 {
			t.Errorf("point %d moved by %g in the axis without noise", k, d[1])
		}
		sum += (d[0] - drift[0]) * (d[0] - drift[0])
		n++
	}
	// 0.2 steps of 1e-6 m, within 4 standard errors of a standard deviation
	if rms := math.Sqrt(sum / n); math.Abs(rms/2e-7-1) > 4/math.Sqrt(2*n) {
		t.Errorf("rms error %g over %g points", rms, n)
	}
	for k, p := range plain.positions {
		if p != plain.truth.Positions[k] {
			t.Error("positions differ without an error asked for")
		}
	}
}

func TestJitter(t *testing.T) {
	xy := "xy: {model: raster, extent: null, steps: 40, spacing: 1.0e-6, jitter: %s}\n"
	base := "name: SimScan\nshape: 8\nillumination: {photons: 1.0e+4}\n"
	a, _ := mustOpen(t, base+fmt.Sprintf(xy, "null"))
	b, _ := mustOpen(t, base+fmt.Sprintf(xy, "0.1"))
	sum := 0.0
	for k := range a.positions {
		for ax := range 2 {
			d := b.positions[k][ax] - a.positions[k][ax]
			sum += d * d
		}
	}
	n := float64(2 * len(a.positions))
	if rms := math.Sqrt(sum / n); math.Abs(rms/1e-7-1) > 4/math.Sqrt(2*n) {
		t.Errorf("rms of the jitter %g m, want 1e-7", rms)
	}
}

// The figures that ptypy's noise screens have, within 10 %, on 128 x 128 pixels.
func TestNoiseScreen(t *testing.T) {
	const n = 128
	a := make([]complex128, n*n)
	for i := range a {
		a[i] = 1
	}
	noise.Screen{PhaseRMS: 1, PhaseFeaturePx: 4, ModRMS: 0.2, ModFeaturePx: 3}.Apply(a, n, n, 1)
	var phase, phase2, mod, mod2 float64
	for _, v := range a {
		m, p := math.Hypot(real(v), imag(v)), math.Atan2(imag(v), real(v))
		phase, phase2, mod, mod2 = phase+p, phase2+p*p, mod+m, mod2+m*m
	}
	std := func(s, s2 float64) float64 { return math.Sqrt(s2/(n*n) - s/(n*n)*s/(n*n)) }
	if p := std(phase, phase2); math.Abs(p/0.166-1) > 0.1 {
		t.Errorf("rms of the phase %g, want 0.166", p)
	}
	if m := std(mod, mod2); math.Abs(m/0.0444-1) > 0.1 || math.Abs(mod/(n*n)-1) > 0.01 {
		t.Errorf("modulus %g, rms %g, want 1 and 0.0444", mod/(n*n), m)
	}
}

// Once its work space is there, a frame allocates nothing.
func TestNoAllocationPerFrame(t *testing.T) {
	for _, recipe := range []string{"name: MoonFlowerScan\nshape: 64\nnum_frames: 9\npsf: 1\n", lit + "detector: {sci_psf: 1, shot_noise: 3, full_well: 500}\npsf: 0.5\n"} {
		s, _ := mustOpen(t, recipe)
		f := frame(t, s, 0)
		if n := testing.AllocsPerRun(5, func() {
			if err := s.Load(context.Background(), f); err != nil {
				t.Fatal(err)
			}
		}); n != 0 {
			t.Errorf("%v allocations a frame:\n%s", n, recipe)
		}
	}
}

// BenchmarkFrame is one frame of the default scans at 256 x 256.
func BenchmarkFrame(b *testing.B) {
	for name, recipe := range map[string]string{
		"moonflower":     "name: MoonFlowerScan\nshape: 256\n",
		"moonflower_raw": "name: MoonFlowerScan\nshape: 256\nadd_poisson_noise: false\n",
		"simscan":        strings.Replace(lit, "shape: 32", "shape: 256", 1) + "detector: GenericCCD32bit\n",
	} {
		b.Run(name, func(b *testing.B) {
			r, err := recipes.NewRegistry(Specs()...).Parse("r.yaml", ".yaml", []byte(recipe), nil)
			if err != nil {
				b.Fatal(err)
			}
			o, err := recipes.OpenerOf(r.Spec)(context.Background(), testEnv(), r.Values)
			if err != nil {
				b.Fatal(err)
			}
			f := scan.NewFrame(0)
			b.ReportAllocs()
			for b.Loop() {
				if err := o.Source.Load(context.Background(), f); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// The probe and object of a reconstruction (.ptyr), by words of a group and in place of it; the
// first storage and layer, or named ones.
func TestReconstruction(t *testing.T) {
	dir := t.TempDir()
	path := dir + "/a.ptyr"
	recipetest.Create(t, path, func(f *recipetest.File) {
		for i, id := range []string{"S01", "S00"} {
			recipetest.Put(f, "content/probe/"+id+"/data", recipetest.Ramp(2*8*8, float64(1000*i)), 2, 8, 8)
			recipetest.Put(f, "content/obj/"+id+"/data", recipetest.Ramp(30*30, float64(1000*i)), 1, 30, 30)
		}
	})
	base := "name: SimScan\nshape: 8\nxy: {model: [[0, 0]]}\n"
	for _, c := range []struct {
		recipe              string
		probe, object       complex128 // of the first pixel
		photons, objectSize float64
	}{
		{"illumination: " + path + "\nsample: " + path, 1000, 1000 + 11*30 + 11, 0, 8},
		{"illumination: {model: recon, aperture: null, recon: {rfile: " + dir + "/*.ptyr, ID: S01, layer: 1}}\nsample: {model: recon, process: null, recon: {rfile: " + path + ", ID: S01}}", 64, 11*30 + 11, 0, 8},
	} {
		s, log := mustOpen(t, base+c.recipe)
		if p := s.truth.Probe.Pix[0]; p != c.probe {
			t.Errorf("probe begins with %v, want %v\n%s", p, c.probe, c.recipe)
		}
		if o := s.truth.Object; o.Pix[0] != c.object || o.Rows != int(c.objectSize) {
			t.Errorf("object of %d rows begins with %v, want %v\n%s", o.Rows, o.Pix[0], c.object, c.recipe)
		}
		if strings.Contains(log, "photons") {
			t.Errorf("photons are remarked on: %s", log)
		}
	}
	_, _, err := open(t, base+"illumination: {model: recon, recon: {rfile: "+path+", ID: S02}}")
	if problem.ClassOf(err) != problem.Input || !strings.Contains(recipetest.Text(err), "S02") {
		t.Errorf("a storage that is not there: %v", err)
	}
	_, _, err = open(t, base+"illumination: {model: recon, recon: {rfile: "+path+", layer: 2}}")
	if problem.ClassOf(err) != problem.Input || !strings.Contains(recipetest.Text(err), "no layer 2") {
		t.Errorf("a layer that is not there: %v", err)
	}
}

// Points, kernels and pictures may stand in HDF5 files.
func TestArraysOfFiles(t *testing.T) {
	dir := t.TempDir()
	recipetest.Create(t, dir+"/a.h5", func(f *recipetest.File) {
		recipetest.Put(f, "points", []float64{0, 0, 1e-6, 2e-6}, 2, 2)
		recipetest.Put(f, "kernel", []float64{0, 0, 0, 0, 2, 0, 0, 0, 0}, 3, 3)
		recipetest.Put(f, "bad", []float64{1, math.NaN(), 3, math.Inf(1)}, 2, 2)
		recipetest.Put(f, "line", []float64{1, 2, 3})
	})
	ref := func(key string) string { return "{file: " + dir + "/a.h5, key: " + key + "}" }
	base := "name: SimScan\nshape: 16\ndetector: null\nillumination: {photons: 1000}\nsample: {process: null}\n"
	plain, _ := mustOpen(t, base+"xy: {override: [[0, 0], [1.0e-6, 2.0e-6]]}\n")
	for _, xy := range []string{"override", "model"} {
		s, _ := mustOpen(t, base+"psf: "+ref("kernel")+"\nxy: {"+xy+": "+ref("points")+"}\n")
		if fmt.Sprint(s.positions) != fmt.Sprint(plain.positions) {
			t.Errorf("%s: positions %v", xy, s.positions)
		}
		a, b := pix.Pixels[float32](frame(t, s, 1).Pix), pix.Pixels[float32](frame(t, plain, 1).Pix)
		for i := range a { // the kernel is a factor of 2
			if a[i] != 2*b[i] {
				t.Fatalf("pixel %d is %g, want %g", i, a[i], 2*b[i])
			}
		}
	}
	for _, c := range []struct{ recipe, words string }{
		{"xy: {override: [[0, 0]]}\npsf: " + ref("bad"), "2 of 4 numbers that are not finite"},
		{"xy: {override: [[0, 0]]}\npsf: " + ref("line"), "shape 3"},
		{"xy: {override: [[0, 0]]}\npsf: " + ref("gone"), "no dataset gone"},
		{"xy: {override: " + ref("kernel") + "}", "3 x 3"},
	} {
		if _, _, err := open(t, base+c.recipe); err == nil || !strings.Contains(err.Error(), c.words) {
			t.Errorf("%q is not in: %v", c.words, err)
		}
	}
}
