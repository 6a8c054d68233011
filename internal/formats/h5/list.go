package h5

// #include "door.h"
import "C"

import (
	"errors"
	"fmt"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"unsafe"
)

// Link is the kind of a link in a group.
type Link uint8

// The kinds of links.
const (
	Hard Link = iota
	Soft
	External
	UserLink // a kind that only its own program can follow
)

// Kind is what a path leads to.
type Kind uint8

// The kinds of objects. Broken is a link whose target is missing or cannot be opened.
const (
	Broken Kind = iota
	Group
	DatasetKind
	Other // a named datatype
)

var objectNames = [...]string{"broken link", "group", "dataset", "named datatype"}

// String gives the kind in words.
func (k Kind) String() string { return objectNames[k] }

// Entry is one link in a group.
type Entry struct {
	Name       string
	Link       Link
	TargetFile string // external links: the file as it is stored in the link
	TargetPath string // soft and external links
	Kind       Kind   // of what the link leads to
	Err        error  // why it is Broken, from Walk only
}

// List gives the links of a group, sorted by name. A missing group is a *NotFoundError.
func (f *File) List(group string) ([]Entry, error) {
	enter()
	defer leave()
	return f.list(group)
}

func (f *File) list(group string) ([]Entry, error) {
	if f.h == nil {
		return nil, ErrClosed
	}
	kind, err := f.kind(group)
	if err != nil {
		return nil, err
	}
	if kind != Group {
		return nil, refuse(WrongType, "list", f.path, group, "it is a %v, not a group", kind)
	}
	var cs cstrings
	defer cs.free()
	var links C.h5_links
	defer C.h5_free_links(&links)
	if C.h5_list(hid(f.h), cs.of(group), f.lapl, &links) < 0 {
		return nil, fail("list", f.path, group)
	}
	if links.n == 0 {
		return nil, nil
	}
	es := make([]Entry, links.n)
	for i, l := range unsafe.Slice(links.v, links.n) {
		es[i] = f.entry(group, C.GoString(l.name))
	}
	slices.SortFunc(es, func(a, b Entry) int { return strings.Compare(a.Name, b.Name) })
	return es, nil
}

func (f *File) entry(group, name string) Entry {
	e := Entry{Name: name}
	full := join(group, name)
	e.Link, e.TargetFile, e.TargetPath = f.link(full)
	e.Kind, _, _ = f.object(full)
	return e
}

// link looks at the last link of a path itself.
func (f *File) link(p string) (l Link, file, target string) {
	var cs cstrings
	defer cs.free()
	var cf, ct *C.char
	switch C.h5_link_info(hid(f.h), cs.of(p), f.lapl, &cf, &ct) {
	case C.H5L_TYPE_HARD:
		l = Hard
	case C.H5L_TYPE_SOFT:
		l = Soft
	case C.H5L_TYPE_EXTERNAL:
		l = External
	default:
		l = UserLink
	}
	file, target = C.GoString(cf), C.GoString(ct)
	C.free(unsafe.Pointer(cf))
	C.free(unsafe.Pointer(ct))
	return l, file, target
}

// address is where an object is stored: the same for every path that leads to it, as long as
// the file stays open.
type address struct {
	file uint64
	addr uint64
}

func (f *File) object(p string) (Kind, address, bool) {
	var cs cstrings
	defer cs.free()
	var no C.ulong
	var at C.haddr_t
	switch t := C.h5_object(hid(f.h), cs.of(p), f.lapl, &no, &at); {
	case t < 0:
		return Broken, address{}, false
	case t == C.H5O_TYPE_GROUP:
		return Group, address{uint64(no), uint64(at)}, true
	case t == C.H5O_TYPE_DATASET:
		return DatasetKind, address{uint64(no), uint64(at)}, true
	}
	return Other, address{uint64(no), uint64(at)}, true
}

// Kind tells what is at path; links are followed. If nothing is there, or a link on the way
// leads nowhere, the error is a *NotFoundError.
func (f *File) Kind(path string) (Kind, error) {
	enter()
	defer leave()
	if f.h == nil {
		return Broken, ErrClosed
	}
	return f.kind(path)
}

func (f *File) kind(p string) (Kind, error) {
	if strings.IndexByte(p, 0) >= 0 {
		return Broken, refuse(BadRange, "open", f.path, "", "path %q holds a NUL", p)
	}
	k, _, ok := f.object(p)
	if ok {
		return k, nil
	}
	first := fail("open", f.path, p)
	if nf := f.diagnose(p, 0); nf != nil {
		return Broken, nf
	}
	return Broken, first
}

// diagnose walks along a path that leads nowhere and says where it ends; nil when every
// link is there and the fault is another one.
func (f *File) diagnose(p string, depth int) *NotFoundError {
	e := &NotFoundError{File: f.path, Path: p, Group: "/"}
	cur := "/"
	for part := range strings.SplitSeq(p, "/") {
		if part == "" || part == "." {
			continue
		}
		next := join(cur, part)
		if k, _, _ := f.object(cur); k != Group {
			e.Group, e.NotAGroup = cur, true
			return e
		}
		e.Group = cur
		if !f.linkExists(next) {
			return e
		}
		if _, _, ok := f.object(next); !ok {
			return f.brokenLink(e, next, depth)
		}
		cur = next
	}
	return nil
}

func (f *File) linkExists(p string) bool {
	var cs cstrings
	defer cs.free()
	return C.H5Lexists(hid(f.h), cs.of(p), f.lapl) > 0
}

