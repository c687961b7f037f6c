"""Rejections: one row a URL and stage, counting attempts."""

from __future__ import annotations

from datetime import timedelta

from storage import rejections

COLUMNS = "url, stage, reason, detail, first_at, last_at, attempts, retry_at"


def _rows(con):
    return con.execute(f"SELECT {COLUMNS} FROM rejections ORDER BY ALL").fetchall()


def test_attempts_at_one_url_and_stage_share_a_row(con, build):
    """First and last time, the number of attempts, and the last reason are kept."""
    later = build.noon + timedelta(hours=1)
    rejections.save(con, [build.rejection("a")])
    again = build.rejection("a", at=later, reason="http_404", detail="gone", retry_at=later)
    rejections.save(con, [again, build.rejection("a", stage="extract")])
    assert _rows(con) == [
        ("https://news.example/a", "extract", "timeout", "", build.noon, build.noon, 1, None),
        ("https://news.example/a", "fetch", "http_404", "gone", build.noon, later, 2, later),
    ]


def test_the_same_rejection_again_changes_nothing(con, build):
    """A batch handed in twice is not two attempts."""
    batch = [build.rejection("a"), build.rejection("a"), build.rejection("b")]
    rejections.save(con, batch)
    before = _rows(con)
    rejections.save(con, batch)
    assert _rows(con) == before
    assert [row[6] for row in before] == [1, 1]


def test_two_attempts_in_one_batch_count_as_two(con, build):
    """Attempts at different times inside a batch add up."""
    later = build.noon + timedelta(hours=1)
    rejections.save(con, [build.rejection("a", at=later), build.rejection("a")])
    assert [(row[4], row[5], row[6]) for row in _rows(con)] == [(build.noon, later, 2)]


def test_what_became_an_article_is_no_rejection(con, build):
    """Clearing forgets every stage of a URL and nothing else."""
    rejections.save(
        con, [build.rejection("a"), build.rejection("a", stage="gate"), build.rejection("b")]
    )
    rejections.clear(con, ["https://news.example/a"])
    rejections.clear(con, [])
    assert [row[0] for row in _rows(con)] == ["https://news.example/b"]
