package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
)

// workload is one conversion.
type workload struct {
	name   string
	about  string
	frames int
	raw    int64 // bytes of raw frames
	inputs []input
	recipe string // below the head; {DIR} stands for the folder of the inputs
}

// input is a file that a workload needs.
type input struct {
	name string
	make func(path string) error
}

const head = `name: Hdf5Loader
energy: 7.2
distance: 5.0
psize: 75.0e-6
auto_center: false
`

// scanOf is the part of a recipe that names frames and positions of a file.
func scanOf(file, key string) string {
	return fmt.Sprintf(`intensities: {file: "{DIR}/%[1]s", key: %[2]s}
positions: {file: "{DIR}/%[1]s", slow_key: entry/slow, fast_key: entry/fast, slow_multiplier: 1.0e-6, fast_multiplier: 1.0e-6}
`, file, key)
}

const mask = "mask: {file: \"{DIR}/aux.h5\", key: mask}\n"

// workloads are the four standard conversions of a raster of side x side frames of 512 x 512, and
// some more: an Eiger's frames as the detector stores them, a 4-D raster of 4,096 frames, whose
// chunks hold several, and 1,000 and 10,000 small frames, which must take the same memory.
func workloads(side int) []*workload {
	n := side * side
	aux := input{"aux.h5", func(p string) error { return makeAux(p, side) }}
	packed := input{"raw_gzip.h5", func(p string) error { return makeGzip(p, side) }}
	flat := input{"raw_contig.h5", func(p string) error { return makeContiguous(p, side) }}
	px := int64(n) * size * size
	all := []*workload{
		{"gzip_crop", "uint32, gzip; mask, 256 x 256 about the middle", n, 4 * px, []input{packed, aux},
			scanOf("raw_gzip.h5", "entry/data") + mask + "shape: 256\n"},
		{"contig_full", "uint16 raster, contiguous; mask, whole frames", n, 2 * px, []input{flat, aux},
			scanOf("raw_contig.h5", "entry/data") + mask},
		{"contig_corrected", "the same with dark, flat and monitor; float32", n, 2 * px, []input{flat, aux},
			scanOf("raw_contig.h5", "entry/data") + mask + `darkfield: {file: "{DIR}/aux.h5", key: dark}
flatfield: {file: "{DIR}/aux.h5", key: flat}
normalisation: {file: "{DIR}/aux.h5", key: norm}
`},
		{"gzip_rebin", "uint32, gzip; mask, binned by 2, turned; float64", n, 4 * px, []input{packed, aux},
			scanOf("raw_gzip.h5", "entry/data") + mask + "shape: 512\nrebin: 2\norientation: 5\n"},
		{"eiger_bslz4", "Eiger 1M uint32, bitshuffle-LZ4; mask, 512 x 512", eigerFrames, 4 * eigerFrames * eigerRows * eigerCols,
			[]input{{"eiger.h5", makeEiger}}, scanOf("eiger.h5", "entry/data/data") + "mask: {file: \"{DIR}/eiger.h5\", key: entry/mask}\nshape: 512\n"},
		{"raster_4d", "4,096 frames of 128 x 128 uint16, 16 in a gzip chunk", rasterSide * rasterSide, 2 * rasterSide * rasterSide * smallSize * smallSize,
			[]input{{"raster.h5", makeRaster}}, scanOf("raster.h5", "entry/data")},
	}
	for _, k := range []int{1000, 10000} {
		file := fmt.Sprintf("small_%d.h5", k)
		all = append(all, &workload{fmt.Sprintf("small_%d", k), fmt.Sprintf("%d frames of 128 x 128 uint16, gzip", k), k, int64(2 * k * smallSize * smallSize),
			[]input{{file, func(p string) error { return makeSmall(p, k) }}}, scanOf(file, "entry/data")})
	}
	return all
}

func (w *workload) recipeFile(dir string) string { return filepath.Join(dir, w.name+".yaml") }

// prepare makes the inputs and the recipe. The inputs are made by another process: what this one has
// in memory when it starts the program would count as the program's.
func (w *workload) prepare(o *options) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	cmd := exec.Command(self, "-dir", o.dir, "-side", strconv.Itoa(o.side), "-make", w.name)
	cmd.Stderr = os.Stderr
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("making the inputs: %w", err)
	}
	recipe := head + strings.ReplaceAll(w.recipe, "{DIR}", o.dir)
	return os.WriteFile(w.recipeFile(o.dir), []byte(recipe), 0o666)
}

// makeInputs makes the inputs that are not there yet.
func (w *workload) makeInputs(dir string) error {
	for _, in := range w.inputs {
		path := filepath.Join(dir, in.name)
		if _, err := os.Stat(path); err == nil {
			continue
		}
		part := path + ".part"
		if err := in.make(part); err != nil {
			return fmt.Errorf("%s: %w", in.name, err)
		}
		if err := os.Rename(part, path); err != nil {
			return err
		}
	}
	return nil
}
