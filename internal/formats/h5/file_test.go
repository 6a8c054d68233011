package h5

import (
	"bufio"
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"syscall"
	"testing"
	"time"

	"ptyprep/internal/imgproc/pix"
)

func TestOpenErrors(t *testing.T) {
	dir := t.TempDir()
	whole, err := os.ReadFile("testdata/types.h5")
	must(t, err)
	put := func(name string, b []byte) string {
		p := filepath.Join(dir, name)
		must(t, os.WriteFile(p, b, 0o644))
		return p
	}
	damaged := bytes.Clone(whole)
	copy(damaged[8:], bytes.Repeat([]byte{0xff}, 40))
	fifo := filepath.Join(dir, "fifo")
	must(t, syscall.Mkfifo(fifo, 0o600))
	for _, c := range []struct {
		path  string
		kind  ErrorKind
		words string
	}{
		{filepath.Join(dir, "none.h5"), NotFound, "no such file"},
		{filepath.Join(dir, "none", "x.h5"), NotFound, "no such file"},
		{dir, NotHDF5, "is a folder"},
		{fifo, NotHDF5, "not a regular file"},
		{put("empty", nil), NotHDF5, "empty (0 bytes)"},
		{put("tiff", []byte("II*\x00abcdefgh")), NotHDF5, "TIFF"},
		{put("cbf", []byte("###CBF: VERSION 1.5")), NotHDF5, "CBF"},
		{put("edf", []byte("\n{\nDim_1 = 3 ;\n}\n")), NotHDF5, "EDF"},
		{put("nc", []byte("CDF\x01\x00\x00")), NotHDF5, "netCDF-3"},
		{put("mat", []byte("MATLAB 5.0 MAT-file")), NotHDF5, "MATLAB"},
		{put("gz", []byte("\x1f\x8b\x08\x00")), NotHDF5, "gzip"},
		{put("text", []byte("hello world, this is µ")), NotHDF5, "text"},
		{put("zeros", make([]byte, 4096)), NotHDF5, "zero"},
		{put("short", []byte{0x89}), NotHDF5, "first bytes 89"},
		{put("signature", whole[:8]), Damaged, ""},
		{put("cut", whole[:len(whole)-1]), Truncated, "29503 bytes"},
		{put("cut2", whole[:1000]), Truncated, "1000 bytes"},
		{put("damaged", damaged), Damaged, ""},
	} {
		f, err := Open(c.path, OpenOptions{})
		if err == nil {
			f.Close()
		}
		if KindOf(err) != c.kind || !strings.Contains(err.Error(), c.words) || strings.Contains(err.Error(), "\n") || len(err.Error()) > 250 {
			t.Errorf("%s: %v: %v", c.path, KindOf(err), err)
		}
	}
	_, err = Open(filepath.Join(dir, "cut"), OpenOptions{})
	var e *Error
	if !errors.As(err, &e) || e.Found != int64(len(whole)-1) || e.Expected != int64(len(whole)) {
		t.Errorf("truncated: %+v", e)
	}
	if _, err := Open(filepath.Join(dir, "none.h5"), OpenOptions{}); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("not there: %v", err)
	}
	if os.Getuid() != 0 {
		p := put("secret", whole)
		must(t, os.Chmod(p, 0))
		if _, err := Open(p, OpenOptions{}); KindOf(err) != Permission {
			t.Errorf("permission: %v", err)
		}
	}
}

func TestCreateErrors(t *testing.T) {
	dir := t.TempDir()
	for path, kind := range map[string]ErrorKind{
		filepath.Join(dir, "none", "x.h5"): NotFound, dir: WriteFailed, "/dev/full": WriteFailed, "/proc/nothing.h5": NotFound,
	} {
		f, err := Create(path)
		if err == nil {
			err = f.Close()
		}
		if err == nil || path != "/dev/full" && KindOf(err) != kind {
			t.Errorf("%s: %v: %v", path, KindOf(err), err)
		}
	}
}

// TestCrashedWriter: the superblock says that the file is open for writing.
func TestCrashedWriter(t *testing.T) {
	_, err := Open("testdata/crashed.h5", OpenOptions{})
	if KindOf(err) != Locked {
		t.Errorf("%v", err)
	}
	f, err := Open("testdata/crashed.h5", OpenOptions{SWMR: true})
	must(t, err)
	d := dataset(t, f, "/d")
	must(t, d.Refresh())
	if v, err := ReadAll[int64](d); err != nil || !reflect.DeepEqual(v, []int64{1, 2}) {
		t.Errorf("%v, %v", v, err)
	}
	must(t, f.Close())
}

// lockHelper creates a file, says so, and keeps it open until its input ends.
func lockHelper(path string) {
	f, err := Create(path)
	if err != nil {
		os.Exit(1)
	}
	WriteArray(f, "/d", []int{2}, []uint16{1, 2}, 0)
	f.Flush()
	os.Stdout.WriteString("open\n")
	bufio.NewReader(os.Stdin).ReadString('\n')
	f.Close()
}

