package h5

// #include "door.h"
import "C"

import (
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// MissingError says that part of a selection was never written, or stands in a file or
// dataset that is not there. libhdf5 would give fill values (zeros) without a word.
type MissingError struct {
	File, Path string // the dataset that was asked for
	What       string // the first missing piece: "source file x.h5: no such file", "chunk [3 0 0] was never written"
	First      []int  // the first missing element, in the dataset's coordinates
	Count      int    // missing pieces: chunks, or sources of a virtual dataset
	Frames     int    // frames (entries of all dimensions but the last two) of the selection that miss something
}

// Error gives the text.
func (e *MissingError) Error() string {
	s := fmt.Sprintf("h5: %s:%s: %s (first missing element %v", e.File, e.Path, e.What, e.First)
	if e.Count > 1 {
		s += fmt.Sprintf(", %d pieces", e.Count)
	}
	if e.Frames > 1 {
		s += fmt.Sprintf(", %d frames", e.Frames)
	}
	return s + ")"
}

// CheckSources looks whether everything in a box (nil, nil: everything) is there: chunks and
// contiguous storage that were written, external raw files that exist and are long enough,
// and for a virtual dataset the files and datasets of all mappings that touch the box, and
// the same in those, to any depth. Frames of a virtual dataset that no mapping touches, as
// those behind the end of an aborted scan, are missing too; parts of a frame (the gaps between
// the modules of a detector) are not. The error is a *MissingError, or an *Error when looking
// fails.
func (d *Dataset) CheckSources(off, count []int) error {
	enter()
	defer leave()
	if d.h == nil {
		return ErrClosed
	}
	if d.info.Null {
		return nil
	}
	if _, err := d.box("check", off, count); err != nil {
		return err
	}
	if err := d.fresh(); err != nil {
		return err
	}
	if off == nil {
		off, count = make([]int, len(d.info.Shape)), d.info.Shape
	}
	c := checker{}
	defer c.close()
	r := newReport(off, count)
	if err := c.look(d, off, count, 0, r.add); err != nil {
		return err
	}
	if r.first == nil {
		return nil
	}
	return &MissingError{File: d.f.path, Path: d.info.Path, What: r.what, First: r.first, Count: r.pieces, Frames: r.frames()}
}

// gap is a box that is missing, in the coordinates of the dataset being looked at.
type gap struct {
	lo, n  []int
	what   string
	pieces int
}

// maxTracked bounds the frames that are told apart, a byte each.
const maxTracked = 1 << 28

// report collects gaps of a box.
type report struct {
	off, count []int
	lead       int    // number of dimensions that number the frames
	missing    []bool // by frame; nil when there are too many
	first      []int
	what       string
	pieces     int
}

func newReport(off, count []int) *report {
	r := &report{off: off, count: count, lead: max(0, len(off)-2)}
	if n, ok := product(count[:r.lead]); ok && n <= maxTracked {
		r.missing = make([]bool, n)
	}
	return r
}

// add takes a gap; what of it lies outside the box does not count.
func (r *report) add(g gap) {
	lo, n := make([]int, len(g.lo)), make([]int, len(g.lo))
	for i := range lo {
		lo[i] = max(g.lo[i], r.off[i])
		n[i] = min(g.lo[i]+g.n[i], r.off[i]+r.count[i]) - lo[i]
		if n[i] <= 0 {
			return
		}
	}
	r.pieces += g.pieces
	if r.first == nil || slices.Compare(lo, r.first) < 0 {
		r.first, r.what = lo, g.what
	}
	if r.missing != nil {
		r.mark(lo, n, 0, 0)
	}
}

// mark walks over the leading coordinates of a box.
func (r *report) mark(lo, n []int, dim, index int) {
	if dim == r.lead {
		r.missing[index] = true
		return
	}
	for k := range n[dim] {
		r.mark(lo, n, dim+1, index*r.count[dim]+lo[dim]-r.off[dim]+k)
	}
}

func (r *report) frames() int {
	n := 0
	for _, m := range r.missing {
		if m {
			n++
		}
	}
	return n
}

// checker looks for gaps. It keeps the last source file open, since mappings come by file.
type checker struct {
	name string // as resolved
	file *File
}

func (c *checker) close() {
	if c.file != nil {
		c.file.close()
		c.file = nil
	}
}

// maxNesting bounds virtual datasets of virtual datasets.
const maxNesting = 16

func (c *checker) look(d *Dataset, off, count []int, depth int, add func(gap)) error {
	if n, _ := product(count); n == 0 {
		return nil
	}
	in := d.info
	switch {
	case depth > maxNesting:
		return refuse(Damaged, "check", d.f.path, in.Path, "virtual datasets are nested more than %d deep", maxNesting)
	case in.Layout == Virtual:
		return c.virtual(d, off, count, depth, add)
	case len(in.External) > 0:
		d.externalGaps(off, count, add)
	case in.Layout == Chunked:
		return d.chunkGaps(off, count, add)
	case in.Layout == Contiguous:
		var st C.H5D_space_status_t
		if C.H5Dget_space_status(hid(d.h), &st) < 0 {
			return fail("check", d.f.path, in.Path)
		}
		if st == C.H5D_SPACE_STATUS_NOT_ALLOCATED {
			add(gap{off, count, "it was created but never written", 1})
		}
	}
	return nil
}

// ---- chunks

// maxProbes bounds the chunks that are looked at one by one, some seconds' worth.
const maxProbes = 2 << 20

// chunkGaps compares the number of stored chunks with what there should be (one walk through
// the index) and looks at single chunks only when they differ.
func (d *Dataset) chunkGaps(off, count []int, add func(gap)) error {
	in, rank := d.info, len(off)
	if rank == 0 {
		return nil
	}
	expected, selected := 1, 1
	lo, hi, at := &scratch[0], &scratch[1], &scratch[2]
	for i := range off {
		a, b := off[i]/in.Chunk[i], (off[i]+count[i]-1)/in.Chunk[i]
		lo[i], hi[i], at[i] = C.hsize_t(a), C.hsize_t(b), C.hsize_t(a)
		selected = saturate(selected, b-a+1)
		expected = saturate(expected, (in.Shape[i]+in.Chunk[i]-1)/in.Chunk[i])
	}
	stored := -1
	if selected > 64 {
		n, err := d.numChunks() // uses scratch[1]
		if err != nil {
			return err
		}
		if n == expected {
			return nil
		}
		if n == 0 {
			add(gap{off, count, "none of its chunks was ever written", selected})
			return nil
		}
		stored = n
		for i := range off {
			hi[i] = C.hsize_t((off[i] + count[i] - 1) / in.Chunk[i])
		}
	}
	chunk := coords(3, in.Chunk)
	for range maxProbes {
		switch C.h5_missing_chunk(hid(d.h), C.int(rank), chunk, &lo[0], &hi[0], &at[0]) {
		case 0:
			return nil
		case 1:
			g := gap{lo: make([]int, rank), n: in.Chunk, pieces: 1}
			for i := range g.lo {
				g.lo[i] = int(at[i]) * in.Chunk[i]
			}
			g.what = fmt.Sprintf("the chunk at %v was never written", g.lo)
			if selected > maxProbes && stored >= 0 {
				g.pieces = selected - stored // at least; all of them would take too long
				add(g)
				return nil
			}
			add(g)
			if C.h5_next_chunk(C.int(rank), &lo[0], &hi[0], &at[0]) == 0 {
				return nil
			}
		default:
			return fail("check", d.f.path, in.Path)
		}
	}
	return nil
}

// saturate multiplies and stays at the largest number.
func saturate(a, b int) int {
	if n, ok := product([]int{a, b}); ok {
		return n
	}
	return math.MaxInt
}

// ---- external raw storage

// externalGaps checks that the files of external storage are there and long enough. The rows
// (entries of the first dimension) that a gap touches are missing.
func (d *Dataset) externalGaps(off, count []int, add func(gap)) {
	rowBytes := d.info.Type.Size
	for _, n := range d.info.Shape[min(1, len(off)):] {
		rowBytes *= n
	}
	first, last := 0, 1 // rows
	if len(off) > 0 {
		first, last = off[0], off[0]+count[0]
	}
	pos := 0 // of this piece in the dataset, bytes
	for _, e := range d.info.External {
		size := int(e.Size)
		if size < 0 || size > math.MaxInt-pos {
			size = math.MaxInt - pos
		}
		lo, hi := max(pos, first*rowBytes), min(pos+size, last*rowBytes)
		if lo < hi {
			name := d.externalPath(e.Name)
			have := pos // bytes of the dataset up to which this file reaches
			what := fmt.Sprintf("external file %s: no such file", name)
			if st, err := os.Stat(name); err == nil {
				have = pos + max(0, int(st.Size()-e.Offset))
				what = fmt.Sprintf("external file %s is too short: %d bytes, %d needed", name, st.Size(), int(e.Offset)+hi-pos)
			}
			if have < hi {
				add(rowGap(off, count, max(lo, have)/rowBytes, (hi-1)/rowBytes+1, what))
			}
		}
		pos += size
	}
}

// rowGap is the part of a box from row a up to row b of the first dimension.
func rowGap(off, count []int, a, b int, what string) gap {
	g := gap{ints(off), ints(count), what, 1}
	if len(off) > 0 {
		g.lo[0], g.n[0] = a, b-a
	}
	return g
}

// externalPath is where libhdf5 looks for a file of external storage: relative names from the
// working directory, unless HDF5_EXTFILE_PREFIX or the dataset's own prefix says otherwise.
func (d *Dataset) externalPath(name string) string {
	if filepath.IsAbs(name) {
		return name
	}
	if p := os.Getenv("HDF5_EXTFILE_PREFIX"); p != "" && p != "." {
		return filepath.Join(strings.ReplaceAll(p, "${ORIGIN}", filepath.Dir(d.file())), name)
	}
	if d.beside {
		return filepath.Join(filepath.Dir(d.file()), name)
	}
	return name
}

// ---- virtual datasets

// axis is a regular selection along one dimension: count blocks of block elements, the k-th
// beginning at start + k*stride.
type axis struct {
	start, stride, count, block int
	unlimited                   bool
}

func (a axis) len() int { return a.count * a.block }

// contiguous says that there is no hole between the elements.
func (a axis) contiguous() bool { return a.count <= 1 || a.stride == a.block }

// at is the coordinate of the i-th element.
func (a axis) at(i int) int { return a.start + i/a.block*a.stride + i%a.block }

// below is the number of elements with a coordinate less than x.
func (a axis) below(x int) int {
	if x <= a.start {
		return 0
	}
	q, r := (x-a.start)/a.stride, (x-a.start)%a.stride
	if q >= a.count {
		return a.len()
	}
	return q*a.block + min(r, a.block)
}

// selection is the product of its axes, or irregular.
type selection struct {
	dims      []axis
	irregular bool
	all       bool // everything, of a data space whose shape is not known (dims is nil)
}

// box says that the selection is a box of known size.
func (s selection) box() bool {
	for _, a := range s.dims {
		if a.unlimited || !a.contiguous() {
			return false
		}
	}
	return !s.irregular && s.dims != nil
}

func readSelection(space C.hid_t) selection {
	var v [4][C.H5_MAXRANK]C.hsize_t
	switch C.h5_regular(space, &v[0][0], &v[1][0], &v[2][0], &v[3][0]) {
	case 0:
		return selection{}
	case 1:
		s := selection{dims: make([]axis, int(C.H5Sget_simple_extent_ndims(space)))}
		for i := range s.dims {
			s.dims[i] = axisOf(uint64(v[0][i]), uint64(v[1][i]), uint64(v[2][i]), uint64(v[3][i]))
		}
		return s
	case 2:
		n := int(C.H5Sget_simple_extent_dims(space, &v[0][0], nil))
		if n <= 0 {
			return selection{all: true}
		}
		s := selection{dims: make([]axis, n)}
		for i := range s.dims {
			s.dims[i] = axisOf(0, 1, 1, uint64(v[0][i]))
		}
		return s
	}
	return selection{irregular: true}
}

// axisOf keeps unlimited counts and blocks small enough to be multiplied.
func axisOf(start, stride, count, block uint64) axis {
	const many = 1 << 31
	a := axis{start: int(min(start, 1<<40)), stride: int(max(1, min(stride, 1<<40)))}
	a.unlimited = count == math.MaxUint64 || block == math.MaxUint64
	a.count, a.block = int(min(count, many)), int(max(1, min(block, many)))
	if a.count == 1 {
		a.stride = max(a.stride, a.block) // it has no meaning then, and may be 1
	}
	return a
}

// virtual looks at the mappings of a virtual dataset that touch the box.
func (c *checker) virtual(d *Dataset, off, count []int, depth int, add func(gap)) error {
	p := C.H5Dget_create_plist(hid(d.h))
	if p < 0 {
		return fail("check", d.f.path, d.info.Path)
	}
	defer C.H5Pclose(p)
	cover := newCoverage(off, count)
	for i, src := range d.info.Virtual {
		vs := C.H5Pget_virtual_vspace(p, C.size_t(i))
		ss := C.H5Pget_virtual_srcspace(p, C.size_t(i))
		if vs < 0 || ss < 0 {
			return fail("check", d.f.path, d.info.Path)
		}
		m := mapping{src: src, v: readSelection(vs), s: readSelection(ss)}
		var err error
		if m.v.irregular {
			err = c.irregular(d, m, vs, off, count, cover, add)
		} else {
			err = c.mapping(d, m, off, count, depth, cover, add)
		}
		C.H5Sclose(vs)
		C.H5Sclose(ss)
		if err != nil {
			return err
		}
	}
	cover.gaps(add)
	return nil
}

// coverage notes which frames (entries of all dimensions but the last two) of a box of a virtual
// dataset have a source. nil: there are none, or too many to tell.
type coverage struct {
	off, count []int // of the box
	lead       int   // dimensions that number the frames
	seen       []bool
}

func newCoverage(off, count []int) *coverage {
	c := &coverage{off: off, count: count, lead: len(off) - 2}
	if c.lead < 1 {
		return nil
	}
	n, ok := product(count[:c.lead])
	if !ok || n > maxTracked {
		return nil
	}
	c.seen = make([]bool, n)
	return c
}

// add takes the elements of ordinals lo..hi along each axis of a mapping.
func (c *coverage) add(dims []axis, lo, hi []int) {
	if c != nil {
		c.walk(0, 0, func(dim int) (a, b int, at func(k int) int) { return lo[dim], hi[dim], dims[dim].at })
	}
}

// addBox takes a box of the dataset, which lies in that of c.
func (c *coverage) addBox(lo, n []int) {
	if c != nil {
		c.walk(0, 0, func(dim int) (a, b int, at func(k int) int) {
			return lo[dim], lo[dim] + n[dim], func(k int) int { return k }
		})
	}
}

// walk marks frames; along gives for a dimension a range and the coordinate of each of its members.
func (c *coverage) walk(dim, index int, along func(dim int) (a, b int, at func(k int) int)) {
	if dim == c.lead {
		c.seen[index] = true
		return
	}
	a, b, at := along(dim)
	for k := a; k < b; k++ {
		c.walk(dim+1, index*c.count[dim]+at(k)-c.off[dim], along)
	}
}

// gaps tells the frames without any source, those that follow each other in one.
func (c *coverage) gaps(add func(gap)) {
	if c == nil {
		return
	}
	width := c.count[c.lead-1]
	for i := 0; i < len(c.seen); i++ {
		n := 0
		for i+n < len(c.seen) && !c.seen[i+n] && i/width == (i+n)/width {
			n++
		}
		if n == 0 {
			continue
		}
		g := gap{lo: ints(c.off), n: ints(c.count), what: "no source of the virtual dataset holds it", pieces: n}
		for dim, rest := c.lead-1, i; dim >= 0; dim-- {
			g.lo[dim], g.n[dim] = c.off[dim]+rest%c.count[dim], 1
			rest /= c.count[dim]
		}
		g.n[c.lead-1] = n
		add(g)
		i += n - 1
	}
}

// mapping is one source of a virtual dataset: elements v of the dataset are the elements s of
// the source, in order.
type mapping struct {
	src  VirtualSource
	v, s selection
}

// mapping looks at one regular mapping; one with block numbers in its name is many.
func (c *checker) mapping(d *Dataset, m mapping, off, count []int, depth int, cover *coverage, add func(gap)) error {
	if len(m.v.dims) != len(off) {
		return nil // an empty selection
	}
	lo, hi := make([]int, len(off)), make([]int, len(off)) // ordinals along each axis
	numbered := -1
	for i, a := range m.v.dims {
		lo[i], hi[i] = a.below(off[i]), a.below(off[i]+count[i])
		if lo[i] >= hi[i] {
			return nil
		}
		if a.unlimited && a.count > 1 && hasBlockNumber(m.src) {
			numbered = i
		}
	}
	cover.add(m.v.dims, lo, hi)
	if numbered < 0 {
		return c.source(d, m, lo, hi, depth, add)
	}
	a := m.v.dims[numbered]
	for k := lo[numbered] / a.block; k*a.block < hi[numbered]; k++ {
		one := m
		one.src.File, one.src.Dataset = withBlock(m.src.File, k), withBlock(m.src.Dataset, k)
		one.v.dims = slices.Clone(m.v.dims)
		one.v.dims[numbered] = axis{start: a.start + k*a.stride, stride: 1, count: 1, block: a.block}
		l, h := ints(lo), ints(hi)
		l[numbered] = max(0, lo[numbered]-k*a.block)
		h[numbered] = min(a.block, hi[numbered]-k*a.block)
		if err := c.source(d, one, l, h, depth, add); err != nil {
			return err
		}
	}
	return nil
}

// irregular looks at a mapping that is no regular selection: the source has to be there when
// any element of it is in the box.
func (c *checker) irregular(d *Dataset, m mapping, vs C.hid_t, off, count []int, cover *coverage, add func(gap)) error {
	n := C.h5_overlap(vs, C.int(len(off)), coords(0, off), coords(1, count), &scratch[2][0], &scratch[3][0])
	if n < 0 {
		return fail("check", d.f.path, d.info.Path)
	}
	if n == 0 {
		return nil
	}
	g := gap{lo: make([]int, len(off)), n: make([]int, len(off)), pieces: 1}
	for i := range off {
		g.lo[i], g.n[i] = int(scratch[2][i]), int(scratch[3][i]-scratch[2][i])+1
	}
	cover.addBox(g.lo, g.n)
	src, what := c.open(d, m.src)
	if src == nil {
		g.what = what
		add(g)
		return nil
	}
	return src.close()
}

// source looks at the source of a mapping for the elements of ordinals lo..hi along each axis.
func (c *checker) source(d *Dataset, m mapping, lo, hi []int, depth int, add func(gap)) error {
	back := func(lo, hi []int, what string, pieces int) {
		addBoxes(m.v.dims, lo, hi, what, pieces, add)
	}
	src, what := c.open(d, m.src)
	if src == nil {
		back(lo, hi, what, 1)
		return nil
	}
	defer src.close()
	if m.s.all {
		m.s.dims = wholeSource(m.v.dims, src.info.Shape)
	}
	pair, ok := pairAxes(m.v.dims, m.s.dims)
	if !ok || m.s.irregular || len(m.s.dims) != len(src.info.Shape) {
		return nil // the source is there; element by element cannot be told
	}
	soff, scount := make([]int, len(m.s.dims)), make([]int, len(m.s.dims))
	for i, a := range m.s.dims {
		l, h := 0, 1
		if v := pair[i]; v >= 0 {
			l, h = lo[v], hi[v]
		}
		if !a.contiguous() && l/a.block != (h-1)/a.block {
			return nil
		}
		soff[i], scount[i] = a.at(l), h-l
		if have := src.info.Shape[i]; soff[i]+scount[i] > have {
			what := fmt.Sprintf("source %s:%s has shape %v, more is needed", src.file(), src.info.Path, src.info.Shape)
			l2 := ints(lo)
			if v := pair[i]; v >= 0 {
				l2[v] = max(lo[v], a.below(have))
			}
			back(l2, hi, what, 1)
			return nil
		}
	}
	prefix := fmt.Sprintf("source %s:%s: ", src.file(), src.info.Path)
	nested := checker{}
	defer nested.close()
	return nested.look(src, soff, scount, depth+1, func(g gap) {
		l, h := ints(lo), ints(hi)
		for i, a := range m.s.dims {
			if v := pair[i]; v >= 0 {
				l[v] = max(lo[v], a.below(g.lo[i]))
				h[v] = min(hi[v], a.below(g.lo[i]+g.n[i]))
			}
		}
		for i := range l {
			if l[i] >= h[i] {
				return
			}
		}
		back(l, h, prefix+g.what, g.pieces)
	})
}

// wholeSource makes the axes of a source that is used whole. The file does not tell what shape
// it should have: with the rank of the virtual dataset it is taken to be what is needed.
func wholeSource(v []axis, shape []int) []axis {
	s := make([]axis, len(shape))
	for i, n := range shape {
		if len(v) == len(shape) && !v[i].unlimited {
			n = v[i].len()
		}
		s[i] = axis{stride: n, count: 1, block: n}
	}
	return s
}

// addBoxes turns the elements of ordinals lo..hi along each axis into boxes: one, or one for
// each block where an axis has holes. Together they count as pieces.
func addBoxes(axes []axis, lo, hi []int, what string, pieces int, add func(gap)) {
	g := gap{make([]int, len(lo)), make([]int, len(lo)), what, pieces}
	for i, a := range axes {
		if !a.contiguous() && lo[i]/a.block != (hi[i]-1)/a.block {
			cut := (lo[i]/a.block + 1) * a.block
			h, l := ints(hi), ints(lo)
			h[i], l[i] = cut, cut
			addBoxes(axes, lo, h, what, pieces, add)
			addBoxes(axes, l, hi, what, 0, add)
			return
		}
		g.lo[i] = a.at(lo[i])
		g.n[i] = a.at(hi[i]-1) - g.lo[i] + 1
	}
	add(g)
}

// pairAxes finds for each axis of the source the axis of the virtual dataset that it becomes,
// -1 for one of length 1. Elements correspond in row-major order, so the axes longer than 1
// must be the same in both.
func pairAxes(v, s []axis) (pair []int, ok bool) {
	length := func(a axis) int {
		if a.unlimited {
			return -1
		}
		return a.len()
	}
	pair = make([]int, len(s))
	at := 0
	for i, a := range s {
		pair[i] = -1
		if length(a) == 1 {
			continue
		}
		for at < len(v) && length(v[at]) == 1 {
			at++
		}
		if at == len(v) || length(v[at]) != length(a) {
			return nil, false
		}
		pair[i] = at
		at++
	}
	for ; at < len(v); at++ {
		if length(v[at]) != 1 {
			return nil, false
		}
	}
	return pair, true
}

// open opens the source of a mapping, or says what is missing.
func (c *checker) open(d *Dataset, src VirtualSource) (*Dataset, string) {
	name, object := unescape(src.File), unescape(src.Dataset)
	tries := []string{d.file()}
	if name != "." {
		tries = candidates(name, d.file(), "HDF5_VDS_PREFIX")
	}
	found := firstThere(tries)
	if found == "" {
		return nil, fmt.Sprintf("source file %s: no such file", name)
	}
	if c.file == nil || c.name != found {
		c.close()
		f, err := openFound(found, d.f.opts)
		if err != nil {
			return nil, fmt.Sprintf("source file %s: %s", found, message(err))
		}
		c.name, c.file = found, f
	}
	s, err := c.file.dataset(object, DatasetOptions{})
	if err != nil {
		return nil, fmt.Sprintf("source file %s has no dataset %s", found, object)
	}
	return s, ""
}

func message(err error) string {
	var e *Error
	if errors.As(err, &e) {
		return e.Msg
	}
	return err.Error()
}

// hasBlockNumber looks for %b in a source's names, in which %% is a per cent sign.
func hasBlockNumber(src VirtualSource) bool {
	return strings.Contains(strings.ReplaceAll(src.File+"\x00"+src.Dataset, "%%", ""), "%b")
}

// withBlock puts a block number in the place of %b.
func withBlock(s string, k int) string {
	const hidden = "\x00"
	s = strings.ReplaceAll(s, "%%", hidden)
	s = strings.ReplaceAll(s, "%b", strconv.Itoa(k))
	return strings.ReplaceAll(s, hidden, "%%")
}

func unescape(s string) string { return strings.ReplaceAll(s, "%%", "%") }
