package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// appears waits until the folder holds more than before.
func appears(t *testing.T, dir, before string) {
	t.Helper()
	for range 10000 {
		if names(t, dir) != before {
			return
		}
		time.Sleep(time.Millisecond)
	}
	t.Fatal("no temporary file came up")
}

// A run that is killed outright leaves the old output as it was; the next run takes its temporaries
// away and does its work.
func TestKilledRun(t *testing.T) {
	for _, mode := range []string{"append", "link"} {
		t.Run(mode, func(t *testing.T) {
			dir := folder(t)
			old := filepath.Join(dir, "out.ptyd")
			if err := os.WriteFile(old, []byte("the old one"), 0o644); err != nil {
				t.Fatal(err)
			}
			const before = "out.ptyd r.yaml"
			c := program(t, dir, "convert", "r.yaml", "--backup", "--save", mode, "--chunk-frames", "50", "--set", "num_frames=100000")
			if err := c.Start(); err != nil {
				t.Fatal(err)
			}
			appears(t, dir, before)
			time.Sleep(50 * time.Millisecond)
			if err := c.Process.Kill(); err != nil {
				t.Fatal(err)
			}
			c.Wait()
			if b, _ := os.ReadFile(old); string(b) != "the old one" {
				t.Error("the old output was touched")
			}
			if names(t, dir) == before {
				t.Error("nothing was left behind: the test killed too early")
			}
			if out, err := program(t, dir, "convert", "r.yaml", "--overwrite", "--set", "num_frames=5", "-q").CombinedOutput(); err != nil {
				t.Fatalf("%v: %s", err, out)
			}
			if got := names(t, dir); got != before {
				t.Errorf("the folder holds %s", got)
			}
		})
	}
}

// A full disk, here a limit on the size of files: exit 1, what happened and how much is needed, and
// nothing is left behind. The limit must not end the program by its signal.
func TestFileSizeLimit(t *testing.T) {
	for _, mode := range []string{"append", "link", "merge"} {
		for _, blocks := range []int{0, 1, 40} { // of 512 or 1024 bytes
			dir := folder(t)
			old := filepath.Join(dir, "out.ptyd")
			if err := os.WriteFile(old, []byte("the old one"), 0o644); err != nil {
				t.Fatal(err)
			}
			c := program(t, dir, "convert", "r.yaml", "--backup", "--save", mode, "--set", "num_frames=2000", "--compression", "none")
			sh := exec.Command("/bin/sh", "-c", fmt.Sprintf(`ulimit -f %d; exec "$0" "$@"`, blocks))
			sh.Args = append(sh.Args, append([]string{c.Path}, c.Args[1:]...)...)
			sh.Dir, sh.Env = c.Dir, c.Env
			out, err := sh.CombinedOutput()
			if status(err) != 1 || !bytes.Contains(out, []byte("ptyprep: error: output ")) || !bytes.Contains(out, []byte("file too large")) || !bytes.Contains(out, []byte("hint: ")) {
				t.Errorf("%s, %d blocks: %v\n%s", mode, blocks, err, out)
			}
			if b, _ := os.ReadFile(old); names(t, dir) != "out.ptyd r.yaml" || string(b) != "the old one" {
				t.Errorf("%s, %d blocks: the folder holds %s", mode, blocks, names(t, dir))
			}
		}
	}
}

// unprivileged makes c run as a user whom file modes bind. As root that is nobody, who may not come near
// the binary either, so it goes by its open file.
func unprivileged(t *testing.T, c *exec.Cmd) {
	t.Helper()
	if os.Geteuid() != 0 {
		return
	}
	for dir := c.Dir; dir != os.TempDir() && dir != "/"; dir = filepath.Dir(dir) {
		st, err := os.Stat(dir)
		if err == nil {
			err = os.Chmod(dir, st.Mode().Perm()|0o055)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	c.Path, c.Args[0] = "/proc/self/exe", "ptyprep"
	const nobody = 65534
	c.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody, NoSetGroups: true}}
}

