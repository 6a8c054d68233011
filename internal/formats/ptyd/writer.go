package ptyd

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"

	"ptyprep/internal/formats/atomicfile"
	"ptyprep/internal/formats/codec"
	"ptyprep/internal/formats/h5"
	"ptyprep/internal/imgproc/pix"
	"ptyprep/internal/scan"
	"ptyprep/internal/scan/problem"
)

// h5rwVersion is the attribute by which ptypy marks the way values are stored.
const h5rwVersion = "0.1"

// Options say what a Writer writes and how.
type Options struct {
	Path string // of the .ptyd; a symbolic link is followed
	Mode Mode   // "" is Append
	// Compression of the frames; Kind codec.Auto lets the first frames decide.
	Compression codec.Compression
	Checksum    bool // fletcher32 behind each frame and mask
	// Info gives the tree to store under info; nil: an empty one.
	Info      func(*scan.Plan) Node
	Overwrite bool // an existing file may be replaced
	Backup    bool // existing files are moved into <Path>.bak1
}

// Writer writes a .ptyd. It is a scan.Sink.
//
// Everything goes into temporary files beside the output; Finish checks them, brings them to
// the disk and renames them. Until then what stands under the output's name is not touched.
type Writer struct {
	opt   Options
	plan  *scan.Plan
	files *atomicfile.Set

	master *h5.File
	block  block // the chunk being written

	frames codec.Compression // of data
	masks  codec.Compression // of weights
	common []byte            // the plan's mask, compressed

	done  int   // frames written
	bytes int64 // compressed bytes of frames and masks written

	mu   sync.Mutex
	idle []*codec.Scratch // compressors that no goroutine uses, the one used last at the end
}

var _ scan.Sink = (*Writer)(nil)

// block is one chunk of the .ptyd on its way to the file.
type block struct {
	number, first, n int
	file             *h5.File // the part in link mode, else the master
	data, weights    *h5.Dataset
	at               [3]int
}

// NewWriter makes a Writer. Nothing is touched before Start.
func NewWriter(o Options) *Writer {
	if o.Mode == "" {
		o.Mode = Append
	}
	return &Writer{opt: o}
}

// Compression is how frames are compressed; known after Sample.
func (w *Writer) Compression() codec.Compression { return w.frames }

// BytesWritten is the compressed size of the frames and masks written so far.
func (w *Writer) BytesWritten() int64 { return w.bytes }

// Start makes the file and writes info and meta.
func (w *Writer) Start(p *scan.Plan) error {
	o := &w.opt
	if err := CheckOutput(o.Path, o.Mode, o.Overwrite, o.Backup); err != nil {
		return err
	}
	w.plan = p
	return w.writeProblem(w.start())
}

func (w *Writer) start() (err error) {
	if w.files, err = atomicfile.Begin(w.opt.Path); err != nil {
		return err
	}
	w.block.number = -1
	if w.master, err = h5.Create(w.files.Temp("")); err != nil {
		return err
	}
	f := w.master
	if err := f.SetAttr("/", "h5rw_version", h5rwVersion); err != nil {
		return err
	}
	if err := writeNode(f, "/chunks", Node{Kind: Dict}); err != nil {
		return err
	}
	if err := writeNode(f, "/meta", metaNode(&w.plan.Meta)); err != nil {
		return err
	}
	info := Node{Kind: Dict}
	if w.opt.Info != nil {
		info.Items = w.opt.Info(w.plan).Items
	}
	return writeNode(f, "/info", info)
}

// metaNode is the group meta.
func metaNode(m *scan.Meta) Node {
	label := Node{}
	if m.Label != nil {
		label = NodeOf(*m.Label)
	}
	return Node{Kind: Dict, Items: []Entry{
		{"version", NodeOf(m.Version)}, {"num_frames", NodeOf(m.NumFrames)}, {"label", label},
		{"shape", NodeOf(m.Shape)}, {"psize", NodeOf(m.PSizeM)}, {"energy", NodeOf(m.EnergyKeV)},
		{"center", NodeOf(m.Center)}, {"distance", NodeOf(m.DistanceM)},
	}}
}

