package ptyd

import (
	"encoding/json"
	"math"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"ptyprep/internal/formats/h5"
)

// roundTrip stores a node and reads it back.
func roundTrip(t *testing.T, n Node) Node {
	t.Helper()
	path := filepath.Join(t.TempDir(), "n.h5")
	f, err := h5.Create(path)
	if err == nil {
		err = writeNode(f, "/n", n)
	}
	if err == nil {
		err = f.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	if f, err = h5.Open(path, h5.OpenOptions{}); err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	back, err := readNode(f, "/n")
	if err != nil {
		t.Fatal(err)
	}
	return back
}

// Values come back as what they were, in the forms that ptypy stores Python's values in (ptyd 4).
func TestNodeRoundTrip(t *testing.T) {
	for name, v := range map[string]any{
		"none": nil, "bool": true, "int": -7, "uint64": uint64(math.MaxUint64), "float": 1e-300, "complex": complex(1, -2), "text": "ångström µ",
		"empty text": "", "ints": []int{1, 2}, "floats": []float64{0.5}, "bools": []bool{true, false}, "uints": []uint64{1 << 63}, "complexes": []complex128{1i},
		"pair": [2]float64{1, 2}, "pairs": [][2]float64{{1, 2}, {3, 4}}, "texts": []string{"a", ""}, "empty": []float64{}, "empty list": []any{},
		"list of numbers": []any{int64(1), int64(2)}, "table": []any{[]any{1.0, 2.0}, []any{3.0, 4.0}}, "mixed": []any{int64(1), 2.0, nil, "x", []any{true}},
		"ragged": []any{[]any{1.0}, []any{1.0, 2.0}},
		"tree":   map[string]any{"a": map[string]any{"b/c": 1.5, "_SLASH_": "kept", "d": nil}, "e": []any{}},
	} {
		n := NodeOf(v)
		if got := roundTrip(t, n); !reflect.DeepEqual(got, n) {
			t.Errorf("%s: %#v, want %#v", name, got, n)
		}
	}
	tuple := Node{Kind: Tuple, Items: []Entry{{Node: NodeOf(1)}, {Node: NodeOf(2.0)}}}
	if got := roundTrip(t, tuple); !reflect.DeepEqual(got, tuple) {
		t.Errorf("tuple: %#v", got)
	}
}

// More than ten items keep their order: HDF5 lists names by text, so that they are numbered with zeros.
func TestNodeListOrder(t *testing.T) {
	var v []any
	for i := range 12 {
		v = append(v, i, "x") // mixed, so that it is a group
	}
	got := roundTrip(t, NodeOf(v))
	for i := range 12 {
		if x := got.Items[2*i].Node.Value; x != int64(i) {
			t.Fatalf("item %d is %v", i, x)
		}
	}
}

func TestNodeKinds(t *testing.T) {
	for want, v := range map[Kind]any{None: nil, Scalar: 1, String: "1", Array: []int{1}, ArrayList: []any{1, 2}, List: []any{1, 2.0}, Param: map[string]any{}} {
		if got := NodeOf(v).Kind; got != want {
			t.Errorf("%#v is %v, want %v", v, got, want)
		}
	}
	defer func() {
		if recover() == nil {
			t.Error("a value that cannot be stored was taken")
		}
	}()
	NodeOf(struct{}{})
}

// Keys that HDF5 cannot hold are refused, naming the key; a NUL in a text becomes its picture.
func TestNodeOddities(t *testing.T) {
	f, err := h5.Create(filepath.Join(t.TempDir(), "n.h5"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for i, key := range []string{"", ".", "a\x00b"} {
		err := writeNode(f, "/"+strings.Repeat("x", i+1), NodeOf(map[string]any{key: 1}))
		if err == nil || !strings.Contains(err.Error(), "cannot be stored") {
			t.Errorf("key %q: %v", key, err)
		}
	}
	if got := roundTrip(t, NodeOf("a\x00b")); got.Value != "a\u2400b" {
		t.Errorf("NUL: %q", got.Value)
	}
}

// Values of Plain can be marshalled, NaN included.
func TestNodePlain(t *testing.T) {
	n := NodeOf(map[string]any{"nan": math.NaN(), "inf": []float64{math.Inf(1), 1}, "c": complex(1, 2), "t": []any{[]any{1.0}, []any{2.0}}, "b": []bool{true}, "n": nil, "l": []any{"x", 1}})
	b, err := json.Marshal(n.Plain())
	if err != nil {
		t.Fatal(err)
	}
	if want := `{"b":[true],"c":[1,2],"inf":[null,1],"l":["x",1],"n":null,"nan":null,"t":[[1],[2]]}`; string(b) != want {
		t.Errorf("%s, want %s", b, want)
	}
}
