package nanomax

import (
	"fmt"
	"slices"
	"sort"
	"sync"

	"ptyprep/internal/formats/h5"
	"ptyprep/internal/formats/h5frames"
	"ptyprep/internal/imgproc"
	"ptyprep/internal/imgproc/pix"
	"ptyprep/internal/recipes/h5in"
	"ptyprep/internal/scan/problem"
)

// part is a dataset with the frames of a step (one) or of a line.
type part struct {
	file   string
	key    string
	images int // the first of them that are frames of the scan
}

// keepOpen is the number of parts that stay open when nobody reads them: readers of neighbouring
// frames of a line share its decoded chunks.
const keepOpen = 4

// series are the frames of many datasets, one after the other. A step scan has as many datasets
// as frames, far more than can stay open: they are opened for reading, and the latest few are
// kept. read may be called from many goroutines.
type series struct {
	files      *h5in.Files // have all files of the parts open
	where      string      // the parameter that names the frames, for messages
	cacheBytes int64
	parts      []part
	starts     []int // number of the first frame of each part
	rows, cols int
	typ        pix.Type

	mu   sync.Mutex
	open map[int]*openPart
	idle []*openPart // not in use, the latest used last
}

// openPart is a part that is open, used by users readers at the moment.
type openPart struct {
	number int
	users  int
	ready  sync.WaitGroup
	stack  *stack
	err    error
}

// newSeries looks at all parts: that each is there, holds enough frames of one size, and is
// stored whole. The type is one that holds the numbers of all.
func newSeries(files *h5in.Files, where string, cacheBytes int64, parts []part) (*series, error) {
	s := &series{files: files, where: where, cacheBytes: cacheBytes, parts: parts, open: map[int]*openPart{}}
	n := 0
	for i, p := range parts {
		s.starts = append(s.starts, n)
		n += p.images
		o, err := s.openStack(p)
		if err != nil {
			return nil, err
		}
		err = s.look(i, o.Stack)
		o.close()
		if err != nil {
			return nil, err
		}
	}
	return s, nil
}

// look checks part i against the parts before it.
func (s *series) look(i int, st *h5frames.Stack) error {
	p := s.parts[i]
	name := p.file + ":" + p.key
	if st.Frames() < p.images {
		return problem.Inputf("%s: %s has shape %s: %d frames are expected in it", s.where, name, h5in.Shape(st.Shape()), p.images)
	}
	switch {
	case i == 0:
		s.rows, s.cols, s.typ = st.Rows, st.Cols, st.Type
	case st.Rows != s.rows || st.Cols != s.cols:
		return problem.Inputf("%s: %s holds frames of %d x %d pixels (rows x columns), expected %d x %d like those of %s",
			s.where, name, st.Rows, st.Cols, s.rows, s.cols, s.parts[0].key)
	case st.Type != s.typ:
		s.typ = imgproc.Promote(s.typ, st.Type)
	}
	numbers := make([]int, p.images)
	for k := range numbers {
		numbers[k] = k
	}
	if first, count, missing := st.CheckStored(numbers); missing != nil {
		return problem.Inputf("%s: %d frames of %s are not stored: the first is frame %d (%s)", s.where, count, name, s.starts[i]+first, st.Name(first)).
			Because(missing).WithHint("they would read as fill values, not as counts; end the scan before them with num_frames, or copy the file again")
	}
	return nil
}

// stack is an open dataset and its reader.
type stack struct {
	*h5frames.Stack
	ds *h5.Dataset
}

// close gives both back; what was read was checked when it was read.
func (k *stack) close() {
	k.Close()
	k.ds.Close()
}

func (s *series) openStack(p part) (*stack, error) {
	if _, err := s.files.Open(p.file, s.where); err != nil {
		return nil, err
	}
	d, err := s.files.Dataset(p.file, p.key, s.where, h5in.IsFrames)
	if err != nil {
		return nil, err
	}
	name := p.file + ":" + p.key
	r, err := h5frames.New(d, name, h5frames.Options{CacheBytes: s.cacheBytes})
	if err != nil {
		d.Close()
		return nil, problem.Inputf("%s: %s %v", s.where, name, err)
	}
	st, err := h5frames.Join(r)
	if err != nil {
		d.Close()
		return nil, problem.Inputf("%s: %s", s.where, name).Because(err)
	}
	return &stack{st, d}, nil
}

func (s *series) frames() int {
	if len(s.parts) == 0 {
		return 0
	}
	last := len(s.parts) - 1
	return s.starts[last] + s.parts[last].images
}

// find gives the part of frame k and the frame's number in it.
func (s *series) find(k int) (part, image int) {
	i := sort.SearchInts(s.starts, k+1) - 1
	return i, k - s.starts[i]
}

// name is where frame k lies.
func (s *series) name(k int) string {
	i, n := s.find(k)
	return fmt.Sprintf("frame %d (%s:%s[%d])", k, s.parts[i].file, s.parts[i].key, n)
}

// read brings in the window w of frame k.
func (s *series) read(k int, w imgproc.Rect, dst *pix.Image, sc *h5frames.Scratch) error {
	i, n := s.find(k)
	p := s.take(i)
	defer s.give(p)
	if p.err != nil {
		return p.err
	}
	if err := p.stack.Read(n, w, dst, sc); err != nil {
		return problem.Inputf("%s: %s cannot be read", s.where, s.name(k)).Because(err).
			WithHint("end the scan before it with num_frames, or copy the file again")
	}
	return nil
}

// take gives part i, open; the first to ask opens it and the others wait.
func (s *series) take(i int) *openPart {
	s.mu.Lock()
	p := s.open[i]
	if p != nil {
		p.users++
		s.idle = slices.DeleteFunc(s.idle, func(q *openPart) bool { return q == p })
		s.mu.Unlock()
		p.ready.Wait()
		return p
	}
	p = &openPart{number: i, users: 1}
	p.ready.Add(1)
	s.open[i] = p
	s.mu.Unlock()
	p.stack, p.err = s.openStack(s.parts[i])
	p.ready.Done()
	return p
}

// give ends the use of p and closes the part that was not used for longest, if there are too many.
func (s *series) give(p *openPart) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p.users--
	if p.users > 0 {
		return
	}
	s.idle = append(s.idle, p)
	if len(s.idle) > keepOpen {
		s.drop()
	}
}

// drop closes the part that was not used for longest. The caller holds the lock.
func (s *series) drop() {
	old := s.idle[0]
	s.idle = slices.Delete(s.idle, 0, 1)
	delete(s.open, old.number)
	if old.stack != nil {
		old.stack.close()
	}
}

// Close closes what is open; no frame is being read any more.
func (s *series) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for len(s.idle) > 0 {
		s.drop()
	}
	return nil
}
