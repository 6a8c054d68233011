package raw

import (
	"errors"
	"fmt"
	"path/filepath"
	"sync"

	"ptyprep/internal/formats/codec"
	"ptyprep/internal/formats/h5"
	"ptyprep/internal/imgproc/pix"
	"ptyprep/internal/recipes/sim/optics"
	"ptyprep/internal/scan"
)

// joulePerKeV is 1000 times the elementary charge, exact since 2019.
const joulePerKeV = 1.602176634e-16

// layout is where the parts of a scan lie in an HDF5 file.
type layout struct {
	file, recipe string
	frames, mask string
	bad          bool     // the mask marks bad pixels (any number but 0)
	maskType     pix.Type // Uint8 or Uint32
	// rest writes positions, energy, distance, pixel size and attributes.
	rest func(f *h5.File, p *scan.Plan) error
	// lines are the recipe's.
	lines func(l *layout, p *scan.Plan, masked bool) []string
}

// plainLayout is made up: one dataset for each thing.
var plainLayout = layout{
	file: "scan.h5", recipe: "Hdf5Loader", frames: "entry/frames", mask: "entry/mask", maskType: pix.Uint8,
	rest: func(f *h5.File, p *scan.Plan) error {
		y, x := axes(p)
		return errors.Join(
			h5.WriteArray(f, "entry/positions/y", []int{len(y)}, y, 0), h5.WriteArray(f, "entry/positions/x", []int{len(x)}, x, 0),
			f.SetAttr("entry/positions/y", "units", "m"), f.SetAttr("entry/positions/x", "units", "m"),
		)
	},
	lines: func(l *layout, p *scan.Plan, masked bool) []string {
		out := []string{
			fmt.Sprintf("intensities: {file: %s, key: %s}", l.file, l.frames),
			fmt.Sprintf("positions: {file: %s, slow_key: entry/positions/y, fast_key: entry/positions/x}", l.file),
		}
		if masked {
			out = append(out, fmt.Sprintf("mask: {file: %s, key: %s}", l.file, l.mask))
		}
		return append(out, geometry(p)...)
	},
}

// cxiLayout is CXI 1.6 (Maia 2012).
var cxiLayout = layout{
	file: "scan.cxi", recipe: "CxiLoader", frames: "entry_1/data_1/data", mask: "entry_1/instrument_1/detector_1/mask", bad: true, maskType: pix.Uint32,
	rest: func(f *h5.File, p *scan.Plan) error {
		const detector = "entry_1/instrument_1/detector_1"
		y, x := axes(p)
		table := make([]float64, 0, 3*len(y))
		for k := range y {
			table = append(table, x[k], y[k], 0)
		}
		m := &p.Meta
		return errors.Join(
			f.WriteScalar("cxi_version", pix.Int64, int64(160)),
			h5.WriteArray(f, "entry_1/data_1/translation", []int{len(y), 3}, table, 0),
			f.WriteScalar("entry_1/instrument_1/source_1/energy", pix.Float64, m.EnergyKeV*joulePerKeV),
			f.WriteScalar(detector+"/distance", pix.Float64, m.DistanceM),
			f.WriteScalar(detector+"/x_pixel_size", pix.Float64, m.PSizeM[1]), f.WriteScalar(detector+"/y_pixel_size", pix.Float64, m.PSizeM[0]),
		)
	},
	lines: func(l *layout, _ *scan.Plan, _ bool) []string { return []string{"file: " + l.file} },
}

