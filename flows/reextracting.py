"""``voltwire store reextract``: stored articles brought to what today's rules make of them.

    archive --> page --> digest --+--> same -------------+
    stored text --> repeats, sign +--> changed: replace --+--> match, cluster --> publish
                                  +--> refused today: left as it is, counted

Each batch is read in one short window of the store, digested outside, and written in another.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from duckdb import DuckDBPyConnection

from dedupe.policy import RECIPE
from flows.context import Progress, RunContext, new_run_id, utc_now
from flows.digested import Digested
from flows.feedlist import feeds_in_use
from flows.pipeline import recorded, write_window
from flows.report import RunReport
from flows.save import Saved, relate
from flows.settings import Settings
from flows.workers import Workers
from ingest.archive import load_page
from ingest.errors import ArchiveError, VoltwireError
from ingest.models import Article, Capture, FeedEntry, Rejection
from ingest.routes.wayback import as_original
from storage import feeds as stored_feeds
from storage import reread, signatures
from storage.errors import StoreMissing
from storage.models import PreparedArticle
from storage.reread import Reread
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
        progress=progress,
    )
    report = ReextractReport(store=str(settings.store))
    # Articles that are stored have passed the topic gate or were wanted without it.
    workers = Workers(settings.workers, feeds, all_topics=True)
    async with recorded(context), workers:
        progress.stage(STAGE, len(ids))
        size = settings.backfill_batch
        for at in range(0, len(ids), size):
            batch = ids[at : at + size]
            await _batch(context, workers, batch, report)
            progress.advance(STAGE, len(batch))
        context.report.entries = report.articles
        context.report.edited = report.texts_changed + report.details_changed
        context.report.known = report.articles - context.report.edited
    report.published = context.report.published
    report.detail = context.report.detail
    report.seconds = context.report.seconds
    return report


async def _batch(
    context: RunContext, workers: Workers, ids: Sequence[str], report: ReextractReport
) -> None:
    now = context.clock()
    read = await write_window(context, lambda con: reread.load(con, ids))
    captures, unreadable = await asyncio.to_thread(_captures, context.store, read)
    done = await workers.digest(list(captures.values()), now)
    by_id = dict(zip(captures, done, strict=True))
    prepared: dict[str, PreparedArticle] = {}
    refused: Counter[str] = Counter()
    by_text: list[Reread] = []
    for one in read:
        digested = by_id.get(one.article.article_id)
        if digested is None or digested.prepared is None:
            by_text.append(one)
            if digested is not None:
                refused[_reason(digested)] += 1
        else:
            prepared[one.article.article_id] = _kept(one, digested.prepared)
    for again in await workers.texts(by_text):
        prepared[again.article.article_id] = again

    def save(con: DuckDBPyConnection) -> Saved:
        there = reread.still(con, read)
        fresh = [one for article_id, one in prepared.items() if article_id in there]
        stored = {one.article.article_id: one for one in read}
        changes = {
            one.article.article_id: _change(stored[one.article.article_id], one) for one in fresh
        }
        reread.replace(con, fresh)
        touched = [one.article.article_id for one in fresh]
        saved = Saved(changed=touched)
        relate(con, fresh, {one: one for one in touched}, saved, now)
        counted = Counter(changes.values())
        report.texts_changed += counted["text"]
        report.details_changed += counted["details"]
        report.unchanged += counted["none"]
        report.overtaken += len(read) - len(there)
        return saved

    saved = await write_window(context, save)
    report.articles += len(read)
    report.from_archive += len(captures)
    report.unreadable += unreadable
    report.stories += saved.new_stories
    for reason, count in refused.items():
        report.refused[reason] = report.refused.get(reason, 0) + count


def _captures(store: Store, read: Sequence[Reread]) -> tuple[dict[str, Capture], int]:
    """Article id -> entry and page, for texts that came from a page; and how many pages are gone.

    A text that stood in the feed is not in the page's own record: it is kept as it is.
    """
    captures: dict[str, Capture] = {}
    unreadable = 0
    for one in read:
        article = one.article
        if article.archived is None or article.text_source != "page":
            continue
        try:
            page = as_original(load_page(store.archive, article.archived))
        except (ArchiveError, OSError):
            unreadable += 1
            continue
        from_feed = article.published_from in ("feed", "given")
        entry = FeedEntry(
            url=one.entry_url,
            canonical_url=one.entry_canonical_url,
            feed=article.feed,
            guid=one.guid,
            # What the feed said is not stored by itself; what was made of it stands in for it.
            title=article.title,
            author=article.author,
            published_at=article.published_at if from_feed else None,
            published_raw=article.published_raw if from_feed else "",
            revision=one.revision,
        )
        captures[article.article_id] = Capture(entry=entry, page=page)
    return captures, unreadable


def _reason(digested: Digested) -> str:
    assert isinstance(digested.rejection, Rejection)
    return digested.rejection.reason


def _kept(stored: Reread, again: PreparedArticle) -> PreparedArticle:
    """``again`` under the stored identity, with what must not move."""
    was, article = stored.article, again.article
    published = (article.published_at, article.published_from, article.published_raw)
    published_on = article.published_on
    if stored.version > 1 or article.published_at is None:
        # An edited page may name the day of its edit; and losing a date is the worse mistake.
        published = (was.published_at, was.published_from, was.published_raw)
        published_on = was.published_on
    return replace(
        again,
        article=replace(
            article,
            article_id=was.article_id,
            canonical_url=was.canonical_url,
            published_at=published[0],
            published_from=published[1],
            published_raw=published[2],
            published_on=published_on,
            metadata_from=_sources(was, article),
        ),
        signature=replace(again.signature, article_id=was.article_id),
    )


def _sources(was: Article, now: Article) -> dict[str, str]:
    """Sources of ``now``; as stored for what did not change, since the feed's entry, which named
    some of it, is not read again."""
    return {
        field: was.metadata_from.get(field, source)
        if getattr(was, field) == getattr(now, field)
        else source
        for field, source in now.metadata_from.items()
    }


_DETAILS = (
    "author", "language", "publisher", "published_at", "published_from", "published_on", "topics",
    "modified_at", "section", "tags", "image", "notice",
)  # fmt: skip


def _change(stored: Reread, again: PreparedArticle) -> str:
    was, now = stored.article, again.article
    if (was.title, was.text) != (now.title, now.text):
        return "text"
    return "details" if any(getattr(was, n) != getattr(now, n) for n in _DETAILS) else "none"


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
