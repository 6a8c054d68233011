package optiklab

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"math"
	"path/filepath"
	"slices"
	"sort"
	"strings"

	"ptyprep/internal/formats/fliraw"
	"ptyprep/internal/formats/spec"
	"ptyprep/internal/imgproc"
	"ptyprep/internal/imgproc/pix"
	"ptyprep/internal/recipes"
	"ptyprep/internal/recipes/beam"
	"ptyprep/internal/scan"
	"ptyprep/internal/scan/nearby"
	"ptyprep/internal/scan/param"
	"ptyprep/internal/scan/problem"
)

// mmToM turns the log's positions into metres.
const mmToM = 1e-3

type session struct {
	ctx  context.Context
	env  *recipes.Env
	v    *param.Values
	set  *scan.Settings
	vars []beam.Var
	hdr  imgproc.HDR
	src  *beam.Scan

	dataDir string
	shots   map[int]map[int]string // file by frame and exposure
	kept    []int                  // numbers of the frames that are prepared
}

func open(ctx context.Context, env *recipes.Env, v *param.Values) (*recipes.Opened, error) {
	s := &session{ctx: ctx, env: env, v: v, set: recipes.Settings(v)}
	Optics.Apply(v, s.set)
	beam.SetPSize(v, s.set, PSizeDet)
	base, err := beam.BasePath(v, BasePath, "ccdfli", "")
	if err != nil {
		return nil, err
	}
	s.vars = []beam.Var{{Name: "base_path", Value: base, Resolved: true}, {Name: "scan_dir", Value: beam.Slash(v.Text(ScanDir))}}
	s.src = &beam.Scan{Output: s.set.Output, Work: pix.Float64, HasMask: true, HasDark: true}
	for _, step := range []func() error{s.darks, s.frames, s.positions, s.heads} {
		if err := step(); err != nil {
			return nil, err
		}
	}
	return &recipes.Opened{Source: s.src, Settings: s.set, DefaultOutput: beam.DefaultOutput(v, fmt.Sprint(v.Int(ScanNumber)))}, nil
}

// folder lists the exposures in the folder of a pattern: file by frame and exposure.
func (s *session) folder(k param.Key) (dir string, shots map[int]map[int]string, err error) {
	if dir, err = beam.Expand(s.v, k, s.vars...); err != nil {
		return "", nil, err
	}
	dir = beam.Slash(dir)
	files, err := beam.Match(s.v.Where(k), dir, "ccd*_?????*_??.raw")
	if err != nil {
		return dir, nil, err
	}
	shots = map[int]map[int]string{}
	for _, f := range files {
		frame, exposure, ok := shotOf(filepath.Base(f))
		if !ok {
			continue
		}
		if shots[frame] == nil {
			shots[frame] = map[int]string{}
		}
		if other, twice := shots[frame][exposure]; twice {
			return dir, nil, problem.Inputf("%s: exposure %02d of frame %d is there twice: %s, %s", s.v.Where(k), exposure, frame, other, f)
		}
		shots[frame][exposure] = f
	}
	return dir, shots, nil
}

// shotOf takes frame and exposure out of ccd<anything>_<frame, 5 digits>_<exposure, 2 digits>.raw.
func shotOf(name string) (frame, exposure int, ok bool) {
	stem, ok := strings.CutSuffix(name, ".raw")
	if !ok {
		return 0, 0, false
	}
	i := strings.LastIndexByte(stem, '_')
	if i < 0 {
		return 0, 0, false
	}
	j := strings.LastIndexByte(stem[:i], '_')
	if j < 0 || !strings.HasPrefix(stem, "ccd") {
		return 0, 0, false
	}
	frame, okFrame := beam.NumberIn(stem[j+1:i], "", "", 5)
	exposure, okShot := beam.NumberIn(stem[i+1:], "", "", 2)
	return frame, exposure, okFrame && okShot && exposure < 100
}

