"""A backfill over the network: every feed by its routes until the window is covered, with a ledger.

    feeds x window - ledger --> feed-archive --> wordpress --> sitemap --> what is missing

``auto`` goes on to the next route for the days that none has as complete; a day is not complete
while it holds far fewer entries than the feed usually has.  What the scheduled polls remember of
a feed is read and never written.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime

from duckdb import DuckDBPyConnection

from flows.backfill_ledger import FETCHING, FeedWork
from flows.backfill_routes import Site, by_feed_archive, by_sitemap, by_wordpress
from flows.context import RunContext
from flows.pipeline import write_window
from flows.reading import FeedReader
from flows.workers import Workers
from ingest.earlier import Earlier
from ingest.http import Fetcher
from ingest.models import CoveredDay, Feed, FeedState
from ingest.routes import feed_archive, sitemap, wordpress
from ingest.routes.window import Window, best, estimate, fresh_from, todo
from ingest.urls import registered_domain
from storage import coverage, feeds, runs
from storage.errors import StoreMissing
from storage.store import Store

AUTO = "auto"
IN_ORDER = (feed_archive.NAME, wordpress.NAME, sitemap.NAME)
"""What ``auto`` tries, the route with the fewest requests and the surest end first."""
NETWORK = (AUTO, *IN_ORDER)
# Feeds worked on at once: each has a domain of its own as a rule, so the pace of the domains
# bounds the requests, and this the pages in memory.
FEEDS_AT_ONCE = 8
STAGE = "feeds"
_LACKING = frozenset({"open", "failed", "missing"})


async def backfill(
    context: RunContext,
    fetcher: Fetcher,
    workers: Workers,
    *,
    window: Window,
    route: str = AUTO,
    chosen: Sequence[str] = (),
    again: bool = False,
) -> None:
    """Take what the chosen feeds published in ``window`` to the store.

    Args:
        context: the run; its report is filled in.
        route: one of ``NETWORK``.
        chosen: slugs; empty for all that are enabled.
        again: go once more through days that the ledger has as done.
    """
    report = context.report
    wanted = chosen_feeds(context.feeds, chosen)
    slugs = [feed.slug for feed in wanted]

    def remembered(
        con: DuckDBPyConnection,
    ) -> tuple[
        dict[str, datetime], dict[str, FeedState], list[CoveredDay], dict[str, dict[str, date]]
    ]:
        feeds.save_feeds(con, list(context.feeds.values()))
        return (
            runs.interrupted(con, report.kind),
            feeds.load_states(con),
            coverage.load(con, slugs, window.since, window.until),
            {slug: coverage.outside(con, slug) for slug in slugs},
        )

    stopped, states, rows, outside = await write_window(context, remembered)
    earlier = Earlier()
    if again:
        rows = [row for row in rows if row.day is None]
    else:
        since = fresh_from(window, context.clock())
        earlier = await asyncio.to_thread(Earlier.of, context.store.archive, stopped, since)
    fetcher.take_up(earlier)
    works = [
        FeedWork(
            context=context,
            fetcher=fetcher,
            workers=workers,
            feed=feed,
            state=states.get(feed.slug),
            window=window,
            rows={(row.day, row.route): row for row in rows if row.feed == feed.slug},
            outside=outside[feed.slug],
        )
        for feed in wanted
    ]
    report.feeds = len(works)
    context.progress.stage(STAGE, len(works))
    context.progress.stage(FETCHING, None)
    turns = asyncio.Semaphore(FEEDS_AT_ONCE)

    async def one(work: FeedWork) -> None:
        async with turns:
            await _feed(work, reader, route)
            context.progress.advance(STAGE)

    async with FeedReader() as reader:
        ends = await asyncio.gather(*(one(work) for work in works), return_exceptions=True)
    report.coverage = [asdict(summary(work.feed, window, work.rows.values())) for work in works]
    if earlier.taken:
        report.detail = f"{earlier.taken} answers were there from a run that was stopped"
    # one that cannot be saved does not take the others with it; the run fails after them
    for end in ends:
        if end is not None:
            raise end


def chosen_feeds(listed: Mapping[str, Feed], chosen: Sequence[str]) -> list[Feed]:
    """The feeds of a backfill: those named, else all that are enabled."""
    return [feed for feed in listed.values() if (feed.slug in chosen if chosen else feed.enabled)]


def routes_of(route: str) -> tuple[str, ...]:
    """The routes that ``route`` stands for."""
    return IN_ORDER if route == AUTO else (route,)


async def _feed(work: FeedWork, reader: FeedReader, route: str) -> None:
    """One feed by each route in turn, as long as there are days left to do."""
    site = Site(work, reader)
    failures = []
    for name in routes_of(route):
        days = work.days_left(name, any_route=route == AUTO)
        if not days:
            continue
        if name == feed_archive.NAME:
            failed = await by_feed_archive(site, days)
        elif name == wordpress.NAME:
            failed = await by_wordpress(site, days, sure=route != AUTO)
        else:
            failed = await by_sitemap(site, days)
        if failed:
            failures.append(f"{name}: {failed}")
    # what another route made good is no failure of the feed
    left = best(work.rows.values())
    if failures and any(day not in left or left[day].state in _LACKING for day in work.window.days):
        work.context.report.feeds_failed[work.feed.slug] = failures[0]


@dataclass(frozen=True, slots=True)
class FeedCoverage:
    """What the ledger says of one feed and window, of each day by the route that did best."""

    feed: str
    days: int
    complete: int
    partial: int
    thin: int
    missing: int
    unfinished: int
    """Open, failed, or never looked at."""
    found: int
    stored: int
    undated: int
    """Articles stored without a date."""
    routes: str


def summary(feed: Feed, window: Window, rows: Iterable[CoveredDay]) -> FeedCoverage:
    """The line of ``feed`` in the closing table.  Pure."""
    listed = [row for row in rows if row.feed == feed.slug]
    chosen = best(listed)
    states = Counter(chosen[day].state if day in chosen else "open" for day in window.days)
    inside = [chosen[day] for day in window.days if day in chosen]
    return FeedCoverage(
        feed=feed.slug,
        days=len(window.days),
        complete=states["complete"],
        partial=states["partial"],
        thin=states["thin"],
        missing=states["missing"],
        unfinished=states["open"] + states["failed"],
        found=sum(row.found for row in inside),
        stored=sum(row.stored for row in inside),
        undated=sum(row.stored for row in listed if row.day is None),
        routes=", ".join(name for name in IN_ORDER if any(row.route == name for row in inside)),
    )


@dataclass(frozen=True, slots=True)
class Plan:
    """What a backfill would ask of one domain."""

    domain: str
    feeds: tuple[str, ...]
    days: int
    """Days of feeds still to do."""
    likely: int
    most: int
    """Requests."""
    likely_seconds: float
    most_seconds: float


def plan(
    store: Store,
    listed: Mapping[str, Feed],
    *,
    window: Window,
    route: str,
    chosen: Sequence[str],
    again: bool,
    pace: float,
) -> list[Plan]:
    """Whom a backfill would ask, how often, and for how long; nothing is asked or written.

    Domains are asked side by side, so the longest of them is how long the whole takes.
    """
    wanted = chosen_feeds(listed, chosen)
    states: dict[str, FeedState] = {}
    rows: list[CoveredDay] = []
    try:
        with store.read() as con:
            states = feeds.load_states(con)
            rows = coverage.load(con, [f.slug for f in wanted], window.since, window.until)
    except StoreMissing:
        pass
    by_domain: dict[str, list[Feed]] = {}
    for feed in wanted:
        by_domain.setdefault(registered_domain(feed.url), []).append(feed)
    plans = []
    for domain, group in by_domain.items():
        days = likely = most = 0
        for feed in group:
            mine = [] if again else [row for row in rows if row.feed == feed.slug]
            todos = {
                name: todo(window, mine, name, any_route=route == AUTO) for name in routes_of(route)
            }
            left = frozenset[date]().union(*todos.values())
            state = states.get(feed.slug)
            names = [name for name, part in todos.items() if part]
            cost = estimate(left, names, state.per_day if state else None)
            days, likely, most = days + len(left), likely + cost.likely, most + cost.most
        slugs = tuple(feed.slug for feed in group)
        plans.append(Plan(domain, slugs, days, likely, most, likely * pace, most * pace))
    return sorted(plans, key=lambda one: (-one.likely, one.domain))
