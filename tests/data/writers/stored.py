"""What a file holds, as h5py reads it: the members that `anndata-cache checksum` must print, computed without AnnData and without us.

Numbers are hashed as little-endian bytes in C order in their stored type, strings as UTF-8 with one zero byte after each, a scalar
string without it, codes as int32 with -1 for what is missing, nullable values as stored and with zero or "" where they are missing.
"""
import hashlib

import h5py
import numpy as np

SPARSE = {"csr_matrix": "csr", "csr": "csr", "csc_matrix": "csc", "csc": "csc"}
NULLABLE = {"nullable-integer": "nullable-integer", "nullable-boolean": "nullable-boolean", "nullable-string-array": "nullable-string-array",
            "nullable-string": "nullable-string-array"}
FRAMES, DICTS = ("obs", "var", "raw.var", "raw/var"), ("obsm", "varm", "raw.varm", "raw/varm")


def sha(data):
    return hashlib.sha256(data).hexdigest()


def little_endian(values):
    values = np.ascontiguousarray(values)
    return values.astype("u1" if values.dtype.kind == "b" else values.dtype.newbyteorder("<")).tobytes()


def plain(number):
    if isinstance(number, (bool, np.bool_)):
        return bool(number)
    if isinstance(number, (int, np.integer)):
        return int(number)
    if isinstance(number, (complex, np.complexfloating)):
        return [plain(number.real), plain(number.imag)]
    number = float(number)
    return "NaN" if number != number else number if abs(number) != float("inf") else "Infinity" if number > 0 else "-Infinity"


def text(value):
    """The only string of an attribute; null for anything else."""
    value = np.asarray(value, dtype=object).ravel()
    if len(value) != 1 or not isinstance(value[0], (str, bytes)):
        return None
    return value[0].decode("utf-8", "replace") if isinstance(value[0], bytes) else value[0]


def attribute(node, name):
    return text(node.attrs[name]) if name in node.attrs and not isinstance(node.attrs[name], h5py.Empty) else None


def is_text(array):
    return h5py.check_string_dtype(array.dtype) is not None


def strings(values, array=None):
    kind = None if array is None else array.id.get_type()
    is_padded = isinstance(kind, h5py.h5t.TypeStringID) and not kind.is_variable_str() and kind.get_strpad() == h5py.h5t.STR_SPACEPAD
    encoded = [value.encode("utf-8", "surrogateescape") if isinstance(value, str) else value or b""
               for value in np.asarray(values).ravel().tolist()]
    return [value.rstrip(b" ") for value in encoded] if is_padded else encoded


def of_strings(values):
    return sha(b"".join(value + b"\0" for value in values))


def statistics(values):
    if values.dtype.kind not in "fiub" or not values.size:
        return {}
    finite = values[np.isfinite(values)]
    found = {"nan_count": int(np.isnan(values).sum()), "inf_count": int(np.isinf(values).sum())} if values.dtype.kind == "f" else {}
    if finite.size:
        total = finite.astype("f8").sum() if values.dtype.kind == "f" else sum(map(int, finite.ravel().tolist()))
        found.update(sum=plain(total), min=plain(finite.min()) + 0, max=plain(finite.max()) + 0)
    return found


def dense(values):
    return {"kind": "dense", "dtype": values.dtype.newbyteorder("=").name, "shape": list(values.shape), "n": values.size,
            "sha256": sha(little_endian(values)), **statistics(values)}


def text_array(values, array=None):
    found = strings(values, array)
    return {"kind": "string-array", "shape": list(np.shape(values)), "n": len(found), "sha256": of_strings(found),
            "empty_count": found.count(b""), "total_utf8_bytes": sum(map(len, found))}


def array_of(array):
    return text_array(array[()], array) if is_text(array) else dense(np.asarray(array[()]))


def scalar(array):
    if is_text(array):
        value, = strings(array[()], array)
        return {"kind": "scalar-string", "value": value.decode("utf-8", "replace"), "sha256": sha(value)}
    value = np.asarray(array[()])
    return {"kind": "scalar-bool" if value.dtype.kind == "b" else "scalar-number", "dtype": value.dtype.newbyteorder("=").name,
            "value": plain(value[()]), "sha256": sha(little_endian(value))}


def nullable(group, kind):
    values = group["values"]
    mask = group["mask"][()].astype(bool) if "mask" in group else np.zeros(values.shape, bool)
    found = {"kind": kind, "shape": list(values.shape), "null_count": int(mask.sum()), "mask_sha256": sha(little_endian(mask))}
    if is_text(values):
        stored = strings(values[()], values)
        zeroed = [b"" if isnull else value for value, isnull in zip(stored, mask.ravel())]
        return {**found, "dtype": "string", "values_sha256": of_strings(stored), "values_nulls_zeroed_sha256": of_strings(zeroed)}
    stored = values[()]
    zeroed = np.where(mask, np.zeros(1, stored.dtype), stored).astype(stored.dtype)
    return {**found, "dtype": stored.dtype.newbyteorder("=").name, "values_sha256": sha(little_endian(stored)),
            "values_nulls_zeroed_sha256": sha(little_endian(zeroed))}


def categorical(codes, categories, ordered):
    return {"kind": "categorical", "codes_dtype": codes.dtype.newbyteorder("=").name,
            "codes_sha256_i4": sha(little_endian(codes[()].astype("i4"))), "n": codes.size,
            "missing_count": int((codes[()].astype("i8") == -1).sum()), "ordered": ordered, "categories": categories}


