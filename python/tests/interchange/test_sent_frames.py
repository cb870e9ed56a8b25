"""Columns, frames of chosen columns, X as a frame, records and awkward arrays: as words where they are what a part gave, else by value."""

from __future__ import annotations

import copy
import multiprocessing
import os
import pickle
import sys

import anndata_cache as cache
import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
import workers
from anndata_cache._values import held
from conftest import REPOSITORY, SAMPLE
from equal import differences
from test_pickling import evict
from test_values import odd_file  # noqa: F401

PLACE = len(str(SAMPLE))
WORDS = 140
"""Bytes of a handle beside the path: source, element and version, and what is asked of it."""
CHOSEN = ["donor", "n_genes", "doublet_hits", "passed_qc", "note", "total_counts"]
STANDINS = REPOSITORY / "python" / "tests" / "standins"


def most(value):
    """Bytes of a handle of the sample's, with the names of columns."""
    return WORDS + PLACE + sum(len(str(label)) + 3 for label in (value.columns[:9] if isinstance(value, pd.DataFrame) else ()))


def sent_whole(value):
    """What comes back, and whether only words were sent."""
    sent = pickle.dumps(value)
    return pickle.loads(sent), len(sent) < most(value)


def shortened(frame):
    del frame["note"], frame["passed_qc"]
    return frame


KINDS = {  # how to get it, and whether its bytes lie in a part as they are
    **{f"column {name}": (lambda name=name: cache.open(SAMPLE).obs_column(name), is_number)
       for name, is_number in [("cell_type", True), ("donor", False), ("total_counts", True), ("n_genes", True), ("doublet_hits", True),
                               ("passed_qc", False), ("note", False)]},
    "column of obs": (lambda: cache.obs(SAMPLE)["quality"], False), "an element": (lambda: cache.open(SAMPLE)["var/means"], True),
    "columns": (lambda: cache.obs(SAMPLE, columns=["n_genes", "cell_type", "doublet_hits"]), True),
    "no columns": (lambda: cache.obs(SAMPLE, columns=[]), True),
    "put together": (lambda: pd.DataFrame({"cell_type": cache.obs(SAMPLE)["cell_type"]}, copy=False), True),
    "dropped": (lambda: shortened(cache.obs(SAMPLE)), None),
    "view": (lambda: cache.obs(SAMPLE, columns=["cell_type"])[:], True),
    "X of a sparse file": (lambda: cache.X(SAMPLE), False),
}


def equal(found, value):
    if isinstance(value, pd.Series):
        assert type(found) is pd.Series and found.name == value.name and found.attrs == value.attrs
        found, value = found.to_frame("name"), value.to_frame("name")
    pd.testing.assert_frame_equal(found, value, check_index_type="exact", check_column_type="exact")
    assert differences(found, value) == [] and found.attrs == value.attrs
    assert (found.columns.name, found.index.name) == (value.columns.name, value.index.name)


@pytest.mark.parametrize("protocol", [2, pickle.HIGHEST_PROTOCOL])
@pytest.mark.parametrize("kind", KINDS)
def test_a_frame_or_column_of_a_part_travels_as_words(kind, protocol):
    value = KINDS[kind][0]()
    sent = pickle.dumps(value, protocol)
    found = pickle.loads(sent)
    assert len(sent) < most(value)
    equal(found, value)
    assert len(pickle.dumps(found, protocol)) == len(sent), "what arrived travels on"


def test_a_frame_that_lies_over_a_dense_matrix_travels_as_words(dense_file):
    value = cache.X(dense_file)
    found = pickle.loads(pickle.dumps(value))
    assert len(pickle.dumps(value)) < 100 + len(str(dense_file))
    equal(found, value)
    assert np.shares_memory(found.to_numpy(), value.to_numpy())


def test_they_lie_in_the_same_files_in_a_process_that_was_started_anew(dense_file):
    values = {kind: make() for kind, (make, _) in KINDS.items()} | {"dense": cache.X(dense_file), "own": pd.DataFrame({"a": [1, 2]})}
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        answers = dict(zip(values, pool.map(workers.look_into, values.values(), chunksize=1)))
    for kind, (files, length, back) in answers.items():
        equal(back, values[kind])
        if kind == "own":
            assert files == {0}
        elif kind == "dense" or KINDS[kind][1]:  # None: some columns do
            assert 0 not in files and files == workers.files_of(values[kind]), kind
        assert length < most(back) - PLACE + max(PLACE, len(str(dense_file))) or kind == "own"


