// Package formattest is the conformance suite that every raw-format reader joins: good
// files, files cut at every position, absurd sizes, missing keys, broken disks, concurrent
// reads, memory. A reader states its samples in a Suite and calls Run; its fuzz target
// calls Exercise.
//
// What the suite demands of a reader:
//
//   - a good file gives exactly the expected pixels, into an Image of any former type;
//   - a cut file is an error, or gives frames that the whole file gives too: nothing is
//     filled in;
//   - an error names what is wrong (Bad.Words), and a failing disk comes through errors.Is;
//   - memory is bounded by the size of the file, whatever its header says;
//   - nothing outside the first size bytes is asked for;
//   - frames can be read from many goroutines, and again without allocating.
package formattest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"

	"ptyprep/internal/imgproc/pix"
)

// Opened is a parsed file as the suite sees it. Text stands for what is in the file besides
// frames (the tables of a SPEC log); it is compared between goroutines only.
type Opened struct {
	Frames int
	Read   func(frame int, dst *pix.Image) error
	Text   string
}

// Parse opens the format in the first size bytes of r.
type Parse func(r io.ReaderAt, size int64) (Opened, error)

// Sample is a good file.
type Sample struct {
	Name string
	Data []byte
	Want []*pix.Image // one for each frame; nil: the pixels are not compared
	// Complete is the length below which a cut file must be an error (0: no demand).
	Complete int
	// Unjudged are lengths at which the format itself cannot tell a cut file from a whole one.
	Unjudged []int
	// Check looks at what a file cut to its first n bytes gave, when that was no error.
	Check func(cut Opened, n int) error
	// Allocs is the number of allocations that reading a frame again may cost.
	Allocs float64
}

// Bad is a file that must be refused, by Parse or by reading its frames.
type Bad struct {
	Name  string
	Data  []byte
	Words []string // parts of the error text
	Is    error    // matched with errors.Is, when not nil
}

// Suite is what one reader must stand.
type Suite struct {
	Parse Parse
	Good  []Sample
	Bad   []Bad
	// AllocFactor and AllocSlack bound the memory that parsing and reading may ask for:
	// AllocFactor*len(file) + AllocSlack bytes in all. The slack covers fixed buffers; a
	// factor of 0 switches the check off.
	AllocFactor, AllocSlack int
}

// Run runs the whole suite.
func Run(t *testing.T, s Suite) {
	t.Helper()
	for _, g := range s.Good {
		t.Run("good/"+g.Name, func(t *testing.T) { s.good(t, g) })
		t.Run("cut/"+g.Name, func(t *testing.T) { s.cut(t, g) })
		t.Run("broken_disk/"+g.Name, func(t *testing.T) { s.brokenDisk(t, g) })
		t.Run("concurrent/"+g.Name, func(t *testing.T) { s.concurrent(t, g) })
		t.Run("again/"+g.Name, func(t *testing.T) { s.again(t, g) })
	}
	for _, b := range s.Bad {
		t.Run("bad/"+b.Name, func(t *testing.T) { s.bad(t, b) })
	}
}

func (s Suite) good(t *testing.T, g Sample) {
	o, frames, err := s.all(t, g.Data)
	if err != nil {
		t.Fatal(err)
	}
	if g.Want != nil && len(frames) != len(g.Want) {
		t.Fatalf("%d frames, expected %d", len(frames), len(g.Want))
	}
	for i, want := range g.Want {
		if err := Same(frames[i], want); err != nil {
			t.Errorf("frame %d: %v", i, err)
		}
	}
	if err := o.Read(o.Frames, new(pix.Image)); o.Frames > 0 && err == nil {
		t.Errorf("frame %d does not exist and was read without an error", o.Frames)
	}
	if err := o.Read(-1, new(pix.Image)); o.Frames > 0 && err == nil {
		t.Error("frame -1 was read without an error")
	}
}

