package h5frames

import (
	"container/list"
	"sync"

	"ptyprep/internal/imgproc"
	"ptyprep/internal/imgproc/pix"
)

// cache keeps decoded chunks that hold parts of several frames, so that each is decoded once
// while frames are read about in order. Two goroutines never decode the same chunk: the second
// waits for the first.
type cache struct {
	size int // bytes of a chunk
	max  int // chunks kept

	mu      sync.Mutex
	entries map[int]*entry
	order   *list.List // of *entry, most recently used first
	free    [][]byte
}

type entry struct {
	key   int
	data  []byte
	err   error
	ready chan struct{}
	users int
	at    *list.Element
}

// newCache holds at least the chunks of one frame, and by default those of two rows of chunks,
// since frames in flight may straddle a chunk border.
func newCache(size, perFrame int, limit int64) *cache {
	n := 2 * perFrame
	if limit > 0 {
		n = int(min(limit/int64(max(size, 1)), int64(n)))
	}
	return &cache{size: size, max: max(n, perFrame), entries: map[int]*entry{}, order: list.New()}
}

// get gives chunk key, decoded by fill if nobody has it. release must be called when its bytes
// are no longer needed.
func (c *cache) get(key int, fill func(dst []byte) error) (*entry, error) {
	c.mu.Lock()
	if e := c.entries[key]; e != nil {
		e.users++
		c.order.MoveToFront(e.at)
		c.mu.Unlock()
		<-e.ready
		if e.err != nil {
			err := e.err
			c.release(e)
			return nil, err
		}
		return e, nil
	}
	e := &entry{key: key, ready: make(chan struct{}), users: 1}
	e.at = c.order.PushFront(e)
	c.entries[key] = e
	c.evict()
	if n := len(c.free); n > 0 {
		e.data, c.free = c.free[n-1], c.free[:n-1]
	}
	c.mu.Unlock()
	if e.data == nil {
		e.data = pix.Buffer(c.size)
	}
	e.err = fill(e.data)
	close(e.ready)
	if e.err != nil {
		err := e.err
		c.mu.Lock()
		c.drop(e)
		c.mu.Unlock()
		return nil, err
	}
	return e, nil
}

func (c *cache) release(e *entry) {
	c.mu.Lock()
	e.users--
	c.evict()
	c.mu.Unlock()
}

// evict drops the least recently used chunks that nobody reads. The caller holds the lock.
func (c *cache) evict() {
	for el := c.order.Back(); el != nil && c.order.Len() > c.max; {
		e, prev := el.Value.(*entry), el.Prev()
		if e.users == 0 {
			c.drop(e)
			c.free = append(c.free, e.data)
		}
		el = prev
	}
}

func (c *cache) drop(e *entry) {
	if c.entries[e.key] == e {
		delete(c.entries, e.key)
		c.order.Remove(e.at)
	}
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
	}
	for br := in.Row / cr; br*cr < in.Row+in.Rows; br++ {
		for bc := in.Col / cc; bc*cc < in.Col+in.Cols; bc++ {
			e, err := r.block(at, br, bc, s)
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

// block gives the decoded chunk that holds block (br, bc) of the frame at at.
func (r *Reader) block(at []int, br, bc int, s *Scratch) (*entry, error) {
	n := len(at)
	key := 0
	for i := range n - 2 {
		key = key*ceilDiv(r.Leading[i], r.chunk[i]) + at[i]/r.chunk[i]
	}
	key = (key*ceilDiv(r.Rows, r.chunk[n-2])+br)*ceilDiv(r.Cols, r.chunk[n-1]) + bc
	return r.cache.get(key, func(dst []byte) error {
		corner := s.count
		for i := range n - 2 {
			corner[i] = at[i] / r.chunk[i] * r.chunk[i]
		}
		corner[n-2], corner[n-1] = br*r.chunk[n-2], bc*r.chunk[n-1]
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
	})
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
