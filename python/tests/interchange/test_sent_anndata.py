"""An AnnData as its file's path while nothing of it was changed; every change of one arrives, and is all that travels by value."""

from __future__ import annotations

import copy
import gc
import multiprocessing
import os
import pickle

import anndata_cache as cache
import numpy as np
import pandas as pd
import pytest
import workers
from anndata_cache import _unchanged
from conftest import SAMPLE, run_python
from equal import differences
from test_pickling import evict as evict_parts
from test_sent_frames import start_joblib_anew

pytest.importorskip("anndata")
WORDS = 110
PLACE = len(str(SAMPLE))
MEMBERS = ("X", "obs", "var", "obsm", "varm", "obsp", "varp", "layers", "uns")


def equal(found, value):
    """All that an AnnData says."""
    assert type(found) is type(value) and set(vars(found)) == set(vars(value)) and found.isbacked == value.isbacked
    for name in MEMBERS:
        one, two = getattr(found, name), getattr(value, name)
        assert differences(one, two, name) == []
        assert list(one) == list(two) if hasattr(two, "keys") else True
    for one, two in ((found.obs, value.obs), (found.var, value.var)):
        assert one.attrs == two.attrs and (one.index.name, one.columns.name) == (two.index.name, two.columns.name)
    assert (found.raw is None) == (value.raw is None)
    if value.raw is not None:
        for name in ("X", "var", "varm"):
            assert differences(getattr(found.raw, name), getattr(value.raw, name), name) == []


def is_whole(value, path=SAMPLE):
    return len(pickle.dumps(value)) < WORDS + len(str(path))


@pytest.mark.parametrize("protocol", [2, 4, pickle.HIGHEST_PROTOCOL])
def test_an_anndata_as_it_was_read_travels_as_its_path(protocol):
    value = cache.read_h5ad(SAMPLE)
    sent = pickle.dumps(value, protocol)
    found = pickle.loads(sent)
    assert len(sent) < WORDS + PLACE and len(pickle.dumps(found, protocol)) == len(sent)
    equal(found, value)
    assert np.shares_memory(found.X.data, value.X.data) and np.shares_memory(found.obsm["X_pca"], value.obsm["X_pca"])


def read_all(adata):
    return (adata.X.sum(), adata.obs["donor"].value_counts(), adata.var_names[3], adata[5:9, :7].X.sum(), adata.raw.X.sum(), str(adata),
            adata.uns["neighbors"], adata.to_df().shape, adata.obs.describe(), adata.T, adata.obsm.keys(), adata.X.has_sorted_indices)


def test_one_that_only_was_read_is_what_it_was():
    adata = cache.read_h5ad(SAMPLE)
    read_all(adata)
    assert is_whole(adata)
    read_all(adata)
    assert is_whole(adata)


@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_it_lies_in_the_same_files_in_another_process(method):
    value = cache.read_h5ad(SAMPLE)
    with multiprocessing.get_context(method).Pool(1) as pool:
        files, length, back = pool.apply(workers.look_into, (value,))
    equal(back, value)
    mine = [value.X, value.obs["n_genes"], value.obsm["X_pca"], value.layers["counts"]]
    assert files == set().union(*map(workers.files_of, mine)) and 0 not in files and len(files) == 4 and length < WORDS + PLACE


def test_joblibs_workers_take_it():
    joblib = pytest.importorskip("joblib")
    value = cache.read_h5ad(SAMPLE)
    start_joblib_anew(joblib)
    for files, length, back in joblib.Parallel(n_jobs=2)(joblib.delayed(workers.look_into)(value) for _ in range(2)):
        assert 0 not in files and length < WORDS + PLACE
        equal(back, value)


def evict(path):
    gc.collect()  # the members of an AnnData refer to it
    evict_parts(path)


def item(of, name, value):
    return lambda adata: getattr(adata, of).__setitem__(name, value)


def delete(of, name):
    return lambda adata: getattr(adata, of).__delitem__(name)


def scaled(adata):
    adata.X.data = adata.X.data * 2


def last(adata):
    adata.uns["title"] = adata.uns.pop("title")
    adata.uns["log1p"] = adata.uns.pop("log1p")


