package imgproc

import (
	"math"
	"testing"

	"ptyprep/internal/imgproc/pix"
)

func TestStatsOf(t *testing.T) {
	nan := math.NaN()
	for _, c := range []struct {
		name string
		im   *pix.Image
		want Stats
	}{
		{"uint16", pix.From([]uint16{3, 65535, 0, 7, 1, 1}, 2, 3), Stats{Sum: 65547, Min: 0, Max: 65535}},
		{"int32", pix.From([]int32{-5, 4, -1, 2}, 2, 2), Stats{Sum: 0, Min: -5, Max: 4, Negative: 2}},
		{"uint8 from 1", pix.From([]uint8{255, 1}, 1, 2), Stats{Sum: 256, Min: 1, Max: 255}},
		{"uint64", pix.From([]uint64{1 << 40, 3}, 2, 1), Stats{Sum: 1<<40 + 3, Min: 3, Max: 1 << 40}},
		{"float32", pix.From([]float32{0.5, float32(nan), -2, float32(math.Inf(1))}, 2, 2), Stats{Sum: -1.5, Min: -2, Max: 0.5, Negative: 1, Odd: 2}},
		{"float64", pix.From([]float64{nan}, 1, 1), Stats{Min: nan, Max: nan, Odd: 1}},
	} {
		got := StatsOf(c.im)
		same := func(a, b float64) bool { return a == b || a != a && b != b }
		if got.Sum != c.want.Sum || !same(got.Min, c.want.Min) || !same(got.Max, c.want.Max) || got.Negative != c.want.Negative || got.Odd != c.want.Odd {
			t.Errorf("%s: %+v, want %+v", c.name, got, c.want)
		}
	}
	if n := CountSet([]byte{0, 1, 255, 0, 1}); n != 3 {
		t.Errorf("%d pixels set, want 3", n)
	}
}

// The sums are those of numpy 1.24 for 1, 1/2, 1/3, ... to the last bit.
func TestPairwiseSum(t *testing.T) {
	for n, want := range map[int]struct {
		double float64
		single float32
	}{
		0: {0, 0}, 5: {2.283333333333333, 2.2833335}, 8: {2.7178571428571425, 2.7178574}, 20: {3.597739657143682, 3.59774},
		127: {5.425334592589172, 5.4253354}, 129: {5.440899030573669, 5.4409}, 1000: {7.485470860550345, 7.4854717},
		5000: {9.094508852984436, 9.094509},
	} {
		x, y := make([]float64, n), make([]float32, n)
		for i := range x {
			x[i] = 1 / float64(i+1)
			y[i] = float32(x[i])
		}
		if a, b := PairwiseSum(x), PairwiseSum(y); a != want.double || b != want.single {
			t.Errorf("%d numbers: %v, %v, want %v, %v", n, a, b, want.double, want.single)
		}
	}
}
