"""The Wayback Machine of the Internet Archive, asked for past days.  Pure: what to ask and mean.

    index of the feed's address -> few copies that lie end to end -> entries with their dates
    index of the site's pages   -> those that look like articles  -> candidates; the page's date
                                                                     decides

The index is the CDX server (internetarchive/wayback, wayback-cdx-server/README.md); a copy comes
back as it was fetched where its time is written with ``id_``.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from urllib.parse import urlencode, urlsplit

from ingest.models import FeedEntry, FetchFailure, Page
from ingest.pacing import registered_domain
from ingest.policy import WaybackPolicy
from ingest.rhythm import first_look
from ingest.routes.window import Window
from ingest.urls import canonical_url

NAME = "wayback"
STOPS = frozenset({429})
"""Statuses that end the route: whoever goes on asking is blocked, longer each time."""

_POLICY = WaybackPolicy()
_DAY = timedelta(days=1)
_TIME = "%Y%m%d%H%M%S"
_PLAYED_BACK = re.compile(r"https?://[^/]+/web/\d{4,14}id_/(https?://.+)", re.DOTALL)
_NOT_THERE = frozenset({404, 410})
_NO_SITE = frozenset({"dns"})


@dataclass(frozen=True, slots=True, order=True)
class Copy:
    """One copy of an address, as the index lists it."""

    at: datetime
    url: str
    """As it was asked for."""
    digest: str = ""


@dataclass(frozen=True, slots=True)
class Index:
    """One answer of the index."""

    copies: tuple[Copy, ...]
    resume: str = ""
    """Where the next answer goes on; "" at the end."""


# --- asking ------------------------------------------------------------------------------------


def feed_query(base: str, url: str, window: Window) -> str:
    """The copies of a feed that may list what it published in ``window``, one an hour."""
    until = window.end + _POLICY.after_days * _DAY
    return _query(base, url, window.start, until, ("collapse", "timestamp:10"))


def pages_query(base: str, place: str, match: str, window: Window) -> str:
    """The first copies, since ``window`` began, of the pages below ``place``.

    Args:
        place: host, or host and start of the path.
        match: ``domain``, ``host`` or ``prefix``.
    """
    until = window.end + _POLICY.page_days * _DAY
    return _pages(base, place, match, window.start, until)


def earlier_query(base: str, place: str, match: str, window: Window) -> str:
    """The pages below ``place`` that had been copied before ``window``."""
    since = window.start - _POLICY.earlier_days * _DAY
    return _pages(base, place, match, since, window.start - timedelta(seconds=1))


def resumed(query: str, resume: str) -> str:
    """``query`` from where the last answer to it ended."""
    return f"{query.partition('&resumeKey=')[0]}&{urlencode({'resumeKey': resume})}"


def copy_url(base: str, copy: Copy) -> str:
    """Where ``copy`` stands, as it was fetched; the archive leads to the nearest it has."""
    return f"{base.rstrip('/')}/web/{copy.at.astimezone(UTC):{_TIME}}id_/{copy.url}"


def as_original(page: Page) -> Page:
    """``page`` under the address that it was copied from; any other page as it is."""
    found = _PLAYED_BACK.match(page.url)
    if found is None:
        return page
    return replace(page, url=found[1], requested_url=found[1], permanent_url="")


def _pages(base: str, place: str, match: str, since: datetime, until: datetime) -> str:
    return _query(
        base, place, since, until,
        ("matchType", match), ("filter", "mimetype:text/html"), ("collapse", "urlkey"),
    )  # fmt: skip


def _query(base: str, url: str, since: datetime, until: datetime, *more: tuple[str, str]) -> str:
    asked = [
        ("url", url), ("from", f"{since:{_TIME}}"), ("to", f"{until:{_TIME}}"),
        ("filter", "statuscode:200"), *more, ("fl", "timestamp,original,digest"),
        ("output", "json"), ("limit", f"{_POLICY.rows}"), ("showResumeKey", "true"),
    ]  # fmt: skip
    return f"{base.rstrip('/')}/cdx/search/cdx?{urlencode(asked)}"


def read_index(body: bytes) -> Index | None:
    """An answer of the index; None for what is none.  An empty body is one without copies."""
    try:
        rows = json.loads(body) if body.strip() else []
    except ValueError:
        return None
    if not isinstance(rows, list) or any(not isinstance(row, list) for row in rows):
        return None
    copies, resume = [], ""
    for row in rows[1:]:
        if len(row) == 1 and isinstance(row[0], str):
            resume = row[0]
        elif len(row) == 3 and (at := _time(row[0])) is not None:
            url = _without_port(str(row[1]))
            if url:
                copies.append(Copy(at, url, str(row[2])))
    return Index(tuple(copies), resume)


def _time(written: object) -> datetime | None:
    try:
        return datetime.strptime(str(written), _TIME).replace(tzinfo=UTC)
    except ValueError:
        return None


def _without_port(url: str) -> str:
    """``url`` without the port 80 that old copies carry; "" for what is no web address."""
    try:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            return ""
        named = parts.port is not None and parts.port != 80
    except ValueError:
        return ""
    return url if named else parts._replace(netloc=parts.netloc.removesuffix(":80")).geturl()


# --- copies of a feed --------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Reach:
    """The time of which a feed's copy lists everything: after ``start``, up to ``end``."""

    start: datetime
    end: datetime


