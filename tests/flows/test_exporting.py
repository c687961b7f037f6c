"""``voltwire export``: files by month that lose nothing, whole at every moment."""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import socket
import subprocess
import sys
from collections import Counter
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest

from flows import exporting
from flows.cli import run
from flows.context import Silent
from flows.exporting import ExportFailed, export_months
from flows.run import BackfillOptions, run_backfill
from flows.settings import Settings
from storage.export import FORMATS, VIEWS
from storage.store import Store

READ = {
    "parquet": "read_parquet('{}/*.parquet')",
    "csv": "read_csv('{}/*.csv')",
    "jsonl": "read_json('{}/*.jsonl')",
}


def exported(store: Path, output: Path, **options: Any) -> exporting.ExportReport:
    chosen: dict[str, Any] = {"view": "articles", "form": "parquet", "since": None, "until": None}
    with Store(store).read() as con:
        return export_months(con, output, progress=Silent(), **(chosen | options))


def ask(query: str) -> list[tuple[Any, ...]]:
    con = duckdb.connect()
    con.execute("SET TimeZone = 'UTC'")
    return con.execute(query).fetchall()


def stored(store: Path, query: str) -> list[tuple[Any, ...]]:
    with Store(store).read() as con:
        return con.execute(query).fetchall()


def undate_one(store: Path, folder: Path) -> Path:
    """A store of its own, filled from a file, with one article that has no date."""
    rows = [
        {"url": "https://a.example/1", "title": "Cells", "published": "2026-09-30T23:59:59Z"},
        {"url": "https://a.example/2", "title": "Packs", "published": "2026-10-01T00:00:00Z"},
        {"url": "https://a.example/3", "title": "Grid"},
    ]
    source = folder / "rows.jsonl"
    source.write_text(
        "".join(
            json.dumps({**row, "text": f"{row['title']} made news in {n} battery plants today."})
            + "\n"
            for n, row in enumerate(rows)
        )
    )
    options = BackfillOptions(route="jsonl", paths=(source,), all_topics=True)
    asyncio.run(run_backfill(Settings(store=store, workers=1), options))
    return store


@pytest.mark.parametrize("form", FORMATS)
def test_every_row_of_every_month_goes_out_once(form: str, demo: Any, tmp_path: Path) -> None:
    """The files together hold what the view holds, each row in the month it came out."""
    report = exported(demo.store, tmp_path, form=form)
    counted = stored(
        demo.store, "SELECT strftime(published_at, '%Y-%m'), count(*) FROM articles GROUP BY 1"
    )
    assert {one.month: one.rows for one in report.files} == dict(counted)
    found = ask(f"SELECT article_id, text FROM {READ[form].format(tmp_path)}")
    assert Counter(found) == Counter(stored(demo.store, "SELECT article_id, text FROM articles"))
    for one in report.files:
        at = "published" if form == "jsonl" else "published_at"
        months = set(ask(f"SELECT strftime({at}::TIMESTAMP, '%Y-%m') FROM '{tmp_path / one.file}'"))
        assert months == {(one.month,)}


@pytest.mark.parametrize("view", VIEWS)
def test_each_view_goes_out_whole(view: str, demo: Any, tmp_path: Path) -> None:
    """What hangs on an article is exported as completely as the articles."""
    exported(demo.store, tmp_path, view=view)
    ((rows,),) = stored(demo.store, f"SELECT count(*) FROM {view}")
    assert rows > 0
    assert ask(f"SELECT count(*) FROM {READ['parquet'].format(tmp_path)}") == [(rows,)]
    columns = [name for name, *_ in stored(demo.store, f"DESCRIBE {view}")]
    assert [n for n, *_ in ask(f"DESCRIBE FROM {READ['parquet'].format(tmp_path)}")] == columns


def test_exporting_again_writes_the_same_bytes(demo: Any, tmp_path: Path) -> None:
    """A re-run replaces each file, by the same content where nothing changed."""
    exported(demo.store, tmp_path, form="jsonl")
    before = {path.name: (path.read_bytes(), path.stat().st_ino) for path in tmp_path.iterdir()}
    exported(demo.store, tmp_path, form="jsonl")
    after = {path.name: (path.read_bytes(), path.stat().st_ino) for path in tmp_path.iterdir()}
    assert {name: content for name, (content, _) in before.items()} == {
        name: content for name, (content, _) in after.items()
    }
    assert all(after[name][1] != before[name][1] for name in before), "written in place"


def test_jsonl_rows_fill_another_store(demo: Any, tmp_path: Path) -> None:
    """What goes out as jsonl comes in by the jsonl route: texts, dates, titles and authors."""
    report = exported(demo.store, tmp_path / "rows", form="jsonl")
    files = tuple(tmp_path / "rows" / one.file for one in report.files)
    other = tmp_path / "other"
    options = BackfillOptions(route="jsonl", paths=files, all_topics=True)
    done = asyncio.run(run_backfill(Settings(store=other, workers=1), options))
    assert done.rejected == 0
    query = "SELECT url, title, published_at, author, text FROM articles"
    assert Counter(stored(other, query)) == Counter(stored(demo.store, query))


