package rawfile

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestOpen(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.raw")
	if err := os.WriteFile(path, []byte("abc"), 0o666); err != nil {
		t.Fatal(err)
	}
	first := func(r io.ReaderAt, size int64) (string, error) {
		b := make([]byte, size)
		_, err := r.ReadAt(b, 0)
		return string(b), err
	}
	got, h, err := Open("raw", path, first)
	if err != nil || got != "abc" {
		t.Fatalf("%q, %v", got, err)
	}
	if err := errors.Join(h.Close(), h.Close()); err != nil {
		t.Errorf("closing twice: %v", err)
	}
	bad := errors.New("no header")
	if _, _, err := Open("raw", path, func(io.ReaderAt, int64) (int, error) { return 0, bad }); !errors.Is(err, bad) || !strings.HasPrefix(err.Error(), path+": ") {
		t.Errorf("%v", err)
	}
	if _, _, err := Open("raw", path+"x", first); !errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), path+"x") {
		t.Errorf("%v", err)
	}
}

func TestText(t *testing.T) {
	for in, want := range map[string]string{"": "", "-80 \xb0C": "-80 °C", "-80 °C": "-80 °C", "a\xff°": "aÿÂ°"} {
		if got := Text([]byte(in)); got != want {
			t.Errorf("%q: %q, expected %q", in, got, want)
		}
	}
}
