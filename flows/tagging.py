"""What ``voltwire tags`` does beyond asking the gazetteer: everything anew, a text tried."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from flows.context import Progress
from flows.deriving import derive, own_gazetteer
from flows.searching import republish
from flows.settings import Settings
from ingest.gazetteer import Entry, Gazetteer, bundled, load_gazetteer
from storage import derived
from storage.errors import StoreMissing
from storage.store import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class TagsRebuilt:
    """What a rebuild did."""

    store: str
    articles: int
    """Tagged anew."""
    left: int
    """Changed by a run meanwhile; that run tags them."""
    published: str

    def as_dict(self) -> dict[str, Any]:
        """The report as JSON-ready values."""
        return asdict(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes:
    """What a file of one's own makes of the bundled gazetteer; ``kind: name`` each."""

    new: tuple[str, ...]
    changed: tuple[str, ...]
    dropped: tuple[str, ...]


async def rebuild(settings: Settings, *, everything: bool, progress: Progress) -> TagsRebuilt:
    """Tag what lacks today's tags, or ``everything``, and publish.

    Raises:
        StoreMissing, StoreError, GazetteerError: for what a person has to put right.
    """
    wait = timedelta(seconds=settings.wait_seconds)
    store = Store(settings.store, wait=wait, purpose="voltwire tags rebuild")
    if not store.live.exists():
        raise StoreMissing(store.published)
    load_gazetteer(own_gazetteer(settings))
    if everything:
        with store.write() as con:
            derived.forget_recipes(con)
    done = await derive(settings, store, progress=progress)
    published = republish(store)
    return TagsRebuilt(
        store=str(settings.store), articles=done.articles, left=done.left,
        published=str(published.path),
    )  # fmt: skip


def changes(path: Path) -> Changes:
    """What the file makes of the bundled gazetteer.  Raises ``GazetteerError``."""
    was = {(one.kind, one.name): one for one in bundled().entries}
    now = {(one.kind, one.name): one for one in load_gazetteer(path).entries}

    def told(keys: Iterable[tuple[str, str]]) -> tuple[str, ...]:
        return tuple(f"{kind}: {name}" for kind, name in keys)

    return Changes(
        new=told(key for key in now if key not in was),
        changed=told(key for key in now if key in was and now[key] != was[key]),
        dropped=told(key for key in was if key not in now),
    )


def entries(gazetteer: Gazetteer, *, kind: str = "", having: str = "") -> list[Entry]:
    """Entries of ``kind``, or of all, of which a name or the ticker has ``having`` in it."""
    wanted = having.casefold()
    return [
        one
        for one in gazetteer.entries
        if (not kind or one.kind == kind) and any(wanted in name.casefold() for name in _names(one))
    ]


def named(gazetteer: Gazetteer, name: str) -> list[Entry]:
    """The entries that are called ``name``, in whatever case."""
    wanted = name.casefold()
    return [
        one
        for one in gazetteer.entries
        if any(wanted == known.strip("=*").casefold() for known in _names(one))
    ]


def nearest(gazetteer: Gazetteer, name: str) -> list[str]:
    """Names that look like ``name``, the nearest first."""
    known = {
        form.strip("=*").casefold(): one.name for one in gazetteer.entries for form in _names(one)
    }
    found = difflib.get_close_matches(name.casefold(), known, n=3)
    return list(dict.fromkeys(known[form] for form in found))


def lines_of(entry: Entry) -> list[str]:
    """An entry for a terminal: what it is, then each of its lists that is not empty."""
    head = [entry.kind, *filter(None, [entry.what]), *entry.ticker]
    lists: Sequence[tuple[str, Sequence[str]]] = (
        ("forms", entry.forms), ("careful", entry.careful), ("strict", entry.strict),
        ("near", entry.near), ("never", entry.never),
    )  # fmt: skip
    return [
        f"{entry.name}  ({', '.join(head)})",
        *(f"  {key:8} {', '.join(forms)}" for key, forms in lists if forms),
    ]


def _names(entry: Entry) -> Iterable[str]:
    return (entry.name, *entry.ticker, *entry.forms, *entry.careful, *entry.strict)
