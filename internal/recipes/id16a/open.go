package id16a

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"ptyprep/internal/formats/edf"
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

// monitor is the counter that frames are divided by.
const monitor = "bpm5_ct"

// session is what opening needs to know.
type session struct {
	ctx    context.Context
	env    *recipes.Env
	v      *param.Values
	set    *scan.Settings
	folder string
	ext    string // of the frames
	files  []string
	camera camera
	src    *beam.Scan
	heads  []head
}

func open(ctx context.Context, env *recipes.Env, v *param.Values) (*recipes.Opened, error) {
	s := &session{ctx: ctx, env: env, v: v, set: recipes.Settings(v)}
	for _, step := range []func() error{s.findFiles, s.look, s.readMask, s.darkAndFlat, s.detectorFlat, s.undistort, s.padCrop, s.beamMonitor} {
		if err := step(); err != nil {
			return nil, err
		}
	}
	id := v.Text(recipes.Label)
	if id == "" {
		id = v.Text(SampleName)
	}
	return &recipes.Opened{Source: s.src, Settings: s.set, DefaultOutput: beam.DefaultOutput(v, id)}, nil
}

// extension is that of a file name; for packed files with that below it.
func extension(name string) string {
	ext := filepath.Ext(name)
	if strings.EqualFold(ext, ".gz") {
		ext = filepath.Ext(strings.TrimSuffix(name, ext)) + ext
	}
	return ext
}

// frameExtension is that of the frames: the extension of the first of the files. Where that is neither
// EDF nor HDF5, by name and by content (s_0000.bak stands in front of s_0000.edf), the first file that is
// by its name decides.
func frameExtension(all []string) string {
	first := extension(all[0])
	if known(first) {
		return first
	}
	if f, err := edf.Open(all[0]); err == nil {
		f.Close()
		return first
	}
	for _, f := range all {
		if ext := extension(f); known(ext) {
			return ext
		}
	}
	return first
}

// known says that an extension is one of frames.
func known(ext string) bool {
	return slices.Contains([]string{".h5", ".edf", ".edf.gz"}, strings.ToLower(ext))
}

// findFiles lists the frames' files; foreign ones are left out.
func (s *session) findFiles() (err error) {
	if err := beam.Required(s.v, SampleName); err != nil {
		return err
	}
	if s.folder, err = beam.BasePath(s.v, BasePath, "id16a", "id16a"); err != nil {
		return err
	}
	all, err := beam.Match(s.v.Where(SampleName), s.folder, s.v.Text(SampleName)+"*")
	if err != nil {
		return err
	}
	s.ext = frameExtension(all)
	var foreign []string
	for _, f := range all {
		if strings.EqualFold(extension(f), s.ext) {
			s.files = append(s.files, f)
		} else {
			foreign = append(foreign, filepath.Base(f))
		}
	}
	s.files = s.files[:s.set.Wanted(len(s.files))]
	if len(foreign) > 0 {
		s.env.Log.Warn(fmt.Sprintf("%d files match %s* and do not end in %s like the frames; they are left alone: %s", len(foreign), s.v.Text(SampleName), s.ext, beam.Few(foreign)))
	}
	if strings.EqualFold(s.ext, ".h5") {
		s.camera, err = newHDF5Camera(s.env, s.v, s.files[0])
		return err
	}
	s.camera = edfCamera{v: s.v}
	return nil
}

// look reads all heads: sizes, types, positions and monitor.
func (s *session) look() error {
	src := &beam.Scan{Frames: len(s.files), Output: s.set.Output}
	s.src, s.heads = src, make([]head, len(s.files))
	motors := s.v.Texts(Motors)
	if beam.Theory(s.v) {
		motors = nil
	}
	counter := ""
	if s.v.Bool(UseBPM) {
		counter = monitor
	}
	where := s.v.Where(SampleName)
	err := src.Heads(s.ctx, s.env, s.v, SampleName, len(s.files), func(k int) string { return s.files[k] },
		func(k int) (h beam.Head, err error) {
			s.heads[k], err = s.camera.look(where, s.files[k], motors, counter)
			return s.heads[k].Head, err
		})
	if err != nil {
		return err
	}
	s.warnHeads()
	files, heads, camera := s.files, s.heads, s.camera
	src.Read = func(_ context.Context, sl *beam.Slot) error {
		k := sl.Index
		return camera.read(where, files[k], &heads[k], 0, sl.Frame.Pix, beam.ScratchOf(sl))
	}
	if motors == nil {
		return nil
	}
	m, err := beam.Multipliers(s.v, Multiplier, 2)
	if err != nil {
		return err
	}
	src.Positions = make([][2]float64, len(s.files))
	for k, h := range s.heads {
		src.Positions[k] = [2]float64{h.values[0] * m[0], h.values[1] * m[1]}
	}
	return nil
}

