package param

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// Nearest finds the candidate that a misspelt word most likely means: the fewest insertions,
// deletions, replacements and swaps of neighbours, letter case not counting. At most one slip for
// each three letters is forgiven; the first candidate wins a draw.
func Nearest(word string, candidates []string) (string, bool) {
	best, least := "", 1+max(1, len(word)/3)
	for _, c := range candidates {
		if len(c)-len(word) >= least || len(word)-len(c) >= least {
			continue
		}
		if n := slips(strings.ToLower(word), strings.ToLower(c)); n < least {
			best, least = c, n
		}
	}
	return best, best != ""
}

// slips is the Damerau-Levenshtein distance (optimal string alignment) in bytes.
func slips(a, b string) int {
	before, last, cur := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range last {
		last[j] = j
	}
	for i := 1; i <= len(a); i++ {
		cur[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			cur[j] = min(last[j]+1, cur[j-1]+1, last[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				cur[j] = min(cur[j], before[j-2]+1)
			}
		}
		before, last, cur = last, cur, before
	}
	return last[len(b)]
}

// FileHint says what there is in place of a file that is not there: the nearest name of its folder,
// else what the folder holds (of the same kind, if it holds such). A folder that is missing too is told by
// FolderHint. "" when nothing can be said.
func FileHint(name string) string {
	dir := filepath.Dir(name)
	entries, err := os.ReadDir(dir)
	if err != nil {
		return FolderHint(dir)
	}
	var all, kin []string
	for _, e := range entries {
		if e.IsDir() || strings.HasPrefix(e.Name(), ".") {
			continue
		}
		all = append(all, e.Name())
		if strings.EqualFold(filepath.Ext(e.Name()), filepath.Ext(name)) {
			kin = append(kin, e.Name())
		}
	}
	if near, ok := Nearest(filepath.Base(name), kin); ok {
		return "there: " + near
	}
	if near, ok := Nearest(filepath.Base(name), all); ok {
		return "there: " + near
	}
	switch {
	case len(kin) > 0:
		return "there: " + some(kin, 5)
	case len(all) > 0:
		return fmt.Sprintf("%s holds other files: %s", dir, some(all, 5))
	}
	return fmt.Sprintf("%s holds no file", dir)
}

// FolderHint says which folder on the way to dir is missing, and what lies in its place. "" when none is.
func FolderHint(dir string) string {
	for up := filepath.Clean(dir); up != filepath.Dir(up); {
		missing := filepath.Base(up)
		up = filepath.Dir(up)
		entries, err := os.ReadDir(up)
		if err != nil {
			continue
		}
		var names []string
		for _, e := range entries {
			if e.Name() == missing {
				if e.Type().IsRegular() {
					return fmt.Sprintf("%s is a file, not a folder", filepath.Join(up, missing))
				}
				return ""
			}
			if e.IsDir() && !strings.HasPrefix(e.Name(), ".") {
				names = append(names, e.Name())
			}
		}
		if near, ok := Nearest(missing, names); ok {
			return fmt.Sprintf("%s holds no folder %s; did you mean %s?", up, missing, near)
		}
		if len(names) == 0 {
			return fmt.Sprintf("%s holds no folder %s, nor any other", up, missing)
		}
		return fmt.Sprintf("%s holds no folder %s; its folders: %s", up, missing, some(names, 6))
	}
	return ""
}

// some joins the first names of a list.
func some(names []string, most int) string {
	if len(names) > most {
		names = append(names[:most:most], "...")
	}
	return strings.Join(names, ", ")
}
