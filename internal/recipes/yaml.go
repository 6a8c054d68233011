package recipes

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"ptyprep/internal/scan/param"
	"ptyprep/internal/scan/problem"
)

// parseYAML reads one YAML document. Scalars keep their own text: the parser's idea of their type
// is used for null alone. Keys given twice are kept, the decoder reports them.
func parseYAML(file string, text []byte) (*param.Node, error) {
	dec := yaml.NewDecoder(bytes.NewReader(text))
	doc, err := yamlDocument(dec)
	if errors.Is(err, io.EOF) {
		return nil, nil
	}
	if err != nil {
		return nil, yamlProblem(file, text, err)
	}
	second, err := yamlDocument(dec)
	switch {
	case err == nil:
		at := param.Position{File: file, Line: second.Line}
		return nil, problem.Usagef("%s: a second YAML document begins here; a recipe file holds one document", at).
			WithHint("put each recipe into a file of its own; take out the line '---'")
	case !errors.Is(err, io.EOF):
		return nil, yamlProblem(file, text, err)
	}
	if doc.Kind != yaml.DocumentNode || len(doc.Content) != 1 {
		return nil, nil
	}
	y := yamlReader{file: file, busy: map[*yaml.Node]bool{}}
	return y.node(doc.Content[0], 0)
}

// yamlDocument reads the next document. The package panics on some broken texts beyond those that
// it turns into errors itself.
func yamlDocument(dec *yaml.Decoder) (n *yaml.Node, err error) {
	defer func() {
		if r := recover(); r != nil {
			n, err = nil, fmt.Errorf("yaml: %v", r)
		}
	}()
	n = &yaml.Node{}
	if err := dec.Decode(n); err != nil {
		return nil, err
	}
	return n, nil
}

var yamlLine = regexp.MustCompile(`^(?:yaml: )?(?:line (\d+): )?(.*)$`)

// yamlProblem gives the parser's error the words and hints that a user needs.
func yamlProblem(file string, text []byte, err error) *problem.Error {
	m := yamlLine.FindStringSubmatch(strings.ReplaceAll(err.Error(), "\n", " "))
	at := param.Position{File: file}
	msg := m[2]
	at.Line = yamlErrorLine(m[1], msg, text)
	// The parser's line may be one off either way, depending on the error.
	lines := strings.Split(string(text), "\n")
	for i := max(0, at.Line-2); i < min(len(lines), at.Line+1); i++ {
		l := strings.TrimRight(lines[i], "\r")
		indent := l[:len(l)-len(strings.TrimLeft(l, " \t"))]
		if strings.Contains(indent, "\t") {
			at.Line = i + 1
			return syntax(at, "YAML", "the line is indented with a tab").WithHint("indent with blanks; YAML knows no tabs there")
		}
	}
	p := syntax(at, "YAML", "%s", msg)
	for _, h := range yamlHints {
		if strings.Contains(msg, h.part) {
			p.Hint = h.hint
			break
		}
	}
	return p
}

// yamlHints say what is mostly behind an error of the parser, by a part of its words.
var yamlHints = []struct{ part, hint string }{
	{"mapping values are not allowed", "a text that holds ': ' needs quotes, and keys of one group the same indentation"},
	{"cannot start any token", "a text that begins with one of %@` needs quotes, for example '%(base_path)s/raw'"},
	{"did not find expected ',' or", "a bracket [ or { is not closed, or a comma is missing"},
	{"did not find expected node content", "a bracket [ or { is not closed, or there is a comma too many"},
	{"did not find expected key", "keys of one group need the same indentation; or is there a bracket or a quote too many?"},
	{"unknown anchor", "a text that begins with * needs quotes"},
	{"expected alphabetic or numeric", "a text that begins with * or & needs quotes"},
	{"could not find expected ':'", "each line is 'key: value', with a blank behind the colon"},
	{"unexpected end of stream", "a quoted text that begins there has no closing quote"},
	{"unknown escape character", "in double quotes a backslash begins an escape: take single quotes"},
}

// yamlErrorLine is the line of an error of the parser, 0 if it cannot be told. Its scanner counts lines
// from 1, its grammar from 0; both leave out the line of an error at the very beginning.
func yamlErrorLine(told, msg string, text []byte) int {
	line, _ := strconv.Atoi(told)
	if anchor := yamlAnchor.FindStringSubmatch(msg); anchor != nil {
		return lineWith(text, "*"+anchor[1])
	}
	if strings.Contains(msg, "control characters") {
		if i := bytes.IndexFunc(text, forbidden); i >= 0 {
			return lineOf(text, i)
		}
		return 0
	}
	if told == "" || yamlGrammar.MatchString(msg) {
		line++
	}
	return line
}

var (
	yamlAnchor  = regexp.MustCompile(`^unknown anchor '(.*)' referenced`)
	yamlGrammar = regexp.MustCompile(`^did not find expected (<|node content|',' or|key|'-' indicator)|^found (undefined tag handle|duplicate %|incompatible)`)
)

// forbidden are the control characters that YAML does not allow.
func forbidden(r rune) bool {
	return r < ' ' && r != '\t' && r != '\n' && r != '\r' || r == 0x7f
}

// lineWith is the first line that holds s, 0 if none does.
func lineWith(text []byte, s string) int {
	i := bytes.Index(text, []byte(s))
	if i < 0 {
		return 0
	}
	return lineOf(text, i)
}

