package fliraw

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"ptyprep/internal/formats/formattest"
	"ptyprep/internal/imgproc/pix"
)

// raw writes a 2 x 3 file of the counts 1..6; lines replaces header lines of the same name,
// a name without value leaves the line out.
func raw(tail string, lines ...string) []byte {
	head := []string{"version 1.20", `CCD_model "Proline PL1001E"`, "rows 2", "columns 3", "exptimesec_client 5.000",
		"exptimesec_measured 5.001", "exptimesec 5.000000", "timestamp_string Fri Mar  1 17:34:41 2013\n", "monitorcounts 5", "ROI 500 4 503 6"}
	for _, l := range lines {
		name, _, hasValue := strings.Cut(l, " ")
		for i := 0; i < len(head); i++ {
			if strings.HasPrefix(head[i], name+" ") {
				head = append(head[:i], head[i+1:]...)
				break
			}
		}
		if hasValue {
			head = append(head, l)
		}
	}
	return []byte("% " + strings.Join(head, "\n% ") + "\n% EOH\n" + tail)
}

const one2six = "\x01\x00\x02\x00\x03\x00\x04\x00\x05\x00\x06\x00"

func suite(t testing.TB) formattest.Suite {
	s := formattest.Suite{
		Parse: func(r io.ReaderAt, size int64) (formattest.Opened, error) {
			f, err := Parse(r, size)
			if err != nil {
				return formattest.Opened{}, err
			}
			f.Header.ExposureS("exp_time")
			f.Header.Ints("roi_set")
			read := func(i int, dst *pix.Image) error {
				if i != 0 {
					return errors.New("one frame only")
				}
				return f.Read(dst)
			}
			return formattest.Opened{Frames: 1, Read: read}, nil
		},
		AllocFactor: 100, // "%a\n" becomes a Field
		AllocSlack:  256 << 10,
		Bad: []formattest.Bad{
			{Name: "empty", Words: []string{"empty", "0 bytes"}, Is: ErrTruncated},
			{Name: "no_eoh", Data: []byte("% rows 2\n% columns 3\n" + one2six), Words: []string{"EOH"}},
			{Name: "not_fli", Data: []byte("{\nDim_1 = 3 ;\n}\n"), Words: []string{"no header", "EOH"}},
			{Name: "no_eoh_in_64k", Data: append(bytes.Repeat([]byte("% a b\n"), 20000), "% EOH\n"...), Words: []string{"EOH", "65536"}},
			{Name: "no_rows", Data: raw(one2six, "rows"), Words: []string{"rows", "there are: version"}},
			{Name: "no_columns", Data: raw(one2six, "columns"), Words: []string{"columns"}},
			{Name: "negative_rows", Data: raw(one2six, "rows -20"), Words: []string{"rows", "-20"}},
			{Name: "rows_text", Data: raw(one2six, "rows two"), Words: []string{"rows", "two"}},
			{Name: "rows_empty", Data: []byte("% rows\n% columns 3\n% EOH\n" + one2six), Words: []string{"% rows", "no value"}},
			{Name: "absurd_rows", Data: raw("\x1a"+one2six, "rows 2000000000"), Words: []string{"2000000000", "12 are there"}, Is: ErrTruncated},
			{Name: "overflow", Data: raw(one2six, "rows 4611686018427387905", "columns 4611686018427387904"), Words: []string{"4611686018427387905"}, Is: ErrTruncated},
			{Name: "pixels_cut", Data: raw("\x1a" + one2six[:10]), Words: []string{"12", "10 are there"}, Is: ErrTruncated},
			{Name: "other_shape", Data: raw("\x1a" + one2six + "x"), Words: []string{"12", "14", "another shape"}},
			{Name: "odd_byte", Data: raw("x" + one2six), Words: []string{"0x78", "0x1a"}},
		},
	}
	for name, frames := range formattest.Pixels(t, "testdata/pixels.json") {
		data := formattest.MustRead(t, filepath.Join("testdata", name))
		g := formattest.Sample{Name: name, Data: data, Want: frames, Complete: len(data)}
		if name == "ctrlz.raw" || name == "newlines_in_pixels.raw" { // see TestCutByOneByte
			g.Unjudged = []int{len(data) - 1}
		}
		s.Good = append(s.Good, g)
	}
	return s
}

func TestConformance(t *testing.T) { formattest.Run(t, suite(t)) }

func TestGoldenFields(t *testing.T) {
	var want map[string]map[string]any
	if err := json.Unmarshal(formattest.MustRead(t, "testdata/expected.json"), &want); err != nil {
		t.Fatal(err)
	}
	for file, fields := range want {
		var im pix.Image
		h, err := ReadFile(filepath.Join("testdata", file), &im)
		if err != nil {
			t.Fatal(err)
		}
		for name, w := range fields {
			var got any
			if list, ok := w.([]any); ok {
				ints, err := h.Ints(name)
				got, w = fmt.Sprint(ints), fmt.Sprint(list)
				if err != nil {
					t.Error(err)
				}
			} else if got, err = h.Float(name); err != nil {
				t.Error(err)
			}
			if got != w {
				t.Errorf("%s: %s = %v, expected %v", file, name, got, w)
			}
		}
	}
}

