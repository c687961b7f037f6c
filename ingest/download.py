"""One large file over HTTP, taken piece by piece: never whole in memory, never on the disk.

    fetcher.download(url) -> pieces, in the event loop -> Pulled.read(), in a thread -> fastwarc

A connection that breaks is taken up at the byte that it had reached.  Servers of large files tell
everyone to wait when they are busy; so waiting is the ordinary case here, and asking quickly again
the worse mistake.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from concurrent.futures import CancelledError, Future
from contextlib import aclosing
from datetime import datetime, timedelta
from typing import BinaryIO, cast

import httpx

from ingest.exchange import reason_of
from ingest.headers import retry_after
from ingest.models import FetchFailure
from ingest.pacing import Lane
from ingest.policy import DownloadPolicy

_BUSY = frozenset({408, 425, 429, 500, 502, 503, 504})
_POLICY = DownloadPolicy()


class DownloadFailed(Exception):
    """The file, or the rest of it, is not to be had; ``failure`` says why."""

    def __init__(self, failure: FetchFailure) -> None:
        super().__init__(f"{failure.reason}: {failure.detail}")
        self.failure = failure


class _Again(Exception):
    """Worth another try."""

    def __init__(self, reason: str, detail: str, status: int | None, wait: float | None) -> None:
        super().__init__(reason, detail)
        self.reason, self.detail, self.status, self.wait = reason, detail, status, wait


async def pieces(
    client: httpx.AsyncClient,
    url: str,
    start: int = 0,
    *,
    lane: Lane,
    clock: Callable[[], datetime],
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    policy: DownloadPolicy = _POLICY,
) -> AsyncGenerator[bytes, None]:
    """The bytes at ``url`` from ``start`` on, as sent, in pieces of ``policy.piece_bytes``.

    Raises:
        DownloadFailed: when the server refuses, or after ``policy.tries`` tries in a row that
            brought nothing.
    """
    at, etag, failures = start, "", 0
    while True:
        try:
            async with lane.turn():
                request = client.build_request("GET", url, headers=_headers(at, etag))
                response = await client.send(request, stream=True)
                try:
                    skip = _accepted(response, url, at, clock())
                    etag = etag or response.headers.get("etag", "")
                    async with aclosing(_whole_pieces(response, policy)) as parts:
                        async for piece, broken in parts:
                            skip, piece = max(skip - len(piece), 0), piece[skip:]
                            if piece:
                                at += len(piece)
                                failures = 0
                                yield piece
                            if broken is not None:
                                raise broken
                    return
                finally:
                    await response.aclose()
        except (_Again, httpx.TransportError, TimeoutError) as error:
            again = error if isinstance(error, _Again) else _broken(url, error, clock())
            failures += 1
            wait = max(policy.backoff_seconds * 2 ** (failures - 1), again.wait or 0.0)
            if failures >= policy.tries or wait > policy.wait_most_seconds:
                rest = max(again.wait or 0.0, policy.rest_seconds)
                raise DownloadFailed(
                    FetchFailure(
                        url=url,
                        reason=again.reason,
                        detail=f"{again.detail} (after {failures} tries, at byte {at})",
                        at=clock(),
                        status=again.status,
                        retry_at=clock() + timedelta(seconds=rest),
                        asked_to_wait=again.wait is not None,
                    )
                ) from error
            await sleep(wait)


async def _whole_pieces(
    response: httpx.Response, policy: DownloadPolicy
) -> AsyncGenerator[tuple[bytes, Exception | None], None]:
    """The body in pieces, the last shorter; with it what broke the connection, if anything did."""
    held = bytearray()
    broken: Exception | None = None
    body = aiter(response.aiter_raw())
    ended = False
    while not ended:
        try:
            async with asyncio.timeout(policy.piece_seconds):
                while len(held) < policy.piece_bytes and not ended:
                    part = await anext(body, None)
                    ended = part is None
                    held += part or b""
        except (httpx.TransportError, TimeoutError) as error:
            broken, ended = error, True
        yield bytes(held), broken
        held.clear()


def _headers(at: int, etag: str) -> dict[str, str]:
    # as it is: a coding on top would have to be undone, and makes no sense of byte ranges
    headers = {"Accept": "*/*", "Accept-Encoding": "identity"}
    if at:
        headers["Range"] = f"bytes={at}-"
        if etag and not etag.startswith("W/"):
            headers["If-Range"] = etag
    return headers


def _accepted(response: httpx.Response, url: str, at: int, now: datetime) -> int:
    """How many bytes of the answer stand before ``at``; raises where it is not the file."""
    status = response.status_code
    said = f"{status} {response.reason_phrase} from {url}"
    if status in _BUSY:
        wait = retry_after(response.headers.get("retry-after", ""), now)
        raise _Again(f"http_{status}", said, status, wait)
    if response.headers.get("content-encoding", "identity").lower() not in ("", "identity"):
        raise _refused(url, "bad_encoding", f"{said} in a coding that was not asked for", now)
    if status == 206 and response.headers.get("content-range", "").startswith(f"bytes {at}-"):
        return 0
    if status == 200:
        return at
    raise _refused(url, f"http_{status}", said, now, status)


def _refused(
    url: str, reason: str, detail: str, now: datetime, status: int | None = None
) -> DownloadFailed:
    return DownloadFailed(
        FetchFailure(url=url, reason=reason, detail=detail, at=now, status=status)
    )


def _broken(url: str, error: Exception, now: datetime) -> _Again:
    said = str(error) or type(error).__name__
    reason, again = reason_of(error)
    if not again:
        raise _refused(url, reason, said, now) from error
    return _Again(reason, said, None, None)


class Pulled:
    """A file for a thread to read from front to back, whose bytes an event loop fetches.

    Made and ended in the loop; one piece is fetched ahead of the reader.
    """

    def __init__(self, source: AsyncGenerator[bytes, None], name: str) -> None:
        self.name = name
        self._source, self._loop = source, asyncio.get_running_loop()
        self._asking = asyncio.Lock()
        self._piece = memoryview(b"")
        self._ahead: Future[bytes] | None = self._ask()

    def _ask(self) -> Future[bytes]:
        return asyncio.run_coroutine_threadsafe(self._next(), self._loop)

    async def _next(self) -> bytes:
        async with self._asking:
            return await anext(self._source, b"")

    def read(self, size: int = -1) -> bytes:
        """Up to ``size`` bytes, b"" at the end; raises ``DownloadFailed``."""
        if not self._piece and self._ahead is not None:
            try:
                self._piece = memoryview(self._ahead.result())
            except CancelledError:
                # asyncio would take the thread's for a cancellation of whoever awaits it
                raise RuntimeError(f"{self.name} was closed while it was read") from None
            self._ahead = self._ask() if self._piece else None
        part = self._piece if size < 0 else self._piece[:size]
        self._piece = self._piece[len(part) :]
        return bytes(part)

    async def aclose(self) -> None:
        """Fetch nothing more; a reader that waits is told so by an exception."""
        if self._ahead is not None:
            self._ahead.cancel()
            self._ahead = None
        async with self._asking:
            await self._source.aclose()

    def as_file(self) -> BinaryIO:
        """This, for what asks for a file and only reads on."""
        return cast(BinaryIO, self)
