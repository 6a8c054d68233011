package h5frames

import (
	"container/list"
	"sync"

	"ptyprep/internal/imgproc/pix"
)

// cache keeps decoded chunks that hold parts of several frames, so that each is decoded once
// while frames are read about in order. Two goroutines never decode the same chunk: the second
// waits for the first. The Readers of a Stack share one.
type cache struct {
	size int // bytes of a chunk
	max  int // chunks kept

	mu      sync.Mutex
	entries map[place]*entry
	order   *list.List // of *entry, most recently used first
	free    [][]byte
}

// place names a chunk of a dataset.
type place struct {
	r   *Reader
	key int
}

// entry is one chunk. Whoever claimed it fills data and calls filled.
type entry struct {
	at    place
	data  []byte
	err   error
	ready chan struct{}
	users int
	inUse *list.Element
}

func newCache(size, most int) *cache {
	return &cache{size: size, max: max(most, 1), entries: map[place]*entry{}, order: list.New()}
}

// claim gives the chunk at p for use until release. mine says that nobody has it: the caller must
// fill it; else the caller waits for e.ready before it looks at the chunk.
func (c *cache) claim(p place) (e *entry, mine bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if e := c.entries[p]; e != nil {
		e.users++
		c.order.MoveToFront(e.inUse)
		return e, false
	}
	return c.add(p), true
}

// claimNew is claim for a chunk that nobody has and that there is room for; else it gives nil.
func (c *cache) claimNew(p place) *entry {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.entries[p] != nil || c.order.Len() >= c.max && !c.evictable() {
		return nil
	}
	return c.add(p)
}

// evictable reports whether a chunk can be dropped. The caller holds the lock.
func (c *cache) evictable() bool {
	for el := c.order.Back(); el != nil; el = el.Prev() {
		if el.Value.(*entry).users == 0 {
			return true
		}
	}
	return false
}

// add makes an entry. The caller holds the lock.
func (c *cache) add(p place) *entry {
	e := &entry{at: p, ready: make(chan struct{}), users: 1}
	e.inUse = c.order.PushFront(e)
	c.entries[p] = e
	c.evict()
	if n := len(c.free); n > 0 {
		e.data, c.free = c.free[n-1], c.free[:n-1]
	}
	if e.data == nil {
		e.data = pix.Buffer(c.size)
	}
	return e
}

// filled makes e known to those who wait for it. A chunk with an error is forgotten: whoever asks
// next tries again.
func (c *cache) filled(e *entry, err error) {
	e.err = err
	close(e.ready)
	if err == nil {
		return
	}
	c.mu.Lock()
	c.drop(e)
	c.mu.Unlock()
}

// isReady reports whether e has been filled.
func (e *entry) isReady() bool {
	select {
	case <-e.ready:
		return true
	default:
		return false
	}
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
	if c.entries[e.at] == e {
		delete(c.entries, e.at)
		c.order.Remove(e.inUse)
	}
}
