package recipes

import (
	"errors"
	"sort"
	"strings"
	"unicode/utf8"

	"github.com/pelletier/go-toml/v2"
	"github.com/pelletier/go-toml/v2/unstable"

	"ptyprep/internal/scan/param"
	"ptyprep/internal/scan/problem"
)

// parseTOML reads a TOML document. Numbers and dates keep their own text, since declarations decide
// the types. Keys given twice are kept, the decoder reports them.
func parseTOML(file string, text []byte) (*param.Node, error) {
	r := &tomlReader{file: file, text: text, root: &param.Node{Kind: param.MapNode}, headers: map[*param.Node]param.Position{}, index: map[*param.Node]map[string]int{}}
	r.root.Pos = r.pos(0)
	for i, c := range text {
		if c == '\n' {
			r.lines = append(r.lines, i+1)
		}
	}
	r.p.Reset(text)
	cur := r.root
	for r.p.NextExpression() {
		var err error
		if cur, err = r.expression(cur, r.p.Expression()); err != nil {
			return nil, err
		}
	}
	if err := r.p.Error(); err != nil {
		return nil, r.syntax(err)
	}
	if r.twice {
		return r.root, nil
	}
	// The parser above takes documents that break TOML's rules about tables defined in two ways; the
	// full decoder knows them all.
	var all map[string]any
	var derr *toml.DecodeError
	if err := toml.Unmarshal(text, &all); errors.As(err, &derr) {
		row, col := derr.Position()
		return nil, tomlHint(syntax(param.Position{File: file, Line: row, Col: col}, "TOML", "%s", strings.TrimPrefix(derr.Error(), "toml: ")))
	} else if err != nil {
		return nil, syntax(param.Position{File: file}, "TOML", "%s", strings.TrimPrefix(err.Error(), "toml: "))
	}
	return r.root, nil
}

// tomlReader turns the parser's expressions into nodes.
type tomlReader struct {
	p       unstable.Parser
	file    string
	text    []byte
	lines   []int // where the second and later lines begin
	root    *param.Node
	headers map[*param.Node]param.Position // tables that have had their [header]
	index   map[*param.Node]map[string]int // of a table: where its keys stand first
	twice   bool                           // a key is given twice
	keys    int
	last    struct{ offset, start, col int } // the place asked for last, to count on from
}

// field finds a key of a table, or nil.
func (r *tomlReader) field(t *param.Node, name string) *param.Field {
	if i, ok := r.index[t][name]; ok {
		return &t.Fields[i]
	}
	return nil
}

// add appends a key to a table.
func (r *tomlReader) add(t *param.Node, f param.Field) *param.Field {
	m := r.index[t]
	if m == nil {
		m = map[string]int{}
		r.index[t] = m
	}
	if _, ok := m[f.Name]; ok {
		r.twice = true
	} else {
		m[f.Name] = len(t.Fields)
	}
	t.Fields = append(t.Fields, f)
	return &t.Fields[len(t.Fields)-1]
}

// pos is the place of a byte; columns count characters.
func (r *tomlReader) pos(offset int) param.Position {
	i := sort.SearchInts(r.lines, offset+1)
	start := 0
	if i > 0 {
		start = r.lines[i-1]
	}
	// Places are asked for in rising order: counting on keeps a line of megabytes from costing its
	// length for each of its values.
	col, from := 1, start
	if r.last.start == start && r.last.col > 0 && r.last.offset <= offset {
		col, from = r.last.col, r.last.offset
	}
	col += utf8.RuneCount(r.text[from:offset])
	r.last.offset, r.last.start, r.last.col = offset, start, col
	return param.Position{File: r.file, Line: i + 1, Col: col}
}

func (r *tomlReader) syntax(err error) *problem.Error {
	at := param.Position{File: r.file}
	var p *unstable.ParserError
	if errors.As(err, &p) && len(p.Highlight) > 0 {
		at = r.pos(int(r.p.Range(p.Highlight).Offset))
	}
	return tomlHint(syntax(at, "TOML", "%s", strings.TrimPrefix(err.Error(), "toml: ")))
}

// tomlHint says what users of YAML and Python forget.
func tomlHint(p *problem.Error) *problem.Error {
	switch {
	case strings.Contains(p.Msg, "at start of value"), strings.Contains(p.Msg, "expected keyword"),
		strings.Contains(p.Msg, "expected value"), strings.Contains(p.Msg, "unexpected value"):
		p.WithHint(`TOML wants texts in quotes, true and false in small letters, and "none" for no value`)
	case strings.Contains(p.Msg, "expected '=' after"):
		p.WithHint("TOML writes key = value; a recipe in YAML (key: value) ends in .yaml")
	case strings.Contains(p.Msg, "leading zero"):
		p.WithHint("TOML has no numbers with leading zeros; leave them out, or write the value in quotes")
	}
	return p
}

// part is one piece of a dotted key.
type part struct {
	name string
	pos  param.Position
}

