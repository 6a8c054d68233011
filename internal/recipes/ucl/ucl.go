// Package ucl holds the recipe UCLLaserScan of the laser laboratory of University College London:
// near-field frames, one NeXus file each.
package ucl

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"ptyprep/internal/formats/h5frames"
	"ptyprep/internal/imgproc"
	"ptyprep/internal/imgproc/pix"
	"ptyprep/internal/recipes"
	"ptyprep/internal/recipes/beam"
	"ptyprep/internal/recipes/h5in"
	"ptyprep/internal/recipes/nearfield"
	"ptyprep/internal/scan"
	"ptyprep/internal/scan/param"
	"ptyprep/internal/scan/problem"
)

// Spec is the recipe.
var Spec = recipes.Spec{
	Name: "UCLLaserScan", Tree: Tree, Open: recipes.OpenFunc(open),
	Summary: "UCL laser laboratory, near field: one NeXus file for each frame, with hot pixels, deconvolution, dark and flat.",
	Doc: `Frame j, counted from 1, is ` + "`<folder>/<number>_<j>.nxs`, `entry/instrument/<detector_name>/data`" + `; darks and flats likewise.
Positions are the dataset ` + "`positions` (N, 2) in `<base_path>/raw/<scan_number>/<scan_number>_metadata.h5`" + `. What happens to the pixels
is that of I13ScanNFP: a square about ` + "`center`" + ` (COLUMN, ROW) is cut out, then hot pixels, Richardson-Lucy deconvolution, dark and flat.`,
}

// Tree is the parameter tree of UCLLaserScan.
var Tree = recipes.NewTree("UCLLaserScan", "Near-field frames of the UCL laser laboratory, one NeXus file each.")

// Keys of the tree.
var (
	near       = nearfield.Declare(Tree, 10)
	Optics     = beam.AddOptics(Tree, nil, nil)
	ScanNumber = beam.AddNumber(Tree, "scan_number", nil, "Number of the scan. It must be given.")
	DarkNumber = beam.AddNumber(Tree, "dark_number", nil, "Number of the scan that holds the darks. Null: no dark.")
	FlatNumber = beam.AddNumber(Tree, "flat_number", nil, "Number of the scan that holds the flats. Null: no flat.")
	Detector   = beam.AddText(Tree, "detector_name", nil, "Group of the detector in entry/instrument. Null or not there: the first one that holds data.")
	_          = Tree.Add(param.Spec{Path: "motors", Forms: param.List, Elem: &param.Spec{Forms: param.Text}, Default: []string{"t1_sx", "t1_sy"}, NoEffect: true,
		Help: "Accepted for old recipes, without effect: positions have no names."})
	Multiplier = beam.AddMultiplier(Tree, 2, 1e-3)
	BasePath   = beam.AddBasePath(Tree, "./", "Folder that the others lie in. Null: the first folder that holds raw, from that of the recipe upwards.")
	DataDir    = beam.AddPattern(Tree, "data_file_path", "%(base_path)sraw/%(scan_number)06d", "Folder of the frames.")
	DarkDir    = beam.AddPattern(Tree, "dark_file_path", "%(base_path)sraw/%(dark_number)06d", "Folder of the darks.")
	FlatDir    = beam.AddPattern(Tree, "flat_file_path", "%(base_path)sraw/%(flat_number)06d", "Folder of the flats.")
	Mask       = beam.AddMask(Tree)
)

const instrument = "entry/instrument"

type session struct {
	ctx   context.Context
	env   *recipes.Env
	v     *param.Values
	set   *scan.Settings
	base  string
	files *h5in.Files
	src   *beam.Scan
	data  string // dataset of a frame
	rows  int    // of a stored frame
	cols  int
	kept  []int // numbers of the frames, from 0
	paths map[int]string
}

