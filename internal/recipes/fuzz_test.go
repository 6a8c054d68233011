package recipes

import (
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/pelletier/go-toml/v2"

	"ptyprep/internal/scan/param"
	"ptyprep/internal/scan/problem"
)

// told fails when an error is not one that a user can read and act on.
func told(t *testing.T, err error) {
	t.Helper()
	for _, p := range problem.Of(err) {
		if p.Class != problem.Usage || p.Error() == "" || strings.Contains(p.Error(), "runtime error") {
			t.Fatalf("class %d: %q", p.Class, p.Error())
		}
	}
}

// placed fails when a node lies outside the text, or numbers come out that no declaration allows.
func placed(t *testing.T, n *param.Node, lines int) {
	t.Helper()
	if n.Pos.Line < 0 || n.Pos.Line > lines+1 {
		t.Fatalf("node at line %d of %d", n.Pos.Line, lines)
	}
	for _, x := range n.Items {
		placed(t, x, lines)
	}
	for _, f := range n.Fields {
		placed(t, f.Node, lines)
	}
}

// givenTwice says whether a table anywhere below n has two keys of one name.
func givenTwice(n *param.Node) bool {
	seen := map[string]bool{}
	for _, f := range n.Fields {
		if seen[f.Name] || givenTwice(f.Node) {
			return true
		}
		seen[f.Name] = true
	}
	return slices.ContainsFunc(n.Items, givenTwice)
}

func checkRecipe(t *testing.T, rec *Recipe, err error) {
	t.Helper()
	if err != nil {
		told(t, err)
		return
	}
	for _, k := range []param.Key{Energy, Distance, Version} {
		if x := rec.Values.Float(k); math.IsNaN(x) || math.IsInf(x, 0) {
			t.Fatalf("%s = %g", k, x)
		}
	}
	if n := rec.Values.Int(FramesPerBlock); n < 1 {
		t.Fatalf("frames_per_block = %d", n)
	}
	rec.Values.Plain()
	rec.Values.PlainGiven()
}

func FuzzYAML(f *testing.F) {
	for _, s := range []string{
		good, "", "name: PtyScan\n---\na: 1\n", "\tname: x", "name: &a [*a]\n", "a: &a {b: 1}\nc: {<<: *a, <<: [*a, 3]}\nname: PtyScan",
		"name: PtyScan\ncenter: [1, .inf]\nshape: 0x10\nlabel: |\n  x\n  y\n", "? [a]\n: b\n", "name: !!str PtyScan\nenergy: !!float 7\n", "%YAML 1.1\n---\nname: PtyScan\n...\n",
		"name: PtyScan\npositions_theory: [[1, 2], [3, 4e400]]\n", "{name: PtyScan, orientation: [0, 1, true]}", "\xff\xfen\x00", "name: PtyScan\nlabel: \"\\ud800\"\n", "\xef\xbb\xbf",
	} {
		f.Add([]byte(s))
	}
	r, _ := testRegistry()
	f.Fuzz(func(t *testing.T, b []byte) {
		text, err := decodeText("r.yaml", b)
		if err != nil {
			told(t, err)
			return
		}
		root, err := parseYAML("r.yaml", text)
		if err != nil {
			told(t, err)
		} else if root != nil {
			// YAML knows more line breaks than editors do.
			breaks := strings.NewReplacer("\r", "\n", "\u0085", "\n", "\u2028", "\n", "\u2029", "\n").Replace(string(text))
			placed(t, root, strings.Count(breaks, "\n")+1)
		}
		rec, err := r.Parse("r.yaml", ".yaml", b, nil)
		checkRecipe(t, rec, err)
	})
}

func FuzzTOML(f *testing.F) {
	for _, s := range []string{
		"", "name = \"PtyScan\"\nshape = [1, 2]\n", "a.b = 1\na.c = 2\n[a]\nd = 3\n", "[[a]]\nb = 1\n[[a]]\n[a.c]\n", "a = {b = {c = 1}, d = []}\n", "x = 1_000\ny = 0xff\nz = -inf\n",
		"d = 2016-03-04T01:02:03Z\n", "s = '''\na\n'''\nt = \"\"\"\\u00e9\"\"\"\n", "a = 1\na.b = 2\n", "[a]\n[a]\n", "name = \"Hdf5Loader\"\n[positions]\nskip = 2 # c\n", "\"a b\".'c' = 1\r\n",
	} {
		f.Add([]byte(s))
	}
	r, _ := testRegistry()
	f.Fuzz(func(t *testing.T, b []byte) {
		text, err := decodeText("r.toml", b)
		if err != nil {
			told(t, err)
			return
		}
		root, err := parseTOML("r.toml", text)
		var all map[string]any
		// A key given twice is told later, as of YAML, and first: nothing else need be found in such a text.
		if full := toml.Unmarshal(text, &all); err == nil && full != nil && !givenTwice(root) {
			t.Fatalf("accepted what the full decoder refuses: %v", full)
		}
		if err != nil {
			told(t, err)
		} else {
			placed(t, root, strings.Count(string(text), "\n")+1)
			if root.Kind != param.MapNode || len(root.Fields) < len(all) {
				t.Fatalf("%d keys, the full decoder finds %d", len(root.Fields), len(all))
			}
		}
		rec, err := r.Parse("r.toml", ".toml", b, nil)
		checkRecipe(t, rec, err)
	})
}

func FuzzSet(f *testing.F) {
	for _, s := range []string{
		"positions.skip=2", "center=[63.5, 64]", "label=a: b #c", "=", "a", "a.b.c={d: [1, {e: 2}]}", "x='y", "x=\"\\x\"", "mask=none", "shape=", "name=PtyScan", "x=[1]\n---\n[2]", "sets.gaussians.g.std_x=0x1", "intensities.file=$HOME",
	} {
		f.Add(s)
	}
	r, _ := testRegistry()
	f.Fuzz(func(t *testing.T, arg string) {
		n, _, err := parseSet(arg)
		if err != nil {
			told(t, err)
		} else {
			placed(t, n, 0)
			if key, _, _ := strings.Cut(arg, "="); len(n.Fields) != 1 || !strings.HasPrefix(strings.TrimSpace(key), n.Fields[0].Name) {
				t.Fatalf("%q: %d keys", arg, len(n.Fields))
			}
		}
		rec, err := r.Parse("r.yaml", ".yaml", []byte(good), []string{arg})
		checkRecipe(t, rec, err)
		// Twice the same is the same as once.
		again, err2 := r.Parse("r.yaml", ".yaml", []byte(good), []string{arg, arg})
		if (err == nil) != (err2 == nil) || err == nil && len(again.Values.Defaults()) != len(rec.Values.Defaults()) {
			t.Fatalf("%q twice: %v, once: %v", arg, err2, err)
		}
	})
}
