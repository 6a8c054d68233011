// Package sim holds the recipes that simulate scans: SimScan (any illumination, sample and
// detector), MoonFlowerScan (a moon looks at flowers) and QuickScan (one bright pixel, to try
// out a pipeline). They are sources of frames like every other recipe: noise-free waves are
// computed frame by frame on the workers, and nothing random is shared between frames.
package sim

import (
	"ptyprep/internal/recipes"
	"ptyprep/internal/recipes/sim/pictures"
	"ptyprep/internal/scan/param"
)

// common is what all simulations have beside the base scan.
var common = func() *param.Tree {
	t := param.New("simulation", "What all simulations have.", recipes.Base)
	t.Override(recipes.PSize, func(s *param.Spec) {
		s.Help = "Size of a detector pixel (rows, columns). One number: square pixels."
		s.AboveMin = true
	})
	t.Override(recipes.Energy, func(s *param.Spec) { s.Help, s.AboveMin = "Photon energy.", true })
	t.Override(recipes.Distance, func(s *param.Spec) { s.Help, s.AboveMin = "Distance from the sample to the detector.", true })
	t.Override(recipes.Center, func(s *param.Spec) {
		s.Help = "Frames are simulated about their middle, pixel N/2 rounded down, which is what fftshift says. Any other value gives a warning and fftshift."
	})
	t.Override(recipes.Shape, func(s *param.Spec) {
		s.Help = "Size of the simulated frames (rows, columns); they are square, of the smaller side. Null is an error."
		s.Max = param.At(16384)
	})
	t.Override(recipes.PositionsTheory, func(s *param.Spec) {
		s.Help = "Only its length counts: the number of frames. The positions are those of the simulation."
	})
	return t
}()

// Seed decides everything random.
var Seed = common.Add(param.Spec{
	Path: "seed", Forms: param.Int, Default: 1, Min: param.At(0),
	Help: "Decides everything that is random. The same seed gives the same file, byte for byte, for any number of workers.",
})

// array is the forms of an array that a recipe gives.
const array = param.List | param.ArrayRef

const arrayHelp = " An array is a nested list or {file: PATH, key: DATASET} of an HDF5 file, real or complex."

// SimTree is the tree of SimScan.
var SimTree = recipes.NewTree("SimScan", "Simulates a scan: scan pattern, illumination, sample and detector as described.", common)

func group(path string, other param.Form, help string) param.Key {
	return SimTree.Add(param.Spec{Path: path, Forms: param.Group | other, Elem: param.NestedNumbers(), Help: help})
}

func add(s param.Spec) param.Key { return SimTree.Add(s) }

// pair declares a number or two of them (vertical, horizontal).
func pair(s param.Spec) param.Key {
	s.Forms |= param.List
	s.MinLen, s.MaxLen, s.Names = 2, 2, []string{"vertical", "horizontal"}
	return SimTree.Add(s)
}

// ignored is a parameter of old recipes that does nothing.
func ignored(path string, forms param.Form, def any, help string) param.Spec {
	return param.Spec{Path: path, Forms: forms, Default: def, NoEffect: true, Elem: param.NestedNumbers(), Help: help}
}

// blur is a psf: null, one or two widths, or a kernel.
func blur(path, help string) param.Key {
	return SimTree.Add(param.Spec{Path: path, Forms: param.Float | array | param.Null, Min: param.At(0), Elem: param.NestedNumbers(), Unit: "px",
		Help: help + " One or two numbers: the standard deviation of a Gaussian along rows and columns; a 2d array: a convolution kernel." + arrayHelp})
}

