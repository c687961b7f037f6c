"""Servers that behave as badly as they can, one host name each, all on one loopback port.

``FEEDS`` and ``PAGES`` say what each does and how it has to end.  Run as a program, this file is
the run over them: ``hostile_web.py STORE PORT`` ingests all, some of them again eight days later,
and prints what was stored as JSON.
"""

from __future__ import annotations

import asyncio
import contextlib
import gzip
import io
import json
import sys
import threading
import zlib
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from functools import cache
from pathlib import Path

NOW = datetime(2026, 11, 2, 6, 0, tzinfo=UTC)
LATER = timedelta(days=8)
GOOD_PAGES = 12
MEGABYTE = 2**20


@dataclass
class Asked:
    """One request as a server saw it."""

    host: str
    path: str
    headers: dict[str, str]
    visit: int
    """How often this path of this host was asked before."""
    port: int


Behaviour = Callable[[Asked, asyncio.StreamWriter], Awaitable[None]]


@dataclass(frozen=True)
class Case:
    """A feed's behaviour and its end: the state of the feed, the reason or the entries it gave."""

    behave: Behaviour | None
    state: str
    ends: str | int
    scheme: str = "http"
    port: int | None = None


# What good servers say


def entry(host: str, n: int, *, guid: str = "", at: datetime | None = None, more: str = "") -> str:
    at = at or NOW - timedelta(hours=n + 1)
    return (
        f"<item><title>Battery plant {n} of {host}</title><link>http://{host}:PORT/p{n}</link>"
        f"<guid isPermaLink='false'>{guid or f'{host}-{n}'}</guid>"
        f"<pubDate>{format_datetime(at)}</pubDate>{more}</item>"
    )


def feed(*entries: str, head: str = "") -> str:
    return (
        f'<?xml version="1.0"?>{head}<rss version="2.0"><channel><title>Cells</title>'
        f"{''.join(entries)}</channel></rss>"
    )


def three(host: str) -> str:
    return feed(*(entry(host, n) for n in range(3)))


def article(host: str, path: str) -> str:
    sentences = " ".join(
        f"The {host} plant at {path[1:]} makes {word} number {place} for electric car batteries."
        for place, word in enumerate(("anodes", "cathodes", "packs", "cells", "foils", "cans"))
    )
    return f"<html><title>Plant {path}</title><body><article><p>{sentences}</p></article></html>"


def head(status: str = "200 OK", **headers: str | int) -> bytes:
    lines = [f"{name.replace('_', '-')}: {value}\r\n" for name, value in headers.items()]
    return f"HTTP/1.1 {status}\r\n{''.join(lines)}\r\n".encode("latin-1")


def whole(body: bytes, status: str = "200 OK", **headers: str | int) -> bytes:
    headers = {"Content_Type": "application/rss+xml", "Content_Length": len(body)} | headers
    return head(status, **headers) + body


def says(
    body: str | bytes | Callable[[Asked], str | bytes], status: str = "200 OK", **headers: str | int
) -> Behaviour:
    """Always answers so; ``PORT`` in a text is the server's."""

    async def behave(asked: Asked, writer: asyncio.StreamWriter) -> None:
        said = body(asked) if callable(body) else body
        if isinstance(said, str):
            said = said.replace("PORT", str(asked.port)).encode()
        told = {
            name: str(value).replace("PORT", str(asked.port)) for name, value in headers.items()
        }
        writer.write(whole(said, status, **told))

    return behave


def lists(make: Callable[[str], str], **headers: str) -> Behaviour:
    return says(lambda asked: make(asked.host), **headers)


def sends(answer: bytes | Callable[[Asked], bytes]) -> Behaviour:
    """Writes these very bytes and closes."""

    async def behave(asked: Asked, writer: asyncio.StreamWriter) -> None:
        writer.write(answer(asked) if callable(answer) else answer)
        await writer.drain()
        writer.close()

    return behave


def leads(target: str, status: str = "302 Found") -> Behaviour:
    return says("", status, Location=target)


# What bad ones do


async def silent(_asked: Asked, _writer: asyncio.StreamWriter) -> None:
    await asyncio.sleep(600)


