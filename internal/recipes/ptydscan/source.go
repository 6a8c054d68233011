package ptydscan

import (
	"context"
	"errors"
	"fmt"
	"sort"
	"sync"

	"ptyprep/internal/formats/h5frames"
	"ptyprep/internal/formats/ptyd"
	"ptyprep/internal/imgproc"
	"ptyprep/internal/imgproc/pix"
	"ptyprep/internal/recipes"
	"ptyprep/internal/scan"
	"ptyprep/internal/scan/param"
	"ptyprep/internal/scan/problem"
)

// source gives the frames of a .ptyd.
type source struct {
	f         *ptyd.File
	chunks    []ptyd.Chunk
	starts    []int // number of the first frame of each chunk
	frames    int
	typ       pix.Type // that holds the types of all chunks
	positions [][2]float64
	perFrame  bool   // frames have masks of their own
	common    []byte // whole frame; nil: all pixels are valid
	window    imgproc.Rect
	where     string // of the parameter source, for messages

	mu     sync.Mutex
	locals []*local // scratch memory of all frames in flight
}

// located puts the place of a parameter before a problem.
func located(where string, err error) error {
	var p *problem.Error
	if !errors.As(err, &p) {
		return problem.Inputf("%s", where).Because(err)
	}
	q := *p
	q.Msg = where + ": " + p.Msg
	return &q
}

// newSource checks that the file is one scan and notes its files.
func newSource(f *ptyd.File, env *recipes.Env, v *param.Values) (*source, error) {
	for _, file := range append([]string{f.Path()}, f.Parts()...) {
		if err := env.Inputs.Add(file, v.Dir()); err != nil {
			return nil, problem.Inputf("%s cannot be looked at", file).Because(err)
		}
	}
	if err := f.Check(); err != nil {
		return nil, err
	}
	for _, w := range f.Warnings() {
		env.Log.Warn(fmt.Sprintf("%s: %s", f.Path(), w))
	}
	s := &source{f: f, chunks: f.Chunks(), frames: f.Frames(), where: v.Where(Source)}
	c := &s.chunks[0]
	s.window = imgproc.Whole(c.Rows, c.Cols)
	for i, n := 0, 0; i < len(s.chunks); i++ {
		c := &s.chunks[i]
		if i == 0 {
			s.typ = c.Type
		}
		s.typ = imgproc.Promote(s.typ, c.Type)
		s.starts = append(s.starts, n)
		n += c.Frames
	}
	if v.IsNull(recipes.PositionsTheory) {
		if err := s.takePositions(); err != nil {
			return nil, err
		}
	}
	return s, s.takeMask()
}

// takePositions joins the positions of all chunks.
func (s *source) takePositions() error {
	for i := range s.chunks {
		c := &s.chunks[i]
		if c.Frames > 0 && c.Positions == nil {
			return problem.Inputf("%s: chunk %d has no positions", s.f.Path(), c.Number).
				WithHint("give positions_theory, one pair (slow, fast) in metres for each frame")
		}
		s.positions = append(s.positions, c.Positions...)
	}
	return nil
}

// takeMask finds out whether one mask serves all frames: no weights at all, or the same in
// every chunk.
func (s *source) takeMask() error {
	var sc h5frames.Scratch
	defer sc.Close()
	first := true
	for i := range s.chunks {
		c := &s.chunks[i]
		switch {
		case c.Frames == 0:
			continue
		case c.Weights == ptyd.FrameWeights:
			s.perFrame = true
			return nil
		}
		m, err := s.mask(c, 0, s.window, nil, new(pix.Image), &sc)
		if err != nil {
			return err
		}
		if !first && string(m) != string(s.common) {
			s.perFrame = true
			return nil
		}
		s.common, first = m, false
	}
	return nil
}

// mask gives the mask of frame k of chunk c in window win, in memory of dst if that has room;
// nil when no weights are stored.
func (s *source) mask(c *ptyd.Chunk, k int, win imgproc.Rect, dst []byte, im *pix.Image, sc *h5frames.Scratch) ([]byte, error) {
	stored, err := s.f.ReadWeights(c, k, win, im, sc)
	if err != nil {
		return nil, problem.Inputf("%s: weights of chunk %d, frame %d", s.f.Path(), c.Number, k).Because(err)
	}
	if !stored {
		return nil, nil
	}
	if cap(dst) < im.Len() {
		dst = make([]byte, im.Len())
	}
	dst = dst[:im.Len()]
	imgproc.MaskInto(dst, im, false)
	return dst, nil
}

