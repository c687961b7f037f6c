"""The route ``wayback``: what the Internet Archive kept of a feed, then of its site's pages.

    index of the feed -> few copies end to end -> entries -> page, live or copied --> ledger
    index of the site -> candidates without a date, likeliest first -> the same   -->

The live page goes first, and a copy is asked for only where it is gone: the publisher's own page is
the better source, its robots.txt is heard, and the archive, which lets everybody ask 24 times a
minute, is asked for what nobody else has.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from time import monotonic

from flows.backfill_ledger import Count, FeedWork
from flows.backfill_site import Site
from flows.context import RunContext
from flows.domains import DomainTurns
from flows.listings import Heard
from flows.pipeline import note, write_window
from flows.shard import Ledger
from ingest.http import Fetcher
from ingest.models import CoverageState, CoveredDay, FeedEntry, FetchFailure, Page, Rejection
from ingest.parse import ParsedFeed
from ingest.policy import BackfillPolicy, WaybackPolicy
from ingest.routes import alike, wayback
from ingest.routes.wayback import Copy, Reach
from ingest.routes.window import Window, around, best, day_of, thin
from ingest.urls import registered_domain
from storage import rejections

_POLICY = WaybackPolicy()
_DAY = timedelta(days=1)
_sleep = asyncio.sleep
_BATCH = BackfillPolicy().batch
# A feed with its texts says as much as the page; no copy of that is asked for.
_FULL_TEXT = 1_500


class Wayback:
    """The archive, asked one thing at a time by all feeds of a run, until it wants rest."""

    def __init__(
        self, fetcher: Fetcher, domains: DomainTurns, base: str, pace: float, rests: str = ""
    ) -> None:
        self.base = base
        self.rests = rests
        """Why nothing more is asked; "" while it may be."""
        self.refusal: FetchFailure | None = None
        """The answer that said so in this run."""
        self._fetcher, self._domains, self._pace = fetcher, domains, pace
        # A name of its own: who asks has the turn of the feed's site, which may be the archive's.
        self._turn = f"{wayback.NAME}.{registered_domain(base)}"
        self._paced = False

    @classmethod
    async def of(cls, context: RunContext, fetcher: Fetcher, domains: DomainTurns) -> Wayback:
        """The archive that the settings name, left alone where an earlier run was told to."""
        settings = context.settings
        told = await write_window(context, lambda con: rejections.waits(con, settings.wayback_url))
        rests = ""
        if told is not None and told[1] > context.clock():
            rests = f"{settings.wayback_url} wants rest until {told[1]:%Y-%m-%d %H:%M}Z ({told[0]})"
        return cls(fetcher, domains, settings.wayback_url, settings.wayback_pace_seconds, rests)

    async def index(self, query: str, most: int) -> tuple[list[Copy], bool, str] | None:
        """What the index lists, whether that is all, and why not; None when it wants rest."""
        found: list[Copy] = []
        asking = query
        for _ in range(most):
            answer = await self._ask(asking)
            if answer is None:
                return None
            read = wayback.read_index(answer.body) if isinstance(answer, Page) else None
            if read is None:
                why = answer.reason if isinstance(answer, FetchFailure) else "not an index"
                return found, False, f"{why} from {asking}"
            found += read.copies
            if not read.resume:
                return found, True, ""
            asking = wayback.resumed(query, read.resume)
        return found, False, ""

    async def copy(self, copy: Copy) -> Page | FetchFailure | None:
        """A copy under the address that it was made of; None when the archive wants rest."""
        answer = await self._ask(wayback.copy_url(self.base, copy))
        return wayback.as_original(answer) if isinstance(answer, Page) else answer

    async def _ask(self, url: str) -> Page | FetchFailure | None:
        # It counts what comes from one network, so the turn is that of all processes here, and
        # is held until the next may be had.
        async with self._domains.turn(self._turn):
            if self.rests:
                return None
            if not self._paced and self._pace > 0:
                await self._fetcher.slow_down(self.base, self._pace)
            self._paced = True
            began = monotonic()
            answer = await self._fetcher.interface(url, final=wayback.STOPS)
            if wayback.wants_rest(answer):
                assert isinstance(answer, FetchFailure)
                self.refusal = answer
                self.rests = f"{answer.reason} from {self.base}: it wants rest"
                return None
            await _sleep(max(began + self._pace - monotonic(), 0.0))
            return answer


@dataclass(slots=True)
class _Found:
    """What one feed's turn has come to."""

    count: Count = field(default_factory=Count)
    listed: dict[str, FeedEntry] = field(default_factory=dict)
    """Canonical URL -> entry, of all copies of the feed."""
    covered: frozenset[date] = frozenset()
    """Days of which copies of the feed list everything."""
    put_off: set[date] = field(default_factory=set)
    """Days with an entry whose page could not be asked for any more."""
    failed: str = ""
    whole: bool = True


