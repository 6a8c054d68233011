package preview

import (
	"image"
	"image/color"
	"math"
	"slices"
)

// Scan draws a measured scan in one picture: the first frame, the mean of all, and the scan points,
// coloured by what their frames sum to, with the path from one to the next. sums may be nil.
func Scan(first, mean Counts, positions [][2]float64, sums []float64) *image.RGBA {
	frames := []raster{measured(first), measured(mean)}
	if len(positions) == 0 {
		return row(frames...)
	}
	plot := blank(small)
	im := row(append(frames, plot)...)
	x0 := 0
	for _, f := range frames {
		w, _ := f.size()
		x0 += w + gap
	}
	points(im, x0, small, positions, sums)
	return im
}

// measured is a frame in the range that most of its valid pixels lie in: logarithmic where that is
// wide, as in a far field, else linear. What is not valid is red.
func measured(f Counts) raster {
	lo, hi := rangeOf(f)
	scale := func(v float64) float64 { return (v - lo) / (hi - lo) }
	if hi > 30*max(lo, 1) {
		scale = func(v float64) float64 { return math.Log1p(max(v, 0)) / math.Log1p(hi) }
	}
	return raster{f.Rows, f.Cols, func(i, j int) color.RGBA {
		k := i*f.Cols + j
		if f.Mask != nil && f.Mask[k] == 0 {
			return color.RGBA{150, 30, 40, 255}
		}
		return heat(scale(f.Pix[k]))
	}, small}
}

// rangeOf leaves out the lowest and highest 0.2 % of the valid pixels.
func rangeOf(f Counts) (lo, hi float64) {
	var v []float64
	for k, x := range f.Pix {
		if x-x == 0 && (f.Mask == nil || f.Mask[k] != 0) {
			v = append(v, x)
		}
	}
	if len(v) == 0 {
		return 0, 1
	}
	slices.Sort(v)
	cut := len(v) / 500
	lo, hi = v[cut], v[len(v)-1-cut]
	if !(hi > lo) {
		return lo - 1, lo + 1
	}
	return lo, hi
}

// blank is a white square.
func blank(side int) raster {
	return raster{side, side, func(int, int) color.RGBA { return color.RGBA{255, 255, 255, 255} }, side}
}

// points draws scan points into the square of the given side at column x0: rows downwards, columns
// to the right, both in one scale.
func points(im *image.RGBA, x0, side int, positions [][2]float64, sums []float64) {
	lo, hi := [2]float64{math.Inf(1), math.Inf(1)}, [2]float64{math.Inf(-1), math.Inf(-1)}
	for _, p := range positions {
		for ax := range p {
			lo[ax], hi[ax] = min(lo[ax], p[ax]), max(hi[ax], p[ax])
		}
	}
	span := max(hi[0]-lo[0], hi[1]-lo[1])
	if !(span > 0) {
		span = 1
	}
	const margin = 12
	room := float64(side - 2*margin)
	at := func(p [2]float64) (x, y float64) {
		y = float64(side)/2 + (p[0]-(lo[0]+hi[0])/2)/span*room
		x = float64(side)/2 + (p[1]-(lo[1]+hi[1])/2)/span*room
		return float64(x0) + x, y
	}
	path := color.RGBA{200, 205, 215, 255}
	for k := 1; k < len(positions); k++ {
		ax, ay := at(positions[k-1])
		bx, by := at(positions[k])
		stroke(im, ax, ay, bx, by, path)
	}
	low, high := math.Inf(1), math.Inf(-1)
	for _, s := range sums {
		low, high = min(low, s), max(high, s)
	}
	radius := min(max(room/math.Sqrt(float64(len(positions)))/4, 1.5), 5)
	for k, p := range positions {
		c := heat(0.4)
		if k < len(sums) && high > low {
			c = heat(0.1 + 0.75*(sums[k]-low)/(high-low))
		}
		x, y := at(p)
		disc(im, x, y, radius, c)
	}
}
