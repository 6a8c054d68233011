package ptyd

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"

	"ptyprep/internal/formats/atomicfile"
	"ptyprep/internal/formats/h5"
	"ptyprep/internal/scan/problem"
)

// Mode is how chunks are spread over files.
type Mode string

// The modes. A recipe's `save` has the same words.
const (
	Append Mode = "append" // all chunks in one file
	Link   Mode = "link"   // each chunk in a file of its own, <name>.part000 and so on, linked from the master
	Merge  Mode = "merge"  // all frames in one chunk
)

// CheckOutput says whether path can be written to, as far as that can be told before the
// frames are read. Nothing is changed. The error is a *problem.Error: class Usage for an
// output that exists already (unless overwrite or backup allow that), for a folder that is
// not there and for a path that is no place for a file; class Internal for a folder that may
// not be written to.
//
// overwrite replaces one file; in link mode, where master and parts cannot be replaced in one
// step, it is refused when there is something to replace. backup moves the old master with
// its parts into the folder <path>.bak1, or the next free number.
func CheckOutput(path string, mode Mode, overwrite, backup bool) error {
	if overwrite && backup {
		return problem.Usagef("--overwrite and --backup exclude each other").
			WithHint("--overwrite replaces the old output, --backup keeps it")
	}
	if path == "" || strings.HasSuffix(path, string(filepath.Separator)) {
		return problem.Usagef("output %q is no file name", path).WithHint("give a file name such as scan.ptyd as dfile or with --output")
	}
	real, err := atomicfile.Resolve(path)
	if err != nil {
		return problem.Usagef("output %s cannot be looked at", path).Because(err)
	}
	if err := checkFolder(path, filepath.Dir(real)); err != nil {
		return err
	}
	old, err := oldFiles(real)
	if err != nil {
		return problem.Internalf("output %s: its folder cannot be listed", path).Because(err)
	}
	st, err := os.Stat(real)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		if mode == Link && len(old) > 0 && !backup {
			return partsInTheWay(path, old)
		}
		return nil
	case err != nil:
		return problem.Usagef("output %s cannot be looked at", path).Because(err)
	case st.IsDir():
		return problem.Usagef("output %s is a folder, expected a file name", path).
			WithHint("give a file in it: %s", filepath.Join(path, "scan.ptyd"))
	case !st.Mode().IsRegular():
		return problem.Usagef("output %s is no regular file (%s)", path, describeMode(st.Mode()))
	case !overwrite && !backup:
		return outputExists(path, mode)
	case overwrite && mode == Link:
		return problem.Usagef("output %s exists already, and in link mode the master and its parts cannot be replaced in one step", path).
			WithHint("use --backup, which keeps the old files in %s.bak1, or --save append", path)
	case overwrite && unix.Access(real, unix.W_OK) != nil:
		return problem.Usagef("output %s is write-protected", path).
			WithHint("make it writable (chmod u+w), use --backup, or choose another output with --output")
	}
	return nil
}

func checkFolder(path, dir string) error {
	st, err := os.Stat(dir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return problem.Usagef("output %s: there is no folder %s", path, dir).
			WithHint("make it (mkdir -p %s), or choose another output with dfile or --output", dir)
	case err != nil:
		return problem.Usagef("output %s: folder %s cannot be looked at", path, dir).Because(err)
	case !st.IsDir():
		return problem.Usagef("output %s: %s is no folder", path, dir)
	}
	if err := unix.Access(dir, unix.W_OK|unix.X_OK); err != nil {
		return problem.Internalf("output %s: folder %s cannot be written to", path, dir).Because(err).
			WithHint("choose another output with --output, or ask for permission to write there")
	}
	return nil
}

func outputExists(path string, mode Mode) *problem.Error {
	e := problem.Usagef("output %s exists already", path)
	if mode == Link {
		return e.WithHint("--backup keeps it with its parts in the folder %s.bak1 (--overwrite does so in the other save modes only); or choose another output with --output", path)
	}
	return e.WithHint("--overwrite replaces it, --backup keeps it in the folder %s.bak1; or choose another output with --output", path)
}

func partsInTheWay(path string, old []string) *problem.Error {
	return problem.Usagef("output %s: there are parts of an older output without its master: %s", path, someNames(old)).
		WithHint("--backup moves them into the folder %s.bak1; or choose another output with --output", path)
}