async def by_wayback(
    site: Site, archive: Wayback, days: frozenset[date], *, lacking_only: bool
) -> str:
    """Read what the archive kept of the days; why it failed, or "".

    Args:
        lacking_only: look for single pages only where other routes found too little.
    """
    work, found = site.work, _Found()
    if not archive.rests:
        await _by_copies_of_feed(site, archive, days, found)
        left = days - found.covered
        if lacking_only:
            left &= lacking(work, left, wayback.NAME)
        if left and not archive.rests and not found.failed:
            await _by_pages(site, archive, left, found)

    def state(day: date) -> CoverageState:
        if day >= work.today:
            return "open"
        if day in found.covered - found.put_off:
            return "complete"
        if archive.rests or found.failed:
            return "failed"
        if not found.whole:
            return "open"
        return "partial" if found.count.found[day] else "missing"

    await work.settle(wayback.NAME, {day: state(day) for day in days})
    if archive.rests and any(state(day) == "failed" for day in days):
        await _note_rest(work, archive)
        return archive.rests
    return found.failed


def lacking(work: FeedWork, days: Iterable[date], route: str) -> frozenset[date]:
    """Those of ``days`` of which no other route has found anything, or far too little."""
    others = [row for row in work.rows.values() if row.route != route]
    had = {day: row.found for day, row in best(others).items()}
    found = {day: had.get(day, 0) for day in days}
    meagre = thin(found, work.state.per_day if work.state else None)
    return frozenset(day for day in found if not found[day]) | meagre


async def _note_rest(work: FeedWork, archive: Wayback) -> None:
    """Remember, for every later run, until when the archive is to be left alone."""
    refusal = archive.refusal
    if refusal is None:
        return
    rest = timedelta(seconds=_POLICY.rest_seconds)
    until = max(refusal.at + rest, refusal.retry_at or refusal.at)
    told = Rejection(
        url=archive.base, feed="", stage="fetch", reason=refusal.reason, detail=refusal.detail,
        at=refusal.at, retry_at=until,
    )  # fmt: skip
    await note(work.context, Ledger(rejections=(told,)))


# --- copies of the feed ------------------------------------------------------------------------


async def _by_copies_of_feed(
    site: Site, archive: Wayback, days: frozenset[date], found: _Found
) -> None:
    work = site.work
    copies: list[Copy] = []
    for url in dict.fromkeys((site.url, work.feed.url)):
        got = await archive.index(
            wayback.feed_query(archive.base, url, around(days)), _POLICY.listings
        )
        if got is None or got[2]:
            found.failed = got[2] if got else ""
            return
        copies += got[0]
    usable = wayback.distinct(copies)
    read: dict[Copy, Reach | None] = {}
    pending: dict[str, FeedEntry] = {}

    async def flush() -> None:
        found.covered = wayback.covered_days(read.values(), days)
        await _take(site, archive, pending.values(), days, found)
        pending.clear()

    for stretch in wayback.stretches(days):
        until = min(stretch.end, work.context.clock())
        while copy := wayback.next_copy(usable, read, stretch.start, until):
            listed = await _entries_of(site, archive, copy)
            if listed is None:
                break
            times = [one.published_at for one in listed if one.published_at]
            read[copy] = wayback.reach_of(copy, times)
            for one in listed:
                if one.canonical_url not in found.listed:
                    found.listed[one.canonical_url] = one
                    if one.published_at is None or day_of(one.published_at) in days:
                        pending[one.canonical_url] = one
            if len(pending) >= _BATCH:
                await flush()
    await flush()


