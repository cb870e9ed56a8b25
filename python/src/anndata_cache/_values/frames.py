"""Dataframes. What is made once per process is shared by its callers: each gets a frame of its own over the same arrays."""

from __future__ import annotations

import warnings

from .._errors import ElementNotFound, ElementUnreadable
from .._store.parts import Layout, Part
from .columns import column

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Iterable

    import pandas


def index_of(part: Part) -> pandas.Index:
    """The row names of a dataframe's part; numbers from 0 where it has none."""
    import pandas
    layout = part.layout
    name = layout.get("index")
    found = _find(layout, name) if name is not None else None
    if found is None:
        return pandas.RangeIndex(layout["shape"][0])
    return pandas.Index(column(part, found), name=None if name == "_index" else name)


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
        layout = _find(part.layout, name)
        if name in refused:
            raise ElementUnreadable(f"Column '{name}' of '{part.layout['element']}' cannot be read: {refused[name]}")
        if layout is None:
            raise ElementNotFound(f"'{part.layout['element']}' has no column '{name}'. It has: {', '.join(names_of(part)[:40])}.")
        found[name] = column(part, layout)
    rows = index_of(part) if index is None else index
    return pandas.DataFrame(found, index=rows, columns=text_labels(list(found)), copy=False)


def text_labels(labels: list[str], name: Any = None) -> pandas.Index:
    """Labels of columns, of the type that pandas gives text: objects before version 3."""
    import pandas
    return pandas.Index(labels, name=name, dtype=object if int(pandas.__version__.split(".")[0]) < 3 or not labels else None)


def handed_out(shared: pandas.DataFrame) -> pandas.DataFrame:
    """A frame of the caller's own over the same read-only arrays: what the caller adds, renames or drops stays there."""
    import pandas
    own = shared.copy(deep=False)
    own.index, own.columns = shared.index.view(), shared.columns.view()
    if int(pandas.__version__.split(".")[0]) < 2:
        # Before pandas 2 a categorical's categories can be renamed in place: each frame has its own array over the codes.
        for block in own._mgr.blocks:
            if isinstance(block.values, pandas.Categorical):
                block.values = block.values.view()
    return own


def _find(layout: Layout, name: str) -> Layout | None:
    return next((one for one in layout["columns"] if one["name"] == name), None)
