"""Older pages of a WordPress feed."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.models import Feed
from ingest.routes.wordpress import is_wordpress, newer, older, read_posts, root_of

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
FEED = Feed(slug="a", url="https://a.example/feed", publisher="A", language="en")


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


def test_pages_are_counted_up_and_down() -> None:
    """Page one is the feed's own address."""
    second = older("https://a.example/feed?x=1")
    assert newer(older(second)) == second
    assert newer(second) == newer(newer(second)) == "https://a.example/feed?x=1"


@pytest.mark.parametrize(
    ("url", "root"),
    [
        ("https://a.example/feed/", "https://a.example/"),
        ("https://a.example/rss", "https://a.example/"),
        ("https://a.example/category/cars/feed/", ""),
        ("https://a.example/feed/?cat=3", ""),
    ],
)
def test_the_api_stands_in_for_the_feed_of_a_whole_site_alone(url: str, root: str) -> None:
    """Of a category's feed it would bring everything else besides."""
    assert root_of(url) == root


@given(st.binary(max_size=200) | st.sampled_from([b'[{"date": 3}]', b"[[]]", b'{"code": "x"}']))
def test_what_is_no_list_of_posts_is_none(body: bytes) -> None:
    """An error in JSON, a page, noise: never an exception."""
    posts = read_posts(body, FEED, NOW)
    assert posts is None or posts.entries == ()
