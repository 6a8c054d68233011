// Package id16a holds the recipe ID16AScan of the near-field beamline ID16A of the ESRF: one EDF or
// HDF5 file for each frame, positions and beam monitor in its header.
package id16a

import (
	"ptyprep/internal/recipes"
	"ptyprep/internal/recipes/beam"
	"ptyprep/internal/scan/param"
)

// Spec is the recipe.
var Spec = recipes.Spec{
	Name: "ID16AScan", Tree: Tree, Open: recipes.OpenFunc(open),
	Summary: "ESRF ID16A (near field): one EDF or HDF5 file for each frame, with positions and beam monitor in its header.",
	Doc: `Frames are the files ` + "`<base_path>/<sample_name>*`" + ` in the order of their names; the extension of the first decides
whether they are HDF5 (.h5) or EDF. An EDF file may be packed (.edf.gz). The motors come from ` + "`motor_mne`/`motor_pos`" + `, the
monitor from the counter ` + "`bpm5_ct`" + `.

Corrections, in this order: dark and flat (` + "`dark*`, `ref*`" + ` in the same folder); the flat field of the detector
(` + "`det_flat_field`" + `, divided by its mean); distortion (` + "`recipe.undistort`" + `); cut or pad (` + "`recipe.pad_crop`" + `); beam monitor
(` + "`recipe.use_bpm5_ct`" + `). Negative values become 0.

The monitor of frames with a drop-out (a value below 0, or the only one below the mean) is the mean of its neighbours; then the
values are divided by their mean.`,
}

// Tree is the parameter tree of ID16AScan.
var Tree = func() *param.Tree {
	t := recipes.NewTree("ID16AScan", "Near-field frames of ESRF ID16A, one EDF or HDF5 file each.")
	t.SetDefault(recipes.AutoCenter, false)
	t.SetDefault(recipes.Orientation, []any{false, true, false})
	return t
}()

const distortion = "/data/id16a/inhouse1/instrument/img1/optique_peter_distortion/detector_distortion2d_"

// Keys of the tree.
var (
	Motors     = beam.AddMotors(Tree, 2, 2, "Names of the motors for the rows and the columns.", "spy", "spz")
	Multiplier = beam.AddMultiplier(Tree, 2, 1e-6)
	BasePath   = beam.AddBasePath(Tree, nil, "Folder of the frames, darks and flats. Null: the folder id16a in the first folder that holds one, from that of the recipe upwards.")
	SampleName = beam.AddText(Tree, "sample_name", nil, "Beginning of the frames' file names. It must be given.")
	MaskFile   = beam.AddMask(Tree)
	Flat       = beam.AddFlag(Tree, "flat_division", "Divides by the mean of the flats, the files ref* of the folder.")
	Dark       = beam.AddFlag(Tree, "dark_subtraction", "Subtracts the mean of the darks, the files dark* of the folder.")
	// h and v are swapped in the names on purpose: that is how the files of the beamline are named.
	DistortionH = beam.AddFile(Tree, "distortion_h_file", distortion+"v.edf", "EDF file with the displacement along the columns in pixels, for recipe.undistort.")
	DistortionV = beam.AddFile(Tree, "distortion_v_file", distortion+"h.edf", "EDF file with the displacement along the rows in pixels, for recipe.undistort.")
	_           = beam.AddIgnored(Tree, "whitefield_file", param.Path|param.Null, "/data/id16a/inhouse1/instrument/whitefield/white.edf", "flat_division takes the flats of the folder")
	DetFlat     = beam.AddFile(Tree, "det_flat_field", nil, "EDF file with the flat field of the detector. It is divided by its mean; pixels that are 0 there count as 1.")

	_         = Tree.Group("recipe", "Parameters of this recipe alone.")
	Detector  = beam.AddText(Tree, "recipe.detector", nil, "Name of the detector's group in HDF5 files. Null: the only one there is.")
	UseBPM    = beam.AddFlag(Tree, "recipe.use_bpm5_ct", "Divides frames by the counter bpm5_ct, after repair, divided by its mean over the frames that are prepared.")
	PadCrop   = Tree.Add(param.Spec{Path: "recipe.pad_crop", Forms: param.Int | param.Null, Unit: "px", Min: param.At(1), Help: "Cuts or pads frames to a square of this size about their middle, before anything else looks at their size."})
	Undistort = beam.AddFlag(Tree, "recipe.undistort", "Takes the distortion of the optics out, by the displacements in distortion_h_file and distortion_v_file.")
)
