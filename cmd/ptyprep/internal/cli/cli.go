// Package cli holds the commands of ptyprep: flags in, recipes and the engine at work, messages
// and exit statuses out. It knows neither physics nor file formats.
package cli

import (
	"context"
	"errors"
	"io"
	"os"
	"os/signal"
	"sync"
	"sync/atomic"
	"syscall"

	"github.com/spf13/cobra"

	"ptyprep/cmd/ptyprep/internal/console"
	"ptyprep/cmd/ptyprep/internal/exitcode"
	"ptyprep/cmd/ptyprep/internal/settings"
	"ptyprep/internal/recipes"
	"ptyprep/internal/recipes/all"
	"ptyprep/internal/scan/problem"
)

// app is what the commands share.
type app struct {
	con      *console.Console
	registry func() *recipes.Registry
	status   int  // of a command that did its work: OK or Incomplete
	running  bool // the command line was understood
	stage    atomic.Int32
	written  string // the output that is in its place already, while more is on its way
}

// The stages of a command. Before it writes there is nothing to clean up, and a signal ends it at
// once, wherever it waits or computes; once it writes it ends by itself.
const (
	preparing int32 = iota
	writing
	stopped
)

// begin tells that an output is on its way. It fails if a signal came first.
func (a *app) begin(ctx context.Context) error {
	if a.stage.CompareAndSwap(preparing, writing) || a.stage.Load() == writing {
		return nil
	}
	return context.Cause(ctx)
}

// Main runs the command line args (without the program's name) and gives the exit status.
func Main(args []string, stdout, stderr io.Writer) int {
	// Without this a write to a pipe that nobody reads would kill the program.
	signal.Ignore(syscall.SIGPIPE)
	a := &app{
		con:      console.New(stdout, stderr, console.Options{JSON: settings.FormatFromArgs(args) == settings.LogJSON}),
		registry: sync.OnceValue(all.Registry),
	}
	ctx, stop := withSignals(context.Background(), os.Exit)
	defer stop()
	root := a.root(stderr)
	root.SetArgs(args)
	root.SetOut(dull{stdout})
	root.SetErr(dull{stderr})
	return a.finish(ctx, a.execute(ctx, root))
}

// execute runs the command line. A signal while nothing is being written yet is not waited for.
func (a *app) execute(ctx context.Context, root *cobra.Command) error {
	ended := make(chan error, 1)
	go func() { ended <- guarded(func() error { return root.ExecuteContext(ctx) }) }()
	select {
	case err := <-ended:
		return err
	case <-ctx.Done():
	}
	if a.stage.CompareAndSwap(preparing, stopped) {
		return context.Cause(ctx)
	}
	return <-ended
}

// guarded makes an error of a panic.
func guarded(f func() error) (err error) {
	defer func() {
		if v := recover(); v != nil {
			err = problem.Internalf("internal error: %v", v).
				WithHint("this is a bug of ptyprep: please report it with the command line and the recipe")
		}
	}()
	return f()
}

// finish reports the error of a command and decides the exit status.
func (a *app) finish(ctx context.Context, err error) int {
	var signalled *interrupt
	switch {
	case err == nil:
		return a.status
	case errors.As(context.Cause(ctx), &signalled):
		msg := signalled.Error()
		switch {
		case a.stage.Load() != writing:
		case a.written != "":
			msg += "; " + a.written + " is whole, what was to come after it is missing"
		default:
			msg += "; no output was written, and an older one is as it was"
		}
		a.con.Say(console.Message{Type: console.TypeError, Msg: msg, ExitStatus: signalled.status()})
		return signalled.status()
	}
	if !a.running && !isProblem(err) { // cobra's own complaints
		err = problem.Usagef("%s", err.Error()).WithHint("'ptyprep --help' shows what there is")
	}
	a.con.Problem(err)
	return int(problem.ClassOf(err))
}

func isProblem(err error) bool {
	var l problem.List
	var p *problem.Error
	return errors.As(err, &l) || errors.As(err, &p)
}

// dull is a stream whose failures do not matter.
type dull struct{ w io.Writer }

func (d dull) Write(p []byte) (int, error) {
	_, _ = d.w.Write(p)
	return len(p), nil
}

// interrupt is the cause of a context that a signal ended.
type interrupt struct{ sig syscall.Signal }

var signalNames = map[syscall.Signal]string{syscall.SIGINT: "SIGINT", syscall.SIGTERM: "SIGTERM", syscall.SIGHUP: "SIGHUP"}

func (i *interrupt) Error() string {
	return "stopped by " + signalNames[i.sig]
}

// Is makes it look like any cancelled context.
func (i *interrupt) Is(target error) bool { return target == context.Canceled }

func (i *interrupt) status() int {
	if i.sig == syscall.SIGINT {
		return exitcode.Interrupted
	}
	return exitcode.Terminated
}

// withSignals gives a context that SIGINT, SIGTERM and SIGHUP end, so that a run can clean up.
// A second signal calls exit at once. Under nohup SIGHUP stays ignored.
func withSignals(parent context.Context, exit func(int)) (context.Context, func()) {
	ctx, cancel := context.WithCancelCause(parent)
	ch := make(chan os.Signal, 2)
	signal.Notify(ch, syscall.SIGINT, syscall.SIGTERM)
	if !signal.Ignored(syscall.SIGHUP) {
		signal.Notify(ch, syscall.SIGHUP)
	}
	done := make(chan struct{})
	go func() {
		for n := 0; ; n++ {
			select {
			case s := <-ch:
				i := &interrupt{sig: s.(syscall.Signal)}
				if n > 0 {
					exit(i.status())
				}
				cancel(i)
			case <-done:
				return
			}
		}
	}()
	return ctx, func() {
		signal.Stop(ch)
		close(done)
		cancel(nil)
	}
}

// configure resolves the settings that flags of cmd, environment and files give, and sets up the
// console with them.
func (a *app) configure(cmd *cobra.Command) (*settings.Resolved, error) {
	r, err := settings.Resolve(cmd.Flags(), settings.Folders())
	if err != nil {
		return nil, err
	}
	o := console.Options{JSON: r.Text(settings.LogFormat) == settings.LogJSON}
	o.Quiet, _ = cmd.Flags().GetBool("quiet")
	o.Verbose, _ = cmd.Flags().GetBool("verbose")
	a.con.Set(o)
	if o.Quiet && o.Verbose {
		return nil, problem.Usagef("--quiet and --verbose contradict each other").WithHint("give one of them")
	}
	for _, w := range r.Warnings {
		a.con.Warnf("%s", w)
	}
	return r, nil
}