// Keys of SimScan.
var (
	propagation = add(param.Spec{
		Path: "propagation", Forms: param.Text, Default: farfield, Choices: []any{farfield, nearfield},
		Help: "How waves go from the sample to the detector.",
	})

	xy      = group("xy", 0, "The scan pattern, in metres (vertical, horizontal). Of extent, spacing and steps one may be null.")
	xyModel = add(param.Spec{
		Path: "xy.model", Forms: param.Text | array | param.Null, Choices: []any{"round", "spiral", "raster", "round_roi", "spiral_roi"}, Elem: param.NestedNumbers(),
		Help: "round (shells of 5, 10, 15, ... points), spiral, raster, or a list of points in metres. There is no default that makes a scan.",
	})
	xySpacing = pair(param.Spec{
		Path: "xy.spacing", Forms: param.Float | param.Null, Default: 1.5e-6, Unit: "m",
		Help: "Distance of neighbouring points. round and spiral take the first; raster takes the second for the vertical axis.",
	})
	xySteps = pair(param.Spec{
		Path: "xy.steps", Forms: param.Int | param.Null, Default: 10,
		Help: "Number of points along each axis. raster takes the second for the vertical axis, which is the slow one.",
	})
	xyExtent = pair(param.Spec{
		Path: "xy.extent", Forms: param.Float | param.Null, Default: 15e-6, Unit: "m", Min: param.At(0),
		Help: "Points outside a window of this size about (0, 0) are left out. Null: all stay.",
	})
	xyOffset   = pair(param.Spec{Path: "xy.offset", Forms: param.Float | param.Null, Default: 0.0, Unit: "m", Help: "Is added to every point, before extent is looked at."})
	xyJitter   = add(param.Spec{Path: "xy.jitter", Forms: param.Float | param.Null, Min: param.At(0), Help: "Standard deviation of a random shift of every point, in units of spacing. Null: none."})
	xyCount    = add(param.Spec{Path: "xy.count", Forms: param.Int | param.Null, Help: "Keep the first points only. Null, 0 and below: all."})
	xyOverride = add(param.Spec{
		Path: "xy.override", Forms: array | param.Null, Elem: param.NestedNumbers(), Unit: "m",
		Help: "The list of points itself, (N, 2); everything else in xy then does nothing.",
	})
	xyCentred = add(param.Spec{Path: "xy.centred", Forms: param.Bool, Default: false, Help: "Puts the middle of a raster on (0, 0); without it the raster starts there."})

	illumination = group("illumination", param.Path|array|param.Null,
		"The illumination. In place of the group: the name of a .ptyr file (its probe, as it is), moon, or an array (without aperture and propagation).")
	illModel = add(param.Spec{
		Path: "illumination.model", Forms: param.Text | array | param.Null, Choices: []any{modelRecon, modelMoon, modelSTXM}, Elem: param.NestedNumbers(),
		Help: "The incoming wave. Null: a plane wave; recon: the probe of a reconstruction; moon: the built-in picture; or an array." + arrayHelp + " stxm needs measured data and is an error.",
	})
	illPhotons = add(param.Spec{
		Path: "illumination.photons", Forms: param.Float | param.Null, Min: param.At(0), AboveMin: true,
		Help: "Photons of the illumination, that is in each frame of a transparent sample. Null: (scan points - 1) times the pixels of a frame, as in ptypy.",
	})
	_          = group("illumination.recon", 0, "The reconstruction that model: recon takes the probe of.")
	illRFile   = add(param.Spec{Path: "illumination.recon.rfile", Forms: param.Path, Default: anyPtyr, Help: "A .ptyr file; a pattern must match one."})
	illReconID = add(param.Spec{Path: "illumination.recon.ID", Forms: param.Text | param.Null, Help: "Name of the storage in it. Null: the first."})
	illLayer   = add(param.Spec{Path: "illumination.recon.layer", Forms: param.Int | param.Null, Min: param.At(0), Help: "Mode of the probe. Null: the first."})
	_          = add(ignored("illumination.recon.label", param.Text|param.Null, nil, "Accepted for old recipes, without effect."))

	aperture = group("illumination.aperture", param.Null, "What the wave is multiplied with. Null: nothing.")
	apForm   = add(param.Spec{Path: "illumination.aperture.form", Forms: param.Text | param.Null, Default: "circ", Choices: []any{"circ", "rect"}, Help: "Form of the opening. Null: the diffuser alone."})
	apSize   = pair(param.Spec{
		Path: "illumination.aperture.size", Forms: param.Float | param.Null, Unit: "m", Min: param.At(0), AboveMin: true,
		Help: "Full width or diameter. Null: a third of the frame.",
	})
	apEdge = add(param.Spec{Path: "illumination.aperture.edge", Forms: param.Float, Default: 2.0, Unit: "px", Min: param.At(0), Help: "Width of the soft edge. 0: hard."})
	apStop = pair(param.Spec{
		Path: "illumination.aperture.central_stop", Forms: param.Float | param.Null, Min: param.At(0),
		Help: "A stop in the middle of the same form, this times as large as the opening. Null: none.",
	})
	apOffset   = pair(param.Spec{Path: "illumination.aperture.offset", Forms: param.Float, Default: 0.0, Unit: "m", Help: "Where its middle lies."})
	apRotate   = add(param.Spec{Path: "illumination.aperture.rotate", Forms: param.Float, Default: 0.0, Unit: "rad", Help: "Turns it, from the vertical axis to the horizontal one, about its middle."})
	apDiffuser = add(param.Spec{
		Path: "illumination.aperture.diffuser", Forms: param.List | param.Null, Elem: &param.Spec{Forms: param.Float | param.Null}, MinLen: 2, MaxLen: 4, Min: param.At(0),
		Names: []string{"rms phase", "feature size", "rms modulus", "feature size of the modulus"},
		Help:  "A noise screen: rms of the phase (rad) before it is blurred to a smallest feature size (pixels), and the same for the modulus. Null: none.",
	})

	illProp   = group("illumination.propagation", param.Null, "The way from the aperture to the sample. Null: none.")
	propFocus = add(param.Spec{Path: "illumination.propagation.focussed", Forms: param.Float | param.Null, Unit: "m", Min: param.At(0), Help: "Focal length of a lens behind the aperture; the sample then lies in the focus. Null and 0: no lens."})
	propZ     = add(param.Spec{Path: "illumination.propagation.parallel", Forms: param.Float | param.Null, Unit: "m", Help: "Distance to go on, as a near field; negative: back. Null and 0: none."})
	propSpot  = pair(param.Spec{Path: "illumination.propagation.spot_size", Forms: param.Float | param.Null, Unit: "m", Min: param.At(0), AboveMin: true, Help: "Size of the focus, which decides the aperture's size. Without focussed: the aperture's size itself."})
	propAlias = add(param.Spec{Path: "illumination.propagation.antialiasing", Forms: param.Number, Default: 1, Help: "Accepted for old recipes, without effect."})

	_ = SimTree.Group("illumination.diversity", "Of the modes of a partly coherent illumination; the simulation has one mode, so it does nothing.")
	_ = add(ignored("illumination.diversity.noise", param.Float|param.List|param.Null, []any{0.5, 1.0}, "Without effect."))
	_ = add(ignored("illumination.diversity.power", param.Float|param.List|param.Null, 0.1, "Without effect."))
	_ = add(ignored("illumination.diversity.shift", param.Float|param.List|param.Null, nil, "Without effect."))

	sampleGroup = group("sample", param.Path|array|param.Null,
		"The sample. In place of the group: the name of a .ptyr file (its object, as it is), flower, or an array (the transmission).")
	samModel = add(param.Spec{
		Path: "sample.model", Forms: param.Text | array | param.Null, Choices: []any{modelFlower, modelRecon, modelSTXM, modelTree}, Elem: param.NestedNumbers(),
		Help: "Null: fill everywhere; flower: the built-in picture; recon: the object of a reconstruction; or an array." + arrayHelp + " stxm and tree are errors.",
	})
	samFill = add(param.Spec{
		Path: "sample.fill", Forms: param.Float | param.List, Default: 1, MinLen: 2, MaxLen: 2, Names: []string{"real", "imaginary"},
		Help: "Transmission where the model has no pixels. A model smaller than the scanned area is continued with it only if it is given, else the rest is opaque.",
	})
	_          = group("sample.recon", 0, "The reconstruction that model: recon takes the object of.")
	samRFile   = add(param.Spec{Path: "sample.recon.rfile", Forms: param.Path, Default: anyPtyr, Help: "A .ptyr file; a pattern must match one."})
	samReconID = add(param.Spec{Path: "sample.recon.ID", Forms: param.Text | param.Null, Help: "Name of the storage in it. Null: the first."})
	_          = group("sample.stxm", 0, "Accepted for old recipes.")
	_          = add(ignored("sample.stxm.label", param.Text|param.Null, nil, "Without effect."))
	process    = group("sample.process", param.Null,
		"How the model becomes a transmission. With its defaults a model is a refractive index (complex) or a thickness (real); null: the model is the transmission.")
	procOffset = add(param.Spec{
		Path: "sample.process.offset", Forms: param.Int | param.List, Default: []any{0, 0}, MinLen: 2, MaxLen: 2, Names: []string{"vertical", "horizontal"}, Unit: "px",
		Help: "The model moves by minus this many pixels.",
	})
	procZoom      = pair(param.Spec{Path: "sample.process.zoom", Forms: param.Float | param.Null, Min: param.At(0), AboveMin: true, Help: "Factor by which the model is resampled with cubic splines. Null: none."})
	_             = add(ignored("sample.process.formula", param.Text|param.Null, nil, "Accepted for old recipes: ref_index says what the material is."))
	_             = add(ignored("sample.process.density", param.Float|param.Null, 1, "Accepted for old recipes, without effect."))
	procThickness = add(param.Spec{Path: "sample.process.thickness", Forms: param.Float | param.Null, Default: 1e-6, Unit: "m", Min: param.At(0), Help: "Largest thickness of a real model, thickness of a complex one. Null: a real model is in metres, a complex one is the transmission."})
	procIndex     = add(param.Spec{
		Path: "sample.process.ref_index", Forms: param.Float | param.List | param.Null, Default: []any{0.5, 0.0}, MinLen: 2, MaxLen: 2, Names: []string{"-delta", "beta"},
		Help: "Refractive index of the material less 1, for a real model: [-delta, beta].",
	})
	procSmooth = add(param.Spec{Path: "sample.process.smoothing", Forms: param.Float | param.Null, Default: 2, Unit: "px", Min: param.At(0), Help: "Full width of a Gaussian that blurs the model. Null and 0: none."})
	procDelta  = add(param.Spec{Path: "sample.process.delta", Forms: param.Float | param.Null, Help: "With beta, in place of ref_index: [-delta, beta]."})
	procBeta   = add(param.Spec{Path: "sample.process.beta", Forms: param.Float | param.Null, Help: "See delta."})
	_          = SimTree.Group("sample.diversity", "The simulation has one object, so it does nothing.")
	_          = add(ignored("sample.diversity.noise", param.Float|param.List|param.Null, nil, "Without effect."))
	_          = add(ignored("sample.diversity.power", param.Float|param.List|param.Null, 0.1, "Without effect."))
	_          = add(ignored("sample.diversity.shift", param.Float|param.List|param.Null, nil, "Without effect."))
	moonPhase  = add(moonSpec)
	pitch      = add(flowerSpec)

	simPSF = blur("psf", "Blurs the intensity, in front of the detector.")

	detectorGroup = group("detector", param.Text|param.Null,
		"The detector. In place of the group: the name of one ('ptyprep simulate --list-detectors'). Null: none, frames are noise-free float32. Given as {}: a 16 bit CCD.")
	detTemplate = unset("detector.template", param.Text, "A named detector that the other keys change.")
	detShape    = unset2("detector.shape", param.Int, 1, "px", "Pixels of a module (rows, columns).")
	detModules  = unset2("detector.modules", param.Int, 1, "", "Modules (down, across).")
	detGaps     = unset2("detector.gaps", param.Int, 0, "px", "Dead rows and columns between modules.")
	detCenter   = unset2("detector.center", param.Int|param.Null, -1<<20, "px", "Where the middle of the frame lies on the detector. Null: on its middle.")
	detFullWell = unset("detector.full_well", param.Float, "Electrons at which a pixel saturates; it keeps this value and gets the weight 0.")
	detADU      = unset("detector.adu", param.Float, "Electrons of a count; counts are rounded down.")
	detShot     = unset("detector.shot_noise", param.Float, "Standard deviation of the readout noise in electrons. As in ptypy only its absolute value is added, unless readout is signed.")
	detQE       = unset("detector.qe", param.Float, "Electrons per photon.")
	detSciQE    = unset("detector.sci_qe", param.Float, "Photons of a scintillator per photon; counts only with sci_psf.")
	detSciPSF   = blurUnset("detector.sci_psf", "Blur of a scintillator.")
	detPSF      = blurUnset("detector.psf", "Blur of the detector.")
	detDType    = add(param.Spec{Path: "detector.dtype", Forms: param.Text, Unset: true, Help: "Type of the counts: uint8, uint16, uint32, uint64 or their signed ones."})
	detLimit    = unset("detector.on_limit", param.Text|param.Null, "clip: a count above the type's range becomes the largest number; anything else: error. (Default: clip.)")
	_           = unset("detector.psize", param.Float|param.List, "For information: the scan's psize counts.")
	detPoisson  = unset("detector.poisson", param.Bool, "false: expectations in place of all draws. (Default: true.)")
	detReadout  = add(param.Spec{Path: "detector.readout", Forms: param.Text, Unset: true, Choices: []any{"absolute", "signed"}, Help: "Whether readout noise only adds, as in ptypy, or has both signs. (Default: absolute.)"})

	frameSize = add(param.Spec{
		Path: "frame_size", Forms: param.Int | param.List | param.Null, Unit: "px", Min: param.At(1), MinLen: 2, MaxLen: 2, Names: []string{"rows", "columns"},
		Help: "Frames are cut or padded (masked) to this size about their middle, behind the detector. Null: they stay as they are.",
	})
	posNoise = add(param.Spec{
		Path: "pos_noise", Forms: param.Float | param.List, Default: 1e-10, Elem: &param.Spec{Forms: param.Float}, MinLen: 1,
		Help: "Standard deviation of the error of written positions, in units of the distance of the first two points; it counts times pos_scale.",
	})
	posScale = add(param.Spec{
		Path: "pos_scale", Forms: param.Float | param.List, Default: 0.0, Elem: param.NestedNumbers(), MinLen: 1,
		Help: "Factor on pos_noise: a number, a pair (vertical, horizontal), or a list that is repeated over the points.",
	})
	posDrift = add(param.Spec{
		Path: "pos_drift", Forms: param.Float | param.List, Default: 0.0, Elem: param.NestedNumbers(), MinLen: 1, Unit: "m",
		Help: "Is added to the written positions: a number, a pair, or a list that is repeated over the points. The simulation keeps the true positions.",
	})
	_            = add(ignored("plot", param.Bool, true, "Accepted for old recipes: pictures are drawn with ptyprep simulate --preview."))
	VerboseLevel = add(param.Spec{
		Path: "verbose_level", Forms: param.Int, Default: 1, Min: param.At(0), Max: param.At(5),
		Help: "How much simulate tells: 0 as --quiet, 3 and above as --verbose.",
	})
)