// warnHeads tells, in a line each, of what was odd in the files.
func (s *session) warnHeads() {
	var several, odd []string
	for k, h := range s.heads {
		if h.frames > 1 {
			several = append(several, filepath.Base(s.files[k]))
		}
		for _, w := range h.warnings {
			odd = append(odd, filepath.Base(s.files[k])+": "+w)
		}
	}
	if len(several) > 0 {
		s.env.Log.Warn(fmt.Sprintf("%d files hold more than one frame, the first of each is taken: %s", len(several), beam.Few(several)))
	}
	if len(odd) > 0 {
		s.env.Log.Warn(fmt.Sprintf("%d oddities in headers: %s", len(odd), beam.Few(odd)))
	}
}

func (s *session) readMask() error {
	files := h5in.New(s.env, s.v)
	defer files.Close()
	m, err := beam.HDF5Mask(files, s.v, MaskFile, "mask", s.src.Rows, s.src.Cols)
	s.src.Valid, s.src.HasMask = m, m != nil
	return err
}

// darkAndFlat reads the means that are asked for, over all frames of all files.
func (s *session) darkAndFlat() (err error) {
	var dark, flat *pix.Image
	if s.v.Bool(Dark) {
		if dark, err = s.mean(Dark, "dark", "darks"); err != nil {
			return err
		}
	}
	if s.v.Bool(Flat) {
		if flat, err = s.mean(Flat, "ref", "flats"); err != nil {
			return err
		}
	}
	s.src.Calibrate(s.env, dark, flat)
	return nil
}

func (s *session) mean(k param.Key, prefix, what string) (*pix.Image, error) {
	where := s.v.Where(k) + ": " + what
	files, err := beam.Match(where, s.folder, prefix+"*"+s.ext)
	if err != nil {
		return nil, err
	}
	type frame struct {
		file string
		head *head
		n    int
	}
	var frames []frame
	for _, f := range files {
		h, err := s.camera.look(where, f, nil, "")
		if err != nil {
			return nil, err
		}
		if err := beam.Note(s.env, s.v, where, f); err != nil {
			return nil, err
		}
		if h.Rows != s.src.Rows || h.Cols != s.src.Cols {
			return nil, problem.Inputf("%s: %s has %d x %d pixels (rows x columns), expected %d x %d like the frames", where, f, h.Rows, h.Cols, s.src.Rows, s.src.Cols)
		}
		for n := range h.frames {
			frames = append(frames, frame{f, &h, n})
		}
	}
	m, err := beam.MeanOf(s.ctx, pix.Float32, len(frames), func(i int, im *pix.Image) error {
		var sc h5frames.Scratch
		defer sc.Close()
		return s.camera.read(where, frames[i].file, frames[i].head, frames[i].n, im, &sc)
	})
	if err != nil {
		return nil, err
	}
	return m.Image(), nil
}

// picture reads the EDF file of a parameter, as large as the frames.
func (s *session) picture(k param.Key) (*pix.Image, error) {
	where, file := s.v.Where(k), s.v.Path(k)
	if s.v.IsNull(k) {
		return nil, s.v.Problem(k, "must be given")
	}
	im := new(pix.Image)
	if _, err := edf.ReadFile(file, 0, im); err != nil {
		return nil, beam.FileProblem(where, err)
	}
	if im.Rows != s.src.Rows || im.Cols != s.src.Cols {
		return nil, problem.Inputf("%s: %s has %d x %d pixels (rows x columns), expected %d x %d like the frames", where, file, im.Rows, im.Cols, s.src.Rows, s.src.Cols)
	}
	return im, beam.Note(s.env, s.v, where, file)
}

