package param

import (
	"math"
	"os"
	"reflect"
	"strings"
	"testing"

	"ptyprep/internal/scan/problem"
)

// Helpers that build nodes as a file at line 1, 2, ... would give them.

func num(s string) *Node    { return &Node{Text: s} }
func quoted(s string) *Node { return &Node{Text: s, Quoted: true} }
func null() *Node           { return &Node{Null: true} }
func list(x ...*Node) *Node { return &Node{Kind: ListNode, Items: x} }
func group(kv ...any) *Node {
	n := &Node{Kind: MapNode}
	for i := 0; i < len(kv); i += 2 {
		n.Fields = append(n.Fields, Field{Name: kv[i].(string), Node: kv[i+1].(*Node)})
	}
	return n
}

// place numbers the nodes: every key gets a line of its own, values stand in column 9.
func place(n *Node, file string) *Node {
	line := 0
	var walk func(n *Node, at Position)
	walk = func(n *Node, at Position) {
		n.Pos = at
		for _, x := range n.Items {
			walk(x, at)
		}
		for i := range n.Fields {
			line++
			n.Fields[i].Pos = Position{File: file, Line: line, Col: 1}
			walk(n.Fields[i].Node, Position{File: file, Line: line, Col: 9})
		}
	}
	walk(n, Position{File: file, Line: 1, Col: 1})
	return n
}

// one declares a single parameter and decodes a single value for it.
func one(t *testing.T, s Spec, n *Node) (Value, bool, error) {
	t.Helper()
	s.Path = "p"
	tree := New("T", "")
	k := tree.Add(s)
	v, err := tree.Decode(place(group("p", n), "r.yaml"), Source{File: "r.yaml", Dir: "data"})
	if err != nil {
		return Value{}, false, err
	}
	return v.Get(k), v.Given(k), nil
}

