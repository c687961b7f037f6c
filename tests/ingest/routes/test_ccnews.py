"""Which files of Common Crawl's news archive are read, and whose pages are taken from them."""

from __future__ import annotations

import gzip
import io
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.errors import BrokenArchive
from ingest.models import Feed, FeedEntry
from ingest.routes.ccnews import (
    File,
    Met,
    Owners,
    domain_of,
    files_of,
    is_over,
    left_of,
    listing_url,
    months,
    offset_in,
    pages,
    reach,
    read_listing,
)
from ingest.routes.window import Window

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
DAY = timedelta(days=1)
BASE = "https://data.commoncrawl.org/"


def named(at: datetime, number: int = 0) -> File:
    name = f"CC-NEWS-{at:%Y%m%d%H%M%S}-{number:05}.warc.gz"
    return File(at, f"crawl-data/CC-NEWS/{at:%Y/%m}/{name}")


def urls(since: date, until: date, now: datetime = NOW) -> list[str]:
    found = [listing_url("x", *month) for month in months(Window(since, until), now)]
    return [url.removeprefix("x/crawl-data/CC-NEWS/")[:7] for url in found]


def test_listings_are_those_of_every_month_that_the_files_may_lie_in() -> None:
    """Over the ends of years, with the days before and after; none before the archive began."""
    assert listing_url(BASE, 2025, 2) == (
        "https://data.commoncrawl.org/crawl-data/CC-NEWS/2025/03/warc.paths.gz"
    )
    assert urls(date(2025, 1, 20), date(2025, 2, 10)) == ["2025/01", "2025/02"]
    assert urls(date(2025, 1, 1), date(2025, 1, 5)) == ["2024/12", "2025/01"]
    assert urls(date(2024, 2, 27), date(2024, 2, 29)) == ["2024/02", "2024/03"]
    assert urls(date(2025, 1, 30), date(2025, 1, 30)) == ["2025/01", "2025/02"]
    assert urls(date(2016, 7, 1), date(2016, 8, 9)) == ["2016/08"]
    assert urls(date(2012, 1, 1), date(2012, 2, 1)) == []
    assert urls(date(2026, 11, 20), date(2026, 11, 30)) == ["2026/11"]


def test_a_listing_names_files_with_their_times() -> None:
    """Gzipped, in any order; other lines and strange bodies are no files."""
    files = [named(NOW), named(NOW - DAY, 7)]
    lines = "\n".join(
        [*(one.path for one in files), "crawl-data/CC-NEWS/2026/11/other.warc.gz", ""]
    )
    assert read_listing(gzip.compress(lines.encode())) == sorted(files)
    assert read_listing(lines.encode()) == sorted(files)
    assert read_listing(gzip.compress(b"")) == []
    for other in (b"<html><p>no such key", b"\x1f\x8bbroken", b"\xff\xfe"):
        assert read_listing(other) is None


@given(
    st.lists(st.integers(0, 24 * 30), min_size=1, unique=True),
    st.integers(5, 25),
    st.integers(-14, 3 * 24 - 1),
)
def test_whatever_is_fetched_near_its_day_lies_in_a_file_of_the_day(
    hours: list[int], day: int, lag: int
) -> None:
    """From fourteen hours before the day, for dates without a zone, to three days after it."""
    start = datetime(2026, 1, 1, tzinfo=UTC)
    files = [named(start + hour * DAY / 24) for hour in sorted(hours)]
    of_day = date(2026, 1, day)
    for published in (0, 12, 23):
        fetched = datetime(2026, 1, day, published, 30, tzinfo=UTC) + lag * DAY / 24
        holding = [one for one in files if one.at <= fetched]
        if holding:
            assert holding[-1] in files_of(of_day, files)
    assert (
        len(files_of(of_day, files))
        <= sum(abs((one.at.date() - of_day).days) <= 4 for one in files) + 1
    )


def test_a_days_files_are_all_written_some_days_later() -> None:
    """Before that the day stays open."""
    assert is_over(date(2026, 11, 18), NOW)
    assert not is_over(date(2026, 11, 20), NOW)


def test_how_far_a_day_has_come_is_told_in_a_word() -> None:
    """Whole files, and a place inside one."""
    files = [named(NOW + n * DAY) for n in range(3)]
    assert left_of("", files) == files
    assert left_of(reach(files[1]), files) == files[2:]
    assert left_of(reach(files[1], 400), files) == files[1:]
    assert offset_in(reach(files[1], 400), files[1]) == 400
    assert offset_in(reach(files[1], 400), files[2]) == -1
    assert offset_in("", files[0]) == -1


