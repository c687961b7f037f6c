"""Common Crawl's news archive: which files to read, and whose pages stand in them.

    warc.paths.gz of each month -> files whose time meets the days -> records of the feeds' sites
        -> pages that look like one feed's articles

There is no index by site: a day of the crawl is some twenty files of a gigabyte, read from front
to back.  A page is looked for around its day of publication only, since the crawler finds it within
hours as a rule; what it met later than ``CcNewsPolicy`` says is not found here.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import BinaryIO
from urllib.parse import urlsplit

from ingest.archive import BODY_LIMIT
from ingest.headers import page_of
from ingest.models import Capture, Feed, FeedEntry, Page
from ingest.pacing import registered_domain
from ingest.policy import CcNewsPolicy
from ingest.routes.alike import Likeness
from ingest.routes.window import Window
from ingest.urls import canonical_url
from ingest.warc import Recorded, read_records

NAME = "ccnews"

_POLICY = CcNewsPolicy()
_DAY = timedelta(days=1)
_BEGAN = datetime(_POLICY.first_year, _POLICY.first_month, 1, tzinfo=UTC)
_LISTING_BYTES = 16 * 2**20  # a month has some hundred lines of seventy characters
_NAMED = re.compile(r"\S*CC-NEWS-(\d{14})-\d+\.warc\.gz")


@dataclass(frozen=True, slots=True, order=True)
class File:
    """One WARC file of the archive."""

    at: datetime
    """When it was begun."""
    path: str
    """Below the archive's base URL."""

    @property
    def name(self) -> str:
        """The last step of its path."""
        return self.path.rpartition("/")[2]


# --- which files -------------------------------------------------------------------------------


def months(window: Window, now: datetime) -> list[tuple[int, int]]:
    """Year and month of the listings that may name files with pages of ``window``."""
    first = max(window.start - _POLICY.before_days * _DAY, _BEGAN)
    last = min(window.end + _POLICY.after_days * _DAY - timedelta(seconds=1), now)
    count = (last.year - first.year) * 12 + last.month - first.month + 1
    start = first.year * 12 + first.month - 1
    return [divmod(start + n, 12) for n in range(max(count, 0))] if last >= first else []


def listing_url(base: str, year: int, month: int) -> str:
    """The list of a month's files.

    Args:
        month: 0 for January, as ``months`` counts.
    """
    return f"{base.rstrip('/')}/crawl-data/CC-NEWS/{year:04}/{month + 1:02}/warc.paths.gz"


def file_url(base: str, file: File) -> str:
    """Where ``file`` stands."""
    return f"{base.rstrip('/')}/{file.path}"


def read_listing(body: bytes) -> list[File] | None:
    """The files that a listing names, in the order of their time; None for what is none."""
    try:
        if body[:2] == b"\x1f\x8b":
            body = zlib.decompressobj(wbits=31).decompress(body, _LISTING_BYTES)
        lines = body.decode("ascii").split()
    except (zlib.error, UnicodeDecodeError):
        return None
    found = set()
    for line in lines:
        if match := _NAMED.fullmatch(line):
            try:
                at = datetime.strptime(match[1], "%Y%m%d%H%M%S").replace(tzinfo=UTC)
            except ValueError:
                continue
            found.add(File(at, line.lstrip("/")))
    return sorted(found) if found or not lines else None


def files_of(day: date, files: Sequence[File]) -> list[File]:
    """Those of ``files``, all there are in order, that may hold pages published on ``day``.

    A file holds what was fetched from its own time to that of the next.
    """
    own = Window(day, day)
    start, end = own.start - _POLICY.before_days * _DAY, own.end + _POLICY.after_days * _DAY
    return [
        one
        for one, following in zip(files, [*files[1:], None], strict=False)
        if one.at < end and (following is None or following.at > start)
    ]


def is_over(day: date, now: datetime) -> bool:
    """Whether the files of ``day`` are all written."""
    return Window(day, day).end + (_POLICY.after_days + 1) * _DAY <= now


# --- whose pages -------------------------------------------------------------------------------


