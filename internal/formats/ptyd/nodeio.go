package ptyd

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"ptyprep/internal/formats/h5"
	"ptyprep/internal/imgproc/pix"
)

const (
	typeAttr    = "type"
	escapedAttr = "escaped"
	slash       = "_SLASH_" // stands for / in a key
	// arrayLevel is the gzip level of arrays other than frames, ptypy's.
	arrayLevel = 4
)

// writeNode stores n at path, which must not exist.
func writeNode(f *h5.File, path string, n Node) error {
	if err := writeValue(f, path, n); err != nil {
		return err
	}
	return f.SetAttr(path, typeAttr, n.Kind.String())
}

func writeValue(f *h5.File, path string, n Node) error {
	switch n.Kind {
	case None:
		return h5.WriteArray(f, path, []int{1}, []float64{0}, 0)
	case Scalar:
		return writeScalar(f, path, n.Value)
	case String:
		s, _ := n.Value.(string)
		// HDF5's strings end at a NUL; U+2400 is its picture.
		return f.WriteString(path, strings.ReplaceAll(s, "\x00", "\u2400"))
	case Array, ArrayList, ArrayTuple:
		return writeArray(f, path, n)
	case List, Tuple, Dict, Param:
		if err := f.CreateGroup(path); err != nil {
			return err
		}
		return writeItems(f, path, n)
	}
	return fmt.Errorf("ptyd: %s: a value read from a file cannot be written: %v", path, n.Value)
}

// writeItems stores the children of n under the group at path.
func writeItems(f *h5.File, path string, n Node) error {
	for i, e := range n.Items {
		name, escaped := e.Name, false
		if n.Kind == List || n.Kind == Tuple {
			name = fmt.Sprintf("%05d", i)
		} else if strings.Contains(name, "/") {
			name, escaped = strings.ReplaceAll(name, "/", slash), true
		}
		if name == "" || name == "." || strings.Contains(name, "\x00") {
			return fmt.Errorf("ptyd: %s: the key %q cannot be stored in HDF5", path, e.Name)
		}
		p := path + "/" + name
		if err := writeNode(f, p, e.Node); err != nil {
			return err
		}
		if escaped {
			if err := f.SetAttr(p, escapedAttr, "1"); err != nil {
				return err
			}
		}
	}
	return nil
}

func writeScalar(f *h5.File, path string, v any) error {
	switch x := v.(type) {
	case bool:
		return f.WriteScalar(path, pix.Bool, x)
	case int64:
		return f.WriteScalar(path, pix.Int64, x)
	case uint64:
		return f.WriteScalar(path, pix.Uint64, x)
	case float64:
		return f.WriteScalar(path, pix.Float64, x)
	case complex128:
		return f.WriteComplex(path, nil, []complex128{x})
	}
	return fmt.Errorf("ptyd: %s: %T is no scalar", path, v)
}

func writeArray(f *h5.File, path string, n Node) error {
	switch x := n.Value.(type) {
	case []bool:
		return f.WriteBools(path, n.Shape, x)
	case []int64:
		return h5.WriteArray(f, path, n.Shape, x, arrayLevel)
	case []uint64:
		return h5.WriteArray(f, path, n.Shape, x, arrayLevel)
	case []float64:
		return h5.WriteArray(f, path, n.Shape, x, arrayLevel)
	case []complex128:
		return f.WriteComplex(path, n.Shape, x)
	}
	return fmt.Errorf("ptyd: %s: %T is no array", path, n.Value)
}

// maxNodes and maxDepth bound what readNode takes in; maxNodeElements bounds one array.
const (
	maxNodes        = 100000
	maxDepth        = 64
	maxNodeElements = 1 << 24
)

// nodeReader reads trees. What it does not understand becomes a Foreign node that says what
// is there: info is documentation, and no reason to refuse a file.
type nodeReader struct {
	f     *h5.File
	count int
}

// readNode reads the tree at path.
func readNode(f *h5.File, path string) (Node, error) {
	r := nodeReader{f: f}
	return r.read(path, 0)
}

func foreign(format string, args ...any) Node {
	return Node{Kind: Foreign, Value: fmt.Sprintf(format, args...)}
}

