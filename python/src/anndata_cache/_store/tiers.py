"""The folder of a tier, used by descriptor, and a hit in it (docs/sharing.md, "A hit").

What a hit keeps
    The mapping keeps the open file description, and with it the shared lock: the mapping is the pin, `munmap` unpins.
    LOCK_UN is never called: it would drop the lock of the description, which a forked parent shares (S6).
    A file whose link count is 0 was evicted between open and lock: start again (S3).
    A file that its owner may write and that the name does not lead to is the temporary of another part: start again (S7).
"""

from __future__ import annotations

import fcntl
import os
import stat as modes

from .._errors import StoreUnusable
from .board import Board
from .names import stands_for
from .parts import DamagedPart, Part, read_layout
from .settings import TierSettings

_MAX_TRIES = 8
"""An evictor holds a part's lock for microseconds: after so many tries its holder is hostile, and the answer is a miss."""

_OPEN_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_OPEN_PART = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


class Tier:
    """One tier, opened when its folder is there. Inherited by `fork` as it is."""

    __slots__ = ("_board", "_parts", "_root", "settings")

    def __init__(self, settings: TierSettings) -> None:
        self.settings = settings
        self._root = self._parts = -1
        self._board: Board | None = None

    @property
    def board(self) -> Board | None:
        """What processes count together, once some process has made it."""
        if self._board is None and self._open():
            self._board = Board.open(self._root, self.settings.group)
        return self._board

    def reopen(self) -> None:
        """Forget the folder where it is no longer the one at its path: somebody has removed and remade it."""
        try:
            if self._root >= 0 and os.path.samestat(os.fstat(self._root), os.lstat(self.settings.folder)):
                return
        except OSError:
            pass
        self.close()

    def close(self) -> None:
        """Close the descriptors; pins live on."""
        for descriptor in (self._root, self._parts):
            if descriptor >= 0:
                os.close(descriptor)
        self._root = self._parts = -1
        self._board = None

    def contains(self, name: str) -> bool:
        """Whether the part is there now. Nothing is pinned."""
        try:
            return self._open() and modes.S_ISREG(os.stat(name, dir_fd=self._parts, follow_symlinks=False).st_mode)
        except OSError:
            return False

    def stamp_of(self, name: str) -> tuple[int, int, int] | None:
        """Which file has the name now."""
        try:
            stat = os.stat(name, dir_fd=self._parts, follow_symlinks=False) if self._open() else None
        except OSError:
            return None
        return (stat.st_dev, stat.st_ino, stat.st_ctime_ns) if stat else None

    def pin(self, name: str, count: bool = True) -> Part | None:
        """Map a part; None when it is not there, or not one to trust.

        Parameters
        ----------
        name
            The part's name.
        count
            Whether this is a use that the eviction policy should know of.
        """
        if not self._open():
            return None
        for _ in range(_MAX_TRIES):
            try:
                descriptor = os.open(name, _OPEN_PART, dir_fd=self._parts)
            except OSError:
                return None
            try:
                fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
                stat = os.fstat(descriptor)
                if stat.st_nlink == 0:  # S3
                    continue
                if stat.st_mode & 0o200 and self.stamp_of(name) != (stat.st_dev, stat.st_ino, stat.st_ctime_ns):  # S7: no part
                    continue
                return self._map(name, descriptor, stat, count)
            except BlockingIOError:
                os.sched_yield()  # an evictor has it: it will be gone, or free again
            finally:
                os.close(descriptor)
        return None

    def _map(self, name: str, descriptor: int, stat: os.stat_result, count: bool) -> Part | None:
        if not self._is_ours(stat):
            return None
        try:
            layout = read_layout(descriptor, stat.st_size)
            if not stands_for(name, layout, stat.st_uid):
                return None
        except DamagedPart:
            return None  # a miss: the executable drops it and decodes again
        try:
            part = Part(descriptor, stat.st_size)
        except OSError as error:
            raise StoreUnusable(f"A part of {stat.st_size:,} bytes cannot be mapped: {error.strerror}. See 'ulimit -a'.") from error
        part.name, part.tier, part.layout = name, self.settings.kind, layout
        part.file = f"{self.settings.folder}/parts/{name}"
        part.stamp, part.owner = (stat.st_dev, stat.st_ino, stat.st_ctime_ns), stat.st_uid
        if count and (board := self.board) is not None:
            board.count_hit(name, stat.st_size)
        return part

    def _open(self) -> bool:
        if self._parts >= 0:
            return True
        try:
            root = os.open(self.settings.folder, _OPEN_FOLDER)
        except FileNotFoundError:
            return False
        except OSError as error:
            raise StoreUnusable(f"The folder '{self.settings.folder}' cannot be used: {error.strerror}. Correct or remove it.") from error
        try:
            self._check_folder(self.settings.folder, os.fstat(root))
            parts = os.open("parts", _OPEN_FOLDER, dir_fd=root)
        except OSError as error:
            os.close(root)
            if isinstance(error, FileNotFoundError):
                return False
            raise
        self._root, self._parts = root, parts
        return True

    def _check_folder(self, path: str, stat: os.stat_result) -> None:
        """Afterwards only names below the open descriptor are used, whatever the path leads to later."""
        user, group = os.geteuid(), self.settings.group
        if group is None:
            trusted, wanted = stat.st_uid == user and not stat.st_mode & 0o022, f"user {user}"
        else:
            trusted, wanted = stat.st_gid == group and not stat.st_mode & 0o002, f"group {group}"
        if not trusted:
            raise StoreUnusable(
                f"The folder '{path}' belongs to user {stat.st_uid}, group {stat.st_gid}, with mode {modes.S_IMODE(stat.st_mode):o}; "
                f"it must belong to {wanted} and be writable by nobody else. Remove it, correct it, or choose another folder.")

    def _is_ours(self, stat: os.stat_result) -> bool:
        owned = stat.st_uid == os.geteuid() or (self.settings.group is not None and stat.st_gid == self.settings.group)
        return owned and modes.S_ISREG(stat.st_mode) and not stat.st_mode & 0o022
