"""When a feed is asked, and what its answers mean."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest import gaps, rhythm
from ingest.models import (
    Feed,
    FeedEntry,
    FeedState,
    FetchFailure,
    NotModified,
    Page,
    Rejection,
)
from ingest.parse import ParsedFeed
from ingest.poll import (
    address,
    after_failure,
    after_not_modified,
    after_success,
    doubts,
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
UNCHANGED = NotModified(url=FEED.url, fetched_at=NOW)
HTML = Rejection(url="", feed="a", stage="parse", reason="html", detail="", at=NOW)


def entry(name: str, at: datetime | None = NOW) -> FeedEntry:
    url = f"https://a.example/{name}"
    return FeedEntry(url=url, canonical_url=url, feed="a", title=name, published_at=at)


def listing(count: int, newest: datetime, every: timedelta, name: str = "n") -> ParsedFeed:
    """``count`` entries, one ``every`` so often, the last at ``newest``."""
    times = [newest - n * every for n in range(count)]
    return replace(PARSED, entries=tuple(entry(f"{name}{at:%y%m%d%H%M%S}", at) for at in times))


def success(
    state: FeedState | None,
    parsed: ParsedFeed = PARSED,
    now: datetime = NOW,
    *,
    feed: Feed = FEED,
    page: Page = PAGE,
    **more: Any,
) -> FeedState:
    """A poll that succeeds and to which everything listed is new."""
    fresh = {one.canonical_url for one in parsed.entries}
    gap = gaps.find_gap(feed, state, parsed.entries, now)
    return after_success(feed, state, page, parsed, fresh, now, gap=gap, **more)


def failure(status: int | None = None, reason: str = "", **more: Any) -> FetchFailure:
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
    state = success(None)
    assert 30 <= minutes(state) <= 33
    assert not is_due(FEED, state, NOW + timedelta(minutes=29))
    assert is_due(FEED, state, NOW + timedelta(minutes=33))
    assert next_poll_at(FEED, state, NOW) == state.next_poll_at


def test_a_feed_whose_address_was_edited_is_due_at_once() -> None:
    """What is known of the old address says nothing about the new one."""
    state = success(None)
    edited = replace(FEED, url="https://a.example/new")
    assert is_due(edited, state, NOW)
    assert validators(FEED, state, NOW) == (PAGE.etag, PAGE.last_modified)
    assert validators(edited, state, NOW) == ("", "")
    failed = after_failure(edited, state, failure(503), NOW)
    assert not is_due(edited, failed, NOW + timedelta(minutes=5))


def test_a_lively_feed_is_asked_more_often_than_a_slow_one() -> None:
    """The interval is learned from the very first listing."""
    waits = [
        minutes(success(None, listing(30, NOW, timedelta(hours=hours)))) for hours in (1, 6, 37)
    ]
    assert waits == sorted(waits)
    assert waits[0] < 60
    assert waits[-1] > 3 * waits[0]


def test_a_short_window_is_never_let_roll_over() -> None:
    """Ten listed entries of a feed with sixty a day are asked for within the time of ten."""
    slow = replace(FEED, every_minutes=600)
    short = success(None, listing(10, NOW, timedelta(minutes=24)), feed=slow)
    long = success(None, listing(100, NOW, timedelta(minutes=24)), feed=slow)
    assert minutes(short) < 10 * 24
    assert minutes(long) > minutes(short)


def test_a_gap_shortens_the_interval() -> None:
    """After entries were lost without an outage the window counts as smaller than it is."""
    feed = replace(FEED, every_minutes=10)
    first = success(None, listing(10, NOW, timedelta(minutes=20)), feed=feed)
    later = NOW + timedelta(hours=2)
    met = success(first, listing(10, later, timedelta(minutes=20)), later, feed=feed)
    lost = success(first, listing(10, later, timedelta(minutes=10), "z"), later, feed=feed)
    assert rhythm.loads(met.rhythm).caution == 1.0
    assert rhythm.loads(lost.rhythm).caution == 2.0
    assert minutes(lost, later) < minutes(met, later)


def test_success_keeps_validators_and_clears_failures() -> None:
    """ETag, Last-Modified and the body's digest are remembered; the failure count starts anew."""
    broken = after_failure(FEED, None, failure(503), NOW)
    state = success(broken)
    assert (state.state, state.failures, state.detail) == ("ok", 0, "")
    assert (state.etag, state.last_modified) == (PAGE.etag, PAGE.last_modified)
    assert state.body_digest
    assert state.last_success_at == NOW
    assert state.last_delivered_at is None


