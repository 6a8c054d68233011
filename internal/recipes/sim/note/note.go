// Package note holds what a simulation has to tell besides errors: that it did something
// which the recipe did not ask for, or left out what the recipe asked for.
package note

import "fmt"

// Note is one remark to the user.
type Note struct {
	Warning bool   // false: only a notice
	Key     string // dotted key of the recipe, e.g. "xy.extent"; may be empty
	Msg     string // one sentence, no final period
}

// Warnf makes a warning: a number or a picture may not be what the user expects.
func Warnf(key, format string, args ...any) Note {
	return Note{Warning: true, Key: key, Msg: fmt.Sprintf(format, args...)}
}

// Noticef makes a notice: good to know, nothing to do.
func Noticef(key, format string, args ...any) Note {
	return Note{Key: key, Msg: fmt.Sprintf(format, args...)}
}

// String gives "key: message".
func (n Note) String() string {
	if n.Key == "" {
		return n.Msg
	}
	return n.Key + ": " + n.Msg
}
