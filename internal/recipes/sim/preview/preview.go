// Package preview draws a simulation: complex waves as colours, the scan's path over the
// object, frames on a logarithmic scale. All pictures are image.RGBA for image/png.
package preview

import (
	"image"
	"image/color"
	"math"
	"math/cmplx"

	"ptyprep/internal/recipes/sim/field"
)

// side is the size of a picture, about: small arrays are enlarged by a whole factor, large
// ones shrunk by one.
const side = 480

// small is the size of the pictures in an overview.
const small = 256

// raster is an array of colours that is drawn enlarged or shrunk to about side pixels.
type raster struct {
	rows, cols int
	at         func(i, j int) color.RGBA
	side       int
}

// scale gives the whole factors by which a raster is enlarged and shrunk.
func (r raster) scale() (up, down int) {
	n := max(r.rows, r.cols)
	most := r.side + r.side/3
	return max(1, r.side/n), (n + most - 1) / most
}

func (r raster) size() (w, h int) {
	up, down := r.scale()
	return (r.cols + down - 1) / down * up, (r.rows + down - 1) / down * up
}

// draw paints r with its upper left corner at (x0, y0). Shrinking takes the mean colour.
func (r raster) draw(im *image.RGBA, x0, y0 int) {
	up, down := r.scale()
	for i := 0; i < r.rows; i += down {
		for j := 0; j < r.cols; j += down {
			c := r.mean(i, j, down)
			for y := range up {
				for x := range up {
					im.SetRGBA(x0+j/down*up+x, y0+i/down*up+y, c)
				}
			}
		}
	}
}

func (r raster) mean(i, j, down int) color.RGBA {
	var sum [3]int
	n := 0
	for y := i; y < min(i+down, r.rows); y++ {
		for x := j; x < min(j+down, r.cols); x++ {
			c := r.at(y, x)
			sum[0] += int(c.R)
			sum[1] += int(c.G)
			sum[2] += int(c.B)
			n++
		}
	}
	return color.RGBA{uint8(sum[0] / n), uint8(sum[1] / n), uint8(sum[2] / n), 255}
}

const gap = 8 // pixels between rasters side by side

// row paints rasters side by side on white.
func row(rs ...raster) *image.RGBA {
	w, h := -gap, 0
	for _, r := range rs {
		rw, rh := r.size()
		w, h = w+rw+gap, max(h, rh)
	}
	im := image.NewRGBA(image.Rect(0, 0, w, h))
	for i := range im.Pix {
		im.Pix[i] = 255
	}
	x := 0
	for _, r := range rs {
		r.draw(im, x, 0)
		rw, _ := r.size()
		x += rw + gap
	}
	return im
}

// Wave draws a wave: brightness is the amplitude, colour the phase (0 is cyan's opposite, red).
func Wave(f field.Field) *image.RGBA {
	return row(wave(f, side))
}

func wave(f field.Field, side int) raster {
	top := largest(f)
	return raster{f.Rows, f.Cols, func(i, j int) color.RGBA {
		v := f.Pix[i*f.Cols+j]
		return hue(cmplx.Phase(v), cmplx.Abs(v)/top)
	}, side}
}

// Object draws a transmission: its amplitude in grey, black 0 and white the largest, and its
// phase in colours.
func Object(f field.Field) *image.RGBA {
	top := largest(f)
	return row(
		raster{f.Rows, f.Cols, func(i, j int) color.RGBA { return grey(cmplx.Abs(f.Pix[i*f.Cols+j]) / top) }, side},
		raster{f.Rows, f.Cols, func(i, j int) color.RGBA { return hue(cmplx.Phase(f.Pix[i*f.Cols+j]), 0.9) }, side},
	)
}

func largest(f field.Field) float64 {
	top := 0.0
	for _, v := range f.Pix {
		top = max(top, cmplx.Abs(v))
	}
	if top == 0 {
		return 1
	}
	return top
}

// Path draws the scan over the object's phase: a line from point to point, a dot for each, and
// a frame round the window of the first. low are the corners of windows of rows x cols.
func Path(f field.Field, low [][2]int, rows, cols int) *image.RGBA {
	r := dimmed(f, side)
	im := row(r)
	path(im, 0, r, low, rows, cols)
	return im
}

// dimmed is the phase of f in light greys.
func dimmed(f field.Field, side int) raster {
	lo, hi := phases(f)
	return raster{f.Rows, f.Cols, func(i, j int) color.RGBA {
		return grey(0.55 + 0.45*(cmplx.Phase(f.Pix[i*f.Cols+j])-lo)/(hi-lo))
	}, side}
}

