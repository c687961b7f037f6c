"""``voltwire digest``: on the demo's store, as a person calls it."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pytest

from flows.cli import run
from flows.settings import Settings
from flows.site.build import digest_of
from storage.store import Store
from tests.conftest import DemoRuns


def test_an_old_store_shows_its_last_days(
    demo: DemoRuns, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Without --until, days in which nothing was published are passed over, to the newest news."""
    output = tmp_path / "site"
    assert run(["digest", "--store", str(demo.store), "--output", str(output), "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert (said["first"], said["last"]) == ("2026-10-27", "2026-11-02")
    assert (said["stories"], said["articles"]) == (66, 82)
    assert said["files"] == said["written"]
    page = (output / "index.html").read_text(encoding="utf-8")
    assert "Tarnholt line stop: what it means for van orders" in page
    assert "Also in 5 outlets" in page
    weight = sum(
        (output / n).stat().st_size for n in ("index.html", "assets/site.css", "assets/site.js")
    )
    assert weight < 200_000
    assert (output / "feeds" / "all.atom").exists()


def test_a_second_call_with_other_days_removes_what_is_no_longer_shown(
    demo: DemoRuns, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """And says what it did, in words."""
    call = [
        "digest",
        "--store",
        str(demo.store),
        "--output",
        str(tmp_path),
        "--until",
        "2026-11-02",
    ]
    assert run([*call, "--days", "3"]) == 0
    assert (tmp_path / "days" / "2026-10-31.html").exists()
    assert run([*call, "--days", "1", "--newest-first"]) == 0
    assert not (tmp_path / "days" / "2026-10-31.html").exists()
    assert run([*call, "--days", "1", "--newest-first"]) == 0
    said = capsys.readouterr().out
    assert "Monday 2 November 2026: " in said
    assert "removed" in said
    assert "nothing to change" in said


def test_wrong_use_is_told_in_one_line(
    demo: DemoRuns,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """No folder named, one that is somebody's, a store that is none."""
    monkeypatch.chdir(tmp_path)
    store = ["--store", str(demo.store)]
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("years of work")
    assert run(["digest", *store]) == 2
    assert run(["digest", *store, "--output", "mine"]) == 2
    assert run(["digest", "--store", "none", "--output", "site"]) == 2
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 3
    assert "--output" in lines[0]
    assert "no digest was written there" in lines[1]
    assert not (tmp_path / "site").exists()


def test_the_settings_say_how_much_text_and_in_which_zone(demo: DemoRuns, tmp_path: Path) -> None:
    """Days are those of the settings' zone, as everywhere."""
    settings = Settings(store=demo.store, digest_texts="full", timezone="Asia/Tokyo", digest_days=2)
    made = digest_of(settings, tmp_path, now=datetime(2026, 11, 3, 1, tzinfo=UTC))
    assert (made.first.isoformat(), made.last.isoformat()) == ("2026-11-02", "2026-11-03")
    page = (tmp_path / "index.html").read_text(encoding="utf-8")
    assert "JST" in page
    assert "For private use" in page.replace("Whole texts: for", "For")
    assert list((tmp_path / "story").iterdir())


def test_an_empty_store_has_a_digest(tmp_path: Path) -> None:
    """Of nothing, which it says."""
    Store(tmp_path / "store").publish()
    made = digest_of(
        Settings(store=tmp_path / "store"), tmp_path / "site", now=datetime(2026, 11, 3, tzinfo=UTC)
    )
    assert made.stories == 0
    assert "Nothing was published" in (tmp_path / "site" / "index.html").read_text()


def test_a_store_of_an_older_voltwire_is_told_in_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Its published copy lacks what is asked for until the next run publishes it anew."""
    store = Store(tmp_path / "store")
    store.publish()
    with duckdb.connect(str(store.published)) as con:
        con.execute("DROP VIEW feed_health")
    call = ["digest", "--store", str(store.folder), "--output", str(tmp_path / "site")]
    assert run(call) == 2
    assert "run `voltwire ingest` once" in capsys.readouterr().err