async def _entries_of(site: Site, archive: Wayback, copy: Copy) -> list[FeedEntry] | None:
    """What one copy of the feed lists; None when the archive wants rest."""
    answer = await archive.copy(copy)
    if answer is None:
        return None
    read = await site.read(answer) if isinstance(answer, Page) else None
    return list(read.entries) if isinstance(read, ParsedFeed) else []


async def _take(
    site: Site,
    archive: Wayback,
    listed: Iterable[FeedEntry],
    days: frozenset[date],
    found: _Found,
    copies: dict[str, Copy] | None = None,
) -> None:
    """The entries ``listed`` to the store, and what is known of the days to the ledger."""
    work = site.work

    def rows(count: Count, last: bool) -> dict[date, CoveredDay]:
        if not last:
            return {}
        done = {day for day in found.covered - found.put_off if day < work.today}
        return {
            day: work.row(day, wayback.NAME, "complete" if day in done else "open", count, "")
            for day in days
        }

    async def page_of(entry: FeedEntry) -> Page | FetchFailure | None:
        live = await work.fetcher.page(entry.url)
        if not wayback.is_gone(live, entry.url):
            return live
        if isinstance(live, Page):
            live = FetchFailure(
                url=entry.url, reason="gone", detail=f"leads to {live.url}", at=live.fetched_at
            )
        if len(entry.content) >= _FULL_TEXT:
            return live
        kept = (copies or {}).get(entry.canonical_url)
        if kept is None:
            kept = Copy(entry.published_at or around(days).start, entry.url)
        copied = await archive.copy(kept)
        if copied is None:
            found.put_off |= {day_of(entry.published_at)} if entry.published_at else days
        return live if isinstance(copied, FetchFailure) else copied

    found.count = await work.take(wayback.NAME, list(listed), found.count, rows, page_of)


# --- pages of the site -------------------------------------------------------------------------


async def _by_pages(site: Site, archive: Wayback, days: frozenset[date], found: _Found) -> None:
    work, window = site.work, around(days)
    known = list(found.listed.values())
    live = await site.listing(site.url)
    if not isinstance(live, Heard):
        known += live[1].entries
    like = alike.Likeness(known)
    candidates: dict[str, Copy] = {}
    for place, match in wayback.places(known, work.feed.url, like.section):
        query = wayback.pages_query(archive.base, place, match, window)
        got = await archive.index(query, _POLICY.listings)
        if got is None or got[2]:
            found.failed = got[2] if got else ""
            return
        copies, whole, _ = got
        found.whole = found.whole and whole
        sure, doubtful = await asyncio.to_thread(_sift, copies, like, window)
        if len(doubtful) > _POLICY.doubtful:
            query = wayback.earlier_query(archive.base, place, match, window)
            before = await archive.index(query, _POLICY.listings)
            if before is None:
                return
            older = {wayback.entry_of(one, "", "").canonical_url for one in before[0]}
            doubtful = {url: copy for url, copy in doubtful.items() if url not in older}
        candidates |= sure | doubtful
    room = max(_POLICY.pages - work.fetched, 0)
    chosen = dict(list(candidates.items())[:room])
    found.whole = found.whole and len(chosen) == len(candidates)
    entries = [
        replace(wayback.entry_of(copy, work.feed.slug, work.feed.language), canonical_url=url)
        for url, copy in chosen.items()
        if url not in found.listed
    ]
    await _take(site, archive, entries, days, found, chosen)


def _sift(
    copies: Iterable[Copy], like: alike.Likeness, window: Window
) -> tuple[dict[str, Copy], dict[str, Copy]]:
    """Pages that their address puts into the window, and those of which it says nothing.

    By canonical URL, first copied first: what was copied during the window is the likeliest to
    have appeared in it.
    """
    start, end = window.start - _DAY, window.end + _DAY
    sure: dict[str, Copy] = {}
    doubtful: dict[str, Copy] = {}
    for copy in sorted(copies):
        if not like(copy.url):
            continue
        says = alike.says(copy.url, start, end)
        if says is not False:
            canonical = wayback.entry_of(copy, "", "").canonical_url
            (sure if says else doubtful).setdefault(canonical, copy)
    return sure, {url: copy for url, copy in doubtful.items() if url not in sure}
