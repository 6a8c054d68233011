package id16a

import (
	"context"
	"fmt"
	"log/slog"
	"path/filepath"
	"testing"

	"ptyprep/internal/recipes"
	. "ptyprep/internal/recipes/recipetest"
	"ptyprep/internal/scan"
)

// discard is a Sink that keeps nothing.
type discard struct{}

func (discard) Start(*scan.Plan) error     { return nil }
func (discard) Sample([]*scan.Frame) error { return nil }
func (discard) Encode(*scan.Frame) error   { return nil }
func (discard) Write(int, any) error       { return nil }
func (discard) Finish() error              { return nil }
func (discard) Abort()                     {}

// EDF frames of 1024 x 1024 uint16 with dark and flat, upside down, without compressing them: MB/s
// of raw counts. Allocations are those of opening files.
func BenchmarkDarkFlat(b *testing.B) {
	const n, frames = 1024, 16
	dir := b.TempDir()
	level := func(v uint16) []uint16 {
		p := make([]uint16, n*n)
		for i := range p {
			p[i] = v + uint16(i%13)
		}
		return p
	}
	for k := range frames {
		Write(b, filepath.Join(dir, fmt.Sprintf("s_%04d.edf", k)), EDF(level(uint16(500+k)), n, motors(float64(k), 0, 1)...))
	}
	Write(b, filepath.Join(dir, "dark0.edf"), EDF(level(100), n))
	Write(b, filepath.Join(dir, "ref0.edf"), EDF(level(900), n))
	recipe := "name: ID16AScan\nbase_path: .\nsample_name: s_\nshape: 1024\nenergy: 17\ndistance: 1\npsize: 1.0e-6\ndark_subtraction: true\nflat_division: true\n"
	rec, err := recipes.NewRegistry(Spec).Parse(filepath.Join(dir, "recipe.yaml"), ".yaml", []byte(recipe), nil)
	if err != nil {
		b.Fatal(err)
	}
	quiet := slog.New(slog.DiscardHandler)
	b.SetBytes(frames * n * n * 2)
	b.ReportAllocs()
	for b.Loop() {
		o, err := open(context.Background(), &recipes.Env{Log: quiet, Inputs: new(recipes.Inputs)}, rec.Values)
		if err != nil {
			b.Fatal(err)
		}
		if _, err := scan.Run(context.Background(), o.Source, o.Settings, scan.Options{Log: quiet}, discard{}); err != nil {
			b.Fatal(err)
		}
	}
}
