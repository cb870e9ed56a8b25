"""The functions of the original package, by name: `X`, `obs`, `var`, `metadata`, `indices`. docs/migration.md compares."""

from __future__ import annotations

import os

from . import _describe
from ._direct import or_directly
from ._elements import Element, frame_of, index_of, several, tree_of, value_of
from ._errors import ElementNotFound, TooLarge
from ._key import Key, path_of
from ._store import store

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Iterable, Literal

    import pandas

    from ._store.parts import Part
    from ._store.store import Source

_FRAMES = ("obs", "var")
_INDEX_BYTES = 4


def X(key: str | os.PathLike[str] | Key, format: Literal["array", "csr", "csc"] | None = None) -> Any:
    """The matrix of a file.

    Parameters
    ----------
    key
        Path, name in `ANNDATA_DATA_FOLDER`, or Key.
    format
        By default a DataFrame. `"csr"` and `"csc"` give a scipy matrix, which shares all its arrays when the file is
        stored so; `"array"` a dense array, which is shared when the file is.

    Returns
    -------
    pandas.DataFrame
        n_obs × n_vars, rows named by obs, columns by var. Of a dense file the values are shared and read-only. Of a
        sparse file the columns are sparse, and are this process's own: see the raised error.

    Raises
    ------
    TooLarge
        The file is sparse, and its values with their positions (values × (bytes of one + 4)) are more than half of the
        memory that is available to this process. `X(key, format="csr")` needs none. It is a MemoryError.
    ElementNotFound
        The file has no X. It is a KeyError.
    """
    path = path_of(key)
    return or_directly(
        lambda: store.current().fresh(path, lambda source: _matrix(source, format)), lambda file: _directly(file, format), path)


def obs(key: str | os.PathLike[str] | Key, columns: str | Iterable[str] | None = None) -> pandas.DataFrame:
    """Annotations of observations.

    Parameters
    ----------
    key
        Path, name in `ANNDATA_DATA_FOLDER`, or Key.
    columns
        Names of columns, in the order wanted, or one name; all by default.

    Returns
    -------
    pandas.DataFrame
        Of your own: add and drop columns as you like. The values are shared and read-only; `.copy()` makes them yours.
        Categoricals are `category`, or `str` objects where `ANNDATA_CACHE_CATEGORICALS` is `str`; missing ones stay NaN.
    """
    return _frame(key, "obs", columns)


def var(key: str | os.PathLike[str] | Key, columns: str | Iterable[str] | None = None) -> pandas.DataFrame:
    """Annotations of variables, as `obs` gives those of observations."""
    return _frame(key, "var", columns)


def metadata(key: str | os.PathLike[str] | Key) -> dict[str, Any]:
    """A file in a few numbers and words.

    Returns
    -------
    dict
        `id`, `project`, `filename`, `samples`, `features`, `sample annotations`, `feature annotations`, `last modified`,
        `release notes`, `version`, `log-base`, and counts of distinct values of the columns that dashboards show.
    """
    path = path_of(key)
    return or_directly(lambda: dict(store.current().fresh(path, lambda source: _metadata(source, path))),
                       lambda file: _described(file, path), path)


def indices(key: str | os.PathLike[str] | Key) -> dict[str, list[Any]]:
    """Names of samples, of annotations, and the distinct values of the columns that dashboards show, as lists."""
    path = path_of(key)
    return or_directly(lambda: {name: list(values) for name, values in store.current().fresh(path, _indices).items()},
                       lambda file: _describe.indices(file.obs, file.var), path)


def _frame(key: str | os.PathLike[str] | Key, name: str, columns: str | Iterable[str] | None) -> pandas.DataFrame:
    path = path_of(key)
    wanted = None if columns is None else several(columns)

    def direct(file: Any) -> Any:
        whole = getattr(file, name)
        return whole.copy() if wanted is None else whole[wanted].copy()

    frame = or_directly(lambda: store.current().fresh(path, lambda source: frame_of(source, name, wanted, _FRAMES)), direct, path)
    return _as_text(frame) if os.environ.get("ANNDATA_CACHE_CATEGORICALS") == "str" else frame


