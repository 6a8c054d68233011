// Package zoom resamples images by cubic B-spline interpolation, first sample on first
// and last on last.
//
// The spline goes through every pixel; beyond the edges the image goes on as its mirror,
// the edge pixel not repeated. Coefficients by the recursive filter of Unser, Aldroubi and
// Eden (1993), pole sqrt(3)-2.
package zoom

import (
	"fmt"
	"math"
)

// MaxPixels is the largest result that is computed.
const MaxPixels = 1 << 28

// Len is the length to which an axis of n pixels is resampled by the factor z.
func Len(n int, z float64) int { return int(math.RoundToEven(float64(n) * z)) }

// Resample stretches comp interleaved images (1: real numbers, 2: complex) of rows x cols
// pixels by the factors zoom and returns the pixels with their new shape. Errors: a factor
// that is not positive and finite, no pixel left, more than MaxPixels.
func Resample(a []float64, rows, cols, comp int, zoom [2]float64) (out []float64, outRows, outCols int, err error) {
	for _, z := range zoom {
		if !(z > 0) || math.IsInf(z, 0) {
			return nil, 0, 0, fmt.Errorf("zoom factor %g is not positive", z)
		}
	}
	if fr, fc := float64(rows)*zoom[0], float64(cols)*zoom[1]; fr*fc > MaxPixels {
		return nil, 0, 0, fmt.Errorf("zoom makes %.0f x %.0f pixels of %d x %d, more than %d in all", fr, fc, rows, cols, MaxPixels)
	}
	outRows, outCols = Len(rows, zoom[0]), Len(cols, zoom[1])
	if outRows < 1 || outCols < 1 {
		return nil, 0, 0, fmt.Errorf("zoom (%g, %g) leaves no pixel of %d x %d", zoom[0], zoom[1], rows, cols)
	}
	// axis 0: lines of cols*comp numbers are combined; axis 1: of comp numbers, row by row
	mid := axis(append([]float64(nil), a...), 1, rows, cols*comp, outRows)
	return axis(mid, outRows, cols, comp, outCols), outRows, outCols, nil
}

// axis resamples the middle axis of an array of outer x n x inner numbers to m. It uses a
// as work space.
func axis(a []float64, outer, n, inner, m int) []float64 {
	out := make([]float64, outer*m*inner)
	taps := newTaps(n, m)
	for o := range outer {
		src := a[o*n*inner : (o+1)*n*inner]
		prefilter(src, n, inner)
		for i, t := range taps {
			d := out[(o*m+i)*inner:][:inner]
			for k, w := range t.w {
				for q, v := range src[t.at[k]*inner:][:inner] {
					d[q] += w * v
				}
			}
		}
	}
	return out
}

// tap is one output sample: the four coefficients it takes and their weights.
type tap struct {
	at [4]int
	w  [4]float64
}

func newTaps(n, m int) []tap {
	taps := make([]tap, m)
	for o := range taps {
		t := 0.0
		if m > 1 {
			t = min(float64(o)*float64(n-1)/float64(m-1), float64(n-1))
		}
		q := math.Floor(t)
		f := t - q
		g := 1 - f
		taps[o].w = [4]float64{g * g * g / 6, (4 - 6*f*f + 3*f*f*f) / 6, (1 + 3*f + 3*f*f - 3*f*f*f) / 6, f * f * f / 6}
		for k := range taps[o].at {
			taps[o].at[k] = reflect(int(q)-1+k, n)
		}
	}
	return taps
}

// reflect mirrors index i into 0 .. n-1 about the edge pixels; i is at most 2 outside.
func reflect(i, n int) int {
	if n == 1 {
		return 0
	}
	i %= 2 * (n - 1)
	if i < 0 {
		i = -i
	}
	return min(i, 2*(n-1)-i)
}

// prefilter turns n samples of inner numbers into spline coefficients, in place.
func prefilter(a []float64, n, inner int) {
	if n == 1 {
		return
	}
	pole := math.Sqrt(3) - 2
	start(a, n, inner, pole)
	for i := 1; i < n; i++ {
		prev, cur := a[(i-1)*inner:][:inner], a[i*inner:][:inner]
		for q, v := range prev {
			cur[q] += pole * v
		}
	}
	last, prev := a[(n-1)*inner:][:inner], a[(n-2)*inner:][:inner]
	for q, v := range prev {
		last[q] = 6 * pole / (pole*pole - 1) * (last[q] + pole*v)
	}
	for i := n - 2; i >= 0; i-- {
		next, cur := a[(i+1)*inner:][:inner], a[i*inner:][:inner]
		for q, v := range next {
			cur[q] = pole * (v - 6*cur[q])
		}
	}
}

// start puts the first value of the causal filter: the sum over the mirrored signal,
// sum over k >= 0 of pole^k * x_k, which is a sum over one period in closed form.
func start(a []float64, n, inner int, pole float64) {
	period := 2*n - 2
	full := 1 - math.Pow(pole, float64(period))
	for q := range inner {
		sum := a[q] + math.Pow(pole, float64(n-1))*a[(n-1)*inner+q]
		near := 1.0
		for k := 1; k < n-1; k++ {
			near *= pole
			if math.Abs(near) < 1e-20 {
				break // the far end only counts in short lines
			}
			sum += near * a[k*inner+q]
		}
		for k := n - 2; k > 0; k-- {
			far := math.Pow(pole, float64(period-k))
			if math.Abs(far) < 1e-20 {
				break
			}
			sum += far * a[k*inner+q]
		}
		a[q] = sum / full
	}
}
