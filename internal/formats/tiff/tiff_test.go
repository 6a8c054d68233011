package tiff

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"ptyprep/internal/formats/formattest"
	"ptyprep/internal/imgproc/pix"
)

// tags are fields of whole numbers by tag; text stands in tag 270.
type tags map[uint16][]uint32

// write makes a little-endian TIFF file: header, pixel bytes at 8, then one directory with
// all values as LONG, which a reader must take like SHORT.
func write(pixels []byte, text string, over tags) []byte {
	fields := tags{tagWidth: {3}, tagLength: {2}, tagBits: {16}, tagStripOffsets: {8}, tagStripCounts: {uint32(len(pixels))}, tagRowsPerStrip: {2}}
	for k, v := range over {
		if v == nil {
			delete(fields, k)
		} else {
			fields[k] = v
		}
	}
	le := binary.LittleEndian
	b := le.AppendUint16([]byte("II"), 42)
	b = append(le.AppendUint32(b, 0), pixels...)
	b = append(b, text...)
	at := len(b) - len(text)
	le.PutUint32(b[4:], uint32(len(b)))
	keys := make([]int, 0, len(fields))
	for k := range fields {
		keys = append(keys, int(k))
	}
	slices.Sort(keys)
	n := len(keys)
	if text != "" {
		n++
	}
	extra := len(b) + 2 + 12*n + 4
	var values []byte
	b = le.AppendUint16(b, uint16(n))
	for _, k := range keys {
		v := fields[uint16(k)]
		b = le.AppendUint32(le.AppendUint16(le.AppendUint16(b, uint16(k)), 4), uint32(len(v)))
		if len(v) == 1 {
			b = le.AppendUint32(b, v[0])
			continue
		}
		b = le.AppendUint32(b, uint32(extra+len(values)))
		for _, x := range v {
			values = le.AppendUint32(values, x)
		}
	}
	if text != "" { // fields need not be sorted for a lenient reader
		b = le.AppendUint32(le.AppendUint32(le.AppendUint16(le.AppendUint16(b, tagDescription), 2), uint32(len(text))), uint32(at))
	}
	return append(le.AppendUint32(b, 0), values...)
}

var one2six = []byte{1, 0, 2, 0, 3, 0, 4, 0, 5, 0, 6, 0}

func bad(name string, over tags, words ...string) formattest.Bad {
	return formattest.Bad{Name: name, Data: write(one2six, "", over), Words: words}
}

func truncated(b formattest.Bad) formattest.Bad {
	b.Is = ErrTruncated
	return b
}

// circle has a directory whose next one is itself.
func circle() []byte {
	b := write(one2six, "", nil)
	at := int(binary.LittleEndian.Uint32(b[4:]))
	binary.LittleEndian.PutUint32(b[at+2+12*6:], uint32(at))
	return b
}

