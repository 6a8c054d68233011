#!/usr/bin/python3
"""Make gaussian.npz and gaussian.json from the golden case sim/gaussian. usage: make.py GOLDEN/sim/gaussian

The expected arrays were made by scipy.ndimage (gaussian_filter, convolve) within ptypy's chain; see README.md there."""
import json, os, sys
import h5py, numpy as np, yaml
src, here = sys.argv[1], os.path.dirname(os.path.abspath(__file__))
cases = yaml.safe_load(open(os.path.join(src, 'recipe.yaml')))['cases']
out = {}
with h5py.File(os.path.join(src, 'input.h5')) as i, h5py.File(os.path.join(src, 'expected.h5')) as e:
    for k, c in cases.items():
        out[k + '_in'] = i[k][()]
        out[k] = e[k + '_re'][()] + 1j * e[k + '_im'][()] if c.get('complex') else e[k][()]
np.savez_compressed(os.path.join(here, 'gaussian.npz'), **out)
json.dump(cases, open(os.path.join(here, 'gaussian.json'), 'w'), indent=1)
