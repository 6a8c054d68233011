// Package fermi holds the recipe DiProIFERMIScan of the end station DiProI of the free-electron
// laser FERMI: one HDF5 file for each shot.
package fermi

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"

	"ptyprep/internal/formats/h5frames"
	"ptyprep/internal/imgproc"
	"ptyprep/internal/imgproc/pix"
	"ptyprep/internal/recipes"
	"ptyprep/internal/recipes/beam"
	"ptyprep/internal/recipes/h5in"
	"ptyprep/internal/scan"
	"ptyprep/internal/scan/param"
	"ptyprep/internal/scan/problem"
)

// Spec is the recipe.
var Spec = recipes.Spec{
	Name: "DiProIFERMIScan", Tree: Tree, Open: recipes.OpenFunc(open),
	Summary: "FERMI DiProI: one HDF5 file for each shot, with its position.",
	Doc: `Frames are all files of the folder h5_file_pattern in the order of their names (those that begin with a dot left out):
` + "`image/ccd1`, `DPI/SampleX` (rows) and `DPI/SampleY`" + ` (columns). Refined positions are ` + "`data/probe_positions` (2, N)" + ` of
Fermi_reconstruction.h5, in metres. The dark is the mean of the files Dark* of the dark folder, or dark_value.`,
}

// Tree is the parameter tree of DiProIFERMIScan.
var Tree = func() *param.Tree {
	t := recipes.NewTree("DiProIFERMIScan", "Shots of FERMI DiProI, one HDF5 file each.")
	t.SetDefault(recipes.AutoCenter, false)
	return t
}()

// Keys of the tree.
var (
	BasePath   = beam.AddBasePath(Tree, nil, "Folder that the others lie in. It must be given.")
	ScanName   = beam.AddText(Tree, "scan_name", nil, "Name of the scan, e.g. Cycle001.")
	DarkName   = beam.AddText(Tree, "dark_name", nil, "Folder of the darks, e.g. Dark. Null: dark_value.")
	RunID      = beam.AddText(Tree, "run_ID", nil, "Name of the run, e.g. Scan018.")
	DarkValue  = Tree.Add(param.Spec{Path: "dark_value", Forms: param.Float, Default: 200.0, Unit: "counts", Help: "Dark of all pixels where there is no dark_name."})
	DetFlat    = beam.AddFile(Tree, "detector_flat_file", nil, "HDF5 file with the dataset `flat`, as large as a frame, for flat_division.")
	DataDir    = beam.AddPattern(Tree, "h5_file_pattern", "%(base_path)s/imported/%(run_ID)s/%(scan_name)s/rawdata/", "Folder of the frames.")
	DarkDir    = beam.AddPattern(Tree, "dark_h5_file_pattern", "%(base_path)s/imported/%(run_ID)s/%(dark_name)s/rawdata/", "Folder of the darks.")
	_          = beam.AddIgnored(Tree, "date", param.Text|param.Null, nil, "run_ID names the input")
	_          = Tree.Add(param.Spec{Path: "motors", Forms: param.List, Elem: &param.Spec{Forms: param.Text}, Default: []string{"sample_x", "sample_y"}, NoEffect: true, Help: "Accepted for old recipes, without effect: positions have fixed names."})
	Multiplier = beam.AddMultiplier(Tree, 2, 1e-3)
	Mask       = beam.AddMask(Tree)
	UseRefined = beam.AddFlag(Tree, "use_refined_positions", "Takes the positions of an earlier reconstruction.")
	RefinedDir = beam.AddPattern(Tree, "refined_positions_pattern", "%(base_path)s/imported/%(run_ID)s/%(scan_name)s/", "Folder of Fermi_reconstruction.h5.")
	Flat       = beam.AddFlag(Tree, "flat_division", "Divides by the flat, less the dark where that is subtracted.")
	Dark       = beam.AddFlag(Tree, "dark_subtraction", "Subtracts the dark.")
)

const image = "image/ccd1"

type session struct {
	ctx   context.Context
	env   *recipes.Env
	v     *param.Values
	set   *scan.Settings
	base  beam.Var
	files []string
	src   *beam.Scan
}

func open(ctx context.Context, env *recipes.Env, v *param.Values) (*recipes.Opened, error) {
	if err := beam.Required(v, BasePath); err != nil {
		return nil, err
	}
	s := &session{ctx: ctx, env: env, v: v, set: recipes.Settings(v)}
	s.src = &beam.Scan{Output: s.set.Output}
	s.base = beam.Var{Name: "base_path", Value: beam.Slash(v.Path(BasePath)), Resolved: true}
	for _, step := range []func() error{s.frames, s.refined, s.corrections} {
		if err := step(); err != nil {
			return nil, err
		}
	}
	id := strings.Trim(v.Text(RunID)+"_"+v.Text(ScanName), "_")
	return &recipes.Opened{Source: s.src, Settings: s.set, DefaultOutput: beam.DefaultOutput(v, id)}, nil
}

// folder lists the files of the folder that a pattern names, by their beginning.
func (s *session) folder(k param.Key, prefix string) ([]string, error) {
	dir, err := beam.Expand(s.v, k, s.base)
	if err != nil {
		return nil, err
	}
	all, err := beam.Match(s.v.Where(k), beam.Slash(dir), prefix+"*")
	if err != nil {
		return nil, err
	}
	out := all[:0]
	for _, f := range all {
		if !strings.HasPrefix(filepath.Base(f), ".") {
			out = append(out, f)
		}
	}
	if len(out) == 0 {
		return nil, beam.NoFrames(s.v, k, beam.Slash(dir)+prefix+"*")
	}
	return out, nil
}

