package codec

import (
	"bytes"
	"compress/zlib"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"testing"
)

// compressions are all that a user can choose.
func compressions() []Compression {
	all := []Compression{{}, {Kind: BitshuffleLZ4}}
	for _, shuffled := range []bool{false, true} {
		all = append(all, Compression{Kind: LZ4, Shuffle: shuffled}, Compression{Kind: Zstd, Level: 3, Shuffle: shuffled}, Compression{Kind: Zstd, Level: 12, Shuffle: shuffled})
		for level := 1; level <= 9; level++ {
			all = append(all, Compression{Kind: Deflate, Level: level, Shuffle: shuffled})
		}
	}
	for _, c := range slices.Clone(all) {
		c.Checksum = true
		all = append(all, c)
	}
	return all
}

// payloads are chunks that strain an encoder: empty, tiny, constant, noise, frames.
func payloads() map[string][]byte {
	r := rand.New(rand.NewPCG(1, 2))
	noise := make([]byte, 70_000)
	for i := range noise {
		noise[i] = byte(r.Uint32())
	}
	px := diffraction(96, 3)
	return map[string][]byte{
		"empty": {}, "one": {7}, "eight": {1, 2, 3, 4, 5, 6, 7, 8}, "noise": noise, "few": noise[:104],
		"zeros": make([]byte, 1<<17), "u2": pack(px, "u2"), "u4": pack(px, "u4"), "f4": pack(corrected(px, 3), "f4"), "f8": pack(rebinned(px), "f8"),
	}
}

// What Encode writes is read back by the pipeline its Filters declare; twice the same
// chunk gives the same bytes, also behind other chunks and in used memory.
func TestRoundTrip(t *testing.T) {
	var s, fresh Scratch
	defer s.Close()
	for name, raw := range payloads() {
		for _, c := range compressions() {
			for _, elem := range []int{1, 2, 4, 8} {
				if c.Kind == BitshuffleLZ4 && len(raw)%elem != 0 || elem != 4 && c.Level > 4 {
					continue
				}
				first, err := c.Encode(nil, raw, elem, &fresh)
				fresh.Close()
				if err != nil {
					t.Fatalf("%s %s/%d: %v", name, c, elem, err)
				}
				out, err := c.Encode([]byte("head"), raw, elem, &s)
				if err != nil || string(out[:4]) != "head" || !bytes.Equal(out[4:], first) {
					t.Fatalf("%s %s/%d: not the same bytes again (%v)", name, c, elem, err)
				}
				p, err := NewPipeline(c.Filters(elem, len(raw)/elem), elem)
				if err != nil {
					t.Fatal(err)
				}
				got := bytes.Repeat([]byte{0x55}, len(raw))
				if err := p.Decode(got, out[4:], 0, &s); err != nil || !bytes.Equal(got, raw) {
					t.Fatalf("%s %s/%d: round trip: %v", name, c, elem, err)
				}
			}
		}
	}
}

// The standard library's zlib reads every level.
func TestDeflateIsZlib(t *testing.T) {
	var s Scratch
	defer s.Close()
	for name, raw := range payloads() {
		for level := 1; level <= 9; level++ {
			out, err := Compression{Kind: Deflate, Level: level}.Encode(nil, raw, 1, &s)
			if err != nil {
				t.Fatal(err)
			}
			z, err := zlib.NewReader(bytes.NewReader(out))
			if err != nil {
				t.Fatal(name, level, err)
			}
			if got, err := io.ReadAll(z); err != nil || !bytes.Equal(got, raw) {
				t.Errorf("%s level %d: %v", name, level, err)
			}
		}
	}
}

func TestParseCompression(t *testing.T) {
	for _, c := range []struct {
		text string
		want Compression
		back string
	}{
		{"", Compression{Kind: Auto}, "auto"},
		{"auto", Compression{Kind: Auto}, "auto"},
		{"auto+fletcher32", Compression{Kind: Auto, Checksum: true}, "auto+fletcher32"},
		{"none", Compression{}, "none"},
		{"deflate", Compression{Kind: Deflate, Level: 1}, "deflate:1"},
		{"Deflate:4", Compression{Kind: Deflate, Level: 4}, "deflate:4"},
		{"gzip:9", Compression{Kind: Deflate, Level: 9}, "deflate:9"},
		{"deflate:1+shuffle+fletcher32", Compression{Kind: Deflate, Level: 1, Shuffle: true, Checksum: true}, "deflate:1+shuffle+fletcher32"},
		{"lz4", Compression{Kind: LZ4}, "lz4"},
		{"lz4+shuffle", Compression{Kind: LZ4, Shuffle: true}, "lz4+shuffle"},
		{"bitshuffle-lz4", Compression{Kind: BitshuffleLZ4}, "bitshuffle-lz4"},
		{"zstd", Compression{Kind: Zstd, Level: 3}, "zstd:3"},
		{" zstd:22 ", Compression{Kind: Zstd, Level: 22}, "zstd:22"},
	} {
		got, err := ParseCompression(c.text)
		if err != nil || got != c.want || got.String() != c.back {
			t.Errorf("%q: %+v %q, %v; want %+v %q", c.text, got, got.String(), err, c.want, c.back)
		}
	}
	for _, text := range []string{"deflate:0", "deflate:10", "deflate:x", "deflate:", "zstd:0", "zstd:23", "lz4:1", "none:1", "none+shuffle", "auto+shuffle",
		"bitshuffle-lz4+shuffle", "bitshuffle", "szip", "deflate:1+lz4", "deflate:1+", ":3"} {
		if got, err := ParseCompression(text); err == nil {
			t.Errorf("%q: no error, %+v", text, got)
		}
	}
}

