package npz

import "testing"

// A .npy file by hand: header padded to 64 bytes, two little-endian int32.
func TestParse(t *testing.T) {
	head := "{'descr': '<i4', 'fortran_order': False, 'shape': (1, 2), }"
	for len(head) < 85 {
		head += " "
	}
	file := append([]byte("\x93NUMPY\x01\x00\x56\x00"+head+"\n"), 1, 0, 0, 0, 0xfe, 0xff, 0xff, 0xff)
	a, err := parse(file)
	if err != nil || len(a.Shape) != 2 || a.Shape[1] != 2 || a.Len() != 2 || a.Real[0] != 1 || a.Real[1] != -2 {
		t.Fatalf("%+v, %v", a, err)
	}
	if _, err := parse(file[:len(file)-1]); err == nil {
		t.Error("a cut file passes")
	}
	if _, err := parse(file[:40]); err == nil {
		t.Error("a cut header passes")
	}
}
