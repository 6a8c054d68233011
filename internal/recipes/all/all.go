// Package all is the list of the recipes there are, and the only package that knows all of them.
package all

import (
	"ptyprep/internal/recipes"
	"ptyprep/internal/recipes/als"
	"ptyprep/internal/recipes/amo"
	"ptyprep/internal/recipes/csaxs"
	"ptyprep/internal/recipes/cxi"
	"ptyprep/internal/recipes/dls"
	"ptyprep/internal/recipes/dnexus"
	"ptyprep/internal/recipes/epsic"
	"ptyprep/internal/recipes/fermi"
	"ptyprep/internal/recipes/hdf5"
	"ptyprep/internal/recipes/i08"
	"ptyprep/internal/recipes/i13"
	"ptyprep/internal/recipes/id16a"
	"ptyprep/internal/recipes/nanomax"
	"ptyprep/internal/recipes/nexus"
	"ptyprep/internal/recipes/optiklab"
	"ptyprep/internal/recipes/ptydscan"
	"ptyprep/internal/recipes/ptyscan"
	"ptyprep/internal/recipes/savu"
	"ptyprep/internal/recipes/sim"
	"ptyprep/internal/recipes/swmr"
	"ptyprep/internal/recipes/ucl"
)

// Registry makes the registry of all recipes, in the order in which they are listed: general ones,
// beamlines by facility, simulations.
func Registry() *recipes.Registry {
	return recipes.NewRegistry(
		hdf5.Spec,
		cxi.Spec,
		nexus.Spec,
		swmr.Spec,
		ptydscan.Spec,
		savu.Spec,
		ptyscan.Spec,

		als.Spec,
		i08.Spec,
		i13.FFP,
		i13.NFP,
		dnexus.Spec,
		dls.Spec,
		epsic.Spec,
		id16a.Spec,
		fermi.Spec,
		amo.Spec,
		nanomax.StepscanNov2018,
		nanomax.FlyscanMay2019,
		nanomax.StepscanSep2019,
		nanomax.FlyscanDec2019,
		nanomax.Contrast,
		csaxs.Spec,
		ucl.Spec,
		optiklab.Spec,

		sim.MoonFlowerSpec,
		sim.SimScanSpec,
		sim.QuickSpec,
	)
}
