"""When a feed is asked, and what its answers mean."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.models import Feed, FeedState, FetchFailure, NotModified, Page, Rejection
from ingest.parse import ParsedFeed
from ingest.poll import (
    after_failure,
    after_not_modified,
    after_success,
    is_due,
    next_poll_at,
    validators,
)

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
FEED = Feed(slug="a", url="https://a.example/feed", publisher="A", every_minutes=30)
PARSED = ParsedFeed(
    title="A", site_url="", language="", entries=(), skipped=(), repeated=0, ttl_minutes=None,
    next_url="", note="",
)  # fmt: skip
PAGE = Page(
    url=FEED.url, requested_url=FEED.url, status=200, content_type="text/xml", body=b"<rss/>",
    fetched_at=NOW, etag='"1"', last_modified="Mon, 23 Nov 2026 10:00:00 GMT",
)  # fmt: skip


def failure(status: int | None = None, reason: str = "", **more: object) -> FetchFailure:
    word = reason or f"http_{status}"
    return FetchFailure(url=FEED.url, reason=word, detail="", at=NOW, status=status, **more)


def minutes(state: FeedState, now: datetime = NOW) -> float:
    assert state.next_poll_at is not None
    return (state.next_poll_at - now).total_seconds() / 60


def test_a_new_feed_is_due_and_one_switched_off_is_not() -> None:
    """A feed without a state is asked at once unless a person switched it off."""
    assert is_due(FEED, None, NOW)
    assert not is_due(replace(FEED, enabled=False), None, NOW)
    assert next_poll_at(FEED, None, NOW) == NOW


def test_a_polled_feed_rests_for_its_interval() -> None:
    """After an answer the feed is due again when its interval is over, not before."""
    state = after_success(FEED, None, PAGE, PARSED, 1, NOW)
    assert 30 <= minutes(state) <= 33
    assert not is_due(FEED, state, NOW + timedelta(minutes=29))
    assert is_due(FEED, state, NOW + timedelta(minutes=33))
    assert next_poll_at(FEED, state, NOW) == state.next_poll_at


def test_a_feed_whose_address_was_edited_is_due_at_once() -> None:
    """What is known of the old address says nothing about the new one."""
    state = after_success(FEED, None, PAGE, PARSED, 1, NOW)
    edited = replace(FEED, url="https://a.example/new")
    assert is_due(edited, state, NOW)
    assert validators(FEED, state) == (PAGE.etag, PAGE.last_modified)
    assert validators(edited, state) == ("", "")
    failed = after_failure(edited, state, failure(503), NOW)
    assert not is_due(edited, failed, NOW + timedelta(minutes=5))


def test_success_keeps_validators_and_clears_failures() -> None:
    """ETag, Last-Modified and the body's digest are remembered; the failure count starts anew."""
    broken = after_failure(FEED, None, failure(503), NOW)
    state = after_success(FEED, broken, PAGE, PARSED, 0, NOW)
    assert (state.state, state.failures, state.detail) == ("ok", 0, "")
    assert (state.etag, state.last_modified) == (PAGE.etag, PAGE.last_modified)
    assert state.body_digest
    assert state.last_success_at == NOW
    assert state.last_delivered_at is None


def test_not_modified_counts_as_success_and_keeps_the_validators() -> None:
    """A 304 is an answer: validators stay and nothing is delivered."""
    before = after_success(FEED, None, PAGE, PARSED, 3, NOW)
    later = NOW + timedelta(hours=1)
    state = after_not_modified(FEED, before, NotModified(url=FEED.url, fetched_at=later), later)
    assert (state.state, state.etag, state.body_digest) == ("ok", before.etag, before.body_digest)
    assert state.last_success_at == later
    assert state.last_delivered_at == NOW


def test_a_moved_feed_is_ok_and_says_where() -> None:
    """A permanent redirect is remembered in words; the feed goes on working."""
    page = replace(PAGE, permanent_url="https://b.example/feed")
    state = after_success(FEED, None, page, PARSED, 1, NOW)
    assert state.state == "ok"
    assert state.detail == "moved to https://b.example/feed"
    assert not is_due(FEED, state, NOW + timedelta(minutes=5))
    unchanged = after_not_modified(FEED, state, NotModified(url=FEED.url, fetched_at=NOW), NOW)
    assert unchanged.detail == state.detail


def test_a_feed_that_delivers_nothing_for_a_month_is_quiet() -> None:
    """Answers without a new entry are no success to rely on."""
    before = after_success(FEED, None, PAGE, PARSED, 3, NOW)
    later = NOW + timedelta(days=31)
    assert after_success(FEED, before, PAGE, PARSED, 0, later).state == "quiet"
    assert after_success(FEED, before, PAGE, PARSED, 1, later).state == "ok"


