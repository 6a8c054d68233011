package inspect

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"strings"

	"ptyprep/internal/formats/cbf"
	"ptyprep/internal/formats/detect"
	"ptyprep/internal/formats/edf"
	"ptyprep/internal/formats/fliraw"
	"ptyprep/internal/formats/mat5"
	"ptyprep/internal/formats/mda"
	"ptyprep/internal/formats/ptyd"
	"ptyprep/internal/formats/spec"
	"ptyprep/internal/formats/tiff"
	"ptyprep/internal/imgproc/pix"
	"ptyprep/internal/scan/problem"
)

// rawInspectors know the raw formats, each by the bytes that its files begin with.
func rawInspectors() []Inspector {
	of := func(format string, kind detect.Kind, inspect func(ctx context.Context, path string) (Report, error)) Inspector {
		return Inspector{
			Format: format,
			Matches: func(path string, _ []byte) bool {
				k, err := detect.File(path)
				return err == nil && k == kind
			},
			Inspect: func(ctx context.Context, path string, _ Options) (Report, error) {
				r, err := inspect(ctx, path)
				if err != nil && ctx.Err() == nil {
					err = rawProblem(err)
				}
				return r, err
			},
		}
	}
	return []Inspector{
		of("EDF (packed with gzip too)", detect.EDF, inspectEDF),
		of("gzip", detect.Gzip, inspectEDF),
		of("FLI raw", detect.FLI, inspectFLI),
		of("CBF", detect.CBF, inspectCBF),
		of("TIFF", detect.TIFF, inspectTIFF),
		of("MATLAB level 5", detect.MAT5, inspectMAT5),
		of("SPEC log", detect.SPEC, inspectSPEC),
		of("EPICS MDA", detect.MDA, inspectMDA),
	}
}

// rawProblem puts an error of a reader, which names the file, into a problem.
func rawProblem(err error) error {
	var p *problem.Error
	if errors.As(err, &p) {
		return err
	}
	p = problem.Inputf("%v", err)
	for _, truncated := range []error{edf.ErrTruncated, fliraw.ErrTruncated, cbf.ErrTruncated, tiff.ErrTruncated, mat5.ErrTruncated, mda.ErrTruncated} {
		if errors.Is(err, truncated) {
			return p.WithHint("the copy may be incomplete, or the file still be written: compare its size with the original")
		}
	}
	return p
}

// Images is what a file of detector images holds.
type Images struct {
	File     string   `json:"file"`
	Format   string   `json:"format"`
	Frames   []Image  `json:"frames"`
	Warnings []string `json:"warnings,omitempty"`
}

// Image is one frame: what it is, what its header says and what its pixels are like.
type Image struct {
	Type      string  `json:"type"` // of a pixel, e.g. uint16
	Rows      int     `json:"rows"`
	Cols      int     `json:"cols"`
	ByteOrder string  `json:"byte_order,omitempty"` // little or big endian
	Offset    *int64  `json:"offset,omitempty"`     // of the pixels in the (unpacked) file, bytes
	Pixels    *Pixels `json:"pixels,omitempty"`
	Problem   string  `json:"problem,omitempty"` // why the pixels cannot be read
	Header    []Entry `json:"header,omitempty"`
	Motors    []Named `json:"motors,omitempty"`
	Counters  []Named `json:"counters,omitempty"`
}

// Entry is one line of a header.
type Entry struct {
	Key   string `json:"key"`
	Value string `json:"value"`
}

// Named is a motor's or counter's name with its value.
type Named struct {
	Name  string  `json:"name"`
	Value float64 `json:"value"`
}

// Pixels sums up the finite pixels of an image.
type Pixels struct {
	Sum       ptyd.Number `json:"sum"` // null beyond the largest float64
	Min       float64     `json:"min"`
	Max       float64     `json:"max"`
	NonFinite int         `json:"non_finite,omitempty"` // NaN and infinite ones
}

// pixelsOf looks at all pixels; whole numbers are summed exactly as long as float64 can.
func pixelsOf(im *pix.Image) *Pixels {
	switch im.Type {
	case pix.Bool, pix.Uint8:
		return sumUp(pix.Pixels[uint8](im))
	case pix.Uint16:
		return sumUp(pix.Pixels[uint16](im))
	case pix.Uint32:
		return sumUp(pix.Pixels[uint32](im))
	case pix.Uint64:
		return sumUp(pix.Pixels[uint64](im))
	case pix.Int8:
		return sumUp(pix.Pixels[int8](im))
	case pix.Int16:
		return sumUp(pix.Pixels[int16](im))
	case pix.Int32:
		return sumUp(pix.Pixels[int32](im))
	case pix.Int64:
		return sumUp(pix.Pixels[int64](im))
	case pix.Float32:
		return sumUp(pix.Pixels[float32](im))
	case pix.Float64:
		return sumUp(pix.Pixels[float64](im))
	}
	return nil
}