// A folder that may not be written to is told before any frame is read, with exit 1; an input that may
// not be read with exit 5.
func TestNoPermission(t *testing.T) {
	dir := folder(t)
	c := program(t, dir, "convert", "r.yaml", "--set", "num_frames=100000")
	unprivileged(t, c)
	if err := os.Chmod(dir, 0o555); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.Chmod(dir, 0o755) })
	out, err := c.CombinedOutput()
	if status(err) != 1 || !strings.Contains(string(out), "cannot be written to: permission denied") || !strings.Contains(string(out), "hint: choose another output") {
		t.Errorf("folder: %v\n%s", err, out)
	}
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	secret := filepath.Join(dir, "raw.h5")
	recipe := "name: Hdf5Loader\nintensities: {file: raw.h5, key: entry/data}\npositions: {slow_key: entry/y, fast_key: entry/x}\ndfile: out.ptyd\n"
	if err := makeScan(secret, 3, 4, 3); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "h.yaml"), []byte(recipe), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(secret, 0); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{{"convert", "h.yaml"}, {"inspect", "raw.h5"}} {
		c = program(t, dir, args...)
		unprivileged(t, c)
		out, err = c.CombinedOutput()
		if status(err) != 5 || !strings.Contains(strings.ToLower(string(out)), "permission denied") || !strings.Contains(string(out), "raw.h5") {
			t.Errorf("%v: %v\n%s", args, err, out)
		}
	}
}

// An input that changes while it is read: with --no-lock, where nothing keeps a writer away, that is an
// error and nothing is written; else a warning.
func TestInputChanges(t *testing.T) {
	for _, noLock := range []bool{true, false} {
		dir := folder(t)
		raw := filepath.Join(dir, "raw.h5")
		if err := makeScan(raw, 6000, 16, 6000); err != nil {
			t.Fatal(err)
		}
		recipe := "name: Hdf5Loader\nintensities: {file: raw.h5, key: entry/data}\npositions: {slow_key: entry/y, fast_key: entry/x}\nauto_center: false\ndfile: out.ptyd\n"
		if err := os.WriteFile(filepath.Join(dir, "h.yaml"), []byte(recipe), 0o644); err != nil {
			t.Fatal(err)
		}
		before := names(t, dir)
		c := program(t, dir, "convert", "h.yaml", "--workers", "1", fmt.Sprintf("--no-lock=%v", noLock))
		var stderr bytes.Buffer
		c.Stderr = &stderr
		if err := c.Start(); err != nil {
			t.Fatal(err)
		}
		appears(t, dir, before)
		c.Process.Signal(syscall.SIGSTOP) // in the middle of the frames
		now := time.Now().Add(time.Second)
		if err := os.Chtimes(raw, now, now); err != nil {
			t.Fatal(err)
		}
		c.Process.Signal(syscall.SIGCONT)
		err := c.Wait()
		want, files := 0, "h.yaml out.ptyd r.yaml raw.h5"
		if noLock {
			want, files = 5, before
		}
		if status(err) != want || !strings.Contains(stderr.String(), "raw.h5 changed while it was read") {
			t.Errorf("no lock %v: %v\n%s", noLock, err, stderr.String())
		}
		if got := names(t, dir); got != files {
			t.Errorf("no lock %v: the folder holds %s", noLock, got)
		}
	}
}

// Inputs that are cut off or overwritten: exit 5, which file and what to do, no output, and no stack
// trace.
func TestDamagedInputs(t *testing.T) {
	dir := folder(t)
	raw := filepath.Join(dir, "raw.h5")
	if err := makeScan(raw, 20, 16, 20); err != nil {
		t.Fatal(err)
	}
	recipe := "name: Hdf5Loader\nintensities: {file: raw.h5, key: entry/data}\npositions: {slow_key: entry/y, fast_key: entry/x}\nauto_center: false\ndfile: out.ptyd\n"
	if err := os.WriteFile(filepath.Join(dir, "h.yaml"), []byte(recipe), 0o644); err != nil {
		t.Fatal(err)
	}
	whole, err := os.ReadFile(raw)
	if err != nil {
		t.Fatal(err)
	}
	n := len(whole)
	for name, b := range map[string][]byte{
		"empty": {}, "head": whole[:7], "signature": whole[:8], "superblock": whole[:96], "half": whole[:n/2], "last byte": whole[:n-1],
		"other file": []byte("\x93NUMPY and so on, but no HDF5 at all"), "zeros": make([]byte, n), "zeroed tail": append(whole[:n/2:n/2], make([]byte, n-n/2)...),
	} {
		if err := os.WriteFile(raw, b, 0o644); err != nil {
			t.Fatal(err)
		}
		for _, args := range [][]string{{"convert", "h.yaml"}, {"inspect", "raw.h5"}} {
			out, err := program(t, dir, args...).CombinedOutput()
			if name == "zeroed tail" && args[0] == "inspect" && err == nil {
				continue // what can be listed is listed
			}
			if status(err) != 5 || !bytes.Contains(out, []byte("raw.h5")) || bytes.Contains(out, []byte("goroutine ")) || bytes.Contains(out, []byte("HDF5-DIAG")) {
				t.Errorf("%s, %v: %v\n%s", name, args, err, out)
			}
			if got := names(t, dir); got != "h.yaml r.yaml raw.h5" {
				t.Errorf("%s: the folder holds %s", name, got)
			}
		}
	}
}
