package noise

import (
	"fmt"
	"math"
	"testing"
)

// chiSquare compares n draws of the given mean with the Poisson probabilities, in classes
// of at least 20 expected draws, and returns chi-square as a deviation in standard
// deviations of its own distribution (Wilson and Hilferty's cube root).
func chiSquare(t *testing.T, mean float64, n int) float64 {
	s := NewStream(1, Detector, int(mean*1000))
	spread := 8*math.Sqrt(mean) + 20
	lo := math.Max(0, math.Floor(mean-spread))
	counts := make([]float64, int(2*spread+2))
	for range n {
		k := s.Poisson(mean) - lo
		if k != math.Floor(k) || k < 0 || int(k) >= len(counts) {
			t.Fatalf("mean %g: draw %v is out of all reason", mean, k+lo)
		}
		counts[int(k)]++
	}
	chi, classes, rest, got := 0.0, 0, 0.0, 0.0
	total := 0.0
	for i, c := range counts {
		k := lo + float64(i)
		lg, _ := math.Lgamma(k + 1)
		p := math.Exp(k*math.Log(mean) - mean - lg) // good to 1e-6 up to 1e8
		total += p
		rest, got = rest+p*float64(n), got+c
		if rest >= 20 {
			chi += (got - rest) * (got - rest) / rest
			classes++
			rest, got = 0, 0
		}
	}
	if math.Abs(total-1) > 1e-5 {
		t.Fatalf("mean %g: probabilities add up to %v", mean, total)
	}
	f := float64(classes - 1)
	if f < 1 {
		return 0
	}
	return (math.Cbrt(chi/f) - (1 - 2/(9*f))) / math.Sqrt(2/(9*f))
}

// The means cover the methods, the seams between them at 1/4 and 64, and the range
// 10..15 where a well-known implementation never gives 0. 4 standard deviations.
func TestPoissonDistribution(t *testing.T) {
	worst := 0.0
	for _, mean := range []float64{1e-3, 0.02, 0.2499, 0.25, 0.3, 0.499, 0.97, 1, 2.5, 5, 9.99, 10, 10.01, 12, 14.5, 20, 33.3, 63, 63.74, 63.99, 64, 64.5, 80, 250, 999.5, 1e4, 1e5, 3.3e6, 1e8} {
		z := chiSquare(t, mean, 300000)
		if math.Abs(z) > 4 {
			t.Errorf("mean %g: chi-square is off by %.1f standard deviations", mean, z)
		}
		worst = max(worst, math.Abs(z))
	}
	t.Logf("largest chi-square deviation %.1f standard deviations", worst)
}

// Mean and variance, each within 5 standard errors.
func TestPoissonMoments(t *testing.T) {
	const n = 400000
	for _, mean := range []float64{1e-3, 0.1, 3, 10, 47, 1e3, 1e6, 1e8, 1e12, 1e15} {
		s := NewStream(7, Photons, 3)
		sum, sq := 0.0, 0.0
		for range n {
			d := s.Poisson(mean) - mean
			sum += d
			sq += d * d
		}
		z := sum / math.Sqrt(mean*n)
		vErr := math.Sqrt((2*mean*mean + mean) / n)
		zv := (sq/n - mean) / vErr
		if math.Abs(z) > 5 || math.Abs(zv) > 5 {
			t.Errorf("mean %g: mean off by %.1f, variance by %.1f standard errors", mean, z, zv)
		}
	}
}

// log(k!) of the formula against math.Lgamma.
func TestLogPoisson(t *testing.T) {
	for _, mean := range []float64{10, 11, 50, 1e3, 1e5} {
		for _, x := range []float64{0, 0.2, 0.5, 0.8, 0.99, 1, 1.01, 1.2, 1.5, 3} {
			k := math.Floor(mean * x)
			lg, _ := math.Lgamma(k + 1)
			want := k*math.Log(mean) - mean - lg
			if got := logPoisson(k, mean); math.Abs(got-want) > 1e-9+1e-13*math.Abs(k*math.Log(mean)) {
				t.Errorf("log p(%g; %g) = %v, want %v", k, mean, got, want)
			}
		}
	}
}

func TestPoissonEdges(t *testing.T) {
	s := NewStream(1, Detector, 0)
	for _, mean := range []float64{0, -3} {
		if k := s.Poisson(mean); k != 0 {
			t.Errorf("mean %g gives %v", mean, k)
		}
	}
	if !math.IsNaN(s.Poisson(math.NaN())) {
		t.Error("NaN gives a count")
	}
	if !math.IsInf(s.Poisson(math.Inf(1)), 1) {
		t.Error("infinity becomes finite")
	}
}

// Streams are repeatable, and neighbours in seed, purpose and index share nothing:
// correlation of 2000 uniform numbers within 5 standard errors.
func TestStreams(t *testing.T) {
	draw := func(seed uint64, p Purpose, i int) []float64 {
		s := NewStream(seed, p, i)
		x := make([]float64, 2000)
		for k := range x {
			x[k] = s.Uniform() - 0.5
		}
		return x
	}
	base := draw(1, Detector, 0)
	if fmt.Sprint(base) != fmt.Sprint(draw(1, Detector, 0)) {
		t.Fatal("a stream does not repeat")
	}
	for _, o := range [][]float64{draw(2, Detector, 0), draw(0, Detector, 0), draw(1, Photons, 0), draw(1, Detector, 1), draw(1<<63+1, Detector, 0)} {
		c := 0.0
		for k := range o {
			c += o[k] * base[k]
		}
		if z := c * 12 / math.Sqrt(float64(len(o))); math.Abs(z) > 5 {
			t.Errorf("neighbouring streams correlate: %.1f standard errors", z)
		}
	}
}

func TestNormal(t *testing.T) {
	const n = 200000
	s := NewStream(5, Diffuser, 0)
	sum, sq := 0.0, 0.0
	for range n {
		v := s.Normal()
		sum += v
		sq += v * v
	}
	if z := sum / math.Sqrt(n); math.Abs(z) > 4 {
		t.Errorf("mean is off by %.1f standard errors", z)
	}
	if z := (sq/n - 1) / math.Sqrt(2./n); math.Abs(z) > 4 {
		t.Errorf("variance is off by %.1f standard errors", z)
	}
}

func BenchmarkPoisson(b *testing.B) {
	for _, mean := range []float64{0.1, 1, 8, 12, 100, 1e6} {
		b.Run(fmt.Sprint(mean), func(b *testing.B) {
			s := NewStream(1, Detector, 0)
			for b.Loop() {
				s.Poisson(mean)
			}
		})
	}
}
