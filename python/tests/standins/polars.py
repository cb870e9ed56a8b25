"""Stands in for polars where it is not installed: the file must be there, and be Arrow's."""

from __future__ import annotations


def read_ipc(path, memory_map):
    with open(path, "rb") as file:
        assert file.read(6) == b"ARROW1"
    return path
