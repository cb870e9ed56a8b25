#!/usr/bin/python3
"""Write random AnnData with anndata itself, and beside each file what anndata reads back from it.

    random_anndata.py --seed 1 --count 20 --out FOLDER

Of <name>.h5ad, <name>.json has for each element the SHA-256 that a reader must arrive at: numbers as little-endian bytes,
strings as UTF-8 with one zero byte after each, codes as int32 with -1 for what is missing, nullable values with zero or
the empty string under what is missing. Needs Debian's python3-anndata.
"""
import argparse
import hashlib
import json
import pathlib
import warnings

import anndata
import h5py
import numpy as np
import pandas as pd
import scipy.sparse

warnings.simplefilter("ignore")
NUMBERS = ["i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "f2", "f4", "f8", "?"]
WORDS = ["", "a", "b", "gamma", "ñandú", "日本", "𝄞 clef", "x" * 300, "tab\t", "quote\"", "CD4+", "NaN", "None", "0"]


class Maker:
    """One random object. Everything comes from one generator, so a seed is a file."""

    def __init__(self, seed):
        self.random = np.random.default_rng(seed)
        self.n_obs, self.n_vars = (int(self.random.choice([0, 1, 2, 3, 7, 50, 300])) for _ in range(2))

    def one_of(self, options):
        return options[int(self.random.integers(len(options)))]

    def words(self, count, few=False):
        if few:
            return np.array([self.one_of(WORDS) for _ in range(count)], dtype=object)
        return np.array([f"{self.one_of(WORDS)}-{i}" for i in range(count)], dtype=object)

    def numbers(self, shape, kind=None):
        kind = np.dtype(kind or self.one_of(NUMBERS))
        if kind.kind == "b":
            return self.random.random(shape) < 0.5
        if kind.kind in "iu":
            limits = np.iinfo(kind)
            values = self.random.integers(limits.min, limits.max, size=shape, dtype=kind, endpoint=True)
            return np.where(self.random.random(shape) < 0.5, values % 5, values).astype(kind)
        values = self.random.normal(size=shape).astype(kind)
        odd = self.random.random(shape)
        for value, share in ((np.nan, 0.05), (np.inf, 0.08), (-np.inf, 0.11), (-0.0, 0.15)):
            values = np.where((odd < share) & (odd > share - 0.03), value, values).astype(kind)
        return values

    def sparse(self, shape):
        kind = self.one_of(["i4", "i8", "u2", "f4", "f8"])
        density = self.one_of([0, 0.05, 0.4])
        dense = np.where(self.random.random(shape) < density, self.numbers(shape, kind), 0).astype(kind)
        matrix = self.one_of([scipy.sparse.csr_matrix, scipy.sparse.csc_matrix])(dense)
        if matrix.nnz and self.random.random() < 0.3:
            matrix.data[:: max(1, matrix.nnz // 3)] = 0  # stored zeros
        if self.random.random() < 0.3:
            matrix.indices = matrix.indices.astype("i8")
            matrix.indptr = matrix.indptr.astype("i8")
        return matrix

    def matrix(self, shape):
        return self.sparse(shape) if self.random.random() < 0.5 else self.numbers(shape, self.one_of(["f4", "f8", "i4", "i8", "u1", "f2"]))

    def column(self, rows):
        what = self.random.integers(6)
        if what == 0:
            return self.words(rows)
        if what == 1:
            return self.numbers(rows)
        if what == 2:
            kind = self.one_of(["Int8", "Int16", "Int32", "Int64", "UInt8", "UInt16", "UInt32", "UInt64"])
            values = pd.array(self.numbers(rows, kind.lower()), dtype=kind)
            values[self.random.random(rows) < 0.3] = pd.NA
            return values
        if what == 3:
            values = pd.array(self.numbers(rows, "?"), dtype="boolean")
            values[self.random.random(rows) < 0.3] = pd.NA
            return values
        categories = self.one_of([
            lambda: sorted(set(WORDS[: int(self.random.integers(1, len(WORDS)))])), lambda: list(range(-3, 4)), lambda: [0.5, 1.5, -2.0],
            lambda: [f"c{i}" for i in range(200)], lambda: [f"c{i}" for i in range(40_000)]])()
        codes = self.random.integers(-1, len(categories), size=rows)
        return pd.Categorical.from_codes(codes, categories=categories, ordered=bool(self.random.integers(2)))

    def frame(self, index):
        columns = {f"{self.one_of(['n', 'Ω', 'a b', 'x.y'])}{i}": self.column(len(index)) for i in range(int(self.random.integers(0, 6)))}
        frame = pd.DataFrame(columns, index=index)
        if self.random.random() < 0.3:
            frame.index.name = self.one_of(["cell", "ID", "index"])
        return frame

    def index(self, rows):
        names = [f"r{i}" for i in range(rows)] if self.random.random() < 0.7 else [f"r{i // 2}" for i in range(rows)]  # some repeat
        return pd.Index(names, dtype=object)

    def axis_arrays(self, index):
        rows = len(index)
        made = {}
        for i in range(int(self.random.integers(0, 4))):
            what = self.random.integers(4)
            made[f"m{i}"] = (
                self.sparse((rows, 4)) if what == 0 else self.frame(index) if what == 1
                else self.numbers((rows, 2, 3), "f4") if what == 2 else self.numbers((rows, int(self.random.integers(1, 5)))))
        return made

    def scalars(self, depth=0):
        made = {"text": self.one_of(WORDS), "float": float(self.random.normal()), "int": int(self.random.integers(-9, 9)), "flag": True,
                "f4": np.float32(self.random.normal()), "u8": np.uint64(2**64 - 1), "words": self.words(3), "none yet": np.zeros(0), "one": np.array([1.5]),
                "frame": self.frame(self.index(3)), "sparse": self.sparse((3, 4))}
        made["records"] = np.array([(1, 0.5, "α"), (2, np.nan, "b")], dtype=[("i", "i4"), ("f", "f8"), ("s", "U3")])
        if depth < 2:
            made["deeper"] = self.scalars(depth + 1)
        return made

    def make(self):
        obs, var = self.frame(self.index(self.n_obs)), self.frame(self.index(self.n_vars))
        shape = (self.n_obs, self.n_vars)
        x = None if self.random.random() < 0.15 else self.matrix(shape)
        data = anndata.AnnData(X=x, obs=obs, var=var) if x is None else anndata.AnnData(x, obs=obs, var=var, dtype=x.dtype)
        for i in range(int(self.random.integers(0, 3))):
            data.layers[f"l{i}"] = self.matrix(shape)
        data.obsm.update(self.axis_arrays(data.obs.index))
        data.varm.update(self.axis_arrays(data.var.index))
        if self.random.random() < 0.5:
            data.obsp["near"] = self.sparse((self.n_obs, self.n_obs))
            data.varp["far"] = self.numbers((self.n_vars, self.n_vars), "f8")
        if x is not None and self.random.random() < 0.4:
            data.raw = data
        data.uns.update(self.scalars())
        return data


def sha(*pieces):
    total = hashlib.sha256()
    for piece in pieces:
        total.update(piece)
    return total.hexdigest()


def of_numbers(values):
    values = np.ascontiguousarray(values)
    return sha(values.astype(values.dtype.newbyteorder("<")).tobytes())


def of_strings(values):
    return sha(*(f"{value}\0".encode() for value in np.asarray(values, dtype=object).ravel()))


def of_values(values):
    values = np.asarray(values)
    return of_strings(values) if values.dtype.kind in "OUS" else of_numbers(values)


def describe(path, value, found):
    """What anndata holds at a path, as hashes."""
    if isinstance(value, pd.DataFrame):
        found[path] = {"kind": "dataframe"}
        found[f"{path}/@index"] = {"kind": "string-array", "sha256": of_strings(value.index)}
        for name in value.columns:
            column = value[name].array
            describe(f"{path}/{name}", column.to_numpy() if isinstance(column, pd.arrays.PandasArray) else column, found)
    elif isinstance(value, pd.Categorical):
        found[path] = {"kind": "categorical", "codes_sha256_i4": of_numbers(value.codes.astype("i4")), "ordered": bool(value.ordered),
                       "categories": of_values(value.categories)}
    elif isinstance(value, (pd.arrays.IntegerArray, pd.arrays.BooleanArray)):
        values = np.where(value._mask, np.zeros(1, value._data.dtype), value._data)
        found[path] = {"kind": "nullable-integer" if isinstance(value, pd.arrays.IntegerArray) else "nullable-boolean",
                       "values_nulls_zeroed_sha256": of_numbers(values), "mask_sha256": of_numbers(value._mask)}
    elif scipy.sparse.issparse(value):
        found[path] = {"kind": value.format, "shape": list(value.shape), "data_sha256": of_numbers(value.data),
                       "indices_sha256_i8": of_numbers(value.indices.astype("i8")), "indptr_sha256_i8": of_numbers(value.indptr.astype("i8"))}
    elif isinstance(value, np.ndarray) and value.dtype.names:
        found[path] = {"kind": "rec-array"}
        for field in value.dtype.names:
            describe(f"{path}/{field}", value[field], found)
    elif isinstance(value, np.ndarray):
        kind = "string-array" if value.dtype.kind in "OUS" else "dense"
        found[path] = {"kind": kind, "shape": list(value.shape), "sha256": of_values(value)}
    elif isinstance(value, (str, bytes)):
        found[path] = {"kind": "scalar-string", "sha256": sha(value.encode() if isinstance(value, str) else value)}
    elif isinstance(value, (bool, np.bool_)):
        found[path] = {"kind": "scalar-bool", "sha256": sha(bytes([bool(value)]))}
    elif isinstance(value, (int, float, np.number)):
        found[path] = {"kind": "scalar-number", "sha256": of_numbers(np.asarray(value))}
    elif hasattr(value, "items"):
        for name, inner in value.items():
            describe(f"{path}/{name}", inner, found)
    else:
        raise TypeError(f"{path}: {type(value)}")


def rewrite(path, random):
    """The same values in other storage: h5py rewrites some arrays with chunks, filters and byte orders of its own."""
    with h5py.File(path, "a") as file:
        arrays = []
        file.visititems(lambda name, node: arrays.append(name) if isinstance(node, h5py.Dataset) and node.shape and node.dtype.kind in "iuf" else None)
        for name in arrays:
            if random.random() > 0.4:
                continue
            old, attributes = file[name], dict(file[name].attrs)
            values = old[()]
            if values.size == 0:
                continue
            options = [{}, {"chunks": values.shape, "compression": "gzip"}, {"chunks": tuple(max(1, n // 3) for n in values.shape), "compression": "lzf", "shuffle": True},
                       {"chunks": tuple(min(n, 2) for n in values.shape) if values.size < 3000 else True, "compression": "gzip", "fletcher32": True},
                       {"chunks": True, "maxshape": (None,) * values.ndim, "shuffle": True}]
            if str(file[name].parent.attrs.get("encoding-type", "")) in ("dict", "anndata", "dataframe"):  # pandas wants its own order elsewhere
                options.append({"dtype": values.dtype.newbyteorder(">")})
            del file[name]
            new = file.create_dataset(name, data=values, **options[int(random.integers(len(options)))])
            for key, value in attributes.items():
                new.attrs[key] = value


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--count", type=int, default=20)
    parser.add_argument("--out", type=pathlib.Path, required=True)
    arguments = parser.parse_args()
    for number in range(arguments.count):
        seed = arguments.seed * 100_000 + number
        maker = Maker(seed)
        path = arguments.out / f"random-{seed}.h5ad"
        data = maker.make()
        data.write_h5ad(path, compression=maker.one_of([None, "gzip", "lzf"]))
        rewrite(path, maker.random)
        read, found = anndata.read_h5ad(path), {}
        if read.X is not None:
            describe("X", read.X, found)
        for name in ("obs", "var", "obsm", "varm", "obsp", "varp", "layers", "uns"):
            describe(name, getattr(read, name), found)
        if read.raw is not None:
            describe("raw/X", read.raw.X, found)
            describe("raw/var", read.raw.var, found)
        path.with_suffix(".json").write_text(json.dumps(found))


if __name__ == "__main__":
    main()