func TestScalars(t *testing.T) {
	three := Spec{Forms: Int | List | Null, Min: At(0), Max: At(7), Elem: &Spec{Forms: Bool, BoolDigits: true}, MinLen: 3, MaxLen: 3}
	center := Spec{Forms: Float | Text | List | Null, Choices: []any{"fftshift", "fft"}, Elem: &Spec{Forms: Float}, MinLen: 2, MaxLen: 2}
	cases := []struct {
		name  string
		spec  Spec
		node  *Node
		kind  Form
		plain any
		err   string // part of the message, in place of a value
	}{
		{"leading zeros are decimal", Spec{Forms: Int | Null}, num("00074"), Int, int64(74), ""},
		{"octal of YAML 1.2", Spec{Forms: Int | Null}, num("0o17"), Int, int64(15), ""},
		{"hexadecimal", Spec{Forms: Int | Null}, num("0x1F"), Int, int64(31), ""},
		{"whole number written with a point", Spec{Forms: Int | Null}, num("3.0"), Int, int64(3), ""},
		{"whole number with an exponent", Spec{Forms: Int | Null}, num("1e3"), Int, int64(1000), ""},
		{"not whole", Spec{Forms: Int | Null}, num("2.5"), 0, nil, "must be a whole number or null, and is 2.5"},
		{"2^63", Spec{Forms: Int | Null}, num("9223372036854775808"), 0, nil, "too large"},
		{"2^63-1", Spec{Forms: Int | Null}, num("9223372036854775807"), Int, int64(math.MaxInt64), ""},
		{"minus", Spec{Forms: Int | Null}, num("-3"), Int, int64(-3), ""},
		{"int for float", Spec{Forms: Float | Null}, num("2"), Float, 2.0, ""},
		{"1e-6", Spec{Forms: Float | Null}, num("1e-6"), Float, 1e-6, ""},
		{"2.5E-7", Spec{Forms: Float | Null}, num("2.5E-7"), Float, 2.5e-7, ""},
		{".8E1", Spec{Forms: Float | Null}, num(".8E1"), Float, 8.0, ""},
		{"5.", Spec{Forms: Float | Null}, num("5."), Float, 5.0, ""},
		{"leading zero float", Spec{Forms: Float | Null}, num("010"), Float, 10.0, ""},
		{"nan", Spec{Forms: Float | Null}, num(".nan"), 0, nil, "finite"},
		{"inf", Spec{Forms: Float | Null}, num("-inf"), 0, nil, "finite"},
		{"overflow", Spec{Forms: Float | Null}, num("1e999"), 0, nil, "finite"},
		{"inf allowed", Spec{Forms: Float | Null, NonFinite: true}, num("-.inf"), Float, math.Inf(-1), ""},
		{"TOML's underscores", Spec{Forms: Int | Null}, &Node{Text: "1_000", Number: "1000"}, Int, int64(1000), ""},
		{"underscores in YAML", Spec{Forms: Int | Null}, num("1_000"), 0, nil, `is "1_000"`},
		{"number in quotes", Spec{Forms: Float | Null}, quoted("7.2"), Float, 7.2, ""},
		{"text number verbatim", Spec{Forms: Text | Null}, num("010"), Text, "010", ""},
		{"text date verbatim", Spec{Forms: Text | Null}, num("2016-03-04"), Text, "2016-03-04", ""},
		{"text true verbatim", Spec{Forms: Text | Null}, num("true"), Text, "true", ""},
		{"none", Spec{Forms: Text | Null}, num("none"), Null, nil, ""},
		{"None in quotes (TOML)", Spec{Forms: Text | Null}, quoted("None"), Null, nil, ""},
		{"none without null is a text", Spec{Forms: Text, Default: "x"}, num("none"), Text, "none", ""},
		{"int before text", Spec{Forms: Int | Text | Null}, num("74"), Int, int64(74), ""},
		{"quotes make a text", Spec{Forms: Int | Text | Null}, quoted("74"), Text, "74", ""},
		{"int or float keeps whole", Spec{Forms: Number | Null}, num("3"), Int, int64(3), ""},
		{"int or float keeps the point", Spec{Forms: Number | Null}, num("3.0"), Float, 3.0, ""},
		{"bool", Spec{Forms: Bool | Null}, num("True"), Bool, true, ""},
		{"yes is no bool", Spec{Forms: Bool | Null}, num("yes"), 0, nil, "must be true, false or null"},
		{"1 is no bool", Spec{Forms: Bool | Null}, num("1"), 0, nil, "must be true, false or null, and is 1"},
		{"wide", Spec{Forms: Int | List | Null, MinLen: 2, MaxLen: 2}, num("wide"), 0, nil, `must be a whole number, a pair of whole numbers or null, and is "wide"`},
		{"list for a number", Spec{Forms: Int | Null}, list(num("1")), 0, nil, "and is [1]"},
		{"group for a number", Spec{Forms: Int | Null}, group("a", num("1")), 0, nil, "and is a group {a}"},
		{"below the limit", Spec{Forms: Int | Null, Min: At(1)}, num("0"), 0, nil, "must be at least 1, and is 0"},
		{"on the open limit", Spec{Forms: Float | Null, Min: At(0), AboveMin: true}, num("0"), 0, nil, "must be above 0, and is 0"},
		{"above the limit", Spec{Forms: Int | Null, Min: At(1), Max: At(32)}, num("40"), 0, nil, "must lie in 1..32, and is 40"},
		{"limit of entries", Spec{Forms: Int | List | Null, Min: At(1), MinLen: 2, MaxLen: 2}, list(num("5"), num("0")), 0, nil, "p[1]: must be at least 1"},
		{"orientation 8", three, num("8"), 0, nil, "must lie in 0..7 (or be 3 booleans), and is 8"},
		{"orientation pair", three, list(num("true"), num("false")), 0, nil, "must have 3 entries, and has 2: [true, false]"},
		{"orientation digits", three, list(num("0"), num("0"), num("1")), List, []any{false, false, true}, ""},
		{"orientation 2", three, list(num("0"), num("0"), num("2")), 0, nil, "p[2]: must be true or false, and is 2"},
		{"center number", center, num("15"), Float, 15.0, ""},
		{"center quoted number", center, quoted("15"), Float, 15.0, ""},
		{"center word", center, num("fft"), Text, "fft", ""},
		{"center middle", center, num("middle"), 0, nil, `must be a number, fftshift, fft, a pair of numbers or null, and is "middle"`},
		{"center pair with a word", center, list(num("1"), num("fft")), 0, nil, `p[1]: must be a number, and is "fft"`},
		{"null entry", Spec{Forms: List | Null, Elem: &Spec{Forms: Int | Null}}, list(null(), num("3"), num("none")), List, []any{nil, int64(3), nil}, ""},
		{"null entry refused", Spec{Forms: List | Null, Elem: &Spec{Forms: Int}}, list(num("3"), null()), 0, nil, "p[1]: must be a whole number, and is null"},
		{"array reference", Spec{Forms: List | ArrayRef | Null, Elem: NestedNumbers()}, group("file", num("a.h5"), "key", num("x")), ArrayRef, map[string]any{"file": "a.h5", "key": "x"}, ""},
		{"half a reference", Spec{Forms: List | ArrayRef | Null, Elem: NestedNumbers()}, group("file", num("a.h5")), 0, nil, "needs both file and key"},
		{"reference and more", Spec{Forms: ArrayRef | Null}, group("file", num("a"), "key", num("b"), "kye", num("c")), 0, nil, "p.kye: is not known"},
		{"nested numbers", Spec{Forms: Float | List | Null, Elem: NestedNumbers()}, list(list(num("1"), num("2")), list(num("3"), num("4"))), List, []any{[]any{1.0, 2.0}, []any{3.0, 4.0}}, ""},
		{"free dictionary", Spec{Forms: Dict | Null}, group("a", num("1"), "b", quoted("2"), "c", list(num("1.5"), num("x")), "d", null()), Dict, map[string]any{"a": int64(1), "b": "2", "c": []any{1.5, "x"}, "d": nil}, ""},
		{"choice of numbers", Spec{Forms: Int | Null, Choices: []any{2, 4}}, num("3"), 0, nil, "must be 2, 4 or null, and is 3"},
		{"choices of entries", Spec{Forms: List | Null, Elem: &Spec{Forms: Text}, Choices: []any{"x", "y"}}, list(num("x"), num("z")), 0, nil, `p[1]: must be x or y, and is "z"`},
	}
	for _, c := range cases {
		v, given, err := one(t, c.spec, c.node)
		switch {
		case c.err != "":
			if err == nil || !strings.Contains(err.Error(), c.err) {
				t.Errorf("%s: error %v, want %q", c.name, err, c.err)
			} else if problem.ClassOf(err) != problem.Usage || !strings.HasPrefix(err.Error(), "r.yaml:") {
				t.Errorf("%s: %v: class %d, want a usage problem that begins with the place", c.name, err, problem.ClassOf(err))
			}
		case err != nil:
			t.Errorf("%s: %v", c.name, err)
		case v.Kind != c.kind || !reflect.DeepEqual(v.Plain(), c.plain) || !given:
			t.Errorf("%s: kind %d, value %#v, given %v; want kind %d, %#v", c.name, v.Kind, v.Plain(), given, c.kind, c.plain)
		}
	}
}

