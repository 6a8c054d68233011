package imgproc

import (
	"fmt"
	"math"

	"ptyprep/internal/imgproc/pix"
)

// Promote is the type that holds every value of a and b, as numpy's rules for arrays have
// it: the wider of two of one kind; unsigned with signed the next wider signed type, float64
// where there is none; integers above 16 bits with float32 give float64.
func Promote(a, b pix.Type) pix.Type {
	if a == pix.Bool {
		a = pix.Uint8
	}
	if b == pix.Bool {
		b = pix.Uint8
	}
	if a == b {
		return a
	}
	if a.IsFloat() || b.IsFloat() {
		for _, t := range [...]pix.Type{a, b} {
			if t == pix.Float64 || t.IsInteger() && t.Size() > 2 {
				return pix.Float64
			}
		}
		return pix.Float32
	}
	if a.IsSigned() == b.IsSigned() {
		if a.Size() > b.Size() {
			return a
		}
		return b
	}
	u, s := a, b
	if u.IsSigned() {
		u, s = s, u
	}
	if s.Size() > u.Size() {
		return s
	}
	switch u.Size() {
	case 1:
		return pix.Int16
	case 2:
		return pix.Int32
	case 4:
		return pix.Int64
	}
	return pix.Float64
}

// Convert writes src into dst as numbers of type t, value by value: widening and float
// rounding only. To an integer type that cannot hold a value it must not be used.
func Convert(dst, src *pix.Image, t pix.Type) {
	dst.Resize(t, src.Rows, src.Cols)
	if t == src.Type || t.Size() == 1 && src.Type == pix.Bool {
		copy(dst.Bytes, src.Bytes)
		return
	}
	switch t {
	case pix.Bool, pix.Uint8:
		convertTo(dst.Bytes, src)
	case pix.Uint16:
		convertTo(pix.Pixels[uint16](dst), src)
	case pix.Uint32:
		convertTo(pix.Pixels[uint32](dst), src)
	case pix.Uint64:
		convertTo(pix.Pixels[uint64](dst), src)
	case pix.Int8:
		convertTo(pix.Pixels[int8](dst), src)
	case pix.Int16:
		convertTo(pix.Pixels[int16](dst), src)
	case pix.Int32:
		convertTo(pix.Pixels[int32](dst), src)
	case pix.Int64:
		convertTo(pix.Pixels[int64](dst), src)
	case pix.Float32:
		toFloat32Kernel(pix.Pixels[float32](dst), src)
	case pix.Float64:
		toFloat64Kernel(pix.Pixels[float64](dst), src)
	default:
		panic(fmt.Sprintf("imgproc: convert to %v", t))
	}
}

func convertTo[O pix.Number](dst []O, src *pix.Image) {
	switch src.Type {
	case pix.Bool, pix.Uint8:
		convert(dst, src.Bytes)
	case pix.Uint16:
		convert(dst, pix.Pixels[uint16](src))
	case pix.Uint32:
		convert(dst, pix.Pixels[uint32](src))
	case pix.Uint64:
		convert(dst, pix.Pixels[uint64](src))
	case pix.Int8:
		convert(dst, pix.Pixels[int8](src))
	case pix.Int16:
		convert(dst, pix.Pixels[int16](src))
	case pix.Int32:
		convert(dst, pix.Pixels[int32](src))
	case pix.Int64:
		convert(dst, pix.Pixels[int64](src))
	case pix.Float32:
		convert(dst, pix.Pixels[float32](src))
	case pix.Float64:
		convert(dst, pix.Pixels[float64](src))
	}
}

func convert[O, T pix.Number](dst []O, src []T) {
	dst = dst[:len(src)]
	for i, v := range src {
		dst[i] = O(v)
	}
}

// Truncate writes the floats of src (float32 or float64) into dst as numbers of type t: cut
// towards zero for integers, and held at the ends of the type's range. It gives the number
// of values that did not fit. NaN becomes 0.
func Truncate(dst, src *pix.Image, t pix.Type) (clipped int) {
	dst.Resize(t, src.Rows, src.Cols)
	if src.Type == pix.Float32 {
		return truncateTo(dst, pix.Pixels[float32](src))
	}
	return truncateTo(dst, pix.Pixels[float64](src))
}

func truncateTo[F float32 | float64](dst *pix.Image, src []F) int {
	switch dst.Type {
	case pix.Uint8:
		return truncate(dst.Bytes, src, 0, math.MaxUint8)
	case pix.Uint16:
		return truncate(pix.Pixels[uint16](dst), src, 0, math.MaxUint16)
	case pix.Uint32:
		return truncate(pix.Pixels[uint32](dst), src, 0, math.MaxUint32)
	case pix.Uint64:
		return truncate(pix.Pixels[uint64](dst), src, 0, math.MaxUint64)
	case pix.Int8:
		return truncate(pix.Pixels[int8](dst), src, math.MinInt8, math.MaxInt8)
	case pix.Int16:
		return truncate(pix.Pixels[int16](dst), src, math.MinInt16, math.MaxInt16)
	case pix.Int32:
		return truncate(pix.Pixels[int32](dst), src, math.MinInt32, math.MaxInt32)
	case pix.Int64:
		return truncate(pix.Pixels[int64](dst), src, math.MinInt64, math.MaxInt64)
	case pix.Float32:
		convert(pix.Pixels[float32](dst), src)
	case pix.Float64:
		convert(pix.Pixels[float64](dst), src)
	}
	return 0
}

func truncate[O pix.Number, F float32 | float64](dst []O, src []F, lo, hi O) int {
	n := 0
	flo, fhi := float64(lo), float64(hi)
	for i, v := range src {
		f := math.Trunc(float64(v))
		switch {
		case f != f:
			dst[i] = 0
		case f > fhi || f == fhi && fhi >= math.MaxInt64: // as floats, MaxInt64 and MaxUint64 lie above the range
			dst[i] = hi
			n++
		case f < flo:
			dst[i] = lo
			n++
		default:
			dst[i] = O(f)
		}
	}
	return n
}
