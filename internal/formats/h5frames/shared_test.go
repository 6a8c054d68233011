package h5frames

import (
	"fmt"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"

	"ptyprep/internal/formats/codec"
	"ptyprep/internal/formats/h5"
	"ptyprep/internal/imgproc"
	"ptyprep/internal/imgproc/pix"
)

// raster writes frames in the given leading shape with chunks of the given shape.
func raster(t testing.TB, leading, chunk []int) *Reader {
	t.Helper()
	name := filepath.Join(t.TempDir(), "raster.h5")
	f, err := h5.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	comp := codec.Compression{Kind: codec.Deflate, Level: 1}
	var filters []h5.FilterSpec
	for _, x := range comp.Filters(2, 1) {
		filters = append(filters, h5.FilterSpec{ID: x.ID, Params: x.Params})
	}
	shape := append(append([]int{}, leading...), rows, cols)
	d, err := f.CreateFrames("/data", h5.FramesSpec{Type: pix.Uint16, Shape: shape, Chunk: chunk, Filters: filters})
	if err != nil {
		t.Fatal(err)
	}
	im := pix.New(pix.Uint16, rows, cols)
	r := &Reader{Leading: leading}
	var s Scratch
	for k := range r.Frames() {
		for i := range pix.Pixels[uint16](im) {
			pix.Pixels[uint16](im)[i] = value(k, i/cols, i%cols)
		}
		at := r.unravel(k, &s)
		count := make([]int, len(at))
		for i := range count {
			count[i] = 1
		}
		count[len(count)-2], count[len(count)-1] = rows, cols
		if err := d.WriteNative(im.Bytes, at, count); err != nil {
			t.Fatal(err)
		}
	}
	d.Close()
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	in, err := h5.Open(name, h5.OpenOptions{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { in.Close() })
	ds, err := in.Dataset("/data")
	if err != nil {
		t.Fatal(err)
	}
	q, err := New(ds, "raster", Options{})
	if err != nil {
		t.Fatal(err)
	}
	if q.way != sharedChunks {
		t.Fatalf("chunks %v are read %q", chunk, q.Way())
	}
	return q
}

var sharedLayouts = []struct {
	leading, chunk []int
	chunks         int
}{
	{[]int{9}, []int{4, rows, cols}, 3},             // several frames in a chunk
	{[]int{9}, []int{1, 8, cols}, 27},               // parts of frames
	{[]int{9}, []int{2, 7, 10}, 45},                 // both, and chunks over the edges
	{[]int{5, 6}, []int{2, 4, rows, cols}, 6},       // a square piece of a raster
	{[]int{2, 3, 5}, []int{2, 1, 2, rows, cols}, 9}, // three leading dimensions
}

// Each chunk is fetched and decoded once, by any number of goroutines, and the pixels are right.
func TestSharedChunksOnce(t *testing.T) {
	for _, c := range sharedLayouts {
		for _, workers := range []int{1, 2, 5} {
			r := raster(t, c.leading, c.chunk)
			if workers > 1 { // one that the scheduler leaves behind may find its chunk dropped
				r.cache.max = c.chunks
			}
			var fetched, next atomic.Int64
			var wg sync.WaitGroup
			for range workers {
				wg.Go(func() {
					s := Scratch{OnRead: func() { fetched.Add(1) }}
					defer s.Close()
					var im pix.Image
					for {
						k := int(next.Add(1)) - 1
						if k >= r.Frames() {
							return
						}
						w := imgproc.Whole(rows, cols)
						if err := r.Read(k, w, &im, &s); err != nil {
							t.Errorf("frame %d: %v", k, err)
							return
						}
						for i, v := range pix.Pixels[uint16](&im) {
							if want := value(k, i/cols, i%cols); v != want {
								t.Errorf("chunks %v, frame %d, pixel %d: %d, want %d", c.chunk, k, i, v, want)
								return
							}
						}
					}
				})
			}
			wg.Wait()
			if n := int(fetched.Load()); n != c.chunks {
				t.Errorf("chunks %v of %v, %d workers: %d were fetched, there are %d", c.chunk, c.leading, workers, n, c.chunks)
			}
		}
	}
}

// Only chunks that the window touches are fetched.
func TestSharedChunksWindow(t *testing.T) {
	r := raster(t, []int{4}, []int{2, 7, 10})
	n := 0
	s := Scratch{OnRead: func() { n++ }}
	defer s.Close()
	var im pix.Image
	if err := r.Read(1, imgproc.Rect{Row: 8, Col: 3, Rows: 5, Cols: 9}, &im, &s); err != nil {
		t.Fatal(err)
	}
	compare(t, "window", &im, 1, imgproc.Rect{Row: 8, Col: 3, Rows: 5, Cols: 9})
	if n != 2 {
		t.Errorf("%d chunks were fetched, the window touches 2", n)
	}
}

// A cache that is too small costs time, not pixels.
func TestSmallCache(t *testing.T) {
	r := raster(t, []int{5, 6}, []int{2, 4, 7, 10})
	r.cache = newCache(r.chunkBytes(), r.chunksPerFrame())
	var s Scratch
	defer s.Close()
	var im pix.Image
	for _, k := range []int{0, 29, 3, 17, 3, 8} {
		if err := r.Read(k, imgproc.Whole(rows, cols), &im, &s); err != nil {
			t.Fatal(err)
		}
		compare(t, fmt.Sprint("frame ", k), &im, k, imgproc.Whole(rows, cols))
	}
	if n := r.cache.order.Len(); n > r.cache.max {
		t.Errorf("%d chunks are kept, %d at most", n, r.cache.max)
	}
}

// In steady state a frame costs no allocation.
func TestReadAllocates(t *testing.T) {
	file := write(t)
	readers := map[string]*Reader{"contiguous": open(t, file, "/contiguous"), "chunked": open(t, file, "/chunked"), "shared": raster(t, []int{9}, []int{4, 8, cols})}
	for name, r := range readers {
		for _, w := range []imgproc.Rect{imgproc.Whole(rows, cols), {Row: 3, Col: 5, Rows: 8, Cols: 9}} {
			var s Scratch
			var im pix.Image
			k := 0
			n := testing.AllocsPerRun(60, func() {
				if err := r.Read(k%4, w, &im, &s); err != nil {
					t.Fatal(err)
				}
				k++
			})
			s.Close()
			if n != 0 {
				t.Errorf("%s, window %v: %v allocations a frame", name, w, n)
			}
		}
	}
}