func TestHints(t *testing.T) {
	cases := []struct {
		spec Spec
		node *Node
		hint string
	}{
		{Spec{Forms: Bool | Null}, num("yes"), "write true"},
		{Spec{Forms: Bool | Null}, num("off"), "write false"},
		{Spec{Forms: Float | Null}, num("7,2"), "point"},
		{Spec{Forms: Float | Null, Unit: "keV"}, num("7.2 keV"), "unit is keV"},
		{Spec{Forms: Text | Null, Choices: []any{"append", "link", "merge"}}, num("merged"), "did you mean merge?"},
	}
	for _, c := range cases {
		_, _, err := one(t, c.spec, c.node)
		if l := problem.Of(err); len(l) != 1 || !strings.Contains(l[0].Hint, c.hint) {
			t.Errorf("%q: problems %v with hint %q, want %q", c.node.Text, l, l[0].Hint, c.hint)
		}
	}
}

// Null is a value where the type has none, and "left out" everywhere else (the default, not given).
func TestNull(t *testing.T) {
	for _, n := range []*Node{null(), num("none"), num("None"), num("null"), quoted("none")} {
		if v, given, err := one(t, Spec{Forms: Int | Null, Default: 3}, n); err != nil || given != true || v.Kind != Null {
			t.Errorf("%+v: %v %v %v, want null, given", n, v.Plain(), given, err)
		}
		if v, given, err := one(t, Spec{Forms: Int, Default: 3}, n); err != nil || given || v.Int != 3 {
			t.Errorf("%+v: %v %v %v, want the default 3, not given", n, v.Plain(), given, err)
		}
	}
	// A text alone cannot tell the word none from nothing; YAML's null still means left out.
	if v, given, _ := one(t, Spec{Forms: Text, Default: "x"}, null()); given || v.Text != "x" {
		t.Errorf("null for a text: %q, given %v; want the default", v.Text, given)
	}
}

