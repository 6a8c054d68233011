package atomicfile

import (
	"bufio"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// helperEnv makes the test binary a run that is killed: it begins a set for the path in the variable,
// writes half of it, says so and waits.
const helperEnv = "PTYPREP_ATOMICFILE_HELPER"

func TestMain(m *testing.M) {
	if path := os.Getenv(helperEnv); path != "" {
		s, err := Begin(path)
		for _, suffix := range []string{"", ".part000"} {
			if err == nil {
				err = os.WriteFile(s.Temp(suffix), []byte("half"), 0o666)
			}
		}
		fmt.Println("begun", err)
		time.Sleep(time.Minute)
		return
	}
	os.Exit(m.Run())
}

// begun starts such a run and waits until it holds its lock.
func begun(t *testing.T, path string) *exec.Cmd {
	t.Helper()
	c := exec.Command(os.Args[0])
	c.Env = append(os.Environ(), helperEnv+"="+path)
	out, err := c.StdoutPipe()
	if err == nil {
		err = c.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		c.Process.Kill()
		c.Wait()
	})
	if line, err := bufio.NewReader(out).ReadString('\n'); err != nil || !strings.HasPrefix(line, "begun <nil>") {
		t.Fatalf("%q, %v", line, err)
	}
	return c
}

func list(t *testing.T, dir string) []string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	names := []string{}
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
}

func content(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// set begins a set for path with these files, each holding its suffix.
func set(t *testing.T, path string, suffixes ...string) *Set {
	t.Helper()
	s, err := Begin(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, x := range suffixes {
		write(t, s.Temp(x), "new"+x)
	}
	return s
}

func wants(t *testing.T, dir string, names ...string) {
	t.Helper()
	if got := list(t, dir); !slices.Equal(got, names) {
		t.Errorf("the folder holds %v, want %v", got, names)
	}
}

// Until Commit nothing stands under the names; afterwards nothing else does, and the mode is that of
// any new file (other members of the group must be able to read results).
func TestCommit(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "x.ptyd")
	s := set(t, path, "", ".part000", ".part001")
	for _, n := range list(t, dir) {
		if !strings.HasPrefix(n, ".x.ptyd.ptyprep-") {
			t.Errorf("before Commit: %s", n)
		}
	}
	if err := s.Commit(Refuse, nil); err != nil {
		t.Fatal(err)
	}
	wants(t, dir, "x.ptyd", "x.ptyd.part000", "x.ptyd.part001")
	write(t, filepath.Join(dir, "y"), "")
	a, _ := os.Stat(path)
	b, _ := os.Stat(filepath.Join(dir, "y"))
	if a.Mode() != b.Mode() || content(t, path) != "new" || content(t, path+".part001") != "new.part001" {
		t.Errorf("mode %v, a plain file has %v", a.Mode(), b.Mode())
	}
	s.Abort() // does nothing any more
	wants(t, dir, "x.ptyd", "x.ptyd.part000", "x.ptyd.part001", "y")
}

func TestAbort(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "x.ptyd")
	write(t, path, "old")
	s := set(t, path, "", ".part000")
	s.Abort()
	s.Abort()
	wants(t, dir, "x.ptyd")
	if content(t, path) != "old" {
		t.Error("the old file was touched")
	}
}

// A file that is in the way: refused, also a part alone, and then nothing has changed; parts that
// were placed already go again.
func TestInTheWay(t *testing.T) {
	for name, c := range map[string]struct {
		policy Policy
		old    string
	}{
		"main, refuse":  {Refuse, ""},
		"part, refuse":  {Refuse, ".part001"},
		"part, replace": {Replace, ".part001"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			path := filepath.Join(dir, "x.ptyd")
			write(t, path+c.old, "old")
			s := set(t, path, "", ".part000", ".part001")
			err := s.Commit(c.policy, nil)
			if !errors.Is(err, fs.ErrExist) {
				t.Errorf("error %v, want one that is fs.ErrExist", err)
			}
			s.Abort()
			wants(t, dir, "x.ptyd"+c.old)
			if content(t, path+c.old) != "old" {
				t.Error("the old file was touched")
			}
		})
	}
}

func TestReplace(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "x.ptyd")
	write(t, path, "old")
	if err := set(t, path, "").Commit(Replace, nil); err != nil {
		t.Fatal(err)
	}
	wants(t, dir, "x.ptyd")
	if content(t, path) != "new" {
		t.Error("not replaced")
	}
}

