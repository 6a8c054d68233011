package nexus

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"ptyprep/internal/formats/formattest"
	"ptyprep/internal/recipes/defaultstest"
	. "ptyprep/internal/recipes/recipetest"
	"ptyprep/internal/scan/problem"
)

func TestDefaults(t *testing.T) {
	defaultstest.Compare(t, tree, "Hdf5Loader", []string{"file", "entry", "use_dark", "use_flat"}, nil)
}

// Attributes as other programs write them (testdata/make.py): lists, fixed-length texts, hard links
// with @target. The scan runs along x first, so x is the slow axis whatever its name.
func TestAttributes(t *testing.T) {
	r := MustRun(t, Spec, "testdata", "name: NexusLoader\nfile: attributes.nxs\nauto_center: false\n")
	want := [][2]float64{{10e-6, 0.5e-3}, {10e-6, 0.25e-3}, {20e-6, 0.5e-3}, {20e-6, 0.25e-3}, {30e-6, 0.5e-3}, {30e-6, 0.25e-3}}
	if !NearPositions(r.Positions, want) {
		t.Errorf("positions %v, expected %v", r.Positions, want)
	}
	if m := r.Meta; m.EnergyKeV != 9.1 || m.DistanceM != 1.5 || m.PSizeM != [2]float64{50e-6, 55e-6} {
		t.Errorf("meta %+v", m)
	}
	if r.Masks[0][1*8+2] != 0 || r.Masks[0][0] != 1 || r.Frames[5][63] != 383 {
		t.Errorf("mask %v, frame 5 %v", r.Masks[0], r.Frames[5])
	}
	if strings.Contains(r.Log, "WARN") {
		t.Errorf("warnings: %s", r.Log)
	}
}

// entry writes the frames of a list of 4 points of 8 x 8 pixels as the signal of an NXdata group.
func entry(f *File, name string, first uint16) {
	f.Group(name + "/data")
	f.Attr(name, "NX_class", "NXentry")
	f.Attr(name+"/data", "NX_class", "NXdata")
	f.Attr(name+"/data", "signal", "frames")
	Put(f, name+"/data/frames", Ramp(256, first), 4, 8, 8)
}

func column(f *File, path, unit string, v ...float64) {
	Put(f, path, v)
	if unit != "" {
		f.Attr(path, "units", unit)
	}
}

func file(t *testing.T, write func(f *File)) (dir string) {
	dir = t.TempDir()
	Create(t, filepath.Join(dir, "a.nxs"), write)
	return dir
}

const base = "name: NexusLoader\nfile: a.nxs\nauto_center: false\n"

// In a list of points names tell the directions, and what is no length is no position.
func TestListOfPoints(t *testing.T) {
	dir := file(t, func(f *File) {
		entry(f, "entry", 0)
		for _, n := range []string{"samx", "samy", "theta", "time"} {
			f.Attr("entry/data", n+"_indices", "0")
		}
		column(f, "entry/data/samx", "mm", 1, 2, 3, 4)
		column(f, "entry/data/samy", "nm", 5, 6, 7, 8)
		column(f, "entry/data/theta", "deg", 5, 6, 7, 8)
		column(f, "entry/data/time", "s", 5, 6, 7, 8)
	})
	r := MustRun(t, Spec, dir, base)
	if want := [][2]float64{{5e-9, 1e-3}, {6e-9, 2e-3}, {7e-9, 3e-3}, {8e-9, 4e-3}}; !NearPositions(r.Positions, want) {
		t.Errorf("positions %v, expected %v", r.Positions, want)
	}
	// the recipe's factor goes before the unit's
	r = MustRun(t, Spec, dir, base+"positions: {slow_multiplier: -1}\n")
	if r.Positions[0] != [2]float64{-5, 1e-3} {
		t.Errorf("position 0 is %v", r.Positions[0])
	}
}

