package imgproc

import "ptyprep/internal/imgproc/pix"

// fused writes max(src-dark, 0)/flat*scale. The dark of integer frames may itself be an
// integer image; it is read as float32, which holds 16-bit counts exactly.
func fused[T uint8 | uint16 | int8 | int16 | float32](c *Calibration, dst []float32, src []T, scale float32) {
	dark := c.darkFloat32
	var flat []float32
	if c.Flat != nil {
		flat = pix.Pixels[float32](c.Flat)
	}
	switch {
	case dark != nil && flat != nil:
		for i, v := range src {
			f := float32(v) - dark[i]
			if f < 0 {
				f = 0
			}
			dst[i] = f / flat[i] * scale
		}
	case flat != nil:
		for i, v := range src {
			dst[i] = float32(v) / flat[i] * scale
		}
	case dark != nil:
		for i, v := range src {
			f := float32(v) - dark[i]
			if f < 0 {
				f = 0
			}
			dst[i] = f * scale
		}
	default:
		for i, v := range src {
			dst[i] = float32(v) * scale
		}
	}
}
