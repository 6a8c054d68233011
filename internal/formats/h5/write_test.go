package h5

import (
	"bytes"
	"errors"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"ptyprep/internal/imgproc/pix"
)

// written makes a file by write and opens it for reading.
func written(t testing.TB, write func(f *File)) *File {
	t.Helper()
	p := filepath.Join(t.TempDir(), "w.h5")
	f, err := Create(p)
	must(t, err)
	write(f)
	must(t, f.Close())
	f, err = Open(p, OpenOptions{})
	must(t, err)
	t.Cleanup(func() { must(t, f.Close()) })
	return f
}

func TestWrite(t *testing.T) {
	f := written(t, func(f *File) {
		must(t, f.CreateGroup("/g/deep/er"))
		must(t, f.CreateGroup("g/deep")) // is there already
		must(t, f.WriteString("/meta/label", "Å µm"))
		must(t, f.WriteString("/meta/empty", ""))
		must(t, f.WriteStrings("/meta/list", []string{"a", "bb"}))
		must(t, f.WriteScalar("/meta/i", pix.Int64, int64(-5)))
		must(t, f.WriteScalar("/meta/u", pix.Uint64, uint64(math.MaxUint64)))
		must(t, f.WriteScalar("/meta/u8", pix.Uint8, int64(255)))
		must(t, f.WriteScalar("/meta/f", pix.Float64, 0.1))
		must(t, f.WriteScalar("/meta/f4", pix.Float32, 0.5))
		must(t, f.WriteScalar("/meta/b", pix.Bool, true))
		must(t, f.WriteComplex("/meta/c", nil, []complex128{1 + 2i}))
		must(t, f.WriteComplex("/meta/cs", []int{2, 1}, []complex128{1, 2i}))
		must(t, f.WriteBools("/meta/bs", []int{3}, []bool{true, false, true}))
		must(t, WriteArray(f, "/meta/shape", []int{2}, []int64{128, 256}, 4))
		must(t, WriteArray(f, "/meta/s", nil, []int16{-7}, 4))
		must(t, WriteArray(f, "/meta/none", []int{0, 3}, []float32{}, 4))
		must(t, WriteArray(f, "/big", []int{300, 1000}, make([]float64, 300000), 1))
		must(t, f.SetAttr("/", "h5rw_version", "0.1"))
		must(t, f.SetAttr("/meta", "type", "dict"))
		must(t, f.SetAttr("/meta/i", "type", "array"))
		must(t, f.SetAttr("/meta/i", "type", "scalar"))
		must(t, f.SoftLink("/x/soft", "/meta/i"))
	})
	wantAll(t, f, "/meta/i", int64(-5))
	wantAll(t, f, "/x/soft", int64(-5))
	wantAll(t, f, "/meta/u", uint64(math.MaxUint64))
	wantAll(t, f, "/meta/u8", uint8(255))
	wantAll(t, f, "/meta/f", 0.1)
	wantAll(t, f, "/meta/f4", float32(0.5))
	wantAll(t, f, "/meta/b", uint8(1))
	wantAll(t, f, "/meta/bs", uint8(1), 0, 1)
	wantAll(t, f, "/meta/shape", int64(128), 256)
	wantAll(t, f, "/meta/s", int16(-7))
	for path, want := range map[string][]string{"/meta/label": {"Å µm"}, "/meta/empty": {""}, "/meta/list": {"a", "bb"}} {
		if got, err := dataset(t, f, path).Strings(); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %q, %v", path, got, err)
		}
	}
	for path, want := range map[string][]complex128{"/meta/c": {1 + 2i}, "/meta/cs": {1, 2i}} {
		if got, err := ReadComplex(dataset(t, f, path)); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %v, %v", path, got, err)
		}
	}
	if v, _, err := f.Attr("/meta/i", "type"); v != "scalar" || err != nil {
		t.Errorf("attribute: %v, %v", v, err)
	}
	if in := dataset(t, f, "/big").Info(); !reflect.DeepEqual(in.Chunk, []int{131, 1000}) { // 131 rows of 8000 bytes fit 1 MiB
		t.Errorf("chunks of a big array: %v", in.Chunk)
	}
	if in := dataset(t, f, "/meta/shape").Info(); !reflect.DeepEqual(in.Chunk, []int{2}) || len(in.Filters) != 1 || in.Filters[0].Params[0] != 4 {
		t.Errorf("%+v", in)
	}
	if k, err := f.Kind("/g/deep/er"); k != Group || err != nil {
		t.Errorf("%v, %v", k, err)
	}
	if d := dataset(t, f, "/meta/b").Info().Type; d.Class != Bool {
		t.Errorf("%+v", d)
	}
}

