"""The file `control` of a tier: what all processes count together. Losable: nothing here decides what is there.

The executable makes the file; a process that cannot map it goes without. Stores are plain: of two at once one is lost,
which costs a count of use and never a byte of data.
"""

from __future__ import annotations

import mmap
import os
import struct

from .names import hash_of

_MAGIC = 0x31_4C_52_54_43_43_44_41  # "ADCCTRL1"
_HEADER_WORDS, _SLOTS = 512, 1 << 16
_BYTES = 8 * (_HEADER_WORDS + _SLOTS)
_PRESSURE, _CLOCK, _HITS = 2, 3, 8
_MEGABYTE, _LEAST_MEGABYTES = 1e6, 0.001
_LARGEST_SCORE = 3.4028234663852886e38
_USE = struct.Struct("<fBBH")
_UNKNOWN_COST = 160
"""Of a part of which nothing is known: about a second, as 16 × log2(seconds × 1024)."""


class Board:
    """The mapped control file of one tier."""

    __slots__ = ("_clock", "_words")

    def __init__(self, mapping: mmap.mmap) -> None:
        self._words = memoryview(mapping).cast("Q")
        self._clock = memoryview(mapping).cast("d")

    @classmethod
    def open(cls, folder: int, group: int | None) -> Board | None:
        """The board of the folder that is open, or None where it cannot be shared."""
        try:
            descriptor = os.open("control", os.O_RDWR | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=folder)
        except OSError:
            return None
        try:
            stat = os.fstat(descriptor)
            trusted = stat.st_uid == os.geteuid() if group is None else stat.st_gid == group
            if not trusted or stat.st_size < _BYTES or stat.st_blocks * 512 < _BYTES:  # a store into a hole may be SIGBUS
                return None
            board = cls(mmap.mmap(descriptor, _BYTES))
            return board if board._words[0] == _MAGIC else None
        except OSError:
            return None
        finally:
            os.close(descriptor)

    @property
    def pressure(self) -> int:
        """Moves when some process has found no room: whoever keeps parts without using them gives them up."""
        return self._words[_PRESSURE]

    def count_hit(self, name: str, length: int) -> None:
        """A part was mapped: it is worth more to the eviction policy (docs/eviction.md)."""
        self._words[_HITS] = self._words[_HITS] + 1 & 0x7FFF_FFFF_FFFF_FFFF
        number = hash_of(name)
        slot, tag = _HEADER_WORDS + number % _SLOTS, number >> 16 & 0xFFFF | 1
        _, hits, cost, found = _USE.unpack(self._words[slot].to_bytes(8, "little"))
        if found != tag:
            hits, cost = 1, _UNKNOWN_COST
        hits = min(hits + 1, 255)
        clock = self._clock[_CLOCK]
        seconds = 2 ** (cost / 16) / 1024
        score = (clock if 0 <= clock < _LARGEST_SCORE else 0.0) + hits * seconds / max(length / _MEGABYTE, _LEAST_MEGABYTES)
        self._words[slot] = int.from_bytes(_USE.pack(min(score, _LARGEST_SCORE), hits, cost, tag), "little")
