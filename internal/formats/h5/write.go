package h5

// #include "door.h"
import "C"

import (
	"path"
	"slices"
	"strings"
	"syscall"
	"unsafe"

	"gonum.org/v1/hdf5"

	"ptyprep/internal/imgproc/pix"
)

// broken remembers the first failure of writing: the file is not whole from then on, and
// every later call that writes gives the same error.
func (f *File) broken(e *Error) error {
	if e.Kind == OtherError {
		e.Kind = WriteFailed
	}
	if f.failed == nil {
		f.failed = e
	}
	return f.failed
}

// outcome is the result of a call that writes: err is what libhdf5 says, which does not know
// of failures in the file driver.
func (f *File) outcome(op, path string, err error) error {
	switch {
	case f.failed != nil:
		return f.failed
	case f.w.err != 0:
		return f.broken(f.fault(op, path))
	}
	return err
}

// fault makes an error of what the operating system said to the file driver.
func (f *File) fault(op, path string) *Error {
	no := syscall.Errno(f.w.err)
	e := osError(op, f.path, no)
	e.Path = path
	switch {
	case f.w.locked != 0:
		e.Kind, e.Msg = Locked, "another process has the file open"
	case no == syscall.ENOSPC || no == syscall.EDQUOT || no == syscall.EFBIG:
		e.Kind = NoSpace
	case e.Kind == OtherError:
		e.Kind = WriteFailed
	}
	return e
}

// ready says whether path may be written to.
func (f *File) ready(op, p string) error {
	switch {
	case f.h == nil:
		return ErrClosed
	case f.w == nil:
		return refuse(Permission, op, f.path, p, "the file is open for reading")
	case f.failed != nil:
		return f.failed
	case strings.IndexByte(p, 0) >= 0 || path.Base(p) == "." || path.Base(p) == "/":
		return refuse(BadRange, op, f.path, p, "%q is no name for an object", p)
	}
	return nil
}

// CreateGroup makes a group and the groups above it that are missing. It is no error when
// the group is there.
func (f *File) CreateGroup(p string) error {
	enter()
	defer leave()
	if err := f.ready("create group", p); err != nil {
		return err
	}
	cur := "/"
	for part := range strings.SplitSeq(p, "/") {
		if part == "" || part == "." {
			continue
		}
		cur = join(cur, part)
		if f.linkExists(cur) {
			if k, _, _ := f.object(cur); k != Group {
				return refuse(WrongType, "create group", f.path, p, "%s is a %v", cur, k)
			}
			continue
		}
		// The groups of the old file format carry no times, so the binding's default
		// property lists do.
		g, err := f.h.CreateGroup(cur)
		if err != nil {
			return f.broken(fail("create group", f.path, p))
		}
		if err := g.Close(); err != nil {
			return f.broken(fail("create group", f.path, p))
		}
	}
	return f.outcome("create group", p, nil)
}

// SetAttr gives the object at path (a group or a dataset; "/" is the root) an attribute: a
// scalar string of variable length in UTF-8. An attribute of that name is replaced.
func (f *File) SetAttr(path, name, value string) error {
	enter()
	defer leave()
	if err := f.ready("write attribute of", join(path, "x")); err != nil {
		return err
	}
	if strings.IndexByte(name+value, 0) >= 0 {
		return refuse(BadRange, "write attribute of", f.path, path, "a string with a NUL cannot be stored")
	}
	if _, err := f.kind(path); err != nil {
		return err
	}
	var cs cstrings
	defer cs.free()
	p, free := pointers(&cs, []string{value})
	defer free()
	t := C.h5_string()
	defer C.H5Tclose(t)
	if C.h5_write_attr(hid(f.h), cs.of(path), cs.of(name), t, p) < 0 {
		return f.broken(fail("write attribute "+name+" of", f.path, path))
	}
	return f.outcome("write attribute "+name+" of", path, nil)
}

