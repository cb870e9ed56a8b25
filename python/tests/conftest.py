"""A store of the tests' own, and the executable that they load with."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
SOURCE = REPOSITORY / "python" / "src"
SAMPLE = REPOSITORY / "samples" / "pbmc-like.h5ad"
EXECUTABLE = Path(os.environ.get("ANNDATA_CACHE_EXECUTABLE") or REPOSITORY / "artifacts" / "anndata-cache")
DATA = next((folder for folder in (REPOSITORY / "shared" / "data", REPOSITORY.parent / "shared" / "data") if folder.is_dir()), None)

sys.path.insert(0, str(SOURCE))


def pytest_collection_modifyitems(items):
    if not os.access(EXECUTABLE, os.X_OK):
        for item in items:
            item.add_marker(pytest.mark.skip(reason=f"the native executable '{EXECUTABLE}' is not built"))


@pytest.fixture(autouse=True)
def folders(monkeypatch):
    """Empty tiers for each test, and an environment that says nothing else."""
    memory = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
    hot, cold = tempfile.mkdtemp(prefix="anndata-cache-test-", dir=memory), tempfile.mkdtemp(prefix="anndata-cache-test-")
    for name in [name for name in os.environ if name.startswith("ANNDATA_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("ANNDATA_CACHE_EXECUTABLE", str(EXECUTABLE))
    monkeypatch.setenv("ANNDATA_CACHE_HOT_FOLDER", f"{hot}/tier")
    monkeypatch.setenv("ANNDATA_CACHE_HOT_BYTES", "1GB")
    monkeypatch.setenv("ANNDATA_CACHE_FOLDER", f"{cold}/tier")
    monkeypatch.setenv("ANNDATA_CACHE_COLD_BYTES", "0")
    from anndata_cache._store import store
    store.reset()
    yield Folders(Path(hot, "tier"), Path(cold, "tier"))
    store.reset()
    shutil.rmtree(hot, ignore_errors=True)
    shutil.rmtree(cold, ignore_errors=True)


class Folders:
    """The folders of both tiers."""

    def __init__(self, hot, cold):
        self.hot, self.cold = hot, cold

    def parts(self):
        return sorted(os.listdir(self.hot / "parts")) if (self.hot / "parts").is_dir() else []


@pytest.fixture
def sample(tmp_path):
    """A copy of the sample, for tests that change it."""
    return Path(shutil.copy(SAMPLE, tmp_path / "pbmc-like.h5ad"))


@pytest.fixture(scope="session")
def dense_file(tmp_path_factory):
    """2,000 × 1,000 float32, as the original's figures were measured on, with annotations of every kind."""
    return make_dense(tmp_path_factory.mktemp("dense") / "dense.h5ad")


def make_dense(path, rows=2000, columns=1000):
    import anndata
    import numpy as np
    import pandas as pd
    random = np.random.default_rng(7)
    obs = pd.DataFrame({
        "Sample_Group": pd.Categorical(random.choice(["case", "control", "rare"], rows, p=[0.5, 0.499, 0.001])),
        "Sequencer": pd.Categorical(random.choice(["A", "B"], rows)),
        "stage": pd.Categorical.from_codes(random.integers(-1, 3, rows), ["early", "middle", "late"], ordered=True),
        "age": random.random(rows), "count": random.integers(0, 99, rows), "flag": random.random(rows) < 0.5,
        "note": [f"note {i}" for i in range(rows)],
    }, index=[f"cell-{i}" for i in range(rows)])
    var = pd.DataFrame({"length": random.integers(1, 9999, columns)}, index=[f"gene-{i}" for i in range(columns)])
    adata = anndata.AnnData(random.random((rows, columns), dtype="f4"), obs=obs, var=var, dtype="f4")
    adata.uns = {"last_modified": "2023-11-05 10:00:00", "release_notes": "first", "version": "1.4", "log1p": {"base": 2}}
    adata.write_h5ad(path)
    return path


def run_python(code, *arguments, timeout=120, **environment):
    """A program in a process of its own, with the test's environment."""
    return subprocess.run(
        [sys.executable, "-c", code, *map(str, arguments)], timeout=timeout, capture_output=True, text=True,
        env={**os.environ, "PYTHONPATH": str(SOURCE), **environment})


def succeed(code, *arguments, **environment):
    """What such a program prints; a failed one fails the test with its message."""
    done = run_python(code, *arguments, **environment)
    assert done.returncode == 0, done.stderr
    return done.stdout
