"""``RawEntry`` -> ``FeedEntry``: which entry is which, decided over the whole feed at once.

The link decides.  A guid that changes under one URL is not a second article; one guid for all
entries does not make them one.  Only where several entries share a link and differ in title and
guid, or where the link leads to a home page, is an entry known by a made-up URL instead: losing
an entry is worse than not being able to fetch a page for it.  Every entry ends as a
``FeedEntry``, a ``Rejection`` or an exact repeat of another.
"""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from urllib.parse import urlsplit

from ingest.dates import parse_date
from ingest.models import Feed, FeedEntry, Rejection
from ingest.policy import ParsePolicy
from ingest.rawfeed import RawEntry, RawFeed, clean_line, count_text_words
from ingest.urls import canonical_url, made_up_url, resolve

# The zone of a time written without one, for countries that have a single zone and no summer
# time; ndsoft, the system of most Korean news sites, writes local time without its zone.
_LOCAL: dict[str, tzinfo] = {
    country: timezone(timedelta(hours=hours))
    for country, hours in {"KR": 9, "JP": 9, "CN": 8, "TW": 8, "HK": 8, "SG": 8, "IN": 5.5}.items()
}


@dataclass(frozen=True, slots=True)
class Identified:
    """The entries of one feed: ``len`` of all three parts is the number that it listed."""

    entries: tuple[FeedEntry, ...]
    skipped: tuple[Rejection, ...]
    repeated: int


def identify(
    raw: RawFeed, *, url: str, feed: Feed, now: datetime, policy: ParsePolicy
) -> Identified:
    """Give each entry of ``raw`` its identity; ``url`` is where the feed was read."""
    hubs = _hubs(raw, url)
    shared_guids = _shared_guids(raw.entries)
    found: list[tuple[FeedEntry, RawEntry]] = []
    skipped: list[Rejection] = []
    for place, entry in enumerate(raw.entries):
        link = _link(entry, url)
        canonical = canonical_url(link) if link else ""
        has_text = bool(entry.content.strip() or entry.summary.strip())
        own_page = bool(link) and canonical not in hubs
        if not entry.complete or not (own_page or has_text):
            skipped.append(_refusal(entry, link, place, url=url, feed=feed, now=now))
            continue
        if link is None or not own_page:
            link = canonical = made_up_url(url, _seed(entry, shared_guids))
        built = _build(
            entry, raw, url=link, canonical=canonical, has_page=own_page, feed=feed, now=now,
            policy=policy,
        )  # fmt: skip
        found.append((built, entry))
    entries = _tell_apart(found, url, shared_guids)
    kept = list({entry.canonical_url: entry for entry in reversed(entries)}.values())[::-1]
    return Identified(tuple(kept), tuple(skipped), len(entries) - len(kept))


def _hubs(raw: RawFeed, url: str) -> frozenset[str]:
    """Canonical URLs that are no article's page: the feed, its site, the site's root."""
    site = resolve(url, raw.site_url) if raw.site_url else None
    places = [urlsplit(place) for place in (url, site) if place]
    roots = {f"{parts.scheme}://{parts.netloc}/" for parts in places}
    return frozenset(canonical_url(hub) for hub in {url, *roots, *([site] if site else [])})


def _shared_guids(entries: Sequence[RawEntry]) -> frozenset[str]:
    """Guids under which entries with different titles stand: they identify nothing."""
    titles: dict[str, set[str]] = defaultdict(set)
    for entry in entries:
        titles[entry.guid].add(entry.title)
    return frozenset(guid for guid, under in titles.items() if len(under) > 1)


def _link(entry: RawEntry, base: str) -> str | None:
    for href in entry.links:
        if (link := resolve(base, href)) is not None:
            return link
    if entry.guid_is_link and entry.guid.lower().startswith(("http://", "https://", "/")):
        return resolve(base, entry.guid)
    return None


def _seed(entry: RawEntry, shared_guids: frozenset[str]) -> str:
    if entry.guid and entry.guid not in shared_guids:
        return entry.guid
    return "\n".join((entry.guid, entry.title, entry.content or entry.summary))