// darks finds the exposures, their times and the mean dark of each.
func (s *session) darks() error {
	where := s.v.Where(DarkDir)
	dir, shots, err := s.folder(DarkDir)
	if err != nil {
		var p *problem.Error
		if errors.As(err, &p) {
			p.Msg += "; the darks tell the number of exposures"
		}
		return err
	}
	n := len(shots[0])
	if n == 0 {
		return problem.Inputf("%s: no file matches %sccd*_00000_??.raw: the darks tell the number of exposures", where, dir)
	}
	th := s.v.Floats(Thresholds)
	if th[0] >= th[1] {
		s.env.Log.Warn(fmt.Sprintf("%s: the noise floor, %v, is not below the overexposure, %v: are they swapped?", s.v.Where(Thresholds), th[0], th[1]))
	}
	s.hdr = imgproc.HDR{Floor: th[0], Over: th[1]}
	for k := range n {
		files := exposures(shots, k)
		if len(files) == 0 {
			return problem.Inputf("%s: %s holds %d darks of frame 0, and none is exposure %02d: exposures are numbered from 00", where, dir, n, k)
		}
		time, err := s.exposureTime(files[0])
		if err != nil {
			return err
		}
		s.hdr.Exposures = append(s.hdr.Exposures, time)
		m, err := beam.MeanOf(s.ctx, pix.Float64, len(files), func(i int, im *pix.Image) error {
			if _, err := fliraw.ReadFile(files[i], im); err != nil {
				return beam.FileProblem(where+": dark", err)
			}
			if im.Rows != s.src.Rows || im.Cols != s.src.Cols {
				return problem.Inputf("%s: the dark %s has %d x %d pixels (rows x columns), expected %d x %d like the first one", where, files[i], im.Rows, im.Cols, s.src.Rows, s.src.Cols)
			}
			return beam.Note(s.env, s.v, where, files[i])
		})
		if err != nil {
			return err
		}
		s.hdr.Darks = append(s.hdr.Darks, m.Image())
	}
	return s.hdr.Plan()
}

// exposures are the files of exposure k of all frames, in the order of the frames.
func exposures(shots map[int]map[int]string, k int) []string {
	var frames []int
	for f, e := range shots {
		if e[k] != "" {
			frames = append(frames, f)
		}
	}
	sort.Ints(frames)
	out := make([]string, len(frames))
	for i, f := range frames {
		out[i] = shots[f][k]
	}
	return out
}

// exposureTime is that of a dark; the first dark of all decides the size of all.
func (s *session) exposureTime(file string) (float64, error) {
	f, err := fliraw.Open(file)
	if err != nil {
		return 0, beam.FileProblem(s.v.Where(DarkDir)+": dark", err)
	}
	defer f.Close()
	if s.src.Rows == 0 {
		s.src.Rows, s.src.Cols = f.Rows, f.Cols
	}
	t, err := f.Header.ExposureS(s.v.Text(ExpString))
	if err != nil {
		return 0, problem.Inputf("%s: %s: %s", s.v.Where(ExpString), s.v.Text(ExpString), file).Because(err)
	}
	return t, nil
}

// frames lists the exposures of the scan.
func (s *session) frames() (err error) {
	s.dataDir, s.shots, err = s.folder(DataDir)
	return err
}

// missing says which exposures of frame j are not there ("": it is whole).
func (s *session) missing(j int) string {
	var gone []string
	for k := range s.hdr.Exposures {
		if s.shots[j][k] == "" {
			gone = append(gone, fmt.Sprintf("%02d", k))
		}
	}
	if len(gone) == 0 {
		return ""
	}
	return fmt.Sprintf("frame %d has %d of %d exposures: missing %s in %s", j, len(s.hdr.Exposures)-len(gone), len(s.hdr.Exposures), strings.Join(gone, ", "), s.dataDir)
}

