// Package mat5 reads numeric matrices from MATLAB level 5 MAT-files (what MATLAB's
// "save -v6" and "save -v7" write), as detector masks are kept in.
//
// Open lists the variables; File.Read gives a two-dimensional one as rows x columns,
// row-major (MATLAB stores column-major), in the number type of its class, also where the
// file stores the numbers in a narrower type. Compressed variables (-v7) are unpacked as a
// stream.
//
// A version 7.3 file is HDF5: Open gives ErrHDF5 and the caller reads it as such. The
// layout, and what is refused, stand in docs/formats/mat5.md.
package mat5

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/klauspost/compress/zlib"

	"ptyprep/internal/formats/rawfile"
	"ptyprep/internal/imgproc/pix"
)

// ErrHDF5 is wrapped when the file is a MAT-file of version 7.3, which is an HDF5 file.
var ErrHDF5 = errors.New("a MATLAB 7.3 file is HDF5, not level 5")

// ErrTruncated is wrapped by every error about a file that ends before its contents do.
var ErrTruncated = errors.New("the file ends too early")

// ErrNotMAT is wrapped when the file does not begin as level 5 MAT-files do.
var ErrNotMAT = errors.New("not a MATLAB level 5 file")

// Data types of elements (mi...) and the classes of arrays (mx...), by their numbers in the
// format.
const (
	miMatrix, miCompressed    = 14, 15
	miInt32, miUint32, miInt8 = 5, 6, 1

	headerSize = 128
	// maxExpansion is zlib's best: 1032 bytes from one.
	maxExpansion = 1032
	// maxVariables bounds the list of a file.
	maxVariables = 10000
	// maxName bounds a variable's name; MATLAB allows 63 characters.
	maxName = 4096
	maxDims = 32
)

// storage gives the pixel type of an element's data type.
var storage = [...]pix.Type{1: pix.Int8, 2: pix.Uint8, 3: pix.Int16, 4: pix.Uint16, 5: pix.Int32, 6: pix.Uint32, 7: pix.Float32, 9: pix.Float64, 12: pix.Int64, 13: pix.Uint64}

// classes are the names and pixel types of array classes; Invalid ones cannot be read.
var classes = [...]struct {
	name string
	typ  pix.Type
}{
	1: {"cell", 0}, 2: {"struct", 0}, 3: {"object", 0}, 4: {"char", 0}, 5: {"sparse", 0},
	6: {"double", pix.Float64}, 7: {"single", pix.Float32},
	8: {"int8", pix.Int8}, 9: {"uint8", pix.Uint8}, 10: {"int16", pix.Int16}, 11: {"uint16", pix.Uint16},
	12: {"int32", pix.Int32}, 13: {"uint32", pix.Uint32}, 14: {"int64", pix.Int64}, 15: {"uint64", pix.Uint64},
	16: {"function", 0}, 17: {"opaque", 0},
}

// Var is a variable of a file.
type Var struct {
	Name string
	// Class is MATLAB's name of the class: double, uint8, logical, char, struct, ...
	Class string
	// Dims are the dimensions as MATLAB counts them: rows, columns, ...
	Dims    []int64
	Complex bool
	// Type is that of the pixels which Read gives (Bool for logical), Invalid for variables
	// that cannot be read.
	Type pix.Type

	offset, length int64 // of the element's data in the file
	compressed     bool
}

// File is an opened MAT-file. It is safe for concurrent Read.
type File struct {
	rawfile.Handle

	Vars []Var
	// Text is the description in the first 116 bytes.
	Text string

	order  binary.ByteOrder
	source io.ReaderAt
}

// Open lists the variables of a file and keeps it open for Read; errors name the path.
func Open(path string) (*File, error) {
	f, handle, err := rawfile.Open("mat5", path, Parse)
	if err != nil {
		return nil, err
	}
	f.Handle = handle
	return f, nil
}

// ReadFile reads the variable of a name from the file at path into dst.
func ReadFile(path, name string, dst *pix.Image) error {
	f, err := Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	if err := f.Read(name, dst); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return nil
}