func sumUp[T pix.Number](px []T) *Pixels {
	p := &Pixels{Min: math.Inf(1), Max: math.Inf(-1)}
	for _, v := range px {
		x := float64(v)
		if math.IsNaN(x) || math.IsInf(x, 0) {
			p.NonFinite++
			continue
		}
		p.Sum += ptyd.Number(x)
		p.Min, p.Max = min(p.Min, x), max(p.Max, x)
	}
	if p.NonFinite == len(px) {
		p.Min, p.Max = 0, 0
	}
	return p
}

// look fills in the pixels of an image that read gives, or why they cannot be read.
func (m *Image) look(read func(dst *pix.Image) error, scratch *pix.Image) {
	if err := read(scratch); err != nil {
		m.Problem = err.Error()
		return
	}
	m.Pixels = pixelsOf(scratch)
}

func endian(big bool) string {
	if big {
		return "big"
	}
	return "little"
}

func inspectEDF(ctx context.Context, path string) (Report, error) {
	f, err := edf.Open(path)
	if errors.Is(err, edf.ErrNotEDF) {
		return nil, problem.Inputf("%s: is packed with gzip, and what is in it is no EDF file", path).WithHint("unpack it and inspect that")
	}
	if err != nil {
		return nil, err
	}
	defer f.Close()
	r := &Images{File: path, Format: "EDF", Warnings: f.Warnings()}
	var scratch pix.Image
	for k, fr := range f.Frames {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		m := Image{Type: fr.Type.String(), Rows: fr.Rows, Cols: fr.Cols, ByteOrder: endian(fr.BigEndian), Offset: &f.Frames[k].Offset}
		for _, e := range fr.Header.Entries() {
			m.Header = append(m.Header, Entry{e.Key, e.Value})
		}
		m.Motors = named(fr.Motors())
		m.Counters = named(fr.Counters())
		m.look(func(dst *pix.Image) error { return f.Read(k, dst) }, &scratch)
		r.Frames = append(r.Frames, m)
	}
	return r, nil
}

// named leaves out values that JSON has no word for (the header has their text).
func named(list []edf.Named) []Named {
	var out []Named
	for _, n := range list {
		if !math.IsNaN(n.Value) && !math.IsInf(n.Value, 0) {
			out = append(out, Named(n))
		}
	}
	return out
}

func inspectFLI(_ context.Context, path string) (Report, error) {
	f, err := fliraw.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	m := Image{Type: pix.Uint16.String(), Rows: f.Rows, Cols: f.Cols, ByteOrder: endian(false), Offset: &f.Offset}
	for _, e := range f.Header.Fields() {
		m.Header = append(m.Header, Entry{e.Name, e.Value})
	}
	m.look(f.Read, new(pix.Image))
	return &Images{File: path, Format: "FLI raw", Frames: []Image{m}, Warnings: f.Warnings()}, nil
}

func inspectCBF(_ context.Context, path string) (Report, error) {
	f, err := cbf.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	m := Image{Type: f.Type.String(), Rows: f.Rows, Cols: f.Cols, ByteOrder: endian(false), Offset: &f.Offset}
	if f.Convention != "" {
		m.Header = append(m.Header, Entry{"header_convention", f.Convention})
	}
	for _, list := range [][]cbf.Entry{f.Detector, f.Section} {
		for _, e := range list {
			m.Header = append(m.Header, Entry{e.Key, e.Value})
		}
	}
	r := &Images{File: path, Format: "CBF", Frames: []Image{m}}
	r.Frames[0].look(f.Read, new(pix.Image))
	if !f.Checked() {
		r.Warnings = append(r.Warnings, "the header has no MD5 sum: damage to the pixels would not be noticed")
	}
	return r, nil
}