// The filter lists that files declare, in the order of application.
func TestFilters(t *testing.T) {
	for _, c := range []struct {
		c      Compression
		want   string
		plugin bool
	}{
		{Compression{}, "", false},
		{Compression{Kind: Deflate, Level: 2, Shuffle: true, Checksum: true}, "2[4] 1[2] 3[]", false},
		{Compression{Kind: LZ4}, "32004[4096]", true},
		{Compression{Kind: BitshuffleLZ4}, "32008[0 3 4 0 2]", true},
		{Compression{Kind: Zstd, Level: 5, Shuffle: true}, "2[4] 32015[5]", true},
	} {
		var got string
		for k, f := range c.c.Filters(4, 1024) {
			if k > 0 {
				got += " "
			}
			got += fmt.Sprintf("%d%d", f.ID, f.Params)
		}
		if got != c.want || (c.c.NeedsPlugin() != "") != c.plugin {
			t.Errorf("%s: %s, plugin %q; want %s", c.c, got, c.c.NeedsPlugin(), c.want)
		}
	}
}

// Misuse is an error.
func TestEncodeRefuses(t *testing.T) {
	var s Scratch
	for _, c := range []Compression{{Kind: Auto}, {Kind: Deflate}, {Kind: Deflate, Level: 10}, {Kind: Zstd}, {Kind: 77}, {Kind: BitshuffleLZ4, Shuffle: true}} {
		if _, err := c.Encode(nil, []byte{1, 2, 3, 4}, 2, &s); err == nil {
			t.Errorf("%+v: no error", c)
		}
	}
	if _, err := (Compression{Kind: BitshuffleLZ4}).Encode(nil, []byte{1, 2, 3}, 2, &s); err == nil {
		t.Error("half an element: no error")
	}
	if _, err := (Compression{}).Encode(nil, nil, 0, &s); err == nil {
		t.Error("element size 0: no error")
	}
}

// Integers (and halves of counts) get the shuffle, noisy floats do not; the output stays
// within the promised size; the choice is the same each time.
func TestChoose(t *testing.T) {
	for _, w := range workloads(512, 2) {
		c := Choose(w.frames, w.elem)
		if again := Choose(w.frames, w.elem); again != c {
			t.Errorf("%s: %s, then %s", w.name, c, again)
		}
		if want := w.name != "corrected_f4"; c.Shuffle != want || c.Kind != Deflate {
			t.Errorf("%s: %s", w.name, c)
		}
		n := c.size(w.frames, w.elem)
		ratio := float64(n) / float64(zlib4Size(w.frames))
		t.Logf("%s: %s, %.3f of zlib 4", w.name, c, ratio)
		if ratio > slack+0.01 { // Choose saw parts of the frames only
			t.Errorf("%s: %s gives %.3f of zlib 4's size", w.name, c, ratio)
		}
	}
	if c := Choose(nil, 4); c != (Compression{Kind: Deflate, Level: 1, Shuffle: true}) {
		t.Error(c)
	}
	if c := Choose([][]byte{make([]byte, 100)}, 1); c.Shuffle || c.Kind != Deflate {
		t.Error(c)
	}
}

// In steady state neither side allocates.
func TestNoAllocations(t *testing.T) {
	px := diffraction(128, 5)
	raw := pack(px, "u4")
	for _, c := range compressions() {
		if c.Level > 4 {
			continue
		}
		var s Scratch
		p, err := NewPipeline(c.Filters(4, len(px)), 4)
		if err != nil {
			t.Fatal(err)
		}
		dst := make([]byte, len(raw))
		var out []byte
		run := func() {
			if out, err = c.Encode(out[:0], raw, 4, &s); err != nil {
				t.Fatal(err)
			}
			if err = p.Decode(dst, out, 0, &s); err != nil {
				t.Fatal(err)
			}
		}
		run()
		if n := testing.AllocsPerRun(5, run); n > 0 && !(underRace && c.Kind == Zstd) {
			t.Errorf("%s: %v allocations", c, n)
		}
		s.Close()
	}
}

// The same frame gives the same bytes whichever Scratch compresses it, and whatever that did before.
func TestSameBytes(t *testing.T) {
	const frames, scratches = 40, 300
	for level := 1; level <= 2; level++ {
		c := Compression{Kind: Deflate, Level: level, Shuffle: true}
		var open [scratches]Scratch // all at once, so that each has other memory
		var want [frames][]byte
		for k := range scratches {
			s := &open[k]
			for i := range frames {
				f := (i + k) % frames // another history each time
				got, err := c.Encode(nil, pack(diffraction(20, uint64(f)), "u2"), 2, s)
				if err != nil {
					t.Fatal(err)
				}
				if want[f] == nil {
					want[f] = got
				}
				if !bytes.Equal(got, want[f]) {
					t.Errorf("level %d, frame %d: %d bytes, before %d", level, f, len(got), len(want[f]))
				}
			}
		}
		for k := range open {
			open[k].Close()
		}
	}
}
