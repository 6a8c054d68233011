package recipes

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"

	"ptyprep/internal/scan/param"
	"ptyprep/internal/scan/problem"
)

// Formats are what Show writes.
var Formats = []string{"yaml", "toml", "json"}

// Show writes the recipe's whole tree with its defaults as a recipe file: YAML and TOML with the
// help, unit and allowed values of each parameter as comments, JSON (which is YAML too) bare.
// Loading what it wrote gives the defaults. Parameters without a default are comments.
func Show(w io.Writer, s *Spec, format string) error {
	var b bytes.Buffer
	switch format {
	case "yaml":
		writeIntro(&b, s)
		for _, part := range sections(s) {
			heading(&b, part)
			showYAML(&b, part.params, "")
		}
	case "toml":
		writeIntro(&b, s)
		showTOML(&b, sections(s))
	case "json":
		b.WriteString("{")
		n := 0
		for _, part := range sections(s) {
			n = showJSON(&b, part.params, "  ", n)
		}
		b.WriteString("\n}\n")
	default:
		return problem.Usagef("the format must be %s, and is %q", strings.Join(Formats, ", "), format)
	}
	_, err := w.Write(b.Bytes())
	return err
}

// section is a part of the tree that is shown together.
type section struct {
	title  string
	params []*param.Param
}

// sections puts what is special to the recipe first.
func sections(s *Spec) []section {
	name, own, base, prep := section{title: "The recipe"}, section{title: "Parameters of " + s.Name},
		section{title: "Parameters of every scan"}, section{title: "Parameters of ptyprep"}
	for _, p := range s.full().Children() {
		to := &own
		switch {
		case p.Path == Name.Path():
			to = &name
		case Base.Lookup(p.Path) != nil:
			to = &base
		case Own.Lookup(p.Path) != nil:
			to = &prep
		}
		to.params = append(to.params, p)
	}
	all := []section{name, own, base, prep}
	if len(own.params) == 0 {
		all = []section{name, base, prep}
	}
	return all
}

func writeIntro(b *bytes.Buffer, s *Spec) {
	comment(b, "", s.Name+": "+s.Summary)
	if len(s.Aliases) > 0 {
		comment(b, "", "Also known as "+strings.Join(s.Aliases, ", ")+".")
	}
	comment(b, "", "Every parameter is here with its default; a recipe needs only those that differ. Relative paths start from the folder of the recipe file.")
}

func heading(b *bytes.Buffer, part section) { b.WriteString("\n# ---- " + part.title + " ----\n\n") }

// comment writes a text as comment lines of at most 100 characters.
func comment(b *bytes.Buffer, indent, text string) {
	const width = 100
	line := ""
	flush := func() {
		if line != "" {
			b.WriteString(indent + "# " + line + "\n")
		}
	}
	for _, word := range strings.Fields(text) {
		if line != "" && len(indent)+2+len(line)+1+len(word) > width {
			flush()
			line = ""
		}
		if line != "" {
			line += " "
		}
		line += word
	}
	flush()
}

// help writes what is known about a parameter: its help, then type and unit.
func help(b *bytes.Buffer, p *param.Param, indent string) {
	comment(b, indent, p.Help)
	if p.IsGroup() && p.Forms == param.Group {
		return
	}
	text := p.Type()
	if p.Unit != "" {
		text += "; " + p.Unit
	}
	if p.NoEffect {
		text += "; no effect"
	}
	comment(b, indent, "("+text+")")
}

func showYAML(b *bytes.Buffer, ps []*param.Param, indent string) {
	for _, p := range ps {
		help(b, p, indent)
		switch {
		case p.IsSet():
			names, _ := p.Default.([]string)
			if len(names) == 0 {
				b.WriteString(indent + yamlText(p.Name()) + ": {}\n")
				continue
			}
			b.WriteString(indent + yamlText(p.Name()) + ":\n")
			for _, n := range names {
				b.WriteString(indent + "  " + yamlText(n) + ":\n")
				showYAML(b, p.Entry.Children(), indent+"    ")
			}
		case p.IsGroup():
			b.WriteString(indent + yamlText(p.Name()) + ":")
			if !hasDefaults(p) {
				b.WriteString(" {}")
			}
			b.WriteString("\n")
			showYAML(b, p.Children, indent+"  ")
		case p.Unset:
			b.WriteString(indent + "# " + yamlText(p.Name()) + ":\n")
		default:
			b.WriteString(indent + yamlText(p.Name()) + ": " + flow(p.DefaultValue(), yamlStyle) + "\n")
		}
	}
}

