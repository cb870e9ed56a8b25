"""Elements of one version of a source: the tree of them, and the value of each."""

from __future__ import annotations

import contextlib
import json
import sys
import warnings

from ._errors import ElementNotFound, ElementUnreadable

if "numpy" in sys.modules:
    # What any ask needs is there before the first one, and before a server forks. Where nobody has numpy yet, importing this
    # package must not be what waits for it.
    from ._values import frames as frames, matrices as matrices

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Iterable, Iterator, TypeVar

    import pandas

    from ._store.parts import Part
    from ._store.store import Source

    T = TypeVar("T")

_SCALARS = ("string", "number", "null")


class Element:
    """Description of one element, without its data.

    Attributes
    ----------
    path : str
        As AnnData writes it, such as `layers/counts`; empty for the file.
    name : str
        Last part of the path; of a column its name.
    kind : str
        `dict`, `dense`, `csr`, `csc`, `dataframe`, `categorical`, `string-array`, `nullable-integer`, `nullable-boolean`,
        `nullable-string-array`, `string`, `number`, `null`, `rec-array`, `awkward-array` or `refused`.
    shape : tuple of int
        All axes; (rows, columns) of a dataframe.
    dtype : str or None
        numpy's name of the stored numbers.
    nnz : int or None
        Stored entries of a sparse matrix.
    reason : str or None
        Why it is refused.
    children : list of Element
        Members of a dict, columns of a dataframe.
    """

    __slots__ = ("_described", "children", "dtype", "kind", "name", "nnz", "part", "path", "reason", "shape")

    def __init__(self, described: dict[str, Any]) -> None:
        self._described = described
        self.path: str = described["path"]
        self.name: str = described.get("name", self.path[self.path.rfind("/") + 1:])
        self.kind: str = described["kind"]
        self.shape: tuple[int, ...] = tuple(described.get("shape", ()))
        self.dtype: str | None = described.get("dtype")
        self.nnz: int | None = described.get("nnz")
        self.reason: str | None = described.get("reason")
        self.part: str = described.get("part", self.path)
        self.children: list[Element] = [Element(child) for child in described.get("children", ())]

    def find(self, path: str) -> Element | None:
        """The element at a path below this one, or None. Names may hold slashes: of columns `a/b` is a name too."""
        if path == self.path:
            return self
        for child in self.children:
            if path == child.path or path.startswith(child.path + "/"):
                found = child.find(path)
                if found is not None:
                    return found
        return None

    def child(self, name: str) -> Element | None:
        """The member of this name, or None."""
        return next((child for child in self.children if child.name == name), None)

    def walk(self) -> Iterator[Element]:
        """This element and all below it."""
        yield self
        for child in self.children:
            yield from child.walk()

    @property
    def is_records(self) -> bool:
        """Whether a dataframe is stored as anndata before 0.7 did: an array of records."""
        return self.kind == "dataframe" and "storage" in self._described

    @property
    def fixed_length(self) -> int | None:
        """Bytes of each string, where all are stored at one length; else None."""
        storage = self._described.get("storage", "")
        return int(storage[5:storage.index("-")]) if self.kind == "string-array" and storage.startswith("fixed") else None

    @property
    def is_encoded(self) -> bool:
        """Whether the file says of it what it is: anndata before 0.7 did not."""
        return "encoding_type" in self._described

    def scalar(self) -> Any:
        """The value of a scalar that was described with it: str, a numpy scalar, or None."""
        if self.kind == "null":
            return None
        described = self._described
        raw = bytes.fromhex(described["bytes"]) if "bytes" in described else None
        if self.dtype is None:
            return described["value"] if raw is None else raw.decode("utf-8", "surrogateescape")
        import numpy as np
        return np.dtype(self.dtype).type(described["value"]) if raw is None else np.frombuffer(raw, self.dtype)[0]

    def __repr__(self) -> str:
        return "\n".join(self._lines(0))

    def _lines(self, depth: int) -> Iterator[str]:
        entries = "" if self.nnz is None else f"{self.nnz:,} entries"
        what = [self.kind, " × ".join(f"{axis:,}" for axis in self.shape), self.dtype or "", entries]
        yield f"{'  ' * depth}{self.name or '/'}: {', '.join(one for one in what if one)}{f' ({self.reason})' if self.reason else ''}"
        for child in self.children:
            yield from child._lines(depth + 1)


def tree_of(source: Source) -> Element:
    """All elements of the source."""
    known = source.memo.get("tree")
    if known is not None:
        return known
    part = source.part("")
    return source.remember("tree", [part], _described(part))


def element_of(source: Source, path: str) -> Element:
    """The element at a path.

    Raises
    ------
    ElementNotFound
        The message lists what its parent has.
    """
    tree = tree_of(source)
    found = tree.find(path) or _flat_raw(tree, path)
    if found is None:
        parent = tree.find(path[:max(path.rfind("/"), 0)]) or tree
        present = ", ".join(child.path for child in parent.children[:40])
        raise ElementNotFound(f"'{source.path}' has no element '{path}'. It has: {present}.")
    return found


def value_of(source: Source, path: str) -> Any:
    """What is at a path: an array, matrix, dataframe, dict or scalar. Of a column of a dataframe, a Series."""
    return _value(source, element_of(source, path))


