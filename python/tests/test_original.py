"""The original's own call sequences. Each difference that docs/migration.md lists is held by a line here."""

from __future__ import annotations

import os
import shutil
import time

import anndata_cache as cache
import numpy as np
import pandas as pd
import pytest
from conftest import SAMPLE, succeed

anndata = pytest.importorskip("anndata")


@pytest.fixture
def data_folder(tmp_path, dense_file, monkeypatch):
    """A data folder with `project/study-1.4.h5ad`, as the original names files."""
    (tmp_path / "project").mkdir()
    shutil.copy(dense_file, tmp_path / "project" / "study-1.4.h5ad")
    monkeypatch.setenv("ANNDATA_DATA_FOLDER", str(tmp_path))
    from anndata_cache._store import store
    store.reset()
    return tmp_path


def test_x_is_a_frame_of_all_values(data_folder, dense_file):
    theirs = anndata.read_h5ad(dense_file)
    for key in ("project/study-1.4", "project/study-1.4.h5ad", cache.Key("project/study-1.4"), data_folder / "project" / "study-1.4.h5ad"):
        frame = cache.X(key)
        assert frame.shape == (2000, 1000) and frame.index.equals(theirs.obs_names) and frame.columns.equals(theirs.var_names)
        assert frame.to_numpy().tobytes() == theirs.X.tobytes() and frame.to_numpy().dtype == np.float32
    with pytest.raises(ValueError, match="read-only"):
        frame.iloc[0, 0] = 1.0
    frame["added"] = 1
    assert "added" not in cache.X("project/study-1.4")


def test_x_of_a_sparse_file_has_sparse_columns_or_names_what_fits(monkeypatch):
    theirs = anndata.read_h5ad(SAMPLE)
    frame = cache.X(SAMPLE)
    assert (frame.sparse.to_coo() != theirs.X).nnz == 0 and frame.index.equals(theirs.obs_names)
    assert all(isinstance(dtype, pd.SparseDtype) for dtype in frame.dtypes)
    monkeypatch.setattr("anndata_cache._original._available_bytes", lambda: 1_000_000)
    with pytest.raises(MemoryError, match=r'X\(key, format="csr"\)'):
        cache.X(SAMPLE)
    matrix = cache.X(SAMPLE, format="csr")
    assert (matrix != theirs.X).nnz == 0 and not matrix.data.flags.writeable
    assert cache.X(SAMPLE, format="csc").format == "csc" and cache.X(SAMPLE, format="array").shape == (700, 765)
    with pytest.raises(ValueError, match="format is 'coo'"):
        cache.X(SAMPLE, format="coo")


def test_obs_and_var_keep_their_types(data_folder, dense_file):
    theirs = anndata.read_h5ad(dense_file)
    obs, var = cache.obs("project/study-1.4"), cache.var("project/study-1.4")
    pd.testing.assert_frame_equal(obs, theirs.obs)
    pd.testing.assert_frame_equal(var, theirs.var)
    assert obs["stage"].cat.ordered and obs["stage"].isna().sum() == theirs.obs["stage"].isna().sum() > 0
    some = cache.obs("project/study-1.4", columns=["age", "stage"])
    assert list(some.columns) == ["age", "stage"] and some["age"].equals(theirs.obs["age"])
    with pytest.raises(KeyError, match="no column 'none'.*Sample_Group"):
        cache.obs("project/study-1.4", columns=["none"])


def test_a_name_that_is_given_alone_is_one_and_not_its_letters(dense_file):
    handle = cache.open(dense_file)
    assert list(cache.obs(dense_file, columns="age").columns) == ["age"] and handle.arrow("obs", "age").column_names == ["age"]
    assert handle.genes("gene-3").shape == (2000, 1) and handle.summary("gene-3").mean.columns.tolist() == ["gene-3"]
    batches = handle.batches(256, obs="age", genes="gene-3")
    assert list(batches[0].obs) == ["age"] and batches.n_vars == 1


def test_categoricals_as_text_keep_missing_values(data_folder, monkeypatch):
    monkeypatch.setenv("ANNDATA_CACHE_CATEGORICALS", "str")
    stage = cache.obs("project/study-1.4")["stage"]
    assert stage.dtype == object and set(stage.dropna()) == {"early", "middle", "late"} and stage.isna().any()