// Names that do not say which is which are an error that lists the axes.
func TestAmbiguousAxes(t *testing.T) {
	dir := file(t, func(f *File) {
		entry(f, "entry", 0)
		f.Attr("entry/data", "a_indices", "0")
		f.Attr("entry/data", "b_indices", "0")
		column(f, "entry/data/a", "m", 1, 2, 3, 4)
		column(f, "entry/data/b", "m", 1, 2, 3, 4)
	})
	MustFail(t, Spec, dir, base, problem.Input, "/entry/data/a (4)", "/entry/data/b (4)", "positions.slow_key")
	r := MustRun(t, Spec, dir, base+"positions: {slow_key: entry/data/b, fast_key: entry/data/a}\n")
	if r.Positions[3] != [2]float64{4, 4} {
		t.Errorf("positions %v", r.Positions)
	}
}

// Old files say signal=1 and axis=n at the datasets, counted from 1.
func TestOldAttributes(t *testing.T) {
	dir := file(t, func(f *File) {
		f.Group("entry1/det")
		f.Attr("entry1", "NX_class", "NXentry")
		f.Attr("entry1/det", "NX_class", "NXdata")
		Put(f, "entry1/det/counts", Ramp(384, uint16(0)), 2, 3, 8, 8)
		f.Attr("entry1/det/counts", "signal", "1")
		column(f, "entry1/det/u", "mm", 1, 2)
		f.Attr("entry1/det/u", "axis", "1")
		column(f, "entry1/det/w", "", 1, 2, 3)
		f.Attr("entry1/det/w", "axis", "2")
	})
	r := MustRun(t, Spec, dir, base)
	if want := [2]float64{2e-3, 3}; len(r.Positions) != 6 || r.Positions[5] != want {
		t.Errorf("positions %v", r.Positions)
	}
	if !strings.Contains(r.Log, "/entry1/det/w has no unit; metres are assumed") {
		t.Errorf("no warning of the missing unit: %s", r.Log)
	}
}

// Without axes the values of positioners count, and then a table of translations.
func TestPositionersAndTranslation(t *testing.T) {
	dir := file(t, func(f *File) {
		entry(f, "entry", 0)
		for _, n := range []string{"ver", "hor"} {
			f.Group("entry/stage/" + n)
			f.Attr("entry/stage/"+n, "NX_class", "NXpositioner")
		}
		column(f, "entry/stage/ver/value", "um", 1, 2, 3, 4)
		column(f, "entry/stage/hor/value", "um", 5, 6, 7, 8)
	})
	if r := MustRun(t, Spec, dir, base); !Near(r.Positions[1][:], []float64{2e-6, 6e-6}) {
		t.Errorf("positions %v", r.Positions)
	}
	dir = file(t, func(f *File) {
		entry(f, "entry_1", 0)
		Put(f, "entry_1/sample_1/geometry_1/translation", []float64{1, 2, 0, 3, 4, 0, 5, 6, 0, 7, 8, 0}, 4, 3)
		f.Attr("entry_1/sample_1/geometry_1/translation", "units", "m")
	})
	if r := MustRun(t, Spec, dir, base); r.Positions[3] != [2]float64{8, 7} {
		t.Errorf("positions %v", r.Positions)
	}
	// of a mesh of 2 x 3 the lengths tell which is slow, whatever the names
	dir = file(t, func(f *File) {
		f.Group("entry")
		f.Attr("entry", "NX_class", "NXentry")
		Put(f, "entry/detector/data", Ramp(384, uint16(0)), 2, 3, 8, 8)
		for _, n := range []string{"piezo_x", "piezo_b"} {
			f.Group("entry/" + n)
			f.Attr("entry/"+n, "NX_class", "NXpositioner")
		}
		column(f, "entry/piezo_x/value", "m", 1, 2)
		column(f, "entry/piezo_b/value", "m", 3, 4, 5)
	})
	if r := MustRun(t, Spec, dir, base); r.Positions[5] != [2]float64{2, 5} {
		t.Errorf("positions %v", r.Positions)
	}
	dir = file(t, func(f *File) { entry(f, "entry", 0) })
	MustFail(t, Spec, dir, base, problem.Input, "no positions", "NXpositioner", "translation", "positions.slow_key")
	if r := MustRun(t, Spec, dir, base+"positions_theory: [[0, 1], [2, 3]]\n"); len(r.Frames) != 2 || r.Positions[1] != [2]float64{2, 3} {
		t.Errorf("positions %v", r.Positions)
	}
}

