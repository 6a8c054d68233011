// Package csaxs holds the recipe cSAXSScan of the small-angle beamline cSAXS of the PSI: Pilatus
// frames as CBF files, positions as text, a mask made by MATLAB.
package csaxs

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"ptyprep/internal/formats/cbf"
	"ptyprep/internal/formats/mat5"
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
	Name: "cSAXSScan", Tree: Tree, Open: recipes.OpenFunc(open),
	Summary: "PSI cSAXS: Pilatus frames as CBF files, positions as text, mask from MATLAB.",
	Doc: `Parameters may stand under ` + "`recipe`" + ` (as in old recipes) or at the top level; two different values are an error.

Frame k is ` + "`<base_path>/<detector>/S02000-02999/S02047/<visit>_1_02047_00000_<k>.cbf`" + ` (here for scan 2047), positions are the columns
` + "`motors` of `<base_path>/specES1/scan_positions/scan_02047.dat`" + `, the mask the variable ` + "`mask`" + ` of a .mat file of MATLAB (any version).
Nothing is done to the pixels: the detector's marks -1 and -2 stay, and the mask takes them out. A frame that is missing is
left out (exit status 3); the others keep their positions.`,
}

// Tree is the parameter tree of cSAXSScan.
var Tree = recipes.NewTree("cSAXSScan", "Pilatus frames of PSI cSAXS as CBF files.")

// double is a parameter that stands at the top level or under recipe.
type double struct{ top, nested param.Key }

// both declares a parameter in both places.
func both(s param.Spec) double {
	nested := s
	nested.Path = "recipe." + s.Path
	s.Default, s.Unset, s.Forms = nil, true, s.Forms|param.Null
	s.Help = "The same as recipe." + s.Path + "."
	return double{Tree.Add(s), Tree.Add(nested)}
}

// in is the key that is in force.
func (d double) in(v *param.Values) param.Key {
	if v.Given(d.top) && !v.Given(d.nested) {
		return d.top
	}
	return d.nested
}

const text = param.Text | param.Null

// Keys of the tree.
var (
	_          = Tree.Group("recipe", "The parameters of this recipe. They may stand at the top level too.")
	BasePath   = both(param.Spec{Path: "base_path", Forms: param.Path | param.Null, Help: "Folder that the others lie in. It must be given."})
	Visit      = both(param.Spec{Path: "visit", Forms: text, Help: "Account of the beam time, e.g. e16403; file names begin with it. It must be given."})
	Detector   = both(param.Spec{Path: "detector", Forms: param.Text, Default: "pilatus_1", Help: "Folder of the detector."})
	ScanNumber = both(param.Spec{Path: "scan_number", Forms: param.Int | param.Null, Min: param.At(0), Help: "Number of the scan. It must be given."})
	Motors     = both(param.Spec{Path: "motors", Forms: param.List, Elem: &param.Spec{Forms: param.Text}, MinLen: 2, MaxLen: 2,
		Default: []string{"Target_y", "Target_x"}, Help: "Columns of the positions' file for rows and columns."})
	Multiplier = both(param.Spec{Path: "motors_multiplier", Forms: param.Float | param.List, Elem: &param.Spec{Forms: param.Float}, MinLen: 1, MaxLen: 2,
		Default: []float64{1e-6, 1e-6}, Help: "Factor from the stored positions to metres: one number for both, or one for each."})
	MaskPath = both(param.Spec{Path: "mask_path", Forms: param.Path | param.Null, Help: "Folder of the mask. Null: matlab/ptycho in base_path."})
	MaskFile = both(param.Spec{Path: "mask_file", Forms: text, Help: "A .mat file with the variable mask, as large as a frame: pixels above 0 are valid. Null: all pixels are."})
)

func init() {
	Tree.Rule(func(v *param.Values) (bad problem.List) {
		for _, d := range []double{BasePath, Visit, Detector, ScanNumber, Motors, Multiplier, MaskPath, MaskFile} {
			if v.Given(d.top) && v.Given(d.nested) && fmt.Sprint(v.Get(d.top).Plain()) != fmt.Sprint(v.Get(d.nested).Plain()) {
				bad = append(bad, v.Problem(d.top, "is %v here and %v at %s", v.Get(d.top).Plain(), v.Get(d.nested).Plain(), v.Where(d.nested)).
					WithHint("keep one of the two"))
			}
		}
		return bad
	})
}

