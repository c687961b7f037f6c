"""Which shards the store holds: files that workers wrote, each taken in once."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

import duckdb


def is_loaded(con: duckdb.DuckDBPyConnection, shard_id: str) -> bool:
    """Whether a shard was taken in, by this transaction or an earlier one."""
    found = con.execute(
        "SELECT 1 FROM core.shards WHERE shard_id = $id LIMIT 1", {"id": shard_id}
    ).fetchone()
    return found is not None


def loaded(con: duckdb.DuckDBPyConnection, run_id: str) -> set[str]:
    """Ids of the shards of a run that were taken in."""
    found = con.execute(
        "SELECT shard_id FROM core.shards WHERE run_id = $run_id", {"run_id": run_id}
    ).fetchall()
    return {shard_id for (shard_id,) in found}


def note(
    con: duckdb.DuckDBPyConnection,
    *,
    shard_id: str,
    run_id: str,
    piece: str,
    number: int,
    entries: int,
    stored: int,
    edited: int,
    duplicates: int,
    at: datetime,
) -> None:
    """Write down that a shard is taken in; in the transaction that takes it in."""
    con.execute(
        "INSERT INTO core.shards VALUES ($shard_id, $run_id, $piece, $number, $entries, $stored, "
        "$edited, $duplicates, $at)",
        {
            "shard_id": shard_id, "run_id": run_id, "piece": piece, "number": number,
            "entries": entries, "stored": stored, "edited": edited, "duplicates": duplicates,
            "at": at,
        },
    )  # fmt: skip


def forget(con: duckdb.DuckDBPyConnection, runs: Collection[str]) -> None:
    """Drop the rows of runs whose files are gone for good: they cannot come again."""
    con.execute(
        "DELETE FROM core.shards WHERE run_id IN (SELECT unnest($runs))", {"runs": list(runs)}
    )