async def drips_headers(_asked: Asked, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\n")
    while True:
        writer.write(b"X-A: b\r\n")
        await writer.drain()
        await asyncio.sleep(0.3)


async def drips_body(_asked: Asked, writer: asyncio.StreamWriter) -> None:
    writer.write(head(Content_Type="application/rss+xml", Content_Length=100_000) + b"<rss>")
    while True:
        writer.write(b" ")
        await writer.drain()
        await asyncio.sleep(0.3)


async def never_ends(_asked: Asked, writer: asyncio.StreamWriter) -> None:
    writer.write(head(Content_Type="application/rss+xml", Transfer_Encoding="chunked"))
    while True:
        writer.write(b"10000\r\n" + b"<item/> " * 8192 + b"\r\n")
        await writer.drain()


async def slow_hops(asked: Asked, writer: asyncio.StreamWriter) -> None:
    """Each hop comes within every timeout; together they do not."""
    await asyncio.sleep(3.5)
    writer.write(whole(b"", "302 Found", Location=f"/{asked.path.strip('/') or 0}1"))


async def floods_headers(_asked: Asked, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\n")
    with contextlib.suppress(ConnectionError):
        for n in range(20_000):
            writer.write(f"X-{n}: {'y' * 50}\r\n".encode())
            await writer.drain()


def bomb(coding: str) -> Behaviour:
    return says(lambda _: _bomb(coding), Content_Encoding=coding)


@cache
def _bomb(coding: str) -> bytes:
    return BOMBS[coding]()


def _gzip_bomb(size: int = 60) -> bytes:
    packed = io.BytesIO()
    with gzip.GzipFile(fileobj=packed, mode="wb", compresslevel=9) as file:
        for _ in range(size):
            file.write(b"\0" * MEGABYTE)
    return packed.getvalue()


def _br_bomb() -> bytes:
    import brotli

    return brotli.compress(b"\0" * (60 * MEGABYTE), quality=5)


def _zstd_bomb() -> bytes:
    import zstandard

    return zstandard.ZstdCompressor(level=3).compress(b"\0" * (60 * MEGABYTE))


BOMBS: dict[str, Callable[[], bytes]] = {
    "gzip": _gzip_bomb,
    "deflate": lambda: zlib.compress(b"\0" * (60 * MEGABYTE), 9),
    "br": _br_bomb,
    "zstd": _zstd_bomb,
    "gzip, gzip": lambda: gzip.compress(_gzip_bomb(100)),
}


async def lies_304(asked: Asked, writer: asyncio.StreamWriter) -> None:
    """The ETag never changes, and whoever sends it is told that nothing did."""
    if "if-none-match" in asked.headers:
        writer.write(head("304 Not Modified", ETag='"always"'))
        return
    entries = range(3) if not asked.visit else range(2, 6)
    body = feed(*(entry(asked.host, n) for n in entries)).replace("PORT", str(asked.port))
    writer.write(whole(body.encode(), ETag='"always"'))


def new_guids(asked: Asked) -> str:
    return feed(*(entry(asked.host, n, guid=f"{asked.visit}-{n}") for n in range(3)))


def future(host: str) -> str:
    ahead = [entry(host, n, at=NOW + timedelta(days=300 * (n + 1))) for n in range(3)]
    return feed(*ahead)


def many(host: str) -> str:
    entries = "".join(
        f"<item><title>T{n}</title><link>http://{host}:PORT/p{n}</link></item>"
        for n in range(50_000)
    )
    return feed(entries)


LAUGHS = (
    "<!DOCTYPE rss [<!ENTITY a0 'ha'>"
    + "".join(f"<!ENTITY a{n} '{f'&a{n - 1};' * 10}'>" for n in range(1, 10))
    + "]>"
)
OUTSIDE = (
    '<!DOCTYPE rss [<!ENTITY x SYSTEM "file:///etc/passwd"><!ENTITY % y SYSTEM "http://a/b">]>'
)
LOGIN = "<html><title>Sign in</title><form><input type=password name=p></form></html>"
PARKED = "<html><title>x</title><p>This domain is for sale, buy this domain today.</p></html>"
NAMES_FEED = (
    "<!DOCTYPE html><html><head><link rel=alternate type='application/rss+xml' href='/new.xml'>"
    "</head><body>Moved</body></html>"
)
HTML = {"Content_Type": "text/html"}


def json_feed(asked: Asked) -> str:
    listed = [
        {"id": n, "url": f"http://{asked.host}:{asked.port}/p{n}", "title": "T"} for n in range(3)
    ]
    return json.dumps(
        {"version": "https://jsonfeed.org/version/1.1", "items": [*listed, 7, None, {"id": []}]}
    )


def cyrillic(host: str) -> str:
    return feed(
        *(entry(host, n, more="<description>Завод батарей</description>") for n in range(3))
    )


def feed_bytes(asked: Asked) -> bytes:
    return three(asked.host).replace("PORT", str(asked.port)).encode()


def short_length(asked: Asked) -> bytes:
    """The length announced ends inside the last entry."""
    body = feed_bytes(asked)
    return head(Content_Type="application/rss+xml", Content_Length=len(body) - 120) + body


FEEDS: dict[str, Case] = {
    # good ones beside them
    "good": Case(
        lists(lambda host: feed(*(entry(host, n) for n in range(GOOD_PAGES)))), "ok", GOOD_PAGES
    ),
    "good-json": Case(says(json_feed, Content_Type="application/json"), "ok", 3),
    # time
    "silent": Case(silent, "failing", "timeout"),
    "drips-headers": Case(drips_headers, "failing", "timeout"),
    "drips-body": Case(drips_body, "failing", "timeout"),
    "slow-hops": Case(slow_hops, "failing", "timeout"),
    # size
    "endless-body": Case(never_ends, "failing", "too_large"),
    "announces-much": Case(
        sends(head(Content_Type="text/xml", Content_Length=10**12)), "failing", "too_large"
    ),
    "gzip-bomb": Case(bomb("gzip"), "failing", "too_large"),
    "deflate-bomb": Case(bomb("deflate"), "failing", "too_large"),
    "br-bomb": Case(bomb("br"), "failing", "too_large"),
    "zstd-bomb": Case(bomb("zstd"), "failing", "too_large"),
    "layered-bomb": Case(bomb("gzip, gzip"), "failing", "too_large"),
    "header-flood": Case(floods_headers, "failing", "headers_too_large"),
    "huge-header": Case(
        says(three("a"), X_Big="z" * 90_000), "failing", "headers_too_large"
    ),
    # places
    "redirect-loop": Case(leads("/"), "failing", "redirect_loop"),
    "redirect-private": Case(leads("http://10.0.0.1/feed"), "failing", "blocked_address"),
    "redirect-metadata": Case(leads("http://169.254.169.254/"), "failing", "blocked_address"),
    "redirect-mapped": Case(leads("http://[::ffff:7f00:1]/"), "failing", "blocked_address"),
    "redirect-nat64": Case(leads("http://[64:ff9b::7f00:1]/"), "failing", "blocked_address"),
    "redirect-decimal": Case(leads("http://2130706433/"), "failing", "blocked_address"),
    "redirect-rebound": Case(leads("http://two-answers.test/"), "failing", "blocked_address"),
    "redirect-own-port": Case(leads("http://inside.test:PORT/"), "failing", "bad_url"),
    "redirect-file": Case(leads("file:///etc/passwd"), "failing", "bad_url"),
    "redirect-script": Case(leads("javascript:alert(1)"), "failing", "bad_redirect"),
    "redirect-gopher": Case(leads("gopher://127.0.0.1:70/x"), "failing", "bad_url"),
    "redirect-login": Case(leads("http://me:secret@a.test/"), "failing", "bad_url"),
    "redirect-nowhere": Case(says("", "302 Found"), "failing", "bad_redirect"),
    "redirect-garbage": Case(leads("http://[oops/"), "failing", "bad_url"),
    "no-tls": Case(lists(three), "failing", "tls", scheme="https"),
    "nobody": Case(None, "failing", "connect", port=1),
    "no-name": Case(None, "failing", "dns"),
    "slow-name": Case(None, "failing", "dns"),
    # HTTP
    "early-close": Case(
        sends(head(Content_Length=90_000) + b"<rss><channel>"), "failing", "disconnected"
    ),
    "no-answer": Case(sends(b""), "failing", "disconnected"),
    "length-too-short": Case(sends(short_length), "ok", 2),
    "two-lengths": Case(
        sends(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 9\r\n\r\nhello"),
        "failing",
        "protocol",
    ),
    "ssh": Case(sends(b"SSH-2.0-OpenSSH_9.6\r\n\r\n"), "failing", "protocol"),
    "bad-chunks": Case(
        sends(head(Transfer_Encoding="chunked") + b"zz\r\nhello\r\n"), "failing", "protocol"
    ),
    "claims-gzip": Case(lists(three, Content_Encoding="gzip"), "ok", 3),
    "half-gzip": Case(
        says(gzip.compress(bytes(range(256)) * 500)[:500], Content_Encoding="gzip"),
        "failing",
        "bad_encoding",
    ),
    "strange-coding": Case(says("x", Content_Encoding="x-own"), "failing", "bad_encoding"),
    "picture": Case(says(b"\x89PNG", Content_Type="image/png"), "failing", "unsupported_type"),
    "no-content": Case(sends(head("204 No Content")), "failing", "http_204"),
    "a-part": Case(says("<rss>", "206 Partial Content"), "failing", "http_206"),
    "many-cookies": Case(
        says(feed_bytes, Set_Cookie="a=" + "b" * 4000 + "; domain=.example"), "ok", 3
    ),
    # status
    "endless-429": Case(says("", "429 Slow down"), "blocked", "http_429"),
    "wait-forever": Case(
        says("", "429 Slow down", Retry_After="Fri, 31 Dec 2199 23:59:59 GMT"),
        "blocked",
        "http_429",
    ),
    "endless-503": Case(says("", "503 Busy"), "failing", "http_503"),
    "refuses": Case(says("", "403 No"), "blocked", "http_403"),
    "gone": Case(says("", "410 Gone"), "gone", "http_410"),
    "missing": Case(says("", "404 Not Found"), "failing", "http_404"),
    "unasked-304": Case(sends(head("304 Not Modified")), "failing", "http_304"),
    "lying-304": Case(lies_304, "ok", 3),
    # not what it seems
    "html": Case(says("<!DOCTYPE html><p>Welcome", **HTML), "html", "html"),
    "html-as-feed": Case(says("<html><body>Welcome"), "html", "html"),
    "html-names-feed": Case(says(NAMES_FEED), "html", "html"),
    "parked": Case(says(PARKED), "blocked", "html"),
    "feed-as-html": Case(lists(three, Content_Type="text/html"), "ok", 3),
    "feed-as-binary": Case(lists(three, Content_Type="application/octet-stream"), "ok", 3),
    "empty": Case(says(""), "failing", "not_a_feed"),
    "other-xml": Case(says("<svg><g/></svg>"), "failing", "not_a_feed"),
    "other-json": Case(says('{"items": 3}'), "failing", "not_a_feed"),
    "wrong-charset": Case(
        says(
            lambda asked: cyrillic(asked.host).replace("PORT", str(asked.port)).encode("cp1251"),
            Content_Type="text/xml; charset=utf-8",
        ),
        "ok",
        3,
    ),
    "utf-16": Case(
        says(lambda asked: feed_bytes(asked).decode().encode("utf-16")), "ok", 3
    ),
    "nul-bytes": Case(says(lambda asked: feed_bytes(asked).replace(b"T", b"T\0")), "ok", 3),
    # entries
    "new-guids": Case(says(new_guids), "ok", 3),
    "one-guid": Case(
        lists(lambda host: feed(*(entry(host, n, guid="same") for n in range(3)))), "ok", 3
    ),
    "future": Case(lists(future), "ok", 3),
    "many-entries": Case(lists(many), "ok", 5_000),
    "strange-links": Case(
        says(
            feed(
                "<item><title>a</title><link>file:///etc/passwd</link></item>",
                "<item><title>b</title><link>javascript:alert(1)</link></item>",
                "<item><title>c</title><link>http://a:b@c.test/</link></item>",
            )
        ),
        "ok",
        0,
    ),
    "breaks-off": Case(says(lambda asked: feed_bytes(asked)[:-100]), "ok", 2),
    # cost
    "many-tags": Case(says("<rss><channel>" + "<a>" * 400_000), "failing", "too_complex"),
    "many-comments": Case(
        lists(lambda host: three(host).replace("</channel>", "<!--" * 80_000)), "ok", 3
    ),
    "many-cdata": Case(says("<rss><channel>" + "<![CDATA[" * 60_000), "ok", 0),
    "many-elements": Case(
        says("<rss><channel>" + "<a/>" * 2_000_000 + "</channel></rss>"), "failing", "too_complex"
    ),
    "deep": Case(says("<rss>" + "<channel>" * 50_000), "ok", 0),
    "many-attributes": Case(
        says("<rss " + " ".join(f"a{n}='1'" for n in range(50_000)) + "/>"),
        "failing",
        "too_complex",
    ),
    "laughs": Case(
        lists(lambda host: feed(entry(host, 0, more="<title>&a9;</title>"), head=LAUGHS)),
        "ok",
        1,
    ),
    "outside": Case(
        lists(lambda host: feed(entry(host, 0, more="<title>&x;</title>"), head=OUTSIDE)),
        "ok",
        1,
    ),
    "deep-json": Case(
        says("[" * 3_000_000, Content_Type="application/json"), "failing", "not_a_feed"
    ),
    "wide-json": Case(
        says('{"version":"https://jsonfeed.org/version/1","items":[' + "{}," * 3_000_000 + "{}]}"),
        "ok",
        0,
    ),
}  # fmt: skip
"""Host ``NAME.example`` -> how it answers as a feed, and the end."""

PAGES: dict[str, tuple[Behaviour, str]] = {
    "p-good": (says(lambda asked: article(asked.host, asked.path), **HTML), "stored"),
    "p-drips": (drips_body, "timeout"),
    "p-endless": (never_ends, "too_large"),
    "p-bomb": (bomb("gzip"), "too_large"),
    "p-private": (leads("http://192.168.1.1/admin"), "blocked_address"),
    "p-file": (leads("file:///etc/shadow"), "bad_url"),
    "p-loop": (leads("/x"), "redirect_loop"),
    "p-busy": (says("", "503 Busy"), "http_503"),
    "p-pdf": (says(b"%PDF-1.7", Content_Type="application/pdf"), "unsupported_type"),
    "p-empty": (says("", **HTML), "empty"),
    "p-feed": (lists(three), "not_html"),
    "p-tags": (says("<html><body>" + "<a>" * 400_000, **HTML), "empty"),
    "p-robots-drip": (says(article("x", "/x"), **HTML), "timeout"),
    "p-robots-down": (says(article("x", "/x"), **HTML), "robots_unreachable"),
    "p-robots-no": (says(article("x", "/x"), **HTML), "robots"),
    "p-robots-endless": (says(article("endless robots", "/x"), **HTML), "stored"),
}
"""Host ``NAME.example`` -> how it answers for the page of an entry, and the entry's end."""

ROBOTS: dict[str, Behaviour] = {
    "p-robots-drip": drips_body,
    "p-robots-down": says("", "500 Broken"),
    "p-robots-no": says("User-agent: *\nDisallow: /", Content_Type="text/plain"),
    "p-robots-endless": never_ends,
}


def page_list(_asked: Asked) -> str:
    return feed(
        *(
            f"<item><title>Battery report {name}</title>"
            f"<link>http://{name}.example:PORT/x</link></item>"
            for name in PAGES
        )
    )


class HostileWeb:
    """All of them on a port of 127.0.0.1, in a thread; a context manager."""

    def __init__(self) -> None:
        self.port = 0
        self.visits: Counter[tuple[str, str]] = Counter()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._serving: set[asyncio.Task[None]] = set()

    def __enter__(self) -> HostileWeb:
        for coding in BOMBS:
            _bomb(coding)
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self._listen(), self._loop).result(10)
        return self

    def __exit__(self, *error: object) -> None:
        asyncio.run_coroutine_threadsafe(self._stop(), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    async def _listen(self) -> None:
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]

    async def _stop(self) -> None:
        self._server.close()
        for task in list(self._serving):
            task.cancel()
        await asyncio.gather(*self._serving, return_exceptions=True)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._serving.add(task)
        try:
            with contextlib.suppress(
                OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError,
                asyncio.CancelledError,
            ):  # fmt: skip
                while not writer.is_closing():
                    first = await reader.readexactly(1)
                    if first == b"\x16":
                        # a TLS handshake
                        writer.write(head("400 Bad Request"))
                        return
                    rest = await reader.readuntil(b"\r\n\r\n")
                    await self._answer(first + rest, writer)
                    await writer.drain()
                await writer.wait_closed()
        finally:
            writer.transport.abort()
            self._serving.discard(task)

    async def _answer(self, request: bytes, writer: asyncio.StreamWriter) -> None:
        lines = request.decode("latin-1").split("\r\n")
        path = lines[0].split(" ")[1]
        headers = dict(line.split(": ", 1) for line in lines[1:] if ": " in line)
        headers = {name.lower(): value for name, value in headers.items()}
        host = headers["host"].partition(":")[0]
        asked = Asked(host, path, headers, self.visits[host, path], self.port)
        self.visits[host, path] += 1
        await self._behaviour(asked)(asked, writer)

    def _behaviour(self, asked: Asked) -> Behaviour:
        name = asked.host.removesuffix(".example")
        if name.startswith("p-") and self.visits["good.example", "/"] > 1:
            # the second run tries these pages again, which is not what it is for
            return says("", "404 Not Found")
        if asked.path == "/robots.txt":
            return ROBOTS.get(name, says("", "404 Not Found"))
        if name == "lists-pages":
            return says(page_list)
        if name in PAGES:
            return PAGES[name][0]
        case = FEEDS.get(name)
        if case is None or case.behave is None:
            return says("", "404 Not Found")
        if asked.path.startswith("/p"):
            # of 5,000 pages each tries to cost three requests
            if name == "many-entries":
                return says("", "503 Busy")
            return says(article(asked.host, asked.path), **HTML)
        return case.behave


# The run


async def _resolve(host: str, _port: int) -> Sequence[str]:
    if host == "slow-name.example":
        await asyncio.sleep(600)
    if host == "no-name.example":
        raise OSError("no such name")
    if host == "two-answers.test":
        # as a rebinding name server: a public address for the check, an inside one for the visit
        return ["93.184.215.14", "127.0.0.1"]
    return [host if host[0].isdigit() else "127.0.0.1"]


def run(store: Path, port: int) -> dict[str, object]:
    """Ingest every feed twice, and say what came of each."""
    from flows.run import IngestOptions, Surroundings, run_ingest
    from flows.settings import Settings
    from ingest.policy import FetchPolicy
    from storage.store import Store

    listed = store.parent / "feeds.toml"
    listed.write_text("".join(map(_declared(port), [*FEEDS, "lists-pages"])), encoding="utf-8")
    allowed = tuple(f"{name}.example" for name in (*FEEDS, *PAGES, "lists-pages"))
    settings = Settings(
        store=store, feeds=str(listed), connections=200, pace_seconds=0.0, workers=1,
        allow_hosts=allowed,
    )  # fmt: skip
    limits = FetchPolicy(
        connect_seconds=4.0, read_seconds=6.0, total_seconds=18.0, tries=1, backoff_seconds=0.01,
        wait_most_seconds=0.1,
    )  # fmt: skip
    reports, entries, feeds, rejections = [], [], [], []
    for moment, chosen in ((NOW, ()), (NOW + LATER, AGAIN)):
        began = datetime.now(UTC)
        around = Surroundings(
            clock=lambda moment=moment, began=began: moment + (datetime.now(UTC) - began),
            limits=limits,
            resolver=_resolve,
        )
        report = asyncio.run(run_ingest(settings, IngestOptions(force=True, chosen=chosen), around))
        reports.append(report.as_dict())
        with Store(store).read() as con:
            rows = con.execute(ENTRIES).fetchall()
            entries.append(dict(rows))
            feeds.append(con.execute("SELECT slug, state, detail FROM feed_health").fetchall())
            rejections.append(con.execute("SELECT url, feed, reason FROM rejections").fetchall())
    with Store(store).read() as con:
        return {
            "reports": reports,
            "entries": entries,
            "feeds": feeds,
            "rejections": rejections,
            "articles": con.execute("SELECT url, feed, title, text FROM articles").fetchall(),
            "dates": con.execute(
                "SELECT count(*) FROM articles WHERE feed = 'future' AND published_at > $1",
                [NOW + timedelta(days=1)],
            ).fetchall(),
        }


AGAIN = ("good", "new-guids", "one-guid", "lying-304")
"""The feeds of the second run."""
ENTRIES = "SELECT feed, count(*) FROM entries GROUP BY feed"


def _declared(port: int) -> Callable[[str], str]:
    def declared(name: str) -> str:
        case = FEEDS.get(name)
        scheme = case.scheme if case else "http"
        at = case.port if case and case.port else port
        return (
            f'[[feed]]\nslug = "{name}"\nurl = "{scheme}://{name}.example:{at}/"\n'
            'publisher = "P"\nlanguage = "en"\nscope = "focus"\n'
        )

    return declared


if __name__ == "__main__":
    print(json.dumps(run(Path(sys.argv[1]), int(sys.argv[2]))))
