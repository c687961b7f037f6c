"""A feed is read within bounds, and what breaks them costs that feed only."""

from __future__ import annotations

import asyncio
import os
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from flows import limits, reading
from flows.reading import FeedReader, is_light
from ingest.models import Feed, Page, Rejection
from ingest.parse import ParsedFeed, parse_feed

NOW = datetime(2026, 11, 2, 6, 0, tzinfo=UTC)
FEED = Feed(slug="a", url="https://a.example/feed", publisher="A")
HEAVY = " " * (reading.LIGHT_BYTES + 1)
pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="no interval timers")
sys.path.insert(0, str(Path(__file__).parent))


def page(title: str, padding: str = "") -> Page:
    body = (
        f"<rss version='2.0'><channel><title>{title}</title><item><title>T</title>"
        f"<link>https://a.example/1</link></item>{padding}</channel></rss>"
    )
    return Page(
        url=FEED.url, requested_url=FEED.url, status=200, content_type="text/xml",
        body=body.encode(), fetched_at=NOW,
    )  # fmt: skip


def misbehaving(found: Page, feed: Feed, now: datetime) -> Any:
    """Stands in for ``reading._bounded`` in the process: feeds that misbehave by their titles."""
    limits.SOFT_SECONDS, limits.HARD_SECONDS = 0.5, 1.0
    real = reading._parse

    def parse(found: Page, feed: Feed, now: datetime) -> Any:
        start = found.body[:100]
        if b"endless" in start:
            while True:
                pass
        if b"huge" in start:
            return bytearray(2 * 2**30)
        if b"deadly" in start:
            os._exit(9)
        return real(found, feed, now)

    reading._parse = parse
    try:
        return real_bounded(found, feed, now)
    finally:
        reading._parse = real


real_bounded = reading._bounded


def test_a_heavy_feed_is_read_apart_and_ended_when_it_breaks_its_bounds(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """An endless, a greedy and a deadly one are three reasons; heavy and light ones are read."""
    monkeypatch.setattr(reading, "_bounded", misbehaving)
    titles = ["good", "endless", "huge", "deadly", "good"]

    async def whole() -> list[Any]:
        async with FeedReader() as reader:
            pages = [page(title, HEAVY) for title in titles] + [page("light")]
            return list(await asyncio.gather(*(reader.read(one, FEED, NOW) for one in pages)))

    found = asyncio.run(asyncio.wait_for(whole(), 240))
    said = [one.reason if isinstance(one, Rejection) else len(one.entries) for one in found]
    assert said == [1, "timeout", "memory", "crashed", 1, 1]


def test_light_feeds_start_no_process() -> None:
    """Nearly all are: the run does not wait for one."""

    async def whole() -> tuple[Any, frozenset[int]]:
        async with FeedReader() as reader:
            return await reader.read(page("light"), FEED, NOW), reader.pids

    found, pids = asyncio.run(whole())
    assert isinstance(found, ParsedFeed)
    assert not pids


@pytest.mark.parametrize("body", [b" " * 2**21, b"<a>" * 20_000, b"&" * 200_000])
def test_what_may_take_long_is_not_light(body: bytes) -> None:
    """By its size, its tags or its entities."""
    assert not is_light(body)
    found = parse_feed(body, url=FEED.url, content_type="", feed=FEED, now=NOW)
    assert isinstance(found, Rejection)
