// Package pix holds the words for pixels that every other package shares: the
// number types a frame can be stored in, and a frame itself (Image).
//
// Pixels travel in their stored type: a plain crop of uint16 counts stays uint16
// from the raw file to the .ptyd, and uint64 counts never pass through a float.
// Kernels are generic over Number and look at an Image through Slice.
package pix

import (
	"encoding/binary"
	"fmt"
	"math/bits"
	"unsafe"
)

// Type is the number type of a stored pixel, in native byte order.
type Type uint8

// The number types frames can have. Bool is stored as one byte, 0 or 1.
const (
	Invalid Type = iota
	Bool
	Uint8
	Uint16
	Uint32
	Uint64
	Int8
	Int16
	Int32
	Int64
	Float32
	Float64
)

var names = [...]string{"invalid", "bool", "uint8", "uint16", "uint32", "uint64", "int8", "int16", "int32", "int64", "float32", "float64"}
var sizes = [...]int{0, 1, 1, 2, 4, 8, 1, 2, 4, 8, 4, 8}

// String gives numpy's name of the type.
func (t Type) String() string {
	if int(t) < len(names) {
		return names[t]
	}
	return fmt.Sprintf("pix.Type(%d)", uint8(t))
}

// Size is the number of bytes of one pixel.
func (t Type) Size() int { return sizes[t] }

// IsFloat reports whether t is Float32 or Float64.
func (t Type) IsFloat() bool { return t == Float32 || t == Float64 }

// IsInteger reports whether t is a signed or unsigned integer (Bool is not).
func (t Type) IsInteger() bool { return t >= Uint8 && t <= Int64 }

// IsSigned reports whether t can hold negative numbers.
func (t Type) IsSigned() bool { return t >= Int8 }

// Number is the set of Go types that a pixel can have.
type Number interface {
	uint8 | uint16 | uint32 | uint64 | int8 | int16 | int32 | int64 | float32 | float64
}

// TypeOf gives the Type that stands for T.
func TypeOf[T Number]() Type {
	var z T
	switch any(z).(type) {
	case uint8:
		return Uint8
	case uint16:
		return Uint16
	case uint32:
		return Uint32
	case uint64:
		return Uint64
	case int8:
		return Int8
	case int16:
		return Int16
	case int32:
		return Int32
	case int64:
		return Int64
	case float32:
		return Float32
	}
	return Float64
}

// Image is one frame: Rows x Cols pixels of one Type, row-major (the slow axis first),
// in native byte order. Bytes has exactly Rows*Cols*Type.Size() bytes and is aligned
// to 8 bytes when the Image was made by New or Resize.
type Image struct {
	Type       Type
	Rows, Cols int
	Bytes      []byte
}

// New makes an Image of zeros.
func New(t Type, rows, cols int) *Image {
	im := new(Image)
	im.Resize(t, rows, cols)
	return im
}

// Resize gives im the type and size, and keeps its memory when that is large enough.
// The pixels are undefined afterwards.
func (im *Image) Resize(t Type, rows, cols int) {
	n := rows * cols * t.Size()
	if cap(im.Bytes) < n {
		im.Bytes = Buffer(n)
	}
	im.Bytes = im.Bytes[:n]
	im.Type, im.Rows, im.Cols = t, rows, cols
}

// Len is the number of pixels.
func (im *Image) Len() int { return im.Rows * im.Cols }

// Buffer makes n bytes aligned for every pixel type.
func Buffer(n int) []byte {
	w := make([]uint64, (n+7)/8)
	if len(w) == 0 {
		return nil
	}
	return unsafe.Slice((*byte)(unsafe.Pointer(&w[0])), len(w)*8)[:n]
}

// Slice looks at b as numbers of type T without copying; the length is cut to whole
// numbers. b must be aligned for T, as Buffer's memory is.
func Slice[T Number](b []byte) []T {
	var z T
	n := len(b) / int(unsafe.Sizeof(z))
	if n == 0 {
		return nil
	}
	return unsafe.Slice((*T)(unsafe.Pointer(unsafe.SliceData(b))), n)
}

// Bytes looks at numbers as their bytes, without copying.
func Bytes[T Number](s []T) []byte {
	if len(s) == 0 {
		return nil
	}
	var z T
	return unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(s))), len(s)*int(unsafe.Sizeof(z)))
}

// Pixels looks at an Image's pixels as numbers of type T, which must be the Image's
// type; any other T is a programming error and panics. Bool images are seen as uint8.
func Pixels[T Number](im *Image) []T {
	if t := TypeOf[T](); t != im.Type && !(im.Type == Bool && t == Uint8) {
		panic(fmt.Sprintf("pix: %v pixels looked at as %v", im.Type, t))
	}
	return Slice[T](im.Bytes)
}

// From makes an Image over the numbers of s (not copied); len(s) must be rows*cols.
func From[T Number](s []T, rows, cols int) *Image {
	if len(s) != rows*cols {
		panic(fmt.Sprintf("pix: %d numbers for %d x %d pixels", len(s), rows, cols))
	}
	return &Image{Type: TypeOf[T](), Rows: rows, Cols: cols, Bytes: Bytes(s)}
}

// SwapBytes reverses the byte order of every number of the given size in b.
func SwapBytes(b []byte, size int) {
	switch size {
	case 2:
		const low = 0x00ff00ff00ff00ff
		n := len(b) &^ 7
		for i := 0; i < n; i += 8 {
			x := binary.NativeEndian.Uint64(b[i:])
			binary.NativeEndian.PutUint64(b[i:], x>>8&low|x&low<<8)
		}
		for i := n; i+1 < len(b); i += 2 {
			b[i], b[i+1] = b[i+1], b[i]
		}
	case 4:
		n := len(b) &^ 7
		for i := 0; i < n; i += 8 {
			x := bits.ReverseBytes64(binary.NativeEndian.Uint64(b[i:]))
			binary.NativeEndian.PutUint64(b[i:], bits.RotateLeft64(x, 32))
		}
		for i := n; i+3 < len(b); i += 4 {
			b[i], b[i+1], b[i+2], b[i+3] = b[i+3], b[i+2], b[i+1], b[i]
		}
	case 8:
		for i := 0; i+7 < len(b); i += 8 {
			binary.NativeEndian.PutUint64(b[i:], bits.ReverseBytes64(binary.NativeEndian.Uint64(b[i:])))
		}
	}
}
