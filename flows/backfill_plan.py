"""What a backfill would ask, and what it came to: the dry run's table and the closing one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date

from flows.archive_plan import Archives, of_ccnews, of_wayback
from ingest.models import CoveredDay, Feed, FeedState
from ingest.routes import ccnews, feed_archive, sitemap, wayback, wordpress
from ingest.routes.window import Estimate, Window, best, estimate, todo
from ingest.urls import registered_domain
from storage import coverage, feeds
from storage.errors import StoreMissing
from storage.store import Store

AUTO = "auto"
IN_ORDER = (feed_archive.NAME, wordpress.NAME, sitemap.NAME, wayback.NAME, ccnews.NAME)
"""What ``auto`` tries, the route with the fewest requests and the surest end first."""
NETWORK = (AUTO, *IN_ORDER)


def chosen_feeds(listed: Mapping[str, Feed], chosen: Sequence[str]) -> list[Feed]:
    """The feeds of a backfill: those named, else all that are enabled."""
    return [feed for feed in listed.values() if (feed.slug in chosen if chosen else feed.enabled)]


def routes_of(route: str) -> tuple[str, ...]:
    """The routes that ``route`` stands for."""
    return IN_ORDER if route == AUTO else (route,)


def by_feed(route: str) -> tuple[str, ...]:
    """Those of them that go feed by feed; the others read once for all."""
    return tuple(name for name in routes_of(route) if name != ccnews.NAME)


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
    gigabytes: float = 0.0
    """At most, where the requests are for files; else so little that it does not count."""


def plan(
    store: Store,
    listed: Mapping[str, Feed],
    *,
    window: Window,
    route: str,
    chosen: Sequence[str],
    again: bool,
    pace: float,
    archives: Archives,
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
    of_archives: dict[str, dict[str, frozenset[date]]] = {wayback.NAME: {}, ccnews.NAME: {}}
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
            if names == [ccnews.NAME]:
                cost = Estimate(2, 2)  # robots.txt and the feed, to know its addresses by
            for name in of_archives.keys() & names:
                of_archives[name][feed.slug] = todos[name]
            days, likely, most = days + len(left), likely + cost.likely, most + cost.most
        slugs = tuple(feed.slug for feed in group)
        plans.append(Plan(domain, slugs, days, likely, most, likely * pace, most * pace))
    auto, rates = route == AUTO, {slug: one.per_day for slug, one in states.items() if one.per_day}
    asking = {
        wayback.NAME: of_wayback(archives, of_archives[wayback.NAME], rates, auto=auto),
        ccnews.NAME: of_ccnews(archives, of_archives[ccnews.NAME], auto=auto),
    }
    for name, todos in of_archives.items():
        if todos:
            days = sum(map(len, todos.values()))
            plans.append(Plan(feeds=tuple(todos), days=days, **asdict(asking[name])))
    return sorted(plans, key=lambda one: (-one.likely, one.domain))
