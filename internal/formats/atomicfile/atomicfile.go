// Package atomicfile puts files in place whole or not at all. A Set is one main file and any
// number of parts beside it; all are written under temporary names in the folder where they
// will stand, and renamed when they are whole, the main file last. Whoever looks sees the old
// result or the new one, also after a power cut.
//
// Temporaries are hidden files named after the target, ".x.ptyd.ptyprep-1f2e3d4c.tmp". Each
// run holds a lock (flock) on a file of its own beside them, ".x.ptyd.ptyprep-1f2e3d4c.lock":
// temporaries whose lock nobody holds were left by a killed run, and the next run for the
// same target removes them. The lock is not on the temporary itself because libhdf5 locks the
// files that it writes, and two locks on one file exclude each other.
package atomicfile

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
)

// Policy says what becomes of a file that is in the way.
type Policy uint8

// The policies.
const (
	Refuse  Policy = iota // fail with an error that is fs.ErrExist
	Replace               // replace the main file by one rename; parts in the way are refused
	Backup                // move what is there into the folder <target>.bak1 (the next free number)
)

// Set is a main file with its parts on their way. It is used from one goroutine.
type Set struct {
	synced chan error // from BeginSync; nil before
	target string     // the main file, symbolic links followed
	prefix string     // of the names of all temporaries for this target
	id     string
	lock   *os.File
	temps  []temp
	placed []string // parts that Commit has renamed
}

type temp struct{ suffix, path string }

// Begin prepares for writing target: follows symbolic links, so that a link stays a link,
// removes what killed runs for the same target left, and takes the lock. Nothing that stands
// under target's name is touched before Commit.
func Begin(target string) (*Set, error) {
	real, err := Resolve(target)
	if err != nil {
		return nil, err
	}
	s := &Set{target: real, prefix: tempPrefix(filepath.Base(real))}
	s.sweep()
	const tries = 10 // a run that sweeps may catch our lock in the moment between making and locking it
	for range tries {
		if s.lock, s.id, err = s.takeLock(); err == nil {
			return s, nil
		}
		if !errors.Is(err, errLost) {
			return nil, err
		}
	}
	return nil, err
}

// Resolve follows symbolic links at the end of path, also one whose target does not exist
// yet. The result is path itself when it is no link.
func Resolve(path string) (string, error) {
	const most = 40 // as the kernel has it
	for range most {
		st, err := os.Lstat(path)
		if err != nil || st.Mode()&fs.ModeSymlink == 0 {
			return path, nil
		}
		to, err := os.Readlink(path)
		if err != nil {
			return "", err
		}
		if !filepath.IsAbs(to) {
			dir, err := filepath.EvalSymlinks(filepath.Dir(path))
			if err != nil {
				return "", err
			}
			to = filepath.Join(dir, to)
		}
		path = to
	}
	return "", fmt.Errorf("%s: too many levels of symbolic links", path)
}

// Target is the path of the main file, symbolic links followed.
func (s *Set) Target() string { return s.target }

// Temp gives the temporary name for the file target+suffix; suffix "" is the main file. The
// caller makes the file; its mode should be 0666 less the umask.
func (s *Set) Temp(suffix string) string {
	t := temp{suffix, filepath.Join(filepath.Dir(s.target), s.prefix+s.id+suffix+".tmp")}
	if !slices.Contains(s.temps, t) {
		s.temps = append(s.temps, t)
	}
	return t.path
}

// BeginSync begins to bring the files that Temp named to the disk, which Commit waits for. They must
// not be written to any more. A caller that has other work before Commit saves the time.
func (s *Set) BeginSync() {
	if s.synced != nil {
		return
	}
	s.synced = make(chan error, 1)
	temps := slices.Clone(s.temps)
	go func() {
		for _, t := range temps {
			if err := syncPath(t.path); err != nil {
				s.synced <- err
				return
			}
		}
		s.synced <- nil
	}()
}