def test_validators_are_renewed_and_kept_when_the_body_is_unchanged() -> None:
    """The newest ones count; an answer that leaves them out does not erase those of this body."""
    state = success(None)
    renewed = success(state, page=replace(PAGE, etag='"2"'))
    assert renewed.etag == '"2"'
    kept = success(renewed, page=replace(PAGE, etag="", last_modified=""))
    assert (kept.etag, kept.last_modified) == ('"2"', PAGE.last_modified)
    other = success(renewed, page=replace(PAGE, etag="", last_modified="", body=b"<rss>2</rss>"))
    assert (other.etag, other.last_modified) == ("", "")


def test_not_modified_counts_as_success_and_keeps_the_validators() -> None:
    """A 304 is an answer: validators stay and nothing is delivered."""
    before = success(None, listing(3, NOW, timedelta(hours=1)))
    later = NOW + timedelta(hours=1)
    state = after_not_modified(FEED, before, UNCHANGED, later)
    assert (state.state, state.etag, state.body_digest) == ("ok", before.etag, before.body_digest)
    assert state.last_success_at == later
    assert state.last_delivered_at == NOW
    assert state.body_at == NOW


def test_a_304_is_doubted_when_entries_are_overdue() -> None:
    """A feed with an entry an hour that reports nothing for half a day is asked in full."""
    state = success(None, listing(40, NOW, timedelta(hours=1)))
    assert not doubts(FEED, state, NOW + timedelta(hours=1))
    assert doubts(FEED, state, NOW + timedelta(hours=12))
    weekly = success(None, listing(10, NOW, timedelta(days=7)))
    assert not doubts(FEED, weekly, NOW + timedelta(days=2))
    assert doubts(FEED, weekly, NOW + timedelta(days=8))


def test_a_304_that_was_wrong_ends_the_sending_of_validators() -> None:
    """A body with new entries a moment after a 304: asked in full from then on, for a month."""
    first = success(None, listing(5, NOW, timedelta(hours=1)))
    later = NOW + timedelta(hours=10)
    body = replace(PAGE, body=b"<rss>new</rss>")
    state = success(
        first, listing(5, later, timedelta(hours=3)), later, page=body, contradicted=True
    )
    assert state.state == "lying_304"
    assert validators(FEED, state, later) == ("", "")
    assert success(state, PARSED, later + timedelta(days=1), page=body).state == "lying_304"
    past = later + timedelta(days=31)
    assert success(state, listing(5, past, timedelta(hours=3)), past).state == "ok"
    assert validators(FEED, state, past) == (PAGE.etag, PAGE.last_modified)


def test_a_304_over_a_body_that_only_bears_another_time_was_right() -> None:
    """Feeds that print the minute of their making change with every answer; no entry is new."""
    parsed = listing(5, NOW, timedelta(hours=1))
    body = replace(PAGE, body=b"<rss>12:01</rss>")
    state = success(success(None, parsed), parsed, page=body, contradicted=True)
    assert state.state == "ok"


