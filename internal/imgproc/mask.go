package imgproc

import (
	"math"

	"ptyprep/internal/imgproc/pix"
)

// MaskInto writes a mask (1 valid, 0 not) of stored values into dst, one byte a pixel: valid
// where the value is above 0, with invert where it is below 1, in real numbers. NaN is never
// valid.
func MaskInto(dst []byte, im *pix.Image, invert bool) {
	switch im.Type {
	case pix.Bool, pix.Uint8:
		maskOf(dst, im.Bytes, invert)
	case pix.Uint16:
		maskOf(dst, pix.Pixels[uint16](im), invert)
	case pix.Uint32:
		maskOf(dst, pix.Pixels[uint32](im), invert)
	case pix.Uint64:
		maskOf(dst, pix.Pixels[uint64](im), invert)
	case pix.Int8:
		maskOf(dst, pix.Pixels[int8](im), invert)
	case pix.Int16:
		maskOf(dst, pix.Pixels[int16](im), invert)
	case pix.Int32:
		maskOf(dst, pix.Pixels[int32](im), invert)
	case pix.Int64:
		maskOf(dst, pix.Pixels[int64](im), invert)
	case pix.Float32:
		maskOf(dst, pix.Pixels[float32](im), invert)
	case pix.Float64:
		maskOf(dst, pix.Pixels[float64](im), invert)
	}
}

func maskOf[T pix.Number](dst []byte, src []T, invert bool) {
	for i, v := range src {
		if invert && v < 1 || !invert && v > 0 {
			dst[i] = 1
		} else {
			dst[i] = 0
		}
	}
}

// Ones is a mask of n valid pixels.
func Ones(n int) []byte {
	m := make([]byte, n)
	for i := range m {
		m[i] = 1
	}
	return m
}

// Finite reports whether every pixel of a float frame is finite; integers always are.
func Finite(im *pix.Image) bool { return !im.Type.IsFloat() || finiteKernel(im) }

// ClearNonFinite sets NaN and infinite pixels of a float frame to 0 and to not valid in
// mask, and gives the number of those that were valid.
func ClearNonFinite(im *pix.Image, mask []byte) (valid int) {
	if im.Type == pix.Float32 {
		return clearNonFinite(pix.Pixels[float32](im), mask)
	}
	if im.Type == pix.Float64 {
		return clearNonFinite(pix.Pixels[float64](im), mask)
	}
	return 0
}

func clearNonFinite[F float32 | float64](p []F, mask []byte) (valid int) {
	for i, v := range p {
		if f := float64(v); math.IsNaN(f) || math.IsInf(f, 0) {
			p[i] = 0
			valid += int(mask[i])
			mask[i] = 0
		}
	}
	return valid
}

// CountNegative gives the number of valid pixels below 0; mask nil means all valid.
func CountNegative(im *pix.Image, mask []byte) int {
	switch im.Type {
	case pix.Int8:
		return countNegative(pix.Pixels[int8](im), mask)
	case pix.Int16:
		return countNegative(pix.Pixels[int16](im), mask)
	case pix.Int32:
		return countNegative(pix.Pixels[int32](im), mask)
	case pix.Int64:
		return countNegative(pix.Pixels[int64](im), mask)
	case pix.Float32:
		return countNegative(pix.Pixels[float32](im), mask)
	case pix.Float64:
		return countNegative(pix.Pixels[float64](im), mask)
	}
	return 0
}

func countNegative[T pix.Number](p []T, mask []byte) (n int) {
	for i, v := range p {
		if v < 0 && (mask == nil || mask[i] != 0) {
			n++
		}
	}
	return n
}

// CountOnes gives the number of pixels whose bits are all ones (65535, 4294967295), the mark
// of bad pixels on many detectors; types of one byte and signed ones have no such mark.
func CountOnes(im *pix.Image) (n int) {
	switch im.Type {
	case pix.Uint16:
		for _, v := range pix.Pixels[uint16](im) {
			if v == math.MaxUint16 {
				n++
			}
		}
	case pix.Uint32:
		for _, v := range pix.Pixels[uint32](im) {
			if v == math.MaxUint32 {
				n++
			}
		}
	}
	return n
}
