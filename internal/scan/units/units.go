// Package units holds the physical constants and conversions of the project, each once.
// Inside the program lengths are metres, energies keV, times seconds.
package units

import "math"

// HCkeVm is h*c in keV m, so that energy = HCkeVm / wavelength. It is the value with which
// ptypy's geometry turns the stored energy back into a wavelength when it reconstructs (CODATA
// is 4e-8 away), so the wavelength that was meant is the one that is used.
const HCkeVm = 1.23984193e-9

// JoulePerKeV is the energy of 1 keV in joule (exact in the SI since 2019).
const JoulePerKeV = 1.602176634e-16

// EnergyOfWavelength is the photon energy in keV of a wavelength in metres, and the wavelength
// of an energy: the formula is its own inverse.
func EnergyOfWavelength(m float64) float64 { return HCkeVm / m }

// ElectronWavelength is the relativistic wavelength in metres of electrons of the given kinetic
// energy in keV: 12.398 keV A / sqrt(E (2 mc^2 + E)) with mc^2 = 511 keV.
func ElectronWavelength(energyKeV float64) float64 {
	return 12.398e-10 / math.Sqrt(energyKeV*(2*511+energyKeV))
}
