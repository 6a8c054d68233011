package internal

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"unicode"
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

var (
	link    = regexp.MustCompile(`\]\(([^)\s]+)\)`)
	fence   = regexp.MustCompile("(?ms)^```.*?^```$")
	heading = regexp.MustCompile(`(?m)^#+ (.*)$`)
	markup  = regexp.MustCompile(`\[([^]]*)\]\([^)]*\)`)
	mark    = regexp.MustCompile(`(?m)^(<<<<<<< .*|=======|>>>>>>> .*)$`)
)

// Links between pages lead to files and headings that there are, and no merge left its marks.
func TestPages(t *testing.T) {
	n := 0
	for _, page := range pages(t) {
		text, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range mark.FindAllString(string(text), -1) {
			t.Errorf("%s: the mark of a merge: %s", page, m)
		}
		for _, m := range link.FindAllStringSubmatch(fence.ReplaceAllString(string(text), ""), -1) {
			if strings.Contains(m[1], "://") {
				continue
			}
			n++
			file, anchor, _ := strings.Cut(m[1], "#")
			target := page
			if file != "" {
				target = filepath.Join(filepath.Dir(page), file)
			}
			if _, err := os.Stat(target); err != nil {
				t.Errorf("%s: the link %s leads nowhere", page, m[1])
			} else if anchor != "" && !hasHeading(t, target, anchor) {
				t.Errorf("%s: the link %s: there is no such heading", page, m[1])
			}
		}
	}
	if n < 50 {
		t.Errorf("%d links were looked at; the pages have more", n)
	}
}

// pages are all pages of the project.
func pages(t *testing.T) []string {
	t.Helper()
	var out []string
	for _, pattern := range []string{"../*.md", "../docs/*.md", "../docs/*/*.md", "../testdata/*/*.md"} {
		found, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, found...)
	}
	return out
}

// hasHeading tells whether a page has a heading with that anchor: in small letters, without
// punctuation, blanks as dashes.
func hasHeading(t *testing.T, page, anchor string) bool {
	t.Helper()
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range heading.FindAllStringSubmatch(fence.ReplaceAllString(string(text), ""), -1) {
		name := strings.Map(func(r rune) rune {
			switch {
			case r == ' ':
				return '-'
			case unicode.IsLetter(r), unicode.IsDigit(r), r == '-', r == '_':
				return unicode.ToLower(r)
			}
			return -1
		}, markup.ReplaceAllString(m[1], "$1"))
		if name == anchor {
			return true
		}
	}
	return false
}
