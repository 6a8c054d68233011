package i13

import (
	"context"
	"errors"
	"fmt"
	"math"
	"path/filepath"
	"strconv"
	"strings"

	"ptyprep/internal/formats/h5"
	"ptyprep/internal/formats/h5frames"
	"ptyprep/internal/imgproc"
	"ptyprep/internal/recipes"
	"ptyprep/internal/recipes/beam"
	"ptyprep/internal/recipes/h5in"
	"ptyprep/internal/scan"
	"ptyprep/internal/scan/param"
	"ptyprep/internal/scan/problem"
)

const instrument = "entry1/instrument"

// session is what opening either recipe needs to know.
type session struct {
	keys
	ctx      context.Context
	env      *recipes.Env
	v        *param.Values
	set      *scan.Settings
	files    *h5in.Files
	file     string // of the frames
	where    string
	base     beam.Var
	detector string // group
	src      *beam.Scan
}

func begin(ctx context.Context, env *recipes.Env, v *param.Values, k keys) (s *session, err error) {
	s = &session{keys: k, ctx: ctx, env: env, v: v, set: recipes.Settings(v), files: h5in.New(env, v), where: v.Where(k.DataFile)}
	base, err := beam.BasePath(v, k.BasePath, "raw", "")
	if err != nil {
		return nil, err
	}
	s.base = beam.Var{Name: "base_path", Value: base, Resolved: true}
	if s.file, err = beam.Expand(v, k.DataFile, s.base); err != nil {
		return nil, err
	}
	if s.detector, err = beam.Detector(env, s.files, v, k.Detector, s.file, s.where, instrument); err != nil {
		return nil, errors.Join(err, s.files.Close())
	}
	s.src = &beam.Scan{Output: s.set.Output}
	s.src.Closers = append(s.src.Closers, s.files)
	s.experiment(base)
	return s, nil
}

// experiment tells which experiment the data are of: as recorded, else the last folder of
// base_path. That folder goes into the file only when the recipe names it: what lies above the
// recipe is no part of the scan.
func (s *session) experiment(base string) {
	if !s.v.IsNull(recipes.ExperimentID) {
		return
	}
	id := s.recordedExperiment()
	s.src.Recorded.Experiment = id
	if id == "" {
		id = filepath.Base(filepath.Clean(base))
		if written := filepath.Base(filepath.Clean(s.v.Text(s.BasePath))); !s.v.IsNull(s.BasePath) && written == id && id != "." && id != ".." {
			s.src.Recorded.Experiment = id
		}
	}
	s.env.Log.Info("experiment: " + id)
}

// recordedExperiment is the first text of entry1/experiment_identifier; empty: there is none.
func (s *session) recordedExperiment() string {
	f, err := s.files.Open(s.file, s.where)
	if err != nil {
		return ""
	}
	d, err := f.Dataset("entry1/experiment_identifier")
	if err != nil {
		return ""
	}
	defer d.Close()
	t, err := d.Strings()
	if err != nil || len(t) == 0 {
		return ""
	}
	return strings.TrimSpace(t[0])
}

// stack opens the frames of a file.
func (s *session) stack(file, where string) (*h5frames.Stack, error) {
	return s.files.Frames([]string{file}, []string{s.detector + "/data"}, where, where, h5in.IsFrames)
}

// motorGroup finds the group of the motors; "" without one.
func (s *session) motorGroup() (string, error) {
	f, err := s.files.Open(s.file, s.where)
	if err != nil {
		return "", err
	}
	for _, g := range []string{"t1_sxy", "t1_sxyz"} {
		if k, err := f.Kind(instrument + "/" + g); err == nil && k == h5.Group {
			return instrument + "/" + g, nil
		}
	}
	return "", nil
}

func (s *session) noMotors() *problem.Error {
	return s.v.InputProblem(s.Motors, "%s has neither %s/t1_sxy nor %s/t1_sxyz with the motors", s.file, instrument, instrument)
}

