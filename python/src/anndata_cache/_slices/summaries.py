"""Numbers of viewers: genes by groups of cells, and columns.

Sums are float64, added in the order of the cells within stripes of 16,384, stripe by stripe: the same to the last bit as
in C#, for every way the matrix is stored.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from .._errors import ElementUnreadable
from . import groups
from .matrix import Compressed, Matrix
from .names import gene_positions, obs_of, var_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Iterator, Sequence

    import pandas

    from .._store.store import Source

    Array = np.ndarray[Any, Any]

_STRIPE = 16_384


class GeneSummary(NamedTuple):
    """Numbers of a dot plot: frames with a row per group and a column per gene.

    Attributes
    ----------
    mean : pandas.DataFrame
        Means in float64; NaN for a group without cells, and where a cell is NaN.
    variance : pandas.DataFrame
        Sample variances, divided by n - 1; NaN for fewer than two cells.
    fraction : pandas.DataFrame
        Fraction of the cells above the cutoff, from 0 to 1.
    cells : pandas.Series
        Number of cells of each group.
    """

    mean: pandas.DataFrame
    variance: pandas.DataFrame
    fraction: pandas.DataFrame
    cells: pandas.Series


class ColumnSummary(NamedTuple):
    """A column in short.

    Attributes
    ----------
    counts : pandas.Series
        Of numbers the count of each bin, by its left edge; else of each category or distinct value, in order.
    edges : numpy.ndarray or None
        Of numbers the edges of the bins, as `numpy.histogram` draws them over the finite values.
    missing : int
        Rows without a value, NaN included.
    """

    counts: pandas.Series
    edges: np.ndarray | None  # type: ignore[type-arg]
    missing: int


def summarize_genes(
    source: Source, prefix: str, element: str, genes: Sequence[str | int] | None, groupby: str | None, cutoff: float, by: str | None
) -> GeneSummary:
    """See `CachedAnnData.summary`."""
    import pandas
    if not cutoff == cutoff:
        raise ValueError("the cutoff must be a number")
    path = prefix + element
    matrix = Matrix(source, path)
    asked = np.arange(matrix.shape[1]) if genes is None else gene_positions(source, path, genes, matrix.shape[1], by)
    names = _names(source, path, genes, matrix.shape[1])
    codes, labels = np.zeros(matrix.shape[0], np.int64), pandas.Index(["all"])
    if groupby is not None:
        codes, labels = groups.groups_of(groups.column_of(source, obs_of(path), groupby))
    if len(codes) != matrix.shape[0]:
        raise ElementUnreadable(f"'{groupby}' has {len(codes)} cells, '{element}' {matrix.shape[0]}.")
    wanted, back = np.unique(asked, return_inverse=True)  # a gene that is asked for twice is added up once
    sums, squares, above = (table[back] for table in _tallies(matrix, wanted, codes + 1, len(labels) + 1, cutoff))
    cells = np.bincount(codes + 1, minlength=len(labels) + 1)[1:]
    with np.errstate(divide="ignore", invalid="ignore"):
        mean = sums / cells
        variance = np.maximum((squares - sums * (sums / cells)) / (cells - 1), 0)
        variance[:, cells < 2] = np.nan
        fraction = (cells - above if cutoff < 0 else above) / cells
    mean, variance, fraction = (pandas.DataFrame(table.T, index=labels, columns=names) for table in (mean, variance, fraction))
    return GeneSummary(mean, variance, fraction, pandas.Series(cells, index=labels, name="cells"))


def summarize_column(column: pandas.Series, bins: int) -> ColumnSummary:
    """See `CachedAnnData.column_summary`."""
    import pandas
    if groups.is_numeric(column):
        values = groups.numbers_of(column)
        counts, edges = np.histogram(values[np.isfinite(values)], bins)
        return ColumnSummary(pandas.Series(counts, index=edges[:-1], name=column.name), edges, int(np.isnan(values).sum()))
    codes, labels = groups.groups_of(column)
    counts = np.bincount(codes + 1, minlength=len(labels) + 1)
    return ColumnSummary(pandas.Series(counts[1:], index=labels, name=column.name), None, int(counts[0]))


def _names(source: Source, path: str, genes: Sequence[str | int] | None, count: int) -> Any:
    from .._elements import index_of
    from .._errors import ElementNotFound
    if genes is not None:
        return list(genes)
    try:
        return index_of(source, var_of(path))
    except ElementNotFound:
        return np.arange(count)


def _tallies(matrix: Matrix, genes: Array, codes: Array, groups_count: int, cutoff: float) -> tuple[Array, Array, Array]:
    """Sums, sums of squares and counts, genes × groups; code 0 is of cells in no group, which are left out."""
    totals = np.zeros((3, len(genes), groups_count))
    by_gene = matrix.by_gene()
    if by_gene is not None:
        for at, gene in enumerate(genes):
            cells, values = by_gene.summed_row(int(gene))
            key = (cells // _STRIPE) * groups_count + codes[cells]
            for total, weights in zip(totals, _weights(values, cutoff)):
                counted = np.bincount(key, weights, -(-matrix.shape[0] // _STRIPE) * groups_count)
                total[at] = np.add.reduce(counted.reshape(-1, groups_count), axis=0)
    else:
        for start, stop, gene, cells, values in _pieces(matrix, genes):
            key = gene * groups_count + codes[start:stop][cells]
            for total, weights in zip(totals, _weights(values, cutoff)):
                total += np.bincount(key, weights, len(genes) * groups_count).reshape(total.shape)
    return totals[0, :, 1:], totals[1, :, 1:], totals[2, :, 1:].astype(np.int64)


def _weights(values: Array, cutoff: float) -> tuple[Array, Array, Array]:
    """What is added up. Below a cutoff of 0 the unstored zeros are expressed too, so then what is not is counted."""
    numbers = values.astype(np.float64)
    return numbers, numbers * numbers, ((numbers > cutoff) != (cutoff < 0)).astype(np.float64)


def _pieces(matrix: Matrix, genes: Array) -> Iterator[tuple[int, int, Array, Array, Array]]:
    """Stripe by stripe: its rows, and of each entry the position among the genes, the row in the stripe, and the value."""
    array = matrix.dense()
    by_cell = matrix.by_cell() if array is None else None
    for start in range(0, matrix.shape[0], _STRIPE):
        stop = min(start + _STRIPE, matrix.shape[0])
        if array is not None:
            block = array[start:stop][:, genes]
            cells, gene = np.divmod(np.arange(block.size), max(len(genes), 1))
            yield start, stop, gene, cells, block.ravel()
        else:
            assert by_cell is not None  # what is neither dense nor by gene is by cell
            yield start, stop, *_stripe(by_cell, genes, start, stop)


def _stripe(matrix: Compressed, genes: Array, start: int, stop: int) -> tuple[Array, Array, Array]:
    offsets = matrix.offsets[start : stop + 1].astype(np.int64)
    first, last = int(offsets[0]), int(offsets[-1])
    indices, values = matrix.indices[first:last], matrix.values[first:last].astype(matrix.dtype, copy=False)
    cells = np.repeat(np.arange(stop - start), np.diff(offsets))
    if not matrix.canonical:
        import scipy.sparse
        part = scipy.sparse.csr_matrix((values.copy(), indices.astype(np.int64), offsets - first), (stop - start, matrix.shape[1]))
        part.sum_duplicates()
        indices, values, cells = part.indices, part.data, np.repeat(np.arange(stop - start), np.diff(part.indptr))
    table = np.full(matrix.shape[1], -1, np.int64)
    table[genes] = np.arange(len(genes))
    slot = table[indices]
    kept = np.flatnonzero(slot >= 0)
    return slot[kept], cells[kept], values[kept]
