package spec

import (
	"bytes"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
	"unsafe"

	"ptyprep/internal/formats/rawfile"
)

// parser goes through a log line by line. The Log it fills is a new one, so that an error
// leaves the old one alone.
type parser struct {
	log    *Log
	header *Header // file header in force, nil before the first
	scan   *Scan   // being read, nil in a file header
	t      table   // its data lines
	isSPEC bool    // a line was met that only SPEC files have

	names, mnemonics *lineList // motors in force

	line     int   // number of the current line, from 1
	offset   int64 // of the current line
	spectrum bool  // the line before goes on in this one
}

// newParser continues from a mark of an old log, or starts a new one.
func newParser(old *Log, from mark) *parser {
	p := &parser{log: &Log{byNumber: map[int64][]*Scan{}}}
	if !from.set {
		return p
	}
	p.offset, p.line, p.header, p.isSPEC = from.offset, from.line, from.header, true
	p.names, p.mnemonics = from.names, from.mnemonics
	p.log.warnings = from.warnings
	p.log.mark = from
	p.log.scans = slices.Clone(old.scans)
	p.log.byNumber = maps.Clone(old.byNumber)
	p.dropLast()
	return p
}

// dropLast forgets the last scan, which is going to be read again.
func (p *parser) dropLast() {
	l := p.log
	last := l.scans[len(l.scans)-1]
	l.scans = l.scans[:len(l.scans)-1]
	if last.Numbered {
		all := l.byNumber[last.Number]
		l.byNumber[last.Number] = slices.Clone(all[:len(all)-1])
	}
}

func (p *parser) parse(text []byte) {
	for len(text) > 0 {
		end := bytes.IndexByte(text, '\n')
		if end < 0 { // perhaps cut in the middle of a number
			if p.scan != nil && !bytes.HasPrefix(text, []byte("#S")) && !bytes.HasPrefix(text, []byte("#F")) {
				p.scan.Growing = true
				p.scan.warnings.add("line %d has no line end: it is being written, and does not count", p.line+1)
			} else {
				p.log.warnings.add("line %d has no line end: it does not count", p.line+1)
			}
			break
		}
		p.line++
		p.take(bytes.TrimSuffix(text[:end], []byte("\r")), int64(end)+1)
		p.offset += int64(end) + 1
		text = text[end+1:]
	}
	p.endScan(true)
	if n := len(p.log.scans); n > 0 {
		p.log.scans[n-1].Last = true
	}
}

// take handles one line; length counts its line end.
func (p *parser) take(line []byte, length int64) {
	if p.spectrum && !bytes.HasPrefix(line, []byte("#")) {
		if p.scan != nil {
			p.scan.Spectra[len(p.scan.Spectra)-1].Length += length
		}
		p.spectrum = goesOn(line)
		return
	}
	p.spectrum = false
	switch {
	case len(bytes.TrimSpace(line)) == 0:
	case line[0] == '#':
		p.key(line[1:])
	case line[0] == '@':
		p.beginSpectrum(line, length)
	default:
		p.data(line)
	}
}