// motors reads the motors' positions in metres; all have one length.
func (s *session) motors(group string) ([][]float64, error) {
	names := s.v.Texts(s.Motors)
	m, err := beam.Multipliers(s.v, s.Multiplier, len(names))
	if err != nil {
		return nil, err
	}
	out := make([][]float64, len(names))
	for i, n := range names {
		a, err := s.files.Array(s.file, group+"/"+n, s.v.Where(s.Motors))
		if err != nil {
			return nil, err
		}
		if len(a.Data) != len(out[0]) && i > 0 {
			return nil, s.v.InputProblem(s.Motors, "%s has %d values, and %s/%s has %d", a.Name, len(a.Data), group, names[0], len(out[0]))
		}
		for j := range a.Data {
			a.Data[j] *= m[i]
		}
		out[i] = a.Data
	}
	return out, nil
}

func (s *session) opened() (*recipes.Opened, error) {
	return &recipes.Opened{Source: s.src, Settings: s.set, DefaultOutput: beam.DefaultOutput(s.v, s.v.Text(s.Scan))}, nil
}

// fail closes what was opened.
func (s *session) fail(err error) (*recipes.Opened, error) {
	return nil, errors.Join(err, s.src.Close())
}

func openFFP(ctx context.Context, env *recipes.Env, v *param.Values) (*recipes.Opened, error) {
	s, err := begin(ctx, env, v, ffp)
	if err != nil {
		return nil, err
	}
	if err := s.farField(); err != nil {
		return s.fail(err)
	}
	return s.opened()
}

func (s *session) farField() error {
	st, err := s.stack(s.file, s.where)
	if err != nil {
		return err
	}
	points := -1
	if !beam.Theory(s.v) {
		if s.src.Positions, err = s.farFieldPositions(); err != nil {
			return errors.Join(err, st.Close())
		}
		points = len(s.src.Positions)
	}
	s.src.Frames, s.src.LeftOut = beam.Counted(s.set.NumFrames, st.Frames(), points)
	if err := s.src.FromStack(st, s.where, nil, imgproc.Rect{}); err != nil {
		return err
	}
	s.src.Valid, err = beam.HDF5Mask(s.files, s.v, s.Mask, "mask", st.Rows, st.Cols)
	s.src.HasMask = s.src.Valid != nil
	return err
}

func (s *session) farFieldPositions() ([][2]float64, error) {
	group, err := s.motorGroup()
	if err != nil {
		return nil, err
	}
	if group == "" {
		return nil, s.noMotors()
	}
	p, err := s.motors(group)
	if err != nil {
		return nil, err
	}
	out := make([][2]float64, len(p[0]))
	if len(p) == 2 {
		for i := range out {
			out[i] = [2]float64{p[0][i], p[1][i]}
		}
		return out, nil
	}
	theta, err := s.theta()
	if err != nil {
		return nil, err
	}
	sin, cos := math.Sincos(theta * math.Pi / 180)
	for i := range out {
		out[i] = [2]float64{cos*p[0][i] - sin*p[2][i], p[1][i]}
	}
	return out, nil
}

// theta is the angle in degrees: a number, or the dataset that the parameter names.
func (s *session) theta() (float64, error) {
	x := s.v.Get(s.Theta)
	if x.Kind != param.Text {
		return x.Float, nil
	}
	if deg, err := strconv.ParseFloat(x.Text, 64); err == nil { // in quotes
		return deg, nil
	}
	a, err := s.files.Array(s.file, x.Text, s.v.Where(s.Theta))
	if err != nil {
		return 0, err
	}
	if len(a.Data) == 0 {
		return 0, s.v.InputProblem(s.Theta, "%s is empty", a.Name)
	}
	return a.Data[0], nil
}

func openNFP(ctx context.Context, env *recipes.Env, v *param.Values) (*recipes.Opened, error) {
	s, err := begin(ctx, env, v, nfp)
	if err != nil {
		return nil, err
	}
	if err := s.nearField(); err != nil {
		return s.fail(err)
	}
	return s.opened()
}

