"""Every element of real files, MuData too, has the checksums that an independent program computed of what is stored."""

from __future__ import annotations

import hashlib
import json
import warnings

import anndata_cache as cache
import numpy as np
import pandas as pd
import pytest
from conftest import DATA

FILES = sorted([*DATA.glob("open/*.h5ad"), *DATA.glob("open/*.h5mu"), *DATA.glob("open/*.zarr")]) if DATA else []
UNCHECKED = ("dict", "raw", "mudata", "legacy-obsm-structured", "rec-array")


def digest(data):
    return hashlib.sha256(data).hexdigest()


def numbers(values):
    array = np.asarray(values)
    return digest(np.ascontiguousarray(array, array.dtype.newbyteorder("<")).tobytes())


def texts(values):
    return digest(b"".join(text.encode("utf-8", "surrogateescape") + b"\0" for text in np.asarray(values, object).reshape(-1)))


def check(kind, told, value):
    """What differs, or None."""
    if kind in ("csr", "csc"):
        found = {"data_sha256": numbers(value.data), "indices_sha256_i8": numbers(value.indices.astype("i8")),
                 "indptr_sha256_i8": numbers(value.indptr.astype("i8")), "shape": list(value.shape)}
        return next((name for name in found if found[name] != told[name]), None)
    values = getattr(value, "array", value) if isinstance(value, pd.Series) else value
    if isinstance(values, pd.Categorical):
        codes = told["legacy_categorical"] if "legacy_categorical" in told else told
        same = numbers(np.asarray(values.codes, "i4")) == codes["codes_sha256_i4"] and bool(values.ordered) == bool(codes.get("ordered"))
        categories = codes["categories"]
        listed = categories.get("values")
        return None if same and (listed is None or [str(one) for one in values.categories] == [str(one) for one in listed]) else "codes"
    if kind.startswith("nullable"):
        return check_nullable(told, values)
    if kind == "string-array":
        return None if texts(values) == told["sha256"] else "strings"
    if kind == "dense":
        return None if numbers(values) == told["sha256"] and list(np.shape(values)) == told["shape"] else "numbers"
    if kind == "scalar-string":
        return None if digest(value.encode("utf-8", "surrogateescape")) == told["sha256"] else "text"
    if kind.startswith("scalar"):
        return None if numbers(value) == told["sha256"] and value.dtype == told["dtype"] else "scalar"
    if kind == "dataframe":
        return None if len(value) == told.get("n_rows", len(value)) else "rows"
    return None if kind == "null" and value is None else f"a kind {kind} that this test does not know"


def check_nullable(told, values):
    missing = np.asarray(pd.isna(values))
    if numbers(missing) != told["mask_sha256"]:
        return "mask"
    if told["dtype"] == "string":
        present = ["" if gone else one for one, gone in zip(values, missing)]
        return None if texts(present) == told["values_nulls_zeroed_sha256"] else "strings"
    filled = values.fillna(values.dtype.type(0)).to_numpy(values.dtype.numpy_dtype)
    return None if numbers(filled) == told["values_nulls_zeroed_sha256"] else "numbers"


@pytest.mark.skipif(not FILES, reason="there are no files of others beside the repository")
def test_every_element_has_its_checksum():
    checked, problems = 0, []
    for path in FILES:
        oracle = json.loads((DATA / "oracle" / f"{path.name}.json").read_text(encoding="utf-8"))
        handle = cache.open(path)
        cache.load(path)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            for element, told in oracle["elements"].items():
                if told["kind"] in UNCHECKED:
                    continue
                try:
                    problem = check(told["kind"], told, handle[element])
                except cache.ElementUnreadable as error:
                    is_damaged = told["kind"] == "ERROR" or "categories (codes 0" in str(error)  # which is damage that was stored
                    problem = None if is_damaged else str(error)
                checked += 1
                problems += [f"{path.name}: {element}: {problem}"] if problem else []
    assert problems == []
    assert checked > 3000


@pytest.mark.skipif(not FILES, reason="there are no files of others beside the repository")
def test_modalities_are_handles():
    path = next(file for file in FILES if file.suffix == ".h5mu")
    handle = cache.open(path)
    assert handle.mod
    for name, modality in handle.mod.items():
        assert modality.n_obs == len(modality.obs) and modality.tree().path == f"mod/{name}"
        assert modality.X is None or modality.X.shape == modality.shape
        adata = modality.to_anndata()
        assert adata.shape == modality.shape and adata.obs_names.equals(modality.obs_names)
    with pytest.raises(cache.SourceUnreadable, match="is MuData, with modalities"):
        cache.read_h5ad(path)