def test_a_permanent_redirect_is_adopted_at_its_third_sighting() -> None:
    """Twice may be a mistake of an hour; then the new address is asked and the list is behind."""
    page = replace(PAGE, permanent_url="https://b.example/feed")
    first = success(None, page=page)
    assert first.state == "ok"
    assert first.detail == "redirects to https://b.example/feed, seen 1 of 3 times"
    assert not is_due(FEED, first, NOW + timedelta(minutes=5))
    sees = replace(UNCHANGED, permanent_url="https://b.example/feed")
    assert after_not_modified(FEED, first, sees, NOW).detail.endswith("seen 2 of 3 times")
    second = success(first, page=page)
    assert (second.state, address(FEED, second)) == ("ok", FEED.url)
    third = success(second, page=page)
    assert (third.state, address(FEED, third)) == ("moved", "https://b.example/feed")
    assert validators(FEED, third, NOW) == ("", "")
    there = replace(PAGE, url=third.moved_to, requested_url=third.moved_to)
    fourth = success(third, page=there)
    assert (fourth.state, fourth.url) == ("moved", "https://b.example/feed")
    assert validators(FEED, fourth, NOW) == (PAGE.etag, PAGE.last_modified)


def test_a_permanent_redirect_to_a_304_is_a_sighting_too() -> None:
    """A feed that is quiet for weeks has moved all the same."""
    state = success(None)
    moved = replace(UNCHANGED, permanent_url="https://b.example/feed")
    for _ in range(3):
        state = after_not_modified(FEED, state, moved, NOW)
    assert (state.state, address(FEED, state)) == ("moved", "https://b.example/feed")
    assert validators(FEED, state, NOW) == ("", "")
    stays = NotModified(url=state.moved_to, fetched_at=NOW)
    assert after_not_modified(FEED, state, stays, NOW).state == "moved"


def test_redirects_to_changing_places_are_not_adopted() -> None:
    """Only one and the same target counts up, and an answer without a redirect ends the count."""
    state = None
    for name in ("b", "c", "b", "c", "b"):
        state = success(state, page=replace(PAGE, permanent_url=f"https://{name}.example/feed"))
    assert (state.moves, state.state) == (1, "ok")
    assert success(state).moves == 0


def test_an_adopted_address_that_fails_is_given_up() -> None:
    """After three failures there the declared address is asked again."""
    page = replace(PAGE, permanent_url="https://b.example/feed")
    state = success(success(success(None, page=page), page=page), page=page)
    for _ in range(2):
        state = after_failure(FEED, state, failure(503), NOW)
        assert address(FEED, state) == "https://b.example/feed"
    state = after_failure(FEED, state, failure(410), NOW)
    assert address(FEED, state) == FEED.url
    assert state.state == "failing"
    assert state.next_poll_at is not None


def test_a_feed_that_delivers_nothing_for_a_month_is_quiet() -> None:
    """Without a known rate, answers without a new entry are no success to rely on."""
    before = success(None, replace(PARSED, entries=(entry("one", None),)))
    later = NOW + timedelta(days=31)
    assert after_success(FEED, before, PAGE, PARSED, (), later).state == "quiet"
    one = replace(PARSED, entries=(entry("two", None),))
    assert success(before, one, later).state == "ok"


def test_how_long_a_silence_is_quiet_depends_on_the_feed() -> None:
    """Ten a day and nothing for a week is news; a weekly magazine may rest for two months."""
    daily = success(None, listing(50, NOW, timedelta(hours=2)))
    weekly = success(None, listing(10, NOW, timedelta(days=7)))
    assert after_not_modified(FEED, daily, UNCHANGED, NOW + timedelta(days=4)).state == "ok"
    assert after_not_modified(FEED, daily, UNCHANGED, NOW + timedelta(days=6)).state == "quiet"
    assert after_not_modified(FEED, weekly, UNCHANGED, NOW + timedelta(days=60)).state == "ok"
    assert after_not_modified(FEED, weekly, UNCHANGED, NOW + timedelta(days=91)).state == "quiet"


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
        (HTML, "html"),
        (replace(HTML, reason="not_a_feed"), "failing"),
    ],
)
def test_each_failure_has_its_state(failed: FetchFailure | Rejection, state: str) -> None:
    """What the answer was decides the word that a user sees."""
    assert after_failure(FEED, None, failed, NOW).state == state


