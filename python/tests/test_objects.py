"""Objects: what is put comes back exactly, is shared and read-only, and other languages read it too."""

from __future__ import annotations

import datetime
import json
import pickle
import subprocess

import anndata_cache as cache
import numpy as np
import pandas as pd
import pytest
import scipy.sparse
from conftest import EXECUTABLE, REPOSITORY, succeed

from anndata_cache._store import store
from anndata_cache._store.names import object_name

FRAMES = {
    "plain": pd.DataFrame(
        {"a": [1, 2, 3], "b": [0.5, np.nan, -0.0], "c": ["x", "", "ÿ"], "d": [True, False, True]}, index=["p", "q", "r"]),
    "numbered rows": pd.DataFrame({"a": np.arange(4, dtype="u2")}),
    "rows from 5 by 2": pd.DataFrame({"a": [1, 2]}, index=pd.RangeIndex(5, 9, 2, name="step")),
    "named rows": pd.DataFrame({"a": [1.0, 2.0]}, index=pd.Index([10, 20], name="number")),
    "rows named by a number": pd.DataFrame({"a": [1.0]}, index=pd.Index(["x"], name=7)),
    "rows of dates": pd.DataFrame({"a": [1, 2]}, index=pd.date_range("2026-01-01", periods=2, name="day")),
    "rows of categories": pd.DataFrame({"a": [1, 2]}, index=pd.CategoricalIndex(["v", "u"])),
    "several levels of rows": pd.DataFrame(
        {"a": [1, 2, 3]}, index=pd.MultiIndex.from_tuples([("x", 1), ("x", 2), ("y", 1)], names=["k", None])),
    "several levels of columns": pd.DataFrame(
        [[1, 2]], columns=pd.MultiIndex.from_tuples([("x", 1), ("y", 2)], names=["k", "l"])),
    "numbered columns": pd.DataFrame(np.arange(6.0).reshape(2, 3)),
    "columns of numbers": pd.DataFrame([[1, 2]], columns=[10, 20]),
    "columns twice": pd.DataFrame([[1, "x"]], columns=["a", "a"]),
    "a column like the index": pd.DataFrame({"_index": [1, 2], "index": [3, 4]}, index=["x", "y"]),
    "a name of the columns": pd.DataFrame([[1, 2]], columns=pd.Index(["a", "b"], name="kind")),
    "categories": pd.DataFrame({
        "text": pd.Categorical(["b", None, "a"], categories=["b", "a", "c"], ordered=True), "whole": pd.Categorical([3, 1, 3]),
        "bools": pd.Categorical([True, None, False]), "none": pd.Categorical([None, None, None])}),
    "nullable": pd.DataFrame({
        "i": pd.array([1, None, 3], dtype="Int16"), "b": pd.array([True, None, False], dtype="boolean"),
        "f": pd.array([0.5, None, 2], dtype="Float32"), "s": pd.array(["x", None, ""], dtype="string")}),
    "missing text": pd.DataFrame({"none": ["a", None, ""], "nan": ["a", np.nan, ""]}),
    "times": pd.DataFrame({
        "when": pd.to_datetime(["2026-01-01 12:30", None, "1970-01-01"]),
        "zone": pd.to_datetime(["2026-07-01", None, "2026-01-01"]).tz_localize("Europe/Paris"),
        "long": pd.to_timedelta(["1 day", None, "-2 s"])}),
    "no rows": pd.DataFrame({"a": np.array([], "f4"), "b": np.array([], object), "c": pd.Categorical([])}),
    "every number": pd.DataFrame({name: np.array([0, 1, 100], name) for name in "i1 i2 i4 i8 u1 u2 u4 u8 f2 f4 f8 c8 c16".split()}),
}
ARRAYS = {
    "two axes": np.arange(12, dtype="f4").reshape(3, 4), "one": np.array([1, 2, 3]), "three": np.zeros((2, 3, 4), "i2"),
    "empty": np.zeros((0, 5)),
    "fortran": np.asfortranarray(np.arange(6).reshape(2, 3)), "every second": np.arange(10)[::2], "big-endian": np.arange(3, dtype=">i4"),
    "bools": np.array([[True], [False]]), "complex": np.array([1 + 2j]), "text": np.array([["a", "bc"], ["", "ÿ"]], object),
    "fixed text": np.array(["a", "bcd"]), "days": np.array(["2026-01-01", "NaT"], "M8[D]"), "half": np.array([1.5, np.inf], "f2"),
}
PLAIN = [None, True, 7, -2**62, 2.5, "text", "", [], {}, [1, "a", [None, {}]], {"a": {"b": [1.5, "ÿ"]}, "": 0}]


