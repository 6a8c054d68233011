package cxi

import (
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"ptyprep/internal/recipes/defaultstest"
	"ptyprep/internal/recipes/hdf5"
	. "ptyprep/internal/recipes/recipetest"
	"ptyprep/internal/scan/problem"
)

func TestDefaults(t *testing.T) {
	defaultstest.Compare(t, tree, "Hdf5Loader", []string{"file", "entry", "use_dark", "use_flat"}, nil)
}

// The measured near-field scan needs nothing but its name to give what its Hdf5Loader recipe gives.
func TestNearField(t *testing.T) {
	const dir = "../../../testdata/p25_nearfield"
	text, err := os.ReadFile(filepath.Join(dir, "recipe.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	want := MustRun(t, hdf5.Spec, dir, string(text))
	got := MustRun(t, Spec, dir, "name: CxiLoader\nfile: PETRAIII_P25_Near_Field_Ptycho.cxi\n")
	if !slices.EqualFunc(got.Frames, want.Frames, slices.Equal) || !slices.EqualFunc(got.Masks, want.Masks, slices.Equal) || !slices.Equal(got.Positions, want.Positions) {
		t.Error("frames, masks or positions differ")
	}
	g, w := got.Meta, want.Meta
	if g.DistanceM != w.DistanceM || g.PSizeM != w.PSizeM || g.Center != w.Center || math.Abs(g.EnergyKeV-w.EnergyKeV) > 1e-15*w.EnergyKeV {
		t.Errorf("meta %+v, expected %+v", g, w)
	}
	for _, found := range []string{"entry_1/data_1/data (200 x 100 x 100, counts)", "entry_1/data_1/translation (200 x 3, m)",
		"entry_1/instrument_1/source_1/energy (scalar, J)", "detector_1/distance (scalar, m)", "detector_1/y_pixel_size (scalar, m)", "detector_1/mask (100 x 100"} {
		if !strings.Contains(got.Log, found) {
			t.Errorf("%q is not told: %s", found, got.Log)
		}
	}
}

// entry writes one entry with two frames of 2 x 2.
func entry(f *File, name string, first uint16) {
	Put(f, name+"/instrument_1/detector_1/data", Ramp(8, first), 2, 2, 2)
	Put(f, name+"/geometry_1/translation", []float64{1, 2, 3, 4}, 2, 2)
}

func file(t *testing.T, write func(f *File)) (dir string) {
	dir = t.TempDir()
	Create(t, filepath.Join(dir, "a.cxi"), write)
	return dir
}

const base = "name: CxiLoader\nfile: a.cxi\nauto_center: false\n"

// Positions are in metres, unless the file itself has another unit of length.
func TestUnitOfPositions(t *testing.T) {
	for unit, want := range map[string][2]float64{"m": {4, 3}, "um": {4e-6, 3e-6}} {
		dir := file(t, func(f *File) { entry(f, "entry_1", 0); f.Attr("entry_1/geometry_1/translation", "units", unit) })
		if r := MustRun(t, Spec, dir, base); !NearPositions(r.Positions[1:], [][2]float64{want}) {
			t.Errorf("%s: position 1 is %v, expected %v", unit, r.Positions[1], want)
		}
	}
	dir := file(t, func(f *File) { entry(f, "entry_1", 0); f.Attr("entry_1/geometry_1/translation", "units", "deg") })
	MustFail(t, Spec, dir, base, problem.Input, "translation", "deg", "expected m")
}

// Only the first bit that tells of no fault may be set in a good pixel.
func TestMaskBits(t *testing.T) {
	dir := file(t, func(f *File) {
		entry(f, "entry_1", 0)
		Put(f, "entry_1/instrument_1/detector_1/mask", []uint32{0, 0x1000, 1, 0x1002}, 2, 2)
	})
	r := MustRun(t, Spec, dir, base)
	if want := []byte{1, 1, 0, 0}; !slices.Equal(r.Masks[0], want) {
		t.Errorf("mask %v, expected %v", r.Masks[0], want)
	}
	if want := [][2]float64{{2, 1}, {4, 3}}; !slices.Equal(r.Positions, want) {
		t.Errorf("positions %v, expected %v", r.Positions, want)
	}
	// the recipe's own way of reading it goes before: inverted means valid below 1
	if r := MustRun(t, Spec, dir, base+"mask: {invert: true}\n"); !slices.Equal(r.Masks[0], []byte{1, 0, 0, 0}) {
		t.Errorf("inverted mask %v", r.Masks[0])
	}
}

// The entry is the only one with frames, or the one that is asked for.
func TestEntries(t *testing.T) {
	dir := file(t, func(f *File) {
		f.Group("entry_1")
		entry(f, "entry_10", 100)
	})
	if r := MustRun(t, Spec, dir, base); r.Frames[0][0] != 100 {
		t.Errorf("frame 0 is %v", r.Frames[0])
	}
	dir = file(t, func(f *File) {
		entry(f, "entry_10", 100)
		entry(f, "entry_2", 20)
	})
	MustFail(t, Spec, dir, base, problem.Input, "entry_2 and entry_10", "entry: entry_2")
	if r := MustRun(t, Spec, dir, base+"entry: entry_10\n"); r.Frames[0][0] != 100 {
		t.Errorf("frame 0 is %v", r.Frames[0])
	}
	MustFail(t, Spec, dir, base+"entry: entry_3\n", problem.Input, "entry_3", "entry_10, entry_2")
	if r := MustRun(t, Spec, dir, base+"intensities: {key: entry_2/instrument_1/detector_1/data}\n"); r.Frames[0][0] != 20 {
		t.Errorf("frame 0 is %v", r.Frames[0])
	}
}

// What the recipe gives goes before what the file says: keys, values and factors.
func TestRecipeWins(t *testing.T) {
	dir := file(t, func(f *File) {
		entry(f, "entry_1", 0)
		Put(f, "entry_1/other", []float64{7, 8})
		f.Scalar("entry_1/instrument_1/source_1/energy", 1.602176634e-15) // 10 keV
		f.Scalar("entry_1/instrument_1/detector_1/distance", 2)
		f.Scalar("entry_1/instrument_1/detector_1/x_pixel_size", 3e-5)
		f.Scalar("entry_1/instrument_1/detector_1/y_pixel_size", 4e-5)
	})
	r := MustRun(t, Spec, dir, base)
	if m := r.Meta; math.Abs(m.EnergyKeV-10) > 1e-12 || m.DistanceM != 2 || m.PSizeM != [2]float64{4e-5, 3e-5} {
		t.Errorf("meta %+v", m)
	}
	r = MustRun(t, Spec, dir, base+"energy: 8\ndistance: 1\npsize: 1.0e-6\npositions: {slow_key: entry_1/other, fast_multiplier: 10}\n")
	if m := r.Meta; m.EnergyKeV != 8 || m.DistanceM != 1 || m.PSizeM != [2]float64{1e-6, 1e-6} {
		t.Errorf("meta %+v", m)
	}
	if want := [][2]float64{{7, 10}, {8, 30}}; !slices.Equal(r.Positions, want) {
		t.Errorf("positions %v, expected %v", r.Positions, want)
	}
}

// Dark and white are there to be asked for.
func TestDarkAndFlat(t *testing.T) {
	dir := file(t, func(f *File) {
		entry(f, "entry_1", 10)
		Put(f, "entry_1/instrument_1/detector_1/data_dark", []uint16{10, 10, 10, 10}, 2, 2)
	})
	if r := MustRun(t, Spec, dir, base); r.Frames[0][1] != 11 || !strings.Contains(r.Log, "use_dark: true") {
		t.Errorf("frame 0 is %v, log %s", r.Frames[0], r.Log)
	}
	if r := MustRun(t, Spec, dir, base+"use_dark: true\n"); r.Frames[0][1] != 1 {
		t.Errorf("frame 0 is %v", r.Frames[0])
	}
	MustFail(t, Spec, dir, base+"use_flat: true\n", problem.Input, "use_flat", "data_white", "flatfield")
}

func TestBadInputs(t *testing.T) {
	MustFail(t, Spec, t.TempDir(), "name: CxiLoader\n", problem.Usage, "file", "must be given")
	dir := file(t, func(f *File) { Put(f, "entry_1/data_1/data", Ramp(4, 0.0), 2, 2) })
	MustFail(t, Spec, dir, base, problem.Input, "entry_1/data_1/data", "entry_1/instrument_1/detector_1/data", "2 x 2")
	dir = file(t, func(f *File) { f.Group("scan") })
	MustFail(t, Spec, dir, base, problem.Input, "entry_1", "scan", "Hdf5Loader")
	dir = file(t, func(f *File) { Put(f, "entry_1/data_1/data", Ramp(8, 0.0), 2, 2, 2) })
	MustFail(t, Spec, dir, base, problem.Input, "entry_1/sample_1/geometry_1/translation", "positions.slow_key")
	if r := MustRun(t, Spec, dir, base+"positions_theory: [[0, 0], [0, 1]]\n"); r.Positions[1] != [2]float64{0, 1} {
		t.Errorf("positions %v", r.Positions)
	}
	dir = file(t, func(f *File) {
		entry(f, "entry_1", 0)
		f.Scalar("entry_1/instrument_1/source_1/energy", 9000)
		f.Attr("entry_1/instrument_1/source_1/energy", "units", "Hz")
	})
	MustFail(t, Spec, dir, base, problem.Input, "source_1/energy", `"Hz"`)
	dir = file(t, func(f *File) { f.Link("entry_1/data_1/data", "gone.h5", "x") })
	MustFail(t, Spec, dir, base+"positions_theory: [[0, 0]]\n", problem.Input, "gone.h5")
}

func TestExample(t *testing.T) {
	if r := Config(t, Spec, "cxiloader"); len(r.Frames) != 200 {
		t.Errorf("%d frames", len(r.Frames))
	}
}
