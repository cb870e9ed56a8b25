"""DataFrames and Series as layout and buffers, and back: exactly, with whatever index, names and types they have.

The member `pandas` of the layout:

    names      labels of the columns where they are not the strings that the layout has
    levels     name or names of the columns' axis
    range      [start, stop, step] of a RangeIndex, which needs no column
    rows       names of the index; of several levels, the first columns of the layout hold them
    types      {position: dtype} of columns that are stored as something plainer
    series     that it was a Series
"""

from __future__ import annotations

import numpy as np

from .._store.parts import Layout, Part
from .columns import column as read_column, strings_or_nan, strings_or_none
from .encoding import NotPlain, check_json, number_column, string_column, with_validity
from .frames import text_index

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    import pandas

Buffers = list
_INDEX = "_index"


def encode_frame(value: Any) -> tuple[Layout, Buffers[Any]]:
    """A DataFrame or Series.

    Raises
    ------
    NotPlain
        A column of objects that are not strings, a label that JSON cannot say, or another of pandas' types.
    """
    import pandas
    if isinstance(value, pandas.Series):
        framed, pieces = encode_frame(value.to_frame(0 if value.name is None else value.name))
        framed["pandas"] = {**framed.get("pandas", {}), "series": True, "names": [_label(value.name)]}
        return framed, pieces
    if not isinstance(value, pandas.DataFrame):
        raise NotPlain(f"a {type(value).__module__}.{type(value).__qualname__}")
    extra: dict[str, Any] = {"types": {}}
    columns, buffers = _encode_index(value.index, extra)
    names = _names(value.columns, extra, taken={one["name"] for one in columns})
    for position, name in enumerate(names):
        _add(columns, buffers, extra, name, value.iloc[:, position].array)
    has_index = "range" not in extra and "rows" not in extra or extra.get("single", False)
    layout: Layout = {"kind": "frame", "shape": [len(value), len(columns) - has_index], "columns": columns}
    if has_index:
        layout["index"] = columns[0]["name"]
    extra.pop("single", None)
    if not columns:
        raise NotPlain("a DataFrame without columns and without row names")
    if not extra["types"]:
        del extra["types"]
    if extra:
        layout["pandas"] = extra
    return layout, buffers


def decode_frame(part: Part) -> Any:
    """The DataFrame or Series that was put."""
    import pandas
    layout = part.layout
    extra = layout.get("pandas", {})
    columns, index_name = layout["columns"], layout.get("index")
    levels = len(extra["rows"]) if "rows" in extra and index_name is None and "range" not in extra else 0
    arrays = [_decode(part, one, extra.get("types", {}).get(str(position))) for position, one in enumerate(columns)]
    first = 1 if index_name is not None else levels
    if "range" in extra:
        index: Any = pandas.RangeIndex(*extra["range"], name=_relabel(extra["rows"][0]))
    elif levels:
        index = pandas.MultiIndex.from_arrays(arrays[:levels], names=[_relabel(name) for name in extra["rows"]])
    elif index_name is not None:
        name = _relabel(extra["rows"][0]) if "rows" in extra else None if index_name == _INDEX else index_name
        is_text = columns[0]["kind"] == "string" and isinstance(arrays[0], np.ndarray)
        index = pandas.Index(arrays[0], name=name, **({"dtype": object} if is_text else {}))
    else:
        index = pandas.RangeIndex(layout["shape"][0])
    frame = pandas.DataFrame(dict(enumerate(arrays[first:])), index=index, copy=False)
    labels = [_relabel(name) for name in extra["names"]] if "names" in extra else [one["name"] for one in columns[first:]]
    if extra.get("series"):
        return frame[0].rename(labels[0])
    frame.columns = _axis(labels, extra)
    return frame


