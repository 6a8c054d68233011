package recipes

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"ptyprep/internal/scan/nearby"
	"ptyprep/internal/scan/param"
	"ptyprep/internal/scan/problem"
)

// Limits that no recipe written by hand comes near; they keep a wrong file from eating memory.
const (
	maxBytes   = 10 << 20
	maxValues  = 1_000_000 // about 300,000 scan points; the parsers need some 400 bytes for each
	maxKeys    = 10_000    // go-toml looks through all of them for each
	maxDepth   = 64        // nesting of groups and lists
	maxAliased = 100_000   // nodes that YAML aliases and merge keys may add
)

// readFile gives the bytes of a recipe file and its format, ".yaml" or ".toml".
func readFile(path string) ([]byte, string, error) {
	info, err := os.Stat(path)
	switch {
	case path == "-" || path == "/dev/stdin" || strings.HasPrefix(path, "/dev/fd/") || strings.HasPrefix(path, "/proc/self/fd/"):
		return nil, "", problem.Usagef("%s: a recipe cannot come from a stream: its relative paths start from its folder, and its ending says how it is written", path).
			WithHint("write it into a file that ends in .yaml or .toml")
	case errors.Is(err, fs.ErrNotExist):
		return nil, "", notThere(path)
	case err != nil:
		return nil, "", problem.Inputf("%s: the recipe file cannot be read", path).Because(problem.Bare(err))
	case info.IsDir():
		return nil, "", inFolder(path, problem.Inputf("%s: is a folder, not a recipe file", path))
	}
	format, err := formatOf(path)
	if err != nil {
		return nil, "", err
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, "", problem.Inputf("%s: the recipe file cannot be read", path).Because(problem.Bare(err))
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, maxBytes+1))
	if err != nil {
		return nil, "", problem.Inputf("%s: the recipe file cannot be read", path).Because(problem.Bare(err))
	}
	if len(b) > maxBytes {
		return nil, "", problem.Usagef("%s: is larger than %d MB, too much for a recipe", path, maxBytes>>20).
			WithHint("long lists of numbers can stay in an HDF5 file: {file: PATH, key: DATASET}")
	}
	return b, format, nil
}

// formatOf decides by the extension.
func formatOf(path string) (string, error) {
	switch ext := strings.ToLower(filepath.Ext(path)); ext {
	case ".yaml", ".yml":
		return ".yaml", nil
	case ".toml":
		return ".toml", nil
	case ".json":
		return "", problem.Usagef("%s: a recipe file ends in .yaml, .yml or .toml", path).
			WithHint("JSON is YAML too: rename the file to end in .yaml")
	case ".py":
		return "", problem.Usagef("%s: a recipe file ends in .yaml, .yml or .toml, and this is a Python script", path).
			WithHint("write the parameters of p.scans.<scan>.data into a YAML file; 'ptyprep recipes show NAME' prints an example")
	}
	return "", problem.Usagef("%s: a recipe file ends in .yaml, .yml or .toml", path).
		WithHint("the ending decides how the file is read; rename the file, or see 'ptyprep recipes show NAME'")
}

// notThere names near misses in the folder: recpie.yaml -> recipe.yaml.
func notThere(path string) *problem.Error {
	err := problem.Inputf("%s: there is no such recipe file", path)
	files, readErr := nearby.FilesIn(filepath.Dir(path), isRecipe)
	if readErr != nil {
		err.Hint = nearby.FolderHint(filepath.Dir(path))
		return err
	}
	if near, ok := nearby.NearestFile(path, files); ok {
		return err.WithHint("did you mean %s?", near)
	}
	return hintFiles(err, filepath.Dir(path), files)
}

// inFolder hints at the recipe files of a folder that was given in place of one.
func inFolder(path string, err *problem.Error) *problem.Error {
	files, readErr := nearby.FilesIn(path, isRecipe)
	if readErr != nil {
		return err
	}
	return hintFiles(err, path, files)
}

func isRecipe(name string) bool {
	_, err := formatOf(name)
	return err == nil
}

