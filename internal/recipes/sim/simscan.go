package sim

import (
	"context"
	"fmt"
	"math"
	"strings"

	"ptyprep/internal/imgproc/gauss"
	"ptyprep/internal/imgproc/pix"
	"ptyprep/internal/recipes"
	"ptyprep/internal/recipes/sim/detector"
	"ptyprep/internal/recipes/sim/field"
	"ptyprep/internal/recipes/sim/illum"
	"ptyprep/internal/recipes/sim/noise"
	"ptyprep/internal/recipes/sim/note"
	"ptyprep/internal/recipes/sim/optics"
	"ptyprep/internal/recipes/sim/pictures"
	"ptyprep/internal/recipes/sim/positions"
	"ptyprep/internal/recipes/sim/sample"
	"ptyprep/internal/scan/param"
	"ptyprep/internal/scan/problem"
)

// SimScanSpec is the recipe SimScan.
var SimScanSpec = recipes.Spec{
	Name: "SimScan", Tree: SimTree, Open: recipes.OpenFunc(openSimScan),
	Summary: "Simulates a scan: scan pattern, illumination, sample and detector as described.",
	Doc: `Far field or near field; an illumination of aperture, lens and distance, an array or a reconstruction's probe; a sample of
an array, of refractive index and thickness, or drawn; a detector with gaps, blur, noise and saturation. docs/simulate.md explains
each with examples, and configs/simulate holds recipes to start from.`,
}

func openSimScan(_ context.Context, env *recipes.Env, v *param.Values) (*recipes.Opened, error) {
	set, side, err := settings(env, v)
	if err != nil {
		return nil, err
	}
	g, err := geometry(v, side, v.Text(propagation) == nearfield)
	if err != nil {
		return nil, err
	}
	r := newReader(env, v)
	defer r.close()
	s := &Source{seed: uint64(v.Int(Seed))}
	if err := s.scanPoints(env, r, g); err != nil {
		return nil, err
	}
	if err := s.setOptics(env, r, g); err != nil {
		return nil, err
	}
	if err := s.setSample(env, r, g); err != nil {
		return nil, err
	}
	if s.sensor, err = s.sensorOf(r, side); err != nil {
		return nil, err
	}
	size := [2]int{side, side}
	if !v.IsNull(frameSize) {
		size = v.IntPair(frameSize)
		set.Shape = &[2]int{min(side, size[0]), min(side, size[1])}
	}
	s.setSize(size)
	return &recipes.Opened{Source: s, Settings: set}, nil
}

// scanPoints makes the pattern, the windows, and the positions as they are written.
func (s *Source) scanPoints(env *recipes.Env, r *reader, g optics.Geometry) error {
	o, err := r.pattern()
	if err != nil {
		return err
	}
	pts, notes, err := positions.Make(o, s.seed)
	tell(env, notes)
	if err != nil {
		return located(r.v, xy, err)
	}
	w, err := positions.NewWindows(pts, g.ResolutionM, g.Shape)
	if err != nil {
		return located(r.v, xy, err)
	}
	s.place(w, pts, g.ResolutionM)
	s.positions, err = r.displaced(pts, s.seed)
	return err
}

// pattern decodes the tree xy.
func (r *reader) pattern() (o positions.Options, err error) {
	v := r.v
	if given(v, xyOverride) {
		o.Override, err = r.points(xyOverride)
		return o, err
	}
	switch {
	case given(v, xyModel):
		if o.Points, err = r.points(xyModel); err != nil {
			return o, err
		}
	case v.IsNull(xyModel):
		return o, v.Problem(xyModel, "is null: there are no scan points").WithHint("set xy.model to round, spiral, raster or a list of points")
	default:
		o.Model = v.Text(xyModel)
	}
	two := func(k param.Key) *[2]float64 {
		if v.IsNull(k) {
			return nil
		}
		p := v.Pair(k)
		return &p
	}
	o.ExtentM, o.SpacingM, o.OffsetM, o.Centred = two(xyExtent), two(xySpacing), two(xyOffset), v.Bool(xyCentred)
	if !v.IsNull(xySteps) {
		n := v.IntPair(xySteps)
		o.Steps = &n
	}
	if !v.IsNull(xyJitter) {
		j := v.Float(xyJitter)
		o.Jitter = &j
	}
	if !v.IsNull(xyCount) {
		n := v.Int(xyCount)
		o.Count = &n
	}
	return o, nil
}

