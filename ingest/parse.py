"""The bytes of a feed -> its entries; the only importer of feedparser.

RSS 0.9x, 1.0 (RDF) and 2.0, Atom, JSON Feed.  feedparser is handed a stream only (6.0.14 fetches
a ``str`` that looks like a URL and opens ``bytes`` that look like a path) and neither sanitises
nor resolves: extraction cleans, ``ingest.urls`` resolves.  Pure: no socket, no clock.
"""

from __future__ import annotations

import io
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import feedparser

from ingest.charset import decode
from ingest.entries import identify
from ingest.feedxml import prepare
from ingest.jsonfeed import read_json_feed
from ingest.models import Feed, FeedEntry, Rejection
from ingest.policy import ParsePolicy
from ingest.rawfeed import RawEntry, RawFeed, as_html, clean_line
from ingest.urls import made_up_url, resolve


@dataclass(frozen=True, slots=True, kw_only=True)
class ParsedFeed:
    """A feed that could be read.  ``entries + skipped + repeated`` is all that it listed, up to
    the number that is read; one of ``skipped`` stands for those beyond."""

    title: str
    site_url: str
    language: str
    """Primary tag as the feed declares it; WordPress says "en" of many that are not."""
    entries: tuple[FeedEntry, ...]
    skipped: tuple[Rejection, ...]
    """Entries that can be no article, each with its reason (stage ``parse``)."""
    repeated: int
    """Entries left out because another one of this feed is the same."""
    ttl_minutes: int | None
    """How long the feed asks not to be fetched again."""
    next_url: str
    """The next, older page of the feed (RFC 5005, JSON Feed); "" when it names none."""
    note: str
    """What had to be mended, in words; "" for a sound feed."""

    @property
    def listed(self) -> int:
        """Number of entries that the feed listed."""
        return len(self.entries) + len(self.skipped) + self.repeated


def parse_feed(
    body: bytes,
    *,
    url: str,
    content_type: str,
    feed: Feed,
    now: datetime,
    policy: ParsePolicy | None = None,
) -> ParsedFeed | Rejection:
    """Read the ``body`` of an answer from ``url``; never raises.

    A ``Rejection`` (stage ``parse``) names the feed's URL: ``html``, ``not_a_feed``,
    ``too_large``, ``too_complex``, ``unreadable``.  Time is bounded by the policy's sizes, about
    5 seconds for the worst allowed; run it where a deadline can be set.
    """
    policy = policy or ParsePolicy()

    def refused(reason: str, detail: str) -> Rejection:
        return Rejection(
            url=url, feed=feed.slug, stage="parse", reason=reason, detail=detail, at=now
        )

    if len(body) > policy.max_bytes:
        return refused("too_large", f"{len(body)} bytes, read are at most {policy.max_bytes}")
    if not body.strip():
        return refused("not_a_feed", "the answer is empty")
    text = decode(body, content_type).text
    if text.lstrip("\ufeff \t\r\n")[:1] in ("{", "["):
        read = read_json_feed(text.lstrip("\ufeff \t\r\n"), most=policy.max_entries)
        if read is None:
            return refused("not_a_feed", "JSON, but no JSON Feed")
        raw = read
    else:
        prepared = prepare(text, policy)
        if prepared.refused:
            return refused(prepared.refused, prepared.detail)
        try:
            raw = _read_xml(prepared.xml)
        except Exception as error:  # feedparser raises what its input makes it raise
            return refused("unreadable", f"{type(error).__name__}: {error}"[:300])
        if prepared.cut and raw.entries:
            raw.entries[-1].complete = False
        raw.note, raw.left_out = prepared.note, prepared.left_out
    identified = identify(raw, url=url, feed=feed, now=now, policy=policy)
    skipped = identified.skipped
    if raw.left_out:
        said = f"{raw.left_out} entries after the first {policy.max_entries} were not read"
        skipped += (replace(refused("too_many", said), url=made_up_url(url, "too many")),)
    return ParsedFeed(
        title=clean_line(raw.title, most=policy.title_chars),
        site_url=(resolve(url, raw.site_url) or "") if raw.site_url else "",
        language=raw.language.replace("_", "-").partition("-")[0].strip().lower(),
        entries=identified.entries,
        skipped=skipped,
        repeated=identified.repeated,
        ttl_minutes=raw.ttl_minutes,
        next_url=(resolve(url, raw.next_url) or "") if raw.next_url else "",
        note=raw.note,
    )


