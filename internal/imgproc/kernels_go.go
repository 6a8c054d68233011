package imgproc

import (
	"math"

	"ptyprep/internal/imgproc/pix"
)

// The loops of kernels.c in Go, for builds without C; a test compares the two. Loops over noisy
// counts must not branch on them: a wrongly guessed branch costs more than the arithmetic.

func fusedGo(dst []float32, src *pix.Image, dark, flat []float32, scale float32) {
	switch src.Type {
	case pix.Bool, pix.Uint8:
		fused(dst, src.Bytes, dark, flat, scale)
	case pix.Uint16:
		fused(dst, pix.Pixels[uint16](src), dark, flat, scale)
	case pix.Int8:
		fused(dst, pix.Pixels[int8](src), dark, flat, scale)
	case pix.Int16:
		fused(dst, pix.Pixels[int16](src), dark, flat, scale)
	case pix.Float32:
		fused(dst, pix.Pixels[float32](src), dark, flat, scale)
	}
}

func fused[T uint8 | uint16 | int8 | int16 | float32](dst []float32, src []T, dark, flat []float32, scale float32) {
	dst = dst[:len(src)]
	switch {
	case dark != nil && flat != nil:
		dark, flat = dark[:len(src)], flat[:len(src)]
		for i, v := range src {
			dst[i] = clamp(float32(v)-dark[i]) / flat[i] * scale
		}
	case flat != nil:
		flat = flat[:len(src)]
		for i, v := range src {
			dst[i] = float32(v) / flat[i] * scale
		}
	case dark != nil:
		dark = dark[:len(src)]
		for i, v := range src {
			dst[i] = clamp(float32(v)-dark[i]) * scale
		}
	default:
		for i, v := range src {
			dst[i] = float32(v) * scale
		}
	}
}

// clamp is 0 for f below 0 and keeps NaN; written so that the compiler makes no branch of it.
func clamp(f float32) float32 {
	b := math.Float32bits(f)
	if f < 0 {
		b = 0
	}
	return math.Float32frombits(b)
}

func subtractGo(dst, src, dark *pix.Image) {
	switch dst.Type {
	case pix.Bool, pix.Uint8:
		subtract(dst.Bytes, src.Bytes, dark.Bytes)
	case pix.Uint16:
		subtract(pix.Pixels[uint16](dst), pix.Pixels[uint16](src), pix.Pixels[uint16](dark))
	case pix.Uint32:
		subtract(pix.Pixels[uint32](dst), pix.Pixels[uint32](src), pix.Pixels[uint32](dark))
	case pix.Uint64:
		subtract(pix.Pixels[uint64](dst), pix.Pixels[uint64](src), pix.Pixels[uint64](dark))
	case pix.Int8:
		subtract(pix.Pixels[int8](dst), pix.Pixels[int8](src), pix.Pixels[int8](dark))
	case pix.Int16:
		subtract(pix.Pixels[int16](dst), pix.Pixels[int16](src), pix.Pixels[int16](dark))
	case pix.Int32:
		subtract(pix.Pixels[int32](dst), pix.Pixels[int32](src), pix.Pixels[int32](dark))
	case pix.Int64:
		subtract(pix.Pixels[int64](dst), pix.Pixels[int64](src), pix.Pixels[int64](dark))
	case pix.Float32:
		fused(pix.Pixels[float32](dst), pix.Pixels[float32](src), pix.Pixels[float32](dark), nil, 1)
	case pix.Float64:
		subtractFloat64(pix.Pixels[float64](dst), pix.Pixels[float64](src), pix.Pixels[float64](dark))
	}
}

func subtract[T uint8 | uint16 | uint32 | uint64 | int8 | int16 | int32 | int64](dst, src, dark []T) {
	dark, dst = dark[:len(src)], dst[:len(src)]
	for i, v := range src {
		d := v - dark[i]
		if v < dark[i] {
			d = 0
		}
		dst[i] = d
	}
}

// subtractFloat64 keeps NaN, as clamp does.
func subtractFloat64(dst, src, dark []float64) {
	dark, dst = dark[:len(src)], dst[:len(src)]
	for i, v := range src {
		d := v - dark[i]
		b := math.Float64bits(d)
		if d < 0 {
			b = 0
		}
		dst[i] = math.Float64frombits(b)
	}
}

