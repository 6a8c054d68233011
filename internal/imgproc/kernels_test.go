package imgproc

import (
	"bytes"
	"math"
	"math/rand/v2"
	"testing"

	"ptyprep/internal/imgproc/pix"
)

var allTypes = []pix.Type{pix.Uint8, pix.Uint16, pix.Uint32, pix.Uint64, pix.Int8, pix.Int16, pix.Int32, pix.Int64, pix.Float32, pix.Float64}

// hard fills a frame with bits that are hard on arithmetic: ends of ranges, and for floats also
// NaN, infinities, negative zero and denormal numbers among noisy counts.
func hard(t pix.Type, rows, cols int, seed uint64) *pix.Image {
	rng := rand.New(rand.NewPCG(seed, 1))
	im := pix.New(t, rows, cols)
	if t.IsFloat() {
		odd := []float64{math.NaN(), math.Inf(1), math.Inf(-1), math.Copysign(0, -1), 0, 1e-42, 5e-324, -1, math.MaxFloat32, math.MaxFloat64}
		wide := pix.New(pix.Float64, rows, cols)
		for i := range pix.Pixels[float64](wide) {
			v := rng.NormFloat64() * 3
			if rng.IntN(8) == 0 {
				v = odd[rng.IntN(len(odd))]
			}
			pix.Pixels[float64](wide)[i] = v
		}
		Convert(im, wide, t)
		return im
	}
	for i := range im.Bytes {
		im.Bytes[i] = byte(rng.Uint32())
	}
	for i := 0; i+t.Size() <= len(im.Bytes); i += 3 * t.Size() { // small counts and ends of the range
		clear(im.Bytes[i : i+t.Size()])
		im.Bytes[i] = byte(rng.IntN(3))
		if rng.IntN(9) == 0 {
			for k := range t.Size() {
				im.Bytes[i+k] = 0xff
			}
		}
	}
	return im
}

// sameNumbers compares bits, except that any NaN is as good as another: its bits say nothing.
func sameNumbers(a, b *pix.Image) bool {
	if a.Type != b.Type || !a.Type.IsFloat() {
		return a.Type == b.Type && bytes.Equal(a.Bytes, b.Bytes)
	}
	size := a.Type.Size()
	value := func(im *pix.Image, i int) float64 {
		if size == 4 {
			return float64(pix.Pixels[float32](im)[i])
		}
		return pix.Pixels[float64](im)[i]
	}
	for i := range a.Len() {
		if math.IsNaN(value(a, i)) && math.IsNaN(value(b, i)) {
			continue
		}
		if !bytes.Equal(a.Bytes[i*size:(i+1)*size], b.Bytes[i*size:(i+1)*size]) {
			return false
		}
	}
	return true
}

// The two sets of kernels must agree to the last bit: the result of a conversion must not depend
// on the build.
func TestKernelsAgree(t *testing.T) {
	const rows, cols = 38, 54 // no multiple of a vector
	check := func(what string, typ pix.Type, run, plain func(dst *pix.Image), out pix.Type, r, c int) {
		t.Helper()
		a, b := pix.New(out, r, c), pix.New(out, r, c)
		run(a)
		plain(b)
		if !sameNumbers(a, b) {
			t.Errorf("%s of %v: the kernels differ", what, typ)
		}
	}
	dark, flat := hard(pix.Float32, rows, cols, 5), hard(pix.Float32, rows, cols, 6)
	d, f := pix.Pixels[float32](dark), pix.Pixels[float32](flat)
	for _, typ := range allTypes {
		src, other := hard(typ, rows, cols, 1), hard(typ, rows, cols, 2)
		check("subtract", typ, func(q *pix.Image) { subtractKernel(q, src, other) }, func(q *pix.Image) { subtractGo(q, src, other) }, typ, rows, cols)
		check("subtract in place", typ, func(q *pix.Image) { copy(q.Bytes, src.Bytes); subtractKernel(q, q, other) },
			func(q *pix.Image) { subtractGo(q, src, other) }, typ, rows, cols)
		check("to float32", typ, func(q *pix.Image) { toFloat32Kernel(pix.Pixels[float32](q), src) },
			func(q *pix.Image) { convertTo(pix.Pixels[float32](q), src) }, pix.Float32, rows, cols)
		check("to float64", typ, func(q *pix.Image) { toFloat64Kernel(pix.Pixels[float64](q), src) },
			func(q *pix.Image) { convertTo(pix.Pixels[float64](q), src) }, pix.Float64, rows, cols)
		check("rebin", typ, func(q *pix.Image) { rebin2Kernel(q, src) }, func(q *pix.Image) { rebin2Go(q, src) }, RebinType(typ), rows/2, cols/2)
		for k := range 4 {
			up, left := k&1 != 0, k&2 != 0
			check("transpose", typ, func(q *pix.Image) { transposeKernel(q.Bytes, src.Bytes, typ.Size(), rows, cols, up, left) },
				func(q *pix.Image) { transposeGo(q.Bytes, src.Bytes, typ.Size(), rows, cols, up, left) }, typ, cols, rows)
		}
		if typ.Size() <= 2 || typ == pix.Float32 {
			for k := range 4 {
				var dk, fl []float32
				if k&1 != 0 {
					dk = d
				}
				if k&2 != 0 {
					fl = f
				}
				check("fused", typ, func(q *pix.Image) { fusedKernel(pix.Pixels[float32](q), src, dk, fl, 1.25) },
					func(q *pix.Image) { fusedGo(pix.Pixels[float32](q), src, dk, fl, 1.25) }, pix.Float32, rows, cols)
			}
		}
		if typ.IsFloat() {
			wide := hard(pix.Float64, rows, cols, 9)
			check("divide", typ, func(q *pix.Image) { copy(q.Bytes, wide.Bytes); divideKernel(pix.Pixels[float64](q), src) },
				func(q *pix.Image) { copy(q.Bytes, wide.Bytes); divideGo(pix.Pixels[float64](q), src) }, pix.Float64, rows, cols)
			check("scale", typ, func(q *pix.Image) { copy(q.Bytes, wide.Bytes); scaleKernel(pix.Pixels[float64](q), 3, 7) },
				func(q *pix.Image) { copy(q.Bytes, wide.Bytes); scaleGo(pix.Pixels[float64](q), 3, 7) }, pix.Float64, rows, cols)
		}
	}
}

