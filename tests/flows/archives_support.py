"""Archives of the web for the tests: the Internet Archive's, and Common Crawl's of news."""

from __future__ import annotations

import gzip
import hashlib
import json
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

import httpx
from backfill_support import HOUR, Past, name_of
from site_support import START, answered

TIME = "%Y%m%d%H%M%S"
DAY = timedelta(days=1)
ARCHIVE = "https://web.archive.org"
CRAWL = "https://data.commoncrawl.org"
_KNOWN = {
    "url", "matchType", "from", "to", "filter", "collapse", "fl", "output", "limit",
    "showResumeKey", "resumeKey",
}  # fmt: skip


@dataclass(frozen=True)
class Copied:
    """One copy in the archive."""

    at: datetime
    url: str
    body: str
    kind: str = "text/html"
    status: int = 200

    @property
    def key(self) -> str:
        """The address as the index sorts it: host turned round, without www and scheme."""
        parts = urlsplit(self.url)
        host = (parts.hostname or "").removeprefix("www.")
        query = f"?{parts.query}" if parts.query else ""
        return f"{','.join(reversed(host.split('.')))}){(parts.path + query).lower()}"

    @property
    def row(self) -> dict[str, str]:
        """Its fields in the index."""
        return {
            "urlkey": self.key, "timestamp": f"{self.at:{TIME}}", "original": self.url,
            "mimetype": self.kind, "statuscode": str(self.status),
            "digest": hashlib.sha1(self.body.encode()).hexdigest().upper(),
        }  # fmt: skip


class InternetArchive:
    """The CDX server and ``id_`` playback, as their documentation describes them."""

    def __init__(self) -> None:
        self.copies: list[Copied] = []
        self.asked: list[str] = []
        self.most = 0
        """Requests after which it says 429 to everything; 0 for never."""
        self.closed = False
        """Connections are refused."""

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(str(request.url))
        if self.closed:
            raise httpx.ConnectError("refused")
        if self.most and len(self.asked) > self.most:
            return answered(429, "too many requests")
        if request.url.path == "/cdx/search/cdx":
            return self.index(request.url.params)
        if request.url.path.startswith("/web/"):
            return self.copy(request.url.raw_path.decode().removeprefix("/web/"))
        return answered(404, "nothing")

    @property
    def of_index(self) -> list[str]:
        return [url for url in self.asked if "/cdx/" in url]

    @property
    def of_copies(self) -> list[str]:
        return [url for url in self.asked if "/web/" in url]

    def index(self, asked: httpx.QueryParams) -> httpx.Response:
        if set(asked) - _KNOWN or asked.get("output") != "json":
            return answered(400, f"not understood: {set(asked) - _KNOWN}")
        rows = [
            one.row
            for one in sorted(self.copies, key=lambda one: (one.key, one.at))
            if _matches(one, asked.get("url", ""), asked.get("matchType", "exact"))
            and asked.get("from", "0") <= one.row["timestamp"] <= asked.get("to", "9")
            and all(one.row[f.split(":")[0]] == f.split(":")[1] for f in asked.get_list("filter"))
        ]
        for collapse in asked.get_list("collapse"):
            rows = list(_collapsed(rows, *collapse.split(":")))
        start, limit = int(asked.get("resumeKey", "0")), int(asked.get("limit", "150000"))
        names = asked.get("fl", "urlkey,timestamp,original").split(",")
        told: list[list[str]] = [[row[name] for name in names] for row in rows[start:][:limit]]
        if start + limit < len(rows) and asked.get("showResumeKey") == "true":
            told += [[], [str(start + limit)]]
        body = json.dumps([names, *told] if told else [])
        return answered(200, body, **{"Content-Type": "application/json"})

    def copy(self, path: str) -> httpx.Response:
        when, _, url = path.partition("/")
        if not when.endswith("id_"):
            return answered(200, "<html>with the archive's own toolbar")
        at = datetime.strptime(when[:-3], TIME).replace(tzinfo=UTC)
        wanted = Copied(at, url, "").key
        near = sorted(
            (one for one in self.copies if one.key == wanted), key=lambda one: abs(one.at - at)
        )
        if not near:
            return answered(404, "never copied")
        if near[0].at != at:
            place = f"{ARCHIVE}/web/{near[0].at:{TIME}}id_/{near[0].url}"
            return answered(302, "", Location=place)
        return answered(near[0].status, near[0].body, **{"Content-Type": near[0].kind})


