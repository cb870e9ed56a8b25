#!/usr/bin/env python3
"""Writes the files that `bench compare` measures: matrices and annotations as anndata stores them, in every storage that is met.

    make_files.py FOLDER [--scale S] [NAME ...]

Without names all of them; a file that exists is kept. `--scale` multiplies the number of cells. Values are those of a simple
model of counts (genes of very different means, cells of very different depths), from a fixed seed: compression finds in them
about what it finds in real counts. Names of `FILES` say matrix and storage.
"""
import argparse
import os

import h5py
import numpy as np

try:
    import blosc
    import zstandard
except ImportError:
    blosc = zstandard = None

SEED = 20240611
TEXT = h5py.string_dtype("utf-8")
GZIP = dict(compression="gzip", compression_opts=4)
BLOSC, ZSTD = dict(compression=32001), dict(compression=32015)  # libhdf5 cannot write these by itself

# name: (matrix, cells, genes, storage of all arrays)
FILES = {
    "csr-gzip": ("csr", 100_000, 20_000, GZIP),
    "csr-none": ("csr", 100_000, 20_000, {}),
    "csr-gzip-shuffle": ("csr", 40_000, 20_000, dict(GZIP, shuffle=True)),
    "csc-lzf-shuffle": ("csc", 40_000, 20_000, dict(compression="lzf", shuffle=True)),
    "csr-zstd": ("csr", 40_000, 20_000, ZSTD),
    "csr-blosc": ("csr", 40_000, 20_000, BLOSC),
    "dense-gzip": ("dense", 50_000, 2_000, GZIP),
    "dense-none": ("dense", 50_000, 2_000, {}),
    "dense-log-gzip": ("dense-log", 50_000, 2_000, GZIP),
    "obs-1m-gzip": ("obs", 1_000_000, 10, GZIP),
    "obs-1m-none": ("obs", 1_000_000, 10, {}),
    "giant-chunk": ("giant", 100_000, 2_000, GZIP),
    "giant-chunk-shuffle": ("giant", 100_000, 2_000, dict(GZIP, shuffle=True)),
    "tiny-chunks": ("tiny", 10_000, 2_000, GZIP),
    "whole-gzip": ("whole", 50_000, 20_000, GZIP),
}


def typed(node, kind, version):
    node.attrs["encoding-type"] = kind
    node.attrs["encoding-version"] = version
    return node


def group(parent, name, kind="dict", version="0.1.0"):
    return typed(parent.create_group(name), kind, version)


def array(parent, name, values, storage):
    if values.dtype.kind == "O":
        return typed(parent.create_dataset(name, data=values, dtype=TEXT, **storage), "string-array", "0.2.0")
    return typed(parent.create_dataset(name, data=values, **storage), "array", "0.2.0")


def categorical(parent, name, codes, categories, storage):
    node = group(parent, name, "categorical", "0.2.0")
    node.attrs["ordered"] = False
    array(node, "codes", codes.astype("i1" if len(categories) < 128 else "i2"), storage)
    array(node, "categories", np.array(categories, object), {})


class Counts:
    """Counts of cells × genes by blocks of cells; the same block always holds the same values."""

    def __init__(self, genes, density):
        random = np.random.default_rng([SEED, genes])
        weights = np.exp(random.normal(0, 1.6, genes))
        self.genes, self.per_cell = genes, genes * density
        self.edges = np.cumsum(weights) / weights.sum()
        self.means = np.minimum(4 * genes * weights / weights.sum(), 60)

    def block(self, number, cells):
        """(cells' sorted keys row × genes + gene, counts of each)"""
        random = np.random.default_rng([SEED, number])
        draws = np.maximum(1, (1.5 * self.per_cell * np.exp(random.normal(0, 0.35, cells))).astype(int))
        rows = np.repeat(np.arange(cells), draws)
        keys = np.unique(rows * self.genes + np.searchsorted(self.edges, random.random(len(rows))).clip(0, self.genes - 1))
        means = self.means[keys % self.genes]
        return keys, (1 + random.poisson(random.gamma(0.5, 2 * 0.1 * means))).astype("f4")


