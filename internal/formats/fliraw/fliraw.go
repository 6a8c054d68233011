// Package fliraw reads the .raw files that FLI CCD servers write (version 1.20): a text
// header of "% name value" lines that ends with "% EOH", usually one byte 0x1A, then
// rows x columns little-endian uint16 counts, which are the last bytes of the file.
//
// Header fields are looked up by their name, never by their line. The byte layout and what
// is refused stand in docs/formats/fliraw.md.
package fliraw

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"

	"ptyprep/internal/formats/rawfile"
	"ptyprep/internal/imgproc/pix"
)

const (
	// maxHeader is how far "% EOH" is looked for.
	maxHeader = 64 << 10
	// firstRead holds the usual header of some 340 bytes.
	firstRead = 1 << 10
	// marker may stand between header and pixels; it is DOS's end-of-text character.
	marker = 0x1A
)

// ErrTruncated is wrapped by every error about a file that ends before its header or its
// pixels do. A file that is still being written gives it too.
var ErrTruncated = errors.New("the file ends too early")

// Field is one "% name value" line; Value is the text behind the name, without blanks
// around it.
type Field struct{ Name, Value string }

// Header is the text of a file. It can be looked up by the names in the file and by those
// which the FliSpecScanMultexp recipe uses (see Get).
type Header struct{ fields []Field }

// File is an opened FLI raw file. It is safe for concurrent Read.
type File struct {
	rawfile.Handle

	Header     Header
	Rows, Cols int
	// Offset is the place of the first pixel in the file.
	Offset int64

	source   io.ReaderAt
	warnings []string
}

// aliases are the recipe's names for fields of the file. The binning names are crossed
// over ("rows" for horizontal) as recipes of the optics lab have always had them.
var aliases = map[string]string{
	"cam_server_version": "version",
	"ccd_model":          "CCD_model",
	"cols":               "columns",
	"exp_time_theory":    "exptimesec_client",
	"exp_time_measured":  "exptimesec_measured",
	"exp_time":           "exptimesec",
	"binning_rows":       "binning_horizontal",
	"binning_cols":       "binning_vertical",
	"roi_visible":        "area_visible",
	"roi_set":            "ROI",
}

// Open reads the header of a file and keeps it open for Read; errors name the path.
func Open(path string) (*File, error) {
	f, handle, err := rawfile.Open("fliraw", path, Parse)
	if err != nil {
		return nil, err
	}
	f.Handle = handle
	return f, nil
}

// ReadFile reads the pixels of the file at path into dst and gives its header.
func ReadFile(path string, dst *pix.Image) (Header, error) {
	f, err := Open(path)
	if err != nil {
		return Header{}, err
	}
	defer f.Close()
	if err := f.Read(dst); err != nil {
		return Header{}, fmt.Errorf("%s: %w", path, err)
	}
	return f.Header, nil
}

// Parse reads the header of the FLI file in the first size bytes of r, which must stay
// readable while the pixels are read.
func Parse(r io.ReaderAt, size int64) (*File, error) {
	if size <= 0 {
		return nil, fmt.Errorf("fliraw: %w: it is empty (0 bytes)", ErrTruncated)
	}
	head, err := readHeader(r, size)
	if err != nil {
		return nil, err
	}
	f := &File{source: r}
	f.parseHeader(head)
	rows, err := f.Header.dimension("rows")
	if err != nil {
		return nil, err
	}
	cols, err := f.Header.dimension("columns")
	if err != nil {
		return nil, err
	}
	if err = f.locate(int64(len(head)), size, rows, cols); err != nil {
		return nil, err
	}
	f.Rows, f.Cols = int(rows), int(cols)
	return f, nil
}

