package param

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"

	"ptyprep/internal/scan/nearby"
	"ptyprep/internal/scan/problem"
)

// Source says where a node tree comes from.
type Source struct {
	File string // as the user named it; "" without a file
	Dir  string // folder that relative paths of the file start from; "" is the working directory
}

// decoder holds what one Decode gathers.
type decoder struct {
	src      Source
	paths    bool // expand paths; off while declarations are checked
	prefix   string
	problems found
	notices  []string
}

// found are problems with their places, to be told in the order of the file.
type found struct {
	at   []Position
	list problem.List
}

func (f *found) add(at Position, p *problem.Error) {
	f.at, f.list = append(f.at, at), append(f.list, p)
}

// mostProblems is how many problems of a file are told one by one.
const mostProblems = 50

// Err is the problems in the order of the file, those of --set last.
func (f *found) Err() error {
	order := make([]int, len(f.list))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int {
		p, q := f.at[a], f.at[b]
		if p.Set != q.Set {
			if q.Set {
				return -1
			}
			return 1
		}
		return cmp.Or(cmp.Compare(p.Line, q.Line), cmp.Compare(p.Col, q.Col))
	})
	var out problem.List
	for n, i := range order {
		if n == mostProblems {
			out = append(out, problem.Usagef("%s: and %d more problems", f.at[i].File, len(order)-n))
			break
		}
		out = append(out, f.list[i])
	}
	return out.Err()
}

// Decode checks a recipe's nodes against the declarations and fills in the defaults. The error is
// a *problem.Error or a problem.List of class Usage that holds everything that is wrong. A nil root
// gives the defaults.
func (t *Tree) Decode(root *Node, src Source) (*Values, error) {
	t.closed.Store(true)
	d := &decoder{src: src, paths: true}
	if root != nil {
		d.duplicates(root, "")
	}
	v := d.tree(t, root)
	if err := d.problems.Err(); err != nil {
		return nil, err
	}
	var l problem.List
	for _, rule := range t.rules {
		l = append(l, rule(v)...)
	}
	if err := l.Err(); err != nil {
		return nil, err
	}
	v.notices = d.notices
	return v, nil
}

// tree decodes the fields of root into the values of t; also of one entry of a named set.
func (d *decoder) tree(t *Tree, root *Node) *Values {
	v := &Values{tree: t, file: d.src.File, dir: d.src.Dir, prefix: d.prefix, m: map[string]*entry{}}
	if root != nil && !root.Null {
		if root.Kind == MapNode {
			d.fields(v, t.root, root)
		} else {
			d.fail(root.Pos, "", "must be a group of parameters (%s), and is %s", names(t.root), root.describe())
		}
	}
	for _, p := range t.All() {
		if v.m[p.Path] == nil {
			v.m[p.Path] = d.missing(p)
		}
	}
	return v
}

// missing is the entry of a parameter that was not given.
func (d *decoder) missing(p *Param) *entry {
	if p.IsSet() {
		e := &entry{val: Value{Kind: Group}}
		names, _ := p.Default.([]string)
		for _, n := range names {
			e.set = append(e.set, d.named(p, n, nil))
		}
		return e
	}
	val, _ := d.def(&p.Spec)
	return &entry{val: val}
}

// named decodes an entry of a named set.
func (d *decoder) named(p *Param, name string, n *Node) Named {
	outer := d.prefix
	d.prefix = d.full(p.Path + "." + name)
	v := d.tree(p.Entry, n)
	d.prefix = outer
	return Named{name, v}
}

// full is a path with the entry of a named set that it lies in.
func (d *decoder) full(path string) string {
	if path == "" {
		return d.prefix
	}
	return join(d.prefix, path)
}

func (d *decoder) fail(at Position, path, format string, args ...any) *problem.Error {
	p := problem.Usagef("%s", fmt.Sprintf("%s: %s", at.at(d.full(path)), fmt.Sprintf(format, args...)))
	d.problems.add(at, p)
	return p
}