CHANGES = {
    "obs column": item("obs", "mine", 5), "obs values": item("obs", "n_genes", np.arange(700)), "obs one less": delete("obs", "note"),
    "obs categories": lambda adata: adata.obs.__setitem__("donor", adata.obs["donor"].cat.rename_categories(lambda name: name + "!")),
    "obs equal": lambda adata: adata.obs.__setitem__("n_genes", adata.obs["n_genes"].copy() + 0),
    "obs frame": lambda adata: setattr(adata, "obs", adata.obs[["donor"]].copy()), "obs attributes": lambda a: a.obs.attrs.update(mine=1),
    "obs names": lambda adata: setattr(adata, "obs_names", [f"cell {number}" for number in range(700)]),
    "obs names' name": lambda adata: setattr(adata.obs_names, "name", "cell"),
    "obs labels' name": lambda a: setattr(a.obs.columns, "name", "c"),
    "obs order": lambda adata: adata.obs.insert(0, "donor", adata.obs.pop("donor")),
    "var names": lambda a: setattr(a, "var_names", a.var_names + "|"),
    "var column": item("var", "mine", "x"), "var renamed": lambda adata: adata.var.rename(columns={"means": "mean"}, inplace=True),
    "X": lambda adata: setattr(adata, "X", adata.X * 2), "X in place": scaled,
    "X dense": lambda adata: setattr(adata, "X", adata.X.toarray()),
    "X equal": lambda adata: setattr(adata, "X", adata.X.copy()), "X of a layer": lambda adata: setattr(adata, "X", adata.layers["counts"]),
    "no X": lambda adata: delattr(adata, "X"), "X's attribute": lambda adata: setattr(adata.X, "mine", "note"),
    "layer": lambda adata: adata.layers.__setitem__("mine", adata.X), "no layer": delete("layers", "counts"),
    "layer exchanged": lambda adata: adata.layers.__setitem__("counts", adata.X), "obsm": item("obsm", "mine", np.ones((700, 2))),
    "no obsm": delete("obsm", "X_umap"), "obsm view": lambda adata: adata.obsm.__setitem__("X_pca", adata.obsm["X_pca"][:, :2]),
    "obsm swapped": lambda adata: adata.obsm.update(X_pca=adata.obsm["X_umap"], X_umap=adata.obsm["X_pca"]),
    "obsm order": lambda adata: adata.obsm.__setitem__("X_pca", adata.obsm.pop("X_pca")) if hasattr(adata.obsm, "pop") else None,
    "no varm": delete("varm", "PCs"), "varm": item("varm", "mine", np.zeros((765, 1))),
    "obsp": item("obsp", "mine", np.eye(700, dtype="f4")),
    "no obsp": delete("obsp", "connectivities"), "varp": item("varp", "mine", np.eye(765, dtype="f4")), "uns": item("uns", "mine", [1, 2]),
    "uns scalar": item("uns", "title", "another"), "uns type": item("uns", "title", np.str_("PBMC-like sample, drawn from a model")),
    "uns nested": lambda adata: adata.uns["log1p"].update(base=3), "uns deep": lambda a: a.uns["neighbors"]["params"].update(method="x"),
    "uns nested more": lambda adata: adata.uns["pca"].update(mine=1), "no uns": delete("uns", "pca"), "uns order": last,
    "uns array": lambda adata: adata.uns["pca"].update(variance=adata.uns["pca"]["variance"][::-1]),
    "uns own array": lambda adata: adata.uns.__setitem__("cell_type_colors", adata.uns["cell_type_colors"].copy()),
    "uns exchanged": lambda adata: setattr(adata, "uns", {"a": 1}), "no raw": lambda adata: setattr(adata, "raw", None),
    "raw": lambda adata: setattr(adata, "raw", cache.read_h5ad(SAMPLE)[:, :9].copy()),
    "raw var": lambda adata: adata.raw.var.__setitem__("mine", 1), "attribute": lambda adata: setattr(adata, "mine", {"a": 1}),
    "filtered": lambda adata: adata._inplace_subset_obs(np.arange(9)),
    "genes filtered": lambda adata: adata._inplace_subset_var(np.arange(9)),
    "text": lambda adata: adata.var.__setitem__("gene_ids", adata.var["gene_ids"].str.upper()),
}
BY_VALUE = {"X in place": 400_000, "X": 900_000, "X dense": 2_200_000, "X equal": 900_000, "obsp": 2_000_000, "varp": 2_400_000}
"""Bytes that a change makes, where they are more than 40,000. What selects cells or genes makes new arrays of everything."""


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.filterwarnings("ignore")
def test_a_change_arrives_and_the_rest_is_words(change):
    value = cache.read_h5ad(SAMPLE)
    pickle.dumps(value)
    CHANGES[change](value)
    sent = pickle.dumps(value)
    found = pickle.loads(sent)
    equal(found, value)
    assert getattr(found, "mine", None) == getattr(value, "mine", None)
    assert getattr(found.X, "mine", None) == getattr(value.X, "mine", None)
    assert list(found.raw.var) == list(value.raw.var) if value.raw is not None else found.raw is None
    assert not is_whole(value) and (change in ("raw", "filtered", "genes filtered") or len(sent) < BY_VALUE.get(change, 40_000))


