package beam

import (
	"ptyprep/internal/recipes"
	"ptyprep/internal/scan"
	"ptyprep/internal/scan/param"
	"ptyprep/internal/scan/units"
)

// Declarations that many recipes share. Each adds one parameter to a tree and gives its key.

// AddBasePath declares base_path; def is nil or a path.
func AddBasePath(t *param.Tree, def any, help string) param.Key {
	return t.Add(param.Spec{Path: "base_path", Forms: param.Path | param.Null, Default: def, Help: help})
}

// AddNumber declares a whole number that names a scan, a dark or a flat; def is nil or an int.
func AddNumber(t *param.Tree, path string, def any, help string) param.Key {
	return t.Add(param.Spec{Path: path, Forms: param.Int | param.Null, Default: def, Min: param.At(0), Help: help})
}

// AddText declares a text that may be null.
func AddText(t *param.Tree, path string, def any, help string) param.Key {
	return t.Add(param.Spec{Path: path, Forms: param.Text | param.Null, Default: def, Help: help})
}

// AddPattern declares a text with %(name)s references (see Expand).
func AddPattern(t *param.Tree, path, def, help string) param.Key {
	return t.Add(param.Spec{Path: path, Forms: param.Text, Default: def,
		Help: help + " %(name)s, %(name)05d take the value of the parameter of that name."})
}

// AddFile declares a file that may be null.
func AddFile(t *param.Tree, path string, def any, help string) param.Key {
	return t.Add(param.Spec{Path: path, Forms: param.Path | param.Null, Default: def, Help: help})
}

// AddMask declares mask_file, an HDF5 file with the dataset mask.
func AddMask(t *param.Tree) param.Key {
	return AddFile(t, "mask_file", nil, "HDF5 file with the dataset `mask`, as large as a frame: pixels above 0 are valid. Null: all pixels are.")
}

// AddFlag declares a switch that is off by default.
func AddFlag(t *param.Tree, path, help string) param.Key {
	return t.Add(param.Spec{Path: path, Forms: param.Bool, Default: false, Help: help})
}

// AddMotors declares motors, at least lo and at most hi names.
func AddMotors(t *param.Tree, lo, hi int, help string, def ...string) param.Key {
	return t.Add(param.Spec{Path: "motors", Forms: param.List, Elem: &param.Spec{Forms: param.Text}, MinLen: lo, MaxLen: hi, Default: def, Help: help})
}

// AddMultiplier declares motors_multiplier for up to n motors; def is a number or a list of them.
func AddMultiplier(t *param.Tree, n int, def any) param.Key {
	return t.Add(param.Spec{Path: "motors_multiplier", Forms: param.Float | param.List, Elem: &param.Spec{Forms: param.Float}, MinLen: 1, MaxLen: n, Default: def,
		Help: "Factor from the stored positions to metres: one number for all motors, or one for each."})
}

// AddIgnored declares a parameter of old recipes that has no effect.
func AddIgnored(t *param.Tree, path string, forms param.Form, def any, why string) param.Key {
	return t.Add(param.Spec{Path: path, Forms: forms, Default: def, NoEffect: true, Help: "Accepted for old recipes, without effect: " + why + "."})
}

// Optics are the parameters lam and z of recipes for laser light.
type Optics struct{ Lam, Z param.Key }

// AddOptics declares lam and z, and lets the energy be null.
func AddOptics(t *param.Tree, lamM, zM any) Optics {
	t.SetDefault(recipes.Energy, nil)
	return Optics{
		Lam: t.Add(param.Spec{Path: "lam", Forms: param.Float | param.Null, Default: lamM, Unit: "m", Min: param.At(0), AboveMin: true,
			Help: "Wavelength. It gives the energy when that is null."}),
		Z: t.Add(param.Spec{Path: "z", Forms: param.Float | param.Null, Default: zM, Unit: "m", Min: param.At(0),
			Help: "Distance from the sample to the detector. A distance that the recipe gives goes before it."}),
	}
}

// Apply puts lam and z in force where the recipe gives neither energy nor distance.
func (o Optics) Apply(v *param.Values, s *scan.Settings) {
	if v.IsNull(recipes.Energy) && !v.IsNull(o.Lam) {
		s.EnergyKeV = units.EnergyOfWavelength(v.Float(o.Lam))
		said(s, recipes.Energy)
	}
	if gives(v, recipes.Distance) || v.IsNull(o.Z) {
		return
	}
	s.DistanceM = v.Float(o.Z)
	said(s, recipes.Distance)
}

// gives says that the recipe has a value, and not null, for a key.
func gives(v *param.Values, k param.Key) bool { return v.Given(k) && !v.IsNull(k) }

// SetPSize puts another parameter's pixel size (metres) in force where the recipe gives no psize.
func SetPSize(v *param.Values, s *scan.Settings, k param.Key) {
	if !gives(v, recipes.PSize) && !v.IsNull(k) {
		s.PSizeM = v.Pair(k)
		said(s, recipes.PSize)
	}
}

// said takes a key off the list of those that come from the DEFAULT tree.
func said(s *scan.Settings, k param.Key) {
	var rest []string
	for _, p := range s.FromDefaults {
		if p != k.Path() {
			rest = append(rest, p)
		}
	}
	s.FromDefaults = rest
}
