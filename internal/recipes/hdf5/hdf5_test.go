package hdf5_test

import (
	"errors"
	"fmt"
	"math"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"ptyprep/internal/formats/h5"
	"ptyprep/internal/imgproc"
	"ptyprep/internal/imgproc/pix"
	"ptyprep/internal/recipes/hdf5"
	rt "ptyprep/internal/recipes/recipetest"
	"ptyprep/internal/scan"
	"ptyprep/internal/scan/problem"
)

// head is what every recipe here begins with; more is laid behind it.
const head = `name: Hdf5Loader
intensities: {file: raw.h5, key: data}
energy: 7
distance: 1
psize: 1.0e-4
auto_center: false
`

const positions = "positions: {slow_key: y, fast_key: x}\n"

// numbered makes frames of 2 x 2: pixel (r, c) of raw frame k holds 100 k + 2 r + c.
func numbered(lead ...int) rt.Dataset {
	n := 1
	for _, k := range lead {
		n *= k
	}
	data := make([]uint16, 0, 4*n)
	for k := range n {
		for p := range 4 {
			data = append(data, uint16(100*k+p))
		}
	}
	return rt.Array(append(slices.Clone(lead), 2, 2), data...)
}

// frameNumbers tells which raw frames were taken.
func frameNumbers(r *rt.Result) []int {
	var out []int
	for _, v := range r.Firsts() {
		out = append(out, int(v)/100)
	}
	return out
}

func floats(v ...float64) []float64 { return v }

// The rows of the table of shapes (hdf5_loader 2): which frame belongs to which point, and where it
// lies. Slow coordinates are multiplied by 10, fast ones by -1.
func TestShapeRows(t *testing.T) {
	list6 := rt.List(0, 1, 2, 3, 4, 5.0)
	grid := rt.Array([]int{2, 3}, 0, 1, 2, 3, 4, 5.0)
	all := []int{0, 1, 2, 3, 4, 5}
	point := [][2]float64{{0, -0}, {10, -1}, {20, -2}, {30, -3}, {40, -4}, {50, -5}}
	mesh := [][2]float64{{0, -5}, {0, -6}, {0, -7}, {10, -5}, {10, -6}, {10, -7}}
	for name, c := range map[string]struct {
		data, y, x rt.Dataset
		more       string
		frames     []int
		want       [][2]float64
	}{
		"1 grid":            {numbered(2, 3), grid, grid, "", all, point},
		"1 more dimensions": {numbered(2, 3), rt.Counting[float64](2, 3, 1, 1), rt.Counting[float64](2, 3, 1), "", all, point},
		"2 list":            {numbered(6), list6, list6, "", all, point},
		"2 integers":        {numbered(6), rt.Counting[int32](6), rt.Counting[uint8](6), "", all, point},
		"2 columns":         {numbered(3), rt.Array([]int{3, 2}, 9, 0, 9, 1, 9, 2.0), rt.Array([]int{3, 2}, 0, 8, 1, 8, 2, 8.0), ", slow_index: 1, fast_index: 0", []int{0, 1, 2}, point[:3]},
		"2 wins over 5":     {numbered(1), rt.List(3.0), rt.List(3.0), "", []int{0}, [][2]float64{{30, -3}}},
		"3 grid in a list":  {numbered(6), grid, grid, "", all, point},
		"3 column vectors":  {numbered(6), rt.Counting[float64](6, 1), rt.Counting[float64](6, 1), "", all, point},
		"4 mesh":            {numbered(2, 3), rt.List(0, 1.0), rt.List(5, 6, 7.0), "", all, mesh},
		"5 mesh in a list":  {numbered(6), rt.List(0, 1.0), rt.List(5, 6, 7.0), "", all, mesh},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			rt.H5(t, dir, "raw.h5", map[string]rt.Dataset{"data": c.data, "y": c.y, "x": c.x})
			r := rt.MustRun(t, hdf5.Spec, dir, head+"positions: {slow_key: y, fast_key: x, slow_multiplier: 10, fast_multiplier: -1"+c.more+"}\n")
			if !slices.Equal(frameNumbers(r), c.frames) || !slices.Equal(r.Plan.Positions, c.want) {
				t.Errorf("frames %v at %v, want %v at %v", frameNumbers(r), r.Plan.Positions, c.frames, c.want)
			}
			if r.Plan.Type != pix.Uint16 || !slices.Equal(r.Frames[0], floats(0, 1, 2, 3)) || r.Plan.Meta.NumFrames != len(c.frames) {
				t.Errorf("frame 0 is %v of type %v, %d frames", r.Frames[0], r.Plan.Type, r.Plan.Meta.NumFrames)
			}
		})
	}
}

// Shapes that no row of the table takes are an error that names all three.
func TestShapesThatDoNotFit(t *testing.T) {
	for name, c := range map[string]struct {
		data, y, x rt.Dataset
		words      []string
	}{
		"equal products, other shapes (defect 33)": {numbered(6), rt.Counting[float64](2, 3), rt.Counting[float64](3, 2), []string{"(2 x 3)", "(3 x 2)", "(6)"}},
		"too few":       {numbered(6), rt.Counting[float64](5), rt.Counting[float64](5), []string{"(5)", "(6)"}},
		"unequal":       {numbered(6), rt.Counting[float64](6), rt.Counting[float64](5), []string{"(6)", "(5)"}},
		"three leading": {numbered(1, 2, 3), rt.Counting[float64](1, 2, 3), rt.Counting[float64](1, 2, 3), []string{"(1 x 2 x 3)", "outer_index"}},
		"one image":     {rt.Counting[uint16](4, 4), rt.Counting[float64](1), rt.Counting[float64](1), []string{"raw.h5:data", "shape"}},
		"no frames":     {rt.Array[uint16]([]int{0, 4, 4}), rt.Array[float64]([]int{0}), rt.Array[float64]([]int{0}), []string{"raw.h5:data", "(0, 4, 4)", "no frames"}},
		"no columns":    {rt.Array[uint16]([]int{6, 4, 0}), rt.Counting[float64](6), rt.Counting[float64](6), []string{"raw.h5:data", "(6, 4, 0)", "no frames"}},
		"text":          {numbered(6), rt.String("here"), rt.Counting[float64](6), []string{"raw.h5:y", "expected numbers"}},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			rt.H5(t, dir, "raw.h5", map[string]rt.Dataset{"data": c.data, "y": c.y, "x": c.x})
			_, err := rt.Run(t, hdf5.Spec, dir, head+positions)
			if problem.ClassOf(err) != problem.Input {
				t.Fatalf("class %v: %v", problem.ClassOf(err), err)
			}
			text := err.Error() + problem.Of(err)[0].Hint
			for _, w := range c.words {
				if !strings.Contains(text, w) {
					t.Errorf("the message lacks %q: %s", w, text)
				}
			}
		})
	}
}

