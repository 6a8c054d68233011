package codec

import (
	"errors"

	"github.com/klauspost/compress/zstd"
)

// zstdState holds the zstd decoder and one encoder.
type zstdState struct {
	d      *zstd.Decoder
	e      *zstd.Encoder
	eLevel int
}

func (z *zstdState) close() {
	if z.d != nil {
		z.d.Close()
	}
	if z.e != nil {
		z.e.Close()
	}
}

// decodeZstd undoes filter 32015: one or more zstd frames (RFC 8878). A content
// checksum is verified where the frame has one.
func decodeZstd(dst, src []byte, _ []uint32, s *Scratch) (int, error) {
	z := &s.zstd
	if z.d == nil {
		d, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecodeAllCapLimit(true))
		if err != nil {
			return 0, err
		}
		z.d = d
	}
	if len(src) == 0 {
		return 0, errTruncated
	}
	out, err := z.d.DecodeAll(src, dst[:0:len(dst)])
	switch {
	case errors.Is(err, zstd.ErrDecoderSizeExceeded):
		return 0, errTooSmall
	case err != nil:
		return 0, damaged("not a sound zstd frame (%v)", err)
	case len(out) > len(dst):
		return 0, errTooSmall
	case len(out) > 0 && &out[0] != &dst[0]: // DecodeAll promises to stay in dst; pixels are worth a check
		copy(dst, out)
	}
	return len(out), nil
}

// zstdBound bounds the length of the zstd frame of n bytes: blocks of 128 KiB that do
// not shrink are stored with 3 bytes each, besides header and checksum.
func zstdBound(n int) int { return n + n>>10 + 1024 }

// encodeZstd appends the zstd frame of src to dst. level is zstd's (1 to 22).
func encodeZstd(dst, src []byte, level int, s *Scratch) ([]byte, error) {
	z := &s.zstd
	if z.e == nil || z.eLevel != level {
		e, err := zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1), zstd.WithEncoderLevel(zstd.EncoderLevelFromZstd(level)),
			zstd.WithEncoderCRC(false), zstd.WithSingleSegment(true), zstd.WithZeroFrames(true))
		if err != nil {
			return nil, err
		}
		if z.e != nil {
			z.e.Close()
		}
		z.e, z.eLevel = e, level
	}
	return z.e.EncodeAll(src, dst), nil
}
