package recipes

import (
	"bytes"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"unicode/utf16"

	"ptyprep/internal/formats/formattest"
	"ptyprep/internal/scan/param"
	"ptyprep/internal/scan/problem"
)

// loaderTree has a parameter of every form, most as Hdf5Loader has them.
func loaderTree() (*param.Tree, map[string]param.Key) {
	t := NewTree("Hdf5Loader", "Frames of HDF5 files.")
	t.SetDefault(Shape, nil)
	k := map[string]param.Key{}
	gauss := param.New("gaussian", "")
	gauss.Add(param.Spec{Path: "std_x", Forms: param.Float, Default: 1.0, Unit: "px", Help: "Width."})
	gauss.Add(param.Spec{Path: "off_x", Forms: param.Float, Default: 0.0, Unit: "px", Help: "Offset."})
	for _, s := range []param.Spec{
		{Path: "intensities.file", Forms: param.Path | param.Null, Help: "The file of the frames."},
		{Path: "intensities.key", Forms: param.Text | param.Null, Help: "The dataset of the frames."},
		{Path: "positions.file", Forms: param.Path | param.Null},
		{Path: "positions.slow_key", Forms: param.Text | param.Null},
		{Path: "positions.fast_key", Forms: param.Text | param.Null},
		{Path: "positions.slow_multiplier", Forms: param.Float, Default: 1.0},
		{Path: "positions.fast_multiplier", Forms: param.Float, Default: 1.0},
		{Path: "positions.skip", Forms: param.Int, Default: 1, Min: param.At(1)},
		{Path: "positions.bounding_box.slow_axis_bounds", Forms: param.Int | param.List | param.Null, Elem: &param.Spec{Forms: param.Int | param.Null}, MinLen: 2, MaxLen: 2},
		{Path: "positions.bounding_box.fast_axis_bounds", Forms: param.Int | param.List | param.Null, Elem: &param.Spec{Forms: param.Int | param.Null}, MinLen: 2, MaxLen: 2},
		{Path: "mask.file", Forms: param.Path | param.Null},
		{Path: "mask.key", Forms: param.Text | param.Null},
		{Path: "mask.invert", Forms: param.Bool, Default: false},
		{Path: "padding", Forms: param.List | param.Null, Elem: &param.Spec{Forms: param.Int}, MinLen: 4, MaxLen: 4, Min: param.At(0),
			Names: []string{"top", "bottom", "left", "right"}, Unit: "px", Help: "Zeros | around."},
		{Path: "motors", Forms: param.List, Elem: &param.Spec{Forms: param.Text}, Default: []string{"sample_x", "on"}},
		{Path: "pattern", Forms: param.Text, Default: "%(base_path)s' + 'raw/%(n)05d"},
		{Path: "recipe", Forms: param.Dict, Default: map[string]any{"a": 1, "b c": []any{"x", 2.5, nil}}},
		{Path: "dark_value", Forms: param.Float, Default: 1e8},
		{Path: "sets.gaussians", Entry: gauss, Default: []string{"g1", "g 2"}, Help: "Sum of gaussians."},
		{Path: "sets.empty", Entry: gauss},
		{Path: "detector.psf", Forms: param.Float | param.Null, Unset: true, Help: "The template's."},
		{Path: "data", Forms: param.ArrayRef | param.Null},
	} {
		k[s.Path] = t.Add(s)
	}
	t.Group("positions", "The scan points.")
	return t, k
}

func testRegistry() (*Registry, map[string]param.Key) {
	t, k := loaderTree()
	return NewRegistry(
		Spec{Name: "Hdf5Loader", Summary: "Frames of HDF5 files.", Aliases: []string{"Hdf5LoaderFast"}, Tree: t, Doc: "Long text."},
		Spec{Name: "PtyScan", Summary: "The base scan.", Tree: NewTree("PtyScan", "")},
	), k
}

// load parses a text; the extension of name says how.
func load(t *testing.T, name, text string, sets ...string) (*Recipe, map[string]param.Key, error) {
	t.Helper()
	r, k := testRegistry()
	rec, err := r.Parse(name, filepath.Ext(name), []byte(text), sets)
	return rec, k, err
}

const good = `name: Hdf5Loader
intensities: {file: raw.h5, key: entry/data}
positions: {file: raw.h5, slow_key: entry/y, fast_key: entry/x, slow_multiplier: 1e-6, fast_multiplier: 2.5E-7}
`

