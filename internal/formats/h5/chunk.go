package h5

// #include "door.h"
import "C"

import (
	"unsafe"
)

// ChunkBytes reads the stored bytes of the chunk whose first element is at offset, before
// any filter is undone, and the mask of filters that were left out when it was written (bit i
// for Info().Filters[i]). buf is used when it is large enough, else a new one is made; in a
// loop over frames nothing is allocated. A chunk that was never written is ErrNoChunk.
//
// The size of a chunk comes from H5Dget_chunk_storage_size: H5Dget_chunk_info would walk
// through all chunks at every call.
func (d *Dataset) ChunkBytes(offset []int, buf []byte) (data []byte, mask uint32, err error) {
	enter()
	defer leave()
	if err := d.chunkAt(offset); err != nil {
		return nil, 0, err
	}
	id, off := hid(d.h), &scratch[0][0]
	size, cmask := &scratch[1][0], (*C.uint32_t)(unsafe.Pointer(&scratch[2][0]))
	r := C.h5_chunk(id, off, unsafe.Pointer(unsafe.SliceData(buf)), C.size_t(cap(buf)), size, cmask)
	if r == 1 {
		if *size > MaxReadBytes {
			return nil, 0, refuse(Damaged, "read chunk of", d.f.path, d.info.Path, "chunk at %v claims %d stored bytes", offset, uint64(*size))
		}
		// Some room to spare: the next chunk of a scan is seldom much larger.
		n := int(*size)
		buf = make([]byte, n+n/8)
		r = C.h5_chunk(id, off, unsafe.Pointer(&buf[0]), C.size_t(len(buf)), size, cmask)
	}
	switch r {
	case 0:
		return buf[:*size], uint32(*cmask), nil
	case 2:
		return nil, 0, ErrNoChunk
	}
	e := fail("read chunk of", d.f.path, d.info.Path)
	if e.Kind == OtherError {
		e.Kind = Damaged
	}
	return nil, 0, e
}

// chunkAt checks that a chunk of d can begin at offset, and puts offset into scratch[0].
func (d *Dataset) chunkAt(offset []int) error {
	if d.h == nil {
		return ErrClosed
	}
	in := d.info
	if in.Layout != Chunked {
		return refuse(WrongType, "read chunk of", d.f.path, in.Path, "its layout is %v, not chunked", in.Layout)
	}
	if len(offset) != len(in.Shape) {
		return refuse(BadRange, "read chunk of", d.f.path, in.Path, "offset %v for shape %v", ints(offset), in.Shape)
	}
	for i, o := range offset {
		if o < 0 || o >= in.Shape[i] || o%in.Chunk[i] != 0 {
			return refuse(BadRange, "read chunk of", d.f.path, in.Path, "no chunk begins at %v: shape %v, chunks %v", ints(offset), in.Shape, in.Chunk)
		}
		scratch[0][i] = C.hsize_t(o)
	}
	return nil
}

// ints copies coordinates for an error text, so that those of a good call stay on the stack.
func ints(v []int) []int { return append([]int(nil), v...) }

// ChunkStored reports whether the chunk at offset was ever written.
func (d *Dataset) ChunkStored(offset []int) (bool, error) {
	enter()
	defer leave()
	if err := d.chunkAt(offset); err != nil {
		return false, err
	}
	if err := d.fresh(); err != nil {
		return false, err
	}
	coords(0, offset)
	size := &scratch[1][0]
	if C.h5_chunk_size(hid(d.h), &scratch[0][0], size) < 0 {
		return false, fail("look at chunk of", d.f.path, d.info.Path)
	}
	return *size > 0, nil
}

// NumChunks is the number of chunks that were written. It walks through the chunk index.
func (d *Dataset) NumChunks() (int, error) {
	enter()
	defer leave()
	return d.numChunks()
}

func (d *Dataset) numChunks() (int, error) {
	if d.h == nil {
		return 0, ErrClosed
	}
	if d.info.Layout != Chunked {
		return 0, refuse(WrongType, "count chunks of", d.f.path, d.info.Path, "its layout is %v, not chunked", d.info.Layout)
	}
	s := d.h.Space() // 1.10.8 refuses H5S_ALL here
	if s == nil {
		return 0, fail("count chunks of", d.f.path, d.info.Path)
	}
	defer s.Close()
	n := &scratch[1][0]
	if C.H5Dget_num_chunks(hid(d.h), hid(s), n) < 0 {
		return 0, fail("count chunks of", d.f.path, d.info.Path)
	}
	return int(*n), nil
}

// PartialChunksUnfiltered reports that chunks which reach over the dataset's edge are stored
// unfiltered although their mask is 0 (H5Pset_chunk_opts).
func (d *Dataset) PartialChunksUnfiltered() bool {
	enter()
	defer leave()
	return d.partial
}

// ContiguousOffset is where the elements stand in the file named by File, in bytes from its
// beginning (a user block included), row-major in the stored type. ok is false unless the
// layout is contiguous, in that one file, and storage was allocated.
func (d *Dataset) ContiguousOffset() (off int64, ok bool) {
	enter()
	defer leave()
	if d.h == nil || d.info.Layout != Contiguous || len(d.info.External) > 0 || !d.sec2 || d.f.w != nil {
		return 0, false
	}
	at := C.H5Dget_offset(hid(d.h))
	if at == C.HADDR_UNDEF {
		return 0, false
	}
	return int64(at), true
}