def _as_text(frame: pandas.DataFrame) -> pandas.DataFrame:
    import pandas
    for name in frame.columns:
        if isinstance(frame[name].dtype, pandas.CategoricalDtype):
            values = frame[name]
            frame[name] = values.astype(object).where(values.isna(), values.astype(str))
    return frame


def _matrix(source: Source, format: str | None) -> Any:
    from ._values import matrices
    part = source.part("X", _FRAMES)
    if format is not None:
        return _as(matrices.value(part), format)
    return matrix_frame(part, index_of(source, "obs", ("var",)), index_of(source, "var"))


def matrix_frame(part: Part, rows: pandas.Index, columns: pandas.Index) -> pandas.DataFrame:
    """A matrix as a frame, where it fits into this process if it must."""
    from ._values import frames
    if part.layout["kind"] != "dense":
        _check_fits(part)
    return frames.of_matrix(part, rows, columns)


def _as(matrix: Any, format: str) -> Any:
    if format not in ("array", "csr", "csc"):
        raise ValueError(f"format is {format!r}, but must be None, 'array', 'csr' or 'csc'.")
    is_sparse = hasattr(matrix, "tocsr")
    if format == "array":
        return matrix.toarray() if is_sparse else matrix
    if is_sparse:
        return matrix.asformat(format)
    import scipy.sparse
    return scipy.sparse.csr_matrix(matrix) if format == "csr" else scipy.sparse.csc_matrix(matrix)


def _check_fits(part: Part) -> None:
    """Sparse columns are private memory, which one process must not fill because another program would read a file."""
    layout = part.layout["columns"][0]
    length = layout["values"][1]
    item = part.array(layout, "values", layout["dtype"]).itemsize
    need, available = length // item * (item + _INDEX_BYTES), _available_bytes()
    if need > available // 2:
        raise TooLarge(
            f"X of '{part.layout['source']}' is sparse: as a DataFrame it would take {need:,} bytes of this process, more than half of the "
            f"{available:,} that are available. Use X(key, format=\"csr\"), which shares its memory with all processes.")


def _available_bytes() -> int:
    with open("/proc/meminfo", encoding="ascii") as lines:
        available = next(int(line.split()[1]) * 1024 for line in lines if line.startswith("MemAvailable:"))
    for limit, used in (("memory.max", "memory.current"), ("memory/memory.limit_in_bytes", "memory/memory.usage_in_bytes")):
        try:
            with open(f"/sys/fs/cgroup/{limit}", encoding="ascii") as limits, open(f"/sys/fs/cgroup/{used}", encoding="ascii") as usage:
                available = min(available, int(limits.read()) - int(usage.read()))
        except (OSError, ValueError):
            continue  # no such cgroup, or it says "max"
    return max(available, 0)


def _metadata(source: Source, path: str) -> dict[str, Any]:
    known: dict[str, Any] | None = source.memo.get("metadata")
    if known is not None:
        return known
    tree = tree_of(source)
    frames = [frame_of(source, name, None, ("var", "uns") if tree.find("uns") else ("var",)) for name in _FRAMES]
    described = _describe.metadata(path, frames[0], frames[1], _finder(source, tree))
    return source.remember("metadata", [source.part(name) for name in _FRAMES], described)


def _finder(source: Source, tree: Element) -> Callable[[str], Any]:
    return lambda path: value_of(source, f"uns/{path}") if tree.find(f"uns/{path}") is not None else None


def _indices(source: Source) -> dict[str, list[Any]]:
    known: dict[str, list[Any]] | None = source.memo.get("indices")
    if known is not None:
        return known
    frames = [frame_of(source, name, None, ("var",)) for name in _FRAMES]
    return source.remember("indices", [source.part(name) for name in _FRAMES], _describe.indices(*frames))


def _directly(file: Any, format: str | None) -> Any:
    if file.X is None:
        raise ElementNotFound(f"'{file}' has no element 'X'.")
    return file.to_df() if format is None else _as(file.X, format)


def _described(file: Any, path: str) -> dict[str, Any]:
    def find(name: str) -> Any:
        value: Any = file.uns
        for step in name.split("/"):
            value = value.get(step) if hasattr(value, "get") else None
        return value
    return _describe.metadata(path, file.obs, file.var, find)
