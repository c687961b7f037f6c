"""What did not become an article, and why; one row a URL and stage."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import duckdb

from ingest.models import Rejection
from storage.batches import rows, staged, storable

_REJECTION = {
    "url": "VARCHAR", "stage": "VARCHAR", "feed": "VARCHAR", "reason": "VARCHAR",
    "detail": "VARCHAR", "at_time": "TIMESTAMPTZ", "first_at": "TIMESTAMPTZ",
    "attempts": "INTEGER", "retry_at": "TIMESTAMPTZ",
}  # fmt: skip


def save(con: duckdb.DuckDBPyConnection, rejections: Sequence[Rejection]) -> None:
    """Store rejections; a second one at the same URL and stage counts as another attempt.

    The same rejection handed in again (equal time) changes nothing.  What the latest says stands,
    in whatever order they come.
    """
    grouped: dict[tuple[str, str], list[Rejection]] = {}
    for rejection in rejections:
        grouped.setdefault((rejection.url, rejection.stage), []).append(rejection)
    if not grouped:
        return
    records = []
    for attempts in grouped.values():
        times = {rejection.at for rejection in attempts}
        last = max(attempts, key=lambda rejection: rejection.at)
        records.append([
            last.url, last.stage, last.feed, last.reason, last.detail, last.at,
            min(times), len(times), last.retry_at,
        ])  # fmt: skip
    with staged(con, "batch_rejections", _REJECTION, rows(_REJECTION, records)) as batch:
        con.execute(
            f"""MERGE INTO core.rejections r USING {batch} b ON r.url = b.url AND r.stage = b.stage
            WHEN MATCHED AND b.at_time > r.last_at THEN UPDATE SET
                feed = b.feed, reason = b.reason, detail = b.detail, last_at = b.at_time,
                attempts = r.attempts + b.attempts, retry_at = b.retry_at,
                first_at = least(r.first_at, b.first_at)
            WHEN MATCHED AND b.at_time < r.last_at AND b.at_time <> r.first_at THEN UPDATE SET
                first_at = least(r.first_at, b.first_at), attempts = r.attempts + b.attempts
            WHEN NOT MATCHED THEN INSERT
                (url, stage, feed, reason, detail, first_at, last_at, attempts, retry_at)
                VALUES (b.url, b.stage, b.feed, b.reason, b.detail, b.first_at, b.at_time,
                b.attempts, b.retry_at)"""
        )


def waits(con: duckdb.DuckDBPyConnection, url: str) -> tuple[str, datetime] | None:
    """Why ``url`` was refused last, and until when it is to be left alone; None for not at all."""
    found = con.execute(
        "SELECT reason, retry_at FROM core.rejections "
        "WHERE url = $url AND retry_at IS NOT NULL ORDER BY last_at DESC LIMIT 1",
        {"url": url},
    ).fetchone()
    return (found[0], found[1]) if found else None


def clear(con: duckdb.DuckDBPyConnection, urls: Sequence[str]) -> None:
    """Forget the rejections of ``urls``: they became articles, or a feed works again."""
    if not urls:
        return
    con.execute(
        "DELETE FROM core.rejections WHERE url IN (SELECT unnest($urls))",
        {"urls": sorted(set(map(storable, urls)))},
    )