func hintFiles(err *problem.Error, folder string, files []string) *problem.Error {
	if len(files) == 0 {
		return err.WithHint("the folder %s holds no .yaml, .yml or .toml file", folder)
	}
	return err.WithHint("recipe files in %s: %s", folder, problem.Few(files, 8))
}

// decodeText gives a recipe file as UTF-8 without a byte order mark. UTF-16 with a mark, as some
// Windows editors write, is converted.
func decodeText(file string, b []byte) ([]byte, error) {
	switch {
	case bytes.HasPrefix(b, []byte{0xEF, 0xBB, 0xBF}):
		b = b[3:]
	case bytes.HasPrefix(b, []byte{0xFF, 0xFE}):
		b = fromUTF16(b[2:], 1) // little-endian
	case bytes.HasPrefix(b, []byte{0xFE, 0xFF}):
		b = fromUTF16(b[2:], 0) // big-endian
	}
	if i := bytes.IndexByte(b, 0); i >= 0 {
		return nil, problem.Usagef("%s: is not a text file (byte 0 in line %d)", file, lineOf(b, i)).
			WithHint("a recipe is a text in UTF-8; is this a data file, or a text in UTF-16 without a byte order mark?")
	}
	for i := 0; i < len(b); {
		r, n := utf8.DecodeRune(b[i:])
		if r == utf8.RuneError && n <= 1 {
			return nil, problem.Usagef("%s:%d: the text is not UTF-8 (byte 0x%02x)", file, lineOf(b, i), b[i]).
				WithHint("save the file as UTF-8")
		}
		i += n
	}
	return b, nil
}

// fromUTF16 converts; high is where in a pair of bytes the high one stands. An odd last byte becomes a zero
// byte, which is refused later.
func fromUTF16(b []byte, high int) []byte {
	units := make([]uint16, (len(b)+1)/2)
	for i := range b {
		shift := 0
		if i%2 == high {
			shift = 8
		}
		units[i/2] |= uint16(b[i]) << shift
	}
	if len(b)%2 == 1 {
		units[len(units)-1] = 0
	}
	return []byte(string(utf16.Decode(units)))
}

func lineOf(b []byte, offset int) int { return 1 + bytes.Count(b[:offset], []byte{'\n'}) }

// values is an upper bound for the number of values of a text: each needs a sign of its own to be
// told from the next.
func values(text []byte) int {
	n := 0
	for _, c := range text {
		switch c {
		case ',', '[', '{', '\n', '\r':
			n++
		}
	}
	return n
}

// parse turns the text of a recipe into nodes.
func parse(file, format string, text []byte) (*param.Node, error) {
	if n := values(text); n > maxValues {
		return nil, problem.Usagef("%s: holds more than %d values, too much for a recipe", file, maxValues).
			WithHint("long lists of numbers can stay in an HDF5 file: {file: PATH, key: DATASET}")
	}
	var root *param.Node
	var err error
	if format == ".toml" {
		root, err = parseTOML(file, text)
	} else {
		root, err = parseYAML(file, text)
	}
	if err != nil {
		return nil, err
	}
	if root == nil || root.Null || root.Kind == param.MapNode && len(root.Fields) == 0 {
		return nil, problem.Usagef("%s: the recipe is empty", file).
			WithHint("it needs at least 'name: RECIPE'; 'ptyprep recipes list' prints the names")
	}
	if root.Kind != param.MapNode {
		what := "a single value"
		if root.Kind == param.ListNode {
			what = "a list"
		}
		return nil, problem.Usagef("%s: a recipe is made of lines 'key: value', and this is %s", root.Pos, what)
	}
	return root, nil
}

// tooManyKeys is the problem of a file that is no recipe.
func tooManyKeys(at param.Position) *problem.Error {
	return problem.Usagef("%s: the recipe has more than %d keys", at, maxKeys)
}

// tooDeep is the problem of a file that nests beyond reason.
func tooDeep(at param.Position) *problem.Error {
	return problem.Usagef("%s: groups and lists lie deeper than %d levels", at, maxDepth)
}

// syntax is a problem of the file's grammar.
func syntax(at param.Position, kind, format string, args ...any) *problem.Error {
	return problem.Usagef("%s: is not valid %s: %s", at, kind, fmt.Sprintf(format, args...))
}
