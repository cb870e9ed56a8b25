"""Cells by the values of a column of obs."""

from __future__ import annotations

import numpy as np

from .._elements import element_of, frame_of
from .._errors import ElementUnreadable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    import pandas

    from .._store.store import Source

    Array = np.ndarray[Any, Any]


def column_of(source: Source, frame: str, name: str) -> pandas.Series:
    """A column of a dataframe, without the others."""
    path = f"{frame}/{name}"
    element_of(source, path)
    return frame_of(source, frame, [name])[name]


def groups_of(column: pandas.Series) -> tuple[Array, pandas.Index]:
    """Group of each row, -1 where the value is missing, and the groups' names.

    All categories of a categorical are groups, in their order, also those that no row has; of other columns the distinct
    values are, in ascending order.
    """
    import pandas
    if isinstance(column.dtype, pandas.CategoricalDtype):
        return np.asarray(column.cat.codes, dtype=np.int64), column.cat.categories
    codes, values = pandas.factorize(column.copy(), sort=True)  # of read-only arrays pandas factorizes some kinds only
    return codes.astype(np.int64), pandas.Index(values)


def numbers_of(column: pandas.Series) -> Array:
    """A column of numbers as float64, missing ones as NaN."""
    if column.dtype.kind not in "iufb":  # pandas' own dtypes have kinds too
        raise ElementUnreadable(f"'{column.name}' is a {column.dtype}; numbers are wanted.")
    return column.to_numpy("f8", na_value=np.nan)


def is_numeric(column: pandas.Series) -> bool:
    """Whether a column is numbers rather than categories, strings or bools."""
    return getattr(column.dtype, "kind", "O") in "iuf"
