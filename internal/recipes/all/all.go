// Package all is the list of the recipes there are, and the only package that knows all of them.
package all

import (
	"ptyprep/internal/recipes"
	"ptyprep/internal/recipes/als"
	"ptyprep/internal/recipes/cxi"
	"ptyprep/internal/recipes/dnexus"
	"ptyprep/internal/recipes/epsic"
	"ptyprep/internal/recipes/amo"
	"ptyprep/internal/recipes/csaxs"
	"ptyprep/internal/recipes/dls"
	"ptyprep/internal/recipes/fermi"
	"ptyprep/internal/recipes/hdf5"
	"ptyprep/internal/recipes/i08"
	"ptyprep/internal/recipes/i13"
	"ptyprep/internal/recipes/id16a"
	"ptyprep/internal/recipes/nanomax"
	"ptyprep/internal/recipes/nexus"
	"ptyprep/internal/recipes/ptydscan"
	"ptyprep/internal/recipes/ptyscan"
	"ptyprep/internal/recipes/savu"
	"ptyprep/internal/recipes/swmr"
	"ptyprep/internal/recipes/optiklab"
	"ptyprep/internal/recipes/ptydscan"
	"ptyprep/internal/recipes/ptyscan"
	"ptyprep/internal/recipes/ucl"
	"ptyprep/internal/recipes/sim"
)

// Registry makes the registry of all recipes, in the order in which they are listed.
func Registry() *recipes.Registry {
	return recipes.NewRegistry(
		hdf5.Spec,
		ptydscan.Spec,
		sim.MoonFlowerSpec,
		sim.SimScanSpec,
		sim.QuickSpec,
		ptyscan.Spec,
		nanomax.StepscanNov2018, nanomax.FlyscanMay2019, nanomax.StepscanSep2019, nanomax.FlyscanDec2019, nanomax.Contrast,
		id16a.Spec,
		dnexus.Spec,
		epsic.Spec,
		als.Spec,
		savu.Spec,
		swmr.Spec,
		cxi.Spec,
		nexus.Spec,
		optiklab.Spec,
		i13.FFP,
		i13.NFP,
		ucl.Spec,
		csaxs.Spec,
		i08.Spec,
		amo.Spec,
		fermi.Spec,
		dls.Spec,
	)
}
