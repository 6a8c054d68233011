package beam

import (
	"fmt"
	"math"

	"ptyprep/internal/scan/problem"
)

// CheckMonitor makes sure that frames can be divided by the values of a beam monitor: one that
// is 0, negative or not finite is an Input problem that names frame and value. where names the
// parameter, name what the value of frame k is called (nil: "frame k").
func CheckMonitor(where string, values []float64, name func(k int) string) error {
	for k, x := range values {
		if x > 0 && !math.IsInf(x, 0) {
			continue
		}
		n := fmt.Sprintf("frame %d", k)
		if name != nil {
			n = name(k)
		}
		return problem.Inputf("%s: the monitor of %s is %v; frames can be divided by positive values only", where, n, x).
			WithHint("leave the frame out, or do not normalise")
	}
	return nil
}

// ByMean divides values by their mean, in place.
func ByMean(values []float64) {
	sum := 0.0
	for _, x := range values {
		sum += x
	}
	mean := sum / float64(len(values))
	for i := range values {
		values[i] /= mean
	}
}

// Counted says how many frames a recipe prepares: the least of num_frames (0: not given), frames
// found and positions found (-1: not known), and, where found and positions differ and num_frames
// does not settle it, a line for Description.LeftOut.
func Counted(numFrames, frames, positions int) (n int, leftOut []string) {
	n = frames
	if positions >= 0 && positions < n {
		n = positions
	}
	if numFrames > 0 && numFrames <= n {
		return numFrames, nil
	}
	if positions >= 0 && positions != frames {
		leftOut = append(leftOut, fmt.Sprintf("the input holds %d frames and %d positions: %d are prepared", frames, positions, n))
	}
	return n, leftOut
}