def test_a_month_begins_at_midnight_utc_and_undated_articles_stand_apart(tmp_path: Path) -> None:
    """Second by second: the last of September, the first of October, and no date at all."""
    store = undate_one(tmp_path / "store", tmp_path)
    report = exported(store, tmp_path / "out")
    assert [(one.file, one.rows) for one in report.files] == [
        ("articles-2026-09.parquet", 1),
        ("articles-2026-10.parquet", 1),
        ("articles-undated.parquet", 1),
    ]


def test_a_window_is_in_whole_days_and_keeps_what_has_no_date(tmp_path: Path) -> None:
    """--until names the last day; an article without a date is never left behind."""
    store = undate_one(tmp_path / "store", tmp_path)
    day = date(2026, 9, 30)
    report = exported(store, tmp_path / "out", since=day, until=day)
    assert [one.month for one in report.files] == ["2026-09", "undated"]
    later = exported(store, tmp_path / "later", since=day + timedelta(days=1))
    assert [one.month for one in later.files] == ["2026-10", "undated"]


def test_a_part_of_a_month_never_replaces_more_of_it(demo: Any, tmp_path: Path) -> None:
    """Days that an earlier export brought are not lost to a narrower window; a re-run is fine."""
    exported(demo.store, tmp_path, form="csv")
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    with pytest.raises(ExportFailed) as raised:
        exported(demo.store, tmp_path, form="csv", since=date(2026, 11, 2))
    assert "--since 2026-11-01" in raised.value.hint
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before
    narrow = tmp_path / "narrow"
    for form in FORMATS:
        for _ in range(2):
            exported(demo.store, narrow, form=form, since=date(2026, 11, 2))


def test_a_month_without_rows_loses_its_file_and_nothing_else_goes(
    demo: Any, tmp_path: Path
) -> None:
    """A stale month would bring back articles that moved; files of other names are a person's."""
    mine = ["articles-2025-01.csv", "articles-notes.parquet", "news-2025-01.parquet", "x.parquet"]
    for name in ("articles-2025-01.parquet", "articles-undated.parquet", *mine):
        (tmp_path / name).write_text("old")
    report = exported(demo.store, tmp_path)
    assert report.removed == ("articles-2025-01.parquet", "articles-undated.parquet")
    assert all((tmp_path / name).read_text() == "old" for name in mine)


def test_a_failing_export_leaves_the_old_files_and_no_leftovers(
    demo: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A full disk costs the new file, not the one that stands there."""
    exported(demo.store, tmp_path)
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}

    def full(*arguments: Any, **_named: Any) -> None:
        arguments[3].write_bytes(b"half")
        raise duckdb.IOException("IO Error: Could not write: No space left on device")

    monkeypatch.setattr("storage.export.write_part", full)
    with pytest.raises(ExportFailed, match="No space left"):
        exported(demo.store, tmp_path)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_the_command_reports_files_and_rows(
    demo: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """--json says what was written; without it a table of files."""
    asked = ["export", "--store", str(demo.store), "--format", "csv", "--output", str(tmp_path)]
    assert run([*asked, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["rows"] == sum(one["rows"] for one in told["files"]) > 0
    assert {one["file"] for one in told["files"]} == {path.name for path in tmp_path.iterdir()}
    assert run(asked) == 0
    assert "articles-2026-11.csv" in capsys.readouterr().out
    assert run([*asked, "--since", "2026-11-02", "--until", "2026-11-01"]) == 2
    assert run([*asked[:-1], "/dev/null/no"]) == 2
    assert "cannot write" in capsys.readouterr().err


def test_what_a_killed_export_left_half_written_is_swept(demo: Any, tmp_path: Path) -> None:
    """Parts of dead processes go at the next export; those of living ones and strangers stay."""
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    host = re.sub(r"[^A-Za-z0-9-]", "-", socket.gethostname())
    dead = tmp_path / f".articles-2026-11.parquet.{host}.{ended.pid}.part"
    alive = tmp_path / f".news-2026-11.parquet.{host}.{os.getppid()}.part"
    elsewhere = tmp_path / f".articles-2026-11.parquet.other-host.{ended.pid}.part"
    stranger = tmp_path / ".download.part"
    for path in (dead, alive, elsewhere, stranger):
        path.write_bytes(b"half")
    exported(demo.store, tmp_path)
    assert not dead.exists()
    assert all(path.exists() for path in (alive, elsewhere, stranger))


def test_a_killed_export_leaves_no_half_file_behind_for_long(demo: Any, tmp_path: Path) -> None:
    """kill -9 in the middle of a file: what stood there is whole, the next export cleans up."""
    exported(demo.store, tmp_path)
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    script = (
        "import os, signal, sys; from storage import export; from flows.cli import run\n"
        "def die(con, view, month, target, **_):\n"
        "    target.write_bytes(b'half'); os.kill(os.getpid(), signal.SIGKILL)\n"
        "export.write_part = die\n"
        "run(['export', '--format', 'parquet', '--store', sys.argv[1], '--output', sys.argv[2]])"
    )
    killed = subprocess.run([sys.executable, "-c", script, str(demo.store), str(tmp_path)])
    assert killed.returncode == -signal.SIGKILL
    assert len(list(tmp_path.glob(".*.part"))) == 1
    exported(demo.store, tmp_path)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before
