package h5

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"ptyprep/internal/imgproc/pix"
)

// shared finds the folder of reference files that may stand beside the module.
func shared(t *testing.T) string {
	dir, err := os.Getwd()
	must(t, err)
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			break
		}
		if filepath.Dir(dir) == dir {
			t.Skip("no module root")
		}
		dir = filepath.Dir(dir)
	}
	dir = filepath.Join(filepath.Dir(dir), "shared", "real")
	if _, err := os.Stat(dir); err != nil {
		t.Skip("no real files beside the module: nothing more to do")
	}
	return dir
}

// TestRealFiles walks through every real HDF5 file and reads one element of each dataset.
// Errors are fine, crashes are not. The two left out kill libhdf5 itself.
func TestRealFiles(t *testing.T) {
	root := shared(t)
	before := openHandles()
	files, datasets, read := 0, 0, 0
	filepath.WalkDir(root, func(path string, e fs.DirEntry, err error) error {
		must(t, err)
		name := e.Name()
		if e.IsDir() || strings.HasPrefix(name, "fail-issue-96") || strings.HasPrefix(name, "fail-issue-167a") {
			return nil
		}
		f, err := Open(path, OpenOptions{})
		if err != nil {
			if KindOf(err) != NotHDF5 || strings.Contains(path, "hdf5") {
				t.Logf("%v: %v", KindOf(err), err)
			}
			return nil
		}
		files++
		err = f.Walk(func(p string, e Entry, in *Info) error {
			if in == nil {
				return nil
			}
			datasets++
			if readOne(t, f, p) {
				read++
			}
			return nil
		})
		if err != nil {
			t.Logf("%s: %v", path, err)
		}
		if err := f.Close(); err != nil {
			t.Errorf("%s: %v", path, err)
		}
		return nil
	})
	t.Logf("%d files, %d datasets, %d of them read", files, datasets, read)
	if n := openHandles(); n != before {
		t.Errorf("%d handles more than before", n-before)
	}
}

// readOne reads the last element of a dataset, whatever it holds.
func readOne(t *testing.T, f *File, path string) bool {
	d, err := f.Dataset(path)
	if err != nil {
		t.Logf("%v", err)
		return false
	}
	defer d.Close()
	in := d.Info()
	off, count := make([]int, len(in.Shape)), make([]int, len(in.Shape))
	for i, n := range in.Shape {
		off[i], count[i] = max(0, n-1), min(1, n)
	}
	if err := d.CheckSources(off, count); err != nil {
		t.Logf("%v", err)
	}
	d.ContiguousOffset()
	if in.Layout == Chunked && in.Len() > 0 {
		for i := range off {
			off[i] -= off[i] % in.Chunk[i]
		}
		if _, _, err := d.ChunkBytes(off, nil); err != nil {
			t.Logf("%s: %v", path, err)
		}
	}
	switch {
	case in.Len() == 0:
		return true
	case in.Type.Class == String && in.Len() < 1e6:
		_, err = d.Strings()
	case in.Type.Class == Complex && in.Len() < 1e6:
		_, err = ReadComplex(d)
	case in.Type.Pix != pix.Invalid:
		err = d.ReadNative(pix.Buffer(in.Type.Pix.Size()), off, count)
	default:
		err = Read(d, make([]float64, 1), off, count)
		if KindOf(err) == WrongType {
			return true
		}
	}
	if err != nil {
		t.Logf("%v: %v", KindOf(err), err)
	}
	return err == nil
}
