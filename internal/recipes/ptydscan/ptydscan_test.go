package ptydscan_test

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"ptyprep/internal/formats/h5"
	"ptyprep/internal/imgproc/pix"
	"ptyprep/internal/recipes/ptydscan"
	rt "ptyprep/internal/recipes/recipetest"
	"ptyprep/internal/scan/problem"
)

const head = "name: PtydScan\nsource: old.ptyd\n"

// content is a .ptyd of two chunks with two and one frames of 4 x 4: pixel i of frame k holds 100 k + i.
// What changes gives is laid over it; nil takes a dataset away.
func content(changes map[string]rt.Dataset) map[string]rt.Dataset {
	pixels := func(frames ...int) rt.Dataset {
		var data []uint16
		for _, k := range frames {
			for i := range 16 {
				data = append(data, uint16(100*k+i))
			}
		}
		return rt.Array([]int{len(frames), 4, 4}, data...)
	}
	c := map[string]rt.Dataset{
		"chunks/0/data": pixels(0, 1), "chunks/0/weights": rt.Constant[uint8](1, 2, 4, 4), "chunks/0/positions": rt.Array([]int{2, 2}, 0, 1, 2, 3.0),
		"chunks/1/data": pixels(2), "chunks/1/weights": rt.Constant[uint8](1, 1, 4, 4), "chunks/1/positions": rt.Array([]int{1, 2}, 4, 5.0),
		"meta/num_frames": rt.Array(nil, int64(3)), "meta/shape": rt.List[int64](4, 4), "meta/psize": rt.List(1e-4, 2e-4), "meta/center": rt.List(1.5, 2.5),
		"meta/energy": rt.Array(nil, 9.0), "meta/distance": rt.Array(nil, 3.0), "meta/version": rt.Array(nil, 0.2), "meta/label": rt.String("old"),
	}
	for k, v := range changes {
		if v == nil {
			delete(c, k)
		} else {
			c[k] = v
		}
	}
	return c
}

func source(t *testing.T, changes map[string]rt.Dataset) string {
	dir := t.TempDir()
	rt.H5(t, dir, "old.ptyd", content(changes))
	return dir
}

// Frames, positions and meta pass as they are; new numbers are 0, 1, ... in the order of the chunks.
func TestPlain(t *testing.T) {
	dir := source(t, nil)
	r := rt.MustRun(t, ptydscan.Spec, dir, head)
	if !slices.Equal(r.Firsts(), []float64{0, 100, 200}) || r.Frames[2][15] != 215 || r.Plan.Type != pix.Uint16 || !slices.Equal(r.Valid(), []int{16, 16, 16}) {
		t.Errorf("frames %v of type %v, valid %v", r.Firsts(), r.Plan.Type, r.Valid())
	}
	m := r.Plan.Meta
	if m.Version != 0.2 || *m.Label != "old" || m.Shape != [2]int{4, 4} || m.PSizeM != [2]float64{1e-4, 2e-4} || m.EnergyKeV != 9 || m.DistanceM != 3 || m.Center != [2]float64{1.5, 2.5} || m.NumFrames != 3 {
		t.Errorf("meta %+v", m)
	}
	if !slices.Equal(r.Plan.Positions, [][2]float64{{0, 1}, {2, 3}, {4, 5}}) || r.Log != "" {
		t.Errorf("positions %v, %q", r.Plan.Positions, r.Log)
	}
	if len(r.Inputs) != 1 || r.Inputs[0].Written != "old.ptyd" {
		t.Errorf("inputs %+v", r.Inputs)
	}
}

