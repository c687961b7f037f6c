"""One feed's part of the ledger while a backfill works on it, and the way of entries to the store.

What a batch adds to the ledger is written in the batch's own transaction: a day never counts as
done before its articles are safe, and none that is done is done again.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import partial

from duckdb import DuckDBPyConnection

from flows.context import RunContext
from flows.decide import merge, step_for
from flows.digested import Digested
from flows.pipeline import digest_and_save, in_window, note, write_window
from flows.shard import Ledger, Outside
from flows.workers import Workers
from ingest.http import Fetcher
from ingest.models import (
    Capture,
    CoverageState,
    CoveredDay,
    Feed,
    FeedEntry,
    FeedState,
    FetchFailure,
    Page,
)
from ingest.policy import BackfillPolicy
from ingest.routes.window import Window, day_of, thin, todo
from storage import coverage, entries
from storage.models import EntryRecord

FETCHING = "fetching pages"
_POLICY = BackfillPolicy()
# A feed and its pages may write one moment as two days, in two zones: a page's own date only
# takes an entry out of the window when it is further off.
_SLACK = timedelta(days=1)
PageOf = Callable[[FeedEntry], Awaitable[Page | FetchFailure | None]]
"""How a route gets an entry's page; None when it cannot now, and nothing is to be noted."""


@dataclass(slots=True)
class Count:
    """Entries found, and articles stored of them, by day."""

    found: Counter[date] = field(default_factory=Counter)
    stored: Counter[date] = field(default_factory=Counter)

    def plus(self, other: Count) -> Count:
        """Both together."""
        return Count(self.found + other.found, self.stored + other.stored)

    def add(self, day: date, *, stored: bool) -> None:
        """One entry more."""
        self.found[day] += 1
        self.stored[day] += stored


