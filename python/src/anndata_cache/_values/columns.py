"""One column of a part as the array that anndata would give."""

from __future__ import annotations

import copyreg
import weakref

import numpy as np

from .._store.parts import Layout, Origin, Part

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable

    Made = tuple[weakref.ref[Any], Origin, Layout, Layout, str, np.dtype[Any]]

Array = np.ndarray
_SEPARATORS = (b"\0", b"\n", b"\x1f")


def column(part: Part, layout: Layout) -> Any:
    """A column as anndata reads it.

    Returns
    -------
    numpy.ndarray or pandas array
        Numbers over the mapping; strings as an object array; `pandas.Categorical`; the nullable pandas arrays. All
        read-only. A string or nullable array that has several axes keeps them where its array can.
    """
    kind, encoding = layout["kind"], layout.get("encoding") or ""
    if kind == "categorical":
        return categorical(part, layout)
    if kind == "list":
        return lists(part, layout)
    missing = missing_of(part, layout)
    if kind == "string":
        return _nullable_strings(part, layout, missing) if encoding == "nullable-string-array" else _shaped(strings(part, layout), layout)
    values = numbers(part, layout)
    if missing is None and not encoding.startswith("nullable"):
        return _shaped(values, layout)
    return _masked(values, missing)


def numbers(part: Part, layout: Layout) -> Array[Any, Any]:
    """The values of a column of numbers or bools; of bools, which are stored as bits, a copy."""
    if layout["kind"] == "bool":
        return made(_bits(part, layout, "values"), part, layout, "numbers")
    width = layout.get("width", 1)
    values = part.array(layout, "values", layout["dtype"])
    return values if width == 1 else values.reshape(layout["rows"], width)


def missing_of(part: Part, layout: Layout) -> Array[Any, Any] | None:
    """True where a value is missing; None where none can be."""
    return None if not layout.get("validity") else made(~_bits(part, layout, "validity"), part, layout, "missing")


def strings(part: Part, layout: Layout) -> Array[Any, Any]:
    """The strings of a column as a read-only object array; missing ones are what is stored under them."""
    if "categories" in layout:
        distinct = strings(part, layout["categories"])
        codes = part.array(layout, "values", layout["dtype"])
        if len(distinct) == 0:
            return made(np.full(layout["rows"], "", object), part, layout, "strings")
        return made(distinct.take(codes), part, layout, "strings")
    offsets, values = part.array(layout, "offsets", np.int64), part.array(layout, "values", np.uint8)
    result = np.empty(layout["rows"], object)
    result[:] = _split(offsets, values)
    return made(result, part, layout, "strings")


def categorical(part: Part, layout: Layout) -> Any:
    """A `pandas.Categorical`, its codes over the mapping unless some are missing.

    Categories that are not distinct make no categorical: then it is an object array of the values.
    """
    import pandas
    codes = codes_of(part, layout)
    categories = column(part, layout["categories"])
    try:
        return pandas.Categorical.from_codes(codes, categories, ordered=bool(layout.get("ordered")))
    except ValueError:
        values = np.asarray(categories, object).take(codes, mode="clip")
        values[codes < 0] = np.nan
        return _sealed(values)


def codes_of(part: Part, layout: Layout) -> Array[Any, Any]:
    """Positions of categories, over the mapping unless some are missing; -1 where they are."""
    codes = part.array(layout, "values", layout["dtype"])
    missing = missing_of(part, layout)
    if missing is None or not layout.get("null_count", 1):
        return codes
    codes = codes.copy()
    codes[missing] = -1
    return made(codes, part, layout, "codes")


def made(values: Array[Any, Any], part: Part, layout: Layout, way: str) -> Array[Any, Any]:
    """Seals an array that `WAYS[way]` makes of a column, and remembers that it did. Of records the column is their lengths."""
    values.setflags(write=False)
    owner, origin = values, part.origin
    while owner.base is not None:
        owner = owner.base
    owner.setflags(write=False)
    if origin is not None:
        key = id(owner)
        gone = weakref.ref(owner, lambda _: made_of_columns.pop(key, None))
        made_of_columns[key] = gone, origin, part.layout, layout, way, values.dtype
    return values


made_of_columns: dict[int, Made] = {}
"""By the address of the object: which array was made of which column. Pins no part, and forgets an array that is gone."""