func init() {
	SimTree.Override(recipes.AddPoissonNoise, func(s *param.Spec) {
		s.Help = "Without effect here: detector.poisson says whether counts are drawn."
	})
}

func unset(path string, forms param.Form, help string) param.Key {
	return add(param.Spec{Path: path, Forms: forms, Unset: true, Elem: &param.Spec{Forms: param.Float}, Help: help})
}

func unset2(path string, forms param.Form, lowest float64, unit, help string) param.Key {
	return pair(param.Spec{Path: path, Forms: forms, Unset: true, Min: param.At(lowest), Max: param.At(1 << 20), Unit: unit, Help: help})
}

func blurUnset(path, help string) param.Key {
	k := blur(path, help)
	SimTree.Override(k, func(s *param.Spec) { s.Unset = true })
	return k
}

// MoonTree is the tree of MoonFlowerScan.
var MoonTree = recipes.NewTree("MoonFlowerScan", "Simulates a scan of flowers by moonlight, with photon noise.", common)

// Keys of MoonFlowerScan.
var (
	moonDensity = MoonTree.Add(density(0.2))
	moonModel   = MoonTree.Add(param.Spec{
		Path: "model", Forms: param.Text, Default: "round", Choices: []any{"round", "spiral", "raster"},
		Help: "The scan pattern.",
	})
	moonPhotons = MoonTree.Add(param.Spec{
		Path: "photons", Forms: param.Float, Default: 1e8, Min: param.At(0), AboveMin: true,
		Help: "Photons of the illumination.",
	})
	moonPSF = MoonTree.Add(param.Spec{
		Path: "psf", Forms: param.Float, Default: 0.0, Min: param.At(0), Max: param.At(1e4), Unit: "px",
		Help: "Standard deviation of a Gaussian that blurs the intensity. 0: none.",
	})
	blockWait = MoonTree.Add(param.Spec{
		Path: "block_wait_count", Forms: param.Int, Default: 0, Min: param.At(0),
		Help: "A program that asks for frames block by block is told to wait each time after this many blocks. ptyprep itself never waits: a simulation has all its frames.",
	})
	moonRounding = MoonTree.Add(param.Spec{
		Path: "rounding", Forms: param.Text, Default: "first", Choices: []any{"first", "peer"},
		Help: "How scan points become pixels. first: from the first point, as every reconstruction does; peer: as ptypy's own scan class, one pixel off for some frames.",
	})
	moonProbe = MoonTree.Add(param.Spec{
		Path: "probe", Forms: array | param.Null, Elem: param.NestedNumbers(),
		Help: "The illumination, in place of the built-in moon; it is scaled to photons." + arrayHelp,
	})
	moonObject = MoonTree.Add(param.Spec{
		Path: "object", Forms: array | param.Null, Elem: param.NestedNumbers(),
		Help: "The sample, in place of the built-in flowers; its first pixel is that of the drawn object." + arrayHelp,
	})
	moonMoonPhase = MoonTree.Add(moonSpec)
	moonPitch     = MoonTree.Add(flowerSpec)
)

