package h5

import (
	"errors"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"ptyprep/internal/imgproc/pix"
)

// must ends the test on an error.
func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// openTest opens a file of testdata and closes it, without leaks, at the end of the test.
func openTest(t testing.TB, name string) *File {
	t.Helper()
	f, err := Open(filepath.Join("testdata", name), OpenOptions{})
	must(t, err)
	t.Cleanup(func() { must(t, f.Close()) })
	return f
}

func dataset(t testing.TB, f *File, path string) *Dataset {
	t.Helper()
	d, err := f.Dataset(path)
	must(t, err)
	return d
}

// TestReadTypes: make.py stores 0, 1, 100, 127 in each type and byte order; whatever is asked
// for, the numbers have to come out.
func TestReadTypes(t *testing.T) {
	f := openTest(t, "types.h5")
	for _, order := range []string{"le_", "be_"} {
		for _, name := range strings.Fields("u1 u2 u4 u8 i1 i2 i4 i8 f2 f4 f8") {
			d := dataset(t, f, "/"+order+name)
			a, err := ReadAll[uint8](d)
			must(t, err)
			b, err := ReadAll[int64](d)
			must(t, err)
			c, err := ReadAll[float32](d)
			must(t, err)
			if !reflect.DeepEqual(a, []uint8{0, 1, 100, 127}) || !reflect.DeepEqual(b, []int64{0, 1, 100, 127}) ||
				!reflect.DeepEqual(c, []float32{0, 1, 100, 127}) {
				t.Errorf("%s%s: %v %v %v", order, name, a, b, c)
			}
			in := d.Info()
			if in.Type.BigEndian != (order == "be_" && name[1] != '1') {
				t.Errorf("%s%s: big-endian %v", order, name, in.Type.BigEndian)
			}
			native := pix.Buffer(4 * in.Type.Pix.Size())
			must(t, d.ReadNative(native, nil, nil))
			if in.Type.Pix == pix.Uint16 && pix.Slice[uint16](native)[3] != 127 {
				t.Errorf("%s%s: native %v", order, name, native)
			}
		}
	}
}

func TestTypeInfo(t *testing.T) {
	f := openTest(t, "types.h5")
	for path, want := range map[string]TypeInfo{
		"/le_u2":     {Class: Integer, Pix: pix.Uint16, Size: 2, Desc: "<u2", Exact: true},
		"/be_i8":     {Class: Integer, Pix: pix.Int64, Size: 8, Desc: ">i8", BigEndian: true, Exact: true},
		"/le_u1":     {Class: Integer, Pix: pix.Uint8, Size: 1, Desc: "|u1", Exact: true},
		"/be_u3":     {Class: Integer, Pix: pix.Uint32, Size: 3, Desc: ">u3", BigEndian: true},
		"/le_f2":     {Class: Float, Pix: pix.Float32, Size: 2, Desc: "<f2"},
		"/be_f8":     {Class: Float, Pix: pix.Float64, Size: 8, Desc: ">f8", BigEndian: true, Exact: true},
		"/bool":      {Class: Bool, Pix: pix.Bool, Size: 1, Desc: "bool", Exact: true},
		"/enum":      {Class: Enum, Pix: pix.Uint16, Size: 2, Desc: "enum of <u2 with 2 names", Exact: true},
		"/bits":      {Class: Bitfield, Pix: pix.Uint16, Size: 2, Desc: ">b2", BigEndian: true, Exact: true},
		"/complex64": {Class: Complex, Size: 8, Desc: "<c8"},
		"/pair":      {Class: Compound, Size: 12, Desc: "compound of 2 (a, b)"},
		"/opaque":    {Class: Opaque, Size: 2, Desc: "opaque of 2 bytes"},
		"/vlen":      {Class: VLen, Size: 16, Desc: "variable-length list of <i4"},
		"/arrays":    {Class: Array, Size: 12, Desc: "array [3] of <i4"},
		"/ref":       {Class: Reference, Size: 8, Desc: "reference"},
	} {
		if got := dataset(t, f, path).Info().Type; got != want {
			t.Errorf("%s: %+v, want %+v", path, got, want)
		}
	}
}

