package h5

import (
	"errors"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestList(t *testing.T) {
	f := openTest(t, "links.h5")
	es, err := f.List("/order")
	must(t, err)
	if len(es) != 3 || es[0].Name != "1" || es[1].Name != "10" || es[2].Name != "2" {
		t.Errorf("%+v", es)
	}
	es, err = f.List("/")
	must(t, err)
	got := map[string]Entry{}
	for _, e := range es {
		got[e.Name] = e
	}
	for _, want := range []Entry{
		{Name: "a", Kind: Group},
		{Name: "hard", Kind: DatasetKind},
		{Name: "soft", Kind: DatasetKind, Link: Soft, TargetPath: "/a/data"},
		{Name: "soft_missing", Kind: Broken, Link: Soft, TargetPath: "/a/none"},
		{Name: "soft_loop1", Kind: Broken, Link: Soft, TargetPath: "/soft_loop2"},
		{Name: "ext", Kind: Group, Link: External, TargetFile: "sub/target.h5", TargetPath: "/entry"},
		{Name: "ext_no_file", Kind: Broken, Link: External, TargetFile: "gone.h5", TargetPath: "/entry"},
		{Name: "ext_not_hdf5", Kind: Broken, Link: External, TargetFile: "make.py", TargetPath: "/entry"},
	} {
		if got[want.Name] != want {
			t.Errorf("%+v, want %+v", got[want.Name], want)
		}
	}
	// The target's link back to links.h5 is found from the folder of the target.
	if es, err := f.List("/ext_root/back/a"); err != nil || len(es) != 3 {
		t.Errorf("through two files: %+v, %v", es, err)
	}
	if _, err := f.List("/a/data"); KindOf(err) != WrongType {
		t.Errorf("list of a dataset: %v", err)
	}
}

func TestMissingPaths(t *testing.T) {
	f := openTest(t, "links.h5")
	for path, want := range map[string]NotFoundError{
		"/a/b/c":             {Group: "/a"},
		"/none":              {Group: "/"},
		"none/x":             {Group: "/"},
		"/a/data/x":          {Group: "/a/data", NotAGroup: true},
		"/soft_missing":      {Group: "/", Link: "/soft_missing", TargetPath: "/a/none"},
		"/soft_chain":        {Group: "/", Link: "/soft_missing", TargetPath: "/a/none"},
		"/ext_no_file/x":     {Group: "/", Link: "/ext_no_file", TargetFile: "gone.h5", TargetPath: "/entry", Reason: "no such file"},
		"/soft_ext/x":        {Group: "/", Link: "/ext_no_file", TargetFile: "gone.h5", TargetPath: "/entry", Reason: "no such file"},
		"/ext_no_object":     {Group: "/", Link: "/ext_no_object", TargetFile: "sub/target.h5", TargetPath: "/entry/none"},
		"/ext/none":          {Group: "/ext"},
		"/ext_root/back/a/b": {Group: "/ext_root/back/a"},
	} {
		_, err := f.Dataset(path)
		var got *NotFoundError
		if !errors.As(err, &got) || !errors.Is(err, ErrNotFound) || KindOf(err) != NotFound {
			t.Errorf("%s: %v", path, err)
			continue
		}
		want.File, want.Path = got.File, path
		if *got != want {
			t.Errorf("%s: %+v, want %+v", path, *got, want)
		}
		if strings.ContainsAny(err.Error(), "\n%") || len(err.Error()) > 160 {
			t.Errorf("text: %v", err)
		}
	}
	var nf *NotFoundError
	if _, err := f.Kind("/ext_not_hdf5"); !errors.As(err, &nf) || !strings.HasPrefix(nf.Reason, "not an HDF5 file") {
		t.Errorf("not HDF5: %v", err)
	}
	if _, err := f.Kind("/soft_loop1"); err == nil {
		t.Error("a loop of soft links leads somewhere")
	}
	for _, p := range []string{"/a\x00b", ""} {
		if _, err := f.Kind(p); err == nil {
			t.Errorf("path %q", p)
		}
	}
	if k, err := f.Kind("/"); k != Group || err != nil {
		t.Errorf("root: %v, %v", k, err)
	}
}

// TestWalk: each object by each of its names, the content of a group once in spite of a group
// within itself and a link from another file back to this one.
func TestWalk(t *testing.T) {
	f := openTest(t, "links.h5")
	var got []string
	must(t, f.Walk(func(path string, e Entry, d *Info) error {
		if (e.Kind == DatasetKind) != (d != nil) || (e.Kind == Broken) != (e.Err != nil) {
			t.Errorf("%s: %+v, %v", path, e, d)
		}
		got = append(got, e.Kind.String()[:1]+path)
		return nil
	}))
	want := []string{"g/a", "d/a/data", "d/a/rel", "g/a/self", "g/ext", "d/ext/data", "b/ext_no_file", "b/ext_no_object", "b/ext_not_hdf5",
		"g/ext_root", "g/ext_root/back", "g/ext_root/entry", "d/hard", "g/order", "d/order/1", "d/order/10", "d/order/2", "d/soft",
		"b/soft_chain", "b/soft_ext", "b/soft_loop1", "b/soft_loop2", "b/soft_missing"}
	// The file reached through ../links.h5 is this one, under another name.
	got = slices.DeleteFunc(got, func(s string) bool { return strings.Contains(s, "/back/") })
	if !slices.Equal(got, want) {
		t.Errorf("\n got %v\nwant %v", got, want)
	}
	stop := errors.New("stop")
	n := 0
	if err := f.Walk(func(string, Entry, *Info) error { n++; return stop }); !errors.Is(err, stop) || n != 1 {
		t.Errorf("stop: %v after %d", err, n)
	}
	err := f.Walk(func(path string, e Entry, _ *Info) error {
		if path != "/a" && strings.HasPrefix(path, "/a/") {
			t.Errorf("%s was to be skipped", path)
		}
		if e.Kind == Group {
			return ErrSkipGroup
		}
		return nil
	})
	must(t, err)
}

// TestIdentity: all paths to an object have one identity, in this file or another.
func TestIdentity(t *testing.T) {
	f := openTest(t, "links.h5")
	for _, same := range [][]string{{"a/data", "hard", "soft", "/a/self/data", "a/rel"}, {"ext/data", "ext_root/entry/data"}, {"a", "a/self"}} {
		for _, p := range same {
			if id := f.Identity(p); id == "" || id != f.Identity(same[0]) {
				t.Errorf("%s has the identity %q, %s has %q", p, id, same[0], f.Identity(same[0]))
			}
		}
	}
	if a, b := f.Identity("a/data"), f.Identity("ext/data"); a == b {
		t.Errorf("one identity %q for two datasets", a)
	}
	if id := f.Identity("soft_missing"); id != "" {
		t.Errorf("a broken link has the identity %q", id)
	}
}

func TestManyLinks(t *testing.T) {
	p := filepath.Join(t.TempDir(), "many.h5")
	f, err := Create(p)
	must(t, err)
	for i := range 300 {
		must(t, f.SoftLink("/g/"+strings.Repeat("n", 1+i), "/x"))
	}
	must(t, f.Close())
	f, err = Open(p, OpenOptions{})
	must(t, err)
	es, err := f.List("/g")
	if err != nil || len(es) != 300 || len(es[299].Name) != 300 {
		t.Errorf("%d entries, %v", len(es), err)
	}
	must(t, f.Close())
}
