"""Older pages of a WordPress feed."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.routes.wordpress import is_wordpress, older


@pytest.mark.parametrize(
    ("body", "is_one"),
    [
        (b"<rss><channel><generator>https://wordpress.org/?v=6.7</generator>", True),
        (b"<generator uri='https://wordpress.org/' version='6.7'>WordPress</generator>", True),
        (b"<rss><channel><generator>Ghost 5</generator>", False),
        (b"<rss><item><title>WordPress is sued</title>", False),
    ],
)
def test_a_feed_says_that_wordpress_wrote_it(body: bytes, is_one: bool) -> None:
    """By its generator, not by a headline."""
    assert is_wordpress(body) == is_one


@pytest.mark.parametrize(
    ("url", "next_one"),
    [
        ("https://a.example/feed/", "https://a.example/feed/?paged=2"),
        ("https://a.example/feed/?paged=2", "https://a.example/feed/?paged=3"),
        ("https://a.example/?feed=rss2&cat=5", "https://a.example/?feed=rss2&cat=5&paged=2"),
        ("https://a.example/feed?paged=x#top", "https://a.example/feed?paged=2"),
    ],
)
def test_each_page_leads_to_the_next(url: str, next_one: str) -> None:
    """What else the address says stays."""
    assert older(url) == next_one


@settings(deadline=None)
@given(st.integers(1, 200))
def test_the_walk_counts_up(steps: int) -> None:
    """No page is asked twice."""
    url = "https://a.example/feed/"
    asked = {url}
    for _ in range(steps):
        url = older(url)
        assert url not in asked
        asked.add(url)
