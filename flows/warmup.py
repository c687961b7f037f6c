"""Pages that are read before any other, so that all that reading takes has been loaded."""

from __future__ import annotations

from datetime import UTC, datetime

from flows.digest import digest
from ingest.models import Capture, FeedEntry, Page

_NOW = datetime(2026, 11, 3, tzinfo=UTC)
_TEXT = "".join(
    f"<p>The cell maker said on day {n} that line {n} of its battery plant in Halden will make "
    f"{n * 40} megawatt hours a month, for vans and for storage beside the grid.</p>"
    for n in range(12)
)
_PAGES = (
    # without a language, so that its own is looked for
    f"<html><title>Warm</title><body><article>{_TEXT}</article></body></html>",
    # so little text that it is compared with what other methods make of the page
    "<html><title>Warm</title><body><div>Cells for vans.</div></body></html>",
)


def read_all() -> None:
    """Read the pages; raises what reading them raises."""
    captures = []
    for number, markup in enumerate(_PAGES):
        url = f"https://warm.example/{number}"
        page = Page(
            url=url,
            requested_url=url,
            status=200,
            content_type="text/html; charset=utf-8",
            body=markup.encode(),
            fetched_at=_NOW,
        )
        captures.append(Capture(entry=FeedEntry(url=url, canonical_url=url), page=page))
    digest(captures, {}, all_topics=True, now=_NOW)