def _matches(one: Copied, place: str, match: str) -> bool:
    key = Copied(one.at, place if "://" in place else f"http://{place}", "").key
    if match == "exact":
        return one.key == key
    if match == "prefix":
        return one.key.startswith(key)
    host = key.partition(")")[0]
    own = one.key.partition(")")[0]
    return own == host or (match == "domain" and own.startswith(f"{host},"))


def _collapsed(
    rows: list[dict[str, str]], name: str, chars: str = "99"
) -> Iterator[dict[str, str]]:
    last = ""
    for row in rows:
        now = f"{row['urlkey']} {row[name][: int(chars)]}"
        if now != last:
            yield row
        last = now


class Kept(Past):
    """A site that is no more, and what the Internet Archive kept of it.

    Its feed was copied every ``every``, its pages a day after they appeared.
    """

    every = 20 * HOUR
    robots = ""
    feed_url = "http://www.a.example:80/feed"
    pages_copied = True
    gone = True

    def __init__(self, clock: Callable[[], datetime] = lambda: START) -> None:
        super().__init__(clock)
        self.archive = InternetArchive()
        self.lost: set[int] = set()
        """Days of October for which the feed was not copied."""

    def keep(self) -> None:
        """Let the archive make its copies."""
        now, at = self.clock(), self.first + 7 * HOUR
        while at < now:
            listed = [number for number in self.numbers if self.at(number) <= at][: self.window]
            if at.date().day not in self.lost:
                kind = "application/rss+xml"
                copied = Copied(at, self.feed_url, self.listing(listed), kind)
                self.archive.copies.append(copied)
            at += self.every
        if self.pages_copied:
            for number in self.numbers:
                name = name_of(number)
                url = f"https://{self.host}/{name}"
                copied = Copied(self.at(number) + DAY, url, self.article(name))
                self.archive.copies += [copied, Copied(copied.at + DAY, url, copied.body)]
        for path in ("", "about", "tag/batteries", "shop/part-number-9"):
            at = self.first + 28 * DAY
            self.archive.copies.append(Copied(at, f"https://{self.host}/{path}", "<p>No article"))

    def __call__(self, request: httpx.Request) -> httpx.Response:
        if request.url.host == urlsplit(ARCHIVE).hostname:
            if not self.archive.copies:
                self.keep()
            return self.archive(request)
        if request.url.path == "/robots.txt" and self.robots:
            return answered(200, self.robots, **{"Content-Type": "text/plain"})
        if self.gone:
            self.asked.append(str(request.url))
            return answered(404, "gone")
        return super().__call__(request)


def record(url: str, at: datetime, body: str, status: str = "200 OK") -> bytes:
    """One member of a WARC file: a page as it was fetched at ``at``."""
    http = f"HTTP/1.1 {status}\r\nContent-Type: text/html; charset=utf-8\r\n\r\n{body}".encode()
    head = (
        f"WARC/1.0\r\nWARC-Type: response\r\nWARC-Date: {at:%Y-%m-%dT%H:%M:%SZ}\r\n"
        "WARC-Record-ID: <urn:uuid:12345678-1234-1234-1234-123456789012>\r\n"
        f"WARC-Target-URI: {url}\r\nContent-Type: application/http;msgtype=response\r\n"
        f"Content-Length: {len(http)}\r\n\r\n"
    )
    return gzip.compress(head.encode() + http + b"\r\n\r\n", 1)


