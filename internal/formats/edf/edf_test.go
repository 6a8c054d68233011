package edf

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"ptyprep/internal/formats/formattest"
	"ptyprep/internal/imgproc/pix"
)

// make2x3 writes a block with the entries given and six little-endian uint16 pixels 1..6.
func make2x3(entries ...string) []byte {
	head := "{\n" + strings.Join(entries, " ;\n") + " ;\n}\n"
	return append([]byte(head), 1, 0, 2, 0, 3, 0, 4, 0, 5, 0, 6, 0)
}

// usual are the entries of an ordinary 2 x 3 uint16 block, with those of over replaced or
// added ("Key = value") and those named in over without a value left out.
func usual(over ...string) []string {
	list := []string{"HeaderID = EH:000001:000000:000000", "ByteOrder = LowByteFirst", "DataType = UnsignedShort", "Dim_1 = 3", "Dim_2 = 2", "Size = 12"}
	for _, o := range over {
		key, _, hasValue := strings.Cut(o, " =")
		list = slices.DeleteFunc(list, func(e string) bool { return strings.HasPrefix(e, key+" =") })
		if hasValue {
			list = append(list, o)
		}
	}
	return list
}

var one2six = pix.From([]uint16{1, 2, 3, 4, 5, 6}, 2, 3)

func packed(b []byte) []byte {
	var out bytes.Buffer
	z := gzip.NewWriter(&out)
	z.Write(b)
	z.Close()
	return out.Bytes()
}

func suite(t testing.TB) formattest.Suite {
	s := formattest.Suite{
		Parse: func(r io.ReaderAt, size int64) (formattest.Opened, error) {
			f, err := Parse(r, size)
			if err != nil {
				return formattest.Opened{}, err
			}
			for _, fr := range f.Frames[:1] { // look-ups must not panic on any text
				fr.Header.Entries()
				for _, m := range fr.Motors() {
					if v, err := fr.Motor(m.Name); err != nil || v != m.Value && v == v {
						t.Errorf("motor %q is %v in the list; looked up: %v, %v", m.Name, m.Value, v, err)
					}
				}
				fr.Motor("")
				fr.Counter("sec")
			}
			return formattest.Opened{Frames: len(f.Frames), Read: f.Read}, nil
		},
		// A "k=;" of four bytes becomes an entry, its place in the map and its share of
		// grown tables; gzip packs 1032 to 1.
		AllocFactor: 400,
		AllocSlack:  512 << 10,
		Bad: []formattest.Bad{
			{Name: "empty", Data: nil, Words: []string{"empty", "0 bytes"}, Is: ErrTruncated},
			{Name: "not_edf", Data: []byte("% version 1.20\n"), Words: []string{"not an EDF file", `"{"`, "version"}, Is: ErrNotEDF},
			{Name: "no_datatype", Data: make2x3(usual("DataType")...), Words: []string{"DataType"}},
			{Name: "unknown_datatype", Data: make2x3(usual("DataType = UnsignedQuark")...), Words: []string{"DataType", "UnsignedQuark"}},
			{Name: "128_bit", Data: make2x3(usual("DataType = QuadrupleValue")...), Words: []string{"QuadrupleValue"}},
			{Name: "no_dim_1", Data: make2x3(usual("Dim_1")...), Words: []string{"Dim_1"}},
			{Name: "no_dim_2", Data: make2x3(usual("Dim_2")...), Words: []string{"Dim_2"}},
			{Name: "negative_dim", Data: make2x3(usual("Dim_2 = -20")...), Words: []string{"Dim_2", "-20"}},
			{Name: "dim_is_text", Data: make2x3(usual("Dim_1 = three")...), Words: []string{"Dim_1", "three", "whole number"}},
			{Name: "absurd_dim", Data: make2x3(usual("Dim_1 = 2200000000", "Size")...), Words: []string{"Dim_1", "2200000000", "12 are there"}, Is: ErrTruncated},
			{Name: "overflowing_dims", Data: make2x3(usual("Dim_1 = 4611686018427387904", "Dim_2 = 4611686018427387904", "Size")...), Words: []string{"Dim_1", "Dim_2", "2^62"}, Is: ErrTruncated},
			{Name: "overflowing_to_12_bytes", Data: make2x3(usual("Dim_1 = 9223372036854775807", "Dim_2 = 2", "Dim_3 = 9223372036854775807", "Size")...), Words: []string{"2^62"}},
			{Name: "byte_order_unknown", Data: make2x3(usual("ByteOrder = MiddleByteFirst")...), Words: []string{"ByteOrder", "MiddleByteFirst", "HighByteFirst"}},
			{Name: "size_too_small", Data: make2x3(usual("Size = 10")...), Words: []string{"Size", "10", "12"}},
			{Name: "negative_size", Data: make2x3(usual("Size = -1")...), Words: []string{"Size", "-1"}},
			{Name: "pixels_cut", Data: make2x3(usual()...)[:len(make2x3(usual()...))-2], Words: []string{"12", "10 are there"}, Is: ErrTruncated},
			{Name: "header_open", Data: []byte("{\nDim_1 = 3 ;\n"), Words: []string{"header", "closed"}, Is: ErrTruncated},
			{Name: "header_endless", Data: append([]byte("{\n"), bytes.Repeat([]byte("a"), 2<<20)...), Words: []string{"header", "closed", "1048576"}},
			{Name: "compressed", Data: make2x3(usual("Compression = GzipCompression")...), Words: []string{"Compression", "GzipCompression"}},
			{Name: "external", Data: make2x3(usual("EDF_BinaryFileName = other.bin")...), Words: []string{"other.bin", "another file"}},
			{Name: "general_only", Data: []byte("{\nEDF_DataFormatVersion = 2.40 ;\n}\n"), Words: []string{"general block"}, Is: ErrTruncated},
			{Name: "gzip_cut", Data: packed(make2x3(usual()...))[:60], Words: []string{"gzip"}, Is: ErrTruncated},
			{Name: "gzip_of_nothing", Data: packed(nil), Words: []string{"0 bytes"}, Is: ErrTruncated},
			{Name: "second_header_open", Data: append(make2x3(usual()...), "{\nDim_1 = 3 ;\n"...), Words: []string{"block 1", "closed"}, Is: ErrTruncated},
			{Name: "second_frame_cut", Data: append(make2x3(usual()...), make2x3(usual()...)[:len(make2x3(usual()...))-1]...), Words: []string{"block 1", "12", "11 are there"}, Is: ErrTruncated},
		},
	}
	want := formattest.Pixels(t, "testdata/pixels.json")
	for name, frames := range want {
		data := formattest.MustRead(t, filepath.Join("testdata", name))
		g := formattest.Sample{Name: name, Data: data, Want: frames, Complete: len(data)}
		if name == "trailing_bytes.edf" {
			g.Complete -= 512
		}
		if len(frames) > 1 { // cut between two blocks it is a whole file of fewer frames
			g.Complete = 0
		}
		s.Good = append(s.Good, g)
	}
	slices.SortFunc(s.Good, func(a, b formattest.Sample) int { return strings.Compare(a.Name, b.Name) })
	return s
}

