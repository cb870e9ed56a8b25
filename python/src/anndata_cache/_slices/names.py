"""From names of genes and cells to positions, as pandas knows them."""

from __future__ import annotations

import numpy as np

from .._elements import element_of, frame_of, index_of
from .._errors import ElementNotFound
from .lookup import row_of, table_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Sequence

    import pandas

    from .._store.store import Source

    Array = np.ndarray[Any, Any]

_LISTED = 5


def obs_of(matrix: str) -> str:
    """Path of the dataframe of a matrix's cells."""
    return _modality(matrix) + "obs"


def var_of(matrix: str) -> str:
    """Path of the dataframe of a matrix's genes: raw has its own."""
    modality = _modality(matrix)
    inside = matrix[len(modality):]
    return modality + ("raw/var" if inside.startswith(("raw/", "raw.")) else "var")


def gene_positions(source: Source, matrix: str, genes: Sequence[str | int], count: int, by: str | None = None) -> Array:
    """Columns of the matrix, by names in the index of var or in one of its columns, or as `positions` takes them.

    Raises
    ------
    ElementNotFound
        A name is not there, or is there more than once: the message lists what is alike, or where it is.
    IndexError
        A number is beyond the matrix.
    TypeError
        What is neither a name nor a number.
    """
    genes = [genes] if isinstance(genes, str) else genes
    if isinstance(genes, slice) or all(isinstance(gene, (int, np.integer, np.bool_)) for gene in genes):
        return positions(genes, count, "genes")
    for gene in genes:
        if not isinstance(gene, (str, int, np.integer)):
            raise TypeError(f"a gene is a name or a number, not {gene!r}")
    path = var_of(matrix)
    if all(isinstance(gene, str) for gene in genes) and (table := table_of(source, path, by)) is not None:
        rows = [row_of(table, str(gene)) for gene in genes]
        if all(row is not None and 0 <= row < count for row in rows):
            return np.array(rows, dtype=np.int64)
    names = index_of(source, path) if by is None else _names_of(source, path, by)
    return np.array([_find(names, gene, path if by is None else f"{path}/{by}") for gene in genes], dtype=np.int64)


def positions(rows: Any, count: int, what: str) -> Array:
    """Numbers from 0, of numbers (negative ones count from the end), a mask, or a slice.

    Raises
    ------
    IndexError
        A number is beyond the axis, or a mask has another length.
    """
    if isinstance(rows, slice):
        return np.arange(*rows.indices(count), dtype=np.int64)
    array = np.asarray(rows)
    if array.dtype == bool:
        if array.shape != (count,):
            raise IndexError(f"the mask has shape {array.shape}; there are {count} {what}")
        return np.flatnonzero(array).astype(np.int64)
    if array.size == 0:
        return np.empty(0, np.int64)
    if array.dtype.kind not in "iu" or array.ndim != 1:
        raise IndexError(f"{what} are numbers, a mask or a slice, not {array.dtype} of shape {array.shape}")
    wrong = np.flatnonzero((array >= count) | (array < -count))
    if len(wrong):
        raise IndexError(f"there is no {what[:-1]} {array[wrong[0]]}; there are {count}")
    return np.where(array < 0, array + count, array).astype(np.int64)


def cell_positions(source: Source, matrix: str, cells: Any, count: int) -> Array:
    """Rows of the matrix, by names in the index of obs or as `positions` takes them."""
    if isinstance(cells, (str, int, np.integer)):
        cells = [cells]
    if not isinstance(cells, slice) and len(cells) and all(isinstance(cell, str) for cell in cells):
        names = index_of(source, obs_of(matrix))
        return np.array([_find(names, cell, obs_of(matrix)) for cell in cells], dtype=np.int64)
    return positions(cells, count, "cells")


def _names_of(source: Source, path: str, column: str) -> pandas.Index:
    import pandas
    key = ("names", path, column)
    names = source.memo.get(key)
    if names is None:
        names = source.remember(key, [source.part(element_of(source, path).part)], pandas.Index(frame_of(source, path, [column])[column]))
    return names


def _find(names: pandas.Index, name: Any, path: str) -> int:
    if isinstance(name, (int, np.integer)) and not isinstance(name, bool):
        return int(positions([name], len(names), "genes")[0])
    try:
        found = names.get_loc(name)
    except (KeyError, TypeError):
        raise ElementNotFound(f"'{path}' has no '{name}'. {_hint(names, str(name))}") from None
    if isinstance(found, int):
        return found
    rows = np.arange(len(names))[found]
    raise ElementNotFound(f"'{name}' is ambiguous: '{path}' has it in rows {', '.join(map(str, rows[:_LISTED]))}. Ask by number.")


def _hint(names: pandas.Index, name: str) -> str:
    alike = [str(other) for other in names if str(other).lower().startswith(name.lower())][:_LISTED]
    if alike:
        return f"Similar: {', '.join(alike)}."
    return f"The first of {len(names)} is '{names[0]}'." if len(names) else "It is empty."


def _modality(path: str) -> str:
    end = path.find("/", 4) if path.startswith("mod/") else -1
    return path[: end + 1]
