"""The look-up table of a dataframe's column, a part that the first asker of the machine has made: names in the order of their bytes."""

from __future__ import annotations

from .._elements import element_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .._store.parts import Part
    from .._store.store import Source


def table_of(source: Source, path: str, column: str | None) -> Part | None:
    """The table of a column, by default of the index, where a tier has it; None where names must be looked at one by one."""
    frame = source.part(element_of(source, path).part)
    name = frame.layout.get("index") if column is None else column
    return source.derived(frame.layout["element"], f"lookup {name}") if name is not None else None


def row_of(table: Part, name: str) -> int | None:
    """The row that has the name; None where there is none, or more than one."""
    names, rows = table.layout["columns"]
    numbers = table.array(rows, "values", rows["dtype"])
    offsets, (base, _) = table.array(names, "offsets", "int64"), names["values"]
    wanted = name.encode()

    def at(entry: int) -> bytes:
        return table[base + int(offsets[entry]):base + int(offsets[entry + 1])]

    low, high = 0, len(numbers)
    while low < high:
        middle = (low + high) // 2
        if at(middle) < wanted:
            low = middle + 1
        else:
            high = middle
    if low == len(numbers) or at(low) != wanted or (low + 1 < len(numbers) and at(low + 1) == wanted):
        return None
    return int(numbers[low])
