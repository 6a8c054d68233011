package imgproc

import (
	"fmt"
	"math"

	"ptyprep/internal/imgproc/fft"
	"ptyprep/internal/imgproc/pix"
)

// Gaussian is one spot of a point spread function. Widths and offsets are in pixels; x goes along
// the columns, y along the rows.
type Gaussian struct{ StdX, StdY, OffX, OffY float64 }

// Transfer is the modulation transfer function of a sum of gaussians, each of volume 1, on frames of
// rows x cols: |FFT2(g)| with g = sum of exp(-((x-OffX)^2/(2 StdX^2) + (y-OffY)^2/(2 StdY^2))) /
// (2 pi StdX StdY), x = column - cols/2, y = row - rows/2. It lies in the order of the transform,
// frequency 0 first.
func Transfer(spots []Gaussian, rows, cols int) []float64 {
	g := make([]complex128, rows*cols)
	for _, s := range spots {
		norm := 1 / (2 * math.Pi * s.StdX * s.StdY)
		for r := range rows {
			y := float64(r-rows/2) - s.OffY
			for c := range cols {
				x := float64(c-cols/2) - s.OffX
				e := math.Exp(-(x*x/(2*s.StdX*s.StdX) + y*y/(2*s.StdY*s.StdY)))
				g[r*cols+c] += complex(e*norm, 0)
			}
		}
	}
	p := fft.New2(rows, cols)
	p.Forward(g, p.NewScratch())
	out := make([]float64, len(g))
	for i, v := range g {
		out[i] = math.Hypot(real(v), imag(v))
	}
	return out
}

// RichardsonLucy sharpens frames that a point spread function has blurred. It starts with the frame
// itself and repeats u = u * conv(frame / (conv(u) + 1e-6)), where conv(u) = |IFFT2(FFT2(u) * mtf)| is
// computed in float64 and rounded to float32. Frames wrap round at their edges.
//
// It is read-only once made and may be shared by goroutines, each with its own DeconvSpace.
type RichardsonLucy struct {
	iterations int
	plan       *fft.Plan2
	mtf        []complex128
}

// NewRichardsonLucy plans the deconvolution of frames of rows x cols with a transfer function of that
// size, in the order of the transform.
func NewRichardsonLucy(mtf []float64, rows, cols, iterations int) *RichardsonLucy {
	if len(mtf) != rows*cols {
		panic(fmt.Sprintf("imgproc: transfer function of %d numbers for frames of %d x %d", len(mtf), rows, cols))
	}
	d := &RichardsonLucy{iterations: iterations, plan: fft.New2(rows, cols), mtf: make([]complex128, len(mtf))}
	for i, v := range mtf {
		d.mtf[i] = complex(v, 0)
	}
	return d
}

// ScratchBytes is the memory of a DeconvSpace.
func (d *RichardsonLucy) ScratchBytes() int64 { return int64(len(d.mtf)) * (16 + 4) }

// DeconvSpace is the memory one goroutine needs for RichardsonLucy.Apply; the zero value is ready.
type DeconvSpace struct {
	field   []complex128
	frame   []float32
	scratch *fft.Scratch2
}

// Apply sharpens im, which must be Float32 and of the size planned, in place.
func (d *RichardsonLucy) Apply(im *pix.Image, w *DeconvSpace) {
	u := pix.Pixels[float32](im)
	w.field, w.frame = grow(w.field, len(d.mtf)), grow(w.frame, len(d.mtf))
	if w.scratch == nil {
		w.scratch = d.plan.NewScratch()
	}
	frame, field := w.frame, w.field
	copy(frame, u)
	for range d.iterations {
		for i, v := range u {
			field[i] = complex(float64(v), 0)
		}
		d.plan.Convolve(field, d.mtf, w.scratch)
		for i, v := range field {
			field[i] = complex(float64(frame[i]/(modulus(v)+1e-6)), 0)
		}
		d.plan.Convolve(field, d.mtf, w.scratch)
		for i, v := range field {
			u[i] *= modulus(v)
		}
	}
}

func modulus(v complex128) float32 {
	return float32(math.Sqrt(real(v)*real(v) + imag(v)*imag(v)))
}
