// Package gauss blurs images: Gaussians and small convolution kernels, on real and on
// complex arrays, with mirrored edges.
//
// At an edge the image goes on as its mirror with the edge pixel repeated
// (d c b a | a b c d | d c b a), again and again, so a blur may be wider than the image.
package gauss

import (
	"fmt"
	"math"
	"unsafe"
)

// MaxSigmaPx is the widest Gaussian accepted, in pixels.
const MaxSigmaPx = 1e4

// Spec says how to blur: by a Gaussian, by a kernel, or (the zero value) not at all.
type Spec struct {
	// SigmaPx is the standard deviation of the Gaussian along rows (axis 0) and
	// columns (axis 1), in pixels. Up to 1e-15 an axis is left untouched.
	SigmaPx [2]float64
	// Kernel, row-major of KernelRows x KernelCols, is used instead when not nil. It is
	// not normalised.
	Kernel                 []float64
	KernelRows, KernelCols int
}

// None reports whether the blur leaves every image as it is.
func (s Spec) None() bool {
	return s.Kernel == nil && s.SigmaPx[0] <= 1e-15 && s.SigmaPx[1] <= 1e-15
}

// Validate checks the numbers.
func (s Spec) Validate() error {
	if s.Kernel != nil {
		if s.KernelRows < 1 || s.KernelCols < 1 || len(s.Kernel) != s.KernelRows*s.KernelCols {
			return fmt.Errorf("blur kernel of %d x %d with %d numbers", s.KernelRows, s.KernelCols, len(s.Kernel))
		}
		for _, v := range s.Kernel {
			if math.IsNaN(v) || math.IsInf(v, 0) {
				return fmt.Errorf("blur kernel holds %v", v)
			}
		}
		return nil
	}
	for _, v := range s.SigmaPx {
		if !(v >= 0 && v <= MaxSigmaPx) {
			return fmt.Errorf("blur sigma %g pixels is not between 0 and %g", v, MaxSigmaPx)
		}
	}
	return nil
}

// Filter blurs images of one size. It is read-only and may be shared by goroutines.
type Filter struct {
	rows, cols   int
	w            [2][]float64 // half of the Gaussian: weight of distance 0, 1, .. R; nil: untouched axis
	kernel       []float64
	krows, kcols int
}

// New makes the filter for images of rows x cols; nil when there is nothing to blur. The
// spec must be valid.
func New(rows, cols int, s Spec) *Filter {
	if s.None() {
		return nil
	}
	f := &Filter{rows: rows, cols: cols}
	if s.Kernel != nil {
		f.kernel, f.krows, f.kcols = s.Kernel, s.KernelRows, s.KernelCols
		return f
	}
	for ax := range f.w {
		f.w[ax] = weights(s.SigmaPx[ax])
	}
	return f
}

// weights gives exp(-j^2/(2*sigma^2)) for j = 0 .. R = trunc(4*sigma + 0.5), divided by
// the sum over -R .. R.
func weights(sigma float64) []float64 {
	if sigma <= 1e-15 {
		return nil
	}
	w := make([]float64, int(4*sigma+0.5)+1)
	sum := 0.0
	for j := range w {
		w[j] = math.Exp(-0.5 * float64(j) * float64(j) / (sigma * sigma))
		sum += 2 * w[j]
	}
	sum -= w[0]
	for j := range w {
		w[j] /= sum
	}
	return w
}

// Scratch is the work space of one worker; the zero value is ready. It grows at the
// first use and allocates nothing afterwards.
type Scratch struct{ image, line []float64 }

func grow(p *[]float64, n int) []float64 {
	if cap(*p) < n {
		*p = make([]float64, n)
	}
	return (*p)[:n]
}

// Apply blurs a (rows*cols numbers) in place. A nil filter does nothing.
func (f *Filter) Apply(a []float64, s *Scratch) {
	if f != nil {
		f.apply(a, 1, s)
	}
}

