package sim

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"math"
	"math/cmplx"
	"os"
	"path/filepath"
	"testing"

	"ptyprep/internal/imgproc/npz"
	"ptyprep/internal/imgproc/pix"
	"ptyprep/internal/recipes"
	"ptyprep/internal/recipes/sim/detector"
	"ptyprep/internal/recipes/sim/field"
	"ptyprep/internal/recipes/sim/illum"
	"ptyprep/internal/recipes/sim/noise"
	"ptyprep/internal/recipes/sim/optics"
	"ptyprep/internal/recipes/sim/pictures"
	"ptyprep/internal/recipes/sim/positions"
	"ptyprep/internal/recipes/sim/sample"
	"ptyprep/internal/scan/param"
)

// params are the parameters of a case.
type params = map[string]any

// load reads a JSON file of a case.
func load[T any](t *testing.T, name, file string) (out T) {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("testdata", name, file))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(b, &out); err != nil {
		t.Fatalf("%s/%s: %v", name, file, err)
	}
	return out
}

func arrays(t *testing.T, name string) map[string]npz.Array {
	t.Helper()
	a, err := npz.Load(filepath.Join("testdata", name, "expected.npz"))
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// decode makes values of a recipe that stands in testdata/name.
func decode(t *testing.T, name string, p params) *param.Values {
	t.Helper()
	v, err := tryDecode(name, p)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func tryDecode(name string, p params) (*param.Values, error) {
	if p["name"] == nil {
		p["name"] = "SimScan"
	}
	text, err := json.Marshal(p)
	if err != nil {
		return nil, err
	}
	// JSON is YAML
	r, err := recipes.NewRegistry(Specs()...).Parse(filepath.Join("testdata", name, "recipe.yaml"), ".yaml", text, nil)
	if err != nil {
		return nil, err
	}
	return r.Values, nil
}

func testEnv() *recipes.Env {
	return &recipes.Env{Log: slog.New(slog.DiscardHandler), Inputs: new(recipes.Inputs)}
}

func testReader(t *testing.T, v *param.Values) *reader {
	r := newReader(testEnv(), v)
	t.Cleanup(r.close)
	return r
}

// two is a pair of numbers that JSON may give as one.
func two(x any) [2]float64 {
	switch x := x.(type) {
	case float64:
		return [2]float64{x, x}
	case []any:
		return [2]float64{x[0].(float64), x[1].(float64)}
	}
	return [2]float64{}
}

func twoInts(x any) [2]int {
	p := two(x)
	return [2]int{int(p[0]), int(p[1])}
}

// deviation is the largest difference of two complex arrays, relative to the largest of want.
func deviation(got, want []complex128) float64 {
	if len(got) != len(want) {
		return math.Inf(1)
	}
	d, m := 0.0, 0.0
	for i, w := range want {
		d, m = math.Max(d, cmplx.Abs(got[i]-w)), math.Max(m, cmplx.Abs(w)) // math.Max keeps NaN
	}
	return d / m
}

func optionsOf(t *testing.T, p params) optics.Options {
	t.Helper()
	num := func(k string) float64 { x, _ := p[k].(float64); return x }
	o := optics.Options{
		EnergyKeV: num("energy"), LambdaM: num("lam"), DistanceM: num("distance"), PsizeM: two(p["psize"]), ResolutionM: two(p["resolution"]),
		Shape: twoInts(p["shape"]), Nearfield: p["propagation"] == "nearfield",
	}
	for key, to := range map[string]*optics.Centre{"center": &o.Center, "origin": &o.Origin} {
		switch x := p[key].(type) {
		case string:
			kind, ok := map[string]optics.CentreKind{"fftshift": optics.FFTShift, "geometric": optics.Geometric, "fft": optics.FFT}[x]
			if !ok {
				t.Fatalf("%s %q", key, x)
			}
			*to = optics.Centre{Kind: kind}
		case []any:
			*to = optics.Centre{Kind: optics.AtPixel, Pixel: two(x)}
		}
	}
	return o
}

func TestGoldenGeometry(t *testing.T) {
	want := load[map[string]map[string]any](t, "geometry", "expected.json")
	for name, p := range load[map[string]params](t, "geometry", "cases.json") {
		g, err := optics.New(optionsOf(t, p))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		ends := func(x []float64) [2]float64 { return [2]float64{x[0], x[len(x)-1]} }
		got := map[string][2]float64{
			"energy": {g.EnergyKeV, g.EnergyKeV}, "lam": {g.LambdaM, g.LambdaM}, "psize": g.PsizeM, "resolution": g.ResolutionM, "lz": {g.LZ, g.LZ},
			"shape":                 {float64(g.Shape[0]), float64(g.Shape[1])},
			"sample_row_first_last": ends(g.SampleGrid(0)), "sample_col_first_last": ends(g.SampleGrid(1)),
			"detector_row_first_last": ends(g.DetectorGrid(0)), "detector_col_first_last": ends(g.DetectorGrid(1)),
			"misfit": g.Misfit, "crop_pad": {float64(g.CropPad[0]), float64(g.CropPad[1])},
		}
		checked := 0
		for key, w := range want[name] {
			x, ok := got[key]
			if !ok {
				continue
			}
			checked++
			for ax, y := range two(w) {
				// a misfit is the small difference of two large numbers
				if tol := 1e-12*math.Abs(y) + map[string]float64{"misfit": 1e-9}[key]; math.Abs(x[ax]-y) > tol {
					t.Errorf("%s: %s is %v, want %v", name, key, x, w)
				}
			}
		}
		if checked < 9 {
			t.Errorf("%s: only %d figures compared of %v", name, checked, want[name])
		}
	}
}

func TestGoldenPropagator(t *testing.T) {
	want := arrays(t, "propagator")
	r := testReader(t, decode(t, "propagator", params{}))
	for name, p := range load[map[string]params](t, "propagator", "cases.json") {
		g, err := optics.New(optionsOf(t, p))
		if err != nil {
			t.Fatal(err)
		}
		prop, err := optics.NewPropagator(g)
		if err != nil {
			t.Fatal(err)
		}
		wave, err := r.dataset("testdata/propagator/input.h5", name, "test", 0)
		if err != nil {
			t.Fatal(err)
		}
		tol := 1e-9
		if g.Nearfield {
			tol = 5e-6 // the golden kernel's phase is a small difference of large numbers
		}
		sc := prop.NewScratch()
		for way, send := range map[string]func([]complex128, *optics.Scratch){"forward": prop.Forward, "backward": prop.Backward} {
			w := append([]complex128(nil), wave.Complex...)
			send(w, sc)
			if d := deviation(w, want[name+"."+way].Complex); !(d < tol) {
				t.Errorf("%s: %s deviates by %.1e", name, way, d)
			}
		}
		// there and back, and the intensity of a prepared probe
		w := append([]complex128(nil), wave.Complex...)
		prop.Forward(w, sc)
		dst := make([]float64, len(w))
		prop.Intensity(dst, prop.Prepare(wave.Complex), 0, g.Shape[0], sc)
		for i, v := range w {
			if i2 := real(v)*real(v) + imag(v)*imag(v); math.Abs(dst[i]-i2) > 1e-10*(1+i2) {
				t.Fatalf("%s: intensity %g of pixel %d, want %g", name, dst[i], i, i2)
			}
		}
		prop.Backward(w, sc)
		if d := deviation(w, wave.Complex); !(d < 1e-12) {
			t.Errorf("%s: there and back deviates by %.1e", name, d)
		}
	}
}

func TestGoldenPositions(t *testing.T) {
	want := arrays(t, "positions")
	for name, xy := range load[map[string]params](t, "positions", "cases.json") {
		o, err := testReader(t, decode(t, "positions", params{"xy": xy})).pattern()
		if err != nil {
			t.Fatal(err)
		}
		pts, _, err := positions.Make(o, 1)
		if err != nil {
			t.Fatal(err)
		}
		w := want[name]
		if len(pts) != w.Shape[0] {
			t.Errorf("%s: %d points, want %d", name, len(pts), w.Shape[0])
			continue
		}
		largest := 0.0
		for _, v := range w.Real {
			largest = max(largest, math.Abs(v))
		}
		for i, v := range w.Real {
			if math.Abs(pts[i/2][i%2]-v) > 1e-12*largest+1e-20 {
				t.Errorf("%s: point %d is %v, want %v", name, i/2, pts[i/2], w.Real[i/2*2:i/2*2+2])
				break
			}
		}
	}
}

func TestGoldenObjectViews(t *testing.T) {
	type answer struct {
		Shape [2]int
		Low   [][2]int
	}
	want := load[map[string]answer](t, "object_views", "expected.json")
	for name, p := range load[map[string]params](t, "object_views", "cases.json") {
		xy, _ := p["xy"].(params)
		if xy == nil {
			xy = params{"override": p["positions"]}
		}
		o, err := testReader(t, decode(t, "object_views", params{"xy": xy})).pattern()
		if err != nil {
			t.Fatal(err)
		}
		pts, _, err := positions.Make(o, 1)
		if err != nil {
			t.Fatal(err)
		}
		w, err := positions.NewWindows(pts, two(p["resolution"]), twoInts(p["frame"]))
		if err != nil {
			t.Fatal(err)
		}
		if w.Shape != want[name].Shape || fmt.Sprint(w.Low) != fmt.Sprint(want[name].Low) {
			t.Errorf("%s: object %v windows %v, want %v %v", name, w.Shape, w.Low, want[name].Shape, want[name].Low)
		}
	}
}

func TestGoldenIllumination(t *testing.T) {
	want := arrays(t, "illumination")
	worst := 0.0
	for name, p := range load[map[string]params](t, "illumination", "cases.json") {
		v := decode(t, "illumination", params{"illumination": p["illumination"]})
		g := optics.Geometry{Options: optics.Options{EnergyKeV: p["energy"].(float64), Shape: twoInts(p["shape"]), ResolutionM: two(p["resolution"])}}
		o, err := testReader(t, v).illumination(testEnv(), g, 2)
		if err != nil {
			t.Fatal(err)
		}
		if v.IsNull(illPhotons) {
			o.Photons = 0 // the unit under test leaves the wave as it comes out
		}
		w, err := illum.Make(o, g.Shape, g.ResolutionM, g.EnergyKeV, 1)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		d := deviation(w.Pix, want[name].Complex)
		if !(d < 2e-5) { // the golden phase factors have single precision
			t.Errorf("%s: deviates by %.1e", name, d)
		}
		worst = max(worst, d)
	}
	t.Logf("largest deviation %.1e", worst)
}

// peerLambda is the wavelength that ptypy's sample code has: its constant is 0.06 % off.
func peerLambda(energyKeV float64) float64 { return 1.240597288e-9 / energyKeV }

func TestGoldenSample(t *testing.T) {
	want := arrays(t, "sample")
	worst := 0.0
	for name, p := range load[map[string]params](t, "sample", "cases.json") {
		v := decode(t, "sample", params{"sample": p["sample"]})
		shape := twoInts(p["shape"])
		o, err := testReader(t, v).sample(shape)
		if err != nil {
			t.Fatal(err)
		}
		f, notes, err := sample.Make(o, shape, peerLambda(p["energy"].(float64)))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if len(notes) > 0 {
			t.Errorf("%s: %v", name, notes)
		}
		d := deviation(f.Pix, want[name].Complex)
		if !(d < 1e-9) {
			t.Errorf("%s: deviates by %.1e", name, d)
		}
		worst = max(worst, d)
	}
	t.Logf("largest deviation %.1e", worst)
}

func TestGoldenPictures(t *testing.T) {
	want := arrays(t, "pictures")
	for name, p := range load[map[string]params](t, "pictures", "cases.json") {
		shape := twoInts(p["shape"])
		or := func(key string, def float64) float64 {
			if x, ok := p[key].(float64); ok {
				return x
			}
			return def
		}
		var f field.Field
		if p["picture"] == "moon" {
			f = pictures.Moon(shape[0], shape[1], or("phase", pictures.DefaultMoonPhase))
		} else {
			f = pictures.Flower(shape[0], shape[1], or("pitch", pictures.DefaultFlowerPitch))
		}
		if d := deviation(f.Pix, want[name].Complex); !(d < 1e-10) {
			t.Errorf("%s: deviates by %.1e", name, d)
		}
	}
}

// A larger field of flowers contains the smaller one, to the reach of a flower from its edge.
func TestFlowerDoesNotDependOnSize(t *testing.T) {
	small, large := pictures.Flower(100, 130, 48), pictures.Flower(160, 190, 48)
	for i := range 100 - 21 {
		for j := range 130 - 21 {
			if a, b := small.Pix[i*130+j], large.Pix[i*190+j]; cmplx.Abs(a-b) > 1e-12 {
				t.Fatalf("(%d, %d): %v and %v", i, j, a, b)
			}
		}
	}
}

func detectorOf(t *testing.T, d any) detector.Detector {
	t.Helper()
	out, err := testReader(t, decode(t, "detector_mask", params{"detector": d})).detector()
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestGoldenDetectorMasks(t *testing.T) {
	type expected struct {
		Templates map[string]map[string]any
		Frames    map[string]struct {
			Live    int
			Uniform bool
		}
	}
	type cases struct {
		Templates []string
		Frames    [][2]int
		Custom    map[string]params
	}
	want, masks := load[expected](t, "detector_mask", "expected.json"), arrays(t, "detector_mask")
	c := load[cases](t, "detector_mask", "cases.json")
	if len(c.Templates) != 8 || len(detector.Templates()) != 8 {
		t.Fatalf("%d templates", len(c.Templates))
	}
	for _, name := range c.Templates {
		d, w := detectorOf(t, name), want.Templates[name]
		area := d.Area()
		if _, alive := d.Mask(area[0], area[1]); area != twoInts(w["area"]) || float64(alive) != w["live_pixels"] && d.Center == nil {
			t.Errorf("%s: %v with %d live pixels, want %v with %v", name, area, alive, w["area"], w["live_pixels"])
		}
		if d.DType.String() != w["dtype"] || d.FullWell != w["full_well"] || d.ADU != w["adu"] || d.QE != w["qe"] || d.SciQE != w["sci_qe"] ||
			d.ShotNoise != w["shot_noise"] || d.Gaps != twoInts(w["gaps"]) || d.Modules != twoInts(w["modules"]) || d.PsizeM != w["psize"] ||
			d.SciPSF.SigmaPx != two(w["sci_psf"]) || d.ModuleShape != twoInts(w["module_shape"]) {
			t.Errorf("%s: %+v, want %v", name, d, w)
		}
		for _, f := range c.Frames {
			key := fmt.Sprintf("%s_%dx%d", name, f[0], f[1])
			mask, alive := d.Mask(f[0], f[1])
			if alive != want.Frames[key].Live {
				t.Errorf("%s: %d live pixels, want %d", key, alive, want.Frames[key].Live)
			}
			if !want.Frames[key].Uniform {
				sameMask(t, key, mask, masks[key].Real)
			}
		}
	}
	for name, p := range c.Custom {
		d, f := detectorOf(t, p["detector"]), twoInts(p["frame"])
		mask, _ := d.Mask(f[0], f[1])
		sameMask(t, name, mask, masks["custom."+name].Real)
	}
}

func sameMask(t *testing.T, name string, got []byte, want []float64) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%s: %d pixels, want %d", name, len(got), len(want))
	}
	bad := 0
	for i, w := range want {
		if (got[i] != 0) != (w != 0) {
			bad++
		}
	}
	if bad > 0 {
		t.Errorf("%s: %d pixels of the mask differ", name, bad)
	}
}

func TestGoldenDetectorResponse(t *testing.T) {
	want := arrays(t, "detector_response")
	r := testReader(t, decode(t, "detector_response", params{}))
	for name, p := range load[params](t, "detector_response", "cases.json") {
		p := p.(params)
		d := detectorOf(t, p["detector"])
		d.NoPoisson = true
		shape := twoInts(p["shape"])
		response, err := detector.NewResponse(d, shape[0], shape[1])
		if err != nil {
			t.Fatal(err)
		}
		x, err := r.dataset("testdata/detector_response/input.h5", name, "test", 0)
		if err != nil {
			t.Fatal(err)
		}
		mask, im := append([]byte(nil), response.Live...), new(pix.Image)
		if _, err := response.Count(im, mask, x.Real, nil, new(detector.Scratch)); err != nil {
			t.Fatal(err)
		}
		sameMask(t, name, mask, want[name+".mask"].Real)
		bad := 0
		for i, w := range want[name+".data"].Real {
			if v := value(im, i); v != w {
				bad++
				if math.Abs(v-w) > 1 {
					t.Fatalf("%s: pixel %d holds %v, want %v", name, i, v, w)
				}
			}
		}
		if most := map[string]int{"blurred": 5, "frelon": 5}[name]; bad > most {
			t.Errorf("%s: %d pixels differ by 1, at most %d may", name, bad, most)
		}
	}
}

func value(im *pix.Image, i int) float64 {
	switch im.Type {
	case pix.Uint16:
		return float64(pix.Pixels[uint16](im)[i])
	case pix.Uint32:
		return float64(pix.Pixels[uint32](im)[i])
	case pix.Int32:
		return float64(pix.Pixels[int32](im)[i])
	}
	return math.NaN()
}

// Mean and variance of flat frames, 40 of them, over live pixels 8 pixels from the edge.
func TestGoldenDetectorStatistics(t *testing.T) {
	type figures struct{ Mean, Var, Live float64 }
	want := load[map[string]map[string]float64](t, "detector_stats", "expected.json")
	for name, p := range load[map[string]params](t, "detector_stats", "cases.json") {
		shape := twoInts(p["shape"])
		response, err := detector.NewResponse(detectorOf(t, p["detector"]), shape[0], shape[1])
		if err != nil {
			t.Fatal(err)
		}
		got, w := figures{}, want[name]
		n, all, sum, sq := 0.0, 0.0, 0.0, 0.0
		im, mask, x := new(pix.Image), make([]byte, shape[0]*shape[1]), make([]float64, shape[0]*shape[1])
		for k := range 40 {
			for i := range x {
				x[i] = p["level"].(float64)
			}
			copy(mask, response.Live)
			if _, err := response.Count(im, mask, x, noise.NewStream(1, noise.Detector, k), new(detector.Scratch)); err != nil {
				t.Fatal(err)
			}
			for i := 8; i < shape[0]-8; i++ {
				for j := 8; j < shape[1]-8; j++ {
					all++
					if at := i*shape[1] + j; mask[at] != 0 {
						v := value(im, at)
						n++
						sum += v
						sq += v * v
					}
				}
			}
		}
		got.Mean, got.Live = sum/n, n/all
		got.Var = sq/n - got.Mean*got.Mean
		if math.Abs(got.Mean-w["mean"]) > w["mean_tolerance"] || math.Abs(got.Var/w["var"]-1) > w["var_relative_tolerance"] || math.Abs(got.Live-w["live_fraction"]) > 0.005 {
			t.Errorf("%s: mean %g, variance %g, live %g; want %v", name, got.Mean, got.Var, got.Live, w)
		}
	}
}
