"""A matrix of cells × genes over its part, or over the part's twin.

A gene of a matrix that is stored by cell comes from the twin where a tier has one, else from a scan of all indices in pieces;
then the twin is begun, for those who ask later.
"""

from __future__ import annotations

import numpy as np

from .._elements import element_of
from .._errors import ElementUnreadable
from .._store.parts import Part, offsets_dtype

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .._store.store import Source

    Array = np.ndarray[Any, Any]

_PIECE = 1 << 22
"""Entries of a scan that are looked at together: their intermediate arrays stay in the processor's caches' reach."""

_FEW = 1 << 18
"""Entries below which a scan costs less than a twin is worth, as in C#."""


class Compressed:
    """A sparse part by its major axis.

    Attributes
    ----------
    kind : str
        `csr` by cell, `csc` by gene.
    shape : tuple of int
        (n_obs, n_vars).
    dtype : numpy.dtype
        Type of the values in the source; a twin may store them in a smaller one.
    canonical : bool
        No row repeats a position.
    """

    def __init__(self, part: Part) -> None:
        column = part.layout["columns"][0]
        self.kind: str = part.layout["kind"]
        rows, columns = part.layout["shape"]
        self.shape: tuple[int, int] = (rows, columns)
        self.dtype = np.dtype((column.get("stored") or {}).get("data", column["dtype"]))
        self.canonical = bool(column.get("canonical"))
        self.offsets: Array = part.array(column, "offsets", offsets_dtype(column))
        self.indices: Array = part.array(column, "indices", column["index_dtype"])
        self.values: Array = part.array(column, "values", column["dtype"])

    def row(self, major: int) -> tuple[Array, Array]:
        """Positions and values of one row, the values in the source's type."""
        start, stop = int(self.offsets[major]), int(self.offsets[major + 1])
        if not 0 <= start <= stop <= len(self.indices):
            raise ElementUnreadable(f"A part is damaged in row {major}. Run 'anndata-cache verify'.")
        return self.indices[start:stop], self.values[start:stop].astype(self.dtype, copy=False)

    def summed_row(self, major: int) -> tuple[Array, Array]:
        """One row in ascending order of its positions, repeated ones added up in the source's type."""
        positions, values = self.row(major)
        if self.canonical:
            return positions.astype(np.int64), values
        unique, back = np.unique(positions.astype(np.int64), return_inverse=True)
        sums = np.zeros(len(unique), self.dtype)
        np.add.at(sums, back, values)
        return unique, sums

    def dense_row(self, major: int, out: Array) -> None:
        """One row into an array of zeros; what repeats a position is added up in the source's type."""
        positions, values = self.row(major)
        if self.canonical:
            out[positions] = values
        else:
            np.add.at(out, positions, values)


class Matrix:
    """The matrix of an element of one version of a source."""

    def __init__(self, source: Source, path: str) -> None:
        element = element_of(source, path)
        if element.kind not in ("dense", "csr", "csc") or len(element.shape) != 2:
            reason = element.reason or f"it is a {element.kind} of shape {element.shape}"
            raise ElementUnreadable(f"'{path}' of '{source.path}' is no matrix of cells × genes: {reason}.")
        self._source, self._path, self._kind = source, element.path, element.kind
        self.shape: tuple[int, int] = element.shape  # type: ignore[assignment]

    def by_gene(self) -> Compressed | None:
        """The sparse part that lies by gene, where there is one."""
        if self._kind == "csc":
            return Compressed(self._source.part(self._path))
        return self._twin() if self._kind == "csr" else None

    def by_cell(self) -> Compressed | None:
        """The sparse part that lies by cell, where there is one."""
        if self._kind == "csr":
            return Compressed(self._source.part(self._path))
        return self._twin() if self._kind == "csc" else None

    def dense(self) -> Array | None:
        """The array, of a dense matrix."""
        if self._kind != "dense":
            return None
        part = self._source.part(self._path)
        column = part.layout["columns"][0]
        return part.array(column, "values", column["dtype"]).reshape(part.layout["shape"])

    def scipy(self) -> Any:
        """The matrix as scipy has it, over the part."""
        from .._values import matrices
        return matrices.sparse(self._source.part(self._path))

    def genes(self, genes: Array) -> Array:
        """Some genes of all cells, n_obs × genes, in the matrix's type; a gene's numbers lie together."""
        array = self.dense()
        if array is not None:
            return array[:, genes].astype(array.dtype, order="F")
        by_gene = self.by_gene()
        if by_gene is None:
            whole = Compressed(self._source.part(self._path))
            if len(whole.indices) >= _FEW:
                self._source.begin_twin(self._path)
            return _scan(whole, genes)
        result = np.zeros((len(genes), self.shape[0]), by_gene.dtype)
        for row, gene in zip(result, genes):
            by_gene.dense_row(int(gene), row)
        return result.T

    def cells(self, rows: Any) -> Any:
        """Some cells with all genes: rows of a dense matrix, a `csr_matrix` of a sparse one."""
        array = self.dense()
        if array is not None:
            return array[rows]
        return self.scipy()[rows].tocsr()

    def _twin(self) -> Compressed | None:
        part = self._source.derived(self._path, "twin")
        return None if part is None else Compressed(part)


def _scan(matrix: Compressed, genes: Array) -> Array:
    """Genes of a matrix that is stored by cell, from all of its indices."""
    wanted, back = np.unique(genes, return_inverse=True)
    slots = np.full(matrix.shape[1], -1, np.int32)
    slots[wanted] = np.arange(len(wanted))
    result = np.zeros((len(wanted), matrix.shape[0]), matrix.dtype)
    for start in range(0, len(matrix.indices), _PIECE):
        indices = matrix.indices[start : start + _PIECE]
        if len(wanted) == 1:
            found = np.flatnonzero(indices == wanted[0])
            slot = np.zeros(len(found), np.int32)
        else:
            slot = slots[indices]
            found = np.flatnonzero(slot >= 0)
            slot = slot[found]
        entries = found + start
        cells = np.searchsorted(matrix.offsets, entries, side="right") - 1
        if matrix.canonical:
            result[slot, cells] = matrix.values[entries]
        else:
            np.add.at(result, (slot, cells), matrix.values[entries])
    return result[back].T if len(wanted) != len(genes) or (np.diff(genes) < 0).any() else result.T
