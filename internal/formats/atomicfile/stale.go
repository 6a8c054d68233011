package atomicfile

import (
	"errors"
	"fmt"
	"hash/fnv"
	"os"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

const (
	marker   = ".ptyprep-"
	lockEnd  = ".lock"
	tempEnd  = ".tmp"
	idLength = 8

	// foreignAge is when the files of another machine's run count as left behind. Locks of some
	// cluster file systems are seen on one machine only, so a lock that can be had proves
	// nothing there.
	foreignAge = 24 * time.Hour
	// folderWait bounds the time that Commit waits for another run's.
	folderWait = 10 * time.Second
)

// errLost says that another run's sweep took a lock file in the moment between its making and
// its locking.
var errLost = errors.New("the lock file was taken away by another run")

// tempPrefix is what the names of all temporaries for the file base begin with. It leaves room
// for the rest within the 255 bytes that a file name may have.
func tempPrefix(base string) string {
	const most = 200
	if len(base) > most {
		h := fnv.New64a()
		h.Write([]byte(base))
		base = fmt.Sprintf("%s~%016x", base[:most-17], h.Sum64())
	}
	return "." + base + marker
}

func (s *Set) lockPath(id string) string {
	return filepath.Join(filepath.Dir(s.target), s.prefix+id+lockEnd)
}

// takeLock makes and locks a lock file, which holds the machine's name.
func (s *Set) takeLock() (*os.File, string, error) {
	id, err := newID()
	if err != nil {
		return nil, "", err
	}
	path := s.lockPath(id)
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o666)
	if err != nil {
		return nil, "", err
	}
	fail := func(err error) (*os.File, string, error) {
		f.Close()
		return nil, "", err
	}
	if err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB); errors.Is(err, unix.EWOULDBLOCK) {
		return fail(errLost)
	} // any other error: the file system has no locks, and nobody will sweep
	mine, err := f.Stat()
	if err != nil {
		return fail(err)
	}
	if there, err := os.Stat(path); err != nil || !os.SameFile(mine, there) {
		return fail(errLost)
	}
	host, _ := os.Hostname()
	if _, err := f.WriteString(host); err != nil {
		os.Remove(path)
		return fail(err)
	}
	return f, id, nil
}

// release removes the lock file, while it is still locked.
func (s *Set) release() {
	if s.lock != nil {
		os.Remove(s.lockPath(s.id))
		s.lock.Close()
		s.lock = nil
	}
}

// sweep removes the temporaries of killed runs for the same target. What cannot be removed
// (another user's in a sticky folder) stays; it is in nobody's way.
func (s *Set) sweep() {
	dir := filepath.Dir(s.target)
	entries, err := os.ReadDir(dir)
	if err != nil {
		return // Begin will say so when it makes the lock file
	}
	runs := map[string][]string{}
	for _, e := range entries {
		rest, ok := strings.CutPrefix(e.Name(), s.prefix)
		id, isOurs := idOf(rest)
		if !ok || !isOurs {
			continue
		}
		runs[id] = append(runs[id], filepath.Join(dir, e.Name()))
	}
	for id, files := range runs {
		s.sweepRun(id, files)
	}
}

// idOf takes the id out of what follows the prefix in the name of a temporary or a lock. Names that
// only look alike are somebody else's.
func idOf(rest string) (id string, ok bool) {
	if len(rest) < idLength {
		return "", false
	}
	id, end := rest[:idLength], rest[idLength:]
	if strings.Trim(id, "0123456789abcdef") != "" {
		return "", false
	}
	return id, end == lockEnd || strings.HasPrefix(end, ".") && strings.HasSuffix(end, tempEnd)
}

// sweepRun removes the files of one run if it does not live any more. The lock file is made
// before and removed after all others, so files without one are nobody's.
func (s *Set) sweepRun(id string, files []string) {
	path := s.lockPath(id)
	lock, err := os.OpenFile(path, os.O_RDWR, 0)
	switch {
	case errors.Is(err, os.ErrNotExist):
	case err != nil:
		return
	default:
		defer lock.Close()
		if unix.Flock(int(lock.Fd()), unix.LOCK_EX|unix.LOCK_NB) != nil {
			return // it lives, or the file system has no locks to tell
		}
		if foreign(lock) {
			return
		}
	}
	for _, f := range files {
		if f != path {
			os.Remove(f)
		}
	}
	os.Remove(path)
}

// foreign says that the lock file is a recent one of another machine.
func foreign(lock *os.File) bool {
	var b [256]byte
	n, _ := lock.ReadAt(b[:], 0)
	host, _ := os.Hostname()
	if n == 0 || string(b[:n]) == host {
		return false
	}
	st, err := lock.Stat()
	return err != nil || time.Since(st.ModTime()) < foreignAge
}

// lockFolder keeps the last steps of two runs apart that write into the same folder. Where the
// file system has no such lock, or it cannot be had in time, the steps go on without: each
// rename by itself still replaces nothing that it should not.
func lockFolder(dir string) (unlock func()) {
	f, err := os.Open(dir)
	if err != nil {
		return func() {}
	}
	for end := time.Now().Add(folderWait); ; time.Sleep(5 * time.Millisecond) {
		err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB)
		if !errors.Is(err, unix.EWOULDBLOCK) || time.Now().After(end) {
			return func() { f.Close() }
		}
	}
}

// cannotSync says that the file system does not know how to sync this kind of file.
func cannotSync(err error) bool {
	return errors.Is(err, unix.EINVAL) || errors.Is(err, unix.ENOTSUP)
}

// renameNew renames and fails with an error that is fs.ErrExist when newPath is there.
func renameNew(oldPath, newPath string) error {
	err := renameNoReplace(oldPath, newPath)
	switch {
	case err == nil:
		return nil
	case !errors.Is(err, errors.ErrUnsupported):
		return &os.LinkError{Op: "rename", Old: oldPath, New: newPath, Err: err}
	}
	// The second best: a link is not made either when the name is taken.
	if err := os.Link(oldPath, newPath); err == nil || errors.Is(err, os.ErrExist) {
		if err == nil {
			return os.Remove(oldPath)
		}
		return err
	}
	// A file system without links (FAT, some network ones).
	if _, err := os.Lstat(newPath); err == nil {
		return &os.LinkError{Op: "rename", Old: oldPath, New: newPath, Err: os.ErrExist}
	}
	return os.Rename(oldPath, newPath)
}
