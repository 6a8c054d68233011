package codec

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"

	"github.com/klauspost/compress/zstd"
)

// Registration is a decoder that libhdf5 can be given with H5Zregister, so that reads
// which cannot go chunk by chunk (virtual datasets, odd selections) need no plugin.
type Registration struct {
	ID   int
	Name string
	// Decode undoes one filter of one chunk. sizeHint is the exact length of the result
	// where the caller knows it, 0 where not. A result of another length is an error then;
	// with 0 the length is the format's own word, and the caller must not believe that it
	// is the chunk's: libhdf5 1.10 does not compare the two and reads beyond a short one.
	// Decode may be called by many goroutines at once.
	Decode func(params []uint32, in []byte, sizeHint int) ([]byte, error)
}

// Registered lists the decoders of the filters that HDF5 does not bring itself.
func Registered() []Registration {
	var all []Registration
	for _, id := range []int{IDBzip2, IDLZF, IDBlosc, IDLZ4, IDBitshuffle, IDZstd} {
		all = append(all, Registration{ID: id, Name: FilterName(id), Decode: func(params []uint32, in []byte, sizeHint int) ([]byte, error) {
			out, err := decodeOnce(id, params, in, sizeHint)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", filterTitle(id, ""), err)
			}
			return out, nil
		}})
	}
	return all
}

const (
	// maxChunk is the largest chunk HDF5 allows, in bytes.
	maxChunk = min(1<<32-1, math.MaxInt)
	// firstRoom is the output that is allocated for any input, however short.
	firstRoom = 1 << 20
	// plausibleRatio is the compression that is believed without having seen the data;
	// LZ4 cannot do better than 255.
	plausibleRatio = 256
)

// decodeOnce undoes filter id in memory of its own. The output grows with what really
// comes out: a damaged header alone cannot ask for much more than the input's length
// times plausibleRatio.
func decodeOnce(id int, params []uint32, in []byte, sizeHint int) ([]byte, error) {
	t := step{id: id, params: params, decode: decoders(id)}
	if err := t.check(0); err != nil {
		return nil, err
	}
	var s Scratch
	defer s.Close()
	size := min(maxChunk, max(firstRoom, plausibleRatio*len(in)))
	limit := maxChunk
	if sizeHint > 0 {
		size, limit = sizeHint, sizeHint
	} else if declared, known := declaredSize(id, params, in); known {
		if declared > uint64(size) {
			if err := believe(id, params, in, declared); err != nil {
				return nil, err
			}
		}
		size, limit = int(declared), int(declared)
	}
	for {
		out := make([]byte, size)
		n, err := t.decode(out, in, params, &s)
		switch {
		case err == nil && sizeHint > 0 && n != sizeHint:
			return nil, damaged("%d bytes, %d expected", n, sizeHint)
		case err == nil:
			return out[:n], nil
		case !errors.Is(err, errTooSmall) || size == limit:
			return nil, err
		}
		size = min(limit, 4*size)
	}
}

// believe checks a declared size that is far beyond the input before memory of that size
// is asked for: LZ4 cannot compress so well, and zstd is decompressed into nothing.
func believe(id int, params []uint32, in []byte, declared uint64) error {
	implausible := damaged("%d bytes declared by a chunk of %d bytes", declared, len(in))
	switch {
	case declared > maxChunk:
		return implausible
	case id == IDZstd:
		return believeZstd(in, declared)
	case id == IDBitshuffle && bitshuffleKind(params) == bitshuffleZstd:
		return believeBitshuffleZstd(in, int(params[2]), declared)
	case id == IDLZF && len(params) > 2: // the size is a parameter of the dataset
		return nil
	case id == IDBlosc && len(params) > 3 && uint64(params[3]) == declared:
		return nil
	}
	return implausible
}

// believeZstd decompresses in, keeping nothing, and compares the length.
func believeZstd(in []byte, declared uint64) error {
	d, err := zstd.NewReader(bytes.NewReader(in), zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true), zstd.WithDecoderMaxWindow(128<<20))
	if err != nil {
		return damaged("not a sound zstd frame (%v)", err)
	}
	defer d.Close()
	n, err := io.Copy(io.Discard, io.LimitReader(d, int64(declared)+1))
	if err != nil || uint64(n) != declared {
		return damaged("zstd frame of %d bytes, %d declared", n, declared)
	}
	return nil
}

// believeBitshuffleZstd does so for each block of a bitshuffle chunk.
func believeBitshuffleZstd(in []byte, elem int, declared uint64) error {
	block := int(binary.BigEndian.Uint32(in[8:])) / elem * elem
	if block < 8*elem {
		return damaged("block of %d bytes", block)
	}
	in = in[lz4Header:]
	for rest := int(declared); rest >= 8*elem; {
		n := min(block, rest/elem/8*8*elem)
		var packed []byte
		var err error
		if packed, in, err = nextBlock(in); err != nil {
			return err
		}
		if err := believeZstd(packed, uint64(n)); err != nil {
			return err
		}
		rest -= n
	}
	return nil
}

// declaredSize is the length of the data that the chunk or the filter's parameters name.
func declaredSize(id int, params []uint32, in []byte) (uint64, bool) {
	switch {
	case id == IDLZF && len(params) > 2 && params[2] > 0: // third parameter: bytes of a chunk
		return uint64(params[2]), true
	case id == IDBlosc && len(in) >= bloscHeader:
		return uint64(binary.LittleEndian.Uint32(in[4:])), true
	case id == IDBitshuffle && bitshuffleKind(params) == bitshufflePlain:
		return uint64(len(in)), true
	case (id == IDLZ4 || id == IDBitshuffle) && len(in) >= lz4Header:
		return binary.BigEndian.Uint64(in), true
	case id == IDZstd:
		var h zstd.Header
		if err := h.Decode(in); err == nil && h.HasFCS {
			return h.FrameContentSize, true
		}
	}
	return 0, false
}
