package dnexus

import (
	"path/filepath"
	"slices"
	"testing"

	"ptyprep/internal/imgproc/pix"
	"ptyprep/internal/recipes/defaultstest"
	. "ptyprep/internal/recipes/recipetest"
	"ptyprep/internal/scan/problem"
)

func TestDefaults(t *testing.T) { defaultstest.Compare(t, tree, "DiamondNexus", nil, nil) }

// small writes a raster of 2 x 2 points, frames of 2 x 2 pixels 10, 11, ...
func small(t *testing.T, dir string, more func(f *File)) string {
	Create(t, filepath.Join(dir, "scan.nxs"), func(f *File) {
		Put(f, dataKey, Ramp(16, uint16(10)), 2, 2, 2, 2)
		Put(f, slowKey, []float64{1, 1, 2, 2}, 2, 2)
		Put(f, fastKey, []float64{5, 6, 5, 6}, 2, 2)
		f.Scalar(energyKey, 9100)
		f.Scalar(distanceKey, 1.5)
		f.Scalar(xPixelKey, 5e-5)
		if more != nil {
			more(f)
		}
	})
	return dir
}

const base = "name: DiamondNexus\nfile: scan.nxs\nrecorded_energy_multiplier: 0.001\npositions: {slow_multiplier: 1.0e-6, fast_multiplier: -2.0e-6}\n"

// What the file says goes before the recipe, x_pixel_size stands for both, and without corrections
// counts stay whole.
func TestPlain(t *testing.T) {
	r := MustRun(t, Spec, small(t, t.TempDir(), nil), base+"energy: 1\ndistance: 1\npsize: 1\n")
	if r.Meta.EnergyKeV != 9.1 || r.Meta.DistanceM != 1.5 || r.Meta.PSizeM != [2]float64{5e-5, 5e-5} || r.Type != pix.Uint16 {
		t.Errorf("meta %+v, type %v", r.Meta, r.Type)
	}
	if want := [][2]float64{{1e-6, -10e-6}, {1e-6, -12e-6}, {2e-6, -10e-6}, {2e-6, -12e-6}}; !NearPositions(r.Positions, want) {
		t.Errorf("positions %v, expected %v", r.Positions, want)
	}
	if !slices.Equal(r.Frames[3], []float64{22, 23, 24, 25}) {
		t.Errorf("frame 3 is %v", r.Frames[3])
	}
}

// (raw - dark) / flat / monitor, negative values stay; the monitor is not compared with its mean.
func TestCorrections(t *testing.T) {
	dir := small(t, t.TempDir(), func(f *File) {
		Put(f, darkKey, []uint16{10, 12, 12, 12}, 2, 2)
		Put(f, flatKey, []float64{1, 2, 0.5, 1}, 2, 2)
		Put(f, monitorKey, []float64{1, 2, 4, 5}, 2, 2)
		f.Scalar(yPixelKey, 4e-5)
	})
	r := MustRun(t, Spec, dir, base)
	// frame 0: 10 11 12 13 less the dark is 0 -1 0 1; frame 1: 14 15 16 17 less the dark is 4 3 4 5
	if want := []float64{0, -0.5, 0, 1}; !Near(r.Frames[0], want) || r.Type != pix.Float64 {
		t.Errorf("frame 0 is %v (%v), expected %v", r.Frames[0], r.Type, want)
	}
	if want := []float64{2, 0.75, 4, 2.5}; !Near(r.Frames[1], want) {
		t.Errorf("frame 1 is %v, expected %v", r.Frames[1], want)
	}
	if r.Meta.PSizeM != [2]float64{4e-5, 5e-5} {
		t.Errorf("psize %v is not (y, x)", r.Meta.PSizeM)
	}
	r = MustRun(t, Spec, dir, base+"output_dtype: raw\n")
	if want := []float64{0, 0, 0, 1}; r.Type != pix.Uint16 || !slices.Equal(r.Frames[0], want) {
		t.Errorf("raw: frame 0 is %v (%v), expected %v", r.Frames[0], r.Type, want)
	}
}

