// Package scan is the engine: it takes frames from a Source (a recipe), prepares them and
// hands them to a Sink (the .ptyd writer), in the order of the scan and with the same result
// for any number of workers.
//
// The way of a frame:
//
//	check -> load -> correct -> crop/pad, rebin, turn -> encode -> write
//	         '------------- on the workers -------------'   in order
//
// Everything that all frames share (number of frames, centre, window, types, mask, positions,
// meta) is fixed in a Plan before the first frame flows, so workers share no changing state.
// An automatic centre needs a first pass, which keeps a number per frame and no pixels.
package scan