// path draws the scan over the raster r that lies at column x0 of im.
func path(im *image.RGBA, x0 int, r raster, low [][2]int, rows, cols int) {
	up, down := r.scale()
	at := func(i, j float64) (x, y float64) {
		return float64(x0) + (j+0.5)/float64(down)*float64(up), (i + 0.5) / float64(down) * float64(up)
	}
	middle := func(k int) (x, y float64) {
		return at(float64(low[k][0]+rows/2), float64(low[k][1]+cols/2))
	}
	line, dot, first := color.RGBA{70, 110, 180, 255}, color.RGBA{170, 20, 30, 255}, color.RGBA{0, 120, 60, 255}
	for k := 1; k < len(low); k++ {
		x0, y0 := middle(k - 1)
		x1, y1 := middle(k)
		stroke(im, x0, y0, x1, y1, line)
	}
	radius := 3.0
	if len(low) > 500 || r.side < side {
		radius = 1.5
	}
	for k := range low {
		x, y := middle(k)
		disc(im, x, y, radius, dot)
	}
	if len(low) > 0 {
		x, y := middle(0)
		disc(im, x, y, radius+2, first)
		x0, y0 := at(float64(low[0][0]), float64(low[0][1]))
		x1, y1 := at(float64(low[0][0]+rows-1), float64(low[0][1]+cols-1))
		for _, s := range [][4]float64{{x0, y0, x1, y0}, {x1, y0, x1, y1}, {x1, y1, x0, y1}, {x0, y1, x0, y0}} {
			stroke(im, s[0], s[1], s[2], s[3], first)
		}
	}
}

// phases is the range of phases of f.
func phases(f field.Field) (lo, hi float64) {
	lo, hi = math.Inf(1), math.Inf(-1)
	for _, v := range f.Pix {
		p := cmplx.Phase(v)
		lo, hi = min(lo, p), max(hi, p)
	}
	if !(hi > lo) {
		return lo - 1, lo + 1
	}
	return lo, hi
}

func stroke(im *image.RGBA, x0, y0, x1, y1 float64, c color.RGBA) {
	n := int(max(math.Abs(x1-x0), math.Abs(y1-y0))) + 1
	for s := range n + 1 {
		t := float64(s) / float64(n)
		im.SetRGBA(int(x0+t*(x1-x0)), int(y0+t*(y1-y0)), c)
	}
}

func disc(im *image.RGBA, x, y, r float64, c color.RGBA) {
	for i := int(y - r); i <= int(y+r); i++ {
		for j := int(x - r); j <= int(x+r); j++ {
			if dy, dx := float64(i)+0.5-y, float64(j)+0.5-x; dy*dy+dx*dx <= r*r {
				im.SetRGBA(j, i, c)
			}
		}
	}
}

// Counts is a frame to be drawn: counts and, where there is one, a mask (0: not valid).
type Counts struct {
	Rows, Cols int
	Pix        []float64
	Mask       []byte
}

// Frames draws frames side by side, on one logarithmic scale from 0 to the largest count. What
// is not valid is red.
func Frames(frames []Counts) *image.RGBA { return row(counts(frames, side)...) }

func counts(frames []Counts, side int) []raster {
	top := 0.0
	for _, f := range frames {
		for _, v := range f.Pix {
			top = max(top, v)
		}
	}
	// a count of 1 shows wherever counts are whole; weaker scans are stretched to six decades
	floor := math.Min(1, top*1e-6)
	span := math.Log1p(top / floor)
	if !(span > 0) {
		span, floor = 1, 1
	}
	var rs []raster
	for _, f := range frames {
		rs = append(rs, raster{f.Rows, f.Cols, func(i, j int) color.RGBA {
			k := i*f.Cols + j
			if f.Mask != nil && f.Mask[k] == 0 {
				return color.RGBA{150, 30, 40, 255}
			}
			return heat(math.Log1p(max(f.Pix[k], 0)/floor) / span)
		}, side})
	}
	return rs
}

// Overview draws a scan in one picture: the probe, the path over the object, the first frame.
// Without a probe it is the frame alone.
func Overview(probe, object field.Field, low [][2]int, first Counts) *image.RGBA {
	frame := counts([]Counts{first}, small)[0]
	if len(probe.Pix) == 0 {
		return row(frame)
	}
	p, o := wave(probe, small), dimmed(object, small)
	im := row(p, o, frame)
	w, _ := p.size()
	path(im, w+gap, o, low, probe.Rows, probe.Cols)
	return im
}

func grey(v float64) color.RGBA {
	b := level(v)
	return color.RGBA{b, b, b, 255}
}

func level(v float64) uint8 { return uint8(255*min(max(v, 0), 1) + 0.5) }

// hue is the colour of a phase (radians), red at 0, at a brightness of 0 to 1.
func hue(phase, brightness float64) color.RGBA {
	h := math.Mod(phase/(2*math.Pi)*6+6, 6)
	ramp := func(off float64) uint8 {
		d := math.Abs(math.Mod(h+off, 6) - 3) // 3 at the primary colour, 0 opposite
		return level(min(max(d-1, 0), 1) * brightness)
	}
	return color.RGBA{ramp(0), ramp(4), ramp(2), 255}
}

// stops of a scale from black over violet and orange to light yellow, even in brightness.
var stops = [...][3]float64{{0, 0, 4}, {40, 11, 84}, {101, 21, 110}, {159, 42, 99}, {212, 72, 66}, {245, 125, 21}, {250, 193, 39}, {252, 255, 164}}

func heat(v float64) color.RGBA {
	x := min(max(v, 0), 1) * float64(len(stops)-1)
	i := min(int(x), len(stops)-2)
	t := x - float64(i)
	c := func(k int) uint8 { return uint8(stops[i][k] + t*(stops[i+1][k]-stops[i][k]) + 0.5) }
	return color.RGBA{c(0), c(1), c(2), 255}
}
