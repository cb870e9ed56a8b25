"""When the store cannot be used at all: the file is read by anndata itself, in this process, with one warning."""

from __future__ import annotations

import os
import warnings

from ._errors import ExecutableMissing, StoreUnusable
from ._store.sources import Stamp, observe

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, TypeVar

    import anndata

    T = TypeVar("T")

_warned = False
_read: dict[str, tuple[Stamp, Any]] = {}
_MAX_READ = 2


def or_directly(shared: Callable[[], T], direct: Callable[[Any], T], path: str) -> T:
    """What the store gives; where it is unusable and anndata is installed, what `direct` makes of the file that anndata reads.

    A store that is full, a file that is missing or damaged, a load that was killed: those are not this case.
    """
    try:
        return shared()
    except (StoreUnusable, ExecutableMissing) as error:
        try:
            import anndata
        except ImportError:
            raise error from None
        _warn(error)
        return direct(_file(anndata, path))


def _file(anndata: Any, path: str) -> anndata.AnnData:
    """The file as it is now; the last ones are kept, because each is a private copy."""
    stamp = observe(path)
    known = _read.get(path)
    if known is None or known[0] != stamp:
        _read.pop(path, None)
        while len(_read) >= _MAX_READ:
            _read.pop(next(iter(_read)))
        known = _read[path] = (stamp, anndata.read_zarr(path) if os.path.isdir(path) else anndata.read_h5ad(path))
    return known[1]


def _warn(error: Exception) -> None:
    global _warned
    if not _warned:
        _warned = True
        warnings.warn(f"The store cannot be used, so files are read by anndata, and every process has its own copy: {error}",
                      RuntimeWarning, stacklevel=4)
