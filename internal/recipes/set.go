package recipes

import (
	"strings"

	"ptyprep/internal/scan/param"
	"ptyprep/internal/scan/problem"
)

// parseSet reads one --set key=value into a tree of its own. A value that begins with a bracket, a
// brace or a quote is YAML; any other is a scalar exactly as it stands, so that a colon, a hash or a
// per cent sign needs no quoting. An empty value is null. steps is the number of parts of the key.
func parseSet(arg string) (n *param.Node, steps int, err error) {
	key, value, ok := strings.Cut(arg, "=")
	key, value = strings.TrimSpace(key), strings.TrimSpace(value)
	if !ok || key == "" {
		return nil, 0, problem.Usagef("--set %s: must be key=value", arg).
			WithHint("for example --set positions.skip=2 or --set 'center=[63.5, 64]'")
	}
	at := param.Position{Set: true}
	n = &param.Node{Text: value, Pos: at}
	switch {
	case value == "" || value == "~":
		n.Null = true
	case strings.ContainsAny(value[:1], `[{"'`):
		text, err := decodeText("--set "+key, []byte(value))
		if err != nil {
			return nil, 0, err
		}
		if n, err = parseYAML("", text); err != nil {
			return nil, 0, setProblem(key, err)
		}
		if n == nil {
			n = &param.Node{Null: true, Pos: at}
		}
		replace(n, at)
	}
	parts := strings.Split(key, ".")
	steps = len(parts)
	for ; len(parts) > 0; parts = parts[:len(parts)-1] {
		name := strings.TrimSpace(parts[len(parts)-1])
		if name == "" {
			return nil, 0, problem.Usagef("--set %s: %q is not the path of a parameter", arg, key).
				WithHint("keys of groups are joined by single dots: --set positions.skip=2")
		}
		if len(parts) > maxDepth {
			return nil, 0, problem.Usagef("--set %s: the path has more than %d parts", key[:60], maxDepth)
		}
		n = &param.Node{Kind: param.MapNode, Pos: at, Fields: []param.Field{{Name: name, Pos: at, Node: n}}}
	}
	return n, steps, nil
}

// setProblem puts --set before a problem of the value's YAML, whose line and column say nothing.
func setProblem(key string, err error) error {
	l := problem.Of(err)
	out := *l[0]
	if _, rest, ok := strings.Cut(out.Msg, ": "); ok {
		out.Msg = "--set " + key + ": " + rest
	}
	if strings.Contains(out.Msg, "second YAML document") {
		out.Hint = ""
	}
	return &out
}

// replace gives all nodes one position.
func replace(n *param.Node, at param.Position) {
	n.Pos = at
	for _, x := range n.Items {
		replace(x, at)
	}
	for i := range n.Fields {
		n.Fields[i].Pos = at
		replace(n.Fields[i].Node, at)
	}
}

// merge lays one tree over another: keys of groups replace single keys, everything else replaces
// what was there. steps is how many levels of from are the path of --set, not its value: a value may
// put a group in place of a scalar, a path may not. path names the group, for problems.
func merge(into, from *param.Node, steps int, path string) error {
	for _, f := range from.Fields {
		at := f.Name
		if path != "" {
			at = path + "." + f.Name
		}
		have := into.Field(f.Name)
		switch {
		case have == nil:
			into.Fields = append(into.Fields, f)
		case have.Node.Kind == param.MapNode && f.Node.Kind == param.MapNode:
			if err := merge(have.Node, f.Node, steps-1, at); err != nil {
				return err
			}
		case steps > 1 && have.Node.Kind == param.ScalarNode && !have.Node.Null && !isNone(have.Node.Text):
			return problem.Usagef("--set %s: gives keys of a group, but %s is %q at %s", at, at, have.Node.Text, have.Node.Pos).
				WithHint("take %s out of the recipe, or give it whole: --set '%s={...}'", at, at)
		default:
			have.Node, have.Pos = f.Node, f.Pos
		}
	}
	return nil
}

func isNone(s string) bool { return s == "none" || s == "None" || s == "null" }
