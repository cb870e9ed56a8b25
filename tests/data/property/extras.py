"""What anndata 0.8 cannot read, added to a file that it has read: what is expected are the values put in."""
import h5py
import numpy as np

import describe


def encode(node, kind, version):
    node.attrs["encoding-type"], node.attrs["encoding-version"] = kind, version
    return node


def put_array(parent, name, values, kind=None, version="0.2.0"):
    texts = values.dtype.kind == "O"
    node = parent.create_dataset(name, data=values, dtype=h5py.string_dtype() if texts else None)
    return encode(node, kind or ("string-array" if texts else "array"), version)


def nullable(parent, name, values, rows):
    """Each nullable encoding in the forms of later versions; the values under the mask are whatever they are."""
    kind = values.one_of(["nullable-string-array", "nullable-string-array", "nullable-integer", "nullable-boolean"])
    stored = (values.strings(rows, few=True) if kind == "nullable-string-array"
              else values.numbers(rows, values.one_of(["i1", "u2", "i4", "u8"]) if kind == "nullable-integer" else "?"))
    if stored.dtype.kind == "i" and values.chance(0.5):
        stored = stored.astype(stored.dtype.newbyteorder(">"))
    mask = values.random.random(rows) < values.one_of([0, 0.3, 1])
    group = encode(parent.create_group(name), kind, values.one_of(["0.1.0", "0.2.0"]))
    if values.chance(0.5):
        group.attrs["na-value"] = values.one_of(["NA", "NaN"])
    put_array(group, "values", stored)
    if mask.any() or values.chance(0.6):
        put_array(group, "mask", mask)
    return describe.nullable(kind, stored, mask)


def categorical(parent, name, values, rows):
    """Codes of unusual types, categories of narrow types, nullable categories."""
    group = encode(parent.create_group(name), "categorical", "0.2.0")
    group.attrs["ordered"] = ordered = values.chance(0.5)
    codes = values.random.integers(-1, 3, size=rows)
    codes_type = np.dtype(values.one_of(["i1", "i2", ">i2", "i4", "i8", ">i8"]))
    if values.chance(0.3):
        codes, codes_type = np.abs(codes), np.dtype(values.one_of(["u1", "u2", "u4", "u8", ">u8"]))
    put_array(group, "codes", codes.astype(codes_type))
    if values.chance(0.3):
        categories = np.array(["b", "a", ""], dtype=object)
        inner = encode(group.create_group("categories"), "nullable-string-array", "0.1.0")
        put_array(inner, "values", categories)
        put_array(inner, "mask", np.zeros(3, bool))
        expected = describe.nullable("nullable-string-array", categories, np.zeros(3, bool))
    else:
        categories = values.one_of([np.array(["β", "", "a"], dtype=object), np.arange(3, dtype=values.one_of(["i1", "u4", "f4", ">i2", ">f8"]))])
        put_array(group, "categories", categories)
        expected = describe.array(categories)
    return describe.categorical(codes, expected, ordered, codes_type)


def legacy_frame(parent, path, values, found):
    """A dataframe as anndata 0.7 writes it: categories beside the columns, found by reference."""
    rows, ordered = 1 + values.upto(9), values.chance(0.5)
    group = encode(parent.create_group("legacy frame"), "dataframe", "0.1.0")
    index, categories = values.strings(rows), values.strings(3)
    codes, numbers = values.random.integers(-1, 3, size=rows).astype("i1"), values.numbers(rows)
    group.attrs["_index"] = "index"
    group.attrs.create("column-order", ["n", "c"], dtype=h5py.string_dtype())
    group.create_dataset("index", data=index, dtype=h5py.string_dtype())
    group["n"], group["c"] = numbers, codes
    stored = group.create_group("__categories").create_dataset("c", data=categories, dtype=h5py.string_dtype())
    stored.attrs["ordered"] = ordered
    group["c"].attrs["categories"] = stored.ref
    found[path] = {"kind": "dataframe", "index_key": "index", "column_order": ["n", "c"], "n_rows": rows}
    found[f"{path}/index"] = {**describe.array(index), "is_index": True}
    found[f"{path}/n"] = describe.array(numbers)
    found[f"{path}/c"] = describe.categorical(codes, describe.array(categories), ordered)


