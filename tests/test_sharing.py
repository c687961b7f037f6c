"""Readers, writers and people with a shell open, all at once: real processes on one store."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest

from ingest.archive import ArchiveWriter
from storage.store import Store
from tests.process_support import other_process, tell

START = datetime(2026, 11, 2, 6, 0, tzinfo=UTC)
STEP = timedelta(hours=2)
HOME = "https://news.example"
SUBJECTS = (
    "cells", "plants", "chargers", "vans", "grids", "depots", "mines", "ports", "packs", "motors",
)  # fmt: skip


def page(number: int, edition: int = 0) -> str:
    """An article that no other resembles; later editions of it say more."""
    added = "".join(
        f"<p>Update {n}: the regulator of district {number * 17 + n} opened case {number * 91 + n} "
        f"after {n * 13 + 5} complaints about the {SUBJECTS[n % len(SUBJECTS)]}.</p>"
        for n in range(1, edition + 1)
    )
    subject = SUBJECTS[number % len(SUBJECTS)]
    text = "".join(
        f"<p>Report {number} on {subject} and their batteries, paragraph {part}: output of unit "
        f"{number * 31 + part * 7} came to {number * 613 + part * 101} kilowatt hours, the "
        f"{subject} maker of district {number * 17 + part} said on its {part + 2}th call.</p>"
        for part in range(6)
    )
    return f"<html><head><title>Battery report {number}</title></head><body><article>{text}{added}"


def edited_at(moment: int) -> int:
    """How often the first report was edited until then: at each second moment."""
    return moment // 2


def listing(moment: int) -> str:
    """A feed of two reports, and one more at each moment; the first tells when it was edited."""
    entries = moment + 2
    edited = START + 2 * edited_at(moment) * STEP
    items = "".join(
        f"<item><title>Battery report {number}</title><link>{HOME}/{number}</link>"
        f"<guid>{HOME}/{number}</guid>"
        f"<pubDate>{START:%a, %d %b %Y %H:%M:%S} GMT</pubDate>"
        f"<a:updated>{edited if number == 0 else START:%Y-%m-%dT%H:%M:%SZ}</a:updated></item>"
        for number in range(entries)
    )
    return (
        "<rss version='2.0' xmlns:a='http://www.w3.org/2005/Atom'>"
        f"<channel><title>News</title>{items}</channel></rss>"
    )


def record(folder: Path, moments: int) -> None:
    """An archive of a newsroom with two reports, and another one at each further moment.

    At every second moment the first report has been edited, too.
    """
    with ArchiveWriter(folder, lambda: START) as writer:
        for moment in range(moments):
            fresh = [moment + 1] if moment else [0, 1]
            answers = [("feed", "application/rss+xml", listing(moment))]
            answers += [(str(number), "text/html", page(number)) for number in fresh]
            if edited_at(moment) != edited_at(moment - 1) and moment:
                answers.append(("0", "text/html", page(0, edited_at(moment))))
            for path, kind, body in answers:
                writer.write(
                    url=f"{HOME}/{path}", status=200, phrase="OK",
                    headers=[("Content-Type", kind)], body=body.encode(),
                    fetched_at=START + moment * STEP,
                )  # fmt: skip


class Desk:
    """A store and an archive to fill it from, moment by moment, each time by a new process."""

    def __init__(self, folder: Path) -> None:
        self.store = Store(folder / "store")
        (self.archive,) = (folder / "recorded").rglob("*.warc.gz")
        self.feeds = folder / "feeds.toml"

    @classmethod
    def begun(cls, folder: Path, moments: int) -> Desk:
        """A desk of so many moments, whose first run is done."""
        record(folder / "recorded", moments)
        (folder / "feeds.toml").write_text(
            f'[[feed]]\nslug = "news"\nurl = "{HOME}/feed"\npublisher = "News"\nscope = "focus"\n'
        )
        desk = cls(folder)
        assert desk.run(0)["stored"] == 2
        return desk

    def begin(self, moment: int, **environment: str) -> subprocess.Popen[str]:
        at = START + moment * STEP
        return subprocess.Popen(
            [
                sys.executable, "-m", "flows.cli", "ingest", "--plain", "--json",
                "--store", str(self.store.folder), "--feeds", str(self.feeds),
                "--replay", str(self.archive), "--as-of", f"{at:%Y-%m-%dT%H:%M:%S}",
            ],
            env=os.environ | environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )  # fmt: skip

    def run(self, moment: int) -> dict[str, Any]:
        """A run that has to go well; its report."""
        process = self.begin(moment)
        out, err = process.communicate(timeout=300)
        assert (process.returncode, err) == (0, "")
        told: dict[str, Any] = json.loads(out)
        assert told["published"]
        return told

    def seen(self) -> int:
        """How many articles a plain client and our own reader see."""
        with duckdb.connect(str(self.store.published), read_only=True) as con:
            (number,) = con.execute("SELECT count(*) FROM articles").fetchone() or (0,)
        return int(number)

    def editions(self) -> int:
        """How many versions of the first report readers see, the newest of them shown."""
        with duckdb.connect(str(self.store.published), read_only=True) as con:
            found = con.execute(
                "SELECT v.version, v.text, a.version, a.text FROM article_versions v "
                "JOIN articles a USING (article_id) WHERE a.url = $url ORDER BY v.version",
                {"url": f"{HOME}/0"},
            ).fetchall()
        assert [row[0] for row in found] == list(range(1, len(found) + 1))
        assert found[-1][:2] == found[-1][2:]
        return len(found)

    def asked(self) -> str:
        """The same through ``voltwire sql``, in a process of its own."""
        done = subprocess.run(
            [
                sys.executable, "-m", "flows.cli", "sql", "select count(*) as n from articles",
                "--store", str(self.store.folder), "--format", "csv",
            ],
            capture_output=True,
            text=True,
            timeout=120,
        )  # fmt: skip
        assert (done.returncode, done.stderr) == (0, "")
        return done.stdout.split()[-1]


# One connection held open throughout, as a notebook does, and one opened anew for each look, as
# a dashboard does.
READER = """
    import json, select, sys, duckdb
    path, told = sys.argv[1], {"held": [], "fresh": [], "errors": []}
    query = ("SELECT (SELECT count(*) FROM articles), (SELECT count(*) FROM news), "
             "(SELECT sum(length(text)) FROM articles)")
    held = duckdb.connect(path, read_only=True)
    print("ready")
    while not select.select([sys.stdin], [], [], 0.1)[0]:
        try:
            told["held"].append(held.execute(query).fetchone())
            with duckdb.connect(path, read_only=True) as con:
                first = con.execute(query).fetchone()
                if con.execute(query).fetchone() != first:
                    told["errors"].append("a view moved under an open connection")
                told["fresh"].append(first)
        except Exception as error:
            told["errors"].append(str(error))
    print(json.dumps({"errors": told["errors"], "looks": len(told["fresh"]),
                      "held": sorted(set(told["held"])),
                      "fresh": [one[0] for one in told["fresh"]]}))
