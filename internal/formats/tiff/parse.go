package tiff

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"

	"ptyprep/internal/formats/rawfile"
	"ptyprep/internal/imgproc/pix"
)

// Tags that matter for pixels.
const (
	tagSubfile        = 254
	tagWidth          = 256
	tagLength         = 257
	tagBits           = 258
	tagCompression    = 259
	tagPhotometric    = 262
	tagFillOrder      = 266
	tagDescription    = 270
	tagStripOffsets   = 273
	tagOrientation    = 274
	tagSamples        = 277
	tagRowsPerStrip   = 278
	tagStripCounts    = 279
	tagPlanar         = 284
	tagPredictor      = 317
	tagTileWidth      = 322
	tagTileLength     = 323
	tagTileOffsets    = 324
	tagTileCounts     = 325
	tagSampleFormat   = 339
	maxDescription    = 1 << 20
	maxWarnings       = 20
	maxPlanes         = 1 << 16
	deflateAdobe      = 8
	deflateOld        = 32946
	lzwPacked         = 5
	packBits          = 32773
	plain             = 1
	predictDifference = 2
	predictFloat      = 3
)

// expansion is how many bytes one packed byte can become at best: what bounds the size that
// a directory may claim.
var expansion = map[int]int64{plain: 1, deflateAdobe: 1032, deflateOld: 1032, lzwPacked: 4096, packBits: 64}

// typeSize gives the bytes of a value by its TIFF type; 0 for types that do not exist.
var typeSize = [...]int64{0, 1, 1, 2, 4, 8, 1, 1, 2, 4, 8, 4, 8, 4, 0, 0, 8, 8, 8}

// parser goes from directory to directory.
type parser struct {
	r     io.ReaderAt
	size  int64
	out   *File
	order binary.ByteOrder
	big   bool  // BigTIFF
	read  int64 // bytes read so far
}

// field is an entry of a directory; its value stands in raw or at an offset.
type field struct {
	kind  uint16
	count int64
	raw   []byte
}

// directory is a page's fields by their tags.
type directory map[uint16]field

// bytes reads n bytes at an offset. Directories that overlap could make a small file ask for
// far more than it holds: what is read in all must not exceed twice the file.
func (p *parser) bytes(at, n int64, what string) ([]byte, error) {
	if at < 0 || n > p.size || at > p.size-n {
		return nil, fmt.Errorf("tiff: %w: %s needs %d bytes at %d, the file has %d", ErrTruncated, what, n, at, p.size)
	}
	if p.read += n; p.read > 2*p.size+4096 {
		return nil, fmt.Errorf("tiff: the directories overlap")
	}
	b := make([]byte, n)
	if got, err := p.r.ReadAt(b, at); int64(got) < n {
		if err == io.EOF {
			return nil, fmt.Errorf("tiff: %w: %s needs %d bytes at %d, %d are there", ErrTruncated, what, n, at, got)
		}
		return nil, fmt.Errorf("tiff: %s could not be read: %w", what, err)
	}
	return b, nil
}

func (p *parser) run() error {
	next, err := p.header()
	if err != nil {
		return err
	}
	seen := map[int64]bool{}
	pages := 0
	for ; next != 0; pages++ {
		if seen[next] {
			return fmt.Errorf("tiff: the directories run in a circle at byte %d", next)
		}
		seen[next] = true
		var dir directory
		if dir, next, err = p.directory(next, pages); err != nil {
			return err
		}
		if err := p.page(dir, pages); err != nil {
			return err
		}
	}
	if len(p.out.Frames) == 0 {
		return fmt.Errorf("tiff: the file holds no image (%d directories)", pages)
	}
	if pages == 1 {
		return p.imageJStack()
	}
	return nil
}