func TestConformance(t *testing.T) { formattest.Run(t, suite(t)) }

// TestGoldenHeaders looks up what expected.json says about motors, counters and entries.
func TestGoldenHeaders(t *testing.T) {
	var want map[string]struct {
		Frames int
		DType  string
		Keys   map[string]any
	}
	if err := json.Unmarshal(formattest.MustRead(t, "testdata/expected.json"), &want); err != nil {
		t.Fatal(err)
	}
	for name, w := range want {
		f, err := Open(filepath.Join("testdata", name))
		if err != nil {
			t.Fatal(err)
		}
		if len(f.Frames) != w.Frames || f.Frames[0].Type.String() != w.DType {
			t.Errorf("%s: %d frames of %v, expected %d of %s", name, len(f.Frames), f.Frames[0].Type, w.Frames, w.DType)
		}
		for key, v := range w.Keys {
			if got := lookUp(t, f.Frames[0], key); fmt.Sprint(got) != fmt.Sprint(v) {
				t.Errorf("%s: %s = %v, expected %v", name, key, got, v)
			}
		}
		if err := f.Close(); err != nil {
			t.Error(err)
		}
	}
}

func lookUp(t *testing.T, fr Frame, key string) any {
	t.Helper()
	var v any
	var err error
	if name, ok := strings.CutPrefix(key, "motor."); ok {
		v, err = fr.Motor(name)
	} else if name, ok := strings.CutPrefix(key, "counter."); ok {
		v, err = fr.Counter(name)
	} else {
		text, _ := fr.Header.Get(strings.ToUpper(key))
		v = Value(text)
	}
	if err != nil {
		t.Error(err)
	}
	return v
}