func TestLoadYAML(t *testing.T) {
	rec, k, err := load(t, "scan/recipe.yaml", good+"frames_per_block: 0100\nnum_frames: 010\nlabel: 010\nmask: none\nrebin: none\nsave: none\ndfile: output.ptyd\nenergy: .8E1\n")
	if err != nil {
		t.Fatal(err)
	}
	v := rec.Values
	if v.Int(FramesPerBlock) != 100 || v.Int(NumFrames) != 10 || v.Text(Label) != "010" || !v.IsNull(Rebin) || !v.IsNull(Save) || v.Float(Energy) != 8 {
		t.Errorf("values: %v", v.PlainGiven())
	}
	if v.Path(DFile) != "scan/output.ptyd" || v.Float(k["positions.fast_multiplier"]) != 2.5e-7 || v.Text(OutputDType) != "auto" {
		t.Errorf("values: %v", v.PlainGiven())
	}
	if w := v.Where(k["positions.slow_key"]); w != "scan/recipe.yaml:3:37: positions.slow_key" {
		t.Errorf("Where = %q", w)
	}
	if rec.Spec.Name != "Hdf5Loader" || string(rec.Text[:4]) != "name" || len(rec.Warnings) != 0 {
		t.Errorf("recipe %+v", rec)
	}
}

func TestLoadTOML(t *testing.T) {
	rec, k, err := load(t, "recipe.toml", `# a comment
name = "Hdf5LoaderFast"
label = 2016-03-04
num_frames = 1_000
center = [1, 2.5]
padding = [
  1, 2, # two
  3, 4,
]
save = "none"
intensities = {file = "raw.h5", key = 'entry/data'}
positions.skip = 2
positions.slow_multiplier = "none"
recipe = {x = inf, y = 0x10}
[positions.bounding_box]
fast_axis_bounds = ["none", 3]
[sets.gaussians."a b"]
std_x = 3
`)
	if err != nil {
		t.Fatal(err)
	}
	v := rec.Values
	if v.Text(Label) != "2016-03-04" || v.Int(NumFrames) != 1000 || v.Pair(Center) != [2]float64{1, 2.5} || !v.IsNull(Save) || v.Int(k["positions.skip"]) != 2 {
		t.Errorf("values: %v", v.PlainGiven())
	}
	if v.Given(k["positions.slow_multiplier"]) || v.Float(k["positions.slow_multiplier"]) != 1 {
		t.Error(`"none" for a number means left out`)
	}
	if s := v.Set(k["sets.gaussians"]); len(s) != 1 || s[0].Name != "a b" {
		t.Errorf("set %v", s)
	}
	if l := v.Get(k["positions.bounding_box.fast_axis_bounds"]).List; len(l) != 2 || !l[0].IsNull() || l[1].Int != 3 {
		t.Errorf("bounds %v", l)
	}
	if d := v.Get(k["recipe"]).Plain().(map[string]any); d["y"] != int64(16) {
		t.Errorf("dict %v", d)
	}
	for key, want := range map[string]string{"positions.skip": "recipe.toml:12:18", "padding": "recipe.toml:6:11", "intensities.key": "recipe.toml:11:39"} {
		if p := v.Pos(k[key]).String(); p != want {
			t.Errorf("%s at %s, want %s", key, p, want)
		}
	}
	if v.Text(Name) != "Hdf5LoaderFast" || rec.Spec.Name != "Hdf5Loader" {
		t.Error("an alias keeps the name that was given")
	}
}

