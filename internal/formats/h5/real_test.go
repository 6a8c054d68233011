package h5

import (
	"io/fs"
	"path/filepath"
	"strings"
	"testing"

	"ptyprep/internal/formats/formattest"
	"ptyprep/internal/imgproc/pix"
)

// TestRealFiles walks through every real HDF5 file and reads one element of each dataset.
// Errors are fine, crashes are not. The two left out kill libhdf5 itself.
func TestRealFiles(t *testing.T) {
	root := formattest.Shared(t, "real")
	if root == "" {
		return
	}
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
	if read == 0 {
		t.Errorf("%d files, %d datasets, and none of them could be read", files, datasets)
	}
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
