#!/usr/bin/env python3
"""Writes X of a .h5ad file as two Zarr stores that hold the same values: version 2, and version 3 with shards.

    make_zarr.py FILE.h5ad FOLDER     makes FOLDER/v2.zarr and FOLDER/v3.zarr; one that exists is kept

Both have blosc with zstd, level 5, bytes shuffled. Chunks are cut as zarr-python 3 does for `shards="auto"`, which is what anndata
0.13 writes by default: the largest below 1 MiB that halving gives, two of them in a shard. In version 2 each chunk is a file.
Needs python3-zarr (2.13), python3-numcodecs and python3-h5py.
"""
import os
import sys

import h5py
import numcodecs
import numpy as np
import zarr

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "tests", "data", "zarr"))
import write3

MAX_CHUNK_BYTES = 1 << 20


def chunk_of(values):
    length = len(values)
    while length * values.dtype.itemsize > MAX_CHUNK_BYTES:
        length = -(-length // 2)
    return length


def version2(x, folder):
    group = zarr.open_group(folder, "w").create_group("X")
    group.attrs.update(attributes(x))
    for name in ("data", "indices", "indptr"):
        values = x[name][...]
        group.create_dataset(name, data=values, chunks=(chunk_of(values),), compressor=numcodecs.Blosc("zstd", 5, numcodecs.Blosc.SHUFFLE))


def version3(x, folder):
    write3.group(folder, {"encoding-type": "anndata", "encoding-version": "0.1.0"})
    write3.group(f"{folder}/X", attributes(x))
    for name in ("data", "indices", "indptr"):
        values = x[name][...]
        chunk = chunk_of(values)
        blosc = {"cname": "zstd", "clevel": 5, "shuffle": "shuffle", "typesize": values.dtype.itemsize, "blocksize": 0}
        codecs = [write3.sharding((chunk,), [write3.bytes_codec(), {"name": "blosc", "configuration": blosc}])]
        write3.array(f"{folder}/X/{name}", values, (2 * chunk if len(values) > 8 * chunk else chunk,), codecs)


def attributes(x):
    return {"encoding-type": "csr_matrix", "encoding-version": "0.1.0", "shape": [int(n) for n in x.attrs["shape"]]}


if __name__ == "__main__":
    source, target = sys.argv[1:]
    with h5py.File(source) as file:
        for name, write in [("v2.zarr", version2), ("v3.zarr", version3)]:
            if not os.path.exists(os.path.join(target, name)):
                write(file["X"], os.path.join(target, name))
                print(name)
        for name in ("data", "indices", "indptr"):
            stored = sum(entry.stat().st_size for entry in os.scandir(os.path.join(target, "v2.zarr", "X", name)))
            print(f"{name}: {file['X'][name].nbytes / stored:.2f} to one")
