package ptyd

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"ptyprep/internal/formats/h5"
	"ptyprep/internal/formats/h5frames"
	"ptyprep/internal/imgproc"
	"ptyprep/internal/imgproc/pix"
	"ptyprep/internal/scan"
	"ptyprep/internal/scan/problem"
)

// stack is a scan of n frames of 4 x 4: pixel i of frame k holds 100 k + i.
type stack struct {
	n         int
	mask      []byte              // common
	own       func(k int) []byte  // of frame k
	positions func(k int) float64 // nil: not known
	load      func(k int) error
}

func (s *stack) Describe(context.Context) (*scan.Description, error) {
	d := &scan.Description{Frames: s.n, Rows: 4, Cols: 4, Type: pix.Uint16, RawType: pix.Uint16, HasMask: true}
	for k := range s.n {
		if s.positions != nil {
			d.Positions = append(d.Positions, [2]float64{s.positions(k), -s.positions(k)})
		}
	}
	return d, nil
}

func (s *stack) Load(_ context.Context, f *scan.Frame) error {
	f.Pix.Resize(pix.Uint16, 4, 4)
	for i := range pix.Pixels[uint16](f.Pix) {
		pix.Pixels[uint16](f.Pix)[i] = uint16(100*f.Index + i)
	}
	if s.own != nil {
		f.Mask = s.own(f.Index)
	}
	if s.load != nil {
		return s.load(f.Index)
	}
	return nil
}

func (s *stack) Mask() ([]byte, error) { return s.mask, nil }
func (s *stack) Close() error          { return nil }

func micrometres(k int) float64 { return float64(k) * 1e-6 }

// save prepares a stack into path.
func save(t *testing.T, s *stack, path string, o Options, run scan.Options) error {
	t.Helper()
	o.Path = path
	label := "sample"
	set := &scan.Settings{Rebin: 1, MinFrames: 1, BlockFrames: 3, Center: scan.Center{Kind: scan.CenterFFTShift}, AutoCenter: scan.No,
		EnergyKeV: 7, DistanceM: 1, PSizeM: [2]float64{1e-4, 2e-4}, Version: 0.1, Label: &label}
	_, err := scan.Run(context.Background(), s, set, run, NewWriter(o))
	return err
}

func mustSave(t *testing.T, s *stack, path string, o Options) {
	t.Helper()
	if err := save(t, s, path, o, scan.Options{Workers: 2}); err != nil {
		t.Fatal(err)
	}
}

// read gives the first pixel and the number of valid pixels of each frame, in order.
func read(t *testing.T, path string) (firsts []int, valid []int) {
	t.Helper()
	f, err := Open(path, h5.OpenOptions{})
	if err == nil {
		err = f.Check()
	}
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var s h5frames.Scratch
	defer s.Close()
	for i := range f.Chunks() {
		c := &f.Chunks()[i]
		for k := range c.Frames {
			var im, w, wide pix.Image
			whole := imgproc.Whole(c.Rows, c.Cols)
			if err := f.ReadFrame(c, k, whole, &im, &s); err != nil {
				t.Fatal(err)
			}
			imgproc.Convert(&wide, &im, pix.Float64)
			firsts = append(firsts, int(pix.Pixels[float64](&wide)[0]))
			n := im.Len()
			stored, err := f.ReadWeights(c, k, whole, &w, &s)
			if err != nil {
				t.Fatal(err)
			}
			if stored {
				m := make([]byte, w.Len())
				imgproc.MaskInto(m, &w, false)
				n = imgproc.CountSet(m)
			}
			valid = append(valid, n)
		}
	}
	return firsts, valid
}

func names(t *testing.T, dir string) string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var s []string
	for _, e := range entries {
		s = append(s, e.Name())
	}
	return strings.Join(s, " ")
}

