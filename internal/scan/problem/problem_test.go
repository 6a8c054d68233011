package problem

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"testing"
)

func TestOf(t *testing.T) {
	one, two := Usagef("key: is %d", 3).WithHint("give 4"), Inputf("a.h5: cannot be read").Because(os.ErrPermission)
	for name, c := range map[string]struct {
		err   error
		class Class
		text  string
		hint  string // of the first
		n     int
	}{
		"none":    {nil, 0, "", "", 0},
		"foreign": {errors.New("disk on fire"), Internal, "disk on fire", "", 1},
		"one":     {one, Usage, "key: is 3", "give 4", 1},
		"cause":   {two, Input, "a.h5: cannot be read: permission denied", "", 1},
		"wrapped": {fmt.Errorf("frame 7: %w", one), Usage, "frame 7: key: is 3", "give 4", 1},
		"several": {List{one, two}.Err(), Usage, "key: is 3\na.h5: cannot be read: permission denied", "give 4", 2},
		"list":    {List{two}.Err(), Input, "a.h5: cannot be read: permission denied", "", 1},
		"empty":   {List{}.Err(), 0, "", "", 0},
	} {
		l := Of(c.err)
		if len(l) != c.n || ClassOf(c.err) != c.class {
			t.Errorf("%s: %d problems of class %d, expected %d of class %d", name, len(l), ClassOf(c.err), c.n, c.class)
			continue
		}
		if c.n > 0 && (l.Error() != c.text || l[0].Hint != c.hint) {
			t.Errorf("%s: %q, hint %q", name, l.Error(), l[0].Hint)
		}
	}
	if !errors.Is(two, fs.ErrPermission) {
		t.Error("the cause of a problem is lost")
	}
}

func TestFew(t *testing.T) {
	abc := []string{"a", "b", "c"}
	for _, c := range []struct {
		names []string
		most  int
		want  string
	}{
		{nil, 2, ""},
		{abc[:2], 2, "a, b"},
		{abc, 2, "a, b and 1 more"},
		{abc, 1, "a and 2 more"},
	} {
		if got := Few(c.names, c.most); got != c.want {
			t.Errorf("%v, at most %d: %q, expected %q", c.names, c.most, got, c.want)
		}
	}
}

func TestBare(t *testing.T) {
	_, err := os.Open("/nowhere/at/all")
	if got := Bare(err).Error(); got != "no such file or directory" {
		t.Errorf("%q", got)
	}
	if plain := errors.New("x"); !errors.Is(Bare(plain), plain) {
		t.Error("another error is changed")
	}
}
