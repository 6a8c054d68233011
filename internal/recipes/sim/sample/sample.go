// Package sample makes the object of a simulated scan: the transmission of a sample that is
// given as an array (a transmission, a complex refraction, a thickness) or drawn, on the area
// that the scan looks at.
package sample

import (
	"fmt"
	"math"
	"math/cmplx"
	"slices"

	"ptyprep/internal/imgproc/gauss"
	"ptyprep/internal/imgproc/zoom"
	"ptyprep/internal/recipes/sim/field"
	"ptyprep/internal/recipes/sim/note"
	"ptyprep/internal/scan/problem"
)

// fwhmPerSigma turns the smoothing (a full width) into a standard deviation.
const fwhmPerSigma = 2.35

// Options is the tree `sample`, decoded.
type Options struct {
	Model   *field.Array // nil: an array of Fill as large as the scan
	Fill    complex128   // of what processing brings in, and of a sample without a model
	Rest    complex128   // of the scanned area that the model does not reach; ptypy takes 0 always
	Process *Process     // nil: the model is the transmission
}

// Process is the tree `sample.process`.
type Process struct {
	OffsetPx    [2]int
	Zoom        *[2]float64
	ThicknessM  *float64
	RefIndex    *complex128 // of a real model
	SmoothingPx float64     // full width of a Gaussian; 0: none
}

// Make gives the object of the given shape at the wavelength lambdaM. Errors: a model that is
// not finite or whose result is not, a zoom out of reason, a real model without ref_index.
func Make(o Options, shape [2]int, lambdaM float64) (field.Field, []note.Note, error) {
	if err := field.CheckShape("the object", shape[0], shape[1]); err != nil {
		return field.Field{}, nil, err
	}
	m := field.Array{Rows: shape[0], Cols: shape[1]}
	if o.Model != nil {
		m = *o.Model
		if err := m.Check("sample.model"); err != nil {
			return field.Field{}, nil, err
		}
	} else {
		m.Complex = slices.Repeat([]complex128{o.Fill}, shape[0]*shape[1])
	}
	f, err := o.process(m, lambdaM)
	if err != nil {
		return f, nil, err
	}
	var notes []note.Note
	if f.Rows < shape[0] || f.Cols < shape[1] {
		notes = append(notes, note.Warnf("sample.model", "the model of %d x %d pixels is smaller than the area that is scanned, %d x %d: the rest has the transmission %s (set sample.fill)",
			f.Rows, f.Cols, shape[0], shape[1], number(o.Rest)))
	}
	return f.Fit(shape[0], shape[1], o.Rest), notes, nil
}

func number(c complex128) string {
	if imag(c) == 0 {
		return fmt.Sprintf("%g", real(c))
	}
	return fmt.Sprintf("[%g, %g]", real(c), imag(c))
}

// process turns a model into a transmission of the model's own shape.
func (o Options) process(m field.Array, lambdaM float64) (field.Field, error) {
	p := o.Process
	if p == nil {
		return m.Field("sample.model")
	}
	rows, cols := m.Rows, m.Cols
	m, err := p.zoomed(m)
	if err != nil {
		return field.Field{}, err
	}
	p.smooth(m)
	var f field.Field
	if m.Real != nil {
		f, err = p.projected(m, lambdaM)
	} else {
		f, err = p.refracted(m, lambdaM)
	}
	if err != nil {
		return f, err
	}
	return p.place(f, rows, cols, o.Fill), nil
}

func (p *Process) zoomed(m field.Array) (field.Array, error) {
	if p.Zoom == nil {
		return field.Array{Rows: m.Rows, Cols: m.Cols, Real: slices.Clone(m.Real), Complex: slices.Clone(m.Complex)}, nil
	}
	a, comp := m.Real, 1
	if m.Real == nil {
		a, comp = make([]float64, 0, 2*len(m.Complex)), 2
		for _, v := range m.Complex {
			a = append(a, real(v), imag(v))
		}
	}
	b, rows, cols, err := zoom.Resample(a, m.Rows, m.Cols, comp, *p.Zoom)
	if err != nil {
		return m, problem.Usagef("sample.process.zoom").Because(err)
	}
	out := field.Array{Rows: rows, Cols: cols}
	if comp == 1 {
		out.Real = b
		return out, nil
	}
	for i := 0; i < len(b); i += 2 {
		out.Complex = append(out.Complex, complex(b[i], b[i+1]))
	}
	return out, nil
}

