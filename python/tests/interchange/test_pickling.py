"""What travels to other processes: a few words where a part holds the bytes, and numpy's pickle of anything else."""

from __future__ import annotations

import copy
import copyreg
import multiprocessing
import os
import pickle
import subprocess
import sys

import anndata_cache as cache
import numpy as np
import pandas as pd
import pytest
import workers
from anndata_cache._values import pickling
from conftest import EXECUTABLE, SAMPLE, run_python, succeed
from equal import differences
from test_handle import base_of

PLACE = len(str(SAMPLE))
"""Every handle has the path of its file; the rest is about as long."""

ELEMENTS = {  # bytes beside the path, whatever the number of rows
    "X": 100, "layers/counts": 110, "obsp/connectivities": 115, "obsm/X_pca": 125, "obsm/X_umap": 125, "obs": 100, "var": 100,
    "obs/cell_type": 850, "obs/note": 600, "obs/doublet_hits": 850,
}
VIEWS = {
    "all": np.s_[:], "rows": np.s_[5:10], "one row": np.s_[3], "one column": np.s_[:, 2],
    "backwards": np.s_[::-1, ::2], "one": np.s_[4:5, 1:2],
}


@pytest.mark.parametrize("element", ELEMENTS)
def test_an_element_travels_as_a_few_words_and_comes_back_the_same(element):
    value = cache.open(SAMPLE)[element]
    sent = pickle.dumps(value)
    assert len(sent) < ELEMENTS[element] + PLACE
    found = pickle.loads(sent)
    assert differences(*[one.to_frame() if isinstance(one, pd.Series) else one for one in (found, value)]) == []


@pytest.mark.parametrize("protocol", range(2, pickle.HIGHEST_PROTOCOL + 1))
@pytest.mark.parametrize("view", VIEWS)
def test_a_view_of_an_array_is_the_same_memory_again(view, protocol):
    array = cache.open(SAMPLE).obsm["X_pca"]
    for part in (array[VIEWS[view]], array.T[VIEWS[view]]):
        sent = pickle.dumps(part, protocol)
        found = pickle.loads(sent)
        assert len(sent) < 160 + PLACE and type(found) is np.ndarray
        assert found.__array_interface__ == part.__array_interface__ and not found.flags.writeable


def test_the_arrays_of_a_matrix_and_of_a_frame_lie_over_the_part_again():
    handle = cache.open(SAMPLE)
    matrix = pickle.loads(pickle.dumps(handle.X))
    obs = pickle.loads(pickle.dumps(handle.obs))
    for array in (matrix.data, matrix.indices, matrix.indptr, obs["total_counts"].to_numpy()):
        assert type(base_of(array)).__name__ == "Part" and not array.flags.writeable
    assert matrix.has_canonical_format and type(matrix) is type(handle.X)


def test_a_matrix_that_was_changed_travels_with_what_it_is_now():
    handle = cache.open(SAMPLE)
    data, attribute, shape = handle.X, handle.X, handle.X
    data.data = data.data * 2
    attribute.note = "mine"
    shape.resize(700, 800)
    found = [pickle.loads(pickle.dumps(one)) for one in (data, attribute, shape)]
    assert found[0].sum() == handle.X.sum() * 2 and found[1].note == "mine" and found[2].shape == (700, 800)
    assert type(base_of(found[0].indices)).__name__ == "Part"
    rows = handle.X[5:9]
    assert (pickle.loads(pickle.dumps(rows)) != rows).nnz == 0
    assert pickle.loads(pickle.dumps(handle.X, 0)).sum() == handle.X.sum()


def test_what_is_computed_travels_by_its_values_and_may_be_written():
    array = cache.open(SAMPLE).obsm["X_pca"]
    for own in (array + 0, array.copy(), array.astype("f8"), np.ascontiguousarray(array[::2])):
        found = pickle.loads(pickle.dumps(own))
        assert len(pickle.dumps(own)) > own.nbytes and np.array_equal(found, own) and found.flags.writeable


def test_an_array_that_was_made_writable_travels_by_its_values():
    text = cache.open(SAMPLE).obs["note"].to_numpy()
    assert len(pickle.dumps(text)) < 400
    text.base.setflags(write=True)
    changed = text.base
    changed[..., 0] = "changed"
    assert pickle.loads(pickle.dumps(changed)).reshape(-1)[0] == "changed"


