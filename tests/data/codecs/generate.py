#!/usr/bin/python3
"""Encode small arrays with the reference encoders: goldens.bin (all encodings, one behind the other) and goldens.tsv.

Needs numpy and h5py; what else is installed of hdf5plugin, blosc, zstandard and lz4 adds its codecs, and H5WASM may name a
folder with the npm packages h5wasm and h5wasm-plugins for the filters that hdf5plugin lacks. The script says what is missing. A line of goldens.tsv: decoder, name, parameters, offset and length of the
encoding, length and SHA-256 of the data.

 generate.py [folder]
"""
import base64, gzip, hashlib, io, json, os, shutil, struct, subprocess, sys, tempfile, zlib
import numpy as np, h5py

FOLDER = sys.argv[1] if len(sys.argv) > 1 else os.path.dirname(os.path.abspath(__file__))
rng = np.random.default_rng(20240611)
blob, lines, missing = bytearray(), [], []


def optional(name):
    try:
        return __import__(name)
    except ImportError:
        missing.append(name)
        return None


def keep(decoder, name, encoded, data, parameters='-'):
    encoded, data = bytes(encoded), bytes(data)
    lines.append('\t'.join([decoder, name.replace(' ', '_'), str(parameters), str(len(blob)), str(len(encoded)), str(len(data)),
                            hashlib.sha256(data).hexdigest()]))
    blob.extend(encoded)


def indices(n):
    return np.cumsum(rng.integers(1, 40, n)).astype('<i4') % 20000


def counts(n):
    return (1 + rng.poisson(0.6, n)).astype('<f4')


