"""Which days a backfill is about, and what can be said of each at its end.  Pure.

A day is one of UTC, and an entry belongs to the day of its publication, whatever zone that was
written in: so the days of adjoining windows share no entry and lose none.

What the ledger says of a day:

- ``complete``: the route listed everything around it, so what it lists for the day is all of it;
- ``partial``: entries were found, and there may be more (the day was not over, the list began or
  ended inside it, or only looks complete);
- ``thin``: gone through, but far fewer entries than is usual for the feed;
- ``missing``: the route does not reach this day;
- ``failed``: the route broke off there; ``open``: begun and not ended.  Both are taken up again.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Literal

from ingest.models import CoverageState, CoveredDay
from ingest.policy import BackfillPolicy

_POLICY = BackfillPolicy()
_DAY = timedelta(days=1)
Slice = Literal["month", "day", "whole"]
"""What a window is cut into: calendar months, days, or nothing."""
FINISHED: frozenset[CoverageState] = frozenset({"complete", "partial", "thin", "missing"})
"""States after which a route is not asked again for the day."""
_RANK: dict[CoverageState, int] = {
    "complete": 0, "thin": 1, "partial": 2, "open": 3, "failed": 4, "missing": 5, "undated": 6,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Window:
    """The days ``since`` to ``until``, both included."""

    since: date
    until: date

    @property
    def days(self) -> tuple[date, ...]:
        """Every day of it, in order."""
        count = (self.until - self.since).days + 1
        return tuple(self.since + n * _DAY for n in range(count))

    def slices(self, size: Slice) -> tuple[Window, ...]:
        """The window cut at the turns of months or days, newest first."""
        if size == "whole":
            return (self,)
        last, parts = self.until, list[Window]()
        while last >= self.since:
            first = max(last.replace(day=1) if size == "month" else last, self.since)
            parts.append(Window(first, last))
            last = first - _DAY
        return tuple(parts)

    def __str__(self) -> str:
        """Its days, as one says them."""
        return f"{self.since}" if self.since == self.until else f"{self.since} to {self.until}"

    @property
    def start(self) -> datetime:
        """The first moment."""
        return datetime.combine(self.since, time(), UTC)

    @property
    def end(self) -> datetime:
        """The first moment after it."""
        return datetime.combine(self.until, time(), UTC) + _DAY


def day_of(at: datetime) -> date:
    """The day of UTC that ``at`` lies in."""
    return at.astimezone(UTC).date()


def around(days: Collection[date]) -> Window:
    """The shortest window that holds all of ``days``; raises ``ValueError`` for none."""
    return Window(min(days), max(days))


def fresh_from(window: Window, now: datetime) -> datetime:
    """Since when an answer got earlier still says what one got now would say of ``window``.

    A listing that was read before the window's last day was over may lack what came later that
    day: then only what was read today, which counts as not over, stands for today's.
    """
    midnight = datetime.combine(day_of(now), time(), UTC)
    return max(now - timedelta(hours=_POLICY.resume_hours), min(window.end, midnight))


def todo(
    window: Window, rows: Iterable[CoveredDay], route: str, *, any_route: bool = False
) -> frozenset[date]:
    """The days of ``window`` that ``route`` still has to look at.

    Args:
        rows: the ledger's rows of the feed.
        any_route: leave out days that another route has as complete.
    """
    done = {
        row.day
        for row in rows
        if (row.route == route and row.state in FINISHED) or (any_route and row.state == "complete")
    }
    return frozenset(day for day in window.days if day not in done)


def best(rows: Iterable[CoveredDay]) -> dict[date, CoveredDay]:
    """Of each day the row of the route that did best."""
    chosen: dict[date, CoveredDay] = {}
    for row in rows:
        if row.day is None:
            continue
        other = chosen.get(row.day)
        if other is None or (_RANK[row.state], -row.found) < (_RANK[other.state], -other.found):
            chosen[row.day] = row
    return chosen


def thin(found: Mapping[date, int], per_day: float | None) -> frozenset[date]:
    """The days of ``found`` that hold too little for a feed with ``per_day`` entries a day.

    Two tests, each over stretches of days without a break: one that is empty although entries
    should have come, and one that holds far fewer in all.  Calling a slow week thin costs the
    requests of one more route; calling a lost one complete hides the loss.
    """
    if not per_day:
        return frozenset()
    rate = per_day * _POLICY.cadence_share
    meagre: set[date] = set()
    for stretch in _stretches(found):
        expected = rate * len(stretch)
        spread = _POLICY.deviations * math.sqrt(_POLICY.dispersion * expected)
        if sum(found[day] for day in stretch) < expected - spread:
            meagre.update(stretch)
    for stretch in _stretches(day for day, count in found.items() if count == 0):
        if rate * len(stretch) >= _POLICY.empty_entries:
            meagre.update(stretch)
    return frozenset(meagre)


def _stretches(days: Iterable[date]) -> list[list[date]]:
    runs: list[list[date]] = []
    for day in sorted(days):
        if runs and day - runs[-1][-1] == _DAY:
            runs[-1].append(day)
        else:
            runs.append([day])
    return runs


@dataclass(frozen=True, slots=True)
class Estimate:
    """What a backfill of one feed asks for."""

    likely: int
    """Requests, as far as the feed's rate is known."""
    most: int
    """Requests that it never goes beyond."""


def estimate(days: Collection[date], routes: Sequence[str], per_day: float | None) -> Estimate:
    """How many requests the ``days`` still to do take.

    A feed of which nothing is known counts with three entries a day, the middle of the field.
    """
    if not days:
        return Estimate(0, 0)
    entries = math.ceil(len(days) * (per_day or 3.0))
    # robots.txt and the feed; then ten entries a listing page
    likely = 2 + entries + math.ceil(entries / 10) + (2 if "sitemap" in routes else 0)
    most = 2 + _POLICY.pages
    most += _POLICY.listings * len({"feed-archive", "wordpress"} & set(routes))
    most += _POLICY.sitemaps if "sitemap" in routes else 0
    return Estimate(min(likely, most), most)
