package recipetest

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"ptyprep/internal/formats/cbf"
	"ptyprep/internal/formats/edf"
	"ptyprep/internal/formats/mat5"
	"ptyprep/internal/imgproc/pix"
)

// Write makes a file, with its folder.
func Write(t testing.TB, path string, content []byte) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, content, 0o666); err != nil {
		t.Fatal(err)
	}
}

// little is numbers in little-endian byte order.
func little[T pix.Number](data []T) []byte {
	var b bytes.Buffer
	must(binary.Write(&b, binary.LittleEndian, data))
	return b.Bytes()
}

// EDF is one block of an EDF file: frames of cols columns with more entries in the header, as
// "key = value".
func EDF[T pix.Number](data []T, cols int, entries ...string) []byte {
	var header []edf.Entry
	for _, e := range entries {
		key, value, _ := strings.Cut(e, " = ")
		header = append(header, edf.Entry{Key: key, Value: value})
	}
	var b bytes.Buffer
	must(edf.Write(&b, pix.From(data, len(data)/cols, cols), header))
	return b.Bytes()
}

// must is for writers to memory: what fails is the test's fault.
func must(err error) {
	if err != nil {
		panic(err)
	}
}

// FLI is a raw file of an FLI camera with all three exposure times the same.
func FLI(data []uint16, cols int, exposureS float64) []byte {
	text := fmt.Sprintf(`%% version 1.20
%% CCD_model "Proline PL1001E"
%% rows %[1]d
%% columns %[2]d
%% exptimesec_client %.3[3]f
%% exptimesec_measured %.3[3]f
%% exptimesec %[3]f
%% timestamp_string Fri Mar  1 17:34:41 2013

%% timestamp_integer 1362155681
%% monitorcounts 5
%% binning_horizontal 1
%% binning_vertical 1
%% area_visible 0 0 %[2]d %[1]d
%% ROI 0 0 %[2]d %[1]d
%% EOH
`, len(data)/cols, cols, exposureS)
	return append(append([]byte(text), 0x1a), little(data)...)
}

// CBF is a file of a Pilatus detector.
func CBF[T pix.Number](data []T, cols int) []byte {
	var b bytes.Buffer
	must(cbf.Write(&b, pix.From(data, len(data)/cols, cols), "frame", []cbf.Entry{{Key: "Detector:", Value: "PILATUS 2M"}}))
	return b.Bytes()
}

// MAT5 is a level 5 MAT-file with one matrix of bytes, given row by row.
func MAT5(name string, data []byte, cols int) []byte {
	var b bytes.Buffer
	must(mat5.WriteUint8(&b, name, data, len(data)/cols, cols))
	return b.Bytes()
}

// Scan is a scan of a SPEC log that data lines are added to.
type Scan struct {
	Number  int
	Labels  []string
	Rows    [][]float64
	Aborted bool
}

// SPEC is the text of a SPEC log.
func SPEC(scans ...Scan) string {
	var b strings.Builder
	b.WriteString("#F started.dat\n#E 1385051401\n#D Thu Nov 21 16:30:01 2013\n#O0 samx  samy\n\n")
	for _, s := range scans {
		fmt.Fprintf(&b, "#S %d ascan  samx 0 1 1 1\n#D Thu Nov 21 17:30:01 2013\n#T 1  (Seconds)\n#P0 0 0\n#N %d\n#L %s\n", s.Number, len(s.Labels), strings.Join(s.Labels, "  "))
		for _, r := range s.Rows {
			b.WriteString(strings.Trim(fmt.Sprint(r), "[]") + "\n")
		}
		if s.Aborted {
			b.WriteString("#C Thu Nov 21 17:31:01 2013.  Scan aborted after some points.\n")
		}
		b.WriteString("\n")
	}
	return b.String()
}
