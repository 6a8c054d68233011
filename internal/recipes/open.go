package recipes

import (
	"context"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"sort"
	"strings"
	"sync"
	"time"

	"ptyprep/internal/imgproc"
	"ptyprep/internal/scan"
	"ptyprep/internal/scan/param"
	"ptyprep/internal/scan/problem"
)

// Env is what a recipe is opened with, beside its parameters: settings of the tool that change
// no number, and the list of inputs that it adds to.
type Env struct {
	Log        scan.Reporter
	NoLock     bool  // open HDF5 files without locking
	CacheBytes int64 // bound on decoded HDF5 chunks that frames share; 0: what is useful
	Inputs     *Inputs
}

// Opened is a recipe ready to run.
type Opened struct {
	Source   scan.Source
	Settings *scan.Settings
	// DefaultOutput is the file to write when neither dfile nor --output is given; empty: there is
	// no default.
	DefaultOutput string
}

// OpenFunc opens a recipe: it finds and checks all inputs that need no frame to be read.
type OpenFunc func(ctx context.Context, env *Env, v *param.Values) (*Opened, error)

// Inputs is the list of files a recipe reads. It may be added to from many goroutines.
type Inputs struct {
	mu    sync.Mutex
	files map[string]Input
}

// Input is one file that was read.
type Input struct {
	Path     string // where it is
	Written  string // as the recipe names it, or relative to the recipe's folder
	Size     int64
	Modified time.Time
}

// Add notes a file with its size and modification time. dir is the folder that relative paths
// start from; files below it are noted relative to it, so that no machine's folders get into a
// result.
func (in *Inputs) Add(path, dir string) error {
	st, err := os.Stat(path)
	if err != nil {
		return err
	}
	written := path
	if rel, err := filepath.Rel(dir, path); err == nil && !strings.HasPrefix(rel, "..") {
		written = rel
	}
	in.mu.Lock()
	defer in.mu.Unlock()
	if in.files == nil {
		in.files = map[string]Input{}
	}
	if _, ok := in.files[path]; !ok {
		in.files[path] = Input{Path: path, Written: written, Size: st.Size(), Modified: st.ModTime()}
	}
	return nil
}

// List gives the files in the order of their names.
func (in *Inputs) List() []Input {
	in.mu.Lock()
	defer in.mu.Unlock()
	l := make([]Input, 0, len(in.files))
	for _, f := range in.files {
		l = append(l, f)
	}
	sort.Slice(l, func(i, j int) bool { return l[i].Path < l[j].Path })
	return l
}

// Changed looks at all files again and tells of one whose size or time is not what it was: it
// was written to while it was read.
func (in *Inputs) Changed() error {
	for _, f := range in.List() {
		st, err := os.Stat(f.Path)
		if err != nil {
			return problem.Inputf("input %s cannot be looked at any more", f.Path).Because(err)
		}
		if st.Size() != f.Size || !st.ModTime().Equal(f.Modified) {
			return problem.Inputf("input %s changed while it was read: %d bytes of %s, before %d bytes of %s", f.Path,
				st.Size(), st.ModTime().Format(time.RFC3339), f.Size, f.Modified.Format(time.RFC3339)).
				WithHint("wait until the acquisition has closed the file, then run again")
		}
	}
	return nil
}

// Settings decodes the base parameters and ptyprep's own two.
func Settings(v *param.Values) *scan.Settings {
	s := &scan.Settings{
		Rebin: 1, MinFrames: v.Int(MinFrames), NumFrames: v.Int(NumFrames), Version: v.Float(Version),
		BlockFrames: v.Int(FramesPerBlock), Output: outputs[v.Text(OutputDType)],
		Orientation: orientation(v), Center: CenterOf(v, Center), Where: whereFunc(v),
	}
	if !v.IsNull(AutoCenter) {
		s.AutoCenter = scan.No
		if v.Bool(AutoCenter) {
			s.AutoCenter = scan.Yes
		}
	}
	if !v.IsNull(Rebin) {
		s.Rebin = v.Int(Rebin)
	}
	if !v.IsNull(Shape) {
		p := v.IntPair(Shape)
		s.Shape = &p
	}
	if !v.IsNull(Label) {
		l := v.Text(Label)
		s.Label = &l
	}
	for _, p := range v.Get(PositionsTheory).List {
		s.PositionsTheory = append(s.PositionsTheory, [2]float64{p.List[0].Float, p.List[1].Float})
	}
	if n := len(s.PositionsTheory); n > 0 {
		s.NumFrames = n // their number is the number of frames, whatever num_frames says
	}
	s.EnergyKeV, s.DistanceM, s.PSizeM = math.NaN(), math.NaN(), [2]float64{math.NaN(), math.NaN()}
	if !v.IsNull(Energy) {
		s.EnergyKeV = v.Float(Energy)
	}
	if !v.IsNull(Distance) {
		s.DistanceM = v.Float(Distance)
	}
	if !v.IsNull(PSize) {
		s.PSizeM = v.Pair(PSize)
	}
	for _, k := range []param.Key{Energy, Distance, PSize} {
		if !v.Given(k) {
			s.FromDefaults = append(s.FromDefaults, k.Path())
		}
	}
	return s
}

var outputs = map[string]scan.OutputType{
	DTypeAuto: scan.OutputAuto, DTypeRaw: scan.OutputRaw, DTypeFloat32: scan.OutputFloat32, DTypeFloat64: scan.OutputFloat64,
}

func whereFunc(v *param.Values) func(string) string {
	return func(key string) string {
		if p := v.Tree().Lookup(key); p != nil {
			return v.Where(p.Key())
		}
		return key
	}
}

func orientation(v *param.Values) imgproc.Orientation {
	x := v.Get(Orientation)
	switch x.Kind {
	case param.Int:
		return imgproc.OrientationCode(int(x.Int))
	case param.List:
		return imgproc.Orientation{Transpose: x.List[0].Bool, FlipRows: x.List[1].Bool, FlipCols: x.List[2].Bool}
	}
	return imgproc.Orientation{}
}

// CenterOf decodes a centre: a word, one number, a pair or null ("auto" is null in another word).
func CenterOf(v *param.Values, k param.Key) scan.Center {
	x := v.Get(k)
	switch x.Kind {
	case param.Text:
		switch x.Text {
		case CenterFFTShift:
			return scan.Center{Kind: scan.CenterFFTShift}
		case CenterGeometric:
			return scan.Center{Kind: scan.CenterGeometric}
		case CenterFFT:
			return scan.Center{Kind: scan.CenterFFT}
		}
	case param.Int, param.Float, param.List:
		return scan.Center{Kind: scan.CenterPoint, Point: v.Pair(k)}
	}
	return scan.Center{}
}

// OpenerOf gives a recipe's OpenFunc; a Spec without one is a programming error.
func OpenerOf(s *Spec) OpenFunc {
	f, ok := s.Open.(OpenFunc)
	if !ok {
		panic(fmt.Sprintf("recipes: %s has no OpenFunc but a %T", s.Name, s.Open))
	}
	return f
}