def decode_table(part: Part) -> pandas.DataFrame | None:
    """The DataFrame of a CSV file's part; None where pandas makes an index, objects of bools because some are missing, or no rows."""
    import pandas
    columns, rows = part.layout["columns"], part.layout["shape"][0]
    has_gaps = any(column["kind"] == "bool" and column.get("validity") for column in columns)
    if rows == 0 or has_gaps or part.layout.get("index") is not None:
        return None
    arrays = [_decode(part, one, "NaN" if one["kind"] == "string" and one.get("validity") else None) for one in columns]
    frame = pandas.DataFrame(dict(enumerate(arrays)), index=pandas.RangeIndex(rows), copy=False)
    frame.columns = text_index([one["name"] for one in columns])
    return frame


def _axis(labels: list[Any], extra: dict[str, Any]) -> pandas.Index:
    import pandas
    names = [_relabel(name) for name in extra.get("levels", [None])]
    if len(names) > 1:
        return pandas.MultiIndex.from_tuples(labels, names=names)
    if extra.get("axis") == "range":
        return pandas.RangeIndex(len(labels), name=names[0])
    return pandas.Index(labels, name=names[0]) if "names" in extra else text_index(labels, names[0])


def _encode_index(index: pandas.Index, extra: dict[str, Any]) -> tuple[list[Layout], Buffers[Any]]:
    import pandas
    columns: list[Layout] = []
    buffers: Buffers[Any] = []
    if isinstance(index, pandas.RangeIndex):
        extra["range"], extra["rows"] = [index.start, index.stop, index.step], [_label(index.name)]
    elif isinstance(index, pandas.MultiIndex):
        extra["rows"] = [_label(name) for name in index.names]
        for level in range(index.nlevels):
            _add(columns, buffers, extra, f"{_INDEX}_{level}", index.get_level_values(level).array)
    else:
        name = index.name if isinstance(index.name, str) and index.name not in ("", _INDEX) else _INDEX
        if name == _INDEX and index.name is not None:
            extra["rows"], extra["single"] = [_label(index.name)], True
        _add(columns, buffers, extra, name, index.array)
    return columns, buffers


def _names(axis: pandas.Index, extra: dict[str, Any], taken: set[str]) -> list[str]:
    """Names for the layout: the labels where they are distinct strings, else made of them, with the labels kept beside."""
    import pandas
    labels = axis.tolist()
    if axis.nlevels > 1 or axis.name is not None:
        extra["levels"] = [_label(name) for name in axis.names]
    if isinstance(axis, pandas.RangeIndex) and axis.equals(pandas.RangeIndex(len(axis))) and len(axis):
        extra["axis"] = "range"
    if all(isinstance(label, str) for label in labels) and len(taken.union(labels)) == len(labels) + len(taken):
        return labels
    extra["names"] = [_label(label) for label in labels]
    names: list[str] = []
    for label in labels:
        name = "/".join(map(str, label)) if isinstance(label, tuple) else str(label)
        while name in taken:
            name += "'"
        taken.add(name)
        names.append(name)
    return names


def _add(columns: list[Layout], buffers: Buffers[Any], extra: dict[str, Any], name: str, array: Any) -> None:
    layout, own, kind = _encode(name, array)
    if kind is not None:
        extra["types"][str(len(columns))] = kind
    columns.append(layout)
    buffers += own


def _encode(name: str, array: Any) -> tuple[Layout, Buffers[Any], str | None]:
    """A column, and the dtype to restore where the layout does not say it."""
    import pandas
    if isinstance(array, pandas.Categorical):
        return (*_encode_categorical(name, array), None)
    if isinstance(array, (pandas.arrays.IntegerArray, pandas.arrays.BooleanArray, pandas.arrays.FloatingArray)):
        missing = np.asarray(array.isna())
        layout, own = _numbers(name, np.asarray(array.fillna(array.dtype.type(0)).to_numpy(array.dtype.numpy_dtype)))
        layout["encoding"] = "nullable-boolean" if layout["kind"] == "bool" else "nullable-integer"
        return (*with_validity(layout, own, missing), None)
    if isinstance(array.dtype, pandas.StringDtype):
        layout, own = string_column(name, array, np.asarray(array.isna()))
        layout["encoding"] = "nullable-string-array"
        return layout, own, str(array.dtype)
    if isinstance(array, (pandas.arrays.DatetimeArray, pandas.arrays.TimedeltaArray)):
        layout, own = _numbers(name, np.asarray(array.asi8))
        return layout, own, str(array.dtype)
    if type(array).__name__ not in ("PandasArray", "NumpyExtensionArray"):  # before and since pandas 2.1
        raise NotPlain(f"column '{name}' of type {array.dtype}")
    values = np.asarray(array)
    if values.dtype.kind != "O":
        return (*_numbers(name, values), None)
    return _encode_objects(name, values)


