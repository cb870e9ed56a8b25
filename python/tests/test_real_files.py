"""Every element of files that others wrote equals what anndata reads."""

from __future__ import annotations

import warnings

import pytest
from conftest import DATA, SAMPLE
from equal import differences

anndata = pytest.importorskip("anndata")
import anndata_cache  # noqa: E402

FILES = [SAMPLE, *(sorted([*DATA.glob("open/*.h5ad"), *DATA.glob("derived/*.h5ad")]) if DATA else [])]
MEMBERS = ("X", "obs", "var", "layers", "obsm", "varm", "obsp", "varp", "uns")

pytestmark = pytest.mark.filterwarnings("ignore")


@pytest.mark.skipif(DATA is None, reason="there are no files of others beside the repository")
def test_all_files_read_as_anndata_reads_them():
    equal, unread, problems = 0, [], {}
    for path in FILES:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                theirs = anndata.read_h5ad(path)
            except Exception as error:  # this version of anndata is older than the file
                unread.append(f"{path.name}: {error!r}")
                assert anndata_cache.read_h5ad(path).n_obs >= 0  # ours reads it all the same
                continue
            found = _compare(anndata_cache.read_h5ad(path), theirs)
        if found:
            problems[path.name] = found[:5]
        equal += not found
    assert problems == {}
    assert len(unread) < 10, unread
    assert equal > 100


def test_the_handle_gives_the_same_as_anndata(dense_file):
    for path in (SAMPLE, dense_file):
        theirs, handle = anndata.read_h5ad(path), anndata_cache.open(path)
        found = [one for name in MEMBERS for one in differences(getattr(handle, name), getattr(theirs, name), name)]
        if theirs.raw is not None:
            found += _compare_raw(handle.raw, theirs.raw)
        assert found == []
        assert handle.shape == theirs.shape and handle.obs_names.equals(theirs.obs_names) and handle.var_names.equals(theirs.var_names)


def _compare(ours, theirs):
    found = [one for name in MEMBERS for one in differences(getattr(ours, name), getattr(theirs, name), name)]
    if (ours.raw is None) != (theirs.raw is None):
        return [*found, f"raw: {ours.raw} where {theirs.raw} is expected"]
    return found if theirs.raw is None else found + _compare_raw(ours.raw, theirs.raw)


def _compare_raw(ours, theirs):
    return [one for name in ("X", "var", "varm") for one in differences(getattr(ours, name), getattr(theirs, name), f"raw/{name}")]
