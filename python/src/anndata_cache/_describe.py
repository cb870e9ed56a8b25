"""What `metadata` and `indices` say of a file: the columns and words are those of the original package."""

from __future__ import annotations

import datetime
import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable

    import pandas

COUNTED = ("Lab_Multiplexing_pool_ID", "ProjectName", "Sample_Type", "Lab_Library_Protocol", "Diagnosis_Group", "Sequencer")
GROUP = "Sample_Group"
_LEAST_GROUP = 10


def metadata(path: str, obs: pandas.DataFrame, var: pandas.DataFrame, uns: Callable[[str], Any]) -> dict[str, Any]:
    """The dict of `anndata_cache.metadata`.

    Parameters
    ----------
    path
        Of the file.
    obs, var
        Its annotations.
    uns
        Gives the value at a path in uns, or None.
    """
    stem = os.path.basename(path).removesuffix(".h5ad")
    modified, base = uns("last_modified"), uns("log1p/base")
    version = uns("version")
    described: dict[str, Any] = {
        "id": path,
        "project": os.path.basename(os.path.dirname(path)),
        "filename": stem,
        "samples": len(obs),
        "features": len(var),
        "sample annotations": obs.shape[1],
        "feature annotations": var.shape[1],
        "last modified": _date_of(path) if modified is None else _text(modified).split(" ", 1)[0],
        "release notes": _text(uns("release_notes")),
        "version": path.removesuffix(".h5ad").rsplit("-", 1)[-1] if version is None else _text(version),
        "log-base": 0 if base is None else int(base),
    }
    for name in COUNTED:
        if name in obs:
            described[name] = int(obs[name].nunique())
    if GROUP in obs:
        for value, count in obs[GROUP].value_counts().items():
            if count > _LEAST_GROUP:
                described[f"{GROUP} {value}"] = int(count)
    return described


def indices(obs: pandas.DataFrame, var: pandas.DataFrame) -> dict[str, list[Any]]:
    """The dict of `anndata_cache.indices`."""
    described: dict[str, list[Any]] = {
        "samples": obs.index.tolist(), "sample annotations": obs.columns.tolist(), "feature annotations": var.columns.tolist(),
    }
    for name in (*COUNTED, GROUP):
        if name in obs:
            described[name] = [str(value) for value in obs[name].dropna().unique()]
    return described


def _date_of(path: str) -> str:
    return datetime.date.fromtimestamp(os.stat(path).st_mtime).isoformat()


def _text(value: Any) -> str:
    """A scalar, or the only one of an array, as text."""
    if value is None:
        return ""
    size = getattr(value, "size", 1)
    return str(value.reshape(-1)[0]) if size == 1 and getattr(value, "ndim", 0) else str(value)
