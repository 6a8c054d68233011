package main

import (
	"bytes"
	"context"
	"errors"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// program is a run of ptyprep in a folder of its own, with a recipe of the base scan: it needs no
// input and is as long as wanted.
func program(t *testing.T, dir string, args ...string) *exec.Cmd {
	t.Helper()
	path, err := exec.LookPath("ptyprep") // testscript put it there
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	t.Cleanup(cancel)
	c := exec.CommandContext(ctx, path, args...)
	c.Dir = dir
	c.Env = append(os.Environ(), "XDG_CONFIG_HOME="+dir)
	return c
}

func folder(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	recipe := "name: PtyScan\nenergy: 7\ndistance: 1\npsize: 1.0e-4\ndfile: out.ptyd\n"
	if err := os.WriteFile(filepath.Join(dir, "r.yaml"), []byte(recipe), 0o644); err != nil {
		t.Fatal(err)
	}
	return dir
}

func names(t *testing.T, dir string) string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var s []string
	for _, e := range entries {
		s = append(s, e.Name())
	}
	return strings.Join(s, " ")
}

func status(err error) int {
	var e *exec.ExitError
	if errors.As(err, &e) {
		return e.ExitCode()
	}
	return 0
}

// A signal in the middle of a run: 130 or 143, no temporary file, the old output as it was.
func TestSignals(t *testing.T) {
	for sig, want := range map[syscall.Signal]int{syscall.SIGINT: 130, syscall.SIGTERM: 143, syscall.SIGHUP: 143} {
		t.Run(sig.String(), func(t *testing.T) {
			dir := folder(t)
			out := filepath.Join(dir, "out.ptyd")
			if err := os.WriteFile(out, []byte("the old one"), 0o644); err != nil {
				t.Fatal(err)
			}
			// Tests that run under nohup, or behind & in a script, hand on a signal that is ignored; one
			// that is listened to is not handed on.
			heard := make(chan os.Signal, 1)
			signal.Notify(heard, sig)
			defer signal.Stop(heard)
			c := program(t, dir, "convert", "r.yaml", "--overwrite", "--set", "num_frames=100000")
			var stderr, stdout bytes.Buffer
			c.Stderr, c.Stdout = &stderr, &stdout
			if err := c.Start(); err != nil {
				t.Fatal(err)
			}
			before := "out.ptyd r.yaml"
			for range 1000 { // until the temporary file is there
				if names(t, dir) != before {
					break
				}
				time.Sleep(10 * time.Millisecond)
			}
			sent := time.Now()
			c.Process.Signal(sig)
			err := c.Wait()
			if status(err) != want {
				t.Errorf("exit status %v, want %d: %s", err, want, stderr.String())
			}
			if took := time.Since(sent); took > 5*time.Second {
				t.Errorf("took %s to end", took)
			}
			if got := names(t, dir); got != before {
				t.Errorf("left behind: %s", got)
			}
			if b, _ := os.ReadFile(out); string(b) != "the old one" {
				t.Error("the old output was touched")
			}
			if !strings.HasPrefix(stderr.String(), "ptyprep: error: stopped by SIG") || stdout.Len() > 0 {
				t.Errorf("stderr %q, stdout %q", stderr.String(), stdout.String())
			}
		})
	}
}

// A signal ends a command at once while nothing is being written, wherever it waits: here for the
// recipe, on a pipe that nobody writes to.
func TestSignalWhilePreparing(t *testing.T) {
	dir := t.TempDir()
	recipe := filepath.Join(dir, "r.yaml")
	if err := syscall.Mkfifo(recipe, 0o644); err != nil {
		t.Fatal(err)
	}
	c := program(t, dir, "convert", "r.yaml", "-o", "out.ptyd")
	var stderr bytes.Buffer
	c.Stderr = &stderr
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	var pipe *os.File
	for range 1000 { // it cannot be opened before somebody waits at its other end
		var err error
		if pipe, err = os.OpenFile(recipe, os.O_WRONLY|syscall.O_NONBLOCK, 0); err == nil {
			break
		}
		time.Sleep(10 * time.Millisecond)
	}
	defer pipe.Close()
	sent := time.Now()
	c.Process.Signal(syscall.SIGTERM)
	if err := c.Wait(); status(err) != 143 || stderr.String() != "ptyprep: error: stopped by SIGTERM\n" {
		t.Errorf("%v: %s", err, stderr.String())
	}
	if took := time.Since(sent); took > 5*time.Second {
		t.Errorf("took %s to end", took)
	}
}

// Streams that are full, closed or without a reader do not make a conversion fail.
func TestBrokenStreams(t *testing.T) {
	full := func(t *testing.T) *os.File {
		f, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
		if err != nil {
			t.Fatal(err)
		}
		return f
	}
	pipe := func(t *testing.T) *os.File { // nobody reads it
		r, w, err := os.Pipe()
		if err != nil {
			t.Fatal(err)
		}
		r.Close()
		return w
	}
	for name, open := range map[string]func(*testing.T) *os.File{"full": full, "no reader": pipe} {
		for _, flags := range [][]string{{"-v"}, {"-v", "--progress", "bar"}, {"--log-format", "json"}} {
			t.Run(name+" "+strings.Join(flags, " "), func(t *testing.T) {
				dir := folder(t)
				c := program(t, dir, append([]string{"convert", "r.yaml", "--set", "num_frames=200"}, flags...)...)
				f := open(t)
				defer f.Close()
				c.Stdout, c.Stderr = f, f
				if err := c.Run(); err != nil {
					t.Errorf("%v", err)
				}
				if got := names(t, dir); got != "out.ptyd r.yaml" {
					t.Errorf("the folder holds %s", got)
				}
			})
		}
	}
	t.Run("closed", func(t *testing.T) {
		dir := folder(t)
		c := program(t, dir, "convert", "r.yaml", "--set", "num_frames=5")
		sh := exec.Command("/bin/sh", "-c", `exec "$0" "$@" >&- 2>&- <&-`)
		sh.Args = append(sh.Args, append([]string{c.Path}, c.Args[1:]...)...)
		sh.Dir, sh.Env = c.Dir, c.Env
		if err := sh.Run(); err != nil {
			t.Fatal(err)
		}
		// The file must not have become the program's standard output.
		b, err := os.ReadFile(filepath.Join(dir, "out.ptyd"))
		if err != nil || !bytes.HasPrefix(b, []byte("\x89HDF")) || bytes.Contains(b, []byte("frames of")) {
			t.Errorf("%v", err)
		}
	})
}

// --help must not make a shell prompt wait.
func BenchmarkStartUp(b *testing.B) {
	path, err := exec.LookPath("ptyprep")
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if err := exec.Command(path, "--help").Run(); err != nil {
			b.Fatal(err)
		}
	}
}