// Describe tells what the chunks hold.
func (s *source) Describe(context.Context) (*scan.Description, error) {
	c := &s.chunks[0]
	weights := false
	for i := range s.chunks {
		weights = weights || s.chunks[i].Weights != ptyd.NoWeights
	}
	return &scan.Description{
		Frames: s.frames, Rows: c.Rows, Cols: c.Cols,
		Type: s.typ, RawType: s.typ, Positions: s.positions, HasMask: weights,
		FrameBytes: int64(c.Rows*c.Cols) * int64(2*s.typ.Size()+10),
		Name:       s.name,
	}, nil
}

// find gives the chunk that holds frame index, and the frame's number in it.
func (s *source) find(index int) (*ptyd.Chunk, int) {
	i := sort.SearchInts(s.starts, index+1) - 1
	return &s.chunks[i], index - s.starts[i]
}

func (s *source) name(k int) string {
	c, i := s.find(k)
	return fmt.Sprintf("frame %d (%s:/chunks/%d/data[%d])", k, s.f.Path(), c.Number, i)
}

// SetWindow makes Load and Mask give a part of each frame.
func (s *source) SetWindow(w imgproc.Rect) error {
	s.window = w
	return nil
}

// Mask is the mask that all frames share; nil when each has its own.
func (s *source) Mask() ([]byte, error) {
	if s.perFrame || s.common == nil {
		return nil, nil
	}
	c := &s.chunks[0]
	out := make([]byte, s.window.Rows*s.window.Cols)
	imgproc.WindowMask(out, s.common, c.Rows, c.Cols, s.window)
	return out, nil
}

// local is the scratch memory of a frame in flight.
type local struct {
	frames  h5frames.Scratch
	weights pix.Image
	stored  pix.Image
	mask    []byte
}

func (s *source) newLocal(f *scan.Frame) *local {
	l := new(local)
	f.Local = l
	l.frames.OnRead = func() { f.Spend(scan.StageRead) }
	l.frames.OnInflate = func() { f.Spend(scan.StageInflate) }
	s.mu.Lock()
	defer s.mu.Unlock()
	s.locals = append(s.locals, l)
	return l
}

// Load reads a frame, in the type that holds all chunks, and its own mask.
func (s *source) Load(_ context.Context, f *scan.Frame) error {
	l, ok := f.Local.(*local)
	if !ok {
		l = s.newLocal(f)
	}
	c, k := s.find(f.Index)
	to := f.Pix
	if c.Type != s.typ {
		to = &l.stored
	}
	if err := s.f.ReadFrame(c, k, s.window, to, &l.frames); err != nil {
		return problem.Inputf("%s: %s", s.where, s.name(f.Index)).Because(err).
			WithHint("the file may be damaged: compare it with the original, or leave out what follows with num_frames: %d", max(f.Index, 1))
	}
	if to != f.Pix {
		imgproc.Convert(f.Pix, to, s.typ)
	}
	if !s.perFrame {
		return nil
	}
	m, err := s.mask(c, k, s.window, l.mask, &l.weights, &l.frames)
	if err != nil {
		return located(s.where, err)
	}
	if m == nil { // a chunk without weights among others that have them
		m = s.inside(l.mask)
	}
	l.mask, f.Mask = m, m
	return nil
}

// inside is the mask of a frame whose pixels are all valid, in the window in force.
func (s *source) inside(dst []byte) []byte {
	c := &s.chunks[0]
	n := s.window.Rows * s.window.Cols
	if cap(dst) < n {
		dst = make([]byte, n)
	}
	dst = dst[:n]
	imgproc.WindowMask(dst, imgproc.Ones(c.Rows*c.Cols), c.Rows, c.Cols, s.window)
	return dst
}

// Close closes the file.
func (s *source) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, l := range s.locals {
		l.frames.Close()
	}
	s.locals = nil
	return s.f.Close()
}
