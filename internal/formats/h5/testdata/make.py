#!/usr/bin/python3
"""Makes the small HDF5 files of this folder with h5py (3.7, HDF5 1.10.8). Run it in this folder."""
import os, subprocess, sys
import numpy as np
import h5py
from h5py import h5t, h5s, h5d, h5p, h5a, h5f


def raw(f, name, typ, arr, shape=None):
    """A dataset of a low-level type, filled with the bytes of arr as they are."""
    sp = h5s.create_simple(shape or arr.shape)
    d = h5d.create(f.id, name.encode(), typ, sp)
    d.write(h5s.ALL, h5s.ALL, arr, typ)


def types():
    with h5py.File('types.h5', 'w') as f:
        v = [0, 1, 100, 127]
        for b in '<>':
            for t in 'u1 u2 u4 u8 i1 i2 i4 i8 f2 f4 f8'.split():
                f[('le_' if b == '<' else 'be_') + t] = np.array(v, b + t)
        f['be_neg'] = np.array([[-1, -300], [32767, -32768]], '>i2')
        f['u8_max'] = np.array([2**64 - 1, 2**53 + 1], '<u8')
        f['longdouble'] = np.array([1.5, -2.25], np.longdouble)
        t = h5t.STD_U32BE.copy(); t.set_precision(24); t.set_size(3)
        raw(f, 'be_u3', t, np.frombuffer(b'\x00\x01\x02\x01\x00\x00', np.uint8), (2,))
        f['scalar'] = np.float32(2.5)
        f['scalar_be'] = np.array(7, '>i4')
        f['null'] = h5py.Empty('f4')
        f.create_dataset('zero_rows', (0, 4), 'u2')
        f.create_dataset('cube', data=np.arange(60, dtype='>u2').reshape(3, 4, 5), chunks=(2, 3, 4), compression='gzip', shuffle=True, fletcher32=True)
        f.create_dataset('grow', (2, 3), 'i4', maxshape=(None, 3), chunks=(1, 3), data=np.arange(6).reshape(2, 3))
        f['bool'] = np.array([[True, False], [False, True]])
        f['bool_scalar'] = np.bool_(True)
        f['enum'] = np.array([2, 5], h5py.enum_dtype({'BAD': 2, 'GOOD': 5}, 'u2'))
        f.create_dataset('enum_be', data=np.array([2, 5], '>i4'), dtype=h5py.enum_dtype({'BAD': 2, 'GOOD': 5}, '>i4'))
        raw(f, 'bits', h5t.STD_B16BE, np.array([1, 0x0203], '>u2'))
        f['complex64'] = np.array([1 + 2j, -3j], '<c8')
        f['complex_be'] = np.array([[1 + 2j], [0.5 - 3j]], '>c16')
        f['complex_scalar'] = np.complex128(4 - 1j)
        f['pair'] = np.array([(1, 2.0), (3, 4.0)], [('a', '<i4'), ('b', '<f8')])
        f['opaque'] = np.array([b'ab', b'cd'], 'V2')
        d = f.create_dataset('vlen', (2,), h5py.vlen_dtype('i4')); d[0] = [1, 2]; d[1] = [3]
        f.create_dataset('arrays', (2,), '(3,)i4')
        f['ref'] = f['scalar'].ref
        f['type'] = np.dtype('<f4')
        f.create_dataset('user_fill', (3,), 'i2', fillvalue=-7)
        p = h5p.create(h5p.DATASET_CREATE); p.set_layout(h5d.COMPACT)
        d = h5d.create(f.id, b'in_header', h5t.STD_I16BE, h5s.create_simple((3,)), p)
        d.write(h5s.ALL, h5s.ALL, np.array([-1, 2, 300], 'i2'))