// As Diamond's I08-1 writes NXcxi_ptycho: the control system's own entry beside it, axes of shape (N, 1, 1)
// that go along all dimensions, where motors were sent beside where they were.
func TestCxiPtycho(t *testing.T) {
	dir := file(t, func(f *File) {
		entry(f, "entry", 0)
		entry(f, "entry_1", 0)
		f.Text("entry/definition", "NXscan")
		f.Text("entry_1/definition", "NXcxi_ptycho")
		for _, n := range []string{"x", "y", "x_set", "y_set"} {
			Put(f, "entry_1/data/"+n, Ramp(4, float64(len(n))), 4, 1, 1)
			f.Attr("entry_1/data", n+"_indices", "[0 1 2]")
			f.Attr("entry_1/data/"+n, "units", "um")
		}
		Put(f, "entry_1/instrument_1/detector_1/translation", Ramp(12, 0.0), 4, 3)
		f.Group("entry_1/instrument_1/detector_1")
		f.Attr("entry_1/instrument_1/detector_1", "NX_class", "NXdetector")
	})
	r := MustRun(t, Spec, dir, base)
	if !Near(r.Positions[3][:], []float64{4e-6, 4e-6}) {
		t.Errorf("positions %v", r.Positions)
	}
	// x and y beside the frames without any attribute
	dir = file(t, func(f *File) {
		entry(f, "entry_1", 0)
		column(f, "entry_1/data/x", "m", 1, 2, 3, 4)
		column(f, "entry_1/data/y", "m", 5, 6, 7, 8)
		column(f, "entry_1/data/z", "m", 5, 6, 7, 8)
	})
	if r := MustRun(t, Spec, dir, base); r.Positions[3] != [2]float64{8, 4} {
		t.Errorf("positions %v", r.Positions)
	}
}

// Several entries, several detectors: the file's default decides, else the user must.
func TestSeveral(t *testing.T) {
	two := func(f *File) {
		entry(f, "a", 0)
		entry(f, "b", 1000)
	}
	theory := "positions_theory: [[0, 1]]\n"
	MustFail(t, Spec, file(t, two), base+theory, problem.Input, "several entries", "a, b", "entry: a")
	if r := MustRun(t, Spec, file(t, two), base+theory+"entry: b\n"); r.Frames[0][0] != 1000 {
		t.Errorf("frame 0 begins with %v", r.Frames[0][0])
	}
	dir := file(t, func(f *File) { two(f); f.Attr("/", "default", "b") })
	if r := MustRun(t, Spec, dir, base+theory); r.Frames[0][0] != 1000 {
		t.Errorf("frame 0 begins with %v", r.Frames[0][0])
	}
	MustFail(t, Spec, dir, base+theory+"entry: c\n", problem.Input, "entry", "a, b")
	dir = file(t, func(f *File) {
		for _, d := range []string{"det1", "det2"} {
			Put(f, "scan/"+d+"/data", Ramp(256, uint16(0)), 4, 8, 8)
		}
		Put(f, "scan/det1/dark", Ramp(256, uint16(0)), 4, 8, 8)
		Put(f, "scan/det1/spectra", Ramp(256, uint16(0)), 4, 2, 32)
	})
	MustFail(t, Spec, dir, base+theory, problem.Input, "several datasets", "/scan/det1/data (4 x 8 x 8)", "/scan/det2/data", "intensities.key: scan/det1/data")
	if r := MustRun(t, Spec, dir, base+theory+"intensities: {key: scan/det2/data}\n"); len(r.Frames) != 1 {
		t.Errorf("%d frames", len(r.Frames))
	}
	dir = file(t, func(f *File) { Put(f, "scan/spectra", Ramp(256, uint16(0)), 4, 2, 32) })
	MustFail(t, Spec, dir, base+theory, problem.Input, "no frames", "scan", "intensities.key")
}

