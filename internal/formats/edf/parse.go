package edf

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"strings"

	"ptyprep/internal/imgproc/pix"
)

const (
	// firstRead is enough for the usual header, so that most files cost two reads.
	firstRead = 4 << 10
	// maxHeader is how far the end of a header is looked for. fabio stops at 256 KiB.
	maxHeader = 1 << 20
	// maxDeclaredHeader bounds what EDF_HeaderSize may ask for beyond that.
	maxDeclaredHeader = 16 << 20
	// maxFrames bounds what is noted about frames: with Dim_3 one byte of a file can be one.
	maxFrames = 1 << 20
)

var nativeBig = binary.NativeEndian.Uint16([]byte{0, 1}) == 1

// types gives the pixel type of a DataType, by its lower-case name. "Long" is 4 bytes.
var types = map[string]pix.Type{
	"signedbyte": pix.Int8, "signed8": pix.Int8,
	"unsignedbyte": pix.Uint8, "unsigned8": pix.Uint8,
	"signedshort": pix.Int16, "signed16": pix.Int16,
	"unsignedshort": pix.Uint16, "unsigned16": pix.Uint16, "unsignedshortinteger": pix.Uint16,
	"signedinteger": pix.Int32, "signed32": pix.Int32, "signedlong": pix.Int32,
	"unsignedinteger": pix.Uint32, "unsignedint": pix.Uint32, "unsignedlong": pix.Uint32, "unsigned32": pix.Uint32,
	"signed64": pix.Int64, "unsigned64": pix.Uint64,
	"float": pix.Float32, "floatvalue": pix.Float32, "real": pix.Float32, "floatieee32": pix.Float32, "float32": pix.Float32,
	"double": pix.Float64, "doublevalue": pix.Float64, "floatieee64": pix.Float64, "doubleieee64": pix.Float64,
}

// parser walks from block to block.
type parser struct {
	r      io.ReaderAt
	size   int64
	dir    string // folder of the file, empty when unknown
	others map[string]otherFile

	buf     []byte // header bytes, reused from block to block
	general *entries
	out     File
}

func (p *parser) run() error {
	if p.size <= 0 {
		return fmt.Errorf("edf: %w: it is empty (0 bytes)", ErrTruncated)
	}
	if err := p.unpackGzip(); err != nil {
		return err
	}
	var at int64
	for block := 0; ; block++ {
		next, err := p.block(block, at)
		if err != nil {
			return err
		}
		begin, more, err := p.nextBlock(next)
		if err != nil {
			return err
		}
		if !more {
			break
		}
		at = begin
	}
	if len(p.out.Frames) == 0 {
		return fmt.Errorf("edf: %w: it holds a general block and no image behind it", ErrTruncated)
	}
	return nil
}

// unpackGzip replaces a packed source by its content.
func (p *parser) unpackGzip() error {
	var magic [2]byte
	if n, err := p.r.ReadAt(magic[:], 0); n == 0 && err != nil && err != io.EOF {
		return fmt.Errorf("edf: the file could not be read: %w", err)
	}
	if magic != [2]byte{0x1f, 0x8b} {
		return nil
	}
	b, err := unpack(p.r, p.size)
	if err != nil {
		return err
	}
	if len(b) == 0 {
		return fmt.Errorf("edf: %w: it unpacks to 0 bytes", ErrTruncated)
	}
	p.r, p.size = bytes.NewReader(b), int64(len(b))
	return nil
}

// block reads the header at an offset, notes its frames, and gives the offset behind its pixels.
func (p *parser) block(number int, at int64) (int64, error) {
	head, err := p.header(number, at)
	if err != nil {
		return 0, err
	}
	own := parseEntries(head.text)
	for _, key := range own.repeated {
		p.warn("block %d: %s occurs more than once, the last one counts", number, key)
	}
	if head.declared != 0 && head.declared != head.length {
		p.warn("block %d: EDF_HeaderSize is %d, but the header ends after %d bytes", number, head.declared, head.length)
	}
	begin := at + head.length
	if _, ok := own.get("EDF_DataFormatVersion"); ok && number == 0 {
		p.general = own
		return p.skipGeneral(own, begin)
	}
	return p.image(number, Header{own: own, general: p.general}, begin)
}

