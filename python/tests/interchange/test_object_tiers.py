"""Objects in two tiers: the hot one is asked first and covers the cold one, whatever moves between two looks."""

from __future__ import annotations

import os
import shutil

import anndata_cache as cache
import numpy as np
import pytest

from anndata_cache._store import store
from anndata_cache._store.names import object_name
from anndata_cache._store.tiers import Tier

NAME = "object"
FILE = object_name(NAME)


@pytest.fixture
def versions(monkeypatch, tmp_path, folders):
    """Files of an object that was 1 and is 2; both tiers are there, and neither has one."""
    monkeypatch.setenv("ANNDATA_CACHE_COLD_BYTES", "100MB")
    store.reset()
    files = []
    for value in (1, 2):
        cache.put(np.array([value]), NAME)
        files.append(shutil.copy2(folders.hot / "parts" / FILE, tmp_path / str(value)))
    (folders.hot / "parts" / FILE).unlink()
    os.makedirs(folders.cold / "parts", mode=0o700, exist_ok=True)
    os.chmod(folders.cold, 0o700)
    store.reset()
    return files


def place(file, folder):
    """As a rename does it: another file, at once."""
    shutil.copy2(file, folder / "incoming")
    os.replace(folder / "incoming", folder / "parts" / FILE)


def value():
    return cache.get(NAME).item()


def test_the_hot_one_covers_what_a_crash_has_left_cold(versions, folders):
    place(versions[0], folders.cold)
    assert value() == 1
    place(versions[1], folders.hot)
    assert value() == 2
    held = cache.get(NAME)
    (folders.hot / "parts" / FILE).unlink()
    assert value() == 1 and held.item() == 2


def test_a_held_cold_object_is_old_when_a_hot_one_or_another_cold_one_comes(versions, folders):
    place(versions[0], folders.cold)
    held = cache.get(NAME)
    assert value() == 1
    place(versions[1], folders.cold)
    assert value() == 2 and held.item() == 1


@pytest.mark.parametrize("tier_of_old", ["cold", "hot"])
def test_one_that_moves_between_the_two_looks_is_found(versions, folders, monkeypatch, tier_of_old):
    look, moved = Tier.stamp_of, []

    def looks_while_it_moves(tier, name):
        if tier.settings.kind == "cold" and not moved:
            moved.append(1)  # after the look at the hot tier, before the one at the cold
            place(versions[1], folders.hot)
            if (folders.cold / "parts" / FILE).exists():
                (folders.cold / "parts" / FILE).unlink()
        return look(tier, name)

    if tier_of_old == "cold":
        place(versions[0], folders.cold)
    monkeypatch.setattr(Tier, "stamp_of", looks_while_it_moves)
    assert value() == 2 and moved


def test_what_was_mapped_cold_is_given_up_when_a_hot_one_has_come_meanwhile(versions, folders, monkeypatch):
    place(versions[0], folders.cold)
    pin = Tier.pin

    def pins_while_it_is_overwritten(tier, name, count=True):
        part = pin(tier, name, count)
        if tier.settings.kind == "cold":
            place(versions[1], folders.hot)
        return part

    monkeypatch.setattr(Tier, "pin", pins_while_it_is_overwritten)
    assert value() == 2


def test_a_hot_file_that_is_no_part_is_a_miss_and_not_the_cold_one(versions, folders):
    place(versions[0], folders.cold)
    (folders.hot / "parts" / FILE).write_bytes(b"no part")
    os.chmod(folders.hot / "parts" / FILE, 0o400)
    with pytest.raises(KeyError):
        cache.get(NAME)


def test_folders_that_were_removed_and_made_anew_are_looked_at_again(versions, folders):
    assert not cache.contains(NAME)
    place(versions[0], folders.hot)
    assert value() == 1
    shutil.rmtree(folders.hot)
    os.makedirs(folders.hot / "parts", mode=0o700)
    os.chmod(folders.hot, 0o700)
    place(versions[1], folders.hot)
    assert cache.contains(NAME) and value() == 2
