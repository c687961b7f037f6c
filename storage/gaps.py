"""Times in which feeds may have dropped entries, open until something repaired them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import duckdb

from ingest.models import Gap
from storage.batches import replace_rows

_GAP = {
    "feed": "VARCHAR", "from_at": "TIMESTAMPTZ", "to_at": "TIMESTAMPTZ",
    "detected_at": "TIMESTAMPTZ", "repaired_at": "TIMESTAMPTZ", "route": "VARCHAR",
    "attempts": "INTEGER", "detail": "VARCHAR",
}  # fmt: skip


def save(con: duckdb.DuckDBPyConnection, gaps: Sequence[Gap]) -> None:
    """Store ``gaps``; one with the feed and the times of a stored one replaces it."""
    records = ([getattr(gap, name) for name in _GAP] for gap in gaps)
    replace_rows(con, "gaps", _GAP, ("feed", "from_at", "to_at"), records)


def open_gaps(con: duckdb.DuckDBPyConnection, attempts: int) -> dict[str, list[Gap]]:
    """slug -> gaps that nothing has closed, tried less often than ``attempts``, oldest first."""
    found = con.execute(
        f"SELECT {', '.join(_GAP)} FROM core.gaps WHERE repaired_at IS NULL "
        "AND attempts < $most ORDER BY detected_at, from_at",
        {"most": attempts},
    ).fetchall()
    by_feed: dict[str, list[Gap]] = {}
    for row in found:
        gap = _gap(dict(zip(_GAP, row, strict=True)))
        by_feed.setdefault(gap.feed, []).append(gap)
    return by_feed


def _gap(row: dict[str, Any]) -> Gap:
    return Gap(**row | {"route": row["route"] or "", "detail": row["detail"] or ""})
