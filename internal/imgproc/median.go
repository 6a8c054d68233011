package imgproc

import (
	"fmt"
	"math"
	"slices"
)

// orderKey maps a float32 to a whole number of the same order, so that medians run on integer
// minima and maxima, which take no branch. NaN lies beyond the infinities and does no harm.
func orderKey(f float32) int32 {
	b := int32(math.Float32bits(f))
	return b ^ b>>31&math.MaxInt32
}

// orderValue is the inverse of orderKey; the mapping is its own inverse.
func orderValue(k int32) float32 {
	return math.Float32frombits(uint32(k ^ k>>31&math.MaxInt32))
}

// mirror is the index in 0..n-1 that place i beyond the edges stands for, with the edge pixel
// repeated: d c b a | a b c d | d c b a.
func mirror(i, n int) int {
	i %= 2 * n
	if i < 0 {
		i += 2 * n
	}
	if i >= n {
		i = 2*n - 1 - i
	}
	return i
}

// medianSpace is the memory of a median filter.
type medianSpace struct {
	keys          []int32 // the frame with mirrored edges
	lo, mid, hi   []int32 // width 3: each column of three, sorted
	columns       []int32 // other widths: each column of `size`, sorted
	window, other []int32 // all values of the window, sorted
}

// grow gives s the length n; what was in it does not matter.
func grow[T any](s []T, n int) []T {
	if cap(s) < n {
		return make([]T, n)
	}
	return s[:n]
}

// medianFilter writes into dst the median of the size x size pixels about each pixel of src
// (rows x cols); edges are mirrored with the edge pixel repeated. size must be odd.
func medianFilter(dst, src []float32, rows, cols, size int, w *medianSpace) {
	if size < 1 || size%2 == 0 {
		panic(fmt.Sprintf("imgproc: median filter of width %d", size))
	}
	if size == 1 {
		copy(dst, src)
		return
	}
	stride := w.pad(src, rows, cols, size/2)
	for r := range rows {
		line := dst[r*cols : (r+1)*cols]
		if size == 3 {
			w.line3(line, w.keys[r*stride:], stride)
		} else {
			w.line(line, w.keys[r*stride:], stride, size)
		}
	}
}

// pad fills w.keys with src and h mirrored pixels around it, and gives the width of its rows.
func (w *medianSpace) pad(src []float32, rows, cols, h int) (stride int) {
	stride = cols + 2*h
	w.keys = grow(w.keys, (rows+2*h)*stride)
	for r := range rows {
		to := w.keys[(r+h)*stride:][:stride]
		for c, v := range src[r*cols : (r+1)*cols] {
			to[h+c] = orderKey(v)
		}
		for i := range h {
			to[h-1-i] = to[h+mirror(-1-i, cols)]
			to[h+cols+i] = to[h+mirror(cols+i, cols)]
		}
	}
	for i := range h {
		copy(w.keys[(h-1-i)*stride:][:stride], w.keys[(h+mirror(-1-i, rows))*stride:])
		copy(w.keys[(h+rows+i)*stride:][:stride], w.keys[(h+mirror(rows+i, rows))*stride:])
	}
	return stride
}

// line3 is a row of the 3 x 3 median. Columns of three are sorted once and serve three windows; the
// median is the middle one of (largest low, middle middle, smallest high). in starts at the row
// above.
func (w *medianSpace) line3(dst []float32, in []int32, stride int) {
	w.lo, w.mid, w.hi = grow(w.lo, stride), grow(w.mid, stride), grow(w.hi, stride)
	lo, mid, hi := w.lo, w.mid[:stride], w.hi[:stride]
	a, b, c := in[:stride], in[stride:2*stride], in[2*stride:3*stride]
	for i, x := range a {
		y, z := b[i], c[i]
		x, y = min(x, y), max(x, y)
		hi[i] = max(y, z)
		y = min(y, z)
		lo[i], mid[i] = min(x, y), max(x, y)
	}
	for i := range dst {
		l := max(lo[i], lo[i+1], lo[i+2])
		h := min(hi[i], hi[i+1], hi[i+2])
		m := middle(mid[i], mid[i+1], mid[i+2])
		dst[i] = orderValue(middle(l, m, h))
	}
}

// middle is the median of three.
func middle(a, b, c int32) int32 { return max(min(a, b), min(max(a, b), c)) }

// line is a row of the median of any odd width. The window is kept sorted while it moves: the sorted
// column that leaves is taken out and the one that comes in put in, in one pass.
func (w *medianSpace) line(dst []float32, in []int32, stride, size int) {
	w.columns = grow(w.columns, stride*size)
	for c := range stride {
		col := w.columns[c*size : (c+1)*size]
		for i := range col {
			col[i] = in[i*stride+c]
		}
		slices.Sort(col)
	}
	n := size * size
	w.window, w.other = grow(w.window, n), grow(w.other, n)
	copy(w.window, w.columns[:n])
	slices.Sort(w.window)
	for i := range dst {
		dst[i] = orderValue(w.window[n/2])
		if i+1 < len(dst) {
			replaceSorted(w.other, w.window, w.columns[i*size:(i+1)*size], w.columns[(i+size)*size:(i+size+1)*size])
			w.window, w.other = w.other, w.window
		}
	}
}

// replaceSorted writes to dst what is in from, without the values of out and with those of in; all
// are sorted.
func replaceSorted(dst, from, out, in []int32) {
	k := 0
	for _, v := range from {
		if len(out) > 0 && v == out[0] {
			out = out[1:]
			continue
		}
		for len(in) > 0 && in[0] < v {
			dst[k] = in[0]
			in = in[1:]
			k++
		}
		dst[k] = v
		k++
	}
	copy(dst[k:], in)
}
