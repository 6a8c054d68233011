package ptyd

import (
	"context"
	"encoding/json"
	"errors"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"ptyprep/internal/formats/h5"
	"ptyprep/internal/formats/h5frames"
	"ptyprep/internal/imgproc"
	"ptyprep/internal/imgproc/pix"
	"ptyprep/internal/scan/problem"
)

// file writes an HDF5 file with the h5 package, as another program might have done it.
func file(t *testing.T, path string, write ...func(*h5.File) error) string {
	t.Helper()
	f, err := h5.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, w := range write {
		err = errors.Join(err, w(f))
	}
	if err := errors.Join(err, f.Close()); err != nil {
		t.Fatal(err)
	}
	return path
}

func array[T pix.Number](path string, shape []int, data ...T) func(*h5.File) error {
	return func(f *h5.File) error { return h5.WriteArray(f, path, shape, data, 0) }
}

func node(path string, v any) func(*h5.File) error {
	return func(f *h5.File) error { return writeNode(f, path, NodeOf(v)) }
}

func group(path string) func(*h5.File) error {
	return func(f *h5.File) error { return f.CreateGroup(path) }
}

// chunk is a chunk of n frames of 2 x 2 whose pixels are all first, first+1, ...; weights and positions
// are left to others.
func chunk(k string, n int, first uint16) func(*h5.File) error {
	var data []uint16
	for i := range n {
		data = append(data, slices.Repeat([]uint16{first + uint16(i)}, 4)...)
	}
	return array("/chunks/"+k+"/data", []int{n, 2, 2}, data...)
}

// meta as ptypy writes it, but without the keys named.
func meta(frames int, without ...string) func(*h5.File) error {
	m := map[string]any{"version": 0.1, "num_frames": frames, "label": nil, "shape": []int{2, 2}, "psize": []float64{1e-4, 1e-4}, "energy": 7.0, "center": []float64{1, 1}, "distance": 2.0}
	for _, k := range without {
		delete(m, k)
	}
	return node("/meta", m)
}

