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
    ],
)
def test_page_goes_before_feed_before_url(
    written: tuple[str, ...], listed: datetime | None, url: str, expected: tuple[str, str]
) -> None:
    """A day without an hour, or an hour without its zone, is made precise by the feed; what cannot
    be is passed over."""
    found = publication(entry(listed), written, url, NOW)
    assert (found.at.isoformat()[:16] if found.at else "", found.source) == expected