func open(ctx context.Context, env *recipes.Env, v *param.Values) (*recipes.Opened, error) {
	s := &session{ctx: ctx, env: env, v: v, set: recipes.Settings(v), files: h5in.New(env, v)}
	defer s.files.Close()
	Optics.Apply(v, s.set)
	s.src = &beam.Scan{Output: s.set.Output}
	for _, step := range []func() error{s.frames, s.heads, s.corrections} {
		if err := step(); err != nil {
			return nil, err
		}
	}
	return &recipes.Opened{Source: s.src, Settings: s.set, DefaultOutput: beam.DefaultOutput(v, v.Text(ScanNumber))}, nil
}

// numbered lists the files of a folder by frame number from 0 (files count from 1).
func (s *session) numbered(dir, number param.Key) (map[int]string, int, error) {
	folder, err := beam.Expand(s.v, dir, beam.Var{Name: "base_path", Value: s.base, Resolved: true})
	if err != nil {
		return nil, 0, err
	}
	prefix := fmt.Sprintf("%06d_", s.v.Int(number))
	files, err := beam.Match(s.v.Where(dir), beam.Slash(folder), prefix+"*.nxs")
	if err != nil {
		return nil, 0, err
	}
	out, total := map[int]string{}, 0
	for _, f := range files {
		if j, ok := beam.NumberIn(filepath.Base(f), prefix, ".nxs", 4); ok && j >= 1 {
			out[j-1] = f
			total = max(total, j)
		}
	}
	if len(out) == 0 {
		return nil, 0, beam.NoFrames(s.v, dir, beam.Slash(folder)+prefix+"0001.nxs")
	}
	return out, total, nil
}

// frames finds files and positions and decides what is prepared.
func (s *session) frames() (err error) {
	if err := beam.Required(s.v, ScanNumber); err != nil {
		return err
	}
	if s.base, err = beam.BasePath(s.v, BasePath, "raw", ""); err != nil {
		return err
	}
	n := beam.Numbered{}
	if s.paths, n.Total, err = s.numbered(DataDir, ScanNumber); err != nil {
		return err
	}
	for j := range n.Total {
		if s.paths[j] != "" {
			n.Have = append(n.Have, j)
		}
	}
	positions, err := s.positions()
	if err != nil {
		return err
	}
	points := -1
	if positions != nil {
		points = len(positions)
	}
	s.kept, s.src.LeftOut, err = n.Pick(s.set, points, func(j int) string {
		return fmt.Sprintf("frame %d (file %06d_%04d.nxs) is not there", j, s.v.Int(ScanNumber), j+1)
	})
	if err != nil {
		return err
	}
	if len(s.kept) == 0 {
		return s.v.InputProblem(ScanNumber, "there is no frame with a position")
	}
	s.src.Frames, s.src.Positions = len(s.kept), beam.At(positions, s.kept)
	return nil
}

// positions reads the metadata file.
func (s *session) positions() ([][2]float64, error) {
	if beam.Theory(s.v) {
		return nil, nil
	}
	number := fmt.Sprintf("%06d", s.v.Int(ScanNumber))
	file := s.base + "raw/" + number + "/" + number + "_metadata.h5"
	if _, err := os.Stat(file); errors.Is(err, os.ErrNotExist) && s.v.Bool(near.UseEP) {
		return [][2]float64{{0, 0}}, nil
	}
	where := s.v.Where(ScanNumber)
	a, err := s.files.Array(file, "positions", where)
	if err != nil {
		return nil, err
	}
	if len(a.Shape) != 2 || a.Shape[1] != 2 {
		return nil, problem.Inputf("%s: %s has shape %s, expected N x 2", where, a.Name, h5in.Shape(a.Shape))
	}
	m, err := beam.Multipliers(s.v, Multiplier, 2)
	if err != nil {
		return nil, err
	}
	out := make([][2]float64, a.Shape[0])
	for i := range out {
		out[i] = [2]float64{a.Data[2*i] * m[0], a.Data[2*i+1] * m[1]}
	}
	return out, nil
}

