package codec

import (
	"encoding/binary"

	"github.com/klauspost/compress/s2"
)

// Layout of a blosc 1 chunk (c-blosc's README_CHUNK_FORMAT): a header of 16 bytes,
//
//	0 format version  1 version of the codec's format  2 flags  3 element size
//	4 length of the data  8 length of a block  12 length of the chunk  (uint32, little endian)
//
// then either the data as they are (flag memcpyed), or the start of each block (int32
// from the start of the chunk) and the blocks. A block is one stream, or one for each
// byte of an element, each with its length (int32) in front; a stream of its data's
// length is stored as it is.
const (
	bloscHeader    = 16
	bloscFormat    = 2
	bloscShuffled  = 0x01
	bloscMemcpyed  = 0x02
	bloscBits      = 0x04
	bloscReserved  = 0x08
	bloscNoSplit   = 0x10
	bloscMaxSplits = 16  // larger elements are not split
	bloscMinSplit  = 128 // blocks of fewer elements are not split
)

// bloscChunk is the decoded header.
type bloscChunk struct {
	flags byte
	elem  int // bytes of one element
	total int // bytes of the data
	block int // bytes of a block
	codec func(dst, src []byte, s *Scratch) (int, error)
}

// decodeBlosc undoes filter 32001.
func decodeBlosc(dst, src []byte, _ []uint32, s *Scratch) (int, error) {
	h, src, err := readBloscHeader(src, len(dst))
	if err != nil || h.total == 0 {
		return 0, err
	}
	dst = dst[:h.total]
	if h.flags&bloscMemcpyed != 0 {
		if len(src) != bloscHeader+h.total {
			return 0, damaged("%d stored bytes of %d", len(src)-bloscHeader, h.total)
		}
		return copy(dst, src[bloscHeader:]), nil
	}
	blocks := (h.total + h.block - 1) / h.block
	if blocks > (len(src)-bloscHeader)/4 {
		return 0, errTruncated
	}
	for k := range blocks {
		start := uint64(binary.LittleEndian.Uint32(src[bloscHeader+4*k:]))
		if start > uint64(len(src)) {
			return 0, errTruncated
		}
		out := dst[k*h.block : min((k+1)*h.block, h.total)]
		if err := h.undoBlock(out, src[start:], s); err != nil {
			return 0, err
		}
	}
	return h.total, nil
}

// readBloscHeader checks the header and cuts src to the chunk's declared length.
func readBloscHeader(src []byte, room int) (bloscChunk, []byte, error) {
	var h bloscChunk
	if len(src) < bloscHeader {
		return h, nil, errTruncated
	}
	total, block := binary.LittleEndian.Uint32(src[4:]), binary.LittleEndian.Uint32(src[8:])
	stored := binary.LittleEndian.Uint32(src[12:])
	h = bloscChunk{flags: src[2], elem: int(src[3])}
	switch {
	case src[0] != bloscFormat:
		return h, nil, damaged("blosc format version %d, only %d is known", src[0], bloscFormat)
	case h.flags&bloscReserved != 0:
		return h, nil, damaged("unknown blosc flags %#02x", h.flags)
	case stored < bloscHeader || uint64(stored) > uint64(len(src)):
		return h, nil, damaged("%d bytes, the blosc header says %d", len(src), stored)
	case uint64(total) > uint64(room):
		return h, nil, errTooSmall
	case total > 0 && (block == 0 || uint64(block) > uint64(room)):
		return h, nil, damaged("blosc block of %d bytes", block)
	case h.elem == 0:
		return h, nil, damaged("blosc element size 0")
	}
	h.total, h.block = int(total), int(block)
	if h.codec = bloscCodec(h.flags >> 5); h.codec == nil {
		return h, nil, damaged("unknown blosc codec %d", h.flags>>5)
	}
	return h, src[:stored], nil
}

// bloscCodec gives the codec of the three top bits of the flags. LZ4 and LZ4HC share
// a format.
func bloscCodec(id byte) func(dst, src []byte, s *Scratch) (int, error) {
	switch id {
	case 0:
		return func(dst, src []byte, _ *Scratch) (int, error) { return decodeBloscLZ(dst, src) }
	case 1:
		return func(dst, src []byte, _ *Scratch) (int, error) { return len(dst), lz4Block(dst, src) }
	case 2:
		return func(dst, src []byte, _ *Scratch) (int, error) { return decodeSnappy(dst, src) }
	case 3:
		return func(dst, src []byte, s *Scratch) (int, error) { return decodeDeflate(dst, src, nil, s) }
	case 4:
		return func(dst, src []byte, s *Scratch) (int, error) { return decodeZstd(dst, src, nil, s) }
	}
	return nil
}

