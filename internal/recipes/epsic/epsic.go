// Package epsic holds the recipes of ePSIC, the electron microscopes at Diamond Light Source:
// Hdf5Loader with positions that are computed from the step size of the raster and its rotation
// against the detector.
package epsic

import (
	"context"
	"math"

	"ptyprep/internal/recipes"
	"ptyprep/internal/recipes/h5in"
	"ptyprep/internal/recipes/hdf5"
	"ptyprep/internal/scan/param"
)

var tree = recipes.NewTree("EpsicHdf5Loader", "Scanning electron diffraction of ePSIC: Hdf5Loader on a square raster of known step and rotation.", hdf5.Tree)

// Keys that the recipe adds to those of Hdf5Loader.
var (
	Rotation = tree.Add(param.Spec{Path: "rotation", Forms: param.Number, Default: 0, Unit: "degrees", Help: "Angle between the raster and the detector."})
	StepSize = tree.Add(param.Spec{Path: "stepsize", Forms: param.Number, Default: 0, Unit: "m", Help: "Distance of neighbouring points of the raster."})
	NumPos   = tree.Add(param.Spec{Path: "numpos", Forms: param.Int, Default: 256, Min: param.At(1), Help: "Points of the raster along each direction."})
)

// Spec is the recipe.
var Spec = recipes.Spec{
	Name: tree.Name, Aliases: []string{"EpsicHdf5LoaderFast"}, Tree: tree, Summary: tree.Summary, Open: recipes.OpenFunc(open),
	Doc: `Everything is as in Hdf5Loader but the positions: the scan is a square raster of numpos x numpos points, and no position
dataset is read. Frames are (numpos, numpos, rows, columns) or (numpos * numpos, rows, columns). With v_k = (k - floor(numpos / 2)) * stepsize
and r = rotation the point in row i and column j of the raster has the position

    c0 (rows)    = -(cos(r) * v_i - sin(r) * v_j)
    c1 (columns) = -(sin(r) * v_i + cos(r) * v_j)

` + "bounding_box, skip, framefilter and frameorder select points as in Hdf5Loader. `EpsicHdf5LoaderFast` is another name for the same recipe.",
}

// unused are parameters of Hdf5Loader that computed positions do without.
var unused = []param.Key{
	hdf5.PositionsFile, hdf5.SlowKey, hdf5.FastKey, hdf5.SlowIndex, hdf5.FastIndex, hdf5.SlowMultiplier, hdf5.FastMultiplier,
}

func open(ctx context.Context, env *recipes.Env, v *param.Values) (*recipes.Opened, error) {
	for _, k := range unused {
		if v.Given(k) && !v.IsNull(k) {
			env.Log.Info(v.Where(k) + " has no effect: the positions are computed from stepsize and rotation")
		}
	}
	if v.Float(StepSize) == 0 {
		env.Log.Warn("stepsize is 0: all positions are (0, 0)")
	}
	return hdf5.OpenAs(ctx, env, v, hdf5.Extras{Axes: func(lead []int) (*hdf5.Grid, error) { return raster(v, lead) }})
}

// raster is the grid of computed positions for frames of leading shape lead.
func raster(v *param.Values, lead []int) (*hdf5.Grid, error) {
	n := v.Int(NumPos)
	if !(len(lead) == 2 && lead[0] == n && lead[1] == n) && !(len(lead) == 1 && lead[0] == n*n) {
		p := v.InputProblem(NumPos, "is %d, so the frames must be (%d, %d) or a list of %d; their leading shape is (%s)", n, n, n, n*n, h5in.Shape(lead))
		points := h5in.Product(lead)
		if m := int(math.Round(math.Sqrt(float64(points)))); m*m == points {
			return nil, p.WithHint("numpos: %d fits %d frames", m, points)
		}
		return nil, p.WithHint("%d frames are no square raster; where positions are stored use Hdf5Loader", points)
	}
	sin, cos := math.Sincos(v.Float(Rotation) * math.Pi / 180)
	step := v.Float(StepSize)
	at := func(i, j int) [2]float64 {
		a, b := float64(i-n/2)*step, float64(j-n/2)*step
		return [2]float64{-(cos*a - sin*b), -(sin*a + cos*b)}
	}
	return hdf5.NewGrid("computed raster", n, n, at), nil
}
