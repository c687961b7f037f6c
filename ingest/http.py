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
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import aclosing, suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cache
from http.cookiejar import CookieJar, DefaultCookiePolicy
from types import TracebackType

import httpx
from tenacity import AsyncRetrying, RetryCallState, retry_if_result, stop_after_attempt
from tenacity.wait import wait_exponential, wait_random

from ingest.archive import ArchiveWriter
from ingest.content_encoding import ACCEPT_ENCODING
from ingest.download import DownloadFailed, pieces
from ingest.earlier import Earlier
from ingest.exchange import USABLE, Answer, Ask, Budget, Exchanger, Failed, NotAsked
from ingest.guard import GuardedBackend, GuardedTransport, Resolver, resolve, url_problem
from ingest.headers import max_age, page_of, retry_after, sendable
from ingest.models import ArchivePointer, FetchFailure, NotModified, Page
from ingest.pacing import Lanes, Pace, Spacing
from ingest.policy import FetchPolicy
from ingest.replay import ReplayTransport
from ingest.robots import Memory, RobotsCache, product_token

_ACCEPT_FEED = (
    "application/rss+xml, application/atom+xml, application/feed+json, application/rdf+xml, "
    "application/xml;q=0.9, text/xml;q=0.9, application/json;q=0.8, */*;q=0.1"
)
_ACCEPT_PAGE = "text/html, application/xhtml+xml, application/xml;q=0.9, */*;q=0.1"
_ROBOTS = b"/robots.txt"
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_PERMANENT = frozenset({301, 308})
_PASSING = frozenset({408, 425, 429, 500, 502, 503, 504, 520, 521, 522, 523, 524})
# 52x: Cloudflare's words for an origin that is down.
_STRIKES = frozenset({"timeout", "connect", "dns", "disconnected"})
_REFUSED = frozenset({401, 402, 403, 451})


