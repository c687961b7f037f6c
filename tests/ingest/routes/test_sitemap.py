"""The pages that sitemaps list for the days of a gap."""

from __future__ import annotations

import gzip
import subprocess
import sys
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.models import Feed, FeedEntry
from ingest.routes.sitemap import (
    Listed,
    covers,
    entries,
    named_in_robots,
    read,
    robots_of,
    usual_places,
    worth_reading,
)

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
DAY = timedelta(days=1)
BASE = "https://a.example/sitemap.xml"
FEED = Feed(slug="a", url="https://a.example/feed", publisher="A", language="en")
NAMES = (
    "xmlns='http://www.sitemaps.org/schemas/sitemap/0.9' "
    "xmlns:news='http://www.google.com/schemas/sitemap-news/0.9' "
    "xmlns:image='http://www.google.com/schemas/sitemap-image/1.1'"
)


def urlset(*pages: str) -> bytes:
    return f"<?xml version='1.0'?><urlset {NAMES}>{''.join(pages)}</urlset>".encode()


def url(path: str, at: datetime | None = None) -> str:
    when = f"<lastmod>{at.isoformat()}</lastmod>" if at else ""
    return f"<url><loc>https://a.example{path}</loc>{when}</url>"


def listed(path: str, at: datetime | None = None) -> Listed:
    return Listed(f"https://a.example{path}", at)


def entry(path: str) -> FeedEntry:
    return FeedEntry(url=f"https://a.example{path}", canonical_url=f"https://a.example{path}")


ALIKE = [entry("/2026/battery-plant-opens-today"), entry("/2026/new-charger-for-trucks")]


def test_pages_are_read_with_their_dates() -> None:
    """News sitemaps give title and publication, others the last change."""
    news = (
        "<url><loc>https://a.example/one</loc><lastmod>2026-11-22</lastmod><news:news>"
        "<news:publication_date>2026-11-20T10:00:00Z</news:publication_date>"
        "<news:title>One &amp; only</news:title></news:news>"
        "<image:image><image:loc>https://a.example/p.jpg</image:loc></image:image></url>"
    )
    found = read(urlset(news, url("/two", NOW), url("/three")), BASE, NOW)
    assert found.pages == (
        Listed("https://a.example/one", datetime(2026, 11, 20, 10, tzinfo=UTC), "One & only", True),
        Listed("https://a.example/two", NOW),
        Listed("https://a.example/three", None),
    )


def test_an_index_lists_sitemaps_and_a_gzipped_one_is_read() -> None:
    """Relative addresses are read against the file's own."""
    index = (
        f"<sitemapindex {NAMES}><sitemap><loc>/posts-1.xml</loc><lastmod>2026-11-22</lastmod>"
        "</sitemap></sitemapindex>"
    ).encode()
    found = read(gzip.compress(index), BASE, NOW)
    assert found.sitemaps == (
        Listed("https://a.example/posts-1.xml", datetime(2026, 11, 22, tzinfo=UTC)),
    )


@pytest.mark.parametrize(
    "body",
    [
        b"", b"<html><body>404", b"\x1f\x8bbroken", b"<urlset><url><loc>ftp://x</loc></url>",
        b"<!DOCTYPE x [<!ENTITY a SYSTEM 'file:///etc/hostname'>]><urlset><url><loc>&a;</loc></url>"
        b"</urlset>",
    ],
)  # fmt: skip
def test_what_is_no_sitemap_lists_nothing(body: bytes) -> None:
    """Broken, foreign and hostile files end in an empty list."""
    assert read(body, BASE, NOW).pages == ()


