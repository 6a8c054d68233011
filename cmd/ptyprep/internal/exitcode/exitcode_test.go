package exitcode

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"ptyprep/internal/scan/problem"
)

var update = flag.Bool("update", false, "write the table into docs/exit-codes.md")

// docs/exit-codes.md holds the table between two marks.
func TestDocs(t *testing.T) {
	path := filepath.Join("..", "..", "..", "..", "docs", "exit-codes.md")
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	const begin, end = "<!-- table: generated -->\n", "<!-- end of table -->"
	head, rest, ok := strings.Cut(string(b), begin)
	table, tail, ok2 := strings.Cut(rest, end)
	if !ok || !ok2 {
		t.Fatalf("%s lacks %q or %q", path, begin, end)
	}
	if table == Markdown() {
		return
	}
	if !*update {
		t.Fatalf("%s is not up to date; run go test ./cmd/ptyprep/internal/exitcode -update", path)
	}
	if err := os.WriteFile(path, []byte(head+begin+Markdown()+end+tail), 0o644); err != nil {
		t.Fatal(err)
	}
}

// The numbers are fixed: scripts out there test for them.
func TestNumbers(t *testing.T) {
	want := []int{0, 1, 3, 4, 5, 130, 143}
	for i, c := range Table() {
		if i >= len(want) || c.Number != want[i] || c.Meaning == "" || c.Advice == "" {
			t.Errorf("entry %d: %+v", i, c)
		}
	}
	if int(problem.ClassOf(problem.Inputf("x"))) != Input || int(problem.ClassOf(problem.Usagef("x"))) != Usage {
		t.Error("the classes of problems have other numbers")
	}
}
