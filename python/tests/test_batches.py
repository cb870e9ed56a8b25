"""Mini-batches: what they hold, in which order, and how workers of any kind share them."""

from __future__ import annotations

import multiprocessing
import pickle

import anndata_cache as cache
import numpy as np
import pytest
from conftest import succeed
from test_slices import CELLS, EMPTY, MATRICES, matrix_of, same, theirs  # noqa: F401

N = 17_500


def rows_of(epoch=0, **options):
    batches = cache.open(CELLS).batches(**options)
    rows = [batch.rows.tolist() for batch in batches.epoch(epoch)]
    assert len(rows) == len(batches)
    return rows


@pytest.mark.parametrize("format", ["dense", "csr"])
@pytest.mark.parametrize("element", MATRICES)
def test_a_batch_holds_the_rows_it_names(theirs, element, format):  # noqa: F811
    expected = matrix_of(theirs, element).astype("f4")
    for genes, columns in ((None, slice(None)), (["C", "A"], [2, 0])):
        batches = cache.open(CELLS).batches(4000, element=element, format=format, genes=genes, obs=["kind", "n"], seed=3)
        assert batches.n_obs == N and batches.n_vars == expected[:, columns].shape[1]
        for batch in batches:
            same(batch.X.toarray() if format == "csr" else batch.X, expected[batch.rows][:, columns])
            assert batch.obs["kind"].tolist() == theirs.obs["kind"].cat.codes.to_numpy()[batch.rows].tolist()
            assert batch.obs["n"].tolist() == theirs.obs["n"].to_numpy()[batch.rows].tolist()


@pytest.mark.parametrize("options", [{}, {"block_rows": 1}, {"block_rows": 100_000}, {"stratify_by": "kind"}, {"shuffle": False}])
def test_an_epoch_visits_each_cell_once_whatever_the_number_of_workers(options):
    options = {"batch_size": 300, "seed": 11, "window_rows": 1000, **options}
    one = rows_of(**options)
    assert sorted(sum(one, [])) == list(range(N))
    three = [rows_of(worker=worker, workers=3, **options) for worker in range(3)]
    assert [three[j % 3][j // 3] for j in range(len(one))] == one


def test_the_order_is_that_of_csharp():
    assert rows_of(2, seed=1, batch_size=6)[0] == [7673, 16454, 11372, 11174, 11498, 1079]
    assert rows_of(2, seed=1, batch_size=4, weight_by="weight")[0] == [1256, 11384, 11354, 4796]
    assert rows_of(2, seed=1, batch_size=4, stratify_by="kind")[0] == [7673, 5470, 12294, 16454]
    assert rows_of(2, seed=1)[0] != rows_of(3, seed=1)[0] != rows_of(3, seed=-1)[0]


def test_the_last_batch_is_short_or_dropped():
    assert len(rows_of(batch_size=1000)[-1]) == 500
    assert {len(rows) for rows in rows_of(batch_size=1000, drop_last=True)} == {1000}
    assert rows_of(batch_size=100_000, drop_last=True) == [] == rows_of(batch_size=10_000, worker=2, workers=3)


def test_strata_have_their_share_and_weights_decide(theirs):  # noqa: F811
    codes = theirs.obs["kind"].cat.codes.to_numpy()
    share = np.bincount(codes + 1) / N
    for rows in rows_of(batch_size=250, stratify_by="kind")[:-1]:
        assert (abs(np.bincount(codes[rows] + 1, minlength=5) - share * 250) <= 1).all()
    drawn = np.bincount(np.concatenate(rows_of(weight_by="weight")) % 10, minlength=10)
    assert drawn[0] == 0 and (abs(drawn[1:] / (N * np.arange(1, 10) / 45) - 1) < 0.15).all()
    even = np.bincount(codes[np.concatenate(rows_of(weight_by="kind"))] + 1)
    assert even[[0, 2]].tolist() == [0, 0] and (abs(even[[1, 3, 4]] / (N / 3) - 1) < 0.05).all()


def test_a_selection_of_rows_is_all_that_is_visited():
    mask = np.arange(N) % 7 == 0
    for rows in (mask, np.flatnonzero(mask), slice(0, None, 7)):
        assert sorted(sum(rows_of(rows=rows, batch_size=99), [])) == np.flatnonzero(mask).tolist()
    assert rows_of(rows=[]) == []


@pytest.mark.parametrize("options, error, message", [
    ({"batch_size": 0}, ValueError, "batch_size"), ({"worker": 2, "workers": 2}, ValueError, "worker 2"),
    ({"weight_by": "weight", "stratify_by": "kind"}, ValueError, "one of them"), ({"format": "coo"}, ValueError, "coo"),
    ({"weight_by": "depth"}, ValueError, "nan"), ({"genes": ["A", "A"]}, ValueError, "twice"), ({"genes": ["none"]}, KeyError, "none"),
    ({"rows": np.ones(3, bool)}, IndexError, "mask"), ({"rows": [N]}, IndexError, "no cell"), ({"obs": ["none"]}, KeyError, "none"),
])
def test_wrong_options_say_what_is_wrong(options, error, message):
    with pytest.raises(error, match=message):
        len(cache.open(CELLS).batches(**options))


def test_no_cells_give_no_batches():
    for options in ({}, {"stratify_by": "kind"}, {"weight_by": "n"}):
        assert list(cache.open(EMPTY).batches(**options)) == []


def test_one_buffer_is_used_again_where_that_is_wished():
    first, second = ([batch.X for batch in cache.open(CELLS).batches(1000, reuse=reuse)] for reuse in (True, False))
    assert np.shares_memory(first[0], first[1]) and not np.shares_memory(second[0], second[1])


def numbers_of(batches, epoch, numbers, queue):
    queue.put([(number, batches[epoch, number].rows.tolist(), float(batches[epoch, number].X.sum())) for number in numbers])


@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_processes_share_an_epoch_as_a_data_loader_does(method):
    """Without torch: a DataLoader deals the numbers of batches out to its workers in the same way."""
    context = multiprocessing.get_context(method)
    batches = cache.open(CELLS).batches(700, seed=5)
    assert len(pickle.dumps(batches)) < 1000
    expected = [(number, batch.rows.tolist(), float(batch.X.sum())) for number, batch in enumerate(batches.epoch(4))]
    queue = context.Queue()
    processes = [context.Process(target=numbers_of, args=(batches, 4, range(worker, len(batches), 3), queue)) for worker in range(3)]
    for process in processes:
        process.start()
    found = sorted(sum((queue.get(timeout=60) for _ in processes), []))
    for process in processes:
        process.join(60)
    assert found == expected


@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_torch_takes_batches_as_a_dataset(method):
    pytest.importorskip("torch")
    succeed("""
import sys, anndata_cache as cache, numpy as np
from torch.utils.data import DataLoader
def main():
    batches = cache.open(sys.argv[1]).batches(500, seed=5, obs=["kind", "weight"])
    for persistent in (False, True):
        loader = DataLoader(batches, batch_size=None, sampler=batches.sampler(), num_workers=2, multiprocessing_context=sys.argv[2],
                            persistent_workers=persistent)
        for epoch in range(2):
            seen = [batch for batch in loader]
            for ours, theirs in zip(batches.epoch(epoch), seen, strict=True):
                assert theirs.X.dtype.is_floating_point and np.array_equal(ours.X, theirs.X.numpy())
                assert np.array_equal(ours.rows, theirs.rows.numpy()) and np.array_equal(ours.obs["kind"], theirs.obs["kind"].numpy())
if __name__ == "__main__":
    main()
""", CELLS, method)
