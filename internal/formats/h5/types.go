package h5

// #include "door.h"
import "C"

import (
	"fmt"
	"strings"
	"unsafe"

	"ptyprep/internal/imgproc/pix"
)

// Class is the sort of a stored type.
type Class uint8

// The classes. Bool is h5py's enumeration of int8 {FALSE 0, TRUE 1}; Complex is a compound of
// two equal floats named r and i (or re, im; real, imag).
const (
	OtherClass Class = iota
	Integer
	Float
	Bool
	Enum
	String
	Compound
	Complex
	Opaque
	Bitfield
	Reference
	Array
	VLen
	Time
)

var classNames = [...]string{"other", "integer", "float", "bool", "enum", "string", "compound", "complex",
	"opaque", "bitfield", "reference", "array", "variable-length", "time"}

// String gives the class in words.
func (c Class) String() string { return classNames[c] }

// TypeInfo is the type of a dataset's elements as stored.
type TypeInfo struct {
	Class     Class
	Pix       pix.Type // the native type that holds it; pix.Invalid when it is not a plain number
	Size      int      // bytes of one element as stored
	BigEndian bool
	VarString bool   // String only: of variable length
	Desc      string // numpy's short form where there is one: "<u2", ">f4", "|i1", "bool"; else words: "compound of 3"
	// Exact says that Pix has the stored width, so that stored bytes (in native order) are
	// the numbers: false for 3-byte integers, half and extended floats, padded bits.
	Exact bool
}

// typeInfo describes an HDF5 type. It never fails: what it does not know is OtherClass.
func typeInfo(t C.hid_t) TypeInfo {
	ti := TypeInfo{Size: int(C.H5Tget_size(t))}
	switch C.H5Tget_class(t) {
	case C.H5T_INTEGER, C.H5T_BITFIELD:
		ti.integer(t)
	case C.H5T_FLOAT:
		ti.float(t)
	case C.H5T_ENUM:
		ti.enum(t)
	case C.H5T_STRING:
		ti.Class = String
		ti.VarString = C.H5Tis_variable_str(t) > 0
		ti.Desc = fmt.Sprintf("string of %d bytes", ti.Size)
		if ti.VarString {
			ti.Desc = "string of variable length"
		}
	case C.H5T_COMPOUND:
		ti.compound(t)
	case C.H5T_OPAQUE:
		ti.Class, ti.Desc = Opaque, fmt.Sprintf("opaque of %d bytes", ti.Size)
	case C.H5T_REFERENCE:
		ti.Class, ti.Desc = Reference, "reference"
	case C.H5T_ARRAY:
		ti.Class, ti.Desc = Array, arrayDesc(t)
	case C.H5T_VLEN:
		ti.Class, ti.Desc = VLen, "variable-length list of "+superInfo(t).Desc
	case C.H5T_TIME:
		ti.Class, ti.Desc = Time, "time"
	default:
		ti.Desc = "unknown type"
	}
	return ti
}

// order gives numpy's sign of the byte order.
func (ti *TypeInfo) order(t C.hid_t) string {
	switch o := C.H5Tget_order(t); {
	case ti.Size == 1:
		return "|"
	case o == C.H5T_ORDER_BE:
		ti.BigEndian = true
		return ">"
	case o == C.H5T_ORDER_LE:
		return "<"
	}
	return "?"
}

func (ti *TypeInfo) integer(t C.hid_t) {
	ti.Class = Integer
	letter := "u"
	unsigned := []pix.Type{pix.Uint8, pix.Uint16, pix.Uint32, pix.Uint64}
	signed := []pix.Type{pix.Int8, pix.Int16, pix.Int32, pix.Int64}
	set := unsigned
	if C.H5Tget_class(t) == C.H5T_BITFIELD {
		ti.Class, letter = Bitfield, "b"
	} else if C.H5Tget_sign(t) == C.H5T_SGN_2 {
		letter, set = "i", signed
	}
	ti.Desc = fmt.Sprintf("%s%s%d", ti.order(t), letter, ti.Size)
	for _, p := range set {
		if p.Size() >= ti.Size {
			ti.Pix = p
			break
		}
	}
	ti.Exact = ti.Pix != pix.Invalid && ti.Pix.Size() == ti.Size && int(C.H5Tget_precision(t)) == 8*ti.Size
	if ti.Class == Bitfield && !ti.Exact {
		ti.Pix = pix.Invalid // libhdf5 converts bit fields to bit fields of the same width only
	}
}

