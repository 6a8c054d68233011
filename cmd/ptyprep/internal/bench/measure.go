package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// sample is what one run showed.
type sample struct {
	wall     time.Duration
	peakMiB  float64
	outBytes int64
	stages   map[string]float64 // seconds of all workers
}

var stages = []string{"read", "inflate", "arithmetic", "deflate", "write"}

func printHead() {
	fmt.Printf("%-17s %7s %8s %8s %9s  %s %8s %8s\n", "", "workers", "seconds", "MB/s", "frames/s",
		"read inflate  arith deflate  write", "peak MiB", "MB out")
}

// time runs w in turn with each number of workers and prints the medians.
func (w *workload) time(o *options) error {
	runs := map[int][]sample{}
	for range o.repeat {
		for _, n := range o.workers {
			s, err := w.once(o, n)
			if err != nil {
				return err
			}
			runs[n] = append(runs[n], s)
		}
	}
	fmt.Printf("%s: %s\n", w.name, w.about)
	for _, n := range o.workers {
		w.print(n, runs[n])
	}
	if a, b := runs[1], runs[2]; a != nil && b != nil {
		fmt.Printf("%17s %7s %8.2f times as fast\n", "", "2 / 1", wall(a).Seconds()/wall(b).Seconds())
	}
	return nil
}

func wall(runs []sample) time.Duration {
	return median(runs, func(s sample) time.Duration { return s.wall })
}

func (w *workload) print(workers int, runs []sample) {
	t := wall(runs).Seconds()
	total := 0.0
	spent := map[string]float64{}
	for _, k := range stages {
		spent[k] = median(runs, func(s sample) float64 { return s.stages[k] })
		total += spent[k]
	}
	var shares strings.Builder
	for _, k := range stages {
		fmt.Fprintf(&shares, "%5.0f %% ", 100*spent[k]/max(total, 1e-9))
	}
	fmt.Printf("%17s %7d %8.3f %8.0f %9.0f %s %8.1f %8.1f\n", "", workers, t, float64(w.raw)/1e6/t, float64(w.frames)/t, shares.String(),
		median(runs, func(s sample) float64 { return s.peakMiB }), float64(runs[0].outBytes)/1e6)
}

func median[T int64 | float64 | time.Duration](runs []sample, of func(sample) T) T {
	v := make([]T, len(runs))
	for i, s := range runs {
		v[i] = of(s)
	}
	slices.Sort(v)
	return v[len(v)/2]
}

// once runs the program once.
func (w *workload) once(o *options, workers int) (sample, error) {
	cmd := exec.Command(o.binary, "convert", w.recipeFile(o.dir), "--output", filepath.Join(o.dir, w.name+".ptyd"), "--overwrite",
		"--workers", strconv.Itoa(workers), "--verbose", "--log-format", "json", "--progress", "none")
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	began := time.Now()
	err := cmd.Run()
	s := sample{wall: time.Since(began), stages: map[string]float64{}}
	if err != nil {
		return s, fmt.Errorf("%w\n%s", err, out.String())
	}
	if u, ok := cmd.ProcessState.SysUsage().(*syscall.Rusage); ok {
		s.peakMiB = float64(u.Maxrss) / 1024
		if runtime.GOOS == "darwin" { // bytes there
			s.peakMiB /= 1024
		}
	}
	return s, s.read(&out)
}

// read takes the times and the size from what the program says.
func (s *sample) read(from *bytes.Buffer) error {
	dec := json.NewDecoder(from)
	for dec.More() {
		var m struct {
			Size   int64                      `json:"size_bytes"`
			Fields map[string]json.RawMessage `json:"fields"`
		}
		if err := dec.Decode(&m); err != nil {
			return fmt.Errorf("the program's messages cannot be read: %w", err)
		}
		s.outBytes = max(s.outBytes, m.Size)
		for _, k := range stages {
			var seconds float64
			if json.Unmarshal(m.Fields[k+"_seconds"], &seconds) == nil {
				s.stages[k] = seconds
			}
		}
	}
	return nil
}