// The order of selection (hdf5_loader 3): bounds, skip, filter, order, num_frames.
func TestSelection(t *testing.T) {
	filter := make([]int8, 20) // of a 4 x 5 grid: all but point 7; -1 is not above 0
	for i := range filter {
		filter[i] = 1
	}
	filter[7] = -1
	dir := t.TempDir()
	rt.H5(t, dir, "raw.h5", map[string]rt.Dataset{
		"data": numbered(20), "grid": numbered(4, 5), "y": rt.Counting[float64](20), "x": rt.Counting[float64](20),
		"y2": rt.Counting[float64](4, 5), "x2": rt.Counting[float64](4, 5), "slow": rt.Counting[float64](4), "fast": rt.Counting[float64](5),
		"filter": rt.Array([]int{20}, filter...), "filter2": rt.Array([]int{4, 5}, filter...), "filter4": rt.Array([]int{4, 5, 1, 1}, filter...),
		"zero": rt.Constant[uint8](0, 20), "short": rt.Constant[uint8](1, 19), "turned": rt.Constant[uint8](1, 5, 4),
	})
	part := "bounding_box: {slow_axis_bounds: [1, 4], fast_axis_bounds: [0, 5]}, skip: 2}\n" // i = 1, 3; j = 0, 2, 4
	rows := map[string]string{
		"1": "intensities.key=grid slow_key: y2, fast_key: x2",
		"3": "intensities.key=data slow_key: y2, fast_key: x2",
		"4": "intensities.key=grid slow_key: slow, fast_key: fast",
		"5": "intensities.key=data slow_key: slow, fast_key: fast",
	}
	recipe := func(row, box, more string) string {
		key, pos, _ := strings.Cut(strings.TrimPrefix(rows[row], "intensities.key="), " ")
		return strings.Replace(head, "key: data", "key: "+key, 1) + "positions: {" + pos + ", " + box + more
	}
	for row := range rows {
		for name, c := range map[string]struct {
			more string
			want []int
		}{
			"bounds and skip": {"", []int{5, 7, 9, 15, 17, 19}},
			"filter":          {"framefilter: {file: raw.h5, key: filter2}\n", []int{5, 9, 15, 17, 19}},
			"filter 4-D":      {"framefilter: {file: raw.h5, key: filter4}\n", []int{5, 9, 15, 17, 19}},
			"order":           {"framefilter: {file: raw.h5, key: filter2}\nframeorder: {indices: [-1, 0, 0, 3, -5]}\n", []int{19, 5, 5, 17, 5}},
			"num_frames":      {"framefilter: {file: raw.h5, key: filter2}\nframeorder: {indices: [-1, 0, 0]}\nnum_frames: 2\n", []int{19, 5}},
			"num_frames more": {"num_frames: 100\n", []int{5, 7, 9, 15, 17, 19}},
		} {
			r := rt.MustRun(t, hdf5.Spec, dir, recipe(row, part, c.more))
			if !slices.Equal(frameNumbers(r), c.want) || r.Plan.Meta.NumFrames != len(c.want) || len(r.LeftOut) > 0 {
				t.Errorf("row %s, %s: frames %v, want %v; left out %v", row, name, frameNumbers(r), c.want, r.LeftOut)
			}
			want := float64(c.want[0]) // of row 1 and 3; a mesh has the axes' values
			if row > "3" {
				want = float64(c.want[0] / 5)
			}
			if p := r.Plan.Positions[0]; p[0] != want {
				t.Errorf("row %s, %s: first position %v, want slow %v", row, name, p, want)
			}
		}
	}

	list := func(box, more string) string {
		return head + "positions: {slow_key: y, fast_key: x" + box + "}\n" + more
	}
	for _, c := range []struct {
		box  string
		more string
		want []int
	}{
		{", bounding_box: {fast_axis_bounds: 17}", "", []int{17, 18, 19}},
		{", bounding_box: {fast_axis_bounds: [null, 3]}", "", []int{0, 1, 2}},
		{", bounding_box: {fast_axis_bounds: [18, null]}", "", []int{18, 19}},
		{", bounding_box: {fast_axis_bounds: [2, 9]}, skip: 3", "", []int{2, 5, 8}},
		{", bounding_box: {fast_axis_bounds: [6, 9]}", "framefilter: {file: raw.h5, key: filter}\n", []int{6, 8}},
	} {
		if r := rt.MustRun(t, hdf5.Spec, dir, list(c.box, c.more)); !slices.Equal(frameNumbers(r), c.want) {
			t.Errorf("list%s: frames %v, want %v", c.box, frameNumbers(r), c.want)
		}
	}
	// Of a list only fast_axis_bounds count; the other is told (11.11).
	r := rt.MustRun(t, hdf5.Spec, dir, list(", bounding_box: {slow_axis_bounds: [0, 1]}", ""))
	if len(r.Frames) != 20 || !strings.Contains(r.Log, "slow_axis_bounds has no effect") {
		t.Errorf("slow bounds of a list: %d frames, %q", len(r.Frames), r.Log)
	}

	for name, c := range map[string]struct {
		box, more string
		class     problem.Class
		words     []string
	}{
		"high":         {", bounding_box: {fast_axis_bounds: [0, 21]}", "", problem.Input, []string{"fast_axis_bounds", "0 to 21", "20 points"}},
		"empty":        {", bounding_box: {fast_axis_bounds: [4, 4]}", "", problem.Input, []string{"fast_axis_bounds"}},
		"past":         {", bounding_box: {fast_axis_bounds: 20}", "", problem.Input, []string{"fast_axis_bounds"}},
		"negative":     {", bounding_box: {fast_axis_bounds: [-2, 6]}", "", problem.Input, []string{"fast_axis_bounds"}},
		"three":        {", bounding_box: {fast_axis_bounds: [0, 6, 2]}", "", problem.Usage, []string{"fast_axis_bounds"}},
		"skip 0":       {", skip: 0", "", problem.Usage, []string{"positions.skip"}},
		"filter shape": {"", "framefilter: {file: raw.h5, key: short}\n", problem.Input, []string{"framefilter.key", "(19)", "(20)"}},
		"filter zero":  {"", "framefilter: {file: raw.h5, key: zero}\n", problem.Input, []string{"leaves no point"}},
		"order":        {"", "frameorder: {indices: [0, 20]}\n", problem.Input, []string{"index 20", "-20 to 19"}},
		"order low":    {"", "frameorder: {indices: [-21]}\n", problem.Input, []string{"index -21"}},
		"num_frames 0": {"", "num_frames: 0\n", problem.Usage, []string{"num_frames"}},
	} {
		t.Run(name, func(t *testing.T) { rt.MustFail(t, hdf5.Spec, dir, list(c.box, c.more), c.class, c.words...) })
	}
	rt.MustFail(t, hdf5.Spec, dir, recipe("1", "skip: 1}\n", "framefilter: {file: raw.h5, key: turned}\n"), problem.Input, "(5, 4)", "(4, 5)")
}

// scan3 writes three frames of 2 x 2 of type T with list positions and more.
func scan3[T pix.Number](t *testing.T, pixels []T, more map[string]rt.Dataset) string {
	dir := t.TempDir()
	c := map[string]rt.Dataset{"data": rt.Array([]int{3, 2, 2}, pixels...), "y": rt.Counting[float64](3), "x": rt.Counting[float64](3)}
	for k, v := range more {
		c[k] = v
	}
	rt.H5(t, dir, "raw.h5", c)
	return dir
}

