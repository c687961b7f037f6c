"""What is learned of a feed's publishing, and how long that lets it wait."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.rhythm import Rhythm, expected, first_look, fresh_wait, learn, loads, safe_wait

MONDAY = datetime(2026, 11, 2, tzinfo=UTC)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


def office(weeks: int, per_day: int = 8) -> Rhythm:
    """A rhythm learned from an office that publishes on weekdays from 9 to 17 UTC."""
    learned, picker = Rhythm(window=20), random.Random(1)
    for day in range(7 * weeks):
        start = MONDAY + day * DAY
        count = per_day if start.weekday() < 5 else 0
        times = [start + timedelta(hours=picker.uniform(9, 17)) for _ in range(count)]
        learned = learn(learned, times, start, start + DAY)
    return learned


def test_the_rate_is_learned_and_follows_a_change() -> None:
    """Eight entries a working day are some 5.7 a day; after a month of silence few are left."""
    learned = office(6)
    assert 5.0 < learned.per_day < 6.6
    end = MONDAY + 42 * DAY
    assert learn(learned, (), end, end + 30 * DAY).per_day < 1.0


def test_working_hours_and_weekends_show_after_two_weeks() -> None:
    """More is expected on a Tuesday morning than in its night, and little on a Sunday."""
    learned = office(2)
    tuesday, sunday = MONDAY + 15 * DAY, MONDAY + 20 * DAY
    morning = expected(learned, tuesday + 10 * HOUR, tuesday + 14 * HOUR)
    night = expected(learned, tuesday, tuesday + 4 * HOUR)
    assert morning > 6 * night
    assert expected(learned, tuesday, tuesday + DAY) > 3 * expected(learned, sunday, sunday + DAY)


def test_without_evidence_every_hour_is_alike() -> None:
    """One entry makes no shape: a feed must not be left alone at night for it."""
    learned = learn(Rhythm(window=10), [MONDAY + 9 * HOUR], MONDAY, MONDAY + DAY)
    day = MONDAY + DAY
    morning = expected(learned, day + 9 * HOUR, day + 10 * HOUR)
    assert morning < 2.5 * expected(learned, day + 21 * HOUR, day + 22 * HOUR)


def test_the_wait_is_longer_before_the_night_than_before_the_morning() -> None:
    """Polls go where entries come."""
    learned, tuesday = office(4), MONDAY + 29 * DAY
    evening = fresh_wait(learned, tuesday + 19 * HOUR, DAY)
    assert evening > 4 * fresh_wait(learned, tuesday + 10 * HOUR, DAY)
    assert evening < timedelta(hours=16)


def test_with_an_even_rate_the_wait_follows_the_square_root() -> None:
    """Four times the entries, twice the polls."""
    slow, fast = Rhythm(count=28.0, days=14.0), Rhythm(count=112.0, days=14.0)
    ratio = fresh_wait(slow, MONDAY, DAY) / fresh_wait(fast, MONDAY, DAY)
    assert 1.9 < ratio < 2.1


def test_the_safe_wait_leaves_room_in_the_window() -> None:
    """Fewer entries than the window holds are expected, even for a rate twice as high."""
    for window in (5, 10, 20, 50):
        learned = Rhythm(count=100.0, days=5.0, window=window)
        wait = safe_wait(learned, MONDAY, 30 * DAY)
        assert 2 * expected(learned, MONDAY, MONDAY + wait) < window
        cautious = safe_wait(replace(learned, caution=2.0), MONDAY, 30 * DAY)
        assert cautious < wait


def test_a_pinned_entry_does_not_slow_a_feed_down() -> None:
    """An old entry kept on top is left out of the first look; ten in three days are the rate."""
    recent = [MONDAY - n * 8 * HOUR for n in range(10)]
    times, since = first_look([*recent, MONDAY - 700 * DAY], MONDAY)
    assert since == min(recent)
    assert len(times) == 9
    assert 2.0 < learn(Rhythm(), times, since, MONDAY).per_day < 4.0


def test_dates_outside_the_time_watched_count_inside_it() -> None:
    """A backdated entry, or one of tomorrow, came in this time all the same."""
    odd = [MONDAY - 100 * DAY, MONDAY + 100 * DAY]
    learned = learn(Rhythm(), odd, MONDAY - DAY, MONDAY)
    assert 1.9 < learned.count <= 2.0
    assert first_look([], MONDAY) == ([], MONDAY)


def test_a_broken_record_teaches_nothing() -> None:
    """What cannot be read is a feed never seen, not an error."""
    for text in ("", "{}", "null", "[1]", '{"count": -1}', '{"count": NaN}', "\x00", "9" * 5000):
        assert loads(text) == Rhythm()
    kept = office(1)
    assert loads(loads(kept.dumps()).dumps()) == loads(kept.dumps())
    assert len(kept.dumps()) < 1200


@settings(deadline=None)
@given(
    st.lists(st.floats(-5, 5), max_size=30),
    st.floats(0, 400),
    st.integers(0, 5000),
    st.floats(1, 8),
)
def test_waits_are_never_negative_nor_longer_than_asked(
    days: list[float], watched: float, window: int, caution: float
) -> None:
    """Whatever was learned."""
    times = [MONDAY + timedelta(days=day) for day in days]
    start = Rhythm(window=window, caution=caution)
    learned = learn(start, times, MONDAY - timedelta(days=watched), MONDAY)
    assert timedelta(0) <= fresh_wait(learned, MONDAY, DAY) <= DAY
    assert timedelta(0) <= safe_wait(learned, MONDAY, DAY) <= DAY
    assert expected(learned, MONDAY, MONDAY + DAY) >= 0
    assert learned.per_day > 0
