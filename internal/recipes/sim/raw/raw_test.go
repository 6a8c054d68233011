package raw_test

import (
	"context"
	"fmt"
	"log/slog"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"ptyprep/internal/imgproc"
	"ptyprep/internal/imgproc/pix"
	"ptyprep/internal/recipes"
	"ptyprep/internal/recipes/all"
	"ptyprep/internal/recipes/sim"
	"ptyprep/internal/recipes/sim/raw"
	"ptyprep/internal/scan"
	"ptyprep/internal/scan/param"
	"ptyprep/internal/scan/problem"
)

// kept is a scan in memory.
type kept struct {
	plan   *scan.Plan
	frames [][]float64
	masks  [][]byte
}

func (k *kept) Start(p *scan.Plan) error {
	k.plan, k.frames, k.masks = p, make([][]float64, p.Frames), make([][]byte, p.Frames)
	return nil
}
func (k *kept) Sample([]*scan.Frame) error { return nil }
func (k *kept) Encode(f *scan.Frame) error {
	wide := new(pix.Image)
	imgproc.Convert(wide, f.Pix, pix.Float64)
	k.frames[f.Index] = pix.Pixels[float64](wide)
	m := f.Mask
	if m == nil {
		m = k.plan.Mask
	}
	k.masks[f.Index] = slices.Clone(m)
	return nil
}
func (k *kept) Write(int, any) error { return nil }
func (k *kept) Finish() error        { return nil }
func (k *kept) Abort()               {}

// open opens a recipe; what it reports goes to log.
func open(t *testing.T, file string, text []byte, log *strings.Builder) (*recipes.Opened, *param.Values) {
	t.Helper()
	r, err := all.Registry().Parse(file, ".yaml", text, nil)
	if err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	env := &recipes.Env{Log: slog.New(slog.NewTextHandler(log, nil)), Inputs: new(recipes.Inputs)}
	o, err := recipes.OpenerOf(r.Spec)(context.Background(), env, r.Values)
	if err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	t.Cleanup(func() { o.Source.Close() })
	return o, r.Values
}

func prepare(t *testing.T, o *recipes.Opened) *kept {
	t.Helper()
	k := new(kept)
	if _, err := scan.Run(context.Background(), o.Source, o.Settings, scan.Options{}, k); err != nil {
		t.Fatal(err)
	}
	return k
}

const simscan = `
name: SimScan
energy: 6.2
distance: 1.4
shape: 48
xy: {model: round, spacing: 6.0e-07, steps: 4, extent: 2.0e-06}
illumination: {aperture: {size: 1.6e-06}, photons: 2.0e+06}
sample: {model: flower, process: null}
`

var scans = map[string]string{
	"moonflower": "name: MoonFlowerScan\nnum_frames: 7\nshape: 40\nphotons: 1.0e+06\nlabel: it's a test\n",
	"gaps":       simscan + "detector: {shape: [20, 30], gaps: [3, 4], modules: [2, 2], center: null, dtype: uint32, full_well: 1000000}\npsize: [0.000172, 0.0002]\n",
	"binned":     simscan + "detector: {template: PILATUS_300K, center: [200, 100]}\nrebin: 2\norientation: [true, false, true]\n",
	"cut":        simscan + "detector: GenericCCD32bit\nframe_size: [30, 34]\nnum_frames: 4\nframes_per_block: 2\n",
	"floats":     simscan + "detector: null\n",
	// some frames saturate, in other places each
	"saturated": simscan + "detector: {full_well: 3000, dtype: uint16}\n",
}

