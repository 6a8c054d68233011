package recipes

import "ptyprep/internal/scan/param"

// Base is the tree that every recipe inherits: the parameters of the base scan. A scan with this
// tree alone is ptypy's PtyScan.
var Base = param.New("PtyScan", "The base scan: parameters that every recipe has.")

// The words of parameters that take a few texts.
const (
	SaveAppend = "append" // one file, one group a chunk
	SaveLink   = "link"   // a file for each chunk, linked from the master
	SaveMerge  = "merge"  // all frames in one chunk

	CenterFFTShift  = "fftshift"  // floor(n/2)
	CenterGeometric = "geometric" // n/2 - 1/2
	CenterFFT       = "fft"       // 0

	DTypeAuto    = "auto"
	DTypeRaw     = "raw"
	DTypeFloat32 = "float32"
	DTypeFloat64 = "float64"
)

// Keys of the base scan.
var (
	Name = Base.Add(param.Spec{
		Path: "name", Forms: param.Text, Default: "PtyScan",
		Help: "Name of the recipe. It decides which other parameters there are.",
	})
	DFile = Base.Add(param.Spec{
		Path: "dfile", Forms: param.Path | param.Null,
		Help: "The .ptyd file to write.",
	})
	Save = Base.Add(param.Spec{
		Path: "save", Forms: param.Text | param.Null, Choices: []any{SaveAppend, SaveLink, SaveMerge},
		Help: "How chunks are written: append puts them all into dfile; link writes a file for each chunk and links them from dfile; " +
			"merge makes one chunk of all frames. Null: append.",
	})
	ChunkFormat = Base.Add(param.Spec{
		Path: "chunk_format", Forms: param.Text, Default: ".chunk%02d", NoEffect: true,
		Help: "Accepted for old recipes, without effect: parts are named <dfile>.part%03d.",
	})
	AutoCenter = Base.Add(param.Spec{
		Path: "auto_center", Forms: param.Bool | param.Null,
		Help: "Whether the mass centre of the frames is the optical axis: true always, false never, null only if center is null.",
	})
	LoadParallel = Base.Add(param.Spec{
		Path: "load_parallel", Forms: param.Text | param.Null, Default: "data", Choices: []any{"data", "common", "all"}, NoEffect: true,
		Help: "Accepted for old recipes, without effect: frames are always read in parallel (see --workers).",
	})
	Rebin = Base.Add(param.Spec{
		Path: "rebin", Forms: param.Int | param.Null, Unit: "px", Min: param.At(1), Max: param.At(32),
		Help: "Side of the blocks of pixels that are averaged into one. Null and 1: no binning. The shape must be divisible by it.",
	})
	Orientation = Base.Add(param.Spec{
		Path: "orientation", Forms: param.Int | param.List | param.Null, Min: param.At(0), Max: param.At(7),
		Elem:   &param.Spec{Forms: param.Bool, BoolDigits: true},
		MinLen: 3, MaxLen: 3, Names: []string{"transpose", "flip rows", "flip columns"},
		Help: "How frames are turned, in this order: transpose, reverse the row order, reverse the column order. " +
			"As a whole number: 4 + 2 + 1 of the three.",
	})
	MinFrames = Base.Add(param.Spec{
		Path: "min_frames", Forms: param.Int, Default: 1, Min: param.At(1),
		Help: "Fewest frames in a chunk, the last one excepted. Chunks grow to it if frames_per_block is smaller.",
	})
	PositionsTheory = Base.Add(param.Spec{
		Path: "positions_theory", Forms: param.List | param.Null, Unit: "m", MinLen: 1,
		Elem: &param.Spec{Forms: param.List, MinLen: 2, MaxLen: 2, Names: []string{"slow", "fast"}, Elem: &param.Spec{Forms: param.Float}},
		Help: "Positions to use in place of the recorded ones, one pair (slow, fast) for each frame. Their number is the number of frames, whatever num_frames says.",
	})
	NumFrames = Base.Add(param.Spec{
		Path: "num_frames", Forms: param.Int | param.Null, Min: param.At(1),
		Help: "Most frames to prepare, counted from the first. Null: all.",
	})
	Label = Base.Add(param.Spec{
		Path: "label", Forms: param.Text | param.Null,
		Help: "A label for the scan, copied to meta.",
	})
	ExperimentID = Base.Add(param.Spec{
		Path: "experimentID", Forms: param.Text | param.Null,
		Help: "Name of the experiment, copied to info.",
	})
	Version = Base.Add(param.Spec{
		Path: "version", Forms: param.Float, Default: 0.1,
		Help: "A version number, copied to meta.",
	})
	Shape = Base.Add(param.Spec{
		Path: "shape", Forms: param.Int | param.List | param.Null, Default: 256, Unit: "px", Min: param.At(1), MinLen: 2, MaxLen: 2,
		Help: "Size (rows, columns) of the region of the raw frame that is kept, before binning. One number: a square. Null: the whole frame.",
	})
	Center = Base.Add(param.Spec{
		Path: "center", Forms: param.Float | param.Text | param.List | param.Null, Default: CenterFFTShift, Unit: "px",
		Choices: []any{CenterFFTShift, CenterGeometric, CenterFFT},
		Elem:    &param.Spec{Forms: param.Float}, MinLen: 2, MaxLen: 2,
		Help: "Optical axis in the raw frame (row, column), pixels counted from 0. fftshift: the middle, rounded down; geometric: the exact " +
			"middle; one number stands for both. Null: the mass centre, unless auto_center is false.",
	})
	PSize = Base.Add(param.Spec{
		Path: "psize", Forms: param.Float | param.List | param.Null, Default: 0.000172, Unit: "m", Min: param.At(0), MinLen: 2, MaxLen: 2,
		Help: "Size of a raw detector pixel (rows, columns). One number: square pixels. Null: as recorded in the data, else an error.",
	})
	Distance = Base.Add(param.Spec{
		Path: "distance", Forms: param.Float | param.Null, Default: 7.19, Unit: "m", Min: param.At(0),
		Help: "Distance from the sample to the detector. Null: as recorded in the data, else an error.",
	})
	Energy = Base.Add(param.Spec{
		Path: "energy", Forms: param.Float | param.Null, Default: 7.2, Unit: "keV", Min: param.At(0),
		Help: "Photon energy. Null: as recorded in the data, else an error.",
	})
	AddPoissonNoise = Base.Add(param.Spec{
		Path: "add_poisson_noise", Forms: param.Bool, Default: false, NoEffect: true,
		Help: "Draws simulated counts from a Poisson distribution. Without effect on measured data.",
	})
)

// Own holds ptyprep's own parameters, which every recipe has beside those of its tree. The registry
// adds it; recipes do not inherit it themselves.
var Own = param.New("ptyprep", "Parameters of ptyprep itself.")

// Keys of ptyprep's own parameters.
var (
	FramesPerBlock = Own.Add(param.Spec{
		Path: "frames_per_block", Forms: param.Int, Default: 100000, Min: param.At(1),
		Help: "Frames in a chunk of the output. The frames of the first chunk decide the automatic centre.",
	})
	OutputDType = Own.Add(param.Spec{
		Path: "output_dtype", Forms: param.Text, Default: DTypeAuto, Choices: []any{DTypeAuto, DTypeRaw, DTypeFloat32, DTypeFloat64},
		Help: "Type of the written frames. auto: integers stay integers unless a flat field or a normalisation divides them, then float32; " +
			"raw: always the type of the raw frames, cut towards zero; float32, float64: that type.",
	})
)
