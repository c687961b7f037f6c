"""Backfills: a window on the date of publication, each row accounted for, nothing twice."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from flows.report import RunReport
from flows.run import BackfillOptions, Surroundings, run_backfill
from flows.settings import Settings
from ingest.errors import VoltwireError
from storage.store import Store

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
WARC = Path(__file__).parents[2] / "flows" / "demo" / "newsroom.warc.gz"


def row(name: str, **more: str) -> dict[str, str]:
    text = f"Plant {name} makes battery cells. " + f"Its {name} line runs {len(name)} shifts. " * 20
    return {"url": f"https://rows.example/{name}", "title": f"Plant {name}", "text": text, **more}


def rows_file(folder: Path, *rows: dict[str, Any] | str) -> Path:
    path = folder / "rows.jsonl"
    lines = [one if isinstance(one, str) else json.dumps(one) for one in rows]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def backfill(store: Path, path: Path, route: str = "jsonl", **options: Any) -> RunReport:
    report = asyncio.run(
        run_backfill(
            Settings(store=store, workers=1),
            BackfillOptions(route=route, paths=(path,), all_topics=True, **options),
            Surroundings(clock=lambda: NOW),
        )
    )
    assert report.stored + report.edited + report.known + report.rejected == report.entries
    assert sum(report.reasons.values()) == report.rejected
    return report


def ask(store: Path, query: str) -> list[tuple[Any, ...]]:
    with Store(store).read() as con:
        return con.execute(query).fetchall()


def test_the_window_is_on_the_day_of_publication(tmp_path: Path) -> None:
    """Both ends belong to it; what has no date is kept and counted."""
    days = ("2026-10-01", "2026-10-02", "2026-10-03T23:59:00Z", "2026-10-04")
    path = rows_file(
        tmp_path, *(row(f"d{n}", published=day) for n, day in enumerate(days)), row("undated")
    )
    report = backfill(tmp_path / "S", path, since=date(2026, 10, 2), until=date(2026, 10, 3))
    assert (report.stored, report.outside, report.undated) == (3, 2, 1)
    urls = ask(tmp_path / "S", "select url from articles order by 1")
    assert [url.rpartition("/")[2] for (url,) in urls] == ["d1", "d2", "undated"]


def test_a_second_backfill_adds_nothing(tmp_path: Path) -> None:
    """The same rows again are known, without a version."""
    path = rows_file(tmp_path, row("one"), row("two"), row("one"))
    report = backfill(tmp_path / "S", path)
    assert (report.stored, report.known) == (2, 1)
    again = backfill(tmp_path / "S", path)
    assert (again.stored, again.edited, again.known) == (0, 0, 3)
    assert ask(tmp_path / "S", "select max(version), count(*) from articles") == [(1, 2)]


def test_bad_rows_are_rejections_with_their_line(tmp_path: Path) -> None:
    """What cannot be used is told with file and line, and stops no other row."""
    path = rows_file(tmp_path, row("one"), "{broken", '["list"]', {"url": "x"}, row("two"))
    report = backfill(tmp_path / "S", path)
    assert (report.stored, report.reasons) == (2, {"bad_row": 3})
    told = ask(tmp_path / "S", "select url || ' ' || detail from rejections order by 1")
    assert [f"rows.jsonl:{line}" in text for (text,), line in zip(told, (2, 3, 4), strict=True)]
    assert all("rows.jsonl:" in text for (text,) in told)


def test_what_stands_before_the_damage_of_a_warc_is_stored(tmp_path: Path) -> None:
    """A broken tail is one rejection; the pages before it are articles."""
    cut = tmp_path / "cut.warc.gz"
    whole = WARC.read_bytes()
    cut.write_bytes(whole[: len(whole) // 6] + b"\x00broken" * 40)
    report = backfill(tmp_path / "S", cut, route="warc")
    assert report.stored > 0
    assert report.reasons["broken_archive"] == 1
    told = ask(tmp_path / "S", "select url from rejections where reason = 'broken_archive'")
    assert told == [(str(cut),)]


@pytest.mark.parametrize("route", ["jsonl", "warc"])
def test_a_file_of_the_wrong_kind_is_refused_before_anything_is_done(
    route: str, tmp_path: Path
) -> None:
    """No store is made for it, and no run recorded."""
    (tmp_path / "wrong").write_text("neither rows nor an archive\n")
    with pytest.raises(VoltwireError, match="wrong"):
        backfill(tmp_path / "S", tmp_path / "wrong", route=route)
    assert not (tmp_path / "S").exists()