type session struct {
	ctx    context.Context
	env    *recipes.Env
	v      *param.Values
	set    *scan.Settings
	src    *beam.Scan
	base   string
	number int
}

func open(ctx context.Context, env *recipes.Env, v *param.Values) (*recipes.Opened, error) {
	s := &session{ctx: ctx, env: env, v: v, set: recipes.Settings(v)}
	if err := beam.Required(v, BasePath.in(v), Visit.in(v), ScanNumber.in(v)); err != nil {
		return nil, err
	}
	s.src = &beam.Scan{Output: s.set.Output}
	s.base, s.number = beam.Slash(v.Path(BasePath.in(v))), v.Int(ScanNumber.in(v))
	for _, step := range []func() error{s.frames, s.mask} {
		if err := step(); err != nil {
			return nil, err
		}
	}
	return &recipes.Opened{Source: s.src, Settings: s.set, DefaultOutput: beam.DefaultOutput(v, fmt.Sprint(s.number))}, nil
}

// frames finds files and positions, decides what is prepared and looks into the files.
func (s *session) frames() error {
	v := s.v
	where := v.Where(ScanNumber.in(v))
	prefix := fmt.Sprintf("%s_1_%05d_00000_", v.Text(Visit.in(v)), s.number)
	folder := fmt.Sprintf("%s%s/S%02d000-%02d999/S%05d/", s.base, v.Text(Detector.in(v)), s.number/1000, s.number/1000, s.number)
	list, err := beam.Match(where, folder, prefix+"*.cbf")
	if err != nil {
		return err
	}
	n, byNumber := beam.Numbered{}, map[int]string{}
	for _, f := range list {
		if k, ok := beam.NumberIn(filepath.Base(f), prefix, ".cbf", 5); ok {
			byNumber[k] = f
			n.Have = append(n.Have, k)
			n.Total = max(n.Total, k+1)
		}
	}
	if len(n.Have) == 0 {
		return beam.NoFrames(v, ScanNumber.in(v), folder+prefix+"00000.cbf")
	}
	positions, points := [][2]float64(nil), -1
	if !beam.Theory(v) {
		if positions, err = s.positions(); err != nil {
			return err
		}
		points = len(positions)
	}
	kept, leftOut, err := n.Pick(s.set, points, func(k int) string {
		return fmt.Sprintf("frame %d (%s%s%05d.cbf) is not there", k, folder, prefix, k)
	})
	if err != nil {
		return err
	}
	if len(kept) == 0 {
		return problem.Inputf("%s: no frame in %s has a position", where, folder)
	}
	s.src.LeftOut, s.src.Frames, s.src.Positions = leftOut, len(kept), beam.At(positions, kept)
	files := make([]string, len(kept))
	for i, k := range kept {
		files[i] = byNumber[k]
	}
	s.src.Read = func(_ context.Context, sl *beam.Slot) error {
		if _, err := cbf.ReadFile(files[sl.Index], sl.Frame.Pix); err != nil {
			return beam.FileProblem(where, err)
		}
		return nil
	}
	err = s.src.Heads(s.ctx, s.env, v, ScanNumber.in(v), len(files), func(k int) string { return files[k] }, func(k int) (h beam.Head, err error) {
		f, err := cbf.Open(files[k])
		if err != nil {
			return h, beam.FileProblem(where, err)
		}
		defer f.Close()
		return beam.Head{Type: f.Type, Rows: f.Rows, Cols: f.Cols}, nil
	})
	s.src.Name = func(i int) string { return fmt.Sprintf("frame %d (%s)", kept[i], files[i]) }
	return err
}

