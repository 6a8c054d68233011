package h5

// #include "door.h"
import "C"

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"
	"syscall"
	"unicode/utf8"
	"unsafe"

	"gonum.org/v1/hdf5"
)

// OpenOptions says how a file is opened for reading.
type OpenOptions struct {
	NoLock bool // open although another process may be writing: what is read may be half written
	SWMR   bool // read a file that is written in single-writer/multiple-readers mode; see Dataset.Refresh
}

// File is an open HDF5 file, and the datasets opened through it.
type File struct {
	path     string
	h        *hdf5.File
	opts     OpenOptions
	w        *C.h5_writer // nil when open for reading
	fapl     C.hid_t      // how external links open their targets
	lapl     C.hid_t
	datasets map[*Dataset]struct{}
	failed   *Error // the first failure of writing; the file is then beyond repair
}

// Open opens an HDF5 file for reading. The error is an *Error: NotFound, Permission, NotHDF5
// (Msg says what the file looks like), Truncated (Found, Expected), Locked, Damaged or
// OtherError. A file system that has no locks is no error.
func Open(path string, o OpenOptions) (*File, error) {
	if err := precheck(path); err != nil { // without the lock: a slow disk stops nobody
		return nil, err
	}
	if err := builtin(); err != nil {
		return nil, err
	}
	enter()
	defer leave()
	return open(path, o)
}

// open is Open with the lock held and without the look at the file's first bytes.
func open(path string, o OpenOptions) (*File, error) {
	f, err := openLocking(path, o, !o.NoLock)
	if err != nil && !o.NoLock && withoutLocks(err) {
		f, err = openLocking(path, o, false)
	}
	if err != nil {
		return nil, err
	}
	return f, nil
}

func openLocking(path string, o OpenOptions, lock bool) (*File, *Error) {
	var cs cstrings
	defer cs.free()
	f := &File{path: path, opts: o, datasets: map[*Dataset]struct{}{}}
	f.makeLists(lock)
	flags := C.uint(C.H5F_ACC_RDONLY)
	if o.SWMR {
		flags |= C.H5F_ACC_SWMR_READ
	}
	id := C.h5_open(cs.of(path), flags, f.fapl)
	if id < 0 {
		err := fail("open", path, "")
		if err.Kind == OtherError {
			err.Kind = Damaged // precheck has read it, so it is there and readable
		}
		f.closeLists()
		return nil, err
	}
	f.h = bindFile(id)
	return f, nil
}

// withoutLocks reports whether the error says that the file system has no locks: errno 37
// (ENOLCK: NFS without a lock daemon), 524 (the kernel's own ENOTSUPP: Lustre without flock)
// or EOPNOTSUPP.
func withoutLocks(err *Error) bool {
	var no syscall.Errno
	return errors.As(err.Err, &no) && (no == syscall.ENOLCK || no == 524 || no == syscall.EOPNOTSUPP) &&
		strings.Contains(err.Msg, "lock")
}

// makeLists makes the property lists by which this file, and what its links lead to, is opened.
func (f *File) makeLists(lock bool) {
	n := C.int(0)
	if lock {
		n = 1
	}
	f.fapl = C.h5_fapl(n)
	f.lapl = C.h5_lapl(f.fapl)
}

func (f *File) closeLists() {
	C.H5Pclose(f.lapl)
	C.H5Pclose(f.fapl)
}

// Create makes a file for writing; what was there is lost. The file is in the oldest format
// that holds its content, so that old readers can read it, and holds no times. The objects of
// the file come into being with the Write, Create and Set methods.
func Create(path string) (*File, error) {
	if err := builtin(); err != nil {
		return nil, err
	}
	enter()
	defer leave()
	var cs cstrings
	defer cs.free()
	f := &File{path: path, datasets: map[*Dataset]struct{}{}}
	f.w = (*C.h5_writer)(C.calloc(1, C.sizeof_h5_writer))
	fcpl := C.h5_fcpl()
	defer C.H5Pclose(fcpl)
	id := C.h5_create(cs.of(path), fcpl, f.w)
	if id < 0 {
		err := fail("create", path, "")
		if f.w.err != 0 {
			err = f.fault("create", "")
		}
		C.free(unsafe.Pointer(f.w))
		return nil, err
	}
	f.makeLists(true)
	f.h = bindFile(id)
	if f.w.err != 0 {
		err := f.fault("create", "")
		f.close()
		return nil, err
	}
	return f, nil
}

// Path is the name that the file was opened with.
func (f *File) Path() string { return f.path }

// Close closes the file and the datasets opened through it. A failure of writing is
// reported here too, also one that another call has told of: the file is not whole. A handle left open by a fault of this package is closed and reported too.
func (f *File) Close() error {
	enter()
	defer leave()
	return f.close()
}

func (f *File) close() error {
	if f.h == nil {
		return ErrClosed
	}
	var err error
	for d := range f.datasets {
		if e := d.close(); e != nil && err == nil {
			err = e
		}
	}
	if n := int(C.h5_close_leaks(hid(f.h))); n > 0 && err == nil {
		err = refuse(OtherError, "close", f.path, "", "%d HDF5 handles were left open", n)
	}
	if e := f.h.Close(); e != nil && err == nil {
		err = fail("close", f.path, "")
	}
	f.h = nil
	f.closeLists()
	if f.w == nil {
		return err
	}
	if e := f.outcome("close", "", err); e != nil {
		err = e
	}
	C.free(unsafe.Pointer(f.w))
	f.w = nil
	return err
}