// Corrections by hand (hdf5_loader 4). Raw frames: (10 20 30 5), (11 21 31 0), (12 22 32 1).
func TestCorrections(t *testing.T) {
	raw := []uint16{10, 20, 30, 5, 11, 21, 31, 0, 12, 22, 32, 1}
	more := map[string]rt.Dataset{
		"dark":   rt.Array([]int{2, 2}, []uint16{3, 25, 0, 5}...),
		"dark1":  rt.Array([]int{1, 2, 2}, []uint16{3, 25, 0, 5}...),
		"darks":  rt.Array([]int{3, 2, 2}, []uint16{0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2}...),
		"darkf":  rt.Array([]int{2, 2}, []float32{0.5, 25, 0, 5}...),
		"flat":   rt.Array([]int{2, 2}, []float32{2, 4, 0.5, 1}...),
		"flats":  rt.Array([]int{3, 2, 2}, []float32{1, 1, 1, 1, 2, 2, 2, 2, 4, 4, 4, 4}...),
		"mon":    rt.List(1, 2, 3.0), // mean 2, population deviation sqrt(2/3)
		"mask":   rt.Array([]int{2, 2}, []uint8{0, 1, 7, 0}...),
		"masks":  rt.Array([]int{3, 2, 2}, []uint8{1, 1, 1, 1, 0, 1, 1, 1, 0, 0, 1, 1}...),
		"maskf":  rt.Array([]int{2, 2}, []float32{0.5, -1, 0, 1}...),
		"wrong":  rt.Counting[uint16](3, 2),
		"wrong3": rt.Counting[uint16](2, 2, 2),
	}
	dir := scan3(t, raw, more)
	group := func(g, key string) string { return fmt.Sprintf("%s: {file: raw.h5, key: %s}\n", g, key) }
	for name, c := range map[string]struct {
		recipe string
		typ    pix.Type
		want   [3][]float64
	}{
		"none":                     {"", pix.Uint16, [3][]float64{{10, 20, 30, 5}, {11, 21, 31, 0}, {12, 22, 32, 1}}},
		"dark":                     {group("darkfield", "dark"), pix.Uint16, [3][]float64{{7, 0, 30, 0}, {8, 0, 31, 0}, {9, 0, 32, 0}}},
		"dark (1,m,n)":             {group("darkfield", "dark1"), pix.Uint16, [3][]float64{{7, 0, 30, 0}, {8, 0, 31, 0}, {9, 0, 32, 0}}},
		"dark per frame":           {group("darkfield", "darks"), pix.Uint16, [3][]float64{{10, 20, 30, 5}, {10, 20, 30, 0}, {10, 20, 30, 0}}},
		"float dark":               {group("darkfield", "darkf"), pix.Float32, [3][]float64{{9.5, 0, 30, 0}, {10.5, 0, 31, 0}, {11.5, 0, 32, 0}}},
		"flat":                     {group("flatfield", "flat"), pix.Float32, [3][]float64{{5, 5, 60, 5}, {5.5, 5.25, 62, 0}, {6, 5.5, 64, 1}}},
		"flat raw":                 {group("flatfield", "flat") + "output_dtype: raw\n", pix.Uint16, [3][]float64{{5, 5, 60, 5}, {5, 5, 62, 0}, {6, 5, 64, 1}}},
		"flat float64":             {group("flatfield", "flat") + "output_dtype: float64\n", pix.Float64, [3][]float64{{5, 5, 60, 5}, {5.5, 5.25, 62, 0}, {6, 5.5, 64, 1}}},
		"float64 alone":            {"output_dtype: float64\n", pix.Float64, [3][]float64{{10, 20, 30, 5}, {11, 21, 31, 0}, {12, 22, 32, 1}}},
		"flat per frame":           {group("flatfield", "flats"), pix.Float32, [3][]float64{{10, 20, 30, 5}, {5.5, 10.5, 15.5, 0}, {3, 5.5, 8, 0.25}}},
		"dark then flat":           {group("darkfield", "dark") + group("flatfield", "flat"), pix.Float32, [3][]float64{{3.5, 0, 60, 0}, {4, 0, 62, 0}, {4.5, 0, 64, 0}}},
		"monitor":                  {group("normalisation", "mon"), pix.Float32, [3][]float64{{20, 40, 60, 10}, {11, 21, 31, 0}, {8, 44.0 / 3, 64.0 / 3, 2.0 / 3}}},
		"monitor of the same file": {"normalisation: {key: mon}\n", pix.Float32, [3][]float64{{20, 40, 60, 10}, {11, 21, 31, 0}, {8, 44.0 / 3, 64.0 / 3, 2.0 / 3}}},
		"flat and monitor raw, cut twice": {group("flatfield", "flat") + group("normalisation", "mon") + "output_dtype: raw\n", pix.Uint16,
			[3][]float64{{10, 10, 120, 10}, {5, 5, 62, 0}, {4, 3, 42, 0}}}, // frame 2: 6, 5.5 -> 5, 64, 1, then times 2/3
		"sigma 1: outliers are left alone": {"normalisation: {file: raw.h5, key: mon, sigma: 1}\n", pix.Float32, [3][]float64{{10, 20, 30, 5}, {11, 21, 31, 0}, {12, 22, 32, 1}}},
	} {
		t.Run(name, func(t *testing.T) {
			r := rt.MustRun(t, hdf5.Spec, dir, head+positions+c.recipe)
			if r.Plan.Type != c.typ {
				t.Errorf("type %v, want %v", r.Plan.Type, c.typ)
			}
			for k := range c.want {
				for i, v := range c.want[k] {
					if got := r.Frames[k][i]; math.Abs(got-v) > 1e-6*v {
						t.Errorf("frame %d pixel %d: %v, want %v", k, i, got, v)
					}
				}
			}
			if !slices.Equal(r.Valid(), []int{4, 4, 4}) {
				t.Errorf("valid pixels %v", r.Valid())
			}
		})
	}

	// Masks: valid where above 0, or inverted below 1, in real numbers (7 in an unsigned mask is bad).
	for name, c := range map[string]struct {
		recipe string
		want   [3]string
	}{
		"mask":         {group("mask", "mask"), [3]string{"0110", "0110", "0110"}},
		"invert":       {"mask: {file: raw.h5, key: mask, invert: true}\n", [3]string{"1001", "1001", "1001"}},
		"float":        {group("mask", "maskf"), [3]string{"1001", "1001", "1001"}},
		"float invert": {"mask: {file: raw.h5, key: maskf, invert: true}\n", [3]string{"1110", "1110", "1110"}},
		"per frame":    {group("mask", "masks"), [3]string{"1111", "0111", "0011"}},
	} {
		r := rt.MustRun(t, hdf5.Spec, dir, head+positions+c.recipe)
		for k, m := range r.Masks {
			if got := bits(m); got != c.want[k] {
				t.Errorf("mask %s: frame %d has %s, want %s", name, k, got, c.want[k])
			}
		}
	}
	// What belongs to a frame goes by the raw frame's number, not the selected one's.
	r := rt.MustRun(t, hdf5.Spec, dir, head+positions+"frameorder: {indices: [2, 0]}\n"+group("mask", "masks")+group("darkfield", "darks")+group("normalisation", "mon"))
	if bits(r.Masks[0]) != "0011" || bits(r.Masks[1]) != "1111" || !near(r.Frames[0][0], 10*2.0/3) || r.Frames[1][0] != 20 {
		t.Errorf("in another order: masks %v, frames %v", r.Masks, r.Frames)
	}

	for _, g := range []string{"darkfield", "flatfield", "mask"} {
		for _, key := range []string{"wrong", "wrong3"} {
			rt.MustFail(t, hdf5.Spec, dir, head+positions+group(g, key), problem.Input, g+".key", "(2, 2)")
		}
	}
	rt.MustFail(t, hdf5.Spec, dir, head+positions+group("normalisation", "dark"), problem.Input, "normalisation.key", "(2, 2)", "(3)")
}

func bits(m []byte) string {
	s := ""
	for _, v := range m {
		s += fmt.Sprint(v)
	}
	return s
}

func near(a, b float64) bool { return math.Abs(a-b) <= 1e-6*math.Abs(b) }

