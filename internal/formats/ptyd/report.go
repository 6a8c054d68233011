package ptyd

import (
	"context"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"

	"golang.org/x/sync/errgroup"

	"ptyprep/internal/formats/h5"
	"ptyprep/internal/formats/h5frames"
	"ptyprep/internal/imgproc"
	"ptyprep/internal/imgproc/pix"
	"ptyprep/internal/scan/problem"
)

// Report is what Inspect finds in a .ptyd. It is made to be written as JSON.
type Report struct {
	File      string        `json:"file"`
	Format    string        `json:"format"`           // "ptyd"
	Layout    string        `json:"layout"`           // "append" or "link"
	SizeBytes int64         `json:"size_bytes"`       // parts included
	Frames    int           `json:"frames"`           // in the chunks that can be read
	Shape     []int         `json:"shape,omitempty"`  // of the frames: rows, columns
	Type      string        `json:"type,omitempty"`   // of the frames of the first chunk
	Meta      any           `json:"meta"`             // as stored
	Chunks    []ChunkReport `json:"chunks"`           //
	Counts    *Counts       `json:"counts,omitempty"` // over all frames that could be read
	Positions *Box          `json:"positions,omitempty"`
	Writer    Provenance    `json:"written_by"`
	Warnings  []string      `json:"warnings,omitempty"`
	Problems  []string      `json:"problems,omitempty"` // why the file is not a whole scan
}

// ChunkReport is one chunk in a Report.
type ChunkReport struct {
	Number      int      `json:"number"`
	Part        string   `json:"part,omitempty"` // file name in link mode
	Frames      int      `json:"frames"`
	Shape       []int    `json:"shape,omitempty"`
	Type        string   `json:"type,omitempty"`
	Filters     []string `json:"filters,omitempty"`
	StoredAs    []int    `json:"hdf5_chunk,omitempty"` // shape of the HDF5 chunks
	Weights     string   `json:"weights,omitempty"`
	Sum         Number   `json:"sum"`                   // over all pixels of all frames
	FrameSums   []Number `json:"frame_sums,omitempty"`  //
	ValidPixels []int    `json:"valid_px,omitempty"`    // of each frame
	Indices     []int64  `json:"indices,omitempty"`     //
	Problem     string   `json:"problem,omitempty"`     // why it cannot be read
	Positions   bool     `json:"has_positions"`         //
	PositionsM  []Point  `json:"positions_m,omitempty"` // (row direction, column direction)
}

// Point is a position in metres: row direction, column direction. Coordinates that are no
// numbers become null.
type Point [2]Number

// Counts sums up the frames.
type Counts struct {
	Sum        Number    `json:"sum"`             // over all pixels, valid or not
	PerFrame   [2]Number `json:"frame_sum_range"` // least and greatest sum of a frame
	Min        Number    `json:"min"`
	Max        Number    `json:"max"`
	Negative   int       `json:"negative_px"`
	NotFinite  int       `json:"not_finite_px"`
	ValidShare Number    `json:"valid_share"` // of all pixels of all frames
}

// Box is the rectangle that the positions lie in, metres.
type Box struct {
	Known int       `json:"known"` // frames with a position
	Rows  [2]Number `json:"rows_m"`
	Cols  [2]Number `json:"cols_m"`
}

// Provenance tells how the file came about, as far as it says.
type Provenance struct {
	Program      string            `json:"program"` // "ptyprep" or "ptypy" ("" when the file does not say)
	Version      string            `json:"version,omitempty"`
	Recipe       string            `json:"recipe,omitempty"`
	RecipeFile   string            `json:"recipe_file,omitempty"`
	Written      string            `json:"written,omitempty"` // time, of ptypy's files
	Inputs       []ProvenanceInput `json:"inputs,omitempty"`
	FromDefaults []string          `json:"assumed_by_default,omitempty"` // of energy, distance and psize
}

// ProvenanceInput is a file that the scan was made of.
type ProvenanceInput struct {
	Path      string `json:"path"`
	SizeBytes int64  `json:"size_bytes"`
	Modified  string `json:"modified"`
}

// Inspect reads a .ptyd whole and reports on it; frames are summed up on all cores. What cannot be
// read is told in the report (Problems, ChunkReport.Problem); the error is for files that are no
// .ptyd at all, and for a cancelled ctx.
func Inspect(ctx context.Context, path string, o h5.OpenOptions) (*Report, error) {
	f, err := Open(path, o)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	r := &Report{File: path, Format: "ptyd", Layout: string(Append), Frames: f.Frames(), Meta: f.meta.Tree.Plain()}
	if err := f.Check(); err != nil {
		r.Problems = append(r.Problems, err.Error())
	}
	r.size(f)
	r.Writer = f.provenance()
	r.Warnings = f.warnings // provenance may add to them
	if err := r.readChunks(ctx, f); err != nil {
		return nil, err
	}
	r.box(f)
	return r, nil
}