// hdf5 is a small copy of the Hdf5Loader's tree.
func hdf5() (*Tree, map[string]Key) {
	t := New("Hdf5Loader", "")
	k := map[string]Key{}
	for _, s := range []Spec{
		{Path: "name", Forms: Text, Default: "Hdf5Loader"},
		{Path: "shape", Forms: Int | List | Null, Min: At(1), MinLen: 2, MaxLen: 2},
		{Path: "intensities.file", Forms: Path | Null},
		{Path: "positions.slow_key", Forms: Text | Null},
		{Path: "positions.skip", Forms: Int, Default: 1, Min: At(1)},
		{Path: "positions.bounding_box.fast_axis_bounds", Forms: Int | List | Null, Elem: &Spec{Forms: Int | Null}, MinLen: 2, MaxLen: 2},
		{Path: "mask.file", Forms: Path | Null},
		{Path: "mask.invert", Forms: Bool, Default: false},
		{Path: "chunk_format", Forms: Text, Default: ".chunk%02d", NoEffect: true},
	} {
		k[s.Path] = t.Add(s)
	}
	k["positions"] = t.Group("positions", "The scan points.")
	k["mask"] = t.Group("mask", "Valid pixels.")
	return t, k
}

func TestUnknownKeys(t *testing.T) {
	cases := []struct{ name, text, hint string }{
		{"shpae", "r.yaml:1:1: shpae: is not a parameter of Hdf5Loader", "did you mean shape?"},
		{"Shape", "Shape: is not", "did you mean shape?"},
		{"slow_key", "slow_key: is not", "did you mean positions.slow_key? (slow_key belongs to the group positions)"},
		{"bounding_box", "bounding_box: is not", "did you mean positions.bounding_box?"},
		{"positions.skip", "positions.skip: is not", "write it as a group: positions: {skip: ...}"},
		{"zzzzzz", "zzzzzz: is not", "ptyprep recipes show Hdf5Loader"},
	}
	for _, c := range cases {
		tree, _ := hdf5()
		_, err := tree.Decode(place(group(c.name, num("1")), "r.yaml"), Source{File: "r.yaml"})
		l := problem.Of(err)
		if len(l) != 1 || !strings.Contains(l[0].Msg, c.text) || !strings.Contains(l[0].Hint, c.hint) {
			t.Errorf("%s: %v, hint %q", c.name, l, l[0].Hint)
		}
	}
	inner := []struct{ name, hint string }{
		{"skp", "did you mean positions.skip?"},
		{"shape", "shape belongs to the top level of the recipe, not to positions"},
		{"invert", "did you mean mask.invert?"},
		{"qqqqqqq", "positions takes slow_key, skip, bounding_box"},
	}
	for _, c := range inner {
		tree, _ := hdf5()
		_, err := tree.Decode(place(group("positions", group(c.name, num("1"))), "r.yaml"), Source{File: "r.yaml"})
		l := problem.Of(err)
		if len(l) != 1 || !strings.Contains(l[0].Msg, "r.yaml:2:1: positions."+c.name) || !strings.Contains(l[0].Hint, c.hint) {
			t.Errorf("positions.%s: %v, hint %q", c.name, l, l[0].Hint)
		}
	}
}

// All problems come at once, in the order of the file, those of --set last.
func TestAllProblemsTogether(t *testing.T) {
	tree, _ := hdf5()
	root := place(group("shpae", num("3"), "positions", group("skip", num("0")), "mask", num("on"), "shape", num("1"), "shape", num("2")), "r.yaml")
	root.Fields[0].Pos = Position{Set: true}
	_, err := tree.Decode(root, Source{File: "r.yaml"})
	want := []string{
		"r.yaml:3:9: positions.skip: must be at least 1, and is 0",
		`r.yaml:4:9: mask: must be a group with keys of file, invert, and is "on"`,
		"r.yaml:6:1: shape: is given twice, first at r.yaml:5:1",
		"--set shpae: is not a parameter of Hdf5Loader",
	}
	got := strings.Split(err.Error(), "\n")
	if !reflect.DeepEqual(got, want) {
		t.Errorf("problems:\n%s\nwant:\n%s", err, strings.Join(want, "\n"))
	}
}

