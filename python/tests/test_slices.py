"""Genes, cells, columns and summaries, compared with anndata, scipy and pandas on the same file."""

from __future__ import annotations

import json
import subprocess

import anndata_cache as cache
import numpy as np
import pytest
import scipy.sparse
from conftest import EXECUTABLE, REPOSITORY, SAMPLE, succeed

anndata = pytest.importorskip("anndata")
CELLS = REPOSITORY / "tests" / "data" / "summary" / "cells.h5ad"
EMPTY = REPOSITORY / "tests" / "data" / "summary" / "no-cells.h5ad"
MATRICES = ["X", "layers/by_gene", "layers/dense", "layers/counts", "layers/untidy", "layers/nan"]


@pytest.fixture(scope="module")
def theirs():
    with pytest.warns(UserWarning):  # two genes have one name, on purpose
        return anndata.read_h5ad(CELLS)


def matrix_of(data, element):
    found = data.X if element == "X" else data.layers[element.split("/")[1]]
    return found.toarray() if hasattr(found, "toarray") else found


def same(ours, expected):
    assert ours.dtype == expected.dtype and ours.shape == expected.shape
    assert np.array_equal(ours, expected, equal_nan=ours.dtype.kind == "f")


@pytest.mark.parametrize("twin", [False, True])
@pytest.mark.parametrize("element", MATRICES)
def test_genes_are_the_columns_of_the_matrix(theirs, element, twin):
    handle, expected = cache.open(CELLS), matrix_of(theirs, element)
    if twin:
        cache.load(CELLS, element, twin=True)
        source = cache._store.store.current().source(str(CELLS))
        assert (source.derived(element, "twin") is not None) == (element != "layers/dense")
    same(handle.gene("B", element), expected[:, 1])
    same(handle.gene(-1, element), expected[:, -1])
    same(handle.genes(["C", "A", 4, "C"], element), expected[:, [2, 0, 4, 2]])
    same(handle.genes([], element), expected[:, []])


@pytest.mark.parametrize(("policy", "built"), [("", True), ("never", False)])
def test_the_first_gene_of_a_large_matrix_has_its_twin_built(tmp_path, policy, built):
    path = tmp_path / "large.h5ad"
    matrix = scipy.sparse.random(3000, 1000, 0.1, "csr", np.float32, random_state=1)
    anndata.AnnData(matrix, dtype=np.float32).write_h5ad(path)
    found = succeed("""
import sys, anndata_cache as cache
handle = cache.open(sys.argv[1])
first = handle.gene(7)
cache.flush()
twin = cache._store.store.current().source(sys.argv[1]).derived("X", "twin")
assert (handle.gene(7) == first).all()
print(twin is not None, float(first.sum()))
""", path, ANNDATA_CACHE_TWIN=policy)
    assert found == f"{built} {float(matrix[:, 7].toarray().ravel().sum())}\n"


def test_a_twin_that_cannot_be_built_is_nobodys_error(tmp_path):
    path = tmp_path / "large.h5ad"
    anndata.AnnData(scipy.sparse.random(3000, 1000, 0.1, "csr", np.float32, random_state=1), dtype=np.float32).write_h5ad(path)
    cache.load(path, "X", "var")
    assert succeed("""
import sys, os, anndata_cache as cache
handle = cache.open(sys.argv[1])
handle.X
os.environ["ANNDATA_CACHE_EXECUTABLE"] = "/nonexistent"
print(len(handle.gene(7)))
""", path) == "3000\n"


def test_names_are_found_in_the_table_that_another_process_has_made(monkeypatch):
    handle = cache.open(CELLS)
    expected = [handle.gene("C"), handle.gene("d", by="symbol")]
    for by, gene in ((None, "C"), ("symbol", "d")):
        subprocess.run([EXECUTABLE, "gene", CELLS, gene, *(["--column", by] if by else []), "--csv"], check=True, stdout=subprocess.DEVNULL)
    cache._store.store.current().reopen()
    monkeypatch.setattr(cache._slices.names, "index_of", None)  # names are not looked at one by one
    monkeypatch.setattr(cache._slices.names, "_names_of", None)
    same(handle.gene("C"), expected[0])
    same(handle.gene("d", by="symbol"), expected[1])


def test_genes_are_found_in_any_column_and_an_ambiguous_one_is_an_error():
    handle = cache.open(CELLS)
    same(handle.gene("d", by="symbol"), handle.gene(3))
    for call in (lambda: handle.gene("a"), lambda: handle.gene("A", by="symbol"), lambda: handle.cells("nobody")):
        with pytest.raises(KeyError, match="has no"):
            call()
    with pytest.raises(cache.ElementNotFound, match="Similar: A"):
        handle.gene("a")
    with pytest.raises(cache.ElementNotFound, match="rows 3, 4"):
        handle.gene("D")
    with pytest.raises(KeyError, match="symbol"):
        handle.gene("A", by="nothing")
    for genes, wanted in (("B", [1]), (slice(1, 3), [1, 2]), ([False, True, False, True, True], [1, 3, 4]), ([], [])):
        same(handle.genes(genes), handle.genes(wanted))
    for odd in (2.5, None):
        with pytest.raises(TypeError, match=f"not {odd}"):
            handle.genes([odd])
    with pytest.raises(IndexError, match="no gene 5"):
        handle.gene(5)
    with pytest.raises(cache.ElementUnreadable, match="no matrix"):
        handle.gene("A", "obs")


