package beam

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"sort"
	"strconv"
	"strings"

	"ptyprep/internal/recipes"
	"ptyprep/internal/scan/nearby"
	"ptyprep/internal/scan/param"
	"ptyprep/internal/scan/problem"
)

// Var is a value for %(Name)s in a pattern that is not simply a parameter's text.
type Var struct {
	Name  string
	Value string
	// Resolved marks a path that starts from the recipe's folder already (BasePath's result).
	Resolved bool
}

// Expand fills in the pattern that parameter k holds and gives the path, which starts from the
// recipe's folder where it is relative. %(name)s, %(name)d and %(name)05d take the value of
// the parameter of that name, %% is a per cent sign; vars go before parameters. A pattern that
// begins with a path that is resolved already (a Var, or a parameter of the form Path) is not
// resolved again. Errors name the parameter and are of the class Usage.
func Expand(v *param.Values, k param.Key, vars ...Var) (string, error) {
	e := expander{v: v, k: k, vars: vars}
	prefix, text, err := e.fill(v.Text(k))
	if err != nil {
		return "", err
	}
	if prefix == "" {
		if text, err = v.Resolve(k, text); err != nil {
			return "", err
		}
		return oneSlash(text), nil
	}
	if strings.Contains(text, "$") { // behind a folder: variables count, a leading / does not
		if text, err = v.Resolve(k, "/"+text); err != nil {
			return "", err
		}
		text = text[1:]
	}
	return oneSlash(prefix + text), nil
}

type expander struct {
	v    *param.Values
	k    param.Key
	vars []Var
}

// fill replaces all references. prefix is a resolved path that the text begins with.
func (e *expander) fill(pattern string) (prefix, text string, err error) {
	var out strings.Builder
	for rest := pattern; ; {
		i := strings.IndexByte(rest, '%')
		if i < 0 {
			out.WriteString(rest)
			return prefix, out.String(), nil
		}
		out.WriteString(rest[:i])
		rest = rest[i+1:]
		if strings.HasPrefix(rest, "%") {
			out.WriteByte('%')
			rest = rest[1:]
			continue
		}
		name, format, tail, ok := reference(rest)
		if !ok {
			return "", "", e.v.Problem(e.k, "%q holds a %% that begins no reference", pattern).
				WithHint("write %%(name)s, %%(name)d or %%(name)05d with the name of a parameter, or %%%% for a per cent sign")
		}
		rest = tail
		value, resolved, err := e.value(name)
		if err != nil {
			return "", "", err
		}
		if value, err = e.format(name, format, value); err != nil {
			return "", "", err
		}
		if resolved && out.Len() == 0 && prefix == "" {
			prefix = value
			continue
		}
		out.WriteString(value)
	}
}

// reference splits "(name)05d..." into name, "05d" and the rest.
func reference(s string) (name, format, rest string, ok bool) {
	end := strings.IndexByte(s, ')')
	if !strings.HasPrefix(s, "(") || end < 2 {
		return "", "", "", false
	}
	name, s = s[1:end], s[end+1:]
	n := 0
	for n < len(s) && '0' <= s[n] && s[n] <= '9' {
		n++
	}
	if n == len(s) || n > 2 || s[n] != 's' && s[n] != 'd' {
		return "", "", "", false
	}
	return name, s[:n+1], s[n+1:], true
}

// value looks a name up. resolved says that it is a path which starts from the recipe's folder.
func (e *expander) value(name string) (value string, resolved bool, err error) {
	for _, x := range e.vars {
		if x.Name == name {
			return x.Value, x.Resolved, nil
		}
	}
	p := e.v.Tree().Lookup(name)
	if p == nil || p.IsGroup() || p.IsSet() {
		err := e.v.Problem(e.k, "refers to %%(%s), and there is no such parameter", name)
		var names []string
		for _, q := range e.v.Tree().Params() {
			names = append(names, q.Path)
		}
		if near, ok := nearby.Nearest(name, names); ok {
			err = err.WithHint("did you mean %%(%s)?", near)
		}
		return "", false, err
	}
	x := e.v.Get(p.Key())
	switch x.Kind {
	case param.Null:
		return "", false, e.v.Problem(e.k, "refers to %s, which is not given", name).WithHint("give %s", name)
	case param.Path:
		return x.Path, true, nil
	case param.Text, param.Int, param.Float, param.Bool:
	default:
		return "", false, e.v.Problem(e.k, "refers to %s, which is neither a text nor a number", name)
	}
	if strings.Contains(x.Text, "%(") {
		return "", false, e.v.Problem(e.k, "refers to %s, which is a pattern itself (%s)", name, x.Text).
			WithHint("refer to the parameters that %s is made of", name)
	}
	if x.Kind == param.Int {
		return strconv.FormatInt(x.Int, 10), false, nil
	}
	return x.Text, false, nil
}

// format writes a value as s, d or with a width ("05d").
func (e *expander) format(name, format, value string) (string, error) {
	width, _ := strconv.Atoi(format[:len(format)-1])
	if strings.HasSuffix(format, "s") {
		return fmt.Sprintf("%*s", width, value), nil
	}
	n, err := strconv.ParseInt(strings.TrimSpace(value), 10, 64)
	if err != nil {
		return "", e.v.Problem(e.k, "%%(%s)%s wants a whole number, and %s is %q", name, format, name, value)
	}
	if strings.HasPrefix(format, "0") {
		return fmt.Sprintf("%0*d", width, n), nil
	}
	return fmt.Sprintf("%*d", width, n), nil
}

