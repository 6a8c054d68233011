//go:build !cgo || purego

package codec

import "encoding/binary"

// shuffle splits whole elements of size bytes into byte planes. Both slices have the
// same length, a multiple of size.
func shuffle(dst, src []byte, size int) {
	n := len(src) / size
	switch size {
	case 2:
		p0, p1 := dst[:n], dst[n:2*n]
		for i := range n {
			e := binary.LittleEndian.Uint16(src[2*i:])
			p0[i], p1[i] = byte(e), byte(e>>8)
		}
	case 4:
		p0, p1, p2, p3 := dst[:n], dst[n:2*n], dst[2*n:3*n], dst[3*n:4*n]
		for i := range n {
			e := binary.LittleEndian.Uint32(src[4*i:])
			p0[i], p1[i], p2[i], p3[i] = byte(e), byte(e>>8), byte(e>>16), byte(e>>24)
		}
	case 8:
		shuffle8(dst, src, n)
	default:
		for b := range size {
			plane := dst[b*n : (b+1)*n]
			for i := range plane {
				plane[i] = src[i*size+b]
			}
		}
	}
}

// shuffle8 is shuffle for 8-byte elements, eight elements at a time.
func shuffle8(dst, src []byte, n int) {
	i := 0
	for ; i+8 <= n; i += 8 {
		var m [8]uint64
		for k := range m {
			m[k] = binary.LittleEndian.Uint64(src[8*(i+k):])
		}
		transposeBytes(&m)
		for b := range m {
			binary.LittleEndian.PutUint64(dst[b*n+i:], m[b])
		}
	}
	for ; i < n; i++ {
		for b := range 8 {
			dst[b*n+i] = src[8*i+b]
		}
	}
}

// unshuffle is the reverse of shuffle.
func unshuffle(dst, src []byte, size int) {
	n := len(src) / size
	switch size {
	case 2:
		p0, p1 := src[:n], src[n:2*n]
		for i := range n {
			binary.LittleEndian.PutUint16(dst[2*i:], uint16(p0[i])|uint16(p1[i])<<8)
		}
	case 4:
		p0, p1, p2, p3 := src[:n], src[n:2*n], src[2*n:3*n], src[3*n:4*n]
		for i := range n {
			binary.LittleEndian.PutUint32(dst[4*i:], uint32(p0[i])|uint32(p1[i])<<8|uint32(p2[i])<<16|uint32(p3[i])<<24)
		}
	case 8:
		unshuffle8(dst, src, n)
	default:
		for b := range size {
			for i, v := range src[b*n : (b+1)*n] {
				dst[i*size+b] = v
			}
		}
	}
}

// unshuffle8 is unshuffle for 8-byte elements, eight elements at a time.
func unshuffle8(dst, src []byte, n int) {
	i := 0
	for ; i+8 <= n; i += 8 {
		var m [8]uint64
		for b := range m {
			m[b] = binary.LittleEndian.Uint64(src[b*n+i:])
		}
		transposeBytes(&m)
		for k := range m {
			binary.LittleEndian.PutUint64(dst[8*(i+k):], m[k])
		}
	}
	for ; i < n; i++ {
		for b := range 8 {
			dst[8*i+b] = src[b*n+i]
		}
	}
}

// transposeBytes exchanges rows and columns of an 8x8 matrix of bytes, byte 0 of a row
// being its lowest.
func transposeBytes(m *[8]uint64) {
	const m1, m2, m4 = 0x00ff00ff00ff00ff, 0x0000ffff0000ffff, 0x00000000ffffffff
	for k := 0; k < 8; k += 2 {
		a, b := m[k], m[k+1]
		m[k], m[k+1] = a&m1|b&m1<<8, a>>8&m1|b&^m1
	}
	for _, k := range [4]int{0, 1, 4, 5} {
		a, b := m[k], m[k+2]
		m[k], m[k+2] = a&m2|b&m2<<16, a>>16&m2|b&^m2
	}
	for k := range 4 {
		a, b := m[k], m[k+4]
		m[k], m[k+4] = a&m4|b<<32, a>>32|b&^m4
	}
}

// transpose8 exchanges rows and columns of an 8x8 bit matrix, one row a byte (byte 0 =
// row 0, bit 0 = column 0): three rounds of exchanging squares of 1, 2 and 4 bits.
func transpose8(x uint64) uint64 {
	t := (x ^ x>>7) & 0x00aa00aa00aa00aa
	x ^= t ^ t<<7
	t = (x ^ x>>14) & 0x0000cccc0000cccc
	x ^= t ^ t<<14
	t = (x ^ x>>28) & 0x00000000f0f0f0f0
	return x ^ t ^ t<<28
}

// bitRows turns planes of n bytes (n a multiple of 8) into 8 rows of n/8 bytes each:
// row k holds bit k of all bytes, byte i of the plane in bit i%8 of byte i/8.
func bitRows(dst, src []byte, n int) {
	rows := n / 8
	for ; len(src) >= n && n > 0; src, dst = src[n:], dst[n:] {
		for g := range rows {
			x := transpose8(binary.LittleEndian.Uint64(src[8*g:]))
			for k := range 8 {
				dst[k*rows+g] = byte(x >> (8 * k))
			}
		}
	}
}

// bitPlanes is the reverse of bitRows.
func bitPlanes(dst, src []byte, n int) {
	rows := n / 8
	for ; len(src) >= n && n > 0; src, dst = src[n:], dst[n:] {
		g := 0
		for ; g+8 <= rows; g += 8 {
			var m [8]uint64
			for k := range m {
				m[k] = binary.LittleEndian.Uint64(src[k*rows+g:])
			}
			transposeBytes(&m)
			for k := range m {
				binary.LittleEndian.PutUint64(dst[8*(g+k):], transpose8(m[k]))
			}
		}
		for ; g < rows; g++ {
			var x uint64
			for k := range 8 {
				x |= uint64(src[k*rows+g]) << (8 * k)
			}
			binary.LittleEndian.PutUint64(dst[8*g:], transpose8(x))
		}
	}
}
