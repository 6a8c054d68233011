package h5

// #include "door.h"
import "C"

import (
	"strings"
	"unsafe"

	"gonum.org/v1/hdf5"

	"ptyprep/internal/imgproc/pix"
)

// MaxReadBytes bounds what ReadAll, ReadComplex and Strings ask for: a damaged or sparse file
// may claim any shape.
const MaxReadBytes = 4 << 30

// Read reads the box that begins at off and has count elements along each dimension into
// dst, row-major. off and count nil mean everything; a scalar has one element and is read
// with nil or empty off and count. len(dst) must be the number of elements.
//
// libhdf5 converts to T: numbers outside T's range become its nearest end, fractions are cut.
// A caller who wants the stored numbers asks for the type of Info().Type.Pix. Bool and Enum
// are read by their numbers. The error is an *Error: WrongType (the class cannot be numbers),
// BadRange, NoFilter, Damaged, ...; fill values stand, without an error, for what
// CheckSources finds.
func Read[T pix.Number](d *Dataset, dst []T, off, count []int) error {
	enter()
	defer leave()
	return read(d, pix.TypeOf[T](), pix.Bytes(dst), off, count)
}

// ReadNative is Read into bytes: numbers of Info().Type.Pix in native byte order. len(dst)
// must be exact, and dst aligned for the type, as pix.Buffer's memory is.
func (d *Dataset) ReadNative(dst []byte, off, count []int) error {
	enter()
	defer leave()
	if d.h == nil {
		return ErrClosed
	}
	return read(d, d.info.Type.Pix, dst, off, count)
}

// ReadAll reads everything, if that is at most MaxReadBytes.
func ReadAll[T pix.Number](d *Dataset) ([]T, error) {
	enter()
	defer leave()
	n, err := d.sizeFor(pix.TypeOf[T]().Size())
	if err != nil {
		return nil, err
	}
	dst := make([]T, n)
	return dst, read(d, pix.TypeOf[T](), pix.Bytes(dst), nil, nil)
}

// sizeFor gives the number of elements, after a look at whether size bytes for each can be
// asked for. Shape alone is not trusted: a few hundred bytes of file can claim petabytes.
func (d *Dataset) sizeFor(size int) (int, error) {
	if d.h == nil {
		return 0, ErrClosed
	}
	n := d.info.Len()
	if n > MaxReadBytes/size {
		return 0, refuse(BadRange, "read", d.f.path, d.info.Path, "shape %v of %d-byte elements is more than %d GiB", d.info.Shape, size, MaxReadBytes>>30)
	}
	return n, nil
}

// read is Read with the lock held.
func read(d *Dataset, t pix.Type, dst []byte, off, count []int) error {
	if d.h == nil {
		return ErrClosed
	}
	mem, err := d.memoryType(t)
	if err != nil {
		return err
	}
	n, err := d.box("read", off, count)
	if err != nil {
		return err
	}
	if len(dst) != n*t.Size() {
		return refuse(BadRange, "read", d.f.path, d.info.Path, "%d elements selected, %d given to hold them", n, len(dst)/t.Size())
	}
	if n == 0 {
		return nil
	}
	return d.transfer(mem, unsafe.Pointer(unsafe.SliceData(dst)), off, count)
}

// memoryType gives the HDF5 type of pixels of type t, or says why d cannot be read as that.
func (d *Dataset) memoryType(t pix.Type) (C.hid_t, error) {
	in := d.info
	if t == pix.Invalid || in.Type.Pix == pix.Invalid {
		return 0, refuse(WrongType, "read", d.f.path, in.Path, "it holds %s, not numbers", in.Type.Desc)
	}
	if in.Type.Class != Bitfield {
		return C.h5_native(C.int(t)), nil
	}
	if t != in.Type.Pix {
		return 0, refuse(WrongType, "read", d.f.path, in.Path, "it holds a bit field, which can be read as %v only", in.Type.Pix)
	}
	return C.h5_native_bits(C.int(t.Size())), nil
}

