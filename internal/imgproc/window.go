package imgproc

import (
	"fmt"

	"ptyprep/internal/imgproc/pix"
)

// Rect is a window of pixels: Rows x Cols starting at (Row, Col) of some frame. It may
// reach outside that frame.
type Rect struct {
	Row, Col, Rows, Cols int
}

// Whole is the window that covers a frame of rows x cols.
func Whole(rows, cols int) Rect { return Rect{Rows: rows, Cols: cols} }

// String gives the window as half-open ranges of rows and columns.
func (r Rect) String() string {
	return fmt.Sprintf("rows %d..%d, columns %d..%d", r.Row, r.Row+r.Rows, r.Col, r.Col+r.Cols)
}

// Inside reports whether all of r lies in a frame of rows x cols.
func (r Rect) Inside(rows, cols int) bool {
	return r.Row >= 0 && r.Col >= 0 && r.Row+r.Rows <= rows && r.Col+r.Cols <= cols
}

// Clip gives the part of r that lies in a frame of rows x cols; it may be empty.
func (r Rect) Clip(rows, cols int) Rect {
	r0, r1 := max(r.Row, 0), min(r.Row+r.Rows, rows)
	c0, c1 := max(r.Col, 0), min(r.Col+r.Cols, cols)
	return Rect{Row: r0, Col: c0, Rows: max(r1-r0, 0), Cols: max(c1-c0, 0)}
}

// Empty reports whether r has no pixel.
func (r Rect) Empty() bool { return r.Rows <= 0 || r.Cols <= 0 }

// Shift moves r by (row, col).
func (r Rect) Shift(row, col int) Rect {
	r.Row += row
	r.Col += col
	return r
}

// CropAbout is the window of rows x cols pixels about centre (row, col): the pixel nearest
// to the centre (halves to the even neighbour) comes to lie at (rows/2, cols/2).
func CropAbout(centre [2]float64, rows, cols int) Rect {
	return Rect{
		Row: int(roundHalfEven(centre[0])) - rows/2, Col: int(roundHalfEven(centre[1])) - cols/2,
		Rows: rows, Cols: cols,
	}
}

// Window copies the window r of src into dst, which takes src's type and r's size; what
// lies outside src is 0. dst must not share memory with src.
func Window(dst, src *pix.Image, r Rect) {
	dst.Resize(src.Type, r.Rows, r.Cols)
	copyWindow(dst.Bytes, src.Bytes, src.Rows, src.Cols, src.Type.Size(), r)
}

// WindowMask is Window for a mask of rows x cols; dst has r's size.
func WindowMask(dst, src []byte, rows, cols int, r Rect) {
	copyWindow(dst, src, rows, cols, 1, r)
}

func copyWindow(dst, src []byte, rows, cols, size int, r Rect) {
	in := r.Clip(rows, cols)
	if in != r {
		clear(dst)
	}
	if in.Empty() {
		return
	}
	n := in.Cols * size
	for i := range in.Rows {
		d := ((in.Row+i-r.Row)*r.Cols + in.Col - r.Col) * size
		s := ((in.Row+i)*cols + in.Col) * size
		copy(dst[d:d+n], src[s:s+n])
	}
}
