package cbf

import (
	"bytes"
	"crypto/md5"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"ptyprep/internal/formats/formattest"
	"ptyprep/internal/imgproc/pix"
)

// pack is the byte-offset packing as CBFlib describes it.
func pack(values []int64) []byte {
	var b []byte
	var last int64
	for _, v := range values {
		d := v - last
		last = v
		switch {
		case d > -128 && d < 128:
			b = append(b, byte(d))
		case d > math.MinInt16 && d <= math.MaxInt16:
			b = binary.LittleEndian.AppendUint16(append(b, 0x80), uint16(d))
		case d > math.MinInt32 && d <= math.MaxInt32:
			b = binary.LittleEndian.AppendUint32(append(b, 0x80, 0, 0x80), uint32(d))
		default:
			b = binary.LittleEndian.AppendUint64(append(b, 0x80, 0, 0x80, 0, 0, 0, 0x80), uint64(d))
		}
	}
	return b
}

// write makes a CBF file; lines of change replace section lines of the same key (an empty
// value leaves the line out).
func write(element string, rows, cols int, packed []byte, change ...string) []byte {
	sum := md5.Sum(packed)
	lines := []string{
		"Content-Type: application/octet-stream;\r\n     conversions=\"x-CBF_BYTE_OFFSET\"",
		"Content-Transfer-Encoding: BINARY", fmt.Sprint("X-Binary-Size: ", len(packed)), "X-Binary-ID: 1",
		fmt.Sprintf("X-Binary-Element-Type: %q", element), "X-Binary-Element-Byte-Order: LITTLE_ENDIAN",
		"Content-MD5: " + base64.StdEncoding.EncodeToString(sum[:]),
		fmt.Sprint("X-Binary-Number-of-Elements: ", rows*cols),
		fmt.Sprint("X-Binary-Size-Fastest-Dimension: ", cols), fmt.Sprint("X-Binary-Size-Second-Dimension: ", rows),
	}
	for _, c := range change {
		key, value, _ := strings.Cut(c, ": ")
		for i := 0; i < len(lines); i++ {
			if strings.HasPrefix(lines[i], key+":") {
				lines = append(lines[:i], lines[i+1:]...)
			}
		}
		if value != "" {
			lines = append(lines, c)
		}
	}
	head := "###CBF: VERSION 1.5\r\ndata_x\r\n_array_data.header_convention \"PILATUS_1.2\"\r\n_array_data.header_contents\r\n;\r\n" +
		"# Detector: PILATUS 300K, S/N 3-0104\r\n# 2011-07-14T12:45:19.719\r\n# Exposure_time 0.5 s\r\n# N_excluded_pixels = 5\r\n# Wavelength long\r\n;\r\n# This is none\r\n" +
		"_array_data.data\r\n;\r\n" + section + "\r\n" + strings.Join(lines, "\r\n") + "\r\n\r\n" + pixelMark
	return append(append([]byte(head), packed...), "\r\n"+section+"--\r\n;\r\n"...)
}

var six = []int64{0, 1, -2, 300, 70000, -1}

