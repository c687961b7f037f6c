"""Walks over days: what is passed, what is wanted, and that adjoining windows share no entry."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ingest.models import CoveredDay, FeedEntry
from ingest.routes.walk import Walk, ended, starts_before, state_of, step
from ingest.routes.window import Slice, Window, best, day_of, estimate, thin, todo

DAY = timedelta(days=1)
ZONES = st.integers(-12 * 4, 14 * 4).map(lambda n: timezone(timedelta(minutes=15 * n)))
# around what calendars get wrong: ends of months and years, leap days and the lack of them
EDGES = st.sampled_from(
    [date(2024, 2, 28), date(2023, 2, 28), date(2024, 12, 30), date(2000, 2, 28), date(2025, 3, 30)]
)
FIRST = st.one_of(EDGES, st.dates(date(1999, 12, 25), date(2026, 10, 1)))


def entry(at: datetime | None, name: str) -> FeedEntry:
    url = f"https://a.example/{name}"
    return FeedEntry(url=url, canonical_url=url, published_at=at)


@given(
    first=FIRST,
    lengths=st.lists(st.integers(1, 40), min_size=1, max_size=4),
    zone=ZONES,
    minutes=st.lists(st.integers(0, 24 * 60 - 1), min_size=1, max_size=3),
    page=st.integers(1, 12),
)
@example(date(2024, 2, 28), [1, 1, 1], UTC, [0, 1439], 1)
def test_every_planted_day_is_taken_exactly_once(
    first: date, lengths: list[int], zone: timezone, minutes: list[int], page: int
) -> None:
    """Windows side by side over turns of the calendar, entries in any zone, pages of any size."""
    days = sum(lengths)
    midnight = datetime(first.year, first.month, first.day, tzinfo=UTC)
    planted = [
        entry((midnight + n * DAY + timedelta(minutes=minute)).astimezone(zone), f"{n}-{at}")
        for n in range(-2, days + 2)
        for at, minute in enumerate(minutes)
    ]
    planted.sort(key=lambda one: one.published_at or midnight, reverse=True)
    pages = [planted[at : at + page] for at in range(0, len(planted), page)]
    taken: Counter[str] = Counter()
    begin = first
    for length in lengths:
        window = Window(begin, begin + (length - 1) * DAY)
        begin += length * DAY
        walk = Walk(days=frozenset(window.days))
        for number, listed in enumerate(pages):
            walk, new = step(walk, f"p{number}", listed)
            taken.update(one.url for one in new)
            if walk.ended:
                break
        if not walk.ended:
            walk = ended(walk, "end", "")
        assert walk.passed == frozenset(window.days)
        assert len(window.days) == length
    inside = {
        one.url
        for one in planted
        if one.published_at and first <= day_of(one.published_at) < first + days * DAY
    }
    assert taken == Counter(inside)
    assert len(inside) == days * len(minutes)


@given(first=FIRST, length=st.integers(1, 800), size=st.sampled_from(["month", "day", "whole"]))
@example(date(2023, 12, 31), 62, "month")
@example(date(2024, 2, 29), 1, "month")
def test_slices_hold_every_day_of_a_window_once_newest_first(
    first: date, length: int, size: Slice
) -> None:
    """Months of the calendar, cut where the window begins and ends; single days; or all of it."""
    window = Window(first, first + (length - 1) * DAY)
    parts = window.slices(size)
    days = [day for part in reversed(parts) for day in part.days]
    assert days == list(window.days)
    months = len({(day.year, day.month) for day in days})
    assert len(parts) == {"month": months, "day": length, "whole": 1}[size]
    if size == "month":
        assert all((part.since.month == part.until.month) for part in parts)


def test_a_day_is_passed_only_when_a_whole_page_is_older() -> None:
    """An old entry pinned to the first page ends nothing."""
    now = datetime(2026, 3, 10, 12, tzinfo=UTC)
    walk = Walk(days=frozenset(Window(date(2026, 3, 5), date(2026, 3, 8)).days))
    first = [entry(now, "x"), entry(now - DAY / 24, "y"), entry(now - 300 * DAY, "pinned")]
    walk, new = step(walk, "1", first)
    assert (walk.ended, walk.passed, new) == ("", frozenset(), [])
    walk, new = step(walk, "2", [entry(now - 2 * DAY, "a"), entry(now - 4 * DAY, "b")])
    assert [one.url[-1] for one in new] == ["a", "b"]
    assert walk.passed == frozenset()
    walk, _ = step(walk, "3", [entry(now - 4 * DAY, "c")])
    assert walk.passed == {date(2026, 3, 7), date(2026, 3, 8)}
    walk, _ = step(walk, "4", [entry(now - 9 * DAY, "d")])
    assert walk.ended == "older"
    assert walk.reach[date(2026, 3, 8)] == "2"


@pytest.mark.parametrize(
    ("how", "states"),
    [
        ("end", "complete complete"),
        ("short", "partial complete"),
        ("repeated", "partial complete"),
        ("failed", "failed failed"),
        ("spent", "open open"),
    ],
)
def test_what_is_said_of_a_day_follows_from_how_the_walk_ended(how: str, states: str) -> None:
    """A list that ends inside a day may hold half of it."""
    first, second = Window(date(2026, 3, 5), date(2026, 3, 6)).days
    walk = Walk(days=frozenset({first, second}))
    at = datetime(2026, 3, 6, 9, tzinfo=UTC)
    walk, _ = step(walk, "1", [entry(at, "a"), entry(at - DAY, "b")])
    walk = ended(walk, how, "")  # type: ignore[arg-type]
    today = date(2026, 4, 1)
    assert f"{state_of(walk, first, 1, today)} {state_of(walk, second, 1, today)}" == states
    if how == "end":
        # a day that is not over is never done
        assert state_of(walk, second, 1, second) == "open"


def test_a_remembered_page_counts_only_when_it_begins_before_the_days() -> None:
    """Where posts were taken down it lies too far back, and the walk begins anew."""
    at = datetime(2026, 3, 6, 9, tzinfo=UTC)
    days = frozenset({date(2026, 3, 6)})
    assert starts_before(days, [entry(at + DAY, "a"), entry(at, "b")])
    assert not starts_before(days, [entry(at, "b"), entry(None, "c")])


def test_far_too_few_entries_make_a_stretch_thin() -> None:
    """Empty weeks of a daily feed, and a tenth of the usual number; a slow weekend is neither."""
    days = Window(date(2026, 3, 1), date(2026, 3, 31)).days
    usual = dict.fromkeys(days, 5)
    assert thin(usual, None) == thin(usual, 5.0) == frozenset()
    assert thin(usual | dict.fromkeys(days[6:8], 0), 5.0) == frozenset()
    assert thin(usual | dict.fromkeys(days[10:20], 0), 5.0) == frozenset(days[10:20])
    assert thin(dict.fromkeys(days, 1), 10.0) == frozenset(days)


def test_days_done_are_not_to_do() -> None:
    """By the same route, or for ``auto`` by any that has them complete; failed ones are."""
    window = Window(date(2026, 3, 1), date(2026, 3, 4))
    one, two, three, four = window.days
    rows = [
        CoveredDay(feed="a", day=one, route="x", state="missing"),
        CoveredDay(feed="a", day=two, route="x", state="failed"),
        CoveredDay(feed="a", day=three, route="y", state="complete", found=2),
        CoveredDay(feed="a", day=one, route="y", state="thin", found=1),
        CoveredDay(feed="a", day=None, route="x", state="undated"),
    ]
    assert todo(window, rows, "x") == {two, three, four}
    assert todo(window, rows, "x", any_route=True) == {two, four}
    assert best(rows)[one].route == "y"
    assert estimate(frozenset(), ["x"], 1.0).most == 0
    cost = estimate(frozenset(window.days), ["wordpress", "sitemap"], 5.0)
    assert 20 < cost.likely < 40 < cost.most
