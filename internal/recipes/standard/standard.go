// Package standard is what CxiLoader and NexusLoader share: a Finder that looks for datasets at the
// places where a standard puts them, says what it found, and hands that on to Hdf5Loader. What the
// recipe gives goes before what is found.
package standard

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strings"

	"ptyprep/internal/formats/h5"
	"ptyprep/internal/imgproc/pix"
	"ptyprep/internal/recipes"
	"ptyprep/internal/recipes/h5in"
	"ptyprep/internal/recipes/hdf5"
	"ptyprep/internal/scan/param"
	"ptyprep/internal/scan/problem"
	"ptyprep/internal/scan/units"
)

// Keys are the parameters that both recipes add to those of Hdf5Loader.
type Keys struct{ File, Entry, UseDark, UseFlat param.Key }

// Declare adds the parameters to a tree that inherits hdf5.Tree.
func Declare(t *param.Tree) Keys {
	flag := func(path, what string) param.Key {
		return t.Add(param.Spec{Path: path, Forms: param.Bool, Default: false,
			Help: "Use the " + what + " that the file holds. Many files hold frames that are corrected already, so it is not used unless asked for."})
	}
	return Keys{
		File:    t.Add(param.Spec{Path: "file", Forms: param.Path | param.Null, Help: "The file. It stands for every `file` of the other parameters that is not given."}),
		Entry:   t.Add(param.Spec{Path: "entry", Forms: param.Text | param.Null, Help: "Group of the file to use, where several hold frames."}),
		UseDark: flag("use_dark", "dark"),
		UseFlat: flag("use_flat", "flat field"),
	}
}

// groups are file and key of all groups of Hdf5Loader that name one dataset.
var groups = [][2]param.Key{
	{hdf5.IntensitiesFile, hdf5.IntensitiesKey}, {hdf5.MaskFile, hdf5.MaskKey}, {hdf5.FlatFile, hdf5.FlatKey}, {hdf5.DarkFile, hdf5.DarkKey},
	{hdf5.NormFile, hdf5.NormKey}, {hdf5.FilterFile, hdf5.FilterKey}, {hdf5.EnergyFile, hdf5.EnergyKey},
	{hdf5.DistanceFile, hdf5.DistanceKey}, {hdf5.PSizeFile, hdf5.PSizeKey},
}

// Finder looks through one file and collects what Hdf5Loader shall be told.
type Finder struct {
	Env    *recipes.Env
	V      *param.Values
	Keys   Keys
	H5     *h5.File // the file that is searched
	Files  *h5in.Files
	Extras hdf5.Extras // for Hdf5Loader

	name     string // of the file
	file     param.Value
	via      param.Key // the parameter that gives it
	supplies []param.Supply
	supplied map[string]bool
	lines    []string
}

// New opens the file that the recipe names: `file`, else the first one of intensities.file.
func New(env *recipes.Env, v *param.Values, k Keys) (*Finder, error) {
	f := &Finder{Env: env, V: v, Keys: k, Files: h5in.New(env, v), via: k.File, supplied: map[string]bool{}}
	f.file = v.Get(f.via)
	if v.IsNull(k.File) {
		f.via = hdf5.IntensitiesFile
		paths, err := f.Files.Expand(v.Paths(f.via), v.Where(f.via))
		if err != nil {
			return nil, err
		}
		if len(paths) == 0 {
			return nil, v.Problem(k.File, "must be given: the file to look through")
		}
		f.file = param.Value{Kind: param.Path, Text: paths[0], Path: paths[0]}
	}
	f.name = f.file.Path
	var err error
	if f.H5, err = f.Files.Open(f.name, v.Where(f.via)); err != nil {
		f.Files.Close()
		return nil, err
	}
	f.Extras.Files = f.Files
	return f, nil
}

// Where names the parameter that gives the file, for messages.
func (f *Finder) Where() string { return f.V.Where(f.via) }

// Name is the file.
func (f *Finder) Name() string { return f.name }

// Given reports whether the recipe itself gives a parameter other than null.
func (f *Finder) Given(k param.Key) bool { return f.V.Given(k) && !f.V.IsNull(k) }

