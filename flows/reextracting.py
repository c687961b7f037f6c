"""``voltwire store reextract``: stored articles brought to what today's rules make of them.

    archive --> page --> digest --+--> same -------------+
    stored text --> repeats, sign +--> changed: replace --+--> match, cluster --> publish
                                  +--> refused today: left as it is, counted

Each batch is read in one short window of the store, digested outside (``rereading``: in processes
of this machine, or in chunks on a cluster), and written in another.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from functools import partial
from typing import Any

from duckdb import DuckDBPyConnection

from dedupe.policy import RECIPE
from flows.context import Progress, RunContext, new_run_id, utc_now
from flows.feedlist import feeds_in_use
from flows.pipeline import recorded, write_window
from flows.recompute.archived import reread_on
from flows.report import RunReport
from flows.rereading import Again, read_again
from flows.save import Saved, relate
from flows.seeing.noting import Noted
from flows.settings import Settings
from flows.workers import Workers
from ingest.errors import VoltwireError
from storage import feeds as stored_feeds
from storage import reread, signatures
from storage.errors import StoreMissing
from storage.store import Store

STAGE = "reading again"


@dataclass(slots=True, kw_only=True)
class ReextractReport:
    """What reading again changed."""

    store: str
    articles: int = 0
    """Articles looked at."""
    from_archive: int = 0
    """Of them, read from their archived page; the others only had repeats and copies looked for."""
    unreadable: int = 0
    """Articles whose archived page does not read back."""
    texts_changed: int = 0
    details_changed: int = 0
    """Author, date, language, publisher or topics changed, text and title not."""
    unchanged: int = 0
    refused: dict[str, int] = field(default_factory=dict)
    """reason -> articles that today's rules would not take; they stay as they are."""
    overtaken: int = 0
    """Articles that a run edited in the meantime; left to it."""
    stories: int = 0
    """Stories begun by the new grouping."""
    published: str = ""
    seconds: float = 0.0
    detail: str = ""

    @property
    def exit_code(self) -> int:
        """0 done; 1 done, with archive files worth a look."""
        return 1 if self.unreadable or not self.published else 0

    def as_dict(self) -> dict[str, Any]:
        """The report as JSON-ready values."""
        return {name: getattr(self, name) for name in self.__dataclass_fields__}


async def reextract(
    settings: Settings,
    *,
    since: date | None = None,
    chosen: Sequence[str] = (),
    progress: Progress,
    clock: Callable[[], datetime] = utc_now,
) -> ReextractReport:
    """Read articles again from the archive and renew what is derived from their texts.

    Args:
        since: first day of publication; articles without a date are always read.
        chosen: slugs of feeds; empty for all articles.

    Raises:
        StoreMissing, StoreError, VoltwireError: for what a person has to put right.
    """
    now = clock()
    run_id = new_run_id(now)
    purpose = f"voltwire reextract {run_id}"
    store = Store(settings.store, wait=timedelta(seconds=settings.wait_seconds), purpose=purpose)
    if not store.live.exists():
        raise StoreMissing(store.published)
    with store.write() as con:
        signatures.check_recipe(con, RECIPE)
        feeds = {feed.slug: feed for feed in stored_feeds.load_feeds(con)}
        feeds |= {feed.slug: feed for feed in feeds_in_use(settings)}
        for slug in chosen:
            if slug not in feeds:
                hint = "`voltwire feeds list` shows them"
                raise VoltwireError(f"there is no feed {slug!r}", hint=hint)
        start = datetime.combine(since, time(), UTC) if since else None
        ids = reread.selected(con, since=start, feeds=chosen)
    context = RunContext(
        settings=settings,
        store=store,
        feeds=feeds,
        report=RunReport(
            run_id=run_id, kind="reextract", store=str(settings.store), started_at=now
        ),
        all_topics=True,
        clock=clock,
        progress=Noted(inner=progress, folder=store.folder, run_id=run_id, kind="reextract"),
    )
    report = ReextractReport(store=str(settings.store))
    async with recorded(context):
        context.progress.stage(STAGE, len(ids))
        async with aclosing(_again(context, ids)) as batches:
            async for again in batches:
                await _save(context, again, report)
                context.progress.advance(STAGE, len(again))
        context.report.entries = report.articles
        context.report.edited = report.texts_changed + report.details_changed
        context.report.known = report.articles - context.report.edited
    report.published = context.report.published
    report.detail = context.report.detail
    report.seconds = context.report.seconds
    return report


async def _again(context: RunContext, ids: Sequence[str]) -> AsyncGenerator[list[Again], None]:
    """Articles ``ids`` read again, as many at once as are written at once."""
    settings, feeds, now = context.settings, context.feeds, context.clock
    size = settings.backfill_batch
    if settings.engine != "processes":
        async with aclosing(reread_on(settings, context.store, ids, feeds, now())) as chunks:
            async for again in chunks:
                for at in range(0, len(again), size):
                    yield again[at : at + size]
        return
    # Articles that are stored have passed the topic gate or were wanted without it.
    async with Workers(settings.workers, feeds, all_topics=True) as workers:
        for at in range(0, len(ids), size):
            batch = partial(reread.load, ids=ids[at : at + size])
            read = await write_window(context, batch)
            yield await read_again(context.store.archive, read, workers, now())


async def _save(context: RunContext, again: Sequence[Again], report: ReextractReport) -> None:
    now = context.clock()

    def save(con: DuckDBPyConnection) -> tuple[Saved, Counter[str]]:
        states = [(one.prepared.article.article_id, one.version, one.fetched_at) for one in again]
        there = reread.still(con, states)
        fresh = [one for one in again if one.prepared.article.article_id in there]
        prepared = [one.prepared for one in fresh]
        reread.replace(con, prepared)
        touched = [one.article.article_id for one in prepared]
        saved = Saved(changed=touched)
        relate(con, prepared, {one: one for one in touched}, saved, now)
        return saved, Counter(one.change for one in fresh)

    saved, changes = await write_window(context, save)
    report.articles += len(again)
    report.texts_changed += changes["text"]
    report.details_changed += changes["details"]
    report.unchanged += changes["none"]
    report.overtaken += len(again) - changes.total()
    report.from_archive += sum(one.from_archive for one in again)
    report.unreadable += sum(one.unreadable for one in again)
    report.stories += saved.new_stories
    for one in again:
        if one.refused:
            report.refused[one.refused] = report.refused.get(one.refused, 0) + 1


def lines(report: ReextractReport) -> list[str]:
    """The report for a terminal."""
    said = [
        f"{report.articles} articles looked at in {report.seconds:.1f} s, {report.from_archive} "
        "of them read again from the archive",
        f"{report.texts_changed} texts or titles changed, {report.details_changed} other details, "
        f"{report.unchanged} unchanged",
    ]
    if report.stories:
        said.append(f"{report.stories} stories begun by the new grouping")
    if report.refused:
        why = ", ".join(f"{count} {reason}" for reason, count in sorted(report.refused.items()))
        said.append(f"today's rules would refuse some, which stay as they are: {why}")
    if report.unreadable:
        said.append(
            f"{report.unreadable} archived pages do not read back: `voltwire store check` tells "
            "which"
        )
    if report.overtaken:
        said.append(f"{report.overtaken} were edited by a run in the meantime and left to it")
    if report.detail:
        said.append(f"note: {report.detail}")
    return said
