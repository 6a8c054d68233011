package sim

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"ptyprep/internal/formats/atomicfile"
	"ptyprep/internal/formats/h5"
	"ptyprep/internal/imgproc/pix"
	"ptyprep/internal/recipes/sim/field"
	"ptyprep/internal/scan"
	"ptyprep/internal/scan/problem"
)

// Simulated is a source that is simulated, and knows what its frames were made of.
type Simulated interface {
	scan.Source
	Truth() *Truth
	// noiseFree gives the frames in front of the detector.
	noiseFree() scan.Source
}

var (
	_ Simulated = (*Source)(nil)
	_ Simulated = (*quick)(nil)
)

// TruthFile is an HDF5 file on its way that holds what a reconstruction should find:
//
//	object         complex, as large as the scan (not of QuickScan)
//	probe          complex, rows x columns of a frame (not of QuickScan)
//	low            int64, points x 2: upper left corner of each point's window in object
//	offset         int64, 2: where the first pixel of a reconstruction lies in object
//	positions_true float64, points x 2, metres
//	resolution     float64, 2: pixel of object and probe, metres
//	intensity      float32, frames x rows x columns: noise free, behind psf and in front of the
//	               detector (only when asked for)
type TruthFile struct{ set *atomicfile.Set }

// CheckTruth says whether path can be written to, before any work is done.
func CheckTruth(path string, overwrite bool) error {
	st, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		if dir := filepath.Dir(path); !isFolder(dir) {
			return problem.Usagef("--truth: %s: there is no folder %s", path, dir).WithHint("make it: mkdir -p %s", dir)
		}
		return nil
	case err != nil:
		return problem.Usagef("--truth: %s cannot be looked at", path).Because(err)
	case st.IsDir():
		return problem.Usagef("--truth: %s is a folder, expected a file name", path)
	case !overwrite:
		return problem.Usagef("--truth: %s exists already", path).WithHint("--overwrite replaces it, together with the output")
	}
	return nil
}

func isFolder(dir string) bool {
	st, err := os.Stat(dir)
	return err == nil && st.IsDir()
}

// WriteTruth writes the truth of s beside path, to be put in place by Commit. With intensity
// the noise-free frames are simulated too, with the workers and memory of o and as many as set
// (the settings of the scan) asks for.
func WriteTruth(ctx context.Context, path string, s Simulated, intensity bool, set *scan.Settings, o scan.Options) (*TruthFile, error) {
	a, err := atomicfile.Begin(path)
	if err != nil {
		return nil, problem.Internalf("--truth: %s cannot be written", path).Because(err)
	}
	t := &TruthFile{set: a}
	if err := t.write(ctx, s, intensity, set, o); err != nil {
		a.Abort()
		if problem.Cancelled(err) {
			return nil, err
		}
		return nil, problem.Internalf("--truth: %s could not be written", path).Because(err)
	}
	return t, nil
}

// Commit puts the file in place.
func (t *TruthFile) Commit() error { return t.set.Commit(atomicfile.Replace, nil) }

// Abort removes the file, unless it is in place.
func (t *TruthFile) Abort() { t.set.Abort() }

func (t *TruthFile) write(ctx context.Context, s Simulated, intensity bool, set *scan.Settings, o scan.Options) (err error) {
	f, err := h5.Create(t.set.Temp(""))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	if err := s.Truth().write(f); err != nil || !intensity {
		return err
	}
	_, err = scan.Run(ctx, s.noiseFree(), Plain(set), o, &stackSink{file: f, path: "intensity"})
	return err
}

