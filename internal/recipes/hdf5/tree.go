// Package hdf5 holds the recipes that read frames, positions and corrections from HDF5 datasets
// named one by one: Hdf5Loader and its alias Hdf5LoaderFast. Other recipes with the same way of
// working build on Open.
package hdf5

import (
	"ptyprep/internal/recipes"
	"ptyprep/internal/scan/param"
)

const pattern = " May be a list or a pattern (*, ?, [...], in any part of the name): the frames of all that match are joined in the order of their names; a list keeps its order."

// Tree is the parameter tree of Hdf5Loader.
var Tree = func() *param.Tree {
	t := recipes.NewTree("Hdf5Loader", "Frames, positions and corrections from datasets of HDF5 files, each named by file and key.")
	t.SetDefault(recipes.Shape, nil)
	return t
}()

func group(path, help string) param.Key { return Tree.Group(path, help) }

func file(path, help string) param.Key {
	return Tree.Add(param.Spec{Path: path, Forms: param.Path | param.Null, Help: help})
}

func key(path, help string) param.Key {
	return Tree.Add(param.Spec{Path: path, Forms: param.Text | param.Null, Help: help})
}

func multiplier(path, help string) param.Key {
	return Tree.Add(param.Spec{Path: path, Forms: param.Float, Default: 1.0, Help: help})
}

func index(path, help string) param.Key {
	return Tree.Add(param.Spec{Path: path, Forms: param.Int | param.Null, Min: param.At(0), Help: help})
}

func bounds(path, help string) param.Key {
	return Tree.Add(param.Spec{
		Path: path, Forms: param.Int | param.List | param.Null, MinLen: 2, MaxLen: 2, Names: []string{"low", "high"},
		Elem: &param.Spec{Forms: param.Int | param.Null}, Help: help,
	})
}

