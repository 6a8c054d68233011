package edf

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"ptyprep/internal/formats/rawfile"
)

// Entry is one "key = value ;" of a header, without the blanks around key and value.
type Entry struct{ Key, Value string }

// Header is the text of one block. Entries of the file's general block, where there is
// one, stand behind it as defaults. The zero Header is empty.
type Header struct {
	own     *entries
	general *entries
}

// entries is a parsed header text: what it says in order, and where each key stands last.
type entries struct {
	list     []Entry
	last     map[string]int // lower-case key to place in list
	repeated []string       // keys that occur more than once, as first written
}

// parseEntries splits the text between the braces. Text without "=" is no entry.
func parseEntries(text []byte) *entries {
	h := &entries{last: make(map[string]int, 32)}
	for item := range strings.SplitSeq(rawfile.Text(text), ";") {
		key, value, ok := strings.Cut(item, "=")
		if !ok {
			continue
		}
		if key, value = trim(key), trim(value); key == "" {
			continue
		}
		lower := strings.ToLower(key)
		if at, twice := h.last[lower]; twice && !slices.Contains(h.repeated, h.list[at].Key) && len(h.repeated) < maxWarnings {
			h.repeated = append(h.repeated, key)
		}
		h.last[lower] = len(h.list)
		h.list = append(h.list, Entry{key, value})
	}
	return h
}

func (e *entries) get(key string) (string, bool) {
	if e == nil {
		return "", false
	}
	i, ok := e.last[strings.ToLower(key)]
	if !ok {
		return "", false
	}
	return e.list[i].Value, true
}

// trim cuts white space and NUL, with which some writers pad their values.
func trim(s string) string { return strings.Trim(s, " \t\r\n\v\f\x00") }

// ownKey reports whether a key speaks of its own block only, so that a general block
// cannot give a default for it.
func ownKey(key string) bool {
	key = strings.ToLower(key)
	return strings.HasPrefix(key, "edf_") || key == "size" || key == "image" || key == "headerid"
}

// Get gives the text of a key, compared without regard to case, and whether it is there.
func (h Header) Get(key string) (string, bool) {
	if v, ok := h.own.get(key); ok {
		return v, true
	}
	if ownKey(key) {
		return "", false
	}
	return h.general.get(key)
}

// Entries lists what the header says in file order, repeated keys included; entries that
// come from the general block follow.
func (h Header) Entries() []Entry {
	var out []Entry
	if h.own != nil {
		out = append(out, h.own.list...)
	}
	if h.general != nil {
		for _, e := range h.general.list {
			if _, ok := h.own.get(e.Key); !ok && !ownKey(e.Key) {
				out = append(out, e)
			}
		}
	}
	return out
}

// Float gives a key's value as a number. A missing key and a value that is no number are
// errors that name the key.
func (h Header) Float(key string) (float64, error) {
	text, ok := h.Get(key)
	if !ok {
		return 0, fmt.Errorf("edf: the header has no %s", key)
	}
	v, err := parseFloat(text)
	if err != nil {
		return 0, fmt.Errorf("edf: %s is %q, expected a number", key, text)
	}
	return v, nil
}

// Int gives a key's value as a whole number ("20" or "20.0").
func (h Header) Int(key string) (int64, error) {
	text, ok := h.Get(key)
	if !ok {
		return 0, fmt.Errorf("edf: the header has no %s", key)
	}
	if n, err := strconv.ParseInt(text, 10, 64); err == nil {
		return n, nil
	}
	if v, err := parseFloat(text); err == nil && v == math.Trunc(v) && math.Abs(v) < 1<<53 {
		return int64(v), nil
	}
	return 0, fmt.Errorf("edf: %s is %q, expected a whole number", key, text)
}

// Value gives the text as int64, else float64, else string: the order in which the format
// means header values to be understood.
func Value(text string) any {
	if n, err := strconv.ParseInt(text, 10, 64); err == nil {
		return n
	}
	if v, err := parseFloat(text); err == nil {
		return v
	}
	return text
}

var errNumber = errors.New("not a number")

