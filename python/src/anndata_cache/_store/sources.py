"""Which version of a source this is, by what the kernel says: a file's stat, or those of what is in a folder (a Zarr store).

Of a folder the version is made of its own device and inode, of the number of entries that count, and of the hash of their
stats. An entry that is added, removed or renamed changes the times of its folder: so the entries that were found first are
looked at again, and nothing is listed twice.
"""

from __future__ import annotations

import collections
import hashlib
import os
import stat as modes
import struct

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Optional

Stamp = tuple[int, int, int, int, int]
"""Device, inode, size, mtime and ctime of a source: what its version is made of."""

_MAX_ENTRIES = 4096
"""A folder with more entries is known by its metadata and folders, and by at most so many of those, unless all are wanted."""

_EVERYTHING = 1 << 62
_METADATA = (".zarray", ".zattrs", ".zgroup", ".zmetadata", "zarr.json")
_TYPE, _FOLDER = 0o170000, 0o040000
_READ_BITS, _GROUP_READ = 0o444, 0o040
_RECORD, _TIMES = struct.Struct("<Qqqq"), struct.Struct("<qq")

Entry = tuple[str, os.stat_result]
_folders: dict[str, tuple[Stamp, list[Entry]]] = {}
_MAX_FOLDERS = 64


def observe(path: str, every_file: bool = False) -> Stamp:
    """What the kernel says of a source now, looked at each time anything is asked of it: of a file, one call of `stat`.

    Parameters
    ----------
    path
        A file, a folder, or a path that goes on inside a zip.
    every_file
        Whether all entries of a folder count, however many there are.
    """
    try:
        stat = os.stat(path)
    except NotADirectoryError:
        stat = _zip_of(path)
    if stat.st_mode & _TYPE == _FOLDER:
        return _observe_folder(path, every_file)
    return stat.st_dev, stat.st_ino, stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns


def permissions_of(path: str, every_file: bool = False) -> tuple[int, int]:
    """Mode and group: of a folder, those that hold for all that it is made of."""
    try:
        stat = os.stat(path)
    except NotADirectoryError:
        stat = _zip_of(path)
    if not modes.S_ISDIR(stat.st_mode):
        return stat.st_mode, stat.st_gid
    mode = stat.st_mode
    for _, entry in _entries_of(path, every_file):
        mode &= entry.st_mode | ~_READ_BITS
        if entry.st_gid != stat.st_gid:
            mode &= ~_GROUP_READ
    return mode, stat.st_gid


def _observe_folder(path: str, every_file: bool) -> Stamp:
    known = _folders.get(path)
    if known is not None and _is_current(path, known[1]):
        return known[0]
    entries = _entries_of(path, every_file)
    stamp = _combined(entries)
    while len(_folders) >= _MAX_FOLDERS:
        _folders.pop(next(iter(_folders)), None)
    _folders[path] = stamp, entries
    return stamp


def _zip_of(path: str) -> os.stat_result:
    """What is inside a zip is, for the kernel, a path that goes on behind a file."""
    file = path
    while file:
        file = file[:max(file.rfind("/"), 0)]
        try:
            stat = os.stat(file)
        except (FileNotFoundError, NotADirectoryError):
            continue
        if modes.S_ISREG(stat.st_mode):
            return stat
        break
    raise FileNotFoundError(path)


def _is_current(path: str, entries: list[Entry]) -> bool:
    try:
        root = os.open(path, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        return all(_same(entry, os.stat(name, dir_fd=root, follow_symlinks=False) if name else os.stat(root)) for name, entry in entries)
    except OSError:
        return False
    finally:
        os.close(root)


def _same(one: os.stat_result, other: os.stat_result) -> bool:
    return (one.st_mtime_ns == other.st_mtime_ns and one.st_ctime_ns == other.st_ctime_ns and one.st_size == other.st_size
            and one.st_ino == other.st_ino and one.st_dev == other.st_dev)


def _entries_of(path: str, every_file: bool) -> list[Entry]:
    root = os.open(path, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        found = _walk(root, path, True, _EVERYTHING if every_file else _MAX_ENTRIES)
        return found if found is not None else _walk(root, path, False, _MAX_ENTRIES) or []
    finally:
        os.close(root)


def _walk(root: int, path: str, is_whole: bool, most: int) -> Optional[list[Entry]]:
    """The entries that count, folder by folder from the top, those of a folder in the order of their bytes.

    None when a whole walk finds more than so many; one that is not whole stops there.
    """
    entries: list[Entry] = [("", os.stat(root))]
    folders = collections.deque([""])
    while folders:
        folder = folders.popleft()
        for name, is_folder in _list(os.path.join(path, folder), is_whole):
            if len(entries) == most:
                return None if is_whole else entries
            entry = f"{folder}/{name}" if folder else name
            try:
                entries.append((entry, os.stat(entry, dir_fd=root, follow_symlinks=False)))
            except OSError:
                continue
            if is_folder:
                folders.append(entry)
    return entries


def _list(path: str, is_whole: bool) -> list[tuple[str, bool]]:
    if not is_whole:
        present = [name for name in _METADATA if os.path.isfile(os.path.join(path, name))]
        if ".zarray" in present:  # the chunks of an array of version 2 lie beside its metadata
            return sorted((name, False) for name in present)
        if "zarr.json" not in present and ".zgroup" not in present:
            return []
    try:
        with os.scandir(path) as listed:
            names = [(one.name, one.is_dir(follow_symlinks=False)) for one in listed]
    except OSError:
        return []
    kept = [(name, is_folder) for name, is_folder in names if _is_text(name) and (is_whole or is_folder or name in _METADATA)]
    return sorted(kept, key=lambda one: one[0].encode())


def _is_text(name: str) -> bool:
    return "\ufffd" not in name and not any("\udc80" <= letter <= "\udcff" for letter in name)


def _combined(entries: list[Entry]) -> Stamp:
    digest = hashlib.sha256()
    for path, stat in entries:
        digest.update(path.encode() + b"\0" + _RECORD.pack(stat.st_ino, stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns))
    modified, changed = _TIMES.unpack(digest.digest()[:_TIMES.size])
    root = entries[0][1]
    return root.st_dev, root.st_ino, len(entries), modified, changed
