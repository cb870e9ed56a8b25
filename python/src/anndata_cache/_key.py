"""Keys: how the original package names files and objects."""

from __future__ import annotations

import enum
import hashlib
import os

from ._store import store

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_NAME_COMPONENTS = 3
_SUFFIX = ".h5ad"
_STORE_SUFFIX = ".zarr"
_OTHER_SUFFIXES = (".h5mu", _STORE_SUFFIX)


class CacheLocation(enum.Enum):
    """Where a key's file is looked up."""

    CACHED = "cached"
    """In `ANNDATA_DATA_FOLDER`: the key is a name relative to it."""

    HDD = "hdd"
    """Where its path says."""


class Key:
    """A file's name in the data folder, or its path.

    A path that is absolute and exists is a path. Otherwise three components or fewer (slashes at the ends do not count)
    are a name relative to `ANNDATA_DATA_FOLDER`, by default the working folder, with or without `.h5ad`; more are a path.

    Parameters
    ----------
    filename : str, os.PathLike or Key
        A Key gives itself.

    Attributes
    ----------
    name : str
        The name without `.h5ad`, or the path.
    path : str
        Path of the file, whether it exists or not.
    location : CacheLocation
        Whether it is a name or a path.
    """

    __slots__ = ("location", "name", "path")

    name: str
    path: str
    location: CacheLocation

    def __new__(cls, filename: str | os.PathLike[str] | Key) -> Key:
        if isinstance(filename, Key):
            return filename
        key = super().__new__(cls)
        text = os.fspath(filename)
        stripped = text.strip("/")
        if os.path.isabs(text) and os.path.exists(text) or stripped.count("/") >= _NAME_COMPONENTS:
            key.name, key.location = text, CacheLocation.HDD
            key.path = os.path.join(store.current().settings.data_folder, text)
        else:
            key.name, key.location = stripped.removesuffix(_SUFFIX), CacheLocation.CACHED
            key.path = _in_data_folder(stripped)
        return key

    @property
    def id(self) -> str:
        """40 hexadecimal digits that stand for the name."""
        return hashlib.sha256(self.name.encode("utf-8", "surrogateescape")).hexdigest()[:40]

    def with_suffix(self, suffix: str) -> Key:
        """A key of the same file under another name: this one's, with the suffix behind it."""
        key = super().__new__(Key)
        key.name, key.path, key.location = self.name + suffix, self.path, self.location
        return key

    def __fspath__(self) -> str:
        return self.path

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Key) and (self.name, self.path) == (other.name, other.path)

    def __hash__(self) -> int:
        return hash(self.name)

    def __repr__(self) -> str:
        return f"Key('{self.name}')"

    def __str__(self) -> str:
        return self.name

    def __reduce__(self) -> tuple[Any, ...]:
        return _restore, (self.name, self.path, self.location)


def path_of(key: str | os.PathLike[str] | Key) -> str:
    """The path of the file that a key means."""
    return key.path if isinstance(key, Key) else Key(key).path


def _in_data_folder(name: str) -> str:
    """A name may leave out `.h5ad` or `.zarr`; what has exactly this name comes first."""
    path = os.path.join(store.current().settings.data_folder, name)
    if name.endswith((_SUFFIX, *_OTHER_SUFFIXES)) or os.path.isfile(path):
        return path
    if not os.path.isfile(path + _SUFFIX):
        if os.path.isdir(path + _STORE_SUFFIX):
            return path + _STORE_SUFFIX
        if os.path.isdir(path):
            return path
    return path + _SUFFIX


def _restore(name: str, path: str, location: CacheLocation) -> Key:
    key = object.__new__(Key)
    key.name, key.path, key.location = name, path, location
    return key
