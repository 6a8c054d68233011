// Package buildinfo says which build of the program this is.
package buildinfo

import (
	"runtime/debug"
)

// Version is the version of ptyprep. A release build may set it with
// -ldflags "-X ptyprep/cmd/ptyprep/internal/buildinfo.Version=1.2.3".
var Version = "0.1.0-dev"

// Info is what is known about the build.
type Info struct {
	Version  string
	Revision string // commit that it was built from, "" when not known
	Modified bool   // with changes that are in no commit
}

// Get reads what the Go tool stamped into the program.
func Get() Info {
	i := Info{Version: Version}
	b, ok := debug.ReadBuildInfo()
	if !ok {
		return i
	}
	for _, s := range b.Settings {
		switch s.Key {
		case "vcs.revision":
			i.Revision = s.Value
		case "vcs.modified":
			i.Modified = s.Value == "true"
		}
	}
	return i
}

// String is the version with the first digits of the revision: "0.1.0 (1a2b3c4d, modified)".
func (i Info) String() string {
	if i.Revision == "" {
		return i.Version
	}
	rev := i.Revision[:min(len(i.Revision), 12)]
	if i.Modified {
		rev += ", modified"
	}
	return i.Version + " (" + rev + ")"
}
