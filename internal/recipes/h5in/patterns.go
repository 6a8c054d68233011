package h5in

import (
	"errors"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"sort"
	"strings"

	"ptyprep/internal/formats/h5"
	"ptyprep/internal/scan/nearby"
	"ptyprep/internal/scan/problem"
)

// IsPattern says that a text has wild cards.
func IsPattern(s string) bool { return strings.ContainsAny(s, "*?[") }

// Expand gives the files that a list of names and patterns (*, ?, [...]) stands for: names as they
// are, those that match a pattern in the order of their names. where names the parameter.
func (fs *Files) Expand(files []string, where string) ([]string, error) {
	var out []string
	for _, f := range files {
		if _, err := os.Stat(f); err == nil || !IsPattern(f) {
			out = append(out, f)
			continue
		}
		m, err := filepath.Glob(f)
		if err != nil {
			return nil, problem.Usagef("%s: %q is no valid pattern", where, f).Because(err)
		}
		if len(m) == 0 {
			return nil, noMatch(where, f)
		}
		sort.Strings(m)
		fs.noteOrder(m, where)
		out = append(out, m...)
	}
	return out, nil
}

func noMatch(where, pattern string) *problem.Error {
	p := problem.Inputf("%s: no file matches %s", where, pattern)
	p.Hint = nearby.FileHint(pattern)
	return p
}

// expandKeys gives the datasets of one file that keys name. Wild cards may stand in any part of a
// key; a name that is there as it is written is no pattern.
func (fs *Files) expandKeys(file string, keys []string, whereFile, whereKey string) ([]string, error) {
	var out []string
	for _, key := range keys {
		if !IsPattern(key) {
			out = append(out, key)
			continue
		}
		f, err := fs.Open(file, whereFile)
		if err != nil {
			return nil, err
		}
		if _, err := f.Kind(key); err == nil {
			out = append(out, key)
			continue
		}
		if _, err := path.Match(key, ""); err != nil {
			return nil, problem.Usagef("%s: %q is no valid pattern", whereKey, key).Because(err)
		}
		found, err := matching(f, strings.Split(strings.Trim(key, "/"), "/"))
		if gone := (*h5.NotFoundError)(nil); errors.As(err, &gone) {
			return nil, problem.Inputf("%s: %s has no group %s", whereKey, file, strings.Trim(gone.Path, "/")).WithHint("%s", suggest(f, key, IsFrames))
		}
		if err != nil {
			return nil, readProblem(err, file, key, whereKey)
		}
		if len(found) == 0 {
			return nil, problem.Inputf("%s: nothing in %s matches %s", whereKey, file, key).WithHint("%s", suggest(f, key, IsFrames))
		}
		sort.Strings(found)
		fs.noteOrder(found, whereKey)
		out = append(out, found...)
	}
	return out, nil
}

// matching are the datasets whose path matches a pattern, given by its parts. A broken link counts,
// wherever it is met: opening it tells what is missing.
func matching(f *h5.File, parts []string) (out []string, err error) {
	groups := []string{""}
	for i, part := range parts {
		var next []string
		for _, g := range groups {
			if !IsPattern(part) && i < len(parts)-1 {
				next = append(next, path.Join(g, part))
				continue
			}
			entries, err := f.List("/" + g)
			if err != nil && (len(groups) == 1 || !noGroup(err)) { // not all of several groups need to go on like that
				return nil, err
			}
			for _, e := range entries {
				switch ok, _ := path.Match(part, e.Name); {
				case !ok && e.Name != part:
				case e.Kind == h5.Broken:
					out = append(out, path.Join(g, e.Name))
				case (e.Kind == h5.Group) == (i < len(parts)-1):
					next = append(next, path.Join(g, e.Name))
				}
			}
		}
		groups = next
	}
	return append(out, groups...), nil
}

// noGroup says that an error of List is that of a path which leads to no group.
func noGroup(err error) bool {
	var gone *h5.NotFoundError
	var e *h5.Error
	return errors.As(err, &gone) || errors.As(err, &e) && e.Kind == h5.WrongType
}

// noteOrder warns when names that a pattern gave are not in the order of the numbers in them.
func (fs *Files) noteOrder(names []string, where string) {
	for i := 1; i < len(names); i++ {
		a, b := names[i-1], names[i]
		if !numbersRise(a, b) && !fs.told[where] {
			fs.told[where] = true
			fs.env.Log.Warn(fmt.Sprintf("%s: what matches is joined in the order of the names: %s, then %s; give a list for another order", where, a, b))
			return
		}
	}
}

// numbersRise reports whether b comes behind a when the numbers in their names are compared as such.
func numbersRise(a, b string) bool {
	for {
		i := strings.IndexFunc(a, isDigit)
		if j := strings.IndexFunc(b, isDigit); i < 0 || i != j || a[:i] != b[:j] {
			return true // no numbers at the same place
		}
		m, restA := number(a[i:])
		n, restB := number(b[i:])
		if c := compareNumbers(m, n); c != 0 {
			return c < 0
		}
		a, b = restA, restB
	}
}

func isDigit(r rune) bool { return r >= '0' && r <= '9' }

// number splits the digits that s begins with from the rest, without leading zeros.
func number(s string) (digits, rest string) {
	rest = strings.TrimLeft(s, "0123456789")
	return strings.TrimLeft(s[:len(s)-len(rest)], "0"), rest
}

func compareNumbers(a, b string) int {
	if len(a) != len(b) {
		return len(a) - len(b)
	}
	return strings.Compare(a, b)
}
