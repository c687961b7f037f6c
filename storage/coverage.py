"""The ledger of backfills: which days of which feed were gone through, by which route."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime

import duckdb

from ingest.models import CoveredDay
from storage.batches import rows, staged

_DAY = {
    "feed": "VARCHAR", "day": "DATE", "route": "VARCHAR", "found": "INTEGER",
    "stored": "INTEGER", "state": "VARCHAR", "reach": "VARCHAR", "looked_at": "TIMESTAMPTZ",
}  # fmt: skip
_OUTSIDE = {"canonical_url": "VARCHAR", "feed": "VARCHAR", "day": "DATE"}


def save(con: duckdb.DuckDBPyConnection, days: Sequence[CoveredDay]) -> None:
    """Store ``days``; one with the feed, day and route of a stored one replaces it."""
    latest = {(one.feed, one.day, one.route): one for one in days}
    if not latest:
        return
    columns = rows(_DAY, ([getattr(one, name) for name in _DAY] for one in latest.values()))
    with staged(con, "batch_coverage", _DAY, columns) as batch:
        con.execute(
            f"DELETE FROM core.coverage c USING {batch} b WHERE c.feed = b.feed "
            "AND c.day IS NOT DISTINCT FROM b.day AND c.route = b.route"
        )
        con.execute(f"INSERT INTO core.coverage ({', '.join(_DAY)}) SELECT * FROM {batch}")


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


def note_outside(con: duckdb.DuckDBPyConnection, feed: str, days: Mapping[str, date]) -> None:
    """Remember the days of pages that were fetched and lie outside the window asked for."""
    if not days:
        return
    columns = rows(_OUTSIDE, ([url, feed, day] for url, day in days.items()))
    with staged(con, "batch_outside", _OUTSIDE, columns) as batch:
        con.execute(
            f"DELETE FROM core.pages_outside o USING {batch} b "
            "WHERE o.canonical_url = b.canonical_url"
        )
        con.execute(f"INSERT INTO core.pages_outside ({', '.join(_OUTSIDE)}) SELECT * FROM {batch}")


def outside(con: duckdb.DuckDBPyConnection, feed: str) -> dict[str, date]:
    """canonical URL -> day, of the pages of ``feed`` remembered by ``note_outside``."""
    found = con.execute(
        "SELECT canonical_url, day FROM core.pages_outside WHERE feed = $feed", {"feed": feed}
    ).fetchall()
    return dict(found)