// TestWriteRefusals: a call that is refused leaves the file good.
func TestWriteRefusals(t *testing.T) {
	f := written(t, func(f *File) {
		must(t, f.WriteString("/a", "x"))
		d, err := f.CreateFrames("/frames", FramesSpec{Type: pix.Uint16, Shape: []int{2, 2, 2}})
		must(t, err)
		for i, c := range []struct {
			kind ErrorKind
			err  error
		}{
			{BadRange, f.WriteString("/a", "again")},
			{BadRange, f.WriteString("/b", "nul\x00")},
			{BadRange, f.WriteString("/c\x00d", "x")},
			{BadRange, f.WriteString("/", "x")},
			{BadRange, f.WriteString("", "x")},
			{WrongType, f.WriteScalar("/d", pix.Uint8, int64(256))},
			{WrongType, f.WriteScalar("/d", pix.Uint16, int64(-1))},
			{WrongType, f.WriteScalar("/d", pix.Int32, int64(1)<<31)},
			{WrongType, f.WriteScalar("/d", pix.Int64, uint64(1)<<63)},
			{WrongType, f.WriteScalar("/d", pix.Int64, 1.0)},
			{WrongType, f.WriteScalar("/d", pix.Float64, int64(1))},
			{WrongType, f.WriteScalar("/d", pix.Uint8, true)},
			{WrongType, f.WriteScalar("/d", pix.Uint8, 7)},
			{BadRange, WriteArray(f, "/e", []int{2, 2}, []int16{1, 2, 3}, 0)},
			{BadRange, WriteArray(f, "/e", []int{-1, -3}, []int16{1, 2, 3}, 0)},
			{BadRange, f.WriteBools("/e", nil, nil)},
			{BadRange, f.WriteComplex("/e", []int{2}, nil)},
			{WrongType, f.CreateGroup("/a/b")},
			{NotFound, f.SetAttr("/none", "a", "b")},
			{BadRange, f.SetAttr("/a", "a\x00", "b")},
			{BadRange, f.ExternalLink("/l", "", "/")},
			{BadRange, f.SoftLink("/l", "")},
			{BadRange, second(f.CreateFrames("/f", FramesSpec{Type: pix.Uint8, Shape: []int{3}}))},
			{BadRange, second(f.CreateFrames("/f", FramesSpec{Type: pix.Uint8, Shape: []int{3, 0, 2}}))},
			{BadRange, second(f.CreateFrames("/f", FramesSpec{Type: pix.Uint8, Shape: []int{1, 1 << 17, 1 << 17}}))},
			{BadRange, second(f.CreateFrames("/a", FramesSpec{Type: pix.Uint8, Shape: []int{1, 1, 1}}))},
			{WrongType, second(f.CreateFrames("/f", FramesSpec{Shape: []int{1, 1, 1}}))},
			{NoFilter, second(f.CreateFrames("/f", FramesSpec{Type: pix.Uint8, Shape: []int{1, 1, 1}, Filters: []FilterSpec{{ID: 4242}}}))},
			{BadRange, d.WriteChunk([]int{0, 1, 0}, 0, []byte{1})},
			{BadRange, d.WriteChunk([]int{2, 0, 0}, 0, []byte{1})},
			{BadRange, d.WriteChunk([]int{0, 0, 0}, 0, nil)},
			{BadRange, d.WriteNative(make([]byte, 7), []int{0, 0, 0}, []int{1, 2, 2})},
			{BadRange, d.WriteNative(make([]byte, 8), []int{2, 0, 0}, []int{1, 2, 2})},
		} {
			if KindOf(c.err) != c.kind {
				t.Errorf("call %d: %v: %v", i, KindOf(c.err), c.err)
			}
		}
		must(t, d.WriteChunk([]int{1, 0, 0}, 0, pix.Bytes([]uint16{1, 2, 3, 4})))
	})
	wantAll(t, f, "/frames", uint16(0), 0, 0, 0, 1, 2, 3, 4)
	if err := f.WriteString("/x", "y"); KindOf(err) != Permission {
		t.Errorf("written to a file open for reading: %v", err)
	}
	if err := dataset(t, f, "/frames").WriteChunk([]int{0, 0, 0}, 0, []byte{1}); KindOf(err) != Permission {
		t.Errorf("written to a file open for reading: %v", err)
	}
}