func goesOn(line []byte) bool {
	return bytes.HasSuffix(bytes.TrimRight(line, " \t"), []byte(`\`))
}

func (p *parser) beginSpectrum(line []byte, length int64) {
	p.spectrum = goesOn(line)
	if p.scan == nil {
		return
	}
	name := line[1:]
	if i := bytes.IndexAny(name, " \t\\"); i >= 0 {
		name = name[:i]
	}
	p.scan.Spectra = append(p.scan.Spectra, Spectrum{Name: rawfile.Text(name), After: p.t.rows, Offset: p.offset, Length: length})
}

// data takes a line of numbers; anything else is a message that got into the file.
func (p *parser) data(line []byte) {
	if p.scan != nil && p.t.add(line, p.line) {
		return
	}
	if p.scan != nil {
		p.scan.warnings.add("line %d is no data line and was ignored: %q", p.line, rawfile.Text(line[:min(60, len(line))]))
		return
	}
	p.log.warnings.add("line %d is outside of any scan and was ignored: %q", p.line, rawfile.Text(line[:min(60, len(line))]))
}

// key handles a # line. The whole word behind # is the key: #CXX is no comment.
func (p *parser) key(line []byte) {
	key, rest := line, []byte(nil)
	if i := bytes.IndexAny(line, " \t"); i >= 0 {
		key, rest = line[:i], bytes.TrimSpace(line[i:])
	}
	switch string(key) {
	case "F":
		p.endScan(false)
		p.header, p.names, p.mnemonics, p.isSPEC = &Header{Name: rawfile.Text(rest)}, nil, nil, true
	case "S":
		p.endScan(false)
		p.beginScan(rawfile.Text(rest), line)
	case "":
	default:
		if number, ok := lineNumber(key, "Oo"); ok {
			p.motors(key[0] == 'O', number, rawfile.Text(rest))
		} else if p.scan == nil {
			p.headerKey(string(key), rest)
		} else if number, ok := lineNumber(key, "P"); ok {
			p.scan.positions = p.scan.positions.with(number, rawfile.Text(rest))
		} else {
			p.scanKey(string(key), rest)
		}
	}
}

// lineNumber takes keys like O12 apart: one of the letters and at most four digits.
func lineNumber(key []byte, letters string) (int, bool) {
	if len(key) < 2 || len(key) > 5 || strings.IndexByte(letters, key[0]) < 0 {
		return 0, false
	}
	n := 0
	for _, c := range key[1:] {
		if c < '0' || c > '9' {
			return 0, false
		}
		n = 10*n + int(c-'0')
	}
	return n, true
}

// motors takes an #O (names) or #o (mnemonics) line. Sardana writes them within a scan, in front of its
// positions; behind those they belong to the scans that follow.
func (p *parser) motors(names bool, number int, text string) {
	switch {
	case !names:
		p.mnemonics = p.mnemonics.with(number, text)
	case number == 0:
		p.names, p.mnemonics = (*lineList)(nil).with(0, text), nil
	default:
		p.names = p.names.with(number, text)
	}
	if s := p.scan; s != nil && s.positions == nil && !s.hasLabels && p.t.rows == 0 {
		s.names, s.mnemonics = p.names, p.mnemonics
	}
}

func (p *parser) headerKey(key string, rest []byte) {
	switch key {
	case "E", "D", "C":
	default:
		return
	}
	if p.header == nil {
		p.header = new(Header)
	}
	switch h := p.header; key {
	case "E":
		p.isSPEC = true
		if word, _, _ := strings.Cut(string(rest), " "); word != "" {
			if n, err := strconv.ParseInt(word, 10, 64); err == nil {
				h.EpochS = n
			} else {
				p.log.warnings.add("line %d: the epoch is %q, expected seconds", p.line, word)
			}
		}
	case "D":
		h.Date, _ = parseDate(rawfile.Text(rest))
	case "C":
		h.Comments = append(h.Comments, rawfile.Text(rest))
	}
}

func (p *parser) scanKey(key string, rest []byte) {
	s := p.scan
	switch key {
	case "D":
		if s.DateText != "" {
			return
		}
		s.DateText = rawfile.Text(rest)
		var ok bool
		if s.Date, ok = parseDate(s.DateText); !ok && s.DateText != "" {
			s.warnings.add("line %d: the date %q is not understood", p.line, s.DateText)
		}
	case "C":
		text := rawfile.Text(rest)
		s.Comments = append(s.Comments, text)
		s.Aborted = s.Aborted || strings.Contains(strings.ToLower(text), "aborted")
	case "T":
		s.CountTime = rawfile.Text(rest)
	case "M":
		s.Monitor = rawfile.Text(rest)
	case "N":
		p.t.declare(string(rest))
	case "L":
		text := rawfile.Text(rest)
		if s.hasLabels && p.t.labels != text {
			s.warnings.add("line %d: a second, different #L line; the last one counts", p.line)
		}
		s.hasLabels, p.t.labels = true, text
	}
}

func (p *parser) beginScan(rest string, line []byte) {
	if p.header == nil {
		p.header = new(Header)
	}
	p.isSPEC = true
	l := p.log
	l.mark = mark{set: true, offset: p.offset, line: p.line - 1, text: "#" + string(line),
		names: p.names, mnemonics: p.mnemonics, header: p.header, warnings: l.warnings}
	s := &Scan{Line: p.line, Offset: p.offset, Header: p.header, names: p.names, mnemonics: p.mnemonics, Occurrence: 1}
	if i := strings.IndexAny(rest, " \t"); i >= 0 {
		s.Text, s.Command = rest[:i], strings.TrimSpace(rest[i:])
	} else {
		s.Text = rest
	}
	if n, err := strconv.ParseInt(s.Text, 10, 64); err == nil {
		s.Number, s.Numbered = n, true
		s.Occurrence = len(l.byNumber[n]) + 1
		l.byNumber[n] = append(l.byNumber[n], s)
	} else {
		s.warnings.add("line %d: the scan number is %q, expected a whole number: it cannot be looked up", p.line, s.Text)
	}
	l.scans = append(l.scans, s)
	p.scan = s
	p.t.reset()
}

// endScan judges the labels and hands the table over.
func (p *parser) endScan(endOfFile bool) {
	s := p.scan
	if s == nil {
		return
	}
	p.t.finish(s, endOfFile && !s.Growing && p.t.lastLine == p.line)
	p.scan = nil
}

// table collects the data lines of one scan.
type table struct {
	labels   string
	declared int // columns after #N, -1 without
	perLine  int // second number of #N, 0 without
	values   []float64
	runs     []run
	rows     int // data lines
	lastLine int // number of the last data line in the file
}

// run is a number of successive data lines with the same number of values; line is the
// number of the first.
type run struct{ length, count, line int }

func (t *table) reset() {
	*t = table{declared: -1, values: t.values[:0], runs: t.runs[:0]}
}

// declare takes "#N 5" or "#N 15 8".
func (t *table) declare(text string) {
	words := strings.Fields(text)
	if len(words) > 0 {
		if n, err := strconv.Atoi(words[0]); err == nil && n >= 0 {
			t.declared = n
		}
	}
	if len(words) > 1 {
		if n, err := strconv.Atoi(words[1]); err == nil && n > 0 {
			t.perLine = n
		}
	}
}

// add takes a line if all its words are numbers.
func (t *table) add(line []byte, number int) bool {
	start := len(t.values)
	for i := 0; i < len(line); {
		if line[i] == ' ' || line[i] == '\t' {
			i++
			continue
		}
		j := i + 1
		for j < len(line) && line[j] != ' ' && line[j] != '\t' {
			j++
		}
		v, ok := parseFloat(unsafe.String(&line[i], j-i))
		if !ok {
			t.values = t.values[:start]
			return false
		}
		t.values = append(t.values, v)
		i = j
	}
	length := len(t.values) - start
	t.lastLine = number
	t.rows++
	if n := len(t.runs); n > 0 && t.runs[n-1].length == length {
		t.runs[n-1].count++
	} else {
		t.runs = append(t.runs, run{length, 1, number})
	}
	return true
}

// finish gives a scan its column names and its table. open says that the last data line is
// the last line of the file, so that a wrong number of values means it is being written.
func (t *table) finish(s *Scan, open bool) {
	wide, single := splitWide(t.labels), strings.Fields(t.labels)
	t.join(len(wide), len(single))
	count := map[int]int{}
	for _, r := range t.runs {
		count[r.length] += r.count
	}
	s.Counters, s.columns = wide, len(wide)
	contradicted := ""
	switch {
	case len(t.runs) == 0 && (t.declared < 0 || t.declared == len(wide) || len(wide) == len(single)):
	case len(t.runs) == 0 && t.declared == len(single),
		count[len(single)] > count[len(wide)]:
		s.Counters, s.columns = single, len(single)
	case len(t.runs) == 0:
		s.Counters, s.columns, contradicted = nil, t.declared, "#N says"
	case count[len(wide)] == 0:
		s.Counters, s.columns, contradicted = nil, mostCommon(t.runs, count), "the data lines hold"
	}
	if s.hasLabels && contradicted != "" {
		s.labelErr = fmt.Errorf("#L names %d columns split at two or more blanks, %d split at any, and %s %d", len(wide), len(single), contradicted, s.columns)
		s.warnings.add("%v", s.labelErr)
	} else if s.hasLabels && t.declared >= 0 && t.declared != s.columns {
		s.warnings.add("#N says %d columns, but there are %d", t.declared, s.columns)
	}
	t.repeated(s)
	t.copyRows(s, open)
}

// join puts data lines together that "#N 15 8" has broken after 8 values, when every point
// is broken like that and no line has as many values as there are names.
func (t *table) join(wide, single int) {
	n, m := t.declared, t.perLine
	if m <= 0 || m >= n || n != wide && n != single {
		return
	}
	points, have := 0, 0
	for _, r := range t.runs {
		for range r.count {
			if r.length != min(m, n-have) {
				return
			}
			if have += r.length; have == n {
				points, have = points+1, 0
			}
		}
	}
	if points == 0 {
		return
	}
	line := t.runs[0].line
	t.runs = append(t.runs[:0], run{n, points, line})
	if have > 0 { // the last point is not whole
		t.runs = append(t.runs, run{have, 1, t.lastLine})
	}
}

func mostCommon(runs []run, count map[int]int) int {
	best := 0
	for _, r := range runs {
		if best == 0 || count[r.length] > count[best] {
			best = r.length
		}
	}
	return best
}

// repeated warns about columns of the same name.
func (t *table) repeated(s *Scan) {
	seen := make(map[string]bool, len(s.Counters))
	for _, name := range s.Counters {
		if seen[name] {
			s.warnings.add("column %q occurs more than once, the last one counts", name)
		}
		seen[name] = true
	}
}

// copyRows copies the lines that have the right number of values.
func (t *table) copyRows(s *Scan, open bool) {
	total := 0
	for _, r := range t.runs {
		if r.length == s.columns {
			total += r.length * r.count
		}
	}
	s.values = make([]float64, 0, total)
	at := 0
	for k, r := range t.runs {
		next := at + r.length*r.count
		switch {
		case r.length == s.columns:
			s.values = append(s.values, t.values[at:next]...)
		case open && k == len(t.runs)-1 && r.count == 1:
			s.Growing = true
			s.warnings.add("line %d, the last one of the file, has %d values, expected %d: it is being written, and does not count", t.lastLine, r.length, s.columns)
		case r.count == 1:
			s.warnings.add("line %d has %d values, expected %d: it was ignored", r.line, r.length, s.columns)
		default:
			s.warnings.add("%d data lines from line %d on have %d values, expected %d: they were ignored", r.count, r.line, r.length, s.columns)
		}
		at = next
	}
}

// parseFloat takes decimal numbers, nan and inf, as C prints them ("-nan"), but not Go's
// hexadecimal floats nor underscores.
func parseFloat(s string) (v float64, ok bool) {
	for i := range len(s) {
		if c := s[i]; c == 'x' || c == 'X' || c == '_' {
			return 0, false
		}
	}
	if len(s) == 4 && (s[0] == '-' || s[0] == '+') && strings.EqualFold(s[1:], "nan") {
		return math.NaN(), true
	}
	switch c := s[0]; {
	case c >= '0' && c <= '9', c == '-', c == '+', c == '.', c|0x20 == 'n', c|0x20 == 'i':
	default:
		return 0, false
	}
	v, err := strconv.ParseFloat(s, 64)
	return v, err == nil || math.IsInf(v, 0)
}

// dateLayouts are ctime, ctime with a zone, and ISO 8601 with and without a zone; a
// fraction of a second is taken by all.
var dateLayouts = [...]string{
	"Mon Jan 2 15:04:05 2006", "Mon Jan 2 15:04:05 MST 2006",
	"2006-01-02T15:04:05", "2006-01-02 15:04:05", time.RFC3339, "2006-01-02 15:04:05Z07:00", "2006-01-02T15:04:05Z0700",
}

// parseDate gives the wall time as written, whatever zone stands beside it.
func parseDate(text string) (time.Time, bool) {
	text = strings.Join(strings.Fields(text), " ")
	for _, layout := range dateLayouts {
		if d, err := time.Parse(layout, text); err == nil {
			return time.Date(d.Year(), d.Month(), d.Day(), d.Hour(), d.Minute(), d.Second(), d.Nanosecond(), time.UTC), true
		}
	}
	return time.Time{}, false
}
