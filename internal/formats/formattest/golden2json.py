"""Turn golden/recipes/{edf,raw_fli,cbf,tiff}_variants/expected.h5 into pixels.json.

The Go packages that are tested cannot read HDF5, so the expected pixels are kept as JSON:
file name -> {"dtype", "frames", "rows", "cols", "pixels"}, pixels being base64 of the
little-endian, row-major bytes of all frames.

usage: python3 golden2json.py GOLDEN/recipes/edf_variants ../edf/testdata
(needs h5py; copies the variants and expected.json beside pixels.json)
"""
import base64, json, pathlib, shutil, sys
import h5py, numpy

src, dst = map(pathlib.Path, sys.argv[1:3])
dst.mkdir(parents=True, exist_ok=True)
out = {}
with h5py.File(src / "expected.h5", "r") as f:
    for name, d in f.items():
        a = d[()]
        stack = a if a.ndim == 3 else a[None]
        little = stack.astype(stack.dtype.newbyteorder("<"))
        out[name] = dict(dtype=stack.dtype.newbyteorder("=").name, frames=stack.shape[0],
                         rows=stack.shape[1], cols=stack.shape[2],
                         pixels=base64.b64encode(numpy.ascontiguousarray(little).tobytes()).decode())
        shutil.copyfile(src / name, dst / name)
        (dst / name).chmod(0o644)
with open(dst / "pixels.json", "w") as f:
    json.dump(out, f, indent=1, sort_keys=True)
    f.write("\n")
if (src / "expected.json").exists():
    shutil.copyfile(src / "expected.json", dst / "expected.json")
    (dst / "expected.json").chmod(0o644)
