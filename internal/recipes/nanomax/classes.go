package nanomax

import (
	"context"
	"fmt"
	"math"
	"path/filepath"

	"ptyprep/internal/recipes"
	"ptyprep/internal/scan/param"
	"ptyprep/internal/scan/problem"
)

// sampleFile is <path>/<last folder of path>.h5.
func (o *opener) sampleFile() (string, error) {
	dir := o.v.Path(Path)
	base := filepath.Base(dir)
	if base == "." || base == ".." || base == "/" {
		abs, err := filepath.Abs(dir)
		if err != nil {
			return "", problem.Internalf("%s: the working directory is not known", o.v.Where(Path)).Because(err)
		}
		base = filepath.Base(abs)
	}
	return filepath.Join(dir, base+".h5"), nil
}

// detectorGroup is the name that a detector has in the files of 2018 and May 2019.
func (o *opener) detectorGroup() (string, error) {
	switch d := o.v.Text(Detector); d {
	case "pil100k", "pil1m":
		return "Pilatus", nil
	case "merlin":
		return "Merlin", nil
	default:
		return "", o.v.Problem(Detector, "%q is no detector of these scans", d).WithHint("detectors: pil100k, pil1m, merlin")
	}
}

// frameFile is the file with the frames of a scan of 2018 or May 2019.
func (o *opener) frameFile(n int) string {
	return filepath.Join(o.v.Path(Path), fmt.Sprintf("scan_%04d_%s_0000.hdf5", n, o.v.Text(Detector)))
}

// scanFile is the file of a scan since September 2019.
func (o *opener) scanFile() string {
	return filepath.Join(o.v.Path(Path), fmt.Sprintf("%06d.h5", o.v.Int(ScanNumber)))
}

const measurement = "entry/measurement"

func openNov2018(ctx context.Context, env *recipes.Env, v *param.Values) (*recipes.Opened, error) {
	return open(ctx, env, v, func(o *opener) error {
		group, err := o.detectorGroup()
		if err != nil {
			return err
		}
		positions, err := o.sampleFile()
		if err != nil {
			return err
		}
		for _, n := range v.Ints(ScanNumber) {
			if o.enough() {
				break
			}
			file := o.frameFile(n)
			keys, err := o.numbered(file, "", "entry_%04d", "/measurement/"+group+"/data", 0, o.want())
			if err != nil {
				return err
			}
			if err := o.step(n, positions, fmt.Sprintf("entry%d/measurement", n), single(file, keys)); err != nil {
				return err
			}
		}
		return nil
	})
}

func openMay2019(ctx context.Context, env *recipes.Env, v *param.Values) (*recipes.Opened, error) {
	return open(ctx, env, v, func(o *opener) error {
		o.roundsI0 = true
		group, err := o.detectorGroup()
		if err != nil {
			return err
		}
		positions, err := o.sampleFile()
		if err != nil {
			return err
		}
		n := v.Int(ScanNumber)
		entry := fmt.Sprintf("entry%d/measurement", n)
		x, y, monitor, err := o.motors(positions, entry, entry, 2)
		if err != nil {
			return err
		}
		used, err := usedLength(v, x, y)
		if err != nil {
			return err
		}
		file := o.frameFile(n)
		keys := func(from, want int) ([]string, error) {
			return o.numbered(file, "", "entry_%04d", "/measurement/"+group+"/data", from, want)
		}
		return o.fly(&flyScan{n, x, y, monitor, used, file, keys})
	})
}

func openSep2019(ctx context.Context, env *recipes.Env, v *param.Values) (*recipes.Opened, error) {
	return open(ctx, env, v, func(o *opener) error {
		file := o.scanFile()
		keys, err := o.numbered(file, measurement+"/"+v.Text(Detector), "%06d", "", 0, o.want())
		if err != nil {
			return err
		}
		return o.step(v.Int(ScanNumber), file, measurement, single(file, keys))
	})
}

func openDec2019(ctx context.Context, env *recipes.Env, v *param.Values) (*recipes.Opened, error) {
	return open(ctx, env, v, func(o *opener) error {
		o.roundsI0 = true
		file := o.scanFile()
		x, y, monitor, err := o.motors(file, measurement+"/npoint_buff", measurement, 2)
		if err != nil {
			return err
		}
		keys := func(from, want int) ([]string, error) {
			return o.numbered(file, measurement+"/"+v.Text(Detector), "%06d", "", from, want)
		}
		return o.fly(&flyScan{v.Int(ScanNumber), x, y, monitor, x.Shape[1], file, keys})
	})
}

func openContrast(ctx context.Context, env *recipes.Env, v *param.Values) (*recipes.Opened, error) {
	return open(ctx, env, v, func(o *opener) error {
		switch v.Text(Detector) {
		case "pilatus":
			o.marks = negative
		case "eiger":
			o.marks = saturated
		default:
			o.marks = nil
		}
		file := o.scanFile()
		if _, err := o.files.Open(file, v.Where(Path)); err != nil {
			return err
		}
		key := measurement + "/" + v.Text(Detector) + "/frames"
		n, err := o.images(file, key)
		if err != nil {
			return err
		}
		if err := o.energy(file); err != nil {
			return err
		}
		return o.step(v.Int(ScanNumber), file, measurement, []part{{file: file, key: key, images: n}})
	})
}

// energy takes the photon energy from the snapshot of the beamline, in eV there.
func (o *opener) energy(file string) error {
	const key = "entry/snapshot/energy"
	where := o.v.Where(recipes.Energy)
	f, err := o.files.Open(file, where)
	if err != nil {
		return err
	}
	if _, err := f.Kind(key); err != nil {
		if !o.v.IsNull(recipes.Energy) { // else it is an error that the engine tells
			o.env.Log.Warn(fmt.Sprintf("%s has no %s; the energy is the recipe's, %v keV", file, key, o.v.Float(recipes.Energy)))
		}
		return nil
	}
	a, err := o.files.Array(file, key, where)
	if err != nil {
		return err
	}
	if len(a.Data) == 0 || !(a.Data[0] > 0) || math.IsInf(a.Data[0], 0) {
		return o.v.InputProblem(recipes.Energy, "%s holds %v, expected the photon energy in eV", a.Name, a.Data)
	}
	e := a.Data[0] * 1e-3
	o.recorded.EnergyKeV = &e
	return nil
}
