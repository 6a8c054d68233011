package codec

import (
	"bytes"
	"compress/bzip2"
	"errors"
	"io"
)

// decodeBzip2 undoes filter 307: one bzip2 stream, whose checksums are verified. The
// standard library's reader cannot be used again, so each chunk costs its work space
// (4 bytes for each byte of the stream's block size, at most 3.6 MB).
func decodeBzip2(dst, src []byte, _ []uint32, _ *Scratch) (int, error) {
	r := bzip2.NewReader(bytes.NewReader(src))
	n, err := io.ReadFull(r, dst)
	if err == nil { // the last checksum is only looked at when reading on
		var more [1]byte
		var extra int
		if extra, err = io.ReadFull(r, more[:]); extra > 0 {
			return 0, errTooSmall
		}
		if errors.Is(err, io.EOF) {
			return n, nil
		}
	}
	// A stream that is shorter than dst ends with io.EOF from a reader that has met its
	// end mark; one that is cut off ends with io.ErrUnexpectedEOF from the bit reader.
	// io.ReadFull gives the second name to both, so ask the reader again.
	if _, again := r.Read(make([]byte, 1)); n > 0 && errors.Is(err, io.ErrUnexpectedEOF) && again == io.EOF {
		return n, nil
	}
	return 0, damaged("not a sound bzip2 stream (%v)", err)
}