"""

# A person with a shell on the published file: it opens for writing, and a scratch table is made.
SCRATCH = """
    import sys, duckdb
    con = duckdb.connect(sys.argv[1])
    con.execute("SET wal_autocheckpoint='1GB'")
    print("ready")
    sys.stdin.readline()
    con.execute("BEGIN")
    con.execute("CREATE TABLE scratch AS SELECT range AS n FROM range(10000)")
    print("uncommitted")
    sys.stdin.readline()
    con.execute("COMMIT")
    print("committed")
    sys.stdin.readline()
    con.execute("INSERT INTO scratch SELECT 1")
    print(con.execute("SELECT count(*) FROM scratch").fetchone()[0])
    sys.stdin.readline()
    con.close()
    print("closed")
"""

BY_HAND = """
    import sys, duckdb
    con = duckdb.connect(sys.argv[1])
    print("ready")
    sys.stdin.readline()
    con.close()
    print("closed")
    sys.stdin.readline()
"""


@pytest.fixture(scope="module")
def begun(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A desk of four moments, begun; to be copied."""
    folder = tmp_path_factory.mktemp("begun") / "desk"
    Desk.begun(folder, 4)
    return folder


@pytest.fixture
def desk(begun: Path, tmp_path: Path) -> Desk:
    shutil.copytree(begun, tmp_path / "desk", symlinks=True)
    return Desk(tmp_path / "desk")


