"""Runs: what was started when, by which process, and how it ended."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime

import duckdb

from storage.models import RunCounts, RunState
from storage.policy import RUN
from storage.process import ProcessMark, current, is_alive


def start(con: duckdb.DuckDBPyConnection, *, run_id: str, kind: str, at: datetime) -> None:
    """Note that the calling process began a run; a ``run_id`` used before starts over."""
    mark = current()
    con.execute("DELETE FROM core.runs WHERE run_id = $run_id", {"run_id": run_id})
    con.execute(
        "INSERT INTO core.runs (run_id, kind, started_at, state, feeds, entries, fetched, stored, "
        "known, duplicates, rejected, detail, pid, host, boot, process_started) VALUES ($run_id, "
        "$kind, $at, 'running', 0, 0, 0, 0, 0, 0, 0, '', $pid, $host, $boot, $started)",
        {
            "run_id": run_id, "kind": kind, "at": at, "pid": mark.pid, "host": mark.host,
            "boot": mark.boot, "started": mark.started,
        },
    )  # fmt: skip


def finish(
    con: duckdb.DuckDBPyConnection,
    run_id: str,
    *,
    at: datetime,
    state: RunState,
    counts: RunCounts,
    detail: str = "",
) -> None:
    """Note how a run ended."""
    con.execute(
        "UPDATE core.runs SET ended_at = $at, state = $state, feeds = $feeds, entries = $entries, "
        "fetched = $fetched, stored = $stored, known = $known, duplicates = $duplicates, "
        "rejected = $rejected, detail = $detail WHERE run_id = $run_id",
        {"run_id": run_id, "at": at, "state": state, "detail": detail, **asdict(counts)},
    )


def progress(con: duckdb.DuckDBPyConnection, run_id: str, counts: RunCounts) -> None:
    """Note how far a run has come, so that a crash leaves its last known figures."""
    con.execute(
        "UPDATE core.runs SET feeds = $feeds, entries = $entries, fetched = $fetched, "
        "stored = $stored, known = $known, duplicates = $duplicates, rejected = $rejected "
        "WHERE run_id = $run_id",
        {"run_id": run_id, **asdict(counts)},
    )


def interrupted(con: duckdb.DuckDBPyConnection, kind: str) -> dict[str, datetime]:
    """Runs of ``kind`` that were stopped, and after which none was completed; with their starts."""
    found = con.execute(
        "SELECT run_id, started_at FROM core.runs WHERE kind = $kind "
        "AND state IN ('crashed', 'failed') AND started_at > coalesce((SELECT max(started_at) "
        "FROM core.runs WHERE kind = $kind AND state LIKE 'completed%'), '-infinity')",
        {"kind": kind},
    ).fetchall()
    return dict(found)


def mark_crashed(con: duckdb.DuckDBPyConnection, now: datetime) -> list[str]:
    """Mark runs still ``running`` whose process is gone as ``crashed``; returns their ids."""
    here = current()
    found = con.execute(
        "SELECT run_id, started_at, pid, host, boot, process_started FROM core.runs "
        "WHERE state = 'running'"
    ).fetchall()
    dead = []
    for run_id, started_at, pid, host, boot, started in found:
        mark = ProcessMark(pid=pid, host=host, boot=boot, started=started)
        alive = is_alive(mark, here=here)
        if alive is None:
            alive = now - started_at <= RUN.foreign_run
        if not alive:
            dead.append(run_id)
    for run_id in dead:
        con.execute(
            "UPDATE core.runs SET state = 'crashed', ended_at = $now, "
            "detail = 'the process was gone before the run ended' WHERE run_id = $run_id",
            {"run_id": run_id, "now": now},
        )
    return dead


def is_running(con: duckdb.DuckDBPyConnection, run_id: str) -> bool:
    """Whether a run has not come to its end, as far as it is noted."""
    found = con.execute(
        "SELECT 1 FROM core.runs WHERE run_id = $run_id AND state = 'running'", {"run_id": run_id}
    ).fetchone()
    return found is not None