// Commit brings all files that Temp named to the disk and puts them in place, parts first and
// the main file last. existing lists what stands there now, for Backup to move away; it may
// be nil for the other policies. When Commit fails, what was there before is there again;
// Abort then removes the temporaries. An error that is fs.ErrExist says that a file is in the
// way which policy does not allow to replace.
func (s *Set) Commit(policy Policy, existing func(target string) ([]string, error)) error {
	s.BeginSync()
	err := <-s.synced
	if s.synced = nil; err != nil {
		return err
	}
	dir := filepath.Dir(s.target)
	unlock := lockFolder(dir)
	defer unlock()
	var moved *backup
	if policy == Backup {
		files, err := existing(s.target)
		if err != nil {
			return err
		}
		if moved, err = moveAway(s.target, files); err != nil {
			return err
		}
	}
	if err := s.place(policy); err != nil {
		for _, p := range s.placed {
			os.Remove(p)
		}
		s.placed = nil
		if e := moved.restore(); e != nil {
			err = fmt.Errorf("%w (and the old files are still in %s: %w)", err, moved.dir, e)
		}
		return err
	}
	s.temps, s.placed = nil, nil
	s.release()
	return syncPath(dir)
}

// place renames the parts in the order in which they were named, then the main file.
func (s *Set) place(policy Policy) error {
	for _, t := range s.temps {
		if t.suffix == "" {
			continue
		}
		if err := renameNew(t.path, s.target+t.suffix); err != nil {
			return err
		}
		s.placed = append(s.placed, s.target+t.suffix)
	}
	for _, t := range s.temps {
		switch {
		case t.suffix != "":
		case policy == Replace:
			return os.Rename(t.path, s.target)
		default:
			return renameNew(t.path, s.target)
		}
	}
	return nil
}

// Abort removes the temporaries. After Commit, or a second time, it does nothing.
func (s *Set) Abort() {
	for _, t := range s.temps {
		os.Remove(t.path)
	}
	s.temps = nil
	s.release()
}

// backup is a folder that old files were moved into.
type backup struct {
	dir   string
	files []string // where they were
}

// moveAway moves files into the folder <target>.bakN with the first free N.
func moveAway(target string, files []string) (*backup, error) {
	if len(files) == 0 {
		return nil, nil
	}
	b := &backup{}
	for n := 1; ; n++ {
		b.dir = fmt.Sprintf("%s.bak%d", target, n)
		err := os.Mkdir(b.dir, 0o777)
		if err == nil {
			break
		}
		if !errors.Is(err, fs.ErrExist) {
			return nil, err
		}
	}
	for _, f := range files {
		if err := os.Rename(f, filepath.Join(b.dir, filepath.Base(f))); err != nil {
			return nil, errors.Join(err, b.restore())
		}
		b.files = append(b.files, f)
	}
	if err := syncPath(b.dir); err != nil {
		return nil, errors.Join(err, b.restore())
	}
	return b, nil
}

// restore moves the files back.
func (b *backup) restore() error {
	if b == nil {
		return nil
	}
	var errs []error
	for _, f := range b.files {
		errs = append(errs, renameNew(filepath.Join(b.dir, filepath.Base(f)), f))
	}
	if err := errors.Join(errs...); err != nil {
		return err
	}
	return os.Remove(b.dir)
}

// syncPath brings a file or folder to the disk. File systems that cannot sync folders say
// EINVAL; that is no reason to fail.
func syncPath(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	err = f.Sync()
	if st, e := f.Stat(); e == nil && st.IsDir() && cannotSync(err) {
		err = nil
	}
	return errors.Join(err, f.Close())
}

// newID gives a name that no other run has.
func newID() (string, error) {
	var b [4]byte
	if _, err := rand.Read(b[:]); err != nil {
		return "", err
	}
	return hex.EncodeToString(b[:]), nil
}