// The messages that a user sees: each with its place, the key, what was found and a hint. Every
// expected line must be in "message\nhint: ...".
func TestMessages(t *testing.T) {
	cases := []struct {
		name, file, text string
		want             []string
	}{
		{"unknown parameter", "recipe.yaml", good + "shpae: 16\n", []string{"recipe.yaml:4:1: shpae: is not a parameter of Hdf5Loader", "hint: did you mean shape?"}},
		{"wrong type", "recipe.yaml", good + "shape: wide\n", []string{`recipe.yaml:4:8: shape: must be a whole number (at least 1), a pair of whole numbers or null, and is "wide"`}},
		{"second document", "recipe.yaml", good + "---\n" + good, []string{"recipe.yaml:4: a second YAML document begins here", "hint:"}},
		{"unknown recipe", "recipe.yaml", "name: NoSuchLoader\n", []string{`recipe.yaml:1:7: name: there is no recipe "NoSuchLoader"`, "hint: recipes: Hdf5Loader, Hdf5LoaderFast, PtyScan"}},
		{"misspelt recipe", "recipe.yaml", "name: Hdf5Laoder\n", []string{"hint: did you mean Hdf5Loader?"}},
		{"no name", "recipe.yaml", "shape: 3\n", []string{"recipe.yaml: the recipe has no name", "hint: recipes: Hdf5Loader"}},
		{"name in a group", "recipe.yaml", "scans:\n  MF:\n    name: BlockFull\n    data: {name: PtyScan, shape: 3}\n", []string{"recipe.yaml: the recipe has no name", "hint: scans.MF.data holds one; what stands in that group belongs at the top level"}},
		{"name in capitals", "recipe.yaml", "Name: PtyScan\n", []string{"hint: did you mean name in place of Name?"}},
		{"name is null", "recipe.yaml", "name:\n", []string{"recipe.yaml:1:1: the recipe has no name", "hint: recipes: Hdf5Loader"}},
		{"name is a list", "recipe.yaml", "name: [a]\n", []string{"recipe.yaml:1:7: name: must be the name of a recipe"}},
		{"skip 0", "recipe.yaml", "name: Hdf5Loader\npositions: {skip: 0}\n", []string{"recipe.yaml:2:19: positions.skip: must be at least 1, and is 0"}},
		{"rebin 40", "recipe.yaml", good + "rebin: 40\n", []string{"rebin: must lie in 1..32, and is 40"}},
		{"rebin 0", "recipe.yaml", good + "rebin: 0\n", []string{"rebin: must lie in 1..32, and is 0"}},
		{"shape 4.5", "recipe.yaml", good + "shape: 4.5\n", []string{"a pair of whole numbers or null, and is 4.5\nhint: \n"}},
		{"shape with a unit", "recipe.yaml", good + "shape: 4.5px\n", []string{"hint: write the number alone; its unit is px"}},
		{"shape 0", "recipe.yaml", good + "shape: 0\n", []string{"shape: must be at least 1, and is 0"}},
		{"orientation 8", "recipe.yaml", good + "orientation: 8\n", []string{"orientation: must lie in 0..7 (or be 3 booleans (transpose, flip rows, flip columns)), and is 8"}},
		{"orientation of two", "recipe.yaml", good + "orientation: [true, false]\n", []string{"orientation: must have 3 entries (transpose, flip rows, flip columns), and has 2: [true, false]"}},
		{"a pair as in Python", "recipe.yaml", good + "shape: (64, 64)\n", []string{`null, and is "(64, 64)"`, "hint: lists stand in square brackets: [64, 64]"}},
		{"words of Python", "recipe.yaml", good + "orientation: (False, True, False)\n", []string{"hint: lists stand in square brackets: [false, true, false]"}},
		{"save merged", "recipe.yaml", good + "save: merged\n", []string{`save: must be append, link, merge or null, and is "merged"`, "hint: did you mean merge?"}},
		{"padding of three", "recipe.yaml", good + "padding: [1, 2, 3]\n", []string{"padding: must have 4 entries (top, bottom, left, right), and has 3: [1, 2, 3]"}},
		{"centre word", "recipe.yaml", good + "center: middle\n", []string{`center: must be a number, fftshift, geometric, fft, a pair of numbers or null, and is "middle"`}},
		{"key twice", "recipe.yaml", good + "shape: 3\nshape: 4\n", []string{"recipe.yaml:5:1: shape: is given twice, first at recipe.yaml:4:1"}},
		{"key twice in a dictionary", "recipe.yaml", good + "recipe: {a: 1, a: 2}\n", []string{"recipe.yaml:4:16: recipe.a: is given twice, first at recipe.yaml:4:10"}},
		{"tab", "recipe.yaml", "name: Hdf5Loader\npositions:\n\tskip: 2\n", []string{"recipe.yaml:3: is not valid YAML: the line is indented with a tab", "hint: indent with blanks"}},
		{"colon in a text", "recipe.yaml", "name: PtyScan\nlabel: a: b\n", []string{"recipe.yaml:2: is not valid YAML", "hint: a text that holds ': ' needs quotes"}},
		{"per cent sign", "recipe.yaml", "name: PtyScan\nlabel: %(a)s\n", []string{"recipe.yaml:2: is not valid YAML", "hint: a text that begins with one of %@`"}},
		{"open bracket", "recipe.yaml", "name: PtyScan\ncenter: [1, 2\nlabel: x\n", []string{"recipe.yaml:2: is not valid YAML", "hint: a bracket [ or { is not closed"}},
		{"a bracket too many", "recipe.yaml", "name: PtyScan\ncenter: [1, 2]]\nlabel: x\n", []string{"recipe.yaml:2: is not valid YAML", "hint: keys of one group"}},
		{"indentation", "recipe.yaml", "name: PtyScan\nmask:\n    file: a\n  key: b\n", []string{"recipe.yaml:4: is not valid YAML", "hint: keys of one group"}},
		{"open quote", "recipe.yaml", "name: PtyScan\nlabel: 'x\nshape: 3\nrebin: 2\n", []string{"recipe.yaml:2: is not valid YAML", "hint: a quoted text that begins there"}},
		{"escape", "recipe.yaml", "name: PtyScan\nlabel: \"a\\qb\"\n", []string{"recipe.yaml:2: is not valid YAML", "hint: in double quotes"}},
		{"anchor", "recipe.yaml", "name: PtyScan\nlabel: *x\n", []string{"recipe.yaml:2: is not valid YAML: unknown anchor", "hint: a text that begins with *"}},
		{"star", "recipe.yaml", "name: PtyScan\nlabel: *.h5\n", []string{"recipe.yaml:2: is not valid YAML", "hint: a text that begins with * or &"}},
		{"control character", "recipe.yaml", "name: PtyScan\nlabel: \a\n", []string{"recipe.yaml:2: is not valid YAML"}},
		{"tag", "recipe.yaml", "name: PtyScan\nlabel: !x y\n", []string{"recipe.yaml:2:8: the YAML tag !x is not supported"}},
		{"scalar for a file", "recipe.yaml", "hello\n", []string{"recipe.yaml:1:1: a recipe is made of lines 'key: value', and this is a single value"}},
		{"list for a file", "recipe.yaml", "- 1\n", []string{"and this is a list"}},
		{"empty", "recipe.yaml", "# nothing\n", []string{"recipe.yaml: the recipe is empty", "hint: it needs at least 'name: RECIPE'"}},
		{"empty toml", "recipe.toml", "", []string{"recipe.toml: the recipe is empty"}},
		{"binary", "recipe.yaml", "\x89HDF\r\n\x1a\n\x00\x00", []string{"recipe.yaml: is not a text file"}},
		{"latin 1", "recipe.yaml", "name: PtyScan\nlabel: \xe9t\xe9\n", []string{"recipe.yaml:2: the text is not UTF-8", "hint: save the file as UTF-8"}},
		{"toml unknown", "recipe.toml", "name = \"PtyScan\"\nshpae = 3\n", []string{"recipe.toml:2:1: shpae: is not a parameter of PtyScan", "hint: did you mean shape?"}},
		{"toml twice", "recipe.toml", "name = \"PtyScan\"\nshape = 3\nshape = 4\n", []string{"recipe.toml:3:1: shape: is given twice, first at recipe.toml:2:1"}},
		{"toml table twice", "recipe.toml", "name = \"Hdf5Loader\"\n[mask]\n[mask]\n", []string{"recipe.toml:3:2: the table [mask] is given twice, first at recipe.toml:2:2"}},
		{"toml value and table", "recipe.toml", "name = \"Hdf5Loader\"\nmask = 1\n[mask.x]\n", []string{"recipe.toml:3:2: mask is a table here and a value at recipe.toml:2:1"}},
		{"toml closed inline table", "recipe.toml", "name = \"Hdf5Loader\"\nmask = {file = \"x\"}\n[mask]\nkey = \"y\"\n", []string{"recipe.toml:3:", "is not valid TOML"}},
		{"toml text without quotes", "recipe.toml", "name = PtyScan\n", []string{"recipe.toml:1:8: is not valid TOML", "hint: TOML wants texts in quotes"}},
		{"toml None", "recipe.toml", "name = \"PtyScan\"\nsave = none\n", []string{"recipe.toml:2:", "hint: TOML wants texts in quotes"}},
		{"yaml in a toml file", "recipe.toml", "name: PtyScan\n", []string{"recipe.toml:1:", "hint: TOML writes key = value"}},
		{"toml leading zeros", "recipe.toml", "name = \"PtyScan\"\nnum_frames = 007\n", []string{"recipe.toml:2:14: is not valid TOML", "hint: TOML has no numbers with leading zeros"}},
	}
	for _, c := range cases {
		_, _, err := load(t, c.file, c.text)
		if err == nil {
			t.Errorf("%s: accepted", c.name)
			continue
		}
		var b strings.Builder
		for _, p := range problem.Of(err) {
			b.WriteString(p.Error() + "\nhint: " + p.Hint + "\n")
			if p.Class != problem.Usage {
				t.Errorf("%s: class %d, want %d", c.name, p.Class, problem.Usage)
			}
		}
		for _, w := range c.want {
			if !strings.Contains(b.String(), w) {
				t.Errorf("%s: no %q in:\n%s", c.name, w, b.String())
			}
		}
	}
}

