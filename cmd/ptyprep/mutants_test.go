package main

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"ptyprep/cmd/ptyprep/internal/cli"
)

// mutate damages a copy of a file in way i: always the same way for the same i.
func mutate(whole []byte, i int) []byte {
	r := rand.New(rand.NewPCG(uint64(i), 74))
	b := bytes.Clone(whole)
	at := r.IntN(len(b))
	some := b[at:min(at+1+r.IntN(16), len(b))]
	switch i % 6 {
	case 0, 1:
		b[at] ^= 1 << r.IntN(8)
	case 2:
		b[at] = []byte{0, 1, 0x7f, 0x80, 0xff}[r.IntN(5)]
	case 3:
		clear(some)
	case 4:
		for k := range some {
			some[k] = 0xff
		}
	case 5:
		copy(some, b[r.IntN(len(b)):])
	}
	return b
}

// runMutants is the program mutants: mutants FILE FROM TO COMMAND... runs ptyprep with damaged copies of
// FILE in its place, one after the other. It prints each number before its turn, and complaints.
func runMutants() {
	file, args := os.Args[1], os.Args[4:]
	from, _ := strconv.Atoi(os.Args[2])
	to, _ := strconv.Atoi(os.Args[3])
	whole, err := os.ReadFile(file + ".whole")
	for i := from; i < to && err == nil; i++ {
		fmt.Println("mutant", i)
		os.Remove("out.ptyd")
		if err = os.WriteFile(file, mutate(whole, i), 0o666); err != nil {
			break
		}
		stuck := time.AfterFunc(time.Minute, func() { _ = syscall.Kill(os.Getpid(), syscall.SIGQUIT) }) // prints where
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		var stdout, stderr bytes.Buffer
		status := cli.Main(args, &stdout, &stderr)
		stuck.Stop()
		runtime.ReadMemStats(&after)
		text := stderr.String()
		const most = 512 << 20
		switch grown := after.TotalAlloc - before.TotalAlloc; {
		case status != 0 && status != 5:
			fmt.Printf("COMPLAINT %d: status %d: %s\n", i, status, text)
		case strings.Contains(text, "internal error"), strings.Contains(text, "HDF5-DIAG"), strings.Contains(text, "goroutine "):
			fmt.Printf("COMPLAINT %d: %s\n", i, text)
		case status == 5 && !strings.Contains(text, file):
			fmt.Printf("COMPLAINT %d: the file is not named: %s\n", i, text)
		case grown > most:
			fmt.Printf("COMPLAINT %d: took %d MiB for a file of %d kB\n", i, grown>>20, len(whole)>>10)
		}
		if _, serr := os.Stat("out.ptyd"); args[0] == "convert" && (status == 0) != (serr == nil) {
			fmt.Printf("COMPLAINT %d: status %d, output: %v\n", i, status, serr)
		}
	}
	if err != nil {
		fmt.Println("COMPLAINT", err)
	}
}

// Files that are damaged in one place: whatever it is, ptyprep converts or reports what is left or
// refuses with exit 5 and the file's name. It does not crash, ask for absurd memory or leave an output
// behind. Crashes and endless loops inside libhdf5 are not ours to mend; they are counted in
// the log.
func TestMutants(t *testing.T) {
	dir := folder(t)
	recipe := "name: Hdf5Loader\nintensities: {file: raw.h5, key: entry/data}\npositions: {slow_key: entry/y, fast_key: entry/x}\ncenter: [4, 4]\nauto_center: false\ndfile: out.ptyd\n"
	err := errors.Join(makeScan(filepath.Join(dir, "raw.h5"), 4, 8, 4), os.WriteFile(filepath.Join(dir, "h.yaml"), []byte(recipe), 0o666),
		os.WriteFile(filepath.Join(dir, "p.yaml"), []byte("name: PtydScan\nsource: in.ptyd\n"), 0o666))
	if err != nil {
		t.Fatal(err)
	}
	if out, err := program(t, dir, "convert", "h.yaml", "-o", "in.ptyd", "--chunk-frames", "3").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	for _, f := range []string{"raw.h5", "in.ptyd"} {
		if err := os.Rename(filepath.Join(dir, f), filepath.Join(dir, f+".whole")); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range [][]string{{"raw.h5", "convert", "h.yaml"}, {"raw.h5", "inspect", "raw.h5"}, {"in.ptyd", "convert", "p.yaml", "-o", "out.ptyd"}, {"in.ptyd", "inspect", "in.ptyd"}} {
		t.Run(c[1]+" "+c[0], func(t *testing.T) {
			each, crashes := 240, 0
			if c[1] == "convert" { // syncs the disk
				each = 100
			}
			for from := 0; from < each; {
				out, last, err := mutants(t, dir, from, each, c)
				for line := range strings.Lines(out) {
					if strings.HasPrefix(line, "COMPLAINT") {
						t.Errorf("%s", line)
					}
				}
				if err == nil {
					break
				}
				if !inLibrary(err, out) {
					t.Fatalf("mutant %d: %v\n%s", last, err, out)
				}
				crashes++
				t.Logf("mutant %d: %s", last, cFunction.FindString(out))
				from = last + 1
			}
			t.Logf("%d damaged files, %d crashes or endless loops in libhdf5", each, crashes)
		})
	}
}

// mutants runs a part of the mutants, and gives what was said and the number of the last one.
func mutants(t *testing.T, dir string, from, to int, c []string) (out string, last int, err error) {
	t.Helper()
	path, err := exec.LookPath("mutants")
	if err != nil {
		t.Fatal(err)
	}
	p := exec.CommandContext(t.Context(), path, append([]string{c[0], strconv.Itoa(from), strconv.Itoa(to)}, c[1:]...)...)
	p.Dir, p.Env = dir, append(os.Environ(), "XDG_CONFIG_HOME="+dir)
	p.WaitDelay = time.Second
	b, err := p.CombinedOutput()
	last = from
	for line := range strings.Lines(string(b)) {
		if n, ok := strings.CutPrefix(line, "mutant "); ok {
			last, _ = strconv.Atoi(strings.TrimSpace(n))
		}
	}
	return string(b), last, err
}

var cFunction = regexp.MustCompile(`_Cfunc_\w+`)

// inLibrary says that the program was ended by a signal in C code: one that came up there, or that of
// the watch over a call that does not come back.
func inLibrary(err error, out string) bool {
	var e *exec.ExitError
	if !errors.As(err, &e) {
		return false
	}
	return strings.Contains(out, "signal arrived during cgo execution") || strings.Contains(out, "SIGQUIT") && strings.Contains(out, "formats/h5._Cfunc_")
}