func TestFrames(t *testing.T) {
	gz := []FilterSpec{{ID: 2}, {ID: 1, Params: []uint32{4}}}
	f := written(t, func(f *File) {
		for typ := pix.Bool; typ <= pix.Float64; typ++ {
			d, err := f.CreateFrames("/deep/"+typ.String(), FramesSpec{Type: typ, Shape: []int{3, 2, 2}, Filters: gz})
			must(t, err)
			native := pix.Buffer(4 * typ.Size())
			native[0] = 1
			must(t, d.WriteNative(native, []int{0, 0, 0}, []int{1, 2, 2}))
			must(t, d.WriteChunk([]int{2, 0, 0}, 3, native)) // mask 3: both filters left out
		}
		_, err := f.CreateFrames("/optional", FramesSpec{Type: pix.Int8, Shape: []int{1, 2, 2}, Filters: []FilterSpec{{ID: 4242, Params: []uint32{1, 2}, Optional: true}}})
		must(t, err)
	})
	for typ := pix.Bool; typ <= pix.Float64; typ++ {
		d := dataset(t, f, "/deep/"+typ.String())
		in := d.Info()
		if in.Type.Pix != typ || !reflect.DeepEqual(in.Chunk, []int{1, 2, 2}) || len(in.Filters) != 2 {
			t.Errorf("%v: %+v", typ, in)
		}
		got := pix.Buffer(12 * typ.Size())
		must(t, d.ReadNative(got, nil, nil))
		want := make([]byte, len(got))
		want[0], want[8*typ.Size()] = 1, 1
		if !bytes.Equal(got, want) {
			t.Errorf("%v: %v", typ, got)
		}
		_, mask, err := d.ChunkBytes([]int{2, 0, 0}, nil)
		if err != nil || mask != 3 {
			t.Errorf("%v: mask %d, %v", typ, mask, err)
		}
	}
	fi := dataset(t, f, "/optional").Info().Filters
	if len(fi) != 1 || fi[0].ID != 4242 || !fi[0].Optional || fi[0].Available || !reflect.DeepEqual(fi[0].Params, []uint32{1, 2}) {
		t.Errorf("%+v", fi)
	}
}

// TestFilterInGo: libhdf5 reads by a decoder in Go, directly and through a virtual dataset.
func TestFilterInGo(t *testing.T) {
	const id = 4711
	xor := func(params []uint32, in []byte) []byte {
		out := bytes.Clone(in)
		for i := range out {
			out[i] ^= byte(params[0])
		}
		return out
	}
	hint := -1
	broken := errors.New("the block is broken")
	must(t, RegisterFilter(id, "xor", func(params []uint32, in []byte, sizeHint int) ([]byte, error) {
		hint = sizeHint
		switch in[0] {
		case 0xee:
			return nil, broken
		case 0xdd:
			panic("index out of range")
		case 0xcc:
			return nil, nil
		}
		return xor(params, in), nil
	}))
	if !FilterAvailable(id) || !FilterAvailable(1) || FilterAvailable(4242) {
		t.Error("available filters")
	}
	f := written(t, func(f *File) {
		d, err := f.CreateFrames("/d", FramesSpec{Type: pix.Uint16, Shape: []int{4, 1, 2}, Filters: []FilterSpec{{ID: id, Params: []uint32{0x5a}}}})
		must(t, err)
		must(t, d.WriteChunk([]int{0, 0, 0}, 0, xor([]uint32{0x5a}, pix.Bytes([]uint16{7, 300}))))
		for i, b := range []byte{0xee, 0xdd, 0xcc} {
			must(t, d.WriteChunk([]int{i + 1, 0, 0}, 0, []byte{b, 0, 0, 0}))
		}
	})
	d := dataset(t, f, "/d")
	got := make([]uint16, 2)
	must(t, Read(d, got, []int{0, 0, 0}, []int{1, 1, 2}))
	if got[0] != 7 || got[1] != 300 || hint != 4 {
		t.Errorf("%v, hint %d", got, hint)
	}
	for i, words := range []string{"the block is broken", "index out of range", "gave nothing"} {
		err := Read(d, got, []int{i + 1, 0, 0}, []int{1, 1, 2})
		if KindOf(err) != Damaged || !strings.Contains(err.Error(), words) || !strings.Contains(err.Error(), "xor") || i == 0 && !errors.Is(err, broken) {
			t.Errorf("frame %d: %v", i+1, err)
		}
	}
	must(t, Read(d, got, []int{0, 0, 0}, []int{1, 1, 2})) // an error leaves nothing behind
	if !d.Info().Filters[0].Available {
		t.Error("registered, but not available")
	}
}

func TestMissingFilter(t *testing.T) {
	f := written(t, func(f *File) {
		d, err := f.CreateFrames("/d", FramesSpec{Type: pix.Uint16, Shape: []int{1, 1, 2}, Filters: []FilterSpec{{ID: 32013, Optional: true}}})
		must(t, err)
		must(t, d.WriteChunk([]int{0, 0, 0}, 0, []byte{1, 2, 3}))
	})
	if FilterAvailable(32013) {
		t.Skip("a zfp plug-in is installed")
	}
	_, err := ReadAll[uint16](dataset(t, f, "/d"))
	if KindOf(err) != NoFilter || !strings.Contains(err.Error(), "zfp") {
		t.Errorf("%v: %v", KindOf(err), err)
	}
}

// TestOldReader: h5dump, where it is installed, reads what was written.
func TestOldReader(t *testing.T) {
	tool, err := exec.LookPath("h5dump")
	if err != nil {
		t.Skip("h5dump is not installed")
	}
	p := filepath.Join(t.TempDir(), "x.h5")
	must(t, writeSome(p))
	out, err := exec.Command(tool, "-A", p).CombinedOutput()
	if err != nil || !strings.Contains(string(out), `DATASET "frames"`) || !strings.Contains(string(out), "H5T_CSET_UTF8") {
		t.Errorf("%v\n%s", err, out)
	}
	must(t, os.Remove(p))
}
