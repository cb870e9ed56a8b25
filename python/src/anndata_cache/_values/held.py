"""Whether an array, a column, row names or a frame still are what a part holds: by where their bytes lie, never by their values.

An array is a column's when it is all of the column's bytes in the part's mapping, which nobody can write, or is the very array that
was made of them (`columns.made`) and is read-only. A pandas object is a column when each array in it is, and when its type, its names and
what else pandas says of it are what `columns.column` would give it. So nothing needs to be remembered of what was handed out, and a frame
of which columns were taken or dropped, or one that arrived from elsewhere, is found to be what it is.

In doubt the answer is no: then the object travels by its arrays. What pandas does not promise (the blocks of a frame, the arrays in a
column) raises AttributeError where a later pandas has other names, which means no too.
"""

from __future__ import annotations

import numpy as np

from .._store.parts import Layout, Origin, Part
from . import columns, frames

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Iterator

    Array = np.ndarray[Any, Any]
    Holder = tuple[Origin, Layout]


def part_of(values: Any) -> Part | None:
    """The part whose mapping an array lies over."""
    base = owner_of(values).base
    part = base.obj if type(base) is memoryview else base
    return part if isinstance(part, Part) else None


def owner_of(values: Any) -> Any:
    """The array whose memory this one has."""
    owner = values
    while isinstance(owner.base, np.ndarray):
        owner = owner.base
    return owner


def made_of(values: Any) -> columns.Made | None:
    """Which column an array was made of, all of it, in the type and order that it had then."""
    owner = owner_of(values)
    entry = columns.made_of_columns.get(id(owner))
    if (entry is None or entry[0]() is not owner or owner.flags.writeable or values.flags.writeable or not values.flags.c_contiguous
            or values.dtype != entry[-1] or values.nbytes != owner.nbytes):
        return None
    return entry


def place_of(layouts: list[Layout], wanted: Layout) -> tuple[Any, ...] | None:
    """Steps from a part's columns to one of them, or to the categories or items of one."""
    for position, column in enumerate(layouts):
        steps: tuple[Any, ...] = (position,)
        inner: Layout | None = column
        while inner is not None:
            if inner is wanted:
                return steps
            step = "categories" if inner.get("categories") is not None else "items"
            inner, steps = inner.get(step), (*steps, step)
    return None


def frame(found: Any) -> tuple[Origin, list[str] | None] | None:
    """The part that a frame is of, and the names of its columns; None in their place where it has all."""
    holder = _holder([found.index, *(block.values for block in found._mgr.blocks[:1])])
    if holder is None or holder[1]["kind"] != "frame" or not _is_plain(found) or not _is_index(found.index, holder):
        return None
    known: dict[Any, Layout] = {}
    for column in holder[1]["columns"]:
        known.setdefault(column["name"], column)
    labels = list(found.columns)
    is_held = (_are_labels(found.columns, labels) and len(set(labels)) == len(labels) and all(label in known for label in labels)
               and all(_is_column(values, holder, known[label]) for label, values in zip(labels, _arrays(found))))
    if not is_held:
        return None
    everything = [column["name"] for column in holder[1]["columns"] if column["name"] != holder[1].get("index")]
    return holder[0], None if labels == everything else labels


def series(found: Any) -> tuple[Origin, str] | None:
    """The part and the name of the column that a Series is."""
    holder = _holder([found.index, found._values])
    if not _is_plain(found) or type(found.name) is not str or holder is None or holder[1]["kind"] != "frame":
        return None
    column = frames.find(holder[1], found.name)
    is_held = column is not None and _is_index(found.index, holder) and _is_column(found._values, holder, column)
    return (holder[0], found.name) if is_held else None


def index(found: Any) -> Origin | None:
    """The part whose row names an Index is; None too of a plain range, which is shorter than any word for it."""
    holder = _holder([found])
    return holder[0] if holder is not None and holder[1]["kind"] == "frame" and _is_index(found, holder) else None


def matrix_frame(found: Any) -> Origin | None:
    """The dense part X that a frame lies over, its labels the names of obs and var in the same version of the file."""
    blocks = found._mgr.blocks
    if len(blocks) != 1 or type(blocks[0].values) is not np.ndarray:
        return None
    values = blocks[0].values.T
    part = part_of(values)
    if part is None or part.origin is None or part.layout["kind"] != "dense" or list(values.shape) != part.layout["shape"]:
        return None
    is_whole = values.flags.c_contiguous and list(blocks[0].mgr_locs) == list(range(values.shape[1]))
    whole = values.reshape(-1) if is_whole else values
    layout = part.layout["columns"][0]
    if not is_whole or not _lies(whole, (part.origin, part.layout), layout, layout["rows"] * layout.get("width", 1)):
        return None
    return part.origin if has_names_of(found, part.origin) else None


def has_names_of(found: Any, matrix: Origin) -> bool:
    """Whether a frame's rows and columns have the names that belong to a matrix X, and nothing else is said of it."""
    if not _is_plain(found):
        return False
    source, element, version = matrix.words
    for labels, name in ((found.index, "obs"), (found.columns, "var")):
        holder = _holder([labels])
        if element != "X" or holder is None or holder[0].words != (source, name, version) or not _is_index(labels, holder):
            return False
    return True