func suite(t testing.TB) formattest.Suite {
	s := formattest.Suite{
		Parse: func(r io.ReaderAt, size int64) (formattest.Opened, error) {
			f, err := Parse(r, size)
			if err != nil {
				return formattest.Opened{}, err
			}
			f.Frames[0].Get("Exposure_time")
			return formattest.Opened{Frames: len(f.Frames), Read: f.Read}, nil
		},
		AllocFactor: 300,
		AllocSlack:  1 << 20,
		Bad: []formattest.Bad{
			{Name: "empty", Words: []string{"empty", "0 bytes"}, Is: ErrTruncated},
			{Name: "short", Data: []byte("II*"), Words: []string{"3 bytes", "8"}, Is: ErrTruncated},
			{Name: "not_tiff", Data: []byte("{\nDim_1 = 3 ;\n}\n"), Words: []string{"not a TIFF file", "II", "MM"}, Is: ErrNotTIFF},
			{Name: "version", Data: []byte("II\x07\x00\x08\x00\x00\x00"), Words: []string{"7", "42", "43"}, Is: ErrNotTIFF},
			{Name: "bigtiff_short", Data: []byte("II\x2b\x00\x08\x00\x00\x00"), Words: []string{"16"}, Is: ErrTruncated},
			{Name: "no_directory", Data: []byte("II\x2a\x00\x00\x00\x00\x00"), Words: []string{"no image"}},
			{Name: "directory_outside", Data: []byte("II\x2a\x00\x00\x00\x00\x7f"), Words: []string{"directory 0"}, Is: ErrTruncated},
			{Name: "circle", Data: circle(), Words: []string{"circle"}},
			bad("no_width", tags{tagWidth: nil}, "ImageWidth"),
			bad("no_length", tags{tagLength: nil}, "ImageLength"),
			bad("zero_length", tags{tagLength: {0}}, "ImageLength", "0"),
			truncated(bad("absurd_width", tags{tagWidth: {2000000000}}, "2000000000", "12 bytes")),
			truncated(bad("absurd_both", tags{tagWidth: {2000000000}, tagLength: {2000000000}, tagRowsPerStrip: {2000000000}}, "2000000000")),
			bad("absurd_strips", tags{tagLength: {2000000000}, tagRowsPerStrip: {1}}, "2000000000", "need 2000000000 strips"),
			bad("absurd_packed", tags{tagCompression: {8}, tagLength: {2000000}, tagRowsPerStrip: {2000000}}, "2000000"),
			bad("bits", tags{tagBits: {12}}, "12 bits"),
			bad("half", tags{tagSampleFormat: {3}}, "16 bits", "format 3"),
			bad("complex", tags{tagBits: {64}, tagSampleFormat: {6}}, "format 6"),
			bad("colour", tags{tagSamples: {3}}, "3 numbers per pixel"),
			bad("colour_table", tags{tagPhotometric: {3}}, "colour table"),
			bad("different_bits", tags{tagBits: {16, 8}}, "tag 258", "16, 8"),
			bad("fill_order", tags{tagFillOrder: {2}}, "FillOrder"),
			bad("jpeg", tags{tagCompression: {7}}, "Compression", "7", "LZW"),
			bad("predictor", tags{tagPredictor: {4}}, "Predictor", "4"),
			bad("float_predictor", tags{tagPredictor: {3}, tagCompression: {8}}, "predictor", "uint16"),
			bad("no_offsets", tags{tagStripOffsets: nil}, "StripOffsets"),
			bad("counts", tags{tagStripOffsets: {8, 10}, tagStripCounts: {6}, tagRowsPerStrip: {1}}, "2 strip offsets", "1 byte counts"),
			bad("too_many_strips", tags{tagStripOffsets: {8, 10}, tagStripCounts: {6, 6}}, "need 1 strips", "2"),
			bad("rows_per_strip", tags{tagRowsPerStrip: {0}}, "RowsPerStrip"),
			truncated(bad("strip_outside", tags{tagStripOffsets: {500}}, "strip 0", "12 bytes at 500")),
			truncated(bad("count_outside", tags{tagStripCounts: {4000000000}}, "strip 0", "4000000000")),
			truncated(bad("strip_too_short", tags{tagStripCounts: {10}}, "strip 0", "10 bytes")),
			bad("shared_strips", tags{tagLength: {40}, tagRowsPerStrip: {2}, tagStripOffsets: slices.Repeat([]uint32{8}, 20), tagStripCounts: slices.Repeat([]uint32{100}, 20)}, "share"),
			bad("tile_zero", tags{tagTileOffsets: {8}, tagTileCounts: {12}}, "tiles of 0 rows"),
			bad("not_deflate", tags{tagCompression: {8}}, "deflate"),
			bad("not_lzw", tags{tagCompression: {5}}, "packed data"),
			bad("packbits_short", tags{tagCompression: {32773}, tagStripCounts: {2}, tagStripOffsets: {9}}, "too early"),
			bad("imagej_short", nil, ""), // replaced below
		},
	}
	s.Bad[len(s.Bad)-1] = formattest.Bad{Name: "imagej_short", Data: write(one2six, "ImageJ=1.11a\nimages=300\n\x00", nil), Words: []string{"300 images of 12 bytes"}, Is: ErrTruncated}
	for name, frames := range formattest.Pixels(t, "testdata/pixels.json") {
		g := formattest.Sample{Name: name, Data: formattest.MustRead(t, filepath.Join("testdata", name)), Want: frames}
		if strings.Contains(name, "tiled") || strings.Contains(name, "zip") || strings.Contains(name, "lzw") ||
			strings.Contains(name, "deflate") || strings.Contains(name, "packbits") {
			g.Allocs = 100 // buffers and unpackers
		}
		s.Good = append(s.Good, g)
	}
	s.Good = append(s.Good,
		formattest.Sample{Name: "written", Data: write(one2six, "", nil), Want: []*pix.Image{pix.From([]uint16{1, 2, 3, 4, 5, 6}, 2, 3)}},
		formattest.Sample{Name: "no_counts", Data: write(one2six, "", tags{tagStripCounts: nil}), Want: []*pix.Image{pix.From([]uint16{1, 2, 3, 4, 5, 6}, 2, 3)}},
		formattest.Sample{Name: "strips_backwards", Data: write(one2six, "", tags{tagRowsPerStrip: {1}, tagStripOffsets: {14, 8}, tagStripCounts: {6, 6}}), Want: []*pix.Image{pix.From([]uint16{4, 5, 6, 1, 2, 3}, 2, 3)}},
		formattest.Sample{Name: "planes", Data: write(one2six, "", tags{tagSamples: {2}, tagPlanar: {2}, tagBits: {16, 16}, tagLength: {1}, tagStripOffsets: {8, 14}, tagStripCounts: {6, 6}}),
			Want: []*pix.Image{pix.From([]uint16{1, 2, 3}, 1, 3), pix.From([]uint16{4, 5, 6}, 1, 3)}},
		formattest.Sample{Name: "imagej_one_directory", Data: write(one2six, "ImageJ=1.11a\nimages=2\nslices=2\n\x00", tags{tagLength: {1}, tagRowsPerStrip: {1}, tagStripCounts: {6}}),
			Want: []*pix.Image{pix.From([]uint16{1, 2, 3}, 1, 3), pix.From([]uint16{4, 5, 6}, 1, 3)}},
		formattest.Sample{Name: "pages", Data: formattest.MustRead(t, "testdata/pages.tif"),
			Want: []*pix.Image{formattest.Pixels(t, "testdata/pixels.json")["u2_pil.tif"][0], formattest.Pixels(t, "testdata/pixels.json")["u4.tif"][0]}},
	)
	return s
}