// Parse lists the variables in the first size bytes of r, which must stay readable while
// variables are read.
func Parse(r io.ReaderAt, size int64) (*File, error) {
	f := &File{source: r}
	if err := f.header(size); err != nil {
		return nil, err
	}
	var use buffers
	for at := int64(headerSize); at < size; {
		next, err := f.variable(at, size, &use)
		if err != nil {
			return nil, err
		}
		at = next
	}
	return f, nil
}

// header checks the first 128 bytes.
func (f *File) header(size int64) error {
	b := make([]byte, min(max(size, 0), headerSize))
	if err := readFull(io.NewSectionReader(f.source, 0, int64(len(b))), b); err != nil {
		return fmt.Errorf("mat5: the header: %w", err)
	}
	if strings.HasPrefix(string(b), "MATLAB 7.3") || f.isHDF5(size) {
		return fmt.Errorf("mat5: %w", ErrHDF5)
	}
	if len(b) < headerSize {
		return fmt.Errorf("mat5: %w: it has %d bytes, expected a header of %d", ErrTruncated, len(b), headerSize)
	}
	switch string(b[126:]) {
	case "IM":
		f.order = binary.LittleEndian
	case "MI":
		f.order = binary.BigEndian
	default:
		return fmt.Errorf("mat5: %w: bytes 126-127 are %q, expected \"IM\" or \"MI\"", ErrNotMAT, b[126:])
	}
	switch version := f.order.Uint16(b[124:]); version {
	case 0x0100:
	case 0x0200:
		return fmt.Errorf("mat5: %w", ErrHDF5)
	default:
		return fmt.Errorf("mat5: %w: the version is %#04x, expected 0x0100", ErrNotMAT, version)
	}
	f.Text = strings.TrimRight(string(b[:116]), " \x00")
	return nil
}

// isHDF5 looks for the signature of HDF5 where that format allows it: at the beginning, or behind
// a block of 512 bytes, 1024, 2048 and so on. MATLAB writes its header into a block of 512; other
// programs may leave the block empty.
func (f *File) isHDF5(size int64) bool {
	const signature = "\x89HDF\r\n\x1a\n"
	b := make([]byte, len(signature))
	for at := int64(0); at+int64(len(b)) <= size; at = max(512, 2*at) {
		if err := readFull(io.NewSectionReader(f.source, at, int64(len(b))), b); err != nil {
			return false
		}
		if string(b) == signature {
			return true
		}
	}
	return false
}

// variable notes the element at an offset, when it is a variable, and gives the offset of
// the next one.
func (f *File) variable(at, size int64, use *buffers) (next int64, err error) {
	in := f.stream(at, size-at, use)
	kind, length, _, err := in.tag()
	if err != nil {
		return 0, fmt.Errorf("mat5: element at byte %d: %w", at, err)
	}
	v := Var{offset: at + in.done, length: length, compressed: kind == miCompressed}
	if length > size-v.offset {
		return 0, fmt.Errorf("mat5: %w: the element at byte %d has %d bytes, %d are there", ErrTruncated, at, length, size-v.offset)
	}
	next = v.offset + length
	if kind != miMatrix && kind != miCompressed {
		return next + (-length)&7, nil
	}
	if len(f.Vars) == maxVariables {
		return 0, fmt.Errorf("mat5: the file holds more than %d variables", maxVariables)
	}
	d, err := f.open(&v, use)
	if err == nil {
		err = d.describe(&v)
	}
	if err != nil {
		return 0, fmt.Errorf("mat5: variable %d (at byte %d): %w", len(f.Vars)+1, at, err)
	}
	f.Vars = append(f.Vars, v)
	if kind == miMatrix {
		next += (-length) & 7 // compressed elements are not padded
	}
	return next, nil
}