// brokenLink fills e for a link that is there and leads nowhere.
func (f *File) brokenLink(e *NotFoundError, p string, depth int) *NotFoundError {
	l, file, target := f.link(p)
	switch l {
	case Soft:
		// A chain of soft links: name the last one, which is the one to mend.
		to := target
		if !strings.HasPrefix(to, "/") {
			to = join(path.Dir(p), to)
		}
		if depth < 16 {
			if deeper := f.diagnose(to, depth+1); deeper != nil && deeper.Link != "" {
				deeper.Path = e.Path
				return deeper
			}
		}
		e.Link, e.TargetPath = p, target
		return e
	case External:
		e.Link, e.TargetFile, e.TargetPath = p, file, target
		e.Reason = f.whyNot(path.Dir(p), file)
		return e
	case UserLink:
		e.Link, e.TargetPath = p, "(a user-defined link, which only the program that made it can follow)"
		return e
	}
	return nil
}

// join puts a name behind a group's path.
func join(group, name string) string {
	if group == "" || group == "/" {
		return "/" + name
	}
	return strings.TrimSuffix(group, "/") + "/" + name
}

// maxDepth bounds Walk in a file whose external links lead ever deeper into other files.
const maxDepth = 100

// Identity is one text for all paths that lead to the same object, whatever links they take, and a
// different one for every other object; "" when nothing is there.
func (f *File) Identity(p string) string {
	enter()
	defer leave()
	if f.h == nil {
		return ""
	}
	_, home, _ := f.object("/")
	_, at, ok := f.object(p)
	if !ok {
		return ""
	}
	pl := f.place(p, at, home.file)
	return fmt.Sprintf("%s#%d", pl.file, pl.addr)
}

// Walk calls fn for everything that can be reached from the root, by each of its names, a group
// before its content and otherwise in the order of names. The content of a group is walked
// through once, where a hard link leads to it or, for one of another file, the first link. path
// begins with "/"; the root itself is not reported. d is nil for everything but datasets. A dataset that cannot be opened is
// reported as Broken, with Err. When fn gives an error Walk stops and returns it; ErrSkipGroup
// leaves out the content of the group just reported. fn may use the file.
func (f *File) Walk(fn func(path string, e Entry, d *Info) error) error {
	enter()
	if f.h == nil {
		leave()
		return ErrClosed
	}
	_, at, _ := f.object("/")
	leave()
	es, err := f.List("/")
	if err != nil {
		return err
	}
	w := walker{f: f, home: at.file, seen: map[place]bool{{"", at.addr}: true}, fn: fn}
	return w.entries("/", es, 0)
}

// ErrSkipGroup is what Walk's function returns to leave out the content of a group.
var ErrSkipGroup = errors.New("skip this group")

// place is where an object is stored, for longer than the file stays open: libhdf5 closes the
// target of an external link after each use, and numbers it anew.
type place struct {
	file string // "" is the file that is walked through
	addr uint64
}

// place says where the object at p is stored; home is the number of f itself.
func (f *File) place(p string, at address, home uint64) place {
	pl := place{"", at.addr}
	if at.file == home {
		return pl
	}
	pl.file = f.holder(p)
	if abs, err := filepath.Abs(pl.file); err == nil {
		pl.file = abs
	}
	if real, err := filepath.EvalSymlinks(pl.file); err == nil {
		pl.file = real
	}
	return pl
}

type walker struct {
	f    *File
	home uint64 // address.file of f itself
	seen map[place]bool
	fn   func(path string, e Entry, d *Info) error
}

func (w *walker) entries(group string, es []Entry, depth int) error {
	for _, e := range es {
		p := join(group, e.Name)
		info, enterGroup := w.look(p, &e)
		err := w.fn(p, e, info)
		if e.Kind == Group && errors.Is(err, ErrSkipGroup) {
			continue
		}
		if err != nil {
			return err
		}
		if enterGroup && depth < maxDepth {
			if err := w.group(p, e, depth+1); err != nil {
				return err
			}
		}
	}
	return nil
}

// group walks through the content of a group, or reports it as broken.
func (w *walker) group(p string, e Entry, depth int) error {
	es, err := w.f.List(p)
	if err != nil {
		e.Kind, e.Err = Broken, err
		return w.fn(p, e, nil)
	}
	return w.entries(p, es, depth)
}

// look opens what e leads to; enterGroup says that it is a group whose content comes here.
func (w *walker) look(p string, e *Entry) (info *Info, enterGroup bool) {
	enter()
	defer leave()
	if w.f.h == nil {
		e.Kind, e.Err = Broken, ErrClosed
		return nil, false
	}
	k, at, ok := w.f.object(p)
	if !ok {
		_, e.Err = w.f.kind(p)
		return nil, false
	}
	switch k {
	case Group:
		return nil, w.first(p, e, at)
	case Other:
		return nil, false
	}
	d, err := w.f.dataset(p, DatasetOptions{})
	if err != nil {
		e.Kind, e.Err = Broken, err
		return nil, false
	}
	info = d.info
	if err := d.close(); err != nil {
		e.Kind, e.Err = Broken, err
	}
	return info, false
}

// first says whether the content of a group has not been walked through yet and comes here.
func (w *walker) first(p string, e *Entry, at address) bool {
	pl := w.f.place(p, at, w.home)
	if w.seen[pl] || pl.file == "" && e.Link == Soft { // a hard link leads to it as well
		return false
	}
	w.seen[pl] = true
	return true
}
