"""The package as it is shipped: a wheel that is built and installed offline, and carries the executable."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile

import pytest
from conftest import EXECUTABLE, REPOSITORY, SAMPLE


def run(*command, **environment):
    """A command without the test's store settings: what a new user has."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("ANNDATA_CACHE_EXEC", "PYTHONPATH"))}
    return subprocess.run(list(map(str, command)), capture_output=True, text=True, env={**clean, **environment}, timeout=300)


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    folder = tmp_path_factory.mktemp("wheel")
    source = folder / "python"
    subprocess.run(["cp", "-r", REPOSITORY / "python", source], check=True)  # the build leaves files beside the source
    done = run(sys.executable, "-m", "pip", "wheel", "--no-build-isolation", "--no-deps", "--no-index", "-w", folder, source,
               ANNDATA_CACHE_EXECUTABLE=str(EXECUTABLE))
    if "No module named" in done.stderr:
        pytest.skip(f"pip, setuptools or wheel is missing: {done.stderr.strip().splitlines()[-1]}")
    assert done.returncode == 0, done.stdout + done.stderr
    return next(folder.glob("*.whl"))


def test_the_wheel_is_one_of_a_platform_and_carries_the_executable(wheel):
    assert wheel.name.startswith("anndata_cache-") and "-py3-none-manylinux_2_" in wheel.name
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
        assert "anndata_cache/bin/anndata-cache" in names and "anndata_cache/py.typed" in names
        assert archive.getinfo("anndata_cache/bin/anndata-cache").external_attr >> 16 & 0o111
        assert not any(name.endswith((".so", ".dll")) or "test" in name for name in names)


def test_it_installs_into_a_new_environment_and_works_there(wheel, tmp_path):
    environment = tmp_path / "environment"
    made = run(sys.executable, "-m", "venv", "--system-site-packages", environment)
    if made.returncode != 0:
        pytest.skip(f"there is no venv: {made.stderr.strip() or made.stdout.strip()}")
    python = environment / "bin" / "python"
    installed = run(python, "-m", "pip", "install", "--no-index", "--no-deps", wheel)
    assert installed.returncode == 0, installed.stderr
    code = f"import anndata_cache as c; print(c.__file__, c.open({str(SAMPLE)!r}).X.shape, c._store.loader.executable())"
    done = run(python, "-c", code, PATH="/nowhere")
    assert done.returncode == 0, done.stderr
    file, shape, executable = done.stdout.split(" ", 1)[0], "(700, 765)", done.stdout.split()[-1]
    assert file.startswith(str(environment)) and shape in done.stdout and executable.startswith(str(environment))
    assert run(python, "-m", "anndata_cache", "--version").stdout.strip() != ""
