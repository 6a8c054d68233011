package ptyd

import (
	"fmt"
	"slices"
	"sync"

	"ptyprep/internal/formats/h5"
	"ptyprep/internal/formats/h5frames"
	"ptyprep/internal/imgproc"
	"ptyprep/internal/imgproc/pix"
)

// ReadFrame reads window win of frame k of chunk c (counted from 0 in the chunk) into dst, in
// the stored number type. What lies outside the frame is 0. s is the calling goroutine's.
func (f *File) ReadFrame(c *Chunk, k int, win imgproc.Rect, dst *pix.Image, s *h5frames.Scratch) error {
	h, err := f.pool.get(c, "data")
	if err != nil {
		return err
	}
	defer f.pool.put(h)
	return h.r.Read(k, win, dst, s)
}

// ReadWeights reads window win of the weights of frame k of chunk c into dst, in the stored
// number type; a pixel is valid where they are above 0. What lies outside the frame is 0. It
// gives false, and no pixels, when no weights are stored: all pixels of the frame are valid.
func (f *File) ReadWeights(c *Chunk, k int, win imgproc.Rect, dst *pix.Image, s *h5frames.Scratch) (bool, error) {
	switch c.Weights {
	case NoWeights:
		return false, nil
	case CommonWeights:
		imgproc.Window(dst, f.common, win)
		return true, nil
	case SharedWeights:
		k = 0
	}
	h, err := f.pool.get(c, "weights")
	if err != nil {
		return false, err
	}
	defer f.pool.put(h)
	return true, h.r.Read(k, win, dst, s)
}

// openDatasets is how many datasets of frames are kept open at a time. A file with thousands
// of parts must not hold thousands of files open.
const openDatasets = 16

// pool keeps the datasets of a File open that were used last.
type pool struct {
	f    *File
	mu   sync.Mutex
	open []*handle // the one used last at the end
}

type handle struct {
	group, name string
	ds          *h5.Dataset
	r           *h5frames.Reader
	users       int
}

func (p *pool) init(f *File) { p.f = f }

// get opens a dataset or gives it when it is open. put must be called after use.
func (p *pool) get(c *Chunk, name string) (*handle, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for i, h := range p.open {
		if h.group == c.group && h.name == name {
			p.open = append(slices.Delete(p.open, i, i+1), h)
			h.users++
			return h, nil
		}
	}
	if p.f.h == nil {
		return nil, h5.ErrClosed
	}
	ds, err := p.f.h.Dataset(c.group + "/" + name)
	if err != nil {
		return nil, err
	}
	r, err := h5frames.New(ds, fmt.Sprintf("%s:%s/%s", c.File, c.group, name), h5frames.Options{})
	if err != nil {
		ds.Close()
		return nil, fmt.Errorf("%s/%s %w", c.group, name, err)
	}
	h := &handle{group: c.group, name: name, ds: ds, r: r, users: 1}
	p.open = append(p.open, h)
	p.trim(openDatasets)
	return h, nil
}

func (p *pool) put(h *handle) {
	p.mu.Lock()
	h.users--
	p.mu.Unlock()
}

// trim closes the datasets that were not used for longest. The caller holds the lock.
func (p *pool) trim(most int) {
	for i := 0; i < len(p.open) && len(p.open) > most; {
		if h := p.open[i]; h.users == 0 {
			h.r.Close()
			h.ds.Close()
			p.open = slices.Delete(p.open, i, i+1)
			continue
		}
		i++
	}
}

func (p *pool) close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.trim(0)
}