func TestConformance(t *testing.T) { formattest.Run(t, suite(t)) }

func TestWarnings(t *testing.T) {
	for word, over := range map[string]tags{"white": {tagPhotometric: {0}}, "orientation 6": {tagOrientation: {6}}} {
		data := write(one2six, "", over)
		f, err := Parse(bytes.NewReader(data), int64(len(data)))
		if err != nil || len(f.Warnings()) != 1 || !strings.Contains(f.Warnings()[0], word) {
			t.Errorf("%s: %v, %q", word, err, f.Warnings())
		}
	}
	data := write(one2six, "", tags{tagSubfile: {1}})
	if _, err := Parse(bytes.NewReader(data), int64(len(data))); err == nil || !strings.Contains(err.Error(), "no image") {
		t.Errorf("a file with a preview only: %v", err)
	}
}

func TestPilatusDescription(t *testing.T) {
	text := "# Pixel_size 172e-6 m x 172e-6 m\r\n# Exposure_time 1.5 s\n# Tau = 199.1e-09 s\n# Threshold_setting: 7000 eV\n# Gain_setting: autog (vrf = 1.000)\n#\nplain line\n\x00"
	data := write(one2six, text, nil)
	f, err := Parse(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		t.Fatal(err)
	}
	fr := f.Frames[0]
	if n := len(fr.Entries()); n != 5 {
		t.Errorf("%d entries: %q", n, fr.Entries())
	}
	for key, want := range map[string]string{"exposure_time 1.5": "s", "Tau 1.991e-07": "s", "Threshold_setting 7000": "eV", "Pixel_size 0.000172": "m x 172e-6 m"} {
		name, number, _ := strings.Cut(key, " ")
		v, unit, err := fr.Quantity(name)
		if err != nil || unit != want || fmt.Sprint(v) != number {
			t.Errorf("%s: %v %q %v", key, v, unit, err)
		}
	}
	for _, key := range []string{"Gain_setting", "Flux"} {
		if _, _, err := fr.Quantity(key); err == nil || !strings.Contains(err.Error(), key) {
			t.Errorf("%s: %v", key, err)
		}
	}
}

