package h5

// #include "door.h"
import "C"

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"syscall"
)

// ErrorKind says what sort of failure an *Error is.
type ErrorKind uint8

// The kinds of failure.
const (
	OtherError  ErrorKind = iota
	NotFound              // no such file (missing datasets and groups are a *NotFoundError)
	NotHDF5               // the file is something else; Msg says what it looks like
	Truncated             // the file is shorter than its header says; see Found and Expected
	Locked                // another process has the file open for writing (or left its mark in it)
	Damaged               // the file's structure or a chunk's content is broken
	Permission            // the operating system refuses
	NoFilter              // a decoder that the dataset needs is not there
	WrongType             // the stored type cannot be read or written as asked
	BadRange              // rank, bounds or length do not fit the dataset
	NoSpace               // disk or quota is full, or a file size limit was reached
	WriteFailed           // any other failure of writing
)

var kindNames = [...]string{"other", "not found", "not HDF5", "truncated", "locked", "damaged", "permission",
	"missing filter", "wrong type", "bad range", "no space", "write failed"}

// String gives the kind in words.
func (k ErrorKind) String() string {
	if int(k) < len(kindNames) {
		return kindNames[k]
	}
	return "ErrorKind(" + strconv.Itoa(int(k)) + ")"
}

// Error is a failure of this package. Its text is "h5: Op File:Path: Msg".
type Error struct {
	Kind            ErrorKind
	Op              string // what was tried: "open", "read", ...
	File            string // as it was given to Open or Create
	Path            string // dataset or group, empty when the whole file is meant
	Msg             string // what went wrong, one line
	Found, Expected int64  // Truncated: the file's size and what its header says, in bytes; 0 when unknown
	Err             error  // the cause, may be nil: a syscall.Errno, the error of a filter, ...
}

// Error gives the text.
func (e *Error) Error() string {
	where := e.File
	if e.Path != "" {
		where += ":" + e.Path
	}
	return "h5: " + e.Op + " " + where + ": " + e.Msg
}

// Unwrap gives the cause.
func (e *Error) Unwrap() error { return e.Err }

// KindOf gives the kind of the *Error in err's chain. A *NotFoundError is NotFound; anything
// else is OtherError.
func KindOf(err error) ErrorKind {
	var e *Error
	if errors.As(err, &e) {
		return e.Kind
	}
	if errors.Is(err, ErrNotFound) {
		return NotFound
	}
	return OtherError
}

// Errors to compare with errors.Is.
var (
	// ErrNotFound is in the chain of every *NotFoundError.
	ErrNotFound = errors.New("not in the file")
	// ErrNoChunk is what ChunkBytes gives for a chunk that was never written.
	ErrNoChunk = errors.New("h5: chunk was never written")
	// ErrClosed is what methods of a closed File or Dataset give.
	ErrClosed = errors.New("h5: file or dataset is closed")
)

// NotFoundError says that a path does not lead to an object. When Link is empty nothing has
// that name: Group is the deepest group (or, with NotAGroup, dataset) on the way that does
// exist. Otherwise Link is a link on the way whose target is missing: TargetFile (external
// links only, as stored) and TargetPath. Reason says why an external file cannot be used.
type NotFoundError struct {
	File, Path string
	Group      string
	NotAGroup  bool
	Link       string
	TargetFile string
	TargetPath string
	Reason     string
}

// Error gives the text.
func (e *NotFoundError) Error() string {
	s := fmt.Sprintf("h5: %s: nothing at %s", e.File, e.Path)
	switch {
	case e.Link != "" && e.TargetFile != "" && e.Reason != "":
		return s + fmt.Sprintf(": external link %s leads to file %s: %s", e.Link, e.TargetFile, e.Reason)
	case e.Link != "" && e.TargetFile != "":
		return s + fmt.Sprintf(": external link %s leads to %s in file %s, which has no such object", e.Link, e.TargetPath, e.TargetFile)
	case e.Link != "":
		return s + fmt.Sprintf(": soft link %s leads to %s, which does not exist", e.Link, e.TargetPath)
	case e.NotAGroup:
		return s + fmt.Sprintf(": %s is not a group", e.Group)
	}
	return s + fmt.Sprintf(": the deepest group on the way that exists is %s", e.Group)
}

// Is makes errors.Is(err, ErrNotFound) true.
func (e *NotFoundError) Is(target error) bool { return target == ErrNotFound }

// record is one entry of libhdf5's error stack.
type record struct{ fn, minor, desc string }

// stack takes the error stack of this thread, innermost record first, or the one that was
// noted earlier in the same call.
func stack() []record {
	var rs []record
	for line := range strings.SplitSeq(C.GoString(C.h5_errors()), "\x1e") {
		p := strings.SplitN(line, "\x1f", 3)
		if len(p) == 3 {
			rs = append(rs, record{p[0], p[1], clean(p[2])})
		}
	}
	return rs
}

