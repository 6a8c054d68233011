package ptyd

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"ptyprep/internal/formats/h5"
	"ptyprep/internal/formats/h5frames"
	"ptyprep/internal/imgproc"
	"ptyprep/internal/imgproc/pix"
	"ptyprep/internal/scan/nearby"
	"ptyprep/internal/scan/problem"
)

// WeightsKind says where the weights of a chunk's frames are.
type WeightsKind uint8

// The kinds of weights.
const (
	NoWeights     WeightsKind = iota // none stored, and no common ones: all pixels are valid
	CommonWeights                    // the file's common weights, R x C (files of before 2019)
	SharedWeights                    // one R x C in the chunk for all its frames
	FrameWeights                     // n x R x C
)

var weightsNames = [...]string{"none", "common", "one for the chunk", "one a frame"}

// String gives the kind in words.
func (k WeightsKind) String() string { return weightsNames[k] }

// Chunk is one group under chunks.
type Chunk struct {
	Number     int
	Frames     int
	Rows, Cols int
	Type       pix.Type        // of the frames
	TypeDesc   string          // as stored, in numpy's short form ("<u2")
	Filters    []h5.FilterInfo // of the frames
	Stored     []int           // shape of the HDF5 chunks of the frames; nil: contiguous
	Weights    WeightsKind     //
	Positions  [][2]float64    // metres; nil: not known
	Indices    []int64         // nil: not stored
	File       string          // that the chunk is in, as libhdf5 opened it: a part in link mode
	Part       string          // the part's name as the link has it; "" for a chunk in the file itself
	Err        *problem.Error  // why the chunk cannot be read; all but Number and Part may then be empty
	group      string
}

// File is an open .ptyd. Its methods may be called from many goroutines.
type File struct {
	path     string
	h        *h5.File
	chunks   []Chunk
	meta     Meta
	warnings []string
	common   *pix.Image // common weights of old files, as stored
	root     rootInfo
	pool     pool
}

// rootInfo is what the root group tells.
type rootInfo struct {
	version string // attribute h5rw_version
	written string // attribute mtime of files written by ptypy
}

// Open opens a .ptyd of any age and reads everything but frames, weights and info. The error
// is a *problem.Error of class Input. A chunk that cannot be read is no error here: its Err
// says why; see Check.
func Open(path string, o h5.OpenOptions) (*File, error) {
	h, err := h5.Open(path, o)
	if err != nil {
		return nil, openProblem(path, err)
	}
	f := &File{path: path, h: h}
	f.pool.init(f)
	if err := f.load(); err != nil {
		h.Close()
		return nil, err
	}
	return f, nil
}

// openProblem puts an error of h5.Open into the user's words.
func openProblem(path string, err error) *problem.Error {
	var e *h5.Error
	if !errors.As(err, &e) {
		return problem.Inputf("%s", path).Because(err)
	}
	p := problem.Inputf("%s: %s", path, e.Msg)
	switch e.Kind {
	case h5.NotFound:
		p.Msg = fmt.Sprintf("there is no file %s", path)
		p.Hint = nearby.FileHint(path)
	case h5.Locked:
		p.Hint = "another process is writing it: wait, or use --no-lock"
	case h5.Truncated:
		p.Hint = "the copy may be incomplete: compare its size with the original"
	case h5.NotHDF5:
		p.Hint = "give a .ptyd file, which is HDF5 inside"
	}
	return p
}

// Path is the name that the file was opened with.
func (f *File) Path() string { return f.path }

// Chunks are the chunks in the order of their numbers.
func (f *File) Chunks() []Chunk { return f.chunks }

// Meta is the group meta.
func (f *File) Meta() Meta { return f.meta }

// Warnings are remarks about what is odd in the file but can be read.
func (f *File) Warnings() []string { return f.warnings }

// Frames is the number of frames in the chunks that can be read.
func (f *File) Frames() int {
	n := 0
	for i := range f.chunks {
		if f.chunks[i].Err == nil {
			n += f.chunks[i].Frames
		}
	}
	return n
}

// Parts are the part files of the chunks that can be read, as libhdf5 opened them, each once.
func (f *File) Parts() []string {
	var out []string
	for i := range f.chunks {
		if c := &f.chunks[i]; c.Err == nil && c.Part != "" && !slices.Contains(out, c.File) {
			out = append(out, c.File)
		}
	}
	return out
}

