"""Makes the small AnnData files of this folder: forms that today's writers no longer write, or rarely do.

Run with Debian's python3-h5py and python3-numpy: python3 generate.py. Names say what a file shows; the values are
repeated in the tests that read them.
"""
import json
import os

import h5py
import numpy as np

here = os.path.dirname(os.path.abspath(__file__))
text = h5py.string_dtype()


def new(name):
    return h5py.File(os.path.join(here, name), "w", libver=("earliest", "v110"), track_order=False)


def compound(parent, name, *fields):
    """One array of records; each field is (name, dtype, values)."""
    rows = np.zeros(len(fields[0][2]), dtype=[(field, kind) for field, kind, _ in fields])
    for field, _, values in fields:
        rows[field] = values
    return parent.create_dataset(name, data=rows)


def legacy():
    """anndata 0.5 and 0.6: dataframes and obsm are arrays of records, categories stand in uns, sparse is h5sparse."""
    with new("legacy.h5ad") as file:
        compound(
            file, "obs",
            ("n/total", "i8", [5, 6, 7, 8]),
            ("index", "S4", [b"c1", b"c2", b"c3", b"c4"]),
            ("batch", "i1", [0, 1, -1, 1]),
            ("only", "i2", [0, 0, 0, 0]),
            ("score", ">f8", [0.5, np.nan, -0.0, 1e300]),
            ("note", text, ["α", "", "b", "naïve"]))
        compound(
            file, "var",
            ("index", "S3", [b"g1", b"g2", b"g3"]),
            ("batch", "i4", [10, 20, 30]))  # numbers that share their name with a categorical of obs
        obsm = np.zeros(4, dtype=[("X_pca", "f4", (2,)), ("one", "f8")])
        obsm["X_pca"] = np.arange(8, dtype="f4").reshape(4, 2)
        obsm["one"] = [1, 2, 3, 4]
        file.create_dataset("obsm", data=obsm)
        uns = file.create_group("uns")
        uns.create_dataset("batch_categories", data=np.array([b"left", b"right"], dtype="S5"))
        uns.create_dataset("only_categories", data="all")
        raw = compound(file, "raw.var", ("index", "S3", [b"g1", b"g2", b"g3"]), ("batch", "i1", [0, 1, 1]))
        assert raw.shape == (3,)
        sparse = file.create_group("raw.X")
        sparse.attrs["h5sparse_format"] = "csr"
        sparse.attrs["h5sparse_shape"] = (4, 3)
        sparse.create_dataset("data", data=np.array([1, 2, 3], "f4"))
        sparse.create_dataset("indices", data=np.array([0, 2, 1], "i4"))
        sparse.create_dataset("indptr", data=np.array([0, 1, 1, 3, 3], "i4"))
        file.create_dataset("X", data=np.arange(12, dtype="f4").reshape(4, 3))


def described(group, kind, version):
    group.attrs["encoding-type"] = kind
    group.attrs["encoding-version"] = version
    return group


def names():
    """Names that hold a slash: h5py makes groups of them, column-order keeps them whole. Index names that repeat."""
    with new("names.h5ad") as file:
        described(file, "anndata", "0.1.0")
        obs = described(file.create_group("obs"), "dataframe", "0.2.0")
        obs.attrs["_index"] = "index"
        obs.attrs["column-order"] = np.array(["a/b", "a/c/d", "plain"], dtype=object)
        described(obs.create_dataset("index", data=np.array(["x", "x", "ö\u0301"], dtype=object), dtype=text), "string-array", "0.2.0")
        described(obs.create_dataset("a/b", data=np.array([1, 2, 3], "u2")), "array", "0.2.0")
        described(obs.create_dataset("a/c/d", data=np.array(["p", "q", "r"], dtype=object), dtype=text), "string-array", "0.2.0")
        described(obs.create_dataset("plain", data=np.array([True, False, True])), "array", "0.2.0")
        described(file.create_group("uns"), "dict", "0.1.0")
        compound(file["uns"], "ranks", ("CD4+/CD8+", text, ["g1", "g2"]), ("B", "f4", [0.5, 1.5]))
        compound(file["uns"], "ranks2", ("a", "i4", [1, 2]), ("a/b", "i4", [3, 4]))


