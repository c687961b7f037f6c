"""Feeds and their states come back as they went in."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from ingest.models import Feed, FeedState
from storage import feeds


def test_a_configured_feed_comes_back_whole(con):
    """Every field of the configuration is stored, and a second save replaces it."""
    feed = Feed(
        slug="a", url="https://a/", publisher="Ä", language="de", country="DE", scope="focus",
        enabled=False, every_minutes=90, first_year=2009, note="n",
    )  # fmt: skip
    feeds.save_feeds(con, [feed, Feed(slug="b", url="https://b/", publisher="B")])
    feeds.save_feeds(con, [replace(feed, url="https://a/new")])
    assert feeds.load_feeds(con) == [
        replace(feed, url="https://a/new"),
        Feed(slug="b", url="https://b/", publisher="B"),
    ]


def test_a_state_comes_back_whole(con, build):
    """Every field of a state is stored, times in UTC, unknown ones as None."""
    state = FeedState(
        slug="a", state="blocked", detail="403", url="https://a/", etag='"x"', last_modified="m",
        body_digest="d", last_polled_at=build.noon, last_success_at=None,
        last_delivered_at=build.noon - timedelta(days=1), next_poll_at=build.noon, failures=3,
        declared_url="https://a/0", rhythm='{"count":1}', per_day=2.5, listed="ab cd",
        newest_at=build.noon, body_at=build.noon, lied_at=build.noon, missing_since=build.noon,
        missing_polls=4, moved_to="https://b/", moves=2, told="ok",
    )  # fmt: skip
    feeds.save_states(con, [FeedState(slug="a"), FeedState(slug="b")])
    feeds.save_states(con, [state])
    assert feeds.load_states(con) == {"a": state, "b": FeedState(slug="b")}


def test_no_feeds_are_fine(con):
    """Empty batches are normal."""
    feeds.save_feeds(con, [])
    feeds.save_states(con, [])
    assert feeds.load_states(con) == {}