// An Eiger master without a virtual dataset: its pieces are joined, its mask lies in detectorSpecific;
// a piece that was not copied is an error.
func TestEigerMaster(t *testing.T) {
	dir := t.TempDir()
	for k := range 2 {
		Create(t, filepath.Join(dir, fmt.Sprintf("x_data_%06d.h5", k+1)), func(f *File) {
			Put(f, "entry/data/data", Ramp(128, uint16(1000*k)), 2, 8, 8)
		})
	}
	Create(t, filepath.Join(dir, "a.nxs"), func(f *File) {
		f.Group("entry/data")
		f.Attr("entry", "NX_class", "NXentry")
		f.Attr("entry/data", "NX_class", "NXdata")
		f.Link("entry/data/data_000001", "x_data_000001.h5", "entry/data/data")
		f.Link("entry/data/data_000002", "x_data_000002.h5", "entry/data/data")
		f.Group("entry/instrument/detector")
		f.Attr("entry/instrument/detector", "NX_class", "NXdetector")
		mask := make([]uint32, 64)
		mask[9] = 2
		Put(f, "entry/instrument/detector/detectorSpecific/pixel_mask", mask, 8, 8)
		column(f, "entry/data/y", "m", 1, 2, 3, 4)
		column(f, "entry/data/x", "m", 5, 6, 7, 8)
	})
	r := MustRun(t, Spec, dir, base)
	if len(r.Frames) != 4 || r.Frames[3][0] != 1064 || r.Positions[3] != [2]float64{4, 8} || r.Masks[0][9] != 0 {
		t.Errorf("%d frames at %v, mask %v", len(r.Frames), r.Positions, r.Masks[0])
	}
	if err := os.Remove(filepath.Join(dir, "x_data_000002.h5")); err != nil {
		t.Fatal(err)
	}
	MustFail(t, Spec, dir, base, problem.Input, "data_000002", "x_data_000002.h5")
}

// Dectris names the first piece as the signal. Pieces beside a virtual dataset that joins them are not
// joined once more, and auxiliary signals are no pieces.
func TestEigerSignal(t *testing.T) {
	pieces := func(f *File) {
		f.Group("entry/data")
		f.Attr("entry", "NX_class", "NXentry")
		f.Attr("entry/data", "NX_class", "NXdata")
		Put(f, "entry/data/data_000001", Ramp(128, uint16(0)), 2, 8, 8)
		Put(f, "entry/data/data_000002", Ramp(64, uint16(1000)), 1, 8, 8)
		f.Group("entry/detector")
		f.Attr("entry/detector", "NX_class", "NXdetector")
		f.Scalar("entry/detector/detector_distance", 1500)
		f.Attr("entry/detector/detector_distance", "units", "mm")
	}
	theory := "positions_theory: [[0, 0], [0, 1], [0, 2]]\n"
	dir := file(t, func(f *File) { pieces(f); f.Attr("entry/data", "signal", "data_000001") })
	if r := MustRun(t, Spec, dir, base+theory); len(r.Frames) != 3 || r.Frames[2][0] != 1000 || r.Meta.DistanceM != 1.5 {
		t.Errorf("%d frames, distance %v m", len(r.Frames), r.Meta.DistanceM)
	}
	dir = file(t, func(f *File) {
		pieces(f)
		f.Attr("entry/data", "signal", "data_000001")
		f.Attr("entry/data", "auxiliary_signals", "data_000002")
	})
	MustFail(t, Spec, dir, base+theory, problem.Input, "3 positions given for 2 frames")
	dir = file(t, func(f *File) { pieces(f); Put(f, "entry/data/data", Ramp(192, uint16(500)), 3, 8, 8) })
	if r := MustRun(t, Spec, dir, base+theory); len(r.Frames) != 3 || r.Frames[2][0] != 628 {
		t.Errorf("%d frames, the last begins with %v", len(r.Frames), r.Frames[2][0])
	}
}

