"""One request and its answer within the limits: paced, timed, measured, decoded, archived.

Nothing is decided here about what an answer means; see ``ingest.http``.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import datetime
from time import monotonic

import httpx

from ingest.archive import ArchiveWriter
from ingest.content_encoding import EncodingFailed, TooLarge, decode_body
from ingest.earlier import Earlier
from ingest.errors import VoltwireError
from ingest.guard import AddressBlocked, NameNotResolved, TLSFailed
from ingest.headers import Headers, never_text
from ingest.models import ArchivePointer
from ingest.pacing import Lane, Lanes
from ingest.policy import FetchPolicy
from ingest.replay import NotInArchive
from ingest.warc import Recorded

USABLE = frozenset({200, 203})
"""The statuses whose body is what was asked for; 206 is a part of it, 204 and 205 are nothing."""

_THREAD_FROM = 256 * 1024
# Decoding less than that takes less time than handing it to a thread.


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """What to ask for and how much of it to take."""

    accept: str
    limit: int
    validators: dict[str, str] = field(default_factory=dict)
    robots: bool = False
    cut: bool = False
    """Take the first ``limit`` bytes of a longer body instead of refusing it."""
    final: frozenset[int] = frozenset()
    """Statuses that are not asked again for, though they pass elsewhere."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A response with its decoded body; ``at`` is when it was made, in replay the record's time."""

    status: int
    phrase: str
    headers: Headers
    body: bytes
    at: datetime
    pointer: ArchivePointer | None


class Failed(Exception):
    """No answer to use, why, and whether another try makes sense."""

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


class NotAsked(Failed):
    """The site is left alone for now, by what it said or did before."""


@dataclass(slots=True)
class Budget:
    """Seconds left for one request with its redirects and further tries."""

    left: float


class Exchanger:
    """Sends requests through ``client``.

    With ``lanes`` they are paced by domain and at most ``policy.concurrent`` are under way;
    without (replay) nobody is spared, because nobody is asked.
    """

    def __init__(
        self,
        policy: FetchPolicy,
        client: httpx.AsyncClient,
        *,
        clock: Callable[[], datetime],
        archive: ArchiveWriter | None,
        lanes: Lanes | None,
    ) -> None:
        self._policy = policy
        self._client = client
        self._clock = clock
        self._archive = archive
        self._lanes = lanes
        self.earlier: Earlier | None = None
        """Answers of a stopped run, that are asked for first."""
        self._concurrent = asyncio.Semaphore(policy.concurrent)

    async def exchange(
        self, url: httpx.URL, ask: Ask, cookies: httpx.Cookies, budget: Budget
    ) -> Answer:
        """One request and its archived answer; raises ``Failed`` where none came whole.

        The time that it takes, without its waiting for a turn, is taken off ``budget``.
        """
        if self.earlier is not None and not ask.validators:
            taken = await asyncio.to_thread(self.earlier.take, str(url))
            if taken is not None:
                return _taken(*taken)
        async with AsyncExitStack() as stack:
            if self._lanes is not None:
                lane = self._lanes.of(url)
                # The lane first: a request that waits for its pace must not hold a place of all.
                await stack.enter_async_context(lane.turn())
                await stack.enter_async_context(self._concurrent)
                self._respect_rest(lane)
            request = self._client.build_request(
                "GET", url, headers={"Accept": ask.accept, **ask.validators}
            )
            cookies.set_cookie_header(request)
            reading = await self._read(request, ask, budget)
        cookies.extract_cookies(reading.response)
        return await self._answer(url, reading, ask)

    def _respect_rest(self, lane: Lane) -> None:
        if lane.rest_until is not None and self._clock() < lane.rest_until:
            raise NotAsked(
                "http_429",
                f"not asked: the site wants rest until {lane.rest_until:%Y-%m-%d %H:%M}Z",
                status=429,
                retry_at=lane.rest_until,
            )
        if lane.strikes >= self._policy.strikes:
            reason, status = lane.last_strike
            raise NotAsked(
                reason,
                f"not asked: the last {lane.strikes} requests to the site ended so",
                status=status,
                later=True,
            )

    async def _read(self, request: httpx.Request, ask: Ask, budget: Budget) -> _Reading:
        """Status, headers and the raw body up to the limit, within the budget."""
        reading: _Reading | None = None
        began = monotonic()
        try:
            async with asyncio.timeout(budget.left):
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
            if isinstance(error, Failed) or reading is None or reading.usable:
                raise self._failed(error) from error
            reading.cut = True
        finally:
            budget.left = max(0.0, budget.left - (monotonic() - began))
        assert reading is not None
        if reading.cut and reading.usable and not ask.cut:
            raise Failed("too_large", f"more than {ask.limit} bytes")
        return reading

    def _body_limit(self, reading: _Reading, ask: Ask) -> int:
        """How much of the body to read; raises ``Failed`` when it is not worth starting."""
        response = reading.response
        if sum(len(name) + len(value) for name, value in response.headers.raw) > (
            self._policy.header_bytes
        ):
            raise Failed("headers_too_large", f"more than {self._policy.header_bytes} bytes")
        if not reading.usable:
            return self._policy.error_body_bytes
        content_type = response.headers.get("content-type", "")
        if never_text(content_type):
            raise Failed("unsupported_type", content_type[:100], status=response.status_code)
        length = response.headers.get("content-length", "")
        if not ask.cut and length.isdigit() and int(length[:18]) > ask.limit:
            raise Failed("too_large", f"{length[:18]} bytes announced, {ask.limit} allowed")
        return ask.limit

    async def _answer(self, url: httpx.URL, reading: _Reading, ask: Ask) -> Answer:
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
                protocol=response.http_version if self._lanes is not None else "",
                truncated=reading.cut,
            )
        return Answer(
            status=response.status_code,
            phrase=response.reason_phrase,
            headers=Headers.of(pairs),
            body=body,
            at=at,
            pointer=pointer,
        )

    async def _decoded(self, reading: _Reading, ask: Ask) -> bytes:
        raw = b"".join(reading.chunks)
        reading.chunks.clear()
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
            raise Failed(reason, str(error)) from error

    def _failed(self, error: Exception) -> Failed:
        """The word for what went wrong below."""
        if isinstance(error, Failed):
            return error
        said = str(error) or type(error).__name__
        if isinstance(error, TimeoutError):
            # Not tried again in this run: it has had its minute.
            return Failed(
                "timeout", f"no whole answer in {self._policy.total_seconds:g} s", later=True
            )
        words = [word for word in _WORDS if isinstance(error, word[0])]
        if not words:
            return Failed("protocol", f"{type(error).__name__}: {said}", again=True)
        _, reason, again = words[0]
        if reason == "protocol":
            if "buffer too long" in said or "Too many" in said:
                return Failed("headers_too_large", said)
            if "location header" in said:
                return Failed("bad_redirect", said)
            if "closed connection" in said or "disconnected" in said:
                reason = "disconnected"
        if reason == "timeout":
            said = f"{type(error).__name__} {said if said != type(error).__name__ else ''}".strip()
        return Failed(reason, said, again=again, later=reason == "dns")


