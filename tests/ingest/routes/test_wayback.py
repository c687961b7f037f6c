"""What the Wayback Machine is asked, and which copies of a feed are worth reading."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from urllib.parse import parse_qsl, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.models import FeedEntry, FetchFailure, Page
from ingest.routes.wayback import (
    Copy,
    Reach,
    as_original,
    copy_url,
    covered_days,
    distinct,
    earlier_query,
    feed_query,
    is_gone,
    next_copy,
    pages_query,
    places,
    reach_of,
    read_index,
    resumed,
    stretches,
    wants_rest,
)
from ingest.routes.window import Window

BASE = "https://web.archive.org/"
NOW = datetime(2026, 11, 23, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
WINDOW = Window(date(2025, 12, 30), date(2026, 1, 2))
URL = "https://a.example/feed"


def asked(query: str) -> list[tuple[str, str]]:
    return parse_qsl(urlsplit(query).query)


def test_the_index_is_asked_for_good_copies_of_the_days_and_some_after() -> None:
    """Status filter, collapse, both ends of the time, and a key to go on with."""
    query = asked(feed_query(BASE, f"{URL}?x=1&y=2", WINDOW))
    assert ("url", f"{URL}?x=1&y=2") in query
    assert ("from", "20251230000000") in query
    assert ("to", "20260202000000") in query
    assert ("filter", "statuscode:200") in query
    assert ("collapse", "timestamp:10") in query
    assert ("showResumeKey", "true") in query


def test_pages_are_asked_for_by_site_and_time() -> None:
    """Once each, HTML only; those copied before the window end where it begins."""
    query = asked(pages_query(BASE, "a.example", "domain", WINDOW))
    assert {("matchType", "domain"), ("collapse", "urlkey"), ("filter", "mimetype:text/html")} <= (
        set(query)
    )
    earlier = dict(asked(earlier_query(BASE, "a.example", "domain", WINDOW)))
    assert earlier["to"] == "20251229235959"
    assert earlier["from"] == "20251031000000"


def test_an_answer_goes_on_where_the_one_before_ended() -> None:
    """The key replaces the last one and nothing else changes."""
    first = feed_query(BASE, URL, WINDOW)
    third = resumed(resumed(first, "com,a)/ 1!"), "com,a)/ 2&x")
    assert [one for one in asked(third) if one not in asked(first)] == [
        ("resumeKey", "com,a)/ 2&x")
    ]


def test_answers_of_the_index_are_read() -> None:
    """Rows, the key at the end, and old addresses with the port that nobody names."""
    body = json.dumps(
        [
            ["timestamp", "original", "digest"],
            ["20260101120000", "http://www.a.example:80/feed", "X"],
            ["20260101130000", "http://a.example:8080/feed", "Y"],
            ["not a time", "http://a.example/feed", "Y"],
            ["20260101130000", "ftp://a.example/feed", "Y"],
            [],
            ["com,a)/ 3!"],
        ]
    ).encode()
    found = read_index(body)
    assert found is not None
    assert found.resume == "com,a)/ 3!"
    assert found.copies == (
        Copy(datetime(2026, 1, 1, 12, tzinfo=UTC), "http://www.a.example/feed", "X"),
        Copy(datetime(2026, 1, 1, 13, tzinfo=UTC), "http://a.example:8080/feed", "Y"),
    )
    for empty in (b"", b"[]", b"\n"):
        assert read_index(empty) is not None
    for other in (b"<html>", b"{}", b'["x"]', b"\xff"):
        assert read_index(other) is None


def test_a_copy_is_asked_for_as_it_was_fetched_and_keeps_its_own_address() -> None:
    """``id_`` means without the archive's own additions."""
    copy = Copy(datetime(2026, 1, 1, 12, tzinfo=UTC), "https://a.example/x?y=1")
    url = copy_url(BASE, copy)
    assert url == "https://web.archive.org/web/20260101120000id_/https://a.example/x?y=1"
    assert as_original(page(url)).url == "https://a.example/x?y=1"
    assert as_original(page("https://a.example/web/x")).url == "https://a.example/web/x"


def page(url: str) -> Page:
    return Page(
        url=url, requested_url=url, status=200, content_type="text/html", body=b"", fetched_at=NOW
    )


def failure(reason: str, status: int | None = None) -> FetchFailure:
    return FetchFailure(url=URL, reason=reason, detail="", at=NOW, status=status)


@pytest.mark.parametrize(
    ("answer", "gone"),
    [
        (failure("http_404", 404), True),
        (failure("http_410", 410), True),
        (failure("dns"), True),
        (page("https://a.example/"), True),
        (page("https://parked.example/x"), True),
        (page("https://www.a.example/x/"), False),
        (failure("robots"), False),
        (failure("http_403", 403), False),
        (failure("http_451", 451), False),
        (failure("http_503", 503), False),
        (failure("timeout"), False),
    ],
)
def test_a_copy_stands_in_only_for_what_is_gone(answer: Page | FetchFailure, gone: bool) -> None:
    """Not for what is refused, nor for what may come back."""
    assert is_gone(answer, "https://a.example/x") == gone