// someNames lists the base names of a few files.
func someNames(files []string) string {
	names := make([]string, len(files))
	for i, f := range files {
		names[i] = filepath.Base(f)
	}
	return problem.Few(names, 3)
}

func describeMode(m fs.FileMode) string {
	switch {
	case m&fs.ModeNamedPipe != 0:
		return "a named pipe"
	case m&fs.ModeSocket != 0:
		return "a socket"
	case m&fs.ModeDevice != 0:
		return "a device"
	}
	return m.String()
}

var partName = regexp.MustCompile(`^\.part[0-9]{3,}$`)

// partSuffix is what a part's name has behind the master's.
func partSuffix(k int) string { return fmt.Sprintf(".part%03d", k) }

// oldFiles lists the parts and then the master that stand under target's name.
func oldFiles(target string) ([]string, error) {
	entries, err := os.ReadDir(filepath.Dir(target))
	if err != nil {
		return nil, err
	}
	base := filepath.Base(target)
	var parts, master []string
	for _, e := range entries {
		rest, ok := strings.CutPrefix(e.Name(), base)
		switch full := filepath.Join(filepath.Dir(target), e.Name()); {
		case !ok || e.IsDir():
		case rest == "":
			master = append(master, full)
		case partName.MatchString(rest):
			parts = append(parts, full)
		}
	}
	slices.SortFunc(parts, func(a, b string) int { return partNumber(a, target) - partNumber(b, target) })
	return append(parts, master...), nil
}

func partNumber(file, target string) int {
	n, _ := strconv.Atoi(file[len(target)+len(".part"):])
	return n
}

// writeProblem puts a failure of writing the output into the user's words.
func (w *Writer) writeProblem(err error) error {
	if err == nil {
		return nil
	}
	var p *problem.Error
	if errors.As(err, &p) {
		return err
	}
	if errors.Is(err, fs.ErrExist) {
		e := outputExists(w.opt.Path, w.opt.Mode)
		e.Msg = fmt.Sprintf("output %s appeared while the scan was being prepared; another run may have written it", w.opt.Path)
		return e.Because(err)
	}
	if cause, ok := noSpace(err); ok {
		return problem.Internalf("output %s: %s after %s", w.opt.Path, cause, w.progress()).
			WithHint("%s; nothing of this run is left on the disk", w.spaceHint())
	}
	e := problem.Internalf("output %s: writing failed after %s", w.opt.Path, w.progress()).Because(err)
	if h5.KindOf(err) == h5.Permission || errors.Is(err, fs.ErrPermission) {
		return e.WithHint("check that you may write to the folder %s", filepath.Dir(w.opt.Path))
	}
	return e
}

// noSpace says whether the disk or a quota is full, in the operating system's words.
func noSpace(err error) (string, bool) {
	var no syscall.Errno
	switch {
	case errors.As(err, &no) && (no == syscall.ENOSPC || no == syscall.EDQUOT || no == syscall.EFBIG):
		return no.Error(), true
	case h5.KindOf(err) == h5.NoSpace:
		return syscall.ENOSPC.Error(), true
	}
	return "", false
}

// progress tells how much was written.
func (w *Writer) progress() string {
	if w.plan == nil {
		return "0 B"
	}
	return fmt.Sprintf("%s (%d of %d frames)", sizeText(w.bytes), w.done, w.plan.Frames)
}

// spaceHint tells how much more is needed, as far as the frames written so far tell.
func (w *Writer) spaceHint() string {
	dir := filepath.Dir(w.opt.Path)
	if w.plan == nil || w.done == 0 {
		return fmt.Sprintf("free some space in %s, or choose another output with --output", dir)
	}
	need := w.bytes / int64(w.done) * int64(w.plan.Frames)
	return fmt.Sprintf("the whole output needs about %s: free some space in %s, or choose another output with --output", sizeText(need), dir)
}

// sizeText writes a number of bytes with a binary prefix.
func sizeText(n int64) string {
	if n < 1024 {
		return fmt.Sprintf("%d B", n)
	}
	x, units := float64(n)/1024, "KMGTPE"
	for x >= 1024 && len(units) > 1 {
		x, units = x/1024, units[1:]
	}
	return fmt.Sprintf("%.1f %ciB", x, units[0])
}
