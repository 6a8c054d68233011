package cli

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"ptyprep/cmd/ptyprep/internal/exitcode"
	"ptyprep/cmd/ptyprep/internal/settings"
	"ptyprep/internal/scan/nearby"
	"ptyprep/internal/scan/problem"
)

// root makes the command line.
func (a *app) root(stderr io.Writer) *cobra.Command {
	root := &cobra.Command{
		Use:   "ptyprep",
		Short: "Prepare ptychography scans: raw beamline files to .ptyd",
		Long: `Ptyprep prepares ptychography scans: it reads the raw files of a beamline as a recipe
(YAML or TOML) says, corrects, crops and bins the frames, and writes a .ptyd file. It also
simulates scans that can be reconstructed.`,
		Example: `  ptyprep recipes show Hdf5Loader > recipe.yaml    start a recipe, then edit it
  ptyprep convert recipe.yaml -v                   prepare the scan
  ptyprep inspect scan.ptyd                        look at the result
  ptyprep simulate moon.yaml                       make a scan up`,
		SilenceErrors: true,
		SilenceUsage:  true,
		Args:          cobra.ArbitraryArgs,
		PersistentPreRun: func(*cobra.Command, []string) {
			a.running = true
		},
	}
	root.RunE = func(cmd *cobra.Command, args []string) error {
		if len(args) > 0 {
			return unknownCommand(cmd, args[0])
		}
		if !a.con.JSON() {
			writeUsage(dull{stderr}, cmd)
		}
		return problem.Usagef("no command is given").WithHint("'ptyprep convert RECIPE' prepares a scan; 'ptyprep --help' tells more")
	}
	settings.AddFlags(root.PersistentFlags(), settings.LogFormat)
	root.SetUsageFunc(func(cmd *cobra.Command) error {
		writeUsage(cmd.OutOrStderr(), cmd)
		return nil
	})
	root.SetHelpFunc(writeHelp)
	root.SetFlagErrorFunc(flagProblem)
	root.SetHelpCommand(helpCommand())
	root.AddCommand(a.convertCommand(), a.simulateCommand(), a.inspectCommand(), a.recipesCommand(), a.configCommand(), a.versionCommand())
	completionCommand(root)
	complete(root, settings.LogFormat, settings.LogText, settings.LogJSON)
	return root
}

// completionCommand is cobra's, but one that refuses a shell it does not know.
func completionCommand(root *cobra.Command) {
	root.InitDefaultCompletionCmd()
	for _, c := range root.Commands() {
		if c.Name() != "completion" {
			continue
		}
		c.Short, c.Long = "Print a completion script for bash, zsh, fish or powershell", ""
		c.Args = cobra.ArbitraryArgs
		c.RunE = func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 {
				return unknownCommand(cmd, args[0])
			}
			return problem.Usagef("completion: no shell is named").WithHint("for example: source <(ptyprep completion bash)")
		}
	}
}

func helpCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "help [COMMAND]",
		Short: "Help about a command",
		RunE: func(cmd *cobra.Command, args []string) error {
			of, rest, err := cmd.Root().Find(args)
			if err != nil || len(rest) > 0 {
				return unknownCommand(cmd.Root(), strings.Join(args, " "))
			}
			of.InitDefaultHelpFlag()
			return of.Help()
		},
	}
}

func unknownCommand(cmd *cobra.Command, name string) error {
	var names []string
	for _, c := range cmd.Commands() {
		if c.IsAvailableCommand() {
			names = append(names, c.Name())
		}
	}
	p := problem.Usagef("there is no command %q", strings.TrimPrefix(cmd.CommandPath()+" "+name, "ptyprep "))
	if near, ok := nearby.Nearest(name, names); ok {
		return p.WithHint("did you mean '%s %s'?", cmd.CommandPath(), near)
	}
	if strings.HasSuffix(name, ".yaml") || strings.HasSuffix(name, ".yml") || strings.HasSuffix(name, ".toml") {
		return p.WithHint("did you mean 'ptyprep convert %s'?", name)
	}
	return p.WithHint("commands: %s", strings.Join(names, ", "))
}

