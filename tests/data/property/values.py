"""Random values and random AnnData. Everything comes from one generator, so that a seed is a file."""
import anndata
import numpy as np
import pandas as pd
import scipy.sparse

NUMBERS = ["i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "f2", "f4", "f8", "?", "c8", "c16"]
SPARSE_NUMBERS = [kind for kind in NUMBERS if kind != "f2"]  # scipy multiplies no float16; their values are cast afterwards
NULLABLE = ["Int8", "Int16", "Int32", "Int64", "UInt8", "UInt16", "UInt32", "UInt64"]
WORDS = ["", " ", "a", "b", "gamma", "ñandú", "日本", "𝄞 clef", "e\u0301", "\ufeffmark", "x" * 300, "tab\t", "two\nlines", 'quote"', "back\\slash",
         "CD4+", "NaN", "None", "0", "\x7f", "\u0001", "a/b"]
NAMES = ["n", "Ω", "a b", "x.y", "%d", "ﬁ", "𝄞", "UPPER", "quote'", "-", "__x"]


class Values:
    def __init__(self, seed):
        self.random = np.random.default_rng(seed)
        self.has_zero_axes = False  # arrays without axes take no filters, and anndata asks for them everywhere

    def one_of(self, options):
        return options[int(self.random.integers(len(options)))]

    def chance(self, share):
        return self.random.random() < share

    def upto(self, limit):
        return int(self.random.integers(0, limit + 1))

    def length(self):
        return self.one_of([0, 1, 1, 2, 3, 7, 31, 64, 150])

    def strings(self, shape, few=False):
        count = int(np.prod(shape))
        made = [self.one_of(WORDS) if few else f"{self.one_of(WORDS)}-{i}" for i in range(count)]
        if made and self.chance(0.1):
            made[self.upto(count - 1)] = "長い" * self.one_of([1_000, 22_000, 70_000])
        return np.array(made, dtype=object).reshape(shape)

    def numbers(self, shape, kind=None):
        kind = np.dtype(kind or self.one_of(NUMBERS))
        if kind.kind == "b":
            return np.asarray(self.random.random(shape) < 0.5)
        if kind.kind in "iu":
            limits = np.iinfo(kind)
            values = self.random.integers(limits.min, limits.max, size=shape, dtype=kind, endpoint=True)
            return np.where(self.random.random(shape) < 0.5, values % 5, values).astype(kind)
        if kind.kind == "c":
            part = f"f{kind.itemsize // 2}"
            values = np.empty(shape, kind)
            values.real, values.imag = self.numbers(shape, part), self.numbers(shape, part)
            return values
        odd = np.array([np.nan, np.inf, -np.inf, -0.0, 0.0, np.finfo(kind).max, np.finfo(kind).smallest_subnormal], dtype=kind)
        values = np.where(self.random.random(shape) < 0.7, self.random.normal(size=shape).astype(kind), self.random.choice(odd, size=shape))
        return values.astype(kind)

    def sparse(self, shape):
        kind = self.one_of(SPARSE_NUMBERS)
        density = self.one_of([0, 0.02, 0.3, 1])
        filled = np.where(self.random.random(shape) < density, self.numbers(shape, kind), np.zeros(1, kind)).astype(kind)
        matrix = self.one_of([scipy.sparse.csr_matrix, scipy.sparse.csc_matrix])(filled)
        if matrix.nnz and self.chance(0.3):
            matrix.data[:: max(1, matrix.nnz // 3)] = 0
        if self.chance(0.3):
            self.unsort(matrix)
        if kind == "f4" and self.chance(0.3):
            matrix.data = matrix.data.astype("f2")
        if self.chance(0.5):
            wide = self.one_of(["i8", "u4"])
            matrix.indices = matrix.indices.astype(wide)
            matrix.indptr = matrix.indptr.astype(self.one_of([wide, "i4", "i8"]))
        return matrix

    def unsort(self, matrix):
        for start, end in zip(matrix.indptr[:-1], matrix.indptr[1:]):
            order = start + self.random.permutation(end - start)
            matrix.indices[start:end], matrix.data[start:end] = matrix.indices[order], matrix.data[order]
        matrix.has_sorted_indices = False

    def matrix(self, shape):
        return self.sparse(shape) if self.chance(0.6) else self.numbers(shape)

    def nullable(self, rows, kind):
        values = self.numbers(rows, "?" if kind == "boolean" else kind.lower())
        made = pd.array(values, dtype=kind)
        made[self.random.random(rows) < self.one_of([0, 0.3, 1])] = pd.NA
        return made

    def categories(self):
        return self.one_of([
            lambda: [], lambda: ["only"], lambda: [False, True], lambda: [True], lambda: list(range(-3, 4)), lambda: [0.5, 1.5, -2.0],
            lambda: np.array([0, 2**63], dtype="u8"), lambda: list(dict.fromkeys(self.strings(9, few=True))), lambda: self.strings(40),
            lambda: [f"c{i}" for i in range(self.one_of([127, 128, 129, 300]))],
            lambda: [f"c{i}" for i in range(self.one_of([300, 32_767, 32_768, 32_769]))], lambda: self.random.permutation(1_000) / 8])()

    def categorical(self, rows):
        categories = self.categories()
        codes = self.random.integers(-1 if self.chance(0.7) else min(0, len(categories) - 1), max(0, len(categories)), size=rows)
        codes[self.random.random(rows) < 0.1] = len(categories) - 1
        return pd.Categorical.from_codes(codes, categories=categories, ordered=self.chance(0.4))

    def column(self, rows):
        return self.one_of([
            lambda: self.strings(rows), lambda: self.strings(rows, few=True), lambda: self.numbers(rows), lambda: self.numbers(rows),
            lambda: self.nullable(rows, self.one_of(NULLABLE)), lambda: self.nullable(rows, "boolean"),
            lambda: self.categorical(rows), lambda: self.categorical(rows)])()

    def name(self, number):
        return f"{self.one_of(NAMES)}{number}"

    def index(self, rows):
        count = max(1, rows // self.one_of([1, 1, 1, 2, 150]))
        names = self.strings(count) if self.chance(0.3) else np.array([f"r{i}" for i in range(count)], dtype=object)
        return pd.Index([names[i % count] for i in range(rows)], dtype=object)

    def any_index(self, rows):
        """What a dataframe in uns may have, and those of the axes may not."""
        return self.one_of([
            lambda: self.index(rows), lambda: pd.RangeIndex(rows), lambda: pd.Index(self.numbers(rows, "i8")), lambda: pd.Index(self.numbers(rows, "u8")),
            lambda: pd.Index(self.numbers(rows, "f8")), lambda: pd.CategoricalIndex(self.categorical(rows))])()

    def frame(self, index, columns=None):
        count = self.upto(7) if columns is None else columns
        made = pd.DataFrame({self.name(i): self.column(len(index)) for i in range(count)}, index=index)
        if self.chance(0.3):
            made.index.name = self.one_of(["cell", "ID", "index", "名"])
        return made

    def records(self):
        kinds = [(self.name(i), self.one_of(["i4", "f8", "u1", "?", "U7", "f2", "O"])) for i in range(1 + self.upto(4))]
        made = np.zeros(self.upto(5), dtype=kinds)
        for name, kind in kinds:
            made[name] = self.strings(len(made), few=True).astype("U7") if kind in ("U7", "O") else self.numbers(len(made), kind)
        return made

    def scalar(self):
        kind = self.one_of(NUMBERS)
        return self.one_of([
            lambda: self.one_of(WORDS), lambda: np.str_("numpy's"), lambda: "長" * 30_000, lambda: np.dtype(kind).type(self.numbers(1, kind)[0]),
            lambda: int(self.numbers(1, "i8")[0]), lambda: float(self.numbers(1, "f8")[0]), lambda: self.chance(0.5)])()

    def zero_axes(self):
        self.has_zero_axes = True
        return np.array(self.one_of(["text", ""]), dtype=object) if self.chance(0.3) else np.array(self.numbers(1)[0])

    def loose(self):
        """Anything that may be in uns."""
        shape = self.one_of([0, 1, 3, (0, 3), (2, 0), (3, 4), (1, 1), (2, 3, 4), (2, 1, 0, 3)])
        return self.one_of([
            lambda: self.numbers(shape), lambda: self.strings(shape), lambda: self.strings(shape).astype("U40"), self.zero_axes,
            lambda: np.array([b"bytes", b"", b"of width"]), lambda: list(range(self.upto(4))),
            lambda: ["a", "list"], lambda: self.sparse((self.length(), self.length())), lambda: self.frame(self.any_index(self.upto(40))),
            self.records, lambda: self.nullable(self.upto(9), self.one_of(NULLABLE)), lambda: self.categorical(self.upto(9)), lambda: None])()

    def nested(self, depth=0):
        made = {self.name(f"s{i}"): self.scalar() for i in range(self.upto(4))}
        made.update({self.name(f"v{i}"): self.loose() for i in range(self.upto(4))})
        if depth < 3 and self.chance(0.6):
            made[self.name("deeper")] = self.nested(depth + 1)
        return made

    def axis_arrays(self, index):
        rows = len(index)
        return {self.name(i): self.one_of([
            lambda: self.sparse((rows, self.upto(5))), lambda: self.frame(index), lambda: self.numbers((rows, 2, 3)), lambda: self.numbers((rows, self.upto(5))),
            lambda: self.numbers((rows,)), lambda: self.numbers((rows, 1, 2, 2)), lambda: self.strings((rows, 2))])() for i in range(self.upto(3))}

    def whole(self):
        n_obs, n_vars = self.length(), self.length()
        obs, var, shape = self.frame(self.index(n_obs)), self.frame(self.index(n_vars)), (n_obs, n_vars)
        x = None if self.chance(0.15) else self.matrix(shape)
        data = anndata.AnnData(X=x, obs=obs, var=var) if x is None else anndata.AnnData(x, obs=obs, var=var, dtype=x.dtype)
        for i in range(self.upto(2)):
            data.layers[self.name(i)] = self.matrix(shape)
        data.obsm.update(self.axis_arrays(data.obs.index))
        data.varm.update(self.axis_arrays(data.var.index))
        for arrays, length in ((data.obsp, n_obs), (data.varp, n_vars)):
            for i in range(self.upto(1)):
                arrays[self.name(i)] = self.matrix((length, length))
        if x is not None and self.chance(0.4):
            wider = self.length()
            x = self.matrix((n_obs, wider))
            raw = anndata.AnnData(x, obs=pd.DataFrame(index=obs.index), var=self.frame(self.index(wider)), dtype=x.dtype)
            raw.varm.update(self.axis_arrays(raw.var.index))
            data.raw = raw
        data.uns.update(self.nested())
        return data
