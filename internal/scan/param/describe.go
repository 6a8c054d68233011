package param

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// formatFloat writes a number so that YAML 1.1 and 1.2, TOML and JSON all read it as one that is
// not whole: 1.0, 7.19, 1.0e-06.
func formatFloat(x float64) string {
	s := strconv.FormatFloat(x, 'g', -1, 64)
	mantissa, exponent, has := strings.Cut(s, "e")
	if !strings.ContainsAny(mantissa, ".NI") {
		mantissa += ".0"
	}
	if has {
		return mantissa + "e" + exponent
	}
	return mantissa
}

// describe names what was found, for a message.
func (v Value) describe() string {
	switch v.Kind {
	case Null:
		return "null"
	case Bool:
		return strconv.FormatBool(v.Bool)
	case Int, Float:
		return short(v.Text)
	case Text, Path:
		return strconv.Quote(short(v.Text))
	case ArrayRef:
		return "{file, key}"
	case Group, Dict:
		return "a group"
	}
	return "a list"
}

// describe names what was found, for a message.
func (n *Node) describe() string {
	switch n.Kind {
	case ListNode:
		parts := make([]string, 0, 8)
		for i, x := range n.Items {
			if i == 6 || x.Kind != ScalarNode {
				parts = append(parts, "...")
				break
			}
			parts = append(parts, strings.Trim(x.describe(), `"`))
		}
		return "[" + strings.Join(parts, ", ") + "]"
	case MapNode:
		parts := make([]string, 0, 8)
		for i, f := range n.Fields {
			if i == 6 {
				parts = append(parts, "...")
				break
			}
			parts = append(parts, short(f.Name))
		}
		return "a group {" + strings.Join(parts, ", ") + "}"
	}
	if n.Null {
		return "null"
	}
	if _, ok := parseFloat(n.number()); ok && !n.Quoted {
		return short(n.Text)
	}
	if _, ok := parseBool(n.Text); ok && !n.Quoted {
		return n.Text
	}
	return strconv.Quote(short(n.Text))
}

// short cuts a text for a message.
func short(s string) string {
	const most = 60
	if r := []rune(s); len(r) > most {
		return string(r[:most-3]) + "..."
	}
	return s
}

// Type says in words what the parameter takes: "a whole number, a pair of whole numbers or null".
func (s *Spec) Type() string { return orList(s.types()) }

func orList(parts []string) string {
	if len(parts) < 2 {
		return strings.Join(parts, "")
	}
	return strings.Join(parts[:len(parts)-1], ", ") + " or " + parts[len(parts)-1]
}

func (s *Spec) types() []string {
	var out []string
	has := func(f Form) bool { return s.Forms&f != 0 }
	choices := func(f Form, words string) {
		if c := s.choiceTexts(f); len(c) > 0 {
			out = append(out, c...)
		} else {
			out = append(out, words)
		}
	}
	if has(Group) {
		if s.Entry != nil {
			out = append(out, "a set of named groups")
		} else {
			out = append(out, "a group")
		}
	}
	if has(Bool) {
		out = append(out, "true", "false")
	}
	switch {
	case has(Float):
		choices(Float, "a number"+s.limits())
	case has(Int):
		choices(Int, "a whole number"+s.limits())
	}
	if has(Path) {
		out = append(out, s.choiceTexts(Text)...)
		out = append(out, "a path")
	}
	if has(Text) {
		choices(Text, "a text")
	}
	if has(List) {
		out = append(out, s.listType())
	}
	if has(ArrayRef) {
		out = append(out, "{file, key}")
	}
	if has(Dict) {
		out = append(out, "a dictionary")
	}
	if has(Null) {
		out = append(out, "null")
	}
	return out
}

// listType names the list form: "a pair of numbers", "4 whole numbers (top, bottom, left, right)".
func (s *Spec) listType() string {
	var out string
	what := s.elem().plural()
	switch {
	case s.MinLen == 2 && s.MaxLen == 2:
		out = "a pair of " + what
	case s.MaxLen > 0 && s.MinLen == s.MaxLen:
		out = fmt.Sprintf("%d %s", s.MaxLen, what)
	case s.MaxLen > 0:
		out = fmt.Sprintf("a list of %d to %d %s", s.MinLen, s.MaxLen, what)
	case s.MinLen > 1:
		out = fmt.Sprintf("a list of at least %d %s", s.MinLen, what)
	default:
		out = "a list of " + what
	}
	if len(s.Names) > 0 {
		out += " (" + strings.Join(s.Names, ", ") + ")"
	}
	return out
}

