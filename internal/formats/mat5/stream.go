package mat5

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"ptyprep/internal/imgproc/pix"
)

// stream reads elements one behind the other, never more than left bytes.
type stream struct {
	r     io.Reader
	left  int64
	done  int64
	order binary.ByteOrder
}

func (f *File) stream(at, length int64, use *buffers) *stream {
	section := io.NewSectionReader(f.source, at, length)
	if use.file == nil {
		use.file = bufio.NewReaderSize(section, 4096)
	}
	use.file.Reset(section)
	return &stream{r: use.file, left: length, order: f.order}
}

// readFull fills b; an early end is ErrTruncated.
func readFull(r io.Reader, b []byte) error {
	n, err := io.ReadFull(r, b)
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return fmt.Errorf("%w: %d bytes were to be read, %d are there", ErrTruncated, len(b), n)
	}
	return err
}

func atEOF(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return ErrTruncated
	}
	return err
}

// bytes fills b from the stream.
func (s *stream) bytes(b []byte) error {
	if int64(len(b)) > s.left {
		return fmt.Errorf("%w: %d bytes were to be read, the element has %d left", ErrTruncated, len(b), s.left)
	}
	s.left -= int64(len(b))
	s.done += int64(len(b))
	return readFull(s.r, b)
}

// skip passes over n bytes, or what is left: padding behind a last element may be missing.
func (s *stream) skip(n int64) error {
	n = min(n, s.left)
	s.left -= n
	s.done += n
	got, err := io.CopyN(io.Discard, s.r, n)
	if errors.Is(err, io.EOF) {
		return fmt.Errorf("%w: %d bytes were to be read, %d are there", ErrTruncated, n, got)
	}
	return err
}

// tag reads the head of an element: its data type, the length of its data, and how many
// bytes of padding follow them. In the small form the data are in the tag's second word.
func (s *stream) tag() (kind uint32, length, padding int64, err error) {
	var b [8]byte
	if err := s.bytes(b[:4]); err != nil {
		return 0, 0, 0, err
	}
	word := s.order.Uint32(b[:])
	if n := word >> 16; n != 0 {
		if n > 4 {
			return 0, 0, 0, fmt.Errorf("a small element has %d bytes, expected at most 4", n)
		}
		return word & 0xffff, int64(n), int64(4 - n), nil
	}
	if err := s.bytes(b[4:]); err != nil {
		return 0, 0, 0, err
	}
	length = int64(s.order.Uint32(b[4:]))
	return word, length, (-length) & 7, nil
}

// small reads an element that must be of one kind and not longer than limit.
func (s *stream) small(what string, kind uint32, limit int64) ([]byte, error) {
	k, n, pad, err := s.tag()
	if err != nil {
		return nil, fmt.Errorf("%s: %w", what, err)
	}
	if k != kind {
		return nil, fmt.Errorf("%s: the element has type %d, expected %d", what, k, kind)
	}
	if n > limit {
		return nil, fmt.Errorf("%s: the element has %d bytes, expected at most %d", what, n, limit)
	}
	b := make([]byte, n)
	if err := s.bytes(b); err != nil {
		return nil, fmt.Errorf("%s: %w", what, err)
	}
	return b, s.skip(pad)
}

// describe reads flags, dimensions and name, which stand in front of a matrix's data.
func (s *stream) describe(v *Var) error {
	flags, err := s.small("array flags", miUint32, 8)
	if err != nil {
		return err
	}
	if len(flags) != 8 {
		return fmt.Errorf("array flags: %d bytes, expected 8", len(flags))
	}
	word := s.order.Uint32(flags)
	class, logical := word&0xff, word&0x200 != 0
	v.Complex = word&0x800 != 0
	if int(class) < len(classes) && classes[class].name != "" {
		v.Class, v.Type = classes[class].name, classes[class].typ
	} else {
		v.Class = fmt.Sprintf("class %d", class)
	}
	if logical && v.Class == "uint8" {
		v.Class, v.Type = "logical", pix.Bool
	}
	if class == 17 { // opaque objects have no dimensions
		return nil
	}
	dims, err := s.small("dimensions", miInt32, 4*maxDims)
	if err != nil {
		return err
	}
	for i := 0; i+4 <= len(dims); i += 4 {
		n := int32(s.order.Uint32(dims[i:]))
		if n < 0 {
			return fmt.Errorf("dimension %d is %d", i/4+1, n)
		}
		v.Dims = append(v.Dims, int64(n))
	}
	name, err := s.small("name", miInt8, maxName)
	if err != nil {
		return err
	}
	v.Name = string(name)
	return nil
}

