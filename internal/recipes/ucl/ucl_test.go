package ucl

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"ptyprep/internal/recipes/defaultstest"
	. "ptyprep/internal/recipes/recipetest"
	"ptyprep/internal/scan/problem"
)

// The defaults of the three folders hold a stray quote and a plus sign in the original.
func TestDefaults(t *testing.T) {
	defaultstest.Compare(t, Tree, "UCLLaserScan", nil, map[string]any{
		"data_file_path": "%(base_path)sraw/%(scan_number)06d",
		"dark_file_path": "%(base_path)sraw/%(dark_number)06d",
		"flat_file_path": "%(base_path)sraw/%(flat_number)06d",
	})
}

const base = "name: UCLLaserScan\nscan_number: 12\nlam: 650.0e-9\nz: 0.2\npsize: 1.0e-5\nshape: 2\n"

// frame writes file j (from 1) of a scan, 2 x 2 pixels.
func frame(t *testing.T, dir string, number, j int, detector string, p ...uint16) {
	Create(t, filepath.Join(dir, fmt.Sprintf("raw/%06d/%06d_%04d.nxs", number, number, j)), func(f *File) {
		Put(f, "entry/instrument/"+detector+"/data", p, 1, 2, len(p)/2)
	})
}

func positions(t *testing.T, dir string, p ...float64) {
	Create(t, filepath.Join(dir, "raw/000012/000012_metadata.h5"), func(f *File) { Put(f, "positions", p, len(p)/2, 2) })
}

func TestScan(t *testing.T) {
	dir := t.TempDir()
	frame(t, dir, 12, 1, "detector", 7, 8, 9, 10)
	frame(t, dir, 12, 2, "detector", 1, 2, 3, 4)
	frame(t, dir, 12, 4, "detector", 5, 5, 5, 5)
	positions(t, dir, 1, 2, 3, 4, 5, 6, 7, 8)
	frame(t, dir, 10, 1, "detector", 1, 1, 1, 1)
	frame(t, dir, 10, 2, "detector", 3, 3, 3, 3)
	frame(t, dir, 11, 1, "detector", 12, 7, 4, 2)
	r := MustRun(t, Spec, dir, base)
	if want := [][2]float64{{1e-3, 2e-3}, {3e-3, 4e-3}, {7e-3, 8e-3}}; !NearPositions(r.Positions, want) {
		t.Errorf("positions %v, want %v: a frame that is missing does not shift the others", r.Positions, want)
	}
	if len(r.LeftOut) != 1 || !strings.Contains(r.LeftOut[0], "000012_0003.nxs") || !slices.Equal(r.Frames[2], []float64{5, 5, 5, 5}) {
		t.Errorf("left out %v, frames %v", r.LeftOut, r.Frames)
	}
	th := MustRun(t, Spec, dir, base+"positions_theory: [[0, 1], [2, 3], [4, 5], [6, 7]]\n")
	if want := [][2]float64{{0, 1}, {2, 3}, {6, 7}}; !NearPositions(th.Positions, want) {
		t.Errorf("positions_theory: %v, want %v", th.Positions, want)
	}
	if r.Meta.DistanceM != 0.2 || !Near([]float64{r.Meta.EnergyKeV}, []float64{1.23984193e-9 / 650e-9}) {
		t.Errorf("meta %+v", r.Meta)
	}
	// dark 2, flat - dark 10, 5, 2, 0
	r = MustRun(t, Spec, dir, base+"dark_number: 10\nflat_number: 11\nnum_frames: 1\noutput_dtype: float64\n")
	if !Near(r.Frames[0], []float64{0.5, 1.2, 3.5, 0}) || !slices.Equal(r.Masks[0], []byte{1, 1, 1, 0}) || len(r.LeftOut) > 0 {
		t.Errorf("frame %v, mask %v, left out %v", r.Frames[0], r.Masks[0], r.LeftOut)
	}
}

func TestBadInputs(t *testing.T) {
	dir := t.TempDir()
	MustFail(t, Spec, dir, strings.Replace(base, "scan_number: 12\n", "", 1), problem.Usage, "scan_number", "must be given")
	MustFail(t, Spec, dir, base, problem.Input, "data_file_path", "000012")
	frame(t, dir, 12, 1, "pco", 7, 8, 9, 10)
	MustFail(t, Spec, dir, base, problem.Input, "000012_metadata.h5")
	if r := MustRun(t, Spec, dir, base+"use_EP: true\n"); r.Positions[0] != [2]float64{} {
		t.Errorf("positions %v", r.Positions)
	}
	positions(t, dir, 1, 2)
	MustFail(t, Spec, dir, base+"flat_number: 11\n", problem.Input, "flat_file_path", "000011")
	frame(t, dir, 11, 1, "pco", 1, 2, 3, 4, 5, 6)
	MustFail(t, Spec, dir, base+"flat_number: 11\n", problem.Input, "flat_number", "000011_0001.nxs", "2 x 3", "2 x 2")
	positions(t, dir, 1, 2, 3, 4)
	frame(t, dir, 12, 2, "pco", 1, 2, 3, 4, 5, 6)
	MustFail(t, Spec, dir, base, problem.Input, "000012_0002.nxs", "2 x 3", "2 x 2")
	frame(t, dir, 12, 2, "other", 1, 2, 3, 4)
	MustFail(t, Spec, dir, base, problem.Input, "000012_0002.nxs", "entry/instrument/pco/data", "entry/instrument/other/data")
	Create(t, filepath.Join(dir, "raw/000012/000012_metadata.h5"), func(f *File) { Put(f, "positions", []float64{1, 2, 3}, 1, 3) })
	MustFail(t, Spec, dir, base, problem.Input, "positions", "1 x 3", "N x 2")
}

// ---- sample of configs/ucllaserscan.yaml

const size = 32

func TestExample(t *testing.T) {
	Sample(t, "ucllaserscan", func(dir string) {
		shot := func(number, j int, p []uint16) {
			Create(t, filepath.Join(dir, fmt.Sprintf("raw/%06d/%06d_%04d.nxs", number, number, j)), func(f *File) {
				Packed(f, "entry/instrument/detector/data", p, 1, size, size)
			})
		}
		level := func(p []uint16, by, times uint16) []uint16 {
			for i := range p {
				p[i] = by + times*p[i]
			}
			return p
		}
		var at []float64
		for k := range 4 {
			shot(12, k+1, level(Disc[uint16](size, size, k), 60, 15))
			at = append(at, 0.1*float64(k/2), 0.1*float64(k%2))
		}
		shot(10, 1, level(make([]uint16, size*size), 50, 0))
		shot(11, 1, level(make([]uint16, size*size), 850, 0))
		Create(t, filepath.Join(dir, "raw/000012/000012_metadata.h5"), func(f *File) { Put(f, "positions", at, 4, 2) })
	})
	r := Config(t, Spec, "ucllaserscan")
	if want := [][2]float64{{0, 0}, {0, 1e-4}, {1e-4, 0}, {1e-4, 1e-4}}; !NearPositions(r.Positions, want) || len(r.LeftOut) > 0 {
		t.Errorf("positions %v, left out %v", r.Positions, r.LeftOut)
	}
}