def feed(slug: str, url: str) -> Feed:
    return Feed(slug=slug, url=url, publisher=slug, language="en")


def entry(url: str) -> FeedEntry:
    return FeedEntry(url=url, canonical_url=url)


CARS = (
    feed("cars", "https://www.a.co.uk/cars/feed"),
    [
        entry("https://www.a.co.uk/cars/one-two-three"),
        entry("https://www.a.co.uk/cars/four-five-six"),
    ],
)
WHOLE = (
    feed("whole", "https://www.a.co.uk/feed"),
    [
        entry("https://www.a.co.uk/cars/one-two-three"),
        entry("https://www.a.co.uk/grid/seven-eight-nine"),
    ],
)


@pytest.mark.parametrize(
    ("url", "slug"),
    [
        ("https://www.a.co.uk/cars/new-pack-for-cars", "cars"),
        ("http://a.co.uk/cars/new-pack-for-cars", "cars"),
        ("https://www.a.co.uk/grid/new-pack-for-grids", "whole"),
        ("https://www.a.co.uk/", ""),
        ("https://www.a.co.uk/about", ""),
        ("https://shop.a.co.uk/cars/new-pack-for-cars", ""),
        ("https://nota.co.uk/cars/new-pack-for-cars", ""),
        ("https://a.co.uk.evil.example/cars/new-pack-for-cars", ""),
        ("https://b.co.uk/cars/new-pack-for-cars", ""),
        ("https://co.uk/cars/new-pack-for-cars", ""),
        ("not an address", ""),
        ("https://[::1/cars/new-pack-for-cars", ""),
    ],
)
def test_pages_belong_to_the_feed_whose_site_and_addresses_they_share(url: str, slug: str) -> None:
    """By registered domain, whole; then by what the feed's entries look like, a section first."""
    owner = Owners([WHOLE, CARS]).owner(url)
    assert (owner.slug if owner else "") == slug


def test_a_feeds_site_is_that_of_most_of_its_entries() -> None:
    """Its own where it lists none, none for a feed of links."""
    assert domain_of(*WHOLE) == "a.co.uk"
    assert domain_of(feed("x", "https://feeds.b.example/x"), []) == "b.example"
    links = [entry(f"https://{name}.example/x") for name in "cdefg"]
    assert domain_of(feed("x", "https://b.example/x"), links) == ""


def record(url: str, status: str = "200 OK", kind: str = "text/html") -> bytes:
    http = f"HTTP/1.1 {status}\r\nContent-Type: {kind}\r\n\r\n<p>{url}".encode()
    head = (
        "WARC/1.0\r\nWARC-Type: response\r\nWARC-Date: 2026-11-02T06:00:00Z\r\n"
        "WARC-Record-ID: <urn:uuid:12345678-1234-1234-1234-123456789012>\r\n"
        f"WARC-Target-URI: {url}\r\nContent-Type: application/http;msgtype=response\r\n"
        f"Content-Length: {len(http)}\r\n\r\n"
    )
    return gzip.compress(head.encode() + http + b"\r\n\r\n")


def met(body: bytes, **given: int) -> list[Met]:
    return list(pages(io.BytesIO(body), Owners([WHOLE]), **given))


def test_pages_of_a_file_come_with_their_feed_and_their_place() -> None:
    """What is no page is none; from any place on, the rest follows without the one there."""
    own = [f"https://www.a.co.uk/cars/report-number-{n}" for n in range(4)]
    records = [
        record(own[0]),
        record("https://b.example/cars/report-number-1"),
        record("https://www.a.co.uk/cars/report-number-9", "404 Not Found"),
        record("https://www.a.co.uk/cars/report-feed-9", kind="application/rss+xml"),
        *map(record, own[1:]),
    ]
    body = b"".join(records)
    found = met(body)
    assert [one.page.url for one in found] == own
    assert {one.capture.entry.feed for one in found} == {"whole"}
    place = found[1].offset
    rest = met(body[place:], begin=place, after=place)
    assert [(one.page.url, one.offset) for one in rest] == [
        (one.page.url, one.offset) for one in found[2:]
    ]


def test_a_file_that_breaks_off_yields_what_stood_before() -> None:
    """And says that it is broken."""
    body = b"".join(record(f"https://www.a.co.uk/cars/report-number-{n}") for n in range(9))
    found = pages(io.BytesIO(body[:-50]), Owners([WHOLE]))
    assert len([next(found) for _ in range(8)]) == 8
    with pytest.raises(BrokenArchive):
        next(found)
