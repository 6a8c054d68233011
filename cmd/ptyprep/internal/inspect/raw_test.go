package inspect

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"ptyprep/internal/formats/edf"
	"ptyprep/internal/formats/formattest"
	"ptyprep/internal/formats/mat5"
	"ptyprep/internal/imgproc/pix"
	"ptyprep/internal/scan/problem"
)

const formats = "../../../../internal/formats"

// look inspects a file; text and JSON come out of it without an error.
func look(t *testing.T, path string) (report Report, text string) {
	t.Helper()
	r, err := File(context.Background(), path, Options{})
	if err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	var b bytes.Buffer
	if err := r.WriteText(&b); err != nil {
		t.Fatal(err)
	}
	if _, err := json.Marshal(r); err != nil {
		t.Errorf("%s: not to be had as JSON: %v", path, err)
	}
	return r, b.String()
}

// The sums are those of the pixels that fabio and scipy give (testdata of the formats).
func TestRawFormats(t *testing.T) {
	for _, c := range []struct {
		file  string
		lines []string
	}{
		{"edf/testdata/double_space_motors.edf", []string{"EDF, 1 frame", "frame 0: 6 x 5 uint16, little endian, pixels from byte 1024",
			"sum 1769, min 0, max 381", "motors: sx=1 spy=2.5 spz=-0.3"}},
		{"edf/testdata/multi3.edf", []string{"EDF, 3 frames", "sum 1361, min 0, max 445", "sum 1591, min 0, max 630", "sum 997, min 0, max 442"}},
		{"edf/testdata/gz.edf.gz", []string{"EDF, 1 frame", "sum 1769, min 0, max 381"}},
		{"edf/testdata/f4_be.edf", []string{"5 x 7 float32, big endian", "sum -222.192747116089, min -71.9269104003906, max 100.07258605957"}},
		{"fliraw/testdata/ctrlz.raw", []string{"FLI raw, 1 frame", "frame 0: 12 x 9 uint16", "exptimesec"}},
		{"cbf/testdata/int32.cbf", []string{"CBF, 1 frame", "17 x 23 int32", "sum 1597714, min -2147483647, max 2147483647", "PILATUS"}},
		{"cbf/testdata/bad_md5.cbf", []string{"pixels cannot be read", "MD5"}},
		{"tiff/testdata/pages.tif", []string{"TIFF, ", "frame 1: "}},
		{"mat5/testdata/packed.mat", []string{"MATLAB level 5, 2 variables", "mask: 38 x 44 uint8, sum 1595, min 0, max 1"}},
		{"spec/testdata/aborted.dat", []string{"SPEC, 2 scans", "scan 7.1: ascan  samx 0 0.4  4 1", "3 points, aborted", "samx                 0 to 0.2", "Two_Theta=-6.1149132"}},
		{"spec/testdata/mca.dat", []string{"spectra"}},
		{"spec/testdata/growing.dat", []string{"growing: its last line is not whole"}},
	} {
		_, text := look(t, filepath.Join(formats, c.file))
		for _, l := range c.lines {
			if !strings.Contains(text, l) {
				t.Errorf("%s: %q is not in\n%s", c.file, l, text)
			}
		}
	}
}

// The JSON of a report holds what the text does, under stable names.
func TestRawJSON(t *testing.T) {
	r, _ := look(t, filepath.Join(formats, "edf/testdata/double_space_motors.edf"))
	b, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	var got struct {
		Format string
		Frames []struct {
			Type      string
			Rows      int
			Cols      int
			ByteOrder string `json:"byte_order"`
			Offset    int
			Pixels    struct{ Sum, Min, Max float64 }
			Header    []struct{ Key, Value string }
			Motors    []struct {
				Name  string
				Value float64
			}
		}
	}
	if err := json.Unmarshal(b, &got); err != nil {
		t.Fatal(err)
	}
	f := got.Frames[0]
	if got.Format != "EDF" || f.Type != "uint16" || f.Rows != 6 || f.Cols != 5 || f.ByteOrder != "little" || f.Offset != 1024 || f.Pixels.Sum != 1769 {
		t.Errorf("%s", b)
	}
	if f.Header[0].Key != "HeaderID" || f.Motors[1].Name != "spy" || f.Motors[1].Value != 2.5 {
		t.Errorf("%s", b)
	}
}

// NaN and infinite pixels are counted and do not spoil the sums (JSON has no word for them).
func TestSumUp(t *testing.T) {
	inf := float32(1e38)
	p := pixelsOf(pix.From([]float32{1, inf * inf, 3, -inf * inf, inf*inf - inf*inf}, 1, 5))
	if *p != (Pixels{Sum: 4, Min: 1, Max: 3, NonFinite: 3}) {
		t.Errorf("%+v", *p)
	}
	if p := pixelsOf(pix.From([]float64{inf64(), inf64()}, 1, 2)); *p != (Pixels{NonFinite: 2}) {
		t.Errorf("%+v", *p)
	}
	if p := pixelsOf(pix.From([]int8{-3, 5}, 1, 2)); *p != (Pixels{Sum: 2, Min: -3, Max: 5}) {
		t.Errorf("%+v", *p)
	}
}

// Variables of the same name are looked at one by one.
func TestVariablesOfOneName(t *testing.T) {
	var a, b bytes.Buffer
	if err := errors.Join(mat5.WriteUint8(&a, "m", []uint8{1, 2}, 1, 2), mat5.WriteUint8(&b, "m", []uint8{5}, 1, 1)); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "m.mat")
	if err := os.WriteFile(path, append(a.Bytes(), b.Bytes()[128:]...), 0o666); err != nil {
		t.Fatal(err)
	}
	if _, text := look(t, path); !strings.Contains(text, "m: 1 x 2 uint8, sum 3,") || !strings.Contains(text, "m: 1 x 1 uint8, sum 5,") {
		t.Error(text)
	}
}