func wantAll[T pix.Number](t *testing.T, f *File, path string, want ...T) {
	t.Helper()
	got, err := ReadAll[T](dataset(t, f, path))
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("%s: %v, %v; want %v", path, got, err, want)
	}
}

func TestReadOddTypes(t *testing.T) {
	f := openTest(t, "types.h5")
	wantAll(t, f, "/be_neg", int16(-1), -300, 32767, -32768)
	wantAll(t, f, "/be_neg", uint8(0), 0, 255, 0) // libhdf5 clips
	wantAll(t, f, "/u8_max", uint64(math.MaxUint64), 1<<53+1)
	wantAll(t, f, "/be_u3", uint32(0x102), 0x10000)
	wantAll(t, f, "/longdouble", 1.5, -2.25)
	wantAll(t, f, "/scalar", float32(2.5))
	wantAll(t, f, "/scalar_be", int64(7))
	wantAll(t, f, "/bool", uint8(1), 0, 0, 1)
	wantAll(t, f, "/bool", float64(1), 0, 0, 1)
	wantAll(t, f, "/bool_scalar", int32(1))
	wantAll(t, f, "/enum", uint16(2), 5)
	wantAll(t, f, "/enum_be", float32(2), 5)
	wantAll(t, f, "/bits", uint16(1), 0x203)
	wantAll(t, f, "/user_fill", int16(-7), -7, -7)
	wantAll(t, f, "/in_header", int32(-1), 2, 300)
	if v, err := ReadAll[uint16](dataset(t, f, "/zero_rows")); err != nil || len(v) != 0 {
		t.Errorf("zero rows: %v, %v", v, err)
	}
	for path, want := range map[string][]complex128{"/complex64": {1 + 2i, -3i}, "/complex_be": {1 + 2i, 0.5 - 3i}, "/complex_scalar": {4 - 1i}} {
		if got, err := ReadComplex(dataset(t, f, path)); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %v, %v", path, got, err)
		}
	}
	if in := dataset(t, f, "/grow").Info(); !reflect.DeepEqual(in.MaxShape, []int{-1, 3}) {
		t.Errorf("grow: %v", in.MaxShape)
	}
	if in := dataset(t, f, "/null").Info(); !in.Null || in.Len() != 0 || in.Shape != nil {
		t.Errorf("null: %+v", in)
	}
	if in := dataset(t, f, "/scalar").Info(); in.Null || in.Len() != 1 || in.Shape != nil {
		t.Errorf("scalar: %+v", in)
	}
	if in := dataset(t, f, "/user_fill").Info(); !in.FillValueDefined {
		t.Errorf("user_fill: %+v", in)
	}
}

func TestRefuseTypes(t *testing.T) {
	f := openTest(t, "types.h5")
	for path, words := range map[string]string{
		"/pair": "compound of 2 (a, b)", "/opaque": "opaque", "/vlen": "variable-length", "/arrays": "array",
		"/ref": "reference", "/complex64": "<c8",
	} {
		_, err := ReadAll[float64](dataset(t, f, path))
		if KindOf(err) != WrongType || !strings.Contains(err.Error(), words) {
			t.Errorf("%s: %v", path, err)
		}
		if _, err := dataset(t, f, path).Strings(); KindOf(err) != WrongType {
			t.Errorf("%s as strings: %v", path, err)
		}
	}
	if _, err := ReadAll[float32](dataset(t, f, "/bits")); KindOf(err) != WrongType {
		t.Errorf("bits: %v", err)
	}
	if _, err := ReadComplex(dataset(t, f, "/le_f4")); KindOf(err) != WrongType {
		t.Errorf("float as complex: %v", err)
	}
	if _, err := ReadAll[float32](dataset(t, f, "/null")); KindOf(err) != BadRange {
		t.Errorf("null: %v", err)
	}
	if _, err := f.Dataset("/type"); KindOf(err) != WrongType || !strings.Contains(err.Error(), "named datatype") {
		t.Errorf("named datatype: %v", err)
	}
}