// hasDefaults reports whether a group has anything to show but comments.
func hasDefaults(g *param.Param) bool {
	for _, p := range g.Children {
		if !p.Unset {
			return true
		}
	}
	return false
}

func showJSON(b *bytes.Buffer, ps []*param.Param, indent string, n int) int {
	for _, p := range ps {
		if p.Unset {
			continue
		}
		if n > 0 {
			b.WriteString(",")
		}
		n++
		b.WriteString("\n" + indent + jsonText(p.Name()) + ": ")
		switch {
		case p.IsSet():
			names, _ := p.Default.([]string)
			b.WriteString("{")
			for i, name := range names {
				if i > 0 {
					b.WriteString(",")
				}
				b.WriteString("\n" + indent + "  " + jsonText(name) + ": {")
				showJSON(b, p.Entry.Children(), indent+"    ", 0)
				b.WriteString("\n" + indent + "  }")
			}
			b.WriteString("}")
		case p.IsGroup() && !hasDefaults(p):
			b.WriteString("{}")
		case p.IsGroup():
			b.WriteString("{")
			showJSON(b, p.Children, indent+"  ", 0)
			b.WriteString("\n" + indent + "}")
		default:
			b.WriteString(flow(p.DefaultValue(), jsonStyle))
		}
	}
	return n
}

// showTOML writes plain parameters of all sections first, since a [table] ends the top level.
func showTOML(b *bytes.Buffer, parts []section) {
	for _, part := range parts {
		heading(b, part)
		tomlLeaves(b, part.params)
	}
	for _, part := range parts {
		tomlTables(b, part.params, "")
	}
}

func tomlLeaves(b *bytes.Buffer, ps []*param.Param) {
	for _, p := range ps {
		if p.IsGroup() || p.IsSet() {
			continue
		}
		help(b, p, "")
		if p.Unset {
			b.WriteString("# " + tomlKey(p.Name()) + " =\n")
			continue
		}
		b.WriteString(tomlKey(p.Name()) + " = " + flow(p.DefaultValue(), tomlStyle) + "\n")
	}
}

func tomlTables(b *bytes.Buffer, ps []*param.Param, prefix string) {
	for _, p := range ps {
		path := prefix + tomlKey(p.Name())
		switch {
		case p.IsSet():
			b.WriteString("\n")
			help(b, p, "")
			names, _ := p.Default.([]string)
			if len(names) == 0 {
				b.WriteString("[" + path + "]\n")
			}
			for i, n := range names {
				if i > 0 {
					b.WriteString("\n")
				}
				b.WriteString("[" + path + "." + tomlKey(n) + "]\n")
				tomlLeaves(b, p.Entry.Children())
				tomlTables(b, p.Entry.Children(), path+"."+tomlKey(n)+".")
			}
		case p.IsGroup():
			b.WriteString("\n")
			help(b, p, "")
			b.WriteString("[" + path + "]\n")
			tomlLeaves(b, p.Children)
			tomlTables(b, p.Children, path+".")
		}
	}
}

// style is how a format writes scalars and dictionaries.
type style struct {
	text, key   func(string) string
	null, colon string
}

var (
	yamlStyle = style{yamlText, yamlText, "null", ": "}
	tomlStyle = style{tomlText, tomlKey, `"none"`, " = "}
	jsonStyle = style{jsonText, jsonText, "null", ": "}
)

