package main

import (
	"errors"
	"math"

	"ptyprep/internal/formats/codec"
	"ptyprep/internal/formats/h5"
	"ptyprep/internal/imgproc/pix"
	"ptyprep/internal/recipes/sim/noise"
)

// Sizes of the inputs.
const (
	size        = 512 // of the frames of the standard workloads
	smallSize   = 128
	eigerRows   = 1065
	eigerCols   = 1030
	eigerFrames = 200
	rasterSide  = 64
	rasterChunk = 16 // frames in a chunk of the 4-D raster
	patterns    = 24 // different patterns; frames are these, shifted
	seed        = 7
)

// pattern is one diffraction-like frame: a bright centre, sparse wings, Poisson noise. Each index
// gives the same counts on every machine.
func pattern(rows, cols, index int, brightness float64) []uint32 {
	s := noise.NewStream(seed, 0, index)
	scale := brightness * (0.7 + 0.6*s.Uniform())
	out := make([]uint32, rows*cols)
	for r := range rows {
		for c := range cols {
			d := math.Hypot(float64(r)-float64(rows)/2, float64(c)-float64(cols)/2) / 4
			out[r*cols+c] = uint32(s.Poisson(scale * (2e4/(1+d*d*d) + 0.3)))
		}
	}
	return out
}

// frames gives frame k as a shifted pattern, in memory that the next call uses again.
type frames struct {
	rows, cols int
	base       [][]uint32
	out        []uint32
}

func newFrames(rows, cols int, brightness float64) *frames {
	f := &frames{rows: rows, cols: cols, out: make([]uint32, rows*cols)}
	for i := range patterns {
		f.base = append(f.base, pattern(rows, cols, i, brightness))
	}
	return f
}

func (f *frames) frame(k int) []uint32 {
	base, down, right := f.base[k%patterns], k%7, k%11
	for r := range f.rows {
		row := base[(r-down+f.rows)%f.rows*f.cols:][:f.cols]
		out := f.out[r*f.cols:][:f.cols]
		copy(out[right:], row)
		copy(out, row[f.cols-right:])
	}
	return f.out
}

// narrow cuts counts to 16 bits.
func narrow(dst []uint16, src []uint32) {
	for i, v := range src {
		dst[i] = uint16(min(v, math.MaxUint16))
	}
}

// file is an input being written; the first error stays.
type file struct {
	f   *h5.File
	err error
	s   codec.Scratch
	buf []byte
}

func create(path string) *file {
	f, err := h5.Create(path)
	return &file{f: f, err: err}
}

func (o *file) close() error {
	o.s.Close()
	if o.f == nil {
		return o.err
	}
	return errors.Join(o.err, o.f.Close())
}

func array[T pix.Number](o *file, path string, shape []int, data []T) {
	if o.err == nil {
		o.err = h5.WriteArray(o.f, path, shape, data, 0)
	}
}

// positions writes a raster of the given shape with steps of a micrometre.
func (o *file) positions(shape ...int) {
	n := 1
	for _, l := range shape {
		n *= l
	}
	slow, fast := make([]float64, n), make([]float64, n)
	for i := range n {
		slow[i], fast[i] = float64(i/31), float64(i%31)
	}
	array(o, "/entry/slow", shape, slow)
	array(o, "/entry/fast", shape, fast)
}

// stack writes n chunks, each of what next gives, through compression c.
func (o *file) stack(path string, s h5.FramesSpec, c codec.Compression, n int, next func(k int) (offset []int, data []byte)) {
	if o.err != nil {
		return
	}
	elem := s.Type.Size()
	for _, x := range c.Filters(elem, 1) {
		s.Filters = append(s.Filters, h5.FilterSpec{ID: x.ID, Params: x.Params, Optional: x.Optional})
	}
	d, err := o.f.CreateFrames(path, s)
	if err != nil {
		o.err = err
		return
	}
	for k := range n {
		at, data := next(k)
		if s.Contiguous {
			count := append([]int{}, s.Shape...)
			for i := range len(count) - 2 {
				count[i] = 1
			}
			err = d.WriteNative(data, at, count)
		} else if o.buf, err = c.Encode(o.buf[:0], data, elem, &o.s); err == nil {
			err = d.WriteChunk(at, 0, o.buf)
		}
		if err != nil {
			break
		}
	}
	o.err = errors.Join(err, d.Close())
}

var gzip4 = codec.Compression{Kind: codec.Deflate, Level: 4}

