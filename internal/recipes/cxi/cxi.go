// Package cxi holds CxiLoader: Hdf5Loader on CXI files, whose standard says where things are, so
// that the name of the file is all it needs.
package cxi

import (
	"context"
	"fmt"
	"regexp"
	"sort"
	"strconv"
	"strings"

	"ptyprep/internal/formats/h5"
	"ptyprep/internal/recipes"
	"ptyprep/internal/recipes/h5in"
	"ptyprep/internal/recipes/hdf5"
	"ptyprep/internal/recipes/standard"
	"ptyprep/internal/scan/param"
	"ptyprep/internal/scan/problem"
)

var tree = recipes.NewTree("CxiLoader", "Scans in CXI files: everything is found at the places of the standard.", hdf5.Tree)

var keys = standard.Declare(tree)

// Spec is the recipe.
var Spec = recipes.Spec{
	Name: tree.Name, Tree: tree, Summary: tree.Summary, Open: recipes.OpenFunc(open),
	Doc: `The name of the file is enough; CXI 1.3 to 1.6. Every parameter of Hdf5Loader can be given and goes before what is found,
energy, distance and psize too. What is found is printed. The entry is the only group entry_N that holds frames, or the one that
` + "`entry`" + ` names. In it:

| what | places, the first that is there |
|---|---|
| frames | data_1/data, instrument_1/detector_1/data |
| positions (m) | data_1/translation, sample_1/geometry_1/translation, geometry_1/translation: (N, 3) or (N, 2), rows = column 1, columns = column 0, sign as stored; another unit that the file says is converted |
| energy (J) | instrument_1/source_1/energy |
| distance (m) | instrument_1/detector_1/distance |
| pixel size (m) | instrument_1/detector_1/y_pixel_size (rows), x_pixel_size (columns) |
| mask | instrument_1/detector_1/mask: a bit field, a pixel is bad if any bit but 0x1000 is set |
| dark, with use_dark | instrument_1/detector_1/data_dark, darkfield |
| flat field, with use_flat | instrument_1/detector_1/data_white, flatfield |
`,
}

// hasSignal is the bit of a CXI mask that tells of signal, not of a fault.
const hasSignal = 0x1000

func open(ctx context.Context, env *recipes.Env, v *param.Values) (*recipes.Opened, error) {
	f, err := standard.New(env, v, keys)
	if err != nil {
		return nil, err
	}
	if err := (&search{Finder: f}).all(); err != nil {
		f.Files.Close()
		return nil, err
	}
	return f.Open(ctx)
}

// search looks through one entry.
type search struct {
	*standard.Finder
	entry string // "entry_1/"
}

