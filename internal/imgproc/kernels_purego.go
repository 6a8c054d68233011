//go:build !cgo || purego

package imgproc

import "ptyprep/internal/imgproc/pix"

func fusedKernel(dst []float32, src *pix.Image, dark, flat []float32, scale float32) {
	fusedGo(dst, src, dark, flat, scale)
}
func subtractKernel(dst, src, dark *pix.Image)      { subtractGo(dst, src, dark) }
func toFloat32Kernel(dst []float32, src *pix.Image) { convertTo(dst, src) }
func toFloat64Kernel(dst []float64, src *pix.Image) { convertTo(dst, src) }
func rebin2Kernel(dst, src *pix.Image)              { rebin2Go(dst, src) }
func divideKernel(p []float64, flat *pix.Image)     { divideGo(p, flat) }
func scaleKernel(p []float64, value, mean float64)  { scaleGo(p, value, mean) }
func finiteKernel(im *pix.Image) bool               { return finiteGo(im) }
func transposeKernel(dst, src []byte, size, rows, cols int, flipRows, flipCols bool) {
	transposeGo(dst, src, size, rows, cols, flipRows, flipCols)
}