def test_metadata_and_indices(data_folder):
    described = cache.metadata("project/study-1.4")
    group = anndata.read_h5ad(data_folder / "project" / "study-1.4.h5ad").obs["Sample_Group"].value_counts()
    assert described == {
        "id": str(data_folder / "project" / "study-1.4.h5ad"), "project": "project", "filename": "study-1.4",
        "samples": 2000, "features": 1000, "sample annotations": 7, "feature annotations": 1,
        "last modified": "2023-11-05", "release notes": "first", "version": "1.4", "log-base": 2,
        "Sequencer": 2, "Sample_Group case": group["case"], "Sample_Group control": group["control"],
    }
    assert group["rare"] <= 10, "a group of so few is not counted"
    lists = cache.indices("project/study-1.4")
    assert lists["samples"][:2] == ["cell-0", "cell-1"]
    assert lists["feature annotations"] == ["length"] and len(lists["sample annotations"]) == 7
    assert set(lists["Sequencer"]) == {"A", "B"} and set(lists["Sample_Group"]) >= {"case", "control"}
    lists["samples"].clear()
    described.clear()
    assert len(cache.indices("project/study-1.4")["samples"]) == 2000 and cache.metadata("project/study-1.4")["samples"] == 2000


@pytest.mark.parametrize("kind", ["csr_matrix", "csc_matrix"])
def test_x_of_a_sparse_file_in_any_order_that_repeats_places(tmp_path, kind):
    anndata, sparse = pytest.importorskip("anndata"), pytest.importorskip("scipy.sparse")
    matrix = getattr(sparse, kind)((np.array([1, 2, 4, 8], "f4"), np.array([2, 0, 1, 1]), np.array([0, 2, 4, 4])), shape=(3, 3))
    anndata.AnnData(matrix, dtype="f4").write_h5ad(tmp_path / "odd.h5ad")
    assert np.array_equal(cache.X(tmp_path / "odd.h5ad").to_numpy(), matrix.toarray())


def test_metadata_names_a_file_as_it_was_asked_for(tmp_path):
    (tmp_path / "study").mkdir()
    link = tmp_path / "study" / "pbmc-2.h5ad"
    link.symlink_to(SAMPLE)
    found = cache.metadata(link)
    assert (found["id"], found["project"], found["filename"]) == (str(link), "study", "pbmc-2")
    assert cache.metadata(SAMPLE)["filename"] == "pbmc-like"


def test_metadata_of_a_sparse_file_without_such_notes():
    described = cache.metadata(SAMPLE)
    assert described["samples"] == 700 and described["log-base"] == 2 and described["version"] == "like"
    assert described["last modified"] == time.strftime("%Y-%m-%d", time.localtime(os.stat(SAMPLE).st_mtime))


def test_keys(data_folder):
    key = cache.Key("project/study-1.4")
    assert cache.Key(key) is key and key.name == "project/study-1.4" and key.location is cache.CacheLocation.CACHED
    assert key.path == str(data_folder / "project" / "study-1.4.h5ad") and cache.Key("/project/study-1.4.h5ad/").path == key.path
    assert len(key.id) == 40 and key.id != key.with_suffix("/X").id and key.with_suffix("/X").name == "project/study-1.4/X"
    (data_folder / "project" / "study-1.4").mkdir()  # a folder beside the file is not the file
    (data_folder / "cells.zarr").mkdir()
    assert cache.Key("project/study-1.4").path == key.path and cache.Key("cells").path == str(data_folder / "cells.zarr")
    path = cache.Key(data_folder / "project" / "study-1.4.h5ad")
    assert path.location is cache.CacheLocation.HDD and path.path == key.path and os.fspath(path) == key.path
    assert cache.Key("a/b/c/d.h5ad").location is cache.CacheLocation.HDD
    assert cache.Key("/none.h5ad").location is cache.CacheLocation.CACHED  # neither deep nor there: a name


def test_an_absolute_path_that_exists_is_a_path_whatever_its_depth(tmp_path, sample):
    shallow = f"/tmp/anndata-cache-test-{os.getpid()}.h5ad"
    shutil.copy(sample, shallow)
    try:
        assert cache.Key(shallow).path == shallow and cache.metadata(shallow)["samples"] == 700
    finally:
        os.unlink(shallow)


