package mda

import (
	"bytes"
	"encoding/binary"
	"errors"
	"math"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"ptyprep/internal/formats/formattest"
)

// writer makes MDA files as saveData does.
type writer struct{ bytes.Buffer }

func (w *writer) int(v ...int) {
	for _, x := range v {
		_ = binary.Write(w, binary.BigEndian, int32(x))
	}
}

func (w *writer) float(v ...float32)  { _ = binary.Write(w, binary.BigEndian, v) }
func (w *writer) double(v ...float64) { _ = binary.Write(w, binary.BigEndian, v) }

func (w *writer) text(t ...string) {
	for _, s := range t {
		w.int(len(s))
		if s != "" {
			w.int(len(s))
			w.WriteString(s + strings.Repeat("\x00", (4-len(s)%4)%4))
		}
	}
}

// line writes a scan of rank 1 over x with one detector; done of its 3 points were made.
func (w *writer) line(done int, x, counts float64) {
	w.int(1, 3, done)
	w.text("id:scan1", "AUG 02, 2017 16:44:54")
	w.int(1, 1, 1)
	w.int(0)
	w.text("id:m2.VAL", "x", "LINEAR", "mm", "id:m2.RBV", "x", "mm")
	w.int(0)
	w.text("id:det", "", "counts")
	w.int(0)
	w.text("id:shutter.PROC")
	w.float(1)
	w.double(x, x+1, x+2)
	w.float(float32(counts), float32(counts)+1, float32(counts)+2)
}

// mesh is a scan of 2 x 3 points with the outer motor at -5 and -4.
func mesh() []byte {
	var w, a, b writer
	a.line(3, 10, 100)
	b.line(3, 20, 200)
	w.float(1.3)
	w.int(6, 2, 2, 3, 1, 0) // scan 6, two dimensions of 2 and 3, regular, no extra PVs
	w.int(2, 2, 2)
	at := w.Len()
	w.int(0, 0)
	w.text("id:scan2", "")
	w.int(1, 0, 0)
	w.int(0)
	w.text("id:m3.VAL", "z", "LINEAR", "mm", "", "", "")
	w.double(-5, -4)
	out := w.Bytes()
	binary.BigEndian.PutUint32(out[at:], uint32(len(out)))
	binary.BigEndian.PutUint32(out[at+4:], uint32(len(out)+a.Len()))
	return slices.Concat(out, a.Bytes(), b.Bytes())
}

func TestMesh(t *testing.T) {
	b := mesh()
	f, err := Parse(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		t.Fatal(err)
	}
	if f.Version != 1.3 || f.Number != 6 || !slices.Equal(f.Dims, []int{2, 3}) || !f.Regular || len(f.Warnings) > 0 {
		t.Errorf("%+v", f)
	}
	s := f.Scan
	if s.Name != "id:scan2" || s.Positioners[0].Description != "z" || !slices.Equal(s.Positioners[0].Values, []float64{-5, -4}) {
		t.Errorf("%+v", s)
	}
	in := s.Inner[1]
	if in.Time != "AUG 02, 2017 16:44:54" || in.Positioners[0].ReadbackName != "id:m2.RBV" || in.Detectors[0].Unit != "counts" || in.Triggers[0] != (Trigger{"id:shutter.PROC", 1}) {
		t.Errorf("%+v", in)
	}
	for name, want := range map[string][]float64{"id:m2.VAL": {10, 11, 12, 20, 21, 22}, "id:det": {100, 101, 102, 200, 201, 202}} {
		if got, err := s.Column(name); err != nil || !slices.Equal(got, want) {
			t.Errorf("%s: %v %v, expected %v", name, got, err, want)
		}
	}
	if _, err := s.Column("id:m4.VAL"); err == nil || !strings.Contains(err.Error(), "id:m2.VAL, id:det") {
		t.Errorf("%v", err)
	}
}