// header checks the first bytes and gives the offset of the first directory.
func (p *parser) header() (int64, error) {
	if p.size <= 0 {
		return 0, fmt.Errorf("tiff: %w: it is empty (0 bytes)", ErrTruncated)
	}
	b, err := p.bytes(0, min(p.size, 16), "the header")
	if err != nil {
		return 0, err
	}
	if len(b) < 8 {
		return 0, fmt.Errorf("tiff: %w: it has %d bytes, expected a header of 8", ErrTruncated, len(b))
	}
	switch string(b[:2]) {
	case "II":
		p.order = binary.LittleEndian
	case "MM":
		p.order = binary.BigEndian
	default:
		return 0, fmt.Errorf("tiff: %w: it begins with %q, expected \"II\" or \"MM\"", ErrNotTIFF, b[:4])
	}
	switch version := p.order.Uint16(b[2:]); version {
	case 42:
		return int64(p.order.Uint32(b[4:])), nil
	case 43:
		if len(b) < 16 {
			return 0, fmt.Errorf("tiff: %w: it has %d bytes, expected a header of 16", ErrTruncated, len(b))
		}
		p.big = true
		return int64(p.order.Uint64(b[8:])), nil
	default:
		return 0, fmt.Errorf("tiff: %w: the version is %d, expected 42 or 43", ErrNotTIFF, version)
	}
}

// directory reads the fields of a page and gives the offset of the next one.
func (p *parser) directory(at int64, page int) (directory, int64, error) {
	what := fmt.Sprintf("directory %d", page)
	countSize, entrySize, nextSize := int64(2), int64(12), int64(4)
	if p.big {
		countSize, entrySize, nextSize = 8, 20, 8
	}
	b, err := p.bytes(at, countSize, what)
	if err != nil {
		return nil, 0, err
	}
	n := int64(p.order.Uint16(b))
	if p.big {
		if n = int64(p.order.Uint64(b)); n < 0 || n > p.size/entrySize {
			return nil, 0, fmt.Errorf("tiff: %w: %s has %d fields", ErrTruncated, what, uint64(n))
		}
	}
	b, err = p.bytes(at+countSize, n*entrySize+nextSize, what)
	if err != nil {
		return nil, 0, err
	}
	dir := make(directory, n)
	for ; n > 0; n-- {
		f := field{kind: p.order.Uint16(b[2:]), count: int64(p.order.Uint32(b[4:])), raw: b[8:12]}
		if p.big {
			f.count, f.raw = int64(p.order.Uint64(b[4:])), b[12:20]
		}
		dir[p.order.Uint16(b)] = f
		b = b[entrySize:]
	}
	if p.big {
		return dir, int64(p.order.Uint64(b)), nil
	}
	return dir, int64(p.order.Uint32(b)), nil
}

// value gives the bytes of a field's values.
func (p *parser) value(f field, tag uint16) ([]byte, error) {
	if int(f.kind) >= len(typeSize) || typeSize[f.kind] == 0 {
		return nil, fmt.Errorf("tiff: tag %d has the unknown type %d", tag, f.kind)
	}
	size := typeSize[f.kind]
	if f.count < 0 || f.count > p.size/size {
		return nil, fmt.Errorf("tiff: %w: tag %d has %d values, the file holds %d bytes", ErrTruncated, tag, uint64(f.count), p.size)
	}
	n := size * f.count
	if n <= int64(len(f.raw)) {
		return f.raw[:n], nil
	}
	at := int64(p.order.Uint32(f.raw))
	if p.big {
		at = int64(p.order.Uint64(f.raw))
	}
	return p.bytes(at, n, fmt.Sprintf("tag %d", tag))
}