// readHeader gives the bytes up to the line end of the first line that contains "EOH".
func readHeader(r io.ReaderAt, size int64) ([]byte, error) {
	limit := min(size, maxHeader)
	for n := min(limit, firstRead); ; n = min(limit, 4*n) {
		b := make([]byte, n)
		if err := readFull(r, b, 0); err != nil {
			return nil, fmt.Errorf("fliraw: the header could not be read: %w", err)
		}
		if at := bytes.Index(b, []byte("EOH")); at >= 0 {
			if end := bytes.IndexByte(b[at:], '\n'); end >= 0 {
				return b[:at+end+1], nil
			}
		}
		if n == limit {
			if bytes.IndexByte(b, '%') < 0 {
				return nil, fmt.Errorf("fliraw: no header: the file begins with %q, expected \"%% version\"; there is no \"%% EOH\" line within %d bytes", b[:min(16, n)], n)
			}
			return nil, fmt.Errorf("fliraw: the header has no \"%% EOH\" line within the first %d bytes", n)
		}
	}
}

// parseHeader notes the fields. Lines that do not begin with "%" (the line end which the
// time stamp brings along) say nothing.
func (f *File) parseHeader(head []byte) {
	for line := range strings.SplitSeq(rawfile.Text(head), "\n") {
		line, ok := strings.CutPrefix(strings.TrimSpace(line), "%")
		if !ok {
			continue
		}
		line = strings.TrimSpace(line)
		name, value := line, ""
		if i := strings.IndexAny(line, " \t"); i >= 0 {
			name, value = line[:i], strings.TrimSpace(line[i:])
		}
		if name == "" {
			continue
		}
		if old, ok := f.Header.Get(name); ok && old != value && len(f.warnings) < 10 {
			f.warnings = append(f.warnings, fmt.Sprintf("the header has two %q lines (%s, %s), the last one counts", name, old, value))
		}
		f.Header.fields = append(f.Header.fields, Field{name, value})
	}
}

// locate checks that header, at most one marker byte and the pixels make up the file, and
// notes the offset of the pixels.
func (f *File) locate(head, size, rows, cols int64) error {
	behind := size - head
	if rows > (1<<61)/cols {
		return fmt.Errorf("fliraw: %w: rows %d x columns %d is more than any file holds, %d bytes are behind the header", ErrTruncated, rows, cols, behind)
	}
	need := 2 * rows * cols
	var b [1]byte
	if behind > 0 {
		if err := readFull(f.source, b[:], head); err != nil {
			return fmt.Errorf("fliraw: the file could not be read: %w", err)
		}
	}
	switch {
	case behind < need:
		if behind > 0 && b[0] == marker {
			behind--
		}
		return fmt.Errorf("fliraw: %w: rows %d x columns %d of 2 bytes need %d bytes behind the header, %d are there", ErrTruncated, rows, cols, need, behind)
	case behind > need+1:
		return fmt.Errorf("fliraw: rows %d x columns %d of 2 bytes need %d bytes behind the header, %d are there, and at most one byte 0x1A may stand in between: a file of another shape", rows, cols, need, behind)
	case behind == need+1 && b[0] != marker:
		return fmt.Errorf("fliraw: the byte between header and pixels is %#02x, expected 0x1a or none (rows %d x columns %d need %d bytes, %d are there)", b[0], rows, cols, need, behind)
	}
	if behind == need && b[0] == marker {
		f.warnings = append(f.warnings, "the first pixel byte is 0x1a and there is no marker in front of it: if this camera writes the marker, the file has lost its last byte and its pixels are wrong")
	}
	f.Offset = size - need
	return nil
}

// readFull fills b from an offset; a file that became shorter is ErrTruncated.
func readFull(r io.ReaderAt, b []byte, at int64) error {
	n, err := r.ReadAt(b, at)
	if n == len(b) {
		return nil
	}
	if err == io.EOF {
		return fmt.Errorf("%w: %d bytes were to be read, %d are there", ErrTruncated, len(b), n)
	}
	return err
}

// Read puts the pixels into dst as uint16 in native byte order; dst keeps its memory when
// that is large enough.
func (f *File) Read(dst *pix.Image) error {
	dst.Resize(pix.Uint16, f.Rows, f.Cols)
	if err := readFull(f.source, dst.Bytes, f.Offset); err != nil {
		return fmt.Errorf("fliraw: pixels: %w", err)
	}
	if binary.NativeEndian.Uint16([]byte{0, 1}) == 1 {
		pix.SwapBytes(dst.Bytes, 2)
	}
	return nil
}

