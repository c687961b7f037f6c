"""What is done with a listed entry, and how entries are grouped."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.decide import EDIT_PAUSE, EDIT_WINDOW, is_fresh, merge, portion, step_for
from ingest.models import FeedEntry, FeedState
from storage.models import EntryRecord

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


def entry(url: str = "https://a.example/1", **changes: Any) -> FeedEntry:
    return FeedEntry(url=url, canonical_url=url, **changes)


def record(**changes: Any) -> EntryRecord:
    fields: dict[str, Any] = {
        "canonical_url": "https://a.example/1", "article_id": "k3v5q2m7x0ab", "outcome": "article",
        "revision": "old", "checked_at": NOW - EDIT_PAUSE,
    }  # fmt: skip
    return EntryRecord(**(fields | changes))


URLS = st.builds("https://{}.example/{}".format, st.sampled_from("abcdefg"), st.integers(0, 40))


@given(st.lists(URLS, max_size=80))
def test_merging_keeps_each_url_once_and_counts_the_rest(urls: list[str]) -> None:
    """In order of first sight, and the sightings add up."""
    listed = merge([entry(url) for url in urls])
    assert [one.entry.canonical_url for one in listed] == list(dict.fromkeys(urls))
    assert {one.entry.canonical_url: one.times for one in listed} == Counter(urls)


def test_merging_keeps_the_first_sighting() -> None:
    """A later listing of the same URL does not replace what the first said."""
    (one,) = merge([entry(title="first"), entry(title="second")])
    assert (one.entry.title, one.times) == ("first", 2)


def test_a_new_entry_is_fetched() -> None:
    """What the store does not know is asked for."""
    assert step_for(entry(), None, NOW) == "fetch"


@pytest.mark.parametrize(
    ("retry_at", "step"),
    [
        (None, "rejected"),
        (NOW + timedelta(seconds=1), "rejected"),
        (NOW, "fetch"),
        (NOW - timedelta(days=9), "fetch"),
    ],
)
def test_a_rejected_entry_is_fetched_when_its_time_has_come(
    retry_at: datetime | None, step: str
) -> None:
    """Never without a time, and not a second before it."""
    known = record(article_id=None, outcome="rejected", reason="http_503", retry_at=retry_at)
    assert step_for(entry(), known, NOW) == step


@pytest.mark.parametrize(
    ("listed", "stored", "step"),
    [
        ({"revision": "new"}, {}, "refetch"),
        ({"revision": "old"}, {}, "known"),
        ({"revision": ""}, {}, "known"),
        ({"revision": "new"}, {"revision": ""}, "known"),
        ({"revision": "new", "published_at": NOW - EDIT_WINDOW}, {}, "refetch"),
        ({"revision": "new", "published_at": NOW - EDIT_WINDOW * 1.01}, {}, "known"),
        ({"revision": "new"}, {"checked_at": NOW - EDIT_PAUSE * 0.99}, "known"),
        ({"revision": "new"}, {"checked_at": None}, "refetch"),
    ],
)
def test_a_stored_entry_is_fetched_again_for_a_fresh_edit_only(
    listed: dict[str, Any], stored: dict[str, Any], step: str
) -> None:
    """Its revision changed, it is young, and it was not looked at within the hour."""
    assert step_for(entry(**listed), record(**stored), NOW) == step


def test_an_entry_stored_by_a_killed_run_is_still_fresh_to_its_feed() -> None:
    """What was first seen after the feed's last whole poll counts as delivered by the next one."""
    polled = FeedState(slug="a", last_polled_at=NOW - timedelta(hours=1))
    assert is_fresh(None, polled)
    assert is_fresh(record(first_seen_at=NOW), polled)
    assert is_fresh(record(first_seen_at=NOW), None)
    assert not is_fresh(record(first_seen_at=NOW - timedelta(hours=2)), polled)
    assert not is_fresh(record(first_seen_at=None), None)


def test_a_run_takes_so_many_entries_of_each_feed() -> None:
    """What is over of one feed waits, in its order; the others are not touched by it."""
    many = [entry(f"https://a.example/{n}", feed="many") for n in range(5)]
    few = [entry(f"https://b.example/{n}", feed="few") for n in range(2)]
    so_far: Counter[str] = Counter()
    assert portion([*many, *few], 3, so_far) == ([*many[:3], *few], many[3:])
    assert portion([many[0], few[0]], 3, so_far) == ([few[0]], [many[0]])
