package scan

import (
	"context"
	"log/slog"
	"time"

	"ptyprep/internal/imgproc"
	"ptyprep/internal/imgproc/pix"
)

// Source gives the frames of one scan; every recipe provides one. Opening it has found and
// checked all inputs: what Describe tells needs no frame.
type Source interface {
	// Describe tells what the scan holds. It is called once, before anything else.
	Describe(ctx context.Context) (*Description, error)
	// Load reads frame f.Index into f.Pix, in the raw type, and into f.Mask when the frame has
	// a mask of its own. It is called from many goroutines, in any order, at times twice for a
	// frame (automatic centre). f.Local is the source's to keep scratch memory in.
	Load(ctx context.Context, f *Frame) error
	// Close gives back files and memory. It is called once, at the end, also after errors.
	Close() error
}

// Corrector is a Source whose frames need arithmetic (dark, flat, monitor, ...). Correct turns
// f.Pix into the type that Describe announced; it does no input.
type Corrector interface {
	Correct(f *Frame) error
}

// Windowed is a Source that can read a part of each frame: its corrections work pixel by pixel.
type Windowed interface {
	// SetWindow says which window of its frames Load, Correct and Mask shall give from now on;
	// what lies outside the frame is 0 and not valid. It is called before a pass starts.
	SetWindow(w imgproc.Rect) error
}

// Masked is a Source with one mask for all frames. Mask gives it for the window in force
// (1 valid, 0 not), nil if all pixels are valid. It is called once before each pass.
type Masked interface {
	Mask() ([]byte, error)
}

// Finisher is a Source with something to say or to check after the last frame: warnings that
// count over frames, or an input that changed meanwhile (an error).
type Finisher interface {
	Finish() (warnings []string, err error)
}

// PostInitializer is a Source that wants to see the plan when it is fixed: after positions,
// mask and centre are known and before a frame is prepared. An error stops the run.
type PostInitializer interface {
	PostInitialize(p *Plan) error
}

// Description is what a scan holds before any frame is read.
type Description struct {
	Frames     int                // scan points that can be prepared; -1: as many as are asked for
	Rows, Cols int                // size of a frame
	Type       pix.Type           // type of corrected frames
	RawType    pix.Type           // type of loaded frames
	Positions  [][2]float64       // metres, (row direction, column direction); nil: not known
	Recorded   Recorded           // what the input says about the set-up
	HasMask    bool               // a mask was given
	HasDark    bool               // a dark was subtracted: negative counts are no news
	LeftOut    []string           // frames or points that the input holds and that had to be left out, unasked: exit status 3
	FrameBytes int64              // scratch memory that Load and Correct need for a frame in flight
	FixedBytes int64              // memory the source holds in any case (caches, calibration frames)
	Name       func(k int) string // what messages call frame k, e.g. "frame 7 (raw.h5:/entry/data[1,2])"; may be nil
}

// Recorded holds values that beat the recipe's (nil: not recorded).
type Recorded struct {
	EnergyKeV *float64
	DistanceM *float64
	PSizeM    *[2]float64
	// Experiment is the name of the experiment that the data are of; empty: not recorded. It goes to
	// info where the recipe gives none.
	Experiment string
}

// Stage is a step that time is spent in.
type Stage int

// The stages of a frame.
const (
	StageRead Stage = iota
	StageInflate
	StageArithmetic
	StageDeflate
	StageWrite
	NumStages
)

var stageNames = [NumStages]string{"read", "inflate", "arithmetic", "deflate", "write"}

func (s Stage) String() string { return stageNames[s] }

// Frame is one frame on its way. Its memory is reused for later frames.
type Frame struct {
	Index int        // number of the frame in the order of the scan, after selection
	Pix   *pix.Image // the pixels
	Mask  []byte     // 1 valid, 0 not, as large as Pix; nil: the mask that all frames share
	Local any        // scratch of the source
	Out   any        // scratch of the sink: what Encode made and Write takes

	spare   [2]*pix.Image
	maskBuf [3][]byte
	spent   [NumStages]time.Duration
	mark    time.Time
	notes   counts
}

// Spend books the time since the last mark to stage s and sets the mark. Sources call it
// between reading and inflating; the engine does the rest.
func (f *Frame) Spend(s Stage) {
	now := time.Now()
	f.spent[s] += now.Sub(f.mark)
	f.mark = now
}

// Swap gives the image that is not f.Pix and makes it f.Pix: a step reads the old one (the
// result) and writes f.Pix.
func (f *Frame) Swap() (old *pix.Image) {
	old = f.Pix
	f.Pix, f.spare[0] = f.spare[0], f.Pix
	return old
}

// NewFrame makes an empty frame with number index, for use outside the engine (tests).
func NewFrame(index int) *Frame {
	f := &Frame{Index: index, mark: time.Now()}
	f.Pix, f.spare[0], f.spare[1] = new(pix.Image), new(pix.Image), new(pix.Image)
	return f
}

// Sink takes the prepared frames.
type Sink interface {
	// Start is told the plan before the first frame.
	Start(p *Plan) error
	// Sample sees the first prepared frames before any is encoded, to choose a compression.
	Sample(frames []*Frame) error
	// Encode packs f's pixels and mask into f.Out. It is called from many goroutines.
	Encode(f *Frame) error
	// Write stores what Encode left in Frame.Out for that frame, in the order of the frames, from
	// one goroutine. It is valid during the call only: Encode gets it back for a later frame.
	Write(index int, packed any) error
	// Finish completes the result; after it the result is whole and in place.
	Finish() error
	// Abort removes what has been written. It is called instead of Finish, after an error.
	Abort()
}

// Reporter hears of warnings and notices. It is a *slog.Logger's work: Warn for what may make
// the result wrong, Info for what the user may want to know.
type Reporter = *slog.Logger
