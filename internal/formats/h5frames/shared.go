package h5frames

import (
	"runtime"

	"ptyprep/internal/imgproc"
	"ptyprep/internal/imgproc/pix"
)

// cacheChunks is the number of decoded chunks worth keeping: those that a pass over the frames in
// their order comes back to, and some that are decoded ahead, one set for each core. limit bounds
// their bytes (0: no bound); the chunks of one frame are kept in any case.
func (r *Reader) cacheChunks(limit int64) int {
	perFrame, again := r.chunksPerFrame(), 1
	several := false // chunks reach over more than one entry of a slower dimension
	for i, l := range r.Leading {
		if several {
			again *= ceilDiv(l, r.chunk[i])
		}
		several = several || r.chunk[i] > 1
	}
	n := perFrame * (again + runtime.GOMAXPROCS(0))
	n = min(n, r.totalChunks())
	if limit > 0 {
		n = int(min(limit/int64(max(r.chunkBytes(), 1)), int64(n)))
	}
	return max(n, perFrame)
}

func (r *Reader) totalChunks() int {
	n := r.chunksPerFrame()
	for i, l := range r.Leading {
		n *= ceilDiv(l, r.chunk[i])
	}
	return n
}

// readShared puts the window together from the chunks it touches.
func (r *Reader) readShared(k int, w, in imgproc.Rect, dst *pix.Image, s *Scratch) error {
	dst.Resize(r.Type, w.Rows, w.Cols)
	if in != w {
		clear(dst.Bytes)
	}
	at := r.unravel(k, s)
	n := len(at)
	cr, cc := r.chunk[n-2], r.chunk[n-1]
	skip := 0 // frames of the chunk before this one
	for i := range n - 2 {
		skip = skip*r.chunk[i] + at[i]%r.chunk[i]
		at[i] /= r.chunk[i]
	}
	for br := in.Row / cr; br*cr < in.Row+in.Rows; br++ {
		for bc := in.Col / cc; bc*cc < in.Col+in.Cols; bc++ {
			at[n-2], at[n-1] = br, bc
			e, err := r.block(at, s)
			if err != nil {
				return err
			}
			part := e.data[skip*cr*cc*r.elem:][:cr*cc*r.elem]
			paste(dst, part, r.elem, imgproc.Rect{Row: br*cr - w.Row, Col: bc*cc - w.Col, Rows: cr, Cols: cc},
				in.Shift(-w.Row, -w.Col))
			r.cache.release(e)
		}
	}
	s.inflated()
	return nil
}

// place numbers the chunk with the coordinates at (counted in chunks).
func (r *Reader) place(at []int) place {
	key := 0
	for i, l := range r.Leading {
		key = key*ceilDiv(l, r.chunk[i]) + at[i]
	}
	n := len(at)
	key = (key*ceilDiv(r.Rows, r.chunk[n-2])+at[n-2])*ceilDiv(r.Cols, r.chunk[n-1]) + at[n-1]
	return place{r, key}
}

// block gives the decoded chunk with the coordinates at, until it is released. While another
// goroutine is decoding it, a chunk that will be wanted soon is decoded here.
func (r *Reader) block(at []int, s *Scratch) (*entry, error) {
	e, mine := r.cache.claim(r.place(at))
	switch {
	case mine:
		r.cache.filled(e, r.fill(e.data, at, s))
	case !e.isReady():
		r.readAhead(at, s)
		<-e.ready
	}
	if e.err != nil {
		err := e.err
		r.cache.release(e)
		return nil, err
	}
	return e, nil
}

// readAhead decodes the first of the chunks behind at that nobody has yet, as far ahead as there
// are other goroutines that may be doing the same.
func (r *Reader) readAhead(at []int, s *Scratch) {
	s.ahead = append(s.ahead[:0], at...)
	next := s.ahead
	for range runtime.GOMAXPROCS(0) {
		if !r.nextFrames(next) {
			return
		}
		if e := r.cache.claimNew(r.place(next)); e != nil {
			// Should it fail, those who want this chunk find out by themselves.
			r.cache.filled(e, r.fill(e.data, next, s))
			r.cache.release(e)
			return
		}
	}
}

// nextFrames moves the chunk coordinates at on to the frames that follow; false at the end.
func (r *Reader) nextFrames(at []int) bool {
	for i := len(r.Leading) - 1; i >= 0; i-- {
		if at[i]++; at[i] < ceilDiv(r.Leading[i], r.chunk[i]) {
			return true
		}
		at[i] = 0
	}
	return false
}

// fill reads and decodes the chunk with the coordinates at.
func (r *Reader) fill(dst []byte, at []int, s *Scratch) error {
	corner := s.count
	for i, c := range at {
		corner[i] = c * r.chunk[i]
	}
	stored, mask, err := r.ds.ChunkBytes(corner, s.stored)
	if err != nil {
		return r.chunkError(corner, err)
	}
	s.stored = stored[:0]
	s.read()
	if err := r.pipeline.Decode(dst, stored, mask, &s.codec); err != nil {
		return r.chunkError(corner, err)
	}
	if r.swap {
		pix.SwapBytes(dst, r.elem)
	}
	return nil
}

// paste copies the block src, which lies at to in dst, as far as it lies in limit.
func paste(dst *pix.Image, src []byte, elem int, to, limit imgproc.Rect) {
	r0, r1 := max(to.Row, limit.Row), min(to.Row+to.Rows, limit.Row+limit.Rows)
	c0, c1 := max(to.Col, limit.Col), min(to.Col+to.Cols, limit.Col+limit.Cols)
	for r := r0; r < r1; r++ {
		d := (r*dst.Cols + c0) * elem
		s := ((r-to.Row)*to.Cols + c0 - to.Col) * elem
		copy(dst.Bytes[d:d+(c1-c0)*elem], src[s:])
	}
}
