"""An object as a part's layout and its buffers: the other way round from `columns`, for what Python puts (docs/part-format.md).

Plain data becomes what every language reads. What pandas knows beyond it is the layout's member `pandas`, which others
ignore. Anything else is a pickle, and only on request.
"""

from __future__ import annotations

import json
import pickle

import numpy as np

from .._store.parts import Layout
from .pickling import dumps_whole

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

Buffers = list  # of what has the buffer protocol, in the order in which the layout names them
_NUMBERS = frozenset(
    "bool int8 int16 int32 int64 uint8 uint16 uint32 uint64 float16 float32 float64 complex64 complex128".split())
_MAX_DEPTH = 64


class NotPlain(TypeError):
    """The value is not plain data; the message says what is not."""


def encode(value: Any) -> tuple[Layout, Buffers[Any]]:
    """Layout (lengths in place of offsets) and buffers of plain data.

    Raises
    ------
    NotPlain
        It is none of: a number array, an array of strings, a sparse matrix, a DataFrame, a Series, or what JSON says
        exactly (None, bool, int, float, str, list, dict with str keys).
    """
    kind = type(value).__module__.partition(".")[0]
    if isinstance(value, np.ndarray):
        return _array(value)
    if kind == "pandas":
        from .framing import encode_frame
        return encode_frame(value)
    if kind == "scipy" and hasattr(value, "tocsr"):
        return _sparse(value)
    check_json(value, "", 0)
    text = json.dumps(value, ensure_ascii=False, allow_nan=False).encode("utf-8", "surrogatepass")
    layout = {"kind": "json", "shape": [], "columns": [{"name": "json", "kind": "json", "rows": 1, "offsets": 16, "values": len(text)}]}
    return layout, [np.array([0, len(text)], "<i8"), text]


def encode_pickle(value: Any) -> tuple[Layout, Buffers[Any]]:
    """Any object as a pickle, its large buffers beside it, so that reading maps them."""
    outside: list[pickle.PickleBuffer] = []
    pieces = [dumps_whole(value, outside.append), *(buffer.raw() for buffer in outside)]
    columns, buffers = [], []
    for position, piece in enumerate(map(memoryview, pieces)):
        name = f"buffer {position}" if position else "pickle"
        columns.append({"name": name, "kind": "bytes", "rows": 1, "offsets": 16, "values": piece.nbytes})
        buffers += [np.array([0, piece.nbytes], "<i8"), piece]
    return {"kind": "pickle", "shape": [], "columns": columns}, buffers


def stream(layout: Layout, buffers: Buffers[Any]) -> Any:
    """The pieces of the stream that `anndata-cache put` reads."""
    text = json.dumps(layout, ensure_ascii=False).encode("utf-8", "surrogatepass")
    yield b"ADCPUT1\n" + len(text).to_bytes(8, "little") + text
    for buffer in buffers:
        view = memoryview(buffer)
        if view.nbytes:
            yield view.cast("B")


def number_column(name: str, values: np.ndarray[Any, Any]) -> tuple[Layout, Buffers[Any]]:
    """A column of numbers with one axis or more; the first is the rows."""
    values = np.ascontiguousarray(values, values.dtype.newbyteorder("<"))
    if values.dtype.name not in _NUMBERS:
        raise NotPlain(f"values of type {values.dtype}")
    width = int(np.prod(values.shape[1:], dtype=object)) if values.ndim > 1 else 1
    layout: Layout = {"name": name, "kind": "number", "dtype": values.dtype.name, "rows": len(values), "values": values.nbytes}
    if width != 1:
        layout["width"] = width
    return layout, [values.reshape(-1).view(np.uint8) if values.size else b""]