// Flush hands everything written so far to the operating system.
func (f *File) Flush() error {
	enter()
	defer leave()
	if f.h == nil {
		return ErrClosed
	}
	if f.w == nil {
		return nil
	}
	if err := f.h.Flush(hdf5.F_SCOPE_GLOBAL); err != nil {
		return f.broken(fail("write", f.path, ""))
	}
	return f.outcome("write", "", nil)
}

// ---- what a file looks like

// precheck tells apart what libhdf5 would only call "unable to open file".
func precheck(path string) error {
	st, err := os.Stat(path)
	if err != nil {
		return osError("open", path, err)
	}
	if st.IsDir() {
		return refuse(NotHDF5, "open", path, "", "is a folder")
	}
	if !st.Mode().IsRegular() {
		return refuse(NotHDF5, "open", path, "", "is not a regular file (%v)", st.Mode().Type())
	}
	r, err := os.Open(path)
	if err != nil {
		return osError("open", path, err)
	}
	defer r.Close()
	if st.Size() == 0 {
		return refuse(NotHDF5, "open", path, "", "not an HDF5 file: it is empty (0 bytes)")
	}
	head := make([]byte, 512)
	n, err := io.ReadFull(r, head)
	if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) {
		return osError("open", path, err)
	}
	head = head[:n]
	// The signature stands at 0, 512, 1024, 2048, ...: after a user block of a power of two.
	sig := []byte("\x89HDF\r\n\x1a\n")
	if bytes.HasPrefix(head, sig) {
		return nil
	}
	at := make([]byte, len(sig))
	for off := int64(512); off < st.Size(); off *= 2 {
		if _, err := r.ReadAt(at, off); err == nil && bytes.Equal(at, sig) {
			return nil
		}
	}
	return refuse(NotHDF5, "open", path, "", "not an HDF5 file: it looks like %s", looksLike(head))
}

func osError(op, path string, err error) *Error {
	e := &Error{Kind: OtherError, Op: op, File: path, Err: err}
	switch {
	case errors.Is(err, fs.ErrNotExist):
		e.Kind, e.Msg = NotFound, "no such file"
	case errors.Is(err, fs.ErrPermission):
		e.Kind, e.Msg = Permission, "permission denied"
	default:
		var no syscall.Errno
		if errors.As(err, &no) {
			e.Msg = no.Error()
		} else {
			e.Msg = err.Error()
		}
	}
	return e
}

// magics are the first bytes of what people take for HDF5.
var magics = []struct{ magic, name string }{
	{"II*\x00", "a TIFF image"}, {"MM\x00*", "a TIFF image"}, {"II+\x00", "a BigTIFF image"},
	{"CDF\x01", "a netCDF-3 file"}, {"CDF\x02", "a netCDF-3 file"}, {"CDF\x05", "a netCDF-3 (CDF-5) file"},
	{"\x0e\x03\x13\x01", "an HDF4 file"}, {"MATLAB 5.0", "a MATLAB file older than version 7.3"},
	{"\x93NUMPY", "a numpy .npy file"}, {"PK\x03\x04", "a zip file (numpy .npz?)"}, {"\x1f\x8b", "a gzip file: unpack it first"},
	{"BZh", "a bzip2 file: unpack it first"}, {"\x28\xb5\x2f\xfd", "a zstd file: unpack it first"}, {"\xfd7zXZ", "an xz file: unpack it first"},
	{"###CBF", "a CBF image"}, {"\x89PNG", "a PNG image"}, {"\xff\xd8\xff", "a JPEG image"}, {"SIMPLE  =", "a FITS file"},
	{"#F ", "a SPEC log"}, {"%", "text beginning with %"}, {"<?xml", "an XML file"}, {"<!DOCTYPE html", "an HTML page"}, {"<!DOCTYPE HTML", "an HTML page"}, {"<!DOCTYPE", "an XML file"}, {"<html", "an HTML page"},
	{"version https://git-lfs", "a git-lfs pointer, not the file itself"}, {"/annex/objects", "a git-annex pointer, not the file itself"},
}

// looksLike says in words what the first bytes of a file are.
func looksLike(head []byte) string {
	for _, m := range magics {
		if bytes.HasPrefix(head, []byte(m.magic)) {
			return m.name
		}
	}
	if t := bytes.TrimLeft(head, " \t\r\n"); len(t) > 0 && t[0] == '{' {
		return "an EDF image or JSON text"
	}
	if len(bytes.Trim(head, "\x00")) == 0 {
		return fmt.Sprintf("nothing: its first %d bytes are zero (a copy that was cut off?)", len(head))
	}
	if utf8.Valid(head) && !bytes.ContainsRune(head, 0) {
		return "text"
	}
	return fmt.Sprintf("other binary data (first bytes % x)", head[:min(8, len(head))])
}