// Backup moves the old files into the next free folder; links to parts beside a master hold there,
// since all move together.
func TestBackup(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "x.ptyd")
	old := func(target string) ([]string, error) {
		if target != path {
			t.Errorf("existing is asked for %s", target)
		}
		return []string{path + ".part000", path}, nil
	}
	write(t, path, "1")
	write(t, path+".part000", "1p")
	write(t, path+".bak1", "a file by chance")
	for _, n := range []string{"2", "3"} {
		if err := set(t, path, "", ".part000").Commit(Backup, old); err != nil {
			t.Fatal(n, err)
		}
	}
	wants(t, dir, "x.ptyd", "x.ptyd.bak1", "x.ptyd.bak2", "x.ptyd.bak3", "x.ptyd.part000")
	wants(t, path+".bak2", "x.ptyd", "x.ptyd.part000")
	if content(t, path+".bak2/x.ptyd") != "1" || content(t, path+".bak2/x.ptyd.part000") != "1p" || content(t, path+".bak3/x.ptyd") != "new" {
		t.Error("the wrong file was kept")
	}
	// Nothing to keep: no folder.
	other := filepath.Join(dir, "other")
	if err := set(t, other, "").Commit(Backup, func(string) ([]string, error) { return nil, nil }); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(other + ".bak1"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("an empty folder was made: %v", err)
	}
}

// When Commit fails after the old files were moved away, they are back where they were and the folder
// is gone.
func TestBackupRestored(t *testing.T) {
	for name, break_ := range map[string]func(t *testing.T, s *Set, path string) []string{
		"a file cannot be moved": func(t *testing.T, s *Set, path string) []string {
			return []string{path, path + ".part007"} // this one is not there
		},
		"the new one cannot be placed": func(t *testing.T, s *Set, path string) []string {
			write(t, path+".part001", "another run's")
			return []string{path}
		},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			path := filepath.Join(dir, "x.ptyd")
			write(t, path, "old")
			s := set(t, path, "", ".part000", ".part001")
			err := s.Commit(Backup, func(string) ([]string, error) { return break_(t, s, path), nil })
			if err == nil {
				t.Fatal("no error")
			}
			s.Abort()
			if content(t, path) != "old" {
				t.Error("the old file is not what it was")
			}
			for _, n := range list(t, dir) {
				if strings.Contains(n, ".bak") || strings.HasPrefix(n, ".") || n == "x.ptyd.part000" {
					t.Errorf("left behind: %s", n)
				}
			}
		})
	}
}

// A temporary that is gone (somebody cleaned up) is an error before anything is placed.
func TestTemporaryGone(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "x.ptyd")
	write(t, path, "old")
	s := set(t, path, "", ".part000")
	os.Remove(s.Temp(""))
	if err := s.Commit(Replace, nil); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("error %v", err)
	}
	s.Abort()
	wants(t, dir, "x.ptyd")
	if content(t, path) != "old" {
		t.Error("the old file was touched")
	}
}

// What a killed run left goes with the next run for the same target; what a living run writes, what
// belongs to another target and what only looks alike stays.
func TestKilled(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "x.ptyd")
	killed := begun(t, path)
	begun(t, path) // lives
	begun(t, filepath.Join(dir, "y.ptyd")).Process.Kill()
	mine := []string{".x.ptyd.ptyprep-notes.tmp", ".x.ptyd.ptyprep-01234567.txt", ".x.ptyd.ptyprep-0123456789.tmp", ".x.ptyd.ptyprep-0123456z.tmp", ".x.ptyd.swp"}
	for _, n := range mine {
		write(t, filepath.Join(dir, n), "mine")
	}
	before := list(t, dir)
	if len(before) != 5+3*3 {
		t.Fatalf("the runs left %v", before)
	}
	if err := killed.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	killed.Wait()
	s := set(t, path, "")
	after := list(t, dir)
	if len(after) != 5+2*3+2 { // the living run's and this one's
		t.Errorf("%d files, before %d: %v", len(after), len(before), after)
	}
	for _, n := range mine {
		if !slices.Contains(after, n) {
			t.Errorf("%s is gone", n)
		}
	}
	if err := s.Commit(Refuse, nil); err != nil {
		t.Fatal(err)
	}
}

// A lock of another machine counts only when it is old: locks of some network disks are seen on one
// machine alone.
func TestForeignLock(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "x.ptyd")
	lock, temp := filepath.Join(dir, ".x.ptyd.ptyprep-0a1b2c3d.lock"), filepath.Join(dir, ".x.ptyd.ptyprep-0a1b2c3d.part000.tmp")
	write(t, lock, "another-machine")
	write(t, temp, "half")
	set(t, path).Abort()
	wants(t, dir, filepath.Base(lock), filepath.Base(temp))
	old := time.Now().Add(-foreignAge - time.Minute)
	if err := os.Chtimes(lock, old, old); err != nil {
		t.Fatal(err)
	}
	set(t, path).Abort()
	wants(t, dir)
	write(t, temp, "half") // without a lock it is nobody's
	set(t, path).Abort()
	wants(t, dir)
}