// A flat that cannot divide gives 0 and weight 0, told once with the count (11.7); masked pixels of it
// are not counted.
func TestBadFlat(t *testing.T) {
	nan := float32(math.NaN())
	dir := scan3(t, []uint16{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}, map[string]rt.Dataset{
		"flat":  rt.Array([]int{2, 2}, []float32{0, -2, nan, 2}...),
		"flats": rt.Array([]int{3, 2, 2}, []float32{1, 1, 1, 1, 0, 1, 1, 1, nan, 1, 1, 0}...),
		"mask":  rt.Array([]int{2, 2}, []uint8{0, 1, 1, 1}...),
	})
	const flat = "flatfield: {file: raw.h5, key: flat}\n"
	r := rt.MustRun(t, hdf5.Spec, dir, head+positions+flat)
	if !slices.Equal(r.Frames[0], floats(0, 0, 0, 2)) || bits(r.Masks[2]) != "0001" || !strings.Contains(r.Log, "3 valid pixels are 0, negative or not finite") {
		t.Errorf("frame %v, mask %v, %q", r.Frames[0], r.Masks[2], r.Log)
	}
	r = rt.MustRun(t, hdf5.Spec, dir, head+positions+flat+"mask: {file: raw.h5, key: mask}\n")
	if !strings.Contains(r.Log, "2 valid pixels") || bits(r.Masks[0]) != "0001" {
		t.Errorf("with a mask: %q, %v", r.Log, r.Masks[0])
	}
	r = rt.MustRun(t, hdf5.Spec, dir, head+positions+"flatfield: {file: raw.h5, key: flats}\n")
	if bits(r.Masks[0])+bits(r.Masks[1])+bits(r.Masks[2]) != "111101110110" || !strings.Contains(r.Log, "3 valid pixels, counted over all frames") {
		t.Errorf("one for each: %v, %q", r.Masks, r.Log)
	}
	if strings.Contains(r.Log, "NaN") || !slices.Equal(r.Frames[2], floats(0, 10, 11, 0)) {
		t.Errorf("frame 2: %v, %q", r.Frames[2], r.Log)
	}
}

// The monitor: mean and deviation run over the whole dataset, selected or not, finite values only; a
// value that would be used must be above 0; outliers are told (hdf5_loader 4, core 11.6).
func TestMonitor(t *testing.T) {
	// Ten times 1 and once 100: mean 10, variance (10*81 + 8100)/11 = 810, 3 sigma = 85.4 < 90.
	mon := []float64{1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 100}
	zero := slices.Clone(mon)
	zero[4] = 0
	nan := []float64{1, 3, 1, 3, 1, 3, 1, 3, 1, 3, math.NaN()}
	dir := t.TempDir()
	rt.H5(t, dir, "raw.h5", map[string]rt.Dataset{
		"data": rt.Constant[uint16](7, 11, 2, 2), "y": rt.Counting[float64](11), "x": rt.Counting[float64](11),
		"mon": rt.List(mon...), "mon4": rt.Array([]int{11, 1, 1, 1}, mon...), "zero": rt.List(zero...), "nan": rt.List(nan...), "same": rt.Constant(2.0, 11),
	})
	list := func(box, key string) string {
		return head + "positions: {slow_key: y, fast_key: x" + box + "}\nnormalisation: {key: " + key + "}\n"
	}
	for _, key := range []string{"mon", "mon4"} {
		r := rt.MustRun(t, hdf5.Spec, dir, list("", key))
		if !near(r.Firsts()[0], 70) || r.Firsts()[10] != 7 || !strings.Contains(r.Log, "1 of 11 normalisation values") || !strings.Contains(r.Log, "[10]") {
			t.Errorf("%s: %v, %q", key, r.Firsts(), r.Log)
		}
	}
	r := rt.MustRun(t, hdf5.Spec, dir, list(", bounding_box: {fast_axis_bounds: [0, 2]}", "mon"))
	if !near(r.Firsts()[0], 70) || strings.Contains(r.Log, "normalisation") {
		t.Errorf("part of the scan: %v, %q", r.Firsts(), r.Log)
	}
	rt.MustFail(t, hdf5.Spec, dir, list("", "zero"), problem.Input, "normalisation.key", "frame 4", "is 0")
	rt.MustFail(t, hdf5.Spec, dir, list(", skip: 2", "zero"), problem.Input, "frame 2 (point 4)")
	rt.MustRun(t, hdf5.Spec, dir, list(", bounding_box: {fast_axis_bounds: [5, 11]}", "zero"))
	for _, few := range []string{"num_frames: 4\n", "positions_theory: [[0, 0], [0, 1], [0, 2], [0, 3]]\n"} {
		if r := rt.MustRun(t, hdf5.Spec, dir, list("", "zero")+few); len(r.Frames) != 4 || strings.Contains(r.Log, "not scaled") {
			t.Errorf("%s: %d frames, %q", few, len(r.Frames), r.Log)
		}
	}
	rt.MustFail(t, hdf5.Spec, dir, list("", "zero")+"num_frames: 5\n", problem.Input, "frame 4")
	rt.MustFail(t, hdf5.Spec, dir, list("", "nan"), problem.Input, "frame 10", "NaN")
	r = rt.MustRun(t, hdf5.Spec, dir, list(", bounding_box: {fast_axis_bounds: [0, 10]}", "nan")) // mean 2
	if !near(r.Firsts()[0], 14) || !near(r.Firsts()[1], 14.0/3) {
		t.Errorf("without the NaN: %v", r.Firsts())
	}
	// Deviation 0: nothing is scaled, and the frames are float32 all the same (11.5).
	r = rt.MustRun(t, hdf5.Spec, dir, list("", "same"))
	if r.Firsts()[3] != 7 || r.Plan.Type != pix.Float32 || strings.Contains(r.Log, "normalisation") {
		t.Errorf("all the same: %v, %v, %q", r.Firsts(), r.Plan.Type, r.Log)
	}
}

// The monitor is by point in every row of the table of shapes, as (A,B) or flat, and with trailing
// dimensions of one (defects 26 and 27).
func TestMonitorOfGrids(t *testing.T) {
	dir := t.TempDir()
	rt.H5(t, dir, "raw.h5", map[string]rt.Dataset{
		"list": rt.Constant[uint16](6, 6, 2, 2), "grid": rt.Constant[uint16](6, 2, 3, 2, 2),
		"y": rt.Counting[float64](2, 3), "y4": rt.Counting[float64](2, 3, 1, 1), "slow": rt.Counting[float64](2), "fast": rt.Counting[float64](3),
		"n": rt.Array([]int{2, 3}, 1, 2, 3, 1, 2, 3.0), "n4": rt.Array([]int{2, 3, 1, 1}, 1, 2, 3, 1, 2, 3.0), "n1": rt.List(1, 2, 3, 1, 2, 3.0),
	})
	for _, data := range []string{"list", "grid"} {
		for _, axes := range []string{"slow_key: y, fast_key: y", "slow_key: y4, fast_key: y4", "slow_key: slow, fast_key: fast"} {
			for _, n := range []string{"n", "n4", "n1"} {
				for _, crop := range []string{"", "shape: 2\ncenter: [1, 1]\n"} {
					recipe := strings.Replace(head, "key: data", "key: "+data, 1) + "positions: {" + axes + "}\nnormalisation: {key: " + n + "}\n" + crop
					got := rt.MustRun(t, hdf5.Spec, dir, recipe).Firsts()
					if !slices.Equal(got, floats(12, 6, 4, 12, 6, 4)) {
						t.Errorf("%s with %s by %s: %v", data, axes, n, got)
					}
				}
			}
		}
	}
}

