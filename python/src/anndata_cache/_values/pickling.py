"""How arrays travel to other processes: those that parts hold by handle, a few words in place of their bytes.

    a matrix       sparse, and all of a part: the part
    a frame        as it was handed out, or all of its columns are a part's: the part, and the names of the columns
    a column       a Series, and the row names of a frame: the part, and the name of the column
    X as a frame   over a dense part, or with sparse columns as they were made: the part of the matrix
    over a part    its memory is a part's mapping, all of it or a view of any shape: part, offset, type, shape, strides
    made of one    read-only, and what a column's bytes give in one way only, such as its strings, or records: part, column, way
    awkward arrays with the layout that they came with: the element
    any other      as numpy pickles it

pickle looks here by exact type, so there is no class of our own: `type(x) is numpy.ndarray` holds, no result of numpy's can pass
for what it is not, and whatever pickles by its arrays follows: other sparse matrices, other frames,
indexes, AnnData.
Copies of arrays are numpy's, which do not ask this table. Those of sparse matrices do: `Whole` gives them what they would have.
"""

from __future__ import annotations

import contextlib
import copy
import copyreg

import numpy as np

from .. import _sent
from .._store.parts import Layout, Origin, Part
from . import awkward, columns, frames, held, matrices

TYPE_CHECKING = False
if TYPE_CHECKING:
    import pickle
    from typing import Any, Callable

    Array = np.ndarray[Any, Any]
    Reduced = tuple[Any, ...]


def dumps_whole(value: Any, outside: Callable[[pickle.PickleBuffer], Any]) -> bytes:
    """A pickle that needs no part: what is stored must not refer to what may be evicted."""
    import io
    import pickle
    stream = io.BytesIO()
    pickler = pickle.Pickler(stream, protocol=5, buffer_callback=outside)
    package = __name__.partition(".")[0] + "."
    pickler.dispatch_table = {
        kind: reduce for kind, reduce in copyreg.dispatch_table.items() if not str(getattr(reduce, "__module__", "")).startswith(package)}
    pickler.dump(value)
    return stream.getvalue()


class _Plainly:
    """Reduces as the array does; it is told the protocol, which functions of the table are not."""

    __slots__ = ("_values",)

    def __init__(self, values: Array) -> None:
        self._values = values

    def __reduce_ex__(self, protocol: Any) -> Any:
        return self._values.__reduce_ex__(protocol)


def reduce(values: Array) -> Reduced:
    """What `copyreg` is to do with an array."""
    part = held.part_of(values)
    handle = _over_part(values, part) if part is not None else _made_of_part(values)
    if handle is not None:
        return handle
    if columns.reduced_before is not None:
        return columns.reduced_before(values)
    if values.dtype.hasobject:
        # The same in every protocol, and the only way for an array that contains itself.
        return values.__reduce__()  # type: ignore[return-value]
    return np.asarray, (_Plainly(values),)


def reduce_matrix(matrix: Any) -> Reduced:
    """What `copyreg` is to do with a sparse matrix."""
    part = held.part_of(matrix.data)
    if part is not None and part.origin is not None and _is_whole(matrix, matrices.sparse(part)):
        return _sent.sparse, (Whole(matrix, part.origin),)
    return object.__reduce_ex__(matrix, 2)  # type: ignore[return-value]


def reduce_dataframe(frame: Any) -> Reduced:
    """What `copyreg` is to do with a frame."""
    # A pandas whose blocks have other names raises AttributeError: then it travels as all frames do.
    with contextlib.suppress(AttributeError):
        known = frames.frames_of_parts.get(id(frame))
        if known is not None and known[0]() is frame and (shared := known[1]()) is not None and _is_untouched(frame, shared):
            return _sent.frame, (known[2],)
        matrix = _sparse_matrix(frame) or held.matrix_frame(frame)
        if matrix is not None:
            return _sent.matrix_frame, (matrix,)
        found = held.frame(frame)
        if found is not None:
            return (_sent.frame, found[:1]) if found[1] is None else (_sent.columns, (found[0], *found[1]))
    return object.__reduce_ex__(frame, 2)  # type: ignore[return-value]


def reduce_series(series: Any) -> Reduced:
    """What `copyreg` is to do with a column."""
    with contextlib.suppress(AttributeError):
        found = held.series(series)
        if found is not None:
            return _sent.column, found
    return object.__reduce_ex__(series, 2)  # type: ignore[return-value]


def reduce_index(index: Any) -> Reduced:
    """What `copyreg` is to do with labels."""
    with contextlib.suppress(AttributeError):
        found = held.index(index)
        if found is not None:
            return _sent.index, (found,)
    return index.__reduce__()  # type: ignore[no-any-return]


def reduce_awkward(array: Any) -> Reduced:
    """What `copyreg` is to do with an awkward array."""
    origin = awkward.origin_of(array)
    return array.__reduce_ex__(2) if origin is None else (_sent.awkward, origin.words)  # type: ignore[no-any-return]


