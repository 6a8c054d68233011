package console

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"ptyprep/internal/scan"
	"ptyprep/internal/scan/problem"
)

func TestText(t *testing.T) {
	for _, c := range []struct {
		name string
		opt  Options
		say  func(*Console)
		want string
	}{
		{"error with hint", Options{}, func(c *Console) { c.Problem(problem.Usagef("no").WithHint("do %d", 1)) },
			"ptyprep: error: no\nptyprep: hint: do 1\n"},
		{"several errors", Options{Quiet: true}, func(c *Console) {
			c.Problem(problem.List{problem.Usagef("a"), problem.Usagef("b").WithHint("h")})
		}, "ptyprep: error: a\nptyprep: error: b\nptyprep: hint: h\n"},
		{"disk full", Options{}, func(c *Console) {
			c.Problem(problem.Internalf("out.ptyd").Because(fmt.Errorf("write: %w", syscall.ENOSPC)))
		}, "ptyprep: error: out.ptyd: write: no space left on device\nptyprep: hint: free some space, or write to another place with --output\n"},
		{"warning", Options{Quiet: true}, func(c *Console) { c.Logger().Warn("odd", "hint", "look") }, "ptyprep: warning: odd\nptyprep: hint: look\n"},
		{"note", Options{}, func(c *Console) { c.Logger().Info("so", "n", 3) }, "ptyprep: note: so n=3\n"},
		{"group", Options{}, func(c *Console) { c.Logger().WithGroup("g").With("a", 1).Info("so", "n", 3) }, "ptyprep: note: so g.a=1 g.n=3\n"},
		{"quiet note", Options{Quiet: true}, func(c *Console) { c.Notef("so") }, ""},
		{"no details", Options{}, func(c *Console) { c.Logger().Debug("deep") }, ""},
		{"details", Options{Verbose: true}, func(c *Console) { c.Logger().Debug("deep") }, "ptyprep: deep\n"},
		{"a name that speaks to the terminal", Options{}, func(c *Console) { c.Warnf("%s", "a\x1b[2J\nb\rc") }, "ptyprep: warning: a\\x1b[2J b\\x0dc\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var out, err bytes.Buffer
			c.say(New(&out, &err, c.opt))
			if err.String() != c.want || out.Len() > 0 {
				t.Errorf("stderr %q, want %q; stdout %q", err.String(), c.want, out.String())
			}
		})
	}
}

func TestJSON(t *testing.T) {
	var out, errs bytes.Buffer
	c := New(&out, &errs, Options{JSON: true})
	c.Problem(problem.Inputf("gone <x>").WithHint("look"))
	c.Logger().Warn("odd", "frame", 7)
	c.Say(Message{Type: TypeNote, Msg: "not a number", Fields: map[string]any{"x": func() {}}})
	c.Object(map[string]int{"n": 1})
	want := `{"level":"error","message_type":"error","msg":"gone <x>","hint":"look","exit_status":5}
{"level":"warning","message_type":"warning","msg":"odd","fields":{"frame":7}}
{"level":"info","message_type":"note","msg":"not a number"}
`
	if errs.String() != want {
		t.Errorf("got\n%swant\n%s", errs.String(), want)
	}
	if out.String() != "{\"n\":1}\n" {
		t.Errorf("stdout %q", out.String())
	}
}

// failing is a stream like /dev/full.
type failing struct{}

func (failing) Write([]byte) (int, error) { return 0, syscall.ENOSPC }

func TestFailingStreams(t *testing.T) {
	c := New(failing{}, failing{}, Options{})
	c.Problem(errors.New("x"))
	c.Warnf("y")
	c.Print("z")
	p := c.StartProgress(Bar)
	p.Update(scan.Progress{Pass: "frames", Done: 1, Total: 2})
	p.show()
	p.Stop()
	if c.Warnings() != 1 {
		t.Errorf("%d warnings", c.Warnings())
	}
}

// 100 of 400 frames of 1 MB in 2 s: 50 frames/s, 50 MB/s, 6 s left.
func TestReport(t *testing.T) {
	now := time.Unix(1000, 0)
	p := &Progress{kind: Lines, now: func() time.Time { return now }}
	if _, ok := p.report(); ok {
		t.Error("a report before there is news")
	}
	p.Update(scan.Progress{Pass: "centre", Done: 9, Total: 10, RawBytes: 1})
	p.Update(scan.Progress{Pass: "frames", Total: 400})
	now = now.Add(2 * time.Second)
	p.Update(scan.Progress{Pass: "frames", Done: 100, Total: 400, RawBytes: 100e6})
	r, ok := p.report()
	want := "frames 100/400 (25 %), 50.0 frames/s, 50.0 MB/s, 6s left"
	if !ok || r.String() != want {
		t.Errorf("%q, want %q", r.String(), want)
	}
	b, err := json.Marshal(r.message(true))
	wantJSON := `{"level":"","message_type":"progress","msg":"` + want + `","fields":{"done":100,"frames_per_second":50,"mb_per_second":50,"pass":"frames","percent":25,"seconds_left":6,"total":400}}`
	if err != nil || string(b) != wantJSON {
		t.Errorf("%s, %v; want %s", b, err, wantJSON)
	}
}

// lockedBuffer is a buffer for goroutines.
type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// A warning takes the bar's line and the bar comes back below; at the end the bar is gone.
func TestBar(t *testing.T) {
	var w lockedBuffer
	c := New(&w, &w, Options{})
	p := c.StartProgress(Bar)
	p.Update(scan.Progress{Pass: "frames", Done: 30, Total: 100, RawBytes: 30e6})
	p.show()
	if s := w.String(); !strings.Contains(s, "30%") || !strings.Contains(s, "30/100") || !strings.Contains(s, "MB/s") {
		t.Errorf("bar: %q", s)
	}
	c.Logger().Log(t.Context(), slog.LevelWarn, "odd")
	if s := w.String(); !strings.Contains(s, "\rptyprep: warning: odd\n") {
		t.Errorf("the warning must begin a cleared line: %q", s)
	}
	before := len(w.String())
	p.Update(scan.Progress{Pass: "frames", Done: 60, Total: 100, RawBytes: 60e6})
	p.show()
	if s := w.String()[before:]; !strings.Contains(s, "60%") {
		t.Errorf("the bar did not come back: %q", s)
	}
	p.Stop()
	p.Stop()
	if s := w.String(); !strings.HasSuffix(s, "\r") && !strings.HasSuffix(s, "\x1b[2K") && !strings.HasSuffix(s, "\x1b[0K") {
		t.Errorf("the bar is still there: %q", s[max(0, len(s)-20):])
	}
}

// Quiet shows no progress; a buffer is no terminal.
func TestKinds(t *testing.T) {
	var w bytes.Buffer
	if k := New(&w, &w, Options{}).AutoProgress(); k != Lines {
		t.Errorf("kind %d", k)
	}
	p := New(&w, &w, Options{Quiet: true}).StartProgress(Bar)
	p.Update(scan.Progress{Pass: "frames", Done: 1, Total: 2})
	p.Stop()
	if w.Len() > 0 {
		t.Errorf("%q", w.String())
	}
}
