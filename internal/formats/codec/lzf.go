package codec

// decodeLZF undoes filter 32000 (h5py's "lzf"), one LibLZF stream:
//
//	000LLLLL                      L+1 literal bytes follow
//	LLLooooo oooooooo             copy L+2 bytes from o+1 bytes back (L = 1..6)
//	111ooooo LLLLLLLL oooooooo    copy L+9 bytes from o+1 bytes back
func decodeLZF(dst, src []byte, _ []uint32, _ *Scratch) (int, error) {
	in, out := 0, 0
	for in < len(src) {
		c := int(src[in])
		in++
		if c < 32 {
			n := c + 1
			if in+n > len(src) {
				return 0, errTruncated
			}
			if out+n > len(dst) {
				return 0, errTooSmall
			}
			copy(dst[out:], src[in:in+n])
			in, out = in+n, out+n
			continue
		}
		n := c >> 5
		if n == 7 {
			if in == len(src) {
				return 0, errTruncated
			}
			n += int(src[in])
			in++
		}
		if in == len(src) {
			return 0, errTruncated
		}
		back := c&31<<8 | int(src[in]) + 1
		in++
		n += 2
		if err := copyMatch(dst, out, back, n); err != nil {
			return 0, err
		}
		out += n
	}
	return out, nil
}

var (
	errTruncated = damaged("stored bytes end too early")
	errReference = damaged("a copy from before the start of the data")
)

// copyMatch appends to dst[:at] the n bytes that start back bytes (at least 1) before
// its end. Where n > back the copied bytes repeat, as in all members of the LZ77 family.
func copyMatch(dst []byte, at, back, n int) error {
	if back > at {
		return errReference
	}
	if n > len(dst)-at {
		return errTooSmall
	}
	from := dst[at-back:]
	to := dst[at : at+n]
	for done := 0; done < n; { // each round doubles what can be copied without overlap
		done += copy(to[done:], from[:min(back+done, n-done)])
	}
	return nil
}
