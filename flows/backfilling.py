"""A backfill over the network: every feed by its routes until the window is covered, with a ledger.

    window -> slices, newest first -> feeds with days left, one a domain at a time
        -> feed-archive --> wordpress --> sitemap --> wayback --> what is left

``auto`` goes on to the next route for the days that none has complete; a day is not complete
while it holds far fewer entries than the feed usually has.  What the scheduled polls remember of
a feed is read and never written.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date, datetime, timedelta
from typing import Protocol

from duckdb import DuckDBPyConnection

from flows.backfill_ledger import FETCHING, FeedWork
from flows.backfill_plan import AUTO, FeedCoverage, by_feed, chosen_feeds, routes_of, summary
from flows.backfill_routes import by_feed_archive, by_sitemap, by_wordpress
from flows.backfill_site import Site
from flows.context import Progress, RunContext, Silent, plain_step
from flows.domains import DomainTurns
from flows.pipeline import write_window
from flows.reading import FeedReader
from flows.route_ccnews import by_ccnews
from flows.route_wayback import Wayback, by_wayback
from flows.workers import Workers
from ingest.earlier import Earlier
from ingest.http import Fetcher
from ingest.models import CoveredDay, Feed, FeedState
from ingest.routes import ccnews, feed_archive, sitemap, wordpress
from ingest.routes.window import Slice, Window, best, fresh_from
from ingest.urls import registered_domain
from storage import coverage, feeds, runs

# Feeds worked on at once: each has a domain of its own as a rule, so the pace of the domains
# bounds the requests, and this the pages in memory.
FEEDS_AT_ONCE = 8
# While the slowest domains of one slice are asked, the others go on with the next.
SLICES_AT_ONCE = 2
STAGE = "slices of feeds"
# Days after a window whose place in a listing is looked up: windows are often asked for one after
# another, and the walk for this one then begins where the newer one's ended.
_NEWER = timedelta(days=31)
_LACKING = frozenset({"open", "failed", "missing"})


@dataclass(frozen=True, slots=True)
class Part:
    """A slice of a backfill: what one flow run of Prefect's does."""

    window: Window
    route: str
    feeds: tuple[str, ...]
    """Slugs of those that have days left to do there."""


PartWork = Callable[[Progress], Awaitable[list[FeedCoverage]]]


class RunPart(Protocol):
    """How a slice is run: plainly, or as a flow run of its own."""

    async def __call__(self, part: Part, work: PartWork) -> None:
        """Do ``work``, which tells its progress in feeds."""


async def plain_part(part: Part, work: PartWork) -> None:
    """Run a slice as an ordinary call."""
    del part
    await work(Silent())


async def backfill(
    context: RunContext,
    fetcher: Fetcher,
    workers: Workers,
    *,
    window: Window,
    route: str = AUTO,
    chosen: Sequence[str] = (),
    again: bool = False,
    size: Slice = "month",
    only: Sequence[Window] | None = None,
    run_part: RunPart = plain_part,
) -> None:
    """Take what the chosen feeds published in ``window`` to the store.

    Args:
        context: the run; its report is filled in.
        route: one of ``NETWORK``.
        chosen: slugs; empty for all that are enabled.
        again: go once more through days that the ledger has as done.
        size: what the window is cut into.
        only: of the slices these alone; empty for the crawl of the whole web alone.
        run_part: how a slice is run.
    """
    report = context.report
    wanted = chosen_feeds(context.feeds, chosen)
    memory = await write_window(context, lambda con: _remembered(con, context, window, wanted))
    earlier = Earlier()
    if not again:
        since = fresh_from(window, context.clock())
        earlier = await asyncio.to_thread(Earlier.of, context.store.archive, memory.stopped, since)
    fetcher.take_up(earlier)
    inside = replace(context, step=plain_step)
    works = {
        feed.slug: FeedWork(
            context=inside,
            fetcher=fetcher,
            workers=workers,
            feed=feed,
            state=memory.states.get(feed.slug),
            whole=window,
            since=report.started_at if again else None,
            outside=memory.outside[feed.slug],
        )
        for feed in wanted
    }
    for work in works.values():
        work.begin(window, [row for row in memory.rows if row.feed == work.feed.slug])

    def left(work: FeedWork, cut: Window) -> bool:
        return work.has_left(cut, by_feed(route), any_route=route == AUTO)

    parts = [
        Part(cut, route, slugs)
        for cut in window.slices(size)
        if (only is None or cut in only)
        and (slugs := tuple(slug for slug in works if left(works[slug], cut)))
    ]
    report.feeds = len(works)
    context.progress.stage(STAGE, sum(len(part.feeds) for part in parts))
    context.progress.stage(FETCHING, None)
    domains = DomainTurns(context.store.folder, _purpose(context))
    archive = await Wayback.of(context, fetcher, domains)
    async with FeedReader() as reader:
        sites = {slug: Site(work, reader) for slug, work in works.items()}
        run = _Run(context, sites, archive, domains)
        turns = asyncio.Semaphore(SLICES_AT_ONCE)

        async def one(part: Part) -> None:
            async with turns:
                await run_part(part, lambda progress: run.part(part, progress))

        ends = await asyncio.gather(*(one(part) for part in parts), return_exceptions=True)
        if ccnews.NAME in routes_of(route) and not only and not any(ends):
            await run.crawl(fetcher, workers, window, auto=route == AUTO)
    report.coverage = [
        asdict(summary(work.feed, window, work.rows.values())) for work in works.values()
    ]
    if earlier.taken:
        report.detail = f"{earlier.taken} answers were there from a run that was stopped"
    # one that cannot be saved does not take the others with it; the run fails after them
    for end in ends:
        if end is not None:
            raise end


