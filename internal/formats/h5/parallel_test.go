package h5

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"

	"ptyprep/internal/imgproc/pix"
)

// TestParallel mixes good and bad calls from 8 goroutines on shared and own files, and looks
// at each result. Run it with -race.
func TestParallel(t *testing.T) {
	dir := t.TempDir()
	shared := openTest(t, "sparse.h5")
	frames := dataset(t, shared, "/frames")
	var wg sync.WaitGroup
	for g := range 8 {
		wg.Add(1)
		go func() {
			defer wg.Done()
			var buf []byte
			px := make([]uint16, 24)
			for i := range 40 {
				n := (13*g + i) % 100
				err := Read(frames, px, []int{n, 0, 0}, []int{1, 4, 6})
				want := uint16(n)
				if n == 7 || n == 8 || n == 50 {
					want = 0
				}
				if err != nil || px[23] != want {
					t.Errorf("frame %d: %d, %v", n, px[23], err)
				}
				b, _, err := frames.ChunkBytes([]int{n, 0, 0}, buf)
				if (want == 0 && n != 0) != errors.Is(err, ErrNoChunk) {
					t.Errorf("chunk %d: %v", n, err)
				}
				if err == nil {
					buf = b
				}
				if _, err := Open(fmt.Sprintf("testdata/gone%d.h5", g), OpenOptions{}); KindOf(err) != NotFound || !strings.Contains(err.Error(), fmt.Sprintf("gone%d.h5", g)) {
					t.Errorf("%v", err)
				}
				if _, err := shared.Dataset(fmt.Sprintf("/none%d/x", g)); !errors.Is(err, ErrNotFound) || !strings.Contains(err.Error(), fmt.Sprintf("none%d", g)) {
					t.Errorf("%v", err)
				}
				if err := Read(frames, px[:3], []int{n, 0, 0}, []int{1, 4, 6}); KindOf(err) != BadRange {
					t.Errorf("%v", err)
				}
				if i%10 == 0 {
					roundTrip(t, filepath.Join(dir, fmt.Sprintf("%d-%d.h5", g, i)), float64(n))
				}
			}
		}()
	}
	wg.Wait()
}

func roundTrip(t *testing.T, path string, x float64) {
	f, err := Create(path)
	if err != nil {
		t.Error(err)
		return
	}
	err = errors.Join(WriteArray(f, "/a/b", []int{2}, []float64{x, 2 * x}, 4), f.SetAttr("/a", "type", "dict"), f.Close())
	if err != nil {
		t.Error(err)
	}
	f, err = Open(path, OpenOptions{})
	if err != nil {
		t.Error(err)
		return
	}
	wantAll(t, f, "/a/b", x, 2*x)
	if err := f.Close(); err != nil {
		t.Error(err)
	}
}

// quietHelper makes libhdf5 fail in many threads; nothing of it may reach stderr.
func quietHelper() {
	var wg sync.WaitGroup
	for range 16 {
		wg.Add(1)
		go func() {
			defer wg.Done()
			runtime.LockOSThread() // each on a thread of its own
			defer runtime.UnlockOSThread()
			f, err := Open("testdata/links.h5", OpenOptions{})
			if err != nil {
				return
			}
			f.Dataset("/ext_no_file")
			f.Dataset("/none")
			f.Walk(func(string, Entry, *Info) error { return nil })
			Open("testdata/crashed.h5", OpenOptions{})
			Create("/none/such/x.h5")
			f.Close()
		}()
	}
	wg.Wait()
	os.Exit(0)
}

func TestNothingOnStderr(t *testing.T) {
	out, err := helper("quiet").CombinedOutput()
	if err != nil || len(out) > 0 {
		t.Errorf("%v\n%s", err, out)
	}
}

// BenchmarkChunkBytes has to report 0 allocs/op.
func BenchmarkChunkBytes(b *testing.B) {
	d, size := benchFile(b)
	buf := make([]byte, 0, size)
	off := []int{0, 0, 0}
	b.SetBytes(int64(size))
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		off[0] = i % 16
		var err error
		if buf, _, err = d.ChunkBytes(off, buf); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkRead is the same by H5Dread.
func BenchmarkRead(b *testing.B) {
	d, size := benchFile(b)
	dst := make([]uint16, size/2)
	b.SetBytes(int64(size))
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		if err := Read(d, dst, []int{i % 16, 0, 0}, []int{1, 512, 512}); err != nil {
			b.Fatal(err)
		}
	}
}

func benchFile(b *testing.B) (*Dataset, int) {
	const n = 512
	f := written(b, func(f *File) {
		d, err := f.CreateFrames("/d", FramesSpec{Type: pix.Uint16, Shape: []int{16, n, n}})
		must(b, err)
		for i := range 16 {
			must(b, d.WriteChunk([]int{i, 0, 0}, 0, make([]byte, 2*n*n)))
		}
	})
	return dataset(b, f, "/d"), 2 * n * n
}

func TestChunkBytesAllocatesNothing(t *testing.T) {
	d := dataset(t, openTest(t, "sparse.h5"), "/frames")
	buf := make([]byte, 0, 4096)
	off := []int{0, 0, 0}
	n := testing.AllocsPerRun(100, func() {
		off[0] = (off[0] + 1) % 7
		var err error
		if buf, _, err = d.ChunkBytes(off, buf); err != nil {
			t.Fatal(err)
		}
	})
	if n != 0 {
		t.Errorf("%v allocations", n)
	}
}
