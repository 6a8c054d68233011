// Package imgproc is the arithmetic of frame preparation on slices of pixels: windows
// (crop and pad), turns, binning, dark and flat correction, mass centres, masks and
// type changes. Nothing here reads files or knows recipes.
//
// Frames are pix.Image values in their stored type. Masks are one byte a pixel, 1 for a
// valid pixel and 0 for one to be left out. Kernels write into memory that the caller
// owns and allocate nothing once that memory has grown to its size.
package imgproc