class CommonCrawl:
    """Listings and WARC files of news, with ranges; some files are missing, some break off."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        """Path -> content, as listed."""
        self.missing: set[str] = set()
        """Names that are listed and not there."""
        self.busy: set[str] = set()
        """Names for which it says "slow down"."""
        self.cut: dict[str, int] = {}
        """Name -> the byte at which every connection breaks."""
        self.asked: list[tuple[str, str]] = []
        """Name and range of each request."""

    def names(self, *, without_listings: bool = True) -> list[str]:
        """What was asked for, in order."""
        found = [name for name, _ in self.asked]
        return [name for name in found if not (without_listings and name == "warc.paths.gz")]

    def __call__(self, request: httpx.Request) -> httpx.Response:
        path = request.url.path.removeprefix("/")
        name = path.rpartition("/")[2]
        asked = request.headers.get("Range", "")
        self.asked.append((name, asked))
        if name == "warc.paths.gz":
            lines = [one for one in self.files if one.startswith(path.removesuffix(name))]
            listed = gzip.compress("\n".join([*reversed(lines), ""]).encode())
            return _file(200, listed) if lines else answered(404, "no such key")
        if name in self.busy:
            return answered(503, "slow down")
        if path not in self.files or name in self.missing:
            return answered(404, "no such key")
        whole = self.files[path]
        start = int(asked[6:-1]) if asked else 0
        body = whole[start:]
        place = {"Content-Range": f"bytes {start}-{len(whole) - 1}/{len(whole)}"} if start else {}
        if name in self.cut:
            stream = _Breaking(body[: max(self.cut[name] - start, 0)])
            return httpx.Response(206 if start else 200, headers=place, stream=stream)
        return _file(206 if start else 200, body, **place)


def _file(status: int, body: bytes, **headers: str) -> httpx.Response:
    return httpx.Response(status, headers=headers, stream=httpx.ByteStream(body))


class _Breaking(httpx.AsyncByteStream):
    def __init__(self, body: bytes) -> None:
        self._body = body

    async def __aiter__(self) -> AsyncIterator[bytes]:
        yield self._body
        raise httpx.ReadError("connection reset")


class Crawled(Past):
    """A site whose articles were crawled some hours after they appeared, among many others'.

    Every ``every`` the crawl begins a file.
    """

    every = 24 * HOUR
    gone = False

    def __init__(self, clock: Callable[[], datetime] = lambda: START) -> None:
        super().__init__(clock)
        self.crawl = CommonCrawl()

    def crawled(self, number: int) -> datetime:
        """When it came by: at once, or up to two and a half days later."""
        return self.at(number) + (number * 7 % 30) * 2 * HOUR + HOUR / 4

    def keep(self) -> None:
        """Write the files that are whole by now."""
        now, begun = self.clock(), self.first - 2 * DAY
        number = 0
        while begun + 2 * self.every <= now:
            begun += self.every
            number += 1
            name = f"CC-NEWS-{begun:{TIME}}-{number:05}.warc.gz"
            path = f"crawl-data/CC-NEWS/{begun:%Y/%m}/{name}"
            if path not in self.crawl.files:
                self.crawl.files[path] = b"".join(self.records(begun, begun + self.every))

    def records(self, begun: datetime, ended: datetime) -> list[bytes]:
        """One file's members."""
        found = [
            record(f"https://other-{n}.example/report-number-{n}", begun, "<p>elsewhere")
            for n in range(20)
        ]
        found.append(record(f"https://{self.host}/tag/batteries", begun, "<p>A list"))
        found.append(record(f"https://not{self.host}/report-number-1", begun, "<p>Another's"))
        found.append(record(f"https://{self.host}/report-number-404", begun, "x", "404 Not Found"))
        found += [
            record(f"https://{self.host}/{name_of(one)}", at, self.article(name_of(one)))
            for one in reversed(self.numbers)
            if begun <= (at := self.crawled(one)) < ended
        ]
        return found

    def holding(self, number: int) -> str:
        """The name of the file with an article."""
        at = self.crawled(number)
        return max(
            name
            for name in (path.rpartition("/")[2] for path in self.crawl.files)
            if name.split("-")[2] <= f"{at:{TIME}}"
        )

    def __call__(self, request: httpx.Request) -> httpx.Response:
        if request.url.host == urlsplit(CRAWL).hostname:
            self.keep()
            return self.crawl(request)
        if self.gone:
            self.asked.append(str(request.url))
            return answered(404, "gone")
        return super().__call__(request)