// The attribute default leads from group to group, through groups of any class.
func TestDefaultsAreFollowed(t *testing.T) {
	theory := "positions_theory: [[0, 1]]\n"
	two := func(f *File) {
		entry(f, "entry", 0)
		entry(f, "entry/plots", 1000)
		f.Attr("entry/plots", "NX_class", "NXprocess")
	}
	MustFail(t, Spec, file(t, two), base+theory, problem.Input, "several datasets")
	for _, defaults := range [][]string{{"/", "entry/plots/data"}, {"/", "entry", "entry", "plots", "entry/plots", "data"}, {"/", "/entry", "entry", "/entry/plots/data"}} {
		dir := file(t, func(f *File) {
			two(f)
			for i := 0; i < len(defaults); i += 2 {
				f.Attr(defaults[i], "default", defaults[i+1])
			}
		})
		if r := MustRun(t, Spec, dir, base+theory); r.Frames[0][0] != 1000 {
			t.Errorf("%v: frame 0 begins with %v", defaults, r.Frames[0][0])
		}
	}
}

// An entry may be a link to another one; it is the same then.
func TestLinkedEntry(t *testing.T) {
	theory := "positions_theory: [[0, 1]]\n"
	two := func(f *File) {
		entry(f, "scan_1", 0)
		entry(f, "scan_2", 1000)
		f.SoftLink("entry", "/scan_2")
	}
	if r := MustRun(t, Spec, file(t, two), base+theory+"entry: entry\n"); r.Frames[0][0] != 1000 {
		t.Errorf("frame 0 begins with %v", r.Frames[0][0])
	}
	dir := file(t, func(f *File) { two(f); f.Attr("/", "default", "entry") })
	if r := MustRun(t, Spec, dir, base+theory); r.Frames[0][0] != 1000 {
		t.Errorf("frame 0 begins with %v", r.Frames[0][0])
	}
	dir = file(t, func(f *File) { entry(f, "scan_1", 500); f.SoftLink("entry", "/scan_1") })
	if r := MustRun(t, Spec, dir, base+theory); r.Frames[0][0] != 500 {
		t.Errorf("frame 0 begins with %v", r.Frames[0][0])
	}
	dir = file(t, func(f *File) { Put(f, "frames", Ramp(256, uint16(7)), 4, 8, 8) })
	if r := MustRun(t, Spec, dir, base+theory); r.Frames[0][0] != 7 {
		t.Errorf("frame 0 begins with %v", r.Frames[0][0])
	}
}

// Two names of one dataset are one dataset (testdata/make.py): hard links without a note, links to
// one place in another file. They tell which detector took the frames, and where their axes are.
func TestNamesOfOneDataset(t *testing.T) {
	dir := t.TempDir()
	b, err := os.ReadFile(filepath.Join("testdata", "hardlinks.nxs"))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "a.nxs"), b, 0o600); err != nil {
		t.Fatal(err)
	}
	external := file(t, func(f *File) {
		f.Group("entry/data")
		f.Attr("entry", "NX_class", "NXentry")
		f.Attr("entry/data", "NX_class", "NXdata")
		for k, d := range []string{"det1", "det2"} {
			f.Group("entry/" + d)
			f.Attr("entry/"+d, "NX_class", "NXdetector")
			f.Scalar("entry/"+d+"/distance", float64(k+1))
			f.Attr("entry/"+d+"/distance", "units", "m")
		}
		f.Link("entry/data/data", "raw.h5", "d")
		f.Link("entry/det2/data", "raw.h5", "d")
		column(f, "entry/data/y", "um", 0, 1, 2, 3)
		column(f, "entry/data/x", "um", 10, 11, 12, 13)
	})
	Create(t, filepath.Join(external, "raw.h5"), func(f *File) { Put(f, "d", Ramp(256, uint16(0)), 4, 8, 8) })
	for _, dir := range []string{dir, external} {
		r := MustRun(t, Spec, dir, base)
		if r.Meta.DistanceM != 2 || !NearPositions(r.Positions[1:2], [][2]float64{{1e-6, 11e-6}}) || len(r.Frames) != 4 {
			t.Errorf("%d frames, distance %v m, position 1 %v", len(r.Frames), r.Meta.DistanceM, r.Positions[1])
		}
	}
}