// Many runs for one target at once: one wins, the others hear that the file is there, and nothing is
// left behind.
func TestRunsAtOnce(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "x.ptyd")
	const runs = 16
	errs := make([]error, runs)
	var wg sync.WaitGroup
	for i := range runs {
		wg.Go(func() {
			s, err := Begin(path)
			if err != nil {
				errs[i] = err
				return
			}
			defer s.Abort()
			for _, x := range []string{"", ".part000"} {
				if errs[i] = os.WriteFile(s.Temp(x), fmt.Append(nil, i), 0o666); errs[i] != nil {
					return
				}
			}
			errs[i] = s.Commit(Refuse, nil)
		})
	}
	wg.Wait()
	won := -1
	for i, err := range errs {
		switch {
		case err == nil && won >= 0:
			t.Errorf("runs %d and %d have both won", won, i)
		case err == nil:
			won = i
		case !errors.Is(err, fs.ErrExist):
			t.Errorf("run %d: %v", i, err)
		}
	}
	wants(t, dir, "x.ptyd", "x.ptyd.part000")
	if a, b := content(t, path), content(t, path+".part000"); a != b || a != fmt.Sprint(won) {
		t.Errorf("main file of run %s, part of run %s, won by %d", a, b, won)
	}
}

// Symbolic links are followed: the link stays one, also when it leads to a file that is not there yet;
// temporaries lie beside the file, where a rename is one step.
func TestSymbolicLinks(t *testing.T) {
	dir := t.TempDir()
	for _, d := range []string{"real", "links"} {
		if err := os.Mkdir(filepath.Join(dir, d), 0o777); err != nil {
			t.Fatal(err)
		}
	}
	link := filepath.Join(dir, "links", "x.ptyd")
	for _, target := range []string{"../real/y.ptyd", filepath.Join(dir, "real", "z.ptyd")} {
		os.Remove(link)
		if err := os.Symlink(target, link); err != nil {
			t.Fatal(err)
		}
		s := set(t, link, "", ".part000")
		if got := filepath.Base(s.Target()); got != filepath.Base(target) {
			t.Errorf("target %s", got)
		}
		if err := s.Commit(Replace, nil); err != nil {
			t.Fatal(err)
		}
		if st, err := os.Lstat(link); err != nil || st.Mode()&fs.ModeSymlink == 0 {
			t.Errorf("the link is none any more: %v", err)
		}
		if content(t, link) != "new" {
			t.Error("not written")
		}
	}
	wants(t, filepath.Join(dir, "real"), "y.ptyd", "y.ptyd.part000", "z.ptyd", "z.ptyd.part000")
	wants(t, filepath.Join(dir, "links"), "x.ptyd")
	os.Remove(link)
	if err := os.Symlink("x.ptyd", link); err != nil {
		t.Fatal(err)
	}
	if _, err := Begin(link); err == nil || !strings.Contains(err.Error(), "too many levels") {
		t.Errorf("a link to itself: %v", err)
	}
}

// Names up to the 255 bytes that a file may have leave room for the temporaries' own.
func TestLongNames(t *testing.T) {
	dir := t.TempDir()
	a := strings.Repeat("a", 242) + "1.ptyd"
	b := strings.Repeat("a", 242) + "2.ptyd"
	first := set(t, filepath.Join(dir, a), "")
	second := set(t, filepath.Join(dir, b), "")
	if first.prefix == second.prefix {
		t.Error("two targets share the names of their temporaries")
	}
	if err := errors.Join(first.Commit(Refuse, nil), second.Commit(Refuse, nil)); err != nil {
		t.Fatal(err)
	}
	wants(t, dir, a, b)
}

// A folder that is not there is said at the beginning.
func TestNoFolder(t *testing.T) {
	if _, err := Begin(filepath.Join(t.TempDir(), "no", "x.ptyd")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("error %v", err)
	}
}

// Where the kernel has no rename without replacing, the second best ways refuse likewise.
func TestRenameNew(t *testing.T) {
	dir := t.TempDir()
	a, b := filepath.Join(dir, "a"), filepath.Join(dir, "b")
	write(t, a, "a")
	write(t, b, "b")
	if err := renameNew(a, b); !errors.Is(err, fs.ErrExist) || content(t, b) != "b" || content(t, a) != "a" {
		t.Errorf("onto a file: %v", err)
	}
	if err := os.Remove(b); err != nil {
		t.Fatal(err)
	}
	if err := renameNew(a, b); err != nil || content(t, b) != "a" {
		t.Errorf("onto nothing: %v", err)
	}
}
