#!/usr/bin/python3
"""Make files that are broken on purpose: bad.h5ad has good elements beside one of each kind of damage; hostile.h5ad has
what damaged files once did to a reader: ways that do not end, values that no file could hold, a name that is empty.

Needs Debian's python3-h5py and python3-numpy.
"""
import pathlib

import h5py
import numpy as np


def encode(node, kind, version):
    node.attrs["encoding-type"], node.attrs["encoding-version"] = kind, version
    return node


def sparse(parent, name, shape, indptr, indices, data):
    group = encode(parent.create_group(name), "csr_matrix", "0.1.0")
    group.attrs["shape"] = np.array(shape, "i8")
    group["indptr"], group["indices"], group["data"] = np.array(indptr, "i4"), np.array(indices, "i4"), np.array(data, "f4")


def main():
    strings = h5py.string_dtype()
    with h5py.File(pathlib.Path(__file__).with_name("bad.h5ad"), "w") as file:
        encode(file, "anndata", "0.1.0")
        encode(file.create_dataset("X", data=np.arange(6, dtype="f4").reshape(3, 2)), "array", "0.2.0")
        obs = encode(file.create_group("obs"), "dataframe", "0.2.0")
        obs.attrs["_index"] = "_index"
        obs.attrs.create("column-order", ["good", "short", "strange", "codes_out_of_range", "absent"], dtype=strings)
        encode(obs.create_dataset("_index", data=["a", "b", "c"], dtype=strings), "string-array", "0.2.0")
        encode(obs.create_dataset("good", data=np.array([1, 2, 3])), "array", "0.2.0")
        encode(obs.create_dataset("short", data=np.array([1, 2])), "array", "0.2.0")
        obs.create_dataset("strange", data=np.zeros(3, dtype=[("x", "f4"), ("y", "i4")]))
        codes = encode(obs.create_group("codes_out_of_range"), "categorical", "0.2.0")
        codes.attrs["ordered"] = False
        encode(codes.create_dataset("codes", data=np.array([0, 7, -1], "i1")), "array", "0.2.0")
        encode(codes.create_dataset("categories", data=["p", "q"], dtype=strings), "string-array", "0.2.0")
        layers = encode(file.create_group("layers"), "dict", "0.1.0")
        sparse(layers, "good", (3, 2), [0, 1, 1, 2], [0, 1], [1, 2])
        sparse(layers, "index_outside", (3, 2), [0, 1, 1, 2], [0, 9], [1, 2])
        sparse(layers, "falling_indptr", (3, 2), [0, 2, 1, 2], [0, 1], [1, 2])
        sparse(layers, "short_indptr", (3, 2), [0, 2], [0, 1], [1, 2])
        huge = file.create_dataset("obsm/huge", (2**40, 2**21), "f8", chunks=(1, 1024))
        encode(huge, "array", "0.2.0")
        encode(file.create_group("varm/from_the_future"), "quantum-array", "9.0.0")
        bare = encode(file.create_group("uns/no_row_names"), "dataframe", "0.2.0")
        bare.attrs["_index"] = "names"
        bare.attrs.create("column-order", ["x"], dtype=strings)
        encode(bare.create_dataset("x", data=np.array([1, 2])), "array", "0.2.0")
        file["uns/loop"] = h5py.SoftLink("/uns/loop")
        file["uns/again"] = file["uns"]
        file["uns/title"] = "still readable"


def hostile():
    """Found by reading damaged files: each of these once took minutes, or a cast that failed."""
    path = pathlib.Path(__file__).with_name("hostile.h5ad")
    with h5py.File(path, "w", libver="earliest") as file:
        encode(file, "anndata", "0.1.0")
        uns = file.create_group("uns")
        level = uns.create_group("bottom")
        for i in range(40):  # 2^40 ways to 41 groups
            upper = uns.create_group(f"level{i}") if i == 39 else file.create_group(f"/uns/bottom/spare{i}")
            upper["left"], upper["right"] = level, level
            level = upper
        uns["root"] = file["/"]
        obs = encode(file.create_group("obs"), "dataframe", "0.2.0")
        obs.attrs["_index"] = "_index"
        obs.attrs.create("column-order", ["unwritten", "far"], dtype=h5py.string_dtype())
        obs.create_dataset("_index", (600_000,), "S1000000", chunks=(64,))
        obs.create_dataset("unwritten", (2**40,), h5py.string_dtype(), chunks=(1024,))
        obs.create_dataset("far", data=np.array(["a", "b"], dtype="S1"))
        file.create_group("nameless").create_dataset("inside", data=1)
        empty = file.create_group("empty")  # no rows, and more than one column: the smallest messages of a part
        encode(empty, "dataframe", "0.2.0")
        empty.attrs["_index"] = "_index"
        empty.attrs.create("column-order", ["a", "b"], dtype=h5py.string_dtype())
        for name in ("_index", "a"):
            empty.create_dataset(name, (0,), h5py.string_dtype())
        empty.create_dataset("b", (0,), "f8")
    data = path.read_bytes()
    assert data.count(b"nameless") == 1
    path.write_bytes(data.replace(b"nameless", b"\0ameless"))


if __name__ == "__main__":
    main()
    hostile()