// maskLevel is the deflate level of weights: they are nearly all ones, so that a level which
// looks for long repeats costs little and saves much.
const maskLevel = 4

// Sample chooses the compression.
func (w *Writer) Sample(frames []*scan.Frame) error {
	w.frames = w.opt.Compression
	size := w.plan.Type.Size()
	if w.frames.Kind == codec.Auto {
		samples := make([][]byte, len(frames))
		for i, f := range frames {
			samples[i] = f.Pix.Bytes
		}
		w.frames = codec.Choose(samples, size)
	}
	w.masks = codec.Compression{Kind: codec.Deflate, Level: maskLevel}
	if w.frames.NeedsPlugin() != "" {
		w.masks.Kind, w.masks.Level = w.frames.Kind, w.frames.Level
	}
	w.frames.Checksum = w.frames.Checksum || w.opt.Checksum
	w.masks.Checksum = w.frames.Checksum
	mask := w.plan.Mask
	if mask == nil {
		mask = make([]byte, w.plan.Rows*w.plan.Cols)
		for i := range mask {
			mask[i] = 1
		}
	}
	var s codec.Scratch
	defer s.Close()
	common, err := w.masks.Encode(nil, mask, 1, &s)
	if err != nil {
		return problem.Internalf("output %s: the mask cannot be compressed", w.opt.Path).Because(err)
	}
	w.common = common
	return nil
}

// packed is what Encode makes of a frame. It is used for one scan frame after the other.
type packed struct {
	data   []byte
	mask   []byte // nil: the common mask
	buffer []byte // memory of mask
	plain  []byte // the mask that buffer holds compressed
}

// compressor lends a compressor: as many are made as goroutines encode at the same time, and
// the one that was used last, whose tables are in the cache, goes first.
func (w *Writer) compressor() *codec.Scratch {
	w.mu.Lock()
	defer w.mu.Unlock()
	n := len(w.idle)
	if n == 0 {
		return new(codec.Scratch)
	}
	c := w.idle[n-1]
	w.idle = w.idle[:n-1]
	return c
}

func (w *Writer) giveBack(c *codec.Scratch) {
	w.mu.Lock()
	w.idle = append(w.idle, c)
	w.mu.Unlock()
}

// Encode compresses a frame and its mask. It may be called from many goroutines.
func (w *Writer) Encode(f *scan.Frame) error {
	s, ok := f.Out.(*packed)
	if !ok {
		s = new(packed)
		f.Out = s
	}
	c := w.compressor()
	defer w.giveBack(c)
	if want := w.plan.Rows * w.plan.Cols * w.plan.Type.Size(); len(f.Pix.Bytes) != want {
		return fmt.Errorf("ptyd: frame %d has %d bytes, %d planned", f.Index, len(f.Pix.Bytes), want)
	}
	var err error
	if s.data, err = w.frames.Encode(s.data[:0], f.Pix.Bytes, w.plan.Type.Size(), c); err != nil {
		return fmt.Errorf("ptyd: frame %d: %w", f.Index, err)
	}
	s.mask = nil
	if f.Mask == nil || string(f.Mask) == string(w.plan.Mask) {
		return nil
	}
	// Masks of neighbouring frames are mostly the same; comparing is cheaper than compressing.
	if string(f.Mask) != string(s.plain) {
		s.plain = append(s.plain[:0], f.Mask...)
		if s.buffer, err = w.masks.Encode(s.buffer[:0], f.Mask, 1, c); err != nil {
			return fmt.Errorf("ptyd: mask of frame %d: %w", f.Index, err)
		}
	}
	s.mask = s.buffer
	return nil
}

// Write stores a frame that Encode packed.
func (w *Writer) Write(index int, out any) error { return w.writeProblem(w.write(index, out)) }

