"""Mentions and figures of stored articles: a step between the last save and the publish.

    saved --> which lack it? --> texts --> tags, figures --> one transaction --> publish

What an article names depends on its text, the rules and the gazetteer alone, so it is asked of the
store and not of the run: every route, a store from before there were tags and shards from other
machines all get theirs here, and a changed gazetteer has everything looked at again.  A run takes
the newest and as many as its time allows; ``voltwire tags rebuild`` does the rest at once.
"""

from __future__ import annotations

import asyncio
import functools
import logging
import os
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING

from flows.context import Progress, Silent
from flows.limits import end_with_parent
from flows.processes import ProcessDied, UsesProcesses
from flows.settings import Settings
from ingest.errors import VoltwireError
from ingest.gazetteer import digest, load_gazetteer
from ingest.quantities import words
from storage import derived
from storage.derived import Derivation, Underived
from storage.store import Store

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

    from ingest.tags import Tagger

_LOG = logging.getLogger(__name__)
STAGE = "articles tagged"
TAG_RULES = 1
"""One more whenever the same gazetteer and text would give other mentions than before."""
FIGURE_RULES = 1
"""The same for figures, beside their lists of words."""
# Written in one transaction.  Rows that are replaced are looked for once a batch, in all there are.
BATCH = 5_000
# So few are done in a thread: two processes would have to start first, for a second of work.
IN_THREAD = 400
# So few are done in the window that closes a run, in half a second.
FEW = 400
CHUNK = 100
# A run does not hold up its publish for longer; the next one goes on.
RUN_SECONDS = 120.0


@dataclass(frozen=True, slots=True)
class Derived:
    """What was done."""

    articles: int
    left: int
    """Articles still to be done."""


def own_gazetteer(settings: Settings) -> Path | None:
    """The user's gazetteer, if one is set."""
    return Path(settings.gazetteer) if settings.gazetteer else None


def recipe_of(own: Path | None) -> int:
    """The number of today's rules with that gazetteer.  Raises ``GazetteerError``."""
    told = f"tags {TAG_RULES} {digest(own)} figures {FIGURE_RULES} {words.digest()}"
    return int.from_bytes(sha256(told.encode()).digest()[:7], "little")


def derive_few(con: DuckDBPyConnection, settings: Settings) -> bool:
    """Derive what the store lacks in the caller's write window, if it is little; whether not.

    A window of its own costs the file 2 MB until rows are merged, and a scheduled run brings a few
    articles: a fifth of a second of work.
    """
    try:
        own = own_gazetteer(settings)
        recipe = recipe_of(own)
        waiting = derived.count_pending(con, recipe)
        if not 0 < waiting <= FEW:
            return waiting > 0
        found = derived.pending(con, recipe, FEW)
        derivations = derive_from(found, own)
    except (VoltwireError, ImportError):
        return True  # ``derive`` says what is wrong
    derived.save(con, recipe, derivations)
    return False


async def derive(
    settings: Settings,
    store: Store,
    *,
    seconds: float | None = None,
    progress: Progress | None = None,
    window: asyncio.Lock | None = None,
) -> Derived:
    """Derive what ``store`` lacks by today's rules, in batches; nothing is published.

    Args:
        seconds: begin no batch after so long; None to do everything.
        window: held around write windows, where others of this process write, too.

    Raises:
        GazetteerError: for a gazetteer that cannot be read; before anything is changed.
        StoreError: as ``Store.write`` does; what was written before is whole.
    """
    own = own_gazetteer(settings)
    recipe = recipe_of(own)
    window, progress, began = window or asyncio.Lock(), progress or Silent(), monotonic()

    async def batch() -> tuple[list[Underived], int]:
        async with window:
            return await asyncio.to_thread(_read, store, recipe)

    done = 0
    found, left = await batch()
    if not found:
        return Derived(0, 0)
    if own is not None:
        load_gazetteer(own)  # what is wrong with it is told here, not in a process
    progress.stage(STAGE, left)
    async with _Derivers(settings.workers) as derivers:
        while found:
            derivations = await derivers.derive(found, own)
            async with window:
                written = await asyncio.to_thread(_write, store, recipe, derivations)
            done += written
            progress.advance(STAGE, written)
            if not written or (seconds is not None and monotonic() - began > seconds):
                # Nothing written: all of them are being edited by others; the next run sees.
                return Derived(done, max(0, left - written))
            found, left = await batch()
    return Derived(done, left)


def _read(store: Store, recipe: int) -> tuple[list[Underived], int]:
    with store.write() as con:
        left = derived.count_pending(con, recipe)
        return (derived.pending(con, recipe, BATCH), left) if left else ([], 0)


def _write(store: Store, recipe: int, derivations: Sequence[Derivation]) -> int:
    with store.write() as con:
        return derived.save(con, recipe, derivations)


class _Derivers(UsesProcesses):
    """Derives in processes, or in a thread where it is little."""

    def __init__(self, processes: int) -> None:
        self._width = processes or os.cpu_count() or 1
        super().__init__(self._width, end_with_parent)

    async def derive(self, found: Sequence[Underived], own: Path | None) -> list[Derivation]:
        if len(found) <= IN_THREAD:
            return await asyncio.to_thread(derive_from, found, own)
        chunks = [found[at : at + CHUNK] for at in range(0, len(found), CHUNK)]
        done = await asyncio.gather(*(self._chunk(chunk, own) for chunk in chunks))
        return [one for chunk in done for one in chunk]

    async def _chunk(self, chunk: Sequence[Underived], own: Path | None) -> list[Derivation]:
        try:
            return await self._processes.call(derive_from, list(chunk), own)
        except ProcessDied:
            if len(chunk) == 1:
                _LOG.warning("%s: no tags, a process died of it", chunk[0].article_id)
                return [_nothing(chunk[0])]
        halves = (chunk[: len(chunk) // 2], chunk[len(chunk) // 2 :])
        done = [await self._chunk(half, own) for half in halves]
        return [one for half in done for one in half]


@functools.lru_cache(maxsize=2)
def _tagger(own: Path | None, recipe: int) -> Tagger:
    # One for each state of the file: a process that serves for months sees it change.
    del recipe
    from ingest.tags import Tagger

    return Tagger(load_gazetteer(own))


def derive_from(found: Sequence[Underived], own: Path | None) -> list[Derivation]:
    """Mentions and figures of ``found``, in order; a text that cannot be read has none."""
    tagger = _tagger(own, recipe_of(own))
    made = []
    for one in found:
        try:
            made.append(_derivation(one, tagger))
        except Exception:
            # One text must not keep all others from being tagged, now and at every run.
            _LOG.exception("%s: no tags", one.article_id)
            made.append(_nothing(one))
    return made


def _derivation(one: Underived, tagger: Tagger) -> Derivation:
    from ingest.figures import figures
    from ingest.tags import company_spans, subjects

    mentions = tagger.tag(one.title, one.text)
    stated = figures(one.title, one.text, company_spans(mentions), language=one.language)
    return Derivation(
        source=one,
        mentions=mentions,
        subjects=subjects(mentions),
        figures=stated,
    )


def _nothing(one: Underived) -> Derivation:
    return Derivation(source=one, mentions=(), subjects=(), figures=())
