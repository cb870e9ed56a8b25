"""One part: its layout, read by `pread` and checked against the file, over its mapping.

A part is hostile until it is checked: every range lies inside the file, and every length is the one that the rows imply.
What the bytes then say (codes, offsets) is checked by whoever uses them.
"""

from __future__ import annotations

import json
import mmap
import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    import numpy as np

    Layout = dict[str, Any]
else:
    Layout = dict  # what the JSON says; docs/part-format.md has the table

_MAGIC, _MARKER = b"ARROW1", b'{"anndata_cache":'
_ENDING = 10
_TAIL = 8192
_MAX_FOOTER = 64 << 20
_MAX_DEPTH = 16
_ALIGNMENT = 64
_decode = json.JSONDecoder().raw_decode
_WITHOUT_DESCRIPTOR: Any = {"trackfd": False} if sys.version_info >= (3, 13) else {}

_SIZES = {
    "bool": 1, "int8": 1, "uint8": 1, "int16": 2, "uint16": 2, "float16": 2, "int32": 4, "uint32": 4, "float32": 4,
    "int64": 8, "uint64": 8, "float64": 8, "complex64": 8, "complex128": 16,
}
_CODES = ("int8", "int16", "int32")
_INDICES = ("uint8", "uint16", "int32", "int64")


class DamagedPart(Exception):
    """Not a part, or one that says what cannot be."""


class Origin:
    """What names one part for all processes. It pins nothing; what unpickles it gets the part, pinned.

    Attributes
    ----------
    words : tuple
        Source, element and version: the end of its name, which says the version of the source; of an object, whose name is given
        to others, which file it is.
    """

    __slots__ = ("words",)

    def __init__(self, name: str, layout: Layout, stamp: tuple[int, int, int]) -> None:
        version: str | tuple[int, int, int] = name[name.index(".") + 1:] if layout.get("object") is None else stamp
        self.words: tuple[str, str, str | tuple[int, int, int]] = layout["source"], layout["element"], version

    def __reduce__(self) -> tuple[Any, ...]:
        from .._sent import part
        return part, self.words


