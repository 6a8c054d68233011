package h5

// #include "door.h"
import "C"

import (
	"unsafe"

	"ptyprep/internal/imgproc/pix"
)

// maxAttrBytes bounds what is asked for an attribute.
const maxAttrBytes = 64 << 20

// Attr reads an attribute of the object at path; ok is false when it has none of that name.
// value is a string, int64, uint64 (only for stored 8-byte unsigned numbers), float64, bool or
// complex128, or a slice of one of these for anything but a scalar (row-major; also for one
// element). A value of another type (compound, reference, ...) is an *Error with WrongType.
func (f *File) Attr(path, name string) (value any, ok bool, err error) {
	enter()
	defer leave()
	if f.h == nil {
		return nil, false, ErrClosed
	}
	if _, err := f.kind(path); err != nil {
		return nil, false, err
	}
	var cs cstrings
	defer cs.free()
	cn := cs.of(name)
	// Not H5Aopen_by_name: through an external link it takes a string's heap from the file that holds
	// the link (seen in 1.10.8), and gives another string or rubbish without an error.
	o := C.H5Oopen(hid(f.h), cs.of(path), f.lapl)
	if o < 0 {
		return nil, false, fail("read attribute "+name+" of", f.path, path)
	}
	defer C.H5Oclose(o)
	switch there := C.H5Aexists(o, cn); {
	case there < 0:
		return nil, false, fail("read attribute "+name+" of", f.path, path)
	case there == 0:
		return nil, false, nil
	}
	return f.attr(C.H5Aopen(o, cn, C.H5P_DEFAULT), path, name)
}

// Attr reads an attribute of the dataset, like File.Attr.
func (d *Dataset) Attr(name string) (value any, ok bool, err error) {
	enter()
	defer leave()
	if d.h == nil {
		return nil, false, ErrClosed
	}
	var cs cstrings
	defer cs.free()
	cn := cs.of(name)
	switch there := C.H5Aexists(hid(d.h), cn); {
	case there < 0:
		return nil, false, fail("read attribute "+name+" of", d.f.path, d.info.Path)
	case there == 0:
		return nil, false, nil
	}
	a := C.H5Aopen(hid(d.h), cn, C.H5P_DEFAULT)
	return d.f.attr(a, d.info.Path, name)
}

// attr reads the open attribute a and closes it.
func (f *File) attr(a C.hid_t, path, name string) (value any, ok bool, err error) {
	op := "read attribute " + name + " of"
	if a < 0 {
		return nil, true, fail(op, f.path, path)
	}
	defer C.H5Aclose(a)
	t, s := C.H5Aget_type(a), C.H5Aget_space(a)
	if t < 0 || s < 0 {
		return nil, true, fail(op, f.path, path)
	}
	defer C.H5Tclose(t)
	defer C.H5Sclose(s)
	n := int(C.H5Sget_simple_extent_npoints(s))
	scalar := C.H5Sget_simple_extent_type(s) == C.H5S_SCALAR
	ti := typeInfo(t)
	if n < 0 || n > maxAttrBytes/max(ti.Size, 16) {
		return nil, true, refuse(BadRange, op, f.path, path, "%d elements of %s are too many", n, ti.Desc)
	}
	r := attrReader{id: a, t: t, s: s, n: n}
	if v, ok := r.read(ti); ok {
		if scalar {
			return v.first(), true, nil
		}
		return v.all(), true, nil
	}
	if r.failed {
		return nil, true, fail(op, f.path, path)
	}
	return nil, true, refuse(WrongType, op, f.path, path, "it holds %s", ti.Desc)
}

// values is a slice of some type.
type values interface {
	first() any
	all() any
}

type list[T any] []T

func (l list[T]) first() any { return l[0] }
func (l list[T]) all() any   { return []T(l) }

type attrReader struct {
	id, t, s C.hid_t
	n        int
	failed   bool
}

// read reads the attribute by its class; false without failed means that the class is none
// of ours.
func (r *attrReader) read(ti TypeInfo) (values, bool) {
	switch {
	case ti.Class == String:
		if r.n == 0 {
			return list[string]{}, true
		}
		v, ok := readStrings(r.t, r.s, r.n, func(mem C.hid_t, p unsafe.Pointer) C.herr_t { return C.H5Aread(r.id, mem, p) })
		r.failed = !ok
		return list[string](v), ok
	case ti.Class == Complex:
		re, im, _ := complexNames(r.t)
		var cs cstrings
		defer cs.free()
		mem := C.h5_complex(1, cs.of(re), cs.of(im))
		defer C.H5Tclose(mem)
		return readAs[complex128](r, mem)
	case ti.Class == Bool:
		v, ok := readAs[uint8](r, C.h5_native(C.int(pix.Uint8)))
		b := make(list[bool], len(v))
		for i := range v {
			b[i] = v[i] != 0
		}
		return b, ok
	case ti.Pix == pix.Invalid || ti.Class == Bitfield:
		return r.array(ti)
	case ti.Pix.IsFloat():
		return readAs[float64](r, C.h5_native(C.int(pix.Float64)))
	case ti.Pix == pix.Uint64:
		return readAs[uint64](r, C.h5_native(C.int(pix.Uint64)))
	}
	return readAs[int64](r, C.h5_native(C.int(pix.Int64)))
}

// array reads an attribute whose elements are small arrays of numbers as one flat slice.
func (r *attrReader) array(ti TypeInfo) (values, bool) {
	super := superInfo(r.t)
	if ti.Class != Array || super.Class != Integer && super.Class != Float || super.Size == 0 {
		return nil, false
	}
	native := C.h5_native(C.int(pix.Int64))
	if super.Pix.IsFloat() {
		native = C.h5_native(C.int(pix.Float64))
	}
	var dims [C.H5_MAXRANK]C.hsize_t
	rank := C.H5Tget_array_dims2(r.t, &dims[0])
	mem := C.H5Tarray_create2(native, C.uint(rank), &dims[0])
	if mem < 0 {
		return nil, false
	}
	defer C.H5Tclose(mem)
	flat := *r
	flat.n *= ti.Size / super.Size
	if super.Pix.IsFloat() {
		v, ok := readAs[float64](&flat, mem)
		r.failed = flat.failed
		return sliceOnly[float64]{v}, ok
	}
	v, ok := readAs[int64](&flat, mem)
	r.failed = flat.failed
	return sliceOnly[int64]{v}, ok
}

// sliceOnly stays a slice for a scalar data space too.
type sliceOnly[T any] struct{ list[T] }

func (s sliceOnly[T]) first() any { return s.all() }

func readAs[T any](r *attrReader, mem C.hid_t) (list[T], bool) {
	v := make(list[T], r.n)
	if r.n == 0 {
		return v, true
	}
	if C.H5Aread(r.id, mem, unsafe.Pointer(&v[0])) < 0 {
		note()
		r.failed = true
		return nil, false
	}
	return v, true
}