// Where both axes go along both dimensions their order in @axes counts, before their names.
func TestOrderOfAxes(t *testing.T) {
	for _, names := range [][2]string{{"m1", "m2"}, {"x", "y"}} {
		dir := file(t, func(f *File) {
			entry(f, "entry", 0)
			Put(f, "entry/data/grid", Ramp(256, uint16(0)), 2, 2, 8, 8)
			f.Attr("entry/data", "signal", "grid")
			f.Attr("entry/data", "axes", names[0]+":"+names[1])
			for k, n := range names {
				Put(f, "entry/data/"+n, []float64{0, 1, 2, float64(3 + k)}, 2, 2)
				f.Attr("entry/data/"+n, "units", "m")
				f.Attr("entry/data", n+"_indices", "0 1")
			}
		})
		if r := MustRun(t, Spec, dir, base); r.Positions[3] != [2]float64{3, 4} {
			t.Errorf("%v: position 3 is %v", names, r.Positions[3])
		}
	}
}

// Positions that the recipe names have their own units, unless it gives the factors as well.
func TestUnitsOfGivenPositions(t *testing.T) {
	dir := file(t, func(f *File) {
		entry(f, "entry", 0)
		column(f, "entry/data/y", "um", 0, 1, 2, 3)
		column(f, "entry/data/x", "um", 0, 2, 4, 6)
		column(f, "entry/m1", "mm", 0, 3, 6, 9)
		column(f, "entry/m2", "", 0, 4, 8, 12)
		column(f, "entry/phi", "deg", 0, 5, 10, 15)
	})
	for more, want := range map[string][2]float64{
		"{slow_key: entry/m1}":                                   {3e-3, 2e-6},
		"{slow_key: entry/m2}":                                   {4, 2e-6},
		"{slow_key: entry/m1, fast_key: entry/data/y}":           {3e-3, 1e-6},
		"{slow_key: entry/m1, slow_multiplier: 2}":               {6, 2e-6},
		"{file: a.nxs, slow_key: entry/m1, fast_key: entry/phi}": {3e-3, 5},
	} {
		r := MustRun(t, Spec, dir, base+"positions: "+more+"\n")
		if !NearPositions(r.Positions[1:2], [][2]float64{want}) {
			t.Errorf("%s: position 1 is %v, expected %v", more, r.Positions[1], want)
		}
	}
}

// Frames in several files: the first one is looked through, its frames have their name in all.
func TestSeveralFiles(t *testing.T) {
	dir := t.TempDir()
	for k, name := range []string{"a.nxs", "b.nxs"} {
		Create(t, filepath.Join(dir, name), func(f *File) {
			entry(f, "entry", uint16(1000*k))
			column(f, "entry/data/y", "m", 0, 1, 2, 3, 4, 5, 6, 7)
			column(f, "entry/data/x", "m", 0, 1, 2, 3, 4, 5, 6, 7)
		})
	}
	for _, files := range []string{"'[ab].nxs'", "[a.nxs, b.nxs]"} {
		r := MustRun(t, Spec, dir, "name: NexusLoader\nauto_center: false\nintensities: {file: "+files+"}\n")
		if len(r.Frames) != 8 || r.Frames[4][0] != 1000 || r.Positions[7] != [2]float64{7, 7} {
			t.Errorf("%s: %d frames", files, len(r.Frames))
		}
	}
	MustFail(t, Spec, dir, "name: NexusLoader\nintensities: {file: 'c*.nxs'}\n", problem.Input, "intensities.file", "c*.nxs")
}

