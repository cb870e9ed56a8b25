"""What a part is called: `identity "." version`, so that a source that changes has other names (docs/sharing.md, "Names").

The version of a source is looked at in `observe` and nowhere else.
"""

from __future__ import annotations

import errno
import hashlib
import os
import struct

FORMAT_VERSION = 1
_ALPHABET = "abcdefghijklmnopqrstuvwxyz234567"
_DIGIT = {digit: value for value, digit in enumerate(_ALPHABET)}
_IDENTITY, _VERSION, _HASHED = 26, 13, 12
_TYPE, _FOLDER = 0o170000, 0o040000
_VERSION_WORDS = struct.Struct("<QQqqqi")

Stamp = tuple[int, int, int, int, int]
"""Device, inode, size, mtime and ctime of a source: what its version is made of."""


def observe(path: str) -> Stamp:
    """What the kernel says of a source now: one call of `stat`, made each time anything is asked of it."""
    stat = os.stat(path)
    if stat.st_mode & _TYPE == _FOLDER:
        raise IsADirectoryError(errno.EISDIR, "its own times do not tell when a file in it changes", path)
    return stat.st_dev, stat.st_ino, stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns


def version_of(stamp: Stamp) -> str:
    """The 13 digits behind the dot."""
    device, inode, size, modified, changed = stamp
    words = _VERSION_WORDS.pack(os.major(device) << 32 | os.minor(device), inode, size, modified, changed, FORMAT_VERSION)
    return _base32(hashlib.sha256(words).digest(), _VERSION)


def identity_of(source: str, element: str, options: str = "") -> str:
    """The 26 digits before the dot.

    Parameters
    ----------
    source
        `realpath` of the source; empty for an object.
    element
        Its path in the source, empty for the tree of elements; of an object its name.
    options
        Empty, `user <uid>` for what a shared folder keeps from others, or `object`.
    """
    text = f"{source}\0{element}\0{options}".encode("utf-8", "surrogateescape")
    return _base32(hashlib.sha256(text).digest(), _IDENTITY)


def object_name(name: str) -> str:
    """The name of an object's part: it has one for ever."""
    version = hashlib.sha256(b"object" + struct.pack("<i", FORMAT_VERSION)).digest()
    return f"{identity_of('', name, 'object')}.{_base32(version, _VERSION)}"


def hash_of(name: str) -> int:
    """60 bits that stand for a name: its slot of the board."""
    return _number(name[:_HASHED]) ^ _number(name[_IDENTITY + 1:_IDENTITY + 1 + _HASHED])


def _number(digits: str) -> int:
    number = 0
    for digit in digits:
        number = number << 5 | _DIGIT[digit]
    return number


def _base32(digest: bytes, length: int) -> str:
    bits = int.from_bytes(digest, "big")
    top = 8 * len(digest) - 5
    return "".join([_ALPHABET[bits >> top - 5 * i & 31] for i in range(length)])