// cut reads the file cut at every position; long files at about 1500 of them.
func (s Suite) cut(t *testing.T, g Sample) {
	_, whole, err := s.all(t, g.Data)
	if err != nil {
		t.Fatal(err)
	}
	step := max(1, len(g.Data)/1500)
	unmeasured := s
	unmeasured.AllocFactor = 0 // measuring takes longer than reading, so do it now and then
	for n := 0; n < len(g.Data); n += step {
		if slices.Contains(g.Unjudged, n) {
			continue
		}
		if n%16 == 0 {
			_, _, _ = s.all(t, g.Data[:n])
		}
		o, frames, err := unmeasured.all(t, g.Data[:n])
		switch {
		case err != nil:
			continue
		case n < g.Complete:
			t.Fatalf("cut to %d bytes of %d: no error", n, len(g.Data))
		case len(frames) > len(whole):
			t.Fatalf("cut to %d bytes: %d frames, the whole file has %d", n, len(frames), len(whole))
		}
		for i := range frames {
			if err := Same(frames[i], whole[i]); err != nil {
				t.Fatalf("cut to %d bytes: frame %d: %v", n, i, err)
			}
		}
		if g.Check != nil {
			if err := g.Check(o, n); err != nil {
				t.Fatalf("cut to %d bytes: %v", n, err)
			}
		}
	}
}

// errDisk is what a broken disk answers.
var errDisk = errors.New("input/output error (made by the test)")

// brokenDisk makes one byte after the other unreadable. Bytes that are not needed (padding)
// may be; the frames must be right then.
func (s Suite) brokenDisk(t *testing.T, g Sample) {
	_, whole, err := s.all(t, g.Data)
	if err != nil {
		t.Fatal(err)
	}
	step := max(1, len(g.Data)/200)
	for bad := 0; bad < len(g.Data); bad += step {
		r := &strictReader{t: t, data: g.Data, broken: bad}
		o, err := s.Parse(r, int64(len(g.Data)))
		for i := 0; err == nil && i < o.Frames; i++ {
			im := new(pix.Image)
			if err = o.Read(i, im); err != nil {
				break
			}
			if i >= len(whole) {
				t.Fatalf("byte %d unreadable: %d frames", bad, o.Frames)
			}
			if differs := Same(im, whole[i]); differs != nil {
				t.Fatalf("byte %d unreadable: no error, and frame %d: %v", bad, i, differs)
			}
		}
		if err != nil && !errors.Is(err, errDisk) {
			t.Fatalf("byte %d unreadable: the error does not wrap the disk's: %v", bad, err)
		}
		if err == nil && r.hit && len(whole) == 0 {
			t.Fatalf("byte %d unreadable: no error", bad)
		}
	}
}

func (s Suite) concurrent(t *testing.T, g Sample) {
	o, err := s.Parse(&strictReader{t: t, data: g.Data, broken: -1}, int64(len(g.Data)))
	if err != nil {
		t.Fatal(err)
	}
	want := make([]*pix.Image, o.Frames)
	for i := range want {
		want[i] = new(pix.Image)
		if err := o.Read(i, want[i]); err != nil {
			t.Fatal(err)
		}
	}
	var wg sync.WaitGroup
	for k := range 8 {
		wg.Go(func() {
			dst := new(pix.Image)
			for n := range 3 * o.Frames {
				i := (n + k) % o.Frames
				if err := o.Read(i, dst); err != nil {
					t.Error(err)
				} else if err := Same(dst, want[i]); err != nil {
					t.Errorf("frame %d, goroutine %d: %v", i, k, err)
				}
			}
		})
	}
	wg.Wait()
}

// again reads a frame into memory that is there already, after a larger Image of another type.
func (s Suite) again(t *testing.T, g Sample) {
	o, err := s.Parse(bytes.NewReader(g.Data), int64(len(g.Data)))
	if err != nil {
		t.Fatal(err)
	}
	for i := range o.Frames {
		fresh := new(pix.Image)
		if err := o.Read(i, fresh); err != nil {
			t.Fatal(err)
		}
		used := pix.New(pix.Float64, fresh.Rows+3, 2*fresh.Cols+8)
		for k := range used.Bytes {
			used.Bytes[k] = 0xA5
		}
		if err := o.Read(i, used); err != nil {
			t.Fatal(err)
		}
		if err := Same(used, fresh); err != nil {
			t.Errorf("frame %d read into used memory: %v", i, err)
		}
		if n := testing.AllocsPerRun(10, func() { _ = o.Read(i, used) }); n > g.Allocs {
			t.Errorf("frame %d: %v allocations for a frame read again, at most %v expected", i, n, g.Allocs)
		}
	}
}