def strings():
    with h5py.File('strings.h5', 'w') as f:
        f['vlen_utf8'] = 'Ångström µm'
        f.create_dataset('vlen_ascii', data=b'plain', dtype=h5py.string_dtype('ascii'))
        f.create_dataset('vlen_array', data=[['a', ''], ['long text', 'd']], dtype=h5py.string_dtype())
        f.create_dataset('vlen_unset', (3,), h5py.string_dtype())
        f['fixed_nullpad'] = np.array([b'abc', b'de', b''], 'S4')
        f['fixed_scalar'] = np.bytes_(b'detector')
        t = h5t.C_S1.copy(); t.set_size(6); t.set_strpad(h5t.STR_NULLTERM)
        raw(f, 'fixed_nullterm', t, np.frombuffer(b'ab\0xy\0abcde\0', 'S6').copy(), (2,))
        t = h5t.FORTRAN_S1.copy(); t.set_size(6)
        raw(f, 'fixed_space', t, np.array([b'ab    ', b'  cdef'], 'S6'))
        t = h5t.C_S1.copy(); t.set_size(5); t.set_strpad(h5t.STR_NULLPAD); t.set_cset(h5t.CSET_UTF8)
        raw(f, 'fixed_utf8', t, np.array(['µm'.encode()], 'S5'))
        f.create_dataset('none', (0,), h5py.string_dtype())
        g = f.create_group('attrs')
        g.attrs['vlen'] = 'µm'
        g.attrs['fixed'] = np.bytes_(b'keV')
        g.attrs['vlen_array'] = ['x', 'yy']
        g.attrs['fixed_array'] = np.array([b'x', b'yy'], 'S2')
        g.attrs['one'] = ['single']
        g.attrs['int'] = np.int16(-3)
        g.attrs['u64'] = np.uint64(2**64 - 1)
        g.attrs['float_be'] = np.array(2.5, '>f4')
        g.attrs['floats'] = np.array([[1, 2], [3, 4]], 'f8')
        g.attrs['ints_be'] = np.array([1, -2], '>i4')
        g.attrs['bool'] = np.bool_(True)
        g.attrs['bools'] = np.array([True, False])
        g.attrs['complex'] = np.complex64(1 - 2j)
        g.attrs['null'] = h5py.Empty('f8')
        g.attrs['pair'] = np.array((1, 2.0), [('a', 'i4'), ('b', 'f8')])
        g.attrs.create('array', np.array([[1., 2., 3.], [4., 5., 6.]]), (2, 3), '(3,)f8')
        f['attrs/d'] = 1
        f['attrs/d'].attrs['units'] = 'mm'


def userblock():
    with h5py.File('userblock.h5', 'w', userblock_size=1024) as f:
        f['flat'] = np.arange(12, dtype='<u2').reshape(3, 4)
        f.create_dataset('chunked', data=np.arange(12, dtype='<u2').reshape(3, 4), chunks=(1, 4))
    with open('userblock.h5', 'r+b') as f:
        f.write(b'MATLAB 7.3 MAT-file'.ljust(1024))


def links():
    os.makedirs('sub', exist_ok=True)
    with h5py.File('sub/target.h5', 'w') as f:
        f['entry/data'] = np.arange(4, dtype='<i4')
        f['back'] = h5py.ExternalLink('../links.h5', '/')
    with h5py.File('links.h5', 'w') as f:
        f['a/data'] = np.arange(3)
        f['a/self'] = f['a']
        f['hard'] = f['a/data']
        f['soft'] = h5py.SoftLink('/a/data')
        f['a/rel'] = h5py.SoftLink('data')
        f['soft_missing'] = h5py.SoftLink('/a/none')
        f['soft_chain'] = h5py.SoftLink('/soft_missing')
        f['soft_loop1'] = h5py.SoftLink('/soft_loop2')
        f['soft_loop2'] = h5py.SoftLink('/soft_loop1')
        f['ext'] = h5py.ExternalLink('sub/target.h5', '/entry')
        f['ext_root'] = h5py.ExternalLink('sub/target.h5', '/')
        f['ext_no_file'] = h5py.ExternalLink('gone.h5', '/entry')
        f['ext_no_object'] = h5py.ExternalLink('sub/target.h5', '/entry/none')
        f['ext_not_hdf5'] = h5py.ExternalLink('make.py', '/entry')
        f['soft_ext'] = h5py.SoftLink('/ext_no_file')
        g = f.create_group('order')
        for i in (10, 2, 1):
            g[str(i)] = i


