// Package rawfile opens the files of the raw readers, which themselves know bytes only: each parses
// the first bytes of an io.ReaderAt and reads pixels from it later. Text decodes what stands in headers.
package rawfile

import (
	"fmt"
	"io"
	"os"
	"unicode/utf8"
)

// Handle is the open file behind a reader; the zero value is that of one that was parsed from
// memory. Readers embed it.
type Handle struct{ file *os.File }

// Close closes the file that Open opened. A second time, and for a reader that was not opened by
// path, it does nothing.
func (h *Handle) Close() error {
	if h.file == nil {
		return nil
	}
	f := h.file
	h.file = nil
	return f.Close()
}

// Open opens a file and parses it. Errors name the path; format is what those of the operating
// system begin with. The handle is to be kept in what parse gave.
func Open[F any](format, path string, parse func(r io.ReaderAt, size int64) (F, error)) (F, Handle, error) {
	var none F
	file, err := os.Open(path)
	if err != nil {
		return none, Handle{}, fmt.Errorf("%s: %w", format, err)
	}
	st, err := file.Stat()
	if err != nil {
		file.Close()
		return none, Handle{}, fmt.Errorf("%s: %w", format, err)
	}
	f, err := parse(file, st.Size())
	if err != nil {
		file.Close()
		return none, Handle{}, fmt.Errorf("%s: %w", path, err)
	}
	return f, Handle{file}, nil
}

// Text gives the text of a header as UTF-8: as it is when it is valid, else read as Latin-1, in
// which every byte is a character, so that a degree sign in a title never stops a scan.
func Text(b []byte) string {
	if utf8.Valid(b) {
		return string(b)
	}
	r := make([]rune, len(b))
	for i, c := range b {
		r[i] = rune(c)
	}
	return string(r)
}