// Whether a value counts as an outlier, and where integers are cut, can hang on the last bit: sums are
// those of numpy, which finds 0.3 nearer to the mean of as many 0.1 and 0.3 than their deviation, and
// 0.1 not. With a monitor of float32, 110 / 1.1 (1.10000002) is 100 in numpy's float32.
func TestMonitorAsNumpy(t *testing.T) {
	dir := t.TempDir()
	rt.H5(t, dir, "raw.h5", map[string]rt.Dataset{
		"data": rt.Constant[uint16](110, 16, 2, 2), "y": rt.Counting[float64](16), "x": rt.Counting[float64](16),
		"ties": rt.List(slices.Repeat(floats(0.1, 0.3), 8)...), "single": rt.List(slices.Repeat([]float32{1.1, 0.9}, 8)...),
	})
	r := rt.MustRun(t, hdf5.Spec, dir, head+positions+"normalisation: {key: ties, sigma: 1}\n")
	if v := r.Firsts(); v[0] != 110 || !near(v[1], 110.0/0.3*0.2) {
		t.Errorf("ties: %v", v)
	}
	r = rt.MustRun(t, hdf5.Spec, dir, head+positions+"normalisation: {key: single}\noutput_dtype: raw\n")
	if v := r.Firsts(); v[0] != 100 || v[1] != 122 {
		t.Errorf("float32: %v", v)
	}
}

// In raw, values outside the integer range become its limit, told once (defect 24).
func TestRawClips(t *testing.T) {
	dir := scan3(t, slices.Repeat([]uint8{200}, 12), map[string]rt.Dataset{"mon": rt.List(1, 2, 3.0)})
	r := rt.MustRun(t, hdf5.Spec, dir, head+positions+"normalisation: {key: mon}\noutput_dtype: raw\n")
	if r.Firsts()[0] != 255 || r.Plan.Type != pix.Uint8 || !strings.Contains(r.Log, "4 values were outside the range") {
		t.Errorf("%v, %v, %q", r.Firsts(), r.Plan.Type, r.Log)
	}
}

// The types of raw - dark (hdf5_loader 4, the table), with numbers at their ends.
func TestDarkTypes(t *testing.T) {
	u64 := rt.Array([]int{2, 2}, []uint64{1 << 63, 5, 1, 0}...)
	for name, c := range map[string]struct {
		dir  string
		typ  pix.Type
		want []float64
	}{
		"u1 - i1-like i2": {scan3(t, slices.Repeat([]uint8{200, 5, 0, 1}, 3), map[string]rt.Dataset{"dark": rt.Array([]int{2, 2}, []int16{-100, 10, -1, 1}...)}), pix.Int16, floats(300, 0, 1, 0)},
		"u2 - i2":         {scan3(t, slices.Repeat([]uint16{65535, 5, 0, 1}, 3), map[string]rt.Dataset{"dark": rt.Array([]int{2, 2}, []int16{-1, 10, -1, 1}...)}), pix.Int32, floats(65536, 0, 1, 0)},
		"u4 - i4":         {scan3(t, slices.Repeat([]uint32{1<<32 - 1, 5, 0, 1}, 3), map[string]rt.Dataset{"dark": rt.Array([]int{2, 2}, []int32{-1, 10, -1, 1}...)}), pix.Int64, floats(1<<32, 0, 1, 0)},
		"u2 - u8":         {scan3(t, slices.Repeat([]uint16{65535, 5, 1, 1}, 3), map[string]rt.Dataset{"dark": u64}), pix.Uint64, floats(0, 0, 0, 1)},
		"i8 - u8":         {scan3(t, slices.Repeat([]int64{-1, 5, 2, 1}, 3), map[string]rt.Dataset{"dark": u64}), pix.Float64, floats(0, 0, 1, 1)},
		"u4 - f4":         {scan3(t, slices.Repeat([]uint32{1<<32 - 1, 5, 2, 1}, 3), map[string]rt.Dataset{"dark": rt.Array([]int{2, 2}, []float32{0.5, 5, 1.5, 0}...)}), pix.Float64, floats(1<<32-1.5, 0, 0.5, 1)},
		"i2 - f4":         {scan3(t, slices.Repeat([]int16{-3, 5, 2, 1}, 3), map[string]rt.Dataset{"dark": rt.Array([]int{2, 2}, []float32{-4.5, 5, 1.5, 0}...)}), pix.Float32, floats(1.5, 0, 0.5, 1)},
		"f4 - i4":         {scan3(t, slices.Repeat([]float32{0.5, 5, 2, 1}, 3), map[string]rt.Dataset{"dark": rt.Array([]int{2, 2}, []int32{-1, 5, 1, 0}...)}), pix.Float64, floats(1.5, 0, 1, 1)},
	} {
		r := rt.MustRun(t, hdf5.Spec, c.dir, head+positions+"darkfield: {file: raw.h5, key: dark}\n")
		if r.Plan.Type != c.typ || !slices.Equal(r.Frames[1], c.want) {
			t.Errorf("%s: %v of type %v, want %v of %v", name, r.Frames[1], r.Plan.Type, c.want, c.typ)
		}
	}
}

// The outer dimension (hdf5_loader 5, core 11.13): a list of energies or outer_index takes one entry
// of everything; what lacks the dimension serves all entries.
func TestOuterDimension(t *testing.T) {
	dir := t.TempDir()
	rt.H5(t, dir, "raw.h5", map[string]rt.Dataset{
		"data": numbered(2, 3), "y": rt.Counting[float64](2, 3), "x": rt.Counting[float64](2, 3), "flat_y": rt.Counting[float64](3),
		"e": rt.List(8.0, 9.0), "e1": rt.List(8.0), "e3": rt.List(1.0, 2, 3),
		"mask": rt.Array([]int{2, 2}, []uint8{0, 1, 1, 1}...), "mask2": rt.Array([]int{2, 2, 2}, []uint8{1, 1, 1, 1, 0, 0, 1, 1}...),
		"masks": rt.Array([]int{2, 3, 2, 2}, append(slices.Repeat([]uint8{1}, 12), 1, 1, 1, 1, 0, 1, 1, 1, 0, 0, 0, 0)...),
		"mon":   rt.Array([]int{2, 3}, 5, 5, 5, 1, 2, 3.0), "mon1": rt.List(1, 2, 3.0),
		"filter": rt.Array([]int{2, 3}, []uint8{1, 1, 1, 0, 1, 1}...),
		"dark":   rt.Array([]int{2, 2, 2}, []uint16{0, 0, 0, 0, 50, 50, 50, 50}...),
	})
	energy := func(key string) string {
		return "recorded_energy: {file: raw.h5, key: " + key + ", multiplier: 2, offset: 1}\n"
	}
	for _, c := range []struct {
		recipe string
		frames []int
		energy float64
	}{
		{energy("e"), []int{0, 1, 2}, 17},
		{energy("e") + "outer_index: 1\n", []int{3, 4, 5}, 19},
		{"outer_index: 1\n", []int{3, 4, 5}, 7}, // without a list of energies (defect 29)
		{energy("e1") + "outer_index: 0\n", []int{0, 1, 2}, 17},
		{energy("e1"), []int{0, 1, 2, 3, 4, 5}, 17}, // no outer dimension: a grid of 2 x 3
		{energy("e") + "outer_index: 1\nframefilter: {file: raw.h5, key: filter}\n", []int{4, 5}, 19},
	} {
		r := rt.MustRun(t, hdf5.Spec, dir, head+positions+c.recipe)
		if !slices.Equal(frameNumbers(r), c.frames) || r.Plan.Meta.EnergyKeV != c.energy || r.Plan.Positions[0][0] != float64(c.frames[0]) {
			t.Errorf("%sframes %v, energy %v, first at %v; want %v, %v", c.recipe, frameNumbers(r), r.Plan.Meta.EnergyKeV, r.Plan.Positions[0], c.frames, c.energy)
		}
	}
	one := head + positions + "outer_index: 1\n"
	for key, want := range map[string]string{"mask": "011101110111", "mask2": "001100110011", "masks": "111101110000"} {
		r := rt.MustRun(t, hdf5.Spec, dir, one+"mask: {file: raw.h5, key: "+key+"}\n")
		if got := bits(r.Masks[0]) + bits(r.Masks[1]) + bits(r.Masks[2]); got != want {
			t.Errorf("%s of entry 1: %s, want %s", key, got, want)
		}
	}
	for _, key := range []string{"mon", "mon1"} { // mean 2 of entry 1, not of all
		r := rt.MustRun(t, hdf5.Spec, dir, one+"normalisation: {key: "+key+"}\n")
		if f := r.Firsts(); !near(f[0], 600) || f[1] != 400 || !near(f[2], 1000.0/3) {
			t.Errorf("%s: %v", key, f)
		}
	}
	if r := rt.MustRun(t, hdf5.Spec, dir, one+"darkfield: {file: raw.h5, key: dark}\n"); r.Firsts()[0] != 250 {
		t.Errorf("dark of entry 1: %v", r.Firsts())
	}
	rt.MustFail(t, hdf5.Spec, dir, head+positions+"outer_index: 2\n", problem.Input, "outer_index", "2 entries")
	rt.MustFail(t, hdf5.Spec, dir, head+positions+energy("e")+"outer_index: 2\n", problem.Input, "outer_index", "2 energies")
	rt.MustFail(t, hdf5.Spec, dir, head+positions+energy("e3"), problem.Input, "recorded_energy.key", "3 energies", "2 entries")
	rt.MustFail(t, hdf5.Spec, dir, head+"positions: {slow_key: flat_y, fast_key: x}\nouter_index: 0\n", problem.Input, "slow_key", "outer dimension")
}

