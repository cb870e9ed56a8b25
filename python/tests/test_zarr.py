"""Zarr stores are sources like any other: names, values, freshness."""

from __future__ import annotations

import json
import os
import subprocess

import numpy as np
import pytest
from conftest import EXECUTABLE

import anndata_cache as cache
from anndata_cache._store import names, sources

anndata = pytest.importorskip("anndata")
zarr = pytest.importorskip("zarr")


@pytest.fixture
def written(tmp_path):
    """A small store and the AnnData that is in it."""
    values = np.arange(60, dtype="f4").reshape(12, 5)
    data = anndata.AnnData(values, layers={"counts": values.astype("i4")}, dtype="f4")
    data.obs["type"] = ["a", "b", "c"] * 4
    path = tmp_path / "cells.zarr"
    data.write_zarr(path, chunks=(4, 5))
    return path, data


@pytest.mark.parametrize("many", [False, True])
def test_names_are_the_executables(written, folders, many):
    path, _ = written
    if many:
        for number in range(5000):
            (path / "X" / f"stray-{number}").touch()
    done = subprocess.run([EXECUTABLE, "load", "--json", path, "X"], capture_output=True, text=True, check=True)
    name = f"{names.identity_of(os.path.realpath(path), 'X')}.{names.version_of(sources.observe(str(path)))}"
    assert os.path.basename(json.loads(done.stdout.splitlines()[0])["file"]) == name
    sources._folders.clear()
    other = f"{names.identity_of(os.path.realpath(path), 'X')}.{names.version_of(sources.observe(str(path), every_file=True))}"
    assert (other == name) != many


def test_a_store_is_read_as_an_anndata(written, folders):
    path, data = written
    read = cache.read_h5ad(path)
    assert np.array_equal(read.X, data.X) and np.array_equal(read.layers["counts"], data.layers["counts"])
    assert list(read.obs["type"]) == list(data.obs["type"])
    assert np.array_equal(cache.open(path).X, data.X)


def test_a_chunk_that_is_overwritten_makes_a_new_version(written, folders):
    path, data = written
    assert cache.open(path).X[0, 0] == 0
    before = sources.observe(str(path))
    assert sources.observe(str(path)) == before
    zarr.open(str(path), "r+")["X"][0, 0] = 7
    assert sources.observe(str(path)) != before
    assert cache.open(path).X[0, 0] == 7


def test_the_entries_that_count_are_known_by_their_stats(tmp_path):
    for name in ("a", "b"):
        (tmp_path / "x" / name).mkdir(parents=True)
        (tmp_path / "x" / name / "0").write_bytes(b"1")
    (tmp_path / "x" / ".zgroup").touch()
    path = str(tmp_path / "x")
    _, _, count, *_ = sources.observe(path)
    assert count == 6  # the folder, two folders, three files
    first = sources.observe(path)
    with open(f"{path}/b/0", "r+b") as file:
        file.write(b"2")
        os.utime(file.fileno(), ns=(1, 1))
    assert sources.observe(path) != first
    found = sources.observe(path)
    sources._folders.clear()
    assert found == sources.observe(path, every_file=True)