// A detector that does not know its distance writes 0.
func TestNoDistance(t *testing.T) {
	dir := file(t, func(f *File) {
		entry(f, "entry", 0)
		f.Group("entry/det")
		f.Attr("entry/det", "NX_class", "NXdetector")
		f.Scalar("entry/det/distance", 0)
		f.Attr("entry/det/distance", "units", "m")
	})
	r := MustRun(t, Spec, dir, base+"positions_theory: [[0, 1]]\n")
	if r.Meta.DistanceM != 7.19 || !strings.Contains(r.Log, "it is not used") {
		t.Errorf("distance %v m: %s", r.Meta.DistanceM, r.Log)
	}
}

// The energy needs a unit, or a wavelength with one; without a unit nothing is guessed.
func TestEnergy(t *testing.T) {
	write := func(class, name, unit string, v float64) string {
		return file(t, func(f *File) {
			entry(f, "entry", 0)
			f.Group("entry/mono")
			f.Attr("entry/mono", "NX_class", class)
			f.Scalar("entry/mono/"+name, v)
			if unit != "" {
				f.Attr("entry/mono/"+name, "units", unit)
			}
		})
	}
	theory := "positions_theory: [[0, 1]]\n"
	for _, c := range []struct {
		class, name, unit string
		v, keV            float64
	}{
		{"NXbeam", "incident_energy", "keV", 8, 8},
		{"NXmonochromator", "energy", "eV", 8000, 8},
		{"NXbeam", "incident_energy", "J", 1.602176634e-15, 10},
		{"NXmonochromator", "wavelength", "angstrom", 1, 12.3984193},
		{"NXbeam", "incident_wavelength", "nm", 0.1, 12.3984193},
	} {
		r := MustRun(t, Spec, write(c.class, c.name, c.unit, c.v), base+theory)
		if math.Abs(r.Meta.EnergyKeV-c.keV) > 1e-9 {
			t.Errorf("%s %s of %v %s: %v keV, expected %v", c.class, c.name, c.v, c.unit, r.Meta.EnergyKeV, c.keV)
		}
	}
	dir := write("NXbeam", "incident_energy", "", 8)
	MustFail(t, Spec, dir, base+theory, problem.Input, "incident_energy", "without a unit", "energy (keV)")
	if r := MustRun(t, Spec, dir, base+theory+"energy: 9\n"); r.Meta.EnergyKeV != 9 {
		t.Errorf("energy %v", r.Meta.EnergyKeV)
	}
}

func TestDirection(t *testing.T) {
	for name, want := range map[string]byte{
		"y": 's', "samy": 's', "lab_sy_value": 's', "stage1_y": 's', "row": 's', "v": 's', "t1_sy": 's', "ypos": 's', "vertical": 's', "y_set": 's',
		"x": 'f', "samx": 'f', "lab_sx_value": 'f', "h": 'f', "column": 'f', "sample_x_rbv": 'f', "X": 'f',
		"theta": 0, "z": 0, "a": 0, "x_y": 0, "": 0, "value": 0,
	} {
		if got := direction(name); got != want {
			t.Errorf("%q: %q, expected %q", name, got, want)
		}
	}
}

