// Package codec undoes and applies the filters that an HDF5 chunk of detector
// frames meets: deflate, shuffle, fletcher32, LZF, LZ4, bitshuffle (alone, with
// LZ4, with zstd), blosc, zstd and bzip2, without any HDF5 plugin.
//
// It knows bytes only. Whoever reads the file gives the stored bytes of a chunk,
// the chunk's filter list and mask, and a slice of exactly the chunk's size:
//
//	p, err := codec.NewPipeline(filters, elemSize) // *UnknownError: leave it to libhdf5
//	var s codec.Scratch                            // one per goroutine
//	defer s.Close()
//	err = p.Decode(dst, stored, mask, &s)
//
// Every decoder knows beforehand how much it may write, so a damaged chunk is an
// error that wraps ErrDamaged: never a panic, a hang, memory asked for by a
// damaged header, or a slice that is filled in part.
//
// The default build uses libdeflate and ISA-L through cgo. With the build tag
// purego (or without cgo) the package needs no C library and gives the same
// pixels, but deflates to other (equally valid) bytes.
package codec

import (
	"errors"
	"fmt"
)

// Numbers of the filters of this package, from The HDF Group's register.
const (
	IDDeflate     = 1
	IDShuffle     = 2
	IDFletcher32  = 3
	IDSzip        = 4
	IDNbit        = 5
	IDScaleOffset = 6
	IDBzip2       = 307
	IDLZF         = 32000
	IDBlosc       = 32001
	IDLZ4         = 32004
	IDBitshuffle  = 32008
	IDZstd        = 32015
	IDBlosc2      = 32026
)

// Filter is one entry of a dataset's filter list, in the words of H5Pget_filter2.
type Filter struct {
	ID       int      // registered number, see the constants
	Name     string   // name stored in the file; may be empty
	Params   []uint32 // client data (cd_values)
	Optional bool     // H5Z_FLAG_OPTIONAL: a writer may skip it for a chunk it would enlarge
}

// ErrDamaged is wrapped by every error of Decode that tells of stored bytes which
// cannot be those the writer stored.
var ErrDamaged = errors.New("damaged chunk")

// errTooSmall tells that the output is longer than dst. For a chunk of known size
// that is damage; the one-shot decoders of Registered grow dst and try again.
var errTooSmall = fmt.Errorf("more data than the chunk can hold: %w", ErrDamaged)

// damaged makes an error that wraps ErrDamaged.
func damaged(format string, args ...any) error {
	return fmt.Errorf(format+": %w", append(args, ErrDamaged)...)
}

// decoder undoes one filter: it reads src, writes the front of dst and returns how
// many bytes it wrote. It never writes more than len(dst), keeps nothing of src and
// does not look at what dst held.
type decoder func(dst, src []byte, params []uint32, s *Scratch) (int, error)

// decoders gives the decoder of a filter number, nil where this package has none.
func decoders(id int) decoder {
	switch id {
	case IDDeflate:
		return decodeDeflate
	case IDShuffle:
		return decodeShuffle
	case IDFletcher32:
		return decodeFletcher32
	case IDBzip2:
		return decodeBzip2
	case IDLZF:
		return decodeLZF
	case IDBlosc:
		return decodeBlosc
	case IDLZ4:
		return decodeLZ4
	case IDBitshuffle:
		return decodeBitshuffle
	case IDZstd:
		return decodeZstd
	}
	return nil
}

// step is one filter of a pipeline with its decoder.
type step struct {
	id     int
	params []uint32
	decode decoder
}

// sizeChange tells how the filter changes a length when it is applied: by a fixed
// number of bytes (known), or by an amount that depends on the data (not known).
func (t step) sizeChange() (extra int, known bool) {
	switch {
	case t.id == IDShuffle:
		return 0, true
	case t.id == IDFletcher32:
		return 4, true
	case t.id == IDBitshuffle && bitshuffleKind(t.params) == bitshufflePlain:
		return 0, true
	}
	return 0, false
}

// Pipeline is the decoded filter list of one dataset. It holds no state of its own
// and may be used by many goroutines at once, each with its own Scratch.
type Pipeline struct {
	steps []step
}

