//go:build cgo && !purego

package imgproc

/*
#cgo CFLAGS: -O3
#cgo noescape imgproc_fused
#cgo nocallback imgproc_fused
#cgo noescape imgproc_subtract
#cgo nocallback imgproc_subtract
#cgo noescape imgproc_to_f32
#cgo nocallback imgproc_to_f32
#cgo noescape imgproc_to_f64
#cgo nocallback imgproc_to_f64
#cgo noescape imgproc_rebin2
#cgo nocallback imgproc_rebin2
#cgo noescape imgproc_divide
#cgo nocallback imgproc_divide
#cgo noescape imgproc_scale
#cgo nocallback imgproc_scale
#cgo noescape imgproc_any_not_finite
#cgo nocallback imgproc_any_not_finite
#cgo noescape imgproc_transpose
#cgo nocallback imgproc_transpose
#include "kernels.h"
*/
import "C"

import (
	"unsafe"

	"ptyprep/internal/imgproc/pix"
)

// kernelCode is the type as the C side knows it; the two numberings are compared here.
func kernelCode(t pix.Type) C.int {
	const _ = -uint(C.PIX_U8 ^ int(pix.Uint8) | C.PIX_F32 ^ int(pix.Float32) | C.PIX_F64 ^ int(pix.Float64))
	if t == pix.Bool {
		t = pix.Uint8
	}
	return C.int(t)
}

func ptr[T any](s []T) unsafe.Pointer { return unsafe.Pointer(unsafe.SliceData(s)) }

func floats[T float32](s []T) *C.float    { return (*C.float)(ptr(s)) }
func doubles[T float64](s []T) *C.double  { return (*C.double)(ptr(s)) }
func sameLength[A, B any](dst []A, b []B) { _ = b[:len(dst)] }
func optional[A, B any](dst []A, opt []B) {
	if opt != nil {
		sameLength(dst, opt)
	}
}

// fusedKernel writes max(src-dark, 0)/flat*scale into dst; dark and flat may be nil. src is of
// at most 16 bits or float32.
func fusedKernel(dst []float32, src *pix.Image, dark, flat []float32, scale float32) {
	dst = dst[:src.Len()]
	optional(dst, dark)
	optional(dst, flat)
	C.imgproc_fused(kernelCode(src.Type), floats(dst), ptr(src.Bytes), floats(dark), floats(flat), C.float(scale), C.size_t(len(dst)))
}

// subtractKernel writes max(src-dark, 0) into dst; all three are of one type and size, and dst
// may be src.
func subtractKernel(dst, src, dark *pix.Image) {
	sameLength(dst.Bytes, src.Bytes)
	sameLength(dst.Bytes, dark.Bytes)
	C.imgproc_subtract(kernelCode(dst.Type), ptr(dst.Bytes), ptr(src.Bytes), ptr(dark.Bytes), C.size_t(dst.Len()))
}

func toFloat32Kernel(dst []float32, src *pix.Image) {
	dst = dst[:src.Len()]
	C.imgproc_to_f32(kernelCode(src.Type), floats(dst), ptr(src.Bytes), C.size_t(len(dst)))
}

func toFloat64Kernel(dst []float64, src *pix.Image) {
	dst = dst[:src.Len()]
	C.imgproc_to_f64(kernelCode(src.Type), doubles(dst), ptr(src.Bytes), C.size_t(len(dst)))
}

// rebin2Kernel writes the means of the 2 x 2 blocks of src into dst, of half its size.
func rebin2Kernel(dst, src *pix.Image) {
	_ = src.Bytes[:4*dst.Len()*src.Type.Size()]
	C.imgproc_rebin2(kernelCode(src.Type), ptr(dst.Bytes), ptr(src.Bytes), C.size_t(dst.Rows), C.size_t(dst.Cols))
}

// divideKernel divides p by the pixels of flat, float32 or float64.
func divideKernel(p []float64, flat *pix.Image) {
	p = p[:flat.Len()]
	C.imgproc_divide(kernelCode(flat.Type), doubles(p), ptr(flat.Bytes), C.size_t(len(p)))
}

func scaleKernel(p []float64, value, mean float64) {
	C.imgproc_scale(doubles(p), C.double(value), C.double(mean), C.size_t(len(p)))
}

// finiteKernel reports whether all pixels of a float image are finite.
func finiteKernel(im *pix.Image) bool {
	return C.imgproc_any_not_finite(kernelCode(im.Type), ptr(im.Bytes), C.size_t(im.Len())) == 0
}

// transposeKernel transposes rows x cols elements of size bytes, then reverses rows and columns.
func transposeKernel(dst, src []byte, size, rows, cols int, flipRows, flipCols bool) {
	_, _ = dst[:rows*cols*size], src[:rows*cols*size]
	C.imgproc_transpose(C.int(size), ptr(dst), ptr(src), C.size_t(rows), C.size_t(cols), flag(flipRows), flag(flipCols))
}

func flag(b bool) C.int {
	if b {
		return 1
	}
	return 0
}