def start_joblib_anew(joblib):
    """Its workers outlive a test, with the environment of the one that started them."""
    joblib.externals.loky.get_reusable_executor().shutdown(wait=True, kill_workers=True)
    os.environ["PYTHONPATH"] = os.pathsep.join(sys.path)


def test_joblibs_workers_lie_in_the_same_file():
    joblib = pytest.importorskip("joblib")
    value = cache.obs(SAMPLE, columns=["n_genes"])
    start_joblib_anew(joblib)
    for files, length, back in joblib.Parallel(n_jobs=2)(joblib.delayed(workers.look_into)(value) for _ in range(2)):
        assert files == workers.files_of(value) and 0 not in files and length < WORDS + PLACE
        equal(back, value)


def put(name, values):
    return lambda frame: frame.__setitem__(name, values(frame))


def in_place(change):
    def changed(frame):
        change(frame)
        return frame
    return changed


FRAMES = {  # changes of a frame of chosen columns; what is given back may be another one
    "added": in_place(put("mine", lambda frame: np.arange(len(frame)))), "one value": in_place(put("n_genes", lambda frame: 7)),
    "equal values": in_place(put("n_genes", lambda frame: frame["n_genes"].copy())),
    "another's column": in_place(put("n_genes", lambda frame: frame["total_counts"])),
    "a row's": in_place(lambda frame: put("n_genes", lambda _: frame["n_genes"].where(np.arange(len(frame)) != 3, 0))(frame)),
    "reversed values": in_place(put("note", lambda frame: frame["note"].to_numpy()[::-1])),
    "at": in_place(lambda frame: frame.insert(0, "first", "x")), "renamed": lambda frame: frame.rename(columns={"donor": "giver"}),
    "swapped names": lambda frame: frame.rename(columns={"n_genes": "total_counts", "total_counts": "n_genes"}),
    "labels' name": in_place(lambda frame: setattr(frame.columns, "name", "columns")),
    "labels": in_place(lambda frame: setattr(frame, "columns", list("abcdef"))),
    "number label": lambda frame: frame.rename(columns={"donor": 1}), "index name": lambda frame: frame.rename_axis("cell"),
    "index": in_place(lambda frame: setattr(frame, "index", frame.index[::-1])), "reset": lambda frame: frame.reset_index(drop=True),
    "range": in_place(lambda frame: setattr(frame, "index", range(len(frame)))), "column as index": lambda frame: frame.set_index("note"),
    "rows": lambda frame: frame[5:90], "mask": lambda f: f[f["n_genes"] > 9],
    "backwards": lambda frame: frame[::-1], "sorted": lambda frame: frame.sort_values("n_genes"), "first": lambda frame: frame.head(1),
    "attributes": in_place(lambda frame: frame.attrs.update(note="mine")), "flags": lambda f: f.set_flags(allows_duplicate_labels=False),
    "duplicates": lambda frame: frame[["donor", "donor"]], "together": lambda frame: pd.concat([frame, frame]),
    "beside": lambda frame: pd.concat([frame, frame.add_suffix("2")], axis=1), "as text": lambda frame: frame.astype({"n_genes": str}),
    "smaller": lambda frame: frame.astype({"n_genes": "int16"}), "filled": lambda frame: frame.fillna({"doublet_hits": 0}),
    "categories": in_place(lambda frame: put("donor", lambda f: f["donor"].cat.rename_categories(lambda name: name + "!"))(frame)),
    "order": in_place(lambda frame: put("donor", lambda f: f["donor"].cat.as_ordered())(frame)),
    "unused": in_place(lambda frame: put("donor", lambda f: f["donor"].cat.add_categories("none"))(frame)),
    "deep": lambda frame: frame.copy(), "transposed": lambda frame: frame[["n_genes", "total_counts"]].T,
}
STILL_THE_SAME = {"shallow": lambda frame: frame.copy(deep=False), "all": lambda frame: frame[:], "none": lambda frame: frame,
                  "asked": in_place(lambda frame: (frame["n_genes"].sum(), frame.describe(), frame.isna(), frame.to_numpy())),
                  "taken back": in_place(lambda frame: (frame.insert(0, "x", 1), frame.pop("x")))}


