"""What values are, as checksums: the same rules as `anndata-cache checksum`, computed by numpy alone.

Numbers are hashed as little-endian bytes in C order in their own type, strings as UTF-8 with one zero byte after each, a scalar
string without it, codes as int32 with -1 for what is missing, nullable values with zero or the empty string under what is missing.
"""
import hashlib

import numpy as np
import pandas as pd
import scipy.sparse


class NullableStrings:
    """Strings with a mask, which anndata 0.8 has no type for."""

    def __init__(self, values, mask):
        self.values, self.mask = values, mask


def sha(data):
    return hashlib.sha256(data).hexdigest()


def little_endian(values):
    values = np.ascontiguousarray(values)
    return values.astype(values.dtype.newbyteorder("<")).tobytes()


def of_numbers(values):
    return sha(little_endian(values))


def utf8(values):
    return [value if isinstance(value, bytes) else str(value).encode() for value in np.asarray(values).ravel().tolist()]


def of_strings(values):
    return sha(b"".join(value + b"\0" for value in utf8(values)))


def dtype_name(dtype):
    return np.dtype(dtype).newbyteorder("=").name


def plain(number):
    """A number as JSON can say it."""
    if isinstance(number, (complex, np.complexfloating)):
        return [plain(number.real), plain(number.imag)]
    if isinstance(number, (float, np.floating)):
        number = float(number)
        return "NaN" if number != number else number if abs(number) != float("inf") else "Infinity" if number > 0 else "-Infinity"
    return bool(number) if isinstance(number, (bool, np.bool_)) else int(number)


def is_text(values):
    return values.dtype.kind in "OUS"


def array(values):
    """A dense array or an array of strings."""
    values = np.asarray(values)
    if is_text(values):
        texts = utf8(values)
        return {"kind": "string-array", "shape": list(values.shape), "n": values.size, "sha256": of_strings(values),
                "empty_count": texts.count(b""), "total_utf8_bytes": sum(map(len, texts))}
    found = {"kind": "dense", "dtype": dtype_name(values.dtype), "shape": list(values.shape), "n": values.size, "sha256": of_numbers(values)}
    if values.dtype.kind == "f" and values.size:
        found.update(nan_count=int(np.isnan(values).sum()), inf_count=int(np.isinf(values).sum()))
    finite = values[np.isfinite(values)] if values.dtype.kind in "fiub" else values[:0]
    if finite.size:
        found.update(min=plain(finite.min()) + 0, max=plain(finite.max()) + 0)  # a bool's are 0 and 1
    return found


def nullable(kind, values, mask):
    texts = kind == "nullable-string-array"
    zeroed = np.where(mask, "" if texts else np.zeros(1, values.dtype), values)
    hashed = of_strings(zeroed) if texts else of_numbers(zeroed.astype(values.dtype))
    return {"kind": kind, "shape": list(values.shape), "dtype": "string" if texts else dtype_name(values.dtype),
            "null_count": int(mask.sum()), "mask_sha256": of_numbers(mask), "values_nulls_zeroed_sha256": hashed}


def categorical(codes, categories, ordered, codes_dtype=None):
    return {"kind": "categorical", "ordered": bool(ordered), "categories": categories, "codes_dtype": dtype_name(codes_dtype or codes.dtype),
            "codes_sha256_i4": of_numbers(codes.astype("i4")), "n": len(codes), "missing_count": int((codes.astype("i8") == -1).sum())}


def column(values):
    """A column of a dataframe, or anything of one array."""
    if isinstance(values, pd.Series) or isinstance(values, pd.Index):
        values = values._values
    if isinstance(values, pd.Categorical):
        return categorical(values.codes, array(values.categories._values), values.ordered)
    if isinstance(values, pd.arrays.IntegerArray):
        return nullable("nullable-integer", values._data, values._mask)
    if isinstance(values, pd.arrays.BooleanArray):
        return nullable("nullable-boolean", values._data, values._mask)
    if isinstance(values, NullableStrings):
        return nullable("nullable-string-array", values.values, values.mask)
    return array(values)


def sparse(matrix):
    found = {"kind": matrix.format, "shape": list(matrix.shape), "nnz_stored": len(matrix.data), "data_dtype": dtype_name(matrix.data.dtype),
             "data_sha256": of_numbers(matrix.data), "indptr_dtype": dtype_name(matrix.indptr.dtype), "indices_dtype": dtype_name(matrix.indices.dtype)}
    for name in ("indices", "indptr"):
        found[f"{name}_sha256"] = of_numbers(getattr(matrix, name))
        found[f"{name}_sha256_i8"] = of_numbers(getattr(matrix, name).astype("i8"))
    return found


def scalar(value):
    if isinstance(value, (str, bytes)):
        text = value if isinstance(value, bytes) else value.encode()
        return {"kind": "scalar-string", "value": text.decode(), "sha256": sha(text)}
    value = np.asarray(value)
    return {"kind": "scalar-bool" if value.dtype.kind == "b" else "scalar-number", "dtype": dtype_name(value.dtype),
            "value": plain(value[()]), "sha256": of_numbers(value)}


def members(names):
    return sorted(names, key=lambda name: name.encode())


def frame(path, value, found):
    index = value.index.name or "_index"
    found[path] = {"kind": "dataframe", "index_key": index, "column_order": list(value.columns), "n_rows": len(value)}
    found[f"{path}/{index}"] = {**column(value.index), "is_index": True}
    for position, name in enumerate(value.columns):
        found[f"{path}/{name}"] = column(value.iloc[:, position])


def records(path, value, found):
    found[path] = {"kind": "rec-array", "fields": list(value.dtype.names), "shape": list(value.shape)}
    for name in value.dtype.names:
        found[f"{path}/{name}"] = array(value[name])


def element(path, value, found):
    """Adds a value and all below it."""
    if value is None:
        found[path] = {"kind": "null"}
    elif isinstance(value, pd.DataFrame):
        frame(path, value, found)
    elif scipy.sparse.issparse(value):
        found[path] = sparse(value)
    elif isinstance(value, np.ndarray) and value.dtype.names:
        records(path, value, found)
    elif isinstance(value, np.ndarray) and value.ndim == 0:
        found[path] = scalar(value[()])
    elif isinstance(value, (np.ndarray, NullableStrings, pd.api.extensions.ExtensionArray)):
        found[path] = column(value)
    elif hasattr(value, "items"):
        found[path] = {"kind": "dict", "keys": members(value)}
        for name, inner in value.items():
            element(f"{path}/{name}", inner, found)
    else:
        found[path] = scalar(value)


def whole(data):
    """All elements of an AnnData."""
    found = {}
    if data.X is not None:
        element("X", data.X, found)
    for name in ("obs", "var", "obsm", "varm", "obsp", "varp", "layers", "uns"):
        element(name, getattr(data, name), found)
    if data.raw is not None:
        found["raw"] = {"kind": "raw", "keys": ["X", "var", "varm"]}
        element("raw/X", data.raw.X, found)
        element("raw/var", data.raw.var, found)
        element("raw/varm", data.raw.varm, found)
    return found