func (ti *TypeInfo) float(t C.hid_t) {
	ti.Class = Float
	ti.Desc = fmt.Sprintf("%sf%d", ti.order(t), ti.Size)
	ti.Pix = pix.Float64
	if ti.Size <= 4 {
		ti.Pix = pix.Float32
	}
	var sign, epos, esize, mpos, msize C.size_t
	if C.H5Tget_fields(t, &sign, &epos, &esize, &mpos, &msize) >= 0 {
		ti.Exact = ti.Size == 4 && esize == 8 && msize == 23 || ti.Size == 8 && esize == 11 && msize == 52
	}
	if !ti.Exact && ti.Size == 4 {
		ti.Pix = pix.Float64 // an odd layout of 32 bits need not fit IEEE's
	}
}

func (ti *TypeInfo) enum(t C.hid_t) {
	super := superInfo(t)
	ti.Class, ti.Pix, ti.BigEndian, ti.Exact = Enum, super.Pix, super.BigEndian, super.Exact
	n := int(C.H5Tget_nmembers(t))
	ti.Desc = fmt.Sprintf("enum of %s with %d names", super.Desc, n)
	if n != 2 || super.Size != 1 {
		return
	}
	var v [2]int8
	var names [2]string
	for i := range v {
		names[i] = memberName(t, i)
		C.H5Tget_member_value(t, C.uint(i), unsafe.Pointer(&v[i]))
	}
	if names[0] == "TRUE" {
		names[0], names[1], v[0], v[1] = names[1], names[0], v[1], v[0]
	}
	if names == [2]string{"FALSE", "TRUE"} && v == [2]int8{0, 1} {
		ti.Class, ti.Pix, ti.Desc = Bool, pix.Bool, "bool"
	}
}

func (ti *TypeInfo) compound(t C.hid_t) {
	ti.Class = Compound
	n := int(C.H5Tget_nmembers(t))
	ti.Desc = fmt.Sprintf("compound of %d", n)
	if _, _, ok := complexNames(t); ok {
		part := memberInfo(t, 0)
		ti.Class, ti.BigEndian = Complex, part.BigEndian
		ti.Desc = fmt.Sprintf("%sc%d", part.Desc[:1], ti.Size)
		return
	}
	if n > 0 && n <= 16 {
		var names []string
		for i := range n {
			names = append(names, memberName(t, i))
		}
		ti.Desc += " (" + strings.Join(names, ", ") + ")"
	}
}

// complexNames gives the names of the two parts when t is a complex number.
func complexNames(t C.hid_t) (re, im string, ok bool) {
	if C.H5Tget_class(t) != C.H5T_COMPOUND || C.H5Tget_nmembers(t) != 2 {
		return "", "", false
	}
	re, im = memberName(t, 0), memberName(t, 1)
	switch re + " " + im {
	case "r i", "re im", "real imag":
	default:
		return re, im, false
	}
	a, b := memberInfo(t, 0), memberInfo(t, 1)
	return re, im, a.Class == Float && a == b
}

func memberName(t C.hid_t, i int) string {
	p := C.H5Tget_member_name(t, C.uint(i))
	if p == nil {
		return ""
	}
	defer C.H5free_memory(unsafe.Pointer(p))
	return C.GoString(p)
}

func memberInfo(t C.hid_t, i int) TypeInfo {
	m := C.H5Tget_member_type(t, C.uint(i))
	if m < 0 {
		return TypeInfo{Desc: "unknown type"}
	}
	defer C.H5Tclose(m)
	return typeInfo(m)
}

// superInfo describes the base of an enum, array or variable-length type.
func superInfo(t C.hid_t) TypeInfo {
	s := C.H5Tget_super(t)
	if s < 0 {
		return TypeInfo{Desc: "unknown type"}
	}
	defer C.H5Tclose(s)
	return typeInfo(s)
}

func arrayDesc(t C.hid_t) string {
	var dims [C.H5_MAXRANK]C.hsize_t
	n := C.H5Tget_array_dims2(t, &dims[0])
	if n < 0 {
		return "array"
	}
	return fmt.Sprintf("array %v of %s", dims[:n], superInfo(t).Desc)
}
