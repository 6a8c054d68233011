package cli

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"ptyprep/internal/recipes"
	"ptyprep/internal/scan/problem"
)

func (a *app) recipesCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "recipes",
		Short: "List the recipes and show their parameters",
		Long: `A recipe reads the files of one beamline or format. 'recipes list' names all of them;
'recipes show NAME' prints one with every parameter, its meaning, unit and default, as a recipe
file that can be edited and converted.`,
		Args: takesNothing,
	}
	list := a.recipesListCommand()
	cmd.RunE = list.RunE
	cmd.Flags().AddFlagSet(list.Flags())
	cmd.AddCommand(list, a.recipesShowCommand(), a.recipesDocsCommand())
	return cmd
}

func (a *app) recipesListCommand() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{Use: "list", Short: "Name all recipes", Args: takesNothing}
	cmd.Flags().BoolVar(&asJSON, "json", false, "as one JSON object")
	cmd.RunE = func(*cobra.Command, []string) error {
		a.listRecipes(asJSON || a.con.JSON())
		return nil
	}
	return cmd
}

// recipeEntry is a recipe in the list.
type recipeEntry struct {
	Name    string   `json:"name"`
	Aliases []string `json:"aliases,omitempty"`
	Summary string   `json:"summary"`
}

func (a *app) listRecipes(asJSON bool) {
	var entries []recipeEntry
	width := 0
	for _, s := range a.registry().List() {
		entries = append(entries, recipeEntry{s.Name, s.Aliases, s.Summary})
		width = max(width, len(s.Name))
	}
	if asJSON {
		a.con.Object(map[string]any{"recipes": entries})
		return
	}
	var b strings.Builder
	for _, e := range entries {
		fmt.Fprintf(&b, "%-*s  %s", width, e.Name, e.Summary)
		if len(e.Aliases) > 0 {
			fmt.Fprintf(&b, " (also %s)", strings.Join(e.Aliases, ", "))
		}
		b.WriteByte('\n')
	}
	a.con.Print(b.String())
}

func (a *app) recipesShowCommand() *cobra.Command {
	var format string
	cmd := &cobra.Command{
		Use:   "show NAME",
		Short: "Print a recipe with all its parameters and defaults",
		Example: `  ptyprep recipes show Hdf5Loader > recipe.yaml
  ptyprep recipes show Hdf5Loader --format toml`,
	}
	cmd.Args = func(cmd *cobra.Command, args []string) error {
		if len(args) == 1 {
			return nil
		}
		return problem.Usagef("%s takes the name of one recipe, and got %d", cmd.CommandPath(), len(args)).
			WithHint("recipes: %s", strings.Join(a.registry().Names(), ", "))
	}
	cmd.ValidArgsFunction = func(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
		if len(args) > 0 {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		var out []string
		for _, s := range a.registry().List() {
			out = append(out, s.Name+"\t"+s.Summary)
		}
		return out, cobra.ShellCompDirectiveNoFileComp
	}
	cmd.Flags().StringVar(&format, "format", "yaml", "`FORMAT` to print: "+strings.Join(recipes.Formats, ", "))
	complete(cmd, "format", recipes.Formats...)
	cmd.RunE = func(_ *cobra.Command, args []string) error {
		s, err := a.registry().Lookup(args[0])
		if err != nil {
			return err
		}
		if !slices.Contains(recipes.Formats, format) {
			return problem.Usagef("--format: is %q, expected %s", format, strings.Join(recipes.Formats, ", ")).WithHint("the default is yaml")
		}
		var b bytes.Buffer
		if err := recipes.Show(&b, s, format); err != nil {
			return err
		}
		a.con.Print(b.String())
		return nil
	}
	return cmd
}

// recipesDocsCommand writes the pages of docs/recipes. It is for those who work on ptyprep.
func (a *app) recipesDocsCommand() *cobra.Command {
	return &cobra.Command{
		Use:    "docs FOLDER",
		Short:  "Write a page of documentation for each recipe",
		Hidden: true,
		Args:   cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			return writeDocs(a.registry(), args[0])
		},
	}
}

// writeDocs writes the page of each recipe and the list of all, and removes pages of recipes that
// there are no more.
func writeDocs(r *recipes.Registry, dir string) error {
	pages, err := docPages(r)
	if err != nil {
		return err
	}
	old, err := filepath.Glob(filepath.Join(dir, "*.md"))
	if err != nil {
		return err
	}
	for _, f := range old {
		if _, ok := pages[filepath.Base(f)]; !ok {
			if err := os.Remove(f); err != nil {
				return problem.Internalf("%s", f).Because(err)
			}
		}
	}
	for name, text := range pages {
		if err := os.WriteFile(filepath.Join(dir, name), text, 0o666); err != nil {
			return problem.Internalf("%s", name).Because(err)
		}
	}
	return nil
}

// docPages are the pages of docs/recipes by file name.
func docPages(r *recipes.Registry) (map[string][]byte, error) {
	pages := map[string][]byte{}
	index := "# Recipes\n\n| recipe | what it reads |\n|---|---|\n"
	for _, s := range r.List() {
		var b bytes.Buffer
		if err := recipes.WriteDoc(&b, s); err != nil {
			return nil, err
		}
		pages[s.Name+".md"] = b.Bytes()
		also := ""
		if len(s.Aliases) > 0 {
			also = ", also `" + strings.Join(s.Aliases, "`, `") + "`"
		}
		index += fmt.Sprintf("| [%s](%s.md)%s | %s |\n", s.Name, s.Name, also, s.Summary)
	}
	pages["README.md"] = []byte(index + "\nThese pages are made by `make docs` from the declared parameters; `ptyprep recipes show NAME` prints the same as a recipe to start from.\n")
	return pages, nil
}
