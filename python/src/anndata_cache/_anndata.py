"""A whole file as an `anndata.AnnData` whose arrays are shared."""

from __future__ import annotations

import copyreg
import weakref

from ._elements import Element, element_of, frame_of, load_all, value_of
from ._errors import ElementNotFound, SourceUnreadable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    import anndata

    from ._store.store import Source

_DICTS = ("layers", "obsm", "varm", "obsp", "varp", "uns")


def to_anndata(source: Source, prefix: str, copy: bool) -> anndata.AnnData:
    """An AnnData of one version of the source; `prefix` is empty, or that of a modality."""
    import anndata
    root = element_of(source, prefix.rstrip("/"))
    if root.child("mod") is not None:
        names = ", ".join(child.name for child in root.child("mod").children)  # type: ignore[union-attr]
        raise SourceUnreadable(f"'{source.path}' is MuData, with modalities {names}: use open(path).mod[name].to_anndata().")
    load_all(source, [one for one in root.walk() if one.kind not in ("dict", "refused")])
    members: dict[str, Any] = {name: value_of(source, prefix + name) for name in _DICTS if root.child(name) is not None}
    for name in ("obs", "var"):
        child = root.child(name)
        if child is not None:
            members[name] = value_of(source, child.path) if child.kind == "dict" else frame_of(source, child.path)
    if root.child("X") is not None:
        members["X"] = value_of(source, f"{prefix}X")
    raw = _raw(source, prefix)
    if raw is not None:
        members["raw"] = raw
    _forget_old_categories(root, members)
    result = _make(anndata, members)
    if copy:
        return result.copy()
    key = id(result)
    handed_out[key] = weakref.ref(result, lambda _: handed_out.pop(key, None)), source.path, source.version, prefix
    copyreg.dispatch_table.setdefault(anndata.AnnData, reduce_anndata)  # type: ignore[arg-type]
    return result


handed_out: dict[int, tuple[weakref.ref[Any], str, str, str]] = {}
"""By the address of an AnnData: which one it is, and the path, version and prefix that it was made of. Keeps none of them."""


def reduce_anndata(adata: anndata.AnnData) -> tuple[Any, ...]:
    """How an AnnData is pickled once this process has read one."""
    from ._unchanged import reduce
    return reduce(adata)


def _make(anndata: Any, members: dict[str, Any]) -> anndata.AnnData:
    version = tuple(int(number) for number in anndata.__version__.split(".")[:2])
    if version < (0, 10) and members.get("X") is not None:
        members["dtype"] = members["X"].dtype  # else these versions would make it float32, and warn
    return anndata.AnnData(**members)


def _raw(source: Source, prefix: str) -> dict[str, Any] | None:
    raw = {}
    for name in ("X", "var", "varm"):
        try:
            raw[name] = value_of(source, f"{prefix}raw/{name}")
        except ElementNotFound:
            continue
    return raw or None


def _forget_old_categories(root: Element, members: dict[str, Any]) -> None:
    """Files of anndata before 0.7 keep categories in uns, which anndata takes away when it has used them."""
    for frame in ("obs", "var"):
        element = root.child(frame)
        if element is None or not element.is_records:
            continue
        for column in element.children:
            if column.kind == "categorical":
                members.get("uns", {}).pop(f"{column.name}_categories", None)
