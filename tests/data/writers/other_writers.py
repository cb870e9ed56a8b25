"""The habits of other writers: each class stores the same AnnData in its own way."""
import h5py
import numpy as np
from h5py import h5a, h5d, h5p, h5s, h5t

from python_writer import Python, enumeration, fixed_text


class Hdf5r(Python):
    """R with hdf5r (MuDataSeurat): logicals are numbers of 1 or 2 bits; a user block; float64 where nothing is listed; wide codes."""

    options = {"userblock_size": 512}
    marks_dicts = False

    def narrow(self, count):
        kind = h5t.NATIVE_UINT8.copy()
        kind.set_precision(count)
        return kind

    def bool_type(self):
        return enumeration(self.narrow(1), FALSE=0, TRUE=1)

    def code_type(self):
        return "i4"

    def attribute(self, node, name, value):
        if isinstance(value, bool):
            made = h5a.create(node.id, name.encode(), self.bool_type(), h5s.create(h5s.SCALAR))
            made.write(np.array(value, "u1"), self.bool_type())
        else:
            super().attribute(node, name, value)

    def more_columns(self, frame, rows):
        def logical():
            made = self.mark(frame.create_group("logical"), "nullable-boolean", "0.1.0")
            values = self.random.integers(0, 3, rows).astype("u1")
            self.mark(self.store_bits(made, "values", values, enumeration(self.narrow(2), FALSE=0, TRUE=1, NA=2)), "array", "0.2.0")
            self.array(made, "mask", values == 2)
        return {"logical": logical}

    def column_order(self, frame, order):
        if order:
            super().column_order(frame, order)
        else:
            frame.attrs["column-order"] = np.zeros(0)

    def finish(self, path):
        with open(path, "r+b") as file:
            file.write(b"AnnData (format-version=0.1.0;creator=MuDataSeurat.r;creator-version=0.0.0.9000)\0")


class SeuratDisk(Hdf5r):
    """R with SeuratDisk: logicals are int32; categories beside the columns, found by reference; shapes are floats."""

    options = {}
    frame_version = "0.1.0"

    def finish(self, path):
        pass

    def bool_type(self):
        return h5t.STD_I32LE

    def numbers(self, parent, name, values):
        return super().numbers(parent, name, values.astype("i4") if values.dtype.kind == "b" else values)

    def sparse_shape(self, group, shape):
        group.attrs["shape"] = np.array(shape, "f8")
        group.attrs["dims"] = np.array(shape[::-1], "i4")

    def nullable(self, parent, name, rows):
        self.array(parent, name, np.where(self.random.random(rows) < 0.3, -2147483648, 5).astype("i4"))

    def more_columns(self, frame, rows):
        return {}

    def factor(self, parent, name, rows):
        categories = self.texts(parent.require_group("__categories"), name, np.array(["low", "mid", "high"], object))
        categories.attrs["ordered"] = np.array([self.random.random() < 0.5], "i4")
        codes = self.store(parent, name, h5t.STD_I32LE, self.random.integers(-1, 3, rows).astype("i4"))
        codes.attrs["categories"] = categories.ref


class Rhdf5(Python):
    """R with rhdf5 (zellkonverter, anndataR): strings of one width, in attributes too; scalars are arrays of one element."""

    one_element_scalars = True
    offset_type = "i4"

    def text_type(self, values):
        return fixed_text(max(map(len, values), default=1), h5t.STR_NULLPAD, h5t.CSET_UTF8)

    def attribute(self, node, name, value):
        if isinstance(value, str):
            kind = fixed_text(len(value) + 1, h5t.STR_NULLTERM)
            made = h5a.create(node.id, name.encode(), kind, h5s.create_simple((1,)))
            made.write(np.array([value.encode()], f"S{len(value) + 1}"), kind)
        else:
            super().attribute(node, name, value)
        node.attrs["rhdf5-NA.OK"] = np.zeros(1, "i4")

    def code_type(self):
        return "i4"

    def column_order(self, frame, order):
        width = max(map(len, order), default=1)
        frame.attrs.create("column-order", np.array([name.encode() for name in order], f"S{width}"), (len(order),))


class AnndataRs(Python):
    """Rust with anndata-rs (SnapATAC2): growing chunks, sparse matrices marked twice, strings that may be missing, other names of dicts."""

    offset_type = "i8"

    def plist(self, shape):
        plist = h5p.create(h5p.DATASET_CREATE)
        if shape:
            plist.set_chunk(tuple(max(1, min(length, 16)) for length in shape))
            plist.set_deflate(2)
        return plist

    def group(self, parent, name):
        return self.mark(parent.create_group(name), ("dict", "mapping")[int(self.random.integers(2))], "0.1.0")

    def sparse_shape(self, group, shape):
        group.attrs["h5sparse_format"] = group.attrs["encoding-type"][:3]
        group.attrs["shape"] = np.array(shape, "u8")

    def code_type(self):
        return "u4"

    def more_columns(self, frame, rows):
        def words():
            made = self.mark(frame.create_group("words"), "nullable-string", "0.1.0")
            self.texts(made, "values", self.words(rows))
            self.array(made, "mask", self.random.random(rows) < 0.5)
        return {"words": words}


