"""The digest made anew after an ingest."""

from __future__ import annotations

import asyncio
import json
import os
import sqlite3
import subprocess
import sys
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from importlib.resources import as_file, files
from pathlib import Path
from types import SimpleNamespace
from typing import Any, TypeVar

import pytest

from flows.report import RunReport
from flows.settings import Settings
from flows.site.after_ingest import QUIET_EVERY, after_ingest, is_due

T = TypeVar("T")
NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
# Stands in for the command: notes how it was called, and leaves a page.
MAKES = (
    "import json, pathlib, sys; a = sys.argv[1:]; "
    "o = pathlib.Path(a[a.index('--output') + 1]); o.mkdir(parents=True, exist_ok=True); "
    "(o / 'index.html').write_text('x'); (o / '.voltwire-digest.json').write_text('{}'); "
    "(o / 'called').write_text(json.dumps(a))"
)


def report(**figures: object) -> RunReport:
    filled: dict[str, Any] = {"published": "S/voltwire.duckdb", "stored": 1, **figures}
    return RunReport(
        run_id="r", kind="ingest", store="S", started_at=NOW, state="completed", **filled
    )


def make(settings: Settings, run: RunReport, program: str = MAKES, longest: float = 60.0) -> None:
    command = (sys.executable, "-c", program)
    asyncio.run(after_ingest(settings, run, program=command, longest=longest))


def test_it_is_made_when_the_run_brought_something(tmp_path: Path) -> None:
    """The report says where it opens, and the run's screen shows it."""
    settings = Settings(store=tmp_path / "s", digest_output=str(tmp_path / "d"), digest_days=3)
    run = report()
    make(settings, run)
    page = tmp_path / "d" / "index.html"
    assert run.digest == str(page)
    assert page.exists()
    assert ("digest", str(page)) in run.rows()
    called = (tmp_path / "d" / "called").read_text()
    assert '"digest", "--store"' in called
    assert '"--days", "3"' in called


def test_nothing_is_made_where_no_folder_is_set_or_nothing_was_published(tmp_path: Path) -> None:
    """The usual settings start no process; a store that readers do not have yet makes no digest."""
    run = report()
    make(Settings(store=tmp_path), run)
    assert (run.digest, run.detail) == ("", "")
    run = report(published="")
    make(Settings(store=tmp_path, digest_output=str(tmp_path / "d")), run)
    assert (run.digest, run.detail) == ("", "")
    assert not (tmp_path / "d").exists()


def test_a_quiet_run_makes_it_only_once_an_hour(tmp_path: Path) -> None:
    """Nothing new costs nothing, and yet feed health does not get old."""
    settings = Settings(store=tmp_path / "s", digest_output=str(tmp_path / "d"))
    make(settings, report())
    (tmp_path / "d" / "called").unlink()
    quiet = report(stored=0)
    make(settings, quiet)
    assert not (tmp_path / "d" / "called").exists()
    assert quiet.digest == str(tmp_path / "d" / "index.html")
    mark = tmp_path / "d" / ".voltwire-digest.json"
    os.utime(mark, (0, 0))
    make(settings, report(stored=0))
    assert (tmp_path / "d" / "called").exists()
    made = datetime.fromtimestamp(mark.stat().st_mtime, UTC)
    assert not is_due(tmp_path / "d", made + timedelta(seconds=QUIET_EVERY - 1))
    assert is_due(tmp_path / "d", made + timedelta(seconds=QUIET_EVERY + 1))
    assert is_due(tmp_path / "d", made - timedelta(days=1)), "a clock that was put back"