func suite(t testing.TB) formattest.Suite {
	ok := pack(six)
	make6 := func(change ...string) []byte { return write("signed 32-bit integer", 2, 3, ok, change...) }
	damaged := bytes.Clone(ok)
	damaged[0]++
	noSum := "Content-MD5: "
	s := formattest.Suite{
		Parse: func(r io.ReaderAt, size int64) (formattest.Opened, error) {
			f, err := Parse(r, size)
			if err != nil {
				return formattest.Opened{}, err
			}
			f.Quantity("Exposure_time")
			read := func(i int, dst *pix.Image) error {
				if i != 0 {
					return errors.New("one frame only")
				}
				return f.Read(dst)
			}
			return formattest.Opened{Frames: 1, Read: read}, nil
		},
		AllocFactor: 100, // "a:\n" becomes an Entry; a packed byte at most 8 bytes
		AllocSlack:  256 << 10,
		Good: []formattest.Sample{
			{Name: "six", Data: make6(), Want: []*pix.Image{pix.From([]int32{0, 1, -2, 300, 70000, -1}, 2, 3)}},
			{Name: "no_sum", Data: make6(noSum, "X-Binary-Number-of-Elements: "), Want: []*pix.Image{pix.From([]int32{0, 1, -2, 300, 70000, -1}, 2, 3)}},
			{Name: "unsigned_wraps", Data: write("unsigned 32-bit integer", 1, 2, pack([]int64{-1, -2})), Want: []*pix.Image{pix.From([]uint32{4294967295, 4294967294}, 1, 2)}},
			{Name: "unsigned_64", Data: write("unsigned 64-bit integer", 1, 2, pack([]int64{math.MinInt64, 5})), Want: []*pix.Image{pix.From([]uint64{1 << 63, 5}, 1, 2)}},
			{Name: "unsigned_16", Data: write("unsigned 16-bit integer", 1, 3, pack([]int64{65535, 0, 40000})), Want: []*pix.Image{pix.From([]uint16{65535, 0, 40000}, 1, 3)}},
			{Name: "unsigned_8", Data: write("unsigned 8-bit integer", 1, 3, pack([]int64{255, 0, 200})), Want: []*pix.Image{pix.From([]uint8{255, 0, 200}, 1, 3)}},
		},
		Bad: []formattest.Bad{
			{Name: "empty", Words: []string{"empty", "0 bytes"}, Is: ErrTruncated},
			{Name: "not_cbf", Data: []byte("{\nDim_1 = 3 ;\n}\n"), Words: []string{"not a CBF file", "###CBF:"}, Is: ErrNotCBF},
			{Name: "no_pixels", Data: []byte("###CBF: VERSION 1.5\r\n"), Words: []string{"header", "0c 1a 04 d5"}, Is: ErrTruncated},
			{Name: "endless_header", Data: append([]byte(magic), bytes.Repeat([]byte("# a b\r\n"), 200000)...), Words: []string{"1048576"}},
			{Name: "other_packing", Data: make6(`Content-Type: application/octet-stream; conversions="x-CBF_PACKED"`), Words: []string{"x-CBF_PACKED", "x-CBF_BYTE_OFFSET"}},
			{Name: "base64", Data: make6("Content-Transfer-Encoding: BASE64"), Words: []string{"BASE64"}},
			{Name: "big_endian", Data: make6("X-Binary-Element-Byte-Order: BIG_ENDIAN"), Words: []string{"BIG_ENDIAN", "LITTLE_ENDIAN"}},
			{Name: "no_type", Data: make6("X-Binary-Element-Type: "), Words: []string{"X-Binary-Element-Type"}},
			{Name: "float", Data: make6(`X-Binary-Element-Type: "signed 32-bit real IEEE"`), Words: []string{"real IEEE"}},
			{Name: "no_size", Data: make6("X-Binary-Size: "), Words: []string{"X-Binary-Size"}},
			{Name: "no_rows", Data: make6("X-Binary-Size-Second-Dimension: "), Words: []string{"X-Binary-Size-Second-Dimension"}},
			{Name: "no_columns", Data: make6("X-Binary-Size-Fastest-Dimension: "), Words: []string{"X-Binary-Size-Fastest-Dimension"}},
			{Name: "negative_rows", Data: make6("X-Binary-Size-Second-Dimension: -2"), Words: []string{"Second-Dimension", "-2"}},
			{Name: "absurd_rows", Data: make6("X-Binary-Size-Second-Dimension: 9223372036854775807", "X-Binary-Number-of-Elements: "), Words: []string{"9223372036854775807", "do not fit"}},
			{Name: "absurd_size", Data: make6("X-Binary-Size: 2000000000"), Words: []string{"2000000000"}, Is: ErrTruncated},
			{Name: "stack", Data: make6("X-Binary-Size-Third-Dimension: 2"), Words: []string{"Third-Dimension", "2"}},
			{Name: "elements", Data: make6("X-Binary-Number-of-Elements: 7"), Words: []string{"7", "2 rows x 3 columns = 6"}},
			{Name: "sum_unreadable", Data: make6("Content-MD5: abc"), Words: []string{"Content-MD5", "abc"}},
			{Name: "sum_wrong", Data: formattest.MustRead(t, "testdata/bad_md5.cbf"), Words: []string{"MD5"}, Is: ErrChecksum},
			{Name: "damaged", Data: bytes.Replace(make6(), ok, damaged, 1), Words: []string{"MD5"}, Is: ErrChecksum},
			{Name: "too_many_bytes", Data: write("signed 32-bit integer", 2, 2, ok), Words: []string{"4 pixels take", fmt.Sprint(len(ok))}},
			{Name: "too_few_bytes", Data: write("signed 32-bit integer", 2, 4, ok), Words: []string{"end at pixel 6 of 8"}},
			{Name: "cut_in_int16", Data: write("signed 32-bit integer", 1, 2, []byte{0, 0x80, 1}), Words: []string{"end at pixel 1 of 2"}},
			{Name: "cut_in_int32", Data: write("signed 32-bit integer", 1, 2, []byte{0, 0x80, 0, 0x80, 1}), Words: []string{"end at pixel 1 of 2"}},
			{Name: "cut_in_int64", Data: write("signed 32-bit integer", 1, 2, []byte{0, 0x80, 0, 0x80, 0, 0, 0, 0x80, 9}), Words: []string{"end at pixel 1 of 2"}},
		},
	}
	for i := range s.Good {
		s.Good[i].Complete = len(s.Good[i].Data) - len("\r\n"+section+"--\r\n;\r\n")
	}
	for name, frames := range formattest.Pixels(t, "testdata/pixels.json") {
		data := formattest.MustRead(t, filepath.Join("testdata", name))
		s.Good = append(s.Good, formattest.Sample{Name: name, Data: data, Want: frames})
	}
	return s
}

