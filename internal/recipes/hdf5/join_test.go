package hdf5_test

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"ptyprep/internal/recipes/hdf5"
	. "ptyprep/internal/recipes/recipetest"
	"ptyprep/internal/scan/problem"
)

// master writes an Eiger master without a virtual dataset: links data_000001, ... to files of n
// frames each; frame k of the scan is 100*k, 100*k+1, ...
func master(t *testing.T, dir string, n ...int) {
	k := 0
	Create(t, filepath.Join(dir, "x_master.h5"), func(f *File) {
		for i := range n {
			f.Link(fmt.Sprintf("entry/data/data_%06d", i+1), fmt.Sprintf("x_data_%06d.h5", i+1), "entry/data/data")
		}
		f.Group("entry/data/data_notes") // a group that the pattern fits, too
		Put(f, "entry/y", Ramp(sum(n), 0.0))
		Put(f, "entry/x", Ramp(sum(n), 10.0))
	})
	for i, frames := range n {
		Create(t, filepath.Join(dir, fmt.Sprintf("x_data_%06d.h5", i+1)), func(f *File) {
			var p []uint16
			for range frames {
				p = append(p, Ramp(4, uint16(100*k))...)
				k++
			}
			Put(f, "entry/data/data", p, frames, 2, 2)
		})
	}
}

func sum(n []int) (s int) {
	for _, k := range n {
		s += k
	}
	return s
}

const joined = "name: Hdf5Loader\nauto_center: false\npositions: {slow_key: entry/y, fast_key: entry/x}\n"

func firsts(r *Result) []float64 {
	var out []float64
	for _, f := range r.Frames {
		out = append(out, f[0])
	}
	return out
}

// The datasets that a pattern fits are joined in the order of their names; positions count through.
func TestPatternOfKeys(t *testing.T) {
	dir := t.TempDir()
	master(t, dir, 3, 2, 1)
	r := MustRun(t, hdf5.Spec, dir, joined+"intensities: {file: x_master.h5, key: entry/data/data_*}\n")
	if want := []float64{0, 100, 200, 300, 400, 500}; !slices.Equal(firsts(r), want) {
		t.Errorf("frames begin with %v, expected %v", firsts(r), want)
	}
	if r.Positions[5] != [2]float64{5, 15} || len(r.Inputs) != 4 {
		t.Errorf("position 5 is %v, %d inputs are noted (master and 3 files)", r.Positions[5], len(r.Inputs))
	}
	r = MustRun(t, hdf5.Spec, dir, joined+"intensities: {file: x_master.h5, key: entry/data/data_*}\nframeorder: {indices: [5, 0, 3]}\n")
	if want := []float64{500, 0, 300}; !slices.Equal(firsts(r), want) {
		t.Errorf("frames begin with %v, expected %v", firsts(r), want)
	}
	// a list keeps the order it is written in
	r = MustRun(t, hdf5.Spec, dir, joined+"intensities: {file: x_master.h5, key: [entry/data/data_000003, entry/data/data_000001, entry/data/data_000002]}\n")
	if want := []float64{500, 0, 100, 200, 300, 400}; !slices.Equal(firsts(r), want) {
		t.Errorf("frames begin with %v, expected %v", firsts(r), want)
	}
}

// A scan spread over files, stacks or single frames, with the positions in a file of their own or
// in the first one.
func TestPatternOfFiles(t *testing.T) {
	dir := t.TempDir()
	for i := range 12 {
		Create(t, filepath.Join(dir, fmt.Sprintf("scan_%02d.h5", i)), func(f *File) {
			Put(f, "stack", Ramp(8, uint16(100*i)), 2, 2, 2)
			Put(f, "image", Ramp(4, uint16(100*i)), 2, 2)
			if i == 0 {
				Put(f, "entry/y", Ramp(12, 0.0))
				Put(f, "entry/x", Ramp(12, 0.0))
				Put(f, "mon", Ramp(24, 1.0))
			}
		})
	}
	Create(t, filepath.Join(dir, "pos.h5"), func(f *File) {
		Put(f, "entry/y", Ramp(24, 0.0))
		Put(f, "entry/x", Ramp(24, 0.0))
	})
	r := MustRun(t, hdf5.Spec, dir, "name: Hdf5Loader\nauto_center: false\nintensities: {file: scan_*.h5, key: stack}\npositions: {file: pos.h5, slow_key: entry/y, fast_key: entry/x}\n")
	if len(r.Frames) != 24 || r.Frames[23][0] != 1104 || r.Frames[2][0] != 100 {
		t.Errorf("%d frames, they begin with %v", len(r.Frames), firsts(r))
	}
	// positions and monitor without a file: those of the first file
	r = MustRun(t, hdf5.Spec, dir, joined+"intensities: {file: scan_*.h5, key: image}\n")
	if len(r.Frames) != 12 || r.Frames[11][3] != 1103 || r.Positions[11] != [2]float64{11, 11} {
		t.Errorf("%d frames, they begin with %v, positions %v", len(r.Frames), firsts(r), r.Positions)
	}
	r = MustRun(t, hdf5.Spec, dir, joined+"intensities: {file: 'scan_0[0-5].h5', key: [image, image]}\n")
	if want := []float64{0, 0, 100, 100}; !slices.Equal(firsts(r)[:4], want) {
		t.Errorf("two keys in each file: frames begin with %v", firsts(r))
	}
}