// numbers gives the values of a tag that must hold whole numbers; nil when it is not there.
func (p *parser) numbers(dir directory, tag uint16) ([]int64, error) {
	f, ok := dir[tag]
	if !ok {
		return nil, nil
	}
	b, err := p.value(f, tag)
	if err != nil {
		return nil, err
	}
	out := make([]int64, f.count)
	for i := range out {
		switch f.kind {
		case 1:
			out[i] = int64(b[i])
		case 3:
			out[i] = int64(p.order.Uint16(b[2*i:]))
		case 4, 13:
			out[i] = int64(p.order.Uint32(b[4*i:]))
		case 16, 18:
			if out[i] = int64(p.order.Uint64(b[8*i:])); out[i] < 0 {
				return nil, fmt.Errorf("tiff: tag %d is %d, the file has %d bytes", tag, uint64(out[i]), p.size)
			}
		default:
			return nil, fmt.Errorf("tiff: tag %d has type %d, expected whole numbers", tag, f.kind)
		}
	}
	return out, nil
}

// number gives a tag's only value, or a default when it is not there.
func (p *parser) number(dir directory, tag uint16, otherwise int64) (int64, error) {
	list, err := p.numbers(dir, tag)
	if err != nil {
		return 0, err
	}
	if len(list) == 0 {
		return otherwise, nil
	}
	for _, v := range list[1:] { // one value for each sample
		if v != list[0] {
			return 0, fmt.Errorf("tiff: tag %d has different values (%d, %d), expected one", tag, list[0], v)
		}
	}
	return list[0], nil
}

// page notes the frames of a directory: one, or one for each sample that is stored in a
// plane of its own.
func (p *parser) page(dir directory, page int) error {
	n := map[uint16]int64{
		tagSubfile: 0, tagWidth: -1, tagLength: -1, tagBits: 1, tagCompression: plain, tagPhotometric: 1,
		tagFillOrder: 1, tagOrientation: 1, tagSamples: 1, tagPlanar: 1, tagPredictor: 1, tagSampleFormat: 1,
		tagTileWidth: 0, tagTileLength: 0, tagRowsPerStrip: math.MaxUint32,
	}
	for tag, otherwise := range n {
		v, err := p.number(dir, tag, otherwise)
		if err != nil {
			return err
		}
		n[tag] = v
	}
	if n[tagSubfile]&5 != 0 {
		p.warn("directory %d holds a preview or a mask and was left out", page)
		return nil
	}
	if err := p.refuse(n, page); err != nil {
		return err
	}
	fr := Frame{Rows: int(n[tagLength]), Cols: int(n[tagWidth]), bigEndian: p.order == binary.BigEndian,
		compression: int(n[tagCompression]), predictor: int(n[tagPredictor])}
	var err error
	if fr.Type, err = pixelType(n[tagBits], n[tagSampleFormat]); err != nil {
		return err
	}
	if fr.predictor == predictFloat && !fr.Type.IsFloat() || fr.predictor == predictDifference && fr.Type.IsFloat() {
		return fmt.Errorf("tiff: predictor (tag 317) %d does not go with %v pixels", fr.predictor, fr.Type)
	}
	if fr.Description, err = p.description(dir); err != nil {
		return err
	}
	planes := n[tagSamples]
	if fr.chunks, err = p.chunks(dir, n, fr, planes); err != nil {
		return err
	}
	for k := range planes {
		fr.first = int(k) * fr.chunks.across * fr.chunks.down
		p.out.Frames = append(p.out.Frames, fr)
	}
	return nil
}