// With output_dtype raw every step goes back into integers, as in ptypy: (15 - 12) / 2 is 1, and 1 / 0.5
// is 2, not 3. 16-bit counts are divided by float32 numbers in float32: 22 / 1.1 is 20
// there, and a little less in float64.
func TestRaw(t *testing.T) {
	dir := small(t, t.TempDir(), func(f *File) {
		Put(f, darkKey, []uint16{10, 12, 12, 12}, 2, 2)
		Put(f, flatKey, []float64{1, 2, 0.4, 3}, 2, 2)
		Put(f, monitorKey, []float64{1, 0.5, 4, 5}, 2, 2)
	})
	r := MustRun(t, Spec, dir, base+"output_dtype: raw\n")
	// frame 1: 14 15 16 17 less the dark is 4 3 4 5, by the flat 4 1 10 1
	if want := []float64{8, 2, 20, 2}; r.Type != pix.Uint16 || !slices.Equal(r.Frames[1], want) {
		t.Errorf("frame 1 is %v (%v), expected %v", r.Frames[1], r.Type, want)
	}
	dir = small(t, t.TempDir(), func(f *File) {
		Put(f, flatKey, []float32{1.1, 1.1, 1.1, 1.1}, 2, 2)
	})
	r = MustRun(t, Spec, dir, base+"output_dtype: raw\n")
	if got, less := r.Frames[3][0], 22/float64(float32(1.1)); got != 20 || less >= 20 {
		t.Errorf("22 / 1.1 is %v, in float64 %v", got, less)
	}
}

// Bounds choose frames and positions alike.
func TestBounds(t *testing.T) {
	r := MustRun(t, Spec, small(t, t.TempDir(), nil), "name: DiamondNexus\nfile: scan.nxs\npositions: {bounding_box: {slow_axis_bounds: [1, 2], fast_axis_bounds: 1}}\n")
	if len(r.Frames) != 1 || r.Frames[0][0] != 22 || r.Positions[0] != [2]float64{2, 6} {
		t.Errorf("frames %v at %v", r.Frames, r.Positions)
	}
}

func TestBadInputs(t *testing.T) {
	MustFail(t, Spec, t.TempDir(), "name: DiamondNexus\n", problem.Usage, "file", "must be given")
	dir := t.TempDir()
	MustFail(t, Spec, dir, base, problem.Input, "scan.nxs", "no file")
	Create(t, filepath.Join(dir, "scan.nxs"), func(f *File) {
		Put(f, dataKey, Ramp(16, uint16(10)), 2, 2, 2, 2)
		f.Scalar(xPixelKey, 5e-5)
		f.Link(darkKey, "gone.h5", "dark")
	})
	MustFail(t, Spec, dir, base, problem.Input, "file", energyKey)
	small(t, dir, func(f *File) { f.Link(darkKey, "gone.h5", "dark") })
	MustFail(t, Spec, dir, base, problem.Input, darkKey, "gone.h5")
	small(t, dir, func(f *File) { Put(f, monitorKey, []float64{1, 0, 1, 1}, 2, 2) })
	MustFail(t, Spec, dir, base, problem.Input, "frame 1", "is 0")
	small(t, dir, func(f *File) { Put(f, flatKey, []float64{1, 2}) })
	MustFail(t, Spec, dir, base, problem.Input, flatKey, "2")
}

func TestSample(t *testing.T) {
	const n = 32
	Sample(t, "diamondnexus", func(dir string) {
		Create(t, filepath.Join(dir, "scan.nxs"), func(f *File) {
			var frames []uint16
			for k := range 6 {
				frames = append(frames, Disc[uint16](n, n, k)...)
			}
			Packed(f, dataKey, frames, 2, 3, n, n)
			Put(f, slowKey, []float64{0, 0, 0, 0.5, 0.5, 0.5}, 2, 3)
			Put(f, fastKey, []float64{0, 0.5, 1, 0, 0.5, 1}, 2, 3)
			dark := make([]float32, n*n)
			for i := range dark {
				dark[i] = 0.5
			}
			Packed(f, darkKey, dark, n, n)
			Put(f, monitorKey, []float64{1, 1.02, 0.98, 1, 1.01, 0.99}, 2, 3)
			f.Scalar(energyKey, 9100)
			f.Scalar(distanceKey, 1.5)
			f.Scalar(xPixelKey, 5.5e-5)
			f.Scalar(yPixelKey, 5.5e-5)
		})
	})
	r := Config(t, Spec, "diamondnexus")
	if len(r.Frames) != 6 || r.Meta.EnergyKeV != 9.1 || r.Positions[5] != [2]float64{0.5e-6, 1e-6} {
		t.Errorf("%d frames, meta %+v, positions %v", len(r.Frames), r.Meta, r.Positions)
	}
}
