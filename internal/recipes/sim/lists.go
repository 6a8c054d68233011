package sim

import (
	"fmt"
	"strings"

	"ptyprep/internal/recipes/sim/detector"
)

// DetectorEntry is a detector in the list of those with a name.
type DetectorEntry struct {
	Name        string  `json:"name"`
	Rows        int     `json:"rows"` // of the whole detector, gaps included
	Cols        int     `json:"columns"`
	Modules     [2]int  `json:"modules"`
	Gaps        [2]int  `json:"gaps"`
	Type        string  `json:"type"`
	FullWell    float64 `json:"full_well"`
	ADU         float64 `json:"adu"`
	ReadoutRMS  float64 `json:"shot_noise"`
	QE          float64 `json:"qe"`
	PixelMetres float64 `json:"psize"`
}

// Detectors lists the detectors that have a name.
func Detectors() []DetectorEntry {
	var out []DetectorEntry
	for _, t := range detector.Templates() {
		a := t.Area()
		out = append(out, DetectorEntry{
			Name: t.Name, Rows: a[0], Cols: a[1], Modules: t.Modules, Gaps: t.Gaps, Type: t.DType.String(),
			FullWell: t.FullWell, ADU: t.ADU, ReadoutRMS: t.ShotNoise, QE: t.QE, PixelMetres: t.PsizeM,
		})
	}
	return out
}

// String is one line of the list.
func (d DetectorEntry) String() string {
	var extra []string
	if d.Modules != [2]int{1, 1} {
		extra = append(extra, fmt.Sprintf("%d x %d modules with gaps of %d and %d pixels", d.Modules[0], d.Modules[1], d.Gaps[0], d.Gaps[1]))
	}
	if d.ADU != 1 {
		extra = append(extra, fmt.Sprintf("%g electrons a count", d.ADU))
	}
	if d.ReadoutRMS != 0 {
		extra = append(extra, fmt.Sprintf("readout noise %g electrons", d.ReadoutRMS))
	}
	if d.QE != 1 {
		extra = append(extra, fmt.Sprintf("quantum efficiency %g", d.QE))
	}
	line := fmt.Sprintf("%-16s %4d x %4d pixels of %g um, %s, full well %.0f electrons", d.Name, d.Rows, d.Cols, d.PixelMetres*1e6, d.Type, d.FullWell)
	return strings.Join(append([]string{line}, extra...), ", ")
}

// ModelEntry is a word that a parameter takes.
type ModelEntry struct {
	Key  string `json:"key"`
	Word string `json:"model"`
	Help string `json:"help"`
}

// Models lists the words for scan patterns, illuminations and samples.
func Models() []ModelEntry {
	return []ModelEntry{
		{"xy.model", "round", "a point in the middle and shells of 5, 10, 15, ... points"},
		{"xy.model", "spiral", "points of one area each on a spiral"},
		{"xy.model", "raster", "rows and columns, from (0, 0) on"},
		{"xy.model", "[[y, x], ...]", "points in metres"},
		{"illumination.model", "null", "a plane wave"},
		{"illumination.model", modelMoon, "the built-in moon"},
		{"illumination.model", modelRecon, "the probe of illumination.recon.rfile"},
		{"illumination.model", "array", "{file: PATH, key: DATASET} or a nested list"},
		{"sample.model", "null", "sample.fill everywhere"},
		{"sample.model", modelFlower, "the built-in flowers"},
		{"sample.model", modelRecon, "the object of sample.recon.rfile"},
		{"sample.model", "array", "{file: PATH, key: DATASET} or a nested list"},
		{"detector", "null", "none: noise-free float32 frames"},
		{"detector", "NAME", "see --list-detectors"},
	}
}
