package nearby

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"ptyprep/internal/scan/problem"
)

// FileHint says what there is in place of a file that is not there: the one that was most likely meant,
// else what the folder holds (of the same kind, if it holds such). A folder that is missing too is told by
// FolderHint. "" when nothing can be said.
func FileHint(name string) string {
	dir, ext := filepath.Dir(name), filepath.Ext(name)
	all, err := FilesIn(dir, func(string) bool { return true })
	if err != nil {
		return FolderHint(dir)
	}
	var kin []string
	for _, f := range all {
		if strings.EqualFold(filepath.Ext(f), ext) {
			kin = append(kin, f)
		}
	}
	for _, list := range [][]string{kin, all} {
		if near, ok := NearestFile(name, list); ok {
			return "did you mean " + near + "?"
		}
	}
	switch {
	case len(kin) > 0:
		return "there: " + problem.Few(kin, 5)
	case len(all) > 0:
		return fmt.Sprintf("%s holds other files: %s", dir, problem.Few(all, 5))
	}
	return fmt.Sprintf("%s holds no file", dir)
}

// FilesIn lists the names in a folder that fit, without hidden files and folders.
func FilesIn(dir string, fits func(name string) bool) ([]string, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	var out []string
	for _, e := range entries {
		if !e.IsDir() && !strings.HasPrefix(e.Name(), ".") && fits(e.Name()) {
			out = append(out, e.Name())
		}
	}
	return out, nil
}

// NearestFile gives the path of the file that was most likely meant by one that is not there: of the
// names in its folder a similar one, else the same with another ending.
func NearestFile(path string, names []string) (string, bool) {
	dir, base := filepath.Split(path)
	if near, ok := Nearest(base, names); ok {
		return filepath.Join(dir, near), true
	}
	stem := func(name string) string { return strings.TrimSuffix(name, filepath.Ext(name)) }
	for _, n := range names {
		if strings.EqualFold(stem(n), stem(base)) {
			return filepath.Join(dir, n), true
		}
	}
	return "", false
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
		return fmt.Sprintf("%s holds no folder %s; its folders: %s", up, missing, problem.Few(names, 6))
	}
	return ""
}