// Folded lines belong to the line in front, and a header of nothing else is read as fast as another.
func TestFoldedLines(t *testing.T) {
	b := write("signed 32-bit integer", 2, 3, pack(six), "X-Binary-ID: 1\r\n\ttwo \r\n three\r\n")
	f, err := Parse(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		t.Fatal(err)
	}
	if v, _ := lookUp(f.Section, "X-Binary-ID"); v != "1 two three" {
		t.Errorf("%q", v)
	}
	b = write("signed 32-bit integer", 2, 3, pack(six), "X-Binary-ID: 1"+strings.Repeat("\n a", 300000))
	if f, err = Parse(bytes.NewReader(b), int64(len(b))); err != nil {
		t.Fatal(err)
	}
	if v, _ := lookUp(f.Section, "X-Binary-ID"); len(v) != 1+2*300000 {
		t.Errorf("%d bytes", len(v))
	}
}

func TestConformance(t *testing.T) { formattest.Run(t, suite(t)) }

// TestPackedRandom packs random steps of every width and reads them back.
func TestPackedRandom(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	values := make([]int64, 50*40)
	for i := range values {
		values[i] = rng.Int64N(1<<uint(1+rng.IntN(31))) - 2
	}
	values[7], values[8] = math.MinInt32, math.MaxInt32 // a step that takes an int64
	data := write("signed 32-bit integer", 50, 40, pack(values))
	f, err := Parse(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		t.Fatal(err)
	}
	var im pix.Image
	if err := f.Read(&im); err != nil {
		t.Fatal(err)
	}
	for i, v := range pix.Pixels[int32](&im) {
		if int64(v) != values[i] {
			t.Fatalf("pixel %d is %d, expected %d", i, v, values[i])
		}
	}
}

