"""How a process gets the very part that another one has sent the origin of."""

from __future__ import annotations

from .._errors import ObjectNotFound, SourceChanged, SourceNotFound
from .parts import Part

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    Stamp = tuple[int, int, int]


def reopen(source: str, element: str, name: str, stamp: Stamp | None = None) -> Part:
    """The very part that was sent: from this process, a tier, or decoded again while its source is still that version.

    Raises
    ------
    SourceChanged, SourceNotFound
        The part was evicted, and its source has been rewritten or deleted since.
    ObjectNotFound
        The object was overwritten, deleted or evicted since.
    """
    from . import store
    here = store.current()
    if stamp is not None:
        return _reopen_object(here, element, stamp)
    part = here.find(name)
    if part is not None:
        return part
    try:
        now = here.source(source)
        if now.name_of(element) == name:
            part = here.table(source) if element == store.TABLE else now.part(element)
            if part is not None and part.name == name:
                return part
    except SourceNotFound:
        raise SourceNotFound(
            f"What was sent was '{element}' of '{source}', which has been deleted since, and no tier has its part. Send a copy.") from None
    except store.SourceMoved:
        pass
    raise SourceChanged(
        f"What was sent was '{element}' of '{source}', which has been rewritten since, and no tier has the part of that version. "
        "Read the file again, or send a copy.")


def _reopen_object(here: Any, name: str, stamp: Stamp) -> Part:
    part: Part | None = here.find_object(name)
    if part is None or part.stamp != stamp:
        raise ObjectNotFound(
            f"What was sent was of the object '{name}', which has been {'deleted or evicted' if part is None else 'overwritten'} since. "
            "Get it again, or send a copy.")
    return part
