"""Large files taken piece by piece from servers on the loopback that break off and ask to wait."""

from __future__ import annotations

import asyncio
import contextlib
import gzip
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from ingest.download import DownloadFailed, Pulled, pieces
from ingest.http import Fetcher
from ingest.pacing import Lane
from ingest.policy import DownloadPolicy, FetchPolicy
from ingest.warc import read_records

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
QUICK = DownloadPolicy(piece_bytes=1000, backoff_seconds=0.0, tries=4, piece_seconds=5.0)
WHOLE = bytes(range(256)) * 40


class FileServer:
    """Serves ``body`` at every path; ``faults`` are used up first, an answer each."""

    def __init__(self, body: bytes = WHOLE) -> None:
        self.body = body
        self.faults: list[str] = []
        self.ranges: list[str] = []
        self.heads_range = True
        self.url = ""

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
            lines = dict(line.split(": ", 1) for line in head.split("\r\n") if ": " in line)
            self.ranges.append(lines.get("range", ""))
            fault = self.faults.pop(0) if self.faults else ""
            start = int(lines["range"][6:-1]) if self.heads_range and "range" in lines else 0
            if fault[:3].isdigit():
                writer.write(f"HTTP/1.1 {fault}\r\nContent-Length: 0\r\n\r\n".encode())
            else:
                rest = self.body[start:]
                status = "206 Partial Content" if start else "200 OK"
                place = f"Content-Range: bytes {start}-{len(self.body) - 1}/{len(self.body)}\r\n"
                writer.write(
                    f'HTTP/1.1 {status}\r\nETag: "x"\r\nContent-Length: {len(rest)}\r\n'
                    f"{place if start else ''}Connection: close\r\n\r\n".encode()
                )
                writer.write(rest[: len(rest) // 2] if fault == "break" else rest)
            await writer.drain()
        writer.close()


@asynccontextmanager
async def served(server: FileServer) -> AsyncIterator[httpx.AsyncClient]:
    listening = await asyncio.start_server(server, "127.0.0.1", 0)
    server.url = f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}/file"
    async with listening, httpx.AsyncClient(trust_env=False) as client:
        yield client


async def no_sleep(seconds: float) -> None:
    del seconds


async def taken(server: FileServer, start: int = 0, **changes: Any) -> bytes:
    async with served(server) as client:
        found = pieces(
            client, server.url, start, lane=Lane(1, lambda: 0.0), clock=lambda: NOW, sleep=no_sleep,
            policy=replace(QUICK, **changes),
        )  # fmt: skip
        return b"".join([piece async for piece in found])


def test_a_file_comes_whole_and_from_any_byte() -> None:
    """With one request each; from the middle on by a range."""
    server = FileServer()
    assert asyncio.run(taken(server)) == WHOLE
    assert asyncio.run(taken(server, 3000)) == WHOLE[3000:]
    assert server.ranges == ["", "bytes=3000-"]


@pytest.mark.parametrize("heads_range", [True, False])
def test_a_broken_connection_is_taken_up_where_it_was(heads_range: bool) -> None:
    """Also where the server knows no ranges and sends the start once more."""
    server = FileServer()
    server.heads_range = heads_range
    server.faults = ["break", "break", "503 Slow Down"]
    assert asyncio.run(taken(server)) == WHOLE
    assert len(server.ranges) == 4
    assert server.ranges[1].startswith("bytes=")


def test_a_busy_server_is_waited_for_longer_each_time_and_not_for_ever() -> None:
    """503 upon 503: the waits double, then the download has failed, to be tried later."""
    waits: list[float] = []

    async def sleep(seconds: float) -> None:
        waits.append(seconds)

    async def whole(server: FileServer) -> None:
        async with served(server) as client:
            policy = replace(QUICK, backoff_seconds=2.0)
            found = pieces(
                client, server.url, lane=Lane(1, lambda: 0.0), clock=lambda: NOW, sleep=sleep,
                policy=policy,
            )  # fmt: skip
            async for _ in found:
                pass

    server = FileServer()
    server.faults = ["503 Slow Down"] * 9
    with pytest.raises(DownloadFailed) as failed:
        asyncio.run(whole(server))
    assert waits == [2.0, 4.0, 8.0]
    assert failed.value.failure.reason == "http_503"
    assert failed.value.failure.retry_at is not None


@pytest.mark.parametrize("status", ["404 Not Found", "403 Forbidden", "301 Moved"])
def test_a_file_that_is_not_there_is_asked_for_once(status: str) -> None:
    """Its status is the reason."""
    server = FileServer()
    server.faults = [status] * 3
    with pytest.raises(DownloadFailed) as failed:
        asyncio.run(taken(server))
    assert failed.value.failure.reason == f"http_{status[:3]}"
    assert len(server.ranges) == 1


def test_the_fetcher_guards_downloads_too() -> None:
    """A file on the inside of the network is not asked for."""

    async def whole() -> None:
        fetcher = Fetcher(FetchPolicy(), user_agent="x", clock=lambda: NOW)
        async with fetcher:
            async for _ in fetcher.download("http://127.0.0.1/x"):
                pass

    with pytest.raises(DownloadFailed) as failed:
        asyncio.run(whole())
    assert failed.value.failure.reason == "blocked_address"


def record(number: int, size: int = 3000) -> bytes:
    """One gzip member with a response whose body hardly shrinks."""
    body = (f"{number:05} " * size).encode()[:size]
    http = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n" + body
    head = (
        "WARC/1.0\r\nWARC-Type: response\r\nWARC-Date: 2026-11-02T06:00:00Z\r\n"
        f"WARC-Record-ID: <urn:uuid:{number:032}>\r\nWARC-Target-URI: https://a.example/{number}\r\n"
        f"Content-Type: application/http;msgtype=response\r\nContent-Length: {len(http)}\r\n\r\n"
    )
    return gzip.compress(head.encode() + http + b"\r\n\r\n", 1)


async def in_thread(server: FileServer, start: int, work: Callable[[Pulled], Any]) -> Any:
    async with served(server) as client:
        source = pieces(
            client, server.url, start, lane=Lane(1, lambda: 0.0), clock=lambda: NOW, sleep=no_sleep,
            policy=QUICK,
        )  # fmt: skip
        pulled = Pulled(source, server.url)
        try:
            return await asyncio.to_thread(work, pulled)
        finally:
            await pulled.aclose()


def places(pulled: Pulled) -> list[tuple[int, str]]:
    found = read_records(pulled.as_file(), body_limit=10**6)
    return [(one.offset, one.url) for one in found]


def test_records_are_read_from_a_download_and_from_the_middle_of_one() -> None:
    """Each record's place is one that a later download can begin at."""
    server = FileServer(b"".join(record(n) for n in range(40)))
    server.faults = ["break"]
    found = asyncio.run(in_thread(server, 0, places))
    assert [url for _, url in found] == [f"https://a.example/{n}" for n in range(40)]
    place = found[25][0]
    rest = asyncio.run(in_thread(server, place, places))
    assert [(place + at, url) for at, url in rest] == found[25:]


def test_a_download_that_fails_under_a_reader_is_no_end_of_file() -> None:
    """The reader hears why, and does not take the rest for read."""
    server = FileServer(b"".join(record(n) for n in range(40)))
    server.faults = ["break", *["503 Slow Down"] * 9]

    def work(pulled: Pulled) -> None:
        for _ in read_records(pulled.as_file(), body_limit=10**6):
            pass

    with pytest.raises(DownloadFailed):
        asyncio.run(in_thread(server, 0, work))


def test_a_reader_that_waits_is_ended_with_the_download() -> None:
    """A run that is stopped does not hang on a server that says nothing."""

    async def silent() -> Any:
        yield b"x"
        await asyncio.Event().wait()

    async def whole() -> None:
        pulled = Pulled(silent(), "x")
        reader = asyncio.create_task(asyncio.to_thread(lambda: [pulled.read(1), pulled.read(1)]))
        await asyncio.sleep(0.05)
        await pulled.aclose()
        with pytest.raises(RuntimeError, match="closed"):
            await asyncio.wait_for(reader, 5)

    asyncio.run(whole())
