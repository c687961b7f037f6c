"""Which requests share a lane."""

from __future__ import annotations

import asyncio

import httpx
import pytest

from ingest.pacing import Lanes, Spacing, registered_domain


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
    lanes = Lanes(2, 0)
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
        spacing = Spacing(10.0)
        for key in ("1.1.1.1", "1.1.1.1", "8.8.8.8", "1.1.1.1"):
            await spacing.turn(key)

    monkeypatch.setattr(asyncio, "sleep", sleep)
    asyncio.run(scenario())
    assert waits == [10.0, 20.0]