func (s *session) nearField() error {
	st, err := s.stack(s.file, s.where)
	if err != nil {
		return err
	}
	f, err := near.Open(s.files, s.v, st.Rows, st.Cols)
	if err != nil {
		return errors.Join(err, st.Close())
	}
	frames := st.Frames()
	if !beam.Theory(s.v) {
		if s.src.Positions, err = s.nearFieldPositions(); err != nil {
			return errors.Join(err, st.Close())
		}
		if most := s.v.Int(MaxPoints); frames > most { // asked for: nothing is left out
			frames = most
		}
		if len(s.src.Positions) == 1 && s.emptyProbe() {
			frames = 1
		}
	}
	points := len(s.src.Positions)
	if s.src.Positions == nil {
		points = -1
	}
	s.src.Frames, s.src.LeftOut = beam.Counted(s.set.NumFrames, frames, points)
	if err := s.src.FromStack(st, s.where, nil, f.Cut); err != nil {
		return err
	}
	m, err := beam.HDF5Mask(s.files, s.v, s.Mask, "mask", st.Rows, st.Cols)
	if err != nil {
		return err
	}
	s.src.Valid, s.src.HasMask = f.Mask(m, st.Rows, st.Cols), m != nil
	dark, err := s.mean(s.Dark, s.DarkFile, st, f.Cut)
	if err != nil {
		return err
	}
	flat, err := s.mean(s.Flat, s.FlatFile, st, f.Cut)
	if err != nil {
		return err
	}
	f.SetUp(s.src, s.set, s.env, f.Calibration(dark), f.Calibration(flat))
	return nil
}

// emptyProbe says that there are no motors and that this is meant.
func (s *session) emptyProbe() bool {
	g, err := s.motorGroup()
	return err == nil && g == "" && s.v.Bool(near.UseEP)
}

func (s *session) nearFieldPositions() ([][2]float64, error) {
	group, err := s.motorGroup()
	switch {
	case err != nil:
		return nil, err
	case group == "" && s.v.Bool(near.UseEP):
		return [][2]float64{{0, 0}}, nil
	case group == "":
		return nil, s.noMotors().WithHint("a scan of the beam without a sample is one frame with use_EP: true")
	}
	p, err := s.motors(group)
	if err != nil {
		return nil, err
	}
	n := min(len(p[0]), s.v.Int(MaxPoints))
	cos := math.Cos(s.v.Float(s.Theta) * math.Pi / 180)
	out := make([][2]float64, n)
	for i := range out {
		out[i] = [2]float64{p[0][i], p[1][i] * cos}
	}
	if s.v.Bool(Oct14) {
		turn(out)
	}
	return out, nil
}

// turn turns positions about their mean by the stage's misalignment of October 2014.
func turn(p [][2]float64) {
	const c, d = 0.99987485, 0.01582042
	var mean [2]float64
	for _, x := range p {
		mean[0] += x[0] / float64(len(p))
		mean[1] += x[1] / float64(len(p))
	}
	for i, x := range p {
		a, b := x[0]-mean[0], x[1]-mean[1]
		p[i] = [2]float64{c*a + d*b + mean[0], -d*a + c*b + mean[1]}
	}
}

// mean is that of the cut frames of the file of darks or flats; nil when none is asked for.
func (s *session) mean(number, pattern param.Key, like *h5frames.Stack, cut imgproc.Rect) (*beam.Mean, error) {
	by, ok := beam.Asked(s.v, number, pattern)
	if !ok {
		return nil, nil
	}
	file, err := beam.Expand(s.v, pattern, s.base)
	if err != nil {
		return nil, err
	}
	where := s.v.Where(by)
	st, err := s.stack(file, where)
	if err != nil {
		return nil, err
	}
	defer st.Close()
	if st.Rows != like.Rows || st.Cols != like.Cols {
		return nil, problem.Inputf("%s: %s:%s/data has frames of %d x %d pixels (rows x columns), expected %d x %d like the scan", where, file, s.detector, st.Rows, st.Cols, like.Rows, like.Cols)
	}
	if st.Frames() == 0 {
		return nil, problem.Inputf("%s: %s:%s/data holds no frame", where, file, s.detector)
	}
	m, err := beam.StackMean(s.ctx, st, where, cut)
	if err == nil {
		s.env.Log.Info(fmt.Sprintf("%s: mean of %d frames of %s", by.Path(), m.Count(), file))
	}
	return m, err
}
