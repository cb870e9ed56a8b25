"""Versions of sources that are folders: names are the executable's, and whatever changes in the folder is seen."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import zipfile

import anndata_cache as cache
import pytest
from conftest import EXECUTABLE, REPOSITORY

from anndata_cache._store import sources, store


@pytest.fixture(params=["v2", "v3"])
def zarr(request, tmp_path):
    """A Zarr store that is unpacked from the repository's test data."""
    folder = tmp_path / "store.zarr"
    with zipfile.ZipFile(REPOSITORY / "tests" / "data" / "zarr" / f"{request.param}.zip") as archive:
        archive.extractall(folder)
    return folder


def executables_name(path, element):
    done = subprocess.run([EXECUTABLE, "load", "--json", "--", path, element], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout
    return os.path.basename(json.loads(done.stdout.splitlines()[0])["file"])


def test_a_folders_names_are_the_executables(zarr):
    arrays = [element for element in cache.open(zarr).tree().walk() if element.kind == "dense"]
    for element in arrays[:3]:
        assert store.current().source(str(zarr)).name_of(element.path) == executables_name(zarr, element.path)
        assert cache.open(zarr)[element.path].shape == element.shape
    assert len(arrays) > 3


def test_every_change_in_a_folder_is_seen(zarr):
    seen = {sources.observe(str(zarr))}
    deepest = max((file for file in zarr.rglob("*") if file.is_file()), key=lambda file: len(file.parts))
    changes = [lambda: deepest.write_bytes(deepest.read_bytes() + b"\0"), lambda: (deepest.parent / "added").touch(),
               lambda: (deepest.parent / "added").unlink(), lambda: os.rename(deepest, f"{deepest}.renamed"),
               lambda: os.symlink("/none", zarr / "link")]
    for number, change in enumerate(changes):
        change()
        seen.add(sources.observe(str(zarr)))
        assert len(seen) == number + 2
    assert len({sources.observe(str(zarr)) for _ in range(3)}) == 1


def test_a_folder_of_many_entries_is_known_by_its_metadata(zarr, monkeypatch):
    monkeypatch.setattr(sources, "_MAX_ENTRIES", 12)
    before = sources.observe(str(zarr))
    assert before[2] <= 12
    sources._folders.clear()
    assert sources.observe(str(zarr)) == before and sources.observe(f"{zarr}/", every_file=True)[2] > 12


def test_a_store_in_a_zip_has_the_zips_version(zarr, tmp_path):
    packed = shutil.make_archive(str(tmp_path / "packed"), "zip", tmp_path, zarr.name)
    stat = os.stat(packed)
    assert sources.observe(f"{packed}/{zarr.name}") == (stat.st_dev, stat.st_ino, stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns)
    with pytest.raises(FileNotFoundError):
        sources.observe(f"{tmp_path}/none/{zarr.name}")


def test_a_folder_that_is_no_store_is_refused(tmp_path):
    with pytest.raises(cache.SourceUnreadable):
        cache.open(tmp_path).X


@pytest.mark.filterwarnings("error")
def test_parts_that_have_changed_places_are_not_served(folders, dense_file):
    values = cache.X(dense_file).to_numpy().copy()  # so that nothing is pinned
    source = store.current().source(str(dense_file))
    x, obs = [folders.hot / "parts" / source.name_of(element) for element in ("X", "obs")]
    del source  # it keeps its parts
    store.reset()
    os.rename(x, f"{x}.held")
    os.rename(obs, x)
    os.rename(f"{x}.held", obs)
    assert (cache.X(dense_file).to_numpy() == values).all() and len(cache.obs(dense_file)) == 2000
