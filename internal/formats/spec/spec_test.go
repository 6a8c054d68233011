package spec

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"ptyprep/internal/formats/formattest"
	"ptyprep/internal/imgproc/pix"
)

func parse(t testing.TB, text string) *Log {
	t.Helper()
	l, err := Parse(strings.NewReader(text), int64(len(text)))
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// digest writes down everything that a log says.
func digest(l *Log) string {
	var b strings.Builder
	fmt.Fprintln(&b, l.Warnings())
	for _, s := range l.Scans() {
		b.WriteString(scanDigest(s))
	}
	return b.String()
}

func scanDigest(s *Scan) string {
	var b strings.Builder
	motors, err := s.Motors()
	fmt.Fprintln(&b, s, s.Number, s.Numbered, s.Occurrence, s.Command, s.Line, s.Offset, s.Date, s.Aborted, s.Growing, s.Last, s.Valid(),
		s.Counters, s.Comments, s.CountTime, s.Monitor, s.Spectra, *s.Header, motors, err, s.Warnings(), s.labelErr)
	for i := range s.Points() {
		fmt.Fprintln(&b, s.Row(i))
	}
	for _, name := range s.Counters[:min(3, len(s.Counters))] {
		_, err := s.Column(name)
		fmt.Fprintln(&b, err)
	}
	return b.String()
}

func suite(t testing.TB) formattest.Suite {
	s := formattest.Suite{
		Parse: func(r io.ReaderAt, size int64) (formattest.Opened, error) {
			l, err := Parse(r, size)
			if err != nil {
				return formattest.Opened{}, err
			}
			l.Scan("1")
			none := func(int, *pix.Image) error { return errors.New("no frames") }
			return formattest.Opened{Read: none, Text: digest(l)}, nil
		},
		// "#S\n" becomes a Scan of some 400 bytes; the digest of the test takes as much.
		AllocFactor: 2500,
		AllocSlack:  512 << 10,
		Bad: []formattest.Bad{
			{Name: "empty", Words: []string{"empty", "0 bytes"}, Is: ErrNotSPEC},
			{Name: "not_spec", Data: []byte("% version 1.20\n% rows 2\n"), Words: []string{"#S", "version"}, Is: ErrNotSPEC},
			{Name: "comments_only", Data: []byte("#C no log\n# a: b\n"), Is: ErrNotSPEC},
		},
	}
	files, err := filepath.Glob("testdata/*.dat")
	if err != nil || len(files) < 18 {
		t.Fatalf("%d logs in testdata, %v", len(files), err)
	}
	for _, name := range files {
		data := formattest.MustRead(t, name)
		s.Good = append(s.Good, formattest.Sample{Name: filepath.Base(name), Data: data, Check: prefixOf(t, data)})
	}
	return s
}

// prefixOf checks that a cut log gives the whole one's scans: all but its last scan as they
// are, and the first lines of the last one's table.
func prefixOf(t testing.TB, data []byte) func(formattest.Opened, int) error {
	whole := parse(t, string(data))
	return func(_ formattest.Opened, n int) error {
		l := parse(t, string(data[:n]))
		for i, s := range l.Scans() {
			w := whole.Scans()[i]
			switch {
			case s.Last != (i == len(l.Scans())-1):
				return fmt.Errorf("scan %v: Last is %v", s, s.Last)
			case !s.Last && scanDigest(s) != scanDigest(w):
				return fmt.Errorf("scan %v differs:\n%s\n%s", s, scanDigest(s), scanDigest(w))
			case s.columns == w.columns && !slices.Equal(s.values, w.values[:min(len(s.values), len(w.values))]):
				return fmt.Errorf("scan %v: the table is not the beginning of the whole one", s)
			}
		}
		return nil
	}
}

// Lists that repeat their lines give what the newest of each number says, in time that does not grow with
// the repetitions.
func TestLineListRepeated(t *testing.T) {
	var l *lineList
	want := map[int]string{}
	for i := range 5000 {
		k := i * i % 23
		if i%1111 == 0 {
			k = 0
		}
		if k == 0 {
			clear(want)
		}
		text := fmt.Sprintf("a%d  b c%d", i, i)
		l, want[k] = l.with(k, text), text
		var all []string
		for _, k := range slices.Sorted(maps.Keys(want)) {
			all = append(all, strings.Fields(want[k])...)
		}
		if got := l.words(); !slices.Equal(got, all) {
			t.Fatalf("after %d lines: %q, expected %q", i+1, got, all)
		}
		if got := l.wide(); len(got) != 2*len(want) {
			t.Fatalf("after %d lines: %q", i+1, got)
		}
		if l.length > 128 {
			t.Fatalf("after %d lines of %d numbers the list holds %d", i+1, len(want), l.length)
		}
	}
	log := "#F x\n" + strings.Repeat("#O1 a\n", 50000) + strings.Repeat("#S 1\n#P0 1\n", 50000)
	f, err := Parse(strings.NewReader(log), int64(len(log)))
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range f.Scans() {
		if m, err := s.Motors(); err != nil || len(m) != 1 || m[0] != (Motor{"a", 1}) {
			t.Fatalf("%v, %v", m, err)
		}
	}
}

func TestConformance(t *testing.T) { formattest.Run(t, suite(t)) }

// TestGolden compares with the .json beside each log.
func TestGolden(t *testing.T) {
	type scan struct {
		Number   int64
		Command  string
		Date     string
		Aborted  bool
		Motors   map[string]float64
		Counters []string
		Data     map[string][]float64
		Points   int
	}
	files, _ := filepath.Glob("testdata/*.json")
	for _, name := range files {
		t.Run(filepath.Base(name), func(t *testing.T) {
			var want []scan
			if err := json.Unmarshal(formattest.MustRead(t, name), &want); err != nil {
				t.Fatal(err)
			}
			l, err := Open(strings.TrimSuffix(name, ".json") + ".dat")
			if err != nil {
				t.Fatal(err)
			}
			if len(l.Scans()) != len(want) {
				t.Fatalf("%d scans, expected %d", len(l.Scans()), len(want))
			}
			for i, w := range want {
				s := l.Scans()[i]
				got := scan{s.Number, s.Command, s.Date.Format("2006-01-02T15:04:05"), s.Aborted, map[string]float64{}, s.Counters, map[string][]float64{}, s.Points()}
				motors, err := s.Motors()
				if err != nil {
					t.Error(err)
				}
				for _, m := range motors {
					got.Motors[m.Name] = m.Value
					if v, err := s.Motor(m.Name); v != m.Value || err != nil {
						t.Errorf("motor %s: %v, %v, expected %v", m.Name, v, err, m.Value)
					}
				}
				for _, c := range s.Counters {
					if got.Data[c], err = s.Column(c); err != nil {
						t.Error(err)
					}
				}
				if fmt.Sprint(got) != fmt.Sprint(w) {
					t.Errorf("scan %d:\n got %v\nwant %v", i, got, w)
				}
				if !s.Valid() {
					t.Errorf("scan %v is not valid: lacks %v", s, s.Lacks())
				}
			}
			for i, s := range l.Scans() { // the last one of a number is meant by it
				found, err := l.ByNumber(s.Number)
				last := s
				for _, o := range l.Scans()[i:] {
					if o.Number == s.Number {
						last = o
					}
				}
				if found != last || err != nil {
					t.Errorf("scan %d is %v, %v, expected %v", s.Number, found, err, last)
				}
				if o, err := l.Scan(s.String()); o != s || err != nil {
					t.Errorf("%q is %v, %v", s.String(), o, err)
				}
			}
		})
	}
}

func TestGrowingAndMCA(t *testing.T) {
	l, err := Open("testdata/growing.dat")
	if err != nil {
		t.Fatal(err)
	}
	s := l.Scans()[0]
	if !s.Growing || !s.Last || len(s.Warnings()) != 1 || !strings.Contains(s.Warnings()[0], "line 22") {
		t.Errorf("growing %v, last %v, warnings %q", s.Growing, s.Last, s.Warnings())
	}
	if l, err = Open("testdata/mca.dat"); err != nil {
		t.Fatal(err)
	}
	s = l.Scans()[0]
	if len(s.Spectra) != 5 || s.Spectra[1].After != 2 || s.Spectra[1].Name != "A" {
		t.Fatalf("spectra: %+v", s.Spectra)
	}
	for _, sp := range s.Spectra {
		v, err := sp.Read(bytes.NewReader(formattest.MustRead(t, "testdata/mca.dat")))
		if !slices.Equal(v, []float64{1, 2, 3, 4, 5, 6, 7, 8}) || err != nil {
			t.Errorf("spectrum %v, %v", v, err)
		}
	}
}

const header = "#F log\n#E 100\n#O0 a  b c\n"

func TestScans(t *testing.T) {
	cases := []struct {
		name, text string
		key        string
		check      func(s *Scan) string // empty: right
	}{
		{"line with other number of values", header + "#S 1 x\n#L p  q\n1 2\n1 2 3\n4 5\n#C end\n", "1", func(s *Scan) string {
			return expect(s, 2, "line 7 has 3 values, expected 2")
		}},
		{"last line short", header + "#S 1 x\n#L p  q\n1 2\n4\n", "1", func(s *Scan) string {
			if !s.Growing {
				return "not growing"
			}
			return expect(s, 1, "being written")
		}},
		{"labels with single blanks", header + "#S 1 x\n#N 2\n#L p q\n1 2\n", "1", func(s *Scan) string { return expect(s, 1, "") }},
		{"labels fit nothing", header + "#S 1 x\n#L p q r\n1 2\n3 4\n", "1", func(s *Scan) string {
			_, err := s.Column("p")
			if err == nil || !strings.Contains(err.Error(), "1 columns split at two or more blanks, 3 split at any, and the data lines hold 2") {
				return fmt.Sprint("error ", err)
			}
			return expect(s, 2, "3 split at any")
		}},
		{"labels judged by #N without data", header + "#S 1 x\n#N 2\n#L p q\n", "1", func(s *Scan) string {
			if !slices.Equal(s.Counters, []string{"p", "q"}) {
				return fmt.Sprint(s.Counters)
			}
			return expect(s, 0, "")
		}},
		{"C's special numbers", header + "#S 1 x\n#L p  q\n-nan inf\nNaN -Inf\n0x10 1\n1_0 1\n1e400 +5\n", "1", func(s *Scan) string {
			c, _ := s.Column("q")
			if len(c) != 3 || !math.IsInf(c[0], 1) || !math.IsInf(c[1], -1) || c[2] != 5 {
				return fmt.Sprint(c)
			}
			return expect(s, 3, "0x10")
		}},
		{"iso date with a zone", header + "#S 1 x\n#D 2024-02-03T04:05:06.5+01:00\n", "1", func(s *Scan) string {
			if d := s.Date.Format("2006-01-02 15:04:05.0"); d != "2024-02-03 04:05:06.5" {
				return d
			}
			return ""
		}},
		{"date in words", header + "#S 1 x\n#D tomorrow\n", "1", func(s *Scan) string { return expect(s, 0, "tomorrow") }},
		{"no comment by its first letter", header + "#S 1 x\n#CXX aborted\n#START_TIME 1\n", "1", func(s *Scan) string {
			if s.Aborted || len(s.Comments) != 0 {
				return fmt.Sprint(s.Comments)
			}
			return expect(s, 0, "")
		}},
		{"motors of Sardana", "#S 1 x\n#D Mon Jul 08 13:35:50 2019\n#O0 m n\n#O1 k\n#P0 1 2\n#P1 3\n#N 2\n#L p  q\n1 2\n", "1", func(s *Scan) string {
			if v, err := s.Motor("k"); v != 3 || err != nil || !s.Valid() {
				return fmt.Sprint(v, err, s.Lacks())
			}
			return ""
		}},
		{"motor list behind the positions", "#F f\n#O0 a  b\n#S 1 x\n#P0 1 2\n#L p\n1\n#O0 c\n#S 2 y\n#P0 9\n", "1", func(s *Scan) string {
			if v, err := s.Motor("b"); v != 2 || err != nil {
				return fmt.Sprint(v, err)
			}
			return ""
		}},
		{"motor list for the next scan", "#F f\n#O0 a  b\n#S 1 x\n#P0 1 2\n#L p\n1\n#O0 c\n#S 2 y\n#P0 9\n", "2", func(s *Scan) string {
			if v, err := s.Motor("c"); v != 9 || err != nil {
				return fmt.Sprint(v, err)
			}
			return ""
		}},
		{"mnemonics", "#F f\n#O0 Two Theta  Phi\n#o0 tth phi\n#S 1 x\n#P0 1 2\n", "1", func(s *Scan) string {
			if v, err := s.Motor("tth"); v != 1 || err != nil {
				return fmt.Sprint(v, err)
			}
			return ""
		}},
		{"numbers of names and positions differ", header + "#S 1 x\n#P0 1 2 3 4\n", "1", func(s *Scan) string {
			_, err := s.Motor("a")
			if err == nil || !strings.Contains(err.Error(), "2 motor names split at two or more blanks, 3 split at any, and the #P lines hold 4") {
				return fmt.Sprint(err)
			}
			return ""
		}},
		{"missing column", header + "#S 1 x\n#L p  q\n1 2\n", "1", func(s *Scan) string {
			_, err := s.Column("samy")
			if err == nil || !strings.Contains(err.Error(), "samy") || !strings.Contains(err.Error(), "p, q") {
				return fmt.Sprint(err)
			}
			return ""
		}},
		{"column twice", header + "#S 1 x\n#L p  p\n1 2\n", "1", func(s *Scan) string {
			if c, err := s.Column("p"); err != nil || c[0] != 2 {
				return fmt.Sprint(c, err)
			}
			return expect(s, 1, "more than once")
		}},
		{"second labels", header + "#S 1 x\n#L p\n1\n#L q\n", "1", func(s *Scan) string { return expect(s, 1, "second") }},
		{"wrong #N", header + "#S 1 x\n#N 7\n#L p  q\n1 2\n", "1", func(s *Scan) string { return expect(s, 1, "#N says 7") }},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			s, err := parse(t, c.text).Scan(c.key)
			if err != nil {
				t.Fatal(err)
			}
			if wrong := c.check(s); wrong != "" {
				t.Error(wrong)
			}
		})
	}
}

