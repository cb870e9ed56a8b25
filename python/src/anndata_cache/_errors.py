"""What can go wrong, by the numbers that the executable and C# use too.

Each class is also the built-in exception that a caller would expect, so `except FileNotFoundError` works
without knowing this module.
"""

from __future__ import annotations

class CacheError(Exception):
    """Base of every failure of this package.

    Attributes
    ----------
    number : int
        The same in C#, as exit code of the executable, and here.
    """

    number = 0

    def __str__(self) -> str:
        return str(self.args[0]) if self.args else ""  # KeyError would show the repr of the message


class ElementNotFound(CacheError, KeyError):
    """The source has no such element; the message lists those it has."""

    number = 10


class ElementUnreadable(CacheError, ValueError):
    """The element is damaged, or stored in a way that is not read. The others can be read."""

    number = 11


class SourceNotFound(CacheError, FileNotFoundError):
    """There is no such file."""

    number = 20


class SourceDenied(CacheError, PermissionError):
    """This user may not read the file."""

    number = 21


class SourceUnreadable(CacheError, ValueError):
    """The file is not AnnData, or is damaged."""

    number = 22


class SourceChanged(CacheError, OSError):
    """The file is being rewritten again and again; ask when it is done."""

    number = 23


class StoreFull(CacheError, MemoryError):
    """No tier has room; the message gives need, budget and what is pinned."""


class TooLarge(StoreFull):
    """The part is larger than every tier's budget."""

    number = 30


class NoRoom(StoreFull):
    """All that could be evicted is in use, or the file system is full. The same call can succeed later."""

    number = 31


class StoreUnusable(CacheError, OSError):
    """A tier's folder cannot be made, read, locked or trusted."""

    number = 32


class BadSetting(CacheError, ValueError):
    """An environment variable makes no sense; the message names it, its value and the remedy."""

    number = 40


class LoaderFailed(CacheError, RuntimeError):
    """The executable is missing, cannot be run, or ended without an answer. The same call can succeed later."""


class ExecutableMissing(LoaderFailed):
    """There is no executable, or it may not be run; the message says how it is found."""


class ObjectNotFound(CacheError, KeyError):
    """No object of this name is in the store: it was never put, or was deleted or evicted."""


class ObjectExists(CacheError, ValueError):
    """An object of this name is there, and was not to be overwritten."""

    number = 12


class BadContent(CacheError, ValueError):
    """What was to be put is not what it is said to be."""

    number = 13


PlasmaStoreFull = StoreFull
"""The name that the exception had when the store was Plasma."""

_BY_NUMBER: dict[int, type[CacheError]] = {
    error.number: error
    for error in (
        ElementNotFound, ElementUnreadable, ObjectExists, BadContent, SourceNotFound, SourceDenied, SourceUnreadable, SourceChanged,
        TooLarge, NoRoom, StoreUnusable, BadSetting,
    )
}


def from_exit_code(number: int, message: str) -> CacheError:
    """The exception for what the executable has said."""
    return _BY_NUMBER.get(number, LoaderFailed)(message)
