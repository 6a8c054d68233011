package scan

import (
	"bytes"
	"fmt"

	"ptyprep/internal/imgproc"
	"ptyprep/internal/imgproc/pix"
	"ptyprep/internal/scan/problem"
)

// counts are observations about pixels that end in one warning each.
type counts struct {
	nonFinite, nonFiniteFrames int // valid pixels that were NaN or infinite
	negative, negativeFrames   int // valid pixels below 0
	allOnes                    int // pixels of the first frame with all bits set
	hiddenFrames               int // frames without a valid pixel
}

func (c *counts) add(o *counts) {
	c.nonFinite += o.nonFinite
	c.nonFiniteFrames += o.nonFiniteFrames
	c.negative += o.negative
	c.negativeFrames += o.negativeFrames
	c.allOnes += o.allOnes
	c.hiddenFrames += o.hiddenFrames
}

// look counts what is worth a warning in a frame that has been corrected and cut.
func (r *run) look(f *Frame) {
	d := &r.plan.raw
	m := f.Mask
	if m == nil {
		m = r.cutMask
	}
	if m != nil && bytes.IndexByte(m, 1) < 0 {
		f.notes.hiddenFrames++
	}
	if !d.HasDark && f.Pix.Type.IsSigned() {
		if n := imgproc.CountNegative(f.Pix, m); n > 0 {
			f.notes.negative += n
			f.notes.negativeFrames++
		}
	}
	if f.Index == 0 && !d.HasMask && f.Mask == nil {
		f.notes.allOnes = imgproc.CountOnes(f.Pix)
	}
}

// report says what was counted, each in one warning, and asks the source for its own.
func (r *run) report() error {
	if fin, ok := r.src.(Finisher); ok {
		warnings, err := fin.Finish()
		if err != nil {
			return err
		}
		for _, w := range warnings {
			r.warn("%s", w)
		}
	}
	n := &r.notes
	if n.nonFinite > 0 {
		r.warn("%d valid pixels in %d frames were NaN or infinite; they are 0 and masked in the result", n.nonFinite, n.nonFiniteFrames)
	}
	if n.negative > 0 {
		r.warn("%d valid pixels in %d frames are negative, though no dark was subtracted; reconstruction needs counts of 0 and above (mask these pixels?)", n.negative, n.negativeFrames)
	}
	if n.allOnes > 0 {
		mark := "65535"
		if r.plan.raw.RawType == pix.Uint32 {
			mark = "4294967295"
		}
		r.warn("%d pixels of the first frame hold %s, the mark of bad pixels, and no mask is given", n.allOnes, mark)
	}
	if n.hiddenFrames > 0 {
		r.warn("%d of %d frames have no valid pixel at all: the mask hides what shape and center select (or is it inverted?)", n.hiddenFrames, r.plan.Frames)
	}
	return nil
}

// NoteBeyond says that window w reaches beyond frames of rows x cols pixels, if it does: a shape that
// was meant for another detector shows so.
func NoteBeyond(log Reporter, w imgproc.Rect, rows, cols int) {
	if !w.Inside(rows, cols) {
		log.Info(fmt.Sprintf("the window of %d x %d pixels reaches beyond the frames of %d x %d: what lies outside is 0 and masked", w.Rows, w.Cols, rows, cols))
	}
}

// maxPaddedPixels bounds frames that zeros make larger than the detector's: a shape of 204800 is a
// slip of the finger, and its frames would fill the memory. Frames as large as that without zeros pass.
const maxPaddedPixels = 1 << 28

// CheckBeyond refuses a window of absurd size that reaches beyond frames of rows x cols pixels. where
// is the parameter that asks for it.
func CheckBeyond(where string, w imgproc.Rect, rows, cols int) error {
	if !absurd(w, rows, cols) {
		return nil
	}
	return problem.Usagef("%s: asks for frames of %d x %d pixels, where those of the data have %d x %d", where, w.Rows, w.Cols, rows, cols).
		WithHint("zeros are added up to %d million pixels a frame", maxPaddedPixels>>20)
}

func absurd(w imgproc.Rect, rows, cols int) bool {
	return !w.Inside(rows, cols) && w.Cols > 0 && w.Rows > maxPaddedPixels/w.Cols
}
