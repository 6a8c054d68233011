package codec

import (
	"bytes"
	"compress/zlib"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
)

// chunk is one entry of testdata/chunks.json.
type chunk struct {
	Name    string
	Elem    int
	Mask    uint32
	Filters []Filter
	Stored  []byte
	Want    []byte
	Damaged bool // no pixels to want: an error
}

// loadChunks gives the sound chunks of testdata/chunks.json, written by other programs;
// see its README.
func loadChunks(t testing.TB) []chunk {
	t.Helper()
	return slices.DeleteFunc(loadAllChunks(t), func(c chunk) bool { return c.Damaged })
}

// loadAllChunks gives the damaged ones, too.
func loadAllChunks(t testing.TB) []chunk {
	t.Helper()
	text, err := os.ReadFile("testdata/chunks.json")
	if err != nil {
		t.Fatal(err)
	}
	var all []chunk
	if err := json.Unmarshal(text, &all); err != nil {
		t.Fatal(err)
	}
	for k := range all {
		z, err := zlib.NewReader(bytes.NewReader(all[k].Want))
		if err != nil {
			t.Fatal(err)
		}
		if all[k].Want, err = io.ReadAll(z); err != nil {
			t.Fatal(err)
		}
	}
	return all
}

func (c *chunk) pipeline(t testing.TB) *Pipeline {
	t.Helper()
	p, err := NewPipeline(c.Filters, c.Elem)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// Every chunk gives the pixels that the C filters wrote, with one Scratch for all, into
// memory that is not clean; the stored bytes stay as they are.
func TestDecodeChunksOfOtherPrograms(t *testing.T) {
	var s Scratch
	defer s.Close()
	seen := map[int]int{}
	for _, c := range loadChunks(t) {
		t.Run(c.Name, func(t *testing.T) {
			p := c.pipeline(t)
			stored := slices.Clone(c.Stored)
			dst := bytes.Repeat([]byte{0xa5}, len(c.Want))
			if err := p.Decode(dst, stored, c.Mask, &s); err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(dst, c.Want) {
				t.Fatalf("wrong bytes from %v", c.Filters)
			}
			if !bytes.Equal(stored, c.Stored) {
				t.Error("stored bytes were modified")
			}
		})
		for _, f := range c.Filters {
			seen[f.ID]++
		}
	}
	for _, id := range []int{IDDeflate, IDShuffle, IDFletcher32, IDBzip2, IDLZF, IDBlosc, IDLZ4, IDBitshuffle, IDZstd} {
		if seen[id] == 0 {
			t.Errorf("no chunk for %s", filterTitle(id, ""))
		}
	}
}

// A chunk decoded for another size is an error, not a short or cut frame.
func TestDecodeWrongSize(t *testing.T) {
	var s Scratch
	defer s.Close()
	for _, c := range loadChunks(t) {
		p := c.pipeline(t)
		for _, n := range []int{0, 1, len(c.Want) / 2, len(c.Want) - 1, len(c.Want) + 1, 2 * len(c.Want)} {
			if n == len(c.Want) {
				continue
			}
			if err := p.Decode(make([]byte, n), c.Stored, c.Mask, &s); !errors.Is(err, ErrDamaged) {
				t.Errorf("%s: %d bytes into %d: error %v", c.Name, len(c.Want), n, err)
			}
		}
	}
}

// decodeTwice decodes into memory of zeros and of ones: whatever a nil error promises to
// be filled must be the same in both.
func decodeTwice(t testing.TB, p *Pipeline, n int, stored []byte, mask uint32, s *Scratch) ([]byte, error) {
	t.Helper()
	a, b := make([]byte, n), bytes.Repeat([]byte{0xff}, n)
	errA, errB := p.Decode(a, stored, mask, s), p.Decode(b, stored, mask, s)
	if (errA == nil) != (errB == nil) {
		t.Fatalf("the error depends on what dst held: %v, %v", errA, errB)
	}
	if errA == nil && !bytes.Equal(a, b) {
		t.Fatal("a nil error, but dst is not filled completely")
	}
	if errA != nil && !errors.Is(errA, ErrDamaged) {
		t.Fatalf("error does not wrap ErrDamaged: %v", errA)
	}
	return a, errA
}

// A chunk cut off at any byte is an error.
func TestDecodeTruncated(t *testing.T) {
	var s Scratch
	defer s.Close()
	for _, c := range loadChunks(t) {
		p := c.pipeline(t)
		step := 1 + len(c.Stored)/300
		for n := 0; n < len(c.Stored); n += step {
			if _, err := decodeTwice(t, p, len(c.Want), c.Stored[:n], c.Mask, &s); err == nil {
				t.Errorf("%s: %d of %d bytes: no error", c.Name, n, len(c.Stored))
			}
		}
	}
}

// checksummed reports whether the chunk holds a sum over its data or its stored form.
func (c *chunk) checksummed() bool {
	for k, f := range c.Filters {
		if c.Mask>>k&1 == 0 && slices.Contains([]int{IDDeflate, IDFletcher32, IDBzip2}, f.ID) {
			return true
		}
	}
	return false
}

// A flipped bit is an error where there is a checksum, else an error or a full frame.
func TestDecodeFlipped(t *testing.T) {
	var s Scratch
	defer s.Close()
	for _, c := range loadChunks(t) {
		p := c.pipeline(t)
		step := 1 + len(c.Stored)/150
		for k := 0; k < len(c.Stored); k += step {
			for _, flip := range []byte{0xff, 1 << (k % 8)} {
				bad := slices.Clone(c.Stored)
				bad[k] ^= flip
				got, err := decodeTwice(t, p, len(c.Want), bad, c.Mask, &s)
				if err == nil && c.checksummed() && !bytes.Equal(got, c.Want) {
					t.Errorf("%s: byte %d ^ %#x: other pixels and no error", c.Name, k, flip)
				}
			}
		}
	}
}

// Headers that declare absurd sizes are refused before memory is asked for.
func TestDecodeAbsurdSizes(t *testing.T) {
	var s Scratch
	defer s.Close()
	bitshuffle := []uint32{0, 3, 4, 0, 2}
	huge := []byte{0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff}
	header := func(total, block []byte, rest ...byte) []byte { return slices.Concat(total, block, rest) }
	size := []byte{0, 0, 0, 0, 0, 0, 4, 0} // 1024
	ff := []byte{255, 255, 255, 255}
	blosc := func(flags, elem byte, total, block, stored uint32) []byte {
		b := []byte{2, 1, flags, elem}
		for _, v := range []uint32{total, block, stored} {
			b = append(b, byte(v), byte(v>>8), byte(v>>16), byte(v>>24))
		}
		return append(b, make([]byte, 64)...)
	}
	for _, c := range []struct {
		name   string
		id     int
		params []uint32
		stored []byte
	}{
		{"lz4 total", IDLZ4, nil, header(huge, []byte{0, 0, 4, 0})},
		{"lz4 block 0", IDLZ4, nil, header(size, []byte{0, 0, 0, 0}, 0, 0, 0, 0)},
		{"lz4 block length", IDLZ4, nil, header(size, ff, 255, 255, 255, 255, 1, 2)},
		{"bitshuffle total", IDBitshuffle, bitshuffle, header(huge, []byte{0, 0, 32, 0})},
		{"bitshuffle block 0", IDBitshuffle, bitshuffle, header(size, []byte{0, 0, 0, 3})},
		{"bitshuffle block of 3 elements", IDBitshuffle, bitshuffle, header(size, []byte{0, 0, 0, 12})},
		{"bitshuffle block 4 GiB", IDBitshuffle, bitshuffle, header(size, ff)},
		{"bitshuffle compressed length", IDBitshuffle, bitshuffle, header(size, []byte{0, 0, 32, 0}, 255, 255, 255, 255)},
		{"blosc total", IDBlosc, nil, blosc(1, 4, 1<<31, 1024, 80)},
		{"blosc block 0", IDBlosc, nil, blosc(1, 4, 1024, 0, 80)},
		{"blosc block", IDBlosc, nil, blosc(1, 4, 1024, 1<<31, 80)},
		{"blosc tiny blocks", IDBlosc, nil, blosc(1, 4, 1024, 1, 80)},
		{"blosc stored", IDBlosc, nil, blosc(1, 4, 1024, 1024, 1<<31)},
		{"blosc element 0", IDBlosc, nil, blosc(1, 0, 1024, 1024, 80)},
		{"blosc memcpyed", IDBlosc, nil, blosc(2, 4, 1024, 1024, 80)},
		{"blosc odd split", IDBlosc, nil, blosc(0x21, 3, 1024, 1024, 80)},
		{"zstd content size", IDZstd, nil, []byte{0x28, 0xb5, 0x2f, 0xfd, 0xe0, 255, 255, 255, 255, 255, 255, 255, 0, 1, 0, 0}},
		{"lzf back", IDLZF, nil, []byte{0xff, 0xff, 0xff}},
	} {
		t.Run(c.name, func(t *testing.T) {
			p, err := NewPipeline([]Filter{{ID: c.id, Params: c.params}}, 4)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := decodeTwice(t, p, 1024, c.stored, 0, &s); err == nil {
				t.Error("no error")
			}
			for _, r := range Registered() {
				if r.ID == c.id {
					if out, err := r.Decode(c.params, c.stored, 0); err == nil && len(out) > 1<<20 {
						t.Errorf("one-shot decoder gave %d bytes", len(out))
					}
					if _, err := r.Decode(c.params, c.stored, 1024); !errors.Is(err, ErrDamaged) {
						t.Errorf("one-shot decoder with size: %v", err)
					}
				}
			}
		})
	}
}

// The damaged chunks of the golden cases, want being a frame of the right length.
func TestDecodeGoldenDamage(t *testing.T) {
	var s Scratch
	defer s.Close()
	done := 0
	for _, c := range loadAllChunks(t) {
		if !c.Damaged {
			continue
		}
		done++
		if _, err := decodeTwice(t, c.pipeline(t), len(c.Want), c.Stored, c.Mask, &s); err == nil {
			t.Errorf("%s: no error", c.Name)
		} else {
			t.Logf("%s: %v", c.Name, err)
		}
	}
	if done < 10 {
		t.Errorf("only %d damaged chunks", done)
	}
}

// An unfiltered chunk is copied, its length checked.
func TestDecodeNoFilter(t *testing.T) {
	var s Scratch
	p, err := NewPipeline(nil, 2)
	if err != nil || !p.Empty() {
		t.Fatal(err, p.Empty())
	}
	dst := make([]byte, 4)
	if err := p.Decode(dst, []byte{1, 2, 3, 4}, 0, &s); err != nil || !bytes.Equal(dst, []byte{1, 2, 3, 4}) {
		t.Error(dst, err)
	}
	for _, stored := range [][]byte{{1, 2, 3}, {1, 2, 3, 4, 5}} {
		if err := p.Decode(dst, stored, 0, &s); !errors.Is(err, ErrDamaged) {
			t.Error(len(stored), err)
		}
	}
}

// What cannot be undone is named by number and name, with what to do.
func TestUnknownFilter(t *testing.T) {
	for _, c := range []struct {
		f    Filter
		want []string
	}{
		{Filter{ID: 32013}, []string{"32013", "zfp", "hdf5plugin", "HDF5_PLUGIN_PATH"}},
		{Filter{ID: 32026, Name: "x"}, []string{"32026", "blosc2", "hdf5plugin"}},
		{Filter{ID: 32012}, []string{"32012", "JPEG-LS", "HDF5_PLUGIN_PATH"}},
		{Filter{ID: 40000, Name: "secret sauce"}, []string{"40000", "secret sauce", "HDF5_PLUGIN_PATH"}},
		{Filter{ID: 4}, []string{"szip", "libhdf5"}},
		{Filter{ID: IDBitshuffle, Params: []uint32{0, 3, 4, 0, 9}}, []string{"32008", "bitshuffle", "9"}},
	} {
		_, err := NewPipeline([]Filter{{ID: IDShuffle, Params: []uint32{4}}, c.f}, 4)
		var unknown *UnknownError
		if !errors.As(err, &unknown) || unknown.ID != c.f.ID {
			t.Errorf("%d: %v", c.f.ID, err)
			continue
		}
		for _, w := range c.want {
			if !strings.Contains(err.Error(), w) {
				t.Errorf("%d: %q lacks %q", c.f.ID, err, w)
			}
		}
	}
}

// Parameters that make no sense are damage, not an unknown filter.
func TestBadParameters(t *testing.T) {
	for _, f := range []Filter{
		{ID: IDShuffle, Params: []uint32{0}},
		{ID: IDBitshuffle},
		{ID: IDBitshuffle, Params: []uint32{0, 3, 0, 0, 2}},
		{ID: IDBitshuffle, Params: []uint32{0, 3, 1 << 31, 0, 2}},
	} {
		var unknown *UnknownError
		if _, err := NewPipeline([]Filter{f}, 4); !errors.Is(err, ErrDamaged) || errors.As(err, &unknown) {
			t.Errorf("%v: %v", f, err)
		}
	}
}

// HDF5's Fletcher-32 sums, worked by hand: over big-endian words w0, w1, ...
// sum1 = w0+w1+..., sum2 = sum of the running sum1, both modulo 65535 with 65535 for a
// multiple that is not 0.
func TestFletcher32(t *testing.T) {
	for _, c := range []struct {
		in   []byte
		want uint32
	}{
		{nil, 0},
		{[]byte{0, 0, 0, 0}, 0},
		{[]byte{1}, 0x01000100},                       // an odd byte is the high one
		{[]byte{0, 1, 0, 2}, 0x00040003},              // 1, 3: sum 4
		{[]byte{0xff, 0xff}, 0xffffffff},              // 65535 is written as 65535, not 0
		{[]byte{0xff, 0xff, 0, 1}, 0x00010001},        // 65536 = 1; 65535 + 1 = 1
		{bytes.Repeat([]byte{0, 1}, 8), 0x00240008},   // 1+2+...+8 = 36
		{[]byte{0, 1, 2, 3, 4, 5, 6, 7, 8}, 0},        // by the loop below
		{bytes.Repeat([]byte{0xff}, 100_000), 0},      // by the loop below
		{bytes.Repeat([]byte{0x12, 0xfe, 3}, 5e4), 0}, // by the loop below
	} {
		want := c.want
		if slow := slowFletcher32(c.in); want == 0 {
			want = slow
		} else if slow != want {
			t.Fatalf("the slow sum of %x is %08x, want %08x", c.in, slow, want)
		}
		if got := fletcher32(c.in); got != want {
			t.Errorf("%d bytes: %08x, want %08x", len(c.in), got, want)
		}
	}
}

// slowFletcher32 is the definition, one word at a time.
func slowFletcher32(p []byte) uint32 {
	var a, b uint64
	for i := 0; i < len(p); i += 2 {
		w := uint64(p[i]) << 8
		if i+1 < len(p) {
			w |= uint64(p[i+1])
		}
		a += w
		if a > 65535 {
			a -= 65535
		}
		b += a
		if b > 65535 {
			b -= 65535
		}
	}
	return uint32(b<<16 | a)
}

// libhdf5 up to 1.6.2 stored the sum with the bytes of each half swapped.
func TestFletcher32OldByteOrder(t *testing.T) {
	for _, sum := range [][]byte{{3, 0, 4, 0}, {0, 3, 0, 4}} {
		if body, err := verifyFletcher32(append([]byte{0, 1, 0, 2}, sum...)); err != nil || len(body) != 4 {
			t.Error(sum, err)
		}
	}
	if _, err := verifyFletcher32([]byte{0, 1, 0, 2, 0, 4, 0, 3}); err == nil {
		t.Error("sums exchanged: no error")
	}
}

// One LZ stream of each kind, written by hand.
func TestHandmadeStreams(t *testing.T) {
	for _, c := range []struct {
		name   string
		decode func(dst, src []byte) (int, error)
		src    []byte
		want   string
	}{
		{"lzf literals", lzf, []byte{2, 'a', 'b', 'c'}, "abc"},
		{"lzf copy 1+2 of 3 back", lzf, []byte{2, 'a', 'b', 'c', 1 << 5, 2}, "abcabc"},
		{"lzf long copy 7+1+2", lzf, []byte{0, 'x', 7 << 5, 1, 0}, "x" + "xxxxxxxxxx"},
		{"blosclz first byte is literals", decodeBloscLZ, []byte{1 << 5, 'a'}, "a"},
		{"blosclz copy 1+2 of 3 back", decodeBloscLZ, []byte{2, 'a', 'b', 'c', 1 << 5, 2, 0, 'd'}, "abcabcd"},
		{"blosclz long copy 9+255+2", decodeBloscLZ, []byte{0, 'x', 7 << 5, 255, 2, 0, 0, 'y'}, "x" + strings.Repeat("x", 266) + "y"},
	} {
		dst := make([]byte, len(c.want))
		n, err := c.decode(dst, c.src)
		if err != nil || string(dst[:n]) != c.want {
			t.Errorf("%s: %q, %v, want %q", c.name, dst[:n], err, c.want)
		}
	}
}

func lzf(dst, src []byte) (int, error) { return decodeLZF(dst, src, nil, nil) }

// The byte and bit transpositions against their definitions, for lengths around the
// widths that SIMD code takes at once.
func TestTranspositions(t *testing.T) {
	src := pack(corrected(diffraction(40, 1), 1), "f8")
	for _, elem := range []int{1, 2, 3, 4, 5, 8, 16} {
		for _, n := range []int{1, 2, 7, 8, 15, 16, 17, 31, 33, 64, 65, 128, 136, 200, 256, 264} {
			in := src[:n*elem]
			want, got, back := make([]byte, n*elem), make([]byte, n*elem), make([]byte, n*elem)
			for i := range n {
				for b := range elem {
					want[b*n+i] = in[i*elem+b]
				}
			}
			shuffleBytes(got, in, elem)
			unshuffleBytes(back, got, elem)
			if elem > 1 && n > 1 && !bytes.Equal(got, want) || !bytes.Equal(back, in) {
				t.Errorf("shuffle: %d elements of %d", n, elem)
			}
			if n%8 != 0 {
				continue
			}
			clear(want)
			for i := range n {
				for bit := range 8 * elem {
					row := want[bit*n/8 : (bit+1)*n/8]
					row[i/8] |= in[i*elem+bit/8] >> (bit % 8) & 1 << (i % 8)
				}
			}
			tmp := make([]byte, n*elem)
			bitShuffle(got, in, tmp, elem)
			bitUnshuffle(back, got, tmp, elem)
			if !bytes.Equal(got, want) || !bytes.Equal(back, in) {
				t.Errorf("bit shuffle: %d elements of %d", n, elem)
			}
		}
	}
}

// The decoders for libhdf5 give the same bytes, with and without knowing the size.
func TestRegistered(t *testing.T) {
	byID := map[int]Registration{}
	for _, r := range Registered() {
		byID[r.ID] = r
	}
	for _, id := range []int{IDLZF, IDBlosc, IDLZ4, IDBitshuffle, IDZstd, IDBzip2} {
		if byID[id].Decode == nil || byID[id].Name != FilterName(id) {
			t.Fatalf("%d is not registered", id)
		}
	}
	done := 0
	for _, c := range loadChunks(t) {
		r, ok := byID[c.Filters[0].ID]
		if len(c.Filters) != 1 || !ok || c.Mask != 0 {
			continue
		}
		for _, hint := range []int{0, len(c.Want)} {
			got, err := r.Decode(c.Filters[0].Params, c.Stored, hint)
			if err != nil || !bytes.Equal(got, c.Want) {
				t.Errorf("%s, hint %d: %d bytes, %v", c.Name, hint, len(got), err)
			}
		}
		if _, err := r.Decode(c.Filters[0].Params, c.Stored, len(c.Want)+1); !errors.Is(err, ErrDamaged) {
			t.Errorf("%s, wrong size: %v", c.Name, err)
		}
		done++
	}
	if done < 30 {
		t.Errorf("only %d chunks", done)
	}
}

// A chunk that compresses far better than plausibleRatio is still decoded, as its
// length is proved before memory is asked for.
func TestRegisteredHighRatio(t *testing.T) {
	var s Scratch
	defer s.Close()
	raw := make([]byte, 40<<20)
	stored, err := Compression{Kind: Zstd, Level: 3}.Encode(nil, raw, 1, &s)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range Registered() {
		if r.ID == IDZstd {
			if got, err := r.Decode(nil, stored, 0); err != nil || len(got) != len(raw) {
				t.Errorf("%d bytes from %d: %d, %v", len(raw), len(stored), len(got), err)
			}
		}
	}
}

// Goroutines share a Pipeline and the registered decoders.
func TestConcurrent(t *testing.T) {
	chunks := loadChunks(t)
	var wg sync.WaitGroup
	errs := make(chan error, 4)
	for range 4 {
		wg.Go(func() {
			var s Scratch
			defer s.Close()
			for _, c := range chunks {
				p, err := NewPipeline(c.Filters, c.Elem)
				dst := make([]byte, len(c.Want))
				if err == nil {
					err = p.Decode(dst, c.Stored, c.Mask, &s)
				}
				if err != nil || !bytes.Equal(dst, c.Want) {
					errs <- fmt.Errorf("%s: %w", c.Name, err)
					return
				}
			}
		})
	}
	wg.Wait()
	close(errs)
	for err := range errs {
		t.Error(err)
	}
}

// A Scratch can be closed twice and used afterwards.
func TestScratchClose(t *testing.T) {
	var s Scratch
	for _, c := range loadChunks(t)[:3] {
		dst := make([]byte, len(c.Want))
		if err := c.pipeline(t).Decode(dst, c.Stored, c.Mask, &s); err != nil {
			t.Fatal(err)
		}
		s.Close()
		s.Close()
	}
}