func open(t *testing.T, path string) *File {
	t.Helper()
	f, err := Open(path, h5.OpenOptions{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return f
}

// Files of all ages (ptyd 6 to 8): weights in each of their places, chunks by number, texts as bytes.
func TestOldFiles(t *testing.T) {
	dir := t.TempDir()
	two := array("/meta/weight2d", []int{2, 2}, []float64{1, 0, 0, -1}...) // valid where above 0
	for name, c := range map[string]struct {
		write  []func(*h5.File) error
		firsts []int
		valid  []int
		warn   string
	}{
		"no weights":                      {[]func(*h5.File) error{meta(2), chunk("0", 2, 5)}, []int{5, 6}, []int{4, 4}, ""},
		"weights are an empty dictionary": {[]func(*h5.File) error{meta(2), chunk("0", 2, 5), group("/chunks/0/weights")}, []int{5, 6}, []int{4, 4}, ""},
		"weights are None":                {[]func(*h5.File) error{meta(2), chunk("0", 2, 5), node("/chunks/0/weights", nil)}, []int{5, 6}, []int{4, 4}, ""},
		"weight2d in meta":                {[]func(*h5.File) error{meta(2), two, chunk("0", 2, 5)}, []int{5, 6}, []int{1, 1}, ""},
		"weight2d in info":                {[]func(*h5.File) error{meta(2), array("/info/weight2d", []int{2, 2}, []uint8{1, 1, 0, 1}...), chunk("0", 2, 5)}, []int{5, 6}, []int{3, 3}, ""},
		"weight2d of today is a bool":     {[]func(*h5.File) error{meta(2), node("/info/weight2d", true), chunk("0", 2, 5)}, []int{5, 6}, []int{4, 4}, ""},
		"weights of frames beat it": {[]func(*h5.File) error{meta(3), two, chunk("0", 2, 5), array("/chunks/0/weights", []int{2, 2, 2}, []float32{1, 1, 1, 0, 0, 0, 0.5, -2}...), chunk("1", 1, 9)},
			[]int{5, 6, 9}, []int{3, 1, 1}, ""},
		"one for the chunk (defect 17)": {[]func(*h5.File) error{meta(2), chunk("0", 2, 5), array("/chunks/0/weights", []int{2, 2}, []uint8{0, 1, 0, 1}...)}, []int{5, 6}, []int{2, 2}, "ptypy takes such a file wrongly"},
		"ten chunks and more":           {[]func(*h5.File) error{meta(4), chunk("10", 1, 30), chunk("0", 1, 1), chunk("2", 1, 2), chunk("9", 1, 9)}, []int{1, 2, 9, 30}, []int{4, 4, 4, 4}, ""},
		"no num_frames":                 {[]func(*h5.File) error{meta(0, "num_frames"), chunk("0", 2, 5)}, []int{5, 6}, []int{4, 4}, "no num_frames"},
		"num_frames too few":            {[]func(*h5.File) error{meta(1), chunk("0", 2, 5)}, []int{5, 6}, []int{4, 4}, "num_frames 1, the chunks hold 2"},
		"no chunk 0":                    {[]func(*h5.File) error{meta(1), chunk("3", 1, 5)}, []int{5}, []int{4}, "no chunk 0"},
		"a chunk with a name":           {[]func(*h5.File) error{meta(1), chunk("0", 1, 5), chunk("dark", 1, 77)}, []int{5}, []int{4}, "chunks/dark is left out"},
		"no meta":                       {[]func(*h5.File) error{chunk("0", 1, 5)}, []int{5}, []int{4}, "no group meta"},
		"an empty chunk":                {[]func(*h5.File) error{meta(1), chunk("0", 1, 5), array("/chunks/1/data", []int{0, 2, 2}, []uint16{}...)}, []int{5}, []int{4}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			path := file(t, filepath.Join(dir, strings.ReplaceAll(name, "/", "_")+".ptyd"), c.write...)
			firsts, valid := read(t, path)
			if !slices.Equal(firsts, c.firsts) || !slices.Equal(valid, c.valid) {
				t.Errorf("frames %v with %v valid pixels, want %v with %v", firsts, valid, c.firsts, c.valid)
			}
			w := strings.Join(open(t, path).Warnings(), "; ")
			if c.warn == "" && w != "" || !strings.Contains(w, c.warn) {
				t.Errorf("warnings %q, want %q", w, c.warn)
			}
		})
	}
}

// Meta in the forms that old files and other writers have; what has no sense counts as missing.
func TestMetaForms(t *testing.T) {
	dir := t.TempDir()
	plain := func(k string, v any) func(*h5.File) error { return node("/meta/"+k, v) }
	for name, c := range map[string]struct {
		write []func(*h5.File) error
		check func(m Meta) bool
		warn  int
	}{
		"one number for both axes": {[]func(*h5.File) error{plain("shape", 2), plain("psize", 1e-4), plain("center", 1.5)},
			func(m Meta) bool {
				return *m.Shape == [2]int{2, 2} && *m.PSizeM == [2]float64{1e-4, 1e-4} && *m.Center == [2]float64{1.5, 1.5}
			}, 0},
		"lists": {[]func(*h5.File) error{plain("shape", []any{int64(2), int64(2)}), plain("num_frames", []int{1})}, func(m Meta) bool { return *m.Shape == [2]int{2, 2} && *m.NumFrames == 1 }, 0},
		"None": {[]func(*h5.File) error{plain("energy", nil), plain("center", nil), plain("label", nil), plain("shape", nil)}, func(m Meta) bool {
			return m.EnergyKeV == nil && m.CenterNone && m.Center == nil && m.Label == nil && m.Shape == nil
		}, 0},
		"word": {[]func(*h5.File) error{plain("center", "geometric"), plain("version", "0.1"), plain("label", "None")}, func(m Meta) bool {
			return m.CenterWord == "geometric" && m.Center == nil && *m.Version == 0.1 && *m.Label == "None"
		}, 0},
		"other words": {[]func(*h5.File) error{plain("center", "middle"), plain("version", "new"), plain("energy", "0.1")}, func(m Meta) bool {
			return m.CenterWord == "" && m.Center == nil && m.Version == nil && m.EnergyKeV == nil
		}, 3},
		"no such numbers": {[]func(*h5.File) error{plain("energy", math.NaN()), plain("distance", -1.0), plain("psize", []float64{1e-4, math.Inf(1)}), plain("center", []float64{math.NaN(), 1}), plain("shape", []int{0, 2})},
			func(m Meta) bool {
				return m.EnergyKeV == nil && m.DistanceM == nil && m.PSizeM == nil && m.Center == nil && m.Shape == nil
			}, 5},
		"other integers": {[]func(*h5.File) error{array("/meta/num_frames", nil, int32(1)), array("/meta/shape", []int{2}, []int32{2, 2}...), array("/meta/energy", nil, float32(6.5))},
			func(m Meta) bool { return *m.NumFrames == 1 && *m.Shape == [2]int{2, 2} && *m.EnergyKeV == 6.5 }, 0},
		"nonsense": {[]func(*h5.File) error{plain("num_frames", -3), plain("shape", []float64{1.5, 2}), plain("psize", []float64{1, 2, 3}), plain("energy", "high"), plain("distance", map[string]any{"a": 1})},
			func(m Meta) bool {
				return m.NumFrames == nil && m.Shape == nil && m.PSizeM == nil && m.EnergyKeV == nil && m.DistanceM == nil
			}, 5},
		"empty": {nil, func(m Meta) bool { return reflect.DeepEqual(m, Meta{Tree: m.Tree}) }, 0},
	} {
		t.Run(name, func(t *testing.T) {
			path := file(t, filepath.Join(dir, name+".ptyd"), append(c.write, group("/meta"), chunk("0", 1, 5))...)
			f := open(t, path)
			if !c.check(f.Meta()) {
				t.Errorf("meta %+v", f.Meta())
			}
			n := 0
			for _, w := range f.Warnings() {
				if strings.Contains(w, "taken as missing") {
					n++
				}
			}
			if n != c.warn {
				t.Errorf("warnings %q", f.Warnings())
			}
		})
	}
}

// The type attribute decides what a dataset is: None is a float64 array of one zero.
func TestTypeAttribute(t *testing.T) {
	path := file(t, filepath.Join(t.TempDir(), "x.ptyd"), array("/meta/energy", []int{1}, 0.0), array("/meta/distance", []int{1}, 0.0), chunk("0", 1, 5),
		func(f *h5.File) error { return f.SetAttr("/meta/energy", "type", "None") })
	m := open(t, path).Meta()
	if m.EnergyKeV != nil || m.DistanceM == nil || *m.DistanceM != 0 {
		t.Errorf("energy %v, distance %v", m.EnergyKeV, m.DistanceM)
	}
}

// What cannot be opened, or not be read as one scan, with the words that help.
func TestBrokenFiles(t *testing.T) {
	dir := t.TempDir()
	good := func(more ...func(*h5.File) error) []func(*h5.File) error {
		return append([]func(*h5.File) error{meta(2), chunk("0", 2, 5)}, more...)
	}
	for name, c := range map[string]struct {
		write []func(*h5.File) error
		words string
	}{
		"no chunks":        {[]func(*h5.File) error{meta(2)}, "it has no group chunks, so it is no .ptyd file"},
		"chunks a dataset": {[]func(*h5.File) error{meta(2), array("/chunks", nil, 1.0)}, "no group chunks"},
		"empty chunks":     {[]func(*h5.File) error{meta(2), group("/chunks")}, "no chunks with frames"},
		"more promised":    {[]func(*h5.File) error{meta(3), chunk("0", 2, 5)}, "meta promises 3 frames, its chunks hold 2"},
		"no data":          {good(group("/chunks/1")), "chunk 1: it has no data"},
		"a dataset":        {good(array("/chunks/1", nil, 1.0)), "chunk 1: it is a dataset, not a group"},
		"two dimensions":   {good(array("/chunks/1/data", []int{2, 2}, 1.0, 1, 1, 1)), "chunk 1: data is <f8 of shape [2 2]"},
		"text":             {good(func(f *h5.File) error { return f.WriteString("/chunks/1/data", "x") }), "chunk 1: data is"},
		"other size":       {good(array("/chunks/1/data", []int{1, 1, 2}, 1.0, 1)), "chunk 0 has frames of 2 x 2 pixels, chunk 1 of 1 x 2"},
		"weights":          {good(array("/chunks/0/weights", []int{1, 2, 3}, make([]uint8, 6)...)), "chunk 0: weights: shape [1 2 3] for data of 2 x 2 x 2"},
		"positions":        {good(array("/chunks/0/positions", []int{3, 2}, make([]float64, 6)...)), "chunk 0: positions: shape [3 2] for 2 frames"},
		"common weights":   {good(array("/meta/weight2d", []int{3, 3}, make([]uint8, 9)...)), "common weights are 3 x 3 for frames of 2 x 2"},
		"missing part":     {good(func(f *h5.File) error { return f.ExternalLink("/chunks/1", "gone.part001", "/") }), "chunk 1 is in the part file gone.part001, which is not there"},
		"dangling":         {good(func(f *h5.File) error { return f.SoftLink("/chunks/1", "/nowhere") }), "chunk 1 cannot be opened"},
		"not stored": {good(func(f *h5.File) error {
			d, err := f.CreateFrames("/chunks/1/data", h5.FramesSpec{Type: pix.Uint16, Shape: []int{2, 2, 2}})
			if err != nil {
				return err
			}
			return d.Close()
		}), "chunk 1: frames are missing in data"},
	} {
		t.Run(name, func(t *testing.T) {
			f, err := Open(file(t, filepath.Join(dir, name+".ptyd"), c.write...), h5.OpenOptions{})
			if err == nil {
				defer f.Close()
				err = f.Check()
			}
			if problem.ClassOf(err) != problem.Input || !strings.Contains(err.Error(), c.words) || !strings.Contains(err.Error(), name+".ptyd") {
				t.Errorf("%v (class %d), want %q", err, problem.ClassOf(err), c.words)
			}
		})
	}
	if err := errors.Join(os.WriteFile(filepath.Join(dir, "text"), []byte("name: PtydScan\n"), 0o666), os.WriteFile(filepath.Join(dir, "nothing"), nil, 0o666)); err != nil {
		t.Fatal(err)
	}
	whole, err := os.ReadFile(file(t, filepath.Join(dir, "whole.ptyd"), good()...))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "cut"), whole[:len(whole)-100], 0o666); err != nil {
		t.Fatal(err)
	}
	for name, words := range map[string]string{"absent": "there is no file", "text": "text", "nothing": "nothing", "cut": "cut"} {
		_, err := Open(filepath.Join(dir, name), h5.OpenOptions{})
		if problem.ClassOf(err) != problem.Input || !strings.Contains(err.Error(), words) {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if p := problem.Of(err)[0]; name == "cut" && !strings.Contains(p.Hint, "incomplete") || name == "text" && !strings.Contains(p.Hint, ".ptyd") {
			t.Errorf("%s: %v, hint %q", name, err, p.Hint)
		}
	}
}

