// Package i08 holds the recipe I08Scan of the soft X-ray microscopy beamline I08 of Diamond, for far
// and near field alike: frames in one NeXus file, the axes in the file of the microscope.
package i08

import (
	"context"
	"errors"
	"time"

	"ptyprep/internal/imgproc"
	"ptyprep/internal/imgproc/pix"
	"ptyprep/internal/recipes"
	"ptyprep/internal/recipes/beam"
	"ptyprep/internal/recipes/h5in"
	"ptyprep/internal/scan"
	"ptyprep/internal/scan/param"
	"ptyprep/internal/scan/problem"
)

// Spec is the recipe. The names I08ScanFFP and I08ScanNFP stand for it too.
var Spec = recipes.Spec{
	Name: "I08Scan", Aliases: []string{"I08ScanFFP", "I08ScanNFP"}, Tree: Tree, Open: recipes.OpenFunc(open),
	Summary: "Diamond I08 (far and near field): frames of the Andor camera on a grid, axes from the file of the microscope.",
	Doc: `Frames are ` + "`entry1/instrument/_andorrastor/data` (n0, n1, rows, columns)" + ` of nxs_file_pattern, axes
` + "`entry1/Counter1/<motor>`" + ` of stxm_file_pattern; the first motor runs fastest. The dark is the median over the frames of the dark
scan, or dark_value; frames become (raw - dark)/flat, and 0 where that is negative. That is float32, or float64 where the dark has
more digits.`,
}

// Tree is the parameter tree of I08Scan.
var Tree = func() *param.Tree {
	t := recipes.NewTree("I08Scan", "Frames of the Andor camera of Diamond I08 on a grid.")
	t.SetDefault(recipes.AutoCenter, false)
	return t
}()

// Keys of the tree.
var (
	BasePath   = beam.AddBasePath(Tree, nil, "Folder that the others lie in. Null: the first folder that holds raw, from that of the recipe upwards.")
	ScanNumber = beam.AddText(Tree, "scan_number", nil, "Number of the scan in the name of the NeXus file.")
	_          = beam.AddText(Tree, "scan_number_stxm", nil, "Number of the scan in the name of the microscope's file.")
	DarkNumber = beam.AddText(Tree, "dark_number", nil, "Number of the scan that holds the darks. Null: dark_value.")
	_          = beam.AddIgnored(Tree, "dark_number_stxm", param.Text|param.Null, nil, "darks need no positions")
	Date       = beam.AddText(Tree, "date", nil, "Date of the scan, YYYY-MM-DD, in the name of the microscope's file.")
	DarkValue  = Tree.Add(param.Spec{Path: "dark_value", Forms: param.Float, Default: 200.0, Unit: "counts", Help: "Dark of all pixels where there is no dark scan."})
	DetFlat    = beam.AddFile(Tree, "detector_flat_file", nil, "HDF5 file with the dataset `flat`, as large as a frame. Null: no division.")
	NxsFile    = beam.AddPattern(Tree, "nxs_file_pattern", "%(base_path)s/nexus/i08-%(scan_number)s.nxs", "File of the frames.")
	DarkFile   = beam.AddPattern(Tree, "dark_nxs_file_pattern", "%(base_path)s/nexus/i08-%(dark_number)s.nxs", "File of the darks.")
	StxmFile   = beam.AddPattern(Tree, "stxm_file_pattern", "%(base_path)s/%(date)s/discard/Sample_Image_%(date)s_%(scan_number_stxm)s.hdf5", "File of the microscope, with the axes.")
	_          = beam.AddIgnored(Tree, "data", param.Text|param.Null, nil, "frames have a fixed place")
	Motors     = beam.AddMotors(Tree, 2, 2, "Names of the axes for rows and columns.", "sample_y", "sample_x")
	Multiplier = beam.AddMultiplier(Tree, 2, 1e-6)
)

func init() {
	Tree.Rule(func(v *param.Values) problem.List {
		if _, err := time.Parse(time.DateOnly, v.Text(Date)); err != nil && !v.IsNull(Date) {
			return problem.List{v.Problem(Date, "is %q, expected a day as YYYY-MM-DD, such as 2016-03-04", v.Text(Date))}
		}
		return nil
	})
}

const frames = "entry1/instrument/_andorrastor/data"

type session struct {
	ctx   context.Context
	env   *recipes.Env
	v     *param.Values
	set   *scan.Settings
	files *h5in.Files
	base  beam.Var
	src   *beam.Scan
}

func open(ctx context.Context, env *recipes.Env, v *param.Values) (*recipes.Opened, error) {
	s := &session{ctx: ctx, env: env, v: v, set: recipes.Settings(v), files: h5in.New(env, v)}
	s.src = &beam.Scan{Output: s.set.Output}
	s.src.Closers = append(s.src.Closers, s.files)
	base, err := beam.BasePath(v, BasePath, "raw", "")
	if err == nil {
		s.base = beam.Var{Name: "base_path", Value: base, Resolved: true}
		if err = s.frames(); err == nil {
			err = s.corrections()
		}
	}
	if err != nil {
		return nil, errors.Join(err, s.src.Close())
	}
	return &recipes.Opened{Source: s.src, Settings: s.set, DefaultOutput: beam.DefaultOutput(v, v.Text(ScanNumber))}, nil
}

