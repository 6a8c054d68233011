package cli

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"ptyprep/cmd/ptyprep/internal/settings"
)

func (a *app) configCommand() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "config",
		Short: "Print the settings of the tool and where each comes from",
		Long: `Settings decide how the tool works, never what it computes. Each comes from the first of
these that has it: a flag; an environment variable PTYPREP_NAME; the configuration file
(ptyprep.yaml or ptyprep.toml in the working directory, else in the folder ptyprep of the user's
configuration folder); the default. A recipe cannot set them.

This prints what is in force here, with the same flags as convert.`,
		Example: `  ptyprep config
  PTYPREP_WORKERS=8 ptyprep config --memory 2GiB`,
		Args: takesNothing,
	}
	settings.AddFlags(cmd.Flags(), settings.Workers, settings.Memory, settings.Compression, settings.Checksum, settings.NoLock, settings.Progress)
	completeSettings(cmd)
	cmd.Flags().BoolVar(&asJSON, "json", false, "as one JSON object")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		r, err := a.configure(cmd)
		if err != nil {
			return err
		}
		a.showSettings(r, asJSON || a.con.JSON())
		return nil
	}
	return cmd
}

// settingEntry is a setting as `config --json` prints it.
type settingEntry struct {
	Name  string `json:"name"`
	Value string `json:"value"`
	From  string `json:"from"`
	Env   string `json:"environment_variable"`
	Help  string `json:"help"`
}

func (a *app) showSettings(r *settings.Resolved, asJSON bool) {
	var entries []settingEntry
	var b strings.Builder
	for _, v := range r.Values {
		entries = append(entries, settingEntry{v.Key(), v.Text, v.From, v.Env(), strings.ReplaceAll(v.Help, "`", "")})
		fmt.Fprintf(&b, "%-12s  %-12s  %s\n", v.Key(), v.Text, v.From)
	}
	if asJSON {
		a.con.Object(map[string]any{"config_file": r.File, "settings": entries})
		return
	}
	if r.File == "" {
		b.WriteString("\nno configuration file; looked for ptyprep.yaml and ptyprep.toml in\n")
		for _, f := range settings.Folders() {
			if f == "" {
				f = "the working directory"
			}
			fmt.Fprintf(&b, "  %s\n", f)
		}
	} else {
		fmt.Fprintf(&b, "\nconfiguration file: %s\n", r.File)
	}
	a.con.Print(b.String())
}

func completeSettings(cmd *cobra.Command) {
	complete(cmd, settings.Progress, settings.ProgressAuto, settings.ProgressBar, settings.ProgressPlain, settings.ProgressNone)
	complete(cmd, settings.Compression, "deflate:1", "deflate:4", "deflate:9", "lz4", "bitshuffle-lz4", "zstd", "none")
}