// Info describes the dataset at a path; nil when there is none. A link that leads nowhere gives its
// error: something was meant to be there.
func (f *Finder) Info(path string) (*h5.Info, error) {
	kind, err := f.H5.Kind(path)
	var gone *h5.NotFoundError
	switch {
	case errors.As(err, &gone) && gone.Link == "", err == nil && kind != h5.DatasetKind:
		return nil, nil
	case err != nil:
		return nil, err
	}
	d, err := f.H5.Dataset(path)
	if err != nil {
		return nil, err
	}
	defer d.Close()
	return d.Info(), nil
}

// First gives the first of the paths where there is a dataset that fits; "" when there is none. A
// broken link counts as fitting: opening it will tell what is missing.
func (f *Finder) First(fits func(*h5.Info) bool, paths ...string) (string, *h5.Info) {
	for _, p := range paths {
		switch in, err := f.Info(p); {
		case err != nil:
			return p, nil
		case in != nil && fits(in):
			return p, in
		}
	}
	return "", nil
}

// Found notes a dataset that is used. unit is what its numbers are.
func (f *Finder) Found(what, path string, in *h5.Info, unit string) {
	shape := "not there"
	if in != nil {
		shape = h5in.Shape(in.Shape)
	}
	f.lines = append(f.lines, fmt.Sprintf("found %s: %s (%s, %s)", what, path, shape, unit))
}

// Supply sets a parameter of Hdf5Loader, unless the recipe gives it.
func (f *Finder) Supply(k param.Key, x any) {
	if f.Given(k) || f.supplied[k.Path()] {
		return
	}
	f.supplied[k.Path()] = true
	f.supplies = append(f.supplies, param.Supply{Key: k, Value: x, Via: f.via})
}

// Use makes datasets of the file (one, but for frames in pieces) those of a group of Hdf5Loader,
// unless the recipe gives some.
func (f *Finder) Use(fileKey, keyKey param.Key, paths ...string) {
	if f.Given(fileKey) && fileKey != f.via { // by half: Hdf5Loader asks for the key
		return
	}
	f.Supply(fileKey, f.file)
	keys := make([]string, len(paths))
	for i, p := range paths {
		keys[i] = strings.TrimPrefix(p, "/")
	}
	if len(keys) == 1 {
		f.Supply(keyKey, keys[0])
		return
	}
	f.Supply(keyKey, keys)
}

// UsePositions takes the positions from two datasets of the file; column < 0: they have no columns.
func (f *Finder) UsePositions(slow, fast string, slowColumn, fastColumn int) {
	if f.Given(hdf5.PositionsFile) { // another file: Hdf5Loader asks for the keys
		return
	}
	for _, c := range []struct {
		key, index param.Key
		path       string
		column     int
	}{{hdf5.SlowKey, hdf5.SlowIndex, slow, slowColumn}, {hdf5.FastKey, hdf5.FastIndex, fast, fastColumn}} {
		if f.Given(c.key) {
			continue
		}
		f.Supply(c.key, strings.TrimPrefix(c.path, "/"))
		if c.column >= 0 {
			f.Supply(c.index, c.column)
		}
	}
}

// GivenUnits takes the factors to metres of positions that the recipe names from their units, unless
// it gives the factors as well. It goes before what is found.
func (f *Finder) GivenUnits() {
	for _, k := range [][2]param.Key{{hdf5.SlowKey, hdf5.SlowMultiplier}, {hdf5.FastKey, hdf5.FastMultiplier}} {
		key, multiplier := k[0], k[1]
		if !f.Given(key) || f.Given(multiplier) {
			continue
		}
		to := 1.0 // not that of the axis that is found
		if unit := f.unitOfGiven(f.V.Text(key)); unit != "" {
			if m, ok := Metres(unit); ok {
				to = m
				f.Env.Log.Info(fmt.Sprintf("%s: %s has the unit %s", f.V.Where(key), f.V.Text(key), unit))
			} else {
				f.Env.Log.Warn(fmt.Sprintf("%s: %s has the unit %q, which is no length; its numbers are taken for metres", f.V.Where(key), f.V.Text(key), unit))
			}
		}
		f.Supply(multiplier, to)
	}
}

// unitOfGiven is the unit of a dataset of positions.file; "" without one.
func (f *Finder) unitOfGiven(key string) string {
	if !f.Given(hdf5.PositionsFile) {
		return f.Unit(key)
	}
	file, err := f.Files.Open(f.V.Path(hdf5.PositionsFile), f.V.Where(hdf5.PositionsFile))
	if err != nil { // Hdf5Loader tells
		return ""
	}
	return unitIn(file, key)
}