// Raw data in every format, converted by the recipe beside them, give the frames, masks and
// positions that the simulation gives itself.
func TestRoundTrip(t *testing.T) {
	for name, recipe := range scans {
		for _, format := range raw.Formats {
			t.Run(name+"/"+format, func(t *testing.T) {
				var log strings.Builder
				o, v := open(t, "sim.yaml", []byte(recipe), &log)
				want := prepare(t, o)
				dir := filepath.Join(t.TempDir(), "raw")
				sink := raw.NewSink(format, dir, v, o.Settings, slog.New(slog.NewTextHandler(&log, nil)))
				_, err := scan.Run(context.Background(), o.Source, sim.Plain(o.Settings), scan.Options{}, sink)
				if name == "floats" && format == raw.CBF {
					if problem.ClassOf(err) != problem.Usage || !strings.Contains(err.Error(), "float32") {
						t.Errorf("float frames as CBF: %v", err)
					}
					if _, err := os.Stat(dir); err == nil {
						t.Error("a folder was left behind")
					}
					return
				}
				if err != nil {
					t.Fatal(err)
				}
				text, err := os.ReadFile(filepath.Join(dir, raw.RecipeName))
				if err != nil {
					t.Fatal(err)
				}
				back, _ := open(t, filepath.Join(dir, raw.RecipeName), text, &log)
				compare(t, prepare(t, back), want, name == "saturated" && (format == raw.EDF || format == raw.CBF))
				if name == "saturated" && strings.Contains(log.String(), "masked in all") != (format == raw.EDF || format == raw.CBF) {
					t.Errorf("log: %s", log.String())
				}
				if t.Failed() {
					t.Logf("%s", text)
				}
			})
		}
	}
}

// compare wants the same scan. With united the masks of got are the common part of those of want.
func compare(t *testing.T, got, want *kept, united bool) {
	t.Helper()
	a, b := &got.plan.Meta, &want.plan.Meta
	if a.Shape != b.Shape || a.Center != b.Center || !near(a.EnergyKeV, b.EnergyKeV) || !near(a.DistanceM, b.DistanceM) ||
		!near(a.PSizeM[0], b.PSizeM[0]) || !near(a.PSizeM[1], b.PSizeM[1]) || fmt.Sprint(label(a)) != fmt.Sprint(label(b)) {
		t.Errorf("meta %+v, want %+v", a, b)
	}
	if len(got.frames) != len(want.frames) || fmt.Sprint(got.plan.Blocks) != fmt.Sprint(want.plan.Blocks) {
		t.Fatalf("%d frames in %v, want %d in %v", len(got.frames), got.plan.Blocks, len(want.frames), want.plan.Blocks)
	}
	common := slices.Clone(want.masks[0])
	for _, m := range want.masks {
		for i := range common {
			common[i] &= m[i]
		}
	}
	for k := range want.frames {
		if !slices.Equal(got.frames[k], want.frames[k]) {
			t.Errorf("frame %d differs", k)
		}
		m := want.masks[k]
		if united {
			m = common
		}
		if !slices.Equal(got.masks[k], m) {
			t.Errorf("mask of frame %d differs", k)
		}
		for ax := range 2 {
			if math.Abs(got.plan.Positions[k][ax]-want.plan.Positions[k][ax]) > 1e-20 {
				t.Errorf("position %d is %v, want %v", k, got.plan.Positions[k], want.plan.Positions[k])
			}
		}
	}
}

func near(a, b float64) bool { return math.Abs(a/b-1) < 1e-12 }

func label(m *scan.Meta) string {
	if m.Label == nil {
		return ""
	}
	return *m.Label
}

func TestParse(t *testing.T) {
	if f, d, err := raw.Parse("cxi:a:b"); f != "cxi" || d != "a:b" || err != nil {
		t.Errorf("%s %s %v", f, d, err)
	}
	for _, bad := range []string{"", "hdf5", "hdf5:", "tiff:x", ":x"} {
		if _, _, err := raw.Parse(bad); problem.ClassOf(err) != problem.Usage {
			t.Errorf("%q: %v", bad, err)
		}
	}
}

func TestCheck(t *testing.T) {
	dir := t.TempDir()
	if err := raw.Check(filepath.Join(dir, "new")); err != nil {
		t.Error(err)
	}
	if err := raw.Check(dir); err != nil {
		t.Errorf("an empty folder: %v", err)
	}
	if err := os.WriteFile(filepath.Join(dir, "x"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := raw.Check(dir); problem.ClassOf(err) != problem.Usage {
		t.Errorf("a folder with a file: %v", err)
	}
	if err := raw.Check(filepath.Join(dir, "x")); problem.ClassOf(err) != problem.Usage {
		t.Errorf("a file: %v", err)
	}
}