func (w *Writer) write(index int, out any) error {
	if index != w.done {
		return fmt.Errorf("ptyd: frame %d comes where %d is due", index, w.done)
	}
	if w.block.data == nil {
		if err := w.nextBlock(); err != nil {
			return err
		}
	}
	s, b := out.(*packed), &w.block
	mask := s.mask
	if mask == nil {
		mask = w.common
	}
	b.at[0] = index - b.first
	if err := b.data.WriteChunk(b.at[:], 0, s.data); err != nil {
		return err
	}
	if err := b.weights.WriteChunk(b.at[:], 0, mask); err != nil {
		return err
	}
	w.bytes += int64(len(s.data) + len(mask))
	if w.done++; w.done == b.first+b.n {
		return w.endBlock()
	}
	return nil
}

// blocks is the number of frames of each chunk.
func (w *Writer) blocks() []int {
	if w.opt.Mode == Merge {
		return []int{w.plan.Frames}
	}
	return w.plan.Blocks
}

// nextBlock makes the datasets of the next chunk at their full size.
func (w *Writer) nextBlock() error {
	b := &w.block
	blocks := w.blocks()
	if b.number+1 >= len(blocks) {
		return fmt.Errorf("ptyd: more frames than the chunks %v hold", blocks)
	}
	b.number, b.first = b.number+1, b.first+b.n
	b.n = blocks[b.number]
	group := "/chunks/" + strconv.Itoa(b.number)
	b.file = w.master
	if w.opt.Mode == Link {
		var err error
		if b.file, err = w.newPart(b.number); err != nil {
			return err
		}
		part := filepath.Base(w.files.Target()) + partSuffix(b.number)
		if err := w.master.ExternalLink(group, part, "/"); err != nil {
			return err
		}
		group = ""
	} else if err := writeNode(w.master, group, Node{Kind: Dict}); err != nil {
		return err
	}
	p := w.plan
	size := p.Rows * p.Cols
	var err error
	if b.data, err = createFrames(b.file, group+"/data", p.Type, []int{b.n, p.Rows, p.Cols}, w.frames.Filters(p.Type.Size(), size)); err != nil {
		return err
	}
	if b.weights, err = createFrames(b.file, group+"/weights", pix.Uint8, []int{b.n, p.Rows, p.Cols}, w.masks.Filters(1, size)); err != nil {
		return err
	}
	if err := writeNode(b.file, group+"/positions", w.positions(b.first, b.n)); err != nil {
		return err
	}
	indices := make([]int64, b.n)
	for i := range indices {
		indices[i] = int64(b.first + i)
	}
	return writeNode(b.file, group+"/indices", Node{Kind: ArrayList, Value: indices, Shape: []int{b.n}})
}

func (w *Writer) newPart(k int) (*h5.File, error) {
	f, err := h5.Create(w.files.Temp(partSuffix(k)))
	if err != nil {
		return nil, err
	}
	return f, f.SetAttr("/", "h5rw_version", h5rwVersion)
}

// positions are those of a chunk; where none are known, a list of None.
func (w *Writer) positions(first, n int) Node {
	if w.plan.Positions != nil {
		return NodeOf(w.plan.Positions[first : first+n])
	}
	return Node{Kind: List, Items: make([]Entry, n)}
}

func createFrames(f *h5.File, path string, t pix.Type, shape []int, filters []codec.Filter) (*h5.Dataset, error) {
	spec := h5.FramesSpec{Type: t, Shape: shape}
	for _, c := range filters {
		spec.Filters = append(spec.Filters, h5.FilterSpec{ID: c.ID, Params: c.Params, Optional: c.Optional})
	}
	d, err := f.CreateFrames(path, spec)
	if err != nil {
		return nil, err
	}
	return d, f.SetAttr(path, typeAttr, Array.String())
}

// endBlock closes a chunk's datasets, and its part in link mode.
func (w *Writer) endBlock() error {
	b := &w.block
	err := errors.Join(b.data.Close(), b.weights.Close())
	b.data, b.weights = nil, nil
	if b.file != w.master {
		err = errors.Join(err, b.file.Close())
		b.file = nil
	}
	return err
}

// Finish closes the files, opens them again to see that all frames are there, and puts them in
// place.
func (w *Writer) Finish() error { return w.writeProblem(w.finish()) }

