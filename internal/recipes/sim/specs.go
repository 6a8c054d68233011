package sim

import "ptyprep/internal/recipes"

// Specs lists the recipes that simulate.
func Specs() []recipes.Spec {
	return []recipes.Spec{MoonFlowerSpec, SimScanSpec, QuickSpec}
}