def is_ordered(node):
    return "ordered" in node.attrs and bool(np.ravel(node.attrs["ordered"])[0])


def sparse(group, kind):
    shape = group.attrs["shape"] if "shape" in group.attrs else group.attrs["h5sparse_shape"]
    data = group["data"][()]
    found = {"kind": kind, "shape": [int(length) for length in np.ravel(shape)], "nnz_stored": data.size,
             "data_dtype": data.dtype.newbyteorder("=").name, "data_sha256": sha(little_endian(data)), **statistics(data)}
    for name in ("indices", "indptr"):
        values = group[name][()]
        found[f"{name}_dtype"] = values.dtype.newbyteorder("=").name
        found[f"{name}_sha256"], found[f"{name}_sha256_i8"] = sha(little_endian(values)), sha(little_endian(values.astype("i8")))
    return found


def within(path):
    """The path inside a modality."""
    return path.split("/", 2)[2] if path.startswith("mod/") and path.count("/") > 1 else path


class Description:
    def __init__(self, file):
        self.file, self.found = file, {}
        self.members(file, "")

    def members(self, group, path):
        for name in group:
            inner = f"{path}/{name}" if path else name
            try:
                self.element(group[name], inner)
            except (KeyError, OSError) as damage:  # a link that leads nowhere
                self.found[inner] = {"kind": "ERROR", "note": str(damage)}

    def element(self, node, path):
        kind = attribute(node, "encoding-type")
        if isinstance(node, h5py.Group):
            self.group(node, path, kind)
        elif not isinstance(node, h5py.Dataset):
            self.found[path] = {"kind": "ERROR", "note": "a named type"}
        elif node.shape is None or kind == "null":
            self.found[path] = {"kind": "null"}
        elif node.dtype.names:
            self.records(node, path)
        else:
            self.found[path] = scalar(node) if node.shape == () else array_of(node)

    def group(self, group, path, kind):
        format = SPARSE.get(kind) or attribute(group, "h5sparse_format")
        if kind == "dataframe":
            self.frame(group, path)
        elif kind == "categorical":
            values = group["categories"]
            is_group = isinstance(values, h5py.Group)
            described = nullable(values, NULLABLE[attribute(values, "encoding-type")]) if is_group else array_of(values)
            self.found[path] = categorical(group["codes"], described, is_ordered(group))
        elif kind in NULLABLE:
            self.found[path] = nullable(group, NULLABLE[kind])
        elif format:
            self.found[path] = sparse(group, format)
        else:
            if path == "mod":
                self.found[path] = {"kind": "mudata", "modalities": sorted(group)}
            elif not (path.startswith("mod/") and path.count("/") == 1):
                is_raw = kind == "raw" or within(path) == "raw"
                self.found[path] = {"kind": "raw" if is_raw else "dict", "keys": sorted(group, key=str.encode)}
            self.members(group, path)

    def frame(self, group, path):
        index = attribute(group, "_index")
        order = group.attrs.get("column-order", [])
        order = [] if isinstance(order, h5py.Empty) or not np.size(order) else [text(name) for name in np.ravel(order)]
        self.found[path] = {"kind": "dataframe", "index_key": index, "column_order": order}
        for name in [*([index] if index else []), *order]:
            if name in group:
                self.column(group[name], f"{path}/{name}")
            else:
                self.found[f"{path}/{name}"] = {"kind": "ERROR", "note": "named, but missing"}
        if index:
            self.found[f"{path}/{index}"]["is_index"] = True

    def column(self, node, path):
        reference = node.attrs.get("categories") if isinstance(node, h5py.Dataset) else None
        if isinstance(reference, h5py.Reference):
            categories = self.file[reference]
            self.found[path] = categorical(node, array_of(categories), is_ordered(categories))
        else:
            self.element(node, path)

    def records(self, array, path):
        names, place, rows = list(array.dtype.names), within(path), array[()]
        frame = place in FRAMES and array.ndim == 1
        index = next((name for name in ("index", "_index") if name in names), names[0]) if frame else None
        if frame:
            fields = [index] + [name for name in names if name != index]
            self.found[path] = {"kind": "dataframe", "index_key": index, "fields": fields, "n_rows": len(array)}
        elif place in DICTS and array.ndim == 1:
            self.found[path] = {"kind": "legacy-obsm-structured", "fields": names}
        else:
            self.found[path] = {"kind": "rec-array", "fields": names, "shape": list(array.shape)}
        uns = self.file["/".join(path.split("/")[:2])] if path.startswith("mod/") else self.file
        for name in names:
            values = rows[name]
            categories = uns.get(f"uns/{name}_categories") if frame and name != index and values.dtype.kind in "iu" else None
            if categories is not None and (not values.size or values.max() < categories.size):
                words = np.ravel(categories[()])
                described = text_array(words, categories) if is_text(categories) else dense(words)
                self.found[f"{path}/{name}"] = {
                    "kind": "categorical", "codes_dtype": values.dtype.newbyteorder("=").name, "n": values.size, "ordered": False,
                    "codes_sha256_i4": sha(little_endian(values.astype("i4"))), "missing_count": int((values == -1).sum()),
                    "categories": described}
            else:
                self.found[f"{path}/{name}"] = dense(values) if values.dtype.kind in "fiubc" else text_array(values)


def describe(path):
    """All elements of a file; one that h5py cannot read has the kind ERROR."""
    with h5py.File(path, "r") as file:
        return Description(file).found


if __name__ == "__main__":
    import json
    import sys
    print(json.dumps(describe(sys.argv[1]), indent=1))