// look reads size, type and position of a shot.
func (s *session) look(file string, position bool) (h beam.Head, at [2]float64, err error) {
	where := s.v.Where(DataDir)
	files := h5in.New(s.env, s.v)
	defer files.Close()
	st, err := files.Frames([]string{file}, []string{image}, where, where, nil)
	if err != nil {
		return h, at, err
	}
	defer st.Close()
	h = beam.Head{Type: st.Type, Rows: st.Rows, Cols: st.Cols}
	if st.Frames() != 1 {
		return h, at, problem.Inputf("%s: %s:%s has shape %s, expected one frame", where, file, image, h5in.Shape(st.Shape()))
	}
	for i, name := range []string{"DPI/SampleX", "DPI/SampleY"} {
		if !position {
			break
		}
		a, err := files.Array(file, name, where)
		if err != nil {
			return h, at, err
		}
		if len(a.Data) != 1 {
			return h, at, problem.Inputf("%s: %s has shape %s, expected one number", where, a.Name, h5in.Shape(a.Shape))
		}
		at[i] = a.Data[0]
	}
	return h, at, nil
}

func (s *session) frames() (err error) {
	if s.files, err = s.folder(DataDir, ""); err != nil {
		return err
	}
	s.files = s.files[:s.set.Wanted(len(s.files))]
	src, files := s.src, s.files
	src.Frames = len(files)
	m, err := beam.Multipliers(s.v, Multiplier, 2)
	if err != nil {
		return err
	}
	recorded := !beam.Theory(s.v) && !s.v.Bool(UseRefined)
	positions := make([][2]float64, len(files))
	err = src.Heads(s.ctx, s.env, s.v, DataDir, len(files), func(k int) string { return files[k] }, func(k int) (beam.Head, error) {
		h, at, err := s.look(files[k], recorded)
		positions[k] = [2]float64{at[0] * m[0], at[1] * m[1]}
		return h, err
	})
	if err != nil {
		return err
	}
	if recorded {
		src.Positions = positions
	}
	env, v, where := s.env, s.v, s.v.Where(DataDir)
	src.ReadsWindows = true
	src.Read = func(_ context.Context, sl *beam.Slot) error {
		return beam.ReadFileFrame(env, v, where, files[sl.Index], image, 0, sl.Window, sl.Frame.Pix, beam.ScratchOf(sl))
	}
	return nil
}

// refined reads the positions of an earlier reconstruction.
func (s *session) refined() error {
	if beam.Theory(s.v) || !s.v.Bool(UseRefined) {
		return nil
	}
	dir, err := beam.Expand(s.v, RefinedDir, s.base)
	if err != nil {
		return err
	}
	files := h5in.New(s.env, s.v)
	defer files.Close()
	a, err := files.Array(beam.Slash(dir)+"Fermi_reconstruction.h5", "data/probe_positions", s.v.Where(RefinedDir))
	if err != nil {
		return err
	}
	if len(a.Shape) != 2 || a.Shape[0] != 2 {
		return s.v.InputProblem(RefinedDir, "%s has shape %s, expected 2 x N", a.Name, h5in.Shape(a.Shape))
	}
	n := a.Shape[1]
	s.src.Positions = make([][2]float64, n)
	for i := range n {
		s.src.Positions[i] = [2]float64{a.Data[i], a.Data[n+i]}
	}
	s.src.Frames, s.src.LeftOut = beam.Counted(s.set.NumFrames, len(s.files), n)
	return nil
}

// corrections reads mask, dark and flat.
func (s *session) corrections() (err error) {
	files := h5in.New(s.env, s.v)
	defer files.Close()
	src := s.src
	if src.Valid, err = beam.HDF5Mask(files, s.v, Mask, "mask", src.Rows, src.Cols); err != nil {
		return err
	}
	src.HasMask = src.Valid != nil
	var dark, flat *pix.Image
	if s.v.Bool(Dark) {
		if dark, err = s.dark(); err != nil {
			return err
		}
	}
	switch {
	case s.v.Bool(Flat) && s.v.IsNull(DetFlat):
		s.env.Log.Warn(fmt.Sprintf("%s: no detector_flat_file is given; the frames are not divided", s.v.Where(Flat)))
	case s.v.Bool(Flat):
		if flat, err = beam.HDF5Image(files, s.v.Path(DetFlat), "flat", s.v.Where(DetFlat), src.Rows, src.Cols); err != nil {
			return err
		}
	}
	src.Calibrate(s.env, dark, flat)
	return nil
}

// dark is the mean of the dark folder, or dark_value.
func (s *session) dark() (*pix.Image, error) {
	if s.v.IsNull(DarkName) {
		return beam.Constant(s.v.Float(DarkValue), s.src.Rows, s.src.Cols), nil
	}
	list, err := s.folder(DarkDir, "Dark")
	if err != nil {
		return nil, err
	}
	where := s.v.Where(DarkName)
	m, err := beam.MeanOf(s.ctx, pix.Float32, len(list), func(i int, im *pix.Image) error {
		h, _, err := s.look(list[i], false)
		if err != nil {
			return err
		}
		if h.Rows != s.src.Rows || h.Cols != s.src.Cols {
			return problem.Inputf("%s: %s has %d x %d pixels (rows x columns), expected %d x %d like the frames", where, list[i], h.Rows, h.Cols, s.src.Rows, s.src.Cols)
		}
		var sc h5frames.Scratch
		defer sc.Close()
		return beam.ReadFileFrame(s.env, s.v, where, list[i], image, 0, imgproc.Whole(h.Rows, h.Cols), im, &sc)
	})
	if err != nil {
		return nil, err
	}
	return m.Image(), nil
}
