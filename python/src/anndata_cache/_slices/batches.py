"""Mini-batches of cells for training, the same for the same seed in every process and in C#."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from .._errors import ElementUnreadable
from . import groups
from .matrix import Matrix
from .names import gene_positions, obs_of, positions
from .orders import BlockShuffledOrder, StoredOrder, StratifiedOrder, WeightedOrder

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Iterator, Sequence

    from .._store.store import Source
    from . import Sliced

    Array = np.ndarray[Any, Any]


class Batch(NamedTuple):
    """Some cells.

    Attributes
    ----------
    X : numpy.ndarray or scipy.sparse.csr_matrix
        float32, cells × genes.
    rows : numpy.ndarray
        Row of each cell in the matrix, which is also its row in obs.
    obs : dict of numpy.ndarray
        The columns that were asked for: numbers as they are (nullable ones as float64), others as
        int64 codes, -1 where they are missing.
    """

    X: Any
    rows: np.ndarray  # type: ignore[type-arg]
    obs: dict[str, np.ndarray]  # type: ignore[type-arg]


class Batches:
    """Batches of an epoch by number, or one after the other; made by `CachedAnnData.batches`.

    `batches[j]` is batch *j* of the current epoch, and `batches[epoch, j]` of any: so torch takes it as a dataset, and its
    workers share the part. It pickles as the file's path and the options (fork and spawn alike). The matrix is that of the file
    as it was when the first batch or the length was asked for, and stays mapped for as long as this object lives.

    Examples
    --------
    >>> batches = cache.open("pbmc3k.h5ad").batches(batch_size=256, seed=7, obs=["cell_type"])
    >>> for batch in batches.epoch(0): ...
    >>> loader = torch.utils.data.DataLoader(batches, batch_size=None, sampler=batches.sampler(), num_workers=4)
    """

    def __init__(self, handle: Sliced, options: dict[str, Any]) -> None:
        _check(options)
        self._handle, self._options, self._epoch = handle, options, 0
        self._opened: _Opened | None = None

    def __len__(self) -> int:
        """Batches of an epoch that this worker gets."""
        length, size = self._open().order.length, self._options["batch_size"]
        whole = length // size if self._options["drop_last"] else -(-length // size)
        return max(-(-(whole - self._options["worker"]) // self._options["workers"]), 0)

    def __getitem__(self, index: int | tuple[int, int]) -> Batch:
        epoch, number = index if isinstance(index, tuple) else (self._epoch, index)
        if not 0 <= number < len(self):
            raise IndexError(f"there is no batch {number}; an epoch has {len(self)}")
        start = (number * self._options["workers"] + self._options["worker"]) * self._options["batch_size"]
        return self._open().read(epoch, start, self._options["batch_size"])

    def __iter__(self) -> Iterator[Batch]:
        """The batches of the current epoch."""
        return self.epoch(self._epoch)

    def epoch(self, epoch: int) -> Iterator[Batch]:
        """The batches of an epoch, in order."""
        if epoch < 0:
            raise ValueError(f"epoch {epoch} is negative")
        return (self[epoch, number] for number in range(len(self)))

    def set_epoch(self, epoch: int) -> None:
        """Choose the epoch of `iter` and of plain numbers. Workers that persist do not see it: see `sampler`."""
        if epoch < 0:
            raise ValueError(f"epoch {epoch} is negative")
        self._epoch = epoch

    def sampler(self, epoch: int = 0) -> EpochSampler:
        """What torch's DataLoader takes as `sampler`: each iteration is the next epoch, also for workers that persist."""
        return EpochSampler(len(self), epoch)

    @property
    def n_obs(self) -> int:
        """Cells of an epoch, of all workers together."""
        return self._open().order.length

    @property
    def n_vars(self) -> int:
        """Columns of each batch."""
        return self._open().width

    def __reduce__(self) -> tuple[Any, ...]:
        return _restored, (self._handle, self._options, self._epoch)

    def _open(self) -> _Opened:
        if self._opened is None:
            self._opened = self._handle._fresh(lambda source: _Opened(source, self._handle._prefix, self._options))
        return self._opened


class EpochSampler:
    """The numbers of an epoch's batches, with the epoch: `(epoch, number)`. Each iteration takes the next epoch."""

    def __init__(self, count: int, epoch: int) -> None:
        self._count, self._epoch = count, epoch

    def __iter__(self) -> Iterator[tuple[int, int]]:
        # A generator, because a DataLoader makes two iterators of an epoch and takes numbers from one.
        epoch, self._epoch = self._epoch, self._epoch + 1
        for number in range(self._count):
            yield epoch, number

    def __len__(self) -> int:
        return self._count

    def set_epoch(self, epoch: int) -> None:
        """Choose the epoch of the next iteration."""
        self._epoch = epoch


