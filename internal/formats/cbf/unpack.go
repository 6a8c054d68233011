package cbf

import (
	"encoding/binary"
	"fmt"
	"math"

	"ptyprep/internal/imgproc/pix"
)

// unpack undoes the byte-offset packing: each pixel is the one before (0 at first) plus a
// difference of one signed byte; -128 says that an int16 follows, its least value that an
// int32 follows, and its least value that an int64 follows, all little-endian. Values wrap
// round at the size of the type, as in the writers, so that unsigned pixels of the upper
// half come out right.
func unpack(dst *pix.Image, b []byte) error {
	switch dst.Type.Size() {
	case 1:
		return unpackInto(pix.Slice[uint8](dst.Bytes), b)
	case 2:
		return unpackInto(pix.Slice[uint16](dst.Bytes), b)
	case 4:
		return unpackInto(pix.Slice[uint32](dst.Bytes), b)
	}
	return unpackInto(pix.Slice[uint64](dst.Bytes), b)
}

func unpackInto[T uint8 | uint16 | uint32 | uint64](out []T, b []byte) error {
	var value T
	at := 0
	for i := range out {
		if at >= len(b) {
			return errShort(i, len(out), len(b))
		}
		d := int8(b[at])
		at++
		if d != math.MinInt8 {
			value += T(d)
			out[i] = value
			continue
		}
		wide, n := wideDifference(b[at:])
		if n == 0 {
			return errShort(i, len(out), len(b))
		}
		at += n
		value += T(wide)
		out[i] = value
	}
	if at != len(b) {
		return fmt.Errorf("cbf: %d pixels take %d packed bytes, X-Binary-Size says %d", len(out), at, len(b))
	}
	return nil
}

// wideDifference reads what follows the byte -128, and how many bytes that takes; 0 when
// there are not enough.
func wideDifference(b []byte) (d int64, n int) {
	if len(b) < 2 {
		return 0, 0
	}
	if d := int16(binary.LittleEndian.Uint16(b)); d != math.MinInt16 {
		return int64(d), 2
	}
	if len(b) < 6 {
		return 0, 0
	}
	if d := int32(binary.LittleEndian.Uint32(b[2:])); d != math.MinInt32 {
		return int64(d), 6
	}
	if len(b) < 14 {
		return 0, 0
	}
	return int64(binary.LittleEndian.Uint64(b[6:])), 14
}

func errShort(i, pixels, packed int) error {
	return fmt.Errorf("cbf: the %d packed bytes end at pixel %d of %d", packed, i, pixels)
}
