"""Answers of a stopped run: which are handed out, in which order, and which are asked for anew."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

from ingest.archive import ArchiveWriter, run_of
from ingest.earlier import Earlier
from ingest.routes.window import Window, fresh_from

AT = datetime(2026, 11, 2, 6, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
URL = "https://a.example/feed?paged=2"


def written(folder: Path, run: str, *answers: tuple[str, int, str, datetime]) -> Path:
    with ArchiveWriter(folder, lambda: AT, run=run) as writer:
        for url, status, body, at in answers:
            writer.write(
                url=url, status=status, phrase="", headers=[("Content-Type", "text/html")],
                body=body.encode(), fetched_at=at,
            )  # fmt: skip
    return next(path for path in folder.rglob("*.warc.gz") if run_of(path) == run)


def bodies(earlier: Earlier, url: str) -> list[str]:
    found = []
    while taken := earlier.take(url):
        found.append(taken[0].body.decode())
    return found


def test_each_answer_is_handed_out_once_in_the_order_of_the_runs(tmp_path: Path) -> None:
    """A page read twice gets both of its answers, across two stopped runs; others' are left."""
    written(tmp_path, "one", (URL, 200, "first", AT), (URL, 404, "gone", AT + HOUR))
    written(tmp_path, "two", (URL, 200, "third", AT + 2 * HOUR))
    written(tmp_path, "other", (URL, 200, "never", AT))
    earlier = Earlier.of(tmp_path, {"one": AT, "two": AT + HOUR}, AT)
    assert len(earlier) == 3
    assert bodies(earlier, URL) == ["first", "gone", "third"]
    assert earlier.taken == 3
    assert earlier.take("https://a.example/other") is None


def test_answers_that_say_not_now_or_are_old_are_asked_for_again(tmp_path: Path) -> None:
    """Overloads, refusals for a while, 304s, and all from before the time given."""
    passing = [(URL, status, "", AT) for status in (304, 429, 500, 503)]
    written(tmp_path, "one", *passing, (URL, 200, "old", AT - HOUR), (URL, 200, "new", AT))
    assert bodies(Earlier.of(tmp_path, {"one": AT}, AT), URL) == ["new"]


def test_what_a_kill_cut_off_is_as_if_not_there(tmp_path: Path) -> None:
    """A file that ends inside a record gives those before it; one that is no file gives none."""
    path = written(tmp_path, "one", (URL, 200, "whole", AT), (URL, 200, "x" * 500, AT))
    path.write_bytes(path.read_bytes()[:-20])
    (path.parent / "20991231T000000Z-00000000.warc.gz").write_bytes(b"\x1f\x8b no")
    assert bodies(Earlier.of(tmp_path, {"one": AT}, AT), URL) == ["whole"]
    assert len(Earlier.of(tmp_path, {}, AT)) == 0
    assert len(Earlier.of(tmp_path / "nowhere", {"one": AT}, AT)) == 0


def test_a_day_that_was_not_over_is_never_judged_by_an_earlier_listing() -> None:
    """Listings of today stand for today; of a window over long ago for a day and a night."""
    today = AT.date()
    midnight = AT.replace(hour=0)
    yesterday = today - timedelta(days=1)
    assert fresh_from(Window(yesterday, today), AT) == midnight
    assert fresh_from(Window(yesterday, yesterday), AT) == midnight
    long_ago = today - timedelta(days=90)
    assert fresh_from(Window(long_ago, long_ago), AT) == AT - 24 * HOUR
