"""Runs: what they did, and those that never ended."""

from __future__ import annotations

import subprocess
import sys
from datetime import timedelta

from storage import runs
from storage.models import RunCounts
from storage.process import ProcessMark, current, is_alive


def _states(con):
    return dict(con.execute("SELECT run_id, state FROM runs").fetchall())


def test_a_run_tells_its_counts(con, build):
    """Every count arrives in its column."""
    runs.start(con, run_id="r", kind="ingest", at=build.noon)
    assert _states(con) == {"r": "running"}
    counts = RunCounts(feeds=1, entries=2, fetched=3, stored=4, known=5, duplicates=6, rejected=7)
    end = build.noon + timedelta(minutes=1)
    runs.finish(con, "r", at=end, state="completed", counts=counts, detail="fine")
    assert con.execute("SELECT * FROM runs").fetchall() == [
        ("r", "ingest", build.noon, end, "completed", 1, 2, 3, 4, 6, 7, "fine", 5)
    ]


def test_progress_is_kept_while_a_run_is_at_work(con, build):
    """A crash leaves the last known figures."""
    runs.start(con, run_id="r", kind="ingest", at=build.noon)
    runs.progress(con, "r", RunCounts(stored=3))
    assert con.execute("SELECT state, stored FROM runs").fetchall() == [("running", 3)]


def test_a_run_whose_process_is_gone_is_crashed(con, build):
    """The process is looked for by number and start; our own run goes on."""
    child = subprocess.Popen([sys.executable, "-c", "pass"])
    child.wait()
    runs.start(con, run_id="mine", kind="ingest", at=build.noon)
    runs.start(con, run_id="dead", kind="ingest", at=build.noon)
    con.execute("UPDATE core.runs SET pid = $pid WHERE run_id = 'dead'", {"pid": child.pid})
    assert runs.mark_crashed(con, build.noon) == ["dead"]
    assert _states(con) == {"mine": "running", "dead": "crashed"}
    assert runs.mark_crashed(con, build.noon) == []


def test_a_number_given_to_another_process_does_not_hide_a_crash(con, build):
    """The start time tells a later process of the same number apart; so does the boot."""
    runs.start(con, run_id="r", kind="ingest", at=build.noon)
    con.execute("UPDATE core.runs SET process_started = '1'")
    assert runs.mark_crashed(con, build.noon) == ["r"]
    runs.start(con, run_id="s", kind="ingest", at=build.noon)
    con.execute("UPDATE core.runs SET boot = 'another' WHERE run_id = 's'")
    assert runs.mark_crashed(con, build.noon) == ["s"]


def test_a_run_elsewhere_counts_as_alive_until_it_is_old(con, build):
    """What cannot be seen from here is given two days."""
    runs.start(con, run_id="r", kind="ingest", at=build.noon)
    con.execute("UPDATE core.runs SET host = 'elsewhere'")
    assert runs.mark_crashed(con, build.noon + timedelta(days=1)) == []
    assert runs.mark_crashed(con, build.noon + timedelta(days=3)) == ["r"]


def test_this_process_is_alive():
    """A mark of the caller is alive; an impossible number is not, or cannot be told."""
    here = current()
    assert is_alive(here, here=here) is True
    absurd = ProcessMark(pid=2**40, host=here.host, boot=here.boot, started="")
    assert is_alive(absurd, here=here) is not True