// More chunks than datasets are kept open at a time are read all the same, also from many goroutines.
func TestManyChunks(t *testing.T) {
	write := []func(*h5.File) error{meta(3 * openDatasets)}
	for k := range 3 * openDatasets {
		write = append(write, chunk(NodeOf(k).describe(), 1, uint16(k)))
	}
	f := open(t, file(t, filepath.Join(t.TempDir(), "x.ptyd"), write...))
	done := make(chan error)
	for range 4 {
		go func() {
			var s h5frames.Scratch
			defer s.Close()
			var im pix.Image
			for i := range f.Chunks() {
				c := &f.Chunks()[i]
				err := f.ReadFrame(c, 0, imgproc.Whole(2, 2), &im, &s)
				if err == nil && pix.Pixels[uint16](&im)[3] != uint16(c.Number) {
					err = errors.New("wrong frame")
				}
				if err != nil {
					done <- err
					return
				}
			}
			done <- nil
		}()
	}
	for range 4 {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
	if n := len(f.pool.open); n > openDatasets {
		t.Errorf("%d datasets are open", n)
	}
}

// The report: sums by hand, what is stored, what is missing; as JSON too.
func TestInspect(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "x.ptyd")
	mustSave(t, &stack{n: 7, positions: micrometres}, path, Options{Mode: Link, Checksum: true, Info: nil})
	r, err := Inspect(context.Background(), path, h5.OpenOptions{})
	if err != nil {
		t.Fatal(err)
	}
	// Pixel i of frame k is 100 k + i: 1600 k + 120 a frame, 1600*21 + 7*120 = 34440 in all.
	if c := r.Counts; c.Sum != 34440 || c.PerFrame != [2]Number{120, 9720} || c.Min != 0 || c.Max != 615 || c.ValidShare != 1 || c.Negative != 0 {
		t.Errorf("counts %+v", c)
	}
	if p := r.Positions; p.Known != 7 || p.Rows != [2]Number{0, Number(micrometres(6))} || p.Cols[0] != Number(-micrometres(6)) {
		t.Errorf("positions %+v", p)
	}
	var size int64
	for _, n := range strings.Fields(names(t, dir)) {
		st, err := os.Stat(filepath.Join(dir, n))
		if err != nil {
			t.Fatal(err)
		}
		size += st.Size()
	}
	if r.Layout != "link" || r.Frames != 7 || len(r.Chunks) != 3 || r.SizeBytes != size || len(r.Problems) > 0 {
		t.Errorf("report %+v", r)
	}
	if c := r.Chunks[1]; c.Part != "x.ptyd.part001" || c.Sum != 1600*(3+4+5)+360 || !slices.Equal(c.FrameSums, []Number{4920, 6520, 8120}) || !slices.Contains(c.Filters, "fletcher32") {
		t.Errorf("chunk 1: %+v", c)
	}
	var b strings.Builder
	if err := r.WriteText(&b); err != nil {
		t.Fatal(err)
	}
	for _, w := range []string{"x.ptyd: .ptyd (link), 7 frames of 4 x 4 <u2 in 3 chunks", "label      sample", "psize      (0.0001, 0.0002) m", "sum 34440, a frame 120 .. 9720, a pixel 0 .. 615", "chunk 1    x.ptyd.part001: frames 3..5"} {
		if !strings.Contains(b.String(), w) {
			t.Errorf("the text lacks %q:\n%s", w, b.String())
		}
	}

	// A part is gone, another is damaged: the rest is reported, and what is wrong.
	if err := os.Remove(path + ".part001"); err != nil {
		t.Fatal(err)
	}
	part, err := os.ReadFile(path + ".part000")
	if err == nil {
		err = os.WriteFile(path+".part000", part[:len(part)/2], 0o666)
	}
	if err != nil {
		t.Fatal(err)
	}
	if r, err = Inspect(context.Background(), path, h5.OpenOptions{}); err != nil {
		t.Fatal(err)
	}
	if r.Frames != 1 || r.Counts.Sum != 9720 || len(r.Problems) == 0 || !strings.Contains(r.Chunks[1].Problem, "not there") || r.Chunks[0].Problem == "" || r.Chunks[2].Problem != "" {
		t.Errorf("report of the rest %+v", r)
	}
	if _, err := json.Marshal(r); err != nil {
		t.Error(err)
	}
}