def _sparse_matrix(frame: Any) -> Origin | None:
    """The matrix of which a frame of sparse columns was made, where each column still is the very one, under the very names."""
    known = frames.sparse_frames.get(id(frame))
    if known is None or known[0]() is not frame:
        return None
    _, arrays, dtypes, origin = known
    blocks = frame._mgr.blocks
    is_same = len(blocks) == len(arrays) and all(
        block.values is array and array.dtype is dtype and list(block.mgr_locs) == [place]
        for place, (block, array, dtype) in enumerate(zip(blocks, arrays, dtypes)))
    return origin if is_same and held.has_names_of(frame, origin) and _is_unwritten(arrays, origin) else None


def _is_unwritten(arrays: list[Any], origin: Origin) -> bool:
    """Whether sparse columns have the values of the matrix still. What lies over the part nobody can have written; else one looks."""
    lists = [array.sp_values for array in arrays], [array.sp_index.indices for array in arrays]
    if not any(values.flags.writeable for one in lists for values in one):
        return True
    source, element, version = origin.words
    part = _sent.found(source, element, version) if isinstance(version, str) else None
    if part is None:
        return False
    matrix = frames.by_column(part)
    return ([len(values) for values in lists[0]] == np.diff(matrix.indptr).tolist()
            and all(_are_same_bytes(np.concatenate(one), two) for one, two in zip(lists, (matrix.data, matrix.indices))))


def _are_same_bytes(one: Array, other: Array) -> bool:
    return one.dtype == other.dtype and np.array_equal(one.view(np.uint8), other.view(np.uint8))


def _is_untouched(frame: Any, shared: Any) -> bool:
    """Whether a frame still has the very labels and arrays of the one that it was copied from: nobody can have written into those."""
    blocks, others = frame._mgr.blocks, shared._mgr.blocks
    return (not frame.attrs and frame.flags.allows_duplicate_labels and len(blocks) == len(others)
            and all(one.is_(two) and one.names == two.names for one, two in zip(frame.axes, shared.axes))
            and all(list(one.mgr_locs) == list(two.mgr_locs) and _is_same(one.values, two.values) for one, two in zip(blocks, others)))


def _is_same(one: Any, other: Any) -> bool:
    if type(one) is not type(other):
        return False
    if isinstance(one, np.ndarray):
        return one.__array_interface__ == other.__array_interface__ and not one.flags.writeable
    if hasattr(one, "categories") and one.dtype is not other.dtype:
        return False
    names = [name for name in ("_ndarray", "_data", "_mask") if hasattr(one, name)]
    return len(names) > 0 and all(_is_same(getattr(one, name), getattr(other, name)) for name in names)


class Whole:
    """Stands for a matrix over a whole part: to pickle the part's origin, to `copy` the matrix."""

    __slots__ = ("_matrix", "_origin")

    def __init__(self, matrix: Any, origin: Origin) -> None:
        self._matrix, self._origin = matrix, origin

    def __reduce__(self) -> tuple[Any, ...]:
        return self._origin.__reduce__()

    def __deepcopy__(self, memo: dict[int, Any]) -> Whole:
        return Whole(self._again(copy.deepcopy(self._matrix.__dict__, memo)), self._origin)

    def copied(self) -> Any:
        """Another matrix, over the same arrays."""
        return self._again(self._matrix.__dict__)

    def _again(self, attributes: dict[str, Any]) -> Any:
        found = object.__new__(type(self._matrix))
        found.__dict__.update(attributes)
        return found


def _is_whole(matrix: Any, other: Any) -> bool:
    """Whether nothing of a matrix was exchanged or added since it was as the other one: flags that scipy has found may differ."""
    def same(name: str) -> bool:
        one, two = getattr(matrix, name), getattr(other, name)
        return one.__array_interface__ == two.__array_interface__ and type(one) is type(two)
    names = [{name for name in vars(one) if not name.startswith("_has_")} for one in (matrix, other)]
    return (type(matrix) is type(other) and matrix.shape == other.shape and names[0] == names[1]
            and all(map(same, ("data", "indices", "indptr"))))


def _over_part(values: Array, part: Part) -> Reduced | None:
    origin = part.origin
    if origin is None or values.size == 0 or np.dtype(values.dtype.str) != values.dtype:
        return None
    offset = values.__array_interface__["data"][0] - part.address
    strides = () if values.flags.c_contiguous else (values.strides,)
    return _sent.over, (origin, offset, values.dtype.str, values.shape, *strides)


def _made_of_part(values: Array) -> Reduced | None:
    entry = held.made_of(values)
    if entry is None:
        return None
    _, origin, layout, column, way, _ = entry
    if way == matrices.RECORDS:
        return _sent.records, (origin, values.shape, *([column] if column else []))
    place = held.place_of(layout["columns"], column)
    return None if place is None else (_sent.made, (origin, place, way, values.shape))
