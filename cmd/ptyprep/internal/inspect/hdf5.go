package inspect

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"ptyprep/internal/formats/h5"
	"ptyprep/internal/formats/ptyd"
	"ptyprep/internal/scan/problem"
)

// hdf5Inspector reports on a .ptyd, and lists any other HDF5 file: what a recipe needs to know of it.
func hdf5Inspector() Inspector {
	return Inspector{Format: "HDF5 (.ptyd and any other)", Matches: isHDF5, Inspect: inspectHDF5}
}

// inspectHDF5 takes a file for a .ptyd by what is in it, whatever its name.
func inspectHDF5(ctx context.Context, path string, o Options) (Report, error) {
	open := h5.OpenOptions{NoLock: o.NoLock}
	f, err := h5.Open(path, open)
	if err != nil {
		return nil, openProblem(path, err)
	}
	is := isPtyd(f)
	if err := f.Close(); err != nil {
		return nil, problem.Inputf("%s: cannot be closed", path).Because(err)
	}
	if is {
		return ptyd.Inspect(ctx, path, open)
	}
	return listHDF5(ctx, path, o)
}

// isPtyd looks for the groups of a .ptyd. A raw file may have a group of one of the names.
func isPtyd(f *h5.File) bool {
	for _, name := range []string{"/chunks", "/meta"} {
		if kind, err := f.Kind(name); err != nil || kind != h5.Group {
			return false
		}
	}
	return true
}

var signature = []byte("\x89HDF\r\n\x1a\n")

// isHDF5 looks for the signature at 0, 512 and 1024, where a user block may have put it.
func isHDF5(_ string, head []byte) bool {
	for _, at := range []int{0, 512, 1024} {
		if len(head) >= at && bytes.HasPrefix(head[at:], signature) {
			return true
		}
	}
	return false
}

// Listing is what an HDF5 file holds.
type Listing struct {
	File    string   `json:"file"`
	Format  string   `json:"format"`
	Objects []Object `json:"objects"`
}

// Object is one dataset, group or link of an HDF5 file.
type Object struct {
	Path     string   `json:"path"`
	Kind     string   `json:"kind"`
	Type     string   `json:"type,omitempty"`
	Shape    []int    `json:"shape,omitempty"`
	Layout   string   `json:"layout,omitempty"`
	Chunk    []int    `json:"chunk,omitempty"`
	Filters  []string `json:"filters,omitempty"`
	LinkFile string   `json:"link_file,omitempty"` // of an external link
	LinkPath string   `json:"link_path,omitempty"`
	Problem  string   `json:"problem,omitempty"` // why it cannot be opened
}

func listHDF5(ctx context.Context, path string, o Options) (Report, error) {
	f, err := h5.Open(path, h5.OpenOptions{NoLock: o.NoLock})
	if err != nil {
		return nil, openProblem(path, err)
	}
	defer f.Close()
	l := &Listing{File: path, Format: "HDF5", Objects: []Object{}}
	err = f.Walk(func(p string, e h5.Entry, d *h5.Info) error {
		l.Objects = append(l.Objects, object(p, e, d))
		return ctx.Err()
	})
	if err != nil && ctx.Err() == nil {
		err = problem.Inputf("%s: cannot be read to its end", path).Because(err).WithHint("the file may be damaged, or still be written")
	}
	return l, err
}

// openProblem puts an error of h5.Open into the user's words.
func openProblem(path string, err error) error {
	var e *h5.Error
	if !errors.As(err, &e) {
		return problem.Inputf("%s: cannot be opened", path).Because(err)
	}
	p := problem.Inputf("%s: %s", path, e.Msg)
	switch e.Kind {
	case h5.Locked:
		p.Hint = "another program has it open for writing: wait, or use --no-lock"
	case h5.Truncated:
		p.Hint = "the copy may be incomplete: compare its size with the original"
	}
	return p
}

func object(p string, e h5.Entry, d *h5.Info) Object {
	o := Object{Path: p, Kind: e.Kind.String(), LinkFile: e.TargetFile, LinkPath: e.TargetPath}
	if e.Err != nil {
		o.Problem = e.Err.Error()
	}
	if d == nil {
		return o
	}
	o.Type, o.Shape, o.Layout, o.Chunk = d.Type.Desc, d.Shape, d.Layout.String(), d.Chunk
	for _, f := range d.Filters {
		name := f.Name
		if name == "" {
			name = fmt.Sprint(f.ID)
		}
		if !f.Available {
			name += " (not available here)"
		}
		o.Filters = append(o.Filters, name)
	}
	return o
}

// WriteText writes one line for each object.
func (l *Listing) WriteText(w io.Writer) error {
	width := 20
	for _, o := range l.Objects {
		width = max(width, min(len(o.Path), 60))
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s: HDF5, %d objects\n", l.File, len(l.Objects))
	for _, o := range l.Objects {
		fmt.Fprintf(&b, "  %-*s  %s\n", width, o.Path, o.line())
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func (o *Object) line() string {
	s := o.Kind
	if o.Type != "" {
		s = o.Type
		if o.Shape == nil {
			s += ", scalar"
		} else {
			s += ", " + times(o.Shape)
		}
		s += ", " + o.Layout
		if o.Chunk != nil {
			s += " " + times(o.Chunk)
		}
		if len(o.Filters) > 0 {
			s += ", " + strings.Join(o.Filters, " + ")
		}
	}
	switch {
	case o.LinkFile != "":
		s += " -> " + o.LinkFile + ":" + o.LinkPath
	case o.LinkPath != "":
		s += " -> " + o.LinkPath
	}
	if o.Problem != "" {
		s += ": " + o.Problem
	}
	return s
}

func times(n []int) string {
	s := make([]string, len(n))
	for i, x := range n {
		s[i] = fmt.Sprint(x)
	}
	return strings.Join(s, " x ")
}