// displaced gives the positions as they are written: with drift and errors, when asked for.
func (r *reader) displaced(pts [][2]float64, seed uint64) ([][2]float64, error) {
	scale, err := r.perPoint(posScale)
	if err != nil {
		return nil, err
	}
	drift, err := r.perPoint(posDrift)
	if err != nil {
		return nil, err
	}
	amount, err := r.perPoint(posNoise)
	if err != nil {
		return nil, err
	}
	step := 0.0
	if len(pts) > 1 {
		step = math.Hypot(pts[1][0]-pts[0][0], pts[1][1]-pts[0][1])
	}
	draws := noise.NewStream(seed, noise.Positions, 0)
	out := make([][2]float64, len(pts))
	for k, p := range pts {
		for ax := range p {
			out[k][ax] = p[ax] + drift(k)[ax] + scale(k)[ax]*amount(k)[ax]*step*draws.Normal()
		}
	}
	return out, nil
}

// perPoint decodes a number, a pair (vertical, horizontal) or a list that is repeated over the
// points.
func (r *reader) perPoint(k param.Key) (func(int) [2]float64, error) {
	x := r.v.Get(k)
	data, shape, err := x.Array()
	switch {
	case err != nil:
		return nil, r.v.Problem(k, "%v", err)
	case len(shape) < 2 && len(data) <= 2:
		p := r.v.Pair(k)
		if len(data) == 1 {
			p = [2]float64{data[0], data[0]}
		}
		return func(int) [2]float64 { return p }, nil
	case len(shape) == 1:
		return func(i int) [2]float64 { return [2]float64{data[i%len(data)], data[i%len(data)]} }, nil
	case len(shape) == 2 && shape[1] == 2:
		return func(i int) [2]float64 { return [2]float64(data[i%shape[0]*2:]) }, nil
	}
	return nil, r.v.Problem(k, "has the shape %v, expected a number, a pair, or a list of numbers or pairs", shape)
}

// setOptics makes the probe and the propagator.
func (s *Source) setOptics(env *recipes.Env, r *reader, g optics.Geometry) error {
	o, err := r.illumination(env, g, len(s.truth.Positions))
	if err != nil {
		return err
	}
	probe, err := illum.Make(o, g.Shape, g.ResolutionM, g.EnergyKeV, s.seed)
	if err != nil {
		return located(r.v, illumination, err)
	}
	return s.light(g, probe)
}

// illumination decodes the tree of that name. points is the number of scan points, which
// decides the photons that nobody gives.
func (r *reader) illumination(env *recipes.Env, g optics.Geometry, points int) (o illum.Options, err error) {
	v := r.v
	o.Photons = r.photons(env, g, points)
	switch x := v.Get(illumination); {
	case given(v, illumination):
		o.Wave, err = r.wave(env, illumination, g.Shape)
		return o, err
	case x.Kind == param.Path && x.Text != modelMoon:
		a, err := r.whole(illumination, "probe")
		if err != nil {
			return o, err
		}
		o.Photons = 0
		o.Wave, err = fitted(env, a, v.Where(illumination), g.Shape)
		return o, err
	case x.Kind == param.Path:
		o.Wave = pictures.Moon(g.Shape[0], g.Shape[1], v.Float(moonPhase))
	default:
		if err := r.incoming(env, &o, g); err != nil {
			return o, err
		}
	}
	if v.Get(aperture).Kind != param.Null {
		o.Aperture = apertureOf(v)
	}
	if v.Get(illProp).Kind != param.Null {
		o.FocusM, o.ParallelM, o.SpotM = v.Float(propFocus), v.Float(propZ), optional(v, propSpot)
		if v.Given(propAlias) && v.Float(propAlias) != 1 {
			env.Log.Info(fmt.Sprintf("%s: has no effect, here or in ptypy", v.Where(propAlias)))
		}
	}
	return o, nil
}

// photons is what the recipe gives, else what ptypy ends up with.
func (r *reader) photons(env *recipes.Env, g optics.Geometry, points int) float64 {
	v := r.v
	if !v.IsNull(illPhotons) {
		return v.Float(illPhotons)
	}
	pixels := float64(g.Shape[0]) * float64(g.Shape[1])
	n := pixels * float64(max(points-1, 1))
	x := v.Get(illumination)
	if !(x.Kind == param.Path && x.Text != modelMoon) && v.Text(illModel) != modelRecon {
		env.Log.Warn(fmt.Sprintf("%s: is not given: %.6g photons are taken, an accident of ptypy's (scan points less 1, times pixels); give a number", illPhotons, n))
	}
	return n
}

// incoming sets the wave in front of the aperture, from illumination.model.
func (r *reader) incoming(env *recipes.Env, o *illum.Options, g optics.Geometry) (err error) {
	v := r.v
	switch {
	case v.IsNull(illModel):
		return nil
	case given(v, illModel):
		o.Wave, err = r.wave(env, illModel, g.Shape)
		return err
	}
	switch v.Text(illModel) {
	case modelMoon:
		o.Wave = pictures.Moon(g.Shape[0], g.Shape[1], v.Float(moonPhase))
	case modelSTXM:
		return v.Problem(illModel, "is stxm, which estimates from measured frames: a simulation has none").WithHint("take moon, recon, an array, or null for a plane wave")
	case modelRecon:
		layer := 0
		if !v.IsNull(illLayer) {
			layer = v.Int(illLayer)
		}
		a, err := r.recon(illRFile, "probe", v.Text(illReconID), layer)
		if err != nil {
			return err
		}
		o.Photons = 0
		o.Wave, err = fitted(env, a, v.Where(illRFile), g.Shape)
		return err
	}
	return nil
}