func TestAliasesAndMergeKeys(t *testing.T) {
	rec, k, err := load(t, "recipe.yaml", `name: Hdf5Loader
intensities: &raw {file: &f raw.h5, key: entry/data}
mask: {<<: *raw, key: mask, invert: true}
positions: {file: *f, slow_key: y}
`)
	if err != nil {
		t.Fatal(err)
	}
	v := rec.Values
	if v.Text(k["mask.file"]) != "raw.h5" || v.Text(k["mask.key"]) != "mask" || v.Text(k["positions.file"]) != "raw.h5" {
		t.Errorf("values %v", v.PlainGiven())
	}
	if p := v.Pos(k["positions.file"]).String(); p != "recipe.yaml:4:19" {
		t.Errorf("an alias stands where it is written: %s", p)
	}
	bomb := "name: PtyScan\na: &a [x,x,x,x,x,x,x,x,x]\n"
	for c := 'b'; c < 'k'; c++ {
		p := string(c - 1)
		bomb += string(c) + ": &" + string(c) + " [" + strings.Repeat("*"+p+",", 8) + "*" + p + "]\n"
	}
	if _, _, err := load(t, "recipe.yaml", bomb); err == nil || !strings.Contains(err.Error(), "aliases expand to more than") {
		t.Errorf("alias bomb: %v", err)
	}
	if _, _, err := load(t, "recipe.yaml", "name: PtyScan\nlabel: &a [*a]\n"); err == nil {
		t.Error("an alias inside itself was accepted")
	}
	deep := "name: PtyScan\nlabel: " + strings.Repeat("[", 200) + strings.Repeat("]", 200)
	if _, _, err := load(t, "recipe.yaml", deep); err == nil || !strings.Contains(err.Error(), "deeper than") {
		t.Errorf("deep YAML: %v", err)
	}
	if _, _, err := load(t, "recipe.toml", strings.Replace(strings.Replace(deep, ": ", " = ", 2), "PtyScan", `"PtyScan"`, 1)); err == nil || !strings.Contains(err.Error(), "deeper than") {
		t.Errorf("deep TOML: %v", err)
	}
}

