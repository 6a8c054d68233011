package imgproc

import "ptyprep/internal/imgproc/pix"

// Orientation turns a frame: first transposed, then the order of the rows reversed, then
// that of the columns (of the transposed frame).
type Orientation struct {
	Transpose, FlipRows, FlipCols bool
}

// OrientationCode makes an Orientation of the number 0..7: bit 4 transposes, bit 2 reverses
// the rows, bit 1 the columns.
func OrientationCode(o int) Orientation {
	return Orientation{Transpose: o&4 != 0, FlipRows: o&2 != 0, FlipCols: o&1 != 0}
}

// Code is the number 0..7 of the Orientation.
func (o Orientation) Code() int {
	n := 0
	if o.Transpose {
		n += 4
	}
	if o.FlipRows {
		n += 2
	}
	if o.FlipCols {
		n++
	}
	return n
}

// None reports whether nothing is turned.
func (o Orientation) None() bool { return o == Orientation{} }

// Centre moves the point (row, col) of a square frame of size x size along with the turn.
func (o Orientation) Centre(c [2]float64, size int) [2]float64 {
	if o.Transpose {
		c[0], c[1] = c[1], c[0]
	}
	if o.FlipRows {
		c[0] = float64(size-1) - c[0]
	}
	if o.FlipCols {
		c[1] = float64(size-1) - c[1]
	}
	return c
}

// Orient turns src into dst (no shared memory).
func Orient(dst, src *pix.Image, o Orientation) {
	rows, cols := src.Rows, src.Cols
	if o.Transpose {
		dst.Resize(src.Type, cols, rows)
	} else {
		dst.Resize(src.Type, rows, cols)
	}
	if o.Transpose {
		transposeKernel(dst.Bytes, src.Bytes, src.Type.Size(), rows, cols, o.FlipRows, o.FlipCols)
		return
	}
	switch src.Type.Size() {
	case 1:
		orient(dst.Bytes, src.Bytes, rows, cols, o)
	case 2:
		orient(pix.Slice[uint16](dst.Bytes), pix.Slice[uint16](src.Bytes), rows, cols, o)
	case 4:
		orient(pix.Slice[uint32](dst.Bytes), pix.Slice[uint32](src.Bytes), rows, cols, o)
	case 8:
		orient(pix.Slice[uint64](dst.Bytes), pix.Slice[uint64](src.Bytes), rows, cols, o)
	}
}

// OrientMask turns a mask of rows x cols.
func OrientMask(dst, src []byte, rows, cols int, o Orientation) {
	if o.Transpose {
		transposeKernel(dst, src, 1, rows, cols, o.FlipRows, o.FlipCols)
		return
	}
	orient(dst, src, rows, cols, o)
}

// orient reverses rows and columns.
func orient[T uint8 | uint16 | uint32 | uint64](dst, src []T, rows, cols int, o Orientation) {
	for r := range rows {
		in, k := src[r*cols:(r+1)*cols], r
		if o.FlipRows {
			k = rows - 1 - r
		}
		out := dst[k*cols : (k+1)*cols]
		if !o.FlipCols {
			copy(out, in)
			continue
		}
		for c, v := range in {
			out[cols-1-c] = v
		}
	}
}