def records():
    """Arrays of records outside dataframes: no axis, two axes, fields with axes of their own, a record in a record."""
    with new("records.h5ad") as file:
        uns = file.create_group("uns")
        kind = np.dtype([("id", "i4"), ("name", "S3"), ("flag", "?")])
        described(uns.create_dataset("scalar", data=np.array((7, b"abc", True), dtype=kind)), "rec-array", "0.2.0")
        square = np.zeros((2, 3), dtype=kind)
        square["id"] = [[1, 2, 3], [4, 5, 6]]
        square["flag"] = [[True, False, True], [False, True, False]]
        described(uns.create_dataset("square", data=square, chunks=(1, 2), compression="gzip"), "rec-array", "0.2.0")
        wide = np.zeros(3, dtype=[("xy", "f8", (2,)), ("inner", [("a", "i4"), ("b", "i4")]), ("z", "c8")])
        wide["xy"] = [[1, 2], [3, 4], [5, 6]]
        wide["z"] = [1 + 2j, 3, 4j]
        uns.create_dataset("wide", data=wide)
        uns.create_dataset("none", data=np.zeros(0, dtype=kind))
        described(uns.create_dataset("bytes", data=np.bytes_(b"\xff\x00\x01")), "bytes", "0.2.0")
        described(uns.create_dataset("inside", data=np.array([b"a\x00b", b"c"], dtype="S3")), "string-array", "0.2.0")


def awkward():
    """Awkward arrays: lists, lists of lists, lists of strings, and records, which are no Arrow list."""
    number = {"class": "NumpyArray", "primitive": "float64", "inner_shape": [], "parameters": {}, "form_key": "node1"}
    lists = {"class": "ListOffsetArray", "offsets": "i64", "content": number, "parameters": {}, "form_key": "node0"}

    def write(parent, name, length, form, **buffers):
        group = described(parent.create_group(name), "awkward-array", "0.1.0")
        group.attrs["length"] = length
        group.attrs["form"] = json.dumps(form)
        for buffer, values in buffers.items():
            described(group.create_dataset(buffer.replace("_", "-"), data=values), "array", "0.2.0")

    with new("awkward.h5ad") as file:
        described(file, "anndata", "0.1.0")
        obsm = described(file.create_group("obsm"), "dict", "0.1.0")
        write(obsm, "lists", 3, lists, node0_offsets=np.array([0, 2, 2, 3], "i8"), node1_data=np.array([1.5, np.nan, 3.0]))
        inner = {**lists, "content": {**number, "form_key": "node2", "primitive": "int32"}, "form_key": "node1", "offsets": "i32"}
        write(obsm, "nested", 2, {**lists, "content": inner}, node0_offsets=np.array([0, 1, 3], "i8"),
              node1_offsets=np.array([0, 2, 2, 3], "i4"), node2_data=np.array([7, 8, 9], "i4"))
        char = {"class": "NumpyArray", "primitive": "uint8", "inner_shape": [], "parameters": {"__array__": "char"}, "form_key": "node2"}
        word = {**lists, "content": char, "parameters": {"__array__": "string"}, "form_key": "node1"}
        write(obsm, "words", 2, {**lists, "content": word}, node0_offsets=np.array([0, 2, 3], "i8"),
              node1_offsets=np.array([0, 3, 3, 5], "i8"), node2_data=np.frombuffer("aβcd".encode(), "u1"))
        record = {"class": "RecordArray", "fields": ["x"], "contents": [number], "parameters": {}, "form_key": "node0"}
        write(obsm, "records", 3, record, node1_data=np.array([1.0, 2.0, 3.0]))
        write(obsm, "overrun", 2, lists, node0_offsets=np.array([0, 9, 3], "i8"), node1_data=np.array([1.0, 2.0, 3.0]))


