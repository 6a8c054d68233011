package codec

import (
	"compress/zlib"
	"math"
	"sync"
)

// What Choose looks at and aims at.
const (
	chooseSamples = 2        // frames looked at, spread over those given
	bandBytes     = 32 << 10 // a frame is looked at in bands as long as deflate's window,
	sampleBands   = 8        // this many of them, spread over the frame
	// worthLevel is the part of the size that a dearer level must save to be taken.
	worthLevel = 0.01
	// slack is how much larger than the reference (h5py's and ptypy's gzip level 4
	// without shuffle) the output may be. Noisy floats do not compress: there ISA-L ends
	// up to 5 % above zlib 4 at ten times its speed, and no shuffle or level below
	// libdeflate's 4 (a fifth of ISA-L's speed) brings that back.
	slack = 1.05
)

// Choose picks the deflate level and shuffle for frames of elemSize bytes a pixel. It
// compresses parts of a few of the samples (frames as they will be written, the first
// ones of a scan; about 20 ms of work) at level 1 with and without shuffle and at level 2
// with the better of these, and takes the smallest, level 1 unless level 2 saves 1 %.
// Should that be more than 5 % above the size of zlib level 4 without shuffle, which
// ptypy writes, level 4 is tried, then 6. The result depends on the samples and on the
// build (see Codecs) only. Without samples it is level 1 with shuffle.
func Choose(samples [][]byte, elemSize int) Compression {
	best := Compression{Kind: Deflate, Level: 1, Shuffle: elemSize > 1}
	if elemSize < 1 {
		return best
	}
	if samples = pickSamples(samples, elemSize); len(samples) == 0 {
		return best
	}
	// The first trials run side by side: nothing else can be done meanwhile.
	plain := Compression{Kind: Deflate, Level: 1}
	var reference, bestSize, plainSize int
	together(
		func() { reference = zlib4Size(samples) },
		func() { bestSize = best.size(samples, elemSize) },
		func() { plainSize = plain.size(samples, elemSize) },
	)
	if plainSize < bestSize {
		best, bestSize = plain, plainSize
	}
	limit := int(slack * float64(reference))
	for _, level := range []int{2, 4, 6} {
		c := best
		c.Level = level
		if n := c.size(samples, elemSize); n < bestSize-int(worthLevel*float64(bestSize)) {
			best, bestSize = c, n
		}
		if bestSize <= limit {
			break
		}
	}
	return best
}

// together calls all of work, each on its own goroutine.
func together(work ...func()) {
	var wg sync.WaitGroup
	for _, w := range work {
		wg.Go(w)
	}
	wg.Wait()
}

// pickSamples takes at most chooseSamples non-empty samples, evenly spread, and of each
// at most sampleBands bands, evenly spread and starting with whole elements.
func pickSamples(all [][]byte, elemSize int) [][]byte {
	var some [][]byte
	for _, f := range all {
		if len(f) > 0 {
			some = append(some, f)
		}
	}
	picked := make([][]byte, min(len(some), chooseSamples))
	for k := range picked {
		f := some[k*len(some)/len(picked)]
		if len(f) > sampleBands*bandBytes {
			var bands []byte
			for b := range sampleBands {
				at := b * (len(f) - bandBytes) / (sampleBands - 1) / elemSize * elemSize
				bands = append(bands, f[at:at+bandBytes/elemSize*elemSize]...)
			}
			f = bands
		}
		picked[k] = f
	}
	return picked
}

// size is the stored length of all samples together, math.MaxInt where c does not work.
func (c Compression) size(samples [][]byte, elemSize int) int {
	var s Scratch
	defer s.Close()
	total := 0
	for _, f := range samples {
		out, err := c.Encode(s.out[:0], f, elemSize, &s)
		if err != nil {
			return math.MaxInt
		}
		s.out = out
		total += len(out)
	}
	return total
}

// counter counts what is written to it.
type counter int

func (c *counter) Write(p []byte) (int, error) {
	*c += counter(len(p))
	return len(p), nil
}

// zlib4Size is the length of the samples as zlib level 4 streams. The standard library
// works at that level as zlib itself does, and gives the same reference in every build.
func zlib4Size(samples [][]byte) int {
	var n counter
	w, err := zlib.NewWriterLevel(&n, 4)
	if err != nil {
		return 0
	}
	for _, f := range samples {
		w.Reset(&n)
		if _, err := w.Write(f); err != nil {
			return 0
		}
		if err := w.Close(); err != nil {
			return 0
		}
	}
	return int(n)
}