// expect looks at the number of points and at the only warning (empty: none).
func expect(s *Scan, points int, warning string) string {
	w := strings.Join(s.Warnings(), "; ")
	if s.Points() != points || warning == "" && w != "" || !strings.Contains(w, warning) {
		return fmt.Sprintf("%d points, warnings %q; expected %d and %q", s.Points(), w, points, warning)
	}
	return ""
}

// TestBrokenLines: a real log with "#N 15 8" breaks its data lines after 8 values.
func TestBrokenLines(t *testing.T) {
	l, err := Open("testdata/n_m.dat")
	if err != nil {
		t.Fatal(err)
	}
	s, err := l.Scan("6")
	if err != nil {
		t.Fatal(err)
	}
	c, err := s.Column("seconds")
	if err != nil || s.Points() != 3 || len(s.Counters) != 15 || c[1] != 0.3 {
		t.Errorf("%d points of %d columns, seconds %v, growing %v, %v", s.Points(), len(s.Counters), c, s.Growing, err)
	}
}

func TestLookUp(t *testing.T) {
	l := parse(t, header+"#S 3 a\n#S 4 b\n#S 5 c\n#S 3 d\n#S 1.5 e\n#S\n#S 9 f\n")
	for key, command := range map[string]string{"3": "d", "3.1": "a", "3.2": "d", " 9 ": "f"} {
		if s, err := l.Scan(key); err != nil || s.Command != command {
			t.Errorf("%q: %v, %v, expected %q", key, s, err, command)
		}
	}
	for key, words := range map[string][]string{
		"74": {"74", "3-5, 3, 9"}, "3.3": {"3.3", "2 times"}, "x": {`"x"`}, "3.0": {"from 1"}, "1.5": {"scan 1 "}, "3.": {"from 1"},
	} {
		_, err := l.Scan(key)
		if err == nil {
			t.Errorf("%q: no error", key)
			continue
		}
		for _, w := range words {
			if !strings.Contains(err.Error(), w) {
				t.Errorf("%q: the error does not say %q: %v", key, w, err)
			}
		}
	}
	if s := l.Scans()[4]; s.Numbered || s.Text != "1.5" || s.Command != "e" || len(s.Warnings()) != 1 {
		t.Errorf("the scan that is no whole number: %+v", s)
	}
	if _, err := parse(t, header).Scan("1"); !errors.Is(err, ErrNoScan) || !strings.Contains(err.Error(), "none") {
		t.Errorf("log without scans: %v", err)
	}
}