// frames opens the grid of frames and its axes.
func (s *session) frames() error {
	file, err := beam.Expand(s.v, NxsFile, s.base)
	if err != nil {
		return err
	}
	where := s.v.Where(NxsFile)
	st, err := s.files.Frames([]string{file}, []string{frames}, where, where, h5in.IsFrames)
	if err != nil {
		return err
	}
	if len(st.Leading) != 2 {
		st.Close()
		return problem.Inputf("%s: %s:%s has shape %s, expected 4 dimensions: two axes, rows, columns", where, file, frames, h5in.Shape(st.Shape()))
	}
	n0, n1 := st.Leading[0], st.Leading[1]
	s.src.Frames = n0 * n1
	if beam.Theory(s.v) {
		s.src.Frames, _ = beam.Counted(s.set.NumFrames, s.src.Frames, -1)
	} else if err := s.axes(n0, n1); err != nil {
		st.Close()
		return err
	}
	// Frame i of the scan: the first axis runs fastest.
	return s.src.FromStack(st, where, func(i int) int { return i%n0*n1 + i/n0 }, imgproc.Rect{})
}

// axes reads the axes and decides which frames are prepared.
func (s *session) axes(n0, n1 int) error {
	file, err := beam.Expand(s.v, StxmFile, s.base)
	if err != nil {
		return err
	}
	m, err := beam.Multipliers(s.v, Multiplier, 2)
	if err != nil {
		return err
	}
	var axis [2][]float64
	for i, name := range s.v.Texts(Motors) {
		a, err := s.files.Array(file, "entry1/Counter1/"+name, s.v.Where(StxmFile))
		if err != nil {
			return err
		}
		axis[i] = a.Data
	}
	if len(axis[0]) != n0 {
		return s.v.InputProblem(StxmFile, "axis %s of %s has %d values, expected %d like the frames' first dimension (%d x %d frames)", s.v.Texts(Motors)[0], file, len(axis[0]), n0, n0, n1)
	}
	s.src.Frames, s.src.LeftOut = beam.Counted(s.set.NumFrames, n0*n1, n0*len(axis[1]))
	for i := range s.src.Frames {
		s.src.Positions = append(s.src.Positions, [2]float64{axis[0][i%n0] * m[0], axis[1][i/n0] * m[1]})
	}
	return nil
}

// corrections sets up (raw - dark)/flat.
func (s *session) corrections() error {
	dark, err := s.dark()
	if err != nil {
		return err
	}
	step := beam.NewDarkFlat(dark, nil)
	if s.v.IsNull(DetFlat) {
		s.src.AddDarkFlat(s.env, step, "")
		return nil
	}
	flat, err := beam.HDF5Image(s.files, s.v.Path(DetFlat), "flat", s.v.Where(DetFlat), s.src.Rows, s.src.Cols)
	if err != nil {
		return err
	}
	step.KeepNegative = true // the sign is judged after the division
	s.src.AddDarkFlat(s.env, step, "")
	s.src.AddDarkFlat(s.env, beam.NewDarkFlat(nil, flat), "the flat")
	return nil
}

// dark is the median of the dark scan, or dark_value.
func (s *session) dark() (*pix.Image, error) {
	by, ok := beam.Asked(s.v, DarkNumber, DarkFile)
	if !ok {
		return beam.Constant(s.v.Float(DarkValue), s.src.Rows, s.src.Cols), nil
	}
	file, err := beam.Expand(s.v, DarkFile, s.base)
	if err != nil {
		return nil, err
	}
	where := s.v.Where(by)
	st, err := s.files.Frames([]string{file}, []string{frames}, where, where, h5in.HasFrames(s.src.Rows, s.src.Cols))
	if err != nil {
		return nil, err
	}
	defer st.Close()
	if st.Rows != s.src.Rows || st.Cols != s.src.Cols {
		return nil, problem.Inputf("%s: %s:%s has frames of %d x %d pixels (rows x columns), expected %d x %d like the scan", where, file, frames, st.Rows, st.Cols, s.src.Rows, s.src.Cols)
	}
	dark, err := beam.StackMedian(s.ctx, st, where)
	if err == nil && !single(pix.Pixels[float64](dark)) {
		s.src.Work = pix.Float64
	}
	return dark, err
}

// single reports whether all values are float32 numbers, as medians of counts are. Little is left of
// others, such as means that the camera wrote, when they are rounded and subtracted from counts
// that are hardly above them.
func single(p []float64) bool {
	for _, v := range p {
		if float64(float32(v)) != v {
			return false
		}
	}
	return true
}
