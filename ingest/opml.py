"""OPML 2.0 (http://opml.org/spec2.opml) -> feeds, and back.

Read with expat alone: no entity is declared or fetched, so neither an outside file nor a small
file that unfolds into a large one can come in.  Outlines may nest; depth costs no recursion.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import cast
from xml.parsers import expat
from xml.sax.saxutils import quoteattr

from ingest.charset import decode
from ingest.models import Feed, Scope
from ingest.policy import CataloguePolicy
from ingest.slugs import slug_for, slugify
from ingest.urls import canonical_url, resolve

_POLICY = CataloguePolicy()
_NAMESPACE = "https://voltwire.invalid/opml"
_NOT_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_MINUTES = range(1, 1_000_000)
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(?=$|[-_])")


@dataclass(slots=True)
class _Outlines:
    """What the parser met: the attributes of outlines that name a feed, with their categories."""

    feeds: list[tuple[dict[str, str], tuple[str, ...]]] = field(default_factory=list)
    folders: list[str] = field(default_factory=list)
    root: str = ""


def read_opml(body: bytes) -> tuple[Feed, ...]:
    """The feeds in ``body``, in order, each canonical URL once.  ``ValueError`` says what is wrong.

    Outlines without a web address for a feed are folders or notes and are passed over.
    """
    outlines = _outlines(body)
    if outlines.root.lower() != "opml":
        raise ValueError(f"not OPML: the root element is <{outlines.root[:60]}>")
    taken = {
        slug
        for attributes, _ in outlines.feeds
        if (slug := slugify(attributes.get(_own("slug"), "")))
    }
    feeds: list[Feed] = []
    seen_urls: set[str] = set()
    used: set[str] = set()
    for attributes, folders in outlines.feeds:
        url = resolve("", attributes["xmlurl"].strip().removeprefix("feed:"))
        if url is None or canonical_url(url) in seen_urls:
            continue
        seen_urls.add(canonical_url(url))
        feed = _feed(url, attributes, folders, taken=taken, used=used)
        used.add(feed.slug)
        feeds.append(feed)
    if not feeds:
        raise ValueError("no outline with an xmlUrl in it")
    return tuple(feeds)


def write_opml(feeds: Iterable[Feed]) -> str:
    """``feeds`` as the text of an OPML file that ``read_opml`` reads back whole."""
    lines = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        f'<opml version="2.0" xmlns:voltwire="{_NAMESPACE}">',
        "  <head><title>voltwire feeds</title></head>",
        "  <body>",
    ]
    for feed in feeds:
        attributes = {
            "type": "rss",
            "text": feed.publisher,
            "title": feed.publisher,
            "xmlUrl": feed.url,
            "language": feed.language,
            "voltwire:slug": feed.slug,
            "voltwire:country": feed.country,
            "voltwire:scope": feed.scope,
            "voltwire:every_minutes": str(feed.every_minutes),
            "voltwire:enabled": "" if feed.enabled else "false",
            "voltwire:first_year": str(feed.first_year or ""),
            "voltwire:note": feed.note,
        }
        written = " ".join(
            f"{name}={quoteattr(_NOT_XML.sub('', value))}"
            for name, value in attributes.items()
            if value
        )
        lines.append(f"    <outline {written}/>")
    return "\n".join([*lines, "  </body>", "</opml>", ""])


def _outlines(body: bytes) -> _Outlines:
    text = _NOT_XML.sub("", decode(body, "").text).lstrip("\ufeff \t\r\n")
    text = re.sub(r"^<\?xml[^>]*\?>", "", text)  # its encoding is not the one handed on
    found = _Outlines()
    parser = expat.ParserCreate("utf-8")

    def start(name: str, attributes: dict[str, str]) -> None:
        found.root = found.root or name
        if name.lower() != "outline":
            return
        plain = {key.lower(): value for key, value in attributes.items()}
        if plain.get("xmlurl", "").strip():
            found.feeds.append((plain, tuple(found.folders)))
        found.folders.append(plain.get("text") or plain.get("title") or "")

    def end(name: str) -> None:
        if name.lower() == "outline":
            found.folders.pop()

    def declared(*_: object) -> None:
        raise ValueError("it declares entities, which no list of feeds needs")

    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.EntityDeclHandler = declared
    try:
        parser.Parse(text.encode("utf-8"), True)
    except expat.ExpatError as error:
        message = expat.errors.messages.get(error.code, "broken XML")
        raise ValueError(f"line {error.lineno}: {message}") from error
    return found


def _own(name: str) -> str:
    return f"voltwire:{name}"


def _feed(
    url: str,
    attributes: dict[str, str],
    folders: tuple[str, ...],
    *,
    taken: set[str],
    used: set[str],
) -> Feed:
    title = " ".join((attributes.get("title") or attributes.get("text") or "").split())
    slug = slugify(attributes.get(_own("slug"), ""))
    if not slug or slug in used:
        slug = slug_for(url, title, taken | used)
    language = attributes.get("language", "").strip()
    match = _LANGUAGE.match(language)
    # "category" is a list of slash-separated paths; a folder named "focus" serves by hand
    words = {slugify(word) for word in re.split(r"[,/]", attributes.get("category", ""))}
    scope = attributes.get(_own("scope"), "")
    if scope not in ("focus", "general"):
        scope = "focus" if "focus" in words | {slugify(name) for name in folders} else "general"
    minutes = _number(attributes.get(_own("every_minutes"), ""), _MINUTES)
    year = _number(attributes.get(_own("first_year"), ""), _POLICY.first_years)
    return Feed(
        slug=slug,
        url=url,
        publisher=title or canonical_url(url).split("/")[2].removeprefix("www."),
        language=match[0].lower() if match else "",
        country=attributes.get(_own("country"), ""),
        scope=cast(Scope, scope),
        enabled=attributes.get(_own("enabled"), "").lower() != "false",
        every_minutes=_POLICY.every_minutes if minutes is None else minutes,
        first_year=year or 0,
        note=attributes.get(_own("note"), ""),
    )


def _number(written: str, allowed: range) -> int | None:
    """``written`` as a whole number; None where it is none, or none of ``allowed``."""
    if not (written.isascii() and written.isdecimal() and len(written) <= len(str(allowed[-1]))):
        return None
    number = int(written)
    return number if number in allowed else None
