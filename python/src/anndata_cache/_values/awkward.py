"""Awkward arrays: lists of unequal length, and whatever else a form describes."""

from __future__ import annotations

import contextlib
import copyreg
import json
import weakref

import numpy as np

from .._errors import ElementUnreadable
from .._store.parts import Layout, Origin, Part
from .columns import lists, numbers

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable


def awkward_of_lists(part: Part) -> Any:
    """A column of lists: an awkward array over the mapping where that package is there, else Python's lists."""
    layout = part.layout["columns"][0]
    try:
        import awkward
    except ImportError:
        return lists(part, layout)
    buffers: dict[str, Any] = {}
    form = _form(part, layout, buffers)
    return _remembered(awkward.from_buffers(json.dumps(form), layout["rows"], buffers), part)


def awkward_of_form(part: Part, form: str, length: int, buffers: Callable[[], dict[str, Any]]) -> Any:
    """Any other form over its buffers, which only the package awkward can read; the part is the one that has the form."""
    try:
        import awkward
    except ImportError:
        path = part.layout["element"]
        raise ElementUnreadable(f"'{path}' is an awkward array that is not lists alone: reading it needs the package 'awkward'.") from None
    return _remembered(awkward.from_buffers(form, length, buffers()), part)


def origin_of(array: Any) -> Origin | None:
    """The part that an awkward array was made of, where it has the very layout still, which is never changed in place."""
    layout = getattr(array, "layout", None)
    known = layouts.get(id(layout))
    if known is None or known[0]() is not layout or array.behavior is not None or getattr(array, "attrs", None):
        return None
    return known[1]


layouts: dict[int, tuple[weakref.ref[Any], Origin]] = {}
"""By the address of an awkward array's layout: the part that it was made of. Keeps neither."""


def _remembered(array: Any, part: Part) -> Any:
    layout = getattr(array, "layout", None)
    if layout is not None and part.origin is not None:
        key = id(layout)
        with contextlib.suppress(TypeError):  # a layout that cannot be referred to weakly: then it travels by its values
            layouts[key] = weakref.ref(layout, lambda _: layouts.pop(key, None)), part.origin
            copyreg.dispatch_table.setdefault(type(array), _reduce)  # type: ignore[arg-type]
    return array


def _reduce(array: Any) -> tuple[Any, ...]:
    from .pickling import reduce_awkward
    return reduce_awkward(array)


def _form(part: Part, layout: Layout, buffers: dict[str, Any]) -> dict[str, Any]:
    """AnnData's words for a column of lists, and the buffers by their names in it."""
    key = f"node{len(buffers)}"
    if layout["kind"] == "list":
        buffers[f"{key}-offsets"] = part.array(layout, "offsets", np.int64)
        return {"class": "ListOffsetArray", "offsets": "i64", "content": _form(part, layout["items"], buffers), "form_key": key}
    if layout["kind"] == "string":
        buffers[f"{key}-offsets"] = part.array(layout, "offsets", np.int64)
        inner = f"node{len(buffers)}"
        buffers[f"{inner}-data"] = part.array(layout, "values", np.uint8)
        text = {"class": "NumpyArray", "primitive": "uint8", "parameters": {"__array__": "char"}, "form_key": inner}
        return {"class": "ListOffsetArray", "offsets": "i64", "content": text, "parameters": {"__array__": "string"}, "form_key": key}
    buffers[f"{key}-data"] = numbers(part, layout)
    return {"class": "NumpyArray", "primitive": layout["dtype"], "form_key": key}
