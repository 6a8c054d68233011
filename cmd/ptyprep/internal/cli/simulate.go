package cli

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"ptyprep/cmd/ptyprep/internal/console"
	"ptyprep/cmd/ptyprep/internal/settings"
	"ptyprep/internal/recipes"
	"ptyprep/internal/recipes/sim"
	"ptyprep/internal/recipes/sim/raw"
	"ptyprep/internal/scan/problem"
)

// simulateFlags are those of simulate.
type simulateFlags struct {
	jobFlags
	seed           string
	truth          string
	truthIntensity bool
	preview        string
	raw            string // FORMAT:DIR
	rawFormat      string
	rawDir         string
	listDetectors  bool
	listModels     bool
}

func (a *app) simulateCommand() *cobra.Command {
	var f simulateFlags
	cmd := &cobra.Command{
		Use:   "simulate RECIPE",
		Short: "Simulate a scan and write a .ptyd file",
		Long: `Simulates the scan that a recipe describes (MoonFlowerScan, SimScan or QuickScan) and writes a .ptyd
file, as convert does with measured data. --truth writes what a reconstruction should find, --preview
draws pictures, and --raw writes the scan as a beamline would, with a recipe that converts it; with
--raw a .ptyd is written only if --output or dfile names one.

The same recipe and seed give the same bytes for any number of workers. Paths in the recipe start
from the recipe's folder, paths given here from the working directory.`,
		Example: `  ptyprep recipes show MoonFlowerScan > moon.yaml
  ptyprep simulate moon.yaml --output moon.ptyd --truth moon.truth.h5
  ptyprep simulate moon.yaml --seed 2 --set photons=1e6 --output dim.ptyd
  ptyprep simulate moon.yaml --output moon.ptyd --preview pictures
  ptyprep simulate moon.yaml --raw nexus:raw && ptyprep convert raw/recipe.yaml --output moon.ptyd`,
		Args: func(cmd *cobra.Command, args []string) error {
			if f.listDetectors || f.listModels {
				return takesNothing(cmd, args)
			}
			return oneRecipe(cmd, args)
		},
	}
	fs := cmd.Flags()
	f.add(cmd)
	fs.StringVar(&f.seed, "seed", "", "`N` decides everything random, in place of the recipe's seed")
	fs.StringVar(&f.truth, "truth", "", "write object, probe, windows and true positions to the HDF5 file `FILE`")
	fs.BoolVar(&f.truthIntensity, "truth-intensity", false, "add the noise-free frames to the file of --truth")
	fs.StringVar(&f.preview, "preview", "", "draw probe, object, scan path and first frames as PNG files in the folder `DIR`")
	fs.StringVar(&f.raw, "raw", "", "write raw data as `FORMAT:DIR`, with a recipe that converts them; formats: "+strings.Join(raw.Formats, ", "))
	fs.BoolVar(&f.listDetectors, "list-detectors", false, "list the detectors that SimScan knows by name, and end")
	fs.BoolVar(&f.listModels, "list-models", false, "list the scan patterns, illuminations and samples there are, and end")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		set, err := a.configure(cmd)
		if err != nil {
			return err
		}
		if f.listDetectors || f.listModels {
			a.listSimulation(&f)
			return nil
		}
		if err := f.check(cmd); err != nil {
			return err
		}
		return a.simulate(cmd.Context(), args[0], &f, set)
	}
	return cmd
}

// check finds what is wrong with the flags by themselves, and makes --seed a parameter.
func (f *simulateFlags) check(cmd *cobra.Command) error {
	fs := cmd.Flags()
	bad := problem.Of(f.jobFlags.check(fs))
	for _, flag := range []struct{ name, value string }{{"truth", f.truth}, {"preview", f.preview}, {"seed", f.seed}} {
		if fs.Changed(flag.name) && flag.value == "" {
			bad = append(bad, problem.Usagef("--%s: is empty", flag.name).WithHint("is a shell variable not set?"))
		}
	}
	if f.truthIntensity && f.truth == "" {
		bad = append(bad, problem.Usagef("--truth-intensity: there is no --truth to add the frames to"))
	}
	if fs.Changed("raw") {
		var err error
		if f.rawFormat, f.rawDir, err = raw.Parse(f.raw); err != nil {
			bad = append(bad, problem.Of(err)...)
		}
	}
	if fs.Changed("seed") && f.seed != "" {
		if _, err := strconv.ParseUint(f.seed, 10, 63); err != nil {
			bad = append(bad, problem.Usagef("--seed: is %q, expected a whole number from 0 on", f.seed))
		}
		f.sets = append(f.sets, "seed="+f.seed)
	}
	return bad.Err()
}

// simulate is the command, once flags and settings are known.
func (a *app) simulate(ctx context.Context, recipe string, f *simulateFlags, set *settings.Resolved) (err error) {
	rec, err := a.load(recipe, &f.jobFlags)
	if err != nil {
		return err
	}
	if !sim.Is(rec.Spec.Name) {
		return sim.NotSimulated(rec.Spec.Name)
	}
	a.obeyVerboseLevel(rec)
	j, err := a.open(ctx, rec, &f.jobFlags, set)
	if err != nil {
		return err
	}
	defer func() { a.close(j, err) }()
	s, ok := j.opened.Source.(sim.Simulated)
	if !ok {
		return sim.NotSimulated(rec.Spec.Name)
	}
	var out *output
	if f.raw == "" || outputPath(rec, j.opened, &f.jobFlags) != "" {
		if out, err = a.newOutput(ctx, j); err != nil {
			return err
		}
	}
	if err = f.checkPlaces(j, out); err == nil {
		err = a.begin(ctx)
	}
	if err == nil {
		err = a.writeAll(ctx, j, s, out, f)
	}
	if err != nil {
		out.giveUp()
	}
	return err
}

