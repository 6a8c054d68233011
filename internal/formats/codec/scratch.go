package codec

// Scratch holds what a goroutine needs to decode and encode chunks one after the
// other: decompressors, compressors and buffers, made when first needed. The zero
// value is ready for use. A Scratch must not be used by two goroutines at once.
type Scratch struct {
	step  [2][]byte // outputs of filters that are not the last to be undone
	plane []byte    // bytes or bits still shuffled, on their way in or out of a filter
	block []byte    // one block of LZ4, bitshuffle or blosc
	out   []byte    // compressed block on its way out

	deflate deflateState
	lz4     lz4State
	zstd    zstdState
}

// Close frees the memory that lives outside of Go. The Scratch may be used again
// afterwards. Closing twice is harmless.
func (s *Scratch) Close() {
	s.deflate.close()
	s.zstd.close()
	*s = Scratch{}
}

// intermediate gives the buffer for what filter k's decoder puts out. Neighbouring
// filters get different buffers, as a decoder's input and output must not overlap.
func (s *Scratch) intermediate(n, k int) []byte { return grow(&s.step[k&1], n) }

// grow gives n bytes of *buf, made anew when it is too short. The content is not
// defined.
func grow(buf *[]byte, n int) []byte {
	if cap(*buf) < n {
		*buf = make([]byte, n)
	}
	return (*buf)[:n]
}
