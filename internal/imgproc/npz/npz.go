// Package npz reads numpy's .npz archives, in which the tests of the numerical packages
// keep the arrays they compare with. It reads what numpy.savez_compressed writes of
// C-ordered numbers and booleans, and nothing more.
package npz

import (
	"archive/zip"
	"encoding/binary"
	"fmt"
	"io"
	"math"
	"regexp"
	"strconv"
	"strings"
)

// Array is one member of an archive. Numbers of all types become float64 (Real) or, of
// complex members, complex128 (Complex); the other slice is nil.
type Array struct {
	Shape   []int
	Real    []float64
	Complex []complex128
}

// Len is the number of elements.
func (a Array) Len() int { return max(len(a.Real), len(a.Complex)) }

// Load reads every array of the archive at path, by name without ".npy".
func Load(path string) (map[string]Array, error) {
	z, err := zip.OpenReader(path)
	if err != nil {
		return nil, fmt.Errorf("npz: %w", err)
	}
	defer z.Close()
	out := make(map[string]Array, len(z.File))
	for _, f := range z.File {
		a, err := member(f)
		if err != nil {
			return nil, fmt.Errorf("npz: %s: member %s: %w", path, f.Name, err)
		}
		out[strings.TrimSuffix(f.Name, ".npy")] = a
	}
	return out, nil
}

func member(f *zip.File) (Array, error) {
	r, err := f.Open()
	if err != nil {
		return Array{}, err
	}
	defer r.Close()
	b, err := io.ReadAll(r)
	if err != nil {
		return Array{}, err
	}
	return parse(b)
}

var (
	descr = regexp.MustCompile(`'descr': '([<|][a-z][0-9]+)'`)
	shape = regexp.MustCompile(`'fortran_order': False, 'shape': \(([0-9, ]*)\)`)
)

// parse reads one .npy file, format version 1.
func parse(b []byte) (Array, error) {
	if len(b) < 10 || string(b[:8]) != "\x93NUMPY\x01\x00" {
		return Array{}, fmt.Errorf("not a .npy file of version 1")
	}
	n := 10 + int(binary.LittleEndian.Uint16(b[8:]))
	if len(b) < n {
		return Array{}, fmt.Errorf("header cut off")
	}
	head, b := string(b[10:n]), b[n:]
	d, s := descr.FindStringSubmatch(head), shape.FindStringSubmatch(head)
	if d == nil || s == nil {
		return Array{}, fmt.Errorf("header %q is not understood", head)
	}
	a, count := Array{}, 1
	for _, w := range strings.FieldsFunc(s[1], func(r rune) bool { return r == ',' || r == ' ' }) {
		k, err := strconv.Atoi(w)
		if err != nil {
			return Array{}, err
		}
		a.Shape = append(a.Shape, k)
		count *= k
	}
	size, one := decoder(d[1][1:])
	if one == nil {
		return Array{}, fmt.Errorf("type %s is not read", d[1])
	}
	if len(b) != count*size {
		return Array{}, fmt.Errorf("%d bytes for %d elements of %s", len(b), count, d[1])
	}
	for ; len(b) > 0; b = b[size:] {
		if v := one(b); d[1][1] == 'c' {
			a.Complex = append(a.Complex, v)
		} else {
			a.Real = append(a.Real, real(v))
		}
	}
	return a, nil
}

// decoder gives the bytes of an element of numpy's type t and what reads it.
func decoder(t string) (size int, one func([]byte) complex128) {
	le := binary.LittleEndian
	f4 := func(b []byte) float64 { return float64(math.Float32frombits(le.Uint32(b))) }
	f8 := func(b []byte) float64 { return math.Float64frombits(le.Uint64(b)) }
	switch t {
	case "f4":
		return 4, func(b []byte) complex128 { return complex(f4(b), 0) }
	case "f8":
		return 8, func(b []byte) complex128 { return complex(f8(b), 0) }
	case "c8":
		return 8, func(b []byte) complex128 { return complex(f4(b), f4(b[4:])) }
	case "c16":
		return 16, func(b []byte) complex128 { return complex(f8(b), f8(b[8:])) }
	case "u1", "b1":
		return 1, func(b []byte) complex128 { return complex(float64(b[0]), 0) }
	case "u2":
		return 2, func(b []byte) complex128 { return complex(float64(le.Uint16(b)), 0) }
	case "u4":
		return 4, func(b []byte) complex128 { return complex(float64(le.Uint32(b)), 0) }
	case "i4":
		return 4, func(b []byte) complex128 { return complex(float64(int32(le.Uint32(b))), 0) }
	case "i8":
		return 8, func(b []byte) complex128 { return complex(float64(int64(le.Uint64(b))), 0) }
	}
	return 0, nil
}