def test_a_change_that_was_taken_back_is_none():
    value = cache.read_h5ad(SAMPLE)
    value.obs["mine"] = 1
    value.uns["log1p"]["base"] = 7
    assert not is_whole(value)
    del value.obs["mine"]
    value.uns["log1p"]["base"] = cache.read_h5ad(SAMPLE).uns["log1p"]["base"]
    equal(pickle.loads(pickle.dumps(value)), cache.read_h5ad(SAMPLE))


@pytest.mark.parametrize("make", [
    lambda adata: adata.copy(), lambda adata: adata[5:90, 3:50], lambda adata: adata[:, :], lambda adata: adata.T,
    lambda adata: copy.deepcopy(adata), lambda adata: copy.copy(adata), lambda adata: copy.deepcopy([adata])[0],
    lambda adata: cache.read_h5ad(SAMPLE, copy=True), lambda adata: adata[:5].copy(),
], ids=["copy", "slice", "view", "transposed", "deepcopy", "shallow", "in a list", "read as a copy", "copied slice"])
def test_what_is_made_of_it_is_another(make):
    value = make(cache.read_h5ad(SAMPLE))
    found = pickle.loads(pickle.dumps(value))
    assert not is_whole(value) and found.is_view == value.is_view
    equal(*[one.copy() if one.is_view else one for one in (found, value)])


def test_copies_are_as_pythons_own():
    value = cache.read_h5ad(SAMPLE)
    value.obs["mine"] = 0
    for touch in (lambda: None, lambda: value.obs.pop("mine")):
        touch()
        deep, shallow = copy.deepcopy(value), copy.copy(value)
        equal(deep, value)
        equal(shallow, value)
        deep.X.data[:] = 0
        deep.obsm["X_pca"][0] = 0
        deep.uns["log1p"]["base"] = 9
        deep.obs["n_genes"] = 0
        deep.obs["more"] = 1
        assert deep.X.sum() == 0 and value.X.sum() > 0 and value.uns["log1p"]["base"] != 9 and "more" not in value.obs
        assert deep.obsm._parent is deep and "more" in deep.obs and value.obs["n_genes"].sum() > 0
        assert shallow is not value and shallow.X is value.X and shallow._uns is value._uns and shallow.obs is value.obs
        assert copy.deepcopy([value, value])[0] is not value
        pair = copy.deepcopy([value, value])
        assert pair[0] is pair[1]
        shallow.mine = 1
        assert not hasattr(value, "mine")
    assert is_whole(value)


def test_one_that_arrived_can_be_changed_and_two_are_two():
    value = cache.read_h5ad(SAMPLE)
    first, again = pickle.loads(pickle.dumps([value, value]))
    second = pickle.loads(pickle.dumps(value))
    assert first is again and second is not first
    first.obs["mine"] = first.uns["log1p"]["base"] = 1
    assert "mine" not in second.obs and second.uns["log1p"]["base"] != 1 and is_whole(second) and not is_whole(first)
    assert pickle.loads(pickle.dumps(first)).obs["mine"].sum() == 700


def test_what_cannot_be_pickled_is_said_as_ever():
    value = cache.read_h5ad(SAMPLE)
    value.uns["function"] = lambda: None
    with pytest.raises((pickle.PicklingError, AttributeError), match="lambda"):
        pickle.dumps(value)


