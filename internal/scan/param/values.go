package param

import (
	"fmt"
	"math"

	"ptyprep/internal/scan/problem"
)

// Ref is {file, key}: a dataset that stands for an array.
type Ref struct {
	File string // as written
	Key  string // path of the dataset in the file
	Path string // File, expanded and resolved
}

// Value is a decoded value. Kind is one form; only the fields of that form count.
type Value struct {
	Kind  Form
	Bool  bool
	Int   int64
	Float float64 // of a Float; an Int has it too
	Text  string  // of a Text or Path as written; of a number its own text
	Path  string  // of a Path: expanded and resolved
	List  []Value
	Dict  []DictEntry
	Ref   Ref
	Pos   Position
}

// DictEntry is one key of a free dictionary. Types of its values are guessed from their text.
type DictEntry struct {
	Key   string
	Value Value
}

// IsNull reports whether the value is null.
func (v Value) IsNull() bool { return v.Kind == Null }

// Plain is the value in plain Go types: nil, bool, int64, float64, string, []any or
// map[string]any. Paths are as written.
func (v Value) Plain() any {
	switch v.Kind {
	case Bool:
		return v.Bool
	case Int:
		return v.Int
	case Float:
		return v.Float
	case Text, Path:
		return v.Text
	case List:
		out := make([]any, len(v.List))
		for i, x := range v.List {
			out[i] = x.Plain()
		}
		return out
	case Dict:
		out := make(map[string]any, len(v.Dict))
		for _, e := range v.Dict {
			out[e.Key] = e.Value.Plain()
		}
		return out
	case ArrayRef:
		return map[string]any{"file": v.Ref.File, "key": v.Ref.Key}
	}
	return nil
}

// Array is a nested list of numbers as one slice in C order with its shape: [[1, 2], [3, 4]] gives
// 4 numbers and (2, 2). A single number has the shape (). It fails for rows of different length and
// for entries that are no numbers.
func (v Value) Array() (data []float64, shape []int, err error) {
	switch v.Kind {
	case Int, Float:
		return []float64{v.Float}, nil, nil
	case List:
	default:
		return nil, nil, fmt.Errorf("%s is no number", v.describe())
	}
	var inner []int
	for i, x := range v.List {
		d, s, err := x.Array()
		if err != nil {
			return nil, nil, err
		}
		if i == 0 {
			inner = s
		} else if fmt.Sprint(s) != fmt.Sprint(inner) {
			return nil, nil, fmt.Errorf("entry %d has the shape %v, the first one %v", i+1, s, inner)
		}
		data = append(data, d...)
	}
	return data, append([]int{len(v.List)}, inner...), nil
}

type entry struct {
	val   Value
	given bool
	set   []Named // of a named set
	via   string  // of a supplied value: the path that messages name instead
}

// Named is an entry of a named set.
type Named struct {
	Name string
	*Values
}

// Values are the parameters of one recipe file, checked, with defaults filled in. Reading one with
// a key that the tree does not have is a programming error and panics. They do not change and may
// be read by many goroutines.
type Values struct {
	tree    *Tree
	file    string // as the user named it, may be empty
	dir     string // folder that relative paths start from
	prefix  string // of an entry of a named set: the path of the entry
	m       map[string]*entry
	notices []string
}

func (v *Values) entry(k Key) *entry {
	e := v.m[k.path]
	if e == nil {
		panic(fmt.Sprintf("param: tree %s has no parameter %q", v.tree.Name, k.path))
	}
	return e
}

// Tree is the declaration that the values belong to.
func (v *Values) Tree() *Tree { return v.tree }

// File is the recipe file as the user named it; Dir the folder that its relative paths start from
// ("" is the working directory).
func (v *Values) File() string { return v.file }

// Dir is the folder of the recipe file.
func (v *Values) Dir() string { return v.dir }

// Notices are the remarks of decoding: one for every parameter given that has no effect.
func (v *Values) Notices() []string { return v.notices }

// Has reports whether the tree declares the parameter.
func (v *Values) Has(k Key) bool { return v.m[k.path] != nil }

// Get is the value. A group has the kind Group, unless another form or null was given for it.
func (v *Values) Get(k Key) Value { return v.entry(k).val }