def test_a_page_in_the_place_of_a_feed_is_looked_at() -> None:
    """A page that names a feed proposes it; a login page means that we are kept out."""
    named = b"<html><link rel=alternate type='application/rss+xml' href='/rss.xml'></html>"
    state = after_failure(FEED, None, HTML, NOW, replace(PAGE, body=named))
    assert state.state == "html"
    assert "https://a.example/rss.xml" in state.detail
    login = replace(PAGE, body=b"<html>", url="https://a.example/login?next=feed")
    assert after_failure(FEED, None, HTML, NOW, login).state == "blocked"


def test_long_404_is_gone_and_a_short_one_is_not() -> None:
    """A week of nothing but 404 means that the feed went; a success brings it back."""
    state, seen = None, []
    for day in range(9):
        now = NOW + timedelta(days=day)
        state = after_failure(FEED, state, failure(404), now)
        seen.append(state.state)
    assert seen == ["failing"] * 7 + ["gone"] * 2
    assert success(state).state == "ok"
    state = None
    for day in range(20):
        now = NOW + timedelta(days=day)
        state = after_failure(FEED, state, failure(404 if day % 3 else 503), now)
        assert state.state == "failing"


def test_a_gone_feed_is_asked_by_name_or_at_a_new_address_only() -> None:
    """No time makes it due; what a person does makes it."""
    state = after_failure(FEED, None, failure(410), NOW)
    assert not is_due(FEED, state, NOW + timedelta(days=10_000))
    assert next_poll_at(FEED, state, NOW) is None
    assert is_due(replace(FEED, url="https://a.example/new"), state, NOW)
    asked = after_failure(FEED, state, failure(503), NOW)
    assert asked.state == "failing"
    assert is_due(FEED, asked, NOW + timedelta(days=1))


def test_failure_keeps_what_was_known() -> None:
    """Validators, rhythm and the times of the last success survive an outage."""
    before = success(None, listing(5, NOW, timedelta(hours=1)))
    state = after_failure(FEED, before, failure(503), NOW + timedelta(hours=1))
    assert (state.etag, state.last_success_at) == (before.etag, NOW)
    assert (state.rhythm, state.listed) == (before.rhythm, before.listed)
    assert state.detail == "http_503"


@pytest.mark.parametrize(("status", "most"), [(503, 6), (403, 24), (429, 24)])
def test_waits_double_up_to_a_bound(status: int, most: int) -> None:
    """Each further failure waits longer, up to six hours, for one who refuses up to a day."""
    state, waits = None, []
    for _ in range(12):
        state = after_failure(FEED, state, failure(status), NOW)
        waits.append(minutes(state))
    assert waits == sorted(waits)
    assert waits[1] == pytest.approx(2 * waits[0])
    assert waits[-1] == most * 60


def test_403_is_treated_like_429() -> None:
    """Many firewalls say 403 for too many requests."""
    by_status = [after_failure(FEED, None, failure(status), NOW) for status in (403, 429)]
    assert by_status[0].next_poll_at == by_status[1].next_poll_at
    guess = failure(403, retry_at=NOW + timedelta(hours=24))
    assert after_failure(FEED, None, guess, NOW).next_poll_at == by_status[0].next_poll_at


def test_retry_after_lengthens_and_never_shortens() -> None:
    """A server's wish is honoured up to a week; a wish for less does not undo the backoff."""
    asked = NOW + timedelta(hours=30)

    def wish(at: datetime) -> FeedState:
        return after_failure(FEED, None, failure(429, retry_at=at, asked_to_wait=True), NOW)

    assert wish(asked).next_poll_at == asked
    assert wish(NOW + timedelta(days=900)).next_poll_at == NOW + timedelta(days=7)
    assert minutes(wish(NOW)) >= 120


def test_a_feed_can_ask_for_longer_intervals() -> None:
    """ttl and max-age lengthen the interval within a bound; they never shorten it."""
    assert minutes(success(None, replace(PARSED, ttl_minutes=90))) >= 90
    assert minutes(success(None, page=replace(PAGE, max_age=7200))) >= 120
    assert minutes(success(None, replace(PARSED, ttl_minutes=1))) >= 30
    assert minutes(success(None, replace(PARSED, ttl_minutes=99999))) <= 6 * 60 * 1.1


