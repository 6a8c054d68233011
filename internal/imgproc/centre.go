package imgproc

import (
	"math"

	"ptyprep/internal/imgproc/pix"
)

func roundHalfEven(x float64) float64 { return math.RoundToEven(x) }

// MassCentre gives the mean (row, column) of a frame, weighted with its counts over the
// valid pixels, and the sum of these counts; pixel (0, 0) is the first. mask nil means all
// valid. Sums are in float64. The centre is NaN where the sum is 0.
func MassCentre(im *pix.Image, mask []byte) (centre [2]float64, sum float64) {
	switch im.Type {
	case pix.Bool, pix.Uint8:
		return massCentre(im.Bytes, mask, im.Cols)
	case pix.Uint16:
		return massCentre(pix.Pixels[uint16](im), mask, im.Cols)
	case pix.Uint32:
		return massCentre(pix.Pixels[uint32](im), mask, im.Cols)
	case pix.Uint64:
		return massCentre(pix.Pixels[uint64](im), mask, im.Cols)
	case pix.Int8:
		return massCentre(pix.Pixels[int8](im), mask, im.Cols)
	case pix.Int16:
		return massCentre(pix.Pixels[int16](im), mask, im.Cols)
	case pix.Int32:
		return massCentre(pix.Pixels[int32](im), mask, im.Cols)
	case pix.Int64:
		return massCentre(pix.Pixels[int64](im), mask, im.Cols)
	case pix.Float32:
		return massCentre(pix.Pixels[float32](im), mask, im.Cols)
	}
	return massCentre(pix.Pixels[float64](im), mask, im.Cols)
}

func massCentre[T pix.Number](p []T, mask []byte, cols int) (centre [2]float64, sum float64) {
	var sr, sc float64
	for r := 0; r*cols < len(p); r++ {
		row := p[r*cols : (r+1)*cols]
		var s, m float64
		if mask == nil {
			for c, v := range row {
				f := float64(v)
				s += f
				m += f * float64(c)
			}
		} else {
			valid := mask[r*cols : (r+1)*cols]
			for c, v := range row {
				if valid[c] != 0 {
					f := float64(v)
					s += f
					m += f * float64(c)
				}
			}
		}
		sum += s
		sr += s * float64(r)
		sc += m
	}
	return [2]float64{sr / sum, sc / sum}, sum
}
