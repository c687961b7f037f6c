"""The ledger of backfills: which days of which feed were gone through, by which route."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime

import duckdb

from ingest.models import CoveredDay
from storage.batches import replace_rows

_DAY = {
    "feed": "VARCHAR", "day": "DATE", "route": "VARCHAR", "found": "INTEGER",
    "stored": "INTEGER", "state": "VARCHAR", "reach": "VARCHAR", "looked_at": "TIMESTAMPTZ",
}  # fmt: skip
_OUTSIDE = {"canonical_url": "VARCHAR", "feed": "VARCHAR", "day": "DATE"}


def save(con: duckdb.DuckDBPyConnection, days: Sequence[CoveredDay]) -> None:
    """Store ``days``; one with the feed, day and route of a stored one replaces it.

    Not one that was looked at earlier: batches need not come in the order of their making.
    """
    records = ([getattr(one, name) for name in _DAY] for one in days)
    replace_rows(con, "coverage", _DAY, ("feed", "day", "route"), records, newest="looked_at")


def add_undated(
    con: duckdb.DuckDBPyConnection, more: Mapping[str, int], route: str, at: datetime
) -> None:
    """Count articles of no known day that ``route`` has stored: feed -> how many more."""
    for feed, number in more.items():
        values = {"feed": feed, "route": route, "more": number, "at": at}
        counted = con.execute(
            "UPDATE core.coverage SET found = found + $more, stored = stored + $more, "
            "state = 'undated', looked_at = greatest(looked_at, $at) "
            "WHERE feed = $feed AND route = $route AND day IS NULL",
            values,
        ).fetchone()
        if not counted or not counted[0]:
            con.execute(
                "INSERT INTO core.coverage (feed, day, route, found, stored, state, reach, "
                "looked_at) VALUES ($feed, NULL, $route, $more, $more, 'undated', '', $at)",
                values,
            )


def load(
    con: duckdb.DuckDBPyConnection, feeds: Sequence[str], since: date, until: date
) -> list[CoveredDay]:
    """The rows of ``feeds`` for the days ``since`` to ``until`` (included), and for no day."""
    found = con.execute(
        f"SELECT {', '.join(_DAY)} FROM core.coverage WHERE feed IN (SELECT unnest($feeds)) "
        "AND (day IS NULL OR day BETWEEN $since AND $until) ORDER BY feed, route, day",
        {"feeds": list(feeds), "since": since, "until": until},
    ).fetchall()
    return [CoveredDay(**dict(zip(_DAY, row, strict=True))) for row in found]


def article_days(con: duckdb.DuckDBPyConnection, ids: Sequence[str]) -> dict[str, datetime | None]:
    """article_id -> when it was published, for stored articles."""
    found = con.execute(
        "SELECT article_id, published_at FROM core.articles "
        "WHERE article_id IN (SELECT unnest($ids))",
        {"ids": list(ids)},
    ).fetchall()
    return dict(found)


def note_outside(con: duckdb.DuckDBPyConnection, pages: Sequence[tuple[str, str, date]]) -> None:
    """Remember the days of pages that were fetched and lie outside the window asked for.

    Args:
        pages: canonical URL, feed and day of each.
    """
    replace_rows(con, "pages_outside", _OUTSIDE, ("canonical_url",), pages)


def outside(con: duckdb.DuckDBPyConnection, feed: str) -> dict[str, date]:
    """canonical URL -> day, of the pages of ``feed`` remembered by ``note_outside``."""
    found = con.execute(
        "SELECT canonical_url, day FROM core.pages_outside WHERE feed = $feed", {"feed": feed}
    ).fetchall()
    return dict(found)
