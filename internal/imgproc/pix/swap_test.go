package pix

import (
	"bytes"
	"slices"
	"testing"
)

func TestSwapBytes(t *testing.T) {
	for _, size := range []int{1, 2, 4, 8} {
		for n := range 11 {
			b := Buffer(n * size)
			for i := range b {
				b[i] = byte(i + 1)
			}
			want := bytes.Clone(b)
			for i := 0; i < len(want); i += size {
				slices.Reverse(want[i : i+size])
			}
			SwapBytes(b, size)
			if !bytes.Equal(b, want) {
				t.Errorf("%d numbers of %d bytes: got %v, want %v", n, size, b, want)
			}
		}
	}
}
