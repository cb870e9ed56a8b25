"""One copy of your AnnData in memory, for every process of the machine.

    import anndata_cache as cache

    h = cache.open("pbmc3k.h5ad")              # a handle: h.X, h.obs, h.layers["counts"], h.obsm["X_umap"]
    adata = cache.read_h5ad("pbmc3k.h5ad")     # an anndata.AnnData whose arrays are shared
    frame = cache.X("pbmc3k")                  # as the original package names things: X, obs, var, metadata, indices

What is handed out is read-only, because all processes share it; `.copy()` makes it yours. Nothing here starts a thread,
and everything may be inherited by `fork`.
"""

from __future__ import annotations

from ._elements import Element
from ._errors import (
    BadContent, BadSetting, CacheError, ElementNotFound, ElementUnreadable, ExecutableMissing, LoaderFailed, NoRoom, ObjectExists,
    ObjectNotFound, PlasmaStoreFull, SourceChanged, SourceDenied, SourceNotFound, SourceUnreadable, StoreFull, StoreUnusable, TooLarge,
)
from ._handle import CachedAnnData
from ._key import CacheLocation, Key
from ._objects import contains, csv, current_usage, delete, get, list_objects, put
from ._opening import flush, load, open, read_h5ad
from ._original import X, indices, metadata, obs, var

__version__ = "0.1.0"

__all__ = [
    "BadContent", "BadSetting", "CacheError", "CacheLocation", "CachedAnnData", "Element", "ElementNotFound", "ElementUnreadable",
    "ExecutableMissing", "Key", "LoaderFailed", "NoRoom", "ObjectExists", "ObjectNotFound", "PlasmaStoreFull", "SourceChanged",
    "SourceDenied", "SourceNotFound", "SourceUnreadable", "StoreFull", "StoreUnusable", "TooLarge", "X", "contains", "csv",
    "current_usage", "delete", "flush", "get", "indices", "list_objects", "load", "metadata", "obs", "open", "put", "read_h5ad", "var",
]