// TestRefreshEqualsParse cuts every log at every position and lets it grow to its whole
// length: the result must be that of parsing the whole, and finished scans stay the same.
func TestRefreshEqualsParse(t *testing.T) {
	for _, g := range suite(t).Good {
		want := digest(parse(t, string(g.Data)))
		for n := range len(g.Data) {
			l, err := Parse(bytes.NewReader(g.Data), int64(n))
			if err != nil {
				continue
			}
			before := slices.Clone(l.Scans())
			changed, err := l.RefreshFrom(bytes.NewReader(g.Data), int64(len(g.Data)))
			if err != nil || !changed {
				t.Fatalf("%s at %d: %v, %v", g.Name, n, changed, err)
			}
			if got := digest(l); got != want {
				t.Fatalf("%s grown from %d bytes:\n%s\nexpected\n%s", g.Name, n, got, want)
			}
			for i := 0; i < len(before)-1; i++ {
				if l.Scans()[i] != before[i] {
					t.Fatalf("%s at %d: scan %v was parsed again", g.Name, n, before[i])
				}
			}
			if changed, err := l.RefreshFrom(bytes.NewReader(g.Data), int64(len(g.Data))); changed || err != nil {
				t.Fatalf("%s: nothing was written, but %v, %v", g.Name, changed, err)
			}
		}
	}
}

func TestRefreshOfAFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "spec_started.dat")
	write := func(text string) {
		t.Helper()
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := Open(path); err == nil || !strings.Contains(err.Error(), path) || !errors.Is(err, os.ErrNotExist) {
		t.Errorf("missing log: %v", err)
	}
	write(header + "#S 1 x\n#L p\n1\n2")
	l, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	old := l.Scans()[0]
	write(header + "#S 1 x\n#L p\n1\n25\n#S 2 y\n")
	if changed, err := l.Refresh(); !changed || err != nil {
		t.Fatal(changed, err)
	}
	if s, _ := l.Scan("1"); s.Points() != 2 || s.Growing || s.Last || old.Points() != 1 || len(l.Scans()) != 2 {
		t.Errorf("after growing: %d points, the old object has %d", s.Points(), old.Points())
	}
	write("#F other\n#S 8 z\n#L p\n1\n25\n1\n1\n1\n1\n1\n1\n1\n1\n1\n1\n1\n") // longer, but not the same file
	if changed, err := l.Refresh(); !changed || err != nil || len(l.Scans()) != 1 || l.Scans()[0].Number != 8 {
		t.Errorf("another file: %v, %v, %v", changed, err, l.Scans())
	}
	write("")
	if _, err := l.Refresh(); err == nil || !strings.Contains(err.Error(), path) || len(l.Scans()) != 1 {
		t.Errorf("emptied file: %v, %d scans kept", err, len(l.Scans()))
	}
}

