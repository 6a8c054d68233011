package cli

import (
	"fmt"
	"runtime"
	"strings"

	"github.com/spf13/cobra"

	"ptyprep/cmd/ptyprep/internal/buildinfo"
	"ptyprep/internal/formats/codec"
	"ptyprep/internal/formats/h5"
)

// versionReport is what `version` tells.
type versionReport struct {
	Version  string   `json:"version"`
	Revision string   `json:"revision,omitempty"`
	Modified bool     `json:"modified,omitempty"`
	Go       string   `json:"go"`
	Platform string   `json:"platform"`
	HDF5     string   `json:"hdf5"`
	Codecs   []string `json:"codecs"`
}

func (a *app) versionCommand() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "version",
		Short: "Print the version, the libraries and the codecs of this build",
		Args:  takesNothing,
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "as one JSON object")
	cmd.RunE = func(*cobra.Command, []string) error {
		b := buildinfo.Get()
		r := versionReport{
			Version: b.Version, Revision: b.Revision, Modified: b.Modified,
			Go: runtime.Version(), Platform: runtime.GOOS + "/" + runtime.GOARCH, HDF5: h5.LibVersion(), Codecs: codec.Codecs(),
		}
		if asJSON || a.con.JSON() {
			a.con.Object(r)
			return nil
		}
		a.con.Print(fmt.Sprintf("ptyprep %s\ngo      %s %s\nhdf5    %s\ncodecs  %s\n",
			b, r.Go, r.Platform, r.HDF5, strings.Join(r.Codecs, "\n        ")))
		return nil
	}
	return cmd
}
