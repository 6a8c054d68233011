// Package nanomax holds the recipes of the NanoMAX beamline at MAX IV: step scans of 2018 and
// 2019, fly scans of 2019, and the Contrast acquisition system.
package nanomax

import (
	"ptyprep/internal/recipes"
	"ptyprep/internal/scan/param"
)

// common are the parameters that all classes share. What differs (default motors, detector, and
// whether there may be several scans) is declared by tree.
var common = param.New("Nanomax", "Parameters of all NanoMAX recipes.", recipes.Base)

// Keys of the shared parameters.
var (
	Path = common.Add(param.Spec{
		Path: "path", Forms: param.Path | param.Null,
		Help: "Folder of the raw data.",
	})
	ScanNumber = common.Add(param.Spec{
		Path: "scanNumber", Forms: param.Int | param.Null, Min: param.At(0),
		Help: "Number of the scan.",
	})
	XMotor        = common.Add(param.Spec{Path: "xMotor", Forms: param.Text, Default: "samx", Help: "Dataset of the horizontal motor, in micrometres."})
	YMotor        = common.Add(param.Spec{Path: "yMotor", Forms: param.Text, Default: "samy", Help: "Dataset of the vertical motor, in micrometres."})
	XMotorFlipped = common.Add(param.Spec{Path: "xMotorFlipped", Forms: param.Bool, Default: false, Help: "The horizontal motor runs the other way."})
	YMotorFlipped = common.Add(param.Spec{Path: "yMotorFlipped", Forms: param.Bool, Default: false, Help: "The vertical motor runs the other way."})
	XMotorAngle   = common.Add(param.Spec{Path: "xMotorAngle", Forms: param.Float, Default: 0.0, Unit: "degrees", Help: "Angle between the horizontal motor and the sample plane; its cosine shortens the positions."})
	YMotorAngle   = common.Add(param.Spec{Path: "yMotorAngle", Forms: param.Float, Default: 0.0, Unit: "degrees", Help: "Angle between the vertical motor and the sample plane."})
	Detector      = common.Add(param.Spec{Path: "detector", Forms: param.Text, Default: "pil100k", Help: "Name of the detector."})
	MaskFile      = common.Add(param.Spec{Path: "maskfile", Forms: param.Path | param.Null, Help: "HDF5 file with a dataset mask: a pixel is valid where it is above 0."})
	I0            = common.Add(param.Spec{
		Path: "I0", Forms: param.Text | param.Null,
		Help: "Monitor that frames are divided by, as a path below the measurement group, with one value for each position. " +
			"Values are divided by the mean over the frames that are prepared.",
	})
)

// Keys of the fly scans.
var (
	lines     = param.New("NanomaxFly", "Parameters of the fly scans.", recipes.Base)
	FirstLine = lines.Add(param.Spec{Path: "firstLine", Forms: param.Int, Default: 0, Min: param.At(0), Help: "First line of the scan to use, counted from 0."})
	MaxLines  = lines.Add(param.Spec{Path: "nMaxLines", Forms: param.Int, Default: 0, Min: param.At(0), Help: "Most lines to use, from firstLine on. 0: all the rest."})
)

// tree declares one class.
func tree(name, summary, xMotor, yMotor, detector string, parents ...*param.Tree) *param.Tree {
	t := recipes.NewTree(name, summary, append([]*param.Tree{common}, parents...)...)
	t.SetDefault(XMotor, xMotor)
	t.SetDefault(YMotor, yMotor)
	t.SetDefault(Detector, detector)
	return t
}