func makeGzip(path string, side int) error {
	f, n := newFrames(size, size, 1), side*side
	o := create(path)
	o.stack("/entry/data", h5.FramesSpec{Type: pix.Uint32, Shape: []int{n, size, size}}, gzip4, n,
		func(k int) ([]int, []byte) { return []int{k, 0, 0}, pix.Bytes(f.frame(k)) })
	o.positions(n)
	return o.close()
}

func makeContiguous(path string, side int) error {
	f, out := newFrames(size, size, 1), make([]uint16, size*size)
	o := create(path)
	o.stack("/entry/data", h5.FramesSpec{Type: pix.Uint16, Shape: []int{side, side, size, size}, Contiguous: true}, codec.Compression{}, side*side,
		func(k int) ([]int, []byte) {
			narrow(out, f.frame(k))
			return []int{k / side, k % side, 0, 0}, pix.Bytes(out)
		})
	o.positions(side, side)
	return o.close()
}

// makeAux writes mask, dark, flat and monitor of the standard workloads.
func makeAux(path string, side int) error {
	s := noise.NewStream(seed, 1, 0)
	n := size * size
	dark, flat, mask, norm := make([]float32, n), make([]float32, n), make([]uint8, n), make([]float64, side*side)
	for i := range n {
		dark[i], flat[i] = float32(s.Poisson(1)), float32(1+0.02*s.Normal())
		if s.Uniform() >= 1e-3 {
			mask[i] = 1
		}
	}
	for i := range norm {
		norm[i] = 1000 + 10*s.Normal()
	}
	o := create(path)
	array(o, "/dark", []int{size, size}, dark)
	array(o, "/flat", []int{size, size}, flat)
	array(o, "/mask", []int{size, size}, mask)
	array(o, "/norm", []int{side, side}, norm)
	return o.close()
}

// makeEiger writes frames as an Eiger 1M does: few counts, all ones in the gaps.
func makeEiger(path string) error {
	f := newFrames(eigerRows, eigerCols, 0.1)
	valid := make([]uint8, eigerRows*eigerCols)
	for i := range valid {
		if r := i / eigerCols; r < 514 || r >= 551 {
			valid[i] = 1
		}
	}
	for _, b := range f.base {
		for i, v := range valid {
			if v == 0 {
				b[i] = math.MaxUint32
			}
		}
	}
	o := create(path)
	o.stack("/entry/data/data", h5.FramesSpec{Type: pix.Uint32, Shape: []int{eigerFrames, eigerRows, eigerCols}}, codec.Compression{Kind: codec.BitshuffleLZ4}, eigerFrames,
		func(k int) ([]int, []byte) { return []int{k, 0, 0}, pix.Bytes(f.base[k%patterns]) })
	array(o, "/entry/mask", []int{eigerRows, eigerCols}, valid)
	o.positions(eigerFrames)
	return o.close()
}

// small gives frame k of 128 x 128 counts of 16 bits.
func small() func(k int, out []uint16) {
	f := newFrames(smallSize, smallSize, 0.2)
	return func(k int, out []uint16) { narrow(out, f.frame(k)) }
}

func makeRaster(path string) error {
	frame, px := small(), smallSize*smallSize
	out := make([]uint16, rasterChunk*px)
	o := create(path)
	spec := h5.FramesSpec{Type: pix.Uint16, Shape: []int{rasterSide, rasterSide, smallSize, smallSize}, Chunk: []int{1, rasterChunk, smallSize, smallSize}}
	o.stack("/entry/data", spec, codec.Compression{Kind: codec.Deflate, Level: 4, Shuffle: true}, rasterSide*rasterSide/rasterChunk,
		func(k int) ([]int, []byte) {
			for i := range rasterChunk {
				frame(k*rasterChunk+i, out[i*px:(i+1)*px])
			}
			return []int{k * rasterChunk / rasterSide, k * rasterChunk % rasterSide, 0, 0}, pix.Bytes(out)
		})
	o.positions(rasterSide, rasterSide)
	return o.close()
}

func makeSmall(path string, n int) error {
	frame, out := small(), make([]uint16, smallSize*smallSize)
	o := create(path)
	o.stack("/entry/data", h5.FramesSpec{Type: pix.Uint16, Shape: []int{n, smallSize, smallSize}}, gzip4, n,
		func(k int) ([]int, []byte) {
			frame(k, out)
			return []int{k, 0, 0}, pix.Bytes(out)
		})
	o.positions(n)
	return o.close()
}
