#!/usr/bin/python3
"""Make forms.h5ad and modes.h5mu: matrices of every storage and type, and what scipy makes of each. Needs python3-h5py, python3-scipy.

layers/<name> is a matrix, uns/expected/<name> the same as scipy's toarray() gives it, in the matrix's own type.
"""
import pathlib

import h5py
import numpy as np
import scipy.sparse as sp

OBS, VAR = 61, 37
TEXT = h5py.string_dtype("utf-8")


def encoded(node, kind, version):
    node.attrs["encoding-type"], node.attrs["encoding-version"] = kind, version
    return node


def group(parent, name, kind="dict", version="0.1.0"):
    return encoded(parent.create_group(name), kind, version)


def array(parent, name, values, **options):
    values = np.asarray(values)
    if values.dtype == object:
        return encoded(parent.create_dataset(name, data=values, dtype=TEXT, **options), "string-array", "0.2.0")
    return encoded(parent.create_dataset(name, data=values, **options), "array", "0.2.0")


def sparse(parent, name, matrix, index="i4"):
    node = group(parent, name, f"{matrix.format}_matrix")
    node.attrs["shape"] = np.array(matrix.shape, "i8")
    for member in ("indptr", "indices"):
        node.create_dataset(member, data=getattr(matrix, member).astype(index))
    node.create_dataset("data", data=matrix.data, chunks=(max(1, min(100, len(matrix.data))),), maxshape=(None,), compression="gzip")


def frame(parent, name, index, columns, order):
    node = group(parent, name, "dataframe", "0.2.0")
    node.attrs["_index"] = "_index"
    node.attrs.create("column-order", np.array(order, object), dtype=TEXT)
    array(node, "_index", np.array(index, object))
    for key, write in columns.items():
        write(node, key)
    return node


def categorical(codes, categories):
    def write(parent, name):
        node = group(parent, name, "categorical", "0.2.0")
        node.attrs["ordered"] = False
        array(node, "codes", np.asarray(codes, "i1"))
        array(node, "categories", np.array(categories, object))
    return write


def nullable_strings(values):
    def write(parent, name):
        node = group(parent, name, "nullable-string-array")
        array(node, "values", np.array([value or "" for value in values], object))
        array(node, "mask", np.array([value is None for value in values]))
    return write


def numbers(values):
    return lambda parent, name: array(parent, name, values)


def var_frame(parent, name="var", count=VAR):
    symbols = [f"Gene{i}" for i in range(count)]
    symbols[5] = symbols[20] = "MATR3"  # two genes of one name, as in real annotations
    codes = [symbols.index(symbol) for symbol in symbols]
    return frame(parent, name, [f"ENSG{i:05}" for i in range(count)], {
        "feature_name": categorical(codes, symbols),
        "gene_symbols": nullable_strings([None if i % 7 == 3 else f"sym-{i}" for i in range(count)]),
        "entrez": numbers(np.arange(count) * 11 + 1000),
    }, ["feature_name", "gene_symbols", "entrez"])


def entries(rng, dtype, low, high, density=0.2):
    mask = rng.random((OBS, VAR)) < density
    mask[7] = mask[:, 11] = False  # a cell and a gene without entries
    rows, columns = np.nonzero(mask)
    return sp.csr_matrix((rng.integers(low, high, len(rows)).astype(dtype), (rows, columns)), (OBS, VAR))


def with_values(matrix, values):
    result = matrix.copy()
    result.data = np.asarray(values)
    return result


def shuffled(rng, matrix):
    result = matrix.copy()
    for row in range(matrix.shape[0]):
        here = slice(matrix.indptr[row], matrix.indptr[row + 1])
        order = rng.permutation(here.stop - here.start)
        result.indices[here], result.data[here] = matrix.indices[here][order], matrix.data[here][order]
    result.has_sorted_indices = False
    return result


def repeated(rng, dtype, high):
    """Rows with several entries at one place: an old writer's concatenation."""
    count = 1200
    rows = np.sort(rng.integers(0, OBS, count))
    data = rng.integers(1, high, count).astype(dtype) if dtype != "f4" else rng.random(count, "f4")
    indptr = np.searchsorted(rows, np.arange(OBS + 1)).astype("i4")
    return sp.csr_matrix((data, rng.integers(0, VAR, count).astype("i4"), indptr), (OBS, VAR))