func TestLockedByAnotherProcess(t *testing.T) {
	path := filepath.Join(t.TempDir(), "locked.h5")
	c := helper("lock", path)
	in, err := c.StdinPipe()
	must(t, err)
	out, err := c.StdoutPipe()
	must(t, err)
	must(t, c.Start())
	defer c.Wait()
	defer in.Close()
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil || line != "open\n" {
		t.Fatalf("helper: %q, %v", line, err)
	}
	if _, err := Open(path, OpenOptions{}); KindOf(err) != Locked || !errors.Is(err, syscall.EAGAIN) {
		t.Errorf("Open: %v: %v", KindOf(err), err)
	}
	if _, err := Create(path); KindOf(err) != Locked {
		t.Errorf("Create: %v: %v", KindOf(err), err)
	}
	f, err := Open(path, OpenOptions{NoLock: true})
	must(t, err)
	wantAll(t, f, "/d", uint16(1), 2)
	must(t, f.Close())

	// A link to it from a file of our own follows the rule of the file it is in.
	from := filepath.Join(filepath.Dir(path), "from.h5")
	w, err := Create(from)
	must(t, err)
	must(t, w.ExternalLink("/x", "locked.h5", "/d"))
	must(t, w.Close())
	f, err = Open(from, OpenOptions{})
	must(t, err)
	var nf *NotFoundError
	if _, err := f.Dataset("/x"); !errors.As(err, &nf) || !strings.Contains(nf.Reason, "lock") {
		t.Errorf("link to a locked file: %v", err)
	}
	must(t, f.Close())
	f, err = Open(from, OpenOptions{NoLock: true})
	must(t, err)
	wantAll(t, f, "/x", uint16(1), 2)
	must(t, f.Close())
}

func second[T any](_ T, err error) error { return err }

func chunkError(d *Dataset) error {
	_, _, err := d.ChunkBytes([]int{0, 0, 0}, nil)
	return err
}

func TestClosed(t *testing.T) {
	f, err := Open("testdata/types.h5", OpenOptions{})
	must(t, err)
	d, other := dataset(t, f, "/cube"), dataset(t, f, "/bool")
	must(t, other.Close())
	must(t, other.Close())
	must(t, f.Close())
	if err := f.Close(); !errors.Is(err, ErrClosed) {
		t.Errorf("closed twice: %v", err)
	}
	for i, err := range []error{
		Read(d, []uint8{0}, nil, nil), d.ReadNative(nil, nil, nil), d.CheckSources(nil, nil), d.Refresh(), d.Close(), f.Flush(),
		chunkError(d), second(d.Strings()), second(ReadAll[int8](d)), second(ReadComplex(d)), second(d.NumChunks()),
		second(f.List("/")), second(f.Dataset("/cube")), second(f.Kind("/")), f.Walk(nil), f.WriteString("/x", ""), d.WriteNative(nil, nil, nil),
	} {
		if i != 4 && !errors.Is(err, ErrClosed) {
			t.Errorf("call %d: %v", i, err)
		}
	}
	if in := d.Info(); in.Path != "/cube" || d.File() == "" {
		t.Errorf("info of a closed dataset: %+v", in)
	}
}

// TestLeaks: what the tests of this package opened is closed again, but for the binding's types.
func TestLeaks(t *testing.T) {
	before := openHandles()
	for range 3 {
		f, err := Open("testdata/vds.h5", OpenOptions{})
		must(t, err)
		f.Walk(func(p string, e Entry, d *Info) error {
			if d == nil {
				return nil
			}
			x, err := f.Dataset(p)
			must(t, err)
			ReadAll[float32](x)
			x.CheckSources(nil, nil)
			x.Attr("none")
			x.Strings()
			f.Dataset(p + "/none")
			return nil
		})
		must(t, f.Close())
	}
	if n := openHandles(); n != before {
		t.Errorf("%d handles more than before", n-before)
	}
}

func TestForgottenHandle(t *testing.T) {
	before := openHandles()
	f, err := Open("testdata/types.h5", OpenOptions{})
	must(t, err)
	forgetHandle(f, "/cube")
	if err := f.Close(); err == nil || !strings.Contains(err.Error(), "1 HDF5 handles were left open") {
		t.Errorf("%v", err)
	}
	if n := openHandles(); n != before {
		t.Errorf("%d handles more than before", n-before)
	}
}

func TestDeterministic(t *testing.T) {
	dir := t.TempDir()
	var files [2][]byte
	for i := range files {
		p := filepath.Join(dir, string(rune('a'+i)))
		must(t, writeSome(p))
		b, err := os.ReadFile(p)
		must(t, err)
		files[i] = b
		if i == 0 {
			time.Sleep(1100 * time.Millisecond)
		}
	}
	if !bytes.Equal(files[0], files[1]) {
		t.Error("two files written one second apart differ")
	}
	if files[0][8] != 0 {
		t.Errorf("superblock of version %d", files[0][8])
	}
}

func TestRefresh(t *testing.T) {
	p := filepath.Join(t.TempDir(), "a.h5")
	must(t, writeSome(p))
	f, err := Open(p, OpenOptions{})
	must(t, err)
	d := dataset(t, f, "/frames")
	must(t, d.Refresh())
	if !reflect.DeepEqual(d.Info().Shape, []int{40, 32, 32}) || d.Info().Type.Pix != pix.Uint16 {
		t.Errorf("%+v", d.Info())
	}
	must(t, f.Close())
}