// The three layouts hold the same frames, each as the format's page draws it; every group and dataset
// carries the type attribute that ptypy's reader asks for.
func TestLayouts(t *testing.T) {
	for mode, c := range map[Mode]struct {
		files  string
		chunks []int
	}{
		Append: {"x.ptyd", []int{3, 3, 1}},
		Link:   {"x.ptyd x.ptyd.part000 x.ptyd.part001 x.ptyd.part002", []int{3, 3, 1}},
		Merge:  {"x.ptyd", []int{7}},
	} {
		t.Run(string(mode), func(t *testing.T) {
			dir := t.TempDir()
			path := filepath.Join(dir, "x.ptyd")
			mustSave(t, &stack{n: 7, positions: micrometres}, path, Options{Mode: mode})
			if got := names(t, dir); got != c.files {
				t.Errorf("files %s, want %s", got, c.files)
			}
			firsts, valid := read(t, path)
			if !slices.Equal(firsts, []int{0, 100, 200, 300, 400, 500, 600}) || !slices.Equal(valid, slices.Repeat([]int{16}, 7)) {
				t.Errorf("frames %v, valid %v", firsts, valid)
			}
			f, err := Open(path, h5.OpenOptions{})
			if err != nil {
				t.Fatal(err)
			}
			defer f.Close()
			var sizes []int
			for _, c := range f.Chunks() {
				first := sum(sizes)
				sizes = append(sizes, c.Frames)
				if c.Indices[0] != int64(first) || c.Positions[0] != [2]float64{micrometres(first), -micrometres(first)} {
					t.Errorf("chunk %d: indices %v, positions %v", c.Number, c.Indices, c.Positions)
				}
				want := "" // the base name, so that results can be moved
				if mode == Link {
					want = filepath.Base(path) + partSuffix(c.Number)
				}
				if c.Part != want {
					t.Errorf("part %q, want %q", c.Part, want)
				}
			}
			if !slices.Equal(sizes, c.chunks) {
				t.Errorf("chunks %v, want %v", sizes, c.chunks)
			}
			m := f.Meta()
			if *m.NumFrames != 7 || *m.Label != "sample" || *m.Shape != [2]int{4, 4} || *m.PSizeM != [2]float64{1e-4, 2e-4} || *m.EnergyKeV != 7 ||
				*m.Center != [2]float64{2, 2} || *m.DistanceM != 1 || *m.Version != 0.1 || len(f.Warnings()) > 0 {
				t.Errorf("meta %+v, warnings %v", m, f.Warnings())
			}
			for p, want := range map[string]string{"/chunks": "dict", "/meta": "dict", "/info": "dict", "/meta/label": "string", "/meta/num_frames": "scalar", "/meta/shape": "array",
				"/chunks/0/data": "array", "/chunks/0/weights": "array", "/chunks/0/positions": "array", "/chunks/0/indices": "arraylist"} {
				if got, err := typeOf(f.h, p); err != nil || got != want {
					t.Errorf("type of %s is %q, want %q: %v", p, got, want, err)
				}
			}
		})
	}
}

func sum(v []int) (n int) {
	for _, x := range v {
		n += x
	}
	return n
}

// A moved result opens in its new place, and with the old place gone.
func TestMovedParts(t *testing.T) {
	dir := t.TempDir()
	old, moved := filepath.Join(dir, "old"), filepath.Join(dir, "new")
	if err := os.Mkdir(old, 0o777); err != nil {
		t.Fatal(err)
	}
	mustSave(t, &stack{n: 7, positions: micrometres}, filepath.Join(old, "x.ptyd"), Options{Mode: Link})
	if err := os.Rename(old, moved); err != nil {
		t.Fatal(err)
	}
	if firsts, _ := read(t, filepath.Join(moved, "x.ptyd")); len(firsts) != 7 {
		t.Errorf("%d frames", len(firsts))
	}
}

