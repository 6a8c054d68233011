package codec

import "encoding/binary"

// verifyFletcher32 checks the four bytes that filter 3 appends and returns the data
// before them. As libhdf5 does, it also takes the sum with the bytes of each half
// swapped, which libhdf5 up to 1.6.2 wrote.
func verifyFletcher32(src []byte) ([]byte, error) {
	n := len(src) - 4
	if n < 0 {
		return nil, damaged("%d bytes, shorter than its checksum", len(src))
	}
	stored := binary.LittleEndian.Uint32(src[n:])
	sum := fletcher32(src[:n])
	swapped := sum>>8&0x00ff00ff | sum<<8&0xff00ff00
	if stored != sum && stored != swapped {
		return nil, damaged("checksum %08x, stored %08x", sum, stored)
	}
	return src[:n], nil
}

// decodeFletcher32 verifies the sum and copies the data.
func decodeFletcher32(dst, src []byte, _ []uint32, _ *Scratch) (int, error) {
	body, err := verifyFletcher32(src)
	if err != nil {
		return 0, err
	}
	if len(body) > len(dst) {
		return 0, errTooSmall
	}
	return copy(dst, body), nil
}

// fletcher32 is HDF5's Fletcher-32 (H5_checksum_fletcher32): two sums modulo 65535
// over big-endian 16-bit words, an odd last byte being the high byte of a word, where
// a sum that is a multiple of 65535 but not 0 is written as 65535.
//
// Modulo 65535, swapping the bytes of a word multiplies it by 256, so the words are
// summed as they lie in memory (little endian), four at a time in the 32-bit halves of
// two 64-bit accumulators, and the sums are multiplied by 256 at the end.
func fletcher32(p []byte) uint32 {
	const mask = 0x0000ffff0000ffff
	const maxSteps = 256 // sums of sums stay below 2^32: 256*257/2 * 65535
	var a, b uint64      // running sum1 and sum2, modulo 65535
	zero := true
	for len(p) >= 8 {
		steps := min(len(p)/8, maxSteps)
		var even, odd, evenSum, oddSum uint64 // words 0 and 2; words 1 and 3
		for i := 0; i < steps*8; i += 8 {
			w := binary.LittleEndian.Uint64(p[i : i+8 : i+8])
			evenSum += even
			oddSum += odd
			even += w & mask
			odd += w >> 16 & mask
		}
		p = p[steps*8:]
		// Word k of step t is followed by 4*(steps-1-t) + 3-k words, and counts once
		// more than that in sum2; evenSum holds the (steps-1-t)-fold sums.
		w0, w2, w1, w3 := even&0xffffffff, even>>32, odd&0xffffffff, odd>>32
		zero = zero && even|odd == 0
		later := evenSum&0xffffffff + evenSum>>32 + oddSum&0xffffffff + oddSum>>32
		b = (b + 4*uint64(steps)*a + 4*later + 4*w0 + 3*w1 + 2*w2 + w3) % 65535
		a = (a + w0 + w1 + w2 + w3) % 65535
	}
	for ; len(p) > 0; p = p[min(2, len(p)):] {
		w := uint64(p[0])
		if len(p) > 1 {
			w |= uint64(p[1]) << 8
		}
		zero = zero && w == 0
		a = (a + w) % 65535
		b = (b + a) % 65535
	}
	if zero {
		return 0
	}
	a, b = a<<8%65535, b<<8%65535
	if a == 0 {
		a = 65535
	}
	if b == 0 {
		b = 65535
	}
	return uint32(b<<16 | a)
}