// pointers makes a C array of C strings.
func pointers(cs *cstrings, v []string) (unsafe.Pointer, func()) {
	mem := C.calloc(C.size_t(max(1, len(v))), C.size_t(unsafe.Sizeof((*C.char)(nil))))
	for i, p := range unsafe.Slice((**C.char)(mem), len(v)) {
		_ = p
		unsafe.Slice((**C.char)(mem), len(v))[i] = cs.of(v[i])
	}
	return mem, func() { C.free(mem) }
}

// WriteString writes a scalar string of variable length in UTF-8.
func (f *File) WriteString(path, value string) error {
	return f.writeStrings(path, nil, []string{value})
}

// WriteStrings writes a one-dimensional dataset of such strings.
func (f *File) WriteStrings(path string, values []string) error {
	return f.writeStrings(path, []int{len(values)}, values)
}

func (f *File) writeStrings(path string, shape []int, values []string) error {
	enter()
	defer leave()
	for _, v := range values {
		if strings.IndexByte(v, 0) >= 0 {
			return refuse(BadRange, "write", f.path, path, "a string with a NUL cannot be stored")
		}
	}
	var cs cstrings
	defer cs.free()
	p, free := pointers(&cs, values)
	defer free()
	t := C.h5_string()
	defer C.H5Tclose(t)
	return f.write(path, t, t, shape, p, 0)
}

// WriteScalar writes one number: value is an int64 for the signed and unsigned integer types
// (uint64 too), a float64 for Float32 and Float64, a bool for pix.Bool, which is stored as
// h5py's enumeration {FALSE 0, TRUE 1} of int8. A number outside the type's range is refused.
func (f *File) WriteScalar(path string, t pix.Type, value any) error {
	enter()
	defer leave()
	wrong := func() error {
		return refuse(WrongType, "write", f.path, path, "%v (%T) cannot be stored as %v", value, value, t)
	}
	switch v := value.(type) {
	case bool:
		if t != pix.Bool {
			return wrong()
		}
		b := C.h5_bool()
		defer C.H5Tclose(b)
		x := new(int8)
		if v {
			*x = 1
		}
		return f.write(path, b, b, nil, unsafe.Pointer(x), 0)
	case int64:
		if !t.IsInteger() || !fits(t, v) {
			return wrong()
		}
		return f.write(path, C.h5_stored(C.int(t)), C.h5_native(C.int(pix.Int64)), nil, unsafe.Pointer(&v), 0)
	case uint64:
		if t != pix.Uint64 && (v > 1<<63-1 || !t.IsInteger() || !fits(t, int64(v))) {
			return wrong()
		}
		return f.write(path, C.h5_stored(C.int(t)), C.h5_native(C.int(pix.Uint64)), nil, unsafe.Pointer(&v), 0)
	case float64:
		if !t.IsFloat() {
			return wrong()
		}
		return f.write(path, C.h5_stored(C.int(t)), C.h5_native(C.int(pix.Float64)), nil, unsafe.Pointer(&v), 0)
	}
	return wrong()
}

// fits reports whether v is within the range of the integer type t.
func fits(t pix.Type, v int64) bool {
	bits := 8 * t.Size()
	if !t.IsSigned() {
		return v >= 0 && (bits == 64 || v < 1<<bits)
	}
	return v >= -1<<(bits-1) && (bits == 64 || v < 1<<(bits-1))
}

// WriteArray writes numbers, row-major, little-endian. shape nil is a scalar. deflate is the
// gzip level 1..9, or 0 for contiguous storage; a compressed array of up to 1 MiB is one chunk.
// Groups above path that are missing are made.
func WriteArray[T pix.Number](f *File, path string, shape []int, data []T, deflate int) error {
	enter()
	defer leave()
	if err := checkShape(f, path, shape, len(data)); err != nil {
		return err
	}
	t := C.int(pix.TypeOf[T]())
	return f.write(path, C.h5_stored(t), C.h5_native(t), shape, unsafe.Pointer(unsafe.SliceData(data)), deflate)
}