class Fetcher:
    """Fetches within ``policy``; use as ``async with Fetcher(...) as fetcher``.

    ``transport`` replaces the network (``ReplayTransport``, or a stand-in in tests), ``archive``
    takes every response, ``allow_hosts`` are names or addresses that the guard lets through on
    any port, ``pace`` goes before the policy's, ``resolver`` and ``sleep`` stand in for DNS and for
    waiting between tries, ``robots_memory`` keeps robots.txt from one run to the next.
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
        pace: Pace | None = None,
        resolver: Resolver = resolve,
        ssl_context: ssl.SSLContext | None = None,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        robots_memory: Memory | None = None,
    ) -> None:
        self._policy = policy
        self._clock = clock
        self._archive = archive
        self._allow_hosts = frozenset(host.lower() for host in allow_hosts)
        self._sleep = sleep
        self._live = not isinstance(transport, ReplayTransport)
        self._client = httpx.AsyncClient(
            transport=self._network(resolver, ssl_context) if transport is None else transport,
            headers={"User-Agent": _sayable(user_agent), "Accept-Encoding": ACCEPT_ENCODING},
            timeout=httpx.Timeout(
                policy.read_seconds, connect=policy.connect_seconds, pool=policy.total_seconds
            ),
            # Cookies live for one chain of redirects; a client-wide jar would follow us around.
            cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),
            follow_redirects=False,
            trust_env=False,
        )
        self._lanes = Lanes(policy.concurrent_per_domain, pace or (lambda: policy.pace_seconds))
        self._exchanger = Exchanger(
            policy,
            self._client,
            clock=clock,
            archive=archive,
            lanes=self._lanes if self._live else None,
        )
        self._robots = RobotsCache(
            self._robots_txt, product_token(user_agent), robots_memory if self._live else None
        )

    @property
    def live(self) -> bool:
        """Whether sites are asked, and not an archive."""
        return self._live

    def take_up(self, earlier: Earlier) -> None:
        """Hand out what a stopped run had fetched before a site is asked for it again."""
        self._exchanger.earlier = earlier

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
        """The article page at ``url``, if robots.txt lets us; raises as ``feed`` does.

        A robots.txt itself comes from what was asked of the site for its rules.
        """
        if url.endswith("/robots.txt"):
            with suppress(Failed):  # which is told in its usual form below
                parsed = _parsed(url)
                if parsed.raw_path == _ROBOTS:
                    return await self._robots.answer(parsed)
        return _unconditional(await self._fetch(url, self._ask(_ACCEPT_PAGE, robots=True)))

    async def interface(
        self, url: str, *, final: frozenset[int] = frozenset()
    ) -> Page | FetchFailure:
        """What stands at ``url``, an interface for programs; raises as ``feed`` does.

        robots.txt is not asked, which is about pages.

        Args:
            final: statuses that are not tried again.
        """
        return _unconditional(await self._fetch(url, replace(self._ask("*/*"), final=final)))

    async def download(self, url: str, start: int = 0) -> AsyncGenerator[bytes, None]:
        """The bytes of a large file from ``start`` on; see ``ingest.download``.

        Raises:
            DownloadFailed: when it, or the rest of it, is not to be had.
        """
        parsed = _parsed(url)
        problem = url_problem(parsed, self._allow_hosts)
        if problem is not None:
            raise DownloadFailed(
                FetchFailure(url=url, reason=problem[0], detail=problem[1], at=self._clock())
            )
        lane = self._lanes.of(parsed)
        taken = pieces(self._client, url, start, lane=lane, clock=self._clock, sleep=self._sleep)
        async with aclosing(taken):
            async for piece in taken:
                yield piece

    def keep(
        self, page: Page, headers: Sequence[tuple[str, str]], phrase: str
    ) -> ArchivePointer | None:
        """Archive a page that came from another archive, as those fetched here; where it lies.

        Safe to call from a thread.  Raises ``ArchiveError`` when the archive fails.
        """
        if self._archive is None:
            return None
        return self._archive.write(
            url=page.url, status=page.status, phrase=phrase, headers=headers, body=page.body,
            fetched_at=page.fetched_at,
        )  # fmt: skip

    async def slow_down(self, url: str, seconds: float) -> None:
        """Start requests to the domain of ``url`` at least so far apart from now on."""
        self._lanes.of(_parsed(url)).slow_down(seconds)

    async def _robots_txt(self, url: str) -> Page | FetchFailure:
        ask = replace(self._ask("text/plain, */*;q=0.1"), limit=self._policy.robots_bytes, cut=True)
        return _unconditional(await self._fetch(url, ask))

    def _network(
        self, resolver: Resolver, ssl_context: ssl.SSLContext | None
    ) -> httpx.AsyncBaseTransport:
        return GuardedTransport(
            backend=GuardedBackend(
                allow_hosts=self._allow_hosts,
                resolver=resolver,
                spacing=Spacing(lambda: self._policy.connections_pace_seconds),
            ),
            ssl_context=ssl_context or _trusted(),
            max_connections=self._policy.concurrent,
            keepalive_seconds=self._policy.keepalive_seconds,
        )

    def _ask(
        self, accept: str, *, validators: dict[str, str] | None = None, robots: bool = False
    ) -> Ask:
        return Ask(
            accept=accept,
            limit=self._policy.body_bytes,
            validators=validators or {},
            robots=robots,
        )

    async def _fetch(self, url: str, ask: Ask) -> Page | NotModified | FetchFailure:
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
        tried: _Try = await retrying(self._try, url, ask, Budget(policy.total_seconds))
        return tried.outcome

    async def _try(self, url: str, ask: Ask, budget: Budget) -> _Try:
        """One pass over the redirects from ``url``."""
        try:
            return await self._follow(url, _parsed(url), ask, budget)
        except Failed as failed:
            now = self._clock()
            failure = FetchFailure(
                url=url,
                reason=failed.reason,
                detail=" ".join(failed.detail.split())[:500],
                at=now,
                status=failed.status,
                retry_at=self._retry_at(failed, now),
                asked_to_wait=failed.retry_after is not None,
            )
            waits = failed.retry_after or 0.0
            patient = waits <= self._policy.wait_most_seconds and budget.left > 0
            return _Try(failure, again=failed.again and patient, wait=waits)

    async def _follow(self, url: str, current: httpx.URL, ask: Ask, budget: Budget) -> _Try:
        cookies = httpx.Cookies()
        permanent = True
        for _ in range(self._policy.redirects + 1):
            problem = url_problem(current, self._allow_hosts, connecting=self._live)
            if problem is not None:
                shown = current.copy_with(userinfo=b"")
                raise Failed(problem[0], f"{shown}: {problem[1]}"[:300])
            if ask.robots:
                refusal = await self._robots_refusal(current)
                if refusal is not None:
                    return _Try(replace(refusal, url=url))
            answer = await self._exchange(current, ask, cookies, budget)
            if answer.status not in _REDIRECTS:
                return _Try(self._judge(url, current, answer, ask, permanent))
            permanent = permanent and answer.status in _PERMANENT
            current = _target(current, answer)
        raise Failed("redirect_loop", f"more than {self._policy.redirects} redirects")

    async def _exchange(
        self, url: httpx.URL, ask: Ask, cookies: httpx.Cookies, budget: Budget
    ) -> Answer:
        """One exchange, and what it says of its site noted in the lane."""
        lane = self._lanes.of(url)
        try:
            answer = await self._exchanger.exchange(url, ask, cookies, budget)
        except NotAsked:
            raise
        except Failed as failed:
            if failed.reason in _STRIKES:
                lane.strike(failed.reason, failed.status)
            raise
        if answer.status >= 500:
            lane.strike(f"http_{answer.status}", answer.status)
        else:
            lane.proper()
        return answer

    async def _robots_refusal(self, url: httpx.URL) -> FetchFailure | None:
        if url.raw_path == _ROBOTS:
            return None
        rules = await self._robots.rules(url)
        if self._live and rules.crawl_delay:
            delay = min(rules.crawl_delay, self._policy.crawl_delay_most_seconds)
            self._lanes.of(url).slow_down(delay)
        return rules.refusal(str(url), self._clock())

    def _judge(
        self, requested: str, url: httpx.URL, answer: Answer, ask: Ask, permanent: bool
    ) -> Page | NotModified:
        """What an answer that is no redirect means; raises ``Failed`` where it brings nothing."""
        reached = str(url)
        moved = permanent and reached != str(_parsed(requested))
        if answer.status in USABLE:
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
            return NotModified(
                url=requested,
                fetched_at=answer.at,
                permanent_url=reached if moved else "",
                max_age=max_age(answer.headers),
            )
        asked_rest = retry_after(answer.headers.get("retry-after", ""), self._clock())
        again = answer.status in _PASSING or (answer.status == 403 and asked_rest is not None)
        again = again and answer.status not in ask.final
        failed = Failed(
            f"http_{answer.status}",
            f"{answer.status} {answer.phrase} from {url}",
            status=answer.status,
            again=again,
            retry_after=asked_rest if again or answer.status in ask.final else None,
        )
        if answer.status == 429 and asked_rest and asked_rest > self._policy.wait_most_seconds:
            self._lanes.of(url).rest_until = self._retry_at(failed, self._clock())
        raise failed

    def _retry_at(self, failed: Failed, now: datetime) -> datetime | None:
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


@dataclass(frozen=True, slots=True)
class _Try:
    outcome: Page | NotModified | FetchFailure
    again: bool = False
    wait: float = 0.0


@cache
def _trusted() -> ssl.SSLContext:
    return httpx.create_ssl_context(trust_env=False)


def _sayable(user_agent: str) -> str:
    # A contact with an umlaut or a line end must not make every request impossible.
    return " ".join(user_agent.encode("ascii", "ignore").decode().split()) or "voltwire"


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
        raise Failed("bad_url", str(error)[:300]) from error


def _target(current: httpx.URL, answer: Answer) -> httpx.URL:
    location = answer.headers.get("location", "").strip()
    if not location:
        raise Failed("bad_redirect", f"{answer.status} without a Location from {current}")
    try:
        return current.join(location).copy_with(fragment=None)
    except (httpx.InvalidURL, ValueError, TypeError) as error:
        raise Failed("bad_redirect", f"Location {location[:200]!r}: {error}") from error