// NoPositions says that none were found; with positions_theory that is no error: the frames are a
// list then.
func (f *Finder) NoPositions(looked string) error {
	if !f.V.IsNull(recipes.PositionsTheory) {
		f.Extras.Axes = func(lead []int) (*hdf5.Grid, error) {
			n := h5in.Product(lead)
			return hdf5.NewGrid("list of points", 1, n, func(int, int) [2]float64 { return [2]float64{} }), nil
		}
		return nil
	}
	return problem.Inputf("%s: no positions found in %s; looked for: %s", f.Where(), f.name, looked).
		WithHint("name them with positions.slow_key and positions.fast_key, or give positions_theory")
}

// Scalar reads a dataset of one value, or of equal values.
func (f *Finder) Scalar(path string) (float64, error) {
	a, err := f.Files.Array(f.name, path, f.Where())
	if err != nil {
		return 0, err
	}
	if len(a.Data) == 0 {
		return 0, problem.Inputf("%s: %s is empty, expected a value", f.Where(), a.Name)
	}
	for _, x := range a.Data {
		if math.Abs(x-a.Data[0]) > 1e-9*math.Abs(a.Data[0]) || math.IsNaN(x) {
			return 0, problem.Inputf("%s: %s holds %d different values, expected one", f.Where(), a.Name, len(a.Data))
		}
	}
	return a.Data[0], nil
}

// Wants reports whether a quantity of the set-up shall be looked for: neither the recipe's own value
// nor a dataset for it is given. A value of the recipe that goes before one in the file is told.
func (f *Finder) Wants(value, key param.Key) bool {
	if f.Given(value) && !f.Given(key) {
		f.Env.Log.Info(f.V.Where(value) + " is given in the recipe; what the file says is not used")
	}
	return !f.Given(value) && !f.Given(key)
}

// Energy takes the photon energy that the file holds, in keV.
func (f *Finder) Energy(keV float64, path string) error {
	if !(keV > 0) || math.IsInf(keV, 0) {
		return problem.Inputf("%s: %s:%s gives the energy %v keV", f.Where(), f.name, path, keV).
			WithHint("give energy (keV) in the recipe")
	}
	if keV < 0.01 || keV > 1e4 {
		f.Env.Log.Warn(fmt.Sprintf("%s gives the energy %g keV: is its unit right? energy in the recipe goes before it", path, keV))
	}
	f.Extras.Recorded.EnergyKeV = &keV
	return nil
}

// Wavelength is Energy for a wavelength in metres.
func (f *Finder) Wavelength(m float64, path string) error {
	return f.Energy(units.EnergyOfWavelength(m), path)
}

// Distance takes the distance that the file holds, in metres.
func (f *Finder) Distance(m float64) { f.Extras.Recorded.DistanceM = &m }

// PixelSize takes the pixel size that the file holds, in metres: along the rows, the columns. One
// that is not there is taken for equal to the other.
func (f *Finder) PixelSize(y, x float64, hasY, hasX bool) {
	switch {
	case !hasX && !hasY:
		return
	case !hasX:
		x = y
	case !hasY:
		y = x
	}
	f.Extras.Recorded.PSizeM = &[2]float64{y, x}
}

// Unit is the attribute units of a dataset, "" without one.
func (f *Finder) Unit(path string) string { return unitIn(f.H5, path) }

func unitIn(file *h5.File, path string) string {
	u, _, err := file.Attr(path, "units")
	if err != nil {
		return ""
	}
	switch u := u.(type) {
	case string:
		return strings.TrimSpace(u)
	case []string:
		if len(u) == 1 {
			return strings.TrimSpace(u[0])
		}
	}
	return ""
}

// Absent says at once when the link to something of the set-up is broken; what is simply not there
// is the recipe's to give.
func (f *Finder) Absent(what, path string, in *h5.Info, err error) error {
	if err != nil {
		return problem.Inputf("%s: the %s of %s cannot be read", f.Where(), what, f.name).Because(err)
	}
	if in == nil {
		f.Env.Log.Info(fmt.Sprintf("no %s in the file; looked for %s", what, path))
	}
	return nil
}

