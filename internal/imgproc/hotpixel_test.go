package imgproc

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"ptyprep/internal/imgproc/pix"
)

// medianByHand is the definition, one window at a time.
func medianByHand(src []float32, rows, cols, size int) []float32 {
	out := make([]float32, len(src))
	h := size / 2
	for r := range rows {
		for c := range cols {
			var v []float32
			for i := -h; i <= h; i++ {
				for j := -h; j <= h; j++ {
					v = append(v, src[mirror(r+i, rows)*cols+mirror(c+j, cols)])
				}
			}
			slices.Sort(v)
			out[r*cols+c] = v[len(v)/2]
		}
	}
	return out
}

func TestMirror(t *testing.T) {
	// d c b a | a b c d | d c b a | a
	want := []int{3, 2, 1, 0, 0, 1, 2, 3, 3, 2, 1, 0, 0}
	for i, w := range want {
		if got := mirror(i-4, 4); got != w {
			t.Errorf("mirror(%d, 4) = %d, want %d", i-4, got, w)
		}
	}
}

func TestOrderKey(t *testing.T) {
	v := []float32{float32(math.Inf(-1)), -math.MaxFloat32, -1, -1e-45, 0, 1e-45, 1, math.MaxFloat32, float32(math.Inf(1))}
	for i := range v {
		if orderValue(orderKey(v[i])) != v[i] {
			t.Errorf("%v does not come back", v[i])
		}
		if i > 0 && orderKey(v[i-1]) >= orderKey(v[i]) {
			t.Errorf("%v and %v are in the wrong order", v[i-1], v[i])
		}
	}
}

func TestMedianFilter(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	var w medianSpace
	for _, n := range [][3]int{{1, 1, 3}, {1, 7, 3}, {6, 1, 5}, {2, 2, 3}, {9, 11, 3}, {3, 4, 9}, {12, 10, 5}, {8, 9, 7}, {4, 4, 1}} {
		src := make([]float32, n[0]*n[1])
		for i := range src {
			src[i] = float32(rng.IntN(9)) - 4.5 // many equal values
		}
		got := make([]float32, len(src))
		medianFilter(got, src, n[0], n[1], n[2], &w)
		if want := medianByHand(src, n[0], n[1], n[2]); !slices.Equal(got, want) {
			t.Errorf("%v: got %v, want %v", n, got, want)
		}
	}
}

func TestRemoveHotPixels(t *testing.T) {
	for _, tc := range []struct {
		name       string
		h          HotPixels
		rows, cols int
		in, want   []float32
	}{
		{
			// B is 0 everywhere; D is 9 in one of 9 pixels: mean 1, variance 81/9-1 = 8, so T = 3*2.83 = 8.49.
			"one hot pixel", HotPixels{Size: 3, Tolerance: 3}, 3, 3,
			[]float32{0, 0, 0, 0, 9, 0, 0, 0, 0}, []float32{0, 0, 0, 0, 0, 0, 0, 0, 0},
		},
		{
			// T = 4*2.83 = 11.3
			"within the tolerance", HotPixels{Size: 3, Tolerance: 4}, 3, 3,
			[]float32{0, 0, 0, 0, 9, 0, 0, 0, 0}, []float32{0, 0, 0, 0, 9, 0, 0, 0, 0},
		},
		{
			// B = 5 2 / 2 5 (the corners count four times, their neighbours twice), D = 3 -1 / 0 0: mean 0.5,
			// variance 10/4-1/4, deviation 1.5, T = 3. Every corner's block is the frame: median (2+5)/2 = 3.5.
			"corners", HotPixels{Size: 3, Tolerance: 2}, 2, 2,
			[]float32{8, 1, 2, 5}, []float32{3.5, 1, 2, 5},
		},
		{
			"corners left alone", HotPixels{Size: 3, Tolerance: 2, IgnoreEdges: true}, 2, 2,
			[]float32{8, 1, 2, 5}, []float32{8, 1, 2, 5},
		},
		{
			// B: mirrored at the top edge the 90 counts twice in its windows, of 9 values, so B = 0 or 1 there and D
			// is 90 at one pixel of 12: T about 2*24.9. Its block is 0 90 1 / 1 0 1: median (1+1)/2 = 1.
			"rim", HotPixels{Size: 3, Tolerance: 2}, 3, 4,
			[]float32{0, 90, 1, 0, 1, 0, 1, 0, 0, 1, 0, 1}, []float32{0, 1, 1, 0, 1, 0, 1, 0, 0, 1, 0, 1},
		},
		{"one row has no rim medians", HotPixels{Size: 3, Tolerance: 0.1}, 1, 4, []float32{0, 9, 0, 0}, []float32{0, 9, 0, 0}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			im := pix.From(slices.Clone(tc.in), tc.rows, tc.cols)
			n := tc.h.Remove(im, new(HotSpace))
			got := pix.Pixels[float32](im)
			if !slices.Equal(got, tc.want) {
				t.Errorf("got %v, want %v", got, tc.want)
			}
			changed := 0
			for i := range got {
				if got[i] != tc.in[i] {
					changed++
				}
			}
			if n != changed {
				t.Errorf("told %d pixels, changed %d", n, changed)
			}
		})
	}
}

// Medians of the rim are those of the original frame: a hot pixel beside another one must not be
// judged by what that one has become.
func TestHotRimUsesOriginal(t *testing.T) {
	in := make([]float32, 36)
	in[0], in[1], in[6], in[7] = 50, 50, 50, 50
	im := pix.From(slices.Clone(in), 6, 6)
	(&HotPixels{Size: 3, Tolerance: 1}).Remove(im, new(HotSpace))
	// The corner's 2 x 2 block is 50 throughout, so it stays whatever its neighbours become.
	if got := pix.Pixels[float32](im)[0]; got != 50 {
		t.Errorf("corner became %v", got)
	}
}

func BenchmarkHotPixels(b *testing.B) {
	for _, size := range []int{3, 5} {
		b.Run(fmt.Sprint(size), func(b *testing.B) {
			im := pix.New(pix.Float32, 1024, 1024)
			p := pix.Pixels[float32](im)
			rng := rand.New(rand.NewPCG(1, 2))
			for i := range p {
				p[i] = float32(rng.IntN(1000))
			}
			h := HotPixels{Size: size, Tolerance: 3}
			var w HotSpace
			b.SetBytes(int64(4 * len(p)))
			for b.Loop() {
				h.Remove(im, &w)
			}
		})
	}
}
