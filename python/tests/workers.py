"""Work for processes that are started by fork and by spawn; a module of its own, so that both can import it."""

from __future__ import annotations

import hashlib
import json
import multiprocessing
import os
import sys

import anndata_cache as cache


def pss():
    """Proportional memory of this process in bytes: shared pages count once over all that map them."""
    with open("/proc/self/smaps_rollup", encoding="ascii") as lines:
        return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("Pss:"))


def sum_up(path, barrier, results):
    """Asks for X together with all other workers, reads every value, and stays until all have measured; then asks for frames."""
    barrier.wait(240)
    values = cache.open(path).X
    digest = hashlib.sha256(values.data).hexdigest()
    barrier.wait(240)
    memory = pss()
    barrier.wait(240)
    frame, annotations = cache.X(path), cache.obs(path)
    equal = all(bool((frame.to_numpy()[start:start + 1000] == values[start:start + 1000]).all()) for start in range(0, len(values), 1000))
    barrier.wait(240)
    with_frames = pss()
    barrier.wait(240)
    results.put((os.getpid(), digest, equal, len(annotations), float(annotations["age"].sum()), memory, with_frames))


def start_together(path, count, method):
    """Answers of workers that one small process starts, as a server does: this one, which tests have filled, would count in each fork."""
    if method == "preloaded":  # as a server does that imports its application before it forks
        __import__("pandas")
    context = multiprocessing.get_context("fork" if method == "preloaded" else method)
    barrier, results = context.Barrier(count), context.Queue()
    started = [context.Process(target=sum_up, args=(path, barrier, results), daemon=True) for _ in range(count)]
    for process in started:
        process.start()
    answers = [results.get(timeout=300) for _ in started]
    for process in started:
        process.join(30)
        assert process.exitcode == 0
    return answers


def hold(path, ready, release):
    """Maps X and keeps it."""
    values = cache.X(path).to_numpy()
    ready.set()
    release.wait(60)
    os._exit(0 if values.sum() > 0 else 1)


def look(path, results):
    """What a child sees of a parent's store."""
    handle = cache.open(path)
    results.put((float(handle.X.sum()), handle.obs["age"].sum(), os.getpid()))


def read_inherited(frame, results):
    """Reads a frame that the parent has mapped."""
    results.put(float(frame.to_numpy().sum()))


def add_up(sent):
    """Of rows that were sent: their sum, whether they lie over a part, and the first ones, sent back."""
    rows, obs = sent
    base = rows
    while getattr(base, "base", None) is not None or isinstance(base, memoryview):
        base = base.obj if isinstance(base, memoryview) else base.base
    assert obs is None or len(obs) == 2000 and obs["note"].iloc[5] == "note 5"
    return float(rows.sum()), type(base).__name__ == "Part", rows[:5]


def files_of(value):
    """Inodes of the files in whose mappings the arrays of a value lie; 0 of memory that is this process's own."""
    import numpy as np
    import pandas as pd
    if isinstance(value, pd.DataFrame):
        return set().union(*(files_of(value.iloc[:, place]) for place in range(value.shape[1])))
    if isinstance(value, pd.Series):
        return files_of(value._values)
    if isinstance(value, pd.arrays.SparseArray):
        return files_of(value.sp_values) | files_of(value.sp_index.indices)
    if isinstance(value, pd.Categorical):
        return files_of(value.codes)
    if hasattr(value, "indptr"):
        return files_of(value.data) | files_of(value.indices) | files_of(value.indptr)
    array = getattr(value, "_data", value)
    address = np.asarray(array).__array_interface__["data"][0]
    with open("/proc/self/maps", encoding="ascii") as lines:
        for line in lines:
            words = line.split()
            start, end = (int(word, 16) for word in words[0].split("-"))
            if start <= address < end:
                return {int(words[4])}
    return {-1}


def look_into(value):
    """Where a value that was sent lies here, how long it is when it is sent on, and it, sent back."""
    import pickle
    is_whole = hasattr(value, "obsm")
    parts = [value.X, value.obs["n_genes"], value.obsm["X_pca"], value.layers["counts"]] if is_whole else [value]
    return set().union(*map(files_of, parts)), len(pickle.dumps(value)), value


if __name__ == "__main__":
    print(json.dumps(start_together(sys.argv[1], int(sys.argv[2]), sys.argv[3])))