// checkPlaces says whether what is written beside the .ptyd can be, before any work is done.
func (f *simulateFlags) checkPlaces(j *job, out *output) error {
	var bad problem.List
	if f.truth != "" {
		if out != nil {
			bad = append(bad, problem.Of(apart("--truth", f.truth, out.path, j))...)
		}
		bad = append(bad, problem.Of(sim.CheckTruth(f.truth, f.overwrite))...)
	}
	if f.preview != "" {
		bad = append(bad, problem.Of(sim.CheckPictures(f.preview, f.overwrite))...)
	}
	if f.raw != "" {
		bad = append(bad, problem.Of(raw.Check(f.rawDir))...)
	}
	return bad.Err()
}

// writeAll writes everything that is asked for. The truth is in place only when the frames are.
func (a *app) writeAll(ctx context.Context, j *job, s sim.Simulated, out *output, f *simulateFlags) error {
	truth := (*sim.TruthFile)(nil)
	if f.truth != "" {
		var err error
		if truth, err = sim.WriteTruth(ctx, f.truth, s, f.truthIntensity, j.opened.Settings, a.options(j.set)); err != nil {
			return err
		}
		defer truth.Abort()
	}
	if f.raw != "" {
		if err := a.writeRaw(ctx, j, f); err != nil {
			return err
		}
	}
	if out != nil {
		if err := a.write(ctx, j, out); err != nil {
			return err
		}
		a.written = out.path
	}
	if truth != nil {
		if err := truth.Commit(); err != nil {
			return problem.Internalf("--truth: %s could not be put in place", f.truth).Because(err)
		}
	}
	if f.preview != "" {
		return sim.WritePictures(ctx, f.preview, s)
	}
	return nil
}

// writeRaw writes the frames as raw data.
func (a *app) writeRaw(ctx context.Context, j *job, f *simulateFlags) error {
	sink := raw.NewSink(f.rawFormat, f.rawDir, j.rec.Values, j.opened.Settings, a.con.Logger())
	o := a.options(j.set)
	done, _, err := a.run(ctx, j.opened.Source, sim.Plain(j.opened.Settings), o, sink, j.set)
	if err != nil {
		return err
	}
	if a.con.Quiet() {
		return nil
	}
	p := done.Plan
	recipe := filepath.Join(f.rawDir, raw.RecipeName)
	if a.con.JSON() {
		a.con.Object(map[string]any{
			"message_type": "raw", "format": f.rawFormat, "folder": f.rawDir, "recipe": recipe, "frames": p.Frames,
			"shape": [2]int{p.Rows, p.Cols}, "type": p.Type.String(),
		})
		return nil
	}
	a.con.Print(fmt.Sprintf("%s: %d raw frames of %d x %d %s as %s; 'ptyprep convert %s' prepares them\n", f.rawDir, p.Frames, p.Rows, p.Cols, p.Type, f.rawFormat, recipe))
	return nil
}

// apart wants a second output to be neither the first one nor an input.
func apart(flag, path, output string, j *job) error {
	a, err := filepath.Abs(path)
	b, err2 := filepath.Abs(output)
	one, _ := os.Stat(path)
	two, _ := os.Stat(output)
	if err == nil && err2 == nil && a == b || one != nil && two != nil && os.SameFile(one, two) {
		return problem.Usagef("%s: %s is the output too", flag, path).WithHint("name another file")
	}
	in, err := sameAsInput(path, j.rec, j.env.Inputs.List())
	if err != nil {
		return problem.Usagef("%s: %s cannot be looked at", flag, path).Because(err)
	}
	if in != "" {
		return problem.Usagef("%s: %s is the same file as the input %s", flag, path, in).WithHint("name another file; inputs are never replaced")
	}
	return nil
}

// obeyVerboseLevel is the recipe's verbose_level, unless the command line says something.
func (a *app) obeyVerboseLevel(rec *recipes.Recipe) {
	v := rec.Values
	if !v.Has(sim.VerboseLevel) || !v.Given(sim.VerboseLevel) || a.con.Quiet() || a.con.Verbose() {
		return
	}
	level := v.Int(sim.VerboseLevel)
	a.con.Set(console.Options{JSON: a.con.JSON(), Quiet: level == 0, Verbose: level >= 3})
}

// listSimulation prints what --list-detectors and --list-models ask for.
func (a *app) listSimulation(f *simulateFlags) {
	if f.listDetectors {
		ds := sim.Detectors()
		if a.con.JSON() {
			a.con.Object(map[string]any{"detectors": ds})
		} else {
			var b strings.Builder
			for _, d := range ds {
				fmt.Fprintln(&b, d)
			}
			a.con.Print(b.String())
		}
	}
	if f.listModels {
		ms := sim.Models()
		if a.con.JSON() {
			a.con.Object(map[string]any{"models": ms})
			return
		}
		var b strings.Builder
		for _, m := range ms {
			fmt.Fprintf(&b, "%-22s %-10s %s\n", m.Key, m.Word, m.Help)
		}
		a.con.Print(b.String())
	}
}