// look tells what a frame's file holds.
func (s *session) look(file, where string) (h beam.Head, err error) {
	files := h5in.New(s.env, s.v)
	defer files.Close()
	st, err := files.Frames([]string{file}, []string{s.data}, where, where, h5in.IsFrames)
	if err != nil {
		return h, err
	}
	defer st.Close()
	if st.Frames() == 0 {
		return h, problem.Inputf("%s: %s:%s holds no frame", where, file, s.data)
	}
	return beam.Head{Type: st.Type, Rows: st.Rows, Cols: st.Cols}, nil
}

func (s *session) heads() error {
	paths := make([]string, len(s.kept))
	for i, j := range s.kept {
		paths[i] = s.paths[j]
	}
	where := s.v.Where(DataDir)
	group, err := beam.Detector(s.env, s.files, s.v, Detector, paths[0], where, instrument)
	if err != nil {
		return err
	}
	s.data = group + "/data"
	err = s.src.Heads(s.ctx, s.env, s.v, DataDir, len(paths), func(k int) string { return paths[k] },
		func(k int) (beam.Head, error) { return s.look(paths[k], where) })
	s.rows, s.cols = s.src.Rows, s.src.Cols
	s.src.Name = func(k int) string { return fmt.Sprintf("frame %d (%s)", s.kept[k], paths[k]) }
	return err
}

// corrections cuts frames, mask, dark and flat and sets the steps up.
func (s *session) corrections() error {
	f, err := near.Open(s.files, s.v, s.rows, s.cols)
	if err != nil {
		return err
	}
	src, env, v, data, cut := s.src, s.env, s.v, s.data, f.Cut
	src.Rows, src.Cols, src.ReadsWindows = cut.Rows, cut.Cols, true
	where, paths, kept := v.Where(DataDir), s.paths, s.kept
	src.Read = func(_ context.Context, sl *beam.Slot) error {
		return beam.ReadFileFrame(env, v, where, paths[kept[sl.Index]], data, 0, sl.Window.Shift(cut.Row, cut.Col), sl.Frame.Pix, beam.ScratchOf(sl))
	}
	m, err := beam.HDF5Mask(s.files, v, Mask, "mask", s.rows, s.cols)
	if err != nil {
		return err
	}
	src.Valid, src.HasMask = f.Mask(m, s.rows, s.cols), m != nil
	dark, err := s.mean(DarkNumber, DarkDir, cut)
	if err != nil {
		return err
	}
	flat, err := s.mean(FlatNumber, FlatDir, cut)
	if err != nil {
		return err
	}
	f.SetUp(src, s.set, env, f.Calibration(dark), f.Calibration(flat))
	return nil
}

// mean is that of the frames in the files from 1 on that are there; nil when none is asked for.
func (s *session) mean(number, dir param.Key, cut imgproc.Rect) (*beam.Mean, error) {
	if s.v.IsNull(number) {
		return nil, nil
	}
	paths, total, err := s.numbered(dir, number)
	if err != nil {
		return nil, err
	}
	var list []string
	for j := range total {
		if paths[j] != "" {
			list = append(list, paths[j])
		}
	}
	where := s.v.Where(number)
	return beam.MeanOf(s.ctx, pix.Float32, len(list), func(i int, im *pix.Image) error {
		h, err := s.look(list[i], where)
		if err != nil {
			return err
		}
		if h.Rows != s.rows || h.Cols != s.cols {
			return problem.Inputf("%s: %s has %d x %d pixels (rows x columns), expected %d x %d like the frames", where, list[i], h.Rows, h.Cols, s.rows, s.cols)
		}
		var sc h5frames.Scratch
		defer sc.Close()
		if err := beam.ReadFileFrame(s.env, s.v, where, list[i], s.data, 0, cut, im, &sc); err != nil {
			return err
		}
		return beam.Note(s.env, s.v, where, list[i])
	})
}
