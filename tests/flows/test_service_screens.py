"""Screens of `serve` and `deploy`: the last run, also one by cron, and how to start a worker."""

from __future__ import annotations

import os
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from flows.commands.deploy import worker_line
from flows.commands.serve import schedule_lines
from flows.deploying import Times
from flows.seeing.lastrun import told
from flows.settings import Settings
from storage import runs
from storage.models import RunCounts
from storage.overview import PastRun
from storage.store import Store

AT = datetime(2026, 11, 23, 6, 0, 4, tzinfo=UTC)


def ran(at: datetime, state: Any = "completed", stored: int = 6) -> PastRun:
    return PastRun(
        run_id="r", kind="ingest", started_at=at, ended_at=at, state=state, feeds=1, entries=9,
        fetched=8, stored=stored, known=1, duplicates=0, rejected=2, detail="",
    )  # fmt: skip


def test_a_run_by_cron_is_told_where_the_server_knows_of_none(tmp_path: Path) -> None:
    """With its start and its outcome, read from the published store."""
    store = Store(tmp_path)
    with store.write() as con:
        runs.start(con, run_id="r", kind="ingest", at=AT)
        runs.finish(
            con, "r", at=AT, state="completed_with_failures", detail="",
            counts=RunCounts(
                feeds=1, entries=9, fetched=8, stored=6, known=1, duplicates=0, rejected=2
            ),
        )  # fmt: skip
    store.publish()
    times = Times(paused=False, next_run=AT, last_run=None, last_state="")
    lines = schedule_lines(Settings().with_store(tmp_path), times)
    assert lines[1] == (
        "last run   2026-11-23 06:00 UTC, completed with failures, 6 new "
        "(not by this server: cron, or by hand)"
    )


def test_a_store_that_is_not_there_yet_had_no_run(tmp_path: Path) -> None:
    """As before the first one, or where the store is on another machine."""
    times = Times(paused=False, next_run=AT, last_run=None, last_state="")
    lines = schedule_lines(Settings().with_store(tmp_path / "none"), times)
    assert lines[1] == "last run   none yet"


def test_the_servers_word_stands_for_its_own_runs() -> None:
    """Its run and the store's are one when the store's began when it was due; else the later."""
    due = AT - timedelta(seconds=4)
    assert told(ran(AT), due, "Completed") == "2026-11-23 06:00 UTC, Completed"
    assert told(ran(AT - timedelta(days=1)), due, "Crashed") == "2026-11-23 06:00 UTC, Crashed"
    assert told(None, due, "Failed") == "2026-11-23 06:00 UTC, Failed"
    later = told(ran(AT + timedelta(hours=2), "crashed", 0), due, "Completed")
    assert later == (
        "2026-11-23 08:00 UTC, crashed, 0 new "
        "(not by this server, whose last was 2026-11-23 06:00 UTC, Completed)"
    )


def test_a_worker_gets_a_folder_of_its_own_where_another_user_has_prefects(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The line that `deploy` prints works as printed; without need it is the plain one."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    assert worker_line("news") == "prefect worker start --pool news"
    (tmp_path / "runner_storage").mkdir()
    assert worker_line("news") == "prefect worker start --pool news"
    monkeypatch.setattr(os, "access", lambda *_: False)
    assert worker_line("news") == "TMPDIR=$(mktemp -d) prefect worker start --pool news"