// positions reads the log and decides which frames are prepared.
func (s *session) positions() error {
	n, limit := beam.Numbered{}, s.set.Wanted(math.MaxInt) // frames from limit on are not asked for
	for _, j := range slices.Sorted(maps.Keys(s.shots)) {
		n.Total = j + 1
		if s.missing(j) == "" {
			n.Have = append(n.Have, j)
		}
		if k := slices.Max(slices.Collect(maps.Keys(s.shots[j]))); k >= len(s.hdr.Exposures) && j < limit {
			return problem.Inputf("%s: %s is exposure %02d, and there are darks of %d exposures only", s.v.Where(DataDir), s.shots[j][k], k, len(s.hdr.Exposures))
		}
	}
	points := -1
	var all [][2]float64
	if !beam.Theory(s.v) {
		var err error
		if all, err = s.log(min(n.Total, limit)); err != nil {
			return err
		}
		points = len(all)
	}
	kept, leftOut, err := n.Pick(s.set, points, s.missing)
	if err != nil {
		return err
	}
	s.kept = kept
	s.src.LeftOut = append(s.src.LeftOut, leftOut...)
	if len(s.kept) == 0 {
		return problem.Inputf("%s: no frame in %s is whole: %s", s.v.Where(DataDir), s.dataDir, strings.Join(leftOut, "; "))
	}
	s.src.Frames, s.src.Positions = len(s.kept), beam.At(all, s.kept)
	return nil
}

// log reads the positions of the scan's whole points; wanted is the number of frames that need one.
func (s *session) log(wanted int) ([][2]float64, error) {
	file, err := beam.Expand(s.v, LogFile, s.vars...)
	if err != nil {
		return nil, err
	}
	where := s.v.Where(LogFile)
	l, err := spec.Open(file)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, noLog(where, file)
	} else if err != nil {
		return nil, problem.Inputf("%s", where).Because(err)
	}
	if err := beam.Note(s.env, s.v, where, file); err != nil {
		return nil, err
	}
	sc, err := l.ByNumber(int64(s.v.Int(ScanNumber)))
	if err != nil {
		return nil, problem.Inputf("%s: %s", s.v.Where(ScanNumber), file).Because(err)
	}
	for _, w := range sc.Warnings() {
		s.env.Log.Warn(fmt.Sprintf("%s: scan %s: %s", file, sc, w))
	}
	return s.points(sc, file, wanted)
}

func noLog(where, file string) error {
	p := problem.Inputf("%s: there is no SPEC log %s", where, file)
	if hint := nearby.FileHint(file); hint != "" {
		return p.WithHint("%s; give log_file_pattern", hint)
	}
	return p.WithHint("give log_file_pattern")
}

// points gives the position of the first line of each whole point. A log that ends early is an
// error, unless the scan was aborted or may still be running.
func (s *session) points(sc *spec.Scan, file string, wanted int) ([][2]float64, error) {
	lines, each := sc.Points(), len(s.hdr.Exposures)
	state := ""
	switch {
	case sc.Aborted:
		state = "it was aborted"
	case sc.Growing || sc.Last:
		state = "it is the last of the log and may still be written"
	}
	name := fmt.Sprintf("%s: scan %d (line %d)", file, sc.Number, sc.Line)
	whole := lines / each
	if whole == 0 {
		if state != "" {
			state = "; " + state
		}
		return nil, problem.Inputf("%s has %d data lines, and a point needs %d exposures: there is no position%s", name, lines, each, state)
	}
	if rest := lines % each; rest > 0 {
		text := fmt.Sprintf("%s has %d data lines, no multiple of the %d exposures of a point", name, lines, each)
		if state == "" {
			return nil, problem.Inputf("%s, though it was not aborted and later scans follow", text).WithHint("check dark_number: the darks tell the number of exposures")
		}
		text = fmt.Sprintf("%s (%s): the last %d are left out", text, state, rest)
		if s.set.NumFrames > 0 && s.set.NumFrames <= whole { // nothing that was asked for
			s.env.Log.Warn(text)
		} else {
			s.src.LeftOut = append(s.src.LeftOut, text)
		}
	}
	if whole < wanted && state == "" {
		return nil, problem.Inputf("%s holds positions for %d points, and there are %d frames in %s, though it was not aborted and later scans follow", name, whole, wanted, s.dataDir).
			WithHint("set num_frames to %d to prepare the frames with positions", whole)
	}
	if whole < wanted {
		s.src.LeftOut = append(s.src.LeftOut, fmt.Sprintf("%s holds positions for %d points only (%s)", name, whole, state))
	}
	y, err := sc.Column("samy")
	if err != nil {
		return nil, problem.Inputf("%s", file).Because(err)
	}
	x, err := sc.Column("samx")
	if err != nil {
		return nil, problem.Inputf("%s", file).Because(err)
	}
	out := make([][2]float64, whole)
	for i := range out {
		out[i] = [2]float64{y[i*each] * mmToM, x[i*each] * mmToM}
	}
	return out, nil
}

