package cbf

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"io"
	"strconv"
	"strings"

	"ptyprep/internal/formats/rawfile"
	"ptyprep/internal/imgproc/pix"
)

const (
	firstRead = 4 << 10
	maxHeader = 1 << 20
	magic     = "###CBF:"
	section   = "--CIF-BINARY-FORMAT-SECTION--"
	// pixelMark stands in front of the packed pixels: end of page, of text, of transmission,
	// and a byte that no text has.
	pixelMark = "\x0c\x1a\x04\xd5"
)

// elementTypes are the values of X-Binary-Element-Type.
var elementTypes = map[string]pix.Type{
	"signed 8-bit integer": pix.Int8, "unsigned 8-bit integer": pix.Uint8,
	"signed 16-bit integer": pix.Int16, "unsigned 16-bit integer": pix.Uint16,
	"signed 32-bit integer": pix.Int32, "unsigned 32-bit integer": pix.Uint32,
	"signed 64-bit integer": pix.Int64, "unsigned 64-bit integer": pix.Uint64,
}

// readHeader gives the bytes up to and with the mark in front of the pixels.
func readHeader(r io.ReaderAt, size int64) ([]byte, error) {
	if size <= 0 {
		return nil, fmt.Errorf("cbf: %w: it is empty (0 bytes)", ErrTruncated)
	}
	for n := min(size, firstRead); ; n = min(size, maxHeader, 4*n) {
		b := make([]byte, n)
		if got, err := r.ReadAt(b, 0); int64(got) < n {
			if err == io.EOF {
				return nil, fmt.Errorf("cbf: %w: %d bytes are there, %d were when it was opened", ErrTruncated, got, size)
			}
			return nil, fmt.Errorf("cbf: the header could not be read: %w", err)
		}
		if head := b[:min(len(b), len(magic))]; !strings.HasPrefix(magic, string(head)) {
			return nil, fmt.Errorf("cbf: %w: it begins with %q, expected %q", ErrNotCBF, b[:min(16, len(b))], magic)
		}
		if at := bytes.Index(b, []byte(pixelMark)); at >= 0 {
			return b[:at+len(pixelMark)], nil
		}
		if n == size {
			return nil, fmt.Errorf("cbf: %w: the header has no end (bytes 0c 1a 04 d5)", ErrTruncated)
		}
		if n == maxHeader {
			return nil, fmt.Errorf("cbf: the header has no end (bytes 0c 1a 04 d5) within %d bytes", n)
		}
	}
}

// parseHeader notes the lines of both parts of the header.
func (f *File) parseHeader(b []byte) {
	head, mime, _ := strings.Cut(rawfile.Text(b), section)
	contents := 0 // 1 behind _array_data.header_contents, 2 between the ";" lines that follow
	for line := range strings.SplitSeq(head, "\n") {
		line = strings.TrimSpace(line)
		if rest, ok := strings.CutPrefix(line, "_array_data.header_convention"); ok {
			f.Convention = strings.Trim(rest, " \t\"'")
		} else if strings.HasPrefix(line, "_array_data.header_contents") {
			contents = 1
		} else if line == ";" && contents > 0 {
			contents = (contents + 1) % 3
		} else if rest, ok := strings.CutPrefix(line, "#"); ok && contents == 2 && rest != "" {
			f.Detector = append(f.Detector, detectorEntry(rest))
		}
	}
	for line := range strings.SplitSeq(unfold(mime), "\n") {
		if key, value, ok := strings.Cut(line, ":"); ok {
			f.Section = append(f.Section, Entry{strings.TrimSpace(key), strings.TrimSpace(value)})
		}
	}
}

// unfold puts lines that begin with a blank behind the one that they continue.
func unfold(text string) string {
	var b strings.Builder
	for line := range strings.SplitSeq(text, "\n") {
		trimmed := strings.TrimSpace(line)
		if trimmed != "" && (line[0] == ' ' || line[0] == '\t') {
			b.WriteString(" " + trimmed)
		} else {
			b.WriteString("\n" + trimmed)
		}
	}
	return b.String()
}

