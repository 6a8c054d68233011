package imgproc

import (
	"fmt"
	"math"

	"ptyprep/internal/imgproc/pix"
)

// Undistortion takes the distortion of the optics out of frames: out[y, x] is the bilinear value of
// the frame at (y - dv[y, x], x - dh[y, x]). Where one of the four neighbours lies outside the
// frame, out is the mean of the frame. It is read-only once made and may be shared by goroutines.
type Undistortion struct {
	cols   int
	at     []int32   // of the upper left neighbour; -1: outside
	fy, fx []float64 // how far beyond it, 0..1
}

// NewUndistortion plans it for frames of the size of dh and dv, the displacements in pixels along
// columns and rows. Displacements that are no numbers count as outside.
func NewUndistortion(dh, dv *pix.Image) *Undistortion {
	rows, cols := dh.Rows, dh.Cols
	if dv.Rows != rows || dv.Cols != cols || int64(rows)*int64(cols) > math.MaxInt32 {
		panic(fmt.Sprintf("imgproc: displacements of %d x %d and %d x %d pixels", rows, cols, dv.Rows, dv.Cols))
	}
	var h, v pix.Image
	Convert(&h, dh, pix.Float64)
	Convert(&v, dv, pix.Float64)
	ph, pv := pix.Pixels[float64](&h), pix.Pixels[float64](&v)
	u := &Undistortion{cols: cols, at: make([]int32, rows*cols), fy: make([]float64, rows*cols), fx: make([]float64, rows*cols)}
	for r := range rows {
		for c := range cols {
			i := r*cols + c
			y, x := float64(r)-pv[i], float64(c)-ph[i]
			y0, x0 := math.Floor(y), math.Floor(x)
			if !(y0 >= 0 && x0 >= 0 && y0+1 < float64(rows) && x0+1 < float64(cols)) {
				u.at[i] = -1
				continue
			}
			u.at[i] = int32(int(y0)*cols + int(x0))
			u.fy[i], u.fx[i] = y-y0, x-x0
		}
	}
	return u
}

// Undistorted writes the frame src without distortion into dst; both have the size planned and do not
// share memory. The arithmetic is in double precision whatever T is: between a bright and a dark pixel a
// place that is rounded to single precision would show.
func Undistorted[T float32 | float64](u *Undistortion, dst, src []T) {
	var sum float64
	for _, v := range src {
		sum += float64(v)
	}
	mean := T(sum / float64(len(src)))
	fy, fx, dst := u.fy[:len(u.at)], u.fx[:len(u.at)], dst[:len(u.at)]
	for i, at := range u.at {
		if at < 0 {
			dst[i] = mean
			continue
		}
		up, low := src[at:int(at)+2], src[int(at)+u.cols:int(at)+u.cols+2]
		y, x := fy[i], fx[i]
		top := float64(up[0])*(1-x) + float64(up[1])*x
		bottom := float64(low[0])*(1-x) + float64(low[1])*x
		dst[i] = T(top*(1-y) + bottom*y)
	}
}
