#!/usr/bin/python3
"""What Python users wait for: this package beside anndata.read_h5ad, in one run, in turn.

    bench/python_bench.py [--cells 100000 --genes 20000] [--rounds 5] [--large FILE.h5ad]

Each figure is the median of rounds that take turns; "first" ones are each of a new process, and exclude the import of pandas,
which is timed by itself. Parts are in the hot tier, in pages of a plain tmpfs; the files are in the page cache. The columns
"original" are figures that were measured with the original package and its Plasma store, on the same kind of file (2 cores).
Before anything is timed, both ways must have given equal values.
"""

from __future__ import annotations

import argparse
import compileall
import os
import platform
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[1]
ORIGINAL = {  # milliseconds
    "X first": 5.8, "obs first": 9.1, "var first": 8.3, "metadata first": 1.0, "indices first": 26,
    "X repeat": 0.536, "obs repeat": 0.975, "var repeat": 0.729, "metadata repeat": 0.674, "indices repeat": 26,
}
CALLS = ("X", "obs", "var", "metadata", "indices")

IMPORT = "import time; t = time.perf_counter(); import {0}; print((time.perf_counter() - t) * 1e3)"
FIRST = """
import sys, time, pandas, scipy.sparse, anndata_cache
call, path = getattr(anndata_cache, sys.argv[1]), sys.argv[2]
t = time.perf_counter(); call(path); print((time.perf_counter() - t) * 1e3)
"""
FIRST_AFTER = FIRST.replace("pandas, scipy.sparse, anndata_cache", "anndata_cache, pandas, scipy.sparse")
REPEAT = """
import statistics, sys, time, anndata_cache
call, path = getattr(anndata_cache, sys.argv[1]), sys.argv[2]
times = []
for _ in range(3000):
    t = time.perf_counter(); call(path); times.append(time.perf_counter() - t)
print(statistics.median(times[10:]) * 1e3)
"""
THEIRS = """
import sys, time, anndata
t = time.perf_counter(); a = anndata.read_h5ad(sys.argv[1]); print((time.perf_counter() - t) * 1e3)
"""
OURS = """
import sys, time, anndata, anndata_cache
t = time.perf_counter(); a = anndata_cache.read_h5ad(sys.argv[1]); print((time.perf_counter() - t) * 1e3)
"""
SUM = OURS + "t = time.perf_counter(); a.X.sum(); print((time.perf_counter() - t) * 1e3)\n"
EQUAL = """
import sys, anndata, anndata_cache
a, b = anndata.read_h5ad(sys.argv[1]), anndata_cache.read_h5ad(sys.argv[1])
values = (lambda x: x.data) if hasattr(a.X, "indptr") else (lambda x: x)
assert values(a.X).tobytes() == values(b.X).tobytes() and a.obs.equals(b.obs) and a.var.equals(b.var)
print(0)
"""


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--rounds", type=int, default=5)
    arguments.add_argument("--large", type=Path, help="a large file that is there already, in place of --cells and --genes")
    arguments.add_argument("--maker", type=Path, help="program that makes the large file: --cells N --genes N --out FILE")
    arguments.add_argument("--cells", type=int, default=100_000)
    arguments.add_argument("--genes", type=int, default=20_000)
    options = arguments.parse_args()
    with tempfile.TemporaryDirectory(prefix="anndata-cache-bench-") as folder, tempfile.TemporaryDirectory(dir="/dev/shm") as hot:
        os.environ.update(
            ANNDATA_CACHE_EXECUTABLE=os.environ.get("ANNDATA_CACHE_EXECUTABLE") or str(REPOSITORY / "artifacts" / "anndata-cache"),
            ANNDATA_CACHE_HOT_FOLDER=f"{hot}/tier", ANNDATA_CACHE_COLD_BYTES="0", PYTHONPATH=str(REPOSITORY / "python" / "src"))
        compileall.compile_dir(REPOSITORY / "python" / "src", quiet=1)  # as an installed package is
        small = make_small(Path(folder) / "small.h5ad")
        large = options.large or make_large(options, Path(folder) / "large.h5ad")
        report(measure_small(small, options.rounds), measure_large(large, options.rounds) if large else None, large)


def make_small(path):
    """2,000 × 1,000 float32, as the original was measured on."""
    sys.path.insert(0, str(REPOSITORY / "python" / "tests"))
    from conftest import make_dense
    return make_dense(path)


def make_large(options, path):
    if options.maker is None:
        return None
    subprocess.run([sys.executable, options.maker, "--cells", str(options.cells), "--genes", str(options.genes), "--out", path,
                    "--compression", "gzip"], check=True, stdout=subprocess.DEVNULL)
    return path


def measure_small(path, rounds):
    load(path, "X", "obs", "var", "uns")
    run(EQUAL, path)
    cases = {f"import {name}": (IMPORT.format(name),) for name in ("anndata_cache", "numpy", "pandas")}
    cases["import anndata_cache after pandas"] = f"import pandas; {IMPORT.format('anndata_cache')}",
    for call in CALLS:
        cases[f"{call} first"], cases[f"{call} repeat"] = (FIRST, call, path), (REPEAT, call, path)
    cases["X first, pandas imported after this package"] = FIRST_AFTER, "X", path
    cases["read_h5ad of anndata"], cases["read_h5ad, hot"] = (THEIRS, path), (OURS, path)
    return in_turn(cases, rounds)


def measure_large(path, rounds):
    load(path)
    run(EQUAL, path)
    cases = {"read_h5ad of anndata": (THEIRS, path), "read_h5ad, hot": (OURS, path), "read_h5ad, hot, and the sum of X": (SUM, path),
             "X first (format=\"csr\")": (FIRST.replace("call(path)", "call(path, format='csr')"), "X", path)}
    return in_turn(cases, rounds)


def in_turn(cases, rounds):
    times = {name: [] for name in cases}
    for _ in range(rounds):
        for name, case in cases.items():
            times[name].append(sum(run(*case)))
    return {name: statistics.median(values) for name, values in times.items()}


def run(code, *arguments):
    """Milliseconds that a program of its own prints."""
    done = subprocess.run([sys.executable, "-W", "ignore", "-c", code, *map(str, arguments)], check=True, capture_output=True, text=True)
    return [float(word) for word in done.stdout.split()]


def load(path, *elements):
    subprocess.run([os.environ["ANNDATA_CACHE_EXECUTABLE"], "load", *(["--all"] if not elements else []), str(path), *elements],
                   check=True, stdout=subprocess.DEVNULL)


def report(small, large, path):
    cpu = next((line.split(":")[1].strip() for line in open("/proc/cpuinfo") if line.startswith("model name")), platform.machine())
    print(f"# Python: a file of 2,000 × 1,000 float32\n\n{os.cpu_count()} cores, {cpu}, Python {platform.python_version()}; medians.\n")
    print("| what | this package | the original |\n|---|---|---|")
    for name in small:
        print(f"| {name} | {show(small[name])} | {show(ORIGINAL[name]) if name in ORIGINAL else ''} |")
    if large is not None:
        print(f"\n# Python: {path.name} ({path.stat().st_size / 1e6:.0f} MB)\n\n| what | time |\n|---|---|")
        for name in large:
            print(f"| {name} | {show(large[name])} |")


def show(milliseconds):
    if milliseconds >= 1000:
        return f"{milliseconds / 1e3:.2f} s"
    return f"{milliseconds:.2f} ms" if milliseconds >= 1 else f"{milliseconds * 1e3:.1f} µs"


if __name__ == "__main__":
    main()