// WriteComplex writes complex numbers as compounds {r, i} of float64, uncompressed; shape nil
// is a scalar.
func (f *File) WriteComplex(path string, shape []int, data []complex128) error {
	enter()
	defer leave()
	if err := checkShape(f, path, shape, len(data)); err != nil {
		return err
	}
	var cs cstrings
	defer cs.free()
	re, im := cs.of("r"), cs.of("i")
	stored, mem := C.h5_complex(0, re, im), C.h5_complex(1, re, im)
	defer C.H5Tclose(stored)
	defer C.H5Tclose(mem)
	return f.write(path, stored, mem, shape, unsafe.Pointer(unsafe.SliceData(data)), 0)
}

// WriteBools writes truth values as h5py's enumeration {FALSE 0, TRUE 1} of int8,
// uncompressed; shape nil is a scalar.
func (f *File) WriteBools(path string, shape []int, data []bool) error {
	enter()
	defer leave()
	if err := checkShape(f, path, shape, len(data)); err != nil {
		return err
	}
	t := C.h5_bool()
	defer C.H5Tclose(t)
	// A Go bool is one byte, 0 or 1.
	return f.write(path, t, t, shape, unsafe.Pointer(unsafe.SliceData(data)), 0)
}

func checkShape(f *File, path string, shape []int, n int) error {
	if len(shape) > C.H5_MAXRANK {
		return refuse(BadRange, "write", f.path, path, "%d dimensions are too many", len(shape))
	}
	if want, ok := product(shape); !ok || want != n {
		return refuse(BadRange, "write", f.path, path, "%d elements for shape %v", n, shape)
	}
	return nil
}

// write makes a dataset and fills it, with the lock held. shape nil is a scalar.
func (f *File) write(path string, stored, mem C.hid_t, shape []int, data unsafe.Pointer, deflate int) error {
	if err := f.ready("write", path); err != nil {
		return err
	}
	if f.linkExists(path) {
		return refuse(BadRange, "write", f.path, path, "there is an object of that name already")
	}
	rank := C.int(-1)
	var dims, chunk *C.hsize_t
	if shape != nil {
		rank = C.int(len(shape))
		dims = coords(0, shape)
	}
	if n, _ := product(shape); deflate > 0 && len(shape) > 0 && n > 0 {
		chunk = coords(1, chunkFor(shape, int(C.H5Tget_size(stored))))
	}
	var cs cstrings
	defer cs.free()
	if C.h5_write(hid(f.h), cs.of(path), stored, mem, rank, dims, chunk, C.int(deflate), data) < 0 {
		return f.broken(fail("write", f.path, path))
	}
	return f.outcome("write", path, nil)
}

// chunkFor gives the chunk shape of a compressed array: all of it up to 1 MiB, else fewer and
// fewer entries of the slow dimensions.
func chunkFor(shape []int, size int) []int {
	const limit = 1 << 20
	chunk := ints(shape)
	bytes, _ := product(shape)
	bytes *= size
	for i := range chunk {
		if bytes <= limit {
			break
		}
		rest := bytes / chunk[i]
		chunk[i] = max(1, limit/rest)
		bytes = rest * chunk[i]
	}
	return chunk
}

// ExternalLink makes a link at path to object in another file. A relative name is looked up
// beside this file first by those who follow it.
func (f *File) ExternalLink(path, file, object string) error {
	enter()
	defer leave()
	if err := f.ready("link", path); err != nil {
		return err
	}
	if strings.IndexByte(file+object, 0) >= 0 || file == "" || object == "" {
		return refuse(BadRange, "link", f.path, path, "no target: file %q, object %q", file, object)
	}
	return f.makeLink(path, func(cs *cstrings, lcpl C.hid_t) C.herr_t {
		return C.H5Lcreate_external(cs.of(file), cs.of(object), hid(f.h), cs.of(path), lcpl, C.H5P_DEFAULT)
	})
}

// SoftLink makes a link at path to another path of this file, which need not exist yet.
func (f *File) SoftLink(path, target string) error {
	enter()
	defer leave()
	if err := f.ready("link", path); err != nil {
		return err
	}
	if strings.IndexByte(target, 0) >= 0 || target == "" {
		return refuse(BadRange, "link", f.path, path, "no target: %q", target)
	}
	return f.makeLink(path, func(cs *cstrings, lcpl C.hid_t) C.herr_t {
		return C.H5Lcreate_soft(cs.of(target), hid(f.h), cs.of(path), lcpl, C.H5P_DEFAULT)
	})
}