def share(desk: Desk, runs: int) -> None:
    with other_process(READER, desk.store.published) as reader:
        for moment in range(1, runs + 1):
            told = desk.run(moment)
            changed = edited_at(moment) - edited_at(moment - 1)
            assert (told["stored"], told["edited"]) == (1, changed)
            assert desk.seen() == moment + 2
            assert desk.editions() == edited_at(moment) + 1
        looked = json.loads(tell(reader))
    assert looked["errors"] == []
    assert looked["looks"] > runs
    # The connection held open saw one state throughout, the others never saw one go back.
    assert len(looked["held"]) == 1
    assert looked["held"][0][0] == 2
    assert looked["fresh"] == sorted(looked["fresh"])
    assert looked["fresh"][-1] == runs + 2
    with desk.store.read() as con:
        states = con.execute("SELECT state, count(*) FROM runs GROUP BY ALL").fetchall()
    assert states == [("completed", runs + 1)]


def test_readers_and_runs_never_meet(desk: Desk) -> None:
    """A looping reader under two runs: no error on either side, each run's rows seen after it."""
    share(desk, 2)


@pytest.mark.long
def test_readers_and_twenty_runs_never_meet(tmp_path: Path) -> None:
    """The same over twenty runs of changing news."""
    share(Desk.begun(tmp_path / "desk", 21), 20)


def test_a_scratch_table_in_the_published_file_is_no_one_elses_trouble(desk: Desk) -> None:
    """Held for writing, uncommitted, committed, closed, across publishes: all others go on."""
    with other_process(SCRATCH, desk.store.published) as shell:
        # The very copy that readers are given is held for writing: ours reads one of its own.
        assert desk.asked() == "2"
        assert tell(shell) == "uncommitted"
        desk.run(1)
        assert desk.asked() == "3"
        assert tell(shell) == "committed"
        assert tell(shell) == "10001"
        desk.run(2)
        assert (desk.asked(), desk.seen()) == ("4", 4)
        assert tell(shell) == "closed"
    desk.run(3)
    with desk.store.read() as con:
        found = con.execute("SELECT count(*) FROM duckdb_tables() WHERE table_name = 'scratch'")
        assert found.fetchone() == (0,)
    assert desk.seen() == 5


def test_a_run_waits_for_a_shell_on_the_live_file_then_names_it(desk: Desk) -> None:
    """Exit 1 and one line with program and PID after the wait; a patient run finishes instead."""
    with other_process(BY_HAND, desk.store.live) as shell:
        refused = desk.begin(1, VOLTWIRE_WAIT_SECONDS="1")
        _, err = refused.communicate(timeout=120)
        assert refused.returncode == 1
        assert len(err.splitlines()) == 1
        for word in ("live.duckdb is open in", f"PID {shell.pid}", "voltwire.duckdb"):
            assert word in err
        assert desk.seen() == 2

        patient = desk.begin(1, VOLTWIRE_WAIT_SECONDS="240")
        with pytest.raises(subprocess.TimeoutExpired):
            # It has begun, it is not turned away, and it does not end before the shell lets go.
            patient.wait(6)
        assert tell(shell) == "closed"
        out, err = patient.communicate(timeout=240)
        assert (patient.returncode, err) == (0, "")
        assert json.loads(out)["stored"] == 1
    assert desk.seen() == 3