@pytest.mark.parametrize("name", FRAMES)
def test_a_frame_comes_back_exactly(name):
    frame = FRAMES[name]
    before = frame.copy(deep=True)
    cache.put(frame, "frame")
    pd.testing.assert_frame_equal(frame, before)
    found = cache.get("frame", "pandas")
    pd.testing.assert_frame_equal(found, frame, check_freq=False)
    assert type(found.index) is type(frame.index) and type(found.columns) is type(frame.columns)
    assert found.index.names == frame.index.names and found.columns.names == frame.columns.names


@pytest.mark.parametrize("series", [pd.Series([1, 2], name="s"), pd.Series(["a", None]), pd.Series([1.0], index=["x"], name=3)])
def test_a_series_comes_back_exactly(series):
    cache.put(series, "series")
    pd.testing.assert_series_equal(cache.get("series"), series)


@pytest.mark.parametrize("name", ARRAYS)
def test_an_array_comes_back_exactly_and_read_only(name):
    array = ARRAYS[name]
    cache.put(array, "array")
    found = cache.get("array", "numpy")
    assert found.shape == array.shape and found.dtype == array.dtype.newbyteorder("=")
    assert found.tolist() == array.tolist() or np.array_equal(found, array, equal_nan=True)
    assert not found.flags.writeable or array.dtype.kind == "U"


@pytest.mark.parametrize("kind", ["csr_matrix", "csc_matrix", "csr_array", "coo_matrix"])
@pytest.mark.parametrize("dtype", ["f4", "i8", "?"])
def test_a_sparse_matrix_shares_its_arrays(kind, dtype):
    matrix = getattr(scipy.sparse, kind)(np.eye(4, 6).astype(dtype))
    cache.put(matrix, "sparse")
    found = cache.get("sparse")
    assert type(found) is (type(matrix) if kind != "coo_matrix" else scipy.sparse.csr_matrix)
    assert found.shape == matrix.shape and found.dtype == matrix.dtype and (found != matrix.asformat(found.format)).nnz == 0
    assert not found.data.flags.writeable


@pytest.mark.parametrize("value", PLAIN, ids=repr)
def test_plain_data_comes_back_exactly(value):
    cache.put(value, "plain")
    found = cache.get("plain", "object")
    assert found == value and type(found) is type(value)


@pytest.mark.parametrize("value, words", [
    ({1: "a"}, "a key that is no str: 1"), ([1, (2, 3)], r"builtins.tuple at \[1\]"), (float("nan"), "nan"),
    ({"a": [datetime.date(2026, 1, 1)]}, r"date at \['a'\]\[0\]"), (np.float64(1), "float64"),
    (pd.DataFrame({"a": [object()]}), "column 'a'"), (np.array([object()], object), "object object"),
    (pd.DataFrame({"a": ["x", None, np.nan]}), "both None and NaN"), (np.ma.array([1]), "MaskedArray"), ({"a": set()}, "set"),
])
def test_what_is_not_plain_is_refused_with_its_place(value, words):
    with pytest.raises(TypeError, match=rf"{words}.*pickle=True"):
        cache.put(value, "odd")
    assert not cache.contains("odd")
    cache.put(value, "odd", pickle=True)
    found = cache.get("odd")
    assert type(found) is type(value)


