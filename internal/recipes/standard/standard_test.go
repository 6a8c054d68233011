package standard

import (
	"math"
	"slices"
	"testing"

	"ptyprep/internal/formats/h5"
	"ptyprep/internal/imgproc/pix"
)

func TestUnits(t *testing.T) {
	for unit, want := range map[string]float64{"m": 1, "mm": 1e-3, "um": 1e-6, "µm": 1e-6, "μm": 1e-6, "Micron": 1e-6, " nm ": 1e-9, "micrometer": 1e-6, "millimeter": 1e-3, "Angstrom": 1e-10} {
		if got, ok := Metres(unit); !ok || got != want {
			t.Errorf("%q: %v %v, expected %v", unit, got, ok, want)
		}
	}
	for _, unit := range []string{"", "deg", "s", "eV", "counts", "mrad"} {
		if f, ok := Metres(unit); ok {
			t.Errorf("%q is taken for %v m", unit, f)
		}
	}
	for _, c := range []struct {
		v    float64
		unit string
		want float64
	}{{8000, "eV", 8}, {8, "keV", 8}, {8, "KEV", 8}, {0.3, "MeV", 300}, {1.602176634e-16, "J", 1}, {1.602176634e-16, "joules", 1}} {
		if got, ok := KeV(c.v, c.unit); !ok || math.Abs(got-c.want) > 1e-12*c.want {
			t.Errorf("%v %s: %v %v, expected %v keV", c.v, c.unit, got, ok, c.want)
		}
	}
	if _, ok := KeV(1, "Hz"); ok {
		t.Error("Hz is taken for an energy")
	}
	if got := inMetres(55, 1e-6); got != 55e-6 { // 55 * 1e-6 is one step below
		t.Errorf("55 um are %v m", got)
	}
}

// Good pixels have no bit set but the ignored ones, in every type of mask.
func TestZeroIsGood(t *testing.T) {
	want := []byte{1, 0, 0}
	for _, im := range []*pix.Image{
		pix.From([]uint8{0, 1, 2}, 1, 3), pix.From([]uint16{0x1000, 1, 0x1001}, 1, 3), pix.From([]uint32{0x1000, 1, 1 << 31}, 1, 3),
		pix.From([]uint64{0, 1 << 63, 2}, 1, 3), pix.From([]int8{0, -1, 2}, 1, 3), pix.From([]int16{0x1000, -1, 2}, 1, 3),
		pix.From([]int32{0, math.MinInt32, 2}, 1, 3), pix.From([]int64{0x1000, -1, 2}, 1, 3),
		pix.From([]float32{0, 0.5, float32(math.NaN())}, 1, 3), pix.From([]float64{0, -1, 2}, 1, 3),
	} {
		got := make([]byte, 3)
		zeroIsGood(got, im, 0x1000)
		if !slices.Equal(got, want) {
			t.Errorf("%v: %v, expected %v", im.Type, got, want)
		}
	}
}

// What could be frames: three dimensions or more, two last ones like a picture's.
func TestIsFrames(t *testing.T) {
	for _, c := range []struct {
		shape []int
		want  bool
	}{{[]int{5, 8, 8}, true}, {[]int{2, 3, 512, 1024}, true}, {[]int{8, 8}, false}, {[]int{5, 2, 4096}, false}, {[]int{5, 4096, 7}, false}} {
		if got := IsFrames(&h5.Info{Shape: c.shape, Type: h5.TypeInfo{Pix: pix.Uint16}}); got != c.want {
			t.Errorf("%v: %v", c.shape, got)
		}
	}
	if IsFrames(&h5.Info{Shape: []int{5, 64, 64}}) {
		t.Error("texts are taken for frames")
	}
}
