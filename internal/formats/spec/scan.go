package spec

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"
)

// Scan is one scan of a log. Its table has Points() rows of len(Counters) numbers.
type Scan struct {
	// Number is the number behind #S. Text is what stands there; when that is no whole
	// number, Numbered is false and the scan can be found in Log.Scans only.
	Number   int64
	Numbered bool
	Text     string
	// Occurrence counts the scans of this number in file order, from 1.
	Occurrence int
	Command    string // without blanks around it, may be empty
	Line       int    // of #S in the file, from 1
	Offset     int64  // of #S in the file, in bytes

	Date     time.Time // of #D, wall time (kept as UTC); zero when absent or not understood
	DateText string    // of #D as written

	// Aborted: a comment of the scan holds the word "aborted". Its data lines are good.
	Aborted bool
	// Growing: the file ends within this scan, in a line that is not whole.
	Growing bool
	// Last: no scan follows in the log (as far as it was parsed).
	Last bool

	Counters  []string // column names in order
	Comments  []string // of #C
	CountTime string   // of #T, e.g. "1  (Seconds)"
	Monitor   string   // of #M, e.g. "1000  (mon)"
	Spectra   []Spectrum
	Header    *Header // the file header in force, never nil

	warnings  notes
	values    []float64 // row-major
	columns   int       // of the table; differs from len(Counters) only with labelErr
	labelErr  error     // why Counters cannot be trusted
	hasLabels bool
	names     *lineList // #O lines in force
	mnemonics *lineList // #o lines in force
	positions *lineList // #P lines
}

// Motor is a motor's name and its position at the beginning of the scan.
type Motor struct {
	Name  string
	Value float64
}

// Spectrum is an @ line of a scan (an MCA spectrum): where it lies in the file.
type Spectrum struct {
	Name           string // "A" for @A
	After          int    // how many data lines of the scan stand in front of it
	Offset, Length int64  // of the lines, the @ included
}

// Read gives the numbers of the spectrum from the file it was found in.
func (s Spectrum) Read(file io.ReaderAt) ([]float64, error) {
	b := make([]byte, s.Length)
	if n, err := file.ReadAt(b, s.Offset); n < len(b) {
		return nil, fmt.Errorf("spec: spectrum @%s at byte %d: %w", s.Name, s.Offset, err)
	}
	text := strings.TrimPrefix(string(b), "@"+s.Name)
	var out []float64
	for _, word := range strings.Fields(strings.ReplaceAll(text, "\\", " ")) {
		v, ok := parseFloat(word)
		if !ok {
			return nil, fmt.Errorf("spec: spectrum @%s at byte %d holds %q, expected numbers", s.Name, s.Offset, word)
		}
		out = append(out, v)
	}
	return out, nil
}

// String is the scan's key in its log: "74.1".
func (s *Scan) String() string { return fmt.Sprintf("%s.%d", s.Text, s.Occurrence) }

// Points is the number of data lines.
func (s *Scan) Points() int {
	if s.columns == 0 {
		return 0
	}
	return len(s.values) / s.columns
}

// Row gives data line i (from 0); the slice must not be changed.
func (s *Scan) Row(i int) []float64 { return s.values[i*s.columns : (i+1)*s.columns] }

// Column gives the numbers of a column, one for each data line; of columns with the same
// name the last one. The error lists the columns there are.
func (s *Scan) Column(name string) ([]float64, error) {
	switch {
	case s.labelErr != nil:
		return nil, fmt.Errorf("spec: scan %s: no column %q: %w", s.Text, name, s.labelErr)
	case !s.hasLabels:
		return nil, fmt.Errorf("spec: scan %s: no column %q: the scan has no #L line", s.Text, name)
	}
	at := lastIndex(s.Counters, name)
	if at < 0 {
		return nil, fmt.Errorf("spec: scan %s has no column %q; there are: %s", s.Text, name, strings.Join(s.Counters, ", "))
	}
	out := make([]float64, s.Points())
	for i := range out {
		out[i] = s.values[i*s.columns+at]
	}
	return out, nil
}

// Motors lists the motors in force with their positions. It is an error when the numbers of
// names and positions cannot be brought together, or when a position is no number.
func (s *Scan) Motors() ([]Motor, error) {
	names, words, err := s.motorWords()
	if err != nil {
		return nil, fmt.Errorf("spec: scan %s: %w", s.Text, err)
	}
	out := make([]Motor, len(names))
	for i, w := range words {
		v, ok := parseFloat(w)
		if !ok {
			return nil, fmt.Errorf("spec: scan %s: the position of motor %q is %q, expected a number", s.Text, names[i], w)
		}
		out[i] = Motor{names[i], v}
	}
	return out, nil
}