func parse(t *testing.T, data []byte) *File {
	t.Helper()
	f, err := Parse(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func TestGoodBlocks(t *testing.T) {
	macro := func(size int) []byte {
		return make2x3(usual(fmt.Sprintf("EDF_HeaderSize = %4d", size), "macro = { mv sx 1\n}\nend")...)
	}
	full := len(macro(0)) - 12 // whole header, whatever number is written in four places
	cases := []struct {
		name    string
		data    []byte
		warning string // part of the only warning; empty: none
	}{
		{"usual", make2x3(usual()...), ""},
		{"names in capitals", make2x3(usual("DataType = UNSIGNEDSHORT", "ByteOrder = LOWBYTEFIRST")...), ""},
		{"dimension with a point", make2x3(usual("Dim_1 = 3.0")...), ""},
		{"no byte order", make2x3(usual("ByteOrder")...), "ByteOrder"},
		{"size larger than the file", make2x3(usual("Size = 4096")...), "4096"},
		{"EDF_BinarySize goes before Size", make2x3(usual("Size = 1", "EDF_BinarySize = 12")...), ""},
		{"key twice, last wins", make2x3(usual("Title = a", "dim_1 = 2", "DIM_1 = 3")...), "more than once"},
		{"closing line within the header", macro(full), ""},
		{"line end before the tail", append(make2x3(usual()...), "\n\x00\x00"...), ""},
		{"strange tail", append(make2x3(usual()...), "tail"...), "4 bytes behind"},
		{"EDF_HeaderSize wrong", make2x3(usual("EDF_HeaderSize = 77")...), "EDF_HeaderSize"},
		{"Compression = None", make2x3(usual("Compression = None")...), ""},
		{"NUL behind a value", make2x3(usual("Dim_2 = 2\x00\x00")...), ""},
		{"gzip", packed(make2x3(usual()...)), ""},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			f := parse(t, c.data)
			var im pix.Image
			if err := f.Read(0, &im); err != nil {
				t.Fatal(err)
			}
			if err := formattest.Same(&im, one2six); err != nil {
				t.Error(err)
			}
			got := strings.Join(f.Warnings(), "; ")
			if c.warning == "" && got != "" || !strings.Contains(got, c.warning) {
				t.Errorf("warnings: %q, expected one with %q", got, c.warning)
			}
			if len(f.Frames) != 1 {
				t.Errorf("%d frames, expected 1", len(f.Frames))
			}
		})
	}
}

// TestHeaderBeyondOneMiB: EDF_HeaderSize may announce a header that is longer than the
// search for its end goes.
func TestHeaderBeyondOneMiB(t *testing.T) {
	build := func(size int) []byte {
		return make2x3(usual(fmt.Sprintf("EDF_HeaderSize = %8d", size), "comment = "+strings.Repeat("x", 2<<20))...)
	}
	f := parse(t, build(len(build(0))-12))
	if c, _ := f.Frames[0].Header.Get("Comment"); len(c) != 2<<20 || f.Frames[0].Rows != 2 {
		t.Errorf("comment of %d bytes, %d rows", len(c), f.Frames[0].Rows)
	}
}

func TestDim3AndGeneralBlock(t *testing.T) {
	general := "{\nEDF_DataFormatVersion = 2.40 ;\nEDF_BinarySize = 0 ;\nDataType = UnsignedShort ;\nDim_1 = 3 ;\nSize = 99 ;\nmotor_mne = a b ;\nmotor_pos = 1 2 ;\n}\n"
	data := []byte(general + "{\nByteOrder = LowByteFirst ;\nDim_2 = 1 ;\nDim_3 = 2 ;\nmotor_pos = 3 4 ;\n}\n\x01\x00\x02\x00\x03\x00\x04\x00\x05\x00\x06\x00")
	f := parse(t, data)
	if len(f.Frames) != 2 {
		t.Fatalf("%d frames, expected the 2 of Dim_3", len(f.Frames))
	}
	var im pix.Image
	if err := f.Read(1, &im); err != nil {
		t.Fatal(err)
	}
	if err := formattest.Same(&im, pix.From([]uint16{4, 5, 6}, 1, 3)); err != nil {
		t.Error(err)
	}
	if v, err := f.Frames[1].Motor("b"); v != 4 || err != nil {
		t.Errorf("motor b = %v, %v, expected 4", v, err)
	}
	if _, ok := f.Frames[0].Header.Get("Size"); ok {
		t.Error("Size of the general block counts as a default")
	}
	if n := len(f.Frames[0].Header.Entries()); n != 4+3 { // own four; DataType, Dim_1, motor_mne
		t.Errorf("%d entries, expected 7: %v", n, f.Frames[0].Header.Entries())
	}
}