func (t *Truth) write(f *h5.File) error {
	n := len(t.Low)
	low := make([]int64, 0, 2*n)
	points := make([]float64, 0, 2*n)
	for k := range t.Low {
		low = append(low, int64(t.Low[k][0]), int64(t.Low[k][1]))
		points = append(points, t.Positions[k][:]...)
	}
	wave := func(name string, w field.Field) error {
		if len(w.Pix) == 0 {
			return nil
		}
		return f.WriteComplex(name, []int{w.Rows, w.Cols}, w.Pix)
	}
	return errors.Join(
		wave("object", t.Object),
		wave("probe", t.Probe),
		h5.WriteArray(f, "low", []int{n, 2}, low, 0),
		h5.WriteArray(f, "offset", []int{2}, []int64{int64(t.Offset[0]), int64(t.Offset[1])}, 0),
		h5.WriteArray(f, "positions_true", []int{n, 2}, points, 0),
		h5.WriteArray(f, "resolution", []int{2}, slices.Clone(t.ResolutionM[:]), 0),
	)
}

// Plain is set without anything that moves pixels: frames come out as they were simulated.
func Plain(set *scan.Settings) *scan.Settings {
	return &scan.Settings{
		Center: scan.Center{Kind: scan.CenterFFTShift}, AutoCenter: scan.No, Rebin: 1, MinFrames: 1, NumFrames: set.NumFrames,
		Version: set.Version, EnergyKeV: set.EnergyKeV, DistanceM: set.DistanceM, PSizeM: set.PSizeM, BlockFrames: max(set.BlockFrames, 1), Where: set.Where,
	}
}

func (s *Source) noiseFree() scan.Source { return noiseFree{s} }

// noiseFree is a simulation in front of its detector.
type noiseFree struct{ s *Source }

func (q noiseFree) Describe(ctx context.Context) (*scan.Description, error) {
	d, err := q.s.Describe(ctx)
	if err != nil {
		return nil, err
	}
	d.Rows, d.Cols, d.Type, d.RawType, d.HasMask = q.s.rows, q.s.cols, pix.Float32, pix.Float32, false
	return d, nil
}

func (q noiseFree) Load(_ context.Context, f *scan.Frame) error {
	l, ok := f.Local.(*local)
	if !ok {
		l = q.s.newLocal()
		f.Local = l
	}
	q.s.intensity(l, f.Index)
	_, err := lossless{q.s.rows, q.s.cols}.sense(f.Pix, nil, l.x, f.Index, l)
	return err
}

func (q noiseFree) Close() error { return nil }

// stackSink writes frames into one dataset, as they are.
type stackSink struct {
	file *h5.File
	path string
	data *h5.Dataset
}

func (k *stackSink) Start(p *scan.Plan) (err error) {
	k.data, err = k.file.CreateFrames(k.path, h5.FramesSpec{Type: p.Type, Shape: []int{p.Frames, p.Rows, p.Cols}})
	return err
}

func (k *stackSink) Sample([]*scan.Frame) error { return nil }

// Encode copies the pixels: the worker goes on with its own.
func (k *stackSink) Encode(f *scan.Frame) error {
	im, ok := f.Out.(*pix.Image)
	if !ok {
		im = new(pix.Image)
		f.Out = im
	}
	im.Resize(f.Pix.Type, f.Pix.Rows, f.Pix.Cols)
	copy(im.Bytes, f.Pix.Bytes)
	return nil
}

func (k *stackSink) Write(index int, packed any) error {
	im := packed.(*pix.Image)
	return k.data.WriteNative(im.Bytes, []int{index, 0, 0}, []int{1, im.Rows, im.Cols})
}

func (k *stackSink) Finish() error { return k.data.Close() }

func (k *stackSink) Abort() {
	if k.data != nil {
		_ = k.data.Close() // the file is given up
	}
}

// Is reports whether a recipe simulates.
func Is(name string) bool {
	for _, s := range Specs() {
		if s.Name == name {
			return true
		}
	}
	return false
}

// names lists the recipes that simulate.
func names() (out []string) {
	for _, s := range Specs() {
		out = append(out, s.Name)
	}
	return out
}

// NotSimulated is the error for another recipe.
func NotSimulated(name string) error {
	return problem.Usagef("%s reads measured data, it simulates nothing", name).
		WithHint("'ptyprep convert RECIPE' prepares it; recipes that simulate: %s", strings.Join(names(), ", "))
}
