"""The fetcher against real servers on the loopback interface that behave as badly as they can."""

from __future__ import annotations

import asyncio
import contextlib
import gzip
import ssl
import zlib
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import brotli
import h2.config
import h2.connection
import h2.events
import httpx
import pytest
import zstandard
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ingest.archive import ArchiveWriter, load_page, read_pages
from ingest.errors import ArchiveNotWritten
from ingest.http import Fetcher
from ingest.models import FetchFailure, NotModified, Page
from ingest.policy import FetchPolicy
from ingest.replay import ReplayTransport
from ingest.robots_memory import RobotsMemory

NOW = datetime(2026, 11, 3, 12, 0, tzinfo=UTC)
AGENT = "voltwire/0.1 (+https://voltwire.example/contact)"
HTML = b"<html><body>Cells from the new line</body></html>"
QUICK = FetchPolicy(
    connect_seconds=2,
    read_seconds=2,
    total_seconds=3,
    body_bytes=200_000,
    header_bytes=8_000,
    error_body_bytes=4_000,
    backoff_seconds=0.001,
    backoff_most_seconds=0.002,
    pace_seconds=0,
)
Answer = Callable[["Asked", asyncio.StreamWriter], Awaitable[None]]


class Asked:
    """One request as the server saw it."""

    def __init__(self, head: bytes) -> None:
        lines = head.decode("latin-1").split("\r\n")
        self.path = lines[0].split(" ")[1]
        pairs = [line.split(": ", 1) for line in lines[1:] if ": " in line]
        self.headers = {name.lower(): value for name, value in pairs}


