package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"ptyprep/cmd/ptyprep/internal/console"
	"ptyprep/internal/formats/h5"
	"ptyprep/internal/formats/ptyd"
	"ptyprep/internal/imgproc/pix"
	"ptyprep/internal/recipes"
	"ptyprep/internal/scan"
	"ptyprep/internal/scan/param"
	"ptyprep/internal/scan/problem"
)

// made is a recipe without inputs whose scan goes as a test wants it.
type made struct {
	leftOut  []string
	loadErr  error
	closeErr error
	panics   bool
	recorded scan.Recorded
}

func (m *made) Describe(context.Context) (*scan.Description, error) {
	return &scan.Description{Frames: 4, Rows: 4, Cols: 4, Type: pix.Uint8, RawType: pix.Uint8, LeftOut: m.leftOut, Recorded: m.recorded}, nil
}

func (m *made) Load(_ context.Context, f *scan.Frame) error {
	if m.panics {
		panic("index out of range")
	}
	f.Pix.Resize(pix.Uint8, 4, 4)
	clear(f.Pix.Bytes)
	return m.loadErr
}

func (m *made) Close() error { return m.closeErr }

// convertMade runs ptyprep convert with the recipe `Made` and gives status, output and the .ptyd's path.
func convertMade(t *testing.T, m *made, args ...string) (status int, stdout, stderr, out string) {
	t.Helper()
	return runMade(t, m, true, args...)
}

// runMade is convertMade that names the output only when asked.
func runMade(t *testing.T, m *made, named bool, args ...string) (status int, stdout, stderr, out string) {
	t.Helper()
	dir := t.TempDir()
	t.Setenv("XDG_CONFIG_HOME", dir)
	recipe := filepath.Join(dir, "r.yaml")
	if err := os.WriteFile(recipe, []byte("name: Made\nenergy: 7\ndistance: 1\npsize: 1.0e-4\nshape: 4\nauto_center: false\n"), 0o666); err != nil {
		t.Fatal(err)
	}
	out = filepath.Join(dir, "out.ptyd")
	var o, e bytes.Buffer
	a := &app{con: console.New(&o, &e, console.Options{}), registry: func() *recipes.Registry {
		return recipes.NewRegistry(recipes.Spec{Name: "Made", Tree: recipes.NewTree("Made", ""), Open: recipes.OpenFunc(
			func(_ context.Context, _ *recipes.Env, v *param.Values) (*recipes.Opened, error) {
				return &recipes.Opened{Source: m, Settings: recipes.Settings(v), DefaultOutput: filepath.Join(v.Dir(), "prepdata", "data_1.ptyd")}, nil
			})})
	}}
	root := a.root(&e)
	args = append([]string{"convert", recipe, "--progress", "none"}, args...)
	if named {
		args = append(args, "-o", out)
	} else {
		out = filepath.Join(dir, "prepdata", "data_1.ptyd")
	}
	root.SetArgs(args)
	root.SetOut(&o)
	root.SetErr(&e)
	status = a.finish(t.Context(), root.ExecuteContext(t.Context()))
	return status, o.String(), e.String(), out
}

// The folder of a name that the recipe makes up is made, and not left behind empty.
func TestMadeUpName(t *testing.T) {
	status, stdout, stderr, out := runMade(t, &made{}, false)
	if status != 0 || !strings.HasPrefix(stdout, out+": 4 frames") {
		t.Errorf("status %d\n%s%s", status, stdout, stderr)
	}
	if _, err := os.Stat(out); err != nil {
		t.Error(err)
	}
	status, _, _, out = runMade(t, &made{loadErr: problem.Inputf("raw.h5 is damaged")}, false)
	if _, err := os.Stat(filepath.Dir(out)); status != 5 || !errors.Is(err, os.ErrNotExist) {
		t.Errorf("status %d, folder: %v", status, err)
	}
}

