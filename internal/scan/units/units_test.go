package units

import (
	"math"
	"testing"
)

// The wavelengths are those of the textbook formula, worked out by hand to the digits given:
// 80 keV: sqrt(80*1102) = 296.9175..., 12.398e-10/296.9175 = 4.17557e-12 m.
func TestElectronWavelength(t *testing.T) {
	for _, c := range []struct{ keV, m, photonKeV float64 }{
		{80, 4.175570697923522e-12, 296.92753869945574},
		{300, 1.968680735e-12, 629.7831582811621},
	} {
		m := ElectronWavelength(c.keV)
		if math.Abs(m/c.m-1) > 1e-6 {
			t.Errorf("wavelength of %v keV electrons: %v m, expected %v", c.keV, m, c.m)
		}
		if e := EnergyOfWavelength(m); math.Abs(e/c.photonKeV-1) > 1e-12 {
			t.Errorf("photons of the wavelength of %v keV electrons: %v keV, expected %v", c.keV, e, c.photonKeV)
		}
	}
}