// Info reads the tree under info. A file without it has an empty one.
func (f *File) Info() (Node, error) {
	n, err := readNode(f.h, "/info")
	if errors.Is(err, h5.ErrNotFound) {
		return Node{Kind: Dict}, nil
	}
	if err != nil {
		return Node{}, problem.Inputf("%s: the group info cannot be read", f.path).Because(err)
	}
	return n, nil
}

// Check gives the first reason why the frames cannot be read as one scan: chunks that cannot
// be read, no chunks, frames of different size, or fewer frames than meta promises. The error
// is a *problem.Error of class Input.
func (f *File) Check() error {
	promised := ""
	if n := f.meta.NumFrames; n != nil {
		promised = fmt.Sprintf("; meta promises %d frames, %d can be read", *n, f.Frames())
	}
	var first *Chunk
	for i := range f.chunks {
		c := &f.chunks[i]
		if c.Err != nil {
			e := *c.Err
			e.Msg += promised
			return &e
		}
		if first == nil {
			first = c
		}
		if c.Rows != first.Rows || c.Cols != first.Cols {
			return problem.Inputf("%s: chunk %d has frames of %d x %d pixels, chunk %d of %d x %d", f.path, first.Number, first.Rows, first.Cols, c.Number, c.Rows, c.Cols)
		}
	}
	if first == nil || f.Frames() == 0 {
		return problem.Inputf("%s: it has no chunks with frames", f.path).
			WithHint("the run that wrote it may have ended before the first chunk: prepare the scan again")
	}
	if n := f.meta.NumFrames; n != nil && *n > f.Frames() {
		return problem.Inputf("%s: meta promises %d frames, its chunks hold %d", f.path, *n, f.Frames()).
			WithHint("the run that wrote it may have been interrupted, or is not finished yet")
	}
	return nil
}

// Close closes the file and its parts.
func (f *File) Close() error {
	f.pool.close()
	if f.h == nil {
		return nil
	}
	h := f.h
	f.h = nil
	return h.Close()
}

func (f *File) warn(format string, args ...any) {
	f.warnings = append(f.warnings, fmt.Sprintf(format, args...))
}

// load reads the structure of the file.
func (f *File) load() error {
	if kind, err := f.h.Kind("/chunks"); err != nil || kind != h5.Group {
		if err != nil && !errors.Is(err, h5.ErrNotFound) {
			return problem.Inputf("%s: the group chunks cannot be read", f.path).Because(err)
		}
		return problem.Inputf("%s: it has no group chunks, so it is no .ptyd file", f.path).
			WithHint("give the .ptyd that convert wrote; raw data is for another recipe")
	}
	f.root.version, f.root.written = f.rootAttr("h5rw_version"), f.rootAttr("mtime")
	tree, err := readNode(f.h, "/meta")
	switch {
	case errors.Is(err, h5.ErrNotFound):
		f.warn("there is no group meta; ptypy refuses such a file")
	case err != nil:
		return problem.Inputf("%s: the group meta cannot be read", f.path).Because(err)
	}
	var odd []string
	f.meta, odd = newMeta(tree)
	f.warnings = append(f.warnings, odd...)
	if err := f.loadCommon(); err != nil {
		return err
	}
	return f.loadChunks()
}

func (f *File) rootAttr(name string) string {
	v, ok, err := f.h.Attr("/", name)
	if err != nil || !ok {
		return ""
	}
	return attrText(v)
}

// loadCommon reads the weights that all frames of a file of before 2019 share.
func (f *File) loadCommon() error {
	for _, path := range []string{"/meta/weight2d", "/info/weight2d"} {
		if kind, err := f.h.Kind(path); err != nil || kind != h5.DatasetKind {
			continue
		}
		d, err := f.h.Dataset(path)
		if err != nil {
			continue
		}
		if in := d.Info(); len(in.Shape) != 2 || in.Type.Pix == pix.Invalid {
			d.Close()
			continue // of today's files: a bool that says whether there was one
		}
		f.common, err = readImage(d, f.path+":"+path)
		d.Close()
		if err != nil {
			return problem.Inputf("%s: the common weights %s cannot be read", f.path, path).Because(err)
		}
		return nil
	}
	return nil
}

