#!/usr/bin/env python3
"""Writes giant.h5, arrays with chunks that are too large to stand in memory twice, and giant.json of what a reader must find.

Needs h5py 3.7 and numpy. Run it in this folder. The values repeat, so that the file is small.
"""
import hashlib
import json

import h5py
import numpy as np

random = np.random.default_rng(11)
MILLION = 1_000_000


def values(count, dtype):
    """Noise first, which deflate stores as it is; then runs of all lengths, and matches from far back."""
    noise = random.integers(0, 256, 9_000, "u1").tobytes()
    steps = np.cumsum(np.arange(count) % 5077 == 0) * 77
    numbers = steps.astype(dtype)
    head = np.frombuffer(noise, "i2").astype(dtype)
    numbers[: len(head)] = head
    numbers[count // 2 : count // 2 + 9000] = np.resize(head, 9000)
    return numbers


ARRAYS = {
    "gzip": (values(9 * MILLION, "u1"), dict(chunks=(9 * MILLION,))),
    "gzip edge": (values(5 * MILLION, "<i2"), dict(chunks=(6 * MILLION,), maxshape=(None,))),
    "gzip whole 2D": (values(3 * MILLION, "<i4").reshape(1500, 2000), dict(chunks=(1500, 2000))),
    "gzip big-endian": (values(3 * MILLION, ">f4"), dict(chunks=(3 * MILLION,))),
    "gzip two": (values(5 * MILLION, "<f4"), dict(chunks=(3 * MILLION,), maxshape=(None,))),
    "shuffle 2": (values(5 * MILLION, "<i2"), dict(chunks=(5 * MILLION,), shuffle=True)),
    "shuffle 4": (values(3 * MILLION + 5, "<f4"), dict(chunks=(3 * MILLION + 5,), shuffle=True)),
    "shuffle 4 edge": (values(2 * MILLION + 7, "<i4"), dict(chunks=(3 * MILLION,), maxshape=(None,), shuffle=True)),
    "shuffle 8 big-endian": (values(2 * MILLION, ">f8"), dict(chunks=(2 * MILLION,), shuffle=True)),
    "shuffle fletcher": (values(3 * MILLION, "<i4"), dict(chunks=(3 * MILLION,), shuffle=True, fletcher32=True)),
}

found = {}
with h5py.File("giant.h5", "w") as file:
    for name, (array, storage) in ARRAYS.items():
        file.create_dataset(name, data=array, compression="gzip", compression_opts=9, **storage)
        little = np.ascontiguousarray(array.astype(array.dtype.newbyteorder("<")))
        found[name] = {"shape": list(array.shape), "sha256": hashlib.sha256(little.tobytes()).hexdigest()}
with open("giant.json", "w") as text:
    json.dump({"arrays": found, "attributes": {}, "refused": {}}, text, indent=1)
    text.write("\n")
