"""When an article appeared, and which source said so."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from ingest.models import FeedEntry
from ingest.publication import publication

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
URL = "https://www.voltnews.example/plant-opens"
LISTED = datetime(2026, 11, 18, 15, 4, tzinfo=UTC)


def entry(published_at: datetime | None = None) -> FeedEntry:
    return FeedEntry(
        url=URL, canonical_url=URL, published_at=published_at, published_raw="feed words"
    )


@pytest.mark.parametrize(
    ("written", "listed", "url", "expected"),
    [
        (("2026-11-18T09:30:00Z",), LISTED, URL, ("2026-11-18T09:30", "page")),
        (("not a date", "2026-11-17T09:30:00Z"), LISTED, URL, ("2026-11-17T09:30", "page")),
        (("2026-11-18",), LISTED, URL, ("2026-11-18T15:04", "feed")),
        (("2026-11-18 23:04",), LISTED, URL, ("2026-11-18T15:04", "feed")),
        (("2026-11-18T23:04:00Z",), LISTED, URL, ("2026-11-18T23:04", "page")),
        (("2026-11-18 23:11",), LISTED, URL, ("2026-11-18T23:11", "page")),
        (("2026-11-10",), LISTED, URL, ("2026-11-10T00:00", "page")),
        ((), LISTED, URL, ("2026-11-18T15:04", "feed")),
        ((), None, "https://a.example/2026/11/17/plant", ("2026-11-17T00:00", "url")),
        ((), None, "https://a.example/2026/13/17/plant", ("", "unknown")),
        ((), NOW + timedelta(days=2), URL, ("", "unknown")),
        ((), datetime(1989, 12, 31, 12, tzinfo=UTC), URL, ("", "unknown")),
    ],
)
def test_page_goes_before_feed_before_url(
    written: tuple[str, ...], listed: datetime | None, url: str, expected: tuple[str, str]
) -> None:
    """A day without an hour, or an hour without its zone, is made precise by the feed; what cannot
    be is passed over."""
    found = publication(entry(listed), written, url, NOW)
    assert (found.at.isoformat()[:16] if found.at else "", found.source) == expected


@pytest.mark.parametrize(
    ("written", "listed", "url", "expected"),
    [
        (("2009-06-01T09:30:00Z", "2026-11-17T09:30:00Z"), None, URL, ("2026-11-17", "page")),
        (("2009-06-01T09:30:00Z",), LISTED, URL, ("2026-11-18", "feed")),
        ((), datetime(2009, 6, 1, tzinfo=UTC), URL, ("", "unknown")),
        ((), None, "https://a.example/2009/06/01/plant", ("", "unknown")),
        (("2014-01-01T00:30:00+09:00",), None, URL, ("2013-12-31", "page")),
    ],
)
def test_nothing_is_believed_from_before_the_first_article(
    written: tuple[str, ...], listed: datetime | None, url: str, expected: tuple[str, str]
) -> None:
    """Whoever says it; the publisher's new year may begin before that of UTC."""
    found = publication(entry(listed), written, url, NOW, first_year=2014)
    assert (found.at.date().isoformat() if found.at else "", found.source) == expected