// Asked gives the parameter that asks for the file of a pattern which goes with a number, such as a
// dark: the number where it is given, or the pattern where the recipe's does without it. ok is false
// when neither does. A pattern that needs the number asks for nothing by itself: recipes that are
// written out in full hold it.
func Asked(v *param.Values, number, pattern param.Key) (by param.Key, ok bool) {
	if !v.IsNull(number) {
		return number, true
	}
	text := strings.ReplaceAll(v.Text(pattern), "%%", "")
	return pattern, v.Given(pattern) && !strings.Contains(text, "%("+number.Path()+")")
}

// oneSlash makes one of repeated slashes, and of /./: patterns join folders that may end in one.
func oneSlash(s string) string {
	for _, double := range []string{"//", "/./"} {
		for strings.Contains(s, double) {
			s = strings.ReplaceAll(s, double, "/")
		}
	}
	return s
}

// Slash gives a folder its slash at the end.
func Slash(folder string) string {
	if folder == "" || strings.HasSuffix(folder, "/") {
		return folder
	}
	return folder + "/"
}

// BasePath is the folder of parameter k, with a slash at its end. Null: going up from the
// recipe's folder, the first folder that holds the entry marker, and sub in it ("": itself).
func BasePath(v *param.Values, k param.Key, marker, sub string) (string, error) {
	if !v.IsNull(k) {
		if dir := v.Path(k); dir != "" {
			return oneSlash(Slash(dir)), nil
		}
		return "./", nil
	}
	start := v.Dir()
	if start == "" {
		start = "."
	}
	for dir := start; ; dir = filepath.Join(dir, "..") {
		if _, err := os.Stat(filepath.Join(dir, marker)); err == nil {
			return Slash(filepath.Join(dir, sub)), nil
		}
		abs, err := filepath.Abs(dir)
		if err != nil {
			return "", problem.Internalf("%s: the working directory is not known", v.Where(k)).Because(err)
		}
		if abs == filepath.Dir(abs) {
			return "", v.InputProblem(k, "is null, and no folder from %s upwards holds %s", start, marker).
				WithHint("give %s", k.Path())
		}
	}
}

// Required gives problems for parameters that are null and must not be.
func Required(v *param.Values, keys ...param.Key) error {
	var bad problem.List
	for _, k := range keys {
		if v.IsNull(k) {
			help := strings.TrimSuffix(v.Tree().Lookup(k.Path()).Help, " It must be given.")
			bad = append(bad, v.Problem(k, "must be given: %s", strings.TrimSuffix(help, ".")))
		}
	}
	return bad.Err()
}

// Match lists the files of a folder whose names fit pattern (*, ?, [...] in the name; folders in
// front of it are taken as they are), sorted by the bytes of their names. where names the
// parameter for messages; no match is an Input problem.
func Match(where, dir, pattern string) ([]string, error) {
	if i := strings.LastIndexByte(pattern, '/'); i >= 0 {
		dir, pattern = oneSlash(Slash(dir)+pattern[:i+1]), pattern[i+1:]
	}
	if dir == "" {
		dir = "./"
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, folderProblem(where, dir, pattern, err)
	}
	var out, others []string
	for _, e := range entries {
		ok, err := path.Match(pattern, e.Name())
		switch {
		case err != nil:
			return nil, problem.Usagef("%s: %q is no valid pattern", where, pattern).Because(err)
		case ok && !e.IsDir():
			out = append(out, Slash(dir)+e.Name())
		case !e.IsDir() && len(others) < 4:
			others = append(others, e.Name())
		}
	}
	if len(out) == 0 {
		p := problem.Inputf("%s: no file matches %s%s", where, Slash(dir), pattern)
		if len(others) > 0 {
			p = p.WithHint("there are: %s, ...", strings.Join(others, ", "))
		}
		return nil, p
	}
	sort.Strings(out)
	return out, nil
}

// folderProblem says which folder on the way is not there.
func folderProblem(where, dir, pattern string, err error) *problem.Error {
	if !errors.Is(err, fs.ErrNotExist) {
		return problem.Inputf("%s: the folder %s cannot be read", where, dir).Because(problem.Bare(err))
	}
	p := problem.Inputf("%s: no file matches %s%s: there is no folder %s", where, Slash(dir), pattern, dir)
	p.Hint = nearby.FolderHint(dir)
	return p
}

// Note adds a file that a recipe read to the list of its inputs.
func Note(env *recipes.Env, v *param.Values, where, file string) error {
	if err := env.Inputs.Add(file, v.Dir()); err != nil {
		return problem.Inputf("%s: %s cannot be looked at", where, file).Because(err)
	}
	return nil
}

// DefaultOutput is the name of the result when the recipe gives none: prepdata/data_<id>.ptyd
// below the recipe's folder; empty without an id.
func DefaultOutput(v *param.Values, id string) string {
	if id == "" {
		return ""
	}
	id = strings.NewReplacer("/", "_", string(os.PathSeparator), "_").Replace(id)
	return filepath.Join(v.Dir(), "prepdata", "data_"+id+".ptyd")
}

// Multipliers are the factors of n motors, to metres: one number for all, or one for each; of
// two for three motors the last counts twice.
func Multipliers(v *param.Values, k param.Key, n int) ([]float64, error) {
	m := v.Floats(k)
	switch {
	case len(m) == 0:
		return nil, v.Problem(k, "must be given: the factor from the stored positions to metres")
	case len(m) > n:
		return nil, v.Problem(k, "has %d factors for %d motors", len(m), n)
	}
	for len(m) < n {
		m = append(m, m[len(m)-1])
	}
	return m, nil
}
