"""Going back by the links that a feed gives."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from ingest.models import Feed
from ingest.parse import ParsedFeed, parse_feed
from ingest.routes.feed_archive import older

FEED = Feed(slug="a", url="https://a.example/feed", publisher="A")
ATOM = (
    "<feed xmlns='http://www.w3.org/2005/Atom'><title>A</title>{links}<entry><id>x</id>"
    "<title>X</title><link href='https://a.example/x'/></entry></feed>"
)


def parsed(links: str) -> ParsedFeed:
    read = parse_feed(
        ATOM.format(links=links).encode(), url=FEED.url, content_type="", feed=FEED,
        now=datetime(2026, 11, 23, tzinfo=UTC),
    )  # fmt: skip
    assert isinstance(read, ParsedFeed)
    return read


@pytest.mark.parametrize(
    ("links", "url"),
    [
        ("<link rel='next' href='?page=2'/>", "https://a.example/feed?page=2"),
        ("<link rel='prev-archive' href='/2026/10'/>", "https://a.example/2026/10"),
        ("<link rel='next' href='?page=2'/><link rel='prev-archive' href='/2026/10'/>",
         "https://a.example/2026/10"),
        ("<link rel='self' href='/feed'/>", ""),
        ("<link rel='next' href='https://a.example/feed'/>", ""),
        ("<link rel='next' href='https://elsewhere.example/feed?page=2'/>", ""),
    ],
)  # fmt: skip
def test_the_older_page_is_the_one_that_the_feed_names(links: str, url: str) -> None:
    """A lasting archive goes before a shifting page; no circle, no other site."""
    assert older(parsed(links), {FEED.url: None}) == url
