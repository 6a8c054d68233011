// Package detector turns the intensity of a simulated frame into what a detector counts:
// blur, quantum efficiency, photon and readout noise, full well, analogue-to-digital
// conversion, dead areas.
package detector

import (
	"math"
	"strings"

	"ptyprep/internal/imgproc/gauss"
	"ptyprep/internal/imgproc/pix"
	"ptyprep/internal/scan/nearby"
	"ptyprep/internal/scan/problem"
)

// Detector describes a detector.
type Detector struct {
	ModuleShape [2]int // rows, columns
	Modules     [2]int // stacked, side by side
	Gaps        [2]int // dead rows, dead columns between them
	Center      *[2]int
	FullWell    float64 // from here on a pixel is saturated, in electrons (before ADU)
	ADU         float64 // electrons of a count
	ShotNoise   float64 // of the readout, in electrons
	QE          float64
	SciQE       float64 // of the scintillator; counts only with SciPSF
	SciPSF, PSF gauss.Spec
	DType       pix.Type
	NoClip      bool    // counts above DType's largest number are an error, not that number
	PsizeM      float64 // for information; the scan's psize counts
	NoPoisson   bool    // every draw is replaced by its expectation
	Signed      bool    // the readout noise has both signs
}

// Default is the detector without a name: a 16 bit CCD.
func Default() Detector {
	return Detector{
		ModuleShape: [2]int{2048, 2048}, Modules: [2]int{1, 1}, Center: &[2]int{1024, 1024},
		FullWell: 65535, ADU: 1, QE: 1, SciQE: 1, DType: pix.Uint16, PsizeM: 10e-6,
	}
}

// Template is a detector with a name.
type Template struct {
	Name string
	Detector
}

// Templates lists the detectors that have a name.
func Templates() []Template {
	ccd32 := Default()
	ccd32.FullWell, ccd32.DType = 4294967295, pix.Uint32
	fli := Default()
	fli.ModuleShape, fli.Center, fli.FullWell, fli.ADU, fli.ShotNoise, fli.PsizeM = [2]int{1024, 1024}, &[2]int{512, 512}, 500000, 10, 9, 24e-6
	frelon := Default()
	frelon.FullWell, frelon.ADU, frelon.ShotNoise, frelon.QE, frelon.SciQE, frelon.PsizeM = 550000, 9, 15, 0.6, 10, 51e-6
	frelon.SciPSF.SigmaPx = [2]float64{1.2, 1.2}
	pilatus := func(down, across int) Detector {
		d := Default()
		d.ModuleShape, d.Modules, d.Gaps, d.Center = [2]int{197, 486}, [2]int{down, across}, [2]int{17, 7}, nil
		d.FullWell, d.DType, d.PsizeM = 1048576, pix.Uint32, 172e-6
		return d
	}
	return []Template{
		{"GenericCCD16bit", Default()}, {"GenericCCD32bit", ccd32}, {"FLI_PL1001", fli}, {"FRELON_TAPER", frelon},
		{"PILATUS_1M", pilatus(5, 2)}, {"PILATUS_2M", pilatus(8, 3)}, {"PILATUS_6M", pilatus(12, 5)}, {"PILATUS_300K", pilatus(3, 1)},
	}
}

// Named finds a template. The error lists all and names the nearest.
func Named(name string) (Detector, error) {
	var names []string
	for _, t := range Templates() {
		if t.Name == name {
			return t.Detector, nil
		}
		names = append(names, t.Name)
	}
	err := problem.Usagef("there is no detector %q", name)
	all := "detectors: " + strings.Join(names, ", ")
	if near, ok := nearby.Nearest(name, names); ok {
		return Detector{}, err.WithHint("did you mean %s? (%s)", near, all)
	}
	return Detector{}, err.WithHint("%s", all)
}

// maxArea is the largest detector, in pixels a side.
const maxArea = 1 << 20

// Validate checks the numbers; the error names the key below `detector`.
func (d *Detector) Validate() error {
	for ax := range 2 {
		if d.ModuleShape[ax] < 1 || d.Modules[ax] < 1 || d.Gaps[ax] < 0 || d.Area()[ax] > maxArea || d.Area()[ax] < 1 {
			return problem.Usagef("detector: %d modules of %d pixels, %d apart, are no detector", d.Modules[ax], d.ModuleShape[ax], d.Gaps[ax])
		}
	}
	for _, c := range []struct {
		key string
		v   float64
		ok  bool
	}{
		{"full_well", d.FullWell, d.FullWell > 0}, {"adu", d.ADU, d.ADU > 0}, {"shot_noise", d.ShotNoise, d.ShotNoise >= 0},
		{"qe", d.QE, d.QE > 0}, {"sci_qe", d.SciQE, d.SciQE > 0},
	} {
		if !c.ok || math.IsInf(c.v, 0) {
			return problem.Usagef("detector.%s: is %g", c.key, c.v).WithHint("it must be a positive number")
		}
	}
	if !d.DType.IsInteger() {
		return problem.Usagef("detector.dtype: is %v, and a detector counts in whole numbers", d.DType).
			WithHint("take an integer type, or detector: null for noise-free float32 frames")
	}
	for key, s := range map[string]gauss.Spec{"psf": d.PSF, "sci_psf": d.SciPSF} {
		if err := s.Validate(); err != nil {
			return problem.Usagef("detector.%s", key).Because(err)
		}
	}
	return nil
}

// Area is the size of the whole detector in pixels, gaps included.
func (d *Detector) Area() [2]int {
	var a [2]int
	for ax := range 2 {
		a[ax] = d.Modules[ax]*d.ModuleShape[ax] + (d.Modules[ax]-1)*d.Gaps[ax]
	}
	return a
}

// middle is the pixel of the detector that the middle of a frame lies on.
func (d *Detector) middle() [2]int {
	if d.Center != nil {
		return *d.Center
	}
	a := d.Area()
	return [2]int{a[0] / 2, a[1] / 2}
}

// live says for each of n rows (ax 0) or columns (1) of a frame whether it lies on a module.
// Pixel i of the frame lies on pixel i - n/2 + centre of the detector.
func (d *Detector) live(ax, n int) []bool {
	area, centre := d.Area()[ax], d.middle()[ax]
	out := make([]bool, n)
	period := d.ModuleShape[ax] + d.Gaps[ax]
	for i := range out {
		x := i - n/2 + centre
		out[i] = x >= 0 && x < area && x%period < d.ModuleShape[ax]
	}
	return out
}

// Mask gives the live pixels (1) of a frame of rows x cols, and how many they are.
func (d *Detector) Mask(rows, cols int) (mask []byte, alive int) {
	r, c := d.live(0, rows), d.live(1, cols)
	mask = make([]byte, rows*cols)
	for i := range rows {
		for j := range cols {
			if r[i] && c[j] {
				mask[i*cols+j] = 1
				alive++
			}
		}
	}
	return mask, alive
}

// largest is the largest number of an integer type that a float64 holds.
func largest(t pix.Type) float64 {
	bits := 8 * t.Size()
	if t.IsSigned() {
		bits--
	}
	if bits > 53 {
		return math.Nextafter(math.Ldexp(1, bits), 0)
	}
	return math.Ldexp(1, bits) - 1
}
