package codec

import (
	"encoding/binary"
	"math"
	"math/rand/v2"
)

// poisson draws a count of mean lam: Knuth's product of uniforms below 30, the rounded
// normal approximation above (good enough for bytes to compress).
func poisson(r *rand.Rand, lam float64) float64 {
	if lam > 30 {
		return math.Max(0, math.Round(lam+math.Sqrt(lam)*r.NormFloat64()))
	}
	k, p, limit := 0.0, r.Float64(), math.Exp(-lam)
	for p > limit {
		p *= r.Float64()
		k++
	}
	return k
}

// diffraction makes a frame of side x side counts like a far-field pattern: a bright
// centre, sparse wings, most pixels 0.
func diffraction(side int, seed uint64) []float64 {
	r := rand.New(rand.NewPCG(7, seed))
	scale := 0.7 + 0.6*r.Float64()
	px := make([]float64, side*side)
	for i := range px {
		y, x := float64(i/side)-float64(side)/2, float64(i%side)-float64(side)/2
		px[i] = poisson(r, scale*(2e4/(1+math.Pow(math.Hypot(x, y)/4, 3))+0.3))
	}
	return px
}

// corrected subtracts a dark and divides by a flat and a monitor: a noisy float frame.
func corrected(px []float64, seed uint64) []float64 {
	r := rand.New(rand.NewPCG(11, 0)) // the same dark and flat for all frames
	norm := 1 + 0.01*rand.New(rand.NewPCG(13, seed)).NormFloat64()
	out := make([]float64, len(px))
	for i, v := range px {
		dark, flat := poisson(r, 1), 1+0.02*r.NormFloat64()
		out[i] = math.Max(0, v-dark) / flat * norm
	}
	return out
}

// rebinned averages 2x2 pixels.
func rebinned(px []float64) []float64 {
	side := int(math.Sqrt(float64(len(px))))
	var out []float64
	for y := 0; y+1 < side; y += 2 {
		for x := 0; x+1 < side; x += 2 {
			i := y*side + x
			out = append(out, (px[i]+px[i+1]+px[i+side]+px[i+side+1])/4)
		}
	}
	return out
}

// pack stores pixels little endian as u1, u2, u4, u8, f4 or f8.
func pack(px []float64, kind string) []byte {
	var b []byte
	for _, v := range px {
		switch kind {
		case "u1":
			b = append(b, byte(min(v, 255)))
		case "u2":
			b = binary.LittleEndian.AppendUint16(b, uint16(min(v, 65535)))
		case "u4":
			b = binary.LittleEndian.AppendUint32(b, uint32(v))
		case "u8":
			b = binary.LittleEndian.AppendUint64(b, uint64(v))
		case "f4":
			b = binary.LittleEndian.AppendUint32(b, math.Float32bits(float32(v)))
		case "f8":
			b = binary.LittleEndian.AppendUint64(b, math.Float64bits(v))
		default:
			panic("unknown kind " + kind)
		}
	}
	return b
}

// workload is a set of like frames of one pixel type.
type workload struct {
	name   string
	elem   int
	frames [][]byte
}

// workloads are the four outputs that a conversion typically writes.
func workloads(side, frames int) []workload {
	w := []workload{{name: "crop_u4", elem: 4}, {name: "full_u2", elem: 2}, {name: "corrected_f4", elem: 4}, {name: "rebin_f8", elem: 8}}
	for k := range frames {
		px := diffraction(side, uint64(k))
		var crop []float64
		for y := side / 4; y < side*3/4; y++ {
			crop = append(crop, px[y*side+side/4:y*side+side*3/4]...)
		}
		w[0].frames = append(w[0].frames, pack(crop, "u4"))
		w[1].frames = append(w[1].frames, pack(px, "u2"))
		w[2].frames = append(w[2].frames, pack(corrected(px, uint64(k)), "f4"))
		w[3].frames = append(w[3].frames, pack(rebinned(px), "f8"))
	}
	return w
}
