"""What a backfill would ask of the two archives of the web: the dry run's lines for them.

``auto`` asks them only for what the sites themselves do not list, which nobody knows before: of
them it says what they may be asked at most, and nothing as likely.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from ingest.policy import CcNewsPolicy, WaybackPolicy
from ingest.urls import registered_domain

_WAYBACK, _CCNEWS = WaybackPolicy(), CcNewsPolicy()
_A_COPY = 10
# Entries in one copy of a feed: the middle of the field.
_BYTES_A_SECOND = 10e6
# Of a common line, to say how long a file takes.
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Archives:
    """Where they are and at which pace they are asked."""

    wayback_url: str
    wayback_pace: float
    ccnews_url: str


@dataclass(frozen=True, slots=True)
class Asking:
    """What one of them would be asked for."""

    domain: str
    likely: int
    most: int
    """Requests; of Common Crawl, files."""
    likely_seconds: float
    most_seconds: float
    gigabytes: float = 0.0
    """Of the files, at most."""


def of_wayback(
    archives: Archives,
    left: Mapping[str, Collection[date]],
    rates: Mapping[str, float],
    *,
    auto: bool,
) -> Asking:
    """Requests for the days that are ``left`` by slug; ``rates`` are entries a day, as known."""
    likely = most = 0
    for slug, days in left.items():
        entries = math.ceil(len(days) * rates.get(slug, 3.0))
        likely += 2 + math.ceil(entries / _A_COPY)
        # indexes of the feed, its pages and the pages before; a copy a day; a redirect a page
        most += 3 * _WAYBACK.listings + len(days) + 2 * _WAYBACK.pages
    likely = 0 if auto else likely
    pace = archives.wayback_pace
    return Asking(registered_domain(archives.wayback_url), likely, most, likely * pace, most * pace)


def of_ccnews(archives: Archives, left: Mapping[str, Collection[date]], *, auto: bool) -> Asking:
    """Files for the days that are ``left`` by slug; each is read once for all feeds."""
    met = {
        day + shift * _DAY
        for days in left.values()
        for day in days
        for shift in range(-_CCNEWS.before_days, _CCNEWS.after_days + 1)
    }
    files = len(met) * _CCNEWS.files_a_day
    most = min(files, _CCNEWS.files_unasked) if auto else files
    likely = 0 if auto else files
    seconds = _CCNEWS.file_bytes / _BYTES_A_SECOND
    return Asking(
        registered_domain(archives.ccnews_url), likely, most, likely * seconds, most * seconds,
        round(most * _CCNEWS.file_bytes / 1e9, 1),
    )  # fmt: skip