// Given reports whether the recipe file or --set gives the parameter. Null for a parameter that
// takes none counts; null for one that does not means "left out" and does not. A group counts when
// anything is written for it, be it {}.
func (v *Values) Given(k Key) bool { return v.entry(k).given }

// GivenUnder reports whether the group itself has another form or any of its parameters is given.
func (v *Values) GivenUnder(k Key) bool {
	e := v.entry(k)
	if e.given && e.val.Kind != Group {
		return true
	}
	for _, p := range all(v.tree.byPath[k.path].Children, nil) {
		if !p.IsGroup() && v.m[p.Path].given {
			return true
		}
	}
	return false
}

// IsNull reports whether the value is null (a parameter that is Unset is, too).
func (v *Values) IsNull(k Key) bool { return v.Get(k).Kind == Null }

// Pos is where the value was given; without a line for a default.
func (v *Values) Pos(k Key) Position {
	if e := v.entry(k); e.given {
		return e.val.Pos
	}
	return Position{File: v.file}
}

// Bool is the value; false for null.
func (v *Values) Bool(k Key) bool { return v.Get(k).Bool }

// Int is the whole number; 0 for null or another form.
func (v *Values) Int(k Key) int { return int(v.Get(k).Int) }

// Float is the number, whole or not; 0 for null or another form.
func (v *Values) Float(k Key) float64 { return v.Get(k).Float }

// Text is the text, the path as written, or a number's own text; "" for null.
func (v *Values) Text(k Key) string { return v.Get(k).Text }

// Path is the path, expanded, and resolved against the recipe's folder (given by --set: the working
// directory); "" for null. It is not made absolute.
func (v *Values) Path(k Key) string { return v.Get(k).Path }

// Ref is the {file, key}; empty for another form.
func (v *Values) Ref(k Key) Ref { return v.Get(k).Ref }

// items is a list's entries, or the value itself as the only one, or nothing for null.
func (v *Values) items(k Key) []Value {
	switch x := v.Get(k); x.Kind {
	case Null:
		return nil
	case List:
		return x.List
	default:
		return []Value{x}
	}
}

func collect[T any](xs []Value, f func(Value) T) []T {
	if xs == nil {
		return nil
	}
	out := make([]T, len(xs))
	for i, x := range xs {
		out[i] = f(x)
	}
	return out
}

// Floats are the numbers of a list; one number is a list of one, null is nil. A null entry is NaN.
func (v *Values) Floats(k Key) []float64 {
	return collect(v.items(k), func(x Value) float64 {
		if x.Kind == Null {
			return math.NaN()
		}
		return x.Float
	})
}

// Ints are the whole numbers of a list; one number is a list of one, null is nil.
func (v *Values) Ints(k Key) []int {
	return collect(v.items(k), func(x Value) int { return int(x.Int) })
}

// Bools are the booleans of a list; null is nil.
func (v *Values) Bools(k Key) []bool {
	return collect(v.items(k), func(x Value) bool { return x.Bool })
}

// Texts are the texts of a list; one text is a list of one, null is nil.
func (v *Values) Texts(k Key) []string {
	return collect(v.items(k), func(x Value) string { return x.Text })
}

// Paths are the resolved paths of a list; one path is a list of one, null is nil.
func (v *Values) Paths(k Key) []string {
	return collect(v.items(k), func(x Value) string { return x.Path })
}

// Pair is two numbers; one number doubles. Null, a text or a list of another length gives (0, 0).
func (v *Values) Pair(k Key) [2]float64 {
	switch x := v.Get(k); {
	case x.Kind == Int || x.Kind == Float:
		return [2]float64{x.Float, x.Float}
	case x.Kind == List && len(x.List) == 2:
		return [2]float64{x.List[0].Float, x.List[1].Float}
	}
	return [2]float64{}
}

// IntPair is two whole numbers; one number doubles. Null or another form gives (0, 0).
func (v *Values) IntPair(k Key) [2]int {
	switch x := v.Get(k); {
	case x.Kind == Int:
		return [2]int{int(x.Int), int(x.Int)}
	case x.Kind == List && len(x.List) == 2:
		return [2]int{int(x.List[0].Int), int(x.List[1].Int)}
	}
	return [2]int{}
}

