//go:build cgo && !purego

package codec

/*
#cgo CFLAGS: -O3
#cgo linux LDFLAGS: -ldeflate -lisal
#cgo !linux pkg-config: libdeflate libisal
#cgo noescape codec_inflate
#cgo nocallback codec_inflate
#cgo noescape codec_deflate
#cgo nocallback codec_deflate
#include <libdeflate.h>
#include "deflate_cgo.h"
*/
import "C"

import (
	"errors"
	"fmt"
	"math"
	"unsafe"
)

// deflateState holds libdeflate's decompressor, one libdeflate compressor and
// ISA-L's work space with its level buffer, all in C memory.
type deflateState struct {
	d       *C.struct_libdeflate_decompressor
	c       *C.struct_libdeflate_compressor
	cLevel  int
	isal    *C.codec_isal
	noSpace bool
}

func (z *deflateState) close() {
	if z.d != nil {
		C.libdeflate_free_decompressor(z.d)
	}
	if z.c != nil {
		C.libdeflate_free_compressor(z.c)
	}
	if z.isal != nil {
		C.codec_isal_free(z.isal)
	}
	*z = deflateState{}
}

var errNoMemory = errors.New("out of memory")

// decodeDeflate undoes filter 1, a zlib stream (RFC 1950), whose Adler-32 sum is
// verified. Bytes behind the stream are ignored, as zlib and libhdf5 do.
func decodeDeflate(dst, src []byte, _ []uint32, s *Scratch) (int, error) {
	z := &s.deflate
	if z.d == nil {
		if z.d = C.libdeflate_alloc_decompressor(); z.d == nil {
			return 0, errNoMemory
		}
	}
	n := C.codec_inflate(z.d, unsafe.Pointer(unsafe.SliceData(src)), C.size_t(len(src)),
		unsafe.Pointer(unsafe.SliceData(dst)), C.size_t(len(dst)))
	switch {
	case n >= 0:
		return int(n), nil
	case n == -C.LIBDEFLATE_INSUFFICIENT_SPACE:
		return 0, errTooSmall
	}
	return 0, damaged("not a sound zlib stream")
}

// deflateBound is an upper bound of the zlib stream for n bytes at any level: libdeflate
// and ISA-L both fall back to stored blocks.
func deflateBound(n int) int { return n + n/8 + 1024 }

// encodeDeflate writes the zlib stream of src to the front of dst, which has
// deflateBound(len(src)) bytes, and returns its length. Levels 1, 2 and 3 are ISA-L's,
// 4 to 9 libdeflate's.
func encodeDeflate(dst, src []byte, level int, s *Scratch) (int, error) {
	if level <= 3 {
		return s.deflate.isalDeflate(dst, src, level)
	}
	z := &s.deflate
	if z.c == nil || z.cLevel != level {
		if z.c != nil {
			C.libdeflate_free_compressor(z.c)
		}
		if z.c = C.libdeflate_alloc_compressor(C.int(level)); z.c == nil {
			return 0, errNoMemory
		}
		z.cLevel = level
	}
	n := C.libdeflate_zlib_compress(z.c, unsafe.Pointer(unsafe.SliceData(src)), C.size_t(len(src)),
		unsafe.Pointer(unsafe.SliceData(dst)), C.size_t(len(dst)))
	if n == 0 {
		return 0, errOutput
	}
	return int(n), nil
}

// errOutput tells that the compressed bytes do not fit into the output buffer.
var errOutput = errors.New("output buffer too small")

func (z *deflateState) isalDeflate(dst, src []byte, level int) (int, error) {
	if uint64(len(src)) > math.MaxUint32 || uint64(len(dst)) > math.MaxUint32 {
		return 0, errors.New("deflate: a chunk of 4 GiB or more")
	}
	if z.isal == nil {
		if z.isal = C.codec_isal_alloc(); z.isal == nil {
			return 0, errNoMemory
		}
	}
	n := C.codec_deflate(z.isal, C.int(level), unsafe.Pointer(unsafe.SliceData(src)), C.uint32_t(len(src)),
		unsafe.Pointer(unsafe.SliceData(dst)), C.uint32_t(len(dst)))
	switch {
	case n >= 0:
		return int(n), nil
	case n == C.STATELESS_OVERFLOW:
		return 0, errOutput
	}
	return 0, fmt.Errorf("deflate: ISA-L refuses with code %d", int(n))
}

// deflateLibraries names the libraries behind filter 1.
func deflateLibraries() string {
	return fmt.Sprintf("libdeflate %s (read, write levels 4-9), ISA-L %d.%d (write levels 1-3)",
		C.LIBDEFLATE_VERSION_STRING, C.ISAL_MAJOR_VERSION, C.ISAL_MINOR_VERSION)
}