// yamlReader turns the parser's nodes into ours.
type yamlReader struct {
	file    string
	busy    map[*yaml.Node]bool // aliases being followed
	aliased int                 // nodes made through aliases so far
	inAlias int
	keys    int
}

func (y *yamlReader) pos(n *yaml.Node) param.Position {
	return param.Position{File: y.file, Line: n.Line, Col: n.Column}
}

func (y *yamlReader) node(n *yaml.Node, depth int) (*param.Node, error) {
	if depth > maxDepth {
		return nil, tooDeep(y.pos(n))
	}
	if y.inAlias > 0 {
		if y.aliased++; y.aliased > maxAliased {
			return nil, problem.Usagef("%s: YAML aliases expand to more than %d values", y.pos(n), maxAliased)
		}
	}
	switch n.Kind {
	case yaml.ScalarNode:
		return y.scalar(n)
	case yaml.AliasNode:
		return y.alias(n, depth)
	case yaml.SequenceNode:
		if err := y.tag(n, "!!seq"); err != nil {
			return nil, err
		}
		out := &param.Node{Kind: param.ListNode, Pos: y.pos(n)}
		for _, c := range n.Content {
			x, err := y.node(c, depth+1)
			if err != nil {
				return nil, err
			}
			out.Items = append(out.Items, x)
		}
		return out, nil
	case yaml.MappingNode:
		return y.mapping(n, depth)
	}
	return nil, syntax(y.pos(n), "YAML", "a node of an unknown kind")
}

// tag refuses explicit tags other than the node's own.
func (y *yamlReader) tag(n *yaml.Node, want string) error {
	if n.Style&yaml.TaggedStyle != 0 && n.ShortTag() != want {
		return y.badTag(n)
	}
	return nil
}

func (y *yamlReader) badTag(n *yaml.Node) error {
	return problem.Usagef("%s: the YAML tag %s is not supported", y.pos(n), n.Tag).
		WithHint("leave the tag out; a text that begins with ! needs quotes")
}

func (y *yamlReader) scalar(n *yaml.Node) (*param.Node, error) {
	out := &param.Node{Text: n.Value, Pos: y.pos(n)}
	const quotes = yaml.DoubleQuotedStyle | yaml.SingleQuotedStyle | yaml.LiteralStyle | yaml.FoldedStyle
	out.Quoted = n.Style&quotes != 0
	if n.Style&yaml.TaggedStyle != 0 {
		switch n.ShortTag() {
		case "!!str", "!":
			out.Quoted = true
		case "!!null", "!!bool", "!!int", "!!float":
		default:
			return nil, y.badTag(n)
		}
	}
	out.Null = !out.Quoted && n.ShortTag() == "!!null"
	return out, nil
}

func (y *yamlReader) alias(n *yaml.Node, depth int) (*param.Node, error) {
	if n.Alias == nil || y.busy[n.Alias] {
		return nil, problem.Usagef("%s: the alias *%s lies inside the value that it stands for", y.pos(n), n.Value)
	}
	y.busy[n.Alias] = true
	y.inAlias++
	out, err := y.node(n.Alias, depth+1)
	y.inAlias--
	delete(y.busy, n.Alias)
	if err == nil {
		out.Pos = y.pos(n)
	}
	return out, err
}

func (y *yamlReader) mapping(n *yaml.Node, depth int) (*param.Node, error) {
	if err := y.tag(n, "!!map"); err != nil {
		return nil, err
	}
	out := &param.Node{Kind: param.MapNode, Pos: y.pos(n)}
	var merges []*yaml.Node
	for i := 0; i+1 < len(n.Content); i += 2 {
		k, v := n.Content[i], n.Content[i+1]
		if k.Kind == yaml.AliasNode && k.Alias != nil && k.Alias.Kind == yaml.ScalarNode {
			k = k.Alias
		}
		if k.Kind != yaml.ScalarNode {
			return nil, problem.Usagef("%s: a key must be a single word", y.pos(k))
		}
		if y.keys++; y.keys > maxKeys {
			return nil, tooManyKeys(y.pos(k))
		}
		if k.ShortTag() == "!!merge" {
			merges = append(merges, v)
			continue
		}
		x, err := y.node(v, depth+1)
		if err != nil {
			return nil, err
		}
		out.Fields = append(out.Fields, param.Field{Name: k.Value, Pos: y.pos(k), Node: x})
	}
	if len(merges) == 0 {
		return out, nil
	}
	have := make(map[string]bool, len(out.Fields))
	for _, f := range out.Fields {
		have[f.Name] = true
	}
	for _, m := range merges {
		if err := y.merge(out, m, have, depth); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// merge adds the keys of `<<: *base` that the map does not have yet; of a list of maps the first
// wins.
func (y *yamlReader) merge(into *param.Node, m *yaml.Node, have map[string]bool, depth int) error {
	x, err := y.node(m, depth+1)
	if err != nil {
		return err
	}
	from := []*param.Node{x}
	if x.Kind == param.ListNode {
		from = x.Items
	}
	for _, g := range from {
		if g.Kind != param.MapNode {
			return problem.Usagef("%s: << takes a group or a list of groups", y.pos(m)).
				WithHint("name an anchor: '<<: *base', with '&base' behind the key of a group")
		}
		for _, f := range g.Fields {
			if !have[f.Name] {
				into.Fields = append(into.Fields, f)
				have[f.Name] = true
			}
		}
	}
	return nil
}
