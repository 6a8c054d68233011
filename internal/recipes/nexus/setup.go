package nexus

import (
	"path"
	"slices"

	"ptyprep/internal/formats/h5"
	"ptyprep/internal/recipes"
	"ptyprep/internal/recipes/hdf5"
	"ptyprep/internal/recipes/standard"
	"ptyprep/internal/scan/problem"
)

// beamValues are the names under which a group of a class may tell the energy or the wavelength.
var beamValues = []struct {
	class, name string
	wavelength  bool
}{
	{"NXbeam", "incident_energy", false}, {"NXbeam", "incident_beam_energy", false}, {"NXbeam", "energy", false}, {"NXmonochromator", "energy", false},
	{"NXbeam", "incident_wavelength", true}, {"NXbeam", "wavelength", true}, {"NXmonochromator", "wavelength", true},
}

func (s *search) energy() error {
	if !s.Wants(recipes.Energy, hdf5.EnergyKey) {
		return nil
	}
	for _, want := range beamValues {
		for _, o := range s.within(s.entry) {
			if o.class != want.class {
				continue
			}
			p := path.Join(o.path, want.name)
			in, err := s.Info(p)
			if err != nil {
				return s.Absent("energy", p, in, err)
			}
			if in != nil && standard.IsNumber(in) {
				return s.useEnergy(p, in, want.wavelength)
			}
		}
	}
	s.Env.Log.Info("no energy in the file; looked for incident_energy of an NXbeam, energy of an NXmonochromator, and wavelengths there")
	return nil
}

func (s *search) useEnergy(p string, in *h5.Info, wavelength bool) error {
	x, err := s.Scalar(p)
	if err != nil {
		return err
	}
	unit := s.Unit(p)
	if unit == "" {
		return problem.Inputf("%s: %s:%s is %v, without a unit", s.Where(), s.Name(), p, x).
			WithHint("give energy (keV) in the recipe, or recorded_energy with a multiplier")
	}
	s.Found("energy", p, in, unit)
	if wavelength {
		to, ok := standard.Metres(unit)
		if !ok {
			return problem.Inputf("%s: %s:%s has the unit %q, expected a length", s.Where(), s.Name(), p, unit)
		}
		return s.Wavelength(x*to, p)
	}
	keV, ok := standard.KeV(x, unit)
	if !ok {
		return problem.Inputf("%s: %s:%s has the unit %q, expected eV, keV or J", s.Where(), s.Name(), p, unit)
	}
	return s.Energy(keV, p)
}

// detector reads distance, pixel size and mask of the NXdetector that took the frames.
func (s *search) detector() error {
	group := s.detectorGroup()
	if group == "" {
		s.Env.Log.Info("no NXdetector group belongs to the frames; distance, pixel size and mask are the recipe's")
		return nil
	}
	if s.Wants(recipes.Distance, hdf5.DistanceKey) {
		at := path.Join(group, "distance")
		if old := path.Join(group, "detector_distance"); !s.has(at) && s.has(old) { // of old Eiger masters
			at = old
		}
		d, ok, err := s.Length("distance", at, true)
		if err != nil {
			return err
		}
		if ok {
			s.Distance(d)
		}
	}
	if s.Wants(recipes.PSize, hdf5.PSizeKey) {
		y, hasY, err := s.Length("pixel size (rows)", path.Join(group, "y_pixel_size"), true)
		if err != nil {
			return err
		}
		x, hasX, err := s.Length("pixel size (columns)", path.Join(group, "x_pixel_size"), true)
		if err != nil {
			return err
		}
		s.PixelSize(y, x, hasY, hasX)
	}
	return s.calibration(group)
}

// has says that there is something, be it a broken link.
func (s *search) has(p string) bool {
	in, err := s.Info(p)
	return in != nil || err != nil
}

// detectorGroup is the NXdetector that holds the frames, or a link to them, or is the only one.
func (s *search) detectorGroup() string {
	var all []string
	for _, o := range s.within(s.entry) {
		if o.class == "NXdetector" {
			all = append(all, o.path)
		}
	}
	if home := path.Dir(s.frame); slices.Contains(all, home) {
		return home
	}
	if home := s.holder(s.frame, all); home != "" {
		return home
	}
	if home := path.Dir(s.text(s.frame, "target")); slices.Contains(all, home) { // NeXus's note of where a link was made from
		return home
	}
	if len(all) == 1 {
		return all[0]
	}
	var holding []string
	for _, g := range all {
		for _, name := range s.children(g) {
			in, _ := s.Info(path.Join(g, name))
			if in != nil && standard.IsFrames(in) && slices.Equal(in.Shape[:len(in.Shape)-2], s.lead) {
				holding = append(holding, g)
				break
			}
		}
	}
	if len(holding) == 1 {
		return holding[0]
	}
	return ""
}

// calibration takes the pixel mask, and dark and flat where they are asked for.
func (s *search) calibration(group string) error {
	if !s.Given(hdf5.MaskKey) {
		if p, in := s.First(standard.IsImage, path.Join(group, "pixel_mask"), path.Join(group, "detectorSpecific/pixel_mask")); p != "" {
			s.Found("mask", p, in, "bits, 0 is good")
			s.Use(hdf5.MaskFile, hdf5.MaskKey, p)
			s.ZeroIsGood(0)
		}
	}
	at := func(name string) string { return path.Join(group, name) }
	return s.FindCalibration([]string{at("dark"), at("darkfield")}, []string{at("flatfield"), at("detectorSpecific/flatfield")})
}
