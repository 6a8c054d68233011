//go:build !cgo || purego

package codec

import (
	"bytes"
	"errors"
	"io"

	"github.com/klauspost/compress/zlib"
)

// deflateState holds one zlib reader and one zlib writer with what they read and write.
type deflateState struct {
	in    bytes.Reader
	r     io.ReadCloser
	w     *zlib.Writer
	level int
	out   fixedWriter
	more  [1]byte
}

func (z *deflateState) close() {}

// fixedWriter writes into a slice and fails where it ends.
type fixedWriter struct {
	p []byte
	n int
}

func (w *fixedWriter) Write(p []byte) (int, error) {
	n := copy(w.p[w.n:], p)
	w.n += n
	if n < len(p) {
		return n, errOutput
	}
	return n, nil
}

// decodeDeflate undoes filter 1, a zlib stream (RFC 1950), whose Adler-32 sum is
// verified. Bytes behind the stream are ignored, as zlib and libhdf5 do.
func decodeDeflate(dst, src []byte, _ []uint32, s *Scratch) (int, error) {
	z := &s.deflate
	z.in.Reset(src)
	defer z.in.Reset(nil)
	var err error
	if z.r == nil {
		z.r, err = zlib.NewReader(&z.in)
	} else {
		err = z.r.(zlib.Resetter).Reset(&z.in, nil)
	}
	if err != nil {
		return 0, damaged("not a sound zlib stream")
	}
	n := 0
	for err == nil {
		room := dst[n:]
		if len(room) == 0 { // the sum is only looked at when reading on
			room = z.more[:]
		}
		var k int
		if k, err = z.r.Read(room); k > 0 && n == len(dst) {
			return 0, errTooSmall
		}
		n += k
	}
	if !errors.Is(err, io.EOF) {
		return 0, damaged("not a sound zlib stream")
	}
	return n, nil
}

// deflateBound is an upper bound of the zlib stream for n bytes: what does not shrink is
// stored in blocks of up to 64 KiB.
func deflateBound(n int) int { return n + n/8 + 1024 }

// errOutput tells that the compressed bytes do not fit into the output buffer.
var errOutput = errors.New("output buffer too small")

// encodeDeflate writes the zlib stream of src to the front of dst, which has
// deflateBound(len(src)) bytes, and returns its length. level is 1 to 9.
func encodeDeflate(dst, src []byte, level int, s *Scratch) (int, error) {
	z := &s.deflate
	z.out = fixedWriter{p: dst}
	defer func() { z.out.p = nil }()
	if z.w == nil || z.level != level {
		w, err := zlib.NewWriterLevel(&z.out, level)
		if err != nil {
			return 0, err
		}
		z.w, z.level = w, level
	} else {
		z.w.Reset(&z.out)
	}
	if _, err := z.w.Write(src); err != nil {
		return 0, err
	}
	if err := z.w.Close(); err != nil {
		return 0, err
	}
	return z.out.n, nil
}

// deflateLibraries names the library behind filter 1.
func deflateLibraries() string { return "klauspost/compress (read and write)" }