def legacy_sparse(parent, values):
    """As anndata before 0.7 writes it, or with the shorter name."""
    matrix = values.sparse((values.length(), values.length()))
    group = parent.create_group("legacy sparse")
    if values.chance(0.5):
        group.attrs["h5sparse_format"], group.attrs["h5sparse_shape"] = matrix.format, matrix.shape
    else:
        encode(group, matrix.format, "0.1.0").attrs["shape"] = np.array(matrix.shape, dtype=values.one_of(["i8", "u4", ">i8"]))
    for name in ("data", "indices", "indptr"):
        group[name] = getattr(matrix, name)
    return describe.sparse(matrix)


def padded_strings(parent, values):
    """Strings of one width, padded with spaces as Fortran does."""
    width = 6
    kind = h5py.h5t.C_S1.copy()
    kind.set_size(width)
    kind.set_strpad(h5py.h5t.STR_SPACEPAD)
    words = [values.one_of([b"", b"abc", b"a b", b"sixsix"]) for _ in range(1 + values.upto(5))]
    stored = np.array([word.ljust(width) for word in words], dtype=f"S{width}")
    array = h5py.h5d.create(parent.id, b"padded", kind, h5py.h5s.create_simple((len(words),)))
    array.write(h5py.h5s.ALL, h5py.h5s.ALL, stored, mtype=kind)
    return describe.array(np.array([word.decode() for word in words], dtype=object))


def add_to_frame(frame, path, values, found):
    """Columns, and perhaps an index of integers."""
    rows = found[path]["n_rows"]
    made = {"later nullable": nullable(frame, "later nullable", values, rows), "later categorical": categorical(frame, "later categorical", values, rows)}
    order = found[path]["column_order"] + list(made)
    del frame.attrs["column-order"]
    frame.attrs.create("column-order", order, dtype=h5py.string_dtype())
    found[path]["column_order"] = order
    found.update({f"{path}/{name}": expected for name, expected in made.items()})
    if values.chance(0.3):
        index = found[path]["index_key"]
        numbers = values.numbers(rows, values.one_of(["i8", "u4", "i1"]))
        del frame[index]
        put_array(frame, index, numbers)
        found[f"{path}/{index}"] = {**describe.array(numbers), "is_index": True}


def add_links(file, found):
    """Other names of elements that exist: hard links, and soft ones."""
    targets = [path for path in found if path.count("/") < 2 and found[path]["kind"] in ("dense", "csr", "csc", "string-array", "scalar-number")]
    for number, target in enumerate(targets[:3]):
        if f"/{target}".count("/") == 1 or not target.startswith(("obs/", "var/")):
            name = f"link {number}"
            file["uns"][name] = h5py.SoftLink(f"/{target}") if number == 1 else file[target]
            found[f"uns/{name}"] = {key: value for key, value in found[target].items() if key != "is_index"}


def add(path, values, found):
    with h5py.File(path, "r+") as file:
        for name in ("obs", "var"):
            if values.chance(0.5):
                add_to_frame(file[name], name, values, found)
        uns = file["uns"]
        found["uns/null"] = {"kind": "null"}
        encode(uns.create_dataset("null", data=h5py.Empty("f4")), "null", "0.1.0")
        legacy_frame(uns, "uns/legacy frame", values, found)
        found["uns/legacy sparse"] = legacy_sparse(uns, values)
        found["uns/padded"] = padded_strings(uns, values)
        found["uns/loose nullable"] = nullable(uns, "loose nullable", values, values.upto(20))
        found["uns/loose categorical"] = categorical(uns, "loose categorical", values, values.upto(20))
        bare = uns.create_group("bare")
        found["uns/bare"] = {"kind": "dict", "keys": ["fixed", "numbers", "other version"]}
        numbers = values.numbers(values.length())
        bare["numbers"] = numbers
        found["uns/bare/numbers"] = describe.array(numbers)
        bare["fixed"] = np.bytes_(b"one width")
        found["uns/bare/fixed"] = describe.scalar("one width")
        put_array(bare, "other version", numbers, version=values.one_of(["0.1.0", "0.3.0", "9"]))
        found["uns/bare/other version"] = describe.array(numbers)
        add_links(file, found)
        found["uns"]["keys"] = describe.members(list(file["uns"]))