// refuse names what this reader does not do.
func (p *parser) refuse(n map[uint16]int64, page int) error {
	for _, d := range [...]struct {
		tag  uint16
		name string
	}{{tagWidth, "ImageWidth (tag 256)"}, {tagLength, "ImageLength (tag 257)"}} {
		if n[d.tag] < 0 {
			return fmt.Errorf("tiff: directory %d has no %s", page, d.name)
		}
		if n[d.tag] == 0 || n[d.tag] > math.MaxInt32 {
			return fmt.Errorf("tiff: %s is %d, expected at least 1", d.name, n[d.tag])
		}
	}
	switch samples := n[tagSamples]; {
	case samples < 1 || samples > maxPlanes:
		return fmt.Errorf("tiff: SamplesPerPixel (tag 277) is %d", samples)
	case samples > 1 && n[tagPlanar] != 2:
		return fmt.Errorf("tiff: the image has %d numbers per pixel (colour?), expected 1", samples)
	}
	if n[tagPhotometric] == 3 {
		return fmt.Errorf("tiff: the image has a colour table (tag 262 is 3), expected plain counts")
	}
	if n[tagPhotometric] == 0 {
		p.warn("directory %d says that 0 is white: the numbers are given as stored", page)
	}
	if o := n[tagOrientation]; o != 1 && o != 0 {
		p.warn("directory %d has orientation %d (tag 274): the rows are given as stored", page, o)
	}
	if n[tagFillOrder] != 1 {
		return fmt.Errorf("tiff: FillOrder (tag 266) is %d, only 1 is supported", n[tagFillOrder])
	}
	if _, ok := expansion[int(n[tagCompression])]; !ok {
		return fmt.Errorf("tiff: Compression (tag 259) %d is not supported, only none (1), LZW (5), deflate (8) and PackBits (32773)", n[tagCompression])
	}
	if k := n[tagPredictor]; k < 1 || k > 3 {
		return fmt.Errorf("tiff: Predictor (tag 317) is %d, only 1, 2 and 3 are supported", k)
	}
	return nil
}

// pixelType brings bits per sample and sample format together; format 4 (undefined) counts
// as unsigned.
func pixelType(bits, format int64) (pix.Type, error) {
	type key struct{ bits, format int64 }
	t, ok := map[key]pix.Type{
		{8, 1}: pix.Uint8, {16, 1}: pix.Uint16, {32, 1}: pix.Uint32, {64, 1}: pix.Uint64,
		{8, 4}: pix.Uint8, {16, 4}: pix.Uint16, {32, 4}: pix.Uint32, {64, 4}: pix.Uint64,
		{8, 2}: pix.Int8, {16, 2}: pix.Int16, {32, 2}: pix.Int32, {64, 2}: pix.Int64,
		{32, 3}: pix.Float32, {64, 3}: pix.Float64,
	}[key{bits, format}]
	if !ok {
		return pix.Invalid, fmt.Errorf("tiff: pixels of %d bits (tag 258) and sample format %d (tag 339) are not supported, only integers of 8, 16, 32, 64 bits and floats of 32, 64", bits, format)
	}
	return t, nil
}

func (p *parser) description(dir directory) (string, error) {
	f, ok := dir[tagDescription]
	if !ok || f.kind != 2 && f.kind != 1 {
		return "", nil
	}
	if f.count > maxDescription {
		p.warn("the image description has %d bytes and was left out", f.count)
		return "", nil
	}
	b, err := p.value(f, tagDescription)
	if err != nil {
		return "", err
	}
	return rawfile.Text(bytes.TrimRight(b, "\x00")), nil
}

