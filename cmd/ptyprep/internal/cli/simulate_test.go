package cli

import (
	"bytes"
	"image/png"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Every recipe in configs/simulate runs, is commented, and has its picture in docs/pictures, which
// docs/simulate.md shows.
func TestSimulationExamples(t *testing.T) {
	page, err := os.ReadFile(filepath.Join(root, "docs", "simulate.md"))
	if err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob(filepath.Join(root, "configs", "simulate", "*.yaml"))
	if err != nil || len(files) < 5 {
		t.Fatalf("%d recipes in configs/simulate (%v)", len(files), err)
	}
	for _, path := range files {
		name := strings.TrimSuffix(filepath.Base(path), ".yaml")
		t.Run(name, func(t *testing.T) {
			text, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if bytes.Count(text, []byte("#")) < 5 {
				t.Error("the example is not commented")
			}
			for _, want := range []string{"configs/simulate/" + name + ".yaml", "pictures/" + name + ".png"} {
				if !bytes.Contains(page, []byte(want)) {
					t.Errorf("docs/simulate.md does not show %s", want)
				}
			}
			dir := t.TempDir()
			pictures := filepath.Join(dir, "pictures")
			var stdout, stderr bytes.Buffer
			args := []string{"simulate", path, "--output", filepath.Join(dir, "out.ptyd"), "--truth", filepath.Join(dir, "truth.h5"), "--preview", pictures, "--progress", "none"}
			if status := Main(args, &stdout, &stderr); status != 0 {
				t.Fatalf("exit status %d: %s", status, stderr.String())
			}
			if name != "high_dynamic_range" && strings.Contains(stderr.String(), "warning") {
				t.Errorf("the example warns: %s", stderr.String())
			}
			if got, want := size(t, filepath.Join(pictures, "overview.png")), size(t, filepath.Join(root, "docs", "pictures", name+".png")); got != want {
				t.Errorf("docs/pictures/%s.png has the size %v, what the recipe draws %v", name, want, got)
			}
		})
	}
}

func size(t *testing.T, path string) [2]int {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	c, err := png.DecodeConfig(f)
	if err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	return [2]int{c.Width, c.Height}
}
