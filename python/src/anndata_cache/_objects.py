"""Objects under names of their own: `put`, `get`, `contains`, `delete`, what the store holds, and tables from CSV files.

Writing is the executable's: it reads one stream, takes the room, and exchanges what had the name before. Reading maps.
"""

from __future__ import annotations

import hashlib
import json
import os

from ._errors import CacheError, NoRoom, ObjectNotFound
from ._key import Key, path_of
from ._store import loader, store
from ._store.names import version_of
from ._store.sources import observe

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Literal

    import pandas

    from ._store.parts import Layout, Part

_GIGABYTE = 1e9
_MAX_NAME = 250
_MATRIX_PARTS = ("X", "obs", "var")


def put(obj: Any, key: str | Key, overwrite: bool = True, pickle: bool | None = None) -> None:
    """Store an object under a name, for every process of the machine and for other languages.

    Parameters
    ----------
    obj
        A DataFrame or Series, a numpy array, a sparse matrix, or plain data: None, bool, int, float, str, lists, and dicts
        with str keys. It is not changed.
    key
        The name. It can be overwritten; whoever uses the old object keeps it.
    overwrite
        Whether an object of this name is replaced.
    pickle
        Whether anything else is pickled, which only Python reads, and only where this user has put it. By default what
        `ANNDATA_CACHE_PICKLE` says (`true` or `false`), else False.

    Raises
    ------
    TypeError
        It is not plain data, and no pickle was asked for; the message says what is not plain.
    ObjectExists
        There is an object of this name, and it is not to be overwritten. It is a ValueError.
    StoreFull
        There is no room for it. It is a MemoryError.
    """
    _put(_encoded(obj, _wants_pickle(pickle)), _name(key), overwrite)


def get(key: str | Key, dtype: Literal["pandas", "numpy", "object", "arrow"] | None = None) -> Any:
    """An object that was put, mapped: arrays are shared and read-only.

    Parameters
    ----------
    key
        Its name.
    dtype
        `"pandas"` for a DataFrame or Series, `"numpy"` for an array, `"object"` for anything; by default as `"object"`.
        `"arrow"` for what Arrow libraries take: see `CachedAnnData.arrow`.

    Raises
    ------
    ObjectNotFound
        There is none: never put, deleted, or evicted. It is a KeyError.
    TypeError
        The object is not of the kind that was asked for.
    PermissionError
        It is a pickle that another user has put, which could run that user's code.
    """
    name = _name(key)
    part = store.current().find_object(name)
    if part is None:
        raise ObjectNotFound(f"There is no object '{name}': it was not put, or was deleted or evicted. Put it again.")
    if dtype == "arrow":
        from ._values.arrow import ArrowElement
        return ArrowElement(part)
    value = _decoded(part, name)
    if dtype not in (None, "pandas", "numpy", "object"):
        raise ValueError(f"dtype is {dtype!r}, but must be 'pandas', 'numpy', 'object' or 'arrow'.")
    if dtype in ("pandas", "numpy") and not type(value).__module__.startswith(dtype):
        raise TypeError(f"'{name}' is a {type(value).__name__}, not of {dtype}. Use get(key, \"object\").")
    return value


def contains(*keys: str | os.PathLike[str] | Key) -> bool:
    """Whether all keys are in the store: objects that were put, and files whose X, obs and var some process has loaded."""
    return all(_contains(key) for key in keys)


def delete(*keys: str | os.PathLike[str] | Key) -> None:
    """Remove objects, and what is loaded of files. Absent ones are ignored; whoever uses one keeps it."""
    names = [_name(key) for key in keys if _has_object(key)]
    if names:
        loader.call(["delete", "--json", "--", *names])
    for key in keys:
        if not _has_object(key) and (isinstance(key, Key) or os.fspath(key)):
            path = path_of(key)
            if os.path.exists(path):
                store.current().release()  # what this process keeps without use must not stay for that
                loader.call(["evict", "--json", "--", path])


def current_usage() -> dict[str, Any]:
    """How much of the store is used.

    Returns
    -------
    dict
        `capacity` and `used_memory` in GB (1e9 bytes), `number_of_objects`, and `utilization` from 0 to 1.
    """
    stats = json.loads(loader.call(["stats", "--json"]))
    tier = stats["hot"] if stats["hot"]["enabled"] else stats["cold"]
    capacity, used = tier["budget_bytes"], tier["used_bytes"]
    return {"capacity": capacity / _GIGABYTE, "used_memory": used / _GIGABYTE, "number_of_objects": tier["parts"],
            "utilization": used / capacity if capacity else 0.0}


def list_objects() -> dict[str, dict[str, Any]]:
    """All parts of the store.

    Returns
    -------
    dict
        For each part's file name a dict with `data_size` (bytes), `metadata_size` (0: it is in the same file), `ref_count` (1
        while some process uses it), and `name` (an object's name; of a file's part its path, a colon and the element).
    """
    listed = json.loads(loader.call(["ls", "--json"]))
    return {one["part"]: {"data_size": one["bytes"], "metadata_size": 0, "ref_count": int(one["pinned"]), "name": _title(one)}
            for one in listed["parts"]}