class Loopback:
    """A server with an answer a path; counts what it is asked."""

    def __init__(self) -> None:
        self.answers: dict[str, Answer] = {}
        self.asked: list[Asked] = []
        self.times: list[float] = []
        self.active = 0
        self.most_active = 0
        self.port = 0
        self.serving: set[asyncio.Task[None]] = set()

    def url(self, path: str, host: str = "127.0.0.1") -> str:
        return f"http://{host}:{self.port}{path}"

    def say(self, path: str, status: str = "200 OK", body: bytes = HTML, **headers: str) -> None:
        """Always answer ``path`` so."""
        self.answers[path] = plain(status, body, **headers)

    def count(self, path: str) -> int:
        return Counter(asked.path for asked in self.asked)[path]

    async def accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self.serving.add(task)
        try:
            with contextlib.suppress(OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
                await self.serve(reader, writer)
        finally:
            writer.transport.abort()
            self.serving.discard(task)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while not writer.is_closing():
            asked = Asked(await reader.readuntil(b"\r\n\r\n"))
            self.asked.append(asked)
            self.times.append(asyncio.get_running_loop().time())
            self.active += 1
            self.most_active = max(self.most_active, self.active)
            try:
                await self.answers.get(asked.path, NOT_FOUND)(asked, writer)
                await writer.drain()
            finally:
                self.active -= 1
        await writer.wait_closed()


def plain(status: str = "200 OK", body: bytes = HTML, **headers: str) -> Answer:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    named.setdefault("Content-Type", "text/html; charset=utf-8")
    named.setdefault("Content-Length", str(len(body)))
    head = "".join(f"{name}: {value}\r\n" for name, value in named.items())

    async def answer(_: Asked, writer: asyncio.StreamWriter) -> None:
        writer.write(f"HTTP/1.1 {status}\r\n{head}\r\n".encode("latin-1") + body)

    return answer


def raw(answer_bytes: bytes) -> Answer:
    async def answer(_: Asked, writer: asyncio.StreamWriter) -> None:
        writer.write(answer_bytes)
        await writer.drain()
        writer.close()

    return answer


NOT_FOUND = plain("404 Not Found", b"nothing here")


@contextlib.asynccontextmanager
async def loopback(tls: ssl.SSLContext | None = None) -> AsyncIterator[Loopback]:
    site = Loopback()
    server = await asyncio.start_server(site.accept, "127.0.0.1", 0, ssl=tls)
    site.port = server.sockets[0].getsockname()[1]
    try:
        yield site
    finally:
        server.close()
        for task in list(site.serving):
            task.cancel()
        await asyncio.gather(*site.serving, return_exceptions=True)


async def to_loopback(_host: str, _port: int) -> list[str]:
    return ["127.0.0.1"]


class Slept(list[float]):
    async def __call__(self, seconds: float) -> None:
        self.append(seconds)
        await asyncio.sleep(0)


def fetcher(policy: FetchPolicy = QUICK, **more: Any) -> Fetcher:
    more.setdefault("allow_hosts", frozenset({"127.0.0.1"}))
    more.setdefault("sleep", Slept())
    return Fetcher(policy, user_agent=AGENT, clock=lambda: NOW, **more)


def run(scenario: Coroutine[Any, Any, None]) -> None:
    """Run ``scenario``; half a minute is a hang."""
    asyncio.run(asyncio.wait_for(scenario, 30))


def failed(outcome: Page | NotModified | FetchFailure, reason: str) -> FetchFailure:
    assert isinstance(outcome, FetchFailure), outcome
    assert outcome.reason == reason, outcome
    return outcome


def fetched(outcome: Page | NotModified | FetchFailure) -> Page:
    assert isinstance(outcome, Page), outcome
    return outcome


# What a good answer brings


def test_a_page_carries_what_the_server_said_of_it() -> None:
    """Body, type, validators, freshness and time of a 200 are in the Page."""

    async def scenario() -> None:
        async with loopback() as site, fetcher() as web:
            site.say(
                "/a",
                ETag='W/"7"',
                Last_Modified="Mon, 02 Nov 2026 10:00:00 GMT",
                Cache_Control="public, max-age=600",
            )
            page = fetched(await web.page(site.url("/a#part")))
            assert page.body == HTML
            assert page.requested_url == site.url("/a#part")
            assert page.url == site.url("/a")
            assert page.content_type == "text/html; charset=utf-8"
            assert (page.etag, page.last_modified) == ('W/"7"', "Mon, 02 Nov 2026 10:00:00 GMT")
            assert (page.max_age, page.fetched_at, page.permanent_url) == (600, NOW, "")
            assert site.asked[-1].headers["user-agent"] == AGENT

    run(scenario())


@pytest.mark.parametrize(
    ("coding", "packed"),
    [
        ("gzip", gzip.compress(HTML)),
        ("gzip", gzip.compress(HTML[:9]) + gzip.compress(HTML[9:])),
        ("br", brotli.compress(HTML)),
        ("zstd", zstandard.compress(HTML)),
        ("gzip", HTML),
        ("gzip, br", brotli.compress(gzip.compress(HTML))),
    ],
    ids=["gzip", "gzip members", "br", "zstd", "not applied", "two layers"],
)
def test_compressed_bodies_arrive_decoded(coding: str, packed: bytes) -> None:
    """gzip, brotli, zstd, several layers, and a coding announced but not applied."""

    async def scenario() -> None:
        async with loopback() as site, fetcher() as web:
            site.say("/a", body=packed, Content_Encoding=coding)
            assert fetched(await web.feed(site.url("/a"))).body == HTML

    run(scenario())


def test_a_feed_that_has_not_changed_is_not_modified() -> None:
    """Stored validators go out as If-None-Match and If-Modified-Since; a 304 is a value."""

    async def scenario() -> None:
        async with loopback() as site, fetcher() as web:
            site.say("/feed", "304 Not Modified", b"", ETag='"7"')
            outcome = await web.feed(site.url("/feed"), etag='"7"', last_modified="Mon, 02 Nov")
            assert outcome == NotModified(url=site.url("/feed"), fetched_at=NOW)
            assert site.asked[0].headers["if-none-match"] == '"7"'
            assert site.asked[0].headers["if-modified-since"] == "Mon, 02 Nov"

    run(scenario())


def test_a_304_says_where_it_came_from_and_how_long_it_holds() -> None:
    """Behind a permanent redirect it is a sighting of that, and its Cache-Control counts."""

    async def scenario() -> None:
        async with loopback() as site, fetcher() as web:
            site.say("/old", "301 Moved", b"", Location="/feed")
            site.say("/feed", "304 Not Modified", b"", Cache_Control="max-age=7200")
            outcome = await web.feed(site.url("/old"), etag='"7"')
            assert outcome == NotModified(
                url=site.url("/old"), fetched_at=NOW, permanent_url=site.url("/feed"), max_age=7200
            )

    run(scenario())


def test_a_304_that_nobody_asked_for_is_a_failure() -> None:
    """Without validators a 304 brings nothing; stored ones that cannot be sent are left out."""

    async def scenario() -> None:
        async with loopback() as site, fetcher() as web:
            site.say("/feed", "304 Not Modified", b"")
            outcome = await web.feed(site.url("/feed"), etag='"a\r\nX: y"')
            assert failed(outcome, "http_304").retry_at is not None
            assert "x" not in site.asked[0].headers

    run(scenario())


def test_a_contact_that_no_header_can_carry_is_sent_as_far_as_it_can() -> None:
    """Umlauts and line ends in the user's setting do not stop the work."""

    async def scenario() -> None:
        agent = "voltwire/0.1 (+Jürgen\r\nX-Y: z)"
        web = Fetcher(
            QUICK, user_agent=agent, clock=lambda: NOW, allow_hosts=frozenset({"127.0.0.1"})
        )
        async with loopback() as site, web:
            site.say("/a")
            fetched(await web.feed(site.url("/a")))
            assert site.asked[0].headers["user-agent"] == "voltwire/0.1 (+Jrgen X-Y: z)"

    run(scenario())


# Redirects


@pytest.mark.parametrize(("second", "is_permanent"), [("308 Moved", True), ("302 Found", False)])
def test_only_a_chain_of_permanent_redirects_names_a_permanent_url(
    second: str, is_permanent: bool
) -> None:
    """301 then 308 fills permanent_url; one temporary hop in it does not."""

    async def scenario() -> None:
        async with loopback() as site, fetcher() as web:
            site.say("/old", "301 Moved", b"", Location="newer")
            site.say("/newer", second, b"", Location=site.url("/new"))
            site.say("/new")
            page = fetched(await web.feed(site.url("/old")))
            assert (page.requested_url, page.url) == (site.url("/old"), site.url("/new"))
            assert page.permanent_url == (site.url("/new") if is_permanent else "")

    run(scenario())


def test_a_redirect_loop_ends_after_five_hops() -> None:
    """The loop is a failure after six requests."""

    async def scenario() -> None:
        async with loopback() as site, fetcher() as web:
            site.say("/a", "302 Found", b"", Location="/b")
            site.say("/b", "301 Moved", b"", Location="/a")
            failed(await web.feed(site.url("/a")), "redirect_loop")
            assert len(site.asked) == 6

    run(scenario())


def test_cookies_live_for_one_chain_of_redirects() -> None:
    """A cookie wall that redirects to itself is passed; the next request carries no cookie."""

    async def scenario() -> None:
        async def wall(asked: Asked, writer: asyncio.StreamWriter) -> None:
            if "cookie" in asked.headers:
                await plain()(asked, writer)
            else:
                await plain("302 Found", b"", Location="/a", Set_Cookie="seen=1")(asked, writer)

        async with loopback() as site, fetcher() as web:
            site.answers["/a"] = wall
            fetched(await web.feed(site.url("/a")))
            site.say("/b")
            fetched(await web.feed(site.url("/b")))
            assert ["cookie" in asked.headers for asked in site.asked] == [False, True, False]

    run(scenario())


@pytest.mark.parametrize(
    ("location", "reason"),
    [
        ("http://10.0.0.1/", "blocked_address"),
        ("http://169.254.169.254/latest/meta-data/", "blocked_address"),
        ("http://[::1]/", "blocked_address"),
        ("http://[::ffff:127.0.0.1]/", "blocked_address"),
        ("http://2130706433/", "blocked_address"),
        ("http://localhost/", "blocked_address"),
        ("file:///etc/passwd", "bad_url"),
        ("ftp://example.com/", "bad_url"),
        ("http://user:word@127.0.0.1/", "bad_url"),
        ("http://example.com:22/", "bad_url"),
        ("http://[bad/", "bad_url"),
        ("http://exa mple.com/", "bad_url"),
        ("http://:99999999/", "bad_url"),
        ("", "bad_redirect"),
    ],
)
def test_a_redirect_is_guarded_like_the_first_url(location: str, reason: str) -> None:
    """Inside addresses, other schemes, credentials and odd ports are refused after a redirect."""

    async def scenario() -> None:
        async with loopback() as site, fetcher() as web:
            site.say("/a", "302 Found", b"", Location=location)
            assert failed(await web.feed(site.url("/a")), reason).retry_at is None
            assert len(site.asked) == 1

    run(scenario())


# Bad servers


def test_a_dripping_server_is_left_at_the_deadline() -> None:
    """A byte now and then keeps the read timeout quiet, but not the total deadline."""

    async def scenario() -> None:
        async def drip(_: Asked, writer: asyncio.StreamWriter) -> None:
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n")
            for _second in range(200):
                writer.write(b"x")
                await writer.drain()
                await asyncio.sleep(0.05)

        hasty = FetchPolicy(read_seconds=5, total_seconds=0.3, pace_seconds=0)
        async with loopback() as site, fetcher(hasty) as web:
            site.answers["/a"] = drip
            failure = failed(await web.feed(site.url("/a")), "timeout")
            assert failure.retry_at == NOW + timedelta(hours=1)
            assert site.count("/a") == 1

    run(scenario())


def test_one_deadline_holds_for_all_hops_and_tries_of_a_request() -> None:
    """Redirects that each come in time, and tries that each time out, end with the budget."""

    async def scenario() -> None:
        policy = replace(QUICK, read_seconds=2, total_seconds=1)
        async with loopback() as site, fetcher(policy) as web:

            async def hop(asked: Asked, writer: asyncio.StreamWriter) -> None:
                await asyncio.sleep(0.4)
                await plain("302 Found", b"", Location=f"{asked.path}x")(asked, writer)

            for hops in range(6):
                site.answers["/hop" + "x" * hops] = hop
            assert "1 s" in failed(await web.feed(site.url("/hop")), "timeout").detail
            assert len(site.asked) <= 3

    run(scenario())


@pytest.mark.parametrize(("status", "reason"), [("503 Busy", "http_503"), ("", "disconnected")])
def test_a_site_that_fails_again_and_again_is_left_alone(status: str, reason: str) -> None:
    """After six requests in a row without a proper answer no further one is sent in the run."""

    async def scenario() -> None:
        async with loopback() as site, fetcher(replace(QUICK, strikes=6)) as web:
            for n in range(20):
                site.answers[f"/{n}"] = plain(status) if status else raw(b"")
            found = [failed(await web.feed(site.url(f"/{n}")), reason) for n in range(20)]
            assert len(site.asked) == 6
            assert all(one.retry_at for one in found)
            assert found[-1].detail.startswith("not asked: the last 6 requests")

    run(scenario())


def test_a_proper_answer_ends_the_count_of_failures() -> None:
    """Single bad pages among good ones do not make a site count as down."""

    async def scenario() -> None:
        async with loopback() as site, fetcher(replace(QUICK, strikes=4)) as web:
            site.say("/good")
            site.say("/bad", "500 Oops")
            for _ in range(5):
                failed(await web.feed(site.url("/bad")), "http_500")
                fetched(await web.feed(site.url("/good")))
            assert site.count("/bad") == 15

    run(scenario())


def test_a_location_that_is_no_address_is_a_bad_redirect() -> None:
    """The client underneath reads it even though it does not follow it."""

    async def scenario() -> None:
        async with loopback() as site, fetcher() as web:
            site.say("/a", "302 Found", Location="javascript:alert(1)")
            failed(await web.feed(site.url("/a")), "bad_redirect")
            assert site.count("/a") == 1

    run(scenario())


def test_a_silent_server_times_out() -> None:
    """No answer within the read timeout is a timeout, tried again a few times."""

    async def scenario() -> None:
        async def silence(_: Asked, _writer: asyncio.StreamWriter) -> None:
            await asyncio.sleep(1)

        hasty = FetchPolicy(
            read_seconds=0.1, pace_seconds=0, backoff_seconds=0.001, backoff_most_seconds=0.002
        )
        async with loopback() as site, fetcher(hasty) as web:
            site.answers["/a"] = silence
            failed(await web.feed(site.url("/a")), "timeout")
            assert site.count("/a") == 3

    run(scenario())


def test_an_endless_body_is_cut_off_at_the_limit() -> None:
    """The connection is closed as soon as the limit is passed."""

    async def scenario() -> None:
        gone = asyncio.Event()

        async def endless(_: Asked, writer: asyncio.StreamWriter) -> None:
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n")
            try:
                while True:
                    writer.write(b"x" * 20_000)
                    await writer.drain()
            except ConnectionError:
                gone.set()
                raise

        async with loopback() as site, fetcher() as web:
            site.answers["/a"] = endless
            assert failed(await web.feed(site.url("/a")), "too_large").retry_at is None
            await gone.wait()

    run(scenario())


@pytest.mark.parametrize(
    ("coding", "packed"),
    [
        ("gzip", gzip.compress(bytes(30_000_000))),
        ("deflate", zlib.compress(bytes(30_000_000))),
        ("br", brotli.compress(bytes(30_000_000), quality=5)),
        ("zstd", zstandard.compress(bytes(30_000_000))),
    ],
    ids=["gzip", "deflate", "br", "zstd"],
)
def test_a_decompression_bomb_is_refused(coding: str, packed: bytes) -> None:
    """Thirty megabytes in thirty kilobytes: too_large, whatever the coding."""

    async def scenario() -> None:
        assert len(packed) < QUICK.body_bytes
        async with loopback() as site, fetcher() as web:
            site.say("/a", body=packed, Content_Encoding=coding)
            failed(await web.feed(site.url("/a")), "too_large")

    run(scenario())


@pytest.mark.parametrize("coding", ["gzip", "br", "zstd", "deflate"])
def test_a_cut_off_compressed_body_is_no_page(coding: str) -> None:
    """Half an article taken for a whole one would be a silent loss."""
    text = b"".join(b"%d Ah, " % number for number in range(20_000))
    packed = {
        "gzip": gzip.compress,
        "br": brotli.compress,
        "zstd": zstandard.compress,
        "deflate": zlib.compress,
    }[coding](text)

    async def scenario() -> None:
        async with loopback() as site, fetcher() as web:
            site.say("/a", body=packed[: len(packed) // 2], Content_Encoding=coding)
            failed(await web.feed(site.url("/a")), "bad_encoding")

    run(scenario())


def test_a_body_announced_as_too_large_is_not_read() -> None:
    """Content-Length over the limit ends it before the body."""

    async def scenario() -> None:
        async with loopback() as site, fetcher() as web:
            site.say("/a", body=b"", Content_Length="99999999999")
            assert "announced" in failed(await web.feed(site.url("/a")), "too_large").detail

    run(scenario())


@pytest.mark.parametrize("kind", ["image/jpeg", "video/mp4", "application/pdf", "application/zip"])
def test_what_cannot_be_text_is_refused_before_its_body(kind: str) -> None:
    """The body is announced but never sent, and not waited for."""

    async def scenario() -> None:
        async with loopback() as site, fetcher() as web:
            site.say("/a", body=b"", Content_Length="5000", Content_Type=kind)
            failure = failed(await web.page(site.url("/a")), "unsupported_type")
            assert failure.detail == kind
            assert site.count("/a") == 1

    run(scenario())


@pytest.mark.parametrize("size", [20_000, 300_000])
def test_oversized_headers_are_refused(size: int) -> None:
    """Over the policy's limit, and over what the protocol library reads at all."""

    async def scenario() -> None:
        async with loopback() as site, fetcher() as web:
            site.say("/a", X_Filler="x" * size)
            failed(await web.feed(site.url("/a")), "headers_too_large")

    run(scenario())


@pytest.mark.parametrize(
    "answer",
    [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\nshort", b"HTTP/1.1 200 OK\r\nConte"],
    ids=["nothing", "half a body", "half a header"],
)
def test_a_connection_closed_early_is_no_page(answer: bytes) -> None:
    """Less than Content-Length promises, half a header or nothing: disconnected, tried again."""

    async def scenario() -> None:
        async with loopback() as site, fetcher() as web:
            site.answers["/a"] = raw(answer)
            assert failed(await web.feed(site.url("/a")), "disconnected").retry_at is not None
            assert site.count("/a") == 3

    run(scenario())


def test_more_bytes_than_content_length_do_not_spoil_the_next_answer() -> None:
    """What follows the announced length is neither waited for nor read as an answer."""

    async def scenario() -> None:
        async with loopback() as site, fetcher() as web:
            site.say("/a", body=HTML + b"HTTP/1.1 200 OK\r\n", Content_Length="6")
            site.say("/b")
            assert fetched(await web.feed(site.url("/a"))).body == b"<html>"
            assert fetched(await web.feed(site.url("/b"))).body == HTML

    run(scenario())


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    status=st.sampled_from([b"HTTP/1.1 200 OK\r\n", b"HTTP/1.1 301 X\r\n", b"HTTP/9 \r\n", b""]),
    headers=st.lists(
        st.sampled_from(
            [
                b"Content-Encoding: gzip\r\n",
                b"Content-Encoding: br, br, br, br\r\n",
                b"Transfer-Encoding: chunked\r\n",
                b"Content-Length: 5\r\n",
                b"Location: \xff\xfe://\r\n",
                b"Location: //[\r\n",
                b"Retry-After: -5\r\n",
                b"Expires: 99999999\r\n",
                b"ETag: \xc3\x28\r\n",
                b"Set-Cookie: ===;;\r\n",
                b"Content-Type: \xe4\r\n",
            ]
        )
    ),
    rest=st.binary(max_size=200),
)
def test_no_answer_of_any_server_raises(status: bytes, headers: list[bytes], rest: bytes) -> None:
    """Nonsense on the wire ends in a value with a reason."""

    async def scenario() -> None:
        async with loopback() as site, fetcher() as web:
            site.answers["/a"] = raw(status + b"".join(headers) + b"\r\n" + rest)
            outcome = await web.feed(site.url("/a"))
            assert isinstance(outcome, Page | FetchFailure)

    run(scenario())


@settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.text(max_size=40) | st.text(max_size=30).map(lambda rest: f"http://10.0.0.1{rest}"))
def test_no_url_raises(url: str) -> None:
    """Whatever a feed calls a URL ends in a value, without a request."""

    async def scenario() -> None:
        async with fetcher(transport=httpx.MockTransport(lambda _: httpx.Response(404))) as web:
            outcome = await web.page(url)
            assert isinstance(outcome, FetchFailure)

    run(scenario())


# Trying again


def test_a_passing_fault_is_tried_again() -> None:
    """503 twice, then the page; the waits grow."""

    async def scenario() -> None:
        slept = Slept()
        async with loopback() as site, fetcher(sleep=slept) as web:

            async def third_time(asked: Asked, writer: asyncio.StreamWriter) -> None:
                good = site.count("/a") == 3
                await plain("200 OK" if good else "503 Busy")(asked, writer)

            site.answers["/a"] = third_time
            assert fetched(await web.feed(site.url("/a"))).body == HTML
            assert len(slept) == 2

    run(scenario())


def test_a_short_retry_after_is_waited_for() -> None:
    """429 with Retry-After: 7 waits at least seven seconds before the next try."""

    async def scenario() -> None:
        slept = Slept()
        async with loopback() as site, fetcher(sleep=slept) as web:
            site.say("/a", "429 Slow down", Retry_After="7")
            failure = failed(await web.feed(site.url("/a")), "http_429")
            assert slept == [7, 7]
            assert (failure.status, failure.retry_at) == (429, NOW + timedelta(seconds=7))

    run(scenario())


@pytest.mark.parametrize(
    ("asked", "seconds"),
    [("7200", 7200), ("Tue, 03 Nov 2026 14:00:00 GMT", 7200), ("99999999", 7 * 24 * 3600)],
)
def test_a_long_retry_after_is_handed_back_and_the_site_left_alone(
    asked: str, seconds: int
) -> None:
    """In seconds or as a date, bounded; until then the whole domain is not asked again."""

    async def scenario() -> None:
        slept = Slept()
        async with loopback() as site, fetcher(sleep=slept) as web:
            site.say("/a", "429 Slow down", Retry_After=asked)
            failure = failed(await web.feed(site.url("/a")), "http_429")
            assert failure.retry_at == NOW + timedelta(seconds=seconds)
            other = failed(await web.feed(site.url("/b")), "http_429")
            assert other.retry_at == failure.retry_at
            assert slept == []
            assert len(site.asked) == 1

    run(scenario())


@pytest.mark.parametrize(
    ("status", "tries", "comes_back"),
    [(404, 1, False), (410, 1, False), (403, 1, True), (500, 3, True), (418, 1, False)],
)
def test_a_status_says_whether_to_come_back(status: int, tries: int, comes_back: bool) -> None:
    """Gone stays gone; a refusal is worth another day, a fault another try."""

    async def scenario() -> None:
        async with loopback() as site, fetcher() as web:
            site.say("/a", f"{status} Word")
            failure = failed(await web.page(site.url("/a")), f"http_{status}")
            assert failure.status == status
            assert site.count("/a") == tries
            assert (failure.retry_at is not None) == comes_back

    run(scenario())


def test_a_status_counts_though_its_body_breaks_off() -> None:
    """A 404 whose body is cut, endless or undecodable is still a 404."""

    async def scenario() -> None:
        async with loopback() as site, fetcher() as web:
            site.answers["/a"] = raw(b"HTTP/1.1 404 No\r\nContent-Length: 900\r\n\r\nshort")
            failed(await web.feed(site.url("/a")), "http_404")
            site.say("/b", "404 No", bytes(90_000), Content_Encoding="br")
            failed(await web.feed(site.url("/b")), "http_404")

    run(scenario())


def test_nobody_listening_is_connect_and_no_such_name_is_dns() -> None:
    """Two faults a user tells apart."""

    async def no_name(_host: str, _port: int) -> list[str]:
        raise OSError("no such name")

    async def scenario() -> None:
        async with loopback() as site:
            port = site.port
        async with fetcher(resolver=no_name) as web:
            failure = failed(await web.feed("http://nowhere.example/"), "dns")
            assert failure.retry_at == NOW + timedelta(hours=1)
        async with fetcher() as web:
            failed(await web.feed(f"http://127.0.0.1:{port}/"), "connect")

    run(scenario())


def test_an_untrusted_certificate_is_refused(tmp_path: Path) -> None:
    """TLS is verified: a self-signed server gets no request."""

    async def scenario() -> None:
        async with loopback(_self_signed(tmp_path)) as site, fetcher() as web:
            url = site.url("/a").replace("http:", "https:")
            assert failed(await web.feed(url), "tls").retry_at == NOW + timedelta(days=1)
            assert site.asked == []

    run(scenario())


def test_http_2_is_spoken_where_it_is_offered(tmp_path: Path) -> None:
    """Several requests to one host share a connection; the archive says which protocol it was."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        server = h2.connection.H2Connection(h2.config.H2Configuration(client_side=False))
        server.initiate_connection()
        while received := await reader.read(65_536):
            for event in server.receive_data(received):
                if isinstance(event, h2.events.RequestReceived):
                    server.send_headers(
                        event.stream_id, [(":status", "200"), ("content-type", "text/html")]
                    )
                    server.send_data(event.stream_id, HTML, end_stream=True)
            writer.write(server.data_to_send())
        writer.transport.abort()

    async def scenario() -> None:
        context = _self_signed(tmp_path)
        context.set_alpn_protocols(["h2"])
        trusting = ssl.create_default_context(cafile=str(tmp_path / "server.pem"))
        trusting.check_hostname = False
        server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=context)
        url = f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
        with ArchiveWriter(tmp_path, lambda: NOW) as archive:
            async with fetcher(ssl_context=trusting, archive=archive) as web:
                outcomes = await asyncio.gather(*(web.feed(f"{url}{n}") for n in range(3)))
        server.close()
        await asyncio.sleep(0.05)
        assert [fetched(outcome).body for outcome in outcomes] == [HTML] * 3
        (file,) = tmp_path.rglob("*.warc.gz")
        assert gzip.decompress(file.read_bytes()).count(b"WARC-Protocol: http/2") == 3

    run(scenario())


def _self_signed(folder: Path) -> ssl.SSLContext:
    x509 = pytest.importorskip("cryptography.x509")
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(datetime(2020, 1, 1))
        .not_valid_after(datetime(2120, 1, 1))
        .sign(key, hashes.SHA256())
    )
    pem = folder / "server.pem"
    pem.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        + certificate.public_bytes(serialization.Encoding.PEM)
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    return context


# Politeness


def test_robots_txt_is_asked_once_and_obeyed_for_pages_only() -> None:
    """Many pages, one robots.txt; the forbidden page is not requested, the feed is."""

    async def scenario() -> None:
        async with loopback() as site, fetcher() as web:
            site.say("/robots.txt", body=b"User-agent: voltwire\nDisallow: /private/")
            site.say("/private/a")
            pages = [web.page(site.url(f"/{number}")) for number in range(5)]
            outcomes = await asyncio.gather(web.page(site.url("/private/a")), *pages)
            assert failed(outcomes[0], "robots").retry_at is None
            assert site.count("/private/a") == 0
            assert site.count("/robots.txt") == 1
            fetched(await web.feed(site.url("/private/a")))

    run(scenario())


def test_robots_txt_is_asked_once_in_two_runs(tmp_path: Path) -> None:
    """The next run within a day obeys it unasked, and who reads it for its sitemaps shares it."""

    async def scenario() -> None:
        memory = RobotsMemory(tmp_path, lambda: NOW)
        async with loopback() as site:
            site.say("/robots.txt", body=b"User-agent: *\nDisallow: /private/")
            async with fetcher(robots_memory=memory) as web:
                failed(await web.page(site.url("/private/a")), "robots")
                assert fetched(await web.page(site.url("/robots.txt"))).body.startswith(b"User")
            async with fetcher(robots_memory=memory) as web:
                failed(await web.page(site.url("/private/a")), "robots")
                assert fetched(await web.page(site.url("/robots.txt"))).body.startswith(b"User")
            assert site.count("/robots.txt") == 1

    run(scenario())


def test_robots_txt_is_asked_for_the_target_of_a_redirect() -> None:
    """A redirect into a forbidden place is not followed."""

    async def scenario() -> None:
        async with loopback() as site, fetcher() as web:
            site.say("/robots.txt", body=b"User-agent: *\nDisallow: /private/")
            site.say("/a", "302 Found", b"", Location="/private/a")
            failure = failed(await web.page(site.url("/a")), "robots")
            assert failure.url == site.url("/a")
            assert site.count("/private/a") == 0

    run(scenario())


def test_an_unreachable_robots_txt_forbids_for_now() -> None:
    """RFC 9309: a server error is no permission; the page is for a later run."""

    async def scenario() -> None:
        async with loopback() as site, fetcher() as web:
            site.say("/robots.txt", "503 Busy")
            site.say("/a")
            failure = failed(await web.page(site.url("/a")), "robots_unreachable")
            assert failure.retry_at is not None
            assert site.count("/a") == 0

    run(scenario())


def test_a_huge_robots_txt_counts_as_far_as_it_is_read() -> None:
    """The first half megabyte is obeyed, the rest is not read."""

    async def scenario() -> None:
        async with loopback() as site, fetcher() as web:
            rules = b"User-agent: *\nDisallow: /private/\n"
            site.say("/robots.txt", body=rules + b"# filler\n" * 100_000)
            failed(await web.page(site.url("/private/a")), "robots")

    run(scenario())


@pytest.mark.parametrize(
    ("hosts", "bound"),
    [(["a.one.test", "b.one.test"], 2), ([f"site{n}.test" for n in range(8)], 3)],
)
def test_requests_under_way_are_bounded_by_domain_and_in_all(hosts: list[str], bound: int) -> None:
    """Two at once a registered domain, whatever the host names; three at once over all."""

    async def scenario() -> None:
        policy = FetchPolicy(pace_seconds=0, concurrent=3, concurrent_per_domain=2)
        allowed = frozenset(hosts)

        async def slow(asked: Asked, writer: asyncio.StreamWriter) -> None:
            await asyncio.sleep(0.02)
            await plain()(asked, writer)

        async with (
            loopback() as site,
            fetcher(policy, resolver=to_loopback, allow_hosts=allowed) as web,
        ):
            site.answers["/a"] = slow
            urls = [site.url("/a", host) for host in hosts * (16 // len(hosts))]
            outcomes = await asyncio.gather(*(web.feed(url) for url in urls))
            assert all(isinstance(outcome, Page) for outcome in outcomes)
            assert site.most_active == bound

    run(scenario())


def test_requests_to_one_domain_keep_their_distance() -> None:
    """With a pace of 50 ms four requests are spread over at least 150."""

    async def scenario() -> None:
        async with loopback() as site, fetcher(FetchPolicy(pace_seconds=0.05)) as web:
            start = asyncio.get_running_loop().time()
            await asyncio.gather(*(web.feed(site.url(f"/{number}")) for number in range(4)))
            assert site.times[-1] - start > 0.149

    run(scenario())


def test_a_crawl_delay_is_kept_up_to_a_bound() -> None:
    """A Crawl-delay of an hour slows the pages down to the policy's most, not to a stop."""

    async def scenario() -> None:
        policy = FetchPolicy(pace_seconds=0, crawl_delay_most_seconds=0.1)
        async with loopback() as site, fetcher(policy) as web:
            site.say("/robots.txt", body=b"User-agent: *\nCrawl-delay: 3600")
            start = asyncio.get_running_loop().time()
            await asyncio.gather(*(web.page(site.url(f"/{number}")) for number in range(3)))
            assert site.times[-1] - start > 0.299

    run(scenario())


# The archive, and replay


def test_everything_fetched_is_archived_and_replays_the_same(tmp_path: Path) -> None:
    """Pages, failures with a body, redirects, robots.txt: a replay gives equal outcomes."""

    async def scenario() -> None:
        later = [NOW + timedelta(days=1)]
        paths = ["/a", "/old", "/gone", "/busy", "/private/a", "/packed"]
        with ArchiveWriter(tmp_path, lambda: NOW) as archive:
            async with loopback() as site, fetcher(archive=archive) as web:
                site.say("/robots.txt", body=b"User-agent: *\nDisallow: /private/")
                site.say("/a", ETag='"7"')
                site.say("/old", "301 Moved", b"see there", Location="/a")
                site.say("/gone", "404 Not Found", b"gone")
                site.say("/busy", "503 Busy", b"later", Retry_After="3")
                site.say("/packed", body=brotli.compress(HTML), Content_Encoding="br")
                live = [await web.page(site.url(path)) for path in paths]
        for outcome in live:
            if isinstance(outcome, Page):
                assert outcome.archived is not None
                assert load_page(tmp_path, outcome.archived).body == outcome.body
        (file,) = tmp_path.rglob("*.warc.gz")
        slept = Slept()
        replay = ReplayTransport([file])
        async with Fetcher(
            QUICK, user_agent=AGENT, clock=lambda: later[0], transport=replay, sleep=slept
        ) as web:
            again = [await web.page(site.url(path)) for path in paths]
            assert [_essence(one) for one in again] == [_essence(one) for one in live]
            assert {one.fetched_at for one in again if isinstance(one, Page)} == {NOW}
            assert slept == []
            missing = failed(await web.page("http://elsewhere.example/a"), "not_in_archive")
            assert missing.retry_at is None
            not_modified = await web.feed(site.url("/a"), etag='W/"7"')
            assert not_modified == NotModified(url=site.url("/a"), fetched_at=NOW)

    run(scenario())


def _essence(outcome: Page | FetchFailure) -> tuple[Any, ...]:
    if isinstance(outcome, Page):
        return outcome.url, outcome.permanent_url, outcome.body, outcome.content_type, outcome.etag
    return outcome.url, outcome.reason, outcome.status


def test_error_bodies_are_archived_as_far_as_they_are_kept(tmp_path: Path) -> None:
    """An endless 404 is stored up to its bound."""

    async def scenario() -> None:
        with ArchiveWriter(tmp_path, lambda: NOW) as archive:
            async with loopback() as site, fetcher(archive=archive) as web:
                site.say("/a", "404 No", b"x" * 50_000)
                failed(await web.feed(site.url("/a")), "http_404")
        (page,) = read_pages(next(tmp_path.rglob("*.warc.gz")))
        assert page.status == 404
        assert set(page.body) == {ord("x")}

    run(scenario())


def test_an_archive_that_cannot_be_written_stops_the_work(tmp_path: Path) -> None:
    """Losing what is fetched in silence would be worse than stopping."""

    async def scenario() -> None:
        blocked = tmp_path / "archive"
        blocked.write_text("a file where the folder should be")
        with ArchiveWriter(blocked, lambda: NOW) as archive:
            async with loopback() as site, fetcher(archive=archive) as web:
                site.say("/a")
                with pytest.raises(ArchiveNotWritten):
                    await web.feed(site.url("/a"))

    run(scenario())
