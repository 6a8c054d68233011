package h5

// #include "door.h"
import "C"

import (
	"os"
	"path/filepath"
	"strings"
)

// candidates are the places where libhdf5 looks for the target of an external link or the
// source file of a virtual dataset in file holder, in its order: the name itself when it is
// absolute (and then its last part alone), under the folders of the environment variable,
// beside the holder, in the working directory, beside the file that the holder is a symbolic
// link to.
func candidates(name, holder, variable string) []string {
	var c []string
	if filepath.IsAbs(name) {
		c = append(c, name)
		name = filepath.Base(name)
	}
	dir := filepath.Dir(holder)
	for _, p := range filepath.SplitList(os.Getenv(variable)) {
		c = append(c, filepath.Join(strings.ReplaceAll(p, "${ORIGIN}", dir), name))
	}
	c = append(c, filepath.Join(dir, name), name)
	if real, err := filepath.EvalSymlinks(holder); err == nil {
		c = append(c, filepath.Join(filepath.Dir(real), name))
	}
	return c
}

// firstThere gives the first of the files that exists, or "".
func firstThere(files []string) string {
	for _, f := range files {
		if _, err := os.Stat(f); err == nil {
			return f
		}
	}
	return ""
}

// fileOf is the name of the file that holds an object, as libhdf5 opened it.
func fileOf(id C.hid_t) string {
	n := C.H5Fget_name(id, nil, 0)
	if n <= 0 {
		return ""
	}
	buf := (*C.char)(C.calloc(C.size_t(n)+1, 1))
	defer freeString(buf)
	C.H5Fget_name(id, buf, C.size_t(n)+1)
	return C.GoString(buf)
}

// holder is the name of the file that the object at path is in.
func (f *File) holder(path string) string {
	var cs cstrings
	defer cs.free()
	id := C.H5Oopen(hid(f.h), cs.of(path), f.lapl)
	if id < 0 {
		return f.path
	}
	defer C.H5Oclose(id)
	return fileOf(id)
}

// whyNot says in short why the target of an external link in the group cannot be opened;
// libhdf5 itself forgets the reason. It is "" when the file can be opened, so that the
// object in it is what is missing.
func (f *File) whyNot(group, target string) string {
	found := firstThere(candidates(target, f.holder(group), "HDF5_EXT_PREFIX"))
	if found == "" {
		return "no such file"
	}
	t, err := openFound(found, f.opts)
	if err != nil {
		return message(err)
	}
	t.close()
	return ""
}

// openFound is Open with the lock held.
func openFound(path string, o OpenOptions) (*File, error) {
	if err := precheck(path); err != nil {
		return nil, err
	}
	return open(path, o)
}