def write_sparse(file, name, form, cells, genes, storage, density=0.05, log=False):
    counts, step = Counts(genes, density), 5_000
    node = group(file, name, f"{form}_matrix", "0.1.0")
    node.attrs["shape"] = np.array([cells, genes])
    parts = [counts.block(n, min(step, cells - n * step)) for n in range(-(-cells // step))]
    keys = np.concatenate([n * step * genes + keys for n, (keys, _) in enumerate(parts)])
    data = np.concatenate([values for _, values in parts])
    rows, columns = np.divmod(keys, genes)
    if log:
        depths = np.bincount(rows, data, cells)
        data = np.log1p(data * (1e4 / depths[rows])).astype("f4")
    if form == "csc":
        order = np.lexsort((rows, columns))
        rows, columns, data = columns[order], rows[order], data[order]
    major = cells if form == "csr" else genes
    indptr = np.concatenate([[0], np.cumsum(np.bincount(rows, minlength=major))])
    for name, values in (("indptr", indptr.astype("i4")), ("indices", columns.astype("i4")), ("data", data)):
        if storage in (BLOSC, ZSTD):
            write_chunks(node, name, values, storage["compression"])
        else:
            node.create_dataset(name, data=values, **storage)


def write_chunks(node, name, values, filter, chunk=32_768):
    chunk, size = min(chunk, len(values)), values.itemsize
    properties = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    properties.set_chunk((chunk,))
    options = (3,) if filter == 32015 else (2, 2, size, chunk * size, 5, 1, 1)  # blosc: level 5, bytes shuffled, lz4
    properties.set_filter(filter, h5py.h5z.FLAG_OPTIONAL, options)
    space = h5py.h5s.create_simple(values.shape)
    dataset = h5py.h5d.create(node.id, name.encode(), h5py.h5t.py_create(values.dtype), space, properties)
    for start in range(0, len(values), chunk):
        piece = np.zeros(chunk, values.dtype)
        piece[: len(values) - start] = values[start : start + chunk]
        piece = piece.tobytes()
        stored = zstandard.compress(piece, 3) if filter == 32015 else blosc.compress(piece, size, 5, blosc.SHUFFLE, "lz4")
        dataset.write_direct_chunk((start,), stored)


def write_dense(file, cells, genes, storage, log=False, dtype="f4"):
    counts, step = Counts(genes, 0.2), 5_000
    values = typed(file.create_dataset("X", (cells, genes), dtype, **storage), "array", "0.2.0")
    for n in range(-(-cells // step)):
        rows = min(step, cells - n * step)
        keys, numbers = counts.block(n, rows)
        block = np.zeros(rows * genes, "f4")
        block[keys] = numbers
        block = block.reshape(rows, genes)
        if log:
            block = np.log1p(block * (1e4 / block.sum(1, keepdims=True)))
        values[n * step : n * step + rows] = block


def write_dense_filtered(file, cells, genes, storage, log):
    if "chunks" in storage and storage["chunks"][0] == cells:  # a giant chunk is written once, whole
        memory = h5py.File("memory", "w", driver="core", backing_store=False)
        write_dense(memory, cells, genes, {}, log)
        typed(file.create_dataset("X", data=memory["X"][:], **storage), "array", "0.2.0")
    else:
        write_dense(file, cells, genes, storage, log)


def write_frames(file, cells, genes, storage, wide=False):
    random = np.random.default_rng([SEED, 7])
    letters = np.array(list("ACGT"))[random.integers(0, 4, (cells, 16))]
    barcodes = np.array(["".join(row) + "-1" for row in letters], object)
    types = [f"cell type {i}" for i in range(30)]
    obs = group(file, "obs", "dataframe", "0.2.0")
    columns = ["cell_type", "sample", "total_counts", "n_genes"]
    array(obs, "_index", barcodes, storage)
    categorical(obs, "cell_type", random.integers(0, 30, cells), types, storage)
    categorical(obs, "sample", random.integers(0, 8, cells), [f"sample_{i}" for i in range(8)], storage)
    array(obs, "total_counts", random.gamma(4, 800, cells).astype("f4"), storage)
    array(obs, "n_genes", random.integers(200, 5000, cells), storage)
    if wide:
        columns += ["donor", "note", "score", "is_doublet", "batch_number", "passed", "barcode", "plate"]
        categorical(obs, "donor", random.integers(-1, 300, cells), [f"donor_{i:03}" for i in range(300)], storage)
        array(obs, "note", np.array(["", "checked", "low quality", "βeta", "doublet?"], object)[random.integers(0, 5, cells)], storage)
        array(obs, "score", random.beta(1, 9, cells), storage)
        array(obs, "is_doublet", random.random(cells) < 0.1, storage)
        for name, kind, values in (
            ("batch_number", "nullable-integer", random.integers(0, 40, cells)), ("passed", "nullable-boolean", random.random(cells) < 0.7)
        ):
            node = group(obs, name, kind, "0.1.0")
            array(node, "values", values, storage)
            array(node, "mask", random.random(cells) < 0.05, storage)
        array(obs, "barcode", barcodes[::-1], storage)
        array(obs, "plate", random.integers(0, 96, cells).astype("i2"), storage)
    obs.attrs["_index"] = "_index"
    obs.attrs.create("column-order", np.array(columns, object), dtype=TEXT)
    var = group(file, "var", "dataframe", "0.2.0")
    var.attrs["_index"] = "_index"
    var.attrs.create("column-order", np.array(["gene_ids"], object), dtype=TEXT)
    array(var, "_index", np.array([f"GENE{i}" for i in range(genes)], object), {})
    array(var, "gene_ids", np.array([f"ENSG{i:011}" for i in range(genes)], object), {})
    if not wide:
        array(group(file, "obsm"), "X_pca", random.normal(0, 3, (cells, 50)).astype("f4"), storage)


def write_rest(file, cells, genes, storage):
    """What an analysis leaves beside X, obs and var: counts, components, neighbours, parameters."""
    random = np.random.default_rng([SEED, 8])
    write_sparse(group(file, "layers"), "counts", "csr", cells, genes, storage)
    array(file["obsm"], "X_umap", random.normal(0, 5, (cells, 2)).astype("f4"), storage)
    array(group(file, "varm"), "PCs", random.normal(0, 1, (genes, 50)), storage)
    obsp = group(file, "obsp")
    near = np.sort(random.integers(0, cells, (cells, 15)), 1).astype("i4")
    for name, values in (("distances", random.gamma(3, 1, near.size)), ("connectivities", random.random(near.size).astype("f4"))):
        node = group(obsp, name, "csr_matrix", "0.1.0")
        node.attrs["shape"] = np.array([cells, cells])
        for part, content in (("indptr", np.arange(0, near.size + 1, 15, dtype="i4")), ("indices", near.ravel()), ("data", values)):
            node.create_dataset(part, data=content, **storage)
    uns = group(file, "uns")
    array(uns, "cell_type_colors", np.array([f"#{i * 131 % 0xFFFFFF:06x}" for i in range(30)], object), {})
    neighbors = group(uns, "neighbors")
    typed(neighbors.create_dataset("method", data="umap", dtype=TEXT), "string", "0.2.0")
    typed(neighbors.create_dataset("n_neighbors", data=15), "numeric-scalar", "0.2.0")


def write(path, matrix, cells, genes, storage):
    if storage in (BLOSC, ZSTD) and zstandard is None:
        print(f"{os.path.basename(path)} is left out: it needs python3-blosc and python3-zstandard")
        return
    with h5py.File(path + ".tmp", "w") as file:
        typed(file, "anndata", "0.1.0")
        if matrix in ("csr", "csc", "whole"):
            write_sparse(file, "X", "csc" if matrix == "csc" else "csr", cells, genes, storage, log=matrix == "whole")
        elif matrix != "obs":
            chunks = {"giant": (cells, genes), "tiny": (64, 8)}.get(matrix)
            write_dense_filtered(file, cells, genes, dict(storage, chunks=chunks) if chunks else storage, matrix == "dense-log")
        write_frames(file, cells, genes, GZIP if storage in (BLOSC, ZSTD) else storage, wide=matrix == "obs")
        if matrix == "whole":
            write_rest(file, cells, genes, storage)
    os.rename(path + ".tmp", path)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder")
    parser.add_argument("names", nargs="*")
    parser.add_argument("--scale", type=float, default=1)
    arguments = parser.parse_args()
    os.makedirs(arguments.folder, exist_ok=True)
    for name in arguments.names or FILES:
        matrix, cells, genes, storage = FILES[name]
        path = os.path.join(arguments.folder, f"{name}.h5ad")
        if not os.path.exists(path):
            write(path, matrix, max(64, int(cells * arguments.scale)), genes, storage)


if __name__ == "__main__":
    main()
