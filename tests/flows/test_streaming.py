"""A feed that drips, and the articles of the others: over sockets, in one run."""

from __future__ import annotations

import asyncio
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

import pytest

from flows import harvest, run
from flows.context import Work
from flows.run import IngestOptions, Surroundings, run_ingest
from flows.settings import Settings
from ingest.policy import FetchPolicy
from storage.store import Store

sys.path.insert(0, str(Path(__file__).parent))
from site_support import InProcess

T = TypeVar("T")
ARTICLE = "".join(
    f"<p>The plant makes part number {n} for electric car batteries, day and night.</p>"
    for n in range(12)
)


@dataclass
class Web:
    """Two sites on one port of two loopback addresses; the feed of the slow one drips."""

    released: threading.Event = field(default_factory=threading.Event)
    """From then on the slow feed ends."""
    port: int = 0

    def feed(self, host: str) -> bytes:
        link = f"http://{host}:{self.port}"
        items = "".join(
            f"<item><title>Cells {n}</title><link>{link}/{n}</link></item>" for n in range(3)
        )
        return f"<rss version='2.0'><channel><title>A</title>{items}</channel></rss>".encode()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                path = (await reader.readuntil(b"\r\n\r\n")).split()[1]
                host = writer.get_extra_info("sockname")[0]
                if path == b"/feed":
                    body, kind = self.feed(host), b"application/rss+xml"
                elif path == b"/robots.txt":
                    body, kind = b"User-agent: *\nAllow: /\n", b"text/plain"
                else:
                    page = f"<html><title>Cells</title><article>{ARTICLE}</article></html>"
                    body, kind = page.encode(), b"text/html"
                writer.write(
                    b"HTTP/1.1 200 OK\r\nContent-Type: %s\r\nConnection: close\r\n\r\n" % kind
                )
                while host.endswith(".2") and path == b"/feed" and not self.released.is_set():
                    writer.write(b" ")
                    await writer.drain()
                    await asyncio.sleep(0.05)
                writer.write(body)
                await writer.drain()
                writer.close()
                return
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()


@pytest.fixture
def web() -> Iterator[Web]:
    loop, web = asyncio.new_event_loop(), Web()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()

    async def listen() -> None:
        for host in ("127.0.3.1", "127.0.3.2"):
            server = await asyncio.start_server(web.serve, host, web.port)
            web.port = server.sockets[0].getsockname()[1]

    asyncio.run_coroutine_threadsafe(listen(), loop).result(30)
    yield web
    loop.call_soon_threadsafe(loop.stop)
    thread.join(10)


def test_a_feed_that_drips_delays_only_its_own_articles(
    web: Web, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It ends when the other's articles are stored: were they to wait for it, it never would."""
    monkeypatch.setattr(harvest, "LEAST_SECONDS", 0.2)
    monkeypatch.setattr(run, "Workers", InProcess)
    listed = tmp_path / "feeds.toml"
    listed.write_text(
        "".join(
            f'[[feed]]\nslug = "{slug}"\nurl = "http://{host}:{web.port}/feed"\nscope = "focus"\n'
            'publisher = "P"\n'
            for slug, host in (("slow", "127.0.3.2"), ("quick", "127.0.3.1"))
        ),
        encoding="utf-8",
    )
    store = Store(tmp_path / "store")
    before: list[str] = []

    async def step(kind: str, name: str, work: Work[T]) -> T:
        del name
        done = await work()
        if kind == "save" and not web.released.is_set():
            with store.write() as con:
                before.extend(
                    feed for (feed,) in con.execute("select feed from articles").fetchall()
                )
            web.released.set()
        return done

    report = asyncio.run(
        run_ingest(
            Settings(
                store=store.folder, feeds=str(listed), allow_hosts=("127.0.3.1", "127.0.3.2"),
                pace_seconds=0.0, workers=1,
            ),
            IngestOptions(),
            # the deadline of the slow feed is the guard against a hang: past it, it has failed
            Surroundings(step=step, limits=FetchPolicy(total_seconds=60.0, read_seconds=60.0)),
        )
    )  # fmt: skip
    assert before == ["quick"] * 3
    assert report.feeds_failed == {}
    assert (report.stored, report.entries) == (6, 6)