// flow writes a value on one line.
func flow(v param.Value, s style) string {
	switch v.Kind {
	case param.Bool:
		return strconv.FormatBool(v.Bool)
	case param.Int:
		return strconv.FormatInt(v.Int, 10)
	case param.Float:
		return param.FormatFloat(v.Float)
	case param.Text, param.Path:
		return s.text(v.Text)
	case param.List:
		out := make([]string, len(v.List))
		for i, x := range v.List {
			out[i] = flow(x, s)
		}
		return "[" + strings.Join(out, ", ") + "]"
	case param.Dict:
		out := make([]string, len(v.Dict))
		for i, e := range v.Dict {
			out[i] = s.key(e.Key) + s.colon + flow(e.Value, s)
		}
		return "{" + strings.Join(out, ", ") + "}"
	case param.ArrayRef:
		return "{" + s.key("file") + s.colon + s.text(v.Ref.File) + ", " + s.key("key") + s.colon + s.text(v.Ref.Key) + "}"
	}
	return s.null
}

var (
	yamlPlain = regexp.MustCompile(`^(\./|\.?[A-Za-z_/])[A-Za-z0-9_./%-]*$`)
	yamlWords = regexp.MustCompile(`(?i)^(null|none|true|false|yes|no|on|off|y|n|\.?inf|\.?nan)$`)
	tomlBare  = regexp.MustCompile(`^[A-Za-z0-9_-]+$`)
)

// yamlText writes a text so that every YAML reader takes it for one.
func yamlText(s string) string {
	switch {
	case yamlPlain.MatchString(s) && !yamlWords.MatchString(s):
		return s
	case strings.IndexFunc(s, func(r rune) bool { return r < ' ' || r > '~' }) < 0:
		return "'" + strings.ReplaceAll(s, "'", "''") + "'"
	}
	return jsonText(s)
}

func tomlKey(s string) string {
	if tomlBare.MatchString(s) {
		return s
	}
	return tomlText(s)
}

// tomlText is JSON's text, but for DEL, which TOML wants escaped.
func tomlText(s string) string { return strings.ReplaceAll(jsonText(s), "\x7f", `\u007f`) }

func jsonText(s string) string {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(s); err != nil {
		return strconv.Quote(s)
	}
	return strings.TrimSuffix(b.String(), "\n")
}

// WriteDoc writes the recipe's page in Markdown: summary, text, and a table of its parameters.
func WriteDoc(w io.Writer, s *Spec) error {
	var b bytes.Buffer
	fmt.Fprintf(&b, "# %s\n\n%s\n", s.Name, s.Summary)
	if len(s.Aliases) > 0 {
		fmt.Fprintf(&b, "\nOther names: `%s`.\n", strings.Join(s.Aliases, "`, `"))
	}
	if s.Doc != "" {
		b.WriteString("\n" + strings.TrimSpace(s.Doc) + "\n")
	}
	for _, part := range sections(s) {
		fmt.Fprintf(&b, "\n## %s\n\n", part.title)
		b.WriteString("| parameter | type | default | unit | meaning |\n|---|---|---|---|---|\n")
		docRows(&b, part.params, "")
	}
	_, err := w.Write(b.Bytes())
	return err
}

func docRows(b *bytes.Buffer, ps []*param.Param, prefix string) {
	for _, p := range ps {
		if !p.IsGroup() || p.Forms != param.Group || p.Help != "" {
			fmt.Fprintf(b, "| `%s` | %s | %s | %s | %s |\n", prefix+p.Path, cell(p.Type()), docDefault(p), cell(p.Unit), cell(p.Help))
		}
		docRows(b, p.Children, prefix)
		if p.IsSet() {
			docRows(b, p.Entry.Children(), prefix+p.Path+".<name>.")
		}
	}
}

func docDefault(p *param.Param) string {
	switch {
	case p.IsSet():
		names, _ := p.Default.([]string)
		return cell(strings.Join(names, ", "))
	case p.IsGroup():
		return ""
	case p.Unset:
		return "not set"
	}
	return "`" + cell(flow(p.DefaultValue(), yamlStyle)) + "`"
}

// cell makes a text fit a table of Markdown.
func cell(s string) string {
	return strings.NewReplacer("|", `\|`, "\n", " ", "<", "&lt;").Replace(s)
}
