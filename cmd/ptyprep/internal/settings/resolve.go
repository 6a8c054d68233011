package settings

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sort"
	"strings"

	"github.com/spf13/pflag"
	"github.com/spf13/viper"

	"ptyprep/internal/scan/nearby"
	"ptyprep/internal/scan/problem"
)

var errBad = errors.New("not one of the values there are")

// fileNames are those of a configuration file, in one folder.
var fileNames = []string{"ptyprep.yaml", "ptyprep.yml", "ptyprep.toml"}

// Value is a setting with where it came from.
type Value struct {
	*Setting
	Text string // in its one spelling
	From string // "flag --workers", "PTYPREP_WORKERS", the configuration file's path or "default"
}

// Resolved are all settings.
type Resolved struct {
	Values   []Value
	File     string   // the configuration file that was read, "" without one
	Warnings []string // about PTYPREP_* variables that mean nothing
}

// Text gives the value of a setting.
func (r *Resolved) Text(name string) string {
	for _, v := range r.Values {
		if v.Name == name {
			return v.Text
		}
	}
	panic("settings: there is no setting " + name)
}

// AddFlags declares the named settings (all of them, if none is named) as flags.
func AddFlags(f *pflag.FlagSet, names ...string) {
	for _, s := range Table() {
		if len(names) > 0 && !slices.Contains(names, s.Name) || f.Lookup(s.Name) != nil {
			continue
		}
		if s.Bool {
			f.Bool(s.Name, s.Default == "true", s.Help)
			continue
		}
		f.String(s.Name, s.Default, s.Help)
	}
}

// Folders are where a configuration file is looked for; the first one that has a file counts.
func Folders() []string {
	folders := []string{""}
	if dir, err := os.UserConfigDir(); err == nil {
		folders = append(folders, filepath.Join(dir, "ptyprep"))
	}
	return folders
}

// Resolve finds the value of every setting. All that is wrong is reported together, as usage
// problems.
func Resolve(flags *pflag.FlagSet, folders []string) (*Resolved, error) {
	path, err := findFile(folders)
	if err != nil {
		return nil, err
	}
	v := viper.New()
	var bad problem.List
	if path != "" {
		bad = append(bad, readFile(v, path)...)
	}
	r := &Resolved{File: path, Warnings: strangeVariables()}
	for _, s := range Table() {
		v.SetDefault(s.Key(), s.Default)
		if err := v.BindEnv(s.Key(), s.Env()); err != nil {
			return nil, problem.Internalf("setting %s", s.Name).Because(err)
		}
		f := flags.Lookup(s.Name)
		if f != nil {
			if err := v.BindPFlag(s.Key(), f); err != nil {
				return nil, problem.Internalf("setting %s", s.Name).Because(err)
			}
		}
		from, where := "default", "--"+s.Name
		switch {
		case f != nil && f.Changed:
			from = "flag --" + s.Name
		case os.Getenv(s.Env()) != "":
			from, where = s.Env(), s.Env()
		case v.InConfig(s.Key()) && v.Get(s.Key()) != nil:
			from, where = path, path+": "+s.Key()
		}
		raw := v.Get(s.Key())
		text, err := s.check(fmt.Sprint(raw))
		if err != nil {
			bad = append(bad, problem.Usagef("%s: is %v, expected %s", where, quote(raw), s.Takes).WithHint("%s", s.hint(fmt.Sprint(raw))))
			continue
		}
		r.Values = append(r.Values, Value{Setting: s, Text: text, From: from})
	}
	return r, bad.Err()
}

func quote(x any) string {
	if s, ok := x.(string); ok {
		return fmt.Sprintf("%q", s)
	}
	return fmt.Sprint(x)
}

// hint is what to do about a value that the setting does not take.
func (s *Setting) hint(text string) string {
	number := strings.TrimRight(strings.TrimSpace(text), "bB ")
	if n, ok := parseBytes(number); s.Name == Memory && ok && n < minMemory && strings.Trim(number, "0123456789.") == "" {
		return fmt.Sprintf("a number alone counts bytes: did you mean %sMiB?", number)
	}
	words := strings.FieldsFunc(s.Takes, func(r rune) bool { return r == ' ' || r == ',' })
	if near, ok := nearby.Nearest(text, words); ok && len(near) > 2 {
		return "did you mean " + near + "?"
	}
	return fmt.Sprintf("the default is %s; 'ptyprep config' shows where each setting comes from", s.Default)
}

