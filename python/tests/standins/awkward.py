"""Stands in for the package awkward where it is not installed: makes lists of a form and its buffers, as `from_buffers` does."""

from __future__ import annotations

import json


class Layout:
    """What an array is made of; never changed."""

    def __init__(self, lists):
        self.lists = lists


class Array:
    """Shows a layout; an assignment of a field exchanges it."""

    def __init__(self, layout):
        self.layout, self.behavior = layout, None

    def tolist(self):
        return self.layout.lists

    def __setitem__(self, name, values):
        self.layout = Layout([{"was": one, name: value} for one, value in zip(self.layout.lists, values)])

    def __copy__(self):
        return Array(self.layout)

    def __repr__(self):
        return repr(self.layout.lists)


def from_buffers(form, length, container):
    return Array(Layout(_lists(json.loads(form) if isinstance(form, str) else form, length, container)))


def _lists(form, length, container):
    key = form["form_key"]
    if form["class"] == "NumpyArray":
        values = container[f"{key}-data"]
        assert len(values) >= length and values.dtype == form["primitive"]
        return values[:length].tolist()
    if form["class"] == "RecordArray":
        contents = [_lists(content, length, container) for content in form["contents"]]
        return [dict(zip(form["fields"], values)) for values in zip(*contents)]
    offsets = container[f"{key}-offsets"].tolist()
    if form.get("parameters", {}).get("__array__") == "string":
        raw = container[f"{form['content']['form_key']}-data"].tobytes()
        return [raw[start:end].decode() for start, end in zip(offsets[:length], offsets[1:])]
    items = _lists(form["content"], offsets[length], container)
    return [items[start:end] for start, end in zip(offsets[:length], offsets[1:])]
