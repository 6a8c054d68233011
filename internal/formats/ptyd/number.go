package ptyd

import (
	"encoding/json"
	"math"
)

// Number is a float64 that JSON can hold: NaN and the infinities become null.
type Number float64

// MarshalJSON writes the number or null.
func (n Number) MarshalJSON() ([]byte, error) {
	if f := float64(n); math.IsNaN(f) || math.IsInf(f, 0) {
		return []byte("null"), nil
	}
	return json.Marshal(float64(n))
}
