"""The route of an article as plain calls.  No Prefect here.

    from_feeds    poll --> entries -- known? --> fetch --+
                  (each feed for itself)        |        |
                              |                 |        |
                              +-- known         |        +--> digest --> save --> publish
                                                |        |       |
    from_routes   archive, file --> captures ---|--------+       |
                                                +-- rejection <--+

This file holds what both routes share: the run's own row, a batch from digest to save, and the
write window.  Windows are short: the store is open only to look up, and to save one batch.  Long
runs publish on the way (``flows.publishing``).
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from time import monotonic
from typing import TypeVar

from duckdb import DuckDBPyConnection

from flows import searching
from flows.context import RunContext
from flows.deriving import RUN_SECONDS, derive, derive_few
from flows.digested import Digested
from flows.errors import trouble
from flows.loading import take_in
from flows.memory import give_back
from flows.save import Saved, once_more
from flows.seeing.logs import about
from flows.seeing.ofrun import seen
from flows.shard import Ledger, Shard
from flows.workers import Workers
from ingest.errors import VoltwireError
from ingest.models import Capture
from storage import runs
from storage.errors import StoreError, StoreFault
from storage.models import RunCounts

T = TypeVar("T")
NOTHING = Ledger()
_LOG = logging.getLogger(__name__)


@asynccontextmanager
async def recorded(context: RunContext) -> AsyncIterator[None]:
    """Open the run's row in ``runs``; close it with its figures, or as failed, and publish.

    Meanwhile, and afterwards, it can be seen from outside (``flows.seeing.ofrun``).
    """
    with seen(context):
        async with _recorded(context):
            yield


@asynccontextmanager
async def _recorded(context: RunContext) -> AsyncIterator[None]:
    report, began = context.report, monotonic()
    await write_window(context, lambda con: _open_run(context, con))
    try:
        yield
        report.state = "completed_with_failures" if report.feeds_failed else "completed"
    except BaseException as error:
        report.state = "failed"
        report.detail = f"{type(error).__name__}: {error}"
        raise
    finally:
        report.ended_at = context.clock()
        report.seconds = monotonic() - began
        await _close(context)


async def _close(context: RunContext) -> None:
    report = context.report
    waiting = await write_window(context, lambda con: _finish(context, con))
    if context.shelf is not None:
        return  # what readers see is made by whoever loads the shards
    if waiting:
        await _derive(context)
    try:
        published = await context.step(
            "publish",
            "publish",
            lambda: asyncio.to_thread(
                searching.publish, context.store, search=context.settings.keeps_index
            ),
        )
    except StoreError as error:
        # What the run stored is safe, and comes out with the next publish.
        hint = f"; {error.hint}" if error.hint else ""
        report.detail = f"not published: {error}{hint}"
    else:
        report.published = str(published.path)
        report.detail = "; ".join(filter(None, [report.detail, published.note]))


def _finish(context: RunContext, con: DuckDBPyConnection) -> bool:
    """Close the run's row, and tag what is new; whether more than a few articles lack tags."""
    report = context.report
    runs.finish(
        con,
        report.run_id,
        at=context.clock(),
        state=report.state,
        counts=RunCounts(
            feeds=report.feeds,
            entries=report.entries,
            fetched=report.fetched,
            stored=report.stored,
            known=report.known + report.edited,
            duplicates=report.duplicates,
            rejected=report.rejected,
        ),
        detail=report.detail,
    )
    if context.shelf is not None or report.state == "failed":
        return False
    return derive_few(con, context.settings)


async def _derive(context: RunContext) -> None:
    """Tags and figures of what is new; without them the articles are published all the same."""
    report = context.report
    try:
        done = await derive(
            context.settings,
            context.store,
            seconds=RUN_SECONDS,
            progress=context.progress,
            window=context.window,
        )
    except (StoreError, VoltwireError, ImportError) as error:
        report.detail = "; ".join(filter(None, [report.detail, f"not tagged: {error}"]))
    else:
        if done.left:
            told = f"{done.left} older articles are still to be tagged (`voltwire tags rebuild`)"
            report.detail = "; ".join(filter(None, [report.detail, told]))


def _open_run(context: RunContext, con: DuckDBPyConnection) -> None:
    report = context.report
    runs.mark_crashed(con, report.started_at)
    runs.start(con, run_id=report.run_id, kind=report.kind, at=report.started_at)