def test_a_column_that_was_added_travels_by_its_values_and_the_others_as_words():
    obs = cache.open(SAMPLE).obs
    obs["mine"] = np.arange(len(obs))
    sent = pickle.dumps(obs)
    assert 8 * len(obs) < len(sent) < 8 * len(obs) + 2000 + PLACE
    pd.testing.assert_frame_equal(pickle.loads(sent), obs)


def reorder(frame):
    frame["cell_type"] = frame["cell_type"].cat.rename_categories(frame["cell_type"].cat.categories[::-1])


CHANGES = {
    "renamed": lambda frame: frame.rename(columns={"donor": "giver"}, inplace=True),
    "label": lambda frame: setattr(frame.index, "name", "cell"), "dropped": lambda frame: frame.drop(columns="donor", inplace=True),
    "attributes": lambda frame: frame.attrs.update(note="mine"),
    "categories": reorder, "index": lambda frame: setattr(frame, "index", frame.index[::-1]),
    "exchanged": lambda frame: frame.insert(0, "donor", frame.pop("donor")), "sorted": lambda frame: frame.sort_index(inplace=True),
    "values": lambda frame: frame.update({"total_counts": np.zeros(len(frame))}), "same": lambda frame: None,
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_frame_that_was_changed_travels_as_it_is_now(change):
    obs = cache.open(SAMPLE).obs
    try:
        CHANGES[change](obs)
    except ValueError as error:
        assert change == "values" and "read-only" in str(error)
    found = pickle.loads(pickle.dumps(obs))
    pd.testing.assert_frame_equal(found, obs)
    assert found.attrs == obs.attrs and (len(pickle.dumps(obs)) < 100 + PLACE) == (change in ("same", "values"))
    deep = copy.deepcopy(cache.open(SAMPLE).obs)
    deep.loc[deep.index[0], "total_counts"] = 0


def test_a_frame_of_a_pandas_with_other_insides_travels_as_all_frames_do(monkeypatch):
    monkeypatch.setattr(pickling, "_is_same", lambda one, other: one.no_such_name)
    obs = cache.open(SAMPLE).obs
    sent = pickle.dumps(obs)
    assert len(sent) > 500
    pd.testing.assert_frame_equal(pickle.loads(sent), obs)


def test_an_anndata_travels_with_all_its_arrays():
    pytest.importorskip("anndata")
    adata = cache.read_h5ad(SAMPLE)
    sent = pickle.dumps(adata)
    assert len(sent) < 6000
    found = pickle.loads(sent)
    for name in ("X", "obs", "var"):
        assert differences(getattr(found, name), getattr(adata, name)) == []
    assert type(base_of(found.X.data)).__name__ == "Part"


def test_what_only_pickling_needs_is_read_by_the_first_that_pickles():
    printed = succeed(
        "import pickle, sys, anndata_cache as cache\n"
        "def read(): return [f'anndata_cache.{name}' in sys.modules for name in ('_values.columns', '_values.pickling', '_sent')]\n"
        "x = cache.open(sys.argv[1]).obsm['X_pca']; before = read(); pickle.dumps(x); print(before, read())", SAMPLE)
    assert printed == "[True, False, False] [True, True, True]\n"


@pytest.mark.parametrize("dtype", ["pandas", "numpy", "object"])
def test_an_object_travels_by_its_name(dtype):
    value = {"pandas": pd.DataFrame({"text": ["a", None] * 500, "gap": ["a", np.nan] * 500, "flag": [True, False] * 500}),
             "numpy": np.arange(1000).astype("M8[s]"), "object": {"nothing": "shared"}}[dtype]
    cache.put(value, "sent")
    found = cache.get("sent", dtype)
    sent = pickle.dumps(found)
    assert len(sent) < 1500
    back = pickle.loads(sent)
    pd.testing.assert_frame_equal(back, value) if dtype == "pandas" else np.testing.assert_equal(back, value)


def test_another_process_maps_the_same_part(folders):
    handle = cache.open(SAMPLE)
    sent = pickle.dumps((handle.X, handle.obsm["X_pca"], handle.obs))
    inode = os.stat(handle.part("X")).st_ino
    printed = succeed(
        "import pickle, sys; x, pca, obs = pickle.loads(bytes.fromhex(sys.argv[1]))\n"
        "maps = open('/proc/self/maps').read(); print(sys.argv[2] in maps, x.sum(), pca.sum(), obs['note'].str.len().sum())",
        sent.hex(), f" {inode} ")
    assert printed.split() == ["True", str(handle.X.sum()), str(handle.obsm["X_pca"].sum()), str(handle.obs["note"].str.len().sum())]


@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
def test_arguments_and_results_of_a_pool_travel_as_words(dense_file, method):
    frame, obs = cache.X(dense_file), cache.obs(dense_file)
    with multiprocessing.get_context(method).Pool(2) as pool:
        answers = pool.map(workers.add_up, [(frame.to_numpy()[start:start + 500], obs) for start in range(0, 2000, 500)])
    assert [total for total, _, _ in answers] == [float(frame.to_numpy()[start:start + 500].sum()) for start in range(0, 2000, 500)]
    assert all(is_shared for _, is_shared, _ in answers)
    for position, (_, _, rows) in enumerate(answers):
        assert np.array_equal(rows, frame.to_numpy()[position * 500:position * 500 + 5])


def test_joblib_takes_them(dense_file):
    joblib = pytest.importorskip("joblib")
    values = cache.open(dense_file).X
    parts = [values[start:start + 500] for start in range(0, 2000, 500)]
    os.environ["PYTHONPATH"] = os.pathsep.join(sys.path)  # its workers are new processes
    answers = joblib.Parallel(n_jobs=2, max_nbytes=None)(joblib.delayed(workers.add_up)((part, None)) for part in parts)
    assert [total for total, _, _ in answers] == [float(part.sum()) for part in parts]
    assert all(is_shared for _, is_shared, _ in answers)
    copied = joblib.Parallel(n_jobs=2)(joblib.delayed(workers.add_up)((part, None)) for part in parts)  # by joblib's own temporary files
    assert [total for total, _, _ in copied] == [float(part.sum()) for part in parts]


def test_copies_are_private_and_may_be_written():
    handle = cache.open(SAMPLE)
    for matrix in (copy.deepcopy(handle.X), copy.deepcopy([handle.X])[0], handle.X.copy(), copy.deepcopy(copy.copy(handle.X))):
        matrix.data[0] += 1
        matrix.indices[0] += 0
        assert matrix.has_canonical_format
    array = copy.deepcopy(handle.obsm["X_pca"])
    array[0] = 0
    assert np.shares_memory(copy.copy(handle.X).data, handle.X.data)
    obs = handle.obs.copy()
    obs.loc[obs.index[0], "total_counts"] = 0
    assert not np.array_equal(array, handle.obsm["X_pca"]) and handle.obs["total_counts"].iloc[0] != 0


FOREIGN = {
    "numbers": np.arange(6.0).reshape(2, 3), "fortran": np.asfortranarray(np.arange(6).reshape(2, 3)), "strided": np.arange(10)[::3],
    "none": np.zeros((0, 3)), "scalar": np.array(5), "records": np.array([(1, "a")], [("n", "i4"), ("t", "U3")]),
    "objects": np.array([1, "a", None], object),
    "days": np.array(["2026-01-01"], "M8[D]"), "text": np.array(["a", "bc"]), "big": np.arange(3, dtype=">i2"),
}


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
@pytest.mark.parametrize("name", FOREIGN)
def test_other_arrays_are_pickled_as_numpy_does(name, protocol):
    cache.open(SAMPLE).obsm["X_pca"]
    array = FOREIGN[name]
    sent = pickle.dumps([array, array], protocol)
    first, second = pickle.loads(sent)
    assert first is second and differences(first, array) == [] and first.flags.f_contiguous == array.copy("K").flags.f_contiguous
    assert b"anndata_cache" not in sent
    masked = pickle.loads(pickle.dumps(np.ma.array([1, 2], mask=[0, 1]), protocol))
    assert type(masked) is np.ma.MaskedArray and masked.tolist() == [1, None]


def test_an_array_that_contains_itself_and_buffers_out_of_band_work_as_ever():
    cache.open(SAMPLE).obsm["X_pca"]
    ring = np.array([1, None], object)
    ring[1] = ring
    found = pickle.loads(pickle.dumps(ring))
    assert found[1] is found
    outside = []
    array = np.arange(1000)
    sent = pickle.dumps(array, 5, buffer_callback=outside.append)
    assert len(outside) == 1 and len(sent) < 300 and np.shares_memory(pickle.loads(sent, buffers=outside), array)


def test_a_reducer_that_was_there_before_is_asked_for_other_arrays():
    printed = succeed(
        "import copyreg, pickle, sys, numpy as np\n"
        "copyreg.pickle(np.ndarray, lambda array: (np.zeros, (7,)))\n"
        "import anndata_cache as cache; x = cache.open(sys.argv[1]).obsm['X_pca']\n"
        "print(pickle.loads(pickle.dumps(np.ones(3))).shape, np.array_equal(pickle.loads(pickle.dumps(x)), x))", SAMPLE)
    assert printed == "(7,) True\n"


def test_what_is_put_as_a_pickle_refers_to_no_part(sample):
    array = cache.open(sample).obsm["X_pca"]
    values = array.copy()
    matrix = cache.open(sample).X
    total = matrix.sum()
    frame = cache.open(sample).obs
    cache.put({1: array, 2: matrix, 3: frame}, "kept", pickle=True)
    del array, matrix, frame
    evict(sample)
    sample.unlink()
    assert np.array_equal(cache.get("kept")[1], values) and cache.get("kept")[2].sum() == total
    assert len(cache.get("kept")[3]) == 700


def evict(path):
    """All parts of a file, which nobody here may use then."""
    from anndata_cache._store import store
    store.current().release()
    done = subprocess.run([EXECUTABLE, "evict", path], capture_output=True, text=True, check=True)
    assert "stayed" not in done.stdout, done.stdout


def test_what_was_sent_is_what_is_got_although_the_file_was_rewritten(sample, dense_file):
    array = cache.open(sample).obsm["X_pca"]
    sent, values = pickle.dumps(array), array.copy()
    sample.write_bytes(dense_file.read_bytes())
    assert cache.open(sample).n_obs == 2000
    assert np.array_equal(pickle.loads(sent), values)


def test_a_part_that_was_evicted_is_decoded_again_while_its_file_is_the_same(sample):
    sent = pickle.dumps(cache.open(sample).obsm["X_pca"])
    values = cache.open(sample).obsm["X_pca"].copy()
    evict(sample)
    assert np.array_equal(pickle.loads(sent), values)


def test_a_part_that_was_evicted_and_whose_file_is_another_says_so(sample, dense_file):
    sent = pickle.dumps(cache.open(sample).obsm["X_pca"])
    evict(sample)
    sample.write_bytes(dense_file.read_bytes())
    with pytest.raises(cache.SourceChanged, match="'obsm/X_pca' of .*rewritten since.*send a copy"):
        pickle.loads(sent)
    sample.unlink()
    with pytest.raises(FileNotFoundError, match="'obsm/X_pca' of .*deleted since"):
        pickle.loads(sent)


def test_an_object_that_has_another_value_now_says_so():
    cache.put(np.arange(3), "name")
    sent = pickle.dumps(cache.get("name"))
    cache.put(np.arange(3), "name")
    with pytest.raises(KeyError, match="object 'name', which has been overwritten since"):
        pickle.loads(sent)
    cache.delete("name")
    with pytest.raises(KeyError, match="deleted or evicted since"):
        pickle.loads(sent)


def test_words_that_lie_are_refused():
    from anndata_cache import _sent
    array = cache.open(SAMPLE).obsm["X_pca"]
    kind, (origin, offset, dtype, shape) = copyreg.dispatch_table[np.ndarray](array)
    assert kind is _sent.over
    part = pickle.loads(pickle.dumps(origin))
    for lie in ((len(part), dtype, shape), (offset, dtype, (10**9,)), (-1, dtype, (1,)), (0, dtype, (2, 2), (10**12, 4))):
        with pytest.raises((ValueError, TypeError), match="before its part|too small|incompatible"):
            _sent.over(part, *lie)


def test_pickles_of_other_arrays_need_no_package_of_ours(tmp_path):
    cache.open(SAMPLE).obsm["X_pca"]
    (tmp_path / "array").write_bytes(pickle.dumps(np.arange(5)))
    done = run_python("import pickle, sys; print(pickle.load(open(sys.argv[1], 'rb')).sum())", tmp_path / "array", PYTHONPATH="")
    assert done.stdout == "10\n", done.stderr
