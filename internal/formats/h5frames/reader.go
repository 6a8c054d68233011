// Package h5frames reads detector frames out of HDF5 datasets. It takes the shortest way that
// the storage allows: stored chunks are fetched through the door (package h5) and decoded on
// the caller's goroutine, contiguous data is read straight from the file, and all else goes
// through libhdf5. Whatever the way, the pixels are the same.
package h5frames

import (
	"errors"
	"fmt"
	"os"

	"ptyprep/internal/formats/codec"
	"ptyprep/internal/formats/h5"
	"ptyprep/internal/imgproc"
	"ptyprep/internal/imgproc/pix"
)

// Reader reads the frames of one dataset of shape L... x Rows x Cols. Read may be called from
// many goroutines, each with its own Scratch.
type Reader struct {
	Leading    []int    // the leading dimensions; empty for a single image
	Rows, Cols int      // of a frame
	Type       pix.Type // of a pixel

	ds   *h5.Dataset
	name string // file:dataset, for messages
	way  way
	swap bool // stored in the other byte order

	// contiguous
	file   *os.File
	offset int64

	// chunked
	chunk    []int
	pipeline *codec.Pipeline
	elem     int
	cache    *cache // nil: a chunk is one frame
}

type way uint8

const (
	throughLibrary way = iota // H5Dread
	wholeChunks               // a stored chunk is a frame
	sharedChunks              // chunks hold parts of frames, or parts of several
	straight                  // contiguous: pread
)

var wayNames = [...]string{"libhdf5", "chunk by chunk", "shared chunks", "contiguous"}

// Options say how much memory a Reader may take.
type Options struct {
	CacheBytes int64 // bound on decoded chunks that several frames share; at least one frame's chunks are kept
}

// New plans how to read ds. name is what messages call it. The error goes on after the dataset's
// name; it is a *codec.UnknownError, with a hint of its own, when a filter is missing here.
func New(ds *h5.Dataset, name string, o Options) (*Reader, error) {
	in := ds.Info()
	n := len(in.Shape)
	if n < 2 {
		return nil, fmt.Errorf("has %s (shape %v); frames need three: points, rows, columns", dimensions(n), in.Shape)
	}
	if in.Type.Pix == pix.Invalid {
		return nil, fmt.Errorf("holds %s; frames must be numbers", in.Type.Desc)
	}
	r := &Reader{
		Leading: in.Shape[: n-2 : n-2], Rows: in.Shape[n-2], Cols: in.Shape[n-1], Type: in.Type.Pix,
		ds: ds, name: name, elem: in.Type.Size,
		swap: in.Type.BigEndian && in.Type.Size > 1,
	}
	if in.Type.Exact { // else (long double, odd widths) the library converts
		switch in.Layout {
		case h5.Contiguous:
			r.planContiguous()
		case h5.Chunked:
			r.planChunked(in, o)
		}
	}
	if err := r.checkFilters(in); err != nil {
		return nil, err
	}
	return r, nil
}

func dimensions(n int) string {
	if n == 1 {
		return "1 dimension"
	}
	return fmt.Sprintf("%d dimensions", n)
}

func (r *Reader) planContiguous() {
	off, ok := r.ds.ContiguousOffset()
	if !ok {
		return
	}
	f, err := os.Open(r.ds.File())
	if err != nil {
		return // the library has it open and can read on
	}
	r.file, r.offset, r.way = f, off, straight
}

func (r *Reader) planChunked(in *h5.Info, o Options) {
	filters := make([]codec.Filter, len(in.Filters))
	for i, f := range in.Filters {
		filters[i] = codec.Filter{ID: f.ID, Name: f.Name, Params: f.Params, Optional: f.Optional}
	}
	p, err := codec.NewPipeline(filters, in.Type.Size)
	if err != nil {
		return // filters we do not have are the library's business
	}
	n := len(in.Chunk)
	one := in.Chunk[n-2] == r.Rows && in.Chunk[n-1] == r.Cols
	for _, c := range in.Chunk[:n-2] {
		one = one && c == 1
	}
	if !one && r.ds.PartialChunksUnfiltered() {
		return // edge chunks then are stored in a way that the filter mask does not tell
	}
	r.chunk, r.pipeline, r.way = in.Chunk, p, wholeChunks
	if !one {
		r.way = sharedChunks
		r.cache = newCache(r.chunkBytes(), r.cacheChunks(o.CacheBytes))
	}
}

// checkFilters looks for a filter that nobody here can undo. A writer without the filter may have
// stored all chunks without it, so the first chunk decides.
func (r *Reader) checkFilters(in *h5.Info) error {
	if r.way != throughLibrary || in.Layout != h5.Chunked {
		return nil
	}
	for i, f := range in.Filters {
		if h5.FilterAvailable(f.ID) {
			continue
		}
		_, mask, err := r.ds.ChunkBytes(make([]int, len(in.Shape)), nil)
		if err != nil || mask>>i&1 != 0 {
			return nil // reading tells
		}
		_, err = codec.NewPipeline([]codec.Filter{{ID: f.ID, Name: f.Name, Params: f.Params}}, in.Type.Size)
		if unknown := (*codec.UnknownError)(nil); errors.As(err, &unknown) {
			return unknown
		}
	}
	return nil
}

// Close gives back what New opened; the dataset is the caller's.
func (r *Reader) Close() error {
	if r.file != nil {
		return r.file.Close()
	}
	return nil
}

// Way tells in words how frames are read, for -v.
func (r *Reader) Way() string { return wayNames[r.way] }

// Frames is the number of frames, over all leading dimensions.
func (r *Reader) Frames() int {
	n := 1
	for _, l := range r.Leading {
		n *= l
	}
	return n
}