func (s *search) all() error {
	for _, step := range []func() error{s.frames, s.positions, s.energy, s.geometry, s.calibration} {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

// places are paths in an entry.
func places(entry string, paths ...string) []string {
	out := make([]string, len(paths))
	for i, p := range paths {
		out[i] = entry + p
	}
	return out
}

var framePlaces = []string{"data_1/data", "instrument_1/detector_1/data"}

// frames chooses the entry, and the frames in it unless the recipe names them.
func (s *search) frames() error {
	entries, err := s.entries()
	if err != nil {
		return err
	}
	if s.Given(hdf5.IntensitiesKey) {
		s.entry = entryOf(s.V.Texts(hdf5.IntensitiesKey)[0], entries)
		return nil
	}
	var with, images []string
	for _, e := range entries {
		if p, _ := s.First(h5in.IsFrames, places(e+"/", framePlaces...)...); p != "" {
			with = append(with, e)
		} else if p, in := s.First(standard.IsNumber, places(e+"/", framePlaces...)...); p != "" {
			images = append(images, fmt.Sprintf("%s (%s)", p, h5in.Shape(in.Shape)))
		}
	}
	switch {
	case len(with) == 0:
		p := problem.Inputf("%s: no frames found in %s; looked for: %s", s.Where(), s.Name(), strings.Join(places(strings.Join(entries, "|")+"/", framePlaces...), ", "))
		if len(images) > 0 {
			return p.WithHint("a scan has three dimensions or more; there is %s", strings.Join(images, ", "))
		}
		return p.WithHint("name the frames with intensities.key; `ptyprep inspect` lists what the file holds")
	case len(with) > 1:
		return problem.Inputf("%s: %s hold frames in %s", s.Where(), strings.Join(with, " and "), s.Name()).WithHint("say which with entry: %s", with[0])
	}
	s.entry = with[0] + "/"
	p, in := s.First(h5in.IsFrames, places(s.entry, framePlaces...)...)
	s.Found("frames", p, in, "counts")
	s.Use(hdf5.IntensitiesFile, hdf5.IntensitiesKey, p)
	return nil
}

// entryOf is the entry that a key of the recipe lies in, else the first one.
func entryOf(key string, entries []string) string {
	first, _, _ := strings.Cut(strings.TrimPrefix(key, "/"), "/")
	for _, e := range entries {
		if e == first {
			return e + "/"
		}
	}
	if len(entries) > 0 {
		return entries[0] + "/"
	}
	return "entry_1/"
}

var entryName = regexp.MustCompile(`^entry_(\d+)$`)

// entries are the groups entry_N in the order of their numbers, or the one that `entry` names.
func (s *search) entries() ([]string, error) {
	list, err := s.H5.List("/")
	if err != nil {
		return nil, problem.Inputf("%s: %s", s.Where(), s.Name()).Because(err)
	}
	number := map[string]int{}
	var out, groups []string
	for _, e := range list {
		if e.Kind != h5.Group {
			continue
		}
		groups = append(groups, e.Name)
		if m := entryName.FindStringSubmatch(e.Name); m != nil {
			number[e.Name], _ = strconv.Atoi(m[1])
			out = append(out, e.Name)
		}
	}
	sort.Slice(out, func(i, j int) bool { return number[out[i]] < number[out[j]] })
	if s.Given(s.Keys.Entry) {
		want := strings.Trim(s.V.Text(s.Keys.Entry), "/")
		if kind, err := s.H5.Kind(want); err != nil || kind != h5.Group {
			return nil, s.V.InputProblem(s.Keys.Entry, "%s has no group %s", s.Name(), want).WithHint("groups: %s", strings.Join(groups, ", "))
		}
		return []string{want}, nil
	}
	if len(out) == 0 && !s.Given(hdf5.IntensitiesKey) {
		return nil, problem.Inputf("%s: %s has no group entry_1: it does not look like a CXI file", s.Where(), s.Name()).
			WithHint("groups there: %s; Hdf5Loader reads any HDF5 file, NexusLoader NeXus files", strings.Join(groups, ", "))
	}
	return out, nil
}

var positionPlaces = []string{"data_1/translation", "sample_1/geometry_1/translation", "geometry_1/translation"}

func isTranslation(in *h5.Info) bool {
	n := len(in.Shape)
	return standard.IsNumber(in) && n == 2 && (in.Shape[1] == 2 || in.Shape[1] == 3)
}

func (s *search) positions() error {
	s.GivenUnits()
	if s.Given(hdf5.SlowKey) && s.Given(hdf5.FastKey) {
		return nil
	}
	p, in := s.First(isTranslation, places(s.entry, positionPlaces...)...)
	if p == "" {
		return s.NoPositions(strings.Join(places(s.entry, positionPlaces...), ", ") + " of shape (N, 3) or (N, 2)")
	}
	unit, to := "m", 1.0 // as the standard has it, unless the file says something else
	if u := s.Unit(p); u != "" {
		m, ok := standard.Metres(u)
		if !ok {
			return problem.Inputf("%s: %s:%s has the unit %q, expected m", s.Where(), s.Name(), p, u).
				WithHint("name the positions with positions.slow_key and positions.fast_key")
		}
		unit, to = u, m
	}
	s.Found("positions", p, in, unit)
	s.UsePositions(p, p, 1, 0)
	s.Supply(hdf5.SlowMultiplier, to)
	s.Supply(hdf5.FastMultiplier, to)
	return nil
}

func (s *search) energy() error {
	path := s.entry + "instrument_1/source_1/energy"
	in, err := s.Info(path)
	if in == nil || err != nil || !s.Wants(recipes.Energy, hdf5.EnergyKey) {
		return s.Absent("energy", path, in, err)
	}
	x, err := s.Scalar(path)
	if err != nil {
		return err
	}
	unit := "J"
	if u := s.Unit(path); u != "" {
		unit = u
	}
	keV, ok := standard.KeV(x, unit)
	if !ok {
		return problem.Inputf("%s: %s:%s has the unit %q, expected J", s.Where(), s.Name(), path, unit).WithHint("give energy (keV) in the recipe")
	}
	s.Found("energy", path, in, unit)
	return s.Energy(keV, path)
}

func (s *search) geometry() error {
	detector := s.entry + "instrument_1/detector_1/"
	if s.Wants(recipes.Distance, hdf5.DistanceKey) {
		d, ok, err := s.Length("distance", detector+"distance", false)
		if err != nil {
			return err
		}
		if ok {
			s.Distance(d)
		}
	}
	if !s.Wants(recipes.PSize, hdf5.PSizeKey) {
		return nil
	}
	y, hasY, err := s.Length("pixel size (rows)", detector+"y_pixel_size", false)
	if err != nil {
		return err
	}
	x, hasX, err := s.Length("pixel size (columns)", detector+"x_pixel_size", false)
	s.PixelSize(y, x, hasY, hasX)
	return err
}

// calibration takes the mask, and dark and flat where they are asked for.
func (s *search) calibration() error {
	detector := s.entry + "instrument_1/detector_1/"
	if !s.Given(hdf5.MaskKey) {
		if p, in := s.First(standard.IsImage, detector+"mask"); p != "" {
			s.Found("mask", p, in, "bits, 0 is good")
			s.Use(hdf5.MaskFile, hdf5.MaskKey, p)
			s.ZeroIsGood(hasSignal)
		}
	}
	return s.FindCalibration(places(detector, "data_dark", "darkfield"), places(detector, "data_white", "flatfield"))
}
