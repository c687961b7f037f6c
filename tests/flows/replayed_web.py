"""Archived sites on this machine: each host of a WARC at a loopback address of its own.

Workers in processes of their own ask it as they would ask the web, and no site is asked for
another.  What the pages and feeds say of hosts is rewritten to the addresses.
"""

from __future__ import annotations

import asyncio
import re
import socket
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from threading import Thread
from urllib.parse import urlsplit

from ingest.archive import read_pages
from ingest.models import Feed, Page


class ReplayedWeb:
    """The pages of ``archives``, the newest answer of each address.

    Args:
        seconds: that each answer takes, as on the web.
    """

    def __init__(self, archives: Sequence[Path], seconds: float = 0.0) -> None:
        self.asked: Counter[str] = Counter()
        """Address -> requests for it."""
        self.port = 0
        self._seconds = seconds
        self._pages: dict[str, Page] = {}
        for archive in archives:
            for page in read_pages(archive):
                self._pages[page.url] = page
        hosts = sorted({urlsplit(url).netloc for url in self._pages})
        self._addresses = {
            host: f"127.0.{1 + number // 250}.{1 + number % 250}"
            for number, host in enumerate(hosts)
        }
        self._answers: dict[str, Page] = {}

    @property
    def hosts(self) -> tuple[str, ...]:
        """Addresses to allow."""
        return tuple(self._addresses.values())

    def here(self, text: str) -> str:
        """``text`` with the addresses of this machine in place of the hosts."""
        return self._pattern.sub(
            lambda found: f"http://{self._addresses[found[1]]}:{self.port}{found[2]}", text
        )

    def feed(self, feed: Feed) -> Feed:
        """``feed`` as it stands here."""
        return replace(feed, url=self.here(feed.url))

    def open(self, port: int) -> None:
        """Rewrite everything for ``port``."""
        self.port = port
        longest = sorted(self._addresses, key=len, reverse=True)
        self._pattern = re.compile(
            rf"https?://({'|'.join(map(re.escape, longest))})(/|(?=[\"'<\s?#&])|$)"
        )
        for url, page in self._pages.items():
            body = page.body
            # byte for byte, whatever the encoding: every one that is used here keeps ASCII
            text = self.here(body.decode("latin-1"))
            self._answers[self.here(url)] = replace(page, body=text.encode("latin-1"))

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection, one request."""
        try:
            line = (await reader.readline()).decode("latin-1")
            host = ""
            while header := (await reader.readline()).decode("latin-1").strip():
                name, _, value = header.partition(":")
                if name.lower() == "host":
                    host = value.strip()
            url = f"http://{host}{line.split(' ')[1]}"
            self.asked[url] += 1
            await asyncio.sleep(self._seconds)
            page = self._answers.get(url)
            status = page.status if page else 404
            body = page.body if page else b"no such page"
            kind = page.content_type if page else "text/plain"
            writer.write(
                f"HTTP/1.1 {status} Said\r\nContent-Type: {kind}\r\nConnection: close\r\n"
                f"Content-Length: {len(body)}\r\n\r\n".encode("latin-1")
                + body
            )
            await writer.drain()
        except (ConnectionError, IndexError):
            pass
        finally:
            writer.close()


@contextmanager
def replayed(web: ReplayedWeb) -> Iterator[ReplayedWeb]:
    """``web`` behind sockets, in a thread."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    web.open(port)
    loop = asyncio.new_event_loop()

    async def listen() -> asyncio.Server:
        return await asyncio.start_server(web.answer, host=list(web.hosts), port=port)

    server = loop.run_until_complete(listen())
    thread = Thread(target=loop.run_forever, daemon=True)
    thread.start()
    try:
        yield web
    finally:
        loop.call_soon_threadsafe(server.close)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()
