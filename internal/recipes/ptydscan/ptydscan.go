// Package ptydscan holds the recipe PtydScan: prepared scans (.ptyd) as the input, to be cut,
// turned, binned or given another meta once more.
package ptydscan

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"slices"

	"ptyprep/internal/formats/h5"
	"ptyprep/internal/formats/ptyd"
	"ptyprep/internal/recipes"
	"ptyprep/internal/scan"
	"ptyprep/internal/scan/param"
)

// ReadOnly is the word for "read dfile and write nothing".
const ReadOnly = "file"

// Tree is the recipe's parameters.
var Tree = recipes.NewTree("PtydScan", "Prepares a .ptyd file once more.")

// Source names the file to read.
var Source = Tree.Add(param.Spec{
	Path: "source", Forms: param.Path | param.Null, Default: ReadOnly,
	Help: "The .ptyd file to read, of any age; parts are found beside it. Its meta gives the defaults of version, label, shape, " +
		"psize, energy, center and distance. (file and null stand for dfile itself, which then only can be read: see ptyprep inspect.)",
})

// Spec is the recipe.
var Spec = recipes.Spec{
	Name:    "PtydScan",
	Summary: "Prepares a .ptyd file once more.",
	Tree:    Tree,
	Doc: `Frames, weights and positions come from the chunks of ` + "`source`" + `, in the order of their numbers; the new file has
chunks and numbers of its own. What the meta group of the source says is the default for version, label, shape, psize,
energy, center and distance; a parameter that the recipe gives beats it. Where neither says anything, shape is the whole frame
and the others have the defaults below. psize, shape and center are those of the stored (binned) frames: a new rebin comes on top.

Files of all ages are read: chunks without weights, with one for all frames of a chunk, or with a common one in meta or info;
chunks of different number types take the type that holds all of them. A missing part, fewer frames than meta promises, and
frames without positions (unless positions_theory is given) are errors.`,
	Open: recipes.OpenFunc(open),
}

func open(_ context.Context, env *recipes.Env, v *param.Values) (*recipes.Opened, error) {
	if v.IsNull(Source) || v.Text(Source) == ReadOnly {
		return nil, v.Problem(Source, "is %s: nothing would be written, since source and output are the same file", sourceWord(v)).
			WithHint("name the file as source, and another file as dfile or with --output; ptyprep inspect shows what a .ptyd holds")
	}
	if _, err := os.Stat(v.Path(Source)); errors.Is(err, fs.ErrNotExist) {
		return nil, recipes.NoFile(v.Where(Source), v.Path(Source), v.Dir())
	}
	f, err := ptyd.Open(v.Path(Source), h5.OpenOptions{NoLock: env.NoLock})
	if err != nil {
		return nil, located(v.Where(Source), err)
	}
	src, err := newSource(f, env, v)
	if err != nil {
		f.Close()
		return nil, located(v.Where(Source), err)
	}
	return &recipes.Opened{Source: src, Settings: settings(v, f)}, nil
}

func sourceWord(v *param.Values) string {
	if v.IsNull(Source) {
		return "null"
	}
	return ReadOnly
}

// settings are the base parameters, with the meta of the source in place of the declared
// defaults. Null for a number that the source records asks for just that.
func settings(v *param.Values, f *ptyd.File) *scan.Settings {
	s, m := recipes.Settings(v), f.Meta()
	fromMeta := map[string]bool{
		recipes.Shape.Path():  !v.Given(recipes.Shape) && m.Shape != nil,
		recipes.Center.Path(): !v.Given(recipes.Center) && m.Center != nil,
	}
	inRecipe := s.Where
	s.Where = func(key string) string {
		if fromMeta[key] {
			return f.Path() + ": meta/" + key
		}
		return inRecipe(key)
	}
	open := func(k param.Key) bool { return !v.Given(k) }
	recorded := func(k param.Key) {
		s.FromDefaults = slices.DeleteFunc(s.FromDefaults, func(p string) bool { return p == k.Path() })
	}
	if open(recipes.Version) && m.Version != nil {
		s.Version = *m.Version
	}
	if open(recipes.Label) {
		s.Label = m.Label
	}
	if open(recipes.Shape) {
		s.Shape, s.ShapeRecorded = m.Shape, m.Shape != nil
	}
	if open(recipes.Center) {
		center(s, m)
	}
	if (open(recipes.PSize) || v.IsNull(recipes.PSize)) && m.PSizeM != nil {
		s.PSizeM = *m.PSizeM
		recorded(recipes.PSize)
	}
	if (open(recipes.Energy) || v.IsNull(recipes.Energy)) && m.EnergyKeV != nil {
		s.EnergyKeV = *m.EnergyKeV
		recorded(recipes.Energy)
	}
	if (open(recipes.Distance) || v.IsNull(recipes.Distance)) && m.DistanceM != nil {
		s.DistanceM = *m.DistanceM
		recorded(recipes.Distance)
	}
	return s
}

// center takes the source's optical axis; a missing one leaves the declared default.
func center(s *scan.Settings, m ptyd.Meta) {
	switch {
	case m.Center != nil:
		s.Center = scan.Center{Kind: scan.CenterPoint, Point: *m.Center}
	case m.CenterNone:
		s.Center = scan.Center{Kind: scan.CenterNone}
	case m.CenterWord == recipes.CenterGeometric:
		s.Center = scan.Center{Kind: scan.CenterGeometric}
	case m.CenterWord == recipes.CenterFFT:
		s.Center = scan.Center{Kind: scan.CenterFFT}
	}
}
