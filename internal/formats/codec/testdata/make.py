#!/usr/bin/python3
"""Make chunks.json: stored chunks as other programs wrote them, and the bytes they stand for.

    make.py [CODECS_FOLDER]

Two sources:
 * datasets written here by h5py through the C filters of Debian's packages python3-h5py, hdf5-filter-plugin,
   hdf5-filter-plugin-blosc-serial and bitshuffle (apt-get install them, or unpack them somewhere and set
   HDF5_PLUGIN_PATH and LD_LIBRARY_PATH); what was written is what must come back;
 * CODECS_FOLDER, the project's golden cases of compressed frames (raw.h5 with its expected.h5), for what no Debian
   package writes: bitshuffle with zstd, zstd.
"""
import base64, glob, json, os, sys, tempfile, zlib
import h5py, numpy as np

here = os.path.dirname(os.path.abspath(__file__))
rng = np.random.default_rng(42)
cases = []


def add(name, ds, stored, mask, want, damaged=False):
    plist = ds.id.get_create_plist()
    filters = [plist.get_filter(i) for i in range(plist.get_nfilters())]
    cases.append(dict(
        name=name, elem=ds.dtype.itemsize, mask=mask,
        filters=[dict(ID=int(f[0]), Params=[int(v) for v in f[2]]) for f in filters],
        damaged=damaged, stored=base64.b64encode(stored).decode(), want=base64.b64encode(zlib.compress(want, 9)).decode()))


def frames(dtype, shape):
    """Counts with a bright middle: zeros, small numbers, some large ones; floats are noisy."""
    r = np.hypot(*np.meshgrid(*[np.arange(n) - n / 2 for n in shape], indexing='ij'))
    counts = rng.poisson(300 / (1 + (r / 3) ** 3) + 0.2)
    if np.dtype(dtype).kind == 'f':
        return (counts * rng.normal(1, 0.02, shape)).astype(dtype)
    if np.dtype(dtype).kind == 'V':
        return np.frombuffer(counts.astype('u1').tobytes() * np.dtype(dtype).itemsize, dtype)[:counts.size].reshape(shape)
    return np.minimum(counts, 250).astype(dtype)


def write(name, data, filters):
    """One chunk holding data, through filters (id, parameters) in order."""
    with tempfile.TemporaryDirectory() as tmp, h5py.File(os.path.join(tmp, 'a.h5'), 'w') as f:
        plist = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
        plist.set_chunk(data.shape)
        for number, values in filters:
            if number == 3:
                plist.set_fletcher32()
            elif number == 2:
                plist.set_shuffle()
            elif number == 1:
                plist.set_deflate(*values)
            else:
                if not h5py.h5z.filter_avail(number):
                    sys.exit(f'filter {number} is not installed')
                plist.set_filter(number, h5py.h5z.FLAG_OPTIONAL, values)
        ds = h5py.Dataset(h5py.h5d.create(f.id, b'd', h5py.h5t.py_create(data.dtype), h5py.h5s.create_simple(data.shape), plist))
        ds[...] = data
        f.flush()
        mask, stored = ds.id.read_direct_chunk((0,) * data.ndim)
        add(name, ds, stored, mask, data.tobytes())


FLETCHER, SHUFFLE = (3, ()), (2, ())
for dtype in ('u1', '<u2', '>u2', '<u4', '<f4', '<f8', 'V3', 'V16'):
    write(f'gzip_shuffle_fletcher_{dtype}', frames(dtype, (21, 23)), [SHUFFLE, (1, (4,)), FLETCHER])
write('fletcher_odd', frames('u1', (7, 9)), [FLETCHER])
write('fletcher_first', frames('<u2', (17, 19)), [FLETCHER, (1, (6,))])
write('fletcher_ffff', np.full((40, 40), 0xffff, '<u2'), [FLETCHER])
write('fletcher_long', rng.integers(0, 2 ** 32, (50, 60), 'u4'), [FLETCHER])
write('shuffle_tail', frames('<u4', (5, 5)), [SHUFFLE])
write('gzip_after_lzf', frames('<u2', (24, 24)), [(32000, ()), (1, (4,))])
write('lzf_shuffle', frames('<u4', (33, 31)), [SHUFFLE, (32000, ())])
write('lzf_skipped', rng.integers(0, 256, (16, 16), 'u1'), [(32000, ())])
write('bzip2_u2', frames('<u2', (24, 24)), [(307, (9,))])
write('bzip2_runs', np.repeat(np.arange(9, dtype='u4'), 700).reshape(9, 700), [SHUFFLE, (307, (1,))])
for block in (0, 64, 1000):
    write(f'lz4_block_{block}', frames('<u4', (27, 29)), [(32004, (block,))])
write('lz4_noise', rng.integers(0, 256, (16, 16), 'u1'), [(32004, (0,))])
for dtype in ('u1', '<u2', '<u4', '<f4', '<f8', 'V3'):
    write(f'bitshuffle_plain_{dtype}', frames(dtype, (19, 9)), [(32008, (0, 0))])
    write(f'bitshuffle_lz4_{dtype}', frames(dtype, (61, 53)), [(32008, (0, 2))])