// skipGeneral gives the end of a general block, which holds no image and usually no bytes.
func (p *parser) skipGeneral(own *entries, begin int64) (int64, error) {
	var size int64
	if _, ok := own.get("EDF_BinarySize"); ok {
		var err error
		if size, err = (Header{own: own}).Int("EDF_BinarySize"); err != nil {
			return 0, err
		}
	}
	if size < 0 || size > p.size-begin {
		return 0, fmt.Errorf("edf: %w: EDF_BinarySize of the general block is %d, the file holds %d bytes behind its header", ErrTruncated, size, p.size-begin)
	}
	return begin + size, nil
}

// geometry is the meaning of the header keys that describe pixels.
type geometry struct {
	typ              pix.Type
	big              bool
	rows, cols, deep int64
}

// image notes the frames of an image block whose binary part begins at begin.
func (p *parser) image(number int, h Header, begin int64) (int64, error) {
	g, err := p.geometry(number, h)
	if err != nil {
		return 0, err
	}
	src, start, end, err := p.binary(number, h, begin)
	if err != nil {
		return 0, err
	}
	need, fits := product(int64(g.typ.Size()), g.cols, g.rows, g.deep)
	if !fits || need > end-start {
		return 0, fmt.Errorf("edf: %w: block %d needs %s bytes (%s of %v), %d are there", ErrTruncated, number, countText(need, fits), g, g.typ, max(end-start, 0))
	}
	declared, err := p.declaredSize(number, h, need)
	if err != nil {
		return 0, err
	}
	if g.deep > maxFrames-int64(len(p.out.Frames)) {
		return 0, fmt.Errorf("edf: block %d: with its Dim_3 = %d the file holds %d frames, expected at most %d", number, g.deep, int64(len(p.out.Frames))+g.deep, maxFrames)
	}
	each := need / g.deep
	for k := range g.deep {
		p.out.Frames = append(p.out.Frames, Frame{
			Header: h, Type: g.typ, Rows: int(g.rows), Cols: int(g.cols),
			Offset: start + k*each, BigEndian: g.big, source: src,
		})
	}
	if src != p.r {
		return begin, nil
	}
	if declared > end-start {
		p.warn("block %d declares %d bytes and the file holds %d; all %d bytes of pixels are there", number, declared, end-start, need)
		return end, nil
	}
	return start + declared, nil
}

// geometry reads type, byte order and dimensions.
func (p *parser) geometry(number int, h Header) (g geometry, err error) {
	name, ok := h.Get("DataType")
	if !ok {
		return g, fmt.Errorf("edf: the header of block %d has no DataType", number)
	}
	if g.typ, ok = types[strings.ToLower(name)]; !ok {
		return g, fmt.Errorf("edf: DataType %s is not known or not supported, expected integers of 8 to 64 bits or floats of 32 or 64 (UnsignedShort, SignedInteger, FloatValue, ...)", name)
	}
	order, ok := h.Get("ByteOrder")
	switch {
	case !ok && g.typ.Size() > 1:
		p.warn("block %d has no ByteOrder: read as LowByteFirst", number)
	case ok && strings.EqualFold(order, "HighByteFirst"):
		g.big = true
	case ok && !strings.EqualFold(order, "LowByteFirst"):
		return g, fmt.Errorf("edf: ByteOrder is %q, expected LowByteFirst or HighByteFirst", order)
	}
	if c, ok := h.Get("Compression"); ok && c != "" && !strings.HasPrefix(strings.ToLower(c), "no") {
		return g, fmt.Errorf("edf: Compression = %s is not supported, only None", c)
	}
	if g.cols, err = dimension(h, "Dim_1"); err != nil {
		return g, err
	}
	if g.rows, err = dimension(h, "Dim_2"); err != nil {
		return g, err
	}
	g.deep = 1
	if _, ok := h.Get("Dim_3"); ok {
		g.deep, err = dimension(h, "Dim_3")
	}
	return g, err
}

