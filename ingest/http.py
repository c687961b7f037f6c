"""The only socket: feeds, pages and robots.txt fetched within limits.

    url -> guard -> robots.txt -> lane of the domain -> exchange -> archive -> redirect? again
        -> Page | NotModified | FetchFailure

Whatever a server does ends in one of these values.  Exceptions are left for what stops the work:
an archive that cannot be written or read.  The same code runs over ``ReplayTransport``, without
robots pacing, waiting or name lookups, because nobody is asked.

Reasons of a ``FetchFailure``: ``bad_url`` ``blocked_address`` ``robots`` ``robots_unreachable``
``dns`` ``connect`` ``tls`` ``timeout`` ``disconnected`` ``protocol`` ``headers_too_large``
``too_large`` ``unsupported_type`` ``bad_encoding`` ``redirect_loop`` ``bad_redirect``
``not_in_archive`` and ``http_NNN`` for every status that brings no body to use.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import cache
from http.cookiejar import CookieJar, DefaultCookiePolicy
from types import TracebackType

import httpx
from tenacity import AsyncRetrying, RetryCallState, retry_if_result, stop_after_attempt
from tenacity.wait import wait_exponential, wait_random

from ingest.archive import ArchiveWriter, NotInArchive, ReplayTransport
from ingest.content_encoding import ACCEPT_ENCODING, EncodingFailed, TooLarge, decode_body
from ingest.errors import VoltwireError
from ingest.guard import (
    AddressBlocked,
    GuardedBackend,
    GuardedTransport,
    NameNotResolved,
    Resolver,
    TLSFailed,
    resolve,
    url_problem,
)
from ingest.headers import Headers, never_text, page_of, retry_after, sendable
from ingest.models import ArchivePointer, FetchFailure, NotModified, Page
from ingest.pacing import Lane, Lanes
from ingest.policy import FetchPolicy
from ingest.robots import RobotsCache, product_token

_ACCEPT_FEED = (
    "application/rss+xml, application/atom+xml, application/feed+json, application/rdf+xml, "
    "application/xml;q=0.9, text/xml;q=0.9, application/json;q=0.8, */*;q=0.1"
)
_ACCEPT_PAGE = "text/html, application/xhtml+xml, application/xml;q=0.9, */*;q=0.1"
_USABLE = frozenset({200, 203})
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_PERMANENT = frozenset({301, 308})
_PASSING = frozenset({408, 425, 429, 500, 502, 503, 504, 520, 521, 522, 523, 524})
# 52x: Cloudflare's words for an origin that is down.
_REFUSED = frozenset({401, 402, 403, 451})
_THREAD_FROM = 256 * 1024
# Decoding less than that takes less time than handing it to a thread.


class Fetcher:
    """Fetches within ``policy``; use as ``async with Fetcher(...) as fetcher``.

    ``transport`` replaces the network (``ReplayTransport``, or a stand-in in tests), ``archive``
    takes every response, ``allow_hosts`` are names or addresses that the guard lets through on
    any port, ``resolver`` and ``sleep`` stand in for DNS and for waiting between tries.
    """

    def __init__(
        self,
        policy: FetchPolicy,
        *,
        user_agent: str,
        clock: Callable[[], datetime],
        archive: ArchiveWriter | None = None,
        transport: httpx.AsyncBaseTransport | None = None,
        allow_hosts: frozenset[str] = frozenset(),
        resolver: Resolver = resolve,
        ssl_context: ssl.SSLContext | None = None,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._policy = policy
        self._clock = clock
        self._archive = archive
        self._allow_hosts = frozenset(host.lower() for host in allow_hosts)
        self._sleep = sleep
        self._live = not isinstance(transport, ReplayTransport)
        self._client = httpx.AsyncClient(
            transport=self._network(resolver, ssl_context) if transport is None else transport,
            headers={"User-Agent": user_agent, "Accept-Encoding": ACCEPT_ENCODING},
            timeout=httpx.Timeout(
                policy.read_seconds, connect=policy.connect_seconds, pool=policy.total_seconds
            ),
            # Cookies live for one chain of redirects; a client-wide jar would follow us around.
            cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),
            follow_redirects=False,
            trust_env=False,
        )
        self._concurrent = asyncio.Semaphore(policy.concurrent)
        pace = policy.pace_seconds if self._live else 0.0
        self._lanes = Lanes(policy.concurrent_per_domain, pace)
        self._robots = RobotsCache(self._robots_txt, product_token(user_agent))

    async def __aenter__(self) -> Fetcher:
        await self._client.__aenter__()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._robots.aclose()
        await self._client.aclose()

    async def feed(
        self, url: str, *, etag: str = "", last_modified: str = ""
    ) -> Page | NotModified | FetchFailure:
        """What stands at ``url``, or that it has not changed since the validators given.

        robots.txt is not asked: a feed is published to be fetched by programs.  Raises
        ``ArchiveError`` when the archive fails.
        """
        validators = {"If-None-Match": etag, "If-Modified-Since": last_modified}
        sent = {name: value for name, value in validators.items() if sendable(value)}
        return await self._fetch(url, self._ask(_ACCEPT_FEED, validators=sent))

    async def page(self, url: str) -> Page | FetchFailure:
        """The article page at ``url``, if robots.txt lets us; raises as ``feed`` does."""
        return _unconditional(await self._fetch(url, self._ask(_ACCEPT_PAGE, robots=True)))

    async def _robots_txt(self, url: str) -> Page | FetchFailure:
        ask = replace(self._ask("text/plain, */*;q=0.1"), limit=self._policy.robots_bytes, cut=True)
        return _unconditional(await self._fetch(url, ask))

    def _network(
        self, resolver: Resolver, ssl_context: ssl.SSLContext | None
    ) -> httpx.AsyncBaseTransport:
        return GuardedTransport(
            backend=GuardedBackend(allow_hosts=self._allow_hosts, resolver=resolver),
            ssl_context=ssl_context or _trusted(),
            max_connections=self._policy.concurrent,
            keepalive_seconds=self._policy.keepalive_seconds,
        )

    def _ask(
        self, accept: str, *, validators: dict[str, str] | None = None, robots: bool = False
    ) -> _Ask:
        return _Ask(
            accept=accept,
            limit=self._policy.body_bytes,
            validators=validators or {},
            robots=robots,
        )

    async def _fetch(self, url: str, ask: _Ask) -> Page | NotModified | FetchFailure:
        policy = self._policy
        backoff = wait_exponential(
            multiplier=policy.backoff_seconds, max=policy.backoff_most_seconds
        ) + wait_random(0, policy.backoff_seconds)

        def wait(state: RetryCallState) -> float:
            return max(backoff(state), _result(state).wait)

        retrying = AsyncRetrying(
            sleep=self._sleep,
            stop=stop_after_attempt(policy.tries if self._live else 1),
            wait=wait,
            retry=retry_if_result(lambda tried: tried.again),
            retry_error_callback=_result,
        )
        tried: _Try = await retrying(self._try, url, ask)
        return tried.outcome

    async def _try(self, url: str, ask: _Ask) -> _Try:
        """One pass over the redirects from ``url``."""
        current: httpx.URL | None = None
        try:
            current = _parsed(url)
            return await self._follow(url, current, ask)
        except _Failed as failed:
            now = self._clock()
            failure = FetchFailure(
                url=url,
                reason=failed.reason,
                detail=" ".join(failed.detail.split())[:500],
                at=now,
                status=failed.status,
                retry_at=self._retry_at(failed, now),
            )
            waits = failed.retry_after or 0.0
            patient = waits <= self._policy.wait_most_seconds
            return _Try(failure, again=failed.again and patient, wait=waits)

    async def _follow(self, url: str, current: httpx.URL, ask: _Ask) -> _Try:
        cookies = httpx.Cookies()
        permanent = True
        for _ in range(self._policy.redirects + 1):
            problem = url_problem(current, self._allow_hosts, connecting=self._live)
            if problem is not None:
                raise _Failed(problem[0], f"{current}: {problem[1]}"[:300])
            if ask.robots:
                refusal = await self._robots_refusal(current)
                if refusal is not None:
                    return _Try(replace(refusal, url=url))
            answer = await self._exchange(current, ask, cookies)
            if answer.status not in _REDIRECTS:
                return _Try(self._judge(url, current, answer, ask, permanent))
            permanent = permanent and answer.status in _PERMANENT
            current = _target(current, answer)
        raise _Failed("redirect_loop", f"more than {self._policy.redirects} redirects")

    async def _robots_refusal(self, url: httpx.URL) -> FetchFailure | None:
        if url.raw_path == b"/robots.txt":
            return None
        rules = await self._robots.rules(url)
        if self._live and rules.crawl_delay:
            delay = min(rules.crawl_delay, self._policy.crawl_delay_most_seconds)
            await self._lanes.of(url).slow_down(delay)
        return rules.refusal(str(url), self._clock())

    def _judge(
        self, requested: str, url: httpx.URL, answer: _Answer, ask: _Ask, permanent: bool
    ) -> Page | NotModified:
        """What an answer that is no redirect means; raises ``_Failed`` where it brings nothing."""
        if answer.status in _USABLE:
            reached = str(url)
            moved = permanent and reached != str(_parsed(requested))
            return page_of(
                url=reached,
                requested_url=requested,
                status=answer.status,
                headers=answer.headers,
                body=answer.body,
                fetched_at=answer.at,
                permanent_url=reached if moved else "",
                archived=answer.pointer,
            )
        if answer.status == 304 and ask.validators:
            return NotModified(url=requested, fetched_at=answer.at)
        asked_rest = retry_after(answer.headers.get("retry-after", ""), self._clock())
        again = answer.status in _PASSING or (answer.status == 403 and asked_rest is not None)
        failed = _Failed(
            f"http_{answer.status}",
            f"{answer.status} {answer.phrase} from {url}",
            status=answer.status,
            again=again,
            retry_after=asked_rest if again else None,
        )
        if answer.status == 429 and asked_rest and asked_rest > self._policy.wait_most_seconds:
            self._lanes.of(url).rest_until = self._retry_at(failed, self._clock())
        raise failed

    def _retry_at(self, failed: _Failed, now: datetime) -> datetime | None:
        if failed.retry_at is not None:
            return failed.retry_at
        seconds = failed.retry_after
        if seconds is None:
            if failed.again or failed.later or failed.status == 304 or (failed.status or 0) >= 500:
                seconds = self._policy.retry_later_seconds
            elif failed.status in _REFUSED or failed.reason == "tls":
                seconds = self._policy.retry_refused_seconds
            else:
                return None
        return now + timedelta(seconds=min(seconds, self._policy.retry_most_seconds))

    async def _exchange(self, url: httpx.URL, ask: _Ask, cookies: httpx.Cookies) -> _Answer:
        """One request and its archived answer; raises ``_Failed`` where none came whole."""
        async with AsyncExitStack() as stack:
            if self._live:
                lane = self._lanes.of(url)
                # The lane first: a request that waits for its pace must not hold a place of all.
                await stack.enter_async_context(lane.turn())
                await stack.enter_async_context(self._concurrent)
                self._respect_rest(lane)
            request = self._client.build_request(
                "GET", url, headers={"Accept": ask.accept, **ask.validators}
            )
            cookies.set_cookie_header(request)
            reading = await self._read(request, ask)
        cookies.extract_cookies(reading.response)
        return await self._answer(url, reading, ask)

    def _respect_rest(self, lane: Lane) -> None:
        if lane.rest_until is not None and self._clock() < lane.rest_until:
            raise _Failed(
                "http_429",
                f"not asked: the site wants rest until {lane.rest_until:%Y-%m-%d %H:%M}Z",
                status=429,
                retry_at=lane.rest_until,
            )

    async def _read(self, request: httpx.Request, ask: _Ask) -> _Reading:
        """Status, headers and the raw body up to the limit, within the total deadline."""
        reading: _Reading | None = None
        try:
            async with asyncio.timeout(self._policy.total_seconds):
                response = await self._client.send(request, stream=True)
                try:
                    reading = _Reading(response)
                    limit = self._body_limit(reading, ask)
                    async for chunk in response.aiter_raw():
                        reading.chunks.append(chunk)
                        reading.size += len(chunk)
                        if reading.size > limit:
                            reading.cut = True
                            break
                finally:
                    await response.aclose()
        except VoltwireError:
            raise
        except Exception as error:
            # Whatever the libraries below raise over a strange server must end as a value; a
            # status other than 200 has said what there is to say, with or without its body.
            if isinstance(error, _Failed) or reading is None or reading.usable:
                raise self._failed(error) from error
            reading.cut = True
        assert reading is not None
        if reading.cut and reading.usable and not ask.cut:
            raise _Failed("too_large", f"more than {ask.limit} bytes")
        return reading

    def _body_limit(self, reading: _Reading, ask: _Ask) -> int:
        """How much of the body to read; raises ``_Failed`` when it is not worth starting."""
        response = reading.response
        if sum(len(name) + len(value) for name, value in response.headers.raw) > (
            self._policy.header_bytes
        ):
            raise _Failed("headers_too_large", f"more than {self._policy.header_bytes} bytes")
        if not reading.usable:
            return self._policy.error_body_bytes
        content_type = response.headers.get("content-type", "")
        if never_text(content_type):
            raise _Failed("unsupported_type", content_type[:100], status=response.status_code)
        length = response.headers.get("content-length", "")
        if not ask.cut and length.isdigit() and int(length[:18]) > ask.limit:
            raise _Failed("too_large", f"{length[:18]} bytes announced, {ask.limit} allowed")
        return ask.limit

    async def _answer(self, url: httpx.URL, reading: _Reading, ask: _Ask) -> _Answer:
        response = reading.response
        body = await self._decoded(reading, ask)
        pairs = [(name.decode("latin-1"), _text(value)) for name, value in response.headers.raw]
        at = response.extensions.get("recorded_at") or self._clock()
        pointer = None
        if self._archive is not None:
            write = self._archive.write
            pointer = await asyncio.to_thread(
                write,
                url=str(url),
                status=response.status_code,
                phrase=response.reason_phrase,
                headers=pairs,
                body=body,
                fetched_at=at,
                protocol=response.http_version if self._live else "",
                truncated=reading.cut,
            )
        return _Answer(
            status=response.status_code,
            phrase=response.reason_phrase,
            headers=Headers.of(pairs),
            body=body,
            at=at,
            pointer=pointer,
        )

    async def _decoded(self, reading: _Reading, ask: _Ask) -> bytes:
        raw = b"".join(reading.chunks)
        codings = reading.response.headers.get("content-encoding", "")
        partial = ask.cut or reading.cut or not reading.usable
        limit = ask.limit if reading.usable else self._policy.error_body_bytes
        try:
            if len(raw) < _THREAD_FROM:
                return decode_body(raw, codings, limit=limit, partial=partial)
            return await asyncio.to_thread(decode_body, raw, codings, limit=limit, partial=partial)
        except (TooLarge, EncodingFailed) as error:
            if not reading.usable:
                return b""
            reason = "too_large" if isinstance(error, TooLarge) else "bad_encoding"
            raise _Failed(reason, str(error)) from error

    def _failed(self, error: Exception) -> _Failed:
        """The word for what went wrong below."""
        if isinstance(error, _Failed):
            return error
        said = str(error) or type(error).__name__
        if isinstance(error, TimeoutError):
            # Not tried again in this run: it has had its minute.
            return _Failed(
                "timeout", f"no whole answer in {self._policy.total_seconds:g} s", later=True
            )
        words = [word for word in _WORDS if isinstance(error, word[0])]
        if not words:
            return _Failed("protocol", f"{type(error).__name__}: {said}", again=True)
        _, reason, again = words[0]
        if reason == "protocol":
            if "buffer too long" in said or "Too many" in said:
                return _Failed("headers_too_large", said)
            if "closed connection" in said or "disconnected" in said:
                reason = "disconnected"
        if reason == "timeout":
            said = f"{type(error).__name__} {said if said != type(error).__name__ else ''}".strip()
        return _Failed(reason, said, again=again)


_WORDS: tuple[tuple[type[Exception], str, bool], ...] = (
    (NotInArchive, "not_in_archive", False),
    (AddressBlocked, "blocked_address", False),
    (NameNotResolved, "dns", True),
    (TLSFailed, "tls", False),
    (httpx.TimeoutException, "timeout", True),
    (httpx.ConnectError, "connect", True),
    (httpx.LocalProtocolError, "bad_url", False),
    (httpx.UnsupportedProtocol, "bad_url", False),
    (httpx.RemoteProtocolError, "protocol", True),
    (httpx.NetworkError, "disconnected", True),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Ask:
    accept: str
    limit: int
    validators: dict[str, str] = field(default_factory=dict)
    robots: bool = False
    cut: bool = False
    """Take the first ``limit`` bytes of a longer body instead of refusing it."""


@dataclass(frozen=True, slots=True)
class _Try:
    outcome: Page | NotModified | FetchFailure
    again: bool = False
    wait: float = 0.0


@dataclass(slots=True)
class _Reading:
    response: httpx.Response
    chunks: list[bytes] = field(default_factory=list)
    size: int = 0
    cut: bool = False

    @property
    def usable(self) -> bool:
        return self.response.status_code in _USABLE


@dataclass(frozen=True, slots=True, kw_only=True)
class _Answer:
    status: int
    phrase: str
    headers: Headers
    body: bytes
    at: datetime
    pointer: ArchivePointer | None


class _Failed(Exception):
    def __init__(
        self,
        reason: str,
        detail: str,
        *,
        status: int | None = None,
        again: bool = False,
        later: bool = False,
        retry_after: float | None = None,
        retry_at: datetime | None = None,
    ) -> None:
        super().__init__(reason, detail)
        self.reason = reason
        self.detail = detail
        self.status = status
        self.again = again
        """Worth another try in this run."""
        self.later = later
        """Worth another try in a later run."""
        self.retry_after = retry_after
        self.retry_at = retry_at


@cache
def _trusted() -> ssl.SSLContext:
    return httpx.create_ssl_context(trust_env=False)


def _result(state: RetryCallState) -> _Try:
    assert state.outcome is not None
    tried: _Try = state.outcome.result()
    return tried


def _unconditional(outcome: Page | NotModified | FetchFailure) -> Page | FetchFailure:
    assert not isinstance(outcome, NotModified)  # No validators were sent.
    return outcome


def _parsed(url: str) -> httpx.URL:
    try:
        return httpx.URL(url.strip()).copy_with(fragment=None)
    except (httpx.InvalidURL, ValueError, TypeError) as error:
        raise _Failed("bad_url", str(error)[:300]) from error


def _target(current: httpx.URL, answer: _Answer) -> httpx.URL:
    location = answer.headers.get("location", "").strip()
    if not location:
        raise _Failed("bad_redirect", f"{answer.status} without a Location from {current}")
    try:
        return current.join(location).copy_with(fragment=None)
    except (httpx.InvalidURL, ValueError, TypeError) as error:
        raise _Failed("bad_redirect", f"Location {location[:200]!r}: {error}") from error


def _text(value: bytes) -> str:
    try:
        return value.decode("utf-8")
    except UnicodeDecodeError:
        return value.decode("latin-1")