func (r *tomlReader) key(it unstable.Iterator) []part {
	var out []part
	for it.Next() {
		n := it.Node()
		out = append(out, part{string(n.Data), r.pos(int(n.Raw.Offset))})
		r.keys++
	}
	return out
}

// expression takes one line into the tree; cur is the table that it belongs to.
func (r *tomlReader) expression(cur *param.Node, e *unstable.Node) (*param.Node, error) {
	switch e.Kind {
	case unstable.KeyValue:
		return cur, r.keyValue(cur, e, 0)
	case unstable.Table:
		key := r.key(e.Key())
		t, err := r.descend(r.root, key)
		if err != nil {
			return nil, err
		}
		at := key[len(key)-1].pos
		if first, ok := r.headers[t]; ok {
			return nil, problem.Usagef("%s: the table [%s] is given twice, first at %s", at, dotted(key), first).
				WithHint("put all its keys below the first one")
		}
		r.headers[t] = at
		return t, nil
	case unstable.ArrayTable:
		return r.arrayTable(r.key(e.Key()))
	}
	return cur, nil
}

func dotted(key []part) string {
	var s []string
	for _, k := range key {
		s = append(s, k.name)
	}
	return strings.Join(s, ".")
}

// descend finds or makes the table of a dotted key.
func (r *tomlReader) descend(t *param.Node, key []part) (*param.Node, error) {
	if r.keys > maxKeys {
		return nil, tooManyKeys(r.pos(r.last.offset))
	}
	if len(key) > maxDepth {
		return nil, tooDeep(key[0].pos)
	}
	for i, k := range key {
		f := r.field(t, k.name)
		if f == nil {
			f = r.add(t, param.Field{Name: k.name, Pos: k.pos, Node: &param.Node{Kind: param.MapNode, Pos: k.pos}})
		}
		t = f.Node
		if t.Kind == param.ListNode && len(t.Items) > 0 { // of [[tables]]: the last one
			t = t.Items[len(t.Items)-1]
		}
		if t.Kind != param.MapNode {
			return nil, problem.Usagef("%s: %s is a table here and a value at %s", k.pos, dotted(key[:i+1]), f.Pos).
				WithHint("keep one of the two")
		}
	}
	return t, nil
}

func (r *tomlReader) arrayTable(key []part) (*param.Node, error) {
	last := key[len(key)-1]
	t, err := r.descend(r.root, key[:len(key)-1])
	if err != nil {
		return nil, err
	}
	f := r.field(t, last.name)
	if f == nil {
		f = r.add(t, param.Field{Name: last.name, Pos: last.pos, Node: &param.Node{Kind: param.ListNode, Pos: last.pos}})
	}
	if f.Node.Kind != param.ListNode {
		return nil, problem.Usagef("%s: %s is a list of tables here and something else at %s", last.pos, dotted(key), f.Pos)
	}
	item := &param.Node{Kind: param.MapNode, Pos: last.pos}
	f.Node.Items = append(f.Node.Items, item)
	return item, nil
}

// keyValue adds key = value to a table.
func (r *tomlReader) keyValue(t *param.Node, e *unstable.Node, depth int) error {
	key := r.key(e.Key())
	t, err := r.descend(t, key[:len(key)-1])
	if err != nil {
		return err
	}
	last := key[len(key)-1]
	v, err := r.value(e.Value(), r.valuePos(e), depth+1)
	if err != nil {
		return err
	}
	r.add(t, param.Field{Name: last.name, Pos: last.pos, Node: v})
	return nil
}

// valuePos is where the value of a key = value begins: behind the equals sign, which follows the key.
func (r *tomlReader) valuePos(e *unstable.Node) param.Position {
	end := 0
	for it := e.Key(); it.Next(); {
		raw := it.Node().Raw
		end = int(raw.Offset + raw.Length)
	}
	for end < len(r.text) && strings.IndexByte(" \t=", r.text[end]) >= 0 {
		end++
	}
	return r.pos(end)
}

// value turns a value into a node; at is its place if the parser does not tell.
func (r *tomlReader) value(n *unstable.Node, at param.Position, depth int) (*param.Node, error) {
	if depth > maxDepth {
		return nil, tooDeep(at)
	}
	if n.Raw.Length > 0 {
		at = r.pos(int(n.Raw.Offset))
	}
	out := &param.Node{Text: string(n.Data), Pos: at}
	switch n.Kind {
	case unstable.String:
		out.Quoted = true
	case unstable.Integer, unstable.Float:
		if plain := strings.ReplaceAll(out.Text, "_", ""); plain != out.Text {
			out.Number = plain
		}
	case unstable.Array:
		out.Kind = param.ListNode
		for it := n.Children(); it.Next(); {
			x, err := r.value(it.Node(), at, depth+1)
			if err != nil {
				return nil, err
			}
			out.Items = append(out.Items, x)
		}
	case unstable.InlineTable:
		out.Kind = param.MapNode
		for it := n.Children(); it.Next(); {
			if err := r.keyValue(out, it.Node(), depth); err != nil {
				return nil, err
			}
		}
	}
	return out, nil
}
