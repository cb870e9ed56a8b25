"""Writes a .h5ad file as a Zarr store of version 3, node by node, as anndata 0.13 does: zstd, arrays of some length in shards, consolidated metadata.

    from_h5ad.py FILE.h5ad STORE
"""
import json
import os
import sys

import h5py
import numpy as np

import write3
from write3 import bytes_codec, sharding

ZSTD = {"name": "zstd", "configuration": {"level": 0, "checksum": False}}


def plain(value):
    """An attribute as JSON; None for what JSON cannot say."""
    if isinstance(value, (h5py.Reference, np.void, h5py.Empty)):
        return None
    if isinstance(value, bytes):
        return value.decode()
    if isinstance(value, np.ndarray):
        return [plain(entry) for entry in value]
    return value.item() if isinstance(value, np.generic) else value


def attributes(node):
    found = {name: plain(node.attrs[name]) for name in node.attrs}
    return {name: value for name, value in found.items() if value is not None}


def cut(shape):
    """(chunk, shard) that are shorter than the array on each axis that allows it."""
    chunk = tuple(max(1, -(-n // 5)) for n in shape)
    return chunk, tuple(2 * n for n in chunk)


def array(node, path):
    more = {"attributes": attributes(node), "keys": {"name": "default", "configuration": {"separator": "/"}}}
    values = node[()] if node.shape == () else node[...]
    if h5py.check_string_dtype(node.dtype):
        texts = np.frompyfunc(lambda text: text.decode() if isinstance(text, bytes) else text, 1, 1)(np.asarray(values, object))
        values, codecs = np.asarray(texts, object), [{"name": "vlen-utf8"}, ZSTD]
        more.update(data_type="string", fill="")
    else:
        values = np.asarray(values)
        codecs = [bytes_codec("big" if values.dtype.byteorder == ">" else "little"), ZSTD]
        more.update(data_type=values.dtype.name, fill_json={"b": False, "c": [0.0, 0.0]}.get(values.dtype.kind, 0))
    chunk, shard = cut(values.shape)
    write3.array(path, values, shard if values.shape else (), [sharding(chunk, codecs)] if values.shape else codecs, **more)


def convert(source, store):
    def visit(node, path):
        if isinstance(node, h5py.Group):
            write3.group(path, attributes(node))
            for name in node:
                visit(node[name], os.path.join(path, name))
        elif node.shape is not None and node.dtype.kind not in "V":
            array(node, path)

    with h5py.File(source) as file:
        visit(file, store)
    nodes = {}
    for at, _, files in os.walk(store):
        if "zarr.json" in files and at != store:
            with open(os.path.join(at, "zarr.json")) as file:
                nodes[os.path.relpath(at, store)] = json.load(file)
    with open(os.path.join(store, "zarr.json")) as file:
        root = json.load(file)
    with open(os.path.join(store, "zarr.json"), "w") as file:
        json.dump({**root, "consolidated_metadata": {"kind": "inline", "must_understand": False, "metadata": nodes}}, file)


if __name__ == "__main__":
    convert(*sys.argv[1:])