// detectorEntry takes "Exposure_time 1.0 s", "Detector: PILATUS" and "N_excluded_pixels = 5"
// apart. A line of one word (the date) has no value.
func detectorEntry(line string) Entry {
	line = strings.TrimSpace(line)
	i := strings.IndexAny(line, " \t")
	if i < 0 {
		return Entry{Key: line}
	}
	value := strings.TrimSpace(line[i:])
	if v, ok := strings.CutPrefix(value, "="); ok {
		value = strings.TrimSpace(v)
	}
	return Entry{strings.TrimRight(line[:i], ":="), value}
}

// describe understands the section in front of the pixels and checks it against the size.
func (f *File) describe(size int64) error {
	conversion, _ := lookUp(f.Section, "Content-Type")
	if !strings.Contains(strings.ToUpper(conversion), "X-CBF_BYTE_OFFSET") {
		return fmt.Errorf("cbf: the pixels are packed by %q, only x-CBF_BYTE_OFFSET is supported", conversion)
	}
	if e, ok := lookUp(f.Section, "Content-Transfer-Encoding"); ok && !strings.EqualFold(e, "BINARY") {
		return fmt.Errorf("cbf: Content-Transfer-Encoding is %q, only BINARY is supported", e)
	}
	if o, ok := lookUp(f.Section, "X-Binary-Element-Byte-Order"); ok && !strings.EqualFold(o, "LITTLE_ENDIAN") {
		return fmt.Errorf("cbf: X-Binary-Element-Byte-Order is %q, expected LITTLE_ENDIAN", o)
	}
	name, ok := lookUp(f.Section, "X-Binary-Element-Type")
	if !ok {
		return fmt.Errorf("cbf: the header has no X-Binary-Element-Type")
	}
	if f.Type, ok = elementTypes[strings.Join(strings.Fields(strings.ToLower(strings.Trim(name, `"`))), " ")]; !ok {
		return fmt.Errorf("cbf: X-Binary-Element-Type is %s, only integers of 8, 16, 32 and 64 bits are supported", name)
	}
	if err := f.dimensions(size); err != nil {
		return err
	}
	if text, ok := lookUp(f.Section, "Content-MD5"); ok && text != "" {
		sum, err := base64.StdEncoding.DecodeString(text)
		if err != nil || len(sum) != 16 {
			return fmt.Errorf("cbf: Content-MD5 is %q, expected base64 of 16 bytes", text)
		}
		f.sum = sum
	}
	return nil
}

// dimensions reads the sizes. An element takes at least one packed byte, so the number of
// pixels is bounded by the length of the file.
func (f *File) dimensions(size int64) error {
	packed, err := f.number("X-Binary-Size")
	if err != nil {
		return err
	}
	cols, err := f.number("X-Binary-Size-Fastest-Dimension")
	if err != nil {
		return err
	}
	rows, err := f.number("X-Binary-Size-Second-Dimension")
	if err != nil {
		return err
	}
	if _, ok := lookUp(f.Section, "X-Binary-Size-Third-Dimension"); ok {
		if n, err := f.number("X-Binary-Size-Third-Dimension"); err != nil || n != 1 {
			return fmt.Errorf("cbf: X-Binary-Size-Third-Dimension is %d, only single images are supported", n)
		}
	}
	if there := size - f.Offset; packed > there {
		return fmt.Errorf("cbf: %w: X-Binary-Size says %d bytes of packed pixels, %d are there", ErrTruncated, packed, there)
	}
	if cols > packed || rows > packed/cols {
		return fmt.Errorf("cbf: %d rows x %d columns do not fit %d bytes of packed pixels (X-Binary-Size)", rows, cols, packed)
	}
	if _, ok := lookUp(f.Section, "X-Binary-Number-of-Elements"); ok {
		n, err := f.number("X-Binary-Number-of-Elements")
		if err != nil {
			return err
		}
		if n != rows*cols {
			return fmt.Errorf("cbf: X-Binary-Number-of-Elements is %d, expected %d rows x %d columns = %d", n, rows, cols, rows*cols)
		}
	}
	f.Rows, f.Cols, f.Packed = int(rows), int(cols), packed
	return nil
}

func (f *File) number(key string) (int64, error) {
	text, ok := lookUp(f.Section, key)
	if !ok {
		return 0, fmt.Errorf("cbf: the header has no %s", key)
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n <= 0 {
		return 0, fmt.Errorf("cbf: %s is %q, expected a whole number of at least 1", key, text)
	}
	return n, nil
}