def virtual():
    for n, k in ('a', 0), ('b', 100):
        with h5py.File('vds_%s.h5' % n, 'w') as f:
            f.create_dataset('data', data=(k + np.arange(12)).astype('u2').reshape(3, 2, 2), chunks=(1, 2, 2))
            f.create_dataset('flat', data=(k + np.arange(4)).astype('u2').reshape(2, 2))
            d = f.create_dataset('holes', (4, 2, 2), 'u2', chunks=(1, 2, 2))
            d[0] = 1; d[2] = 1
    for i in (0, 1, 3):
        with h5py.File('vds_n%d.h5' % i, 'w') as f:
            f['data'] = np.full((2, 2), i, 'u2')
    with h5py.File('vds.h5', 'w', libver='latest') as f:
        S = h5py.VirtualSource
        def make(name, shape, *maps, maxshape=None):
            l = h5py.VirtualLayout(shape, 'u2', maxshape=maxshape)
            for at, src in maps:
                l[at] = src
            f.create_virtual_dataset(name, l, fillvalue=0)
        a, b, c = (S('vds_%s.h5' % n, 'data', (3, 2, 2), 'u2') for n in 'abc')
        make('good', (6, 2, 2), (np.s_[0:3], a), (np.s_[3:6], b))
        make('gap', (8, 2, 2), (np.s_[0:3], a), (np.s_[5:8], b))
        make('missing', (6, 2, 2), (np.s_[0:3], a), (np.s_[3:6], c))
        make('missing_dataset', (6, 2, 2), (np.s_[0:3], a), (np.s_[3:6], S('vds_b.h5', 'none', (3, 2, 2), 'u2')))
        make('interleaved', (6, 2, 2), (np.s_[0:6:2], a), (np.s_[1:6:2], b))
        make('interleaved_missing', (6, 2, 2), (np.s_[0:6:2], a), (np.s_[1:6:2], c))
        make('one_frame', (3, 2, 2), (np.s_[0], S('vds_a.h5', 'flat', (2, 2), 'u2')), (np.s_[1], S('vds_c.h5', 'flat', (2, 2), 'u2')), (np.s_[2], S('vds_b.h5', 'flat', (2, 2), 'u2')))
        make('holes', (4, 2, 2), (np.s_[:], S('vds_a.h5', 'holes', (4, 2, 2), 'u2')))
        make('short', (5, 2, 2), (np.s_[:], S('vds_a.h5', 'data', (5, 2, 2), 'u2')))
        f.create_dataset('local', data=np.arange(12).astype('u2').reshape(3, 2, 2))
        make('same_file', (3, 2, 2), (np.s_[:], S('.', 'local', (3, 2, 2), 'u2')))
        make('nested', (6, 2, 2), (np.s_[:], S('.', 'missing', (6, 2, 2), 'u2')))
        # a source file for every frame, numbered; the third is missing
        p = h5p.create(h5p.DATASET_CREATE)
        vs = h5s.create_simple((4, 2, 2), (h5s.UNLIMITED, 2, 2))
        vs.select_hyperslab((0, 0, 0), (h5s.UNLIMITED, 1, 1), (1, 1, 1), (1, 2, 2))
        p.set_virtual(vs, b'vds_n%b.h5', b'data', h5s.create_simple((2, 2)))
        p.set_fill_value(np.zeros((), 'u2'))
        h5d.create(f.id, b'numbered', h5t.NATIVE_UINT16, h5s.create_simple((4, 2, 2), (h5s.UNLIMITED, 2, 2)), p)
        # an L-shaped selection: the union of two boxes
        p = h5p.create(h5p.DATASET_CREATE)
        vs = h5s.create_simple((2, 4))
        vs.select_hyperslab((0, 0), (1, 1), (1, 1), (1, 4))
        vs.select_hyperslab((1, 0), (1, 1), (1, 1), (1, 2), h5s.SELECT_OR)
        p.set_virtual(vs, b'vds_c.h5', b'data', h5s.create_simple((6,)))
        h5d.create(f.id, b'irregular', h5t.NATIVE_UINT16, h5s.create_simple((2, 4)), p)


def sparse():
    with h5py.File('sparse.h5', 'w') as f:
        d = f.create_dataset('frames', (100, 4, 6), 'u2', chunks=(1, 4, 6), compression='gzip')
        for i in range(100):
            if i not in (7, 8, 50):
                d[i] = i
        d = f.create_dataset('tiles', (4, 4, 6), 'u2', chunks=(3, 2, 4))
        d[...] = 5
        d = f.create_dataset('tiles_hole', (4, 4, 6), 'u2', chunks=(3, 2, 4))
        d[0:3] = 1; d[3, 2:, 4:] = 2
        f.create_dataset('never', (3, 2), 'f4')
        f.create_dataset('never_chunked', (300, 2), 'f4', chunks=(1, 2))
    with h5py.File('sparse_latest.h5', 'w', libver='latest') as f:
        d = f.create_dataset('frames', (5, 2, 2), 'u2', chunks=(1, 2, 2))
        d[0] = 1; d[4] = 1
        d = f.create_dataset('grow', (5, 2, 2), 'u2', chunks=(1, 2, 2), maxshape=(None, 2, 2))
        d[0] = 1; d[3] = 1


def external():
    np.arange(8, dtype='<u2').tofile('ext_a.raw')
    np.arange(8, 12, dtype='<u2').tofile('ext_b.raw')  # 8 bytes of the 16 it should have
    with h5py.File('external.h5', 'w') as f:
        f.create_dataset('good', (4, 2), '<u2', external=[('ext_a.raw', 0, 16)])
        f.create_dataset('short', (8, 2), '<u2', external=[('ext_a.raw', 0, 16), ('ext_b.raw', 0, 16)])
        f.create_dataset('gone', (8, 2), '<u2', external=[('ext_a.raw', 0, 16), ('ext_gone.raw', 0, 16)])
        f.create_dataset('shifted', (3, 2), '<u2', external=[('ext_a.raw', 4, h5f.UNLIMITED)])
    # h5py makes the files as it creates the datasets
    np.arange(8, dtype='<u2').tofile('ext_a.raw')
    np.arange(8, 12, dtype='<u2').tofile('ext_b.raw')
    if os.path.exists('ext_gone.raw'):
        os.remove('ext_gone.raw')


def crashed():
    """A file whose writer died: its superblock says that it is open for writing."""
    code = ("import h5py, os\nf = h5py.File('crashed.h5', 'w', libver='latest')\nf['d'] = [1, 2]\nf.swmr_mode = True\n"
            "f.flush()\nos._exit(0)\n")
    subprocess.run([sys.executable, '-c', code], check=True)


for make in types, strings, userblock, links, virtual, sparse, external, crashed:
    make()