// The experiment that the data name stands in info, unless the recipe gives one.
func TestExperimentInInfo(t *testing.T) {
	for arg, want := range map[string]any{"experimentID=none": "mt9396-1", "experimentID=ours": "ours"} {
		status, _, stderr, out := convertMade(t, &made{recorded: scan.Recorded{Experiment: "mt9396-1"}}, "--set", arg)
		f, err := ptyd.Open(out, h5.OpenOptions{})
		if err != nil {
			t.Fatalf("status %d: %v\n%s", status, err, stderr)
		}
		info, err := f.Info()
		if got, _ := info.Get("experimentID"); err != nil || got.Value != want {
			t.Errorf("%s: experimentID is %v, want %v (%v)", arg, got.Value, want, err)
		}
		if err := f.Close(); err != nil {
			t.Error(err)
		}
	}
}

// Frames that had to be left out unasked: the output is there, one warning says what is missing, exit 3
// (core 11.1).
func TestIncomplete(t *testing.T) {
	m := &made{leftOut: []string{"the log ends at point 4 of 9", "2 frames have no point"}}
	status, stdout, stderr, out := convertMade(t, m)
	if status != 3 || !strings.Contains(stderr, "the log ends at point 4 of 9; 2 frames have no point (exit status 3)") || !strings.HasPrefix(stdout, out+": 4 frames") {
		t.Errorf("status %d\n%s%s", status, stdout, stderr)
	}
	if _, err := os.Stat(out); err != nil {
		t.Error(err)
	}
	status, stdout, _, _ = convertMade(t, m, "--log-format", "json")
	var r struct {
		LeftOut    []string `json:"left_out"`
		ExitStatus int      `json:"exit_status"`
	}
	if err := json.Unmarshal([]byte(stdout), &r); err != nil || status != 3 || r.ExitStatus != 3 || len(r.LeftOut) != 2 {
		t.Errorf("JSON: status %d, %v: %s", status, err, stdout)
	}
	if status, stdout, stderr, _ = convertMade(t, m, "--quiet"); status != 3 || stdout != "" || !strings.Contains(stderr, "warning") {
		t.Errorf("quiet: status %d\n%s%s", status, stdout, stderr)
	}
}

// The class of an error is the exit status; a panic is an internal error that asks for a report. In no
// case is there an output.
func TestExitStatus(t *testing.T) {
	for name, c := range map[string]struct {
		m    made
		want int
		text string
	}{
		"input":    {made{loadErr: problem.Inputf("raw.h5 is damaged").WithHint("copy it again")}, 5, "ptyprep: error: raw.h5 is damaged\nptyprep: hint: copy it again\n"},
		"usage":    {made{loadErr: problem.Usagef("recipe")}, 4, "ptyprep: error: recipe\n"},
		"internal": {made{loadErr: errors.New("what")}, 1, "ptyprep: error: what\n"},
		"panic":    {made{panics: true}, 1, "frame 0: internal error: index out of range\nptyprep: hint: this is a bug of ptyprep"},
		"both":     {made{loadErr: problem.Inputf("first"), closeErr: errors.New("second")}, 5, "ptyprep: error: first\n"},
	} {
		status, stdout, stderr, out := convertMade(t, &c.m)
		if status != c.want || !strings.Contains(stderr, c.text) || stdout != "" || strings.Contains(stderr, "second") {
			t.Errorf("%s: status %d, want %d\n%s%s", name, status, c.want, stdout, stderr)
		}
		if _, err := os.Stat(out); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("%s: %v", name, err)
		}
	}
	// Inputs that cannot be closed after all went well: they were only read, so a warning.
	if status, _, stderr, _ := convertMade(t, &made{closeErr: errors.New("stale handle")}); status != 0 || !strings.Contains(stderr, "warning: the inputs could not be closed: stale handle") {
		t.Errorf("closing: status %d\n%s", status, stderr)
	}
}
