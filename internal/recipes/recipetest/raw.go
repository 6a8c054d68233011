package recipetest

import (
	"bytes"
	"crypto/md5"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

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
	if err := binary.Write(&b, binary.LittleEndian, data); err != nil {
		panic(err)
	}
	return b.Bytes()
}

var edfTypes = map[pix.Type]string{pix.Uint16: "UnsignedShort", pix.Int16: "SignedShort", pix.Uint32: "UnsignedLong", pix.Float32: "FloatValue", pix.Float64: "DoubleValue"}

// EDF is one block of an EDF file: frames of cols columns with more entries in the header, as
// "key = value".
func EDF[T pix.Number](data []T, cols int, entries ...string) []byte {
	head := []string{
		"HeaderID = EH:000001:000000:000000", "Image = 1", "ByteOrder = LowByteFirst",
		"DataType = " + edfTypes[pix.TypeOf[T]()], fmt.Sprintf("Dim_1 = %d", cols), fmt.Sprintf("Dim_2 = %d", len(data)/cols),
		fmt.Sprintf("Size = %d", len(little(data))),
	}
	text := "{\n"
	for _, e := range append(head, entries...) {
		text += e + " ;\n"
	}
	text += strings.Repeat(" ", 1023-(len(text)+1)%1024) + "}\n"
	return append([]byte(text), little(data)...)
}

// FLI is a raw file of an FLI camera with all three exposure times the same.
func FLI(data []uint16, cols int, exposureS float64) []byte {
	text := fmt.Sprintf(`%% version 1.20
%% CCD_model "Proline PL1001E"
%% rows %[1]d
%% columns %[2]d
%% exptimesec_client %[3].3f
%% exptimesec_measured %[3].3f
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

// CBF is a file of a Pilatus detector, packed as byte offsets.
func CBF(data []int32, cols int) []byte {
	var packed []byte
	last := int64(0)
	for _, v := range data {
		d := int64(v) - last
		last = int64(v)
		if d > -128 && d < 128 {
			packed = append(packed, byte(d))
			continue
		}
		packed = append(packed, 0x80)
		if d > -32768 && d < 32768 {
			packed = binary.LittleEndian.AppendUint16(packed, uint16(d))
			continue
		}
		packed = binary.LittleEndian.AppendUint16(packed, 0x8000)
		packed = binary.LittleEndian.AppendUint32(packed, uint32(d))
	}
	sum := md5.Sum(packed)
	lines := []string{
		"###CBF: VERSION 1.5", "", "data_frame", "", "_array_data.header_convention \"PILATUS_1.2\"", "_array_data.header_contents", ";",
		"# Detector: PILATUS 2M", "# Exposure_time 0.1 s", ";", "", "_array_data.data", ";", "--CIF-BINARY-FORMAT-SECTION--",
		"Content-Type: application/octet-stream;", "     conversions=\"x-CBF_BYTE_OFFSET\"", "Content-Transfer-Encoding: BINARY",
		fmt.Sprintf("X-Binary-Size: %d", len(packed)), "X-Binary-ID: 1", "X-Binary-Element-Type: \"signed 32-bit integer\"",
		"X-Binary-Element-Byte-Order: LITTLE_ENDIAN", "Content-MD5: " + base64.StdEncoding.EncodeToString(sum[:]),
		fmt.Sprintf("X-Binary-Number-of-Elements: %d", len(data)), fmt.Sprintf("X-Binary-Size-Fastest-Dimension: %d", cols),
		fmt.Sprintf("X-Binary-Size-Second-Dimension: %d", len(data)/cols), "X-Binary-Size-Padding: 0", "", "",
	}
	b := append([]byte(strings.Join(lines, "\r\n")), 0x0c, 0x1a, 0x04, 0xd5)
	return append(append(b, packed...), []byte("\r\n--CIF-BINARY-FORMAT-SECTION----\r\n;\r\n")...)
}

// MAT5 is a level 5 MAT-file with one matrix of bytes, given row by row.
func MAT5(name string, data []byte, cols int) []byte {
	element := func(kind uint32, b []byte) []byte {
		out := binary.LittleEndian.AppendUint32(binary.LittleEndian.AppendUint32(nil, kind), uint32(len(b)))
		return append(append(out, b...), make([]byte, (8-len(b)%8)%8)...)
	}
	rows := len(data) / cols
	turned := make([]byte, len(data)) // MATLAB stores column by column
	for i, v := range data {
		turned[i%cols*rows+i/cols] = v
	}
	var m []byte
	m = append(m, element(6, little([]uint32{9, 0}))...) // class uint8
	m = append(m, element(5, little([]int32{int32(rows), int32(cols)}))...)
	m = append(m, element(1, []byte(name))...)
	m = append(m, element(2, turned)...)
	head := append(bytes.Repeat([]byte(" "), 124), 0, 1, 'I', 'M')
	copy(head, "MATLAB 5.0 MAT-file")
	return append(head, element(14, m)...)
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
