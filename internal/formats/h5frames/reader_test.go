package h5frames

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"ptyprep/internal/formats/codec"
	"ptyprep/internal/formats/h5"
	"ptyprep/internal/imgproc"
	"ptyprep/internal/imgproc/pix"
)

const (
	frames, rows, cols = 7, 20, 24
)

func value(k, r, c int) uint16 { return uint16(k*1000 + r*cols + c) }

// write makes a file with the same frames stored in several ways.
func write(t *testing.T) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "frames.h5")
	f, err := h5.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	all := make([]uint16, 0, frames*rows*cols)
	for k := range frames {
		for r := range rows {
			for c := range cols {
				all = append(all, value(k, r, c))
			}
		}
	}
	if err := h5.WriteArray(f, "/contiguous", []int{frames, rows, cols}, all, 0); err != nil {
		t.Fatal(err)
	}
	if err := h5.WriteArray(f, "/onechunk", []int{frames, rows, cols}, all, 4); err != nil { // all frames in one chunk
		t.Fatal(err)
	}
	comp, err := codec.ParseCompression("deflate:1")
	if err != nil {
		t.Fatal(err)
	}
	comp.Shuffle = true
	var filters []h5.FilterSpec
	for _, x := range comp.Filters(2, rows*cols) {
		filters = append(filters, h5.FilterSpec{ID: x.ID, Params: x.Params})
	}
	d, err := f.CreateFrames("/chunked", h5.FramesSpec{Type: pix.Uint16, Shape: []int{frames, rows, cols}, Filters: filters})
	if err != nil {
		t.Fatal(err)
	}
	var s codec.Scratch
	defer s.Close()
	for k := range frames - 1 { // the last frame is never written
		b, err := comp.Encode(nil, pix.Bytes(all[k*rows*cols:(k+1)*rows*cols]), 2, &s)
		if err != nil {
			t.Fatal(err)
		}
		if err := d.WriteChunk([]int{k, 0, 0}, 0, b); err != nil {
			t.Fatal(err)
		}
	}
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	return name
}

