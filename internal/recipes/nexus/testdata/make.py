"""Makes attributes.nxs with h5py: attributes as lists of texts and whole numbers, fixed-length texts, hard links
with @target, as Diamond's GDA writes them. Frames: 3 x 2 points of 8 x 8 pixels.
Makes hardlinks.nxs: two detectors, the frames of the second hard-linked into NXdata without any note or signal."""
import h5py
import numpy as np

with h5py.File('attributes.nxs', 'w') as f:
    f.attrs['default'] = np.bytes_('entry')
    e = f.create_group('entry')
    e.attrs['NX_class'] = np.bytes_('NXentry')
    e.attrs['default'] = np.bytes_('detector')
    i = e.create_group('instrument')
    i.attrs['NX_class'] = np.bytes_('NXinstrument')
    d = i.create_group('detector')
    d.attrs['NX_class'] = np.bytes_('NXdetector')
    frames = d.create_dataset('data', data=np.arange(3 * 2 * 64, dtype='u2').reshape(3, 2, 8, 8))
    frames.attrs['target'] = np.bytes_('/entry/instrument/detector/data')
    d['distance'] = np.array([1500.0])
    d['distance'].attrs['units'] = np.bytes_('mm')
    for k, v in (('x_pixel_size', 55.0), ('y_pixel_size', 50.0)):
        d[k] = v
        d[k].attrs['units'] = 'micron'
    m = np.zeros((8, 8), 'u4')
    m[1, 2] = 0x40000001
    d['pixel_mask'] = m
    b = e.create_group('sample/beam')
    e['sample'].attrs['NX_class'] = 'NXsample'
    b.attrs['NX_class'] = 'NXbeam'
    b['incident_energy'] = 9100.0
    b['incident_energy'].attrs['units'] = 'eV'
    n = e.create_group('detector')
    n.attrs['NX_class'] = np.bytes_('NXdata')
    n.attrs['signal'] = np.bytes_('data')
    n['data'] = frames
    # the scan runs along x first (dimension 0): then x is the slow axis
    n['stage_x'] = np.array([10.0, 20.0, 30.0])
    n['stage_x'].attrs['units'] = 'um'
    n['stage_y'] = np.array([0.5, 0.25])
    n['stage_y'].attrs['units'] = 'mm'
    n['theta'] = np.array([1.0, 2.0, 3.0])
    n['theta'].attrs['units'] = 'deg'
    n.attrs['axes'] = np.array(['stage_x', 'stage_y', '.', '.'], dtype='S')
    n.attrs['stage_x_indices'] = np.array([0])
    n.attrs['stage_y_indices'] = np.array([1])
    n.attrs['theta_indices'] = np.array([0])

with h5py.File('hardlinks.nxs', 'w') as f:
    e = f.create_group('entry')
    e.attrs['NX_class'] = 'NXentry'
    n = e.create_group('view')
    n.attrs['NX_class'] = 'NXdata'
    for k, name in ((1, 'det1'), (2, 'det2')):
        d = e.create_group(name)
        d.attrs['NX_class'] = 'NXdetector'
        d['distance'] = float(k)
        d['distance'].attrs['units'] = 'm'
    n['data'] = e['det2'].create_dataset('data', data=np.arange(4 * 64, dtype='u2').reshape(4, 8, 8))
    for k, name in ((0, 'y'), (10, 'x')):
        n[name] = np.arange(4.0) + k
        n[name].attrs['units'] = 'um'