def strings_or_none(part: Part, layout: Layout, gap: Any = None) -> Array[Any, Any]:
    """The strings of a column, and what stands for a missing one."""
    values, missing = strings(part, layout).copy(), missing_of(part, layout)
    if missing is not None:
        values[missing] = gap
    return made(values, part, layout, "strings or None" if gap is None else "strings or NaN")


def strings_or_nan(part: Part, layout: Layout) -> Array[Any, Any]:
    """The same with NaN."""
    return strings_or_none(part, layout, np.nan)


def lists(part: Part, layout: Layout) -> list[Any]:
    """A column of lists, as lists: numbers become Python's, strings str."""
    offsets, items = part.array(layout, "offsets", np.int64).tolist(), layout["items"]
    flat = lists(part, items) if items["kind"] == "list" else column(part, items).tolist()
    return [flat[start:end] for start, end in zip(offsets, offsets[1:])]


def _split(offsets: Array[Any, Any], values: Array[Any, Any]) -> list[str]:
    """Decodes all strings at once: with a separator put between them, one decode and one split make them all."""
    rows = len(offsets) - 1
    if rows == 0:
        return []
    start, end = int(offsets[0]), int(offsets[-1])
    if start != 0 or end > len(values) or (offsets[1:] < offsets[:-1]).any():
        raise ValueError(f"The offsets of {rows:,} strings leave their {len(values):,} bytes: the part is damaged")
    raw = values[:end]
    separator = next((one for one in _SEPARATORS if not (raw == one[0]).any()), None)
    if separator is None:
        whole = raw.tobytes()
        bounds = offsets.tolist()
        return [whole[begin:stop].decode("utf-8", "surrogateescape") for begin, stop in zip(bounds, bounds[1:])]
    joined = np.full(end + rows, separator[0], np.uint8)
    is_text = np.ones(end + rows, bool)
    is_text[offsets[1:] + np.arange(rows)] = False
    joined[is_text] = raw
    return joined[:-1].tobytes().decode("utf-8", "surrogateescape").split(separator.decode())


def _bits(part: Part, layout: Layout, buffer: str) -> Array[Any, Any]:
    return np.unpackbits(part.array(layout, buffer, np.uint8), count=layout["rows"], bitorder="little").view(bool)


def masked_type(kind: str) -> Any:
    """pandas' nullable array for numbers of a kind, as numpy calls kinds."""
    import pandas
    return {"b": pandas.arrays.BooleanArray, "f": pandas.arrays.FloatingArray}.get(kind, pandas.arrays.IntegerArray)


def _masked(values: Array[Any, Any], missing: Array[Any, Any] | None) -> Any:
    missing = _sealed(np.zeros(len(values), bool)) if missing is None else missing
    return masked_type(values.dtype.kind)(values, missing, copy=False)


def _nullable_strings(part: Part, layout: Layout, missing: Array[Any, Any] | None) -> Any:
    import pandas
    values = strings(part, layout)
    if missing is not None and missing.any():
        values = values.copy()
        values[missing] = pandas.NA
    return pandas.array(_sealed(values), dtype="string")


def _shaped(values: Array[Any, Any], layout: Layout) -> Array[Any, Any]:
    shape = layout.get("shape")
    return values if shape is None else values.reshape(shape)


def _sealed(values: Array[Any, Any]) -> Array[Any, Any]:
    """Read-only, as all that is handed out: several callers may share it."""
    values.setflags(write=False)
    return values


def text(part: Part, layout: Layout) -> Array[Any, Any]:
    """The strings of a column as numpy's own text, as anndata before 0.7 read it."""
    return made(_shaped(strings(part, layout), layout).astype(str), part, layout, "text")


WAYS: dict[str, Callable[[Part, Layout], Any]] = {
    "strings": strings, "strings or None": strings_or_none, "strings or NaN": strings_or_nan, "numbers": numbers, "codes": codes_of,
    "missing": missing_of, "text": text,
}
"""What is made of a column's bytes in one way only, so that it travels by this word."""


def reduce_array(values: Array[Any, Any]) -> tuple[Any, ...]:
    """How arrays are pickled from now on. Most processes never do, so that module is read by the first that does."""
    from .pickling import reduce
    return reduce(values)


reduced_before: Callable[[Array[Any, Any]], tuple[Any, ...]] | None = copyreg.dispatch_table.get(np.ndarray)  # type: ignore[assignment]
copyreg.pickle(np.ndarray, reduce_array)  # type: ignore[arg-type]
