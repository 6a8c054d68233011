package h5

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"ptyprep/internal/imgproc/pix"
)

// helperEnv names the part that a copy of the test binary plays (see TestMain).
const helperEnv = "PTYPREP_H5_HELPER"

func TestMain(m *testing.M) {
	switch os.Getenv(helperEnv) {
	case "":
		os.Exit(m.Run())
	case "full":
		fullHelper(os.Args[1])
	case "quiet":
		quietHelper()
	case "lock":
		lockHelper(os.Args[1])
	}
}

// helper is a command that runs this test binary in another part.
func helper(part string, args ...string) *exec.Cmd {
	c := exec.Command(os.Args[0], args...)
	c.Env = append(os.Environ(), helperEnv+"="+part)
	return c
}

// writeSome writes a bit of everything, about 160 kB, and gives the first error.
func writeSome(path string) error {
	f, err := Create(path)
	if err != nil {
		return err
	}
	first := func() error {
		if err := f.SetAttr("/", "version", "0.1"); err != nil {
			return err
		}
		for i := range 5 {
			g := fmt.Sprintf("/g%d", i)
			if err := f.CreateGroup(g); err != nil {
				return err
			}
			if err := f.WriteString(g+"/label", strings.Repeat("x", 300)); err != nil {
				return err
			}
			if err := WriteArray(f, g+"/a", []int{500}, make([]float64, 500), 4*(i%2)); err != nil {
				return err
			}
		}
		d, err := f.CreateFrames("/frames", FramesSpec{Type: pix.Uint16, Shape: []int{40, 32, 32}, Filters: []FilterSpec{{ID: 1, Params: []uint32{1}}}})
		if err != nil {
			return err
		}
		for i := range 40 {
			if err := d.WriteChunk([]int{i, 0, 0}, 1, make([]byte, 2048)); err != nil {
				return err
			}
		}
		return f.WriteString("/after", "the end")
	}()
	return errors.Join(first, f.Close())
}

// fullHelper writes the same file again and again under a growing limit of the file's size
// and prints what goes wrong; a crash is seen by the parent.
func fullHelper(dir string) {
	signal.Ignore(syscall.SIGXFSZ) // so that writing beyond the limit fails with EFBIG
	var old syscall.Rlimit
	syscall.Getrlimit(syscall.RLIMIT_FSIZE, &old)
	path := filepath.Join(dir, "full.h5")
	limits := []uint64{0, 1, 95, 96, 97, 511, 800, 801, 1000, 1100}
	for l := uint64(1500); l < 200000; l += 731 {
		limits = append(limits, l)
	}
	failed, last := 0, ""
	before := openHandles() // the binding keeps some datatypes
	for _, l := range limits {
		syscall.Setrlimit(syscall.RLIMIT_FSIZE, &syscall.Rlimit{Cur: l, Max: old.Max})
		err := writeSome(path)
		syscall.Setrlimit(syscall.RLIMIT_FSIZE, &old)
		st, _ := os.Stat(path)
		switch {
		case err == nil && st.Size() > int64(l):
			fmt.Printf("limit %d: no error, %d bytes\n", l, st.Size())
		case err != nil && KindOf(err) != NoSpace:
			fmt.Printf("limit %d: kind %v: %v\n", l, KindOf(err), err)
		case err != nil && !errors.Is(err, syscall.EFBIG):
			fmt.Printf("limit %d: cause not known: %v\n", l, err)
		case err != nil:
			failed++
			last = err.Error()
		}
		if n := openHandles(); n != before {
			fmt.Printf("limit %d: %d handles left open\n", l, n-before)
		}
		// The name can be used again at once.
		if err := writeSome(path); err != nil {
			fmt.Printf("limit %d: writing again: %v\n", l, err)
		}
	}
	fmt.Printf("%d of %d runs failed as they should: %s\n", failed, len(limits), last)
}

func TestDiskFull(t *testing.T) {
	out, err := helper("full", t.TempDir()).CombinedOutput()
	text := strings.TrimSpace(string(out))
	if err != nil || strings.Count(text, "\n") > 0 || !strings.Contains(text, "as they should") {
		t.Fatalf("%v\n%s", err, text)
	}
	t.Log(text)
}