// ApplyComplex blurs a (rows*cols numbers) in place, real and imaginary parts apart. A nil
// filter does nothing.
func (f *Filter) ApplyComplex(a []complex128, s *Scratch) {
	if f != nil && len(a) > 0 {
		f.apply(unsafe.Slice((*float64)(unsafe.Pointer(&a[0])), 2*len(a)), 2, s)
	}
}

// apply blurs comp interleaved images.
func (f *Filter) apply(a []float64, comp int, s *Scratch) {
	if f.kernel != nil {
		f.convolve(a, comp, s)
		return
	}
	if w := f.w[0]; w != nil {
		src := grow(&s.image, len(a))
		copy(src, a)
		f.alongRows(a, src, w, f.cols*comp)
	}
	if w := f.w[1]; w != nil {
		f.alongCols(a, w, comp, s)
	}
}

// alongRows blurs axis 0: each row of dst (n numbers) is a sum of rows of src.
func (f *Filter) alongRows(dst, src, w []float64, n int) {
	for i := range f.rows {
		d := dst[i*n : i*n+n]
		for q, v := range src[i*n : i*n+n][:len(d)] {
			d[q] = w[0] * v
		}
		for j := 1; j < len(w); j++ {
			u, v := mirror(i-j, f.rows)*n, mirror(i+j, f.rows)*n
			addPair(d, src[u:u+n], src[v:v+n], w[j])
		}
	}
}

// alongCols blurs axis 1, line by line: a line is copied with its mirrored ends.
func (f *Filter) alongCols(a, w []float64, comp int, s *Scratch) {
	n, r := f.cols*comp, len(w)-1
	line := grow(&s.line, n+2*r*comp)
	for i := range f.rows {
		d := a[i*n : i*n+n]
		for k := 1; k <= r; k++ {
			left, right := mirror(-k, f.cols)*comp, mirror(f.cols-1+k, f.cols)*comp
			copy(line[(r-k)*comp:], d[left:left+comp])
			copy(line[(r+f.cols-1+k)*comp:], d[right:right+comp])
		}
		mid := line[r*comp : r*comp+n]
		copy(mid, d)
		for q, v := range mid[:len(d)] {
			d[q] = w[0] * v
		}
		for j := 1; j <= r; j++ {
			addPair(d, line[(r-j)*comp:][:n], line[(r+j)*comp:][:n], w[j])
		}
	}
}

// addPair adds w*(u+v) to d.
func addPair(d, u, v []float64, w float64) {
	u, v = u[:len(d)], v[:len(d)]
	for q := range d {
		d[q] += w * (u[q] + v[q])
	}
}

// convolve puts out[i,j] = sum over u, v of k[u,v] * in[i-u+K0/2, j-v+K1/2].
func (f *Filter) convolve(a []float64, comp int, s *Scratch) {
	h, w := f.rows+f.krows-1, (f.cols+f.kcols-1)*comp
	pad := grow(&s.image, h*w)
	top, left := f.krows-1-f.krows/2, f.kcols-1-f.kcols/2
	n := f.cols * comp
	for i := range h {
		from := mirror(i-top, f.rows) * n
		for j := range f.cols + f.kcols - 1 {
			p := from + mirror(j-left, f.cols)*comp
			copy(pad[i*w+j*comp:], a[p:p+comp])
		}
	}
	for i := range f.rows {
		d := a[i*n : i*n+n]
		clear(d)
		for u := range f.krows {
			row := pad[(i+f.krows-1-u)*w:][:w]
			for v := range f.kcols {
				k := f.kernel[u*f.kcols+v]
				if k == 0 {
					continue
				}
				in := row[(f.kcols-1-v)*comp:][:len(d)]
				for q := range d {
					d[q] += k * in[q]
				}
			}
		}
	}
}

// mirror gives the pixel 0 .. n-1 that stands at place i of the mirrored image.
func mirror(i, n int) int {
	if i >= 0 && i < n {
		return i
	}
	i %= 2 * n
	if i < 0 {
		i += 2 * n
	}
	if i >= n {
		i = 2*n - 1 - i
	}
	return i
}
