"""Going back through a feed by the links it gives itself.  Pure: from an answer to the next URL.

RFC 5005 knows two: ``prev-archive`` leads to an archive document that never changes, ``next`` to
the next page of a feed in pages.  JSON Feed's ``next_url`` is the latter.
"""

from __future__ import annotations

from collections.abc import Collection

from ingest.parse import ParsedFeed
from ingest.urls import registered_domain

NAME = "feed-archive"


def older(parsed: ParsedFeed, asked: Collection[str]) -> str:
    """The URL of the entries before those of ``parsed``; "" at the end.

    Args:
        asked: every URL asked so far, the feed's own first: one of them again ends the walk, and
            so does another site's, which the feed's publisher has no say over.
    """
    url = parsed.next_url
    if not url or url in asked:
        return ""
    first = next(iter(asked), url)
    return url if registered_domain(url) == registered_domain(first) else ""