// Masks: the common one for each frame, and frames' own; positions that are not known are a list of None.
func TestMasksAndPositions(t *testing.T) {
	dir := t.TempDir()
	common := imgproc.Ones(16)
	common[3] = 0
	own := imgproc.Ones(16)
	own[0], own[1] = 0, 0
	path := filepath.Join(dir, "x.ptyd")
	mustSave(t, &stack{n: 5, mask: common, own: func(k int) []byte {
		if k%2 == 1 {
			return own
		}
		return nil
	}}, path, Options{})
	if _, valid := read(t, path); !slices.Equal(valid, []int{15, 14, 15, 14, 15}) {
		t.Errorf("valid pixels %v", valid)
	}
	f, err := Open(path, h5.OpenOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	n, err := readNode(f.h, "/chunks/0/positions")
	if err != nil || n.Kind != List || len(n.Items) != 3 || n.Items[2].Node.Kind != None {
		t.Errorf("positions %+v, %v", n, err)
	}
	if f.Chunks()[0].Positions != nil {
		t.Error("positions where none are known")
	}
}

// The same bytes for any number of workers and in any folder (no time, name or count is in the file).
func TestSameBytes(t *testing.T) {
	var first []byte
	for i, workers := range []int{1, 4, 2} {
		path := filepath.Join(t.TempDir(), "x.ptyd")
		if err := save(t, &stack{n: 20, positions: micrometres}, path, Options{}, scan.Options{Workers: workers}); err != nil {
			t.Fatal(err)
		}
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if i == 0 {
			first = b
		} else if !slices.Equal(b, first) {
			t.Errorf("%d workers: other bytes", workers)
		}
	}
}

// A run that fails leaves nothing behind and the old output as it was, in every mode.
func TestFailedRun(t *testing.T) {
	broken := errors.New("broken")
	for _, mode := range []Mode{Append, Link, Merge} {
		for _, at := range []int{0, 4} {
			dir := t.TempDir()
			path := filepath.Join(dir, "x.ptyd")
			if err := os.WriteFile(path, []byte("old"), 0o666); err != nil {
				t.Fatal(err)
			}
			err := save(t, &stack{n: 7, load: func(k int) error {
				if k == at {
					return broken
				}
				return nil
			}}, path, Options{Mode: mode, Backup: true}, scan.Options{})
			if !errors.Is(err, broken) {
				t.Errorf("error %v", err)
			}
			if b, _ := os.ReadFile(path); names(t, dir) != "x.ptyd" || string(b) != "old" {
				t.Errorf("%s, frame %d: the folder holds %s", mode, at, names(t, dir))
			}
		}
	}
}

// An output that appears while frames are prepared is not replaced, and the message says so.
func TestAppeared(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "x.ptyd")
	err := save(t, &stack{n: 7, load: func(k int) error {
		if k == 6 {
			return os.WriteFile(path, []byte("another run's"), 0o666)
		}
		return nil
	}}, path, Options{}, scan.Options{})
	if problem.ClassOf(err) != problem.Usage || !strings.Contains(err.Error(), "appeared while the scan was being prepared") {
		t.Errorf("error %v", err)
	}
	if b, _ := os.ReadFile(path); names(t, dir) != "x.ptyd" || string(b) != "another run's" {
		t.Errorf("the folder holds %s", names(t, dir))
	}
}

// --overwrite takes the parts of the master that it replaces along, and nobody else's.
func TestOverwriteParts(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "x.ptyd")
	mustSave(t, &stack{n: 7}, path, Options{Mode: Link})
	for _, n := range []string{"x.ptyd.part777", "x.ptyd.partial", "y.ptyd.part000"} {
		if err := os.WriteFile(filepath.Join(dir, n), nil, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	mustSave(t, &stack{n: 2}, path, Options{Overwrite: true})
	if got := names(t, dir); got != "x.ptyd x.ptyd.part777 x.ptyd.partial y.ptyd.part000" {
		t.Errorf("the folder holds %s", got)
	}
	if firsts, _ := read(t, path); len(firsts) != 2 {
		t.Errorf("%d frames", len(firsts))
	}
}

// --backup keeps master and parts where the links hold.
func TestBackupOpens(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "x.ptyd")
	mustSave(t, &stack{n: 7}, path, Options{Mode: Link})
	mustSave(t, &stack{n: 2}, path, Options{Mode: Link, Backup: true})
	if got := names(t, dir); got != "x.ptyd x.ptyd.bak1 x.ptyd.part000" {
		t.Errorf("the folder holds %s", got)
	}
	old, _ := read(t, filepath.Join(path+".bak1", "x.ptyd"))
	now, _ := read(t, path)
	if len(old) != 7 || len(now) != 2 {
		t.Errorf("%d frames kept, %d new", len(old), len(now))
	}
}

