// Package swmr holds SwmrLoader: Hdf5Loader for a file that detector and motors wrote in HDF5's
// single-writer/multiple-readers mode, with datasets that tell which points are complete.
package swmr

import (
	"context"
	"fmt"
	"slices"

	"ptyprep/internal/recipes"
	"ptyprep/internal/recipes/h5in"
	"ptyprep/internal/recipes/hdf5"
	"ptyprep/internal/scan/param"
	"ptyprep/internal/scan/problem"
)

var tree = recipes.NewTree("SwmrLoader", "Hdf5Loader on a file written in SWMR mode, where live keys tell which points are complete.", hdf5.Tree)

// Keys that the recipe adds to those of Hdf5Loader.
var (
	LiveKey     = live("intensities.live_key", "frames")
	LiveSlowKey = live("positions.live_slow_key", "slow positions")
	LiveFastKey = live("positions.live_fast_key", "fast positions")

	ExpectedSlowKey = expected("positions.slow_key_with_expected_shape", "slow")
	ExpectedFastKey = expected("positions.fast_key_with_expected_shape", "fast")
)

func live(path, of string) param.Key {
	return tree.Add(param.Spec{Path: path, Forms: param.Text | param.Null,
		Help: "Dataset that is not 0 for each point whose " + of + " are complete. Null: all points are."})
}

func expected(path, axis string) param.Key {
	return tree.Add(param.Spec{Path: path, Forms: param.Text | param.Null,
		Help: "Dataset with the shape that the " + axis + " axis has when the scan is complete. Null: the scan has as many points as positions."})
}

// Spec is the recipe.
var Spec = recipes.Spec{
	Name: tree.Name, Tree: tree, Summary: tree.Summary, Open: recipes.OpenFunc(open),
	Doc: `A file that is complete gives what Hdf5Loader gives. The live keys tell how far a scan has come: a point counts when
frames and positions are complete up to it. Points behind the last complete one are left out, with a warning and exit status 3.`,
}

func open(ctx context.Context, env *recipes.Env, v *param.Values) (*recipes.Opened, error) {
	if !v.IsNull(hdf5.OuterIndex) {
		return nil, v.Problem(hdf5.OuterIndex, "is %d: live keys cannot follow a scan with an outer dimension", v.Int(hdf5.OuterIndex)).
			WithHint("for a finished file use Hdf5Loader")
	}
	files := h5in.New(env, v)
	l := &follower{files: files, v: v}
	return hdf5.OpenAs(ctx, env, v, hdf5.Extras{Files: files, Limit: l.complete})
}

type follower struct {
	files *h5in.Files
	v     *param.Values
}

// complete gives the number of leading points that are complete in all live keys.
func (l *follower) complete(points int) (n int, leftOut string, err error) {
	if err := l.checkExpected(points); err != nil {
		return 0, "", err
	}
	n = points
	behind := ""
	for _, k := range []param.Key{LiveKey, LiveSlowKey, LiveFastKey} {
		if l.v.IsNull(k) {
			continue
		}
		a, err := l.array(k)
		if err != nil {
			return 0, "", err
		}
		if last := lastLive(a.Data); last < n {
			n, behind = last, a.Name
		}
	}
	if n == points {
		return n, "", nil
	}
	return n, fmt.Sprintf("%s: %d of %d points are complete; the others are left out", behind, n, points), nil
}

// lastLive is the number of points up to the last one that is live.
func lastLive(live []float64) int {
	for i := len(live); i > 0; i-- {
		if live[i-1] != 0 {
			return i
		}
	}
	return 0
}

// file of the live keys: that of what they tell about.
func (l *follower) array(k param.Key) (*h5in.Array, error) {
	file := l.v.Paths(hdf5.IntensitiesFile)[0]
	if k != LiveKey && !l.v.IsNull(hdf5.PositionsFile) {
		file = l.v.Path(hdf5.PositionsFile)
	}
	return l.files.Array(file, l.v.Text(k), l.v.Where(k))
}

// checkExpected compares the points there are with those that the finished scan has.
func (l *follower) checkExpected(points int) error {
	if l.v.IsNull(ExpectedSlowKey) || l.v.IsNull(ExpectedFastKey) {
		return nil
	}
	slow, err := l.array(ExpectedSlowKey)
	if err != nil {
		return err
	}
	fast, err := l.array(ExpectedFastKey)
	if err != nil {
		return err
	}
	// Two axes of a mesh, or two coordinates of each point; both may have one length.
	pointwise := slices.Equal(slow.Shape, fast.Shape)
	want := h5in.Product(slow.Shape) * h5in.Product(fast.Shape)
	if pointwise && want != points {
		want = h5in.Product(slow.Shape)
	}
	if want == points {
		return nil
	}
	return problem.Inputf("%s: the finished scan has %d points (%s has shape (%s), %s (%s)), the file has %d", l.v.Where(ExpectedSlowKey), want,
		slow.Name, h5in.Shape(slow.Shape), fast.Name, h5in.Shape(fast.Shape), points).
		WithHint("wait until the scan is finished")
}
