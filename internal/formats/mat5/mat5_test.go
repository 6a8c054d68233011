package mat5

import (
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"ptyprep/internal/formats/formattest"
	"ptyprep/internal/imgproc/pix"
)

// writer makes MAT-files byte by byte, in either byte order.
type writer struct {
	binary.ByteOrder
	app binary.AppendByteOrder
}

var (
	little = writer{binary.LittleEndian, binary.LittleEndian}
	big    = writer{binary.BigEndian, binary.BigEndian}
)

func (w writer) header(version uint16) []byte {
	b := append([]byte("MATLAB 5.0 MAT-file, made by a test"), bytes.Repeat([]byte(" "), 124)...)[:124]
	b = w.app.AppendUint16(b, version)
	return w.app.AppendUint16(b, 'M'<<8|'I')
}

// element is an element in its long form, padded.
func (w writer) element(kind uint32, data []byte) []byte {
	b := w.app.AppendUint32(nil, kind)
	b = w.app.AppendUint32(b, uint32(len(data)))
	b = append(b, data...)
	if kind != miCompressed {
		b = append(b, make([]byte, -len(data)&7)...)
	}
	return b
}

// matrix is a variable; flags holds the class and the flag bits.
func (w writer) matrix(name string, flags uint32, dims []int32, kind uint32, data []byte) []byte {
	var d []byte
	for _, n := range dims {
		d = w.app.AppendUint32(d, uint32(n))
	}
	body := w.element(miUint32, w.app.AppendUint32(w.app.AppendUint32(nil, flags), 0))
	body = append(body, w.element(miInt32, d)...)
	body = append(body, w.element(miInt8, []byte(name))...)
	body = append(body, w.element(kind, data)...)
	return w.element(miMatrix, body)
}

func (w writer) file(elements ...[]byte) []byte {
	return append(w.header(0x0100), bytes.Join(elements, nil)...)
}

func (w writer) packed(element []byte) []byte {
	var b bytes.Buffer
	z := zlib.NewWriter(&b)
	z.Write(element)
	z.Close()
	return w.element(miCompressed, b.Bytes())
}

// columns123 is [1 2 3; 4 5 6] as MATLAB stores it, column by column.
var columns123 = []byte{1, 4, 2, 5, 3, 6}

