package defaultstest

import (
	"slices"
	"strings"
	"testing"

	"ptyprep/internal/recipes"
	"ptyprep/internal/scan/param"
)

func TestBase(t *testing.T) { Compare(t, recipes.Base, "PtyScan", nil, nil) }

func TestInheritedBase(t *testing.T) {
	tree := recipes.NewTree("PtydScan", "")
	tree.Add(param.Spec{Path: "source", Forms: param.Path | param.Null, Default: "file", Choices: []any{"file"}})
	Compare(t, tree, "PtydScan", nil, nil)
}

func TestNamedSet(t *testing.T) {
	gauss := param.New("gaussian", "")
	for _, k := range []string{"std_x", "std_y"} {
		gauss.Add(param.Spec{Path: k, Forms: param.Float, Default: 1.0})
	}
	tree := param.New("x", "")
	tree.Add(param.Spec{Path: "rl_deconvolution.gaussians", Forms: param.Group, Entry: gauss, Default: []string{"g1"}})
	want := map[string]any{"rl_deconvolution.gaussians.g1.std_x": 1.0, "rl_deconvolution.gaussians.g1.std_y": 2.0}
	got := differences(tree, want, nil, nil)
	if len(got) != 1 || !strings.Contains(got[0], "std_y") {
		t.Errorf("differences %q, want one about std_y", got)
	}
}

// Every kind of difference must be told, or the comparison proves nothing.
func TestDifferences(t *testing.T) {
	tree := param.New("x", "")
	tree.Add(param.Spec{Path: "same", Forms: param.Int, Default: 1})
	tree.Add(param.Spec{Path: "other", Forms: param.Text, Default: "a"})
	tree.Add(param.Spec{Path: "g.added", Forms: param.Int, Default: 1})
	tree.Add(param.Spec{Path: "g.listed", Forms: param.Int, Default: 1})
	tree.Add(param.Spec{Path: "fixed", Forms: param.List, Elem: &param.Spec{Forms: param.Int}, Default: []int{1, 2}})
	want := map[string]any{"same": 1.0, "other": "b", "lost": nil, "gone": 1, "g": map[string]any{}, "fixed": []any{1}}
	got := differences(tree, want, []string{"g.listed", "nothing", "same"}, map[string]any{
		"gone": Gone, "fixed": []any{1, 2}, "unknown": 1, "other": "b",
	})
	wants := []string{
		"g.added is not in defaults.yaml",
		"lost is missing",
		"nothing is listed as an addition",
		"other: default \"a\"",
		"other: the correction",
		"same is listed as an addition and is in",
		"unknown is corrected, and is not in",
	}
	if !slices.EqualFunc(got, wants, strings.HasPrefix) {
		t.Errorf("differences:\n%s\nwant lines beginning with:\n%s", strings.Join(got, "\n"), strings.Join(wants, "\n"))
	}
}
