// Package recipes reads recipe files: it turns YAML or TOML into nodes with positions, finds the
// recipe by its name, decodes the parameters against the recipe's declared tree together with
// ptyprep's own two, and applies --set. It prints a recipe's tree as a commented example file and as
// a page of documentation. The trees of the recipes stand in their own packages; Base is the one
// that they all inherit.
package recipes

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"ptyprep/internal/scan/nearby"
	"ptyprep/internal/scan/param"
	"ptyprep/internal/scan/problem"
)

// Opener makes a scan of a recipe's values. This package only hands it through; package scan's
// callers know its type.
type Opener any

// Spec is a recipe: its name, its parameters, and how a scan is made of them.
type Spec struct {
	Name    string
	Summary string   // one sentence
	Aliases []string // other names that recipe files may use
	Tree    *param.Tree
	Doc     string // Markdown for the recipe's page, behind the summary
	Open    Opener
}

// NewTree makes the tree of a recipe: Base first, then other parents, with the recipe's name as the
// default of `name`.
func NewTree(name, summary string, parents ...*param.Tree) *param.Tree {
	if !slices.Contains(parents, Base) && !slices.ContainsFunc(parents, func(t *param.Tree) bool { return t.Has(Name) }) {
		parents = append([]*param.Tree{Base}, parents...)
	}
	t := param.New(name, summary, parents...)
	t.SetDefault(Name, name)
	return t
}

// full is the recipe's tree with ptyprep's own parameters.
func (s *Spec) full() *param.Tree { return param.New(s.Name, s.Summary, s.Tree, Own) }

// Registry holds the recipes there are. It does not change once made.
type Registry struct {
	specs  []*Spec
	byName map[string]*Spec
	trees  map[*Spec]*param.Tree
}

// NewRegistry makes a registry. It panics on a name or alias that two recipes have.
func NewRegistry(specs ...Spec) *Registry {
	r := &Registry{byName: map[string]*Spec{}, trees: map[*Spec]*param.Tree{}}
	for i := range specs {
		s := &specs[i]
		for _, n := range append([]string{s.Name}, s.Aliases...) {
			if r.byName[n] != nil {
				panic(fmt.Sprintf("recipes: the name %s is taken twice", n))
			}
			r.byName[n] = s
		}
		r.specs = append(r.specs, s)
		r.trees[s] = s.full()
	}
	return r
}

// List is all recipes in the order they were registered.
func (r *Registry) List() []*Spec { return slices.Clone(r.specs) }

// Names are all names and aliases in alphabetical order, letter case not counting.
func (r *Registry) Names() []string {
	out := make([]string, 0, len(r.byName))
	for n := range r.byName {
		out = append(out, n)
	}
	slices.SortFunc(out, func(a, b string) int {
		return strings.Compare(strings.ToLower(a)+a, strings.ToLower(b)+b)
	})
	return out
}

// Lookup finds a recipe by name or alias. The error is a usage problem with the nearest name and
// the list of all.
func (r *Registry) Lookup(name string) (*Spec, error) {
	if s := r.byName[name]; s != nil {
		return s, nil
	}
	err := problem.Usagef("there is no recipe %q", name)
	all := "recipes: " + strings.Join(r.Names(), ", ")
	if near, ok := nearby.Nearest(name, r.Names()); ok {
		return nil, err.WithHint("did you mean %s? (%s)", near, all)
	}
	return nil, err.WithHint("%s", all)
}

// Recipe is a recipe file that was read and checked.
type Recipe struct {
	File     string // as the user named it
	Text     []byte // of the file, as UTF-8 without byte order mark
	Sets     []string
	Spec     *Spec
	Values   *param.Values
	Warnings []string
}

// Load reads a recipe file, lays the --set arguments ("key=value", later ones win) over it, and
// checks everything against the recipe's tree. The error is a problem.List or *problem.Error: class
// Input for a file that is missing or cannot be read, Usage for what is written in it.
func (r *Registry) Load(path string, sets []string) (*Recipe, error) {
	raw, format, err := readFile(path)
	if err != nil {
		return nil, err
	}
	return r.Parse(path, format, raw, sets)
}