func inspectTIFF(ctx context.Context, path string) (Report, error) {
	f, err := tiff.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	r := &Images{File: path, Format: "TIFF", Warnings: f.Warnings()}
	var scratch pix.Image
	for k, fr := range f.Frames {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		m := Image{Type: fr.Type.String(), Rows: fr.Rows, Cols: fr.Cols}
		for _, e := range fr.Entries() {
			m.Header = append(m.Header, Entry{e.Key, e.Value})
		}
		if len(m.Header) == 0 && fr.Description != "" {
			m.Header = []Entry{{"ImageDescription", fr.Description}}
		}
		m.look(func(dst *pix.Image) error { return f.Read(k, dst) }, &scratch)
		r.Frames = append(r.Frames, m)
	}
	return r, nil
}

// WriteText writes each frame with its header.
func (r *Images) WriteText(w io.Writer) error {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %s, %s\n", r.File, r.Format, count(len(r.Frames), "frame"))
	for k, m := range r.Frames {
		fmt.Fprintf(&b, "frame %d: %d x %d %s", k, m.Rows, m.Cols, m.Type)
		if m.ByteOrder != "" && m.Type != "uint8" && m.Type != "int8" {
			fmt.Fprintf(&b, ", %s endian", m.ByteOrder)
		}
		if m.Offset != nil {
			fmt.Fprintf(&b, ", pixels from byte %d", *m.Offset)
		}
		b.WriteByte('\n')
		switch {
		case m.Problem != "":
			fmt.Fprintf(&b, "  pixels cannot be read: %s\n", m.Problem)
		case m.Pixels != nil:
			fmt.Fprintf(&b, "  sum %.15g, min %.15g, max %.15g", m.Pixels.Sum, m.Pixels.Min, m.Pixels.Max)
			if n := m.Pixels.NonFinite; n > 0 {
				fmt.Fprintf(&b, ", %d NaN or infinite", n)
			}
			b.WriteByte('\n')
		}
		writeEntries(&b, "  ", m.Header)
		writeNamed(&b, "  motors:", m.Motors)
		writeNamed(&b, "  counters:", m.Counters)
	}
	writeWarnings(&b, r.Warnings)
	_, err := io.WriteString(w, b.String())
	return err
}

