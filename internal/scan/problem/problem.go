// Package problem is the one kind of error that a user reads: what failed, where, what
// was found and expected, and a hint what to do. Its Class decides the exit status.
//
// Low layers return ordinary wrapped errors ("edf: dimension Dim_1 is -3"); the layer that
// knows the user's words (the recipe's key, the file, the frame) makes a problem of them.
package problem

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"
)

// Class says what kind of failure it is; its number is the exit status of the command.
type Class int

// The classes, with the exit status that each stands for.
const (
	Internal   Class = 1 // the rest: disk full, a bug
	Incomplete Class = 3 // done, but frames or points that the input holds were left out unasked
	Usage      Class = 4 // what editing the recipe or the flags alone can show
	Input      Class = 5 // inputs missing, unreadable, damaged or not fitting the recipe
)

// Error is a failure told to the user. Msg is one sentence without a final period that names
// file, dataset, parameter or frame, what was found and what was expected.
type Error struct {
	Class Class
	Msg   string
	Hint  string // what to do, may be empty
	Err   error  // the cause, may be nil; its text is appended to Msg
}

// Error gives the message and its cause, without the hint.
func (e *Error) Error() string {
	if e.Err == nil {
		return e.Msg
	}
	if e.Msg == "" {
		return e.Err.Error()
	}
	return e.Msg + ": " + e.Err.Error()
}

// Unwrap gives the cause.
func (e *Error) Unwrap() error { return e.Err }

// WithHint sets the hint and returns e.
func (e *Error) WithHint(format string, args ...any) *Error {
	e.Hint = fmt.Sprintf(format, args...)
	return e
}

// Because sets the cause and returns e.
func (e *Error) Because(err error) *Error {
	e.Err = err
	return e
}

// Usagef makes a problem that editing the recipe or the flags mends (exit status 4).
func Usagef(format string, args ...any) *Error {
	return &Error{Class: Usage, Msg: fmt.Sprintf(format, args...)}
}

// Inputf makes a problem of the input files (exit status 5).
func Inputf(format string, args ...any) *Error {
	return &Error{Class: Input, Msg: fmt.Sprintf(format, args...)}
}

// Internalf makes a problem of another kind (exit status 1).
func Internalf(format string, args ...any) *Error {
	return &Error{Class: Internal, Msg: fmt.Sprintf(format, args...)}
}

// List is several problems reported together, in the order they should be read.
type List []*Error

// Error joins the messages, one a line.
func (l List) Error() string {
	s := make([]string, len(l))
	for i, e := range l {
		s[i] = e.Error()
	}
	return strings.Join(s, "\n")
}

// Err is nil for an empty list, the problem itself for one, else the list.
func (l List) Err() error {
	switch len(l) {
	case 0:
		return nil
	case 1:
		return l[0]
	}
	return l
}

// Of splits an error into the problems it holds; an error of another kind becomes an
// Internal problem with its own text.
func Of(err error) List {
	if err == nil {
		return nil
	}
	var l List
	if errors.As(err, &l) {
		return l
	}
	var e *Error
	if errors.As(err, &e) {
		if err.Error() == e.Error() {
			return List{e}
		}
		return List{{Class: e.Class, Msg: err.Error(), Hint: e.Hint}}
	}
	return List{{Class: Internal, Err: err}}
}

// ClassOf is the class that decides the exit status: the first problem's.
func ClassOf(err error) Class {
	l := Of(err)
	if len(l) == 0 {
		return 0
	}
	return l[0].Class
}

// Bare takes operation and path off an error of package os, for a message that names the path.
func Bare(err error) error {
	var p *fs.PathError
	if errors.As(err, &p) {
		return p.Err
	}
	return err
}

// Few joins the first names of a list for a message and says how many more there are.
func Few(names []string, most int) string {
	text := strings.Join(names[:min(most, len(names))], ", ")
	if n := len(names) - most; n > 0 {
		text += fmt.Sprintf(" and %d more", n)
	}
	return text
}

// Cancelled reports whether err comes from a cancelled context (an interrupt).
func Cancelled(err error) bool { return errors.Is(err, context.Canceled) }