// box checks a selection and gives its number of elements.
func (d *Dataset) box(op string, off, count []int) (int, error) {
	in := d.info
	bad := func(format string, args ...any) (int, error) {
		return 0, refuse(BadRange, op, d.f.path, in.Path, format, args...)
	}
	if in.Null {
		return bad("it has no elements (null data space)")
	}
	if off == nil && count == nil {
		n, ok := product(in.Shape)
		if !ok {
			return bad("shape %v is too large", in.Shape)
		}
		return n, nil
	}
	if len(off) != len(in.Shape) || len(count) != len(in.Shape) {
		return bad("it has %d dimensions (shape %v), asked for with %d and %d", len(in.Shape), in.Shape, len(off), len(count))
	}
	for i, n := range in.Shape {
		if off[i] < 0 || count[i] < 0 || off[i] > n || count[i] > n-off[i] {
			return bad("elements %d to %d of dimension %d asked for, it has %d", off[i], off[i]+count[i]-1, i, n)
		}
	}
	n, ok := product(count)
	if !ok {
		return bad("box %v is too large", count)
	}
	return n, nil
}

// dxpl is the transfer list for the dataset's elements, in the file and in memory.
func (d *Dataset) dxpl() C.hid_t { return C.h5_dxpl(C.size_t(max(d.info.Type.Size, 16))) }

// transfer reads a checked selection. The memory space has the rank of the file's: libhdf5
// takes a path 5 to 11 times slower when they differ.
func (d *Dataset) transfer(mem C.hid_t, dst unsafe.Pointer, off, count []int) error {
	fileSpace, memSpace, err := d.spaces("read", off, count)
	if err != nil {
		return err
	}
	door.chunkBytes = 0
	if d.info.Layout == Chunked {
		door.chunkBytes, _ = product(append([]int{d.info.Type.Size}, d.info.Chunk...))
	}
	door.filterErr = nil
	d.touched = true
	if C.H5Dread(hid(d.h), mem, memSpace.id(), fileSpace.id(), d.dxpl(), dst) < 0 {
		note()
		err = d.readError()
	}
	memSpace.close()
	fileSpace.close()
	return err
}

func (d *Dataset) readError() error {
	e := fail("read", d.f.path, d.info.Path)
	if e.Kind == OtherError {
		e.Kind = Damaged
	}
	for _, f := range d.info.Filters {
		if e.Kind == NoFilter && !f.Available {
			e.Msg = "no decoder for filter " + f.title()
			break
		}
	}
	return e
}

// space is a data space, or H5S_ALL when s is nil.
type space struct{ s *hdf5.Dataspace }

func (s space) id() C.hid_t {
	if s.s == nil {
		return C.H5S_ALL
	}
	return hid(s.s)
}

func (s space) close() {
	if s.s != nil {
		s.s.Close()
	}
}

// spaces makes the file and memory spaces of a checked selection.
func (d *Dataset) spaces(op string, off, count []int) (fileSpace, memSpace space, err error) {
	if len(off) == 0 {
		return space{}, space{}, nil
	}
	fs := d.h.Space()
	if fs == nil {
		return space{}, space{}, fail(op, d.f.path, d.info.Path)
	}
	o, c := unsigned(off), unsigned(count)
	if err := fs.SelectHyperslab(o, nil, c, nil); err != nil {
		e := fail(op, d.f.path, d.info.Path)
		fs.Close()
		return space{}, space{}, e
	}
	ms, err := hdf5.CreateSimpleDataspace(c, nil)
	if err != nil {
		e := fail(op, d.f.path, d.info.Path)
		fs.Close()
		return space{}, space{}, e
	}
	return space{fs}, space{ms}, nil
}

func unsigned(v []int) []uint {
	u := make([]uint, len(v))
	for i, n := range v {
		u[i] = uint(n)
	}
	return u
}