@pytest.mark.parametrize(
    ("program", "longest", "why"),
    [
        ("import sys; sys.exit('voltwire: \\x1b[31mno room')", 60.0, "voltwire: [31mno room"),
        ("import sys; sys.exit(3)", 60.0, "exit code 3"),
        ("import os; os.kill(os.getpid(), 9)", 60.0, "exit code -9"),
        ("import time; time.sleep(600)", 0.5, "longer than 0 s"),
    ],
    ids=["says why", "silent", "killed", "hangs"],
)
def test_a_digest_that_fails_is_a_word_in_the_report(
    tmp_path: Path, program: str, longest: float, why: str
) -> None:
    """The run stays completed: its articles are stored and published."""
    run = report(detail="something else")
    make(Settings(store=tmp_path, digest_output=str(tmp_path / "d")), run, program, longest)
    assert run.digest == ""
    assert run.detail.startswith("something else; the digest was not made: ")
    assert why in run.detail.replace("  ", " ")
    assert "\x1b" not in run.detail
    assert (run.state, run.exit_code) == ("completed", 0)


def test_a_step_that_cannot_be_watched_fails_no_run(tmp_path: Path) -> None:
    """A Prefect server that is away at that moment, for example."""

    async def step(kind: str, name: str, work: Callable[[], Awaitable[T]]) -> T:
        del name, work
        raise ConnectionError(f"no server for {kind}")

    run = report()
    asyncio.run(after_ingest(Settings(digest_output=str(tmp_path)), run, step))
    assert "ConnectionError: no server for site" in run.detail


@pytest.mark.parametrize(
    ("site_url", "link"),
    [
        ("", "file:///srv/a%20b/index.html"),
        ("https://n.example/ev/", "https://n.example/ev/index.html"),
    ],
)
def test_the_flow_run_links_to_the_digest(
    site_url: str, link: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """To where others reach it, or to the file; a server that is away fails nothing."""
    from flows import artifacts

    made: list[dict[str, str]] = []

    async def create(**said: str) -> None:
        made.append(said)
        if len(made) > 1:
            raise ConnectionError("away")

    warned: list[object] = []
    log = SimpleNamespace(warning=lambda *said: warned.append(said))
    monkeypatch.setattr(artifacts, "acreate_link_artifact", create)
    monkeypatch.setattr(artifacts, "get_run_logger", lambda: log)
    asyncio.run(artifacts.publish_digest(report(), site_url))
    assert made == [], "where none was made"
    run = report(digest="/srv/a b/index.html")
    asyncio.run(artifacts.publish_digest(run, site_url))
    asyncio.run(artifacts.publish_digest(run, site_url))
    assert made[0]["link"] == link
    assert len(warned) == 1


@pytest.mark.long
@pytest.mark.parametrize("plain", [True, False], ids=["plain", "Prefect"])
def test_an_ingest_leaves_a_digest_with_feeds(tmp_path: Path, plain: bool) -> None:
    """The whole way, with the bundled newsroom: a site beside the store, and for Prefect a link."""
    home = tmp_path / "prefect"
    settings = {
        "VOLTWIRE_DIGEST_OUTPUT": str(tmp_path / "site"),
        "PREFECT_HOME": str(home),
        "HOME": str(tmp_path),
    }
    with (
        as_file(files("flows.demo") / "newsroom.warc.gz") as archive,
        as_file(files("flows.demo") / "feeds.toml") as feeds,
    ):
        command = [
            sys.executable, "-P", "-m", "flows.cli", "ingest", "--replay", str(archive), "--feeds",
            str(feeds), "--store", str(tmp_path / "store"), "--json", *(["--plain"] * plain),
        ]  # fmt: skip
        env = {name: value for name, value in os.environ.items() if "PREFECT" not in name}
        done = subprocess.run(
            command, cwd=tmp_path, env={**env, **settings}, capture_output=True, text=True,
            timeout=300, check=False,
        )  # fmt: skip
    said = json.loads(done.stdout[done.stdout.index("{") :])
    page = tmp_path / "site" / "index.html"
    assert said["digest"] == str(page), (said["detail"], done.stderr)
    assert page.exists()
    assert (page.parent / "feeds" / "all.atom").exists()
    if plain:
        return
    with sqlite3.connect(home / "prefect.db") as kept:
        found = kept.execute("SELECT data FROM artifact WHERE key = 'voltwire-digest'").fetchall()
    assert len(found) == 1
    assert page.as_uri() in found[0][0]
