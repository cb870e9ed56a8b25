#!/usr/bin/python3
"""Make a file as the benchmarks of genes, summaries and batches read it: CSR float32, as many entries in each row, 30 categories.

    python3 make_cells.py FILE.h5ad [CELLS] [GENES] [ENTRIES OF A CELL] [LARGEST COUNT]

Values are log1p of small counts, or the counts themselves where the largest is given. Nothing is compressed. Needs Debian's python3-h5py.
"""
import sys

import h5py
import numpy as np

CATEGORIES, BLOCK = 30, 20_000


def encoded(target, kind, version="0.2.0", **others):
    target.attrs.update({"encoding-type": kind, "encoding-version": version, **others})
    return target


def strings(group, name, texts):
    encoded(group.create_dataset(name, data=texts, dtype=h5py.string_dtype()), "string-array")


def frame(file, name, index, columns):
    group = encoded(file.create_group(name), "dataframe", _index="_index")
    group.attrs.create("column-order", list(columns), dtype=h5py.string_dtype())
    strings(group, "_index", index)
    for column, (codes, categories) in columns.items():
        member = encoded(group.create_group(column), "categorical", ordered=False)
        encoded(member.create_dataset("codes", data=codes), "array")
        strings(member, "categories", categories)


def main(path, cells=1_000_000, genes=2_000, entries=100, largest=0):
    random, width = np.random.default_rng(0), genes // entries
    with h5py.File(path, "w") as file:
        encoded(file, "anndata", "0.1.0")
        matrix = encoded(file.create_group("X"), "csr_matrix", "0.1.0", shape=np.array([cells, genes]))
        matrix["indptr"] = (np.arange(cells + 1) * entries).astype("i4")
        indices, data = (matrix.create_dataset(name, (cells * entries,), dtype) for name, dtype in (("indices", "i4"), ("data", "f4")))
        for start in range(0, cells, BLOCK):
            rows = min(BLOCK, cells - start)
            places = slice(start * entries, (start + rows) * entries)
            indices[places] = (np.arange(entries) * width + random.integers(0, width, (rows, entries))).ravel()
            counts = np.minimum(np.floor((1 - random.random((rows, entries))) ** -0.5), largest or 60).ravel()
            data[places] = counts if largest else np.log1p(counts)
        groups = (random.integers(0, CATEGORIES, cells).astype("i1"), [f"cluster {i}" for i in range(CATEGORIES)])
        frame(file, "obs", [f"cell-{i}" for i in range(cells)], {"louvain": groups})
        frame(file, "var", [f"gene-{i}" for i in range(genes)], {})


if __name__ == "__main__":
    main(sys.argv[1], *map(int, sys.argv[2:]))