// A sum that no float64 holds is null in JSON; without a word for it there would be no report at all.
func TestSumsBeyondFloats(t *testing.T) {
	var b bytes.Buffer
	if err := edf.Write(&b, pix.From([]float64{1.7e308, 1.7e308}, 1, 2), nil); err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string]string{"big.edf": b.String(), "big.spec": "#S 1 x\n#L a\n1.7e308\n1.7e308\n"} {
		path := filepath.Join(t.TempDir(), name)
		if err := os.WriteFile(path, []byte(content), 0o666); err != nil {
			t.Fatal(err)
		}
		r, _ := look(t, path)
		if j, _ := json.Marshal(r); !strings.Contains(string(j), `"sum":null`) {
			t.Errorf("%s", j)
		}
	}
}

func inf64() float64 {
	x := 1e308
	return x * 10
}

// What cannot be read is an Input problem that names the file and says why.
func TestRawProblems(t *testing.T) {
	edf, err := os.ReadFile(filepath.Join(formats, "edf/testdata/u2_le.edf"))
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for name, c := range map[string]struct {
		content []byte
		words   []string
	}{
		"cut.edf":    {edf[:len(edf)-3], []string{"ends too early", "copy may be incomplete"}},
		"text.edf":   {[]byte("no EDF at all"), []string{"no format that can be inspected", "SPEC log"}},
		"empty.cbf":  {nil, []string{"ends too early"}},
		"notes.gz":   {[]byte("\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03\x4b\xcb\xcf\x07\x00\x21\x65\x73\x8c\x03\x00\x00\x00"), []string{"packed with gzip", "no EDF"}},
		"cut.gz":     {[]byte("\x1f\x8b\x08\x00\x00"), []string{"cut.gz"}},
		"header.cbf": {[]byte("###CBF: VERSION 1.5\r\n"), []string{"ends too early"}},
		"a.raw":      {[]byte("% version 1.20\n% rows 3\n% EOH\n"), []string{"columns"}},
	} {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, c.content, 0o666); err != nil {
			t.Fatal(err)
		}
		_, err := File(context.Background(), path, Options{})
		if err == nil {
			t.Errorf("%s: no error", name)
			continue
		}
		p := problem.Of(err)[0]
		if p.Class != problem.Input {
			t.Errorf("%s: class %d: %v", name, p.Class, err)
		}
		for _, w := range append(c.words, name) {
			if !strings.Contains(p.Error()+" "+p.Hint, w) {
				t.Errorf("%s: %q is not in: %s (hint: %s)", name, w, p.Error(), p.Hint)
			}
		}
	}
}

// Measured files of other projects, where they are there, with the sums that fabio gives.
func TestRealFiles(t *testing.T) {
	real := formattest.Shared(t, "real")
	if real == "" {
		return
	}
	for file, lines := range map[string][]string{
		"edf/fabio/i01f0001.edf.gz":                      {"576 x 625 float64", "sum 70339067, min 96, max 66814"},
		"edf/fabio/face.edf.gz":                          {"456 x 123 float32", "sum 10034, min 0, max 1"},
		"edf/fabio/im0000.edf":                           {"256 x 256 float32", "sum 655360, min 0, max 20"},
		"edf/Lima/mydet_chip_1.edf":                      {"EDF, 4 frames", "sum 65385,", "sum 0,", "sum 227713,", "sum 458752,"},
		"fli/fli-ccd-images/ccdimage_00045_00000_00.raw": {"1024 x 60 uint16", "from byte 341", "sum 176508432, min 2831, max 3602"},
		"fli/fli-ccd-images/ccdimage_00045_00003_00.raw": {"sum 176526701, min 2835, max 3650"},
		"cbf/dxtbx/omega_scan.cbf":                       {"619 x 487 int32", "sum -16611, min -2, max 1"},
		"image/islatu/p100kImage_372528_5694283.tif":     {"195 x 487 int32", "sum 21926504, min 0, max 1396370"},
		"image/Savu/raw_00000.tiff":                      {"135 x 160 uint16", "sum 482630903, min 0, max 29921"},
		"image/Savu/dark_00001.tiff":                     {"135 x 160 float32", "sum 2110737, min 0, max 122"},
		"spec/spec2nexus/33bm_spec.dat":                  {"SPEC, 17 scans", "10201 points"},
		"spec/spec2nexus/05_02_test.dat":                 {"SPEC, 39 scans", "scan 110.1: "},
		"spec/spec2nexus/issue161_spock_spec_file":       {"SPEC, 41 scans"},
		"mda/mdaviz/mda_0006.mda":                        {"MDA 1.3, scan 6, 16 x 5 points", "dimension 0: 29idd:scan2", "16 points", "dimension 1: 29idd:scan1", "80 points", "29idd:m3.VAL                   -29 to -23 mm  (z)"},
		"mda/mdaviz/Kappa_0004.mda":                      {"MDA 1.4, scan 4, 51 points", "um  (x)"},
	} {
		_, text := look(t, filepath.Join(real, file))
		for _, l := range lines {
			if !strings.Contains(text, l) {
				t.Errorf("%s: %q is not in\n%.2000s", file, l, text)
			}
		}
	}
	_, err := File(context.Background(), filepath.Join(real, "edf/fabio/F2K_Seb_Lyso0675_header_only.edf.gz"), Options{})
	if err == nil || !strings.Contains(err.Error(), "8388608 bytes") || !strings.Contains(err.Error(), "ends too early") {
		t.Errorf("a file cut behind its header gives %v", err)
	}
}