// FrameBytes is the size of a frame.
func (r *Reader) FrameBytes() int { return r.Rows * r.Cols * r.Type.Size() }

// CacheBytes is the memory that decoded chunks may take.
func (r *Reader) CacheBytes() int64 {
	if r.cache == nil {
		return 0
	}
	return int64(r.cache.max) * int64(r.cache.size)
}

func (r *Reader) chunkBytes() int {
	n := r.elem
	for _, c := range r.chunk {
		n *= c
	}
	return n
}

func (r *Reader) chunksPerFrame() int {
	n := len(r.chunk)
	return ceilDiv(r.Rows, r.chunk[n-2]) * ceilDiv(r.Cols, r.chunk[n-1])
}

func ceilDiv(a, b int) int { return (a + b - 1) / b }

// Scratch is one goroutine's memory for Read. OnRead and OnInflate, when set, are called when
// bytes have been fetched and when they have been decoded (for timing).
type Scratch struct {
	OnRead, OnInflate func()

	codec  codec.Scratch
	stored []byte
	frame  pix.Image
	index  []int
	count  []int
	ahead  []int
}

// Close gives back decoders.
func (s *Scratch) Close() { s.codec.Close() }

func (s *Scratch) read() {
	if s.OnRead != nil {
		s.OnRead()
	}
}

func (s *Scratch) inflated() {
	if s.OnInflate != nil {
		s.OnInflate()
	}
}

// unravel writes the leading indices of flat frame k, then zeros for row and column.
func (r *Reader) unravel(k int, s *Scratch) []int {
	n := len(r.Leading)
	if len(s.index) != n+2 {
		s.index, s.count = make([]int, n+2), make([]int, n+2)
	}
	for i := n - 1; i >= 0; i-- {
		s.index[i] = k % r.Leading[i]
		k /= r.Leading[i]
	}
	s.index[n], s.index[n+1] = 0, 0
	return s.index
}

// Read reads the window w of frame k (counted in C order over the leading dimensions) into
// dst, in the dataset's number type and native byte order. What lies outside the frame is 0.
func (r *Reader) Read(k int, w imgproc.Rect, dst *pix.Image, s *Scratch) error {
	in := w.Clip(r.Rows, r.Cols)
	if in.Empty() {
		dst.Resize(r.Type, w.Rows, w.Cols)
		clear(dst.Bytes)
		return nil
	}
	whole := w == imgproc.Whole(r.Rows, r.Cols)
	switch r.way {
	case wholeChunks:
		return r.readChunk(k, w, whole, dst, s)
	case sharedChunks:
		return r.readShared(k, w, in, dst, s)
	case straight:
		return r.readStraight(k, w, in, dst, s)
	}
	return r.readLibrary(k, w, in, dst, s)
}

// readChunk: the stored chunk is the frame.
func (r *Reader) readChunk(k int, w imgproc.Rect, whole bool, dst *pix.Image, s *Scratch) error {
	at := r.unravel(k, s)
	stored, mask, err := r.ds.ChunkBytes(at, s.stored)
	if err != nil {
		return r.chunkError(at, err)
	}
	s.stored = stored[:0]
	s.read()
	to := dst
	if !whole {
		to = &s.frame
	}
	to.Resize(r.Type, r.Rows, r.Cols)
	if err := r.pipeline.Decode(to.Bytes, stored, mask, &s.codec); err != nil {
		return r.chunkError(at, err)
	}
	if !whole {
		imgproc.Window(dst, to, w)
	}
	if r.swap {
		pix.SwapBytes(dst.Bytes, r.elem)
	}
	s.inflated()
	return nil
}

// readStraight reads the rows that the window needs from the file.
func (r *Reader) readStraight(k int, w, in imgproc.Rect, dst *pix.Image, s *Scratch) error {
	line := r.Cols * r.elem
	off := r.offset + int64(k)*int64(r.Rows*line) + int64(in.Row*line)
	to := dst
	if in.Cols != r.Cols || in != w {
		to = &s.frame
	}
	to.Resize(r.Type, in.Rows, r.Cols)
	if n, err := r.file.ReadAt(to.Bytes, off); err != nil && n < len(to.Bytes) {
		return fmt.Errorf("%d of %d bytes at offset %d: %w", n, len(to.Bytes), off, err)
	}
	if to != dst {
		imgproc.Window(dst, to, w.Shift(-in.Row, 0))
	}
	if r.swap {
		pix.SwapBytes(dst.Bytes, r.elem)
	}
	s.read()
	return nil
}

// readLibrary leaves everything to libhdf5, also the change of byte order.
func (r *Reader) readLibrary(k int, w, in imgproc.Rect, dst *pix.Image, s *Scratch) error {
	at := r.unravel(k, s)
	n := len(at)
	for i := range s.count {
		s.count[i] = 1
	}
	at[n-2], at[n-1], s.count[n-2], s.count[n-1] = in.Row, in.Col, in.Rows, in.Cols
	to := dst
	if in != w {
		to = &s.frame
	}
	to.Resize(r.Type, in.Rows, in.Cols)
	if err := r.ds.ReadNative(to.Bytes, at, s.count); err != nil {
		return err
	}
	if to != dst {
		imgproc.Window(dst, to, w.Shift(-in.Row, -in.Col))
	}
	s.read()
	return nil
}

func (r *Reader) chunkError(at []int, err error) error {
	if errors.Is(err, h5.ErrNoChunk) {
		return fmt.Errorf("chunk at %v was never written", at)
	}
	return fmt.Errorf("damaged chunk at %v: %w", at, err)
}