func names(g *Param) string {
	var out []string
	for _, c := range g.Children {
		out = append(out, c.Name())
	}
	return strings.Join(out, ", ")
}

// join puts a group's path before a name.
func join(group, name string) string {
	if group == "" {
		return name
	}
	return group + "." + name
}

// duplicates reports keys given twice, at any depth.
func (d *decoder) duplicates(n *Node, path string) {
	for i, x := range n.Items {
		d.duplicates(x, fmt.Sprintf("%s[%d]", path, i))
	}
	seen := map[string]Position{}
	for _, f := range n.Fields {
		at, twice := seen[f.Name]
		if twice {
			d.fail(f.Pos, join(path, f.Name), "is given twice, first at %s", at).WithHint("keep one of the two")
		} else {
			seen[f.Name] = f.Pos
		}
		d.duplicates(f.Node, join(path, f.Name))
	}
}

// fields decodes the keys of a group.
func (d *decoder) fields(v *Values, g *Param, n *Node) {
	for _, f := range n.Fields {
		path := join(g.Path, f.Name)
		p := g.child(f.Name)
		if p == nil {
			d.unknown(v.tree, g, f, path)
			continue
		}
		if e := d.param(v, p, f); e != nil {
			v.m[p.Path] = e
		}
	}
}

// unknown reports a key that is not declared, with the nearest one that is.
func (d *decoder) unknown(t *Tree, g *Param, f Field, path string) {
	err := d.fail(f.Pos, path, "is not a parameter of %s", t.Name)
	if t.byPath[path] != nil && strings.Contains(f.Name, ".") {
		err.WithHint("write it as a group: %s", nested(path))
		return
	}
	if len(d.problems.list) > mostProblems {
		return
	}
	// First a key of the same group, misspelt; then one that exists in another group; then any.
	var here, all []string
	for _, c := range g.Children {
		here = append(here, c.Name())
	}
	if near, ok := nearby.Nearest(f.Name, here); ok {
		err.WithHint("did you mean %s?", d.full(join(g.Path, near)))
		return
	}
	for _, p := range t.All() {
		if strings.EqualFold(p.Name(), f.Name) {
			err.WithHint("did you mean %s? (%s belongs to the group %s)", d.full(p.Path), p.Name(), d.full(strings.TrimSuffix(p.Path, "."+p.Name())))
			if !strings.Contains(p.Path, ".") {
				err.WithHint("%s belongs to the top level of the recipe, not to %s", p.Name(), d.full(g.Path))
			}
			return
		}
		all = append(all, p.Path)
	}
	switch near, ok := nearby.Nearest(path, all); {
	case ok:
		err.WithHint("did you mean %s?", d.full(near))
	case g.Path != "" || d.prefix != "":
		err.WithHint("%s takes %s", d.full(g.Path), names(g))
	default:
		err.WithHint("'ptyprep recipes show %s' prints all parameters", t.Name)
	}
}

// nested writes a dotted path the way YAML nests it.
func nested(path string) string {
	parts := strings.Split(path, ".")
	out := parts[len(parts)-1] + ": ..."
	for i := len(parts) - 2; i >= 0; i-- {
		out = parts[i] + ": {" + out + "}"
	}
	return out
}

// param decodes one key; nil when it is wrong or null means left out.
func (d *decoder) param(v *Values, p *Param, f Field) *entry {
	n := f.Node
	if d.null(&p.Spec, n) {
		if p.Forms&Null == 0 {
			return nil
		}
		d.notice(p, n)
		return &entry{val: Value{Kind: Null, Pos: n.Pos}, given: true}
	}
	var e *entry
	switch {
	case p.IsSet() && (n.Kind == MapNode || p.Forms&^(Group|Null) == 0):
		e = d.set(p, n)
	case p.IsGroup() && n.Kind == MapNode && !(p.Forms&ArrayRef != 0 && isRef(n)):
		d.fields(v, p, n)
		e = &entry{val: Value{Kind: Group, Pos: n.Pos}, given: true}
	case p.IsGroup() && p.Forms&^(Group|Null) == 0:
		d.fail(n.Pos, p.Path, "must be a group with keys of %s, and is %s", names(p), n.describe()).
			WithHint("for example %s", example(p))
	default:
		if val, ok := d.value(&p.Spec, p.Path, n, nil); ok {
			e = &entry{val: val, given: true}
		}
	}
	if e != nil {
		d.notice(p, n)
	}
	return e
}