def _encode_objects(name: str, values: np.ndarray[Any, Any]) -> tuple[Layout, Buffers[Any], str | None]:
    """Strings, some of them missing: all None, or all NaN."""
    none = np.fromiter((value is None for value in values), bool, len(values))
    nan = np.fromiter((type(value) is float and value != value for value in values), bool, len(values))
    if none.any() and nan.any():
        raise NotPlain(f"column '{name}', in which both None and NaN are missing values")
    try:
        missing = none | nan
        return (*string_column(name, values, missing if missing.any() else None), "None" if none.any() else "NaN" if nan.any() else None)
    except NotPlain as error:
        raise NotPlain(f"column '{name}', {error}") from None


def _encode_categorical(name: str, array: Any) -> tuple[Layout, Buffers[Any]]:
    codes, missing = np.asarray(array.codes), np.asarray(array.codes) < 0
    if codes.dtype.name not in ("int8", "int16", "int32"):
        raise NotPlain(f"column '{name}' with {len(array.categories):,} categories")
    kind, own, restored = _encode("categories", array.categories.array)
    if restored is not None:
        raise NotPlain(f"column '{name}' with categories of type {array.categories.dtype}")
    stored = np.where(missing, 0, codes).astype(codes.dtype) if missing.any() else codes
    layout: Layout = {"name": name, "kind": "categorical", "dtype": codes.dtype.name, "rows": len(codes), "values": stored.nbytes,
                      "ordered": bool(array.ordered), "categories": kind}
    layout, buffers = with_validity(layout, [np.ascontiguousarray(stored)], missing if missing.any() else None)
    return layout, [*buffers, *own]


def _numbers(name: str, values: np.ndarray[Any, Any]) -> tuple[Layout, Buffers[Any]]:
    if values.dtype == bool:
        bitmap = np.packbits(values, bitorder="little")
        return {"name": name, "kind": "bool", "dtype": "bool", "rows": len(values), "values": bitmap.nbytes}, [bitmap]
    return number_column(name, values)


def _decode(part: Part, layout: Layout, kind: str | None) -> Any:
    import pandas
    if kind in ("None", "NaN"):
        return strings_or_none(part, layout) if kind == "None" else strings_or_nan(part, layout)
    values = read_column(part, layout)
    if kind is None:
        return values
    if isinstance(getattr(values, "dtype", None), pandas.StringDtype):
        return values if str(values.dtype) == kind else values.astype(kind)  # pandas 3 has two types of text
    if kind.startswith("datetime64") and "," in kind:
        times = pandas.DatetimeIndex(values.view(f"M8{kind[10:kind.index(',')]}]"))
        return times.tz_localize("UTC").tz_convert(pandas.api.types.pandas_dtype(kind).tz).array
    return pandas.array(values.view(kind), dtype=kind, copy=False)


def _label(label: Any) -> Any:
    """A label as JSON says it: tuples as lists, numpy's numbers as Python's."""
    if isinstance(label, tuple):
        return [_label(one) for one in label]
    plain = label.item() if isinstance(label, np.generic) else label
    if isinstance(plain, (list, dict)):
        raise NotPlain(f"a label {label!r}")
    try:
        check_json(plain, "", 0)
    except NotPlain:
        raise NotPlain(f"a label {label!r}") from None
    return plain


def _relabel(label: Any) -> Any:
    return tuple(map(_relabel, label)) if isinstance(label, list) else label
