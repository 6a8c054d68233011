package imgproc

import (
	"math"
	"slices"
	"testing"

	"ptyprep/internal/imgproc/pix"
)

func apply(t *testing.T, c *Calibration, src *pix.Image, k Scale) *pix.Image {
	t.Helper()
	var dst pix.Image
	var w Workspace
	c.Apply(&dst, src, k, &w)
	if dst.Type != c.Out {
		t.Errorf("corrected frame is %v, announced as %v", dst.Type, c.Out)
	}
	return &dst
}

// Counts below the dark become 0, and unsigned integers never wrap round.
func TestDarkStaysExact(t *testing.T) {
	raw := pix.From([]uint16{10, 5, 65535, 0}, 2, 2)
	c := NewCalibration(pix.Uint16, pix.From([]uint8{3, 7, 1, 0}, 2, 2), nil, false, false, pix.Invalid)
	if got, want := pix.Pixels[uint16](apply(t, c, raw, Scale{})), []uint16{7, 0, 65534, 0}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	wide := pix.From([]uint64{1<<60 + 1, 5}, 1, 2) // not a float64 number
	c = NewCalibration(pix.Uint64, pix.From([]uint64{1, 9}, 1, 2), nil, false, false, pix.Invalid)
	if got := pix.Pixels[uint64](apply(t, c, wide, Scale{})); got[0] != 1<<60 || got[1] != 0 {
		t.Errorf("uint64 counts: %v", got)
	}
}

// 7 / 2 = 3.5 stays 3.5 as float32, and is cut to 3 in the frame's own type with cut.
func TestDivisionTypes(t *testing.T) {
	raw := pix.From([]uint16{7, 300}, 1, 2)
	flat := pix.From([]float64{2, 0.001}, 1, 2)
	c := NewCalibration(pix.Uint16, nil, flat, false, false, pix.Invalid)
	if got := pix.Pixels[float32](apply(t, c, raw, Scale{})); got[0] != 3.5 || math.Abs(float64(got[1])-300000) > 0.1 {
		t.Errorf("auto: %v, want [3.5 300000]", got)
	}
	c = NewCalibration(pix.Uint16, nil, flat, false, true, pix.Invalid)
	var dst pix.Image
	var w Workspace
	if n := c.Apply(&dst, raw, Scale{}, &w); n != 1 {
		t.Errorf("raw: %d values clipped, want 1", n)
	}
	if got := pix.Pixels[uint16](&dst); got[0] != 3 || got[1] != 65535 {
		t.Errorf("raw: %v, want [3 65535]", got)
	}
}

// A flat that cannot divide gives 0, whatever the arithmetic, and BadFlat masks it.
func TestBadFlat(t *testing.T) {
	bad := []float64{0, -1, math.NaN(), math.Inf(1), 2}
	for _, flat := range []*pix.Image{
		pix.From(bad, 1, 5),
		pix.From([]float32{0, -1, float32(math.NaN()), float32(math.Inf(1)), 2}, 1, 5),
	} {
		c := NewCalibration(pix.Uint16, nil, flat, false, false, pix.Invalid)
		got := pix.Pixels[float32](apply(t, c, pix.From([]uint16{4, 4, 4, 4, 4}, 1, 5), Scale{}))
		if !slices.Equal(got, []float32{0, 0, 0, 0, 2}) {
			t.Errorf("%v flat: %v, want [0 0 0 0 2]", flat.Type, got)
		}
		m := []byte{1, 0, 1, 1, 1}
		if n := BadFlat(flat, m); n != 3 || !slices.Equal(m, []byte{0, 0, 0, 0, 1}) {
			t.Errorf("%v flat: %d newly masked, mask %v", flat.Type, n, m)
		}
	}
}

