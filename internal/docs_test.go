package internal

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// block is Go code in a page that stands behind the name of the file it is taken from.
var block = regexp.MustCompile("(?s)<!-- (\\S+\\.go) -->\n```go\n(.*?)```")

// Code that the pages show is code that there is, word for word.
func TestCodeInPages(t *testing.T) {
	pages, err := filepath.Glob("../docs/*.md")
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, page := range pages {
		text, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range block.FindAllStringSubmatch(string(text), -1) {
			n++
			source, err := os.ReadFile(filepath.Join("..", m[1]))
			if err != nil {
				t.Fatalf("%s: %v", page, err)
			}
			if !strings.Contains(string(source), m[2]) {
				t.Errorf("%s shows code that is not in %s (any more):\n%s", page, m[1], m[2])
			}
		}
	}
	if n < 4 {
		t.Errorf("%d blocks of code were found; docs/adding-a-recipe.md has more", n)
	}
}
