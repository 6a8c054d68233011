//go:build cgo && !purego && linux

package codec

import (
	"testing"
	"unsafe"
)

// Streams of ISA-L differ in the upper half of their addresses only (see deflate_cgo.c), and those
// given back can be had again: more are made here than there are places.
func TestPlacesOfStreams(t *testing.T) {
	var last uintptr
	for range 5000 {
		var s Scratch
		if _, err := encodeDeflate(make([]byte, deflateBound(100)), make([]byte, 100), 1, &s); err != nil {
			t.Fatal(err)
		}
		at := uintptr(unsafe.Pointer(s.deflate.isal))
		if at&0xffffffff != 0 || at == 0 || at == last {
			t.Fatalf("a stream at %#x, before %#x", at, last)
		}
		last = at
		s.Close()
	}
}