def test_a_pickles_buffers_are_mapped_and_the_variable_asks_for_one(monkeypatch):
    monkeypatch.setenv("ANNDATA_CACHE_PICKLE", "true")
    value = (np.arange(100_000), {"a": np.ones(5)})
    cache.put(value, "pickled")
    found = cache.get("pickled", "object")
    assert np.array_equal(found[0], value[0]) and not found[0].flags.writeable and found[1]["a"].tolist() == [1] * 5


def test_a_pickle_of_another_user_is_not_loaded():
    cache.put({1}, "theirs", pickle=True)
    part = store.current().find_object("theirs")
    part.owner += 1
    with pytest.raises(PermissionError, match="a pickle that user"):
        cache.get("theirs")


def test_an_object_is_overwritten_while_it_is_held_unless_not_wished():
    cache.put(np.array([1, 2]), "name")
    held = cache.get("name")
    cache.put(np.array([3]), "name")
    assert held.tolist() == [1, 2] and cache.get("name").tolist() == [3]
    with pytest.raises(cache.ObjectExists, match="name"):
        cache.put(np.array([4]), "name", overwrite=False)
    assert cache.get("name").tolist() == [3]


def test_a_deleted_object_is_gone_at_once_and_stays_with_its_users():
    cache.put([1], "a")
    cache.put(np.array([2]), "b")
    held = cache.get("b")
    assert cache.contains("a", "b")
    cache.delete("a", "b", "never")
    assert not cache.contains("a") and not cache.contains("b") and held.tolist() == [2]
    for name in ("a", "never"):
        with pytest.raises(KeyError, match=f"There is no object '{name}'"):
            cache.get(name)


def test_a_wish_for_another_type_is_refused():
    cache.put([1], "list")
    with pytest.raises(TypeError, match="'list' is a list, not of numpy"):
        cache.get("list", "numpy")
    with pytest.raises(ValueError, match="dtype is 'frame'"):
        cache.get("list", "frame")
    for name in ("", 5):
        with pytest.raises((ValueError, TypeError)):
            cache.put([1], name)


def test_objects_are_listed_under_their_names():
    cache.put([1], "some/name")
    assert "some/name" in {one["name"] for one in cache.list_objects().values()}


def test_another_process_maps_the_same_object(tmp_path):
    cache.put(FRAMES["categories"], "shared")
    printed = succeed("import anndata_cache as c; f = c.get('shared'); print(f['text'].cat.categories.tolist(), f['text'].cat.ordered)")
    assert printed == "['b', 'a', 'c'] True\n"


def test_a_table_is_parsed_once_and_again_when_its_file_changes(tmp_path, monkeypatch):
    path = tmp_path / "table.csv"
    path.write_text("name,count\na,1\nb,2\n")
    parsed, parse = [], pd.read_csv
    monkeypatch.setattr(pd, "read_csv", lambda *args, **kwargs: parsed.append(1) or parse(*args, **kwargs))
    for _ in range(3):
        assert cache.csv(path)["count"].tolist() == [1, 2]
    assert len(parsed) == 1
    assert cache.csv(path, index_col="name").index.tolist() == ["a", "b"] and len(parsed) == 2
    path.write_text("name,count\na,1\nb,2\nc,3\n")
    assert cache.csv(path)["count"].tolist() == [1, 2, 3] and len(parsed) == 3


TABLES = {
    "every type": "name,whole,part,flag,gap,text\na,1,0.1,True,1,x\nb,-2,1e300,False,,\nc,3,2.5,True,3,\"y, z\"\n",
    "large": "n,u,o\n9223372036854775807,18446744073709551615,99999999999999999999\n1,2,3\n",
    "large with gaps": "n,m\n99999999999999999999,1\n,2\n", "missing words": "a,b\nNA,null\n1,x\nnan,N/A\n",
    "same names": "a,a,b\n1,2,3\n", "no name": ",b\n1,2\n", "empty column": "a,b\n,1\n,2\n", "no rows": "a,b\n",
    "blank lines": "a\n\n1\n\n2\n",
    "quotes": 'a,b\n"x ""y""",1\n"line\nbreak",2\n', "spaces": "a,b\n 1,x \n2 , y\n", "zeros": "a,b\n007,+1\n010,-0\n",
    "bools with gaps": "a,b\nTrue,1\n,2\nFalse,3\n", "row names": "a,b\nx,1,2\ny,3,4\n", "other bools": "a,b\ntrue,TRUE\nfalse,FALSE\n",
    "infinite": "a,b\ninf,-inf\n1,Infinity\n", "text and numbers": "a\n1\nx\n2.5\n",
    "long fraction": "a\n0.30000000000000004\n2.2250738585072011e-308\n",
    "umlauts": "größe,ä\nü,1\n", "windows": "a,b\r\n1,x\r\n", "dates": "a\n2026-01-01\n", "short row": "a,b,c\n1,2\n",
}