def _tell_apart(
    found: list[tuple[FeedEntry, RawEntry]], url: str, shared_guids: frozenset[str]
) -> list[FeedEntry]:
    groups: dict[str, list[tuple[FeedEntry, RawEntry]]] = defaultdict(list)
    for entry, raw in found:
        groups[entry.canonical_url].append((entry, raw))
    split = {canonical for canonical, group in groups.items() if _differ(group)}
    told: list[FeedEntry] = []
    for entry, raw in found:
        made_up = made_up_url(url, _seed(raw, shared_guids))
        told.append(
            replace(entry, url=made_up, canonical_url=made_up, has_page=False)
            if entry.canonical_url in split
            else entry
        )
    return told


def _differ(group: list[tuple[FeedEntry, RawEntry]]) -> bool:
    """Whether entries under one link are different ones.

    An edited entry listed twice keeps its guid or its title; a feed that points everything at one
    page changes both, or shows three titles and more under one guid.
    """
    if len(group) == 1 or not all(entry.has_page for entry, _ in group):
        return False
    titles = Counter(entry.title.casefold() for entry, _ in group)
    guids = {entry.guid for entry, _ in group}
    return len(titles) > 2 or (len(titles) == 2 and (len(guids) > 1 or guids == {""}))


def _build(
    entry: RawEntry,
    raw: RawFeed,
    *,
    url: str,
    canonical: str,
    has_page: bool,
    feed: Feed,
    now: datetime,
    policy: ParsePolicy,
) -> FeedEntry:
    title = clean_line(entry.title, most=policy.title_chars)
    summary, content = _bodies(entry, policy)
    zone = _LOCAL.get(feed.country, UTC)
    dates = [date for date in (entry.published, entry.updated) if date.strip()]
    read = ((parse_date(date, now=now, assume=zone), date) for date in dates)
    when, written = next(
        ((moment, date) for moment, date in read if moment), (None, dates[0] if dates else "")
    )
    return FeedEntry(
        url=url,
        canonical_url=canonical,
        feed=feed.slug,
        guid=entry.guid,
        title=title,
        author=clean_line(entry.author, most=policy.title_chars),
        published_at=when,
        published_raw=written,
        language=_tag(entry.language) or feed.language or _tag(raw.language),
        summary=summary,
        content=content,
        revision=_digest(title, entry.updated or entry.published),
        has_page=has_page,
    )


def _bodies(entry: RawEntry, policy: ParsePolicy) -> tuple[str, str]:
    """Teaser and full text; which is which is told by length where a feed gives two teasers."""
    summary, content = entry.summary.strip(), entry.content.strip()
    if summary == content:
        full = count_text_words(content) > policy.full_text_words
        return ("", content) if full else (summary, "")
    if content and summary:
        words = count_text_words(content)
        if words <= policy.full_text_words and words <= count_text_words(summary):
            return summary, ""
    return summary, content


def _refusal(
    entry: RawEntry, link: str | None, place: int, *, url: str, feed: Feed, now: datetime
) -> Rejection:
    written = next(iter(entry.links), "")
    title = clean_line(entry.title, most=200)
    if not entry.complete:
        reason, detail = "cut_off", "the feed breaks off inside this entry"
    elif link:
        reason, detail = "no_page", f"links to {link[:300]}, which is no article, and has no text"
    elif written:
        reason, detail = "bad_link", f"not a web address: {written[:300]!r}, and no text"
    elif entry.guid or title:
        reason, detail = "no_link", "neither a link nor a text of its own"
    else:
        reason, detail = "empty_entry", "no link, no guid, no title, no text"
    seed = "\n".join((entry.guid, entry.title)).strip() or f"place {place}"
    return Rejection(
        url=made_up_url(url, seed),
        feed=feed.slug,
        stage="parse",
        reason=reason,
        detail=f"{detail} ({title!r})" if title else detail,
        at=now,
    )


def _tag(language: str) -> str:
    """The primary subtag of ``language`` (BCP 47), or "" when it looks like none."""
    tag = language.replace("_", "-").partition("-")[0].strip().lower()
    return tag if tag.isascii() and tag.isalpha() and 2 <= len(tag) <= 3 else ""


def _digest(*parts: str) -> str:
    joined = "\x1f".join(parts).encode("utf-8", "replace")
    return hashlib.blake2b(joined, digest_size=8).hexdigest()