// Keys of the tree.
var (
	_               = group("intensities", "The frames: (points, rows, columns) or (slow, fast, rows, columns).")
	IntensitiesFile = Tree.Add(param.Spec{
		Path: "intensities.file", Forms: param.Path | param.List | param.Null, Elem: &param.Spec{Forms: param.Path}, MinLen: 1,
		Help: "File that holds the frames." + pattern,
	})
	IntensitiesKey = Tree.Add(param.Spec{
		Path: "intensities.key", Forms: param.Text | param.List | param.Null, Elem: &param.Spec{Forms: param.Text}, MinLen: 1,
		Help: "Dataset of the frames." + pattern,
	})

	_              = group("positions", "Where the sample was for each frame.")
	PositionsFile  = file("positions.file", "File that holds the positions. Null: that of the intensities.")
	SlowKey        = key("positions.slow_key", "Dataset of the slow axis (row direction).")
	SlowIndex      = index("positions.slow_index", "Column of a two-dimensional slow_key to use.")
	SlowMultiplier = multiplier("positions.slow_multiplier", "Factor from stored values of the slow axis to metres.")
	FastKey        = key("positions.fast_key", "Dataset of the fast axis (column direction).")
	FastIndex      = index("positions.fast_index", "Column of a two-dimensional fast_key to use.")
	FastMultiplier = multiplier("positions.fast_multiplier", "Factor from stored values of the fast axis to metres.")
	_              = group("positions.bounding_box", "The part of the scan to use, in array indices.")
	SlowBounds     = bounds("positions.bounding_box.slow_axis_bounds", "Range low <= i < high along the slow axis; one number is the low end alone, null in a pair an open end.")
	FastBounds     = bounds("positions.bounding_box.fast_axis_bounds", "Range along the fast axis, or of the points of a list.")
	Skip           = Tree.Add(param.Spec{
		Path: "positions.skip", Forms: param.Int, Default: 1, Min: param.At(1),
		Help: "Take every n-th point along each direction, from the low bound on.",
	})

	_          = group("mask", "Which pixels are valid.")
	MaskFile   = file("mask.file", "File that holds the mask.")
	MaskKey    = key("mask.key", "Dataset of the mask, one for all frames or one for each: a pixel is valid where it is above 0.")
	MaskInvert = Tree.Add(param.Spec{Path: "mask.invert", Forms: param.Bool, Default: false, Help: "The mask marks bad pixels: a pixel is valid where it is below 1."})

	_        = group("flatfield", "Frames are divided by it.")
	FlatFile = file("flatfield.file", "File that holds the flat field.")
	FlatKey  = key("flatfield.key", "Dataset of the flat field, one for all frames or one for each.")

	_        = group("darkfield", "Is subtracted from the frames; what comes out negative is 0.")
	DarkFile = file("darkfield.file", "File that holds the dark.")
	DarkKey  = key("darkfield.key", "Dataset of the dark, one for all frames or one for each.")

	_         = group("normalisation", "A beam monitor: one value for each point. Frames are divided by it and multiplied by its mean.")
	NormFile  = file("normalisation.file", "File that holds the monitor. Null: that of the intensities.")
	NormKey   = key("normalisation.key", "Dataset of the monitor, shaped like the positions.")
	NormSigma = Tree.Add(param.Spec{
		Path: "normalisation.sigma", Forms: param.Number, Default: 3, Min: param.At(0),
		Help: "Values further from the mean than this many standard deviations are outliers: their frames are left alone.",
	})

	_          = group("framefilter", "Which points to use.")
	FilterFile = file("framefilter.file", "File that holds the filter.")
	FilterKey  = key("framefilter.key", "Dataset shaped like the positions: points are used where it is above 0.")

	_            = group("frameorder", "Another order of the selected points.")
	OrderIndices = Tree.Add(param.Spec{
		Path: "frameorder.indices", Forms: param.List | param.Null, Elem: &param.Spec{Forms: param.Int}, MinLen: 1,
		Help: "Numbers of the selected points in the order to use; a part and repeats are allowed, negative ones count from the end.",
	})

	_                = group("recorded_energy", "The photon energy, read from the data.")
	EnergyFile       = file("recorded_energy.file", "File that holds the energy.")
	EnergyKey        = key("recorded_energy.key", "Dataset of the energy: one value, or one for each entry of an outer dimension.")
	EnergyMultiplier = multiplier("recorded_energy.multiplier", "Factor from the stored value to keV.")
	EnergyOffset     = Tree.Add(param.Spec{Path: "recorded_energy.offset", Forms: param.Float, Default: 0.0, Unit: "keV", Help: "Is added after the factor."})

	_                  = group("recorded_distance", "The distance from sample to detector, read from the data.")
	DistanceFile       = file("recorded_distance.file", "File that holds the distance.")
	DistanceKey        = key("recorded_distance.key", "Dataset of the distance: one value.")
	DistanceMultiplier = multiplier("recorded_distance.multiplier", "Factor from the stored value to metres.")

	_               = group("recorded_psize", "The pixel size, read from the data.")
	PSizeFile       = file("recorded_psize.file", "File that holds the pixel size.")
	PSizeKey        = key("recorded_psize.key", "Dataset of the pixel size: one value, for square pixels.")
	PSizeMultiplier = multiplier("recorded_psize.multiplier", "Factor from the stored value to metres.")

	OuterIndex = Tree.Add(param.Spec{
		Path: "outer_index", Forms: param.Int | param.Null, Min: param.At(0),
		Help: "Entry of the outermost dimension to use, where all datasets have one more (a stack of scans). Null: 0 where recorded_energy is a list, else there is none.",
	})
	Padding = Tree.Add(param.Spec{
		Path: "padding", Forms: param.List | param.Null, Unit: "px", Elem: &param.Spec{Forms: param.Int}, Min: param.At(0), MinLen: 4, MaxLen: 4,
		Names: []string{"top", "bottom", "left", "right"}, Help: "Masked pixels of 0 to add around each frame.",
	})
	ElectronData = Tree.Add(param.Spec{
		Path: "electron_data", Forms: param.Bool, Default: false,
		Help: "The energy is that of electrons; meta gets the energy of photons of the same wavelength.",
	})
)