// size sums up the sizes of the master and the parts that are there.
func (r *Report) size(f *File) {
	for _, file := range append([]string{f.path}, f.Parts()...) {
		if st, err := os.Stat(file); err == nil {
			r.SizeBytes += st.Size()
		}
	}
}

// readChunks reads every frame.
func (r *Report) readChunks(ctx context.Context, f *File) error {
	total := &Counts{Min: Number(math.Inf(1)), Max: Number(math.Inf(-1)), PerFrame: [2]Number{Number(math.Inf(1)), Number(math.Inf(-1))}}
	pixels, valid, seen := 0, 0, 0
	for i := range f.chunks {
		c := &f.chunks[i]
		if c.Part != "" {
			r.Layout = string(Link)
		}
		if c.Err != nil {
			r.Chunks = append(r.Chunks, ChunkReport{Number: c.Number, Part: partBase(c), Problem: c.Err.Error()})
			continue
		}
		if r.Shape == nil {
			r.Shape, r.Type = []int{c.Rows, c.Cols}, c.TypeDesc
		}
		cr, frames, err := f.readChunk(ctx, c)
		if err != nil {
			return err
		}
		r.Chunks = append(r.Chunks, cr)
		if cr.Problem != "" {
			r.Problems = append(r.Problems, fmt.Sprintf("chunk %d: %s", c.Number, cr.Problem))
			continue
		}
		for k := range frames {
			total.add(&frames[k].Stats)
			valid += frames[k].valid
		}
		pixels += c.Frames * c.Rows * c.Cols
		seen += c.Frames
	}
	if seen > 0 {
		total.ValidShare = Number(float64(valid) / float64(max(pixels, 1)))
		r.Counts = total
	}
	return nil
}

func (t *Counts) add(s *imgproc.Stats) {
	t.Sum += Number(s.Sum)
	t.PerFrame[0], t.PerFrame[1] = min(t.PerFrame[0], Number(s.Sum)), max(t.PerFrame[1], Number(s.Sum))
	if s.Min == s.Min {
		t.Min, t.Max = min(t.Min, Number(s.Min)), max(t.Max, Number(s.Max))
	}
	t.Negative += s.Negative
	t.NotFinite += s.Odd
}

func partBase(c *Chunk) string {
	if c.Part == "" {
		return ""
	}
	return filepath.Base(c.Part)
}

// frameStats is what a frame comes to.
type frameStats struct {
	imgproc.Stats
	valid int
}

// readChunk sums up the frames of a chunk in parallel. Frames that cannot be read are the chunk's
// problem; the error is only that of ctx.
func (f *File) readChunk(ctx context.Context, c *Chunk) (ChunkReport, []frameStats, error) {
	cr := ChunkReport{
		Number: c.Number, Part: partBase(c), Frames: c.Frames, Shape: []int{c.Rows, c.Cols}, Type: c.TypeDesc,
		StoredAs: c.Stored, Weights: c.Weights.String(), Indices: c.Indices, Positions: c.Positions != nil,
	}
	for _, x := range c.Filters {
		cr.Filters = append(cr.Filters, filterName(x))
	}
	for _, p := range c.Positions {
		cr.PositionsM = append(cr.PositionsM, Point{Number(p[0]), Number(p[1])})
	}
	stats := make([]frameStats, c.Frames)
	var next atomic.Int64
	g, gctx := errgroup.WithContext(ctx)
	for range min(runtime.GOMAXPROCS(0), c.Frames) {
		g.Go(func() error {
			var s h5frames.Scratch
			defer s.Close()
			var im, w pix.Image
			for gctx.Err() == nil {
				k := int(next.Add(1)) - 1
				if k >= c.Frames {
					return nil
				}
				if err := f.frame(c, k, &im, &w, &s, &stats[k]); err != nil {
					return problem.Inputf("frame %d", k).Because(err)
				}
			}
			return nil
		})
	}
	err := g.Wait()
	switch {
	case ctx.Err() != nil:
		return cr, nil, context.Cause(ctx)
	case err != nil:
		cr.Problem = err.Error()
		return cr, nil, nil
	}
	sum := 0.0
	for _, s := range stats {
		cr.FrameSums = append(cr.FrameSums, Number(s.Sum))
		cr.ValidPixels = append(cr.ValidPixels, s.valid)
		sum += s.Sum
	}
	cr.Sum = Number(sum)
	return cr, stats, nil
}