// readImage reads the one frame of a dataset of two dimensions.
func readImage(d *h5.Dataset, name string) (*pix.Image, error) {
	r, err := h5frames.New(d, name, h5frames.Options{})
	if err != nil {
		return nil, err
	}
	defer r.Close()
	var s h5frames.Scratch
	defer s.Close()
	if err := checkSize(r.Rows, r.Cols, r.Type); err != nil {
		return nil, err
	}
	im := new(pix.Image)
	return im, r.Read(0, imgproc.Whole(r.Rows, r.Cols), im, &s)
}

// maxFrameBytes is more than any detector's frame; a header that claims more is damaged.
const maxFrameBytes = 2 << 30

func checkSize(rows, cols int, t pix.Type) error {
	if rows <= 0 || cols <= 0 || rows > maxFrameBytes/cols/t.Size() {
		return fmt.Errorf("frames of %d x %d pixels of type %v", rows, cols, t)
	}
	return nil
}

// loadChunks finds the chunks and sorts them by number.
func (f *File) loadChunks() error {
	entries, err := f.h.List("/chunks")
	if err != nil {
		return problem.Inputf("%s: the group chunks cannot be read", f.path).Because(err)
	}
	for _, e := range entries {
		k, err := strconv.Atoi(e.Name)
		if err != nil || k < 0 {
			f.warn("chunks/%s is left out: its name is no number; ptypy refuses such a file", e.Name)
			continue
		}
		c := Chunk{Number: k, group: "/chunks/" + e.Name}
		if e.Link == h5.External {
			c.Part = e.TargetFile
		}
		f.chunks = append(f.chunks, c)
	}
	slices.SortStableFunc(f.chunks, func(a, b Chunk) int { return a.Number - b.Number })
	for i := range f.chunks {
		c := &f.chunks[i]
		c.Err = f.loadChunk(c)
	}
	f.checkNumbers()
	return nil
}

// checkNumbers warns of what other readers make of the numbers.
func (f *File) checkNumbers() {
	if len(f.chunks) > 0 && f.chunks[0].Number != 0 {
		f.warn("there is no chunk 0; ptypy says that such a file has no data")
	}
	n := f.meta.NumFrames
	switch {
	case n == nil:
		f.warn("meta has no num_frames; ptypy refuses such a file")
	case *n < f.Frames():
		f.warn("meta says num_frames %d, the chunks hold %d frames; all are used", *n, f.Frames())
	}
}

// loadChunk reads all of a chunk but its frames and weights.
func (f *File) loadChunk(c *Chunk) *problem.Error {
	bad := func(format string, args ...any) *problem.Error {
		return problem.Inputf("%s: chunk %d: %s", f.path, c.Number, fmt.Sprintf(format, args...))
	}
	if kind, err := f.h.Kind(c.group); err != nil {
		return f.linkProblem(c, err)
	} else if kind != h5.Group {
		return bad("it is a %v, not a group", kind)
	}
	d, err := f.h.Dataset(c.group + "/data")
	if errors.Is(err, h5.ErrNotFound) {
		return bad("it has no data")
	}
	if err != nil {
		return bad("data cannot be opened").Because(err)
	}
	defer d.Close()
	in := d.Info()
	if len(in.Shape) != 3 || in.Type.Pix == pix.Invalid {
		return bad("data is %s of shape %v, expected numbers of shape frames x rows x columns", in.Type.Desc, in.Shape)
	}
	c.Frames, c.Rows, c.Cols = in.Shape[0], in.Shape[1], in.Shape[2]
	c.Type, c.TypeDesc, c.Filters, c.Stored = in.Type.Pix, in.Type.Desc, in.Filters, in.Chunk
	c.File = d.File()
	if c.Frames > 0 {
		if err := checkSize(c.Rows, c.Cols, c.Type); err != nil {
			return bad("data has %v", err)
		}
	}
	if err := d.CheckSources(nil, nil); err != nil {
		return bad("frames are missing in data").Because(err)
	}
	if err := f.loadWeights(c); err != nil {
		return bad("weights: %v", err)
	}
	if err := f.loadPositions(c); err != nil {
		return bad("positions: %v", err)
	}
	f.loadIndices(c)
	return nil
}

