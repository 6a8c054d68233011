package main

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"ptyprep/internal/formats/codec"
	"ptyprep/internal/formats/ptyd"
	"ptyprep/internal/recipes"
	"ptyprep/internal/recipes/all"
	"ptyprep/internal/scan"
)

// convert runs a recipe through the engine into a .ptyd, and counts the allocations.
func convert(t *testing.T, recipe string, workers int) uint64 {
	t.Helper()
	rec, err := all.Registry().Load(recipe, nil)
	if err != nil {
		t.Fatal(err)
	}
	opened, err := recipes.OpenerOf(rec.Spec)(context.Background(), &recipes.Env{Log: slog.New(slog.DiscardHandler), Inputs: new(recipes.Inputs)}, rec.Values)
	if err != nil {
		t.Fatal(err)
	}
	defer opened.Source.Close()
	sink := ptyd.NewWriter(ptyd.Options{Path: recipe + ".ptyd", Overwrite: true, Compression: codec.Compression{Kind: codec.Auto}})
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	if _, err := scan.Run(context.Background(), opened.Source, opened.Settings, scan.Options{Workers: workers}, sink); err != nil {
		t.Fatal(err)
	}
	runtime.ReadMemStats(&after)
	return after.Mallocs - before.Mallocs
}

// Once the buffers have grown, a frame costs no allocation from the file to the file: 400 frames more
// cost no more than a few allocations for longer lists.
func TestSteadyStateAllocates(t *testing.T) {
	dir := t.TempDir()
	const few, many = 100, 500
	for _, n := range []int{few, many} {
		if err := makeSmall(filepath.Join(dir, fmt.Sprintf("small_%d.h5", n)), n); err != nil {
			t.Fatal(err)
		}
	}
	calibration := filepath.Join(dir, "cal.h5")
	o := create(calibration)
	px := make([]float32, smallSize*smallSize)
	for i := range px {
		px[i] = 1
	}
	array(o, "/flat", []int{smallSize, smallSize}, px)
	if err := o.close(); err != nil {
		t.Fatal(err)
	}
	for name, extra := range map[string]string{
		"crop":      "shape: 64\n",
		"padded":    "shape: 200\n",
		"corrected": `darkfield: {file: "{DIR}/cal.h5", key: flat}` + "\n" + `flatfield: {file: "{DIR}/cal.h5", key: flat}` + "\n",
		"rebin":     "rebin: 2\norientation: 5\n",
		"centre":    "auto_center: true\nshape: 64\n",
	} {
		for _, workers := range []int{1, 3} {
			var mallocs [2]uint64
			for i, n := range []int{few, many} {
				text := head + strings.ReplaceAll(scanOf(fmt.Sprintf("small_%d.h5", n), "entry/data")+extra, "{DIR}", dir)
				if name == "centre" {
					text = strings.Replace(text, "auto_center: false\n", "", 1)
				}
				recipe := filepath.Join(dir, "recipe.yaml")
				if err := os.WriteFile(recipe, []byte(text), 0o600); err != nil {
					t.Fatal(err)
				}
				mallocs[i] = convert(t, recipe, workers)
			}
			if more := int(mallocs[1]) - int(mallocs[0]); more > (many-few)/4 {
				t.Errorf("%s, %d workers: %d allocations for %d frames, %d for %d", name, workers, mallocs[0], few, mallocs[1], many)
			}
		}
	}
}