// Set is the entries of a named set in the order written, each with its own values, read with the
// keys of Spec.Entry.
func (v *Values) Set(k Key) []Named { return v.entry(k).set }

// path is the full path of a parameter, also inside an entry of a named set.
func (v *Values) path(k Key) string {
	if e := v.m[k.path]; e != nil && e.via != "" {
		return e.via
	}
	if v.prefix == "" {
		return k.path
	}
	return v.prefix + "." + k.path
}

// Where names the parameter for a message: "recipe.yaml:8:7: positions.skip",
// "--set positions.skip" or "positions.skip (default)".
func (v *Values) Where(k Key) string {
	if !v.entry(k).given {
		return v.path(k) + " (default)"
	}
	return v.Pos(k).at(v.path(k))
}

func (v *Values) msg(k Key, format string, args []any) string {
	return v.Pos(k).at(v.path(k)) + ": " + fmt.Sprintf(format, args...)
}

// Problem is a usage problem of the parameter: "recipe.yaml:8:7: positions.skip: ...", or
// "recipe.yaml: positions.skip: ..." when it was not given.
func (v *Values) Problem(k Key, format string, args ...any) *problem.Error {
	return problem.Usagef("%s", v.msg(k, format, args))
}

// InputProblem is a problem of the input (exit status 5) told at the parameter that names it.
func (v *Values) InputProblem(k Key, format string, args ...any) *problem.Error {
	return problem.Inputf("%s", v.msg(k, format, args))
}

// Resolve expands and resolves a path that was made from the parameter (a pattern filled in), as if
// it stood there itself.
func (v *Values) Resolve(k Key, path string) (string, error) {
	s, err := expandPath(path, v.base(v.Pos(k)))
	if err != nil {
		return "", v.Problem(k, "%v", err)
	}
	return s, nil
}

func (v *Values) base(p Position) string {
	if p.Set {
		return ""
	}
	return v.dir
}

// Plain is the whole tree as plain Go values, groups as map[string]any, paths as written. Unset
// parameters that were not given are left out. Default entries of a named set that the recipe has
// replaced are nil: they are declared and not in force.
func (v *Values) Plain() map[string]any { return v.plain(v.tree.root.Children) }

func (v *Values) plain(ps []*Param) map[string]any {
	out := make(map[string]any, len(ps))
	for _, p := range ps {
		e := v.m[p.Path]
		switch {
		case p.Unset && !e.given:
		case e.val.Kind != Group:
			out[p.Name()] = e.val.Plain()
		case p.IsSet():
			set := make(map[string]any, len(e.set))
			for _, n := range e.set {
				set[n.Name] = n.Plain()
			}
			names, _ := p.Default.([]string)
			for _, n := range names {
				if _, ok := set[n]; !ok {
					set[n] = nil
				}
			}
			out[p.Name()] = set
		default:
			out[p.Name()] = v.plain(p.Children)
		}
	}
	return out
}

// PlainGiven is Plain with only what was given; empty groups are left out.
func (v *Values) PlainGiven() map[string]any { return v.plainGiven(v.tree.root.Children) }

func (v *Values) plainGiven(ps []*Param) map[string]any {
	out := map[string]any{}
	for _, p := range ps {
		e := v.m[p.Path]
		switch {
		case !e.given:
		case e.val.Kind != Group:
			out[p.Name()] = e.val.Plain()
		case p.IsSet():
			set := make(map[string]any, len(e.set))
			for _, n := range e.set {
				set[n.Name] = n.PlainGiven()
			}
			out[p.Name()] = set
		default:
			if g := v.plainGiven(p.Children); len(g) > 0 {
				out[p.Name()] = g
			}
		}
	}
	return out
}

// Defaults are the dotted paths of all parameters that were taken from the declaration, in order.
func (v *Values) Defaults() []string {
	var out []string
	for _, p := range v.tree.Params() {
		if !v.m[p.Path].given && !p.Unset {
			out = append(out, p.Path)
		}
	}
	return out
}