func TestGroups(t *testing.T) {
	tree, k := hdf5()
	v, err := tree.Decode(place(group("positions", group("skip", num("2")), "mask", num("none"), "chunk_format", num("x")), "r.yaml"), Source{File: "r.yaml"})
	if err != nil {
		t.Fatal(err)
	}
	if v.Int(k["positions.skip"]) != 2 || !v.Given(k["positions.skip"]) || v.Given(k["positions.slow_key"]) {
		t.Error("positions: given keys replace single keys, the others keep their default")
	}
	if v.GivenUnder(k["mask"]) || !v.GivenUnder(k["positions"]) || v.Bool(k["mask.invert"]) {
		t.Error("mask: null for a group means its defaults")
	}
	if w := v.Where(k["positions.skip"]); w != "r.yaml:2:9: positions.skip" {
		t.Errorf("Where = %q", w)
	}
	if w := v.Where(k["shape"]); w != "shape (default)" {
		t.Errorf("Where = %q", w)
	}
	if p := v.Problem(k["intensities.file"], "is missing"); p.Error() != "r.yaml: intensities.file: is missing" || p.Class != problem.Usage {
		t.Errorf("Problem = %v", p)
	}
	if n := v.Notices(); len(n) != 1 || n[0] != "r.yaml:4:9: chunk_format: has no effect in ptyprep" {
		t.Errorf("notices %q", n)
	}
	want := map[string]any{"positions": map[string]any{"skip": int64(2)}, "chunk_format": "x"}
	if got := v.PlainGiven(); !reflect.DeepEqual(got, want) {
		t.Errorf("PlainGiven = %v, want %v", got, want)
	}
	if d := v.Defaults(); len(d) != len(tree.Params())-2 || d[0] != "name" {
		t.Errorf("Defaults = %v", d)
	}
}

// A group that may also be null, a text or an array is declared with Add.
func TestGroupUnion(t *testing.T) {
	decl := func() (*Tree, Key, Key) {
		tree := New("SimScan", "")
		g := tree.Add(Spec{Path: "illumination", Forms: Group | Text | ArrayRef | List, Elem: NestedNumbers(), Help: "h"})
		a := tree.Add(Spec{Path: "illumination.aperture", Forms: Group | Null, Help: "h"})
		tree.Add(Spec{Path: "illumination.aperture.size", Forms: Float | Null})
		_ = a
		return tree, g, a
	}
	cases := []struct {
		name string
		node *Node
		kind Form
	}{
		{"text", num("x.ptyr"), Text},
		{"reference", group("file", num("a.h5"), "key", num("k")), ArrayRef},
		{"array", list(list(num("1"), num("2"))), List},
		{"tree", group("aperture", group("size", num("3e-6"))), Group},
		{"empty tree", group(), Group},
		{"null", null(), Group},
		{"none", num("none"), Group},
	}
	for _, c := range cases {
		tree, g, _ := decl()
		v, err := tree.Decode(place(group("illumination", c.node), "r.yaml"), Source{})
		if err != nil || v.Get(g).Kind != c.kind {
			t.Errorf("%s: %v, kind %d, want %d", c.name, err, v.Get(g).Kind, c.kind)
		}
	}
	tree, _, a := decl()
	v, err := tree.Decode(group("illumination", group("aperture", null())), Source{})
	if err != nil || !v.IsNull(a) || !v.Given(a) {
		t.Errorf("aperture: null is a value there: %v", err)
	}
}

