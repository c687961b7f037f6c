"""Sites to go back through: a clock, planted articles, and the three ways to list them."""

from __future__ import annotations

import asyncio
import gzip
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import httpx
from site_support import START, InProcess, Site, Web, accounted, answered, item, page

from flows import backfilling
from flows.backfilling import RunPart, plain_part
from flows.context import new_run_id
from flows.pipeline import recorded
from ingest.archive import ArchiveWriter
from ingest.routes.window import Slice, Window

WORDPRESS = "<generator>https://wordpress.org/?v=6.7</generator>"
HOUR = timedelta(hours=1)
SINCE, UNTIL = date(2026, 9, 27), date(2026, 10, 3)
WINDOW = Window(SINCE, UNTIL)
XML = {"Content-Type": "application/rss+xml"}


def name_of(number: int) -> str:
    return f"report-number-{number}"


class Past(Web):
    """A site with an article every six hours, number 0 at ``first``; listed newest first."""

    first = datetime(2026, 9, 1, 3, 30, tzinfo=UTC)
    step = 6 * HOUR
    window = 5
    host = "a.example"
    undated = False
    """Pages name no date."""

    def __init__(self, clock: Callable[[], datetime] = lambda: START) -> None:
        super().__init__()
        self.clock = clock
        self.head = ""
        self.down: set[str] = set()
        """URLs that answer 503."""

    def at(self, number: int) -> datetime:
        return self.first + number * self.step

    @property
    def numbers(self) -> list[int]:
        """What is published, newest first."""
        newest = int((self.clock() - self.first) / self.step)
        return list(range(newest, -1, -1))

    def planted(self, window: Window) -> set[str]:
        return {
            name_of(number)
            for number in self.numbers
            if window.start <= self.at(number) < window.end
        }

    def item(self, number: int) -> str:
        return item(name_of(number), at=self.at(number), host=self.host)

    def listing(self, numbers: Sequence[int], head: str = "") -> str:
        items = "".join(self.item(number) for number in numbers)
        return (
            '<?xml version="1.0"?><rss version="2.0" xmlns:atom="http://www.w3.org/2005/Atom">'
            f"<channel><title>A</title>{head}{items}</channel></rss>"
        )

    def __call__(self, request: httpx.Request) -> httpx.Response:
        url, path = str(request.url), request.url.path
        self.asked.append(url)
        if url in self.down:
            return answered(503, "later", **{"Retry-After": "9000"})
        if path.rpartition("/")[2].startswith("report-number-"):
            text = self.article(path.rpartition("/")[2])
            return answered(200, text, **{"Content-Type": "text/html; charset=utf-8"})
        return self.other(request) or answered(404, "no such page")

    def article(self, name: str) -> str:
        when = self.at(int(name.rpartition("-")[2]))
        meta = f'<meta property="article:published_time" content="{when.isoformat()}">'
        return page(name).replace("<head>", f"<head>{'' if self.undated else meta}")

    def other(self, request: httpx.Request) -> httpx.Response | None:
        if request.url.path == "/feed":
            return answered(200, self.listing(self.numbers[: self.window], self.head), **XML)
        return None

    def of(self, word: str) -> list[str]:
        return [url for url in self.asked if word in url]