// NewPipeline prepares the filters of one dataset, in the order in which they were
// applied (the order of H5Pget_filter2). elemSize is the number of bytes of one
// pixel, used where a filter's own parameters lack it. The error is an
// *UnknownError when this package cannot undo one of the filters, and wraps
// ErrDamaged when a filter's parameters make no sense.
func NewPipeline(filters []Filter, elemSize int) (*Pipeline, error) {
	if len(filters) > 32 {
		return nil, damaged("filter list: %d filters, HDF5 allows 32", len(filters))
	}
	p := &Pipeline{steps: make([]step, 0, len(filters))}
	for _, f := range filters {
		t := step{id: f.ID, params: append([]uint32(nil), f.Params...), decode: decoders(f.ID)}
		if t.decode == nil {
			return nil, newUnknownError(f)
		}
		if err := t.check(elemSize); err != nil {
			return nil, fmt.Errorf("%s: %w", filterTitle(f.ID, f.Name), err)
		}
		p.steps = append(p.steps, t)
	}
	return p, nil
}

// check validates the parameters and fills in the element size where they lack it.
func (t *step) check(elemSize int) error {
	switch t.id {
	case IDShuffle:
		if len(t.params) == 0 {
			t.params = []uint32{uint32(elemSize)}
		}
		if t.params[0] == 0 {
			return damaged("element size 0")
		}
	case IDBitshuffle:
		if len(t.params) < 3 {
			return damaged("%d parameters, at least 3 needed", len(t.params))
		}
		if t.params[2] == 0 || t.params[2] > maxBitshuffleElem {
			return damaged("element size of %d bytes", t.params[2])
		}
		if k := bitshuffleKind(t.params); k != bitshufflePlain && k != bitshuffleLZ4 && k != bitshuffleZstd {
			return &UnknownError{ID: IDBitshuffle, Name: "bitshuffle", Hint: fmt.Sprintf("compression %d inside bitshuffle is not one of 0 (none), 2 (LZ4), 3 (zstd)", k)}
		}
	}
	return nil
}

// Empty reports whether the dataset has no filter at all.
func (p *Pipeline) Empty() bool { return len(p.steps) == 0 }

// Decode undoes the filters of one stored chunk, the last filter first. Bit k of
// mask set means that filter k was skipped for this chunk. dst has exactly the
// chunk's size in bytes and is filled completely when the error is nil; what it
// holds after an error is not defined. stored is not modified and must not overlap
// dst. s belongs to the calling goroutine; with a Scratch that has seen a chunk of
// this size Decode allocates nothing (bzip2 excepted).
func (p *Pipeline) Decode(dst, stored []byte, mask uint32, s *Scratch) error {
	first := len(p.steps) // first filter that was applied = last one to undo
	for k := range p.steps {
		if mask>>k&1 == 0 {
			first = k
			break
		}
	}
	src := stored
	for k := len(p.steps) - 1; k >= first; k-- {
		if mask>>k&1 != 0 {
			continue
		}
		t := p.steps[k]
		out := dst
		if k != first {
			if t.id == IDFletcher32 { // checks in place: no copy
				body, err := verifyFletcher32(src)
				if err != nil {
					return fmt.Errorf("%s: %w", filterTitle(t.id, ""), err)
				}
				src = body
				continue
			}
			out = s.intermediate(p.sizeBefore(k, mask, len(dst)), k)
		}
		n, err := t.decode(out, src, t.params, s)
		if err == nil && k == first && n != len(dst) {
			err = damaged("%d bytes, %d expected", n, len(dst))
		}
		if err != nil {
			return fmt.Errorf("%s: %w", filterTitle(t.id, ""), err)
		}
		src = out[:n]
	}
	if first == len(p.steps) { // nothing to undo
		if len(stored) != len(dst) {
			return damaged("unfiltered chunk: %d bytes, %d expected", len(stored), len(dst))
		}
		copy(dst, stored)
	}
	return nil
}

// sizeBefore bounds the length of the data before filter k was applied, for a chunk
// of size bytes: exact when the filters before k change the length by a fixed
// amount, else with room for what a compressor adds to data it cannot compress.
func (p *Pipeline) sizeBefore(k int, mask uint32, size int) int {
	for j := range k {
		if mask>>j&1 != 0 {
			continue
		}
		extra, known := p.steps[j].sizeChange()
		if !known {
			extra = size/8 + 4096
		}
		size += extra
	}
	return size
}
