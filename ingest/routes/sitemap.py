"""The pages that a site's sitemaps list for some days.  Pure: from XML to entries.

Sitemaps 0.9 (sitemaps.org) with Google's news extension.  Read as a stream, so that 50,000 pages
cost their links and not their tree.  A sitemap lists all that a site has: only pages whose
addresses look like those of the feed's own entries are taken, since a page of another section
would be stored as news, and a missed one stays a gap that everyone can see.
"""

from __future__ import annotations

import io
import re
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urljoin, urlsplit

from lxml import etree

from ingest.dates import parse_date
from ingest.models import Feed, FeedEntry
from ingest.urls import canonical_url, resolve

NAME = "sitemap"
PLACES = ("/news-sitemap.xml", "/sitemap_index.xml", "/sitemap.xml", "/wp-sitemap.xml")
"""Where sitemaps stand when robots.txt names none, the likeliest for news first."""

_MOST_BYTES = 60 * 2**20  # The protocol allows 50 MB uncompressed.
_MOST_LISTED = 50_000  # And so many entries.
_IN_ROBOTS = re.compile(r"^\s*sitemap\s*:\s*(\S+)", re.IGNORECASE | re.MULTILINE)
_YEAR_MONTH = re.compile(r"(?<!\d)(20\d\d)[-/_]?(0[1-9]|1[0-2])?(?!\d{3})")
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Listed:
    """One page or one further sitemap, as listed."""

    url: str
    at: datetime | None
    """Publication where the news extension gives it, else the last change."""
    title: str = ""


@dataclass(frozen=True, slots=True)
class Sitemap:
    """What one file lists."""

    pages: tuple[Listed, ...] = ()
    sitemaps: tuple[Listed, ...] = ()


def named_in_robots(text: str, base: str) -> list[str]:
    """Sitemaps that a robots.txt names (RFC 9309, 2.2.4), in order."""
    found = (resolve(base, url) for url in _IN_ROBOTS.findall(text[:500_000]))
    return list(dict.fromkeys(url for url in found if url))


def robots_of(url: str) -> str:
    """The robots.txt of ``url``'s site."""
    return urljoin(url, "/robots.txt")


def usual_places(url: str) -> list[str]:
    """Where the sitemaps of ``url``'s site may stand."""
    return [urljoin(url, place) for place in PLACES]


def read(body: bytes, base: str, now: datetime) -> Sitemap:
    """The sitemap in ``body``, gzipped or not; what can be read of a broken one; never raises."""
    pages: list[Listed] = []
    sitemaps: list[Listed] = []
    try:
        for _, element in etree.iterparse(
            io.BytesIO(_unzipped(body)),
            events=("end",),
            tag=("{*}url", "{*}sitemap"),
            recover=True,
            resolve_entities=False,
            load_dtd=False,
            no_network=True,
        ):
            listed = _listed(element, base, now)
            if listed:
                (pages if element.tag.endswith("url") else sitemaps).append(listed)
            element.clear()
            while element.getprevious() is not None:
                del element.getparent()[0]
            if len(pages) + len(sitemaps) >= _MOST_LISTED:
                break
    except (etree.XMLSyntaxError, ValueError, zlib.error, TypeError):
        pass  # what stood before the break is kept
    return Sitemap(tuple(pages), tuple(sitemaps))


def worth_reading(
    sitemaps: Sequence[Listed], since: datetime, until: datetime, most: int
) -> list[str]:
    """The files of an index that may list pages of ``since`` to ``until``, likeliest first.

    One last changed before is left out; a year or month in its name decides where it has one;
    among the others the newest come first.
    """
    likely: list[tuple[int, float, str]] = []
    for one in sitemaps:
        if one.at is not None and one.at < since:
            continue
        named = _months(one.url)
        if named and not any(since - 31 * _DAY <= at <= until for at in named):
            continue
        news = "news" in one.url.lower() or "post" in one.url.lower()
        likely.append((0 if named else 1 if news else 2, -(one.at or since).timestamp(), one.url))
    return [url for _, _, url in sorted(likely)][:most]


def entries(
    feed: Feed,
    pages: Iterable[Listed],
    alike: Sequence[FeedEntry],
    since: datetime,
    until: datetime,
    most: int,
) -> list[FeedEntry]:
    """Entries of ``feed`` for the pages dated ``since`` to ``until``, oldest first.

    Args:
        alike: entries that the feed listed, whose addresses show what an article's looks like.
        most: pages taken at most.
    """
    shapes = {_shape(entry.url) for entry in alike if entry.has_page}
    sections = {_section(entry.url) for entry in alike if entry.has_page}
    found: dict[str, FeedEntry] = {}
    dated = sorted((page for page in pages if page.at), key=lambda page: page.at or since)
    for page in dated:
        # a day without an hour stands for all of it
        if page.at is None or not since - _DAY < page.at <= until + _DAY:
            continue
        if _shape(page.url) not in shapes or (
            len(sections) == 1 and _section(page.url) not in sections
        ):
            continue
        canonical = canonical_url(page.url)
        found.setdefault(
            canonical,
            FeedEntry(
                url=page.url, canonical_url=canonical, feed=feed.slug, title=page.title,
                language=feed.language,
            ),
        )  # fmt: skip
        if len(found) >= most:
            break
    return list(found.values())


def covers(pages: Sequence[Listed], alike: Sequence[FeedEntry], since: datetime) -> bool:
    """Whether ``pages`` can be trusted to hold what the feed dropped after ``since``.

    They do when they reach back so far and list at least half of what the feed lists now.
    """
    dated = [page.at for page in pages if page.at]
    if not dated or min(dated) > since:
        return False
    listed = {canonical_url(page.url) for page in pages}
    return 2 * sum(entry.canonical_url in listed for entry in alike) >= len(alike) > 0


def _listed(element: etree._Element, base: str, now: datetime) -> Listed | None:
    texts: dict[str, str] = {}
    for child in element.iter():
        if isinstance(child.tag, str) and child.text and child.text.strip():
            name = child.tag.rpartition("}")[2]
            # an image has a title and a location of its own
            if "image" not in child.tag and "video" not in child.tag:
                texts.setdefault(name, child.text.strip())
    url = resolve(base, texts.get("loc", ""))
    if url is None:
        return None
    raw = texts.get("publication_date") or texts.get("lastmod") or ""
    return Listed(url, parse_date(raw, now=now) if raw else None, texts.get("title", ""))


def _unzipped(body: bytes) -> bytes:
    if body[:2] != b"\x1f\x8b":
        return body
    return zlib.decompressobj(wbits=31).decompress(body, _MOST_BYTES)


def _months(url: str) -> list[datetime]:
    """First days of the months or years that a file's name stands for."""
    found = []
    for year, month in _YEAR_MONTH.findall(urlsplit(url).path):
        months = [month] if month else [f"{n:02}" for n in range(1, 13)]
        found += [datetime.fromisoformat(f"{year}-{each}-01T00:00:00+00:00") for each in months]
    return found


def _shape(url: str) -> tuple[str, int, bool]:
    """What articles of one site have in common: host, depth, and a slug of several words."""
    parts = urlsplit(url)
    steps = [step for step in parts.path.split("/") if step]
    last = steps[-1] if steps else ""
    host = (parts.hostname or "").removeprefix("www.")
    return host, len(steps), last.count("-") + last.count("_") >= 2 or any(map(str.isdigit, last))


def _section(url: str) -> str:
    steps = [step for step in urlsplit(url).path.split("/") if step]
    return steps[0] if len(steps) > 1 and not steps[0].isdecimal() else ""