class Shifting(Past):
    """A WordPress whose pages move while they are read: posts come, and some are taken down."""

    rest = False
    zone = timedelta(0)
    """Of the site's own clock, for the REST API."""
    come_every, gone_every = 3, 0

    def __init__(self, clock: Callable[[], datetime] = lambda: START) -> None:
        super().__init__(clock)
        self.head = WORDPRESS
        self.gone: set[int] = set()

    @property
    def listed(self) -> int:
        return sum("/feed" in url for url in self.asked)

    @property
    def come(self) -> int:
        return 2 * (self.listed // self.come_every) if self.come_every else 0

    @property
    def numbers(self) -> list[int]:
        published = super().numbers
        newest = published[0]
        return [
            number
            for number in [*range(newest + self.come, newest, -1), *published]
            if number not in self.gone
        ]

    def at(self, number: int) -> datetime:
        newest = int((self.clock() - self.first) / self.step)
        if number > newest:  # posts of the minutes since
            return self.clock() + timedelta(seconds=number - newest)
        return super().at(number)

    def other(self, request: httpx.Request) -> httpx.Response | None:
        if request.url.path == "/feed":
            if self.gone_every and self.listed % self.gone_every == 0:
                # one that was read already, so that the unread ones move up
                self.gone.add(self.numbers[1])
            place = int(request.url.params.get("paged", 1))
            part = self.numbers[(place - 1) * self.window : place * self.window]
            return answered(200, self.listing(part, self.head), **XML) if part else None
        if request.url.path == "/wp-json/wp/v2/posts" and self.rest:
            return self.posts(request)
        return None

    def posts(self, request: httpx.Request) -> httpx.Response:
        asked = request.url.params
        size = int(asked["per_page"])
        after, before = (datetime.fromisoformat(asked[name]) for name in ("after", "before"))
        found = []
        for number in self.numbers:
            local = (self.at(number) + self.zone).replace(tzinfo=None)
            if after < local < before:
                found.append(
                    {
                        "link": f"https://{self.host}/{name_of(number)}",
                        "date": f"{local:%Y-%m-%dT%H:%M:%S}",
                        "date_gmt": f"{self.at(number):%Y-%m-%dT%H:%M:%S}",
                        "guid": {"rendered": f"https://{self.host}/?p={number}"},
                        "title": {"rendered": f"Report {number} &amp; more"},
                        "excerpt": {"rendered": "<p>Short.</p>"},
                    }
                )
        return answered(200, json.dumps(found[:size]), **{"Content-Type": "application/json"})


class Archive(Past):
    """RFC 5005: the feed, then archive documents of ten; the oldest leads back to the newest."""

    looped = False

    def other(self, request: httpx.Request) -> httpx.Response | None:
        older = [number for number in self.numbers if number <= self.numbers[0] - self.window]
        documents = [older[at : at + 10] for at in range(0, len(older), 10)]

        def link(number: int) -> str:
            if number >= len(documents):
                if not self.looped:
                    return ""
                number = 0
            return f'<atom:link rel="prev-archive" href="https://{self.host}/old/{number}"/>'

        if request.url.path == "/feed":
            return answered(200, self.listing(self.numbers[: self.window], link(0)), **XML)
        if request.url.path.startswith("/old/"):
            place = int(request.url.path.rpartition("/")[2])
            return answered(200, self.listing(documents[place], link(place + 1)), **XML)
        return None


class Mapped(Past):
    """A site with sitemaps whose lastmod is of no use: that of today, or of an edit long after.

    Half a million addresses in the files of ten years; an article a day among them.
    """

    step = 24 * HOUR

    monthly = True
    """A file a month, named for it; else numbered files of twenty articles."""
    gzipped = False
    filler = 4_000

    def other(self, request: httpx.Request) -> httpx.Response | None:
        path = request.url.path
        if path == "/robots.txt":
            return answered(200, f"User-agent: *\nSitemap: https://{self.host}/sitemap.xml\n")
        if path == "/sitemap.xml":
            return answered(200, self.index(), **{"Content-Type": "text/xml"})
        if path.startswith("/posts-"):
            text = self.file(path.removeprefix("/posts-").removesuffix(".xml"))
            if not self.gzipped:
                return answered(200, text, **{"Content-Type": "text/xml"})
            packed = gzip.compress(text.encode())
            return httpx.Response(
                200, headers={"Content-Type": "application/gzip"}, stream=httpx.ByteStream(packed)
            )
        return super().other(request)

    def index(self) -> str:
        names = [f"{year}-{month:02}" for year in range(2017, 2027) for month in range(1, 13)]
        if not self.monthly:
            names = [str(part) for part in range(len(self.numbers) // 20 + 1)]
        lied = self.clock().isoformat()
        rows = "".join(
            f"<sitemap><loc>https://{self.host}/posts-{name}.xml</loc><lastmod>{lied}</lastmod>"
            "</sitemap>"
            for name in names
        )
        return f"<sitemapindex>{rows}</sitemapindex>"

    def file(self, name: str) -> str:
        if self.monthly:
            mine = [number for number in self.numbers if f"{self.at(number):%Y-%m}" == name]
        else:
            mine = [number for number in self.numbers if number // 20 == int(name)]
        lied = self.clock().isoformat()
        rows = [
            f"<url><loc>https://{self.host}/{name_of(number)}</loc><lastmod>{lied}</lastmod></url>"
            for number in mine
        ]
        rows += [
            f"<url><loc>https://{self.host}/shop/part/{name}/{each}</loc></url>"
            for each in range(self.filler)
        ]
        return f"<urlset>{''.join(rows)}</urlset>"


class BackfillSite(Site):
    """A site, and backfills of it."""

    def __init__(self, folder: Any, web: Past) -> None:
        super().__init__(folder)
        self.settings = replace(self.settings, wayback_pace_seconds=0.0)
        self.web = web
        self.workers = InProcess
        web.clock = lambda: self.now

    def backfill(
        self,
        route: str = "auto",
        window: Window = WINDOW,
        *,
        again: bool = False,
        size: Slice = "month",
        run_part: RunPart = plain_part,
    ) -> Any:
        async def whole() -> Any:
            context = self.context()
            context.report.kind = "backfill"
            context.report.run_id = new_run_id(self.now)
            archive = ArchiveWriter(context.store.archive, context.clock, run=context.report.run_id)
            fetcher = self.fetcher(context, archive)
            workers = self.workers(1, context.feeds, all_topics=False)
            with archive:
                async with recorded(context), fetcher, workers:
                    await backfilling.backfill(
                        context, fetcher, workers, window=window, route=route, again=again,
                        size=size, run_part=run_part,
                    )  # fmt: skip
            return context.report

        report = asyncio.run(whole())
        accounted(report)
        return report

    def stored(self) -> set[str]:
        return {url.rpartition("/")[2] for (url,) in self.rows("select url from articles")}

    def days(self, route: str) -> dict[Any, tuple[int, int, str]]:
        query = f"select day, found, stored, state from coverage where route = '{route}'"
        return {day: (found, stored, state) for day, found, stored, state in self.rows(query)}


@contextmanager
def served(web: Past) -> Iterator[str]:
    """``web`` behind a socket of its own, under the address given."""

    def answer(path: str, _: Mapping[str, str], here: str) -> Answer:
        got = web(httpx.Request("GET", f"https://{web.host}{path}"))
        got.read()
        headers = {"Content-Type": got.headers.get("content-type", "text/plain")}
        return (
            got.status_code,
            headers,
            got.content.replace(f"https://{web.host}".encode(), here.encode()),
        )

    with listening(answer) as here:
        yield here


Answer = tuple[int, Mapping[str, str], bytes]
"""Status, headers but for the length, body."""


@contextmanager
def listening(answer: Callable[[str, Mapping[str, str], str], Answer]) -> Iterator[str]:
    """A server on 127.0.0.1; its address.

    Args:
        answer: says what to answer, by path and headers of a request and the server's address.
    """

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, headers, body = answer(self.path, dict(self.headers), here)
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *words: object) -> None:
            del words

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    here = f"http://127.0.0.1:{server.server_port}"
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield here
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
