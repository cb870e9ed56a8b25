"""Elements for Arrow libraries: every value by a consumer that follows the specification, by DuckDB, and who frees what when."""

from __future__ import annotations

import gc
import os
import pickle
import subprocess
import threading

import anndata_cache as cache
import consumer
import numpy as np
import pandas as pd
import pytest
import scipy.sparse
from conftest import EXECUTABLE, SAMPLE
from duck import LIBRARY, Duck

from anndata_cache._values import carrays


@pytest.fixture(autouse=True)
def nothing_is_held():
    """Every test ends with all that was exported released."""
    yield
    gc.collect()
    carrays.sweep()
    assert carrays._held == {} and carrays._capsules == []


def plain(series):
    return [None if pd.isna(value) else value for value in series.tolist()]


def test_a_dataframe_has_its_row_names_and_columns_with_every_value():
    handle = cache.open(SAMPLE)
    values, formats = consumer.read(handle.arrow("obs"))
    obs = handle.obs
    assert values.pop("_index") == obs.index.tolist()
    assert list(values) == list(obs.columns)
    for name in obs:
        assert values[name] == plain(obs[name]), name
    assert formats["cell_type"] == "c" and formats["total_counts"] == "f" and formats["passed_qc"] == "b" and formats["note"] == "U"


def test_columns_are_chosen_by_name_and_one_by_its_path():
    handle = cache.open(SAMPLE)
    two = handle.arrow("obs", ["n_genes", "donor"])
    assert two.column_names == ["n_genes", "donor"] == list(consumer.read(two)[0]) and two.shape == (700, 2)
    assert handle.arrow("obs/donor").column_names == ["donor"]
    with pytest.raises(KeyError, match="no column 'none'. It has: _index, cell_type"):
        handle.arrow("obs", ["none"])
    with pytest.raises(KeyError, match="no element 'none'"):
        handle.arrow("none")


def test_a_dense_array_is_rows_of_one_length():
    handle = cache.open(SAMPLE)
    element = handle.arrow("obsm/X_pca")
    values, formats = consumer.read(element)
    assert formats == {"X_pca": f"+w:{element.shape[1]}"} or len(formats) == 1
    assert np.array_equal(np.array(list(values.values())[0], "f4"), handle.obsm["X_pca"])
    reader = consumer.Reader(element.__arrow_c_stream__())
    shape = f"[{element.shape[0]},{element.shape[1]}]"
    assert consumer.metadata_of(reader.schema.children[0].contents) == {"shape": shape, "kind": "dense"}
    reader.close()


def test_a_sparse_matrix_is_lists_of_index_and_value():
    handle = cache.open(SAMPLE)
    matrix = handle.X
    rows = list(consumer.read(handle.arrow("X"))[0].values())[0]
    assert [len(row) for row in rows] == np.diff(matrix.indptr).tolist()
    flat = [entry for row in rows for entry in row]
    assert np.array_equal(np.array([index for index, _ in flat]), matrix.indices)
    assert np.array_equal(np.array([value for _, value in flat], matrix.dtype), matrix.data)


OBJECTS = {
    "frame": pd.DataFrame({
        "text": ["a", None, "ÿ"], "flag": pd.array([True, None, False], dtype="boolean"), "whole": pd.array([1, None, 3], dtype="Int16"),
        "kind": pd.Categorical(["v", None, "u"], categories=["u", "v"], ordered=True), "number": [0.5, -0.0, np.inf],
        "half": np.array([1, 2, 3], "f2")}),
    "no rows": pd.DataFrame({"a": np.array([], "f4"), "b": np.array([], object), "c": pd.Categorical([])}),
}


@pytest.mark.parametrize("name", OBJECTS)
def test_an_object_that_was_put_has_every_value(name):
    frame = OBJECTS[name]
    cache.put(frame, "frame")
    values, _ = consumer.read(cache.get("frame", "arrow"))
    assert {column: values[column] for column in frame} == {column: plain(frame[column]) for column in frame}


@pytest.mark.parametrize("dtype", "i1 i2 i4 i8 u1 u2 u4 u8 f2 f4 f8 ?".split())
def test_numbers_of_every_type(dtype):
    array = np.array([[0, 1, 2], [3, 4, 5]], dtype)
    cache.put(array, "array")
    assert list(consumer.read(cache.get("array", "arrow"))[0].values())[0] == array.tolist()


def test_complex_numbers_are_pairs_and_an_ordered_category_says_so():
    cache.put(np.array([1 + 2j, 3]), "complex")
    assert list(consumer.read(cache.get("complex", "arrow"))[0].values())[0] == [[1, 2], [3, 0]]
    cache.put(OBJECTS["frame"], "frame")
    reader = consumer.Reader(cache.get("frame", "arrow").__arrow_c_stream__())
    flags = {reader.schema.children[i].contents.name: reader.schema.children[i].contents.flags for i in range(reader.schema.n_children)}
    assert flags[b"kind"] == 3 and flags[b"text"] == 2 and flags[b"number"] == 0
    reader.close()


def test_plain_data_is_one_text():
    cache.put({"a": [1, None]}, "plain")
    assert consumer.read(cache.get("plain", "arrow"))[0] == {"json": ['{"a": [1, null]}']}


