package preview

import (
	"bytes"
	"image"
	"image/png"
	"os"

	"ptyprep/internal/formats/atomicfile"
)

// Write stores a picture as a PNG file, whole or not at all. Without overwrite a file that is there
// is an error that is fs.ErrExist.
func Write(path string, im image.Image, overwrite bool) error {
	var b bytes.Buffer
	if err := (&png.Encoder{CompressionLevel: png.BestCompression}).Encode(&b, im); err != nil {
		return err
	}
	set, err := atomicfile.Begin(path)
	if err != nil {
		return err
	}
	defer set.Abort()
	if err := os.WriteFile(set.Temp(""), b.Bytes(), 0o666); err != nil {
		return err
	}
	policy := atomicfile.Refuse
	if overwrite {
		policy = atomicfile.Replace
	}
	return set.Commit(policy, nil)
}
