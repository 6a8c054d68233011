package param

import "fmt"

// Position is a place in a recipe file, or says that a value comes from --set.
type Position struct {
	File      string // as the user named it
	Line, Col int    // from 1; 0: not known
	Set       bool   // from --set on the command line
}

// String is "recipe.yaml:8:7", "recipe.yaml:8", "recipe.yaml" or "--set".
func (p Position) String() string {
	switch {
	case p.Set:
		return "--set"
	case p.Line == 0:
		return p.File
	case p.Col == 0:
		return fmt.Sprintf("%s:%d", p.File, p.Line)
	}
	return fmt.Sprintf("%s:%d:%d", p.File, p.Line, p.Col)
}

// at puts the position before a key: "recipe.yaml:8:7: positions.skip" or "--set positions.skip".
func (p Position) at(path string) string {
	switch s := p.String(); {
	case s == "":
		return path
	case path == "":
		return s
	case p.Set:
		return s + " " + path
	default:
		return s + ": " + path
	}
}

// NodeKind is what a node of a recipe file is.
type NodeKind uint8

// The kinds of nodes.
const (
	ScalarNode NodeKind = iota
	ListNode
	MapNode
)

// Node is a piece of a recipe file before any type is decided.
type Node struct {
	Kind   NodeKind
	Text   string // of a scalar, without quotes
	Number string // of a scalar: how the number reads, where it is not Text (1_000 in TOML)
	Quoted bool   // a scalar in quotes, or otherwise marked as a text
	Null   bool   // YAML's own null, or nothing at all
	Items  []*Node
	Fields []Field
	Pos    Position
}

// Field is one key of a map with its value.
type Field struct {
	Name string
	Pos  Position // of the key
	Node *Node
}

// Field finds a key of a map, or nil.
func (n *Node) Field(name string) *Field {
	if n == nil || n.Kind != MapNode {
		return nil
	}
	for i := range n.Fields {
		if n.Fields[i].Name == name {
			return &n.Fields[i]
		}
	}
	return nil
}

func (n *Node) number() string {
	if n.Number != "" {
		return n.Number
	}
	return n.Text
}