// Byte order marks, UTF-16 and CRLF are what Windows editors leave behind.
func TestEncodings(t *testing.T) {
	text := "name: PtyScan\r\nlabel: été\r\n"
	u := utf16.Encode([]rune(text))
	little, big := []byte{0xFF, 0xFE}, []byte{0xFE, 0xFF}
	for _, c := range u {
		little = append(little, byte(c), byte(c>>8))
		big = append(big, byte(c>>8), byte(c))
	}
	for name, b := range map[string][]byte{"plain": []byte(text), "mark": []byte("\xef\xbb\xbf" + text), "little": little, "big": big} {
		r, _ := testRegistry()
		rec, err := r.Parse("r.yaml", ".yaml", b, nil)
		if err != nil || rec.Values.Text(Label) != "été" || string(rec.Text) != text {
			t.Errorf("%s: %v", name, err)
		}
	}
	r, _ := testRegistry()
	rec, err := r.Parse("r.toml", ".toml", []byte("\xef\xbb\xbfname = \"PtyScan\"\r\nlabel = \"x\"\r\n"), nil)
	if err != nil || rec.Values.Text(Label) != "x" {
		t.Errorf("TOML: %v", err)
	}
	if _, err := r.Parse("r.yaml", ".yaml", big[:len(big)-1], nil); err == nil {
		t.Error("half a UTF-16 character was accepted")
	}
}

