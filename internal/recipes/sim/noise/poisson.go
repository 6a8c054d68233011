package noise

import (
	"math"
	"sync"
)

// Tables are made for the means 1/tableSteps, 2/tableSteps, ... below tableMeans.
const (
	tableMeans = 64
	tableSteps = 4
)

// Poisson draws a count of the given expectation. The result is a whole number held in a
// float64, so that the largest expectations do not overflow. 0 for an expectation that is
// not positive; NaN and infinity are returned as they are.
//
// A sum of Poisson counts is a Poisson count: below tableMeans the mean is cut into a part
// that has a table and a rest below 1/tableSteps, whose counts are rare. Above, by rejection. No
// method takes a normal approximation.
func (s *Stream) Poisson(mean float64) float64 {
	switch {
	case mean < tableMeans:
		if !(mean > 0) {
			return 0
		}
		step := uint(mean * tableSteps)
		rest := mean - float64(step)*(1./tableSteps)
		w := s.pcg.Uint64()
		count := 0.0
		if step > 0 {
			count = s.tables[step].draw(float64(w>>11) * 0x1p-53)
		}
		// The low bits, which the table did not see, decide most draws of the rest: with a
		// probability of quick/2048, which is less than exp(-rest), it is 0.
		quick := uint64((1 - rest) * lowBits)
		if w%lowBits < quick {
			return count
		}
		q := float64(quick) * (1. / lowBits)
		return count + search(rest, q+(1-q)*s.Uniform())
	case mean <= math.MaxFloat64:
		return s.poissonRejection(mean)
	}
	return mean
}

const lowBits = 1 << 11

// search takes probabilities off a uniform number u until nothing is left of it (Devroye 1986,
// section X.3), for means below 1.
func search(mean, u float64) float64 {
	p := math.Exp(-mean)
	for k := 0.0; ; k++ {
		u -= p
		// below 1e-17 of remaining probability u may never become negative by rounding
		if u < 0 || k > 30 {
			return k
		}
		p *= mean / (k + 1)
	}
}

// table inverts the distribution function of one mean.
type table struct {
	sum   []float64  // probability of a count up to k
	guide [256]uint8 // the first k worth looking at for a uniform number in i/256 .. (i+1)/256
}

func (t *table) draw(u float64) float64 {
	k := int(t.guide[uint8(u*256)])
	for u >= t.sum[k] {
		k++
	}
	return float64(k)
}

// tables are made at the first use and never change.
var tables = sync.OnceValue(func() *[tableMeans * tableSteps]*table {
	all := new([tableMeans * tableSteps]*table)
	for m := 1; m < len(all); m++ {
		t, mean := new(table), float64(m)/tableSteps
		sum := 0.0
		for k := 0; float64(k) <= mean+1 || t.sum[k-1]-t.sum[k-2] > 0; k++ {
			sum += math.Exp(logPoisson(float64(k), mean))
			t.sum = append(t.sum, sum)
		}
		t.sum[len(t.sum)-1] = 1 // what rounding left over; no uniform number reaches it
		k := 0
		for i := range t.guide {
			for float64(i)/256 >= t.sum[k] {
				k++
			}
			t.guide[i] = uint8(k)
		}
		all[m] = t
	}
	return all
})

// poissonRejection is the transformed rejection method PTRS (Hormann 1993, "The
// transformed rejection method for generating Poisson random variables"), right for means
// from 10 on. The probability is taken as a deviance (Loader 2000), which keeps its digits
// where k*log(mean) - mean - log(k!) loses them.
func (s *Stream) poissonRejection(mean float64) float64 {
	b := 0.931 + 2.53*math.Sqrt(mean)
	a := -0.059 + 0.02483*b
	for {
		u := s.Uniform() - 0.5
		v := 1 - s.Uniform() // in (0, 1]
		us := 0.5 - math.Abs(u)
		if us < 0x1p-52 {
			continue
		}
		k := math.Floor((2*a/us+b)*u + mean + 0.43)
		if us >= 0.07 && (0.9277-v)*(b-2) >= 3.6224 { // v is at most 0.9277 - 3.6224/(b-2)
			return k
		}
		if k < 0 || us < 0.013 && v > us {
			continue
		}
		invAlpha := 1.1239 + 1.1328/(b-3.4)
		if math.Log(v*invAlpha/(a/(us*us)+b)) <= logPoisson(k, mean) {
			return k
		}
	}
}

// logPoisson is the logarithm of exp(-mean)*mean^k/k!.
func logPoisson(k, mean float64) float64 {
	if k == 0 {
		return -mean
	}
	return -stirling(k) - deviance(k, mean) - 0.5*math.Log(2*math.Pi*k)
}

// deviance is k*log(k/mean) + mean - k, by its series where k is near the mean.
func deviance(k, mean float64) float64 {
	d := k - mean
	if math.Abs(d) > 0.1*(k+mean) {
		return k*math.Log(k/mean) - d
	}
	v := d / (k + mean)
	sum, term := d*v, 2*k*v
	for j := 3.0; ; j += 2 {
		term *= v * v
		next := sum + term/j
		if next == sum {
			return sum
		}
		sum = next
	}
}

// stirling is what Stirling's formula lacks of log(k!), for whole k > 0.
func stirling(k float64) float64 {
	if k < 16 {
		lg, _ := math.Lgamma(k + 1)
		return lg - (k+0.5)*math.Log(k) + k - 0.5*math.Log(2*math.Pi)
	}
	q := 1 / (k * k)
	return (1./12 - (1./360-(1./1260-q/1680)*q)*q) / k
}
