package codec

import (
	"encoding/binary"
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// Kind is a way to compress the chunks of an output file.
type Kind uint8

// The kinds of compression. Auto is for Choose to replace: compressing with it is an
// error.
const (
	None Kind = iota
	Auto
	Deflate
	LZ4
	BitshuffleLZ4
	Zstd
)

var kindNames = [...]string{"none", "auto", "deflate", "lz4", "bitshuffle-lz4", "zstd"}

// String gives the word that ParseCompression reads.
func (k Kind) String() string {
	if int(k) < len(kindNames) {
		return kindNames[k]
	}
	return fmt.Sprintf("codec.Kind(%d)", uint8(k))
}

// Compression is how the chunks of a dataset are to be written.
type Compression struct {
	Kind Kind
	// Level is the effort: 1 to 9 for Deflate, 1 to 22 for Zstd (zstd's own scale), not
	// used otherwise. Deflate levels 1, 2 and 3 are ISA-L's, 4 to 9 libdeflate's; with the
	// build tag purego all are klauspost/compress's. Every level can be read everywhere.
	Level int
	// Shuffle puts HDF5's byte shuffle in front: it helps integers and hurts noisy floats.
	Shuffle bool
	// Checksum puts fletcher32 behind, so that a reader notices damage.
	Checksum bool
}

// Levels that ParseCompression takes when the text names none.
const (
	defaultZstdLevel    = 3
	defaultDeflateLevel = 1
)

// ParseCompression reads the word of a --compression flag: "auto" (also ""), "none",
// "deflate:1" to "deflate:9", "lz4", "bitshuffle-lz4", "zstd", "zstd:1" to "zstd:22",
// each but auto and none with "+shuffle" behind where the byte shuffle is wanted, and
// any of them with "+fletcher32" for a checksum. "gzip" is another word for deflate.
func ParseCompression(text string) (Compression, error) {
	var c Compression
	words := strings.Split(strings.ToLower(strings.TrimSpace(text)), "+")
	for _, w := range words[1:] {
		switch strings.TrimSpace(w) {
		case "shuffle":
			c.Shuffle = true
		case "fletcher32":
			c.Checksum = true
		default:
			return c, fmt.Errorf("compression %q: %q is not one of shuffle, fletcher32", text, w)
		}
	}
	word, level, hasLevel := strings.Cut(strings.TrimSpace(words[0]), ":")
	var ok bool
	if c.Kind, ok = parseKind(word); !ok {
		return c, fmt.Errorf("compression %q: want auto, none, deflate:1 to deflate:9, lz4, bitshuffle-lz4, zstd or zstd:1 to zstd:22", text)
	}
	if err := c.parseLevel(level, hasLevel); err != nil {
		return c, fmt.Errorf("compression %q: %w", text, err)
	}
	return c, c.validate()
}

func parseKind(word string) (Kind, bool) {
	switch word {
	case "":
		return Auto, true
	case "gzip":
		return Deflate, true
	}
	for k, name := range kindNames {
		if word == name {
			return Kind(k), true
		}
	}
	return None, false
}

func (c *Compression) parseLevel(text string, given bool) error {
	switch {
	case !given && c.Kind == Deflate:
		c.Level = defaultDeflateLevel
	case !given && c.Kind == Zstd:
		c.Level = defaultZstdLevel
	case given && c.Kind != Deflate && c.Kind != Zstd:
		return fmt.Errorf("%s has no levels", c.Kind)
	case given:
		n, err := strconv.Atoi(text)
		if err != nil {
			return fmt.Errorf("level %q is not a whole number", text)
		}
		c.Level = n
	}
	return nil
}

// validate checks level and shuffle against the kind.
func (c Compression) validate() error {
	switch {
	case int(c.Kind) >= len(kindNames):
		return fmt.Errorf("unknown compression %s", c.Kind)
	case c.Kind == Deflate && (c.Level < 1 || c.Level > 9):
		return fmt.Errorf("deflate level %d: want 1 to 9 (or compression none)", c.Level)
	case c.Kind == Zstd && (c.Level < 1 || c.Level > 22):
		return fmt.Errorf("zstd level %d: want 1 to 22", c.Level)
	case c.Shuffle && (c.Kind == None || c.Kind == Auto || c.Kind == BitshuffleLZ4):
		return fmt.Errorf("%s and shuffle do not go together", c.Kind)
	}
	return nil
}

// String gives text that ParseCompression reads back to the same Compression.
func (c Compression) String() string {
	s := c.Kind.String()
	if c.Kind == Deflate || c.Kind == Zstd {
		s += ":" + strconv.Itoa(c.Level)
	}
	if c.Shuffle {
		s += "+shuffle"
	}
	if c.Checksum {
		s += "+fletcher32"
	}
	return s
}

// Filters is the filter list which the dataset has to declare, in the order of
// application. elemSize is the number of bytes of one pixel, chunkElems the number of
// pixels of a chunk. Filters that a chunk always passes through are not optional;
// lz4, bitshuffle and zstd are declared optional, since HDF5 refuses to create a dataset
// with a mandatory filter that it has no plugin for.
func (c Compression) Filters(elemSize int, chunkElems int) []Filter {
	var fs []Filter
	if c.Shuffle && elemSize > 1 {
		fs = append(fs, Filter{ID: IDShuffle, Name: "shuffle", Params: []uint32{uint32(elemSize)}, Optional: true})
	}
	switch c.Kind {
	case Deflate:
		fs = append(fs, Filter{ID: IDDeflate, Name: "deflate", Params: []uint32{uint32(c.Level)}, Optional: true})
	case LZ4:
		block := min(max(elemSize*chunkElems, 1), lz4MaxBlock)
		fs = append(fs, Filter{ID: IDLZ4, Name: "HDF5 lz4 filter", Params: []uint32{uint32(block)}, Optional: true})
	case BitshuffleLZ4:
		fs = append(fs, Filter{ID: IDBitshuffle, Name: "bitshuffle; see https://github.com/kiyo-masui/bitshuffle",
			Params: []uint32{0, 3, uint32(elemSize), 0, bitshuffleLZ4}, Optional: true})
	case Zstd:
		fs = append(fs, Filter{ID: IDZstd, Name: "Zstandard compression: http://www.zstd.net", Params: []uint32{uint32(c.Level)}, Optional: true})
	}
	if c.Checksum {
		fs = append(fs, Filter{ID: IDFletcher32, Name: "fletcher32"})
	}
	return fs
}

// NeedsPlugin says what a reader of the file must install besides HDF5, "" for nothing.
func (c Compression) NeedsPlugin() string {
	switch c.Kind {
	case LZ4, BitshuffleLZ4, Zstd:
		return "hdf5plugin (pip install hdf5plugin, then import hdf5plugin before h5py opens the file)"
	}
	return ""
}

// Encode appends the stored form of the chunk raw to dst, using dst's spare capacity,
// and returns the result; pass the same slice cut to length 0 again and nothing is
// allocated. elemSize is the number of bytes of one pixel. The bytes depend on raw, on c
// and on the libraries of Codecs only. dst's spare capacity must not overlap raw.
func (c Compression) Encode(dst []byte, raw []byte, elemSize int, s *Scratch) ([]byte, error) {
	if elemSize < 1 {
		return nil, fmt.Errorf("compress: element size %d", elemSize)
	}
	if err := c.validate(); err != nil {
		return nil, fmt.Errorf("compress: %w", err)
	}
	if c.Kind == BitshuffleLZ4 && len(raw)%elemSize != 0 {
		return nil, fmt.Errorf("compress: %d bytes are not whole elements of %d", len(raw), elemSize)
	}
	src, at := raw, len(dst)
	if c.Shuffle && elemSize > 1 {
		src = s.intermediate(len(raw), 0)
		shuffleBytes(src, raw, elemSize)
	}
	dst, err := c.compress(dst, src, elemSize, s)
	if err != nil {
		return nil, fmt.Errorf("compress with %s: %w", c, err)
	}
	if c.Checksum {
		dst = binary.LittleEndian.AppendUint32(dst, fletcher32(dst[at:]))
	}
	return dst, nil
}

// compress appends the output of the compressor alone.
func (c Compression) compress(dst, src []byte, elemSize int, s *Scratch) ([]byte, error) {
	const sum = 4 // room for the checksum that may follow
	switch c.Kind {
	case None:
		return append(room(dst, len(src)+sum), src...), nil
	case Deflate:
		return appendDeflate(dst, src, c.Level, s)
	case LZ4:
		return encodeLZ4(room(dst, lz4Bound(len(src), lz4MaxBlock)+sum), src, s)
	case BitshuffleLZ4:
		block := bitshuffleBlock(elemSize) * elemSize
		return encodeBitshuffleLZ4(room(dst, lz4Bound(len(src), block)+sum), src, elemSize, s)
	case Zstd:
		return encodeZstd(room(dst, zstdBound(len(src))+sum), src, c.Level, s)
	}
	return nil, errors.New("the compression is not chosen yet")
}

// appendDeflate appends the zlib stream of src to dst, and makes more room where the
// bound does not hold.
func appendDeflate(dst, src []byte, level int, s *Scratch) ([]byte, error) {
	at := len(dst)
	for bound := deflateBound(len(src)); ; bound *= 2 {
		dst = room(dst, bound)
		n, err := encodeDeflate(dst[at:at+bound], src, level, s)
		if err == nil {
			return dst[:at+n], nil
		}
		if !errors.Is(err, errOutput) || bound > 4*len(src)+1<<20 {
			return nil, err
		}
	}
}

// room gives dst with a spare capacity of at least n bytes.
func room(dst []byte, n int) []byte {
	if cap(dst)-len(dst) >= n {
		return dst
	}
	bigger := make([]byte, len(dst), len(dst)+n)
	copy(bigger, dst)
	return bigger
}

// Codecs lists the codecs of this build with the libraries behind them, one line each.
func Codecs() []string {
	return []string{
		"deflate: " + deflateLibraries(),
		"shuffle, fletcher32: built in (read and write)",
		"lz4, bitshuffle-lz4: pierrec/lz4 (read and write)",
		"zstd: klauspost/compress (read and write)",
		"bitshuffle-zstd, blosc (lz4, lz4hc, zlib, zstd, snappy, blosclz), lzf, bzip2: built in (read)",
		"szip, nbit, scaleoffset: libhdf5 (read)",
	}
}