def reach_of(copy: Copy, published: Sequence[datetime]) -> Reach | None:
    """The time that a copy covers whose entries were published so; None without dates.

    Not the moment of its oldest entry itself, beside which others may have been dropped already,
    nor the last hour, since feeds come out of caches.
    """
    until = copy.at - timedelta(hours=_POLICY.cache_hours)
    known = [time for time in published if time <= copy.at]
    if not known:
        return None
    times, since = first_look(known, max(known))
    oldest = min([since, *times])
    return Reach(oldest, until) if oldest < until else None


def distinct(copies: Iterable[Copy]) -> list[Copy]:
    """Of copies in a row that hold the same, the last: it shows that nothing came until then."""
    kept: list[Copy] = []
    for one in sorted(copies):
        if kept and one.digest and kept[-1].digest == one.digest:
            kept.pop()
        kept.append(one)
    return kept


def next_copy(
    copies: Collection[Copy], read: Mapping[Copy, Reach | None], since: datetime, until: datetime
) -> Copy | None:
    """The copy to read next so that few of them cover ``since`` to ``until``; None when done.

    From the end backwards: of the copies made after a moment the earliest reaches back furthest,
    and where its oldest entry lies the next begins.  Where none does, there is a hole down to the
    copy before it.

    Args:
        read: what those already read cover; None for one that cannot be read.
    """
    usable = sorted(one for one in copies if read.get(one, _UNREAD) is not None)
    slack = timedelta(hours=_POLICY.cache_hours)
    moment = until
    while moment > since:
        later = next((one for one in usable if one.at - slack >= moment), None)
        if later is not None and later not in read:
            return later
        covered = read.get(later) if later is not None else None
        if covered is not None and covered.start < moment:
            moment = covered.start
            continue
        before = [one for one in usable if one.at - slack < moment]
        if not before:
            return None
        moment = before[-1].at - slack
    return None


_UNREAD = Reach(datetime.min.replace(tzinfo=UTC), datetime.min.replace(tzinfo=UTC))


def covered_days(read: Iterable[Reach | None], days: Collection[date]) -> frozenset[date]:
    """Those of ``days`` that lie wholly in what was read."""
    spans: list[Reach] = []
    for one in sorted((one for one in read if one is not None), key=lambda one: one.start):
        if spans and one.start <= spans[-1].end:
            spans[-1] = Reach(spans[-1].start, max(spans[-1].end, one.end))
        else:
            spans.append(one)
    return frozenset(
        day
        for day in days
        for span in spans
        if span.start < Window(day, day).start and span.end >= Window(day, day).end
    )


# --- pages -------------------------------------------------------------------------------------


def places(entries: Sequence[FeedEntry], feed_url: str, section: str) -> list[tuple[str, str]]:
    """Where a feed's pages are looked for: (place, how it matches), the commonest site first.

    Args:
        entries: what is known of the feed; a feed that lists other sites' pages has no place.
        section: the first step of the path that all its pages share, if any.
    """
    hosts = [urlsplit(entry.url).hostname or "" for entry in entries if entry.has_page]
    domains = [registered_domain(host) for host in hosts]
    if not domains:
        return [(registered_domain(urlsplit(feed_url).hostname or ""), "domain")]
    domain = max(set(domains), key=domains.count)
    if 2 * domains.count(domain) < len(domains):
        return []
    own = sorted({host for host in hosts if registered_domain(host) == domain})
    if section and len({host.removeprefix("www.") for host in own}) == 1:
        return [(f"{own[0]}/{section}/", "prefix")]
    return [(domain, "domain")]


def entry_of(copy: Copy, feed: str, language: str) -> FeedEntry:
    """The entry for a page of which nothing is known but its address."""
    canonical = canonical_url(copy.url)
    return FeedEntry(url=copy.url, canonical_url=canonical, feed=feed, language=language)


def is_gone(answer: Page | FetchFailure, url: str) -> bool:
    """Whether a page is no longer where it was, so that a copy is the only way to read it.

    Not what its publisher refuses (robots.txt, 401, 403, 451): a copy would go round that.  A
    redirect to another site or to the front page says "gone" as well.
    """
    if isinstance(answer, FetchFailure):
        return answer.status in _NOT_THERE or answer.reason in _NO_SITE
    asked, reached = urlsplit(url), urlsplit(answer.url)
    elsewhere = registered_domain(asked.hostname or "") != registered_domain(reached.hostname or "")
    front = reached.path in ("", "/") and not reached.query and asked.path not in ("", "/")
    return elsewhere or front


def stretches(days: Collection[date]) -> list[Window]:
    """``days`` as windows without a gap, the newest first."""
    found: list[Window] = []
    for day in sorted(days, reverse=True):
        if found and found[-1].since - day == _DAY:
            found[-1] = Window(day, found[-1].until)
        else:
            found.append(Window(day, day))
    return found


def wants_rest(answer: Page | FetchFailure) -> bool:
    """Whether the archive says, by 429 or by a closed door, that it was asked enough."""
    return isinstance(answer, FetchFailure) and (
        answer.status in STOPS or answer.reason == "connect"
    )
