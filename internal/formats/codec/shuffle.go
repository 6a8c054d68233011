package codec

// decodeShuffle undoes filter 2: the chunk holds byte 0 of all elements, then byte 1
// of all elements and so on; bytes that do not make a whole element follow as they are.
func decodeShuffle(dst, src []byte, params []uint32, _ *Scratch) (int, error) {
	if len(src) > len(dst) {
		return 0, errTooSmall
	}
	size := int(params[0])
	if size <= 0 {
		return 0, damaged("element size %d", params[0])
	}
	unshuffleBytes(dst[:len(src)], src, size)
	return len(src), nil
}

// unshuffleBytes turns byte planes into elements of size bytes; see decodeShuffle.
// dst and src have the same length and do not overlap.
func unshuffleBytes(dst, src []byte, size int) {
	n := 0
	if size > 1 {
		n = len(src) / size
	}
	if n > 1 {
		unshuffle(dst[:n*size], src[:n*size], size)
		copy(dst[n*size:], src[n*size:])
		return
	}
	copy(dst, src)
}

// shuffleBytes turns elements of size bytes into byte planes, the reverse of
// unshuffleBytes.
func shuffleBytes(dst, src []byte, size int) {
	n := 0
	if size > 1 {
		n = len(src) / size
	}
	if n > 1 {
		shuffle(dst[:n*size], src[:n*size], size)
		copy(dst[n*size:], src[n*size:])
		return
	}
	copy(dst, src)
}