def frame_of(source: Source, path: str, columns: Iterable[str] | None = None, also: Iterable[str] = ()) -> pandas.DataFrame:
    """A dataframe of the caller's own, over arrays that this process has made once."""
    from ._values.frames import frame, handed_out
    if source.part(path, also).layout["kind"] != "frame":
        return _frame_of_dict(source, path)
    if columns is not None:
        return frame(source.part(path, also), columns, index_of(source, path))
    part, known = source.part(path, also), source.memo.get(("frame", path))
    if known is None:
        known = source.remember(("frame", path), [part], frame(part, None, index_of(source, path)))
    return handed_out(known, part)


def index_of(source: Source, path: str, also: Iterable[str] = ()) -> pandas.Index:
    """The row names of a dataframe, made once per process. A view of it is the caller's own."""
    known = source.memo.get(("index", path))
    if known is None:
        from ._values import frames
        part = source.part(path, also)
        if part.layout["kind"] != "frame":
            return _frame_of_dict(source, path).index
        known = source.remember(("index", path), [part], frames.index_of(part))
    return known.view()


def several(names: Iterable[T]) -> list[T]:
    """A list of names. One that is given alone is meant as one, not as its letters."""
    return [names] if isinstance(names, str) else list(names)  # type: ignore[list-item]


def load_all(source: Source, elements: Iterable[Element]) -> None:
    """Bring what no tier has by one run of the executable; an element that cannot be read fails when it is asked for."""
    missing = [one for one in dict.fromkeys(element.part for element in elements) if not source.parts.get(one)
               and not source.store.contains(source.name_of(one))]
    while missing:
        with contextlib.suppress(ElementUnreadable):
            source.part(missing[0], missing[1:])
        missing = [one for one in missing[1:] if not source.store.contains(source.name_of(one))]


def _value(source: Source, element: Element) -> Any:
    from ._values import matrices
    kind, path = element.kind, element.path
    if kind == "refused":
        raise ElementUnreadable(f"'{path}' of '{source.path}' cannot be read: {element.reason}")
    if kind == "dict":
        return _dict(source, element)
    if kind in _SCALARS and element.part == element.path:
        return _described(source.part(path)).scalar()
    if kind == "dataframe":
        return frame_of(source, path)
    if element.part != path:
        return _member(source, element)
    part = source.part(path)
    if kind == "awkward-array":
        return awkward_of(part, source.part)
    if kind == "rec-array":
        lengths = {child.name: child.fixed_length for child in element.children}
        return matrices.records(part, {name: length for name, length in lengths.items() if length})
    return _old_text(part) if element.fixed_length and not element.is_encoded else matrices.value(part)


def _old_text(part: Part) -> Any:
    """As anndata reads what it wrote before 0.7: numpy's own text, and a single one as a scalar."""
    from ._values import columns
    text = columns.text(part, part.layout["columns"][0])
    return text[0] if text.shape == (1,) else text


def _frame_of_dict(source: Source, path: str) -> pandas.DataFrame:
    """Some writers store obs or var as a dict of arrays: a frame without row names."""
    import pandas
    return pandas.DataFrame({name: values for name, values in value_of(source, path).items() if getattr(values, "ndim", 0) == 1})


def _member(source: Source, element: Element) -> Any:
    """What another element's part holds: a column, a field, a scalar of a dict."""
    holder = element_of(source, element.part)
    if holder.kind == "dataframe":
        return frame_of(source, holder.path, [element.name])[element.name]
    if holder.kind == "rec-array":
        return _value(source, holder)[element.name]
    found = _described(source.part(holder.path)).find(element.path)
    if found is None:
        raise ElementUnreadable(f"The part of '{holder.path}' does not hold '{element.path}'. Run 'anndata-cache verify --content'.")
    return found.scalar()


def _dict(source: Source, element: Element) -> dict[str, Any]:
    """All of a dict, each array over its own part. What cannot be read is left out, with a warning."""
    leaves = [one for one in element.walk() if one.kind not in ("dict", "refused", *_SCALARS) and one.part == one.path]
    load_all(source, [*leaves, element] if any(one.kind in _SCALARS for one in element.walk()) else leaves)
    scalars = _described(source.part(element.part)) if any(one.kind in _SCALARS for one in element.walk()) else element
    return _members(source, element, scalars)


def _members(source: Source, element: Element, scalars: Element) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for child in element.children:
        try:
            if child.kind == "dict":
                values[child.name] = _members(source, child, scalars)
            elif child.kind in _SCALARS:
                found = scalars.find(child.path)
                values[child.name] = _value(source, child) if found is None else found.scalar()
            else:
                values[child.name] = _value(source, child)
        except ElementUnreadable as error:
            warnings.warn(f"'{child.path}' is left out: {error}", stacklevel=2)
    return values


def awkward_of(part: Part, find: Callable[[str], Part]) -> Any:
    """An awkward array of its element's part, and of those that `find` gives for the buffers."""
    from ._values import awkward, matrices
    if part.layout["kind"] == "column":
        return awkward.awkward_of_lists(part)
    described = _described(part)
    return awkward.awkward_of_form(
        part, described._described["value"], described.shape[0],
        lambda: {child.name: matrices.value(find(child.path)) for child in described.children})


def _described(part: Part) -> Element:
    return Element(json.loads(part.text(part.layout["columns"][0])))


def _flat_raw(tree: Element, path: str) -> Element | None:
    """Files of anndata before 0.7 name the members of raw flatly: what is `raw/X` today is `raw.X` there."""
    head, found, member = path.rpartition("raw/")
    return tree.find(f"{head}raw.{member}") if found and (not head or head.startswith("mod/")) else None