@dataclass(slots=True)
class FeedWork:
    """One feed in one backfill: what is known of it, and what it has cost."""

    context: RunContext
    fetcher: Fetcher
    workers: Workers
    feed: Feed
    state: FeedState | None
    whole: Window
    """The days of the backfill."""
    outside: dict[str, date]
    """Pages known to lie on days outside earlier backfills."""
    since: datetime | None = None
    """What the ledger says from before counts as not said."""
    window: Window = field(init=False)
    """The days of the slice under way."""
    rows: dict[tuple[date | None, str], CoveredDay] = field(init=False, default_factory=dict)
    fetched: int = 0
    """Pages asked for, in all slices."""
    listed: int = 0
    """Pages of listings, in all slices."""
    _counted: set[str] = field(init=False, default_factory=set)
    """Entries without a date that the report has: they are listed for more than one slice."""
    _written: set[tuple[date | None, str]] = field(init=False, default_factory=set)
    """Rows of the ledger that this slice has written."""
    oldest: date | None = None
    """The earliest day that an entry was found to lie on."""

    @property
    def today(self) -> date:
        """The day that is not over yet."""
        return day_of(self.context.clock())

    def begin(self, window: Window, rows: Iterable[CoveredDay]) -> None:
        """Turn to the slice ``window``; ``rows`` is what the ledger says of the feed."""
        self.window = window
        said = [
            row
            for row in rows
            if row.day is None
            or self.since is None
            or (row.looked_at is not None and row.looked_at >= self.since)
        ]
        self.rows = {(row.day, row.route): row for row in said}
        self._written = set()

    def has_left(self, window: Window, names: Iterable[str], *, any_route: bool) -> bool:
        """Whether one of the routes ``names`` has a day of ``window`` to look at."""
        said = self.rows.values()
        return any(todo(window, said, name, any_route=any_route) for name in names)

    def days_left(self, route: str, *, any_route: bool) -> frozenset[date]:
        """The days that ``route`` has to look at."""
        return todo(self.window, self.rows.values(), route, any_route=any_route)

    def cursor(self, route: str, days: Iterable[date]) -> str:
        """The page of the listing from which ``days`` are to be read; "" for the first."""
        newest = max(days)
        near = [
            row
            for (day, name), row in self.rows.items()
            if name == route and day is not None and day >= newest and row.reach
        ]
        return min(near, key=lambda row: row.day or newest).reach if near else ""

    async def settle(self, route: str, states: Mapping[date, CoverageState]) -> None:
        """Write the last word on days, with what is thin for a feed of this rate told apart."""
        # the last batch has written most of them as they stand
        changed = {
            day: self._row(day, route, state=state)
            for day, state in states.items()
            if (day, route) not in self._written or self.rows[day, route].state != state
        }
        self._keep(changed.values())
        ended = {
            day: row.found
            for (day, name), row in self.rows.items()
            if name == route and day is not None and row.state in ("complete", "thin")
        }
        # judged beside its neighbours, but those were judged in their own slice
        meagre = thin(ended, self.state.per_day if self.state else None)
        for day in ended.keys() & set(self.window.days):
            state: CoverageState = "thin" if day in meagre else "complete"
            if self.rows[day, route].state != state:
                changed[day] = self._row(day, route, state=state)
        self._keep(changed.values())
        if changed:
            await note(self.context, Ledger(covered=tuple(changed.values())))

    async def take(
        self,
        route: str,
        listed: Sequence[FeedEntry],
        count: Count,
        rows: Rows,
        page_of: PageOf | None = None,
    ) -> Count:
        """Bring ``listed`` to the store in batches; the count with theirs.

        Args:
            count: of the days that the route works on, so far.
            rows: the ledger's rows for a count; the last batch writes them as they will stand,
                those before it as open.
            page_of: where pages come from; None for the web as it is.
        """
        size = _POLICY.batch
        for at in range(0, max(len(listed), 1), size):
            last = at + size >= len(listed)
            count = await self._batch(
                route, listed[at : at + size], count, partial(_rows_at, rows, last), page_of
            )
        return count

    async def _batch(
        self,
        route: str,
        listed: Sequence[FeedEntry],
        base: Count,
        rows: Callable[[Count], dict[date, CoveredDay]],
        page_of: PageOf | None,
    ) -> Count:
        once = merge(listed)
        report, now = self.context.report, self.context.clock()
        urls = [one.entry.canonical_url for one in once]

        def look_up(
            con: DuckDBPyConnection,
        ) -> tuple[dict[str, EntryRecord], dict[str, datetime | None]]:
            known = entries.lookup(con, urls)
            ids = [record.article_id for record in known.values() if record.article_id]
            return known, coverage.article_days(con, ids)

        records, published = await write_window(self.context, look_up) if once else ({}, {})
        known, wanted = Count(), []
        for one in once:
            record = records.get(one.entry.canonical_url)
            step = step_for(one.entry, record, now)
            if step == "fetch" and not self._is_elsewhere(one.entry):
                wanted.append(one.entry)
                continue
            stored = record is not None and record.article_id is not None
            at = one.entry.published_at
            if at is None and record is not None and record.article_id:
                at = published.get(record.article_id)
            if at is not None:
                known.add(day_of(at), stored=stored)
                self._met([day_of(at)])
            if one.entry.published_at is None and one.entry.canonical_url in self._counted:
                continue  # listed for an earlier slice too
            if step == "fetch":
                report.outside += one.times
                continue
            report.entries += one.times
            if stored:
                report.known += one.times
            else:
                report.reject(record.reason if record else "", one.times)
        count = base.plus(known)
        self._counted |= {one.entry.canonical_url for one in once if not one.entry.published_at}
        times = {one.entry.canonical_url: one.times for one in once}
        # apart, since the page's date counts for more where the listing gives none
        dated = [entry for entry in wanted if entry.published_at is not None]
        undated = [entry for entry in wanted if entry.published_at is None]
        groups = [group for group in (dated, undated) if group]
        for group in groups:
            report.entries += sum(times[entry.canonical_url] for entry in group)
            last = group is groups[-1]
            write = rows if last else None
            count = await self._fetch_and_save(route, group, times, count, write, page_of)
        if not wanted:
            todays = rows(count)
            self._keep(todays.values())
            if todays:
                await note(self.context, Ledger(covered=tuple(todays.values())))
        return count

    async def _fetch_and_save(
        self,
        route: str,
        group: Sequence[FeedEntry],
        times: dict[str, int],
        base: Count,
        rows: Callable[[Count], dict[date, CoveredDay]] | None,
        page_of: PageOf | None,
    ) -> Count:
        window = self._bounds(group[0])

        async def captures() -> list[Capture | None]:
            return await asyncio.gather(*(self._capture(entry, page_of) for entry in group))

        label = f"{len(group)} entries of {self.feed.slug}"
        tried = await self.context.step("fetch", f"fetch {label}", captures)
        got = [capture for capture in tried if capture is not None]
        for entry, capture in zip(group, tried, strict=True):
            if capture is None:
                self.context.report.entries -= times[entry.canonical_url]
        delta, todays, away = Count(), list[CoveredDay](), dict[str, date]()

        def ledger(digested: Sequence[Digested]) -> Ledger:
            nonlocal delta, todays, away
            delta, away = tally(digested, window)
            todays = list(rows(base.plus(delta)).values()) if rows else []
            slug = self.feed.slug
            return Ledger(
                covered=tuple(todays),
                outside=tuple(
                    Outside(canonical_url=url, feed=slug, day=day) for url, day in away.items()
                ),
                route=route,
            )

        saved = await digest_and_save(
            self.context, self.workers, got, times, label=label, window=window, ledger=ledger
        )
        if undated := saved.undated.get(self.feed.slug, 0):
            todays.append(self._undated(route, undated))
        self._keep(todays)
        self.outside |= away
        self._met([*away.values(), *(day for day in delta.found if day)])
        return base.plus(delta)

    async def _capture(self, entry: FeedEntry, page_of: PageOf | None) -> Capture | None:
        if not entry.has_page:
            return Capture(entry=entry)
        self.fetched += 1
        answer = await (page_of(entry) if page_of else self.fetcher.page(entry.url))
        self.context.progress.advance(FETCHING)
        if answer is None:
            return None
        if isinstance(answer, Page):
            self.context.report.fetched += 1
            return Capture(entry=entry, page=answer)
        return Capture(entry=entry, page_failure=answer)

    def row(
        self, day: date, route: str, state: CoverageState, count: Count, reach: str
    ) -> CoveredDay:
        """A row of the ledger."""
        return CoveredDay(
            feed=self.feed.slug,
            day=day,
            route=route,
            found=count.found[day],
            stored=count.stored[day],
            state=state,
            reach=reach,
            looked_at=self.context.clock(),
        )

    def _row(self, day: date, route: str, *, state: CoverageState) -> CoveredDay:
        before = self.rows.get((day, route))
        count = Count()
        if before is not None:
            count = Count(Counter({day: before.found}), Counter({day: before.stored}))
        return self.row(day, route, state, count, before.reach if before else "")

    def _undated(self, route: str, more: int) -> CoveredDay:
        before = self.rows.get((None, route))
        total = (before.stored if before else 0) + more
        return CoveredDay(
            feed=self.feed.slug,
            day=None,
            route=route,
            found=total,
            stored=total,
            state="undated",
            looked_at=self.context.clock(),
        )

    def _keep(self, rows: Iterable[CoveredDay]) -> None:
        """Take over ``rows``, which are in the store or will be with what is noted next."""
        written = {(row.day, row.route): row for row in rows}
        self.rows.update(written)
        self._written |= written.keys()

    def _met(self, days: Iterable[date]) -> None:
        self.oldest = min([*days, *([self.oldest] if self.oldest else [])], default=None)

    def _bounds(self, entry: FeedEntry) -> tuple[datetime, datetime]:
        if entry.published_at:
            return self.window.start - _SLACK, self.window.end + _SLACK
        # of any slice: its page would be fetched for each of them otherwise
        return self.whole.start, self.whole.end

    def _is_elsewhere(self, entry: FeedEntry) -> bool:
        """Whether the page of ``entry`` is known to be of another time."""
        day = self.outside.get(entry.canonical_url)
        start, end = self._bounds(entry)
        return day is not None and not day_of(start) <= day < day_of(end)


def _rows_at(rows: Rows, last: bool, count: Count) -> dict[date, CoveredDay]:
    return rows(count, last)


Rows = Callable[[Count, bool], dict[date, CoveredDay]]


def tally(
    digested: Sequence[Digested], window: tuple[datetime, datetime]
) -> tuple[Count, dict[str, date]]:
    """What a batch adds to the count, and the days of pages that lie outside the window.

    What has no date is counted where it is stored (``flows.loading``): only there is it known
    whether it is new.
    """
    delta, away = Count(), {}
    for one in digested:
        article = one.prepared.article if one.prepared is not None else None
        at = one.entry.published_at or (article.published_at if article else None)
        inside = article is None or in_window(article.published_at, *window)
        if article is not None and article.published_at is not None and not inside:
            away[one.entry.canonical_url] = day_of(article.published_at)
            if one.entry.published_at is None:
                continue
        if at is not None:
            delta.add(day_of(at), stored=article is not None and inside)
    return delta, away
