package sim

import (
	"fmt"
	"path/filepath"
	"sort"
	"strings"

	"ptyprep/internal/formats/h5"
	"ptyprep/internal/imgproc/gauss"
	"ptyprep/internal/imgproc/pix"
	"ptyprep/internal/recipes"
	"ptyprep/internal/recipes/h5in"
	"ptyprep/internal/recipes/sim/field"
	"ptyprep/internal/scan/param"
	"ptyprep/internal/scan/problem"
)

// reader gets arrays that a recipe gives, as nested lists or in HDF5 files.
type reader struct {
	v     *param.Values
	files *h5in.Files
}

func newReader(env *recipes.Env, v *param.Values) *reader {
	return &reader{v: v, files: h5in.New(env, v)}
}

func (r *reader) close() { _ = r.files.Close() } // they were only read

// given reports whether a parameter holds an array.
func given(v *param.Values, k param.Key) bool { return v.Get(k).Kind&(param.List|param.ArrayRef) != 0 }

// array reads the two-dimensional array that a parameter gives; of more dimensions the first
// layer. Numbers that are not finite are refused with their count.
func (r *reader) array(k param.Key) (field.Array, error) {
	x := r.v.Get(k)
	if x.Kind == param.ArrayRef {
		return r.dataset(x.Ref.Path, x.Ref.Key, r.v.Where(k), 0)
	}
	data, shape, err := x.Array()
	if err != nil {
		return field.Array{}, r.v.Problem(k, "%v", err).WithHint("an array is a list of rows of numbers, all of one length")
	}
	if len(shape) < 2 {
		return field.Array{}, r.v.Problem(k, "is a list of %d numbers, expected an array of rows and columns", len(data))
	}
	rows, cols := shape[len(shape)-2], shape[len(shape)-1]
	a := field.Array{Rows: rows, Cols: cols, Real: data[:rows*cols]}
	return a, a.Check(r.v.Where(k))
}

// isPicture says that a dataset could be an array.
func isPicture(in *h5.Info) bool {
	return len(in.Shape) >= 2 && (in.Type.Pix != pix.Invalid || in.Type.Class == h5.Complex)
}

// dataset reads layer of a dataset whose last two dimensions are rows and columns.
func (r *reader) dataset(file, key, where string, layer int) (field.Array, error) {
	d, err := r.files.Dataset(file, key, where, isPicture)
	if err != nil {
		return field.Array{}, err
	}
	defer d.Close()
	in := d.Info()
	name := file + ":" + key
	if !isPicture(in) {
		return field.Array{}, problem.Inputf("%s: %s has shape %s of %s, expected rows and columns of numbers", where, name, h5in.Shape(in.Shape), in.Type.Desc)
	}
	n := len(in.Shape)
	rows, cols := in.Shape[n-2], in.Shape[n-1]
	layers := h5in.Product(in.Shape[:n-2])
	if layer >= layers {
		return field.Array{}, problem.Inputf("%s: %s has shape %s: there is no layer %d", where, name, h5in.Shape(in.Shape), layer)
	}
	if err := field.CheckShape(where+": "+name, rows*layers, cols); err != nil {
		return field.Array{}, err
	}
	if err := d.CheckSources(nil, nil); err != nil {
		return field.Array{}, problem.Inputf("%s: %s", where, name).Because(err)
	}
	a := field.Array{Rows: rows, Cols: cols}
	at := layer * rows * cols
	if in.Type.Class == h5.Complex {
		all, err := h5.ReadComplex(d)
		if err != nil {
			return a, problem.Inputf("%s: %s", where, name).Because(err)
		}
		a.Complex = all[at : at+rows*cols]
	} else {
		all, err := h5.ReadAll[float64](d)
		if err != nil {
			return a, problem.Inputf("%s: %s", where, name).Because(err)
		}
		a.Real = all[at : at+rows*cols]
	}
	return a, a.Check(fmt.Sprintf("%s: %s", where, name))
}

// points reads a list of scan points (N, 2).
func (r *reader) points(k param.Key) ([][2]float64, error) {
	a, err := r.array(k)
	if err != nil {
		return nil, err
	}
	if a.Cols != 2 || a.Real == nil {
		return nil, r.v.Problem(k, "is an array of %d x %d, expected points of two numbers (vertical, horizontal)", a.Rows, a.Cols)
	}
	out := make([][2]float64, a.Rows)
	for i := range out {
		out[i] = [2]float64(a.Real[2*i:])
	}
	return out, nil
}

// blur decodes a psf: null, one or two widths, or a kernel.
func (r *reader) blur(k param.Key) (gauss.Spec, error) {
	x := r.v.Get(k)
	s := gauss.Spec{}
	switch {
	case x.Kind == param.Null:
		return s, nil
	case x.Kind&param.Number != 0:
		s.SigmaPx = r.v.Pair(k)
	case x.Kind == param.List && len(x.List) > 0 && x.List[0].Kind&param.Number != 0:
		if len(x.List) != 2 {
			return s, r.v.Problem(k, "is a list of %d numbers, expected one or two widths or a kernel of rows and columns", len(x.List))
		}
		s.SigmaPx = r.v.Pair(k)
	default:
		a, err := r.array(k)
		if err != nil {
			return s, err
		}
		if a.Real == nil {
			return s, r.v.Problem(k, "is a kernel of complex numbers, expected real ones")
		}
		s.Kernel, s.KernelRows, s.KernelCols = a.Real, a.Rows, a.Cols
	}
	if err := s.Validate(); err != nil {
		return s, r.v.Problem(k, "%v", err)
	}
	return s, nil
}

// recon reads probe or obj of a reconstruction. id names the storage, "" is the first.
func (r *reader) recon(rfile param.Key, what, id string, layer int) (field.Array, error) {
	path, where := r.v.Path(rfile), r.v.Where(rfile)
	if r.v.Text(rfile) == anyPtyr && !r.v.Given(rfile) {
		return field.Array{}, r.v.Problem(rfile, "is not given, and model: recon needs the file of a reconstruction").WithHint("give the path of a .ptyr file")
	}
	path, err := onlyMatch(path, where)
	if err != nil {
		return field.Array{}, err
	}
	return r.storage(path, where, what, id, layer)
}

// onlyMatch gives the one file that a pattern matches.
func onlyMatch(path, where string) (string, error) {
	if !h5in.IsPattern(path) {
		return path, nil
	}
	found, err := filepath.Glob(path)
	switch {
	case err != nil:
		return "", problem.Usagef("%s: %q is no valid pattern", where, path).Because(err)
	case len(found) == 1:
		return found[0], nil
	case len(found) == 0:
		return "", problem.Inputf("%s: no file matches %s", where, path)
	}
	return "", problem.Inputf("%s: %d files match %s, expected one: %s", where, len(found), path, strings.Join(found[:min(len(found), 5)], ", "))
}

func (r *reader) storage(path, where, what, id string, layer int) (field.Array, error) {
	f, err := r.files.Open(path, where)
	if err != nil {
		return field.Array{}, err
	}
	group := "content/" + what
	entries, err := f.List(group)
	if err != nil {
		return field.Array{}, problem.Inputf("%s: %s has no group %s: it is no reconstruction of ptypy", where, path, group).WithHint("give a .ptyr file")
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name)
	}
	sort.Strings(names)
	if len(names) == 0 {
		return field.Array{}, problem.Inputf("%s: %s:%s holds no storage", where, path, group)
	}
	if id == "" {
		id = names[0]
	}
	return r.dataset(path, group+"/"+id+"/data", where, layer)
}
