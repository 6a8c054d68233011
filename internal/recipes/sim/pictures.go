package sim

import (
	"context"
	"errors"
	"image"
	"io/fs"
	"os"
	"path/filepath"

	"ptyprep/internal/imgproc"
	"ptyprep/internal/imgproc/pix"
	"ptyprep/internal/recipes/sim/preview"
	"ptyprep/internal/scan"
	"ptyprep/internal/scan/problem"
)

// previewFrames is how many frames are drawn.
const previewFrames = 4

// PictureNames are the files that WritePictures makes of a simulation.
var PictureNames = []string{"probe.png", "object.png", "path.png", "frames.png", "overview.png"}

// CheckPictures says whether pictures can be written into a folder, before any work is done.
func CheckPictures(dir string, overwrite bool) error {
	st, err := os.Stat(dir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return problem.Usagef("--preview: %s cannot be looked at", dir).Because(err)
	case !st.IsDir():
		return problem.Usagef("--preview: %s is a file, expected a folder", dir)
	case overwrite:
		return nil
	}
	for _, n := range PictureNames {
		if _, err := os.Lstat(filepath.Join(dir, n)); err == nil {
			return problem.Usagef("--preview: %s exists already", filepath.Join(dir, n)).WithHint("--overwrite replaces it; or choose another folder")
		}
	}
	return nil
}

// WritePictures draws probe, object, the scan's path over the object and the first frames into
// a folder, which is made. QuickScan has frames alone.
func WritePictures(ctx context.Context, dir string, s Simulated) error {
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return problem.Usagef("--preview: folder %s cannot be made", dir).Because(err)
	}
	t := s.Truth()
	if len(t.Probe.Pix) > 0 {
		for name, im := range map[string]image.Image{
			"probe.png": preview.Wave(t.Probe), "object.png": preview.Object(t.Object),
			"path.png": preview.Path(t.Object, t.Low, t.Probe.Rows, t.Probe.Cols),
		} {
			if err := writePicture(filepath.Join(dir, name), im); err != nil {
				return err
			}
		}
	}
	frames, err := firstFrames(ctx, s, previewFrames)
	if err != nil {
		return err
	}
	if err := writePicture(filepath.Join(dir, "frames.png"), preview.Frames(frames)); err != nil {
		return err
	}
	return writePicture(filepath.Join(dir, "overview.png"), preview.Overview(t.Probe, t.Object, t.Low, frames[0]))
}

func writePicture(path string, im image.Image) error {
	if err := preview.Write(path, im, true); err != nil {
		return problem.Internalf("--preview: %s could not be written", path).Because(err)
	}
	return nil
}

// firstFrames simulates the first n frames as they leave the detector.
func firstFrames(ctx context.Context, s scan.Source, n int) ([]preview.Counts, error) {
	d, err := s.Describe(ctx)
	if err != nil {
		return nil, err
	}
	var common []byte
	if m, ok := s.(scan.Masked); ok {
		if common, err = m.Mask(); err != nil {
			return nil, err
		}
	}
	var out []preview.Counts
	f := scan.NewFrame(0)
	for k := range min(n, d.Frames) {
		f.Index, f.Mask = k, nil
		if err := s.Load(ctx, f); err != nil {
			return nil, err
		}
		wide := new(pix.Image)
		imgproc.Convert(wide, f.Pix, pix.Float64)
		c := preview.Counts{Rows: f.Pix.Rows, Cols: f.Pix.Cols, Pix: pix.Pixels[float64](wide), Mask: common}
		if f.Mask != nil {
			c.Mask = append([]byte(nil), f.Mask...)
		}
		out = append(out, c)
	}
	return out, nil
}