@pytest.mark.parametrize("change", FRAMES)
def test_a_changed_frame_of_columns_travels_as_it_is_now(change):
    value = FRAMES[change](cache.obs(SAMPLE, columns=CHOSEN))
    found, is_short = sent_whole(value)
    equal(found, value)
    assert not is_short and found.flags == value.flags


@pytest.mark.parametrize("same", STILL_THE_SAME)
def test_a_frame_that_only_was_read_is_what_it_was(same):
    value = STILL_THE_SAME[same](cache.obs(SAMPLE, columns=CHOSEN))
    found, is_short = sent_whole(value)
    equal(found, value)
    assert is_short


def test_what_was_changed_does_not_come_back_in_the_others():
    first, second = cache.obs(SAMPLE, columns=CHOSEN), cache.obs(SAMPLE, columns=CHOSEN)
    first["n_genes"] = 0
    for value in (second, cache.obs(SAMPLE)["n_genes"].to_frame()):
        assert pickle.loads(pickle.dumps(value))["n_genes"].sum() == cache.open(SAMPLE).obs["n_genes"].sum() > 0


SERIES = {
    "renamed": lambda column: column.rename("mine"), "nameless": lambda column: column.rename(None),
    "attributes": in_place(lambda column: column.attrs.update(note="mine")), "rows": lambda column: column[3:9],
    "backwards": lambda column: column[::-1], "copy": lambda column: column.copy(), "mask": lambda column: column[column.notna()],
    "index": in_place(lambda column: setattr(column, "index", column.index[::-1])), "reset": lambda column: column.reset_index(drop=True),
    "index name": lambda column: column.rename_axis("cell"), "twice": lambda column: pd.concat([column, column]),
    "flags": lambda column: column.set_flags(allows_duplicate_labels=False), "text": lambda column: column.astype(str),
    "shifted": lambda column: column.shift(1), "one": in_place(lambda column: column.__setitem__("mine", column.iloc[0])),
    "another's": lambda column: column.rename("total_counts"),
}


@pytest.mark.parametrize("name", ["donor", "n_genes", "doublet_hits", "passed_qc", "note"])
@pytest.mark.parametrize("change", SERIES)
def test_a_changed_column_travels_as_it_is_now(change, name):
    value = SERIES[change](cache.open(SAMPLE).obs_column(name))
    found, is_short = sent_whole(value)
    equal(found, value)
    assert not is_short and found.flags == value.flags


@pytest.mark.parametrize("name", ["n_genes", "doublet_hits", "passed_qc", "note", "donor"])
def test_copies_of_frames_and_columns_are_ones_own(name):
    column, frame = cache.open(SAMPLE).obs_column(name), cache.obs(SAMPLE, columns=[name])
    first, other = column.iloc[0], column.iloc[-1] if column.iloc[-1] is not pd.NA else column.dropna().iloc[-1]
    for own in (copy.deepcopy(column), copy.deepcopy([column])[0], column.copy(), copy.deepcopy(frame)[name], frame.copy()[name]):
        own.iloc[0] = other
        equal(pickle.loads(pickle.dumps(own)), own)
        assert own.iloc[0] == other
    assert column.iloc[0] == first or column.iloc[0] is first


def test_arrays_whose_owner_was_written_travel_by_value():
    column = cache.open(SAMPLE).obs_column("note")
    owner = held.owner_of(column._values)
    owner.setflags(write=True)
    owner[0] = "written"
    assert not column._values.flags.writeable
    found, is_short = sent_whole(column)
    assert found.iloc[0] == "written" and not is_short


def test_row_names_travel_as_words_and_other_labels_do_not():
    names = cache.open(SAMPLE).obs_names
    for value, short in ((names, True), (names[:], True), (names.rename("cell"), False), (names[1:], False), (names[::-1], False),
                         (names.astype("category"), False), (names.copy(deep=True), False), (names.append(names), False)):
        found, is_short = sent_whole(value)
        assert is_short == short and found.equals(value) and found.name == value.name and type(found) is type(value)


