// Package raw writes a simulated scan the way a beamline would: frames, positions and masks in
// its files, beside a recipe that converts them. With it every step from raw data to a
// reconstruction can be tried.
package raw

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"ptyprep/internal/recipes"
	"ptyprep/internal/scan"
	"ptyprep/internal/scan/nearby"
	"ptyprep/internal/scan/param"
	"ptyprep/internal/scan/problem"
)

// The formats.
const (
	HDF5  = "hdf5"  // one HDF5 file, for Hdf5Loader
	NeXus = "nexus" // one NeXus file, for NexusLoader
	CXI   = "cxi"   // one CXI file, for CxiLoader
	EDF   = "edf"   // an EDF file a frame, for ID16AScan
	CBF   = "cbf"   // a CBF file a frame, for cSAXSScan
)

// Formats lists them.
var Formats = []string{HDF5, NeXus, CXI, EDF, CBF}

// RecipeName is the file of the recipe in the folder that is written.
const RecipeName = "recipe.yaml"

// Parse takes FORMAT:DIR apart.
func Parse(text string) (format, dir string, err error) {
	format, dir, ok := strings.Cut(text, ":")
	if !ok || dir == "" || !slices.Contains(Formats, format) {
		e := problem.Usagef("--raw: is %q, expected FORMAT:DIR with a FORMAT of %s", text, strings.Join(Formats, ", "))
		if near, ok := nearby.Nearest(format, Formats); ok && !slices.Contains(Formats, format) {
			return "", "", e.WithHint("did you mean %s?", near)
		}
		return "", "", e.WithHint("for example --raw hdf5:raw")
	}
	return format, dir, nil
}

// Check says whether the folder can be written: it must not be there, or be empty. Folders with
// something in them are never touched.
func Check(dir string) error {
	entries, err := os.ReadDir(dir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		parent := filepath.Dir(filepath.Clean(dir))
		if st, err := os.Stat(parent); err != nil || !st.IsDir() {
			return problem.Usagef("--raw: %s: there is no folder %s", dir, parent).WithHint("make it: mkdir -p %s", parent)
		}
		return nil
	case err != nil:
		return problem.Usagef("--raw: folder %s cannot be looked at", dir).Because(err)
	case len(entries) > 0:
		return problem.Usagef("--raw: folder %s is not empty (%s, ...)", dir, entries[0].Name()).
			WithHint("choose another folder; --overwrite does not replace raw data")
	}
	return nil
}

// Sink writes the frames of a simulation as raw data. The folder appears under its name when it
// is whole.
type Sink struct {
	format, dir, temp string
	v                 *param.Values  // of the simulation
	set               *scan.Settings // that the .ptyd would be made with
	log               scan.Reporter
	plan              *scan.Plan
	w                 writer
}

var _ scan.Sink = (*Sink)(nil)

// writer is one format.
type writer interface {
	// begin makes what all frames need, in the folder dir.
	begin(dir string, p *scan.Plan) error
	// encode packs or writes a frame; it is called from many goroutines.
	encode(f *scan.Frame) error
	// write takes what encode left in Frame.Out, in the order of frames, from one goroutine.
	write(index int, packed any) error
	// finish closes everything and gives the recipe's lines below its name.
	finish() ([]string, error)
	abort()
	// recipe is the name of the recipe that reads the format.
	recipe() string
}

// NewSink makes a sink for frames that come out of a simulation unchanged (settings of
// sim.Plain). v and set are those of the simulation.
func NewSink(format, dir string, v *param.Values, set *scan.Settings, log scan.Reporter) *Sink {
	s := &Sink{format: format, dir: dir, v: v, set: set, log: log}
	switch format {
	case HDF5:
		s.w = &h5writer{layout: plainLayout}
	case NeXus:
		s.w = &h5writer{layout: nexusLayout}
	case CXI:
		s.w = &h5writer{layout: cxiLayout}
	case EDF:
		s.w = &edfWriter{files{log: log}}
	default:
		s.w = &cbfWriter{files: files{log: log}}
	}
	return s
}

// Start makes the folder under a temporary name.
func (s *Sink) Start(p *scan.Plan) (err error) {
	if s.format == CBF && !p.Type.IsInteger() {
		return problem.Usagef("--raw: cbf holds whole numbers, and frames are %v", p.Type).
			WithHint("choose a detector, or another format: %s", strings.Join(Formats[:4], ", "))
	}
	s.plan = p
	parent := filepath.Dir(filepath.Clean(s.dir))
	if s.temp, err = os.MkdirTemp(parent, "."+filepath.Base(s.dir)+".ptyprep-*"); err != nil {
		return problem.Usagef("--raw: folder %s cannot be made", s.dir).Because(err).WithHint("may its parent folder be written to?")
	}
	return s.problem(s.w.begin(s.temp, p))
}