func (s Suite) bad(t *testing.T, b Bad) {
	_, _, err := s.all(t, b.Data)
	if err == nil {
		t.Fatal("no error")
	}
	for _, w := range b.Words {
		if !strings.Contains(err.Error(), w) {
			t.Errorf("the error does not say %q: %v", w, err)
		}
	}
	if b.Is != nil && !errors.Is(err, b.Is) {
		t.Errorf("the error is not %q: %v", b.Is, err)
	}
	t.Log(err)
}

// all parses the file and reads every frame, and fails the test when that takes more memory
// than the suite allows.
func (s Suite) all(t testing.TB, data []byte) (o Opened, frames []*pix.Image, err error) {
	t.Helper()
	var before, after runtime.MemStats
	if s.AllocFactor > 0 {
		runtime.ReadMemStats(&before)
	}
	r := &strictReader{t: t, data: data, broken: -1}
	o, err = s.Parse(r, int64(len(data)))
	for i := 0; err == nil && i < o.Frames; i++ {
		im := new(pix.Image)
		if err = o.Read(i, im); err == nil {
			frames = append(frames, im)
			if n := im.Rows * im.Cols * im.Type.Size(); n <= 0 || n != len(im.Bytes) {
				t.Fatalf("frame %d is %d x %d %v in %d bytes", i, im.Rows, im.Cols, im.Type, len(im.Bytes))
			}
		}
	}
	if s.AllocFactor == 0 {
		return o, frames, err
	}
	runtime.ReadMemStats(&after)
	limit := uint64(s.AllocFactor*len(data) + s.AllocSlack)
	if used := after.TotalAlloc - before.TotalAlloc; used > limit {
		t.Fatalf("a file of %d bytes took %d bytes of memory, at most %d expected", len(data), used, limit)
	}
	return o, frames, err
}

// Exercise is the body of a fuzz target: whatever the bytes are, the reader may refuse them
// but must not panic, read outside of them or ask for memory beyond the suite's bound.
func (s Suite) Exercise(t testing.TB, data []byte) {
	s.AllocSlack += 4 << 20 // the fuzzing engine allocates beside us
	_, _, _ = s.all(t, data)
}

// Seed adds the samples to a fuzz target's corpus, but for long ones: the fuzzing engine
// spends its time on their bytes.
func (s Suite) Seed(f *testing.F) {
	const long = 4 << 10
	for _, g := range s.Good {
		if len(g.Data) <= long {
			f.Add(g.Data)
		}
	}
	for _, b := range s.Bad {
		if len(b.Data) <= long {
			f.Add(b.Data)
		}
	}
}

// Same compares two frames byte by byte.
func Same(got, want *pix.Image) error {
	if got.Type != want.Type || got.Rows != want.Rows || got.Cols != want.Cols {
		return fmt.Errorf("%d x %d %v, expected %d x %d %v", got.Rows, got.Cols, got.Type, want.Rows, want.Cols, want.Type)
	}
	if !bytes.Equal(got.Bytes, want.Bytes) {
		size := want.Type.Size()
		for i := 0; i < len(want.Bytes); i += size {
			if g, w := got.Bytes[i:i+size], want.Bytes[i:i+size]; !bytes.Equal(g, w) {
				return fmt.Errorf("pixel %d (row %d, column %d) has the bytes % x, expected % x", i/size, i/size/want.Cols, i/size%want.Cols, g, w)
			}
		}
	}
	return nil
}

// strictReader fails the test when bytes outside of the data are asked for, and answers
// errDisk for every read that touches the broken byte (-1: none).
type strictReader struct {
	t      testing.TB
	data   []byte
	broken int
	mu     sync.Mutex
	hit    bool
}

func (r *strictReader) ReadAt(p []byte, at int64) (int, error) {
	if at < 0 || at > int64(len(r.data)) {
		r.t.Errorf("read of %d bytes at %d asked for, the file has %d", len(p), at, len(r.data))
		return 0, errDisk
	}
	n := copy(p, r.data[at:])
	if b := int64(r.broken); r.broken >= 0 && b >= at && b < at+int64(n) {
		r.mu.Lock()
		r.hit = true
		r.mu.Unlock()
		return int(b - at), errDisk
	}
	if n < len(p) {
		return n, io.EOF
	}
	return n, nil
}