// matrix reads the real part, whose numbers may be stored in another type than the class's.
func (s *stream) matrix(v *Var, rows, cols int64, dst *pix.Image) error {
	kind, length, _, err := s.tag()
	if err != nil {
		return err
	}
	if int(kind) >= len(storage) || storage[kind] == pix.Invalid {
		return fmt.Errorf("the numbers are stored as type %d, expected a number type", kind)
	}
	stored := storage[kind]
	if want := rows * cols * int64(stored.Size()); length != want {
		return fmt.Errorf("%d x %d numbers of %v take %d bytes, the element has %d", rows, cols, stored, want, length)
	}
	if length > s.left {
		return fmt.Errorf("%w: the numbers take %d bytes, the element has %d left", ErrTruncated, length, s.left)
	}
	if v.compressed {
		if err := s.unpack(length); err != nil {
			return err
		}
	}
	dst.Resize(v.Type, int(rows), int(cols))
	// Whole columns at a time, about 64 kB: transposing through a small buffer reads and
	// writes memory in runs.
	block := max(1, min(cols, 64<<10/(rows*int64(stored.Size()))))
	buf := pix.Buffer(int(block * rows * int64(stored.Size())))
	for c := int64(0); c < cols; c += block {
		n := min(block, cols-c)
		b := buf[:n*rows*int64(stored.Size())]
		if err := s.bytes(b); err != nil {
			return err
		}
		if s.order.Uint16([]byte{1, 0}) != binary.NativeEndian.Uint16([]byte{1, 0}) {
			pix.SwapBytes(b, stored.Size())
		}
		if err := place(dst, stored, b, int(c), int(n)); err != nil {
			return err
		}
	}
	return nil
}

// unpack replaces a packed stream by its next n bytes, read to its end so that zlib compares
// its check sum. The buffer grows with what really comes out: a false length costs nothing.
func (s *stream) unpack(n int64) error {
	var b bytes.Buffer
	if got, err := io.CopyN(&b, s.r, n); errors.Is(err, io.EOF) {
		return fmt.Errorf("%w: the numbers take %d bytes, %d come out of the packed data", ErrTruncated, n, got)
	} else if err != nil {
		return fmt.Errorf("the packed data: %w", atEOF(err))
	}
	s.left -= n
	if err := s.skip(s.left); err != nil {
		return fmt.Errorf("the packed data: %w", atEOF(err))
	}
	var more [1]byte
	if k, err := s.r.Read(more[:]); k > 0 {
		return fmt.Errorf("the packed data go on behind the matrix")
	} else if err != nil && err != io.EOF {
		return fmt.Errorf("the packed data: %w", atEOF(err))
	}
	s.r, s.left = &b, n
	return nil
}

// place writes n columns, read in column-major order, into dst from column c on.
func place(dst *pix.Image, stored pix.Type, b []byte, c, n int) error {
	switch stored {
	case pix.Int8:
		return placeAs(dst, pix.Slice[int8](b), c, n)
	case pix.Uint8:
		return placeAs(dst, pix.Slice[uint8](b), c, n)
	case pix.Int16:
		return placeAs(dst, pix.Slice[int16](b), c, n)
	case pix.Uint16:
		return placeAs(dst, pix.Slice[uint16](b), c, n)
	case pix.Int32:
		return placeAs(dst, pix.Slice[int32](b), c, n)
	case pix.Uint32:
		return placeAs(dst, pix.Slice[uint32](b), c, n)
	case pix.Int64:
		return placeAs(dst, pix.Slice[int64](b), c, n)
	case pix.Uint64:
		return placeAs(dst, pix.Slice[uint64](b), c, n)
	case pix.Float32:
		return placeAs(dst, pix.Slice[float32](b), c, n)
	}
	return placeAs(dst, pix.Slice[float64](b), c, n)
}

func placeAs[S pix.Number](dst *pix.Image, in []S, c, n int) error {
	switch dst.Type {
	case pix.Bool:
		out, cols := dst.Bytes, dst.Cols
		for k := range n {
			for r, v := range in[k*dst.Rows : (k+1)*dst.Rows] {
				out[r*cols+c+k] = 0
				if v != 0 {
					out[r*cols+c+k] = 1
				}
			}
		}
		return nil
	case pix.Int8:
		return convert[S, int8](dst, in, c, n)
	case pix.Uint8:
		return convert[S, uint8](dst, in, c, n)
	case pix.Int16:
		return convert[S, int16](dst, in, c, n)
	case pix.Uint16:
		return convert[S, uint16](dst, in, c, n)
	case pix.Int32:
		return convert[S, int32](dst, in, c, n)
	case pix.Uint32:
		return convert[S, uint32](dst, in, c, n)
	case pix.Int64:
		return convert[S, int64](dst, in, c, n)
	case pix.Uint64:
		return convert[S, uint64](dst, in, c, n)
	case pix.Float32:
		return convert[S, float32](dst, in, c, n)
	}
	return convert[S, float64](dst, in, c, n)
}

// convert writes numbers of the stored type as numbers of the class. MATLAB stores them
// narrower only when none is changed by that; anything else is damage.
func convert[S, D pix.Number](dst *pix.Image, in []S, c, n int) error {
	out, cols, rows := pix.Pixels[D](dst), dst.Cols, dst.Rows
	for r := range rows {
		row := out[r*cols+c : r*cols+c+n]
		for k := range row {
			v := in[k*rows+r]
			d := D(v)
			if S(d) != v && (v == v || !dst.Type.IsFloat()) || (d < 0) != (v < 0) {
				return fmt.Errorf("row %d, column %d: %v does not fit the class %v", r+1, c+k+1, v, dst.Type)
			}
			row[k] = d
		}
	}
	return nil
}