_WORDS: tuple[tuple[type[Exception], str, bool], ...] = (
    (NotInArchive, "not_in_archive", False),
    (AddressBlocked, "blocked_address", False),
    # The resolver has tried several times itself; a run without a network should end soon.
    (NameNotResolved, "dns", False),
    (TLSFailed, "tls", False),
    # httpx reads the Location of a redirect even where it does not follow it.
    (httpx.InvalidURL, "bad_redirect", False),
    (httpx.TimeoutException, "timeout", True),
    (httpx.ConnectError, "connect", True),
    # Over HTTP/2 also what comes of a server that closes while we send.
    (httpx.LocalProtocolError, "protocol", True),
    (httpx.UnsupportedProtocol, "bad_url", False),
    (httpx.RemoteProtocolError, "protocol", True),
    (httpx.NetworkError, "disconnected", True),
)


def reason_of(error: Exception) -> tuple[str, bool]:
    """The word for an exception of the network, and whether another try makes sense."""
    found = ((word, again) for kind, word, again in _WORDS if isinstance(error, kind))
    return next(found, ("timeout", True))


@dataclass(slots=True)
class _Reading:
    response: httpx.Response
    chunks: list[bytes] = field(default_factory=list)
    size: int = 0
    cut: bool = False

    @property
    def usable(self) -> bool:
        return self.response.status_code in USABLE


def _taken(record: Recorded, pointer: ArchivePointer) -> Answer:
    """An answer that lies in the archive already."""
    return Answer(
        status=record.status,
        phrase=record.phrase,
        headers=record.headers,
        body=record.body,
        at=record.at,
        pointer=pointer,
    )


def _text(value: bytes) -> str:
    try:
        return value.decode("utf-8")
    except UnicodeDecodeError:
        return value.decode("latin-1")