// frame sums up frame k of c; im and w are its scratch images.
func (f *File) frame(c *Chunk, k int, im, w *pix.Image, s *h5frames.Scratch, out *frameStats) error {
	whole := imgproc.Whole(c.Rows, c.Cols)
	if err := f.ReadFrame(c, k, whole, im, s); err != nil {
		return err
	}
	out.Stats = imgproc.StatsOf(im)
	out.valid = im.Len()
	stored, err := f.ReadWeights(c, k, whole, w, s)
	if err != nil {
		return fmt.Errorf("weights: %w", err)
	}
	if stored {
		mask := im.Bytes[:0] // the frame is done with
		if cap(mask) < w.Len() {
			mask = make([]byte, w.Len())
		}
		mask = mask[:w.Len()]
		imgproc.MaskInto(mask, w, false)
		out.valid = imgproc.CountSet(mask)
	}
	return nil
}

func filterName(x h5.FilterInfo) string {
	name := x.Name
	if name == "" {
		name = fmt.Sprintf("filter %d", x.ID)
	}
	if !x.Available {
		name += " (not available here)"
	}
	return name
}

// box is the rectangle of all positions.
func (r *Report) box(f *File) {
	b := &Box{}
	inf := Number(math.Inf(1))
	b.Rows, b.Cols = [2]Number{inf, -inf}, [2]Number{inf, -inf}
	for i := range f.chunks {
		for _, p := range f.chunks[i].Positions {
			b.Known++
			b.Rows = [2]Number{min(b.Rows[0], Number(p[0])), max(b.Rows[1], Number(p[0]))}
			b.Cols = [2]Number{min(b.Cols[0], Number(p[1])), max(b.Cols[1], Number(p[1]))}
		}
	}
	if b.Known > 0 {
		r.Positions = b
	}
}

// provenance finds out what the file says about its making.
func (f *File) provenance() Provenance {
	p := Provenance{Written: f.root.written}
	info, err := f.Info()
	if err != nil {
		f.warn("the group info cannot be read: %v", err)
		return p
	}
	own, ok := info.Get("ptyprep")
	if !ok {
		if f.root.version != "" {
			p.Program = "ptypy"
		}
		p.Recipe = info.Text("name")
		return p
	}
	p.Program, p.Version, p.Recipe, p.RecipeFile = "ptyprep", own.Text("version"), own.Text("recipe"), own.Text("recipe_file")
	inputs, _ := own.Get("inputs")
	for _, e := range inputs.Items {
		size := int64(0)
		if n, ok := e.Node.Get("size_bytes"); ok {
			size, _ = n.Value.(int64)
		}
		p.Inputs = append(p.Inputs, ProvenanceInput{Path: e.Node.Text("path"), SizeBytes: size, Modified: e.Node.Text("modified")})
	}
	assumed, _ := own.Get("resolved", "assumed_by_default")
	for _, e := range assumed.Items {
		p.FromDefaults = append(p.FromDefaults, e.Node.Text())
	}
	return p
}

