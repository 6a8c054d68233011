package h5

// #cgo pkg-config: hdf5
// #include "door.h"
import "C"

import (
	"runtime"
	"sync"
	"unsafe"

	"gonum.org/v1/hdf5"
)

// door is the process-wide lock and what may only be touched while it is held. libhdf5 is
// itself global state, so the lock has to be global too.
var door struct {
	mu sync.Mutex
	// chunkBytes is the size of a decoded chunk of the dataset being read, 0 when unknown;
	// a filter takes it as a hint. filterErr is why the last filter failed.
	chunkBytes int
	filterErr  error
	filters    []filter
}

// scratch are arrays for coordinates, outside Go's memory so that calls in the
// frame loop allocate nothing.
var scratch = (*[4][C.H5_MAXRANK]C.hsize_t)(C.calloc(4*C.H5_MAXRANK, 8))

// enter takes the lock and stays on the thread, whose error stack belongs to the caller
// until leave.
func enter() {
	door.mu.Lock()
	runtime.LockOSThread()
	C.h5_enter()
}

func leave() {
	runtime.UnlockOSThread()
	door.mu.Unlock()
}

// LibVersion is the version of libhdf5 in use, such as "1.10.8".
func LibVersion() string {
	enter()
	defer leave()
	v, err := hdf5.LibVersion()
	if err != nil {
		return "unknown"
	}
	return v.String()
}

// bindFile makes the binding's handle of a file that was opened with property lists which the
// binding cannot express. Its constructor is private; its Identifier.File is not, and gives
// another reference to the file of any handle.
func bindFile(id C.hid_t) *hdf5.File {
	f := viaDatatype(hdf5.NewDatatype, int64(id)).File()
	C.H5Idec_ref(id)
	return f
}

// viaDatatype infers T as the binding's private name of hid_t.
func viaDatatype[T ~int64](wrap func(T) *hdf5.Datatype, id int64) *hdf5.Datatype {
	return wrap(T(id))
}

// hid is the HDF5 identifier behind a handle of the binding.
func hid(i interface{ ID() int64 }) C.hid_t { return C.hid_t(i.ID()) }

// cstrings makes C strings that are freed together.
type cstrings []*C.char

func (c *cstrings) of(s string) *C.char {
	p := C.CString(s)
	*c = append(*c, p)
	return p
}

func (c *cstrings) free() {
	for _, p := range *c {
		C.free(unsafe.Pointer(p))
	}
}

func freeString(p *C.char) { C.free(unsafe.Pointer(p)) }

// coords copies coordinates into scratch array k.
func coords(k int, v []int) *C.hsize_t {
	for i, n := range v {
		scratch[k][i] = C.hsize_t(n)
	}
	return &scratch[k][0]
}
