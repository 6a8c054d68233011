package cli

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"ptyprep/internal/recipes/all"
)

// root is the project's folder as seen from this package.
const root = "../../../.."

// The pages in docs/recipes are what `make docs` makes now.
func TestRecipePagesAreCurrent(t *testing.T) {
	pages, err := docPages(all.Registry())
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(root, "docs", "recipes")
	for name, want := range pages {
		got, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil || !bytes.Equal(got, want) {
			t.Errorf("docs/recipes/%s is not current (%v): run make docs", name, err)
		}
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if pages[e.Name()] == nil {
			t.Errorf("docs/recipes/%s belongs to no recipe: run make docs", e.Name())
		}
	}
}

// Every recipe has a commented example in configs, named after it in lower case, that runs as it
// is; and there is no other example.
func TestExamples(t *testing.T) {
	known := map[string]bool{}
	for _, s := range all.Registry().List() {
		name := strings.ToLower(s.Name) + ".yaml"
		known[name] = true
		t.Run(s.Name, func(t *testing.T) {
			path := filepath.Join(root, "configs", name)
			text, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if bytes.Count(text, []byte("#")) < 5 {
				t.Error("the example is not commented")
			}
			out := filepath.Join(t.TempDir(), "out.ptyd")
			var stdout, stderr bytes.Buffer
			if status := Main([]string{"convert", path, "--output", out, "--progress", "none"}, &stdout, &stderr); status != 0 {
				t.Fatalf("exit status %d: %s", status, stderr.String())
			}
			if !strings.Contains(stdout.String(), " frames of ") {
				t.Errorf("the result line is %q", stdout.String())
			}
			if strings.Contains(stderr.String(), "warning") {
				t.Errorf("the example warns: %s", stderr.String())
			}
		})
	}
	entries, err := os.ReadDir(filepath.Join(root, "configs"))
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if !e.IsDir() && !known[e.Name()] {
			t.Errorf("configs/%s belongs to no recipe", e.Name())
		}
	}
}