// A given parameter beats the source's meta; a new rebin comes on top of the stored psize and centre
// (core 10); num_frames is a maximum (defect 4).
func TestGivenBeatsMeta(t *testing.T) {
	dir := source(t, nil)
	m := rt.MustRun(t, ptydscan.Spec, dir, head+"energy: 5\nlabel: new\nversion: 1\ndistance: 2\npsize: 1.0e-6\ncenter: [2, 2]\nshape: 2\nnum_frames: 2\n")
	if x := m.Plan.Meta; x.EnergyKeV != 5 || *x.Label != "new" || x.Version != 1 || x.DistanceM != 2 || x.PSizeM != [2]float64{1e-6, 1e-6} || x.Shape != [2]int{2, 2} || x.NumFrames != 2 || len(m.Frames) != 2 {
		t.Errorf("meta %+v", x)
	}
	if !slices.Equal(m.Frames[1], []float64{105, 106, 109, 110}) {
		t.Errorf("frame 1 %v", m.Frames[1])
	}
	// center (1.5, 2.5) rounds half to even to (2, 2); rebin 2 gives means: of 0 1 4 5 it is 2.5.
	m = rt.MustRun(t, ptydscan.Spec, dir, head+"rebin: 2\norientation: 1\n")
	if x := m.Plan.Meta; x.PSizeM != [2]float64{2e-4, 4e-4} || x.Center != [2]float64{1, 0.5} || x.Shape != [2]int{2, 2} || m.Plan.Type != pix.Float64 {
		t.Errorf("binned: meta %+v, type %v", x, m.Plan.Type)
	}
	if !slices.Equal(m.Frames[0], []float64{4.5, 2.5, 12.5, 10.5}) {
		t.Errorf("binned frame %v", m.Frames[0])
	}
	// Null asks for what is recorded (11.8).
	m = rt.MustRun(t, ptydscan.Spec, dir, head+"energy: null\ndistance: null\npsize: null\n")
	if x := m.Plan.Meta; x.EnergyKeV != 9 || x.DistanceM != 3 || x.PSizeM != [2]float64{1e-4, 2e-4} {
		t.Errorf("null: meta %+v", x)
	}
}

// Where neither recipe nor meta say anything: shape is the whole frame, the rest has its default, and
// energy, distance and psize are told (11.8, 11.14).
func TestMetaMissing(t *testing.T) {
	dir := source(t, map[string]rt.Dataset{"meta/num_frames": nil, "meta/shape": nil, "meta/psize": nil, "meta/center": nil, "meta/energy": nil, "meta/distance": nil, "meta/label": nil})
	r := rt.MustRun(t, ptydscan.Spec, dir, head)
	if m := r.Plan.Meta; m.NumFrames != 3 || m.Shape != [2]int{4, 4} || m.Label != nil || m.EnergyKeV != 7.2 || m.DistanceM != 7.19 || m.PSizeM[0] != 0.000172 || m.Center != [2]float64{2, 2} {
		t.Errorf("meta %+v", m)
	}
	for _, w := range []string{"energy: 7.2 keV", "distance: 7.19 m", "psize: 0.000172 m", "no num_frames"} {
		if !strings.Contains(r.Log, w) {
			t.Errorf("the warnings lack %q: %s", w, r.Log)
		}
	}
	rt.MustFail(t, ptydscan.Spec, dir, head+"energy: null\n", problem.Usage, "energy", "null")
	// A word for the centre, and None, which means the mass centre.
	dir = source(t, map[string]rt.Dataset{"meta/center": rt.String("geometric")})
	if c := rt.MustRun(t, ptydscan.Spec, dir, head).Plan.RawCenter; c != [2]float64{1.5, 1.5} {
		t.Errorf("geometric: %v", c)
	}
	dir = source(t, map[string]rt.Dataset{"meta/center": func(f *h5.File, path string) error {
		if err := h5.WriteArray(f, path, []int{1}, []float64{0}, 0); err != nil {
			return err
		}
		return f.SetAttr(path, "type", "None")
	}})
	if p := rt.MustRun(t, ptydscan.Spec, dir, head).Plan; !p.AutoUsed {
		t.Errorf("None: centre %v is not the mass centre", p.RawCenter)
	}
}

