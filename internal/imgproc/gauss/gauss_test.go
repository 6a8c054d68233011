package gauss

import (
	"encoding/json"
	"math"
	"math/cmplx"
	"math/rand/v2"
	"os"
	"testing"

	"ptyprep/internal/imgproc/npz"
)

type golden struct {
	Shape   [2]int
	Sigma   json.RawMessage
	Kernel  [][]float64
	Complex bool
}

func (g golden) spec(t *testing.T) (s Spec) {
	t.Helper()
	if g.Kernel != nil {
		s.KernelRows, s.KernelCols = len(g.Kernel), len(g.Kernel[0])
		for _, r := range g.Kernel {
			s.Kernel = append(s.Kernel, r...)
		}
		return s
	}
	if json.Unmarshal(g.Sigma, &s.SigmaPx) != nil {
		if err := json.Unmarshal(g.Sigma, &s.SigmaPx[0]); err != nil {
			t.Fatal(err)
		}
		s.SigmaPx[1] = s.SigmaPx[0]
	}
	return s
}

func TestGolden(t *testing.T) {
	arrays, err := npz.Load("testdata/gaussian.npz")
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile("testdata/gaussian.json")
	if err != nil {
		t.Fatal(err)
	}
	var cases map[string]golden
	if err := json.Unmarshal(text, &cases); err != nil {
		t.Fatal(err)
	}
	if len(cases) != 9 {
		t.Fatalf("%d cases, want 9", len(cases))
	}
	worst := 0.0
	for name, c := range cases {
		var s Scratch
		spec := c.spec(t)
		if err := spec.Validate(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		in, want := arrays[name+"_in"], arrays[name]
		f := New(c.Shape[0], c.Shape[1], spec)
		d, m := 0.0, 0.0
		if c.Complex {
			f.ApplyComplex(in.Complex, &s)
			for i, v := range want.Complex {
				d, m = max(d, cmplx.Abs(in.Complex[i]-v)), max(m, cmplx.Abs(v))
			}
		} else {
			f.Apply(in.Real, &s)
			for i, v := range want.Real {
				d, m = max(d, math.Abs(in.Real[i]-v)), max(m, math.Abs(v))
			}
		}
		if !(d <= 1e-12*m) {
			t.Errorf("%s: deviation %.1e of the maximum", name, d/m)
		}
		worst = max(worst, d/m)
	}
	t.Logf("largest deviation %.1e of the maximum", worst)
}

// A kernel on the real and on the imaginary part must be the same kernel.
func TestComplexIsTwoReals(t *testing.T) {
	const rows, cols = 9, 7
	r := rand.New(rand.NewPCG(1, 2))
	for _, spec := range []Spec{
		{SigmaPx: [2]float64{1.3, 0.4}},
		{SigmaPx: [2]float64{0, 30}},
		{Kernel: []float64{0.1, 0.5, -0.2, 0.3, 0, 0.7}, KernelRows: 2, KernelCols: 3},
	} {
		f := New(rows, cols, spec)
		z, re, im := make([]complex128, rows*cols), make([]float64, rows*cols), make([]float64, rows*cols)
		for i := range z {
			re[i], im[i] = r.NormFloat64(), r.NormFloat64()
			z[i] = complex(re[i], im[i])
		}
		var s Scratch
		f.ApplyComplex(z, &s)
		f.Apply(re, &s)
		f.Apply(im, &s)
		for i := range z {
			if z[i] != complex(re[i], im[i]) {
				t.Fatalf("%+v: pixel %d is %v, parts %v %v", spec, i, z[i], re[i], im[i])
			}
		}
	}
}

// Worked by hand: places -7 .. 9 of the mirrored line a b c.
func TestMirror(t *testing.T) {
	want := "a" + "abccba" + "abccba" + "abcc"
	for i := -7; i < len(want)-7; i++ {
		if got := "abc"[mirror(i, 3)]; got != want[i+7] {
			t.Errorf("place %d is %c, want %c", i, got, want[i+7])
		}
	}
	if mirror(-5, 1) != 0 || mirror(8, 1) != 0 {
		t.Error("a line of one pixel is that pixel everywhere")
	}
}

func TestBadSpecs(t *testing.T) {
	for _, s := range []Spec{
		{SigmaPx: [2]float64{-1, 1}}, {SigmaPx: [2]float64{1, math.NaN()}}, {SigmaPx: [2]float64{1, 1e9}},
		{Kernel: []float64{1, 2}, KernelRows: 1, KernelCols: 3}, {Kernel: []float64{math.Inf(1)}, KernelRows: 1, KernelCols: 1},
		{Kernel: []float64{}},
	} {
		if s.Validate() == nil {
			t.Errorf("%+v passes", s)
		}
	}
	if New(3, 3, Spec{}) != nil {
		t.Error("no blur makes a filter")
	}
}

func TestNoAllocation(t *testing.T) {
	a := make([]float64, 64*64)
	var s Scratch
	f, k := New(64, 64, Spec{SigmaPx: [2]float64{1, 2}}), New(64, 64, Spec{Kernel: []float64{1, 2, 3, 4}, KernelRows: 2, KernelCols: 2})
	if n := testing.AllocsPerRun(3, func() { f.Apply(a, &s); k.Apply(a, &s) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkBlur256(b *testing.B) {
	a := make([]float64, 256*256)
	a[1000] = 1
	var s Scratch
	f := New(256, 256, Spec{SigmaPx: [2]float64{1, 1}})
	for b.Loop() {
		f.Apply(a, &s)
	}
}
