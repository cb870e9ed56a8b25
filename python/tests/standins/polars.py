"""Stands in for polars where it is not installed: takes an Arrow stream, and a path of a file that must be Arrow's."""

from __future__ import annotations


def DataFrame(data):
    return data.__arrow_c_stream__()


def scan_ipc(path):
    with open(path, "rb") as file:
        assert file.read(6) == b"ARROW1"
    return path
