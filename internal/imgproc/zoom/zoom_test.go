package zoom

import (
	"fmt"
	"math"
	"testing"

	"ptyprep/internal/imgproc/npz"
)

func TestAgainstScipy(t *testing.T) {
	arrays, err := npz.Load("testdata/zoom.npz")
	if err != nil {
		t.Fatal(err)
	}
	worst := 0.0
	for k := 0; k < 6; k++ {
		in, z, want := arrays[fmt.Sprintf("in%d", k)], arrays[fmt.Sprintf("zoom%d", k)].Real, arrays[fmt.Sprintf("out%d", k)]
		if len(want.Shape) != 2 {
			t.Fatalf("case %d is missing", k)
		}
		out, rows, cols, err := Resample(in.Real, in.Shape[0], in.Shape[1], 1, [2]float64{z[0], z[1]})
		if err != nil {
			t.Fatal(err)
		}
		if rows != want.Shape[0] || cols != want.Shape[1] {
			t.Errorf("case %d: %d x %d, want %v", k, rows, cols, want.Shape)
			continue
		}
		for i, v := range want.Real {
			d := math.Abs(out[i] - v)
			if !(d < 1e-12) {
				t.Fatalf("case %d: pixel %d is %v, want %v", k, i, out[i], v)
			}
			worst = max(worst, d)
		}
	}
	t.Logf("largest deviation %.1e", worst)
}

// n = 26 by 0.45 is one of the sizes where o*(n-1)/(m-1) may come out above n-1: the last
// sample must still be the last pixel.
func TestEndsAreKept(t *testing.T) {
	for n := 2; n < 120; n++ {
		line := make([]float64, 2*n) // two interleaved lines
		for i := range n {
			line[2*i], line[2*i+1] = math.Sin(float64(i)), float64(i)
		}
		for _, z := range []float64{0.3, 0.45, 0.9, 1, 1.31, 2.7} {
			out, _, m, err := Resample(line, 1, n, 2, [2]float64{1, z})
			if m < 2 {
				continue
			}
			if err != nil || math.Abs(out[2*m-2]-line[2*n-2]) > 1e-12 || math.Abs(out[2*m-1]-float64(n-1)) > 1e-11 || math.Abs(out[0]) > 1e-12 {
				t.Errorf("n = %d, zoom %g: ends %v .. %v, %v", n, z, out[0], out[2*m-2], err)
			}
		}
	}
}

func TestBadFactors(t *testing.T) {
	for _, z := range [][2]float64{{0, 1}, {1, -2}, {math.NaN(), 1}, {1, math.Inf(1)}, {1e9, 1e9}, {0.01, 1}} {
		if _, _, _, err := Resample(make([]float64, 9), 3, 3, 1, z); err == nil {
			t.Errorf("zoom %v passes", z)
		}
	}
}