func (s *Sink) problem(err error) error {
	if err == nil {
		return nil
	}
	var p *problem.Error
	if errors.As(err, &p) {
		return err
	}
	return problem.Internalf("--raw: %s could not be written", s.dir).Because(err)
}

// Sample needs nothing.
func (s *Sink) Sample([]*scan.Frame) error { return nil }

// Encode packs a frame.
func (s *Sink) Encode(f *scan.Frame) error { return s.problem(s.w.encode(f)) }

// Write stores a frame.
func (s *Sink) Write(index int, packed any) error { return s.problem(s.w.write(index, packed)) }

// Finish writes the recipe and puts the folder in place.
func (s *Sink) Finish() error {
	lines, err := s.w.finish()
	if err == nil {
		err = os.WriteFile(filepath.Join(s.temp, RecipeName), s.recipe(lines), 0o666)
	}
	if err == nil {
		err = s.place()
	}
	if err != nil {
		err = errors.Join(err, os.RemoveAll(s.temp))
	}
	return s.problem(err)
}

// place gives the folder its name, and the permissions that other folders get.
func (s *Sink) place() error {
	probe := s.temp + ".mode"
	if err := os.Mkdir(probe, 0o777); err != nil {
		return err
	}
	st, err := os.Stat(probe)
	if err := errors.Join(err, os.Remove(probe)); err != nil {
		return err
	}
	if err := os.Chmod(s.temp, st.Mode().Perm()); err != nil {
		return err
	}
	if err := os.Remove(s.dir); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return os.Rename(s.temp, s.dir)
}

// Abort removes what was written.
func (s *Sink) Abort() {
	if s.temp != "" {
		s.w.abort()
		_ = os.RemoveAll(s.temp) // what stopped the run is told
	}
}

// recipe is the text of the recipe: lines say where the data are, the rest is what the
// simulation's recipe says about the frames.
func (s *Sink) recipe(lines []string) []byte {
	var b strings.Builder
	fmt.Fprintf(&b, "# Raw data of a simulated scan (%s), written by ptyprep simulate --raw. To prepare it:\n#\n#     ptyprep convert %s\n\n", s.v.Tree().Name, RecipeName)
	fmt.Fprintf(&b, "name: %s\ndfile: scan.ptyd\n", s.w.recipe())
	for _, l := range append(lines, s.base()...) {
		b.WriteString(l + "\n")
	}
	return []byte(b.String())
}

// base are the parameters of the base scan.
func (s *Sink) base() []string {
	p := s.plan
	out := []string{
		fmt.Sprintf("shape: [%d, %d]", min(s.set.Shape[0], p.Rows), min(s.set.Shape[1], p.Cols)),
		fmt.Sprintf("center: [%d, %d]", p.RawShape[0]/2, p.RawShape[1]/2),
		"auto_center: " + fmt.Sprint(s.set.AutoCenter == scan.Yes),
	}
	if !s.v.Given(recipes.Orientation) || s.v.IsNull(recipes.Orientation) {
		out = append(out, "orientation: [false, false, false]")
	}
	for _, k := range []param.Key{
		recipes.Orientation, recipes.Rebin, recipes.Label, recipes.ExperimentID, recipes.Version, recipes.MinFrames, recipes.Save,
		recipes.FramesPerBlock, recipes.OutputDType,
	} {
		if s.v.Given(k) && !s.v.IsNull(k) {
			out = append(out, fmt.Sprintf("%s: %s", k.Path(), flow(s.v.Get(k))))
		}
	}
	return out
}

// flow writes a value as YAML.
func flow(v param.Value) string {
	switch v.Kind {
	case param.List:
		var items []string
		for _, x := range v.List {
			items = append(items, flow(x))
		}
		return "[" + strings.Join(items, ", ") + "]"
	case param.Text:
		return quote(v.Text)
	case param.Float:
		return param.FormatFloat(v.Float)
	}
	return fmt.Sprint(v.Plain())
}

func quote(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }

// geometry are the set-up's parameters.
func geometry(p *scan.Plan) []string {
	m := &p.Meta
	return []string{
		"energy: " + param.FormatFloat(m.EnergyKeV),
		"distance: " + param.FormatFloat(m.DistanceM),
		fmt.Sprintf("psize: [%s, %s]", param.FormatFloat(m.PSizeM[0]), param.FormatFloat(m.PSizeM[1])),
	}
}
