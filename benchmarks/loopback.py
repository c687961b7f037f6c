"""A recorded newsroom on real sockets: each of its hosts answers on a loopback address of its own.

Addresses of 127.0.1.0/24 stand for the hosts, so that lanes, robots.txt and the rules about sites
work as they do between real publishers.  Links in feeds and pages are rewritten to match.
"""

from __future__ import annotations

import asyncio
import hashlib
import re
import threading
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Any
from urllib.parse import urlsplit

import tomlkit

from ingest.archive import read_pages

_REASONS = {200: "OK", 304: "Not Modified", 404: "Not Found", 503: "Service Unavailable"}


@dataclass(frozen=True, slots=True)
class _Recorded:
    at: datetime
    status: int
    content_type: str
    body: bytes
    tagged: bool

    @property
    def etag(self) -> str:
        return f'"{hashlib.sha256(self.body).hexdigest()[:20]}"' if self.tagged else ""


class Newsroom:
    """Serves the answers of ``archive`` that were recorded not later than ``as_of``.

    Use as a context manager; the server runs in a thread.  ``as_of`` may be set at any time.
    """

    def __init__(self, archive: Path) -> None:
        pages = list(read_pages(archive))
        names = sorted({urlsplit(page.url).hostname or "" for page in pages})
        self._address = {name: f"127.0.1.{number}" for number, name in enumerate(names, 1)}
        self._pages = pages
        self._answers: dict[str, list[_Recorded]] = {}
        self.as_of = max(page.fetched_at for page in pages)
        self.asked = 0
        """Requests answered so far."""
        self.port = 0
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)

    @property
    def hosts(self) -> tuple[str, ...]:
        """The addresses, for ``Settings.allow_hosts``."""
        return tuple(self._address.values())

    def feeds(self, declared: Path, target: Path, slugs: Sequence[str]) -> Path:
        """Write the feeds ``slugs`` of the list ``declared`` with their addresses to ``target``."""
        listed: dict[str, Any] = tomllib.loads(declared.read_text(encoding="utf-8"))
        chosen = [feed for feed in listed["feed"] if feed["slug"] in slugs]
        for feed in chosen:
            feed["url"] = self._moved(feed["url"].encode()).decode()
        target.write_text(tomlkit.dumps({"feed": chosen}), encoding="utf-8")
        return target

    def __enter__(self) -> Newsroom:
        self._thread.start()
        self._on_loop(self._listen())
        for page in self._pages:
            self._answers.setdefault(self._moved(page.url.encode()).decode(), []).append(
                _Recorded(
                    page.fetched_at,
                    page.status,
                    page.content_type,
                    self._moved(page.body),
                    bool(page.etag),
                )
            )
        self._pages.clear()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        async def stop() -> None:
            for server in self._servers:
                server.close()

        self._on_loop(stop())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)

    def _on_loop(self, work: Any) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result(30)

    async def _listen(self) -> None:
        self._servers: list[asyncio.Server] = []
        for address in self.hosts:
            server = await asyncio.start_server(self._serve, address, self.port)
            self.port = server.sockets[0].getsockname()[1]
            self._servers.append(server)

    def _moved(self, said: bytes) -> bytes:
        def moved(found: re.Match[bytes]) -> bytes:
            address = self._address[found["host"].decode()]
            return b"http:" + found["slashes"] + f"{address}:{self.port}".encode()

        hosts = "|".join(re.escape(name) for name in sorted(self._address, key=len, reverse=True))
        pattern = rf"https?:(?P<slashes>//|\\/\\/)(?P<host>{hosts})(?![\w.-])"
        return re.sub(pattern.encode(), moved, said)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
                path = head[0].split()[1]
                headers = dict(line.lower().split(": ", 1) for line in head[1:] if ": " in line)
                address = writer.get_extra_info("sockname")[0]
                writer.write(self._answer(f"http://{address}:{self.port}{path}", headers))
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            # The other side has gone, as a killed run does.
            pass
        finally:
            writer.close()

    def _answer(self, url: str, headers: dict[str, str]) -> bytes:
        self.asked += 1
        found: Sequence[_Recorded] = [
            one for one in self._answers.get(url, ()) if one.at <= self.as_of
        ]
        if not found:
            return _response(404, "text/html", b"<h1>Not found</h1>")
        newest = max(found, key=lambda one: one.at)
        if newest.etag and headers.get("if-none-match") == newest.etag:
            return _response(304, "", b"", newest.etag)
        return _response(newest.status, newest.content_type, newest.body, newest.etag)


def _response(status: int, content_type: str, body: bytes, etag: str = "") -> bytes:
    lines = [f"HTTP/1.1 {status} {_REASONS.get(status, 'Answer')}"]
    if status != 304:
        lines += [f"Content-Type: {content_type}", f"Content-Length: {len(body)}"]
    if etag:
        lines.append(f"ETag: {etag}")
    if status == 503:
        # As recorded: without it the fetcher would try again within the run, and wait.
        lines.append("Retry-After: 3600")
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + body
