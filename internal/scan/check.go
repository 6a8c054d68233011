package scan

// Verdict is the answer to "how many frames now?".
type Verdict int

// The verdicts of Check.
const (
	Go   Verdict = iota // frames can be loaded
	Wait                // too few frames yet, and the scan has not ended
	EOS                 // end of scan: no frame is left
)

func (v Verdict) String() string { return [...]string{"go", "WAIT", "EOS"}[v] }

// Checker steps through a scan block by block, as PtyScan.check does: it says how many frames
// the next block has, or that one must wait, or that the scan has ended.
type Checker struct {
	Total     int // frames of the whole scan; -1: not known
	MinFrames int
	start     int
}

// Start is the number of frames done so far.
func (c *Checker) Start() int { return c.start }

// Next asks for a block of want frames (raised to MinFrames, so that a small block cannot wait
// for ever). available is the number of frames of the scan that can be read now, -1 if all that
// it has; ended says that no more will come. On Go, n frames from the returned start are to be
// loaded, and count as done.
func (c *Checker) Next(want, available int, ended bool) (start, n int, v Verdict) {
	want = max(want, c.MinFrames, 1)
	last := c.Total
	if available >= 0 && (last < 0 || available < last) {
		last = available
	}
	n = max(min(want, last-c.start), 0)
	end := ended && c.start+n >= last || c.Total >= 0 && c.start+n >= c.Total
	switch {
	case end && n == 0:
		return c.start, 0, EOS
	case n < c.MinFrames && !end, n == 0:
		return c.start, 0, Wait
	}
	start = c.start
	c.start += n
	return start, n, Go
}

// Blocks gives the sizes of the blocks of a finished scan of total frames.
func Blocks(total, want, minFrames int) []int {
	c := Checker{Total: total, MinFrames: minFrames}
	var blocks []int
	for {
		_, n, v := c.Next(want, -1, true)
		if v != Go {
			return blocks
		}
		blocks = append(blocks, n)
	}
}
