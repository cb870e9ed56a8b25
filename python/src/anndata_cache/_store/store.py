"""Sources, always fresh, and the parts that this process keeps of them.

States of a part, as this process sees it
    absent    no tier has it: the executable is run
    mapped    somebody here uses an array over it; the table of mapped parts knows it weakly
    kept      mapped, and held by its source's table, so that a repeated ask needs no system call but `stat`

P1  Every ask compares the source with what the kernel said of it before.   Callers: never stale.
P2  What is kept without use is bounded in bytes, and given up when         Other processes: an idle one cannot take
    some process has found no room (the board's pressure moved).            all the room.
P3  No table is needed for anything but speed; each change of one is a      Forked children and threads: a lost entry
    single operation of a dict.                                             is found again in a tier.
P4  While the hot tier has a name of an object, the cold one is not         Readers of objects: a crash between the two
    looked at; what was mapped from it is looked at again. Neither has      leaves an older one in the cold tier, and an
    it: both are looked at once more.                                       overwrite may move it between two looks.
"""

from __future__ import annotations

import os
import weakref

from .._errors import CacheError, NoRoom, SourceChanged, SourceDenied, SourceNotFound, StoreUnusable
from . import loader
from .names import identity_of, object_name, version_of
from .parts import Part
from .settings import Settings, TierSettings
from .sources import Stamp, observe, permissions_of
from .tiers import Tier

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Iterable, TypeVar

    T = TypeVar("T")

_MAX_ATTEMPTS, _MAX_LOOKS = 4, 8
_MAX_SOURCES = 128
_DROPPED = -1
_NO_STAMP: Stamp = (0, 0, 0, 0, 0)
_TREE, TABLE = "", "csv"
_KEPT_SHARE = 16
"""A process keeps at most this fraction of the main tier's file system mapped without using it (P2)."""


class SourceMoved(Exception):
    """The source is no longer the version that was asked: look at it again."""


class Source:
    """One version of one source.

    Attributes
    ----------
    path : str
        `realpath` of the source.
    parts : dict
        Parts of it that are kept.
    memo : dict
        What was made of kept parts: frames, indexes, dicts. Gone with them.
    used : int
        When it was asked last, by the store's clock.
    """

    __slots__ = ("_begun", "_names", "_options", "_version", "memo", "parts", "path", "stamp", "store", "used")

    def __init__(self, store: Store, path: str, stamp: Stamp, options: str) -> None:
        self.store, self.path, self.stamp, self.used = store, path, stamp, 0
        self._version, self._options = version_of(stamp), options
        self._names: dict[str, str] = {}
        self._begun: set[str] = set()
        self.parts: dict[str, Part] = {}
        self.memo: dict[Any, Any] = {}

    @property
    def version(self) -> str:
        """The end of the names of its parts."""
        return self._version

    def name_of(self, element: str) -> str:
        """The name of an element's part."""
        name = self._names.get(element)
        if name is None:
            name = self._names[element] = f"{identity_of(self.path, element, self._options)}.{self._version}"
        return name

    def derived(self, element: str, what: str) -> Part | None:
        """A part that was made of an element's, such as its `twin`, where a tier has it; nothing is made for it."""
        key = f"{element}\0{what}"
        name = self._names.get(key)
        if name is None:
            options = f"{what} {self._options}".rstrip()
            name = self._names[key] = f"{identity_of(self.path, element, options)}.{self._version}"
        return self.store.find(name, count=False)

    def begin_twin(self, element: str) -> None:
        """Have an element's twin built for later, once, unless the settings say never."""
        if element not in self._begun and self.store.settings.twin != "never":
            self._begun.add(element)
            loader.begin_twin(self.path, element)

    def part(self, element: str, also: Iterable[str] = ()) -> Part:
        """The part of an element, loaded where no tier has it.

        Parameters
        ----------
        element
            Its path; empty for the tree of elements.
        also
            Elements that will be asked for next: a run of the executable brings them too.
        """
        return self.parts.get(element) or self.store.obtain(self, element, also)

    def remember(self, key: Any, parts: Iterable[Part], value: T) -> T:
        """Keep what was made of parts for as long as they are kept: it must not pin what the bound gives up (P2)."""
        if self.used >= 0 and all(self.parts.get(part.layout["element"]) is part for part in parts):
            self.memo[key] = value
        return value

    def is_current(self) -> bool:
        """Whether the source still is this version."""
        try:
            return observe(self.path, self.store.settings.check_every_file) == self.stamp
        except OSError:
            return False


