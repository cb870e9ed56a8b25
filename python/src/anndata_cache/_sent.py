"""What arrives from another process: the very part, and the very array, that was sent as a few words (`_values.pickling`).

Pickles name these functions, so their names and this module's are short.
"""

from __future__ import annotations

import os

from ._errors import ObjectNotFound, SourceChanged, SourceNotFound
from ._store import store
from ._store.names import identity_of
from ._store.parts import Part

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    import numpy
    import pandas

    Array = numpy.ndarray[Any, Any]
    Stamp = tuple[int, int, int]


def part(source: str, element: str, version: str | Stamp) -> Part:
    """The very part that was sent: from this process, a tier, or decoded again while its source is still that version.

    Parameters
    ----------
    source, element
        As the part says; of an object `source` is empty.
    version
        The end of the part's name; of an object which file it is.

    Raises
    ------
    SourceChanged, SourceNotFound
        The part was evicted, and its source has been rewritten or deleted since.
    ObjectNotFound
        The object was overwritten, deleted or evicted since.
    """
    here = store.current()
    if not isinstance(version, str):
        return _object(here, element, version)
    known = found(source, element, version)
    if known is not None:
        return known
    names = _names_of(source, element, version)
    what = f"'{element}'" if element else "all"
    try:
        now = here.source(source)
        if now.name_of(element) in names:
            loaded = here.table(source) if element == store.TABLE else now.part(element)
            if loaded is not None and loaded.name in names:
                return loaded
    except SourceNotFound:
        raise SourceNotFound(
            f"What was sent was {what} of '{source}', which has been deleted since, and no tier has its part. Send a copy.") from None
    except store.SourceMoved:
        pass
    raise SourceChanged(
        f"What was sent was {what} of '{source}', which has been rewritten since, and no tier has the part of that version. "
        "Read the file again, or send a copy.")


def found(source: str, element: str, version: str) -> Part | None:
    """The part of a version where this process or a tier has it: nothing is loaded."""
    here = store.current()
    return next((part for name in _names_of(source, element, version) if (part := here.find(name)) is not None), None)


def over(part: Part, offset: int, dtype: str, shape: tuple[int, ...], strides: tuple[int, ...] | None = None) -> Array:
    """A view of a part's mapping; numpy checks that it ends inside."""
    if offset < 0:
        raise ValueError(f"An array at {offset} lies before its part.")
    import numpy as np
    return np.ndarray(shape, dtype, memoryview(part), offset, strides)


def made(part: Part, place: tuple[Any, ...], way: str, shape: tuple[int, ...]) -> Array:
    """An array that is made of a column, at its place in the layout."""
    from ._values.columns import WAYS
    found: Any = part.layout["columns"]
    for step in place:
        found = found[step]
    return WAYS[way](part, found).reshape(shape)


def records(part: Part, shape: tuple[int, ...], lengths: dict[str, int] | None = None) -> Array:
    """A structured array; `lengths` are those of fields that are numpy's text."""
    from ._values import matrices
    return matrices.records(part, lengths).reshape(shape)


def awkward(source: str, element: str, version: str | Stamp) -> Any:
    """An awkward array of the part that it was sent as, and those that hold its buffers."""
    from ._elements import awkward_of
    return awkward_of(part(source, element, version), lambda path: part(source, path, version))


def sparse(sent: Any) -> Any:
    """A sparse matrix over its part; for `copy`, which asks as pickle does, what stands for it."""
    if isinstance(sent, Part):
        from ._values import matrices
        return matrices.sparse(sent)
    return sent.copied()


def frame(part: Part) -> pandas.DataFrame:
    """A dataframe as its part has it."""
    from ._values import frames
    return frames.frame(part)


def columns(part: Part, *names: str) -> pandas.DataFrame:
    """Some columns of a dataframe."""
    from ._values import frames
    return frames.frame(part, names)


def column(part: Part, name: str) -> pandas.Series:
    """One column of a dataframe."""
    return columns(part, name)[name]


def index(part: Part) -> pandas.Index:
    """The row names of a dataframe."""
    from ._values import frames
    return frames.index_of(part)


def matrix_frame(matrix: Part) -> pandas.DataFrame:
    """X as a frame, named by the obs and var of the same version of its source."""
    from ._original import matrix_frame
    assert matrix.origin is not None
    source, _, version = matrix.origin.words
    return matrix_frame(matrix, index(part(source, "obs", version)), index(part(source, "var", version)))


def anndata(sent: Any, prefix: str = "") -> Any:
    """All of the file, or modality, whose tree of elements was sent; for `copy`, which asks as pickle does, what stands for it."""
    from . import _unchanged
    return _unchanged.reopened(sent, prefix) if isinstance(sent, Part) else _unchanged.copied(sent)


def _names_of(source: str, element: str, version: str) -> list[str]:
    """Names that the part of an element can have, of which a process's user may read both."""
    return [f"{identity_of(source, element, options)}.{version}" for options in ("", f"user {os.geteuid()}")]


def _object(here: store.Store, name: str, stamp: Stamp) -> Part:
    found = here.find_object(name)
    if found is None or found.stamp != stamp:
        raise ObjectNotFound(
            f"What was sent was of the object '{name}', which has been {'deleted or evicted' if found is None else 'overwritten'} since. "
            "Get it again, or send a copy.")
    return found
