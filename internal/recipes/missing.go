package recipes

import (
	"os"
	"path/filepath"
	"strings"

	"ptyprep/internal/scan/nearby"
	"ptyprep/internal/scan/problem"
)

// NoFile is the problem of an input that is not there. where is the parameter that names it, dir
// the recipe's folder. The hint names the file that may have been meant: it lies where the other
// kind of relative path starts (those of a recipe start from its folder, those of --set from the
// working directory), or beside the missing one.
func NoFile(where, path, dir string) *problem.Error {
	p := problem.Inputf("%s: there is no file %s", where, path)
	if elsewhere := otherStart(where, path, dir); elsewhere != "" {
		if strings.HasPrefix(where, "--set ") {
			return p.WithHint("paths of --set start from the working directory: did you mean %s?", elsewhere)
		}
		return p.WithHint("paths of a recipe start from its folder: did you mean %s, which starts from the working directory?", elsewhere)
	}
	p.Hint = nearby.FileHint(path)
	return p
}

// otherStart is the relative path from the other start, if a file is there; else "".
func otherStart(where, path, dir string) string {
	if filepath.IsAbs(path) || dir == "" || dir == "." {
		return ""
	}
	other, ok := strings.CutPrefix(path, dir+"/")
	if !ok && strings.HasPrefix(where, "--set ") {
		other, ok = filepath.Join(dir, path), true
	}
	if st, err := os.Stat(other); ok && err == nil && st.Mode().IsRegular() {
		return other
	}
	return ""
}