// positions reads the positions' file.
func (s *session) positions() ([][2]float64, error) {
	v := s.v
	file := fmt.Sprintf("%sspecES1/scan_positions/scan_%05d.dat", s.base, s.number)
	where := v.Where(ScanNumber.in(v))
	b, err := os.ReadFile(file)
	if errors.Is(err, os.ErrNotExist) {
		return nil, recipes.NoFile(where+": positions", file, v.Dir())
	} else if err != nil {
		return nil, problem.Inputf("%s: positions", where).Because(err)
	}
	if err := beam.Note(s.env, v, where, file); err != nil {
		return nil, err
	}
	m, err := beam.Multipliers(v, Multiplier.in(v), 2)
	if err != nil {
		return nil, err
	}
	columns, err := table(string(b), v.Texts(Motors.in(v)))
	if err != nil {
		return nil, problem.Inputf("%s: %s", v.Where(Motors.in(v)), file).Because(err)
	}
	out := make([][2]float64, len(columns[0]))
	for i := range out {
		out[i] = [2]float64{columns[0][i] * m[0], columns[1][i] * m[1]}
	}
	return out, nil
}

// table reads the columns of that names: a line of any text, a line of column names, then lines
// of numbers.
func table(text string, want []string) ([][]float64, error) {
	lines := strings.Split(text, "\n")
	if len(lines) < 2 {
		return nil, fmt.Errorf("has %d lines, expected a line of text, one of column names, then numbers", len(lines))
	}
	names := strings.Fields(lines[1])
	at := make([]int, len(want))
	for i, w := range want {
		if at[i] = slices.Index(names, w); at[i] < 0 {
			return nil, fmt.Errorf("no column %q in line 2; there are: %s", w, strings.Join(names, ", "))
		}
	}
	out := make([][]float64, len(want))
	for n, line := range lines[2:] {
		words := strings.Fields(line)
		if len(words) == 0 {
			continue
		}
		if len(words) != len(names) {
			return nil, fmt.Errorf("line %d has %d values, expected %d like the column names", n+3, len(words), len(names))
		}
		for i, k := range at {
			x, err := strconv.ParseFloat(words[k], 64)
			if err != nil {
				return nil, fmt.Errorf("line %d: %s is %q, expected a number", n+3, want[i], words[k])
			}
			out[i] = append(out[i], x)
		}
	}
	if len(out[0]) == 0 {
		return nil, errors.New("holds no positions behind its two lines of text")
	}
	return out, nil
}

// mask reads the mask of a .mat file; those of version 7.3 are HDF5 files.
func (s *session) mask() error {
	v := s.v
	k := MaskFile.in(v)
	if v.IsNull(k) {
		return nil
	}
	where, folder := v.Where(k), s.base+"matlab/ptycho/"
	if p := MaskPath.in(v); !v.IsNull(p) {
		folder = beam.Slash(v.Path(p))
	}
	file := folder + v.Text(k)
	im := new(pix.Image)
	err := mat5.ReadFile(file, "mask", im)
	switch {
	case errors.Is(err, mat5.ErrHDF5):
		if im, err = s.newMask(file, where); err != nil {
			return err
		}
	case errors.Is(err, os.ErrNotExist):
		return recipes.NoFile(where, file, v.Dir())
	case errors.Is(err, mat5.ErrTruncated):
		return problem.Inputf("%s", where).Because(err).WithHint("the copy is incomplete: copy the file again")
	case err != nil:
		return problem.Inputf("%s", where).Because(err)
	default:
		if err := beam.Note(s.env, v, where, file); err != nil {
			return err
		}
	}
	if im.Rows != s.src.Rows || im.Cols != s.src.Cols {
		return problem.Inputf("%s: the mask in %s has %d x %d pixels (rows x columns), expected %d x %d like the frames", where, file, im.Rows, im.Cols, s.src.Rows, s.src.Cols)
	}
	s.src.Valid, s.src.HasMask = beam.MaskOf(im), true
	return nil
}

// newMask reads the mask of a file of MATLAB 7.3, which stores it transposed.
func (s *session) newMask(file, where string) (*pix.Image, error) {
	files := h5in.New(s.env, s.v)
	defer files.Close()
	im, err := files.Image(file, "mask", where)
	if err != nil {
		return nil, err
	}
	out := pix.New(im.Type, im.Cols, im.Rows)
	size := im.Type.Size()
	for r := range im.Rows {
		for c := range im.Cols {
			copy(out.Bytes[(c*im.Rows+r)*size:][:size], im.Bytes[(r*im.Cols+c)*size:][:size])
		}
	}
	return out, nil
}
