// Package defaultstest compares declared trees with testdata/defaults.yaml, the default parameters
// that recipes must have. What a recipe adds or corrects is listed by name in its own test, so that
// no difference comes in unseen.
package defaultstest

import (
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"ptyprep/internal/scan/param"
)

// Gone is the correction of a parameter that the tree leaves out on purpose.
const Gone = "\x00gone"

// Compare reports every difference between the tree and the entry of that name in
// testdata/defaults.yaml, but for:
//   - additions: dotted paths that the tree has beyond the entry. "recipe.*" stands for everything
//     below recipe. An addition that the entry has, or the tree has not, is reported.
//   - corrections: dotted path -> the default that the tree has instead, as a plain value (nil,
//     bool, int, float64, string, []any), or Gone. One that corrects nothing is reported.
//
// The default of `name` must be the tree's own name, whatever the entry says.
func Compare(t testing.TB, tree *param.Tree, name string, additions []string, corrections map[string]any) {
	t.Helper()
	entry, err := load(name)
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range differences(tree, entry, additions, corrections) {
		t.Errorf("%s: %s", name, d)
	}
}

// load reads one entry, as leaves by dotted path. An empty dictionary is a leaf.
func load(name string) (map[string]any, error) {
	path, err := find()
	if err != nil {
		return nil, err
	}
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var all map[string]map[string]any
	if err := yaml.Unmarshal(b, &all); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	if all[name] == nil {
		return nil, fmt.Errorf("%s has no entry %s", path, name)
	}
	out := map[string]any{}
	flatten(out, "", all[name])
	return out, nil
}

// find walks up to the module's root.
func find() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return filepath.Join(dir, "testdata", "defaults.yaml"), nil
		}
		if filepath.Dir(dir) == dir {
			return "", fmt.Errorf("no go.mod above the working directory")
		}
		dir = filepath.Dir(dir)
	}
}

func flatten(out map[string]any, prefix string, m map[string]any) {
	for k, v := range m {
		if g, ok := v.(map[string]any); ok && len(g) > 0 {
			flatten(out, prefix+k+".", g)
		} else {
			out[prefix+k] = v
		}
	}
}

// differences is what Compare reports, in a fixed order.
func differences(tree *param.Tree, want map[string]any, additions []string, corrections map[string]any) []string {
	var out []string
	report := func(format string, args ...any) { out = append(out, fmt.Sprintf(format, args...)) }
	got := leaves(tree)
	want = corrected(want, corrections, report)
	delete(want, "name")
	if name, ok := got["name"]; ok && name != tree.Name {
		report("name: default %v, expected %s", name, tree.Name)
	}
	delete(got, "name")
	for path, w := range want {
		g, ok := got[path]
		empty, isMap := w.(map[string]any)
		group := tree.Lookup(path)
		switch {
		case isMap && len(empty) == 0 && group != nil && (group.IsGroup() || group.Forms&param.Dict != 0):
		case !ok:
			report("%s is missing", path)
		case !same(g, w):
			report("%s: default %#v, expected %#v", path, g, w)
		}
	}
	for path := range got {
		_, known := want[path]
		switch listed := slices.ContainsFunc(additions, func(a string) bool { return covers(a, path) }); {
		case !known && !listed:
			report("%s is not in defaults.yaml and not listed as an addition", path)
		case known && slices.Contains(additions, path):
			report("%s is listed as an addition and is in defaults.yaml", path)
		}
	}
	for _, a := range additions {
		if !slices.ContainsFunc(tree.All(), func(p *param.Param) bool { return covers(a, p.Path) }) && !hasLeaf(got, a) {
			report("%s is listed as an addition, and the tree has nothing of it", a)
		}
	}
	slices.Sort(out)
	return out
}

func hasLeaf(got map[string]any, addition string) bool {
	for path := range got {
		if covers(addition, path) {
			return true
		}
	}
	return false
}

// corrected lays the corrections over the entry.
func corrected(want, corrections map[string]any, report func(string, ...any)) map[string]any {
	out := map[string]any{}
	for k, v := range want {
		out[k] = v
	}
	for path, c := range corrections {
		w, ok := want[path]
		switch {
		case !ok:
			report("%s is corrected, and is not in defaults.yaml", path)
		case c == Gone:
			delete(out, path)
		case same(w, c):
			report("%s: the correction %#v is what defaults.yaml says", path, c)
		default:
			out[path] = c
		}
	}
	return out
}

func covers(addition, path string) bool {
	if group, ok := strings.CutSuffix(addition, ".*"); ok {
		return strings.HasPrefix(path, group+".")
	}
	return addition == path
}

// leaves are the defaults of a tree by dotted path; those of a named set with the names of its
// default entries. A parameter without a default counts as null.
func leaves(tree *param.Tree) map[string]any {
	out := map[string]any{}
	add(out, "", tree)
	return out
}

func add(out map[string]any, prefix string, tree *param.Tree) {
	for _, p := range tree.Params() {
		if !p.IsSet() {
			out[prefix+p.Path] = p.DefaultValue().Plain()
			continue
		}
		names, _ := p.Default.([]string)
		for _, n := range names {
			add(out, prefix+p.Path+"."+n+".", p.Entry)
		}
		if len(names) == 0 {
			out[prefix+p.Path] = map[string]any{}
		}
	}
}

// same compares plain values. Numbers compare by value: 1 and 1.0 are the same default.
func same(a, b any) bool {
	if x, ok := number(a); ok {
		y, ok := number(b)
		return ok && x == y
	}
	x, ok := a.([]any)
	y, ok2 := b.([]any)
	if ok && ok2 {
		return slices.EqualFunc(x, y, same)
	}
	return reflect.DeepEqual(a, b)
}

func number(x any) (float64, bool) {
	switch x := x.(type) {
	case int:
		return float64(x), true
	case int64:
		return float64(x), true
	case float64:
		return x, true
	}
	return 0, false
}
