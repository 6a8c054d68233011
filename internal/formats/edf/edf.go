package edf

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/klauspost/compress/gzip"

	"ptyprep/internal/imgproc/pix"
)

// MaxUnpacked is the number of bytes above which a gzip-packed file is refused.
const MaxUnpacked = 1 << 30

// maxWarnings bounds the list of warnings of one file.
const maxWarnings = 20

// ErrTruncated is wrapped by every error about a file that ends before its header or its
// pixels do. A file that is still being written gives it too.
var ErrTruncated = errors.New("the file ends too early")

// ErrNotEDF is wrapped when the file does not begin as EDF files do.
var ErrNotEDF = errors.New("not an EDF file")

// Frame says what one image of a file is and where it lies. Type, Rows and Cols are those
// of the pixels that File.Read gives.
type Frame struct {
	Header     Header
	Type       pix.Type
	Rows, Cols int
	// Offset is the place of the first pixel in the (unpacked) file that holds it.
	Offset    int64
	BigEndian bool

	source io.ReaderAt
}

// File is an opened EDF file. It is safe for concurrent Read.
type File struct {
	Frames   []Frame
	warnings []string
	closers  []io.Closer
}

// Open reads the headers of a file and keeps it open for Read; errors name the path. A file
// packed with gzip, whatever its name, is unpacked in memory.
func Open(path string) (*File, error) {
	f, err := open(path)
	if err != nil {
		var named *os.PathError
		if errors.As(err, &named) && named.Path == path {
			return nil, fmt.Errorf("edf: %w", err) // names the path itself
		}
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return f, nil
}

func open(path string) (*File, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	info, err := file.Stat()
	if err != nil {
		file.Close()
		return nil, err
	}
	p := parser{r: file, size: info.Size(), dir: filepath.Dir(path)}
	p.out.closers = []io.Closer{file}
	if err := p.run(); err != nil {
		p.out.Close()
		return nil, err
	}
	out := p.out // a copy, so that the parser's buffer can go
	return &out, nil
}

// Parse reads the headers of the EDF file in the first size bytes of r, which must stay
// readable while frames are read. Pixels kept in another file (EDF_BinaryFileName) need Open.
func Parse(r io.ReaderAt, size int64) (*File, error) {
	p := parser{r: r, size: size}
	if err := p.run(); err != nil {
		p.out.Close()
		return nil, err
	}
	out := p.out // a copy, so that the parser's buffer can go
	return &out, nil
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

// Read puts the pixels of a frame (from 0) into dst, in native byte order; dst takes the
// frame's type and size and keeps its memory when that is large enough.
func (f *File) Read(frame int, dst *pix.Image) error {
	if frame < 0 || frame >= len(f.Frames) {
		return fmt.Errorf("edf: no frame %d, the file holds %d", frame, len(f.Frames))
	}
	fr := &f.Frames[frame]
	dst.Resize(fr.Type, fr.Rows, fr.Cols)
	if n, err := fr.source.ReadAt(dst.Bytes, fr.Offset); n < len(dst.Bytes) {
		if err == io.EOF {
			return fmt.Errorf("edf: %w: frame %d needs %d bytes, %d are there", ErrTruncated, frame, len(dst.Bytes), n)
		}
		return fmt.Errorf("edf: frame %d could not be read: %w", frame, err)
	}
	if fr.BigEndian != nativeBig {
		pix.SwapBytes(dst.Bytes, fr.Type.Size())
	}
	return nil
}

// Warnings tells what was odd in the file and how it was understood.
func (f *File) Warnings() []string { return f.warnings }

// Close closes what Open opened. Frames cannot be read afterwards.
func (f *File) Close() error {
	var errs []error
	for _, c := range f.closers {
		errs = append(errs, c.Close())
	}
	f.closers = nil
	return errors.Join(errs...)
}

// unpack gives the content of a gzip-packed file. The buffer grows with what really comes
// out, so that a false length in the packed file costs nothing.
func unpack(r io.ReaderAt, size int64) ([]byte, error) {
	z, err := gzip.NewReader(io.NewSectionReader(r, 0, size))
	if err != nil {
		return nil, fmt.Errorf("edf: gzip: %w", truncatedAtEOF(err))
	}
	defer z.Close()
	var b bytes.Buffer
	n, err := io.Copy(&b, io.LimitReader(z, MaxUnpacked+1))
	if err != nil {
		return nil, fmt.Errorf("edf: gzip: after %d unpacked bytes: %w", n, truncatedAtEOF(err))
	}
	if n > MaxUnpacked {
		return nil, fmt.Errorf("edf: the gzip-packed file unpacks to more than %d bytes", int64(MaxUnpacked))
	}
	return b.Bytes(), nil
}

func truncatedAtEOF(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return ErrTruncated
	}
	return err
}

// external opens the file that EDF_BinaryFileName names. Only files in the folder of the
// EDF file are opened, whatever folder the name asks for.
func (p *parser) external(name string) (io.ReaderAt, int64, error) {
	if p.dir == "" {
		return nil, 0, fmt.Errorf("edf: the pixels are in another file (EDF_BinaryFileName = %s), which only Open can reach", name)
	}
	base := filepath.Base(strings.ReplaceAll(name, `\`, "/"))
	if base == "." || base == ".." || base == "/" || strings.ContainsRune(base, 0) {
		return nil, 0, fmt.Errorf("edf: EDF_BinaryFileName = %q is no file name", name)
	}
	if x, ok := p.others[base]; ok {
		return x.r, x.size, nil
	}
	file, err := os.Open(filepath.Join(p.dir, base))
	if err != nil {
		return nil, 0, fmt.Errorf("edf: the pixels are in another file: %w", err)
	}
	info, err := file.Stat()
	if err != nil {
		file.Close()
		return nil, 0, err
	}
	p.out.closers = append(p.out.closers, file)
	if p.others == nil {
		p.others = map[string]otherFile{}
	}
	p.others[base] = otherFile{file, info.Size()}
	return file, info.Size(), nil
}

type otherFile struct {
	r    io.ReaderAt
	size int64
}

// Place is where one frame lies in its file, for reading it again without its header: scans of
// thousands of files are looked through once and read later.
type Place struct {
	Type       pix.Type
	Rows, Cols int

	frame     int
	offset    int64
	bigEndian bool
	parse     bool // the pixels are packed or in another file: the header is needed
}

// Place gives the place of a frame (from 0), which must be one of the file's.
func (f *File) Place(frame int) Place {
	fr := &f.Frames[frame]
	_, own := fr.source.(*os.File)
	return Place{
		Type: fr.Type, Rows: fr.Rows, Cols: fr.Cols, frame: frame, offset: fr.Offset, bigEndian: fr.BigEndian,
		parse: !own || len(f.closers) > 1,
	}
}

// Read reads the frame from the file at path, which must be the one (unchanged) that the place was
// taken from, into dst like File.Read.
func (p *Place) Read(path string, dst *pix.Image) error {
	if p.parse {
		_, err := ReadFile(path, p.frame, dst)
		return err
	}
	file, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("edf: %w", err)
	}
	defer file.Close()
	f := File{Frames: []Frame{{Type: p.Type, Rows: p.Rows, Cols: p.Cols, Offset: p.offset, BigEndian: p.bigEndian, source: file}}}
	if err := f.Read(0, dst); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return nil
}