// Parse is Load for bytes already read. format is ".yaml" or ".toml"; file names the recipe in
// messages, and relative paths start from its folder.
func (r *Registry) Parse(file, format string, raw []byte, sets []string) (*Recipe, error) {
	text, err := decodeText(file, raw)
	if err != nil {
		return nil, err
	}
	root, err := parse(file, format, text)
	if err != nil {
		return nil, err
	}
	if err := applySets(root, sets); err != nil {
		return nil, err
	}
	s, err := r.named(file, root)
	if err != nil {
		return nil, err
	}
	dir := filepath.Dir(file)
	if dir == "." {
		dir = ""
	}
	v, err := r.trees[s].Decode(root, param.Source{File: file, Dir: dir})
	if err != nil {
		return nil, err
	}
	return &Recipe{File: file, Text: text, Sets: slices.Clone(sets), Spec: s, Values: v, Warnings: append(slices.Clone(v.Notices()), overruled(v)...)}, nil
}

// applySets lays --set arguments over a recipe's nodes; all that are wrong are told together.
func applySets(root *param.Node, sets []string) error {
	var bad problem.List
	for _, arg := range sets {
		n, steps, err := parseSet(arg)
		if err == nil {
			err = merge(root, n, steps, "")
		}
		bad = append(bad, problem.Of(err)...)
	}
	return bad.Err()
}

// named finds the recipe that `name` asks for.
func (r *Registry) named(file string, root *param.Node) (*Spec, error) {
	f := root.Field("name")
	if f == nil || f.Node.Null {
		at := param.Position{File: file}
		if f != nil {
			at = f.Pos
		}
		err := problem.Usagef("%s: the recipe has no name; 'name: RECIPE' says which one it is", at)
		for _, g := range root.Fields {
			if g.Name != "name" && strings.EqualFold(g.Name, "name") || g.Name == "recipe" && g.Node.Kind == param.ScalarNode {
				return nil, err.WithHint("did you mean name in place of %s?", g.Name)
			}
		}
		if inner := r.deeper(root, ""); inner != "" {
			return nil, err.WithHint("%s holds one; what stands in that group belongs at the top level of the recipe", inner)
		}
		return nil, err.WithHint("recipes: %s", strings.Join(r.Names(), ", "))
	}
	if f.Node.Kind != param.ScalarNode {
		return nil, problem.Usagef("%s: name: must be the name of a recipe", f.Node.Pos).
			WithHint("recipes: %s", strings.Join(r.Names(), ", "))
	}
	s, err := r.Lookup(f.Node.Text)
	if err != nil {
		p := problem.Of(err)[0]
		where := f.Node.Pos.String() + ": name"
		if f.Node.Pos.Set {
			where = "--set name"
		}
		p.Msg = where + ": " + p.Msg
		return nil, p
	}
	return s, nil
}

// deeper finds the group below n that holds the name of a recipe, as the trees of ptypy's scripts do:
// scans.MF.data.
func (r *Registry) deeper(n *param.Node, path string) string {
	for _, f := range n.Fields {
		at := strings.TrimPrefix(path+"."+f.Name, ".")
		if name := f.Node.Field("name"); name != nil && name.Node.Kind == param.ScalarNode {
			if _, err := r.Lookup(name.Node.Text); err == nil {
				return at
			}
		}
		if inner := r.deeper(f.Node, at); inner != "" {
			return inner
		}
	}
	return ""
}

// overruled tells of a num_frames that positions_theory beats.
func overruled(v *param.Values) []string {
	if !v.Has(NumFrames) || v.IsNull(NumFrames) || v.IsNull(PositionsTheory) {
		return nil
	}
	if n := len(v.Get(PositionsTheory).List); n != v.Int(NumFrames) {
		return []string{fmt.Sprintf("%s: has no effect: positions_theory gives %d frames", v.Where(NumFrames), n)}
	}
	return nil
}