func (w *Writer) finish() error {
	if w.done != w.plan.Frames {
		return fmt.Errorf("ptyd: %d of %d frames written", w.done, w.plan.Frames)
	}
	f := w.master
	w.master = nil
	if err := f.Close(); err != nil {
		return err
	}
	w.files.BeginSync() // meanwhile
	if err := w.verify(); err != nil {
		return err
	}
	policy := atomicfile.Refuse
	var replaced []string
	switch {
	case w.opt.Backup:
		policy = atomicfile.Backup
	case w.opt.Overwrite:
		policy = atomicfile.Replace
		replaced = linkedParts(w.files.Target())
	}
	if err := w.files.Commit(policy, oldFiles); err != nil {
		return err
	}
	for _, p := range replaced {
		os.Remove(p)
	}
	w.closeScratch()
	return nil
}

// linkedParts are the parts beside a master that its links name, its own parts: they are of
// no use without it.
func linkedParts(master string) []string {
	f, err := h5.Open(master, h5.OpenOptions{NoLock: true})
	if err != nil {
		return nil // not there, or no .ptyd
	}
	defer f.Close()
	entries, err := f.List("/chunks")
	if err != nil {
		return nil
	}
	var parts []string
	for _, e := range entries {
		rest, ok := strings.CutPrefix(filepath.Base(e.TargetFile), filepath.Base(master))
		if e.Link == h5.External && ok && partName.MatchString(rest) {
			parts = append(parts, master+rest)
		}
	}
	return parts
}

// Abort removes what has been written. The output's name was not touched.
func (w *Writer) Abort() {
	if w.block.file != nil && w.block.file != w.master {
		w.block.file.Close()
	}
	if w.master != nil {
		w.master.Close()
	}
	w.block, w.master = block{}, nil
	if w.files != nil {
		w.files.Abort()
	}
	w.closeScratch()
}

// closeScratch gives back the memory of the compressors.
func (w *Writer) closeScratch() {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, c := range w.idle {
		c.Close()
	}
	w.idle = nil
}

// verify opens the temporary files and looks for every frame of every chunk.
func (w *Writer) verify() error {
	f, err := h5.Open(w.files.Temp(""), h5.OpenOptions{})
	if err != nil {
		return err
	}
	defer f.Close()
	blocks := w.blocks()
	names, err := f.List("/chunks")
	if err != nil {
		return err
	}
	if len(names) != len(blocks) {
		return fmt.Errorf("ptyd: read back %d chunks, wrote %d", len(names), len(blocks))
	}
	for k, n := range blocks {
		if w.opt.Mode != Link {
			if err := w.verifyBlock(f, "/chunks/"+strconv.Itoa(k), n); err != nil {
				return err
			}
			continue
		}
		part, err := h5.Open(w.files.Temp(partSuffix(k)), h5.OpenOptions{})
		if err != nil {
			return err
		}
		if err := errors.Join(w.verifyBlock(part, "", n), part.Close()); err != nil {
			return err
		}
	}
	return nil
}

func (w *Writer) verifyBlock(f *h5.File, group string, n int) error {
	for _, name := range []string{"data", "weights"} {
		d, err := f.Dataset(group + "/" + name)
		if err != nil {
			return err
		}
		stored, err := d.NumChunks()
		in := d.Info()
		d.Close()
		if err != nil {
			return err
		}
		if stored != n || len(in.Shape) != 3 || in.Shape[0] != n || in.Shape[1] != w.plan.Rows || in.Shape[2] != w.plan.Cols {
			return fmt.Errorf("ptyd: read back %d frames of shape %v in %s/%s, wrote %d of %d x %d", stored, in.Shape, group, name, n, w.plan.Rows, w.plan.Cols)
		}
	}
	return nil
}

// Size is the number of bytes on the disk of the output, parts included; known after Finish.
func (w *Writer) Size() (int64, error) {
	st, err := os.Stat(w.opt.Path)
	if err != nil {
		return 0, err
	}
	total := st.Size()
	if w.opt.Mode == Link {
		for k := range w.plan.Blocks {
			p, err := os.Stat(w.files.Target() + partSuffix(k))
			if err != nil {
				return 0, err
			}
			total += p.Size()
		}
	}
	return total, nil
}