def test_what_a_feed_asks_for_stands_after_a_304_too() -> None:
    """Most answers are 304s: the ttl of the last body counts, and the max-age of the 304 itself."""
    state = success(None, replace(PARSED, ttl_minutes=90))
    assert minutes(after_not_modified(FEED, state, UNCHANGED, NOW)) >= 90
    state = success(None)
    assert minutes(after_not_modified(FEED, state, UNCHANGED, NOW)) < 60
    fresh = replace(UNCHANGED, max_age=7200)
    assert minutes(after_not_modified(FEED, state, fresh, NOW)) >= 120


def test_a_ttl_does_not_make_the_window_roll_over() -> None:
    """WordPress sites set an hour or a day for all their feeds, lively ones too."""
    parsed = replace(listing(10, NOW, timedelta(minutes=10)), ttl_minutes=1440)
    assert minutes(success(None, parsed)) < 100


def test_feeds_of_one_cadence_fall_due_apart_and_always_alike() -> None:
    """The spread comes from the slug: the same every time, different between feeds."""
    waits = {slug: minutes(success(None, feed=replace(FEED, slug=slug))) for slug in "abcdefgh"}
    assert len(set(waits.values())) == len(waits)
    assert minutes(success(None, feed=replace(FEED, slug="c"))) == waits["c"]


ANSWERS = [200, 304, 403, 404, 410, 429, 500, 503, None, "html", "moved", "flood", "empty", "lie"]


def answered(feed: Feed, state: FeedState | None, answer: object, now: datetime) -> FeedState:
    """The state after an answer of one of these kinds."""
    if answer == 304:
        return after_not_modified(feed, state, UNCHANGED, now)
    if answer == "html":
        return after_failure(feed, state, HTML, now, PAGE)
    if answer in (200, "moved", "flood", "empty", "lie"):
        count, every = (100, timedelta(seconds=1)) if answer == "flood" else (7, timedelta(hours=5))
        parsed = PARSED if answer == "empty" else listing(count, now, every, str(answer))
        to = "https://b.example/feed" if answer == "moved" else ""
        page = replace(PAGE, permanent_url=to, body=str(now).encode())
        return success(state, parsed, now, feed=feed, page=page, contradicted=answer == "lie")
    status = answer if isinstance(answer, int) else None
    return after_failure(feed, state, failure(status, reason="timeout"), now)


@settings(deadline=None)
@given(
    st.integers(1, 10**6),
    st.text(max_size=8),
    st.lists(st.tuples(st.sampled_from(ANSWERS), st.floats(0, 30)), min_size=1, max_size=15),
)
def test_every_wait_is_bounded_and_every_feed_recovers(every: int, slug: str, polls: Any) -> None:
    """Whatever the answers: ten minutes to a day, a gone feed never, and one good answer heals."""
    feed = replace(FEED, slug=slug, every_minutes=every)
    state: FeedState | None = None
    now = NOW
    for answer, days in polls:
        state = answered(feed, state, answer, now)
        if state.state == "gone":
            assert not is_due(feed, state, now + timedelta(days=3650))
        else:
            assert 10 <= minutes(state, now) <= 24 * 60
            assert is_due(feed, state, now + timedelta(days=1))
        good = answer in (200, 304, "moved", "flood", "empty", "lie")
        assert (state.failures == 0) == good
        assert rhythm.loads(state.rhythm).dumps() == (state.rhythm or rhythm.Rhythm().dumps())
        now += timedelta(days=days)
    healed = answered(feed, state, 200, now)
    assert healed.state in ("ok", "moved", "lying_304")
    assert is_due(feed, healed, now + timedelta(days=1))
    later = now + timedelta(days=31)
    assert answered(feed, healed, 200, later).state in ("ok", "moved")
