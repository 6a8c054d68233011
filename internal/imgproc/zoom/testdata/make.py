#!/usr/bin/python3
"""Make zoom.npz: random images and what scipy.ndimage.zoom (order 3, mode mirror) makes of them. usage: make.py"""
import os
import numpy as np, scipy.ndimage as ndi
here = os.path.dirname(os.path.abspath(__file__))
rng, out = np.random.default_rng(3), {}
for k, (shape, z) in enumerate([((7, 9), (1.5, 0.6)), ((24, 17), (0.45, 2.3)), ((5, 1), (2.0, 3.0)), ((2, 3), (3.0, 1.0)), ((20, 20), (0.05, 1.0)), ((33, 12), (1.0, 1.7))]):
    a = rng.normal(size=shape)
    out['in%d' % k], out['zoom%d' % k] = a, np.array(z)
    out['out%d' % k] = ndi.zoom(a, z, order=3, mode='mirror')
np.savez_compressed(os.path.join(here, 'zoom.npz'), **out)
