"""Feeds as configured, and what is remembered of them between polls."""

from __future__ import annotations

from collections.abc import Sequence

import duckdb

from ingest.models import Feed, FeedState
from storage.batches import rows, staged

_FEED = {
    "slug": "VARCHAR", "url": "VARCHAR", "publisher": "VARCHAR", "language": "VARCHAR",
    "country": "VARCHAR", "scope": "VARCHAR", "enabled": "BOOLEAN", "every_minutes": "INTEGER",
    "note": "VARCHAR", "first_year": "INTEGER",
}  # fmt: skip
_STATE = {
    "slug": "VARCHAR", "state": "VARCHAR", "detail": "VARCHAR", "url": "VARCHAR",
    "etag": "VARCHAR", "last_modified": "VARCHAR", "body_digest": "VARCHAR",
    "last_polled_at": "TIMESTAMPTZ", "last_success_at": "TIMESTAMPTZ",
    "last_delivered_at": "TIMESTAMPTZ", "next_poll_at": "TIMESTAMPTZ", "failures": "INTEGER",
    "declared_url": "VARCHAR", "rhythm": "VARCHAR", "per_day": "DOUBLE", "listed": "VARCHAR",
    "newest_at": "TIMESTAMPTZ", "body_at": "TIMESTAMPTZ", "lied_at": "TIMESTAMPTZ",
    "missing_since": "TIMESTAMPTZ", "missing_polls": "INTEGER", "moved_to": "VARCHAR",
    "moves": "INTEGER", "told": "VARCHAR",
}  # fmt: skip


def save_feeds(con: duckdb.DuckDBPyConnection, feeds: Sequence[Feed]) -> None:
    """Store the configuration of ``feeds``, replacing what was stored under their slugs."""
    _replace(con, "core.feeds", _FEED, {feed.slug: feed for feed in feeds})


def load_feeds(con: duckdb.DuckDBPyConnection) -> list[Feed]:
    """Every feed ever configured, by slug."""
    found = con.execute(f"SELECT {', '.join(_FEED)} FROM core.feeds ORDER BY slug").fetchall()
    return [Feed(**dict(zip(_FEED, row, strict=True))) for row in found]


def save_states(con: duckdb.DuckDBPyConnection, states: Sequence[FeedState]) -> None:
    """Store what is to be remembered of feeds, replacing what was stored under their slugs."""
    _replace(con, "core.feed_states", _STATE, {state.slug: state for state in states})


def load_states(con: duckdb.DuckDBPyConnection) -> dict[str, FeedState]:
    """slug -> state, for every feed that was polled."""
    found = con.execute(f"SELECT {', '.join(_STATE)} FROM core.feed_states").fetchall()
    return {row[0]: FeedState(**dict(zip(_STATE, row, strict=True))) for row in found}


def _replace(
    con: duckdb.DuckDBPyConnection,
    table: str,
    types: dict[str, str],
    records: dict[str, Feed] | dict[str, FeedState],
) -> None:
    if not records:
        return
    columns = rows(types, (_values(record, types) for record in records.values()))
    with staged(con, "batch_feeds", types, columns) as batch:
        con.execute(f"DELETE FROM {table} WHERE slug IN (SELECT slug FROM {batch})")
        con.execute(f"INSERT INTO {table} ({', '.join(types)}) SELECT * FROM {batch}")


def _values(record: Feed | FeedState, types: dict[str, str]) -> list[object]:
    return [getattr(record, name) for name in types]
