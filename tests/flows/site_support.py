"""A store, a web in memory and a clock: what a run over feeds needs besides itself."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any, Self
from xml.sax.saxutils import escape

import httpx

from flows import from_feeds
from flows.context import RunContext
from flows.digest import Digested, digest
from flows.pipeline import recorded
from flows.report import RunReport
from flows.settings import Settings
from flows.workers import Workers
from ingest.archive import ArchiveWriter
from ingest.http import Fetcher
from ingest.models import Capture, Feed
from ingest.policy import FetchPolicy
from storage.store import Store

START = datetime(2026, 11, 2, 6, 0, tzinfo=UTC)
WORDS = ("anode", "cathode", "separator", "pack", "charger", "grid", "lithium", "nickel", "cell")


def body(name: str, extra: str = "") -> str:
    """A text about batteries that shares no sentence with that of another name."""
    sentences = [
        f"The {name} {word} plant at {name}-{n} makes battery {word}s for {n + 3} electric cars."
        for n, word in enumerate(WORDS)
    ]
    return " ".join([*sentences, extra]).strip()


def page(name: str, extra: str = "") -> str:
    return (
        f"<html><head><title>Report {name}</title></head><body><article><h1>Report {name}</h1>"
        f"<p>{body(name)}</p><p>{extra or 'Nothing else is known of ' + name + ' today.'}</p>"
        "</article></body></html>"
    )


def item(
    name: str,
    *,
    guid: str = "",
    updated: str = "",
    host: str = "a.example",
    at: datetime = START - timedelta(hours=1),
) -> str:
    url = f"https://{host}/{name}"
    title = name.partition("?")[0]
    stamp = f"<atom:updated>{updated}</atom:updated>" if updated else ""
    return (
        f"<item><title>Report {title}</title><link>{url}</link><guid isPermaLink='false'>"
        f"{escape(guid or url)}</guid><pubDate>{format_datetime(at)}</pubDate>{stamp}"
        "</item>"
    )


def rss(*items: str) -> str:
    return (
        '<?xml version="1.0"?><rss version="2.0" xmlns:atom="http://www.w3.org/2005/Atom">'
        f"<channel><title>A</title>{''.join(items)}</channel></rss>"
    )


def answered(status: int, text: str, **headers: str) -> httpx.Response:
    """An answer that is read from a stream, as from a socket."""
    return httpx.Response(status, headers=headers, stream=httpx.ByteStream(text.encode()))


class Web:
    """A web in memory: URL -> what it answers; what is not in it is a 404."""

    def __init__(self) -> None:
        self.answers: dict[str, httpx.Response | Exception | str] = {}
        self.asked: list[str] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        url = str(request.url)
        self.asked.append(url)
        found = self.answers.get(url)
        if isinstance(found, Exception):
            raise found
        if isinstance(found, httpx.Response):
            return answered(found.status_code, found.text, **found.headers)
        if found is None:
            return answered(404, "no such page")
        kind = "application/rss+xml" if found.startswith("<?xml") else "text/html"
        return answered(200, found, **{"Content-Type": f"{kind}; charset=utf-8"})

    def feed(self, *items: str, host: str = "a.example") -> None:
        self.answers[f"https://{host}/feed"] = rss(*items)

    def pages(self, *names: str, host: str = "a.example") -> None:
        for name in names:
            self.answers[f"https://{host}/{name}"] = page(name)

    def times_asked(self, name: str) -> int:
        return self.asked.count(f"https://a.example/{name}")


class Site:
    """A store, a web and a clock; each ``run`` is one scheduled ingest."""

    def __init__(self, folder: Path) -> None:
        self.web = Web()
        self.store = Store(folder / "store")
        self.now = START
        self.feeds = [feed("a")]
        self.workers: type[Workers] = Workers
        self.settings = replace(Settings(), store=self.store.folder, batch=4)

    def context(self) -> RunContext:
        return RunContext(
            settings=self.settings,
            store=self.store,
            feeds={feed.slug: feed for feed in self.feeds},
            report=RunReport(
                run_id=f"run-{self.now:%d%H%M}", kind="ingest", store="", started_at=self.now
            ),
            clock=lambda: self.now,
        )

    def fetcher(self, context: RunContext, archive: ArchiveWriter | None = None) -> Fetcher:
        return Fetcher(
            FetchPolicy(pace_seconds=0.0),
            user_agent="voltwire/test",
            clock=context.clock,
            archive=archive,
            transport=httpx.MockTransport(self.web),
            sleep=no_sleep,
        )

    def run(self, *, force: bool = False) -> Any:
        async def whole() -> RunReport:
            context = self.context()
            fetcher = self.fetcher(context)
            workers = self.workers(1, context.feeds, all_topics=False)
            async with recorded(context), fetcher, workers:
                await from_feeds.ingest(context, fetcher, workers, force=force)
            return context.report

        report = asyncio.run(whole())
        accounted(report)
        return report

    def later(self, **time: float) -> None:
        self.now += timedelta(**time)

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        with self.store.read() as con:
            return con.execute(query).fetchall()


class InProcess(Workers):
    """Workers that are none: what is tested is not digesting, and a process takes a second."""

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *error: object) -> None:
        del error

    def warm(self) -> None:
        """Nothing to load in advance."""

    async def digest(self, captures: Sequence[Capture], now: datetime) -> list[Digested]:
        feeds = {one.entry.feed: feed(one.entry.feed) for one in captures}
        return digest(captures, feeds, all_topics=True, now=now)


async def no_sleep(seconds: float) -> None:
    del seconds


def feed(slug: str, **changes: Any) -> Feed:
    fields: dict[str, Any] = {
        "slug": slug, "url": f"https://{slug}.example/feed", "publisher": slug.upper(),
        "language": "en", "scope": "focus",
    }  # fmt: skip
    return Feed(**(fields | changes))


def accounted(report: RunReport) -> None:
    assert report.stored + report.edited + report.known + report.rejected == report.entries
    assert sum(report.reasons.values()) == report.rejected
