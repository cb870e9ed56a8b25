"""Encodings that few real files have: awkward arrays, records, odd strings, and columns that cannot be read."""

from __future__ import annotations

import anndata_cache as cache
import numpy as np
import pytest
from conftest import REPOSITORY, succeed

h5py = pytest.importorskip("h5py")
STANDINS = REPOSITORY / "python" / "tests" / "standins"


def encoded(node, kind, version="0.1.0"):
    node.attrs["encoding-type"], node.attrs["encoding-version"] = kind, version
    return node


def write_frame(file, name, rows, columns):
    frame = encoded(file.create_group(name), "dataframe", "0.2.0")
    frame.attrs["_index"] = "_index"
    frame.attrs["column-order"] = np.array(list(columns), h5py.string_dtype())
    encoded(frame.create_dataset("_index", data=np.array([f"{name}-{i}" for i in range(rows)], object)), "string-array", "0.2.0")
    for column, make in columns.items():
        make(frame, column)
    return frame


TEXTS = ["line\nbreak", "\x1f", "", "日本"]
LISTS = {"class": "ListOffsetArray", "offsets": "i64", "form_key": "node0",
         "content": {"class": "NumpyArray", "primitive": "int32", "form_key": "node1"}}
RECORDS = {"class": "RecordArray", "fields": ["a"], "form_key": "node0",
           "contents": [{"class": "NumpyArray", "primitive": "float64", "form_key": "node1"}]}


@pytest.fixture
def odd_file(tmp_path):
    """Three cells and two genes, with what anndata 0.8 does not write."""
    path = tmp_path / "odd.h5ad"
    with h5py.File(path, "w") as file:
        encoded(file, "anndata")
        write_frame(file, "obs", 3, {
            "good": lambda frame, name: encoded(frame.create_dataset(name, data=[1, 2, 3]), "array", "0.2.0"),
            "bad": lambda frame, name: encoded(frame.create_group(name), "from-the-future")})
        write_frame(file, "var", 2, {})
        uns = encoded(file.create_group("uns"), "dict")
        write_awkward(uns, "numbers", 3, LISTS, {"node0-offsets": np.array([0, 2, 2, 5]), "node1-data": np.arange(5, dtype="i4")})
        write_awkward(uns, "records", 2, RECORDS, {"node1-data": np.array([0.5, 1.5])})
        encoded(uns.create_dataset("nothing", data=h5py.Empty("f4")), "null")
        encoded(uns.create_dataset("infinite", data=np.float32("-inf")), "numeric-scalar", "0.2.0")
        encoded(uns.create_dataset("large", data=np.uint64(2**64 - 1)), "numeric-scalar", "0.2.0")
        encoded(uns.create_dataset("texts", data=np.array(TEXTS, object), dtype=h5py.string_dtype()), "string-array", "0.2.0")
        records = np.array([(1, 0.5, "x"), (2, -0.0, "")], [("i", "i2"), ("f", "f8"), ("s", h5py.string_dtype())])
        encoded(uns.create_dataset("recarray", data=records), "rec-array", "0.2.0")
    return path


def write_awkward(parent, name, length, form, buffers):
    import json
    group = encoded(parent.create_group(name), "awkward-array")
    group.attrs["length"], group.attrs["form"] = length, json.dumps(form)
    for buffer, values in buffers.items():
        encoded(group.create_dataset(buffer, data=values), "array", "0.2.0")


def test_lists_are_lists_without_awkward_and_its_own_with_it(odd_file):
    assert cache.open(odd_file)["uns/numbers"] == [[0, 1], [], [2, 3, 4]]
    code = "import sys; sys.path.append(sys.argv[2]); import anndata_cache as c; print(c.open(sys.argv[1])['uns/numbers'])"
    printed = succeed(code, odd_file, STANDINS)
    assert printed == "[[0, 1], [], [2, 3, 4]]\n"


def test_another_awkward_form_needs_awkward(odd_file):
    with pytest.raises(cache.ElementUnreadable, match="needs the package 'awkward'"):
        cache.open(odd_file)["uns/records"]
    with pytest.warns(UserWarning, match="'uns/records' is left out"):
        assert "records" not in cache.open(odd_file).uns


@pytest.mark.filterwarnings("ignore")
def test_scalars_records_and_texts_are_exact(odd_file):
    uns = cache.open(odd_file).uns
    assert uns["nothing"] is None and uns["infinite"] == np.float32("-inf") and type(uns["infinite"]) is np.float32
    assert uns["large"] == np.uint64(2**64 - 1) and type(uns["large"]) is np.uint64
    assert uns["texts"].tolist() == TEXTS
    assert uns["recarray"].tolist() == [(1, 0.5, "x"), (2, -0.0, "")] and uns["recarray"].dtype.names == ("i", "f", "s")
    assert np.signbit(uns["recarray"]["f"][1]) and uns["recarray"].dtype["i"] == np.int16


def test_strings_are_split_whatever_they_hold():
    from anndata_cache._values.columns import _split
    for texts in (["a", "", "b"], [], [""], ["\0", "x"], ["\0\n", "ÿ"], ["\0\n\x1f", "", "日本"]):
        raw = [text.encode() for text in texts]
        offsets = np.cumsum([0, *map(len, raw)])
        assert _split(offsets, np.frombuffer(b"".join(raw), np.uint8)) == texts
    with pytest.raises(ValueError, match="damaged"):
        _split(np.array([0, 5]), np.zeros(3, np.uint8))


def test_a_column_that_cannot_be_read_fails_alone(odd_file):
    with pytest.warns(UserWarning, match="Column 'bad' of 'obs' is left out"):
        assert list(cache.open(odd_file).obs.columns) == ["good"]
    assert cache.obs(odd_file, columns=["good"])["good"].tolist() == [1, 2, 3]
    with pytest.raises(cache.ElementUnreadable, match="Column 'bad'|'obs/bad'"):
        cache.obs(odd_file, columns=["bad"])


def test_a_file_without_x_has_none(odd_file):
    handle = cache.open(odd_file)
    assert handle.X is None and handle.shape == (3, 2) and handle.raw is None and dict(handle.layers) == {}
    with pytest.raises(KeyError, match="no element 'X'"):
        cache.X(odd_file)


@pytest.mark.parametrize("promotion", ["never", "always"])
def test_the_cold_tier_serves_and_promotes_as_it_is_told(dense_file, folders, monkeypatch, promotion):
    from anndata_cache._store import store
    monkeypatch.setenv("ANNDATA_CACHE_COLD_BYTES", "100MB")
    total = cache.X(dense_file).to_numpy().sum()
    cache.flush()
    store.reset()
    for name in folders.parts():
        (folders.hot / "parts" / name).unlink()
    monkeypatch.setenv("ANNDATA_CACHE_PROMOTION", promotion)
    if promotion == "never":
        monkeypatch.setenv("ANNDATA_CACHE_EXECUTABLE", "/none")  # a hit needs none
    assert cache.X(dense_file).to_numpy().sum() == total
    assert store.current().source(str(dense_file)).part("X").tier == ("cold" if promotion == "never" else "hot")


def test_the_cold_tier_serves_alone(dense_file, folders, monkeypatch):
    from anndata_cache._store import store
    monkeypatch.setenv("ANNDATA_CACHE_HOT_BYTES", "0")
    monkeypatch.setenv("ANNDATA_CACHE_COLD_BYTES", "100MB")
    store.reset()
    assert cache.X(dense_file).shape == (2000, 1000) and folders.parts() == []
    assert cache.current_usage()["capacity"] == 0.1
