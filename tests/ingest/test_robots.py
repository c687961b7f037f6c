"""robots.txt: what an answer allows, and that one answer serves a whole run."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.models import FetchFailure, Page
from ingest.robots import RobotsCache, RobotsRules, product_token, read_rules

NOW = datetime(2026, 11, 3, 12, 0, tzinfo=UTC)
LATER = NOW + timedelta(hours=1)
PAGE = "https://news.example/article/1"


def robots(body: bytes | str) -> Page:
    content = body.encode() if isinstance(body, str) else body
    url = "https://news.example/robots.txt"
    return Page(
        url=url,
        requested_url=url,
        status=200,
        content_type="text/plain",
        body=content,
        fetched_at=NOW,
    )


def failure(reason: str, status: int | None = None) -> FetchFailure:
    return FetchFailure(
        url="https://news.example/robots.txt",
        reason=reason,
        detail="so it was",
        at=NOW,
        status=status,
        retry_at=LATER,
    )


def reason(rules: RobotsRules, url: str = PAGE) -> str:
    refusal = rules.refusal(url, NOW)
    return refusal.reason if refusal else ""


@pytest.mark.parametrize(
    ("body", "refused"),
    [
        ("User-agent: *\nDisallow: /", True),
        ("User-agent: voltwire\nDisallow: /article/", True),
        ("User-Agent: VoltWire\nDisallow: /article/", True),
        ("\ufeffUser-agent: *\r\nDisallow: /article\r\n", True),
        ("User-agent: *\nDisallow: /*/1$", True),
        ("User-agent: GPTBot\nUser-agent: voltwire\nDisallow: /", True),
        ("User-agent: *\nDisallow: /\nAllow: /article/", False),
        ("User-agent: *\nDisallow: /\n\nUser-agent: voltwire\nDisallow:", False),
        ("User-agent: GPTBot\nDisallow: /", False),
        ("User-agent: contact\nDisallow: /", False),
        ("User-agent: *\nDisallow: /private", False),
        ("<html><body>Not found</body></html>", False),
        ("", False),
    ],
)
def test_the_group_for_our_token_or_else_for_all_decides(body: str, refused: bool) -> None:
    """Longest match, case of the token, groups of several robots, a page served as robots.txt."""
    assert reason(read_rules(robots(body), "voltwire")) == ("robots" if refused else "")


def test_a_forbidden_page_is_not_asked_for_again() -> None:
    """A rule is a no, not a later."""
    refusal = read_rules(robots("User-agent: *\nDisallow: /"), "voltwire").refusal(PAGE, NOW)
    assert refusal is not None
    assert (refusal.url, refusal.retry_at) == (PAGE, None)


@pytest.mark.parametrize(
    ("answer", "word"),
    [
        (failure("http_404", 404), ""),
        (failure("http_403", 403), ""),
        (failure("http_401", 401), ""),
        (failure("http_410", 410), ""),
        (failure("redirect_loop"), ""),
        (failure("unsupported_type"), ""),
        (failure("not_in_archive"), ""),
        (failure("http_429", 429), "robots_unreachable"),
        (failure("http_500", 500), "robots_unreachable"),
        (failure("http_503", 503), "robots_unreachable"),
        (failure("disconnected"), "robots_unreachable"),
        (failure("protocol"), "robots_unreachable"),
        (failure("timeout"), "timeout"),
        (failure("dns"), "dns"),
        (failure("tls"), "tls"),
        (failure("blocked_address"), "blocked_address"),
    ],
)
def test_a_failure_to_get_the_rules_means_what_rfc_9309_says(
    answer: FetchFailure, word: str
) -> None:
    """No such file allows, a struggling server forbids for now, an absent host is absent."""
    rules = read_rules(answer, "voltwire")
    assert reason(rules) == word
    if word:
        refusal = rules.refusal(PAGE, NOW)
        assert refusal is not None
        assert (refusal.url, refusal.retry_at) == (PAGE, LATER)


@pytest.mark.parametrize(
    ("line", "seconds"),
    [("Crawl-delay: 7", 7.0), ("Crawl-delay: 0.5", 0.5), ("Crawl-delay: soon", 0.0), ("", 0.0)],
)
def test_a_crawl_delay_is_read(line: str, seconds: float) -> None:
    """Seconds with a fraction; nonsense is none."""
    assert read_rules(robots(f"User-agent: *\n{line}"), "voltwire").crawl_delay == seconds


@settings(max_examples=100, deadline=None)
@given(
    st.binary(max_size=300),
    st.sampled_from(["User-agent: *\nDisallow: ", "Allow: ", "Crawl-delay: ", ""]),
)
def test_no_robots_txt_breaks_the_reader(body: bytes, start: str) -> None:
    """Whatever bytes a site serves, an answer comes out."""
    assert reason(read_rules(robots(start.encode() + body), "voltwire")) in ("", "robots")


def test_a_pattern_of_many_stars_is_matched_in_no_time() -> None:
    """Half a megabyte of wildcards is no way to hang a run."""
    hostile = "User-agent: *\n" + f"Disallow: /{'*a' * 500}b\n" * 500
    assert reason(read_rules(robots(hostile), "voltwire"), PAGE + "a" * 3_000) == ""


@pytest.mark.parametrize(
    ("agent", "token"),
    [
        ("voltwire/0.1 (+https://bot.example)", "voltwire"),
        ("voltwire", "voltwire"),
        ("Volt-Wire 2.0", "Volt-Wire"),
        ("", "*"),
    ],
)
def test_the_product_token_is_the_first_word_of_the_agent(agent: str, token: str) -> None:
    """What stands in the contact address must not match another robot's group."""
    assert product_token(agent) == token


def test_one_origin_is_asked_once() -> None:
    """Concurrent and later askers share an answer; another scheme or port is another origin."""
    asked: list[str] = []

    async def fetch(url: str) -> Page | FetchFailure:
        asked.append(url)
        await asyncio.sleep(0)
        return robots("User-agent: *\nDisallow: /")

    async def scenario() -> None:
        cache = RobotsCache(fetch, "voltwire")
        urls = [f"https://news.example/{number}?q#f" for number in range(5)]
        await asyncio.gather(*(cache.rules(httpx.URL(url)) for url in urls))
        await cache.rules(httpx.URL("https://news.example/again"))
        await cache.rules(httpx.URL("http://news.example/"))
        await cache.rules(httpx.URL("https://news.example:8443/"))
        await cache.aclose()

    asyncio.run(scenario())
    assert asked == [
        "https://news.example/robots.txt",
        "http://news.example/robots.txt",
        "https://news.example:8443/robots.txt",
    ]


def test_an_asker_that_gives_up_leaves_the_answer_to_the_others() -> None:
    """Cancelling one page does not cancel the robots.txt that others wait for."""

    async def scenario() -> None:
        go_on = asyncio.Event()

        async def fetch(_url: str) -> Page | FetchFailure:
            await go_on.wait()
            return robots("User-agent: *\nDisallow: /")

        cache = RobotsCache(fetch, "voltwire")
        first = asyncio.create_task(cache.rules(httpx.URL(PAGE)))
        second = asyncio.create_task(cache.rules(httpx.URL(PAGE)))
        await asyncio.sleep(0)
        first.cancel()
        go_on.set()
        assert reason(await second) == "robots"
        await cache.aclose()

    asyncio.run(asyncio.wait_for(scenario(), 20))
