"""Which folders the tiers are, from the environment: the README's table of settings says the same to all languages."""

from __future__ import annotations

import os

from .._errors import BadSetting

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Callable, Mapping

_SHARED_MEMORY = "/dev/shm"
_LEAST_DEFAULT_HOT = 64 << 20
"""A default hot tier below this would hold nothing useful, as in a container with 64 MB of /dev/shm: it is off."""

_UNITS = ("kib", "mib", "gib", "tib", "kb", "mb", "gb", "tb", "b")
_NETWORK = {"nfs", "nfs4", "cifs", "smb3", "ceph", "lustre", "fuse.sshfs", "afs", "9p", "beegfs", "gpfs"}


class TierSettings:
    """The folder of one tier, and the number of the group that shares it, or None."""

    __slots__ = ("folder", "group", "kind")

    def __init__(self, kind: str, folder: str, group: int | None) -> None:
        self.kind, self.folder, self.group = kind, folder, group


class Settings:
    """Everything that the environment says. Read once for a store; budgets are the executable's affair.

    Attributes
    ----------
    hot, cold : TierSettings or None
        None where the tier is switched off.
    data_folder : str
        Where relative names are looked up; empty for the working folder.
    check_every_file : bool
        Whether a folder source is known by every file in it.
    twin : str
        When twins are built: `on-first-gene`, `with-load` (which is the executable's affair) or `never`.
    """

    __slots__ = ("check_every_file", "cold", "data_folder", "hot", "promotion", "twin")

    def __init__(self, environment: Mapping[str, str] | None = None) -> None:
        get = (os.environ if environment is None else environment).get
        group = _group(get("ANNDATA_CACHE_GROUP"))
        self.hot = _hot(_folder(get, "ANNDATA_CACHE_HOT_FOLDER") or _folder(get, "ANNDATA_CACHE_PLASMA_LOCATION"),
                        get("ANNDATA_CACHE_HOT_BYTES"), group)
        self.cold = _cold(_folder(get, "ANNDATA_CACHE_FOLDER"), get("ANNDATA_CACHE_COLD_BYTES"), get("XDG_CACHE_HOME"), group)
        self.data_folder = _folder(get, "ANNDATA_DATA_FOLDER") or ""
        self.promotion = get("ANNDATA_CACHE_PROMOTION") or "auto"
        check = get("ANNDATA_CACHE_CHECK") or "auto"
        if check not in ("auto", "all"):
            raise _bad("ANNDATA_CACHE_CHECK", check, "auto or all")
        self.check_every_file = check == "all"
        if self.promotion not in ("auto", "never", "always"):
            raise _bad("ANNDATA_CACHE_PROMOTION", self.promotion, "auto, never or always")
        self.twin = get("ANNDATA_CACHE_TWIN") or "on-first-gene"
        if self.twin not in ("on-first-gene", "with-load", "never"):
            raise _bad("ANNDATA_CACHE_TWIN", self.twin, "on-first-gene, with-load or never")

    @property
    def main(self) -> TierSettings:
        """The tier whose folder has the locks of loads and the counters: the hot one, else the only one."""
        main = self.hot or self.cold
        if main is None:
            raise BadSetting("Both tiers are off: ANNDATA_CACHE_HOT_BYTES and ANNDATA_CACHE_COLD_BYTES are 0. Give one of them a budget.")
        return main

    def promotes(self) -> bool:
        """Whether a part that is found in the cold tier is copied to the hot one: only where that pays, unless asked."""
        if self.hot is None or self.cold is None or self.promotion == "never":
            return False
        if self.promotion == "always":
            return True
        options = _mount_of(self.hot.folder)[1].split(",")
        return _mount_of(self.cold.folder)[0] in _NETWORK or "huge=always" in options or "huge=within_size" in options


def _hot(folder: str | None, budget: str | None, group: int | None) -> TierSettings | None:
    if _is_zero(budget):
        return None
    owner = os.geteuid() if group is None else f"group-{group}"
    tier = TierSettings("hot", folder or f"{_SHARED_MEMORY}/anndata-cache-{owner}", group)
    if budget:
        return tier
    if folder is None and not os.path.isdir(_SHARED_MEMORY):
        return None
    existing = tier.folder
    while not os.path.isdir(existing):
        existing = os.path.dirname(existing)
    files = os.statvfs(existing)
    return tier if files.f_blocks * files.f_frsize // 2 >= _LEAST_DEFAULT_HOT else None


def _cold(folder: str | None, budget: str | None, user_cache: str | None, group: int | None) -> TierSettings | None:
    if _is_zero(budget):
        return None
    if folder is not None:
        return TierSettings("cold", folder, group)
    if not user_cache or not os.path.isabs(user_cache):
        user_cache = os.path.join(os.path.expanduser("~"), ".cache")
    return TierSettings("cold", os.path.join(user_cache, "anndata-cache"), None)  # no group can share a folder in a home


def _folder(get: Callable[[str], str | None], name: str) -> str | None:
    value = get(name)
    if not value:
        return None
    if not os.path.isabs(value):
        raise _bad(name, value, "an absolute path, such as /dev/shm/my-cache")
    return os.path.normpath(value)


def _group(name: str | None) -> int | None:
    if not name:
        return None
    if name.isascii() and name.isdigit():
        return int(name)
    import grp
    try:
        return grp.getgrnam(name).gr_gid
    except KeyError:
        raise BadSetting(f"There is no group '{name}'. Give a group's name or number as ANNDATA_CACHE_GROUP, or unset it.") from None


def _is_zero(budget: str | None) -> bool:
    """A budget that is no number is the executable's to refuse."""
    text = (budget or "").strip().lower()
    for unit in _UNITS:
        if text.endswith(unit):
            text = text[: -len(unit)].rstrip()
            break
    return text != "" and text.strip("0") in ("", ".")


def _mount_of(folder: str) -> tuple[str, str]:
    """Type and options of the file system that holds the folder."""
    longest, found = -1, ("", "")
    try:
        with open("/proc/self/mounts", encoding="utf-8", errors="surrogateescape") as mounts:
            for line in mounts:
                _, at, kind, options, *_ = line.split(" ")
                inside = at == "/" or folder == at or folder.startswith(at + "/")
                if inside and len(at) >= longest:
                    longest, found = len(at), (kind, options)
    except (OSError, ValueError):
        pass
    return found


def _bad(name: str, value: str, wanted: str) -> BadSetting:
    return BadSetting(f"{name} is '{value}', but must be {wanted}. Correct or unset it.")