// detectorFlat adds the division by the detector's flat field over its mean.
func (s *session) detectorFlat() error {
	if s.v.IsNull(DetFlat) {
		return nil
	}
	im, err := s.picture(DetFlat)
	if err != nil {
		return err
	}
	var wide pix.Image
	imgproc.Convert(&wide, im, pix.Float64)
	p := pix.Pixels[float64](&wide)
	sum := 0.0
	for _, x := range p {
		sum += x
	}
	mean := sum / float64(len(p))
	if !(mean > 0) {
		return s.v.InputProblem(DetFlat, "the mean of %s is %v, expected a positive number", s.v.Path(DetFlat), mean)
	}
	for i, x := range p {
		if p[i] = x / mean; x == 0 {
			p[i] = 1
		}
	}
	s.src.AddDarkFlat(s.env, beam.NewDarkFlat(nil, &wide), "det_flat_field")
	return nil
}

// undistort adds the correction of the optics' distortion.
func (s *session) undistort() error {
	if !s.v.Bool(Undistort) {
		return nil
	}
	dh, err := s.picture(DistortionH)
	if err != nil {
		return err
	}
	dv, err := s.picture(DistortionV)
	if err != nil {
		return err
	}
	s.src.Steps = append(s.src.Steps, beam.NewUndistort(dh, dv))
	return nil
}

// padCrop makes all that follows see a square about the frame's middle.
func (s *session) padCrop() error {
	if !s.v.IsNull(PadCrop) {
		n := s.v.Int(PadCrop)
		s.src.View = &imgproc.Rect{Row: s.src.Rows/2 - n/2, Col: s.src.Cols/2 - n/2, Rows: n, Cols: n}
	}
	return nil
}

// beamMonitor adds the division by the monitor of the frames that are prepared.
func (s *session) beamMonitor() error {
	if !s.v.Bool(UseBPM) {
		return nil
	}
	n := len(s.heads)
	values := make([]float64, n)
	for k := range values {
		h := s.heads[k].values
		values[k] = h[len(h)-1]
	}
	spikes := repair(values)
	if len(spikes) == n {
		return s.v.InputProblem(UseBPM, "all %d values of %s are below 0", n, monitor)
	}
	if len(spikes) > 0 {
		s.env.Log.Warn(fmt.Sprintf("%s: %d values are drop-outs and were taken from their neighbours: frames %s", monitor, len(spikes), beam.FewNumbers(spikes)))
	}
	if err := beam.CheckMonitor(s.v.Where(UseBPM), values, s.src.Name); err != nil {
		return err
	}
	beam.ByMean(values)
	s.src.Steps = append(s.src.Steps, &beam.PerFrame{Values: values})
	return nil
}

// repair replaces drop-outs of the monitor: values below 0, and the one that lies below the mean of
// all if there is exactly one. Each becomes the mean of the nearest good values left and right, or
// the only one there is. It gives the places of the drop-outs.
func repair(values []float64) (spikes []int) {
	mean := 0.0
	for _, x := range values { // one division at the end: counts that equal their mean must not lie below it
		mean += x
	}
	mean /= float64(len(values))
	bad := make([]bool, len(values))
	below, last := 0, 0
	for k, x := range values {
		bad[k] = x < 0
		if x < mean {
			below, last = below+1, k
		}
	}
	if below == 1 {
		bad[last] = true
	}
	good := append([]float64(nil), values...)
	for k := range values {
		if !bad[k] {
			continue
		}
		spikes = append(spikes, k)
		sum, n := 0.0, 0
		for _, step := range []int{-1, 1} {
			for i := k + step; i >= 0 && i < len(good); i += step {
				if !bad[i] {
					sum, n = sum+good[i], n+1
					break
				}
			}
		}
		if n > 0 {
			values[k] = sum / float64(n)
		}
	}
	return spikes
}
