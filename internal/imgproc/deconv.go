package imgproc

import (
	"fmt"
	"math"
	"runtime"

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
	rows, cols int
	// One of the two is in force: real frames of an even width, with a transfer function that is the
	// same at opposite frequencies, take half the time.
	real       *fft.RealPlan2
	realKernel []float64
	plan       *fft.Plan2
	kernel     []complex128
}

// NewRichardsonLucy plans the deconvolution of frames of rows x cols with a transfer function of that
// size, in the order of the transform.
func NewRichardsonLucy(mtf []float64, rows, cols, iterations int) *RichardsonLucy {
	if len(mtf) != rows*cols {
		panic(fmt.Sprintf("imgproc: transfer function of %d numbers for frames of %d x %d", len(mtf), rows, cols))
	}
	d := &RichardsonLucy{iterations: iterations, rows: rows, cols: cols}
	if cols%2 == 0 && symmetric(mtf, rows, cols) {
		d.real = fft.NewReal2(rows, cols)
		d.realKernel = d.real.Kernel(mtf)
		return d
	}
	d.plan, d.kernel = fft.New2(rows, cols), make([]complex128, len(mtf))
	for i, v := range mtf {
		d.kernel[i] = complex(v, 0)
	}
	return d
}

// symmetric reports whether a transfer function is the same at opposite frequencies, but for the
// rounding of the transform that it comes from.
func symmetric(mtf []float64, rows, cols int) bool {
	var largest float64
	for _, v := range mtf {
		largest = max(largest, math.Abs(v))
	}
	for r := range rows {
		for c := range cols {
			if !(math.Abs(mtf[r*cols+c]-mtf[(rows-r)%rows*cols+(cols-c)%cols]) <= 1e-13*largest) {
				return false
			}
		}
	}
	return true
}

// ScratchBytes is the memory of a DeconvSpace.
func (d *RichardsonLucy) ScratchBytes() int64 { return int64(d.rows*d.cols*4 + 16*d.fieldLen()) }

// Bytes is the memory that d holds, beside the tables of its transforms.
func (d *RichardsonLucy) Bytes() int64 { return int64(8*len(d.realKernel) + 16*len(d.kernel)) }

func (d *RichardsonLucy) fieldLen() int {
	if d.real != nil {
		return d.rows * d.real.Stride()
	}
	return d.rows * d.cols
}

// DeconvSpace is the memory one goroutine needs for RichardsonLucy.Apply; the zero value is ready.
type DeconvSpace struct {
	field   []complex128
	frame   []float32
	scratch *fft.Scratch2
	spread  *fft.RealScratch
}

// spreadFrom is the number of pixels from which a frame is worth several goroutines: few large frames
// fit into memory at once, and all cores shall have work all the same.
const spreadFrom = 1 << 18

// Apply sharpens im, which must be Float32 and of the size planned, in place.
func (d *RichardsonLucy) Apply(im *pix.Image, w *DeconvSpace) {
	u := pix.Pixels[float32](im)
	w.field, w.frame = grow(w.field, d.fieldLen()), grow(w.frame, len(u))
	copy(w.frame, u)
	if d.real != nil {
		if w.spread == nil {
			n := 1
			if len(u) >= spreadFrom {
				n = runtime.GOMAXPROCS(0)
			}
			w.spread = d.real.NewScratch(n)
		}
		for range d.iterations {
			d.iterateReal(u, w)
		}
		return
	}
	if w.scratch == nil {
		w.scratch = d.plan.NewScratch()
	}
	for range d.iterations {
		d.iterate(u, w)
	}
}

// iterate is one iteration.
func (d *RichardsonLucy) iterate(u []float32, w *DeconvSpace) {
	frame, field := w.frame, w.field
	for i, v := range u {
		field[i] = complex(float64(v), 0)
	}
	d.plan.Convolve(field, d.kernel, w.scratch)
	for i, v := range field {
		field[i] = complex(float64(frame[i]/(modulus(v)+1e-6)), 0)
	}
	d.plan.Convolve(field, d.kernel, w.scratch)
	for i, v := range field {
		u[i] *= modulus(v)
	}
}

func modulus(v complex128) float32 {
	return float32(math.Sqrt(real(v)*real(v) + imag(v)*imag(v)))
}

// iterateReal is iterate in which a complex number holds two neighbouring pixels.
func (d *RichardsonLucy) iterateReal(u []float32, w *DeconvSpace) {
	n, m, s := d.cols, d.cols/2, w.spread
	row := func(r int) []complex128 { return w.field[r*(m+1):][:m] }
	s.Spread(d.rows, func(r int) {
		line, field := u[r*n:r*n+n], row(r)
		for i := range field {
			field[i] = complex(float64(line[2*i]), float64(line[2*i+1]))
		}
	})
	d.real.Convolve(w.field, d.realKernel, s)
	s.Spread(d.rows, func(r int) {
		line, field := w.frame[r*n:r*n+n], row(r)
		for i, z := range field {
			a := line[2*i] / (float32(math.Abs(real(z))) + 1e-6)
			b := line[2*i+1] / (float32(math.Abs(imag(z))) + 1e-6)
			field[i] = complex(float64(a), float64(b))
		}
	})
	d.real.Convolve(w.field, d.realKernel, s)
	s.Spread(d.rows, func(r int) {
		line := u[r*n : r*n+n]
		for i, z := range row(r) {
			line[2*i] *= float32(math.Abs(real(z)))
			line[2*i+1] *= float32(math.Abs(imag(z)))
		}
	})
}