// nexusLayout is NXentry with a detector, a beam and two positioners.
var nexusLayout = layout{
	file: "scan.nxs", recipe: "NexusLoader", frames: "entry/instrument/detector/data", mask: "entry/instrument/detector/pixel_mask", bad: true, maskType: pix.Uint32,
	rest: func(f *h5.File, p *scan.Plan) error {
		const detector = "entry/instrument/detector"
		y, x := axes(p)
		m := &p.Meta
		err := errors.Join(
			f.CreateGroup("entry/sample/position_y"), f.CreateGroup("entry/sample/position_x"), f.CreateGroup("entry/data"), f.CreateGroup("entry/instrument/beam"),
			f.SetAttr("/", "default", "entry"), f.SetAttr("entry", "NX_class", "NXentry"), f.SetAttr("entry", "default", "data"),
			f.SetAttr("entry/instrument", "NX_class", "NXinstrument"), f.SetAttr(detector, "NX_class", "NXdetector"),
			f.SetAttr("entry/instrument/beam", "NX_class", "NXbeam"), f.SetAttr("entry/sample", "NX_class", "NXsample"),
			f.SetAttr("entry/sample/position_y", "NX_class", "NXpositioner"), f.SetAttr("entry/sample/position_x", "NX_class", "NXpositioner"),
			f.SetAttr("entry/data", "NX_class", "NXdata"), f.SetAttr("entry/data", "signal", "data"),
			f.SoftLink("entry/data/data", "/"+detector+"/data"),
			h5.WriteArray(f, "entry/sample/position_y/value", []int{len(y)}, y, 0), h5.WriteArray(f, "entry/sample/position_x/value", []int{len(x)}, x, 0),
		)
		for _, q := range []struct {
			path, unit string
			value      float64
		}{
			{"entry/instrument/beam/incident_energy", "keV", m.EnergyKeV}, {"entry/instrument/beam/incident_wavelength", "m", optics.HC / m.EnergyKeV},
			{detector + "/distance", "m", m.DistanceM}, {detector + "/x_pixel_size", "m", m.PSizeM[1]}, {detector + "/y_pixel_size", "m", m.PSizeM[0]},
		} {
			err = errors.Join(err, f.WriteScalar(q.path, pix.Float64, q.value), f.SetAttr(q.path, "units", q.unit))
		}
		return errors.Join(err, f.SetAttr("entry/sample/position_y/value", "units", "m"), f.SetAttr("entry/sample/position_x/value", "units", "m"))
	},
	lines: func(l *layout, _ *scan.Plan, _ bool) []string { return []string{"file: " + l.file} },
}

// axes are the positions of all frames, in metres.
func axes(p *scan.Plan) (y, x []float64) {
	for _, q := range p.Positions {
		y, x = append(y, q[0]), append(x, q[1])
	}
	return y, x
}

// h5writer writes one HDF5 file. Frames are packed on the workers. There is one mask for all
// frames as long as they have none of their own; with the first that does, the mask becomes one
// for each frame.
type h5writer struct {
	layout       layout
	plan         *scan.Plan
	file         *h5.File
	data, masks  *h5.Dataset
	comp, mcomp  codec.Compression
	commonPacked []byte

	mu    sync.Mutex
	spare []*packed // all, to be closed
}

// packed is a frame on its way.
type packed struct {
	pix, mask []byte
	stored    pix.Image // mask as it is stored
	codec     codec.Scratch
}

func (w *h5writer) recipe() string { return w.layout.recipe }

func (w *h5writer) begin(dir string, p *scan.Plan) (err error) {
	w.plan = p
	if w.file, err = h5.Create(filepath.Join(dir, w.layout.file)); err != nil {
		return err
	}
	w.comp = codec.Compression{Kind: codec.Deflate, Level: 1, Shuffle: p.Type.IsInteger()}
	w.mcomp = codec.Compression{Kind: codec.Deflate, Level: 1}
	if w.data, err = w.create(w.layout.frames, p.Type, w.comp); err != nil {
		return err
	}
	if p.HasMask {
		s := new(packed)
		defer s.codec.Close()
		if w.commonPacked, err = w.pack(s, p.Mask); err != nil {
			return err
		}
		w.commonPacked = append([]byte(nil), w.commonPacked...)
	}
	return w.layout.rest(w.file, p)
}

