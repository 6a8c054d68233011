package codec

import (
	"encoding/binary"
)

// Values of the fifth parameter of filter 32008: what follows the bit shuffle.
const (
	bitshufflePlain = 0
	bitshuffleLZ4   = 2
	bitshuffleZstd  = 3
)

// maxBitshuffleElem bounds the element size that is believed: a pixel is never larger,
// and element sizes near 2^32 would overflow products on the way.
const maxBitshuffleElem = 1 << 16

// bitshuffleKind is the fifth of the filter's parameters: version (2 values), element
// size in bytes, block size in elements (0: default), compression, zstd level.
func bitshuffleKind(params []uint32) uint32 {
	if len(params) > 4 {
		return params[4]
	}
	return bitshufflePlain
}

// bitshuffleBlock is the default block size in elements: about 8 KiB, a multiple of 8,
// at least 128.
func bitshuffleBlock(elem int) int { return max(8192/elem/8*8, 128) }

// decodeBitshuffle undoes filter 32008 (Dectris, NanoMAX): the 12-byte header of
// readLZ4Header, then blocks of elements, each compressed with its length in front. The
// last block holds what is left in multiples of 8 elements; fewer than 8 elements at the
// end are stored as they are. Inside a block bit k of byte b of all n elements makes row
// 8b+k of n/8 bytes. Without compression there is no header and there are no lengths.
func decodeBitshuffle(dst, src []byte, params []uint32, s *Scratch) (int, error) {
	if len(params) < 3 || params[2] == 0 || params[2] > maxBitshuffleElem {
		return 0, damaged("parameters %v", params)
	}
	elem, kind := int(params[2]), bitshuffleKind(params)
	total, block := len(src), 0
	if kind == bitshufflePlain {
		if total > len(dst) {
			return 0, errTooSmall
		}
		if len(params) > 3 {
			block = int(params[3])
		}
		if block == 0 {
			block = bitshuffleBlock(elem)
		}
	} else {
		var err error
		if total, block, err = readLZ4Header(src, len(dst)); err != nil {
			return 0, err
		}
		block /= elem
		src = src[lz4Header:]
	}
	if block == 0 || block%8 != 0 {
		return 0, damaged("block of %d elements, not a multiple of 8", block)
	}
	if total%elem != 0 {
		return 0, damaged("%d bytes do not make whole elements of %d", total, elem)
	}
	return total, bitshuffleBlocks(dst[:total], src, elem, block, kind, s)
}

// bitshuffleBlocks undoes the blocks behind the header; see decodeBitshuffle.
func bitshuffleBlocks(dst, src []byte, elem, block int, kind uint32, s *Scratch) error {
	rest := len(dst) / elem
	for rest >= 8 {
		n := min(block, rest/8*8)
		size := n * elem
		var bits []byte
		if kind == bitshufflePlain {
			bits, src = src[:size], src[size:]
		} else {
			var packed []byte
			var err error
			if packed, src, err = nextBlock(src); err != nil {
				return err
			}
			bits = grow(&s.block, size)
			if err = unpackBits(bits, packed, kind, s); err != nil {
				return err
			}
		}
		bitUnshuffle(dst[:size], bits, grow(&s.plane, size), elem)
		dst = dst[size:]
		rest -= n
	}
	if len(src) < len(dst) {
		return errTruncated
	}
	copy(dst, src)
	return nil
}

// unpackBits fills dst from one compressed block.
func unpackBits(dst, packed []byte, kind uint32, s *Scratch) error {
	if kind == bitshuffleLZ4 {
		return lz4Block(dst, packed)
	}
	n, err := decodeZstd(dst, packed, nil, s)
	if err == nil && n != len(dst) {
		err = damaged("zstd block of %d bytes, %d expected", n, len(dst))
	}
	return err
}

// bitUnshuffle turns the bit rows of a multiple of 8 elements back into elements. tmp
// has the length of dst and bits; the three do not overlap.
func bitUnshuffle(dst, bits, tmp []byte, elem int) {
	n := len(bits) / elem
	if elem == 1 {
		bitPlanes(dst, bits, n)
		return
	}
	bitPlanes(tmp, bits, n)
	unshuffle(dst, tmp, elem)
}

// bitShuffle is the reverse of bitUnshuffle.
func bitShuffle(bits, src, tmp []byte, elem int) {
	n := len(src) / elem
	if elem == 1 {
		bitRows(bits, src, n)
		return
	}
	shuffle(tmp, src, elem)
	bitRows(bits, tmp, n)
}

// encodeBitshuffleLZ4 appends the filter 32008 chunk of src, with LZ4 and the default
// block size, to dst, which has the room for it.
func encodeBitshuffleLZ4(dst, src []byte, elem int, s *Scratch) ([]byte, error) {
	block := bitshuffleBlock(elem)
	dst = binary.BigEndian.AppendUint64(dst, uint64(len(src)))
	dst = binary.BigEndian.AppendUint32(dst, uint32(block*elem))
	for len(src) >= 8*elem {
		size := min(block, len(src)/elem/8*8) * elem
		bits := grow(&s.block, size)
		bitShuffle(bits, src[:size], grow(&s.plane, size), elem)
		var err error
		if dst, err = appendLZ4Block(dst, bits, false, s); err != nil {
			return nil, err
		}
		src = src[size:]
	}
	return append(dst, src...), nil
}