// flagProblem is a flag that is not there, lacks its value or does not take it.
func flagProblem(cmd *cobra.Command, err error) error {
	if before := cmd.Flags().Args(); cmd.Parent() == nil && len(before) > 0 {
		return unknownCommand(cmd, before[0])
	}
	p := problem.Usagef("%s: %s", cmd.CommandPath(), err.Error())
	var none *pflag.NotExistError
	if !errors.As(err, &none) {
		return p.WithHint("'%s --help' lists the flags with their values", cmd.CommandPath())
	}
	switch name := none.GetSpecifiedName(); {
	case name == "version":
		return p.WithHint("'ptyprep version' prints it")
	case name == "json" && cmd.Flags().Lookup(settings.LogFormat) != nil:
		return p.WithHint("did you mean --%s json?", settings.LogFormat)
	case strings.Contains(none.GetSpecifiedShortnames(), "."):
		return p.WithHint("a file whose name begins with - is given as ./-%s; '%s --help' lists the flags", none.GetSpecifiedShortnames(), cmd.CommandPath())
	}
	var names []string
	cmd.Flags().VisitAll(func(f *pflag.Flag) { names = append(names, f.Name) })
	if near, ok := nearby.Nearest(none.GetSpecifiedName(), names); ok && len(none.GetSpecifiedName()) > 1 {
		return p.WithHint("did you mean --%s?", near)
	}
	return p.WithHint("'%s --help' lists the flags", cmd.CommandPath())
}

// writeHelp is --help of a command: what it does, its usage, and how it ends.
func writeHelp(cmd *cobra.Command, _ []string) {
	w := cmd.OutOrStdout()
	text := cmd.Long
	if text == "" {
		text = cmd.Short
	}
	fmt.Fprintln(w, strings.TrimSpace(text))
	fmt.Fprintln(w)
	writeUsage(w, cmd)
	fmt.Fprintf(w, "\n%s", exitcode.Help())
}

const helpWidth = 100

func writeUsage(w io.Writer, cmd *cobra.Command) {
	fmt.Fprintln(w, "Usage:")
	if cmd.Runnable() && cmd.HasParent() {
		fmt.Fprintf(w, "  %s\n", cmd.UseLine())
	}
	if cmd.HasAvailableSubCommands() {
		fmt.Fprintf(w, "  %s COMMAND\n", cmd.CommandPath())
	}
	if cmd.HasExample() {
		fmt.Fprintf(w, "\nExamples:\n%s\n", strings.TrimRight(cmd.Example, "\n"))
	}
	if cmd.HasAvailableSubCommands() {
		fmt.Fprint(w, "\nCommands:\n")
		for _, c := range cmd.Commands() {
			if c.IsAvailableCommand() || c.Name() == "help" {
				fmt.Fprintf(w, "  %-12s %s\n", c.Name(), c.Short)
			}
		}
	}
	if f := cmd.LocalNonPersistentFlags(); f.HasAvailableFlags() {
		fmt.Fprintf(w, "\nFlags:\n%s", f.FlagUsagesWrapped(helpWidth))
	}
	global := pflag.NewFlagSet("", pflag.ContinueOnError)
	global.AddFlagSet(cmd.PersistentFlags())
	global.AddFlagSet(cmd.InheritedFlags())
	if global.HasAvailableFlags() {
		fmt.Fprintf(w, "\nFlags of every command:\n%s", global.FlagUsagesWrapped(helpWidth))
	}
}

// complete gives a flag the words that a shell may complete.
func complete(cmd *cobra.Command, flag string, words ...string) {
	// The only error is a flag that is not there: a slip that the tests of completion show.
	_ = cmd.RegisterFlagCompletionFunc(flag, cobra.FixedCompletions(words, cobra.ShellCompDirectiveNoFileComp))
}

// takesNothing is for commands without arguments.
func takesNothing(cmd *cobra.Command, args []string) error {
	switch {
	case len(args) == 0:
		return nil
	case cmd.HasAvailableSubCommands():
		return unknownCommand(cmd, args[0])
	}
	return problem.Usagef("%s takes no argument, and got %q", cmd.CommandPath(), args[0]).WithHint("'%s --help' tells what it takes", cmd.CommandPath())
}