func (f *File) makeLink(path string, create func(cs *cstrings, lcpl C.hid_t) C.herr_t) error {
	var cs cstrings
	defer cs.free()
	lcpl := C.h5_lcpl()
	defer C.H5Pclose(lcpl)
	if create(&cs, lcpl) < 0 {
		return f.broken(fail("link", f.path, path))
	}
	return f.outcome("link", path, nil)
}

// FilterSpec is one step of a chunk's pipeline.
type FilterSpec struct {
	ID       int
	Params   []uint32
	Optional bool // the dataset can be created although libhdf5 does not know the filter
}

// FramesSpec describes a stack of frames.
type FramesSpec struct {
	Type    pix.Type // pix.Bool is stored as h5py's enumeration {FALSE 0, TRUE 1} of int8
	Shape   []int    // number of frames, rows, columns (or any rank above one)
	Chunk   []int    // shape of a chunk; nil: one entry of the first dimension
	Filters []FilterSpec

	Contiguous bool // no chunks and no filters, but one block that is there from the beginning
}

// CreateFrames makes an empty dataset for frames, to be filled by WriteChunk or WriteNative. Nothing is stored for frames that are not written. Groups above path that
// are missing are made.
func (f *File) CreateFrames(path string, s FramesSpec) (*Dataset, error) {
	enter()
	defer leave()
	if err := f.ready("create", path); err != nil {
		return nil, err
	}
	n, ok := product(s.Shape)
	if !ok || n == 0 || len(s.Shape) < 2 || len(s.Shape) > C.H5_MAXRANK {
		return nil, refuse(BadRange, "create", f.path, path, "shape %v is no stack of frames", s.Shape)
	}
	if s.Chunk != nil && (len(s.Chunk) != len(s.Shape) || slices.Min(s.Chunk) < 1) || s.Contiguous && len(s.Filters) > 0 {
		return nil, refuse(BadRange, "create", f.path, path, "chunks of %v for a stack of shape %v with %d filters", s.Chunk, s.Shape, len(s.Filters))
	}
	if n/s.Shape[0] > (1<<32-1)/max(1, s.Type.Size()) {
		return nil, refuse(BadRange, "create", f.path, path, "a frame of shape %v is more than 4 GiB", s.Shape[1:])
	}
	if f.linkExists(path) {
		return nil, refuse(BadRange, "create", f.path, path, "there is an object of that name already")
	}
	t := C.h5_stored(C.int(s.Type))
	if s.Type == pix.Bool {
		t = C.h5_bool()
		defer C.H5Tclose(t)
	}
	if t < 0 {
		return nil, refuse(WrongType, "create", f.path, path, "no stored form of %v", s.Type)
	}
	if err := f.createFrames(path, t, s); err != nil {
		return nil, err
	}
	return f.dataset(path, DatasetOptions{})
}

func (f *File) createFrames(path string, t C.hid_t, s FramesSpec) error {
	dcpl, err := framesList(s)
	if err != nil {
		note()
		if dcpl != nil {
			dcpl.Close()
		}
		return fail("create", f.path, path)
	}
	defer dcpl.Close()
	space, err := hdf5.CreateSimpleDataspace(unsigned(s.Shape), nil)
	if err != nil {
		return fail("create", f.path, path)
	}
	defer space.Close()
	lcpl := C.h5_lcpl()
	defer C.H5Pclose(lcpl)
	var cs cstrings
	defer cs.free()
	id := C.H5Dcreate2(hid(f.h), cs.of(path), t, hid(space), lcpl, hid(dcpl), C.H5P_DEFAULT)
	if id < 0 {
		e := fail("create", f.path, path)
		if e.Kind == NoFilter {
			return e // nothing was written
		}
		return f.broken(e)
	}
	if C.H5Dclose(id) < 0 {
		return f.broken(fail("create", f.path, path))
	}
	return f.outcome("create", path, nil)
}

