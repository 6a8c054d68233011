package beam

import (
	"context"
	"slices"

	"ptyprep/internal/formats/h5frames"
	"ptyprep/internal/imgproc"
	"ptyprep/internal/imgproc/pix"
	"ptyprep/internal/scan/problem"
)

// medianBytes bounds the memory of StackMedian.
const medianBytes = 64 << 20

// StackMedian is the median over the frames of a stack, pixel by pixel, as float64; of an even
// number of frames it is the mean of the two middle values. Rows are taken in bands, so that memory
// does not grow with the number of frames.
func StackMedian(ctx context.Context, st *h5frames.Stack, where string) (*pix.Image, error) {
	n := st.Frames()
	if n == 0 {
		return nil, problem.Inputf("%s: %s holds no frame", where, st.Name(0))
	}
	if err := AllStored(st, n, func(k int) int { return k }, where); err != nil {
		return nil, err
	}
	out := pix.New(pix.Float64, st.Rows, st.Cols)
	to := pix.Pixels[float64](out)
	band := max(1, min(st.Rows, medianBytes/(8*n*st.Cols)))
	parts := make([][]float64, n)
	for lo := 0; lo < st.Rows; lo += band {
		w := imgproc.Rect{Row: lo, Rows: min(band, st.Rows-lo), Cols: st.Cols}
		err := Each(ctx, n, func(k int) error {
			var sc h5frames.Scratch
			defer sc.Close()
			var raw, wide pix.Image
			if err := st.Read(k, w, &raw, &sc); err != nil {
				return problem.Inputf("%s: %s cannot be read", where, st.Name(k)).Because(err)
			}
			imgproc.Convert(&wide, &raw, pix.Float64)
			parts[k] = pix.Pixels[float64](&wide)
			return nil
		})
		if err != nil {
			return nil, err
		}
		err = Each(ctx, w.Rows, func(r int) error {
			values := make([]float64, n)
			for i := r * st.Cols; i < (r+1)*st.Cols; i++ {
				for k, p := range parts {
					values[k] = p[i]
				}
				to[lo*st.Cols+i] = median(values)
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	return out, nil
}

// median of at least one value; it sorts them.
func median(v []float64) float64 {
	slices.Sort(v)
	if n := len(v); n%2 == 0 {
		return (v[n/2-1] + v[n/2]) / 2
	}
	return v[len(v)/2]
}

// Constant is a picture of one value.
func Constant(value float64, rows, cols int) *pix.Image {
	im := pix.New(pix.Float64, rows, cols)
	p := pix.Pixels[float64](im)
	for i := range p {
		p[i] = value
	}
	return im
}
