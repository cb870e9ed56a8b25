"""How anndata 0.8 stores AnnData with h5py, with a method for each habit that other writers do not share."""
import h5py
import numpy as np
from h5py import h5d, h5p, h5s, h5t

WORDS = ["", "B cell", "T cell", "naïve", "日本", "γδ", "CD4+", "NA", "x" * 70, "a/b", "q\"'"]


def any_text():
    kind = h5t.C_S1.copy()
    kind.set_size(h5t.VARIABLE)
    kind.set_cset(h5t.CSET_UTF8)
    return kind


def fixed_text(width, padding, characters=h5t.CSET_ASCII):
    kind = h5t.C_S1.copy()
    kind.set_size(max(1, width))
    kind.set_strpad(padding)
    kind.set_cset(characters)
    return kind


def enumeration(base, **members):
    kind = h5t.enum_create(base)
    for name, value in members.items():
        kind.enum_insert(name.encode(), value)
    return kind


class Python:
    """anndata 0.8 with h5py; the others say what they do otherwise."""

    options = {}
    frame_version, array_version = "0.2.0", "0.2.0"
    index_type, offset_type = "i4", "i4"
    one_element_scalars = False
    marks_dicts = True

    def __init__(self, path, random):
        self.random = random
        self.rows, self.columns = int(random.integers(0, 40)), int(random.integers(0, 30))
        with h5py.File(path, "w", **self.options) as self.file:
            self.mark(self.file, "anndata", "0.1.0")
            self.whole(self.file)
        self.finish(path)

    def finish(self, path):
        pass

    # How things are stored

    def attribute(self, node, name, value):
        node.attrs[name] = value

    def mark(self, node, kind, version):
        self.attribute(node, "encoding-type", kind)
        self.attribute(node, "encoding-version", version)
        return node

    def plist(self, shape):
        plist = h5p.create(h5p.DATASET_CREATE)
        if shape and all(shape) and self.random.random() < 0.7:
            plist.set_chunk(tuple(int(self.random.integers(1, length + 1)) for length in shape))
            if self.random.random() < 0.5:
                plist.set_shuffle()
            plist.set_deflate(int(self.random.integers(1, 10)))
        return plist

    def space(self, shape, plist):
        is_chunked = plist.get_layout() == h5d.CHUNKED
        return h5s.create_simple(shape, (h5s.UNLIMITED,) * len(shape) if is_chunked else shape) if shape != () else h5s.create(h5s.SCALAR)

    def store(self, parent, name, kind, values):
        plist = self.plist(values.shape)
        made = h5d.create(parent.id, name.encode(), kind, self.space(values.shape, plist), plist)
        if values.size:
            made.write(h5s.ALL, h5s.ALL, np.ascontiguousarray(values), kind if values.dtype.kind == "S" else None)
        return parent[name]

    def numbers(self, parent, name, values):
        if values.dtype.kind == "b":
            return self.store_bits(parent, name, values.astype("u1"), self.bool_type())
        return self.store(parent, name, h5t.py_create(values.dtype), values)

    def store_bits(self, parent, name, values, kind):
        plist = self.plist(values.shape)
        made = h5d.create(parent.id, name.encode(), kind, self.space(values.shape, plist), plist)
        if values.size:
            made.write(h5s.ALL, h5s.ALL, np.ascontiguousarray(values), kind)
        return parent[name]

    def bool_type(self):
        return h5t.py_create(np.dtype("?"), logical=True)

    def text_type(self, values):
        return any_text()

    def texts(self, parent, name, values, encoding="string-array"):
        kind = self.text_type([value.encode() for value in values.ravel()])
        if kind.is_variable_str():
            stored_values = values.astype(h5py.string_dtype())
        else:
            padding = b" " if kind.get_strpad() == h5t.STR_SPACEPAD else b"\0"
            width = kind.get_size()
            cells = b"".join(value.encode()[:width].ljust(width, padding) for value in values.ravel())
            stored_values = np.frombuffer(cells, f"S{width}").reshape(values.shape)
        return self.mark(self.store(parent, name, kind, stored_values), encoding, self.array_version)

    def array(self, parent, name, values):
        return self.mark(self.numbers(parent, name, values), "array", self.array_version)

    def scalar(self, parent, name, value):
        shape = (1,) if self.one_element_scalars else ()
        if isinstance(value, str):
            values = np.empty(shape, object)
            values[...] = value
            self.texts(parent, name, values, "string")
        else:
            self.mark(self.numbers(parent, name, np.full(shape, value)), "numeric-scalar", "0.2.0")

    def group(self, parent, name):
        made = parent.create_group(name)
        return self.mark(made, "dict", "0.1.0") if self.marks_dicts else made

    def sparse(self, parent, name, shape):
        kind = ("csr_matrix", "csc_matrix")[int(self.random.integers(2))]
        major, minor = shape if kind == "csr_matrix" else shape[::-1]
        filled = self.random.random((major, minor)) < 0.3
        made = self.mark(parent.create_group(name), kind, "0.1.0")
        self.sparse_shape(made, shape)
        self.numbers(made, "data", self.random.poisson(2, filled.sum()).astype("f8"))
        self.numbers(made, "indices", np.nonzero(filled)[1].astype(self.index_type))
        self.numbers(made, "indptr", np.concatenate([[0], np.cumsum(filled.sum(1))]).astype(self.offset_type))

    def sparse_shape(self, group, shape):
        self.attribute(group, "shape", np.array(shape, "i4"))

    def words(self, count, few=True):
        return np.array([WORDS[int(self.random.integers(len(WORDS)))] + ("" if few else f"-{i}") for i in range(count)], object)

    def factor(self, parent, name, rows):
        made = self.mark(parent.create_group(name), "categorical", "0.2.0")
        self.attribute(made, "ordered", bool(self.random.random() < 0.5))
        kind = np.dtype(self.code_type())
        self.array(made, "codes", self.random.integers(-1 if kind.kind == "i" else 0, 3, rows).astype(kind))
        if self.random.random() < 0.3:
            self.array(made, "categories", np.array([0.5, np.nan, -1]))
        else:
            self.texts(made, "categories", np.array(["low", "mid", "high"], object))

    def code_type(self):
        return ("i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8")[int(self.random.integers(8))]

    def nullable(self, parent, name, rows):
        values, mask = self.random.integers(0, 9, rows), self.random.random(rows) < 0.3
        kind = ("nullable-integer", "nullable-boolean")[int(self.random.integers(2))]
        made = self.mark(parent.create_group(name), kind, "0.1.0")
        self.array(made, "values", values.astype("i4") if kind == "nullable-integer" else values > 4)
        self.array(made, "mask", mask)

    def frame(self, parent, name, rows, index="_index"):
        made = self.mark(parent.create_group(name), "dataframe", self.frame_version)
        columns = {"score": lambda: self.array(made, "score", self.random.normal(size=rows)),
                   "count": lambda: self.array(made, "count", self.random.integers(0, 99, rows).astype("i4")),
                   "flag": lambda: self.array(made, "flag", self.random.random(rows) < 0.5),
                   "note": lambda: self.texts(made, "note", self.words(rows)),
                   "factor": lambda: self.factor(made, "factor", rows), "maybe": lambda: self.nullable(made, "maybe", rows),
                   **self.more_columns(made, rows)}
        order = [column for column in columns if self.random.random() < 0.7]
        for column in order:
            columns[column]()
        self.texts(made, index, self.words(rows, few=False))
        self.attribute(made, "_index", index)
        self.column_order(made, order)

    def more_columns(self, frame, rows):
        return {}

    def column_order(self, frame, order):
        frame.attrs.create("column-order", np.array(order, object), (len(order),), h5py.string_dtype())

    def whole(self, file):
        rows, columns = self.rows, self.columns
        form = self.random.random()
        if form < 0.5:
            self.sparse(file, "X", (rows, columns))
        elif form < 0.9:  # else there is no X
            self.array(file, "X", self.random.normal(size=(rows, columns)).astype("f4"))
        self.frame(file, "obs", rows)
        self.frame(file, "var", columns, index="gene")
        layers, obsm, uns = (self.group(file, name) for name in ("layers", "obsm", "uns"))
        self.sparse(layers, "counts", (rows, columns))
        self.array(obsm, "X_pca", self.random.normal(size=(rows, 3)))
        self.frame(obsm, "frame", rows)
        inner = self.group(uns, "params")
        for name, value in (("text", "umap"), ("number", 0.5), ("count", np.int32(7)), ("yes", np.bool_(True))):
            self.scalar(inner, name, value)
        self.texts(uns, "colours", np.array(["#ff0000", "#00ff00"], object))
        self.array(uns, "cube", self.random.integers(0, 5, (2, 3, 4)).astype("u2"))
        self.more(file, uns)

    def more(self, file, uns):
        pass
