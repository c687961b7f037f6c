"""A page that is read before any other, so that all that reading takes has been loaded."""

from __future__ import annotations

from datetime import UTC, datetime

from flows.digest import digest
from ingest.models import Capture, FeedEntry, Page

_NOW = datetime(2026, 11, 3, tzinfo=UTC)
_URL = "https://warm.example/1"
_TEXT = "".join(
    f"<p>The cell maker said on day {n} that line {n} of its battery plant in Halden will make "
    f"{n * 40} megawatt hours a month, for vans and for storage beside the grid.</p>"
    for n in range(12)
)


def read_one() -> None:
    """Read the page; raises what reading it raises."""
    page = Page(
        url=_URL,
        requested_url=_URL,
        status=200,
        content_type="text/html; charset=utf-8",
        body=f"<html><title>Warm</title><body><article>{_TEXT}</article></body></html>".encode(),
        fetched_at=_NOW,
    )
    capture = Capture(entry=FeedEntry(url=_URL, canonical_url=_URL), page=page)
    digest([capture], {}, all_topics=True, now=_NOW)
