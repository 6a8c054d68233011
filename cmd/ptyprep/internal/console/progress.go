package console

import (
	"fmt"
	"io"
	"math"
	"os"
	"sync"
	"time"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"

	"ptyprep/internal/scan"
)

// ProgressKind is how progress is shown.
type ProgressKind uint8

// The kinds of progress.
const (
	NoProgress ProgressKind = iota
	Bar
	Lines
)

// AutoProgress is a bar on a terminal that can draw one, lines elsewhere.
func (c *Console) AutoProgress() ProgressKind {
	f, ok := c.err.(*os.File)
	if ok && !c.opt.JSON && os.Getenv("TERM") != "dumb" && term.IsTerminal(int(f.Fd())) {
		return Bar
	}
	return Lines
}

// How often progress is written.
const (
	barEvery   = 150 * time.Millisecond
	linesEvery = 5 * time.Second
)

// bar is the last line of a terminal.
type bar interface {
	clear()
}

// Progress shows how far a run is. A clock drives it, so that it also moves (and the rate falls)
// while frames do not come.
type Progress struct {
	c     *Console
	kind  ProgressKind
	now   func() time.Time
	mu    sync.Mutex
	state scan.Progress
	began time.Time // of this pass
	drawn *drawn
	quit  chan struct{}
	gone  chan struct{}
}

// StartProgress begins to show progress; Stop ends it.
func (c *Console) StartProgress(kind ProgressKind) *Progress {
	p := &Progress{c: c, kind: kind, now: time.Now, quit: make(chan struct{}), gone: make(chan struct{})}
	if c.opt.Quiet {
		p.kind = NoProgress
	}
	every := linesEvery
	switch p.kind {
	case NoProgress:
		close(p.gone)
		return p
	case Bar:
		every = barEvery
	}
	go p.run(every)
	return p
}

func (p *Progress) run(every time.Duration) {
	defer close(p.gone)
	t := time.NewTicker(every)
	defer t.Stop()
	for {
		select {
		case <-t.C:
			p.show()
		case <-p.quit:
			return
		}
	}
}

// Update takes the news of a run. It is cheap.
func (p *Progress) Update(s scan.Progress) {
	if p.kind == NoProgress {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if s.Pass != p.state.Pass || p.began.IsZero() {
		p.began = p.now()
	}
	p.state = s
}

// Stop ends it and clears a bar. It may be called twice.
func (p *Progress) Stop() {
	select {
	case <-p.quit:
	default:
		close(p.quit)
	}
	<-p.gone
	p.c.mu.Lock()
	defer p.c.mu.Unlock()
	if p.c.bar != nil {
		p.c.bar.clear()
		p.c.bar = nil
	}
}

// Report is what progress tells.
type Report struct {
	Pass            string  `json:"pass"` // frames, or centre while the automatic centre is looked for
	Done            int     `json:"done"`
	Total           int     `json:"total"`
	Percent         float64 `json:"percent"`
	FramesPerSecond float64 `json:"frames_per_second"`
	MBPerSecond     float64 `json:"mb_per_second"` // of raw frames, 1e6 bytes
	SecondsLeft     float64 `json:"seconds_left"`
}

func (p *Progress) report() (Report, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	s := p.state
	if s.Total == 0 {
		return Report{}, false
	}
	r := Report{Pass: s.Pass, Done: s.Done, Total: s.Total, Percent: 100 * float64(s.Done) / float64(s.Total)}
	if sec := p.now().Sub(p.began).Seconds(); sec > 0 && s.Done > 0 {
		r.FramesPerSecond = float64(s.Done) / sec
		r.MBPerSecond = float64(s.RawBytes) / 1e6 / sec
		r.SecondsLeft = float64(s.Total-s.Done) / r.FramesPerSecond
	}
	return r, true
}

func (p *Progress) show() {
	r, ok := p.report()
	if !ok {
		return
	}
	if p.kind == Lines {
		p.c.Say(r.message(p.c.JSON()))
		return
	}
	p.c.mu.Lock()
	defer p.c.mu.Unlock()
	if p.drawn == nil || p.drawn.pass != r.Pass {
		p.drawn = newDrawn(p.c.err, r)
	}
	p.c.bar = p.drawn
	p.drawn.draw(r)
}

func (r Report) message(asJSON bool) Message {
	m := Message{Type: TypeProgress, Msg: r.String()}
	if asJSON {
		m.Fields = map[string]any{"pass": r.Pass, "done": r.Done, "total": r.Total, "percent": round(r.Percent),
			"frames_per_second": round(r.FramesPerSecond), "mb_per_second": round(r.MBPerSecond), "seconds_left": round(r.SecondsLeft)}
	}
	return m
}

func round(x float64) float64 { return math.Round(x*10) / 10 }

// String is a plain line: "frames 1200/30000 (4 %), 400 frames/s, 210 MB/s, 1m12s left".
func (r Report) String() string {
	s := fmt.Sprintf("%s %d/%d (%d %%)", r.Pass, r.Done, r.Total, int(r.Percent))
	if r.Done == 0 {
		return s
	}
	return s + fmt.Sprintf(", %s frames/s, %s MB/s, %s left", Rate(r.FramesPerSecond), Rate(r.MBPerSecond),
		time.Duration(math.Ceil(r.SecondsLeft))*time.Second)
}

// Rate writes a rate with about three digits.
func Rate(x float64) string {
	switch {
	case x >= 99.95:
		return fmt.Sprintf("%.0f", x)
	case x >= 9.995:
		return fmt.Sprintf("%.1f", x)
	}
	return fmt.Sprintf("%.2f", x)
}

// drawn is a bar on a terminal: frames, per cent, frames/s, time left from the library, MB/s in
// the words before it.
type drawn struct {
	pass string
	b    *progressbar.ProgressBar
}

func newDrawn(w io.Writer, r Report) *drawn {
	return &drawn{pass: r.Pass, b: progressbar.NewOptions(r.Total,
		progressbar.OptionSetWriter(w),
		progressbar.OptionSetWidth(24),
		progressbar.OptionShowCount(),
		progressbar.OptionShowIts(),
		progressbar.OptionSetItsString("frames"),
		progressbar.OptionSetPredictTime(true),
		progressbar.OptionUseANSICodes(true),
		progressbar.OptionClearOnFinish(),
		progressbar.OptionSetRenderBlankState(false),
	)}
}

func (d *drawn) clear() { _ = d.b.Clear() }

func (d *drawn) draw(r Report) {
	d.b.Describe(fmt.Sprintf("%s %s MB/s", r.Pass, Rate(r.MBPerSecond)))
	_ = d.b.Set(r.Done)
}
