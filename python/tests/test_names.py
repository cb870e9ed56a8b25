"""Names of parts are those that the executable gives."""

from __future__ import annotations

import json
import os
import pickle
import subprocess

import anndata_cache as cache
from conftest import EXECUTABLE, SAMPLE

from anndata_cache._store import names, sources, store


def test_names_are_the_executables(folders):
    elements = ["X", "obs", "layers/counts", "obsm/X_umap", "uns"]
    done = subprocess.run([EXECUTABLE, "load", "--json", SAMPLE, *elements], capture_output=True, text=True, check=True)
    version = names.version_of(sources.observe(str(SAMPLE)))
    for line in done.stdout.splitlines():
        answer = json.loads(line)
        ours = f"{names.identity_of(os.path.realpath(SAMPLE), answer['element'])}.{version}"
        assert os.path.basename(answer["file"]) == ours
    assert f"{names.identity_of(os.path.realpath(SAMPLE), '')}.{version}" in folders.parts()


def test_a_part_of_a_user_alone_has_another_name():
    assert names.identity_of("/a", "X") != names.identity_of("/a", "X", "user 1000")
    assert len(names.identity_of("/a", "X")) == 26


def test_a_source_that_the_group_may_not_read_has_parts_of_the_users_own(folders, sample, monkeypatch):
    """Python finds what the executable has loaded, under either name, without loading again."""
    monkeypatch.setenv("ANNDATA_CACHE_GROUP", str(os.getegid()))
    store.reset()
    for mode in (0o644, 0o600):
        sample.chmod(mode)
        subprocess.run([EXECUTABLE, "load", "--json", sample, "X"], capture_output=True, check=True)
        source = store.current().source(str(sample))
        assert (source.name_of("X") == f"{names.identity_of(str(sample), 'X')}.{names.version_of(source.stamp)}") == (mode == 0o644)
        monkeypatch.setenv("ANNDATA_CACHE_EXECUTABLE", "/none")
        assert source.part("X").layout["shape"] == [700, 765]
        sent = pickle.dumps(cache.open(sample).X)
        store.reset()
        assert pickle.loads(sent).shape == (700, 765)
        monkeypatch.setenv("ANNDATA_CACHE_EXECUTABLE", str(EXECUTABLE))


def test_an_object_has_one_name_for_ever():
    assert names.object_name("a") == names.object_name("a") != names.object_name("b")
    assert len(names.object_name("a")) == 40


def test_a_names_hash_has_60_bits():
    name = names.object_name("a")
    assert 0 <= names.hash_of(name) < 1 << 60
    digits = "abcdefghijklmnopqrstuvwxyz234567"
    halves = [sum(digits.index(digit) << 5 * place for place, digit in enumerate(reversed(name[at:at + 12]))) for at in (0, 27)]
    assert names.hash_of(name) == halves[0] ^ halves[1]
