package imgproc

import (
	"math"

	"ptyprep/internal/imgproc/pix"
)

// Stats are sums over the pixels of a frame.
type Stats struct {
	Sum      float64 // over all pixels, valid or not; exact for integers up to 2^53
	Min, Max float64 // NaN without a finite pixel
	Negative int     // pixels below 0
	Odd      int     // pixels that are NaN or infinite; they are in no other figure
}

// StatsOf sums up a frame. Integers are summed as such, row by row.
func StatsOf(im *pix.Image) Stats {
	switch im.Type {
	case pix.Bool, pix.Uint8:
		return integerStats(im.Bytes, im.Cols)
	case pix.Uint16:
		return integerStats(pix.Pixels[uint16](im), im.Cols)
	case pix.Uint32:
		return integerStats(pix.Pixels[uint32](im), im.Cols)
	case pix.Uint64:
		return floatStats(pix.Pixels[uint64](im), im.Cols)
	case pix.Int8:
		return integerStats(pix.Pixels[int8](im), im.Cols)
	case pix.Int16:
		return integerStats(pix.Pixels[int16](im), im.Cols)
	case pix.Int32:
		return integerStats(pix.Pixels[int32](im), im.Cols)
	case pix.Int64:
		return floatStats(pix.Pixels[int64](im), im.Cols)
	case pix.Float32:
		return floatStats(pix.Pixels[float32](im), im.Cols)
	}
	return floatStats(pix.Pixels[float64](im), im.Cols)
}

// integerStats is for integers of which a whole row cannot pass the range of int64.
func integerStats[T uint8 | uint16 | uint32 | int8 | int16 | int32](p []T, cols int) Stats {
	if len(p) == 0 {
		return Stats{Min: math.NaN(), Max: math.NaN()}
	}
	var s Stats
	lo, hi := p[0], p[0]
	for r := 0; r < len(p); r += cols {
		var sum int64
		for _, v := range p[r : r+cols] {
			sum += int64(v)
			lo, hi = min(lo, v), max(hi, v)
			if v < 0 {
				s.Negative++
			}
		}
		s.Sum += float64(sum)
	}
	s.Min, s.Max = float64(lo), float64(hi)
	return s
}

func floatStats[T uint64 | int64 | float32 | float64](p []T, cols int) Stats {
	s := Stats{Min: math.Inf(1), Max: math.Inf(-1)}
	for r := 0; r < len(p); r += cols {
		sum := 0.0
		for _, v := range p[r : r+cols] {
			x := float64(v)
			if x-x != 0 { // NaN and infinite
				s.Odd++
				continue
			}
			sum += x
			s.Min, s.Max = math.Min(s.Min, x), math.Max(s.Max, x)
			if x < 0 {
				s.Negative++
			}
		}
		s.Sum += sum
	}
	if s.Min > s.Max {
		s.Min, s.Max = math.NaN(), math.NaN()
	}
	return s
}

// CountSet is the number of mask pixels that are not 0.
func CountSet(mask []byte) int {
	n := 0
	for _, v := range mask {
		if v != 0 {
			n++
		}
	}
	return n
}

// PairwiseSum adds up x in the order of numpy's sum of contiguous floats, so that means and
// deviations agree with it to the last bit: up to 128 numbers in eight interleaved sums, more in
// halves.
func PairwiseSum[F float32 | float64](x []F) F {
	n := len(x)
	switch {
	case n < 8:
		var s F
		for _, v := range x {
			s += v
		}
		return s
	case n > 128:
		half := n / 2 / 8 * 8
		return PairwiseSum(x[:half]) + PairwiseSum(x[half:])
	}
	r := [8]F(x)
	i := 8
	for ; i+8 <= n; i += 8 {
		for j := range r {
			r[j] += x[i+j]
		}
	}
	s := ((r[0] + r[1]) + (r[2] + r[3])) + ((r[4] + r[5]) + (r[6] + r[7]))
	for _, v := range x[i:] {
		s += v
	}
	return s
}