// TestRealFiles compares with numbers that silx 1.1 gives, measured once: scans, then one
// scan's columns, points, and sums of its first and last column.
func TestRealFiles(t *testing.T) {
	dir := formattest.Shared(t, "real/spec/spec2nexus")
	if dir == "" {
		return
	}
	for _, w := range []struct {
		file            string
		scans           int
		key             string
		columns, points int
		first, last     float64
		motors          int
	}{
		{"02_03_setup.dat", 50, "26.1", 18, 21, 144.375, 313880, 54},
		{"33bm_spec.dat", 17, "17.1", 27, 10201, 20402, 2379038, 22},
		{"APS_spec_data.dat", 20, "20.1", 14, 200, 2991.828242, 7533040, 47},
		{"05_02_test.dat", 39, "1.1", 14, 31, 262.467953, 155, 0},
		{"05_02_test.dat", 39, "110.1", 0, 0, 0, 0, 0},
		{"twoc.dat", 3, "2.2", 17, 33, 462.3272931, 5.3693559e-12, 12}, // silx takes the carriage return for a motor
		{"usaxs-bluesky-specwritercallback.dat", 7, "8.1", 14, 35, 309.9032013, 1050, 0},
		{"CdSe", 102, "102.1", 55, 100, 1474.971683, 6000, 138},
		{"issue82_data.txt", 1, "17.1", 27, 92, 183.172, 8002, 22},
		{"issue119_data.txt", 39, "39.1", 18, 21, 562.1825, 164141, 61},
		{"issue161_spock_spec_file", 41, "43.1", 15, 41, 820, 876.5930877, 154},
		{"test_3.spec", 1, "1.1", 24, 10, 12.00436994, 0, 89},
		{"test_3_error.spec", 1, "1.1", 24, 10, 12.00436994, 0, 89},
		{"refresh1.txt", 3, "3.1", 14, 3, 46.501351, 35, 8},
		// silx reads the broken lines in another way: its last column is 3.0999008e-06.
		{"n_m.txt", 1, "6.1", 15, 31, 483.83777, math.NaN(), 0},
		// silx sees one column, as the labels stand single blanks apart.
		{"user6idd.dat", 2, "2.1", 25, 55, math.NaN(), math.NaN(), 59},
	} {
		l, err := Open(filepath.Join(dir, w.file))
		if err != nil {
			t.Error(err)
			continue
		}
		s, err := l.Scan(w.key)
		if err != nil {
			t.Error(w.file, err)
			continue
		}
		if len(l.Scans()) != w.scans || len(s.Counters) != w.columns || s.Points() != w.points {
			t.Errorf("%s: %d scans; %v: %d columns, %d points; expected %+v", w.file, len(l.Scans()), s, len(s.Counters), s.Points(), w)
			continue
		}
		if m, err := s.Motors(); len(m) != w.motors {
			t.Errorf("%s %v: %d motors, %v, expected %d", w.file, s, len(m), err, w.motors)
		}
		for at, want := range map[int]float64{0: w.first, w.columns - 1: w.last} {
			var sum float64
			for i := range s.Points() {
				sum += s.Row(i)[at]
			}
			if math.Abs(sum-want) > 1e-8*math.Abs(want)+1e-12 {
				t.Errorf("%s %v column %d: sum %v, expected %v", w.file, s, at, sum, want)
			}
		}
	}
	l, err := Open(filepath.Join(dir, "issue216_scan1.spec")) // 6 names, 7 values: no guess
	if err != nil {
		t.Fatal(err)
	}
	if _, err := l.Scans()[0].Column("Phi"); err == nil || !strings.Contains(err.Error(), "6 split at any") || l.Scans()[0].Points() != 9 {
		t.Errorf("issue216: %v, %d points", err, l.Scans()[0].Points())
	}
}

