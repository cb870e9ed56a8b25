"""Stands in for the package awkward where it is not installed: makes lists of a form and its buffers, as `from_buffers` does."""

from __future__ import annotations

import json


def from_buffers(form, length, container):
    return _lists(json.loads(form) if isinstance(form, str) else form, length, container)


def _lists(form, length, container):
    key = form["form_key"]
    if form["class"] == "NumpyArray":
        values = container[f"{key}-data"]
        assert len(values) >= length and values.dtype == form["primitive"]
        return values[:length].tolist()
    offsets = container[f"{key}-offsets"].tolist()
    if form.get("parameters", {}).get("__array__") == "string":
        raw = container[f"{form['content']['form_key']}-data"].tobytes()
        return [raw[start:end].decode() for start, end in zip(offsets[:length], offsets[1:])]
    items = _lists(form["content"], offsets[length], container)
    return [items[start:end] for start, end in zip(offsets[:length], offsets[1:])]