def text(n):
    words = [b'cell', b'gene', b'T cell', b'ENSG00000', b'\n', b'B', b'monocyte']
    return b' '.join(words[i] for i in rng.integers(0, len(words), n // 4))[:n]


def runs(n):
    out = bytearray()
    while len(out) < n:
        pattern = rng.bytes(int(rng.integers(1, 40)))
        out += (pattern * 300)[:int(rng.integers(1, 700))]
    return bytes(out[:n])


KINDS = {
    'noise': lambda n: rng.bytes(n), 'text': text, 'runs': runs, 'zeros': lambda n: bytes(n),
    'indices': lambda n: indices(n // 4 + 1).tobytes()[:n], 'counts': lambda n: counts(n // 4 + 1).tobytes()[:n],
    'doubles': lambda n: np.log1p(counts(n // 8 + 1).astype('<f8')).tobytes()[:n],
    'skewed': lambda n: np.minimum(rng.geometric(0.35, n), 255).astype('u1').tobytes(),
}


def deflate(data, level, strategy, bits=15, memory=8):
    c = zlib.compressobj(level, zlib.DEFLATED, bits, memory, strategy)
    return c.compress(data) + c.flush()


STRATEGIES = {'default': zlib.Z_DEFAULT_STRATEGY, 'filtered': zlib.Z_FILTERED, 'huffman': zlib.Z_HUFFMAN_ONLY,
              'rle': zlib.Z_RLE, 'fixed': zlib.Z_FIXED}
for kind, make in KINDS.items():
    for size in (0, 1, 2, 3, 11, 257, 258, 259, 300, 1000):
        data = make(size)
        level, strategy = (size * 7 + len(kind)) % 10, list(STRATEGIES)[(size + len(kind)) % 5]
        keep('zlib', f'{kind} {size} level {level} {strategy}', deflate(data, level, STRATEGIES[strategy]), data)
    for strategy in STRATEGIES:
        data = make(3000 if kind != 'noise' else 700)
        keep('raw', f'{kind} {len(data)} {strategy}', deflate(data, 6, STRATEGIES[strategy], -15), data)
for kind in ('runs', 'zeros', 'counts', 'indices', 'text'):
    data = make = KINDS[kind](70000 if kind in ('runs', 'zeros') else 20000)
    for level in (1, 4, 9) if kind != 'zeros' else range(1, 10):
        keep('zlib', f'{kind} long level {level}', deflate(data, level, 0), data)
data = KINDS['skewed'](66000)[:65600]
keep('zlib', 'skewed 64 KiB and more', deflate(data, 9, zlib.Z_HUFFMAN_ONLY), data)
data = bytes(2000) + rng.bytes(300) + bytes(65000)
keep('zlib', 'small window', deflate(data, 6, 0, 9, 1), data)
data = bytes(66000)
keep('zlib', 'stored zeros', zlib.compress(data[:3000], 0), data[:3000])
c = zlib.compressobj(4)
keep('zlib', 'flushed', b''.join([c.compress(b'one ' * 50), c.flush(zlib.Z_SYNC_FLUSH), c.compress(b'two ' * 50),
                                  c.flush(zlib.Z_FULL_FLUSH), c.flush()]), b'one ' * 50 + b'two ' * 50)
# Fibonacci frequencies make the longest codes that deflate allows.
fib = [1, 1]
while len(fib) < 19:
    fib.append(fib[-1] + fib[-2])
data = bytes(rng.permutation(np.repeat(np.arange(19, dtype='u1'), fib))[:9000]) + bytes(range(256))
keep('zlib', 'longest codes', deflate(data, 9, zlib.Z_HUFFMAN_ONLY), data)

target = io.BytesIO()
with gzip.GzipFile('a name', 'wb', 6, target, 0) as f:
    f.write(text(2000))
keep('gzip', 'with a name', target.getvalue(), gzip.decompress(target.getvalue()))
body = deflate(b'abc' * 40, 6, 0, -15)
head = struct.pack('<4BI2BH', 31, 139, 8, 2 | 4 | 8 | 16, 0, 0, 255, 5) + b'extra' + b'name\0' + b'comment\0'
member = head + struct.pack('<H', zlib.crc32(head) & 0xFFFF) + body + struct.pack('<2I', zlib.crc32(b'abc' * 40), 120)
keep('gzip', 'every header field, twice', member + member, b'abc' * 80)


def chunk(data, **filters):
    """The one chunk of a data set as the HDF5 library stores it, and its filter mask."""
    data = np.asarray(data)
    with h5py.File('goldens', 'w', driver='core', backing_store=False) as f:
        d = f.create_dataset('d', data=data, chunks=data.shape, **filters)
        f.flush()
        mask, stored = d.id.read_direct_chunk((0,) * data.ndim)
        return stored, mask


for kind in ('text', 'runs', 'zeros', 'indices', 'counts', 'skewed'):
    for size in (4, 30, 300, 5000) + ((30000,) if kind in ('runs', 'zeros') else ()):
        data = np.frombuffer(KINDS[kind](size), 'u1')
        stored, mask = chunk(data, compression='lzf')
        if mask == 0:
            keep('lzf', f'{kind} {size}', stored, data)
for dtype in ('u1', '<i2', '<i4', '<f8', 'S3', 'S16'):
    for size in (1, 15, 16, 17, 300):
        data = np.frombuffer(rng.bytes(size * np.dtype(dtype).itemsize), dtype)
        stored, _ = chunk(data, shuffle=True)
        keep('shuffle', f'{dtype} {size}', stored, data.tobytes(), np.dtype(dtype).itemsize)
for size in (1, 2, 3, 17, 719, 720, 721, 999):
    for data in (rng.bytes(size), b'\xff' * size, bytes(size)):
        data = np.frombuffer(data, 'u1')
        keep('fletcher32', f'{size} of {data[0]}', chunk(data, fletcher32=True)[0], data)

plugin, LZ4, BITSHUFFLE, ZSTD, BLOSC, BLOSC2 = optional('hdf5plugin'), 32004, 32008, 32015, 32001, 32026
ARRAYS = {'indices': indices(600), 'counts': counts(501), 'doubles': np.log1p(counts(211).astype('<f8')),
          'bytes': np.frombuffer(text(803), 'u1'), 'shorts': indices(400).astype('<i2'), 'noise': np.frombuffer(rng.bytes(177), 'u1'),
          'zeros': np.zeros(20000, '<i4')}


ARRAYS['matrix'] = indices(630).reshape(30, 21)
ARRAYS['cube'] = indices(7 * 12 * 10).reshape(7, 12, 10)
jobs = []
BROAD = (np.arange(150 * 331) % 331 // 40 + np.arange(150 * 331) // 331 // 9 * 16).astype('<i4').reshape(150, 331)


def plugged(decoder, number, name, data, options=(), parameters='-', here=True):
    if not (here and plugin and h5py.h5z.filter_avail(number)):
        jobs.append((decoder, number, name, data, options, parameters))
        return
    stored, mask = chunk(data, compression=number, compression_opts=tuple(options))
    if mask == 0:
        keep(decoder, f'HDF5 {name} {options}', stored, data.tobytes(), parameters)


def plugged_elsewhere(folder):
    with tempfile.TemporaryDirectory() as scratch:
        described = [dict(name=str(i), bytes=base64.b64encode(data.tobytes()).decode(), dtype=data.dtype.str,
                          shape=data.shape, filter=number, options=options) for i, (_, number, _, data, options, _) in enumerate(jobs)]
        json.dump(described, open(scratch + '/jobs.json', 'w'))
        here = os.path.join(folder, 'encode.mjs')
        shutil.copy(os.path.join(os.path.dirname(os.path.abspath(__file__)), 'encode.mjs'), here)
        subprocess.run(['node', here, scratch + '/jobs.json', scratch + '/out.h5'], check=True, stderr=subprocess.DEVNULL)
        with h5py.File(scratch + '/out.h5', 'r') as f:
            for i, (decoder, _, name, data, options, parameters) in enumerate(jobs):
                mask, stored = f[str(i)].id.read_direct_chunk((0,) * data.ndim)
                if mask == 0:
                    keep(decoder, f'h5wasm {name} {options}', stored, data.tobytes(), parameters)


for compressor in (1, 5):  # large enough for several blocks along both axes
    for level in (1, 5):
        plugged('blosc2', BLOSC2, 'broad', BROAD, (0, 0, 0, 0, level, 1, compressor), here=False)
for name, data in ARRAYS.items():
    size = data.dtype.itemsize
    if data.ndim == 1:
        for block in (0, 256, 1000):
            plugged('hdf5lz4', LZ4, name, data, (block,))
        plugged('zstd', ZSTD, name, data, (3,))
        for block in (0, 8, 128):
            for compression in (0, 2, 3) if name != 'zeros' else (2, 3):
                options = (block, compression, 3) if compression == 3 else (block, compression)
                if block != 8 or name != 'zeros':
                    plugged('bitshuffle', BITSHUFFLE, name, data, options,
                            ','.join(map(str, (0, 4, size, block, compression))), compression != 3)
    for compressor in (0, 1, 2, 4, 5):
        for shuffle in (0, 1, 2):
            if data.ndim == 1 and (shuffle + len(name)) % 2:
                plugged('blosc', BLOSC, name, data, (0, 0, 0, 0, 5, shuffle, compressor))
            if compressor != 4:  # not in h5wasm's build
                plugged('blosc2', BLOSC2, name, data, (0, 0, 0, 0, 5, shuffle, compressor), here=False)

blosc = optional('blosc')
if blosc:
    blosc.set_nthreads(1)
    for name, data in ARRAYS.items():
        if name in ('noise', 'shorts', 'matrix', 'cube'):
            continue
        for compressor in ('blosclz', 'lz4', 'zlib', 'zstd'):
            for typesize, block, split in ((data.dtype.itemsize, 512, 1), (3, 1000, 2), (16, 2048, 4), (1, 0, 4)):
                blosc.set_blocksize(block)
                if hasattr(blosc, 'set_splitmode'):
                    blosc.set_splitmode(split)
                shuffle = (typesize + len(name)) % 3
                keep('blosc', f'{name} {compressor} typesize {typesize} block {block} shuffle {shuffle}',
                     blosc.compress(data.tobytes(), typesize, 6, shuffle, compressor), data.tobytes())
    far = rng.bytes(12000)
    blosc.set_blocksize(65536)
    keep('blosc', 'distances over 8191', blosc.compress(far * 2, 1, 9, 0, 'blosclz'), far * 2)
    keep('blosc', 'copied', blosc.compress(b'x' * 500, 4, 0), b'x' * 500)

if os.environ.get('H5WASM'):
    plugged_elsewhere(os.environ['H5WASM'])
else:
    missing.append('h5wasm')

zstandard, lz4 = optional('zstandard'), optional('lz4.block')
for name, data in ARRAYS.items():
    raw = data.tobytes()
    if zstandard:
        whole = zstandard.ZstdCompressor(level=5, write_checksum=True).compress(raw)
        keep('zstd', f'{name} twice', whole + whole, raw + raw)
        keep('zstd', f'{name} size unknown', zstandard.ZstdCompressor(write_content_size=False).compress(raw), raw)
    if lz4:
        keep('lz4', name, lz4.block.compress(raw, store_size=False), raw)

open(os.path.join(FOLDER, 'goldens.bin'), 'wb').write(blob)
open(os.path.join(FOLDER, 'goldens.tsv'), 'w').write('\n'.join(lines) + '\n')
print(f'{len(lines)} encodings, {len(blob)} bytes', 'missing: ' + ', '.join(sorted(set(missing))) if missing else '')