def test_what_stands_before_a_break_is_kept() -> None:
    """A download cut short costs its end only."""
    whole = urlset(*(url(f"/page-{n}", NOW) for n in range(50)))
    assert 20 <= len(read(whole[: len(whole) // 2], BASE, NOW).pages) <= 26


def test_only_files_of_the_days_asked_for_are_worth_reading() -> None:
    """By last change and by the month in the name; news before the rest."""
    index = [
        listed("/sitemap-2026-03.xml", NOW),
        listed("/sitemap-2026-11.xml", NOW),
        listed("/pages.xml", NOW),
        listed("/post-sitemap1.xml", NOW - 300 * DAY),
        listed("/post-sitemap9.xml", NOW),
    ]
    found = worth_reading(index, NOW - 5 * DAY, NOW, 9)
    assert [one.rpartition("/")[2] for one in found] == [
        "sitemap-2026-11.xml", "post-sitemap9.xml", "pages.xml",
    ]  # fmt: skip
    assert len(worth_reading(index, NOW - 5 * DAY, NOW, 1)) == 1


def test_pages_that_look_like_the_feeds_entries_are_taken() -> None:
    """Days inside the gap, addresses of the same kind; categories and other hosts are left."""
    pages = [
        listed("/2026/grid-storage-doubles-again", NOW - 2 * DAY),
        listed("/2026/too-old-to-be-lost", NOW - 20 * DAY),
        listed("/2026/no-date-at-all"),
        listed("/tag/batteries", NOW - 2 * DAY),
        listed("/about", NOW - 2 * DAY),
        listed("/events/2026/fair-of-the-year", NOW - 2 * DAY),
        Listed("https://shop.example/2026/buy-this-charger-now", NOW - 2 * DAY),
    ]
    found = entries(FEED, pages, ALIKE, NOW - 4 * DAY, NOW - DAY, most=100)
    assert [one.url for one in found] == ["https://a.example/2026/grid-storage-doubles-again"]
    assert (found[0].feed, found[0].has_page) == ("a", True)


def test_a_sitemap_is_trusted_when_it_reaches_back_and_knows_the_feed() -> None:
    """Half of what the feed lists now must stand in it, and something from before the gap."""
    known = [Listed(one.url, NOW) for one in ALIKE]
    old = listed("/2026/an-older-article-here", NOW - 9 * DAY)
    assert covers([*known, old], ALIKE, NOW - 5 * DAY)
    assert not covers(known, ALIKE, NOW - 5 * DAY)
    assert not covers([old], ALIKE, NOW - 5 * DAY)
    assert not covers([], [], NOW)


def test_robots_txt_names_sitemaps() -> None:
    """In any case, absolute or not; else the usual places are tried."""
    text = "User-agent: *\nDisallow: /x\nSITEMAP: https://a.example/s.xml\n sitemap: /t.xml\n"
    assert named_in_robots(text, BASE) == ["https://a.example/s.xml", "https://a.example/t.xml"]
    assert robots_of("https://a.example/x/y?z") == "https://a.example/robots.txt"
    assert "https://a.example/sitemap.xml" in usual_places("https://a.example/x/y")


@settings(deadline=None)
@given(st.binary(max_size=300))
def test_no_file_is_too_strange(body: bytes) -> None:
    """Never raises."""
    assert read(b"<urlset>" + body, BASE, NOW).sitemaps is not None
    assert read(body, BASE, NOW).pages is not None


_MEASURED = """
import resource, sys
from datetime import UTC, date, datetime
from ingest.models import Feed, FeedEntry
from ingest.routes.sitemap import candidates, read
from ingest.routes.window import Window
now = datetime(2026, 11, 23, tzinfo=UTC)
feed = Feed(slug="a", url="https://a.example/feed", publisher="A")
url = "https://a.example/2026/09/05/a-report-of-that-day"
alike = [FeedEntry(url=url, canonical_url=url)]
window = Window(date(2026, 9, 5), date(2026, 9, 5))
def file(number):
    rows = "".join(
        f"<url><loc>https://a.example/2026/{n % 12 + 1:02}/{n % 28 + 1:02}/a-report-{number}-{n}"
        f"</loc><lastmod>{now.isoformat()}</lastmod></url>" for n in range(int(sys.argv[2]))
    )
    return f"<urlset>{rows}</urlset>".encode()
peaks, found = [], 0
for number in range(int(sys.argv[1])):
    name = f"https://a.example/{number}.xml"
    listed = read(file(number), name, now)
    found += len(candidates(feed, name, listed.pages, alike, window))
    del listed
    peaks.append(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)
print(found, peaks[0], peaks[1], peaks[-1])
"""


@pytest.mark.parametrize(
    ("files", "size"), [(8, 2_000), pytest.param(10, 50_000, marks=pytest.mark.long)]
)
def test_a_huge_index_costs_the_memory_of_one_file(files: int, size: int) -> None:
    """Half a million addresses whose lastmod is that of the request: days in them decide."""
    told = subprocess.run(
        [sys.executable, "-c", _MEASURED, str(files), str(size)],
        capture_output=True, text=True, check=True,
    ).stdout.split()  # fmt: skip
    found, _, second, last = map(int, told)
    # three days of 336, for zones
    assert 0 < found <= files * size // 50
    assert last - second <= 8