def test_the_archive_wants_rest_at_429_and_at_a_closed_door() -> None:
    """A 404 or a slow answer says nothing of the kind."""
    assert wants_rest(failure("http_429", 429))
    assert wants_rest(failure("connect"))
    assert not wants_rest(failure("http_404", 404))
    assert not wants_rest(failure("timeout"))
    assert not wants_rest(page(URL))


def test_places_are_the_site_of_most_entries() -> None:
    """A section's prefix where all share one; nothing for a feed of other sites' pages."""

    def entries(*urls: str) -> list[FeedEntry]:
        return [FeedEntry(url=url, canonical_url=url) for url in urls]

    own = entries("https://www.a.example/cars/one-two-three", "https://www.a.example/cars/x-y-z")
    assert places(own, URL, "cars") == [("www.a.example/cars/", "prefix")]
    assert places(own, URL, "") == [("a.example", "domain")]
    assert places([], "https://feeds.b.example/x", "") == [("b.example", "domain")]
    many = entries(*(f"https://{name}.example/x" for name in "bcdefg"))
    assert places(many, URL, "") == []


def test_of_copies_that_hold_the_same_the_last_is_kept() -> None:
    """It shows that nothing came until then."""
    copies = [Copy(NOW + n * HOUR, URL, digest) for n, digest in enumerate("AABBBA")]
    assert [one.at - NOW for one in distinct(copies)] == [HOUR, 4 * HOUR, 5 * HOUR]
    unknown = [Copy(NOW + n * HOUR, URL) for n in range(3)]
    assert distinct(unknown) == unknown


def test_stretches_are_days_without_a_gap_newest_first() -> None:
    """Each day is in one."""
    days = [date(2026, 1, 1), date(2025, 12, 31), date(2026, 1, 4)]
    assert stretches(days) == [
        Window(date(2026, 1, 4), date(2026, 1, 4)),
        Window(date(2025, 12, 31), date(2026, 1, 1)),
    ]


hours = st.lists(st.integers(0, 24 * 14), unique=True, max_size=60)


@given(published=hours, copied=hours, listed=st.integers(1, 12), broken=st.sets(st.integers(0, 59)))
def test_days_called_covered_have_every_entry_among_the_copies_read(
    published: list[int], copied: list[int], listed: int, broken: set[int]
) -> None:
    """Whatever the feed's rhythm, its window, and the moments at which it was copied.

    And no copy is read twice.
    """
    start = datetime(2026, 1, 1, tzinfo=UTC)
    times = sorted(start + n * HOUR for n in published)
    copies = sorted(Copy(start + n * HOUR + HOUR / 2, URL) for n in copied)
    window = Window(date(2026, 1, 3), date(2026, 1, 12))
    read: dict[Copy, Reach | None] = {}
    met: set[datetime] = set()
    while (copy := next_copy(copies, read, window.start, window.end)) is not None:
        assert copy not in read
        if copies.index(copy) in broken:
            read[copy] = None
            continue
        lists = [time for time in times if time <= copy.at][-listed:]
        met |= set(lists)
        read[copy] = reach_of(copy, lists)
    whole = covered_days(read.values(), window.days)
    inside = {time for time in times if time.date() in whole}
    assert inside <= met


def test_few_copies_cover_a_month_that_was_copied_hourly() -> None:
    """A feed of ten entries, four a day: a copy every two days is enough."""
    start = datetime(2026, 1, 1, tzinfo=UTC)
    copies = [Copy(start + n * HOUR, URL) for n in range(24 * 40)]
    window = Window(date(2026, 1, 3), date(2026, 2, 2))
    read: dict[Copy, Reach | None] = {}
    while (copy := next_copy(copies, read, window.start, window.end)) is not None:
        lists = [start + n * 6 * HOUR for n in range(160) if start + n * 6 * HOUR <= copy.at][-10:]
        read[copy] = reach_of(copy, lists)
    assert covered_days(read.values(), window.days) == set(window.days)
    assert len(read) <= 31 * 24 / (9 * 6 - 7) + 1


def test_an_old_entry_pinned_to_the_top_reaches_back_to_nothing() -> None:
    """What a copy covers is told by the others."""
    copy = Copy(NOW, URL)
    recent = [NOW - n * HOUR for n in range(2, 30, 4)]
    assert reach_of(copy, [*recent, NOW - 300 * DAY]) == Reach(min(recent), NOW - HOUR)
    assert reach_of(copy, []) is None
    assert reach_of(copy, [NOW + DAY]) is None