// example writes a group's first parameter as a recipe would.
func example(p *Param) string {
	if len(p.Children) == 0 {
		return p.Name() + ": {}"
	}
	return nested(p.Path + "." + p.Children[0].Name())
}

func (d *decoder) notice(p *Param, n *Node) {
	if p.NoEffect {
		d.notices = append(d.notices, n.Pos.at(d.full(p.Path))+": has no effect in ptyprep")
	}
}

// null reports whether a node is null for the declaration. The words of TOML and Python count where
// the type has null or could not take a text.
func (d *decoder) null(s *Spec, n *Node) bool {
	if n.Kind != ScalarNode {
		return false
	}
	return n.Null || noneText(n.Text) && (s.Forms&(Null|Group) != 0 || s.Forms&(Text|Path) == 0)
}

// set decodes a named set of groups.
func (d *decoder) set(p *Param, n *Node) *entry {
	if n.Kind != MapNode {
		d.fail(n.Pos, p.Path, "must be a set of named groups, each with keys of %s, and is %s", names(p.Entry.root), n.describe())
		return nil
	}
	e := &entry{val: Value{Kind: Group, Pos: n.Pos}, given: true}
	for _, f := range n.Fields {
		e.set = append(e.set, d.named(p, f.Name, f.Node))
	}
	return e
}

// isRef reports whether a map is {file, key} and nothing else.
func isRef(n *Node) bool {
	return n.Kind == MapNode && len(n.Fields) == 2 && n.Field("file") != nil && n.Field("key") != nil
}

// value decodes a value that is no group. list is the declaration of the list that it is an entry
// of, or nil; path already names the entry.
func (d *decoder) value(s *Spec, path string, n *Node, list *Spec) (Value, bool) {
	switch {
	case n.Kind == ScalarNode:
		return d.scalar(s, path, n, list)
	case n.Kind == ListNode && s.Forms&List != 0:
		return d.list(s, path, n, list)
	case n.Kind == MapNode && s.Forms&ArrayRef != 0 && (s.Forms&Dict == 0 || isRef(n)):
		return d.ref(path, n)
	case n.Kind == MapNode && s.Forms&Dict != 0:
		return guess(n), true
	}
	return d.mismatch(s, path, n)
}

func (d *decoder) mismatch(s *Spec, path string, n *Node) (Value, bool) {
	err := d.fail(n.Pos, path, "must be %s, and is %s", s.Type(), n.describe())
	if n.Kind != ScalarNode {
		return Value{}, false
	}
	word := strings.ToLower(n.Text)
	switch {
	case s.Forms&List != 0 && strings.HasPrefix(word, "(") && strings.HasSuffix(word, ")"): // a tuple of Python
		err.WithHint("lists stand in square brackets: [%s]", strings.TrimSuffix(strings.TrimSuffix(word[1:], ")"), ","))
	case s.Forms&Bool != 0 && slices.Contains([]string{"yes", "on", "y", "1"}, word):
		err.WithHint("write true")
	case s.Forms&Bool != 0 && slices.Contains([]string{"no", "off", "n", "0"}, word):
		err.WithHint("write false")
	case s.Forms&Number != 0 && strings.Contains(word, ",") && isNumber(strings.Replace(word, ",", ".", 1)):
		err.WithHint("the decimal sign is a point")
	case s.Forms&Number != 0 && s.Unit != "" && !isNumber(word) && isNumber(strings.TrimRight(word, "abcdefghijklmnopqrstuvwxyzµμ ")):
		err.WithHint("write the number alone; its unit is %s", s.Unit)
	}
	return Value{}, false
}