def sparse_forms(rng):
    counts = entries(rng, "f4", 1, 200)
    special = rng.random(counts.nnz).astype("f4")
    special[:4] = [np.nan, np.inf, -np.inf, -0.0]
    whole = np.arange(counts.nnz, dtype="f4") % 9
    yield "counts", counts
    yield "counts_wide", entries(rng, "f4", 1, 60_000)
    yield "signed", entries(rng, "f8", -100, 100)
    yield "signed_wide", entries(rng, "f8", -30_000, 30_000)
    yield "large", entries(rng, "f8", 1, 2**31 - 1)
    yield "fractions", with_values(counts, rng.random(counts.nnz))
    yield "special", with_values(counts, special)
    yield "negative_zero", with_values(counts, np.where(whole == 3, np.float32(-0.0), whole).astype("f4"))
    yield "int64", entries(rng, "i8", -(2**60), 2**60)
    yield "int64_small", entries(rng, "i8", 0, 7)
    yield "int32", entries(rng, "i4", -5, 2**30)
    yield "uint16", entries(rng, "u2", 0, 255)
    yield "uint8", entries(rng, "u1", 0, 255)
    yield "uint64", entries(rng, "u8", 2**62, 2**63)
    yield "bool", with_values(counts, np.arange(counts.nnz) % 3 > 0)
    yield "complex64", with_values(counts, (rng.random(counts.nnz) + 1j * rng.random(counts.nnz)).astype("c8"))
    yield "complex128", with_values(counts, rng.random(counts.nnz) - 1j * rng.random(counts.nnz))
    yield "unsorted", shuffled(rng, counts)
    yield "repeated", repeated(rng, "f4", 0)
    yield "repeated_counts", repeated(rng, "f4", 9) * np.float32(1)
    yield "repeated_uint8", repeated(rng, "u1", 255)
    yield "repeated_bool", repeated(rng, "?", 2)
    yield "empty", sp.csr_matrix((OBS, VAR), dtype="f4")
    for name, form in (("counts", counts), ("fractions", with_values(counts, rng.random(counts.nnz))), ("repeated", repeated(rng, "f4", 0))):
        if form.has_canonical_format:
            yield f"csc_{name}", form.tocsc()
        else:  # of scipy's own making, so that places repeat there too
            yield f"csc_{name}", sp.csc_matrix(form.tocsc(copy=True))


def main():
    folder = pathlib.Path(__file__).parent
    rng = np.random.default_rng(20261126)
    with h5py.File(folder / "forms.h5ad", "w") as file:
        encoded(file, "anndata", "0.1.0")
        frame(file, "obs", [f"cell-{i}" for i in range(OBS)], {
            "total": numbers(rng.random(OBS)), "type": categorical(np.arange(OBS) % 4 - 1, ["B", "NK", "T"]),
        }, ["total", "type"])
        var_frame(file)
        layers, uns = group(file, "layers"), group(file, "uns")
        expected = group(uns, "expected")
        forms = dict(sparse_forms(rng))
        sparse(file, "X", forms["counts"])
        for name, matrix in forms.items():
            sparse(layers, name, matrix, "i8" if name == "signed" else "u2" if name == "uint16" else "i4")
            array(expected, name, matrix.toarray())
        for name, dtype in (("dense", "f4"), ("dense_int16", "i2"), ("dense_bool", "?"), ("dense_complex64", "c8"), ("dense_float16", "f2")):
            values = (forms["fractions"].toarray() * 100).astype(dtype)
            array(layers, name, values, chunks=(10, VAR))
            array(expected, name, values)
        raw = group(file, "raw", "raw")
        wide = sp.hstack([forms["counts"], forms["counts"][:, :3]]).tocsr()
        sparse(raw, "X", wide)
        array(expected, "raw", wide.toarray())
        var_frame(raw, count=VAR + 3)
        array(group(file, "obsm"), "X_umap", rng.random((OBS, 2), "f4"))
        sparse(uns, "no_rows", sp.csr_matrix((0, 5), dtype="f4"))
        sparse(uns, "no_columns", sp.csr_matrix((5, 0), dtype="f4"))
        sparse(uns, "wide", sp.csr_matrix((np.float32([1, 2, 3]), np.array([0, 2**32, 5], "i8"), np.array([0, 2, 3], "i8")), (2, 2**32 + 10)), "i8")

    with h5py.File(folder / "modes.h5mu", "w", userblock_size=512) as file:
        file.attrs["encoding-type"], file.attrs["encoding-version"] = "MuData", "0.1.0"
        rna = encoded(group(file, "mod").create_group("rna"), "anndata", "0.1.0")
        frame(rna, "obs", [f"cell-{i}" for i in range(OBS)], {}, [])
        var_frame(rna)
        sparse(rna, "X", forms["counts"])


if __name__ == "__main__":
    main()