@pytest.mark.parametrize("name", TABLES)
def test_a_table_is_the_same_whoever_parses_it(name, tmp_path):
    path = tmp_path / "table.csv"
    path.write_bytes(TABLES[name].encode())
    expected = pd.read_csv(path, float_precision="round_trip")
    for _ in range(2):
        found = cache.csv(path, float_precision="round_trip")
        pd.testing.assert_frame_equal(found, expected, check_exact=True)
        assert found.columns.equals(expected.columns) and type(found.index) is type(expected.index)


def test_an_exact_table_is_the_part_that_other_languages_have(tmp_path, monkeypatch, folders):
    path = tmp_path / "table.csv"
    path.write_text("name,count\na,1\nb,\n")
    done = subprocess.run([EXECUTABLE, "csv", path, "--json"], capture_output=True, text=True, check=True)
    monkeypatch.setattr(pd, "read_csv", None)
    assert cache.csv(path, float_precision="round_trip")["name"].tolist() == ["a", "b"]
    assert folders.parts() == [json.loads(done.stdout)["file"].rpartition("/")[2]]
    sent = pickle.dumps(cache.csv(path, float_precision="round_trip"))
    store.current().release()
    subprocess.run([EXECUTABLE, "evict", path], capture_output=True, check=True)
    assert len(sent) < 1200 + len(str(path)) and pickle.loads(sent)["name"].tolist() == ["a", "b"]
    path.write_text("name,count\nc,1\n")
    assert cache.csv(path, float_precision="round_trip")["name"].tolist() == ["c"]


def test_an_object_larger_than_the_store_is_a_memory_error(monkeypatch):
    monkeypatch.setenv("ANNDATA_CACHE_HOT_BYTES", "1MB")
    with pytest.raises(MemoryError, match="budget"):
        cache.put(np.zeros(1_000_000), "large")
    assert not cache.contains("large")


def test_the_executable_reads_what_python_puts(tmp_path):
    cache.put(FRAMES["plain"], "frame")
    cache.put(ARRAYS["two axes"], "array")
    shown = subprocess.run([EXECUTABLE, "get", "frame", "-o", tmp_path / "frame.csv"], capture_output=True, text=True)
    assert shown.returncode == 0, shown.stderr
    assert "ÿ" in (tmp_path / "frame.csv").read_text(encoding="utf-8")
    subprocess.run([EXECUTABLE, "get", "array", "-o", tmp_path / "array.npy"], check=True)
    assert np.array_equal(np.load(tmp_path / "array.npy"), ARRAYS["two axes"])
    cache.put({"a": [1, None]}, "plain")
    subprocess.run([EXECUTABLE, "get", "plain", "-o", tmp_path / "plain.json"], check=True)
    assert json.loads((tmp_path / "plain.json").read_text()) == {"a": [1, None]}


def test_a_pickle_that_was_stored_long_ago_is_read(folders):
    golden = REPOSITORY / "tests" / "data" / "parts" / "v1-pickle.arrow"
    cache.put({1}, "golden", pickle=True)
    place = folders.hot / "parts" / object_name("golden")
    place.unlink()
    place.write_bytes(golden.read_bytes())
    place.chmod(0o400)
    found = cache.get("golden")
    assert found["größe"] == 1.5 and bytes(found["buffer"]) == bytes(range(8))
