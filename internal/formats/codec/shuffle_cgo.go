//go:build cgo && !purego

package codec

/*
#cgo noescape codec_shuffle
#cgo nocallback codec_shuffle
#cgo noescape codec_unshuffle
#cgo nocallback codec_unshuffle
#cgo noescape codec_bit_rows
#cgo nocallback codec_bit_rows
#cgo noescape codec_bit_planes
#cgo nocallback codec_bit_planes
#include "shuffle_cgo.h"
*/
import "C"

import "unsafe"

func bytePtr(p []byte) *C.uint8_t { return (*C.uint8_t)(unsafe.Pointer(unsafe.SliceData(p))) }

// shuffle splits whole elements of size bytes into byte planes. Both slices have the
// same length, a multiple of size.
func shuffle(dst, src []byte, size int) {
	_ = dst[:len(src)]
	C.codec_shuffle(bytePtr(dst), bytePtr(src), C.size_t(len(src)/size), C.size_t(size))
}

// unshuffle is the reverse of shuffle.
func unshuffle(dst, src []byte, size int) {
	_ = dst[:len(src)]
	C.codec_unshuffle(bytePtr(dst), bytePtr(src), C.size_t(len(src)/size), C.size_t(size))
}

// bitRows turns planes of n bytes (n a multiple of 8) into 8 rows of n/8 bytes each:
// row k holds bit k of all bytes, byte i of the plane in bit i%8 of byte i/8.
func bitRows(dst, src []byte, n int) {
	_ = dst[:len(src)]
	C.codec_bit_rows(bytePtr(dst), bytePtr(src), C.size_t(n), C.size_t(len(src)/n))
}

// bitPlanes is the reverse of bitRows.
func bitPlanes(dst, src []byte, n int) {
	_ = dst[:len(src)]
	C.codec_bit_planes(bytePtr(dst), bytePtr(src), C.size_t(n), C.size_t(len(src)/n))
}