async def digest_and_save(
    context: RunContext,
    workers: Workers,
    captures: Sequence[Capture],
    times: dict[str, int],
    *,
    label: str,
    window: tuple[datetime | None, datetime | None] = (None, None),
    keep_known_entries: bool = True,
    after: Awaitable[object] | None = None,
    ledger: Callable[[Sequence[Digested]], Ledger] | None = None,
) -> Saved:
    """Digest captures and write them as one batch; the report is brought up to date.

    Args:
        times: canonical URL -> how often the run listed it; sightings after the first of a new
            article count as known.
        window: publication times to keep; what extraction dates outside it is left out.
        keep_known_entries: see ``flows.shard.Shard``.
        after: what has to end before this batch is written; if it failed, so does this.
        ledger: what is noted with the batch, of all that was digested, also what lies outside the
            window.
    """
    now = context.clock()
    try:
        digested = await context.step(
            "digest", f"digest {label}", lambda: workers.digest(captures, now)
        )
    except OSError as error:
        raise trouble("read pages", error) from error
    if after is not None:
        await after
    inside = [
        one
        for one in digested
        if one.prepared is None or in_window(one.prepared.article.published_at, *window)
    ]
    outside = sum(times.get(one.entry.canonical_url, 1) for one in digested) - sum(
        times.get(one.entry.canonical_url, 1) for one in inside
    )
    context.report.outside += outside
    context.report.entries -= outside

    async def save() -> Saved:
        return await save_digested(
            context,
            inside,
            times,
            now,
            keep_known_entries=keep_known_entries,
            ledger=ledger(digested) if ledger else NOTHING,
        )

    saved = await context.step("save", f"save {label}", save)
    context.report.repeats += sum(
        len(one.prepared.repeats) for one in inside if one.prepared is not None
    )
    context.report.undated += sum(
        one.prepared is not None
        and one.prepared.article.published_from == "unknown"
        and saved.status_of[one.entry.canonical_url] == "new"
        for one in inside
    )
    # A batch is the largest thing a run holds; the next ones must not stand beside its remains.
    await asyncio.to_thread(give_back)
    return saved


async def save_digested(
    context: RunContext,
    digested: Sequence[Digested],
    times: dict[str, int],
    now: datetime,
    *,
    keep_known_entries: bool = True,
    ledger: Ledger = NOTHING,
) -> Saved:
    """Write what became of entries, and count it in the report."""
    shard = Shard(
        at=now, digested=tuple(digested), keep_known_entries=keep_known_entries, ledger=ledger
    )
    saved = await _deliver(context, shard)
    _count(context, saved, times)
    return saved


async def note(context: RunContext, ledger: Ledger) -> None:
    """Write what is to be remembered beside any batch."""
    await _deliver(context, Shard(at=context.clock(), ledger=ledger))


async def _deliver(context: RunContext, shard: Shard) -> Saved:
    """To the store; or, on a machine that has none, to the shelf from which it is loaded."""
    if context.shelf is not None:
        async with context.window:
            return await asyncio.to_thread(context.shelf.put, shard)

    def work(con: DuckDBPyConnection) -> Saved:
        return take_in(con, [shard])[0]

    try:
        saved = await context.window.do(context.store, work)
    except StoreFault as fault:
        once_more(fault)
        saved = await context.window.do(context.store, work)
    context.on_the_way.articles += len(saved.new) + len(saved.changed)
    if context.on_the_way.is_due:
        async with context.window:
            search = context.settings.keeps_index
            # Asked again: another batch may have published while this one waited for the window.
            await context.on_the_way.publish_if_due(context.store, search=search)
    return saved


def _count(context: RunContext, saved: Saved, times: dict[str, int]) -> None:
    report = context.report
    _log(saved)
    for url, status in saved.status_of.items():
        seen = times.get(url, 1)
        if status == "new":
            report.stored += 1
            report.known += seen - 1
        elif status == "changed":
            report.edited += 1
            report.known += seen - 1
        elif status == "known":
            report.known += seen
        else:
            report.reject(status, seen)
    report.new_stories += saved.new_stories
    report.duplicates += saved.duplicates


def _log(saved: Saved) -> None:
    """A line on what became of a batch, and one for each entry that was refused."""
    ends = Counter(saved.status_of.values())
    _LOG.info(
        "%d entries: %s", len(saved.status_of),
        ", ".join(f"{count} {end}" for end, count in ends.most_common()),
        extra=about(stage="save", counts=dict(ends)),
    )  # fmt: skip
    if _LOG.isEnabledFor(logging.DEBUG):
        for url, end in saved.status_of.items():
            if end not in ("new", "changed", "known"):
                _LOG.debug("%s", end, extra=about(stage="save", url=url, reason=end))


def in_window(at: datetime | None, since: datetime | None, until: datetime | None) -> bool:
    """Is ``at`` in ``[since, until)``?  What has no date is not turned away for it."""
    if at is None:
        return True
    return (since is None or at >= since) and (until is None or at < until)


async def write_window(context: RunContext, work: Callable[[DuckDBPyConnection], T]) -> T:
    """Do ``work`` inside one write window of the store."""
    return await context.window.do(context.store, work)
