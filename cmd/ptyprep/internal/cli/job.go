package cli

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"ptyprep/cmd/ptyprep/internal/console"
	"ptyprep/cmd/ptyprep/internal/exitcode"
	"ptyprep/cmd/ptyprep/internal/settings"
	"ptyprep/internal/recipes"
	"ptyprep/internal/scan"
	"ptyprep/internal/scan/nearby"
	"ptyprep/internal/scan/problem"
)

// jobFlags are the flags of convert and simulate that are no settings.
type jobFlags struct {
	output      string
	save        string
	chunkFrames int
	sets        []string
	overwrite   bool
	backup      bool
}

var saveModes = []string{recipes.SaveAppend, recipes.SaveLink, recipes.SaveMerge}

// add declares the flags, and the settings that go with them.
func (f *jobFlags) add(cmd *cobra.Command) {
	fs := cmd.Flags()
	fs.StringVarP(&f.output, "output", "o", "", "write `FILE` in place of the recipe's dfile")
	fs.StringVar(&f.save, "save", "", "`MODE` of saving: append (one file), link (a file for each chunk) or merge (one chunk), in place of the recipe's save")
	fs.IntVar(&f.chunkFrames, "chunk-frames", 0, "put `N` frames into each chunk of the file; changes the layout only (default: the recipe's frames_per_block)")
	fs.StringArrayVarP(&f.sets, "set", "s", nil, "`KEY=VALUE` sets a parameter of the recipe, e.g. positions.skip=2; may be given often")
	fs.BoolVar(&f.overwrite, "overwrite", false, "replace an existing output, in one step when the new one is whole")
	fs.BoolVar(&f.backup, "backup", false, "move an existing output with its parts to <output>.bak1 (the next free number)")
	fs.BoolP("quiet", "q", false, "errors and warnings only")
	fs.BoolP("verbose", "v", false, "tell what each parameter resolved to, and where the time goes")
	settings.AddFlags(fs, settings.Workers, settings.Memory, settings.Compression, settings.Checksum, settings.NoLock, settings.Progress)
	complete(cmd, "save", saveModes...)
	completeSettings(cmd)
	cmd.ValidArgsFunction = func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
		return []string{"yaml", "yml", "toml"}, cobra.ShellCompDirectiveFilterFileExt
	}
}

// oneRecipe wants the recipe and nothing else.
func oneRecipe(cmd *cobra.Command, args []string) error {
	switch len(args) {
	case 1:
		return nil
	case 0:
		return problem.Usagef("%s: no recipe is given", cmd.Name()).
			WithHint("'%s RECIPE'; 'ptyprep recipes show NAME' prints one to start from", cmd.CommandPath())
	}
	return problem.Usagef("%s takes one recipe, and got %d: %s", cmd.Name(), len(args), strings.Join(args, ", ")).
		WithHint("run it once for each recipe; a parameter is given as --set KEY=VALUE")
}

// check finds what is wrong with the flags by themselves.
func (f *jobFlags) check(fs *pflag.FlagSet) error {
	var bad problem.List
	if f.overwrite && f.backup {
		bad = append(bad, problem.Usagef("--overwrite and --backup contradict each other").
			WithHint("--overwrite replaces the old output, --backup keeps it in a folder"))
	}
	if fs.Changed("save") && !slices.Contains(saveModes, f.save) {
		bad = append(bad, problem.Usagef("--save: is %q, expected %s", f.save, strings.Join(saveModes, ", ")).WithHint("%s", saveHint(f.save)))
	}
	if fs.Changed("chunk-frames") && f.chunkFrames < 1 {
		bad = append(bad, problem.Usagef("--chunk-frames: is %d, expected 1 or more", f.chunkFrames).
			WithHint("leave it out for the recipe's frames_per_block"))
	}
	if fs.Changed("output") && f.output == "" {
		bad = append(bad, problem.Usagef("--output: is empty").WithHint("is a shell variable not set?"))
	}
	return bad.Err()
}

func saveHint(word string) string {
	if near, ok := nearby.Nearest(word, saveModes); ok {
		return "did you mean " + near + "?"
	}
	return "the default is append"
}

// job is a recipe that is opened and ready to run.
type job struct {
	rec    *recipes.Recipe
	env    *recipes.Env
	opened *recipes.Opened
	flags  *jobFlags
	set    *settings.Resolved
	began  time.Time
}

// load reads and checks a recipe.
func (a *app) load(recipe string, f *jobFlags) (*recipes.Recipe, error) {
	rec, err := a.registry().Load(recipe, f.sets)
	if err != nil {
		return nil, err
	}
	for _, w := range rec.Warnings {
		a.con.Notef("%s", w)
	}
	a.tellParameters(rec)
	return rec, nil
}

// open opens a recipe's inputs. The caller closes the job.
func (a *app) open(ctx context.Context, rec *recipes.Recipe, f *jobFlags, set *settings.Resolved) (*job, error) {
	j := &job{rec: rec, flags: f, set: set, began: time.Now()}
	j.env = &recipes.Env{
		Log:    a.con.Logger(),
		NoLock: settings.BoolOf(set.Text(settings.NoLock)),
		// What frames share may take half of the memory; the engine counts it.
		CacheBytes: settings.BytesOf(set.Text(settings.Memory)) / 2,
		Inputs:     new(recipes.Inputs),
	}
	var err error
	j.opened, err = recipes.OpenerOf(rec.Spec)(ctx, j.env, rec.Values)
	return j, err
}

