package recipes

import (
	"os"
	"path/filepath"
	"testing"
)

// Files that are not there: the hint is the same for the recipe and for --set, and tells when the
// file lies where the other one's paths start.
func TestNoFile(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	for _, f := range []string{"scans/r.yaml", "scans/raw_1.h5", "scans/in/deep.h5", "data/here.h5"} {
		if err := os.MkdirAll(filepath.Dir(f), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(f, nil, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	const inRecipe, set = "scans/r.yaml:1:1: mask.file", "--set mask.file"
	for _, c := range []struct{ where, path, hint string }{
		{inRecipe, "scans/raw_2.h5", "did you mean scans/raw_1.h5?"},
		{set, "scans/raw_2.h5", "did you mean scans/raw_1.h5?"},
		{inRecipe, "scans/raw.nxs", "scans holds other files: r.yaml, raw_1.h5"},
		{set, "scans/raw.nxs", "scans holds other files: r.yaml, raw_1.h5"},
		{inRecipe, "scans/out/deep.h5", "scans holds no folder out; its folders: in"},
		{set, "scan/raw_1.h5", ". holds no folder scan; did you mean scans?"},
		{set, "scans/raw_1.h5/x.h5", "scans/raw_1.h5 is a file, not a folder"},
		{inRecipe, "scans/data/here.h5", "paths of a recipe start from its folder: did you mean data/here.h5, which starts from the working directory?"},
		{set, "raw_1.h5", "paths of --set start from the working directory: did you mean scans/raw_1.h5?"},
		{set, "in/deep.h5", "paths of --set start from the working directory: did you mean scans/in/deep.h5?"},
		{set, "x.h5", ". holds no file"},
		{set, "scans/raw_1.hdf", "did you mean scans/raw_1.h5?"},
	} {
		p := NoFile(c.where, c.path, "scans")
		if want := c.where + ": there is no file " + c.path; p.Error() != want || p.Hint != c.hint {
			t.Errorf("%s\nhint: %s\nwant %s\nhint: %s", p.Error(), p.Hint, want, c.hint)
		}
	}
}
