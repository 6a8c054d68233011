package cli

import (
	"fmt"
	"path/filepath"
	"strings"
	"time"

	"ptyprep/cmd/ptyprep/internal/buildinfo"
	"ptyprep/internal/recipes"
	"ptyprep/internal/scan"
	"ptyprep/internal/scan/param"
)

// infoTree is the group info of a .ptyd: every parameter as the recipe gives it with the defaults
// filled in, what ptypy adds to them at the end of a scan, and a group ptyprep that tells how the
// file came about. The same recipe and inputs give the same tree, whenever and wherever it is
// converted and however many workers there are.
func infoTree(rec *recipes.Recipe, p *scan.Plan, inputs []recipes.Input) map[string]any {
	v := rec.Values
	info := v.Plain()
	if v.IsNull(recipes.Rebin) {
		info[recipes.Rebin.Path()] = int64(1)
	}
	info[recipes.Shape.Path()] = ints(p.RawShape)
	info[recipes.Center.Path()] = floats(p.RawCenter)
	if r := p.Recorded.PSizeM; r != nil {
		info[recipes.PSize.Path()] = floats(*r)
	}
	if x := p.Recorded.Experiment; x != "" && v.IsNull(recipes.ExperimentID) {
		info[recipes.ExperimentID.Path()] = x
	}
	info["weight2d"] = p.HasMask
	if p.Positions != nil {
		info["positions_scan"] = p.Positions
	}
	info["ptyprep"] = provenance(rec, p, inputs)
	return info
}

// provenance is the group info/ptyprep.
func provenance(rec *recipes.Recipe, p *scan.Plan, inputs []recipes.Input) map[string]any {
	files := map[string]any{}
	for i, in := range inputs {
		files[fmt.Sprintf("%05d", i)] = map[string]any{
			"path": writtenAs(in, rec.Values.Dir()), "size_bytes": in.Size, "modified": in.Modified.UTC().Format(time.RFC3339Nano),
		}
	}
	build := buildinfo.Get()
	return map[string]any{
		"version":       build.Version,
		"revision":      build.Revision,
		"recipe":        rec.Spec.Name,
		"recipe_file":   filepath.Base(rec.File),
		"recipe_text":   string(rec.Text),
		"set":           rec.Sets,
		"inputs":        files,
		"from_defaults": rec.Values.Defaults(),
		"resolved": map[string]any{
			"frames":             int64(p.Frames),
			"shape_px":           ints(p.RawShape),
			"center_px":          floats(p.RawCenter),
			"center_automatic":   p.AutoUsed,
			"psize_m":            floats(p.RawPSizeM),
			"distance_m":         p.Meta.DistanceM,
			"energy_keV":         p.Meta.EnergyKeV,
			"frame_type":         p.Type.String(),
			"recorded_in_data":   recordedKeys(p),
			"assumed_by_default": p.Defaulted,
		},
	}
}

// writtenAs names an input as the recipe does. The engine puts the recipe's folder in front of
// relative paths; that folder is the user's way to the recipe today, and no part of the result.
func writtenAs(in recipes.Input, dir string) string {
	if dir != "" {
		if rel, ok := strings.CutPrefix(in.Path, strings.TrimSuffix(dir, "/")+"/"); ok {
			return rel
		}
	}
	return in.Written
}

// recordedKeys are the set-up values that came from the data and beat the recipe's.
func recordedKeys(p *scan.Plan) []string {
	var out []string
	for _, r := range []struct {
		key      param.Key
		recorded bool
	}{
		{recipes.Energy, p.Recorded.EnergyKeV != nil},
		{recipes.Distance, p.Recorded.DistanceM != nil},
		{recipes.PSize, p.Recorded.PSizeM != nil},
	} {
		if r.recorded {
			out = append(out, r.key.Path())
		}
	}
	return out
}

func ints(p [2]int) []int64 { return []int64{int64(p[0]), int64(p[1])} }

func floats(p [2]float64) []float64 { return []float64{p[0], p[1]} }
