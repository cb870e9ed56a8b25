#!/usr/bin/python3
"""What workers that read the same file take together, in proportional memory (PSS): shared pages count once over all that map them.

    bench/python_memory.py FILE.h5ad [--workers 8]

Each row is a set of workers that start together, do one thing, and are measured while all of them hold what they have. Rows that
only import a package say what the workers would take without any data. "preloaded" is a fork of a small process that has imported
pandas, as gunicorn --preload or a fork server with `set_forkserver_preload` has. X is read in full.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import sys
import tempfile
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[1]
DEEDS = {
    "nothing": "nothing but Python", "numpy": "numpy imported, no data", "pandas": "pandas imported, no data",
    "X": "`h.X`, numpy", "frames": "`cache.X` and `cache.obs`, pandas",
}
MEBIBYTE = 1 << 20


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file")
    parser.add_argument("--workers", type=int, default=8)
    options = parser.parse_args()
    sys.path.insert(0, str(REPOSITORY / "python" / "src"))
    with tempfile.TemporaryDirectory(dir="/dev/shm") as hot:
        os.environ.update(
            ANNDATA_CACHE_EXECUTABLE=os.environ.get("ANNDATA_CACHE_EXECUTABLE") or str(REPOSITORY / "artifacts" / "anndata-cache"),
            ANNDATA_CACHE_HOT_FOLDER=f"{hot}/tier", ANNDATA_CACHE_COLD_BYTES="0")
        print(f"| {options.workers} workers started together, MiB of all (PSS) | spawn | fork | preloaded |\n|---|---|---|---|")
        for deed, words in DEEDS.items():
            rows = [together(deed, options.file, options.workers, method) for method in ("spawn", "fork", "preloaded")]
            print(f"| {words} | {' | '.join(f'{row / MEBIBYTE:.0f}' for row in rows)} |", flush=True)


def together(deed, path, workers, method):
    """Bytes of all workers, which a process of its own starts: what this one has imported must not count."""
    start = "spawn" if method == "spawn" else "fork"
    preload = ["pandas"] if method == "preloaded" else []
    context = multiprocessing.get_context("spawn")
    results = context.Queue()
    process = context.Process(target=run_set, args=(preload, sys.path, deed, path, workers, start, results))
    process.start()
    total = results.get(timeout=300)
    process.join()
    return total


def run_set(preload, folders, deed, path, workers, start, results):
    sys.path[:] = folders
    for package in preload:
        __import__(package)
    context = multiprocessing.get_context(start)
    barrier, answers = context.Barrier(workers), context.Queue()
    started = [context.Process(target=work, args=(deed, path, barrier, answers)) for _ in range(workers)]
    for process in started:
        process.start()
    results.put(sum(answers.get(timeout=300) for _ in started))
    for process in started:
        process.join()


def work(deed, path, barrier, answers):
    barrier.wait(300)
    held = []
    if deed in ("numpy", "pandas"):
        __import__(deed)
    elif deed != "nothing":
        import anndata_cache as cache
        held = [cache.open(path).X] if deed == "X" else [cache.X(path), cache.obs(path)]
        values = held[0] if deed == "X" else held[0].to_numpy()
        values.sum()
    barrier.wait(300)
    memory = pss()
    barrier.wait(300)
    answers.put(memory)
    del held


def pss():
    with open("/proc/self/smaps_rollup", encoding="ascii") as lines:
        return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("Pss:"))


if __name__ == "__main__":
    main()