// Pixels reads a pixels.json made by golden2json.py: the frames of each file by its name.
func Pixels(t testing.TB, path string) map[string][]*pix.Image {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var stored map[string]struct {
		DType              string
		Frames, Rows, Cols int
		Pixels             []byte // encoding/json reads base64
	}
	if err := json.Unmarshal(text, &stored); err != nil {
		t.Fatal(err)
	}
	out := map[string][]*pix.Image{}
	for name, s := range stored {
		typ := typeNamed(t, s.DType)
		n := s.Rows * s.Cols * typ.Size()
		for k := range s.Frames {
			im := pix.New(typ, s.Rows, s.Cols)
			copy(im.Bytes, s.Pixels[k*n:(k+1)*n])
			out[name] = append(out[name], im)
		}
	}
	return out
}

func typeNamed(t testing.TB, name string) pix.Type {
	for typ := pix.Bool; typ <= pix.Float64; typ++ {
		if typ.String() == name {
			return typ
		}
	}
	t.Fatalf("no pixel type %q", name)
	return pix.Invalid
}

// MustRead gives the content of a test file.
func MustRead(t testing.TB, path string) []byte {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// Shared gives the path of the folder ../shared/<sub> beside the module, or "" (with one
// line in the log) when it is not there: tests use it in addition to testdata.
func Shared(t testing.TB, sub string) string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for ; ; dir = filepath.Dir(dir) {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			path := filepath.Join(dir, "..", "shared", sub)
			if _, err := os.Stat(path); err == nil {
				return path
			}
			t.Logf("../shared/%s is not here: its files are not tested", sub)
			return ""
		}
		if dir == filepath.Dir(dir) {
			t.Fatal("no go.mod above the test")
		}
	}
}

// Stats are the numbers by which a real file's pixels are known.
type Stats struct {
	Sum, Min, Max float64
}

// StatsOf adds up the pixels of a frame in float64.
func StatsOf(im *pix.Image) Stats {
	switch im.Type {
	case pix.Uint8, pix.Bool:
		return stats(pix.Pixels[uint8](im))
	case pix.Uint16:
		return stats(pix.Pixels[uint16](im))
	case pix.Uint32:
		return stats(pix.Pixels[uint32](im))
	case pix.Uint64:
		return stats(pix.Pixels[uint64](im))
	case pix.Int8:
		return stats(pix.Pixels[int8](im))
	case pix.Int16:
		return stats(pix.Pixels[int16](im))
	case pix.Int32:
		return stats(pix.Pixels[int32](im))
	case pix.Int64:
		return stats(pix.Pixels[int64](im))
	case pix.Float32:
		return stats(pix.Pixels[float32](im))
	}
	return stats(pix.Pixels[float64](im))
}

func stats[T pix.Number](p []T) Stats {
	s := Stats{Min: float64(p[0]), Max: float64(p[0])}
	for _, v := range p {
		f := float64(v)
		s.Sum += f
		s.Min, s.Max = min(s.Min, f), max(s.Max, f)
	}
	return s
}

// GoldenWords gives, for each golden case that matches the pattern, the words that its error
// must name: one inner list per line of expect_words.txt, of which one word must be there.
// The map is empty when ../shared is not there.
func GoldenWords(t testing.TB, pattern string) map[string][][]string {
	t.Helper()
	out := map[string][][]string{}
	dir := Shared(t, "golden/recipes")
	if dir == "" {
		return out
	}
	cases, err := filepath.Glob(filepath.Join(dir, pattern))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range cases {
		text, err := os.ReadFile(filepath.Join(c, "expect_words.txt"))
		if err != nil {
			continue
		}
		for line := range strings.Lines(strings.TrimSpace(string(text))) {
			out[c] = append(out[c], strings.Split(strings.TrimSpace(line), " | "))
		}
	}
	return out
}

// HasWords tells which line of words an error text lacks; "" when it has one of each.
func HasWords(text string, words [][]string) string {
	text = strings.ToLower(text)
	for _, line := range words {
		if !slices.ContainsFunc(line, func(w string) bool { return strings.Contains(text, strings.ToLower(w)) }) {
			return strings.Join(line, " | ")
		}
	}
	return ""
}
