"""The version of a folder as a source, such as a Zarr store: the stats of the entries in it that count (docs/sharing.md, "Names").

An entry that is added, removed or renamed changes the times of its folder. So while the entries that were found before look
as they did, nothing has to be listed again.
"""

from __future__ import annotations

import hashlib
import os
import struct

MAX_ENTRIES = 4096
"""A folder with more entries is known by its metadata and folders, and by at most so many of those."""

_METADATA = (".zarray", ".zattrs", ".zgroup", ".zmetadata", "zarr.json")
_RECORD = struct.Struct("<Qqqq")
_TIMES = struct.Struct("<qq")
_MAX_KNOWN = 64

_Entry = tuple[str, bytes]
"""Path below the folder, and what the kernel says of it."""

_known: dict[tuple[str, bool], list[_Entry]] = {}


def observe_folder(path: str, every_file: bool) -> tuple[int, int, int]:
    """The number of entries that count, and the first 16 bytes of the hash of their stats as two numbers."""
    entries = _known.get((path, every_file))
    if entries is None or any(_look(path, name) != record for name, record in entries):
        entries = _walk(path, True, 1 << 62 if every_file else MAX_ENTRIES) or _walk(path, False, MAX_ENTRIES)
        if not entries:
            raise FileNotFoundError(2, "it went while it was looked at", path)
        while len(_known) >= _MAX_KNOWN:
            _known.pop(next(iter(_known)), None)
        _known[path, every_file] = entries
    digest = hashlib.sha256(b"".join(name.encode() + b"\0" + (record or b"") for name, record in entries)).digest()
    first, second = _TIMES.unpack_from(digest)
    return len(entries), first, second


def modes_of(path: str, every_file: bool) -> list[tuple[int, int]]:
    """Mode and group of each entry that counted when the folder was observed last."""
    paths = [os.path.join(path, name) for name, _ in _known.get((path, every_file), [])]
    stats = [os.lstat(entry) for entry in paths if os.path.lexists(entry)]
    return [(stat.st_mode, stat.st_gid) for stat in stats]


def _look(path: str, name: str) -> bytes | None:
    try:
        stat = os.lstat(f"{path}/{name}" if name else path)
    except OSError:
        return None
    return _RECORD.pack(stat.st_ino, stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns)


def _walk(path: str, whole: bool, most: int) -> list[_Entry]:
    """The entries that count, folder by folder from the top; none when a whole walk finds too many."""
    entries: list[_Entry] = []
    folders = [""]
    root = _look(path, "")
    if root is not None:
        entries.append(("", root))
    for folder in folders:
        for name, is_folder in _list(os.path.join(path, folder), whole, most):
            entry = f"{folder}/{name}" if folder else name
            if len(entries) == most:
                return [] if whole else entries
            record = _look(path, entry)
            if record is not None:
                entries.append((entry, record))
                if is_folder:
                    folders.append(entry)
    return entries


def _list(path: str, whole: bool, most: int) -> list[tuple[str, bool]]:
    """Names in the order of their bytes, and which are folders."""
    if not whole:
        if os.path.isfile(f"{path}/.zarray"):  # chunks lie beside it
            return [(name, False) for name in _METADATA if os.path.isfile(f"{path}/{name}")]
        if not os.path.isfile(f"{path}/zarr.json") and not os.path.isfile(f"{path}/.zgroup"):
            return []
    names: list[tuple[str, bool]] = []
    try:
        with os.scandir(path) as entries:
            for entry in entries:
                is_folder = entry.is_dir(follow_symlinks=False)
                if _is_text(entry.name) and (whole or is_folder or entry.name in _METADATA):
                    names.append((entry.name, is_folder))
                    if whole and len(names) > most:
                        break
    except OSError:
        return []
    return sorted(names, key=lambda entry: entry[0].encode())


def _is_text(name: str) -> bool:
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return "\ufffd" not in name