// close closes the inputs of a job. They were only read: what there is to say is said by an
// earlier error, if any.
func (a *app) close(j *job, err error) {
	if cerr := j.opened.Source.Close(); cerr != nil && err == nil {
		a.con.Warnf("the inputs could not be closed: %v", cerr)
	}
}

// options are the engine's, as the settings say.
func (a *app) options(set *settings.Resolved) scan.Options {
	return scan.Options{
		Workers:     settings.WorkersOf(set.Text(settings.Workers)),
		MemoryBytes: settings.BytesOf(set.Text(settings.Memory)),
		Log:         a.con.Logger(),
	}
}

// write sends the frames of a job to the .ptyd and reports.
func (a *app) write(ctx context.Context, j *job, out *output) error {
	if err := a.begin(ctx); err != nil {
		return err
	}
	o := a.options(j.set)
	o.ChunkFrames, o.Merge = out.chunkFrames, out.mode == recipes.SaveMerge
	o.Planned = a.tellPlan
	done, raw, err := a.run(ctx, j.opened.Source, j.opened.Settings, o, out.sink, j.set)
	if err != nil {
		return err
	}
	a.tellTimes(done)
	a.report(out, done, raw, time.Since(j.began))
	return nil
}

// run sends frames through the engine, with the progress that the settings ask for. raw is the
// size of the raw frames in bytes.
func (a *app) run(ctx context.Context, src scan.Source, s *scan.Settings, o scan.Options, sink scan.Sink, set *settings.Resolved) (r *scan.Result, raw int64, err error) {
	progress := a.con.StartProgress(a.progressKind(set.Text(settings.Progress)))
	defer progress.Stop()
	o.Progress = func(p scan.Progress) {
		raw = p.RawBytes
		progress.Update(p)
	}
	r, err = scan.Run(ctx, src, s, o, sink)
	return r, raw, err
}

func (a *app) progressKind(word string) console.ProgressKind {
	switch word {
	case settings.ProgressNone:
		return console.NoProgress
	case settings.ProgressPlain:
		return console.Lines
	case settings.ProgressBar:
		if !a.con.JSON() {
			return console.Bar
		}
		return console.Lines
	}
	return a.con.AutoProgress()
}

// watched is a sink that is finished only if the inputs are what they were: without locks
// somebody may have written to them meanwhile.
type watched struct {
	scan.Sink
	inputs *recipes.Inputs
	strict bool // a change is an error; else a warning, since a log may well have grown by a later scan
	warn   func(format string, args ...any)
}

// Finish checks the inputs before the result is put in its place.
func (w *watched) Finish() error {
	if err := w.inputs.Changed(); err != nil {
		if w.strict {
			return err
		}
		for _, p := range problem.Of(err) {
			w.warn("%s", p.Error())
		}
	}
	return w.Sink.Finish()
}

// result is what convert prints on standard output.
type result struct {
	Type        string   `json:"message_type"`
	File        string   `json:"file"`
	Frames      int      `json:"frames"`
	Shape       [2]int   `json:"shape"`
	PixelType   string   `json:"type"`
	Chunks      int      `json:"chunks"`
	SizeBytes   int64    `json:"size_bytes"` // with parts
	Seconds     float64  `json:"seconds"`
	MBPerSecond float64  `json:"mb_per_s"` // of raw frames, 1e6 bytes
	Warnings    int      `json:"warnings"`
	LeftOut     []string `json:"left_out,omitempty"`
	ExitStatus  int      `json:"exit_status"`
}

// report prints the result, and what was left out.
func (a *app) report(out *output, done *scan.Result, raw int64, took time.Duration) {
	if len(done.LeftOut) > 0 {
		a.status = exitcode.Incomplete
		a.con.Warnf("the output can be used, but not all that the input holds is in it: %s (exit status %d)",
			strings.Join(done.LeftOut, "; "), exitcode.Incomplete)
	}
	if a.con.Quiet() {
		return
	}
	p := done.Plan
	size, err := out.writer.Size()
	if err != nil { // it was moved already, by whoever waits for it
		a.con.Notef("the size of %s cannot be told: %v", out.path, err)
	}
	r := result{
		Type: console.TypeResult, File: out.path, Frames: p.Frames, Shape: [2]int{p.Rows, p.Cols}, PixelType: p.Type.String(), Chunks: len(p.Blocks),
		SizeBytes: size, Seconds: took.Seconds(), Warnings: a.con.Warnings(), LeftOut: done.LeftOut, ExitStatus: a.status,
	}
	if r.Seconds > 0 {
		r.MBPerSecond = float64(raw) / 1e6 / r.Seconds
	}
	if a.con.JSON() {
		a.con.Object(r)
		return
	}
	a.con.Print(r.String())
}
