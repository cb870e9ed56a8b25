#!/usr/bin/python3
"""Make cells.h5ad: enough cells for several stripes, few genes, the same values by cell, by gene and dense.

Values repeat with a long period, so that the file stays small. Needs Debian's python3-anndata.
"""
import pathlib
import warnings

import anndata
import h5py
import numpy as np
import pandas as pd
import scipy.sparse as sp

CELLS, GENES = 17_500, 5


def unsorted_with_repeats(matrix):
    """The same matrix with each row's entries reversed, and every tenth entry split into two halves at one position."""
    indptr, indices, data = [0], [], []
    for row in range(matrix.shape[0]):
        for entry in reversed(range(matrix.indptr[row], matrix.indptr[row + 1])):
            halves = 2 if entry % 10 == 0 else 1
            indices += [matrix.indices[entry]] * halves
            data += [matrix.data[entry] / halves] * halves
        indptr.append(len(indices))
    return sp.csr_matrix((np.array(data, matrix.dtype), indices, indptr), matrix.shape)


def compact(path):
    """Stores each dataset of some length as one shuffled chunk."""
    def copy(source, target):
        for name, value in source.attrs.items():
            target.attrs[name] = value
        for name, item in source.items():
            if isinstance(item, h5py.Group):
                copy(item, target.create_group(name))
            elif item.size > 1000 and h5py.check_string_dtype(item.dtype) is None:
                made = target.create_dataset(name, data=item[()], chunks=item.shape, compression="gzip", compression_opts=9, shuffle=True)
                for key, value in item.attrs.items():
                    made.attrs[key] = value
            else:
                source.copy(name, target)

    small = path.with_suffix(".small")
    with h5py.File(path) as source, h5py.File(small, "w") as target:
        copy(source, target)
    small.replace(path)


def main():
    warnings.simplefilter("ignore")
    cell = np.arange(CELLS)
    counts = np.zeros((CELLS, GENES), "f4")
    for gene in range(GENES - 1):  # the last gene is never expressed
        counts[:, gene] = (cell * (gene + 3) % 16) * (cell % (gene + 2) == 0)
    logged = np.log1p(counts)
    logged[:, 1] = -logged[:, 1]
    kinds = np.array(["T", "B", "NK"], object)[cell * 7 % 3]
    kinds[cell % 11 == 0] = None
    batches = np.array(["b10", "b2", "a"], object)[cell % 3]
    depth = (cell * 13 % 250).astype("f8")
    depth[::100] = np.nan
    depth[7] = np.inf
    hits = pd.array(cell % 5, dtype="Int64")
    hits[cell % 17 == 0] = pd.NA
    obs = pd.DataFrame(
        {
            "kind": pd.Categorical(kinds, categories=["NK", "unused", "T", "B"]),
            "batch": batches,
            "depth": depth,
            "n": cell.astype("i8") % 250,
            "hits": hits,
            "flag": cell % 4 == 0,
            "weight": (cell % 10).astype("f4"),
        },
        index=pd.Index([str(i) for i in cell], name="cell"),
    )
    var = pd.DataFrame({"symbol": list("abcde")}, index=["A", "B", "C", "D", "D"])
    data = anndata.AnnData(sp.csr_matrix(logged), obs=obs, var=var, dtype="f4")
    data.layers["by_gene"] = sp.csc_matrix(logged)
    data.layers["dense"] = logged
    data.layers["counts"] = sp.csr_matrix(counts).astype("i4")
    data.layers["untidy"] = unsorted_with_repeats(sp.csr_matrix(counts))
    nans = logged.copy()
    nans[123, 2] = np.nan
    data.layers["nan"] = sp.csr_matrix(nans)
    data.obsm["X_umap"] = np.stack([np.sin(cell * 0.1), np.cos(cell * 0.1)], 1).round(2).astype("f4")
    target = pathlib.Path(__file__).with_name("cells.h5ad")
    data.write_h5ad(target, compression="gzip", compression_opts=9)
    with h5py.File(target, "a") as file:  # anndata would make a categorical of strings that repeat
        del file["obs/batch"]
        strings = file.create_dataset("obs/batch", data=batches.astype("S3"))
        strings.attrs.update({"encoding-type": "string-array", "encoding-version": "0.2.0"})
    compact(target)

    empty = anndata.AnnData(sp.csr_matrix((0, 3), dtype="f4"), obs=pd.DataFrame({"kind": pd.Categorical([], categories=["x"]), "n": np.array([], "f8")}),
                            var=pd.DataFrame(index=["A", "B", "C"]), dtype="f4")
    empty.write_h5ad(target.with_name("no-cells.h5ad"))


if __name__ == "__main__":
    main()