// Motor gives the position of a motor at the beginning of the scan, by its name (#O) or its
// mnemonic (#o). The error lists the motors there are.
func (s *Scan) Motor(name string) (float64, error) {
	names, words, err := s.motorWords()
	if err != nil {
		return 0, fmt.Errorf("spec: scan %s: no motor %q: %w", s.Text, name, err)
	}
	at := lastIndex(names, name)
	if mnemonics := s.mnemonics.words(); at < 0 && len(mnemonics) == len(words) {
		at = lastIndex(mnemonics, name)
	}
	if at < 0 {
		return 0, fmt.Errorf("spec: scan %s has no motor %q; there are: %s", s.Text, name, strings.Join(names, ", "))
	}
	v, ok := parseFloat(words[at])
	if !ok {
		return 0, fmt.Errorf("spec: scan %s: the position of motor %q is %q, expected a number", s.Text, name, words[at])
	}
	return v, nil
}

// motorWords brings the names of the #O lines and the words of the #P lines together; both
// are judged over all their lines.
func (s *Scan) motorWords() (names, words []string, err error) {
	if s.names == nil {
		return nil, nil, fmt.Errorf("there are no motor names (#O lines)")
	}
	words = s.positions.words()
	if len(words) == 0 {
		return nil, nil, fmt.Errorf("there are no motor positions (#P lines)")
	}
	wide, single := s.names.wide(), s.names.words()
	switch len(words) {
	case len(wide):
		return wide, words, nil
	case len(single):
		return single, words, nil
	}
	return nil, nil, fmt.Errorf("the #O lines give %d motor names split at two or more blanks, %d split at any, and the #P lines hold %d positions", len(wide), len(single), len(words))
}

// Lacks says what a scan needs to be valid and does not have: "date", "motors", "labels",
// "data", in this order.
func (s *Scan) Lacks() []string {
	var out []string
	if s.Date.IsZero() {
		out = append(out, "date")
	}
	if m, err := s.Motors(); err != nil || len(m) == 0 {
		out = append(out, "motors")
	}
	if !s.hasLabels || s.labelErr != nil {
		out = append(out, "labels")
	}
	if s.Points() == 0 {
		out = append(out, "data")
	}
	return out
}

// Valid reports whether the scan has a date, motors, labels and data. A scan that is not
// valid may still hold all that is asked for.
func (s *Scan) Valid() bool { return len(s.Lacks()) == 0 }

// Warnings tells what was odd in the scan and how it was understood.
func (s *Scan) Warnings() []string { return s.warnings.list() }

func lastIndex(list []string, name string) int {
	for i, s := range slices.Backward(list) {
		if s == name {
			return i
		}
	}
	return -1
}

// lineList holds lines that are continued by number (#O0, #O1, ...; #P0, #P1, ...), the
// newest first. A list is never changed, only put in front of, so that each scan keeps the
// one that was in force without a copy.
type lineList struct {
	older  *lineList
	number int
	text   string
	length int // of the list

	once          sync.Once // of splitting: many scans share a list
	atWide, atAny []string
}

// with gives the list with one more line. Line 0 starts it over.
func (l *lineList) with(number int, text string) *lineList {
	if l == nil || number == 0 {
		return &lineList{number: number, text: text, length: 1}
	}
	n := &lineList{older: l, number: number, text: text, length: l.length + 1}
	// Now and then those that no longer count are dropped, lest a log that says the same line again and
	// again makes each of its scans go through all of them.
	if n.length >= 64 && n.length&(n.length-1) == 0 {
		if byNumber := n.newest(); len(byNumber) <= n.length/2 {
			n = nil
			for _, k := range slices.Sorted(maps.Keys(byNumber)) {
				n = &lineList{older: n, number: k, text: byNumber[k], length: 1 + n.len()}
			}
		}
	}
	return n
}

func (l *lineList) len() int {
	if l == nil {
		return 0
	}
	return l.length
}

// newest gives the line of each number that counts.
func (l *lineList) newest() map[int]string {
	byNumber := map[int]string{}
	for ; l != nil; l = l.older {
		if _, newer := byNumber[l.number]; !newer {
			byNumber[l.number] = l.text
		}
	}
	return byNumber
}

// split splits the texts in the order of their numbers; of two lines with the same number the newer
// one counts.
func (l *lineList) split() {
	byNumber := l.newest()
	for _, k := range slices.Sorted(maps.Keys(byNumber)) {
		l.atWide = append(l.atWide, splitWide(byNumber[k])...)
		l.atAny = append(l.atAny, strings.Fields(byNumber[k])...)
	}
}

// words are all lines split at any white space. They must not be changed.
func (l *lineList) words() []string {
	if l == nil {
		return nil
	}
	l.once.Do(l.split)
	return l.atAny
}

// wide are all lines split at two or more blanks. They must not be changed.
func (l *lineList) wide() []string {
	if l == nil {
		return nil
	}
	l.once.Do(l.split)
	return l.atWide
}

// splitWide splits at runs of two or more blanks, and at tabs.
func splitWide(s string) []string {
	var out []string
	for part := range strings.SplitSeq(strings.ReplaceAll(s, "\t", "  "), "  ") {
		if part = strings.TrimSpace(part); part != "" {
			out = append(out, part)
		}
	}
	return out
}
