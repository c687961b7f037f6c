"""The route from backfills: captures from an archive or a file, batch by batch, to the store."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from itertools import islice
from typing import TypeVar

from duckdb import DuckDBPyConnection

from flows.context import RunContext
from flows.decide import merge
from flows.pipeline import digest_and_save, in_window, write_window
from flows.workers import Workers
from ingest.models import Capture, Rejection
from storage import entries, rejections

T = TypeVar("T")
STAGE = "reading and storing"


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
    source = iter(route)
    while batch := await asyncio.to_thread(_take, source, context.settings.backfill_batch):
        await _backfill_batch(context, workers, batch, since, until)
        context.progress.advance(STAGE, len(batch))


def _take(source: Iterator[T], size: int) -> list[T]:
    return list(islice(source, size))


async def _backfill_batch(
    context: RunContext,
    workers: Workers,
    batch: Sequence[Capture | Rejection],
    since: datetime | None,
    until: datetime | None,
) -> None:
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
        rejections.save(con, refused)
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
        )