// note keeps the error stack of this moment, before a clean-up clears it.
func note() { C.h5_note() }

var (
	osMessage  = regexp.MustCompile(`(?s)^(.*?): time = .*?errno = (\d+), error message = '([^']*)'.*$`)
	openErrno  = regexp.MustCompile(`errno = (\d+)`)
	noise      = regexp.MustCompile(`, (flags|o_flags|tent_open_flags|buf|total read size|bytes this sub-read|offset|bytes actually read|file descriptor) = [^,]*`)
	eofNumbers = regexp.MustCompile(`eof = (\d+), sblock->base_addr = (\d+), stored_eof = (\d+)`)
)

// clean takes addresses, file descriptors and times of day out of a message.
func clean(s string) string {
	s = strings.Join(strings.Fields(s), " ")
	if m := osMessage.FindStringSubmatch(s); m != nil {
		return m[1] + ": " + m[3] + " (errno = " + m[2] + ")"
	}
	return noise.ReplaceAllString(s, "")
}

// tooVague are descriptions that say nothing beside others.
var tooVague = map[string]bool{"": true, "no": true, "not found": true, "can't read data": true,
	"can't write data": true, "unable to synchronously open file": true, "unable to synchronously create file": true}

// describe makes one short line of a stack: what was tried (the outermost record) and why it
// failed (the innermost that says something).
func describe(rs []record) string {
	inner, outer := "", ""
	for _, r := range rs {
		if inner == "" && !tooVague[r.desc] {
			inner = r.desc
		}
		if !tooVague[r.desc] {
			outer = r.desc
		}
	}
	switch {
	case inner == "" && len(rs) > 0:
		return strings.ToLower(rs[0].minor)
	case inner == "":
		return "unknown HDF5 error"
	case inner == outer || strings.HasPrefix(inner, outer+":"):
		return inner
	}
	return outer + ": " + inner
}

// fail makes an *Error of the error stack. It is called with the lock held, right after the
// call that failed or after note.
func fail(op, file, path string) *Error {
	rs := stack()
	e := &Error{Op: op, File: file, Path: path, Msg: describe(rs)}
	e.Kind, e.Err = classify(rs)
	for _, r := range rs {
		if m := eofNumbers.FindStringSubmatch(r.desc); m != nil {
			eof, _ := strconv.ParseInt(m[1], 10, 64)
			base, _ := strconv.ParseInt(m[2], 10, 64)
			stored, _ := strconv.ParseInt(m[3], 10, 64)
			e.Kind, e.Found, e.Expected = Truncated, eof+base, stored+base
			e.Msg = fmt.Sprintf("truncated file: it has %d bytes, its header says %d", e.Found, e.Expected)
		}
	}
	if door.filterErr != nil {
		e.Kind, e.Err = Damaged, door.filterErr
		e.Msg = door.filterErr.Error()
		door.filterErr = nil
	}
	return e
}

// classify finds kind and cause by what libhdf5 1.10 and 1.14 write into the stack.
func classify(rs []record) (ErrorKind, error) {
	all := ""
	var errno syscall.Errno
	for _, r := range rs {
		all += r.desc + "\n"
		if m := openErrno.FindStringSubmatch(r.desc); m != nil && errno == 0 {
			n, _ := strconv.Atoi(m[1])
			errno = syscall.Errno(n)
		}
	}
	var cause error
	if errno != 0 {
		cause = errno
	}
	has := func(words ...string) bool {
		for _, w := range words {
			if strings.Contains(all, w) {
				return true
			}
		}
		return false
	}
	switch {
	case has("unable to lock file") && (errno == syscall.EAGAIN || errno == syscall.EACCES),
		has("file is already open for write", "file is already open for read-only", "not already open for SWMR"):
		return Locked, cause
	case errno == syscall.ENOSPC || errno == syscall.EDQUOT || errno == syscall.EFBIG:
		return NoSpace, cause
	case errno == syscall.ENOENT || has("unable to open external raw data file"):
		return NotFound, cause
	case errno == syscall.EACCES || errno == syscall.EPERM || errno == syscall.EROFS:
		return Permission, cause
	case has("file signature not found"):
		return NotHDF5, cause
	case has("truncated file"):
		return Truncated, cause
	case has("is not registered", "filter is not available", "could not find filter", "encoding is disabled"):
		return NoFilter, cause
	case has("unable to convert between src and dest", "unable to set up type info", "no appropriate function for conversion"):
		return WrongType, cause
	case has("signature", "checksum", "overflow", "corrupt", "inflate", "filter returned failure", "bad version",
		"unable to load", "wrong version", "unable to deserialize", "bad heap", "out of range", "invalid"):
		return Damaged, cause
	}
	return OtherError, cause
}

// refuse makes an *Error of our own, without asking libhdf5.
func refuse(kind ErrorKind, op, file, path, format string, args ...any) *Error {
	return &Error{Kind: kind, Op: op, File: file, Path: path, Msg: fmt.Sprintf(format, args...)}
}