// WriteText writes the report for people.
func (r *Report) WriteText(w io.Writer) error {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: .ptyd (%s), %d frames", r.File, r.Layout, r.Frames)
	if r.Shape != nil {
		fmt.Fprintf(&b, " of %d x %d %s", r.Shape[0], r.Shape[1], r.Type)
	}
	fmt.Fprintf(&b, " in %s, %s\n", plural(len(r.Chunks), "chunk"), sizeText(r.SizeBytes))
	r.writeWriter(&b)
	r.writeMeta(&b)
	r.writeCounts(&b)
	r.writeChunks(&b)
	for _, s := range r.Warnings {
		fmt.Fprintf(&b, "  warning    %s\n", s)
	}
	for _, s := range r.Problems {
		fmt.Fprintf(&b, "  PROBLEM    %s\n", s)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func plural(n int, word string) string {
	if n == 1 {
		return "1 " + word
	}
	return fmt.Sprintf("%d %ss", n, word)
}

func (r *Report) writeWriter(b *strings.Builder) {
	p := &r.Writer
	if p.Program == "" {
		return
	}
	fmt.Fprintf(b, "  written by %s", p.Program)
	if p.Version != "" {
		fmt.Fprintf(b, " %s", p.Version)
	}
	if p.Recipe != "" {
		fmt.Fprintf(b, ", recipe %s", p.Recipe)
	}
	if p.RecipeFile != "" {
		fmt.Fprintf(b, " (%s)", p.RecipeFile)
	}
	if p.Written != "" {
		fmt.Fprintf(b, ", %s", p.Written)
	}
	b.WriteByte('\n')
	const most = 4
	for i, in := range p.Inputs {
		if i == most {
			fmt.Fprintf(b, "  input      and %d more\n", len(p.Inputs)-most)
			break
		}
		fmt.Fprintf(b, "  input      %s, %s of %s\n", in.Path, sizeText(in.SizeBytes), in.Modified)
	}
}

// metaUnits are the units of meta's numbers, in the order in which they are written.
var metaUnits = []struct{ key, unit string }{
	{"label", ""}, {"num_frames", ""}, {"shape", "px (rows, columns)"}, {"center", "px (row, column)"}, {"psize", "m"},
	{"energy", "keV"}, {"distance", "m"}, {"version", ""},
}

func (r *Report) writeMeta(b *strings.Builder) {
	meta, _ := r.Meta.(map[string]any)
	seen := map[string]bool{}
	for _, m := range metaUnits {
		v, ok := meta[m.key]
		seen[m.key] = true
		switch {
		case !ok:
			fmt.Fprintf(b, "  %-10s missing\n", m.key)
		case v == nil:
			fmt.Fprintf(b, "  %-10s none\n", m.key)
		default:
			fmt.Fprintf(b, "  %-10s %s\n", m.key, strings.TrimSpace(plainText(v)+" "+m.unit))
		}
	}
	var more []string
	for k := range meta {
		if !seen[k] {
			more = append(more, k)
		}
	}
	if len(more) > 0 {
		fmt.Fprintf(b, "  also in meta: %s\n", strings.Join(slices.Sorted(slices.Values(more)), ", "))
	}
}

// plainText writes a value of Node.Plain for people.
func plainText(v any) string {
	switch x := v.(type) {
	case []any:
		s := make([]string, len(x))
		for i, e := range x {
			s[i] = plainText(e)
		}
		return "(" + strings.Join(s, ", ") + ")"
	case Number:
		return fmt.Sprintf("%.10g", float64(x))
	}
	return fmt.Sprint(v)
}

func (r *Report) writeCounts(b *strings.Builder) {
	if p := r.Positions; p != nil {
		fmt.Fprintf(b, "  positions  rows %.6g .. %.6g m, columns %.6g .. %.6g m\n", p.Rows[0], p.Rows[1], p.Cols[0], p.Cols[1])
		if p.Known < r.Frames {
			fmt.Fprintf(b, "             known of %d frames only\n", p.Known)
		}
	} else {
		b.WriteString("  positions  not known\n")
	}
	c := r.Counts
	if c == nil {
		return
	}
	fmt.Fprintf(b, "  counts     sum %s, a frame %s .. %s, a pixel %s .. %s\n", figure(c.Sum), figure(c.PerFrame[0]), figure(c.PerFrame[1]), figure(c.Min), figure(c.Max))
	fmt.Fprintf(b, "  valid      %.2f %% of the pixels", 100*float64(c.ValidShare))
	if c.Negative > 0 {
		fmt.Fprintf(b, "; %d negative", c.Negative)
	}
	if c.NotFinite > 0 {
		fmt.Fprintf(b, "; %d NaN or infinite", c.NotFinite)
	}
	b.WriteByte('\n')
}

// figure writes a count: whole numbers in full, others with six digits.
func figure(x Number) string {
	if f := float64(x); f == math.Trunc(f) && math.Abs(f) < 1<<53 {
		return fmt.Sprintf("%.0f", f)
	}
	return fmt.Sprintf("%.6g", float64(x))
}

func (r *Report) writeChunks(b *strings.Builder) {
	const most = 20
	first := 0
	for i := range r.Chunks {
		c := &r.Chunks[i]
		if i == most && len(r.Chunks) > most+1 {
			fmt.Fprintf(b, "  and %d more chunks\n", len(r.Chunks)-most)
			return
		}
		fmt.Fprintf(b, "  chunk %-4d ", c.Number)
		if c.Part != "" {
			fmt.Fprintf(b, "%s: ", c.Part)
		}
		if c.Problem != "" {
			fmt.Fprintf(b, "%s\n", c.Problem)
			first += c.Frames
			continue
		}
		storage := "contiguous"
		if c.StoredAs != nil {
			storage = strings.Join(append([]string{"chunks of " + dims(c.StoredAs)}, c.Filters...), " + ")
		}
		fmt.Fprintf(b, "frames %d..%d, %s, %s, weights %s, sum %s\n", first, first+c.Frames-1, c.Type, storage, c.Weights, figure(c.Sum))
		first += c.Frames
	}
}

func dims(n []int) string {
	s := make([]string, len(n))
	for i, x := range n {
		s[i] = fmt.Sprint(x)
	}
	return strings.Join(s, " x ")
}