// The window of the loader (hdf5_loader 6, core 11.2): low = floor(c) - shape//2; over an edge there are
// zeros with weight 0; padding comes first; integers stay integers (core 11.22). Frames of 4 x 4 hold 1..16.
func TestWindows(t *testing.T) {
	dir := t.TempDir()
	data := make([]uint16, 0, 32)
	for range 2 {
		for i := range uint16(16) {
			data = append(data, i+1)
		}
	}
	masks := slices.Repeat([]uint8{1}, 32)
	masks[5], masks[16+6] = 0, 0
	rt.H5(t, dir, "raw.h5", map[string]rt.Dataset{"data": rt.Array([]int{2, 4, 4}, data...), "y": rt.Counting[float64](2), "x": rt.Counting[float64](2),
		"flat": rt.Constant[float32](0.5, 4, 4), "bad": rt.Array([]int{4, 4}, append(make([]uint8, 15), 1)...), "masks": rt.Array([]int{2, 4, 4}, masks...)})
	for name, c := range map[string]struct {
		recipe string
		frame  string // rows from above; . is not valid
		center [2]float64
	}{
		"middle":          {"shape: 2\n", "6 7|10 11", [2]float64{1, 1}},
		"sub-pixel":       {"shape: 2\ncenter: [2.7, 1.5]\n", "5 6|9 10", [2]float64{1, 1}},
		"odd":             {"shape: 3\ncenter: [1, 2]\n", "2 3 4|6 7 8|10 11 12", [2]float64{1, 1}},
		"over the low":    {"shape: 3\ncenter: [0.5, 0.5]\n", ". . .|. 1 2|. 5 6", [2]float64{1, 1}},
		"over the high":   {"shape: 3\ncenter: [3.9, 3]\n", "11 12 .|15 16 .|. . .", [2]float64{1, 1}},
		"above the frame": {"shape: 6\n", ". . . . . .|. 1 2 3 4 .|. 5 6 7 8 .|. 9 10 11 12 .|. 13 14 15 16 .|. . . . . .", [2]float64{3, 3}},
		"not square":      {"shape: [2, 4]\n", "6 7|10 11", [2]float64{1, 1}}, // cut to 2 x 2 about (1, 2) of the window
		"geometric":       {"shape: 2\ncenter: geometric\n", "1 2|5 6", [2]float64{1, 1}},
		"padding":         {"padding: [1, 0, 0, 1]\n", ". . . . .|1 2 3 4 .|5 6 7 8 .|9 10 11 12 .|13 14 15 16 .", [2]float64{2, 2}},
		"pad, then cut":   {"padding: [1, 0, 0, 1]\nshape: 3\n", "2 3 4|6 7 8|10 11 12", [2]float64{1, 1}},
		"pad inverted":    {"padding: [0, 1, 1, 0]\nmask: {file: raw.h5, key: bad, invert: true}\n", ". 1 2 3 4|. 5 6 7 8|. 9 10 11 12|. 13 14 15 .|. . . . .", [2]float64{2, 2}},
		"masks, padded":   {"padding: [0, 1, 1, 0]\nmask: {file: raw.h5, key: masks}\n", ". 1 2 3 4|. 5 . 7 8|. 9 10 11 12|. 13 14 15 16|. . . . .", [2]float64{2, 2}},
		"flat over edge":  {"shape: 3\ncenter: [0.5, 0.5]\nflatfield: {file: raw.h5, key: flat}\n", ". . .|. 2 4|. 10 12", [2]float64{1, 1}},
		"centre kept":     {"center: [1.25, 2.5]\n", "1 2 3 4|5 6 7 8|9 10 11 12|13 14 15 16", [2]float64{1.25, 2.5}},
		"rebinned":        {"shape: 2\nrebin: 2\n", "8.5", [2]float64{0.5, 0.5}},
	} {
		t.Run(name, func(t *testing.T) {
			r := rt.MustRun(t, hdf5.Spec, dir, head+positions+c.recipe)
			if got := picture(r, 0); got != c.frame {
				t.Errorf("frame %s, want %s", got, c.frame)
			}
			if r.Plan.Meta.Center != c.center {
				t.Errorf("centre %v, want %v", r.Plan.Meta.Center, c.center)
			}
			if want := r.Plan.Type; want == pix.Float64 && name != "rebinned" {
				t.Errorf("type %v", want)
			}
		})
	}
	for _, center := range []string{"[-1, 2]", "[2, 4]", "[0, 2]", "fft"} {
		for _, shape := range []string{"", "shape: 2\n"} {
			rt.MustFail(t, hdf5.Spec, dir, head+positions+shape+"center: "+center+"\n", problem.Input, "center", "4 x 4")
		}
	}
	// centre null with a shape and auto_center null is the middle, and told (defect 37); with auto_center
	// true whole frames are read: sum of rows of 1..16: (0*10 + 1*26 + 2*42 + 3*58)/136 = 2.0882.
	auto := strings.Replace(head, "auto_center: false\n", "", 1)
	r := rt.MustRun(t, hdf5.Spec, dir, auto+positions+"shape: 2\ncenter: null\n")
	if picture(r, 1) != "6 7|10 11" || !strings.Contains(r.Log, "middle of the frame") {
		t.Errorf("null: %s, %q", picture(r, 1), r.Log)
	}
	r = rt.MustRun(t, hdf5.Spec, dir, auto+positions+"shape: 2\ncenter: [1, 1]\nauto_center: true\n")
	if c := r.Plan.RawCenter; !near(c[0], 284.0/136) || picture(r, 0) != "6 7|10 11" {
		t.Errorf("true: centre %v, %s", c, picture(r, 0))
	}
}