// linkProblem tells of a chunk whose part file is missing or cannot be opened.
func (f *File) linkProblem(c *Chunk, err error) *problem.Error {
	var gone *h5.NotFoundError
	if c.Part == "" || !errors.As(err, &gone) {
		return problem.Inputf("%s: chunk %d cannot be opened", f.path, c.Number).Because(err)
	}
	if gone.Reason != "" && gone.Reason != "no such file" {
		return problem.Inputf("%s: chunk %d is in the part file %s, which cannot be used: %s", f.path, c.Number, filepath.Base(c.Part), gone.Reason)
	}
	if gone.Reason == "" {
		return problem.Inputf("%s: chunk %d leads to %s in the part file %s, which holds nothing of that name", f.path, c.Number, gone.TargetPath, c.Part)
	}
	return problem.Inputf("%s: chunk %d is in the part file %s, which is not there (looked for as %s)", f.path, c.Number, filepath.Base(c.Part), strings.Join(f.places(c.Part), ", then ")).
		WithHint("copy the part files (%s.part000 and so on) into the folder of the master", filepath.Base(f.path))
}

// places are the names under which libhdf5 looks for a part.
func (f *File) places(part string) []string {
	dir := filepath.Dir(f.path)
	if filepath.IsAbs(part) {
		return []string{part, filepath.Join(dir, filepath.Base(part))}
	}
	beside := filepath.Join(dir, part)
	if beside == filepath.Clean(part) {
		return []string{beside}
	}
	return []string{beside, part + " in the working directory"}
}

// loadWeights finds out which form the weights have.
func (f *File) loadWeights(c *Chunk) error {
	common := func() error {
		if f.common == nil {
			c.Weights = NoWeights
			return nil
		}
		c.Weights = CommonWeights
		if f.common.Rows != c.Rows || f.common.Cols != c.Cols {
			return fmt.Errorf("the common weights are %d x %d for frames of %d x %d", f.common.Rows, f.common.Cols, c.Rows, c.Cols)
		}
		return nil
	}
	path := c.group + "/weights"
	kind, err := f.h.Kind(path)
	switch {
	case errors.Is(err, h5.ErrNotFound):
		return common()
	case err != nil:
		return err
	case kind == h5.Group:
		return common() // early versions wrote an empty dictionary in place of none
	}
	d, err := f.h.Dataset(path)
	if err != nil {
		return err
	}
	defer d.Close()
	in := d.Info()
	switch s := in.Shape; {
	case in.Type.Pix == pix.Invalid:
		return fmt.Errorf("%s, expected numbers", in.Type.Desc)
	case slices.Equal(s, []int{c.Frames, c.Rows, c.Cols}):
		c.Weights = FrameWeights
	case slices.Equal(s, []int{c.Rows, c.Cols}), slices.Equal(s, []int{1, c.Rows, c.Cols}):
		c.Weights = SharedWeights
		f.warn("chunk %d has one %d x %d weights for all its frames; ptypy takes such a file wrongly", c.Number, c.Rows, c.Cols)
	case len(s) == 1 && in.Len() == 1:
		return common() // None
	default:
		return fmt.Errorf("shape %v for data of %d x %d x %d", s, c.Frames, c.Rows, c.Cols)
	}
	return d.CheckSources(nil, nil)
}

// loadPositions reads n x 2 positions. A list of None means that they are not known.
func (f *File) loadPositions(c *Chunk) error {
	path := c.group + "/positions"
	kind, err := f.h.Kind(path)
	if errors.Is(err, h5.ErrNotFound) || kind == h5.Group {
		return nil
	}
	if err != nil {
		return err
	}
	d, err := f.h.Dataset(path)
	if err != nil {
		return err
	}
	defer d.Close()
	in := d.Info()
	if !slices.Equal(in.Shape, []int{c.Frames, 2}) {
		if word, err := typeOf(f.h, path); err == nil && word == "None" {
			return nil
		}
		return fmt.Errorf("shape %v for %d frames, expected %d x 2", in.Shape, c.Frames, c.Frames)
	}
	v, err := h5.ReadAll[float64](d)
	if err != nil {
		return err
	}
	c.Positions = make([][2]float64, c.Frames)
	for i := range c.Positions {
		c.Positions[i] = [2]float64{v[2*i], v[2*i+1]}
	}
	return nil
}

// loadIndices reads the numbers of the frames, which no reader needs.
func (f *File) loadIndices(c *Chunk) {
	d, err := f.h.Dataset(c.group + "/indices")
	if err != nil {
		return
	}
	defer d.Close()
	if in := d.Info(); !slices.Equal(in.Shape, []int{c.Frames}) || !in.Type.Pix.IsInteger() {
		f.warn("chunk %d: indices have shape %v for %d frames", c.Number, in.Shape, c.Frames)
		return
	}
	if v, err := h5.ReadAll[int64](d); err == nil {
		c.Indices = v
	}
}
