package cli

import (
	"context"

	"github.com/spf13/cobra"

	"ptyprep/cmd/ptyprep/internal/settings"
)

func (a *app) convertCommand() *cobra.Command {
	var f jobFlags
	cmd := &cobra.Command{
		Use:   "convert RECIPE",
		Short: "Prepare a scan as a recipe says and write a .ptyd file",
		Long: `Reads the scan that the recipe describes, prepares every frame and writes a .ptyd file. The file
appears under its name when it is whole; whatever goes wrong before leaves an older one untouched.

Paths in the recipe start from the recipe's folder, paths given here from the working directory.
The result does not depend on the number of workers, and --chunk-frames and --save change the layout
of the file only, never a number in it.`,
		Example: `  ptyprep convert recipe.yaml
  ptyprep convert recipe.yaml --set scan_number=74 --output scan74.ptyd
  ptyprep convert recipe.yaml --overwrite --set 'center=[63.5, 64]' -v`,
		Args: oneRecipe,
	}
	f.add(cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		set, err := a.configure(cmd)
		if err != nil {
			return err
		}
		if err := f.check(cmd.Flags()); err != nil {
			return err
		}
		return a.convert(cmd.Context(), args[0], &f, set)
	}
	return cmd
}

// convert is the command, once flags and settings are known.
func (a *app) convert(ctx context.Context, recipe string, f *jobFlags, set *settings.Resolved) (err error) {
	rec, err := a.load(recipe, f)
	if err != nil {
		return err
	}
	j, err := a.open(ctx, rec, f, set)
	if err != nil {
		return err
	}
	defer func() { a.close(j, err) }()
	out, err := a.newOutput(ctx, j)
	if err != nil {
		return err
	}
	if err = a.write(ctx, j, out); err != nil {
		out.giveUp()
	}
	return err
}