// String names the dimensions by their keys, as the error about them must.
func (g geometry) String() string {
	s := fmt.Sprintf("Dim_2 = %d rows x Dim_1 = %d columns", g.rows, g.cols)
	if g.deep != 1 {
		s += fmt.Sprintf(" x Dim_3 = %d frames", g.deep)
	}
	return s
}

func dimension(h Header, key string) (int64, error) {
	n, err := h.Int(key)
	if err != nil {
		return 0, err
	}
	if n <= 0 {
		return 0, fmt.Errorf("edf: %s is %d, expected at least 1", key, n)
	}
	return n, nil
}

// binary finds the bytes in which the pixels lie: behind the header, or in another file.
func (p *parser) binary(number int, h Header, begin int64) (src io.ReaderAt, start, end int64, err error) {
	name, ok := h.Get("EDF_BinaryFileName")
	if !ok || name == "" {
		return p.r, begin, p.size, nil
	}
	src, size, err := p.external(name)
	if err != nil {
		return nil, 0, 0, err
	}
	if _, ok := h.Get("EDF_BinaryFilePosition"); ok {
		if start, err = h.Int("EDF_BinaryFilePosition"); err != nil {
			return nil, 0, 0, err
		}
	}
	if start < 0 || start > size {
		return nil, 0, 0, fmt.Errorf("edf: block %d: EDF_BinaryFilePosition is %d, %s holds %d bytes", number, start, name, size)
	}
	end = size
	if _, ok := h.Get("EDF_BinaryFileSize"); ok {
		n, err := h.Int("EDF_BinaryFileSize")
		if err != nil {
			return nil, 0, 0, err
		}
		end = start + min(max(n, 0), size-start)
	}
	return src, start, end, nil
}

// declaredSize gives the length of the binary part: EDF_BinarySize, else Size, else what the
// pixels need. Less than that is an error, more is skipped.
func (p *parser) declaredSize(number int, h Header, need int64) (int64, error) {
	for _, key := range [...]string{"EDF_BinarySize", "Size"} {
		if _, ok := h.Get(key); !ok {
			continue
		}
		n, err := h.Int(key)
		if err != nil {
			return 0, err
		}
		if n < need {
			return 0, fmt.Errorf("edf: block %d: %s is %d, but the pixels need %d bytes", number, key, n, need)
		}
		return n, nil
	}
	return need, nil
}

// rawHeader is the header of a block: length counts from "{" to the line end behind "}".
type rawHeader struct {
	text     []byte // between the braces; valid until the next header is read
	length   int64
	declared int64 // EDF_HeaderSize, 0 when there is none
}

// header reads the header at an offset. Its first closing line ends it, unless
// EDF_HeaderSize ends right behind a later one (a macro in a value may hold such lines).
func (p *parser) header(number int, at int64) (rawHeader, error) {
	b, err := p.fill(at, firstRead)
	if err != nil {
		return rawHeader{}, err
	}
	if b[0] != '{' {
		return rawHeader{}, fmt.Errorf("edf: %w: it begins with %q, expected \"{\"", ErrNotEDF, first(b, 16))
	}
	end := closing(b)
	for end < 0 && int64(len(b)) < min(maxHeader, p.size-at) {
		if b, err = p.fill(at, min(2*int64(len(b)), maxHeader)); err != nil {
			return rawHeader{}, err
		}
		end = closing(b)
	}
	declared := headerSize(b, end)
	if declared > int64(max(end, 0)) && declared <= min(maxDeclaredHeader, p.size-at) {
		if b, err = p.fill(at, max(declared, int64(len(b)))); err != nil {
			return rawHeader{}, err
		}
		if endsHeader(b[:declared]) {
			end = int(declared)
		}
	}
	if end < 0 {
		if int64(len(b)) == p.size-at {
			return rawHeader{}, fmt.Errorf("edf: %w: the header of block %d is not closed by \"}\" and a line end", ErrTruncated, number)
		}
		return rawHeader{}, fmt.Errorf("edf: the header of block %d is not closed by \"}\" and a line end within %d bytes", number, len(b))
	}
	text := bytes.TrimSuffix(bytes.TrimRight(b[1:end], "\r\n"), []byte("}"))
	return rawHeader{text: text, length: int64(end), declared: declared}, nil
}

