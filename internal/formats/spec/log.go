package spec

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"time"
)

// ErrNotSPEC is wrapped when a file holds neither a file header nor a scan.
var ErrNotSPEC = errors.New("not a SPEC file")

// ErrNoScan is wrapped when a log does not hold the scan that was asked for.
var ErrNoScan = errors.New("no such scan")

// Log is a parsed SPEC file. Reading it from several goroutines is safe; Refresh is not
// safe beside anything else. Scans are never changed: Refresh replaces what has changed.
type Log struct {
	path     string
	scans    []*Scan
	byNumber map[int64][]*Scan
	warnings notes
	size     int64
	mark     mark
}

// mark is the state of parsing in front of the last #S line, from where Refresh goes on.
type mark struct {
	set      bool
	offset   int64
	line     int
	text     string // the #S line, to see that it is still the same file
	header   *Header
	warnings notes

	names, mnemonics *lineList
}

// Header is a file header: what stands behind an #F line and in front of the scans.
type Header struct {
	Name     string    // of #F
	EpochS   int64     // of #E, seconds since 1970; Epoch columns may count from it
	Date     time.Time // of #D, wall time (kept as UTC); zero when absent or not understood
	Comments []string
}

// Open parses the log at path; errors name it.
func Open(path string) (*Log, error) {
	l := &Log{path: path}
	if _, err := l.Refresh(); err != nil {
		return nil, err
	}
	return l, nil
}

// Parse parses the log in the first size bytes of r, which is not needed afterwards.
func Parse(r io.ReaderAt, size int64) (*Log, error) {
	l := new(Log)
	if _, err := l.RefreshFrom(r, size); err != nil {
		return nil, err
	}
	return l, nil
}

// Refresh reads what was written to the file of Open since then, and tells whether there
// was anything. It goes on from the last scan: that one is parsed again (and replaced in
// Scans), all earlier ones stay the same objects. A file that became shorter, or whose last
// scan line has changed, is another file and is parsed from the start. After an error the
// log is as it was before.
func (l *Log) Refresh() (changed bool, err error) {
	if l.path == "" {
		return false, errors.New("spec: the log was not opened by its path: use RefreshFrom")
	}
	file, err := os.Open(l.path)
	if err != nil {
		return false, fmt.Errorf("spec: %w", err)
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return false, fmt.Errorf("spec: %w", err)
	}
	if changed, err = l.RefreshFrom(file, info.Size()); err != nil {
		return false, fmt.Errorf("%s: %w", l.path, err)
	}
	return changed, nil
}

// RefreshFrom is Refresh for a log that is now the first size bytes of r.
func (l *Log) RefreshFrom(r io.ReaderAt, size int64) (changed bool, err error) {
	if size <= 0 {
		return false, fmt.Errorf("spec: %w: the file is empty (0 bytes)", ErrNotSPEC)
	}
	from := l.mark
	if !from.set || size < l.size || !from.sameAs(r) {
		from = mark{}
	} else if size == l.size {
		return false, nil
	}
	text := make([]byte, size-from.offset)
	if n, err := r.ReadAt(text, from.offset); n < len(text) {
		return false, fmt.Errorf("spec: the log could not be read: %w", err)
	}
	p := newParser(l, from)
	p.parse(text)
	if !p.isSPEC {
		return false, fmt.Errorf("spec: %w: there is no #F, #E or #S line, it begins with %q", ErrNotSPEC, text[:min(16, len(text))])
	}
	p.log.path, p.log.size = l.path, size
	*l = *p.log
	return true, nil
}

// sameAs reports whether the scan line of the mark still stands where it stood.
func (m mark) sameAs(r io.ReaderAt) bool {
	b := make([]byte, len(m.text))
	n, _ := r.ReadAt(b, m.offset)
	return n == len(b) && string(b) == m.text
}

// Scans lists all scans in file order, those of the same number and those without data
// included.
func (l *Log) Scans() []*Scan { return l.scans }

// Warnings tells what was odd outside of the scans; each scan has its own.
func (l *Log) Warnings() []string { return l.warnings.list() }

// Scan finds a scan: "74" is the last one of that number, "74.1" the first one.
func (l *Log) Scan(key string) (*Scan, error) {
	number, occurrence, both := strings.Cut(strings.TrimSpace(key), ".")
	n, err := strconv.ParseInt(number, 10, 64)
	if err != nil {
		return nil, fmt.Errorf("spec: %q is no scan: expected a number, or number.occurrence", key)
	}
	if !both {
		return l.ByNumber(n)
	}
	k, err := strconv.Atoi(occurrence)
	if err != nil || k < 1 {
		return nil, fmt.Errorf("spec: %q is no scan: the occurrence behind the point counts from 1", key)
	}
	if _, err := l.ByNumber(n); err != nil {
		return nil, err
	}
	if all := l.byNumber[n]; k <= len(all) {
		return all[k-1], nil
	}
	return nil, fmt.Errorf("spec: %w %d.%d: scan %d occurs %d times", ErrNoScan, n, k, n, len(l.byNumber[n]))
}

// ByNumber finds the last scan of a number. The error lists the numbers there are.
func (l *Log) ByNumber(n int64) (*Scan, error) {
	all := l.byNumber[n]
	if len(all) == 0 {
		return nil, fmt.Errorf("spec: %w: scan %d is not in the log; there are: %s", ErrNoScan, n, l.numbers())
	}
	return all[len(all)-1], nil
}

// numbers tells which scans there are, as ranges in file order.
func (l *Log) numbers() string {
	var parts []string
	for i := 0; i < len(l.scans) && len(parts) < 40; {
		s := l.scans[i]
		if !s.Numbered {
			i++
			continue
		}
		j := i + 1
		for j < len(l.scans) && l.scans[j].Numbered && l.scans[j].Number == l.scans[j-1].Number+1 {
			j++
		}
		if j == i+1 {
			parts = append(parts, fmt.Sprint(s.Number))
		} else {
			parts = append(parts, fmt.Sprintf("%d-%d", s.Number, l.scans[j-1].Number))
		}
		if i = j; len(parts) == 40 {
			parts = append(parts, "...")
		}
	}
	if len(parts) == 0 {
		return "none"
	}
	return strings.Join(parts, ", ")
}

// notes is a bounded list of warnings.
type notes struct {
	first []string
	more  int
}

func (n *notes) add(format string, args ...any) {
	if len(n.first) < 10 {
		// The cap makes copies of a notes value independent of each other.
		n.first = append(n.first[:len(n.first):len(n.first)], fmt.Sprintf(format, args...))
		return
	}
	n.more++
}

func (n notes) list() []string {
	if n.more == 0 {
		return n.first
	}
	return append(n.first[:len(n.first):len(n.first)], fmt.Sprintf("and %d more of that kind", n.more))
}
