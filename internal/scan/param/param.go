// Package param holds declared parameter trees. A parameter is declared once: path, accepted
// forms, default, unit, allowed values, limits and help. Decoding and checking a recipe file,
// `recipes show`, the pages in docs and the example files all come from that one declaration.
//
// A recipe file reaches this package as a Node tree with positions (package recipes reads the
// files). Tree.Decode turns it into Values, which know for every parameter whether it was given
// and where, so that later problems can name file, line and key.
//
// Types are decided by the declaration from the scalar's own text, never by what YAML or TOML
// guesses: a text parameter takes `010` as it stands, a whole number takes it as ten.
package param

import (
	"fmt"
	"slices"
	"strings"
	"sync/atomic"

	"ptyprep/internal/scan/problem"
)

// Form is what a value may look like. A declaration joins several with | ; the Kind of a Value
// is exactly one of them.
type Form uint16

// The forms. Null is "none": a parameter without it takes null for "left out".
const (
	Null     Form = 1 << iota // null, none, None
	Bool                      // true or false
	Int                       // a whole number (3.0 and 1e3 count as whole)
	Float                     // a number; whole numbers are accepted
	Text                      // the scalar's own text
	Path                      // a file or folder: ~, $VAR and ${VAR} expand, relative ones start at the recipe
	List                      // a list, see Spec.Elem, MinLen and MaxLen
	Dict                      // a free dictionary, kept as it is
	ArrayRef                  // {file: PATH, key: DATASET}
	Group                     // a group of parameters or, with Spec.Entry, a named set of groups
)

// Number is a whole number or any other one.
const Number = Int | Float

// Spec declares one parameter or group.
type Spec struct {
	Path  string // dotted, e.g. "positions.skip"; keys keep their case
	Forms Form   // accepted forms
	// Elem says what an entry of a list may be. Nil: the scalar forms of Forms. Limits and choices
	// of the list hold for its entries where Elem has none.
	Elem           *Spec
	MinLen, MaxLen int      // number of entries of a list; MaxLen 0: any number
	Names          []string // names of the entries, for messages and help

	Default any  // Go literal: nil, bool, int, float64, string, []any, []string, []float64, []int, map[string]any
	Unset   bool // no default: Null and not given until the recipe file says something; left out by `recipes show`

	Unit string // e.g. "m", "keV", "px"
	Help string // one or more sentences

	Min, Max           *float64 // limits for numbers, see At
	AboveMin, BelowMax bool     // the limit itself is not allowed
	NonFinite          bool     // NaN and infinity are allowed
	BoolDigits         bool     // 0 and 1 count as false and true
	// Choices are the allowed values (string, bool, int, float64). They bind values of their own
	// kind only: a union of texts and numbers with text choices takes any number.
	Choices  []any
	NoEffect bool // accepted but without effect: one notice when it is given

	// Entry makes a named set of it: a dictionary of groups, each with the parameters of this tree.
	// Default is then the names of the entries there are when none is given ([]string); giving any
	// entry replaces them all.
	Entry *Tree
}

// At is a limit for Spec.Min and Spec.Max.
func At(x float64) *float64 { return &x }

// NestedNumbers is a Spec.Elem for arrays written as nested lists of numbers of any depth.
func NestedNumbers() *Spec {
	s := &Spec{Forms: Float | List}
	s.Elem = s
	return s
}

// Key is the handle of a declared parameter. A key of a tree reads the Values of every tree that
// inherits it.
type Key struct{ path string }

// Path is the dotted path of the parameter.
func (k Key) Path() string { return k.path }

// String is the dotted path of the parameter.
func (k Key) String() string { return k.path }

// Param is a declared parameter or group in its tree.
type Param struct {
	Spec
	Children []*Param // of a group, in order
}

// Key is the handle of the parameter.
func (p *Param) Key() Key { return Key{p.Path} }

// Name is the last part of the path.
func (p *Param) Name() string { return p.Path[strings.LastIndexByte(p.Path, '.')+1:] }

// IsGroup reports whether it holds declared parameters (a named set does not count).
func (p *Param) IsGroup() bool { return p.Forms&Group != 0 && p.Entry == nil }

// IsSet reports whether it is a named set of groups.
func (p *Param) IsSet() bool { return p.Entry != nil }

// child is the parameter of that name in a group, or nil.
func (p *Param) child(name string) *Param {
	for _, c := range p.Children {
		if c.Name() == name {
			return c
		}
	}
	return nil
}

func (p *Param) clone(into map[string]*Param) *Param {
	q := &Param{Spec: p.Spec}
	for _, c := range p.Children {
		q.Children = append(q.Children, c.clone(into))
	}
	into[q.Path] = q
	return q
}

// Tree is a set of declared parameters in order. It is built once, while packages are initialised;
// inheriting or decoding it closes it.
type Tree struct {
	Name    string // of the recipe
	Summary string // one sentence

	root   *Param
	byPath map[string]*Param
	rules  []func(*Values) problem.List
	closed atomic.Bool
}

// New makes a tree that inherits the declarations and rules of its parents in order. A path that
// two parents declare is taken from the first, if both have it from one common parent unchanged in
// forms and default; otherwise New panics.
func New(name, summary string, parents ...*Tree) *Tree {
	t := &Tree{Name: name, Summary: summary, root: &Param{Spec: Spec{Forms: Group}}, byPath: map[string]*Param{}}
	t.byPath[""] = t.root
	for _, p := range parents {
		p.closed.Store(true)
		t.inherit(t.root, p.root)
		t.rules = append(t.rules, p.rules...)
	}
	return t
}