// chunks reads where the strips or tiles lie and checks that they can hold the image.
func (p *parser) chunks(dir directory, n map[uint16]int64, fr Frame, planes int64) (*chunks, error) {
	c := &chunks{rows: int(min(n[tagRowsPerStrip], n[tagLength])), cols: fr.Cols, across: 1}
	offsets, counts, what := uint16(tagStripOffsets), uint16(tagStripCounts), "strip"
	if _, ok := dir[tagTileOffsets]; ok {
		offsets, counts, what, c.tiled = tagTileOffsets, tagTileCounts, "tile", true
		w, l := n[tagTileWidth], n[tagTileLength]
		if w < 1 || l < 1 || w > math.MaxInt32 || l > math.MaxInt32 {
			return nil, fmt.Errorf("tiff: tiles of %d rows (tag 323) x %d columns (tag 322)", l, w)
		}
		c.rows, c.cols = int(l), int(w)
		c.across = (fr.Cols-1)/c.cols + 1
	}
	if c.rows < 1 {
		return nil, fmt.Errorf("tiff: RowsPerStrip (tag 278) is %d, expected at least 1", c.rows)
	}
	c.down = (fr.Rows-1)/c.rows + 1
	var err error
	if c.offsets, err = p.numbers(dir, offsets); err != nil {
		return nil, err
	}
	if c.offsets == nil {
		return nil, fmt.Errorf("tiff: the directory has no StripOffsets (tag 273) and no TileOffsets (tag 324)")
	}
	if c.counts, err = p.numbers(dir, counts); err != nil {
		return nil, err
	}
	want := int64(c.across) * int64(c.down)
	if want > math.MaxInt32 || want*planes != int64(len(c.offsets)) {
		return nil, fmt.Errorf("tiff: %d x %d pixels need %d %ss, the directory has %d (tag %d)", fr.Rows, fr.Cols, want*planes, what, len(c.offsets), offsets)
	}
	if c.counts == nil && len(c.offsets) == 1 && fr.compression == plain { // old writers
		c.counts = []int64{int64(fr.Rows) * int64(fr.Cols) * int64(fr.Type.Size())}
	}
	if len(c.counts) != len(c.offsets) {
		return nil, fmt.Errorf("tiff: %d %s offsets (tag %d), but %d byte counts (tag %d)", len(c.offsets), what, offsets, len(c.counts), counts)
	}
	return c, p.checkChunks(c, fr, want, what)
}

// checkChunks makes sure that every chunk lies in the file and can become as many bytes as
// the image needs, and that chunks do not share their bytes, by which a small file could
// claim to be a large one.
func (p *parser) checkChunks(c *chunks, fr Frame, perPlane int64, what string) error {
	row := int64(c.cols) * int64(fr.Type.Size())
	var total int64
	for i, at := range c.offsets {
		count := c.counts[i]
		if at > p.size || count > p.size-at {
			return fmt.Errorf("tiff: %w: %s %d needs %d bytes at %d, the file has %d", ErrTruncated, what, i, count, at, p.size)
		}
		rows := int64(c.rows)
		if k := int64(i) % perPlane; !c.tiled && k == perPlane-1 {
			rows = int64(fr.Rows) - k*int64(c.rows)
		}
		if most := count * expansion[fr.compression]; rows > most/row {
			return fmt.Errorf("tiff: %w: %s %d is %d rows x %d columns of %v, its %d bytes cannot hold that", ErrTruncated, what, i, rows, c.cols, fr.Type, count)
		}
		if total += count; total > p.size {
			return fmt.Errorf("tiff: the %ss share bytes of the file: %d of them need more than its %d bytes", what, i+1, p.size)
		}
	}
	return nil
}

// imageJStack finds the frames of a large ImageJ stack, which has one directory, notes
// "images=N" in its description and stores all frames one behind the other.
func (p *parser) imageJStack() error {
	fr := p.out.Frames[0]
	if !strings.HasPrefix(fr.Description, "ImageJ=") || len(p.out.Frames) > 1 || fr.compression != plain || fr.chunks.tiled {
		return nil
	}
	_, text, ok := strings.Cut(fr.Description, "\nimages=")
	if !ok {
		return nil
	}
	text, _, _ = strings.Cut(text, "\n")
	n, err := strconv.ParseInt(strings.TrimSpace(text), 10, 64)
	if err != nil || n < 2 {
		return nil
	}
	each := int64(fr.Rows) * int64(fr.Cols) * int64(fr.Type.Size())
	begin := fr.chunks.offsets[0]
	if there := p.size - begin; n > there/each {
		return fmt.Errorf("tiff: %w: the ImageJ stack needs %d images of %d bytes, %d bytes are there", ErrTruncated, n, each, there)
	}
	for k := int64(1); k < n; k++ {
		fr.shift = k * each
		p.out.Frames = append(p.out.Frames, fr)
	}
	return nil
}

func (p *parser) warn(format string, args ...any) {
	if len(p.out.warnings) < maxWarnings {
		p.out.warnings = append(p.out.warnings, fmt.Sprintf(format, args...))
	}
}