func FuzzParse(f *testing.F) {
	s := suite(f)
	s.Seed(f)
	f.Add([]byte("#F f\n#S 1\n#O0 a  b\n#P0 1 2\n#P1\n@A1 1\\\n\\\n#N 3 2\n#L a b c\n1 2\n3\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		s.Exercise(t, data)
		l, err := Parse(bytes.NewReader(data), int64(len(data)/2))
		if err != nil {
			return
		}
		if _, err := l.RefreshFrom(bytes.NewReader(data), int64(len(data))); err != nil {
			t.Fatal(err)
		}
		if got, want := digest(l), digest(parse(t, string(data))); got != want {
			t.Fatalf("grown in two steps:\n%s\nparsed at once:\n%s", got, want)
		}
	})
}

func BenchmarkParse(b *testing.B) {
	var text strings.Builder
	text.WriteString(header + "#S 1 x\n#P0 1 2 3\n#L samx  samy  Epoch  det\n")
	for i := range 20000 {
		fmt.Fprintf(&text, "%v %v %d %d\n", float64(i)*0.001, -0.05871, 1385051681+i, i*17)
	}
	r := strings.NewReader(text.String())
	b.SetBytes(r.Size())
	for b.Loop() {
		if _, err := Parse(r, r.Size()); err != nil {
			b.Fatal(err)
		}
	}
}