class _Opened:
    """The matrix of one version of the file, and the order of the epoch that was asked for last."""

    def __init__(self, source: Source, prefix: str, options: dict[str, Any]) -> None:
        path = prefix + options["element"]
        matrix = Matrix(source, path)
        genes = options["genes"]
        self._genes = None if genes is None else gene_positions(source, path, genes, matrix.shape[1], options["by"])
        if self._genes is not None and len(np.unique(self._genes)) != len(self._genes):
            raise ValueError("a gene is named twice; a batch has one column for each")
        self.width = matrix.shape[1] if self._genes is None else len(self._genes)
        self._array = matrix.dense()
        self._sparse: Any = None if self._array is not None else _by_cell(matrix)
        self._csr, self._reuse, self._buffer = options["format"] == "csr", options["reuse"], np.empty(0, np.float32)
        rows = options["rows"]
        self._rows = None if rows is None else positions(rows, matrix.shape[0], "cells")
        self._obs = {name: _values(groups.column_of(source, obs_of(path), name), matrix) for name in options["obs"]}
        self.order, self._epoch = self._make_order(source, path, matrix, options), -1

    def read(self, epoch: int, start: int, size: int) -> Batch:
        if epoch != self._epoch:
            self.order.begin(epoch)
            self._epoch = epoch
        rows = self.order.rows(start, min(start + size, self.order.length))
        rows = rows if self._rows is None else self._rows[rows]
        values = self._sparse_batch(rows) if self._csr else self._dense_batch(rows)
        return Batch(values, rows, {name: column[rows] for name, column in self._obs.items()})

    def _sparse_batch(self, rows: Array) -> Any:
        import scipy.sparse
        if self._array is not None:
            return scipy.sparse.csr_matrix(self._dense_batch(rows))
        found = self._sparse[rows]
        if self._genes is not None:
            found = found[:, self._genes]
        found.sum_duplicates()
        return found.astype(np.float32, copy=False)

    def _dense_batch(self, rows: Array) -> Array:
        if self._array is not None:
            found = self._array[rows] if self._genes is None else self._array[rows[:, None], self._genes]
            return found.astype(np.float32, copy=False)
        found = self._sparse[rows]
        if self._genes is not None:
            found = found[:, self._genes]
        out = self._target(rows)
        if found.dtype == np.float32:
            return found.toarray(out=out)
        out[:] = found.toarray()
        return out

    def _target(self, rows: Array) -> Array:
        if not self._reuse:
            return np.empty((len(rows), self.width), np.float32)
        if len(self._buffer) < len(rows):
            self._buffer = np.empty((len(rows), self.width), np.float32)
        return self._buffer[: len(rows)]

    def _make_order(self, source: Source, path: str, matrix: Matrix, options: dict[str, Any]) -> Any:
        seed: int = options["seed"]
        rows: Any = slice(None) if self._rows is None else self._rows
        if options["weight_by"] is not None:
            column = groups.column_of(source, obs_of(path), options["weight_by"])
            if groups.is_numeric(column):
                return WeightedOrder(groups.numbers_of(column)[rows], seed)
            codes = groups.groups_of(column)[0][rows]
            counts = np.bincount(codes + 1, minlength=1)
            with np.errstate(divide="ignore"):
                return WeightedOrder(np.where(codes < 0, 0, 1 / counts[codes + 1]), seed)
        if options["stratify_by"] is not None:
            return StratifiedOrder(groups.groups_of(groups.column_of(source, obs_of(path), options["stratify_by"]))[0][rows], seed)
        length = matrix.shape[0] if self._rows is None else len(self._rows)
        if not options["shuffle"]:
            return StoredOrder(length)
        return BlockShuffledOrder(length, seed, options["block_rows"], options["window_rows"])


def _restored(handle: Sliced, options: dict[str, Any], epoch: int) -> Batches:
    batches = Batches(handle, options)
    batches.set_epoch(epoch)
    return batches


def _check(options: dict[str, Any]) -> None:
    for name in ("batch_size", "block_rows", "window_rows", "workers"):
        if options[name] < 1:
            raise ValueError(f"{name} is {options[name]}; it must be 1 or more")
    if not 0 <= options["worker"] < options["workers"]:
        raise ValueError(f"worker {options['worker']} is none of 0 to {options['workers'] - 1}")
    if options["weight_by"] is not None and options["stratify_by"] is not None:
        raise ValueError("weight_by draws cells with replacement, stratify_by visits each once: give one of them")
    if options["format"] not in ("dense", "csr"):
        raise ValueError(f"format is '{options['format']}'; give 'dense' or 'csr'")


def _values(column: Any, matrix: Matrix) -> Array:
    if len(column) != matrix.shape[0]:
        raise ElementUnreadable(f"'{column.name}' has {len(column)} cells, the matrix {matrix.shape[0]}.")
    if isinstance(column.dtype, np.dtype) and groups.is_numeric(column):
        return column.to_numpy()
    return groups.numbers_of(column) if groups.is_numeric(column) else groups.groups_of(column)[0]


def _by_cell(matrix: Matrix) -> Any:
    """A `csr_matrix` over the part. Of a matrix that lies by gene a private one is made, unless a tier has its twin."""
    by_cell = matrix.by_cell()
    if by_cell is None or by_cell.indices.dtype.kind == "u" or by_cell.values.dtype != by_cell.dtype:
        return matrix.scipy().tocsr()
    import scipy.sparse
    result = scipy.sparse.csr_matrix(by_cell.shape, dtype=by_cell.dtype)
    result.data, result.indices, result.indptr = by_cell.values, by_cell.indices, by_cell.offsets
    if by_cell.canonical:
        result.has_sorted_indices = result.has_canonical_format = True
    return result