// The trees.
var (
	stepNov2018 = func() *param.Tree {
		t := tree("NanomaxStepscanNov2018", "NanoMAX step scans of November 2018.", "samx", "samy", "pil100k")
		t.Override(ScanNumber, func(s *param.Spec) {
			s.Forms |= param.List
			s.Elem, s.MinLen = &param.Spec{Forms: param.Int}, 1
			s.Help = "Number of the scan, or a list: these scans are joined, one after the other."
		})
		return t
	}()
	flyMay2019  = tree("NanomaxFlyscanMay2019", "NanoMAX fly scans of May 2019.", "samx", "samy", "pil100k", lines)
	stepSep2019 = tree("NanomaxStepscanSep2019", "NanoMAX step scans of September 2019.", "sx", "sy", "pilatus")
	flyDec2019  = tree("NanomaxFlyscanDec2019", "NanoMAX fly scans of December 2019.", "samx", "samy", "pil100k", lines)
	contrast    = tree("NanomaxContrast", "NanoMAX scans recorded with the Contrast system.", "sx", "sy", "pilatus")
)

const positionsDoc = `Positions, from motors in micrometres (the sign is -1 for a flipped motor):

    c0 (rows)    = -y * sign_y * cos(yMotorAngle) * 1e-6
    c1 (columns) = -x * sign_x * cos(xMotorAngle) * 1e-6

`

// The recipes.
var (
	StepscanNov2018 = recipes.Spec{Name: stepNov2018.Name, Tree: stepNov2018, Summary: stepNov2018.Summary, Open: recipes.OpenFunc(openNov2018), Doc: `Motors: ` +
		"`<path>/<last folder of path>.h5`, `entry<n>/measurement/<motor>`. Frames: `<path>/scan_<n>_<detector>_0000.hdf5`, " +
		"`entry_<frame>/measurement/Pilatus/data` (Merlin for the detector merlin), counted from 0 in each scan.\n\n" + positionsDoc +
		"Pixels of the first frame that hold -2 are masked, those that maskfile masks too. With I0 frames are divided by the monitor (float64)."}
	FlyscanMay2019 = recipes.Spec{Name: flyMay2019.Name, Tree: flyMay2019, Summary: flyMay2019.Summary, Open: recipes.OpenFunc(openMay2019), Doc: `Motors: ` +
		"`<path>/<last folder of path>.h5`, `entry<n>/measurement/<motor>` (lines, buffer). The first 0 of line 0 ends the part of the buffer that was used. " +
		"Frames: `<path>/scan_<n>_<detector>_0000.hdf5`, `entry_<line>/measurement/Pilatus/data`.\n\n" + positionsDoc +
		"Pixels of the first frame used that hold -2 are masked. With I0 frames are divided by the monitor and rounded to whole numbers (half to even)."}
	StepscanSep2019 = recipes.Spec{Name: stepSep2019.Name, Tree: stepSep2019, Summary: stepSep2019.Summary, Open: recipes.OpenFunc(openSep2019), Doc: `Motors and frames: ` +
		"`<path>/<n as %06d>.h5`, `entry/measurement/<motor>` and `entry/measurement/<detector>/<frame as %06d>`.\n\n" + positionsDoc +
		"Pixels of the first frame that hold -2 are masked. With I0 frames are divided by the monitor (float64)."}
	FlyscanDec2019 = recipes.Spec{Name: flyDec2019.Name, Tree: flyDec2019, Summary: flyDec2019.Summary, Open: recipes.OpenFunc(openDec2019), Doc: `Motors and frames: ` +
		"`<path>/<n as %06d>.h5`, `entry/measurement/npoint_buff/<motor>` (lines, steps) and `entry/measurement/<detector>/<line as %06d>`.\n\n" + positionsDoc +
		"Pixels of the first frame used that hold -2 are masked. With I0 frames are divided by the monitor and rounded to whole numbers (half to even)."}
	Contrast = recipes.Spec{Name: contrast.Name, Tree: contrast, Summary: contrast.Summary, Open: recipes.OpenFunc(openContrast), Doc: `Motors and frames: ` +
		"`<path>/<n as %06d>.h5`, `entry/measurement/<motor>` and `entry/measurement/<detector>/frames`. The energy is the first value of " +
		"`entry/snapshot/energy` (eV); it goes before the parameter.\n\n" + positionsDoc +
		"Bad pixels are those of the first frame that are below 0 (pilatus) or hold 65535 or 4294967295 (eiger). With I0 frames are divided by the monitor (float64)."}
)