func TestFinite(t *testing.T) {
	for _, typ := range []pix.Type{pix.Float32, pix.Float64} {
		for _, n := range []int{0, 1, 7, 4096, 10000} {
			wide := pix.New(pix.Float64, 1, n)
			for i := range pix.Pixels[float64](wide) {
				pix.Pixels[float64](wide)[i] = float64(i) - 3
			}
			im := new(pix.Image)
			Convert(im, wide, typ)
			if !Finite(im) || !finiteGo(im) {
				t.Errorf("%d finite %v: not finite", n, typ)
			}
			for _, bad := range []float64{math.NaN(), math.Inf(1), math.Inf(-1)} {
				for _, at := range []int{0, n / 2, n - 1} {
					if n == 0 {
						continue
					}
					old := pix.Pixels[float64](wide)[at]
					pix.Pixels[float64](wide)[at] = bad
					Convert(im, wide, typ)
					pix.Pixels[float64](wide)[at] = old
					if Finite(im) || finiteGo(im) {
						t.Errorf("%v at %d of %d %v: finite", bad, at, n, typ)
					}
				}
			}
		}
	}
}

// BenchmarkKernels gives MB of source pixels per second for 512 x 512 frames.
func BenchmarkKernels(b *testing.B) {
	const n = 512
	counts := func(t pix.Type, seed uint64) *pix.Image { // few counts, as in the wings of a pattern
		rng := rand.New(rand.NewPCG(seed, 1))
		wide := pix.New(pix.Uint8, n, n)
		for i := range wide.Bytes {
			wide.Bytes[i] = byte(rng.IntN(3))
		}
		im := new(pix.Image)
		Convert(im, wide, t)
		return im
	}
	dst := new(pix.Image)
	run := func(name string, src *pix.Image, work func()) {
		b.Run(name+"/"+src.Type.String(), func(b *testing.B) {
			b.SetBytes(int64(len(src.Bytes)))
			b.ReportAllocs()
			for b.Loop() {
				work()
			}
		})
	}
	for _, t := range []pix.Type{pix.Uint16, pix.Uint32, pix.Float32} {
		src, dark, flat := counts(t, 1), counts(t, 2), counts(pix.Float32, 3)
		dc := NewCalibration(t, dark, nil, false, false, pix.Invalid)
		all := NewCalibration(t, dark, flat, true, false, pix.Invalid)
		var w Workspace
		run("dark", src, func() { dc.Apply(dst, src, Scale{}, &w) })
		run("dark, flat and monitor", src, func() { all.Apply(dst, src, Scale{Value: 3, Mean: 4}, &w) })
		run("rebin 2", src, func() { Rebin(dst, src, 2) })
		run("rebin 4", src, func() { Rebin(dst, src, 4) })
		run("transpose", src, func() { Orient(dst, src, OrientationCode(5)) })
		run("turn by 180 degrees", src, func() { Orient(dst, src, OrientationCode(3)) })
		run("crop", src, func() { Window(dst, src, Rect{128, 128, 256, 256}) })
		run("to float32", src, func() { Convert(dst, src, pix.Float32) })
		run("mass centre", src, func() { MassCentre(src, nil) })
		run("finite", src, func() { Finite(src) })
		run("swap bytes", src, func() { pix.SwapBytes(src.Bytes, t.Size()); pix.SwapBytes(src.Bytes, t.Size()) })
	}
}
