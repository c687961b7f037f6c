"""The route from backfills: captures from an archive or a file, batch by batch, to the store."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime

from duckdb import DuckDBPyConnection

from flows.context import RunContext
from flows.decide import merge
from flows.pipeline import digest_and_save, in_window, note, write_window
from flows.shard import Ledger
from flows.workers import Workers
from ingest.models import Capture, Rejection
from storage import entries

STAGE = "reading and storing"
# Batches under way at once: while one is written, the processes read the next.  A third stands
# read from the archive, so this much of their pages is in memory three times.
AT_ONCE = 2
BATCH_BYTES = 64 * 2**20
# Pages of the first batch; each further one has twice as many, up to the setting.  The processes
# begin when it is read: with one of 500 they waited for two seconds.
FIRST_BATCH = 64


async def backfill(
    context: RunContext,
    workers: Workers,
    route: Iterable[Capture | Rejection],
    *,
    since: datetime | None = None,
    until: datetime | None = None,
) -> None:
    """Take everything that ``route`` yields to the store, in batches.

    Args:
        route: captures with their pages or texts, and rejections of what could not be read.
        since: start of the window on the publication time; None for open.
        until: end of the window, exclusive; None for open.
    """
    context.progress.stage(STAGE, None)
    workers.warm()
    source = iter(route)
    under_way: deque[asyncio.Task[None]] = deque()
    size = min(FIRST_BATCH, context.settings.backfill_batch)
    try:
        while batch := await asyncio.to_thread(_take, source, size):
            size = min(2 * size, context.settings.backfill_batch)
            if len(under_way) == AT_ONCE:
                await under_way.popleft()
            before = under_way[-1] if under_way else None
            under_way.append(
                asyncio.create_task(_backfill_batch(context, workers, batch, since, until, before))
            )
            del batch
        while under_way:
            await under_way.popleft()
    finally:
        for task in under_way:
            task.cancel()
        await asyncio.gather(*under_way, return_exceptions=True)


def _take(source: Iterator[Capture | Rejection], size: int) -> list[Capture | Rejection]:
    """The next ``size`` of ``source``, or fewer when their pages are large."""
    taken: list[Capture | Rejection] = []
    held = 0
    for one in source:
        taken.append(one)
        if isinstance(one, Capture) and one.page is not None:
            held += len(one.page.body)
        if len(taken) >= size or held >= BATCH_BYTES:
            break
    return taken


async def _backfill_batch(
    context: RunContext,
    workers: Workers,
    batch: Sequence[Capture | Rejection],
    since: datetime | None,
    until: datetime | None,
    before: asyncio.Task[None] | None,
) -> None:
    """One batch to the store; written after ``before``, the batch before it in the route."""
    report = context.report
    refused = [one for one in batch if isinstance(one, Rejection)]
    inside: list[Capture] = []
    for one in batch:
        if isinstance(one, Rejection):
            report.reject(one.reason)
        elif in_window(one.entry.published_at, since, until):
            inside.append(one)
        else:
            report.outside += 1
    report.entries += len(refused) + len(inside)
    report.fetched += sum(one.page is not None for one in inside)
    by_url = {one.entry.canonical_url: one for one in reversed(inside)}
    times = {one.entry.canonical_url: one.times for one in merge(c.entry for c in inside)}

    def look_up(con: DuckDBPyConnection) -> dict[str, bool]:
        records = entries.lookup(con, list(by_url))
        return {
            url: record.article_id is not None
            and bool(record.revision)
            and record.revision == by_url[url].entry.revision
            for url, record in records.items()
        }

    unchanged = await write_window(context, look_up)
    wanted = [one for url, one in by_url.items() if not unchanged.get(url, False)]
    report.known += sum(times[url] for url in by_url if unchanged.get(url, False))
    notes = Ledger(rejections=tuple(refused))
    if wanted:
        label = f"{len(wanted)} from {wanted[0].entry.url}"
        await digest_and_save(
            context,
            workers,
            wanted,
            times,
            label=label,
            window=(since, until),
            keep_known_entries=False,
            after=before,
            ledger=lambda _: notes,
        )
    else:
        if before is not None:
            await before
        if refused:
            await note(context, notes)
    context.progress.advance(STAGE, len(batch))
