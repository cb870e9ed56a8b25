"""Awkward arrays: lists of unequal length, and whatever else a form describes."""

from __future__ import annotations

import json

import numpy as np

from .._errors import ElementUnreadable
from .._store.parts import Layout, Part
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
    return awkward.from_buffers(json.dumps(form), layout["rows"], buffers)


def awkward_of_form(path: str, form: str, length: int, buffers: Callable[[], dict[str, Any]]) -> Any:
    """Any other form over its buffers, which only the package awkward can read."""
    try:
        import awkward
    except ImportError:
        raise ElementUnreadable(f"'{path}' is an awkward array that is not lists alone: reading it needs the package 'awkward'.") from None
    return awkward.from_buffers(form, length, buffers())


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