// Var finds a variable by its name. The error lists the variables there are.
func (f *File) Var(name string) (*Var, error) {
	var names []string
	for i := range f.Vars {
		if f.Vars[i].Name == name {
			return &f.Vars[i], nil
		}
		if i < 50 {
			names = append(names, f.Vars[i].Name)
		}
	}
	if len(names) == 0 {
		return nil, fmt.Errorf("mat5: no variable %q: the file holds none", name)
	}
	return nil, fmt.Errorf("mat5: no variable %q; there are: %s", name, strings.Join(names, ", "))
}

// Read puts a variable of two dimensions (further ones must be 1) into dst, row-major and
// in native byte order; dst keeps its memory when that is large enough.
func (f *File) Read(name string, dst *pix.Image) error {
	v, err := f.Var(name)
	if err != nil {
		return err
	}
	return f.ReadVar(v, dst)
}

// ReadVar is Read for one of Vars, which may be one of several with the same name.
func (f *File) ReadVar(v *Var, dst *pix.Image) error {
	rows, cols, err := v.size()
	if err != nil {
		return err
	}
	d, err := f.open(v, new(buffers))
	if err == nil {
		err = d.describe(new(Var))
	}
	if err == nil {
		err = d.matrix(v, rows, cols, dst)
	}
	if err != nil {
		return fmt.Errorf("mat5: variable %q: %w", v.Name, err)
	}
	return nil
}

// size gives rows and columns of a variable that Read can give.
func (v *Var) size() (rows, cols int64, err error) {
	switch {
	case v.Class == "sparse":
		return 0, 0, fmt.Errorf("mat5: variable %q is sparse, expected a full matrix: save full(%s)", v.Name, v.Name)
	case v.Type == pix.Invalid:
		return 0, 0, fmt.Errorf("mat5: variable %q is of class %s, expected numbers", v.Name, v.Class)
	case v.Complex:
		return 0, 0, fmt.Errorf("mat5: variable %q is complex, expected real numbers", v.Name)
	case len(v.Dims) < 2:
		return 0, 0, fmt.Errorf("mat5: variable %q has %d dimensions, expected 2", v.Name, len(v.Dims))
	}
	for _, n := range v.Dims[2:] {
		if n != 1 {
			return 0, 0, fmt.Errorf("mat5: variable %q has the dimensions %v, expected 2 dimensions", v.Name, v.Dims)
		}
	}
	rows, cols = v.Dims[0], v.Dims[1]
	if rows == 0 || cols == 0 {
		return 0, 0, fmt.Errorf("mat5: variable %q is empty: %d x %d", v.Name, rows, cols)
	}
	// An element takes a byte at least, packed at best 1032 to 1.
	limit := v.length
	if v.compressed {
		limit = v.length * maxExpansion
	}
	if cols > limit || rows > limit/cols {
		return 0, 0, fmt.Errorf("mat5: %w: variable %q is %d x %d, its %d bytes cannot hold that", ErrTruncated, v.Name, rows, cols, v.length)
	}
	return rows, cols, nil
}

// buffers are kept from variable to variable while a file is listed: an unpacker takes some
// 40 kB, which small variables would ask for again and again.
type buffers struct {
	file   *bufio.Reader
	packed io.ReadCloser
}

// open gives the stream of a variable's matrix element, behind the element's tag.
func (f *File) open(v *Var, use *buffers) (*stream, error) {
	in := f.stream(v.offset, v.length, use)
	if !v.compressed {
		return in, nil
	}
	if use.packed == nil {
		z, err := zlib.NewReader(in.r)
		if err != nil {
			return nil, fmt.Errorf("the packed data: %w", atEOF(err))
		}
		use.packed = z
	} else if err := use.packed.(zlib.Resetter).Reset(in.r, nil); err != nil {
		return nil, fmt.Errorf("the packed data: %w", atEOF(err))
	}
	out := &stream{r: use.packed, left: v.length * maxExpansion, order: f.order}
	kind, length, _, err := out.tag()
	if err != nil {
		return nil, err
	}
	if kind != miMatrix {
		return nil, fmt.Errorf("the packed element has type %d, expected a matrix (14)", kind)
	}
	out.left = min(out.left, length)
	return out, nil
}