func (p *Process) smooth(m field.Array) {
	sigma := p.SmoothingPx / fwhmPerSigma
	f := gauss.New(m.Rows, m.Cols, gauss.Spec{SigmaPx: [2]float64{sigma, sigma}})
	if m.Real != nil {
		f.Apply(m.Real, new(gauss.Scratch))
	} else {
		f.ApplyComplex(m.Complex, new(gauss.Scratch))
	}
}

// refracted is the transmission of a complex model: itself, or exp(i*model*k*thickness).
func (p *Process) refracted(m field.Array, lambdaM float64) (field.Field, error) {
	f := field.Field{Rows: m.Rows, Cols: m.Cols, Pix: m.Complex}
	if p.ThicknessM == nil {
		return f, nil
	}
	kt := complex(0, 2*math.Pi/lambdaM**p.ThicknessM)
	return finite(f, func(i int) complex128 { return cmplx.Exp(kt * m.Complex[i]) },
		"a complex model with a thickness is taken as a refractive index: if it is a transmission, set sample.process: null or sample.process.thickness: null")
}

// projected is the transmission of a real model, a thickness: exp(i*k*T*n).
func (p *Process) projected(m field.Array, lambdaM float64) (field.Field, error) {
	f := field.Field{Rows: m.Rows, Cols: m.Cols, Pix: make([]complex128, len(m.Real))}
	if p.RefIndex == nil {
		return f, problem.Usagef("sample.process.ref_index is null, and a real model needs it").
			WithHint("give ref_index: [-delta, beta], or delta and beta, of the material at this energy")
	}
	t := slices.Clone(m.Real)
	lowest := slices.Min(t)
	for i := range t {
		t[i] -= lowest
	}
	if p.ThicknessM != nil {
		scale := 0.0 // a constant model has no thickness anywhere
		if highest := slices.Max(t); highest > 0 {
			scale = *p.ThicknessM / highest
		}
		for i := range t {
			t[i] *= scale
		}
	}
	ikn := complex(0, 2*math.Pi/lambdaM) * *p.RefIndex
	return finite(f, func(i int) complex128 { return cmplx.Exp(ikn * complex(t[i], 0)) },
		"ref_index is [-delta, beta]: a positive beta absorbs; thickness is in metres")
}

// finite fills f and refuses values that are not finite, with their count.
func finite(f field.Field, at func(int) complex128, hint string) (field.Field, error) {
	bad := 0
	for i := range f.Pix {
		v := at(i)
		if d := v - v; d != 0 {
			bad++
		}
		f.Pix[i] = v
	}
	if bad > 0 {
		return f, problem.Usagef("sample: %d of %d pixels of the transmission are not finite", bad, len(f.Pix)).WithHint("%s", hint)
	}
	return f, nil
}

// place brings f back to rows x cols, its content moved by minus the offset.
func (p *Process) place(f field.Field, rows, cols int, fill complex128) field.Field {
	var b field.Border
	var room [2]int
	for ax, s := range [2][2]int{{f.Rows, rows}, {f.Cols, cols}} {
		o := p.OffsetPx[ax]
		room[ax] = max(o, -o)
		h := s[1] - s[0] + 2*room[ax]
		half := max(h, -h) / 2
		if h < 0 {
			half = -half
		}
		b.Hi[ax], b.Lo[ax] = half, h-half
	}
	if b != (field.Border{}) {
		f = f.Frame(b, fill)
	}
	y, x := p.OffsetPx[0]+room[0], p.OffsetPx[1]+room[1]
	return f.Frame(field.Border{Lo: [2]int{-y, -x}, Hi: [2]int{y + rows - f.Rows, x + cols - f.Cols}}, fill)
}
