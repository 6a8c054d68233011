package h5

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"ptyprep/internal/imgproc/pix"
)

// TestCheckSources: off and count nil mean everything; what nil means that nothing is missing.
func TestCheckSources(t *testing.T) {
	for _, c := range []struct {
		file, path    string
		off, count    []int
		what          string // part of What
		first         []int
		pieces, frame int
	}{
		// chunks: frames 7, 8 and 50 of 100 were never written
		{"sparse.h5", "/frames", nil, nil, "chunk at [7 0 0] was never written", []int{7, 0, 0}, 3, 3},
		{"sparse.h5", "/frames", []int{8, 1, 1}, []int{92, 2, 2}, "chunk at [8 0 0]", []int{8, 1, 1}, 2, 2},
		{"sparse.h5", "/frames", []int{9, 0, 0}, []int{41, 4, 6}, "", nil, 0, 0},
		{"sparse.h5", "/frames", []int{50, 0, 0}, []int{0, 4, 6}, "", nil, 0, 0},
		{"sparse.h5", "/tiles", nil, nil, "", nil, 0, 0},
		// chunks 3 x 2 x 4 in 4 x 4 x 6: of frame 3 only the last tile is there
		{"sparse.h5", "/tiles_hole", nil, nil, "chunk at [3 0 0]", []int{3, 0, 0}, 3, 1},
		{"sparse.h5", "/tiles_hole", []int{1, 3, 5}, []int{3, 1, 1}, "", nil, 0, 0},
		{"sparse.h5", "/tiles_hole", []int{1, 3, 3}, []int{3, 1, 1}, "chunk at [3 2 0]", []int{3, 3, 3}, 1, 1},
		{"sparse.h5", "/never", nil, nil, "never written", []int{0, 0}, 1, 1},
		{"sparse.h5", "/never_chunked", []int{10, 0}, []int{200, 2}, "none of its chunks", []int{10, 0}, 200, 1},
		{"sparse_latest.h5", "/frames", nil, nil, "chunk at [1 0 0]", []int{1, 0, 0}, 3, 3},
		{"sparse_latest.h5", "/grow", []int{2, 0, 0}, []int{3, 2, 2}, "chunk at [2 0 0]", []int{2, 0, 0}, 2, 2},
		{"types.h5", "/scalar", nil, nil, "", nil, 0, 0},
		{"types.h5", "/null", nil, nil, "", nil, 0, 0},
		{"types.h5", "/in_header", nil, nil, "", nil, 0, 0},
		{"userblock.h5", "/flat", nil, nil, "", nil, 0, 0},
		// external raw files: 8 rows of 4 bytes; the second file has 8 of 16 bytes
		{"external.h5", "/good", nil, nil, "", nil, 0, 0},
		{"external.h5", "/shifted", nil, nil, "", nil, 0, 0},
		{"external.h5", "/short", nil, nil, "too short: 8 bytes, 16 needed", []int{6, 0}, 1, 1},
		{"external.h5", "/short", []int{0, 0}, []int{6, 2}, "", nil, 0, 0},
		{"external.h5", "/gone", []int{2, 0}, []int{5, 2}, "ext_gone.raw: no such file", []int{4, 0}, 1, 1},
		{"external.h5", "/gone", []int{2, 0}, []int{2, 2}, "", nil, 0, 0},
		// virtual datasets
		{"vds.h5", "/good", nil, nil, "", nil, 0, 0},
		{"vds.h5", "/gap", nil, nil, "no source of the virtual dataset", []int{3, 0, 0}, 2, 2},
		{"vds.h5", "/gap", []int{4, 1, 0}, []int{3, 1, 1}, "no source of the virtual dataset", []int{4, 1, 0}, 1, 1},
		{"vds.h5", "/gap", []int{0, 0, 0}, []int{3, 2, 2}, "", nil, 0, 0},
		{"vds.h5", "/missing", nil, nil, "source file vds_c.h5: no such file", []int{3, 0, 0}, 1, 3},
		{"vds.h5", "/missing", []int{0, 0, 0}, []int{3, 2, 2}, "", nil, 0, 0},
		{"vds.h5", "/missing", []int{4, 1, 0}, []int{1, 1, 1}, "vds_c.h5", []int{4, 1, 0}, 1, 1},
		{"vds.h5", "/missing_dataset", nil, nil, "has no dataset none", []int{3, 0, 0}, 1, 3},
		{"vds.h5", "/interleaved", nil, nil, "", nil, 0, 0},
		{"vds.h5", "/interleaved_missing", nil, nil, "vds_c.h5", []int{1, 0, 0}, 1, 3},
		{"vds.h5", "/interleaved_missing", []int{2, 0, 0}, []int{1, 2, 2}, "", nil, 0, 0},
		{"vds.h5", "/interleaved_missing", []int{2, 0, 0}, []int{2, 2, 2}, "vds_c.h5", []int{3, 0, 0}, 1, 1},
		{"vds.h5", "/one_frame", nil, nil, "vds_c.h5", []int{1, 0, 0}, 1, 1},
		{"vds.h5", "/one_frame", []int{2, 0, 0}, []int{1, 2, 2}, "", nil, 0, 0},
		{"vds.h5", "/holes", nil, nil, "vds_a.h5:holes: the chunk at [1 0 0]", []int{1, 0, 0}, 2, 2},
		{"vds.h5", "/holes", []int{2, 0, 0}, []int{1, 2, 2}, "", nil, 0, 0},
		{"vds.h5", "/short", nil, nil, "has shape [3 2 2]", []int{3, 0, 0}, 1, 2},
		{"vds.h5", "/same_file", nil, nil, "", nil, 0, 0},
		{"vds.h5", "/nested", nil, nil, "vds_c.h5", []int{3, 0, 0}, 1, 3},
		{"vds.h5", "/nested", []int{0, 0, 0}, []int{3, 2, 2}, "", nil, 0, 0},
		{"vds.h5", "/irregular", nil, nil, "vds_c.h5", []int{0, 0}, 1, 1},
		{"vds.h5", "/irregular", []int{1, 2}, []int{1, 2}, "", nil, 0, 0},
	} {
		d := dataset(t, openTest(t, c.file), c.path)
		err := d.CheckSources(c.off, c.count)
		var m *MissingError
		switch {
		case c.what == "" && err == nil:
		case c.what == "" || !errors.As(err, &m):
			t.Errorf("%s %v %v: %v", c.path, c.off, c.count, err)
		case !strings.Contains(m.What, c.what) || !slices.Equal(m.First, c.first) || m.Count != c.pieces || m.Frames != c.frame:
			t.Errorf("%s %v %v: %+v", c.path, c.off, c.count, *m)
		}
	}
	d := dataset(t, openTest(t, "sparse.h5"), "/frames")
	if err := d.CheckSources([]int{0, 0}, []int{1, 1}); KindOf(err) != BadRange {
		t.Errorf("bad box: %v", err)
	}
}