@pytest.mark.parametrize(
    ("failed", "state"),
    [
        (failure(503), "failing"),
        (failure(reason="timeout"), "failing"),
        (failure(reason="not_in_archive"), "failing"),
        (failure(403), "blocked"),
        (failure(429), "blocked"),
        (failure(404), "failing"),
        (failure(410), "gone"),
        (Rejection(url="", feed="a", stage="parse", reason="html", detail="", at=NOW), "html"),
        (Rejection(url="", feed="a", stage="parse", reason="not_a_feed", detail="", at=NOW),
         "failing"),
    ],
)  # fmt: skip
def test_each_failure_has_its_state(failed: FetchFailure | Rejection, state: str) -> None:
    """What the answer was decides the word that a user sees."""
    assert after_failure(FEED, None, failed, NOW).state == state


def test_repeated_404_is_gone_and_a_success_brings_it_back() -> None:
    """One 404 happens in a deployment; three in a row mean that the feed went."""
    state = None
    seen = []
    for _ in range(4):
        state = after_failure(FEED, state, failure(404), NOW)
        seen.append(state.state)
    assert seen == ["failing", "failing", "gone", "gone"]
    assert after_success(FEED, state, PAGE, PARSED, 1, NOW).state == "ok"


def test_failure_keeps_what_was_known() -> None:
    """Validators and the times of the last success survive an outage."""
    before = after_success(FEED, None, PAGE, PARSED, 1, NOW)
    state = after_failure(FEED, before, failure(503), NOW + timedelta(hours=1))
    assert (state.etag, state.last_success_at) == (before.etag, NOW)
    assert state.detail == "http_503"


def test_waits_double_up_to_a_day() -> None:
    """Each further failure waits longer, and never longer than a day."""
    state, waits = None, []
    for _ in range(12):
        state = after_failure(FEED, state, failure(503), NOW)
        waits.append(minutes(state))
    assert waits == sorted(waits)
    assert waits[1] == pytest.approx(2 * waits[0])
    assert waits[-1] == 24 * 60


def test_retry_after_lengthens_and_never_shortens() -> None:
    """A server's wish is honoured up to a week; a wish for less does not undo the backoff."""
    asked = NOW + timedelta(hours=30)
    assert after_failure(FEED, None, failure(429, retry_at=asked), NOW).next_poll_at == asked
    far = after_failure(FEED, None, failure(429, retry_at=NOW + timedelta(days=900)), NOW)
    assert far.next_poll_at == NOW + timedelta(days=7)
    soon = after_failure(FEED, None, failure(429, retry_at=NOW), NOW)
    assert minutes(soon) >= 120


def test_a_feed_can_ask_for_longer_intervals() -> None:
    """ttl and max-age lengthen the interval within a bound; they never shorten it."""
    assert minutes(after_success(FEED, None, PAGE, replace(PARSED, ttl_minutes=90), 1, NOW)) >= 90
    assert minutes(after_success(FEED, None, replace(PAGE, max_age=7200), PARSED, 1, NOW)) >= 120
    assert minutes(after_success(FEED, None, PAGE, replace(PARSED, ttl_minutes=1), 1, NOW)) >= 30
    long = after_success(FEED, None, PAGE, replace(PARSED, ttl_minutes=99999), 1, NOW)
    assert minutes(long) <= 6 * 60 * 1.1


def test_feeds_of_one_cadence_fall_due_apart_and_always_alike() -> None:
    """The spread comes from the slug: the same every time, different between feeds."""
    waits = {
        slug: minutes(after_success(replace(FEED, slug=slug), None, PAGE, PARSED, 1, NOW))
        for slug in "abcdefgh"
    }
    assert len(set(waits.values())) == len(waits)
    again = after_success(replace(FEED, slug="c"), None, PAGE, PARSED, 1, NOW)
    assert minutes(again) == waits["c"]


@given(
    st.integers(1, 10**6),
    st.text(max_size=8),
    st.lists(
        st.sampled_from([200, 304, 403, 404, 410, 429, 500, 503, None]), min_size=1, max_size=12
    ),
)
def test_every_wait_is_between_ten_minutes_and_a_day(every: int, slug: str, answers) -> None:
    """Whatever the answers, no feed is asked in a hurry and none is forgotten."""
    feed = replace(FEED, slug=slug, every_minutes=every)
    state: FeedState | None = None
    for status in answers:
        if status == 200:
            state = after_success(feed, state, PAGE, PARSED, 0, NOW)
        elif status == 304:
            state = after_not_modified(feed, state, NotModified(url=feed.url, fetched_at=NOW), NOW)
        else:
            state = after_failure(feed, state, failure(status, reason="timeout"), NOW)
        most = 24 * 60 if status not in (200, 304) else max(24 * 60, every * 1.1)
        assert 10 <= minutes(state) <= most
        assert (state.failures == 0) == (status in (200, 304))