// findFile gives the configuration file of the first folder that has one.
func findFile(folders []string) (string, error) {
	for _, dir := range folders {
		var found []string
		for _, n := range fileNames {
			p := filepath.Join(dir, n)
			if st, err := os.Stat(p); err == nil && st.Mode().IsRegular() {
				found = append(found, p)
			}
		}
		if len(found) > 1 {
			return "", problem.Usagef("there are two configuration files: %s", strings.Join(found, " and ")).WithHint("keep one of them")
		}
		if len(found) == 1 {
			return found[0], nil
		}
	}
	return "", nil
}

// readFile loads a configuration file into v and says what is wrong with it.
func readFile(v *viper.Viper, path string) problem.List {
	file := viper.New()
	file.SetConfigFile(path)
	if err := file.ReadInConfig(); err != nil {
		var parse viper.ConfigParseError
		if errors.As(err, &parse) {
			return problem.List{problem.Usagef("%s: the configuration file cannot be understood: %s", path, oneLine(parse.Unwrap())).
				WithHint("it holds lines like 'workers: 4' (YAML) or 'workers = 4' (TOML)")}
		}
		return problem.List{problem.Usagef("%s: the configuration file cannot be read", path).Because(problem.Bare(err))}
	}
	known := map[string]bool{}
	var names []string
	for _, s := range Table() {
		known[s.Key()] = true
		names = append(names, s.Key())
	}
	var bad problem.List
	keys := file.AllKeys()
	sort.Strings(keys)
	good := map[string]any{}
	for _, k := range keys {
		key := strings.ReplaceAll(k, "-", "_")
		if known[key] {
			good[key] = file.Get(k)
			continue
		}
		p := problem.Usagef("%s: %s is no setting", path, k)
		if near, ok := nearby.Nearest(key, names); ok {
			bad = append(bad, p.WithHint("did you mean %s?", near))
		} else {
			bad = append(bad, p.WithHint("settings: %s; parameters of a scan belong into a recipe, which must have another name", strings.Join(names, ", ")))
		}
	}
	if len(bad) > 3 { // a recipe under the wrong name: one problem says it
		bad = problem.List{problem.Usagef("%s: %d keys are no settings, the first one is %s", path, len(bad), keys[0]).
			WithHint("this is the name of the tool's configuration file; is it a recipe? give it another name")}
	}
	if err := v.MergeConfigMap(good); err != nil {
		bad = append(bad, problem.Internalf("%s", path).Because(err))
	}
	return bad
}

func oneLine(err error) string { return strings.Join(strings.Fields(err.Error()), " ") }

// strangeVariables names PTYPREP_* variables that are no settings.
func strangeVariables() []string {
	var names, out []string
	known := map[string]bool{}
	for _, s := range Table() {
		known[s.Env()] = true
		names = append(names, s.Env())
	}
	for _, e := range os.Environ() {
		name, _, _ := strings.Cut(e, "=")
		if !strings.HasPrefix(name, envPrefix) || known[name] {
			continue
		}
		w := "the environment variable " + name + " is no setting and is ignored"
		if near, ok := nearby.Nearest(name, names); ok {
			w += "; did you mean " + near + "?"
		}
		out = append(out, w)
	}
	sort.Strings(out)
	return out
}

// FormatFromArgs finds the log format before the command line is understood, so that a message
// about a wrong flag has it too.
func FormatFromArgs(args []string) string {
	format := os.Getenv(envPrefix + "LOG_FORMAT")
	for i, a := range args {
		if a == "--" {
			break
		}
		if v, ok := strings.CutPrefix(a, "--"+LogFormat+"="); ok {
			format = v
		} else if a == "--"+LogFormat && i+1 < len(args) {
			format = args[i+1]
		}
	}
	if strings.EqualFold(format, LogJSON) {
		return LogJSON
	}
	return LogText
}
