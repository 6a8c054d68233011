// Package exitcode is the one table of exit statuses: the commands, their help texts and
// docs/exit-codes.md all take them from here.
package exitcode

import (
	"fmt"
	"strings"

	"ptyprep/internal/scan/problem"
)

// The exit statuses of every command. 2 is left to the Go runtime.
const (
	OK          = 0
	Failed      = int(problem.Internal)
	Incomplete  = int(problem.Incomplete)
	Usage       = int(problem.Usage)
	Input       = int(problem.Input)
	Interrupted = 130 // 128 + SIGINT, as shells count
	Terminated  = 143 // 128 + SIGTERM
)

// Code is one exit status.
type Code struct {
	Number  int
	Meaning string // one line, for help texts
	Advice  string // what a script or a person does about it, for docs
}

// Table gives all exit statuses in rising order.
func Table() []Code {
	return []Code{
		{OK, "done", "Nothing to do. There may have been warnings on standard error."},
		{Failed, "failed for another reason: disk full, no permission to write, a bug",
			"Read the message; free space or mend permissions, then run again."},
		{Incomplete, "done, but frames or positions of the input were left out unasked",
			"The output is whole and can be used. The warnings say what is missing (an aborted or growing scan, counts that differ); look at them before relying on it. Run again with `--overwrite` when the scan has ended."},
		{Usage, "the recipe or the flags are wrong, or the output exists",
			"Edit the recipe or the command line: an unknown key, a wrong type, values that contradict each other, an output that is already there. Running again unchanged gives the same."},
		{Input, "inputs are missing, unreadable, damaged or do not fit the recipe",
			"Look at the input files: not there yet, still being written, damaged, or other shapes and keys than the recipe expects."},
		{Interrupted, "interrupted (SIGINT, Ctrl-C); the output is as it was before",
			"No temporary file is left, and an older output is untouched. Run again."},
		{Terminated, "terminated (SIGTERM, or SIGHUP when a terminal closes); likewise",
			"As 130. Batch systems send SIGTERM at the time limit."},
	}
}

// Help is the table as the last part of a help text.
func Help() string {
	var b strings.Builder
	b.WriteString("Exit status:\n")
	for _, c := range Table() {
		fmt.Fprintf(&b, "  %3d  %s\n", c.Number, c.Meaning)
	}
	return b.String()
}

// Markdown is the table as it stands in docs/exit-codes.md.
func Markdown() string {
	var b strings.Builder
	b.WriteString("| status | meaning | what to do |\n|---|---|---|\n")
	for _, c := range Table() {
		fmt.Fprintf(&b, "| %d | %s | %s |\n", c.Number, c.Meaning, c.Advice)
	}
	return b.String()
}
