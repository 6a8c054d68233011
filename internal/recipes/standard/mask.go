package standard

import "ptyprep/internal/imgproc/pix"

// zeroIsGood fills dst with 1 where no bit but ignored ones is set.
func zeroIsGood(dst []byte, im *pix.Image, ignored uint64) {
	switch im.Type {
	case pix.Bool, pix.Uint8:
		bits(dst, pix.Pixels[uint8](im), ignored)
	case pix.Uint16:
		bits(dst, pix.Pixels[uint16](im), ignored)
	case pix.Uint32:
		bits(dst, pix.Pixels[uint32](im), ignored)
	case pix.Uint64:
		bits(dst, pix.Pixels[uint64](im), ignored)
	case pix.Int8:
		bits(dst, pix.Pixels[int8](im), ignored)
	case pix.Int16:
		bits(dst, pix.Pixels[int16](im), ignored)
	case pix.Int32:
		bits(dst, pix.Pixels[int32](im), ignored)
	case pix.Int64:
		bits(dst, pix.Pixels[int64](im), ignored)
	case pix.Float32:
		zeros(dst, pix.Pixels[float32](im))
	case pix.Float64:
		zeros(dst, pix.Pixels[float64](im))
	}
}

func bits[T uint8 | uint16 | uint32 | uint64 | int8 | int16 | int32 | int64](dst []byte, src []T, ignored uint64) {
	for i, v := range src {
		dst[i] = 0
		if uint64(v)&^ignored == 0 {
			dst[i] = 1
		}
	}
}

func zeros[T float32 | float64](dst []byte, src []T) {
	for i, v := range src {
		dst[i] = 0
		if v == 0 {
			dst[i] = 1
		}
	}
}