// TestReadBox: /cube is arange(60) of >u2 in 3 x 4 x 5, chunks 2 x 3 x 4, gzip, shuffle, fletcher32.
func TestReadBox(t *testing.T) {
	f := openTest(t, "types.h5")
	d := dataset(t, f, "/cube")
	dst := make([]float64, 4)
	must(t, Read(d, dst, []int{1, 2, 3}, []int{2, 1, 2}))
	if want := []float64{33, 34, 53, 54}; !reflect.DeepEqual(dst, want) { // 20*i + 5*j + k
		t.Errorf("box: %v, want %v", dst, want)
	}
	must(t, Read(d, dst[:0], []int{0, 0, 0}, []int{0, 4, 5}))
	in := d.Info()
	var ids []int
	for _, x := range in.Filters {
		ids = append(ids, x.ID)
	}
	if !reflect.DeepEqual(ids, []int{2, 1, 3}) || in.Layout != Chunked || !reflect.DeepEqual(in.Chunk, []int{2, 3, 4}) {
		t.Errorf("info: %+v", in)
	}
	for _, c := range []struct {
		name       string
		n          int
		off, count []int
	}{
		{"short buffer", 3, []int{1, 2, 3}, []int{2, 1, 2}},
		{"long buffer", 5, []int{1, 2, 3}, []int{2, 1, 2}},
		{"beyond the end", 2, []int{2, 3, 4}, []int{1, 1, 2}},
		{"negative offset", 1, []int{-1, 0, 0}, []int{1, 1, 1}},
		{"negative count", 1, []int{0, 0, 0}, []int{1, -1, 1}},
		{"huge offset", 1, []int{math.MaxInt, 0, 0}, []int{math.MaxInt, 1, 1}},
		{"rank of the offset", 1, []int{0, 0}, []int{1, 1, 1}},
		{"rank of the count", 1, []int{0, 0, 0}, []int{1, 1}},
		{"offset alone", 1, []int{0, 0, 0}, nil},
		{"all into a short buffer", 59, nil, nil},
	} {
		if err := Read(d, make([]uint16, c.n), c.off, c.count); KindOf(err) != BadRange {
			t.Errorf("%s: %v", c.name, err)
		}
	}
	if err := d.ReadNative(make([]byte, 119), nil, nil); KindOf(err) != BadRange {
		t.Errorf("native: %v", err)
	}
	must(t, Read(dataset(t, f, "/scalar"), []float32{0}, []int{}, []int{}))
}

func TestStrings(t *testing.T) {
	f := openTest(t, "strings.h5")
	for path, want := range map[string][]string{
		"/vlen_utf8": {"Ångström µm"}, "/vlen_ascii": {"plain"}, "/vlen_array": {"a", "", "long text", "d"}, "/vlen_unset": {"", "", ""},
		"/fixed_nullpad": {"abc", "de", ""}, "/fixed_scalar": {"detector"}, "/fixed_nullterm": {"ab", "abcde"},
		"/fixed_space": {"ab", "  cdef"}, "/fixed_utf8": {"µm"}, "/none": nil,
	} {
		got, err := dataset(t, f, path).Strings()
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %q, %v; want %q", path, got, err, want)
		}
	}
	if _, err := ReadAll[float64](dataset(t, f, "/vlen_utf8")); KindOf(err) != WrongType || !strings.Contains(err.Error(), "string") {
		t.Errorf("string as number: %v", err)
	}
}