def test_a_rewritten_file_is_read_again_in_every_function(data_folder):
    path = data_folder / "project" / "study-1.4.h5ad"
    before = cache.X("project/study-1.4").iloc[0, 0], cache.metadata("project/study-1.4")["samples"]
    changed = anndata.read_h5ad(path)[:100].copy()
    changed.X = changed.X + 1
    changed.write_h5ad(path)
    assert cache.X("project/study-1.4").iloc[0, 0] == np.float32(before[0] + 1)
    assert cache.metadata("project/study-1.4")["samples"] == 100 == len(cache.obs("project/study-1.4"))
    os.unlink(path)
    for ask in (cache.X, cache.obs, cache.var, cache.metadata, cache.indices):
        with pytest.raises(FileNotFoundError):
            ask("project/study-1.4")


def test_a_file_in_the_store_and_out_of_it(data_folder, folders):
    assert not cache.contains("project/study-1.4")
    cache.X("project/study-1.4")
    assert cache.contains("project/study-1.4") and not cache.contains("project/study-1.4", "none")
    usage = cache.current_usage()
    assert usage["capacity"] == 1.0 and usage["number_of_objects"] == 4 and 0.008 < usage["used_memory"] < 0.01
    assert usage["utilization"] == pytest.approx(usage["used_memory"] / usage["capacity"])
    listed = cache.list_objects()
    assert len(listed) == 4 and sum(one["data_size"] for one in listed.values()) / 1e9 == pytest.approx(usage["used_memory"])
    assert {one["name"].rpartition(":")[2] for one in listed.values()} == {"", "X", "obs", "var"}
    assert all(one["ref_count"] == 1 for one in listed.values() if not one["name"].endswith(":"))
    cache.delete("project/study-1.4", "none")
    assert not cache.contains("project/study-1.4") and folders.parts() == []


def test_kill_on_fail_is_accepted_and_kills_nobody(tmp_path):
    printed = succeed(
        "import anndata_cache as c\ntry: c.X('/none/at/all/here.h5ad')\nexcept FileNotFoundError: print('alive')",
        ANNDATA_CACHE_KILL_ON_FAIL="true")
    assert printed == "alive\n"


def test_importing_needs_no_store_and_no_numpy(tmp_path):
    printed = succeed("import sys, anndata_cache; print('numpy' in sys.modules, 'pandas' in sys.modules)",
                      ANNDATA_CACHE_HOT_FOLDER="/proc/none", ANNDATA_CACHE_EXECUTABLE="/none")
    assert printed == "False False\n"


def test_a_server_that_has_numpy_has_all_that_an_ask_needs_before_it_forks():
    printed = succeed("import sys, numpy, anndata_cache; print('anndata_cache._values.frames' in sys.modules, 'pandas' in sys.modules)")
    assert printed == "True False\n"


def test_a_store_that_cannot_be_used_is_done_without_with_one_warning(dense_file):
    code = """
import sys, warnings, anndata_cache as c
path = sys.argv[1]
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always", RuntimeWarning)
    x, obs, var, described, lists = c.X(path), c.obs(path), c.var(path, columns=["length"]), c.metadata(path), c.indices(path)
    adata = c.read_h5ad(path)
print(x.shape, obs.shape, var.shape, described["samples"], len(lists["samples"]), adata.shape)
print(len([one for one in caught if "The store cannot be used" in str(one.message)]))
"""
    wanted = "(2000, 1000) (2000, 7) (1000, 1) 2000 2000 (2000, 1000)\n1\n"
    assert succeed(code, dense_file, ANNDATA_CACHE_EXECUTABLE="/none") == wanted
    assert succeed(code, dense_file, ANNDATA_CACHE_HOT_FOLDER=f"{dense_file}/no-folder") == wanted


def test_a_folder_of_somebody_else_is_not_used(dense_file, folders):
    folders.hot.mkdir(parents=True)
    os.chmod(folders.hot, 0o777)
    with pytest.raises(cache.StoreUnusable, match="writable by nobody else"):
        cache.open(dense_file).X


@pytest.mark.parametrize("name, value", [
    ("ANNDATA_CACHE_HOT_FOLDER", "relative"), ("ANNDATA_CACHE_PROMOTION", "sometimes"), ("ANNDATA_CACHE_GROUP", "no-such-group")])
def test_a_setting_that_makes_no_sense_is_named(dense_file, monkeypatch, name, value):
    from anndata_cache._store import store
    monkeypatch.setenv(name, value)
    store.reset()
    with pytest.raises(cache.BadSetting, match=value):
        cache.X(dense_file)
