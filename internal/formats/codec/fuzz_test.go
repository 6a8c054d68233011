package codec

import (
	"bytes"
	"errors"
	"testing"
)

// fuzzDecoder runs one filter on any bytes, for chunks of up to 64 KiB: an error that
// wraps ErrDamaged, or a chunk filled completely and the same again.
func fuzzDecoder(f *testing.F, id int) {
	params := []uint32{0}
	for _, c := range loadAllChunks(f) {
		last := len(c.Filters) - 1
		if c.Filters[last].ID != id || c.Mask != 0 {
			continue
		}
		params = c.Filters[last].Params
		var kind byte
		if id == IDBitshuffle {
			kind = byte(bitshuffleKind(params)<<4 | params[2])
		}
		f.Add(c.Stored, uint16(len(c.Want)), kind)
	}
	var s Scratch
	f.Fuzz(func(t *testing.T, stored []byte, size uint16, kind byte) {
		params := params
		if id == IDBitshuffle {
			params = []uint32{0, 3, uint32(kind & 15), 0, uint32(kind >> 4)}
		}
		p, err := NewPipeline([]Filter{{ID: id, Params: params}}, 4)
		if err != nil {
			return
		}
		_, err = decodeTwice(t, p, int(size), stored, 0, &s)
		for _, r := range Registered() {
			if r.ID != id {
				continue
			}
			out, err2 := r.Decode(params, stored, int(size))
			if size > 0 && (err == nil) != (err2 == nil) {
				t.Fatalf("pipeline: %v, one-shot: %v", err, err2)
			}
			if size > 0 && err2 == nil && len(out) != int(size) {
				t.Fatalf("one-shot gave %d of %d bytes", len(out), size)
			}
		}
	})
}

func FuzzDeflate(f *testing.F)    { fuzzDecoder(f, IDDeflate) }
func FuzzFletcher32(f *testing.F) { fuzzDecoder(f, IDFletcher32) }
func FuzzBzip2(f *testing.F)      { fuzzDecoder(f, IDBzip2) }
func FuzzLZF(f *testing.F)        { fuzzDecoder(f, IDLZF) }
func FuzzBlosc(f *testing.F)      { fuzzDecoder(f, IDBlosc) }
func FuzzLZ4(f *testing.F)        { fuzzDecoder(f, IDLZ4) }
func FuzzBitshuffle(f *testing.F) { fuzzDecoder(f, IDBitshuffle) }
func FuzzZstd(f *testing.F)       { fuzzDecoder(f, IDZstd) }

// FuzzOneShot decodes without knowing the size: whatever the bytes say, no more memory
// than the input's length allows is asked for.
func FuzzOneShot(f *testing.F) {
	all := Registered()
	for _, c := range loadAllChunks(f) {
		for k, r := range all {
			if r.ID == c.Filters[0].ID && len(c.Filters) == 1 {
				f.Add(uint8(k), c.Stored)
			}
		}
	}
	f.Fuzz(func(t *testing.T, k uint8, in []byte) {
		r := all[int(k)%len(all)]
		out, err := r.Decode([]uint32{0, 3, 4, 0, 2}, in, 0)
		if err != nil && !errors.Is(err, ErrDamaged) {
			t.Fatalf("error does not wrap ErrDamaged: %v", err)
		}
		if len(out) > max(firstRoom, 40_000*len(in)) {
			t.Fatalf("%d bytes from %d", len(out), len(in))
		}
	})
}

// FuzzRoundTrip writes any bytes with any compression and reads them back.
func FuzzRoundTrip(f *testing.F) {
	for k, raw := range [][]byte{{}, {1, 2, 3}, bytes.Repeat([]byte{0, 9}, 300), pack(diffraction(16, 1), "u4")} {
		f.Add(raw, uint8(k), uint8(k+1))
	}
	all := compressions()
	var s Scratch
	f.Fuzz(func(t *testing.T, raw []byte, kind, elem uint8) {
		c, size := all[int(kind)%len(all)], int(elem%16)+1
		if c.Kind == BitshuffleLZ4 {
			raw = raw[:len(raw)/size*size]
		}
		out, err := c.Encode(nil, raw, size, &s)
		if err != nil {
			t.Fatal(err)
		}
		p, err := NewPipeline(c.Filters(size, len(raw)/size), size)
		if err != nil {
			t.Fatal(err)
		}
		got, err := decodeTwice(t, p, len(raw), out, 0, &s)
		if err != nil || !bytes.Equal(got, raw) {
			t.Fatalf("%s: %v", c, err)
		}
	})
}