// elem is the declaration of a list's entries.
func (s *Spec) elem() *Spec {
	if s.Elem != nil {
		return s.Elem
	}
	return &Spec{Forms: s.Forms & (Bool | Number | Text | Path)}
}

// plural names entries of a list.
func (s *Spec) plural() string {
	var out []string
	has := func(f Form) bool { return s.Forms&f != 0 }
	if has(Bool) {
		out = append(out, "booleans")
	}
	switch {
	case has(Float):
		out = append(out, "numbers")
	case has(Int):
		out = append(out, "whole numbers")
	}
	switch {
	case has(Path):
		out = append(out, "paths")
	case has(Text):
		if c := s.choiceTexts(Text); len(c) > 0 {
			out = append(out, "texts ("+orList(c)+")")
		} else {
			out = append(out, "texts")
		}
	}
	if has(List) {
		switch {
		case s.Elem == s:
			out = append(out, "lists of numbers")
		case s.MinLen == 2 && s.MaxLen == 2:
			out = append(out, "pairs of "+s.elem().plural())
		default:
			out = append(out, "lists of "+s.elem().plural())
		}
	}
	if has(Null) {
		out = append(out, "nulls")
	}
	return orList(out)
}

// limits is how the limits of a number read behind its type: " (at least 1)", " in 0..7".
func (s *Spec) limits() string {
	if l := s.Limits(); l != "" {
		return " (" + l + ")"
	}
	return ""
}

// Limits says in words between which limits a number must lie: "at least 1", "above 0", "0..7"; ""
// without limits.
func (s *Spec) Limits() string {
	num := func(x float64) string {
		if x == math.Trunc(x) && math.Abs(x) < 1e9 { // 1048576, not 1.048576e+06
			return strconv.FormatFloat(x, 'f', -1, 64)
		}
		return strconv.FormatFloat(x, 'g', -1, 64)
	}
	switch {
	case s.Min != nil && s.Max != nil && !s.AboveMin && !s.BelowMax:
		return num(*s.Min) + ".." + num(*s.Max)
	case s.Min != nil && s.Max != nil:
		return s.lower(num(*s.Min)) + " and " + s.upper(num(*s.Max))
	case s.Min != nil:
		return s.lower(num(*s.Min))
	case s.Max != nil:
		return s.upper(num(*s.Max))
	}
	return ""
}

func (s *Spec) lower(n string) string {
	if s.AboveMin {
		return "above " + n
	}
	return "at least " + n
}

func (s *Spec) upper(n string) string {
	if s.BelowMax {
		return "below " + n
	}
	return "at most " + n
}

// choicesOf are the allowed values of one kind; Path and Text are one kind here, as are numbers.
func (s *Spec) choicesOf(f Form) []any {
	var out []any
	for _, c := range s.Choices {
		switch c.(type) {
		case string:
			if f&(Text|Path) != 0 {
				out = append(out, c)
			}
		case bool:
			if f&Bool != 0 {
				out = append(out, c)
			}
		case int, float64:
			if f&Number != 0 {
				out = append(out, c)
			}
		}
	}
	return out
}

func (s *Spec) choiceTexts(f Form) []string {
	var out []string
	for _, c := range s.choicesOf(f) {
		out = append(out, fmt.Sprint(c))
	}
	return out
}

// DefaultValue is the default as a value, paths as written. A group has the kind Group, a parameter
// without a default is null.
func (p *Param) DefaultValue() Value {
	d := decoder{}
	v, _ := d.def(&p.Spec)
	return v
}

// FormatFloat writes a number so that YAML 1.1 and 1.2, TOML and JSON all read it as one that is
// not whole: 1.0, 7.19, 1.0e-06.
func FormatFloat(x float64) string { return formatFloat(x) }
