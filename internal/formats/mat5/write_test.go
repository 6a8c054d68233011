package mat5

import (
	"bytes"
	"testing"

	"ptyprep/internal/imgproc/pix"
)

func TestWriteReadsBack(t *testing.T) {
	data := []byte{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15}
	var b bytes.Buffer
	if err := WriteUint8(&b, "mask", data, 3, 5); err != nil {
		t.Fatal(err)
	}
	f, err := Parse(bytes.NewReader(b.Bytes()), int64(b.Len()))
	if err != nil {
		t.Fatal(err)
	}
	im := new(pix.Image)
	if err := f.Read("mask", im); err != nil {
		t.Fatal(err)
	}
	if im.Type != pix.Uint8 || im.Rows != 3 || im.Cols != 5 || !bytes.Equal(im.Bytes, data) {
		t.Errorf("read back as %v %d x %d: %v", im.Type, im.Rows, im.Cols, im.Bytes)
	}
	for _, name := range []string{"", string(make([]byte, 64))} {
		if WriteUint8(&b, name, data, 3, 5) == nil {
			t.Errorf("a variable named %q is written", name)
		}
	}
	if WriteUint8(&b, "mask", data, 4, 5) == nil {
		t.Error("a matrix without its numbers is written")
	}
}
