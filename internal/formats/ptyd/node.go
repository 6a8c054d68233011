package ptyd

import (
	"fmt"
	"maps"
	"slices"
)

// Kind is how a Node is stored: the attribute `type` of its group or dataset.
type Kind uint8

// The kinds of nodes.
const (
	None       Kind = iota // Python's None
	Scalar                 // Value is a bool, int64, uint64, float64 or complex128
	String                 // Value is a string
	Array                  // Value is a slice of numbers or bools, row-major, of Shape
	ArrayList              // the same, a list in Python
	ArrayTuple             // the same, a tuple in Python
	List                   // Items without names
	Tuple                  // the same, a tuple in Python
	Dict                   // Items with names
	Param                  // the same, ptypy's own dictionary
	Foreign                // anything else; Value is a string that says what
)

var kindTypes = [...]string{"None", "scalar", "string", "array", "arraylist", "arraytuple", "list", "tuple", "dict", "param", ""}

// String gives the word of the type attribute.
func (k Kind) String() string { return kindTypes[k] }

// IsGroup says that a node of this kind has Items.
func (k Kind) IsGroup() bool { return k >= List && k <= Param }

// Node is a value of the tree under info: Python's values as far as a .ptyd holds them. The
// zero value is None.
type Node struct {
	Kind  Kind
	Value any
	Shape []int   // of arrays; at least one dimension
	Items []Entry // of groups, in order
}

// Entry is a child of a group. Items of lists and tuples have no name.
type Entry struct {
	Name string
	Node Node
}

// Get finds a node by the names on the way to it.
func (n Node) Get(path ...string) (Node, bool) {
	for _, name := range path {
		i := slices.IndexFunc(n.Items, func(e Entry) bool { return e.Name == name })
		if i < 0 {
			return Node{}, false
		}
		n = n.Items[i].Node
	}
	return n, true
}

// Text is the string at path; "" when there is none.
func (n Node) Text(path ...string) string {
	m, _ := n.Get(path...)
	s, _ := m.Value.(string)
	return s
}

// Floats are the numbers of a scalar or array, row-major; nil when there are none.
func (n Node) Floats() []float64 {
	switch v := n.Value.(type) {
	case bool:
		return floatsOf([]bool{v})
	case int64:
		return []float64{float64(v)}
	case uint64:
		return []float64{float64(v)}
	case float64:
		return []float64{v}
	case []bool:
		return floatsOf(v)
	case []int64:
		return convert[float64](v)
	case []uint64:
		return convert[float64](v)
	case []float64:
		return v
	}
	return nil
}

func floatsOf(v []bool) []float64 {
	out := make([]float64, len(v))
	for i, b := range v {
		if b {
			out[i] = 1
		}
	}
	return out
}

func convert[O, T int64 | uint64 | float64](v []T) []O {
	out := make([]O, len(v))
	for i, x := range v {
		out[i] = O(x)
	}
	return out
}

// Plain is the node in plain Go types, as encoding/json takes them: nil, bool, int64, uint64,
// float64, string, []any and map[string]any; complex numbers as pairs.
func (n Node) Plain() any {
	switch n.Kind {
	case None:
		return nil
	case List, Tuple:
		out := make([]any, len(n.Items))
		for i, e := range n.Items {
			out[i] = e.Node.Plain()
		}
		return out
	case Dict, Param:
		out := make(map[string]any, len(n.Items))
		for _, e := range n.Items {
			out[e.Name] = e.Node.Plain()
		}
		return out
	case Array, ArrayList, ArrayTuple:
		return nest(n.elements(), n.Shape)
	}
	return plainScalar(n.Value)
}

func plainScalar(v any) any {
	if c, ok := v.(complex128); ok {
		return []any{Number(real(c)), Number(imag(c))}
	}
	if f, ok := v.(float64); ok {
		return Number(f)
	}
	return v
}

// elements are the elements of an array, one by one.
func (n Node) elements() []any {
	switch v := n.Value.(type) {
	case []bool:
		return anys(v)
	case []int64:
		return anys(v)
	case []uint64:
		return anys(v)
	case []float64:
		return anys(v)
	case []complex128:
		return anys(v)
	case []string:
		return anys(v)
	}
	return nil
}

func anys[T any](v []T) []any {
	out := make([]any, len(v))
	for i, x := range v {
		out[i] = plainScalar(x)
	}
	return out
}

