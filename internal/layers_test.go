// Package internal holds no code of its own; its test keeps the layers apart.
package internal

import (
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"path"
	"regexp"
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
	"internal/scan/nearby":        {"internal/scan/problem"},
	"internal/scan/param":         {"internal/scan/problem", "internal/scan/nearby"},
	"internal/scan":               {"internal/imgproc", "internal/scan/problem"},
	"internal/formats":            {"internal/imgproc/pix", "internal/formats/rawfile"}, // the raw readers: bytes in, pixels out
	"internal/formats/formattest": {"internal/imgproc/pix"},
	"internal/formats/h5":         {"internal/imgproc/pix", "internal/formats/codec"},
	"internal/formats/atomicfile": {},
	"internal/formats/codec":      {},
	"internal/formats/detect":     {},
	"internal/formats/rawfile":    {},
	"internal/formats/h5frames":   {"internal/imgproc", "internal/formats/h5", "internal/formats/codec"},
	"internal/formats/ptyd":       {"internal/imgproc", "internal/formats", "internal/scan"},
	"internal/recipes":            {"internal/imgproc", "internal/formats", "internal/scan", "internal/recipes"},
	"internal/recipes/all":        {"internal/recipes"},
	"cmd/ptyprep":                 {"internal", "cmd/ptyprep"},
}

// itself is layers for a package without those below it.
var itself = map[string][]string{
	"internal/recipes": {"internal/imgproc", "internal/scan"}, // it knows no recipe and no format
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
	drawn := drawnPackages(t)
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
		pkg := strings.TrimPrefix(p.ImportPath, "ptyprep/")
		check(t, pkg, p.Imports)
		if family := path.Dir(pkg) == "internal/recipes"; pkg != "internal" && !family && !drawn[pkg] {
			t.Errorf("docs/architecture.md does not name %s", pkg)
		}
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
	if list, ok := itself[pkg]; ok {
		allowed, named = list, pkg
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

// drawnPackages are those in the table of docs/architecture.md: the first cell of a row names one, or
// some in braces; what the second cell quotes may lie below it.
func drawnPackages(t *testing.T) map[string]bool {
	text, err := os.ReadFile("../docs/architecture.md")
	if err != nil {
		t.Fatal(err)
	}
	quoted := regexp.MustCompile("`([^`]*)`")
	drawn := map[string]bool{}
	for line := range strings.SplitSeq(string(text), "\n") {
		cells := strings.Split(line, "|")
		if len(cells) < 4 {
			continue
		}
		first := quoted.FindStringSubmatch(cells[1])
		if first == nil {
			continue
		}
		dir, names, _ := strings.Cut(strings.TrimSuffix(first[1], "}"), "{")
		for name := range strings.SplitSeq(names, ",") {
			drawn[dir+name] = true
		}
		for _, below := range quoted.FindAllStringSubmatch(cells[2], -1) {
			drawn[path.Join(dir, below[1])] = true
		}
	}
	return drawn
}

// under reports whether pkg is name or lies below it.
func under(pkg, name string) bool { return pkg == name || strings.HasPrefix(pkg, name+"/") }