class MuonJl(Python):
    """Julia with Muon.jl: shuffled chunks, 64-bit everything, none as a null dataspace."""

    index_type = offset_type = "i8"

    def bool_type(self):
        return enumeration(h5t.NATIVE_INT8, FALSE=0, TRUE=1)

    def sparse_shape(self, group, shape):
        group.attrs["shape"] = np.array(shape, "i8")

    def more(self, file, uns):
        self.mark(uns.create_dataset("none", data=h5py.Empty("f8")), "null", "0.1.0")
        self.array(uns, "complex", self.random.normal(size=4) + 1j)
        self.array(uns, "bits", self.random.random(9) < 0.5)


class Java(Python):
    """Java (JHDF5): big-endian numbers, bools of a named type, null-terminated strings with anything behind the end, the newest format."""

    options = {"libver": "latest"}

    def bool_type(self):
        if "__DATA_TYPES__" not in self.file:
            kind = enumeration(h5t.STD_I8LE, FALSE=0, TRUE=1)
            kind.commit(self.file.create_group("__DATA_TYPES__").id, b"Enum_Boolean")
        return h5t.open(self.file["__DATA_TYPES__"].id, b"Enum_Boolean")

    def numbers(self, parent, name, values):
        return super().numbers(parent, name, values if values.dtype.kind == "b" else values.astype(values.dtype.newbyteorder(">")))

    def text_type(self, values):
        return fixed_text(max(map(len, values), default=1) + 1, h5t.STR_NULLTERM, h5t.CSET_UTF8)

    def texts(self, parent, name, values, encoding="string-array"):
        made = super().texts(parent, name, values, encoding)
        if values.size and made.id.get_create_plist().get_layout() == h5d.CONTIGUOUS:
            width = made.dtype.itemsize
            cells = b"".join((value.encode() + b"\0").ljust(width, b"#") for value in values.ravel())
            made.id.write(h5s.ALL, h5s.ALL, np.frombuffer(cells, f"S{width}").reshape(values.shape), made.id.get_type())
        return made


class Fortran(Python):
    """Simulations in Fortran or MATLAB: strings padded with spaces, bit fields, marks in arrays of one element."""

    def text_type(self, values):
        return fixed_text(max(map(len, values), default=1) + 3, h5t.STR_SPACEPAD, h5t.CSET_UTF8)

    def attribute(self, node, name, value):
        node.attrs[name] = np.array([value.encode()]) if isinstance(value, str) else value

    def more(self, file, uns):
        for kind in (h5t.STD_B8LE, h5t.STD_B16BE, h5t.STD_B64LE):
            values = self.random.integers(0, 200, 7).astype(f"{'>' if kind == h5t.STD_B16BE else '<'}u{kind.get_size()}")
            self.store_bits(uns, f"bits{kind.get_size()}", values, kind)


class Anndata06(Python):
    """anndata 0.6: dataframes and obsm are records, categories are in uns, sparse is h5sparse, nothing is marked."""

    marks_dicts = False

    def mark(self, node, kind, version):
        return node

    def sparse(self, parent, name, shape):
        super().sparse(parent, name, shape)
        made = parent[name]
        shape = made.attrs["shape"]
        del made.attrs["shape"]
        made.attrs["h5sparse_shape"], made.attrs["h5sparse_format"] = shape, "csr" if len(made["indptr"]) == shape[0] + 1 else "csc"

    def frame(self, parent, name, rows, index="index"):
        if parent != self.file:
            return
        kinds = [("index", "S9"), ("score", ">f8"), ("note", h5py.string_dtype()), ("flag", "?"), ("batch", "i1"), ("pair", "f4", (2,))]
        made = np.zeros(rows, dtype=kinds)
        made["index"], made["score"] = [f"cell{i}".encode() for i in range(rows)], self.random.normal(size=rows)
        made["note"], made["flag"], made["batch"] = self.words(rows), self.random.random(rows) < 0.5, self.random.integers(-1, 2, rows)
        made["pair"] = self.random.normal(size=(rows, 2))
        parent.create_dataset(name, data=made)

    def whole(self, file):
        super().whole(file)
        file["uns"].create_dataset("batch_categories", data=np.array([b"left", b"right"]))
        del file["obsm"]
        obsm = np.zeros(self.rows, dtype=[("X_pca", "f4", (3,)), ("X_one", "f8")])
        obsm["X_pca"] = self.random.normal(size=(self.rows, 3))
        file.create_dataset("obsm", data=obsm)
        self.sparse(file, "raw.X", (self.rows, self.columns))
        self.frame(file, "raw.var", self.columns)


class MuData(Python):
    """MuData: a user block, and an AnnData for each modality."""

    options = {"userblock_size": 512}

    def whole(self, file):
        file.attrs["encoding-type"], file.attrs["encoding-version"] = "MuData", "0.1.0"
        file.attrs["axis"] = 0
        modalities = file.create_group("mod")
        modalities.attrs["mod-order"] = np.array(["rna", "atac"], object)
        for name in ("rna", "atac"):
            super().whole(self.mark(modalities.create_group(name), "anndata", "0.1.0"))
        self.frame(file, "obs", self.rows)
        self.array(self.group(file, "obsmap"), "rna", self.random.integers(0, 9, self.rows).astype("u4"))


WRITERS = (Python, Hdf5r, SeuratDisk, Rhdf5, AnndataRs, MuonJl, Java, Fortran, Anndata06, MuData)