// Weights in all the places that files of different age have them in, and mixed ones.
func TestWeights(t *testing.T) {
	half := rt.Array([]int{4, 4}, []float64{0, 0, 0, 0, -1, -1, -1, -1, 0.5, 1, 1, 1, 1, 1, 1, 7}...) // 8 above 0
	for name, c := range map[string]struct {
		changes map[string]rt.Dataset
		valid   []int
	}{
		"none":                {map[string]rt.Dataset{"chunks/0/weights": nil, "chunks/1/weights": nil}, []int{16, 16, 16}},
		"in one chunk only":   {map[string]rt.Dataset{"chunks/0/weights": nil, "chunks/1/weights": rt.Constant[uint8](0, 1, 4, 4)}, []int{16, 16, 0}},
		"common, in meta":     {map[string]rt.Dataset{"chunks/0/weights": nil, "chunks/1/weights": nil, "meta/weight2d": half}, []int{8, 8, 8}},
		"common, in info":     {map[string]rt.Dataset{"chunks/0/weights": nil, "chunks/1/weights": nil, "info/weight2d": half}, []int{8, 8, 8}},
		"common, where none":  {map[string]rt.Dataset{"chunks/1/weights": nil, "info/weight2d": half}, []int{16, 16, 8}},
		"one for each chunk":  {map[string]rt.Dataset{"chunks/0/weights": half, "chunks/1/weights": rt.Constant[int8](1, 1, 4, 4)}, []int{8, 8, 16}},
		"one, the same twice": {map[string]rt.Dataset{"chunks/0/weights": half, "chunks/1/weights": half}, []int{8, 8, 8}},
	} {
		dir := source(t, c.changes)
		if r := rt.MustRun(t, ptydscan.Spec, dir, head); !slices.Equal(r.Valid(), c.valid) {
			t.Errorf("%s: valid pixels %v, want %v", name, r.Valid(), c.valid)
		}
		// In a window of row 0 and the one above it: what is outside is not valid.
		r := rt.MustRun(t, ptydscan.Spec, dir, head+"shape: 2\ncenter: [0.4, 2]\n")
		for k, m := range r.Masks {
			outside := 0
			for _, v := range m[:2] {
				outside += int(v)
			}
			if outside > 0 || r.Frames[k][0] != 0 {
				t.Errorf("%s: %d valid pixels outside the frame %d", name, outside, k)
			}
			want := 2
			if c.valid[k] < 16 {
				want = 0
			}
			if got := r.Valid()[k]; got != want {
				t.Errorf("%s: %d valid pixels in frame %d, want %d", name, got, k, want)
			}
		}
	}
}

// Chunks of different number types take the type that holds them all.
func TestMixedTypes(t *testing.T) {
	for _, c := range []struct {
		second rt.Dataset
		want   pix.Type
		value  float64
	}{
		{rt.Constant[int16](-5, 1, 4, 4), pix.Int32, -5},
		{rt.Constant[float32](0.25, 1, 4, 4), pix.Float32, 0.25},
		{rt.Constant(0.1, 1, 4, 4), pix.Float64, 0.1},
		{rt.Constant[uint32](1<<31, 1, 4, 4), pix.Uint32, 1 << 31},
	} {
		r := rt.MustRun(t, ptydscan.Spec, source(t, map[string]rt.Dataset{"chunks/1/data": c.second}), head)
		if r.Plan.Type != c.want || !slices.Equal(r.Firsts(), []float64{0, 100, c.value}) {
			t.Errorf("type %v, want %v; %v", r.Plan.Type, c.want, r.Firsts())
		}
	}
}

