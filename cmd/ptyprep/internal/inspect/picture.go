package inspect

import (
	"context"
	"errors"
	"image"
	"io/fs"

	"ptyprep/internal/formats/h5"
	"ptyprep/internal/formats/h5frames"
	"ptyprep/internal/formats/ptyd"
	"ptyprep/internal/imgproc"
	"ptyprep/internal/imgproc/pix"
	"ptyprep/internal/recipes/sim/preview"
	"ptyprep/internal/scan/problem"
)

// meanOf is how many frames, spread evenly over the scan, the mean of a picture is taken of.
const meanOf = 256

// Picture draws a .ptyd into a PNG file: the first frame, the mean of frames, and the scan points.
func Picture(ctx context.Context, path, png string, overwrite bool, o Options) error {
	f, err := ptyd.Open(path, h5.OpenOptions{NoLock: o.NoLock})
	if err != nil {
		return err
	}
	defer f.Close()
	if err := f.Check(); err != nil {
		return err
	}
	im, err := draw(ctx, f)
	if err != nil {
		return err
	}
	switch err := preview.Write(png, im, overwrite); {
	case errors.Is(err, fs.ErrExist):
		return problem.Usagef("--picture: %s exists already", png).WithHint("--overwrite replaces it")
	case err != nil:
		return problem.Internalf("--picture: %s could not be written", png).Because(problem.Bare(err))
	}
	return nil
}

// frame is a place in a .ptyd.
type frame struct {
	chunk *ptyd.Chunk
	k     int
}

func draw(ctx context.Context, f *ptyd.File) (image.Image, error) {
	var all []frame
	var positions [][2]float64
	chunks := f.Chunks()
	for i := range chunks {
		c := &chunks[i]
		for k := range c.Frames {
			all = append(all, frame{c, k})
		}
		positions = append(positions, c.Positions...)
	}
	if len(positions) < len(all) { // some are not known: which are whose cannot be shown
		positions = nil
	}
	rows, cols := chunks[0].Rows, chunks[0].Cols
	whole := imgproc.Whole(rows, cols)
	first := preview.Counts{Rows: rows, Cols: cols}
	mean := preview.Counts{Rows: rows, Cols: cols, Pix: make([]float64, rows*cols), Mask: make([]byte, rows*cols)}
	times := make([]float64, rows*cols)
	sums := make([]float64, len(all))
	step := max(1, len(all)/meanOf)
	var s h5frames.Scratch
	defer s.Close()
	var im, w, wide pix.Image
	for n, at := range all {
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		if err := f.ReadFrame(at.chunk, at.k, whole, &im, &s); err != nil {
			return nil, problem.Inputf("%s: chunk %d, frame %d", f.Path(), at.chunk.Number, at.k).Because(err)
		}
		sums[n] = imgproc.StatsOf(&im).Sum
		if n%step != 0 {
			continue
		}
		imgproc.Convert(&wide, &im, pix.Float64)
		valid, err := mask(f, at, whole, &w, &s)
		if err != nil {
			return nil, err
		}
		for i, v := range pix.Pixels[float64](&wide) {
			if valid == nil || valid[i] != 0 {
				mean.Pix[i] += v
				times[i]++
			}
		}
		if n == 0 {
			first.Pix, first.Mask = append(first.Pix, pix.Pixels[float64](&wide)...), valid
		}
	}
	for i, n := range times {
		if n > 0 {
			mean.Pix[i] /= n
			mean.Mask[i] = 1
		}
	}
	return preview.Scan(first, mean, positions, sums), nil
}

// mask gives the mask of a frame, nil when all its pixels are valid.
func mask(f *ptyd.File, at frame, win imgproc.Rect, w *pix.Image, s *h5frames.Scratch) ([]byte, error) {
	stored, err := f.ReadWeights(at.chunk, at.k, win, w, s)
	if err != nil {
		return nil, problem.Inputf("%s: weights of chunk %d, frame %d", f.Path(), at.chunk.Number, at.k).Because(err)
	}
	if !stored {
		return nil, nil
	}
	m := make([]byte, w.Len())
	imgproc.MaskInto(m, w, false)
	return m, nil
}
