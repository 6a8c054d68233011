package h5

// #include "door.h"
import "C"

import (
	"errors"
	"fmt"
	"strconv"
	"sync"
	"unsafe"

	"ptyprep/internal/formats/codec"
)

// builtin registers the decoders of package codec when the first file is opened, so that all
// reads, virtual datasets and odd selections too, need no plug-in.
var builtin = sync.OnceValue(func() error {
	for _, c := range codec.Registered() {
		if err := RegisterFilter(c.ID, c.Name, c.Decode); err != nil {
			return err
		}
	}
	return nil
})

// DecodeFunc undoes a filter for one chunk: params are the filter's numbers as stored with
// the dataset (after the writer's own additions), in is the filtered chunk and must be
// neither changed nor kept. sizeHint is the size of the decoded chunk in bytes where it is
// known, else 0. The function runs while the package's lock is held and must not call it.
type DecodeFunc func(params []uint32, in []byte, sizeHint int) ([]byte, error)

type filter struct {
	id     int
	name   string
	decode DecodeFunc
}

// RegisterFilter makes libhdf5 decode filter id by decode, in Read and everything that reads
// through libhdf5 (virtual datasets too). It takes precedence over plug-ins; registering an
// id again replaces its decoder. Encoding fails, but a dataset can be created with the filter
// and filled by WriteChunk. There is room for 16 filters.
func RegisterFilter(id int, name string, decode DecodeFunc) error {
	enter()
	defer leave()
	for i := range door.filters {
		if door.filters[i].id == id {
			door.filters[i].decode = decode
			return nil
		}
	}
	slot := len(door.filters)
	if slot == C.H5_FILTER_SLOTS {
		return refuse(OtherError, "register", "filter", strconv.Itoa(id), "no more than %d filters", slot)
	}
	// libhdf5 keeps the name's pointer for the life of the process.
	if C.h5_register(C.int(slot), C.int(id), C.CString(name)) < 0 {
		return fail("register", "filter", strconv.Itoa(id))
	}
	door.filters = append(door.filters, filter{id, name, decode})
	return nil
}

// FilterAvailable reports whether libhdf5 can decode the filter here: built in, by a plug-in
// it finds, or registered.
func FilterAvailable(id int) bool {
	enter()
	defer leave()
	return C.H5Zfilter_avail(C.H5Z_filter_t(id)) > 0
}

// filterNames are the registered filters that detectors write.
var filterNames = map[int]string{1: "deflate (gzip)", 2: "shuffle", 3: "fletcher32", 4: "szip", 5: "nbit", 6: "scale-offset",
	305: "lzo", 307: "bzip2", 32000: "lzf", 32001: "blosc", 32004: "lz4", 32008: "bitshuffle", 32013: "zfp", 32015: "zstd",
	32023: "FCIDECOMP", 32024: "JPEG-XR", 32026: "blosc2"}

// title names a filter for an error message.
func (f FilterInfo) title() string {
	name := filterNames[f.ID]
	if name == "" {
		name = f.Name
	}
	if name == "" {
		return strconv.Itoa(f.ID)
	}
	return fmt.Sprintf("%d (%s)", f.ID, name)
}

// h5GoFilter is called by libhdf5, through door.c, on the goroutine that holds the lock. It
// gives memory of libhdf5's allocator, or nil.
//
//export h5GoFilter
func h5GoFilter(slot C.int, nparams C.size_t, params *C.uint, nbytes C.size_t, in unsafe.Pointer, got *C.size_t) unsafe.Pointer {
	out, err := decode(int(slot), unsafe.Slice((*uint32)(unsafe.Pointer(params)), int(nparams)), unsafe.Slice((*byte)(in), int(nbytes)))
	if err != nil {
		door.filterErr = err
		return nil
	}
	p := C.H5allocate_memory(C.size_t(len(out)), C.hbool_t(false))
	if p == nil {
		door.filterErr = errors.New("out of memory")
		return nil
	}
	copy(unsafe.Slice((*byte)(p), len(out)), out)
	*got = C.size_t(len(out))
	return p
}

// decode runs a registered decoder; a panic in it, which must not cross libhdf5's frames,
// becomes an error.
func decode(slot int, params []uint32, in []byte) (out []byte, err error) {
	f := door.filters[slot]
	defer func() {
		if r := recover(); r != nil {
			out, err = nil, fmt.Errorf("filter %d (%s) failed: %v", f.id, f.name, r)
		}
	}()
	out, err = f.decode(params, in, door.chunkBytes)
	if err != nil {
		return nil, fmt.Errorf("filter %d (%s): %w", f.id, f.name, err)
	}
	if len(out) == 0 {
		return nil, fmt.Errorf("filter %d (%s) gave nothing", f.id, f.name)
	}
	if door.chunkBytes > 0 && len(out) > 2*door.chunkBytes+4096 {
		return nil, fmt.Errorf("filter %d (%s) gave %d bytes for a chunk of %d", f.id, f.name, len(out), door.chunkBytes)
	}
	return out, nil
}