// What cannot be prepared, before a frame is read (core 10, 11.14; defects 14 to 18).
func TestErrors(t *testing.T) {
	rt.MustFail(t, ptydscan.Spec, t.TempDir(), head, problem.Input, "recipe.yaml:2:9: source", "there is no file")
	for _, word := range []string{"file", "null"} {
		rt.MustFail(t, ptydscan.Spec, source(t, nil), "name: PtydScan\nsource: "+word+"\ndfile: old.ptyd\n", problem.Usage, "source", "same file", "inspect")
	}
	for name, c := range map[string]struct {
		changes map[string]rt.Dataset
		words   []string
	}{
		"more promised":       {map[string]rt.Dataset{"meta/num_frames": rt.Array(nil, int64(4))}, []string{"promises 4 frames", "hold 3"}},
		"no positions":        {map[string]rt.Dataset{"chunks/1/positions": nil}, []string{"chunk 1 has no positions", "positions_theory"}},
		"missing part":        {map[string]rt.Dataset{"chunks/2": func(f *h5.File, path string) error { return f.ExternalLink(path, "old.ptyd.part002", "/") }}, []string{"old.ptyd.part002", "not there", "promises 3 frames, 3 can be read"}},
		"no chunks":           {map[string]rt.Dataset{"chunks/0/data": nil, "chunks/1/data": nil}, []string{"chunk 0: it has no data"}},
		"frames of two sizes": {map[string]rt.Dataset{"chunks/1/data": rt.Constant[uint16](1, 1, 4, 5), "chunks/1/weights": nil}, []string{"4 x 4 pixels, chunk 1 of 4 x 5"}},
	} {
		t.Run(name, func(t *testing.T) {
			rt.MustFail(t, ptydscan.Spec, source(t, c.changes), head, problem.Input, append(c.words, "recipe.yaml:2:9: source", "old.ptyd")...)
		})
	}
	// What the source's meta says is told as such, and is a matter of the input.
	rt.MustFail(t, ptydscan.Spec, source(t, map[string]rt.Dataset{"meta/center": rt.List(9.0, 2)}), head, problem.Input, "old.ptyd: meta/center: the centre (9, 2) lies outside")
	rt.MustFail(t, ptydscan.Spec, source(t, nil), head+"rebin: 3\n", problem.Input, "recipe.yaml:3:8: rebin", "4 is not a multiple of 3")
	rt.MustFail(t, ptydscan.Spec, source(t, nil), head+"rebin: 3\nshape: 4\n", problem.Usage, "recipe.yaml:3:8: rebin", "4 is not a multiple of 3")
	rt.MustFail(t, ptydscan.Spec, source(t, map[string]rt.Dataset{"meta/shape": rt.List[int64](1<<20, 1<<20)}), head, problem.Input, "old.ptyd: meta/shape: 1048576 x 1048576 pixels, where the frames have")
	// Theoretical positions stand in for missing ones.
	r := rt.MustRun(t, ptydscan.Spec, source(t, map[string]rt.Dataset{"chunks/1/positions": nil}), head+"positions_theory: [[1, 2], [3, 4]]\n")
	if len(r.Frames) != 2 || r.Plan.Positions[1] != [2]float64{3, 4} {
		t.Errorf("%d frames at %v", len(r.Frames), r.Plan.Positions)
	}
}

// A frame that cannot be read is named with its chunk, and what comes before it can be had.
func TestDamagedFrame(t *testing.T) {
	dir := source(t, map[string]rt.Dataset{"chunks/1/data": func(f *h5.File, path string) error {
		d, err := f.CreateFrames(path, h5.FramesSpec{Type: pix.Uint16, Shape: []int{1, 4, 4}, Filters: []h5.FilterSpec{{ID: 1, Params: []uint32{4}}}})
		if err == nil {
			err = d.WriteChunk([]int{0, 0, 0}, 0, []byte("this is not deflate"))
		}
		if err != nil {
			return err
		}
		return d.Close()
	}})
	rt.MustFail(t, ptydscan.Spec, dir, head, problem.Input, "frame 2", "/chunks/1/data[0]", "num_frames: 2")
	if r := rt.MustRun(t, ptydscan.Spec, dir, head+"num_frames: 2\n"); len(r.Frames) != 2 {
		t.Errorf("%d frames", len(r.Frames))
	}
}

// Values that are NaN are 0 and masked in the new file, as in any scan.
func TestNaN(t *testing.T) {
	data := slices.Repeat([]float32{1}, 16)
	data[5] = float32(math.NaN())
	r := rt.MustRun(t, ptydscan.Spec, source(t, map[string]rt.Dataset{"chunks/1/data": rt.Array([]int{1, 4, 4}, data...)}), head)
	if fmt.Sprint(r.Valid()) != "[16 16 15]" || r.Frames[2][5] != 0 || !strings.Contains(r.Log, "1 valid pixels in 1 frames were NaN") {
		t.Errorf("valid %v, %v, %q", r.Valid(), r.Frames[2][5], r.Log)
	}
}
