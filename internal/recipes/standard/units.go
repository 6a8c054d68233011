package standard

import (
	"math"
	"strings"

	"ptyprep/internal/scan/units"
)

// lengths are the factors from units of length to metres.
var lengths = map[string]float64{
	"m": 1, "meter": 1, "meters": 1, "metre": 1, "metres": 1,
	"cm": 1e-2, "mm": 1e-3, "millimetre": 1e-3, "millimetres": 1e-3,
	"millimeter": 1e-3, "millimeters": 1e-3, //nolint:misspell // the other spelling is what files say
	"um": 1e-6, "µm": 1e-6, "μm": 1e-6, "micron": 1e-6, "microns": 1e-6, "micrometer": 1e-6, "micrometers": 1e-6, "micrometre": 1e-6, "micrometres": 1e-6,
	"nm": 1e-9, "nanometer": 1e-9, "nanometers": 1e-9, "nanometre": 1e-9, "nanometres": 1e-9,
	"pm": 1e-12, "a": 1e-10, "å": 1e-10, "angstrom": 1e-10, "angstroms": 1e-10,
}

// Metres is the factor from a unit of length to metres.
func Metres(unit string) (factor float64, ok bool) {
	factor, ok = lengths[strings.ToLower(strings.TrimSpace(unit))]
	return factor, ok
}

// inMetres applies a factor of Metres. Powers of ten below 1 have no exact binary form, those above
// do: 55 um is 5.5e-5 m to the last bit when it is divided by a million.
func inMetres(x, factor float64) float64 {
	if factor < 1 {
		return x / math.Round(1/factor)
	}
	return x * factor
}

// KeV turns a value of a unit of energy (eV, keV, MeV, J) into keV.
func KeV(value float64, unit string) (keV float64, ok bool) {
	switch unit = strings.TrimSpace(unit); {
	case unit == "MeV":
		return value * 1000, true
	case strings.EqualFold(unit, "keV"):
		return value, true
	case strings.EqualFold(unit, "eV"):
		return value * 1e-3, true
	case strings.EqualFold(unit, "J"), strings.HasPrefix(strings.ToLower(unit), "joule"):
		return value / units.JoulePerKeV, true
	}
	return 0, false
}
