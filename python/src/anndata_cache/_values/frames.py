"""Dataframes. What is made once per process is shared by its callers: each gets a frame of its own over the same arrays."""

from __future__ import annotations

import contextlib
import copyreg
import warnings
import weakref

import numpy as np

from .._errors import ElementNotFound, ElementUnreadable
from .._store.parts import Layout, Origin, Part
from .columns import column

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Iterable, Sequence

    import pandas

    Handed = tuple[weakref.ref[Any], weakref.ref[Any], Origin]
    Sparse = tuple[weakref.ref[Any], list[Any], list[Any], Origin]


def index_of(part: Part) -> pandas.Index:
    """The row names of a dataframe's part; numbers from 0 where it has none."""
    import pandas
    layout = part.layout
    name = layout.get("index")
    found = find(layout, name) if name is not None else None
    if found is None:
        return pandas.RangeIndex(layout["shape"][0])
    values, label = column(part, found), None if name == "_index" else name
    is_text = found["kind"] == "string" and isinstance(values, np.ndarray)
    return text_index(values, label) if is_text else pandas.Index(values, name=label)


def names_of(part: Part) -> list[str]:
    """The names of a dataframe's columns, without the index."""
    index = part.layout.get("index")
    return [one["name"] for one in part.layout["columns"] if one["name"] != index]


def frame(part: Part, columns: Iterable[str] | None = None, index: pandas.Index | None = None) -> pandas.DataFrame:
    """A dataframe over the part.

    Parameters
    ----------
    part
        Of kind `frame`.
    columns
        Names, in the order wanted. By default all that can be read, with a warning for those that cannot.
    index
        Its row names, where the caller has them already.

    Raises
    ------
    ElementNotFound, ElementUnreadable
        A column that was named is not there, or was refused.
    """
    import pandas
    refused = {one["name"]: one["reason"] for one in part.layout.get("refused", ())}
    if columns is None:
        for name, reason in refused.items():
            warnings.warn(f"Column '{name}' of '{part.layout['element']}' is left out: {reason}", stacklevel=2)
    found: dict[str, Any] = {}
    for name in names_of(part) if columns is None else columns:
        layout = find(part.layout, name)
        if name in refused:
            raise ElementUnreadable(f"Column '{name}' of '{part.layout['element']}' cannot be read: {refused[name]}")
        if layout is None:
            raise ElementNotFound(f"'{part.layout['element']}' has no column '{name}'. It has: {', '.join(names_of(part)[:40])}.")
        found[name] = column(part, layout)
    rows = index_of(part) if index is None else index
    pickle_by_handle()
    return pandas.DataFrame(found, index=rows, columns=text_index(list(found)), copy=False)


def text_index(labels: Sequence[str], name: Any = None) -> pandas.Index:
    """Labels that are text, of the type that pandas gives it: objects before version 3, which so need not look at each."""
    import pandas
    return pandas.Index(labels, name=name, dtype=object if int(pandas.__version__.split(".")[0]) < 3 or not len(labels) else None)


def handed_out(shared: pandas.DataFrame, part: Part) -> pandas.DataFrame:
    """A frame of the caller's own over the same read-only arrays: what the caller adds, renames or drops stays there."""
    import pandas
    own = shared.copy(deep=False)
    own.index, own.columns = shared.index.view(), shared.columns.view()
    if int(pandas.__version__.split(".")[0]) < 2:
        # Before pandas 2 a categorical's categories can be renamed in place: each frame has its own array over the codes.
        for block in own._mgr.blocks:
            if isinstance(block.values, pandas.Categorical):
                block.values = block.values.view()
    if part.origin is not None:
        key = id(own)
        frames_of_parts[key] = weakref.ref(own, lambda _: frames_of_parts.pop(key, None)), weakref.ref(shared), part.origin
    return own


def of_matrix(part: Part, index: pandas.Index, columns: pandas.Index) -> pandas.DataFrame:
    """A matrix as a frame: of a dense one over the part; of a sparse one with sparse columns, which are this process's own."""
    import pandas

    from . import matrices
    pickle_by_handle()
    if part.layout["kind"] == "dense":
        return pandas.DataFrame(matrices.dense(part).reshape(len(index), len(columns)), index=index, columns=columns, copy=False)
    found = pandas.DataFrame.sparse.from_spmatrix(by_column(part), index=index, columns=columns)
    with contextlib.suppress(AttributeError):  # a pandas whose blocks have other names: then it is pickled as any frame
        _remember(found, [block.values for block in found._mgr.blocks], part)
    return found


def by_column(part: Part) -> Any:
    """A sparse matrix with sorted columns, no position twice, as sparse columns of pandas need it."""
    from . import matrices
    matrix = matrices.sparse(part).tocsc()
    if not part.layout["columns"][0].get("canonical"):
        matrix = matrix.copy()  # pandas would sort the shared one
        matrix.sum_duplicates()
    return matrix


def _remember(found: pandas.DataFrame, arrays: list[Any], part: Part) -> None:
    if part.origin is not None:
        key = id(found)
        gone = weakref.ref(found, lambda _: sparse_frames.pop(key, None))
        sparse_frames[key] = gone, arrays, [array.dtype for array in arrays], part.origin


sparse_frames: dict[int, Sparse] = {}
"""By the address of a frame of sparse columns: the array of each column as it was made, its type, and the part of the matrix. Keeps no
frame, and pins no part."""


frames_of_parts: dict[int, Handed] = {}
"""By the address of a frame that was handed out: the one that it was copied from, and its part. Keeps none of them."""


def pickle_by_handle() -> None:
    """From now on frames, columns and labels are looked at when they are pickled; see `pickling`. pandas copies without asking."""
    import pandas
    for kind, reduce in ((pandas.DataFrame, reduce_frame), (pandas.Series, reduce_series), (pandas.Index, reduce_index)):
        copyreg.dispatch_table.setdefault(kind, reduce)  # type: ignore[arg-type]


def reduce_frame(frame: pandas.DataFrame) -> tuple[Any, ...]:
    """How frames are pickled once this process has made one."""
    from .pickling import reduce_dataframe
    return reduce_dataframe(frame)


def reduce_series(series: pandas.Series) -> tuple[Any, ...]:
    """How columns are pickled then."""
    from . import pickling
    return pickling.reduce_series(series)


def reduce_index(index: pandas.Index) -> tuple[Any, ...]:
    """How labels are pickled then."""
    from . import pickling
    return pickling.reduce_index(index)


def find(layout: Layout, name: str) -> Layout | None:
    """The column of a name."""
    return next((one for one in layout["columns"] if one["name"] == name), None)