// TestUnpackBits has the example of the TIFF 6.0 specification, page 42.
func TestUnpackBits(t *testing.T) {
	packed := []byte{0xfe, 0xaa, 0x02, 0x80, 0x00, 0x2a, 0xfd, 0xaa, 0x03, 0x80, 0x00, 0x2a, 0x22, 0xf7, 0xaa}
	want := []byte{0xaa, 0xaa, 0xaa, 0x80, 0x00, 0x2a, 0xaa, 0xaa, 0xaa, 0xaa, 0x80, 0x00, 0x2a, 0x22, 0xaa, 0xaa, 0xaa, 0xaa, 0xaa, 0xaa, 0xaa, 0xaa, 0xaa, 0xaa}
	out := make([]byte, len(want))
	if err := unpackBits(out, packed); err != nil || !bytes.Equal(out, want) {
		t.Errorf("% x, %v", out, err)
	}
	for n := range len(packed) {
		if err := unpackBits(out, packed[:n]); err == nil {
			t.Errorf("%d of the packed bytes: no error", n)
		}
	}
}

func TestOpenNamesThePath(t *testing.T) {
	path := filepath.Join(t.TempDir(), "raw_00000.tiff")
	var im pix.Image
	if _, err := ReadFile(path, 0, &im); err == nil || !strings.Contains(err.Error(), path) || !errors.Is(err, os.ErrNotExist) {
		t.Errorf("missing file: %v", err)
	}
	if err := os.WriteFile(path, []byte("II*\x00"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(path); err == nil || !strings.Contains(err.Error(), path) || !errors.Is(err, ErrTruncated) {
		t.Errorf("cut file: %v", err)
	}
	if _, err := ReadFile("testdata/u1.tif", 1, &im); err == nil || !strings.Contains(err.Error(), "u1.tif") || !strings.Contains(err.Error(), "holds 1") {
		t.Errorf("frame 1 of 1: %v", err)
	}
}

// TestRealFiles compares with numbers that fabio 0.14 gives.
func TestRealFiles(t *testing.T) {
	dir := formattest.Shared(t, "real/image")
	if dir == "" {
		return
	}
	for name, want := range map[string]struct {
		typ pix.Type
		formattest.Stats
	}{
		"islatu/p100kImage_372528_5694283.tif": {pix.Int32, formattest.Stats{Sum: 21926504, Max: 1396370}},
		"islatu/p100kImage_372528_5694284.tif": {pix.Int32, formattest.Stats{Sum: 23690961, Max: 1401762}},
		"Savu/raw_00000.tiff":                  {pix.Uint16, formattest.Stats{Sum: 482630903, Max: 29921}},
		"Savu/dark_00001.tiff":                 {pix.Float32, formattest.Stats{Sum: 2110737, Max: 122}},
	} {
		var im pix.Image
		fr, err := ReadFile(filepath.Join(dir, name), 0, &im)
		if err != nil {
			t.Error(err)
			continue
		}
		got := formattest.StatsOf(&im)
		got.Sum, got.Max = float64(int64(got.Sum+0.5)), float64(int64(got.Max+0.5))
		if got != want.Stats || im.Type != want.typ {
			t.Errorf("%s: %v %+v, expected %+v", name, im.Type, got, want)
		}
		if strings.HasPrefix(name, "islatu") {
			if v, unit, err := fr.Quantity("Exposure_time"); v != 1 || unit != "s" || err != nil {
				t.Errorf("%s: exposure %v %q %v", name, v, unit, err)
			}
		}
	}
}

func FuzzParse(f *testing.F) {
	s := suite(f)
	s.AllocFactor = 9000 // LZW packs up to 4096 to 1; the image and a chunk buffer
	s.Seed(f)
	f.Fuzz(func(t *testing.T, data []byte) { s.Exercise(t, data) })
}