// whole reads what a text in place of a whole group names: the file of a reconstruction.
func (r *reader) whole(k param.Key, what string) (field.Array, error) {
	v := r.v
	if name := v.Text(k); !strings.HasSuffix(name, ".ptyr") && !strings.HasSuffix(name, ".h5") && !strings.HasSuffix(name, ".hdf5") {
		return field.Array{}, v.Problem(k, "is %q, expected a group of parameters, an array, a built-in picture (moon for the illumination, flower for the sample) or the name of a .ptyr file", name).
			WithHint("a model is given as %s.model", k)
	}
	return r.storage(v.Path(k), v.Where(k), what, "", 0)
}

func optional(v *param.Values, k param.Key) *[2]float64 {
	if v.IsNull(k) {
		return nil
	}
	p := v.Pair(k)
	return &p
}

func apertureOf(v *param.Values) *illum.Aperture {
	a := &illum.Aperture{
		SizeM: optional(v, apSize), OffsetM: v.Pair(apOffset), RotateRad: v.Float(apRotate), EdgePx: v.Float(apEdge), CentralStop: v.Pair(apStop),
	}
	if !v.IsNull(apForm) {
		a.Form = v.Text(apForm)
	}
	d := v.Floats(apDiffuser)
	at := func(i int, missing float64) float64 {
		if i < len(d) && !math.IsNaN(d[i]) {
			return d[i]
		}
		return missing
	}
	a.Diffuser = noise.Screen{PhaseRMS: at(0, 0), PhaseFeaturePx: at(1, 0), ModRMS: at(2, 0), ModFeaturePx: at(3, 2)}
	return a
}

// setSample makes the object.
func (s *Source) setSample(env *recipes.Env, r *reader, g optics.Geometry) error {
	shape := [2]int{g.Shape[0], g.Shape[1]}
	for _, low := range s.truth.Low {
		shape[0], shape[1] = max(shape[0], low[0]+g.Shape[0]), max(shape[1], low[1]+g.Shape[1])
	}
	o, err := r.sample(shape)
	if err != nil {
		return err
	}
	var notes []note.Note
	s.truth.Object, notes, err = sample.Make(o, shape, g.LambdaM)
	tell(env, notes)
	return located(r.v, sampleGroup, err)
}

// sample decodes the tree of that name; shape is the area that is scanned.
func (r *reader) sample(shape [2]int) (o sample.Options, err error) {
	v := r.v
	o.Fill = complexOf(v, samFill)
	if v.Given(samFill) { // else opaque, as in ptypy
		o.Rest = o.Fill
	}
	take := func(a field.Array, err error) error {
		o.Model = &a
		return err
	}
	switch x := v.Get(sampleGroup); {
	case given(v, sampleGroup):
		return o, take(r.array(sampleGroup))
	case x.Kind == param.Path && x.Text == modelFlower:
		return o, take(r.flower(shape), nil)
	case x.Kind == param.Path:
		return o, take(r.whole(sampleGroup, "obj"))
	case given(v, samModel):
		err = take(r.array(samModel))
	case v.IsNull(samModel):
	case v.Text(samModel) == modelFlower:
		err = take(r.flower(shape), nil)
	case v.Text(samModel) == modelRecon:
		err = take(r.recon(samRFile, "obj", v.Text(samReconID), 0))
	default:
		return o, v.Problem(samModel, "is %s, which cannot be simulated", v.Text(samModel)).WithHint("take flower, recon, an array, or null for fill everywhere")
	}
	if err == nil && v.Get(process).Kind != param.Null {
		o.Process, err = processOf(v)
	}
	return o, err
}

func (r *reader) flower(shape [2]int) field.Array {
	f := pictures.Flower(shape[0], shape[1], r.v.Float(pitch))
	return field.Array{Rows: f.Rows, Cols: f.Cols, Complex: f.Pix}
}

// complexOf is a number, or two: real and imaginary.
func complexOf(v *param.Values, k param.Key) complex128 {
	if v.Get(k).Kind == param.List {
		p := v.Pair(k)
		return complex(p[0], p[1])
	}
	return complex(v.Float(k), 0)
}