func TestSet(t *testing.T) {
	text := good + "mask: {file: m.h5, key: mask}\ncenter: 5\n"
	rec, k, err := load(t, "scan/recipe.yaml", text, "positions.skip=2", "positions.skip = 3", "center=[63.5, 64]", "mask.file=other.h5",
		"label=a: b #c", "rebin=none", "positions.bounding_box={fast_axis_bounds: [null, 3]}", "pattern=%(base_path)sraw", "shape=", "motors=['x', y]")
	if err != nil {
		t.Fatal(err)
	}
	v := rec.Values
	if v.Int(k["positions.skip"]) != 3 || v.Pair(Center) != [2]float64{63.5, 64} || v.Text(Label) != "a: b #c" || !v.IsNull(Rebin) || !v.IsNull(Shape) || !v.Given(Shape) {
		t.Errorf("values %v", v.PlainGiven())
	}
	if v.Path(k["mask.file"]) != "other.h5" || v.Path(k["intensities.file"]) != "scan/raw.h5" || v.Text(k["mask.key"]) != "mask" {
		t.Errorf("paths %q %q", v.Path(k["mask.file"]), v.Path(k["intensities.file"]))
	}
	if v.Text(k["pattern"]) != "%(base_path)sraw" || v.Text(k["positions.slow_key"]) != "entry/y" || v.Texts(k["motors"])[1] != "y" {
		t.Errorf("values %v", v.PlainGiven())
	}
	if w := v.Where(k["positions.skip"]); w != "--set positions.skip" {
		t.Errorf("Where = %q", w)
	}
	if rec, _, err := load(t, "r.yaml", "shape: 3\n", "name=PtyScan"); err != nil || rec.Spec.Name != "PtyScan" {
		t.Errorf("--set name: %v", err)
	}
	if rec, k, err := load(t, "r.yaml", "name: Hdf5Loader\nmask: null\n", "mask.key=x"); err != nil || rec.Values.Text(k["mask.key"]) != "x" {
		t.Errorf("--set into a null group: %v", err)
	}
	// A value given whole takes the place of a scalar, a path does not lead through one.
	if rec, _, err := load(t, "r.yaml", good+"label: x\ndata: {file: a.h5, key: k}\n", "data={file: b.h5}"); err != nil ||
		rec.Values.Ref(k["data"]) != (param.Ref{File: "b.h5", Key: "k", Path: "b.h5"}) || rec.Values.Where(k["data"]) != "--set data" {
		t.Errorf("--set of one half of an array: %v", err)
	}
	if _, _, err := load(t, "r.yaml", good+"label: x\n", "label={a: 1}"); err == nil || !strings.Contains(err.Error(), "--set label: must be a text") {
		t.Errorf("--set of a group in place of a scalar: %v", err)
	}
	bad := map[string]string{
		"shpae=3":             "--set shpae: is not a parameter of Hdf5Loader",
		"positions.skip=0":    "--set positions.skip: must be at least 1, and is 0",
		"positions.skp=0":     "--set positions.skp: is not a parameter",
		"skip":                "--set skip: must be key=value",
		"=3":                  "--set =3: must be key=value",
		"a..b=3":              "is not the path of a parameter",
		"center=[1":           "--set center: is not valid YAML",
		"center=[1]\n---\n3":  "--set center: a second YAML document",
		"center.x=3":          `--set center: must be a number, fftshift, geometric, fft, a pair of numbers or null, and is a group {x}`,
		"name=Nix":            `--set name: there is no recipe "Nix"`,
		"positions=3":         `--set positions: must be a group with keys of file, slow_key, fast_key`,
		"intensities.file.x=": `--set intensities.file: gives keys of a group, but intensities.file is "raw.h5" at r.yaml:2:21`,
	}
	for arg, want := range bad {
		_, _, err := load(t, "r.yaml", good, arg)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", arg, err, want)
		}
	}
	if _, _, err := load(t, "r.yaml", good, "skip", "=3"); len(problem.Of(err)) != 2 {
		t.Errorf("all wrong --set are told together: %v", err)
	}
}