func TestHeader(t *testing.T) {
	data := raw(one2six, "exptimesec 0.000", "spare \xb5m", "rows 7")
	data = bytes.Replace(data, []byte("% rows 7\n"), []byte("% rows 7\r\n% rows 2\n"), 1)
	f, err := Parse(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		t.Fatal(err)
	}
	if f.Rows != 2 || len(f.Warnings()) != 1 || !strings.Contains(f.Warnings()[0], "rows") {
		t.Errorf("rows twice: %d rows, warnings %q", f.Rows, f.Warnings())
	}
	for name, want := range map[string]string{"ccd_model": `"Proline PL1001E"`, "timestamp_string": "Fri Mar  1 17:34:41 2013", "spare": "µm", "EOH": ""} {
		if got, ok := f.Header.Get(name); !ok || got != want {
			t.Errorf("%s = %q, expected %q", name, got, want)
		}
	}
	if v, err := f.Header.ExposureS("exp_time_measured"); v != 5.001 || err != nil {
		t.Errorf("measured exposure %v, %v", v, err)
	}
	if _, err := f.Header.ExposureS("exp_time"); err == nil || !strings.Contains(err.Error(), "exp_time") || !strings.Contains(err.Error(), "is 0 s") {
		t.Errorf("exposure 0: %v", err)
	}
	if _, err := f.Header.Float("roi_visible"); err == nil || !strings.Contains(err.Error(), "area_visible") || !strings.Contains(err.Error(), "ROI") {
		t.Errorf("missing field: %v, expected the name in the file and the list", err)
	}
	if n := len(f.Header.Fields()); n != 13 {
		t.Errorf("%d fields", n)
	}
}

// TestCutByOneByte: a file with a marker that lost its last byte has the length of a file
// without one, and pixels may begin with 0x1A, so the format cannot tell the two apart. It
// is read, with a warning.
func TestCutByOneByte(t *testing.T) {
	data := raw("\x1a" + one2six)
	data = data[:len(data)-1]
	f, err := Parse(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		t.Fatal(err)
	}
	var im pix.Image
	if err := f.Read(&im); err != nil || pix.Pixels[uint16](&im)[0] != 0x011a {
		t.Errorf("%v, %v", err, pix.Pixels[uint16](&im))
	}
	if len(f.Warnings()) != 1 || !strings.Contains(f.Warnings()[0], "lost its last byte") {
		t.Errorf("warnings: %q", f.Warnings())
	}
}

func TestOpenNamesThePath(t *testing.T) {
	path := filepath.Join(t.TempDir(), "ccdimage_00074_00001_01.raw")
	if _, err := Open(path); err == nil || !strings.Contains(err.Error(), path) || !errors.Is(err, os.ErrNotExist) {
		t.Errorf("missing file: %v", err)
	}
	if err := os.WriteFile(path, raw("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(path); err == nil || !strings.Contains(err.Error(), path) || !errors.Is(err, ErrTruncated) {
		t.Errorf("cut file: %v", err)
	}
}

// TestRealFiles compares with sums measured with numpy (little-endian uint16 behind the
// marker).
func TestRealFiles(t *testing.T) {
	dir := formattest.Shared(t, "real/fli/fli-ccd-images")
	if dir == "" {
		return
	}
	for name, want := range map[string]formattest.Stats{
		"ccdimage_00045_00000_00.raw": {Sum: 176508432, Min: 2831, Max: 3602},
		"ccdimage_00045_00001_00.raw": {Sum: 176504340, Min: 2833, Max: 3664},
		"ccdimage_00045_00002_00.raw": {Sum: 176509843, Min: 2834, Max: 3635},
		"ccdimage_00045_00003_00.raw": {Sum: 176526701, Min: 2835, Max: 3650},
	} {
		var im pix.Image
		h, err := ReadFile(filepath.Join(dir, name), &im)
		if err != nil {
			t.Error(err)
			continue
		}
		if got := formattest.StatsOf(&im); got != want || im.Rows != 1024 || im.Cols != 60 {
			t.Errorf("%s: %d x %d %+v, expected 1024 x 60 %+v", name, im.Rows, im.Cols, got, want)
		}
		if v, err := h.ExposureS("exp_time"); v != 5 || err != nil {
			t.Errorf("%s: exposure %v s, %v, expected 5", name, v, err)
		}
	}
}

func FuzzParse(f *testing.F) {
	s := suite(f)
	s.Seed(f)
	f.Fuzz(func(t *testing.T, data []byte) { s.Exercise(t, data) })
}

// TestGoldenErrors opens the damaged files of the golden recipe cases: the error must name
// what the case demands, the file included.
func TestGoldenErrors(t *testing.T) {
	seen := 0
	for dir, words := range formattest.GoldenWords(t, "bad_fli_*") {
		name := filepath.Base(dir)
		switch name {
		case "bad_fli_absurd_dimensions", "bad_fli_empty_file", "bad_fli_missing_eoh", "bad_fli_missing_rows", "bad_fli_negative_rows", "bad_fli_truncated_data":
		default: // matters of the scan, not of the file
			continue
		}
		seen++
		_, err := Open(filepath.Join(dir, "data/ccdfli/S00000-00999/S00074/ccdimage_00074_00001_01.raw"))
		if err == nil {
			t.Errorf("%s: no error", name)
		} else if lacks := formattest.HasWords(err.Error(), words); lacks != "" {
			t.Errorf("%s: the error does not name %q: %v", name, lacks, err)
		}
	}
	t.Log(seen, "cases")
}
