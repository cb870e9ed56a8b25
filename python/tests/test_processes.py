"""Many processes, one copy: started by fork and by spawn, together and one after the other, and killed."""

from __future__ import annotations

import json
import multiprocessing
import os
import signal
import subprocess
import sys
import time

import anndata_cache as cache
import numpy as np
import pytest
import workers
from conftest import EXECUTABLE, make_dense, run_python

WORKERS = 8
MEGABYTE = 1 << 20


@pytest.fixture(scope="module")
def large_file(tmp_path_factory):
    """80 MB of X, which eight private copies would make 640 MB."""
    return make_dense(tmp_path_factory.mktemp("large") / "large.h5ad", rows=20_000, columns=1000)


def loads():
    """How many parts have been decoded into the hot tier."""
    stats = json.loads(subprocess.run([EXECUTABLE, "stats", "--json"], capture_output=True, text=True, check=True).stdout)
    return stats["hot"]["loads"]


def run(context, target, arguments, count=1):
    """Starts processes and gives them back; a test that fails leaves none."""
    started = [context.Process(target=target, args=arguments, daemon=True) for _ in range(count)]
    for process in started:
        process.start()
    return started


@pytest.mark.parametrize("method", ["fork", "spawn", "preloaded"])
def test_eight_workers_that_start_together_make_one_load_and_share_one_copy(large_file, method):
    done = subprocess.run(
        [sys.executable, workers.__file__, large_file, str(WORKERS), method],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    answers = json.loads(done.stdout)
    assert len({answer[0] for answer in answers}) == WORKERS
    assert len({tuple(answer[1:5]) for answer in answers}) == 1 and answers[0][2:4] == [True, 20_000]
    assert loads() == 4, "the tree, X, obs and var, once each"
    copy = 20_000 * 1000 * 4
    for what, position in (("X", 5), ("frames", 6)):
        together = sum(answer[position] for answer in answers)
        print(f"{method}, {what}: {together / MEGABYTE:.0f} MiB for {WORKERS} workers and one copy of {copy / MEGABYTE:.0f} MiB")
        if what == "X" or method == "preloaded":  # pandas alone takes more than the bound where every worker imports it for itself
            assert together <= 1.1 * copy + WORKERS * 30 * MEGABYTE


def test_a_killed_worker_leaves_no_pin_and_harms_nobody(dense_file, folders):
    context = multiprocessing.get_context("fork")
    ready, release = context.Event(), context.Event()
    victim = run(context, workers.hold, (str(dense_file), ready, release))[0]
    assert ready.wait(60)
    values = cache.X(dense_file).to_numpy()
    total = values.sum()
    os.kill(victim.pid, signal.SIGKILL)
    victim.join(30)
    assert values.sum() == total == cache.X(dense_file).to_numpy().sum()
    del values
    from anndata_cache._store import store
    store.current().release()
    done = subprocess.run([EXECUTABLE, "evict", str(dense_file), "--json"], capture_output=True, text=True)
    assert done.returncode == 0 and folders.parts() == [], done.stdout


def test_a_child_inherits_what_its_parent_has_mapped_and_may_go_on_alone(dense_file, folders):
    context = multiprocessing.get_context("fork")
    frame, results = cache.X(dense_file), context.Queue()
    total = float(frame.to_numpy().sum())
    children = run(context, workers.read_inherited, (frame, results), 2) + run(context, workers.look, (str(dense_file), results), 2)
    answers = [results.get(timeout=60) for _ in children]
    for child in children:
        child.join(30)
    assert {answer for answer in answers if isinstance(answer, float)} == {total}
    assert len({answer[:2] for answer in answers if not isinstance(answer, float)}) == 1


def test_a_parents_pin_outlives_a_child_that_ends(dense_file):
    context = multiprocessing.get_context("fork")
    frame, results = cache.X(dense_file), context.Queue()
    child = run(context, workers.read_inherited, (frame, results))[0]
    results.get(timeout=60)
    child.join(30)
    done = subprocess.run([EXECUTABLE, "evict", str(dense_file)], capture_output=True, text=True, check=True)
    assert "3 parts stayed, because some process uses them" in done.stdout  # X, obs and var; nobody keeps the tree
    assert np.isfinite(frame.to_numpy().sum())


def test_a_child_and_an_end_warn_of_no_process_that_still_writes_cold_copies(dense_file):
    done = run_python(
        "import os, sys, warnings, anndata_cache as cache\nfrom anndata_cache._store import loader\n"
        "assert cache.open(sys.argv[1]).X.shape == (2000, 1000) and loader._finishing\n"
        "child = os.fork()\nif child: os.waitpid(child, 0)",
        dense_file, ANNDATA_CACHE_COLD_BYTES="100MB", PYTHONWARNINGS="always")
    assert done.returncode == 0 and "still running" not in done.stderr, done.stderr


@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
def test_a_handle_travels_to_a_process_however_it_is_started(dense_file, method):
    context = multiprocessing.get_context(method)
    handle = cache.open(dense_file)
    with context.Pool(2) as pool:
        sums = pool.map(total_of, [handle] * 4)
    assert set(sums) == {float(handle.X.sum())}


def total_of(handle):
    return float(handle.X.sum())


def test_the_executable_killed_in_the_middle_is_an_error_and_the_next_try_works(large_file, monkeypatch, tmp_path):
    slow = tmp_path / "slow"
    slow.write_text(f'#!/bin/sh\nexec env ANNDATA_CACHE_WORKERS=1 "{EXECUTABLE}" "$@"\n')
    slow.chmod(0o700)
    stopper = tmp_path / "stopper"
    stopper.write_text("#!/bin/sh\nkill -9 $$\n")
    stopper.chmod(0o700)
    monkeypatch.setenv("ANNDATA_CACHE_EXECUTABLE", str(stopper))
    with pytest.raises(cache.LoaderFailed, match="was ended by signal 9.*Ask again"):
        cache.X(large_file)
    monkeypatch.setenv("ANNDATA_CACHE_EXECUTABLE", str(slow))
    assert cache.X(large_file).shape == (20_000, 1000)


def test_a_load_that_is_killed_while_it_decodes_leaves_nothing(large_file, folders):
    """The process that decodes dies between reserving and sealing; its room is given back by the next load."""
    process = subprocess.Popen([EXECUTABLE, "load", large_file, "X"], env={**os.environ, "ANNDATA_CACHE_WORKERS": "1"})
    deadline = time.monotonic() + 30
    while not (folders.hot / "tmp").is_dir() or not os.listdir(folders.hot / "tmp"):
        assert time.monotonic() < deadline and process.poll() is None
        time.sleep(0.0005)
    process.kill()
    process.wait()
    assert cache.X(large_file).shape == (20_000, 1000)
    assert os.listdir(folders.hot / "tmp") == []


@pytest.mark.parametrize("make, words", [(None, "does not exist"), (0o600, "may not be run")])
def test_a_missing_executable_says_how_it_is_found(dense_file, monkeypatch, tmp_path, make, words):
    path = tmp_path / "anndata-cache"
    if make is not None:
        path.write_text("#!/bin/sh\n")
        path.chmod(make)
    monkeypatch.setenv("ANNDATA_CACHE_EXECUTABLE", str(path))
    with pytest.raises(cache.ExecutableMissing, match=f"{words}.*ANNDATA_CACHE_EXECUTABLE"):
        cache.open(dense_file).X
    monkeypatch.setenv("ANNDATA_CACHE_EXECUTABLE", str(EXECUTABLE))
    assert cache.open(dense_file).X.shape == (2000, 1000)


def test_no_executable_anywhere_names_the_variable_and_the_path(dense_file, monkeypatch, tmp_path):
    monkeypatch.delenv("ANNDATA_CACHE_EXECUTABLE")
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(cache.ExecutableMissing, match="There is no executable 'anndata-cache': set ANNDATA_CACHE_EXECUTABLE"):
        cache.open(dense_file).X


def test_what_is_not_a_program_cannot_be_run(dense_file, monkeypatch, tmp_path):
    path = tmp_path / "anndata-cache"
    path.write_bytes(b"\0not a program")
    path.chmod(0o700)
    monkeypatch.setenv("ANNDATA_CACHE_EXECUTABLE", str(path))
    with pytest.raises(cache.ExecutableMissing, match="cannot be run"):
        cache.open(dense_file).X
