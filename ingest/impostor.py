"""What stands where a feed stood: a page that names its feed, a login, a parked name.  Pure."""

from __future__ import annotations

import html
import re
from dataclasses import dataclass
from typing import Literal
from urllib.parse import urlsplit

from ingest.charset import decode
from ingest.models import Page
from ingest.urls import registered_domain, resolve

HEAD_BYTES = 256 * 2**10
"""Looked at of a page: its links stand in its head, and some heads carry all their styles."""
_LINK = re.compile(r"<link\b[^<>]{1,2000}>", re.IGNORECASE)
_ATTRIBUTE = re.compile(r"([a-z-]{1,20})\s*=\s*(?:\"([^\"]*)\"|'([^']*)'|([^\s\"'>]+))", re.I)
_FEED_TYPES = ("application/rss+xml", "application/atom+xml", "application/feed+json", "text/xml")
_TITLE = re.compile(r"<title[^<>]{0,200}>([^<]{0,500})", re.IGNORECASE)
_LOGIN_PATH = re.compile(
    r"(?:^|[/_.-])(?:log-?in|sign-?in|sso|auth|account|wp-login|captcha|challenge|subscribe)"
    r"(?:[/_.-]|$)",
    re.IGNORECASE,
)
_LOGIN_FIELD = re.compile(r"<input\b[^<>]{0,500}\btype\s*=\s*[\"']?password", re.IGNORECASE)
_PARKED = re.compile(
    r"domain (?:name )?(?:is |may be |has been )?(?:for sale|parked|expired)|buy this domain"
    r"|domain parking|diese domain|dieser domainname|domaine est (?:à vendre|en vente)",
    re.IGNORECASE,
)
_CHECK = re.compile(
    r"just a moment|attention required|access denied|are you (?:a )?(?:human|robot)"
    r"|checking your browser|verify you are human|request unsuccessful",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Impostor:
    """What an HTML answer in a feed's place is."""

    kind: Literal["blocked", "html"]
    detail: str
    proposed: tuple[str, ...] = ()
    """Addresses of feeds that the page names."""


def feeds_named(page: Page) -> tuple[str, ...]:
    """Addresses that the page's autodiscovery links give (RSS Advisory Board, 2006), in order."""
    text = decode(page.body[:HEAD_BYTES], page.content_type).text
    found: dict[str, None] = {}
    for link in _LINK.findall(text):
        said = {
            name.lower(): html.unescape(double or single or bare).strip()
            for name, double, single, bare in _ATTRIBUTE.findall(link)
        }
        rel = said.get("rel", "").lower().split()
        if "alternate" in rel and said.get("type", "").lower() in _FEED_TYPES:
            address = resolve(page.url, said.get("href", ""))
            # every post of WordPress names a feed of its comments
            if address and "/comments/" not in urlsplit(address).path:
                found[address] = None
    return tuple(found)


def unmask(page: Page) -> Impostor:
    """Which state an HTML answer in place of a feed means, and why.

    A page that names a feed is ``html`` whatever else it is: the feed is most likely there.
    A login, a robot check or a parked name is ``blocked``: asking often makes it worse.
    """
    asked, reached = urlsplit(page.requested_url), urlsplit(page.url)
    proposed = tuple(url for url in feeds_named(page) if url != page.requested_url)
    if proposed:
        return Impostor("html", f"a web page; it names the feed {proposed[0]}", proposed)
    start = page.body[:HEAD_BYTES].decode("utf-8", "replace")
    title = html.unescape(match[1]).strip() if (match := _TITLE.search(start)) else ""
    moved = page.url != page.requested_url
    if moved and _LOGIN_PATH.search(reached.path) and not _LOGIN_PATH.search(asked.path):
        return Impostor("blocked", f"redirected to a login page, {page.url}")
    if _PARKED.search(start[:65536]):
        return Impostor("blocked", f"a parked domain: {title or reached.hostname}")
    if _CHECK.search(title):
        return Impostor("blocked", f"a check for robots: {title}")
    if moved and registered_domain(page.url) != registered_domain(page.requested_url):
        return Impostor("blocked", f"redirected to another site, {page.url}")
    if _LOGIN_FIELD.search(start) and moved:
        return Impostor("blocked", f"redirected to a login page, {page.url}")
    return Impostor("html", f"a web page: {title}" if title else "a web page")
