"""Genes, cells, numbers of viewers and batches for training, each from the smallest part that answers.

`matrix`    a matrix as cells and genes: dense, sparse, or the twin that lies along the other axis
`names`     from names of genes and cells to positions
`lookup`    the sorted names of a column, where a tier has them
`groups`    cells by the values of a column
`summaries` means and fractions by groups, histograms and counts
`orders`    in which order an epoch visits the cells
`batches`   mini-batches of an order

Nothing here keeps anything mapped: what is kept is kept by the source, within its bound.
"""

from __future__ import annotations

from .._elements import several

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Sequence, TypeVar

    import numpy
    import pandas

    from .._store.store import Source
    from .batches import Batches
    from .summaries import ColumnSummary, GeneSummary

    T = TypeVar("T")


class Sliced:
    """What a handle has of genes, cells, groups and batches."""

    __slots__ = ()

    if TYPE_CHECKING:
        _prefix: str

        def _fresh(self, build: Callable[[Source], T]) -> T: ...

    def gene(self, gene: str | int, element: str = "X", by: str | None = None) -> numpy.ndarray[Any, Any]:
        """One gene of all cells.

        Parameters
        ----------
        gene
            Name in the index of var, or a number from 0.
        element
            The matrix: `X`, `layers/counts`, `raw/X` (whose genes are those of raw).
        by
            Column of var that has the names, such as `feature_name`; by default the index.

        Returns
        -------
        numpy.ndarray
            (n_obs,) in the matrix's type, your own; bit for bit what `matrix[:, i].toarray().ravel()` gives. From the twin
            where a tier has one; else from a scan.

        Raises
        ------
        ElementNotFound
            No such gene, or several: the message lists them.
        IndexError
            A number beyond the matrix.
        """
        return self.genes([gene], element, by)[:, 0]

    def genes(self, genes: Sequence[str | int], element: str = "X", by: str | None = None) -> numpy.ndarray[Any, Any]:
        """Some genes of all cells, (n_obs, genes), in the order asked for; see `gene`. Each gene's numbers lie together."""
        from . import matrix, names

        def build(source: Source) -> Any:
            found = matrix.Matrix(source, self._prefix + element)
            return found.genes(names.gene_positions(source, self._prefix + element, genes, found.shape[1], by))

        return self._fresh(build)

    def cells(self, cells: Any, element: str = "X", genes: Sequence[str | int] | None = None, by: str | None = None) -> Any:
        """Some cells, with all genes or some.

        Parameters
        ----------
        cells
            Names in the index of obs, numbers, a mask over all cells, or a slice.
        element, genes, by
            As in `genes`; all genes by default.

        Returns
        -------
        numpy.ndarray or scipy.sparse.csr_matrix
            (cells, genes) as `matrix[rows][:, columns]`, your own.

        Raises
        ------
        ElementNotFound, IndexError
            No such cell or gene; a mask of another length.
        """
        from . import matrix, names

        def build(source: Source) -> Any:
            path = self._prefix + element
            found = matrix.Matrix(source, path)
            rows = found.cells(names.cell_positions(source, path, cells, found.shape[0]))
            return rows if genes is None else rows[:, names.gene_positions(source, path, genes, found.shape[1], by)]

        return self._fresh(build)

    def obs_column(self, name: str) -> pandas.Series:
        """A column of obs, without reading the others."""
        from . import groups
        return self._fresh(lambda source: groups.column_of(source, f"{self._prefix}obs", name))

    def summary(
        self, genes: Sequence[str | int] | None = None, groupby: str | None = None, element: str = "X", cutoff: float = 0,
        by: str | None = None,
    ) -> GeneSummary:
        """Mean, variance and fraction expressed of genes, over all cells or for each group of them: the numbers of a dot plot.

        Parameters
        ----------
        genes, element, by
            As in `genes`; all genes by default.
        groupby
            Column of obs. All categories are groups; of other columns the distinct values are. Cells without a value are
            left out, as pandas' groupby does.
        cutoff
            A cell expresses a gene when its value is above this.

        Returns
        -------
        GeneSummary
            Frames of groups × genes. Sums are float64 in a fixed order, the same to the last bit as in C#.
        """
        from . import summaries
        asked = None if genes is None else several(genes)
        return self._fresh(lambda source: summaries.summarize_genes(source, self._prefix, element, asked, groupby, cutoff, by))

    def column_summary(self, column: str, bins: int = 50) -> ColumnSummary:
        """A histogram of a column of obs, if it is numbers, or else the counts of its categories or distinct values."""
        from . import summaries
        return summaries.summarize_column(self.obs_column(column), bins)

    def batches(
        self, batch_size: int = 4096, *, genes: Sequence[str | int] | None = None, element: str = "X", by: str | None = None,
        obs: Sequence[str] = (), rows: Any = None, shuffle: bool = True, seed: int = 0, block_rows: int = 64, window_rows: int = 65_536,
        drop_last: bool = False, worker: int = 0, workers: int = 1, weight_by: str | None = None, stratify_by: str | None = None,
        format: str = "dense", reuse: bool = False,
    ) -> Batches:
        """Mini-batches of cells for training, in an order that follows from the seed and the epoch.

        Parameters
        ----------
        batch_size
            Cells of a batch.
        genes, element, by
            As in `genes`; all genes by default.
        obs
            Columns of obs that batches bring: numbers as they are, others as codes.
        rows
            Cells to use, such as those of a training split: numbers, a mask, or a slice.
        shuffle
            False to visit the cells as they are stored.
        seed
            Seed of the order; with the epoch it decides it, in C# too.
        block_rows, window_rows
            Blocks of neighbouring rows are shuffled, then the rows within windows of so many; `block_rows=1` shuffles fully.
        drop_last
            Leave out the last batch where it is smaller.
        worker, workers
            This one of so many that share the epochs, such as the ranks of a distributed training. Workers of a DataLoader
            are not counted here.
        weight_by
            Column of obs: cells are drawn with replacement, by these numbers, or so that each category is drawn equally often.
        stratify_by
            Column of obs: each cell once, and every batch has of each value its share, give or take one cell.
        format
            `dense`, or `csr` for `scipy.sparse.csr_matrix`.
        reuse
            Write dense batches of sparse matrices into one buffer, which the next batch overwrites. Not in a DataLoader's workers.

        Raises
        ------
        ValueError
            Options that make no sense, when they are given; what depends on the file when the first batch is read.
        """
        from .batches import Batches
        options = {name: value for name, value in locals().items() if name not in ("self", "Batches")}
        return Batches(self, {**options, "obs": several(obs), "genes": None if genes is None else several(genes)})