func TestNamedSet(t *testing.T) {
	gauss := New("gaussian", "")
	sx := gauss.Add(Spec{Path: "std_x", Forms: Float, Default: 1.0, Min: At(0), AboveMin: true})
	ox := gauss.Add(Spec{Path: "off_x", Forms: Float, Default: 0.0})
	tree := New("I13ScanNFP", "")
	set := tree.Add(Spec{Path: "rl.gaussians", Entry: gauss, Default: []string{"g1"}})

	v, err := tree.Decode(nil, Source{})
	if err != nil || len(v.Set(set)) != 1 || v.Set(set)[0].Name != "g1" || v.Set(set)[0].Float(sx) != 1 || v.Given(set) {
		t.Fatalf("default set: %v %v", v, err)
	}
	root := place(group("rl", group("gaussians", group("wide", group("std_x", num("2")), "b", null()))), "r.yaml")
	v, err = tree.Decode(root, Source{File: "r.yaml"})
	if err != nil {
		t.Fatal(err)
	}
	s := v.Set(set)
	if len(s) != 2 || s[0].Name != "wide" || s[0].Float(sx) != 2 || s[0].Given(ox) || s[1].Float(sx) != 1 || !v.Given(set) {
		t.Errorf("giving any entry replaces the default: %+v", s)
	}
	if w := s[0].Where(sx); w != "r.yaml:4:9: rl.gaussians.wide.std_x" {
		t.Errorf("Where = %q", w)
	}
	want := map[string]any{"rl": map[string]any{"gaussians": map[string]any{"g1": nil, "wide": map[string]any{"std_x": 2.0, "off_x": 0.0}, "b": map[string]any{"std_x": 1.0, "off_x": 0.0}}}}
	if got := v.Plain(); !reflect.DeepEqual(got, want) {
		t.Errorf("Plain = %v", got)
	}
	_, err = tree.Decode(place(group("rl", group("gaussians", group("g", group("std_x", num("0"), "stdx", num("1"))))), "r.yaml"), Source{File: "r.yaml"})
	if err == nil || !strings.Contains(err.Error(), "rl.gaussians.g.std_x: must be above 0") || !strings.Contains(err.Error(), "rl.gaussians.g.stdx: is not") {
		t.Errorf("problems in an entry: %v", err)
	}
	if l := problem.Of(err); len(l) != 2 || l[1].Hint != "did you mean rl.gaussians.g.std_x?" {
		t.Errorf("hint %q", l[1].Hint)
	}
}

func TestReaders(t *testing.T) {
	tree := New("T", "")
	key := func(path string, f Form, elem *Spec) Key {
		return tree.Add(Spec{Path: path, Forms: f | Null, Elem: elem})
	}
	f, i, l, p, tx, ref := key("f", Float|List, nil), key("i", Int|List, nil), key("l", List, NestedNumbers()), key("p", Path|List, nil), key("t", Text|List, nil), key("r", ArrayRef, nil)
	v, err := tree.Decode(group("f", num("2"), "i", list(num("1"), num("2")), "l", list(list(num("1"), num("2"), num("3")), list(num("4"), num("5"), num("6"))),
		"p", list(num("a.h5"), num("/b.h5")), "t", num("007"), "r", group("file", num("x.h5"), "key", num("a/b"))), Source{File: "dir/r.yaml", Dir: "dir"})
	if err != nil {
		t.Fatal(err)
	}
	if v.Pair(f) != [2]float64{2, 2} || v.Floats(f)[0] != 2 || v.IntPair(i) != [2]int{1, 2} || v.Pair(i) != [2]float64{1, 2} || v.Ints(i)[1] != 2 {
		t.Error("numbers and pairs")
	}
	if got := v.Paths(p); !reflect.DeepEqual(got, []string{"dir/a.h5", "/b.h5"}) {
		t.Errorf("Paths = %q", got)
	}
	if v.Texts(tx)[0] != "007" || v.Ref(ref) != (Ref{"x.h5", "a/b", "dir/x.h5"}) {
		t.Errorf("texts %q, ref %+v", v.Texts(tx), v.Ref(ref))
	}
	data, shape, err := v.Get(l).Array()
	if err != nil || !reflect.DeepEqual(shape, []int{2, 3}) || !reflect.DeepEqual(data, []float64{1, 2, 3, 4, 5, 6}) {
		t.Errorf("Array = %v %v %v", data, shape, err)
	}
	ragged := Value{Kind: List, List: []Value{{Kind: List, List: []Value{{Kind: Int}}}, {Kind: Int}}}
	if _, _, err := ragged.Array(); err == nil {
		t.Error("a ragged list is no array")
	}
	defer func() {
		if recover() == nil {
			t.Error("a key of another tree must panic")
		}
	}()
	v.Int(Key{"unknown"})
}