func (t *Tree) inherit(into, from *Param) {
	for _, c := range from.Children {
		have := t.byPath[c.Path]
		switch {
		case have == nil:
			into.Children = append(into.Children, c.clone(t.byPath))
		case have.IsGroup() && c.IsGroup():
			t.inherit(have, c)
		case have.Forms == c.Forms && fmt.Sprint(have.Default) == fmt.Sprint(c.Default) && have.Help == c.Help:
		default:
			panic(fmt.Sprintf("param: tree %s inherits %s from two parents that differ", t.Name, c.Path))
		}
	}
}

// Add declares a parameter and returns its key. Groups named by the path come into being with it.
// It panics on a double declaration and on a default that the declaration itself refuses.
func (t *Tree) Add(s Spec) Key {
	t.open(s.Path)
	if have := t.byPath[s.Path]; have != nil && !(have.IsGroup() && have.Help == "" && s.Forms&Group != 0) {
		panic(fmt.Sprintf("param: tree %s declares %s twice", t.Name, s.Path))
	} else if have != nil {
		have.Spec = s
		return Key{s.Path}
	}
	g := t.group(s.Path)
	if s.Entry != nil {
		s.Forms |= Group
		s.Entry.closed.Store(true)
	}
	p := &Param{Spec: s}
	p.check(t.Name)
	g.Children = append(g.Children, p)
	t.byPath[s.Path] = p
	return Key{s.Path}
}

// Group gives a plain group its help text, before or after its parameters are declared. Null for
// such a group means its defaults. (A group that may be null, a text or an array is declared with Add.)
func (t *Tree) Group(path, help string) Key {
	if p := t.byPath[path]; p != nil && p.IsGroup() {
		t.open(path)
		p.Help = help
		return Key{path}
	}
	return t.Add(Spec{Path: path, Forms: Group, Help: help})
}

// group finds or makes the group that a path lies in.
func (t *Tree) group(path string) *Param {
	i := strings.LastIndexByte(path, '.')
	if i < 0 {
		return t.root
	}
	if g := t.byPath[path[:i]]; g != nil {
		if !g.IsGroup() {
			panic(fmt.Sprintf("param: tree %s: %s lies in %s, which is no group", t.Name, path, g.Path))
		}
		return g
	}
	up := t.group(path[:i])
	g := &Param{Spec: Spec{Path: path[:i], Forms: Group}}
	up.Children = append(up.Children, g)
	t.byPath[g.Path] = g
	return g
}

// Override changes the declaration of an inherited parameter in this tree only: a recipe's other
// default, forms, choices or help. The path cannot change. Slices and maps of the Spec must be
// replaced, not written into.
func (t *Tree) Override(k Key, change func(*Spec)) Key {
	t.open(k.path)
	p := t.byPath[k.path]
	if p == nil {
		panic(fmt.Sprintf("param: tree %s overrides %s, which it does not have", t.Name, k.path))
	}
	change(&p.Spec)
	p.Path = k.path
	p.check(t.Name)
	return k
}

// SetDefault is Override of the default alone.
func (t *Tree) SetDefault(k Key, value any) Key {
	return t.Override(k, func(s *Spec) { s.Default, s.Unset = value, false })
}

// Rule adds a check across parameters. Rules run after decoding, in order, when every value by
// itself is right.
func (t *Tree) Rule(check func(v *Values) problem.List) {
	t.open("a rule")
	t.rules = append(t.rules, check)
}

func (t *Tree) open(what string) {
	if what == "" {
		panic("param: a parameter without a path")
	}
	if t.closed.Load() {
		panic(fmt.Sprintf("param: tree %s is inherited or in use already; %s comes too late", t.Name, what))
	}
}

// check panics when a declaration contradicts itself.
func (p *Param) check(tree string) {
	bad := func(format string, args ...any) {
		panic(fmt.Sprintf("param: tree %s: %s: %s", tree, p.Path, fmt.Sprintf(format, args...)))
	}
	if p.Path == "" || strings.HasPrefix(p.Path, ".") || strings.HasSuffix(p.Path, ".") || strings.Contains(p.Path, "..") {
		bad("not a path")
	}
	if p.Forms == 0 {
		bad("no form")
	}
	if len(p.Names) > 0 && p.MaxLen != len(p.Names) {
		bad("%d names for at most %d entries", len(p.Names), p.MaxLen)
	}
	if p.Forms&Group != 0 {
		if p.Default != nil && p.Entry == nil {
			bad("the default of a group is its parameters' defaults")
		}
		return
	}
	if p.Unset {
		if p.Default != nil {
			bad("a default, and none")
		}
		return
	}
	d := decoder{}
	if _, ok := d.def(&p.Spec); !ok {
		bad("the default does not fit: %v", d.problems.Err())
	}
}

// All is every parameter and group, a group before its parameters.
func (t *Tree) All() []*Param { return all(t.root.Children, nil) }

func all(ps, to []*Param) []*Param {
	for _, p := range ps {
		to = all(p.Children, append(to, p))
	}
	return to
}

// Params is every parameter in order: leaves and named sets, without groups.
func (t *Tree) Params() []*Param {
	return slices.DeleteFunc(t.All(), func(p *Param) bool { return p.IsGroup() })
}

// Children are the parameters and groups at the top level, in order.
func (t *Tree) Children() []*Param { return t.root.Children }

// Lookup finds a parameter or group by its dotted path, or nil.
func (t *Tree) Lookup(path string) *Param {
	if path == "" {
		return nil
	}
	return t.byPath[path]
}

// Has reports whether the tree has the parameter.
func (t *Tree) Has(k Key) bool { return t.Lookup(k.path) != nil }