def _is_plain(found: Any) -> bool:
    """Whether a frame or Series says nothing beyond its values and labels."""
    return not found.attrs and found.flags.allows_duplicate_labels


def _arrays(found: Any) -> Iterator[Any]:
    """The array of each column, in order."""
    arrays: dict[int, Any] = {}
    for block in found._mgr.blocks:
        for row, place in enumerate(block.mgr_locs):
            arrays[place] = block.values if block.values.ndim == 1 else block.values[row]
    return (arrays[place] for place in range(len(found.columns)))


def _holder(candidates: list[Any]) -> Holder | None:
    """The part that one of these lies over or was made of: which, is for others to find out."""
    for candidate in candidates:
        for values in _inside(candidate):
            part, made = part_of(values), made_of(values)
            origin, layout = (part.origin, part.layout) if part is not None else (made[1], made[2]) if made is not None else (None, {})
            if origin is not None:
                return origin, layout
    return None


def _inside(candidate: Any) -> Iterator[Array]:
    if isinstance(candidate, np.ndarray):
        yield candidate
        return
    for name in ("codes", "_data", "_values"):  # of a Categorical, a nullable array, an Index
        values = getattr(candidate, name, None)
        if isinstance(values, np.ndarray):
            yield values


def _is_index(found: Any, holder: Holder) -> bool:
    """Whether it is what `frames.index_of` gives."""
    import pandas
    layout = holder[1]
    name = layout.get("index")
    column = frames.find(layout, name) if name is not None else None
    if column is None:
        return type(found) is pandas.RangeIndex and found.equals(pandas.RangeIndex(layout["shape"][0])) and found.name is None
    label = None if name == "_index" else name
    return type(found.name) is type(label) and found.name == label and _are_names(found, holder, column)


def _are_names(found: Any, holder: Holder, column: Layout) -> bool:
    """Whether an Index of one level has a column's values, and the type that pandas gives it."""
    import pandas
    values = found._values
    if type(values) is not np.ndarray or type(found) is not type(pandas.Index(values[:0])) or found.dtype != values.dtype:
        return False
    if column["kind"] == "string":
        return (column.get("encoding") or "") != "nullable-string-array" and _was_made(values, holder, column, "strings")
    return column["kind"] in ("number", "bool") and not _is_nullable(column) and _are_numbers(values, holder, column)


def _is_column(values: Any, holder: Holder, column: Layout) -> bool:
    """Whether it is what `columns.column` gives, of one axis."""
    import pandas
    kind = column["kind"]
    if kind == "categorical":
        return type(values) is pandas.Categorical and _is_categorical(values, holder, column)
    if kind == "string":
        return (column.get("encoding") or "") != "nullable-string-array" and _was_made(values, holder, column, "strings")
    if kind not in ("number", "bool"):
        return False
    return _is_masked(values, holder, column) if _is_nullable(column) else _are_numbers(values, holder, column)


def _is_categorical(values: Any, holder: Holder, column: Layout) -> bool:
    categories, codes = values.categories, values.codes
    are_codes = _lies(codes, holder, column, column["rows"]) if not column.get("validity") or not column.get("null_count", 1) else \
        _was_made(codes, holder, column, "codes")
    return (are_codes and bool(values.ordered) == bool(column.get("ordered")) and categories.name is None
            and _are_names(categories, holder, column["categories"]))


def _is_masked(values: Any, holder: Holder, column: Layout) -> bool:
    if type(values) is not columns.masked_type(values._data.dtype.kind) or not _are_numbers(values._data, holder, column):
        return False
    if column.get("validity"):
        return _was_made(values._mask, holder, column, "missing")
    return not values._mask.flags.writeable and not values._mask.any()


def _is_nullable(column: Layout) -> bool:
    return bool(column.get("validity")) or (column.get("encoding") or "").startswith("nullable")


def _are_numbers(values: Any, holder: Holder, column: Layout) -> bool:
    return _was_made(values, holder, column, "numbers") if column["kind"] == "bool" else _lies(values, holder, column, column["rows"])


def _lies(values: Any, holder: Holder, column: Layout, count: int) -> bool:
    """Whether an array is a column's values in the mapping, all of them."""
    part = part_of(values) if type(values) is np.ndarray else None
    return (part is not None and part.origin is not None and part.origin.words == holder[0].words and values.shape == (count,)
            and values.dtype.str == np.dtype(column["dtype"]).str and values.flags.c_contiguous
            and values.__array_interface__["data"][0] - part.address == column["values"][0])


def _was_made(values: Any, holder: Holder, column: Layout, way: str) -> bool:
    """Whether an array is the one that was made of a column in a way."""
    made = made_of(values) if type(values) is np.ndarray else None
    if made is None or values.shape != (column["rows"],):
        return False
    _, origin, layout, of, its_way, _ = made
    return its_way == way and origin.words == holder[0].words and (
        of is column or place_of(layout["columns"], of) == place_of(holder[1]["columns"], column) is not None)


def _are_labels(found: Any, labels: list[Any]) -> bool:
    """Whether a frame's labels are text, as a part's are, in the Index that `frames.text_index` makes."""
    expected = frames.text_index(labels[:1])
    return (type(found) is type(expected) and found.dtype == expected.dtype and found.name is None
            and all(type(label) is str for label in labels))