class Owners:
    """Which feed a page of a whole crawl belongs to; by its address alone.

    The site is compared whole, by registered domain: of ``bbc.co.uk`` come the pages of
    ``news.bbc.co.uk`` and none of ``notbbc.co.uk``.  Then the address has to look like those of the
    feed's own entries, since a crawl holds the rest of the site as well.
    """

    def __init__(self, feeds: Iterable[tuple[Feed, Sequence[FeedEntry]]]) -> None:
        self._of: dict[str, list[tuple[Likeness, Feed]]] = {}
        for feed, entries in feeds:
            domain = domain_of(feed, entries)
            if domain:
                self._of.setdefault(domain, []).append((Likeness(entries), feed))
        for owners in self._of.values():
            # the feed of a section knows its own; what is left is the whole site's
            owners.sort(key=lambda one: not one[0].section)
        # A crawl holds many pages of a host, and what its domain is takes long to say.
        self._domain = lru_cache(maxsize=50_000)(_owned_domain)

    @property
    def domains(self) -> frozenset[str]:
        """The sites that have an owner."""
        return frozenset(self._of)

    def wanted(self, url: str) -> bool:
        """Whether a page belongs to anybody; quick for those that do not."""
        return self.owner(url) is not None

    def owner(self, url: str) -> Feed | None:
        """The feed that the page at ``url`` belongs to."""
        domain = self._domain(_start_of(url))
        return next((feed for like, feed in self._of.get(domain, ()) if like(url)), None)


def domain_of(feed: Feed, entries: Sequence[FeedEntry]) -> str:
    """The site of most of a feed's ``entries``; its own where it lists none; "" for none."""
    domains = [
        registered_domain(urlsplit(entry.url).hostname or "") for entry in entries if entry.has_page
    ]
    if not domains:
        return registered_domain(urlsplit(feed.url).hostname or "")
    domain = max(set(domains), key=domains.count)
    return domain if 2 * domains.count(domain) >= len(domains) else ""


def _start_of(url: str) -> str:
    return "/".join(url.split("/", 3)[:3])


def _owned_domain(start: str) -> str:
    try:
        return registered_domain(urlsplit(start).hostname or "")
    except ValueError:
        return ""


# --- reading -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Met:
    """A page met in a file, and where its record begins."""

    offset: int
    capture: Capture
    page: Page
    record: Recorded


def pages(source: BinaryIO, owners: Owners, *, begin: int = 0, after: int = -1) -> Iterator[Met]:
    """The pages of the feeds in the WARC ``source``, in the order of the file.

    Robots.txt, feeds, refusals and everything else that is no page are no losses.

    Args:
        begin: where in the file ``source`` begins.
        after: records up to this place were taken already.

    Raises:
        ingest.errors.ArchiveError: for what is no WARC, or breaks off.
    """
    for record in read_records(source, body_limit=BODY_LIMIT, wanted=owners.wanted):
        place = begin + record.offset
        if place <= after or not _is_page(record):
            continue
        feed = owners.owner(record.url)
        assert feed is not None
        page = page_of(
            url=record.url, requested_url=record.url, status=record.status,
            headers=record.headers, body=record.body, fetched_at=record.at,
        )  # fmt: skip
        entry = FeedEntry(
            url=record.url,
            canonical_url=canonical_url(record.url),
            feed=feed.slug,
            language=feed.language,
        )
        yield Met(place, Capture(entry=entry, page=page), page, record)


def _is_page(record: Recorded) -> bool:
    kind = record.headers.get("content-type", "").lower()
    return record.status == 200 and not record.refused and (not kind or "html" in kind)


# --- the ledger's word -------------------------------------------------------------------------


def reach(file: File, offset: int | None = None) -> str:
    """How far a day has come: all of ``file``, or its records up to ``offset``."""
    return file.name if offset is None else f"{file.name}@{offset}"


def left_of(said: str, files: Iterable[File]) -> list[File]:
    """Those of ``files`` that a day with the word ``said`` in the ledger has still to look at."""
    name, _, offset = said.partition("@")
    return [one for one in files if one.name > name or (offset and one.name == name)]


def offset_in(said: str, file: File) -> int:
    """The place up to which the records of ``file`` were taken; -1 for none."""
    name, _, offset = said.partition("@")
    return int(offset) if name == file.name and offset.isdigit() else -1
