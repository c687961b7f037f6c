"""Gaps are kept, tried again a few times, and closed."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from ingest.models import Gap
from storage import gaps


@pytest.fixture
def gap(build):
    return Gap(
        feed="a", from_at=build.noon - timedelta(days=3), to_at=build.noon - timedelta(days=1),
        detected_at=build.noon,
    )  # fmt: skip


def test_a_gap_comes_back_whole(con, gap):
    """Every field is stored; what was never tried is open."""
    gaps.save(con, [gap])
    assert gaps.open_gaps(con, 3) == {"a": [gap]}
    shown = con.execute("SELECT feed, from_at, to_at, repaired_at, attempts FROM gaps").fetchall()
    assert shown == [("a", gap.from_at, gap.to_at, None, 0)]


def test_a_later_try_replaces_the_row(con, build, gap):
    """One gap is one row, whatever was done about it."""
    other = replace(gap, feed="b")
    gaps.save(con, [gap, other])
    tried = replace(gap, attempts=1, route="wordpress", detail="http_503")
    gaps.save(con, [tried])
    assert gaps.open_gaps(con, 3) == {"a": [tried], "b": [other]}
    gaps.save(con, [replace(tried, attempts=2, repaired_at=build.noon)])
    assert gaps.open_gaps(con, 3) == {"b": [other]}
    assert con.execute("SELECT count(*) FROM gaps").fetchall() == [(2,)]


def test_a_gap_that_was_tried_often_is_left_alone(con, gap):
    """It stays in the view, and is not asked for again."""
    gaps.save(con, [replace(gap, attempts=3)])
    assert gaps.open_gaps(con, 3) == {}
    assert con.execute("SELECT count(*) FROM gaps WHERE repaired_at IS NULL").fetchall() == [(1,)]


def test_no_gaps_are_fine(con):
    """An empty list is normal."""
    gaps.save(con, [])
    assert gaps.open_gaps(con, 3) == {}
