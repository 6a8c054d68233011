package imgproc

import "ptyprep/internal/imgproc/pix"

// RebinType is the type of a frame after binning: means of integers are float64, floats
// keep their type.
func RebinType(t pix.Type) pix.Type {
	if t == pix.Float32 {
		return t
	}
	return pix.Float64
}

// Rebin writes the mean over each b x b block of src into dst, of type RebinType and b times
// smaller; src's sides must be multiples of b. Sums are taken in float64, in a fixed order.
func Rebin(dst, src *pix.Image, b int) {
	dst.Resize(RebinType(src.Type), src.Rows/b, src.Cols/b)
	if b == 2 && src.Cols%2 == 0 { // the usual case
		rebin2Kernel(dst, src)
		return
	}
	if src.Type == pix.Float32 {
		rebin(pix.Pixels[float32](dst), pix.Pixels[float32](src), src.Cols, b)
		return
	}
	out := pix.Pixels[float64](dst)
	switch src.Type {
	case pix.Bool, pix.Uint8:
		rebin(out, src.Bytes, src.Cols, b)
	case pix.Uint16:
		rebin(out, pix.Pixels[uint16](src), src.Cols, b)
	case pix.Uint32:
		rebin(out, pix.Pixels[uint32](src), src.Cols, b)
	case pix.Uint64:
		rebin(out, pix.Pixels[uint64](src), src.Cols, b)
	case pix.Int8:
		rebin(out, pix.Pixels[int8](src), src.Cols, b)
	case pix.Int16:
		rebin(out, pix.Pixels[int16](src), src.Cols, b)
	case pix.Int32:
		rebin(out, pix.Pixels[int32](src), src.Cols, b)
	case pix.Int64:
		rebin(out, pix.Pixels[int64](src), src.Cols, b)
	case pix.Float64:
		rebin(out, pix.Pixels[float64](src), src.Cols, b)
	}
}

func rebin[O float32 | float64, T pix.Number](dst []O, src []T, cols, b int) {
	n, oc := float64(b*b), cols/b
	for i := range dst {
		r, c := i/oc*b, i%oc*b
		s := 0.0
		for k := range b {
			for _, v := range src[(r+k)*cols+c:][:b] {
				s += float64(v)
			}
		}
		dst[i] = O(s / n)
	}
}

// RebinMask bins a mask of any number of rows with cols columns: a block is valid only if
// all its pixels are.
func RebinMask(dst, src []byte, cols, b int) {
	oc := cols / b
	for i := range dst {
		r, c := i/oc*b, i%oc*b
		v := byte(1)
		for k := range b {
			for _, m := range src[(r+k)*cols+c:][:b] {
				v &= m
			}
		}
		dst[i] = v
	}
}