func open(t *testing.T, file, key string) *Reader {
	t.Helper()
	f, err := h5.Open(file, h5.OpenOptions{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	d, err := f.Dataset(key)
	if err != nil {
		t.Fatal(err)
	}
	r, err := New(d, file+":"+key, Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Close() })
	return r
}

// Every way of reading gives the same pixels, also through windows over the edges.
func TestWaysAgree(t *testing.T) {
	file := write(t)
	windows := []imgproc.Rect{imgproc.Whole(rows, cols), {Row: 3, Col: 5, Rows: 8, Cols: 9}, {Row: -2, Col: -3, Rows: 10, Cols: 30}, {Row: 15, Col: 20, Rows: 10, Cols: 10}, {Row: 50, Col: 0, Rows: 2, Cols: 2}}
	for key, way := range map[string]string{"/contiguous": "contiguous", "/chunked": "chunk by chunk", "/onechunk": "shared chunks"} {
		r := open(t, file, key)
		if r.Way() != way {
			t.Errorf("%s is read %q, want %q", key, r.Way(), way)
		}
		library := open(t, file, key)
		library.way = throughLibrary
		for _, q := range []*Reader{r, library} {
			var s Scratch
			var im pix.Image
			for k := range frames - 1 {
				for _, w := range windows {
					if err := q.Read(k, w, &im, &s); err != nil {
						t.Fatalf("%s frame %d: %v", key, k, err)
					}
					compare(t, fmt.Sprintf("%s (%s) frame %d %v", key, q.Way(), k, w), &im, k, w)
				}
			}
			s.Close()
		}
	}
}

func compare(t *testing.T, what string, im *pix.Image, k int, w imgproc.Rect) {
	t.Helper()
	p := pix.Pixels[uint16](im)
	for i := range p {
		r, c := w.Row+i/w.Cols, w.Col+i%w.Cols
		want := uint16(0)
		if r >= 0 && r < rows && c >= 0 && c < cols {
			want = value(k, r, c)
		}
		if p[i] != want {
			t.Fatalf("%s: pixel (%d, %d) is %d, want %d", what, r, c, p[i], want)
		}
	}
}

// A chunk that was never written is an error, and CheckStored tells beforehand which frames miss.
func TestNeverWritten(t *testing.T) {
	r := open(t, write(t), "/chunked")
	var s Scratch
	defer s.Close()
	var im pix.Image
	if err := r.Read(frames-1, imgproc.Whole(rows, cols), &im, &s); err == nil || !strings.Contains(err.Error(), "never written") {
		t.Errorf("reading it: %v", err)
	}
	st, err := Join(r)
	if err != nil {
		t.Fatal(err)
	}
	if first, n, missing := st.CheckStored([]int{2, 6, 3, 6}); first != 1 || n != 2 || missing == nil {
		t.Errorf("first %d, %d missing, %v; want the entry 1 and 2 in all", first, n, missing)
	}
	if first, n, missing := st.CheckStored([]int{2, 5}); first != -1 || n != 0 || missing != nil {
		t.Errorf("stored frames: first %d, %d missing, %v", first, n, missing)
	}
}

// A damaged chunk is an error that names it, for goroutines that share it too.
func TestDamaged(t *testing.T) {
	file := write(t)
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	r := open(t, file, "/onechunk")
	stored, _, err := r.ds.ChunkBytes([]int{0, 0, 0}, nil)
	if err != nil {
		t.Fatal(err)
	}
	at := strings.Index(string(b), string(stored))
	if at < 0 {
		t.Fatal("the stored chunk is not found in the file")
	}
	for i := range 40 {
		b[at+len(stored)/2+i] ^= 0x5a
	}
	bad := filepath.Join(t.TempDir(), "bad.h5")
	if err := os.WriteFile(bad, b, 0o600); err != nil {
		t.Fatal(err)
	}
	r = open(t, bad, "/onechunk")
	var wg sync.WaitGroup
	for k := range 6 {
		wg.Add(1)
		go func() {
			defer wg.Done()
			var s Scratch
			defer s.Close()
			var im pix.Image
			if err := r.Read(k, imgproc.Whole(rows, cols), &im, &s); err == nil || !strings.Contains(err.Error(), "damaged chunk at [0 0 0]") {
				t.Errorf("frame %d: %v", k, err)
			}
		}()
	}
	wg.Wait()
}

// Several datasets are one stack of frames.
func TestJoin(t *testing.T) {
	file := write(t)
	st, err := Join(open(t, file, "/contiguous"), open(t, file, "/onechunk"))
	if err != nil {
		t.Fatal(err)
	}
	if st.Frames() != 2*frames {
		t.Fatalf("%d frames", st.Frames())
	}
	var s Scratch
	defer s.Close()
	var im pix.Image
	w := imgproc.Whole(rows, cols)
	for _, k := range []int{0, frames - 1, frames, 2*frames - 1} {
		if err := st.Read(k, w, &im, &s); err != nil {
			t.Fatal(err)
		}
		compare(t, st.Name(k), &im, k%frames, w)
	}
	if n := st.Name(frames + 2); !strings.HasSuffix(n, "/onechunk[2]") {
		t.Errorf("frame %d is called %s", frames+2, n)
	}
}

// A filter that nobody knows is refused when the dataset is opened, with its number and name; where
// the writer skipped it, the frames can be read all the same.
func TestUnknownFilter(t *testing.T) {
	name := filepath.Join(t.TempDir(), "zfp.h5")
	f, err := h5.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	for key, mask := range map[string]uint32{"/used": 0, "/skipped": 1} {
		d, err := f.CreateFrames(key, h5.FramesSpec{Type: pix.Uint16, Shape: []int{2, 3, 4}, Filters: []h5.FilterSpec{{ID: 32013, Params: []uint32{1}, Optional: true}}})
		if err != nil {
			t.Fatal(err)
		}
		for k := range 2 {
			if err := d.WriteChunk([]int{k, 0, 0}, mask, make([]byte, 24)); err != nil {
				t.Fatal(err)
			}
		}
		d.Close()
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	if f, err = h5.Open(name, h5.OpenOptions{}); err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	d, err := f.Dataset("/used")
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	var unknown *codec.UnknownError
	if _, err := New(d, "x", Options{}); !errors.As(err, &unknown) || unknown.Title() != "filter 32013 (zfp)" || !strings.Contains(unknown.Hint, "hdf5plugin") {
		t.Errorf("got %v", err)
	}
	r := open(t, name, "/skipped")
	var s Scratch
	defer s.Close()
	var im pix.Image
	if err := r.Read(1, imgproc.Whole(3, 4), &im, &s); err != nil {
		t.Error(err)
	}
}
