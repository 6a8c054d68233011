package imgproc

import (
	"fmt"
	"math"

	"ptyprep/internal/imgproc/pix"
)

// HDR merges exposures of different length of one frame into one of a higher range. With
// I = |image - dark| of each exposure:
//
//	high = erosion(I < Over), low = dilation(I > Floor)
//
// by a 3 x 3 cross (a pixel and its four neighbours), one step; outside the frame counts as false for
// both, so that the rim of high is always false. The mask of an exposure is low for the shortest
// ones (|t - tmin|/t < 0.01), high for the longest ones, low and high for the others.
//
// It is read-only once made and may be shared by goroutines, each with its own HDRSpace.
type HDR struct {
	Exposures   []float64    // seconds, one for each image, above 0
	Darks       []*pix.Image // Float64; one for each image, one for all, or none
	Masks       [][]byte     // multiplied into the masks of the images: one for each, one for all, or none
	Floor, Over float64      // counts at which noise ends and overexposure begins
	// ClipShortest and ClipLongest: both conditions count for the shortest and the longest ones too.
	ClipShortest, ClipLongest bool

	order []int // of the exposures, the longest first; of equal ones the later first
}

// sameExposure is how near, relative, two exposures are that count as equally long.
const sameExposure = 0.01

// Plan checks the exposures and puts them in order; call it before Merge and Average.
func (h *HDR) Plan() error {
	for k, t := range h.Exposures {
		if !(t > 0) || math.IsInf(t, 1) {
			return fmt.Errorf("exposure %d is %v s, expected a positive time", k, t)
		}
	}
	h.order = h.order[:0]
	for k, t := range h.Exposures { // insertion: there are a handful
		i := len(h.order)
		for i > 0 && t >= h.Exposures[h.order[i-1]] {
			i--
		}
		h.order = append(h.order, 0)
		copy(h.order[i+1:], h.order[i:])
		h.order[i] = k
	}
	return nil
}

// HDRSpace is the memory one goroutine needs for Merge; the zero value is ready.
type HDRSpace struct {
	counts    pix.Image
	low, high []byte
	mask      []byte
	outside   []byte // a row of zeros, for those beyond the frame
}

// ScratchBytes is the memory of an HDRSpace for frames of that many pixels.
func (h *HDR) ScratchBytes(pixels int) int64 { return int64(pixels) * (8 + 3) }

// Merge writes the merged frame into out and its mask (1 valid) into mask, both rows*cols of the
// images. It starts with the longest exposure; pixels that are not valid there are taken from the
// next shorter one in which they are, times tmax, then over t: the order decides the last bit, and with
// it what is left when output_dtype raw cuts to whole counts. Those that no exposure has keep the value
// of the longest.
func (h *HDR) Merge(out []float64, mask []byte, images []*pix.Image, w *HDRSpace) {
	tmax := h.Exposures[h.order[0]]
	for n, k := range h.order {
		p, m := h.exposure(images[k], k, w)
		t := h.Exposures[k]
		if n == 0 {
			for i, v := range p {
				out[i] = v * tmax / t
			}
			copy(mask, m)
			continue
		}
		for i, v := range p {
			if mask[i] == 0 && m[i] != 0 {
				out[i] = v * tmax / t
				mask[i] = 1
			}
		}
	}
}

// Average writes the mean over the exposures in which a pixel is valid, each times tmax/t, into out,
// 0 where there is none, and whether there is one into mask.
func (h *HDR) Average(out []float64, mask []byte, images []*pix.Image, w *HDRSpace) {
	tmax := h.Exposures[h.order[0]]
	clear(out)
	clear(mask)
	for k := range images {
		p, m := h.exposure(images[k], k, w)
		t := h.Exposures[k]
		for i, v := range p {
			if m[i] != 0 {
				out[i] += v * tmax / t
				mask[i]++
			}
		}
	}
	for i, n := range mask {
		if n > 0 {
			out[i] /= float64(n)
			mask[i] = 1
		}
	}
}

// exposure gives |image - dark| and the mask of image k.
func (h *HDR) exposure(im *pix.Image, k int, w *HDRSpace) ([]float64, []byte) {
	Convert(&w.counts, im, pix.Float64)
	p := pix.Pixels[float64](&w.counts)
	if d := one(h.Darks, k); d != nil {
		for i, v := range pix.Pixels[float64](d)[:len(p)] {
			p[i] = math.Abs(p[i] - v)
		}
	} else {
		for i, v := range p {
			p[i] = math.Abs(v)
		}
	}
	w.low, w.high, w.mask = grow(w.low, len(p)), grow(w.high, len(p)), grow(w.mask, len(p))
	w.outside = grow(w.outside, im.Cols)
	low, high := w.low, w.high[:len(w.low)]
	for i, v := range p {
		low[i], high[i] = bit(v > h.Floor), bit(v < h.Over)
	}
	useLow, useHigh := h.conditions(h.Exposures[k])
	m := w.mask
	for i := range m {
		m[i] = 1
	}
	if useLow {
		dilate(m, low, w.outside, im.Rows, im.Cols)
	}
	if useHigh {
		erode(m, high, w.outside, im.Rows, im.Cols)
	}
	if given := one(h.Masks, k); given != nil {
		for i, v := range given[:len(m)] {
			m[i] &= bit(v != 0)
		}
	}
	return p, m
}

// conditions says which of low and high count for an exposure of t seconds.
func (h *HDR) conditions(t float64) (low, high bool) {
	tmin, tmax := h.Exposures[h.order[len(h.order)-1]], h.Exposures[h.order[0]]
	switch {
	case math.Abs(t-tmin)/t < sameExposure:
		return true, h.ClipShortest
	case math.Abs(t-tmax)/t < sameExposure:
		return h.ClipLongest, true
	}
	return true, true
}

// one is entry k of a list of one for each, the only one of a list of one, or zero.
func one[T any](list []T, k int) (v T) {
	switch len(list) {
	case 0:
		return v
	case 1:
		return list[0]
	}
	return list[k]
}

func bit(b bool) byte {
	if b {
		return 1
	}
	return 0
}

// dilate takes out of m what has no bit set among itself and its four neighbours.
func dilate(m, bits, outside []byte, rows, cols int) {
	for r := range rows {
		up, line, down := neighbours(bits, outside, r, rows, cols)
		to := m[r*cols : r*cols+cols][:len(line)]
		last := byte(0)
		for c := range len(line) - 1 {
			v := line[c]
			to[c] &= v | last | line[c+1] | up[c] | down[c]
			last = v
		}
		to[cols-1] &= line[cols-1] | last | up[cols-1] | down[cols-1]
	}
}

// erode takes out of m what has a bit cleared among itself and its four neighbours.
func erode(m, bits, outside []byte, rows, cols int) {
	for r := range rows {
		up, line, down := neighbours(bits, outside, r, rows, cols)
		to := m[r*cols : r*cols+cols][:len(line)]
		last := byte(0)
		for c := range len(line) - 1 {
			v := line[c]
			to[c] &= v & last & line[c+1] & up[c] & down[c]
			last = v
		}
		to[cols-1] = 0
	}
}

// neighbours are row r and the rows above and below it, all of one length; outside stands for those
// beyond the frame.
func neighbours(bits, outside []byte, r, rows, cols int) (up, line, down []byte) {
	up, line, down = outside, bits[r*cols:r*cols+cols], outside
	if r > 0 {
		up = bits[(r-1)*cols:][:len(line)]
	}
	if r < rows-1 {
		down = bits[(r+1)*cols:][:len(line)]
	}
	return up[:len(line)], line, down[:len(line)]
}
