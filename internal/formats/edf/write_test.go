package edf

import (
	"bytes"
	"testing"

	"ptyprep/internal/imgproc/pix"
)

// What is written reads back: every type, the extremes, the entries.
func TestWriteReadsBack(t *testing.T) {
	for typ := pix.Uint8; typ <= pix.Float64; typ++ {
		im := pix.New(typ, 3, 5)
		for i := range im.Bytes {
			im.Bytes[i] = byte(255 - 7*i)
		}
		var b bytes.Buffer
		if err := Write(&b, im, []Entry{{"motor_mne", "spy spz"}, {"motor_pos", "1.5 -2e-3"}}); err != nil {
			t.Fatal(err)
		}
		f, err := Parse(bytes.NewReader(b.Bytes()), int64(b.Len()))
		if err != nil {
			t.Fatal(err)
		}
		got := new(pix.Image)
		if err := f.Read(0, got); err != nil {
			t.Fatal(err)
		}
		if len(f.Frames) != 1 || len(f.Warnings()) > 0 || got.Type != typ || got.Rows != 3 || got.Cols != 5 || !bytes.Equal(got.Bytes, im.Bytes) {
			t.Errorf("%v: read back as %v %d x %d, warnings %v", typ, got.Type, got.Rows, got.Cols, f.Warnings())
		}
		if f.Frames[0].Offset%blockSize != 0 {
			t.Errorf("the pixels begin at byte %d", f.Frames[0].Offset)
		}
		if v, err := f.Frames[0].Motor("spz"); err != nil || v != -2e-3 {
			t.Errorf("motor spz: %v, %v", v, err)
		}
	}
}

func TestWriteRefuses(t *testing.T) {
	if err := Write(new(bytes.Buffer), pix.New(pix.Bool, 1, 1), nil); err == nil {
		t.Error("bool pixels are written")
	}
	if err := Write(new(bytes.Buffer), pix.New(pix.Uint8, 1, 1), []Entry{{"title", "a;b"}}); err == nil {
		t.Error("an entry with a semicolon is written")
	}
}
