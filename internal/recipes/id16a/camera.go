package id16a

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"ptyprep/internal/formats/edf"
	"ptyprep/internal/formats/h5"
	"ptyprep/internal/formats/h5frames"
	"ptyprep/internal/imgproc"
	"ptyprep/internal/imgproc/pix"
	"ptyprep/internal/recipes"
	"ptyprep/internal/recipes/beam"
	"ptyprep/internal/recipes/h5in"
	"ptyprep/internal/scan/param"
	"ptyprep/internal/scan/problem"
)

// head is what a file of the camera says.
type head struct {
	beam.Head
	frames   int
	values   []float64 // of the motors asked for, then of the counter
	warnings []string
	places   []edf.Place // of the frames
}

// camera reads one kind of files; where names the parameter that asks for a file.
type camera interface {
	// look reads the head of a file with the values of motors and of a counter ("": none).
	look(where, path string, motors []string, counter string) (head, error)
	// read reads frame i of a file; h is its head.
	read(where, path string, h *head, i int, dst *pix.Image, sc *h5frames.Scratch) error
}

// edfCamera reads EDF files.
type edfCamera struct{ v *param.Values }

func (c edfCamera) look(where, path string, motors []string, counter string) (h head, err error) {
	f, err := edf.Open(path)
	if err != nil {
		return h, beam.FileProblem(where, err)
	}
	defer f.Close()
	if len(f.Frames) == 0 {
		return h, problem.Inputf("%s: %s holds no image", where, path)
	}
	fr := f.Frames[0]
	h.Head = beam.Head{Type: fr.Type, Rows: fr.Rows, Cols: fr.Cols}
	h.frames, h.warnings = len(f.Frames), f.Warnings()
	for k := range f.Frames {
		h.places = append(h.places, f.Place(k))
	}
	for _, m := range motors {
		x, err := fr.Motor(m)
		if err != nil {
			return h, problem.Inputf("%s: %s", c.v.Where(Motors), path).Because(err)
		}
		h.values = append(h.values, x)
	}
	if counter != "" {
		x, err := fr.Counter(counter)
		if err != nil {
			return h, problem.Inputf("%s: %s", c.v.Where(UseBPM), path).Because(err)
		}
		h.values = append(h.values, x)
	}
	return h, nil
}

func (edfCamera) read(where, path string, h *head, i int, dst *pix.Image, _ *h5frames.Scratch) error {
	if err := h.places[i].Read(path, dst); err != nil {
		return beam.FileProblem(where, err)
	}
	return nil
}

// hdf5Camera reads HDF5 files: entry_0000/measurement/<detector>/data.
type hdf5Camera struct {
	env   *recipes.Env
	v     *param.Values
	group string // of the detector
}

const measurement = "entry_0000/measurement"

// newHDF5Camera finds the detector's group in the first file.
func newHDF5Camera(env *recipes.Env, v *param.Values, path string) (*hdf5Camera, error) {
	files := h5in.New(env, v)
	defer files.Close()
	f, err := files.Open(path, v.Where(SampleName))
	if err != nil {
		return nil, err
	}
	names, err := beam.GroupsWithData(f, measurement)
	if err != nil {
		return nil, problem.Inputf("%s: %s has no group %s", v.Where(BasePath), path, measurement)
	}
	want := v.Text(Detector)
	switch {
	case want != "" && !slices.Contains(names, want):
		return nil, v.InputProblem(Detector, "%s has no detector %s/%s with frames; there are: %s", path, measurement, want, list(names))
	case want == "" && len(names) > 1:
		return nil, v.InputProblem(Detector, "%s holds more than one detector: %s", path, list(names)).WithHint("give recipe.detector")
	case want == "" && len(names) == 0:
		return nil, v.InputProblem(Detector, "%s: %s holds no detector (a group with the dataset data)", path, measurement)
	case want == "":
		want = names[0]
	}
	return &hdf5Camera{env: env, v: v, group: measurement + "/" + want}, nil
}

func list(names []string) string {
	if len(names) == 0 {
		return "none"
	}
	return strings.Join(names, ", ")
}

func (c *hdf5Camera) look(where, path string, motors []string, counter string) (h head, err error) {
	files := h5in.New(c.env, c.v)
	defer files.Close()
	st, err := files.Frames([]string{path}, []string{c.group + "/data"}, where, c.v.Where(Detector), h5in.IsFrames)
	if err != nil {
		return h, err
	}
	defer st.Close()
	if st.Frames() == 0 {
		return h, problem.Inputf("%s: %s:%s/data has shape %s: it holds no frame", where, path, c.group, h5in.Shape(st.Shape()))
	}
	h.Head, h.frames = beam.Head{Type: st.Type, Rows: st.Rows, Cols: st.Cols}, st.Frames()
	f, err := files.Open(path, where)
	if err != nil {
		return h, err
	}
	if len(motors) > 0 {
		for _, m := range motors {
			x, err := c.value(f, path, "motor", m, c.v.Where(Motors))
			if err != nil {
				return h, err
			}
			h.values = append(h.values, x)
		}
	}
	if counter != "" {
		x, err := c.value(f, path, "counter", counter, c.v.Where(UseBPM))
		if err != nil {
			return h, err
		}
		h.values = append(h.values, x)
	}
	return h, nil
}

// value looks a name up in the texts <kind>_mne and <kind>_pos; their names end in a blank.
func (c *hdf5Camera) value(f *h5.File, path, kind, name, where string) (float64, error) {
	names, err := c.words(f, kind+"_mne")
	if err == nil {
		var values []string
		if values, err = c.words(f, kind+"_pos"); err == nil {
			x, err := edf.Pair(kind, name, names, values)
			if err != nil {
				return 0, problem.Inputf("%s: %s:%s/parameters", where, path, c.group).Because(err)
			}
			return x, nil
		}
	}
	return 0, problem.Inputf("%s: %s", where, path).Because(err)
}

// words reads a text of the parameters, split at white space.
func (c *hdf5Camera) words(f *h5.File, name string) ([]string, error) {
	key := c.group + "/parameters/" + name
	d, err := f.Dataset(key + " ")
	if err != nil {
		var gone *h5.NotFoundError
		if !errors.As(err, &gone) {
			return nil, err
		}
		if d, err = f.Dataset(key); err != nil {
			return nil, fmt.Errorf("there is no dataset %q", key+" ")
		}
	}
	defer d.Close()
	texts, err := d.Strings()
	if err != nil {
		return nil, fmt.Errorf("%s: %w", key, err)
	}
	return strings.Fields(strings.Join(texts, " ")), nil
}

func (c *hdf5Camera) read(where, path string, h *head, i int, dst *pix.Image, sc *h5frames.Scratch) error {
	return beam.ReadFileFrame(c.env, c.v, where, path, c.group+"/data", i, imgproc.Whole(h.Rows, h.Cols), dst, sc)
}