func TestPaths(t *testing.T) {
	t.Setenv("PTY_RAW", "/raw")
	t.Setenv("PTY_TILDE", "~x")
	t.Setenv("HOME", "/home/me")
	os.Unsetenv("PTY_NOT_SET")
	cases := []struct{ in, dir, want, err string }{
		{"raw.h5", "", "raw.h5", ""},
		{"raw.h5", ".", "raw.h5", ""},
		{"raw.h5", "scan", "scan/raw.h5", ""},
		{"./raw.h5", "scan", "scan/raw.h5", ""},
		{"./", "scan", "scan/./", ""},
		{"../raw.h5", "scan/1", "scan/1/../raw.h5", ""}, // 1 may be a link: not cleaned
		{"/raw.h5", "scan", "/raw.h5", ""},
		{"$PTY_RAW/a", "scan", "/raw/a", ""},
		{"x${PTY_RAW}a", "", "x/rawa", ""},
		{"a$$b", "", "a$b", ""},
		{"~/a", "scan", "/home/me/a", ""},
		{"~", "scan", "/home/me", ""},
		{"$PTY_TILDE/a", "scan", "scan/~x/a", ""},
		{"~no_such_user_here/a", "", "", "no such user"},
		{"$PTY_NOT_SET/a", "", "", "PTY_NOT_SET is not set"},
		{"${PTY_RAW", "", "", "not closed"},
		{"a$", "", "", "write $$"},
		{"%(base_path)s/x", "d", "d/%(base_path)s/x", ""},
	}
	for _, c := range cases {
		got, err := expandPath(c.in, c.dir)
		if got != c.want || (err == nil) != (c.err == "") || err != nil && !strings.Contains(err.Error(), c.err) {
			t.Errorf("%q in %q: %q, %v; want %q, %q", c.in, c.dir, got, err, c.want, c.err)
		}
	}
	_, _, err := one(t, Spec{Forms: Path | Null}, num("$PTY_NOT_SET/raw.h5"))
	if err == nil || err.Error() != `r.yaml:1:9: p: "$PTY_NOT_SET/raw.h5": the environment variable PTY_NOT_SET is not set` {
		t.Errorf("unset variable: %v", err)
	}
	// A word that stands for itself is not resolved.
	v, _, err := one(t, Spec{Forms: Path | Null, Choices: []any{"file"}}, num("file"))
	if err != nil || v.Path != "file" {
		t.Errorf("word: %q %v", v.Path, err)
	}
	v, _, err = one(t, Spec{Forms: Path | Null, Choices: []any{"file"}}, num("other.ptyd"))
	if err != nil || v.Path != "data/other.ptyd" || v.Text != "other.ptyd" {
		t.Errorf("path beside words: %q %v", v.Path, err)
	}
}

func TestSetValuesStartFromTheWorkingDirectory(t *testing.T) {
	tree := New("T", "")
	k := tree.Add(Spec{Path: "f", Forms: Path | Null})
	root := group("f", num("raw.h5"))
	root.Fields[0].Node.Pos = Position{Set: true}
	v, err := tree.Decode(root, Source{File: "scan/r.yaml", Dir: "scan"})
	if err != nil || v.Path(k) != "raw.h5" {
		t.Errorf("%q %v", v.Path(k), err)
	}
	if s, err := v.Resolve(k, "x/y"); err != nil || s != "x/y" {
		t.Errorf("Resolve = %q %v", s, err)
	}
	if v.Where(k) != "--set f" {
		t.Errorf("Where = %q", v.Where(k))
	}
}

