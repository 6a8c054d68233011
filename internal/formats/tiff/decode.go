package tiff

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"github.com/klauspost/compress/zlib"
	"golang.org/x/image/tiff/lzw"

	"ptyprep/internal/imgproc/pix"
)

var nativeBig = binary.NativeEndian.Uint16([]byte{0, 1}) == 1

// readAt fills b; a file that became shorter is ErrTruncated.
func readAt(r io.ReaderAt, b []byte, at int64) error {
	n, err := r.ReadAt(b, at)
	if n == len(b) {
		return nil
	}
	if err == io.EOF {
		return fmt.Errorf("%w: %d bytes are needed at %d, %d are there", ErrTruncated, len(b), at, n)
	}
	return err
}

// readStrips reads plain strips straight into the image; strips that lie one behind the
// other in the file are read at once.
func (fr *Frame) readStrips(r io.ReaderAt, dst *pix.Image) error {
	c := fr.chunks
	strip := c.rows * fr.Cols * fr.Type.Size()
	for i := 0; i < c.down; {
		begin, at := i*strip, c.offsets[fr.first+i]+fr.shift
		end := min(begin+strip, len(dst.Bytes))
		for i++; i < c.down && c.offsets[fr.first+i]+fr.shift == at+int64(end-begin); i++ {
			end = min(end+strip, len(dst.Bytes))
		}
		if err := readAt(r, dst.Bytes[begin:end], at); err != nil {
			return err
		}
	}
	if fr.bigEndian != nativeBig {
		pix.SwapBytes(dst.Bytes, fr.Type.Size())
	}
	return nil
}

// readChunks unpacks strips or tiles one by one and copies their rows to their places.
func (fr *Frame) readChunks(r io.ReaderAt, dst *pix.Image) error {
	c, size := fr.chunks, fr.Type.Size()
	out := pix.Buffer(c.rows * c.cols * size)
	var u unpacker
	for k := range c.across * c.down {
		i := fr.first + k
		row0, col0 := k/c.across*c.rows, k%c.across*c.cols
		rows := c.rows
		if !c.tiled {
			rows = min(rows, fr.Rows-row0) // the last strip ends with the image
		}
		b := out[:rows*c.cols*size]
		if err := u.unpack(fr, r, i, b); err != nil {
			return fmt.Errorf("chunk %d: %w", k, err)
		}
		fr.undo(b, c.cols)
		n := min(c.cols, fr.Cols-col0) * size
		for y := range min(rows, fr.Rows-row0) {
			copy(dst.Bytes[((row0+y)*fr.Cols+col0)*size:][:n], b[y*c.cols*size:])
		}
	}
	return nil
}

// unpacker keeps its memory from chunk to chunk.
type unpacker struct {
	packed []byte
	in     bytes.Reader
	zlib   io.ReadCloser
}

// unpack fills out with the bytes of chunk i.
func (u *unpacker) unpack(fr *Frame, r io.ReaderAt, i int, out []byte) error {
	at, count := fr.chunks.offsets[i]+fr.shift, fr.chunks.counts[i]
	if fr.compression == plain {
		return readAt(r, out, at)
	}
	if int64(cap(u.packed)) < count {
		u.packed = make([]byte, count)
	}
	b := u.packed[:count]
	if err := readAt(r, b, at); err != nil {
		return err
	}
	u.in.Reset(b)
	switch fr.compression {
	case packBits:
		return unpackBits(out, b)
	case lzwPacked:
		z := lzw.NewReader(&u.in, lzw.MSB, 8)
		defer z.Close()
		return fill(z, out)
	}
	if u.zlib == nil {
		z, err := zlib.NewReader(&u.in)
		if err != nil {
			return fmt.Errorf("deflate: %w", atEOF(err))
		}
		u.zlib = z
	} else if err := u.zlib.(zlib.Resetter).Reset(&u.in, nil); err != nil {
		return fmt.Errorf("deflate: %w", atEOF(err))
	}
	if err := fill(u.zlib, out); err != nil {
		return err
	}
	// To the end, where zlib compares its check sum; a last strip may be packed at its full
	// length.
	whole := int64(fr.chunks.rows) * int64(fr.chunks.cols) * int64(fr.Type.Size())
	if _, err := io.CopyN(io.Discard, u.zlib, whole-int64(len(out))+1); err != nil && !errors.Is(err, io.EOF) {
		return fmt.Errorf("deflate: %w", atEOF(err))
	}
	return nil
}

// fill reads all of out from an unpacker.
func fill(z io.Reader, out []byte) error {
	n, err := io.ReadFull(z, out)
	if n == len(out) {
		return nil
	}
	if err == io.EOF || err == io.ErrUnexpectedEOF {
		return fmt.Errorf("the packed data hold %d bytes, expected %d", n, len(out))
	}
	return fmt.Errorf("the packed data are damaged: %w", err)
}

func atEOF(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return errors.New("the packed data end too early")
	}
	return err
}

// unpackBits undoes PackBits: a byte n of 0..127 says that n+1 bytes follow as they are,
// -127..-1 that the next byte stands 1-n times; -128 says nothing.
func unpackBits(out, b []byte) error {
	for len(out) > 0 {
		if len(b) < 2 {
			return fmt.Errorf("the packed data end %d bytes too early", len(out))
		}
		n := int(int8(b[0]))
		switch {
		case n == -128:
			b = b[1:]
		case n < 0:
			run := out[:min(1-n, len(out))]
			for i := range run {
				run[i] = b[1]
			}
			b, out = b[2:], out[len(run):]
		default:
			k := copy(out[:min(n+1, len(out))], b[1:])
			if k < min(n+1, len(out)) {
				return fmt.Errorf("the packed data end %d bytes too early", len(out)-k)
			}
			b, out = b[min(n+2, len(b)):], out[k:]
		}
	}
	return nil
}

// undo takes byte order and predictor out of the rows of a chunk.
func (fr *Frame) undo(b []byte, cols int) {
	size := fr.Type.Size()
	predictor := fr.predictor
	if fr.compression == plain {
		predictor = 1 // only packers predict
	}
	if predictor == predictFloat {
		row := make([]byte, cols*size)
		for ; len(b) > 0; b = b[cols*size:] {
			undoFloat(b[:cols*size], row, size)
		}
		return
	}
	if fr.bigEndian != nativeBig {
		pix.SwapBytes(b, size)
	}
	if predictor == predictDifference {
		switch size {
		case 1:
			addUp(pix.Slice[uint8](b), cols)
		case 2:
			addUp(pix.Slice[uint16](b), cols)
		case 4:
			addUp(pix.Slice[uint32](b), cols)
		case 8:
			addUp(pix.Slice[uint64](b), cols)
		}
	}
}

// addUp undoes predictor 2: each number is stored as its difference to the one on its left,
// modulo its size.
func addUp[T uint8 | uint16 | uint32 | uint64](p []T, cols int) {
	for ; len(p) > 0; p = p[cols:] {
		for i := 1; i < cols; i++ {
			p[i] += p[i-1]
		}
	}
}

// undoFloat undoes predictor 3 for one row: bytes are stored as differences to the one on
// their left, all most significant bytes of the row first, whatever the file's byte order
// (Adobe Photoshop TIFF technical note 3). row is scratch of the same length.
func undoFloat(b, row []byte, size int) {
	for i := 1; i < len(b); i++ {
		b[i] += b[i-1]
	}
	copy(row, b)
	cols := len(b) / size
	for i := range cols {
		for k := range size {
			to := size - 1 - k
			if nativeBig {
				to = k
			}
			b[i*size+to] = row[k*cols+i]
		}
	}
}