// What is noted about a file must not be far larger than the file.
func TestTooManyFrames(t *testing.T) {
	for _, n := range []int{maxFrames, maxFrames + 1} {
		b := append([]byte(fmt.Sprintf("{\nDataType = Signed8 ;\nDim_1 = 1 ;\nDim_2 = 1 ;\nDim_3 = %d ;\n}\n", n)), make([]byte, n)...)
		f, err := Parse(bytes.NewReader(b), int64(len(b)))
		if n == maxFrames && (err != nil || len(f.Frames) != n) {
			t.Errorf("%d frames: %v", n, err)
		} else if n > maxFrames && (err == nil || !strings.Contains(err.Error(), "Dim_3 = 1048577")) {
			t.Errorf("%d frames: %v", n, err)
		}
	}
}

// EDF_HeaderSize without a value, again and again, must not make the reader go through the header for each.
func TestHeaderSizeRepeated(t *testing.T) {
	f := parse(t, make2x3(usual("comment = "+strings.Repeat("EDF_HeaderSize ", 60000), "EDF_HeaderSize = 12")...))
	if w := strings.Join(f.Warnings(), "; "); !strings.Contains(w, "EDF_HeaderSize is 12,") || f.Frames[0].Rows != 2 {
		t.Errorf("%q, %d rows", w, f.Frames[0].Rows)
	}
}