def test_a_pandas_with_other_insides_sends_all_as_it_always_did(monkeypatch):
    def no(*arguments):
        raise AttributeError("no such name")
    for name in ("_inside", "_arrays"):
        monkeypatch.setattr(held, name, no)
    for value in (cache.obs(SAMPLE, columns=CHOSEN), cache.open(SAMPLE).obs_column("donor")):
        found, is_short = sent_whole(value)
        equal(found, value)
        assert not is_short


SPARSE = {
    "column": in_place(lambda f: f.__setitem__(f.columns[3], pd.arrays.SparseArray(np.ones(len(f), f.iloc[:, 3].dtype.subtype)))),
    "values": in_place(lambda f: f.__setitem__(f.columns[3], f.iloc[:, 3] * 2)), "dropped": lambda f: f.drop(columns=f.columns[5]),
    "moved": lambda f: f[f.columns[::-1]], "rows": lambda f: f.iloc[:50],
    "labels": in_place(lambda f: setattr(f, "columns", f.columns[::-1])),
    "index": in_place(lambda f: setattr(f, "index", f.index[::-1])), "attributes": in_place(lambda f: f.attrs.update(a=1)),
    "fill": in_place(lambda f: setattr(f.iloc[:, 0].array, "fill_value", 1)), "index name": lambda f: f.rename_axis("cell"),
    "doubled": lambda f: f * 2, "deep": lambda f: f.copy(),
}


@pytest.mark.parametrize("change", SPARSE)
def test_a_changed_frame_of_sparse_columns_travels_as_it_is_now(change):
    value = SPARSE[change](cache.X(SAMPLE))
    found, is_short = sent_whole(value)
    pd.testing.assert_frame_equal(found, value)
    assert not is_short and found.attrs == value.attrs and found.iloc[:, 0].array.fill_value == value.iloc[:, 0].array.fill_value


def test_sparse_columns_that_were_written_travel_by_value():
    for place, buffer, value in ((0, "values", 1), (0, "values", np.nan), (-1, "values", -0.0), (1, "indices", 699)):
        written = cache.X(SAMPLE)
        assert sent_whole(written)[1]
        array = written.iloc[:, place].array
        array = array.sp_values if buffer == "values" else array.sp_index.indices
        assert array[-1] != value
        array[-1] = value
        sent = pickle.dumps(written)
        found = pickle.loads(sent).iloc[:, place].array
        assert len(sent) > 100_000 and (found.sp_values if buffer == "values" else found.sp_index.indices).tobytes() == array.tobytes()


def test_x_of_a_csc_matrix_lies_in_the_part_wherever_it_arrives(tmp_path):
    anndata = pytest.importorskip("anndata")
    path = tmp_path / "csc.h5ad"
    anndata.AnnData(sp.random(60, 9, 0.4, "csc", "f4", 1), dtype="f4").write_h5ad(path)
    value = cache.X(path)
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        files, length, back = pool.apply(workers.look_into, (value,))
    assert files == workers.files_of(value) and 0 not in files and length < WORDS + len(str(path))
    pd.testing.assert_frame_equal(back, value)


@pytest.mark.parametrize("element", ["uns/recarray", "uns/texts"])
def test_records_and_texts_travel_as_words(odd_file, element):  # noqa: F811
    value = cache.open(odd_file)[element]
    sent = pickle.dumps([value, value.reshape(-1, 1)])
    found, column = pickle.loads(sent)
    assert len(sent) < 2 * WORDS + len(str(odd_file)) and differences(found, value) == [] and not found.flags.writeable
    assert column.shape == (len(value), 1) and found.dtype == value.dtype
    own = value.copy()
    own[0] = own[1]
    for changed in (own, value[:1], value[::-1]):
        assert differences(pickle.loads(pickle.dumps(changed)), changed) == []
    with pytest.raises(ValueError, match="read-only"):
        value[:1][0] = own[1]


def test_fields_of_fixed_length_come_back_as_they_are(tmp_path):
    h5py = pytest.importorskip("h5py")
    path = tmp_path / "old.h5ad"
    with h5py.File(path, "w") as file:
        file["uns/groups"] = np.array([("abc", 1), ("d", 2)], [("name", "S5"), ("n", "i4")])
        file["uns/text"] = np.array([b"ab", b"c"])
        file["obs"], file["var"] = (np.array([(b"x",)], [("index", "S1")]) for _ in range(2))
    for element in ("uns/groups", "uns/text"):
        value = cache.open(path)[element]
        found = pickle.loads(pickle.dumps(value))
        assert found.dtype == value.dtype and found.tolist() == value.tolist() and len(pickle.dumps(value)) < WORDS + len(str(path))