func TestAttributes(t *testing.T) {
	f := openTest(t, "strings.h5")
	for name, want := range map[string]any{
		"vlen": "µm", "fixed": "keV", "vlen_array": []string{"x", "yy"}, "fixed_array": []string{"x", "yy"}, "one": []string{"single"},
		"int": int64(-3), "u64": uint64(math.MaxUint64), "float_be": 2.5, "floats": []float64{1, 2, 3, 4}, "ints_be": []int64{1, -2},
		"bool": true, "bools": []bool{true, false}, "complex": 1 - 2i, "null": []float64{}, "array": []float64{1, 2, 3, 4, 5, 6},
	} {
		got, ok, err := f.Attr("/attrs", name)
		if err != nil || !ok || !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %#v, %v, %v; want %#v", name, got, ok, err, want)
		}
	}
	if _, ok, err := f.Attr("/attrs", "pair"); !ok || KindOf(err) != WrongType {
		t.Errorf("compound: %v, %v", ok, err)
	}
	if v, ok, err := f.Attr("/attrs", "none"); v != nil || ok || err != nil {
		t.Errorf("missing attribute: %v, %v, %v", v, ok, err)
	}
	if _, _, err := f.Attr("/nothing", "none"); !errors.Is(err, ErrNotFound) {
		t.Errorf("missing object: %v", err)
	}
	d := dataset(t, f, "/attrs/d")
	if v, ok, err := d.Attr("units"); v != "mm" || !ok || err != nil {
		t.Errorf("units: %v, %v, %v", v, ok, err)
	}
	if _, ok, err := d.Attr("x"); ok || err != nil {
		t.Errorf("missing: %v, %v", ok, err)
	}
}

func TestChunkBytes(t *testing.T) {
	f := openTest(t, "sparse.h5")
	d := dataset(t, f, "/tiles")
	buf, mask, err := d.ChunkBytes([]int{3, 2, 4}, nil)
	if err != nil || mask != 0 || len(buf) != 3*2*4*2 || buf[0] != 5 {
		t.Errorf("tile: %v, %v, %v", buf, mask, err)
	}
	again, _, err := d.ChunkBytes([]int{0, 0, 0}, buf)
	if err != nil || &again[0] != &buf[0] {
		t.Errorf("the buffer was not used again: %v", err)
	}
	for _, off := range [][]int{{1, 0, 0}, {0, 0}, {0, 0, 8}, {6, 0, 0}, {-3, 0, 0}, nil} {
		if _, _, err := d.ChunkBytes(off, nil); KindOf(err) != BadRange {
			t.Errorf("%v: %v", off, err)
		}
	}
	frames := dataset(t, f, "/frames")
	if _, _, err := frames.ChunkBytes([]int{7, 0, 0}, nil); !errors.Is(err, ErrNoChunk) {
		t.Errorf("never written: %v", err)
	}
	for i, want := range map[int]bool{6: true, 7: false, 99: true} {
		if ok, err := frames.ChunkStored([]int{i, 0, 0}); ok != want || err != nil {
			t.Errorf("chunk %d: %v, %v", i, ok, err)
		}
	}
	if n, err := frames.NumChunks(); n != 97 || err != nil {
		t.Errorf("%d chunks, %v", n, err)
	}
	if _, _, err := dataset(t, f, "/never_chunked").ChunkBytes([]int{3, 0}, nil); !errors.Is(err, ErrNoChunk) {
		t.Errorf("never written at all: %v", err)
	}
	if _, _, err := dataset(t, f, "/never").ChunkBytes([]int{0, 0}, nil); KindOf(err) != WrongType {
		t.Errorf("contiguous: %v", err)
	}
	if dataset(t, f, "/tiles").PartialChunksUnfiltered() {
		t.Error("tiles: partial chunks unfiltered")
	}
}

// TestPartialChunks: the trap is a chunk with mask 0 and a deflate filter that is not deflated.
func TestPartialChunks(t *testing.T) {
	d := dataset(t, openTest(t, "partial.h5"), "/d")
	if !d.PartialChunksUnfiltered() {
		t.Error("not told that partial chunks are unfiltered")
	}
	b, mask, err := d.ChunkBytes([]int{4, 0}, nil)
	if err != nil || mask != 0 || len(b) != 16 || b[0] != 16 {
		t.Errorf("%v, %v, %v", b, mask, err)
	}
}