func TestHeader(t *testing.T) {
	data := write("signed 32-bit integer", 2, 3, pack(six))
	f, err := Parse(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		t.Fatal(err)
	}
	if f.Convention != "PILATUS_1.2" || !f.Checked() || len(f.Detector) != 5 {
		t.Errorf("convention %q, checked %v, %q", f.Convention, f.Checked(), f.Detector)
	}
	for key, want := range map[string]string{"detector": "PILATUS 300K, S/N 3-0104", "Exposure_time": "0.5 s", "N_excluded_pixels": "5", "2011-07-14T12:45:19.719": ""} {
		if v, ok := f.Get(key); !ok || v != want {
			t.Errorf("%s is %q, expected %q", key, v, want)
		}
	}
	if v, unit, err := f.Quantity("exposure_time"); v != 0.5 || unit != "s" || err != nil {
		t.Errorf("exposure %v %q, %v", v, unit, err)
	}
	for _, key := range []string{"Wavelength", "Tau"} {
		if _, _, err := f.Quantity(key); err == nil || !strings.Contains(err.Error(), key) {
			t.Errorf("%s: %v", key, err)
		}
	}
}

func TestOpenNamesThePath(t *testing.T) {
	path := filepath.Join(t.TempDir(), "e16403_1_02047_00000_00000.cbf")
	var im pix.Image
	if _, err := ReadFile(path, &im); err == nil || !strings.Contains(err.Error(), path) || !errors.Is(err, os.ErrNotExist) {
		t.Errorf("missing file: %v", err)
	}
	if _, err := ReadFile("testdata/bad_md5.cbf", &im); err == nil || !strings.Contains(err.Error(), "bad_md5.cbf") || !errors.Is(err, ErrChecksum) {
		t.Errorf("damaged file: %v", err)
	}
	if err := os.WriteFile(path, []byte(magic), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(path); err == nil || !strings.Contains(err.Error(), path) || !errors.Is(err, ErrTruncated) {
		t.Errorf("cut file: %v", err)
	}
}

// TestRealFile compares with numbers that fabio 0.14 gives for a Pilatus 300K image.
func TestRealFile(t *testing.T) {
	dir := formattest.Shared(t, "real/cbf/dxtbx")
	if dir == "" {
		return
	}
	var im pix.Image
	f, err := ReadFile(filepath.Join(dir, "omega_scan.cbf"), &im)
	if err != nil {
		t.Fatal(err)
	}
	want := formattest.Stats{Sum: -16611, Min: -2, Max: 1}
	if got := formattest.StatsOf(&im); got != want || im.Rows != 619 || im.Cols != 487 || im.Type != pix.Int32 {
		t.Errorf("%d x %d %v %+v, expected 619 x 487 int32 %+v", im.Rows, im.Cols, im.Type, got, want)
	}
	if v, unit, err := f.Quantity("Wavelength"); v != 0.68937 || unit != "A" || err != nil {
		t.Errorf("wavelength %v %q %v", v, unit, err)
	}
	if _, ok := f.Get("This"); ok {
		t.Error("a comment outside of the header contents counts as a detector line")
	}
}

func FuzzParse(f *testing.F) {
	s := suite(f)
	s.Seed(f)
	f.Fuzz(func(t *testing.T, data []byte) { s.Exercise(t, data) })
}

// BenchmarkReadFile reads a Pilatus 2M frame of weak scattering.
func BenchmarkReadFile(b *testing.B) {
	rng := rand.New(rand.NewPCG(1, 2))
	values := make([]int64, 1679*1475)
	for i := range values {
		values[i] = rng.Int64N(8)
		if i%50 == 0 {
			values[i] = rng.Int64N(5000)
		}
	}
	path := filepath.Join(b.TempDir(), "a.cbf")
	if err := os.WriteFile(path, write("signed 32-bit integer", 1679, 1475, pack(values)), 0o600); err != nil {
		b.Fatal(err)
	}
	var im pix.Image
	b.SetBytes(4 * 1679 * 1475)
	for b.Loop() {
		if _, err := ReadFile(path, &im); err != nil {
			b.Fatal(err)
		}
	}
}