@pytest.mark.parametrize("element", MATRICES)
def test_cells_are_the_rows_of_the_matrix(theirs, element):
    handle, expected = cache.open(CELLS), matrix_of(theirs, element)
    mask = np.arange(len(expected)) % 100 == 3
    alike = [[3, -1, 3], mask, slice(10, 0, -3), []]
    for rows, wanted in [*zip(alike, alike), (["7", "5"], [7, 5]), (9, [9])]:
        found = handle.cells(rows, element)
        same(found.toarray() if hasattr(found, "toarray") else found, expected[wanted])
    part = handle.cells(mask, element, genes=["C", "A"])
    same(part.toarray() if hasattr(part, "toarray") else part, expected[mask][:, [2, 0]])


@pytest.mark.parametrize("rows", [np.ones(3, bool), [17_500], [-17_501], [0.5], [[1, 2]]])
def test_wrong_cells_are_index_errors(rows):
    with pytest.raises(IndexError):
        cache.open(CELLS).cells(rows)


@pytest.mark.parametrize("element", MATRICES)
@pytest.mark.parametrize("cutoff", [0, 3, -1])
def test_summaries_are_those_of_pandas(theirs, element, cutoff):
    import pandas
    ours = cache.open(CELLS).summary(["A", 2, "A"], "kind", element, cutoff)
    values = pandas.DataFrame(matrix_of(theirs, element).astype("f8"))[[0, 2]]
    groups = theirs.obs["kind"].to_numpy()
    labels = theirs.obs["kind"].cat.categories
    assert ours.mean.index.tolist() == labels.tolist() and ours.mean.columns.tolist() == ["A", 2, "A"]
    for label in labels:
        inside = values[groups == label].to_numpy()
        assert ours.cells[label] == len(inside)
        if not len(inside):
            assert ours.mean.loc[label].isna().all() and ours.fraction.loc[label].isna().all()
            continue
        expected = [f(inside[:, at]) for at in (0, 1, 0) for f in (np.mean, lambda x: np.var(x, ddof=1), lambda x: (x > cutoff).mean())]
        found = [ours[table].loc[label].iloc[at] for at in range(3) for table in range(3)]
        np.testing.assert_allclose(found, expected, rtol=1e-12)
        if element in ("layers/counts", "layers/untidy"):
            assert found[0] == expected[0] and found[2] == expected[2]


@pytest.mark.parametrize("element", MATRICES)
def test_summaries_are_those_of_the_executable_to_the_last_bit(element):
    call = [EXECUTABLE, "summary", CELLS, "--genes", "A,B,C", "--groupby", "kind", "--element", element, "--json"]
    theirs = json.loads(subprocess.run(call, check=True, capture_output=True, text=True).stdout)
    ours = cache.open(CELLS).summary(["A", "B", "C"], "kind", element)
    for gene in theirs["genes"]:
        for name in ("mean", "variance", "fraction"):
            same(getattr(ours, name)[gene["name"]].to_numpy(), np.array(gene[name], dtype="f8"))


def test_groups_of_any_column_and_of_none(theirs):
    handle = cache.open(CELLS)
    assert handle.summary(["A"], "batch").mean.index.tolist() == ["a", "b10", "b2"]
    assert handle.summary(["A"], "flag").mean.index.tolist() == [False, True]
    assert handle.summary(["A"], "hits").mean.index.tolist() == [0, 1, 2, 3, 4]
    everything = handle.summary()
    assert everything.mean.shape == (1, 5) and everything.cells["all"] == 17_500
    with pytest.raises(KeyError):
        handle.summary(["A"], "absent")
    with pytest.raises(ValueError):
        handle.summary(["A"], cutoff=float("nan"))


def test_columns_are_those_of_the_frame():
    import pandas
    handle = cache.open(SAMPLE)
    for name in handle.obs.columns:
        pandas.testing.assert_series_equal(handle.obs_column(name), handle.obs[name])
    with pytest.raises(KeyError):
        handle.obs_column("absent")


def test_columns_in_short(theirs):
    handle = cache.open(CELLS)
    depth = theirs.obs["depth"].to_numpy()
    found = handle.column_summary("depth", 10)
    counts, edges = np.histogram(depth[np.isfinite(depth)], 10)
    assert found.counts.tolist() == counts.tolist() and found.edges.tolist() == edges.tolist() and found.missing == np.isnan(depth).sum()
    kinds = handle.column_summary("kind")
    assert kinds.counts.to_dict() == theirs.obs["kind"].value_counts().to_dict() and kinds.missing == theirs.obs["kind"].isna().sum()


def test_no_cells_are_empty_and_nan():
    handle = cache.open(EMPTY)
    assert handle.gene("A").shape == (0,) and handle.cells([]).shape == (0, 3)
    assert handle.summary(["A"], "kind").mean.isna().all(axis=None)
    assert handle.column_summary("n", 3).counts.tolist() == [0, 0, 0]
    assert handle.column_summary("kind").counts.tolist() == [0]