func suite(t testing.TB) formattest.Suite {
	double := pix.From([]float64{1, 2, 3, 4, 5, 6}, 2, 3)
	narrow := func(w writer) []byte { return w.matrix("mask", 6, []int32{2, 3}, 2, columns123) }
	s := formattest.Suite{
		Parse: func(r io.ReaderAt, size int64) (formattest.Opened, error) {
			f, err := Parse(r, size)
			if err != nil {
				return formattest.Opened{}, err
			}
			var names []string
			for _, v := range f.Vars {
				if v.Name != "comment" { // text beside the masks of testdata
					names = append(names, v.Name)
				}
			}
			read := func(i int, dst *pix.Image) error {
				if i < 0 || i >= len(names) {
					return errors.New("no such variable")
				}
				return f.Read(names[i], dst)
			}
			return formattest.Opened{Frames: len(names), Read: read}, nil
		},
		AllocFactor: 300, // a variable of 56 bytes becomes a Var and small reads
		AllocSlack:  1 << 20,
		Good: []formattest.Sample{
			{Name: "narrow", Data: little.file(narrow(little)), Want: []*pix.Image{double}},
			{Name: "narrow_big_endian", Data: big.file(narrow(big)), Want: []*pix.Image{double}},
			{Name: "narrow_packed", Data: little.file(little.packed(narrow(little))), Want: []*pix.Image{double}},
			{Name: "int16_big_endian", Data: big.file(big.matrix("m", 12, []int32{1, 2, 1}, 3, []byte{0xff, 0xfe, 1, 0})), Want: []*pix.Image{pix.From([]int32{-2, 256}, 1, 2)}},
			{Name: "logical", Data: little.file(little.matrix("m", 9|0x200, []int32{2, 1}, 2, []byte{7, 0})), Want: []*pix.Image{{Type: pix.Bool, Rows: 2, Cols: 1, Bytes: []byte{1, 0}}}},
		},
		Bad: []formattest.Bad{
			{Name: "empty", Words: []string{"0 bytes", "128"}, Is: ErrTruncated},
			{Name: "not_mat", Data: make([]byte, 200), Words: []string{"126-127", "IM"}, Is: ErrNotMAT},
			{Name: "version", Data: little.header(7), Words: []string{"0x0007", "0x0100"}, Is: ErrNotMAT},
			{Name: "version_7.3", Data: little.header(0x0200), Is: ErrHDF5},
			{Name: "hdf5", Data: []byte("\x89HDF\r\n\x1a\n"), Is: ErrHDF5},
			{Name: "hdf5_behind_empty_block", Data: append(make([]byte, 1024), "\x89HDF\r\n\x1a\n"...), Is: ErrHDF5},
			{Name: "char", Data: little.file(little.matrix("s", 4, []int32{1, 1}, 4, []byte{65, 0})), Words: []string{`"s"`, "char"}},
			{Name: "complex", Data: little.file(little.matrix("c", 6|0x800, []int32{1, 1}, 2, []byte{1})), Words: []string{`"c"`, "complex"}},
			{Name: "sparse", Data: little.file(little.matrix("c", 5, []int32{1, 1}, 2, []byte{1})), Words: []string{"sparse", "full(c)"}},
			{Name: "cube", Data: little.file(little.matrix("c", 6, []int32{1, 1, 2}, 2, []byte{1, 2})), Words: []string{"[1 1 2]", "2 dimensions"}},
			{Name: "no_pixels", Data: little.file(little.matrix("c", 6, []int32{0, 3}, 2, nil)), Words: []string{"0 x 3"}},
			{Name: "one_dimension", Data: little.file(little.matrix("c", 6, []int32{3}, 2, []byte{1, 2, 3})), Words: []string{"1 dimensions"}},
			{Name: "negative", Data: little.file(little.matrix("c", 6, []int32{-3, 2}, 2, nil)), Words: []string{"dimension 1", "-3"}},
			{Name: "absurd", Data: little.file(little.matrix("c", 6, []int32{2000000000, 2000000000}, 2, []byte{1})), Words: []string{"2000000000"}, Is: ErrTruncated},
			{Name: "absurd_packed", Data: little.file(little.packed(little.matrix("c", 6, []int32{200, 200}, 2, []byte{1}))), Words: []string{"200 x 200", "40000"}},
			{Name: "fewer_numbers", Data: little.file(little.matrix("c", 6, []int32{2, 2}, 2, []byte{1, 2, 3})), Words: []string{"2 x 2", "4 bytes", "3"}},
			{Name: "does_not_fit", Data: little.file(little.matrix("c", 8, []int32{1, 1}, 2, []byte{200})), Words: []string{"200", "int8"}},
			{Name: "nan_in_uint8", Data: little.file(little.matrix("c", 9, []int32{1, 1}, 7, []byte{0, 0, 0xc0, 0x7f})), Words: []string{"NaN", "uint8"}},
			{Name: "strange_storage", Data: little.file(little.matrix("c", 9, []int32{1, 1}, 17, []byte{0})), Words: []string{"type 17"}},
			{Name: "cut", Data: little.file(narrow(little))[:190], Is: ErrTruncated},
			{Name: "packed_other", Data: little.file(little.packed(little.element(miInt8, []byte("x")))), Words: []string{"type 1", "matrix"}},
			{Name: "not_packed", Data: little.file(little.element(miCompressed, []byte("no zlib data"))), Words: []string{"packed data"}},
			{Name: "flags_missing", Data: little.file(little.element(miMatrix, little.element(miInt32, make([]byte, 8)))), Words: []string{"array flags", "type 5"}},
			{Name: "name_too_long", Data: little.file(little.matrix(strings.Repeat("n", 5000), 6, []int32{1, 1}, 2, []byte{1})), Words: []string{"name", "5000"}},
		},
	}
	want := formattest.Pixels(t, "testdata/pixels.json")
	for _, name := range []string{"plain.mat", "packed.mat"} {
		s.Good = append(s.Good, formattest.Sample{Name: name, Data: formattest.MustRead(t, filepath.Join("testdata", name)), Want: want[name]})
	}
	for i := range s.Good {
		// The padding behind the last numbers may be missing; cut between two variables it
		// is a whole file.
		if len(want[s.Good[i].Name]) == 0 {
			s.Good[i].Complete = len(s.Good[i].Data) - 7
		}
		// The stream, its buffers and zlib's unpacker are made for each Read.
		s.Good[i].Allocs = 60
		s.Good[i].Unjudged = []int{headerSize} // cut there it is a whole file without variables
	}
	return s
}

