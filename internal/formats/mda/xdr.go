package mda

import (
	"encoding/binary"
	"fmt"
	"math"
)

const (
	maxRank = 8
	maxText = 4096
)

// cursor reads XDR: big-endian numbers of 4 and 8 bytes, texts padded to 4. After the first error
// all reads give zeros.
type cursor struct {
	b    []byte
	at   int
	read int // bytes so far: a whole file is read once, one whose offsets lead back to itself for ever
	err  error
}

func (c *cursor) fail(format string, args ...any) error {
	if c.err == nil {
		c.err = fmt.Errorf("mda: "+format, args...)
	}
	return c.err
}

// take gives the next n bytes, nil behind the end.
func (c *cursor) take(n int) []byte {
	if c.err != nil || n < 0 || n > len(c.b)-c.at {
		_ = c.fail("%w: %d bytes are needed at byte %d, the file has %d", ErrTruncated, n, c.at, len(c.b))
		return nil
	}
	if c.read += n; c.read > len(c.b) {
		_ = c.fail("the offsets of scans lead back to scans that were read already")
		return nil
	}
	out := c.b[c.at : c.at+n]
	c.at += n
	return out
}

func (c *cursor) int() int {
	b := c.take(4)
	if b == nil {
		return 0
	}
	return int(int32(binary.BigEndian.Uint32(b)))
}

func (c *cursor) float() float32 { return math.Float32frombits(uint32(c.int())) }

// text is a counted string: its length and, unless that is 0, an XDR string, which says its length
// again.
func (c *cursor) text() string {
	if n := c.int(); n == 0 || c.err != nil {
		return ""
	}
	n := c.int()
	if n < 0 || n > maxText {
		_ = c.fail("a text at byte %d has %d bytes, expected at most %d", c.at-4, n, maxText)
		return ""
	}
	b := c.take((n + 3) &^ 3)
	if b == nil {
		return ""
	}
	return string(b[:n])
}

// count reads a number of things that take at least size bytes each in the file.
func (c *cursor) count(what string, size int) int {
	n := c.int()
	if c.err == nil && (n < 0 || n > (len(c.b)-c.at)/size+1) {
		_ = c.fail("%d %s do not fit the %d bytes behind byte %d", n, what, len(c.b)-c.at, c.at)
	}
	if c.err != nil {
		return 0
	}
	return n
}

// scan reads the scan at the cursor and those that it points to.
func (c *cursor) scan(rank int) (*Scan, error) {
	s := &Scan{Rank: rank}
	if got := c.int(); got != rank && c.err == nil {
		return nil, c.fail("a scan at byte %d says rank %d, expected %d", c.at-4, got, rank)
	}
	s.Planned = c.count("points", 1)
	s.Done = c.int()
	if c.err == nil && (s.Done < 0 || s.Done > s.Planned) {
		return nil, c.fail("%d of %d points were made", s.Done, s.Planned)
	}
	var inner []int
	if rank > 1 {
		for range s.Planned {
			if c.err != nil {
				return nil, c.err
			}
			inner = append(inner, c.int())
		}
	}
	s.Name, s.Time = c.text(), c.text()
	c.columns(s)
	if c.err != nil {
		return nil, c.err
	}
	if rank == 1 {
		return s, nil
	}
	for i, at := range inner[:s.Done] {
		if at <= 0 || at >= len(c.b) {
			return nil, c.fail("scan %d of %s lies at byte %d of %d", i, s.Name, at, len(c.b))
		}
		c.at = at
		in, err := c.scan(rank - 1)
		if err != nil {
			return nil, err
		}
		s.Inner = append(s.Inner, in)
	}
	return s, nil
}

// columns reads what was set, read and triggered, and the values: those of all planned points are
// in the file, those of points made are kept.
func (c *cursor) columns(s *Scan) {
	// Each of their texts takes 4 bytes at least.
	np, nd, nt := c.count("positioners", 4+7*4), c.count("detectors", 4+3*4), c.count("triggers", 4+4+4)
	for range np {
		c.int() // its number in the scan record
		s.Positioners = append(s.Positioners, Positioner{
			Name: c.text(), Description: c.text(), StepMode: c.text(), Unit: c.text(),
			ReadbackName: c.text(), ReadbackDescription: c.text(), ReadbackUnit: c.text(),
		})
	}
	for range nd {
		c.int()
		s.Detectors = append(s.Detectors, Detector{Name: c.text(), Description: c.text(), Unit: c.text()})
	}
	for range nt {
		c.int()
		s.Triggers = append(s.Triggers, Trigger{Name: c.text(), Command: c.float()})
	}
	for i := range s.Positioners {
		b := c.take(8 * s.Planned)
		if b == nil {
			return
		}
		v := make([]float64, s.Done)
		for k := range v {
			v[k] = math.Float64frombits(binary.BigEndian.Uint64(b[8*k:]))
		}
		s.Positioners[i].Values = v
	}
	for i := range s.Detectors {
		b := c.take(4 * s.Planned)
		if b == nil {
			return
		}
		v := make([]float32, s.Done)
		for k := range v {
			v[k] = math.Float32frombits(binary.BigEndian.Uint32(b[4*k:]))
		}
		s.Detectors[i].Values = v
	}
}
