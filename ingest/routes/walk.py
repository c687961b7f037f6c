"""One walk back through the listings of a site, newest first.  Pure: a page in, a walk out.

    feed page 1 -> page 2 -> ... -> a page wholly older than the days wanted

Pages are read in the order of publication, but not trusted to keep it strictly: a pinned entry or
an edited one may stand out of its place.  So a day counts as passed only when a whole page is
older than it.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Literal

from ingest.gaps import mark
from ingest.models import CoverageState, FeedEntry
from ingest.rhythm import first_look
from ingest.routes.window import day_of

Ended = Literal["", "older", "end", "short", "repeated", "loop", "failed", "spent"]
"""Why a walk is over: a page wholly older; the site's oldest page; no older page is offered; a
page came again; so did an address; a page could not be had; the budget is used up."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Walk:
    """How far one walk has come."""

    days: frozenset[date]
    """The days wanted."""
    met: frozenset[str] = frozenset()
    """Marks of all entries seen."""
    front: date | None = None
    """Every day after this one is passed."""
    oldest: date | None = None
    """The oldest day that entries stand on, but for strays."""
    reach: Mapping[date, str] = field(default_factory=dict)
    """Day -> the first page with an entry of it or of an older one."""
    pages: int = 0
    ended: Ended = ""
    detail: str = ""

    @property
    def passed(self) -> frozenset[date]:
        """The days wanted that nothing more is to be expected of."""
        if self.ended == "end":
            return self.days
        front = self.front
        if self.ended in ("short", "repeated", "loop") and self.oldest is not None:
            # the list ends here, and its last day may go on beyond it
            front = min(front, self.oldest) if front else self.oldest
        return frozenset(day for day in self.days if front is not None and day > front)


def step(
    walk: Walk, url: str, entries: Sequence[FeedEntry], *, again: bool = False
) -> tuple[Walk, list[FeedEntry]]:
    """The walk after the page at ``url``, and those of its entries to be taken to the store.

    These are new to the walk, and of a day wanted or of no known day.

    Args:
        again: the page is read a second time, for what may have moved there meanwhile.
    """
    marks = {mark(entry): entry for entry in entries}
    new = [entry for name, entry in marks.items() if name not in walk.met]
    dates = [entry.published_at for entry in entries if entry.published_at]
    front, oldest, reach = walk.front, walk.oldest, dict(walk.reach)
    if dates:
        newest = day_of(max(dates))
        front = min(front, newest) if front else newest
        least = _least(dates)
        oldest = min(oldest, least) if oldest else least
        for day in walk.days:
            if least <= day:
                reach.setdefault(day, url)
    walk = replace(
        walk,
        met=walk.met | marks.keys(),
        front=front,
        oldest=oldest,
        reach=reach,
        pages=walk.pages + 1,
    )
    taken = [
        entry
        for entry in new
        if entry.published_at is None or day_of(entry.published_at) in walk.days
    ]
    if front is not None and all(day > front for day in walk.days):
        walk = ended(walk, "older", "read to a page wholly older")
    elif not new and walk.pages > 1 and not again:
        walk = ended(walk, "repeated", f"nothing new on {url}")
    return walk, taken


def starts_before(days: Collection[date], entries: Sequence[FeedEntry]) -> bool:
    """Whether a walk that begins with the page of ``entries`` misses nothing of ``days``.

    It does not when something newer than all of them stands there.  A page remembered from an
    earlier run may be too far back by now: where posts were taken down, the others moved up.
    """
    newest = max(days)
    return any(day_of(entry.published_at) > newest for entry in entries if entry.published_at)


def ended(walk: Walk, how: Ended, detail: str) -> Walk:
    """The walk, over."""
    return replace(walk, ended=how, detail=detail)


def state_of(walk: Walk, day: date, found: int, today: date) -> CoverageState:
    """What the ledger says of one day of the walk, not regarding the feed's cadence."""
    if day in walk.passed:
        # what is published later today is not listed yet
        return "complete" if day < today else "open"
    if walk.ended in ("", "spent"):
        return "open"
    if walk.ended == "failed":
        return "failed"
    return "partial" if found else "missing"


def _least(dates: Sequence[datetime]) -> date:
    """The oldest day of a page, but for a stray: an old entry pinned among new ones."""
    times, since = first_look(dates, max(dates))
    return day_of(min([since, *times]))