// float32 results of 16-bit counts are the float64 results rounded, to a unit in the last place.
func TestFusedAgreesWithFloat64(t *testing.T) {
	n := 1000
	raw, dark, flat := make([]uint16, n), make([]float32, n), make([]float32, n)
	for i := range n {
		raw[i], dark[i], flat[i] = uint16(i*61), float32(i%97)+0.25, 0.5+float32(i%13)/10
	}
	r, d, f := pix.From(raw, 10, 100), pix.From(dark, 10, 100), pix.From(flat, 10, 100)
	k := Scale{Value: 3.7, Mean: 4.1}
	narrow := pix.Pixels[float32](apply(t, NewCalibration(pix.Uint16, d, f, true, false, pix.Invalid), r, k))
	wide := pix.Pixels[float64](apply(t, NewCalibration(pix.Uint16, d, f, true, false, pix.Float64), r, k))
	for i := range n {
		if diff := math.Abs(float64(narrow[i]) - wide[i]); diff > 3e-7*wide[i] {
			t.Fatalf("pixel %d: %v in float32, %v in float64", i, narrow[i], wide[i])
		}
	}
}

func TestTruncateRange(t *testing.T) {
	var dst pix.Image
	src := pix.From([]float64{-3.9, 3.9, 300, -300, math.NaN(), math.Inf(1)}, 1, 6)
	if n := Truncate(&dst, src, pix.Int8); n != 3 || !slices.Equal(pix.Pixels[int8](&dst), []int8{-3, 3, 127, -128, 0, 127}) {
		t.Errorf("int8: %v, %d clipped", pix.Pixels[int8](&dst), n)
	}
	if n := Truncate(&dst, pix.From([]float64{1 << 63, 1e300}, 1, 2), pix.Int64); n != 2 || pix.Pixels[int64](&dst)[0] != math.MaxInt64 {
		t.Errorf("int64: %v, %d clipped", pix.Pixels[int64](&dst), n)
	}
}

func TestMaskInto(t *testing.T) {
	im := pix.From([]float32{0, 0.5, 1, 7, -1, float32(math.NaN())}, 1, 6)
	m := make([]byte, 6)
	MaskInto(m, im, false)
	if !slices.Equal(m, []byte{0, 1, 1, 1, 0, 0}) {
		t.Errorf("mask %v", m)
	}
	MaskInto(m, im, true) // valid below 1
	if !slices.Equal(m, []byte{1, 1, 0, 0, 1, 0}) {
		t.Errorf("inverted mask %v", m)
	}
}

func TestClearNonFinite(t *testing.T) {
	im := pix.From([]float64{1, math.NaN(), math.Inf(-1), 4}, 2, 2)
	if Finite(im) {
		t.Error("NaN and infinity not seen")
	}
	m := []byte{1, 1, 0, 1}
	if n := ClearNonFinite(im, m); n != 1 {
		t.Errorf("%d valid pixels cleared, want 1 (the other was masked)", n)
	}
	if !slices.Equal(pix.Pixels[float64](im), []float64{1, 0, 0, 4}) || !slices.Equal(m, []byte{1, 0, 0, 1}) || !Finite(im) {
		t.Errorf("pixels %v, mask %v", pix.Pixels[float64](im), m)
	}
}

// Kernels must not allocate once their memory has grown.
func TestNoAllocations(t *testing.T) {
	raw := pix.New(pix.Uint16, 64, 64)
	c := NewCalibration(pix.Uint16, pix.New(pix.Float32, 64, 64), pix.From(slices.Repeat([]float32{2}, 64*64), 64, 64), true, false, pix.Invalid)
	var a, b, d pix.Image
	var w Workspace
	run := func() {
		c.Apply(&a, raw, Scale{Value: 2, Mean: 3}, &w)
		Window(&b, &a, Rect{8, 8, 32, 32})
		Rebin(&d, &b, 2)
		Orient(&b, &d, OrientationCode(5))
		MassCentre(&b, nil)
	}
	run()
	if n := testing.AllocsPerRun(20, run); n != 0 {
		t.Errorf("%v allocations a frame", n)
	}
}

