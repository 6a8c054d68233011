# Copies two golden cases (shared/golden/recipes/fn_hdr, fn_undistort) into hdr.npz and undistort.npz.
# usage: make_hdr.py GOLDEN_RECIPES_FOLDER
import sys
import h5py, numpy as np
for name in ('hdr', 'undistort'):
    out = {}
    for part in ('input', 'expected'):
        with h5py.File('%s/fn_%s/%s.h5' % (sys.argv[1], name, part)) as f:
            out.update({k: f[k][()] for k in f})
    np.savez_compressed(name + '.npz', **out)