// The measured files of other projects, where they are there: those with frames convert when
// positions are given, the others are refused with a reason.
func TestRealFiles(t *testing.T) {
	real := formattest.Shared(t, "real/nexus")
	if real == "" {
		return
	}
	var theory []string
	for range 10 {
		theory = append(theory, "[0, 0]")
	}
	r := MustRun(t, Spec, real, "name: NexusLoader\nfile: Dioptas/lambda/testasapo1_1009_00002_m1_part00000.nxs\nshape: null\nauto_center: false\npositions_theory: ["+strings.Join(theory, ", ")+"]\n")
	sum := 0.0
	for _, f := range r.Frames {
		for _, v := range f {
			sum += v
		}
	}
	if len(r.Frames) != 10 || r.Meta.PSizeM != [2]float64{55e-6, 55e-6} || sum == 0 {
		t.Errorf("%d frames, meta %+v, sum %v", len(r.Frames), r.Meta, sum)
	}
	for file, words := range map[string][]string{
		"httomo/k11-18014.nxs":                            {"k11-18014-EtherCAT.h5", "external link"},
		"Savu/stxm.nxs":                                   {"not an HDF5 file", "XML"},
		"Savu/fluo.nxs":                                   {"no frames"},
		"hdfmap/1049598.nxs":                              {"no frames"},
		"Savu/pc2_projections.hdf":                        {"no positions"},
		"Dioptas/ma4500_demoh5.h5":                        {"several entries"},
		"rosettasciio/nexus_dls_example.nxs":              {"no frames"},
		"Dioptas/demoh5_dataset/demoh5_dataset.h5":        {"no positions"},
		"spec2nexus/S10_Blank.h5":                         {"no frames"},
		"httomo/k11-18014/k11-18014-pcompPanda.h5":        {"no frames"},
		"Dioptas/demoh5_dataset/ma4500-demoh5-dataset.h5": {"no frames"},
	} {
		MustFail(t, Spec, real, "name: NexusLoader\nfile: "+file+"\n", problem.Input, words...)
	}
}

func TestSample(t *testing.T) {
	const n = 32
	Sample(t, "nexusloader", func(dir string) {
		Create(t, filepath.Join(dir, "scan.nxs"), func(f *File) {
			f.Group("entry/instrument/detector")
			f.Group("entry/sample/beam")
			f.Group("entry/data")
			f.Attr("/", "default", "entry")
			f.Attr("entry", "NX_class", "NXentry")
			f.Attr("entry", "default", "data")
			f.Attr("entry/instrument", "NX_class", "NXinstrument")
			f.Attr("entry/instrument/detector", "NX_class", "NXdetector")
			f.Attr("entry/sample", "NX_class", "NXsample")
			f.Attr("entry/sample/beam", "NX_class", "NXbeam")
			var frames []uint16
			for k := range 6 {
				frames = append(frames, Disc[uint16](n, n, k)...)
			}
			Packed(f, "entry/instrument/detector/data", frames, 2, 3, n, n)
			one := func(path string, v float64, unit string) {
				f.Scalar(path, v)
				f.Attr(path, "units", unit)
			}
			one("entry/instrument/detector/distance", 2.1, "m")
			one("entry/instrument/detector/x_pixel_size", 75, "um")
			one("entry/instrument/detector/y_pixel_size", 75, "um")
			one("entry/sample/beam/incident_energy", 9100, "eV")
			mask := make([]uint32, n*n)
			mask[4*n+9] = 1
			Packed(f, "entry/instrument/detector/pixel_mask", mask, n, n)
			f.Attr("entry/data", "NX_class", "NXdata")
			f.Attr("entry/data", "signal", "data")
			f.Attr("entry/data", "axes", "[stage_y,stage_x,.,.]")
			f.SoftLink("entry/data/data", "/entry/instrument/detector/data")
			column(f, "entry/data/stage_y", "um", 0, 1)
			column(f, "entry/data/stage_x", "um", 10, 11, 12)
		})
	})
	r := Config(t, Spec, "nexusloader")
	if len(r.Frames) != 6 || !Near(r.Positions[5][:], []float64{1e-6, 12e-6}) || r.Masks[0][4*n+9] != 0 || r.Meta.EnergyKeV != 9.1 || r.Meta.DistanceM != 2.1 {
		t.Errorf("%d frames at %v, meta %+v", len(r.Frames), r.Positions, r.Meta)
	}
}
