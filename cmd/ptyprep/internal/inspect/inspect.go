// Package inspect looks into files for the command of that name: it finds the inspector that knows
// a file's format and gives its report, for people as text and for programs as JSON.
package inspect

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"strings"

	"ptyprep/internal/scan/nearby"
	"ptyprep/internal/scan/problem"
)

// Report is what an inspector found. It is marshalled to JSON as it is.
type Report interface {
	// WriteText writes the report for people.
	WriteText(w io.Writer) error
}

// Options say how files are opened.
type Options struct {
	NoLock bool // HDF5 files are not locked
}

// Inspector knows a format.
type Inspector struct {
	Format string // in words, for messages
	// Matches reports whether it is for this file, by its name and its first bytes (at most
	// HeadBytes of them).
	Matches func(path string, head []byte) bool
	Inspect func(ctx context.Context, path string, o Options) (Report, error)
}

// HeadBytes is how much of a file Matches gets to see.
const HeadBytes = 2048

// Inspectors are all there are; the first one that matches is taken.
func Inspectors() []Inspector {
	return append([]Inspector{hdf5Inspector()}, rawInspectors()...) // a .ptyd is HDF5 inside
}

// File inspects a file. Errors are problems.
func File(ctx context.Context, path string, o Options) (Report, error) {
	head, err := headOf(path)
	if err != nil {
		return nil, err
	}
	var formats []string
	for _, in := range Inspectors() {
		if in.Matches(path, head) {
			return in.Inspect(ctx, path, o)
		}
		formats = append(formats, in.Format)
	}
	if len(head) == 0 {
		return nil, problem.Inputf("%s: is empty (0 bytes)", path).WithHint("was the copy cut off, or the file never written?")
	}
	return nil, problem.Inputf("%s: is in no format that can be inspected", path).WithHint("formats: %s", strings.Join(formats, ", "))
}

// headOf reads the first bytes of a file.
func headOf(path string) ([]byte, error) {
	st, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		p := problem.Inputf("%s: there is no such file", path)
		p.Hint = nearby.FileHint(path)
		return nil, p
	case err == nil && !st.Mode().IsRegular():
		return nil, problem.Inputf("%s: is no regular file (%s)", path, st.Mode().Type()).WithHint("give a file")
	}
	var f *os.File
	if err == nil {
		f, err = os.Open(path)
	}
	if err != nil {
		return nil, problem.Inputf("%s: cannot be read", path).Because(problem.Bare(err))
	}
	defer f.Close()
	head := make([]byte, HeadBytes)
	n, err := io.ReadFull(f, head)
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		return nil, problem.Inputf("%s: cannot be read", path).Because(problem.Bare(err))
	}
	return head[:n], nil
}