def test_the_memory_is_the_parts_and_stays_pinned_until_all_is_released(sample, folders):
    element = cache.open(sample).arrow("obsm/X_pca")
    reader = consumer.Reader(element.__arrow_c_stream__())
    array = reader.next()
    address = array.children[0].contents.children[0].contents.buffers[1]
    with open("/proc/self/maps", encoding="ascii") as lines:
        mapped = [line for line in lines if str(os.stat(element.part).st_ino) in line.split()]
    assert any(int(line.split("-")[0], 16) <= address < int(line.split("-")[1].split()[0], 16) for line in mapped)
    reader.close()
    name = os.path.basename(element.part)
    del element
    assert name in evict(sample, folders)
    child = consumer.move(array.children[0].contents)
    consumer.release(array)
    assert name in evict(sample, folders), "a child that was moved out keeps the memory after its parent is gone"
    values = consumer.numbers(child.children[0].contents.buffers[1], "f4", 10)
    assert np.isfinite(values).all()
    consumer.release(child)
    assert evict(sample, folders) == []


def evict(path, folders):
    """Which parts stay, because they are used."""
    from anndata_cache._store import store
    store.current().release()
    gc.collect()
    subprocess.run([EXECUTABLE, "evict", path], capture_output=True, check=True)
    return folders.parts()


def test_a_stream_that_nobody_takes_is_released_when_its_capsule_is_gone(sample, folders):
    element = cache.open(sample).arrow("obs")
    capsule, schema = element.__arrow_c_stream__(), element.__arrow_c_schema__()
    assert len(carrays._held) > 1
    del capsule, schema, element
    assert carrays._held == {} and evict(sample, folders) == []


def test_an_exception_on_its_way_stays_what_it_is():
    element = cache.open(SAMPLE).arrow("obs")
    with pytest.raises(ZeroDivisionError):
        print(element.__arrow_c_stream__(), 1 / 0)
    with pytest.raises(IndexError):
        list(map(lambda i: [].pop() if i == 2 else element.__arrow_c_stream__(), range(3)))


def test_a_released_stream_answers_with_a_number():
    reader = consumer.Reader(cache.open(SAMPLE).arrow("obs").__arrow_c_stream__())
    copied = consumer.Stream.from_buffer_copy(reader.stream)
    reader.close()
    array = consumer.Array()
    assert copied.get_next(consumer.ctypes.byref(copied), consumer.ctypes.byref(array)) == 22 and not array.release


def test_an_error_of_the_producer_is_a_number_and_a_text(monkeypatch):
    reader = consumer.Reader(cache.open(SAMPLE).arrow("obs").__arrow_c_stream__())

    def fail(*arguments):
        raise RuntimeError("no array today")

    monkeypatch.setattr(carrays, "_fill_array", fail)
    array = consumer.Array()
    assert reader.stream.get_next(consumer.ctypes.byref(reader.stream), consumer.ctypes.byref(array)) == 5
    assert reader.stream.get_last_error(consumer.ctypes.byref(reader.stream)) == b"RuntimeError: no array today"
    monkeypatch.undo()
    again = reader.next()
    consumer.release(again)
    reader.close()


def test_other_threads_may_read_and_release():
    element, found = cache.open(SAMPLE).arrow("obs"), []
    threads = [threading.Thread(target=lambda: found.append(consumer.read(element)[0]["n_genes"])) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 4 and all(one == found[0] for one in found)


def test_it_travels_by_handle():
    element = pickle.loads(pickle.dumps(cache.open(SAMPLE).arrow("obs", ["donor"])))
    assert element.column_names == ["donor"] and len(pickle.dumps(element)) < 350
    assert consumer.read(element)[0]["donor"][:3] == cache.open(SAMPLE).obs["donor"].tolist()[:3]


def test_duckdb_reads_the_same():
    if not LIBRARY.is_file():
        pytest.skip("DuckDB's library is missing: run 'npm ci' in tests/foreign")
    duck, handle = Duck(), cache.open(SAMPLE)
    duck.take("obs", handle.arrow("obs"))
    duck.take("x", handle.arrow("X"))
    duck.take("pca", handle.arrow("obsm/X_pca"))
    obs, matrix = handle.obs, scipy.sparse.csr_matrix(handle.X)
    found = duck.query("select cell_type, count(*), sum(n_genes), sum(doublet_hits), sum(passed_qc::int), max(_index), min(note) "
                       "from obs group by 1 order by 1")
    expected = obs.assign(names=obs.index, note=obs["note"].astype(object)).groupby(obs["cell_type"].astype(str)).agg(
        {"donor": "size", "n_genes": "sum", "doublet_hits": "sum", "passed_qc": "sum", "names": "max", "note": "min"}).reset_index()
    assert found == expected.astype(str).values.tolist()
    sums = duck.query('select sum(len("X")), sum(list_sum(list_transform("X", lambda e: e.value::double))), '
                      'sum(list_sum(list_transform("X", lambda e: e.index))) from x')
    assert [float(value) for value in sums[0]] == pytest.approx([matrix.nnz, matrix.sum(dtype="f8"), float(matrix.indices.sum(dtype="i8"))])
    name = handle.arrow("obsm/X_pca").column_names[0]
    total = duck.query(f'select sum(v::double), count(*) from (select unnest("{name}") v from pca)')[0]
    assert [float(value) for value in total] == pytest.approx([handle.obsm["X_pca"].sum(dtype="f8"), handle.obsm["X_pca"].size])
    duck.close()
    assert not [held for held in carrays._held.values() if isinstance(held, carrays._Producer) or handle_of(held)]
    carrays._held.clear()  # its C interface does not release the schemas that it asks for


def handle_of(held):
    """The part that an array holds; a schema holds none."""
    return next((one for one in held if type(one).__name__ == "Part"), None)