// Warnings tells what was odd in the file and how it was understood.
func (f *File) Warnings() []string { return f.warnings }

// Fields lists the header in file order, "EOH" included.
func (h Header) Fields() []Field { return h.fields }

// Get gives the text of a field by its name in the file ("exptimesec"), or by the recipe's
// name for it: cam_server_version, ccd_model, cols, exp_time_theory, exp_time_measured,
// exp_time, binning_rows, binning_cols, roi_visible, roi_set.
func (h Header) Get(name string) (string, bool) {
	for i := len(h.fields) - 1; i >= 0; i-- {
		if h.fields[i].Name == name {
			return h.fields[i].Value, true
		}
	}
	if in, ok := aliases[name]; ok {
		return h.Get(in)
	}
	return "", false
}

// Float gives the first word of a field as a number (exposure times are in seconds).
func (h Header) Float(name string) (float64, error) {
	word, err := h.word(name)
	if err != nil {
		return 0, err
	}
	v, err := strconv.ParseFloat(word, 64)
	if err != nil || math.IsNaN(v) || math.IsInf(v, 0) || strings.ContainsAny(word, "xX_") {
		return 0, fmt.Errorf("fliraw: %s is %q, expected a number", name, word)
	}
	return v, nil
}

// Int gives the first word of a field as a whole number.
func (h Header) Int(name string) (int64, error) {
	word, err := h.word(name)
	if err != nil {
		return 0, err
	}
	n, err := strconv.ParseInt(word, 10, 64)
	if err != nil {
		return 0, fmt.Errorf("fliraw: %s is %q, expected a whole number", name, word)
	}
	return n, nil
}

// Ints gives all words of a field as whole numbers: roi_set and roi_visible are x0 y0 x1 y1
// in pixels, without binning.
func (h Header) Ints(name string) ([]int64, error) {
	text, ok := h.Get(name)
	if !ok {
		return nil, h.missing(name)
	}
	var out []int64
	for _, word := range strings.Fields(text) {
		n, err := strconv.ParseInt(word, 10, 64)
		if err != nil {
			return nil, fmt.Errorf("fliraw: %s is %q, expected whole numbers", name, text)
		}
		out = append(out, n)
	}
	return out, nil
}

// ExposureS gives an exposure time in seconds: field is exp_time (what was set),
// exp_time_theory (what the client asked for), exp_time_measured, or a name of the file.
// Zero and less are errors, as counts are divided by it.
func (h Header) ExposureS(field string) (float64, error) {
	v, err := h.Float(field)
	if err == nil && v <= 0 {
		line := field
		if in, ok := aliases[field]; ok {
			line = in
		}
		err = fmt.Errorf("fliraw: exposure time %s is %v s (line \"%% %s\"), expected more than 0", field, v, line)
	}
	return v, err
}

func (h Header) word(name string) (string, error) {
	text, ok := h.Get(name)
	if !ok {
		return "", h.missing(name)
	}
	words := strings.Fields(text)
	if len(words) == 0 {
		return "", fmt.Errorf("fliraw: the header line %q has no value", "% "+name)
	}
	return words[0], nil
}

func (h Header) dimension(name string) (int64, error) {
	n, err := h.Int(name)
	if err != nil {
		return 0, err
	}
	if n <= 0 {
		return 0, fmt.Errorf("fliraw: %s is %d, expected at least 1", name, n)
	}
	return n, nil
}

// missing says which fields there are.
func (h Header) missing(name string) error {
	var names []string
	for _, f := range h.fields {
		if f.Name != "EOH" && len(names) < 40 {
			names = append(names, f.Name)
		}
	}
	if in, ok := aliases[name]; ok {
		name = fmt.Sprintf("%s\" (%s) line", in, name)
	} else {
		name += "\" line"
	}
	return fmt.Errorf("fliraw: the header has no \"%% %s; there are: %s", name, strings.Join(names, ", "))
}