// framesList makes the creation properties of a stack of frames.
func framesList(s FramesSpec) (*hdf5.PropList, error) {
	p, err := hdf5.NewPropList(hdf5.P_DATASET_CREATE)
	if err != nil {
		return nil, err
	}
	chunk := unsigned(s.Shape)
	chunk[0] = 1
	if s.Chunk != nil {
		chunk = unsigned(s.Chunk)
	}
	alloc := C.H5D_alloc_time_t(C.H5D_ALLOC_TIME_EARLY)
	if !s.Contiguous {
		if err := p.SetChunk(chunk); err != nil {
			return p, err
		}
		alloc = C.H5D_ALLOC_TIME_INCR
	}
	r := C.H5Pset_obj_track_times(hid(p), C.hbool_t(false))
	if r >= 0 {
		r = C.H5Pset_alloc_time(hid(p), alloc)
	}
	if r >= 0 {
		r = C.H5Pset_fill_time(hid(p), C.H5D_FILL_TIME_NEVER)
	}
	for _, f := range s.Filters {
		flags := C.uint(C.H5Z_FLAG_MANDATORY)
		if f.Optional {
			flags = C.H5Z_FLAG_OPTIONAL
		}
		if r >= 0 {
			r = C.H5Pset_filter(hid(p), C.H5Z_filter_t(f.ID), flags, C.size_t(len(f.Params)), (*C.uint)(unsafe.Pointer(unsafe.SliceData(f.Params))))
		}
	}
	if r < 0 {
		return p, refuse(OtherError, "create", "", "", "bad filter")
	}
	return p, nil
}

// WriteChunk stores data as the bytes of the chunk whose first element is at offset, as they
// are: data went through all filters but those whose bit is set in mask.
func (d *Dataset) WriteChunk(offset []int, mask uint32, data []byte) error {
	enter()
	defer leave()
	if err := d.chunkAt(offset); err != nil {
		return err
	}
	if err := d.f.ready("write", d.info.Path); err != nil {
		return err
	}
	if len(data) == 0 {
		return refuse(BadRange, "write", d.f.path, d.info.Path, "a chunk of no bytes")
	}
	if C.H5Dwrite_chunk(hid(d.h), C.H5P_DEFAULT, C.uint32_t(mask), &scratch[0][0], C.size_t(len(data)), unsafe.Pointer(&data[0])) < 0 {
		return d.f.broken(fail("write", d.f.path, d.info.Path))
	}
	return d.f.outcome("write", d.info.Path, nil)
}

// WriteNative writes a box of numbers of Info().Type.Pix in native byte order, row-major,
// through libhdf5's own filters; off and count as in Read.
func (d *Dataset) WriteNative(src []byte, off, count []int) error {
	enter()
	defer leave()
	if d.h == nil {
		return ErrClosed
	}
	if err := d.f.ready("write", d.info.Path); err != nil {
		return err
	}
	t := d.info.Type
	if t.Pix == pix.Invalid {
		return refuse(WrongType, "write", d.f.path, d.info.Path, "it holds %s, not numbers", t.Desc)
	}
	n, err := d.box("write", off, count)
	if err != nil {
		return err
	}
	if len(src) != n*t.Pix.Size() {
		return refuse(BadRange, "write", d.f.path, d.info.Path, "%d elements selected, %d given", n, len(src)/t.Pix.Size())
	}
	if n == 0 {
		return nil
	}
	mem := C.h5_native(C.int(t.Pix))
	if t.Class == Bool {
		mem = C.h5_bool()
		defer C.H5Tclose(mem)
	}
	fileSpace, memSpace, err := d.spaces("write", off, count)
	if err != nil {
		return err
	}
	defer fileSpace.close()
	defer memSpace.close()
	if C.H5Dwrite(hid(d.h), mem, memSpace.id(), fileSpace.id(), d.dxpl(), unsafe.Pointer(&src[0])) < 0 {
		return d.f.broken(fail("write", d.f.path, d.info.Path))
	}
	return d.f.outcome("write", d.info.Path, nil)
}
