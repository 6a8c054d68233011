// Command bench times whole conversions, as a user sees them: it makes the inputs, runs the program on
// them with one and with two workers, and prints how fast that was and where the time went.
//
//	make bench
//	go run ./cmd/ptyprep/internal/bench -binary bin/ptyprep -only gzip_crop -repeat 9
package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// options are the flags.
type options struct {
	binary  string
	dir     string
	side    int // frames of each side of the raster
	repeat  int
	workers []int
	only    []string
	keep    bool
	make    string // workload whose inputs are to be made, and nothing else
}

func parse() (*options, error) {
	o := new(options)
	var workers, only string
	flag.StringVar(&o.binary, "binary", "bin/ptyprep", "the program to time")
	flag.StringVar(&o.dir, "dir", "", "where inputs and outputs go; inputs that are there already are used again (default: a folder that is removed at the end)")
	flag.IntVar(&o.side, "side", 31, "the scans of the four standard workloads are rasters of `N` x N frames")
	flag.IntVar(&o.repeat, "repeat", 5, "runs of each; medians are printed")
	flag.StringVar(&workers, "workers", "1,2", "numbers of workers")
	flag.StringVar(&only, "only", "", "workloads to run, separated by commas (default: all)")
	flag.StringVar(&o.make, "make", "", "only make the inputs of one workload, in -dir")
	flag.Parse()
	for w := range strings.SplitSeq(workers, ",") {
		n, err := strconv.Atoi(strings.TrimSpace(w))
		if err != nil || n < 1 {
			return nil, fmt.Errorf("-workers %q: want numbers as 1,2", workers)
		}
		o.workers = append(o.workers, n)
	}
	if only != "" {
		o.only = strings.Split(only, ",")
	}
	if o.repeat < 1 || o.side < 2 {
		return nil, fmt.Errorf("-repeat %d -side %d: too small", o.repeat, o.side)
	}
	o.keep = o.dir != ""
	return o, nil
}

func run() error {
	o, err := parse()
	if err != nil {
		return err
	}
	if o.binary, err = filepath.Abs(o.binary); err != nil {
		return err
	}
	if !o.keep {
		if o.dir, err = os.MkdirTemp("", "ptyprep-bench-"); err != nil {
			return err
		}
		defer os.RemoveAll(o.dir)
	}
	if err := os.MkdirAll(o.dir, 0o777); err != nil {
		return err
	}
	all := workloads(o.side)
	for _, w := range all {
		if w.name == o.make {
			return w.makeInputs(o.dir)
		}
	}
	for _, name := range o.only {
		if !slices.ContainsFunc(all, func(w *workload) bool { return w.name == name }) {
			return fmt.Errorf("-only: there is no workload %q", name)
		}
	}
	printHead()
	for _, w := range all {
		if len(o.only) > 0 && !slices.Contains(o.only, w.name) {
			continue
		}
		if err := w.prepare(o); err != nil {
			return fmt.Errorf("%s: %w", w.name, err)
		}
		if err := w.time(o); err != nil {
			return fmt.Errorf("%s: %w", w.name, err)
		}
		if !o.keep {
			os.Remove(filepath.Join(o.dir, w.name+".ptyd"))
		}
	}
	fmt.Print("\nMB/s and frames/s: raw data of whole frames over the time of the whole process. Shares: of the time of all workers.\n")
	return nil
}