// What CheckOutput refuses, with the class and the way out (core 11.1, 11.15).
func TestCheckOutput(t *testing.T) {
	dir := t.TempDir()
	at := func(n string) string { return filepath.Join(dir, n) }
	for _, n := range []string{"old.ptyd", "gone.ptyd.part000", "gone.ptyd.part1000", "gone.ptyd.part01"} {
		if err := os.WriteFile(at(n), nil, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(os.Symlink("nowhere/x.ptyd", at("dangling.ptyd")), os.Symlink("old.ptyd", at("link.ptyd")), os.Symlink("free.ptyd", at("free-link.ptyd"))); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		path              string
		mode              Mode
		overwrite, backup bool
		words             string // "" when it can be written
	}{
		"free":                    {at("new.ptyd"), Append, false, false, ""},
		"exists":                  {at("old.ptyd"), Append, false, false, "exists already|--overwrite|--backup"},
		"exists, overwrite":       {at("old.ptyd"), Append, true, false, ""},
		"exists, backup":          {at("old.ptyd"), Link, false, true, ""},
		"exists, link":            {at("old.ptyd"), Link, false, false, "exists already|--backup keeps it with its parts"},
		"exists, link, overwrite": {at("old.ptyd"), Link, true, false, "cannot be replaced in one step|--backup"},
		"by a link":               {at("link.ptyd"), Append, false, false, "exists already"},
		"through a link":          {at("free-link.ptyd"), Append, false, false, ""},
		"both flags":              {at("old.ptyd"), Append, true, true, "exclude each other"},
		"parts alone, append":     {at("gone.ptyd"), Append, false, false, ""},
		"parts alone, link":       {at("gone.ptyd"), Link, false, false, "parts of an older output without its master: gone.ptyd.part000, gone.ptyd.part1000|--backup"},
		"parts alone, overwrite":  {at("gone.ptyd"), Link, true, false, "parts of an older output"},
		"parts alone, backup":     {at("gone.ptyd"), Link, false, true, ""},
		"folder":                  {dir, Append, true, false, "is a folder|scan.ptyd"},
		"no folder":               {at("no/x.ptyd"), Append, false, false, "there is no folder|mkdir -p"},
		"dangling":                {at("dangling.ptyd"), Append, false, false, "there is no folder"},
		"below a file":            {at("old.ptyd/x.ptyd"), Append, false, false, "old.ptyd is no folder"},
		"no name":                 {"", Append, false, false, "no file name"},
		"slash":                   {dir + "/", Append, false, false, "no file name"},
		"device":                  {"/dev/null", Append, true, false, "no regular file (a device)"},
	} {
		err := CheckOutput(c.path, c.mode, c.overwrite, c.backup)
		if c.words == "" {
			if err != nil {
				t.Errorf("%s: %v", name, err)
			}
			continue
		}
		if problem.ClassOf(err) != problem.Usage {
			t.Errorf("%s: class %d: %v", name, problem.ClassOf(err), err)
			continue
		}
		text := err.Error() + "\n" + problem.Of(err)[0].Hint
		for w := range strings.SplitSeq(c.words, "|") {
			if !strings.Contains(text, w) {
				t.Errorf("%s: lacks %q: %s", name, w, text)
			}
		}
	}
}