// ReadComplex reads a dataset of complex numbers, of float32 or float64 parts and either
// byte order, whole.
func ReadComplex(d *Dataset) ([]complex128, error) {
	enter()
	defer leave()
	n, err := d.sizeFor(16)
	if err != nil {
		return nil, err
	}
	if d.info.Type.Class != Complex {
		return nil, refuse(WrongType, "read", d.f.path, d.info.Path, "it holds %s, not complex numbers", d.info.Type.Desc)
	}
	t := C.H5Dget_type(hid(d.h))
	if t < 0 {
		return nil, fail("read", d.f.path, d.info.Path)
	}
	re, im, _ := complexNames(t)
	C.H5Tclose(t)
	if n == 0 {
		return nil, nil
	}
	var cs cstrings
	defer cs.free()
	mem := C.h5_complex(1, cs.of(re), cs.of(im))
	defer C.H5Tclose(mem)
	dst := make([]complex128, n)
	return dst, d.transfer(mem, unsafe.Pointer(&dst[0]), nil, nil)
}

// Strings reads a dataset of strings whole: fixed or variable length, ASCII or UTF-8, scalar
// (one string) or array (row-major). Padding (NUL, or blanks where the type says so) is taken
// off. Bytes that are no UTF-8 stay as they are.
func (d *Dataset) Strings() ([]string, error) {
	enter()
	defer leave()
	if d.h == nil {
		return nil, ErrClosed
	}
	if d.info.Type.Class != String {
		return nil, refuse(WrongType, "read", d.f.path, d.info.Path, "it holds %s, not strings", d.info.Type.Desc)
	}
	n, err := d.sizeFor(max(d.info.Type.Size, 24))
	if err != nil || n == 0 {
		return nil, err
	}
	t := C.H5Dget_type(hid(d.h))
	if t < 0 {
		return nil, fail("read", d.f.path, d.info.Path)
	}
	defer C.H5Tclose(t)
	s := C.H5Dget_space(hid(d.h))
	defer C.H5Sclose(s)
	out, ok := readStrings(t, s, n, func(mem C.hid_t, p unsafe.Pointer) C.herr_t {
		return C.H5Dread(hid(d.h), mem, C.H5S_ALL, C.H5S_ALL, d.dxpl(), p)
	})
	if !ok {
		return nil, d.readError()
	}
	return out, nil
}

// readStrings reads n strings of the stored type t by read; s is their data space.
func readStrings(t, s C.hid_t, n int, read func(mem C.hid_t, p unsafe.Pointer) C.herr_t) ([]string, bool) {
	out := make([]string, n)
	if C.H5Tis_variable_str(t) <= 0 {
		size := int(C.H5Tget_size(t))
		buf := make([]byte, n*size)
		if read(t, unsafe.Pointer(&buf[0])) < 0 {
			note()
			return nil, false
		}
		for i := range out {
			out[i] = unpad(string(buf[i*size:(i+1)*size]), C.H5Tget_strpad(t))
		}
		return out, true
	}
	// C memory: libhdf5 stores pointers there.
	ptrs := (**C.char)(C.calloc(C.size_t(n), C.size_t(unsafe.Sizeof((*C.char)(nil)))))
	if ptrs == nil {
		return nil, false
	}
	defer C.free(unsafe.Pointer(ptrs))
	mem := C.h5_string_like(t)
	defer C.H5Tclose(mem)
	if read(mem, unsafe.Pointer(ptrs)) < 0 {
		note()
		return nil, false
	}
	for i, p := range unsafe.Slice(ptrs, n) {
		if p != nil {
			out[i] = C.GoString(p)
		}
	}
	C.H5Dvlen_reclaim(mem, s, C.H5P_DEFAULT, unsafe.Pointer(ptrs))
	return out, true
}

// unpad takes the padding off a fixed-length string.
func unpad(s string, pad C.H5T_str_t) string {
	switch pad {
	case C.H5T_STR_NULLTERM:
		if i := strings.IndexByte(s, 0); i >= 0 {
			s = s[:i]
		}
		return s
	case C.H5T_STR_SPACEPAD:
		return strings.TrimRight(s, " \x00")
	}
	return strings.TrimRight(s, "\x00")
}
