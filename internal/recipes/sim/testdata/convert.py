#!/usr/bin/python3
"""Make the test data of package sim out of a folder of golden cases.

usage: convert.py GOLDEN_SIM_FOLDER

The cases were made with ptypy 0.9 (run, not copied) from the recipes in them; those of `pictures` are a second coding of the
formulas. Each becomes cases.json (parameters by case), expected.json or expected.npz, and input.h5 where arrays go in.
"""
import json, os, shutil, sys
import h5py, numpy as np, yaml

src, here = sys.argv[1], os.path.dirname(os.path.abspath(__file__))
f32 = {'illumination'}  # the tolerance is 2e-5
for case in ('geometry', 'positions', 'object_views', 'illumination', 'sample', 'propagator', 'detector_mask', 'detector_response',
             'detector_stats', 'pictures'):
    a, b = os.path.join(src, case), os.path.join(here, case)
    os.makedirs(b, exist_ok=True)
    r = yaml.safe_load(open(os.path.join(a, 'recipe.yaml')))
    json.dump(r.get('cases', r), open(os.path.join(b, 'cases.json'), 'w'), indent=1)
    if os.path.exists(os.path.join(a, 'expected.json')):
        shutil.copyfile(os.path.join(a, 'expected.json'), os.path.join(b, 'expected.json'))
    if os.path.exists(os.path.join(a, 'expected.h5')):
        out = {}
        with h5py.File(os.path.join(a, 'expected.h5')) as f:
            def take(name, d):
                if not hasattr(d, 'shape'):
                    return
                x = d[()]
                if name.endswith('_im'):
                    return
                if name.endswith('_re'):
                    name, x = name[:-3], x + 1j * f[name[:-3] + '_im'][()]
                    x = x.astype('c8' if case in f32 else 'c16')
                out[name.replace('/', '.')] = x
            f.visititems(take)
        np.savez_compressed(os.path.join(b, 'expected.npz'), **out)
    if os.path.exists(os.path.join(a, 'input.h5')):
        with h5py.File(os.path.join(a, 'input.h5')) as f, h5py.File(os.path.join(b, 'input.h5'), 'w') as g:
            for k in f:
                g.create_dataset(k, data=f[k][()], compression='gzip', compression_opts=9, shuffle=True, track_times=False)