func (w *h5writer) create(path string, t pix.Type, c codec.Compression) (*h5.Dataset, error) {
	p := w.plan
	spec := h5.FramesSpec{Type: t, Shape: []int{p.Frames, p.Rows, p.Cols}}
	for _, f := range c.Filters(t.Size(), p.Rows*p.Cols) {
		spec.Filters = append(spec.Filters, h5.FilterSpec{ID: f.ID, Params: f.Params, Optional: f.Optional})
	}
	return w.file.CreateFrames(path, spec)
}

// storedMask fills im with a mask as the layout stores it.
func (w *h5writer) storedMask(im *pix.Image, mask []byte) {
	im.Resize(w.layout.maskType, w.plan.Rows, w.plan.Cols)
	if w.layout.maskType == pix.Uint8 {
		put(pix.Pixels[uint8](im), mask, w.layout.bad)
		return
	}
	put(pix.Pixels[uint32](im), mask, w.layout.bad)
}

func put[T uint8 | uint32](out []T, mask []byte, bad bool) {
	for i, v := range mask {
		out[i] = 0
		if (v == 0) == bad {
			out[i] = 1
		}
	}
}

// pack gives the chunk of a mask, in memory of s.
func (w *h5writer) pack(s *packed, mask []byte) (b []byte, err error) {
	w.storedMask(&s.stored, mask)
	s.mask, err = w.mcomp.Encode(s.mask[:0], s.stored.Bytes, w.layout.maskType.Size(), &s.codec)
	return s.mask, err
}

func (w *h5writer) encode(f *scan.Frame) (err error) {
	s, ok := f.Out.(*packed)
	if !ok {
		s = new(packed)
		f.Out = s
		w.mu.Lock()
		w.spare = append(w.spare, s)
		w.mu.Unlock()
	}
	if s.pix, err = w.comp.Encode(s.pix[:0], f.Pix.Bytes, f.Pix.Type.Size(), &s.codec); err != nil {
		return err
	}
	s.mask = s.mask[:0]
	if f.Mask != nil {
		_, err = w.pack(s, f.Mask)
	}
	return err
}

func (w *h5writer) write(index int, out any) (err error) {
	s := out.(*packed)
	at := []int{index, 0, 0}
	if err := w.data.WriteChunk(at, 0, s.pix); err != nil {
		return err
	}
	if len(s.mask) == 0 && w.masks == nil {
		return nil
	}
	if w.masks == nil {
		if err := w.splitMask(index); err != nil {
			return err
		}
	}
	m := s.mask
	if len(m) == 0 {
		m = w.commonPacked
	}
	return w.masks.WriteChunk(at, 0, m)
}

// splitMask makes a mask for each frame, the first n being the common one.
func (w *h5writer) splitMask(n int) (err error) {
	if w.masks, err = w.create(w.layout.mask, w.layout.maskType, w.mcomp); err != nil {
		return err
	}
	for k := range n {
		if err := w.masks.WriteChunk([]int{k, 0, 0}, 0, w.commonPacked); err != nil {
			return err
		}
	}
	return nil
}

func (w *h5writer) finish() ([]string, error) {
	var err error
	if w.masks == nil && w.plan.HasMask {
		im := new(pix.Image)
		w.storedMask(im, w.plan.Mask)
		if shape := []int{im.Rows, im.Cols}; im.Type == pix.Uint8 {
			err = h5.WriteArray(w.file, w.layout.mask, shape, pix.Pixels[uint8](im), 1)
		} else {
			err = h5.WriteArray(w.file, w.layout.mask, shape, pix.Pixels[uint32](im), 1)
		}
	}
	return w.layout.lines(&w.layout, w.plan, w.plan.HasMask), errors.Join(err, w.close())
}

func (w *h5writer) close() error {
	var errs []error
	for _, d := range []*h5.Dataset{w.data, w.masks} {
		if d != nil {
			errs = append(errs, d.Close())
		}
	}
	w.data, w.masks = nil, nil
	if w.file != nil {
		errs = append(errs, w.file.Close())
		w.file = nil
	}
	for _, s := range w.spare {
		s.codec.Close()
	}
	w.spare = nil
	return errors.Join(errs...)
}

func (w *h5writer) abort() { _ = w.close() } // the folder is removed