for shape in ((1, 1), (1, 7), (2, 4), (3, 3), (8, 16), (1, 1023)):
    write('bitshuffle_lz4_%dx%d' % shape, frames('<u2', shape), [(32008, (0, 2))])
write('bitshuffle_lz4_block_64', frames('<u4', (33, 31)), [(32008, (64, 2))])
for codec in range(6):  # blosclz, lz4, lz4hc, snappy, zlib, zstd
    for shuffle in range(3):
        dtype = ('<u2', '<u4', '<f8')[(codec + shuffle) % 3]
        write(f'blosc_{codec}_shuffle_{shuffle}_{dtype}', frames(dtype, (37, 31)), [(32001, (0, 0, 0, 0, 5, shuffle, codec))])
for level in (0, 1, 9):
    write(f'blosc_lz_level_{level}', frames('<u4', (30, 30)), [(32001, (0, 0, 0, 0, level, 1, 0))])
    write(f'blosc_lz_bytes_level_{level}', frames('u1', (70, 70)), [(32001, (0, 0, 0, 0, level, 0, 0))])
write('blosc_v3', frames('V3', (20, 30)), [(32001, (0, 0, 0, 0, 5, 1, 1))])
write('blosc_v17', frames('V17', (20, 30)), [(32001, (0, 0, 0, 0, 5, 1, 1))])
write('blosc_large', np.tile(frames('<u2', (64, 64)), (9, 4)), [(32001, (0, 0, 0, 0, 1, 1, 1))])
for shuffle in range(3):  # large enough that BloscLZ does compress
    write(f'blosc_lz_counts_{shuffle}', np.minimum(frames('<u4', (100, 100)), 9), [(32001, (0, 0, 0, 0, 9, shuffle, 0))])
far = rng.integers(0, 256, 9000, 'u1')  # repeats 9000 bytes back: BloscLZ's long distances
write('blosc_lz_far', np.concatenate([far, far, far[:3000], np.zeros(3000, 'u1')]), [(32001, (0, 0, 0, 0, 9, 0, 0))])


def golden(path):
    """Frames and interior chunks of a golden case whose frames pass through unchanged."""
    name = os.path.basename(os.path.dirname(path))
    with h5py.File(path, 'r') as f, h5py.File(os.path.join(os.path.dirname(path), 'expected.h5'), 'r') as e:
        ds, want = f['entry/data'], None
        parts = [e['chunks'][k]['data'][()] for k in sorted(e['chunks'], key=int)]
        want = np.concatenate(parts).astype(ds.dtype)
        if want.shape != ds.shape:
            sys.exit(f'{name} is cropped: {want.shape} of {ds.shape}')
        done = 0
        for i in range(ds.id.get_num_chunks()):
            info = ds.id.get_chunk_info(i)
            end = [o + c for o, c in zip(info.chunk_offset, ds.chunks)]
            if done == 2 or any(b > n for b, n in zip(end, ds.shape)):
                continue
            mask, stored = ds.id.read_direct_chunk(info.chunk_offset)
            add(f'golden_{name}_{i}', ds, stored, mask, want[tuple(slice(o, b) for o, b in zip(info.chunk_offset, end))].tobytes())
            done += 1


if len(sys.argv) > 1:
    for name in ('bszstd_blocks_u2', 'bszstd_u4', 'zstd_blocks_f4', 'zstd_u2', 'bslz4_be_u2', 'blosc_zstd_noshuffle_u2', 'blosc_blosclz_u1',
                 'blosc_blosclz_blocks_u4', 'blosc_lz4_bitshuffle_u4', 'blosc_stored_u2', 'bzip2_blocks_u4',
                 'skipped_filter_gzip_u2', 'skipped_filter_bslz4_u4', 'gzip_blocks_fletcher_u4'):
        golden(os.path.join(sys.argv[1], name, 'raw.h5'))
    for path in sorted(glob.glob(os.path.join(sys.argv[1], 'bad_damaged_*', 'raw.h5'))):
        number = int(open(os.path.join(os.path.dirname(path), 'expect_words.txt')).read().split()[2])  # file, dataset, frame
        with h5py.File(path, 'r') as f:
            ds = f['entry/data']
            mask, stored = ds.id.read_direct_chunk((number, 0, 0))
            add('golden_' + os.path.basename(os.path.dirname(path)), ds, stored, mask, bytes(ds.id.get_type().get_size() * ds.shape[1] * ds.shape[2]), True)
with open(os.path.join(here, 'chunks.json'), 'w') as out:
    out.write('[\n' + ',\n'.join(json.dumps(c) for c in cases) + '\n]\n')
print(len(cases), 'chunks', os.path.getsize(os.path.join(here, 'chunks.json')), 'bytes')
