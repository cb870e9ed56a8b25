"""What a part is called: `identity "." version`, so that a source that changes has other names (docs/sharing.md, "Names")."""

from __future__ import annotations

import hashlib
import os
import struct

from .sources import Stamp

FORMAT_VERSION = 1
_ALPHABET = "abcdefghijklmnopqrstuvwxyz234567"
_AS_BASE_32 = str.maketrans(_ALPHABET, "0123456789abcdefghijklmnopqrstuv")
_IDENTITY, _VERSION, _HASHED = 26, 13, 12
_VERSION_WORDS = struct.Struct("<QQqqqi")

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


def stands_for(name: str, layout: dict[str, object], owner: int) -> bool:
    """Whether a name stands for what a layout says that its part is: files that have changed places are found out.

    Parameters
    ----------
    name
        Of the part's file.
    layout
        In it.
    owner
        Who made the part: its name says so where others may not read the source.
    """
    source, element = str(layout["source"]), str(layout["element"])
    options = "object" if layout.get("object") is not None else str(layout.get("derived") or "")
    identity = name[:_IDENTITY]
    return (identity == identity_of(source, element, options)
            or identity == identity_of(source, element, f"{options} user {owner}".lstrip()))


def hash_of(name: str) -> int:
    """60 bits that stand for a name: its slot of the board."""
    return _number(name[:_HASHED]) ^ _number(name[_IDENTITY + 1:_IDENTITY + 1 + _HASHED])


def _number(digits: str) -> int:
    return int(digits.translate(_AS_BASE_32), 32)


def _base32(digest: bytes, length: int) -> str:
    bits = int.from_bytes(digest, "big")
    top = 8 * len(digest) - 5
    return "".join([_ALPHABET[bits >> top - 5 * i & 31] for i in range(length)])
