"""Which requests share a lane."""

from __future__ import annotations

import asyncio
from datetime import datetime

import httpx
import pytest

from ingest.daytime import hours
from ingest.pacing import Lane, Lanes, Spacing, pace_at, registered_domain


@pytest.mark.parametrize(
    ("host", "domain"),
    [
        ("www.news.example.co.uk", "example.co.uk"),
        ("feeds.electrek.co", "electrek.co"),
        ("some.blog.wordpress.com", "wordpress.com"),
        ("News.Example.COM", "example.com"),
        ("a.one.test", "one.test"),
        ("localhost", "localhost"),
        ("127.0.0.1", "127.0.0.1"),
        ("::1", "::1"),
        ("co.uk", "co.uk"),
    ],
)
def test_hosts_belong_to_their_registered_domain(host: str, domain: str) -> None:
    """By the bundled public suffix list; addresses and bare names stand for themselves."""
    assert registered_domain(host) == domain


def test_hosts_of_one_domain_share_a_lane() -> None:
    """The feed host and the page host of one publisher are one site."""
    lanes = Lanes(2, lambda: 0.0)
    one = lanes.of(httpx.URL("https://www.news.example/a"))
    assert lanes.of(httpx.URL("http://feeds.news.example:8080/b")) is one
    assert lanes.of(httpx.URL("https://other.example/")) is not one


def test_spacing_keeps_turns_of_one_key_apart_and_of_others_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Each further asker of one address waits one step longer, one of another not at all."""
    waits: list[float] = []

    async def sleep(seconds: float) -> None:
        waits.append(round(seconds, 1))

    async def scenario() -> None:
        spacing = Spacing(lambda: 10.0)
        for key in ("1.1.1.1", "1.1.1.1", "8.8.8.8", "1.1.1.1"):
            await spacing.turn(key)

    monkeypatch.setattr(asyncio, "sleep", sleep)
    asyncio.run(scenario())
    assert waits == [10.0, 20.0]


def test_a_lane_keeps_to_the_pace_of_the_hour_and_never_under_what_a_site_asks(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The pace may change while requests are under way; a Crawl-delay stays the least."""
    waits: list[float] = []
    paces = iter([5.0, 1.0, 1.0])

    async def sleep(seconds: float) -> None:
        waits.append(round(seconds, 1))

    async def scenario() -> None:
        lane = Lane(2, lambda: next(paces))
        for crawl_delay in (0.0, 0.0, 0.0, 20.0):
            lane.slow_down(crawl_delay)
            async with lane.turn():
                pass

    monkeypatch.setattr(asyncio, "sleep", sleep)
    asyncio.run(scenario())
    assert waits == [5.0, 6.0, 26.0]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", set()),
        ("22-6", {22, 23, 0, 1, 2, 3, 4, 5}),
        (" 9 - 12 ", {9, 10, 11}),
        ("20-24", {20, 21, 22, 23}),
        ("0-24", None),
        ("6-6", None),
        ("24-6", None),
        ("22", None),
        ("night", None),
    ],
)
def test_hours_are_read_or_refused(text: str, found: set[int] | None) -> None:
    """Two hours of the day, past midnight too; what may mean all or nothing is refused."""
    if found is None:
        with pytest.raises(ValueError, match="hours"):
            hours(text)
    else:
        assert hours(text) == found


@pytest.mark.parametrize(
    ("full", "hour", "pace"),
    [("22-6", 23, 1.0), ("22-6", 5, 1.0), ("22-6", 6, 5.0), ("22-6", 12, 5.0), ("", 12, 1.0)],
)
def test_a_backfill_goes_slowly_by_day(full: str, hour: int, pace: float) -> None:
    """At full pace within the hours that are set, and always where none are."""
    assert pace_at(datetime(2026, 11, 2, hour, 59), 1.0, hours(full), 5.0) == pace