// fill reads n bytes at an offset, or as many as there are, into the parser's buffer.
func (p *parser) fill(at, n int64) ([]byte, error) {
	n = min(n, p.size-at)
	if int64(cap(p.buf)) < n {
		p.buf = make([]byte, n)
	}
	b := p.buf[:n]
	if got, err := p.r.ReadAt(b, at); int64(got) < n {
		if err == io.EOF {
			return nil, fmt.Errorf("edf: %w: it has %d bytes, %d were there when it was opened", ErrTruncated, at+int64(got), p.size)
		}
		return nil, fmt.Errorf("edf: the header could not be read: %w", err)
	}
	return b, nil
}

// closing gives the length of a header up to the line end behind its first "}" line, or -1.
func closing(b []byte) int {
	for i := 0; ; {
		k := bytes.IndexByte(b[i:], '}')
		if k < 0 {
			return -1
		}
		i += k + 1
		if i < len(b) && b[i] == '\n' {
			return i + 1
		}
		if i+1 < len(b) && b[i] == '\r' && b[i+1] == '\n' {
			return i + 2
		}
	}
}

// endsHeader reports whether b ends with "}" and a line end.
func endsHeader(b []byte) bool {
	return bytes.HasSuffix(b, []byte("}\n")) || bytes.HasSuffix(b, []byte("}\r\n"))
}

// headerSize gives the value of EDF_HeaderSize in what is known of a header, or 0.
func headerSize(b []byte, end int) int64 {
	if end > 0 {
		b = b[:end]
	}
	const key = "edf_headersize"
	for i := 0; i+len(key) < len(b); i++ {
		if b[i] != 'E' && b[i] != 'e' || !strings.EqualFold(string(b[i:i+len(key)]), key) {
			continue
		}
		item, _, _ := bytes.Cut(first(b[i+len(key):], 64), []byte(";"))
		_, value, ok := bytes.Cut(item, []byte("="))
		if n := Value(trim(string(first(value, 32)))); ok {
			if n, isInt := n.(int64); isInt && n > 0 {
				return n
			}
		}
	}
	return 0
}

// nextBlock looks for a further block behind the pixels that end at an offset. Line ends
// and blanks may stand in front of it; any other tail is padding.
func (p *parser) nextBlock(at int64) (begin int64, more bool, err error) {
	if at >= p.size {
		return 0, false, nil
	}
	b, err := p.fill(at, 512)
	if err != nil {
		return 0, false, err
	}
	rest := bytes.TrimLeft(b, " \t\r\n")
	if len(rest) > 0 && rest[0] == '{' && (len(rest) == 1 || rest[1] == '\n' || rest[1] == '\r') {
		return at + int64(len(b)-len(rest)), true, nil
	}
	if len(bytes.Trim(b, " \t\r\n\x00")) > 0 {
		p.warn("%d bytes behind the last frame are no EDF block and were ignored", p.size-at)
	}
	return 0, false, nil
}

func (p *parser) warn(format string, args ...any) {
	if len(p.out.warnings) < maxWarnings {
		p.out.warnings = append(p.out.warnings, fmt.Sprintf(format, args...))
	}
}

// product multiplies positive numbers; fits is false when the result is beyond 2^62.
func product(factors ...int64) (n int64, fits bool) {
	n = 1
	for _, f := range factors {
		if f > (1<<62)/n {
			return 0, false
		}
		n *= f
	}
	return n, true
}

func countText(n int64, exact bool) string {
	if !exact {
		return "more than 2^62"
	}
	return fmt.Sprint(n)
}

func first(b []byte, n int) []byte { return b[:min(n, len(b))] }