// Wild cards may stand in any part of a key; a name with brackets that is there is no pattern. Names
// whose order is not that of their numbers are told once.
func TestPatternParts(t *testing.T) {
	dir := t.TempDir()
	Create(t, filepath.Join(dir, "x_master.h5"), func(f *File) {
		for _, n := range []int{0, 1, 2, 10} {
			Put(f, fmt.Sprintf("entry_%d/det/data", n), Ramp(4, uint16(100*n)), 2, 2)
			Put(f, fmt.Sprintf("entry_%d/det/mean", n), Ramp(4, 0.5), 2, 2)
		}
		f.Group("entry_5/empty")
		Put(f, "entry/[1]", Ramp(16, uint16(7)), 4, 2, 2)
		Put(f, "entry/y", Ramp(4, 0.0))
		Put(f, "entry/x", Ramp(4, 0.0))
	})
	run := func(key string) *Result {
		return MustRun(t, hdf5.Spec, dir, joined+"intensities: {file: x_master.h5, key: "+key+"}\n")
	}
	for _, key := range []string{"entry_*/det/data", "/entry_*/d*/d*"} {
		r := run(key)
		if want := []float64{0, 100, 1000, 200}; !slices.Equal(firsts(r), want) {
			t.Errorf("%s: frames begin with %v, expected %v", key, firsts(r), want)
		}
		if n := strings.Count(r.Log, "joined in the order of the names: entry_10/det/data, then entry_2/det/data"); n != 1 {
			t.Errorf("%s: the order is told %d times: %s", key, n, r.Log)
		}
	}
	if r := run("'entry/[1]'"); len(r.Frames) != 4 || r.Frames[0][0] != 7 || strings.Contains(r.Log, "order") {
		t.Errorf("%d frames: %s", len(r.Frames), r.Log)
	}
	MustFail(t, hdf5.Spec, dir, joined+"intensities: {file: x_master.h5, key: entry_*/data}\n", problem.Input, "nothing", "entry_*/data")
	Create(t, filepath.Join(dir, "x_master.h5"), func(f *File) {
		Put(f, "entry_0/data", Ramp(4, uint16(0)), 2, 2)
		f.Link("entry_1", "gone.h5", "entry")
	})
	MustFail(t, hdf5.Spec, dir, joined+"intensities: {file: x_master.h5, key: entry_*/data}\n", problem.Input, "entry_1", "gone.h5")
}

func TestJoinProblems(t *testing.T) {
	dir := t.TempDir()
	master(t, dir, 2, 2)
	base := joined + "intensities: {file: x_master.h5, key: %s}\n"
	run := func(key string) string { return fmt.Sprintf(base, key) }
	MustFail(t, hdf5.Spec, dir, run("entry/data/frame_*"), problem.Input, "intensities.key", "entry/data/frame_*")
	MustFail(t, hdf5.Spec, dir, run("entry/daten/data_*"), problem.Input, "intensities.key", "no group entry/daten")
	MustFail(t, hdf5.Spec, dir, run("'entry/data/data_[1'"), problem.Usage, "intensities.key", "pattern")
	MustFail(t, hdf5.Spec, dir, joined+"intensities: {file: y_*.h5, key: a}\n", problem.Input, "intensities.file", "y_*.h5")
	MustFail(t, hdf5.Spec, dir, joined+"intensities: {file: [], key: a}\n", problem.Usage, "intensities.file")
	// another size in one of the files, named with both sizes
	Create(t, filepath.Join(dir, "x_data_000002.h5"), func(f *File) { Put(f, "entry/data/data", Ramp(18, uint16(0)), 2, 3, 3) })
	MustFail(t, hdf5.Spec, dir, run("entry/data/data_*"), problem.Input, "intensities.key", "data_000002", "3 x 3", "2 x 2")
	// a file that was not copied
	Create(t, filepath.Join(dir, "x_master.h5"), func(f *File) {
		f.Link("entry/data/data_000001", "x_data_000001.h5", "entry/data/data")
		f.Link("entry/data/data_000007", "x_data_000007.h5", "entry/data/data")
	})
	MustFail(t, hdf5.Spec, dir, run("entry/data/data_*"), problem.Input, "data_000007", "x_data_000007.h5", "no such file")
	// stacks of two leading dimensions cannot be joined
	Create(t, filepath.Join(dir, "g.h5"), func(f *File) {
		Put(f, "a", Ramp(16, uint16(0)), 2, 2, 2, 2)
		Put(f, "b", Ramp(16, uint16(0)), 2, 2, 2, 2)
	})
	MustFail(t, hdf5.Spec, dir, joined+"intensities: {file: g.h5, key: [a, b]}\n", problem.Input, "g.h5:a", "[2 2 2 2]", "(k, rows, columns)")
	// as many positions as one file has are too few
	master(t, dir, 2, 2)
	Create(t, filepath.Join(dir, "pos.h5"), func(f *File) { Put(f, "y", Ramp(3, 0.0)) })
	MustFail(t, hdf5.Spec, dir, "name: Hdf5Loader\nintensities: {file: x_master.h5, key: entry/data/data_*}\npositions: {file: pos.h5, slow_key: y, fast_key: y}\n",
		problem.Input, "positions.slow_key", "shape (3)", "leading shape (4)")
}
