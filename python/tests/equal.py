"""What it means that two values are the same: type, dtype, shape, order, names, and every element."""

from __future__ import annotations

import numpy as np
import pandas as pd
import scipy.sparse as sp


def differences(ours, theirs, at="") -> list[str]:
    """Where two values differ, in words; empty when they are the same."""
    if isinstance(theirs, dict) or hasattr(theirs, "keys") and not isinstance(theirs, (pd.DataFrame, pd.Series)):
        return _of_dicts(ours, theirs, at)
    if isinstance(theirs, pd.DataFrame):
        return _of_frames(ours, theirs, at)
    if sp.issparse(theirs):
        return _of_sparse(ours, theirs, at)
    if isinstance(theirs, (pd.Categorical, pd.Index)) or pd.api.types.is_extension_array_dtype(getattr(theirs, "dtype", None)):
        return _of_arrays(ours, theirs, at)
    if isinstance(theirs, np.ndarray):
        return _of_numpy(ours, theirs, at)
    if theirs is None or ours is None:
        return [] if ours is theirs else [f"{at}: {ours!r} where {theirs!r} is expected"]
    same = type(ours) is type(theirs) and (ours == theirs or (ours != ours and theirs != theirs))
    return [] if same else [f"{at}: {type(ours).__name__} {ours!r} where {type(theirs).__name__} {theirs!r} is expected"]


def _of_dicts(ours, theirs, at):
    if set(ours.keys()) != set(theirs.keys()):
        return [f"{at}: has {sorted(ours.keys())} where {sorted(theirs.keys())} is expected"]
    return [one for key in theirs.keys() for one in differences(ours[key], theirs[key], f"{at}/{key}")]


def _of_frames(ours, theirs, at):
    if not isinstance(ours, pd.DataFrame) or list(ours.columns) != list(theirs.columns):
        return [f"{at}: columns {list(getattr(ours, 'columns', ()))} where {list(theirs.columns)} are expected"]
    found = _of_arrays(ours.index, theirs.index, f"{at}/index")
    if ours.index.name != theirs.index.name:
        found.append(f"{at}: index name {ours.index.name!r} where {theirs.index.name!r} is expected")
    for column in theirs.columns:
        found += differences(ours[column].values, theirs[column].values, f"{at}/{column}")
    return found


def _of_sparse(ours, theirs, at):
    if type(ours) is not type(theirs) or ours.shape != theirs.shape or ours.dtype != theirs.dtype:
        return [f"{at}: {ours!r} where {theirs!r} is expected"]
    return [one for name in ("indptr", "indices", "data") for one in _of_numpy(
        getattr(ours, name).astype("i8") if name != "data" else ours.data,
        getattr(theirs, name).astype("i8") if name != "data" else theirs.data, f"{at}.{name}")]


def _of_arrays(ours, theirs, at):
    if type(ours) is not type(theirs) or str(ours.dtype) != str(theirs.dtype):
        return [f"{at}: {type(ours).__name__} of {ours.dtype} where {type(theirs).__name__} of {theirs.dtype} is expected"]
    if isinstance(theirs, pd.Categorical):
        return _of_numpy(ours.codes, theirs.codes, f"{at}.codes") + _of_arrays(ours.categories, theirs.categories, f"{at}.categories")
    same = len(ours) == len(theirs) and (pd.isna(ours) == pd.isna(theirs)).all() and pd.Series(ours).equals(pd.Series(theirs))
    return [] if same else [f"{at}: {ours} where {theirs} is expected"]


def _of_numpy(ours, theirs, at):
    if not isinstance(ours, np.ndarray) or ours.shape != theirs.shape or ours.dtype.newbyteorder("=") != theirs.dtype.newbyteorder("="):
        what = f"{type(ours).__name__} {getattr(ours, 'dtype', '')}{getattr(ours, 'shape', '')}"
        return [f"{at}: {what} where {theirs.dtype}{theirs.shape} is expected"]
    if theirs.dtype.names:
        return [one for name in theirs.dtype.names for one in _of_numpy(ours[name], theirs[name], f"{at}/{name}")]
    if theirs.dtype.kind == "O":
        return [] if all(a == b or (a != a and b != b) for a, b in zip(ours.ravel(), theirs.ravel())) else [f"{at}: strings differ"]
    same = np.ascontiguousarray(ours).astype(theirs.dtype).tobytes() == np.ascontiguousarray(theirs).tobytes()
    return [] if same else [f"{at}: values differ"]
