"""An AnnData that still is what was read travels as its file; one that was changed by its members, most of which are handles.

Whether it was changed is seen by what pickle makes of it: two objects of which pickle makes the same bytes are the same, whatever they
are made of. What is compared with is made as the AnnData was, of the parts of that version, of which nothing is loaded. Members
that lie in parts are a few words on both sides, so the bytes are few; at the first that differs the comparison ends.
"""

from __future__ import annotations

import copy
import copyreg
import pickle
import warnings

from . import _anndata, _sent
from ._anndata import handed_out, to_anndata
from ._errors import CacheError, SourceChanged
from ._store import store
from ._store.parts import Part

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable

    import anndata

    from ._store.parts import Origin

    Known = tuple[str, str, str]

_MAX_BYTES, _MAX_KEPT = 1 << 20, 64
_pickles: dict[Known, bytes] = {}
"""By path, version and prefix: what pickle makes of an AnnData as it was read; empty where that is more than it saves."""


def reduce(adata: anndata.AnnData) -> tuple[Any, ...]:
    """What `copyreg` is to do with an AnnData."""
    known = handed_out.get(id(adata))
    if known is not None and known[0]() is adata and _has_plain_state(type(adata)):
        origin = _origin_of(adata, known[1:])
        if origin is not None:
            return _sent.anndata, (Unchanged(adata, origin), *known[3:4 if known[3] else 3])
    return adata.__reduce_ex__(2)  # type: ignore[return-value]


def reopened(tree: Part, prefix: str) -> anndata.AnnData:
    """The AnnData of the version of a file that a tree of elements is of: loaded where the file still is that version."""
    assert tree.origin is not None
    path, _, version = tree.origin.words
    assert isinstance(version, str)
    here = store.current()
    try:
        now = here.source(path)
        if now.version == version:
            return to_anndata(now, prefix, False)
    except (store.SourceMoved, CacheError):
        pass  # what is there still, or why it is not, is found out for each part
    return to_anndata(store.Version(here, path, version, lambda element: _sent.part(path, element, version)), prefix, False)


class Unchanged:
    """Stands for an AnnData: to pickle the origin of the tree of its file, to `copy` the AnnData."""

    __slots__ = ("_adata", "_origin")

    def __init__(self, adata: anndata.AnnData, origin: Origin) -> None:
        self._adata, self._origin = adata, origin

    def __reduce__(self) -> tuple[Any, ...]:
        return self._origin.__reduce__()

    def __deepcopy__(self, memo: dict[int, Any]) -> anndata.AnnData:
        new = object.__new__(type(self._adata))
        memo[id(self._adata)] = new  # members refer to the AnnData that they are of
        new.__dict__.update(copy.deepcopy(self._adata.__dict__, memo))
        return new

    def copied(self) -> anndata.AnnData:
        """Another AnnData of the same members."""
        new = object.__new__(type(self._adata))
        new.__dict__.update(self._adata.__dict__)
        return new


def copied(stands: Any) -> Any:
    """What `copy` gets: of a deep copy that has been made already, that."""
    return stands.copied() if isinstance(stands, Unchanged) else stands


def _has_plain_state(kind: type) -> bool:
    """Whether an AnnData's state is its members, as `Unchanged` copies it."""
    names = "__reduce__", "__reduce_ex__", "__getstate__", "__setstate__"
    return all(getattr(kind, name, None) is getattr(object, name, None) for name in names)


def _origin_of(adata: anndata.AnnData, known: Known) -> Origin | None:
    """The origin of the tree of a file that an AnnData still is all of. In doubt None: then it travels by its members."""
    try:
        tree = _found(*known[:2])("")
        expected = _pickles.get(known)
        if expected is None:
            expected = _pickle_as_read(known)
            while len(_pickles) >= _MAX_KEPT:
                _pickles.pop(next(iter(_pickles)), None)
            _pickles[known] = expected
        return tree.origin if expected and _is_pickled_as(adata, expected) else None
    except Exception:  # whatever cannot be pickled or made again: pickle itself will say so, if it matters
        return None


def _pickle_as_read(known: Known) -> bytes:
    path, version, prefix = known
    source = store.Version(store.current(), path, version, _found(path, version))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # they have been given when it was read
        made = to_anndata(source, prefix, False)
    output = _Output()
    try:
        _pickler(output).dump(made)
    except _Differs:
        return b""
    return bytes(output.written)


def _is_pickled_as(adata: anndata.AnnData, expected: bytes) -> bool:
    output = _Comparison(expected)
    try:
        _pickler(output).dump(adata)
    except _Differs:
        return False
    return output.position == len(expected)


def _pickler(output: Any) -> pickle.Pickler:
    """One that writes an AnnData by its members."""
    pickler = pickle.Pickler(output, protocol=5)
    pickler.dispatch_table = {kind: reduce for kind, reduce in copyreg.dispatch_table.items() if reduce is not _anndata.reduce_anndata}
    return pickler


def _found(path: str, version: str) -> Callable[[str], Part]:
    """Finds parts that this process or a tier has, and loads none: that would be more work than is saved."""
    def find(element: str) -> Part:
        part = _sent.found(path, element, version)
        if part is None:
            raise SourceChanged(f"'{element}' of '{path}' is in no tier.")
        return part
    return find


class _Differs(Exception):
    """Not the same pickle, or one too long to be kept."""


class _Output:
    """Takes a pickle that is short."""

    __slots__ = ("written",)

    def __init__(self) -> None:
        self.written = bytearray()

    def write(self, data: Any) -> int:
        self.written += data
        if len(self.written) > _MAX_BYTES:
            raise _Differs
        return len(data)


class _Comparison:
    """Takes a pickle for as long as it is another one."""

    __slots__ = ("_expected", "position")

    def __init__(self, expected: bytes) -> None:
        self._expected, self.position = expected, 0

    def write(self, data: Any) -> int:
        end = self.position + len(data)
        if self._expected[self.position:end] != data:
            raise _Differs
        self.position = end
        return len(data)
