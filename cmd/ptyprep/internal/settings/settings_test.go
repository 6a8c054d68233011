package settings

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spf13/pflag"

	"ptyprep/internal/scan/problem"
)

// clean takes all PTYPREP_* variables out of the test's environment.
func clean(t *testing.T) {
	t.Helper()
	for _, e := range os.Environ() {
		if name, _, _ := strings.Cut(e, "="); strings.HasPrefix(name, envPrefix) {
			t.Setenv(name, "")
			os.Unsetenv(name)
		}
	}
}

func write(t *testing.T, dir, name, text string) string {
	t.Helper()
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	p := filepath.Join(dir, name)
	if err := os.WriteFile(p, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return p
}

func flags(t *testing.T, args ...string) *pflag.FlagSet {
	t.Helper()
	f := pflag.NewFlagSet("test", pflag.ContinueOnError)
	AddFlags(f)
	if err := f.Parse(args); err != nil {
		t.Fatal(err)
	}
	return f
}

func value(r *Resolved, name string) Value {
	for _, v := range r.Values {
		if v.Name == name {
			return v
		}
	}
	return Value{}
}

// Flags beat the environment, which beats the file of the working directory, which alone is read
// when there is one in the user's folder too; then come the defaults.
func TestPrecedence(t *testing.T) {
	clean(t)
	here, user := t.TempDir(), t.TempDir()
	hereFile := write(t, here, "ptyprep.yaml", "workers: 2\nmemory: 1GiB\nprogress: none\n")
	userFile := write(t, user, "ptyprep.toml", "workers = 7\nchecksum = true\n")
	t.Setenv("PTYPREP_WORKERS", "3")
	t.Setenv("PTYPREP_PROGRESS", "plain")

	check := func(r *Resolved, name, text, from string) {
		t.Helper()
		if v := value(r, name); v.Text != text || v.From != from {
			t.Errorf("%s = %s from %s, want %s from %s", name, v.Text, v.From, text, from)
		}
	}
	r, err := Resolve(flags(t, "--workers", "4"), []string{here, user})
	if err != nil {
		t.Fatal(err)
	}
	check(r, Workers, "4", "flag --workers")
	check(r, Progress, "plain", "PTYPREP_PROGRESS")
	check(r, Memory, "1GiB", hereFile)
	check(r, Checksum, "false", "default")

	os.Remove(hereFile)
	if r, err = Resolve(flags(t), []string{here, user}); err != nil {
		t.Fatal(err)
	}
	check(r, Workers, "3", "PTYPREP_WORKERS")
	check(r, Checksum, "true", userFile)
	check(r, Memory, "256MiB", "default")
	if r.File != userFile {
		t.Errorf("read %q, want %q", r.File, userFile)
	}
}

// A flag that is given with the value of its default still counts as given.
func TestFlagGivenAsDefault(t *testing.T) {
	clean(t)
	t.Setenv("PTYPREP_PROGRESS", "none")
	t.Setenv("PTYPREP_NO_LOCK", "yes")
	r, err := Resolve(flags(t, "--progress=auto", "--no-lock=false"), nil)
	if err != nil {
		t.Fatal(err)
	}
	if v := value(r, Progress); v.Text != "auto" || v.From != "flag --progress" {
		t.Errorf("progress = %s from %s", v.Text, v.From)
	}
	if v := value(r, NoLock); v.Text != "false" || v.From != "flag --no-lock" {
		t.Errorf("no-lock = %s from %s", v.Text, v.From)
	}
}

// Only some commands have all flags; environment and file still count there.
func TestWithoutFlag(t *testing.T) {
	clean(t)
	dir := t.TempDir()
	write(t, dir, "ptyprep.yml", "no-lock: true\n")
	r, err := Resolve(pflag.NewFlagSet("none", pflag.ContinueOnError), []string{dir})
	if err != nil {
		t.Fatal(err)
	}
	if got := r.Text(NoLock); got != "true" {
		t.Errorf("no-lock = %s, want true (hyphens may stand in a file, too)", got)
	}
}

func TestBadValues(t *testing.T) {
	for _, c := range []struct {
		name, file, text string // a configuration file
		env, envText     string
		args             []string
		msg, hint        string // parts of them
	}{
		{name: "flag", args: []string{"--workers", "0.5"}, msg: `--workers: is "0.5", expected auto or a whole number in 1..1024`, hint: "default is auto"},
		{name: "environment", env: "PTYPREP_COMPRESSION", envText: "deflat", msg: `PTYPREP_COMPRESSION: is "deflat"`, hint: "ptyprep config"},
		{name: "level", args: []string{"--compression=deflate:12"}, msg: "deflate:1 to deflate:9", hint: "did you mean deflate:1?"},
		{name: "checksum in compression", args: []string{"--compression=zstd+fletcher32"}, msg: "--compression", hint: "default"},
		{name: "word", args: []string{"--progress", "plian"}, msg: `--progress: is "plian"`, hint: "did you mean plain?"},
		{name: "unit", args: []string{"--memory", "512"}, msg: `--memory: is "512", expected a size of 16MiB or more`, hint: "did you mean 512MiB?"},
		{name: "small with unit", args: []string{"--memory", "1MiB"}, msg: `--memory: is "1MiB", expected a size of 16MiB or more`, hint: "did you mean 16MiB?"},
		{name: "unknown key", file: "ptyprep.yaml", text: "wokers: 3\n", msg: "ptyprep.yaml: wokers is no setting", hint: "did you mean workers?"},
		{name: "other key", file: "ptyprep.toml", text: "energy = 7.2\n", msg: "energy is no setting", hint: "belong into a recipe"},
		{name: "value in file", file: "ptyprep.toml", text: "workers = 'many'\n", msg: "ptyprep.toml: workers: is \"many\"", hint: "default"},
		{name: "list in file", file: "ptyprep.yaml", text: "memory: [1, 2]\n", msg: "ptyprep.yaml: memory: is [1 2]", hint: "default"},
		{name: "no YAML", file: "ptyprep.yaml", text: "workers: [3\n", msg: "ptyprep.yaml: the configuration file cannot be understood", hint: "workers: 4"},
		{name: "a recipe", file: "ptyprep.yaml", text: "name: Hdf5Loader\nenergy: 7\nshape: 3\ndistance: 2\n", msg: "4 keys are no settings", hint: "is it a recipe?"},
	} {
		t.Run(c.name, func(t *testing.T) {
			clean(t)
			dir := t.TempDir()
			if c.file != "" {
				write(t, dir, c.file, c.text)
			}
			if c.env != "" {
				t.Setenv(c.env, c.envText)
			}
			_, err := Resolve(flags(t, c.args...), []string{dir})
			l := problem.Of(err)
			if len(l) != 1 {
				t.Fatalf("%d problems, want 1: %v", len(l), err)
			}
			if l[0].Class != problem.Usage || !strings.Contains(l[0].Error(), c.msg) || !strings.Contains(l[0].Hint, c.hint) {
				t.Errorf("class %d: %s\nhint: %s\nwant %q, hint %q", l[0].Class, l[0], l[0].Hint, c.msg, c.hint)
			}
		})
	}
}

// All that is wrong is said at once.
func TestAllProblemsTogether(t *testing.T) {
	clean(t)
	dir := t.TempDir()
	write(t, dir, "ptyprep.yaml", "wokers: 3\nprogress: fast\n")
	t.Setenv("PTYPREP_MEMORY", "lots")
	if _, err := Resolve(flags(t, "--log-format", "xml"), []string{dir}); len(problem.Of(err)) != 4 {
		t.Errorf("%d problems, want 4:\n%v", len(problem.Of(err)), err)
	}
}

func TestTwoFiles(t *testing.T) {
	clean(t)
	dir := t.TempDir()
	write(t, dir, "ptyprep.yaml", "workers: 3\n")
	write(t, dir, "ptyprep.toml", "workers = 3\n")
	if _, err := Resolve(flags(t), []string{dir}); problem.ClassOf(err) != problem.Usage {
		t.Errorf("%v", err)
	}
}

func TestStrangeVariable(t *testing.T) {
	clean(t)
	t.Setenv("PTYPREP_WORKER", "3")
	r, err := Resolve(flags(t), nil)
	if err != nil || len(r.Warnings) != 1 || !strings.Contains(r.Warnings[0], "did you mean PTYPREP_WORKERS?") {
		t.Errorf("%v %v", r, err)
	}
}

func TestBytes(t *testing.T) {
	// k, M, G alone and KiB... count in 1024s, kB, MB, GB in 1000s.
	for text, want := range map[string]int64{
		"16777216": 16 << 20, "512MiB": 512 << 20, "512M": 512 << 20, "512m": 512 << 20, "2GB": 2e9, "1.5 GiB": 3 << 29, "20000kB": 20e6, "1T": 1 << 40,
	} {
		c, err := checkMemory(text)
		if err != nil || BytesOf(c) != want {
			t.Errorf("%s: %s = %d, %v; want %d", text, c, BytesOf(c), err, want)
		}
	}
	for _, text := range []string{"", "G", "-1G", "1.2.3G", "5 furlongs", "1e30T", "99999999999999999999", "15MiB"} {
		if c, err := checkMemory(text); err == nil {
			t.Errorf("%q is taken as %s", text, c)
		}
	}
}

func TestCompression(t *testing.T) {
	for text, want := range map[string]string{"": "auto", "gzip": "deflate:1", "DEFLATE:9": "deflate:9", "deflate:4+shuffle": "deflate:4+shuffle", "zstd": "zstd:3", "lz4": "lz4", "none": "none"} {
		if c, err := checkCompression(text); err != nil || c != want || CompressionOf(c).String() != want {
			t.Errorf("%q: %q, %v; want %q", text, c, err, want)
		}
	}
}

func TestFormatFromArgs(t *testing.T) {
	clean(t)
	for _, c := range []struct {
		args string
		want string
	}{
		{"convert --log-format json x", LogJSON}, {"--log-format=json", LogJSON}, {"--log-format", LogText},
		{"convert -- --log-format=json", LogText}, {"--log-format=text", LogText},
	} {
		if got := FormatFromArgs(strings.Fields(c.args)); got != c.want {
			t.Errorf("%s: %s", c.args, got)
		}
	}
	t.Setenv("PTYPREP_LOG_FORMAT", "JSON")
	if FormatFromArgs(nil) != LogJSON || FormatFromArgs([]string{"--log-format", "text"}) != LogText {
		t.Error("the environment counts, the flag more")
	}
}