// nest makes lists in lists of a row-major array.
func nest(v []any, shape []int) []any {
	if len(shape) <= 1 || len(v) == 0 {
		return v
	}
	step := len(v) / shape[0]
	out := make([]any, shape[0])
	for i := range out {
		out[i] = nest(v[i*step:(i+1)*step], shape[1:])
	}
	return out
}

// NodeOf makes a node of a plain Go value: nil, bool, int, int64, uint64, float64, complex128,
// string, []any, slices of these, pairs of numbers and slices of them, map[string]any (a
// Param, in the order of its keys) or a Node. Lists follow ptypy's rule: numbers of one type
// make an array, anything else a list. A value of another type is a programming error and
// panics.
func NodeOf(v any) Node {
	switch x := v.(type) {
	case Node:
		return x
	case nil:
		return Node{}
	case int:
		return Node{Kind: Scalar, Value: int64(x)}
	case bool, int64, uint64, float64, complex128:
		return Node{Kind: Scalar, Value: x}
	case string:
		return Node{Kind: String, Value: x}
	case map[string]any:
		n := Node{Kind: Param}
		for _, k := range slices.Sorted(maps.Keys(x)) {
			n.Items = append(n.Items, Entry{k, NodeOf(x[k])})
		}
		return n
	case []any:
		return listOf(x)
	}
	return sliceOf(v)
}

// sliceOf is NodeOf for slices and arrays of one type.
func sliceOf(v any) Node {
	switch x := v.(type) {
	case []bool:
		return arrayOf(x)
	case []int64:
		return arrayOf(x)
	case []int:
		return arrayOf(ints64(x))
	case [2]int:
		return arrayOf(ints64(x[:]))
	case []uint64:
		return arrayOf(x)
	case []float64:
		return arrayOf(x)
	case [2]float64:
		return arrayOf(x[:])
	case []complex128:
		return arrayOf(x)
	case [][2]float64:
		n := arrayOf(flat(x))
		if n.Kind == Array {
			n.Shape = []int{len(x), 2}
		}
		return n
	case []string:
		n := Node{Kind: List}
		for _, s := range x {
			n.Items = append(n.Items, Entry{Node: NodeOf(s)})
		}
		return n
	}
	panic(fmt.Sprintf("ptyd: %T cannot be stored", v))
}

func ints64(v []int) []int64 {
	out := make([]int64, len(v))
	for i, x := range v {
		out[i] = int64(x)
	}
	return out
}

func flat(pairs [][2]float64) []float64 {
	out := make([]float64, 0, 2*len(pairs))
	for _, p := range pairs {
		out = append(out, p[0], p[1])
	}
	return out
}

// arrayOf makes an array of one dimension. An empty one becomes an empty list, since readers
// meet empty lists as groups.
func arrayOf[T any](v []T) Node {
	if len(v) == 0 {
		return Node{Kind: List}
	}
	return Node{Kind: Array, Value: v, Shape: []int{len(v)}}
}

// listOf makes an array of numbers of one type, or of lists that are such arrays of one
// shape; else a list.
func listOf(v []any) Node {
	list := Node{Kind: List}
	for _, x := range v {
		list.Items = append(list.Items, Entry{Node: NodeOf(x)})
	}
	if len(v) == 0 {
		return list
	}
	switch first := list.Items[0].Node; first.Value.(type) {
	case bool:
		return joined[bool](list)
	case int64:
		return joined[int64](list)
	case float64:
		return joined[float64](list)
	case []bool:
		return stacked[bool](list)
	case []int64:
		return stacked[int64](list)
	case []float64:
		return stacked[float64](list)
	}
	return list
}

// joined makes one array of a list of scalars if all have type T.
func joined[T any](list Node) Node {
	out := make([]T, len(list.Items))
	for i, e := range list.Items {
		x, ok := e.Node.Value.(T)
		if !ok {
			return list
		}
		out[i] = x
	}
	return Node{Kind: ArrayList, Value: out, Shape: []int{len(out)}}
}

// stacked makes one array of a list of arrays if all have type T and the same shape.
func stacked[T any](list Node) Node {
	shape := list.Items[0].Node.Shape
	var out []T
	for _, e := range list.Items {
		x, ok := e.Node.Value.([]T)
		if !ok || !slices.Equal(e.Node.Shape, shape) {
			return list
		}
		out = append(out, x...)
	}
	return Node{Kind: ArrayList, Value: out, Shape: append([]int{len(list.Items)}, shape...)}
}