func isNumber(s string) bool { return floatText.MatchString(s) }

// list decodes a list and its entries.
func (d *decoder) list(s *Spec, path string, n *Node, outer *Spec) (Value, bool) {
	if len(n.Items) < s.MinLen || s.MaxLen > 0 && len(n.Items) > s.MaxLen {
		d.fail(n.Pos, path, "must have %s, and has %d: %s", s.lengths(), len(n.Items), n.describe())
		return Value{}, false
	}
	elem := s.elem()
	limits := s
	if s.Elem == s && outer != nil { // nested lists of numbers: the limits are those of the outermost
		limits = outer
	}
	v := Value{Kind: List, List: make([]Value, 0, len(n.Items)), Pos: n.Pos}
	for i, x := range n.Items {
		item := fmt.Sprintf("%s[%d]", path, i)
		if d.null(elem, x) {
			if elem.Forms&Null == 0 {
				d.fail(x.Pos, item, "must be %s, and is null", elem.Type())
				return Value{}, false
			}
			v.List = append(v.List, Value{Kind: Null, Pos: x.Pos})
			continue
		}
		e, ok := d.value(elem, item, x, limits)
		if !ok {
			// One problem a list is enough: a list of the wrong kind is wrong in every entry.
			return Value{}, false
		}
		v.List = append(v.List, e)
	}
	return v, true
}

// lengths says how many entries a list must have: "4 entries (top, bottom, left, right)".
func (s *Spec) lengths() string {
	var out string
	switch {
	case s.MinLen == s.MaxLen:
		out = fmt.Sprintf("%d entries", s.MaxLen)
	case s.MaxLen == 0 && s.MinLen == 1:
		out = "at least 1 entry"
	case s.MaxLen == 0:
		out = fmt.Sprintf("at least %d entries", s.MinLen)
	default:
		out = fmt.Sprintf("%d to %d entries", s.MinLen, s.MaxLen)
	}
	if len(s.Names) > 0 {
		out += " (" + strings.Join(s.Names, ", ") + ")"
	}
	return out
}

// ref decodes {file, key}.
func (d *decoder) ref(path string, n *Node) (Value, bool) {
	if !isRef(n) {
		// A group with other keys: tell the first that is too much or missing.
		for _, f := range n.Fields {
			if f.Name != "file" && f.Name != "key" {
				d.fail(f.Pos, path+"."+f.Name, "is not known: an array of a file is {file: PATH, key: DATASET}")
				return Value{}, false
			}
		}
		d.fail(n.Pos, path, "needs both file and key, and is %s", n.describe())
		return Value{}, false
	}
	file, ok := d.value(&Spec{Forms: Path}, path+".file", n.Field("file").Node, nil)
	key, ok2 := d.value(&Spec{Forms: Text}, path+".key", n.Field("key").Node, nil)
	if !ok || !ok2 {
		return Value{}, false
	}
	at := n.Pos
	if file.Pos.Set || key.Pos.Set { // the rest may come from the recipe file
		at = Position{Set: true}
	}
	return Value{Kind: ArrayRef, Ref: Ref{File: file.Text, Key: key.Text, Path: file.Path}, Pos: at}, true
}