func TestInheritance(t *testing.T) {
	base := New("Base", "")
	shape := base.Add(Spec{Path: "shape", Forms: Int | Null, Default: 256})
	skip := base.Add(Spec{Path: "positions.skip", Forms: Int, Default: 1})
	base.Rule(func(v *Values) problem.List {
		if v.Int(shape)%2 != 0 {
			return problem.List{v.Problem(shape, "must be even")}
		}
		return nil
	})
	child := New("Child", "", base)
	child.SetDefault(shape, nil)
	own := child.Add(Spec{Path: "positions.live_key", Forms: Text | Null})

	v, err := base.Decode(nil, Source{})
	if err != nil || v.Int(shape) != 256 || v.Has(own) {
		t.Errorf("the parent changed: %v", err)
	}
	v, err = child.Decode(place(group("positions", group("skip", num("3"))), "f"), Source{File: "f"})
	if err != nil || !v.IsNull(shape) || v.Given(shape) || v.Int(skip) != 3 {
		t.Errorf("child: %v", err)
	}
	if _, err := child.Decode(place(group("shape", num("3")), "f"), Source{File: "f"}); err == nil || err.Error() != "f:1:9: shape: must be even" {
		t.Errorf("rule: %v", err)
	}
	// The group stays together though it was declared in two trees.
	var paths []string
	for _, p := range child.Params() {
		paths = append(paths, p.Path)
	}
	if strings.Join(paths, " ") != "shape positions.skip positions.live_key" {
		t.Errorf("order %v", paths)
	}
	diamond := New("Diamond", "", base, New("Other", "", base))
	if len(diamond.Params()) != 2 {
		t.Error("a parameter of a common ancestor comes once")
	}
}

func TestProgrammingErrorsPanic(t *testing.T) {
	base := New("Base", "")
	k := base.Add(Spec{Path: "a", Forms: Int, Default: 1})
	New("Child", "", base)
	cases := map[string]func(){
		"twice": func() {
			x := New("x", "")
			x.Add(Spec{Path: "a", Forms: Null})
			x.Add(Spec{Path: "a", Forms: Null})
		},
		"too late":         func() { base.Add(Spec{Path: "b", Forms: Null}) },
		"override late":    func() { base.SetDefault(k, 2) },
		"no default":       func() { New("x", "").Add(Spec{Path: "a", Forms: Int}) },
		"wrong default":    func() { New("x", "").Add(Spec{Path: "a", Forms: Int, Default: "x"}) },
		"default too low":  func() { New("x", "").Add(Spec{Path: "a", Forms: Int, Default: 0, Min: At(1)}) },
		"not a choice":     func() { New("x", "").Add(Spec{Path: "a", Forms: Text, Default: "z", Choices: []any{"x"}}) },
		"no form":          func() { New("x", "").Add(Spec{Path: "a"}) },
		"bad path":         func() { New("x", "").Add(Spec{Path: "a..b", Forms: Null}) },
		"below a leaf":     func() { x := New("x", "", base); x.Add(Spec{Path: "a.b", Forms: Null}) },
		"override unknown": func() { New("x", "").SetDefault(Key{"q"}, 1) },
		"parents differ": func() {
			a, b := New("a", ""), New("b", "")
			a.Add(Spec{Path: "p", Forms: Null})
			b.Add(Spec{Path: "p", Forms: Int, Default: 3})
			New("x", "", a, b)
		},
	}
	for name, f := range cases {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s: no panic", name)
				}
			}()
			f()
		}()
	}
}

func TestFormatFloat(t *testing.T) {
	for x, want := range map[float64]string{1: "1.0", 7.19: "7.19", 1e-6: "1.0e-06", 1.5e-10: "1.5e-10", 1e21: "1.0e+21", -2: "-2.0", 0.000172: "0.000172"} {
		if got := FormatFloat(x); got != want {
			t.Errorf("FormatFloat(%g) = %q, want %q", x, got, want)
		}
	}
}

// Types read as a sentence, whole limits without an exponent.
func TestTypeInWords(t *testing.T) {
	for want, s := range map[string]Spec{
		"a whole number (1..1048576)":                     {Forms: Int, Min: At(1), Max: At(1 << 20)},
		"a number (above 0 and at most 1e+30)":            {Forms: Float, Min: At(0), AboveMin: true, Max: At(1e30)},
		"a number (0.001..1)":                             {Forms: Float, Min: At(0.001), Max: At(1)},
		"a number, a list of 1 to 2 numbers or null":      {Forms: Float | List | Null, MinLen: 1, MaxLen: 2},
		"a text or a pair of texts (x, y)":                {Forms: Text | List, MinLen: 2, MaxLen: 2, Names: []string{"x", "y"}, Elem: &Spec{Forms: Text}},
		"a whole number (at least 0), 3 booleans or null": {Forms: Int | List | Null, Min: At(0), MinLen: 3, MaxLen: 3, Elem: &Spec{Forms: Bool}},
	} {
		if got := s.Type(); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}