func count(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

func writeEntries(b *strings.Builder, indent string, entries []Entry) {
	width := 0
	for _, e := range entries {
		width = max(width, min(len(e.Key), 32))
	}
	for _, e := range entries {
		fmt.Fprintf(b, "%s%-*s  %s\n", indent, width, e.Key, strings.ReplaceAll(e.Value, "\n", " "))
	}
}

func writeNamed(b *strings.Builder, title string, list []Named) {
	if len(list) == 0 {
		return
	}
	b.WriteString(title)
	for _, n := range list {
		fmt.Fprintf(b, " %s=%.15g", strings.ReplaceAll(n.Name, " ", "_"), n.Value)
	}
	b.WriteByte('\n')
}

func writeWarnings(b *strings.Builder, warnings []string) {
	for _, w := range warnings {
		fmt.Fprintf(b, "warning: %s\n", w)
	}
}

// ---- MATLAB

// Variables is what a MATLAB file holds.
type Variables struct {
	File      string     `json:"file"`
	Format    string     `json:"format"`
	Text      string     `json:"text"` // the description at its beginning
	Variables []Variable `json:"variables"`
}

// Variable is one of its variables.
type Variable struct {
	Name    string  `json:"name"`
	Class   string  `json:"class"` // MATLAB's name: double, uint8, logical, ...
	Dims    []int64 `json:"dims"`  // rows, columns, ...
	Complex bool    `json:"complex,omitempty"`
	Pixels  *Pixels `json:"pixels,omitempty"`
	Problem string  `json:"problem,omitempty"` // why it cannot be read
}

func inspectMAT5(ctx context.Context, path string) (Report, error) {
	f, err := mat5.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	r := &Variables{File: path, Format: "MATLAB level 5", Text: strings.TrimSpace(f.Text), Variables: []Variable{}}
	var scratch pix.Image
	for k := range f.Vars {
		v := &f.Vars[k]
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		m := Variable{Name: v.Name, Class: v.Class, Dims: v.Dims, Complex: v.Complex}
		if v.Type != pix.Invalid {
			if err := f.ReadVar(v, &scratch); err != nil {
				m.Problem = err.Error()
			} else {
				m.Pixels = pixelsOf(&scratch)
			}
		}
		r.Variables = append(r.Variables, m)
	}
	return r, nil
}

// WriteText writes one line for each variable.
func (r *Variables) WriteText(w io.Writer) error {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %s, %s\n", r.File, r.Format, count(len(r.Variables), "variable"))
	if r.Text != "" {
		fmt.Fprintf(&b, "  %s\n", r.Text)
	}
	for _, v := range r.Variables {
		dims := make([]string, len(v.Dims))
		for i, d := range v.Dims {
			dims[i] = fmt.Sprint(d)
		}
		fmt.Fprintf(&b, "  %s: %s %s", v.Name, strings.Join(dims, " x "), v.Class)
		if v.Complex {
			b.WriteString(", complex")
		}
		switch {
		case v.Problem != "":
			fmt.Fprintf(&b, ": %s", v.Problem)
		case v.Pixels != nil:
			fmt.Fprintf(&b, ", sum %.15g, min %.15g, max %.15g", v.Pixels.Sum, v.Pixels.Min, v.Pixels.Max)
		}
		b.WriteByte('\n')
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// ---- SPEC

// Log is what a SPEC log holds.
type Log struct {
	File     string   `json:"file"`
	Format   string   `json:"format"`
	Scans    []Scan   `json:"scans"`
	Warnings []string `json:"warnings,omitempty"`
}

// Scan is one scan of a log.
type Scan struct {
	Key      string   `json:"key"` // number.occurrence
	Command  string   `json:"command"`
	Date     string   `json:"date,omitempty"` // as written
	Line     int      `json:"line"`
	Points   int      `json:"points"`
	Columns  []Column `json:"columns"`
	Motors   []Named  `json:"motors,omitempty"`
	Spectra  int      `json:"spectra,omitempty"` // number of @ lines
	Aborted  bool     `json:"aborted,omitempty"`
	Growing  bool     `json:"growing,omitempty"` // the file ends in a line that is not whole
	Lacks    []string `json:"lacks,omitempty"`   // what it needs to be valid
	Warnings []string `json:"warnings,omitempty"`
}

// Column is one column of a scan's table; NaN and infinite numbers do not count.
type Column struct {
	Name string      `json:"name"`
	Min  float64     `json:"min"`
	Max  float64     `json:"max"`
	Sum  ptyd.Number `json:"sum"` // null beyond the largest float64
}

func inspectSPEC(ctx context.Context, path string) (Report, error) {
	l, err := spec.Open(path)
	if err != nil {
		return nil, err
	}
	r := &Log{File: path, Format: "SPEC", Scans: []Scan{}, Warnings: l.Warnings()}
	for _, s := range l.Scans() {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		r.Scans = append(r.Scans, scanOf(s))
	}
	return r, nil
}

func scanOf(s *spec.Scan) Scan {
	out := Scan{Key: s.String(), Command: s.Command, Date: s.DateText, Line: s.Line, Points: s.Points(), Columns: []Column{},
		Spectra: len(s.Spectra), Aborted: s.Aborted, Growing: s.Growing, Lacks: s.Lacks(), Warnings: s.Warnings()}
	for c, name := range s.Counters {
		column := make([]float64, s.Points())
		for i := range column {
			column[i] = s.Row(i)[c]
		}
		p := sumUp(column)
		if len(column) == 0 {
			p = &Pixels{}
		}
		out.Columns = append(out.Columns, Column{name, p.Min, p.Max, p.Sum})
	}
	motors, err := s.Motors()
	if err != nil {
		out.Warnings = append(out.Warnings, err.Error())
	}
	for _, m := range motors {
		if !math.IsNaN(m.Value) && !math.IsInf(m.Value, 0) {
			out.Motors = append(out.Motors, Named{m.Name, m.Value})
		}
	}
	return out
}

// WriteText writes a few lines for each scan.
func (r *Log) WriteText(w io.Writer) error {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %s, %s\n", r.File, r.Format, count(len(r.Scans), "scan"))
	for _, s := range r.Scans {
		fmt.Fprintf(&b, "scan %s: %s\n  line %d", s.Key, s.Command, s.Line)
		if s.Date != "" {
			fmt.Fprintf(&b, ", %s", s.Date)
		}
		fmt.Fprintf(&b, ", %s", count(s.Points, "point"))
		if s.Spectra > 0 {
			fmt.Fprintf(&b, ", %d spectra", s.Spectra)
		}
		for _, state := range []struct {
			is   bool
			what string
		}{{s.Aborted, "aborted"}, {s.Growing, "growing: its last line is not whole"}, {len(s.Lacks) > 0, "without " + strings.Join(s.Lacks, ", ")}} {
			if state.is {
				b.WriteString(", " + state.what)
			}
		}
		b.WriteByte('\n')
		for _, c := range s.Columns {
			if s.Points > 0 {
				fmt.Fprintf(&b, "    %-20s %.8g to %.8g\n", c.Name, c.Min, c.Max)
			} else {
				fmt.Fprintf(&b, "    %s\n", c.Name)
			}
		}
		writeNamed(&b, "  motors:", s.Motors)
		for _, w := range s.Warnings {
			fmt.Fprintf(&b, "  warning: %s\n", w)
		}
	}
	writeWarnings(&b, r.Warnings)
	_, err := io.WriteString(w, b.String())
	return err
}

// ---- MDA

// ScanFile is what an MDA file holds.
type ScanFile struct {
	File     string      `json:"file"`
	Format   string      `json:"format"`
	Version  float64     `json:"version"`
	Number   int         `json:"number"` // of the scan
	Dims     []int       `json:"dims"`   // points of each dimension, the outermost first
	Levels   []ScanLevel `json:"levels"` // the outermost scan, then the first one within it, ...
	Warnings []string    `json:"warnings,omitempty"`
}

// ScanLevel is one dimension of it: for the inner ones, over all scans of that dimension.
type ScanLevel struct {
	Name        string      `json:"name"`
	Time        string      `json:"time"`
	Points      int         `json:"points"` // that were made
	Positioners []ScanValue `json:"positioners"`
	Detectors   []ScanValue `json:"detectors"`
}

// ScanValue is what was set or read; NaN and infinite numbers do not count.
type ScanValue struct {
	Name        string  `json:"name"`
	Description string  `json:"description,omitempty"`
	Unit        string  `json:"unit,omitempty"`
	Min         float64 `json:"min"`
	Max         float64 `json:"max"`
}

func inspectMDA(_ context.Context, path string) (Report, error) {
	f, err := mda.Open(path)
	if err != nil {
		return nil, err
	}
	r := &ScanFile{File: path, Format: "MDA", Version: math.Round(float64(f.Version)*10) / 10, Number: f.Number, Dims: f.Dims, Warnings: f.Warnings}
	for level := []*mda.Scan{f.Scan}; len(level) > 0; {
		r.Levels = append(r.Levels, levelOf(level))
		var inner []*mda.Scan
		for _, s := range level {
			inner = append(inner, s.Inner...)
		}
		level = inner
	}
	return r, nil
}

// levelOf sums up all scans of one dimension, which set and read the same things.
func levelOf(scans []*mda.Scan) ScanLevel {
	first := scans[0]
	l := ScanLevel{Name: first.Name, Time: first.Time, Positioners: []ScanValue{}, Detectors: []ScanValue{}}
	for _, s := range scans {
		l.Points += s.Done
	}
	for i, p := range first.Positioners {
		var all []float64
		for _, s := range scans {
			if i < len(s.Positioners) {
				all = append(all, s.Positioners[i].Values...)
			}
		}
		m := sumUp(all)
		l.Positioners = append(l.Positioners, ScanValue{p.Name, p.Description, p.Unit, m.Min, m.Max})
	}
	for i, d := range first.Detectors {
		var all []float32
		for _, s := range scans {
			if i < len(s.Detectors) {
				all = append(all, s.Detectors[i].Values...)
			}
		}
		m := sumUp(all)
		l.Detectors = append(l.Detectors, ScanValue{d.Name, d.Description, d.Unit, m.Min, m.Max})
	}
	return l
}

// WriteText writes each dimension with what was set and read.
func (r *ScanFile) WriteText(w io.Writer) error {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: MDA %.1f, scan %d, %s points\n", r.File, r.Version, r.Number, times(r.Dims))
	for i, l := range r.Levels {
		fmt.Fprintf(&b, "dimension %d: %s, %s, %s\n", i, l.Name, l.Time, count(l.Points, "point"))
		for _, list := range [][]ScanValue{l.Positioners, l.Detectors} {
			for _, v := range list {
				fmt.Fprintf(&b, "    %-30s %.8g to %.8g", v.Name, v.Min, v.Max)
				if v.Unit != "" {
					b.WriteString(" " + v.Unit)
				}
				if v.Description != "" {
					fmt.Fprintf(&b, "  (%s)", v.Description)
				}
				b.WriteByte('\n')
			}
		}
	}
	writeWarnings(&b, r.Warnings)
	_, err := io.WriteString(w, b.String())
	return err
}