// undoBlock fills dst, one block, from the streams at the start of src.
func (h *bloscChunk) undoBlock(dst, src []byte, s *Scratch) error {
	streams := 1
	if h.flags&bloscNoSplit == 0 && h.elem <= bloscMaxSplits && h.block/h.elem >= bloscMinSplit && len(dst) == h.block {
		streams = h.elem
	}
	if len(dst)%streams != 0 {
		return damaged("blosc block of %d bytes in %d streams", len(dst), streams)
	}
	shuffled := h.flags&bloscShuffled != 0 && h.elem > 1
	bits := !shuffled && h.flags&bloscBits != 0 && len(dst) >= h.elem
	out := dst
	if shuffled || bits {
		out = grow(&s.block, len(dst))
	}
	n := len(dst) / streams
	for k := range streams {
		var err error
		if src, err = h.undoStream(out[k*n:(k+1)*n], src, s); err != nil {
			return err
		}
	}
	switch {
	case shuffled:
		unshuffleBytes(dst, out, h.elem)
	case bits:
		h.unshuffleBits(dst, out, s)
	}
	return nil
}

// undoStream fills dst from the stream at the start of src and returns what follows it.
func (h *bloscChunk) undoStream(dst, src []byte, s *Scratch) ([]byte, error) {
	if len(src) < 4 {
		return nil, errTruncated
	}
	size := uint64(binary.LittleEndian.Uint32(src))
	src = src[4:]
	if size > uint64(len(src)) {
		return nil, errTruncated
	}
	stream, rest := src[:size], src[size:]
	if len(stream) == len(dst) {
		copy(dst, stream)
		return rest, nil
	}
	n, err := h.codec(dst, stream, s)
	if err == nil && n != len(dst) {
		err = damaged("blosc stream of %d bytes, %d expected", n, len(dst))
	}
	return rest, err
}

// unshuffleBits undoes the bit shuffle of one block, which blosc leaves out where the
// number of elements is not a multiple of 8.
func (h *bloscChunk) unshuffleBits(dst, src []byte, s *Scratch) {
	n := len(dst) / h.elem
	if n%8 != 0 {
		copy(dst, src)
		return
	}
	size := n * h.elem
	bitUnshuffle(dst[:size], src[:size], grow(&s.plane, size), h.elem)
	copy(dst[size:], src[size:])
}

// decodeSnappy undoes one Snappy block.
func decodeSnappy(dst, src []byte) (int, error) {
	n, err := s2.DecodedLen(src)
	if err != nil {
		return 0, damaged("not a sound Snappy block")
	}
	if n > len(dst) {
		return 0, errTooSmall
	}
	if _, err := s2.Decode(dst[:n], src); err != nil {
		return 0, damaged("not a sound Snappy block")
	}
	return n, nil
}

// decodeBloscLZ undoes one BloscLZ stream, a descendant of FastLZ:
//
//	000LLLLL                            L+1 literal bytes follow (first byte of the
//	                                    stream: always literals, top bits ignored)
//	LLLooooo oooooooo                   copy L+2 bytes from o+1 bytes back (L = 1..6)
//	111ooooo L..L oooooooo              L+9 bytes, L = sum of bytes up to one below 255
//	LLL11111 [L..L] 11111111 hhhhhhhh llllllll   from hl+8192 bytes back
func decodeBloscLZ(dst, src []byte) (int, error) {
	const far = 31<<8 | 255 // this distance announces two bytes of distance beyond it
	if len(src) == 0 {
		return 0, nil
	}
	in, out := 0, 0
	for in < len(src) {
		c := int(src[in])
		if in == 0 {
			c &= 31
		}
		in++
		if c < 32 {
			n := c + 1
			if n > len(src)-in {
				return 0, errTruncated
			}
			if n > len(dst)-out {
				return 0, errTooSmall
			}
			copy(dst[out:], src[in:in+n])
			in, out = in+n, out+n
			continue
		}
		n := c>>5 + 2
		if n == 9 {
			for more := byte(255); more == 255; in++ {
				if in == len(src) {
					return 0, errTruncated
				}
				more = src[in]
				n += int(more)
			}
		}
		if in == len(src) {
			return 0, errTruncated
		}
		back := c&31<<8 | int(src[in])
		in++
		if back == far {
			if len(src)-in < 2 {
				return 0, errTruncated
			}
			back += int(src[in])<<8 | int(src[in+1])
			in += 2
		}
		if err := copyMatch(dst, out, back+1, n); err != nil {
			return 0, err
		}
		out += n
	}
	return out, nil
}
