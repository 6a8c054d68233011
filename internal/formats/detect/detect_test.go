package detect

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"ptyprep/internal/formats/formattest"
)

// TestReadersTestdata: every good sample of the readers is told right.
func TestReadersTestdata(t *testing.T) {
	for pattern, want := range map[string]Kind{
		"edf/testdata/*.edf": EDF, "edf/testdata/*.gz": Gzip, "fliraw/testdata/*.raw": FLI, "spec/testdata/*.dat": SPEC,
		"cbf/testdata/*.cbf": CBF, "tiff/testdata/*.tif": TIFF, "mat5/testdata/*.mat": MAT5,
	} {
		files, _ := filepath.Glob(filepath.Join("..", pattern))
		if len(files) == 0 {
			t.Errorf("no files %s", pattern)
		}
		for _, f := range files {
			if k, err := File(f); k != want || err != nil {
				t.Errorf("%s is %v, %v, expected %v", f, k, err, want)
			}
		}
	}
}

func TestBytes(t *testing.T) {
	mat := func(tail string) string { return strings.Repeat(" ", 124) + tail }
	for head, want := range map[string]Kind{
		"": Unknown, "hello": Unknown, "{\n": EDF, "{\r\nDim_1 = 3 ;": EDF, "{ HeaderID = 1 ;": EDF, "{\n \"json\": 1, \"of\": 2 }": Unknown,
		"\x1f\x8b\x08": Gzip, "II*\x00": TIFF, "MM\x00*": TIFF, "II+\x00": TIFF, "MM\x00+": TIFF, "II": Unknown,
		"###CBF: VERSION 1.5": CBF, hdf5Magic: HDF5, strings.Repeat("\x00", 512) + hdf5Magic: HDF5, strings.Repeat("x", 2048) + hdf5Magic: HDF5,
		"MATLAB 7.3 MAT-file, Platform": HDF5, mat("\x00\x01IM"): MAT5, "\x3f\xa6\x66\x66\x00\x00\x00\x06": MDA, "\x3f\x80\x00\x00\x00\x00": Unknown, mat("\x01\x00MI"): MAT5, mat("\x00\x02IM"): Unknown,
		"% version 1.20\n% CCD": FLI, "% \\documentclass\n": Unknown, "#F file\n": SPEC, "\n#S 6  ascan\n": SPEC, "#C x\n#E 12\n": SPEC,
		"# name value\n1 2\n": Unknown, "#!/bin/sh\n": Unknown, "1 2\n#S 1 x\n": Unknown, "#START\n": Unknown,
	} {
		if k := Bytes([]byte(head)); k != want {
			t.Errorf("%.20q is %v, expected %v", head, k, want)
		}
	}
}

func TestFile(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	for path, want := range map[string]Kind{
		write("empty.EDF", ""): EDF, write("empty.tiff", ""): TIFF, write("empty", ""): Unknown, write("text.edf", "text"): Unknown,
		write("block.nxs", strings.Repeat("\x00", 16384)+hdf5Magic): HDF5, write("wrong.edf", "II*\x00"): TIFF,
	} {
		if k, err := File(path); k != want || err != nil {
			t.Errorf("%s is %v, %v, expected %v", path, k, err, want)
		}
	}
	if _, err := File(dir); err == nil || !strings.Contains(err.Error(), dir) {
		t.Errorf("folder: %v", err)
	}
	if _, err := File(filepath.Join(dir, "none")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("missing: %v", err)
	}
	if s := HDF5.String() + Kind(99).String(); s != "HDF5detect.Kind(99)" {
		t.Error(s)
	}
}

func TestRealFiles(t *testing.T) {
	dir := formattest.Shared(t, "real")
	if dir == "" {
		return
	}
	for pattern, want := range map[string]Kind{
		"edf/*/*.edf": EDF, "edf/*/*.gz": Gzip, "fli/*/*.raw": FLI, "spec/*/*": SPEC, "cbf/*/*": CBF, "image/*/*": TIFF,
		"nexus/httomo/*.nxs": HDF5, "hdf5odd/matio/*.mat": HDF5, "hdf5odd/jhdf/*": HDF5, "ptycho/*/*.cxi": HDF5,
	} {
		files, _ := filepath.Glob(filepath.Join(dir, pattern))
		for _, f := range files {
			if k, err := File(f); k != want || err != nil {
				t.Errorf("%s is %v, %v, expected %v", f, k, err, want)
			}
		}
		t.Log(pattern, len(files), "files")
	}
}

func FuzzBytes(f *testing.F) {
	f.Add([]byte("#F x\n"))
	f.Add([]byte("% rows 2\n"))
	f.Fuzz(func(t *testing.T, head []byte) { _ = Bytes(head).String() })
}