class Version(Source):
    """One version of a source, be it that of now or an earlier one, of which parts come from where they are looked for.

    Parameters
    ----------
    store, path, version
        As a source's.
    find
        Gives the part of an element, or raises.
    """

    __slots__ = ("_find",)

    def __init__(self, store: Store, path: str, version: str, find: Callable[[str], Part]) -> None:
        super().__init__(store, path, _NO_STAMP, "")
        self._version, self._find = version, find
        live = next((one for one in list(store._sources.values()) if one.path == path and one.version == version), None)
        if live is not None:
            self.parts, self.memo = dict(live.parts), dict(live.memo)

    def part(self, element: str, also: Iterable[str] = ()) -> Part:
        """The part of an element."""
        if element not in self.parts:
            self.parts[element] = self._find(element)
        return self.parts[element]


class Store:
    """Both tiers, seen from this process."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._main_settings: TierSettings = settings.main
        self.hot = Tier(settings.hot) if settings.hot else None
        self.cold = Tier(settings.cold) if settings.cold else None
        self.main = self.hot or self.cold
        self._sources: dict[str, Source] = {}
        self._mapped: weakref.WeakValueDictionary[str, Part] = weakref.WeakValueDictionary()
        self._kept_limit, self._clock, self._pressure = -1, 0, 0
        self._promotes: bool | None = None

    @property
    def kept(self) -> int:
        """Bytes of parts that are kept (P2)."""
        return sum(len(part) for source in list(self._sources.values()) for part in list(source.parts.values()))

    def fresh(self, path: str, build: Callable[[Source], T]) -> T:
        """What `build` makes of one version of the source; started again when it changes meanwhile (P1)."""
        for _ in range(_MAX_ATTEMPTS):
            source = self.source(path)
            try:
                return build(source)
            except SourceMoved:
                continue
        raise SourceChanged(f"'{path}' changed while it was read, {_MAX_ATTEMPTS} times. Ask again when it is written.")

    def source(self, path: str) -> Source:
        """The source as it is now: one call of `stat` when it has not changed."""
        main = self.main
        assert main is not None
        board = main.board
        if board is not None and board.pressure != self._pressure:  # P2
            self._pressure = board.pressure
            self.release()
        try:
            stamp = observe(path, self.settings.check_every_file)
            source = self._sources.get(path)
            if source is None or source.stamp != stamp:
                source = self._take(path, stamp)
        except PermissionError as error:
            raise SourceDenied(f"This user may not read '{path}'. Ask its owner for read permission.") from error
        except (FileNotFoundError, NotADirectoryError) as error:
            raise SourceNotFound(f"There is no file '{path}'.") from error
        self._clock += 1
        source.used = self._clock
        return source

    def obtain(self, source: Source, element: str, also: Iterable[str] = ()) -> Part:
        """A part that is not kept: from another user in this process, a tier, or the executable."""
        name = source.name_of(element)
        part = self.find(name)
        for _ in range(_MAX_ATTEMPTS):
            if part is not None:
                self._keep(source, element, part)
                return part
            missing = [element, *(other for other in also if not self.contains(source.name_of(other)))]
            file = self._load(source, missing)
            if not source.is_current():
                raise SourceMoved
            self.reopen()
            part = self.find(os.path.basename(file) or name, count=False)
        raise StoreUnusable(f"'{element}' of '{source.path}' is removed as soon as it is loaded. Run 'anndata-cache doctor'.")

    def find(self, name: str, count: bool = True) -> Part | None:
        """The part of a name, from this process or a tier; the hot one is asked first."""
        part = self._mapped.get(name)
        if part is None and self.hot is not None:
            part = self.hot.pin(name, count)
        if part is None and self.cold is not None and not (count and self._promotes_now() and self.cold.contains(name)):
            part = self.cold.pin(name, count)
        if part is not None:
            self._mapped[name] = part
        return part

    def table(self, path: str) -> Part | None:
        """The part of a CSV file, parsed where no tier has it; None where the file changes meanwhile."""
        part = self.find(self.source(path).name_of(TABLE))
        if part is None:
            loader.call(["csv", "--json", "--", path])
            self.reopen()
            part = self.find(self.source(path).name_of(TABLE), count=False)
        return part

    def find_object(self, name: str) -> Part | None:
        """The part of a named object as it is now. Unlike those of elements, it can be replaced, also by one in the other tier (P4)."""
        file, misses = object_name(name), 0
        for _ in range(_MAX_LOOKS):
            hot, cold = (tier.stamp_of(file) if tier is not None else None for tier in (self.hot, self.cold))
            if hot is None and cold is None:
                misses += 1
                if misses == 2:
                    return None
                self.reopen()
                continue
            tier, stamp = (self.hot, hot) if hot is not None else (self.cold, cold)
            part = self._mapped.get(file)
            if part is None or part.stamp != stamp:
                part = tier.pin(file)  # type: ignore[union-attr]
            if part is None or tier is self.cold and not self._is_still_cold(file, part):
                continue
            self._mapped[file] = part
            return part
        return None

    def _is_still_cold(self, file: str, part: Part) -> bool:
        """First that no hot one has come, then that this one was not replaced: an overwrite makes the hot one before it takes the cold."""
        assert self.cold is not None
        return (self.hot is None or self.hot.stamp_of(file) is None) and self.cold.stamp_of(file) == part.stamp

    def has_object(self, name: str) -> bool:
        """Whether a tier has an object of this name. A folder may have been made anew since it was opened."""
        file = object_name(name)
        if not self.contains(file):
            self.reopen()
        return self.contains(file)

    def contains(self, name: str) -> bool:
        """Whether a tier has a part of this name."""
        return any(tier is not None and tier.contains(name) for tier in (self.hot, self.cold))

    def reopen(self) -> None:
        """Look at the folders again: the executable may have made them anew."""
        for tier in (self.hot, self.cold):
            if tier is not None:
                tier.reopen()

    def release(self) -> None:
        """Give up everything that is kept without use."""
        for path in list(self._sources):
            self._drop(path)

    def _take(self, path: str, stamp: Stamp) -> Source:
        real = os.path.realpath(path)
        options = "" if self._may_share(real) else f"user {os.geteuid()}"
        self._drop(path)
        source = self._sources[path] = Source(self, real, stamp, options)
        while len(self._sources) > _MAX_SOURCES:
            self._drop_oldest(source)
        return source

    def _may_share(self, path: str) -> bool:
        """Whether the folder's users may all read the source: nobody gains by the cache what the file denies."""
        group = self._main_settings.group
        if group is None:
            return True
        mode, owner = permissions_of(path, self.settings.check_every_file)
        return bool(mode & 0o004 or (owner == group and mode & 0o040))

    def _load(self, source: Source, elements: list[str]) -> str:
        """Path of the part that was loaded for the first element; empty for the tree, whose name is known."""
        def load() -> str:
            if elements[0] == _TREE:
                loader.load_tree(source.path)
                return ""
            return str(loader.load(source.path, elements)[elements[0]]["file"])

        try:
            return load()
        except NoRoom:
            self.release()  # what this process keeps without use must not be what leaves no room
            return load()
        except CacheError:
            if not source.is_current() and os.path.exists(source.path):
                raise SourceMoved from None
            raise

    def _keep(self, source: Source, element: str, part: Part) -> None:
        """P2."""
        if self._kept_limit < 0:
            self._kept_limit = self._limit()
        if len(part) > self._kept_limit or source.used < 0:
            return
        source.parts[element] = part
        while self.kept > self._kept_limit and len(self._sources) > 1:
            self._drop_oldest(source)
        if self.kept > self._kept_limit:
            source.parts = {element: part}
            source.memo = {}

    def _limit(self) -> int:
        try:
            files = os.statvfs(self._main_settings.folder)
        except OSError:
            return 0
        return files.f_blocks * files.f_frsize // _KEPT_SHARE

    def _drop_oldest(self, but: Source) -> None:
        others = [(source.used, path) for path, source in list(self._sources.items()) if source is not but]
        if others:
            self._drop(min(others)[1])

    def _drop(self, path: str) -> None:
        source = self._sources.pop(path, None)
        if source is not None:
            source.used = _DROPPED  # whoever still works with it keeps nothing more in it

    def _promotes_now(self) -> bool:
        if self._promotes is None:
            self._promotes = self.settings.promotes()
        return self._promotes


_current: Store | None = None


def current() -> Store:
    """The store of this process, with the settings that the environment had when it was first asked for."""
    global _current
    if _current is None:
        _current = Store(Settings())
    return _current


def reset() -> None:
    """Read the environment again at the next ask. Arrays that are in use stay valid."""
    global _current
    if _current is not None:
        _current.release()
    _current = None
