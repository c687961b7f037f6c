"""When row groups are merged: at a publish, never in a batch's write window.

Each transaction leaves its rows as row groups of their own.  DuckDB 2.0 merges them in
checkpoints, as a log-structured tree does: mostly little, now and then 32,000 rows of every table
at once, two seconds of processor time for which a batch would hold all other writers out.  So a
write window closes without merging, and a publish does what the windows before it left.  Keys that
windows left in small segments are put together then, too.
"""

from __future__ import annotations

import duckdb

from storage.policy import STORAGE

NEVER = "SET max_vacuum_tasks = 0"
"""Checkpoints of this connection merge nothing."""

_ALWAYS = "RESET max_vacuum_tasks"


def is_due(windows: int, number: int) -> bool:
    """Whether the ``number``-th publish merges, ``windows`` write windows after the last one."""
    return windows >= STORAGE.merge_after_windows or number % STORAGE.merge_every == 0


def merge_row_groups(con: duckdb.DuckDBPyConnection, catalog: str) -> None:
    """Merge what write windows left in ``catalog``, in a checkpoint; outside a transaction.

    A checkpoint looks only at tables that got rows since the last one, so the last row of each is
    written once more.  Its number changes, its place does not: it was the last and stays it.
    """
    # Most commands merge nothing, and start sooner without NumPy.
    from storage import key_segments

    con.execute(_ALWAYS)
    try:
        con.execute("BEGIN")
        key_segments.merge(con)
        for table in _with_rows(con, catalog):
            con.execute(
                f"CREATE OR REPLACE TEMP TABLE last_row AS SELECT * FROM {table} "
                f"WHERE rowid = (SELECT max(rowid) FROM {table})"
            )
            con.execute(f"DELETE FROM {table} WHERE rowid = (SELECT max(rowid) FROM {table})")
            con.execute(f"INSERT INTO {table} SELECT * FROM temp.last_row")
        con.execute("DROP TABLE IF EXISTS temp.last_row")
        con.execute("COMMIT")
        con.execute(f"CHECKPOINT {catalog}")
    finally:
        con.execute(NEVER)


def _with_rows(con: duckdb.DuckDBPyConnection, catalog: str) -> list[str]:
    found = con.execute(
        "SELECT schema_name, table_name FROM duckdb_tables() "
        "WHERE database_name = $catalog AND NOT temporary AND estimated_size > 0 ORDER BY ALL",
        {"catalog": catalog},
    ).fetchall()
    return [f"{catalog}.{schema}.{table}" for schema, table in found]
