#!/usr/bin/python3
"""Make big.h5ad: a few kilobytes that become parts over 2 GiB, because nearly all chunks were never written.

X is 600,000 x 1,000 float32 (2.4 GB) with values in the first and the last row.
Needs Debian's python3-h5py and python3-numpy.
"""
import pathlib

import h5py
import numpy as np

ROWS, COLUMNS = 600_000, 1_000


def encode(node, kind, version):
    node.attrs["encoding-type"], node.attrs["encoding-version"] = kind, version
    return node


def frame(file, name, rows):
    group = encode(file.create_group(name), "dataframe", "0.2.0")
    group.attrs["_index"] = "_index"
    group.attrs.create("column-order", [], dtype=h5py.string_dtype())
    index = group.create_dataset("_index", (rows,), "S1", chunks=(min(rows, 1 << 16),), compression="gzip")
    encode(index, "string-array", "0.2.0")


def main():
    path = pathlib.Path(__file__).with_name("big.h5ad")
    with h5py.File(path, "w", libver="latest", track_order=False) as file:
        encode(file, "anndata", "0.1.0")
        x = encode(file.create_dataset("X", (ROWS, COLUMNS), "f4", chunks=(10_000, COLUMNS), compression="gzip"), "array", "0.2.0")
        x[0] = np.arange(COLUMNS, dtype="f4")
        x[-1] = -np.arange(COLUMNS, dtype="f4")
        frame(file, "obs", ROWS)
        frame(file, "var", COLUMNS)


if __name__ == "__main__":
    main()
