package cbf

import (
	"bytes"
	"testing"

	"ptyprep/internal/imgproc/pix"
)

// What is written reads back: every type, small and large steps, the extremes.
func TestWriteReadsBack(t *testing.T) {
	for typ := pix.Uint8; typ <= pix.Int64; typ++ {
		im := pix.New(typ, 4, 9)
		for i := range im.Bytes { // zeros, small steps and noise
			switch {
			case i >= len(im.Bytes)/2:
				im.Bytes[i] = byte(i * i * 37)
			case i%typ.Size() == 0 && i > len(im.Bytes)/4:
				im.Bytes[i] = byte(i)
			}
		}
		for i := range typ.Size() { // all bits, then the sign bit alone
			im.Bytes[len(im.Bytes)-1-i] = 0xff
			im.Bytes[len(im.Bytes)-2*typ.Size()+i] = 0
		}
		im.Bytes[len(im.Bytes)-typ.Size()-1] = 0x80
		var b bytes.Buffer
		if err := Write(&b, im, "frame", []Entry{{"Exposure_time", "1.0 s"}}); err != nil {
			t.Fatal(err)
		}
		f, err := Parse(bytes.NewReader(b.Bytes()), int64(b.Len()))
		if err != nil {
			t.Fatal(err)
		}
		got := new(pix.Image)
		if err := f.Read(got); err != nil {
			t.Fatalf("%v: %v", typ, err)
		}
		if !f.Checked() || got.Type != typ || got.Rows != 4 || got.Cols != 9 || !bytes.Equal(got.Bytes, im.Bytes) {
			t.Errorf("%v: read back as %v %d x %d:\n%v\n%v", typ, got.Type, got.Rows, got.Cols, got.Bytes, im.Bytes)
		}
		if v, unit, err := f.Quantity("Exposure_time"); err != nil || v != 1 || unit != "s" {
			t.Errorf("exposure time %v %q, %v", v, unit, err)
		}
	}
	if err := Write(new(bytes.Buffer), pix.New(pix.Float32, 1, 1), "x", nil); err == nil {
		t.Error("float pixels are written")
	}
}