def csv(key: str | os.PathLike[str] | Key, **kwargs: Any) -> pandas.DataFrame:
    """What `pandas.read_csv` makes of a file, parsed once for all processes and again when the file changes.

    Parameters
    ----------
    key
        Path of the file, or its name in `ANNDATA_DATA_FOLDER`.
    **kwargs
        For `pandas.read_csv`; other arguments are another table. With `float_precision="round_trip"` alone, which reads numbers
        exactly, the table is the one of the executable's `csv` and of C#'s `Csv`: one copy for all languages.
    """
    import pandas

    from ._values.encoding import NotPlain, encode
    text = key.path if isinstance(key, Key) else os.fspath(key)
    path = os.path.realpath(os.path.join(store.current().settings.data_folder, text))
    if kwargs == {"float_precision": "round_trip"} and (shared := _shared_csv(path)) is not None:
        return shared
    name = f"csv:{hashlib.sha256(json.dumps([path, kwargs], sort_keys=True, default=repr).encode()).hexdigest()[:32]} {path}"[:_MAX_NAME]
    version = version_of(observe(path))
    part = store.current().find_object(name)
    if part is not None and part.layout.get("pandas", {}).get("version") == version:
        return _decoded(part, name)  # type: ignore[no-any-return]
    table = pandas.read_csv(path, **kwargs)
    try:
        layout, buffers = encode(table)
        _put(({**layout, "pandas": {**layout.get("pandas", {}), "version": version}}, buffers), name, overwrite=True)
    except (NotPlain, CacheError):
        pass  # it has columns that only Python has, or there is no room: it is parsed, all the same
    return table


def _shared_csv(path: str) -> pandas.DataFrame | None:
    """The table as the executable parses it; None where pandas would make something else of it, or it cannot be had."""
    from ._values.framing import decode_table
    try:
        part = store.current().table(path)
    except CacheError:
        return None
    return None if part is None else decode_table(part)


def _put(encoded: tuple[Layout, list[Any]], name: str, overwrite: bool) -> None:
    from ._values.encoding import stream
    verb = ["put", "--json", *([] if overwrite else ["--no-overwrite"]), "--", name]
    try:
        loader.call(verb, stream(*encoded))
    except NoRoom:
        store.current().release()  # what this process keeps without use must not be what leaves no room
        loader.call(verb, stream(*encoded))
    store.current().reopen()


def _encoded(obj: Any, wants_pickle: bool) -> tuple[Layout, list[Any]]:
    from ._values.encoding import NotPlain, encode, encode_pickle
    try:
        return encode(obj)
    except NotPlain as error:
        if wants_pickle:
            return encode_pickle(obj)
        raise TypeError(
            f"put stores plain data, which every language reads; this has {error}. Give pickle=True, or set ANNDATA_CACHE_PICKLE=true, "
            "to store it as a pickle, which only Python reads.") from None


def _wants_pickle(given: bool | None) -> bool:
    return given if given is not None else os.environ.get("ANNDATA_CACHE_PICKLE", "").lower() in ("1", "true", "yes")


def _decoded(part: Part, name: str) -> Any:
    from ._values.matrices import value
    layout = part.layout
    kind, extra = layout["kind"], layout.get("pandas") or {}
    if kind == "frame":
        from ._values.framing import decode_frame
        return decode_frame(part)
    if kind == "json":
        return json.loads(part.text(layout["columns"][0]))
    if kind == "pickle":
        return _unpickled(part, name)
    found = value(part)
    if "numpy" in extra:
        return found.view(extra["numpy"]) if found.dtype.kind == "i" else found.astype(extra["numpy"])
    if extra.get("scipy") == "array":
        import scipy.sparse
        return getattr(scipy.sparse, f"{found.format}_array")(found)
    return found


def _unpickled(part: Part, name: str) -> Any:
    if part.owner != os.geteuid():
        raise PermissionError(
            f"'{name}' is a pickle that user {part.owner} has put; only one's own are loaded, because a pickle can run code.")
    import pickle
    ranges = [column["values"] for column in part.layout["columns"]]
    pieces = [memoryview(part)[offset:offset + length] for offset, length in ranges]
    return pickle.loads(pieces[0], buffers=pieces[1:])


def _contains(key: str | os.PathLike[str] | Key) -> bool:
    if _has_object(key):
        return True
    try:
        source = store.current().source(path_of(key))
    except CacheError:
        return False
    return all(store.current().contains(source.name_of(element)) for element in _MATRIX_PARTS)


def _has_object(key: str | os.PathLike[str] | Key) -> bool:
    return store.current().has_object(_name(key))


def _name(key: str | os.PathLike[str] | Key) -> str:
    name = key.name if isinstance(key, Key) else os.fspath(key)
    if not isinstance(name, str) or not name:
        raise ValueError(f"{key!r} is no name for an object: it must be text, and not empty.")
    return name


def _title(one: dict[str, Any]) -> str:
    return str(one["element"]) if one.get("object") else f"{one['source']}:{one['element']}"