func (r *nodeReader) read(path string, depth int) (Node, error) {
	if r.count++; r.count > maxNodes {
		return foreign("more than %d entries", maxNodes), nil
	}
	if depth > maxDepth {
		return foreign("groups in groups, %d deep", maxDepth), nil
	}
	kind, err := r.f.Kind(path)
	if err != nil {
		if errors.Is(err, h5.ErrNotFound) && depth > 0 {
			return foreign("a link that leads nowhere"), nil
		}
		return Node{}, err
	}
	word, err := typeOf(r.f, path)
	if err != nil {
		return Node{}, err
	}
	switch kind {
	case h5.Group:
		return r.group(path, word, depth)
	case h5.DatasetKind:
		return r.dataset(path, word)
	}
	return foreign("%v", kind), nil
}

// typeOf reads the type attribute: text or bytes, a scalar or an array of one; "" without.
func typeOf(f *h5.File, path string) (string, error) {
	v, ok, err := f.Attr(path, typeAttr)
	if err != nil && h5.KindOf(err) != h5.WrongType {
		return "", err
	}
	if !ok || err != nil {
		return "", nil
	}
	return attrText(v), nil
}

func attrText(v any) string {
	switch x := v.(type) {
	case string:
		return x
	case []string:
		if len(x) == 1 {
			return x[0]
		}
	}
	return ""
}

func (r *nodeReader) group(path, word string, depth int) (Node, error) {
	n := Node{Kind: Dict}
	switch word {
	case "param":
		n.Kind = Param
	case "list":
		n.Kind = List
	case "tuple":
		n.Kind = Tuple
	}
	entries, err := r.f.List(path)
	if err != nil {
		return Node{}, err
	}
	for _, e := range entries {
		p := strings.TrimSuffix(path, "/") + "/" + e.Name
		child, err := r.read(p, depth+1)
		if err != nil {
			return Node{}, err
		}
		name := e.Name
		if strings.Contains(name, slash) {
			if v, ok, err := r.f.Attr(p, escapedAttr); err == nil && ok && attrText(v) == "1" {
				name = strings.ReplaceAll(name, slash, "/")
			}
		}
		if n.Kind == List || n.Kind == Tuple {
			name = ""
		}
		n.Items = append(n.Items, Entry{name, child})
	}
	return n, nil
}

func (r *nodeReader) dataset(path, word string) (Node, error) {
	d, err := r.f.Dataset(path)
	if err != nil {
		return Node{}, err
	}
	defer d.Close()
	in := d.Info()
	switch {
	case word == "None":
		return Node{}, nil
	case word == "record_array" || word == "pickle":
		return foreign("a Python %s (not read)", strings.ReplaceAll(word, "_", " ")), nil
	case in.Null:
		return foreign("%s without elements", in.Type.Desc), nil
	case in.Len() > maxNodeElements:
		return foreign("%d numbers of type %s", in.Len(), in.Type.Desc), nil
	}
	v, err := readValues(d, in)
	if err != nil || v == nil {
		return foreign("%s", in.Type.Desc), nil
	}
	if in.Shape == nil {
		return scalarNode(v), nil
	}
	n := Node{Kind: Array, Value: v, Shape: slices.Clone(in.Shape)}
	switch word {
	case "arraylist":
		n.Kind = ArrayList
	case "arraytuple":
		n.Kind = ArrayTuple
	}
	return n, nil
}

// readValues reads a dataset as []bool, []int64, []uint64, []float64, []complex128 or
// []string; nil for other classes.
func readValues(d *h5.Dataset, in *h5.Info) (any, error) {
	switch {
	case in.Type.Class == h5.String:
		return d.Strings()
	case in.Type.Class == h5.Complex:
		return h5.ReadComplex(d)
	case in.Type.Class == h5.Bool:
		v, err := h5.ReadAll[uint8](d)
		out := make([]bool, len(v))
		for i := range v {
			out[i] = v[i] != 0
		}
		return out, err
	case in.Type.Pix == pix.Invalid || in.Type.Class == h5.Bitfield:
		return nil, nil
	case in.Type.Pix.IsFloat():
		return h5.ReadAll[float64](d)
	case in.Type.Pix == pix.Uint64:
		return h5.ReadAll[uint64](d)
	}
	return h5.ReadAll[int64](d)
}

// scalarNode makes a node of the one element of v.
func scalarNode(v any) Node {
	switch x := v.(type) {
	case []string:
		return Node{Kind: String, Value: x[0]}
	case []bool:
		return Node{Kind: Scalar, Value: x[0]}
	case []int64:
		return Node{Kind: Scalar, Value: x[0]}
	case []uint64:
		return Node{Kind: Scalar, Value: x[0]}
	case []float64:
		return Node{Kind: Scalar, Value: x[0]}
	case []complex128:
		return Node{Kind: Scalar, Value: x[0]}
	}
	return Node{}
}