func BenchmarkCorrectFloat32(b *testing.B) {
	raw := pix.New(pix.Uint16, 512, 512)
	c := NewCalibration(pix.Uint16, pix.New(pix.Float32, 512, 512), pix.From(slices.Repeat([]float32{2}, 512*512), 512, 512), true, false, pix.Invalid)
	var dst pix.Image
	var w Workspace
	b.SetBytes(int64(len(raw.Bytes)))
	b.ReportAllocs()
	for b.Loop() {
		c.Apply(&dst, raw, Scale{Value: 2, Mean: 3}, &w)
	}
}

func BenchmarkRebin2(b *testing.B) {
	raw := pix.New(pix.Uint32, 512, 512)
	var dst pix.Image
	b.SetBytes(int64(len(raw.Bytes)))
	b.ReportAllocs()
	for b.Loop() {
		Rebin(&dst, raw, 2)
	}
}

func BenchmarkTranspose(b *testing.B) {
	raw := pix.New(pix.Float64, 256, 256)
	var dst pix.Image
	b.SetBytes(int64(len(raw.Bytes)))
	for b.Loop() {
		Orient(&dst, raw, OrientationCode(5))
	}
}

// With cut, counts of up to 16 bits are divided in float32 by a flat and a monitor of float32: 11 / 1.1
// is 9.9999998 in float64, and 10 in float32. Wider counts are divided in float64.
func TestCutInSinglePrecision(t *testing.T) {
	flat, k := pix.From([]float32{1.1, 1.2}, 1, 2), Scale{Value: float64(float32(1.1)), Mean: 1, Single: true}
	double := k
	double.Single = false
	for name, c := range map[string]struct {
		raw  *pix.Image
		dark *pix.Image
		flat *pix.Image
		k    Scale
		want []float64
	}{
		"flat":               {pix.From([]uint16{11, 12}, 1, 2), nil, flat, Scale{}, []float64{10, 10}},
		"flat, bytes":        {pix.From([]int8{11, 12}, 1, 2), nil, flat, Scale{}, []float64{10, 10}},
		"flat, wide":         {pix.From([]uint32{11, 12}, 1, 2), nil, flat, Scale{}, []float64{9, 9}},
		"flat, wide by dark": {pix.From([]uint16{11, 12}, 1, 2), pix.From([]int16{0, 0}, 1, 2), flat, Scale{}, []float64{9, 9}},
		"flat of float64":    {pix.From([]uint16{11, 12}, 1, 2), nil, pix.From([]float64{float64(float32(1.1)), float64(float32(1.2))}, 1, 2), Scale{}, []float64{9, 9}},
		"bool dark":          {pix.From([]uint16{11, 13}, 1, 2), &pix.Image{Type: pix.Bool, Rows: 1, Cols: 2, Bytes: []byte{0, 1}}, flat, Scale{}, []float64{10, 10}},
		"monitor":            {pix.From([]uint16{11, 110}, 1, 2), nil, nil, k, []float64{10, 100}},
		"monitor, wide":      {pix.From([]uint32{11, 110}, 1, 2), nil, nil, k, []float64{9, 99}},
		"monitor, float64":   {pix.From([]uint16{11, 110}, 1, 2), nil, nil, double, []float64{9, 99}},
		"at the mean":        {pix.From([]uint16{5, 3}, 1, 2), nil, nil, Scale{Value: 0.7, Mean: 0.7}, []float64{5, 2}}, // 3 / 0.7 * 0.7 is 2.9999999999999996
	} {
		cal := NewCalibration(c.raw.Type, c.dark, c.flat, c.k != Scale{}, true, pix.Invalid)
		got := apply(t, cal, c.raw, c.k)
		var wide pix.Image
		Convert(&wide, got, pix.Float64)
		if !slices.Equal(pix.Pixels[float64](&wide), c.want) {
			t.Errorf("%s: %v, want %v", name, pix.Pixels[float64](&wide), c.want)
		}
	}
}