// TestNumberedSources: vds_n%b.h5 exists for 0, 1 and 3. libhdf5 takes the extent from the
// sources, up to the first that is missing.
func TestNumberedSources(t *testing.T) {
	d := dataset(t, openTest(t, "vds.h5"), "/numbered")
	in := d.Info()
	t.Logf("shape %v, sources %+v", in.Shape, in.Virtual)
	if err := d.CheckSources(nil, nil); err != nil && in.Shape[0] <= 2 {
		t.Error(err)
	}
	if len(in.Virtual) != 1 || in.Virtual[0].File != "vds_n%b.h5" {
		t.Errorf("%+v", in.Virtual)
	}
}

func TestVirtualInfo(t *testing.T) {
	f := openTest(t, "vds.h5")
	in := dataset(t, f, "/gap").Info()
	if in.Layout != Virtual || len(in.Virtual) != 2 || fmt.Sprint(in.Virtual[1]) != "{vds_b.h5 data [5 0 0] [3 2 2]}" {
		t.Errorf("%+v", in.Virtual)
	}
	if in := dataset(t, f, "/interleaved").Info(); in.Virtual[0].Start != nil {
		t.Errorf("interleaved is no box: %+v", in.Virtual)
	}
	wantAll(t, f, "/interleaved", uint16(0), 1, 2, 3, 100, 101, 102, 103, 4, 5, 6, 7, 104, 105, 106, 107, 8, 9, 10, 11, 108, 109, 110, 111)
	// The trap that CheckSources is for: no error, and zeros.
	wantAll(t, f, "/one_frame", uint16(0), 1, 2, 3, 0, 0, 0, 0, 100, 101, 102, 103)
}

// TestExternalBeside reads raw files that stand beside the file, not in the working directory.
func TestExternalBeside(t *testing.T) {
	f := openTest(t, "external.h5")
	wantAll(t, f, "/good", uint16(0), 1, 2, 3, 4, 5, 6, 7)
	wantAll(t, f, "/shifted", uint16(2), 3, 4, 5, 6, 7)
	es := dataset(t, f, "/shifted").Info().External
	if len(es) != 1 || es[0] != (ExternalFile{"ext_a.raw", 4, -1}) {
		t.Errorf("%+v", es)
	}
}

