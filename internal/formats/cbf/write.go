package cbf

import (
	"bytes"
	"crypto/md5"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"io"
	"math"

	"ptyprep/internal/imgproc/pix"
)

// Write writes one image as a miniCBF file: the header lines of a detector, the section that
// describes the pixels with their MD5 sum, and the pixels packed as byte offsets. Errors: pixels
// that are no integers.
func Write(w io.Writer, im *pix.Image, name string, detector []Entry) error {
	element := ""
	for word, t := range elementTypes {
		if t == im.Type {
			element = word
		}
	}
	if element == "" {
		return fmt.Errorf("cbf: %v pixels cannot be written, only integers", im.Type)
	}
	packed := packPixels(im)
	sum := md5.Sum(packed)
	var b bytes.Buffer
	line := func(format string, args ...any) { fmt.Fprintf(&b, format+"\r\n", args...) }
	line("###CBF: VERSION 1.5, ptyprep")
	line("")
	line("data_%s", name)
	line("")
	line("_array_data.header_convention \"PILATUS_1.2\"")
	line("_array_data.header_contents")
	line(";")
	for _, e := range detector {
		line("# %s %s", e.Key, e.Value)
	}
	line(";")
	line("")
	line("_array_data.data")
	line(";")
	line("%s", section)
	line("Content-Type: application/octet-stream;")
	line("     conversions=\"x-CBF_BYTE_OFFSET\"")
	line("Content-Transfer-Encoding: BINARY")
	line("X-Binary-Size: %d", len(packed))
	line("X-Binary-ID: 1")
	line("X-Binary-Element-Type: \"%s\"", element)
	line("X-Binary-Element-Byte-Order: LITTLE_ENDIAN")
	line("Content-MD5: %s", base64.StdEncoding.EncodeToString(sum[:]))
	line("X-Binary-Number-of-Elements: %d", im.Len())
	line("X-Binary-Size-Fastest-Dimension: %d", im.Cols)
	line("X-Binary-Size-Second-Dimension: %d", im.Rows)
	line("")
	b.WriteString(pixelMark)
	b.Write(packed)
	line("")
	line("%s", section+"--")
	line(";")
	_, err := w.Write(b.Bytes())
	return err
}

// packPixels is the reverse of unpack.
func packPixels(im *pix.Image) []byte {
	switch im.Type {
	case pix.Int8:
		return packOf(pix.Pixels[int8](im))
	case pix.Uint8:
		return packOf(pix.Pixels[uint8](im))
	case pix.Int16:
		return packOf(pix.Pixels[int16](im))
	case pix.Uint16:
		return packOf(pix.Pixels[uint16](im))
	case pix.Int32:
		return packOf(pix.Pixels[int32](im))
	case pix.Uint32:
		return packOf(pix.Pixels[uint32](im))
	case pix.Int64:
		return packOf(pix.Pixels[int64](im))
	}
	return packOf(pix.Pixels[uint64](im))
}

func packOf[T int8 | uint8 | int16 | uint16 | int32 | uint32 | int64 | uint64](px []T) []byte {
	out := make([]byte, 0, len(px)+len(px)/8)
	var last int64 // 64 bit values wrap round, as they do when they are unpacked
	for _, v := range px {
		d := int64(v) - last
		last = int64(v)
		if d > math.MinInt8 && d <= math.MaxInt8 {
			out = append(out, byte(d))
			continue
		}
		out = append(out, 0x80)
		if d > math.MinInt16 && d <= math.MaxInt16 {
			out = binary.LittleEndian.AppendUint16(out, uint16(d))
			continue
		}
		out = append(out, 0x00, 0x80)
		if d > math.MinInt32 && d <= math.MaxInt32 {
			out = binary.LittleEndian.AppendUint32(out, uint32(d))
			continue
		}
		out = append(out, 0x00, 0x00, 0x00, 0x80)
		out = binary.LittleEndian.AppendUint64(out, uint64(d))
	}
	return out
}
