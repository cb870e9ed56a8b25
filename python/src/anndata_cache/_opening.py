"""Ways to a file: a handle, an AnnData, and loading ahead."""

from __future__ import annotations

import os

from ._direct import or_directly
from ._handle import CachedAnnData
from ._key import Key, path_of
from ._store import loader, store

TYPE_CHECKING = False
if TYPE_CHECKING:
    import anndata


def open(path: str | os.PathLike[str] | Key) -> CachedAnnData:
    """A handle of a file, whose elements are mapped when they are asked for.

    Parameters
    ----------
    path
        Path, name in `ANNDATA_DATA_FOLDER`, or Key.

    Raises
    ------
    SourceNotFound, SourceDenied
        There is no such file, or this user may not read it.
    """
    found = path_of(path)
    store.current().source(found)
    return CachedAnnData(found)


def read_h5ad(path: str | os.PathLike[str] | Key, copy: bool = False) -> anndata.AnnData:
    """A file as an AnnData, every array shared with all processes that read it.

    Parameters
    ----------
    path
        Path, name in `ANNDATA_DATA_FOLDER`, or Key.
    copy
        Arrays of your own, which may be written. By default they are shared and read-only: functions that change X in
        place raise numpy's "assignment destination is read-only"; give `copy=True`, or assign a new X.

    Returns
    -------
    anndata.AnnData
        Equal to what `anndata.read_h5ad` gives. No page of an array is read before it is used.
    """
    found = path_of(path)

    def shared() -> anndata.AnnData:
        return CachedAnnData(found).to_anndata(copy)

    return or_directly(shared, lambda file: file.copy(), found)


def load(path: str | os.PathLike[str] | Key, *elements: str, twin: bool = False) -> None:
    """Bring elements into the store before they are asked for, by one run of the executable; all of them by default.

    Parameters
    ----------
    path
        Path, name in `ANNDATA_DATA_FOLDER`, or Key.
    elements
        Their paths.
    twin
        Whether to build the twins of sparse matrices too, from which genes come without a scan (cells, of a csc matrix).

    Raises
    ------
    CacheError
        The first of the named elements that cannot be loaded. Without names, those that cannot be read are left out.
    """
    source = store.current().source(path_of(path))
    if elements:
        loader.load(source.path, list(elements), strict=True, twin=twin)
    else:
        loader.load_all(source.path, twin)
    store.current().reopen()


def flush() -> None:
    """Wait until the cold copies of what this process has loaded are on the disk, and twins that it has begun are built."""
    loader.flush()
