// Package optiklab holds the recipe FliSpecScanMultexp of the optics laboratories of UCL and TUM:
// an FLI camera that takes several exposures at each point of a scan that SPEC logs.
package optiklab

import (
	"ptyprep/internal/recipes"
	"ptyprep/internal/recipes/beam"
	"ptyprep/internal/scan/param"
)

// Spec is the recipe.
var Spec = recipes.Spec{
	Name: "FliSpecScanMultexp", Tree: Tree, Open: recipes.OpenFunc(open),
	Summary: "UCL/TUM optics laboratory: exposures of different length of an FLI camera, merged; positions from a SPEC log.",
	Doc: `The number of exposures and their times are those of the darks, ` + "`<dark folder>/ccd*_<frame>_<exposure>.raw`" + `.
Frame j is merged of ` + "`<data folder>/ccd*_<j>_<exposure>.raw`" + `, longest exposure first, each with its dark subtracted: what is
overexposed (hdr_thresholds) is taken from the next shorter one, scaled to the longest time. Pixels that no exposure covers are
masked. A frame that lacks an exposure is left out (exit status 3); the others keep their positions.

Positions are the columns ` + "`samy` and `samx`" + ` (millimetres) of scan ` + "`scan_number`" + ` of the log, the first line of each point. An aborted
scan, or one that is still written, is prepared as far as the log goes (exit status 3).`,
}

// auto is the word for an automatic centre, in this recipe only.
const auto = "auto"

// Tree is the parameter tree of FliSpecScanMultexp.
var Tree = func() *param.Tree {
	t := recipes.NewTree("FliSpecScanMultexp", "Exposures of an FLI camera, merged, with positions from a SPEC log.")
	t.SetDefault(recipes.Orientation, []any{true, true, false})
	t.Override(recipes.Center, func(s *param.Spec) {
		s.Default = auto
		s.Choices = []any{auto, recipes.CenterFFTShift, recipes.CenterGeometric, recipes.CenterFFT}
		s.Help += " auto is the same as null."
	})
	return t
}()

// Keys of the tree.
var (
	BasePath   = beam.AddBasePath(Tree, "/data/CDI/opticslab_sxdm_2013/", "Folder that the others lie in.")
	ScanNumber = Tree.Add(param.Spec{Path: "scan_number", Forms: param.Int, Default: 74, Min: param.At(0), Help: "Number of the scan, in the log and in file names."})
	DarkNumber = Tree.Add(param.Spec{Path: "dark_number", Forms: param.Int, Default: 72, Min: param.At(0), Help: "Number of the scan that holds the darks."})
	ExpString  = Tree.Add(param.Spec{Path: "exp_string", Forms: param.Text, Default: "exp_time",
		Help: "Header field with the exposure time: exp_time, exp_time_theory or exp_time_measured."})
	Thresholds = Tree.Add(param.Spec{Path: "hdr_thresholds", Forms: param.List, Elem: &param.Spec{Forms: param.Float}, MinLen: 2, MaxLen: 2,
		Names: []string{"noise floor", "overexposure"}, Default: []int{500, 50000}, Unit: "counts", Help: "Counts above which a pixel is signal, and below which it is not overexposed."})
	Optics   = beam.AddOptics(Tree, 650e-9, 0.158)
	PSizeDet = Tree.Add(param.Spec{Path: "psize_det", Forms: param.Float | param.List | param.Null, Default: 24e-6, Unit: "m", Min: param.At(0), MinLen: 2, MaxLen: 2,
		Help: "Size of a detector pixel. A psize that the recipe gives goes before it."})
	ScanDir = Tree.Add(param.Spec{Path: "scan_dir", Forms: param.Text, Default: "ccdfli/S00000-00999/", Help: "Folder of the scans below base_path."})
	LogFile = beam.AddPattern(Tree, "log_file_pattern", "%(base_path)sspec/dat-files/spec_started_2013_11_21_1659.dat", "The SPEC log.")
	DataDir = beam.AddPattern(Tree, "data_dir_pattern", "%(base_path)s%(scan_dir)sS%(scan_number)05d/", "Folder of the frames.")
	DarkDir = beam.AddPattern(Tree, "dark_dir_pattern", "%(base_path)s%(scan_dir)sS%(dark_number)05d/", "Folder of the darks.")
)
