package imgproc

import (
	"math"
	"slices"

	"ptyprep/internal/imgproc/pix"
)

// HotPixels takes out single pixels that stand out from their neighbours. B is the median of the
// Size x Size pixels about each pixel (edges mirrored with the edge pixel repeated), D = frame - B, and
// T = Tolerance times the standard deviation of D over the whole frame (divided by the number of
// pixels). Where |D| > T, the pixel becomes B. The outermost rim has windows of its own: a pixel of the
// rim is compared with the median of the 3 x 2 pixels along the rim and next to it inwards, a corner
// with that of its 2 x 2 pixels (of an even number the mean of the two middle ones). All medians are
// those of the frame as it came.
type HotPixels struct {
	Size        int // odd
	Tolerance   float64
	IgnoreEdges bool // leave the outermost rim as it is
}

// HotSpace is the memory one goroutine needs for HotPixels.Remove; the zero value is ready.
type HotSpace struct {
	median     medianSpace
	background []float32
	fixes      []hotFix
}

type hotFix struct {
	at    int
	value float32
}

// Remove replaces the hot pixels of im, which must be Float32, and gives their number.
func (h *HotPixels) Remove(im *pix.Image, w *HotSpace) int {
	p, rows, cols := pix.Pixels[float32](im), im.Rows, im.Cols
	w.background = grow(w.background, len(p))
	medianFilter(w.background, p, rows, cols, h.Size, &w.median)
	limit := h.Tolerance * deviation(p, w.background)
	w.fixes = w.fixes[:0]
	if !h.IgnoreEdges && rows > 1 && cols > 1 {
		w.rim(p, rows, cols, limit)
	}
	n := len(w.fixes)
	for r := 1; r < rows-1; r++ {
		line, back := p[r*cols+1:(r+1)*cols-1], w.background[r*cols+1:(r+1)*cols-1]
		for i, b := range back {
			if math.Abs(float64(line[i]-b)) > limit {
				line[i] = b
				n++
			}
		}
	}
	for _, f := range w.fixes {
		p[f.at] = f.value
	}
	return n
}

// deviation is the standard deviation of p - q, divided by the number of values.
func deviation(p, q []float32) float64 {
	var sum, squares float64
	for i, v := range p {
		sum += float64(v - q[i])
	}
	mean := sum / float64(len(p))
	for i, v := range p {
		d := float64(v-q[i]) - mean
		squares += d * d
	}
	return math.Sqrt(squares / float64(len(p)))
}

// rim notes what the pixels of the outermost rim become. Corners have blocks of 2 x 2, the others of
// 3 along the rim and 2 inwards.
func (w *HotSpace) rim(p []float32, rows, cols int, limit float64) {
	check := func(r, c int) {
		var block [6]float32
		n := 0
		r0, r1 := blockEnds(r, rows)
		c0, c1 := blockEnds(c, cols)
		for i := r0; i <= r1; i++ {
			n += copy(block[n:], p[i*cols+c0:i*cols+c1+1])
		}
		m := medianOfEven(block[:n])
		if at := r*cols + c; math.Abs(float64(p[at]-m)) > limit {
			w.fixes = append(w.fixes, hotFix{at, m})
		}
	}
	for c := range cols {
		check(0, c)
		check(rows-1, c)
	}
	for r := 1; r < rows-1; r++ {
		check(r, 0)
		check(r, cols-1)
	}
}

// blockEnds is the range of the block along one axis: two pixels at an end, else three.
func blockEnds(i, n int) (lo, hi int) {
	return max(i-1, 0), min(i+1, n-1)
}

// medianOfEven sorts an even number of values and gives the mean of the two middle ones.
func medianOfEven(v []float32) float32 {
	slices.SortFunc(v, func(a, b float32) int {
		ka, kb := orderKey(a), orderKey(b)
		switch {
		case ka < kb:
			return -1
		case ka > kb:
			return 1
		}
		return 0
	})
	return (v[len(v)/2-1] + v[len(v)/2]) / 2
}
