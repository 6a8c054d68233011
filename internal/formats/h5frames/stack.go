package h5frames

import (
	"fmt"
	"slices"
	"sort"

	"ptyprep/internal/imgproc"
	"ptyprep/internal/imgproc/pix"
)

// Stack is one or more datasets of frames joined along their only leading dimension: an Eiger
// master's data_000001, data_000002, ... or a scan spread over files. Images without a leading
// dimension can be joined too, a frame each. A single dataset may have any leading shape.
type Stack struct {
	Leading    []int
	Rows, Cols int
	Type       pix.Type

	parts  []*Reader
	starts []int // number of the first frame of each part
}

// Join makes a Stack. Several readers must have one leading dimension or none, and frames of one
// size and type.
func Join(parts ...*Reader) (*Stack, error) {
	p := parts[0]
	s := &Stack{Leading: p.Leading, Rows: p.Rows, Cols: p.Cols, Type: p.Type, parts: parts}
	if len(parts) == 1 {
		s.starts = []int{0}
		return s, nil
	}
	total := 0
	for _, q := range parts {
		if len(q.Leading) > 1 {
			return nil, fmt.Errorf("%s has shape %v; only stacks of frames (k, rows, columns) and single frames (rows, columns) can be joined", q.name, append(slices.Clone(q.Leading), q.Rows, q.Cols))
		}
		if q.Rows != p.Rows || q.Cols != p.Cols || q.Type != p.Type {
			return nil, fmt.Errorf("%s holds frames of %d x %d %v, %s of %d x %d %v; they cannot be joined", p.name, p.Rows, p.Cols, p.Type, q.name, q.Rows, q.Cols, q.Type)
		}
		s.starts = append(s.starts, total)
		total += q.Frames()
	}
	s.Leading = []int{total}
	s.shareCache()
	return s, nil
}

// shareCache lets parts with chunks of one size keep them together: frames are read from one or two
// parts at a time, and a scan can have hundreds.
func (s *Stack) shareCache() {
	var common *cache
	for _, r := range s.parts {
		switch {
		case r.cache == nil:
		case common == nil:
			common = r.cache
		case r.cache.size == common.size:
			common.max = max(common.max, r.cache.max)
			r.cache = common
		}
	}
}

// Frames is the number of frames, over all leading dimensions.
func (s *Stack) Frames() int {
	n := 1
	for _, l := range s.Leading {
		n *= l
	}
	return n
}

// Shape is the leading shape with rows and columns.
func (s *Stack) Shape() []int { return append(slices.Clone(s.Leading), s.Rows, s.Cols) }

// part finds the reader that holds frame k, and the frame's number in it.
func (s *Stack) part(k int) (*Reader, int) {
	i := sort.SearchInts(s.starts, k+1) - 1
	return s.parts[i], k - s.starts[i]
}

// Read reads window w of frame k; see Reader.Read.
func (s *Stack) Read(k int, w imgproc.Rect, dst *pix.Image, sc *Scratch) error {
	r, i := s.part(k)
	return r.Read(i, w, dst, sc)
}

// Dataset is file:dataset of the frames, the first one where several are joined.
func (s *Stack) Dataset() string { return s.parts[0].name }

// Name tells where frame k lies: file:dataset[i,j]; of a dataset without frames it is file:dataset.
func (s *Stack) Name(k int) string {
	r, i := s.part(k)
	if r.Frames() == 0 {
		return r.name
	}
	at := make([]int, len(r.Leading))
	for j := len(at) - 1; j >= 0; j-- {
		at[j] = i % r.Leading[j]
		i /= r.Leading[j]
	}
	return fmt.Sprintf("%s%v", r.name, at)
}

// CheckStored finds frames among frames (numbers as Read takes them) that are not whole in the
// file: chunks never written, virtual sources or external files that are missing. Such data
// would read as fill values. It gives the place in frames of the first such frame (-1: none),
// the number of them, and what is missing.
func (s *Stack) CheckStored(frames []int) (first, count int, missing error) {
	first = -1
	for i, part := range s.parts {
		lo := s.starts[i]
		hi := lo + part.Frames()
		f, n, err := part.checkStored(func(yield func(place, k int) bool) {
			for place, k := range frames {
				if k >= lo && k < hi && !yield(place, k-lo) {
					return
				}
			}
		})
		if err != nil && (first < 0 || f < first) {
			first, missing = f, err
		}
		count += n
	}
	return first, count, missing
}

// FrameBytes is the size of a frame.
func (s *Stack) FrameBytes() int { return s.Rows * s.Cols * s.Type.Size() }

// CacheBytes is the memory that decoded chunks may take.
func (s *Stack) CacheBytes() (n int64) {
	seen := map[*cache]bool{nil: true}
	for _, r := range s.parts {
		if !seen[r.cache] {
			seen[r.cache] = true
			n += r.CacheBytes()
		}
	}
	return n
}

// Way tells in words how frames are read.
func (s *Stack) Way() string { return s.parts[0].Way() }

// Close closes the readers.
func (s *Stack) Close() (err error) {
	for _, r := range s.parts {
		if e := r.Close(); e != nil {
			err = e
		}
	}
	return err
}
