package hdf5

import (
	"sync"

	"ptyprep/internal/recipes"
	"ptyprep/internal/scan/param"
)

// full is the tree with ptyprep's own parameters, made when all keys of Tree are declared.
var full = sync.OnceValue(func() *param.Tree { return param.New(Tree.Name, Tree.Summary, Tree, recipes.Own) })

// Derive gives the values of Hdf5Loader for a recipe with a tree of its own, which knows by itself
// where things are: parameters that both have are v's, the rest is supplied or has the default of
// Hdf5Loader. See param.Tree.Derive.
func Derive(v *param.Values, supplies ...param.Supply) *param.Values {
	return full().Derive(v, supplies...)
}