def _read_xml(xml: str) -> RawFeed:
    stream = io.BytesIO(b"<?xml version='1.0' encoding='utf-8'?>\n" + xml.encode("utf-8"))
    parsed = feedparser.parse(stream, sanitize_html=False, resolve_relative_uris=False)
    channel: dict[str, Any] = parsed.feed
    version = str(parsed.get("version") or "")
    return RawFeed(
        title=_text(channel, "title"),
        site_url=next(iter(_alternates(channel)), ""),
        language=_text(channel, "language"),
        next_url=_older_page(channel),
        ttl_minutes=_ttl(channel),
        entries=[_entry(found, version) for found in parsed.entries],
    )


def _entry(found: dict[str, Any], version: str) -> RawEntry:
    guid = _text(found, "id")
    # an RDF item is named by its page's URL (RSS 1.0, section 5.5)
    named_by_url = version in ("rss10", "rss090")
    links = [_text(found, "feedburner_origlink"), *_alternates(found)]
    names = [_text(author, "name") for author in dict.get(found, "authors", [])]
    return RawEntry(
        links=[link for link in links if link],
        guid=guid,
        guid_is_link=bool(dict.get(found, "guidislink")) or named_by_url,
        title=_text(found, "title"),
        author=", ".join(dict.fromkeys(filter(None, names))) or _text(found, "author"),
        published=_text(found, "published") or _text(found, "created"),
        updated=_text(found, "updated"),
        language=_text(found, "language"),
        summary=_markup(found, "summary", _detail(found, "summary_detail")),
        content=_content(found),
    )


def _text(found: dict[str, Any], key: str) -> str:
    # past FeedParserDict.get, which answers "updated" with "published"
    value = dict.get(found, key)
    return value.strip() if isinstance(value, str) else ""


def _detail(found: dict[str, Any], key: str) -> dict[str, Any]:
    value = dict.get(found, key)
    return value if isinstance(value, dict) else {}


def _markup(found: dict[str, Any], key: str, detail: dict[str, Any]) -> str:
    value = _text(found, key)
    plain = _text(detail, "type") == "text/plain" if detail else False
    return as_html(value) if plain and "</" not in value and "<br" not in value else value


def _content(found: dict[str, Any]) -> str:
    values = dict.get(found, "content") or []
    return max(
        (_markup(value, "value", value) for value in values if isinstance(value, dict)),
        key=len,
        default="",
    )


def _links(found: dict[str, Any]) -> list[tuple[str, str]]:
    links = dict.get(found, "links") or []
    return [(_text(link, "rel"), _text(link, "href")) for link in links if _text(link, "href")]


def _older_page(channel: dict[str, Any]) -> str:
    """RFC 5005: an archive's address is lasting, that of a page shifts with every new entry."""
    links = dict(reversed(_links(channel)))
    return links.get("prev-archive") or links.get("next", "")


def _alternates(found: dict[str, Any]) -> list[str]:
    """Links to the page, those declared as HTML first.

    A guid that stands in for a link is not among them: ``RawEntry.guid_is_link`` says so.
    """
    links = dict.get(found, "links") or []
    pages = [link for link in links if _text(link, "rel") == "alternate" and _text(link, "href")]
    pages.sort(key=lambda link: "html" not in _text(link, "type"))
    return [_text(link, "href") for link in pages]


def _ttl(channel: dict[str, Any]) -> int | None:
    if (ttl := _text(channel, "ttl")).isdecimal() and len(ttl) < 8:
        return int(ttl) or None
    period = _text(channel, "sy_updateperiod").lower()
    minutes = {"hourly": 60, "daily": 1440, "weekly": 10080, "monthly": 43200}.get(period)
    frequency = _text(channel, "sy_updatefrequency")
    if minutes is None:
        return None
    return max(1, minutes // (int(frequency) if frequency.isdecimal() and int(frequency) else 1))