// parseFloat takes decimal numbers, inf and nan, but not Go's hexadecimal floats: "0x1p4"
// is a word to everyone who writes these headers.
func parseFloat(s string) (float64, error) {
	if strings.ContainsAny(s, "xX_") {
		return 0, errNumber
	}
	if t := strings.TrimLeft(s, "+-"); len(t) == len(s)-1 && strings.EqualFold(t, "nan") {
		s = t // C prints "-nan"
	}
	v, err := strconv.ParseFloat(s, 64)
	if err != nil && !math.IsInf(v, 0) {
		return 0, errNumber
	}
	return v, nil
}

func (h Header) names(key string) []string {
	text, _ := h.Get(key)
	return strings.Fields(text)
}

// Motor gives the value in motor_pos that stands at the place of name in motor_mne, in the
// unit of the beamline. The error says which names there are, or how many names and values
// when their numbers differ.
func (f Frame) Motor(name string) (float64, error) { return f.Header.paired("motor", name) }

// Counter gives a value of counter_pos by its name in counter_mne, like Motor.
func (f Frame) Counter(name string) (float64, error) { return f.Header.paired("counter", name) }

// paired looks a name up in the lists kind_mne and kind_pos, which are split at any run of
// white space: writers pad them with runs of different lengths.
func (h Header) paired(kind, name string) (float64, error) {
	mne, pos := kind+"_mne", kind+"_pos"
	text, ok := h.Get(mne)
	if !ok {
		return 0, fmt.Errorf("edf: no %s %q: the header has no %s", kind, name, mne)
	}
	names := strings.Fields(text)
	if text, ok = h.Get(pos); !ok && slices.Contains(names, name) {
		return 0, fmt.Errorf("edf: %s %q has no value: the header has no %s", kind, name, pos)
	}
	return Pair(kind, name, names, strings.Fields(text))
}

// Named is a motor or counter with its value.
type Named struct {
	Name  string
	Value float64
}

// Motors lists the motors that Motor finds, in the order of motor_mne.
func (f Frame) Motors() []Named { return f.Header.pairs("motor") }

// Counters lists the counters that Counter finds, in the order of counter_mne.
func (f Frame) Counters() []Named { return f.Header.pairs("counter") }

// pairs gives all values that paired gives, in time that grows with the length of the lists: a
// header may hold any number of names.
func (h Header) pairs(kind string) []Named {
	names, values := h.names(kind+"_mne"), h.names(kind+"_pos")
	if len(names) != len(values) {
		return nil
	}
	first := make(map[string]int, len(names))
	contradicted := map[string]bool{}
	for i, n := range names {
		if at, again := first[n]; !again {
			first[n] = i
		} else if values[i] != values[at] {
			contradicted[n] = true
		}
	}
	var out []Named
	for i, n := range names {
		if v, err := parseFloat(values[i]); err == nil && !contradicted[n] {
			out = append(out, Named{n, v})
		}
	}
	return out
}

// Pair looks the value of a motor or counter (kind) up: names and values go together by place.
// The error says which names there are, or how many names and values when their numbers differ.
func Pair(kind, name string, names, values []string) (float64, error) {
	mne, pos := kind+"_mne", kind+"_pos"
	at := slices.Index(names, name)
	if at < 0 {
		return 0, fmt.Errorf("edf: no %s %q in %s; there are: %s", kind, name, mne, strings.Join(names, ", "))
	}
	if len(names) != len(values) {
		return 0, fmt.Errorf("edf: %s %q cannot be looked up: %s has %d names, %s has %d values", kind, name, mne, len(names), pos, len(values))
	}
	for i, other := range names[at+1:] {
		if other == name && values[at+1+i] != values[at] {
			return 0, fmt.Errorf("edf: %s %q stands in %s twice, with the values %s and %s", kind, name, mne, values[at], values[at+1+i])
		}
	}
	v, err := parseFloat(values[at])
	if err != nil {
		return 0, fmt.Errorf("edf: the value of %s %q in %s is %q, expected a number", kind, name, pos, values[at])
	}
	return v, nil
}
