package beam

import (
	"errors"
	"fmt"

	"ptyprep/internal/formats/cbf"
	"ptyprep/internal/formats/edf"
	"ptyprep/internal/formats/fliraw"
	"ptyprep/internal/formats/h5frames"
	"ptyprep/internal/imgproc"
	"ptyprep/internal/imgproc/pix"
	"ptyprep/internal/scan"
	"ptyprep/internal/scan/problem"
)

// ScratchOf is the slot's memory for reading HDF5 frames.
func ScratchOf(s *Slot) *h5frames.Scratch {
	if s.h5 == nil {
		f := s.Frame
		s.h5 = &h5frames.Scratch{OnRead: func() { f.Spend(scan.StageRead) }, OnInflate: func() { f.Spend(scan.StageInflate) }}
	}
	return s.h5
}

// Few joins the first few texts of a list for a message.
func Few(list []string) string { return problem.Few(list, 6) }

// FewNumbers is Few for numbers.
func FewNumbers(list []int) string {
	t := make([]string, len(list))
	for i, n := range list {
		t[i] = fmt.Sprint(n)
	}
	return Few(t)
}

// Undistort is the step that takes the distortion of the optics out of frames; see
// imgproc.Undistortion.
type Undistort struct {
	dh, dv *pix.Image
	plan   *imgproc.Undistortion
}

// NewUndistort makes the step of displacements along columns and rows, in pixels of the stored frame.
func NewUndistort(dh, dv *pix.Image) *Undistort { return &Undistort{dh: dh, dv: dv} }

// Local is false: a pixel of the result depends on others.
func (u *Undistort) Local() bool { return false }

// Window plans the resampling.
func (u *Undistort) Window(imgproc.Rect, pix.Type) {
	if u.plan == nil {
		u.plan = imgproc.NewUndistortion(u.dh, u.dv)
	}
}

// bytes is the memory of the step: displacements, and for each pixel a place and two fractions in double
// precision.
func (u *Undistort) bytes(pix.Type) int64 {
	return int64(len(u.dh.Bytes)+len(u.dv.Bytes)) + int64(u.dh.Len()*(4+2*8))
}

// Apply corrects a frame.
func (u *Undistort) Apply(s *Slot) error {
	old := s.Frame.Swap()
	s.Frame.Pix.Resize(old.Type, old.Rows, old.Cols)
	if old.Type == pix.Float64 {
		imgproc.Undistorted(u.plan, pix.Pixels[float64](s.Frame.Pix), pix.Pixels[float64](old))
	} else {
		imgproc.Undistorted(u.plan, pix.Pixels[float32](s.Frame.Pix), pix.Pixels[float32](old))
	}
	return nil
}

// FileProblem is the Input problem of a file of frames that cannot be read; where names the
// parameter. Of a file that ends too early it tells what may be the reason.
func FileProblem(where string, err error) *problem.Error {
	p := problem.Inputf("%s", where).Because(err)
	for _, short := range []error{edf.ErrTruncated, fliraw.ErrTruncated, cbf.ErrTruncated} {
		if errors.Is(err, short) {
			return p.WithHint("the copy is incomplete, or the camera is still writing: copy the file again, or set num_frames to the frames in front of it")
		}
	}
	if errors.Is(err, cbf.ErrChecksum) {
		return p.WithHint("the file is damaged: copy it again")
	}
	return p
}