func TestConformance(t *testing.T) { formattest.Run(t, suite(t)) }

// TestScipyFiles reads what scipy.io.savemat wrote, packed and not.
func TestScipyFiles(t *testing.T) {
	want := formattest.Pixels(t, "testdata/pixels.json")
	for _, name := range []string{"scipy.mat", "scipy_packed.mat"} {
		f, err := Open(filepath.Join("testdata", name))
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		if len(f.Vars) != 19 || !strings.HasPrefix(f.Text, "MATLAB 5.0 MAT-file Platform") {
			t.Errorf("%s: %d variables, %q", name, len(f.Vars), f.Text)
		}
		var im pix.Image
		for _, v := range []string{"u8", "i8", "u16", "i16", "u32", "i32", "u64", "i64", "f4", "f8", "log"} {
			if err := f.Read(v, &im); err != nil {
				t.Error(name, err)
			} else if err := formattest.Same(&im, want[v][0]); err != nil {
				t.Errorf("%s %s: %v", name, v, err)
			}
		}
		for v, word := range map[string]string{"text": "char", "cplx": "complex", "cube": "[2 3 4]", "empty": "0 x 3", "cell": "cell", "st": "struct", "sp": "full(sp)", "none": "there are: u8, i8"} {
			if err := f.Read(v, &im); err == nil || !strings.Contains(err.Error(), word) {
				t.Errorf("%s %s: %v, expected an error with %q", name, v, err, word)
			}
		}
	}
}

// TestChecksum changes single bytes of packed data: the numbers must not come out changed.
func TestChecksum(t *testing.T) {
	good := formattest.MustRead(t, "testdata/packed.mat")
	var want, im pix.Image
	if err := ReadFile("testdata/packed.mat", "mask", &want); err != nil {
		t.Fatal(err)
	}
	for i := headerSize + 8; i < len(good); i++ {
		b := bytes.Clone(good)
		b[i] ^= 0x10
		f, err := Parse(bytes.NewReader(b), int64(len(b)))
		if err != nil {
			continue
		}
		if err := f.Read("mask", &im); err == nil && !bytes.Equal(im.Bytes, want.Bytes) {
			t.Fatalf("byte %d changed: other numbers, no error", i)
		}
	}
}

func TestOpenNamesThePath(t *testing.T) {
	path := filepath.Join(t.TempDir(), "binary_mask.mat")
	var im pix.Image
	if err := ReadFile(path, "mask", &im); err == nil || !strings.Contains(err.Error(), path) || !errors.Is(err, os.ErrNotExist) {
		t.Errorf("missing file: %v", err)
	}
	if err := os.WriteFile(path, little.header(0x0200), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := ReadFile(path, "mask", &im); err == nil || !strings.Contains(err.Error(), path) || !errors.Is(err, ErrHDF5) {
		t.Errorf("version 7.3: %v", err)
	}
	if err := ReadFile("testdata/plain.mat", "msk", &im); err == nil || !strings.Contains(err.Error(), "plain.mat") || !strings.Contains(err.Error(), "there are: mask") {
		t.Errorf("missing variable: %v", err)
	}
}

// TestRealHDF5 meets a real MATLAB 7.3 file.
func TestRealHDF5(t *testing.T) {
	dir := formattest.Shared(t, "real/hdf5odd/matio")
	if dir == "" {
		return
	}
	if _, err := Open(filepath.Join(dir, "test_file_hdf5.mat")); !errors.Is(err, ErrHDF5) {
		t.Errorf("%v, expected ErrHDF5", err)
	}
}

func FuzzParse(f *testing.F) {
	s := suite(f)
	s.AllocFactor = 12000 // zlib packs 1032 to 1, and bytes may become doubles
	s.Seed(f)
	f.Fuzz(func(t *testing.T, data []byte) { s.Exercise(t, data) })
}
