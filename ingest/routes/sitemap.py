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
from ingest.policy import BackfillPolicy
from ingest.routes.alike import URL_DAY, Likeness, says
from ingest.routes.window import Window
from ingest.urls import canonical_url, resolve

NAME = "sitemap"
PLACES = ("/news-sitemap.xml", "/sitemap_index.xml", "/sitemap.xml", "/wp-sitemap.xml")
"""Where sitemaps stand when robots.txt names none, the likeliest for news first."""

_MOST_BYTES = 60 * 2**20  # The protocol allows 50 MB uncompressed.
_MOST_LISTED = 50_000  # And so many entries.
_IN_ROBOTS = re.compile(r"^\s*sitemap\s*:\s*(\S+)", re.IGNORECASE | re.MULTILINE)
_NO_ARTICLES = re.compile(r"author|categor|tag|page|video|image|product|event", re.IGNORECASE)
_LATE = timedelta(days=7)  # Most edits come within days; see ``flows.decide``.
_POLICY = BackfillPolicy()
_YEAR_MONTH = re.compile(r"(?<!\d)(20\d\d)[-/_]?(0[1-9]|1[0-2])?(?!\d{3})")
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Listed:
    """One page or one further sitemap, as listed."""

    url: str
    at: datetime | None
    """Publication where the news extension gives it, else the last change."""
    title: str = ""
    published: bool = False
    """Whether ``at`` is the publication."""


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

    A year or month in its name decides where it has one: some systems write the time of every
    request as that of the last change.  Of the others one last changed before is left out, and
    those changed nearest to the end of the time come first.
    """
    likely: list[tuple[int, float, str]] = []
    for one in sitemaps:
        named = _named(one.url, since, until)
        if named is False or (named is None and one.at is not None and one.at < since):
            continue
        name = urlsplit(one.url).path.lower()
        rank = 1 if "news" in name or "post" in name or "article" in name else 2
        rank = 0 if named else 3 if rank == 2 and _NO_ARTICLES.search(name) else rank
        likely.append((rank, abs((one.at or until) - until).total_seconds(), one.url))
    return [url for _, _, url in sorted(likely)][:most]


@dataclass(frozen=True, slots=True)
class Candidate:
    """A page that may belong to a window."""

    entry: FeedEntry
    doubt: float
    """0 where address or news date say so; else growing with the distance of its last change."""


def candidates(
    feed: Feed, file: str, pages: Iterable[Listed], alike: Sequence[FeedEntry], window: Window
) -> list[Candidate]:
    """The pages of one sitemap file that may have been published in ``window``.

    The publication date decides where the news extension gives it, then a date in the page's
    address, then a month in the file's name.  The last change only rules out: no page is changed
    before it appears, but many are long after, and some systems write nonsense.  What it leaves is
    doubtful, and the page's own date decides.

    Args:
        alike: entries of the feed, whose addresses show what an article's looks like; none lets
            every page through.
    """
    like = Likeness(alike)
    start, end = window.start - _DAY, window.end + _DAY
    named = _named(file, window.start, window.end)
    found: list[Candidate] = []
    for page in pages:
        if not like(page.url):
            continue
        sure = _says(page, start, end)
        if sure is False or (sure is None and named is False):
            continue
        doubt = 0.0
        if sure is None and not named:
            if page.at is not None and page.at < start:
                continue
            late = page.at - end if page.at else timedelta(days=3650)
            doubt = max(1.0, (late - _LATE) / _DAY)
        published = page.at if page.published else None
        canonical = canonical_url(page.url)
        found.append(
            Candidate(
                FeedEntry(
                    url=page.url, canonical_url=canonical, feed=feed.slug, title=page.title,
                    language=feed.language, published_at=published,
                ),
                doubt,
            )
        )  # fmt: skip
    return found


def chosen(found: Iterable[Candidate]) -> tuple[list[FeedEntry], int]:
    """The entries to fetch, surest first and each once, and how many doubtful ones are left out."""
    entries: dict[str, FeedEntry] = {}
    doubtful = left_out = 0
    for one in sorted(found, key=lambda one: one.doubt):
        if one.entry.canonical_url in entries:
            continue
        doubtful += one.doubt > 0
        if doubtful > _POLICY.unlisted_most and one.doubt > 0:
            left_out += 1
            continue
        entries[one.entry.canonical_url] = one.entry
    return list(entries.values()), left_out


def reaches(file: str, pages: Iterable[Listed], window: Window) -> bool:
    """Whether a file shows that the lists it belongs to go back beyond the start of ``window``.

    It is named for a month of it, or lists a page from before.
    """
    if _named(file, window.start, window.end):
        return True
    early = window.start - _DAY
    return any(
        (page.at is not None and page.at < window.start) or _written_before(page.url, early)
        for page in pages
    )


def _written_before(url: str, moment: datetime) -> bool:
    match = URL_DAY.search(urlsplit(url).path)
    return match is not None and match.groups() < (
        f"{moment.year}",
        f"{moment.month:02}",
        f"{moment.day:02}",
    )


def _says(page: Listed, start: datetime, end: datetime) -> bool | None:
    """Whether the news date or the address put ``page`` between the two; None for neither."""
    if page.published and page.at is not None:
        return start <= page.at < end
    return says(page.url, start, end)


def _named(url: str, since: datetime, until: datetime) -> bool | None:
    """Whether a file's name holds a month of the time; None where it names none."""
    months = _months(url)
    return any(since - 32 * _DAY < at < until + _DAY for at in months) if months else None


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
    like = Likeness(alike, without=False)
    found: dict[str, FeedEntry] = {}
    dated = sorted((page for page in pages if page.at), key=lambda page: page.at or since)
    for page in dated:
        # a day without an hour stands for all of it
        if page.at is None or not since - _DAY < page.at <= until + _DAY:
            continue
        if not like(page.url):
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
    for name in ("publication_date", "lastmod"):
        at = parse_date(texts[name], now=now) if name in texts else None
        if at is not None:
            return Listed(url, at, texts.get("title", ""), name == "publication_date")
    return Listed(url, None, texts.get("title", ""))


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