func processOf(v *param.Values) (*sample.Process, error) {
	p := &sample.Process{OffsetPx: v.IntPair(procOffset), Zoom: optional(v, procZoom), SmoothingPx: v.Float(procSmooth)}
	if !v.IsNull(procThickness) {
		t := v.Float(procThickness)
		p.ThicknessM = &t
	}
	if !v.IsNull(procIndex) {
		n := complexOf(v, procIndex)
		p.RefIndex = &n
	}
	if !v.IsNull(procDelta) || !v.IsNull(procBeta) {
		if v.Given(procIndex) && !v.IsNull(procIndex) {
			return nil, v.Problem(procIndex, "and delta, beta are both given").WithHint("keep one of the two: ref_index is [-delta, beta]")
		}
		n := complex(-v.Float(procDelta), v.Float(procBeta))
		p.RefIndex = &n
	}
	if most := 1e4; p.SmoothingPx > most {
		return nil, v.Problem(procSmooth, "is %g pixels, more than %g", p.SmoothingPx, most)
	}
	return p, nil
}

// sensorOf makes the detector, and the blur in front of it.
func (s *Source) sensorOf(r *reader, side int) (sensor, error) {
	blur, err := r.blur(simPSF)
	if err != nil {
		return nil, err
	}
	s.blur = gauss.New(side, side, blur)
	if r.v.Get(detectorGroup).Kind == param.Null {
		return lossless{side, side}, nil
	}
	d, err := r.detector()
	if err != nil {
		return nil, err
	}
	response, err := detector.NewResponse(d, side, side)
	if err != nil {
		return nil, located(r.v, detectorGroup, err)
	}
	return camera{response, s.seed}, nil
}

// located puts the place of a parameter or group before a problem that names it already.
func located(v *param.Values, k param.Key, err error) error {
	if err == nil {
		return nil
	}
	out := *problem.Of(err)[0]
	place := v.Pos(k)
	switch at := place.String(); {
	case at == "" || strings.HasPrefix(out.Msg, at):
	case place.Set && strings.HasPrefix(out.Msg, k.Path()):
		out.Msg = at + " " + out.Msg
	case place.Set:
		out.Msg = at + " " + k.Path() + ": " + out.Msg
	default:
		out.Msg = at + ": " + out.Msg
	}
	return &out
}

// detector decodes the tree of that name.
func (r *reader) detector() (detector.Detector, error) {
	v := r.v
	d := detector.Default()
	for _, k := range []param.Key{detectorGroup, detTemplate} {
		x := v.Get(k)
		if x.Kind != param.Text {
			continue
		}
		named, err := detector.Named(x.Text)
		if err != nil {
			return d, located(v, k, err)
		}
		d = named
	}
	if v.Get(detectorGroup).Kind != param.Group {
		return d, nil
	}
	pairs(v, detShape, &d.ModuleShape)
	pairs(v, detModules, &d.Modules)
	pairs(v, detGaps, &d.Gaps)
	if v.Given(detCenter) {
		d.Center = nil
		if !v.IsNull(detCenter) {
			c := v.IntPair(detCenter)
			d.Center = &c
		}
	}
	number(v, detFullWell, &d.FullWell)
	number(v, detADU, &d.ADU)
	number(v, detShot, &d.ShotNoise)
	number(v, detQE, &d.QE)
	number(v, detSciQE, &d.SciQE)
	if v.Given(detPoisson) {
		d.NoPoisson = !v.Bool(detPoisson)
	}
	d.Signed = v.Given(detReadout) && v.Text(detReadout) == "signed"
	d.NoClip = v.Given(detLimit) && (v.IsNull(detLimit) || v.Text(detLimit) != "clip")
	return d, r.detectorWords(&d)
}

// detectorWords decodes what is not a number: type and blurs.
func (r *reader) detectorWords(d *detector.Detector) (err error) {
	v := r.v
	if v.Given(detDType) {
		t, ok := types[v.Text(detDType)]
		if !ok {
			return v.Problem(detDType, "is %q: a detector counts in whole numbers", v.Text(detDType)).
				WithHint("take uint8, uint16, uint32, uint64 or a signed one, or detector: null for noise-free float32 frames")
		}
		d.DType = t
	}
	if v.Given(detPSF) {
		if d.PSF, err = r.blur(detPSF); err != nil {
			return err
		}
	}
	if v.Given(detSciPSF) {
		d.SciPSF, err = r.blur(detSciPSF)
	}
	return err
}

var types = map[string]pix.Type{
	"uint8": pix.Uint8, "uint16": pix.Uint16, "uint32": pix.Uint32, "uint64": pix.Uint64,
	"int8": pix.Int8, "int16": pix.Int16, "int32": pix.Int32, "int64": pix.Int64,
}

func pairs(v *param.Values, k param.Key, to *[2]int) {
	if v.Given(k) {
		*to = v.IntPair(k)
	}
}

func number(v *param.Values, k param.Key, to *float64) {
	if v.Given(k) {
		*to = v.Float(k)
	}
}