// Numbers that are none stay out of JSON, and are counted.
func TestInspectNotFinite(t *testing.T) {
	zero := 0.0
	path := file(t, filepath.Join(t.TempDir(), "x.ptyd"), meta(1), array("/chunks/0/data", []int{1, 2, 2}, zero/zero, -1, 3, 1/zero), array("/chunks/0/positions", []int{1, 2}, zero/zero, 1))
	r, err := Inspect(context.Background(), path, h5.OpenOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if c := r.Counts; c.NotFinite != 2 || c.Negative != 1 {
		t.Errorf("counts %+v", c)
	}
	b, err := json.Marshal(r)
	if err != nil || !strings.Contains(string(b), `"positions_m":[[null,1]]`) {
		t.Errorf("%v: %s", err, b)
	}
}

// A cancelled inspection ends with the context's cause.
func TestInspectCancelled(t *testing.T) {
	path := file(t, filepath.Join(t.TempDir(), "x.ptyd"), meta(2), chunk("0", 2, 5))
	ctx, cancel := context.WithCancelCause(context.Background())
	stopped := errors.New("stopped")
	cancel(stopped)
	if _, err := Inspect(ctx, path, h5.OpenOptions{}); !errors.Is(err, stopped) {
		t.Errorf("error %v", err)
	}
}