func rebin2Go(dst, src *pix.Image) {
	if src.Type == pix.Float32 {
		rebin2(pix.Pixels[float32](dst), pix.Pixels[float32](src), src.Cols)
		return
	}
	out := pix.Pixels[float64](dst)
	switch src.Type {
	case pix.Bool, pix.Uint8:
		rebin2(out, src.Bytes, src.Cols)
	case pix.Uint16:
		rebin2(out, pix.Pixels[uint16](src), src.Cols)
	case pix.Uint32:
		rebin2(out, pix.Pixels[uint32](src), src.Cols)
	case pix.Uint64:
		rebin2(out, pix.Pixels[uint64](src), src.Cols)
	case pix.Int8:
		rebin2(out, pix.Pixels[int8](src), src.Cols)
	case pix.Int16:
		rebin2(out, pix.Pixels[int16](src), src.Cols)
	case pix.Int32:
		rebin2(out, pix.Pixels[int32](src), src.Cols)
	case pix.Int64:
		rebin2(out, pix.Pixels[int64](src), src.Cols)
	case pix.Float64:
		rebin2(out, pix.Pixels[float64](src), src.Cols)
	}
}

func rebin2[O float32 | float64, T pix.Number](dst []O, src []T, cols int) {
	oc := cols / 2
	for r := range len(dst) / max(oc, 1) {
		up, lo, out := src[2*r*cols:][:cols], src[(2*r+1)*cols:][:cols], dst[r*oc:][:oc]
		for c := range out {
			out[c] = O((float64(up[2*c]) + float64(up[2*c+1]) + float64(lo[2*c]) + float64(lo[2*c+1])) * 0.25)
		}
	}
}

func divideGo(p []float64, flat *pix.Image) {
	if flat.Type == pix.Float32 {
		for i, f := range pix.Pixels[float32](flat) {
			p[i] /= float64(f)
		}
		return
	}
	for i, f := range pix.Pixels[float64](flat) {
		p[i] /= f
	}
}

func scaleGo(p []float64, value, mean float64) {
	for i := range p {
		p[i] = p[i] / value * mean
	}
}

// finiteGo looks for exponents of all ones.
func finiteGo(im *pix.Image) bool {
	switch im.Type {
	case pix.Float32:
		for _, v := range pix.Slice[uint32](im.Bytes) {
			if v&0x7f800000 == 0x7f800000 {
				return false
			}
		}
	case pix.Float64:
		for _, v := range pix.Slice[uint64](im.Bytes) {
			if v&0x7ff0000000000000 == 0x7ff0000000000000 {
				return false
			}
		}
	}
	return true
}

func transposeGo(dst, src []byte, size, rows, cols int, flipRows, flipCols bool) {
	switch size {
	case 1:
		transpose(dst, src, rows, cols, flipRows, flipCols)
	case 2:
		transpose(pix.Slice[uint16](dst), pix.Slice[uint16](src), rows, cols, flipRows, flipCols)
	case 4:
		transpose(pix.Slice[uint32](dst), pix.Slice[uint32](src), rows, cols, flipRows, flipCols)
	case 8:
		transpose(pix.Slice[uint64](dst), pix.Slice[uint64](src), rows, cols, flipRows, flipCols)
	}
}

// transpose works in tiles so that both sides stay in the cache.
func transpose[T uint8 | uint16 | uint32 | uint64](dst, src []T, rows, cols int, flipRows, flipCols bool) {
	const tile = 16
	for r0 := 0; r0 < rows; r0 += tile {
		for c0 := 0; c0 < cols; c0 += tile {
			for c := c0; c < min(c0+tile, cols); c++ {
				k := c
				if flipRows {
					k = cols - 1 - c
				}
				out := dst[k*rows : (k+1)*rows]
				for r := r0; r < min(r0+tile, rows); r++ {
					if flipCols {
						out[rows-1-r] = src[r*cols+c]
					} else {
						out[r] = src[r*cols+c]
					}
				}
			}
		}
	}
}
