// Package i13 holds the recipes of the coherence beamline I13 of Diamond: I13ScanFFP (far field)
// and I13ScanNFP (near field), which read NeXus files.
package i13

import (
	"ptyprep/internal/recipes"
	"ptyprep/internal/recipes/beam"
	"ptyprep/internal/recipes/nearfield"
	"ptyprep/internal/scan/param"
)

// FFP is the far-field recipe.
var FFP = recipes.Spec{
	Name: "I13ScanFFP", Tree: FFPTree, Open: recipes.OpenFunc(openFFP),
	Summary: "Diamond I13, far field: frames and motors of one NeXus file.",
	Doc: `Frames are ` + "`entry1/instrument/<detector_name>/data`" + `, motors the datasets in ` + "`entry1/instrument/t1_sxy`" + ` (else
` + "`t1_sxyz`" + `). With two motors the position is (motor 0, motor 1); with three, turned about the second by the angle theta:
(cos(theta) motor 0 - sin(theta) motor 2, motor 1). Nothing is done to the pixels.`,
}

// NFP is the near-field recipe.
var NFP = recipes.Spec{
	Name: "I13ScanNFP", Tree: NFPTree, Open: recipes.OpenFunc(openNFP),
	Summary: "Diamond I13, near field: as I13ScanFFP, with hot pixels, Richardson-Lucy deconvolution, dark and flat.",
	Doc: `A square of ` + "`shape`" + ` pixels about ` + "`center`" + ` (COLUMN, ROW) is cut out of frames, darks and flats on loading. Then, in this
order: hot pixels, Richardson-Lucy deconvolution (frames only), (raw - dark)/(flat - dark). Darks and flats are the means of the
files that dark_number and flat_number name. The second motor counts times cos(theta).`,
}

// keys are the parameters of both recipes.
type keys struct {
	Scan, Dark, Flat, Detector, Motors, Multiplier, BasePath, DataFile, DarkFile, FlatFile, Mask, Theta param.Key
}

func declare(t *param.Tree, motors int) keys {
	return keys{
		Scan:       beam.AddNumber(t, "scan_number", nil, "Number of the scan."),
		Dark:       beam.AddNumber(t, "dark_number", nil, "Number of the scan that holds the darks. Null: no dark."),
		Flat:       beam.AddNumber(t, "flat_number", nil, "Number of the scan that holds the flats. Null: no flat."),
		Detector:   beam.AddText(t, "detector_name", nil, "Group of the detector in entry1/instrument. Null or not there: the first one that holds data."),
		Motors:     beam.AddMotors(t, 2, motors, "Names of the motors.", "t1_sx", "t1_sy"),
		Multiplier: beam.AddMultiplier(t, motors, 1e-6),
		BasePath:   beam.AddBasePath(t, "./", "Folder that the others lie in. Null: the first folder that holds raw, from that of the recipe upwards."),
		DataFile:   beam.AddPattern(t, "data_file_pattern", "%(base_path)sraw/%(scan_number)05d.nxs", "File of the frames and motors."),
		DarkFile:   beam.AddPattern(t, "dark_file_pattern", "%(base_path)sraw/%(dark_number)05d.nxs", "File of the darks."),
		FlatFile:   beam.AddPattern(t, "flat_file_pattern", "%(base_path)sraw/%(flat_number)05d.nxs", "File of the flats."),
		Mask:       beam.AddMask(t),
	}
}

// FFPTree is the parameter tree of I13ScanFFP.
var FFPTree = recipes.NewTree("I13ScanFFP", "Far-field frames and motors of one NeXus file of Diamond I13.")

// NFPTree is the parameter tree of I13ScanNFP.
var NFPTree = recipes.NewTree("I13ScanNFP", "Near-field frames and motors of one NeXus file of Diamond I13.")

var ffp = func() keys {
	t := FFPTree
	t.SetDefault(recipes.AutoCenter, false)
	t.SetDefault(recipes.Orientation, []any{false, false, false})
	k := declare(t, 3)
	for _, unused := range []param.Key{k.Dark, k.Flat, k.DarkFile, k.FlatFile} {
		t.Override(unused, func(s *param.Spec) { s.NoEffect, s.Help = true, "Without effect: the recipe corrects nothing." })
	}
	k.Theta = t.Add(param.Spec{Path: "theta", Forms: param.Float | param.Text, Default: 0.0, Unit: "degrees",
		Help: "With three motors: the angle, as a number, or as the dataset in the data file that holds it."})
	return k
}()

// The parameters of I13ScanNFP.
var (
	nfp = func() keys {
		k := declare(NFPTree, 2)
		k.Theta = NFPTree.Add(param.Spec{Path: "theta", Forms: param.Float, Default: 0.0, Unit: "degrees", Help: "The second motor counts times the cosine of this angle."})
		return k
	}()
	near      = nearfield.Declare(NFPTree, 3)
	Oct14     = beam.AddFlag(NFPTree, "correct_positions_Oct14", "Turns the positions about their mean by the misalignment of the stage in October 2014.")
	MaxPoints = NFPTree.Add(param.Spec{Path: "max_scan_points", Forms: param.Int, Default: 100000, Min: param.At(1), Help: "Most positions that are taken, counted from the first."})
)
