package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"ptyprep/internal/formats/h5"
)

// The scripts run the real program: this test binary, by another name.
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"ptyprep": main, "mutants": runMutants})
}

func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		UpdateScripts:       os.Getenv("UPDATE_SCRIPTS") != "",
		Setup: func(env *testscript.Env) error {
			env.Setenv("HOME", env.WorkDir+"/home")
			env.Setenv("XDG_CONFIG_HOME", env.WorkDir+"/home/.config")
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"exits":  cmdExits,
			"mkscan": cmdMkscan,
			"same":   cmdSame,
			"alone":  cmdAlone,
		},
	})
}

// cmdExits runs a command and wants one exit status: exits 4 ptyprep convert x.yaml.
func cmdExits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits STATUS COMMAND [ARGUMENTS]")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	got := 0
	if err := ts.Exec(args[1], args[2:]...); err != nil {
		var e *exec.ExitError
		if !errors.As(err, &e) {
			ts.Fatalf("%v", err)
		}
		got = e.ExitCode()
	}
	if got != want {
		ts.Fatalf("exit status %d, want %d", got, want)
	}
	if s := ts.ReadFile("stderr"); strings.Contains(s, "goroutine ") {
		ts.Fatalf("a stack trace on standard error")
	}
}

// cmdMkscan makes a scan: mkscan FILE [frames=9] [size=16] [positions=9]. Pixel (r, c) of frame k
// holds 1000 + 10 k + r + c.
func cmdMkscan(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 1 {
		ts.Fatalf("usage: mkscan FILE [frames=N] [size=N] [positions=N]")
	}
	n := map[string]int{"frames": 9, "size": 16, "positions": -1}
	for _, a := range args[1:] {
		k, v, _ := strings.Cut(a, "=")
		x, err := strconv.Atoi(v)
		ts.Check(err)
		n[k] = x
	}
	if n["positions"] < 0 {
		n["positions"] = n["frames"]
	}
	ts.Check(makeScan(ts.MkAbs(args[0]), n["frames"], n["size"], n["positions"]))
}

func makeScan(path string, frames, size, positions int) error {
	// A program that another script starts at this moment would share the file's lock until it runs.
	syscall.ForkLock.RLock()
	defer syscall.ForkLock.RUnlock()
	f, err := h5.Create(path)
	if err != nil {
		return err
	}
	data := make([]uint16, frames*size*size)
	for i := range data {
		k, r, c := i/(size*size), i/size%size, i%size
		data[i] = uint16(1000 + 10*k + r + c)
	}
	y, x := make([]float64, positions), make([]float64, positions)
	for k := range y {
		y[k], x[k] = float64(k), float64(-k)/2
	}
	err = errors.Join(
		h5.WriteArray(f, "/entry/data", []int{frames, size, size}, data, 1),
		h5.WriteArray(f, "/entry/y", []int{positions}, y, 0),
		h5.WriteArray(f, "/entry/x", []int{positions}, x, 0),
	)
	return errors.Join(err, f.Close())
}

// cmdSame compares all frames of two .ptyd files, however they are laid out.
func cmdSame(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) != 2 {
		ts.Fatalf("usage: [!] same A.ptyd B.ptyd")
	}
	a, err := frames(ts.MkAbs(args[0]))
	ts.Check(err)
	b, err := frames(ts.MkAbs(args[1]))
	ts.Check(err)
	if (fmt.Sprint(a) == fmt.Sprint(b)) == neg {
		ts.Fatalf("%s and %s hold the same frames: %v", args[0], args[1], !neg)
	}
}

// frames gives the sum of each frame of a .ptyd, chunk after chunk.
func frames(path string) ([]float64, error) {
	f, err := h5.Open(path, h5.OpenOptions{})
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var sums []float64
	for k := 0; ; k++ {
		d, err := f.Dataset(fmt.Sprintf("/chunks/%d/data", k))
		if errors.Is(err, h5.ErrNotFound) && k > 0 {
			return sums, nil
		}
		if err != nil {
			return nil, err
		}
		all, err := h5.ReadAll[float64](d)
		if err != nil {
			return nil, err
		}
		n := d.Info().Shape[0]
		for i := range n {
			sum := 0.0
			for _, x := range all[i*len(all)/n : (i+1)*len(all)/n] {
				sum += x
			}
			sums = append(sums, sum)
		}
	}
}

// cmdAlone wants a folder to hold these files and no others, hidden ones included.
func cmdAlone(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 1 {
		ts.Fatalf("usage: alone FOLDER [NAMES]")
	}
	entries, err := os.ReadDir(ts.MkAbs(args[0]))
	ts.Check(err)
	var got []string
	for _, e := range entries {
		if e.Name() != ".tmp" { // testscript's own
			got = append(got, e.Name())
		}
	}
	if fmt.Sprint(got) != fmt.Sprint(args[1:]) {
		ts.Fatalf("%s holds %v, want %v", args[0], got, args[1:])
	}
}