func TestPixelsInAnotherFile(t *testing.T) {
	dir := t.TempDir()
	head := func(extra ...string) []byte {
		b := make2x3(usual(append(extra, "EDF_BinaryFileName = /elsewhere/pixels.bin")...)...)
		return b[:len(b)-12]
	}
	write := func(name string, b []byte) string {
		t.Helper()
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, b, 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	write("pixels.bin", append([]byte("skip"), pix.Bytes([]uint16{1, 2, 3, 4, 5, 6})...))
	var im pix.Image
	fr, err := ReadFile(write("a.edf", head("EDF_BinaryFilePosition = 4")), 0, &im)
	if err != nil {
		t.Fatal(err)
	}
	if err := formattest.Same(&im, one2six); err != nil || fr.Offset != 4 {
		t.Errorf("offset %d: %v", fr.Offset, err)
	}
	for name, extra := range map[string]string{"position": "EDF_BinaryFilePosition = 17", "size": "EDF_BinaryFileSize = 8", "missing": "EDF_BinaryFileName = ../none.bin", "dots": "EDF_BinaryFileName = .."} {
		path := write(name+".edf", append(head(), 0)[:0])
		b := make2x3(usual("EDF_BinaryFileName = pixels.bin", extra)...)
		write(name+".edf", b)
		if _, err := Open(path); err == nil || !strings.Contains(err.Error(), name+".edf") {
			t.Errorf("%s: error %v, expected one that names the file", name, err)
		}
	}
}

func TestMotors(t *testing.T) {
	f := parse(t, make2x3(usual("motor_mne = spy  spz\tsx bad inf", "motor_pos = 1.25   -2.5 3e-3 two -nan",
		"counter_mne = sec mon", "counter_pos = 1 2 3")...))
	fr := f.Frames[0]
	for name, want := range map[string]float64{"spy": 1.25, "spz": -2.5, "sx": 0.003} {
		if v, err := fr.Motor(name); v != want || err != nil {
			t.Errorf("motor %s = %v, %v, expected %v", name, v, err, want)
		}
	}
	if v, err := fr.Motor("inf"); !math.IsNaN(v) || err != nil {
		t.Errorf("-nan gives %v, %v", v, err)
	}
	wrong := []struct {
		call  func() (float64, error)
		words []string
	}{
		{func() (float64, error) { return fr.Motor("bad") }, []string{"bad", `"two"`, "number"}},
		{func() (float64, error) { return fr.Motor("xpy") }, []string{"xpy", "spy", "spz", "motor_mne"}},
		{func() (float64, error) { return fr.Counter("sec") }, []string{"sec", "2 names", "3 values", "counter_pos"}},
		{func() (float64, error) { return Frame{}.Motor("a") }, []string{"motor_mne"}},
		{func() (float64, error) { return fr.Header.Float("title") }, []string{"title"}},
	}
	for _, w := range wrong {
		_, err := w.call()
		if err == nil {
			t.Errorf("no error with %v", w.words)
			continue
		}
		for _, s := range w.words {
			if !strings.Contains(err.Error(), s) {
				t.Errorf("the error does not say %q: %v", s, err)
			}
		}
	}
	twice := parse(t, make2x3(usual("motor_mne = a b a b", "motor_pos = 1 2 1 3")...)).Frames[0]
	if v, err := twice.Motor("a"); v != 1 || err != nil {
		t.Errorf("motor a, twice the same value: %v, %v", v, err)
	}
	if _, err := twice.Motor("b"); err == nil {
		t.Error("motor b with two values: no error")
	}
}

// TestTypeNames holds every name of the format's table, in mixed case.
// The lists hold what can be looked up, and long ones take no longer than the header that holds them.
func TestMotorLists(t *testing.T) {
	for _, c := range []struct {
		names, values string
		want          []Named
	}{
		{"a  b\tc", "1 two 3e-3", []Named{{"a", 1}, {"c", 3e-3}}},
		{"a b a", "1 2 3", []Named{{"b", 2}}}, // which a is meant?
		{"a b a", "1 2 1", []Named{{"a", 1}, {"b", 2}, {"a", 1}}},
		{"a b", "1", nil},
		{strings.Repeat("a ", 120000), strings.Repeat("1 ", 120000), slices.Repeat([]Named{{"a", 1}}, 120000)},
	} {
		b := make2x3(usual("motor_mne = "+c.names, "motor_pos = "+c.values)...)
		f, err := Parse(bytes.NewReader(b), int64(len(b)))
		if err != nil {
			t.Fatal(err)
		}
		if got := f.Frames[0].Motors(); !slices.Equal(got, c.want) {
			t.Errorf("%.20s: %.80v, expected %.80v", c.names, got, c.want)
		}
	}
}

func TestTypeNames(t *testing.T) {
	for text, want := range map[string]pix.Type{
		"SignedByte": pix.Int8, "Signed8": pix.Int8, "UnsignedByte": pix.Uint8, "Unsigned8": pix.Uint8,
		"SignedShort": pix.Int16, "Signed16": pix.Int16, "UnsignedShort": pix.Uint16, "Unsigned16": pix.Uint16, "UnsignedShortInteger": pix.Uint16,
		"SignedInteger": pix.Int32, "Signed32": pix.Int32, "SignedLong": pix.Int32,
		"UnsignedInteger": pix.Uint32, "UnsignedInt": pix.Uint32, "UnsignedLong": pix.Uint32, "Unsigned32": pix.Uint32,
		"Signed64": pix.Int64, "Unsigned64": pix.Uint64,
		"Float": pix.Float32, "FLOAT": pix.Float32, "FloatValue": pix.Float32, "FLOATVALUE": pix.Float32, "Real": pix.Float32, "FloatIEEE32": pix.Float32, "Float32": pix.Float32,
		"Double": pix.Float64, "DoubleValue": pix.Float64, "FloatIEEE64": pix.Float64, "DoubleIEEE64": pix.Float64,
	} {
		data := make2x3(usual("DataType = "+text, "Size", "Dim_1 = 1", "Dim_2 = 1")...)
		if f := parse(t, data); f.Frames[0].Type != want {
			t.Errorf("%s is %v, expected %v", text, f.Frames[0].Type, want)
		}
	}
}

func TestOpenNamesThePath(t *testing.T) {
	missing := filepath.Join(t.TempDir(), "sample_0001.edf")
	_, err := Open(missing)
	if err == nil || !strings.Contains(err.Error(), "sample_0001.edf") || !errors.Is(err, os.ErrNotExist) {
		t.Errorf("missing file: %v", err)
	}
	if err := os.WriteFile(missing, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err = Open(missing); err == nil || !strings.Contains(err.Error(), "sample_0001.edf") {
		t.Errorf("empty file: %v", err)
	}
	if _, err = ReadFile("testdata/u2_le.edf", 1, new(pix.Image)); err == nil || !strings.Contains(err.Error(), "u2_le.edf") {
		t.Errorf("frame 1 of 1: %v", err)
	}
}

// TestRealFiles compares with numbers that fabio 0.14 gives, measured once.
func TestRealFiles(t *testing.T) {
	dir := formattest.Shared(t, "real/edf")
	if dir == "" {
		return
	}
	for name, want := range map[string][]formattest.Stats{
		"fabio/i01f0001.edf.gz": {{Sum: 70339067, Min: 96, Max: 66814}},
		"fabio/face.edf.gz":     {{Sum: 10034, Min: 0, Max: 1}},
		"fabio/im0000.edf":      {{Sum: 655360, Min: 0, Max: 20}},
		"Lima/mydet_chip_1.edf": {{Sum: 65385, Max: 1}, {}, {Sum: 227713}, {Sum: 458752}},
	} {
		f, err := Open(filepath.Join(dir, name))
		if err != nil {
			t.Error(err)
			continue
		}
		if len(f.Frames) != len(want) {
			t.Errorf("%s: %d frames, expected %d", name, len(f.Frames), len(want))
		}
		for i, w := range want {
			var im pix.Image
			if err := f.Read(i, &im); err != nil {
				t.Fatal(err)
			}
			got := formattest.StatsOf(&im)
			if math.Abs(got.Sum-w.Sum) > 0.5 || i == 0 && (math.Abs(got.Min-w.Min) > 0.5 || math.Abs(got.Max-w.Max) > 0.5) {
				t.Errorf("%s frame %d: %+v, expected %+v", name, i, got, w)
			}
		}
		t.Log(name, f.Frames[0].Type, f.Frames[0].Rows, f.Frames[0].Cols, f.Warnings())
		f.Close()
	}
	_, err := Open(filepath.Join(dir, "fabio/F2K_Seb_Lyso0675_header_only.edf.gz"))
	if !errors.Is(err, ErrTruncated) || !strings.Contains(err.Error(), "8388608") {
		t.Errorf("the cut file: %v, expected ErrTruncated with 8388608 bytes", err)
	}
}

func FuzzParse(f *testing.F) {
	s := suite(f)
	s.Seed(f)
	s.AllocFactor = 1200 // gzip packs 1032 to 1
	f.Fuzz(func(t *testing.T, data []byte) { s.Exercise(t, data) })
}

func BenchmarkReadFile(b *testing.B) {
	path := filepath.Join(b.TempDir(), "a.edf")
	data := []byte("{\nByteOrder = LowByteFirst ;\nDataType = UnsignedShort ;\nDim_1 = 2048 ;\nDim_2 = 2048 ;\nSize = 8388608 ;\n}\n")
	if err := os.WriteFile(path, append(data, make([]byte, 8<<20)...), 0o600); err != nil {
		b.Fatal(err)
	}
	var im pix.Image
	b.SetBytes(8 << 20)
	for b.Loop() {
		if _, err := ReadFile(path, 0, &im); err != nil {
			b.Fatal(err)
		}
	}
}

// TestGoldenErrors opens the damaged files of the golden recipe cases: the error must name
// what the case demands, the file included.
func TestGoldenErrors(t *testing.T) {
	for dir, words := range formattest.GoldenWords(t, "bad_edf_*") {
		name := filepath.Base(dir)
		if name == "bad_edf_other_frame_size" { // a matter of the scan, not of the file
			continue
		}
		path := filepath.Join(dir, "raw", "sample_0001.edf")
		f, err := Open(path)
		for _, motor := range []string{"spy", "spz"} {
			if err != nil {
				break
			}
			if _, err = f.Frames[0].Motor(motor); err != nil {
				err = fmt.Errorf("%s: %w", path, err) // as a caller does
			}
		}
		if err == nil {
			t.Errorf("%s: no error", name)
		} else if lacks := formattest.HasWords(err.Error(), words); lacks != "" {
			t.Errorf("%s: the error does not name %q: %v", name, lacks, err)
		}
	}
	dir := formattest.Shared(t, "golden/recipes")
	if dir == "" {
		return
	}
	for _, name := range []string{"pin_id16a_edf_headersize", "pin_id16a_general_block"} {
		var im pix.Image
		fr, err := ReadFile(filepath.Join(dir, name, "raw", "s_0000.edf"), 0, &im)
		if err != nil || im.Rows != 16 || im.Cols != 18 {
			t.Errorf("%s: %d x %d, %v, expected 16 x 18", name, im.Rows, im.Cols, err)
		}
		if v, err := fr.Motor("spy"); v == 0 || err != nil {
			t.Errorf("%s: spy %v, %v", name, v, err)
		}
	}
}
