package beam

import (
	"context"
	"fmt"
	"io"

	"ptyprep/internal/formats/h5frames"
	"ptyprep/internal/scan"
	"ptyprep/internal/scan/problem"
)

// FromStack makes a scan of the first n frames of st, which it closes in the end together with
// closers. where is the parameter that names the dataset. Frames that are not stored whole are an
// Input problem.
func FromStack(st *h5frames.Stack, n int, where string, closers ...io.Closer) (*Scan, error) {
	numbers := make([]int, n)
	for k := range numbers {
		numbers[k] = k
	}
	if first, count, missing := st.CheckStored(numbers); missing != nil {
		return nil, problem.Inputf("%s: %d of %d frames are not stored: the first is frame %d (%s)", where, count, n, first, st.Name(first)).
			Because(missing).WithHint("they would read as fill values, not as counts; end the scan before them with num_frames, or copy the file again")
	}
	name := func(k int) string { return fmt.Sprintf("frame %d (%s)", k, st.Name(k)) }
	return &Scan{
		Frames: n, Rows: st.Rows, Cols: st.Cols, Raw: st.Type, ReadsWindows: true, FixedBytes: st.CacheBytes(),
		Name: name, Closers: append(closers, st),
		Read: func(_ context.Context, s *Slot) error {
			sc, ok := s.Local.(*h5frames.Scratch)
			if !ok {
				f := s.Frame
				sc = &h5frames.Scratch{OnRead: func() { f.Spend(scan.StageRead) }, OnInflate: func() { f.Spend(scan.StageInflate) }}
				s.Local = sc
			}
			if err := st.Read(s.Index, s.Window, s.Frame.Pix, sc); err != nil {
				return problem.Inputf("%s: %s cannot be read", where, name(s.Index)).Because(err).
					WithHint("end the scan before it with num_frames, or copy the file again")
			}
			return nil
		},
	}, nil
}