func TestFiles(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) string {
		p := filepath.Join(dir, name)
		if err := os.WriteFile(p, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		return p
	}
	path := write("recipe.yaml", "name: PtyScan\ndfile: out.ptyd\n")
	write("other.yml", "name: PtyScan\n")
	write("note.txt", "name: PtyScan\n")
	write("a.py", "p = 1\n")
	write("big.yaml", "name: PtyScan # "+strings.Repeat("x", maxBytes))
	r, _ := testRegistry()
	rec, err := r.Load(path, nil)
	if err != nil || rec.Values.Path(DFile) != filepath.Join(dir, "out.ptyd") {
		t.Errorf("%v", err)
	}
	cases := []struct {
		name  string
		class problem.Class
		msg   string
		hint  string
	}{
		{"recpie.yaml", problem.Input, "recpie.yaml: there is no such recipe file", "did you mean " + path},
		{"recipe.toml", problem.Input, "there is no such", "did you mean " + path},
		{"zzzzzz.yaml", problem.Input, "there is no such", "recipe files in " + dir},
		{"nowhere/r.yaml", problem.Input, "there is no such", "holds no folder nowhere"},
		{"", problem.Input, "is a folder", "big.yaml, other.yml, recipe.yaml"},
		{"note.txt", problem.Usage, "ends in .yaml", "rename the file"},
		{"a.py", problem.Usage, "Python script", "p.scans"},
		{"big.yaml", problem.Usage, "larger than 10 MB", "{file: PATH"},
	}
	for _, c := range cases {
		_, err := r.Load(filepath.Join(dir, c.name), nil)
		l := problem.Of(err)
		if len(l) != 1 || l[0].Class != c.class || !strings.Contains(l[0].Error(), c.msg) || !strings.Contains(l[0].Hint, c.hint) {
			t.Errorf("%s: %v (class %d), hint %q", c.name, err, problem.ClassOf(err), l[0].Hint)
		}
	}
}

// Files beyond reason are refused, quickly; long ones within it are read, in time linear in their size.
func TestSizes(t *testing.T) {
	pairs := strings.Repeat("[1, 2],\n", 100) + strings.Repeat("[1.5, 2],", 50000) + "[3, 4]]\n"
	for name, head := range map[string]string{"r.yaml": "name: PtyScan\npositions_theory: [", "r.toml": "name = \"PtyScan\"\npositions_theory = ["} {
		rec, _, err := load(t, name, head+pairs)
		if err != nil {
			t.Fatal(err)
		}
		data, shape, err := rec.Values.Get(PositionsTheory).Array()
		if err != nil || !reflect.DeepEqual(shape, []int{50101, 2}) || data[len(data)-1] != 4 {
			t.Errorf("%s: shape %v, %v", name, shape, err)
		}
		if _, _, err := load(t, name, head+strings.Repeat("1,", maxValues)+"1]\n"); err == nil || !strings.Contains(err.Error(), "more than 1000000 values") {
			t.Errorf("%s: a million values: %v", name, err)
		}
	}
	if _, _, err := load(t, "r.yaml", strings.Repeat("a: 1\n", maxKeys+1)); err == nil || !strings.Contains(err.Error(), "r.yaml:10001:1: the recipe has more than 10000 keys") {
		t.Errorf("keys: %v", err)
	}
	if _, _, err := load(t, "r.toml", strings.Repeat("a = 1\n", maxKeys+1)); err == nil || !strings.Contains(err.Error(), "more than 10000 keys") {
		t.Errorf("keys: %v", err)
	}
	_, _, err := load(t, "r.yaml", "name: PtyScan\n"+strings.Repeat("a: 1\n", 200))
	if l := problem.Of(err); len(l) != 51 || !strings.Contains(l[50].Error(), "349 more problems") {
		t.Errorf("%d problems, the last: %v", len(l), l[len(l)-1])
	}
}

func TestNoEffectNotice(t *testing.T) {
	rec, _, err := load(t, "r.yaml", "name: PtyScan\nchunk_format: x\nload_parallel: all\n")
	if err != nil || len(rec.Warnings) != 2 || rec.Warnings[0] != "r.yaml:2:15: chunk_format: has no effect in ptyprep" {
		t.Errorf("%v %q", err, rec.Warnings)
	}
	for _, c := range []struct {
		number string
		want   int
	}{{"3", 1}, {"2", 0}, {"null", 0}} {
		rec, _, err = load(t, "r.yaml", "name: PtyScan\nnum_frames: "+c.number+"\npositions_theory: [[0, 1], [2, 3]]\n")
		if err != nil || len(rec.Warnings) != c.want || c.want > 0 && rec.Warnings[0] != "r.yaml:2:13: num_frames: has no effect: positions_theory gives 2 frames" {
			t.Errorf("num_frames %s: %v %q", c.number, err, rec.Warnings)
		}
	}
}

func TestRegistry(t *testing.T) {
	r, _ := testRegistry()
	if got := strings.Join(r.Names(), " "); got != "Hdf5Loader Hdf5LoaderFast PtyScan" {
		t.Errorf("Names = %s", got)
	}
	if len(r.List()) != 2 {
		t.Error("an alias is no recipe of its own")
	}
	if s, err := r.Lookup("Hdf5LoaderFast"); err != nil || s.Name != "Hdf5Loader" {
		t.Errorf("alias: %v", err)
	}
	defer func() {
		if recover() == nil {
			t.Error("a name taken twice must panic")
		}
	}()
	NewRegistry(Spec{Name: "A", Tree: Base}, Spec{Name: "B", Aliases: []string{"A"}, Tree: Base})
}