def encodings():
    """Every encoding of the specification once, and every type of number."""
    with new("encodings.h5ad") as file:
        described(file, "anndata", "0.1.0")
        described(file.create_dataset("X", data=np.zeros((2, 3), "f4")), "array", "0.2.0")

        def sparse(parent, name, kind, version, shape):
            group = described(parent.create_group(name), kind, version)
            group.attrs["shape"] = shape
            group.create_dataset("data", data=np.array([1.0, 2.0]))
            group.create_dataset("indices", data=np.array([0, 1], "u4"))
            group.create_dataset("indptr", data=np.array([0, 1, 2], "u8"))

        layers = described(file.create_group("layers"), "dict", "0.1.0")
        sparse(layers, "csr", "csr_matrix", "0.1.0", (2, 3))
        sparse(layers, "csc", "csc_matrix", "0.1.0", (3, 2))
        words = np.array(["a", "é"], dtype=object)

        def strings(parent, name, values=words):
            return described(parent.create_dataset(name, data=values, dtype=text), "string-array", "0.2.0")

        def nullable(parent, name, kind, values, na_value=None):
            group = described(parent.create_group(name), kind, "0.1.0")
            if na_value:
                group.attrs["na-value"] = na_value
            if values.dtype == object:
                strings(group, "values", values)
            else:
                described(group.create_dataset("values", data=values), "array", "0.2.0")
            described(group.create_dataset("mask", data=np.array([False, True])), "array", "0.2.0")

        for frame, version in (("obs", "0.2.0"), ("var", "0.1.0")):
            group = described(file.create_group(frame), "dataframe", version)
            group.attrs["_index"] = "_index"
            strings(group, "_index")
            columns = []
            if frame == "obs":
                categorical = described(group.create_group("categorical"), "categorical", "0.2.0")
                categorical.attrs["ordered"] = True
                categorical.create_dataset("codes", data=np.array([1, -1], "i1"))
                strings(categorical, "categories")
                nullable(group, "integer", "nullable-integer", np.array([7, 8], "u2"))
                nullable(group, "boolean", "nullable-boolean", np.array([True, False]))
                nullable(group, "strings", "nullable-string-array", words, na_value="NaN")
                columns = ["categorical", "integer", "boolean", "strings"]
            else:  # anndata 0.7: categories beside the columns, found by reference
                values = group.create_group("__categories").create_dataset("old", data=words, dtype=text)
                values.attrs["ordered"] = False
                codes = group.create_dataset("old", data=np.array([0, 1], "i2"))
                codes.attrs["categories"] = values.ref
                columns = ["old"]
            group.attrs["column-order"] = np.array(columns, dtype=object)

        uns = described(file.create_group("uns"), "dict", "0.1.0")
        described(uns.create_dataset("text", data="é"), "string", "0.2.0")
        described(uns.create_dataset("number", data=np.float32(0.1)), "numeric-scalar", "0.2.0")
        described(uns.create_dataset("none", data=h5py.Empty("f4")), "null", "0.1.0")
        described(uns.create_dataset("flags", data=np.array([True, False])), "array", "0.2.0")
        described(uns.create_dataset("cube", data=np.zeros((2, 1, 2), "i8")), "array", "0.2.0")
        strings(uns, "repeated", np.array(["a", "a", "b", "b"] * 4, dtype=object))
        types = described(uns.create_group("types"), "dict", "0.1.0")
        for kind in ("i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "f2", "f4", "f8", "c8", "c16", ">i2", ">f8"):
            described(types.create_dataset(kind, data=np.arange(2).astype(kind)), "array", "0.2.0")
        described(uns.create_group("unknown"), "sparse-tensor", "0.1.0")
        uns.create_dataset("opaque", data=np.void(b"ab"))


def tenx():
    """Cell Ranger's matrices: version 3, version 2, and version 2 with two genomes."""
    def matrix(group):
        group.create_dataset("barcodes", data=np.array([b"AAAC-1", b"AAAG-1"], "S6"))
        group.create_dataset("data", data=np.array([5, 1, 2], "i4"))
        group.create_dataset("indices", data=np.array([0, 1, 2], "i8"))
        group.create_dataset("indptr", data=np.array([0, 1, 3], "i8"))
        group.create_dataset("shape", data=np.array([3, 2], "i4"))

    def genes(group):
        matrix(group)
        group.create_dataset("genes", data=np.array([b"ENSG1", b"ENSG2", b"ENSG3"], "S5"))
        group.create_dataset("gene_names", data=np.array([b"A", b"B", b"C"], "S1"))

    with new("tenx-v3.h5") as file:
        matrix(file.create_group("matrix"))
        features = file["matrix"].create_group("features")
        features.create_dataset("_all_tag_keys", data=np.array([b"genome"], "S6"))
        features.create_dataset("id", data=np.array([b"ENSG1", b"ENSG2", b"AB1"], "S5"))
        features.create_dataset("name", data=np.array([b"A", b"B", b"CD3"], "S3"))
        features.create_dataset("feature_type", data=np.array([b"Gene Expression"] * 2 + [b"Antibody Capture"], "S16"))
        features.create_dataset("genome", data=np.array([b"GRCh38", b"GRCh38", b""], "S6"))
    with new("tenx-probes.h5") as file:  # Space Ranger's probes, and what another program has added
        matrix(file.create_group("matrix"))
        file["matrix"].create_dataset("filtered_barcodes", data=np.array([True, False]))
        features = file["matrix"].create_group("features")
        for name, values in (("id", [b"ENSG1|A|1", b"ENSG1|A|2", b"ENSG2|B|1"]), ("name", [b"A|1", b"A|2", b"B|1"]),
                             ("gene_id", [b"ENSG1", b"ENSG1", b"ENSG2"]), ("gene_name", [b"A", b"A", b"B"]),
                             ("feature_type", [b"Gene Expression"] * 3), ("probe_region", [b"spliced", b"", b"unspliced"])):
            features.create_dataset(name, data=np.array(values, "S16"))
        features.create_dataset("filtered_probes", data=np.array([True, True, False]))
        features.create_group("target_sets").create_dataset("Panel 1", data=np.array([0, 2], "u4"))
        file.create_group("droplet_latents").create_dataset("cell_probability", data=np.array([0.5, 1.0]))
    with new("tenx-v2.h5") as file:
        genes(file.create_group("hg19"))
    with new("tenx-v2-two.h5") as file:
        genes(file.create_group("hg19"))
        genes(file.create_group("mm10"))
        file["mm10"]["note"] = "added"


for make in (legacy, names, records, awkward, encodings, tenx):
    make()