class Part(mmap.mmap):
    """A pinned part: the mapping keeps its file's shared lock, and arrays over it keep the mapping.

    Attributes
    ----------
    name, tier, file
        File name, kind of tier, and path.
    layout
        The checked layout.
    stamp
        Device, inode and ctime of the file: tells an object's part from the one that replaced it.
    owner
        Number of the user whose file it is.
    """

    name: str
    tier: str
    file: str
    layout: Layout
    stamp: tuple[int, int, int]
    owner: int
    _origin: Origin | None = None

    def __new__(cls, descriptor: int, length: int) -> Part:
        return super().__new__(cls, descriptor, length, prot=mmap.PROT_READ, **_WITHOUT_DESCRIPTOR)  # type: ignore[call-arg]

    @property
    def origin(self) -> Origin | None:
        """What names it for other processes; None of a part that was made of another one: nobody can be asked to make it again."""
        if self._origin is None and not self.layout.get("derived"):
            self._origin = Origin(self.name, self.layout, self.stamp)
        return self._origin

    @property
    def address(self) -> int:
        """Where the mapping begins in this process's memory."""
        import numpy as np
        return int(np.frombuffer(self, np.uint8, 1).__array_interface__["data"][0])

    def array(self, column: Layout, buffer: str, dtype: Any) -> np.ndarray[Any, Any]:
        """One buffer of a column as a read-only array over the mapping; empty where the column has none."""
        import numpy as np
        offset, length = column.get(buffer, (0, 0))
        kind = np.dtype(dtype)
        return np.frombuffer(self, kind, length // kind.itemsize, offset)

    def text(self, column: Layout) -> bytes:
        """The bytes of a column of one text."""
        offset, length = column["values"]
        return self[offset:offset + length]


def read_layout(descriptor: int, length: int) -> Layout:
    """The layout of a part that is open, by `pread`: touching the mapping here would cost page faults.

    Raises
    ------
    DamagedPart
        The message says which rule is broken.
    """
    tail = os.pread(descriptor, _TAIL, max(0, length - _TAIL))
    if length < 24 or not tail.endswith(_MAGIC):
        raise DamagedPart(f"the file has {length:,} bytes and does not end as a part does")
    footer = int.from_bytes(tail[-_ENDING:-6], "little", signed=True)
    if not 0 < footer <= min(_MAX_FOOTER, length - _ENDING):
        raise DamagedPart(f"its footer has {footer:,} bytes")
    if footer > len(tail) - _ENDING:
        tail = os.pread(descriptor, footer, length - _ENDING - footer)
    start = tail.rfind(_MARKER)
    if start < 0:
        raise DamagedPart("it is an Arrow file without a layout")
    try:
        layout: Layout = _decode(tail[start:].decode("utf-8", "replace"))[0]
        check(layout, length - _ENDING - footer)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise DamagedPart(f"its layout cannot be read: {error!r}") from error
    return layout


def check(layout: Layout, end: int) -> None:
    """Raise DamagedPart where the layout breaks a rule; `end` is where the buffers must end."""
    if layout["anndata_cache"] != 1:
        raise DamagedPart(f"it has format version {layout['anndata_cache']}; 1 is read")
    kind, shape, columns = layout["kind"], layout["shape"], layout["columns"]
    if not (isinstance(layout["element"], str) and isinstance(layout["source"], str)):
        raise DamagedPart("it names no element and source")
    if any(type(axis) is not int or axis < 0 for axis in shape):
        raise DamagedPart(f"its shape is {shape}")
    for column in columns:
        _check_column(column, end, 0)
    fits = _FITS.get(kind)
    if fits is None or not fits(shape, columns):
        raise DamagedPart(f"its columns are not those of kind '{kind}' and shape {shape}")


def offsets_dtype(column: Layout) -> str:
    """Type of a sparse column's offsets: that of its indices, but of a twin one of its own."""
    return column.get("offsets_dtype") or column["index_dtype"]


def _check_column(column: Layout, end: int, depth: int) -> None:
    name, kind, rows, width = column["name"], column["kind"], column["rows"], column.get("width", 1)
    if type(rows) is not int or type(width) is not int or rows < 0 or width < 0 or depth > _MAX_DEPTH:
        raise DamagedPart(f"column '{name}' has {rows} rows of width {width}")
    lengths = []
    for buffer in ("validity", "offsets", "indices", "values"):
        offset, length = column.get(buffer) or (0, 0)
        if type(offset) is not int or type(length) is not int or offset < 0 or length < 0 or offset + length > end or offset % _ALIGNMENT:
            raise DamagedPart(f"column '{name}' has {length} bytes of {buffer} at {offset} in {end}")
        lengths.append(length)
    validity, offsets, indices, values = lengths
    if validity not in (0, (rows + 7) // 8) or not 0 <= column.get("null_count", 0) <= (rows if validity else 0):
        raise DamagedPart(f"column '{name}' has {validity} bytes of validity for {rows} rows")
    if (offsets, indices, values) != _lengths_of(column, kind, rows, width, values, end, depth):
        raise DamagedPart(f"column '{name}' of kind '{kind}' with {rows} rows has buffers of {offsets}, {indices} and {values} bytes")


def _lengths_of(column: Layout, kind: str, rows: int, width: int, values: int, end: int, depth: int) -> tuple[int, int, int]:
    """Bytes that offsets, indices and values must have."""
    categories = column.get("categories")
    if kind == "categorical" or (kind == "string" and categories is not None):
        if categories is None:
            raise DamagedPart(f"column '{column['name']}' has no categories")
        _check_column(categories, end, depth + 1)
        if column["dtype"] not in _CODES or categories.get("categories") is not None:
            raise DamagedPart(f"column '{column['name']}' has codes of {column['dtype']}")
        return 0, 0, rows * _SIZES[column["dtype"]]
    if kind == "number":
        return 0, 0, rows * width * _SIZES[column["dtype"]]
    if kind == "bool":
        return 0, 0, (rows + 7) // 8
    if kind in ("string", "json", "bytes"):
        return (rows + 1) * 8, 0, values
    if kind == "list":
        _check_column(column["items"], end, depth + 1)
        return (rows + 1) * 8, 0, 0
    if kind == "sparse" and column["index_dtype"] in _INDICES and offsets_dtype(column) in ("int32", "int64"):
        index = _SIZES[column["index_dtype"]]
        entries = values // _SIZES[column["dtype"]]
        return (rows + 1) * _SIZES[offsets_dtype(column)], entries * index, entries * _SIZES[column["dtype"]]
    raise DamagedPart(f"column '{column['name']}' is of no known kind")


def _product(shape: list[int]) -> int:
    product = 1
    for axis in shape:
        product *= axis
    return product


def _is_plain(column: Layout) -> bool:
    return column["kind"] in ("number", "bool", "string", "categorical")


def _is_list(column: Layout) -> bool:
    return column["kind"] == "list" and (_is_plain(column["items"]) or _is_list(column["items"]))


def _is_sparse(shape: list[int], columns: list[Layout], axis: int) -> bool:
    return len(columns) == 1 and columns[0]["kind"] == "sparse" and len(shape) == 2 and columns[0]["rows"] == shape[axis]


_FITS: dict[str, Any] = {
    "dense": lambda shape, columns: len(columns) == 1 and columns[0]["kind"] == "number" and len(shape) > 0
    and columns[0]["rows"] == shape[0] and columns[0].get("width", 1) == _product(shape[1:]),
    "csr": lambda shape, columns: _is_sparse(shape, columns, 0),
    "csc": lambda shape, columns: _is_sparse(shape, columns, 1),
    "frame": lambda shape, columns: len(shape) == 2 and all(_is_plain(column) and column["rows"] == shape[0] for column in columns),
    "records": lambda shape, columns: all(_is_plain(column) and column["rows"] == _product(shape) for column in columns),
    "column": lambda shape, columns: len(columns) == 1 and (_is_plain(columns[0]) or _is_list(columns[0])),
    "json": lambda shape, columns: len(columns) == 1 and columns[0]["kind"] == "json" and columns[0]["rows"] == 1,
    "pickle": lambda shape, columns: len(columns) > 0 and all(column["kind"] == "bytes" and column["rows"] == 1 for column in columns),
}
"""What kind, shape and columns must say of each other."""
