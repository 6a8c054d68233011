// Package all is the list of the recipes there are, and the only package that knows all of them.
package all

import (
	"ptyprep/internal/recipes"
	"ptyprep/internal/recipes/hdf5"
	"ptyprep/internal/recipes/id16a"
	"ptyprep/internal/recipes/nanomax"
	"ptyprep/internal/recipes/ptydscan"
	"ptyprep/internal/recipes/ptyscan"
)

// Registry makes the registry of all recipes, in the order in which they are listed.
func Registry() *recipes.Registry {
	return recipes.NewRegistry(
		hdf5.Spec,
		ptydscan.Spec,
		ptyscan.Spec,
		nanomax.StepscanNov2018, nanomax.FlyscanMay2019, nanomax.StepscanSep2019, nanomax.FlyscanDec2019, nanomax.Contrast,
		id16a.Spec,
	)
}
