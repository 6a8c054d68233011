package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"ptyprep/cmd/ptyprep/internal/console"
	"ptyprep/cmd/ptyprep/internal/settings"
	"ptyprep/internal/formats/ptyd"
	"ptyprep/internal/recipes"
	"ptyprep/internal/scan"
	"ptyprep/internal/scan/problem"
)

// output is where the result goes.
type output struct {
	path        string // as the user named it
	mode        string // one of saveModes
	chunkFrames int    // of each chunk, 0: as the recipe says
	writer      *ptyd.Writer
	sink        scan.Sink // writer, with a look at the inputs at the end
	folder      string    // made for a name that the recipe made up; "" for none
}

// newOutput decides where and how to write, and refuses what must not be replaced, before any
// frame is read.
func (a *app) newOutput(ctx context.Context, j *job) (*output, error) {
	rec, o, env, f, set := j.rec, j.opened, j.env, j.flags, j.set
	out := &output{path: outputPath(rec, o, f), mode: saveMode(rec, f), chunkFrames: f.chunkFrames}
	if out.path == "" {
		return nil, problem.Usagef("%s: no output file is named", rec.File).
			WithHint("give --output FILE, or dfile in the recipe")
	}
	if err := refuseInputs(out.path, rec, env.Inputs.List()); err != nil {
		return nil, err
	}
	mode := ptyd.Mode(out.mode)
	if f.output == "" && rec.Values.IsNull(recipes.DFile) {
		err := a.begin(ctx) // from here on there is something to clean up
		if err == nil {
			out.folder, err = makeFolder(filepath.Dir(out.path))
		}
		if err != nil {
			return nil, err
		}
	}
	if err := ptyd.CheckOutput(out.path, mode, f.overwrite, f.backup); err != nil {
		out.giveUp()
		return nil, err
	}
	compression := settings.CompressionOf(set.Text(settings.Compression))
	if plugin := compression.NeedsPlugin(); plugin != "" {
		a.con.Warnf("compression %s: who reads %s needs %s; ptyprep itself does not", compression, out.path, plugin)
	}
	out.writer = ptyd.NewWriter(ptyd.Options{
		Path:        out.path,
		Mode:        mode,
		Compression: compression,
		Checksum:    settings.BoolOf(set.Text(settings.Checksum)),
		Overwrite:   f.overwrite,
		Backup:      f.backup,
		Info: func(p *scan.Plan) ptyd.Node {
			return ptyd.NodeOf(infoTree(rec, p, env.Inputs.List()))
		},
	})
	out.sink = &watched{Sink: out.writer, inputs: env.Inputs, strict: env.NoLock, warn: a.con.Warnf}
	return out, nil
}

// makeFolder makes the folder of an output that nobody named, prepdata, in the folder of the recipe. made
// is "" when it is there already; when its parent is not, CheckOutput says so.
func makeFolder(dir string) (made string, err error) {
	switch err := os.Mkdir(dir, 0o777); {
	case err == nil:
		return dir, nil
	case errors.Is(err, os.ErrExist), errors.Is(err, os.ErrNotExist):
		return "", nil
	default:
		return "", problem.Internalf("the folder %s cannot be made", dir).Because(err).
			WithHint("choose another output with dfile or --output")
	}
}

// giveUp takes the folder that was made away again, if nothing lies in it. o may be nil: no output.
func (o *output) giveUp() {
	if o != nil && o.folder != "" {
		_ = os.Remove(o.folder) // not empty: another run has written there
	}
}

// refuseInputs wants the output, and the parts that may lie beside it, to be none of the files
// that are read.
func refuseInputs(path string, rec *recipes.Recipe, inputs []recipes.Input) error {
	outputs := []string{path}
	entries, _ := os.ReadDir(filepath.Dir(path)) // a folder that is not there is told later
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), filepath.Base(path)+".part") {
			outputs = append(outputs, filepath.Join(filepath.Dir(path), e.Name()))
		}
	}
	for _, out := range outputs {
		in, err := sameAsInput(out, rec, inputs)
		if err != nil {
			return problem.Usagef("output %s cannot be looked at", out).Because(err)
		}
		if in != "" {
			return problem.Usagef("output %s is the same file as the input %s", out, in).
				WithHint("name another file with --output or dfile; inputs are never replaced, not even with --overwrite or --backup")
		}
	}
	return nil
}

// sameAsInput says which input a path is, by any name, or "".
func sameAsInput(path string, rec *recipes.Recipe, inputs []recipes.Input) (string, error) {
	st, err := os.Stat(path)
	if errors.Is(err, os.ErrNotExist) {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	names := []string{rec.File}
	for _, in := range inputs {
		names = append(names, in.Path)
	}
	for _, n := range names {
		if in, err := os.Stat(n); err == nil && os.SameFile(st, in) {
			return n, nil
		}
	}
	return "", nil
}

// outputPath is --output, else dfile, else what the recipe makes up.
func outputPath(rec *recipes.Recipe, o *recipes.Opened, f *jobFlags) string {
	switch {
	case f.output != "":
		return f.output
	case !rec.Values.IsNull(recipes.DFile):
		return rec.Values.Path(recipes.DFile)
	}
	return o.DefaultOutput
}

// saveMode is --save, else save, else append.
func saveMode(rec *recipes.Recipe, f *jobFlags) string {
	switch {
	case f.save != "":
		return f.save
	case !rec.Values.IsNull(recipes.Save):
		return rec.Values.Text(recipes.Save)
	}
	return recipes.SaveAppend
}

// String is the result in one line.
func (r *result) String() string {
	chunks := "1 chunk"
	if r.Chunks != 1 {
		chunks = fmt.Sprintf("%d chunks", r.Chunks)
	}
	return fmt.Sprintf("%s: %d frames of %d x %d %s in %s, %s, %.3g s, %s MB/s\n", r.File, r.Frames, r.Shape[0], r.Shape[1], r.PixelType,
		chunks, megabytes(r.SizeBytes), r.Seconds, console.Rate(r.MBPerSecond))
}

func megabytes(n int64) string {
	switch {
	case n >= 1e9:
		return fmt.Sprintf("%.2f GB", float64(n)/1e9)
	case n >= 1e6:
		return fmt.Sprintf("%.1f MB", float64(n)/1e6)
	}
	return fmt.Sprintf("%.1f kB", float64(n)/1e3)
}
