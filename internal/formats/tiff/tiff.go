// Package tiff reads images of one number per pixel from TIFF and BigTIFF files, as
// detectors and tomography tools write them: both byte orders, strips and tiles, integers of
// 8, 16, 32 and 64 bits, float32 and float64, stored plainly or packed by deflate, LZW or
// PackBits, with predictors 2 and 3, one or many pages.
//
// Open parses the directories only; File.Read gives a frame in native byte order, rows x
// columns as stored: no colour is interpreted and no orientation applied.
//
// What is read and what is refused stands in docs/formats/tiff.md.
package tiff

import (
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"ptyprep/internal/formats/rawfile"
	"ptyprep/internal/imgproc/pix"
)

// ErrTruncated is wrapped by every error about a file that ends before its directories or
// its pixels do. A file that is still being written gives it too.
var ErrTruncated = errors.New("the file ends too early")

// ErrNotTIFF is wrapped when the file does not begin as TIFF files do.
var ErrNotTIFF = errors.New("not a TIFF file")

// Entry is a "# Key value" line of an image description, as Pilatus servers write them.
type Entry struct{ Key, Value string }

// Frame says what one image of a file is. Type, Rows and Cols are those of the pixels that
// File.Read gives.
type Frame struct {
	Type       pix.Type
	Rows, Cols int
	// Description is tag 270, without the NUL at its end.
	Description string

	chunks      *chunks
	first       int // of the frame's chunks in it
	shift       int64
	bigEndian   bool
	compression int
	predictor   int
}

// chunks are the strips or tiles of a page: where they lie, and how large they are unpacked.
type chunks struct {
	offsets, counts []int64
	rows, cols      int // of a whole one; strips have the columns of the image
	across, down    int // how many tiles make up the image; 1 across for strips
	tiled           bool
}

// File is an opened TIFF file. It is safe for concurrent Read.
type File struct {
	rawfile.Handle

	Frames []Frame

	warnings []string
	source   io.ReaderAt
}

// Open parses the directories of a file and keeps it open for Read; errors name the path.
func Open(path string) (*File, error) {
	f, handle, err := rawfile.Open("tiff", path, Parse)
	if err != nil {
		return nil, err
	}
	f.Handle = handle
	return f, nil
}

// ReadFile reads one frame (from 0) of the file at path into dst and says what it is.
func ReadFile(path string, frame int, dst *pix.Image) (Frame, error) {
	f, err := Open(path)
	if err != nil {
		return Frame{}, err
	}
	defer f.Close()
	if err := f.Read(frame, dst); err != nil {
		return Frame{}, fmt.Errorf("%s: %w", path, err)
	}
	return f.Frames[frame], nil
}

// Parse parses the directories of the TIFF file in the first size bytes of r, which must
// stay readable while frames are read.
func Parse(r io.ReaderAt, size int64) (*File, error) {
	p := parser{r: r, size: size, out: &File{source: r}}
	if err := p.run(); err != nil {
		return nil, err
	}
	return p.out, nil
}

// Read puts the pixels of a frame (from 0) into dst, in native byte order; dst takes the
// frame's type and size and keeps its memory when that is large enough. Plainly stored
// strips are read without further memory; tiles and packed pixels need buffers.
func (f *File) Read(frame int, dst *pix.Image) error {
	if frame < 0 || frame >= len(f.Frames) {
		return fmt.Errorf("tiff: no frame %d, the file holds %d", frame, len(f.Frames))
	}
	fr := &f.Frames[frame]
	dst.Resize(fr.Type, fr.Rows, fr.Cols)
	var err error
	if fr.compression == plain && !fr.chunks.tiled {
		err = fr.readStrips(f.source, dst)
	} else {
		err = fr.readChunks(f.source, dst)
	}
	if err != nil {
		return fmt.Errorf("tiff: frame %d: %w", frame, err)
	}
	return nil
}

// Warnings tells what was odd in the file and how it was understood.
func (f *File) Warnings() []string { return f.warnings }

// Entries gives the "# Key value" lines of the description in order, without the ":" or "="
// behind the key.
func (fr Frame) Entries() []Entry {
	var out []Entry
	for line := range strings.SplitSeq(strings.ReplaceAll(fr.Description, "\r", "\n"), "\n") {
		line, ok := strings.CutPrefix(strings.TrimSpace(line), "#")
		if line = strings.TrimSpace(line); !ok || line == "" {
			continue
		}
		key, value := line, ""
		if i := strings.IndexAny(line, " \t"); i >= 0 {
			key, value = line[:i], strings.TrimSpace(line[i:])
		}
		value = strings.TrimSpace(strings.TrimPrefix(value, "="))
		out = append(out, Entry{strings.TrimRight(key, ":="), value})
	}
	return out
}

// Get gives the value of a description line by its key, compared without regard to case:
// Get("Exposure_time") is "1.0000000 s".
func (fr Frame) Get(key string) (string, bool) {
	list := fr.Entries()
	for i := len(list) - 1; i >= 0; i-- {
		if strings.EqualFold(list[i].Key, key) {
			return list[i].Value, true
		}
	}
	return "", false
}

// Quantity gives a description line as a number and the text behind it, which is its unit
// or empty.
func (fr Frame) Quantity(key string) (value float64, unit string, err error) {
	text, ok := fr.Get(key)
	if !ok {
		return 0, "", fmt.Errorf("tiff: the image description has no %s", key)
	}
	word, unit, _ := strings.Cut(text, " ")
	value, err = strconv.ParseFloat(word, 64)
	if err != nil || strings.ContainsAny(word, "xX_") {
		return 0, "", fmt.Errorf("tiff: %s is %q, expected a number", key, text)
	}
	return value, strings.TrimSpace(unit), nil
}
