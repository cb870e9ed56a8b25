"""In which order an epoch visits the cells.

The order follows from (seed, epoch) and the options alone, not from the worker: batch *j* of an epoch is the positions
``[j * size, (j + 1) * size)`` of it and belongs to worker ``j % workers``. Hence the workers' batches are disjoint, together
they are the epoch, and the same (seed, epoch) gives the same batches as in C#.
"""
from __future__ import annotations

import numpy as np

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    Array = np.ndarray[Any, Any]

_BLOCKS, _ROWS, _DRAWS, _STRATA = range(1, 5)


def _mix(value: Any) -> Any:
    """SplitMix64's finalizer: a bijection of 64-bit numbers, so that sorting by it gives one order everywhere."""
    with np.errstate(over="ignore"):
        value = value + np.uint64(0x9E3779B97F4A7C15)
        value = (value ^ (value >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        value = (value ^ (value >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        return value ^ (value >> np.uint64(31))


def _key(seed: int, epoch: int, stream: int) -> Any:
    key = np.uint64(0)
    for word in (seed, epoch, stream):
        key = _mix(key ^ np.asarray(word % 2**64, dtype=np.uint64))
    return key


def _hash(key: Any, positions: Any) -> Any:
    return _mix(key ^ np.asarray(positions).astype(np.uint64))


def _uniform(key: Any, positions: Any) -> Any:
    """Numbers in [0, 1) with 53 random bits."""
    return (_hash(key, positions) >> np.uint64(11)).astype(np.float64) * 2.0**-53


class StoredOrder:
    """As the cells are stored."""

    def __init__(self, length: int) -> None:
        self.length = length

    def begin(self, epoch: int) -> None:
        """Make the order of an epoch."""

    def rows(self, start: int, stop: int) -> Array:
        """Return what is visited at ``[start, stop)``."""
        return np.arange(start, stop, dtype=np.int64)


class BlockShuffledOrder:
    """Blocks of neighbouring rows in random order, and within each window of them the rows in random order."""

    def __init__(self, length: int, seed: int, block_rows: int, window_rows: int) -> None:
        self.length, self._seed, self._block, self._window = length, seed, block_rows, window_rows

    def begin(self, epoch: int) -> None:
        """Make the order of an epoch."""
        blocks = -(-self.length // self._block)
        self._order = np.argsort(_hash(_key(self._seed, epoch, _BLOCKS), np.arange(blocks))).astype(np.int64)
        sizes = np.full(blocks, self._block, dtype=np.int64)
        if blocks:
            sizes[np.argmax(self._order)] = self.length - (blocks - 1) * self._block  # the last block of the file may be short
        self._starts = np.concatenate([[0], np.cumsum(sizes)])
        self._row_key = _key(self._seed, epoch, _ROWS)
        self._loaded = -1

    def rows(self, start: int, stop: int) -> Array:
        """Return what is visited at ``[start, stop)``."""
        pieces = [np.empty(0, np.int64)]
        while start < stop:
            window, inside = divmod(start, self._window)
            if window != self._loaded:
                self._rows, self._loaded = self._load(window * self._window), window
            pieces.append(self._rows[inside : inside + stop - start])
            start += len(pieces[-1])
        return np.concatenate(pieces)

    def _load(self, first: int) -> Array:
        positions = np.arange(first, min(first + self._window, self.length), dtype=np.int64)
        rank = np.searchsorted(self._starts, positions, side="right") - 1
        rows = self._order[rank] * self._block + (positions - self._starts[rank])
        return rows[np.argsort(_hash(self._row_key, rows))]


class StratifiedOrder:
    """Every row once; any run of B rows has of each stratum its share of B, give or take one row.

    Parameters
    ----------
    strata : array of int
        Stratum of each row, -1 for none, which is a stratum of its own.
    """

    def __init__(self, strata: Array, seed: int) -> None:
        self.length, self._strata, self._seed = len(strata), np.asarray(strata, dtype=np.int64), seed

    def begin(self, epoch: int) -> None:
        """Make the order of an epoch: the r-th of a stratum's n rows stands at (r + u) / n of it."""
        hashes = _hash(_key(self._seed, epoch, _ROWS), np.arange(self.length))
        by_stratum = np.lexsort((hashes, self._strata))
        strata = self._strata[by_stratum]
        sizes = np.bincount(strata + 1)
        starts = np.concatenate([[0], np.cumsum(sizes)])[:-1]
        rank = np.arange(self.length) - starts[strata + 1]
        offset = _uniform(_key(self._seed, epoch, _STRATA), np.arange(len(sizes)))
        place = (rank + offset[strata + 1]) / sizes[strata + 1] if self.length else np.empty(0)
        self._order = by_stratum[np.lexsort((strata, place))]

    def rows(self, start: int, stop: int) -> Array:
        """Return what is visited at ``[start, stop)``."""
        return self._order[start:stop]


class WeightedOrder:
    """As many draws as there are rows, with replacement, each row with a probability in proportion to its weight.

    Raises
    ------
    ValueError
        A weight is negative, infinite or missing, or all are zero.
    """

    def __init__(self, weights: Array, seed: int) -> None:
        weights = np.asarray(weights, dtype=np.float64)
        wrong = np.flatnonzero(~(np.isfinite(weights) & (weights >= 0)))
        if len(wrong):
            raise ValueError(f"weight {weights[wrong[0]]} of row {wrong[0]} is not a finite number of 0 or more")
        self.length, self._cumulative, self._seed = len(weights), np.cumsum(weights), seed
        if len(weights) and not 0 < self._cumulative[-1] < np.inf:
            raise ValueError(f"the weights add up to {self._cumulative[-1]}; nothing can be drawn")

    def begin(self, epoch: int) -> None:
        """Make the order of an epoch."""
        self._key = _key(self._seed, epoch, _DRAWS)

    def rows(self, start: int, stop: int) -> Array:
        """Return what is visited at ``[start, stop)``."""
        targets = _uniform(self._key, np.arange(start, stop)) * self._cumulative[-1]
        return np.minimum(np.searchsorted(self._cumulative, targets, side="right"), self.length - 1)
