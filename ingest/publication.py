"""When an article appeared, and which source said so."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, timezone
from functools import partial
from urllib.parse import urlsplit

from ingest import dates
from ingest.models import FeedEntry, PublishedFrom
from ingest.policy import DatePolicy

_POLICY = DatePolicy()
_EARLIEST = datetime(_POLICY.first_year, 1, 1, tzinfo=UTC)
_URL_DATE = re.compile(
    r"(?<!\d)((?:19|20)\d\d)[/_-]?(0[1-9]|1[0-2])[/_-]?(0[1-9]|[12]\d|3[01])(?!\d)"
)
_ELSEWHERE = timezone(timedelta(hours=-1))
_QUARTER = timedelta(minutes=15)
_DAY_ONLY = re.compile(r"\s*\d{4}-\d\d-\d\d(?:[T ]00:00(?::00(?:\.0+)?)?(?:Z|[+-]00:?00)?)?\s*$")


def is_possible(moment: datetime | None, now: datetime, *, first_year: int = 0) -> bool:
    """Whether an article read at ``now`` can have appeared at ``moment``.

    ``first_year``: of its publisher's first article, where that is known.
    """
    earliest = _EARLIEST
    if first_year > _POLICY.first_year:
        # A day of slack: in its publisher's zone the year may have begun before.
        earliest = datetime(first_year, 1, 1, tzinfo=UTC) - timedelta(days=1)
    return moment is not None and earliest <= moment <= now + timedelta(days=_POLICY.future_days)


@dataclass(frozen=True, slots=True, kw_only=True)
class Publication:
    """When an article appeared, as far as that is known."""

    at: datetime | None = None
    on: date | None = None
    """The day as its publisher wrote it, in the publisher's own zone; None without ``at``."""
    source: PublishedFrom = "unknown"
    raw: str = ""
    """How the time was written where it was found."""


def publication(
    entry: FeedEntry, written: tuple[str, ...], url: str, now: datetime, *, first_year: int = 0
) -> Publication:
    """When the article of ``entry`` appeared, and where that was found.

    ``written`` are the times that the page gives, most trusted first; ``url`` is the last resort.
    Before ``first_year``, that of the publisher's first article, nothing is believed: a page's
    default, a template's example, the day of an event.

    The page is asked first: feeds often carry the time of the last edit.  A page that gives only
    the day, or a local time without its zone, is made precise by the feed when both mean the same
    moment; the day stays the page's.
    """
    possible = partial(is_possible, now=now, first_year=first_year)
    listed = entry.published_at if possible(entry.published_at) else None
    for raw in written:
        moment = dates.parse_date(raw, now=now) if raw else None
        if moment is None or not possible(moment):
            continue
        day = dates.day_written(raw, now=now)
        if listed and _means(raw, moment, listed, now):
            return Publication(at=listed, on=day, source="feed", raw=entry.published_raw)
        return Publication(at=moment, on=day, source="page", raw=raw)
    if listed:
        return _listed(entry, listed, "feed", now)
    match = _URL_DATE.search(urlsplit(url).path)
    if match:
        try:
            moment = datetime(*map(int, match.groups()), tzinfo=UTC)  # type: ignore[misc,arg-type]
        except ValueError:
            moment = None
        if moment and possible(moment):
            return Publication(at=moment, on=moment.date(), source="url", raw=match.group())
    return Publication(raw=entry.published_raw)


def _means(raw: str, moment: datetime, listed: datetime, now: datetime) -> bool:
    """Whether ``raw``, read as ``moment``, is ``listed`` written with less: a day alone, or a
    local time without its zone, which is off by whole quarters of an hour."""
    apart = abs(listed - moment)
    if _DAY_ONLY.match(raw):
        return apart <= timedelta(hours=36)
    if not timedelta(0) < apart <= timedelta(hours=14):
        return False
    has_no_zone = dates.parse_date(raw, now=now, assume=_ELSEWHERE) != moment
    # feeds and datelines cut seconds off
    return has_no_zone and min(apart % _QUARTER, -apart % _QUARTER) < timedelta(minutes=1)


def publication_given(entry: FeedEntry, now: datetime) -> Publication:
    """The publication time handed in with the text of ``entry``."""
    if entry.published_at and is_possible(entry.published_at, now):
        return _listed(entry, entry.published_at, "given", now)
    return Publication(raw=entry.published_raw)


def _listed(
    entry: FeedEntry, moment: datetime, source: PublishedFrom, now: datetime
) -> Publication:
    day = dates.day_written(entry.published_raw, now=now)
    if day is None or abs(day - moment.date()) > timedelta(days=1):
        day = moment.date()  # the raw string is another reading's, or none of ours
    return Publication(at=moment, on=day, source=source, raw=entry.published_raw)