// scalar decodes a scalar by its own text. In a union a quoted scalar is first of all a text;
// otherwise the narrowest form that fits wins: bool, whole number, number, text.
func (d *decoder) scalar(s *Spec, path string, n *Node, list *Spec) (Value, bool) {
	v := Value{Text: n.Text, Pos: n.Pos}
	asText := s.Forms&(Text|Path) != 0
	if n.Null {
		return d.mismatch(s, path, n)
	}
	if n.Quoted && asText && (s.Forms&(Bool|Number) == 0 || s.allows(v.as(Text))) {
		return d.text(s, path, n, v, list)
	}
	if b, ok := parseBool(n.Text); ok && s.Forms&Bool != 0 {
		v.Kind, v.Bool = Bool, b
		return d.checked(s, path, n, v, list)
	}
	if s.BoolDigits && s.Forms&Bool != 0 && (n.Text == "0" || n.Text == "1") {
		v.Kind, v.Bool = Bool, n.Text == "1"
		return d.checked(s, path, n, v, list)
	}
	if s.Forms&Int != 0 {
		x, ok, big := parseInt(n.number())
		// 3.0 is a whole number only where no other number is wanted.
		if ok && (s.Forms&Float == 0 || intText.MatchString(n.number())) {
			v.Kind, v.Int, v.Float = Int, x, float64(x)
			return d.checked(s, path, n, v, list)
		}
		if big && s.Forms&Float == 0 {
			d.fail(n.Pos, path, "%s is too large for a whole number", short(n.Text))
			return v, false
		}
	}
	if s.Forms&Float != 0 {
		if x, ok := parseFloat(n.number()); ok {
			v.Kind, v.Float = Float, x
			return d.checked(s, path, n, v, list)
		}
	}
	if asText {
		return d.text(s, path, n, v, list)
	}
	return d.mismatch(s, path, n)
}

func (v Value) as(kind Form) Value {
	v.Kind = kind
	return v
}

// text decodes a text or a path.
func (d *decoder) text(s *Spec, path string, n *Node, v Value, list *Spec) (Value, bool) {
	v.Kind = Text
	if s.Forms&Path != 0 {
		v.Kind = Path
		if slices.Contains(s.choiceTexts(Text), n.Text) {
			v.Path = n.Text
			return v, true
		}
		if d.paths {
			base := d.src.Dir
			if n.Pos.Set {
				base = ""
			}
			var err error
			if v.Path, err = expandPath(n.Text, base); err != nil {
				d.fail(n.Pos, path, "%s: %v", strconv.Quote(short(n.Text)), err)
				return v, false
			}
		}
		return v, true
	}
	return d.checked(s, path, n, v, list)
}

// allows reports whether the value is one of the choices of its kind, or there are none.
func (s *Spec) allows(v Value) bool {
	choices := s.choicesOf(v.Kind)
	for _, c := range choices {
		switch c := c.(type) {
		case string:
			if c == v.Text {
				return true
			}
		case bool:
			if c == v.Bool {
				return true
			}
		case int:
			if float64(c) == v.Float {
				return true
			}
		case float64:
			if c == v.Float {
				return true
			}
		}
	}
	return len(choices) == 0
}

// checked enforces choices and limits; an entry of a list obeys the list's where it has none itself.
func (d *decoder) checked(s *Spec, path string, n *Node, v Value, list *Spec) (Value, bool) {
	by := s
	if list != nil && len(s.choicesOf(v.Kind)) == 0 {
		by = list
	}
	if !by.allows(v) {
		err := d.fail(n.Pos, path, "must be %s, and is %s", orList(by.orTypes(v.Kind)), n.describe())
		if near, ok := nearby.Nearest(v.Text, by.choiceTexts(v.Kind)); ok {
			err.WithHint("did you mean %s?", near)
		}
		return v, false
	}
	if v.Kind&Number == 0 {
		return v, true
	}
	if (math.IsNaN(v.Float) || math.IsInf(v.Float, 0)) && !s.NonFinite && !(list != nil && list.NonFinite) {
		d.fail(n.Pos, path, "must be a finite number, and is %s", n.describe())
		return v, false
	}
	by = s
	if list != nil && s.Min == nil && s.Max == nil {
		by = list
	}
	if !by.within(v.Float) {
		verb := "be"
		if by.Min != nil && by.Max != nil && !by.AboveMin && !by.BelowMax {
			verb = "lie in"
		}
		extra := ""
		if list == nil && s.Forms&List != 0 && s.MinLen != 2 {
			extra = " (or be " + s.listType() + ")"
		}
		d.fail(n.Pos, path, "must %s %s%s, and is %s", verb, by.Limits(), extra, n.describe())
		return v, false
	}
	return v, true
}