@pytest.mark.parametrize("element", ["uns/numbers", "uns/records"])
def test_an_awkward_array_travels_as_words_for_as_long_as_it_has_its_layout(odd_file, element, monkeypatch):  # noqa: F811
    monkeypatch.syspath_prepend(STANDINS)
    monkeypatch.delitem(sys.modules, "awkward", raising=False)
    value = cache.open(odd_file)[element]
    for one in (value, copy.copy(value)):
        found = pickle.loads(pickle.dumps(one))
        assert len(pickle.dumps(one)) < WORDS + len(str(odd_file)) and type(found) is type(value) and found.tolist() == value.tolist()
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        assert pool.apply(type(value).tolist, (value,)) == value.tolist()
    value["mine"] = ["a"] * len(value.tolist())
    assert pickle.loads(pickle.dumps(value)).tolist() == value.tolist() and b"mine" in pickle.dumps(value)
    other = cache.open(odd_file)[element]
    other.behavior = {"mine": 1}
    assert pickle.loads(pickle.dumps(other)).behavior == {"mine": 1}
    sys.modules.pop("awkward", None)


def test_python_lists_travel_by_value_because_they_can_be_changed(odd_file):  # noqa: F811
    value = cache.open(odd_file)["uns/numbers"]
    value[0].append(9)
    assert pickle.loads(pickle.dumps(value)) == [[0, 1, 9], [], [2, 3, 4]]


@pytest.mark.parametrize("kind", ["columns", "column", "matrix"])
def test_the_version_that_was_sent_is_got_or_nothing(sample, dense_file, kind):
    make = {"columns": lambda: cache.obs(sample, columns=CHOSEN), "column": lambda: cache.open(sample).obs_column("donor"),
            "matrix": lambda: cache.X(sample)}[kind]
    value = make()
    sent = pickle.dumps(value)
    kept = value.copy()
    sample.write_bytes(dense_file.read_bytes())
    for found in (pickle.loads(sent), pickle.loads(pickle.dumps(value))):
        pd.testing.assert_frame_equal(found, kept) if kind == "matrix" else equal(found, kept)
    del value, found
    evict(sample)
    with pytest.raises(cache.SourceChanged, match="rewritten since.*send a copy"):
        pickle.loads(sent)


def test_what_is_put_as_a_pickle_needs_no_part_of_a_file(sample):
    frame, column = cache.obs(sample, columns=CHOSEN), cache.open(sample).obs_column("note")
    kept = frame.copy(), column.copy()
    cache.put({1: frame, 2: column}, "kept", pickle=True)
    del frame, column
    evict(sample)
    sample.unlink()
    equal(cache.get("kept")[1], kept[0])
    equal(cache.get("kept")[2], kept[1])


def test_arrays_of_a_part_in_other_places_are_not_taken_for_what_they_replace(tmp_path):
    anndata = pytest.importorskip("anndata")
    path, kinds = tmp_path / "twins.h5ad", pd.Categorical(["a", "b", "a"])
    obs = pd.DataFrame({"one": [1, 2, 3], "two": [4, 5, 6], "kind": kinds, "other": kinds.rename_categories({"a": "x", "b": "y"})},
                       index=list("rst"))
    anndata.AnnData(np.ones((3, 1), "f4"), obs=obs, dtype="f4").write_h5ad(path)
    frame = cache.obs(path, columns=list(obs))
    codes, categories = frame["kind"]._values.codes, frame["kind"].cat.categories
    of_codes = [pd.Categorical.from_codes(codes, frame["other"].cat.categories), pd.Categorical.from_codes(codes, categories, ordered=True)]
    changed = [frame.rename(columns={"one": "two", "two": "one"}, copy=False), frame["one"].rename("two"),
               *(pd.Series(one, frame.index, name="kind") for one in of_codes)]
    assert all(np.shares_memory(one.codes, codes) for one in of_codes) and len(pickle.dumps(frame)) < WORDS + len(str(path))
    for value in changed:
        equal(pickle.loads(pickle.dumps(value)), value)