def string_column(name: str, values: Any, missing: np.ndarray[Any, Any] | None = None) -> tuple[Layout, Buffers[Any]]:
    """A column of strings; under a missing one is the empty string."""
    texts = list(values) if missing is None else ["" if gone else text for text, gone in zip(values, missing)]
    if not all(type(text) is str or isinstance(text, str) for text in texts):
        odd = next(text for text in texts if not isinstance(text, str))
        raise NotPlain(f"an array of strings that holds {odd!r}")
    joined = "".join(texts)
    try:
        raw = joined.encode()
    except UnicodeEncodeError:
        raise NotPlain("a string that is not Unicode text") from None
    lengths = map(len, texts) if len(raw) == len(joined) else (len(text.encode()) for text in texts)
    offsets = np.zeros(len(texts) + 1, "<i8")
    np.cumsum(np.fromiter(lengths, np.int64, len(texts)), out=offsets[1:])
    layout: Layout = {"name": name, "kind": "string", "rows": len(texts), "offsets": offsets.nbytes, "values": len(raw)}
    return with_validity(layout, [offsets, raw], missing)


def with_validity(layout: Layout, buffers: Buffers[Any], missing: np.ndarray[Any, Any] | None) -> tuple[Layout, Buffers[Any]]:
    """The column with its bitmap, where something may be missing."""
    if missing is None:
        return layout, buffers
    bitmap = np.packbits(~missing, bitorder="little")
    layout["validity"] = bitmap.nbytes
    layout["null_count"] = int(missing.sum())
    return layout, [bitmap, *buffers]


def check_json(value: Any, at: str, depth: int) -> None:
    """Raise NotPlain where JSON would not give the same value back."""
    if depth > _MAX_DEPTH:
        raise NotPlain(f"{at or 'a value'} nested deeper than {_MAX_DEPTH} levels")
    kind = type(value)
    if kind is dict:
        for key, item in value.items():
            if type(key) is not str:
                raise NotPlain(f"a dict{at} with a key that is no str: {key!r}")
            check_json(item, f"{at}[{key!r}]", depth + 1)
    elif kind is list:
        for position, item in enumerate(value):
            check_json(item, f"{at}[{position}]", depth + 1)
    elif kind is float and not np.isfinite(value):
        raise NotPlain(f"{value}{at and f' at {at}'}, which JSON cannot say")
    elif value is not None and kind not in (bool, int, float, str):
        raise NotPlain(f"a {kind.__module__}.{kind.__qualname__}{at and f' at {at}'}")


def _array(value: np.ndarray[Any, Any]) -> tuple[Layout, Buffers[Any]]:
    if value.ndim == 0 or type(value) is not np.ndarray:
        raise NotPlain(f"a {type(value).__name__} of {value.ndim} axes")
    if value.dtype.kind in "mM":
        layout, buffers = _array(value.view("i8"))
        return {**layout, "pandas": {"numpy": value.dtype.str}}, buffers
    if value.dtype.kind in "OU":
        column, buffers = string_column("X", value.reshape(-1).tolist())
        if value.ndim > 1:
            column["shape"] = list(value.shape)
        layout = {"kind": "column", "shape": list(value.shape), "columns": [column]}
        return (layout if value.dtype.kind == "O" else {**layout, "pandas": {"numpy": value.dtype.str}}), buffers
    column, buffers = number_column("X", value)
    return {"kind": "dense", "shape": list(value.shape), "columns": [column]}, buffers


def _sparse(value: Any) -> tuple[Layout, Buffers[Any]]:
    if len(value.shape) != 2:
        raise NotPlain(f"a sparse array of {len(value.shape)} axes")
    matrix = value if value.format in ("csr", "csc") else value.tocsr()
    index = np.dtype("<i8" if matrix.indptr.dtype.itemsize == 8 or matrix.indices.dtype.itemsize == 8 else "<i4")
    offsets, indices = np.ascontiguousarray(matrix.indptr, index), np.ascontiguousarray(matrix.indices, index)
    data, buffers = number_column("X", matrix.data)
    column: Layout = {
        "name": "X", "kind": "sparse", "dtype": data["dtype"], "index_dtype": index.name, "rows": len(offsets) - 1,
        "canonical": bool(matrix.has_canonical_format), "offsets": offsets.nbytes, "indices": indices.nbytes, "values": data["values"],
    }
    layout: Layout = {"kind": matrix.format, "shape": list(matrix.shape), "columns": [column]}
    if type(value).__name__.endswith("_array"):
        layout["pandas"] = {"scipy": "array"}
    return layout, [offsets, indices, *buffers]
