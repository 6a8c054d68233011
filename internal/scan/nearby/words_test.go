package nearby

import "testing"

func TestNearest(t *testing.T) {
	words := []string{"shape", "label", "dark_subtraction", "energy", "rebin"}
	cases := map[string]string{"shpae": "shape", "SHAPE": "shape", "dark_substraction": "dark_subtraction", "enery": "energy", "lable": "label", "zzz": "", "": "", "sh": ""}
	for in, want := range cases {
		if got, ok := Nearest(in, words); got != want || ok != (want != "") {
			t.Errorf("Nearest(%q) = %q, %v; want %q", in, got, ok, want)
		}
	}
	// Distances by hand: a swap counts one, a replacement one, an insertion one.
	for _, c := range []struct {
		a, b string
		n    int
	}{{"", "abc", 3}, {"abc", "abc", 0}, {"abc", "acb", 1}, {"kitten", "sitting", 3}, {"ca", "abc", 3}} {
		if n := slips(c.a, c.b); n != c.n {
			t.Errorf("slips(%q, %q) = %d, want %d", c.a, c.b, n, c.n)
		}
	}
}