// picture draws a frame: rows, with . for what is not valid; what is not valid must be 0 outside the frame.
func picture(r *rt.Result, k int) string {
	var b strings.Builder
	for i, v := range r.Frames[k] {
		switch {
		case i == 0:
		case i%r.Plan.Cols == 0:
			b.WriteByte('|')
		default:
			b.WriteByte(' ')
		}
		if r.Masks[k][i] == 0 {
			b.WriteByte('.')
		} else {
			fmt.Fprint(&b, v)
		}
	}
	return b.String()
}

// A slip of the finger in shape or padding must not fill the memory.
func TestAbsurdWindows(t *testing.T) {
	dir := scan3(t, make([]uint16, 12), nil)
	for _, c := range [][2]string{{"shape: 200000\n", "shape"}, {"shape: 200000\nauto_center: true\n", "shape"}, {"padding: [100000, 0, 100000, 0]\n", "padding"}} {
		h := head
		if strings.Contains(c[0], "auto") {
			h = strings.Replace(head, "auto_center: false\n", "", 1)
		}
		rt.MustFail(t, hdf5.Spec, dir, h+positions+c[0], problem.Usage, c[1], "2 x 2")
	}
}

// Recorded values: arrays of one element in any number of dimensions, times their multiplier; they beat
// the recipe's. Electron energies become those of photons of the same wavelength (core 9).
func TestRecorded(t *testing.T) {
	dir := scan3(t, make([]uint16, 12), map[string]rt.Dataset{
		"e": rt.Array(nil, 80.0), "d": rt.Array([]int{1, 1, 1}, 500.0), "p": rt.List[int32](55), "two": rt.List(1.0, 2),
	})
	const distance, psize = "recorded_distance: {file: raw.h5, key: d, multiplier: 0.001}\n", "recorded_psize: {file: raw.h5, key: p, multiplier: 1e-6}\n"
	r := rt.MustRun(t, hdf5.Spec, dir, head+positions+"recorded_energy: {file: raw.h5, key: e, multiplier: 0.5, offset: 2}\n"+distance+psize+"rebin: 2\n")
	m := r.Plan.Meta
	if m.EnergyKeV != 42 || m.DistanceM != 0.5 || !near(m.PSizeM[0], 110e-6) || m.PSizeM[0] != m.PSizeM[1] {
		t.Errorf("meta %+v", m)
	}
	for _, recipe := range []string{"electron_data: true\nrecorded_energy: {file: raw.h5, key: e}\n", "electron_data: true\nenergy: 80\n"} {
		h := head
		if strings.Contains(recipe, "\nenergy") {
			h = strings.Replace(head, "energy: 7\n", "", 1)
		}
		if e := rt.MustRun(t, hdf5.Spec, dir, h+positions+recipe).Plan.Meta.EnergyKeV; math.Abs(e-296.92753869945574) > 1e-10 {
			t.Errorf("%senergy %v", recipe, e)
		}
	}
	rt.MustFail(t, hdf5.Spec, dir, head+positions+"recorded_distance: {file: raw.h5, key: two}\n", problem.Input, "recorded_distance.key", "(2)", "one value")
	rt.MustFail(t, hdf5.Spec, dir, head+positions+"recorded_energy: {file: raw.h5, key: two}\n", problem.Input, "recorded_energy.key", "2 energies", "(3, 2, 2)")
	for _, g := range []string{"recorded_distance: {file: raw.h5, key: d, multiplier: -1}\n", "recorded_psize: {file: raw.h5, key: p, multiplier: 0}\n", "recorded_energy: {file: raw.h5, key: e, offset: -90}\nelectron_data: true\n"} {
		key, _, _ := strings.Cut(g, ":")
		rt.MustFail(t, hdf5.Spec, dir, head+positions+g, problem.Input, key+".key", "raw.h5:", "expected a number above 0")
	}
	rt.MustFail(t, hdf5.Spec, dir, strings.Replace(head, "energy: 7", "energy: null", 1)+positions, problem.Usage, "energy", "null")
}

// A region of one pixel has its middle on its edge, where no centre may lie.
func TestShapeOfOnePixel(t *testing.T) {
	dir := t.TempDir()
	rt.H5(t, dir, "raw.h5", map[string]rt.Dataset{"data": rt.Counting[uint16](2, 6, 6), "y": rt.List(0.0, 1), "x": rt.List(0.0, 1)})
	for _, shape := range []string{"1", "[1, 4]", "[4, 1]"} {
		rt.MustFail(t, hdf5.Spec, dir, head+positions+"shape: "+shape+"\n", problem.Input, "shape: a region of", "no middle")
	}
}

// Groups that are given by half are told together, before a file is opened (11.3).
func TestHalfGroups(t *testing.T) {
	dir := t.TempDir() // holds no file
	rt.MustFail(t, hdf5.Spec, dir, "name: Hdf5Loader\n", problem.Usage, "intensities.file", "intensities.key", "positions.slow_key", "positions.fast_key")
	_, err := rt.Run(t, hdf5.Spec, dir, head+positions+"mask: {key: m}\nflatfield: {file: f.h5}\nrecorded_energy: {key: e}\nnormalisation: {file: n.h5}\n")
	if l := problem.Of(err); len(l) != 4 || problem.ClassOf(err) != problem.Usage {
		t.Errorf("%d problems: %v", len(l), err)
	}
	rt.MustFail(t, hdf5.Spec, dir, head+positions, problem.Input, "there is no file", "raw.h5", "intensities.file")
	for _, empty := range []string{"intensities.file", "intensities.key", "positions.file", "positions.slow_key", "mask.key", "normalisation.file"} {
		recipe := head + "positions: {slow_key: y, fast_key: x, file: raw.h5}\nmask: {file: raw.h5, key: m}\nnormalisation: {file: raw.h5, key: n}\n"
		group, last, _ := strings.Cut(empty, ".")
		_, rest, _ := strings.Cut(recipe, group+": {")
		_, value, _ := strings.Cut(rest, last+": ")
		value, _, _ = strings.Cut(strings.ReplaceAll(value, "}", ","), ",")
		at := strings.Index(recipe, group+": {")
		recipe = recipe[:at] + strings.Replace(recipe[at:], last+": "+value, last+": ''", 1)
		rt.MustFail(t, hdf5.Spec, dir, recipe, problem.Usage, empty)
	}
}

// lacking2and4 makes six frames of which 2 and 4 were never written.
func lacking2and4(f *h5.File, path string) error {
	d, err := f.CreateFrames(path, h5.FramesSpec{Type: pix.Uint16, Shape: []int{6, 2, 2}})
	for k := range 6 {
		if err == nil && k != 2 && k != 4 {
			err = d.WriteChunk([]int{k, 0, 0}, 0, []byte{byte(k), 0, 1, 0, 1, 0, 1, 0})
		}
	}
	if err != nil {
		return err
	}
	return d.Close()
}

// Frames that were never stored would read as zeros: an error that names the first and the count, if
// they are among the selected ones (11.20).
func TestFramesNotStored(t *testing.T) {
	dir := t.TempDir()
	rt.H5(t, dir, "raw.h5", map[string]rt.Dataset{"y": rt.Counting[float64](6), "x": rt.Counting[float64](6), "data": lacking2and4})
	rt.MustFail(t, hdf5.Spec, dir, head+positions, problem.Input, "2 of 6 frames are not stored", "frame 2", "raw.h5:data[2]")
	rt.MustFail(t, hdf5.Spec, dir, head+"positions: {slow_key: y, fast_key: x, bounding_box: {fast_axis_bounds: 3}}\n", problem.Input, "1 of 3 frames", "frame 1", "data[4]")
	for _, more := range []string{"num_frames: 2\n", "frameorder: {indices: [0, 1, 3, 5]}\n", "positions_theory: [[0, 0], [1, 1]]\n"} {
		rt.MustRun(t, hdf5.Spec, dir, head+positions+more)
	}
}

