package edf

import (
	"bytes"
	"fmt"
	"io"
	"strings"

	"ptyprep/internal/imgproc/pix"
)

// blockSize is what the header's length is a multiple of.
const blockSize = 512

// dataTypes are the words of DataType that every reader knows.
var dataTypes = map[pix.Type]string{
	pix.Uint8: "UnsignedByte", pix.Int8: "SignedByte", pix.Uint16: "UnsignedShort", pix.Int16: "SignedShort",
	pix.Uint32: "UnsignedInteger", pix.Int32: "SignedInteger", pix.Uint64: "Unsigned64", pix.Int64: "Signed64",
	pix.Float32: "FloatValue", pix.Float64: "DoubleValue",
}

// Write writes one image as an EDF file: a header with the given entries behind those that
// describe the pixels, and the pixels, in native byte order. Errors: a pixel type that EDF does
// not have, an entry that a header cannot hold.
func Write(w io.Writer, im *pix.Image, header []Entry) error {
	word := dataTypes[im.Type]
	if word == "" {
		return fmt.Errorf("edf: %v pixels cannot be written", im.Type)
	}
	order := "LowByteFirst"
	if nativeBig {
		order = "HighByteFirst"
	}
	all := append([]Entry{
		{"HeaderID", "EH:000001:000000:000000"}, {"Image", "1"}, {"ByteOrder", order}, {"DataType", word},
		{"Dim_1", fmt.Sprint(im.Cols)}, {"Dim_2", fmt.Sprint(im.Rows)}, {"Size", fmt.Sprint(len(im.Bytes))},
	}, header...)
	var b bytes.Buffer
	b.WriteString("{\n")
	for _, e := range all {
		if e.Key == "" || strings.ContainsAny(e.Key, "=;{}\n") || strings.ContainsAny(e.Value, ";{}\n") {
			return fmt.Errorf("edf: header entry %q = %q cannot be written", e.Key, e.Value)
		}
		fmt.Fprintf(&b, "%s = %s ;\n", e.Key, e.Value)
	}
	for (b.Len()+2)%blockSize != 0 {
		b.WriteByte(' ')
	}
	b.WriteString("}\n")
	if _, err := w.Write(b.Bytes()); err != nil {
		return err
	}
	_, err := w.Write(im.Bytes)
	return err
}
