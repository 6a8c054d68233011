package param

// Supply is a parameter that a recipe sets by itself when it hands its values on to another
// recipe's tree: a dataset at a standard place, a factor that follows from a unit.
type Supply struct {
	Key   Key // in the tree that is derived
	Value any // a Value (of the recipe's own parameters), or a literal as in Spec.Default
	Via   Key // the recipe's own parameter that messages shall name
}

// Derive gives the values of tree t for a recipe with values v: parameters that both trees
// declare in the same forms are v's, those of supplies are set, all others have t's defaults. What
// supplies set counts as given, and messages name v's own parameter in its place.
func (t *Tree) Derive(v *Values, supplies ...Supply) *Values {
	t.closed.Store(true)
	out := &Values{tree: t, file: v.file, dir: v.dir, m: map[string]*entry{}}
	d := &decoder{src: Source{File: v.file, Dir: v.dir}, paths: true}
	for _, p := range t.All() {
		if own := v.tree.Lookup(p.Path); own != nil && own.Forms == p.Forms && own.IsSet() == p.IsSet() {
			out.m[p.Path] = v.m[p.Path]
		} else {
			out.m[p.Path] = d.missing(p)
		}
	}
	for _, s := range supplies {
		val, ok := s.Value.(Value)
		if !ok {
			spec := t.byPath[s.Key.path].Spec
			spec.Default = s.Value
			val, _ = d.def(&spec)
		}
		val.Pos = v.Pos(s.Via)
		out.entry(s.Key) // panics on a key that t has not
		out.m[s.Key.path] = &entry{val: val, given: true, via: v.path(s.Via)}
	}
	if err := d.problems.Err(); err != nil {
		panic("param: tree " + t.Name + ": a supplied value does not fit: " + err.Error())
	}
	return out
}
