// Package internal holds no code of its own; its test keeps the layers apart.
package internal

import (
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"strings"
	"testing"
)

// layers says what a package (or a package below it) may import of this project. The longest
// name that fits decides. docs/architecture.md draws the same picture.
var layers = map[string][]string{
	"internal/imgproc/pix":        {},
	"internal/imgproc":            {"internal/imgproc"},
	"internal/scan/problem":       {},
	"internal/scan/units":         {},
	"internal/scan/param":         {"internal/scan/problem"},
	"internal/scan":               {"internal/imgproc", "internal/scan/problem", "internal/scan/units"},
	"internal/formats":            {"internal/imgproc/pix", "internal/formats/rawfile"}, // the raw readers: bytes in, pixels out
	"internal/formats/formattest": {"internal/imgproc/pix"},
	"internal/formats/h5":         {"internal/imgproc/pix", "internal/formats/codec"},
	"internal/formats/codec":      {"internal/imgproc/pix"},
	"internal/formats/h5frames":   {"internal/imgproc", "internal/formats/h5", "internal/formats/codec"},
	"internal/formats/ptyd":       {"internal/imgproc", "internal/formats", "internal/scan"},
	"internal/recipes":            {"internal/imgproc", "internal/formats", "internal/scan", "internal/recipes"},
	"internal/recipes/all":        {"internal/recipes"},
	"cmd/ptyprep":                 {"internal", "cmd/ptyprep"},
}

// onlyHere lists libraries with one door each.
var onlyHere = map[string]string{
	"gonum.org/v1/hdf5":                   "internal/formats/h5",
	"github.com/spf13/cobra":              "cmd/ptyprep",
	"github.com/spf13/viper":              "cmd/ptyprep",
	"github.com/schollz/progressbar/v3":   "cmd/ptyprep",
	"github.com/klauspost/compress/flate": "internal/formats/codec",
	"github.com/klauspost/compress/zlib":  "internal/formats",
	"github.com/klauspost/compress/zstd":  "internal/formats/codec",
	"github.com/pierrec/lz4/v4":           "internal/formats/codec",
	"go.yaml.in/yaml/v3":                  "internal/recipes",
	"github.com/pelletier/go-toml/v2":     "internal/recipes",
}

func TestLayers(t *testing.T) {
	out, err := exec.Command("go", "list", "-json=ImportPath,Imports", "ptyprep/...").Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	dec := json.NewDecoder(strings.NewReader(string(out)))
	n := 0
	for {
		var p struct {
			ImportPath string
			Imports    []string
		}
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		n++
		check(t, strings.TrimPrefix(p.ImportPath, "ptyprep/"), p.Imports)
	}
	if n < 10 {
		t.Errorf("only %d packages were looked at", n)
	}
}

func check(t *testing.T, pkg string, imports []string) {
	allowed, named := []string(nil), ""
	for name, list := range layers {
		if under(pkg, name) && len(name) > len(named) {
			allowed, named = list, name
		}
	}
	if named == "" && pkg != "internal" {
		t.Errorf("%s stands in no layer: add it to the table", pkg)
	}
	for _, imp := range imports {
		if door, ok := onlyHere[imp]; ok && !under(pkg, door) {
			t.Errorf("%s imports %s, which only %s may", pkg, imp, door)
		}
		own, ok := strings.CutPrefix(imp, "ptyprep/")
		if !ok {
			continue
		}
		fits := false
		for _, a := range allowed {
			fits = fits || under(own, a)
		}
		if !fits {
			t.Errorf("%s imports %s; packages of layer %s may import %v", pkg, own, named, allowed)
		}
	}
}

// under reports whether pkg is name or lies below it.
func under(pkg, name string) bool { return pkg == name || strings.HasPrefix(pkg, name+"/") }