// orTypes are the types of a declaration; for an entry of a list only its choices.
func (s *Spec) orTypes(kind Form) []string {
	if s.Forms&kind == 0 {
		return s.choiceTexts(kind)
	}
	return s.types()
}

func (s *Spec) within(x float64) bool {
	if s.Min != nil && (x < *s.Min || s.AboveMin && x <= *s.Min) {
		return false
	}
	return s.Max == nil || !(x > *s.Max || s.BelowMax && x >= *s.Max)
}

// guess decodes a value of a free dictionary, where no declaration says the type.
func guess(n *Node) Value {
	v := Value{Pos: n.Pos, Text: n.Text}
	switch n.Kind {
	case ListNode:
		v.Kind = List
		for _, x := range n.Items {
			v.List = append(v.List, guess(x))
		}
		return v
	case MapNode:
		v.Kind = Dict
		for _, f := range n.Fields {
			v.Dict = append(v.Dict, DictEntry{f.Name, guess(f.Node)})
		}
		return v
	}
	if n.Null || noneText(n.Text) {
		return v.as(Null)
	}
	if n.Quoted {
		return v.as(Text)
	}
	if b, ok := parseBool(n.Text); ok {
		v.Kind, v.Bool = Bool, b
		return v
	}
	if intText.MatchString(n.number()) {
		if x, ok, _ := parseInt(n.number()); ok {
			v.Kind, v.Int, v.Float = Int, x, float64(x)
			return v
		}
	}
	if x, ok := parseFloat(n.number()); ok {
		v.Kind, v.Float = Float, x
		return v
	}
	return v.as(Text)
}

// def is the default of a declaration, decoded like a value of the file, so that it obeys the same
// rules and relative paths start at the recipe's folder.
func (d *decoder) def(s *Spec) (Value, bool) {
	at := Position{File: d.src.File}
	switch {
	case s.Forms&Group != 0:
		return Value{Kind: Group, Pos: at}, true
	case s.Default == nil:
		if s.Forms&Null == 0 && !s.Unset {
			d.fail(at, s.Path, "has no default, and null is not one of its forms")
			return Value{}, false
		}
		return Value{Kind: Null, Pos: at}, true
	}
	n := literal(s.Default, at)
	if n == nil {
		d.fail(at, s.Path, "a default of type %T is not supported", s.Default)
		return Value{}, false
	}
	return d.value(s, s.Path, n, nil)
}

// literal turns a Go literal into a node; nil for types that no declaration uses.
func literal(x any, at Position) *Node {
	scalar := func(text string) *Node { return &Node{Text: text, Pos: at} }
	switch x := x.(type) {
	case nil:
		return &Node{Null: true, Pos: at}
	case bool:
		return scalar(strconv.FormatBool(x))
	case int:
		return scalar(strconv.Itoa(x))
	case float64:
		return scalar(formatFloat(x))
	case string:
		return &Node{Text: x, Quoted: true, Pos: at}
	case []any:
		return literals(x, at)
	case []string:
		return literals(x, at)
	case []float64:
		return literals(x, at)
	case []int:
		return literals(x, at)
	case []bool:
		return literals(x, at)
	case map[string]any:
		n := &Node{Kind: MapNode, Pos: at}
		for _, k := range slices.Sorted(maps.Keys(x)) {
			n.Fields = append(n.Fields, Field{Name: k, Pos: at, Node: literal(x[k], at)})
		}
		return n
	}
	return nil
}

func literals[T any](xs []T, at Position) *Node {
	n := &Node{Kind: ListNode, Pos: at}
	for _, x := range xs {
		n.Items = append(n.Items, literal(x, at))
	}
	return n
}
