"""Parts as Arrow libraries of this process take them, over the mapping itself."""

from __future__ import annotations

from .._errors import ElementNotFound
from .._store.parts import Layout, Part, offsets_dtype
from .carrays import NULLABLE, ORDERED, Node, schema_capsule, stream_capsule, sweep

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Iterable

_FORMATS = {"bool": "C", "int8": "c", "uint8": "C", "int16": "s", "uint16": "S", "int32": "i", "uint32": "I", "int64": "l", "uint64": "L",
            "float16": "e", "float32": "f", "float64": "g"}
_COMPLEX = {"complex64": "f", "complex128": "g"}


class ArrowElement:
    """An element as Arrow: a table of one batch over shared memory, for `pyarrow.table`, `polars.DataFrame`, DuckDB and others.

    It has `__arrow_c_stream__` and `__arrow_c_schema__` (the Arrow PyCapsule interface), so whatever takes "Arrow data" takes it.
    Nothing is copied. The part stays pinned for as long as this object, or anything that was imported from it, lives; it pickles
    by handle.

    Columns are those of docs/part-format.md: of a dataframe its columns, the row names first; of a matrix one column, of a dense
    one `fixed_size_list`, of a sparse one lists of (index, value).

    Attributes
    ----------
    part : str
        Path of the Arrow IPC file that holds it.
    """

    __slots__ = ("_columns", "_part")

    def __init__(self, part: Part, columns: Iterable[str] | None = None) -> None:
        self._part = part
        present = {column["name"]: column for column in part.layout["columns"]}
        wanted = list(present if columns is None else columns)
        absent = [name for name in wanted if name not in present]
        if absent:
            raise ElementNotFound(f"'{part.layout['element']}' has no column '{absent[0]}'. It has: {', '.join(list(present)[:40])}.")
        self._columns: list[Layout] = [present[name] for name in wanted]

    @property
    def part(self) -> str:
        """Path of the Arrow IPC file that holds it."""
        return self._part.file

    @property
    def shape(self) -> tuple[int, ...]:
        """All axes; of a dataframe (rows, columns without the row names)."""
        shape = self._part.layout["shape"]
        if self._part.layout["kind"] != "frame":
            return tuple(shape)
        return shape[0], len([name for name in self.column_names if name != self._part.layout.get("index")])

    @property
    def column_names(self) -> list[str]:
        """Names of the table's columns."""
        return [column["name"] for column in self._columns]

    def __arrow_c_schema__(self) -> Any:
        """A capsule of an `ArrowSchema`."""
        return schema_capsule(self._table())

    def __arrow_c_stream__(self, requested_schema: Any = None) -> Any:
        """A capsule of an `ArrowArrayStream`. A requested schema is not followed, as the interface permits: nothing is converted."""
        return stream_capsule(self._table(), self._part)

    def __repr__(self) -> str:
        layout = self._part.layout
        return f"ArrowElement '{layout['element']}', {layout['kind']}, {' × '.join(map(str, self.shape))}: {', '.join(self.column_names)}"

    def __reduce__(self) -> tuple[Any, ...]:
        return ArrowElement, (self._part.origin, self.column_names)

    def __del__(self) -> None:
        sweep()

    def _table(self) -> Node:
        layout = self._part.layout
        columns = [_column(self._part, column) for column in self._columns]
        if layout["kind"] in ("dense", "csr", "csc"):
            columns[0].metadata = {"shape": f"[{','.join(map(str, layout['shape']))}]", "kind": layout["kind"]}
        return Node("+s", "", columns[0].length if columns else layout["shape"][0], [0], columns)


def _column(part: Part, column: Layout) -> Node:
    node = _values(part, column)
    validity = _at(part, column, "validity")
    if column.get("categories") is not None:
        node = Node(_FORMATS[column["dtype"]], column["name"], column["rows"], [validity, _at(part, column, "values")])
        node.dictionary = _column(part, column["categories"])
        node.flags = NULLABLE | (ORDERED if column.get("ordered") else 0)
    elif validity:
        node.buffers[0], node.flags = validity, NULLABLE
    node.nulls = column.get("null_count", -1) if validity else 0
    return node


def _values(part: Part, column: Layout) -> Node:
    kind, name, rows = column["kind"], column["name"], column["rows"]
    values, offsets = _at(part, column, "values"), _at(part, column, "offsets")
    if kind == "bool":
        return Node("b", name, rows, [0, values])
    if kind in ("string", "json", "bytes"):
        return Node("Z" if kind == "bytes" else "U", name, rows, [0, offsets, values])
    if kind == "list":
        items = _column(part, column["items"])
        items.name = "item"
        return Node("+L", name, rows, [0, offsets], [items])
    if kind == "sparse":
        entries = column["values"][1] // _size(column["dtype"]) if column.get("values") else 0
        pair = [_numbers("index", column["index_dtype"], entries, 1, _at(part, column, "indices")),
                _numbers("value", column["dtype"], entries, 1, values)]
        return Node("+l" if offsets_dtype(column) == "int32" else "+L", name, rows, [0, offsets], [Node("+s", "item", entries, [0], pair)])
    return _numbers(name, column["dtype"], rows, column.get("width", 1), values)


def _numbers(name: str, dtype: str, rows: int, width: int, values: int) -> Node:
    """Numbers in rows of one value are primitive; more are a fixed_size_list; complex ones are pairs of floats."""
    plain = _COMPLEX.get(dtype)
    width *= 2 if plain else 1
    primitive = plain or _FORMATS[dtype]
    if width == 1 and not plain:
        return Node(primitive, name, rows, [0, values])
    return Node(f"+w:{width}", name, rows, [0], [Node(primitive, "item", rows * width, [0, values])])


def _at(part: Part, column: Layout, buffer: str) -> int:
    """Address of a buffer; 0 where the column has none."""
    offset, length = column.get(buffer) or (0, 0)
    return part.address + offset if length else 0


def _size(dtype: str) -> int:
    import numpy as np
    return np.dtype(dtype).itemsize