class _Run:
    """What all slices of one backfill share."""

    def __init__(
        self,
        context: RunContext,
        sites: dict[str, Site],
        archive: Wayback,
        domains: DomainTurns,
    ) -> None:
        self._context = context
        self._sites = sites
        self._archive = archive
        self._domains = domains
        self._turns = asyncio.Semaphore(FEEDS_AT_ONCE)

    async def part(self, part: Part, progress: Progress) -> list[FeedCoverage]:
        """One slice: its feeds side by side; what the ledger says of them then."""
        progress.stage(STAGE, len(part.feeds))

        async def one(slug: str) -> None:
            await self._feed(self._sites[slug], part)
            for told in (progress, self._context.progress):
                told.advance(STAGE)

        ends = await asyncio.gather(*(one(slug) for slug in part.feeds), return_exceptions=True)
        for end in ends:
            if end is not None:
                raise end
        works = [self._sites[slug].work for slug in part.feeds]
        return [summary(work.feed, part.window, work.rows.values()) for work in works]

    async def crawl(
        self, fetcher: Fetcher, workers: Workers, window: Window, *, auto: bool
    ) -> None:
        """What a crawl of the whole web holds of all feeds, after their own routes."""
        slugs = list(self._sites)
        rows = await write_window(self._context, lambda con: _rows(con, slugs, window))
        for slug, site in self._sites.items():
            site.work.begin(window, [row for row in rows if row.feed == slug])
        failed = await by_ccnews(self._context, fetcher, workers, self._sites, auto=auto)
        for slug, why in failed.items():
            self._context.report.feeds_failed.setdefault(slug, f"{ccnews.NAME}: {why}")

    async def _feed(self, site: Site, part: Part) -> None:
        work, feed = site.work, site.work.feed

        def rows(con: DuckDBPyConnection) -> list[CoveredDay]:
            return _rows(con, [feed.slug], work.whole)

        async with self._domains.turn(registered_domain(feed.url)), self._turns:
            # another process may have gone through these days while this one waited
            site.begin()
            work.begin(part.window, await write_window(self._context, rows))
            await self._context.step(
                "feed",
                f"{feed.slug} {part.window}",
                lambda: _by_routes(site, self._archive, part.route),
            )


async def _by_routes(site: Site, archive: Wayback, route: str) -> None:
    """One feed by each route in turn, as long as there are days left to do."""
    work, failures = site.work, []
    for name in by_feed(route):
        days = work.days_left(name, any_route=route == AUTO)
        if not days:
            continue
        if name == feed_archive.NAME:
            failed = await by_feed_archive(site, days)
        elif name == wordpress.NAME:
            failed = await by_wordpress(site, days, sure=route != AUTO)
        elif name == sitemap.NAME:
            failed = await by_sitemap(site, days)
        else:
            failed = await by_wayback(site, archive, days, lacking_only=route == AUTO)
        if failed:
            failures.append(f"{name}: {failed}")
    # what another route made good is no failure of the feed
    left = best(work.rows.values())
    if failures and any(day not in left or left[day].state in _LACKING for day in work.window.days):
        work.context.report.feeds_failed[work.feed.slug] = failures[0]


@dataclass(frozen=True, slots=True)
class _Memory:
    """What the store knows before a backfill begins."""

    stopped: dict[str, datetime]
    states: dict[str, FeedState]
    rows: list[CoveredDay]
    outside: dict[str, dict[str, date]]


def _remembered(
    con: DuckDBPyConnection, context: RunContext, window: Window, wanted: Sequence[Feed]
) -> _Memory:
    feeds.save_feeds(con, list(context.feeds.values()))
    slugs = [feed.slug for feed in wanted]
    return _Memory(
        stopped=runs.interrupted(con, context.report.kind),
        states=feeds.load_states(con),
        rows=_rows(con, slugs, window),
        outside={slug: coverage.outside(con, slug) for slug in slugs},
    )


def _rows(con: DuckDBPyConnection, slugs: Sequence[str], window: Window) -> list[CoveredDay]:
    return coverage.load(con, slugs, window.since, window.until + _NEWER)


def _purpose(context: RunContext) -> str:
    return f"voltwire {context.report.kind} {context.report.run_id}"
