// Package mda reads the scan files of EPICS's saveData (MDA): positions and counters of scans of
// one or more dimensions, as many beamlines of the APS note them. Files hold no detector frames.
//
// Open parses the whole file into a tree: a scan of rank 2 has a Scan of rank 1 for each of its
// points. The layout, and what is refused, stand in docs/formats/mda.md.
package mda

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"ptyprep/internal/formats/rawfile"
)

// ErrNotMDA is wrapped when the file does not begin as MDA files do.
var ErrNotMDA = errors.New("not an MDA file")

// ErrTruncated is wrapped by every error about a file that ends before its contents do.
var ErrTruncated = errors.New("the file ends too early")

// MaxBytes is the size above which a file is refused: it is read whole.
const MaxBytes = 1 << 30

// File is a parsed MDA file.
type File struct {
	Version float32 // 1.2 to 1.4
	Number  int     // of the scan
	Dims    []int   // points of each dimension as planned, the outermost first
	Regular bool    // all scans of a dimension have the same number of points
	Scan    *Scan
	// Warnings tells what was odd and how it was understood.
	Warnings []string
}

// Scan is one scan of a file: the outermost one, or the one made at a point of it.
type Scan struct {
	Name, Time  string
	Rank        int // 1: it holds no scans
	Planned     int // points that were asked for
	Done        int // points that were made; the data behind them is not given
	Positioners []Positioner
	Detectors   []Detector
	Triggers    []Trigger
	Inner       []*Scan // of rank Rank-1, one for each point made; nil for rank 1
}

// Positioner is a motor (or another PV that was set) with its values at the points.
type Positioner struct {
	Name, Description, StepMode, Unit               string
	ReadbackName, ReadbackDescription, ReadbackUnit string
	Values                                          []float64
}

// Detector is a counter (or another PV that was read) with its values at the points.
type Detector struct {
	Name, Description, Unit string
	Values                  []float32
}

// Trigger is a PV that starts a measurement, and what is written to it.
type Trigger struct {
	Name    string
	Command float32
}

// Open parses the file at path; errors name it.
func Open(path string) (*File, error) {
	m, handle, err := rawfile.Open("mda", path, Parse)
	if err != nil {
		return nil, err
	}
	return m, handle.Close() // everything was read
}

// Parse parses the file in the first size bytes of r, which is not needed afterwards.
func Parse(r io.ReaderAt, size int64) (*File, error) {
	if size > MaxBytes {
		return nil, fmt.Errorf("mda: %d bytes are more than the %d that are read", size, MaxBytes)
	}
	b := make([]byte, size)
	if n, err := r.ReadAt(b, 0); n < len(b) {
		return nil, fmt.Errorf("mda: %w", err)
	}
	return parse(b)
}

func parse(b []byte) (*File, error) {
	if !isMDA(b) {
		return nil, fmt.Errorf("mda: %w: it begins with % x, expected the number 1.2, 1.3 or 1.4 as a big-endian float", ErrNotMDA, b[:min(4, len(b))])
	}
	c := &cursor{b: b}
	f := &File{Version: c.float(), Number: c.int()}
	rank := c.int()
	if rank < 1 || rank > maxRank {
		return nil, c.fail("the scan has %d dimensions, expected 1 to %d", rank, maxRank)
	}
	for range rank {
		f.Dims = append(f.Dims, c.int())
	}
	f.Regular = c.int() != 0
	c.int() // where the extra PVs lie
	s, err := c.scan(rank)
	if err != nil {
		return nil, err
	}
	f.Scan = s
	if s.Done < s.Planned {
		f.Warnings = append(f.Warnings, fmt.Sprintf("%d of %d points were made", s.Done, s.Planned))
	}
	return f, nil
}

func isMDA(head []byte) bool {
	if len(head) < 4 {
		return false
	}
	switch string(head[:4]) {
	case "\x3f\x99\x99\x9a", "\x3f\xa6\x66\x66", "\x3f\xb3\x33\x33": // 1.2, 1.3, 1.4
		return true
	}
	return false
}

// Column gives the values of a positioner or detector by its name, over all points of the scans of
// rank 1 below s, the outermost dimension the slowest. The error lists the names there are.
func (s *Scan) Column(name string) ([]float64, error) {
	if s.Rank > 1 {
		var out []float64
		for _, in := range s.Inner {
			v, err := in.Column(name)
			if err != nil {
				return nil, err
			}
			out = append(out, v...)
		}
		return out, nil
	}
	var names []string
	for _, p := range s.Positioners {
		if p.Name == name {
			return p.Values, nil
		}
		names = append(names, p.Name)
	}
	for _, d := range s.Detectors {
		if d.Name == name {
			out := make([]float64, len(d.Values))
			for i, v := range d.Values {
				out[i] = float64(v)
			}
			return out, nil
		}
		names = append(names, d.Name)
	}
	return nil, fmt.Errorf("mda: scan %s has no column %q; there are: %s", s.Name, name, strings.Join(names, ", "))
}
