package codec

import (
	"encoding/binary"

	"github.com/pierrec/lz4/v4"
)

// lz4State holds the hash table of the LZ4 compressor.
type lz4State struct {
	c lz4.Compressor
}

// lz4Header is the length of the header of filters 32004 and 32008.
const lz4Header = 12

// readLZ4Header reads the header that filters 32004 and 32008 share: the length of the
// data (8 bytes) and of a block (4 bytes), both in bytes and big endian.
func readLZ4Header(src []byte, room int) (total, block int, err error) {
	if len(src) < lz4Header {
		return 0, 0, errTruncated
	}
	declared := binary.BigEndian.Uint64(src)
	if declared > uint64(room) {
		return 0, 0, errTooSmall
	}
	return int(declared), int(binary.BigEndian.Uint32(src[8:])), nil
}

// nextBlock reads the big-endian length (4 bytes) in front of a compressed block and
// returns the block and what follows it.
func nextBlock(src []byte) (block, rest []byte, err error) {
	if len(src) < 4 {
		return nil, nil, errTruncated
	}
	n := uint64(binary.BigEndian.Uint32(src))
	if n > uint64(len(src)-4) {
		return nil, nil, errTruncated
	}
	return src[4 : 4+n], src[4+n:], nil
}

// lz4Block fills dst from one raw LZ4 block.
func lz4Block(dst, src []byte) error {
	n, err := lz4.UncompressBlock(src, dst)
	if err != nil {
		return damaged("not a sound LZ4 block")
	}
	if n != len(dst) {
		return damaged("LZ4 block of %d bytes, %d expected", n, len(dst))
	}
	return nil
}

// decodeLZ4 undoes filter 32004: the header, then blocks of the header's block length
// (the last one shorter), each with its compressed length in front. A block whose
// compressed length equals its length is stored as it is.
// Format: The HDF Group's HDF5_LZ4 description.
func decodeLZ4(dst, src []byte, _ []uint32, _ *Scratch) (int, error) {
	total, size, err := readLZ4Header(src, len(dst))
	if err != nil {
		return 0, err
	}
	if size == 0 && total > 0 {
		return 0, damaged("block length 0")
	}
	src = src[lz4Header:]
	for at := 0; at < total; {
		out := dst[at:min(at+size, total)]
		var block []byte
		if block, src, err = nextBlock(src); err != nil {
			return 0, err
		}
		if len(block) == len(out) {
			copy(out, block)
		} else if err := lz4Block(out, block); err != nil {
			return 0, err
		}
		at += len(out)
	}
	return total, nil
}

// lz4MaxBlock is the block length of filter 32004 for chunks that are longer. The
// plugin's own default is 1 GiB; this keeps the scratch memory small.
const lz4MaxBlock = 1 << 22

// lz4Bound bounds the length of an LZ4 chunk or bitshuffle chunk of n bytes: LZ4 adds
// 1 byte in 255, and each block its length.
func lz4Bound(n, block int) int {
	return lz4Header + lz4.CompressBlockBound(n) + (n/max(block, 1)+2)*(4+16)
}

// appendLZ4Block appends the LZ4 block of src, with its length in front, to dst, which
// has the room for it. raw allows to store a block that does not shrink as it is.
func appendLZ4Block(dst, src []byte, raw bool, s *Scratch) ([]byte, error) {
	at := len(dst)
	room := dst[at+4 : at+4+lz4.CompressBlockBound(len(src))]
	n, err := s.lz4.c.CompressBlock(src, room)
	if err != nil {
		return nil, err
	}
	switch {
	case raw && (n == 0 || n >= len(src)):
		n = copy(room, src)
	case n == 0:
		n = lz4Literals(room, src)
	}
	binary.BigEndian.PutUint32(dst[at:at+4], uint32(n))
	return dst[:at+4+n], nil
}

// lz4Literals writes src as an LZ4 block of one literal run, for data that the
// compressor gives up on where the format knows no stored block.
func lz4Literals(dst, src []byte) int {
	at := 1
	if n := len(src); n < 15 {
		dst[0] = byte(n << 4)
	} else {
		dst[0] = 15 << 4
		for n -= 15; n >= 255; n -= 255 {
			dst[at] = 255
			at++
		}
		dst[at] = byte(n)
		at++
	}
	return at + copy(dst[at:], src)
}

// encodeLZ4 appends the filter 32004 chunk of src to dst, which has the room for it.
func encodeLZ4(dst, src []byte, s *Scratch) ([]byte, error) {
	block := min(max(len(src), 1), lz4MaxBlock)
	dst = binary.BigEndian.AppendUint64(dst, uint64(len(src)))
	dst = binary.BigEndian.AppendUint32(dst, uint32(block))
	for len(src) > 0 {
		n := min(block, len(src))
		var err error
		if dst, err = appendLZ4Block(dst, src[:n], true, s); err != nil {
			return nil, err
		}
		src = src[n:]
	}
	return dst, nil
}