// Length reads a length in metres; ok is false when it is not there. warn asks for a warning when
// it has no unit, so that metres are a guess.
func (f *Finder) Length(what, path string, warn bool) (m float64, ok bool, err error) {
	in, err := f.Info(path)
	if in == nil || err != nil {
		return 0, false, f.Absent(what, path, in, err)
	}
	x, err := f.Scalar(path)
	if err != nil {
		return 0, false, err
	}
	unit, factor := f.Unit(path), 1.0
	if unit != "" {
		if factor, ok = Metres(unit); !ok {
			return 0, false, problem.Inputf("%s: %s:%s has the unit %q, expected a length", f.Where(), f.name, path, unit)
		}
	} else if unit = "m"; warn {
		f.Env.Log.Warn(fmt.Sprintf("%s has no unit; metres are assumed", path))
	}
	if !(x > 0) || math.IsInf(x, 0) { // detectors that do not know it write 0
		f.Env.Log.Warn(fmt.Sprintf("%s: the %s is %v; it is not used", path, what, x))
		return 0, false, nil
	}
	f.Found(what, path, in, unit)
	return inMetres(x, factor), true, nil
}

// ZeroIsGood makes pixels valid whose bits, but for ignored ones, are all 0, unless the recipe says
// how the mask is to be read.
func (f *Finder) ZeroIsGood(ignored uint64) {
	if f.V.Given(hdf5.MaskInvert) {
		return
	}
	f.Extras.MaskInto = func(dst []byte, stored *pix.Image) { zeroIsGood(dst, stored, ignored) }
}

// Open hands everything on to Hdf5Loader.
func (f *Finder) Open(ctx context.Context) (*recipes.Opened, error) {
	for _, l := range f.lines {
		f.Env.Log.Info(l)
	}
	for _, g := range groups {
		if f.Given(g[1]) {
			f.Supply(g[0], f.file)
		}
	}
	f.Supply(hdf5.PositionsFile, f.file)
	return hdf5.OpenAs(ctx, f.Env, hdf5.Derive(f.V, f.supplies...), f.Extras)
}

// Lead is the leading shape of the frames, of datasets that the recipe names (no paths) or of paths
// in the file.
func (f *Finder) Lead(paths ...string) ([]int, error) {
	files, where := []string{f.name}, f.Where()
	if len(paths) == 0 {
		paths, where = f.V.Texts(hdf5.IntensitiesKey), f.V.Where(hdf5.IntensitiesKey)
	}
	if f.Given(hdf5.IntensitiesFile) && (f.Given(hdf5.IntensitiesKey) || f.via == hdf5.IntensitiesFile) {
		files = f.V.Paths(hdf5.IntensitiesFile)
	}
	st, err := f.Files.Frames(files, paths, f.Where(), where, h5in.IsFrames)
	if err != nil {
		return nil, err
	}
	defer st.Close()
	return st.Leading, nil
}

// IsFrames says that a dataset could be a stack of frames: two last dimensions like those of a
// picture.
func IsFrames(in *h5.Info) bool {
	const least = 8 // pixels; spectra and vectors have less in one direction
	n := len(in.Shape)
	return h5in.IsFrames(in) && in.Shape[n-2] >= least && in.Shape[n-1] >= least
}

// IsNumber says that a dataset holds numbers.
func IsNumber(in *h5.Info) bool { return in.Type.Pix != pix.Invalid && !in.Null }

// IsImage says that a dataset holds numbers in two dimensions or more.
func IsImage(in *h5.Info) bool { return IsNumber(in) && len(in.Shape) >= 2 }

// FindCalibration looks for the dark and the flat field at the given places. Many files are corrected
// already, so they are used only when the recipe asks for them; else a note says that they are there.
func (f *Finder) FindCalibration(darks, flats []string) error {
	for _, c := range []struct {
		use, file, key param.Key
		what           string
		places         []string
	}{
		{f.Keys.UseDark, hdf5.DarkFile, hdf5.DarkKey, "dark", darks},
		{f.Keys.UseFlat, hdf5.FlatFile, hdf5.FlatKey, "flat field", flats},
	} {
		if f.Given(c.key) {
			continue
		}
		p, in := f.First(IsImage, c.places...)
		switch asked := f.V.Bool(c.use); {
		case asked && p == "":
			return f.V.InputProblem(c.use, "no %s found in %s; looked for: %s", c.what, f.Name(), strings.Join(c.places, ", "))
		case asked:
			f.Found(c.what, p, in, "counts")
			f.Use(c.file, c.key, p)
		case p != "":
			f.Env.Log.Info(fmt.Sprintf("the file holds a %s, %s; it is not used (%s: true)", c.what, p, c.use))
		}
	}
	return nil
}
