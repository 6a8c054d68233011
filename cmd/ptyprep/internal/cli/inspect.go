package cli

import (
	"bytes"

	"github.com/spf13/cobra"

	"ptyprep/cmd/ptyprep/internal/inspect"
	"ptyprep/cmd/ptyprep/internal/settings"
	"ptyprep/internal/scan/problem"
)

func (a *app) inspectCommand() *cobra.Command {
	var asJSON, overwrite bool
	var picture string
	cmd := &cobra.Command{
		Use:   "inspect FILE",
		Short: "Tell what a file holds: .ptyd, any other HDF5, EDF, CBF, TIFF, ...",
		Long: `Tells what a file holds without changing it. Of a .ptyd: frames, shape, positions, what was
recorded, each chunk. Of any other HDF5 file: every dataset with its type, shape, storage and
links. Of EDF (.edf.gz too), FLI raw, CBF and TIFF: every frame with its header and the sum, least
and largest of its pixels. Of MATLAB level 5: its variables. Of a SPEC log or an MDA file: every
scan with its columns and motors. A frame whose pixels are damaged is told in the report.

--picture draws a .ptyd: its first frame, the mean of its frames and its scan points.`,
		Example: `  ptyprep inspect scan.ptyd
  ptyprep inspect scan.ptyd --json | python3 -m json.tool
  ptyprep inspect scan.ptyd --picture scan.png
  ptyprep inspect raw.nxs
  ptyprep inspect frame_0000.edf`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) == 1 {
				return nil
			}
			return problem.Usagef("inspect takes one file, and got %d", len(args)).WithHint("'ptyprep inspect FILE'")
		},
		ValidArgsFunction: func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
			return []string{"ptyd", "h5", "hdf5", "nxs", "cxi", "edf", "gz", "raw", "cbf", "tif", "tiff", "mat", "spec", "dat", "mda"}, cobra.ShellCompDirectiveFilterFileExt
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "as one JSON object")
	cmd.Flags().StringVar(&picture, "picture", "", "draw a .ptyd into `FILE` (PNG)")
	cmd.Flags().BoolVar(&overwrite, "overwrite", false, "replace an existing picture")
	settings.AddFlags(cmd.Flags(), settings.NoLock)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		set, err := a.configure(cmd)
		if err != nil {
			return err
		}
		o := inspect.Options{NoLock: settings.BoolOf(set.Text(settings.NoLock))}
		r, err := inspect.File(cmd.Context(), args[0], o)
		if err != nil {
			return err
		}
		if picture != "" {
			if err := a.begin(cmd.Context()); err != nil {
				return err
			}
			if err := inspect.Picture(cmd.Context(), args[0], picture, overwrite, o); err != nil {
				return err
			}
		}
		if asJSON || a.con.JSON() {
			a.con.Object(r)
			return nil
		}
		var b bytes.Buffer
		if err := r.WriteText(&b); err != nil {
			return err
		}
		a.con.Print(b.String())
		return nil
	}
	return cmd
}
