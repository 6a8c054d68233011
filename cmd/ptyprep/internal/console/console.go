// Package console is where the program speaks: results on standard output; errors, hints,
// warnings, notes and progress on standard error, as text or as one JSON object a line. A stream
// that is closed or full never makes a command fail: what counts is the file that it writes.
package console

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"sync"
	"syscall"

	"ptyprep/internal/scan/problem"
)

// Options say how much is said, and how.
type Options struct {
	JSON    bool
	Quiet   bool // errors and warnings only
	Verbose bool
}

// Console writes messages. It may be used from many goroutines.
type Console struct {
	mu       sync.Mutex
	out, err io.Writer
	opt      Options
	bar      bar // drawn on err's last line, or nil
	warnings int
}

// New makes a console that writes results to out and all else to err.
func New(out, err io.Writer, o Options) *Console { return &Console{out: out, err: err, opt: o} }

// Set changes how much is said, once the command line is understood.
func (c *Console) Set(o Options) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.opt = o
}

// JSON reports whether messages are JSON objects.
func (c *Console) JSON() bool { return c.options().JSON }

// Verbose reports whether details are wanted.
func (c *Console) Verbose() bool { return c.options().Verbose }

// Quiet reports whether only errors and warnings are wanted.
func (c *Console) Quiet() bool { return c.options().Quiet }

func (c *Console) options() Options {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.opt
}

// Warnings is how many warnings there were.
func (c *Console) Warnings() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.warnings
}

// The values of message_type. Programs that read the JSON lines go by it.
const (
	TypeError    = "error"
	TypeWarning  = "warning"
	TypeNote     = "note"
	TypeDetail   = "detail"
	TypeProgress = "progress"
	TypeResult   = "result"
)

// Message is one line of standard error. No field holds a time of day.
type Message struct {
	Level      string         `json:"level"` // error, warning, info or debug
	Type       string         `json:"message_type"`
	Msg        string         `json:"msg"`
	Hint       string         `json:"hint,omitempty"`
	ExitStatus int            `json:"exit_status,omitempty"` // of an error: what the command ends with
	Fields     map[string]any `json:"fields,omitempty"`
}

var levels = map[string]string{TypeError: "error", TypeWarning: "warning", TypeNote: "info", TypeDetail: "debug", TypeProgress: "info"}

// Say writes a message to standard error.
func (c *Console) Say(m Message) {
	m.Level = levels[m.Type]
	c.mu.Lock()
	defer c.mu.Unlock()
	if m.Type == TypeWarning {
		c.warnings++
	}
	quiet := m.Type == TypeNote || m.Type == TypeProgress || m.Type == TypeDetail
	if quiet && c.opt.Quiet || m.Type == TypeDetail && !c.opt.Verbose {
		return
	}
	if c.bar != nil {
		c.bar.clear()
	}
	if c.opt.JSON {
		if _, err := json.Marshal(m.Fields); err != nil { // a NaN, say
			m.Fields = nil
		}
		writeJSON(c.err, m)
		return
	}
	prefix := "ptyprep: " + m.Type + ": "
	switch m.Type {
	case TypeDetail, TypeProgress:
		prefix = "ptyprep: "
	}
	text := prefix + clean(m.Msg) + "\n"
	if m.Hint != "" {
		text += "ptyprep: hint: " + clean(m.Hint) + "\n"
	}
	_, _ = io.WriteString(c.err, text)
}

// Notef writes a note: worth knowing, nothing to worry about.
func (c *Console) Notef(format string, args ...any) {
	c.Say(Message{Type: TypeNote, Msg: fmt.Sprintf(format, args...)})
}

// Warnf writes a warning.
func (c *Console) Warnf(format string, args ...any) {
	c.Say(Message{Type: TypeWarning, Msg: fmt.Sprintf(format, args...)})
}

// Problem writes an error with its hint; several that were found together one after another.
func (c *Console) Problem(err error) {
	status := int(problem.ClassOf(err))
	for _, p := range problem.Of(err) {
		c.Say(Message{Type: TypeError, Msg: p.Error(), Hint: hintOf(p), ExitStatus: status})
	}
}

// hintOf adds a hint to failures that come from the system itself.
func hintOf(p *problem.Error) string {
	switch {
	case p.Hint != "":
		return p.Hint
	case errors.Is(p, syscall.ENOSPC), errors.Is(p, syscall.EDQUOT):
		return "free some space, or write to another place with --output"
	case errors.Is(p, syscall.EMFILE), errors.Is(p, syscall.ENFILE):
		return "too many files are open: raise the limit (ulimit -n) or use fewer --workers"
	}
	return ""
}

// Print writes a result to standard output.
func (c *Console) Print(text string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.bar != nil {
		c.bar.clear()
	}
	_, _ = io.WriteString(c.out, text)
}

// Object writes v as a line of JSON to standard output.
func (c *Console) Object(v any) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.bar != nil {
		c.bar.clear()
	}
	writeJSON(c.out, v)
}

func writeJSON(w io.Writer, v any) {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	_ = e.Encode(v)
}

// clean keeps a message on one line and a file's name from speaking to the terminal.
func clean(s string) string {
	if !strings.ContainsFunc(s, control) {
		return s
	}
	var b strings.Builder
	for _, r := range s {
		switch {
		case r == '\n' || r == '\t':
			b.WriteByte(' ')
		case control(r):
			fmt.Fprintf(&b, `\x%02x`, r)
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}

func control(r rune) bool { return r < ' ' || r == 0x7f || r >= 0x80 && r < 0xa0 }

// Logger gives the console as a log: Warn writes warnings, Info notes, Debug details. An attribute
// named hint becomes the hint.
func (c *Console) Logger() *slog.Logger { return slog.New(&handler{c: c}) }

type handler struct {
	c      *Console
	attrs  []slog.Attr
	prefix string
}

func (h *handler) Enabled(_ context.Context, l slog.Level) bool {
	return l >= slog.LevelInfo || h.c.Verbose()
}

func (h *handler) Handle(_ context.Context, r slog.Record) error {
	m := Message{Type: TypeDetail, Msg: r.Message}
	switch {
	case r.Level >= slog.LevelError:
		m.Type = TypeError
	case r.Level >= slog.LevelWarn:
		m.Type = TypeWarning
	case r.Level >= slog.LevelInfo:
		m.Type = TypeNote
	}
	var tail strings.Builder
	add := func(a slog.Attr) bool {
		if a.Key == "hint" {
			m.Hint = a.Value.String()
			return true
		}
		if m.Fields == nil {
			m.Fields = map[string]any{}
		}
		m.Fields[h.prefix+a.Key] = a.Value.Resolve().Any()
		fmt.Fprintf(&tail, " %s%s=%v", h.prefix, a.Key, a.Value)
		return true
	}
	for _, a := range h.attrs {
		add(a)
	}
	r.Attrs(add)
	if !h.c.JSON() {
		m.Msg += tail.String()
	}
	h.c.Say(m)
	return nil
}

func (h *handler) WithAttrs(a []slog.Attr) slog.Handler {
	n := *h
	n.attrs = append(append([]slog.Attr(nil), h.attrs...), a...)
	return &n
}

func (h *handler) WithGroup(name string) slog.Handler {
	n := *h
	n.prefix += name + "."
	return &n
}