// QuickTree is the tree of QuickScan.
var QuickTree = recipes.NewTree("QuickScan", "Frames with one bright pixel, to try out a pipeline.", common)

var quickDensity = QuickTree.Add(density(0.05))

func init() {
	MoonTree.SetDefault(recipes.Shape, 128)
	MoonTree.Override(recipes.NumFrames, wanted)
	MoonTree.Override(recipes.AddPoissonNoise, func(s *param.Spec) {
		s.Default, s.NoEffect = true, false
		s.Help = "Draws counts from a Poisson distribution. false: the intensity, rounded down."
	})
	QuickTree.SetDefault(recipes.Shape, 64)
	QuickTree.Override(recipes.NumFrames, wanted)
}

func wanted(s *param.Spec) {
	s.Default, s.Forms, s.Max = 100, param.Int, param.At(1e6)
	s.Help = "Frames that are wanted. A raster takes the next full square above; the edge of the other patterns may leave fewer."
}

func density(def float64) param.Spec {
	return param.Spec{
		Path: "density", Forms: param.Float, Default: def, Min: param.At(0), AboveMin: true, Max: param.At(10),
		Help: "Distance of neighbouring points as a part of the frame's side in the sample plane.",
	}
}

var (
	moonSpec = param.Spec{
		Path: "moon_phase", Forms: param.Float, Default: pictures.DefaultMoonPhase, Unit: "rad",
		Help: "Phase of the built-in moon at its rim.",
	}
	flowerSpec = param.Spec{
		Path: "flower_pitch", Forms: param.Float, Default: pictures.DefaultFlowerPitch, Unit: "px", Min: param.At(4), Max: param.At(1e5),
		Help: "Distance of the built-in flowers.",
	}
)

// Words of the recipes.
const (
	farfield    = "farfield"
	nearfield   = "nearfield"
	modelRecon  = "recon"
	modelMoon   = "moon"
	modelFlower = "flower"
	modelSTXM   = "stxm"
	modelTree   = "tree"
	anyPtyr     = `\*.ptyr`
)
