"""Matrices and records over a part."""

from __future__ import annotations

import copyreg

import numpy as np

from .._store.parts import Part
from .columns import Array, column, made, numbers

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

RECORDS = "records"
"""How an array of records was made, for `columns.made`."""


def dense(part: Part) -> Array[Any, Any]:
    """An array of any number of axes over the mapping, in C order."""
    layout = part.layout["columns"][0]
    return part.array(layout, "values", layout["dtype"]).reshape(part.layout["shape"])


def sparse(part: Part) -> Any:
    """A `scipy.sparse.csr_matrix` or `csc_matrix` whose three arrays lie over the mapping.

    Methods that change it in place (`sort_indices`, `sum_duplicates`, `*=`) raise numpy's error; those that return
    another matrix work.
    """
    import scipy.sparse
    layout, shape = part.layout["columns"][0], tuple(part.layout["shape"])
    kind = scipy.sparse.csr_matrix if part.layout["kind"] == "csr" else scipy.sparse.csc_matrix
    matrix = kind(shape, dtype=layout["dtype"])
    # Set one by one: the constructor of three arrays would scan the indices for a smaller type.
    matrix.data = part.array(layout, "values", layout["dtype"])
    matrix.indices = part.array(layout, "indices", layout["index_dtype"])
    matrix.indptr = part.array(layout, "offsets", layout["index_dtype"])
    if layout.get("canonical"):
        matrix.has_sorted_indices = matrix.has_canonical_format = True  # else scipy scans all of it on first use
    copyreg.dispatch_table.setdefault(kind, reduce_sparse)  # type: ignore[arg-type]
    return matrix


def reduce_sparse(matrix: Any) -> tuple[Any, ...]:
    """How matrices are pickled once this process has one over a part; see `pickling`."""
    from .pickling import reduce_matrix
    return reduce_matrix(matrix)


def records(part: Part, lengths: dict[str, int] | None = None) -> Array[Any, Any]:
    """A structured array; a copy, because the part holds each field for itself.

    Parameters
    ----------
    part
        Of kind `records`.
    lengths
        Fields of strings of one length, which are numpy's text then; other strings are objects.
    """
    fields = [(one["name"], np.asarray(_field(part, one))) for one in part.layout["columns"]]
    fields = [(name, values.astype(f"U{lengths[name]}") if lengths and name in lengths else values) for name, values in fields]
    result = np.empty(part.layout["shape"], [(name, values.dtype, values.shape[1:]) for name, values in fields])
    for name, values in fields:
        result[name] = values.reshape(*result.shape, *values.shape[1:])
    return made(result, part, lengths or {}, RECORDS)


def _field(part: Part, layout: dict[str, Any]) -> Any:
    return numbers(part, layout) if layout["kind"] in ("number", "bool") else column(part, layout)


def value(part: Part) -> Any:
    """What a part of any kind but a dict holds."""
    from .frames import frame
    kind = part.layout["kind"]
    if kind == "dense":
        return dense(part)
    if kind in ("csr", "csc"):
        return sparse(part)
    if kind == "frame":
        return frame(part)
    if kind == "records":
        return records(part)
    return column(part, part.layout["columns"][0])