// TestCheckManyChunks: 100,000 chunks, one of them missing, have to be checked in seconds.
func TestCheckManyChunks(t *testing.T) {
	const n = 100000
	p := filepath.Join(t.TempDir(), "many.h5")
	f, err := Create(p)
	must(t, err)
	d, err := f.CreateFrames("/d", FramesSpec{Type: pix.Uint8, Shape: []int{n, 2, 2}})
	must(t, err)
	for i := range n {
		if i != 77777 {
			must(t, d.WriteChunk([]int{i, 0, 0}, 0, []byte{1, 2, 3, 4}))
		}
	}
	must(t, f.Close())
	f, err = Open(p, OpenOptions{})
	must(t, err)
	defer f.Close()
	d = dataset(t, f, "/d")
	start := time.Now()
	err = d.CheckSources(nil, nil)
	if took := time.Since(start); took > 5*time.Second {
		t.Errorf("took %v", took)
	} else {
		t.Logf("checked in %v", took)
	}
	var m *MissingError
	if !errors.As(err, &m) || m.First[0] != 77777 || m.Count != 1 || m.Frames != 1 {
		t.Errorf("%v", err)
	}
	start = time.Now()
	var buf []byte
	for i := range n {
		if b, _, err := d.ChunkBytes([]int{i, 0, 0}, buf); err == nil {
			buf = b
		}
	}
	t.Logf("read chunk by chunk in %v", time.Since(start))
}

func TestCandidates(t *testing.T) {
	t.Setenv("HDF5_VDS_PREFIX", "${ORIGIN}/raw")
	got := candidates("/data/x.h5", "scan/m.h5", "HDF5_VDS_PREFIX")
	want := []string{"/data/x.h5", "scan/raw/x.h5", "scan/x.h5", "x.h5"}
	if !slices.Equal(got, want) {
		t.Errorf("%v", got)
	}
}

func TestBlockNumbers(t *testing.T) {
	for s, want := range map[string]string{"a%b.h5": "a12.h5", "a%%b.h5": "a%b.h5", "%b%%%b": "12%12", "x": "x"} {
		if got := unescape(withBlock(s, 12)); got != want {
			t.Errorf("%s: %s, want %s", s, got, want)
		}
		if has := hasBlockNumber(VirtualSource{File: s}); has != strings.Contains(want, "12") {
			t.Errorf("%s: %v", s, has)
		}
	}
}

func TestAxis(t *testing.T) {
	a := axis{start: 3, stride: 5, count: 3, block: 2} // 3 4 8 9 13 14
	want := []int{3, 4, 8, 9, 13, 14}
	for i, x := range want {
		if a.at(i) != x || a.below(x) != i || a.below(x+1) != i+1 {
			t.Errorf("element %d: at %d, below %d", i, a.at(i), a.below(x))
		}
	}
	if a.below(0) != 0 || a.below(100) != 6 || a.len() != 6 || a.contiguous() {
		t.Errorf("%+v", a)
	}
}

// TestCheckAfterRead: libhdf5 keeps a chunk that it made up of fill values in its cache, and
// then takes it for stored. Reading first must not hide what is missing.
func TestCheckAfterRead(t *testing.T) {
	for _, c := range []struct {
		file, path string
		pieces     int
		chunk      []int
	}{
		{"sparse.h5", "/tiles_hole", 3, []int{3, 0, 0}}, {"sparse.h5", "/frames", 3, []int{7, 0, 0}},
		{"sparse_latest.h5", "/frames", 3, []int{2, 0, 0}}, {"sparse_latest.h5", "/grow", 3, []int{2, 0, 0}},
		{"vds.h5", "/holes", 2, nil},
	} {
		f := openTest(t, c.file)
		d := dataset(t, f, c.path)
		if _, err := ReadAll[uint16](d); err != nil {
			t.Error(err)
		}
		for range 2 {
			var m *MissingError
			if err := d.CheckSources(nil, nil); !errors.As(err, &m) || m.Count != c.pieces {
				t.Errorf("%s: %v", c.path, err)
			}
			if c.chunk == nil {
				continue
			}
			if _, _, err := d.ChunkBytes(c.chunk, nil); !errors.Is(err, ErrNoChunk) {
				t.Errorf("%s: bytes: %v", c.path, err)
			}
			if ok, err := d.ChunkStored(c.chunk); ok || err != nil {
				t.Errorf("%s: stored: %v, %v", c.path, ok, err)
			}
		}
	}
}