// TestContiguousOffset reads by offset what libhdf5 reads, behind a user block of 1024 bytes.
func TestContiguousOffset(t *testing.T) {
	f := openTest(t, "userblock.h5")
	d := dataset(t, f, "/flat")
	off, ok := d.ContiguousOffset()
	raw, err := os.ReadFile(d.File())
	must(t, err)
	if !ok || off < 1024 || raw[off] != 0 || raw[off+2] != 1 || raw[off+22] != 11 {
		t.Errorf("offset %d, %v", off, ok)
	}
	wantAll(t, f, "/chunked", uint16(0), 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11)
	for _, c := range []struct{ file, path string }{{"userblock.h5", "/chunked"}, {"sparse.h5", "/never"}, {"external.h5", "/good"},
		{"types.h5", "/in_header"}, {"vds.h5", "/good"}, {"types.h5", "/null"}} {
		if off, ok := dataset(t, openTest(t, c.file), c.path).ContiguousOffset(); ok {
			t.Errorf("%s:%s has offset %d", c.file, c.path, off)
		}
	}
	d = dataset(t, openTest(t, "links.h5"), "/ext/data")
	if off, ok := d.ContiguousOffset(); !ok || filepath.Base(d.File()) != "target.h5" {
		t.Errorf("through an external link: %d, %v, %s", off, ok, d.File())
	} else if raw, err := os.ReadFile(d.File()); err != nil || raw[off+4] != 1 || raw[off+12] != 3 {
		t.Errorf("through an external link: %v", err)
	}
}

func TestSizeGuard(t *testing.T) {
	p := filepath.Join(t.TempDir(), "big.h5")
	f, err := Create(p)
	must(t, err)
	_, err = f.CreateFrames("/d", FramesSpec{Type: pix.Float64, Shape: []int{1 << 40, 1 << 10, 1 << 10}})
	must(t, err)
	must(t, f.Close())
	f, err = Open(p, OpenOptions{})
	must(t, err)
	defer f.Close()
	d := dataset(t, f, "/d")
	if _, err := ReadAll[float64](d); KindOf(err) != BadRange || !strings.Contains(err.Error(), "4 GiB") {
		t.Errorf("%v", err)
	}
	if err := d.CheckSources([]int{5, 0, 0}, []int{1, 1024, 1024}); err == nil {
		t.Error("nothing missing?")
	}
	if err := d.CheckSources(nil, nil); err == nil {
		t.Error("nothing missing?")
	}
}

// Texts behind an external link come from the heap of the file that holds them, not from that of the
// file with the link, which has other texts at the same places.
func TestTextsBehindExternalLink(t *testing.T) {
	dir := t.TempDir()
	write := func(name, label string, link bool) {
		f, err := Create(filepath.Join(dir, name))
		if err == nil {
			err = errors.Join(f.WriteString("/text", "text of "+label), f.SetAttr("/text", "type", "type of "+label), f.SetAttr("/", "type", "root of "+label))
		}
		if err == nil && link {
			err = f.ExternalLink("/far", "b.h5", "/")
		}
		if err := errors.Join(err, f.Close()); err != nil {
			t.Fatal(err)
		}
	}
	write("b.h5", "b", false)
	write("a.h5", "a", true)
	f, err := Open(filepath.Join(dir, "a.h5"), OpenOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for path, want := range map[string]string{"/": "root of a", "/far": "root of b", "/text": "type of a", "/far/text": "type of b"} {
		if v, ok, err := f.Attr(path, "type"); v != want || !ok || err != nil {
			t.Errorf("attribute of %s: %v, %v, %v; want %q", path, v, ok, err, want)
		}
	}
	d, err := f.Dataset("/far/text")
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	if s, err := d.Strings(); err != nil || s[0] != "text of b" {
		t.Errorf("dataset: %q, %v", s, err)
	}
	if v, _, err := d.Attr("type"); v != "type of b" || err != nil {
		t.Errorf("attribute of the dataset: %v, %v", v, err)
	}
}
