// Package detect tells which raw format a file has: by the bytes it begins with, and where
// those do not decide (an empty file, an HDF5 file behind a user block) by its extension.
// It opens nothing further: a file that is of a kind may still be damaged.
package detect

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
)

// Kind is a file format.
type Kind uint8

// The kinds that File tells apart. A .ptyd and a MATLAB 7.3 file are HDF5. Gzip is any
// gzip-packed file (edf.Open reads a packed EDF file itself).
const (
	Unknown Kind = iota
	EDF
	FLI
	SPEC
	CBF
	TIFF
	MAT5
	HDF5
	Gzip
	MDA
)

var names = [...]string{"unknown", "EDF", "FLI raw", "SPEC", "CBF", "TIFF", "MATLAB level 5", "HDF5", "gzip", "MDA"}

// String gives the format's usual name.
func (k Kind) String() string {
	if int(k) < len(names) {
		return names[k]
	}
	return fmt.Sprintf("detect.Kind(%d)", uint8(k))
}

// extensions are the second hint.
var extensions = map[string]Kind{
	".edf": EDF, ".raw": FLI, ".cbf": CBF, ".tif": TIFF, ".tiff": TIFF, ".mat": MAT5,
	".h5": HDF5, ".hdf": HDF5, ".hdf5": HDF5, ".nxs": HDF5, ".cxi": HDF5, ".ptyd": HDF5, ".gz": Gzip,
	".spec": SPEC, ".mda": MDA,
}

// headSize is how much of a file is looked at: SPEC logs may begin with comments.
const headSize = 8 << 10

// hdf5Magic begins an HDF5 file, or stands behind a user block of 512, 1024, 2048, ... bytes.
const hdf5Magic = "\x89HDF\r\n\x1a\n"

// File tells the kind of the file at path. Unknown without an error means that the file can
// be read and is none of the kinds; a file that cannot be read, and a folder, are errors
// that name the path.
func File(path string) (Kind, error) {
	f, err := os.Open(path)
	if err != nil {
		return Unknown, fmt.Errorf("detect: %w", err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return Unknown, fmt.Errorf("detect: %w", err)
	}
	if !info.Mode().IsRegular() {
		return Unknown, fmt.Errorf("detect: %s is no file (%v)", path, info.Mode().Type())
	}
	head := make([]byte, min(info.Size(), headSize))
	if n, err := f.ReadAt(head, 0); n < len(head) && err != io.EOF {
		return Unknown, fmt.Errorf("detect: %s: %w", path, err)
	}
	if k := Bytes(head); k != Unknown {
		return k, nil
	}
	for at := int64(headSize); at < info.Size() && at <= 1<<30; at *= 2 {
		var b [len(hdf5Magic)]byte
		if n, _ := f.ReadAt(b[:], at); n == len(b) && string(b[:]) == hdf5Magic {
			return HDF5, nil
		}
	}
	if len(head) == 0 {
		return Name(path), nil
	}
	return Unknown, nil
}

// Name tells the kind by a file's extension alone, without regard to case.
func Name(path string) Kind { return extensions[strings.ToLower(filepath.Ext(path))] }

// Bytes tells the kind by the first bytes of a file; some 8 kB are enough.
func Bytes(head []byte) Kind {
	switch {
	case bytes.HasPrefix(head, []byte("\x1f\x8b")):
		return Gzip
	case isMDA(head):
		return MDA
	case bytes.HasPrefix(head, []byte("###CBF:")):
		return CBF
	case isHDF5(head):
		return HDF5
	case isTIFF(head):
		return TIFF
	case isMAT5(head):
		return MAT5
	case bytes.HasPrefix(head, []byte("{\n")), bytes.HasPrefix(head, []byte("{\r\n")), bytes.HasPrefix(head, []byte("{")) && bytes.Contains(head, []byte("HeaderID")):
		return edfOrUnknown(head)
	case bytes.HasPrefix(head, []byte("%")) && isFLI(head):
		return FLI
	case isSPEC(head):
		return SPEC
	}
	return Unknown
}

func isHDF5(head []byte) bool {
	if bytes.HasPrefix(head, []byte(hdf5Magic)) {
		return true
	}
	for at := 512; at+len(hdf5Magic) <= len(head); at *= 2 {
		if string(head[at:at+len(hdf5Magic)]) == hdf5Magic {
			return true
		}
	}
	return bytes.HasPrefix(head, []byte("MATLAB 7.3 MAT-file"))
}

func isTIFF(head []byte) bool {
	for _, magic := range [...]string{"II*\x00", "MM\x00*", "II+\x00", "MM\x00+"} {
		if bytes.HasPrefix(head, []byte(magic)) {
			return true
		}
	}
	return false
}

func isMAT5(head []byte) bool {
	return len(head) >= 128 && (string(head[124:128]) == "\x00\x01IM" || string(head[124:128]) == "\x01\x00MI")
}

// isMDA looks for the version, 1.2 to 1.4, as a big-endian float.
func isMDA(head []byte) bool {
	for _, magic := range [...]string{"\x3f\x99\x99\x9a", "\x3f\xa6\x66\x66", "\x3f\xb3\x33\x33"} {
		if bytes.HasPrefix(head, []byte(magic)) {
			return true
		}
	}
	return false
}

// edfOrUnknown keeps JSON apart, which begins with a brace too: EDF entries are "key = value".
func edfOrUnknown(head []byte) Kind {
	if bytes.IndexByte(head, '=') >= 0 || len(head) < 16 {
		return EDF
	}
	return Unknown
}

// isFLI looks for a line that FLI headers have: LaTeX and MATLAB sources begin with "%" too.
func isFLI(head []byte) bool {
	for line := range bytes.Lines(head) {
		f := bytes.Fields(line)
		if len(f) >= 2 && string(f[0]) == "%" {
			switch string(f[1]) {
			case "version", "CCD_model", "rows", "columns", "exptimesec", "EOH":
				return true
			}
		}
	}
	return false
}

// isSPEC looks for an #F, #E or #S line in front of anything that is no # line.
func isSPEC(head []byte) bool {
	for line := range bytes.Lines(head) {
		line = bytes.TrimRight(line, "\r\n")
		if len(bytes.TrimSpace(line)) == 0 {
			continue
		}
		if line[0] != '#' {
			return false
		}
		if len(line) > 2 && (line[2] == ' ' || line[2] == '\t') && bytes.IndexByte([]byte("FES"), line[1]) >= 0 {
			return true
		}
	}
	return false
}
