// Package cbf reads the CBF files that Pilatus and Eiger servers write (miniCBF): a text
// header, then the pixels of one image packed as byte offsets.
//
// Open parses the header; File.Read unpacks the pixels into rows x columns in their stored
// type and checks their MD5 sum where the header has one. Pixels that the detector marks
// (-1 gap or dead, -2 bad) stay as they are: masks are the recipe's business.
//
// Write is the reverse, for simulated data.
//
// The layout, and what is refused, stand in docs/formats/cbf.md.
package cbf

import (
	"crypto/md5"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"ptyprep/internal/formats/rawfile"
	"ptyprep/internal/imgproc/pix"
)

// ErrTruncated is wrapped by every error about a file that ends before its header or its
// pixels do. A file that is still being written gives it too.
var ErrTruncated = errors.New("the file ends too early")

// ErrNotCBF is wrapped when the file does not begin as CBF files do.
var ErrNotCBF = errors.New("not a CBF file")

// ErrChecksum is wrapped when the packed pixels do not have the MD5 sum in the header.
var ErrChecksum = errors.New("the MD5 sum is wrong")

// Entry is one line of the header: a "# Key value" line of the detector, or a "Key: value"
// line of the section in front of the pixels.
type Entry struct{ Key, Value string }

// File is an opened CBF file. It is safe for concurrent Read.
type File struct {
	rawfile.Handle

	Type       pix.Type
	Rows, Cols int
	// Convention is the header convention, e.g. PILATUS_1.2 or SLS_1.0; may be empty.
	Convention string
	// Detector holds the "# Key value" lines in order, without "#" and the ":" or "=" behind
	// the key.
	Detector []Entry
	// Section holds the lines that describe the packed pixels (X-Binary-Size, ...).
	Section []Entry
	// Offset and Packed say where the packed pixels lie, in bytes.
	Offset, Packed int64

	sum    []byte // MD5 of the packed pixels, nil without
	source io.ReaderAt
}

// Open reads the header of a file and keeps it open for Read; errors name the path.
func Open(path string) (*File, error) {
	f, handle, err := rawfile.Open("cbf", path, Parse)
	if err != nil {
		return nil, err
	}
	f.Handle = handle
	return f, nil
}

// ReadFile reads the pixels of the file at path into dst, as File.Read does, and gives the
// parsed header (a closed File).
func ReadFile(path string, dst *pix.Image) (*File, error) {
	f, err := Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if err := f.Read(dst); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return f, nil
}

// Parse reads the header of the CBF file in the first size bytes of r, which must stay
// readable while the pixels are read.
func Parse(r io.ReaderAt, size int64) (*File, error) {
	text, err := readHeader(r, size)
	if err != nil {
		return nil, err
	}
	f := &File{source: r, Offset: int64(len(text))}
	f.parseHeader(text[:len(text)-len(pixelMark)])
	if err := f.describe(size); err != nil {
		return nil, err
	}
	return f, nil
}

// Read unpacks the pixels into dst, in native byte order. dst takes type and size of the
// file; its memory is kept when it can hold the pixels and, behind them, the packed bytes,
// so that reading frame after frame into the same Image does not allocate.
func (f *File) Read(dst *pix.Image) error {
	n := f.Rows * f.Cols * f.Type.Size()
	packed := int(f.Packed)
	if cap(dst.Bytes) < n+packed {
		// The packed size differs from frame to frame: a fifth more saves the next allocation.
		dst.Bytes = pix.Buffer(n + packed + packed/5)
	}
	b := dst.Bytes[n : n+packed : n+packed]
	dst.Resize(f.Type, f.Rows, f.Cols)
	if got, err := f.source.ReadAt(b, f.Offset); got < packed {
		if err == io.EOF {
			return fmt.Errorf("cbf: %w: the packed pixels need %d bytes, %d are there", ErrTruncated, packed, got)
		}
		return fmt.Errorf("cbf: the packed pixels could not be read: %w", err)
	}
	if f.sum != nil {
		if sum := md5.Sum(b); string(sum[:]) != string(f.sum) {
			return fmt.Errorf("cbf: %w: the packed pixels have MD5 %s, the header says %s", ErrChecksum,
				base64.StdEncoding.EncodeToString(sum[:]), base64.StdEncoding.EncodeToString(f.sum))
		}
	}
	return unpack(dst, b)
}

// Checked reports whether the header has an MD5 sum, so that Read finds damage in the pixels.
func (f *File) Checked() bool { return f.sum != nil }

// Get gives the value of a detector line by its key, compared without regard to case:
// Get("Exposure_time") is "1.0000000 s".
func (f *File) Get(key string) (string, bool) { return lookUp(f.Detector, key) }

// Quantity gives a detector line as a number and the text behind it, which is its unit
// ("s", "m x 172e-6 m") or empty.
func (f *File) Quantity(key string) (value float64, unit string, err error) {
	text, ok := f.Get(key)
	if !ok {
		return 0, "", fmt.Errorf("cbf: the header has no %s", key)
	}
	word, unit, _ := strings.Cut(text, " ")
	value, err = strconv.ParseFloat(word, 64)
	if err != nil || strings.ContainsAny(word, "xX_") {
		return 0, "", fmt.Errorf("cbf: %s is %q, expected a number", key, text)
	}
	return value, strings.TrimSpace(unit), nil
}

func lookUp(list []Entry, key string) (string, bool) {
	for i := len(list) - 1; i >= 0; i-- {
		if strings.EqualFold(list[i].Key, key) {
			return list[i].Value, true
		}
	}
	return "", false
}
