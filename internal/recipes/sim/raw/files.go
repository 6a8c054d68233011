package raw

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"

	"ptyprep/internal/formats/cbf"
	"ptyprep/internal/formats/edf"
	"ptyprep/internal/formats/h5"
	"ptyprep/internal/formats/mat5"
	"ptyprep/internal/scan"
)

// files is what formats with a file for each frame and one mask for all share.
type files struct {
	dir  string
	plan *scan.Plan
	log  scan.Reporter

	mu   sync.Mutex
	mask []byte // valid in every frame
	own  int    // frames with a mask of their own
	lost int    // pixels masked in all frames because of one
}

func (w *files) start(dir string, p *scan.Plan) {
	w.dir, w.plan = dir, p
	w.mask = append([]byte(nil), p.Mask...)
}

// note takes a frame's mask into account.
func (w *files) note(f *scan.Frame) {
	if f.Mask == nil {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.own++
	for i, v := range f.Mask {
		if v == 0 && w.mask[i] != 0 {
			w.mask[i] = 0
			w.lost++
		}
	}
}

// masked reports whether a mask must be written, and warns of what it cannot say.
func (w *files) masked(format string) bool {
	if w.lost > 0 {
		w.log.Warn(fmt.Sprintf("--raw: %s has one mask for all frames: %d pixels that saturate in some of %d frames are masked in all", format, w.lost, w.own))
	}
	return w.plan.HasMask || w.own > 0
}

func (w *files) abort() {}

// save writes a file below the folder.
func (w *files) save(name string, b []byte) error {
	path := filepath.Join(w.dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		return err
	}
	return os.WriteFile(path, b, 0o666)
}

// micrometres writes a length in metres as micrometres, without a loss.
func micrometres(m float64) string { return strconv.FormatFloat(m*1e6, 'g', -1, 64) }

// edfWriter writes what ID16AScan reads.
type edfWriter struct{ files }

func (w *edfWriter) recipe() string { return "ID16AScan" }

func (w *edfWriter) begin(dir string, p *scan.Plan) error {
	w.start(dir, p)
	return nil
}

func (w *edfWriter) encode(f *scan.Frame) error {
	w.note(f)
	p := w.plan.Positions[f.Index]
	var b bytes.Buffer
	err := edf.Write(&b, f.Pix, []edf.Entry{
		{Key: "motor_mne", Value: "spy spz"},
		{Key: "motor_pos", Value: micrometres(p[0]) + " " + micrometres(p[1])},
	})
	if err != nil {
		return err
	}
	return w.save(fmt.Sprintf("frames/scan_%05d.edf", f.Index), b.Bytes())
}

func (w *edfWriter) write(int, any) error { return nil }

func (w *edfWriter) finish() ([]string, error) {
	lines := []string{"base_path: frames/", "sample_name: scan_", "motors: [spy, spz]", "motors_multiplier: 1.0e-06", "dark_subtraction: false", "flat_division: false"}
	if w.masked(EDF) {
		f, err := h5.Create(filepath.Join(w.dir, "mask.h5"))
		if err != nil {
			return nil, err
		}
		err = h5.WriteArray(f, "mask", []int{w.plan.Rows, w.plan.Cols}, w.mask, 1)
		if cerr := f.Close(); err == nil {
			err = cerr
		}
		if err != nil {
			return nil, err
		}
		lines = append(lines, "mask_file: mask.h5")
	}
	return append(lines, geometry(w.plan)...), nil
}

// cbfWriter writes what cSAXSScan reads.
type cbfWriter struct{ files }

const (
	cbfVisit    = "e10000"
	cbfDetector = "pilatus_1"
	cbfScan     = 1
)

func (w *cbfWriter) recipe() string { return "cSAXSScan" }

func (w *cbfWriter) begin(dir string, p *scan.Plan) error {
	w.start(dir, p)
	var b strings.Builder
	fmt.Fprintf(&b, "ptyprep simulate: %d points\nTarget_y Target_x\n", p.Frames)
	for _, q := range p.Positions {
		fmt.Fprintf(&b, "%s %s\n", micrometres(q[0]), micrometres(q[1]))
	}
	return w.save(fmt.Sprintf("specES1/scan_positions/scan_%05d.dat", cbfScan), []byte(b.String()))
}

func (w *cbfWriter) encode(f *scan.Frame) error {
	w.note(f)
	name := fmt.Sprintf("%s_1_%05d_00000_%05d", cbfVisit, cbfScan, f.Index)
	var b bytes.Buffer
	if err := cbf.Write(&b, f.Pix, name, []cbf.Entry{
		{Key: "Detector:", Value: "simulated"},
		{Key: "Pixel_size", Value: fmt.Sprintf("%g m x %g m", w.plan.Meta.PSizeM[0], w.plan.Meta.PSizeM[1])},
	}); err != nil {
		return err
	}
	return w.save(filepath.Join(cbfDetector, "S00000-00999", fmt.Sprintf("S%05d", cbfScan), name+".cbf"), b.Bytes())
}

func (w *cbfWriter) write(int, any) error { return nil }

func (w *cbfWriter) finish() ([]string, error) {
	lines := []string{
		"recipe:", "  base_path: ./", "  visit: " + cbfVisit, "  detector: " + cbfDetector, fmt.Sprintf("  scan_number: %d", cbfScan),
		"  motors: [Target_y, Target_x]", "  motors_multiplier: [1.0e-06, 1.0e-06]",
	}
	if w.masked(CBF) {
		var b bytes.Buffer
		if err := mat5.WriteUint8(&b, "mask", w.mask, w.plan.Rows, w.plan.Cols); err != nil {
			return nil, err
		}
		if err := w.save("matlab/ptycho/mask.mat", b.Bytes()); err != nil {
			return nil, err
		}
		lines = append(lines, "  mask_file: mask.mat")
	}
	return append(lines, geometry(w.plan)...), nil
}