// A scan that was stopped gives the points that were made, and says so.
func TestStopped(t *testing.T) {
	var w writer
	w.float(1.4)
	w.int(7, 1, 3, 1, 0)
	w.line(2, 1, 5)
	f, err := parse(w.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	if got := f.Scan.Detectors[0].Values; !slices.Equal(got, []float32{5, 6}) || len(f.Warnings) != 1 {
		t.Errorf("%v, %v", got, f.Warnings)
	}
}

// manyPositioners says that there are n and holds the empty texts of nearly that many.
func manyPositioners(n, held int) []byte {
	var w writer
	w.float(1.3)
	w.int(1, 1, 1, 1, 0)
	w.int(1, 1, 1, 0, 0)
	w.int(n, 0, 0)
	return append(w.Bytes(), make([]byte, held*32-1)...)
}

// A file cut anywhere is an error, and so are numbers that cannot be.
func TestDamage(t *testing.T) {
	whole := mesh()
	for n := range whole {
		if _, err := parse(whole[:n]); err == nil {
			t.Fatalf("the first %d of %d bytes are read without an error", n, len(whole))
		} else if n > 4 && !errors.Is(err, ErrTruncated) && !strings.Contains(err.Error(), "do not fit") && !strings.Contains(err.Error(), "lies at") {
			t.Errorf("%d bytes: %v", n, err)
		}
	}
	change := func(at, v int) []byte {
		b := slices.Clone(whole)
		binary.BigEndian.PutUint32(b[at:], uint32(v))
		return b
	}
	for word, b := range map[string][]byte{
		"not an MDA file": []byte("%PDF-1.4"), "dimensions": change(8, 99), "says rank 1": change(28, 1), "points": change(32, math.MaxInt32),
		"3 of 2 points": change(36, 3), "lies at byte": change(40, -8),
		"200 positioners do not fit": manyPositioners(200, 99),
	} {
		if _, err := parse(b); err == nil || !strings.Contains(err.Error(), word) {
			t.Errorf("%s: %v", word, err)
		}
	}
	if _, err := Open(filepath.Join(t.TempDir(), "no.mda")); err == nil {
		t.Error("a missing file is no error")
	}
}

// Offsets that lead back to the first inner scan do not make the reader go round.
func TestOffsetsTwice(t *testing.T) {
	b := mesh()
	copy(b[44:48], b[40:44]) // the second inner scan is the first one again: allowed once
	if _, err := parse(b); err != nil {
		t.Fatal(err)
	}
	for _, s := range []int{40, 44} {
		binary.BigEndian.PutUint32(b[s:], 28) // the outer scan itself
	}
	if _, err := parse(b); err == nil {
		t.Error("a scan that holds itself is read")
	}
}

func TestRealFiles(t *testing.T) {
	real := formattest.Shared(t, "real/mda/mdaviz")
	if real == "" {
		return
	}
	for name, want := range map[string]struct {
		version float32
		number  int
		dims    []int
		unit    string
	}{"mda_0001.mda": {1.3, 1, []int{25}, "mm"}, "mda_0006.mda": {1.3, 6, []int{16, 5}, "mm"}, "Kappa_0004.mda": {1.4, 4, []int{51}, "um"}} {
		f, err := Open(filepath.Join(real, name))
		if err != nil {
			t.Error(err)
			continue
		}
		s := f.Scan
		if f.Version != want.version || f.Number != want.number || !slices.Equal(f.Dims, want.dims) || s.Done != want.dims[0] || s.Positioners[0].Unit != want.unit {
			t.Errorf("%s: %v %v %v, %+v", name, f.Version, f.Number, f.Dims, s.Positioners[0])
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add(mesh())
	var w writer
	w.float(1.4)
	w.int(7, 1, 3, 1, 0)
	w.line(2, 1, 5)
	f.Add(w.Bytes())
	f.Fuzz(func(t *testing.T, b []byte) {
		m, err := parse(b)
		if err != nil {
			return
		}
		total := 0
		var walk func(s *Scan)
		walk = func(s *Scan) {
			for _, p := range s.Positioners {
				if len(p.Values) != s.Done {
					t.Fatalf("%d values for %d points", len(p.Values), s.Done)
				}
				total += 8 * len(p.Values)
			}
			for _, in := range s.Inner {
				walk(in)
			}
		}
		walk(m.Scan)
		if total > len(b) {
			t.Fatalf("%d bytes of values from a file of %d", total, len(b))
		}
	})
}