// The same for a mask, dark or flat with an image for each frame.
func TestPicturesNotStored(t *testing.T) {
	dir := t.TempDir()
	rt.H5(t, dir, "raw.h5", map[string]rt.Dataset{
		"y": rt.Counting[float64](6), "x": rt.Counting[float64](6), "data": numbered(6), "each": lacking2and4,
	})
	for _, g := range []string{"mask", "darkfield", "flatfield"} {
		recipe := head + positions + g + ": {file: raw.h5, key: each}\n"
		rt.MustFail(t, hdf5.Spec, dir, recipe, problem.Input, g+".key", "2 of 6 frames", "frame 2", "raw.h5:each[2]")
		rt.MustRun(t, hdf5.Spec, dir, recipe+"num_frames: 2\n")
	}
}

// An image for each point is shaped like the frames or a list in their order, not turned.
func TestTurnedPictures(t *testing.T) {
	dir := t.TempDir()
	rt.H5(t, dir, "raw.h5", map[string]rt.Dataset{
		"y": rt.Counting[float64](2, 3), "x": rt.Counting[float64](2, 3), "data": numbered(2, 3),
		"like": rt.Constant[uint8](1, 2, 3, 2, 2), "list": rt.Constant[uint8](1, 6, 2, 2), "turned": rt.Constant[uint8](1, 3, 2, 2, 2),
	})
	for _, g := range []string{"mask", "darkfield", "flatfield"} {
		recipe := head + positions + g + ": {file: raw.h5, key: "
		rt.MustRun(t, hdf5.Spec, dir, recipe+"like}\n")
		rt.MustRun(t, hdf5.Spec, dir, recipe+"list}\n")
		rt.MustFail(t, hdf5.Spec, dir, recipe+"turned}\n", problem.Input, g+".key", "(3, 2, 2, 2)", "(2, 3, 2, 2)")
	}
}

// Theoretical positions beat the stored ones and decide the number of frames (core 3, defect 5).
func TestPositionsTheory(t *testing.T) {
	dir := t.TempDir()
	rt.H5(t, dir, "raw.h5", map[string]rt.Dataset{"data": numbered(4), "y": rt.Counting[float64](4), "x": rt.Counting[float64](4)})
	r := rt.MustRun(t, hdf5.Spec, dir, head+positions+"positions_theory: [[5, 6], [7, 8.5]]\nnum_frames: 3\n")
	if !slices.Equal(r.Plan.Positions, [][2]float64{{5, 6}, {7, 8.5}}) || len(r.Frames) != 2 {
		t.Errorf("%v, %d frames", r.Plan.Positions, len(r.Frames))
	}
	rt.MustFail(t, hdf5.Spec, dir, head+positions+"positions_theory: [[0,0],[0,0],[0,0],[0,0],[0,0]]\n", problem.Input, "5 positions given for 4 frames")
}

// Files and keys may be patterns: the frames of all that match are joined in the order of their names;
// all of them are noted as inputs.
func TestPatterns(t *testing.T) {
	dir := t.TempDir()
	for i, name := range []string{"a_1.h5", "a_2.h5", "a_10.h5"} {
		rt.H5(t, dir, name, map[string]rt.Dataset{"e/d_1": rt.Constant(uint16(100*(2*i)), 1, 2, 2), "e/d_2": rt.Constant(uint16(100*(2*i+1)), 1, 2, 2), "e/other": rt.Counting[float64](3)})
	}
	rt.H5(t, dir, "p.h5", map[string]rt.Dataset{"y": rt.Counting[float64](6), "x": rt.Counting[float64](6)})
	h := strings.Replace(head, "{file: raw.h5, key: data}", `{file: "a_*.h5", key: "e/d_?"}`, 1)
	r := rt.MustRun(t, hdf5.Spec, dir, h+"positions: {file: p.h5, slow_key: y, fast_key: x}\n")
	if !slices.Equal(frameNumbers(r), []int{0, 1, 4, 5, 2, 3}) { // a_1, a_10, a_2
		t.Errorf("frames %v", frameNumbers(r))
	}
	var names []string
	for _, in := range r.Inputs {
		names = append(names, filepath.Base(in.Path))
	}
	if !slices.Equal(names, []string{"a_1.h5", "a_10.h5", "a_2.h5", "p.h5"}) {
		t.Errorf("inputs %v", names)
	}
	rt.MustFail(t, hdf5.Spec, dir, strings.Replace(h, "a_*", "b_*", 1)+"positions: {file: p.h5, slow_key: y, fast_key: x}\n", problem.Input, "no file matches", "b_*.h5")
	rt.MustFail(t, hdf5.Spec, dir, strings.Replace(h, "e/d_?", "e/z*", 1)+"positions: {file: p.h5, slow_key: y, fast_key: x}\n", problem.Input, "matches e/z*", "e/d_1")
}

// Loading and correcting a frame in steady state allocates nothing, whatever belongs to each frame.
func TestLoadAllocatesNothing(t *testing.T) {
	dir := t.TempDir()
	rt.H5(t, dir, "raw.h5", map[string]rt.Dataset{
		"data": rt.Counting[uint16](4, 8, 8), "y": rt.Counting[float64](4), "x": rt.Counting[float64](4), "mon": rt.List(1, 2, 1, 2.0),
		"mask": rt.Constant[uint8](1, 8, 8), "masks": rt.Constant[uint8](1, 4, 8, 8), "flat": rt.Constant[float32](2, 8, 8), "flats": rt.Constant[float32](2, 4, 8, 8),
		"dark": rt.Constant[uint16](1, 8, 8), "darks": rt.Constant[uint16](1, 4, 8, 8),
	})
	for name, recipe := range map[string]string{
		"plain":     "",
		"common":    "darkfield: {file: raw.h5, key: dark}\nflatfield: {file: raw.h5, key: flat}\nmask: {file: raw.h5, key: mask}\nnormalisation: {key: mon}\n",
		"per frame": "darkfield: {file: raw.h5, key: darks}\nflatfield: {file: raw.h5, key: flats}\nmask: {file: raw.h5, key: masks}\nnormalisation: {key: mon}\n",
		"mixed":     "flatfield: {file: raw.h5, key: flat}\nmask: {file: raw.h5, key: masks}\npadding: [1, 1, 2, 2]\n",
	} {
		rec, err := rt.Load(hdf5.Spec, dir, head+positions+recipe)
		if err != nil {
			t.Fatal(err)
		}
		env, _ := rt.Env()
		o, err := hdf5.Open(t.Context(), env, rec.Values)
		if err != nil {
			t.Fatal(err)
		}
		d, err := o.Source.Describe(t.Context())
		if err == nil {
			err = o.Source.(scan.Windowed).SetWindow(imgproc.Whole(d.Rows, d.Cols))
		}
		if err != nil {
			t.Fatal(err)
		}
		f := scan.NewFrame(1)
		ctx := t.Context()
		one := func() {
			f.Mask = nil
			if err := errors.Join(o.Source.Load(ctx, f), o.Source.(scan.Corrector).Correct(f)); err != nil {
				t.Fatal(err)
			}
		}
		one()
		one()
		if n := testing.AllocsPerRun(20, one); n != 0 {
			t.Errorf("%s: %v allocations a frame", name, n)
		}
		if err := o.Source.Close(); err != nil {
			t.Error(err)
		}
	}
}
