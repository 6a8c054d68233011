package codec

import (
	"strings"
	"testing"
)

// benchFrames are one 512x512 frame of each pixel type.
func benchFrames() []workload {
	px := diffraction(512, 1)
	return []workload{
		{"u2", 2, [][]byte{pack(px, "u2")}}, {"u4", 4, [][]byte{pack(px, "u4")}},
		{"f4", 4, [][]byte{pack(corrected(px, 1), "f4")}}, {"f8", 8, [][]byte{pack(px, "f8")}},
	}
}

// BenchmarkEncode gives MB of pixels per second of each way to write, with the size.
func BenchmarkEncode(b *testing.B) {
	for _, text := range []string{"deflate:1+shuffle", "deflate:1", "deflate:2+shuffle", "deflate:2", "deflate:3+shuffle", "deflate:4+shuffle", "deflate:4",
		"lz4", "bitshuffle-lz4", "zstd:3", "zstd:3+shuffle", "none+fletcher32"} {
		c, err := ParseCompression(text)
		if err != nil {
			b.Fatal(err)
		}
		for _, w := range benchFrames() {
			b.Run(text+"/"+w.name, func(b *testing.B) {
				var s Scratch
				defer s.Close()
				var out []byte
				b.SetBytes(int64(len(w.frames[0])))
				b.ReportAllocs()
				for b.Loop() {
					if out, err = c.Encode(out[:0], w.frames[0], w.elem, &s); err != nil {
						b.Fatal(err)
					}
				}
				b.ReportMetric(float64(len(out))/float64(len(w.frames[0])), "size")
			})
		}
	}
}

// BenchmarkDecode gives MB of pixels per second of each way to read.
func BenchmarkDecode(b *testing.B) {
	for _, text := range []string{"deflate:4", "deflate:4+shuffle", "deflate:4+shuffle+fletcher32", "lz4", "bitshuffle-lz4", "zstd:3", "none+fletcher32"} {
		c, err := ParseCompression(text)
		if err != nil {
			b.Fatal(err)
		}
		for _, w := range benchFrames() {
			var s Scratch
			stored, err := c.Encode(nil, w.frames[0], w.elem, &s)
			s.Close()
			if err != nil {
				b.Fatal(err)
			}
			p, err := NewPipeline(c.Filters(w.elem, len(w.frames[0])/w.elem), w.elem)
			if err != nil {
				b.Fatal(err)
			}
			b.Run(text+"/"+w.name, func(b *testing.B) { benchDecode(b, p, stored, len(w.frames[0]), 0) })
		}
	}
}

// BenchmarkDecodeChunks reads the chunks of other programs that are not tiny.
func BenchmarkDecodeChunks(b *testing.B) {
	for _, c := range loadChunks(b) {
		if len(c.Want) < 3000 || strings.HasPrefix(c.Name, "golden") {
			continue
		}
		p := c.pipeline(b)
		b.Run(c.Name, func(b *testing.B) { benchDecode(b, p, c.Stored, len(c.Want), c.Mask) })
	}
}

func benchDecode(b *testing.B, p *Pipeline, stored []byte, n int, mask uint32) {
	var s Scratch
	defer s.Close()
	dst := make([]byte, n)
	b.SetBytes(int64(n))
	b.ReportAllocs()
	for b.Loop() {
		if err := p.Decode(dst, stored, mask, &s); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkTransposition gives the shuffles alone.
func BenchmarkTransposition(b *testing.B) {
	for _, w := range benchFrames() {
		src := w.frames[0]
		dst, tmp := make([]byte, len(src)), make([]byte, len(src))
		for name, run := range map[string]func(){
			"shuffle":      func() { shuffleBytes(dst, src, w.elem) },
			"unshuffle":    func() { unshuffleBytes(dst, src, w.elem) },
			"bitshuffle":   func() { bitShuffle(dst, src, tmp, w.elem) },
			"bitunshuffle": func() { bitUnshuffle(dst, src, tmp, w.elem) },
		} {
			b.Run(name+"/"+w.name, func(b *testing.B) {
				b.SetBytes(int64(len(src)))
				for b.Loop() {
					run()
				}
			})
		}
	}
}

// BenchmarkChoose is what a run pays once.
func BenchmarkChoose(b *testing.B) {
	for _, w := range benchFrames() {
		b.Run(w.name, func(b *testing.B) {
			for b.Loop() {
				Choose(w.frames, w.elem)
			}
		})
	}
}