// heads looks into the files of all frames and sets up their reading.
func (s *session) heads() error {
	each := len(s.hdr.Exposures)
	files := make([]string, 0, len(s.kept)*each)
	for _, j := range s.kept {
		for k := range each {
			files = append(files, s.shots[j][k])
		}
	}
	src, rows, cols := s.src, s.src.Rows, s.src.Cols // of the darks
	odd := make([][]string, len(files))
	err := src.Heads(s.ctx, s.env, s.v, DataDir, len(files), func(i int) string { return files[i] }, func(i int) (h beam.Head, err error) {
		f, err := fliraw.Open(files[i])
		if err != nil {
			return h, beam.FileProblem(s.v.Where(DataDir), err)
		}
		defer f.Close()
		if f.Rows != rows || f.Cols != cols {
			return h, problem.Inputf("%s: frame %d: %s has %d x %d pixels (rows x columns), expected %d x %d like the darks", s.v.Where(DataDir), s.kept[i/each], files[i], f.Rows, f.Cols, rows, cols)
		}
		for _, w := range f.Warnings() {
			odd[i] = append(odd[i], filepath.Base(files[i])+": "+w)
		}
		return beam.Head{Type: pix.Uint16, Rows: f.Rows, Cols: f.Cols}, nil
	})
	if err != nil {
		return err
	}
	if all := slices.Concat(odd...); len(all) > 0 {
		s.env.Log.Warn(fmt.Sprintf("%d oddities in headers: %s", len(all), beam.Few(all)))
	}
	src.Name = func(k int) string { return fmt.Sprintf("frame %d (%s)", s.kept[k], files[k*each]) }
	px := src.Rows * src.Cols
	src.FrameBytes = s.hdr.ScratchBytes(px) + int64(each*2*px)
	src.FixedBytes = int64(each * 8 * px)
	m := &merge{hdr: &s.hdr, files: files}
	src.Read, src.Steps = m.read, []beam.Step{beam.Whole(m.apply)}
	return nil
}

// merge reads and merges the exposures of a frame.
type merge struct {
	hdr   *imgproc.HDR
	files []string // of all frames, exposure after exposure
}

// shots is the memory of a slot.
type shots struct {
	images []*pix.Image
	space  imgproc.HDRSpace
}

// read brings in all exposures of a frame; the first one stands for them in the frame.
func (m *merge) read(_ context.Context, sl *beam.Slot) error {
	each := len(m.hdr.Exposures)
	l, ok := sl.Local.(*shots)
	if !ok {
		l = &shots{images: make([]*pix.Image, each)}
		for k := range l.images {
			l.images[k] = new(pix.Image)
		}
		sl.Local = l
	}
	for k, im := range l.images {
		if _, err := fliraw.ReadFile(m.files[sl.Index*each+k], im); err != nil {
			return beam.FileProblem("data_dir_pattern", err)
		}
	}
	first := l.images[0]
	p := sl.Frame.Pix
	p.Resize(first.Type, first.Rows, first.Cols)
	copy(p.Bytes, first.Bytes)
	return nil
}

// apply merges the exposures into the frame and its mask.
func (m *merge) apply(sl *beam.Slot) error {
	l, p := sl.Local.(*shots), sl.Frame.Pix
	mask := sl.OwnMask(p.Len())
	m.hdr.Merge(pix.Pixels[float64](p), mask, l.images, &l.space)
	sl.Frame.Mask = mask
	return nil
}