// What Show writes must load, with a comment for all, and give the defaults exactly.
func TestShowRoundTrip(t *testing.T) {
	r, k := testRegistry()
	for _, s := range r.List() {
		want, err := s.full().Decode(nil, param.Source{})
		if err != nil {
			t.Fatal(err)
		}
		for _, format := range Formats {
			var b bytes.Buffer
			if err := Show(&b, s, format); err != nil {
				t.Fatal(err)
			}
			ext := "." + format
			if format == "json" {
				ext = ".yaml"
			}
			rec, err := r.Parse("r"+ext, ext, b.Bytes(), nil)
			if err != nil {
				t.Errorf("%s as %s: %v\n%s", s.Name, format, err, b.String())
				continue
			}
			if got := rec.Values.Plain(); !reflect.DeepEqual(got, want.Plain()) {
				t.Errorf("%s as %s:\n%v\nwant\n%v", s.Name, format, got, want.Plain())
			}
			for _, p := range s.full().Params() {
				if _, ok := k[p.Path]; ok && p.Unset && rec.Values.Given(p.Key()) {
					t.Errorf("%s as %s: %s has no default, and is given", s.Name, format, p.Path)
				}
			}
		}
	}
	if err := Show(&bytes.Buffer{}, r.List()[0], "xml"); err == nil || !strings.Contains(err.Error(), "yaml, toml, json") {
		t.Errorf("format xml: %v", err)
	}
}

func TestDoc(t *testing.T) {
	r, _ := testRegistry()
	var b bytes.Buffer
	if err := WriteDoc(&b, r.List()[0]); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"# Hdf5Loader\n\nFrames of HDF5 files.\n", "Other names: `Hdf5LoaderFast`.", "Long text.",
		"| `padding` | 4 whole numbers (top, bottom, left, right) or null | `null` | px | Zeros \\| around. |",
		"| `sets.gaussians.<name>.std_x` | a number | `1.0` | px | Width. |",
		"| `detector.psf` | a number or null | not set |", "| `frames_per_block` | a whole number (at least 1) | `100000` |",
	} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("no %q in\n%s", want, b.String())
		}
	}
	for _, line := range strings.Split(b.String(), "\n") {
		if strings.HasPrefix(line, "|") && strings.Count(strings.ReplaceAll(line, `\|`, ""), "|") != 6 {
			t.Errorf("a row with other than five cells: %s", line)
		}
	}
}

// Golden recipes, when they are beside the project: every one that is not broken on purpose parses.
func TestGoldenRecipesParse(t *testing.T) {
	golden := formattest.Shared(t, "golden")
	if golden == "" {
		return
	}
	files, _ := filepath.Glob(filepath.Join(golden, "*/*/recipe.yaml"))
	if len(files) == 0 {
		t.Errorf("no recipe in %s", golden)
	}
	for _, f := range files {
		raw, format, err := readFile(f)
		if err == nil {
			_, err = parse(f, format, raw)
		}
		if broken := strings.Contains(f, "bad_pin_second_document"); (err != nil) != broken {
			t.Errorf("%s: %v", f, err)
		}
	}
	t.Logf("%d golden recipes parsed", len(files))
}

// positions_theory decides the number of frames, whatever num_frames says; an empty list is none.
func TestTheoryDecidesNumFrames(t *testing.T) {
	for text, want := range map[string]int{
		"num_frames: 2\n": 2,
		"positions_theory: [[1, 2], [3, 4], [5, 6]]\n":                3,
		"positions_theory: [[1, 2], [3, 4], [5, 6]]\nnum_frames: 2\n": 3,
		"positions_theory: [[1, 2], [3, 4], [5, 6]]\nnum_frames: 9\n": 3,
	} {
		rec, _, err := load(t, "r.yaml", good+text)
		if err != nil {
			t.Fatal(err)
		}
		if s := Settings(rec.Values); s.NumFrames != want {
			t.Errorf("%q: %d frames, want %d", text, s.NumFrames, want)
		}
	}
	if _, _, err := load(t, "r.yaml", good+"positions_theory: []\n"); err == nil || !strings.Contains(err.Error(), "positions_theory: must have at least 1 entry, and has 0") {
		t.Errorf("empty list: %v", err)
	}
}
