"""What a handle gives: shared, read-only, fresh, and light to send."""

from __future__ import annotations

import contextlib
import os
import pickle
import shutil
import warnings

import anndata_cache as cache
import numpy as np
import pytest
from conftest import SAMPLE, succeed


def base_of(array):
    """What an array lies over, at the end of all views."""
    while getattr(array, "base", None) is not None or isinstance(array, memoryview):
        array = array.obj if isinstance(array, memoryview) else array.base
    return array


def test_a_sparse_matrix_lies_over_its_part():
    matrix = cache.open(SAMPLE).X
    assert matrix.format == "csr" and matrix.shape == (700, 765)
    for array in (matrix.data, matrix.indices, matrix.indptr):
        assert type(base_of(array)).__name__ == "Part" and not array.flags.writeable
    with pytest.raises(ValueError, match="read-only"):
        matrix.data[0] = 1
    with pytest.raises(ValueError):
        matrix.data.setflags(write=True)


def test_dense_arrays_and_numeric_columns_lie_over_their_parts():
    handle = cache.open(SAMPLE)
    assert type(base_of(handle.obsm["X_pca"])).__name__ == "Part"
    assert type(base_of(handle.obs["total_counts"].to_numpy())).__name__ == "Part"
    assert type(base_of(handle.obs["cell_type"].cat.codes.to_numpy())).__name__ in ("Part", "ndarray")


def test_an_element_that_is_not_there_is_a_key_error_that_says_what_is():
    handle = cache.open(SAMPLE)
    with pytest.raises(KeyError, match="no element 'layers/none'.*layers/counts"):
        handle["layers/none"]
    with pytest.raises(KeyError, match="counts"):
        handle.layers["none"]
    assert "layers/counts" in handle and "layers/none" not in handle
    assert list(handle.layers) == ["counts"] and len(handle.layers) == 1


def test_a_missing_file_is_file_not_found(tmp_path):
    for ask in (cache.open, cache.X, cache.read_h5ad, cache.metadata):
        with pytest.raises(FileNotFoundError, match="There is no file"):
            ask(tmp_path / "none.h5ad")


def test_a_file_that_is_not_anndata_is_a_value_error(tmp_path):
    path = tmp_path / "text.h5ad"
    path.write_text("not AnnData, but long enough to be looked at " * 20)
    with pytest.raises(cache.SourceUnreadable):
        cache.open(path).tree()


def test_a_caller_changes_only_its_own_frame():
    handle = cache.open(SAMPLE)
    mine, before = handle.obs, handle.obs["cell_type"].cat.categories.tolist()
    mine["new"] = 1
    mine.index.name = "changed"
    mine.columns.name = "changed"
    mine.drop(columns="donor", inplace=True)
    with contextlib.suppress(AttributeError), warnings.catch_warnings():  # pandas 2 has no such setter
        warnings.simplefilter("ignore")
        mine["cell_type"].cat.categories = [f"renamed {i}" for i in range(len(before))]
    theirs = handle.obs
    assert "new" not in theirs and "donor" in theirs and theirs.index.name is None and theirs.columns.name is None
    assert theirs["cell_type"].cat.categories.tolist() == before
    with pytest.raises(ValueError, match="read-only"):
        theirs.loc[theirs.index[0], "total_counts"] = 0
    own = theirs.copy()
    own.loc[own.index[0], "total_counts"] = 0
    assert handle.obs["total_counts"].iloc[0] != 0


def test_a_dict_is_the_callers_own():
    handle = cache.open(SAMPLE)
    handle.uns["neighbors"]["added"] = 1
    assert "added" not in handle.uns["neighbors"]


def test_a_rewritten_file_is_seen_at_once_and_old_arrays_keep_their_values(sample):
    anndata = pytest.importorskip("anndata")
    handle = cache.open(sample)
    old = handle.obsm["X_pca"]
    first = old[0, 0]
    changed = anndata.read_h5ad(sample)
    changed.obsm["X_pca"] = changed.obsm["X_pca"] + 1
    changed.write_h5ad(sample)
    assert handle.obsm["X_pca"][0, 0] == np.float32(first + 1) and old[0, 0] == first


def test_a_symbolic_link_that_is_turned_is_seen(sample, tmp_path, dense_file):
    link = tmp_path / "link.h5ad"
    link.symlink_to(sample)
    handle = cache.open(link)
    assert handle.n_obs == 700
    link.unlink()
    link.symlink_to(dense_file)
    assert handle.n_obs == 2000


def test_a_deleted_file_is_not_served(sample):
    handle = cache.open(sample)
    assert handle.X is not None
    os.unlink(sample)
    with pytest.raises(FileNotFoundError):
        handle.X


def test_handles_pickle_as_their_path_and_open_elsewhere():
    handle = cache.open(SAMPLE)
    for one in (handle, handle.layers, handle.raw):
        assert len(pickle.dumps(one)) < 200 + len(str(SAMPLE))
    printed = succeed(
        "import pickle, sys; h, l, r = pickle.loads(bytes.fromhex(sys.argv[1])); print(h.X.sum(), l['counts'].sum(), r.X.sum())",
        pickle.dumps((handle, handle.layers, handle.raw)).hex())
    assert printed.split() == [str(handle.X.sum()), str(handle.layers["counts"].sum()), str(handle.raw.X.sum())]


def test_the_tree_is_known_without_loading_data(folders):
    tree = cache.open(SAMPLE).tree()
    assert tree.find("layers/counts").kind == "csr" and tree.find("obs/cell_type").kind == "categorical"
    assert "layers" in repr(tree) and "700 × 765" in repr(tree)
    assert len(folders.parts()) == 1


def test_a_folder_that_was_removed_is_made_again(folders):
    handle = cache.open(SAMPLE)
    total = handle.X.sum()
    shutil.rmtree(folders.hot)
    from anndata_cache._store import store
    store.current().release()
    assert handle.X.sum() == total


def test_a_damaged_part_is_decoded_again(folders):
    from anndata_cache._store import store
    handle = cache.open(SAMPLE)
    file, total = handle.part("X"), handle.X.sum()
    store.current().release()
    os.chmod(file, 0o600)
    with open(file, "r+b") as part:
        part.seek(-200, 2)
        part.write(b"\0" * 100)
    os.chmod(file, 0o400)
    assert handle.X.sum() == total


def test_a_part_that_others_may_write_is_not_used(folders):
    from anndata_cache._store import store
    handle = cache.open(SAMPLE)
    file = handle.part("X")
    store.current().release()
    os.chmod(file, 0o666)
    assert store.current().find(os.path.basename(file)) is None


def test_memory_that_others_need_is_given_up(folders):
    from anndata_cache._store import store
    handle = cache.open(SAMPLE)
    handle.obs, handle.var
    current = store.current()
    assert current.kept > 0
    board = current.main.board
    board._words[2] += 1  # some process has found no room
    current.source(str(SAMPLE))
    assert current.kept == 0