def test_a_modality_travels_as_its_file_and_name(tmp_path):
    h5py = pytest.importorskip("h5py")
    path = tmp_path / "two.h5mu"
    with h5py.File(SAMPLE) as source, h5py.File(path, "w") as file:
        for name in ("rna", "protein"):
            source.copy(source["/"], file.require_group("mod"), name)
        file["mod"].attrs.update({"encoding-type": "dict", "encoding-version": "0.1.0"})
        file["mod/protein/uns/title"][()] = "protein"
    handle = cache.open(path)
    for name in ("rna", "protein"):
        value = handle.mod[name].to_anndata()
        found = pickle.loads(pickle.dumps(value))
        equal(found, value)
        assert is_whole(value, path) and (found.uns["title"] == "protein") == (name == "protein")


def test_the_version_that_was_sent_is_got_although_the_file_was_rewritten(sample, dense_file):
    value = cache.read_h5ad(sample)
    first = pickle.dumps(value)
    sample.write_bytes(dense_file.read_bytes())
    second = pickle.dumps(value)
    assert first == second and cache.open(sample).n_obs == 2000
    equal(pickle.loads(first), value)
    del value
    evict(sample)
    with pytest.raises(cache.SourceChanged, match="rewritten since.*send a copy"):
        pickle.loads(first)
    sample.unlink()
    with pytest.raises(FileNotFoundError, match="all of .*deleted since"):
        pickle.loads(first)


def test_a_file_whose_parts_were_evicted_is_decoded_again_by_one_run(sample, tmp_path, monkeypatch):
    value = cache.read_h5ad(sample)
    sent, kept = pickle.dumps(value), value.copy()
    del value
    evict(sample)
    runs, executable = tmp_path / "runs", os.environ["ANNDATA_CACHE_EXECUTABLE"]
    counting = tmp_path / "counting"
    counting.write_text(f'#!/bin/sh\necho run >> "{runs}"\nexec "{executable}" "$@"\n')
    counting.chmod(0o700)
    monkeypatch.setenv("ANNDATA_CACHE_EXECUTABLE", str(counting))
    equal(pickle.loads(sent), kept)
    assert runs.read_text().count("run") == 2, "the tree, and all else together"


def test_nothing_is_loaded_to_find_out_whether_something_was_changed(sample, monkeypatch):
    value = cache.read_h5ad(sample)
    value.X = value.X * 2
    monkeypatch.setattr(_unchanged, "_pickles", {})
    from anndata_cache._store import store
    store.reset()
    for part in os.listdir(f"{os.environ['ANNDATA_CACHE_HOT_FOLDER']}/parts"):
        os.unlink(f"{os.environ['ANNDATA_CACHE_HOT_FOLDER']}/parts/{part}")
    monkeypatch.setenv("ANNDATA_CACHE_EXECUTABLE", "/none")
    assert len(pickle.dumps(value)) > 100_000


def test_one_that_is_mostly_plain_data_travels_by_its_members(monkeypatch):
    monkeypatch.setattr(_unchanged, "_MAX_BYTES", 500)
    monkeypatch.setattr(_unchanged, "_pickles", {})
    value = cache.read_h5ad(SAMPLE)
    assert not is_whole(value) and not is_whole(value)
    equal(pickle.loads(pickle.dumps(value)), value)


def test_an_anndata_with_a_state_of_its_own_is_left_to_it(monkeypatch):
    value = cache.read_h5ad(SAMPLE)
    monkeypatch.setattr(type(value), "__getstate__", lambda self: {**vars(self), "_mine": 1}, raising=False)
    found = pickle.loads(pickle.dumps(value))
    assert found._mine == 1 and differences(found.X, value.X) == []


def test_what_was_put_as_a_pickle_needs_no_part_of_the_file(sample):
    value = cache.read_h5ad(sample)
    kept = value.copy()
    cache.put({"all": value}, "kept", pickle=True)
    del value
    evict(sample)
    sample.unlink()
    equal(cache.get("kept")["all"], kept)


def test_a_process_that_never_read_one_unpickles_it():
    sent = pickle.dumps(cache.read_h5ad(SAMPLE))
    done = run_python("import pickle, sys; a = pickle.loads(bytes.fromhex(sys.argv[1])); print(a.shape, a.X.sum() > 0)", sent.hex())
    assert done.stdout == "(700, 765) True\n", done.stderr
    assert isinstance(pickle.loads(sent).obs, pd.DataFrame)
